// SPDX-License-Identifier: Apache-2.0
/* Windows of frames on the wire: what goes in comes out, and what cannot be is refused. */
#include "base/rng.h"
#include "session/repair.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define KEYS_MAX 80

static uint64_t key_of(unsigned slot, unsigned stream, uint32_t sequence)
{
    const struct wzp_media_header header = {
        .media_type = WZP_MEDIA_TYPE_AUDIO, .stream = (uint8_t)stream, .sequence = sequence};
    return repair_key((uint16_t)slot, &header);
}

/* Over the wire and back: `window` and what the other end makes of it are the same. */
static unsigned carry(struct repair_window *window)
{
    struct wzp_frame_repair frame = {.id = 7, .horizon_4ms = 3, .symbol = {(const uint8_t *)"sum", 3}};
    if (!repair_window_encode(window, &frame))
        return 0;
    uint8_t bytes[1024];
    struct wzp_writer writer = wzp_writer_make(bytes, sizeof bytes);
    wzp_frame_repair_encode(&writer, &frame);
    assert_false(writer.failed);
    struct wzp_reader reader = wzp_reader_make(bytes, wzp_writer_len(&writer));
    struct wzp_frame read;
    assert_int_equal(wzp_frame_decode(&reader, &read), WZP_FRAME_OK);
    assert_int_equal(read.type, WZP_FRAME_TYPE_REPAIR);
    struct repair_window back;
    assert_true(repair_window_decode(&read.repair, &back));
    assert_int_equal(back.count, window->count);
    assert_memory_equal(back.keys, window->keys, window->count * sizeof *window->keys);
    return frame.segments_count;
}

static void keys_come_back(void **state)
{
    (void)state;
    static const struct {
        unsigned segments; /* 0: more than a frame holds */
        unsigned count;
        struct {
            unsigned slot, stream;
            uint32_t sequence;
        } keys[9];
    } rows[] = {
        {1, 1, {{0, 0, 0}}},
        {1, 3, {{0, 0, 5}, {0, 0, 6}, {0, 0, 7}}},
        {1, 3, {{0, 0, 5}, {0, 0, 9}, {0, 0, 10}}}, /* a hole */
        {1, 2, {{0, 0, 5}, {0, 0, 5 + 254}}},       /* as long as a segment can be */
        {2, 2, {{0, 0, 5}, {0, 0, 5 + 255}}},
        {2, 4, {{3, 0, 1}, {3, 0, 2}, {4, 0, 1}, {4, 0, 2}}},
        {2, 2, {{3, 0, 1}, {3, 63, 1}}},
        {1, 2, {{65535, 63, UINT32_MAX - 1}, {65535, 63, UINT32_MAX}}},
        {2, 2, {{3, 0, UINT32_MAX}, {3, 1, 0}}}, /* neighbours as numbers, two streams all the same */
        {8, 8, {{1, 0, 0}, {2, 0, 0}, {3, 0, 0}, {4, 0, 0}, {5, 0, 0}, {6, 0, 0}, {7, 0, 0}, {8, 0, 0}}},
        {0,
         9,
         {{1, 0, 0}, {2, 0, 0}, {3, 0, 0}, {4, 0, 0}, {5, 0, 0}, {6, 0, 0}, {7, 0, 0}, {8, 0, 0}, {9, 0, 0}}},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct repair_window window = {.count = rows[i].count};
        for (unsigned k = 0; k < rows[i].count; k++)
            window.keys[k] = key_of(rows[i].keys[k].slot, rows[i].keys[k].stream, rows[i].keys[k].sequence);
        assert_int_equal(carry(&window), rows[i].segments);
    }
}

static int by_key(const void *a, const void *b)
{
    uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;
    return left < right ? -1 : left > right;
}

/* How many segments a walk over the keys starts. */
static unsigned segments_of(const struct repair_window *window)
{
    unsigned segments = 0;
    uint64_t first = 0;
    for (unsigned i = 0; i < window->count; i++) {
        uint64_t key = window->keys[i];
        if (i == 0 || key >> 32 != first >> 32 || key - first >= UINT8_MAX) {
            segments++;
            first = key;
        }
    }
    return segments;
}

static void random_windows_come_back(void **state)
{
    (void)state;
    unsigned refused = 0, carried = 0;
    for (uint64_t seed = 1; seed <= 20000; seed++) {
        struct wzp_rng rng = wzp_rng_make(seed, 1);
        struct repair_window window = {0};
        unsigned streams = 1 + (unsigned)wzp_rng_below(&rng, 9),
                 apart = 1 + (unsigned)wzp_rng_below(&rng, 40);
        unsigned wanted = 1 + (unsigned)wzp_rng_below(&rng, REPAIR_SOURCES);
        uint32_t next[9];
        for (unsigned s = 0; s < streams; s++)
            next[s] = (uint32_t)wzp_rng_below(&rng, UINT32_MAX - 100 * 100);
        for (unsigned k = 0; k < wanted; k++) {
            unsigned s = (unsigned)wzp_rng_below(&rng, streams);
            window.keys[window.count++] = key_of(s / 2, s % 2, next[s]);
            next[s] += 1 + (uint32_t)wzp_rng_below(&rng, apart);
        }
        qsort(window.keys, window.count, sizeof *window.keys, by_key);
        unsigned segments = segments_of(&window);
        assert_int_equal(carry(&window), segments <= 8 ? segments : 0);
        refused += segments > 8;
        carried += segments <= 8;
    }
    assert_true(refused > 100 && carried > 1000);
}

/* Any bytes: what is taken is a window that could have been sent. */
static void what_cannot_be_is_refused(void **state)
{
    (void)state;
    static const uint8_t all[1] = {0xff}, none[8] = {0}, half[1] = {0x80}, two[2] = {0x80, 0};
    static const struct {
        unsigned count; /* of keys; 0: refused */
        uint8_t segments;
        struct wzp_repair_segment segment[3];
    } rows[] = {
        {0, 0, {{0}}},
        {0, 1, {{.slot = 1, .first = 5, .span = 0}}},
        {1, 1, {{.slot = 1, .first = 5, .span = 1}}},
        {64, 1, {{.slot = 1, .first = 5, .span = 64}}},
        {0, 1, {{.slot = 1, .first = 5, .span = 65}}}, /* more than a window holds */
        {0, 2, {{.slot = 1, .first = 5, .span = 60}, {.slot = 2, .first = 5, .span = 5}}},
        {0, 1, {{.slot = 1, .first = 5, .span = 8, .absent = {all, 1}}}}, /* nothing is there */
        {7, 1, {{.slot = 1, .first = 5, .span = 8, .absent = {half, 1}}}},
        {0, 1, {{.slot = 1, .first = 5, .span = 8, .absent = {two, 2}}}}, /* of a wrong length */
        {0, 1, {{.slot = 1, .first = 5, .span = 9, .absent = {half, 1}}}},
        {64, 1, {{.slot = 1, .first = 5, .span = 64, .absent = {none, 8}}}},
        {2, 2, {{.slot = 1, .first = 5, .span = 1}, {.slot = 2, .first = 5, .span = 1}}},
        {0, 2, {{.slot = 2, .first = 5, .span = 1}, {.slot = 1, .first = 5, .span = 1}}}, /* falls */
        {0, 2, {{.slot = 1, .first = 5, .span = 1}, {.slot = 1, .first = 5, .span = 1}}}, /* twice */
        {0, 2, {{.slot = 1, .first = 5, .span = 4}, {.slot = 1, .first = 8, .span = 4}}}, /* overlap */
        {8, 2, {{.slot = 1, .first = 5, .span = 4}, {.slot = 1, .first = 9, .span = 4}}},
        {0, 1, {{.slot = 1, .first = UINT32_MAX, .span = 2}}}, /* past the last sequence: falls */
        {2,
         2,
         {{.slot = 1, .lane = 0, .first = 9, .span = 1}, {.slot = 1, .lane = 1, .first = 1, .span = 1}}},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct wzp_frame_repair frame = {.segments_count = rows[i].segments};
        memcpy(frame.segments, rows[i].segment, sizeof rows[i].segment);
        struct repair_window window;
        bool taken = repair_window_decode(&frame, &window);
        if (taken != (rows[i].count > 0) || (taken && window.count != rows[i].count))
            fail_msg("row %zu: %s, %u keys", i, taken ? "taken" : "refused", window.count);
    }
}

static void random_segments_rise_or_are_refused(void **state)
{
    (void)state;
    struct wzp_rng rng = wzp_rng_make(1, 2);
    unsigned taken = 0, refused = 0;
    for (unsigned round = 0; round < 200000; round++) {
        uint8_t absent[8][32];
        struct wzp_frame_repair frame = {.segments_count = (uint8_t)wzp_rng_below(&rng, 9)};
        for (unsigned i = 0; i < frame.segments_count; i++) {
            for (unsigned b = 0; b < 32; b++)
                absent[i][b] = (uint8_t)wzp_rng_below(&rng, 256);
            unsigned span = (unsigned)wzp_rng_below(&rng, 40);
            frame.segments[i] = (struct wzp_repair_segment){
                .slot = (uint16_t)(i / 2),
                .lane = (uint8_t)wzp_rng_below(&rng, 2),
                .first = (uint32_t)wzp_rng_below(&rng, 3) * (UINT32_MAX / 2 - 10),
                .span = (uint8_t)span,
                .absent = {absent[i], wzp_rng_below(&rng, 2) ? (span + 7) / 8 : 0},
            };
        }
        struct repair_window window;
        bool is_taken = repair_window_decode(&frame, &window);
        taken += is_taken;
        refused += !is_taken;
        for (unsigned i = 1; is_taken && i < window.count; i++)
            assert_true(window.keys[i - 1] < window.keys[i]);
        assert_true(!is_taken || (window.count >= 1 && window.count <= REPAIR_SOURCES));
    }
    assert_true(taken > 5000 && refused > 5000);
}

/* A key tells slot, stream and sequence apart; a symbol tells everything else of a frame. */
static void symbols_and_keys(void **state)
{
    (void)state;
    static uint8_t payload[REPAIR_SYMBOL_MAX];
    const struct wzp_media_header audio = {.media_type = WZP_MEDIA_TYPE_AUDIO,
                                           .flags = WZP_MEDIA_FLAG_QUALITY,
                                           .codec = 9,
                                           .stream = 2,
                                           .sequence = 77,
                                           .timestamp_ms = 0x12345678};
    struct wzp_slice body = {payload, 100};
    struct wzp_media_header other = audio;
    assert_true(repair_covers(&audio, body));
    assert_true(repair_covers(&audio, (struct wzp_slice){payload, REPAIR_SYMBOL_MAX - REPAIR_SYMBOL_HEAD}));
    assert_false(repair_covers(&audio, (struct wzp_slice){payload, REPAIR_SYMBOL_MAX - 5}));
    other.media_type = WZP_MEDIA_TYPE_CONTROL;
    assert_false(repair_covers(&other, body));
    other = audio;
    other.stream = 64;
    assert_false(repair_covers(&other, body));
    other = audio;
    other.block = 1;
    assert_false(repair_covers(&other, body));
    other = audio;
    other.flags = 1;
    assert_false(repair_covers(&other, body));
    other = audio;
    other.repair_ratio = 1;
    assert_false(repair_covers(&other, body));

    uint8_t symbol[REPAIR_SYMBOL_MAX];
    memset(payload, 0x5a, sizeof payload);
    unsigned len = repair_symbol(symbol, &audio, (struct wzp_slice){payload, 3});
    assert_int_equal(len, REPAIR_SYMBOL_HEAD + 3);
    static const uint8_t expected[] = {0x80, 3, 9, 0x12, 0x34, 0x56, 0x78, 0x5a, 0x5a, 0x5a};
    assert_memory_equal(symbol, expected, sizeof expected);
    for (unsigned cut = 0; cut <= len; cut++) {
        uint16_t slot;
        struct wzp_slice read;
        uint64_t key = repair_key(500, &audio);
        assert_int_equal(repair_symbol_read(key, (struct wzp_slice){symbol, cut}, &slot, &other, &read),
                         cut == len);
        assert_true(cut < len || (slot == 500 && read.len == 3 && memcmp(&other, &audio, sizeof audio) == 0));
    }
    assert_int_not_equal(repair_key(0, &(struct wzp_media_header){0}), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_come_back),
        cmocka_unit_test(random_windows_come_back),
        cmocka_unit_test(what_cannot_be_is_refused),
        cmocka_unit_test(random_segments_rise_or_are_refused),
        cmocka_unit_test(symbols_and_keys),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
