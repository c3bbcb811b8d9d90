// SPDX-License-Identifier: Apache-2.0
/* The mathematics and where the constants come from: docs/estimate.md. */
#include "base/time.h"
#include "link/estimate_rules.h"

#include <math.h>

#define AIM_NS         (12.0 * WZP_MS) /* wanted queue at 1 Mbit/s; it falls with the square root of the rate */
#define AIM_BPS        1e6
#define AIM_NS_MIN     (4.0 * WZP_MS)
#define AIM_NS_MAX     (40.0 * WZP_MS)
#define CALM_NS_MIN    (250.0 * WZP_MS)
#define CALM_DELAYS    2.5 /* loop delays in which a queue is to come to what is wanted */
#define GROWTH_MAX     0.25
#define GROWTH_START   1.0
#define PACE_LEAST     0.2 /* of the capacity */
#define DRAIN_EVERY    (5 * WZP_S)
#define DRAIN_AGAIN    (1 * WZP_S)
#define DRAIN_OFF_NS   (3.0 * WZP_MS)
#define DRAIN_DEPTH    8.0
#define DRAIN_PACE     0.5
#define SPAN_NS        (150 * WZP_MS)
#define SPAN_SAMPLES   8
#define LINE_SHARE     0.9
#define BASE_OFF_NS    (8.0 * WZP_MS)
#define RIVAL_QUEUE_NS (25.0 * WZP_MS)
#define RIVAL_LEFT     0.5 /* of a queue after two times of calm: ours would be gone */
#define RIVAL_TRIES    4
#define RIVAL_TRY_PACE 0.4
#define RIVAL_FLOOR    0.5
#define RIVAL_GROWTH   0.12 /* a second */
#define RIVAL_BETA     0.85
#define RIVAL_PAUSE    (400 * WZP_MS)
#define TALLY_PACKETS  300
#define AIM_SHARE_MIN  0.25
#define SURGE_NS       (15.0 * WZP_MS)
#define LOSS_MARGIN    0.02
#define LOSS_PACKETS   20
#define LOSS_DOUBTS    2
#define DOUBT_PACE     0.9
#define LOW_NS         (50 * WZP_MS)
#define LOW_SAMPLES    3

static const struct wzp_estimate_sample *sample(const struct wzp_estimate *e, uint64_t i)
{
    return wzp_estimate_sample(&e->path, i);
}

static void init(struct wzp_estimate *e, int64_t now_ns)
{
    struct wzp_estimate_ours *o = &e->ours;
    *o = (struct wzp_estimate_ours){.capacity = (double)e->start_bps,
                                    .pace = (double)e->start_bps,
                                    .target = (double)e->start_bps,
                                    .probe = 1,
                                    .aim_share = 1,
                                    .drained_ns = now_ns,
                                    .drain_end_ns = INT64_MIN,
                                    .drain_from_ns = WZP_NEVER,
                                    .depth = 1,
                                    .grown_ns = now_ns,
                                    .blind_ns = WZP_NEVER,
                                    .rival.looked_ns = WZP_NEVER,
                                    .is_starting = true};
    for (unsigned i = 0; i < WZP_ESTIMATE_BINS; i++)
        o->bins_ns[i] = WZP_NEVER;
}

/* ---- the queue ---- */

static void take_delay(struct wzp_estimate_ours *o, const struct wzp_estimate_sample *s)
{
    int64_t bin = s->arrived_ns / WZP_S;
    if (bin - o->bin >= WZP_ESTIMATE_BINS)
        o->bin = bin - WZP_ESTIMATE_BINS;
    for (; o->bin < bin; o->bin++)
        o->bins_ns[(uint64_t)(o->bin + 1) % WZP_ESTIMATE_BINS] = WZP_NEVER;
    int64_t *least_ns = &o->bins_ns[(uint64_t)o->bin % WZP_ESTIMATE_BINS];
    *least_ns = wzp_time_min(*least_ns, s->arrived_ns - s->sent_ns);
}

static int64_t base_ns(const struct wzp_estimate_ours *o)
{
    int64_t least_ns = WZP_NEVER;
    for (unsigned i = 0; i < WZP_ESTIMATE_BINS; i++)
        least_ns = wzp_time_min(least_ns, o->bins_ns[i]);
    return least_ns;
}

static void set_base(struct wzp_estimate_ours *o, int64_t delay_ns)
{
    for (unsigned i = 0; i < WZP_ESTIMATE_BINS; i++)
        o->bins_ns[i] = WZP_NEVER;
    o->bins_ns[(uint64_t)o->bin % WZP_ESTIMATE_BINS] = delay_ns;
}

static double wait_ns(const struct wzp_estimate_sample *s, int64_t base)
{
    return (double)(s->arrived_ns - s->sent_ns - base);
}

/* The least wait of the newest samples: jitter only adds. */
static double low_ns(const struct wzp_estimate *e, int64_t base)
{
    const struct wzp_estimate_sample *newest = sample(e, e->path.end - 1);
    double least = wait_ns(newest, base);
    unsigned count = 0;
    for (uint64_t i = e->path.end; i > wzp_estimate_oldest(&e->path); i--) {
        const struct wzp_estimate_sample *s = sample(e, i - 1);
        if (count >= LOW_SAMPLES && newest->arrived_ns - s->arrived_ns > LOW_NS)
            break;
        least = fmin(least, wait_ns(s, base));
        count++;
    }
    return least;
}

/* ---- loss ---- */

static double margin(const struct wzp_estimate *e, unsigned packets)
{
    const struct wzp_estimate_ours *o = &e->ours;
    double chance = 3 * sqrt(o->loss.random * (1 - o->loss.random) * (2 * e->path.burst - 1) / packets);
    return fmax(LOSS_MARGIN + 1.5 / packets, fmax(chance, 4 * o->loss.spread));
}

static double delay_ns(const struct wzp_estimate *e)
{
    return (double)(e->path.rtt_ns + e->path.interval_ns);
}

static double share(const struct wzp_estimate_tally *tally)
{
    return tally->told > 0 ? 1 - tally->got / tally->told : 0;
}

/* Square of the standard error of a share among so many. */
static double error_squared(const struct wzp_estimate *e, double of, double packets)
{
    return of * (1 - of) * (2 * e->path.burst - 1) / fmax(packets, 1);
}

/* What may be called random: loss where no queue stood, as well as that is known. */
static double random_most(const struct wzp_estimate *e)
{
    const struct wzp_estimate_tally *quiet = &e->ours.quiet;
    if (quiet->told <= 0)
        return 1;
    return share(quiet) + 1 / quiet->packets + 2 * sqrt(error_squared(e, share(quiet), quiet->packets));
}

/* More is lost where a queue stands: it overflows. */
static bool overflows(const struct wzp_estimate *e)
{
    const struct wzp_estimate_tally *quiet = &e->ours.quiet, *loaded = &e->ours.loaded;
    if (quiet->packets < LOSS_PACKETS || loaded->packets < LOSS_PACKETS)
        return false;
    double at_random = share(quiet);
    double error = error_squared(e, at_random, quiet->packets) + error_squared(e, at_random, loaded->packets);
    return share(loaded) > at_random + 2.5 * sqrt(error) + 1.5 / loaded->packets;
}

static void take_tally(struct wzp_estimate *e, uint64_t i, int64_t base)
{
    struct wzp_estimate_ours *o = &e->ours;
    const struct wzp_estimate_sample *s = sample(e, i), *before = sample(e, i - 1);
    bool is_loaded = wait_ns(s, base) > 0.5 * o->aim_ns || wait_ns(before, base) > 0.5 * o->aim_ns;
    struct wzp_estimate_tally *tally = is_loaded ? &o->loaded : &o->quiet;
    tally->told += s->told;
    tally->got += s->got;
    tally->packets += (double)(s->number - before->number);
    if (tally->packets < TALLY_PACKETS)
        return;
    tally->told /= 2;
    tally->got /= 2;
    tally->packets /= 2;
}

static void end_window(struct wzp_estimate *e)
{
    struct wzp_estimate_ours *o = &e->ours;
    double lost = 1 - o->loss.got / o->loss.told;
    bool is_more = lost > o->loss.random + margin(e, o->loss.packets);
    o->loss.recent = lost;
    o->aim_share = overflows(e) ? fmax(0.8 * o->aim_share, AIM_SHARE_MIN) : fmin(o->aim_share + 0.01, 1);
    if (o->queue_ns > 1.5 * o->aim_ns)
        return;
    if (!is_more) {
        o->loss.spread += 0.1 * (fabs(lost - o->loss.random) - o->loss.spread);
        o->loss.random += 0.2 * (lost - o->loss.random);
        if (o->loss.doubts > 0)
            o->loss.random += 0.3 * ((o->loss.sum + lost) / (o->loss.doubts + 1) - o->loss.random);
        o->loss.random = fmin(o->loss.random, random_most(e));
        o->loss.doubts = 0;
        return;
    }
    if (o->loss.doubts == 0) {
        o->loss.before = o->capacity;
        o->loss.least = 1;
        o->loss.sum = 0;
    } else
        o->loss.least = fmin(o->loss.least, lost);
    o->loss.sum += lost;
    if (o->loss.doubts++ < LOSS_DOUBTS)
        return;
    o->loss.random = o->loss.least; /* as much although less was sent */
    o->capacity = fmax(o->capacity, o->loss.before);
    o->quiet = (struct wzp_estimate_tally){LOSS_PACKETS, (1 - o->loss.least) * LOSS_PACKETS, LOSS_PACKETS};
    o->loaded = (struct wzp_estimate_tally){0};
    o->is_starting = !o->has_met;
    o->loss.doubts = 0;
}

/* Loss is of the path when it stays as it is while less is sent, else ours. */
static void take_loss(struct wzp_estimate *e, int64_t now_ns)
{
    struct wzp_estimate_ours *o = &e->ours;
    for (uint64_t i = e->path.begin; i < e->path.end; i++) {
        const struct wzp_estimate_sample *s = sample(e, i);
        if (i == 0 || i == wzp_estimate_oldest(&e->path))
            continue;
        o->loss.told += s->told;
        o->loss.got += s->got;
        o->loss.packets += (unsigned)(s->number - sample(e, i - 1)->number);
        take_tally(e, i, base_ns(o));
    }
    if (o->loss.packets < LOSS_PACKETS || o->loss.told <= 0 ||
        (double)(now_ns - o->loss.since_ns) < delay_ns(e))
        return;
    end_window(e);
    o->loss.told = o->loss.got = 0;
    o->loss.packets = 0;
    o->loss.since_ns = now_ns;
}

/* ---- the rate ---- */

struct window {
    double sent, arrived; /* bit/s of everything in it, lost packets too: they have used the line */
    double span_ns;
    unsigned count;
};

/* The newest samples, as far back as all of them waited more than `floor_ns`. */
static struct window measure(const struct wzp_estimate *e, int64_t base, double floor_ns, double span_max_ns)
{
    const struct wzp_estimate_sample *newest = sample(e, e->path.end - 1), *oldest = newest;
    double bytes = 0, told = 0, got = 0;
    struct window w = {0};
    for (uint64_t i = e->path.end; i > wzp_estimate_oldest(&e->path); i--) {
        const struct wzp_estimate_sample *s = sample(e, i - 1);
        if (wait_ns(s, base) < floor_ns)
            break;
        if (s != newest)
            bytes += sample(e, i)->bytes, told += sample(e, i)->told, got += sample(e, i)->got;
        oldest = s;
        w.count++;
        if (w.count >= SPAN_SAMPLES && (double)(newest->arrived_ns - s->arrived_ns) > span_max_ns)
            break;
    }
    double sent_ns = (double)(newest->sent_ns - oldest->sent_ns);
    w.span_ns = (double)(newest->arrived_ns - oldest->arrived_ns);
    w.sent = sent_ns > 0 ? bytes * 8e9 / sent_ns : 0;
    unsigned packets = (unsigned)(newest->number - oldest->number);
    if (packets > 0 && told > 0 &&
        (overflows(e) || 1 - got / told > e->ours.loss.random + margin(e, packets)))
        bytes *= got / told / (1 - e->ours.loss.random); /* the rest found the queue full */
    w.arrived = w.span_ns > 0 ? bytes * 8e9 / w.span_ns : 0;
    return w;
}

static double calm_ns(const struct wzp_estimate *e)
{
    return fmax(CALM_NS_MIN, CALM_DELAYS * delay_ns(e));
}

/* The line has slowed down at once: each of the newest packets waited longer than the one before. */
static bool surges(const struct wzp_estimate *e, int64_t base)
{
    if (e->path.end < wzp_estimate_oldest(&e->path) + 3)
        return false;
    const struct wzp_estimate_sample *last = sample(e, e->path.end - 1);
    double rise = wait_ns(last, base) - wait_ns(sample(e, e->path.end - 3), base);
    return rise > fmax(SURGE_NS, 3 * e->ours.noise_ns) &&
           wait_ns(sample(e, e->path.end - 2), base) > wait_ns(sample(e, e->path.end - 3), base) &&
           wait_ns(last, base) > wait_ns(sample(e, e->path.end - 2), base);
}

/* What the queue is now, with what has left since and the line has not served. */
static double queue_now_ns(const struct wzp_estimate *e, int64_t now_ns)
{
    const struct wzp_estimate_sample *newest = sample(e, e->path.end - 1);
    double served_ns = (double)(now_ns - newest->sent_ns);
    return e->ours.queue_ns + e->path.flying_bytes * 8e9 / fmax(e->ours.capacity, 1) - served_ns;
}

static void set_aim(struct wzp_estimate_ours *o)
{
    double aim = AIM_NS * sqrt(AIM_BPS / fmax(o->capacity, 1000));
    o->aim_ns = o->aim_share * wzp_estimate_clamp(aim, AIM_NS_MIN, AIM_NS_MAX) + 0.5 * o->noise_ns;
}

static void take_capacity(struct wzp_estimate *e, int64_t base)
{
    struct wzp_estimate_ours *o = &e->ours;
    double floor_ns = 1.0 * WZP_MS + o->noise_ns;
    double span_ns = fmax((double)SPAN_NS, 10 * o->noise_ns);
    if (o->loss.doubts > 0 && e->path.end > e->path.begin) {
        struct window all = measure(e, base, -1e18, span_ns);
        o->capacity = fmin(o->capacity, all.arrived > 0 ? all.arrived : o->capacity);
        return;
    }
    if (surges(e, base)) {
        const struct wzp_estimate_sample *newest = sample(e, e->path.end - 1);
        o->queue_ns = wait_ns(newest, base);
        double rise_floor_ns = wait_ns(sample(e, e->path.end - 3), base);
        struct window surge = measure(e, base, fmax(rise_floor_ns, 1.5 * o->aim_ns), span_ns);
        if (surge.count < 3)
            surge = measure(e, base, rise_floor_ns, 0);
        if (surge.arrived > 0 && surge.arrived < o->capacity)
            o->capacity = surge.arrived;
        o->is_starting = false;
        return;
    }
    struct window standing = measure(e, base, floor_ns, span_ns);
    struct window whole = measure(e, base, -1e18, span_ns);
    if (standing.count >= 3 && standing.arrived > 0) {
        double share = o->queue_ns > 2 * o->aim_ns ? 1 : 0.3;
        bool is_fed = standing.sent > 1.01 * standing.arrived;
        if (standing.arrived > o->capacity || is_fed || o->is_starting)
            o->capacity += share * (standing.arrived - o->capacity);
    }
    double proved = fmin(whole.sent, whole.arrived);
    if (whole.count >= 3 && proved > o->capacity)
        o->capacity = proved;
}

/* A queue that stays although a line a little slower than ours would have emptied it by now is none: the way
 * has become longer, or somebody else fills it whatever we do. */
static void watch_base(struct wzp_estimate *e)
{
    struct wzp_estimate_ours *o = &e->ours;
    double line = LINE_SHARE * o->capacity;
    double most_ns = o->aim_ns + fmax(BASE_OFF_NS, o->noise_ns);
    if (o->queue_ns <= most_ns) {
        o->virtual_ns = o->queue_ns;
        return;
    }
    for (uint64_t i = e->path.begin; i < e->path.end; i++) {
        if (i == 0 || i == wzp_estimate_oldest(&e->path))
            continue;
        double passed = (double)(sample(e, i)->sent_ns - sample(e, i - 1)->sent_ns);
        o->virtual_ns = fmax(0, o->virtual_ns + sample(e, i)->bytes * 8e9 / line - passed);
    }
    if (o->virtual_ns > 0)
        return;
    set_base(o, base_ns(o) + (int64_t)(o->queue_ns - o->aim_ns / 2));
    o->queue_ns = o->aim_ns / 2;
}

/* ---- somebody else who fills the queue until it overflows ---- */

/* Our own queue would be gone after two times of calm. */
static void look_for_rival(struct wzp_estimate *e, int64_t now_ns)
{
    struct wzp_estimate_ours *o = &e->ours;
    if (o->queue_ns < fmax(2 * o->aim_ns, RIVAL_QUEUE_NS + o->noise_ns)) {
        o->rival.looked_ns = WZP_NEVER;
        return;
    }
    if (o->rival.looked_ns == WZP_NEVER) {
        o->rival.before = o->capacity;
        o->rival.looked_ns = now_ns;
        o->rival.peak_before_ns = INFINITY;
        o->rival.peak_ns = o->rival.least_ns = o->queue_ns;
    }
    o->rival.peak_ns = fmax(o->rival.peak_ns, o->queue_ns);
    o->rival.least_ns = fmin(o->rival.least_ns, o->queue_ns);
    if ((double)(now_ns - o->rival.looked_ns) < 2 * calm_ns(e))
        return;
    if (o->rival.least_ns > RIVAL_LEFT * o->rival.peak_before_ns) {
        o->is_rival = true;
        o->rival.base_ns = base_ns(o);
        o->rival.at_ns = o->rival.lost_ns = now_ns;
        o->rival.losses = 0;
        o->capacity = fmax(o->capacity, RIVAL_FLOOR * o->rival.before);
        return;
    }
    o->rival.peak_before_ns = o->rival.peak_ns;
    o->rival.peak_ns = o->rival.least_ns = o->queue_ns;
    o->rival.looked_ns = now_ns;
}

/* Like the flows that look at loss only, until the queue is gone. */
static void take_rival(struct wzp_estimate *e, int64_t now_ns)
{
    struct wzp_estimate_ours *o = &e->ours;
    double told = 0, got = 0;
    for (uint64_t i = e->path.begin; i < e->path.end; i++) {
        told += sample(e, i)->told;
        got += sample(e, i)->got;
    }
    o->rival.base_ns = wzp_time_min(o->rival.base_ns, base_ns(o));
    o->queue_ns = low_ns(e, o->rival.base_ns);
    o->capacity *= 1 + RIVAL_GROWTH * (double)wzp_time_min(now_ns - o->rival.at_ns, WZP_S) / 1e9;
    o->rival.at_ns = now_ns;
    bool is_loss = o->loss.random < 0.01 ? got < told : 1 - got / fmax(told, 1) > o->loss.random + 0.1;
    if (is_loss && now_ns - o->rival.lost_ns > RIVAL_PAUSE) {
        o->capacity *= RIVAL_BETA;
        o->rival.lost_ns = now_ns;
        if (++o->rival.losses % RIVAL_TRIES == 0) /* are we alone? */
            o->drain_end_ns = now_ns + (int64_t)(2 * o->queue_ns);
    }
    if (o->queue_ns > o->aim_ns)
        return;
    o->is_rival = false;
    o->rival.looked_ns = WZP_NEVER;
    o->drained_ns = now_ns;
    set_base(o, o->rival.base_ns);
}

/* ---- the laws ---- */

static void set_pace(struct wzp_estimate *e, int64_t now_ns)
{
    struct wzp_estimate_ours *o = &e->ours;
    double queue_ns = o->queue_ns;
    o->paced_ns = now_ns;
    bool is_foreseen = o->queue_ns > 2 * o->aim_ns && now_ns == e->path.reported_ns;
    if (is_foreseen)
        queue_ns = fmax(queue_now_ns(e, now_ns), 0);
    double off = (o->aim_ns - queue_ns) / (is_foreseen ? CALM_NS_MIN : calm_ns(e)), factor = 1 + off;
    if (o->is_rival) {
        o->pace = o->target = o->capacity;
        if (now_ns < o->drain_end_ns)
            o->pace *= RIVAL_TRY_PACE;
        return;
    }
    if (o->is_starting)
        factor = 1 + GROWTH_START;
    else if (off > 0)
        factor = 1 + fmin(off * o->probe, GROWTH_MAX);
    if (o->loss.doubts > 0)
        factor = fmin(factor, DOUBT_PACE);
    o->pace = o->capacity * fmax(factor, PACE_LEAST);
    o->target = o->pace;
    if (now_ns < o->drain_end_ns)
        o->pace = fmin(o->pace, DRAIN_PACE * o->capacity);
}

/* From time to time the queue is emptied to see how short the way is. Who shares the line has to send less
 * for longer: deeper, until a drain finds what was known before. */
static void drain(struct wzp_estimate *e, int64_t now_ns)
{
    struct wzp_estimate_ours *o = &e->ours;
    for (uint64_t i = e->path.begin; i < e->path.end && o->drain_from_ns != WZP_NEVER; i++) {
        const struct wzp_estimate_sample *s = sample(e, i);
        if (s->sent_ns < o->drain_from_ns)
            continue;
        o->dip_ns = wzp_time_min(o->dip_ns, s->arrived_ns - s->sent_ns);
        if (s->sent_ns < o->drain_end_ns)
            continue;
        double off_ns = (double)(o->dip_ns - o->drain_base_ns);
        bool is_known = fabs(off_ns) <= DRAIN_OFF_NS + o->noise_ns;
        o->depth = wzp_estimate_clamp(is_known ? o->depth / 2 : o->depth * 2, 1, DRAIN_DEPTH);
        o->drained_ns = is_known ? now_ns : now_ns - DRAIN_EVERY + DRAIN_AGAIN;
        o->drain_from_ns = WZP_NEVER;
    }
    if (o->queue_ns < 1.0 * WZP_MS + 0.5 * o->noise_ns && o->depth <= 1)
        o->drained_ns = now_ns;
    if (o->is_starting || now_ns - o->drained_ns < DRAIN_EVERY || o->drain_from_ns != WZP_NEVER)
        return;
    o->drain_from_ns = now_ns;
    o->drain_end_ns = now_ns + (int64_t)(1.6 * o->depth * (o->queue_ns + DRAIN_OFF_NS));
    o->drain_base_ns = base_ns(o);
    o->dip_ns = WZP_NEVER;
}

static void on_report(struct wzp_estimate *e, int64_t now_ns)
{
    struct wzp_estimate_ours *o = &e->ours;
    for (uint64_t i = e->path.begin; i < e->path.end; i++) {
        take_delay(o, sample(e, i));
        if (i > 0 && i > wzp_estimate_oldest(&e->path)) {
            double d = (double)(sample(e, i)->arrived_ns - sample(e, i)->sent_ns -
                                sample(e, i - 1)->arrived_ns + sample(e, i - 1)->sent_ns);
            o->noise_ns += (fmin(fabs(d), 2 * o->noise_ns + 5e6) - o->noise_ns) / 32;
        }
    }
    o->is_known = true;
    if (o->is_rival) {
        take_rival(e, now_ns);
        set_pace(e, now_ns);
        return;
    }
    o->queue_ns = low_ns(e, base_ns(o));
    set_aim(o);
    take_loss(e, now_ns);
    if (o->loss.doubts > 0)
        o->is_starting = false;
    watch_base(e);
    take_capacity(e, base_ns(o));
    look_for_rival(e, now_ns);
    if (o->queue_ns > 0.7 * o->aim_ns) {
        o->is_starting = false;
        o->has_met = true;
        o->probe = 1;
        o->grown_ns = now_ns;
    } else if ((double)(now_ns - o->grown_ns) > delay_ns(e) && o->queue_ns < 0.5 * o->aim_ns) {
        o->probe = fmin(2 * o->probe, 64);
        o->grown_ns = now_ns;
    }
    drain(e, now_ns);
    set_pace(e, now_ns);
}

static int64_t next_at(const struct wzp_estimate *e)
{
    return e->ours.paced_ns < e->ours.drain_end_ns ? e->ours.drain_end_ns : WZP_NEVER;
}

static void advance(struct wzp_estimate *e, int64_t now_ns)
{
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

static void tell(const struct wzp_estimate *e, struct wzp_estimate_facts *facts)
{
    facts->capacity_bps = e->ours.is_known ? (uint64_t)e->ours.capacity : 0;
    facts->queue_ns = (int64_t)e->ours.queue_ns;
    facts->random_permille = (unsigned)(1000 * e->ours.loss.random);
    facts->congestive_permille = (unsigned)(1000 * fmax(0, e->ours.loss.recent - e->ours.loss.random));
}

const struct wzp_estimate_rules wzp_estimate_ours_rules = {.name = "ours",
                                                           .init = init,
                                                           .on_report = on_report,
                                                           .next_at = next_at,
                                                           .advance = advance,
                                                           .target = target,
                                                           .pace = pace,
                                                           .tell = tell};
