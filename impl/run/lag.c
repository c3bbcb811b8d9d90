// SPDX-License-Identifier: Apache-2.0
#include "run/lag.h"

#include <math.h>

#include "base/time.h"

#define STEP_NS (2 * WZP_MS)

void wzp_lag_add(struct wzp_lag *lag, int64_t value_ns)
{
    if (lag->count++ == 0)
        lag->first_ns = value_ns - WZP_LAG_STEPS / 2 * STEP_NS;
    int64_t step = value_ns < lag->first_ns ? 0 : (value_ns - lag->first_ns) / STEP_NS;
    lag->step[step < WZP_LAG_STEPS ? step : WZP_LAG_STEPS - 1]++;
}

double wzp_lag_quantile_ms(const struct wzp_lag *lag, double q)
{
    uint64_t rank = (uint64_t)ceil(q * (double)lag->count), passed = 0;
    for (int64_t i = 0; i < WZP_LAG_STEPS && lag->count; i++) {
        passed += lag->step[i];
        if (passed > 0 && passed >= rank)
            return (double)(lag->first_ns + i * STEP_NS) / (double)WZP_MS;
    }
    return NAN;
}
