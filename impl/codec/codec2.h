// SPDX-License-Identifier: Apache-2.0
/*
 * Codec2 (D. Rowe, "Techniques for Harmonic Sinusoidal Coding", 1997, and codec2.org) at 48 kHz: modes 3200
 * (64 bits for 20 ms), 1200 (48 bits for 40 ms) and 700C (28 bits for 40 ms). The Codec2 half of the table
 * `opus` (codec/real.c), with the laws of codec/audio.h.
 *
 * A payload is the frames one after another, bit by bit, the most significant first; the bits that 700C may
 * leave over in the last byte are 0. Neither mode nor number of frames is written: the media header's codec
 * and the payload's length say them.
 *
 * Owned: the library's states, about 32 kB each, which it allocates by itself; a state that was not to be had
 * makes no payload, or concealment. Codec2 draws the phases of noise from one generator for all its states,
 * so what is decoded may differ by that from run to run.
 *
 * Concealment repeats the last frame and fades it within 160 ms.
 */
#ifndef WZP_CODEC_CODEC2_H
#define WZP_CODEC_CODEC2_H

#include "codec/audio.h"
#include "codec/resample.h"

#define WZP_CODEC2_MODES     3
#define WZP_CODEC2_FRAME_MAX 8   /* bytes */
#define WZP_CODEC2_PCM_MAX   320 /* samples of 8 kHz */

struct CODEC2;

struct wzp_codec2_encoder {
    struct CODEC2 *state; /* NULL: none */
    enum wzp_codec id;
    struct wzp_resample_down down;
};

struct wzp_codec2_decoder {
    struct CODEC2 *state[WZP_CODEC2_MODES];
    struct wzp_resample_up up;
    enum wzp_codec id;                    /* of the last payload; one of Opus: none */
    uint8_t last[WZP_CODEC2_FRAME_MAX];   /* its last frame */
    int16_t repeated[WZP_CODEC2_PCM_MAX]; /* that frame again, of 8 kHz */
    size_t repeated_from, repeated_len;   /* what of it is still to be played */
    unsigned faded;                       /* pieces in a row */
};

/* As in codec/audio.h; 0 for ids that are not Codec2's. */
uint32_t wzp_codec2_delay(enum wzp_codec id);

void wzp_codec2_encoder_init(struct wzp_codec2_encoder *encoder);
void wzp_codec2_encoder_deinit(struct wzp_codec2_encoder *encoder);
/* An id that is not Codec2's gives the state back. */
void wzp_codec2_set(struct wzp_codec2_encoder *encoder, enum wzp_codec id);
size_t wzp_codec2_encode(struct wzp_codec2_encoder *encoder, const int16_t *pcm, unsigned packet_frames,
                         uint8_t *out);

/* 0: refused. */
unsigned wzp_codec2_frames(enum wzp_codec id, struct wzp_slice payload);

void wzp_codec2_decoder_init(struct wzp_codec2_decoder *decoder);
void wzp_codec2_decoder_deinit(struct wzp_codec2_decoder *decoder);
/* Forgets what it has decoded. */
void wzp_codec2_decoder_restart(struct wzp_codec2_decoder *decoder);
/* False: pcm is untouched. */
bool wzp_codec2_decode(struct wzp_codec2_decoder *decoder, enum wzp_codec id, struct wzp_slice payload,
                       int16_t *pcm);
void wzp_codec2_conceal(struct wzp_codec2_decoder *decoder, int16_t pcm[WZP_AUDIO_PIECE]);

#endif
