// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/rng.h"
#include "link/number.h"

static void test_lengths(void **state)
{
    (void)state;
    static const struct {
        uint64_t number, lowest_unacked;
        unsigned len;
    } rows[] = {
        {0, 0, 2},
        {0x7fff, 0, 2},
        {0x8000, 0, 3},
        {0xac5c02, 0xabe8b3, 2}, /* RFC 9000 section A.2, whose largest acknowledged is one less */
        {0xace8fe, 0xabe8b3, 3},
        {0x7fffff, 0, 3},
        {0x800000, 0, 4},
        {UINT64_C(1) << 40, 0, 4},
        {UINT64_C(1) << 40, UINT64_C(1) << 40, 2},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_int_equal(wzp_number_len(rows[i].number, rows[i].lowest_unacked), rows[i].len);
}

static void test_decode(void **state)
{
    (void)state;
    static const struct {
        uint64_t expected_next;
        uint32_t truncated;
        unsigned len;
        uint64_t number;
    } rows[] = {
        {0xa82f30eb, 0x9b32, 2, 0xa82f9b32}, /* RFC 9000 section A.3 */
        {0, 0, 2, 0},
        {0, 0xffff, 2, 0xffff}, /* nothing is below 0 */
        {0x10000, 0xffff, 2, 0xffff},
        {0xffff, 0x0000, 2, 0x10000},
        {0x18000, 0x0000, 2, 0x20000}, /* half a window off: upwards */
        {0x18000, 0x0001, 2, 0x10001},
        {0x1fffffff0, 5, 4, 0x200000005},
        {(UINT64_C(1) << 62) - 1, 0, 2, (UINT64_C(1) << 62) - 0x10000}, /* no number above 2^62 */
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_int_equal(wzp_number_decode(rows[i].expected_next, rows[i].truncated, rows[i].len),
                         rows[i].number);
}

/* What one side shortens the other restores, wherever it stands between the two numbers. */
static void test_there_and_back(void **state)
{
    (void)state;
    struct wzp_rng rng = wzp_rng_make(1, 0);
    for (int i = 0; i < 200000; i++) {
        uint64_t lowest = wzp_rng_u64(&rng) >> (3 + wzp_rng_below(&rng, 58));
        uint64_t number = lowest + wzp_rng_below(&rng, UINT64_C(1) << wzp_rng_below(&rng, 31));
        uint64_t expected = lowest + wzp_rng_below(&rng, number - lowest + 1);
        unsigned len = wzp_number_len(number, lowest);
        uint32_t truncated = (uint32_t)(len == 4 ? number : number & ((UINT64_C(1) << 8 * len) - 1));
        assert_int_equal(wzp_number_decode(expected, truncated, len), number);
    }
}

static void test_unwrap(void **state)
{
    (void)state;
    struct wzp_rng rng = wzp_rng_make(2, 0);
    uint64_t number = 0xfffffff0;
    for (int i = 0; i < 100000; i++) {
        uint64_t next = number + wzp_rng_below(&rng, 1 << 20) - (number > 1 << 20 ? 1 << 18 : 0);
        assert_int_equal(wzp_unwrap_u32(number, (uint32_t)next), next);
        number = next;
    }
    assert_true(number > UINT64_C(1) << 32);
    assert_int_equal(wzp_unwrap_u32(3, 0xffffffff), 0xffffffff);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lengths),
        cmocka_unit_test(test_decode),
        cmocka_unit_test(test_there_and_back),
        cmocka_unit_test(test_unwrap),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
