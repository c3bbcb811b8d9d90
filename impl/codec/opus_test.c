// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/rng.h"
#include "codec/audio.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define FRAMES 150
#define ID     WZP_CODEC_OPUS_24K

static const struct wzp_audio_codec *const codec = &wzp_codec_opus;

/* Something like a voice: a gliding pitch with 30 harmonics under moving formants, in syllables. */
static void make_voice(int16_t *pcm, size_t count)
{
    double phase = 0;
    for (size_t n = 0; n < count; n++) {
        double t = (double)n / WZP_AUDIO_RATE;
        double pitch = 120 + 25 * sin(2 * M_PI * 0.9 * t);
        phase += 2 * M_PI * pitch / WZP_AUDIO_RATE;
        double formant = 600 + 250 * sin(2 * M_PI * 1.7 * t);
        double sum = 0;
        for (int k = 1; k <= 30; k++) {
            double distance = (k * pitch - formant) / 400;
            sum += exp(-distance * distance) * sin(k * phase) + 0.05 * sin(k * phase + k * k);
        }
        double syllable = 0.55 + 0.45 * sin(2 * M_PI * 3 * t);
        pcm[n] = (int16_t)(2500 * syllable * sum);
    }
}

struct coded {
    int16_t voice[FRAMES * WZP_AUDIO_FRAME];
    uint8_t payload[FRAMES][WZP_AUDIO_PAYLOAD_MAX];
    size_t len[FRAMES];
};

static struct coded *encode_voice(unsigned loss_percent)
{
    struct coded *coded = calloc(1, sizeof *coded);
    void *encoder = malloc(codec->encoder_size());
    assert_non_null(coded);
    assert_non_null(encoder);
    make_voice(coded->voice, FRAMES * WZP_AUDIO_FRAME);
    codec->encoder_init(encoder, &(struct wzp_audio_encoder_config){.bitrate_bps = 24000});
    codec->set(encoder, &(struct wzp_audio_settings){.bitrate_bps = 24000,
                                                     .packet_frames = 1,
                                                     .loss_percent = loss_percent,
                                                     .lbrr = loss_percent > 0});
    for (size_t i = 0; i < FRAMES; i++) {
        coded->len[i] = codec->encode(encoder, coded->voice + i * WZP_AUDIO_FRAME, 1, coded->payload[i],
                                      sizeof coded->payload[i]);
        assert_in_range(coded->len[i], 1, WZP_AUDIO_PAYLOAD_MAX);
    }
    free(encoder);
    return coded;
}

static struct wzp_slice frame_of(const struct coded *coded, size_t i)
{
    return (struct wzp_slice){coded->payload[i], coded->len[i]};
}

static void *new_decoder(void)
{
    void *decoder = malloc(codec->decoder_size());
    assert_non_null(decoder);
    codec->decoder_init(decoder);
    return decoder;
}

static double correlation(const int16_t *a, const int16_t *b, size_t count)
{
    double ab = 0, aa = 1, bb = 1;
    for (size_t i = 0; i < count; i++) {
        ab += (double)a[i] * b[i];
        aa += (double)a[i] * a[i];
        bb += (double)b[i] * b[i];
    }
    return ab / sqrt(aa * bb);
}

static void round_trip_keeps_the_voice_and_the_delay(void **state)
{
    (void)state;
    struct coded *coded = encode_voice(0);
    void *decoder = new_decoder();
    static int16_t out[FRAMES * WZP_AUDIO_FRAME];
    size_t bytes = 0;
    for (size_t i = 0; i < FRAMES; i++) {
        assert_true(codec->decode(decoder, ID, frame_of(coded, i), out + i * WZP_AUDIO_FRAME));
        assert_int_equal(codec->reach(decoder, ID, frame_of(coded, i)), 0);
        bytes += coded->len[i];
    }
    assert_in_range(bytes * 8 * 50 / FRAMES, 12000, 28000); /* bit/s */
    size_t start = 20 * WZP_AUDIO_FRAME;
    size_t count = (FRAMES - 21) * WZP_AUDIO_FRAME;
    assert_int_equal(codec->delay(WZP_CODEC_OPUS_24K), 312);
    double best = 0;
    size_t best_delay = 0;
    for (size_t delay = 0; delay < 700; delay++) {
        double match = correlation(out + start + delay, coded->voice + start, count);
        if (match > best) {
            best = match;
            best_delay = delay;
        }
    }
    assert_in_range(best_delay, codec->delay(WZP_CODEC_OPUS_24K) - 6, codec->delay(WZP_CODEC_OPUS_24K) + 6);
    assert_true(best > 0.9);
    free(decoder);
    free(coded);
}

/* Every tenth frame is lost: the copy is far nearer to it than what concealment invents, and a copy is
 * claimed only where there is one. */
static void copies_recover_what_concealment_cannot(void **state)
{
    (void)state;
    struct coded *coded = encode_voice(20);
    void *whole = new_decoder();
    void *copies = new_decoder();
    void *plc = new_decoder();
    double copied = 0, invented = 0;
    int count = 0;
    size_t carriers = 0;
    for (size_t i = 0; i + 1 < FRAMES; i++) {
        int16_t right[WZP_AUDIO_FRAME], copy[WZP_AUDIO_FRAME], guess[WZP_AUDIO_FRAME];
        assert_true(codec->decode(whole, ID, frame_of(coded, i), right));
        carriers += codec->reach(whole, ID, frame_of(coded, i));
        if (i < 20 || i % 10 != 0) {
            assert_true(codec->decode(copies, ID, frame_of(coded, i), copy));
            assert_true(codec->decode(plc, ID, frame_of(coded, i), guess));
            continue;
        }
        codec->conceal(plc, guess);
        codec->conceal(plc, guess + WZP_AUDIO_PIECE);
        enum wzp_audio_recovery kind = codec->recover(copies, ID, frame_of(coded, i + 1), 1, copy);
        assert_int_equal(kind,
                         codec->reach(copies, ID, frame_of(coded, i + 1)) ? WZP_AUDIO_LBRR : WZP_AUDIO_NONE);
        if (kind == WZP_AUDIO_NONE)
            continue;
        copied += correlation(copy, right, WZP_AUDIO_FRAME);
        invented += correlation(guess, right, WZP_AUDIO_FRAME);
        count++;
    }
    assert_true(carriers > FRAMES * 8 / 10);
    assert_true(count >= 10);
    assert_true(copied / count > 0.85);
    assert_true(copied / count > invented / count + 0.1);
    free(whole);
    free(copies);
    free(plc);
    free(coded);
}

static void refuses_what_is_no_packet(void **state)
{
    (void)state;
    struct coded *coded = encode_voice(0);
    void *decoder = new_decoder();
    static int16_t pcm[WZP_AUDIO_PACKET_FRAMES_MAX * WZP_AUDIO_FRAME];
    assert_false(codec->decode(decoder, ID, (struct wzp_slice){0}, pcm));
    assert_int_equal(codec->reach(decoder, ID, (struct wzp_slice){0}), 0);
    assert_int_equal(codec->recover(decoder, ID, (struct wzp_slice){0}, 1, pcm), WZP_AUDIO_NONE);
    assert_int_equal(codec->recover(decoder, ID, frame_of(coded, 50), 1, pcm), WZP_AUDIO_NONE);
    struct wzp_rng rng = wzp_rng_make(1, 0);
    for (int i = 0; i < 3000; i++) { /* anything at all: no crash, and it goes on afterwards */
        uint8_t bytes[WZP_AUDIO_PAYLOAD_MAX];
        size_t len = wzp_rng_below(&rng, sizeof bytes + 1);
        for (size_t k = 0; k < len; k++)
            bytes[k] = (uint8_t)wzp_rng_u64(&rng);
        if (i % 3 == 0)
            codec->recover(decoder, ID, (struct wzp_slice){bytes, len}, 1, pcm);
        else
            codec->decode(decoder, ID, (struct wzp_slice){bytes, len}, pcm);
    }
    assert_true(codec->decode(decoder, ID, frame_of(coded, 50), pcm));
    free(decoder);
    free(coded);
}

/* ---- packets of several frames ---- */

static void *new_encoder(const struct wzp_audio_settings *settings)
{
    void *encoder = malloc(codec->encoder_size());
    assert_non_null(encoder);
    codec->encoder_init(encoder, &(struct wzp_audio_encoder_config){.bitrate_bps = 24000});
    codec->set(encoder, settings);
    return encoder;
}

static void packets_hold_the_frames_and_bytes_that_were_set(void **state)
{
    (void)state;
    static int16_t voice[FRAMES * WZP_AUDIO_FRAME];
    static int16_t pcm[WZP_AUDIO_PACKET_FRAMES_MAX * WZP_AUDIO_FRAME];
    static const uint32_t bitrates[] = {6000, 8000, 12000, 16000, 24000, 32000};
    make_voice(voice, FRAMES * WZP_AUDIO_FRAME);
    for (unsigned packet = 1; packet <= 6; packet++)
        for (size_t r = 0; r < 2 * sizeof bitrates / sizeof *bitrates; r++) {
            const struct wzp_audio_settings settings = {
                .id = ID, .bitrate_bps = bitrates[r / 2], .packet_frames = packet, .constant = r % 2 == 0};
            void *encoder = new_encoder(&settings), *decoder = new_decoder();
            for (size_t at = 0; at + packet <= 36; at += packet) {
                uint8_t out[WZP_AUDIO_PAYLOAD_MAX];
                size_t len = codec->encode(encoder, voice + at * WZP_AUDIO_FRAME, packet, out, sizeof out);
                struct wzp_slice payload = {out, len};
                if (settings.constant)
                    assert_int_equal(len, settings.bitrate_bps * packet / 400);
                assert_int_equal(codec->frames(ID, payload), packet);
                unsigned configuration = out[0] >> 3; /* RFC 6716 table 2: SILK, 0-3 narrow, 8-11 wide */
                bool is_narrow = settings.bitrate_bps <= (settings.constant ? 16000 : 14000);
                assert_in_range(configuration, is_narrow ? 0 : 8, is_narrow ? 3 : 11);
                assert_int_equal(codec->frames(WZP_CODEC_COMFORT_NOISE, payload), 0);
                assert_int_equal(codec->frames(WZP_CODEC_H264_MAIN, payload), 0);
                pcm[packet * WZP_AUDIO_FRAME] = 12345;
                assert_true(codec->decode(decoder, ID, payload, pcm));
                assert_int_equal(pcm[packet * WZP_AUDIO_FRAME], 12345);
            }
            free(encoder);
            free(decoder);
        }
    static const struct {
        uint8_t bytes[3];
        unsigned frames;
    } wrong[] = {
        {{0x00, 1, 2}, 0}, /* 10 ms of SILK */
        {{0x1b, 7, 2}, 0}, /* seven frames of 60 ms */
        {{0xe3, 3, 2}, 0}, /* 7.5 ms of CELT */
        {{0x0b, 3, 2}, 3}, /* three frames of 20 ms, and a byte for all of them */
    };
    void *decoder = new_decoder();
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct wzp_slice payload = {wrong[i].bytes, 3};
        assert_int_equal(codec->frames(ID, payload), wrong[i].frames);
        assert_false(codec->decode(decoder, ID, payload, pcm));
    }
    free(decoder);
}

/* ---- DRED ---- */

/* Levels of 10 ms, in steps of loudness rather than power. */
static double envelope_match(const int16_t *a, const int16_t *b, size_t pieces)
{
    double ma = 0, mb = 0, ab = 0, aa = 1e-9, bb = 1e-9;
    for (int pass = 0; pass < 2; pass++)
        for (size_t i = 0; i < pieces; i++) {
            double x = log(1e6 + (double)wzp_audio_energy(a + i * WZP_AUDIO_PIECE, WZP_AUDIO_PIECE));
            double y = log(1e6 + (double)wzp_audio_energy(b + i * WZP_AUDIO_PIECE, WZP_AUDIO_PIECE));
            if (pass == 0) {
                ma += x / (double)pieces;
                mb += y / (double)pieces;
                continue;
            }
            ab += (x - ma) * (y - mb);
            aa += (x - ma) * (x - ma);
            bb += (y - mb) * (y - mb);
        }
    return ab / sqrt(aa * bb);
}

/* Runs of about 100 ms are lost again and again: what DRED gives for them against what concealment does, and
 * each frame that is within reach is recovered. */
static void dred_recovers_runs_that_concealment_cannot(void **state)
{
    (void)state;
    enum { LONG = 300 };
    static const struct {
        uint32_t bitrate_bps;
        unsigned packet, run; /* frames a packet, packets lost in a row */
    } rows[] = {{24000, 1, 5}, {20000, 2, 3}, {20000, 3, 2}, {16000, 6, 1}};
    static int16_t voice[LONG * WZP_AUDIO_FRAME], whole[LONG * WZP_AUDIO_FRAME],
        deep[(LONG + 6) * WZP_AUDIO_FRAME], plc[(LONG + 6) * WZP_AUDIO_FRAME];
    make_voice(voice, LONG * WZP_AUDIO_FRAME);
    for (size_t i = 0; i < LONG * WZP_AUDIO_FRAME; i++) /* syllables that begin and end */
        voice[i] = (int16_t)(voice[i] * fabs(sin(2 * M_PI * 1.9 * (double)i / WZP_AUDIO_RATE)));
    for (size_t r = 0; r < sizeof rows / sizeof *rows; r++) {
        unsigned packet = rows[r].packet, gap = 0, period = rows[r].run + 24 / packet;
        unsigned within = 0, beyond = 0;
        const struct wzp_audio_settings settings = {.id = ID,
                                                    .bitrate_bps = rows[r].bitrate_bps,
                                                    .packet_frames = packet,
                                                    .loss_percent = 30,
                                                    .lbrr = true,
                                                    .dred_ms = 1000};
        void *encoder = new_encoder(&settings);
        void *decoders[3] = {new_decoder(), new_decoder(), new_decoder()};
        double deep_match = 0, plc_match = 0;
        unsigned runs = 0;
        for (unsigned at = 0, n = 0; at + packet <= LONG; at += packet, n++) {
            uint8_t out[WZP_AUDIO_PAYLOAD_MAX];
            size_t len = codec->encode(encoder, voice + at * WZP_AUDIO_FRAME, packet, out, sizeof out);
            struct wzp_slice payload = {out, len};
            assert_true(codec->decode(decoders[0], ID, payload, whole + at * WZP_AUDIO_FRAME));
            if (n % period >= period - rows[r].run) {
                gap += packet;
                continue;
            }
            unsigned reach = codec->reach(decoders[1], ID, payload);
            for (unsigned behind = gap; behind > 0; behind--) {
                int16_t *pcm = plc + (at - behind) * WZP_AUDIO_FRAME;
                codec->conceal(decoders[2], pcm);
                codec->conceal(decoders[2], pcm + WZP_AUDIO_PIECE);
                enum wzp_audio_recovery kind = codec->recover(decoders[1], ID, payload, behind,
                                                              deep + (at - behind) * WZP_AUDIO_FRAME);
                assert_int_equal(kind, behind <= reach ? WZP_AUDIO_DRED : WZP_AUDIO_NONE);
                within += behind <= reach;
                beyond += behind > reach;
            }
            assert_true(codec->decode(decoders[1], ID, payload, deep + at * WZP_AUDIO_FRAME));
            assert_true(codec->decode(decoders[2], ID, payload, plc + at * WZP_AUDIO_FRAME));
            if (gap > 0) {
                size_t from = (at - gap) * WZP_AUDIO_FRAME;
                deep_match += envelope_match(whole + from, deep + from, 2 * gap);
                plc_match += envelope_match(whole + from, plc + from, 2 * gap);
                runs++;
            }
            gap = 0;
        }
        assert_in_range(runs, 5, 12);
        assert_true(within > 9 * beyond);
        assert_true(deep_match / runs > 0.75);
        assert_true(deep_match / runs > plc_match / runs + 0.4);
        free(encoder);
        for (size_t i = 0; i < 3; i++)
            free(decoders[i]);
    }
}

/* The version that is told to others is what libopus writes: 'D' and it open the extension. */
static void dred_is_of_the_version_told(void **state)
{
    (void)state;
    static int16_t voice[FRAMES * WZP_AUDIO_FRAME];
    make_voice(voice, FRAMES * WZP_AUDIO_FRAME);
    const struct wzp_audio_settings settings = {
        .id = ID, .bitrate_bps = 32000, .packet_frames = 1, .loss_percent = 30, .dred_ms = 500};
    void *encoder = new_encoder(&settings), *decoder = new_decoder();
    const uint8_t head[2] = {'D', codec->dred_version};
    unsigned carriers = 0, versions = 0;
    for (size_t i = 0; i < FRAMES; i++) {
        uint8_t out[WZP_AUDIO_PAYLOAD_MAX];
        size_t len = codec->encode(encoder, voice + i * WZP_AUDIO_FRAME, 1, out, sizeof out);
        unsigned reach = codec->reach(decoder, ID, (struct wzp_slice){out, len});
        assert_in_range(reach, 0, WZP_AUDIO_REACH_MAX);
        carriers += reach > 0;
        versions += reach > 0 && memmem(out, len, head, sizeof head) != NULL;
    }
    assert_true(carriers > FRAMES / 2);
    assert_int_equal(versions, carriers);
    free(encoder);
    free(decoder);
}

/* A packet of 60 ms repeats the 60 ms before it, each frame in its place. */
static void copies_of_long_packets_are_given_frame_by_frame(void **state)
{
    (void)state;
    static int16_t voice[FRAMES * WZP_AUDIO_FRAME], right[3 * WZP_AUDIO_FRAME], copy[3 * WZP_AUDIO_FRAME];
    make_voice(voice, FRAMES * WZP_AUDIO_FRAME);
    const struct wzp_audio_settings settings = {
        .id = ID, .bitrate_bps = 24000, .packet_frames = 3, .loss_percent = 30, .lbrr = true};
    void *encoder = new_encoder(&settings), *whole = new_decoder(), *copies = new_decoder();
    double match = 0;
    unsigned count = 0;
    for (size_t n = 0; n < FRAMES / 3; n++) {
        uint8_t out[WZP_AUDIO_PAYLOAD_MAX];
        size_t len = codec->encode(encoder, voice + n * 3 * WZP_AUDIO_FRAME, 3, out, sizeof out);
        struct wzp_slice payload = {out, len};
        static int16_t next[3 * WZP_AUDIO_FRAME];
        assert_true(codec->decode(whole, ID, payload, next));
        if (n % 5 != 3) {
            if (n % 5 == 4 && codec->reach(copies, ID, payload) > 0) {
                assert_int_equal(codec->reach(copies, ID, payload), 3);
                for (unsigned behind = 3; behind > 0; behind--)
                    assert_int_equal(
                        codec->recover(copies, ID, payload, behind, copy + (3 - behind) * WZP_AUDIO_FRAME),
                        WZP_AUDIO_LBRR);
                for (unsigned i = 0; i < 3 && n > 10; i++, count++)
                    match += correlation(copy + i * WZP_AUDIO_FRAME, right + i * WZP_AUDIO_FRAME,
                                         WZP_AUDIO_FRAME);
            }
            assert_true(codec->decode(copies, ID, payload, copy));
        }
        memcpy(right, next, sizeof right);
    }
    assert_true(count >= 15);
    assert_true(match / count > 0.8);
    free(encoder);
    free(whole);
    free(copies);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(round_trip_keeps_the_voice_and_the_delay),
        cmocka_unit_test(copies_recover_what_concealment_cannot),
        cmocka_unit_test(refuses_what_is_no_packet),
        cmocka_unit_test(packets_hold_the_frames_and_bytes_that_were_set),
        cmocka_unit_test(copies_of_long_packets_are_given_frame_by_frame),
        cmocka_unit_test(dred_recovers_runs_that_concealment_cannot),
        cmocka_unit_test(dred_is_of_the_version_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
