// SPDX-License-Identifier: Apache-2.0
/* The thinnest codecs are still understood: ESTOI of real speech, a man's and a woman's, at the delay that
 * each id says, and worse at any other. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "codec/audio.h"
#include "run/wav.h"
#include "sim/estoi.h"

#include <stdlib.h>

#define PACKET  12
#define FRAMES  (20 * PACKET) /* 4.8 s */
#define SAMPLES (FRAMES * (size_t)WZP_AUDIO_FRAME)
#define BESIDE  (15 * WZP_AUDIO_RATE / 1000)

static int16_t pcm[SAMPLES], heard[SAMPLES];

static double estoi_at(const float *clean, size_t delay)
{
    static float degraded[SAMPLES];
    for (size_t i = 0; i + delay < SAMPLES; i++)
        degraded[i] = (float)heard[i + delay] / 32768;
    return sim_estoi_48k(clean, degraded, SAMPLES - delay);
}

static void run(enum wzp_codec id, unsigned packet)
{
    const struct wzp_audio_codec *codec = &wzp_codec_opus;
    void *encoder = malloc(codec->encoder_size()), *decoder = malloc(codec->decoder_size());
    assert_non_null(encoder);
    assert_non_null(decoder);
    codec->encoder_init(encoder, &(struct wzp_audio_encoder_config){.bitrate_bps = 8000});
    codec->set(encoder, &(struct wzp_audio_settings){.id = id, .bitrate_bps = 8000, .packet_frames = packet});
    codec->decoder_init(decoder);
    for (size_t at = 0; at < SAMPLES; at += packet * WZP_AUDIO_FRAME) {
        uint8_t payload[WZP_AUDIO_PAYLOAD_MAX];
        size_t len = codec->encode(encoder, pcm + at, packet, payload, sizeof payload);
        assert_true(codec->decode(decoder, id, (struct wzp_slice){payload, len}, heard + at));
    }
    codec->encoder_deinit(encoder);
    codec->decoder_deinit(decoder);
    free(encoder);
    free(decoder);
}

static void speech_is_understood(void **state)
{
    (void)state;
    static const struct {
        enum wzp_codec id;
        unsigned packet;
        double estoi_min;
    } rows[] = {
        {WZP_CODEC_OPUS_6K, 6, 0.85},
        {WZP_CODEC_CODEC2_3200, 12, 0.70},
        {WZP_CODEC_CODEC2_1200, 12, 0.62},
        {WZP_CODEC_CODEC2_700C, 12, 0.52},
    };
    static const char *const paths[] = {WZP_ROOT "/.deps/speech/female.wav",
                                        WZP_ROOT "/.deps/speech/male.wav"};
    for (size_t r = 0; r < sizeof rows / sizeof *rows; r++) {
        double right = 0, early = 0, late = 0;
        for (size_t i = 0; i < 2; i++) {
            struct wzp_wav wav;
            char why[WZP_WAV_WHY_MAX];
            assert_true(wzp_wav_read(paths[i], &wav, why));
            assert_true(wav.len >= SAMPLES);
            wzp_wav_to_int16(wav.samples, pcm, SAMPLES);
            run(rows[r].id, rows[r].packet);
            size_t delay = wzp_codec_opus.delay(rows[r].id);
            right += estoi_at(wav.samples, delay) / 2;
            early += estoi_at(wav.samples, delay > BESIDE ? delay - BESIDE : 0) / 2;
            late += estoi_at(wav.samples, delay + BESIDE) / 2;
            wzp_wav_free(&wav);
        }
        print_message("%s: ESTOI %.3f\n", wzp_codec_name(rows[r].id), right);
        assert_true(right > rows[r].estoi_min);
        assert_true(right > early && right > late);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(speech_is_understood),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
