// SPDX-License-Identifier: Apache-2.0
/*
 * Two sessions that talk over a way that loses, delays and shakes: the world of some tests. Included once by
 * a test that defines how its endpoints are made.
 *
 *     begin(seed, tune), run(until), facts_of(side), end()
 */
#ifndef WZP_SESSION_PAIR_TEST_H
#define WZP_SESSION_PAIR_TEST_H

#include "base/rng.h"
#include "session/pipe_test.h"
#include "session/session.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define PIPE_MAX 4096
#define TALK_NS  (20 * WZP_MS)

static struct world {
    struct wzp_endpoint *side[2];
    struct wzp_addr addr[2];
    uint32_t session[2];
    bool connected[2];
    bool knows_key;  /* the client, its relay's: so set by `tune` */
    bool is_closing; /* or nobody may */
    int64_t now_ns, delay_ns, jitter_ns;
    int64_t talk_ns[2];             /* between two packets of speech; 0: silence */
    int64_t talk_at_ns[2];          /* the next */
    unsigned loss[2];               /* permille of what the side sends */
    uint64_t packets[2], bytes[2];  /* sent; that arrived, 28 of headers counted */
    void (*talk)(unsigned side);    /* speak, if nothing else */
    void (*on_step)(unsigned side); /* before it looks at the time; this and all below may be NULL */
    void (*on_sent)(unsigned side, size_t len);
    void (*on_way)(struct datagram *datagram); /* that is not lost; before it is put */
    void (*on_media)(unsigned side, const struct wzp_event *event);
    void (*on_event)(unsigned side, const struct wzp_event *event); /* that is no media */
    struct wzp_rng rng;
    struct pipe pipe;
} world;

/* A packet of speech. */
static void speak(unsigned side)
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

/* `tune` may change what an endpoint is made with. */
static void begin(uint64_t seed, void (*tune)(unsigned side, struct wzp_endpoint_config *config))
{
    world = (struct world){.rng = wzp_rng_make(seed, 1),
                           .delay_ns = 30 * WZP_MS,
                           .talk_ns = {TALK_NS, TALK_NS},
                           .talk = speak,
                           .pipe = pipe_make(PIPE_MAX)};
    for (unsigned i = 0; i < 2; i++) {
        struct wzp_endpoint_config config = side_config(i, seed);
        config.limits.sessions_max = 1;
        config.limits.half_open_max = i ? 1 : 0;
        tune(i, &config);
        world.side[i] = wzp_endpoint_create(&config);
        assert_non_null(world.side[i]);
        world.addr[i] = side_addr(i);
    }
    const uint8_t *key = world.knows_key ? world.side[1]->config.static_public : NULL;
    assert_int_equal(wzp_endpoint_connect(world.side[0], &world.addr[1], key, 0, &world.session[0]),
                     WZP_ERR_OK);
}

static void end(void)
{
    for (unsigned i = 0; i < 2; i++)
        wzp_endpoint_destroy(world.side[i]);
    pipe_free(&world.pipe);
}

static void poll(unsigned side)
{
    struct wzp_event event;
    while (wzp_endpoint_poll(world.side[side], &event)) {
        assert_true(event.kind != WZP_EVENT_CLOSED || world.is_closing);
        if (event.kind == WZP_EVENT_CONNECTED) {
            world.session[side] = event.session;
            world.connected[side] = true;
        }
        if (event.kind == WZP_EVENT_MEDIA && world.on_media)
            world.on_media(side, &event);
        if (event.kind != WZP_EVENT_MEDIA && world.on_event)
            world.on_event(side, &event);
    }
}

static void transmit(unsigned side)
{
    struct datagram datagram = {.from = world.addr[side], .side = !side};
    while (datagram_transmit(&datagram, world.side[side], world.now_ns)) {
        int64_t late_ns = (int64_t)wzp_rng_below(&world.rng, (uint64_t)world.jitter_ns + 1);
        world.packets[side]++;
        if (world.on_sent)
            world.on_sent(side, datagram.len);
        datagram.at_ns = world.now_ns + world.delay_ns + late_ns;
        if (wzp_rng_below(&world.rng, 1000) < world.loss[side] ||
            !wzp_addr_equal(&datagram.to, &world.addr[!side]))
            continue; /* lost, or the other one is there no more */
        if (world.on_way)
            world.on_way(&datagram);
        if (pipe_put(&world.pipe, &datagram))
            world.bytes[side] += datagram.len + 28;
    }
    poll(side);
}

static void run(int64_t until_ns)
{
    for (unsigned side = 0; side < 2; side++) /* not at once */
        world.talk_at_ns[side] = wzp_time_max(world.talk_at_ns[side], world.now_ns + side * 7 * WZP_MS);
    while (world.now_ns < until_ns) {
        int64_t next_ns = until_ns;
        for (unsigned side = 0; side < 2; side++) {
            for (; world.talk_ns[side] && world.talk_at_ns[side] <= world.now_ns;
                 world.talk_at_ns[side] += world.talk_ns[side])
                world.talk(side);
            if (world.talk_ns[side])
                next_ns = wzp_time_min(next_ns, world.talk_at_ns[side]);
            if (world.on_step)
                world.on_step(side);
            wzp_endpoint_advance(world.side[side], world.now_ns);
            poll(side);
            transmit(side);
            assert_true(wzp_endpoint_next_at(world.side[side]) > world.now_ns); /* or it spins */
            next_ns = wzp_time_min(next_ns, wzp_endpoint_next_at(world.side[side]));
        }
        struct datagram datagram;
        if (!pipe_take(&world.pipe, next_ns, &datagram)) {
            world.now_ns = wzp_time_max(world.now_ns, next_ns);
            continue;
        }
        world.now_ns = wzp_time_max(world.now_ns, datagram.at_ns);
        datagram_receive(&datagram, world.side[datagram.side], world.now_ns);
        poll(datagram.side);
    }
}

static struct wzp_session_facts facts_of(unsigned side)
{
    struct wzp_session_facts facts;
    assert_true(wzp_endpoint_facts(world.side[side], world.session[side], &facts));
    return facts;
}

#endif
