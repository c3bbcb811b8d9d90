// SPDX-License-Identifier: Apache-2.0
#include "link/estimate.h"

void wzp_estimate_init(struct wzp_estimate *estimate, enum wzp_estimate_kind kind, uint64_t start_bps,
                       int64_t now_ns)
{
    (void)now_ns;
    *estimate = (struct wzp_estimate){.kind = kind, .start_bps = start_bps};
}

void wzp_estimate_restart(struct wzp_estimate *estimate, uint64_t first_number, int64_t now_ns)
{
    (void)estimate;
    (void)first_number;
    (void)now_ns;
}

void wzp_estimate_set_bounds(struct wzp_estimate *estimate, uint64_t max_bps, uint64_t wish_bps)
{
    estimate->max_bps = max_bps;
    estimate->wish_bps = wish_bps;
}

void wzp_estimate_on_sent(struct wzp_estimate *estimate, uint64_t number, size_t bytes, int64_t now_ns)
{
    (void)estimate;
    (void)number;
    (void)bytes;
    (void)now_ns;
}

void wzp_estimate_on_idle(struct wzp_estimate *estimate, int64_t now_ns)
{
    (void)estimate;
    (void)now_ns;
}

void wzp_estimate_on_report(struct wzp_estimate *estimate, const struct wzp_feedback_report *report,
                            const struct wzp_sent *sent, int64_t now_ns)
{
    (void)estimate;
    (void)report;
    (void)sent;
    (void)now_ns;
}

int64_t wzp_estimate_next_at(const struct wzp_estimate *estimate)
{
    (void)estimate;
    return WZP_NEVER;
}

void wzp_estimate_advance(struct wzp_estimate *estimate, int64_t now_ns)
{
    (void)estimate;
    (void)now_ns;
}

uint64_t wzp_estimate_target_bps(const struct wzp_estimate *estimate)
{
    uint64_t most = estimate->max_bps ? estimate->max_bps : UINT64_MAX;
    uint64_t rate = estimate->start_bps < most ? estimate->start_bps : most;
    return rate > WZP_ESTIMATE_BPS_MIN ? rate : WZP_ESTIMATE_BPS_MIN;
}

uint64_t wzp_estimate_pace_bps(const struct wzp_estimate *estimate)
{
    return wzp_estimate_target_bps(estimate);
}

bool wzp_estimate_wants_padding(const struct wzp_estimate *estimate)
{
    (void)estimate;
    return false;
}
