// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "codec/audio.h"

#include <stdlib.h>
#include <string.h>

static void finds_codecs_by_name(void **state)
{
    (void)state;
    assert_ptr_equal(wzp_audio_codec_find("opus"), &wzp_codec_opus);
    assert_ptr_equal(wzp_audio_codec_find("synthetic"), &wzp_codec_synthetic);
    assert_null(wzp_audio_codec_find("mp3"));
    assert_null(wzp_audio_codec_find(""));
}

static void measures_energy(void **state)
{
    (void)state;
    int16_t pcm[WZP_AUDIO_FRAME];
    for (size_t i = 0; i < WZP_AUDIO_FRAME; i++)
        pcm[i] = INT16_MIN;
    assert_int_equal(wzp_audio_energy(pcm, WZP_AUDIO_FRAME), (UINT64_C(1) << 30) * WZP_AUDIO_FRAME);
    pcm[0] = -3;
    pcm[1] = 4;
    assert_int_equal(wzp_audio_energy(pcm, 2), 25);
    assert_int_equal(wzp_audio_energy(pcm, 0), 0);
}

static void synthetic_frames_are_whole_and_different(void **state)
{
    (void)state;
    const struct wzp_audio_codec *codec = &wzp_codec_synthetic;
    enum { FRAMES = 500 };
    static uint8_t all[2 * FRAMES][60];
    int16_t pcm[WZP_AUDIO_FRAME] = {0};
    for (uint32_t speaker = 0; speaker < 2; speaker++) {
        uint64_t encoder[8];
        assert_true(codec->encoder_size() <= sizeof encoder);
        codec->encoder_init(encoder, &(struct wzp_audio_encoder_config){24000, speaker});
        for (size_t i = 0; i < FRAMES; i++) {
            uint8_t out[WZP_AUDIO_PAYLOAD_MAX];
            assert_int_equal(codec->encode(encoder, pcm, 1, out, sizeof out), 60);
            memcpy(all[speaker * FRAMES + i], out, 60);
        }
    }
    assert_int_equal(codec->decoder_size(), 0);
    for (size_t i = 0; i < 2 * FRAMES; i++) {
        assert_true(codec->decode(NULL, WZP_CODEC_OPUS_24K, (struct wzp_slice){all[i], 60}, pcm));
        assert_int_equal(wzp_audio_energy(pcm, WZP_AUDIO_FRAME), UINT64_C(64000000) * WZP_AUDIO_FRAME);
        size_t bit = i % (60 * 8);
        all[i][bit / 8] ^= (uint8_t)(1 << bit % 8);
        assert_false(codec->decode(NULL, WZP_CODEC_OPUS_24K, (struct wzp_slice){all[i], 60}, pcm));
        all[i][bit / 8] ^= (uint8_t)(1 << bit % 8);
        for (size_t k = 0; k < i; k++) /* no stretch of 12 bytes twice, at the same place of two frames */
            for (size_t at = 0; at + 12 <= 60; at += 6)
                assert_memory_not_equal(all[i] + at, all[k] + at, 12);
    }
    assert_false(codec->decode(NULL, WZP_CODEC_OPUS_24K, (struct wzp_slice){NULL, 0}, pcm));
    assert_false(codec->decode(NULL, WZP_CODEC_OPUS_24K, (struct wzp_slice){all[0], 11}, pcm));
    assert_int_equal(codec->reach(NULL, WZP_CODEC_OPUS_24K, (struct wzp_slice){all[0], 60}), 0);
}

/* The same bytes on every machine: the first frame of speaker 1. */
static void synthetic_bytes_are_fixed(void **state)
{
    (void)state;
    uint64_t encoder[8];
    uint8_t out[WZP_AUDIO_PAYLOAD_MAX];
    int16_t pcm[WZP_AUDIO_FRAME] = {0};
    wzp_codec_synthetic.encoder_init(encoder, &(struct wzp_audio_encoder_config){24000, 1});
    assert_int_equal(wzp_codec_synthetic.encode(encoder, pcm, 1, out, sizeof out), 60);
    static const uint8_t first[12] = {0x38, 0x01, 0x82, 0xa3, 0x1a, 0x5a, 0x2c, 0xc4, 0xa3, 0x7a, 0x6f, 0xa8};
    assert_memory_equal(out, first, sizeof first);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_codecs_by_name),
        cmocka_unit_test(measures_energy),
        cmocka_unit_test(synthetic_frames_are_whole_and_different),
        cmocka_unit_test(synthetic_bytes_are_fixed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
