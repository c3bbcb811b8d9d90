// SPDX-License-Identifier: Apache-2.0
/* The table `opus`. */
#include "codec/opus.h"

#include "base/check.h"

static uint32_t delay(enum wzp_codec id)
{
    (void)id;
    return WZP_OPUS_DELAY;
}

static void encoder_init(void *encoder, const struct wzp_audio_encoder_config *config)
{
    wzp_opus_encoder_init(encoder);
    wzp_opus_set(encoder, &(struct wzp_audio_settings){.bitrate_bps = config->bitrate_bps});
}

static void deinit(void *memory)
{
    (void)memory;
}

static size_t encode(void *encoder, const int16_t *pcm, unsigned packet_frames, uint8_t *out, size_t capacity)
{
    WZP_CHECK(capacity >= WZP_AUDIO_PAYLOAD_MAX);
    return wzp_opus_encode(encoder, pcm, packet_frames, out);
}

static unsigned frames(enum wzp_codec id, struct wzp_slice payload)
{
    return wzp_audio_is_opus(id) ? wzp_opus_frames(payload) : 0;
}

static void conceal_frame(void *decoder, int16_t pcm[WZP_AUDIO_FRAME])
{
    wzp_opus_conceal(decoder, pcm);
    wzp_opus_conceal(decoder, pcm + WZP_AUDIO_PIECE);
}

static bool decode(void *decoder, enum wzp_codec id, struct wzp_slice payload, int16_t *pcm)
{
    if (wzp_audio_is_opus(id) && wzp_opus_decode(decoder, payload, pcm))
        return true;
    conceal_frame(decoder, pcm);
    return false;
}

static unsigned reach(void *decoder, enum wzp_codec id, struct wzp_slice payload)
{
    return wzp_audio_is_opus(id) ? wzp_opus_reach(decoder, payload) : 0;
}

static enum wzp_audio_recovery recover(void *decoder, enum wzp_codec id, struct wzp_slice later,
                                       unsigned behind, int16_t pcm[WZP_AUDIO_FRAME])
{
    enum wzp_audio_recovery kind = wzp_audio_is_opus(id) ? wzp_opus_recover(decoder, later, behind, pcm)
                                                         : WZP_AUDIO_NONE;
    if (kind == WZP_AUDIO_NONE)
        conceal_frame(decoder, pcm);
    return kind;
}

const struct wzp_audio_codec wzp_codec_opus = {
    .name = "opus",
    .dred_version = WZP_OPUS_DRED_VERSION,
    .delay = delay,
    .delay_samples = WZP_OPUS_DELAY,
    .encoder_size = wzp_opus_encoder_size,
    .encoder_init = encoder_init,
    .encoder_deinit = deinit,
    .set = wzp_opus_set,
    .encode = encode,
    .frames = frames,
    .decoder_size = wzp_opus_decoder_size,
    .decoder_init = wzp_opus_decoder_init,
    .decoder_deinit = deinit,
    .decode = decode,
    .reach = reach,
    .recover = recover,
    .conceal = wzp_opus_conceal,
};
