// SPDX-License-Identifier: Apache-2.0
/* Opus (RFC 6716) for speech: VOIP mode, in-band FEC as soon as listeners lose anything, deep PLC in the
 * decoder. */
#include "codec/audio.h"

#include "base/check.h"

#include <opus.h>
#include <string.h>

/* 6.5 ms: 2.5 ms of the MDCT's overlap and 4 ms of delay compensation, at 48 kHz in every mode but low delay.
 */
#define LOOKAHEAD          312
#define ENCODER_COMPLEXITY 7 /* above it ESTOI gains 0.001, and encoding costs a sixth more */
#define DECODER_COMPLEXITY 5 /* the least with the neural PLC */

/* A control request can only fail by a wrong argument of ours. */
#define SET(state, ctl, request) WZP_CHECK(ctl(state, request) == OPUS_OK)

static size_t encoder_size(void)
{
    return (size_t)opus_encoder_get_size(1);
}

static void encoder_init(void *encoder, const struct wzp_audio_encoder_config *config)
{
    WZP_CHECK(opus_encoder_init(encoder, WZP_AUDIO_RATE, 1, OPUS_APPLICATION_VOIP) == OPUS_OK);
    SET(encoder, opus_encoder_ctl, OPUS_SET_BITRATE((opus_int32)config->bitrate_bps));
    SET(encoder, opus_encoder_ctl, OPUS_SET_COMPLEXITY(ENCODER_COMPLEXITY));
    SET(encoder, opus_encoder_ctl, OPUS_SET_SIGNAL(OPUS_SIGNAL_VOICE));
    SET(encoder, opus_encoder_ctl, OPUS_SET_INBAND_FEC(1));
    SET(encoder, opus_encoder_ctl, OPUS_SET_PACKET_LOSS_PERC(0));
    opus_int32 lookahead = 0;
    SET(encoder, opus_encoder_ctl, OPUS_GET_LOOKAHEAD(&lookahead));
    WZP_CHECK(lookahead == LOOKAHEAD);
}

static size_t encode(void *encoder, const int16_t pcm[WZP_AUDIO_FRAME], uint8_t *out, size_t capacity)
{
    WZP_CHECK(capacity >= WZP_AUDIO_PAYLOAD_MAX);
    opus_int32 len = opus_encode(encoder, pcm, WZP_AUDIO_FRAME, out, WZP_AUDIO_PAYLOAD_MAX);
    return len > 0 ? (size_t)len : 0;
}

static void set_loss(void *encoder, unsigned percent)
{
    SET(encoder, opus_encoder_ctl, OPUS_SET_PACKET_LOSS_PERC(percent < 100 ? (opus_int32)percent : 100));
}

static size_t decoder_size(void)
{
    return (size_t)opus_decoder_get_size(1);
}

static void decoder_init(void *decoder)
{
    WZP_CHECK(opus_decoder_init(decoder, WZP_AUDIO_RATE, 1) == OPUS_OK);
    SET(decoder, opus_decoder_ctl, OPUS_SET_COMPLEXITY(DECODER_COMPLEXITY));
}

static void conceal(void *decoder, int16_t pcm[WZP_AUDIO_PIECE])
{
    if (opus_decode(decoder, NULL, 0, pcm, WZP_AUDIO_PIECE, 0) != WZP_AUDIO_PIECE)
        memset(pcm, 0, WZP_AUDIO_PIECE * sizeof *pcm);
}

/* False, and a concealed frame, unless the payload gives exactly one frame. */
static bool decode_or_conceal(void *decoder, struct wzp_slice payload, int16_t pcm[WZP_AUDIO_FRAME], int fec)
{
    /* An empty payload asks libopus for concealment; here it is a payload that nobody sends. */
    if (payload.len > 0 && payload.len <= WZP_AUDIO_PAYLOAD_MAX &&
        opus_packet_get_nb_samples(payload.data, (opus_int32)payload.len, WZP_AUDIO_RATE) ==
            WZP_AUDIO_FRAME &&
        opus_decode(decoder, payload.data, (opus_int32)payload.len, pcm, WZP_AUDIO_FRAME, fec) ==
            WZP_AUDIO_FRAME)
        return true;
    conceal(decoder, pcm);
    conceal(decoder, pcm + WZP_AUDIO_PIECE);
    return false;
}

static bool decode(void *decoder, struct wzp_slice payload, int16_t pcm[WZP_AUDIO_FRAME])
{
    return decode_or_conceal(decoder, payload, pcm, 0);
}

static bool carries_previous(struct wzp_slice payload)
{
    return payload.len > 0 && opus_packet_has_lbrr(payload.data, (opus_int32)payload.len) == 1;
}

static bool recover(void *decoder, struct wzp_slice next, int16_t pcm[WZP_AUDIO_FRAME])
{
    /* Without a copy libopus would conceal and call it success. */
    if (!carries_previous(next))
        next = (struct wzp_slice){0};
    return decode_or_conceal(decoder, next, pcm, 1);
}

const struct wzp_audio_codec wzp_codec_opus = {
    .name = "opus",
    .delay_samples = LOOKAHEAD,
    .encoder_size = encoder_size,
    .encoder_init = encoder_init,
    .encode = encode,
    .set_loss = set_loss,
    .decoder_size = decoder_size,
    .decoder_init = decoder_init,
    .decode = decode,
    .carries_previous = carries_previous,
    .recover = recover,
    .conceal = conceal,
};
