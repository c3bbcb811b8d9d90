// SPDX-License-Identifier: Apache-2.0
#include "link/loss.h"
#include "base/time.h"

#define NUMBERS_LATER   3
#define LATER_NS_MIN    (10 * WZP_MS)
#define SEED_WEIGHT_MAX 16
#define PART_PACKETS    8 /* places where a step is looked for */
#define STEP_DEVIATIONS 4
#define STEP_X_MIN      100 /* permille */

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

/* The newest part of the window. */
struct part {
    unsigned judged, lost, runs, unspoken;
    uint64_t low; /* its lowest number */
};

/* A difference of shares, squared, is compared with so many times its variance. */
static unsigned variances(const struct wzp_loss *loss)
{
    /* Gilbert's chain: 1 - x is the correlation of neighbours, x = 1 / (burst * (1 - share)) */
    uint64_t kept = 1000 - (wzp_loss_permille(loss) < 999 ? wzp_loss_permille(loss) : 999);
    uint64_t x = 16 * UINT64_C(1000000) / (wzp_loss_burst_16(loss) * kept);
    x = x > 1000 ? 1000 : x < STEP_X_MIN ? STEP_X_MIN : x;
    return (unsigned)(STEP_DEVIATIONS * STEP_DEVIATIONS * (2000 - x) / x);
}

/* How many variances lie between the share of `newer` and that of the rest of `all`. The variance is that of
 * the pooled share with 4 packets more of each kind, so that a few losses after none are no step. */
static uint64_t apart(const struct part *newer, const struct part *all)
{
    uint64_t n = newer->judged, m = all->judged - n, lost = newer->lost, other = all->lost - lost;
    uint64_t cross = lost * m > other * n ? lost * m - other * n : other * n - lost * m;
    uint64_t total = n + m, pooled = (lost + other + 4) * (total - lost - other + 4);
    return cross * cross * (total + 8) * (total + 8) / (n * m * total * pooled);
}

static void cut_at_step(struct wzp_loss *loss, const struct part *parts, unsigned count,
                        const struct part *all)
{
    uint64_t most = variances(loss);
    const struct part *step = NULL;
    for (unsigned i = 0; i < count; i++) {
        if (parts[i].judged < WZP_LOSS_STEP_MIN || parts[i].judged + WZP_LOSS_STEP_MIN > all->judged)
            continue;
        uint64_t far = apart(&parts[i], all);
        if (far <= most)
            continue;
        most = far;
        step = &parts[i];
    }
    if (!step)
        return;
    loss->first_number = step->low;
    loss->prior_permille = step->lost * 1000 / step->judged;
    loss->judged = step->judged;
    loss->lost = step->lost;
    loss->runs = step->runs;
    loss->unspoken = step->unspoken;
}

void wzp_loss_on_ack(struct wzp_loss *loss, const struct wzp_sent *sent)
{
    if (!sent->any_acked || sent->largest_acked < NUMBERS_LATER)
        return;
    int64_t later_ns = wzp_time_max(sent->rtt_sample_ns / 8, LATER_NS_MIN), newest_ns = 0;
    struct part parts[WZP_SENT_PACKETS / PART_PACKETS], all = {0};
    unsigned count = 0;
    bool in_run = false;
    const struct wzp_sent_packet *packet;
    for (uint64_t end = sent->largest_acked - NUMBERS_LATER + 1; end > loss->first_number; end--) {
        packet = wzp_sent_find(sent, end - 1);
        if (!packet)
            break;
        if (packet->is_probe || sent->largest_acked_sent_ns - packet->sent_ns <= later_ns)
            continue;
        if (all.judged + all.unspoken == 0)
            newest_ns = packet->sent_ns;
        if (all.judged + all.unspoken >= WZP_LOSS_WINDOW && newest_ns - packet->sent_ns >= WZP_LOSS_WINDOW_NS)
            break;
        if (!packet->reported) {
            all.unspoken += loss->has_report && packet->number <= loss->report_largest;
            continue;
        }
        all.judged++;
        all.lost += !packet->acked;
        all.runs += !packet->acked && !in_run;
        in_run = !packet->acked;
        all.low = packet->number;
        if (all.judged % PART_PACKETS == 0)
            parts[count++] = all;
    }
    loss->judged = all.judged;
    loss->lost = all.lost;
    loss->runs = all.runs;
    loss->unspoken = all.unspoken;
    cut_at_step(loss, parts, count, &all);
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
