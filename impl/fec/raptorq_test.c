// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/rng.h"
#include "fec/raptorq_plan.h"
#include "fec/vectors/raptorq.h"

#include <stdlib.h>
#include <string.h>

static uint8_t *hex(const char *text)
{
    static const char digits[] = "0123456789abcdef";
    size_t len = strlen(text) / 2;
    uint8_t *bytes = malloc(len);
    for (size_t i = 0; i < 2 * len; i++) {
        unsigned digit = (unsigned)(strchr(digits, text[i]) - digits);
        bytes[i / 2] = (uint8_t)(i % 2 == 0 ? digit << 4 : bytes[i / 2] | digit);
    }
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

static void test_vectors(void **state)
{
    (void)state;
    for (size_t v = 0; v < sizeof(raptorq_vectors) / sizeof(*raptorq_vectors); v++) {
        unsigned k = raptorq_vectors[v].k, size = raptorq_vectors[v].symbol_size;
        void *plan_memory;
        struct wzp_raptorq_plan *plan = make_plan(k, &plan_memory);
        uint8_t *source = hex(raptorq_vectors[v].source);
        for (unsigned limit = 0; limit <= 64; limit += 64) { /* by intermediate symbols, and as products */
            plan->limits.repairs = limit;
            void *memory = malloc(wzp_raptorq_encoder_size(plan, size));
            struct wzp_raptorq_encoder *encoder = wzp_raptorq_encoder_init(memory, plan, source, size);
            for (unsigned i = 0; raptorq_vectors[v].repair[i].data != NULL; i++) {
                uint8_t *expected = hex(raptorq_vectors[v].repair[i].data);
                uint8_t *out = malloc(size);
                wzp_raptorq_encode(encoder, &raptorq_vectors[v].repair[i].esi, &out, 1);
                assert_memory_equal(out, expected, size);
                free(expected);
                free(out);
            }
            free(memory);
        }
        free(source);
        free(plan_memory);
    }
}

/* ---- round trips ---- */

/* Loses `lost` sources, takes repair symbols of random ESIs instead, in any order, some twice. */
static void round_trip(struct wzp_raptorq_plan *plan, size_t size, unsigned lost, uint64_t seed)
{
    struct wzp_rng rng = wzp_rng_make(seed, plan->code.k);
    unsigned k = plan->code.k;
    uint8_t *source = random_bytes(&rng, k * size);
    void *encoder_memory = malloc(wzp_raptorq_encoder_size(plan, size) + 1);
    void *decoder_memory = malloc(wzp_raptorq_decoder_size(plan, size) + 1);
    struct wzp_raptorq_encoder *encoder = wzp_raptorq_encoder_init((uint8_t *)encoder_memory + seed % 2, plan,
                                                                   source, size);
    struct wzp_raptorq_decoder *decoder = wzp_raptorq_decoder_init((uint8_t *)decoder_memory + seed % 2, plan,
                                                                   size);
    uint32_t *order = malloc(k * sizeof(*order));
    for (unsigned i = 0; i < k; i++)
        order[i] = i;
    for (unsigned i = 0; i < k; i++) {
        unsigned j = i + (unsigned)wzp_rng_below(&rng, k - i);
        uint32_t esi = order[j];
        order[j] = order[i];
        order[i] = i < lost ? k + (uint32_t)wzp_rng_below(&rng, UINT32_MAX - k) : esi;
    }
    uint8_t *symbol = malloc(size);
    for (unsigned i = 0; i < k; i++) {
        uint32_t esi = order[(i * UINT64_C(7919)) % k];
        if (k % 7919 == 0)
            esi = order[i];
        assert_false(wzp_raptorq_solve_block(decoder));
        wzp_raptorq_encode(encoder, &esi, &symbol, 1);
        if (esi < k)
            assert_memory_equal(symbol, source + esi * size, size);
        assert_int_equal(wzp_raptorq_add(decoder, esi, symbol), WZP_RAPTORQ_ADDED);
        assert_int_equal(wzp_raptorq_add(decoder, esi, symbol), WZP_RAPTORQ_DUPLICATE);
    }
    unsigned extra = 0;
    for (; !wzp_raptorq_solve_block(decoder); extra++) {
        uint32_t esi = k + extra * 3;
        wzp_raptorq_encode(encoder, &esi, &symbol, 1);
        (void)wzp_raptorq_add(decoder, esi, symbol);
        assert_true(extra < 8);
    }
    for (unsigned i = 0; i < k; i++)
        assert_memory_equal(wzp_raptorq_source(decoder, i), source + i * size, size);
    assert_int_equal(wzp_raptorq_add(decoder, k + 1, symbol), WZP_RAPTORQ_SOLVED);
    assert_null(wzp_raptorq_source(decoder, k));
    free(symbol);
    free(order);
    free(source);
    free(encoder_memory);
    free(decoder_memory);
}

static void test_round_trips(void **state)
{
    (void)state;
    static const unsigned ks[] = {1, 2, 3, 10, 26, 50, 100, 101, 129, 250, 400, 1000, 1025, 2000};
    static const size_t sizes[] = {1, 3, 16, 64, 1200, 1280};
    for (size_t i = 0; i < sizeof(ks) / sizeof(*ks); i++) {
        void *memory;
        struct wzp_raptorq_plan *plan = make_plan(ks[i], &memory);
        for (unsigned j = 0; j < 6; j++) {
            if (ks[i] >= 1000 && sizes[j] > 100)
                continue;
            round_trip(plan, sizes[j], 0, j);
            round_trip(plan, sizes[j], (ks[i] + 9) / 10, j);
            round_trip(plan, sizes[j], (ks[i] + 1) / 2, j);
            round_trip(plan, sizes[j], ks[i], j);
        }
        free(memory);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vectors),
        cmocka_unit_test(test_round_trips),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
