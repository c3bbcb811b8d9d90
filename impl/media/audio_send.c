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
#define LOSS_THAT_PAYS     2
#define NOISE_SMOOTHING    8 /* frames */

struct wzp_audio_send {
    const struct wzp_audio_codec *codec;
    uint64_t loudest;      /* energy of a frame */
    uint64_t quiet_energy; /* smoothed energy of the quiet frames */
    uint32_t quiet_frames; /* in a row, counted up to HANGOVER_FRAMES */
    uint32_t noise_due;    /* frames until the next comfort noise frame */
    bool noise_repeated;
    struct wzp_audio_settings settings;
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

struct wzp_audio_packet wzp_audio_send_frame(struct wzp_audio_send *send, const int16_t pcm[WZP_AUDIO_FRAME],
                                             uint32_t timestamp_ms)
{
    struct wzp_audio_packet packet = {.kind = WZP_AUDIO_SEND_NOTHING, .timestamp_ms = timestamp_ms};
    uint64_t energy = wzp_audio_energy(pcm, WZP_AUDIO_FRAME);
    size_t len = send->codec->encode(send->encoder, pcm, 1, send->payload, sizeof send->payload);
    bool quiet = is_quiet(send, energy);
    if (quiet)
        measure_quiet(send, energy);
    else
        send->quiet_frames = 0;
    if (!quiet || send->quiet_frames < HANGOVER_FRAMES) {
        send->quiet_frames += quiet;
        if (len > 0) {
            packet.kind = WZP_AUDIO_SEND_SPEECH;
            packet.payload = (struct wzp_slice){send->payload, len};
        }
    } else if (send->noise_due > 0) {
        send->noise_due--;
    } else {
        send->noise_due = (send->noise_repeated ? NOISE_EVERY_FRAMES : NOISE_AGAIN_FRAMES) - 1;
        send->noise_repeated = true;
        wzp_comfort_noise_encode(wzp_comfort_noise_level(send->quiet_energy, WZP_AUDIO_FRAME), send->payload);
        packet.kind = WZP_AUDIO_SEND_COMFORT_NOISE;
        packet.payload = (struct wzp_slice){send->payload, WZP_COMFORT_NOISE_LEN};
    }
    return packet;
}

void wzp_audio_send_set_loss(struct wzp_audio_send *send, unsigned percent)
{
    unsigned used = percent < LOSS_THAT_PAYS ? 0 : percent;
    if (used == send->settings.loss_percent)
        return;
    send->settings.loss_percent = used;
    send->settings.lbrr = used > 0;
    send->codec->set(send->encoder, &send->settings);
}
