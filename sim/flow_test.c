// SPDX-License-Identifier: Apache-2.0
/* Flows over the real session: what a sink counts against what the encoder's law says, what waits in its
 * line, and that seeds decide everything. The controller is the fixed rate: estimates have tests of their
 * own. */
#include "sim/flow.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#define FLOWS 2

struct world {
    struct sim_net *net;
    struct sim_sink *sink;
    struct sim_flow *flow[FLOWS];
    unsigned count;
};

static const struct sim_link_params open_link = {.burst = 1, .queue_ns = WZP_S};
static const struct sim_link_params up = {.burst = 1, .delay_ns = 20 * WZP_MS, .queue_ns = WZP_S};

static struct world begin(uint64_t seed, const struct sim_link_params *down,
                          const struct sim_flow_config *config, unsigned count)
{
    struct world world = {.net = sim_net_create(seed), .count = count};
    world.sink = sim_sink_create(world.net, "sink", &up, down);
    for (unsigned i = 0; i < count; i++)
        world.flow[i] = sim_flow_create(world.sink, "flow", config);
    return world;
}

static void end(struct world *world)
{
    for (unsigned i = 0; i < world->count; i++)
        sim_flow_destroy(world->flow[i]);
    sim_sink_destroy(world->sink);
    sim_net_destroy(world->net);
}

/* Of each flow, in kbit/s of wire and payload; 10 s to 30 s. */
static void test_rates(void **state)
{
    (void)state;
    static const struct {
        uint64_t rate_bps, line_bps;
        double loss;
        uint32_t packet, fps;
        unsigned count;
        double least, most;         /* kbit/s of media that arrives, a flow */
        double p95_least, p95_most; /* ms in the line */
    } rows[] = {
        {500000, 1000000, 0, 1174, 30, 1, 498, 501, 0, 1},  /* single packets: no queue of its own */
        {900000, 1000000, 0, 1174, 30, 1, 897, 901, 0, 40}, /* frames that the session may pace */
        {900000, 1000000, 0, 1174, 0, 1, 897, 901, 0, 1},
        {90000, 100000, 0, 300, 30, 1, 88.5, 90.5, 0, 12},
        {24000, 100000, 0, 1174, 30, 1, 23, 24.5, 0, 1},
        {800000, 1000000, 0.5, 1174, 30, 1, 370, 430, 0, 40},
        {400000, 1000000, 0, 1174, 30, 2, 398, 401, 0, 12},
        {1500000, 1000000, 0, 1174, 0, 1, 980, 1001, 290,
         300.1}, /* too much: the line is full, its queue too */
        {20000000, 25000000, 0, 1174, 30, 1, 19900, 20010, 0, 40},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct sim_link_params down = {.burst = 1,
                                       .loss = rows[i].loss,
                                       .delay_ns = 20 * WZP_MS,
                                       .rate_bps = rows[i].line_bps,
                                       .queue_ns = 300 * WZP_MS};
        struct sim_flow_config config = {.start_rate_bps = rows[i].rate_bps,
                                         .packet = rows[i].packet,
                                         .fps = rows[i].fps,
                                         .stop_ns = WZP_NEVER,
                                         .up = open_link,
                                         .down = open_link};
        struct world world = begin(1 + i, &down, &config, rows[i].count);
        assert_true(sim_net_run(world.net, 30 * WZP_S));
        for (unsigned k = 0; k < rows[i].count; k++) {
            struct sim_flow_measured m;
            sim_flow_measure(world.flow[k], 10 * WZP_S, 30 * WZP_S, &m);
            double kbps = (double)m.bytes * 8 / 20e3;
            if (kbps < rows[i].least || kbps > rows[i].most)
                fail_msg("row %zu: %.1f kbit/s", i, kbps);
            if (m.p95_ms < rows[i].p95_least || m.p95_ms > rows[i].p95_most)
                fail_msg("row %zu: %.1f ms in the queue", i, m.p95_ms);
            assert_true(m.p50_ms <= m.p95_ms && m.p95_ms <= m.max_ms);
            assert_true((m.dropped > 0) == (rows[i].rate_bps > rows[i].line_bps));
            assert_true(m.offered_bytes + 2 * rows[i].packet > m.bytes && m.bytes > m.payload_bytes);
            assert_true(m.rate_changes_per_min == 0);
            assert_int_equal(sim_flow_target(world.flow[k], 30 * WZP_S), rows[i].rate_bps);
        }
        end(&world);
    }
}

/* The exact account of the single packets of a clean line: number times size. Frames of 20 kbit/s are 83
 * bytes, but no packet is less than 250; those of 80 kbit/s are 333; those of 500 kbit/s 2083, which is more
 * than a packet may have. */
static void test_bytes(void **state)
{
    (void)state;
    static const struct {
        uint64_t rate_bps;
        unsigned packet, size;
    } rows[] = {{24000, 1000, 250}, {24000, 100, 100},    {80000, 1000, 333},
                {80000, 300, 300},  {500000, 1000, 1000}, {500000, 500, 500}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        static const struct sim_link_params down = {.burst = 1, .queue_ns = WZP_S};
        struct sim_flow_config config = {.start_rate_bps = rows[i].rate_bps,
                                         .packet = rows[i].packet,
                                         .fps = i % 2 ? 30 : 0,
                                         .start_ns = WZP_S,
                                         .stop_ns = 5 * WZP_S,
                                         .up = open_link,
                                         .down = open_link};
        struct world world = begin(5, &down, &config, 1);
        assert_true(sim_net_run(world.net, 10 * WZP_S));
        struct sim_flow_measured m;
        sim_flow_measure(world.flow[0], 0, 10 * WZP_S, &m);
        unsigned packets = (unsigned)(m.payload_bytes / (rows[i].size - 74)); /* 74 bytes around it at most */
        assert_int_equal(m.payload_bytes, packets * (rows[i].size - 74));
        double due = (double)rows[i].rate_bps / 8 * 4 / rows[i].size; /* in 4 s, less the handshake's time */
        assert_true(packets <= due + 1 && packets >= 0.98 * due - 1);
        /* Some that the handshake held up share a datagram. */
        assert_in_range(m.bytes, packets * (rows[i].size - 3) * 97 / 100, packets * rows[i].size);
        assert_true(m.connect_ms >= 40 && m.connect_ms < 100);
        sim_flow_measure(world.flow[0], 0, WZP_S, &m);
        assert_int_equal(m.bytes, 0);
        assert_true(isnan(m.p95_ms));
        sim_flow_measure(world.flow[0], 5 * WZP_S + 100 * WZP_MS, 10 * WZP_S, &m);
        assert_int_equal(m.bytes, 0);
        end(&world);
    }
}

/* A link that makes copies and lets them overtake: each packet counts once. */
static void test_copies_count_once(void **state)
{
    (void)state;
    static const struct sim_link_params down = {
        .burst = 1, .queue_ns = WZP_S, .dup = 1, .jitter_ns = 50 * WZP_MS, .reorder = true};
    struct sim_flow_config config = {
        .start_rate_bps = 80000, .packet = 1000, .stop_ns = WZP_NEVER, .up = open_link, .down = open_link};
    struct world world = begin(6, &down, &config, 1);
    assert_true(sim_net_run(world.net, 20 * WZP_S));
    struct sim_flow_measured m;
    sim_flow_measure(world.flow[0], 10 * WZP_S, 20 * WZP_S, &m);
    assert_in_range(m.bytes, 98000, 101000);
    end(&world);
}

/* The sink goes silent for longer than a session lives: the flow comes again by itself. */
static void test_comes_again(void **state)
{
    (void)state;
    struct sim_link_params down = {.burst = 1, .queue_ns = WZP_S};
    struct sim_flow_config config = {
        .start_rate_bps = 80000, .packet = 1000, .stop_ns = WZP_NEVER, .up = open_link, .down = open_link};
    struct world world = begin(8, &down, &config, 1);
    assert_true(sim_net_run(world.net, 5 * WZP_S));
    down.loss = 1;
    sim_net_access_set(world.net, sim_sink_node(world.sink), &up, &down);
    assert_true(sim_net_run(world.net, 45 * WZP_S));
    down.loss = 0;
    sim_net_access_set(world.net, sim_sink_node(world.sink), &up, &down);
    assert_true(sim_net_run(world.net, 60 * WZP_S));
    struct sim_flow_measured m;
    sim_flow_measure(world.flow[0], 6 * WZP_S, 45 * WZP_S, &m);
    assert_int_equal(m.bytes, 0);
    sim_flow_measure(world.flow[0], 55 * WZP_S, 60 * WZP_S, &m);
    assert_in_range(m.bytes, 48000, 51000);
    end(&world);
}

static void test_replays(void **state)
{
    (void)state;
    char hash[3][33];
    for (unsigned i = 0; i < 3; i++) {
        static const struct sim_link_params down = {
            .burst = 4, .loss = 0.3, .delay_ns = 20 * WZP_MS, .rate_bps = 1000000, .queue_ns = 50 * WZP_MS};
        struct sim_flow_config config = {.start_rate_bps = 700000,
                                         .packet = 1174,
                                         .fps = 30,
                                         .stop_ns = WZP_NEVER,
                                         .up = open_link,
                                         .down = open_link};
        struct world world = begin(i / 2, &down, &config, 2);
        assert_true(sim_net_run(world.net, 5 * WZP_S));
        sim_net_hash(world.net, hash[i]);
        end(&world);
    }
    assert_string_equal(hash[0], hash[1]);
    assert_string_not_equal(hash[1], hash[2]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_rates), cmocka_unit_test(test_bytes),
                                       cmocka_unit_test(test_copies_count_once),
                                       cmocka_unit_test(test_comes_again), cmocka_unit_test(test_replays)};
    return sodium_init() < 0 ? 1 : cmocka_run_group_tests_name("sim/flow", tests, NULL, NULL);
}
