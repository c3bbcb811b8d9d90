// SPDX-License-Identifier: Apache-2.0
/*
 * What link/estimate_ours.c, link/estimate_capacity.c and link/estimate_held.c share: how samples are read,
 * and the capacity that they tell. Private to the three.
 */
#ifndef WZP_LINK_ESTIMATE_OURS_H
#define WZP_LINK_ESTIMATE_OURS_H

#include "base/time.h"
#include "link/estimate_loss.h"
#include "link/estimate_rules.h"
#include "link/estimate_spacing.h"
#include "link/estimate_turns.h"

#define FLOOR_NS (1.0 * WZP_MS) /* less, and the noise, is no queue */

/* So much is lost from the first on that the line would carry less than three quarters of what is sent, were
 * it not for chance: nothing is known yet that says it is. */
#define OVERDRIVEN 0.25
static inline bool wzp_estimate_is_overdriven(const struct wzp_estimate_ours *o)
{
    return !o->loss.is_learnt && o->loss.recent > OVERDRIVEN;
}

/* The train told of a line that carries far more than is sent, and no queue was met: none overflows. */
#define ROOMY 0.8
static inline bool wzp_estimate_is_roomy(const struct wzp_estimate *e)
{
    const struct wzp_estimate_ours *o = &e->ours;
    return o->train_ns && !o->has_met && !o->is_measured && e->path.sent_bps < ROOMY * o->capacity;
}

static inline const struct wzp_estimate_sample *sample(const struct wzp_estimate *e, uint64_t index)
{
    return wzp_estimate_sample(&e->path, index);
}

static inline int64_t delay_of(const struct wzp_estimate_sample *s)
{
    return s->arrived_ns + s->small_ns - s->sent_ns;
}

/* The first of the newest report that has one before it. */
static inline uint64_t first_new(const struct wzp_estimate *e)
{
    uint64_t oldest = wzp_estimate_oldest(&e->path) + 1;
    return e->path.begin > oldest ? e->path.begin : oldest;
}

static inline double wait_of(const struct wzp_estimate_sample *s, int64_t base_ns)
{
    return (double)(delay_of(s) - base_ns);
}

/* How fast all that arrived within `span_ns` did, bit/s; 0: too little did. */
double wzp_estimate_arrived(const struct wzp_estimate *e, int64_t base_ns, double span_ns);
/* The pace at which packets leave a queue is the capacity. */
void wzp_estimate_take_capacity(struct wzp_estimate *e, int64_t base_ns);
/* So is the pace at which packets arrive that left at once, first of all. False: there are none in this
 * report. */
bool wzp_estimate_take_train(struct wzp_estimate *e);
/* What is lost makes the next arrival no later, or takes turns: it has not used the line, which carries what
 * arrives. */
void wzp_estimate_take_spacing(struct wzp_estimate *e, int64_t base_ns);
/* That is kept for a while, in which neither delay nor loss would tell of the queue. */
void wzp_estimate_hold(struct wzp_estimate *e, int64_t now_ns);
/* So much of what is sent now is believed to be lost at random: it is seen whether that lasts when more is.
 */
void wzp_estimate_watch(struct wzp_estimate *e, int64_t now_ns);

#endif
