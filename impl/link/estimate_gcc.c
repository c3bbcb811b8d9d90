// SPDX-License-Identifier: Apache-2.0
/* Like the estimator of browsers (draft-ietf-rmcat-gcc-02; Carlucci and others, 2017): a trend line through
 * the delays of groups of packets, an adaptive threshold, x 0.85 of the acknowledged rate, rules of loss. */
#include "base/time.h"
#include "link/estimate_rules.h"

#include <math.h>

#define GROUP_NS      (5 * WZP_MS)
#define POINTS        20
#define SMOOTHING     0.9
#define GAIN          4.0
#define POINTS_MOST   60
#define THRESHOLD     12.5 /* ms at first */
#define THRESHOLD_MIN 6.0
#define THRESHOLD_MAX 600.0
#define UP_MS         0.0087 /* how fast the threshold follows */
#define DOWN_MS       0.039
#define OVER_MS       10.0 /* of overuse before it counts */
#define BETA          0.85
#define GROWTH        0.08 /* a second */
#define ACKED_MOST    1.5  /* times the acknowledged rate */
#define LOSS_HIGH     0.1
#define LOSS_LOW      0.02
#define LOSS_GROWTH   1.05
#define LOSS_EVERY    (1 * WZP_S)
#define PACKET_BITS   9600.0

enum { STEADY, OVER, UNDER };

static void init(struct wzp_estimate *estimate, int64_t now_ns)
{
    estimate->gcc = (struct wzp_estimate_gcc){.rate = (double)estimate->start_bps,
                                              .loss_rate = (double)estimate->start_bps,
                                              .threshold_ms = THRESHOLD,
                                              .loss_ns = now_ns,
                                              .changed_ns = now_ns};
}

/* Least squares of smoothed delay over time of arrival. */
static double slope(const struct wzp_estimate_gcc *gcc)
{
    unsigned count = gcc->points < POINTS ? gcc->points : POINTS;
    double time = 0, delay = 0, up = 0, down = 0;
    for (unsigned i = 0; i < count; i++) {
        time += gcc->times_ms[i] / count;
        delay += gcc->delays_ms[i] / count;
    }
    for (unsigned i = 0; i < count; i++) {
        up += (gcc->times_ms[i] - time) * (gcc->delays_ms[i] - delay);
        down += (gcc->times_ms[i] - time) * (gcc->times_ms[i] - time);
    }
    return down > 0 ? up / down : 0;
}

static void detect(struct wzp_estimate_gcc *gcc, double passed_ms)
{
    unsigned count = gcc->points < POINTS_MOST ? gcc->points : POINTS_MOST;
    double before = gcc->trend, trend = slope(gcc);
    double value = count * trend * GAIN;
    gcc->trend = trend;
    if (value > gcc->threshold_ms) {
        gcc->over_ms += passed_ms;
        gcc->over_count++;
        if (gcc->over_ms > OVER_MS && gcc->over_count > 1 && trend >= before) {
            gcc->over_ms = gcc->over_count = 0;
            gcc->state = OVER;
        }
    } else {
        gcc->over_ms = gcc->over_count = 0;
        gcc->state = value < -gcc->threshold_ms ? UNDER : STEADY;
    }
    double off = fabs(value) - gcc->threshold_ms;
    if (off > 15)
        return;
    gcc->threshold_ms += (off < 0 ? DOWN_MS : UP_MS) * off * wzp_estimate_min(passed_ms, 100);
    gcc->threshold_ms = wzp_estimate_clamp(gcc->threshold_ms, THRESHOLD_MIN, THRESHOLD_MAX);
}

static void end_group(struct wzp_estimate_gcc *gcc, const struct wzp_estimate_sample *next)
{
    double sent_ms = (double)(next->sent_ns - gcc->group_sent_ns) / 1e6;
    double arrived_ms = (double)(next->arrived_ns - gcc->group_arrived_ns) / 1e6;
    gcc->delay_ms += arrived_ms - sent_ms;
    gcc->smoothed_ms = SMOOTHING * gcc->smoothed_ms + (1 - SMOOTHING) * gcc->delay_ms;
    gcc->times_ms[gcc->points % POINTS] = (double)next->arrived_ns / 1e6;
    gcc->delays_ms[gcc->points % POINTS] = gcc->smoothed_ms;
    gcc->points++;
    if (gcc->points >= POINTS)
        detect(gcc, arrived_ms);
}

static void take_samples(struct wzp_estimate *estimate)
{
    struct wzp_estimate_gcc *gcc = &estimate->gcc;
    for (uint64_t i = estimate->path.begin; i < estimate->path.end; i++) {
        const struct wzp_estimate_sample *sample = wzp_estimate_sample(&estimate->path, i);
        gcc->loss_all += sample->told;
        gcc->loss_got += sample->got;
        if (gcc->has_group && sample->sent_ns - gcc->group_sent_ns <= GROUP_NS)
            continue;
        if (gcc->has_group)
            end_group(gcc, sample);
        gcc->has_group = true;
        gcc->group_sent_ns = sample->sent_ns;
        gcc->group_arrived_ns = sample->arrived_ns;
    }
}

/* The acknowledged rate of the last half second. */
static void take_acked(struct wzp_estimate *estimate)
{
    const struct wzp_estimate_path *path = &estimate->path;
    const struct wzp_estimate_sample *newest = wzp_estimate_sample(path, path->end - 1);
    double bytes = 0;
    for (uint64_t i = path->end; i > wzp_estimate_oldest(path); i--) {
        const struct wzp_estimate_sample *sample = wzp_estimate_sample(path, i - 1);
        int64_t span_ns = newest->arrived_ns - sample->arrived_ns;
        if (span_ns > 0)
            estimate->gcc.acked = bytes * 8e9 / (double)span_ns;
        if (span_ns >= WZP_S / 2)
            break;
        bytes += sample->got_bytes;
    }
}

static void rule_delay(struct wzp_estimate *estimate, int64_t now_ns)
{
    struct wzp_estimate_gcc *gcc = &estimate->gcc;
    double passed_s = wzp_estimate_min((double)(now_ns - gcc->changed_ns) / 1e9, 1);
    if (gcc->state == OVER) {
        double off = gcc->has_decreased ? gcc->acked / gcc->at_decrease - 1 : 0;
        gcc->deviation += 0.05 * (off * off - gcc->deviation);
        gcc->at_decrease = gcc->has_decreased && fabs(off) < 0.3 ? 0.95 * gcc->at_decrease + 0.05 * gcc->acked
                                                                 : gcc->acked;
        gcc->has_decreased = true;
        gcc->rate = wzp_estimate_min(gcc->rate, BETA * gcc->acked);
        gcc->state = STEADY;
        gcc->changed_ns = now_ns;
        return;
    }
    gcc->changed_ns = now_ns;
    if (gcc->state == UNDER || estimate->path.was_idle)
        return;
    double near = wzp_estimate_max(3 * sqrt(gcc->deviation), 0.15);
    if (gcc->has_decreased && gcc->acked > gcc->at_decrease * (1 + near))
        gcc->has_decreased = false;
    double response_s = (double)estimate->path.rtt_ns / 1e9 + 0.1;
    double grown = gcc->has_decreased && gcc->acked > gcc->at_decrease * (1 - near)
                       ? gcc->rate +
                             wzp_estimate_max(passed_s / response_s * 0.5 * PACKET_BITS, 1000 * passed_s)
                       : gcc->rate * (1 + GROWTH * passed_s);
    gcc->rate = wzp_estimate_max(gcc->rate, wzp_estimate_min(grown, ACKED_MOST * gcc->acked + 10000));
}

static void rule_loss(struct wzp_estimate *estimate, int64_t now_ns)
{
    struct wzp_estimate_gcc *gcc = &estimate->gcc;
    if (now_ns - gcc->loss_ns < LOSS_EVERY || gcc->loss_all <= 0)
        return;
    gcc->loss = 1 - gcc->loss_got / gcc->loss_all;
    if (gcc->loss > LOSS_HIGH)
        gcc->loss_rate = wzp_estimate_min(gcc->loss_rate, gcc->rate) * (1 - 0.5 * gcc->loss);
    else if (gcc->loss < LOSS_LOW)
        gcc->loss_rate *= LOSS_GROWTH;
    gcc->loss_rate = wzp_estimate_clamp(gcc->loss_rate, WZP_ESTIMATE_BPS_MIN, 1.5 * gcc->rate);
    gcc->loss_all = gcc->loss_got = 0;
    gcc->loss_ns = now_ns;
}

static void on_report(struct wzp_estimate *estimate, int64_t now_ns)
{
    take_samples(estimate);
    take_acked(estimate);
    rule_delay(estimate, now_ns);
    rule_loss(estimate, now_ns);
    estimate->gcc.rate = wzp_estimate_max(estimate->gcc.rate, WZP_ESTIMATE_BPS_MIN);
}

static double rate(const struct wzp_estimate *estimate)
{
    return wzp_estimate_min(estimate->gcc.rate, estimate->gcc.loss_rate);
}

static void tell(const struct wzp_estimate *estimate, struct wzp_estimate_facts *facts)
{
    facts->random_permille = (unsigned)(1000 * estimate->gcc.loss);
    facts->state = estimate->gcc.state == OVER ? WZP_ESTIMATE_CONGESTED : WZP_ESTIMATE_STABLE;
}

const struct wzp_estimate_rules wzp_estimate_gcc_rules = {
    .name = "gcc", .init = init, .on_report = on_report, .target = rate, .pace = rate, .tell = tell};
