// SPDX-License-Identifier: Apache-2.0
/* An endpoint that forgot everything, and what the other one makes of it. */
#include "session/reset.h"

#include "session/pipe_test.h"
#include "session/session.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <sodium.h>

#define CLIENT 0
#define RELAY  1

static struct {
    struct wzp_endpoint *side[2];
    struct wzp_addr addr[2];
    unsigned hints, closed, connected[2];
    uint32_t session[2];
    int64_t now_ns;
    uint8_t last[WZP_DATAGRAM_MAX]; /* what the client sent last */
    size_t last_len;
} world;

static struct wzp_endpoint *create(unsigned i, bool accepts, uint8_t seed)
{
    struct wzp_endpoint_config config = accepts ? wzp_endpoint_config_relay() : wzp_endpoint_config_client();
    config_keys(&config, i, 0);
    config.limits.sessions_max = 2;
    config.limits.half_open_max = accepts ? 4 : 0;
    memset(config.seed, seed, sizeof config.seed);
    memset(config.reset_key, 0x5a + (int)i, sizeof config.reset_key);
    struct wzp_endpoint *endpoint = wzp_endpoint_create(&config);
    assert_non_null(endpoint);
    assert_true(sodium_is_zero(config.reset_key, sizeof config.reset_key));
    return endpoint;
}

static void poll(unsigned side)
{
    struct wzp_event event;
    while (wzp_endpoint_poll(world.side[side], &event)) {
        world.hints += event.kind == WZP_EVENT_RESET_HINT;
        world.closed += event.kind == WZP_EVENT_CLOSED;
        world.connected[side] += event.kind == WZP_EVENT_CONNECTED;
        if (event.kind == WZP_EVENT_RESET_HINT)
            assert_int_equal(event.session, world.session[CLIENT]);
        if (event.kind == WZP_EVENT_CONNECTED)
            world.session[side] = event.session;
    }
}

static void give(unsigned to, const uint8_t *bytes, size_t len)
{
    uint8_t copy[WZP_DATAGRAM_MAX];
    memcpy(copy, bytes, len);
    wzp_endpoint_receive(world.side[to], &world.addr[!to], copy, len, world.now_ns);
    poll(to);
}

static size_t take(unsigned from, uint8_t *bytes)
{
    struct wzp_addr to;
    size_t len = wzp_endpoint_transmit(world.side[from], world.now_ns, &to, bytes, WZP_DATAGRAM_MAX);
    poll(from);
    return len;
}

/* Both say and hear everything for so long, in steps of 5 ms. */
static void run(int64_t for_ns)
{
    uint8_t bytes[WZP_DATAGRAM_MAX];
    for (int64_t end_ns = world.now_ns + for_ns; world.now_ns < end_ns; world.now_ns += 5 * WZP_MS)
        for (unsigned side = 0; side < 2; side++) {
            wzp_endpoint_advance(world.side[side], world.now_ns);
            poll(side);
            for (size_t len; (len = take(side, bytes)) > 0;) {
                if (side == CLIENT) {
                    memcpy(world.last, bytes, len);
                    world.last_len = len;
                }
                give(!side, bytes, len);
            }
        }
}

static int setup(void **state)
{
    (void)state;
    memset(&world, 0, sizeof world);
    world.now_ns = WZP_S;
    for (unsigned i = 0; i < 2; i++) {
        world.side[i] = create(i, i == RELAY, (uint8_t)(10 + i));
        world.addr[i] = side_addr(i);
    }
    uint32_t session;
    assert_int_equal(
        wzp_endpoint_connect(world.side[CLIENT], &world.addr[RELAY], NULL, world.now_ns, &session),
        WZP_ERR_OK);
    run(2 * WZP_S); /* until all ids are told and it is quiet */
    assert_int_equal(world.connected[CLIENT], 1);
    assert_int_equal(world.connected[RELAY], 1);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 2; i++)
        wzp_endpoint_destroy(world.side[i]);
    return 0;
}

static void forget(void)
{
    wzp_endpoint_destroy(world.side[RELAY]);
    world.side[RELAY] = create(RELAY, true, 99);
}

static uint64_t drops(unsigned side, enum wzp_drop reason)
{
    return wzp_endpoint_counters(world.side[side])->drops[reason];
}

static uint64_t resets(void)
{
    return wzp_endpoint_counters(world.side[RELAY])->resets_out;
}

/* The relay's id of the session: what the client writes in its packets. */
static uint32_t id_at_relay(void)
{
    return endpoint_session(world.side[CLIENT], world.session[CLIENT])->remote_id;
}

static void test_a_forgotten_session_is_told(void **state)
{
    (void)state;
    forget();
    wzp_endpoint_ping(world.side[CLIENT], world.session[CLIENT]);
    run(100 * WZP_MS);
    assert_int_equal(resets(), 1);
    assert_int_equal(world.hints, 1);
    /* It is a hint: the session stands, and is told once however many come. */
    assert_int_equal(world.closed, 0);
    for (unsigned i = 0; i < 5; i++) {
        wzp_endpoint_ping(world.side[CLIENT], world.session[CLIENT]);
        run(10 * WZP_MS);
    }
    assert_int_equal(resets(), 6);
    assert_int_equal(world.hints, 1);
    assert_int_equal(drops(CLIENT, WZP_DROP_RESET_IGNORED), 5);
}

static void make_reset(uint8_t *bytes, size_t len, uint32_t id)
{
    memset(bytes, 0x11, len);
    bytes[0] = WZP_FORM_SHORT | 0x0b;
    endpoint_reset_token(world.side[RELAY], id, bytes + len - WZP_RESET_TOKEN_LEN);
}

/* A replayed reset, while the relay lives: the session goes on, and once it did the next one counts again. */
static void test_a_hint_again_after_a_sign_of_life(void **state)
{
    (void)state;
    uint8_t reset[40];
    make_reset(reset, sizeof reset, id_at_relay());
    give(CLIENT, reset, sizeof reset);
    give(CLIENT, reset, sizeof reset);
    assert_int_equal(world.hints, 1);
    wzp_endpoint_ping(world.side[CLIENT], world.session[CLIENT]);
    run(100 * WZP_MS);
    give(CLIENT, reset, sizeof reset);
    assert_int_equal(world.hints, 2);
    assert_int_equal(world.closed, 0);
}

static void test_forged_resets_change_nothing(void **state)
{
    (void)state;
    uint8_t reset[WZP_DATAGRAM_MAX];
    for (unsigned bit = 0; bit < 8 * WZP_RESET_TOKEN_LEN; bit++) {
        make_reset(reset, 30, id_at_relay());
        reset[30 - WZP_RESET_TOKEN_LEN + bit / 8] ^= (uint8_t)(1u << bit % 8);
        give(CLIENT, reset, 30);
    }
    make_reset(reset, 30, id_at_relay() + 1); /* the token of another id */
    give(CLIENT, reset, 30);
    make_reset(reset, RESET_MIN, id_at_relay());
    give(CLIENT, reset + 1, RESET_MIN - 1); /* too short; not even of its form */
    reset[0] = WZP_FORM_LONG;
    give(CLIENT, reset, RESET_MIN);
    assert_int_equal(world.hints, 0);
    assert_int_equal(drops(CLIENT, WZP_DROP_CONNECTION_UNKNOWN), 8 * WZP_RESET_TOKEN_LEN + 1);
    /* Under the client's own id it is found as well: a packet that does not open is looked at. */
    make_reset(reset, 60, id_at_relay());
    for (unsigned i = 0; i < 4; i++)
        reset[1 + i] = (uint8_t)(world.session[CLIENT] >> (24 - 8 * i));
    give(CLIENT, reset, 60);
    assert_int_equal(world.hints, 1);
}

static void test_a_packet_that_opens_is_never_a_reset(void **state)
{
    (void)state;
    uint64_t before = drops(CLIENT, WZP_DROP_RESET_IGNORED);
    run(20 * WZP_S);
    assert_int_equal(world.hints, 0);
    assert_int_equal(drops(CLIENT, WZP_DROP_RESET_IGNORED), before);
}

static size_t drawn_by(size_t len)
{
    uint8_t bytes[WZP_DATAGRAM_MAX] = {WZP_FORM_SHORT, 1, 2, 3, 4};
    give(RELAY, bytes, len);
    return take(RELAY, bytes);
}

static void test_sizes(void **state)
{
    (void)state;
    uint8_t bytes[WZP_DATAGRAM_MAX];
    unsigned seen = 0;
    for (size_t len = 5; len <= 200; len++) {
        world.now_ns += 10 * WZP_MS;
        size_t drawn = drawn_by(len);
        assert_true(drawn < len);
        assert_int_equal(drawn > 0, len >= SHORT_MIN);
        if (drawn) {
            assert_in_range(drawn, RESET_MIN, RESET_MAX);
            seen |= 1u << drawn;
        }
    }
    assert_int_equal(seen, 0xfu << RESET_MIN);
    /* What a session sends is long enough to draw one. */
    wzp_endpoint_ping(world.side[CLIENT], world.session[CLIENT]);
    assert_true(take(CLIENT, bytes) >= SHORT_MIN);
    /* A client, and an endpoint that shuts down, draw none. */
    memcpy(bytes, (uint8_t[]){WZP_FORM_SHORT, 1, 2, 3, 4}, 5);
    give(CLIENT, bytes, 200);
    assert_int_equal(take(CLIENT, bytes), 0);
    assert_int_equal(wzp_endpoint_counters(world.side[CLIENT])->resets_out, 0);
    forget();
    wzp_endpoint_close_all(world.side[RELAY], WZP_CLOSE_REASON_SHUTTING_DOWN, world.now_ns);
    assert_int_equal(drawn_by(200), 0);
}

/* Against a twin that counts the whole history. */
static void test_the_rate(void **state)
{
    (void)state;
    uint8_t bytes[WZP_DATAGRAM_MAX];
    uint64_t limited = 0;
    int64_t start_ns = world.now_ns;
    unsigned sent = 0;
    for (unsigned i = 0; i < 5000; i++) {
        world.now_ns = start_ns + i * (WZP_S / 10000); /* ten times the rate, for half a second */
        memset(bytes, 0, 40);
        bytes[0] = WZP_FORM_SHORT;
        bytes[1] = 9;
        give(RELAY, bytes, 40);
        sent += take(RELAY, bytes) > 0;
        assert_true(sent <= WZP_RESET_BURST + (world.now_ns - start_ns) * WZP_RESET_RATE / WZP_S + 1);
    }
    assert_in_range(sent, WZP_RESET_BURST + WZP_RESET_RATE / 2 - 2, WZP_RESET_BURST + WZP_RESET_RATE / 2 + 1);
    limited = drops(RELAY, WZP_DROP_RESET_LIMITED);
    assert_int_equal(limited, 5000 - sent);
    /* Without a transmit between them only a few wait. */
    world.now_ns += WZP_S;
    for (unsigned i = 0; i < 3 * RESETS_WAITING; i++) {
        bytes[0] = WZP_FORM_SHORT;
        give(RELAY, bytes, 40);
    }
    for (sent = 0; take(RELAY, bytes) > 0; sent++)
        ;
    assert_int_equal(sent, RESETS_WAITING);
}

/* Who says goodbye in copies is not answered that nobody knows it. */
static void test_no_reset_after_close(void **state)
{
    (void)state;
    wzp_endpoint_close(world.side[CLIENT], world.session[CLIENT], WZP_CLOSE_REASON_LEFT, world.now_ns);
    run(300 * WZP_MS);
    assert_int_equal(world.closed, 2);
    assert_true(drops(RELAY, WZP_DROP_CONNECTION_UNKNOWN) > 0);
    assert_int_equal(resets(), 0);
}

/* Two relays that know nothing of each other, and one packet for nobody. */
static void test_no_loop(void **state)
{
    (void)state;
    wzp_endpoint_destroy(world.side[CLIENT]);
    world.side[CLIENT] = create(CLIENT, true, 3);
    uint8_t bytes[WZP_DATAGRAM_MAX] = {WZP_FORM_SHORT, 1, 2, 3, 4};
    give(RELAY, bytes, 1000);
    run(WZP_S);
    assert_int_equal(resets(), 1);
    assert_int_equal(wzp_endpoint_counters(world.side[CLIENT])->resets_out, 0);
}

/* The token is the same after a restart, another for another id, and under another key. */
static void test_tokens(void **state)
{
    (void)state;
    uint8_t token[4][WZP_RESET_TOKEN_LEN], expected[WZP_RESET_TOKEN_LEN], key[32];
    endpoint_reset_token(world.side[RELAY], 0x01020304, token[0]);
    endpoint_reset_token(world.side[RELAY], 0x01020305, token[1]);
    endpoint_reset_token(world.side[CLIENT], 0x01020304, token[2]);
    forget();
    endpoint_reset_token(world.side[RELAY], 0x01020304, token[3]);
    memset(key, 0x5a + RELAY, sizeof key);
    crypto_generichash_blake2b(expected, sizeof expected, (const uint8_t[]){1, 2, 3, 4}, 4, key, sizeof key);
    assert_memory_equal(token[0], expected, sizeof expected);
    assert_memory_equal(token[0], token[3], sizeof expected);
    assert_memory_not_equal(token[0], token[1], sizeof expected);
    assert_memory_not_equal(token[0], token[2], sizeof expected);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_a_forgotten_session_is_told, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_hint_again_after_a_sign_of_life, setup, teardown),
        cmocka_unit_test_setup_teardown(test_forged_resets_change_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_packet_that_opens_is_never_a_reset, setup, teardown),
        cmocka_unit_test_setup_teardown(test_sizes, setup, teardown),
        cmocka_unit_test_setup_teardown(test_the_rate, setup, teardown),
        cmocka_unit_test_setup_teardown(test_no_reset_after_close, setup, teardown),
        cmocka_unit_test_setup_teardown(test_no_loop, setup, teardown),
        cmocka_unit_test_setup_teardown(test_tokens, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
