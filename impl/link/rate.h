// SPDX-License-Identifier: Apache-2.0
/*
 * A bound on what leaves: at most so many bytes in any 500 ms.
 *
 * Law: when only what wzp_rate_room allows is sent, no 500 ms hold more than rate_bps / 16 bytes, and a
 * bound below 24 kbit/s counts as that. Time is cut into slices of 5 ms and a slice counts until all of it is
 * 500 ms old, so that at most one slice in a hundred is not used. A rate of 0 bounds nothing, and what is
 * sent counts all the same: a bound that is learned later looks back. Beside it stands a queue as in front of
 * a link of that rate, for what is not to leave into a queue. Owns its bytes; work per call is bounded by the
 * slices. `now_ns` must not fall.
 *
 * Not here: what goes first (session/send.c), what the network carries.
 */
#ifndef WZP_LINK_RATE_H
#define WZP_LINK_RATE_H

#include <stddef.h>
#include <stdint.h>

#include "base/time.h"

#define WZP_RATE_BYTES_MIN                                                                                   \
    1500 /* a datagram, IP and UDP headers counted: whatever is to be said fits a window */
#define WZP_RATE_WINDOW_NS (500 * WZP_MS)
#define WZP_RATE_SLICE_NS  (5 * WZP_MS)
#define WZP_RATE_SLICES    101 /* the window's, and the one that is being filled */

struct wzp_rate {
    uint64_t bytes_max; /* in a window; 0: no bound */
    uint64_t held;      /* bytes of all slices */
    int64_t slice;      /* number of the newest: time / WZP_RATE_SLICE_NS */
    int64_t busy_to_ns; /* until when a link of this rate would be busy with what was sent */
    uint32_t bytes[WZP_RATE_SLICES];
};

void wzp_rate_init(struct wzp_rate *rate, uint64_t rate_bps);
/* Another bound from now on; what was sent stays counted. */
void wzp_rate_set(struct wzp_rate *rate, uint64_t rate_bps);
/* Bytes that may leave now; SIZE_MAX without a bound. */
size_t wzp_rate_room(const struct wzp_rate *rate, int64_t now_ns);
/* When `bytes` (not above rate_bps / 16: else the time of an empty window) may leave. */
int64_t wzp_rate_at(const struct wzp_rate *rate, size_t bytes, int64_t now_ns);
/* When no more than `queue_ns` of what was sent would still wait in front of a link of this rate. */
int64_t wzp_rate_clear_at(const struct wzp_rate *rate, int64_t queue_ns);
void wzp_rate_on_sent(struct wzp_rate *rate, size_t bytes, int64_t now_ns);

#endif
