// SPDX-License-Identifier: Apache-2.0
/* Every bound, constant and name of proto/wire.lua: the largest that is taken, and the first that is not.
 * What is decoded lies in memory of exactly its length, so that a read beyond it is seen. Round trips of
 * frames: wire_test.c. */
#include "wire/wire.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/rng.h"

#define BYTES_MAX 66000

static uint8_t noise[BYTES_MAX]; /* what slices point at */

static uint8_t *exact_copy(const uint8_t *bytes, size_t len)
{
    uint8_t *copy = malloc(len + !len);
    assert_non_null(copy);
    memcpy(copy, bytes, len);
    return copy;
}

static struct wzp_slice any_slice(struct wzp_rng *rng, size_t max)
{
    return (struct wzp_slice){noise + wzp_rng_below(rng, 256), wzp_rng_below(rng, max + 1)};
}

static struct wzp_media_header any_header(struct wzp_rng *rng)
{
    return (struct wzp_media_header){
        .flags = (uint8_t)wzp_rng_u64(rng),
        .media_type = (uint8_t)wzp_rng_u64(rng),
        .codec = (uint8_t)wzp_rng_u64(rng),
        .stream = (uint8_t)wzp_rng_u64(rng),
        .repair_ratio = (uint8_t)wzp_rng_u64(rng),
        .sequence = (uint32_t)wzp_rng_u64(rng),
        .timestamp_ms = (uint32_t)wzp_rng_u64(rng),
        .block = (uint16_t)wzp_rng_u64(rng),
    };
}

/* ---- frames ---- */

static const enum wzp_frame_type frame_types[] = {
    WZP_FRAME_TYPE_PING,
    WZP_FRAME_TYPE_ACK,
    WZP_FRAME_TYPE_STREAM,
    WZP_FRAME_TYPE_MAX_STREAM_DATA,
    WZP_FRAME_TYPE_MEDIA,
    WZP_FRAME_TYPE_MEDIA_MINI,
    WZP_FRAME_TYPE_KEY,
    WZP_FRAME_TYPE_KEY_ACK,
    WZP_FRAME_TYPE_CLOSE,
    WZP_FRAME_TYPE_REKEY,
    WZP_FRAME_TYPE_NEW_CONNECTION_ID,
    WZP_FRAME_TYPE_PATH_CHALLENGE,
    WZP_FRAME_TYPE_PATH_RESPONSE,
    WZP_FRAME_TYPE_RETIRE_CONNECTION_ID,
    WZP_FRAME_TYPE_STREAM_END,
    WZP_FRAME_TYPE_STREAM_RESET,
    WZP_FRAME_TYPE_STREAM_STOP,
    WZP_FRAME_TYPE_MAX_DATA,
    WZP_FRAME_TYPE_MAX_STREAMS,
    WZP_FRAME_TYPE_FEEDBACK,
    WZP_FRAME_TYPE_REPAIR,
    WZP_FRAME_TYPE_PATH_RATE,
    WZP_FRAME_TYPE_LOAD,
    WZP_FRAME_TYPE_LOAD_WANTED,
};
#define FRAME_TYPES (sizeof frame_types / sizeof *frame_types)

static size_t encode_frame(const struct wzp_frame *frame, struct wzp_writer *writer)
{
    switch (frame->type) {
    case WZP_FRAME_TYPE_PING:
        wzp_frame_ping_encode(writer, &frame->ping);
        return wzp_frame_ping_size(&frame->ping);
    case WZP_FRAME_TYPE_ACK:
        wzp_frame_ack_encode(writer, &frame->ack);
        return wzp_frame_ack_size(&frame->ack);
    case WZP_FRAME_TYPE_STREAM:
        wzp_frame_stream_encode(writer, &frame->stream);
        return wzp_frame_stream_size(&frame->stream);
    case WZP_FRAME_TYPE_MAX_STREAM_DATA:
        wzp_frame_max_stream_data_encode(writer, &frame->max_stream_data);
        return wzp_frame_max_stream_data_size(&frame->max_stream_data);
    case WZP_FRAME_TYPE_PATH_CHALLENGE:
        wzp_frame_path_challenge_encode(writer, &frame->path_challenge);
        return wzp_frame_path_challenge_size(&frame->path_challenge);
    case WZP_FRAME_TYPE_PATH_RESPONSE:
        wzp_frame_path_response_encode(writer, &frame->path_response);
        return wzp_frame_path_response_size(&frame->path_response);
    case WZP_FRAME_TYPE_RETIRE_CONNECTION_ID:
        wzp_frame_retire_connection_id_encode(writer, &frame->retire_connection_id);
        return wzp_frame_retire_connection_id_size(&frame->retire_connection_id);
    case WZP_FRAME_TYPE_NEW_CONNECTION_ID:
        wzp_frame_new_connection_id_encode(writer, &frame->new_connection_id);
        return wzp_frame_new_connection_id_size(&frame->new_connection_id);
    case WZP_FRAME_TYPE_STREAM_END:
        wzp_frame_stream_end_encode(writer, &frame->stream_end);
        return wzp_frame_stream_end_size(&frame->stream_end);
    case WZP_FRAME_TYPE_STREAM_RESET:
        wzp_frame_stream_reset_encode(writer, &frame->stream_reset);
        return wzp_frame_stream_reset_size(&frame->stream_reset);
    case WZP_FRAME_TYPE_STREAM_STOP:
        wzp_frame_stream_stop_encode(writer, &frame->stream_stop);
        return wzp_frame_stream_stop_size(&frame->stream_stop);
    case WZP_FRAME_TYPE_MAX_DATA:
        wzp_frame_max_data_encode(writer, &frame->max_data);
        return wzp_frame_max_data_size(&frame->max_data);
    case WZP_FRAME_TYPE_MAX_STREAMS:
        wzp_frame_max_streams_encode(writer, &frame->max_streams);
        return wzp_frame_max_streams_size(&frame->max_streams);
    case WZP_FRAME_TYPE_FEEDBACK:
        wzp_frame_feedback_encode(writer, &frame->feedback);
        return wzp_frame_feedback_size(&frame->feedback);
    case WZP_FRAME_TYPE_LOAD:
        wzp_frame_load_encode(writer, &frame->load);
        return wzp_frame_load_size(&frame->load);
    case WZP_FRAME_TYPE_LOAD_WANTED:
        wzp_frame_load_wanted_encode(writer, &frame->load_wanted);
        return wzp_frame_load_wanted_size(&frame->load_wanted);
    case WZP_FRAME_TYPE_PATH_RATE:
        wzp_frame_path_rate_encode(writer, &frame->path_rate);
        return wzp_frame_path_rate_size(&frame->path_rate);
    case WZP_FRAME_TYPE_REPAIR:
        wzp_frame_repair_encode(writer, &frame->repair);
        return wzp_frame_repair_size(&frame->repair);
    case WZP_FRAME_TYPE_MEDIA:
        wzp_frame_media_encode(writer, &frame->media);
        return wzp_frame_media_size(&frame->media);
    case WZP_FRAME_TYPE_MEDIA_MINI:
        wzp_frame_media_mini_encode(writer, &frame->media_mini);
        return wzp_frame_media_mini_size(&frame->media_mini);
    case WZP_FRAME_TYPE_KEY:
        wzp_frame_key_encode(writer, &frame->key);
        return wzp_frame_key_size(&frame->key);
    case WZP_FRAME_TYPE_KEY_ACK:
        wzp_frame_key_ack_encode(writer, &frame->key_ack);
        return wzp_frame_key_ack_size(&frame->key_ack);
    case WZP_FRAME_TYPE_REKEY:
        wzp_frame_rekey_encode(writer, &frame->rekey);
        return wzp_frame_rekey_size(&frame->rekey);
    case WZP_FRAME_TYPE_CLOSE:
        wzp_frame_close_encode(writer, &frame->close);
        return wzp_frame_close_size(&frame->close);
    default:
        fail_msg("no frame of type %d is encoded", frame->type);
        return 0;
    }
}

static enum wzp_frame_result decode_exact(const uint8_t *bytes, size_t len, struct wzp_frame *frame,
                                          size_t *left)
{
    uint8_t *copy = exact_copy(bytes, len);
    struct wzp_reader reader = wzp_reader_make(copy, len);
    enum wzp_frame_result result = wzp_frame_decode(&reader, frame);
    *left = wzp_reader_left(&reader);
    free(copy);
    return result;
}

/* Each field by hand: what encode and decode would both get wrong together shows here. */
static void test_golden(void **state)
{
    (void)state;
    static const uint8_t abc[] = {0xa1, 0xb2, 0xc3};
    const struct wzp_media_header header = {.flags = WZP_MEDIA_FLAG_QUALITY,
                                            .media_type = WZP_MEDIA_TYPE_AUDIO,
                                            .codec = WZP_CODEC_OPUS_32K,
                                            .stream = 3,
                                            .repair_ratio = 50,
                                            .sequence = 0x01020304,
                                            .timestamp_ms = 0x05060708,
                                            .block = 0x090a};
    const struct {
        struct wzp_frame frame;
        uint8_t bytes[40];
        size_t len;
    } rows[] = {
        {{.type = WZP_FRAME_TYPE_PING}, {0x01}, 1},
        {{.type = WZP_FRAME_TYPE_ACK,
          .ack = {.largest = 300,
                  .delay_8us = 5,
                  .first_range = 7,
                  .ranges_count = 2,
                  .ranges = {{0, 1}, {70, 2}}}},
         {0x02, 0x41, 0x2c, 0x05, 0x07, 0x02, 0x00, 0x01, 0x40, 0x46, 0x02},
         11},
        {{.type = WZP_FRAME_TYPE_STREAM, .stream = {0, 16384, {abc, 3}}},
         {0x03, 0x00, 0x80, 0x00, 0x40, 0x00, 0x00, 0x03, 0xa1, 0xb2, 0xc3},
         11},
        {{.type = WZP_FRAME_TYPE_MAX_STREAM_DATA, .max_stream_data = {0, 100}}, {0x04, 0x00, 0x40, 0x64}, 4},
        {{.type = WZP_FRAME_TYPE_MEDIA, .media = {0x0102, header, {abc, 3}}},
         {0x10, 0x01, 0x02, 0x02, 0x40, 0x00, 0x06, 0x03, 0x32, 0x01, 0x02, 0x03,
          0x04, 0x05, 0x06, 0x07, 0x08, 0x09, 0x0a, 0x00, 0x03, 0xa1, 0xb2, 0xc3},
         24},
        {{.type = WZP_FRAME_TYPE_MEDIA_MINI, .media_mini = {0x0102, 0x03, 0x0405, {abc, 3}}},
         {0x11, 0x01, 0x02, 0x03, 0x04, 0x05, 0x00, 0x03, 0xa1, 0xb2, 0xc3},
         11},
        {{.type = WZP_FRAME_TYPE_KEY_ACK, .key_ack = {0x0102, {0xa1, [19] = 0xc3}}},
         {0x13, 0x01, 0x02, 0xa1, [22] = 0xc3},
         23},
        {{.type = WZP_FRAME_TYPE_REKEY, .rekey = {300, {0xa1, [31] = 0xc3}}},
         {0x0e, 0x41, 0x2c, 0xa1, [34] = 0xc3},
         35},
        {{.type = WZP_FRAME_TYPE_PATH_CHALLENGE, .path_challenge = {{1, 2, 3, 4, 5, 6, 7, 8}}},
         {0x0a, 1, 2, 3, 4, 5, 6, 7, 8},
         9},
        {{.type = WZP_FRAME_TYPE_PATH_RESPONSE, .path_response = {{8, 7, 6, 5, 4, 3, 2, 1}}},
         {0x0b, 8, 7, 6, 5, 4, 3, 2, 1},
         9},
        {{.type = WZP_FRAME_TYPE_RETIRE_CONNECTION_ID, .retire_connection_id = {300}}, {0x0d, 0x41, 0x2c}, 3},
        {{.type = WZP_FRAME_TYPE_NEW_CONNECTION_ID,
          .new_connection_id = {300, 0x01020304, {0xa1, [15] = 0xc3}}},
         {0x0c, 0x41, 0x2c, 0x01, 0x02, 0x03, 0x04, 0xa1, [22] = 0xc3},
         23},
        {{.type = WZP_FRAME_TYPE_CLOSE, .close = {WZP_CLOSE_REASON_ROOM_FULL, {abc, 3}}},
         {0x1f, 0x00, 0x12, 0x03, 0xa1, 0xb2, 0xc3},
         7},
        {{.type = WZP_FRAME_TYPE_FEEDBACK, .feedback = {.clock_125us = 258}}, {20, 0, 0, 1, 2}, 11},
        {{.type = WZP_FRAME_TYPE_REPAIR,
          .repair = {0x0102, 15, 1, {{0x0304, 0x41, 9, 7, {abc, 2}}}, {abc, 3}}},
         {0x15, 1, 2, 15, 1, 0x43, 4, 0x41, 9, 7, 2, 0xa1, 0xb2, 0xa1, 0xb2, 0xc3},
         16},
        {{.type = WZP_FRAME_TYPE_PATH_RATE, .path_rate = {512}}, {0x16, 0x42, 0x00}, 3},
        {{.type = WZP_FRAME_TYPE_LOAD, .load = {{abc, 3}}}, {0x17, 0xa1, 0xb2, 0xc3}, 4},
        {{.type = WZP_FRAME_TYPE_LOAD_WANTED, .load_wanted = {1, 5000, 63}},
         {0x18, 0x01, 0x53, 0x88, 0x3f},
         5},
        {{.type = WZP_FRAME_TYPE_STREAM_END, .stream_end = {2, 100}}, {0x05, 0x02, 0x40, 0x64}, 4},
        {{.type = WZP_FRAME_TYPE_STREAM_RESET, .stream_reset = {3, 0x0102, 9}},
         {0x06, 0x03, 0x01, 0x02, 0x09},
         5},
        {{.type = WZP_FRAME_TYPE_STREAM_STOP, .stream_stop = {64, 0x0102}},
         {0x07, 0x40, 0x40, 0x01, 0x02},
         5},
        {{.type = WZP_FRAME_TYPE_MAX_DATA, .max_data = {16384}}, {0x08, 0x80, 0x00, 0x40, 0x00}, 5},
        {{.type = WZP_FRAME_TYPE_MAX_STREAMS, .max_streams = {16}}, {0x09, 0x10}, 2},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        uint8_t bytes[64];
        struct wzp_writer writer = wzp_writer_make(bytes, sizeof bytes);
        assert_int_equal(encode_frame(&rows[i].frame, &writer), rows[i].len);
        assert_int_equal(wzp_writer_len(&writer), rows[i].len);
        assert_memory_equal(bytes, rows[i].bytes, rows[i].len);
    }
    struct wzp_reader reader = wzp_reader_make(rows[4].bytes, rows[4].len);
    struct wzp_frame frame;
    assert_int_equal(wzp_frame_decode(&reader, &frame), WZP_FRAME_OK);
    assert_int_equal(frame.media.slot, 0x0102);
    assert_int_equal(frame.media.header.sequence, 0x01020304);
    assert_int_equal(frame.media.header.block, 0x090a);
    assert_int_equal(frame.media.payload.len, 3);
}

static void test_golden_key(void **state)
{
    (void)state;
    struct wzp_frame key = {.type = WZP_FRAME_TYPE_KEY, .key = {0x0102, {0xa1, [115] = 0xc3}}};
    uint8_t bytes[200];
    struct wzp_writer writer = wzp_writer_make(bytes, sizeof bytes);
    assert_int_equal(encode_frame(&key, &writer), 3 + WZP_KEY_BODY_LEN);
    assert_int_equal(bytes[0] << 16 | bytes[1] << 8 | bytes[2], 0x120102);
    assert_int_equal(bytes[3], 0xa1);
    assert_int_equal(bytes[118], 0xc3);
}

static void test_bounds_of_frames(void **state)
{
    (void)state;
    static const struct {
        const char *what;
        uint8_t head[24];
        size_t head_len, zeros; /* so many zero bytes follow */
        enum wzp_frame_result result;
    } rows[] = {
        {"padding alone", {0}, 0, 100, WZP_FRAME_END},
        {"media of version 1", {0x10, 0, 0, 1}, 4, 18, WZP_FRAME_MALFORMED},
        {"media of version 2", {0x10, 0, 0, 2}, 4, 17, WZP_FRAME_OK},
        {"media, 1100 bytes", {0x10, 0, 0, 2, [19] = 0x04, 0x4c}, 21, 1100, WZP_FRAME_OK},
        {"media, 1101 bytes", {0x10, 0, 0, 2, [19] = 0x04, 0x4d}, 21, 1101, WZP_FRAME_MALFORMED},
        {"mini, 1100 bytes", {0x11, 0, 0, 0, 0, 0, 0x04, 0x4c}, 8, 1100, WZP_FRAME_OK},
        {"mini, 1101 bytes", {0x11, 0, 0, 0, 0, 0, 0x04, 0x4d}, 8, 1101, WZP_FRAME_MALFORMED},
        {"32 ranges", {0x02, 0, 0, 0, 32}, 5, 64, WZP_FRAME_OK},
        {"33 ranges", {0x02, 0, 0, 0, 33}, 5, 66, WZP_FRAME_MALFORMED},
        {"32 ranges, 31 there", {0x02, 0, 0, 0, 32}, 5, 63, WZP_FRAME_MALFORMED},
        {"feedback, 64 bytes of receipts", {0x14, 0, 0, 0, 0, 0, 0, 0, 1, 64}, 10, 65, WZP_FRAME_OK},
        {"feedback, 65 bytes of receipts", {0x14, 0, 0, 0, 0, 0, 0, 0, 1, 65}, 10, 66, WZP_FRAME_MALFORMED},
        {"feedback, 80 of arrivals", {0x14, 0, 0, 0, 0, 0, 0, 0, 1, 0, 80}, 11, 80, WZP_FRAME_OK},
        {"feedback, 81 of arrivals", {0x14, 0, 0, 0, 0, 0, 0, 0, 1, 0, 81}, 11, 81, WZP_FRAME_MALFORMED},
        {"feedback, 513 numbers", {0x14, 0, 0, 0, 0, 0, 0, 0, 0x42, 0x01}, 10, 2, WZP_FRAME_MALFORMED},
        {"repair, 8 segments", {0x15, 0, 0, 0, 8}, 5, 8 * 5, WZP_FRAME_OK},
        {"repair, 9 segments", {0x15, 0, 0, 0, 9}, 5, 9 * 5, WZP_FRAME_MALFORMED},
        {"repair, 8 segments, 7 there", {0x15, 0, 0, 0, 8}, 5, 7 * 5 + 4, WZP_FRAME_MALFORMED},
        {"repair, 32 bytes of absent", {0x15, [4] = 1, [9] = 32}, 10, 32, WZP_FRAME_OK},
        {"repair, 33 bytes of absent", {0x15, [4] = 1, [9] = 33}, 10, 33, WZP_FRAME_MALFORMED},
        {"close, 128 bytes", {0x1f, 0, 0, 128}, 4, 128, WZP_FRAME_OK},
        {"close, 129 bytes", {0x1f, 0, 0, 129}, 4, 129, WZP_FRAME_MALFORMED},
        {"stream, longer than there is", {0x03, 0, 0, 0xff, 0xff}, 5, 65534, WZP_FRAME_MALFORMED},
        {"stream, the longest", {0x03, 0, 0, 0xff, 0xff}, 5, 65535, WZP_FRAME_OK},
        {"a padded varint", {0x04, 0x40, 0x00, 0x80, 0, 0, 0x07}, 7, 0, WZP_FRAME_OK},
    };
    static uint8_t bytes[BYTES_MAX];
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        memset(bytes, 0, sizeof bytes);
        memcpy(bytes, rows[i].head, rows[i].head_len);
        struct wzp_frame frame;
        size_t left;
        if (decode_exact(bytes, rows[i].head_len + rows[i].zeros, &frame, &left) != rows[i].result)
            fail_msg("%s", rows[i].what);
        if (rows[i].result == WZP_FRAME_OK && left != 0)
            fail_msg("%s: %zu bytes left", rows[i].what, left);
    }
    for (unsigned type = 0; type <= UINT8_MAX; type++) {
        bool is_known = type == WZP_FRAME_TYPE_PADDING;
        for (size_t i = 0; i < FRAME_TYPES; i++)
            is_known |= frame_types[i] == type;
        uint8_t head[] = {(uint8_t)type, 0, 0, 0, 0, 0};
        struct wzp_frame frame;
        size_t left;
        assert_int_equal(decode_exact(head, sizeof head, &frame, &left) == WZP_FRAME_UNKNOWN, !is_known);
    }
}

/* Whatever the bytes, decoding ends, inside them. */
static void test_random_frames(void **state)
{
    (void)state;
    struct wzp_rng rng = wzp_rng_make(1, 0);
    unsigned good = 0;
    for (unsigned round = 0; round < 20000; round++) {
        uint8_t bytes[200];
        size_t len = (size_t)wzp_rng_below(&rng, sizeof bytes);
        for (size_t i = 0; i < len; i++)
            bytes[i] = (uint8_t)(wzp_rng_below(&rng, 2) ? wzp_rng_u64(&rng) : wzp_rng_below(&rng, 0x20));
        uint8_t *copy = exact_copy(bytes, len);
        struct wzp_reader reader = wzp_reader_make(copy, len);
        struct wzp_frame frame;
        while (wzp_frame_decode(&reader, &frame) == WZP_FRAME_OK)
            good++;
        free(copy);
    }
    assert_true(good > 1000);
}

/* ---- structs ---- */

static void test_long_header(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 100; seed++) {
        struct wzp_rng rng = wzp_rng_make(seed, 1);
        struct wzp_long_header value = {
            .form = (uint8_t)wzp_rng_u64(&rng),
            .version = (uint8_t)wzp_rng_u64(&rng),
            .destination = (uint32_t)wzp_rng_u64(&rng),
            .source = (uint32_t)wzp_rng_u64(&rng),
            .copy = (uint8_t)wzp_rng_u64(&rng),
            .pattern = (uint8_t)wzp_rng_u64(&rng),
            .versions = any_slice(&rng, 16),
            .cookie = any_slice(&rng, 64),
            .message = any_slice(&rng, 1000),
        };
        uint8_t bytes[1200];
        struct wzp_writer writer = wzp_writer_make(bytes, sizeof bytes);
        wzp_long_header_encode(&writer, &value);
        assert_false(writer.failed);
        size_t len = wzp_writer_len(&writer);
        for (size_t cut = seed % 10 ? len : 0; cut <= len; cut++) {
            uint8_t *copy = exact_copy(bytes, cut);
            struct wzp_reader reader = wzp_reader_make(copy, cut);
            struct wzp_long_header back;
            assert_int_equal(wzp_long_header_decode(&reader, &back), cut == len);
            if (cut == len) {
                assert_int_equal(back.form, value.form);
                assert_int_equal(back.version, value.version);
                assert_int_equal(back.destination, value.destination);
                assert_int_equal(back.source, value.source);
                assert_int_equal(back.copy, value.copy);
                assert_int_equal(back.pattern, value.pattern);
                assert_int_equal(back.versions.len, value.versions.len);
                assert_memory_equal(back.versions.data, value.versions.data, value.versions.len);
                assert_int_equal(back.cookie.len, value.cookie.len);
                assert_memory_equal(back.cookie.data, value.cookie.data, value.cookie.len);
                assert_int_equal(back.message.len, value.message.len);
                assert_memory_equal(back.message.data, value.message.data, value.message.len);
            }
            free(copy);
        }
    }
    static const struct {
        size_t versions, cookie, message;
        bool good;
    } rows[] = {{16, 64, 1000, true}, {17, 64, 1000, false}, {16, 65, 1000, false}, {16, 64, 1001, false}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        uint8_t bytes[1200] = {0};
        struct wzp_writer writer = wzp_writer_make(bytes, sizeof bytes);
        wzp_write_zeros(&writer, 12);
        wzp_write_u8(&writer, (uint8_t)rows[i].versions);
        wzp_write_zeros(&writer, rows[i].versions);
        wzp_write_u8(&writer, (uint8_t)rows[i].cookie);
        wzp_write_zeros(&writer, rows[i].cookie);
        wzp_write_u16(&writer, (uint16_t)rows[i].message);
        wzp_write_zeros(&writer, rows[i].message);
        struct wzp_reader reader = wzp_reader_make(bytes, wzp_writer_len(&writer));
        struct wzp_long_header back;
        assert_int_equal(wzp_long_header_decode(&reader, &back), rows[i].good);
    }
}

static void test_cookie(void **state)
{
    (void)state;
    static const uint8_t golden[] = {0xc4, 2, 1, 2, 3, 4, 0, 0, 0, 0, 0xa0, 0, 0, 0, 0,
                                     0,    0, 0, 0, 0, 0, 0, 0, 0, 0, 0xaf, 2, 7, 8};
    uint8_t bytes[64];
    struct wzp_cookie value = {.version = 2,
                               .destination = 0x01020304,
                               .start = {0xa0, [15] = 0xaf},
                               .cookie = {(const uint8_t[]){7, 8}, 2}},
                      back;
    struct wzp_writer writer = wzp_writer_make(bytes, sizeof bytes);
    wzp_cookie_encode(&writer, &value);
    assert_int_equal(wzp_writer_len(&writer), sizeof golden);
    assert_memory_equal(bytes, golden, sizeof golden);
    for (size_t cut = 0; cut <= sizeof golden; cut++) {
        struct wzp_reader reader = wzp_reader_make(golden, cut);
        assert_int_equal(wzp_cookie_decode(&reader, &back), cut == sizeof golden);
    }
    assert_int_equal(back.destination, value.destination);
    assert_memory_equal(back.start, value.start, sizeof back.start);
    assert_int_equal(back.cookie.len, 2);
}

static void test_refusal(void **state)
{
    (void)state;
    static const uint8_t golden[] = {0xc5, 2, 1, 2, 3, 4, 0, 0, 0, 0, 0xa0, 0,    0, 0,
                                     0,    0, 0, 0, 0, 0, 0, 0, 0, 0, 0,    0xaf, 0, 23};
    uint8_t bytes[64];
    struct wzp_refusal value = {.version = 2,
                                .destination = 0x01020304,
                                .start = {0xa0, [15] = 0xaf},
                                .reason = WZP_CLOSE_REASON_BAD_INVITATION},
                       back;
    struct wzp_writer writer = wzp_writer_make(bytes, sizeof bytes);
    wzp_refusal_encode(&writer, &value);
    assert_int_equal(wzp_writer_len(&writer), sizeof golden);
    assert_memory_equal(bytes, golden, sizeof golden);
    for (size_t cut = 0; cut <= sizeof golden; cut++) {
        struct wzp_reader reader = wzp_reader_make(golden, cut);
        assert_int_equal(wzp_refusal_decode(&reader, &back), cut == sizeof golden);
    }
    assert_int_equal(back.reason, value.reason);
}

static void test_version_reject(void **state)
{
    (void)state;
    static const uint8_t golden[] = {0xc3, 0, 1, 2, 3, 4, 0, 0, 0, 0, 2, 2, 3}, spoken[] = {2, 3};
    struct wzp_version_reject value = {.destination = 0x01020304, .versions = {spoken, 2}}, back;
    uint8_t bytes[64];
    struct wzp_writer writer = wzp_writer_make(bytes, sizeof bytes);
    wzp_version_reject_encode(&writer, &value);
    assert_int_equal(wzp_writer_len(&writer), sizeof golden);
    assert_memory_equal(bytes, golden, sizeof golden);
    for (size_t cut = 0; cut <= sizeof golden; cut++) {
        uint8_t *copy = exact_copy(golden, cut);
        struct wzp_reader reader = wzp_reader_make(copy, cut);
        assert_int_equal(wzp_version_reject_decode(&reader, &back), cut == sizeof golden);
        free(copy);
    }
    static const size_t constants[] = {0, 1, 6, 7, 8, 9}; /* form, version, source */
    for (size_t i = 0; i < sizeof constants / sizeof *constants; i++) {
        memcpy(bytes, golden, sizeof golden);
        bytes[constants[i]] ^= 0x10;
        struct wzp_reader reader = wzp_reader_make(bytes, sizeof golden);
        assert_false(wzp_version_reject_decode(&reader, &back));
    }
}

static void test_handshake_payload(void **state)
{
    (void)state;
    static const uint8_t golden[] = {1, 2, 3, 4, 0, 2, 0xaa, 0xbb, 0xcc};
    for (size_t cut = 0; cut <= sizeof golden; cut++) {
        uint8_t *copy = exact_copy(golden, cut), bytes[sizeof golden];
        struct wzp_reader reader = wzp_reader_make(copy, cut);
        struct wzp_handshake_payload back;
        bool good = wzp_handshake_payload_decode(&reader, &back);
        assert_int_equal(good, cut >= 8); /* the frames are what is left, be it nothing */
        if (good) {
            assert_int_equal(back.source, 0x01020304);
            assert_int_equal(back.hello.len, 2);
            assert_int_equal(back.frames.len, cut - 8);
            struct wzp_writer writer = wzp_writer_make(bytes, sizeof bytes);
            wzp_handshake_payload_encode(&writer, &back);
            assert_int_equal(wzp_writer_len(&writer), cut);
            assert_memory_equal(bytes, golden, cut);
        }
        free(copy);
    }
    for (size_t len = 64; len <= 65; len++) {
        uint8_t bytes[71] = {[5] = (uint8_t)len};
        struct wzp_reader reader = wzp_reader_make(bytes, 6 + len);
        struct wzp_handshake_payload back;
        assert_int_equal(wzp_handshake_payload_decode(&reader, &back), len == 64);
    }
}

static void test_media_header(void **state)
{
    (void)state;
    uint8_t bytes[WZP_MEDIA_HEADER_LEN];
    for (uint64_t seed = 1; seed <= 100; seed++) {
        struct wzp_rng rng = wzp_rng_make(seed, 2);
        struct wzp_media_header value = any_header(&rng), back = {0};
        struct wzp_writer writer = wzp_writer_make(bytes, sizeof bytes);
        wzp_media_header_encode(&writer, &value);
        assert_false(writer.failed);
        assert_int_equal(wzp_writer_len(&writer), WZP_MEDIA_HEADER_LEN);
        struct wzp_reader reader = wzp_reader_make(bytes, sizeof bytes);
        assert_true(wzp_media_header_decode(&reader, &back));
        assert_int_equal(back.flags, value.flags);
        assert_int_equal(back.media_type, value.media_type);
        assert_int_equal(back.codec, value.codec);
        assert_int_equal(back.stream, value.stream);
        assert_int_equal(back.repair_ratio, value.repair_ratio);
        assert_int_equal(back.sequence, value.sequence);
        assert_int_equal(back.timestamp_ms, value.timestamp_ms);
        assert_int_equal(back.block, value.block);
        for (size_t cut = 0; cut < sizeof bytes; cut++) {
            reader = wzp_reader_make(bytes, cut);
            assert_false(wzp_media_header_decode(&reader, &back));
        }
        bytes[0] ^= (uint8_t)(1u << seed % 8); /* another version */
        reader = wzp_reader_make(bytes, sizeof bytes);
        assert_false(wzp_media_header_decode(&reader, &back));
    }
}

/* ---- names ---- */

static void test_names(void **state)
{
    (void)state;
    static const struct {
        const char *(*name)(unsigned value), *(*text)(unsigned value);
        unsigned count, values; /* the largest + 1, and how many there are */
    } rows[] = {
        {wzp_close_reason_name, wzp_close_reason_text, WZP_CLOSE_REASON_COUNT, 28},
        {wzp_codec_name, wzp_codec_text, WZP_CODEC_COUNT, 14},
        {wzp_drop_name, wzp_drop_text, WZP_DROP_COUNT, WZP_DROP_COUNT},
        {wzp_form_name, wzp_form_text, WZP_FORM_COUNT, 2},
        {wzp_frame_type_name, wzp_frame_type_text, WZP_FRAME_TYPE_COUNT, FRAME_TYPES + 1},
        {wzp_long_type_name, wzp_long_type_text, WZP_LONG_TYPE_COUNT, 6},
        {wzp_media_flag_name, wzp_media_flag_text, WZP_MEDIA_FLAG_COUNT, 4},
        {wzp_media_type_name, wzp_media_type_text, WZP_MEDIA_TYPE_COUNT, 4},
        {wzp_pattern_name, wzp_pattern_text, WZP_PATTERN_COUNT, 4},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        unsigned known = 0;
        for (unsigned value = 0; value < rows[i].count; value++) {
            bool is_known = strcmp(rows[i].name(value), "unknown") != 0;
            assert_int_equal(strcmp(rows[i].text(value), "unknown") != 0, is_known);
            known += is_known;
            assert_true(strlen(rows[i].name(value)) > 0 && strlen(rows[i].text(value)) > 0);
            for (unsigned other = 0; is_known && other < value; other++)
                assert_string_not_equal(rows[i].name(value), rows[i].name(other));
        }
        assert_int_equal(known, rows[i].values);
        static const unsigned beyond[] = {256, 65535, UINT32_MAX};
        for (size_t k = 0; k < sizeof beyond / sizeof *beyond; k++) {
            assert_string_equal(rows[i].name(beyond[k]), "unknown");
            assert_string_equal(rows[i].text(beyond[k]), "unknown");
        }
        assert_string_equal(rows[i].name(rows[i].count), "unknown");
    }
    assert_string_equal(wzp_close_reason_text(WZP_CLOSE_REASON_ROOM_FULL), "the room is full");
}

static void test_eliciting(void **state)
{
    (void)state;
    static const bool silent[] = {
        [WZP_FRAME_TYPE_PADDING] = true,   [WZP_FRAME_TYPE_ACK] = true,    [WZP_FRAME_TYPE_MEDIA_MINI] = true,
        [WZP_FRAME_TYPE_FEEDBACK] = true,  [WZP_FRAME_TYPE_REPAIR] = true, [WZP_FRAME_TYPE_CLOSE] = true,
        [WZP_FRAME_TYPE_PATH_RATE] = true, [WZP_FRAME_TYPE_LOAD] = true,
    };
    for (size_t i = 0; i < FRAME_TYPES; i++)
        assert_int_equal(wzp_frame_is_eliciting(frame_types[i]), !silent[frame_types[i]]);
}

int main(void)
{
    struct wzp_rng rng = wzp_rng_make(7, 0);
    for (size_t i = 0; i < sizeof noise; i++)
        noise[i] = (uint8_t)wzp_rng_u64(&rng);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_golden),
        cmocka_unit_test(test_golden_key),
        cmocka_unit_test(test_bounds_of_frames),
        cmocka_unit_test(test_random_frames),
        cmocka_unit_test(test_long_header),
        cmocka_unit_test(test_cookie),
        cmocka_unit_test(test_refusal),
        cmocka_unit_test(test_version_reject),
        cmocka_unit_test(test_handshake_payload),
        cmocka_unit_test(test_media_header),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_eliciting),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
