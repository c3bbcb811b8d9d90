// SPDX-License-Identifier: Apache-2.0
/* The meter against a twin that adds up every window by hand. */
#include "sim/meter.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>

#include <cmocka.h>
#include <math.h>

#include "base/rng.h"
#include "base/time.h"

#define PACKETS 300

static void test_rows(void **state)
{
    (void)state;
    struct sim_meter meter = {0};
    assert_true(isnan(sim_meter_kbps(&meter, 5, 5)) && sim_meter_kbps(&meter, 0, WZP_S) == 0);
    assert_true(sim_meter_peak_kbps(&meter, 500 * WZP_MS) == 0);
    sim_meter_add(&meter, 0, 125);
    sim_meter_add(&meter, 500 * WZP_MS, 125);
    sim_meter_add(&meter, 999 * WZP_MS, 250);
    assert_int_equal(sim_meter_bytes(&meter, 0, 500 * WZP_MS), 125);
    assert_int_equal(sim_meter_bytes(&meter, 1, 500 * WZP_MS + 1), 125);
    assert_int_equal(sim_meter_bytes(&meter, 2 * WZP_S, WZP_S), 0);
    assert_true(sim_meter_kbps(&meter, 0, WZP_S) == 4);
    /* two packets just 500 ms apart never stand in one window of 500 ms */
    assert_true(sim_meter_peak_kbps(&meter, 500 * WZP_MS) == 6);
    assert_true(sim_meter_peak_kbps(&meter, 500 * WZP_MS + 1) < 6.001);
    assert_true(sim_meter_peak_kbps(&meter, WZP_S) == 4);
    sim_meter_deinit(&meter);
}

static void test_twin(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 20; seed++) {
        struct wzp_rng rng = wzp_rng_make(seed, 0);
        struct sim_meter meter = {0};
        int64_t at_ns[PACKETS], window_ns = 1 + (int64_t)wzp_rng_below(&rng, 200);
        size_t bytes[PACKETS];
        uint64_t most = 0;
        for (size_t i = 0; i < PACKETS; i++) {
            at_ns[i] = (i ? at_ns[i - 1] : 0) + (int64_t)wzp_rng_below(&rng, 30);
            bytes[i] = 28 + wzp_rng_below(&rng, 1472);
            sim_meter_add(&meter, at_ns[i], bytes[i]);
        }
        for (int64_t from_ns = -window_ns; from_ns <= at_ns[PACKETS - 1]; from_ns++) {
            uint64_t sum = 0;
            for (size_t i = 0; i < PACKETS; i++)
                sum += at_ns[i] >= from_ns && at_ns[i] < from_ns + window_ns ? bytes[i] : 0;
            assert_int_equal(sim_meter_bytes(&meter, from_ns, from_ns + window_ns), sum);
            most = sum > most ? sum : most;
        }
        assert_true(fabs(sim_meter_peak_kbps(&meter, window_ns) - (double)most * 8e6 / (double)window_ns) <
                    1e-6);
        sim_meter_deinit(&meter);
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
