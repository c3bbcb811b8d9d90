// SPDX-License-Identifier: Apache-2.0
/* The mathematics, and where the constants come from: docs/estimate.md. */
#include "link/estimate_ours.h"

#include <math.h>

#define SPAN_NS        (150.0 * WZP_MS)
#define SPAN_NOISES    40
#define SPAN_SAMPLES   8
#define SPAN_LEAST     10   /* times the noise: less tells no rate */
#define DEEP           4    /* times the wanted queue: it may overflow */
#define FED            1.01 /* times more sent than arrived: the line is full */
#define FED_NOISES     2    /* of the window's ends, where nobody waits for the pacer */
#define SURGE_NS       (15.0 * WZP_MS)
#define SURGE_NOISES   4
#define TRAIN_NS       (1 * WZP_MS) /* that packets of a train leave within */
#define TRAIN_PACKETS  3            /* from the first that arrived to the last, at least */
#define TRAIN_END      32           /* it is among so many first packets */
#define PAIR_PACKETS   1            /* the same where a path is far and lossy: any two ... */
#define PAIR_END       160          /* ... among so many */
#define TRAIN_FRESH_NS (3 * WZP_S)
#define TRAIN_SPAN_NS  (2.0 * WZP_MS) /* less is not told exactly */
#define IDLE_OWN_NS                                                                                          \
    (10.0 * WZP_MS)          /* that a packet takes of the line, at least: bursts on a fast one are none */
#define SHORT_NS (1 * WZP_S) /* that a window may reach back */
#define FILLED   0.85        /* of the target leaves: who sends follows it */

struct window {
    double sent, arrived; /* bit/s of all in it; lost at random, a packet has used the line */
    double span_ns;       /* of arrivals */
    unsigned count;
};

/* The packet before had left the line before `s` came to it: what arrived tells nothing of the line. */
static bool line_was_idle(const struct wzp_estimate *e, const struct wzp_estimate_sample *before,
                          const struct wzp_estimate_sample *s, int64_t base_ns)
{
    double own_ns = before->bytes * 8e9 / e->ours.capacity;
    return own_ns > IDLE_OWN_NS && (double)(s->sent_ns - before->sent_ns) > wait_of(before, base_ns) + own_ns;
}

/* What a train told is known, and of the loss hardly anything. */
static bool is_train_fresh(const struct wzp_estimate *e)
{
    const struct wzp_estimate_ours *o = &e->ours;
    return o->is_measured && (!o->loss.is_learnt || e->path.reported_ns - o->train_ns < TRAIN_FRESH_NS);
}

/* The newest samples, as far back as all of them waited more than `floor_ns`. */
static struct window measure(const struct wzp_estimate *e, int64_t base_ns, double floor_ns, double span_ns)
{
    const struct wzp_estimate_sample *newest = sample(e, e->path.end - 1), *oldest = newest;
    struct wzp_estimate_tally tally = {0};
    struct window w = {0};
    double bytes = 0, lost = 0, wait_ns = INFINITY;
    bool was_short = newest->sent_ns - e->ours.short_ns < SHORT_NS;
    for (uint64_t i = e->path.end; i > wzp_estimate_oldest(&e->path); i--) {
        const struct wzp_estimate_sample *s = sample(e, i - 1);
        if (wait_of(s, base_ns) < floor_ns)
            break;
        if (was_short && floor_ns > -INFINITY && s != newest && line_was_idle(e, s, sample(e, i), base_ns))
            break;
        if (s != newest) {
            bytes += sample(e, i)->bytes;
            lost += sample(e, i)->bytes - sample(e, i)->got_bytes;
            wzp_estimate_add(&tally, sample(e, i));
        }
        oldest = s;
        wait_ns = wzp_estimate_min(wait_ns, wait_of(s, base_ns));
        if (++w.count >= SPAN_SAMPLES && (double)(newest->arrived_ns - s->arrived_ns) > span_ns)
            break;
    }
    double sent_ns = (double)(newest->sent_ns - oldest->sent_ns);
    double arrived_ns = (double)(newest->arrived_ns - oldest->arrived_ns);
    w.span_ns = arrived_ns;
    w.sent = sent_ns > 0 ? bytes * 8e9 / sent_ns : 0;
    /* Of what is lost beyond the random share, a full queue dropped some before it used the line: if it is
     * more than chance explains, all of it; else as much as agrees with what was known. */
    double carried = bytes, least = bytes * (1 - wzp_estimate_share(&tally)) / (1 - e->ours.loss.random);
    bool is_deep = wait_ns > DEEP * e->ours.aim_ns && least < bytes;
    bool is_more = wzp_estimate_overflows(&e->ours.loss) || wzp_estimate_is_more(&e->ours.loss, &tally);
    if (is_more && !is_train_fresh(e))
        carried = least;
    else if (is_more || is_deep)
        carried = wzp_estimate_clamp(e->ours.capacity * arrived_ns / 8e9, least, bytes);
    carried = wzp_estimate_min(carried, bytes - (1 - e->ours.used) * lost);
    w.arrived = arrived_ns > 0 ? carried * 8e9 / arrived_ns : 0;
    return w;
}

double wzp_estimate_arrived(const struct wzp_estimate *e, int64_t base_ns, double span_ns)
{
    return measure(e, base_ns, -INFINITY, span_ns).arrived;
}

/* The line has slowed down at once: each of the newest packets waited longer than the one before. */
static bool surges(const struct wzp_estimate *e)
{
    if (e->path.end < wzp_estimate_oldest(&e->path) + 3)
        return false;
    double third_ns = wait_of(sample(e, e->path.end - 3), 0),
           second_ns = wait_of(sample(e, e->path.end - 2), 0);
    double first_ns = wait_of(sample(e, e->path.end - 1), 0);
    return first_ns - third_ns > SURGE_NS + SURGE_NOISES * e->ours.noise_ns && first_ns > second_ns &&
           second_ns > third_ns;
}

static void take_surge(struct wzp_estimate *e, int64_t base_ns, double span_ns)
{
    struct wzp_estimate_ours *o = &e->ours;
    double third_ns = wait_of(sample(e, e->path.end - 3), base_ns);
    struct window surge = measure(e, base_ns, wzp_estimate_max(third_ns, 1.5 * o->aim_ns), span_ns);
    if (surge.count < 3) /* the step lies between the third and the second: only the last gap is all new */
        surge = measure(e, base_ns, wait_of(sample(e, e->path.end - 2), base_ns), 0);
    o->queue_ns = wait_of(sample(e, e->path.end - 1), base_ns);
    if (surge.arrived > 0)
        o->capacity = wzp_estimate_min(o->capacity, surge.arrived);
    o->is_starting = false;
}

void wzp_estimate_take_capacity(struct wzp_estimate *e, int64_t base_ns)
{
    struct wzp_estimate_ours *o = &e->ours;
    double span_ns = wzp_estimate_max(SPAN_NS, SPAN_NOISES * o->noise_ns);
    struct window whole = measure(e, base_ns, -INFINITY, span_ns);
    o->is_short = e->path.was_idle && e->path.sent_bps < FILLED * o->target;
    if (o->is_short)
        o->short_ns = sample(e, e->path.end - 1)->sent_ns;
    if (o->loss.doubts > 0 && o->queue_ns <= 2 * o->aim_ns) { /* else the queue tells */
        bool was_filled = e->path.sent_bps >=
                          FILLED * o->loss.before;                /* else less was sent than it took before */
        if (is_train_fresh(e) || (o->is_measured && !o->has_met)) /* or a queue would have been seen */
            return;
        if (whole.arrived > 0 && (wzp_estimate_is_overdriven(o) || (!o->is_short && was_filled)))
            o->capacity = wzp_estimate_min(o->capacity, wzp_estimate_max(whole.arrived, o->loss.floor));
        return;
    }
    if (surges(e)) {
        take_surge(e, base_ns, span_ns);
        return;
    }
    /* Who sends little has packets that wait for each other, and no queue that stands. */
    double floor_ns = FLOOR_NS + o->noise_ns;
    if (o->is_short)
        floor_ns = wzp_estimate_max(floor_ns, 0.5 * o->aim_ns);
    struct window standing = measure(e, base_ns, floor_ns, span_ns);
    double doubt_ns = e->path.was_idle ? FED_NOISES * o->noise_ns : 0;
    bool is_fed = standing.sent * standing.span_ns > FED * standing.arrived * (standing.span_ns + doubt_ns);
    if (standing.count >= 3 && standing.span_ns > SPAN_LEAST * o->noise_ns &&
        (standing.arrived > o->capacity || is_fed || (o->is_starting && !o->is_measured))) {
        double share = o->queue_ns > 2 * o->aim_ns ? 1 : 0.3;
        o->capacity += share * (standing.arrived - o->capacity);
    }
    /* Without a queue that is only what the line carries at least. */
    if (whole.count >= 3 && whole.span_ns > SPAN_LEAST * o->noise_ns)
        o->capacity = wzp_estimate_max(o->capacity, wzp_estimate_min(whole.sent, whole.arrived));
}

/* Packets that left at once, a train above all: how fast the most of them arrived is what the line carries.
 * False: there are none in this report. */
bool wzp_estimate_take_train(struct wzp_estimate *e)
{
    struct wzp_estimate_ours *o = &e->ours;
    uint64_t longest = (e->is_far ? PAIR_PACKETS : TRAIN_PACKETS) - 1;
    uint64_t end = e->path.first_number + (e->is_far ? PAIR_END : TRAIN_END);
    bool is_found = false;
    if (!o->is_starting || o->has_met)
        return false;
    for (uint64_t i = first_new(e); i < e->path.end; i++) {
        const struct wzp_estimate_sample *first = sample(e, i - 1), *last = first;
        double bytes = 0, all = 0;
        for (; i < e->path.end && sample(e, i)->sent_ns - first->sent_ns <= TRAIN_NS; i++) {
            all += sample(e, i)->bytes;
            if (sample(e, i)->is_rough)
                continue;
            bytes = all;
            last = sample(e, i);
        }
        if (last->number - first->number <= longest || first->number >= end)
            continue;
        double span_ns = wzp_estimate_max((double)(last->arrived_ns - first->arrived_ns), TRAIN_SPAN_NS);
        o->capacity = wzp_estimate_min(bytes * 8e9 / span_ns, WZP_ESTIMATE_TRAIN_BPS);
        o->train_ns = e->path.reported_ns;
        longest = last->number - first->number;
        is_found = true;
    }
    return is_found;
}
