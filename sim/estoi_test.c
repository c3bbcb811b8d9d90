// SPDX-License-Identifier: Apache-2.0
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/rng.h"
#include "sim/estoi.h"

#define PI      3.14159265358979323846
#define LEN_10K 40000 /* 4 s */
#define FRAME   960   /* 20 ms at 48 kHz */
#define LEN_48K (8 * 48000)
#define NEAR    0.0006 /* the golden values have three digits */
#define PLAYOUT (LEN_48K + 48000)
#define MAP     (LEN_48K / FRAME)

/* The reference signal: 35 harmonics of 120 Hz, each with a modulation of its own, under a slow envelope. */
static float voice(double t)
{
    double sum = 0;
    for (int k = 1; k <= 35; k++)
        sum += pow(k, -0.5) * sin(2 * PI * 120 * k * t + k * k) *
               (1 + 0.8 * sin(2 * PI * (1 + 0.37 * k) * t));
    return (float)(0.1 * (0.55 + 0.45 * sin(2 * PI * 4 * t) * sin(2 * PI * 0.7 * t)) * sum);
}

/* A second one that the first can be spoilt with, as well known between samples: 60 sines of no harmony. */
static float babble(double t)
{
    double sum = 0;
    for (int k = 1; k <= 60; k++)
        sum += sin(2 * PI * 71.3 * k * t + 0.7 * k * k) * (1 + 0.7 * sin(2 * PI * (0.5 + 0.23 * k) * t));
    return (float)(0.02 * sum);
}

static float *sample(float (*wave)(double), size_t n, double rate)
{
    float *out = malloc(n * sizeof *out);
    for (size_t i = 0; i < n; i++)
        out[i] = wave((double)i / rate);
    return out;
}

static float *clean_48k; /* eight seconds of voice, made once: sines are what takes the time here */

static int make_clean(void **state)
{
    (void)state;
    clean_48k = sample(voice, LEN_48K, 48000);
    return 0;
}

static int drop_clean(void **state)
{
    (void)state;
    free(clean_48k);
    return 0;
}

static float *mix(const float *a, const float *b, float gain, size_t n)
{
    float *out = malloc(n * sizeof *out);
    for (size_t i = 0; i < n; i++)
        out[i] = a[i] + gain * b[i];
    return out;
}

static void test_golden(void **state)
{
    (void)state;
    static const struct {
        float noise;
        double score;
    } rows[] = {{0, 1}, {0.05f, 0.909}, {0.1f, 0.727}, {0.2f, 0.447}, {0.5f, 0.174}};
    float *x = sample(voice, LEN_10K, 10000);
    float *u = malloc(LEN_10K * sizeof *u);
    uint32_t s = 1;
    for (size_t i = 0; i < LEN_10K; i++) {
        s = s * 1664525 + 1013904223;
        u[i] = (float)(s / 2147483648.0 - 1);
    }
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        float *y = mix(x, u, rows[i].noise, LEN_10K);
        double score = sim_estoi_10k(x, y, LEN_10K);
        print_message("noise %.2f: %.4f, expected %.3f\n", (double)rows[i].noise, score, rows[i].score);
        assert_true(fabs(score - rows[i].score) <= NEAR);
        free(y);
    }
    float *holes = malloc(LEN_10K * sizeof *holes);
    for (size_t i = 0; i < LEN_10K; i++)
        holes[i] = i % 600 < 200 ? 0 : x[i];
    double score = sim_estoi_10k(x, holes, LEN_10K);
    print_message("holes: %.4f, expected 0.734\n", score);
    assert_true(fabs(score - 0.734) <= NEAR);
    free(holes);
    free(u);
    free(x);
}

/* Loudness and silence around the speech change nothing; silence or a stranger in its place leaves nothing.
 */
static void test_what_counts(void **state)
{
    (void)state;
    float *x = sample(voice, LEN_10K, 10000), *b = sample(babble, LEN_10K, 10000);
    float *zero = calloc(LEN_10K, sizeof *zero);
    float *quiet = mix(zero, x, 0.01f, LEN_10K);
    assert_true(fabs(sim_estoi_10k(x, quiet, LEN_10K) - 1) < 1e-4);
    float *rounding = mix(zero, x, 1e-12f, LEN_10K);
    assert_true(sim_estoi_10k(x, zero, LEN_10K) == 0);
    assert_true(sim_estoi_10k(x, rounding, LEN_10K) == 0);
    free(rounding);
    assert_true(fabs(sim_estoi_10k(x, b, LEN_10K)) < 0.1);

    float *half = mix(zero, x, 0.001f, LEN_10K), *spoilt = malloc(LEN_10K * sizeof *spoilt);
    memcpy(half, x, LEN_10K / 2 * sizeof *half);
    memcpy(spoilt, b, LEN_10K * sizeof *spoilt);
    memcpy(spoilt, x, LEN_10K / 2 * sizeof *spoilt); /* noise where the speaker is 60 dB down */
    double score = sim_estoi_10k(half, spoilt, LEN_10K);
    assert_true(score > 0.97);
    memset(half + LEN_10K / 2, 0, LEN_10K / 2 * sizeof *half);
    assert_true(sim_estoi_10k(x, half, LEN_10K) < 0.6);
    free(spoilt);
    free(half);
    free(quiet);
    free(zero);
    free(b);
    free(x);
}

static void test_too_short(void **state)
{
    (void)state;
    float *x = sample(voice, LEN_10K, 10000), *zero = calloc(LEN_10K, sizeof *zero);
    /* 31 frames of which the last begins before n - 256 */
    const size_t least = 30 * 128 + 256 + 1;
    assert_true(isnan(sim_estoi_10k(x, x, 0)));
    assert_true(isnan(sim_estoi_10k(x, x, 256)));
    assert_true(isnan(sim_estoi_10k(x, x, least - 1)));
    assert_true(fabs(sim_estoi_10k(x, x, least) - 1) < 1e-9);
    assert_true(isnan(sim_estoi_10k(zero, x, LEN_10K)));
    assert_true(isnan(sim_estoi_48k(x, x, 0)));
    assert_true(isnan(sim_estoi_48k(x, x, 3)));
    free(zero);
    free(x);
}

/* The same sounds known at both rates score the same: the resampler adds nothing. */
static void test_rates_agree(void **state)
{
    (void)state;
    const size_t n = 4 * 48000;
    float *x10 = sample(voice, LEN_10K, 10000), *b10 = sample(babble, LEN_10K, 10000);
    const float *x48 = clean_48k;
    float *b48 = sample(babble, n, 48000);
    for (float gain = 0.1f; gain < 2; gain *= 2) {
        float *y10 = mix(x10, b10, gain, LEN_10K), *y48 = mix(x48, b48, gain, n);
        double at10 = sim_estoi_10k(x10, y10, LEN_10K), at48 = sim_estoi_48k(x48, y48, n);
        print_message("gain %.1f: %.4f at 10 kHz, %.4f at 48 kHz\n", (double)gain, at10, at48);
        assert_true(fabs(at10 - at48) < NEAR);
        free(y10);
        free(y48);
    }
    free(x10);
    free(b10);
    free(b48);
}

struct call {
    const float *clean;
    float *played;
    struct sim_estoi_frame map[MAP];
};

/* A call without a fault: frame f is played `delay[f]` samples after its capture. */
static struct call *make_call(int64_t (*delay)(size_t frame))
{
    struct call *call = calloc(1, sizeof *call);
    call->clean = clean_48k;
    call->played = calloc(PLAYOUT, sizeof *call->played);
    for (size_t f = 0; f < MAP; f++) {
        int64_t capture = (int64_t)f * FRAME;
        call->map[f] = (struct sim_estoi_frame){capture, capture + delay(f), true};
        memcpy(call->played + capture + delay(f), call->clean + capture, FRAME * sizeof *call->played);
    }
    return call;
}

static void end_call(struct call *call)
{
    free(call->played);
    free(call);
}

static double judge(const struct call *call)
{
    return sim_estoi_aligned(call->clean, 0, LEN_48K, call->played, PLAYOUT, call->map, MAP);
}

static int64_t steady(size_t frame)
{
    (void)frame;
    return 4321;
}

static int64_t moved_by_60_ms(size_t frame)
{
    return frame < 200 ? 4800 : 4800 + 2880;
}

static int64_t moved_inside(size_t frame)
{
    return frame < 210 ? 4800 : 4800 + 2880;
}

/* In each half second two frames come 5 ms early and two 5 ms late. */
static int64_t moved_now_and_then(size_t frame)
{
    return 4800 + (frame % 25 < 2) * 240 - (frame % 25 >= 23) * 240;
}

static void lose(struct call *call, double share, uint64_t seed)
{
    struct wzp_rng rng = wzp_rng_make(seed, 0);
    for (size_t f = 0; f < MAP; f++) {
        if (wzp_rng_unit(&rng) >= share)
            continue;
        call->map[f].real = false;
        memset(call->played + call->map[f].playout_sample, 0, FRAME * sizeof *call->played);
    }
}

static void test_moves_do_not_count(void **state)
{
    (void)state;
    struct call *call = make_call(steady);
    assert_true(judge(call) > 0.9999);
    end_call(call);

    call = make_call(moved_by_60_ms);
    double aligned = judge(call), fixed = sim_estoi_48k(call->clean, call->played + 4800, LEN_48K);
    print_message("a 60 ms move: %.4f aligned, %.4f at one offset\n", aligned, fixed);
    assert_true(aligned > 0.99);
    assert_true(fixed < 0.7);
    for (size_t f = 0; f < MAP / 2; f++) { /* the order of the map says nothing */
        struct sim_estoi_frame swap = call->map[f];
        call->map[f] = call->map[MAP - 1 - f];
        call->map[MAP - 1 - f] = swap;
    }
    assert_true(judge(call) == aligned);
    end_call(call);

    call = make_call(moved_inside); /* within a half second: the lesser part of it is off */
    print_message("a 60 ms move inside a piece: %.4f\n", judge(call));
    assert_true(judge(call) > 0.97 && judge(call) < 0.99);
    end_call(call);

    call = make_call(moved_now_and_then); /* few frames off: the offset is that of the others */
    print_message("one frame in six is 5 ms off: %.4f\n", judge(call));
    assert_true(judge(call) > 0.95);
    end_call(call);
}

static void test_loss_counts(void **state)
{
    (void)state;
    double before = 1;
    for (int percent = 5; percent <= 80; percent *= 2) {
        struct call *call = make_call(moved_by_60_ms);
        lose(call, percent / 100.0, 3);
        double score = judge(call);
        print_message("%d %% of frames silent: %.4f\n", percent, score);
        assert_true(score < before - 0.03);
        before = score;
        end_call(call);
    }
    assert_true(before < 0.3);

    struct call *call = make_call(steady);
    lose(call, 1, 3);
    assert_true(judge(call) == 0);
    end_call(call);
}

/* Half seconds without a real frame take the offset of the one before, at the start that of the first known.
 */
static void test_offsets_carry(void **state)
{
    (void)state;
    struct call *call = make_call(moved_by_60_ms);
    for (size_t f = 0; f < MAP; f++)
        if (f < 60 || (f >= 100 && f < 160) || f >= 300)
            call->map[f].real = false; /* the sound is there, only the map does not know */
    assert_true(judge(call) > 0.99);
    for (size_t f = 0; f < MAP; f++)
        call->map[f].real = false;
    assert_true(judge(call) == 0);
    end_call(call);
}

static void test_part_of_a_call(void **state)
{
    (void)state;
    struct call *call = make_call(steady);
    memset(call->played, 0, (4321 + 3 * 48000) * sizeof *call->played); /* joined after three seconds */
    assert_true(judge(call) < 0.7);
    assert_true(sim_estoi_aligned(call->clean, 3 * 48000, LEN_48K, call->played, PLAYOUT, call->map, MAP) >
                0.999);
    /* Playout that ends early is silence, as is one that began late. */
    assert_true(sim_estoi_aligned(call->clean, 3 * 48000, LEN_48K, call->played, 5 * 48000, call->map, MAP) <
                0.5);
    for (size_t f = 0; f < MAP; f++)
        call->map[f].playout_sample -= 2 * 4321;
    assert_true(sim_estoi_aligned(call->clean, 0, 48000, call->played, PLAYOUT, call->map, MAP) < 0.1);
    end_call(call);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_golden),
        cmocka_unit_test(test_what_counts),
        cmocka_unit_test(test_too_short),
        cmocka_unit_test(test_rates_agree),
        cmocka_unit_test(test_moves_do_not_count),
        cmocka_unit_test(test_loss_counts),
        cmocka_unit_test(test_offsets_carry),
        cmocka_unit_test(test_part_of_a_call),
    };
    return cmocka_run_group_tests_name("sim/estoi", tests, make_clean, drop_clean);
}
