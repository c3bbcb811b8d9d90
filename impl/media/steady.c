// SPDX-License-Identifier: Apache-2.0
#include "media/steady.h"

void wzp_steady_init(struct wzp_steady *steady)
{
    *steady = (struct wzp_steady){0};
}

static uint64_t settle(struct wzp_steady *steady, uint64_t bps)
{
    steady->off = 0;
    return steady->bps = bps;
}

uint64_t wzp_steady_heed(struct wzp_steady *steady, uint64_t bps, int64_t now_ns)
{
    if (steady->bps == 0 || bps == 0 || bps < steady->bps - steady->bps / 4)
        return settle(steady, bps);
    int off = bps < steady->bps - steady->bps / 8 ? -1 : bps > steady->bps + steady->bps / 4 ? 1 : 0;
    if (off != steady->off) {
        steady->off = off;
        steady->since_ns = now_ns;
        steady->nearest_bps = bps;
    }
    if (off == 0)
        return steady->bps;
    if (off > 0 ? bps < steady->nearest_bps : bps > steady->nearest_bps)
        steady->nearest_bps = bps;
    return now_ns - steady->since_ns < WZP_STEADY_NS ? steady->bps : settle(steady, steady->nearest_bps);
}
