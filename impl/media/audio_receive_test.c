// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/rng.h"
#include "base/time.h"
#include "codec/comfort_noise.h"
#include "media/audio_receive.h"

#include <math.h>
#include <stdlib.h>

/* A codec whose payload is the amplitude of a square wave in steps of 128, with one for the frame before it
 * in the second byte if there is one; or, of 3 bytes on: the amplitude of each of so many frames, the last
 * byte for all lost ones within as many frames. What it conceals is at 7777. */
#define CONCEALED_AMPLITUDE 7777

static size_t level_size(void)
{
    return 0;
}

static void level_init(void *decoder)
{
    (void)decoder;
}

static void level_fill(int16_t *pcm, size_t count, int amplitude)
{
    for (size_t i = 0; i < count; i++)
        pcm[i] = (int16_t)(i % 2 ? amplitude : -amplitude);
}

static unsigned level_frames(enum wzp_codec id, struct wzp_slice payload)
{
    (void)id;
    return payload.len < 3 ? 1 : (unsigned)payload.len - 1;
}

static bool level_decode(void *decoder, enum wzp_codec id, struct wzp_slice payload, int16_t *pcm)
{
    (void)decoder;
    bool whole = payload.len > 0 && payload.data[0] != 255;
    for (unsigned i = 0; i < (whole ? level_frames(id, payload) : 1); i++)
        level_fill(pcm + i * WZP_AUDIO_FRAME, WZP_AUDIO_FRAME,
                   whole ? payload.data[i] * 128 : CONCEALED_AMPLITUDE);
    return whole;
}

static unsigned level_reach(void *decoder, enum wzp_codec id, struct wzp_slice payload)
{
    (void)decoder;
    (void)id;
    return (unsigned)payload.len - 1;
}

static enum wzp_audio_recovery level_recover(void *decoder, enum wzp_codec id, struct wzp_slice later,
                                             unsigned behind, int16_t pcm[WZP_AUDIO_FRAME])
{
    assert_true(behind <= level_reach(decoder, id, later));
    level_fill(pcm, WZP_AUDIO_FRAME, later.data[later.len - 1] * 128);
    return behind == 1 ? WZP_AUDIO_LBRR : WZP_AUDIO_DRED;
}

static void level_conceal(void *decoder, int16_t pcm[WZP_AUDIO_PIECE])
{
    (void)decoder;
    level_fill(pcm, WZP_AUDIO_PIECE, CONCEALED_AMPLITUDE);
}

static uint32_t level_delay(enum wzp_codec id)
{
    (void)id;
    return 0;
}

static const struct wzp_audio_codec level_codec = {
    .delay = level_delay,
    .decoder_size = level_size,
    .decoder_init = level_init,
    .frames = level_frames,
    .decode = level_decode,
    .reach = level_reach,
    .recover = level_recover,
    .conceal = level_conceal,
};

static struct wzp_audio_receive *new_receive(const struct wzp_audio_codec *codec)
{
    void *memory = malloc(wzp_audio_receive_size(codec));
    assert_non_null(memory);
    return wzp_audio_receive_init(memory, codec, 400, 1);
}

static enum wzp_jitter_result put_frame(struct wzp_audio_receive *receive, uint32_t sequence,
                                        uint32_t timestamp_ms, bool is_comfort_noise,
                                        struct wzp_slice payload, int64_t now_ns)
{
    struct wzp_media_header header = {
        .codec = is_comfort_noise ? WZP_CODEC_COMFORT_NOISE : WZP_CODEC_OPUS_24K,
        .sequence = sequence,
        .timestamp_ms = timestamp_ms,
    };
    return wzp_audio_receive_put(receive, &header, false, payload, now_ns);
}

static void put_level(struct wzp_audio_receive *receive, uint32_t frame, int level, int copy, int64_t now_ms)
{
    uint8_t payload[2] = {(uint8_t)level, (uint8_t)copy};
    assert_int_equal(put_frame(receive, frame, frame * 20, false,
                               (struct wzp_slice){payload, copy < 0 ? 1 : 2}, now_ms * WZP_MS),
                     WZP_JITTER_STORED);
}

/* Plays a piece and checks all of it; a timestamp below 0: none. */
static void expect(struct wzp_audio_receive *receive, int64_t now_ms, enum wzp_heard_kind kind,
                   int64_t timestamp_ms, int amplitude)
{
    int16_t pcm[WZP_AUDIO_PIECE];
    struct wzp_heard heard;
    wzp_audio_receive_play(receive, now_ms * WZP_MS, pcm, &heard);
    assert_int_equal(heard.kind, kind);
    assert_int_equal(heard.has_timestamp, timestamp_ms >= 0);
    if (timestamp_ms >= 0)
        assert_int_equal(heard.timestamp_ms, timestamp_ms);
    for (size_t i = 0; i < WZP_AUDIO_PIECE; i++)
        assert_int_equal(pcm[i], i % 2 ? amplitude : -amplitude);
}

static void says_what_each_piece_is(void **state)
{
    (void)state;
    struct wzp_audio_receive *receive = new_receive(&level_codec);
    expect(receive, 0, WZP_HEARD_NONE, -1, 0);
    put_level(receive, 0, 10, -1, 5);
    expect(receive, 10, WZP_HEARD_RECEIVED, 0, 1280);
    expect(receive, 20, WZP_HEARD_RECEIVED, 10, 1280);
    put_level(receive, 2, 12, 11, 45);
    expect(receive, 30, WZP_HEARD_LBRR, 20, 1408);
    expect(receive, 40, WZP_HEARD_LBRR, 30, 1408);
    expect(receive, 50, WZP_HEARD_RECEIVED, 40, 1536);
    expect(receive, 60, WZP_HEARD_RECEIVED, 50, 1536);
    expect(receive, 70, WZP_HEARD_CONCEALED, 60, CONCEALED_AMPLITUDE);
    put_level(receive, 3, 255, -1, 75); /* the decoder refuses it: heard, but invented */
    expect(receive, 80, WZP_HEARD_CONCEALED, 60, CONCEALED_AMPLITUDE);
    expect(receive, 90, WZP_HEARD_CONCEALED, 70, CONCEALED_AMPLITUDE);
    uint8_t silence = WZP_COMFORT_NOISE_SILENCE;
    put_frame(receive, 4, 80, true, (struct wzp_slice){&silence, 1}, 95 * WZP_MS);
    expect(receive, 100, WZP_HEARD_COMFORT_NOISE, -1, 0);
    struct wzp_audio_receive_stats stats = wzp_audio_receive_stats(receive);
    assert_int_equal(stats.frames_decoded, 2);
    assert_int_equal(stats.frames_refused, 1);
    assert_int_equal(stats.frames_lbrr, 1);
    assert_int_equal(stats.pieces_concealed, 3);
    assert_int_equal(stats.pieces_comfort_noise, 1);
    assert_int_equal(stats.jitter.lost, 1);
    assert_int_equal(stats.jitter.received, 4);
    free(receive);
}

static void put_packet(struct wzp_audio_receive *receive, enum wzp_codec codec, uint32_t sequence,
                       uint32_t timestamp_ms, bool is_repaired, struct wzp_slice payload, int64_t now_ms)
{
    struct wzp_media_header header = {
        .codec = (uint8_t)codec, .sequence = sequence, .timestamp_ms = timestamp_ms};
    assert_int_equal(wzp_audio_receive_put(receive, &header, is_repaired, payload, now_ms * WZP_MS),
                     WZP_JITTER_STORED);
}

/* Packets of three frames: received, repaired, recovered, refused. */
static void says_what_each_piece_of_a_packet_is(void **state)
{
    (void)state;
    struct wzp_audio_receive *receive = new_receive(&level_codec);
    put_packet(receive, WZP_CODEC_OPUS_24K, 0, 0, false, (struct wzp_slice){(const uint8_t *)"\1\2\3\0", 4},
               40);
    int64_t at_ms = 50;
    for (int i = 0; i < 6; i++, at_ms += 10)
        expect(receive, at_ms, WZP_HEARD_RECEIVED, i * 10, (i / 2 + 1) * 128);
    put_packet(receive, WZP_CODEC_OPUS_24K, 1, 60, true, (struct wzp_slice){(const uint8_t *)"\4\5\6\0", 4},
               101);
    for (int i = 6; i < 12; i++, at_ms += 10)
        expect(receive, at_ms, WZP_HEARD_REPAIRED, i * 10, (i / 2 + 1) * 128);
    /* 2 is lost: three frames from what 3 has of them. */
    put_packet(receive, WZP_CODEC_OPUS_24K, 3, 180, false,
               (struct wzp_slice){(const uint8_t *)"\11\12\13\60", 4}, 161);
    for (int i = 12; i < 18; i++, at_ms += 10)
        expect(receive, at_ms, i < 16 ? WZP_HEARD_DRED : WZP_HEARD_LBRR, i * 10, 48 * 128);
    for (int i = 18; i < 24; i++, at_ms += 10)
        expect(receive, at_ms, WZP_HEARD_RECEIVED, i * 10, (i / 2) * 128);
    put_packet(receive, WZP_CODEC_OPUS_24K, 4, 240, false,
               (struct wzp_slice){(const uint8_t *)"\377\1\1\1", 4}, 280);
    for (int i = 24; i < 30; i++, at_ms += 10)
        expect(receive, at_ms, WZP_HEARD_CONCEALED, i * 10, CONCEALED_AMPLITUDE);
    struct wzp_audio_receive_stats stats = wzp_audio_receive_stats(receive);
    assert_int_equal(stats.frames_decoded, 9);
    assert_int_equal(stats.frames_repaired, 3);
    assert_int_equal(stats.frames_dred, 2);
    assert_int_equal(stats.frames_lbrr, 1);
    assert_int_equal(stats.frames_refused, 1);
    assert_int_equal(stats.pieces_concealed, 6);
    assert_int_equal(stats.jitter.repaired, 1);
    free(receive);
}

/* Within a spurt from Opus to Codec2 and back: 5 ms from the old one's concealment to the new one's sound. */
static void fades_from_codec_to_codec(void **state)
{
    (void)state;
    static const enum wzp_codec ids[] = {WZP_CODEC_OPUS_24K, WZP_CODEC_OPUS_6K, WZP_CODEC_CODEC2_3200,
                                         WZP_CODEC_CODEC2_1200, WZP_CODEC_OPUS_24K};
    struct wzp_audio_receive *receive = new_receive(&level_codec);
    for (uint32_t i = 0; i < sizeof ids / sizeof *ids; i++) {
        put_packet(receive, ids[i], i, i * 20, false, (struct wzp_slice){(const uint8_t *)"\12", 1}, i * 20);
        bool is_change = i == 2 || i == 4;
        int16_t pcm[WZP_AUDIO_PIECE];
        struct wzp_heard heard;
        wzp_audio_receive_play(receive, (i * 20 + 5) * WZP_MS, pcm, &heard);
        assert_int_equal(heard.kind, WZP_HEARD_RECEIVED);
        for (int k = 0; k < 240; k++) {
            int mixed = (CONCEALED_AMPLITUDE * (240 - k) + 1280 * k) / 240;
            int amplitude = is_change ? mixed : 1280;
            assert_int_equal(pcm[k], k % 2 ? amplitude : -amplitude);
        }
        for (int k = 240; k < WZP_AUDIO_PIECE; k++)
            assert_int_equal(pcm[k], k % 2 ? 1280 : -1280);
        expect(receive, i * 20 + 15, WZP_HEARD_RECEIVED, i * 20 + 10, 1280);
    }
    free(receive);
}

static void fades_into_comfort_noise(void **state)
{
    (void)state;
    struct wzp_audio_receive *receive = new_receive(&level_codec);
    uint8_t level = 60;
    put_level(receive, 0, 100, -1, 0);
    int16_t pcm[WZP_AUDIO_PIECE];
    struct wzp_heard heard;
    for (int64_t ms = 10; ms <= 20; ms += 10)
        wzp_audio_receive_play(receive, ms * WZP_MS, pcm, &heard);
    put_frame(receive, 1, 20, true, (struct wzp_slice){&level, 1}, 20 * WZP_MS);
    for (int64_t ms = 30; ms < 200; ms += 10) {
        wzp_audio_receive_play(receive, ms * WZP_MS, pcm, &heard);
        assert_int_equal(heard.kind, WZP_HEARD_COMFORT_NOISE);
        assert_in_range(wzp_comfort_noise_level(wzp_audio_energy(pcm, WZP_AUDIO_PIECE), WZP_AUDIO_PIECE), 58,
                        62);
    }
    put_level(receive, 2, 100, -1, 2 * 20); /* and then nothing more */
    wzp_audio_receive_play(receive, 200 * WZP_MS, pcm, &heard);
    wzp_audio_receive_play(receive, 210 * WZP_MS, pcm, &heard);
    assert_int_equal(heard.kind, WZP_HEARD_RECEIVED);
    uint64_t before = UINT64_MAX;
    for (int64_t ms = 0; ms < 200; ms += 10) {
        wzp_audio_receive_play(receive, (220 + ms) * WZP_MS, pcm, &heard);
        assert_int_equal(heard.kind, WZP_HEARD_CONCEALED);
        uint64_t energy = wzp_audio_energy(pcm, WZP_AUDIO_PIECE);
        assert_true(ms <= 100 ? energy <= before : energy < before);
        before = energy;
    }
    for (int64_t ms = 420; ms < 1000; ms += 10) {
        wzp_audio_receive_play(receive, ms * WZP_MS, pcm, &heard);
        assert_int_equal(heard.kind, WZP_HEARD_COMFORT_NOISE);
        assert_in_range(wzp_comfort_noise_level(wzp_audio_energy(pcm, WZP_AUDIO_PIECE), WZP_AUDIO_PIECE), 58,
                        62);
    }
    free(receive);
}

/* The path stalls once for 150 ms; what is said then comes late and raises the delay. `pause`: of 50 frames 5
 * are quiet, which is where the delay goes back; else it goes back to 60 ms over the target, by two pieces
 * that are played as one. */
static void lowers_the_delay(bool pause, uint32_t packet_frames)
{
    struct wzp_audio_receive *receive = new_receive(&level_codec);
    struct wzp_audio_receive_stats stats = {0};
    uint32_t sent = 0; /* frames */
    uint64_t loud_pieces = 0;
    uint64_t loud_frames = 0;
    for (int64_t ms = 0; ms < 80000; ms += 10) {
        while ((sent + packet_frames - 1) * 20 <= ms && (ms < 1000 || ms >= 1150)) {
            uint8_t payload[WZP_AUDIO_PACKET_FRAMES_MAX + 1] = {0};
            for (uint32_t i = 0; i < packet_frames; i++) {
                bool quiet = pause && (sent + i) % 50 >= 45;
                loud_frames += !quiet;
                payload[i] = quiet ? 0 : 100;
            }
            size_t len = packet_frames > 1 ? packet_frames + 1 : 1;
            put_packet(receive, WZP_CODEC_OPUS_24K, sent / packet_frames, sent * 20, false,
                       (struct wzp_slice){payload, len}, ms);
            sent += packet_frames;
        }
        int16_t pcm[WZP_AUDIO_PIECE];
        struct wzp_heard heard;
        wzp_audio_receive_play(receive, (ms + 5) * WZP_MS, pcm, &heard);
        bool is_loud = heard.kind == WZP_HEARD_RECEIVED && pcm[400] != 0;
        loud_pieces += is_loud;
        stats = wzp_audio_receive_stats(receive);
    }
    uint32_t span_ms = (packet_frames - 1) * 20;
    assert_int_equal(stats.jitter.lost + stats.jitter.late, 0);
    assert_in_range(stats.jitter.grown, 4, 16);
    assert_int_equal(stats.jitter.target_ms, span_ms + 3);
    if (pause) {
        assert_in_range(stats.jitter.delay_ms, span_ms + 3, span_ms + 3 + 25); /* 20 ms over it are let be */
        assert_in_range(loud_pieces, 2 * (loud_frames - packet_frames) - 4, 2 * loud_frames); /* left whole */
        assert_in_range(stats.pieces_skipped, stats.jitter.grown - 3, stats.jitter.grown);
    } else {
        assert_in_range(stats.jitter.delay_ms, span_ms + 3, span_ms + 65);
        assert_in_range(stats.pieces_squeezed, stats.jitter.grown > 7 ? stats.jitter.grown - 7 : 0, 11);
        assert_int_equal(stats.pieces_skipped, 0); /* nothing is lost for it */
    }
    free(receive);
}

static void lowers_the_delay_in_pauses(void **state)
{
    (void)state;
    for (uint32_t frames = 1; frames <= 6; frames++)
        lowers_the_delay(true, frames);
}

static void lowers_a_large_delay_in_speech(void **state)
{
    (void)state;
    for (uint32_t frames = 1; frames <= 6; frames++)
        lowers_the_delay(false, frames);
}

/* Without loss and jitter all sound is what the decoder gives, in order, at most 13 ms after it could be,
 * whatever the grid of the loudspeaker. */
static void is_transparent_on_a_good_path(void **state)
{
    (void)state;
    for (int phase = 0; phase < 10; phase++) {
        const struct wzp_audio_codec *codec = &wzp_codec_synthetic;
        struct wzp_audio_receive *receive = new_receive(codec);
        uint64_t encoder[8];
        codec->encoder_init(encoder, &(struct wzp_audio_encoder_config){24000, 1});
        int16_t pcm[WZP_AUDIO_FRAME] = {0};
        uint32_t sequence = 0;
        uint32_t next_ms = 0;
        uint64_t received = 0;
        for (int64_t ms = 0; ms < 20000; ms += 10) {
            if (ms % 20 ==
                0) { /* captured from ms - 20 to ms, 52.4 ms on its way; 2 s of speech, 1 s of silence */
                uint8_t payload[WZP_AUDIO_PAYLOAD_MAX];
                size_t len = codec->encode(encoder, pcm, 1, payload, sizeof payload);
                bool silent = ms % 3000 >= 2000;
                uint8_t level = 70;
                if (!silent || ms % 3000 == 2000)
                    put_frame(receive, sequence++, (uint32_t)ms, silent,
                              silent ? (struct wzp_slice){&level, 1} : (struct wzp_slice){payload, len},
                              (ms + 20) * WZP_MS + 52400 * WZP_US);
            }
            int16_t out[WZP_AUDIO_PIECE];
            struct wzp_heard heard;
            int64_t now_ns = (ms + 73 + phase) * WZP_MS; /* the packet of this step has just come */
            wzp_audio_receive_play(receive, now_ns, out, &heard);
            if (heard.kind != WZP_HEARD_RECEIVED) {
                assert_true(heard.kind == WZP_HEARD_NONE || heard.kind == WZP_HEARD_COMFORT_NOISE);
                continue;
            }
            received++;
            assert_true(heard.timestamp_ms == next_ms || heard.timestamp_ms % 3000 == 0);
            next_ms = heard.timestamp_ms + WZP_AUDIO_PIECE_MS;
            int64_t mouth_to_ear_ns = now_ns - heard.timestamp_ms * WZP_MS;
            assert_in_range(mouth_to_ear_ns, (72400 + 3000) * WZP_US, (72400 + 13000) * WZP_US);
        }
        struct wzp_audio_receive_stats stats = wzp_audio_receive_stats(receive);
        assert_int_equal(stats.pieces_concealed + stats.pieces_skipped, 0);
        assert_in_range(received, 2 * stats.jitter.received - 16, 2 * stats.jitter.received);
        free(receive);
    }
}

/* Opus at 20 % loss: single losses come from copies, and the rest is concealed; nothing is played twice. */
static void recovers_opus_frames(void **state)
{
    (void)state;
    const struct wzp_audio_codec *codec = &wzp_codec_opus;
    struct wzp_audio_receive *receive = new_receive(codec);
    void *encoder = malloc(codec->encoder_size());
    assert_non_null(encoder);
    codec->encoder_init(encoder, &(struct wzp_audio_encoder_config){.bitrate_bps = 24000});
    void *probe = malloc(codec->decoder_size());
    assert_non_null(probe);
    codec->decoder_init(probe);
    const struct wzp_audio_settings settings = {
        .bitrate_bps = 24000, .packet_frames = 1, .loss_percent = 20, .lbrr = true};
    codec->set(encoder, &settings);
    struct wzp_rng rng = wzp_rng_make(1, 0);
    uint64_t lost = 0;
    uint64_t copied = 0; /* lost, and a copy came */
    uint64_t lbrr = 0;   /* pieces */
    int64_t last_ms = -1;
    bool before_lost = false;
    for (uint32_t frame = 0; frame < 500; frame++) {
        int16_t pcm[WZP_AUDIO_FRAME];
        for (size_t i = 0; i < WZP_AUDIO_FRAME; i++) { /* a voice without consonants */
            double t = (double)(frame * WZP_AUDIO_FRAME + i) / WZP_AUDIO_RATE;
            double sum = 0;
            for (int k = 1; k <= 12; k++)
                sum += sin(2 * M_PI * k * (120 * t + 4 * sin(2 * t))) / k;
            pcm[i] = (int16_t)(5000 * sum * (0.6 + 0.4 * sin(2 * M_PI * 3 * t)));
        }
        uint8_t payload[WZP_AUDIO_PAYLOAD_MAX];
        size_t len = codec->encode(encoder, pcm, 1, payload, sizeof payload);
        bool drop = frame > 0 && wzp_rng_below(&rng, 5) == 0;
        lost += drop;
        copied += before_lost && !drop &&
                  codec->reach(probe, WZP_CODEC_OPUS_24K, (struct wzp_slice){payload, len}) > 0;
        before_lost = drop;
        if (!drop)
            put_frame(receive, frame, frame * 20, false, (struct wzp_slice){payload, len},
                      (frame * 20 + 20) * WZP_MS);
        for (uint32_t half = 0; half < 2; half++) {
            int16_t out[WZP_AUDIO_PIECE];
            struct wzp_heard heard;
            wzp_audio_receive_play(receive, (frame * 20 + 25 + half * 10) * WZP_MS, out, &heard);
            if (heard.kind == WZP_HEARD_RECEIVED || heard.kind == WZP_HEARD_LBRR) {
                assert_true(heard.timestamp_ms > last_ms);
                last_ms = heard.timestamp_ms;
            }
            lbrr += heard.kind == WZP_HEARD_LBRR;
        }
    }
    struct wzp_audio_receive_stats stats = wzp_audio_receive_stats(receive);
    assert_in_range(lost, 70, 130);
    assert_int_equal(lbrr / 2, stats.frames_lbrr);
    assert_in_range(copied, lost / 2, lost);
    assert_in_range(stats.frames_lbrr, copied - 2, copied);
    assert_int_equal(stats.jitter.target_ms, 23);
    assert_int_equal(stats.frames_refused, 0);
    free(probe);
    free(encoder);
    free(receive);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(says_what_each_piece_is),
        cmocka_unit_test(says_what_each_piece_of_a_packet_is),
        cmocka_unit_test(fades_from_codec_to_codec),
        cmocka_unit_test(fades_into_comfort_noise),
        cmocka_unit_test(lowers_the_delay_in_pauses),
        cmocka_unit_test(lowers_a_large_delay_in_speech),
        cmocka_unit_test(is_transparent_on_a_good_path),
        cmocka_unit_test(recovers_opus_frames),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
