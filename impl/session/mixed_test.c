// SPDX-License-Identifier: Apache-2.0
/* All at once: bulk streams both ways, signals and speech, while keys change every second, one side wanders,
 * the network loses and doubles packets, and somebody shows old and damaged packets again. */
#include "base/alloc_test.h"
#include "base/rng.h"
#include "crypt/identity.h"
#include "session/migrate.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define PIPE_MAX   4096
#define FILE_BYTES 200000
#define RUN_NS     (30 * WZP_S)
#define QUIET_NS   (20 * WZP_S)

struct datagram {
    int64_t at_ns;
    struct wzp_addr from;
    unsigned to;
    size_t len;
    uint8_t bytes[WZP_DATAGRAM_CEILING];
};

static struct world {
    struct wzp_endpoint *side[2];
    struct wzp_addr addr[2];
    uint32_t session[2];
    uint64_t out[2], in[2]; /* streams */
    size_t written[2], read[2];
    unsigned ended[2], signals[2], closed;
    int64_t now_ns;
    double loss;
    struct wzp_rng rng;
    struct datagram *pipe, old;
    size_t pipe_len;
} world;

static uint8_t byte_at(size_t at)
{
    return (uint8_t)(at * 31 + at / 251);
}

static void read_stream(unsigned side)
{
    const uint8_t *data;
    size_t len;
    while ((len = wzp_endpoint_stream_peek(world.side[side], world.session[side], world.in[side], &data))) {
        for (size_t i = 0; i < len; i++)
            assert_int_equal(data[i], byte_at(world.read[side] + i));
        world.read[side] += len;
        wzp_endpoint_stream_consume(world.side[side], world.session[side], world.in[side], len);
    }
}

static void poll(unsigned side)
{
    struct wzp_event event;
    while (wzp_endpoint_poll(world.side[side], &event)) {
        world.closed += event.kind == WZP_EVENT_CLOSED;
        world.signals[side] += event.kind == WZP_EVENT_SIGNAL;
        if (event.kind == WZP_EVENT_CONNECTED)
            world.session[side] = event.session;
        if (event.kind != WZP_EVENT_STREAM || event.stream.id == world.out[side])
            continue;
        world.in[side] = event.stream.id;
        world.ended[side] += event.stream.what == WZP_STREAM_ENDED;
        read_stream(side);
    }
}

static void write_stream(unsigned side)
{
    uint8_t bytes[3000];
    size_t len = FILE_BYTES - world.written[side];
    if (!world.session[side] || len == 0)
        return;
    if (!world.out[side] &&
        wzp_endpoint_stream_open(world.side[side], world.session[side], &world.out[side]) != WZP_ERR_OK)
        return;
    len = len < sizeof bytes ? len : sizeof bytes;
    for (size_t i = 0; i < len; i++)
        bytes[i] = byte_at(world.written[side] + i);
    world.written[side] += wzp_endpoint_stream_write(world.side[side], world.session[side], world.out[side],
                                                     bytes, len);
    if (world.written[side] == FILE_BYTES)
        wzp_endpoint_stream_end(world.side[side], world.session[side], world.out[side]);
}

static void put(const struct datagram *datagram)
{
    if (world.pipe_len < PIPE_MAX)
        world.pipe[world.pipe_len++] = *datagram;
}

static void transmit(unsigned side)
{
    struct datagram datagram = {.from = world.addr[side], .to = !side};
    struct wzp_addr to;
    while ((datagram.len = wzp_endpoint_transmit(world.side[side], world.now_ns, &to, datagram.bytes,
                                                 sizeof datagram.bytes))) {
        datagram.at_ns = world.now_ns + 20 * WZP_MS + (int64_t)wzp_rng_below(&world.rng, 20) * WZP_MS;
        if (!wzp_addr_equal(&to, &world.addr[!side]) || wzp_rng_unit(&world.rng) < world.loss)
            continue;
        put(&datagram);
        if (wzp_rng_below(&world.rng, 20) == 0)
            put(&datagram);
        if (wzp_rng_below(&world.rng, 50) == 0)
            world.old = datagram;
    }
    poll(side);
}

static void arrive(size_t index)
{
    struct datagram datagram = world.pipe[index];
    world.pipe[index] = world.pipe[--world.pipe_len];
    wzp_endpoint_receive(world.side[datagram.to], &datagram.from, datagram.bytes, datagram.len, world.now_ns);
    poll(datagram.to);
}

/* Now and then: the client is elsewhere, told or not; an old packet comes again, whole or broken, from
 * somewhere. */
static void trouble(void)
{
    struct wzp_rng *rng = &world.rng;
    if (wzp_rng_below(rng, 100) == 0) {
        world.addr[0].ip[15] = (uint8_t)(1 + wzp_rng_below(rng, 5) * 2);
        world.addr[0].port = (uint16_t)(1000 + wzp_rng_below(rng, 3));
        if (wzp_rng_below(rng, 2))
            wzp_endpoint_on_moved(world.side[0], world.session[0], world.now_ns);
        unsigned side = (unsigned)wzp_rng_below(rng, 2);
        wzp_endpoint_find_mtu(world.side[side], world.session[side], world.now_ns);
    }
    if (world.old.len && wzp_rng_below(rng, 20) == 0) {
        struct datagram again = world.old;
        again.at_ns = world.now_ns;
        again.from.ip[15] ^= (uint8_t)(wzp_rng_below(rng, 2) * 64);
        again.bytes[wzp_rng_below(rng, again.len)] ^= (uint8_t)wzp_rng_below(rng, 2);
        put(&again);
    }
}

static void talk(unsigned side)
{
    static const uint8_t message[] = {0, 3, 1, 2, 3};
    uint8_t header[WZP_MEDIA_HEADER_LEN], payload[60] = {0};
    struct wzp_writer writer = wzp_writer_make(header, sizeof header);
    struct wzp_media_header fields = {.sequence = (uint32_t)(world.now_ns / (20 * WZP_MS))};
    wzp_media_header_encode(&writer, &fields);
    if (!world.session[side])
        return;
    (void)wzp_endpoint_send_media(world.side[side], world.session[side], 0, header,
                                  (struct wzp_slice){payload, sizeof payload}, false, world.now_ns);
    if (wzp_rng_below(&world.rng, 25) == 0)
        (void)wzp_endpoint_send_signal(world.side[side], world.session[side],
                                       (struct wzp_slice){message, sizeof message});
}

static void run(int64_t until_ns, bool is_wild)
{
    for (int64_t talk_ns = world.now_ns; world.now_ns < until_ns;) {
        if (talk_ns <= world.now_ns) {
            for (unsigned side = 0; side < 2 && is_wild; side++) {
                talk(side);
                write_stream(side);
            }
            if (is_wild)
                trouble();
            talk_ns += 20 * WZP_MS;
        }
        int64_t next_ns = talk_ns;
        for (unsigned side = 0; side < 2; side++) {
            wzp_endpoint_advance(world.side[side], world.now_ns);
            poll(side);
            transmit(side);
            next_ns = wzp_time_min(next_ns, wzp_endpoint_next_at(world.side[side]));
            assert_true(wzp_endpoint_next_at(world.side[side]) > world.now_ns); /* or it spins */
        }
        size_t first = world.pipe_len;
        for (size_t i = 0; i < world.pipe_len; i++)
            if (world.pipe[i].at_ns <= next_ns) {
                next_ns = world.pipe[i].at_ns;
                first = i;
            }
        world.now_ns = wzp_time_max(world.now_ns, next_ns);
        if (first < world.pipe_len)
            arrive(first);
    }
}

static void begin(uint64_t seed)
{
    world = (struct world){.rng = wzp_rng_make(seed, 1), .loss = 0.05 * (double)(seed % 4)};
    world.pipe = calloc(PIPE_MAX, sizeof *world.pipe);
    struct wzp_identity identity[2];
    for (unsigned i = 0; i < 2; i++) {
        const uint8_t identity_seed[32] = {(uint8_t)(i + 1), (uint8_t)seed};
        wzp_identity_from_seed(&identity[i], identity_seed);
        struct wzp_endpoint_config config = i ? wzp_endpoint_config_relay() : wzp_endpoint_config_client();
        config.alloc = test_alloc;
        config.limits.sessions_max = 2;
        config.limits.half_open_max = i ? 4 : 0;
        config.limits.streams_max = 4;
        config.limits.streams_granted = 2;
        config.limits.bulk_window = 20000;
        config.limits.session_window = 30000;
        config.rekey_ns = (1 + i) * WZP_S;
        config.rekey_min_ns = WZP_S;
        config.rekey_packets = 40;
        memset(config.seed, (int)(seed * 2 + i), sizeof config.seed);
        memset(config.reset_key, (int)seed, sizeof config.reset_key);
        memcpy(config.static_secret, identity[i].noise_secret, 32);
        memcpy(config.static_public, identity[i].noise_public, 32);
        world.side[i] = wzp_endpoint_create(&config);
        assert_non_null(world.side[i]);
        world.addr[i] = (struct wzp_addr){.ip = {[15] = (uint8_t)(i + 1)}, .port = 1000};
    }
    const uint8_t *key = seed % 2 ? identity[1].noise_public : NULL;
    assert_int_equal(wzp_endpoint_connect(world.side[0], &world.addr[1], key, 0, &world.session[0]),
                     WZP_ERR_OK);
}

static void everything_at_once(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 8; seed++) {
        begin(seed);
        run(RUN_NS, true);
        world.loss = 0;
        run(RUN_NS + QUIET_NS, false);
        struct wzp_session_facts facts;
        assert_true(wzp_endpoint_facts(world.side[0], world.session[0], &facts));
        if (facts.rekeys < 6 || world.closed)
            fail_msg("seed %u: %u rekeys, closed %u", (unsigned)seed, (unsigned)facts.rekeys, world.closed);
        for (unsigned side = 0; side < 2; side++) {
            if (world.written[side] != FILE_BYTES || world.read[!side] != FILE_BYTES || !world.ended[!side])
                fail_msg("seed %u: side %u wrote %zu, the other read %zu", (unsigned)seed, side,
                         world.written[side], world.read[!side]);
            assert_true(world.signals[side] > 10);
            wzp_endpoint_destroy(world.side[side]);
        }
        free(world.pipe);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(everything_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
