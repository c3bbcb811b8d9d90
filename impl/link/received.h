// SPDX-License-Identifier: Apache-2.0
/*
 * What arrived, and when to say so.
 *
 * Law: an acknowledgement is due at once when two eliciting packets wait for it or an eliciting one came out
 * of order or after a gap; else 25 ms after the first that waits; but not within 5 ms of the last one, or
 * what a thin way back asks for, unless 32 eliciting packets wait. Nothing is due while no eliciting packet
 * waits. It may be taken early, when a packet leaves anyway. Each one says all that is known: the newest 33
 * ranges, as many as fit, so that a lost one is made good by the next. 33 ranges span at least 65
 * numbers, 1.3 s at 50 packets a second, and about 2.6 s at 50 % random loss; older gaps are forgotten, and
 * what is below them is acknowledged no more.
 *
 * Feed each packet once (link/replay.h sees to that). Owns its bytes; work is bounded by 33 ranges. Whether a
 * packet was eliciting is the caller's to know. Chapter: proto/06-frames.md; RFC 9000 sections 13.2 and 19.3.
 */
#ifndef WZP_LINK_RECEIVED_H
#define WZP_LINK_RECEIVED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/time.h"
#include "wire/wire.h"

#define WZP_RECEIVED_RANGES   (WZP_ACK_RANGES_MAX + 1)
#define WZP_ACK_DELAY_NS      (25 * WZP_MS)
#define WZP_ACK_INTERVAL_NS   (5 * WZP_MS)
#define WZP_ACK_BITS          (64 * 8) /* of a datagram that holds one, with the headers around it */
#define WZP_ACK_SHARE         8        /* of the way back, a part */
#define WZP_ACK_ROUNDS        2
#define WZP_ACK_ELICITING_MAX 2
#define WZP_ACK_PENDING_MAX   32

struct wzp_received {
    struct wzp_received_range {
        uint64_t first, last;
    } ranges[WZP_RECEIVED_RANGES]; /* newest first, apart by at least one number */
    unsigned ranges_count;
    int64_t largest_at_ns; /* when ranges[0].last arrived */
    unsigned pending;      /* eliciting packets not acknowledged yet */
    int64_t due_ns;        /* while pending */
    int64_t interval_ns;   /* between two, at least */
    int64_t earliest_ns;   /* so long after the last acknowledgement */
};

void wzp_received_init(struct wzp_received *received);
void wzp_received_on_packet(struct wzp_received *received, uint64_t number, bool eliciting, int64_t now_ns);

/* The way back carries so much; 0: not known. Acknowledgements that leave by themselves take an eighth of it,
 * as long as one comes WZP_ACK_ROUNDS times a round trip: fewer would slow down who measures by them. */
void wzp_received_set_rate(struct wzp_received *received, uint64_t rate_bps, int64_t rtt_ns);

/* When an acknowledgement has to leave by itself; WZP_NEVER if no eliciting packet waits for one. */
int64_t wzp_received_ack_at(const struct wzp_received *received);

/*
 * An ACK frame of at most `room` bytes, its type byte counted; what waited is acknowledged then. False, and
 * nothing changes, if nothing ever arrived or `room` is too small for the newest range.
 */
bool wzp_received_ack(struct wzp_received *received, int64_t now_ns, size_t room, struct wzp_frame_ack *ack);

/* Another frame told of all that waited. */
void wzp_received_on_told(struct wzp_received *received, int64_t now_ns);

#endif
