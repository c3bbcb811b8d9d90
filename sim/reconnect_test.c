// SPDX-License-Identifier: Apache-2.0
/* Calls whose relay forgets them, or is said to: what is heard, what is sent, who is believed. */
#include "call/inspect.h"
#include "call/state.h"
#include "session/session.h"
#include "sim/person.h"
#include "sim/watch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#define HORIZON (60 * WZP_S)
#define ONE_WAY (50 * WZP_MS)
#define PEOPLE  3

static struct {
    struct sim_net *net;
    struct sim_watch *watch;
    struct sim_relay *relay;
    struct sim_crowd *crowd;
    struct sim_person *person[PEOPLE];
    unsigned count;
    unsigned seen[WZP_TRACE_COUNT]; /* of all clients */
    uint8_t reset[64];              /* the last that the relay sent to the first person */
    size_t reset_len;
} world;

static int16_t nothing[48000];
static const struct sim_voice silence = {.len = 48000, .pcm = nothing};

static void on_trace(void *ctx, int64_t now_ns, unsigned node, enum wzp_trace_kind kind, uint64_t a,
                     uint64_t b)
{
    (void)ctx, (void)now_ns, (void)a, (void)b;
    world.seen[kind] += node != world.relay->node;
}

static void on_datagram(void *ctx, const struct sim_tap_event *event)
{
    (void)ctx;
    if (event->kind != SIM_TAP_SENT || event->from != world.relay->node ||
        event->to != world.person[0]->node || event->len < RESET_MIN || event->len > RESET_MAX)
        return;
    world.reset_len = event->len;
    memcpy(world.reset, event->bytes, event->len);
}

static void make_with(uint64_t seed, unsigned count, double loss, bool is_ik)
{
    memset(&world, 0, sizeof world);
    world.net = sim_net_create(seed);
    world.watch = sim_watch_create(world.net);
    world.crowd = sim_crowd_create(world.net, false, HORIZON);
    struct wzp_relay_config config = wzp_relay_config_default();
    config.endpoint.limits.sessions_max = 16;
    config.endpoint.limits.half_open_max = 16;
    world.relay = sim_relay_create(world.net, "relay", &config);
    world.count = count;
    const struct sim_link_params link = {.delay_ns = ONE_WAY, .loss = loss, .burst = 1};
    for (unsigned i = 0; i < count; i++) {
        struct sim_person_config person = {.relay = world.relay,
                                           .room = "a room",
                                           .codec = &wzp_codec_synthetic,
                                           .token = "",
                                           .is_ik = is_ik,
                                           .start_ns = i * 100 * WZP_MS,
                                           .stop_ns = HORIZON};
        person.name[0] = (char)('a' + i);
        world.person[i] = sim_crowd_add(world.crowd, &person);
        sim_net_connect(world.net, world.person[i]->node, world.relay->node, &link);
        sim_net_connect(world.net, world.relay->node, world.person[i]->node, &link);
    }
    sim_net_tap_trace(world.net, on_trace, NULL);
    sim_net_tap(world.net, on_datagram, NULL);
}

static void make(uint64_t seed, unsigned count, double loss)
{
    make_with(seed, count, loss, false);
}

static void unmake(void)
{
    assert_null(sim_net_violation(world.net));
    sim_crowd_destroy(world.crowd);
    sim_relay_destroy(world.relay);
    sim_watch_destroy(world.watch);
    sim_net_destroy(world.net);
}

static void until(int64_t at_ns)
{
    assert_true(sim_net_run(world.net, at_ns));
}

static uint64_t lost(unsigned listener, unsigned speaker, int64_t from_ns, int64_t to_ns)
{
    struct sim_window window;
    sim_person_window(world.person[listener], world.person[speaker], from_ns, to_ns, &window);
    assert_true(window.frames > 0);
    return window.lost;
}

static void nobody_lost(int64_t from_ns, int64_t to_ns)
{
    for (unsigned i = 0; i < world.count; i++)
        for (unsigned k = 0; k < world.count; k++)
            if (i != k)
                assert_int_equal(lost(i, k, from_ns, to_ns), 0);
}

static struct wzp_session_facts facts(unsigned i)
{
    struct wzp_session_facts found;
    assert_true(wzp_call_session_facts(world.person[i]->call, &found));
    return found;
}

static struct wzp_call_facts call_facts(unsigned i)
{
    struct wzp_call_facts found;
    wzp_call_facts(world.person[i]->call, &found);
    return found;
}

/* What the relay would say if it had forgotten the session of person `i`. */
static size_t make_reset(unsigned i, uint8_t *out, bool is_forged)
{
    uint8_t key[32], bytes[4];
    struct wzp_call *call = world.person[i]->call;
    uint32_t id = endpoint_session(call->endpoint, call->session)->remote_id;
    struct wzp_writer writer = wzp_writer_make(bytes, sizeof bytes);
    wzp_write_u32(&writer, id);
    wzp_identity_reset_key(&world.relay->identity, key);
    key[0] ^= is_forged;
    memset(out, 0x33, RESET_MIN);
    out[0] = WZP_FORM_SHORT | 7;
    crypto_generichash_blake2b(out + RESET_MIN - WZP_RESET_TOKEN_LEN, WZP_RESET_TOKEN_LEN, bytes,
                               sizeof bytes, key, sizeof key);
    return RESET_MIN;
}

static void inject(unsigned i, bool is_forged)
{
    uint8_t reset[RESET_MAX];
    size_t len = make_reset(i, reset, is_forged);
    sim_net_inject(world.net, world.relay->node, world.person[i]->node, reset, len, 0);
}

/* ---- resets while the relay lives ---- */

static void a_replayed_reset_costs_nothing(void **state)
{
    (void)state;
    make(1, 2, 0);
    until(3 * WZP_S);
    uint32_t session = call_facts(0).session;
    uint64_t sent = call_facts(0).media_sent;
    for (unsigned i = 0; i < 30; i++) {
        until((3 + (int64_t)i) * WZP_S + 37 * WZP_MS);
        inject(0, false);
    }
    until(33 * WZP_S);
    assert_int_equal(world.seen[WZP_TRACE_RESET_HINT], 30); /* each was taken for what it may be */
    assert_int_equal(world.seen[WZP_TRACE_RECONNECTING], 30);
    assert_int_equal(world.seen[WZP_TRACE_REJOINED], 0);
    assert_int_equal(call_facts(0).session, session);
    assert_int_equal(wzp_relay_counters(world.relay->relay)->rejoins, 0);
    assert_int_equal(wzp_relay_counters(world.relay->relay)->leaves, 0);
    assert_true(call_facts(0).media_sent >= sent + 28 * 50);
    until(40 * WZP_S);
    nobody_lost(2 * WZP_S, 38 * WZP_S);
    assert_int_equal(wzp_relay_endpoint_counters(world.relay->relay)->sessions, 2);
    unmake();
}

/* As often as one likes: it is asked about at most once a second. */
static void many_replayed_resets_cost_a_handshake_a_second_at_most(void **state)
{
    (void)state;
    make(1, 2, 0);
    until(3 * WZP_S);
    for (unsigned i = 0; i < 1000; i++) {
        inject(0, false);
        until(3 * WZP_S + (int64_t)i * 10 * WZP_MS);
    }
    assert_in_range(world.seen[WZP_TRACE_RECONNECTING], 1, 11);
    assert_int_equal(world.seen[WZP_TRACE_REJOINED], 0);
    until(16 * WZP_S);
    nobody_lost(2 * WZP_S, 15 * WZP_S);
    unmake();
}

static void a_forged_reset_is_noise(void **state)
{
    (void)state;
    make(1, 2, 0);
    until(3 * WZP_S);
    uint64_t unknown = wzp_call_counters(world.person[0]->call)->drops[WZP_DROP_CONNECTION_UNKNOWN];
    for (unsigned i = 0; i < 100; i++)
        inject(0, true);
    until(6 * WZP_S);
    assert_int_equal(wzp_call_counters(world.person[0]->call)->drops[WZP_DROP_CONNECTION_UNKNOWN],
                     unknown + 100);
    assert_int_equal(world.seen[WZP_TRACE_RESET_HINT], 0);
    assert_int_equal(world.seen[WZP_TRACE_RECONNECTING], 0);
    nobody_lost(2 * WZP_S, 5 * WZP_S);
    unmake();
}

/* Signs of life get lost as well: then the person goes on over the new session, in the same slot. */
static void a_replayed_reset_on_a_bad_link(void **state)
{
    (void)state;
    unsigned rejoined = 0;
    for (uint64_t seed = 1; seed <= 10; seed++) {
        make(seed, 3, 0.9);
        until(20 * WZP_S);
        assert_int_equal(wzp_relay_counters(world.relay->relay)->members, 3);
        uint16_t slot = call_facts(0).slot;
        for (unsigned i = 0; i < 20; i++) {
            inject(0, false);
            until((20 + (int64_t)i) * WZP_S);
        }
        until(45 * WZP_S);
        assert_int_equal(wzp_relay_counters(world.relay->relay)->members, 3);
        assert_int_equal(wzp_relay_counters(world.relay->relay)->leaves, 0);
        assert_int_equal(call_facts(0).slot, slot);
        assert_true(call_facts(0).is_joined && !call_facts(0).is_reconnecting);
        rejoined += world.seen[WZP_TRACE_REJOINED];
        unmake();
    }
    assert_true(rejoined > 0);
}

/* ---- restarts ---- */

static void an_old_reset_is_no_hint_for_a_new_session(void **state)
{
    (void)state;
    make(2, 2, 0);
    until(3 * WZP_S);
    sim_relay_kill(world.relay);
    until(4 * WZP_S);
    sim_relay_start(world.relay, "");
    until(8 * WZP_S);
    assert_in_range(world.reset_len, RESET_MIN, RESET_MAX);
    assert_int_equal(world.seen[WZP_TRACE_RESET_HINT], 2);
    assert_int_equal(world.seen[WZP_TRACE_REJOINED], 2);
    for (unsigned i = 0; i < 20; i++)
        sim_net_inject(world.net, world.relay->node, world.person[0]->node, world.reset, world.reset_len, 0);
    until(10 * WZP_S);
    assert_int_equal(world.seen[WZP_TRACE_RESET_HINT], 2);
    assert_int_equal(world.seen[WZP_TRACE_RECONNECTING], 2);
    nobody_lost(4 * WZP_S + 700 * WZP_MS, 9 * WZP_S);
    unmake();
}

/* Everybody is found again by the record, whatever slot it gets: nobody leaves, nobody joins. */
static void members_are_found_again(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 10; seed++) {
        make(seed, 3, 0.3);
        until(5 * WZP_S);
        struct wzp_audio_receive_stats before, after;
        assert_true(wzp_call_member_stats(world.person[0]->call, world.person[1]->slot, &before));
        sim_relay_kill(world.relay);
        until(6 * WZP_S);
        sim_relay_start(world.relay, "");
        until(15 * WZP_S);
        for (unsigned i = 0; i < 3; i++) {
            assert_true(call_facts(i).is_joined && !call_facts(i).is_reconnecting);
            assert_int_equal(call_facts(i).member_count, 2);
            for (unsigned k = 0; k < 3; k++)
                assert_int_equal(world.person[i]->told_left_ns[k], WZP_NEVER);
        }
        assert_int_equal(world.seen[WZP_TRACE_MEMBER_JOINED], 6); /* of the beginning */
        assert_true(wzp_call_member_stats(world.person[0]->call, world.person[1]->slot, &after));
        assert_true(after.jitter.received > before.jitter.received); /* the same decoder counts on */
        unmake();
    }
}

/* Who goes while no relay is there is out of the room later, and is given no key from the restart on. */
static void who_does_not_come_back_has_left(void **state)
{
    (void)state;
    make(3, 3, 0);
    until(4 * WZP_S);
    uint32_t word = wzp_call_own_key(world.person[0]->call)->word;
    sim_relay_kill(world.relay);
    until(4500 * WZP_MS);
    sim_person_leave(world.person[2]);
    until(5 * WZP_S);
    sim_relay_start(world.relay, "");
    until(8 * WZP_S);
    assert_int_equal(call_facts(0).member_count, 1);
    uint32_t fresh = wzp_call_own_key(world.person[0]->call)->word;
    assert_true(fresh >> 4 > word >> 4);
    assert_int_equal(world.person[0]->told_left_ns[2], WZP_NEVER);
    until(30 * WZP_S);
    assert_in_range(world.person[0]->told_left_ns[2], 25 * WZP_S, 26 * WZP_S);
    assert_int_equal(lost(0, 1, 6 * WZP_S, 29 * WZP_S), 0);
    unmake();
}

static void a_relay_that_shuts_down_is_waited_for(void **state)
{
    (void)state;
    make(4, 2, 0);
    until(3 * WZP_S);
    wzp_relay_shutdown(world.relay->relay, 3 * WZP_S);
    sim_net_poke(world.net, world.relay->node);
    until(3500 * WZP_MS);
    assert_true(call_facts(0).is_reconnecting);
    assert_int_equal(wzp_relay_endpoint_counters(world.relay->relay)->sessions, 0);
    sim_relay_kill(world.relay);
    until(10 * WZP_S);
    sim_relay_start(world.relay, "");
    until(15 * WZP_S);
    assert_false(call_facts(0).is_reconnecting);
    nobody_lost(10 * WZP_S + 900 * WZP_MS, 14 * WZP_S);
    unmake();
}

/* A listener has nothing to say, and is back as soon: it asks when the sound stops. */
static void a_silent_listener_is_back_as_well(void **state)
{
    (void)state;
    make(5, 2, 0);
    world.person[1]->config.voice = &silence;
    until(5 * WZP_S);
    sim_relay_kill(world.relay);
    until(8 * WZP_S);
    sim_relay_start(world.relay, "");
    until(12 * WZP_S);
    assert_true(call_facts(1).is_joined && !call_facts(1).is_reconnecting);
    assert_int_equal(lost(1, 0, 8 * WZP_S + 900 * WZP_MS, 11 * WZP_S), 0);
    unmake();
}

/* Nobody speaks, and the relay has nothing to say: no reason to doubt it. */
static void a_quiet_room_is_believed_in(void **state)
{
    (void)state;
    for (unsigned row = 0; row < 4; row++) {
        make(row, row < 2 ? 1 : 2, row % 2 ? 0.5 : 0);
        for (unsigned i = 0; i < world.count; i++)
            world.person[i]->config.voice = &silence;
        until(HORIZON);
        assert_int_equal(world.seen[WZP_TRACE_RECONNECTING], 0);
        unmake();
    }
}

/* What a relay says under seal and will say again. */
static void a_refusal_ends_the_call(void **state)
{
    (void)state;
    make(6, 2, 0);
    until(3 * WZP_S);
    sim_relay_kill(world.relay);
    world.relay->config.token_len = 3;
    sim_relay_start(world.relay, "");
    until(8 * WZP_S);
    for (unsigned i = 0; i < 2; i++) {
        assert_true(world.person[i]->has_ended);
        assert_int_equal(world.person[i]->ended_reason, WZP_CLOSE_REASON_BAD_TOKEN);
    }
    unmake();
}

static void who_leaves_while_it_is_lost_is_out_at_once(void **state)
{
    (void)state;
    make(7, 2, 0);
    until(3 * WZP_S);
    sim_relay_kill(world.relay);
    until(45 * WZP_S); /* the old session is over too */
    assert_true(call_facts(0).is_reconnecting);
    sim_person_leave(world.person[0]);
    assert_true(world.person[0]->has_ended);
    assert_int_equal(world.person[0]->ended_reason, WZP_CLOSE_REASON_LEFT);
    unmake();
}

/* ---- who answers? ---- */

static void another_key_is_refused(void **state)
{
    (void)state;
    make(8, 2, 0);
    until(3 * WZP_S);
    uint8_t known[32], expected[32], found[32];
    memcpy(known, facts(0).peer_static, sizeof known);
    sim_relay_kill(world.relay);
    sim_relay_start(world.relay, "another machine");
    until(20 * WZP_S);
    for (unsigned i = 0; i < 2; i++) {
        assert_true(world.person[i]->has_ended);
        assert_int_equal(world.person[i]->ended_reason, WZP_CLOSE_REASON_RELAY_KEY);
        wzp_call_relay_keys(world.person[i]->call, expected, found);
        assert_memory_equal(expected, known, 32);
        assert_memory_equal(found, world.relay->identity.noise_public, 32);
    }
    /* It heard first messages and nothing more: no session, no name, no record. */
    assert_int_equal(wzp_relay_endpoint_counters(world.relay->relay)->handshakes_done, 0);
    assert_int_equal(wzp_relay_counters(world.relay->relay)->joins, 0);
    unmake();
}

/* A pinned key that is not the relay's: nobody could open the first message, so who answers is asked. */
static void a_pinned_key_that_is_not_there(void **state)
{
    (void)state;
    make_with(9, 1, 0, true);
    uint8_t pinned[32], expected[32], found[32];
    memcpy(pinned, world.relay->identity.noise_public, sizeof pinned);
    sim_relay_kill(world.relay);
    sim_relay_start(world.relay, "another machine");
    until(2900 * WZP_MS);
    assert_false(world.person[0]->has_ended);
    until(4 * WZP_S);
    assert_true(world.person[0]->has_ended);
    assert_int_equal(world.person[0]->ended_reason, WZP_CLOSE_REASON_RELAY_KEY);
    wzp_call_relay_keys(world.person[0]->call, expected, found);
    assert_memory_equal(expected, pinned, 32);
    assert_memory_equal(found, world.relay->identity.noise_public, 32);
    assert_int_equal(wzp_relay_endpoint_counters(world.relay->relay)->handshakes_done, 0);
    unmake();
}

/* The right relay, that is reached late: the question changes nothing. */
static void a_pinned_relay_that_comes_late(void **state)
{
    (void)state;
    make_with(10, 2, 0.5, true);
    sim_relay_kill(world.relay);
    until(8 * WZP_S);
    sim_relay_start(world.relay, "");
    until(15 * WZP_S);
    for (unsigned i = 0; i < 2; i++)
        assert_true(call_facts(i).is_joined);
    assert_int_equal(wzp_relay_counters(world.relay->relay)->joins, 2);
    unmake();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_replayed_reset_costs_nothing),
        cmocka_unit_test(many_replayed_resets_cost_a_handshake_a_second_at_most),
        cmocka_unit_test(a_forged_reset_is_noise),
        cmocka_unit_test(a_replayed_reset_on_a_bad_link),
        cmocka_unit_test(an_old_reset_is_no_hint_for_a_new_session),
        cmocka_unit_test(members_are_found_again),
        cmocka_unit_test(who_does_not_come_back_has_left),
        cmocka_unit_test(a_relay_that_shuts_down_is_waited_for),
        cmocka_unit_test(a_silent_listener_is_back_as_well),
        cmocka_unit_test(a_quiet_room_is_believed_in),
        cmocka_unit_test(a_refusal_ends_the_call),
        cmocka_unit_test(who_leaves_while_it_is_lost_is_out_at_once),
        cmocka_unit_test(another_key_is_refused),
        cmocka_unit_test(a_pinned_key_that_is_not_there),
        cmocka_unit_test(a_pinned_relay_that_comes_late),
    };
    return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
