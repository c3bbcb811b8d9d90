// SPDX-License-Identifier: Apache-2.0
#include "link/estimate_turns.h"

#include "base/time.h"
#include "link/estimate_rules.h"

#include <math.h>

#define MEMORY_NS (3.0 * WZP_S)
#define LATE      30.0 /* packets, of the means */
#define PACKETS   30.0 /* that came, and that did not: fewer tell nothing */
#define RUN_MAX   24   /* lost between two that came: more is an outage */
#define FADES     0.5  /* what arrived, with each packet */
#define ERRORS    3.0
#define KILOBYTE  1e3

static void take(struct wzp_estimate_turns *turns, bool is_lost, double kept)
{
    struct wzp_estimate_turns *t = turns;
    double late = wzp_estimate_max(1 / LATE, 1 / (t->packets + 1));
    double lost = (is_lost ? 1 : 0) - t->lost, before = t->arrived - t->before;
    t->packets = kept * t->packets + 1;
    t->losses = kept * t->losses + (is_lost ? 1 : 0);
    t->sum_before = kept * t->sum_before + t->arrived;
    t->lost_lost = kept * t->lost_lost + lost * lost;
    t->lost_before = kept * t->lost_before + lost * before;
    t->before_before = kept * t->before_before + before * before;
    t->lost += late * lost;
    t->before += late * before;
    t->arrived *= FADES;
}

void wzp_estimate_take_turns(struct wzp_estimate_turns *turns, const struct wzp_estimate_sample *before,
                             const struct wzp_estimate_sample *sample)
{
    int lost = sample->told - sample->got;
    if (lost > RUN_MAX || sample->got != 1) /* in what order, nobody told */
        return;
    double each_ns = (double)(sample->sent_ns - before->sent_ns) / sample->told;
    for (int i = 0; i < sample->told; i++)
        take(turns, i < lost, MEMORY_NS / (MEMORY_NS + wzp_estimate_max(each_ns, 0)));
    turns->arrived += sample->got_bytes / KILOBYTE;
}

double wzp_estimate_used_in_turn(const struct wzp_estimate_turns *turns, double errors)
{
    const struct wzp_estimate_turns *t = turns;
    if (t->losses < PACKETS || t->packets - t->losses < PACKETS || t->before_before <= 0)
        return 1;
    double slope = t->lost_before / t->before_before;
    double rest = wzp_estimate_max(t->lost_lost - slope * t->lost_before, 0) / (t->packets - 2);
    if (slope <= errors * ERRORS * sqrt(rest / t->before_before))
        return 1;
    return wzp_estimate_clamp(1 - slope * t->sum_before / t->losses, 0, 1);
}
