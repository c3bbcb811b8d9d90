// SPDX-License-Identifier: Apache-2.0
/* The table `opus`: Opus and Codec2 behind one encoder and one decoder, each of which begins anew when the
 * other has had its turn. */
#include "codec/codec2.h"
#include "codec/opus.h"

#include "base/check.h"

#include <stdalign.h>

struct encoder {
    struct wzp_codec2_encoder codec2;
    enum wzp_codec id;
    alignas(max_align_t) uint8_t opus[];
};

struct decoder {
    struct wzp_codec2_decoder codec2;
    bool is_codec2; /* what was decoded last */
    alignas(max_align_t) uint8_t opus[];
};

static uint32_t delay(enum wzp_codec id)
{
    return wzp_audio_is_opus(id) ? WZP_OPUS_DELAY : wzp_codec2_delay(id);
}

/* ---- encoder ---- */

static size_t encoder_size(void)
{
    return sizeof(struct encoder) + wzp_opus_encoder_size();
}

static void encoder_init(void *memory, const struct wzp_audio_encoder_config *config)
{
    struct encoder *encoder = memory;
    encoder->id = WZP_CODEC_OPUS_24K;
    wzp_codec2_encoder_init(&encoder->codec2);
    wzp_opus_encoder_init(encoder->opus);
    wzp_opus_set(encoder->opus, &(struct wzp_audio_settings){.bitrate_bps = config->bitrate_bps});
}

static void encoder_deinit(void *memory)
{
    struct encoder *encoder = memory;
    wzp_codec2_encoder_deinit(&encoder->codec2);
}

static void set(void *memory, const struct wzp_audio_settings *settings)
{
    struct encoder *encoder = memory;
    WZP_CHECK(wzp_audio_packet_is_possible(settings->id, settings->packet_frames));
    wzp_codec2_set(&encoder->codec2, settings->id);
    if (wzp_audio_is_opus(settings->id)) {
        if (!wzp_audio_is_opus(encoder->id)) /* or its first packet would repeat sound long past */
            wzp_opus_encoder_restart(encoder->opus);
        wzp_opus_set(encoder->opus, settings);
    }
    encoder->id = settings->id;
}

static size_t encode(void *memory, const int16_t *pcm, unsigned packet_frames, uint8_t *out, size_t capacity)
{
    struct encoder *encoder = memory;
    WZP_CHECK(capacity >= WZP_AUDIO_PAYLOAD_MAX && wzp_audio_packet_is_possible(encoder->id, packet_frames));
    return wzp_audio_is_opus(encoder->id) ? wzp_opus_encode(encoder->opus, pcm, packet_frames, out)
                                          : wzp_codec2_encode(&encoder->codec2, pcm, packet_frames, out);
}

/* ---- decoder ---- */

static unsigned frames(enum wzp_codec id, struct wzp_slice payload)
{
    return wzp_audio_is_opus(id) ? wzp_opus_frames(payload) : wzp_codec2_frames(id, payload);
}

static size_t decoder_size(void)
{
    return sizeof(struct decoder) + wzp_opus_decoder_size();
}

static void decoder_init(void *memory)
{
    struct decoder *decoder = memory;
    decoder->is_codec2 = false;
    wzp_codec2_decoder_init(&decoder->codec2);
    wzp_opus_decoder_init(decoder->opus);
}

static void decoder_deinit(void *memory)
{
    struct decoder *decoder = memory;
    wzp_codec2_decoder_deinit(&decoder->codec2);
}

static void conceal(void *memory, int16_t pcm[WZP_AUDIO_PIECE])
{
    struct decoder *decoder = memory;
    if (decoder->is_codec2)
        wzp_codec2_conceal(&decoder->codec2, pcm);
    else
        wzp_opus_conceal(decoder->opus, pcm);
}

static void conceal_frame(void *decoder, int16_t pcm[WZP_AUDIO_FRAME])
{
    conceal(decoder, pcm);
    conceal(decoder, pcm + WZP_AUDIO_PIECE);
}

/* Whose turn it is. */
static void turn_to(struct decoder *decoder, bool is_codec2)
{
    if (decoder->is_codec2 == is_codec2)
        return;
    if (is_codec2)
        wzp_codec2_decoder_restart(&decoder->codec2);
    else
        wzp_opus_decoder_restart(decoder->opus);
    decoder->is_codec2 = is_codec2;
}

static bool decode(void *memory, enum wzp_codec id, struct wzp_slice payload, int16_t *pcm)
{
    struct decoder *decoder = memory;
    if (frames(id, payload) > 0) {
        bool is_codec2 = wzp_audio_is_codec2(id);
        turn_to(decoder, is_codec2);
        if (is_codec2 ? wzp_codec2_decode(&decoder->codec2, id, payload, pcm)
                      : wzp_opus_decode(decoder->opus, payload, pcm))
            return true;
    }
    conceal_frame(decoder, pcm);
    return false;
}

static unsigned reach(void *memory, enum wzp_codec id, struct wzp_slice payload)
{
    struct decoder *decoder = memory;
    return wzp_audio_is_opus(id) ? wzp_opus_reach(decoder->opus, payload) : 0;
}

static enum wzp_audio_recovery recover(void *memory, enum wzp_codec id, struct wzp_slice later,
                                       unsigned behind, int16_t pcm[WZP_AUDIO_FRAME])
{
    struct decoder *decoder = memory;
    enum wzp_audio_recovery kind = WZP_AUDIO_NONE;
    if (behind > 0 && behind <= reach(decoder, id, later)) {
        turn_to(decoder, false);
        kind = wzp_opus_recover(decoder->opus, later, behind, pcm);
    }
    if (kind == WZP_AUDIO_NONE)
        conceal_frame(decoder, pcm);
    return kind;
}

const struct wzp_audio_codec wzp_codec_opus = {
    .name = "opus",
    .dred_version = WZP_OPUS_DRED_VERSION,
    .delay = delay,
    .encoder_size = encoder_size,
    .encoder_init = encoder_init,
    .encoder_deinit = encoder_deinit,
    .set = set,
    .encode = encode,
    .frames = frames,
    .decoder_size = decoder_size,
    .decoder_init = decoder_init,
    .decoder_deinit = decoder_deinit,
    .decode = decode,
    .reach = reach,
    .recover = recover,
    .conceal = conceal,
};
