// SPDX-License-Identifier: Apache-2.0
/*
 * What the sliding-window code costs, and what it buys, as two tables of Markdown: time and instructions of a
 * second of speech at 50 packets a second, and the share of packets that are missing at their deadline.
 * Instructions are counted by the CPU where the kernel allows it.
 */
#include "base/rng.h"
#include "fec/window.h"

#include <inttypes.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define SOURCES_MAX 128
#define SYMBOL_MAX  512
#define RATE        50 /* sources a second */

/* ---- a road that loses ---- */

struct road {
    struct wzp_rng rng;
    double loss;
};

static bool is_lost(struct road *road)
{
    return wzp_rng_unit(&road->rng) < road->loss;
}

/* ---- one direction: an encoder's window and a decoder ---- */

struct flow {
    const struct wzp_gf256 *field;
    struct wzp_window *window;
    size_t len;
    unsigned span; /* sources a repair covers */
    uint64_t next; /* key */
    uint16_t next_id;
    uint8_t symbols[WZP_WINDOW_SYMBOLS_MAX][SYMBOL_MAX]; /* by key */
};

static struct flow *flow_create(const struct wzp_gf256 *field, size_t len, unsigned span)
{
    struct flow *flow = calloc(1, sizeof(*flow));
    void *memory = malloc(wzp_window_size(SOURCES_MAX, SYMBOL_MAX));
    if (flow == NULL || memory == NULL)
        abort();
    flow->field = field;
    flow->window = wzp_window_init(memory, field, SOURCES_MAX, SYMBOL_MAX);
    flow->len = len;
    flow->span = span;
    return flow;
}

static void flow_destroy(struct flow *flow)
{
    free(flow->window);
    free(flow);
}

/* The next source, and whether it came. */
static bool flow_source(struct flow *flow, struct road *road)
{
    uint64_t key = flow->next++;
    uint8_t *symbol = flow->symbols[key % WZP_WINDOW_SYMBOLS_MAX];
    for (size_t i = 0; i < 8; i++)
        symbol[i] = (uint8_t)(key >> 8 * i);
    if (is_lost(road))
        return false;
    wzp_window_on_source(flow->window, key, (struct wzp_slice){symbol, flow->len});
    return true;
}

static void flow_repair(struct flow *flow, struct road *road)
{
    struct wzp_slice symbols[WZP_WINDOW_SYMBOLS_MAX];
    uint64_t keys[WZP_WINDOW_SYMBOLS_MAX];
    uint8_t repair[SYMBOL_MAX];
    unsigned count = flow->next < flow->span ? (unsigned)flow->next : flow->span;
    for (unsigned i = 0; i < count; i++) {
        keys[i] = flow->next - count + i;
        symbols[i] = (struct wzp_slice){flow->symbols[keys[i] % WZP_WINDOW_SYMBOLS_MAX], flow->len};
    }
    wzp_window_encode(flow->field, flow->next_id, symbols, count, repair, flow->len);
    if (!is_lost(road))
        wzp_window_on_repair(flow->window, flow->next_id, keys, count, (struct wzp_slice){repair, flow->len});
    flow->next_id++;
}

/* ---- cost ---- */

static uint64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static int open_counter(void)
{
    struct perf_event_attr wanted = {.type = PERF_TYPE_HARDWARE,
                                     .size = sizeof(wanted),
                                     .config = PERF_COUNT_HW_INSTRUCTIONS,
                                     .exclude_kernel = 1,
                                     .exclude_hv = 1};
    return (int)syscall(SYS_perf_event_open, &wanted, 0, -1, -1, 0);
}

static uint64_t read_counter(int counter)
{
    uint64_t value = 0;
    return read(counter, &value, sizeof(value)) == sizeof(value) ? value : 0;
}

/* The best of five runs of 20 s of speech, of encoding and decoding both. */
static void print_cost(const struct wzp_gf256 *field, unsigned loss_percent, unsigned span, int counter)
{
    const unsigned seconds = 20, repairs = 4;
    uint64_t best_ns = UINT64_MAX, instructions = 0;
    for (unsigned run = 0; run < 5; run++) {
        struct road road = {wzp_rng_make(run, 0), loss_percent / 100.0};
        struct flow *flow = flow_create(field, 190, span);
        uint64_t key, start = now_ns(), count = read_counter(counter);
        struct wzp_slice symbol;
        for (unsigned i = 0; i < seconds * RATE; i++) {
            flow_source(flow, &road);
            for (unsigned j = 0; j < repairs; j++)
                flow_repair(flow, &road);
            while (wzp_window_poll(flow->window, &key, &symbol))
                ;
        }
        uint64_t time = now_ns() - start;
        best_ns = time < best_ns ? time : best_ns;
        instructions = read_counter(counter) - count;
        flow_destroy(flow);
    }
    printf("| %s | %u | %u | %.0f | ", field->name, loss_percent, span, (double)best_ns / 1000 / seconds);
    if (instructions > 0)
        printf("%.0f |\n", (double)instructions / 1000 / seconds);
    else
        printf("not counted |\n");
}

/* ---- worth ---- */

/* The percentage of sources that had neither come nor been recovered `deadline` sources later. */
static double residual(unsigned loss_percent, unsigned repair_permille, unsigned span, unsigned deadline,
                       unsigned sources)
{
    enum { RING = 1024 };
    static bool has_come[RING];
    struct road road = {wzp_rng_make(loss_percent, span), loss_percent / 100.0};
    struct flow *flow = flow_create(wzp_gf256_best(), 8, span);
    unsigned missing = 0, due = 0;
    for (unsigned i = 0; i < sources; i++) {
        has_come[i % RING] = flow_source(flow, &road);
        for (due += repair_permille; due >= 1000; due -= 1000)
            flow_repair(flow, &road);
        uint64_t key;
        struct wzp_slice symbol;
        while (wzp_window_poll(flow->window, &key, &symbol))
            has_come[key % RING] = true;
        missing += i >= deadline && !has_come[(i - deadline) % RING];
    }
    flow_destroy(flow);
    return 100.0 * missing / (sources - deadline);
}

int main(int argc, char **argv)
{
    unsigned sources = argc > 1 ? (unsigned)atoi(argv[1]) : 50000;
    static const unsigned losses[] = {5, 20, 30, 50, 70}, spans[] = {4, 8, 16, 32, 48, 64};
    static const unsigned margins[] = {1250, 1500, 2000, 3000};
    int counter = open_counter();
    printf("| kernel | loss %% | window | us per second of speech | thousand instructions |\n"
           "| --- | --- | --- | --- | --- |\n");
    const struct wzp_gf256 *field;
    for (unsigned i = 0; (field = wzp_gf256_kernels(i)) != NULL; i++) {
        print_cost(field, 5, 16, counter);
        print_cost(field, 50, 32, counter);
        print_cost(field, 70, 64, counter);
    }
    printf("\n| loss %% | repairs a source | window and deadline: 4 | 8 | 16 | 32 | 48 | 64 |\n"
           "| --- | --- | --- | --- | --- | --- | --- | --- |\n");
    for (unsigned i = 0; i < sizeof(losses) / sizeof(losses[0]); i++) {
        for (unsigned j = 0; j < sizeof(margins) / sizeof(margins[0]); j++) {
            unsigned permille = losses[i] * margins[j] / (100 - losses[i]);
            printf("| %u | %.3f ", losses[i], permille / 1000.0);
            for (unsigned k = 0; k < sizeof(spans) / sizeof(spans[0]); k++)
                printf("| %.3f ", residual(losses[i], permille, spans[k], spans[k], sources));
            printf("|\n");
        }
    }
    return 0;
}
