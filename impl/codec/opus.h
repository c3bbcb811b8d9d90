// SPDX-License-Identifier: Apache-2.0
/*
 * Opus for speech in the caller's memory: VOIP mode, LBRR, DRED both ways, deep PLC in the decoder. The Opus
 * half of the table `opus` (codec/real.c), with the laws of codec/audio.h.
 *
 * Law: the DRED of a payload is parsed once for a run of lost frames. Owns nothing.
 */
#ifndef WZP_CODEC_OPUS_H
#define WZP_CODEC_OPUS_H

#include "codec/audio.h"

/* 6.5 ms: 2.5 ms of the MDCT's overlap and 4 ms of delay compensation, at 48 kHz in every mode but low delay.
 */
#define WZP_OPUS_DELAY        312
#define WZP_OPUS_DRED_VERSION 12 /* of libopus 1.6.1; others of its decoder ignore it */

size_t wzp_opus_encoder_size(void);
void wzp_opus_encoder_init(void *encoder);
void wzp_opus_set(void *encoder, const struct wzp_audio_settings *settings);
/* Forgets what it has encoded. */
void wzp_opus_encoder_restart(void *encoder);
size_t wzp_opus_encode(void *encoder, const int16_t *pcm, unsigned packet_frames, uint8_t *out);

unsigned wzp_opus_frames(struct wzp_slice payload);

size_t wzp_opus_decoder_size(void);
void wzp_opus_decoder_init(void *decoder);
/* Forgets what it has decoded. */
void wzp_opus_decoder_restart(void *decoder);
/* False: pcm is untouched. */
bool wzp_opus_decode(void *decoder, struct wzp_slice payload, int16_t *pcm);
unsigned wzp_opus_reach(void *decoder, struct wzp_slice payload);
/* NONE: pcm is untouched. */
enum wzp_audio_recovery wzp_opus_recover(void *decoder, struct wzp_slice later, unsigned behind,
                                         int16_t pcm[WZP_AUDIO_FRAME]);
void wzp_opus_conceal(void *decoder, int16_t pcm[WZP_AUDIO_PIECE]);

#endif
