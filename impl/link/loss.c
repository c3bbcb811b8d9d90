// SPDX-License-Identifier: Apache-2.0
#include "link/loss.h"

#define NUMBERS_LATER   3
#define LATER_NS_MIN    (10 * WZP_MS)
#define COPIES_LOST_MAX 16

void wzp_loss_init(struct wzp_loss *loss)
{
    *loss = (struct wzp_loss){.prior_permille = WZP_LOSS_PRIOR_PERMILLE, .prior_weight = 8};
}

/* The plain prior counts as one packet beside those of the handshake. */
void wzp_loss_seed_copies(struct wzp_loss *loss, unsigned copy)
{
    if (copy >= COPIES_LOST_MAX)
        return;
    loss->prior_weight = copy + 2;
    loss->prior_permille = (copy * 1000 + WZP_LOSS_PRIOR_PERMILLE) / loss->prior_weight;
}

void wzp_loss_restart(struct wzp_loss *loss, uint64_t first_number)
{
    wzp_loss_init(loss);
    loss->first_number = first_number;
}

/* Enough is judged when so many packets were and the oldest of them left so long before the newest. */
static bool is_enough(const struct wzp_loss *loss, int64_t span_ns)
{
    unsigned known = loss->judged + loss->unspoken;
    return (known >= WZP_LOSS_WINDOW && span_ns >= WZP_LOSS_WINDOW_NS) ||
           (known >= WZP_LOSS_PRIOR_FADED && span_ns >= WZP_LOSS_WINDOW_NS_MAX);
}

void wzp_loss_on_ack(struct wzp_loss *loss, const struct wzp_sent *sent)
{
    if (!sent->any_acked || sent->largest_acked < NUMBERS_LATER)
        return;
    int64_t later_ns = wzp_time_max(sent->rtt_sample_ns / 8, LATER_NS_MIN), newest_ns = INT64_MIN;
    bool in_run = false;
    const struct wzp_sent_packet *packet;
    loss->judged = loss->lost = loss->runs = loss->unspoken = 0;
    uint64_t end = sent->largest_acked - NUMBERS_LATER + 1;
    for (; end > loss->first_number; end--) {
        packet = wzp_sent_find(sent, end - 1);
        if (!packet)
            break;
        if (packet->is_probe || sent->largest_acked_sent_ns - packet->sent_ns <= later_ns)
            continue;
        newest_ns = wzp_time_max(newest_ns, packet->sent_ns);
        if (is_enough(loss, newest_ns - packet->sent_ns))
            break;
        if (!packet->reported) {
            loss->unspoken += loss->has_report && packet->number <= loss->report_largest;
            continue;
        }
        loss->judged++;
        loss->lost += !packet->acked;
        loss->runs += !packet->acked && !in_run;
        in_run = !packet->acked;
    }
    loss->has_report &= loss->report_largest >= end; /* or it is of what lies behind */
}

void wzp_loss_on_report(struct wzp_loss *loss, uint64_t largest, unsigned permille, unsigned burst_16)
{
    if (largest < loss->first_number)
        return;
    loss->has_report = true;
    loss->report_largest = largest;
    loss->report_permille = permille;
    loss->report_burst_16 = burst_16;
}

unsigned wzp_loss_permille(const struct wzp_loss *loss)
{
    unsigned known = loss->judged + loss->unspoken;
    unsigned left = known < WZP_LOSS_PRIOR_FADED ? WZP_LOSS_PRIOR_FADED - known : 0;
    /* in parts of a packet, so that a fading prior is not cut to nothing at once */
    unsigned prior = loss->prior_weight * left, seen = known * WZP_LOSS_PRIOR_FADED;
    unsigned lost = (loss->lost * 1000 + loss->unspoken * loss->report_permille) * WZP_LOSS_PRIOR_FADED +
                    prior * loss->prior_permille;
    return lost / (prior + seen);
}

unsigned wzp_loss_burst_16(const struct wzp_loss *loss)
{
    unsigned burst_16 = loss->runs ? 16 * loss->lost / loss->runs : 16;
    if (loss->has_report && loss->report_burst_16)
        burst_16 = loss->report_burst_16;
    return burst_16 < 16 ? 16 : burst_16;
}
