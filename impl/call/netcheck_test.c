// SPDX-License-Identifier: Apache-2.0
/* The check against a relay's endpoint over a way whose truth is known. Rates are fixed here: estimates have
 * tests of their own, and scenarios/netcheck.lua compares what they find. */
#include "call/netcheck.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "base/rng.h"
#include "session/pipe_test.h"

#define PIPE_MAX 4096
#define UP_BPS   400000
#define DOWN_BPS 900000

#define CLIENT 0
#define RELAY  1

static struct world {
    struct wzp_netcheck *check;
    struct wzp_endpoint *relay;
    uint8_t relay_static[32];
    int64_t now_ns, delay_ns, silent_ns; /* from silent_ns on nothing arrives */
    unsigned loss[2];                    /* permille, up and down */
    size_t takes;                        /* bytes of the largest datagram */
    uint64_t bytes[2];                   /* sent */
    enum wzp_netcheck_phase phase;
    int64_t entered_ns[WZP_NETCHECK_OVER + 1];
    struct wzp_rng rng;
    struct pipe pipe;
} world;

/* Takes the place of the relay before. */
static void serve(struct wzp_endpoint_config *config)
{
    wzp_endpoint_destroy(world.relay);
    memcpy(world.relay_static, config->static_public, sizeof world.relay_static);
    world.relay = wzp_endpoint_create(config);
    assert_non_null(world.relay);
}

/* A check that begins at 0, to be changed before `start`. */
static struct wzp_netcheck_config begin(uint64_t seed)
{
    struct wzp_endpoint_config relay = side_config(RELAY, seed);
    world = (struct world){.rng = wzp_rng_make(seed, 1),
                           .delay_ns = 40 * WZP_MS,
                           .silent_ns = WZP_NEVER,
                           .takes = WZP_DATAGRAM_CEILING,
                           .pipe = pipe_make(PIPE_MAX)};
    relay.limits.sessions_max = relay.limits.half_open_max = 4;
    relay.estimate = WZP_ESTIMATE_FIXED;
    relay.start_rate_bps = DOWN_BPS;
    serve(&relay);
    struct wzp_netcheck_config config = wzp_netcheck_config_default();
    config_keys(&config.endpoint, CLIENT, seed);
    config.endpoint.estimate = WZP_ESTIMATE_FIXED;
    config.endpoint.start_rate_bps = UP_BPS;
    config.relay = side_addr(RELAY);
    config.load_ns = 4 * WZP_S;
    return config;
}

static void start(struct wzp_netcheck_config *config)
{
    world.check = wzp_netcheck_create(config);
    assert_non_null(world.check);
    assert_int_equal(wzp_netcheck_start(world.check, 0), WZP_ERR_OK);
}

static void end(void)
{
    wzp_netcheck_destroy(world.check);
    wzp_endpoint_destroy(world.relay);
    pipe_free(&world.pipe);
}

static void poll_relay(void)
{
    struct wzp_event event;
    while (wzp_endpoint_poll(world.relay, &event))
        continue;
}

static void transmit(unsigned side)
{
    struct datagram datagram = {.from = side_addr(side), .side = !side};
    for (;;) {
        if (side == RELAY)
            datagram_transmit(&datagram, world.relay, world.now_ns);
        else
            datagram.len = wzp_netcheck_transmit(world.check, world.now_ns, &datagram.to, datagram.bytes,
                                                 sizeof datagram.bytes);
        if (datagram.len == 0)
            return;
        world.bytes[side] += datagram.len + 28;
        if (wzp_rng_below(&world.rng, 1000) < world.loss[side] || datagram.len > world.takes ||
            world.now_ns >= world.silent_ns)
            continue;
        datagram.at_ns = world.now_ns + world.delay_ns;
        assert_true(pipe_put(&world.pipe, &datagram));
    }
}

/* When each phase began; they come in order. */
static void note_phase(void)
{
    enum wzp_netcheck_phase phase = wzp_netcheck_phase(world.check);
    assert_true(phase >= world.phase);
    for (; world.phase < phase; world.phase++)
        world.entered_ns[world.phase + 1] = world.now_ns;
}

static void deliver(int64_t next_ns)
{
    struct datagram datagram;
    if (!pipe_take(&world.pipe, next_ns, &datagram)) {
        world.now_ns = next_ns;
        return;
    }
    world.now_ns = datagram.at_ns;
    if (datagram.side == RELAY) {
        datagram_receive(&datagram, world.relay, world.now_ns);
        poll_relay();
    } else {
        wzp_netcheck_receive(world.check, &datagram.from, datagram.bytes, datagram.len, world.now_ns);
        note_phase();
    }
}

/* Until it is over, or the time is. */
static void run(int64_t until_ns)
{
    while (world.now_ns < until_ns && wzp_netcheck_phase(world.check) != WZP_NETCHECK_OVER) {
        wzp_netcheck_advance(world.check, world.now_ns);
        note_phase();
        wzp_endpoint_advance(world.relay, world.now_ns);
        poll_relay();
        transmit(CLIENT);
        transmit(RELAY);
        if (world.phase == WZP_NETCHECK_OVER)
            return;
        assert_true(wzp_netcheck_next_at(world.check) > world.now_ns); /* or it spins */
        int64_t next_ns = wzp_time_min(wzp_netcheck_next_at(world.check), wzp_endpoint_next_at(world.relay));
        deliver(wzp_time_min(next_ns, until_ns));
    }
}

static void assert_near(double value, double truth, double off)
{
    if (value < truth - off || value > truth + off)
        fail_msg("%g, in truth %g", value, truth);
}

static void test_what_is_found(void **state)
{
    (void)state;
    static const struct {
        unsigned loss_up, loss_down; /* permille */
        int64_t delay_ms;
        size_t takes, mtu;
    } rows[] = {
        {0, 0, 20, 1472, 1472},   {0, 0, 150, 1400, 1372},    {100, 0, 40, 1300, 1252},
        {0, 300, 40, 1472, 1472}, {300, 100, 40, 1240, 1232}, {500, 500, 60, 1472, 1472},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct wzp_netcheck_config config = begin(i + 1);
        start(&config);
        world.loss[0] = rows[i].loss_up;
        world.loss[1] = rows[i].loss_down;
        world.delay_ns = rows[i].delay_ms * WZP_MS;
        world.takes = rows[i].takes;
        run(60 * WZP_S);
        struct wzp_netcheck_result result = wzp_netcheck_result(world.check);
        assert_int_equal(wzp_netcheck_phase(world.check), WZP_NETCHECK_OVER);
        assert_true(result.is_complete);
        assert_memory_equal(result.relay_static, world.relay_static, 32);
        assert_int_equal(result.rtt_min_ns, 2 * world.delay_ns);
        assert_true(result.rtt_mean_ns >= result.rtt_min_ns && result.rtt_max_ns >= result.rtt_mean_ns);
        assert_true(result.handshake_ns >= 4 * world.delay_ns);
        assert_int_equal(result.up.rate_bps, UP_BPS);
        assert_int_equal(result.down.rate_bps, DOWN_BPS);
        assert_false(result.up.is_rate_more || result.down.is_rate_more);
        assert_near(result.up.loss_permille, rows[i].loss_up, rows[i].loss_up ? 80 : 0);
        assert_near(result.down.loss_permille, rows[i].loss_down, rows[i].loss_down ? 80 : 0);
        double up = 1 - rows[i].loss_up / 1e3, down = 1 - rows[i].loss_down / 1e3;
        assert_near((double)result.up.arrived_bps, UP_BPS * up, UP_BPS * 0.12);
        assert_near((double)result.down.arrived_bps, DOWN_BPS * down, DOWN_BPS * 0.12);
        assert_int_equal(result.mtu, rows[i].mtu);
        /* No more than was meant to be sent, for as long as it was meant. */
        assert_true(world.bytes[0] * 8 < UP_BPS * 5 + 400000);
        assert_true(world.bytes[1] * 8 < DOWN_BPS * 5 + 400000);
        assert_near((double)(world.entered_ns[WZP_NETCHECK_UP] - world.entered_ns[WZP_NETCHECK_QUIET]), 2e9,
                    1e6);
        assert_near((double)(world.entered_ns[WZP_NETCHECK_DOWN] - world.entered_ns[WZP_NETCHECK_UP]), 4.5e9,
                    1e6);
        end();
    }
}

/* What was tried bounds what can be found. */
static void test_bound(void **state)
{
    (void)state;
    struct wzp_netcheck_config config = begin(10);
    config.load_max_bps = 200000;
    start(&config);
    run(60 * WZP_S);
    struct wzp_netcheck_result result = wzp_netcheck_result(world.check);
    assert_true(result.is_complete && result.up.is_rate_more && result.down.is_rate_more);
    assert_int_equal(result.up.rate_bps, 200000);
    assert_int_equal(result.down.rate_bps, 200000);
    assert_true(world.bytes[0] * 8 < 200000 * 5 && world.bytes[1] * 8 < 200000 * 5);
    end();
}

/* Too short for the estimate: it is told that there is more. */
static void test_still_rising(void **state)
{
    (void)state;
    struct wzp_netcheck_config config = begin(15);
    config.endpoint.estimate = WZP_ESTIMATE_OURS;
    config.endpoint.start_rate_bps = 30000;
    config.load_ns = 2 * WZP_S;
    start(&config);
    world.delay_ns = 200 * WZP_MS;
    run(60 * WZP_S);
    struct wzp_netcheck_result result = wzp_netcheck_result(world.check);
    assert_true(result.is_complete && result.up.is_rate_more && !result.down.is_rate_more);
    assert_true(result.up.rate_bps > 30000 && result.up.rate_bps < config.load_max_bps / 2);
    end();
}

/* A relay grants 20 Mbit/s, whatever it is asked for. */
static void test_what_a_relay_grants(void **state)
{
    (void)state;
    struct wzp_netcheck_config config = begin(14);
    struct wzp_endpoint_config relay = side_config(RELAY, 14);
    relay.start_rate_bps = 50000000;
    serve(&relay);
    config.load_max_bps = 40000000;
    config.load_ns = 1 * WZP_S;
    start(&config);
    world.delay_ns = 5 * WZP_MS;
    run(60 * WZP_S);
    struct wzp_netcheck_result result = wzp_netcheck_result(world.check);
    assert_true(result.is_complete && result.down.is_rate_more && !result.up.is_rate_more);
    assert_int_equal(result.down.rate_bps, 20000000);
    end();
}

/* A relay that fills nothing leaves the way down unknown, and it is planned for as the way up. */
static void test_a_relay_that_fills_nothing(void **state)
{
    (void)state;
    struct wzp_netcheck_config config = begin(11);
    struct wzp_endpoint_config relay = side_config(RELAY, 11);
    relay.estimate = WZP_ESTIMATE_FIXED;
    relay.start_rate_bps = DOWN_BPS;
    relay.load_max_bps = 0;
    serve(&relay);
    start(&config);
    world.loss[0] = 200;
    run(60 * WZP_S);
    struct wzp_netcheck_result result = wzp_netcheck_result(world.check);
    assert_true(result.is_complete);
    assert_int_equal(result.down.rate_bps, 0);
    assert_int_equal(wzp_netcheck_file_ns(&result.down, 1000000), 0);
    struct wzp_plan plan = wzp_netcheck_plan(world.check);
    assert_true(plan.down.repair_permille > 0);
    assert_int_equal(plan.down.repair_permille, plan.up.repair_permille);
    end();
}

static void test_another_key(void **state)
{
    (void)state;
    struct wzp_netcheck_config config = begin(12);
    config.has_relay_static = true;
    memcpy(config.relay_static, world.relay_static, 32);
    config.relay_static[3] ^= 1;
    start(&config);
    run(60 * WZP_S);
    struct wzp_netcheck_result result = wzp_netcheck_result(world.check);
    assert_int_equal(wzp_netcheck_phase(world.check), WZP_NETCHECK_OVER);
    assert_int_equal(result.reason, WZP_CLOSE_REASON_RELAY_KEY);
    assert_memory_equal(result.relay_static, world.relay_static, 32);
    assert_int_equal(result.handshake_ns, 0);
    assert_true(world.now_ns < 5 * WZP_S);
    end();
}

/* A way that takes longer than the patience to ask who answers. */
static void test_the_known_key_is_slow(void **state)
{
    (void)state;
    struct wzp_netcheck_config config = begin(13);
    config.has_relay_static = true;
    memcpy(config.relay_static, world.relay_static, 32);
    start(&config);
    world.delay_ns = 1700 * WZP_MS;
    run(100 * WZP_S);
    struct wzp_netcheck_result result = wzp_netcheck_result(world.check);
    assert_true(result.is_complete);
    assert_int_equal(result.up.rate_bps, UP_BPS);
    end();
}

static void test_nobody_is_there(void **state)
{
    (void)state;
    static const struct {
        int64_t silent_ms;
        enum wzp_close_reason reason;
        int64_t over_ms; /* at the latest */
    } rows[] = {
        {0, WZP_CLOSE_REASON_HANDSHAKE_TIMEOUT, 31000}, {1000, WZP_CLOSE_REASON_IDLE_TIMEOUT, 7500},
        {4000, WZP_CLOSE_REASON_IDLE_TIMEOUT, 10500},   {9000, WZP_CLOSE_REASON_IDLE_TIMEOUT, 15500},
        {10900, WZP_CLOSE_REASON_IDLE_TIMEOUT, 17500},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct wzp_netcheck_config config = begin(20 + i);
        start(&config);
        world.silent_ns = rows[i].silent_ms * WZP_MS;
        run(60 * WZP_S);
        struct wzp_netcheck_result result = wzp_netcheck_result(world.check);
        assert_int_equal(wzp_netcheck_phase(world.check), WZP_NETCHECK_OVER);
        assert_false(result.is_complete);
        assert_int_equal(result.reason, rows[i].reason);
        assert_true(world.now_ns <= rows[i].over_ms * WZP_MS);
        end();
    }
}

static void test_it_can_be_stopped(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 12; i++) {
        struct wzp_netcheck_config config = begin(30 + i);
        start(&config);
        run(i * WZP_S + 10 * WZP_MS);
        wzp_netcheck_stop(world.check, world.now_ns);
        wzp_netcheck_stop(world.check, world.now_ns);
        int64_t stopped_ns = world.now_ns;
        run(60 * WZP_S);
        struct wzp_netcheck_result result = wzp_netcheck_result(world.check);
        assert_int_equal(wzp_netcheck_phase(world.check), WZP_NETCHECK_OVER);
        assert_int_equal(result.reason, WZP_CLOSE_REASON_LEFT);
        assert_false(result.is_complete);
        assert_true(world.now_ns - stopped_ns <= 1100 * WZP_MS);
        assert_int_equal(wzp_netcheck_next_at(world.check), WZP_NEVER);
        assert_int_equal(wzp_endpoint_counters(world.relay)->sessions, 0);
        end();
    }
}

static void test_files_and_speech(void **state)
{
    (void)state;
    const struct wzp_netcheck_way way = {.rate_bps = 1000000, .loss_permille = 200};
    assert_int_equal(wzp_netcheck_file_ns(&way, 9500000), 100 * WZP_S);
    static const struct {
        uint64_t up_bps, down_bps;
        bool takes;
    } rows[] = {{1000000, 1000000, true}, {1000000, 500, false}, {500, 1000000, false}, {1000000, 0, true}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct wzp_netcheck_result result = {.up.rate_bps = rows[i].up_bps,
                                             .down.rate_bps = rows[i].down_bps};
        struct wzp_plan plan = {.up.rate_bps = 30000, .down.rate_bps = 30000};
        assert_int_equal(wzp_netcheck_takes_speech(&plan, &result), rows[i].takes);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_found),
        cmocka_unit_test(test_bound),
        cmocka_unit_test(test_still_rising),
        cmocka_unit_test(test_what_a_relay_grants),
        cmocka_unit_test(test_a_relay_that_fills_nothing),
        cmocka_unit_test(test_another_key),
        cmocka_unit_test(test_the_known_key_is_slow),
        cmocka_unit_test(test_nobody_is_there),
        cmocka_unit_test(test_it_can_be_stopped),
        cmocka_unit_test(test_files_and_speech),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
