// SPDX-License-Identifier: Apache-2.0
/* Delay distributions, correlation and reordering against their own mathematics, a million packets a row. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/time.h"
#include "sim/link.h"
#include "sim/link_math.h"

#define PACKETS 1000000
#define DELAY   (400 * WZP_MS)
#define JITTER  (50 * WZP_MS)

static void test_functions(void **state)
{
    (void)state;
    for (double x = 1e-12; x < 1e12; x *= 1.37)
        assert_true(fabs(sim_ln(x) - log(x)) <= 1e-13 * (1 + fabs(log(x))));
    for (double x = -690; x < 690; x += 0.731)
        assert_true(fabs(sim_exp(x) / exp(x) - 1) < 1e-13);
    for (double z = -6; z < 6; z += 0.01) {
        double share = 0.5 * erfc(-z / sqrt(2));
        assert_true(fabs(sim_normal_share(z) - share) < 1e-7);
        assert_true(fabs(sim_normal_quantile(share) - z) < 1e-7 * (1 + fabs(z)) || fabs(z) > 5);
    }
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

struct moments {
    double mean, sd, correlation;
};

static struct moments moments_of(const double *x, int count)
{
    double sum = 0, squares = 0, products = 0;
    for (int i = 0; i < count; i++)
        sum += x[i];
    double mean = sum / count;
    for (int i = 0; i < count; i++) {
        squares += (x[i] - mean) * (x[i] - mean);
        products += i > 0 ? (x[i] - mean) * (x[i - 1] - mean) : 0;
    }
    return (struct moments){mean, sqrt(squares / count), products / squares};
}

/* Mean and deviation of a distribution, by its quantiles. */
static struct moments exact(enum sim_delay_kind kind)
{
    const int steps = 200000;
    double sum = 0, squares = 0;
    for (int i = 0; i < steps; i++) {
        double q = sim_delay_quantile(kind, (i + 0.5) / steps);
        sum += q;
        squares += q * q;
    }
    double mean = sum / steps;
    return (struct moments){mean, sqrt(squares / steps - mean * mean), 0};
}

/* In units of the jitter. */
static double *delays(const struct sim_delay_model *model, uint64_t seed)
{
    struct sim_link_params params = {
        .burst = 1, .delay_ns = DELAY, .jitter_ns = JITTER, .reorder = true, .delay_model = *model};
    struct sim_link link;
    struct sim_link_verdict verdict;
    double *x = malloc(PACKETS * sizeof *x);
    assert_non_null(x);
    assert_null(sim_link_params_check(&params));
    sim_link_init(&link, &params, seed, 0);
    for (int i = 0; i < PACKETS; i++) {
        sim_link_send(&link, i * WZP_MS, 100, &verdict);
        x[i] = (double)(verdict.copy[0].at_ns - i * WZP_MS - DELAY) / (double)JITTER;
    }
    return x;
}

static void test_distributions(void **state)
{
    (void)state;
    static const struct {
        enum sim_delay_kind kind;
        double mean, sd; /* integrals of the quantiles; with the cuts at 4 */
    } rows[] = {{SIM_DELAY_UNIFORM, 0, 0.57735},
                {SIM_DELAY_NORMAL, 0, 1},
                {SIM_DELAY_PARETO, -0.0329, 0.8209},
                {SIM_DELAY_PARETONORMAL, -0.0247, 0.8349}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        for (double rho = 0; rho < 1; rho += 0.7) {
            struct sim_delay_model model = {.kind = rows[i].kind, .correlation = rho};
            double *x = delays(&model, i + 1);
            struct moments found = moments_of(x, PACKETS), law = exact(rows[i].kind);
            double more = sqrt((1 + rho) / (1 - rho)); /* fewer independent packets */
            assert_true(fabs(law.mean - rows[i].mean) < 0.001);
            assert_true(fabs(law.sd - rows[i].sd) < 0.001);
            assert_true(fabs(found.mean - law.mean) < 4 * more * law.sd / sqrt(PACKETS));
            assert_true(fabs(found.sd / law.sd - 1) < 0.01);
            if (rows[i].kind == SIM_DELAY_NORMAL)
                assert_true(fabs(found.correlation - rho) < 0.005);
            else
                assert_true(fabs(found.correlation - rho) < 0.1 * (rho > 0) + 0.005);
            qsort(x, PACKETS, sizeof *x, by_size);
            for (double u = 0.01; u < 1; u += 0.07) { /* the share below the law's quantile is u */
                double low = sim_delay_quantile(rows[i].kind, u - 4 * more * 0.0005);
                double high = sim_delay_quantile(rows[i].kind, u + 4 * more * 0.0005);
                double at = x[(int)(u * PACKETS)];
                assert_true(at >= low - 1e-6 && at <= high + 1e-6);
            }
            free(x);
        }
    }
}

static void test_never_before_it_left(void **state)
{
    (void)state;
    struct sim_link_params params = {.burst = 1,
                                     .delay_ns = 5 * WZP_MS,
                                     .jitter_ns = 20 * WZP_MS,
                                     .reorder = true,
                                     .delay_model = {.kind = SIM_DELAY_NORMAL}};
    struct sim_link link;
    struct sim_link_verdict verdict;
    int at_once = 0;
    sim_link_init(&link, &params, 1, 0);
    for (int i = 0; i < 10000; i++) {
        sim_link_send(&link, i, 100, &verdict);
        assert_true(verdict.copy[0].at_ns >= i);
        at_once += verdict.copy[0].at_ns == i;
    }
    assert_in_range(at_once, 3800, 4250); /* a share of Phi(-1/4) = 40.1 % */
}

/* Without `reorder` the order stays, whatever the distribution. */
static void test_order(void **state)
{
    (void)state;
    struct sim_link_params params = {
        .burst = 1, .delay_ns = DELAY, .jitter_ns = JITTER, .delay_model = {.kind = SIM_DELAY_PARETO}};
    struct sim_link link;
    struct sim_link_verdict verdict;
    int64_t before_ns = 0;
    sim_link_init(&link, &params, 1, 0);
    for (int i = 0; i < PACKETS; i++) {
        sim_link_send(&link, i * WZP_MS, 100, &verdict);
        assert_true(verdict.copy[0].at_ns >= before_ns);
        before_ns = verdict.copy[0].at_ns;
    }
}

static void test_reorder_share(void **state)
{
    (void)state;
    static const struct {
        double share, correlation;
        uint32_t gap;
    } rows[] = {{0.25, 0, 0}, {0.25, 0.5, 1}, {0.5, 0, 5}, {1, 0, 10}, {0.02, 0, 0}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        double p = rows[i].share, gap = rows[i].gap > 1 ? rows[i].gap : 1;
        struct sim_link_params params = {.burst = 1,
                                         .delay_ns = DELAY,
                                         .delay_model = {.reorder_share = p,
                                                         .reorder_correlation = rows[i].correlation,
                                                         .gap = rows[i].gap}};
        struct sim_link link;
        struct sim_link_verdict verdict;
        int skipped = 0, since = 0;
        assert_null(sim_link_params_check(&params));
        sim_link_init(&link, &params, i + 1, 0);
        for (int k = 0; k < PACKETS; k++) {
            sim_link_send(&link, k * WZP_MS, 100, &verdict);
            bool skips = verdict.copy[0].at_ns == k * WZP_MS;
            assert_true(skips || verdict.copy[0].at_ns == k * WZP_MS + DELAY);
            assert_true(!skips || since >= gap - 1);
            since = skips ? 0 : since + 1;
            skipped += skips;
        }
        /* One in gap - 1 + 1/p packets: gap - 1 that must be late, then a geometric wait. */
        double share = 1 / (gap - 1 + 1 / p);
        assert_true(fabs((double)skipped / PACKETS - share) < 0.003);
    }
}

static void test_usage_errors(void **state)
{
    (void)state;
    static const struct sim_delay_model rows[] = {{.correlation = 0.5},
                                                  {.kind = SIM_DELAY_NORMAL, .correlation = 1},
                                                  {.reorder_share = 1.1},
                                                  {.reorder_share = NAN},
                                                  {.gap = 5},
                                                  {.reorder_share = 0.1, .reorder_correlation = -0.1}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_non_null(sim_delay_check(&rows[i]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_functions),     cmocka_unit_test(test_distributions),
        cmocka_unit_test(test_order),         cmocka_unit_test(test_never_before_it_left),
        cmocka_unit_test(test_reorder_share), cmocka_unit_test(test_usage_errors),
    };
    return cmocka_run_group_tests_name("sim/link_delay", tests, NULL, NULL);
}
