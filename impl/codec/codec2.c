// SPDX-License-Identifier: Apache-2.0
#include "codec/codec2.h"

#include "base/check.h"

#include <codec2.h>
#include <string.h>

#define PIECE       (WZP_AUDIO_PIECE / WZP_RESAMPLE_RATIO) /* samples of 8 kHz */
#define FRAME       (WZP_AUDIO_FRAME / WZP_RESAMPLE_RATIO)
#define FADE_PIECES 16

/* `delay`: samples of 8 kHz from the library's input to its output, at which ESTOI is best. */
static const struct mode {
    enum wzp_codec id;
    int library;
    unsigned bits, frames; /* of a frame of the library's: bits, frames of 20 ms */
    unsigned delay;
} MODE[WZP_CODEC2_MODES] = {
    {WZP_CODEC_CODEC2_3200, CODEC2_MODE_3200, 64, 1, 148},
    {WZP_CODEC_CODEC2_1200, CODEC2_MODE_1200, 48, 2, 160},
    {WZP_CODEC_CODEC2_700C, CODEC2_MODE_700C, 28, 2, 240},
};

static const struct mode *mode_of(enum wzp_codec id)
{
    for (size_t i = 0; i < WZP_CODEC2_MODES; i++)
        if (MODE[i].id == id)
            return &MODE[i];
    return NULL;
}

uint32_t wzp_codec2_delay(enum wzp_codec id)
{
    const struct mode *mode = mode_of(id);
    return mode ? 2 * WZP_RESAMPLE_DELAY + WZP_RESAMPLE_RATIO * mode->delay : 0;
}

/* A state as its payloads need it: no library that counts otherwise is used. */
static struct CODEC2 *make(const struct mode *mode)
{
    struct CODEC2 *state = codec2_create(mode->library);
    WZP_CHECK(!state || (codec2_bits_per_frame(state) == (int)mode->bits &&
                         codec2_samples_per_frame(state) == (int)mode->frames * FRAME));
    return state;
}

static unsigned get_nibble(const uint8_t *bytes, size_t i)
{
    return i % 2 ? bytes[i / 2] & 15u : (unsigned)bytes[i / 2] >> 4;
}

/* Into bytes that are zero there. */
static void put_nibble(uint8_t *bytes, size_t i, unsigned nibble)
{
    bytes[i / 2] |= (uint8_t)(i % 2 ? nibble : nibble << 4);
}

/* Frame `i` of a payload: frames of all modes are whole nibbles. */
static void take_frame(const struct mode *mode, const uint8_t *payload, size_t i, uint8_t *frame)
{
    size_t nibbles = mode->bits / 4;
    memset(frame, 0, WZP_CODEC2_FRAME_MAX);
    for (size_t k = 0; k < nibbles; k++)
        put_nibble(frame, k, get_nibble(payload, i * nibbles + k));
}

static void put_frame(const struct mode *mode, const uint8_t *frame, size_t i, uint8_t *payload)
{
    size_t nibbles = mode->bits / 4;
    for (size_t k = 0; k < nibbles; k++)
        put_nibble(payload, i * nibbles + k, get_nibble(frame, k));
}

/* ---- encoder ---- */

void wzp_codec2_encoder_init(struct wzp_codec2_encoder *encoder)
{
    *encoder = (struct wzp_codec2_encoder){.state = NULL};
}

void wzp_codec2_encoder_deinit(struct wzp_codec2_encoder *encoder)
{
    if (encoder->state)
        codec2_destroy(encoder->state);
    encoder->state = NULL;
}

void wzp_codec2_set(struct wzp_codec2_encoder *encoder, enum wzp_codec id)
{
    const struct mode *mode = mode_of(id);
    if (encoder->state && encoder->id == id)
        return;
    wzp_codec2_encoder_deinit(encoder);
    memset(&encoder->down, 0, sizeof encoder->down);
    encoder->id = id;
    if (mode)
        encoder->state = make(mode);
}

size_t wzp_codec2_encode(struct wzp_codec2_encoder *encoder, const int16_t *pcm, unsigned packet_frames,
                         uint8_t *out)
{
    const struct mode *mode = mode_of(encoder->id);
    WZP_CHECK(wzp_audio_packet_is_possible(encoder->id, packet_frames));
    if (!encoder->state)
        return 0;
    size_t len = wzp_audio_codec2_len(encoder->id, packet_frames);
    memset(out, 0, len);
    for (unsigned i = 0; i < packet_frames / mode->frames; i++) {
        int16_t narrow[WZP_CODEC2_PCM_MAX];
        uint8_t frame[WZP_CODEC2_FRAME_MAX];
        size_t count = mode->frames * FRAME;
        wzp_resample_down(&encoder->down, pcm + i * count * WZP_RESAMPLE_RATIO, narrow, count);
        codec2_encode(encoder->state, frame, narrow);
        put_frame(mode, frame, i, out);
    }
    return len;
}

/* ---- decoder ---- */

unsigned wzp_codec2_frames(enum wzp_codec id, struct wzp_slice payload)
{
    const struct mode *mode = mode_of(id);
    unsigned frames = wzp_audio_codec2_frames(id, payload.len);
    if (frames == 0)
        return 0;
    bool is_padded = frames / mode->frames * mode->bits % 8 != 0;
    return is_padded && (payload.data[payload.len - 1] & 15) != 0 ? 0 : frames;
}

void wzp_codec2_decoder_init(struct wzp_codec2_decoder *decoder)
{
    *decoder = (struct wzp_codec2_decoder){.id = WZP_CODEC_OPUS_24K};
}

void wzp_codec2_decoder_deinit(struct wzp_codec2_decoder *decoder)
{
    for (size_t i = 0; i < WZP_CODEC2_MODES; i++)
        if (decoder->state[i])
            codec2_destroy(decoder->state[i]);
    wzp_codec2_decoder_init(decoder);
}

void wzp_codec2_decoder_restart(struct wzp_codec2_decoder *decoder)
{
    memset(&decoder->up, 0, sizeof decoder->up);
    decoder->id = WZP_CODEC_OPUS_24K;
    decoder->repeated_len = 0;
    decoder->faded = 0;
}

static struct CODEC2 *state_of(struct wzp_codec2_decoder *decoder, const struct mode *mode)
{
    struct CODEC2 **state = &decoder->state[mode - MODE];
    if (!*state)
        *state = make(mode);
    return *state;
}

bool wzp_codec2_decode(struct wzp_codec2_decoder *decoder, enum wzp_codec id, struct wzp_slice payload,
                       int16_t *pcm)
{
    const struct mode *mode = mode_of(id);
    unsigned frames = wzp_codec2_frames(id, payload);
    struct CODEC2 *state = frames > 0 ? state_of(decoder, mode) : NULL;
    if (!state)
        return false;
    size_t count = mode->frames * FRAME;
    for (unsigned i = 0; i < frames / mode->frames; i++) {
        int16_t narrow[WZP_CODEC2_PCM_MAX];
        take_frame(mode, payload.data, i, decoder->last);
        codec2_decode(state, narrow, decoder->last);
        wzp_resample_up(&decoder->up, narrow, pcm + i * count * WZP_RESAMPLE_RATIO, count);
    }
    decoder->id = id;
    decoder->repeated_len = 0;
    decoder->faded = 0;
    return true;
}

void wzp_codec2_conceal(struct wzp_codec2_decoder *decoder, int16_t pcm[WZP_AUDIO_PIECE])
{
    const struct mode *mode = mode_of(decoder->id);
    int16_t narrow[PIECE] = {0};
    if (mode && decoder->faded < FADE_PIECES) {
        if (decoder->repeated_len == 0) {
            codec2_decode(decoder->state[mode - MODE], decoder->repeated, decoder->last);
            decoder->repeated_from = 0;
            decoder->repeated_len = mode->frames * FRAME;
        }
        int gain = (int)(FADE_PIECES - decoder->faded++);
        for (size_t i = 0; i < PIECE; i++)
            narrow[i] = (int16_t)(decoder->repeated[decoder->repeated_from + i] * gain / FADE_PIECES);
        decoder->repeated_from += PIECE;
        decoder->repeated_len -= PIECE;
    }
    wzp_resample_up(&decoder->up, narrow, pcm, PIECE);
}
