// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/rng.h"
#include "fec/raptorq_plan.h"
#include "fec/raptorq_twin.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The bytes of the hex digits at `text`, up to what is none. */
static uint8_t *hex(const char *text)
{
    static const char digits[] = "0123456789abcdef";
    size_t len = strspn(text, digits);
    uint8_t *bytes = calloc(1, len / 2 + 1);
    for (size_t i = 0; i < len; i++)
        bytes[i / 2] = (uint8_t)(bytes[i / 2] << 4 | (strchr(digits, text[i]) - digits));
    return bytes;
}

static struct wzp_raptorq_plan *make_plan(unsigned k, void **memory)
{
    *memory = malloc(wzp_raptorq_plan_size(k));
    return wzp_raptorq_plan_init(*memory, k);
}

static uint8_t *random_bytes(struct wzp_rng *rng, size_t len)
{
    uint8_t *bytes = malloc(len);
    for (size_t i = 0; i < len; i++)
        bytes[i] = (uint8_t)wzp_rng_u64(rng);
    return bytes;
}

/* What stands behind a key, at or after `at`; NULL when there is none. */
static char *value(char *at, const char *key)
{
    char *found = strstr(at, key);
    return found != NULL ? found + strlen(key) : NULL;
}

/* One line of vectors/raptorq-vectors.jsonl: K, T, the source block and repair symbols by ESI. */
static unsigned check_vector(char *line)
{
    unsigned k = (unsigned)strtoul(value(line, "\"K\":"), NULL, 10), checked = 0;
    unsigned size = (unsigned)strtoul(value(line, "\"T\":"), NULL, 10);
    void *plan_memory;
    struct wzp_raptorq_plan *plan = make_plan(k, &plan_memory);
    uint8_t *source = hex(value(line, "\"source\":\"")), *out = malloc(size);
    for (unsigned limit = 0; limit <= 64; limit += 64) { /* by intermediate symbols, and as products */
        plan->limits.repairs = limit;
        void *memory = malloc(wzp_raptorq_encoder_size(plan, size));
        struct wzp_raptorq_encoder *encoder = wzp_raptorq_encoder_init(memory, plan, source, size);
        for (char *at = line; (at = value(at, "\"esi\":")) != NULL; checked++) {
            uint32_t esi = (uint32_t)strtoul(at, NULL, 10);
            uint8_t *expected = hex(value(at, "\"data\":\""));
            wzp_raptorq_encode(encoder, &esi, &out, 1);
            assert_memory_equal(out, expected, size);
            free(expected);
        }
        free(memory);
    }
    free(out);
    free(source);
    free(plan_memory);
    return checked;
}

/* Made by an independent implementation of RFC 6330. Others of the same kind: test_fec_raptorq FILE. */
static const char *vectors = WZP_ROOT "/impl/fec/vectors/raptorq-vectors.jsonl";
static unsigned vectors_min = 2 * 40;

static void test_vectors(void **state)
{
    (void)state;
    FILE *file = fopen(vectors, "r");
    assert_non_null(file);
    char *line = NULL;
    size_t room = 0;
    unsigned checked = 0;
    while (getline(&line, &room, file) > 0)
        checked += check_vector(line);
    assert_in_range(checked, vectors_min, UINT_MAX);
    print_message("%u repair symbols\n", checked / 2);
    free(line);
    fclose(file);
}

/* ---- round trips ---- */

/* A block, its encoder and a decoder; memory at odd addresses, and not a byte more than asked for. */
struct block {
    struct wzp_raptorq_plan *plan;
    size_t size;
    uint8_t *source, *symbol, *memory[2];
    struct wzp_raptorq_encoder *encoder;
    struct wzp_raptorq_decoder *decoder;
};

static struct block make_block(struct wzp_raptorq_plan *plan, size_t size, struct wzp_rng *rng)
{
    struct block b = {.plan = plan, .size = size};
    b.source = random_bytes(rng, plan->code.k * size);
    b.symbol = malloc(size);
    b.memory[0] = malloc(wzp_raptorq_encoder_size(plan, size) + 1);
    b.memory[1] = malloc(wzp_raptorq_decoder_size(plan, size) + 1);
    b.encoder = wzp_raptorq_encoder_init(b.memory[0] + 1, plan, b.source, size);
    b.decoder = wzp_raptorq_decoder_init(b.memory[1] + 1, plan, size);
    return b;
}

static void free_block(struct block *b)
{
    free(b->memory[0]);
    free(b->memory[1]);
    free(b->source);
    free(b->symbol);
}

static enum wzp_raptorq_verdict pass(struct block *b, uint32_t esi)
{
    wzp_raptorq_encode(b->encoder, &esi, &b->symbol, 1);
    if (esi < b->plan->code.k)
        assert_memory_equal(b->symbol, b->source + esi * b->size, b->size);
    return wzp_raptorq_add(b->decoder, esi, b->symbol);
}

static void assert_sources(const struct block *b)
{
    for (unsigned i = 0; i < b->plan->code.k; i++)
        assert_memory_equal(wzp_raptorq_source(b->decoder, i), b->source + i * b->size, b->size);
}

/* K ESIs in random order: all sources but `lost`, and for each of those any repair symbol. */
static uint32_t *draw(struct wzp_rng *rng, unsigned k, unsigned lost)
{
    uint32_t *esi = malloc(k * sizeof(*esi));
    for (unsigned i = 0; i < k; i++)
        esi[i] = i;
    for (unsigned round = 0; round < 2; round++) {
        for (unsigned i = 0; i < k; i++) {
            unsigned j = i + (unsigned)wzp_rng_below(rng, k - i);
            uint32_t other = esi[j];
            esi[j] = esi[i];
            esi[i] = other;
        }
        for (unsigned i = 0; i < lost && round == 0; i++)
            esi[i] = k + (uint32_t)wzp_rng_below(rng, UINT32_MAX - k);
    }
    return esi;
}

static void round_trip(struct wzp_raptorq_plan *plan, size_t size, unsigned lost, uint64_t seed)
{
    unsigned k = plan->code.k;
    struct wzp_rng rng = wzp_rng_make(seed, k);
    struct block b = make_block(plan, size, &rng);
    uint32_t *esi = draw(&rng, k, lost);
    for (unsigned i = 0; i < k; i++) {
        assert_false(wzp_raptorq_solve_block(b.decoder));
        assert_true(esi[i] >= k || wzp_raptorq_source(b.decoder, esi[i]) == NULL);
        assert_int_equal(pass(&b, esi[i]), WZP_RAPTORQ_ADDED);
        assert_int_equal(pass(&b, esi[i]), WZP_RAPTORQ_DUPLICATE);
        assert_true(esi[i] >= k || wzp_raptorq_source(b.decoder, esi[i]) != NULL);
    }
    for (unsigned extra = 0; !wzp_raptorq_solve_block(b.decoder); extra++) {
        assert_int_equal(pass(&b, k + extra), WZP_RAPTORQ_ADDED);
        assert_true(extra < 5);
    }
    assert_sources(&b);
    assert_int_equal(pass(&b, k + 7), WZP_RAPTORQ_SOLVED);
    assert_null(wzp_raptorq_source(b.decoder, k));
    free(esi);
    free_block(&b);
}

static void test_round_trips(void **state)
{
    (void)state;
    static const unsigned ks[] = {1, 2, 3, 10, 26, 50, 64, 65, 100, 101, 250, 1000, 1025, 2000};
    static const size_t sizes[] = {1, 3, 16, 64, 1200, 1280};
    for (size_t i = 0; i < sizeof(ks) / sizeof(*ks); i++) {
        void *memory;
        struct wzp_raptorq_plan *plan = make_plan(ks[i], &memory);
        for (unsigned j = 0; j < 6; j++) {
            if (ks[i] >= 1000 && sizes[j] > 16 && j != 5)
                continue;
            round_trip(plan, sizes[j], 0, j);
            round_trip(plan, sizes[j], 1, j);
            round_trip(plan, sizes[j], (ks[i] + 9) / 10, j);
            round_trip(plan, sizes[j], (ks[i] + 1) / 2, j);
            round_trip(plan, sizes[j], ks[i], j);
        }
        free(memory);
    }
}

static void test_large(void **state)
{
    (void)state;
    static const unsigned ks[] = {10000, 56403};
    for (size_t i = 0; i < 2; i++) {
        void *memory;
        struct wzp_raptorq_plan *plan = make_plan(ks[i], &memory);
        round_trip(plan, 4, ks[i] / 3, 1);
        free(memory);
    }
}

/* Every kernel, both ways of encoding and of decoding. */
static void test_ways(void **state)
{
    (void)state;
    static const unsigned ks[] = {10, 50, 101, 300};
    for (size_t i = 0; i < sizeof(ks) / sizeof(*ks); i++) {
        void *memory;
        struct wzp_raptorq_plan *plan = make_plan(ks[i], &memory);
        for (unsigned gf = 0; wzp_gf256_kernels(gf) != NULL; gf++)
            for (unsigned sums = 0; wzp_raptorq_kernels(sums) != NULL; sums++)
                for (unsigned way = 0; way < 2; way++) {
                    plan->gf = wzp_gf256_kernels(gf);
                    plan->kernel = wzp_raptorq_kernels(sums);
                    plan->limits.repairs = plan->limits.lost = plan->limits.small_k = way == 0 ? 0 : 10000;
                    round_trip(plan, 70, ks[i] / 2, gf + 10 * sums);
                }
        free(memory);
    }
}

/* ---- the twin ---- */

static void test_twin_encodes(void **state)
{
    (void)state;
    static const unsigned ks[] = {1, 2, 7, 10, 11, 27, 50, 77, 101, 130};
    for (size_t i = 0; i < sizeof(ks) / sizeof(*ks); i++) {
        enum { SIZE = 5 };
        struct wzp_rng rng = wzp_rng_make(i, 9);
        void *memory;
        struct block b = make_block(make_plan(ks[i], &memory), SIZE, &rng);
        uint32_t isi[130];
        for (uint32_t j = 0; j < ks[i]; j++)
            isi[j] = j;
        struct twin twin = twin_make(ks[i], SIZE, isi, b.source, ks[i]);
        assert_true(twin_solve(&twin));
        for (unsigned n = 0; n < 100; n++) { /* passes the limit from products to intermediate symbols */
            uint8_t expected[SIZE];
            uint32_t esi = n < 50 ? n : (uint32_t)wzp_rng_u64(&rng);
            twin_symbol(&twin, wzp_raptorq_isi(&twin.code, esi), expected);
            wzp_raptorq_encode(b.encoder, &esi, &b.symbol, 1);
            assert_memory_equal(b.symbol, expected, SIZE);
        }
        free(twin.matrix);
        free_block(&b);
        free(memory);
    }
}

/* Both ways of decoding say the same as the twin of each set of symbols, also when it has not the rank. */
static void test_twin_decodes(void **state)
{
    (void)state;
    static const struct {
        unsigned k, trials;
    } rows[] = {{1, 50}, {10, 1500}, {26, 200}, {60, 12}};
    unsigned failures = 0;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        unsigned k = rows[i].k;
        void *memory;
        struct wzp_raptorq_plan *plan = make_plan(k, &memory);
        struct wzp_rng rng = wzp_rng_make(5, k);
        for (unsigned trial = 0; trial < rows[i].trials; trial++) {
            plan->limits.lost = plan->limits.small_k = trial % 2 == 0 ? 0 : 10000;
            struct block b = make_block(plan, 1, &rng);
            uint32_t *esi = draw(&rng, k, k), isi[60];
            uint8_t symbols[60];
            for (unsigned j = 0; j < k; j++) {
                (void)pass(&b, esi[j]);
                symbols[j] = *b.symbol;
                isi[j] = wzp_raptorq_isi(&plan->code, esi[j]);
            }
            struct twin twin = twin_make(k, 1, isi, symbols, k);
            bool is_solved = twin_solve(&twin);
            assert_int_equal(wzp_raptorq_solve_block(b.decoder), is_solved);
            failures += !is_solved;
            if (is_solved)
                assert_sources(&b);
            free(twin.matrix);
            free(esi);
            free_block(&b);
        }
        free(memory);
    }
    assert_in_range(failures, 4, 40);
}

/* ---- what must not happen ---- */

/* Every row of the table of systematic indices has a plan; the large ones by sample. */
static void test_indices(void **state)
{
    (void)state;
    unsigned step = 1;
    for (unsigned k = 1; k <= WZP_RAPTORQ_K_MAX; k += step) {
        struct wzp_raptorq_code code = wzp_raptorq_code_of(k);
        assert_true(code.k_prime >= k && code.p >= code.h && code.p1 >= code.p);
        void *memory;
        struct wzp_raptorq_plan *plan = make_plan(code.k_prime, &memory);
        /* Room for the unlucky: a decoder's rows need some more inactive columns than these. */
        assert_true(plan->solver.inactive_max == code.l ||
                    plan->solver.inactive - code.p < (plan->solver.inactive_max - code.p) / 2);
        free(memory);
        k = code.k_prime;
        step = k < 500 ? 1 : k / 4;
    }
    assert_int_equal(wzp_raptorq_plan_size(0), 0);
    assert_int_equal(wzp_raptorq_plan_size(WZP_RAPTORQ_K_MAX + 1), 0);
}

/* Symbols of no block at all, ESIs that are close, far, of the padding or chosen to collide. */
static void test_hostile(void **state)
{
    (void)state;
    static const unsigned ks[] = {1, 5, 60, 101, 400};
    for (uint64_t seed = 0; seed < 30; seed++) {
        struct wzp_rng rng = wzp_rng_make(seed, 3);
        unsigned k = ks[seed % 5];
        void *memory;
        struct wzp_raptorq_plan *plan = make_plan(k, &memory);
        struct block b = make_block(plan, 33, &rng);
        assert_int_equal(wzp_raptorq_encoder_size(plan, 0), 0);
        assert_int_equal(wzp_raptorq_decoder_size(plan, WZP_RAPTORQ_SYMBOL_SIZE_MAX + 1), 0);
        unsigned added = 0;
        for (unsigned i = 0; i < 3 * k + 300; i++) {
            uint8_t garbage[33];
            uint32_t esi = (uint32_t)wzp_rng_u64(&rng);
            unsigned kind = (unsigned)(seed / 5);
            if (kind == 1)
                esi = k + i % (k + 5);
            else if (kind == 2)
                esi = UINT32_MAX - i;
            else if (kind == 3)
                esi = i << 24;
            else if (kind == 4)
                esi = (uint32_t)wzp_rng_below(&rng, 2 * k);
            for (size_t j = 0; j < sizeof(garbage); j++)
                garbage[j] = (uint8_t)wzp_rng_u64(&rng);
            enum wzp_raptorq_verdict verdict = wzp_raptorq_add(b.decoder, esi, garbage);
            added += verdict == WZP_RAPTORQ_ADDED;
            assert_true(verdict != WZP_RAPTORQ_FULL || added == k + WZP_RAPTORQ_EXTRA);
            (void)wzp_raptorq_solve_block(b.decoder);
        }
        assert_in_range(added, 1, k + WZP_RAPTORQ_EXTRA);
        free_block(&b);
        free(memory);
    }
}

/* Only symbols of many columns: more unknowns than usual are inactive, and it ends. */
static void test_heavy(void **state)
{
    (void)state;
    struct wzp_rng rng = wzp_rng_make(1, 1);
    void *memory;
    struct wzp_raptorq_plan *plan = make_plan(600, &memory);
    struct block b = make_block(plan, 8, &rng);
    uint16_t columns[WZP_RAPTORQ_COLUMNS_MAX];
    unsigned added = 0;
    for (uint32_t esi = 600; added < 600 + WZP_RAPTORQ_EXTRA; esi++)
        if (wzp_raptorq_columns(&plan->code, wzp_raptorq_isi(&plan->code, esi), columns) > 28)
            added += pass(&b, esi) == WZP_RAPTORQ_ADDED;
    bool is_solved = wzp_raptorq_solve_block(b.decoder);
    assert_true(!is_solved || wzp_raptorq_source(b.decoder, 0) != NULL);
    assert_false(is_solved);
    free_block(&b);
    free(memory);
}

int main(int argc, char **argv)
{
    if (argc > 1) {
        vectors = argv[1];
        vectors_min = 2;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vectors),      cmocka_unit_test(test_round_trips),
        cmocka_unit_test(test_large),        cmocka_unit_test(test_ways),
        cmocka_unit_test(test_twin_encodes), cmocka_unit_test(test_twin_decodes),
        cmocka_unit_test(test_indices),      cmocka_unit_test(test_hostile),
        cmocka_unit_test(test_heavy),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
