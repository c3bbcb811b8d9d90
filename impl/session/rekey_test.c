// SPDX-License-Identifier: Apache-2.0
/* Rekeying between two endpoints over a bad link in virtual time, with media both ways all along. */
#include "session/rekey.h"

#include "base/rng.h"
#include "session/pipe_test.h"
#include "session/session.h"

#include <setjmp.h>
#include <sodium.h>
#include <stdarg.h>

#include <cmocka.h>

#define PIPE_MAX 1024
#define FRAME_NS (20 * WZP_MS)
#define TICK_NS  (1 * WZP_MS)

struct rules {
    uint32_t packets;
    int64_t every_ns, min_ns;
    uint64_t packets_max, failed_opens_max; /* 0: the default */
};

/* Side 0 began the handshake. */
struct world {
    struct wzp_endpoint *side[2];
    struct wzp_addr addr[2];
    uint32_t session[2];
    struct wzp_rng rng;
    double loss;
    int64_t now_ns, delay_ns, jitter_ns;
    bool is_deaf[2]; /* hears nothing */
    struct pipe pipe;
    uint64_t datagrams[2]; /* that each side sent */
    uint32_t said[2], heard[2];
    int64_t latest_ns[2]; /* the longest that media was under way */
    bool is_closed[2], by_peer[2];
    enum wzp_close_reason reason[2];
};

static const struct rules by_default = {65536, 600 * WZP_S, 60 * WZP_S, 0, 0};

static void poll(struct world *world, unsigned side)
{
    struct wzp_event event;
    while (wzp_endpoint_poll(world->side[side], &event)) {
        world->session[side] = event.session;
        if (event.kind == WZP_EVENT_MEDIA) {
            int64_t sent_ns;
            assert_int_equal(event.media.payload.len, sizeof sent_ns);
            memcpy(&sent_ns, event.media.payload.data, sizeof sent_ns);
            world->latest_ns[side] = wzp_time_max(world->latest_ns[side], world->now_ns - sent_ns);
            world->heard[side]++;
            assert_true(event.media.header.sequence < world->said[!side]);
            assert_int_equal(event.media.header.timestamp_ms, event.media.header.sequence * 20);
        } else if (event.kind == WZP_EVENT_CLOSED) {
            world->is_closed[side] = true;
            world->reason[side] = event.closed.reason;
            world->by_peer[side] = event.closed.by_peer;
        }
    }
}

static void transmit(struct world *world, unsigned from)
{
    struct datagram datagram = {.from = world->addr[from], .side = !from};
    while (datagram_transmit(&datagram, world->side[from], world->now_ns)) {
        if ((datagram.bytes[0] & 0xc0) == WZP_FORM_SHORT)
            world->datagrams[from]++;
        if (world->is_deaf[!from] || wzp_rng_unit(&world->rng) < world->loss)
            continue;
        datagram.at_ns = world->now_ns + world->delay_ns;
        if (world->jitter_ns)
            datagram.at_ns += (int64_t)wzp_rng_below(&world->rng, (uint64_t)world->jitter_ns);
        assert_true(pipe_put(&world->pipe, &datagram));
    }
}

static void deliver(struct world *world, unsigned to, uint8_t *bytes, size_t len)
{
    wzp_endpoint_receive(world->side[to], &world->addr[!to], bytes, len, world->now_ns);
    poll(world, to);
}

static void tick(struct world *world)
{
    struct datagram datagram;
    world->now_ns += TICK_NS;
    while (pipe_take(&world->pipe, world->now_ns, &datagram))
        deliver(world, datagram.side, datagram.bytes, datagram.len);
    for (unsigned i = 0; i < 2; i++) {
        wzp_endpoint_advance(world->side[i], world->now_ns);
        poll(world, i);
        transmit(world, i);
    }
}

static struct session *session_of(struct world *world, unsigned side)
{
    return endpoint_session(world->side[side], world->session[side]);
}

static void say(struct world *world, unsigned side)
{
    struct wzp_media_header header = {.sequence = world->said[side], .timestamp_ms = world->said[side] * 20};
    uint8_t bytes[WZP_MEDIA_HEADER_LEN];
    struct wzp_writer writer = wzp_writer_make(bytes, sizeof bytes);
    wzp_media_header_encode(&writer, &header);
    struct wzp_slice payload = {(const uint8_t *)&world->now_ns, sizeof world->now_ns};
    if (wzp_endpoint_send_media(world->side[side], world->session[side], 0, bytes, payload, false,
                                world->now_ns) == WZP_ERR_OK)
        world->said[side]++;
}

static void run(struct world *world, int64_t for_ns)
{
    for (int64_t until_ns = world->now_ns + for_ns; world->now_ns < until_ns;) {
        if (world->now_ns % FRAME_NS == 0)
            for (unsigned i = 0; i < 2; i++)
                if (!world->is_closed[i])
                    say(world, i);
        tick(world);
    }
}

static void quiet(struct world *world, int64_t for_ns)
{
    for (int64_t until_ns = world->now_ns + for_ns; world->now_ns < until_ns;)
        tick(world);
}

static void world_init(struct world *world, uint64_t seed, struct rules initiator, struct rules responder)
{
    *world = (struct world){
        .delay_ns = 50 * WZP_MS, .rng = wzp_rng_make(seed, 1), .pipe = pipe_make(PIPE_MAX)};
    for (unsigned i = 0; i < 2; i++) {
        struct wzp_endpoint_config config = side_config(i, seed);
        struct rules rules = i ? responder : initiator;
        config.limits.sessions_max = 1;
        if (i)
            config.limits.half_open_max = 2;
        config.rekey_packets = rules.packets;
        config.rekey_ns = rules.every_ns;
        config.rekey_min_ns = rules.min_ns;
        if (rules.packets_max)
            config.packets_max = rules.packets_max;
        if (rules.failed_opens_max)
            config.failed_opens_max = rules.failed_opens_max;
        world->side[i] = wzp_endpoint_create(&config);
        assert_non_null(world->side[i]);
        world->addr[i] = side_addr(i);
    }
    assert_int_equal(wzp_endpoint_connect(world->side[0], &world->addr[1], NULL, 0, &world->session[0]),
                     WZP_ERR_OK);
    quiet(world, 2 * WZP_S);
    assert_int_equal(session_of(world, 0)->state, SESSION_ACTIVE);
    assert_int_equal(session_of(world, 1)->state, SESSION_ACTIVE);
}

static void world_deinit(struct world *world)
{
    for (unsigned i = 0; i < 2; i++)
        wzp_endpoint_destroy(world->side[i]);
    pipe_free(&world->pipe);
}

static uint64_t drops(struct world *world, unsigned side, enum wzp_drop reason)
{
    return wzp_endpoint_counters(world->side[side])->drops[reason];
}

static void assert_nothing_lost(struct world *world)
{
    static const enum wzp_drop never[] = {WZP_DROP_SEAL,   WZP_DROP_KEY_PHASE, WZP_DROP_REKEY,
                                          WZP_DROP_STALE,  WZP_DROP_REPLAYED,  WZP_DROP_NUMBER_MALFORMED,
                                          WZP_DROP_CLOSED, WZP_DROP_QUEUE_FULL};
    for (unsigned i = 0; i < 2; i++)
        for (size_t k = 0; k < sizeof never / sizeof *never; k++)
            assert_int_equal(drops(world, i, never[k]), 0);
}

static uint64_t rekeys(struct world *world, unsigned side)
{
    struct wzp_session_facts facts;
    assert_true(wzp_endpoint_facts(world->side[side], world->session[side], &facts));
    assert_int_equal(facts.rekeys, wzp_endpoint_counters(world->side[side])->rekeys);
    return facts.rekeys;
}

static bool memory_has(const struct session *session, const uint8_t key[32])
{
    const uint8_t *bytes = (const uint8_t *)session;
    for (size_t i = 0; i + 32 <= sizeof *session; i++)
        if (memcmp(bytes + i, key, 32) == 0)
            return true;
    return false;
}

/* ---- running media ---- */

/* Who starts, and why. */
#define OFTEN                                                                                                \
    {                                                                                                        \
        1 << 20, 3 * WZP_S, 1 * WZP_S, 0, 0                                                                  \
    }
#define BY_NUMBER                                                                                            \
    {                                                                                                        \
        200, 3600 * WZP_S, 2 * WZP_S, 0, 0                                                                   \
    }
#define NEVER                                                                                                \
    {                                                                                                        \
        UINT32_MAX, 36000 * WZP_S, 1 * WZP_S, 0, 0                                                           \
    }

static const struct media_row {
    const char *name;
    struct rules rules[2];
    double loss;
    int64_t jitter_ns;
    int64_t for_ns;
    uint64_t rekeys_min;
} media_rows[] = {
    {"both start", {OFTEN, OFTEN}, 0, 0, 60 * WZP_S, 18},
    {"the initiator starts", {OFTEN, NEVER}, 0, 0, 60 * WZP_S, 18},
    {"the responder starts", {NEVER, OFTEN}, 0, 0, 60 * WZP_S, 18},
    {"by packets", {BY_NUMBER, NEVER}, 0, 0, 60 * WZP_S, 12},
    {"out of order", {OFTEN, OFTEN}, 0, 80 * WZP_MS, 60 * WZP_S, 18},
    {"a fifth lost", {OFTEN, OFTEN}, 0.2, 80 * WZP_MS, 60 * WZP_S, 14},
    {"half lost", {OFTEN, OFTEN}, 0.5, 80 * WZP_MS, 60 * WZP_S, 12},
    {"most lost", {OFTEN, OFTEN}, 0.7, 80 * WZP_MS, 60 * WZP_S, 10},
    {"most lost, one starts", {NEVER, OFTEN}, 0.7, 80 * WZP_MS, 60 * WZP_S, 8},
};

static void run_media_row(const struct media_row *row, uint64_t seed)
{
    struct world world;
    world_init(&world, seed, row->rules[0], row->rules[1]);
    world.loss = row->loss;
    world.jitter_ns = row->jitter_ns;
    run(&world, row->for_ns);
    print_message("%s, seed %llu: %llu rekeys\n", row->name, (unsigned long long)seed,
                  (unsigned long long)rekeys(&world, 0));
    assert_false(world.is_closed[0] || world.is_closed[1]);
    assert_nothing_lost(&world);
    uint64_t done[2] = {rekeys(&world, 0), rekeys(&world, 1)};
    assert_true(done[0] >= row->rekeys_min && done[1] >= row->rekeys_min);
    assert_true(done[0] <= done[1] + 1 && done[1] <= done[0] + 1);
    for (unsigned i = 0; i < 2; i++) { /* packet numbers run on: one a datagram, from 0 */
        assert_int_equal(session_of(&world, i)->sent.next_number, world.datagrams[i]);
        assert_int_equal(world.said[i], row->for_ns / FRAME_NS);
        if (row->loss == 0 && row->jitter_ns == 0) { /* nothing waited for a rekey */
            assert_in_range(world.heard[i], world.said[i] - 3, world.said[i]);
            assert_int_equal(world.latest_ns[i], world.delay_ns + TICK_NS);
        }
    }
    world_deinit(&world);
}

static void media_runs_on(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof media_rows / sizeof *media_rows; i++)
        for (uint64_t seed = 1; seed <= (media_rows[i].loss > 0 ? 4 : 1); seed++)
            run_media_row(&media_rows[i], seed);
}

static void hundreds(void **state)
{
    (void)state;
    const struct rules hasty = {1, 1, 1, 0, 0}; /* as often as the law allows */
    struct world world;
    world_init(&world, 5, hasty, hasty);
    world.delay_ns = 10 * WZP_MS;
    world.jitter_ns = 15 * WZP_MS;
    world.loss = 0.1;
    run(&world, 300 * WZP_S);
    assert_in_range(rekeys(&world, 0), 200, 300);
    assert_nothing_lost(&world);
    world_deinit(&world);
}

/* A silent session rekeys as well: PING asks for the packet that shows the new key. */
static void without_media(void **state)
{
    (void)state;
    const struct rules often = OFTEN, never = NEVER;
    struct world world;
    world_init(&world, 1, often, never);
    quiet(&world, 60 * WZP_S);
    assert_true(rekeys(&world, 0) >= 15 && rekeys(&world, 1) >= 15);
    assert_nothing_lost(&world);
    world_deinit(&world);
}

static void not_too_soon(void **state)
{
    (void)state;
    const struct rules eager = {10, 3600 * WZP_S, 20 * WZP_S, 0, 0};
    struct world world;
    world_init(&world, 1, eager, eager);
    run(&world, 16 * WZP_S);
    assert_int_equal(rekeys(&world, 0), 0);
    run(&world, 4 * WZP_S);
    assert_int_equal(rekeys(&world, 0), 1);
    run(&world, 18 * WZP_S);
    assert_int_equal(rekeys(&world, 0), 1);
    run(&world, 4 * WZP_S);
    assert_int_equal(rekeys(&world, 0), 2);
    world_deinit(&world);
    struct wzp_endpoint_config config = wzp_endpoint_config_client();
    assert_int_equal(config.rekey_packets, 65536);
    assert_int_equal(config.rekey_ns, 600 * WZP_S);
    assert_int_equal(config.rekey_min_ns, 60 * WZP_S);
}

/* ---- the past ---- */

/* Until both have confirmed generation `wanted`. */
static void run_until_confirmed(struct world *world, uint64_t wanted)
{
    for (unsigned i = 0; rekeys(world, 0) < wanted || rekeys(world, 1) < wanted; i++) {
        assert_true(i < 60000);
        run(world, TICK_NS);
    }
}

static void the_past_is_wiped(void **state)
{
    (void)state;
    const struct rules often = OFTEN;
    struct world world;
    uint8_t receive_seal[2][32], send_seal[2][32], root[2][32], secret[2][32] = {{0}};
    world_init(&world, 3, often, often);
    world.delay_ns = 60 * WZP_MS; /* both start before they hear of each other */
    for (unsigned i = 0; i < 2; i++) {
        struct session *session = session_of(&world, i);
        memcpy(receive_seal[i], session->receive_key.seal, 32);
        memcpy(send_seal[i], session->send_key.seal, 32);
        memcpy(root[i], session->rekey.root, 32);
        assert_false(sodium_is_zero(root[i], 32));
        assert_true(memory_has(session, receive_seal[i]) && memory_has(session, root[i]));
    }
    assert_memory_equal(root[0], root[1], 32);
    while (sodium_is_zero(secret[0], 32) || sodium_is_zero(secret[1], 32)) {
        run(&world, TICK_NS);
        for (unsigned i = 0; i < 2; i++)
            if (session_of(&world, i)->rekey.state == REKEY_OFFERED)
                memcpy(secret[i], session_of(&world, i)->rekey.share.secret, 32);
    }
    for (unsigned i = 0; session_of(&world, 0)->rekey.state == REKEY_OFFERED; i++) {
        assert_true(i < 1000);
        run(&world, TICK_NS);
    }
    assert_false(memory_has(session_of(&world, 0), secret[0]) || memory_has(session_of(&world, 0), root[0]));
    run_until_confirmed(&world, 1);
    int64_t wipe_ns = 0;
    for (unsigned i = 0; i < 2; i++) {
        struct session *session = session_of(&world, i);
        assert_false(memory_has(session, root[i]) || memory_has(session, secret[i]) ||
                     memory_has(session, send_seal[i]));
        assert_true(memory_has(session, receive_seal[i]));
        assert_true(
            sodium_is_zero((const uint8_t *)&session->rekey.next_send, sizeof session->rekey.next_send));
        assert_in_range(session->rekey.wipe_at_ns - session->rekey.confirmed_ns,
                        3 * session->rtt.min_ns + WZP_S, 4 * session->rtt.min_ns + WZP_S);
        wipe_ns = wzp_time_max(wipe_ns, session->rekey.wipe_at_ns);
    }
    run(&world, wipe_ns - world.now_ns + TICK_NS);
    for (unsigned i = 0; i < 2; i++) {
        struct session *session = session_of(&world, i);
        assert_int_equal(session->rekey.state, REKEY_IDLE);
        assert_false(memory_has(session, receive_seal[i]));
        assert_true(sodium_is_zero((const uint8_t *)&session->rekey.other_receive,
                                   sizeof session->rekey.other_receive));
    }
    world_deinit(&world);
}

/* Takes what side `from` sends next, off the link. */
static size_t intercept(struct world *world, unsigned from, uint8_t *bytes)
{
    struct wzp_addr to;
    say(world, from);
    return wzp_endpoint_transmit(world->side[from], world->now_ns, &to, bytes, WZP_DATAGRAM_MAX);
}

static void late_packets_of_the_old_phase(void **state)
{
    (void)state;
    const struct rules rules = {1 << 20, 6 * WZP_S, 5 * WZP_S, 0, 0};
    struct world world;
    uint8_t late[2][WZP_DATAGRAM_MAX], copy[WZP_DATAGRAM_MAX];
    world_init(&world, 4, rules, rules);
    run(&world, 3 * WZP_S);
    size_t len[2] = {intercept(&world, 0, late[0]), intercept(&world, 0, late[1])};
    run_until_confirmed(&world, 1);
    uint32_t heard = world.heard[1];
    memcpy(copy, late[0], len[0]);
    deliver(&world, 1, late[0], len[0]);
    assert_int_equal(world.heard[1], heard + 1);
    assert_nothing_lost(&world);
    deliver(&world, 1, copy, len[0]);
    assert_int_equal(drops(&world, 1, WZP_DROP_REPLAYED), 1);
    run(&world, 2 * WZP_S); /* wiped */
    heard = world.heard[1];
    deliver(&world, 1, late[1], len[1]);
    assert_int_equal(world.heard[1], heard);
    assert_int_equal(drops(&world, 1, WZP_DROP_KEY_PHASE), 1);
    assert_int_equal(drops(&world, 1, WZP_DROP_SEAL), 0);
    world_deinit(&world);
}

/* A late word about an earlier offer says nothing of this one. */
static void late_acknowledgement(void **state)
{
    (void)state;
    const struct rules often = OFTEN;
    struct world world;
    world_init(&world, 8, often, often);
    world.is_deaf[0] = world.is_deaf[1] = true;
    struct session *session = session_of(&world, 0);
    while (session->rekey.state != REKEY_OFFERED)
        run(&world, TICK_NS);
    rekey_on_acked(session, session->rekey.first_number - 1, world.now_ns);
    assert_false(session->rekey.is_acked);
    rekey_on_acked(session, session->rekey.first_number, world.now_ns);
    assert_true(session->rekey.is_acked);
    world_deinit(&world);
}

/* One whose old key fades answers when it is wiped, and not before. */
static void impatient_peer(void **state)
{
    (void)state;
    const struct rules never = NEVER, often = OFTEN;
    struct world world;
    world_init(&world, 9, never, often);
    run_until_confirmed(&world, 1);
    struct rekey *patient = &session_of(&world, 0)->rekey, *hasty = &session_of(&world, 1)->rekey;
    assert_int_equal(patient->state, REKEY_FADING);
    assert_int_equal(hasty->state, REKEY_FADING);
    hasty->wipe_at_ns = world.now_ns; /* and due at once */
    hasty->confirmed_ns -= 60 * WZP_S;
    say(&world, 1); /* lets it look at its time */
    int64_t wipe_ns = patient->wipe_at_ns;
    while (world.now_ns < wipe_ns - TICK_NS) {
        run(&world, TICK_NS);
        assert_int_equal(patient->state, REKEY_FADING);
    }
    assert_true(patient->has_peer_public && hasty->state == REKEY_OFFERED && hasty->is_acked);
    run(&world, 500 * WZP_MS);
    assert_true(rekeys(&world, 0) == 2 && rekeys(&world, 1) == 2);
    assert_nothing_lost(&world);
    world_deinit(&world);
}

/* A flipped phase bit costs no open while no second key is held, and one when there is. */
static void forged_phase(void **state)
{
    (void)state;
    const struct rules often = OFTEN;
    struct world world;
    uint8_t bytes[WZP_DATAGRAM_MAX];
    world_init(&world, 6, by_default, often);
    size_t len = intercept(&world, 0, bytes);
    bytes[0] ^= 0x04;
    deliver(&world, 1, bytes, len);
    assert_int_equal(drops(&world, 1, WZP_DROP_KEY_PHASE), 1);
    assert_int_equal(session_of(&world, 1)->rekey.failed_opens, 0);
    run_until_confirmed(&world, 1);
    len = intercept(&world, 0, bytes);
    bytes[0] ^= 0x04;
    deliver(&world, 1, bytes, len);
    assert_int_equal(drops(&world, 1, WZP_DROP_SEAL), 1);
    assert_int_equal(session_of(&world, 1)->rekey.failed_opens, 1);
    run_until_confirmed(&world, 3);
    assert_int_equal(session_of(&world, 1)->rekey.failed_opens, 1); /* counts over all keys */
    world_deinit(&world);
}

/* ---- a peer that breaks the law ---- */

enum lie { LIE_SMALL_ORDER, LIE_GENERATION, LIE_PAST, LIE_TWO_KEYS };

static void lies_end_the_session(void **state)
{
    (void)state;
    const struct rules often = OFTEN, never = NEVER;
    for (unsigned lie = LIE_SMALL_ORDER; lie <= LIE_TWO_KEYS; lie++) {
        struct world world;
        world_init(&world, 7 + lie, often, never);
        run_until_confirmed(&world, 2);
        world.delay_ns = 10 * WZP_MS;
        struct rekey *rekey = &session_of(&world, 0)->rekey;
        while (rekey->state != REKEY_OFFERED) {
            run(&world, TICK_NS);
            if (rekey->state == REKEY_IDLE && rekey->confirmed_ns + 3 * WZP_S - TICK_NS <= world.now_ns)
                world.is_deaf[0] = world.is_deaf[1] = true;
        }
        /* The first words of the offer are lost, later ones are not what they should be. */
        world.pipe.len = 0;
        if (lie == LIE_SMALL_ORDER)
            memset(rekey->share.public_key, 0, sizeof rekey->share.public_key);
        if (lie == LIE_GENERATION)
            rekey->generation += 2;
        if (lie == LIE_PAST)
            rekey->generation -= 2;
        world.is_deaf[1] = false;
        if (lie == LIE_TWO_KEYS) {
            for (unsigned i = 0; session_of(&world, 1)->rekey.state != REKEY_AGREED; i++) {
                assert_true(i < 1000);
                run(&world, TICK_NS);
            }
            assert_int_equal(rekey->state, REKEY_OFFERED);
            rekey->share.public_key[0] ^= 1;
        }
        for (unsigned i = 0; session_of(&world, 1)->state == SESSION_ACTIVE; i++) {
            assert_true(i < 1000);
            run(&world, TICK_NS);
        }
        world.is_deaf[0] = false;
        run(&world, 500 * WZP_MS);
        assert_true(world.is_closed[0] && world.is_closed[1]);
        assert_int_equal(world.reason[1], WZP_CLOSE_REASON_REKEY);
        assert_false(world.by_peer[1]);
        assert_int_equal(drops(&world, 1, WZP_DROP_REKEY), 1);
        world_deinit(&world);
    }
}

/* ---- worn out ---- */

static void packets_run_out(void **state)
{
    (void)state;
    struct rules rules = by_default;
    rules.packets_max = 300;
    struct world world;
    world_init(&world, 12, rules, by_default);
    run(&world, 10 * WZP_S);
    assert_true(world.is_closed[0] && world.is_closed[1]);
    assert_int_equal(world.reason[0], WZP_CLOSE_REASON_KEYS_EXHAUSTED);
    assert_int_equal(world.reason[1], WZP_CLOSE_REASON_KEYS_EXHAUSTED);
    assert_true(world.by_peer[1] && !world.by_peer[0]);
    assert_in_range(world.datagrams[0], 301, 316); /* and the copies of CLOSE */
    world_deinit(&world);
}

static void forgeries_wear_out(void **state)
{
    (void)state;
    struct rules rules = by_default;
    rules.failed_opens_max = 5;
    struct world world;
    uint8_t bytes[WZP_DATAGRAM_MAX];
    world_init(&world, 13, by_default, rules);
    for (unsigned i = 0; i < 5; i++) {
        assert_int_equal(session_of(&world, 1)->state, SESSION_ACTIVE);
        size_t len = intercept(&world, 0, bytes);
        bytes[len - 1] ^= 1;
        deliver(&world, 1, bytes, len);
        assert_int_equal(drops(&world, 1, WZP_DROP_SEAL), i + 1);
    }
    quiet(&world, 1 * WZP_S);
    assert_true(world.is_closed[0] && world.is_closed[1]);
    assert_int_equal(world.reason[1], WZP_CLOSE_REASON_KEYS_EXHAUSTED);
    assert_int_equal(world.reason[0], WZP_CLOSE_REASON_KEYS_EXHAUSTED);
    world_deinit(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(media_runs_on),        cmocka_unit_test(hundreds),
        cmocka_unit_test(without_media),        cmocka_unit_test(not_too_soon),
        cmocka_unit_test(the_past_is_wiped),    cmocka_unit_test(late_packets_of_the_old_phase),
        cmocka_unit_test(late_acknowledgement), cmocka_unit_test(impatient_peer),
        cmocka_unit_test(forged_phase),         cmocka_unit_test(lies_end_the_session),
        cmocka_unit_test(packets_run_out),      cmocka_unit_test(forgeries_wear_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
