// SPDX-License-Identifier: Apache-2.0
/* Loss that has not used the line, and what is learnt of it: docs/estimate.md. */
#include "link/estimate_ours.h"

#include <math.h>

#define CEILING_SAMPLES 100 /* until the next is believed where no queue is seen */
#define CEILING_SPAN    (300.0 * WZP_MS)
#define HELD_NS         (10 * WZP_S) /* after loss that had not used the line */
#define HELD_MEAN_NS    (2.0 * WZP_S)
#define HELD_AHEAD      1.1 /* times what comes through, at most, until as much is lost again */
#define HELD_PACKETS    60  /* that tell whether it is */
#define HELD_ERRORS     3.0
#define HELD_FADES      300 /* packets */

static void take_held(struct wzp_estimate_held *held, const struct wzp_estimate_sample *before,
                      const struct wzp_estimate_sample *s)
{
    double passed_ns = wzp_estimate_max((double)(s->sent_ns - before->sent_ns), 0);
    double kept = HELD_MEAN_NS / (HELD_MEAN_NS + passed_ns);
    held->bytes = kept * held->bytes + s->got_bytes;
    held->ns = kept * held->ns + passed_ns;
    wzp_estimate_add(&held->tally, s);
    if (held->tally.told > HELD_FADES)
        held->tally = (struct wzp_estimate_tally){held->tally.told / 2, held->tally.got / 2};
}

static double comes_through(const struct wzp_estimate_held *held)
{
    return held->ns > 0 ? held->bytes * 8e9 / held->ns : 0;
}

/* Where what is lost has not used the line, the rest arrives as fast as that carries, however much is sent: a
 * queue overflows, and if none is seen it was there from the start and hides the base. */
void wzp_estimate_take_spacing(struct wzp_estimate *e, int64_t base_ns)
{
    struct wzp_estimate_ours *o = &e->ours;
    for (uint64_t i = first_new(e); i < e->path.end; i++) {
        wzp_estimate_space(&o->spacing, sample(e, i - 1), sample(e, i));
        wzp_estimate_take_turns(&o->turns, sample(e, i - 1), sample(e, i));
        take_held(&o->held, sample(e, i - 1), sample(e, i));
    }
    double in_turn = wzp_estimate_used_in_turn(&o->turns), spaced = wzp_estimate_used(&o->spacing);
    o->used = wzp_estimate_min(in_turn, spaced);
    if (in_turn >= 1 && (spaced >= 1 || e->path.end < o->ceiling_end))
        return;
    o->ceiling_end = e->path.end + CEILING_SAMPLES;
    double arrived = wzp_estimate_arrived(e, base_ns, CEILING_SPAN);
    if (arrived > 0)
        o->capacity = wzp_estimate_min(o->capacity, arrived);
    o->loss.random = wzp_estimate_min(o->loss.random, o->used * o->loss.random);
    o->held.until_ns = e->path.reported_ns + HELD_NS;
    o->held.capacity = o->capacity;
    o->held.random = o->loss.random;
    o->held.ahead = HELD_AHEAD;
    o->held.tally = (struct wzp_estimate_tally){0};
    o->turns = (struct wzp_estimate_turns){0}; /* tells nothing of another rate */
    o->loss.quiet = o->loss.loaded = o->loss.window = (struct wzp_estimate_tally){0};
    o->loss.doubts = 0;
}

/* More is lost than is random, by more than chance explains: the queue overflows still. What comes through is
 * what the line carries, and the share that is random of it. */
static void watch_held(struct wzp_estimate_held *held, double burst)
{
    double share = wzp_estimate_share(&held->tally);
    if (held->tally.told < HELD_PACKETS)
        return;
    /* Runs of losses count as far as they are longer than chance makes them. */
    double runs = wzp_estimate_max(2 * burst * (1 - held->random) - 1, 1);
    double chance = (held->random * held->tally.told + 2) /
                    (held->tally.told + 4); /* none learnt is not none */
    double error = sqrt(chance * (1 - chance) * runs / held->tally.told);
    if (share <= held->random + HELD_ERRORS * error)
        return;
    held->ahead = 1;
    held->capacity = wzp_estimate_min(held->capacity, comes_through(held) / (1 - held->random));
    held->tally = (struct wzp_estimate_tally){0};
}

/* A queue that overflowed unseen does so again. More is believed only when more comes through. */
void wzp_estimate_hold(struct wzp_estimate_ours *o, int64_t now_ns)
{
    struct wzp_estimate_held *held = &o->held;
    if (now_ns >= held->until_ns || held->ns <= 0)
        return;
    if (o->queue_ns > 2 * o->aim_ns) /* it is seen, and what it drops no wonder */
        held->tally = (struct wzp_estimate_tally){0};
    watch_held(held, o->loss.burst);
    double most = held->ahead * comes_through(held) / (1 - held->random);
    o->capacity = wzp_estimate_min(o->capacity, wzp_estimate_max(held->capacity, most));
}
