// SPDX-License-Identifier: Apache-2.0
#include "base/rng.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

/* The authors' own first outputs from the state 1, 2, 3, 4 (xoshiro256starstar.c, Blackman and Vigna 2018).
 */
static void test_reference(void **state)
{
    (void)state;
    static const uint64_t expected[] = {11520, 0, 1509978240, UINT64_C(1215971899390074240)};
    struct wzp_rng rng = {{1, 2, 3, 4}};
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++)
        assert_true(wzp_rng_u64(&rng) == expected[i]);
}

static void test_one_seed_one_sequence(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 50; seed++) {
        struct wzp_rng rng = wzp_rng_make(seed, 3), again = wzp_rng_make(seed, 3);
        struct wzp_rng stream = wzp_rng_make(seed, 4), next = wzp_rng_make(seed + 1, 3);
        unsigned stream_same = 0, next_same = 0;
        for (unsigned i = 0; i < 100; i++) {
            uint64_t value = wzp_rng_u64(&rng);
            assert_true(wzp_rng_u64(&again) == value);
            stream_same += wzp_rng_u64(&stream) == value;
            next_same += wzp_rng_u64(&next) == value;
        }
        assert_int_equal(stream_same + next_same, 0);
    }
}

static void test_unit(void **state)
{
    (void)state;
    struct wzp_rng rng = wzp_rng_make(1, 0);
    double sum = 0, squares = 0;
    for (unsigned i = 0; i < 100000; i++) {
        double x = wzp_rng_unit(&rng);
        assert_true(x >= 0 && x < 1);
        sum += x;
        squares += x * x;
    }
    /* mean 1/2, mean square 1/3; 0.005 is more than five standard errors of either */
    assert_true(sum / 100000 > 0.495 && sum / 100000 < 0.505);
    assert_true(squares / 100000 > 0.328 && squares / 100000 < 0.338);
}

static void test_below(void **state)
{
    (void)state;
    struct wzp_rng rng = wzp_rng_make(2, 0);
    for (unsigned i = 0; i < 100; i++)
        assert_int_equal(wzp_rng_below(&rng, 1), 0);
    static const uint64_t bounds[] = {2, 3, 7, 10};
    for (size_t row = 0; row < sizeof bounds / sizeof *bounds; row++) {
        unsigned count[10] = {0};
        for (unsigned i = 0; i < 10000 * bounds[row]; i++) {
            uint64_t value = wzp_rng_below(&rng, bounds[row]);
            assert_true(value < bounds[row]);
            count[value]++;
        }
        for (size_t value = 0; value < bounds[row]; value++)
            assert_in_range(count[value], 9500, 10500); /* five standard deviations */
    }
    /* A plain remainder would give the lower half twice as often. */
    const uint64_t bound = UINT64_C(3) << 62;
    unsigned low = 0;
    for (unsigned i = 0; i < 30000; i++) {
        uint64_t value = wzp_rng_below(&rng, bound);
        assert_true(value < bound);
        low += value < UINT64_C(1) << 62;
    }
    assert_in_range(low, 9500, 10500);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reference),
        cmocka_unit_test(test_one_seed_one_sequence),
        cmocka_unit_test(test_unit),
        cmocka_unit_test(test_below),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
