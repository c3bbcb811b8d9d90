// SPDX-License-Identifier: Apache-2.0
#include "media/steady.h"

void wzp_steady_init(struct wzp_steady *steady)
{
    *steady = (struct wzp_steady){0};
}

static uint64_t settle(struct wzp_steady *steady, uint64_t bps)
{
    steady->off = 0;
    steady->more_bps = 0;
    return steady->bps = bps;
}

/* A small rise that lasts for long: a plan for less wastes the rest for as long as it stands. */
static bool is_more(struct wzp_steady *steady, uint64_t bps, int64_t now_ns)
{
    if (bps <= steady->bps + steady->bps / 16) {
        steady->more_bps = 0;
        return false;
    }
    if (steady->more_bps == 0)
        steady->more_since_ns = now_ns;
    if (steady->more_bps == 0 || bps < steady->more_bps)
        steady->more_bps = bps;
    return now_ns - steady->more_since_ns >= WZP_STEADY_MORE_NS;
}

uint64_t wzp_steady_heed(struct wzp_steady *steady, uint64_t bps, int64_t now_ns)
{
    if (steady->bps == 0 || bps == 0 || bps < steady->bps - steady->bps / 4)
        return settle(steady, bps);
    if (is_more(steady, bps, now_ns))
        return settle(steady, steady->more_bps);
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
