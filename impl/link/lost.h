// SPDX-License-Identifier: Apache-2.0
/*
 * Which packets of bulk are lost, so that what was in them is said again. Signals have a law of their own
 * (stream/send.h).
 *
 * Law (RFC 9002 section 6): a bulk packet that is not acknowledged is lost
 *  - once a number at least 3 above it is acknowledged,
 *  - once a younger one is acknowledged and 9/8 of the round trip (smoothed or latest, whichever is longer;
 * at least 1 ms) has passed since it was sent,
 *  - at once when its record is about to be overwritten.
 * When nothing was acknowledged for RTT + 4 var + 25 ms (at least 50 ms) since the last bulk packet left, the
 * two oldest are taken for lost, so that something asks for an acknowledgement: a probe. Each such pause is
 * 1.25 times the last, but never longer than RTT + 1 s; an acknowledgement of bulk ends the growth. Every
 * bulk packet is judged once; a later acknowledgement still counts.
 *
 * Work is bounded by the packets sent since the last call, and the ring for a probe. Owns its bytes. Chapter:
 * proto/06-frames.md.
 */
#ifndef WZP_LINK_LOST_H
#define WZP_LINK_LOST_H

#include "link/rtt.h"
#include "link/sent.h"

#define WZP_LOST_PROBE_PACKETS 2

struct wzp_lost {
    uint64_t judged;      /* all bulk packets below are acknowledged or lost */
    int64_t last_sent_ns; /* the youngest bulk packet left, or a probe was due */
    unsigned pauses;      /* without an acknowledgement */
    unsigned probes;      /* packets still to be taken for lost */
};

void wzp_lost_init(struct wzp_lost *lost);
void wzp_lost_on_sent(struct wzp_lost *lost, int64_t now_ns); /* a bulk packet */
void wzp_lost_on_acked(struct wzp_lost *lost);                /* likewise */

/* The next lost packet, marked as such; NULL when there is no more. Call it after ACKs, at next_at, and
 * before every packet. */
const struct wzp_sent_packet *wzp_lost_next(struct wzp_lost *lost, struct wzp_sent *sent,
                                            const struct wzp_rtt *rtt, int64_t now_ns);

/* When time alone will make one lost, or a probe is due; `under_way`: any bulk packet is. */
int64_t wzp_lost_next_at(const struct wzp_lost *lost, const struct wzp_sent *sent, const struct wzp_rtt *rtt,
                         bool under_way);
/* At next_at: starts a probe if that is what is due. True if so. */
bool wzp_lost_probe(struct wzp_lost *lost, const struct wzp_rtt *rtt, bool under_way, int64_t now_ns);

#endif
