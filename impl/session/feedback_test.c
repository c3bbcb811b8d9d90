// SPDX-License-Identifier: Apache-2.0
/* Two sessions that talk over a way that loses in one direction: what each knows of it, what reports cost,
 * and that they end with the talk. */
#include "base/rng.h"
#include "crypt/identity.h"
#include "session/session.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define PIPE_MAX 4096
#define TALK_NS  (20 * WZP_MS)

struct datagram {
    int64_t at_ns;
    unsigned to;
    size_t len;
    uint8_t bytes[WZP_DATAGRAM_CEILING];
};

static struct world {
    struct wzp_endpoint *side[2];
    struct wzp_addr addr[2];
    uint32_t session[2];
    int64_t now_ns, jitter_ns;
    int64_t talk_ns[2];            /* between two packets of media; 0: silence */
    unsigned loss[2];              /* permille of what the side sends */
    uint64_t packets[2], bytes[2]; /* 28 of headers counted; that arrived */
    struct wzp_rng rng;
    struct datagram *pipe;
    size_t pipe_len;
} world;

static void *get_memory(void *ctx, size_t size)
{
    (void)ctx;
    return calloc(1, size);
}

static void put_memory(void *ctx, void *memory, size_t size)
{
    (void)ctx, (void)size;
    free(memory);
}

static void begin(uint64_t seed, bool repairs)
{
    world = (struct world){.rng = wzp_rng_make(seed, 1), .talk_ns = {TALK_NS, TALK_NS}};
    world.pipe = calloc(PIPE_MAX, sizeof *world.pipe);
    struct wzp_identity identity[2];
    for (unsigned i = 0; i < 2; i++) {
        const uint8_t identity_seed[32] = {(uint8_t)(i + 1), (uint8_t)seed};
        wzp_identity_from_seed(&identity[i], identity_seed);
        struct wzp_endpoint_config config = i ? wzp_endpoint_config_relay() : wzp_endpoint_config_client();
        config.alloc = (struct wzp_alloc){get_memory, put_memory, NULL};
        config.limits.sessions_max = 1;
        config.limits.half_open_max = i ? 1 : 0;
        config.passes_repair = !repairs;
        config.rekey_ns = 3 * WZP_S;
        config.rekey_min_ns = WZP_S;
        memset(config.seed, (int)(seed * 2 + i), sizeof config.seed);
        memcpy(config.static_secret, identity[i].noise_secret, 32);
        memcpy(config.static_public, identity[i].noise_public, 32);
        world.side[i] = wzp_endpoint_create(&config);
        assert_non_null(world.side[i]);
        world.addr[i] = (struct wzp_addr){.ip = {[15] = (uint8_t)(i + 1)}, .port = 1000};
    }
    assert_int_equal(wzp_endpoint_connect(world.side[0], &world.addr[1], NULL, 0, &world.session[0]),
                     WZP_ERR_OK);
}

static void end(void)
{
    for (unsigned i = 0; i < 2; i++)
        wzp_endpoint_destroy(world.side[i]);
    free(world.pipe);
}

static void poll(unsigned side)
{
    struct wzp_event event;
    while (wzp_endpoint_poll(world.side[side], &event)) {
        assert_int_not_equal(event.kind, WZP_EVENT_CLOSED);
        if (event.kind == WZP_EVENT_CONNECTED)
            world.session[side] = event.session;
    }
}

static void transmit(unsigned side)
{
    struct datagram datagram = {.to = !side};
    struct wzp_addr to;
    while ((datagram.len = wzp_endpoint_transmit(world.side[side], world.now_ns, &to, datagram.bytes,
                                                 sizeof datagram.bytes))) {
        int64_t late_ns = (int64_t)wzp_rng_below(&world.rng, (uint64_t)world.jitter_ns + 1);
        world.packets[side]++;
        if (wzp_rng_below(&world.rng, 1000) < world.loss[side] || world.pipe_len == PIPE_MAX)
            continue;
        datagram.at_ns = world.now_ns + 30 * WZP_MS + late_ns;
        world.bytes[side] += datagram.len + 28;
        world.pipe[world.pipe_len++] = datagram;
    }
    poll(side);
}

static void talk(unsigned side)
{
    uint8_t header[WZP_MEDIA_HEADER_LEN], payload[70] = {0};
    struct wzp_writer writer = wzp_writer_make(header, sizeof header);
    struct wzp_media_header fields = {.sequence = (uint32_t)(world.now_ns / TALK_NS),
                                      .timestamp_ms = (uint32_t)(world.now_ns / WZP_MS)};
    wzp_media_header_encode(&writer, &fields);
    if (world.session[side])
        (void)wzp_endpoint_send_media(world.side[side], world.session[side], 0, header,
                                      (struct wzp_slice){payload, sizeof payload}, false, world.now_ns);
}

static void run(int64_t until_ns)
{
    int64_t talk_at_ns[2] = {world.now_ns, world.now_ns + 7 * WZP_MS};
    while (world.now_ns < until_ns) {
        int64_t next_ns = until_ns;
        for (unsigned side = 0; side < 2; side++) {
            for (; world.talk_ns[side] && talk_at_ns[side] <= world.now_ns;
                 talk_at_ns[side] += world.talk_ns[side])
                talk(side);
            if (world.talk_ns[side])
                next_ns = wzp_time_min(next_ns, talk_at_ns[side]);
            wzp_endpoint_advance(world.side[side], world.now_ns);
            poll(side);
            transmit(side);
            assert_true(wzp_endpoint_next_at(world.side[side]) > world.now_ns); /* or it spins */
            next_ns = wzp_time_min(next_ns, wzp_endpoint_next_at(world.side[side]));
        }
        size_t first = world.pipe_len;
        for (size_t i = 0; i < world.pipe_len; i++)
            if (world.pipe[i].at_ns <= next_ns) {
                next_ns = world.pipe[i].at_ns;
                first = i;
            }
        world.now_ns = wzp_time_max(world.now_ns, next_ns);
        if (first == world.pipe_len)
            continue;
        struct datagram datagram = world.pipe[first];
        world.pipe[first] = world.pipe[--world.pipe_len];
        wzp_endpoint_receive(world.side[datagram.to], &world.addr[!datagram.to], datagram.bytes, datagram.len,
                             world.now_ns);
        poll(datagram.to);
    }
}

static struct wzp_session_facts facts_of(unsigned side)
{
    struct wzp_session_facts facts;
    assert_true(wzp_endpoint_facts(world.side[side], world.session[side], &facts));
    return facts;
}

/* Loss steps, with `back` permille of what tells of it lost as well; keys change every 3 s. */
static void follows(unsigned back, int64_t talk_ns)
{
    static const unsigned steps[] = {0, 300, 700, 0};
    unsigned worst[4] = {0}, sum[4] = {0}, count = 0;
    for (uint64_t seed = 1; seed <= 4; seed++) {
        begin(seed, true);
        world.jitter_ns = 8 * WZP_MS;
        world.talk_ns[0] = talk_ns;
        run(1 * WZP_S);
        for (unsigned step = 0; step < 4; step++) {
            world.loss[0] = steps[step];
            world.loss[1] = back;
            run(world.now_ns + 2 * WZP_S);
            for (unsigned i = 0; i < 20; i++) {
                run(world.now_ns + 250 * WZP_MS);
                struct wzp_session_facts facts = facts_of(0);
                unsigned off = (unsigned)abs((int)facts.loss_permille - (int)steps[step]);
                worst[step] = off > worst[step] ? off : worst[step];
                sum[step] += off;
                count += step == 0;
                assert_true(facts.has_feedback || back);
            }
        }
        struct wzp_session_facts facts = facts_of(0);
        assert_in_range(facts.peer_jitter_us, 1500, 4000); /* of two draws below 8 ms: 2.7 ms */
        assert_true(facts.rekeys >= 4);
        end();
    }
    for (unsigned step = 0; step < 4; step++) {
        assert_true(sum[step] / count <= 40);
        assert_true(worst[step] <= (talk_ns < 10 * WZP_MS ? 120 : 250));
    }
}

static void test_follows(void **state)
{
    (void)state;
    follows(0, TALK_NS);
    follows(0, 5 * WZP_MS);
    follows(700, 5 * WZP_MS);
}

/* What reports cost, and what they save. */
static void test_cost(void **state)
{
    (void)state;
    static const struct {
        int64_t talk_ns[2];
        unsigned reports_min, reports_max; /* of side 1, in 20 s */
    } rows[] = {
        {{TALK_NS, TALK_NS}, 300, 400},
        {{TALK_NS, 0}, 50, 120},    /* alone: as much as 5 % allow */
        {{60 * WZP_MS, 0}, 36, 44}, /* thin, and nobody answers: so that its speaker is not blind */
        {{60 * WZP_MS, 60 * WZP_MS}, 300, 340},
        {{2 * WZP_MS, 0}, 250, 400},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        begin(i + 1, false);
        memcpy(world.talk_ns, rows[i].talk_ns, sizeof world.talk_ns);
        run(20 * WZP_S);
        const struct wzp_endpoint_counters *counters = wzp_endpoint_counters(world.side[1]);
        assert_in_range(counters->feedback_out, rows[i].reports_min, rows[i].reports_max);
        uint64_t floor = 20 * 250;
        uint64_t share = world.bytes[0] / 20 > floor ? world.bytes[0] / 20 : floor;
        assert_true(counters->feedback_bytes_out <= share + WZP_FEEDBACK_BURST);
        if (rows[i].talk_ns[1]) /* one packet for each of its own, a few for keys, the handshake, ids */
            assert_true(world.packets[1] <= (uint64_t)(20 * WZP_S / rows[i].talk_ns[1]) + 60);
        /* the speaker's headers are built on, so what he sent was acknowledged */
        assert_int_equal(facts_of(0).loss_permille, 0);

        /* silence: one last report, and nothing after it but PINGs and keys */
        world.talk_ns[0] = world.talk_ns[1] = 0;
        run(world.now_ns + 1 * WZP_S);
        uint64_t out[2] = {wzp_endpoint_counters(world.side[0])->feedback_out, counters->feedback_out};
        struct session *session = &world.side[1]->sessions[0];
        assert_int_equal(wzp_feedback_due_at(&session->feedback, 53), WZP_NEVER);
        assert_int_equal(session->feedback.told[0] + 8 > session->feedback.next, true);
        run(world.now_ns + 10 * WZP_S);
        assert_int_equal(wzp_endpoint_counters(world.side[0])->feedback_out, out[0]);
        assert_int_equal(counters->feedback_out, out[1]);
        assert_false(facts_of(0).has_feedback);
        end();
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_follows),
        cmocka_unit_test(test_cost),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
