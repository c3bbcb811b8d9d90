// SPDX-License-Identifier: Apache-2.0
#include "media/audio_receive.h"

#include "base/time.h"
#include "codec/comfort_noise.h"

#include <stdalign.h>
#include <string.h>

#define QUIET         31623 /* 45 dB */
#define FADE_START_MS 100   /* of concealment; at FADE_END_MS only comfort noise is left */
#define FADE_END_MS   200
#define CROSSFADE     120 /* samples, 2.5 ms, over which a skipped piece gives way to the next one */
#define CODEC_FADE    240 /* samples, 5 ms, over which one codec gives way to another */
#define ALIKE         4   /* twice the share of energy that two pieces have in common: a correlation of 1/2 */
#define FAINT         1000 /* 30 dB below the loudest frame */
#define UNFIT_MAX     8
#define PER_FRAME     (WZP_AUDIO_FRAME / WZP_AUDIO_PIECE)

struct wzp_audio_receive {
    const struct wzp_audio_codec *codec;
    struct wzp_jitter *jitter;
    void *decoder;
    struct wzp_comfort_noise noise;
    int16_t sound[WZP_AUDIO_PACKET_FRAMES_MAX * WZP_AUDIO_FRAME]; /* of the packet that is playing */
    unsigned pieces;                                              /* in `sound` */
    unsigned next;           /* to be played; `pieces`: nothing is left */
    struct wzp_heard packet; /* what `sound` is, with the time of its first sample */
    bool is_quiet;           /* the last decoded frame that was begun is a pause */
    unsigned unfit;          /* places where pieces were not alike, in a row */
    bool is_squeezed;        /* the next two pieces are to be played as one */
    uint64_t loudest;        /* energy of the loudest decoded frame */
    unsigned concealed_ms;   /* in a row */
    bool was_sound;          /* the last piece came from the decoder, of the codec `id` */
    enum wzp_codec id;       /* of `sound` */
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

enum wzp_jitter_result wzp_audio_receive_put(struct wzp_audio_receive *receive,
                                             const struct wzp_media_header *header, bool is_repaired,
                                             struct wzp_slice payload, int64_t now_ns)
{
    enum wzp_codec id = header->codec;
    struct wzp_jitter_packet packet = {
        .sequence = header->sequence,
        .timestamp_ms = header->timestamp_ms,
        .codec = id,
        .frames = 1,
        .is_comfort_noise = id == WZP_CODEC_COMFORT_NOISE,
        .is_repaired = is_repaired,
        .payload = payload,
    };
    if (!packet.is_comfort_noise && payload.len <= WZP_AUDIO_PAYLOAD_MAX) {
        unsigned frames = receive->codec->frames(id, payload);
        packet.frames = frames > 0 ? frames : 1; /* what is refused takes the time of a frame */
        packet.reach = frames > 0 ? receive->codec->reach(receive->decoder, id, payload) : 0;
    }
    return wzp_jitter_put(receive->jitter, &packet, now_ns);
}

void wzp_audio_receive_set_horizon(struct wzp_audio_receive *receive, int64_t horizon_ns)
{
    wzp_jitter_set_horizon(receive->jitter, horizon_ns);
}

void wzp_audio_receive_set_limit(struct wzp_audio_receive *receive, uint32_t delay_ms_max)
{
    wzp_jitter_set_limit(receive->jitter, delay_ms_max);
}

/* From `old` into `pcm`, over `count` samples. */
static void crossfade(const int16_t *old, int16_t *pcm, int32_t count)
{
    for (int32_t i = 0; i < count; i++)
        pcm[i] = (int16_t)((old[i] * (count - i) + pcm[i] * i) / count);
}

/* ---- a piece more, a piece less: the time of speech ---- */

/* Do two pieces sound alike, or is not much heard of them? When for long that is not so, it is so. */
static bool is_fit(struct wzp_audio_receive *receive, const int16_t *a, const int16_t *b)
{
    int64_t product = 0;
    for (size_t i = 0; i < WZP_AUDIO_PIECE; i++)
        product += a[i] * b[i];
    uint64_t energy = wzp_audio_energy(a, WZP_AUDIO_PIECE) + wzp_audio_energy(b, WZP_AUDIO_PIECE);
    bool is_alike = product > 0 && (uint64_t)product * ALIKE > energy;
    bool is_faint = energy * FAINT < receive->loudest;
    if (!is_alike && !is_faint && ++receive->unfit < UNFIT_MAX)
        return false;
    receive->unfit = 0;
    return true;
}

/* From `from` over to `to`; `pcm` may be either. */
static void blend(const int16_t *from, const int16_t *to, int16_t *pcm)
{
    for (int32_t i = 0; i < WZP_AUDIO_PIECE; i++)
        pcm[i] = (int16_t)((from[i] * (WZP_AUDIO_PIECE - i) + to[i] * i) / WZP_AUDIO_PIECE);
}

/* A piece between the last one and the next: begins like the next one, which goes on from the last, and ends
 * like the last one, from which the next goes on. */
static bool stretch(struct wzp_audio_receive *receive, int64_t now_ns, int16_t *pcm, struct wzp_heard *heard)
{
    const int16_t *next = receive->sound + receive->next * WZP_AUDIO_PIECE, *last = next - WZP_AUDIO_PIECE;
    if (!is_fit(receive, last, next))
        return false;
    blend(next, last, pcm);
    heard->kind = WZP_HEARD_STRETCHED;
    receive->stats.pieces_stretched++;
    wzp_jitter_on_stretched(receive->jitter, now_ns);
    return true;
}

/* The two pieces of a frame as one, if the delay is to be lowered. */
static void squeeze(struct wzp_audio_receive *receive, int64_t now_ns)
{
    int16_t *first = receive->sound + receive->next * WZP_AUDIO_PIECE, *second = first + WZP_AUDIO_PIECE;
    uint32_t left_ms = (receive->pieces - receive->next) * WZP_AUDIO_PIECE_MS;
    receive->is_squeezed = receive->next % PER_FRAME == 0 && receive->next + 1 < receive->pieces &&
                           wzp_jitter_wants_squeeze(receive->jitter, now_ns, left_ms) &&
                           is_fit(receive, first, second);
    if (!receive->is_squeezed)
        return;
    blend(first, second, second);
    receive->stats.pieces_squeezed++;
    wzp_jitter_on_squeezed(receive->jitter, now_ns);
}

/* ---- what is decoded ---- */

static void note_loudness(struct wzp_audio_receive *receive, const int16_t *frame)
{
    uint64_t energy = wzp_audio_energy(frame, WZP_AUDIO_FRAME);
    if (energy > receive->loudest)
        receive->loudest = energy;
    receive->is_quiet = energy * QUIET < receive->loudest;
}

/* The next piece of `sound`. */
static void play_piece(struct wzp_audio_receive *receive, int16_t *pcm, struct wzp_heard *heard)
{
    const int16_t *piece = receive->sound + receive->next * WZP_AUDIO_PIECE;
    if (receive->next % PER_FRAME == 0)
        note_loudness(receive, piece);
    *heard = receive->packet;
    heard->timestamp_ms += receive->next * WZP_AUDIO_PIECE_MS;
    heard->is_squeezed = receive->is_squeezed;
    if (receive->is_squeezed) {
        receive->is_squeezed = false;
        receive->next++;
        piece += WZP_AUDIO_PIECE;
    }
    memcpy(pcm, piece, WZP_AUDIO_PIECE * sizeof *pcm);
    receive->next++;
}

static enum wzp_heard_kind decode(struct wzp_audio_receive *receive, const struct wzp_jitter_play *play)
{
    if (!receive->codec->decode(receive->decoder, play->codec, play->payload, receive->sound)) {
        receive->stats.frames_refused++;
        for (unsigned i = PER_FRAME; i < play->frames * PER_FRAME; i++)
            receive->codec->conceal(receive->decoder, receive->sound + i * WZP_AUDIO_PIECE);
        return WZP_HEARD_CONCEALED;
    }
    unsigned frames = play->frames - play->skip_ms / WZP_AUDIO_FRAME_MS;
    receive->stats.frames_decoded += frames;
    receive->stats.frames_repaired += play->is_repaired ? frames : 0;
    return play->is_repaired ? WZP_HEARD_REPAIRED : WZP_HEARD_RECEIVED;
}

static enum wzp_heard_kind recover(struct wzp_audio_receive *receive, const struct wzp_jitter_play *play)
{
    switch (
        receive->codec->recover(receive->decoder, play->codec, play->payload, play->behind, receive->sound)) {
    case WZP_AUDIO_LBRR:
        receive->stats.frames_lbrr++;
        return WZP_HEARD_LBRR;
    case WZP_AUDIO_DRED:
        receive->stats.frames_dred++;
        return WZP_HEARD_DRED;
    case WZP_AUDIO_NONE:
        break;
    }
    return WZP_HEARD_CONCEALED;
}

/* Decodes a packet, or what another tells of a frame, and plays the first piece. */
static void play_packet(struct wzp_audio_receive *receive, const struct wzp_jitter_play *play, int64_t now_ns,
                        int16_t *pcm, struct wzp_heard *heard)
{
    int16_t old[WZP_AUDIO_PIECE];
    bool is_copy = play->kind == WZP_JITTER_RECOVER;
    bool is_change = receive->was_sound &&
                     wzp_audio_is_codec2(receive->id) != wzp_audio_is_codec2(play->codec);
    if (is_change)
        receive->codec->conceal(receive->decoder, old);
    receive->was_sound = true;
    receive->id = play->codec;

    receive->packet.kind = is_copy ? recover(receive, play) : decode(receive, play);
    receive->packet.has_timestamp = true;
    receive->packet.timestamp_ms = play->timestamp_ms - play->skip_ms;
    receive->packet.delay_samples = receive->codec->delay(receive->id);
    receive->pieces = (is_copy ? 1 : play->frames) * PER_FRAME;
    receive->next = play->skip_ms / WZP_AUDIO_PIECE_MS;
    receive->concealed_ms = 0;
    if (receive->packet.kind == WZP_HEARD_CONCEALED)
        receive->stats.pieces_concealed += receive->pieces - receive->next;
    if (is_change)
        crossfade(old, receive->sound + receive->next * WZP_AUDIO_PIECE, CODEC_FADE);
    squeeze(receive, now_ns);
    play_piece(receive, pcm, heard);
}

/* ---- what is not ---- */

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
    done = done < whole ? done : whole;
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
        play_packet(receive, &play, now_ns, pcm, heard);
        break;
    case WZP_JITTER_CONCEAL:
        *heard = (struct wzp_heard){.kind = WZP_HEARD_CONCEALED,
                                    .has_timestamp = true,
                                    .timestamp_ms = play.timestamp_ms,
                                    .delay_samples = receive->codec->delay(receive->id)};
        play_concealed(receive, pcm);
        break;
    case WZP_JITTER_NOISE:
        heard->kind = WZP_HEARD_COMFORT_NOISE;
        wzp_comfort_noise_decode(&receive->noise, play.payload);
        wzp_comfort_noise_make(&receive->noise, pcm, WZP_AUDIO_PIECE);
        receive->stats.pieces_comfort_noise++;
        receive->concealed_ms = 0;
        receive->was_sound = false;
        break;
    }
}

/* ---- leaving a piece out ---- */

/*
 * What was captured in a frame ends in the first `delay` samples of the next one's sound, so only with that
 * can it be told to be a pause: the onset of a word must not be cut for having begun at a frame's very end.
 * `before`: the energy of the frame without the first of these.
 */
static bool was_pause(const struct wzp_audio_receive *receive, uint64_t before, const int16_t *next_frame,
                      uint32_t delay)
{
    return (before + wzp_audio_energy(next_frame, delay)) * QUIET < receive->loudest;
}

/* Leaves out the second half of a frame, unless what follows shows that it was no pause after all. */
static void skip_second(struct wzp_audio_receive *receive, int64_t now_ns, int16_t *pcm,
                        struct wzp_heard *heard)
{
    int16_t second[WZP_AUDIO_PIECE];
    struct wzp_heard second_heard;
    bool was_quiet = receive->is_quiet;
    uint32_t delay = receive->codec->delay(receive->id);
    delay = delay < WZP_AUDIO_FRAME ? delay : WZP_AUDIO_FRAME;
    const int16_t *frame = receive->sound + (receive->next - 1) * WZP_AUDIO_PIECE;
    uint64_t before = wzp_audio_energy(frame + delay, WZP_AUDIO_FRAME - delay);
    play_piece(receive, second, &second_heard);
    bool is_inside = receive->next < receive->pieces;
    if (is_inside)
        play_piece(receive, pcm, heard);
    else
        play_next(receive, now_ns, pcm, heard);
    bool is_decoded = receive->next > 0 && receive->next < receive->pieces;
    if (was_quiet && is_decoded &&
        !was_pause(receive, before, receive->sound + (receive->next - 1) * WZP_AUDIO_PIECE, delay)) {
        receive->next--;
        *heard = second_heard;
        memcpy(pcm, second, sizeof second);
        return;
    }
    receive->stats.pieces_skipped++;
    crossfade(second, pcm, CROSSFADE);
}

void wzp_audio_receive_play(struct wzp_audio_receive *receive, int64_t now_ns, int16_t pcm[WZP_AUDIO_PIECE],
                            struct wzp_heard *heard)
{
    *heard = (struct wzp_heard){.kind = WZP_HEARD_NONE};
    if (receive->next == receive->pieces) {
        play_next(receive, now_ns, pcm, heard);
        return;
    }
    squeeze(receive, now_ns);
    bool is_second = receive->next % PER_FRAME == 1;
    uint32_t left_ms = (receive->pieces - receive->next - 1) * WZP_AUDIO_PIECE_MS;
    if (receive->next > 0 &&
        wzp_jitter_wants_stretch(receive->jitter, now_ns, left_ms + WZP_AUDIO_PIECE_MS) &&
        stretch(receive, now_ns, pcm, heard))
        return;
    if (is_second && wzp_jitter_skip(receive->jitter, now_ns, left_ms, receive->is_quiet))
        skip_second(receive, now_ns, pcm, heard);
    else
        play_piece(receive, pcm, heard);
}

struct wzp_audio_receive_stats wzp_audio_receive_stats(const struct wzp_audio_receive *receive)
{
    struct wzp_audio_receive_stats stats = receive->stats;
    stats.jitter = wzp_jitter_stats(receive->jitter);
    return stats;
}
