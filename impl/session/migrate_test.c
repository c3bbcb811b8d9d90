// SPDX-License-Identifier: Apache-2.0
/* Two endpoints in virtual time, of which one wanders; a network with addresses, loss and an MTU. */
#include "session/migrate.h"

#include "base/rng.h"
#include "session/pipe_test.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <sodium.h>

#define CLIENT   0
#define RELAY    1
#define PIPE_MAX 2048
#define FRAME_NS (20 * WZP_MS)

static struct world {
    struct wzp_endpoint *side[2];
    struct wzp_addr addr[2];
    uint32_t session[2];
    int64_t now_ns, delay_ns;
    double loss;
    size_t ip_mtu;
    struct wzp_rng rng;
    struct pipe pipe;
    bool talks[2]; /* a media frame every 20 ms */
    uint32_t sequence[2];
    int64_t talk_at_ns;
    unsigned heard[2], connected[2], closed[2], signals[2];
    struct wzp_addr victim; /* somebody else's address, and the bytes to and from it */
    uint64_t victim_in, victim_out;
    uint64_t sent[2], lost_to_nobody;
    size_t largest;
    bool capture; /* the client's next datagram is kept, too */
    bool steal;   /* and goes no further */
    struct datagram captured;
    uint32_t last_id[2]; /* on the last short packet sent */
    struct datagram last;
    unsigned twins; /* datagrams that went to two addresses */
} world;

static struct wzp_addr address(unsigned host, uint16_t port)
{
    return (struct wzp_addr){.ip = {[14] = (uint8_t)(host >> 8), [15] = (uint8_t)host}, .port = port};
}

static void poll(unsigned side)
{
    struct wzp_event event;
    while (wzp_endpoint_poll(world.side[side], &event)) {
        world.heard[side] += event.kind == WZP_EVENT_MEDIA;
        world.connected[side] += event.kind == WZP_EVENT_CONNECTED;
        world.closed[side] += event.kind == WZP_EVENT_CLOSED;
        world.signals[side] += event.kind == WZP_EVENT_SIGNAL;
        if (event.kind == WZP_EVENT_CONNECTED)
            world.session[side] = event.session;
    }
}

static void transmit(unsigned side)
{
    struct datagram datagram = {.from = world.addr[side]};
    while (datagram_transmit(&datagram, world.side[side], world.now_ns)) {
        datagram.at_ns = world.now_ns + world.delay_ns;
        world.sent[side]++;
        world.twins += datagram.len == world.last.len &&
                       memcmp(datagram.bytes, world.last.bytes, datagram.len) == 0 &&
                       !wzp_addr_equal(&datagram.to, &world.last.to);
        world.last = datagram;
        if ((datagram.bytes[0] & 0xe0) == WZP_FORM_SHORT)
            memcpy(&world.last_id[side], datagram.bytes + 1, 4);
        if (wzp_addr_equal(&datagram.to, &world.victim)) {
            world.victim_in += datagram.len;
            assert_true(world.victim_in <= WZP_AMPLIFICATION * world.victim_out);
        }
        if (world.capture && side == CLIENT) {
            world.capture = false;
            world.captured = datagram;
            if (world.steal)
                continue;
        }
        if (datagram.len > world.largest)
            world.largest = datagram.len;
        if (datagram.len + 28 <= world.ip_mtu && wzp_rng_unit(&world.rng) >= world.loss)
            assert_true(pipe_put(&world.pipe, &datagram));
    }
}

static void talk(void)
{
    for (unsigned side = 0; side < 2; side++) {
        if (!world.talks[side])
            continue;
        uint8_t header[WZP_MEDIA_HEADER_LEN], payload[60] = {0};
        struct wzp_writer writer = wzp_writer_make(header, sizeof header);
        struct wzp_media_header fields = {.sequence = ++world.sequence[side],
                                          .timestamp_ms = 20 * world.sequence[side]};
        wzp_media_header_encode(&writer, &fields);
        assert_int_equal(wzp_endpoint_send_media(world.side[side], world.session[side], 0, header,
                                                 (struct wzp_slice){payload, sizeof payload}, false,
                                                 world.now_ns),
                         WZP_ERR_OK);
    }
    world.talk_at_ns += FRAME_NS;
}

/* To whoever lives at its address now. */
static void arrive(struct datagram *datagram)
{
    for (unsigned side = 0; side < 2; side++)
        if (wzp_addr_equal(&datagram->to, &world.addr[side])) {
            if (wzp_addr_equal(&datagram->from, &world.victim))
                world.victim_out += datagram->len;
            datagram_receive(datagram, world.side[side], world.now_ns);
            poll(side);
            return;
        }
    world.lost_to_nobody++;
}

static void run(int64_t for_ns)
{
    int64_t until_ns = world.now_ns + for_ns;
    for (;;) {
        for (unsigned side = 0; side < 2; side++) {
            transmit(side);
            poll(side);
        }
        int64_t next_ns = wzp_time_min(world.talk_at_ns, until_ns);
        for (unsigned side = 0; side < 2; side++)
            next_ns = wzp_time_min(next_ns, wzp_endpoint_next_at(world.side[side]));
        struct datagram datagram;
        if (pipe_take(&world.pipe, wzp_time_min(next_ns, until_ns - 1), &datagram)) {
            world.now_ns = wzp_time_max(world.now_ns, datagram.at_ns);
            arrive(&datagram);
            continue;
        }
        if (next_ns >= until_ns) {
            world.now_ns = until_ns;
            return;
        }
        world.now_ns = wzp_time_max(world.now_ns, next_ns);
        if (world.talk_at_ns <= world.now_ns)
            talk();
        for (unsigned side = 0; side < 2; side++) {
            wzp_endpoint_advance(world.side[side], world.now_ns);
            poll(side);
        }
    }
}

static void begin(uint64_t seed)
{
    world = (struct world){.delay_ns = 50 * WZP_MS,
                           .ip_mtu = 1500,
                           .rng = wzp_rng_make(seed, 1),
                           .pipe = pipe_make(PIPE_MAX),
                           .victim = address(9, 9)};
    for (unsigned i = 0; i < 2; i++) {
        struct wzp_endpoint_config config = side_config(i, seed);
        config.limits.sessions_max = 2;
        config.passes_repair = true; /* packets and losses are counted */
        config.limits.half_open_max = i ? 4 : 0;
        world.side[i] = wzp_endpoint_create(&config);
        assert_non_null(world.side[i]);
        world.addr[i] = side_addr(i);
    }
    world.talk_at_ns = FRAME_NS;
    assert_int_equal(
        wzp_endpoint_connect(world.side[CLIENT], &world.addr[RELAY], NULL, 0, &world.session[CLIENT]),
        WZP_ERR_OK);
}

static void begin_connected(uint64_t seed)
{
    begin(seed);
    run(3 * WZP_S); /* spare ids are told */
    assert_int_equal(world.connected[CLIENT], 1);
    assert_int_equal(world.connected[RELAY], 1);
}

static void end(void)
{
    for (unsigned side = 0; side < 2; side++)
        wzp_endpoint_destroy(world.side[side]);
    pipe_free(&world.pipe);
}

static struct session *at(unsigned side)
{
    return endpoint_session(world.side[side], world.session[side]);
}

static void move(unsigned host, uint16_t port, bool is_told)
{
    world.addr[CLIENT] = address(host, port);
    if (is_told)
        wzp_endpoint_on_moved(world.side[CLIENT], world.session[CLIENT], world.now_ns);
}

static bool is_proven_at(const struct wzp_addr *addr)
{
    struct wzp_session_facts facts;
    assert_true(wzp_endpoint_facts(world.side[RELAY], world.session[RELAY], &facts));
    return facts.is_path_proven && wzp_addr_equal(&facts.peer_addr, addr);
}

static void test_a_move_loses_what_was_in_flight(void **state)
{
    (void)state;
    for (unsigned is_told = 0; is_told < 2; is_told++) {
        begin_connected(1);
        world.talks[CLIENT] = world.talks[RELAY] = true;
        run(10 * WZP_S);
        uint64_t sent_before = world.sent[RELAY];
        unsigned heard[2] = {world.heard[0], world.heard[1]};
        uint32_t sequence = world.sequence[CLIENT];
        move(7, 4000, is_told);
        run(250 * WZP_MS);
        assert_true(is_proven_at(&world.addr[CLIENT]));
        run(4750 * WZP_MS);
        /* 250 frames; what left the relay in the RTT before it heard the new address went to the old one. */
        assert_int_equal(world.sequence[CLIENT] - sequence, 250);
        assert_int_equal(world.heard[RELAY] - heard[RELAY], 250);
        assert_in_range(world.heard[CLIENT] - heard[CLIENT], 250 - 6, 250 - 4);
        assert_in_range(world.sent[RELAY] - sent_before, 250, 330); /* twice for a moment, not for ever */
        struct wzp_session_facts facts;
        for (unsigned side = 0; side < 2; side++) {
            assert_true(wzp_endpoint_facts(world.side[side], world.session[side], &facts));
            assert_in_range(facts.rtt_ns / WZP_MS, 95, 130);
            assert_true(facts.loss_permille <= (side ? 45 : 25));
        }
        assert_int_equal(wzp_endpoint_counters(world.side[RELAY])->moves, 1);
        end();
    }
}

static void test_rebinding(void **state)
{
    (void)state;
    begin_connected(2);
    world.talks[CLIENT] = world.talks[RELAY] = true;
    uint32_t id = at(CLIENT)->remote_id;
    for (unsigned i = 0; i < 20; i++) {
        run(30 * WZP_S);
        unsigned heard = world.heard[RELAY];
        move(1, (uint16_t)(2000 + i), false);
        run(300 * WZP_MS);
        assert_true(is_proven_at(&world.addr[CLIENT]));
        assert_int_equal(world.heard[RELAY] - heard, 15);
    }
    assert_int_equal(world.closed[CLIENT] + world.closed[RELAY], 0);
    assert_int_equal(at(CLIENT)->remote_id, id);
    assert_int_equal(at(RELAY)->moving.first_number, 0); /* the same path: nothing is learnt again */
    assert_in_range(world.sequence[RELAY] - world.heard[CLIENT], 20, 20 * 7);
    end();
}

/* Somebody on the way sends a copy of a real packet from elsewhere, faster than the packet itself. */
static void test_a_captured_packet_takes_nothing_away(void **state)
{
    (void)state;
    for (unsigned goes_on = 0; goes_on < 2; goes_on++) {
        begin_connected(3);
        struct wzp_addr home = world.addr[CLIENT];
        world.talks[CLIENT] = world.talks[RELAY] = true;
        run(5 * WZP_S);
        world.capture = true;
        run(FRAME_NS);
        assert_false(world.capture);
        world.talks[CLIENT] = goes_on;
        unsigned heard = world.heard[CLIENT];
        uint32_t sequence = world.sequence[RELAY];
        world.captured.from = world.victim;
        world.captured.at_ns = world.now_ns;
        assert_true(pipe_put(&world.pipe, &world.captured));
        run(FRAME_NS / 4);
        assert_int_equal(wzp_endpoint_counters(world.side[RELAY])->drops[WZP_DROP_REPLAYED], 0);
        assert_false(is_proven_at(&home));
        run(WZP_PATH_DEADLINE_NS);
        assert_true(is_proven_at(&home));
        assert_int_equal(wzp_endpoint_counters(world.side[RELAY])->drops[WZP_DROP_REPLAYED], 1);
        assert_int_equal(wzp_endpoint_counters(world.side[RELAY])->path_failures, 0);
        assert_true(world.sequence[RELAY] - sequence >= 250);
        assert_true(world.heard[CLIENT] - heard + 4 >= world.sequence[RELAY] - sequence);
        assert_true(world.victim_in > 0);
        assert_in_range(world.twins, 1, 3); /* while three times its bytes allow */
        end();
    }
}

/* The true client is gone for good reasons, so only the deadline brings the session back. */
static void test_a_challenge_that_fails(void **state)
{
    (void)state;
    begin_connected(4);
    struct wzp_addr home = world.addr[CLIENT];
    world.capture = true;
    wzp_endpoint_ping(world.side[CLIENT], world.session[CLIENT]);
    transmit(CLIENT);
    world.pipe.len = 0;
    world.captured.from = world.victim;
    assert_true(pipe_put(&world.pipe, &world.captured));
    world.addr[CLIENT] = address(77, 1); /* hears nothing */
    run(1 * WZP_S);
    assert_false(is_proven_at(&home));
    run(WZP_PATH_DEADLINE_NS);
    assert_true(is_proven_at(&home));
    assert_int_equal(wzp_endpoint_counters(world.side[RELAY])->path_failures, 1);
    end();
}

/* Old packets, broken packets and packets of nobody from another address. */
static void test_forged_packets_move_nothing(void **state)
{
    (void)state;
    begin_connected(5);
    struct wzp_addr home = world.addr[CLIENT];
    world.talks[CLIENT] = true;
    world.capture = true;
    run(1 * WZP_S);
    struct datagram old = world.captured;
    for (unsigned i = 0; i < 1000; i++) {
        world.capture = true;
        run(FRAME_NS);
        struct datagram forged = i % 2 ? world.captured : old;
        forged.from = address(100 + i, 1);
        forged.at_ns = world.now_ns;
        if (i % 2)
            forged.bytes[wzp_rng_below(&world.rng, forged.len)] ^= (uint8_t)(1 +
                                                                             wzp_rng_below(&world.rng, 255));
        assert_true(pipe_put(&world.pipe, &forged));
    }
    /* A true packet, held back until newer ones are through. */
    unsigned heard = world.heard[RELAY];
    world.steal = world.capture = true;
    run(10 * FRAME_NS);
    world.captured.from = world.victim;
    world.captured.at_ns = world.now_ns;
    assert_true(pipe_put(&world.pipe, &world.captured));
    run(FRAME_NS);
    assert_in_range(world.heard[RELAY] - heard, 10, 11); /* it opened, */
    assert_int_equal(world.victim_out, world.captured.len);
    assert_true(is_proven_at(&home)); /* and moved nobody */
    assert_int_equal(wzp_endpoint_counters(world.side[RELAY])->moves, 0);
    end();
}

static void test_challenge_at_heavy_loss(void **state)
{
    (void)state;
    unsigned proven = 0;
    const unsigned rows = 60;
    for (unsigned seed = 1; seed <= rows; seed++) {
        begin_connected(seed);
        world.loss = 0.7;
        world.delay_ns = 200 * WZP_MS;
        world.talks[CLIENT] = world.talks[RELAY] = true;
        move(7, 4000, true);
        run(WZP_PATH_DEADLINE_NS);
        proven += is_proven_at(&world.addr[CLIENT]);
        assert_int_equal(world.closed[CLIENT] + world.closed[RELAY], 0);
        end();
    }
    assert_true(proven >= rows - 1);
}

static unsigned ids_held(unsigned side)
{
    const struct id_table *table = &world.side[side]->ids;
    unsigned held = 0;
    for (uint32_t i = 0; i <= table->mask; i++)
        held += table->slots[i].id != 0;
    return held;
}

static void test_moves_cannot_be_linked(void **state)
{
    (void)state;
    begin_connected(6);
    uint32_t seen[2][40];
    world.talks[CLIENT] = world.talks[RELAY] = true;
    for (unsigned i = 0; i < 40; i++) {
        run(2 * WZP_S);
        for (unsigned side = 0; side < 2; side++) {
            seen[side][i] = world.last_id[side];
            for (unsigned before = 0; before < i; before++)
                assert_true(seen[side][before] != seen[side][i]);
        }
        move(10 + i, 4000, true);
    }
    end();
}

static void test_ten_thousand_moves(void **state)
{
    (void)state;
    begin_connected(7);
    for (unsigned i = 0; i < 10000; i++) {
        world.loss = i % 100 < 50 ? 0.3 : 0;
        move(10 + i, 4000, i % 5 != 0);
        run((int64_t)wzp_rng_below(&world.rng, 200) * WZP_MS);
        for (unsigned side = 0; side < 2; side++)
            assert_true(ids_held(side) <= IDS_LOCAL + 1 + 1); /* the handle, a half-open */
    }
    world.loss = 0;
    run(5 * WZP_S);
    assert_true(is_proven_at(&world.addr[CLIENT]));
    assert_int_equal(world.closed[CLIENT] + world.closed[RELAY], 0);
    for (unsigned side = 0; side < 2; side++)
        assert_in_range(ids_held(side), IDS_ACTIVE, IDS_ACTIVE + 1);
    wzp_endpoint_close(world.side[CLIENT], world.session[CLIENT], WZP_CLOSE_REASON_LEFT, world.now_ns);
    run(20 * WZP_S);
    assert_int_equal(world.closed[RELAY], 1);
    for (unsigned side = 0; side < 2; side++)
        assert_int_equal(ids_held(side), 0);
    end();
}

static void test_a_move_during_the_handshake(void **state)
{
    (void)state;
    for (int64_t at_ms = 5; at_ms < 250; at_ms += 10) {
        begin(8);
        run(at_ms * WZP_MS);
        move(7, 4000, true);
        run(1 * WZP_S);
        assert_int_equal(world.connected[CLIENT], 1);
        assert_int_equal(world.connected[RELAY], 1);
        assert_true(is_proven_at(&world.addr[CLIENT]));
        end();
    }
}

static size_t mtu(unsigned side)
{
    struct wzp_session_facts facts;
    assert_true(wzp_endpoint_facts(world.side[side], world.session[side], &facts));
    return facts.mtu;
}

static void test_the_mtu_is_found(void **state)
{
    (void)state;
    static const struct {
        size_t ip_mtu, found;
        double loss;
        int64_t within_ns;
    } rows[] = {
        {1228, 1200, 0, 30 * WZP_S},   {1280, 1252, 0, 10 * WZP_S},   {1300, 1252, 0, 10 * WZP_S},
        {1400, 1372, 0, 10 * WZP_S},   {1500, 1472, 0, 1 * WZP_S},    {9000, 1472, 0, 1 * WZP_S},
        {1400, 1372, 0.3, 60 * WZP_S}, {1500, 1472, 0.3, 60 * WZP_S},
    };
    for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++) {
        begin_connected(20 + i);
        world.ip_mtu = rows[i].ip_mtu;
        run(10 * WZP_S);
        assert_true(world.largest <= WZP_DATAGRAM_MAX); /* nobody asked yet */
        world.talks[CLIENT] = true;
        run(4 * WZP_S);
        world.loss = rows[i].loss;
        wzp_endpoint_find_mtu(world.side[CLIENT], world.session[CLIENT], world.now_ns);
        run(WZP_S);
        if (rows[i].loss == 0) {
            struct wzp_session_facts facts;
            assert_true(wzp_endpoint_facts(world.side[CLIENT], world.session[CLIENT], &facts));
            assert_int_equal(facts.loss_permille, 0); /* lost probes are no loss */
        }
        run(rows[i].within_ns - WZP_S);
        assert_int_equal(mtu(CLIENT), rows[i].found);
        assert_int_equal(mtu(RELAY), WZP_DATAGRAM_MAX);
        if (rows[i].loss == 0) {
            /* Another path may take less: it starts anew. */
            move(9, 4000, true);
            assert_int_equal(mtu(CLIENT), WZP_DATAGRAM_MAX);
            run(rows[i].within_ns);
            assert_int_equal(mtu(CLIENT), rows[i].found);
        }
        end();
    }
}

static void say(size_t len)
{
    static uint8_t message[WZP_SIGNAL_MAX + 2];
    message[0] = (uint8_t)(len >> 8);
    message[1] = (uint8_t)len;
    assert_int_equal(wzp_endpoint_send_signal(world.side[CLIENT], world.session[CLIENT],
                                              (struct wzp_slice){message, len + 2}),
                     WZP_ERR_OK);
}

static void test_a_black_hole(void **state)
{
    (void)state;
    begin_connected(30);
    wzp_endpoint_find_mtu(world.side[CLIENT], world.session[CLIENT], world.now_ns);
    run(1 * WZP_S);
    assert_int_equal(mtu(CLIENT), 1472);
    world.largest = 0;
    say(WZP_SIGNAL_MAX);
    run(2 * WZP_S);
    assert_int_equal(world.signals[RELAY], 1);
    assert_true(world.largest > WZP_DATAGRAM_MAX); /* what was found is used */
    world.ip_mtu = 1280;
    say(WZP_SIGNAL_MAX);
    run(3 * WZP_S);
    assert_int_equal(world.signals[RELAY], 2);
    say(WZP_SIGNAL_MAX);
    run(3 * WZP_S);
    assert_int_equal(world.signals[RELAY], 3);
    assert_int_equal(mtu(CLIENT), WZP_DATAGRAM_MAX);
    assert_int_equal(wzp_endpoint_counters(world.side[CLIENT])->black_holes, 1);
    run(WZP_MTU_HOLE_NS + 10 * WZP_S);
    assert_int_equal(mtu(CLIENT), 1252);
    end();
}

static void test_keep_alive(void **state)
{
    (void)state;
    begin_connected(40);
    uint64_t sent = world.sent[CLIENT];
    run(600 * WZP_S);
    /* Each side's PING every 15 s, answered. */
    assert_in_range(world.sent[CLIENT] - sent, 74, 82);
    end();
    begin_connected(41);
    world.talks[CLIENT] = true;
    uint64_t before = world.sent[CLIENT];
    run(60 * WZP_S);
    assert_true(world.sent[CLIENT] - before <= 3000 + 5); /* who speaks needs no PING */
    end();
}

static void test_silence_at_heavy_loss(void **state)
{
    (void)state;
    for (unsigned seed = 50; seed < 58; seed++) {
        begin_connected(seed);
        world.loss = 0.7;
        world.delay_ns = 400 * WZP_MS;
        run(1800 * WZP_S);
        assert_int_equal(world.closed[CLIENT] + world.closed[RELAY], 0);
        end();
    }
}

int main(void)
{
    assert_int_equal(sodium_init() >= 0, 1);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_move_loses_what_was_in_flight),
        cmocka_unit_test(test_rebinding),
        cmocka_unit_test(test_a_captured_packet_takes_nothing_away),
        cmocka_unit_test(test_a_challenge_that_fails),
        cmocka_unit_test(test_forged_packets_move_nothing),
        cmocka_unit_test(test_challenge_at_heavy_loss),
        cmocka_unit_test(test_moves_cannot_be_linked),
        cmocka_unit_test(test_ten_thousand_moves),
        cmocka_unit_test(test_a_move_during_the_handshake),
        cmocka_unit_test(test_the_mtu_is_found),
        cmocka_unit_test(test_a_black_hole),
        cmocka_unit_test(test_keep_alive),
        cmocka_unit_test(test_silence_at_heavy_loss),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
