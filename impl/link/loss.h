// SPDX-License-Identifier: Apache-2.0
/*
 * The loss of our outgoing direction: the one estimate, of what acknowledgements show and reports say.
 *
 * Law: the share of packets not acknowledged among the newest that can be judged: those of the last second,
 * at least 128; but where these go back more than 1.8 s, only what left since, at least 64: a step of loss is
 * seen whole within 2 s. A packet can be judged once an ACK or a FEEDBACK spoke of it, a number at least 3
 * above it is acknowledged, and the largest such was sent later by more than RTT / 8 and 10 ms (RFC 9002
 * section 6.1 in kind). Each counts once, as it stands now: a late acknowledgement corrects. For those among
 * them that nobody spoke of stands the share that the peer's newest report tells.
 *
 * Before evidence there is a prior: 20 permille, or what the copies of the handshake tell. It fades in a
 * straight line and is gone when 64 packets are judged. Probes of the path's MTU are not judged. Causes of
 * loss are not told apart here. Owns its bytes; work per acknowledgement is bounded by the ring.
 * Chapter: proto/06-frames.md.
 */
#ifndef WZP_LINK_LOSS_H
#define WZP_LINK_LOSS_H

#include "base/time.h"
#include "link/sent.h"

#define WZP_LOSS_WINDOW         128
#define WZP_LOSS_WINDOW_NS      (1 * WZP_S)
#define WZP_LOSS_WINDOW_NS_MAX  (1800 * WZP_MS)
#define WZP_LOSS_PRIOR_PERMILLE 20
#define WZP_LOSS_PRIOR_FADED    64 /* judged packets after which the prior is gone */

struct wzp_loss {
    unsigned judged, lost, runs; /* in the window; runs of lost ones */
    unsigned unspoken;           /* packets in it that nobody spoke of; 0 without a report */
    unsigned prior_permille;
    unsigned prior_weight; /* packets that the prior is worth */
    uint64_t first_number; /* older ones went another way */
    bool has_report;
    uint64_t report_largest;
    unsigned report_permille, report_burst_16;
};

void wzp_loss_init(struct wzp_loss *loss);

/*
 * The first handshake message of the peer that came through was its copy number `copy`, from 0: so `copy` of
 * `copy` + 1 were lost on the way here, and it is taken to be alike on the way there. 16 and more tell that
 * somebody was away, and nothing of loss: at 70 % that many are lost once in 300 handshakes.
 */
void wzp_loss_seed_copies(struct wzp_loss *loss, unsigned copy);

/* Packets take another path from `first_number` on: back to the prior. */
void wzp_loss_restart(struct wzp_loss *loss, uint64_t first_number);

/* After each wzp_sent_on_ack or wzp_sent_on_receipts. Times are those of the records: no `now` is needed. */
void wzp_loss_on_ack(struct wzp_loss *loss, const struct wzp_sent *sent);

/* What the peer's newest report says, up to the number `largest`; burst_16 0: nothing was lost. Before
 * wzp_loss_on_ack. */
void wzp_loss_on_report(struct wzp_loss *loss, uint64_t largest, unsigned permille, unsigned burst_16);

unsigned wzp_loss_permille(const struct wzp_loss *loss); /* 0 to 1000 */

/* Mean run of lost packets, in 1/16 packets; 16 where none is known. */
unsigned wzp_loss_burst_16(const struct wzp_loss *loss);

struct wzp_loss_seen {
    unsigned permille, judged;
};

/* What was seen of one way of a link, with what was seen of the other where chance explains what lies between
 * them: links mostly lose alike. The other counts at most as much; and only where much is lost, for there
 * each percent counts. */
struct wzp_loss_seen wzp_loss_pool(struct wzp_loss_seen way, struct wzp_loss_seen other);

#endif
