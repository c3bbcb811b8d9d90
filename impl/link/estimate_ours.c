// SPDX-License-Identifier: Apache-2.0
/* The mathematics, and where the constants come from: docs/estimate.md. */
#include "link/estimate_ours.h"

#include <math.h>

/* The wanted queue: at 1 Mbit/s, falling with the square root of the rate. */
#define AIM_NS     (12.0 * WZP_MS)
#define AIM_BPS    1e6
#define AIM_NS_MIN (4.0 * WZP_MS)
#define AIM_NS_MAX (22.0 * WZP_MS)
#define AIM_NOISE  0.5 /* of the noise is added, which hides a queue */
#define AIM_SHRINK 0.8 /* when the queue overflows ... */
#define AIM_GROW   0.01
#define AIM_MODEST 0.7 /* where speech waits in it behind streams of its own */
#define AIM_LEAST  0.25

#define CALM_NS     (250.0 * WZP_MS) /* in which a queue comes to what is wanted, at least ... */
#define CALM_DELAYS 2.5              /* ... and in delays of the loop */
#define PACE_LEAST  0.2              /* of the capacity, and at most ... */
#define GROWTH      1.25             /* ... where a queue was met before, or only so much is wished for */
#define GROWTH_OPEN 2.0              /* ... and else */
#define EAGER_MAX   64

/* What a measurement looks at. */
#define LOW_NS      (50 * WZP_MS) /* the least wait of so long ... */
#define LOW_SAMPLES 3             /* ... and so many */

#define LINE_SHARE    0.95 /* of the capacity: a line that certainly drains what we send less */
#define EMPTY_SAMPLES 6    /* one after the other that would have met no queue */
#define BASE_OFF_NS   (8.0 * WZP_MS)

#define STOOD_NS       (50 * WZP_MS) /* more tells of a queue before the first report */
#define MOVED_NS       (10 * WZP_S)
#define HIGH_NS        (3.0 * WZP_S)
#define HIGH_DELAYS    12
#define HIGH_MOST      0.38
#define DRAIN_EVERY    (5 * WZP_S)
#define DRAIN_AGAIN    (1 * WZP_S)
#define DRAIN_PACE     0.25
#define DRAIN_TIMES    1.6 /* 1.2 queues at that pace */
#define DRAIN_OFF_NS   (3.0 * WZP_MS)
#define DRAIN_KNOWN_NS (6.0 * WZP_MS) /* and the noise: no other delay than was known */
#define DRAIN_DEEP     4.0            /* so deep it empties the queue, if none but us fills it */
#define DRAIN_DEPTH    8.0
#define DRAIN_SAMPLES  4 /* that have to be told of it */
#define DRAIN_FAILURES 3

#define LOSS_DOUBTS       2  /* windows until it is believed that so much is lost at random ... */
#define LOSS_PACKETS_OPEN 12 /* ... and while no queue was ever met */
#define LOSS_DOUBTS_OPEN  1
#define LOSS_LESS         1.1 /* times the capacity: less is sent than before ... */
#define LOSS_WAITS        6   /* ... or not for so many windows */
#define DOUBT_PACE        0.9
#define DOUBT_LEAST       0.6  /* of the capacity, each window: what less does is to be seen first ... */
#define DOUBT_DEEP        0.36 /* ... and so much less tells a queue that overflows from chance */
#define ROOMY_NS          (3 * WZP_S) /* after a train: what is lost beside much room is random */
#define TALLY_PACKETS     300

#define RIVAL_QUEUE_NS   (25.0 * WZP_MS)
#define RIVAL_OFF_NS     (15.0 * WZP_MS)
#define RIVAL_OFF_NS_MAX (40.0 * WZP_MS)
#define RIVAL_LEFT       0.5          /* of a queue after two times of calm: ours would be gone */
#define RIVAL_STARVED    0.8          /* times the most: it has given way */
#define RIVAL_FLOOR      0.5          /* of the most that the capacity was of late ... */
#define RIVAL_MOST_NS    (20 * WZP_S) /* ... which fades in that time */
#define RIVAL_GROWTH     0.13         /* a second */
#define RIVAL_HURRY      0.05         /* a second more for each second without loss */
#define RIVAL_GONE       (1 * WZP_S)  /* without a queue */
#define RIVAL_SAME_NS    (5.0 * WZP_MS)
#define RIVAL_BETA       0.85
#define RIVAL_RANDOM     0.01
#define RIVAL_AHEAD      1.5 /* times what arrives, at most */
#define SPAN_RIVAL       (500.0 * WZP_MS)
#define RIVAL_PAUSE      (400 * WZP_MS)
#define RIVAL_TRIES      4 /* losses until it is tried whether we are alone */
#define RIVAL_TRY_PACE   0.4
#define RIVAL_DEEP_NS    (100.0 * WZP_MS) /* so deep, it is tried without loss as well ... */
#define RIVAL_QUIET      (3 * WZP_S)      /* ... after so long */

#define SEEK_NS     (1500.0 * WZP_MS) /* a search with padding, at most, or ... */
#define SEEK_DELAYS 2                 /* ... of the loop: what it made is to be seen */
#define SEEK_BLIND_NS                                                                                        \
    (150.0 * WZP_MS) /* of the line filled since the last report: what it made is to be seen */
#define SEEK_EVERY     (2 * WZP_S)
#define SEEK_EVERY_MAX (60 * WZP_S)
#define DISTRUST_NS    (10 * WZP_S) /* of a rate that was told, after a queue */

#define HELD_GROWTH 1.05 /* of the pace, where loss had not used the line */

#define BLIND_NS    (500 * WZP_MS)
#define BLIND_BETA  0.7
#define BLIND_LEAST 0.3

#define TARGET_DOWN 0.95 /* less than so much of it is followed at once */
#define TARGET_NS   (1.0 * WZP_S)
#define TARGET_FAST (0.2 * WZP_S)
#define TARGET_FAR  1.1

static void forget_base(struct wzp_estimate_ours *o)
{
    o->foreseen_ns = WZP_NEVER;
    for (unsigned i = 0; i < WZP_ESTIMATE_BINS; i++)
        o->bins_ns[i] = WZP_NEVER;
}

static void init(struct wzp_estimate *e, int64_t now_ns)
{
    struct wzp_estimate_ours *o = &e->ours;
    double start = wzp_estimate_max((double)e->start_bps, WZP_ESTIMATE_BPS_MIN);
    *o = (struct wzp_estimate_ours){
        .capacity = start,
        .pace = start,
        .target = start,
        .eager = 1,
        .blind = 1,
        .aim_share = 1,
        .loss.burst = 1,
        .used = 1,
        .rival.looked_ns = WZP_NEVER,
        .drain = {.last_ns = now_ns, .from_ns = WZP_NEVER, .end_ns = INT64_MIN, .depth = 1},
        .paced_ns = now_ns,
        .grown_ns = now_ns,
        .moved_ns = INT64_MIN,
        .distrust_ns = INT64_MIN,
        .held.until_ns = INT64_MIN,
        .short_ns = now_ns - WZP_S,
        .seek_ns = now_ns,
        .seek_end_ns = INT64_MIN,
        .seek_every_ns = SEEK_EVERY,
        .padded_ns = INT64_MIN,
        .bare_ns = INT64_MIN,
        .seek_eager = 1,
        .is_starting = true,
    };
    forget_base(o);
}

/* ---- the queue: one-way delay above its least ---- */

static void take_delay(struct wzp_estimate_ours *o, const struct wzp_estimate_sample *s)
{
    int64_t bin = s->arrived_ns / WZP_S;
    if (s->is_larger)
        forget_base(o);
    if (bin - o->bin > WZP_ESTIMATE_BINS)
        o->bin = bin - WZP_ESTIMATE_BINS;
    while (o->bin < bin)
        o->bins_ns[(uint64_t)++o->bin % WZP_ESTIMATE_BINS] = WZP_NEVER;
    int64_t *least_ns = &o->bins_ns[(uint64_t)o->bin % WZP_ESTIMATE_BINS];
    *least_ns = wzp_time_min(*least_ns, delay_of(s));
}

static int64_t base_of(const struct wzp_estimate_ours *o)
{
    int64_t least_ns = o->foreseen_ns;
    for (unsigned i = 0; i < WZP_ESTIMATE_BINS; i++)
        least_ns = wzp_time_min(least_ns, o->bins_ns[i]);
    return least_ns;
}

static void set_base(struct wzp_estimate_ours *o, int64_t delay_ns)
{
    forget_base(o);
    o->bins_ns[(uint64_t)o->bin % WZP_ESTIMATE_BINS] = delay_ns;
}

static void take_delays(struct wzp_estimate *e)
{
    struct wzp_estimate_ours *o = &e->ours;
    for (uint64_t i = e->path.begin; i < e->path.end; i++)
        take_delay(o, sample(e, i));
    for (uint64_t i = first_new(e); i < e->path.end; i++) {
        double off_ns = fabs(wait_of(sample(e, i), 0) - wait_of(sample(e, i - 1), 0));
        o->noise_ns += (wzp_estimate_min(off_ns, 2 * o->noise_ns + 5.0 * WZP_MS) - o->noise_ns) / 32;
    }
}

/* A queue that stood before the first report came is told by its round trip alone: half of what it takes
 * longer than the handshake, for the other way may have one as well. By the time that it would have been
 * drained the delays tell what it was. */
static void foresee_base(struct wzp_estimate *e, int64_t now_ns)
{
    struct wzp_estimate_ours *o = &e->ours;
    int64_t more_ns = (e->path.rtt_ns - e->path.rtt_expected_ns) / 2;
    if (!o->is_known && e->path.rtt_expected_ns && more_ns > STOOD_NS) {
        o->foreseen_ns = base_of(o) - more_ns;
        o->foreseen_end_ns = now_ns + e->path.rtt_ns + more_ns;
    } else if (now_ns >= o->foreseen_end_ns)
        o->foreseen_ns = WZP_NEVER;
}

/* The least wait of the newest samples: jitter only adds. */
static double least_wait(const struct wzp_estimate *e, int64_t base_ns)
{
    const struct wzp_estimate_sample *newest = sample(e, e->path.end - 1);
    double least_ns = wait_of(newest, base_ns);
    for (uint64_t i = e->path.end; i > wzp_estimate_oldest(&e->path); i--) {
        const struct wzp_estimate_sample *s = sample(e, i - 1);
        if (e->path.end - i >= LOW_SAMPLES && newest->arrived_ns - s->arrived_ns > LOW_NS)
            break;
        least_ns = wzp_estimate_min(least_ns, wait_of(s, base_ns));
    }
    return least_ns;
}

/* What it is now, with what has left since and the line has not served. */
static double queue_now(const struct wzp_estimate *e)
{
    const struct wzp_estimate_sample *newest = sample(e, e->path.end - 1);
    double passed_ns = (double)(e->path.reported_ns - newest->sent_ns);
    return wzp_estimate_max(e->ours.queue_ns + e->path.flying_bytes * 8e9 / e->ours.capacity - passed_ns, 0);
}

static double loop_delay(const struct wzp_estimate *e)
{
    return (double)(e->path.rtt_ns + e->path.interval_ns);
}

static double calm_of(const struct wzp_estimate *e)
{
    return wzp_estimate_max(CALM_NS, CALM_DELAYS * loop_delay(e));
}

/* All flows of a line see one queue. The larger a flow, the smaller the queue that it wants: so they meet
 * where all are equal. */
static void set_aim(struct wzp_estimate *e)
{
    struct wzp_estimate_ours *o = &e->ours;
    double share = e->is_modest ? AIM_MODEST * o->aim_share : o->aim_share;
    double aim_ns = wzp_estimate_clamp(AIM_NS * sqrt(AIM_BPS / o->capacity), AIM_NS_MIN, AIM_NS_MAX);
    o->aim_ns = share * aim_ns + AIM_NOISE * o->noise_ns;
}

/* ---- loss ---- */

/* Somebody else fills the queue until it overflows: from now on loss alone tells. */
static void meet_rival(struct wzp_estimate_ours *o, int64_t base_ns, int64_t now_ns)
{
    o->rival.is_there = true;
    o->rival.base_ns = base_ns;
    o->rival.try_end_ns = INT64_MIN;
    o->rival.try_before_ns = INFINITY;
    o->rival.at_ns = o->rival.lost_ns = o->rival.full_ns = now_ns;
    o->rival.losses = 0;
    o->capacity = wzp_estimate_max(o->capacity, RIVAL_FLOOR * o->rival.most);
    o->loss.doubts = 0;
    o->drain.from_ns = WZP_NEVER;
}

/* As much is lost although less was sent: the loss is of the path. But if the queue grew meanwhile, somebody
 * else made both, or we did while nothing was known of the loss. */
static void believe(struct wzp_estimate *e, int64_t now_ns)
{
    struct wzp_estimate_ours *o = &e->ours;
    if (o->loss.is_learnt && o->loss.rise_ns > RIVAL_QUEUE_NS + 2 * o->noise_ns) {
        meet_rival(o, base_of(o), now_ns);
        return;
    }
    o->loss.is_learnt = true;
    o->loss.random = o->loss.least;
    o->loss.quiet = (struct wzp_estimate_tally){WZP_ESTIMATE_LOSS_PACKETS,
                                                (1 - o->loss.least) * WZP_ESTIMATE_LOSS_PACKETS};
    o->loss.loaded = (struct wzp_estimate_tally){0};
    o->loss.doubts = 0;
    o->capacity = wzp_estimate_max(o->capacity, o->loss.before);
    o->is_starting = !o->has_met;
    wzp_estimate_watch(e, now_ns);
}

static void doubt(struct wzp_estimate *e, double lost, int64_t now_ns)
{
    struct wzp_estimate_ours *o = &e->ours;
    if (o->loss.doubts == 0) {
        o->loss.before = o->loss.floor = o->capacity;
        o->loss.least = 1;
        o->loss.waits = 0;
        o->loss.sum = 0;
        o->loss.low_ns = o->queue_ns;
        o->loss.rise_ns = 0;
    } else
        o->loss.least = wzp_estimate_min(o->loss.least, lost);
    o->loss.sum += lost;
    o->is_starting = false;
    unsigned doubts = o->has_met ? LOSS_DOUBTS : LOSS_DOUBTS_OPEN;
    bool is_less = e->path.sent_bps < LOSS_LESS * wzp_estimate_min(o->capacity, DOUBT_DEEP * o->loss.before);
    o->loss.floor = wzp_estimate_max(DOUBT_LEAST * o->loss.floor, DOUBT_DEEP * o->loss.before);
    if (o->loss.doubts > 0 && wzp_estimate_is_overdriven(o) && !is_less && o->loss.waits++ < LOSS_WAITS)
        return; /* who speaks has not heard of it yet */
    if (o->loss.doubts++ >= doubts)
        believe(e, now_ns);
}

static void end_window(struct wzp_estimate *e, int64_t now_ns)
{
    struct wzp_estimate_ours *o = &e->ours;
    o->loss.recent = wzp_estimate_share(&o->loss.window);
    o->loss.window.told -= (1 - o->used) * (o->loss.window.told - o->loss.window.got);
    double lost = wzp_estimate_share(&o->loss.window); /* on the line */
    o->aim_share = wzp_estimate_overflows(&e->ours.loss) || o->used < 1
                       ? wzp_estimate_max(AIM_SHRINK * o->aim_share, AIM_LEAST)
                       : wzp_estimate_min(o->aim_share + AIM_GROW, 1);
    if (o->queue_ns > 1.5 * o->aim_ns) /* no wonder */
        return;
    bool is_roomy = wzp_estimate_is_roomy(e) && now_ns - o->train_ns < ROOMY_NS;
    if (wzp_estimate_is_more(&e->ours.loss, &o->loss.window) && !is_roomy) {
        doubt(e, lost, now_ns);
        return;
    }
    if (!o->loss.is_learnt && is_roomy)
        o->loss.random = lost;
    o->loss.is_learnt = true;
    o->loss.spread += 0.1 * (fabs(lost - o->loss.random) - o->loss.spread);
    o->loss.random += 0.2 * (lost - o->loss.random);
    if (o->loss.doubts > 0) /* it went away: ours, or a run of bad luck that chance has to explain */
        o->loss.random += 0.3 * ((o->loss.sum + lost) / (o->loss.doubts + 1) - o->loss.random);
    o->loss.random = wzp_estimate_min(o->loss.random, wzp_estimate_random_most(&e->ours.loss));
    o->loss.doubts = 0;
}

/* Packets that make a window: while no queue was ever met few are enough, the more the longer losses run
 * than chance makes them. */
static double window_packets(const struct wzp_estimate_ours *o)
{
    double runs = wzp_estimate_max(o->loss.burst * (1 - wzp_estimate_share(&o->loss.window)), 1);
    return o->has_met ? WZP_ESTIMATE_LOSS_PACKETS
                      : wzp_estimate_min(LOSS_PACKETS_OPEN * runs, WZP_ESTIMATE_LOSS_PACKETS);
}

static void take_loss(struct wzp_estimate *e, int64_t base_ns, int64_t now_ns)
{
    struct wzp_estimate_ours *o = &e->ours;
    o->loss.burst = e->path.burst;
    for (uint64_t i = first_new(e); i < e->path.end; i++) {
        const struct wzp_estimate_sample *s = sample(e, i);
        double wait_ns = wzp_estimate_max(wait_of(s, base_ns), wait_of(sample(e, i - 1), base_ns));
        struct wzp_estimate_tally *tally = wait_ns > 0.5 * o->aim_ns ? &o->loss.loaded : &o->loss.quiet;
        wzp_estimate_add(&o->loss.window, s);
        wzp_estimate_add(tally, s);
        if (tally->told > TALLY_PACKETS)
            *tally = (struct wzp_estimate_tally){tally->told / 2, tally->got / 2};
    }
    o->loss.low_ns = wzp_estimate_min(o->loss.low_ns, o->queue_ns);
    o->loss.rise_ns = wzp_estimate_max(o->loss.rise_ns, o->queue_ns - o->loss.low_ns);
    if (!o->loss.is_learnt && now_ns >= o->held.until_ns)
        o->loss.random = wzp_estimate_expected(&o->loss);
    if (o->loss.window.told < window_packets(o) || (double)(now_ns - o->loss.since_ns) < loop_delay(e))
        return;
    end_window(e, now_ns);
    o->loss.window = (struct wzp_estimate_tally){0};
    o->loss.since_ns = now_ns;
}

/* ---- the base ---- */

/* Two deep drains are to tell whether somebody else fills the queue. */
static void ask_deep(struct wzp_estimate_ours *o, int64_t now_ns)
{
    o->drain.depth = DRAIN_DEPTH;
    o->drain.last_ns = now_ns - DRAIN_EVERY;
    o->drain.failures = DRAIN_FAILURES - 2;
    o->high = 0;
}

/* For how much of the time the queue was larger than wanted: hardly any, were it ours. */
static void watch_high(struct wzp_estimate *e, double passed_ns, int64_t now_ns)
{
    struct wzp_estimate_ours *o = &e->ours;
    double calm_ns = wzp_estimate_max(HIGH_NS, HIGH_DELAYS * loop_delay(e));
    bool is_high = o->queue_ns > o->aim_ns + wzp_estimate_max(BASE_OFF_NS, 2 * o->noise_ns);
    o->high += ((is_high ? 1 : 0) - o->high) * passed_ns / (passed_ns + calm_ns);
    if (o->high > HIGH_MOST && o->has_met)
        ask_deep(o, now_ns);
}

/* A queue that stays although a line a little slower than ours would have emptied it by now is none: the way
 * has become longer. Twice in short it hardly has: a deep drain is to tell. */
static void watch_base(struct wzp_estimate *e, int64_t now_ns)
{
    struct wzp_estimate_ours *o = &e->ours;
    if (o->queue_ns <= o->aim_ns + wzp_estimate_max(BASE_OFF_NS, o->noise_ns)) {
        o->virtual_ns = o->queue_ns;
        o->empty = 0;
        return;
    }
    for (uint64_t i = first_new(e); i < e->path.end; i++) {
        double passed_ns = (double)(sample(e, i)->sent_ns - sample(e, i - 1)->sent_ns);
        double work_ns = sample(e, i)->bytes * 8e9 / (LINE_SHARE * o->capacity);
        o->virtual_ns = wzp_estimate_max(0, o->virtual_ns + work_ns - passed_ns);
        o->empty = o->virtual_ns > 0 ? 0 : o->empty + 1;
    }
    if (o->empty < EMPTY_SAMPLES)
        return;
    o->empty = 0;
    if (o->moved_ns != INT64_MIN && now_ns - o->moved_ns < MOVED_NS) {
        ask_deep(o, now_ns);
        return;
    }
    o->moved_ns = now_ns;
    o->moved_base_ns = base_of(o);
    o->drain.from_ns = WZP_NEVER;
    o->drain.failures = 0;
    o->drain.depth = 1;
    o->high = 0;
    set_base(o, base_of(o) + (int64_t)(o->queue_ns - o->aim_ns / 2));
    o->queue_ns = o->aim_ns / 2;
}

/* What a drain found is the base when it was known before, or when two find the same. When each finds
 * another, somebody else fills the queue. */
static void judge_drain(struct wzp_estimate *e, int64_t now_ns)
{
    struct wzp_estimate_ours *o = &e->ours;
    struct wzp_estimate_drain *drain = &o->drain;
    double off_ns = (double)(drain->least_ns - drain->base_ns), most_ns = DRAIN_KNOWN_NS + o->noise_ns;
    bool is_known = fabs(off_ns) <= most_ns;
    bool is_seen = drain->count >= (o->loss.random > 0.05 ? DRAIN_SAMPLES : 1);
    if (o->moved_ns != INT64_MIN && fabs((double)(drain->least_ns - o->moved_base_ns)) <= most_ns)
        is_known = true; /* it had not moved */
    if (!is_known && drain->failures > 0 && drain->depth >= DRAIN_DEEP &&
        fabs((double)(drain->least_ns - drain->before_ns)) <= most_ns) {
        set_base(o, drain->least_ns);
        is_known = true;
    }
    drain->before_ns = drain->least_ns;
    if (is_known)
        drain->failures = 0;
    else if (is_seen) /* else it may have been missed */
        drain->failures++;
    double depth = drain->depth;
    drain->depth = wzp_estimate_clamp(is_known ? drain->depth / 2 : drain->depth * 2, 1, DRAIN_DEPTH);
    drain->last_ns = is_known ? now_ns : now_ns - DRAIN_EVERY + DRAIN_AGAIN;
    drain->from_ns = WZP_NEVER;
    double rival_ns = RIVAL_OFF_NS_MAX;
    if (drain->failures >= DRAIN_FAILURES)
        rival_ns = wzp_estimate_clamp(2 * e->path.large * 8e9 / o->capacity, RIVAL_OFF_NS, rival_ns);
    if (o->capacity < RIVAL_STARVED * o->rival.most)
        rival_ns = RIVAL_OFF_NS;
    if (is_known || !is_seen || drain->failures < DRAIN_FAILURES - 1 || depth < DRAIN_DEPTH ||
        off_ns < rival_ns + 2 * o->noise_ns)
        return;
    drain->failures = 0;
    drain->depth = 1;
    meet_rival(o, base_of(o), now_ns);
}

/* From time to time the queue is emptied to see how short the way is. Who shares the line has to send less
 * for longer: deeper, until a drain finds what was known before. */
static void drain(struct wzp_estimate *e, int64_t now_ns)
{
    struct wzp_estimate_ours *o = &e->ours;
    for (uint64_t i = e->path.begin; i < e->path.end && o->drain.from_ns != WZP_NEVER; i++) {
        const struct wzp_estimate_sample *s = sample(e, i);
        if (s->sent_ns < o->drain.from_ns)
            continue;
        o->drain.count++;
        o->drain.least_ns = wzp_time_min(o->drain.least_ns, delay_of(s));
        if (s->sent_ns >= o->drain.end_ns)
            judge_drain(e, now_ns);
    }
    if (o->queue_ns < FLOOR_NS + 0.5 * o->noise_ns && o->drain.depth <= 1)
        o->drain.last_ns = now_ns;
    if (o->is_starting || now_ns - o->drain.last_ns < DRAIN_EVERY || o->drain.from_ns != WZP_NEVER)
        return;
    o->drain.from_ns = now_ns;
    o->drain.end_ns = now_ns + (int64_t)(DRAIN_TIMES * o->drain.depth * (o->queue_ns + DRAIN_OFF_NS));
    o->drain.base_ns = base_of(o);
    o->drain.least_ns = WZP_NEVER;
    o->drain.count = 0;
}

/* ---- somebody else who fills the queue until it overflows ---- */

/* A queue of ours would be gone after two times of calm. */
static void look_for_rival(struct wzp_estimate *e, int64_t now_ns)
{
    struct wzp_estimate_ours *o = &e->ours;
    if (o->queue_ns < wzp_estimate_max(2 * o->aim_ns, RIVAL_QUEUE_NS + o->noise_ns)) {
        o->rival.looked_ns = WZP_NEVER;
        return;
    }
    if (o->rival.looked_ns == WZP_NEVER) {
        o->rival.looked_ns = now_ns;
        o->rival.peak_before_ns = INFINITY;
        o->rival.peak_ns = o->rival.least_ns = o->queue_ns;
    }
    o->rival.peak_ns = wzp_estimate_max(o->rival.peak_ns, o->queue_ns);
    o->rival.least_ns = wzp_estimate_min(o->rival.least_ns, o->queue_ns);
    if ((double)(now_ns - o->rival.looked_ns) < 2 * calm_of(e))
        return;
    if (o->rival.least_ns > RIVAL_LEFT * o->rival.peak_before_ns) {
        meet_rival(o, base_of(o), now_ns);
        return;
    }
    o->rival.peak_before_ns = o->rival.peak_ns;
    o->rival.peak_ns = o->rival.least_ns = o->queue_ns;
    o->rival.looked_ns = now_ns;
}

/* While we send less for a moment our own queue empties. If twice the same is left, it is the way. */
static void try_alone(struct wzp_estimate_ours *o, int64_t now_ns)
{
    struct wzp_estimate_rival *rival = &o->rival;
    if (rival->try_end_ns == INT64_MIN)
        return;
    rival->try_least_ns = wzp_estimate_min(rival->try_least_ns, o->queue_ns);
    if (now_ns < rival->try_end_ns)
        return;
    rival->try_end_ns = INT64_MIN;
    if (fabs(rival->try_least_ns - rival->try_before_ns) < RIVAL_SAME_NS) {
        rival->base_ns += (int64_t)rival->try_least_ns;
        o->queue_ns -= rival->try_least_ns;
    }
    rival->try_before_ns = rival->try_least_ns;
}

static void start_try(struct wzp_estimate *e, int64_t now_ns)
{
    struct wzp_estimate_ours *o = &e->ours;
    o->drain.end_ns = now_ns + (int64_t)(2 * o->queue_ns) + RIVAL_GONE;
    o->rival.try_end_ns = o->drain.end_ns + (int64_t)loop_delay(e);
    o->rival.try_least_ns = INFINITY;
}

static bool is_random(const struct wzp_estimate_loss *loss)
{
    return wzp_estimate_share(&loss->quiet) >= RIVAL_RANDOM;
}

/* Where nothing is lost at random each loss tells; else more than chance explains. */
static bool meets_loss(struct wzp_estimate *e)
{
    struct wzp_estimate_loss *loss = &e->ours.loss;
    struct wzp_estimate_tally newest = {0};
    for (uint64_t i = e->path.begin; i < e->path.end; i++)
        wzp_estimate_add(&newest, sample(e, i));
    if (!is_random(loss))
        return newest.got < newest.told;
    for (uint64_t i = e->path.begin; i < e->path.end; i++)
        wzp_estimate_add(&loss->window, sample(e, i));
    if (loss->window.told < WZP_ESTIMATE_LOSS_PACKETS)
        return false;
    bool is_loss = wzp_estimate_is_more(&e->ours.loss, &loss->window);
    loss->window = (struct wzp_estimate_tally){0};
    return is_loss;
}

/* Like flows that look at loss only, until the queue is gone. */
static void race(struct wzp_estimate *e, int64_t now_ns)
{
    struct wzp_estimate_ours *o = &e->ours;
    double arrived = wzp_estimate_arrived(e, base_of(o), SPAN_RIVAL);
    o->rival.base_ns = wzp_time_min(o->rival.base_ns, base_of(o));
    o->queue_ns = least_wait(e, o->rival.base_ns);
    double calm_s = (double)(now_ns - o->rival.lost_ns) / 1e9;
    double passed_s = (double)wzp_time_min(now_ns - o->rival.at_ns, WZP_S) / 1e9;
    /* While little is sent nothing tells that more would get through, unless each loss does. */
    if (now_ns > o->drain.end_ns || !is_random(&o->loss))
        o->capacity *= 1 + (RIVAL_GROWTH + RIVAL_HURRY * calm_s) * passed_s;
    if (arrived > 0 && now_ns > o->drain.end_ns + WZP_S)
        o->capacity = wzp_estimate_min(o->capacity, RIVAL_AHEAD * arrived);
    o->rival.at_ns = now_ns;
    try_alone(o, now_ns);
    int64_t quiet_from_ns = o->drain.end_ns; /* what the path loses by itself is no sign of a rival */
    if (!is_random(&o->loss))
        quiet_from_ns = wzp_time_max(o->rival.lost_ns, quiet_from_ns);
    if (meets_loss(e) && now_ns - o->rival.lost_ns > RIVAL_PAUSE) {
        o->capacity *= RIVAL_BETA;
        o->rival.lost_ns = now_ns;
        if (++o->rival.losses % RIVAL_TRIES == 0) /* the queue would be gone were we alone */
            start_try(e, now_ns);
    } else if (o->queue_ns > RIVAL_DEEP_NS && now_ns - quiet_from_ns > RIVAL_QUIET)
        start_try(e, now_ns); /* a rival would have filled it by now */
    if (o->queue_ns > 2 * FLOOR_NS + o->noise_ns)
        o->rival.full_ns = now_ns;
    if (now_ns - o->rival.full_ns < RIVAL_GONE)
        return;
    o->rival.is_there = false;
    o->rival.looked_ns = WZP_NEVER;
    o->drain.last_ns = now_ns;
    set_base(o, o->rival.base_ns);
}

/* ---- the pace ---- */

static double factor_of(const struct wzp_estimate *e, int64_t now_ns)
{
    const struct wzp_estimate_ours *o = &e->ours;
    if (o->is_starting && !o->is_measured)
        return e->wish_bps ? GROWTH : GROWTH_OPEN;
    bool is_foreseen = o->queue_ns > 2 * o->aim_ns && now_ns == e->path.reported_ns;
    double off = is_foreseen ? (o->aim_ns - queue_now(e)) / CALM_NS : (o->aim_ns - o->queue_ns) / calm_of(e);
    double factor = off > 0 ? wzp_estimate_min(1 + off * o->eager, GROWTH)
                            : wzp_estimate_max(1 + off, PACE_LEAST);
    if (now_ns < o->held.until_ns)
        factor = wzp_estimate_min(factor, HELD_GROWTH);
    return o->loss.doubts > 0 || o->used < 1 ? wzp_estimate_min(factor, DOUBT_PACE) : factor;
}

static void set_target(struct wzp_estimate_ours *o, double wanted, double passed_ns)
{
    if (wanted < TARGET_DOWN * o->target) {
        o->target = wanted;
        return;
    }
    double calm_ns = wanted > TARGET_FAR * o->target ? TARGET_FAST : TARGET_NS;
    o->target += (wanted - o->target) * passed_ns / (passed_ns + calm_ns);
}

static void set_pace(struct wzp_estimate *e, int64_t now_ns)
{
    struct wzp_estimate_ours *o = &e->ours;
    double passed_ns = (double)(now_ns - o->paced_ns), drain_pace = DRAIN_PACE;
    double wanted = o->capacity;
    o->capacity = wzp_estimate_max(o->capacity, WZP_ESTIMATE_BPS_MIN);
    if (!o->rival.is_there)
        wanted *= factor_of(e, now_ns);
    else
        drain_pace = RIVAL_TRY_PACE;
    if (e->wish_bps && wanted > o->capacity) /* nobody would use more */
        wanted = wzp_estimate_max(o->capacity, wzp_estimate_min(wanted, GROWTH * (double)e->wish_bps));
    if (o->has_met)
        o->rival.most = wzp_estimate_max(o->capacity,
                                         o->rival.most * RIVAL_MOST_NS / (RIVAL_MOST_NS + passed_ns));
    o->paced_ns = now_ns;
    e->path.line_bps = o->has_met || o->is_measured ? o->capacity : 0;
    o->pace = o->blind * wanted;
    set_target(o, o->blind * (o->is_short ? wzp_estimate_min(wanted, o->capacity) : wanted), passed_ns);
    if (now_ns < o->drain.end_ns)
        o->pace = wzp_estimate_min(o->pace, drain_pace * o->capacity);
}

static bool is_full(const struct wzp_estimate_ours *o)
{
    return o->queue_ns > 0.7 * o->aim_ns || o->used < 1;
}

/* The longer there is no queue although all that may leave leaves, the more is tried. */
static void set_eagerness(struct wzp_estimate *e, int64_t now_ns)
{
    struct wzp_estimate_ours *o = &e->ours;
    if (is_full(o)) {
        o->is_starting = false;
        o->has_met = true;
        o->eager = 1;
        o->grown_ns = now_ns;
    } else if (o->queue_ns < 0.5 * o->aim_ns && !o->is_short &&
               (double)(now_ns - o->grown_ns) > loop_delay(e)) {
        o->eager = wzp_estimate_min(2 * o->eager, EAGER_MAX);
        o->grown_ns = now_ns;
    }
}

/* Who offers less than would be used is helped out with padding, the rarer the less it finds. */
static void seek(struct wzp_estimate *e, int64_t now_ns)
{
    struct wzp_estimate_ours *o = &e->ours;
    uint64_t most_bps = e->max_bps && e->max_bps < e->wish_bps ? e->max_bps : e->wish_bps;
    bool is_enough = o->capacity >= (double)most_bps;
    if (o->seek_end_ns != INT64_MIN) {
        if (now_ns < o->seek_end_ns && !is_enough && !is_full(o) && o->loss.doubts == 0)
            return;
        bool is_late = now_ns >= o->seek_end_ns, was_full = is_full(o);
        o->seek_end_ns = INT64_MIN;
        o->bare_ns = now_ns;
        if (was_full)
            o->seek_every_ns = wzp_time_min(2 * o->seek_every_ns, SEEK_EVERY_MAX);
        else if (is_enough)
            o->seek_every_ns = SEEK_EVERY;
        if (was_full || is_late)
            o->seek_eager = wzp_estimate_clamp(was_full ? o->seek_eager / 2 : 2 * o->seek_eager, 1,
                                               EAGER_MAX);
        o->seek_ns = now_ns + (was_full ? o->seek_every_ns : 0);
        return;
    }
    if (!is_enough && !is_full(o) && e->path.was_idle && o->loss.doubts == 0 && now_ns >= o->seek_ns) {
        o->seek_end_ns = now_ns + (int64_t)wzp_estimate_max(SEEK_NS, SEEK_DELAYS * loop_delay(e));
        o->padded_ns = now_ns;
        /* That there was no queue meant little: it was not filled. Where a round trip is longer than a search
         * none ends it, and the next one tries more. */
        o->eager = o->has_met ? o->seek_eager : o->eager;
    }
}

/* ---- the table ---- */

/* A rate that was told stands for as long as no queue says otherwise: loss alone does not. */
static void trust(struct wzp_estimate *e, int64_t now_ns)
{
    struct wzp_estimate_ours *o = &e->ours;
    bool is_told = e->max_bps && e->start_bps >= e->max_bps;
    if (o->queue_ns > 2 * o->aim_ns + o->noise_ns || o->used < 1)
        o->distrust_ns = now_ns + DISTRUST_NS;
    if (!is_told || now_ns < o->distrust_ns)
        return;
    o->capacity = (double)e->max_bps;
    o->loss.doubts = 0;
}

static void on_report(struct wzp_estimate *e, int64_t now_ns)
{
    struct wzp_estimate_ours *o = &e->ours;
    o->blind = 1;
    o->before_ns = o->queue_ns;
    take_delays(e);
    foresee_base(e, now_ns);
    o->is_known = true;
    wzp_estimate_take_spacing(e, base_of(o));
    if (o->rival.is_there)
        race(e, now_ns);
    else {
        o->queue_ns = least_wait(e, base_of(o));
        set_aim(e);
        bool is_train = wzp_estimate_take_train(e);
        take_loss(e, base_of(o), now_ns);
        watch_high(e, (double)(now_ns - o->paced_ns), now_ns);
        watch_base(e, now_ns);
        if (!is_train)
            wzp_estimate_take_capacity(e, base_of(o));
        wzp_estimate_hold(e, now_ns);
        trust(e, now_ns);
        look_for_rival(e, now_ns);
        set_eagerness(e, now_ns);
        drain(e, now_ns);
        seek(e, now_ns);
        if (is_train) { /* measured, not felt for */
            o->target = o->capacity;
            o->is_measured = o->capacity < WZP_ESTIMATE_TRAIN_BPS;
        }
    }
    set_pace(e, now_ns);
}

/* Reports should have come: they do while media is sent. */
static int64_t blind_at(const struct wzp_estimate *e)
{
    const struct wzp_estimate_ours *o = &e->ours;
    if (e->path.sent_bytes <= 0 || !o->is_known || o->blind <= BLIND_LEAST)
        return WZP_NEVER;
    int64_t wait_ns = wzp_time_max(BLIND_NS, 4 * e->path.interval_ns + 2 * e->path.rtt_ns);
    return wzp_time_max(e->path.reported_ns, o->blind < 1 ? o->paced_ns : INT64_MIN) + wait_ns;
}

static int64_t next_at(const struct wzp_estimate *e)
{
    const struct wzp_estimate_ours *o = &e->ours;
    return wzp_time_min(o->paced_ns < o->drain.end_ns ? o->drain.end_ns : WZP_NEVER, blind_at(e));
}

static void advance(struct wzp_estimate *e, int64_t now_ns)
{
    if (now_ns >= blind_at(e))
        e->ours.blind = wzp_estimate_max(BLIND_BETA * e->ours.blind, BLIND_LEAST);
    set_pace(e, now_ns);
}

static double target(const struct wzp_estimate *e)
{
    return e->ours.target;
}

static double pace(const struct wzp_estimate *e)
{
    return e->ours.pace;
}

static bool wants_padding(const struct wzp_estimate *e)
{
    bool is_told = e->path.sent_bytes * 8e9 < SEEK_BLIND_NS * e->ours.capacity;
    return e->ours.seek_end_ns != INT64_MIN && is_told && e->ours.paced_ns >= e->ours.drain.end_ns;
}

static void tell(const struct wzp_estimate *e, struct wzp_estimate_facts *facts)
{
    const struct wzp_estimate_ours *o = &e->ours;
    bool is_large = o->queue_ns > 2 * o->aim_ns || o->rival.is_there || o->loss.doubts > 0 || o->used < 1;
    bool rises = o->queue_ns > o->aim_ns && o->queue_ns > o->before_ns + o->noise_ns;
    facts->capacity_bps = o->is_known ? (uint64_t)o->capacity : 0;
    facts->is_open = o->is_known && !o->has_met && !o->is_measured;
    if (facts->is_open && o->train_ns && o->loss.doubts > 0) /* the pace finds out, and then it is known */
        facts->capacity_bps = (uint64_t)wzp_estimate_max(o->capacity, o->loss.before);
    facts->queue_ns = (int64_t)wzp_estimate_max(o->queue_ns, 0);
    facts->random_permille = (unsigned)(1000 * o->loss.random);
    facts->congestive_permille = (unsigned)(1000 * wzp_estimate_max(o->loss.recent - o->loss.random, 0));
    facts->state = is_large ? WZP_ESTIMATE_CONGESTED : rises ? WZP_ESTIMATE_RISING : WZP_ESTIMATE_STABLE;
}

const struct wzp_estimate_rules wzp_estimate_ours_rules = {
    .name = "ours",
    .init = init,
    .on_report = on_report,
    .next_at = next_at,
    .advance = advance,
    .target = target,
    .pace = pace,
    .wants_padding = wants_padding,
    .tell = tell,
};
