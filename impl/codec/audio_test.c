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

/* Lengths are those of bitrate and duration, or of the bits of Codec2's modes; what is whole is known by
 * them. */
static void synthetic_packets_have_the_size_that_was_set(void **state)
{
    (void)state;
    static const struct {
        enum wzp_codec id;
        uint32_t bitrate_bps;
        unsigned packet;
        size_t len;
    } rows[] = {
        {WZP_CODEC_OPUS_6K, 6000, 1, 15},       {WZP_CODEC_OPUS_6K, 1000, 1, 12},
        {WZP_CODEC_OPUS_16K, 16000, 2, 80},     {WZP_CODEC_OPUS_24K, 24000, 3, 180},
        {WZP_CODEC_OPUS_32K, 32000, 6, 480},    {WZP_CODEC_OPUS_64K, 64000, 6, 512},
        {WZP_CODEC_CODEC2_3200, 24000, 1, 8},   {WZP_CODEC_CODEC2_3200, 24000, 12, 96},
        {WZP_CODEC_CODEC2_1200, 24000, 2, 6},   {WZP_CODEC_CODEC2_1200, 24000, 12, 36},
        {WZP_CODEC_CODEC2_700C, 24000, 2, 4},   {WZP_CODEC_CODEC2_700C, 24000, 4, 7},
        {WZP_CODEC_CODEC2_700C, 24000, 12, 21},
    };
    static int16_t pcm[WZP_AUDIO_PACKET_FRAMES_MAX * WZP_AUDIO_FRAME];
    const struct wzp_audio_codec *codec = &wzp_codec_synthetic;
    uint64_t encoder[8];
    codec->encoder_init(encoder, &(struct wzp_audio_encoder_config){24000, 7});
    for (size_t r = 0; r < sizeof rows / sizeof *rows; r++) {
        codec->set(encoder, &(struct wzp_audio_settings){.id = rows[r].id,
                                                         .bitrate_bps = rows[r].bitrate_bps,
                                                         .packet_frames = rows[r].packet});
        uint8_t out[WZP_AUDIO_PAYLOAD_MAX];
        size_t len = codec->encode(encoder, pcm, rows[r].packet, out, sizeof out);
        struct wzp_slice payload = {out, len};
        assert_int_equal(len, rows[r].len);
        assert_int_equal(codec->frames(rows[r].id, payload), rows[r].packet);
        pcm[rows[r].packet * WZP_AUDIO_FRAME - 1] = 0;
        assert_true(codec->decode(NULL, rows[r].id, payload, pcm));
        assert_int_equal(abs(pcm[rows[r].packet * WZP_AUDIO_FRAME - 1]), 8000);
        assert_int_equal(codec->recover(NULL, rows[r].id, payload, 1, pcm), WZP_AUDIO_NONE);
        out[len - 1] ^= 1;
        assert_int_equal(codec->frames(rows[r].id, payload), 0);
        assert_false(codec->decode(NULL, rows[r].id, payload, pcm));
    }
}

static void says_what_packets_are_possible(void **state)
{
    (void)state;
    for (unsigned id = 0; id < 256; id++)
        for (unsigned n = 0; n < 300; n++) {
            bool is_opus = id <= 2 || (id >= 6 && id <= 8), is_pair = id == 4 || id == 14;
            bool right = is_opus   ? n >= 1 && n <= 6
                         : is_pair ? n >= 2 && n <= 12 && n % 2 == 0
                                   : id == 3 && n >= 1 && n <= 12;
            assert_int_equal(wzp_audio_packet_is_possible((enum wzp_codec)id, n), right);
            assert_int_equal(wzp_audio_is_opus((enum wzp_codec)id), is_opus);
            assert_int_equal(wzp_audio_is_codec2((enum wzp_codec)id), is_pair || id == 3);
        }
    for (unsigned n = 2; n <= 12; n += 2)
        assert_int_equal(
            wzp_audio_codec2_frames(WZP_CODEC_CODEC2_700C, wzp_audio_codec2_len(WZP_CODEC_CODEC2_700C, n)),
            n);
    assert_int_equal(wzp_audio_codec2_frames(WZP_CODEC_CODEC2_700C, 5), 0);
    assert_int_equal(wzp_audio_codec2_frames(WZP_CODEC_OPUS_24K, 0), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_codecs_by_name),
        cmocka_unit_test(measures_energy),
        cmocka_unit_test(synthetic_frames_are_whole_and_different),
        cmocka_unit_test(synthetic_bytes_are_fixed),
        cmocka_unit_test(synthetic_packets_have_the_size_that_was_set),
        cmocka_unit_test(says_what_packets_are_possible),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
