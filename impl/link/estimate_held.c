// SPDX-License-Identifier: Apache-2.0
/* Loss that has not used the line, and what is learnt of it: docs/estimate.md. */
#include "link/estimate_ours.h"

#include <math.h>

#define CEILING_SAMPLES  100 /* until the next is believed where no queue is seen */
#define CEILING_SPAN     (300.0 * WZP_MS)
#define HELD_NS          (10 * WZP_S) /* after loss that had not used the line */
#define HELD_MEAN_NS     (2.0 * WZP_S)
#define HELD_AHEAD       1.1 /* times what comes through, at most, until as much is lost again */
#define HELD_PACKETS     60  /* that tell whether it is */
#define HELD_ERRORS      3.0
#define HELD_REFUTED     0.65        /* of the way from what a queue would drop to what was lost */
#define HELD_FADES       300         /* packets */
#define BELIEVED_NS      (4 * WZP_S) /* that a belief is watched ... */
#define BELIEVED_PACKETS 100         /* ... by so many, at least */
#define BELIEVED_MORE    1.5         /* times what was sent then ... */
#define BELIEVED_SAME    1.1         /* ... of which no more comes through */

static void take_held(struct wzp_estimate_held *held, const struct wzp_estimate_sample *before,
                      const struct wzp_estimate_sample *s)
{
    double passed_ns = wzp_estimate_max((double)(s->sent_ns - before->sent_ns), 0);
    double kept = HELD_MEAN_NS / (HELD_MEAN_NS + passed_ns);
    held->bytes = kept * held->bytes + s->got_bytes;
    held->ns = kept * held->ns + passed_ns;
    if (s->sent_ns < held->from_ns) /* it was on the way when that was learnt */
        return;
    wzp_estimate_add(&held->tally, s);
    held->sent_bytes += s->bytes;
    held->sent_ns += passed_ns;
    if (held->tally.told <= HELD_FADES)
        return;
    held->tally = (struct wzp_estimate_tally){held->tally.told / 2, held->tally.got / 2};
    held->sent_bytes /= 2;
    held->sent_ns /= 2;
}

static void count_anew(struct wzp_estimate_held *held, int64_t now_ns)
{
    held->from_ns = now_ns;
    held->tally = (struct wzp_estimate_tally){0};
    held->sent_bytes = held->sent_ns = 0;
}

static double comes_through(const struct wzp_estimate_held *held)
{
    return held->ns > 0 ? held->bytes * 8e9 / held->ns : 0;
}

/* From now on: no more than is thought now, of which so much is lost at random. */
static void begin_hold(struct wzp_estimate_ours *o, double random, int64_t now_ns)
{
    struct wzp_estimate_held *held = &o->held;
    o->loss.random = held->random = random;
    o->loss.quiet = o->loss.loaded = o->loss.window = (struct wzp_estimate_tally){0};
    o->loss.doubts = 0;
    held->until_ns = now_ns + HELD_NS;
    held->capacity = o->capacity;
    held->ahead = HELD_AHEAD;
    count_anew(held, now_ns);
}

/* As far back as the spacing remembers. */
static double lost_of_late(const struct wzp_estimate *e)
{
    const struct wzp_estimate_spacing *s = &e->ours.spacing;
    return s->losses / wzp_estimate_max(s->arrivals + s->losses, 1);
}

/* A search with padding began or ended then: what left before it was sent otherwise, and tells nothing of the
 * spaces between what leaves now. */
static bool is_between(int64_t at_ns, const struct wzp_estimate_sample *before,
                       const struct wzp_estimate_sample *sample)
{
    return before->sent_ns < at_ns && at_ns <= sample->sent_ns;
}

/* Where what is lost has not used the line, the rest arrives as fast as that carries, however much is sent: a
 * queue overflows, and if none is seen it was there from the start and hides the base. */
void wzp_estimate_take_spacing(struct wzp_estimate *e, int64_t base_ns)
{
    struct wzp_estimate_ours *o = &e->ours;
    for (uint64_t i = first_new(e); i < e->path.end; i++) {
        if (is_between(o->padded_ns, sample(e, i - 1), sample(e, i)) ||
            is_between(o->bare_ns, sample(e, i - 1), sample(e, i)))
            o->spacing = (struct wzp_estimate_spacing){0};
        wzp_estimate_space(&o->spacing, sample(e, i - 1), sample(e, i));
        wzp_estimate_take_turns(&o->turns, sample(e, i - 1), sample(e, i));
        take_held(&o->held, sample(e, i - 1), sample(e, i));
    }
    double in_turn = wzp_estimate_used_in_turn(&o->turns), spaced = wzp_estimate_used(&o->spacing);
    o->used = wzp_estimate_is_roomy(e) ? 1 : wzp_estimate_min(in_turn, spaced);
    if (o->used >= 1)
        return;
    if (in_turn >= 1 && (spaced >= 1 || e->path.end < o->ceiling_end))
        return;
    o->ceiling_end = e->path.end + CEILING_SAMPLES;
    double arrived = wzp_estimate_arrived(e, base_ns, CEILING_SPAN);
    if (e->path.reported_ns >= o->held.until_ns) {
        o->held.before = o->capacity;
        o->held.sent = e->path.sent_bps;
        o->held.lost = lost_of_late(e);
    }
    if (arrived > 0)
        o->capacity = wzp_estimate_min(o->capacity, arrived);
    begin_hold(o, wzp_estimate_min(o->loss.random, o->used * o->loss.random), e->path.reported_ns);
    o->turns = (struct wzp_estimate_turns){0}; /* tells nothing of another rate */
}

/* Of a share that is about `chance`; runs of losses count as far as they are longer than chance makes them.
 */
static double error_of(const struct wzp_estimate_held *held, double chance, double random, double burst)
{
    double runs = wzp_estimate_max(2 * burst * (1 - random) - 1, 1);
    return sqrt(chance * (1 - chance) * runs / held->tally.told);
}

/* So much less was sent than before that a queue would drop less by far more than chance explains, and what
 * is lost is nearer to what was before: it was no queue. As much it need not be, for much of it was chance
 * then. */
static bool is_refuted(const struct wzp_estimate_held *held, double burst)
{
    double share = wzp_estimate_share(&held->tally);
    if (held->before <= 0 || held->sent_ns <= 0 || held->sent_bytes <= 0)
        return false;
    double less = held->sent_bytes * 8e9 / held->sent_ns / held->sent;
    double dropped = wzp_estimate_max(held->random, 1 - (1 - held->lost) / less);
    double fall = held->lost - dropped, error = error_of(held, held->lost, held->lost, burst);
    return fall > HELD_ERRORS * error && share > dropped + HELD_REFUTED * fall;
}

/* More is lost than is random, by more than chance explains: the queue overflows still. What comes through is
 * what the line carries, and the share that is random of it. */
static void watch_held(struct wzp_estimate_ours *o, int64_t now_ns)
{
    struct wzp_estimate_held *held = &o->held;
    double share = wzp_estimate_share(&held->tally);
    if (held->tally.told < HELD_PACKETS)
        return;
    double chance = (held->random * held->tally.told + 2) /
                    (held->tally.told + 4); /* none learnt is not none */
    if (share <= held->random + HELD_ERRORS * error_of(held, chance, held->random, o->loss.burst))
        return;
    if (is_refuted(held, o->loss.burst)) {
        o->capacity = wzp_estimate_max(o->capacity, held->before);
        o->loss.random = share;
        o->loss.doubts = 0;
        o->spacing = (struct wzp_estimate_spacing){0};
        held->until_ns = now_ns;
        return;
    }
    held->ahead = 1;
    held->capacity = wzp_estimate_min(held->capacity, comes_through(held) / (1 - held->random));
    count_anew(held, now_ns);
}

void wzp_estimate_watch(struct wzp_estimate *e, int64_t now_ns)
{
    struct wzp_estimate_held *held = &e->ours.held;
    held->believed_ns = now_ns;
    held->believed = e->ours.loss.random;
    held->believed_bps = e->path.sent_bps;
    if (now_ns >= held->until_ns)
        count_anew(held, now_ns);
}

/* Much more is sent than when that was believed, by far more than chance explains is lost of it, and hardly
 * more comes through: the line is full. */
static void watch_believed(struct wzp_estimate *e, int64_t now_ns)
{
    struct wzp_estimate_ours *o = &e->ours;
    struct wzp_estimate_held *held = &o->held;
    if (held->believed <= 0 || now_ns - held->believed_ns > BELIEVED_NS ||
        held->tally.told < BELIEVED_PACKETS || e->path.sent_bps < BELIEVED_MORE * held->believed_bps)
        return;
    double error = error_of(held, held->believed, held->believed, o->loss.burst);
    bool is_more = wzp_estimate_share(&held->tally) > held->believed + HELD_ERRORS * error;
    if (!is_more || comes_through(held) > BELIEVED_SAME * held->believed_bps * (1 - held->believed))
        return;
    held->before = o->capacity;
    held->sent = e->path.sent_bps;
    held->lost = wzp_estimate_share(&held->tally);
    o->capacity = wzp_estimate_min(o->capacity, comes_through(held) / (1 - held->believed));
    begin_hold(o, held->believed, now_ns);
    held->believed = 0;
}

/* A queue that overflowed unseen does so again. More is believed only when more comes through. */
void wzp_estimate_hold(struct wzp_estimate *e, int64_t now_ns)
{
    struct wzp_estimate_ours *o = &e->ours;
    struct wzp_estimate_held *held = &o->held;
    if (now_ns >= held->until_ns && held->ns > 0)
        watch_believed(e, now_ns);
    if (now_ns >= held->until_ns || held->ns <= 0)
        return;
    if (o->queue_ns > 2 * o->aim_ns) /* it is seen, and what it drops no wonder */
        count_anew(held, now_ns);
    watch_held(o, now_ns);
    if (now_ns >= held->until_ns)
        return;
    double most = held->ahead * comes_through(held) / (1 - held->random);
    o->capacity = wzp_estimate_min(o->capacity, wzp_estimate_max(held->capacity, most));
}
