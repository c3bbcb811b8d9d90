// SPDX-License-Identifier: Apache-2.0
/*
 * When a packet may leave, so that what is sent passes a link of a given rate without a queue to speak of.
 *
 * It keeps the time at which such a link would have sent all it was given. Law: whoever asks
 * wzp_pacer_at(pacer, 0) before each packet sends at most rate * time + WZP_PACER_BURST_NS of bytes and one
 * packet in any time. Who does not ask (control, keys and speech, which never wait) makes a debt that the
 * others wait for, WZP_PACER_DEBT_NS of it at most. A rate of 0 paces nothing. Integers, no clock; the
 * caller's struct. The same idea as a virtual scheduling algorithm (GCRA, ITU-T I.371).
 *
 * Not here: what the rate is (link/estimate.h), what goes first (session/send.c), a bound that counts every
 * byte (link/rate.h).
 */
#ifndef WZP_LINK_PACER_H
#define WZP_LINK_PACER_H

#include <stddef.h>
#include <stdint.h>

#include "base/time.h"

#define WZP_PACER_BURST_NS (2 * WZP_MS) /* timers are no finer than 1 ms */
#define WZP_PACER_DEBT_NS  (250 * WZP_MS)

struct wzp_pacer {
    uint64_t rate_bps; /* 0: paces nothing */
    int64_t free_at_ns;
};

void wzp_pacer_init(struct wzp_pacer *pacer, uint64_t rate_bps, int64_t now_ns);
/* From now on; what is owed takes as much longer or shorter. */
void wzp_pacer_set(struct wzp_pacer *pacer, uint64_t rate_bps, int64_t now_ns);
/* When the next packet may leave if `queue_ns` of what was sent may still wait in front of the link;
 * INT64_MIN: at any time. */
int64_t wzp_pacer_at(const struct wzp_pacer *pacer, int64_t queue_ns);
/* For so long nothing was owed: there was nothing to send. 0: something was. */
int64_t wzp_pacer_idle_ns(const struct wzp_pacer *pacer, int64_t now_ns);
/* `bytes` left, IP and UDP headers counted. */
void wzp_pacer_on_sent(struct wzp_pacer *pacer, size_t bytes, int64_t now_ns);

#endif
