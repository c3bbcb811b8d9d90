// SPDX-License-Identifier: Apache-2.0
/* All at once: bulk streams both ways, signals and speech, while keys change every second, one side wanders,
 * the network loses and doubles packets, and somebody shows old and damaged packets again. */
#include "session/migrate.h"
#include "session/pair_test.h"

#define FILE_BYTES 200000
#define RUN_NS     (30 * WZP_S)
#define QUIET_NS   (20 * WZP_S)

static struct {
    uint64_t seed;
    uint64_t out[2], in[2]; /* streams */
    size_t written[2], read[2];
    unsigned ended[2], signals[2];
    struct datagram old;
} mixed;

static uint8_t byte_at(size_t at)
{
    return (uint8_t)(at * 31 + at / 251);
}

static void read_stream(unsigned side)
{
    const uint8_t *data;
    size_t len;
    while ((len = wzp_endpoint_stream_peek(world.side[side], world.session[side], mixed.in[side], &data))) {
        for (size_t i = 0; i < len; i++)
            assert_int_equal(data[i], byte_at(mixed.read[side] + i));
        mixed.read[side] += len;
        wzp_endpoint_stream_consume(world.side[side], world.session[side], mixed.in[side], len);
    }
}

static void on_event(unsigned side, const struct wzp_event *event)
{
    mixed.signals[side] += event->kind == WZP_EVENT_SIGNAL;
    if (event->kind != WZP_EVENT_STREAM || event->stream.id == mixed.out[side])
        return;
    mixed.in[side] = event->stream.id;
    mixed.ended[side] += event->stream.what == WZP_STREAM_ENDED;
    read_stream(side);
}

static void write_stream(unsigned side)
{
    uint8_t bytes[3000];
    size_t len = FILE_BYTES - mixed.written[side];
    if (!world.session[side] || len == 0)
        return;
    if (!mixed.out[side] &&
        wzp_endpoint_stream_open(world.side[side], world.session[side], &mixed.out[side]) != WZP_ERR_OK)
        return;
    len = len < sizeof bytes ? len : sizeof bytes;
    for (size_t i = 0; i < len; i++)
        bytes[i] = byte_at(mixed.written[side] + i);
    mixed.written[side] += wzp_endpoint_stream_write(world.side[side], world.session[side], mixed.out[side],
                                                     bytes, len);
    if (mixed.written[side] == FILE_BYTES)
        wzp_endpoint_stream_end(world.side[side], world.session[side], mixed.out[side]);
}

static void on_way(struct datagram *datagram)
{
    if (wzp_rng_below(&world.rng, 20) == 0)
        (void)pipe_put(&world.pipe, datagram);
    if (wzp_rng_below(&world.rng, 50) == 0)
        mixed.old = *datagram;
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
    if (mixed.old.len && wzp_rng_below(rng, 20) == 0) {
        struct datagram again = mixed.old;
        again.at_ns = world.now_ns;
        again.from.ip[15] ^= (uint8_t)(wzp_rng_below(rng, 2) * 64);
        again.bytes[wzp_rng_below(rng, again.len)] ^= (uint8_t)wzp_rng_below(rng, 2);
        (void)pipe_put(&world.pipe, &again);
    }
}

static void talk_and_write(unsigned side)
{
    static const uint8_t message[] = {0, 3, 1, 2, 3};
    speak(side);
    if (world.session[side] && wzp_rng_below(&world.rng, 25) == 0)
        (void)wzp_endpoint_send_signal(world.side[side], world.session[side],
                                       (struct wzp_slice){message, sizeof message});
    write_stream(side);
    if (side == 1)
        trouble();
}

static void tune(unsigned side, struct wzp_endpoint_config *config)
{
    config->limits.sessions_max = 2;
    config->limits.half_open_max = side ? 4 : 0;
    config->limits.streams_max = 4;
    config->limits.streams_granted = 2;
    config->limits.bulk_window = 20000;
    config->limits.session_window = 30000;
    config->rekey_ns = (1 + side) * WZP_S;
    config->rekey_min_ns = WZP_S;
    config->rekey_packets = 40;
    memset(config->reset_key, (int)mixed.seed, sizeof config->reset_key);
    world.knows_key = mixed.seed % 2;
}

static void start(uint64_t seed)
{
    memset(&mixed, 0, sizeof mixed);
    mixed.seed = seed;
    begin(seed, tune);
    world.delay_ns = 20 * WZP_MS;
    world.jitter_ns = 19 * WZP_MS;
    world.loss[0] = world.loss[1] = 50 * (unsigned)(seed % 4);
    world.talk = talk_and_write;
    world.on_event = on_event;
    world.on_way = on_way;
}

static void everything_at_once(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 8; seed++) {
        start(seed);
        run(RUN_NS);
        memset(world.loss, 0, sizeof world.loss);
        memset(world.talk_ns, 0, sizeof world.talk_ns);
        run(RUN_NS + QUIET_NS);
        struct wzp_session_facts facts = facts_of(0);
        if (facts.rekeys < 6)
            fail_msg("seed %u: %u rekeys", (unsigned)seed, (unsigned)facts.rekeys);
        for (unsigned side = 0; side < 2; side++) {
            if (mixed.written[side] != FILE_BYTES || mixed.read[!side] != FILE_BYTES || !mixed.ended[!side])
                fail_msg("seed %u: side %u wrote %zu, the other read %zu", (unsigned)seed, side,
                         mixed.written[side], mixed.read[!side]);
            assert_true(mixed.signals[side] > 10);
        }
        end();
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(everything_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
