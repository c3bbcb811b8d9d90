// SPDX-License-Identifier: Apache-2.0
#include "media/audio_send.h"

#include "base/check.h"
#include "codec/comfort_noise.h"

#include <stdalign.h>
#include <string.h>

#define GATE               31623                           /* 45 dB */
#define SILENCE            (UINT64_C(1) * WZP_AUDIO_FRAME) /* -90 dBov: one step of int16 in every sample */
#define LOUD_SPEECH        (UINT64_C(2697118) * WZP_AUDIO_FRAME) /* -26 dBov */
#define FORGET_SHIFT       11 /* 1/2048 a frame of 20 ms is 0.106 dB a second */
#define HANGOVER_FRAMES    (200 / WZP_AUDIO_FRAME_MS)
#define NOISE_AGAIN_FRAMES (40 / WZP_AUDIO_FRAME_MS)
#define NOISE_EVERY_FRAMES (400 / WZP_AUDIO_FRAME_MS)
#define NOISE_SMOOTHING    8 /* frames */

struct wzp_audio_send {
    const struct wzp_audio_codec *codec;
    uint64_t loudest;      /* energy of a frame */
    uint64_t quiet_energy; /* smoothed energy of the quiet frames */
    uint32_t quiet_frames; /* in a row, counted up to HANGOVER_FRAMES */
    uint32_t noise_due;    /* frames until the next comfort noise frame */
    bool noise_repeated;
    struct wzp_audio_settings settings; /* the encoder's */
    struct wzp_audio_settings wanted;   /* from the next packet on */
    int16_t pcm[WZP_AUDIO_PACKET_FRAMES_MAX * WZP_AUDIO_FRAME];
    unsigned filled; /* frames in `pcm` */
    uint32_t first_ms;
    bool is_worth_it; /* a frame in `pcm` is */
    uint8_t payload[WZP_AUDIO_PAYLOAD_MAX];
    alignas(max_align_t) uint8_t encoder[];
};

size_t wzp_audio_send_size(const struct wzp_audio_codec *codec)
{
    return sizeof(struct wzp_audio_send) + codec->encoder_size();
}

struct wzp_audio_send *wzp_audio_send_init(void *memory, const struct wzp_audio_codec *codec,
                                           const struct wzp_audio_encoder_config *config)
{
    struct wzp_audio_send *send = memory;
    memset(send, 0, sizeof *send);
    send->codec = codec;
    send->settings = (struct wzp_audio_settings){
        .id = WZP_CODEC_OPUS_24K, .bitrate_bps = config->bitrate_bps, .packet_frames = 1};
    send->wanted = send->settings;
    codec->encoder_init(send->encoder, config);
    return send;
}

void wzp_audio_send_deinit(struct wzp_audio_send *send)
{
    send->codec->encoder_deinit(send->encoder);
}

static bool is_quiet(struct wzp_audio_send *send, uint64_t energy)
{
    if (send->loudest > LOUD_SPEECH)
        send->loudest -= send->loudest >> FORGET_SHIFT;
    if (energy > send->loudest)
        send->loudest = energy;
    return energy <= SILENCE || energy * GATE < send->loudest;
}

static void measure_quiet(struct wzp_audio_send *send, uint64_t energy)
{
    if (send->quiet_frames == 0) {
        send->quiet_energy = energy;
        send->noise_due = 0;
        send->noise_repeated = false;
    } else if (energy > send->quiet_energy) {
        send->quiet_energy += (energy - send->quiet_energy) / NOISE_SMOOTHING;
    } else {
        send->quiet_energy -= (send->quiet_energy - energy) / NOISE_SMOOTHING;
    }
}

/* Is a frame of this energy to be heard? */
static bool is_heard(struct wzp_audio_send *send, uint64_t energy)
{
    if (!is_quiet(send, energy)) {
        send->quiet_frames = 0;
        return true;
    }
    measure_quiet(send, energy);
    if (send->quiet_frames == HANGOVER_FRAMES)
        return false;
    send->quiet_frames++;
    return true;
}

/* Comfort noise in place of a packet of so many frames, unless it was told lately. */
static bool tell_noise(struct wzp_audio_send *send, uint32_t frames)
{
    if (send->noise_due >= frames) {
        send->noise_due -= frames;
        return false;
    }
    uint32_t due = send->noise_repeated ? NOISE_EVERY_FRAMES : NOISE_AGAIN_FRAMES;
    send->noise_due = due > frames ? due - frames : 0;
    send->noise_repeated = true;
    wzp_comfort_noise_encode(wzp_comfort_noise_level(send->quiet_energy, WZP_AUDIO_FRAME), send->payload);
    return true;
}

static bool is_same(const struct wzp_audio_settings *a, const struct wzp_audio_settings *b)
{
    return a->id == b->id && a->bitrate_bps == b->bitrate_bps && a->packet_frames == b->packet_frames &&
           a->loss_percent == b->loss_percent && a->lbrr == b->lbrr && a->dred_ms == b->dred_ms &&
           a->constant == b->constant;
}

static void begin_packet(struct wzp_audio_send *send, uint32_t timestamp_ms)
{
    if (!is_same(&send->settings, &send->wanted)) {
        send->settings = send->wanted;
        send->codec->set(send->encoder, &send->settings);
    }
    send->first_ms = timestamp_ms;
    send->is_worth_it = false;
}

struct wzp_audio_packet wzp_audio_send_frame(struct wzp_audio_send *send, const int16_t pcm[WZP_AUDIO_FRAME],
                                             uint32_t timestamp_ms)
{
    struct wzp_audio_packet packet = {.kind = WZP_AUDIO_SEND_NOTHING, .timestamp_ms = timestamp_ms};
    if (send->filled == 0)
        begin_packet(send, timestamp_ms);
    memcpy(send->pcm + send->filled * WZP_AUDIO_FRAME, pcm, WZP_AUDIO_FRAME * sizeof *pcm);
    send->is_worth_it |= is_heard(send, wzp_audio_energy(pcm, WZP_AUDIO_FRAME));
    if (++send->filled < send->settings.packet_frames)
        return packet;
    uint32_t frames = send->filled;
    send->filled = 0;
    size_t len = send->codec->encode(send->encoder, send->pcm, frames, send->payload, sizeof send->payload);
    if (send->is_worth_it) {
        if (len > 0)
            packet = (struct wzp_audio_packet){
                .kind = WZP_AUDIO_SEND_SPEECH,
                .codec = send->settings.id,
                .timestamp_ms = send->first_ms,
                .payload = {send->payload, len},
            };
    } else if (tell_noise(send, frames)) {
        packet = (struct wzp_audio_packet){
            .kind = WZP_AUDIO_SEND_COMFORT_NOISE,
            .codec = WZP_CODEC_COMFORT_NOISE,
            .timestamp_ms = timestamp_ms,
            .payload = {send->payload, WZP_COMFORT_NOISE_LEN},
        };
    }
    return packet;
}

void wzp_audio_send_set(struct wzp_audio_send *send, const struct wzp_audio_settings *settings)
{
    WZP_CHECK(wzp_audio_packet_is_possible(settings->id, settings->packet_frames));
    send->wanted = *settings;
}
