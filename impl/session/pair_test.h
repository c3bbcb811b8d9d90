// SPDX-License-Identifier: Apache-2.0
/*
 * Two sessions that talk over a way that loses, delays and shakes: the world of some tests. Included once by
 * a test that defines how its endpoints are made.
 *
 *     begin(seed, tune), run(until), facts_of(side), end()
 */
#ifndef WZP_SESSION_PAIR_TEST_H
#define WZP_SESSION_PAIR_TEST_H

#include "base/alloc_test.h"
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
    int64_t talk_ns[2];                         /* between two packets of speech; 0: silence */
    unsigned loss[2];                           /* permille of what the side sends */
    uint64_t packets[2], bytes[2];              /* sent; that arrived, 28 of headers counted */
    void (*on_sent)(unsigned side, size_t len); /* may be NULL */
    void (*on_media)(unsigned side, const struct wzp_event *event);
    struct wzp_rng rng;
    struct datagram *pipe;
    size_t pipe_len;
} world;

/* `tune` may change what an endpoint is made with. */
static void begin(uint64_t seed, void (*tune)(unsigned side, struct wzp_endpoint_config *config))
{
    world = (struct world){.rng = wzp_rng_make(seed, 1), .talk_ns = {TALK_NS, TALK_NS}};
    world.pipe = calloc(PIPE_MAX, sizeof *world.pipe);
    struct wzp_identity identity[2];
    for (unsigned i = 0; i < 2; i++) {
        const uint8_t identity_seed[32] = {(uint8_t)(i + 1), (uint8_t)seed};
        wzp_identity_from_seed(&identity[i], identity_seed);
        struct wzp_endpoint_config config = i ? wzp_endpoint_config_relay() : wzp_endpoint_config_client();
        config.alloc = test_alloc;
        config.limits.sessions_max = 1;
        config.limits.half_open_max = i ? 1 : 0;
        tune(i, &config);
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
        if (event.kind == WZP_EVENT_MEDIA && world.on_media)
            world.on_media(side, &event);
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
        if (world.on_sent)
            world.on_sent(side, datagram.len);
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

#endif
