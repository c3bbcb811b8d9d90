// SPDX-License-Identifier: Apache-2.0
/*
 * The audio codecs: 48 kHz mono int16 in frames of 20 ms. One table of functions, two implementations:
 * `opus` (RFC 6716, with in-band FEC = LBRR) and `synthetic` (bytes without sound processing, the same on
 * every machine).
 *
 * Law: sample i that a decoder gives is sample i - delay_samples that the encoder took; `recover` and
 * `carries_previous` agree: a plain concealment is never passed off as a recovered frame; a payload that a
 * decoder refuses leaves a full frame of concealment in `pcm`, so that there is always something to play.
 *
 * Memory: the caller's, encoder_size() and decoder_size() bytes aligned for any type; nothing else is
 * held, nothing is to be torn down.
 *
 * Not here: when to send nothing (media/audio_send.h), what to play when (media/jitter.h), comfort noise.
 */
#ifndef WZP_CODEC_AUDIO_H
#define WZP_CODEC_AUDIO_H

#include "base/bytes.h"

#define WZP_AUDIO_RATE        48000 /* samples a second */
#define WZP_AUDIO_FRAME_MS    20
#define WZP_AUDIO_FRAME       960 /* samples in a frame, what is encoded at a time */
#define WZP_AUDIO_PIECE_MS    10
#define WZP_AUDIO_PIECE       480 /* samples in a piece, what is played at a time */
#define WZP_AUDIO_PAYLOAD_MAX 256 /* bytes of an encoded frame at most */

struct wzp_audio_encoder_config {
    uint32_t bitrate_bps;
    uint32_t speaker; /* tells apart the bytes of synthetic speakers; without meaning to real codecs */
};

struct wzp_audio_codec {
    const char *name;
    uint32_t delay_samples; /* the encoder's look-ahead */

    size_t (*encoder_size)(void);
    void (*encoder_init)(void *encoder, const struct wzp_audio_encoder_config *config);
    /* Encodes one frame; the bytes written, 0 when the codec failed. `capacity` >= WZP_AUDIO_PAYLOAD_MAX. */
    size_t (*encode)(void *encoder, const int16_t pcm[WZP_AUDIO_FRAME], uint8_t *out, size_t capacity);
    /* The loss that listeners see; at 0 the encoder repeats nothing in-band. */
    void (*set_loss)(void *encoder, unsigned percent);

    size_t (*decoder_size)(void);
    void (*decoder_init)(void *decoder);
    bool (*decode)(void *decoder, struct wzp_slice payload, int16_t pcm[WZP_AUDIO_FRAME]);
    /* Does this payload hold a copy of the frame before it? */
    bool (*carries_previous)(struct wzp_slice payload);
    /* Plays the copy of the lost frame before `next`; call decode(next) afterwards. False, and pcm is
     * concealment, when there is none. */
    bool (*recover)(void *decoder, struct wzp_slice next, int16_t pcm[WZP_AUDIO_FRAME]);
    /* Invents 10 ms. */
    void (*conceal)(void *decoder, int16_t pcm[WZP_AUDIO_PIECE]);
};

extern const struct wzp_audio_codec wzp_codec_opus;
extern const struct wzp_audio_codec wzp_codec_synthetic;

/* NULL when no codec has this name. */
const struct wzp_audio_codec *wzp_audio_codec_find(const char *name);

/* Sum of squares; `count` up to 2^32 samples. */
uint64_t wzp_audio_energy(const int16_t *pcm, size_t count);

#endif
