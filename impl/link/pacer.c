// SPDX-License-Identifier: Apache-2.0
#include "link/pacer.h"

#define RATE_BPS_MAX UINT64_C(1000000000000) /* keeps the products below within 64 bits */

void wzp_pacer_init(struct wzp_pacer *pacer, uint64_t rate_bps, int64_t now_ns)
{
    *pacer = (struct wzp_pacer){.rate_bps = rate_bps, .free_at_ns = now_ns};
}

void wzp_pacer_set(struct wzp_pacer *pacer, uint64_t rate_bps, int64_t now_ns)
{
    rate_bps = rate_bps < RATE_BPS_MAX ? rate_bps : RATE_BPS_MAX;
    int64_t owed_ns = pacer->free_at_ns - now_ns;
    if (pacer->rate_bps && rate_bps && owed_ns > 0) {
        double owed = (double)owed_ns * ((double)pacer->rate_bps / (double)rate_bps);
        pacer->free_at_ns = now_ns + (owed < (double)WZP_PACER_DEBT_NS ? (int64_t)owed : WZP_PACER_DEBT_NS);
    }
    pacer->rate_bps = rate_bps;
}

int64_t wzp_pacer_at(const struct wzp_pacer *pacer, int64_t queue_ns)
{
    return pacer->rate_bps ? pacer->free_at_ns - wzp_time_max(queue_ns, WZP_PACER_BURST_NS) : INT64_MIN;
}

int64_t wzp_pacer_idle_ns(const struct wzp_pacer *pacer, int64_t now_ns)
{
    return wzp_time_max(now_ns - pacer->free_at_ns, 0);
}

void wzp_pacer_on_sent(struct wzp_pacer *pacer, size_t bytes, int64_t now_ns)
{
    int64_t own_ns = pacer->rate_bps ? (int64_t)(bytes * 8 * (uint64_t)WZP_S / pacer->rate_bps) : 0;
    int64_t free_at_ns = wzp_time_max(pacer->free_at_ns, now_ns) + own_ns;
    pacer->free_at_ns = wzp_time_min(free_at_ns,
                                     now_ns + wzp_time_max(own_ns + WZP_PACER_BURST_NS, WZP_PACER_DEBT_NS));
}
