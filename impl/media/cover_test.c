// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/rng.h"
#include "base/time.h"
#include "media/plan.h"

#include <math.h>
#include <stdio.h>

/* Gilbert's channel, packet by packet. */
struct channel {
    struct wzp_rng rng;
    double after_came, after_lost;
    bool lost;
};

static struct channel channel_make(double loss, double burst, uint64_t seed)
{
    burst = fmax(burst, 1 / (1 - loss));
    return (struct channel){wzp_rng_make(seed, 1), loss / (1 - loss) / burst, 1 - 1 / burst, false};
}

static bool channel_loses(struct channel *channel)
{
    channel->lost = wzp_rng_unit(&channel->rng) < (channel->lost ? channel->after_lost : channel->after_came);
    return channel->lost;
}

#define UNKNOWNS 4096

/*
 * The sliding-window code with coefficients so random that every equation counts that can: equations are
 * given to the oldest unknown in their window. Unknowns that hang together, from one at which all was solved
 * on, are solved at once when there is an equation for each; if the oldest without one leaves the window they
 * are lost together (the underdetermined part of the Dulmage-Mendelsohn decomposition of such a staircase).
 */
static double simulate(double loss, double burst, unsigned repair_permille, unsigned window, long sources,
                       uint64_t seed)
{
    static long unknown[UNKNOWNS];
    struct channel channel = channel_make(loss, burst, seed);
    long part = 0, next = 0, end = 0, missed = 0; /* indices: the part's first, the first without, the end */
    unsigned credit = 0;
    for (long i = 0; i < sources; i++) {
        while (next < end && unknown[next % UNKNOWNS] <= i - (long)window) {
            next++;
            missed += next - part;
            part = next;
        }
        if (channel_loses(&channel)) {
            unknown[end++ % UNKNOWNS] = i;
        }
        assert_true(end - part < UNKNOWNS);
        for (credit += repair_permille; credit >= 1000; credit -= 1000) {
            if (channel_loses(&channel) || next == end) {
                continue;
            }
            next++;
            while (next == end && part < end) {
                missed += unknown[part++ % UNKNOWNS] <= i - (long)window; /* solved, but too late */
            }
        }
    }
    return (double)missed / (double)sources;
}

static void model_agrees_with_simulation(void **state)
{
    (void)state;
    static const struct {
        double loss, burst;
        unsigned repair_permille, window;
    } rows[] = {
        {0.01, 1, 125, 8},  {0.05, 1, 200, 12}, {0.05, 1, 1000, 2}, {0.2, 1, 500, 16},  {0.2, 1, 1000, 6},
        {0.2, 1, 2000, 2},  {0.3, 4, 1000, 12}, {0.3, 4, 2000, 8},  {0.3, 4, 3000, 6},  {0.5, 1, 1500, 12},
        {0.5, 1, 2000, 8},  {0.5, 1, 4000, 3},  {0.6, 1, 4000, 4},  {0.7, 1, 2000, 1},  {0.7, 1, 2000, 8},
        {0.7, 1, 4000, 10}, {0.7, 1, 7000, 2},  {0.7, 1, 7000, 4},  {0.5, 6, 4000, 12}, {0.05, 3, 500, 12},
        {0.5, 1, 1250, 40}, {0.7, 1, 2667, 40}, {0.9, 1, 6500, 1},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct wzp_cover_path path = {.loss_permille = (unsigned)(rows[i].loss * 1000 + 0.5),
                                      .burst_16 = (unsigned)(rows[i].burst * 16)};
        double residual[WZP_COVER_WINDOW_MAX];
        wzp_cover_residuals(&path, rows[i].repair_permille, rows[i].window, residual);
        double model = residual[rows[i].window - 1];
        double seen = simulate(rows[i].loss, rows[i].burst, rows[i].repair_permille, rows[i].window, 400000,
                               i);
        if (model > 1.3 * seen || seen > 1.3 * model) {
            fail_msg("row %zu: model %g, simulation %g", i, model, seen);
        }
    }
}

static void more_repair_never_leaves_more(void **state)
{
    (void)state;
    for (unsigned loss = 10; loss <= 900; loss += 89) {
        for (unsigned burst_16 = 16; burst_16 <= 128; burst_16 *= 2) {
            struct wzp_cover_path path = {.loss_permille = loss, .burst_16 = burst_16};
            double before[WZP_COVER_WINDOW_MAX], residual[WZP_COVER_WINDOW_MAX];
            for (unsigned permille = 0; permille <= WZP_COVER_REPAIR_MAX; permille += 1000) {
                wzp_cover_residuals(&path, permille, 16, residual);
                for (unsigned w = 0; w < 16; w++) {
                    assert_true(residual[w] >= 0 && residual[w] <= loss / 1000.0 + 1e-9);
                    assert_true(w == 0 || residual[w] <= residual[w - 1] + 1e-9);
                    assert_true(permille == 0 || residual[w] <= before[w] + 1e-9);
                    before[w] = residual[w];
                }
            }
        }
    }
}

static const struct wzp_cover_source opus24k = {20 * WZP_MS, 136, 146};

static void covers_keep_to_rate_and_horizon(void **state)
{
    (void)state;
    static const struct {
        unsigned loss_permille, burst_16, rate_kbps, horizon_ms;
        unsigned repair_min, repair_max; /* permille */
    } rows[] = {
        {0, 0, 500, 100, 0, 0},         {3, 16, 500, 100, 0, 0},         {50, 16, 500, 40, 1000, 1500},
        {200, 16, 500, 60, 1500, 3000}, {300, 64, 500, 200, 2000, 5000}, {700, 16, 500, 200, 4500, 7000},
        {700, 16, 100, 200, 0, 720},                                     /* the rate has no room */
        {700, 16, 54, 200, 0, 0},       {500, 16, 0, 0, 0, 0},           /* nor has the horizon */
        {500, 16, 0, 15, 1000, 12000},  {900, 16, 500, 200, 5500, 7000}, /* more helps, if not much */
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct wzp_cover_path path = {rows[i].loss_permille, rows[i].burst_16, rows[i].rate_kbps * 1000};
        static struct wzp_cover_curves curves;
        struct wzp_cover cover;
        wzp_cover_curves_make(&path, &curves);
        wzp_cover_choose(&curves, &opus24k, &wzp_plan_weights, rows[i].horizon_ms * WZP_MS, &cover);
        if (cover.repair_permille < rows[i].repair_min || cover.repair_permille > rows[i].repair_max)
            fail_msg("row %zu: %u permille over %u, residual %u ppm", i, cover.repair_permille, cover.window,
                     cover.residual_ppm);
        assert_true(cover.horizon_ns <= rows[i].horizon_ms * WZP_MS);
        assert_int_equal(cover.horizon_ns,
                         wzp_cover_horizon(cover.repair_permille, cover.window, opus24k.interval_ns));
        if (path.rate_bps > 0 && cover.repair_permille > 0)
            assert_true(cover.rate_bps <= wzp_cover_rate_usable(path.rate_bps));
        assert_int_equal(cover.rate_bps,
                         (136 * 1000 + 146 * (uint64_t)cover.repair_permille) * 8 / 20); /* per 20 ms */
    }
}

static void the_horizon_is_when_the_last_repair_leaves(void **state)
{
    (void)state;
    assert_int_equal(wzp_cover_horizon(0, 4, 20 * WZP_MS), 0);
    assert_int_equal(wzp_cover_horizon(1000, 1, 20 * WZP_MS), 10 * WZP_MS);
    assert_int_equal(wzp_cover_horizon(1000, 2, 20 * WZP_MS), 30 * WZP_MS);
    assert_int_equal(wzp_cover_horizon(3000, 2, 40 * WZP_MS), 70 * WZP_MS);
    assert_int_equal(wzp_cover_horizon(125, 8, 20 * WZP_MS), 150 * WZP_MS);
}

/* What link/feedback measures: the last 128 packets, told every 50 ms, at 100 packets a second. */
#define MEASURED 128
#define PER_TELL 5
struct meter {
    struct channel channel;
    bool lost[MEASURED];
    unsigned at;
};

static struct wzp_cover_path measure(struct meter *meter)
{
    for (unsigned i = 0; i < PER_TELL; i++) {
        meter->lost[meter->at++ % MEASURED] = channel_loses(&meter->channel);
    }
    unsigned lost = 0, runs = 0;
    bool before = false;
    for (unsigned i = 0; i < MEASURED; i++) {
        bool now = meter->lost[(meter->at + i) % MEASURED];
        lost += now;
        runs += now && !before;
        before = now;
    }
    return (struct wzp_cover_path){.loss_permille = lost * 1000 / MEASURED,
                                   .burst_16 = runs ? lost * 16 / runs : 0};
}

static void noise_alone_rarely_moves_the_tracker(void **state)
{
    (void)state;
    static const struct {
        double loss, burst;
    } rows[] = {{0, 1},   {0.002, 1}, {0.005, 1}, {0.01, 1}, {0.03, 1}, {0.05, 1},
                {0.1, 1}, {0.2, 1},   {0.3, 1},   {0.3, 4},  {0.5, 1},  {0.7, 1}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct meter meter = {.channel = channel_make(rows[i].loss, rows[i].burst, 7 + i)};
        struct wzp_cover_tracker tracker;
        wzp_cover_tracker_init(&tracker);
        unsigned changes = 0, below = 0;
        const int tells = 20 * 300;
        for (int t = -100; t < tells; t++) {
            struct wzp_cover_path path = measure(&meter);
            changes += wzp_cover_track(&tracker, &path, MEASURED, t * 50 * WZP_MS) && t >= 0;
            below += t >= 0 && tracker.path.loss_permille + 1 < rows[i].loss * 1000;
            if (t >= 0 && rows[i].loss <= 0) {
                assert_int_equal(tracker.path.loss_permille, 0);
            }
        }
        assert_in_range(changes, 0, 9 * 5);
        if (rows[i].loss * 1000 >= WZP_COVER_LOSS_MIN_PERMILLE) {
            assert_in_range(below, 0, (unsigned)tells / 5);
        }
    }
}

static void a_step_is_followed_within_two_seconds(void **state)
{
    (void)state;
    static const double steps[] = {0, 0.3, 0.7, 0, 0.7, 0.3, 0};
    struct meter meter = {.channel = channel_make(0, 1, 3)};
    struct wzp_cover_tracker tracker;
    wzp_cover_tracker_init(&tracker);
    for (int t = 0; t < 7 * 200; t++) {
        double loss = steps[t / 200];
        if (t % 200 == 0) {
            meter.channel = channel_make(loss, 1, (uint64_t)t);
        }
        struct wzp_cover_path path = measure(&meter);
        wzp_cover_track(&tracker, &path, MEASURED, t * 50 * WZP_MS);
        if (t % 200 >= 40) {
            unsigned planned = tracker.path.loss_permille;
            if (planned < loss * 1000 - 60 || planned > loss * 1000 + 150 * (loss > 0)) {
                fail_msg("%d ms after the step to %g: %u", t % 200 * 50, loss, planned);
            }
        }
    }
}

/* The first estimates of a step are of a part of it: 0.3, then 0.6 of a step to 0.7. */
static void a_step_seen_in_parts_is_followed_to_its_end(void **state)
{
    (void)state;
    struct wzp_cover_tracker tracker;
    wzp_cover_tracker_init(&tracker);
    struct wzp_cover_path path = {.loss_permille = 300, .burst_16 = 16};
    int64_t at_ns = 0;
    for (; at_ns < 10 * WZP_S; at_ns += 50 * WZP_MS) {
        wzp_cover_track(&tracker, &path, MEASURED, at_ns);
    }
    assert_in_range(tracker.path.loss_permille, 290, 320);
    path.loss_permille = 600;
    wzp_cover_track(&tracker, &path, MEASURED, at_ns);
    assert_in_range(tracker.path.loss_permille, 590, 620);
    path.loss_permille = 700;
    for (int64_t end_ns = at_ns + 800 * WZP_MS; at_ns < end_ns; at_ns += 50 * WZP_MS) {
        wzp_cover_track(&tracker, &path, MEASURED, at_ns);
    }
    assert_in_range(tracker.path.loss_permille, 680, 740);
}

/* The first estimate of a call is of a few packets: one of four times as many counts for three quarters of
 * what is smoothed, one of as many as ever only for the time that passed. */
static void first_estimates_count_by_what_they_rest_on(void **state)
{
    (void)state;
    static const struct {
        unsigned first, later; /* permille ... */
        unsigned packets[2];   /* ... over so many */
        unsigned smoothed_min, smoothed_max;
    } rows[] = {
        {344, 200, {32, 128}, 230, 240}, {500, 300, {32, 64}, 395, 405},   {125, 50, {64, 128}, 85, 90},
        {150, 200, {32, 128}, 185, 190}, {260, 200, {128, 128}, 256, 260},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct wzp_cover_tracker tracker;
        wzp_cover_tracker_init(&tracker);
        struct wzp_cover_path path = {.loss_permille = rows[i].first, .burst_16 = 16};
        wzp_cover_track(&tracker, &path, rows[i].packets[0], 0);
        path.loss_permille = rows[i].later;
        wzp_cover_track(&tracker, &path, rows[i].packets[1], 50 * WZP_MS);
        assert_in_range((unsigned)(tracker.loss * 1000), rows[i].smoothed_min, rows[i].smoothed_max);
        wzp_cover_track(&tracker, &path, rows[i].packets[0], 51 * WZP_MS); /* fewer again count for less */
        assert_in_range((unsigned)(tracker.loss * 1000), rows[i].smoothed_min, rows[i].smoothed_max);
        for (int64_t at_ns = 100 * WZP_MS; at_ns <= 7 * WZP_S; at_ns += 50 * WZP_MS)
            wzp_cover_track(&tracker, &path, 128, at_ns);
        assert_in_range(tracker.path.loss_permille, rows[i].later - 10, rows[i].later + 60);
    }
}

/* A clean path does not start late, a narrow one has time for two frames, a long one for more. */
static void what_is_unknown_is_repaired_within_bounds(void **state)
{
    (void)state;
    static const struct {
        int64_t rtt_ms;
        uint64_t rate_bps;
        int64_t horizon_ms;
        unsigned loss_permille;
    } rows[] = {
        {0, 0, 25, 200},         {60, 500000, 25, 224}, {60, 250000, 25, 224}, {60, 249999, 45, 384},
        {60, 151000, 45, 384},   {0, 150000, 45, 600},  {400, 0, 100, 360},    {400, 100000, 150, 600},
        {800, 100000, 300, 600}, {3000, 0, 750, 600},   {0, 80001, 45, 600},   {0, 80000, 45, 400},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_int_equal(wzp_cover_unknown_horizon(rows[i].rtt_ms * WZP_MS, rows[i].rate_bps),
                         rows[i].horizon_ms * WZP_MS);
        assert_int_equal(wzp_cover_unknown_loss(rows[i].rtt_ms * WZP_MS, rows[i].rate_bps),
                         rows[i].loss_permille);
    }
    /* Two frames fit what a narrow path waits, with as much repair as it has room for. */
    assert_true(wzp_cover_horizon(2000, 2, 20 * WZP_MS) <= wzp_cover_unknown_horizon(0, 200000));
    assert_true(wzp_cover_horizon(2000, 2, 20 * WZP_MS) > wzp_cover_unknown_horizon(0, 0));
}

/* Where more is lost than all repair makes up for, packets are repeated, as many as the rate takes: what is
 * left is less than without, and what a simulation says. */
static void overload_is_repeated(void **state)
{
    (void)state;
    const struct wzp_cover_source opus8k_120ms = {120 * WZP_MS, 197, 206};
    for (unsigned loss_permille = 840; loss_permille <= 940; loss_permille += 20) {
        struct wzp_cover_path path = {loss_permille, 16, 100000};
        static struct wzp_cover_curves curves;
        struct wzp_cover cover;
        wzp_cover_curves_make(&path, &curves);
        wzp_cover_choose(&curves, &opus8k_120ms, &wzp_plan_weights, 520 * WZP_MS, &cover);
        double seen = simulate(loss_permille / 1000.0, 1, cover.repair_permille, cover.window, 100000, 7);
        assert_int_equal(cover.window, 1);
        assert_true(cover.repair_permille >= 5000);
        assert_true(fabs(cover.residual_ppm / 1e6 - seen) < 0.02);
    }
}

/* While nothing changes the mean goes back far: plans are close to the truth, and hardly below it. */
static void what_lasts_is_known_closely(void **state)
{
    (void)state;
    static const double losses[] = {0.1, 0.3, 0.5, 0.7};
    for (size_t i = 0; i < sizeof losses / sizeof *losses; i++) {
        struct meter meter = {.channel = channel_make(losses[i], 1, 20 + i)};
        struct wzp_cover_tracker tracker;
        wzp_cover_tracker_init(&tracker);
        double sum = 0;
        const int tells = 20 * 120, from = 20 * 20;
        for (int t = 0; t < tells; t++) {
            struct wzp_cover_path path = measure(&meter);
            wzp_cover_track(&tracker, &path, MEASURED, t * 50 * WZP_MS);
            sum += t >= from ? tracker.path.loss_permille : 0;
        }
        double mean = sum / (tells - from) / 1000;
        assert_true(mean > losses[i] - 0.002 && mean < losses[i] + 0.025);
    }
}

/* Where little is lost more is planned for than the mean; where half is, which repair takes long for, hardly.
 */
static void the_margin_is_small_where_repair_is_dear(void **state)
{
    (void)state;
    static const struct {
        unsigned loss_permille, planned_permille;
    } rows[] = {{104, 120}, {507, 520}, {708, 720}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct wzp_cover_tracker tracker;
        wzp_cover_tracker_init(&tracker);
        struct wzp_cover_path path = {.loss_permille = rows[i].loss_permille, .burst_16 = 16};
        for (int64_t at_ns = 0; at_ns < 30 * WZP_S; at_ns += 50 * WZP_MS)
            wzp_cover_track(&tracker, &path, 64, at_ns);
        assert_int_equal(tracker.path.loss_permille, rows[i].planned_permille);
    }
}

/* A wait that is told to be shorter again and again falls in time, and not to nothing in between. */
static void a_wait_lasts_while_it_is_told(void **state)
{
    (void)state;
    struct wzp_cover_wait wait = {0};
    int64_t at_ns = 10 * WZP_S;
    wzp_cover_wait_note(&wait, 300 * WZP_MS, at_ns);
    for (int i = 0; i < 30; i++, at_ns += 700 * WZP_MS) {
        assert_true(wzp_cover_wait_ns(&wait, at_ns) >= 200 * WZP_MS);
        wzp_cover_wait_note(&wait, 200 * WZP_MS, at_ns);
    }
    assert_int_equal(wzp_cover_wait_ns(&wait, at_ns), 200 * WZP_MS);
    assert_int_equal(wzp_cover_wait_ns(&wait, at_ns + 5 * WZP_S), 0);
}

/* While a path comes to be known a shorter wait is no noise; later it may be. */
static void a_young_wait_falls_sooner(void **state)
{
    (void)state;
    static const struct {
        int64_t at_ms, told_ms, wait_ms;
    } rows[] = {
        {3000, 300, 300},  {3500, 250, 300},  {3600, 250, 250},  {8000, 250, 250},  {12800, 300, 300},
        {13200, 250, 300}, {14700, 250, 300}, {14800, 250, 250}, {19800, 300, 300}, {20400, 250, 250},
    };
    struct wzp_cover_wait wait = {0};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) { /* the last two: nothing was told for 5 s */
        wzp_cover_wait_note(&wait, rows[i].told_ms * WZP_MS, rows[i].at_ms * WZP_MS);
        assert_int_equal(wzp_cover_wait_ns(&wait, rows[i].at_ms * WZP_MS), rows[i].wait_ms * WZP_MS);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(model_agrees_with_simulation),
        cmocka_unit_test(more_repair_never_leaves_more),
        cmocka_unit_test(covers_keep_to_rate_and_horizon),
        cmocka_unit_test(the_horizon_is_when_the_last_repair_leaves),
        cmocka_unit_test(noise_alone_rarely_moves_the_tracker),
        cmocka_unit_test(a_step_is_followed_within_two_seconds),
        cmocka_unit_test(a_step_seen_in_parts_is_followed_to_its_end),
        cmocka_unit_test(first_estimates_count_by_what_they_rest_on),
        cmocka_unit_test(what_is_unknown_is_repaired_within_bounds),
        cmocka_unit_test(overload_is_repeated),
        cmocka_unit_test(what_lasts_is_known_closely),
        cmocka_unit_test(the_margin_is_small_where_repair_is_dear),
        cmocka_unit_test(a_wait_lasts_while_it_is_told),
        cmocka_unit_test(a_young_wait_falls_sooner),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
