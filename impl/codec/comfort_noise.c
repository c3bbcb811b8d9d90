// SPDX-License-Identifier: Apache-2.0
#include "codec/comfort_noise.h"

/* 2^40 * 10^(-(L + 0.5) / 10) for L in 0..9: the mean square, in 1/1024, above which a level is at most L. */
static const uint64_t level_floor[10] = {979940769744, 778394621765, 618300825826, 491133803507,
                                         390121447153, 309884480445, 246149992320, 195523888877,
                                         155310145498, 123367233708};

/* 256 * 32768 * sqrt(3) * 10^(-L / 20) for L in 0..19: uniform noise within +-A/256 has the power of level L.
 */
static const uint32_t level_amplitude[20] = {
    14529495, 12949426, 11541188, 10286095, 9167492, 8170536, 7281998, 6490087, 5784296, 5155259,
    4594630,  4094968,  3649644,  3252749,  2899015, 2583750, 2302770, 2052346, 1829155, 1630236};

void wzp_comfort_noise_init(struct wzp_comfort_noise *noise, uint32_t seed)
{
    noise->random = seed;
    noise->level = WZP_COMFORT_NOISE_SILENCE;
}

uint8_t wzp_comfort_noise_level(uint64_t energy, size_t count)
{
    uint64_t mean_square = count > 0 ? (energy << 10) / count : 0;
    uint64_t decade = 1;
    for (uint8_t level = 0; level < WZP_COMFORT_NOISE_SILENCE; level++) {
        if (mean_square > level_floor[level % 10] / decade)
            return level;
        if (level % 10 == 9)
            decade *= 10;
    }
    return WZP_COMFORT_NOISE_SILENCE;
}

void wzp_comfort_noise_encode(uint8_t level, uint8_t out[WZP_COMFORT_NOISE_LEN])
{
    out[0] = level < WZP_COMFORT_NOISE_SILENCE ? level : WZP_COMFORT_NOISE_SILENCE;
}

bool wzp_comfort_noise_decode(struct wzp_comfort_noise *noise, struct wzp_slice payload)
{
    if (payload.len == 0)
        return false;
    noise->level = payload.data[0] & 0x7f; /* the top bit is reserved (RFC 3389 section 3.1) */
    return true;
}

void wzp_comfort_noise_make(struct wzp_comfort_noise *noise, int16_t *pcm, size_t count)
{
    int64_t amplitude = level_amplitude[noise->level % 20];
    for (int decade = noise->level / 20; decade > 0; decade--)
        amplitude /= 10;
    if (noise->level == WZP_COMFORT_NOISE_SILENCE)
        amplitude = 0;
    for (size_t i = 0; i < count; i++) {
        noise->random = noise->random * 1664525 + 1013904223;
        int64_t uniform = (int64_t)(noise->random >> 16) - 32768;
        int64_t sample = (uniform * amplitude + (1 << 22)) >> 23;
        pcm[i] = (int16_t)(sample < INT16_MIN ? INT16_MIN : sample > INT16_MAX ? INT16_MAX : sample);
    }
}
