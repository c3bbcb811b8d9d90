// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "codec/audio.h"
#include "codec/comfort_noise.h"

#include <math.h>

static double level_of(const int16_t *pcm, size_t count)
{
    double energy = (double)wzp_audio_energy(pcm, count);
    return -10 * log10(energy / (double)count / (32768.0 * 32768.0));
}

static void makes_noise_of_the_level_asked_for(void **state)
{
    (void)state;
    static int16_t pcm[48000];
    for (uint8_t level = 8; level <= 80; level++) {
        struct wzp_comfort_noise noise;
        uint8_t payload[WZP_COMFORT_NOISE_LEN];
        wzp_comfort_noise_init(&noise, level * 77u);
        wzp_comfort_noise_encode(level, payload);
        assert_true(wzp_comfort_noise_decode(&noise, (struct wzp_slice){payload, sizeof payload}));
        wzp_comfort_noise_make(&noise, pcm, 48000);
        assert_true(fabs(level_of(pcm, 48000) - level) < 1.0);
        assert_in_range(wzp_comfort_noise_level(wzp_audio_energy(pcm, 48000), 48000), level - 1, level + 1);
    }
}

static void measures_levels(void **state)
{
    (void)state;
    static const struct {
        int amplitude;
        uint8_t level;
    } rows[] = {{32768, 0}, {32767, 0}, {16384, 6}, {3277, 20}, {328, 40}, {33, 60}, {3, 81}, {1, 90}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        uint64_t energy = (uint64_t)rows[i].amplitude * (uint64_t)rows[i].amplitude * 960;
        assert_int_equal(wzp_comfort_noise_level(energy, 960), rows[i].level);
    }
    assert_int_equal(wzp_comfort_noise_level(0, 960), WZP_COMFORT_NOISE_SILENCE);
    assert_int_equal(wzp_comfort_noise_level(0, 0), WZP_COMFORT_NOISE_SILENCE);
    for (uint64_t energy = 960; energy < UINT64_C(1) << 40; energy += energy / 7 + 1) {
        double exact = -10 * log10((double)energy / 960 / (32768.0 * 32768.0));
        assert_true(fabs(wzp_comfort_noise_level(energy, 960) - exact) <= 0.51 || exact < 0);
    }
}

static void is_silent_and_the_same_again(void **state)
{
    (void)state;
    struct wzp_comfort_noise one, two;
    int16_t a[480], b[480];
    wzp_comfort_noise_init(&one, 5);
    wzp_comfort_noise_make(&one, a, 480);
    assert_int_equal(wzp_audio_energy(a, 480), 0);
    assert_false(wzp_comfort_noise_decode(&one, (struct wzp_slice){0}));
    assert_int_equal(one.level, WZP_COMFORT_NOISE_SILENCE);
    uint8_t payload[3] = {0x80 | 50, 1, 2}; /* reserved bit and spectral bytes are ignored */
    assert_true(wzp_comfort_noise_decode(&one, (struct wzp_slice){payload, 3}));
    assert_int_equal(one.level, 50);
    two = one;
    wzp_comfort_noise_make(&one, a, 480);
    wzp_comfort_noise_make(&two, b, 480);
    assert_memory_equal(a, b, sizeof a);
    assert_true(wzp_audio_energy(a, 480) > 0);
    one.level = 0; /* louder than uniform noise can be: clipped, not wrapped */
    wzp_comfort_noise_make(&one, a, 480);
    assert_true(level_of(a, 480) < 4);
    wzp_comfort_noise_encode(200, payload);
    assert_int_equal(payload[0], WZP_COMFORT_NOISE_SILENCE);
}

/* In whole numbers, one after the other. */
static void twin_make(struct wzp_comfort_noise *noise, int64_t amplitude, int16_t *pcm, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        noise->random = noise->random * 1664525 + 1013904223;
        int64_t sample = (((int64_t)(noise->random >> 16) - 32768) * amplitude + (1 << 22)) >> 23;
        pcm[i] = (int16_t)(sample < INT16_MIN ? INT16_MIN : sample > INT16_MAX ? INT16_MAX : sample);
    }
}

static void many_at_once_are_one_after_the_other(void **state)
{
    (void)state;
    for (uint8_t level = 0; level <= WZP_COMFORT_NOISE_SILENCE; level++) {
        struct wzp_comfort_noise noise = {.random = level * 7919u, .level = level}, twin = noise;
        int64_t amplitude = (int64_t)(256 * 32768 * sqrt(3) * pow(10, -(level % 20) / 20.0) + 0.5);
        for (unsigned decade = level / 20; decade > 0; decade--)
            amplitude /= 10;
        for (size_t count = 0; count < 1000; count += count < 40 ? 1 : 479) {
            int16_t a[1000], b[1000];
            wzp_comfort_noise_make(&noise, a, count);
            twin_make(&twin, level == WZP_COMFORT_NOISE_SILENCE ? 0 : amplitude, b, count);
            assert_memory_equal(a, b, count * sizeof *a);
            assert_int_equal(noise.random, twin.random);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(makes_noise_of_the_level_asked_for),
        cmocka_unit_test(measures_levels),
        cmocka_unit_test(is_silent_and_the_same_again),
        cmocka_unit_test(many_at_once_are_one_after_the_other),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
