// SPDX-License-Identifier: Apache-2.0
/*
 * A codec without sound, for simulations that must be fast and replay the same on every machine. A payload is
 * as long as a real one: a head that stands for speaker, number of frames and packet number, and a
 * pseudo-random expansion of it, so that a decoder knows a damaged payload from a whole one and no stretch of
 * a payload looks like another's. The head is 8 bytes; in the short payloads of Codec2 3, which say nothing
 * of frames since their length does. What is decoded is a loud square wave, what is concealed a faint one.
 * Nothing of the input reaches the payload; nothing lost is within a payload's reach.
 */
#include "codec/audio.h"

#include "base/check.h"

#include <endian.h>
#include <string.h>

#define LOUD       8000
#define FAINT      4000
#define HALF_WAVE  64 /* samples */
#define HEAD       8
#define SHORT_HEAD 3
#define OPUS_MIN   12 /* bytes: the head, and 4 that betray damage */

#define GOLDEN UINT64_C(0x9e3779b97f4a7c15)

struct encoder {
    uint32_t speaker;
    uint32_t next; /* packet */
    enum wzp_codec id;
    uint32_t bitrate_bps;
};

/* The finalizer of SplitMix64 (Steele, Lea and Flood 2014): a bijection, so that no two packets share it. */
static uint64_t mix(uint64_t z)
{
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

static uint64_t unmix(uint64_t z)
{
    z = (z ^ z >> 31 ^ z >> 62) * UINT64_C(0x319642b2d24d8ec3);
    z = (z ^ z >> 27 ^ z >> 54) * UINT64_C(0x96de1b173f119089);
    return z ^ z >> 30 ^ z >> 60;
}

static size_t head_len(enum wzp_codec id)
{
    return wzp_audio_is_opus(id) ? HEAD : SHORT_HEAD;
}

/* Eight bytes of the payload with this head, from `at` on, which is a multiple of 8; the least significant
 * first. */
static uint64_t word_at(uint64_t head, size_t head_bytes, size_t at)
{
    if (at > 0)
        return mix(head + at * GOLDEN);
    return head_bytes == HEAD ? head
                              : head | mix(head + head_bytes * GOLDEN) >> 8 * head_bytes << 8 * head_bytes;
}

/* The payload whose first bytes are `head`, least significant first. */
static void expand(uint64_t head, size_t head_bytes, uint8_t *out, size_t len)
{
    for (size_t at = 0; at < len; at += sizeof head) {
        uint64_t word = htole64(word_at(head, head_bytes, at));
        memcpy(out + at, &word, len - at < sizeof word ? len - at : sizeof word);
    }
}

/* Is the payload whole? And its head. */
static bool is_whole(enum wzp_codec id, struct wzp_slice payload, uint64_t *head)
{
    size_t bytes = head_len(id);
    if (payload.len <= bytes || payload.len > WZP_AUDIO_PAYLOAD_MAX)
        return false;
    *head = 0;
    for (size_t i = 0; i < bytes; i++)
        *head |= (uint64_t)payload.data[i] << 8 * i;
    for (size_t at = 0; at < payload.len; at += sizeof *head) {
        uint64_t word = htole64(word_at(*head, bytes, at));
        if (memcmp(payload.data + at, &word,
                   payload.len - at < sizeof word ? payload.len - at : sizeof word) != 0)
            return false;
    }
    return true;
}

static void square_wave(int16_t *pcm, size_t count, int level)
{
    for (size_t from = 0; from < count; from += HALF_WAVE) {
        size_t end = from + HALF_WAVE < count ? from + HALF_WAVE : count;
        int16_t sample = (int16_t)(from / HALF_WAVE % 2 ? level : -level);
        for (size_t i = from; i < end; i++)
            pcm[i] = sample;
    }
}

static uint32_t delay(enum wzp_codec id)
{
    (void)id;
    return 0;
}

static size_t encoder_size(void)
{
    return sizeof(struct encoder);
}

static void set(void *memory, const struct wzp_audio_settings *settings)
{
    struct encoder *encoder = memory;
    WZP_CHECK(wzp_audio_packet_is_possible(settings->id, settings->packet_frames));
    encoder->id = settings->id;
    encoder->bitrate_bps = settings->bitrate_bps;
}

static void encoder_init(void *memory, const struct wzp_audio_encoder_config *config)
{
    struct encoder *encoder = memory;
    *encoder = (struct encoder){
        .speaker = config->speaker, .id = WZP_CODEC_OPUS_24K, .bitrate_bps = config->bitrate_bps};
}

static void deinit(void *memory)
{
    (void)memory;
}

static size_t opus_len(const struct encoder *encoder, unsigned packet_frames)
{
    uint64_t len = (uint64_t)encoder->bitrate_bps * packet_frames * WZP_AUDIO_FRAME_MS / 8000;
    return len < OPUS_MIN ? OPUS_MIN : len > WZP_AUDIO_PAYLOAD_MAX ? WZP_AUDIO_PAYLOAD_MAX : (size_t)len;
}

static size_t encode(void *memory, const int16_t *pcm, unsigned packet_frames, uint8_t *out, size_t capacity)
{
    (void)pcm;
    struct encoder *encoder = memory;
    WZP_CHECK(capacity >= WZP_AUDIO_PAYLOAD_MAX && wzp_audio_packet_is_possible(encoder->id, packet_frames));
    bool is_opus = wzp_audio_is_opus(encoder->id);
    size_t len = is_opus ? opus_len(encoder, packet_frames)
                         : wzp_audio_codec2_len(encoder->id, packet_frames);
    uint64_t packet = (uint64_t)encoder->speaker << 32 | (packet_frames - 1) << 28 |
                      (encoder->next++ & 0xfffffff);
    uint64_t head = mix(packet + GOLDEN);
    expand(is_opus ? head : head & 0xffffff, head_len(encoder->id), out, len);
    return len;
}

static unsigned frames(enum wzp_codec id, struct wzp_slice payload)
{
    uint64_t head;
    if (wzp_audio_is_codec2(id)) {
        unsigned count = wzp_audio_codec2_frames(id, payload.len);
        return count > 0 && is_whole(id, payload, &head) ? count : 0;
    }
    if (!wzp_audio_is_opus(id) || payload.len < OPUS_MIN || !is_whole(id, payload, &head))
        return 0;
    unsigned count = (unsigned)((unmix(head) - GOLDEN) >> 28 & 15) + 1;
    return wzp_audio_packet_is_possible(id, count) ? count : 0;
}

static size_t decoder_size(void)
{
    return 0; /* a payload says everything by itself */
}

static void decoder_init(void *decoder)
{
    (void)decoder;
}

static bool decode(void *decoder, enum wzp_codec id, struct wzp_slice payload, int16_t *pcm)
{
    (void)decoder;
    unsigned count = frames(id, payload);
    square_wave(pcm, (count ? count : 1) * WZP_AUDIO_FRAME, count ? LOUD : FAINT);
    return count > 0;
}

static unsigned reach(void *decoder, enum wzp_codec id, struct wzp_slice payload)
{
    (void)decoder;
    (void)id;
    (void)payload;
    return 0;
}

static enum wzp_audio_recovery recover(void *decoder, enum wzp_codec id, struct wzp_slice later,
                                       unsigned behind, int16_t pcm[WZP_AUDIO_FRAME])
{
    (void)decoder;
    (void)id;
    (void)later;
    (void)behind;
    square_wave(pcm, WZP_AUDIO_FRAME, FAINT);
    return WZP_AUDIO_NONE;
}

static void conceal(void *decoder, int16_t pcm[WZP_AUDIO_PIECE])
{
    (void)decoder;
    square_wave(pcm, WZP_AUDIO_PIECE, FAINT);
}

const struct wzp_audio_codec wzp_codec_synthetic = {
    .name = "synthetic",
    .delay = delay,
    .encoder_size = encoder_size,
    .encoder_init = encoder_init,
    .encoder_deinit = deinit,
    .set = set,
    .encode = encode,
    .frames = frames,
    .decoder_size = decoder_size,
    .decoder_init = decoder_init,
    .decoder_deinit = deinit,
    .decode = decode,
    .reach = reach,
    .recover = recover,
    .conceal = conceal,
};
