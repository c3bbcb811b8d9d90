// SPDX-License-Identifier: Apache-2.0
#include "run/drift.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/rng.h"
#include "base/time.h"

#define START (5 * WZP_S)

/* What a jitter buffer would tell of packets each 20 ms: the smallest transit of the last 10 s. */
static double measured(double ppm, int64_t jitter_ns, unsigned seconds, int64_t step_ns, uint64_t seed)
{
    struct wzp_drift drift = {0};
    struct wzp_rng rng = wzp_rng_make(seed, 1);
    int64_t lowest[10], transit_ns = 0;
    for (unsigned second = 0; second < seconds; second++) {
        int64_t *low = &lowest[second % 10];
        *low = INT64_MAX;
        for (unsigned i = 0; i < 50; i++) {
            double at_s = second + i * 0.02;
            int64_t path_ns = 40 * WZP_MS + (second >= seconds / 2 ? step_ns : 0);
            transit_ns = path_ns - (int64_t)(at_s * ppm * 1000) +
                         (int64_t)(wzp_rng_unit(&rng) * (double)jitter_ns);
            *low = wzp_time_min(*low, transit_ns);
        }
        int64_t base_ns = INT64_MAX;
        for (unsigned i = 0; i <= second && i < 10; i++)
            base_ns = wzp_time_min(base_ns, lowest[i]);
        int64_t now_ns = START + second * WZP_S;
        if (wzp_drift_is_due(&drift, now_ns))
            wzp_drift_add(&drift, now_ns, base_ns);
    }
    return wzp_drift_ppm(&drift);
}

static void test_clocks(void **state)
{
    (void)state;
    static const struct {
        double ppm, within;
        int64_t jitter_ns, step_ns;
        unsigned seconds;
    } rows[] = {{0, 0.5, 0, 0, 60},
                {100, 0.5, 0, 0, 60},
                {-200, 0.5, 0, 0, 60},
                {50, 10, 40 * WZP_MS, 0, 70},
                {-50, 10, 40 * WZP_MS, 0, 70},
                {100, 3, 20 * WZP_MS, 0, 600},
                {100, 10, 10 * WZP_MS, -30 * WZP_MS, 300},  /* another path halfway, nearer ... */
                {-100, 10, 10 * WZP_MS, 30 * WZP_MS, 300}}; /* ... or farther */
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        for (uint64_t seed = 1; seed <= 5; seed++) {
            double ppm = measured(rows[i].ppm, rows[i].jitter_ns, rows[i].seconds, rows[i].step_ns, seed);
            if (!(fabs(ppm - rows[i].ppm) <= rows[i].within))
                fail_msg("row %zu, seed %u: %.2f ppm", i, (unsigned)seed, ppm);
        }
}

static void test_nothing_is_told_too_soon(void **state)
{
    (void)state;
    assert_true(isnan(measured(100, 0, 0, 0, 1)));
    assert_true(isnan(measured(100, 0, 25, 0, 1)));
    assert_true(!isnan(measured(100, 0, 35, 0, 1)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_clocks),
                                       cmocka_unit_test(test_nothing_is_told_too_soon)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
