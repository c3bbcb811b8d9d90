// SPDX-License-Identifier: Apache-2.0
/*
 * What RaptorQ costs and how often it fails, as Markdown; `make bench` prints it. Arguments choose parts:
 * `speed [K]`, `kernels`, `failures [TRIALS]`; without any, all. `once ENC|DEC K T PERCENT TIMES` does one
 * thing so many times, for callgrind.
 *
 * Times are CPU time of one thread, the median of rounds in which all rows take turns. The figures of others
 * were measured on another day on a machine of this kind, so a memcpy and a product of the GF(256) kernel
 * that were measured beside them are measured here again, and the comparison is also given divided by how
 * much those changed.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/rng.h"
#include "fec/raptorq_plan.h"
#include "fec/raptorq_rank.h"

#define ROUNDS   25
#define PATTERNS 16 /* of losses, new in each round */

static double now_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

enum work { ENCODE_10, ENCODE_50, PLAN, DECODE_10, DECODE_50, WORKS };
static const char *const work_names[WORKS] = {"encode 10 %", "encode 50 %", "plan", "decode 10 %",
                                              "decode 50 %"};

/* One block size. Rust: cberner's raptorq 2.0.1, us; wirehair likewise, 0 not measured; goal: times faster
 * than Rust. */
struct block {
    unsigned k, size;
    double rust[WORKS], wirehair[WORKS], goal[WORKS];
    unsigned times; /* in a round */

    struct wzp_raptorq_plan *plan;
    void *plan_memory, *encoder_memory, *decoder_memory;
    uint8_t *source, *copy, *repair; /* repair: 2 K symbols */
    uint8_t **out;
    uint32_t *repair_esi;
    uint32_t (*order)[PATTERNS]; /* by place: the ESIs of each pattern, K + 8 of them */
    double us[WORKS][ROUNDS], copy_us[ROUNDS];
};

static struct block blocks[] = {
    {.k = 5,
     .size = 256,
     .rust = {3.3, 3.1, 17, 15.7, 17.3},
     .wirehair = {1.4, 0, 0, 2.8, 2.8},
     .goal = {5, 4, 0, 10, 4},
     .times = 400},
    {.k = 10,
     .size = 256,
     .rust = {2.9, 3.2, 11.5, 16.0, 18.1},
     .wirehair = {2.6, 0, 0, 4.5, 4.8},
     .goal = {5, 4, 0, 10, 4},
     .times = 400},
    {.k = 20,
     .size = 1200,
     .rust = {16.6, 18.3, 20, 47, 48},
     .wirehair = {10.9, 0, 0, 22.2, 22.8},
     .goal = {5, 4, 0, 10, 4},
     .times = 100},
    {.k = 50,
     .size = 1200,
     .rust = {37.7, 43.4, 45, 99, 111},
     .wirehair = {22.7, 0, 0, 51.5, 52.6},
     .goal = {5, 2, 0, 10, 4},
     .times = 50},
    {.k = 100,
     .size = 1200,
     .rust = {65.6, 74.4, 85, 186, 199},
     .wirehair = {39.4, 0, 0, 95.8, 102},
     .goal = {5, 2, 0, 5, 3},
     .times = 24},
    {.k = 250,
     .size = 1200,
     .rust = {179, 206, 228, 477, 524},
     .wirehair = {102, 0, 0, 247, 251},
     .goal = {2, 2, 0, 2.2, 2},
     .times = 20},
    {.k = 1000,
     .size = 1280,
     .rust = {745, 883, 1042, 2096, 2265},
     .wirehair = {426, 0, 0, 1114, 1284},
     .goal = {2, 2, 0, 2.2, 2},
     .times = 12},
};
#define BLOCKS (sizeof(blocks) / sizeof(*blocks))

/* With kernels other than the best, if given. */
static void prepare(struct block *b, const struct wzp_gf256 *gf, const struct wzp_raptorq_kernel *kernel)
{
    struct wzp_rng rng = wzp_rng_make(1, b->k);
    b->plan_memory = malloc(wzp_raptorq_plan_size(b->k));
    b->plan = wzp_raptorq_plan_init(b->plan_memory, b->k);
    if (gf != NULL) {
        b->plan->gf = gf;
        b->plan->kernel = kernel;
        b->plan->limits = wzp_raptorq_limits_of(gf);
    }
    b->encoder_memory = malloc(wzp_raptorq_encoder_size(b->plan, b->size));
    b->decoder_memory = malloc(wzp_raptorq_decoder_size(b->plan, b->size));
    size_t len = (size_t)b->k * b->size;
    b->source = malloc(len);
    b->copy = malloc(len);
    b->repair = malloc(2 * len);
    b->out = malloc(2 * b->k * sizeof(*b->out));
    b->repair_esi = malloc(2 * b->k * sizeof(*b->repair_esi));
    b->order = malloc((b->k + 8) * sizeof(*b->order));
    for (size_t i = 0; i < len; i++)
        b->source[i] = (uint8_t)wzp_rng_u64(&rng);
    for (unsigned i = 0; i < 2 * b->k; i++) {
        b->out[i] = b->repair + (size_t)i * b->size;
        b->repair_esi[i] = b->k + i;
    }
    wzp_raptorq_encode(wzp_raptorq_encoder_init(b->encoder_memory, b->plan, b->source, b->size),
                       b->repair_esi, b->out, 2 * b->k);
}

static void release(struct block *b)
{
    free(b->plan_memory);
    free(b->encoder_memory);
    free(b->decoder_memory);
    free(b->source);
    free(b->copy);
    free(b->repair);
    free(b->out);
    free(b->repair_esi);
    free(b->order);
}

static void swap(uint32_t *a, uint32_t *b)
{
    uint32_t t = *a;
    *a = *b;
    *b = t;
}

/* K - lost sources and as many repair symbols as are lost, and eight in reserve. */
static void make_patterns(struct block *b, unsigned lost, uint64_t seed)
{
    struct wzp_rng rng = wzp_rng_make(seed, b->k);
    uint32_t *all = malloc(3 * b->k * sizeof(*all));
    for (unsigned pattern = 0; pattern < PATTERNS; pattern++) {
        for (uint32_t i = 0; i < 3 * b->k; i++)
            all[i] = i;
        for (unsigned i = 0; i < b->k; i++)
            swap(&all[i], &all[i + wzp_rng_below(&rng, b->k - i)]);
        uint32_t *repair = all + b->k;
        for (unsigned i = 0; i < 2 * b->k; i++)
            swap(&repair[i], &repair[i + wzp_rng_below(&rng, 2 * b->k - i)]);
        for (unsigned i = 0; i < b->k; i++)
            b->order[i][pattern] = i < b->k - lost ? all[i] : repair[i];
        for (unsigned i = 0; i < 8 && i < b->k; i++)
            b->order[b->k + i][pattern] = repair[b->k + i];
    }
    free(all);
}

static void decode(struct block *b, unsigned pattern)
{
    struct wzp_raptorq_decoder *d = wzp_raptorq_decoder_init(b->decoder_memory, b->plan, b->size);
    for (unsigned i = 0; !wzp_raptorq_solve_block(d); i++) {
        uint32_t esi = b->order[i][pattern];
        (void)wzp_raptorq_add(d, esi, esi < b->k ? b->source + (size_t)esi * b->size : b->out[esi - b->k]);
    }
}

static void encode(struct block *b, unsigned count)
{
    wzp_raptorq_encode(wzp_raptorq_encoder_init(b->encoder_memory, b->plan, b->source, b->size),
                       b->repair_esi, b->out, count);
}

static unsigned share(const struct block *b, unsigned percent)
{
    return (b->k * percent + 99) / 100;
}

static void check(struct block *b)
{
    struct wzp_raptorq_decoder *d = (struct wzp_raptorq_decoder *)(void *)wzp_raptorq_align(
        b->decoder_memory);
    for (unsigned i = 0; i < b->k; i++)
        if (memcmp(wzp_raptorq_source(d, i), b->source + (size_t)i * b->size, b->size) != 0) {
            fprintf(stderr, "K %u: wrong source %u\n", b->k, i);
            exit(1);
        }
}

static double run(struct block *b, enum work work, unsigned times, uint64_t seed)
{
    if (work == DECODE_10 || work == DECODE_50)
        make_patterns(b, share(b, work == DECODE_10 ? 10 : 50), seed);
    double from = now_us();
    for (unsigned i = 0; i < times; i++) {
        if (work == PLAN)
            (void)wzp_raptorq_plan_init(b->plan_memory, b->k);
        else if (work == ENCODE_10 || work == ENCODE_50)
            encode(b, share(b, work == ENCODE_10 ? 10 : 50));
        else
            decode(b, i % PATTERNS);
    }
    double us = (now_us() - from) / times;
    if (work == DECODE_10 || work == DECODE_50)
        check(b);
    return us;
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double us[ROUNDS])
{
    qsort(us, ROUNDS, sizeof(*us), compare);
    return us[ROUNDS / 2];
}

/* The product of 25 rows over 50 sources of 1200 bytes: 5.8 us beside the figures of the others. */
static double kernel_row(const struct wzp_gf256 *gf, unsigned times)
{
    enum { ROWS = 25, K = 50, SIZE = 1200 };
    static uint8_t in[K][SIZE], out[ROWS][SIZE], coefficients[ROWS * K];
    const uint8_t *src[K];
    uint8_t *dst[ROWS];
    for (unsigned i = 0; i < K; i++)
        src[i] = in[i];
    for (unsigned i = 0; i < ROWS; i++)
        dst[i] = out[i];
    for (unsigned i = 0; i < sizeof(coefficients); i++)
        coefficients[i] = (uint8_t)(i * 7 + 3);
    double from = now_us();
    for (unsigned i = 0; i < times; i++)
        gf->product(dst, src, coefficients, ROWS, K, SIZE);
    return (now_us() - from) / times;
}

static double copy_row(struct block *b)
{
    unsigned times = b->times * 20;
    double from = now_us();
    for (unsigned i = 0; i < times; i++) {
        memcpy(b->copy, b->source, (size_t)b->k * b->size);
        __asm__ volatile("" : : "r"(b->copy) : "memory");
    }
    return (now_us() - from) / times;
}

static void print_speed(unsigned only)
{
    double kernel_us[ROUNDS];
    for (size_t i = 0; i < BLOCKS; i++)
        prepare(&blocks[i], NULL, NULL);
    for (unsigned round = 0; round < ROUNDS; round++) {
        kernel_us[round] = kernel_row(wzp_gf256_best(), 100);
        for (size_t i = 0; i < BLOCKS; i++) {
            struct block *b = &blocks[i];
            b->copy_us[round] = copy_row(b);
            if (only != 0 && b->k != only)
                continue;
            for (unsigned work = 0; work < WORKS; work++)
                b->us[work][round] = run(b, work, work == PLAN ? 1 + b->times / 8 : b->times, round + 1);
        }
    }
    double kernel = median(kernel_us), copy = median(blocks[3].copy_us);
    printf("Kernel %s; 25 rows over 50 sources of 1200 bytes: %.2f us (5.8 beside the others' figures); "
           "memcpy of "
           "50 x 1200 bytes: %.2f us (0.49).\n\n",
           wzp_gf256_best()->name, kernel, copy);
    puts(
        "| K, bytes | work | us | Rust us | times faster | by the kernel | by memcpy | goal | Wirehair us |");
    puts("| --- | --- | --- | --- | --- | --- | --- | --- | --- |");
    for (size_t i = 0; i < BLOCKS; i++) {
        struct block *b = &blocks[i];
        for (unsigned work = 0; work < WORKS && (only == 0 || b->k == only); work++) {
            double us = median(b->us[work]), faster = b->rust[work] / us;
            printf("| %u, %u | %s | %.2f | %.1f | %.1f | %.1f | %.1f | ", b->k, b->size, work_names[work], us,
                   b->rust[work], faster, faster * kernel / 5.8, faster * copy / 0.49);
            if (b->goal[work] > 0)
                printf("%.1f", b->goal[work]);
            printf(b->wirehair[work] > 0 ? " | %.1f |\n" : " | |\n", b->wirehair[work]);
        }
    }
    for (size_t i = 0; i < BLOCKS; i++)
        release(&blocks[i]);
}

/* One block with each kernel that this CPU runs. */
static void print_kernels(void)
{
    static const char *const sums[] = {"portable", "portable", "avx2", "avx512"};
    struct block *b = &blocks[3];
    puts("\nWith each kernel that this CPU runs, K = 50, 1200 bytes, us.\n");
    puts("| kernel | 25 rows over 50 sources | encode 10 % | decode 10 % | decode 50 % |");
    puts("| --- | --- | --- | --- | --- |");
    for (unsigned i = 0; wzp_gf256_kernels(i) != NULL; i++) {
        const struct wzp_raptorq_kernel *kernel = NULL;
        for (unsigned j = 0; kernel == NULL; j++)
            if (strcmp(wzp_raptorq_kernels(j)->name, sums[i]) == 0)
                kernel = wzp_raptorq_kernels(j);
        prepare(b, wzp_gf256_kernels(i), kernel);
        double us[4][ROUNDS];
        for (unsigned round = 0; round < ROUNDS; round++) {
            us[0][round] = kernel_row(b->plan->gf, 4);
            us[1][round] = run(b, ENCODE_10, 4, 1);
            us[2][round] = run(b, DECODE_10, 4, round + 1);
            us[3][round] = run(b, DECODE_50, 4, round + 1);
        }
        printf("| %s, %s | %.1f | %.1f | %.1f | %.1f |\n", b->plan->gf->name, b->plan->kernel->name,
               median(us[0]), median(us[1]), median(us[2]), median(us[3]));
        release(b);
    }
}

static void print_failures(unsigned trials)
{
    static const unsigned ks[] = {10, 50};
    printf(
        "\nFailures in %u trials, by rank, ESIs drawn below 2^24; at most 7300, 72 and 9 in a million.\n\n",
        trials);
    puts("| K | with K symbols | K + 1 | K + 2 |");
    puts("| --- | --- | --- | --- |");
    for (size_t i = 0; i < sizeof(ks) / sizeof(*ks); i++) {
        void *memory = malloc(wzp_raptorq_plan_size(ks[i]));
        unsigned failures[3];
        raptorq_count_failures(wzp_raptorq_plan_init(memory, ks[i]), trials, 1, failures);
        printf("| %u | %u | %u | %u |\n", ks[i], failures[0], failures[1], failures[2]);
        free(memory);
    }
}

static int once(char **argument)
{
    unsigned percent = (unsigned)atoi(argument[3]), times = (unsigned)atoi(argument[4]);
    struct block b = {.k = (unsigned)atoi(argument[1]), .size = (unsigned)atoi(argument[2])};
    prepare(&b, NULL, NULL);
    make_patterns(&b, share(&b, percent), 1);
    for (unsigned i = 0; i < times; i++) {
        if (strcmp(argument[0], "ENC") == 0)
            encode(&b, share(&b, percent));
        else
            decode(&b, i % PATTERNS);
    }
    release(&b);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc == 7 && strcmp(argv[1], "once") == 0)
        return once(argv + 2);
    const char *part = argc > 1 ? argv[1] : "";
    if (*part == '\0' || strcmp(part, "speed") == 0)
        print_speed(argc > 2 ? (unsigned)atoi(argv[2]) : 0);
    if (*part == '\0' || strcmp(part, "kernels") == 0)
        print_kernels();
    if (*part == '\0' || strcmp(part, "failures") == 0)
        print_failures(argc > 2 ? (unsigned)atoi(argv[2]) : 1000000);
    return 0;
}
