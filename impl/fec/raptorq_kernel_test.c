// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/rng.h"
#include "fec/gf256.h"
#include "fec/raptorq_kernel.h"

#include <stdlib.h>
#include <string.h>

#define SYMBOLS 40
#define STRIDE  (20 * WZP_RAPTORQ_ALIGN)

static uint8_t base[SYMBOLS * STRIDE];

static void fill(struct wzp_rng *rng, uint8_t *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++)
        bytes[i] = (uint8_t)wzp_rng_u64(rng);
}

/* `first` and `dst` are blocks of exactly `len` bytes, so that the sanitizer sees a byte too many. */
static void test_gather(void **state)
{
    (void)state;
    struct wzp_rng rng = wzp_rng_make(1, 0);
    fill(&rng, base, sizeof(base));
    for (unsigned k = 0; wzp_raptorq_kernels(k) != NULL; k++)
        for (size_t len = 1; len <= STRIDE; len += 1 + len / 40) {
            uint8_t *first = malloc(len), *dst = malloc(len);
            uint16_t index[33];
            unsigned count = (unsigned)wzp_rng_below(&rng, 34);
            fill(&rng, first, len);
            for (unsigned i = 0; i < count; i++)
                index[i] = (uint16_t)wzp_rng_below(&rng, SYMBOLS);
            for (unsigned with_first = 0; with_first < 2; with_first++) {
                wzp_raptorq_kernels(k)->gather(dst, with_first ? first : NULL, base, STRIDE, index, count,
                                               len);
                for (size_t at = 0; at < len; at++) {
                    uint8_t sum = with_first ? first[at] : 0;
                    for (unsigned i = 0; i < count; i++)
                        sum ^= base[index[i] * STRIDE + at];
                    assert_int_equal(dst[at], sum);
                }
            }
            memcpy(dst, first, len); /* in place */
            wzp_raptorq_kernels(k)->gather(dst, dst, base, STRIDE, index, count, len);
            wzp_raptorq_kernels(k)->gather(dst, dst, base, STRIDE, index, count, len);
            assert_memory_equal(dst, first, len);
            free(first);
            free(dst);
        }
}

static void test_hdpc(void **state)
{
    (void)state;
    enum { ROWS = 10 };
    static uint8_t sums[ROWS * STRIDE], expected[ROWS * STRIDE], before[ROWS * STRIDE];
    struct wzp_rng rng = wzp_rng_make(2, 0);
    struct wzp_raptorq_pair pairs[SYMBOLS];
    fill(&rng, base, sizeof(base));
    for (unsigned i = 0; i < SYMBOLS; i++) {
        pairs[i].a = (uint8_t)wzp_rng_below(&rng, ROWS);
        pairs[i].b = (uint8_t)((pairs[i].a + 1 + wzp_rng_below(&rng, ROWS - 1)) % ROWS);
    }
    for (unsigned k = 0; wzp_raptorq_kernels(k) != NULL; k++)
        for (size_t len = WZP_RAPTORQ_ALIGN; len <= STRIDE; len += WZP_RAPTORQ_ALIGN) {
            fill(&rng, before, sizeof(before));
            memcpy(sums, before, sizeof(sums));
            memcpy(expected, before, sizeof(sums));
            wzp_raptorq_kernels(k)->hdpc(sums, STRIDE, ROWS, base, STRIDE, pairs, SYMBOLS, len);
            for (size_t at = 0; at < len; at++) {
                uint8_t t = 0;
                for (unsigned i = 0; i < SYMBOLS; i++) {
                    t = wzp_gf256_mul(t, 2) ^ base[i * STRIDE + at];
                    if (i < SYMBOLS - 1) {
                        expected[pairs[i].a * STRIDE + at] ^= t;
                        expected[pairs[i].b * STRIDE + at] ^= t;
                    }
                }
                for (unsigned r = 0; r < ROWS; r++, t = wzp_gf256_mul(t, 2))
                    expected[r * STRIDE + at] ^= t;
            }
            assert_memory_equal(sums, expected, sizeof(sums));
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_gather),
        cmocka_unit_test(test_hdpc),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
