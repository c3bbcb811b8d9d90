// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/rng.h"
#include "media/mix.h"

#include <string.h>

static int16_t random_sample(struct wzp_rng *rng)
{
    return (int16_t)((int32_t)wzp_rng_below(rng, 65536) - 32768);
}

static void one_voice_comes_out_as_it_went_in(void **state)
{
    (void)state;
    struct wzp_rng rng = wzp_rng_make(1, 0);
    int16_t voice[WZP_AUDIO_PIECE], out[WZP_AUDIO_PIECE];
    for (size_t i = 0; i < WZP_AUDIO_PIECE; i++)
        voice[i] = random_sample(&rng);
    voice[0] = INT16_MIN;
    voice[1] = INT16_MAX;
    struct wzp_mix mix;
    wzp_mix_init(&mix);
    wzp_mix_add(&mix, voice);
    wzp_mix_finish(&mix, out);
    assert_memory_equal(out, voice, sizeof out);
    wzp_mix_init(&mix);
    wzp_mix_finish(&mix, out);
    for (size_t i = 0; i < WZP_AUDIO_PIECE; i++)
        assert_int_equal(out[i], 0);
}

static void quiet_voices_are_summed_exactly(void **state)
{
    (void)state;
    struct wzp_rng rng = wzp_rng_make(2, 0);
    int16_t a[WZP_AUDIO_PIECE], b[WZP_AUDIO_PIECE], out[WZP_AUDIO_PIECE];
    struct wzp_mix mix;
    wzp_mix_init(&mix);
    for (size_t i = 0; i < WZP_AUDIO_PIECE; i++) {
        a[i] = random_sample(&rng) / 4;
        b[i] = random_sample(&rng) / 2;
    }
    wzp_mix_add(&mix, a);
    wzp_mix_add(&mix, b);
    wzp_mix_finish(&mix, out);
    for (size_t i = 0; i < WZP_AUDIO_PIECE; i++)
        assert_int_equal(out[i], a[i] + b[i]);
}

static void loud_voices_are_bent_and_never_wrap(void **state)
{
    (void)state;
    for (int voices = 2; voices <= 64; voices *= 2) {
        struct wzp_mix mix;
        wzp_mix_init(&mix);
        int16_t ramp[WZP_AUDIO_PIECE], out[WZP_AUDIO_PIECE];
        for (int i = 0; i < WZP_AUDIO_PIECE; i++)
            ramp[i] = (int16_t)(-32768 + i * 65535 / (WZP_AUDIO_PIECE - 1));
        for (int i = 0; i < voices; i++)
            wzp_mix_add(&mix, ramp);
        wzp_mix_finish(&mix, out);
        for (size_t i = 0; i < WZP_AUDIO_PIECE; i++) {
            assert_true(i == 0 || out[i] >= out[i - 1]);
            assert_true(mix.sum[i] >= 0 ? out[i] >= 0 && out[i] <= mix.sum[i]
                                        : out[i] <= 0 && out[i] >= mix.sum[i]);
        }
        assert_true(out[0] < -28000 && out[WZP_AUDIO_PIECE - 1] > 28000);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_voice_comes_out_as_it_went_in),
        cmocka_unit_test(quiet_voices_are_summed_exactly),
        cmocka_unit_test(loud_voices_are_bent_and_never_wrap),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
