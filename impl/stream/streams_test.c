// SPDX-License-Identifier: Apache-2.0
/* Two tables whose frames are carried by hand. Over a link with all its faults: session/streams_test.c. */
#include "base/rng.h"
#include "stream/streams.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define WINDOW  1000
#define PACKETS 64

struct side {
    struct wzp_stream slots[16];
    uint8_t memory[16 * 2 * WINDOW];
    struct wzp_stream_pool pool;
    struct wzp_streams streams;
    uint64_t number;
};

static struct side a, b; /* a is the initiator */

static void begin(uint32_t slots, uint32_t granted)
{
    for (unsigned i = 0; i < 2; i++) {
        struct side *side = i ? &b : &a;
        memset(side, 0, sizeof *side);
        wzp_stream_pool_init(&side->pool, side->slots, side->memory, slots, WINDOW);
        wzp_streams_init(&side->streams, &side->pool, granted, 4 * WINDOW);
        wzp_streams_set_peer(&side->streams, i == 0, granted, WINDOW, 4 * WINDOW);
    }
}

static void end(void)
{
    wzp_streams_deinit(&a.streams);
    wzp_streams_deinit(&b.streams);
    assert_int_equal(a.pool.ours + a.pool.theirs + b.pool.ours + b.pool.theirs, 0);
}

struct packet {
    uint8_t bytes[400];
    size_t len;
    uint64_t number;
    struct wzp_stream_part parts[4];
    unsigned count;
    bool has_limits;
};

static bool compose(struct side *from, struct packet *packet)
{
    struct wzp_writer writer = wzp_writer_make(packet->bytes, sizeof packet->bytes);
    enum wzp_streams_sort sort = WZP_STREAMS_ANY;
    *packet = (struct packet){.number = from->number};
    packet->has_limits = wzp_streams_put_limits(&from->streams, &writer, from->number);
    while (packet->count < 4 &&
           wzp_streams_put(&from->streams, &writer, from->number, true, &sort, &packet->parts[packet->count]))
        packet->count++;
    packet->len = wzp_writer_len(&writer);
    assert_false(writer.failed);
    from->number += packet->len > 0;
    return packet->len > 0;
}

static enum wzp_streams_verdict take_in(struct side *to, const struct packet *packet)
{
    struct wzp_reader reader = wzp_reader_make(packet->bytes, packet->len);
    enum wzp_streams_verdict worst = WZP_STREAMS_OK, verdict = WZP_STREAMS_OK;
    struct wzp_frame frame;
    while (wzp_frame_decode(&reader, &frame) == WZP_FRAME_OK) {
        if (frame.type == WZP_FRAME_TYPE_STREAM)
            verdict = wzp_streams_on_data(&to->streams, &frame.stream);
        else if (frame.type == WZP_FRAME_TYPE_STREAM_END)
            verdict = wzp_streams_on_end(&to->streams, &frame.stream_end);
        else if (frame.type == WZP_FRAME_TYPE_STREAM_RESET)
            verdict = wzp_streams_on_reset(&to->streams, &frame.stream_reset);
        else if (frame.type == WZP_FRAME_TYPE_STREAM_STOP)
            verdict = wzp_streams_on_stop(&to->streams, &frame.stream_stop);
        else if (frame.type == WZP_FRAME_TYPE_MAX_STREAM_DATA)
            verdict = wzp_streams_on_credit(&to->streams, &frame.max_stream_data);
        else if (frame.type == WZP_FRAME_TYPE_MAX_DATA)
            wzp_streams_on_max_data(&to->streams, frame.max_data.limit);
        else
            wzp_streams_on_max_streams(&to->streams, frame.max_streams.count);
        worst = verdict > worst ? verdict : worst;
    }
    return worst;
}

static void judge(struct side *from, const struct packet *packet, bool arrived)
{
    for (unsigned i = 0; i < packet->count; i++) {
        if (arrived)
            wzp_streams_on_acked(&from->streams, &packet->parts[i]);
        else
            wzp_streams_on_lost(&from->streams, &packet->parts[i], packet->number);
    }
    if (!arrived && packet->has_limits)
        wzp_streams_on_limits_lost(&from->streams, packet->number);
}

/* All that either side has to say, until both are silent. */
static void carry(void)
{
    struct packet packet;
    for (bool spoke = true; spoke;) {
        spoke = false;
        while (compose(&a, &packet)) {
            assert_int_equal(take_in(&b, &packet), WZP_STREAMS_OK);
            judge(&a, &packet, true);
            spoke = true;
        }
        while (compose(&b, &packet)) {
            assert_int_equal(take_in(&a, &packet), WZP_STREAMS_OK);
            judge(&b, &packet, true);
            spoke = true;
        }
    }
}

static void expect_note(struct side *side, uint64_t id, enum wzp_stream_note note)
{
    uint64_t noted;
    enum wzp_stream_note taken;
    uint16_t reason;
    assert_true(wzp_streams_take_note(&side->streams, &noted, &taken, &reason));
    assert_int_equal(noted, id);
    assert_int_equal(taken, note);
}

static void expect_silence(struct side *side)
{
    uint64_t id;
    enum wzp_stream_note note;
    uint16_t reason;
    assert_false(wzp_streams_take_note(&side->streams, &id, &note, &reason));
}

static void a_life(void **state)
{
    (void)state;
    begin(16, 4);
    const uint8_t *data;
    struct wzp_stream *out = wzp_streams_open(&a.streams);
    assert_int_equal(out->id, 2);
    assert_int_equal(wzp_streams_open(&b.streams)->id, 1);
    assert_int_equal(wzp_streams_write(&a.streams, out, "question", 8), 8);
    assert_true(wzp_streams_end(&a.streams, out));
    assert_false(wzp_streams_end(&a.streams, out));
    carry();
    expect_note(&b, 2, WZP_STREAM_NOTE_OPENED);
    expect_note(&b, 2, WZP_STREAM_NOTE_READABLE);
    expect_note(&b, 2, WZP_STREAM_NOTE_ENDED);
    struct wzp_stream *in = wzp_streams_find(&b.streams, 2);
    assert_int_equal(wzp_streams_peek(in, &data), 8);
    assert_memory_equal(data, "question", 8);
    assert_false(wzp_streams_at_end(in));
    wzp_streams_consume(&b.streams, in, 8);
    assert_true(wzp_streams_at_end(in));
    assert_int_equal(wzp_streams_write(&b.streams, in, "answer", 6), 6);
    wzp_streams_end(&b.streams, in);
    carry();
    expect_note(&a, 2, WZP_STREAM_NOTE_READABLE);
    expect_note(&a, 2, WZP_STREAM_NOTE_ENDED);
    expect_silence(&a);
    wzp_streams_consume(&a.streams, out, 6);
    expect_note(&a, 2, WZP_STREAM_NOTE_GONE);
    expect_note(&b, 2, WZP_STREAM_NOTE_GONE);
    assert_null(wzp_streams_find(&a.streams, 2));
    assert_null(wzp_streams_find(&b.streams, 2));
    assert_int_equal(b.streams.peer_max, 5);
    carry();
    assert_int_equal(a.streams.opened_max, 5);
    assert_int_equal(wzp_streams_open(&a.streams)->id, 4);
    end();
}

/* Frames that a peer may and may not send; the receiver is the responder and opened stream 1. */
static void frames_of_a_peer(void **state)
{
    (void)state;
    static const struct {
        uint64_t id, offset;
        size_t len;
        enum wzp_streams_verdict verdict;
    } rows[] = {
        {2, 0, 10, WZP_STREAMS_OK},
        {8, 0, 0, WZP_STREAMS_OK}, /* opens 4 and 6, too */
        {10, 0, 0, WZP_STREAMS_BAD_COUNT},
        {1, 0, 10, WZP_STREAMS_OK},
        {3, 0, 10, WZP_STREAMS_BAD_ID},
        {2, 991, 10, WZP_STREAMS_BAD_LIMIT},
        {2, 990, 10, WZP_STREAMS_OK},
        {4, 990, 10, WZP_STREAMS_OK},
        {6, 990, 10, WZP_STREAMS_OK},
        {8, 950, 40, WZP_STREAMS_OK},
        {8, 990, 1, WZP_STREAMS_BAD_LIMIT}, /* of the session: stream 1 has 10 of the 4000 */
        {2, 0, 1000, WZP_STREAMS_OK},       /* again, and more of it: counts once */
        {UINT64_MAX >> 2, 0, 0, WZP_STREAMS_BAD_ID},
        {(UINT64_MAX >> 2) - 1, 0, 0, WZP_STREAMS_BAD_COUNT},
        {2, (UINT64_MAX >> 2) - 1, 1, WZP_STREAMS_BAD_LIMIT},
    };
    uint8_t bytes[1000] = {0};
    begin(16, 4);
    assert_non_null(wzp_streams_open(&b.streams));
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct wzp_frame_stream frame = {rows[i].id, rows[i].offset, {bytes, rows[i].len}};
        if (wzp_streams_on_data(&b.streams, &frame) != rows[i].verdict)
            fail_msg("row %u", (unsigned)i);
    }
    assert_int_equal(b.streams.peer_opened, 4);
    assert_int_equal(b.streams.received, 4000);
    end();
}

static void sizes_of_a_peer(void **state)
{
    (void)state;
    static const struct {
        bool is_reset;
        uint64_t size;
        enum wzp_streams_verdict verdict;
    } rows[] = {
        {false, 99, WZP_STREAMS_BAD_SIZE}, /* 100 came */
        {true, 99, WZP_STREAMS_BAD_SIZE},    {false, 1001, WZP_STREAMS_BAD_LIMIT},
        {true, 1001, WZP_STREAMS_BAD_LIMIT}, {false, 200, WZP_STREAMS_OK},
        {false, 200, WZP_STREAMS_OK},        {false, 201, WZP_STREAMS_BAD_SIZE},
        {true, 199, WZP_STREAMS_BAD_SIZE},   {true, 200, WZP_STREAMS_OK},
        {true, 200, WZP_STREAMS_OK},         {false, 200, WZP_STREAMS_OK},
    };
    uint8_t bytes[100] = {0};
    begin(16, 4);
    struct wzp_frame_stream data = {2, 0, {bytes, sizeof bytes}};
    assert_int_equal(wzp_streams_on_data(&b.streams, &data), WZP_STREAMS_OK);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct wzp_frame_stream_end ended = {2, rows[i].size};
        struct wzp_frame_stream_reset reset = {2, 7, rows[i].size};
        enum wzp_streams_verdict verdict = rows[i].is_reset ? wzp_streams_on_reset(&b.streams, &reset)
                                                            : wzp_streams_on_end(&b.streams, &ended);
        if (verdict != rows[i].verdict)
            fail_msg("row %u", (unsigned)i);
    }
    assert_int_equal(b.streams.consumed, 200); /* what the reset made vain holds no credit */
    end();
}

/* Half of the slots are for each side's streams, and the peer's surplus is refused, not punished. */
static void slots_are_shared(void **state)
{
    (void)state;
    begin(8, 16);
    for (unsigned i = 0; i < 4; i++)
        assert_non_null(wzp_streams_open(&b.streams));
    assert_null(wzp_streams_open(&b.streams));
    struct wzp_frame_stream frame = {.id = 8};
    assert_int_equal(wzp_streams_on_data(&b.streams, &frame), WZP_STREAMS_OK);
    frame.id = 10;
    assert_int_equal(wzp_streams_on_data(&b.streams, &frame), WZP_STREAMS_NO_ROOM);
    assert_null(wzp_streams_find(&b.streams, 10));
    frame.id = 2;
    assert_int_equal(wzp_streams_on_data(&b.streams, &frame), WZP_STREAMS_OK);
    end();
}

/* A newcomer shares no packet with streams that the peer is known to hold, and they take turns. */
static void newcomers_keep_to_themselves(void **state)
{
    (void)state;
    uint8_t bytes[1000] = {0};
    struct packet packet;
    begin(16, 16);
    struct wzp_stream *known = wzp_streams_open(&a.streams);
    wzp_streams_write(&a.streams, known, bytes, 1);
    carry();
    wzp_streams_write(&a.streams, known, bytes, 999);
    struct wzp_stream *newcomer = wzp_streams_open(&a.streams);
    wzp_streams_write(&a.streams, newcomer, bytes, 999);
    unsigned turns[2] = {0};
    while (compose(&a, &packet)) {
        for (unsigned i = 1; i < packet.count; i++)
            assert_int_equal(packet.parts[i].id, packet.parts[0].id);
        turns[packet.parts[0].id == newcomer->id]++;
        assert_in_range(turns[1] + 1, turns[0], turns[0] + 2);
    }
    assert_true(turns[0] >= 2 && turns[1] >= 2);
    end();
}

/* Whatever is lost, all arrives; what was said of a stream is not said again once something newer said it. */
static void lost_packets_are_made_good(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 50; seed++) {
        struct wzp_rng rng = wzp_rng_make(seed, 0);
        struct packet packets[PACKETS];
        unsigned out = 0;
        begin(16, 8);
        struct wzp_stream *stream = wzp_streams_open(&a.streams);
        uint64_t written = 0, read = 0;
        bool over = false;
        for (unsigned step = 0; !over; step++) {
            assert_true(step < 20000);
            uint8_t bytes[300];
            size_t len = wzp_rng_below(&rng, sizeof bytes);
            len = written + len > 20000 ? (size_t)(20000 - written) : len;
            for (size_t i = 0; i < len; i++)
                bytes[i] = (uint8_t)((written + i) * 7 + (written + i) / 256);
            written += wzp_streams_write(&a.streams, stream, bytes, len);
            if (written == 20000)
                wzp_streams_end(&a.streams, stream);
            struct packet back;
            if (compose(&b, &back)) {
                bool arrives = wzp_rng_below(&rng, 2);
                if (arrives)
                    assert_int_equal(take_in(&a, &back), WZP_STREAMS_OK);
                judge(&b, &back, arrives);
            }
            if (out < PACKETS && compose(&a, &packets[out]))
                out++;
            if (out && wzp_rng_below(&rng, 2)) {
                unsigned at = (unsigned)wzp_rng_below(&rng, out);
                bool arrives = wzp_rng_below(&rng, 2);
                if (arrives)
                    arrives = take_in(&b, &packets[at]) == WZP_STREAMS_OK;
                judge(&a, &packets[at], arrives);
                packets[at] = packets[--out];
            }
            struct wzp_stream *in = wzp_streams_find(&b.streams, 2);
            const uint8_t *data;
            size_t ready = in ? wzp_streams_peek(in, &data) : 0;
            for (size_t i = 0; i < ready; i++)
                assert_int_equal(data[i], (uint8_t)((read + i) * 7 + (read + i) / 256));
            read += ready;
            if (ready)
                wzp_streams_consume(&b.streams, in, ready);
            over = in && wzp_streams_at_end(in) && stream->out_state == WZP_STREAM_OUT_DONE;
        }
        assert_int_equal(read, 20000);
        assert_int_equal(a.streams.sent, 20000);
        assert_int_equal(b.streams.consumed, 20000);
        end();
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_life),
        cmocka_unit_test(frames_of_a_peer),
        cmocka_unit_test(sizes_of_a_peer),
        cmocka_unit_test(slots_are_shared),
        cmocka_unit_test(newcomers_keep_to_themselves),
        cmocka_unit_test(lost_packets_are_made_good),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
