// SPDX-License-Identifier: Apache-2.0
#include "run/drift.h"

#include <math.h>

#include "base/time.h"

#define SETTLES_NS (10 * WZP_S)
#define TOLD_S     20.0 /* of values, after those 10 s */
#define STEP_NS    (5 * WZP_MS)

bool wzp_drift_is_due(const struct wzp_drift *drift, int64_t now_ns)
{
    return drift->next_ns == 0 || now_ns >= drift->next_ns;
}

void wzp_drift_add(struct wzp_drift *drift, int64_t now_ns, int64_t transit_ns)
{
    if (drift->next_ns == 0) {
        drift->first_ns = drift->next_ns = now_ns + SETTLES_NS;
        return;
    }
    int64_t step_ns = transit_ns - drift->last_ns;
    if (drift->count > 0 && (step_ns > STEP_NS || step_ns < -STEP_NS))
        drift->shift_s += (double)step_ns / (double)WZP_S;
    else if (drift->count == 0)
        drift->shift_s = (double)transit_ns / (double)WZP_S; /* small numbers keep their digits */
    drift->last_ns = transit_ns;
    drift->next_ns = now_ns + WZP_S;
    double t = (double)(now_ns - drift->first_ns) / (double)WZP_S;
    double y = (double)transit_ns / (double)WZP_S - drift->shift_s;
    drift->count++;
    drift->t += t;
    drift->y += y;
    drift->tt += t * t;
    drift->ty += t * y;
}

double wzp_drift_ppm(const struct wzp_drift *drift)
{
    if (drift->next_ns == 0 || drift->count < TOLD_S)
        return NAN;
    double spread = drift->count * drift->tt - drift->t * drift->t;
    return -1e6 * (drift->count * drift->ty - drift->t * drift->y) / spread;
}
