// SPDX-License-Identifier: Apache-2.0
/*
 * What the estimator must show, as rows: medians of ten seeds. `test_sim_estimate table [ROW]` prints the
 * rows for every controller, `markdown` as in docs/estimate.md, `ours` for ours; `CONTROLLER ROW [SEED]` a
 * trace.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/time.h"
#include "sim/estimate_bed.h"

#define SEEDS 10
#define MBIT  UINT64_C(1000000)
#define NONE  (-1.0) /* nothing is promised */

struct row {
    const char *name;
    struct sim_bed_params params;
    double rtt_ms;
    struct {
        double utilisation, queue_p95_ms, congestive, jain;
        double down_settle_ms, up_settle_ms, queue_peak_ms, queue_late_ms;
    } promise;
};

#define LINK(rate, share, buffer_ms)                                                                         \
    {                                                                                                        \
        .loss = (share), .burst = 1, .rate_bps = (uint64_t)(rate), .queue_ns = (buffer_ms)*WZP_MS            \
    }

static const struct row rows[] = {
    {"1mbit", {.link = LINK(1e6, 0, 300)}, 40, {.utilisation = 0.92, .queue_p95_ms = 25}},
    {"5mbit", {.link = LINK(5e6, 0, 300)}, 40, {.utilisation = 0.92, .queue_p95_ms = 25}},
    {"20mbit", {.link = LINK(20e6, 0, 300)}, 40, {.utilisation = 0.92, .queue_p95_ms = 25}},
    {"1mbit-10", {.link = LINK(1e6, 0.1, 300)}, 40, {.utilisation = 0.88, .queue_p95_ms = 40}},
    {"1mbit-30", {.link = LINK(1e6, 0.3, 300)}, 40, {.utilisation = 0.88, .queue_p95_ms = 40}},
    {"1mbit-50", {.link = LINK(1e6, 0.5, 300)}, 40, {.utilisation = 0.88, .queue_p95_ms = 40}},
    {"5mbit-10", {.link = LINK(5e6, 0.1, 300)}, 40, {.utilisation = 0.88, .queue_p95_ms = 40}},
    {"5mbit-30", {.link = LINK(5e6, 0.3, 300)}, 40, {.utilisation = 0.88, .queue_p95_ms = 40}},
    {"5mbit-50", {.link = LINK(5e6, 0.5, 300)}, 40, {.utilisation = 0.88, .queue_p95_ms = 40}},
    {"20mbit-10", {.link = LINK(20e6, 0.1, 300)}, 40, {.utilisation = 0.88, .queue_p95_ms = 40}},
    {"20mbit-30", {.link = LINK(20e6, 0.3, 300)}, 40, {.utilisation = 0.88, .queue_p95_ms = 40}},
    {"20mbit-50", {.link = LINK(20e6, 0.5, 300)}, 40, {.utilisation = 0.88, .queue_p95_ms = 40}},
    {"100k-rtt40", {.link = LINK(1e5, 0, 300), .size = 272}, 40, {.utilisation = 0.85, .queue_p95_ms = 70}},
    {"100k-rtt40-30",
     {.link = LINK(1e5, 0.3, 300), .size = 272},
     40,
     {.utilisation = 0.85, .queue_p95_ms = 70}},
    {"100k-rtt300", {.link = LINK(1e5, 0, 300), .size = 272}, 300, {.utilisation = 0.85, .queue_p95_ms = 70}},
    {"100k-rtt300-30",
     {.link = LINK(1e5, 0.3, 300), .size = 272},
     300,
     {.utilisation = 0.85, .queue_p95_ms = 70}},
    {"buffer20",
     {.link = LINK(1e6, 0, 20)},
     40,
     {.utilisation = 0.80, .queue_p95_ms = 20, .congestive = 0.03}},
    {"bursts",
     {.link = {.loss = 0.3, .burst = 8, .rate_bps = MBIT, .queue_ns = 300 * WZP_MS}},
     40,
     {.utilisation = 0.85, .queue_p95_ms = 40}},
    {"feedback-50",
     {.link = LINK(1e6, 0, 300), .back_loss = 0.5},
     40,
     {.utilisation = 0.85, .queue_p95_ms = 40}},
    {"base-40-90",
     {.link = LINK(1e6, 0, 300), .steps_count = 1, .steps = {{20 * WZP_S, 0, 45 * WZP_MS}}},
     40,
     {.utilisation = 0.88}},
    {"rtt300", {.link = LINK(1e6, 0, 300)}, 300, {.utilisation = 0.85, .queue_p95_ms = 60}},
    {"rtt300-30", {.link = LINK(1e6, 0.3, 300)}, 300, {.utilisation = 0.85, .queue_p95_ms = 60}},
    {"rtt800", {.link = LINK(1e6, 0, 300)}, 800, {.utilisation = 0.85, .queue_p95_ms = 60}},
    {"rtt800-30", {.link = LINK(1e6, 0.3, 300)}, 800, {.utilisation = 0.85, .queue_p95_ms = 60}},
    {"steps",
     {.link = LINK(2e6, 0, 500),
      .steps_count = 2,
      .steps = {{20 * WZP_S, MBIT / 2, 0}, {40 * WZP_S, 2 * MBIT, 0}}},
     40,
     {.down_settle_ms = 1500, .up_settle_ms = 6000, .queue_peak_ms = 280, .queue_late_ms = 40}},
    {"two",
     {.link = LINK(1e6, 0, 300), .flows = 2, .settle_ns = 20 * WZP_S},
     40,
     {.jain = 0.95, .queue_p95_ms = 50}},
    {"two-late",
     {.link = LINK(1e6, 0, 300), .flows = 2, .apart_ns = 10 * WZP_S, .settle_ns = 30 * WZP_S},
     40,
     {.jain = 0.95, .queue_p95_ms = 50}},
    {"cubic", {.link = LINK(1e6, 0, 250), .has_cubic = true}, 40, {.utilisation = 0.35}},
    {"cubic-late",
     {.link = LINK(1e6, 0, 250), .has_cubic = true, .start_ns = 3 * WZP_S},
     40,
     {.utilisation = 0.25}},
    {"jitter",
     {.link = {.burst = 1, .rate_bps = MBIT, .queue_ns = 300 * WZP_MS, .jitter_ns = 30 * WZP_MS}},
     40,
     {.utilisation = 0.88}},
};
#define ROWS (sizeof rows / sizeof *rows)

static struct sim_bed_params params_of(const struct row *row, enum wzp_estimate_kind kind)
{
    struct sim_bed_params params = row->params;
    params.kind = kind;
    params.link.delay_ns = (int64_t)(row->rtt_ms / 2 * 1e6);
    params.back_loss = params.back_loss > 0 ? params.back_loss : params.link.burst > 1 ? 0 : params.link.loss;
    params.size = params.size ? params.size : 1200;
    params.start_bps = params.start_bps ? params.start_bps : 300000;
    params.flows = params.flows ? params.flows : 1;
    params.settle_ns = params.settle_ns ? params.settle_ns : 10 * WZP_S;
    params.end_ns = params.end_ns ? params.end_ns : 60 * WZP_S;
    return params;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double values[SEEDS])
{
    qsort(values, SEEDS, sizeof *values, by_value);
    return (values[SEEDS / 2 - 1] + values[SEEDS / 2]) / 2;
}

struct outcome {
    double utilisation, queue_p50_ms, queue_p95_ms, queue_max_ms, congestive, changes, jain;
    double settle_ms[SIM_BED_STEPS], queue_peak_ms[SIM_BED_STEPS], queue_late_ms[SIM_BED_STEPS];
    double report_share, reports_per_s;
};

#define MEDIAN(field, expression)                                                                            \
    do {                                                                                                     \
        double values[SEEDS];                                                                                \
        for (unsigned s = 0; s < SEEDS; s++) {                                                               \
            const struct sim_bed_flow *flow = &results[s].flow[0];                                           \
            (void)flow;                                                                                      \
            values[s] = (expression);                                                                        \
        }                                                                                                    \
        outcome.field = median(values);                                                                      \
    } while (0)

static struct outcome measure(const struct row *row, enum wzp_estimate_kind kind)
{
    static struct sim_bed_result results[SEEDS];
    struct sim_bed_params params = params_of(row, kind);
    struct outcome outcome = {0};
    bool is_base = params.steps_count == 1;
    for (unsigned s = 0; s < SEEDS; s++)
        sim_bed_run(&params, s + 1, &results[s]);
    MEDIAN(utilisation, is_base ? flow->steps[0].utilisation : flow->utilisation);
    MEDIAN(queue_p50_ms, flow->queue_p50_ms);
    MEDIAN(queue_p95_ms, flow->queue_p95_ms);
    MEDIAN(queue_max_ms, flow->queue_max_ms);
    MEDIAN(congestive, flow->congestive);
    MEDIAN(changes, flow->changes_per_min);
    MEDIAN(report_share, flow->report_share);
    MEDIAN(reports_per_s, flow->reports_per_s);
    MEDIAN(jain, results[s].jain);
    for (unsigned i = 0; i < SIM_BED_STEPS; i++) {
        MEDIAN(settle_ms[i], flow->steps[i].settle_ms);
        MEDIAN(queue_peak_ms[i], flow->steps[i].queue_peak_ms);
        MEDIAN(queue_late_ms[i], flow->steps[i].queue_late_ms);
    }
    return outcome;
}

static bool is_kept(const struct row *row, const struct outcome *outcome)
{
    bool is_good = outcome->utilisation >= row->promise.utilisation && outcome->jain >= row->promise.jain;
    if (row->promise.queue_p95_ms > 0)
        is_good &= outcome->queue_p95_ms <= row->promise.queue_p95_ms;
    if (row->promise.congestive > 0)
        is_good &= outcome->congestive <= row->promise.congestive;
    if (row->promise.down_settle_ms > 0)
        is_good &= outcome->settle_ms[0] <= row->promise.down_settle_ms &&
                   outcome->settle_ms[1] <= row->promise.up_settle_ms &&
                   outcome->queue_peak_ms[0] <= row->promise.queue_peak_ms &&
                   outcome->queue_late_ms[0] <= row->promise.queue_late_ms;
    return is_good;
}

static void print(const struct row *row, enum wzp_estimate_kind kind, const struct outcome *outcome)
{
    printf("%-15s %-6s %-4s util %.3f q %5.1f %5.1f %6.1f ms cong %.3f chg/min %6.1f", row->name,
           wzp_estimate_kind_name(kind), is_kept(row, outcome) ? "ok" : "MISS", outcome->utilisation,
           outcome->queue_p50_ms, outcome->queue_p95_ms, outcome->queue_max_ms, outcome->congestive,
           outcome->changes);
    printf(" rep %4.1f/s %.3f", outcome->reports_per_s, outcome->report_share);
    if (row->params.flows > 1)
        printf(" jain %.3f", outcome->jain);
    for (unsigned i = 0; i < row->params.steps_count; i++)
        printf(" | settle %.0f peak %.0f late %.0f ms", outcome->settle_ms[i], outcome->queue_peak_ms[i],
               outcome->queue_late_ms[i]);
    printf("\n");
    fflush(stdout);
}

static void test_promises(void **state)
{
    (void)state;
    unsigned missed = 0;
    for (size_t i = 0; i < ROWS; i++) {
        struct outcome outcome = measure(&rows[i], WZP_ESTIMATE_OURS);
        print(&rows[i], WZP_ESTIMATE_OURS, &outcome);
        missed += !is_kept(&rows[i], &outcome);
    }
    assert_int_equal(missed, 0);
}

/* A cell of a Markdown table; bold: the promise is missed. */
static void print_cell(const struct row *row, const struct outcome *outcome)
{
    const char *mark = is_kept(row, outcome) ? "" : "**";
    printf(" %s%.2f, %.0f ms", mark, outcome->utilisation, outcome->queue_p95_ms);
    if (outcome->congestive >= 0.005)
        printf(", %.0f %% dropped", 100 * outcome->congestive);
    if (row->params.flows > 1)
        printf(", Jain %.2f", outcome->jain);
    if (row->promise.down_settle_ms > 0)
        printf(", settled in %.0f and %.0f ms, peak %.0f ms", outcome->settle_ms[0], outcome->settle_ms[1],
               outcome->queue_peak_ms[0]);
    printf("%s |", mark);
}

static int markdown(void)
{
    static const enum wzp_estimate_kind kinds[] = {WZP_ESTIMATE_OURS, WZP_ESTIMATE_DELTA, WZP_ESTIMATE_GCC,
                                                   WZP_ESTIMATE_FIXED};
    printf("| row | ours | delta | gcc | fixed |\n| --- | --- | --- | --- | --- |\n");
    for (size_t i = 0; i < ROWS; i++) {
        printf("| %s |", rows[i].name);
        for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
            struct outcome outcome = measure(&rows[i], kinds[k]);
            print_cell(&rows[i], &outcome);
        }
        printf("\n");
    }
    return 0;
}

static int table(const char *only)
{
    for (size_t i = 0; i < ROWS; i++)
        for (unsigned kind = 0; kind < WZP_ESTIMATE_KINDS; kind++) {
            if (only && strcmp(only, rows[i].name) != 0)
                continue;
            struct outcome outcome = measure(&rows[i], (enum wzp_estimate_kind)kind);
            print(&rows[i], (enum wzp_estimate_kind)kind, &outcome);
        }
    return 0;
}

static int ours(void)
{
    for (size_t i = 0; i < ROWS; i++) {
        struct outcome outcome = measure(&rows[i], WZP_ESTIMATE_OURS);
        print(&rows[i], WZP_ESTIMATE_OURS, &outcome);
    }
    return 0;
}

static int trace(enum wzp_estimate_kind kind, const char *name, uint64_t seed)
{
    static struct sim_bed_result result;
    for (size_t i = 0; i < ROWS; i++) {
        if (strcmp(rows[i].name, name) != 0)
            continue;
        struct sim_bed_params params = params_of(&rows[i], kind);
        params.trace = true;
        sim_bed_run(&params, seed, &result);
        return 0;
    }
    return 1;
}

/* What leaves follows no pace for 5 s: far more than the line carries, into a queue that is full from the
 * start and hides the base. What comes out of it tells the capacity all the same, and later the line is used
 * as ever. */
static void test_deaf(void **state)
{
    (void)state;
    static const struct {
        double rate_bps, loss, burst;
        int64_t queue_ns;
        uint64_t deaf_bps;
        double least;
    } cases[] = {
        {100e3, 0, 1, 60 * WZP_MS, 170000, 0.85},  {100e3, 0, 1, 60 * WZP_MS, 500000, 0.85},
        {100e3, 0, 1, 300 * WZP_MS, 500000, 0.85}, {100e3, 0.3, 1, 60 * WZP_MS, 270000, 0.8},
        {200e3, 0.3, 8, 20 * WZP_MS, 430000, 0.8}, {1e6, 0, 1, 60 * WZP_MS, 3000000, 0.9},
        {1e6, 0.2, 1, 60 * WZP_MS, 2700000, 0.8},
    };
    static struct sim_bed_result result;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        double targets[SEEDS], utilisations[SEEDS];
        for (unsigned s = 0; s < SEEDS; s++) {
            const struct row row = {.params = {.link = LINK(cases[i].rate_bps, cases[i].loss, 0),
                                               .size = 100,
                                               .deaf_bps = cases[i].deaf_bps,
                                               .deaf_ns = 5 * WZP_S},
                                    .rtt_ms = 40};
            struct sim_bed_params params = params_of(&row, WZP_ESTIMATE_OURS);
            params.link.queue_ns = cases[i].queue_ns;
            params.link.burst = cases[i].burst;
            sim_bed_run(&params, s + 1, &result);
            targets[s] = (double)result.flow[0].deaf_target_bps / cases[i].rate_bps;
            utilisations[s] = result.flow[0].utilisation;
        }
        double target = median(targets), utilisation = median(utilisations);
        printf("deaf %zu: estimate %.2f of the line, %.2f at most; later %.2f of it used\n", i, target,
               targets[SEEDS - 1], utilisation);
        assert_true(target < 1.1 && targets[SEEDS - 1] < 2);
        assert_true(utilisation >= cases[i].least);
    }
}

int main(int argc, char **argv)
{
    enum wzp_estimate_kind kind;
    if (argc > 1 && strcmp(argv[1], "table") == 0)
        return table(argc > 2 ? argv[2] : NULL);
    if (argc == 2 && strcmp(argv[1], "markdown") == 0)
        return markdown();
    if (argc == 2 && strcmp(argv[1], "ours") == 0)
        return ours();
    if (argc > 2 && wzp_estimate_kind_from(argv[1], &kind))
        return trace(kind, argv[2], argc > 3 ? strtoull(argv[3], NULL, 10) : 1);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_promises),
        cmocka_unit_test(test_deaf),
    };
    return cmocka_run_group_tests_name("sim/estimate", tests, NULL, NULL);
}
