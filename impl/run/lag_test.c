// SPDX-License-Identifier: Apache-2.0
/* Against sorting all values. */
#include "run/lag.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>
#include <math.h>

#include "base/rng.h"
#include "base/time.h"

#define VALUES 999

static int compare(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static void is_close_to_sorting(void **state)
{
    (void)state;
    static const double quantiles[] = {0, 0.5, 0.95, 1};
    for (uint64_t seed = 1; seed <= 20; seed++) {
        struct wzp_rng rng = wzp_rng_make(seed, 0);
        struct wzp_lag lag = {0};
        int64_t value[VALUES], base = (int64_t)wzp_rng_below(&rng, 100 * WZP_S) - 50 * WZP_S;
        for (size_t i = 0; i < VALUES; i++) {
            value[i] = base + (int64_t)wzp_rng_below(&rng, WZP_S);
            wzp_lag_add(&lag, value[i]);
        }
        qsort(value, VALUES, sizeof *value, compare);
        for (size_t i = 0; i < sizeof quantiles / sizeof *quantiles; i++) {
            size_t rank = (size_t)ceil(quantiles[i] * VALUES);
            double exact_ms = (double)value[rank ? rank - 1 : 0] / 1e6;
            double found_ms = wzp_lag_quantile_ms(&lag, quantiles[i]);
            assert_true(found_ms <= exact_ms && found_ms > exact_ms - 2.001);
        }
    }
}

static void ends(void **state)
{
    (void)state;
    struct wzp_lag lag = {0};
    assert_true(isnan(wzp_lag_quantile_ms(&lag, 0.5)));
    wzp_lag_add(&lag, 0);
    assert_true(wzp_lag_quantile_ms(&lag, 0.5) == 0);
    wzp_lag_add(&lag, INT64_C(-1000000) * WZP_S);
    wzp_lag_add(&lag, INT64_C(1000000) * WZP_S);
    assert_true(wzp_lag_quantile_ms(&lag, 0) == -2048);
    assert_true(wzp_lag_quantile_ms(&lag, 0.5) == 0);
    assert_true(wzp_lag_quantile_ms(&lag, 1) == 2046);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(is_close_to_sorting),
        cmocka_unit_test(ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
