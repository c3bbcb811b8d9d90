// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/rng.h"
#include "link/rtt.h"

#include <stdlib.h>

static void test_rows(void **state)
{
    (void)state;
    struct wzp_rtt rtt;
    wzp_rtt_init(&rtt);
    assert_int_equal(rtt.smoothed_ns, 333 * WZP_MS);
    assert_int_equal(wzp_rtt_known_ns(&rtt), 0);
    wzp_rtt_seed(&rtt, 500 * WZP_MS);
    assert_int_equal(wzp_rtt_known_ns(&rtt), 500 * WZP_MS);
    assert_int_equal(rtt.var_ns, 250 * WZP_MS);
    static const struct {
        int64_t sample_ms, delay_ms, adjusted_ms, min_ms, smoothed_us, var_us;
    } rows[] = {
        {100, 0, 100, 100, 100000, 50000},  /* replaces the seed */
        {140, 20, 120, 100, 102500, 42500}, /* 120 counts */
        {110, 20, 100, 100, 103437, 33750}, /* 90 would be below the smallest: 110 counts */
        {60, 0, 60, 60, 98007, 36171},      /* a new smallest */
        {98, -5, 98, 60, 98006, 27130},     /* no such delay */
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        wzp_rtt_on_sample(&rtt, rows[i].sample_ms * WZP_MS, rows[i].delay_ms * WZP_MS);
        assert_int_equal(rtt.latest_ns, rows[i].sample_ms * WZP_MS);
        assert_int_equal(rtt.adjusted_ns, rows[i].adjusted_ms * WZP_MS);
        assert_int_equal(rtt.samples, i + 1);
        assert_int_equal(rtt.min_ns, rows[i].min_ms * WZP_MS);
        assert_true(llabs(rtt.smoothed_ns / WZP_US - rows[i].smoothed_us) <= 1);
        assert_true(llabs(rtt.var_ns / WZP_US - rows[i].var_us) <= 1);
    }
    wzp_rtt_seed(&rtt, 1 * WZP_MS); /* too late to matter */
    assert_true(rtt.smoothed_ns > 90 * WZP_MS);
}

/* The formulas of RFC 9002 section 5.3 in real numbers. */
static void test_twin(void **state)
{
    (void)state;
    struct wzp_rng rng = wzp_rng_make(1, 0);
    struct wzp_rtt rtt;
    double smoothed = 0, var = 0, least = 1e18;
    wzp_rtt_init(&rtt);
    for (int i = 0; i < 20000; i++) {
        int64_t sample_ns = 50 * WZP_MS + (int64_t)wzp_rng_below(&rng, 100 * WZP_MS);
        int64_t delay_ns = (int64_t)wzp_rng_below(&rng, 60 * WZP_MS);
        wzp_rtt_on_sample(&rtt, sample_ns, delay_ns);
        double sample = (double)sample_ns, delay = (double)delay_ns;
        least = sample < least ? sample : least;
        if (i == 0) {
            smoothed = sample;
            var = sample / 2;
        } else {
            double adjusted = sample >= least + delay ? sample - delay : sample;
            double off = smoothed > adjusted ? smoothed - adjusted : adjusted - smoothed;
            var = 0.75 * var + 0.25 * off;
            smoothed = 0.875 * smoothed + 0.125 * adjusted;
        }
        assert_true(llabs(rtt.smoothed_ns - (int64_t)smoothed) < 20);
        assert_true(llabs(rtt.var_ns - (int64_t)var) < 20);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_twin),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
