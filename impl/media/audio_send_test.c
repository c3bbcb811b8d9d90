// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/rng.h"
#include "codec/comfort_noise.h"
#include "media/audio_send.h"

#include <math.h>
#include <stdlib.h>

static struct wzp_audio_send *new_send(void)
{
    void *memory = malloc(wzp_audio_send_size(&wzp_codec_synthetic));
    assert_non_null(memory);
    return wzp_audio_send_init(memory, &wzp_codec_synthetic, &(struct wzp_audio_encoder_config){24000, 1});
}

/* A frame of noise, `level` dB under full scale. */
static void make_frame(struct wzp_rng *rng, int16_t *pcm, double level)
{
    double amplitude = sqrt(3) * 32768 * pow(10, -level / 20);
    for (size_t i = 0; i < WZP_AUDIO_FRAME; i++)
        pcm[i] = (int16_t)lrint(amplitude * (2 * wzp_rng_unit(rng) - 1));
}

static enum wzp_audio_send_kind kind_of(struct wzp_audio_send *send, struct wzp_rng *rng, double level)
{
    int16_t pcm[WZP_AUDIO_FRAME];
    make_frame(rng, pcm, level);
    return wzp_audio_send_frame(send, pcm, 0).kind;
}

static void silence_is_told_twice_and_every_400_ms(void **state)
{
    (void)state;
    struct wzp_audio_send *send = new_send();
    struct wzp_rng rng = wzp_rng_make(1, 0);
    for (int spurt = 0; spurt < 3; spurt++) {
        for (int i = 0; i < 5; i++)
            assert_int_equal(kind_of(send, &rng, 20), WZP_AUDIO_SEND_SPEECH);
        for (int i = 0; i < 100; i++) {
            int16_t pcm[WZP_AUDIO_FRAME];
            make_frame(&rng, pcm, 70);
            struct wzp_audio_packet packet = wzp_audio_send_frame(send, pcm, (uint32_t)i * 20);
            int after = i - 10; /* 200 ms of hangover */
            bool tells = after == 0 || after == 2 || (after > 2 && (after - 2) % 20 == 0);
            enum wzp_audio_send_kind kind = after < 0 ? WZP_AUDIO_SEND_SPEECH
                                            : tells   ? WZP_AUDIO_SEND_COMFORT_NOISE
                                                      : WZP_AUDIO_SEND_NOTHING;
            assert_int_equal(packet.kind, kind);
            assert_int_equal(packet.timestamp_ms, i * 20);
            assert_int_equal(packet.payload.len, after < 0 ? 60 : tells ? WZP_COMFORT_NOISE_LEN : 0);
            if (tells)
                assert_in_range(packet.payload.data[0], 69, 71);
        }
    }
    free(send);
}

/* Packets of several frames: one with speech or 200 ms after it in any of its frames is sent, then noise is
 * told again at once, and then at the first border after which 400 ms would be exceeded. */
static void packets_go_by_their_loudest_frame(void **state)
{
    (void)state;
    static const struct {
        unsigned frames;
        const char *kinds; /* of the packets from the last loud frame, the first of a packet, on */
    } rows[] = {
        {1, "SSSSSSSSSSSN.N...................N...................N"},
        {2, "SSSSSSNN.........N.........N"},
        {3, "SSSSNN.....N.....N.....N"},
        {6, "SSNN..N..N..N"},
        {12, "SNNNN"},
    };
    for (size_t row = 0; row < sizeof rows / sizeof *rows; row++) {
        unsigned frames = rows[row].frames;
        struct wzp_audio_send *send = new_send();
        struct wzp_rng rng = wzp_rng_make(2, 0);
        struct wzp_audio_settings settings = {.id = WZP_CODEC_CODEC2_3200, .packet_frames = frames};
        wzp_audio_send_set(send, &settings);
        uint32_t timestamp_ms = UINT32_MAX - 500;
        for (size_t i = 0; rows[row].kinds[i]; i++)
            for (unsigned k = 0; k < frames; k++, timestamp_ms += WZP_AUDIO_FRAME_MS) {
                int16_t pcm[WZP_AUDIO_FRAME];
                make_frame(&rng, pcm, i == 0 && k == 0 ? 20 : 70);
                struct wzp_audio_packet packet = wzp_audio_send_frame(send, pcm, timestamp_ms);
                char kind = k < frames - 1 ? '.' : rows[row].kinds[i];
                assert_int_equal(packet.kind, kind == 'S'   ? WZP_AUDIO_SEND_SPEECH
                                              : kind == 'N' ? WZP_AUDIO_SEND_COMFORT_NOISE
                                                            : WZP_AUDIO_SEND_NOTHING);
                if (kind == 'S') {
                    assert_int_equal(packet.codec, WZP_CODEC_CODEC2_3200);
                    assert_int_equal(packet.timestamp_ms, timestamp_ms - k * WZP_AUDIO_FRAME_MS);
                    assert_int_equal(wzp_codec_synthetic.frames(packet.codec, packet.payload), frames);
                } else if (kind == 'N') {
                    assert_int_equal(packet.codec, WZP_CODEC_COMFORT_NOISE);
                    assert_int_equal(packet.timestamp_ms, timestamp_ms);
                }
            }
        free(send);
    }
}

/* Frames of any loudness, loud ones rare, in packets of any length: whatever is within 45 dB of the loudest
 * so far has been sent. */
static void never_drops_what_is_within_45_db(void **state)
{
    (void)state;
    int dropped = 0;
    for (uint64_t seed = 0; seed < 30; seed++) {
        struct wzp_audio_send *send = new_send();
        struct wzp_rng rng = wzp_rng_make(seed, 0);
        uint64_t loudest = 0;
        bool is_active = false; /* something in this packet is */
        struct wzp_audio_settings settings = {
            .id = WZP_CODEC_OPUS_24K, .bitrate_bps = 24000, .packet_frames = 1 + (unsigned)(seed % 6)};
        wzp_audio_send_set(send, &settings);
        for (unsigned i = 1; i <= 1000; i++) {
            int16_t pcm[WZP_AUDIO_FRAME];
            make_frame(&rng, pcm,
                       wzp_rng_below(&rng, 10) ? 50 + 35 * wzp_rng_unit(&rng) : 10 + 75 * wzp_rng_unit(&rng));
            uint64_t energy = wzp_audio_energy(pcm, WZP_AUDIO_FRAME);
            if (energy > loudest)
                loudest = energy;
            is_active |= (double)energy >= (double)loudest * pow(10, -4.5);
            bool is_sent = wzp_audio_send_frame(send, pcm, 0).kind == WZP_AUDIO_SEND_SPEECH;
            if (i % settings.packet_frames)
                continue;
            assert_true(is_sent || !is_active);
            dropped += !is_sent;
            is_active = false;
        }
        free(send);
    }
    assert_true(dropped > 300); /* the law is not kept by sending everything */
}

static void digital_silence_is_quiet_from_the_start(void **state)
{
    (void)state;
    struct wzp_audio_send *send = new_send();
    int16_t zero[WZP_AUDIO_FRAME] = {0};
    for (int i = 0; i < 10; i++)
        assert_int_equal(wzp_audio_send_frame(send, zero, 0).kind, WZP_AUDIO_SEND_SPEECH);
    struct wzp_audio_packet packet = wzp_audio_send_frame(send, zero, 0);
    assert_int_equal(packet.kind, WZP_AUDIO_SEND_COMFORT_NOISE);
    assert_int_equal(packet.payload.data[0], WZP_COMFORT_NOISE_SILENCE);
    free(send);
}

static void forgets_a_knock_but_not_speech(void **state)
{
    (void)state;
    struct wzp_audio_send *send = new_send();
    struct wzp_rng rng = wzp_rng_make(4, 0);
    kind_of(send, &rng, 5); /* a knock at -5 dBov; -60 is 55 dB under it, 34 under speech */
    for (int i = 0; i < 11; i++)
        kind_of(send, &rng, 60);
    assert_int_not_equal(kind_of(send, &rng, 60), WZP_AUDIO_SEND_SPEECH);
    for (int i = 0; i < 50 * 60 * 4; i++)
        kind_of(send, &rng, 80);
    assert_int_equal(kind_of(send, &rng, 60), WZP_AUDIO_SEND_SPEECH);
    kind_of(send, &rng, 26);
    for (int i = 0; i < 50 * 60 * 10; i++)
        kind_of(send, &rng, 80);
    assert_int_not_equal(kind_of(send, &rng, 80), WZP_AUDIO_SEND_SPEECH);
    free(send);
}

/* A table like the codecs' that writes down what it is told. */
static struct wzp_audio_settings told;
static unsigned told_count, fed, fed_frames;

static size_t spy_size(void)
{
    return 0;
}

static void spy_init(void *encoder, const struct wzp_audio_encoder_config *config)
{
    (void)encoder;
    (void)config;
}

static size_t spy_encode(void *encoder, const int16_t *pcm, unsigned packet_frames, uint8_t *out,
                         size_t capacity)
{
    (void)encoder;
    (void)pcm;
    (void)out;
    (void)capacity;
    fed_frames = packet_frames;
    return ++fed % 100 == 0 ? 0 : 1;
}

static void spy_set(void *encoder, const struct wzp_audio_settings *settings)
{
    (void)encoder;
    told = *settings;
    told_count++;
}

static void feeds_the_encoder_always_and_tells_it_changes(void **state)
{
    (void)state;
    const struct wzp_audio_codec spy = {
        .encoder_size = spy_size, .encoder_init = spy_init, .encode = spy_encode, .set = spy_set};
    void *memory = malloc(wzp_audio_send_size(&spy));
    struct wzp_audio_encoder_config config = {24000, 0};
    struct wzp_audio_send *send = wzp_audio_send_init(memory, &spy, &config);
    struct wzp_rng rng = wzp_rng_make(5, 0);
    fed = told_count = 0;
    for (unsigned i = 1; i < 100; i++)
        kind_of(send, &rng, i < 10 ? 20 : 80);
    assert_int_equal(fed, 99);
    assert_int_equal(kind_of(send, &rng, 20), WZP_AUDIO_SEND_NOTHING); /* the codec failed */

    struct wzp_audio_settings settings = {WZP_CODEC_OPUS_24K, 24000, 1, 0, false, 0, false};
    wzp_audio_send_set(send, &settings);
    kind_of(send, &rng, 20);
    assert_int_equal(told_count, 0); /* that is how it began */
    settings.packet_frames = 3;
    settings.lbrr = true;
    wzp_audio_send_set(send, &settings);
    fed = 0;
    for (unsigned i = 0; i < 9; i++) {
        if (i == 4) { /* within a packet: from the next one on */
            settings.packet_frames = 2;
            settings.loss_percent = 20;
            wzp_audio_send_set(send, &settings);
        }
        enum wzp_audio_send_kind kind = kind_of(send, &rng, 20);
        bool is_full = i == 2 || i == 5 || i == 7;
        assert_int_equal(kind, is_full ? WZP_AUDIO_SEND_SPEECH : WZP_AUDIO_SEND_NOTHING);
        assert_int_equal(told_count, i < 6 ? 1 : 2);
        assert_int_equal(told.packet_frames, i < 6 ? 3 : 2);
        assert_int_equal(told.loss_percent, i < 6 ? 0 : 20);
        assert_true(told.lbrr);
        if (is_full)
            assert_int_equal(fed_frames, i < 6 ? 3 : 2);
    }
    assert_int_equal(fed, 3);
    free(memory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(silence_is_told_twice_and_every_400_ms),
        cmocka_unit_test(packets_go_by_their_loudest_frame),
        cmocka_unit_test(never_drops_what_is_within_45_db),
        cmocka_unit_test(digital_silence_is_quiet_from_the_start),
        cmocka_unit_test(forgets_a_knock_but_not_speech),
        cmocka_unit_test(feeds_the_encoder_always_and_tells_it_changes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
