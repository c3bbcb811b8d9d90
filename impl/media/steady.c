// SPDX-License-Identifier: Apache-2.0
#include "media/steady.h"

#define NOISE 32 /* a 32nd */
#define RISE  10 /* a tenth */

void wzp_steady_init(struct wzp_steady *steady)
{
    *steady = (struct wzp_steady){.rises_since = INT64_MAX};
}

static uint64_t settle(struct wzp_steady *steady, uint64_t bps)
{
    steady->rises_since = INT64_MAX;
    return steady->bps = bps;
}

uint64_t wzp_steady_heed(struct wzp_steady *steady, uint64_t bps, int64_t now_ns)
{
    if (steady->bps == 0 || bps == 0 || bps < steady->bps - steady->bps / NOISE)
        return settle(steady, bps);
    if (bps < steady->bps + steady->bps / RISE) {
        steady->rises_since = INT64_MAX;
        return steady->bps;
    }
    if (steady->rises_since == INT64_MAX) {
        steady->rises_since = now_ns;
        steady->least_bps = bps;
    }
    steady->least_bps = bps < steady->least_bps ? bps : steady->least_bps;
    return now_ns - steady->rises_since < WZP_STEADY_RISE_NS ? steady->bps
                                                             : settle(steady, steady->least_bps);
}
