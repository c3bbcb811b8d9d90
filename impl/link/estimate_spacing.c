// SPDX-License-Identifier: Apache-2.0
#include "link/estimate_spacing.h"

#include "base/time.h"
#include "link/estimate_rules.h"

#include <math.h>

#define MEMORY       100.0             /* arrivals ... */
#define MEMORY_NS    (1500.0 * WZP_MS) /* ... or so long */
#define PACKETS      20.0              /* arrivals, and packets that did not: fewer tell nothing */
#define RUN_MAX      24.0              /* lost between two arrivals: more is an outage */
#define UNBROKEN     30 /* arrivals without a loss: they tell how was sent before there was any */
#define ERRORS       3.0
#define ERRORS_LEFT  60.0 /* over the arrivals, of times of leaving: our own pace makes patterns in few */
#define ALL          0.8  /* so large a part is all: runs of loss and pauses soon pass for the rest */
#define PAUSE_NS     (60.0 * WZP_MS) /* a packet, between two that left: silence, not loss */
#define KILOBYTE     1e3
#define MILLISECONDS 1e6

static void add_gap(struct wzp_estimate_gaps *gaps, double kept, double weight, double got, double lost,
                    double gap)
{
    gaps->got_gap = kept * gaps->got_gap + weight * got * gap;
    gaps->lost_gap = kept * gaps->lost_gap + weight * lost * gap;
    gaps->gap_gap = kept * gaps->gap_gap + weight * gap * gap;
}

void wzp_estimate_space(struct wzp_estimate_spacing *spacing, const struct wzp_estimate_sample *before,
                        const struct wzp_estimate_sample *sample)
{
    struct wzp_estimate_spacing *s = spacing;
    double arrived_ns = (double)(sample->arrived_ns - before->arrived_ns);
    double left_ns = (double)(sample->sent_ns - before->sent_ns);
    if (sample->told == 0 || arrived_ns < 0 || arrived_ns > PAUSE_NS * sample->told ||
        sample->told - sample->got > RUN_MAX)
        return;
    bool is_whole = sample->told == sample->got;
    if (!is_whole && s->unbroken >= UNBROKEN)
        *s = (struct wzp_estimate_spacing){0};
    s->unbroken = is_whole ? s->unbroken + 1 : 0;
    const double weight = 1.0 / sample->told;
    const double kept = (1 - 1 / MEMORY) * MEMORY_NS / (MEMORY_NS + arrived_ns);
    double got = sample->got_bytes / KILOBYTE, lost = (sample->bytes - sample->got_bytes) / KILOBYTE;
    s->arrivals = kept * s->arrivals + 1;
    s->losses = kept * s->losses + (sample->told - sample->got);
    s->got_got = kept * s->got_got + weight * got * got;
    s->got_lost = kept * s->got_lost + weight * got * lost;
    s->lost_lost = kept * s->lost_lost + weight * lost * lost;
    add_gap(&s->arrived, kept, weight, got, lost, arrived_ns / MILLISECONDS);
    add_gap(&s->left, kept, weight, got, lost, left_ns / MILLISECONDS);
}

static double used_by(const struct wzp_estimate_spacing *spacing, const struct wzp_estimate_gaps *gaps,
                      double errors)
{
    const struct wzp_estimate_spacing *s = spacing;
    double det = s->got_got * s->lost_lost - s->got_lost * s->got_lost;
    if (s->arrivals < PACKETS || s->losses < PACKETS || det <= 0)
        return 1;
    double a = (gaps->got_gap * s->lost_lost - gaps->lost_gap * s->got_lost) / det;
    double b = (gaps->lost_gap * s->got_got - gaps->got_gap * s->got_lost) / det;
    double rest = gaps->gap_gap - a * gaps->got_gap - b * gaps->lost_gap;
    double error_squared = wzp_estimate_max(rest, 0) / (s->arrivals - 2) *
                           (s->got_got + s->lost_lost + 2 * s->got_lost) / det; /* of a - b */
    if (a <= 0 || a - b <= errors * sqrt(error_squared))
        return 1;
    return b > ALL * a ? 1 : wzp_estimate_clamp(b / a, 0, 1);
}

double wzp_estimate_used(const struct wzp_estimate_spacing *spacing)
{
    return wzp_estimate_min(used_by(spacing, &spacing->arrived, ERRORS),
                            used_by(spacing, &spacing->left, ERRORS + ERRORS_LEFT / spacing->arrivals));
}
