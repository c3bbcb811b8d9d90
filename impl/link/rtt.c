// SPDX-License-Identifier: Apache-2.0
#include "link/rtt.h"

void wzp_rtt_init(struct wzp_rtt *rtt)
{
    *rtt = (struct wzp_rtt){.smoothed_ns = WZP_RTT_INITIAL_NS, .var_ns = WZP_RTT_INITIAL_NS / 2};
}

void wzp_rtt_seed(struct wzp_rtt *rtt, int64_t rtt_ns)
{
    if (rtt->has_sample || rtt_ns < 0)
        return;
    rtt->smoothed_ns = rtt_ns;
    rtt->var_ns = rtt_ns / 2;
    rtt->is_known = true;
}

void wzp_rtt_on_sample(struct wzp_rtt *rtt, int64_t sample_ns, int64_t ack_delay_ns)
{
    rtt->latest_ns = sample_ns;
    if (!rtt->has_sample) {
        *rtt = (struct wzp_rtt){
            .latest_ns = sample_ns,
            .min_ns = sample_ns,
            .adjusted_ns = sample_ns,
            .samples = 1,
            .smoothed_ns = sample_ns,
            .var_ns = sample_ns / 2,
            .has_sample = true,
            .is_known = true,
        };
        return;
    }
    rtt->min_ns = wzp_time_min(rtt->min_ns, sample_ns);
    int64_t adjusted_ns = sample_ns;
    if (ack_delay_ns >= 0 && ack_delay_ns <= sample_ns - rtt->min_ns)
        adjusted_ns -= ack_delay_ns;
    rtt->adjusted_ns = wzp_time_max(sample_ns - wzp_time_max(ack_delay_ns, 0), rtt->min_ns);
    rtt->samples++;
    int64_t off_ns = rtt->smoothed_ns - adjusted_ns;
    rtt->var_ns = (3 * rtt->var_ns + (off_ns < 0 ? -off_ns : off_ns)) / 4;
    rtt->smoothed_ns = (7 * rtt->smoothed_ns + adjusted_ns) / 8;
}

int64_t wzp_rtt_known_ns(const struct wzp_rtt *rtt)
{
    return rtt->is_known ? rtt->smoothed_ns : 0;
}
