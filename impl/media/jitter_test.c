// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/rng.h"
#include "base/time.h"
#include "media/jitter.h"

#include <stdlib.h>
#include <string.h>

static void *new_jitter(uint32_t delay_ms_max)
{
    void *memory = malloc(wzp_jitter_size());
    assert_non_null(memory);
    return wzp_jitter_init(memory, delay_ms_max);
}

static enum wzp_jitter_result put_any(struct wzp_jitter *jitter, uint32_t sequence, uint32_t timestamp_ms,
                                      bool is_comfort_noise, bool copy, struct wzp_slice payload,
                                      int64_t now_ns)
{
    struct wzp_jitter_packet packet = {
        .sequence = sequence,
        .timestamp_ms = timestamp_ms,
        .frames = 1,
        .reach = copy,
        .is_comfort_noise = is_comfort_noise,
        .payload = payload,
    };
    return wzp_jitter_put(jitter, &packet, now_ns);
}

/* Transit 0, no clocks. */

static enum wzp_jitter_result put(struct wzp_jitter *jitter, uint32_t sequence, uint32_t frame, bool copy,
                                  int64_t late_ms)
{
    uint8_t byte = (uint8_t)frame;
    return put_any(jitter, sequence, frame * 20, false, copy, (struct wzp_slice){&byte, 1},
                   (frame * 20 + late_ms) * WZP_MS);
}

static void expect(struct wzp_jitter *jitter, int64_t now_ms, enum wzp_jitter_kind kind,
                   uint32_t timestamp_ms)
{
    struct wzp_jitter_play play = wzp_jitter_get(jitter, now_ms * WZP_MS, false);
    assert_int_equal(play.kind, kind);
    if (kind != WZP_JITTER_NOISE && kind != WZP_JITTER_NOTHING)
        assert_int_equal(play.timestamp_ms, timestamp_ms);
}

static void starts_anew_with_a_restarted_sender(void **state)
{
    (void)state;
    struct wzp_jitter *jitter = new_jitter(400);
    for (uint32_t i = 0; i < 500; i++) {
        put(jitter, i, i, false, 50);
        wzp_jitter_get(jitter, (i * 20 + 55) * WZP_MS, false);
    }
    uint8_t byte = 7;
    struct wzp_slice payload = {&byte, 1};
    int64_t now_ns = 10 * WZP_S;
    assert_int_equal(put_any(jitter, 0, 0, false, false, payload, now_ns), WZP_JITTER_TOO_FAR);
    assert_int_equal(put_any(jitter, 0, 0, false, false, payload, now_ns), WZP_JITTER_TOO_FAR);
    int64_t frames = 0;
    for (uint32_t i = 1; i < 100; i++) {
        assert_int_equal(put_any(jitter, i, i * 20, false, false, payload, now_ns + i * 20 * WZP_MS),
                         WZP_JITTER_STORED);
        struct wzp_jitter_play play = wzp_jitter_get(jitter, now_ns + (i * 20 + 5) * WZP_MS, false);
        assert_int_equal(play.kind, WZP_JITTER_FRAME);
        assert_int_equal(play.timestamp_ms, ++frames * 20);
    }
    assert_int_equal(frames, 99);
    assert_int_equal(wzp_jitter_stats(jitter).restarts, 1);
    assert_int_equal(wzp_jitter_stats(jitter).too_far, 2);
    free(jitter);
}

static void plays_a_late_frame_in_full(void **state)
{
    (void)state;
    struct wzp_jitter *jitter = new_jitter(400);
    expect(jitter, 0, WZP_JITTER_NOTHING, 0);
    put(jitter, 0, 0, false, 0);
    expect(jitter, 5, WZP_JITTER_FRAME, 0);
    expect(jitter, 25, WZP_JITTER_CONCEAL, 20);
    expect(jitter, 35, WZP_JITTER_CONCEAL, 30);
    put(jitter, 1, 1, false, 16);
    expect(jitter, 45, WZP_JITTER_FRAME, 20);
    put(jitter, 2, 2, false, 0);
    expect(jitter, 65, WZP_JITTER_FRAME, 40);
    struct wzp_jitter_stats stats = wzp_jitter_stats(jitter);
    assert_int_equal(stats.grown, 2);
    assert_int_equal(stats.delay_ms, 25);
    assert_int_equal(stats.lost, 0);
    free(jitter);
}

static void gives_up_a_lost_frame_when_its_time_is_filled(void **state)
{
    (void)state;
    struct wzp_jitter *jitter = new_jitter(400);
    put(jitter, 0, 0, false, 0);
    expect(jitter, 5, WZP_JITTER_FRAME, 0);
    put(jitter, 3, 3, false, 0);
    expect(jitter, 25, WZP_JITTER_CONCEAL, 20);
    expect(jitter, 35, WZP_JITTER_CONCEAL, 30);
    expect(jitter, 45, WZP_JITTER_CONCEAL, 40);
    expect(jitter, 55, WZP_JITTER_CONCEAL, 50);
    expect(jitter, 65, WZP_JITTER_FRAME, 60);
    assert_int_equal(put(jitter, 1, 1, false, 50), WZP_JITTER_LATE);
    assert_int_equal(put(jitter, 1, 1, false, 50), WZP_JITTER_DUPLICATE);
    assert_int_equal(put(jitter, 3, 3, false, 50), WZP_JITTER_DUPLICATE);
    struct wzp_jitter_stats stats = wzp_jitter_stats(jitter);
    assert_int_equal(stats.lost, 2);
    assert_int_equal(stats.late, 1);
    assert_int_equal(stats.duplicate, 2);
    assert_int_equal(stats.delay_ms, 5);
    free(jitter);
}

static void takes_the_copy_from_the_successor(void **state)
{
    (void)state;
    struct wzp_jitter *jitter = new_jitter(400);
    put(jitter, 0, 0, true, 0);
    expect(jitter, 5, WZP_JITTER_FRAME, 0);
    put(jitter, 2, 2, true, 0);
    put(jitter, 5, 5, true, 0);
    expect(jitter, 25, WZP_JITTER_RECOVER, 20);
    expect(jitter, 45, WZP_JITTER_FRAME, 40);
    expect(jitter, 65, WZP_JITTER_CONCEAL, 60); /* two are lost: the copy is of the second */
    expect(jitter, 75, WZP_JITTER_CONCEAL, 70);
    expect(jitter, 85, WZP_JITTER_RECOVER, 80);
    expect(jitter, 105, WZP_JITTER_FRAME, 100);
    expect(jitter, 125, WZP_JITTER_CONCEAL, 120);
    expect(jitter, 135, WZP_JITTER_CONCEAL, 130);
    put(jitter, 7, 7, true, 0); /* the copy comes too late for a delay of 5 ms, not for the target of 23 */
    expect(jitter, 145, WZP_JITTER_RECOVER, 120);
    expect(jitter, 165, WZP_JITTER_FRAME, 140);
    assert_int_equal(wzp_jitter_stats(jitter).delay_ms, 25);
    put(jitter, 9, 9, true, 0);
    expect(jitter, 185, WZP_JITTER_RECOVER, 160); /* from now on it is there in time */
    free(jitter);
}

static void takes_silence_for_silence_and_finds_a_lost_start(void **state)
{
    (void)state;
    struct wzp_jitter *jitter = new_jitter(400);
    uint8_t level = 60;
    put(jitter, 0, 0, true, 0);
    expect(jitter, 5, WZP_JITTER_FRAME, 0);
    put_any(jitter, 1, 20, true, false, (struct wzp_slice){&level, 1}, 20 * WZP_MS);
    struct wzp_jitter_play play = wzp_jitter_get(jitter, 25 * WZP_MS, false);
    assert_int_equal(play.kind, WZP_JITTER_NOISE);
    assert_int_equal(play.payload.len, 1);
    assert_int_equal(play.payload.data[0], 60);
    expect(jitter, 35, WZP_JITTER_NOISE, 0);
    put(jitter, 2, 10, true, 0);
    expect(jitter, 201, WZP_JITTER_NOISE, 0); /* the target is 3 ms */
    expect(jitter, 203, WZP_JITTER_FRAME, 200);
    put(jitter, 3, 20, true, 0); /* nothing is missing: no loss, but the spurt is over */
    for (int64_t ms = 223; ms < 403; ms += 10)
        expect(jitter, ms, WZP_JITTER_NOISE, 0);
    expect(jitter, 403, WZP_JITTER_FRAME, 400);
    put_any(jitter, 4, 420, true, false, (struct wzp_slice){&level, 1}, 420 * WZP_MS);
    expect(jitter, 423, WZP_JITTER_NOISE, 0);
    put(jitter, 6, 41, true, 0); /* sequence 5 is missing, and target is 23 ms now */
    expect(jitter, 822, WZP_JITTER_NOISE, 0);
    expect(jitter, 823, WZP_JITTER_RECOVER, 800);
    expect(jitter, 843, WZP_JITTER_FRAME, 820);
    assert_int_equal(wzp_jitter_stats(jitter).lost, 1);
    free(jitter);
}

static void falls_silent_after_200_ms_of_nothing(void **state)
{
    (void)state;
    struct wzp_jitter *jitter = new_jitter(400);
    put(jitter, 0, 0, false, 0);
    expect(jitter, 5, WZP_JITTER_FRAME, 0);
    for (int64_t ms = 25; ms < 225; ms += 10)
        expect(jitter, ms, WZP_JITTER_CONCEAL, (uint32_t)ms - 5);
    expect(jitter, 225, WZP_JITTER_NOISE, 0);
    put(jitter, 20, 20, false, 0);
    expect(jitter, 402, WZP_JITTER_NOISE, 0);
    expect(jitter, 403, WZP_JITTER_FRAME, 400);
    free(jitter);
}

static void moves_the_delay_in_pauses(void **state)
{
    (void)state;
    struct wzp_jitter *jitter = new_jitter(400);
    for (uint32_t i = 0; i < 30; i++)
        put(jitter, i, i, false, 0);
    for (uint32_t i = 0; i < 5; i++) { /* 100 ms late: the target grows to the margin over it */
        put(jitter, 30 + i, 30 + i, false, 100);
    }
    assert_int_equal(wzp_jitter_stats(jitter).target_ms, 103);
    struct wzp_jitter_play play = wzp_jitter_get(jitter, 110 * WZP_MS, false);
    assert_int_equal(play.kind, WZP_JITTER_FRAME);
    /* As if the loudspeaker had been ahead: 20 ms of delay are missing. In speech nothing happens, in a pause
     * 10 ms are put in. */
    assert_false(wzp_jitter_skip(jitter, 100 * WZP_MS, 0, true));
    assert_int_equal(wzp_jitter_get(jitter, 103 * WZP_MS, true).kind, WZP_JITTER_CONCEAL);
    assert_int_equal(wzp_jitter_get(jitter, 113 * WZP_MS, true).kind, WZP_JITTER_CONCEAL);
    assert_int_equal(wzp_jitter_get(jitter, 123 * WZP_MS, true).kind, WZP_JITTER_FRAME);
    assert_int_equal(wzp_jitter_get(jitter, 133 * WZP_MS, false).kind, WZP_JITTER_FRAME);
    /* And 30 ms too much: only a pause gives them back. */
    assert_int_equal(wzp_jitter_get(jitter, 193 * WZP_MS, false).kind, WZP_JITTER_FRAME);
    assert_false(wzp_jitter_skip(jitter, 203 * WZP_MS, 0, false));
    assert_true(wzp_jitter_skip(jitter, 203 * WZP_MS, 0, true));
    free(jitter);
}

static void bounds_what_it_stores(void **state)
{
    (void)state;
    struct wzp_jitter *jitter = new_jitter(400);
    uint8_t large[WZP_AUDIO_PAYLOAD_MAX + 1] = {0};
    assert_int_equal(put_any(jitter, 0, 0, false, false, (struct wzp_slice){large, sizeof large}, 0),
                     WZP_JITTER_TOO_LARGE);
    /* 200 frames and nobody plays: the newest 128 stay, those that are not too late are played. */
    for (uint32_t i = 0; i < 200; i++)
        assert_int_equal(put(jitter, i, i, false, 0), WZP_JITTER_STORED);
    struct wzp_jitter_play play = wzp_jitter_get(jitter, 3980 * WZP_MS, false);
    assert_int_equal(play.kind, WZP_JITTER_FRAME);
    assert_int_equal(play.timestamp_ms, 3580);
    assert_int_equal(wzp_jitter_stats(jitter).lost, 179);
    free(jitter);
}

/* Packets of `frames` frames, numbered with their timestamps. */
static enum wzp_jitter_result put_packet(struct wzp_jitter *jitter, uint32_t sequence, unsigned frames,
                                         unsigned reach, bool is_repaired, int64_t now_ms)
{
    uint8_t byte = (uint8_t)sequence;
    struct wzp_jitter_packet packet = {
        .sequence = sequence,
        .timestamp_ms = sequence * frames * 20,
        .frames = frames,
        .reach = reach,
        .is_repaired = is_repaired,
        .payload = {&byte, 1},
    };
    return wzp_jitter_put(jitter, &packet, now_ms * WZP_MS);
}

static void plays_packets_of_several_frames(void **state)
{
    (void)state;
    for (unsigned frames = 1; frames <= WZP_AUDIO_PACKET_FRAMES_MAX; frames++) {
        struct wzp_jitter *jitter = new_jitter(400);
        int64_t length = frames * 20;
        for (uint32_t i = 0; i < 10; i++) { /* each leaves when its last frame is captured */
            int64_t leaves_ms = (i + 1) * length;
            assert_int_equal(put_packet(jitter, i, frames, 0, false, leaves_ms), WZP_JITTER_STORED);
            assert_int_equal(wzp_jitter_stats(jitter).target_ms, length - 20 + 3);
            if (i == 0)
                expect(jitter, leaves_ms + 2, WZP_JITTER_NOTHING, 0);
            struct wzp_jitter_play play = wzp_jitter_get(jitter, (leaves_ms + 3) * WZP_MS, false);
            assert_int_equal(play.kind, WZP_JITTER_FRAME);
            assert_int_equal(play.frames, frames);
            assert_int_equal(play.timestamp_ms, i * length);
            /* Within a packet it is not yet to be known whether the next one comes. */
            assert_false(wzp_jitter_skip(jitter, (leaves_ms + 33) * WZP_MS, (uint32_t)length - 10, false));
            assert_true(wzp_jitter_skip(jitter, (leaves_ms + 43) * WZP_MS, (uint32_t)length - 10, true));
        }
        uint8_t byte = 0;
        struct wzp_jitter_packet packet = {.sequence = 10, .frames = 13, .payload = {&byte, 1}};
        assert_int_equal(wzp_jitter_put(jitter, &packet, 0), WZP_JITTER_TOO_LARGE);
        packet.frames = 0;
        assert_int_equal(wzp_jitter_put(jitter, &packet, 0), WZP_JITTER_TOO_LARGE);
        free(jitter);
    }
}

/* Frames that the listener plays with a delay, one after the other; `from` on is to come. */
static void play_on(struct wzp_jitter *jitter, int64_t *now_ms, uint32_t from, uint32_t to)
{
    for (uint32_t frame = from; frame < to; frame++, *now_ms += 20)
        expect(jitter, *now_ms, WZP_JITTER_FRAME, frame * 20);
}

/* Puts packets of one frame, so late, and plays the first two from `from_ms` on; the time after that. */
static int64_t play_first(struct wzp_jitter *jitter, int64_t horizon_ms, uint32_t packets, int late_ms,
                          int64_t from_ms)
{
    wzp_jitter_set_horizon(jitter, horizon_ms * WZP_MS);
    for (uint32_t i = 0; i < packets; i++)
        put(jitter, i, i, false, late_ms);
    play_on(jitter, &from_ms, 0, 2);
    return from_ms;
}

/* Packets of two frames come 20 ms later than those of one, and the delay is stretched for them: what was
 * there before them, in packets of one, is not dropped for that although the wait has reached its limit. */
static void longer_packets_drop_no_shorter_ones(void **state)
{
    (void)state;
    struct wzp_jitter *jitter = new_jitter(100);
    int64_t now_ms = play_first(jitter, 96, 6, 0, 90);
    uint8_t byte = 0;
    struct wzp_jitter_packet packet = {
        .sequence = 6, .timestamp_ms = 120, .frames = 2, .payload = {&byte, 1}};
    assert_int_equal(wzp_jitter_put(jitter, &packet, 140 * WZP_MS), WZP_JITTER_STORED);
    assert_int_equal(wzp_jitter_stats(jitter).target_ms, 20 + 90);
    for (; wzp_jitter_wants_stretch(jitter, now_ms * WZP_MS, 0); now_ms += 10)
        wzp_jitter_on_stretched(jitter, (now_ms - 50) * WZP_MS);
    assert_int_equal(now_ms, 150); /* a delay of 110 */
    play_on(jitter, &now_ms, 2, 7);
    free(jitter);
}

/* A limit that falls below the delay, and a base that falls since the first packets had all waited in a
 * queue, drop nothing that is there in time to be played on with the delay of now. What comes later than that
 * is too late. */
static void a_limit_that_falls_drops_nothing_that_is_there(void **state)
{
    (void)state;
    struct wzp_jitter *jitter = new_jitter(150);
    int64_t now_ms = play_first(jitter, 120, 8, 10, 130);
    wzp_jitter_set_limit(jitter, 80);
    assert_int_equal(wzp_jitter_stats(jitter).target_ms, 70);
    play_on(jitter, &now_ms, 2, 4);
    put(jitter, 9, 9, false, 0);
    play_on(jitter, &now_ms, 4, 8);
    put_packet(jitter, 8, 1, 0, true, now_ms + 5);
    expect(jitter, now_ms + 10, WZP_JITTER_FRAME, 180);
    assert_int_equal(wzp_jitter_stats(jitter).lost, 1);
    jitter = wzp_jitter_init(jitter, 150);
    now_ms = play_first(jitter, 120, 8, 10, 130);
    wzp_jitter_set_limit(jitter, 60); /* too far below the delay of 120 */
    play_on(jitter, &now_ms, 3, 8);
    assert_int_equal(wzp_jitter_stats(jitter).lost, 1);
    free(jitter);
}

static void believes_the_horizon_until_it_knows(void **state)
{
    (void)state;
    struct wzp_jitter *jitter = new_jitter(400);
    uint32_t frame = 0;
    for (; frame < 200; frame++) /* repaired ones do not count as directly received */
        put_packet(jitter, frame, 1, 0, frame % 10 == 9, frame * 20 + (frame % 10 == 9 ? 80 : 0));
    assert_int_equal(wzp_jitter_stats(jitter).target_ms, 3);
    assert_int_equal(wzp_jitter_stats(jitter).repaired, 20);
    assert_int_equal(wzp_jitter_stats(jitter).jitter_us, 0);
    static const struct {
        int64_t horizon_ms;
        uint32_t packets, target_ms, target_then_ms;
    } rows[] = {
        {100, 255, 100, 100},                                    /* not enough seen */
        {100, 1, 100, 3},                                        /* nothing was repaired: it does not pay */
        {130, 10, 3, 3},                                         /* about the same: what was seen holds */
        {250, 100, 250, 250},                                    /* another one */
        {240, 200, 240, 3},   {0, 1, 3, 3},  {500, 1, 390, 390}, /* within delay_ms_max */
        {0, 1, 3, 3},         {-1, 1, 3, 3}, {INT64_MAX / WZP_MS, 1, 390, 390},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        wzp_jitter_set_horizon(jitter, rows[i].horizon_ms * WZP_MS);
        assert_int_equal(wzp_jitter_stats(jitter).target_ms, rows[i].target_ms);
        for (uint32_t k = 0; k < rows[i].packets; k++, frame++)
            put_packet(jitter, frame, 1, 0, false, frame * 20);
        assert_int_equal(wzp_jitter_stats(jitter).target_ms, rows[i].target_then_ms);
    }
    free(jitter);
}

/* One packet in fifty was late: hardly any is, and needs the last repair as well. But late ones are waited
 * for. */
static void a_late_packet_does_not_make_repair_late(void **state)
{
    (void)state;
    struct wzp_jitter *jitter = new_jitter(400);
    for (uint32_t frame = 0; frame < 50; frame++)
        put_packet(jitter, frame, 1, 0, false, frame * 20 + (frame == 20 ? 100 : 0));
    assert_int_equal(wzp_jitter_stats(jitter).target_ms, 103);
    wzp_jitter_set_horizon(jitter, 200 * WZP_MS);
    assert_int_equal(wzp_jitter_stats(jitter).target_ms, 200);
    wzp_jitter_set_horizon(jitter, 50 * WZP_MS);
    assert_int_equal(wzp_jitter_stats(jitter).target_ms, 103);
    free(jitter);
}

/* Nor once it is known how late repair comes: the one in 50 that came after the horizon is not waited for,
 * although one in 25 of the others was late. */
static void late_packets_do_not_make_known_repair_late(void **state)
{
    (void)state;
    struct wzp_jitter *jitter = new_jitter(400);
    wzp_jitter_set_horizon(jitter, 100 * WZP_MS);
    for (uint32_t frame = 0; frame < 400; frame++) {
        bool is_repaired = frame % 2, is_late = frame % 50 < 2;
        uint32_t late_ms = is_repaired ? (is_late ? 140 : 60) : is_late ? 30 : 0;
        put_packet(jitter, frame, 1, 0, is_repaired, frame * 20 + late_ms);
    }
    assert_int_equal(wzp_jitter_stats(jitter).target_ms, 100);
    free(jitter);
}

static void waits_for_repair_in_speech_up_to_the_target(void **state)
{
    (void)state;
    struct wzp_jitter *jitter = new_jitter(400);
    put(jitter, 0, 0, false, 0);
    expect(jitter, 5, WZP_JITTER_FRAME, 0);
    wzp_jitter_set_horizon(jitter, 50 * WZP_MS);
    put(jitter, 2, 2, false, 0);
    expect(jitter, 25, WZP_JITTER_CONCEAL, 20);
    expect(jitter, 35, WZP_JITTER_CONCEAL, 30);
    expect(jitter, 45, WZP_JITTER_CONCEAL, 30); /* its time is filled, but it may still come */
    put_packet(jitter, 1, 1, 0, true, 50);
    struct wzp_jitter_play play = wzp_jitter_get(jitter, 55 * WZP_MS, false);
    assert_int_equal(play.kind, WZP_JITTER_FRAME);
    assert_int_equal(play.timestamp_ms, 20);
    assert_true(play.is_repaired);
    assert_int_equal(wzp_jitter_stats(jitter).grown, 3);
    expect(jitter, 75, WZP_JITTER_FRAME, 40); /* at a delay of 35 */
    put(jitter, 4, 4, false, 0);
    expect(jitter, 95, WZP_JITTER_CONCEAL, 60);
    expect(jitter, 105, WZP_JITTER_CONCEAL, 70);
    expect(jitter, 115, WZP_JITTER_CONCEAL, 70);
    expect(jitter, 125, WZP_JITTER_FRAME, 80); /* at 45: 10 more would be above the target of 53 */
    assert_int_equal(put_packet(jitter, 3, 1, 0, true, 126), WZP_JITTER_LATE);
    put(jitter, 6, 6, false, 0);
    expect(jitter, 145, WZP_JITTER_CONCEAL, 100);
    put_packet(jitter, 5, 1, 0, true, 150);
    expect(jitter, 155, WZP_JITTER_FRAME, 100); /* to 55 it may still grow */
    free(jitter);
}

static void plays_what_is_left_of_a_belated_packet(void **state)
{
    (void)state;
    for (int64_t late_ms = 0; late_ms <= 120; late_ms += 10) {
        struct wzp_jitter *jitter = new_jitter(400);
        wzp_jitter_set_horizon(jitter, 20 * WZP_MS);
        put_packet(jitter, 0, 6, 0, false, 100);
        expect(jitter, 123, WZP_JITTER_FRAME, 0); /* 100 for its length, 20, 3 */
        for (int64_t ms = 0; ms < late_ms; ms += 10)
            expect(jitter, 243 + ms, WZP_JITTER_CONCEAL, (uint32_t)(120 + ms));
        put_packet(jitter, 1, 6, 0, true, 243 + late_ms);
        put_packet(jitter, 2, 6, 0, false, 340);
        struct wzp_jitter_play play = wzp_jitter_get(jitter, (243 + late_ms) * WZP_MS, false);
        assert_int_equal(play.kind, WZP_JITTER_FRAME);
        assert_int_equal(play.timestamp_ms, 120 + late_ms);
        assert_int_equal(play.skip_ms, late_ms % 120);
        assert_int_equal(wzp_jitter_stats(jitter).grown, 0);
        assert_int_equal(wzp_jitter_stats(jitter).lost, late_ms == 120);
        free(jitter);
    }
}

/* Two frames of three are within reach; then the packet itself comes, or not. */
static void recovers_frame_by_frame(void **state)
{
    (void)state;
    for (int comes = 0; comes < 2; comes++) {
        struct wzp_jitter *jitter = new_jitter(400);
        put_packet(jitter, 0, 3, 2, false, 40);
        expect(jitter, 150, WZP_JITTER_FRAME, 0);
        put_packet(jitter, 3, 3, 9, false, 220); /* reaches all, but 2 is nearer */
        put_packet(jitter, 2, 3, 2, false, 220);
        struct wzp_jitter_play play = wzp_jitter_get(jitter, 210 * WZP_MS, false);
        assert_int_equal(play.kind, WZP_JITTER_RECOVER);
        assert_int_equal(play.timestamp_ms, 60);
        assert_int_equal(play.behind, 6);
        assert_int_equal(play.payload.data[0], 3);
        play = wzp_jitter_get(jitter, 230 * WZP_MS, false);
        assert_int_equal(play.kind, WZP_JITTER_RECOVER);
        assert_int_equal(play.timestamp_ms, 80);
        assert_int_equal(play.behind, 2);
        assert_int_equal(play.payload.data[0], 2);
        if (comes) {
            assert_int_equal(put_packet(jitter, 1, 3, 2, true, 240), WZP_JITTER_STORED);
            play = wzp_jitter_get(jitter, 250 * WZP_MS, false);
            assert_int_equal(play.kind, WZP_JITTER_FRAME);
            assert_int_equal(play.timestamp_ms, 100);
            assert_int_equal(play.skip_ms, 40);
        } else {
            play = wzp_jitter_get(jitter, 250 * WZP_MS, false);
            assert_int_equal(play.kind, WZP_JITTER_RECOVER);
            assert_int_equal(play.behind, 1);
            assert_int_equal(put_packet(jitter, 1, 3, 2, true, 260), WZP_JITTER_LATE);
        }
        expect(jitter, 270, WZP_JITTER_FRAME, 120);
        assert_int_equal(wzp_jitter_stats(jitter).grown, 0);
        free(jitter);
    }
}

static void measures_what_arrives(void **state)
{
    (void)state;
    struct wzp_jitter *jitter = new_jitter(400);
    put(jitter, 0, 0, false, 0);
    put(jitter, 1, 1, false, 16);
    assert_int_equal(wzp_jitter_stats(jitter).jitter_us, 1000); /* a sixteenth of the change */
    free(jitter);
    for (uint32_t every = 50; every <= 200; every += 150) { /* 2 % and 0.5 % are late by 50 ms */
        jitter = new_jitter(400);
        for (uint32_t i = 0; i < 2000; i++)
            put(jitter, i, i, false, i % every == 7 ? 50 : 0);
        assert_int_equal(wzp_jitter_stats(jitter).target_ms, every == 50 ? 53 : 3);
        free(jitter);
    }
    jitter = new_jitter(400);
    for (uint32_t i = 0; i < 2000; i++) /* swapped in pairs, at the same moment: nothing is lost */
        put(jitter, i ^ 1, i ^ 1, true, i % 2 ? 20 : 0);
    assert_in_range(wzp_jitter_stats(jitter).target_ms, 23, 24);
    /* The first one counts from 1, which came before 0. */
    assert_int_equal(wzp_jitter_stats(jitter).received, wzp_jitter_stats(jitter).expected + 1);
    free(jitter);
}

/* A sender may say anything: nothing breaks, each stored frame is played at most once, and a sane sender that
 * follows is heard again. */
static void bears_any_numbers(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 20; seed++) {
        struct wzp_rng rng = wzp_rng_make(seed, 3);
        struct wzp_jitter *jitter = new_jitter(100);
        int64_t now_ns = 0;
        uint64_t stored = 0, played = 0;
        uint32_t sequence = 0, timestamp_ms = 0;
        for (int i = 0; i < 20000; i++) {
            static const int64_t steps_ns[] = {0, WZP_MS, 20 * WZP_MS, 20 * WZP_MS, 3 * WZP_S};
            now_ns += steps_ns[wzp_rng_below(&rng, 5)];
            uint64_t roll = wzp_rng_below(&rng, 10);
            sequence = roll == 0 ? (uint32_t)wzp_rng_u64(&rng)
                                 : sequence + (uint32_t)wzp_rng_below(&rng, 70) - 3;
            timestamp_ms = roll == 1 ? (uint32_t)wzp_rng_u64(&rng)
                                     : timestamp_ms + (uint32_t)wzp_rng_below(&rng, 99);
            uint8_t reach = roll < 6 ? (uint8_t)wzp_rng_below(&rng, 2 * WZP_AUDIO_REACH_MAX) : 0;
            struct wzp_jitter_packet packet = {
                .sequence = sequence,
                .timestamp_ms = timestamp_ms,
                .frames = roll == 2 ? 1 : 1 + (unsigned)wzp_rng_below(&rng, WZP_AUDIO_PACKET_FRAMES_MAX),
                .reach = reach,
                .is_comfort_noise = roll == 2,
                .is_repaired = roll > 6,
                .payload = {&reach, 1},
            };
            if (roll == 5)
                wzp_jitter_set_horizon(jitter, (int64_t)wzp_rng_below(&rng, 3) * 70 * WZP_MS);
            stored += wzp_jitter_put(jitter, &packet, now_ns) == WZP_JITTER_STORED;
            struct wzp_jitter_play play = wzp_jitter_get(jitter, now_ns, roll == 3);
            played += play.kind == WZP_JITTER_FRAME ||
                      (play.kind == WZP_JITTER_NOISE && play.payload.len > 0);
            if (play.kind == WZP_JITTER_FRAME)
                assert_true(play.skip_ms % 10 == 0 && play.skip_ms < play.frames * 20);
            if (play.kind == WZP_JITTER_RECOVER)
                assert_in_range(play.behind, 1, play.payload.data[0]);
            wzp_jitter_skip(jitter, now_ns, 0, roll == 4);
            assert_true(wzp_jitter_stats(jitter).target_ms <= 100 + 11 * 20);
        }
        assert_in_range(played, 1, stored);
        uint64_t heard = 0;
        int64_t at_ms = 1000000 * INT64_C(20) + 5;
        for (uint32_t i = 0; i < 200; i++) {
            put(jitter, sequence + 1000 + i, 1000000 + i, false, 0);
            while (at_ms < (1000000 + i) * INT64_C(20) + 25) {
                bool is_frame = wzp_jitter_get(jitter, at_ms * WZP_MS, false).kind == WZP_JITTER_FRAME;
                at_ms += is_frame ? 20 : 10;
                heard += is_frame;
            }
        }
        assert_in_range(heard, 150, 200);
        free(jitter);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(starts_anew_with_a_restarted_sender),
        cmocka_unit_test(plays_a_late_frame_in_full),
        cmocka_unit_test(gives_up_a_lost_frame_when_its_time_is_filled),
        cmocka_unit_test(takes_the_copy_from_the_successor),
        cmocka_unit_test(takes_silence_for_silence_and_finds_a_lost_start),
        cmocka_unit_test(falls_silent_after_200_ms_of_nothing),
        cmocka_unit_test(moves_the_delay_in_pauses),
        cmocka_unit_test(bounds_what_it_stores),
        cmocka_unit_test(plays_packets_of_several_frames),
        cmocka_unit_test(longer_packets_drop_no_shorter_ones),
        cmocka_unit_test(a_limit_that_falls_drops_nothing_that_is_there),
        cmocka_unit_test(believes_the_horizon_until_it_knows),
        cmocka_unit_test(late_packets_do_not_make_known_repair_late),
        cmocka_unit_test(a_late_packet_does_not_make_repair_late),
        cmocka_unit_test(waits_for_repair_in_speech_up_to_the_target),
        cmocka_unit_test(plays_what_is_left_of_a_belated_packet),
        cmocka_unit_test(recovers_frame_by_frame),
        cmocka_unit_test(measures_what_arrives),
        cmocka_unit_test(bears_any_numbers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
