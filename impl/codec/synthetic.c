// SPDX-License-Identifier: Apache-2.0
/*
 * A codec without sound, for simulations that must be fast and replay the same on every machine. A payload is
 * as long as a real one: 8 bytes that stand for speaker and frame number, and a pseudo-random expansion of
 * them, so that a decoder knows a damaged payload from a whole one and no stretch of a payload looks like
 * another's. What is decoded is a loud square wave, what is concealed a faint one. Nothing of the input
 * reaches the payload.
 */
#include "codec/audio.h"

#include "base/check.h"

#include <string.h>

#define LOUD  8000
#define FAINT 4000

struct encoder {
    uint64_t next; /* speaker in the high half, frame number in the low */
    size_t payload_len;
};

/* The finalizer of SplitMix64 (Steele, Lea and Flood 2014): a bijection, so that no two frames share it. */
static uint64_t mix(uint64_t z)
{
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

/* The payload whose first 8 bytes are `head`, least significant first. */
static void expand(uint64_t head, uint8_t *out, size_t len)
{
    uint64_t word = head;
    for (size_t i = 0; i < len; i++) {
        if (i > 0 && i % 8 == 0)
            word = mix(head + i * UINT64_C(0x9e3779b97f4a7c15));
        out[i] = (uint8_t)(word >> 8 * (i % 8));
    }
}

static void square_wave(int16_t *pcm, size_t count, int level)
{
    for (size_t i = 0; i < count; i++)
        pcm[i] = (int16_t)(i & 64 ? level : -level);
}

static size_t encoder_size(void)
{
    return sizeof(struct encoder);
}

static void encoder_init(void *memory, const struct wzp_audio_encoder_config *config)
{
    struct encoder *encoder = memory;
    encoder->next = (uint64_t)config->speaker << 32;
    encoder->payload_len = config->bitrate_bps / (8 * 1000 / WZP_AUDIO_FRAME_MS);
    WZP_CHECK(encoder->payload_len >= 16 && encoder->payload_len <= WZP_AUDIO_PAYLOAD_MAX);
}

static size_t encode(void *memory, const int16_t pcm[WZP_AUDIO_FRAME], uint8_t *out, size_t capacity)
{
    (void)pcm;
    struct encoder *encoder = memory;
    WZP_CHECK(capacity >= WZP_AUDIO_PAYLOAD_MAX);
    expand(mix(encoder->next++ + UINT64_C(0x9e3779b97f4a7c15)), out, encoder->payload_len);
    return encoder->payload_len;
}

static void set_loss(void *encoder, unsigned percent)
{
    (void)encoder;
    (void)percent;
}

static size_t decoder_size(void)
{
    return 0; /* a payload says everything by itself */
}

static void decoder_init(void *decoder)
{
    (void)decoder;
}

static void conceal(void *decoder, int16_t pcm[WZP_AUDIO_PIECE])
{
    (void)decoder;
    square_wave(pcm, WZP_AUDIO_PIECE, FAINT);
}

static bool decode(void *decoder, struct wzp_slice payload, int16_t pcm[WZP_AUDIO_FRAME])
{
    (void)decoder;
    uint8_t right[WZP_AUDIO_PAYLOAD_MAX];
    bool whole = payload.len >= 16 && payload.len <= sizeof right;
    if (whole) {
        uint64_t head = 0;
        for (size_t i = 0; i < 8; i++)
            head |= (uint64_t)payload.data[i] << 8 * i;
        expand(head, right, payload.len);
        whole = memcmp(right, payload.data, payload.len) == 0;
    }
    square_wave(pcm, WZP_AUDIO_FRAME, whole ? LOUD : FAINT);
    return whole;
}

static bool carries_previous(struct wzp_slice payload)
{
    (void)payload;
    return false;
}

static bool recover(void *decoder, struct wzp_slice next, int16_t pcm[WZP_AUDIO_FRAME])
{
    (void)decoder;
    (void)next;
    square_wave(pcm, WZP_AUDIO_FRAME, FAINT);
    return false;
}

const struct wzp_audio_codec wzp_codec_synthetic = {
    .name = "synthetic",
    .delay_samples = 0,
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
