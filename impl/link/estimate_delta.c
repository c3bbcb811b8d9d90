// SPDX-License-Identifier: Apache-2.0
/* DELTA as published: three states of queueing delay against a windowed base. */
#include "base/time.h"
#include "link/estimate_rules.h"

#include <math.h>

#define LIMIT_NS   (15.0 * WZP_MS) /* T_limit: more is congestion */
#define EPSILON    0.05            /* of the smoothed round trip: a smaller change is none */
#define ALPHA      (1.0 / 8)
#define RISING_MAX 3 /* k: so many rises one after the other are congestion */
#define BETA       0.85
#define STEP_BPS   50000.0

static void init(struct wzp_estimate *estimate, int64_t now_ns)
{
    estimate->delta = (struct wzp_estimate_delta){.rate = (double)estimate->start_bps, .changed_ns = now_ns};
    for (unsigned i = 0; i < WZP_ESTIMATE_BINS; i++)
        estimate->delta.bins_ns[i] = WZP_NEVER;
}

static void take_delay(struct wzp_estimate_delta *delta, const struct wzp_estimate_sample *sample)
{
    int64_t bin = sample->arrived_ns / WZP_S;
    if (bin - delta->bin >= WZP_ESTIMATE_BINS)
        delta->bin = bin - WZP_ESTIMATE_BINS;
    for (; delta->bin < bin; delta->bin++)
        delta->bins_ns[(uint64_t)(delta->bin + 1) % WZP_ESTIMATE_BINS] = WZP_NEVER;
    int64_t *least_ns = &delta->bins_ns[(uint64_t)delta->bin % WZP_ESTIMATE_BINS];
    *least_ns = wzp_time_min(*least_ns, sample->arrived_ns - sample->sent_ns);
}

static void on_report(struct wzp_estimate *estimate, int64_t now_ns)
{
    struct wzp_estimate_delta *delta = &estimate->delta;
    const struct wzp_estimate_path *path = &estimate->path;
    int64_t base_ns = WZP_NEVER;
    for (uint64_t i = path->begin; i < path->end; i++)
        take_delay(delta, wzp_estimate_sample(path, i));
    for (unsigned i = 0; i < WZP_ESTIMATE_BINS; i++)
        base_ns = wzp_time_min(base_ns, delta->bins_ns[i]);
    for (uint64_t i = path->begin; i < path->end; i++) {
        const struct wzp_estimate_sample *sample = wzp_estimate_sample(path, i);
        double wait = (double)(sample->arrived_ns - sample->sent_ns - base_ns);
        delta->queue_ns += ALPHA * (wait - delta->queue_ns);
    }
    double change = delta->queue_ns - delta->before_ns;
    delta->before_ns = delta->queue_ns;
    delta->rising = change > EPSILON * (double)path->rtt_ns ? delta->rising + 1 : 0;
    bool is_over = delta->queue_ns > LIMIT_NS || delta->rising >= RISING_MAX;
    delta->state = is_over             ? WZP_ESTIMATE_CONGESTED
                   : delta->rising > 0 ? WZP_ESTIMATE_RISING
                                       : WZP_ESTIMATE_STABLE;
    if (now_ns - delta->changed_ns < path->rtt_ns) /* once a round trip */
        return;
    if (delta->state == WZP_ESTIMATE_CONGESTED)
        delta->rate *= BETA;
    else if (delta->state == WZP_ESTIMATE_STABLE && !path->was_idle)
        delta->rate += STEP_BPS;
    else
        return;
    delta->rate = wzp_estimate_max(delta->rate, WZP_ESTIMATE_BPS_MIN);
    delta->changed_ns = now_ns;
}

static double rate(const struct wzp_estimate *estimate)
{
    return estimate->delta.rate;
}

static void tell(const struct wzp_estimate *estimate, struct wzp_estimate_facts *facts)
{
    facts->queue_ns = (int64_t)estimate->delta.queue_ns;
    facts->state = (enum wzp_estimate_state)estimate->delta.state;
}

const struct wzp_estimate_rules wzp_estimate_delta_rules = {
    .name = "delta", .init = init, .on_report = on_report, .target = rate, .pace = rate, .tell = tell};
