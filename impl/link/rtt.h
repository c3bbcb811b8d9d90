// SPDX-License-Identifier: Apache-2.0
/*
 * The round trip time as RFC 9002 section 5 estimates it, in integers.
 *
 * Law: 333 ms and half of it as variation before anything is known; the first sample replaces guess and seed;
 * the peer's delay is taken off a sample unless that would go below the smallest one. Owns its bytes.
 * Chapter: proto/06-frames.md.
 */
#ifndef WZP_LINK_RTT_H
#define WZP_LINK_RTT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/time.h"

#define WZP_RTT_INITIAL_NS (333 * WZP_MS)

struct wzp_rtt {
    int64_t latest_ns, min_ns; /* 0 before a sample */
    int64_t adjusted_ns;       /* the latest less the peer's delay, not below the smallest */
    uint64_t samples;
    int64_t smoothed_ns, var_ns;
    bool has_sample;
    bool is_known; /* by a sample or a seed */
};

void wzp_rtt_init(struct wzp_rtt *rtt);

/* What the handshake took. It may have been measured across repeats, so it never becomes the minimum. */
void wzp_rtt_seed(struct wzp_rtt *rtt, int64_t rtt_ns);

/* `sample_ns` with the peer's delay in it; an impossible delay is ignored. */
void wzp_rtt_on_sample(struct wzp_rtt *rtt, int64_t sample_ns, int64_t ack_delay_ns);

/* The smoothed time, or 0 while nothing is known: what struct wzp_stream_path wants. */
int64_t wzp_rtt_known_ns(const struct wzp_rtt *rtt);

#endif
