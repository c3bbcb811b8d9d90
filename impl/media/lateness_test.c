// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/rng.h"
#include "media/lateness.h"

#include <math.h>

static void forgets_and_finds_the_quantile(void **state)
{
    (void)state;
    struct wzp_lateness lateness;
    for (unsigned shift = 4; shift <= 10; shift += 3) {
        struct wzp_rng rng = wzp_rng_make(shift, 0);
        wzp_lateness_init(&lateness, shift);
        assert_int_equal(wzp_lateness_quantile(&lateness, 10000), 0);
        assert_int_equal(wzp_lateness_extreme(&lateness, 200), 0);
        double weights[2001] = {0}; /* a twin in floating point */
        double keeps = 1 / (1 + ldexp(1, -(int)shift));
        for (int i = 0; i < 6000; i++) {
            uint32_t late_ms = (uint32_t)wzp_rng_below(&rng, i < 3000 ? 2000 : 300);
            wzp_lateness_add(&lateness, late_ms);
            for (size_t k = 0; k < 2001; k++)
                weights[k] *= keeps;
            weights[late_ms < WZP_LATENESS_MS_MAX ? late_ms : WZP_LATENESS_MS_MAX]++;
        }
        assert_int_equal(lateness.count, 6000);
        static const uint32_t shares_ppm[] = {500000, 100000, 10000};
        for (size_t i = 0; i < 3; i++) {
            uint32_t found = wzp_lateness_quantile(&lateness, shares_ppm[i]);
            double sum = 0, above = 0, at = weights[found];
            for (size_t k = 0; k < 2001; k++) {
                sum += weights[k];
                above += k > found ? weights[k] : 0;
            }
            double share = shares_ppm[i] / 1e6;
            assert_true(above <= share * sum * 1.03 && above + at >= share * sum * 0.97);
        }
    }
}

static void lowers_and_doubts(void **state)
{
    (void)state;
    struct wzp_lateness lateness;
    wzp_lateness_init(&lateness, 8);
    for (uint32_t i = 0; i < 1000; i++)
        wzp_lateness_add(&lateness, 100 + i % 11 * 10);
    uint32_t sum = lateness.sum;
    assert_int_equal(wzp_lateness_quantile(&lateness, 10000), 200);
    wzp_lateness_lower(&lateness, 150);
    assert_int_equal(wzp_lateness_quantile(&lateness, 10000), 50);
    assert_int_equal(wzp_lateness_quantile(&lateness, 600000), 0);
    assert_int_equal(lateness.sum, sum);
    for (uint32_t i = 0; i < 80; i++) /* 80 of 256 + 80 are new ... */
        wzp_lateness_add(&lateness, 500);
    assert_int_equal(wzp_lateness_quantile(&lateness, 500000), 20);
    wzp_lateness_init(&lateness, 8);
    for (uint32_t i = 0; i < 1000; i++)
        wzp_lateness_add(&lateness, 100);
    wzp_lateness_doubt(&lateness);
    for (uint32_t i = 0; i < 80; i++) /* ... and here most */
        wzp_lateness_add(&lateness, 500);
    assert_int_equal(wzp_lateness_quantile(&lateness, 500000), 500);
    wzp_lateness_lower(&lateness, UINT32_MAX);
    assert_int_equal(wzp_lateness_quantile(&lateness, 0), 0);
    wzp_lateness_add(&lateness, UINT32_MAX);
    assert_int_equal(wzp_lateness_quantile(&lateness, 0), WZP_LATENESS_MS_MAX);
}

/* Exponential lateness: of a thousand packets none need be as late as 200 of a million are. */
static void sees_beyond_what_was_seen(void **state)
{
    (void)state;
    double sum = 0;
    for (uint64_t seed = 0; seed < 50; seed++) {
        struct wzp_lateness lateness;
        struct wzp_rng rng = wzp_rng_make(seed, 0);
        wzp_lateness_init(&lateness, 10);
        for (int i = 0; i < 3000; i++)
            wzp_lateness_add(&lateness, (uint32_t)ceil(-20 * log(1 - wzp_rng_unit(&rng))));
        uint32_t extreme = wzp_lateness_extreme(&lateness, 200);
        assert_true(extreme >= wzp_lateness_quantile(&lateness, 200));
        assert_in_range(extreme, 110, 300);
        sum += extreme;
    }
    assert_true(fabs(sum / 50 - 20 * log(5000)) < 20); /* 170 ms */
    struct wzp_lateness lateness;
    wzp_lateness_init(&lateness, 10);
    for (int i = 0; i < 3000; i++) /* nothing above the 99th percentile: nothing to go by */
        wzp_lateness_add(&lateness, i % 2 ? 70 : 5);
    assert_int_equal(wzp_lateness_extreme(&lateness, 200), 70);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(forgets_and_finds_the_quantile),
        cmocka_unit_test(lowers_and_doubts),
        cmocka_unit_test(sees_beyond_what_was_seen),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
