// SPDX-License-Identifier: Apache-2.0
#include "link/loss.h"

#define NUMBERS_LATER    3
#define LATER_NS_MIN     (10 * WZP_MS)
#define ALIKE_DEVIATIONS 2.0
#define MUCH_PERMILLE    350
#define COPIES_LOST_MAX  16

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

/* Enough is known when so many packets are and the oldest of them left so long before the newest. */
static bool is_enough(unsigned known, int64_t span_ns)
{
    return known >= WZP_LOSS_PRIOR_FADED &&
           ((known >= WZP_LOSS_WINDOW && span_ns >= WZP_LOSS_WINDOW_NS) || span_ns >= WZP_LOSS_WINDOW_NS_MAX);
}

void wzp_loss_on_ack(struct wzp_loss *loss, const struct wzp_sent *sent)
{
    if (!sent->any_acked || sent->largest_acked < NUMBERS_LATER)
        return;
    int64_t later_ns = wzp_time_max(sent->rtt_sample_ns / 8, LATER_NS_MIN), newest_ns = INT64_MIN;
    int64_t until_ns = sent->largest_acked_sent_ns - later_ns;
    unsigned judged = 0, lost = 0, runs = 0, unspoken = 0;
    bool in_run = false;
    uint64_t low = sent->next_number > WZP_SENT_PACKETS ? sent->next_number - WZP_SENT_PACKETS : 0;
    low = low > loss->first_number ? low : loss->first_number;
    uint64_t end = sent->largest_acked - NUMBERS_LATER + 1;
    for (; end > low; end--) {
        const struct wzp_sent_packet *packet = &sent->packets[(end - 1) % WZP_SENT_PACKETS];
        if (packet->is_probe || packet->sent_ns >= until_ns)
            continue;
        newest_ns = wzp_time_max(newest_ns, packet->sent_ns);
        if (is_enough(judged + unspoken, newest_ns - packet->sent_ns))
            break;
        if (!packet->reported) {
            unspoken += loss->has_report && end - 1 <= loss->report_largest;
            continue;
        }
        bool is_lost = !packet->acked;
        judged++;
        lost += is_lost;
        runs += is_lost && !in_run;
        in_run = is_lost;
    }
    loss->judged = judged;
    loss->lost = lost;
    loss->runs = runs;
    loss->unspoken = unspoken;
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

struct wzp_loss_seen wzp_loss_pool(struct wzp_loss_seen way, struct wzp_loss_seen other)
{
    unsigned judged = other.judged < way.judged ? other.judged : way.judged;
    if (judged == 0 || way.permille < MUCH_PERMILLE)
        return way;
    double both = (double)(way.permille * way.judged + other.permille * judged) / (way.judged + judged);
    double variance = both * (1000 - both) * (1.0 / way.judged + 1.0 / judged);
    double apart = (double)way.permille - other.permille;
    if (apart * apart > ALIKE_DEVIATIONS * ALIKE_DEVIATIONS * variance)
        return way;
    return (struct wzp_loss_seen){(unsigned)both, way.judged + judged};
}
