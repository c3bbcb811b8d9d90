// SPDX-License-Identifier: Apache-2.0
/*
 * The loss of our outgoing direction, as the peer's acknowledgements show it.
 *
 * Law: the share of packets not acknowledged among the newest 128 that can be judged. A packet can be judged
 * once an ACK spoke of it, a number at least 3 above it is acknowledged, and the largest such was sent later
 * by more than RTT / 8 and 10 ms (RFC 9002 section 6.1 in kind). Each counts once, as it stands now: a late
 * acknowledgement corrects. Before evidence there is a prior: 20 permille, or what the copies of the
 * handshake tell. Probes of the path's MTU are not judged. It fades in a straight line and is gone when 64
 * packets are judged. Burst losses and causes are not told apart here. Owns its bytes; work per
 * acknowledgement is bounded by the ring. Chapter: proto/06-frames.md.
 */
#ifndef WZP_LINK_LOSS_H
#define WZP_LINK_LOSS_H

#include "link/sent.h"

#define WZP_LOSS_WINDOW         128
#define WZP_LOSS_PRIOR_PERMILLE 20
#define WZP_LOSS_PRIOR_FADED    64 /* judged packets after which the prior is gone */

struct wzp_loss {
    unsigned judged, lost; /* among the newest WZP_LOSS_WINDOW */
    unsigned prior_permille;
    unsigned prior_weight; /* packets that the prior is worth */
    uint64_t first_number; /* older ones went another way */
};

void wzp_loss_init(struct wzp_loss *loss);

/*
 * The first handshake message of the peer that came through was its copy number `copy`, from 0: so `copy` of
 * `copy` + 1 were lost on the way here, and it is taken to be alike on the way there.
 */
void wzp_loss_seed_copies(struct wzp_loss *loss, unsigned copy);

/* Packets take another path from `first_number` on: back to the prior. */
void wzp_loss_restart(struct wzp_loss *loss, uint64_t first_number);

/* After each wzp_sent_on_ack. Times are those of the records: no `now` is needed. */
void wzp_loss_on_ack(struct wzp_loss *loss, const struct wzp_sent *sent);

unsigned wzp_loss_permille(const struct wzp_loss *loss); /* 0 to 1000 */

#endif
