// SPDX-License-Identifier: Apache-2.0
/*
 * From one sender's opened payloads to sound, pulled in pieces of 10 ms: jitter buffer, decoder, recovery
 * of lost frames from the in-band copy (LBRR), concealment that fades into comfort noise after 200 ms,
 * comfort noise.
 *
 * Laws: every call gives 480 samples; a piece is called RECEIVED or LBRR only when it is the decoded sound
 * of the frame with that timestamp; at constant delay and no loss no piece of a talk spurt is anything but
 * RECEIVED.
 *
 * Memory: the caller's, wzp_audio_receive_size() bytes aligned for any type. No clock, no allocation;
 * integers only outside the codec, so with the synthetic codec a seed replays the same everywhere.
 *
 * Not here: opening seals, mixing (media/mix.h), codec ids. See docs/audio.md.
 */
#ifndef WZP_MEDIA_AUDIO_RECEIVE_H
#define WZP_MEDIA_AUDIO_RECEIVE_H

#include "codec/audio.h"
#include "media/jitter.h"

enum wzp_heard_kind {
    WZP_HEARD_NONE,          /* digital silence: nothing has come from this sender yet */
    WZP_HEARD_RECEIVED,      /* the frame itself */
    WZP_HEARD_LBRR,          /* the frame's in-band copy, carried by the next one */
    WZP_HEARD_CONCEALED,     /* invented */
    WZP_HEARD_COMFORT_NOISE, /* the sender is silent, or gone */
};

/* What a piece is. Its samples are those captured codec->delay_samples before `timestamp_ms`. */
struct wzp_heard {
    enum wzp_heard_kind kind;
    bool has_timestamp;
    uint32_t timestamp_ms; /* of the piece's first sample, on the sender's timeline */
};

struct wzp_audio_receive_stats {
    struct wzp_jitter_stats jitter;
    uint64_t frames_decoded;
    uint64_t frames_refused; /* payloads that the decoder did not accept */
    uint64_t frames_lbrr;
    uint64_t pieces_concealed;
    uint64_t pieces_comfort_noise;
    uint64_t pieces_skipped; /* left out to lower the delay */
};

struct wzp_audio_receive;

size_t wzp_audio_receive_size(const struct wzp_audio_codec *codec);
/* `seed` is that of the comfort noise; `delay_ms_max` as in wzp_jitter_init. */
struct wzp_audio_receive *wzp_audio_receive_init(void *memory, const struct wzp_audio_codec *codec,
                                                 uint32_t delay_ms_max, uint32_t seed);
void wzp_audio_receive_deinit(struct wzp_audio_receive *receive);

/* Takes one opened payload; `now_ns` is when its packet arrived. */
enum wzp_jitter_result wzp_audio_receive_put(struct wzp_audio_receive *receive, uint32_t sequence,
                                             uint32_t timestamp_ms, bool is_comfort_noise,
                                             struct wzp_slice payload, int64_t now_ns);

/* The next 10 ms; `now_ns` is when their first sample leaves the loudspeaker. */
void wzp_audio_receive_play(struct wzp_audio_receive *receive, int64_t now_ns, int16_t pcm[WZP_AUDIO_PIECE],
                            struct wzp_heard *heard);

struct wzp_audio_receive_stats wzp_audio_receive_stats(const struct wzp_audio_receive *receive);

#endif
