// SPDX-License-Identifier: Apache-2.0
/* The cross traffic: it fills a line alone, shares it with its like, comes back after silence, and its mean
 * window under loss is that of RFC 9438. */
#include "sim/cubic.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>
#include <sodium.h>

#define FLOWS 2

struct world {
    struct sim_net *net;
    struct sim_sink *sink;
    struct sim_cubic *cubic[FLOWS];
    unsigned count;
};

static const struct sim_link_params up = {.burst = 1, .delay_ns = 20 * WZP_MS, .queue_ns = WZP_S};

static struct world begin(uint64_t seed, const struct sim_link_params *down, unsigned count)
{
    static const struct sim_link_params open = {.burst = 1, .queue_ns = WZP_S};
    struct world world = {.net = sim_net_create(seed), .count = count};
    world.sink = sim_sink_create(world.net, "sink", &up, down);
    for (unsigned i = 0; i < count; i++) {
        struct sim_cubic_config config = {
            .packet = 1200, .start_ns = i * 5 * WZP_S, .stop_ns = WZP_NEVER, .up = open, .down = open};
        world.cubic[i] = sim_cubic_create(world.sink, "cubic", &config);
    }
    return world;
}

static void end(struct world *world)
{
    for (unsigned i = 0; i < world->count; i++)
        sim_cubic_destroy(world->cubic[i]);
    sim_sink_destroy(world->sink);
    sim_net_destroy(world->net);
}

static void run(struct world *world, int64_t until_ns)
{
    assert_true(sim_net_run(world->net, until_ns));
}

static void test_fills_a_line(void **state)
{
    (void)state;
    static const struct {
        uint64_t rate_bps;
        int64_t queue_ns, delay_ns;
        double loss, least, most; /* share of the rate that arrives */
    } rows[] = {
        {1000000, 250 * WZP_MS, 20 * WZP_MS, 0, 0.95, 1.002},
        {1000000, 20 * WZP_MS, 20 * WZP_MS, 0, 0.9, 1.002},
        {10000000, 250 * WZP_MS, 20 * WZP_MS, 0, 0.95, 1.002},
        {20000000, 100 * WZP_MS, 150 * WZP_MS, 0, 0.9, 1.002},
        {100000, 300 * WZP_MS, 20 * WZP_MS, 0, 0.95, 1.002},
        {10000000, 250 * WZP_MS, 20 * WZP_MS, 0.1, 0.01, 0.2}, /* it takes all loss for congestion */
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct sim_link_params down = {.burst = 1,
                                       .loss = rows[i].loss,
                                       .delay_ns = rows[i].delay_ns,
                                       .rate_bps = rows[i].rate_bps,
                                       .queue_ns = rows[i].queue_ns};
        struct world world = begin(1 + i, &down, 1);
        run(&world, 60 * WZP_S);
        double share = sim_meter_kbps(sim_cubic_arrived(world.cubic[0]), 10 * WZP_S, 60 * WZP_S) * 1000 /
                       (double)rows[i].rate_bps;
        if (share < rows[i].least || share > rows[i].most)
            fail_msg("row %zu: %.3f of the line", i, share);
        end(&world);
    }
}

static void test_two_share(void **state)
{
    (void)state;
    static const struct sim_link_params down = {
        .burst = 1, .delay_ns = 20 * WZP_MS, .rate_bps = 1000000, .queue_ns = 250 * WZP_MS};
    struct world world = begin(7, &down, 2);
    run(&world, 120 * WZP_S);
    double a = sim_meter_kbps(sim_cubic_arrived(world.cubic[0]), 30 * WZP_S, 120 * WZP_S),
           b = sim_meter_kbps(sim_cubic_arrived(world.cubic[1]), 30 * WZP_S, 120 * WZP_S);
    assert_true(a + b > 900);
    assert_true((a + b) * (a + b) / (2 * (a * a + b * b)) > 0.95); /* Jain's index */
    end(&world);
}

/* On a line that loses all for 5 s the timeouts double; afterwards it is filled again. */
static void test_comes_back(void **state)
{
    (void)state;
    struct sim_link_params down = {
        .burst = 1, .delay_ns = 20 * WZP_MS, .rate_bps = 1000000, .queue_ns = 250 * WZP_MS};
    struct world world = begin(3, &down, 1);
    run(&world, 10 * WZP_S);
    down.loss = 1;
    sim_net_access_set(world.net, sim_sink_node(world.sink), &up, &down);
    run(&world, 15 * WZP_S);
    assert_in_range(sim_cubic_counts(world.cubic[0])->timeouts, 3, 6);
    down.loss = 0;
    sim_net_access_set(world.net, sim_sink_node(world.sink), &up, &down);
    run(&world, 40 * WZP_S);
    assert_true(sim_meter_kbps(sim_cubic_arrived(world.cubic[0]), 25 * WZP_S, 40 * WZP_S) > 900);
    end(&world);
}

/* The mean window where single packets are lost by chance: RFC 9438 section 5.1, equation 6, and where AIMD
 * has more, section 4.3, equation 3 of the window that AIMD with the same beta has. The equations are of
 * losses at even distances; by chance the window is somewhat larger. */
static void test_response(void **state)
{
    (void)state;
    static const struct {
        int64_t rtt_ns;
        double loss, window;
        int64_t run_ns;
    } rows[] = {
        {400 * WZP_MS, 0.001, 94, 400 * WZP_S}, /* (C (3 + beta) / (4 (1 - beta)))^(1/4) (rtt / loss)^(3/4) */
        {20 * WZP_MS, 0.01, 12.2, 60 * WZP_S},  /* (alpha (1 + beta) / (2 (1 - beta) loss))^(1/2) */
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct sim_link_params down = {
            .burst = 1, .loss = rows[i].loss, .delay_ns = rows[i].rtt_ns - 20 * WZP_MS, .queue_ns = WZP_S};
        struct world world = begin(11 + i, &down, 1);
        run(&world, rows[i].run_ns);
        double kbps = sim_meter_kbps(sim_cubic_arrived(world.cubic[0]), rows[i].run_ns / 4, rows[i].run_ns);
        double window = kbps * 1000 / (8 * 1200) * (double)rows[i].rtt_ns / WZP_S;
        if (window < 0.9 * rows[i].window || window > 1.4 * rows[i].window)
            fail_msg("row %zu: a mean window of %.1f, not %.1f", i, window, rows[i].window);
        end(&world);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_fills_a_line), cmocka_unit_test(test_two_share),
                                       cmocka_unit_test(test_comes_back), cmocka_unit_test(test_response)};
    return sodium_init() < 0 ? 1 : cmocka_run_group_tests_name("sim/cubic", tests, NULL, NULL);
}
