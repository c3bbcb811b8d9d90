// SPDX-License-Identifier: Apache-2.0
/* A relay and raw endpoints around it that carry streams, joined by wires without loss or time. */
#include "relay/relay.h"

#include "base/alloc_test.h"
#include "base/rng.h"
#include "crypt/member.h"
#include "wire/signal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define PEOPLE    4
#define STEP      (5 * WZP_MS)
#define BYTES_MAX (600 * 1024)
#define NO_EVENT  0xffff

/* One side of the one stream that most tests are about. */
struct person {
    struct wzp_endpoint *endpoint;
    struct wzp_addr addr;
    struct wzp_member_record record;
    uint32_t session;
    uint16_t slot;
    bool is_reading;
    uint64_t stream;
    unsigned opened;
    bool is_ended, is_gone;
    uint16_t reset, stopped; /* reasons; NO_EVENT before */
    uint8_t *got;
    size_t got_len;
};

struct world {
    struct wzp_relay *relay;
    struct wzp_addr relay_addr;
    struct person person[PEOPLE];
    int64_t now_ns;
};

static void make(struct world *world, uint32_t pipes_max)
{
    struct wzp_identity identity;
    struct wzp_relay_config config = wzp_relay_config_default();
    *world = (struct world){.relay_addr = {.ip = {[15] = 100}, .port = 1}};
    config.endpoint.alloc = test_alloc;
    config.endpoint.limits.sessions_max = 8;
    config.pipes_max = pipes_max;
    wzp_identity_from_seed(&identity, (const uint8_t[32]){99});
    memcpy(config.endpoint.static_secret, identity.noise_secret, 32);
    memcpy(config.endpoint.static_public, identity.noise_public, 32);
    world->relay = wzp_relay_create(&config);
    assert_non_null(world->relay);
    for (unsigned i = 0; i < PEOPLE; i++) {
        struct person *person = &world->person[i];
        struct wzp_endpoint_config client = wzp_endpoint_config_client();
        struct wzp_drbg drbg;
        struct wzp_stay stay;
        struct wzp_room room;
        memset(&room, i == PEOPLE - 1 ? 9 : 7, sizeof room); /* the last is in another room */
        client.alloc = test_alloc;
        client.seed[0] = (uint8_t)(i + 1);
        wzp_identity_from_seed(&identity, client.seed);
        memcpy(client.static_secret, identity.noise_secret, 32);
        memcpy(client.static_public, identity.noise_public, 32);
        wzp_drbg_init(&drbg, client.seed, 5);
        wzp_stay_make(&stay, &drbg);
        wzp_member_record_make(&identity, &stay, &room, &drbg, &person->record);
        person->endpoint = wzp_endpoint_create(&client);
        assert_non_null(person->endpoint);
        person->addr = (struct wzp_addr){.ip = {[15] = (uint8_t)(i + 1)}, .port = 1};
        person->got = malloc(BYTES_MAX);
        person->is_reading = true;
        person->reset = person->stopped = NO_EVENT;
    }
}

static void unmake(struct world *world)
{
    assert_int_equal(wzp_relay_counters(world->relay)->pipes, 0);
    wzp_relay_destroy(world->relay);
    for (unsigned i = 0; i < PEOPLE; i++) {
        wzp_endpoint_destroy(world->person[i].endpoint);
        free(world->person[i].got);
    }
}

static void read_stream(struct person *person)
{
    const uint8_t *data;
    size_t len;
    while (person->is_reading &&
           (len = wzp_endpoint_stream_peek(person->endpoint, person->session, person->stream, &data)) > 0) {
        assert_true(len <= BYTES_MAX - person->got_len);
        memcpy(person->got + person->got_len, data, len);
        person->got_len += len;
        wzp_endpoint_stream_consume(person->endpoint, person->session, person->stream, len);
    }
}

static void on_stream(struct person *person, const struct wzp_event *event)
{
    switch (event->stream.what) {
    case WZP_STREAM_OPENED:
        person->stream = event->stream.id;
        person->opened++;
        break;
    case WZP_STREAM_READABLE:
        read_stream(person);
        break;
    case WZP_STREAM_ENDED:
        person->is_ended = true;
        break;
    case WZP_STREAM_RESET:
        person->reset = event->stream.reason;
        break;
    case WZP_STREAM_STOPPED:
        person->stopped = event->stream.reason;
        break;
    case WZP_STREAM_GONE:
        person->is_gone = true;
        break;
    case WZP_STREAM_WRITABLE:
        break;
    }
}

static void poll(struct person *person)
{
    struct wzp_event event;
    while (wzp_endpoint_poll(person->endpoint, &event)) {
        if (event.kind == WZP_EVENT_STREAM)
            on_stream(person, &event);
        if (event.kind != WZP_EVENT_SIGNAL)
            continue;
        static uint8_t memory[WZP_SIGNAL_ARENA];
        struct wzp_arena arena = wzp_arena_make(memory, sizeof memory);
        struct wzp_signal signal;
        assert_int_equal(wzp_signal_decode(event.signal, &signal, &arena), WZP_SIGNAL_OK);
        if (signal.kind == WZP_SIGNAL_JOINED)
            person->slot = signal.joined.slot;
    }
}

/* Everything that is due within `ms`, both ways, in steps. */
static void run(struct world *world, int64_t ms)
{
    uint8_t bytes[WZP_DATAGRAM_MAX];
    struct wzp_addr to;
    size_t len;
    for (int64_t until_ns = world->now_ns + ms * WZP_MS; world->now_ns < until_ns; world->now_ns += STEP) {
        for (unsigned i = 0; i < PEOPLE; i++) {
            struct person *person = &world->person[i];
            wzp_endpoint_advance(person->endpoint, world->now_ns);
            poll(person);
            while ((len = wzp_endpoint_transmit(person->endpoint, world->now_ns, &to, bytes, sizeof bytes)))
                wzp_relay_receive(world->relay, &person->addr, bytes, len, world->now_ns);
        }
        wzp_relay_advance(world->relay, world->now_ns);
        while ((len = wzp_relay_transmit(world->relay, world->now_ns, &to, bytes, sizeof bytes))) {
            struct person *person = &world->person[to.ip[15] - 1];
            wzp_endpoint_receive(person->endpoint, &world->relay_addr, bytes, len, world->now_ns);
            poll(person);
        }
    }
}

static void connect(struct world *world, unsigned number)
{
    struct person *person = &world->person[number];
    assert_int_equal(
        wzp_endpoint_connect(person->endpoint, &world->relay_addr, NULL, world->now_ns, &person->session),
        WZP_ERR_OK);
}

static void join(struct world *world, unsigned number)
{
    uint8_t record[WZP_RECORD_LEN], bytes[512];
    struct person *person = &world->person[number];
    struct wzp_writer writer = wzp_writer_make(bytes, sizeof bytes);
    wzp_member_record_encode(&person->record, record);
    struct wzp_signal signal = {.kind = WZP_SIGNAL_JOIN, .join = {.record = {record, sizeof record}}};
    wzp_signal_encode(&writer, &signal);
    connect(world, number);
    assert_int_equal(wzp_endpoint_send_signal(person->endpoint, person->session,
                                              (struct wzp_slice){bytes, wzp_writer_len(&writer)}),
                     WZP_ERR_OK);
    run(world, 100);
    assert_int_not_equal(person->slot, 0);
}

static size_t write_bytes(struct person *person, const void *data, size_t len)
{
    return wzp_endpoint_stream_write(person->endpoint, person->session, person->stream, data, len);
}

static void end(struct person *person)
{
    assert_int_equal(wzp_endpoint_stream_end(person->endpoint, person->session, person->stream), WZP_ERR_OK);
}

static void open_stream(struct world *world, unsigned from, const uint8_t *preface, size_t len)
{
    struct person *person = &world->person[from];
    assert_int_equal(wzp_endpoint_stream_open(person->endpoint, person->session, &person->stream),
                     WZP_ERR_OK);
    assert_int_equal(write_bytes(person, preface, len), len);
    (void)world;
}

/* 0 opens a stream to 1, and 1 has heard of it. */
static void open_pipe(struct world *world)
{
    const uint8_t preface[] = {WZP_STREAM_KIND_FILE, 0, (uint8_t)world->person[1].slot};
    struct person *other = &world->person[1];
    open_stream(world, 0, preface, sizeof preface);
    run(world, 50);
    assert_int_equal(other->opened, 1);
    const uint8_t heard[] = {WZP_STREAM_KIND_FILE, 0, (uint8_t)world->person[0].slot};
    assert_int_equal(other->got_len, sizeof heard);
    assert_memory_equal(other->got, heard, sizeof heard);
    other->got_len = 0;
}

static void make_pair(struct world *world, uint32_t pipes_max)
{
    make(world, pipes_max);
    join(world, 0);
    join(world, 1);
    open_pipe(world);
}

static void bytes_cross_both_ways(void **state)
{
    struct world world;
    struct wzp_rng rng = wzp_rng_make(1, 1);
    uint8_t *bytes[2];
    size_t written[2] = {0};
    (void)state;
    make_pair(&world, 4);
    for (unsigned side = 0; side < 2; side++) {
        bytes[side] = malloc(BYTES_MAX);
        for (size_t i = 0; i < BYTES_MAX; i++)
            bytes[side][i] = (uint8_t)wzp_rng_u64(&rng);
    }
    for (unsigned turn = 0; turn < 4000 && written[0] + written[1] < 2 * BYTES_MAX; turn++) {
        for (unsigned side = 0; side < 2; side++) {
            size_t len = (size_t)wzp_rng_below(&rng, 5000);
            len = len < BYTES_MAX - written[side] ? len : BYTES_MAX - written[side];
            written[side] += write_bytes(&world.person[side], bytes[side] + written[side], len);
        }
        run(&world, 5);
    }
    for (unsigned side = 0; side < 2; side++)
        end(&world.person[side]);
    run(&world, 5000);
    for (unsigned side = 0; side < 2; side++) {
        const struct person *person = &world.person[side];
        assert_int_equal(person->got_len, BYTES_MAX);
        assert_memory_equal(person->got, bytes[!side], BYTES_MAX);
        assert_true(person->is_ended && person->is_gone);
        assert_int_equal(person->reset, NO_EVENT);
        assert_int_equal(person->stopped, NO_EVENT);
    }
    free(bytes[0]);
    free(bytes[1]);
    assert_int_equal(wzp_relay_counters(world.relay)->pipe_bytes, 2 * BYTES_MAX);
    unmake(&world);
}

/* One direction ends long before the other. */
static void halves_end_apart(void **state)
{
    struct world world;
    (void)state;
    make_pair(&world, 4);
    end(&world.person[0]);
    run(&world, 200);
    assert_true(world.person[1].is_ended);
    assert_false(world.person[0].is_ended);
    assert_int_equal(write_bytes(&world.person[1], "answer", 6), 6);
    run(&world, 200);
    assert_int_equal(world.person[0].got_len, 6);
    end(&world.person[1]);
    run(&world, 500);
    assert_true(world.person[0].is_ended && world.person[0].is_gone && world.person[1].is_gone);
    unmake(&world);
}

static void a_slow_reader_stops_the_writer(void **state)
{
    struct world world;
    static uint8_t piece[8192];
    size_t window = wzp_endpoint_config_relay().limits.bulk_window, written = 0;
    (void)state;
    make_pair(&world, 4);
    world.person[1].is_reading = false;
    for (unsigned turn = 0; turn < 400; turn++) {
        written += write_bytes(&world.person[0], piece, sizeof piece);
        run(&world, 10);
    }
    assert_true(written > window);      /* there is something to hold back */
    assert_true(written <= 4 * window); /* in and out of two hops */
    assert_true(wzp_relay_counters(world.relay)->pipe_bytes <= 2 * window);
    assert_int_equal(write_bytes(&world.person[0], piece, 1), 0);
    world.person[1].is_reading = true;
    world.person[1].got = realloc(world.person[1].got, written);
    size_t left = written;
    while (left > 0) { /* in pieces that fit the test's memory */
        size_t before = world.person[1].got_len;
        read_stream(&world.person[1]);
        run(&world, 10);
        assert_true(world.person[1].got_len > 0 || before > 0);
        left -= world.person[1].got_len;
        world.person[1].got_len = 0;
    }
    end(&world.person[0]);
    end(&world.person[1]);
    run(&world, 500);
    assert_true(world.person[1].is_ended);
    unmake(&world);
}

static void what_cannot_be_piped_is_refused(void **state)
{
    struct world world;
    (void)state;
    static const struct {
        uint8_t preface[3];
        size_t len;
        bool is_joined;
        enum wzp_stream_reason reason;
    } ROWS[] = {
        {{WZP_STREAM_KIND_FILE, 0, 2}, 3, false, WZP_STREAM_REASON_NOT_JOINED},
        {{WZP_STREAM_KIND_FILE, 0, 9}, 3, true, WZP_STREAM_REASON_NOBODY}, /* never given out */
        {{WZP_STREAM_KIND_FILE, 0, 1}, 3, true, WZP_STREAM_REASON_NOBODY}, /* its own, and the other room's */
        {{WZP_STREAM_KIND_FILE, 0, 0}, 3, true, WZP_STREAM_REASON_NOBODY},
        {{0, 0, 2}, 3, true, WZP_STREAM_REASON_PREFACE},
        {{77, 0, 2}, 3, true, WZP_STREAM_REASON_PREFACE},
        {{WZP_STREAM_KIND_FILE, 0, 2}, 2, true, WZP_STREAM_REASON_PREFACE},
        {{0}, 0, true, WZP_STREAM_REASON_PREFACE},
    };
    for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
        make(&world, 4);
        if (ROWS[i].is_joined)
            join(&world, 0);
        else
            connect(&world, 0);
        if (ROWS[i].is_joined)
            join(&world, 1);
        join(&world, 3);
        run(&world, 100);
        open_stream(&world, 0, ROWS[i].preface, ROWS[i].len);
        if (ROWS[i].len < 3)
            end(&world.person[0]);
        run(&world, 500);
        if (world.person[0].reset != ROWS[i].reason)
            fail_msg("row %zu: reset with %u", i, world.person[0].reset);
        if (ROWS[i].len == 3)
            assert_int_equal(world.person[0].stopped, ROWS[i].reason);
        assert_int_equal(world.person[1].opened + world.person[3].opened, 0);
        assert_int_equal(wzp_relay_counters(world.relay)->pipes_refused, 1);
        unmake(&world);
    }
}

static void reset_and_stop_pass_with_their_reasons(void **state)
{
    struct world world;
    (void)state;
    make_pair(&world, 4);
    struct person *opener = &world.person[0], *other = &world.person[1];
    wzp_endpoint_stream_reset(opener->endpoint, opener->session, opener->stream, 41);
    run(&world, 200);
    assert_int_equal(other->reset, 41);
    assert_int_equal(opener->reset, NO_EVENT);
    wzp_endpoint_stream_stop(opener->endpoint, opener->session, opener->stream, 42);
    run(&world, 500);
    assert_int_equal(other->stopped, 42);
    unmake(&world);

    make_pair(&world, 4);
    wzp_endpoint_stream_stop(other->endpoint, other->session, other->stream, 43);
    run(&world, 200);
    assert_int_equal(opener->stopped, 43);
    assert_int_equal(write_bytes(other, "why", 3), 3); /* the other direction lives */
    end(other);
    run(&world, 500);
    assert_int_equal(opener->got_len, 3);
    assert_true(opener->is_ended);
    unmake(&world);
}

static void who_leaves_resets_its_pipes(void **state)
{
    struct world world;
    (void)state;
    for (unsigned leaver = 0; leaver < 2; leaver++) {
        make_pair(&world, 4);
        struct person *person = &world.person[leaver], *left = &world.person[!leaver];
        write_bytes(person, "some", 4);
        wzp_endpoint_close(person->endpoint, person->session, WZP_CLOSE_REASON_LEFT, world.now_ns);
        run(&world, 500);
        assert_int_equal(left->reset, WZP_STREAM_REASON_LEFT);
        assert_int_equal(left->stopped, WZP_STREAM_REASON_LEFT);
        unmake(&world);
    }
}

static void pipes_are_bounded(void **state)
{
    struct world world;
    (void)state;
    make_pair(&world, 1);
    uint64_t first = world.person[0].stream;
    const uint8_t preface[] = {WZP_STREAM_KIND_FILE, 0, (uint8_t)world.person[1].slot};
    open_stream(&world, 0, preface, sizeof preface);
    run(&world, 200);
    assert_int_equal(world.person[0].reset, WZP_STREAM_REASON_LIMIT);
    assert_int_equal(world.person[1].opened, 1);
    world.person[0].stream = first; /* that one lives on, and when it is over there is room */
    end(&world.person[0]);
    end(&world.person[1]);
    run(&world, 500);
    open_stream(&world, 0, preface, sizeof preface);
    run(&world, 200);
    assert_int_equal(world.person[1].opened, 2);
    wzp_endpoint_close(world.person[0].endpoint, world.person[0].session, WZP_CLOSE_REASON_LEFT,
                       world.now_ns);
    run(&world, 500);
    unmake(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_cross_both_ways),
        cmocka_unit_test(halves_end_apart),
        cmocka_unit_test(a_slow_reader_stops_the_writer),
        cmocka_unit_test(what_cannot_be_piped_is_refused),
        cmocka_unit_test(reset_and_stop_pass_with_their_reasons),
        cmocka_unit_test(who_leaves_resets_its_pipes),
        cmocka_unit_test(pipes_are_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
