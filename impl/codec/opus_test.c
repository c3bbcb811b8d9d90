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
    assert_int_equal(codec->delay_samples, 312);
    double best = 0;
    size_t best_delay = 0;
    for (size_t delay = 0; delay < 700; delay++) {
        double match = correlation(out + start + delay, coded->voice + start, count);
        if (match > best) {
            best = match;
            best_delay = delay;
        }
    }
    assert_in_range(best_delay, codec->delay_samples - 6, codec->delay_samples + 6);
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

static void refuses_what_is_not_one_frame(void **state)
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(round_trip_keeps_the_voice_and_the_delay),
        cmocka_unit_test(copies_recover_what_concealment_cannot),
        cmocka_unit_test(refuses_what_is_not_one_frame),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
