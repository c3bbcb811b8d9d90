// SPDX-License-Identifier: Apache-2.0
#include "run/probe.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/rng.h"

#define PIECES_MAX 2000 /* 20 s */

/* One line from what is said to what is heard: a delay, a gain, noise, and a low-pass of one pole per use. */
struct line {
    int16_t sample[PIECES_MAX * WZP_AUDIO_PIECE];
    size_t said, heard, delay;
    double gain, noise;
    struct wzp_rng rng;
};

static void put(struct line *line, const int16_t pcm[WZP_AUDIO_FRAME])
{
    memcpy(line->sample + line->said, pcm, WZP_AUDIO_FRAME * sizeof *pcm);
    line->said += WZP_AUDIO_FRAME;
}

static void take(struct line *line, int16_t pcm[WZP_AUDIO_PIECE])
{
    for (size_t i = 0; i < WZP_AUDIO_PIECE; i++, line->heard++) {
        double value = line->heard < line->delay ? 0 : line->gain * line->sample[line->heard - line->delay];
        pcm[i] = (int16_t)lrint(value + line->noise * (2 * wzp_rng_unit(&line->rng) - 1));
    }
}

/* Two probes with a line each way. */
static void talk(struct wzp_probe *a, struct wzp_probe *b, struct line *to_b, struct line *to_a,
                 unsigned frames)
{
    int16_t frame[WZP_AUDIO_FRAME], piece[WZP_AUDIO_PIECE];
    for (unsigned i = 0; i < frames; i++) {
        for (unsigned half = 0; half < 2; half++) { /* what sounds now, before what was said until then */
            take(to_b, piece);
            wzp_probe_hear(b, piece);
            take(to_a, piece);
            wzp_probe_hear(a, piece);
        }
        wzp_probe_say(a, frame);
        put(to_b, frame);
        wzp_probe_say(b, frame);
        put(to_a, frame);
    }
}

static struct line *line_of(size_t delay, double gain, double noise, uint64_t seed)
{
    struct line *line = calloc(1, sizeof *line);
    assert_non_null(line);
    line->delay = delay;
    line->gain = gain;
    line->noise = noise;
    line->rng = wzp_rng_make(seed, 1);
    return line;
}

static void test_round_trips(void **state)
{
    (void)state;
    static const struct {
        size_t there, back; /* samples, at least a frame each */
        double gain, noise;
        bool is_found;
    } rows[] = {
        {960, 960, 1, 0, true},         {4801, 7203, 0.5, 20, true}, {30000, 40001, 0.3, 100, true},
        {47000, 46000, 0.2, 300, true}, {5000, 5000, 0, 300, false}, {5000, 5000, 0.001, 3000, false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct line *there = line_of(rows[i].there, rows[i].gain, rows[i].noise, i),
                    *back = line_of(rows[i].back, 1, rows[i].noise, i + 100);
        struct wzp_probe *tone = wzp_probe_create(WZP_PROBE_TONE), *echo = wzp_probe_create(WZP_PROBE_ECHO);
        struct wzp_probe_result result;
        talk(tone, echo, there, back, 500); /* 10 s: the echoes of four chirps are over after 9.1 s */
        wzp_probe_result(tone, &result);
        assert_int_equal(result.said, 4);
        assert_int_equal(result.returned, rows[i].is_found ? 4 : 0);
        double truth_ms = (double)(rows[i].there + rows[i].back) / 48;
        if (rows[i].is_found && !(fabs(result.round_trip_p50_ms - truth_ms) <= 0.2 &&
                                  fabs(result.round_trip_p95_ms - truth_ms) <= 0.2))
            fail_msg("row %zu: %.3f and %.3f ms of %.3f ms", i, result.round_trip_p50_ms,
                     result.round_trip_p95_ms, truth_ms);
        assert_int_equal(isnan(result.round_trip_p50_ms) != 0, !rows[i].is_found);
        wzp_probe_destroy(tone);
        wzp_probe_destroy(echo);
        free(there);
        free(back);
    }
}

/* Every octave comes through a plain line at its gain, whenever it was begun to listen. */
static void test_levels(void **state)
{
    (void)state;
    for (size_t delay = 960; delay < 60000; delay += 9973) {
        struct line *there = line_of(delay, 0.5, 0, 1), *back = line_of(960, 1, 0, 1);
        struct wzp_probe *one = wzp_probe_create(WZP_PROBE_SWEEP), *other = wzp_probe_create(WZP_PROBE_SWEEP);
        struct wzp_probe_result result;
        talk(one, other, there, back, 500);
        wzp_probe_result(other, &result);
        for (size_t b = 0; b < WZP_PROBE_BANDS; b++) {
            assert_true(fabs(result.said_db[b] + 12.2) < 1.5); /* 8000 of 32768 */
            assert_true(fabs(result.heard_db[b] - result.said_db[b] + 6.02) < 1.5);
        }
        wzp_probe_destroy(one);
        wzp_probe_destroy(other);
        free(there);
        free(back);
    }
}

/* What was never said is not heard: a sweep that is cut off after 2 kHz leaves nothing in the octaves above.
 */
static void test_a_cut_octave_shows(void **state)
{
    (void)state;
    struct wzp_probe *one = wzp_probe_create(WZP_PROBE_SWEEP), *other = wzp_probe_create(WZP_PROBE_SWEEP);
    struct wzp_probe_result result;
    int16_t frame[WZP_AUDIO_FRAME];
    for (unsigned i = 0; i < 400; i++) {
        wzp_probe_say(one, frame);
        if (i >= 250) /* 5 s: 2828 Hz */
            memset(frame, 0, sizeof frame);
        wzp_probe_hear(other, frame);
        wzp_probe_hear(other, frame + WZP_AUDIO_PIECE);
    }
    wzp_probe_result(other, &result);
    for (size_t b = 0; b < WZP_PROBE_BANDS; b++)
        assert_true(wzp_probe_band_hz[b] <= 2000 ? result.heard_db[b] > -14 : result.heard_db[b] < -35);
    wzp_probe_destroy(one);
    wzp_probe_destroy(other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_round_trips), cmocka_unit_test(test_levels),
                                       cmocka_unit_test(test_a_cut_octave_shows)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
