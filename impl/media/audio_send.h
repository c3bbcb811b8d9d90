// SPDX-License-Identifier: Apache-2.0
/*
 * From the microphone to a payload: gathers captured frames into packets of as many as are set, encodes each
 * packet, and decides which are worth sending (DTX).
 *
 * Laws: a packet is sent when any of its frames is worth it. A frame within 45 dB of the loudest frame so far
 * is (what counts as active speech is 40 dB, so nothing active is ever dropped; below -90 dBov is silence
 * whatever was before), and so are the first 200 ms of quiet; then one comfort noise frame, a second 40 ms
 * later in case the first was lost, and one at least every 400 ms, as often as whole packets allow. The
 * encoder is fed in silence too, so that its state stays one stream. Above -26 dBov (the usual level of
 * speech, ITU-T P.56) the loudest frame is forgotten by 0.1 dB a second, so that a knock on the microphone
 * does not mute a quiet talker for the rest of the call. Settings change at a packet's border only.
 *
 * Memory: the caller's, wzp_audio_send_size() bytes aligned for any type. No clock, no allocation.
 *
 * Not here: sequence numbers (given where the packet is sealed), capture, which settings, sealing. See
 * docs/audio.md.
 */
#ifndef WZP_MEDIA_AUDIO_SEND_H
#define WZP_MEDIA_AUDIO_SEND_H

#include "codec/audio.h"

enum wzp_audio_send_kind {
    WZP_AUDIO_SEND_NOTHING,       /* the packet is not full, or silence that comfort noise already told */
    WZP_AUDIO_SEND_SPEECH,        /* a packet of the codec */
    WZP_AUDIO_SEND_COMFORT_NOISE, /* a comfort noise payload */
};

struct wzp_audio_packet {
    enum wzp_audio_send_kind kind;
    enum wzp_codec codec;     /* of the payload */
    uint32_t timestamp_ms;    /* as handed in: when the first frame's first sample was captured; of comfort
                                 noise, which is as long as a frame, the last one's */
    struct wzp_slice payload; /* lives in the wzp_audio_send until its next frame; empty for NOTHING */
};

struct wzp_audio_send;

size_t wzp_audio_send_size(const struct wzp_audio_codec *codec);
struct wzp_audio_send *wzp_audio_send_init(void *memory, const struct wzp_audio_codec *codec,
                                           const struct wzp_audio_encoder_config *config);
void wzp_audio_send_deinit(struct wzp_audio_send *send);

/* Takes one frame. Timestamps grow by 20 a frame and may wrap. A codec failure gives NOTHING. */
struct wzp_audio_packet wzp_audio_send_frame(struct wzp_audio_send *send, const int16_t pcm[WZP_AUDIO_FRAME],
                                             uint32_t timestamp_ms);

/* From the next packet that is begun on. Until the first call: OPUS_24K at the bitrate of `config`, a frame a
 * packet, no redundancy. */
void wzp_audio_send_set(struct wzp_audio_send *send, const struct wzp_audio_settings *settings);

#endif
