// SPDX-License-Identifier: Apache-2.0
/* Each loss model against its own mathematics, a million packets a row. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "base/time.h"
#include "sim/link.h"

#define PACKETS 1000000

struct tally {
    double lost, runs, pairs; /* pairs: lost with the one before lost too */
};

static struct tally count(const struct sim_link_params *params, uint64_t seed)
{
    struct sim_link link;
    struct sim_link_verdict verdict;
    struct tally tally = {0};
    bool before = false;
    assert_null(sim_link_params_check(params));
    sim_link_init(&link, params, seed, 0);
    for (int i = 0; i < PACKETS; i++) {
        sim_link_send(&link, i * WZP_MS, 100, &verdict);
        bool lost = verdict.fate == SIM_LINK_LOST;
        tally.lost += lost;
        tally.runs += lost && !before;
        tally.pairs += lost && before;
        before = lost;
    }
    assert_int_equal(link.counts.lost, (uint64_t)tally.lost);
    sim_link_close(&link);
    return tally;
}

/* A share of n steps of a chain with second eigenvalue r: variance p(1-p)/n (1+r)/(1-r). */
static double bound(double share, double r)
{
    return 4 * sqrt(share * (1 - share) / PACKETS * (1 + r) / (1 - r)) + 1e-9;
}

static void test_correlated(void **state)
{
    (void)state;
    static const double rows[][2] = {{0.01, 0}, {0.1, 0.25}, {0.3, 0.5}, {0.5, 0.9}, {0.7, 0.3}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        double p = rows[i][0], rho = rows[i][1];
        struct sim_link_params params = {
            .loss = p, .burst = 1, .loss_model = {.kind = SIM_LOSS_RANDOM, .correlation = rho}};
        struct tally tally = count(&params, i + 1);
        double mean_run = tally.lost / tally.runs, again = p + rho * (1 - p);
        assert_true(fabs(tally.lost / PACKETS - p) < bound(p, rho));
        assert_true(fabs(mean_run - 1 / (1 - again)) < 4 * sqrt(again) / (1 - again) / sqrt(tally.runs));
    }
    struct sim_link_params plain = {.loss = 0.2, .burst = 1}, random = plain;
    random.loss_model.kind = SIM_LOSS_RANDOM;
    assert_true(count(&plain, 1).lost == count(&random, 1).lost); /* the same lots */
}

/* p, r, 1-h, 1-k. Share and the chance of a loss behind a loss, from the chain. */
static void test_gemodel(void **state)
{
    (void)state;
    static const double rows[][4] = {{0.05, 0.5, 1, 0},
                                     {0.02, 0.3, 0.8, 0.01},
                                     {0.1, 0.1, 0.5, 0.05},
                                     {0.001, 0.05, 1, 0.002},
                                     {0.3, 0.6, 0.9, 0}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct sim_link_params params = {.burst = 1, .loss_model = {.kind = SIM_LOSS_GEMODEL}};
        memcpy(params.loss_model.value, rows[i], sizeof rows[i]);
        double p = rows[i][0], r = rows[i][1], bad = rows[i][2], good = rows[i][3], is_bad = p / (p + r);
        double share = is_bad * bad + (1 - is_bad) * good;
        double pair = is_bad * bad * ((1 - r) * bad + r * good) +
                      (1 - is_bad) * good * (p * bad + (1 - p) * good);
        double mean_run = share / (share - pair);
        struct tally tally = count(&params, i + 1);
        double left = bound(share, 1 - p - r);
        assert_true(fabs(tally.lost / PACKETS - share) < left);
        assert_true(fabs(tally.pairs / PACKETS - pair) < 2 * left);
        assert_true(fabs(tally.lost / tally.runs / mean_run - 1) < 0.05);
    }
}

/* With h and k at their ends it is the Gilbert chain of `loss` and `burst`. */
static void test_gemodel_is_gilbert(void **state)
{
    (void)state;
    struct sim_link_params chain = {.burst = 1, .loss_model = {.kind = SIM_LOSS_GEMODEL}},
                           law = {.loss = 0.2, .burst = 5};
    memcpy(chain.loss_model.value, (double[]){0.05, 0.2, 1, 0}, 4 * sizeof(double));
    struct tally a = count(&chain, 1), b = count(&law, 1);
    assert_true(fabs(a.lost / PACKETS - b.lost / PACKETS) < 0.01);
    assert_true(fabs(a.lost / a.runs - b.lost / b.runs) < 0.1);
}

static void test_state(void **state)
{
    (void)state;
    static const double rows[][5] = {/* p13, p31, p32, p23, p14 */
                                     {0.05, 0.5, 0, 1, 0},
                                     {0.02, 0.2, 0.3, 0.4, 0.01},
                                     {0.01, 0.1, 0.6, 0.5, 0},
                                     {0.2, 0.8, 0.1, 0.9, 0.1},
                                     {0, 1, 0, 1, 0.05}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const double *v = rows[i];
        struct sim_link_params params = {.burst = 1, .loss_model = {.kind = SIM_LOSS_STATE}};
        memcpy(params.loss_model.value, v, sizeof rows[i]);
        double burst = v[0] / v[1]; /* stationary, in terms of state 1 */
        double sum = 1 + burst + burst * v[2] / v[3] + v[4], share = (burst + v[4]) / sum;
        double run_starts = (v[0] + v[4] + burst * v[2] / v[3] * v[3]) / sum; /* from 1 and 2 into 3 and 4 */
        struct tally tally = count(&params, i + 1);
        assert_true(fabs(tally.lost / PACKETS - share) < 0.003);
        assert_true(fabs(tally.lost / tally.runs / (share / run_starts) - 1) < 0.02);
    }
}

static void test_pattern(void **state)
{
    (void)state;
    static const char pattern[] = "0010110";
    struct sim_link_params params = {
        .burst = 1, .loss_model = {.kind = SIM_LOSS_TRACE, .pattern = pattern, .pattern_len = 7}};
    struct sim_link link;
    struct sim_link_verdict verdict;
    sim_link_init(&link, &params, 1, 0);
    for (int i = 0; i < 1000; i++) {
        sim_link_send(&link, i, 1, &verdict);
        assert_int_equal(verdict.fate, pattern[i % 7] == '1' ? SIM_LINK_LOST : SIM_LINK_DELIVERED);
    }
}

/* Doubles and damage come in runs by their correlation, and their shares stay. */
static void test_correlated_dup_and_corrupt(void **state)
{
    (void)state;
    struct sim_link_params params = {
        .burst = 1, .dup = 0.2, .dup_correlation = 0.6, .corrupt = 0.1, .corrupt_correlation = 0.4};
    struct sim_link link;
    struct sim_link_verdict verdict;
    double dup = 0, dup_pairs = 0, copies = 0;
    bool before = false;
    sim_link_init(&link, &params, 1, 0);
    for (int i = 0; i < PACKETS; i++) {
        sim_link_send(&link, i, 100, &verdict);
        bool twice = verdict.copies == 2;
        dup += twice;
        dup_pairs += twice && before;
        copies += verdict.copies;
        before = twice;
    }
    assert_true(fabs(dup / PACKETS - 0.2) < bound(0.2, 0.6));
    assert_true(fabs(dup_pairs / dup - (0.2 + 0.6 * 0.8)) < 0.01);
    assert_true(fabs((double)link.counts.corrupted / copies - 0.1) < bound(0.1, 0.4));
}

/* A model draws from a stream of its own: delays, doubles and damage are those of the plain link. */
static void test_luck_stands_still(void **state)
{
    (void)state;
    struct sim_link_params plain = {.burst = 1,
                                    .jitter_ns = WZP_S,
                                    .reorder = true,
                                    .dup = 0.3,
                                    .corrupt = 0.3},
                           model = plain;
    model.loss_model.kind = SIM_LOSS_GEMODEL;
    memcpy(model.loss_model.value, (double[]){0.05, 0.2, 0.9, 0.01}, 4 * sizeof(double));
    struct sim_link links[2];
    sim_link_init(&links[0], &plain, 3, 0);
    sim_link_init(&links[1], &model, 3, 0);
    for (int i = 0; i < 10000; i++) {
        struct sim_link_verdict a, b;
        sim_link_send(&links[0], i, 100, &a);
        sim_link_send(&links[1], i, 100, &b);
        if (b.fate == SIM_LINK_LOST)
            continue;
        assert_int_equal(a.copy[0].at_ns, b.copy[0].at_ns);
        assert_int_equal(a.copies, b.copies);
        assert_int_equal(a.copy[0].flip_bit, b.copy[0].flip_bit);
    }
    assert_in_range(links[1].counts.lost, 1000, 3000);
}

static void test_usage_errors(void **state)
{
    (void)state;
    static const struct {
        struct sim_link_params params;
        const char *begins;
    } rows[] = {
        {{.burst = 1, .loss_model = {.kind = SIM_LOSS_GEMODEL, .value = {1.5}}}, "a probability"},
        {{.burst = 1, .loss_model = {.kind = SIM_LOSS_GEMODEL, .value = {NAN}}}, "a probability"},
        {{.burst = 1, .loss = 0.1, .loss_model = {.kind = SIM_LOSS_GEMODEL}}, "loss must not"},
        {{.burst = 2, .loss_model = {.kind = SIM_LOSS_STATE}}, "loss must not"},
        {{.burst = 1, .loss_model = {.kind = SIM_LOSS_STATE, .value = {0.1, 0.6, 0.6}}}, "state: p31"},
        {{.burst = 1, .loss_model = {.kind = SIM_LOSS_STATE, .value = {0.6, 0, 0, 0, 0.6}}}, "state: p13"},
        {{.burst = 1, .loss_model = {.kind = SIM_LOSS_TRACE}}, "loss_trace"},
        {{.burst = 1, .loss_model = {.kind = SIM_LOSS_TRACE, .pattern = "012", .pattern_len = 3}},
         "loss_trace"},
        {{.burst = 1, .loss_model = {.kind = SIM_LOSS_RANDOM, .correlation = 1}}, "loss_correlation"},
        {{.burst = 2, .loss_model = {.kind = SIM_LOSS_RANDOM, .correlation = 0.1}}, "loss_correlation"},
        {{.burst = 1, .dup_correlation = 1}, "dup_correlation"},
        {{.burst = 1, .corrupt_correlation = -1}, "corrupt_correlation"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const char *why = sim_link_params_check(&rows[i].params);
        assert_non_null(why);
        assert_memory_equal(why, rows[i].begins, strlen(rows[i].begins));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_correlated),
        cmocka_unit_test(test_gemodel),
        cmocka_unit_test(test_gemodel_is_gilbert),
        cmocka_unit_test(test_state),
        cmocka_unit_test(test_pattern),
        cmocka_unit_test(test_correlated_dup_and_corrupt),
        cmocka_unit_test(test_luck_stands_still),
        cmocka_unit_test(test_usage_errors),
    };
    return cmocka_run_group_tests_name("sim/link_loss", tests, NULL, NULL);
}
