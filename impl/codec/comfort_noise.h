// SPDX-License-Identifier: Apache-2.0
/*
 * Comfort noise (RFC 3389): what a listener hears while the speaker is silent and sends nothing. The
 * payload is one byte, the noise level in -dBov, 0..127 (0 dBov = the power of a square wave at full
 * scale, RFC 6464); spectral bytes behind it are allowed and ignored.
 *
 * Law: the noise made for a level in 8..80 has that level within 1 dB; level 127 is digital silence; the
 * same state gives the same samples everywhere.
 *
 * State: the caller's struct, seeded by the caller.
 *
 * Not here: when to send it (media/audio_send.h).
 */
#ifndef WZP_CODEC_COMFORT_NOISE_H
#define WZP_CODEC_COMFORT_NOISE_H

#include "base/bytes.h"

#define WZP_COMFORT_NOISE_LEN     1
#define WZP_COMFORT_NOISE_SILENCE 127

struct wzp_comfort_noise {
    uint32_t random;
    uint8_t level; /* -dBov */
};

void wzp_comfort_noise_init(struct wzp_comfort_noise *noise, uint32_t seed);

/* The level of `energy` = the sum of squares of `count` samples: -dBov, rounded, 0..127. */
uint8_t wzp_comfort_noise_level(uint64_t energy, size_t count);

void wzp_comfort_noise_encode(uint8_t level, uint8_t out[WZP_COMFORT_NOISE_LEN]);

/* Takes over the level of a payload; false, and nothing changes, when it is empty. */
bool wzp_comfort_noise_decode(struct wzp_comfort_noise *noise, struct wzp_slice payload);

void wzp_comfort_noise_make(struct wzp_comfort_noise *noise, int16_t *pcm, size_t count);

#endif
