// SPDX-License-Identifier: Apache-2.0
#include "wire/wire.h"

#include "base/rng.h"
#include "wire/signal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static const uint8_t filler[WZP_SIGNAL_MAX] = {1, 2, 3, 4, 5, 6, 7, 8, 9};

/* Bytes that a person laid out by hand from proto/wire.lua. */
static void golden_bytes(void **state)
{
    (void)state;
    uint8_t bytes[64];
    struct wzp_writer writer = wzp_writer_make(bytes, sizeof bytes);
    struct wzp_media_header header = {.flags = WZP_MEDIA_FLAG_QUALITY,
                                      .media_type = WZP_MEDIA_TYPE_AUDIO,
                                      .codec = WZP_CODEC_COMFORT_NOISE,
                                      .stream = 1,
                                      .repair_ratio = 0x20,
                                      .sequence = 0x01020304,
                                      .timestamp_ms = 0x05060708,
                                      .block = 0x090a};
    wzp_media_header_encode(&writer, &header);
    static const uint8_t header_bytes[] = {2, 0x40, 0, 5, 1, 0x20, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10};
    assert_int_equal(wzp_writer_len(&writer), WZP_MEDIA_HEADER_LEN);
    assert_memory_equal(bytes, header_bytes, sizeof header_bytes);

    writer = wzp_writer_make(bytes, sizeof bytes);
    wzp_frame_media_mini_encode(&writer,
                                &(struct wzp_frame_media_mini){.ref = 0x0102,
                                                               .sequence_delta = 3,
                                                               .timestamp_delta_ms = 0x0405,
                                                               .payload = {(const uint8_t *)"ab", 2}});
    static const uint8_t mini_bytes[] = {0x11, 1, 2, 3, 4, 5, 0, 2, 'a', 'b'};
    assert_int_equal(wzp_writer_len(&writer), sizeof mini_bytes);
    assert_memory_equal(bytes, mini_bytes, sizeof mini_bytes);

    writer = wzp_writer_make(bytes, sizeof bytes);
    wzp_frame_ack_encode(
        &writer,
        &(struct wzp_frame_ack){
            .largest = 300, .delay_8us = 5, .first_range = 2, .ranges_count = 1, .ranges = {{1, 64}}});
    static const uint8_t ack_bytes[] = {0x02, 0x41, 0x2c, 5, 2, 1, 1, 0x40, 0x40};
    assert_int_equal(wzp_writer_len(&writer), sizeof ack_bytes);
    assert_memory_equal(bytes, ack_bytes, sizeof ack_bytes);

    writer = wzp_writer_make(bytes, sizeof bytes);
    wzp_frame_close_encode(&writer, &(struct wzp_frame_close){.reason = WZP_CLOSE_REASON_ROOM_FULL});
    static const uint8_t close_bytes[] = {0x1f, 0, 18, 0};
    assert_memory_equal(bytes, close_bytes, sizeof close_bytes);
}

static size_t encode(const struct wzp_frame *frame, uint8_t *out, size_t capacity)
{
    struct wzp_writer writer = wzp_writer_make(out, capacity);
    size_t size = 0;
    switch (frame->type) {
#define FRAME(TYPE, name)                                                                                    \
    case WZP_FRAME_TYPE_##TYPE:                                                                              \
        wzp_frame_##name##_encode(&writer, &frame->name);                                                    \
        size = wzp_frame_##name##_size(&frame->name);                                                        \
        break
        FRAME(PING, ping);
        FRAME(ACK, ack);
        FRAME(STREAM, stream);
        FRAME(MAX_STREAM_DATA, max_stream_data);
        FRAME(STREAM_END, stream_end);
        FRAME(STREAM_RESET, stream_reset);
        FRAME(STREAM_STOP, stream_stop);
        FRAME(MAX_DATA, max_data);
        FRAME(MAX_STREAMS, max_streams);
        FRAME(REKEY, rekey);
        FRAME(PATH_CHALLENGE, path_challenge);
        FRAME(PATH_RESPONSE, path_response);
        FRAME(NEW_CONNECTION_ID, new_connection_id);
        FRAME(RETIRE_CONNECTION_ID, retire_connection_id);
        FRAME(MEDIA, media);
        FRAME(MEDIA_MINI, media_mini);
        FRAME(KEY, key);
        FRAME(KEY_ACK, key_ack);
        FRAME(REPAIR, repair);
        FRAME(PATH_RATE, path_rate);
        FRAME(LOAD, load);
        FRAME(LOAD_WANTED, load_wanted);
        FRAME(FEEDBACK, feedback);
        FRAME(CLOSE, close);
#undef FRAME
    case WZP_FRAME_TYPE_PADDING:
        fail();
    }
    assert_false(writer.failed);
    assert_int_equal(wzp_writer_len(&writer), size); /* size says what encode writes */
    return wzp_writer_len(&writer);
}

static uint64_t some_varint(struct wzp_rng *rng)
{
    return wzp_rng_u64(rng) >> (2 + wzp_rng_below(rng, 62));
}

static struct wzp_slice some_bytes(struct wzp_rng *rng, size_t max)
{
    return (struct wzp_slice){filler, (size_t)wzp_rng_below(rng, max + 1)};
}

static const enum wzp_frame_type some_types[] = {
    WZP_FRAME_TYPE_PING,
    WZP_FRAME_TYPE_ACK,
    WZP_FRAME_TYPE_STREAM,
    WZP_FRAME_TYPE_MEDIA,
    WZP_FRAME_TYPE_MEDIA_MINI,
    WZP_FRAME_TYPE_MAX_STREAM_DATA,
    WZP_FRAME_TYPE_KEY,
    WZP_FRAME_TYPE_KEY_ACK,
    WZP_FRAME_TYPE_CLOSE,
    WZP_FRAME_TYPE_REPAIR,
    WZP_FRAME_TYPE_PATH_RATE,
    WZP_FRAME_TYPE_LOAD,
    WZP_FRAME_TYPE_LOAD_WANTED,
    WZP_FRAME_TYPE_STREAM_END,
    WZP_FRAME_TYPE_STREAM_RESET,
    WZP_FRAME_TYPE_STREAM_STOP,
    WZP_FRAME_TYPE_MAX_DATA,
    WZP_FRAME_TYPE_MAX_STREAMS,
    WZP_FRAME_TYPE_REKEY,
    WZP_FRAME_TYPE_NEW_CONNECTION_ID,
    WZP_FRAME_TYPE_PATH_CHALLENGE,
    WZP_FRAME_TYPE_PATH_RESPONSE,
    WZP_FRAME_TYPE_RETIRE_CONNECTION_ID,
    WZP_FRAME_TYPE_FEEDBACK,
};

static void some_media(struct wzp_rng *rng, struct wzp_frame *frame)
{
    switch (frame->type) {
    case WZP_FRAME_TYPE_MEDIA:
        frame->media.slot = (uint16_t)wzp_rng_u64(rng);
        frame->media.header.sequence = (uint32_t)wzp_rng_u64(rng);
        frame->media.header.timestamp_ms = (uint32_t)wzp_rng_u64(rng);
        frame->media.header.flags = (uint8_t)wzp_rng_u64(rng);
        frame->media.payload = some_bytes(rng, WZP_MEDIA_PAYLOAD_MAX);
        break;
    case WZP_FRAME_TYPE_MEDIA_MINI:
        frame->media_mini.ref = (uint16_t)wzp_rng_u64(rng);
        frame->media_mini.sequence_delta = (uint8_t)wzp_rng_u64(rng);
        frame->media_mini.payload = some_bytes(rng, WZP_MEDIA_PAYLOAD_MAX);
        break;
    case WZP_FRAME_TYPE_REPAIR:
        frame->repair.id = (uint16_t)wzp_rng_u64(rng);
        frame->repair.segments_count = (uint8_t)wzp_rng_below(rng, 9);
        for (unsigned i = 0; i < frame->repair.segments_count; i++)
            frame->repair.segments[i] = (struct wzp_repair_segment){
                .slot = (uint16_t)wzp_rng_u64(rng),
                .first = (uint32_t)wzp_rng_u64(rng),
                .span = (uint8_t)wzp_rng_u64(rng),
                .absent = some_bytes(rng, 32),
            };
        frame->repair.symbol = some_bytes(rng, 550);
        break;
    case WZP_FRAME_TYPE_PATH_RATE:
        frame->path_rate.rate_kbps = some_varint(rng);
        break;
    case WZP_FRAME_TYPE_LOAD:
        frame->load.zeros = some_bytes(rng, 550);
        break;
    case WZP_FRAME_TYPE_LOAD_WANTED:
        frame->load_wanted.id = some_varint(rng);
        frame->load_wanted.ms = some_varint(rng);
        frame->load_wanted.rate_kbps = some_varint(rng);
        break;
    case WZP_FRAME_TYPE_FEEDBACK:
        frame->feedback.largest = some_varint(rng);
        frame->feedback.delay_8us = some_varint(rng);
        frame->feedback.clock_125us = (uint16_t)wzp_rng_u64(rng);
        frame->feedback.loss = (uint8_t)wzp_rng_u64(rng);
        frame->feedback.span = wzp_rng_below(rng, WZP_FEEDBACK_SPAN_MAX + 1);
        frame->feedback.receipts = some_bytes(rng, 64);
        frame->feedback.arrivals = some_bytes(rng, 80);
        break;
    default:
        break;
    }
}

static struct wzp_frame some_frame(struct wzp_rng *rng)
{
    struct wzp_frame frame;
    memset(&frame, 0, sizeof frame);
    frame.type = some_types[wzp_rng_below(rng, sizeof some_types / sizeof *some_types)];
    switch (frame.type) {
    case WZP_FRAME_TYPE_ACK:
        frame.ack.largest = some_varint(rng);
        frame.ack.delay_8us = some_varint(rng);
        frame.ack.first_range = some_varint(rng);
        frame.ack.ranges_count = (uint8_t)wzp_rng_below(rng, WZP_ACK_RANGES_MAX + 1);
        for (unsigned i = 0; i < frame.ack.ranges_count; i++)
            frame.ack.ranges[i] = (struct wzp_ack_range){some_varint(rng), some_varint(rng)};
        break;
    case WZP_FRAME_TYPE_STREAM:
        frame.stream = (struct wzp_frame_stream){
            .id = some_varint(rng), .offset = some_varint(rng), .data = some_bytes(rng, 900)};
        break;
    case WZP_FRAME_TYPE_MAX_STREAM_DATA:
        frame.max_stream_data = (struct wzp_frame_max_stream_data){some_varint(rng), some_varint(rng)};
        break;
    case WZP_FRAME_TYPE_PATH_CHALLENGE:
        frame.path_challenge.token[7] = (uint8_t)wzp_rng_u64(rng);
        break;
    case WZP_FRAME_TYPE_PATH_RESPONSE:
        frame.path_response.token[0] = (uint8_t)wzp_rng_u64(rng);
        break;
    case WZP_FRAME_TYPE_RETIRE_CONNECTION_ID:
        frame.retire_connection_id.sequence = some_varint(rng);
        break;
    case WZP_FRAME_TYPE_NEW_CONNECTION_ID:
        frame.new_connection_id.sequence = some_varint(rng);
        frame.new_connection_id.id = (uint32_t)wzp_rng_u64(rng);
        frame.new_connection_id.reset_token[15] = (uint8_t)wzp_rng_u64(rng);
        break;
    case WZP_FRAME_TYPE_STREAM_END:
        frame.stream_end = (struct wzp_frame_stream_end){some_varint(rng), some_varint(rng)};
        break;
    case WZP_FRAME_TYPE_STREAM_RESET:
        frame.stream_reset = (struct wzp_frame_stream_reset){
            .id = some_varint(rng), .reason = (uint16_t)wzp_rng_u64(rng), .size = some_varint(rng)};
        break;
    case WZP_FRAME_TYPE_STREAM_STOP:
        frame.stream_stop = (struct wzp_frame_stream_stop){.id = some_varint(rng),
                                                           .reason = (uint16_t)wzp_rng_u64(rng)};
        break;
    case WZP_FRAME_TYPE_MAX_DATA:
        frame.max_data.limit = some_varint(rng);
        break;
    case WZP_FRAME_TYPE_MAX_STREAMS:
        frame.max_streams.count = some_varint(rng);
        break;
    case WZP_FRAME_TYPE_KEY:
        frame.key.slot = (uint16_t)wzp_rng_u64(rng);
        memcpy(frame.key.body, filler, sizeof frame.key.body);
        break;
    case WZP_FRAME_TYPE_REKEY:
        frame.rekey.generation = some_varint(rng);
        memcpy(frame.rekey.public_key, filler, sizeof frame.rekey.public_key);
        break;
    case WZP_FRAME_TYPE_CLOSE:
        frame.close.reason = (uint16_t)wzp_rng_u64(rng);
        frame.close.text = some_bytes(rng, 128);
        break;
    default:
        some_media(rng, &frame);
        break;
    }
    return frame;
}

static void every_frame_comes_back_and_every_cut_is_refused(void **state)
{
    (void)state;
    struct wzp_rng rng = wzp_rng_make(5, 6);
    for (unsigned round = 0; round < 3000; round++) {
        struct wzp_frame frame = some_frame(&rng), got;
        uint8_t bytes[1300], again[1300], exact[1300];
        size_t padding = (size_t)wzp_rng_below(&rng, 4);
        memset(bytes, WZP_FRAME_TYPE_PADDING, padding);
        size_t len = encode(&frame, bytes + padding, sizeof bytes - padding);
        struct wzp_reader reader = wzp_reader_make(bytes, padding + len);
        assert_int_equal(wzp_frame_decode(&reader, &got), WZP_FRAME_OK);
        assert_int_equal(got.type, frame.type);
        assert_int_equal(encode(&got, again, sizeof again), len);
        assert_memory_equal(again, bytes + padding, len);
        assert_int_equal(wzp_frame_decode(&reader, &got), WZP_FRAME_END);
        size_t rest = frame.type == WZP_FRAME_TYPE_REPAIR ? frame.repair.symbol.len
                      : frame.type == WZP_FRAME_TYPE_LOAD ? frame.load.zeros.len
                                                          : 0;
        size_t whole = len - rest;
        size_t cut = (size_t)wzp_rng_below(&rng, whole); /* of the symbol, the rest of a packet, any is one */
        memcpy(exact + sizeof exact - cut, bytes + padding,
               cut); /* at the end, so that an overread is seen */
        reader = wzp_reader_make(exact + sizeof exact - cut, cut);
        assert_int_equal(wzp_frame_decode(&reader, &got), cut ? WZP_FRAME_MALFORMED : WZP_FRAME_END);
    }
}

static void what_is_against_the_tables_is_malformed(void **state)
{
    (void)state;
    static const struct {
        uint8_t bytes[24];
        size_t len;
        enum wzp_frame_result result;
    } rows[] = {
        {{0x00, 0x00}, 2, WZP_FRAME_END},
        {{0x0f}, 1, WZP_FRAME_UNKNOWN},
        {{0xff}, 1, WZP_FRAME_UNKNOWN},
        {{0x02, 5, 0, 0, 33}, 5, WZP_FRAME_MALFORMED},               /* more ranges than an ACK holds */
        {{0x10, 0, 0, 3}, 4, WZP_FRAME_MALFORMED},                   /* media header of version 3 */
        {{0x11, 0, 0, 0, 0, 0, 0xff, 0xff}, 8, WZP_FRAME_MALFORMED}, /* longer than a payload may be */
        {{0x1f, 0, 0, 129}, 4, WZP_FRAME_MALFORMED},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct wzp_reader reader = wzp_reader_make(rows[i].bytes, rows[i].len);
        struct wzp_frame frame;
        assert_int_equal(wzp_frame_decode(&reader, &frame), rows[i].result);
    }
    uint8_t out[WZP_SIGNAL_MAX];
    struct wzp_writer writer = wzp_writer_make(out, sizeof out);
    wzp_frame_media_encode(&writer,
                           &(struct wzp_frame_media){.payload = {filler, WZP_MEDIA_PAYLOAD_MAX + 1}});
    assert_true(writer.failed);
}

static void names_are_there_for_all(void **state)
{
    (void)state;
    for (unsigned i = 0; i < WZP_DROP_COUNT; i++) {
        assert_string_not_equal(wzp_drop_name(i), "unknown");
        assert_string_not_equal(wzp_drop_text(i), "unknown");
    }
    assert_string_equal(wzp_drop_name(WZP_DROP_SEAL), "seal");
    assert_string_equal(wzp_drop_name(WZP_DROP_COUNT), "unknown");
    assert_string_equal(wzp_close_reason_text(WZP_CLOSE_REASON_ROOM_FULL), "the room is full");
    assert_string_equal(wzp_close_reason_text(9999), "unknown");
}

/* ---- signals ---- */

static enum wzp_signal_result decode(const uint8_t *message, size_t len, struct wzp_signal *signal)
{
    static uint8_t memory[WZP_SIGNAL_ARENA];
    struct wzp_arena arena = wzp_arena_make(memory, sizeof memory);
    return wzp_signal_decode((struct wzp_slice){message, len}, signal, &arena);
}

static void signals_come_back(void **state)
{
    (void)state;
    uint8_t bytes[WZP_SIGNAL_MAX + 2];
    struct wzp_signal signal = {.kind = WZP_SIGNAL_JOINED,
                                .joined = {.slot = 65535, .member_count = WZP_MEMBERS_MAX}};
    struct wzp_signal got;
    for (uint16_t i = 0; i < WZP_MEMBERS_MAX; i++)
        signal.joined.members[i] = (struct wzp_signal_member){.slot = (uint16_t)(i + 1),
                                                              .record = {filler + i, WZP_MEMBER_RECORD_LEN}};
    struct wzp_writer writer = wzp_writer_make(bytes, sizeof bytes);
    wzp_signal_encode(&writer, &signal);
    assert_false(writer.failed);
    size_t len = wzp_writer_len(&writer);
    assert_int_equal((size_t)bytes[0] << 8 | bytes[1], len - 2);
    assert_int_equal(decode(bytes + 2, len - 2, &got), WZP_SIGNAL_OK);
    assert_int_equal(got.joined.slot, 65535);
    assert_int_equal(got.joined.member_count, WZP_MEMBERS_MAX);
    for (unsigned i = 0; i < WZP_MEMBERS_MAX; i++)
        assert_memory_equal(got.joined.members[i].record.data, filler + i, WZP_MEMBER_RECORD_LEN);
    for (size_t cut = 0; cut < len - 2; cut += 97) /* protobuf cuts at field bounds may be well formed */
        if (decode(bytes + 2, cut, &got) == WZP_SIGNAL_OK)
            assert_true(got.kind == WZP_SIGNAL_JOINED && got.joined.member_count < WZP_MEMBERS_MAX);
}

static void signals_are_checked(void **state)
{
    (void)state;
    static const struct {
        uint8_t bytes[16];
        size_t len;
        enum wzp_signal_result result;
    } rows[] = {
        {{0}, 0, WZP_SIGNAL_MALFORMED},                                  /* no version */
        {{0x08, 0x02}, 2, WZP_SIGNAL_SKIPPED},                           /* nothing that is known here */
        {{0x08, 0x03, 0x2a, 0x02, 0x08, 0x01}, 6, WZP_SIGNAL_MALFORMED}, /* version 3 */
        {{0x08, 0x02, 0x2a, 0x02, 0x08, 0x01}, 6, WZP_SIGNAL_OK},        /* member 1 left */
        {{0x08, 0x02, 0x2a, 0x02, 0x08, 0x00}, 6, WZP_SIGNAL_MALFORMED},
        {{0x08, 0x02, 0x2a, 0x04, 0x08, 0x80, 0x80, 0x04}, 8, WZP_SIGNAL_MALFORMED}, /* slot 65536 */
        {{0x08, 0x02, 0x22, 0x00}, 4, WZP_SIGNAL_MALFORMED},                         /* nobody joined */
        {{0x08, 0x02, 0x12, 0x03, 0x0a, 0x01, 0xff}, 7, WZP_SIGNAL_MALFORMED}, /* a record of one byte */
    };
    struct wzp_signal signal;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_int_equal(decode(rows[i].bytes, rows[i].len, &signal), rows[i].result);
    struct wzp_rng rng = wzp_rng_make(7, 8);
    for (unsigned round = 0; round < 20000; round++) { /* whatever comes, it ends and stays in its arena */
        uint8_t bytes[64] = {0x08, 0x02};
        size_t len = 2 + (size_t)wzp_rng_below(&rng, sizeof bytes - 2);
        for (size_t i = 2; i < len; i++)
            bytes[i] = (uint8_t)wzp_rng_u64(&rng);
        decode(bytes, len, &signal);
    }
}

static void a_hello_is_checked(void **state)
{
    (void)state;
    uint8_t bytes[WZP_HELLO_MAX];
    struct wzp_writer writer = wzp_writer_make(bytes, sizeof bytes);
    wzp_hello_encode(&writer, &(struct wzp_hello){.datagram_max = WZP_DATAGRAM_MAX, .stream_window = 24576});
    struct wzp_hello hello;
    assert_true(wzp_hello_decode((struct wzp_slice){bytes, wzp_writer_len(&writer)}, &hello));
    assert_int_equal(hello.stream_window, 24576);
    assert_false(wzp_hello_decode((struct wzp_slice){bytes, wzp_writer_len(&writer) - 1}, &hello));
    writer = wzp_writer_make(bytes, sizeof bytes);
    wzp_hello_encode(&writer, &(struct wzp_hello){.datagram_max = 100});
    assert_false(wzp_hello_decode((struct wzp_slice){bytes, wzp_writer_len(&writer)}, &hello));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(golden_bytes),
        cmocka_unit_test(every_frame_comes_back_and_every_cut_is_refused),
        cmocka_unit_test(what_is_against_the_tables_is_malformed),
        cmocka_unit_test(names_are_there_for_all),
        cmocka_unit_test(signals_come_back),
        cmocka_unit_test(signals_are_checked),
        cmocka_unit_test(a_hello_is_checked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
