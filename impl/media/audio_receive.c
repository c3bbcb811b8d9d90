// SPDX-License-Identifier: Apache-2.0
#include "media/audio_receive.h"

#include "codec/comfort_noise.h"

#include <stdalign.h>
#include <string.h>

#define QUIET         31623 /* 45 dB */
#define FADE_START_MS 100   /* of concealment; at FADE_END_MS only comfort noise is left */
#define FADE_END_MS   200
#define CROSSFADE     120 /* samples, 2.5 ms, over which a skipped piece gives way to the next one */

struct wzp_audio_receive {
    const struct wzp_audio_codec *codec;
    struct wzp_jitter *jitter;
    void *decoder;
    struct wzp_comfort_noise noise;
    int16_t frame[WZP_AUDIO_FRAME];
    bool has_first;        /* `frame` was decoded ahead: its first half is still to be played */
    bool has_second;       /* the second half of `frame` is still to be played */
    struct wzp_heard half; /* what the frame is, with its own timestamp */
    bool is_quiet;         /* the last decoded frame is a pause */
    uint64_t loudest;      /* energy of the loudest decoded frame */
    unsigned concealed_ms; /* in a row */
    struct wzp_audio_receive_stats stats;
    alignas(max_align_t) uint8_t rest[]; /* the jitter buffer, then the decoder */
};

static size_t aligned(size_t size)
{
    return (size + alignof(max_align_t) - 1) / alignof(max_align_t) * alignof(max_align_t);
}

size_t wzp_audio_receive_size(const struct wzp_audio_codec *codec)
{
    return sizeof(struct wzp_audio_receive) + aligned(wzp_jitter_size()) + codec->decoder_size();
}

struct wzp_audio_receive *wzp_audio_receive_init(void *memory, const struct wzp_audio_codec *codec,
                                                 uint32_t delay_ms_max, uint32_t seed)
{
    struct wzp_audio_receive *receive = memory;
    memset(receive, 0, sizeof *receive);
    receive->codec = codec;
    receive->jitter = wzp_jitter_init(receive->rest, delay_ms_max);
    receive->decoder = receive->rest + aligned(wzp_jitter_size());
    codec->decoder_init(receive->decoder);
    wzp_comfort_noise_init(&receive->noise, seed);
    return receive;
}

void wzp_audio_receive_deinit(struct wzp_audio_receive *receive)
{
    receive->codec->decoder_deinit(receive->decoder);
}

enum wzp_jitter_result wzp_audio_receive_put(struct wzp_audio_receive *receive, uint32_t sequence,
                                             uint32_t timestamp_ms, bool is_comfort_noise,
                                             struct wzp_slice payload, int64_t now_ns)
{
    bool carries_previous = !is_comfort_noise &&
                            receive->codec->reach(receive->decoder, WZP_CODEC_OPUS_24K, payload) > 0;
    return wzp_jitter_put(receive->jitter, sequence, timestamp_ms, is_comfort_noise, carries_previous,
                          payload, now_ns);
}

static void note_loudness(struct wzp_audio_receive *receive)
{
    uint64_t energy = wzp_audio_energy(receive->frame, WZP_AUDIO_FRAME);
    if (energy > receive->loudest)
        receive->loudest = energy;
    receive->is_quiet = energy * QUIET < receive->loudest;
}

/* Decodes a frame, or the copy of it, and plays its first half. */
static void play_frame(struct wzp_audio_receive *receive, const struct wzp_jitter_play *play, int16_t *pcm,
                       struct wzp_heard *heard)
{
    const struct wzp_audio_codec *codec = receive->codec;
    bool is_copy = play->kind == WZP_JITTER_RECOVER;
    enum wzp_codec id = WZP_CODEC_OPUS_24K;
    /* A packet of several frames has no place in a buffer of single ones: concealed, like what is damaged. */
    struct wzp_slice payload = codec->frames(id, play->payload) == 1 ? play->payload : (struct wzp_slice){0};
    bool whole = is_copy ? codec->recover(receive->decoder, id, payload, 1, receive->frame) != WZP_AUDIO_NONE
                         : codec->decode(receive->decoder, id, payload, receive->frame);
    heard->kind = !whole ? WZP_HEARD_CONCEALED : is_copy ? WZP_HEARD_LBRR : WZP_HEARD_RECEIVED;
    heard->has_timestamp = true;
    heard->timestamp_ms = play->timestamp_ms;
    receive->stats.frames_decoded += !is_copy && whole;
    receive->stats.frames_refused += !is_copy && !whole;
    receive->stats.frames_lbrr += is_copy && whole;
    receive->stats.pieces_concealed += whole ? 0 : WZP_AUDIO_FRAME / WZP_AUDIO_PIECE;
    receive->half = *heard;
    receive->has_second = true;
    receive->concealed_ms = 0;
    note_loudness(receive);
    memcpy(pcm, receive->frame, WZP_AUDIO_PIECE * sizeof *pcm);
}

static void play_concealed(struct wzp_audio_receive *receive, int16_t *pcm)
{
    receive->codec->conceal(receive->decoder, pcm);
    receive->stats.pieces_concealed++;
    unsigned from_ms = receive->concealed_ms;
    receive->concealed_ms += WZP_AUDIO_PIECE_MS;
    if (from_ms < FADE_START_MS)
        return;
    int16_t noise[WZP_AUDIO_PIECE];
    wzp_comfort_noise_make(&receive->noise, noise, WZP_AUDIO_PIECE);
    const int32_t whole = (FADE_END_MS - FADE_START_MS) * (WZP_AUDIO_RATE / 1000); /* samples */
    int32_t done = (int32_t)(from_ms - FADE_START_MS) * (WZP_AUDIO_RATE / 1000);
    for (size_t i = 0; i < WZP_AUDIO_PIECE; i++, done += done < whole)
        pcm[i] = (int16_t)((pcm[i] * (whole - done) + noise[i] * done) / whole);
}

static void play_next(struct wzp_audio_receive *receive, int64_t now_ns, int16_t *pcm,
                      struct wzp_heard *heard)
{
    struct wzp_jitter_play play = wzp_jitter_get(receive->jitter, now_ns, receive->is_quiet);
    switch (play.kind) {
    case WZP_JITTER_NOTHING:
        memset(pcm, 0, WZP_AUDIO_PIECE * sizeof *pcm);
        break;
    case WZP_JITTER_FRAME:
    case WZP_JITTER_RECOVER:
        play_frame(receive, &play, pcm, heard);
        break;
    case WZP_JITTER_CONCEAL:
        *heard = (struct wzp_heard){WZP_HEARD_CONCEALED, true, play.timestamp_ms};
        play_concealed(receive, pcm);
        break;
    case WZP_JITTER_NOISE:
        heard->kind = WZP_HEARD_COMFORT_NOISE;
        wzp_comfort_noise_decode(&receive->noise, play.payload);
        wzp_comfort_noise_make(&receive->noise, pcm, WZP_AUDIO_PIECE);
        receive->stats.pieces_comfort_noise++;
        receive->concealed_ms = 0;
        break;
    }
}

/*
 * What was captured in a frame ends in the first delay_samples of the next one's sound, so only with that can
 * it be told to be a pause: the onset of a word must not be cut for having begun at a frame's very end.
 */
static bool was_pause(const struct wzp_audio_receive *receive, uint64_t before)
{
    uint64_t energy = before + wzp_audio_energy(receive->frame, receive->codec->delay_samples);
    return energy * QUIET < receive->loudest;
}

/* Leaves out the second half of the frame, unless the next one shows that it was no pause after all. */
static void skip_second(struct wzp_audio_receive *receive, int64_t now_ns, int16_t *pcm,
                        struct wzp_heard *heard)
{
    int16_t second[WZP_AUDIO_PIECE];
    bool was_quiet = receive->is_quiet;
    uint32_t delay = receive->codec->delay_samples;
    uint64_t before = wzp_audio_energy(receive->frame + delay, WZP_AUDIO_FRAME - delay);
    struct wzp_heard half = receive->half;
    memcpy(second, receive->frame + WZP_AUDIO_PIECE, sizeof second);
    play_next(receive, now_ns, pcm, heard);
    if (was_quiet && receive->has_second && !was_pause(receive, before)) {
        receive->has_first = true;
        receive->has_second = false;
        *heard = half;
        heard->timestamp_ms += WZP_AUDIO_PIECE_MS;
        memcpy(pcm, second, sizeof second);
        return;
    }
    receive->stats.pieces_skipped++;
    for (int32_t i = 0; i < CROSSFADE; i++)
        pcm[i] = (int16_t)((second[i] * (CROSSFADE - i) + pcm[i] * i) / CROSSFADE);
}

void wzp_audio_receive_play(struct wzp_audio_receive *receive, int64_t now_ns, int16_t pcm[WZP_AUDIO_PIECE],
                            struct wzp_heard *heard)
{
    *heard = (struct wzp_heard){.kind = WZP_HEARD_NONE};
    if (receive->has_first) {
        receive->has_first = false;
        receive->has_second = true;
        *heard = receive->half;
        memcpy(pcm, receive->frame, WZP_AUDIO_PIECE * sizeof *pcm);
    } else if (!receive->has_second) {
        play_next(receive, now_ns, pcm, heard);
    } else {
        receive->has_second = false;
        if (wzp_jitter_skip(receive->jitter, now_ns, receive->is_quiet)) {
            skip_second(receive, now_ns, pcm, heard);
            return;
        }
        *heard = receive->half;
        heard->timestamp_ms += WZP_AUDIO_PIECE_MS;
        memcpy(pcm, receive->frame + WZP_AUDIO_PIECE, WZP_AUDIO_PIECE * sizeof *pcm);
    }
}

struct wzp_audio_receive_stats wzp_audio_receive_stats(const struct wzp_audio_receive *receive)
{
    struct wzp_audio_receive_stats stats = receive->stats;
    stats.jitter = wzp_jitter_stats(receive->jitter);
    return stats;
}
