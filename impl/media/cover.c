// SPDX-License-Identifier: Apache-2.0
#include "media/cover.h"

#include "base/check.h"
#include "base/time.h"

#include <math.h>
#include <string.h>

#define PERMILLE          1000
#define DEFICIT_MAX       WZP_COVER_WINDOW_MAX /* lost sources that wait for equations: all in the window */
#define PHASES            4                    /* positions in the schedule at which a source is watched */
#define OVERLOAD_PERMILLE 750
#define SETTLE            48 /* sources until the deficit has its stationary distribution */
#define SETTLE_CRITICAL   200
#define TINY              1e-12 /* probability below which a deficit is not followed */
#define BURST_ONE         16

/* The tracker: standard deviations of an estimate's noise, and times. */
#define NOISE_LOSS_MIN   0.008
#define RISE_DEVIATIONS  3.2   /* above what is planned for: counts at once */
#define FAR_DEVIATIONS   4.0   /* below: counts after FAR_BELOW_NS */
#define FAR_LOSS_MIN     0.025 /* or nothing lost at all, where this is planned for */
#define HIGH_DEVIATIONS  0.3   /* the mean above: counts at once */
#define LOW_DEVIATIONS   1.2   /* below: counts after LOW_NS */
#define DRIFT_DEVIATIONS 3.2   /* of the last seconds from the mean: the mean begins anew */
#define MARGIN_MOST      1.5   /* planned for beyond the mean: where repair is cheap, ... */
#define MARGIN_LEAST     0.5   /* ... where half is lost, and more of it takes long; ... */
#define MARGIN_FROM      0.1
#define MARGIN_TO        0.5
#define MARGIN_BAD       1.1 /* ... and where too little of it would be heard at once */
#define MARGIN_BAD_FROM  0.6
#define MARGIN_BAD_TO    0.7
#define FAR_BELOW_NS     (600 * WZP_MS)
#define LOW_NS           (1500 * WZP_MS)
#define SMOOTH_NS        (2 * WZP_S)
#define LONG_NS          (20 * WZP_S)    /* the mean, while nothing drifts */
#define ESTIMATE_NS      (1500 * WZP_MS) /* that an estimate is of */
#define SMOOTH_BURST_NS  (1 * WZP_S)
#define SMOOTH_STEP_NS   (300 * WZP_MS) /* after a step, whose first estimates are of a part of it only */
#define STEP_NS          (1500 * WZP_MS)
#define BURST_NOTABLE    1.5 /* times what was expected */
#define BURST_RUNS       8.0

/* Repair packets per 1000 sources that a plan tries, rate permitting: up to WZP_COVER_REPAIR_MAX. */
static const unsigned ladder[] = {31,   50,   83,   125,  167,  200,  250,  334,  400,   500,  667,
                                  800,  1000, 1250, 1500, 1750, 2000, 2250, 2500, 2750,  3000, 3250,
                                  3500, 3750, 4000, 4250, 4500, 4750, 5000, 5250, 5500,  5750, 6000,
                                  6250, 6500, 6750, 7000, 7500, 8000, 8500, 9000, 10000, 12000};
#define RUNGS          WZP_COVER_RUNGS
#define DENSE          2000 /* from here on what lies between two rungs is worth a look */
#define BETWEEN_FACTOR 1.3
_Static_assert(sizeof ladder / sizeof *ladder == RUNGS, "a curve for each rung");

/* The loss process: two states, "the last packet came" and "was lost"; Gilbert's channel without noise. */
struct loss {
    double after_came; /* probability that the next one is lost */
    double after_lost;
};

/* Probability of each deficit, jointly with the state of the loss process. */
struct deficit {
    double came[DEFICIT_MAX + 1];
    double lost[DEFICIT_MAX + 1];
    unsigned top; /* none above it has mass */
};

static struct loss loss_of(const struct wzp_cover_path *path)
{
    double p = (double)path->loss_permille / PERMILLE;
    if (p > 0.98) {
        p = 0.98;
    }
    double burst = (double)path->burst_16 / BURST_ONE;
    double independent = 1 / (1 - p);
    if (burst < independent) {
        burst = independent;
    }
    return (struct loss){.after_came = p / (1 - p) / burst, .after_lost = 1 - 1 / burst};
}

static void trim(struct deficit *d)
{
    while (d->top > 0 && d->came[d->top] + d->lost[d->top] < TINY) {
        d->came[d->top] = 0;
        d->lost[d->top] = 0;
        d->top--;
    }
}

/* A source packet: one more unknown if it is lost, up to `cap`: in overload the oldest fall out of the
 * window. Here and below all deficits are done alike, one not waiting for another, as vectors want it. */
static void on_source(struct deficit *d, const struct loss *loss, unsigned cap)
{
    const double after_came = loss->after_came, after_lost = loss->after_lost;
    double lost[DEFICIT_MAX + 1];
    unsigned before = d->top, top = before < cap ? before + 1 : cap;
    for (unsigned i = 0; i <= before; i++) {
        lost[i] = d->came[i] * after_came + d->lost[i] * after_lost;
        d->came[i] = d->came[i] + d->lost[i] - lost[i];
    }
    d->lost[0] = 0;
    for (unsigned i = 1; i <= before; i++)
        d->lost[i] = lost[i - 1];
    if (top > before) {
        d->came[top] = 0;
        d->lost[top] = lost[before];
    } else {
        d->lost[top] += lost[before];
    }
    d->top = top;
    trim(d);
}

/* A repair packet: one equation more if it comes. Deficit 0 stays, unless it `leaves`: then its mass is
 * dropped.
 */
static void on_repair(struct deficit *d, const struct loss *loss, bool leaves)
{
    const double after_came = loss->after_came, after_lost = loss->after_lost;
    double lost_0 = d->came[0] * after_came + d->lost[0] * after_lost;
    double came_0 = d->came[0] + d->lost[0] - lost_0;
    for (unsigned i = 1; i <= d->top; i++) {
        double lost = d->came[i] * after_came + d->lost[i] * after_lost;
        double came = d->came[i] + d->lost[i] - lost;
        d->lost[i] = lost;
        d->came[i - 1] = came;
    }
    d->came[d->top] = 0;
    d->lost[0] = leaves ? 0 : lost_0;
    d->came[0] = leaves ? 0 : d->came[0] + came_0;
    trim(d);
}

static double mass(const struct deficit *d)
{
    double sum = 0;
    for (unsigned i = 0; i <= d->top; i++) {
        sum += d->came[i] + d->lost[i];
    }
    return sum;
}

/* A lost source enters behind deficit `d`, `credit` after it: adds to alive[w - 1] the probability that some
 * of what it waits for is still missing when source w after it is due. */
static void watch(const struct deficit *before, const struct loss *loss, unsigned repair_permille,
                  unsigned credit, unsigned window_max, double *alive)
{
    struct deficit d = {.top = before->top < window_max ? before->top + 1 : window_max};
    for (unsigned i = 0; i <= before->top; i++) {
        unsigned to = i < window_max ? i + 1 : window_max;
        d.lost[to] += before->came[i] * loss->after_came + before->lost[i] * loss->after_lost;
    }
    for (unsigned w = 0; w < window_max; w++) {
        if (w > 0) {
            on_source(&d, loss, window_max);
        }
        for (credit += repair_permille; credit >= PERMILLE; credit -= PERMILLE) {
            on_repair(&d, loss, true);
        }
        alive[w] += mass(&d) / PHASES;
    }
}

void wzp_cover_residuals(const struct wzp_cover_path *path, unsigned repair_permille, unsigned window_max,
                         double *residual)
{
    WZP_CHECK(window_max >= 1 && window_max <= WZP_COVER_WINDOW_MAX);
    struct loss loss = loss_of(path);
    struct deficit d = {.top = 0};
    d.came[0] = 1 - (double)path->loss_permille / PERMILLE;
    d.lost[0] = 1 - d.came[0];
    memset(residual, 0, window_max * sizeof *residual);
    if (repair_permille == 0) {
        for (unsigned w = 0; w < window_max; w++) {
            residual[w] = d.lost[0];
        }
        return;
    }
    unsigned credit = 0;
    unsigned stride = PERMILLE / PHASES / repair_permille;
    stride += stride == 0;
    /* Near overload the deficit takes its time. */
    double spare = 1 - d.lost[0] * PERMILLE / (d.came[0] * repair_permille);
    unsigned settle = SETTLE + 2 * PERMILLE / repair_permille;
    settle += spare > 0 && spare < 0.2 ? SETTLE_CRITICAL : 0;
    for (unsigned i = 0, phase = 0; phase < PHASES; i++) {
        if (i >= settle && (i - settle) % stride == 0) {
            watch(&d, &loss, repair_permille, credit, window_max, residual);
            phase++;
        }
        on_source(&d, &loss, window_max);
        for (credit += repair_permille; credit >= PERMILLE; credit -= PERMILLE) {
            on_repair(&d, &loss, false);
        }
    }
}

#define WIDE_BPS 250000 /* of what is above it an eighth is left to signals and files */

#define UNKNOWN_LOSS        200 /* permille */
#define UNKNOWN_LOSS_THIN   400
#define UNKNOWN_LOSS_BARE   200 /* more would find no room for its repair */
#define UNKNOWN_LOSS_NARROW 160
#define UNKNOWN_HORIZON_NS  (25 * WZP_MS)
#define NARROW_HORIZON_NS   (45 * WZP_MS)
#define THIN_BPS            150000
#define BARE_BPS            80000

unsigned wzp_cover_unknown_loss(int64_t rtt_ns, uint64_t rate_bps)
{
    int64_t loss = UNKNOWN_LOSS + rtt_ns * 2 / (5 * WZP_MS);
    if (rate_bps && rate_bps < WIDE_BPS)
        loss += rate_bps > THIN_BPS   ? UNKNOWN_LOSS_NARROW
                : rate_bps > BARE_BPS ? UNKNOWN_LOSS_THIN
                                      : UNKNOWN_LOSS_BARE;
    return (unsigned)wzp_time_min(loss, WZP_COVER_UNKNOWN_LOSS_MAX);
}

int64_t wzp_cover_unknown_horizon(int64_t rtt_ns, uint64_t rate_bps)
{
    bool is_narrow = rate_bps && rate_bps < WIDE_BPS;
    return is_narrow ? wzp_time_max(NARROW_HORIZON_NS, rtt_ns * 3 / 8)
                     : wzp_time_max(UNKNOWN_HORIZON_NS, rtt_ns / 4);
}

#define WAIT_SOON_NS   (600 * WZP_MS)
#define WAIT_NEAR_NS   (2 * WZP_S)
#define WAIT_YOUNG_NS  (10 * WZP_S) /* in which it is shorter for knowing the path better */
#define WAIT_UNTOLD_NS (5 * WZP_S)
#define TOLD_BPS_MIN   2000 /* of feedback */

uint64_t wzp_cover_rate_usable(uint64_t rate_bps)
{
    uint64_t wide = rate_bps > WIDE_BPS ? rate_bps - WIDE_BPS : 0;
    uint64_t told = rate_bps / 25; /* feedback; on a thin path it takes its floor, a quarter at most */
    if (told < TOLD_BPS_MIN)
        told = rate_bps / 4 < TOLD_BPS_MIN ? rate_bps / 4 : TOLD_BPS_MIN;
    return rate_bps - told - wide / 8;
}

struct wzp_cover_path wzp_cover_in_a_row(const struct wzp_cover_path *a, const struct wzp_cover_path *b)
{
    struct wzp_cover_path path = *a;
    path.loss_permille = a->loss_permille + b->loss_permille - a->loss_permille * b->loss_permille / PERMILLE;
    if (b->burst_16 > a->burst_16) {
        path.burst_16 = b->burst_16;
    }
    if (b->rate_bps > 0 && a->loss_permille < PERMILLE) { /* what is lost before does not come to it */
        uint64_t before_bps = b->rate_bps * PERMILLE / (PERMILLE - a->loss_permille);
        if (a->rate_bps == 0 || before_bps < a->rate_bps)
            path.rate_bps = before_bps;
    }
    return path;
}

int64_t wzp_cover_horizon(unsigned repair_permille, unsigned window, int64_t interval_ns)
{
    if (repair_permille == 0 || window == 0) {
        return 0;
    }
    int64_t in_a_row = (repair_permille + PERMILLE - 1) / PERMILLE;
    return (window - 1) * interval_ns + interval_ns * in_a_row / (in_a_row + 1);
}

static uint64_t rate_of(const struct wzp_cover_source *source, unsigned repair_permille)
{
    uint64_t millibytes = (uint64_t)source->packet_bytes * PERMILLE +
                          (uint64_t)source->repair_bytes * repair_permille;
    return millibytes * 8 * (uint64_t)(WZP_S / PERMILLE) / (uint64_t)source->interval_ns;
}

/* The most repair that the rate has room for. */
static unsigned repair_max(const struct wzp_cover_path *path, const struct wzp_cover_source *source)
{
    if (path->rate_bps == 0) {
        return WZP_COVER_REPAIR_MAX;
    }
    uint64_t usable = wzp_cover_rate_usable(path->rate_bps);
    uint64_t alone = rate_of(source, 0);
    uint64_t repair = rate_of(source, PERMILLE) - alone;
    if (usable <= alone || repair == 0) {
        return 0;
    }
    uint64_t permille = (usable - alone) * PERMILLE / repair;
    return permille > WZP_COVER_REPAIR_MAX ? WZP_COVER_REPAIR_MAX : (unsigned)permille;
}

struct attempt {
    unsigned repair_permille;
    unsigned window;
    double residual;
};

static struct wzp_cover cover_of(const struct attempt *attempt, const struct wzp_cover_source *source)
{
    return (struct wzp_cover){
        .repair_permille = attempt->repair_permille,
        .window = attempt->window,
        .horizon_ns = wzp_cover_horizon(attempt->repair_permille, attempt->window, source->interval_ns),
        .residual_ppm = (unsigned)(attempt->residual * 1e6 + 0.5),
        .rate_bps = rate_of(source, attempt->repair_permille),
    };
}

void wzp_cover_curves_make(const struct wzp_cover_path *path, struct wzp_cover_curves *curves)
{
    bool is_same = curves->is_made && curves->path.loss_permille == path->loss_permille &&
                   curves->path.burst_16 == path->burst_16;
    curves->is_made = true;
    curves->path = *path;
    if (!is_same)
        curves->computed = 0;
}

/* Where more is lost than repair makes up for, long windows wait for what older packets want. One packet,
 * which is repeated, waits for nothing; but before that is most of what there is, all of a thin path is not
 * given for it. */
static bool is_overload(const struct wzp_cover_path *path, unsigned repair_permille)
{
    return path->loss_permille > OVERLOAD_PERMILLE &&
           (PERMILLE - path->loss_permille) * repair_permille < path->loss_permille * PERMILLE;
}

static const float *curve(struct wzp_cover_curves *curves, size_t rung)
{
    float *curve = curves->residual[rung];
    if (!(curves->computed >> rung & 1)) {
        double residual[WZP_COVER_WINDOW_MAX];
        wzp_cover_residuals(&curves->path, ladder[rung], WZP_COVER_WINDOW_MAX, residual);
        if (is_overload(&curves->path, ladder[rung]))
            wzp_cover_residuals(&curves->path, ladder[rung], 1, residual);
        for (unsigned w = 0; w < WZP_COVER_WINDOW_MAX; w++)
            curve[w] = (float)residual[w];
        curves->computed |= UINT64_C(1) << rung;
    }
    return curve;
}

static double cost_of(double residual, const struct wzp_cover_weights *weights)
{
    return residual * weights->residual + weights->gaps * residual / (residual + weights->gaps_half);
}

/* A rate of repair between two rungs, `share` above the lower one. Where repair is dense and makes up for the
 * loss, the line between their residuals is not below what this model says of it. The factor is for what the
 * model does not know: calls that fill a rate to the brim miss more. */
struct rung {
    size_t low;
    double share;
    unsigned repair_permille;
};

static double residual_at(struct wzp_cover_curves *curves, const struct rung *rung, unsigned window)
{
    double low = (double)curve(curves, rung->low)[window - 1];
    if (rung->share <= 0) {
        return low;
    }
    double line = low + ((double)curve(curves, rung->low + 1)[window - 1] - low) * rung->share;
    return line * BETWEEN_FACTOR < low ? line * BETWEEN_FACTOR : low;
}

/* The best window at a rate of repair, if it is better than `best`. */
static void try_rung(struct wzp_cover_curves *curves, const struct rung *rung,
                     const struct wzp_cover_source *source, const struct wzp_cover_weights *weights,
                     int64_t horizon_ns_max, struct attempt *best, double *cost_min)
{
    double fixed = (double)(rate_of(source, rung->repair_permille) - rate_of(source, 0)) * 1e-6 *
                   weights->mbps;
    for (unsigned w = 1; w <= WZP_COVER_WINDOW_MAX && fixed < *cost_min; w++) {
        int64_t horizon_ns = wzp_cover_horizon(rung->repair_permille, w, source->interval_ns);
        double delay = (double)horizon_ns * 1e-9 * weights->second;
        if (horizon_ns > horizon_ns_max || fixed + delay >= *cost_min) {
            return;
        }
        double residual = residual_at(curves, rung, w);
        double cost = fixed + delay + cost_of(residual, weights);
        if (cost < *cost_min) {
            *cost_min = cost;
            *best = (struct attempt){rung->repair_permille, w, residual};
        }
    }
}

double wzp_cover_choose(struct wzp_cover_curves *curves, const struct wzp_cover_source *source,
                        const struct wzp_cover_weights *weights, int64_t horizon_ns_max,
                        struct wzp_cover *out)
{
    const struct wzp_cover_path *path = &curves->path;
    struct attempt best = {.residual = (double)path->loss_permille / PERMILLE};
    double cost_min = cost_of(best.residual, weights);
    unsigned most = path->loss_permille < WZP_COVER_LOSS_MIN_PERMILLE ? 0 : repair_max(path, source);
    size_t i = 0;
    for (; i < RUNGS && ladder[i] <= most; i++) {
        struct rung rung = {i, 0, ladder[i]};
        try_rung(curves, &rung, source, weights, horizon_ns_max, &best, &cost_min);
    }
    if (i > 0 && i < RUNGS && ladder[i - 1] >= DENSE) { /* all that the rate has room for */
        double share = (double)(most - ladder[i - 1]) / (double)(ladder[i] - ladder[i - 1]);
        struct rung rung = {i - 1, share, most};
        try_rung(curves, &rung, source, weights, horizon_ns_max, &best, &cost_min);
    }
    *out = cover_of(&best, source);
    return cost_min;
}

/* Losses that are planned for, permille: close where a step changes much. */
static const unsigned levels[] = {0,   5,   10,  20,  30,  37,  45,  52,  60,  70,  80,  90,  100, 110, 120,
                                  130, 140, 150, 160, 170, 180, 190, 200, 210, 220, 230, 240, 260, 280, 300,
                                  320, 340, 360, 380, 400, 420, 440, 460, 480, 500, 520, 540, 560, 580, 600,
                                  620, 640, 660, 680, 700, 720, 740, 760, 780, 800, 850, 900, 950};
#define LEVELS (sizeof levels / sizeof *levels)

void wzp_cover_tracker_init(struct wzp_cover_tracker *tracker)
{
    *tracker = (struct wzp_cover_tracker){.has_estimate = false,
                                          .below_since_ns = WZP_NEVER,
                                          .low_since_ns = WZP_NEVER,
                                          .stepped_ns = INT64_MIN / 2};
}

/* Standard deviation of a loss measured over `packets`, which say less when they are lost in runs; never
 * nothing, so that one packet is no trend. */
static double noise(double loss, double burst, unsigned packets)
{
    double p = loss < NOISE_LOSS_MIN ? NOISE_LOSS_MIN : loss;
    double correlation = burst > 1 ? 1 - 1 / burst / (1 - p) : 0;
    if (correlation < 0) {
        correlation = 0;
    }
    return sqrt(p * (1 - p) / (double)(packets ? packets : 1) * (1 + correlation) / (1 - correlation));
}

static unsigned level_near(double loss)
{
    size_t i = 0;
    while (i < LEVELS - 1 && levels[i] + levels[i + 1] < 2 * loss * PERMILLE) {
        i++;
    }
    return levels[i];
}

/* Does it hold, and has it for `long_ns`? `since_ns` remembers from when on. */
static bool lasts(bool holds, int64_t *since_ns, int64_t long_ns, int64_t now_ns)
{
    if (!holds) {
        *since_ns = WZP_NEVER;
        return false;
    }
    *since_ns = wzp_time_min(*since_ns, now_ns);
    return now_ns - *since_ns >= long_ns;
}

/* What is left of an estimate's noise in a mean that forgets in so long. */
static double left_after(int64_t smooth_ns)
{
    return sqrt((double)ESTIMATE_NS / (double)(ESTIMATE_NS + 2 * smooth_ns));
}

/* Of the way from one to the other, 0 to 1. */
static double share_between(double value, double from, double to)
{
    double share = (value - from) / (to - from);
    return share < 0 ? 0 : share > 1 ? 1 : share;
}

/* In deviations of the mean. */
static double margin_of(double loss)
{
    double fall = share_between(loss, MARGIN_FROM, MARGIN_TO),
           rise = share_between(loss, MARGIN_BAD_FROM, MARGIN_BAD_TO);
    return MARGIN_MOST + (MARGIN_LEAST - MARGIN_MOST) * fall + (MARGIN_BAD - MARGIN_LEAST) * rise;
}

/* How long the mean goes back: as long as nothing changes. */
static int64_t memory(const struct wzp_cover_tracker *tracker, int64_t now_ns)
{
    return wzp_time_max(SMOOTH_NS, wzp_time_min(now_ns - tracker->since_ns, LONG_NS));
}

static unsigned track_loss(struct wzp_cover_tracker *tracker, double loss, unsigned packets, int64_t now_ns)
{
    double planned = (double)tracker->path.loss_permille / PERMILLE;
    double deviation = noise(planned, tracker->burst, packets);
    double drift = fabs(tracker->recent - tracker->loss);
    bool is_far_below = loss < planned - FAR_DEVIATIONS * deviation || (loss <= 0 && planned > FAR_LOSS_MIN);
    bool is_step = loss > planned + RISE_DEVIATIONS * deviation ||
                   lasts(is_far_below, &tracker->below_since_ns, FAR_BELOW_NS, now_ns);
    if (is_step) {
        tracker->loss = tracker->recent = loss;
        tracker->stepped_ns = tracker->since_ns = now_ns;
    } else if (drift > DRIFT_DEVIATIONS * deviation * left_after(SMOOTH_NS)) {
        tracker->loss = tracker->recent;
        tracker->since_ns = now_ns;
    }
    double left = left_after(memory(tracker, now_ns));
    /* What counts at once was high by chance as well. */
    double margin = is_step ? 0
                            : margin_of(tracker->loss) * left * noise(tracker->loss, tracker->burst, packets);
    double wanted = tracker->loss + margin;
    bool is_high = tracker->loss > planned + HIGH_DEVIATIONS * left * deviation;
    bool is_low = level_near(wanted) < tracker->path.loss_permille &&
                  wanted < planned - LOW_DEVIATIONS * left * deviation;
    is_low = is_low || (planned > 0 && tracker->loss < planned / 4);
    if (!is_step && !is_high && !lasts(is_low, &tracker->low_since_ns, LOW_NS, now_ns)) {
        return tracker->path.loss_permille;
    }
    tracker->below_since_ns = WZP_NEVER;
    tracker->low_since_ns = WZP_NEVER;
    return tracker->loss < NOISE_LOSS_MIN / 4 ? 0 : level_near(wanted);
}

static unsigned track_burst(const struct wzp_cover_tracker *tracker, unsigned loss_permille)
{
    double independent = PERMILLE / (PERMILLE - (double)loss_permille);
    if (tracker->burst < BURST_NOTABLE * independent) {
        return 0;
    }
    double planned = (double)tracker->path.burst_16 / BURST_ONE;
    if (tracker->burst < planned * BURST_NOTABLE && planned < tracker->burst * BURST_NOTABLE) {
        return tracker->path.burst_16;
    }
    return (unsigned)(tracker->burst * BURST_ONE + 0.5);
}

bool wzp_cover_track(struct wzp_cover_tracker *tracker, const struct wzp_cover_path *estimate,
                     unsigned packets, int64_t now_ns)
{
    double loss = (double)estimate->loss_permille / PERMILLE;
    double burst = (double)estimate->burst_16 / BURST_ONE;
    struct wzp_cover_path before = tracker->path;
    if (!tracker->has_estimate) {
        tracker->has_estimate = true;
        tracker->loss = tracker->recent = loss;
        tracker->burst = burst;
        tracker->since_ns = now_ns;
        tracker->path.loss_permille = level_near(loss);
    } else {
        double passed_ns = (double)(now_ns - tracker->at_ns);
        bool is_step = now_ns - tracker->stepped_ns < STEP_NS;
        double share = passed_ns / (passed_ns + (double)(is_step ? SMOOTH_STEP_NS : SMOOTH_NS));
        /* The first estimates are of a few packets: one of twice as many counts for half at least. */
        double grown = packets > tracker->packets ? 1 - (double)tracker->packets / packets : 0;
        tracker->recent += (loss - tracker->recent) * (grown > share ? grown : share);
        if (!is_step)
            share = passed_ns / (passed_ns + (double)memory(tracker, now_ns));
        tracker->loss += (loss - tracker->loss) * (grown > share ? grown : share);
        share = passed_ns / (passed_ns + (double)(is_step ? SMOOTH_STEP_NS : SMOOTH_BURST_NS));
        /* A run is seen only when something is lost, and few runs say little of their mean. */
        double runs = loss * (double)packets / (burst > 1 ? burst : 1);
        tracker->burst += (burst - tracker->burst) * share * (runs / (runs + BURST_RUNS));
    }
    tracker->at_ns = now_ns;
    tracker->packets = packets > tracker->packets ? packets : tracker->packets;
    tracker->path.loss_permille = track_loss(tracker, loss, packets, now_ns);
    tracker->path.burst_16 = track_burst(tracker, tracker->path.loss_permille);
    tracker->path.rate_bps = estimate->rate_bps;
    return before.loss_permille != tracker->path.loss_permille || before.burst_16 != tracker->path.burst_16 ||
           before.rate_bps != tracker->path.rate_bps;
}

struct wzp_cover_path wzp_cover_heed(const struct wzp_cover_path *estimate)
{
    struct wzp_cover_tracker tracker;
    wzp_cover_tracker_init(&tracker);
    wzp_cover_track(&tracker, estimate, 0, 0);
    return tracker.path;
}

void wzp_cover_wait_note(struct wzp_cover_wait *wait, int64_t horizon_ns, int64_t now_ns)
{
    if (!wait->ns || now_ns - wait->told_ns >= WAIT_UNTOLD_NS)
        wait->begun_ns = now_ns;
    bool is_soon = horizon_ns < wait->ns / 2 || now_ns - wait->begun_ns < WAIT_YOUNG_NS;
    int64_t kept_ns = is_soon ? WAIT_SOON_NS : WAIT_NEAR_NS;
    wait->told_ns = now_ns;
    if (horizon_ns < wait->ns && now_ns - wait->at_ns < kept_ns)
        return;
    wait->ns = horizon_ns;
    wait->at_ns = now_ns;
}

int64_t wzp_cover_wait_ns(const struct wzp_cover_wait *wait, int64_t now_ns)
{
    return now_ns - wait->told_ns < WAIT_UNTOLD_NS ? wait->ns : 0;
}
