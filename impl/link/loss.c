// SPDX-License-Identifier: Apache-2.0
#include "link/loss.h"
#include "base/time.h"

#define NUMBERS_LATER   3
#define LATER_NS_MIN    (10 * WZP_MS)
#define SEED_WEIGHT_MAX 16

void wzp_loss_init(struct wzp_loss *loss)
{
    *loss = (struct wzp_loss){.prior_permille = WZP_LOSS_PRIOR_PERMILLE, .prior_weight = 8};
}

/* The plain prior counts as one packet beside those of the handshake. */
void wzp_loss_seed_copies(struct wzp_loss *loss, unsigned copy)
{
    unsigned lost = copy < SEED_WEIGHT_MAX ? copy : SEED_WEIGHT_MAX;
    loss->prior_weight = lost + 2;
    loss->prior_permille = (lost * 1000 + WZP_LOSS_PRIOR_PERMILLE) / loss->prior_weight;
}

void wzp_loss_restart(struct wzp_loss *loss, uint64_t first_number)
{
    wzp_loss_init(loss);
    loss->first_number = first_number;
}

void wzp_loss_on_ack(struct wzp_loss *loss, const struct wzp_sent *sent)
{
    if (!sent->any_acked || sent->largest_acked < NUMBERS_LATER)
        return;
    int64_t later_ns = wzp_time_max(sent->rtt_sample_ns / 8, LATER_NS_MIN);
    const struct wzp_sent_packet *packet;
    loss->judged = loss->lost = 0;
    for (uint64_t end = sent->largest_acked - NUMBERS_LATER + 1;
         end > loss->first_number && loss->judged < WZP_LOSS_WINDOW; end--) {
        packet = wzp_sent_find(sent, end - 1);
        if (!packet)
            break;
        if (packet->is_probe || !packet->reported ||
            sent->largest_acked_sent_ns - packet->sent_ns <= later_ns)
            continue;
        loss->judged++;
        loss->lost += !packet->acked;
    }
}

unsigned wzp_loss_permille(const struct wzp_loss *loss)
{
    unsigned left = loss->judged < WZP_LOSS_PRIOR_FADED ? WZP_LOSS_PRIOR_FADED - loss->judged : 0;
    /* in parts of a packet, so that a fading prior is not cut to nothing at once */
    unsigned prior = loss->prior_weight * left, seen = loss->judged * WZP_LOSS_PRIOR_FADED;
    unsigned lost = loss->lost * WZP_LOSS_PRIOR_FADED * 1000 + prior * loss->prior_permille;
    return lost / (prior + seen);
}
