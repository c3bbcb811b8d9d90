// SPDX-License-Identifier: Apache-2.0
/*
 * From the microphone to a payload: encodes every captured frame, and decides which are worth a packet
 * (DTX).
 *
 * Laws: a frame within 45 dB of the loudest frame so far is always sent (what counts as active speech is
 * 40 dB, so nothing active is ever dropped; below -90 dBov is silence whatever was before); the first 200
 * ms of quiet are sent as well; then one comfort noise frame, a second 40 ms later in case the first was
 * lost, and one every 400 ms. The encoder is fed in silence too, so that its state stays one stream. Above
 * -26 dBov (the usual level of speech, ITU-T P.56) the loudest frame is forgotten by 0.1 dB a second, so
 * that a knock on the microphone does not mute a quiet talker for the rest of the call.
 *
 * Memory: the caller's, wzp_audio_send_size() bytes aligned for any type. No clock, no allocation.
 *
 * Not here: sequence numbers (given where the packet is sealed), capture, codec ids, sealing. See
 * docs/audio.md.
 */
#ifndef WZP_MEDIA_AUDIO_SEND_H
#define WZP_MEDIA_AUDIO_SEND_H

#include "codec/audio.h"

enum wzp_audio_send_kind {
    WZP_AUDIO_SEND_NOTHING,       /* silence that a comfort noise frame already told */
    WZP_AUDIO_SEND_SPEECH,        /* a frame of the codec */
    WZP_AUDIO_SEND_COMFORT_NOISE, /* a comfort noise payload */
};

struct wzp_audio_packet {
    enum wzp_audio_send_kind kind;
    uint32_t timestamp_ms;    /* as handed in: when the frame's first sample was captured */
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

/* The worst loss among the listeners (media/quality.h). Below 2 % in-band copies cost more than they save. */
void wzp_audio_send_set_loss(struct wzp_audio_send *send, unsigned percent);

#endif
