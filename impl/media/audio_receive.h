// SPDX-License-Identifier: Apache-2.0
/*
 * From one sender's opened payloads to sound, pulled in pieces of 10 ms: jitter buffer, decoder, recovery
 * of lost frames from what later packets tell of them (in-band copies = LBRR, deep redundancy = DRED),
 * concealment that fades into comfort noise after 200 ms, comfort noise.
 *
 * Laws: every call gives 480 samples; a piece is called RECEIVED, REPAIRED, LBRR or DRED only when it is the
 * decoded sound of the frame with that timestamp; at constant delay and no loss no piece of a talk spurt is
 * anything but RECEIVED; a lost frame is what the first of these gives: repair in time, LBRR, DRED,
 * concealment. Where a spurt changes between codecs with decoders of their own, the concealment of the old
 * one is faded into the new one's sound over 5 ms.
 *
 * Memory: the caller's, wzp_audio_receive_size() bytes aligned for any type (what the decoder holds besides
 * is told in codec/audio.h). No clock, no allocation; integers only outside the codec, so with the synthetic
 * codec a seed replays the same everywhere.
 *
 * Not here: opening seals, mixing (media/mix.h), repair of packets. See docs/audio.md.
 */
#ifndef WZP_MEDIA_AUDIO_RECEIVE_H
#define WZP_MEDIA_AUDIO_RECEIVE_H

#include "codec/audio.h"
#include "media/jitter.h"

enum wzp_heard_kind {
    WZP_HEARD_NONE,          /* digital silence: nothing has come from this sender yet */
    WZP_HEARD_RECEIVED,      /* the frame itself */
    WZP_HEARD_REPAIRED,      /* the frame itself, recovered bit for bit by a repair code on a hop */
    WZP_HEARD_LBRR,          /* the frame's in-band copy, carried by the next packet */
    WZP_HEARD_DRED,          /* what a later packet's deep redundancy tells of the frame */
    WZP_HEARD_CONCEALED,     /* invented */
    WZP_HEARD_COMFORT_NOISE, /* the sender is silent, or gone */
    WZP_HEARD_STRETCHED, /* of the pieces before and after it, to raise the delay; has no time of its own */
};

/* What a piece is. Its samples are those captured `delay_samples` before `timestamp_ms`. */
struct wzp_heard {
    enum wzp_heard_kind kind;
    bool has_timestamp;
    bool is_squeezed;       /* it stands for the frame's second piece as well */
    uint32_t timestamp_ms;  /* of the piece's first sample, on the sender's timeline */
    uint32_t delay_samples; /* of the codec that gave it */
};

struct wzp_audio_receive_stats {
    struct wzp_jitter_stats jitter;
    uint64_t frames_decoded;  /* whole, in packets received directly or repaired */
    uint64_t frames_repaired; /* of these, in packets that were repaired */
    uint64_t frames_refused;  /* payloads that the decoder did not accept */
    uint64_t frames_lbrr;
    uint64_t frames_dred;
    uint64_t pieces_concealed;
    uint64_t pieces_comfort_noise;
    uint64_t pieces_skipped;   /* left out to lower the delay */
    uint64_t pieces_squeezed;  /* of two one, likewise */
    uint64_t pieces_stretched; /* played beyond what was captured, to raise it */
};

struct wzp_audio_receive;

size_t wzp_audio_receive_size(const struct wzp_audio_codec *codec);
/* `seed` is that of the comfort noise; `delay_ms_max` as in wzp_jitter_init. */
struct wzp_audio_receive *wzp_audio_receive_init(void *memory, const struct wzp_audio_codec *codec,
                                                 uint32_t delay_ms_max, uint32_t seed);
void wzp_audio_receive_deinit(struct wzp_audio_receive *receive);

/* Takes one opened payload; of `header` codec, sequence and timestamp. `now_ns` is when its packet arrived,
 * or was recovered from others (`is_repaired`). */
enum wzp_jitter_result wzp_audio_receive_put(struct wzp_audio_receive *receive,
                                             const struct wzp_media_header *header, bool is_repaired,
                                             struct wzp_slice payload, int64_t now_ns);

/* As wzp_jitter_set_horizon. */
void wzp_audio_receive_set_horizon(struct wzp_audio_receive *receive, int64_t horizon_ns);
/* As wzp_jitter_set_limit. */
void wzp_audio_receive_set_limit(struct wzp_audio_receive *receive, uint32_t delay_ms_max);

/* The next 10 ms; `now_ns` is when their first sample leaves the loudspeaker. */
void wzp_audio_receive_play(struct wzp_audio_receive *receive, int64_t now_ns, int16_t pcm[WZP_AUDIO_PIECE],
                            struct wzp_heard *heard);

struct wzp_audio_receive_stats wzp_audio_receive_stats(const struct wzp_audio_receive *receive);

#endif
