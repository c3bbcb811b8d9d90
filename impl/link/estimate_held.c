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
#define HELD_FADES      300  /* packets */
#define HELD_LESS       0.85 /* of what was sent before: a line that overflows carries what it did ... */
#define HELD_SURE       2.0  /* ... but for chance, in standard errors */
#define SURE_SHORT      1.5  /* times as sure of it where less is sent than might be ... */
#define SURE_REFUTED    2    /* ... and after one that was none */
#define DROPPED         0.05 /* of what is sent, at least */

static void take_held(struct wzp_estimate_held *held, const struct wzp_estimate_sample *before,
                      const struct wzp_estimate_sample *s)
{
    double passed_ns = wzp_estimate_max((double)(s->sent_ns - before->sent_ns), 0);
    double kept = HELD_MEAN_NS / (HELD_MEAN_NS + passed_ns);
    held->sent = kept * held->sent + s->bytes;
    held->bytes = kept * held->bytes + s->got_bytes;
    held->ns = kept * held->ns + passed_ns;
    if (s->sent_ns < held->from_ns)
        return;
    wzp_estimate_add(&held->tally, s);
    held->since_sent += s->bytes;
    held->since_bytes += s->got_bytes;
    held->since_ns += passed_ns;
    if (held->tally.told <= HELD_FADES)
        return;
    held->tally = (struct wzp_estimate_tally){held->tally.told / 2, held->tally.got / 2};
    held->since_sent /= 2;
    held->since_bytes /= 2;
    held->since_ns /= 2;
}

static void begin_tally(struct wzp_estimate_held *held, int64_t now_ns)
{
    held->from_ns = now_ns;
    held->tally = (struct wzp_estimate_tally){0};
    held->since_sent = held->since_bytes = held->since_ns = 0;
}

static double bps_of(double bytes, double ns)
{
    return ns > 0 ? bytes * 8e9 / ns : 0;
}

static double comes_through(const struct wzp_estimate_held *held)
{
    return bps_of(held->bytes, held->ns);
}

static double lost_of(const struct wzp_estimate_spacing *spacing)
{
    return spacing->losses / wzp_estimate_max(spacing->losses + spacing->arrivals, 1);
}

static void forget_loss(struct wzp_estimate_ours *o)
{
    o->turns = (struct wzp_estimate_turns){0}; /* tells nothing of another rate */
    o->loss.quiet = o->loss.loaded = o->loss.window = (struct wzp_estimate_tally){0};
    o->loss.doubts = 0;
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
    double errors = o->held.refuted ? SURE_REFUTED : o->is_short ? SURE_SHORT : 1;
    double in_turn = wzp_estimate_used_in_turn(&o->turns, errors);
    double spaced = wzp_estimate_used(&o->spacing, errors), share = lost_of(&o->spacing);
    if ((1 - spaced) * share < DROPPED)
        spaced = 1;
    o->used = wzp_estimate_min(in_turn, spaced);
    if (in_turn >= 1 && (spaced >= 1 || e->path.end < o->ceiling_end))
        return;
    o->ceiling_end = e->path.end + CEILING_SAMPLES;
    if (e->path.reported_ns >= o->held.until_ns) {
        o->held.before = o->capacity;
        o->held.share = share;
        o->held.sent_bps = bps_of(o->held.sent, o->held.ns);
        o->held.through_bps = comes_through(&o->held);
    }
    double arrived = wzp_estimate_arrived(e, base_ns, CEILING_SPAN);
    if (arrived > 0)
        o->capacity = wzp_estimate_min(o->capacity, arrived);
    o->loss.random = wzp_estimate_min(o->loss.random, o->used * o->loss.random);
    o->held.until_ns = e->path.reported_ns + HELD_NS;
    o->held.capacity = o->capacity;
    o->held.random = o->loss.random;
    o->held.ahead = HELD_AHEAD;
    begin_tally(&o->held, e->path.reported_ns);
    forget_loss(o);
}

/* Less is sent and comes through since, and as much is lost of it: the line carried what was lost. */
static bool is_refuted(const struct wzp_estimate_held *held, double share, double error)
{
    double sent = bps_of(held->since_sent, held->since_ns);
    double through = bps_of(held->since_bytes, held->since_ns);
    return sent < HELD_LESS * held->sent_bps && share > held->share - error &&
           through * (1 + HELD_SURE / sqrt(held->tally.got + 1)) < held->through_bps;
}

static void refute(struct wzp_estimate_ours *o, double share)
{
    o->capacity = wzp_estimate_max(o->capacity, o->held.before);
    o->loss.random = share;
    forget_loss(o);
    o->spacing = (struct wzp_estimate_spacing){0};
    o->used = 1;
    o->held.until_ns = INT64_MIN;
    o->held.refuted++;
}

/* More is lost than is random, by more than chance explains: the queue overflows still. What comes through is
 * what the line carries, and the share that is random of it. */
static void watch_held(struct wzp_estimate_ours *o, int64_t now_ns)
{
    struct wzp_estimate_held *held = &o->held;
    double share = wzp_estimate_share(&held->tally);
    if (held->tally.told < HELD_PACKETS || held->since_ns <= 0)
        return;
    /* Runs of losses count as far as they are longer than chance makes them. */
    double runs = wzp_estimate_max(2 * o->loss.burst * (1 - held->random) - 1, 1);
    double chance = (held->random * held->tally.told + 2) /
                    (held->tally.told + 4); /* none learnt is not none */
    double error = sqrt(chance * (1 - chance) * runs / held->tally.told);
    if (share <= held->random + HELD_ERRORS * error)
        return;
    if (is_refuted(held, share, error)) {
        refute(o, share);
        return;
    }
    held->ahead = 1;
    held->capacity = wzp_estimate_min(held->capacity, comes_through(held) / (1 - held->random));
    begin_tally(held, now_ns);
}

/* A queue that overflowed unseen does so again. More is believed only when more comes through. */
void wzp_estimate_hold(struct wzp_estimate_ours *o, int64_t now_ns)
{
    struct wzp_estimate_held *held = &o->held;
    if (now_ns >= held->until_ns || held->ns <= 0)
        return;
    if (o->queue_ns > 2 * o->aim_ns) /* it is seen, and what it drops no wonder */
        begin_tally(held, now_ns);
    watch_held(o, now_ns);
    if (now_ns >= held->until_ns)
        return;
    double most = held->ahead * comes_through(held) / (1 - held->random);
    o->capacity = wzp_estimate_min(o->capacity, wzp_estimate_max(held->capacity, most));
}
