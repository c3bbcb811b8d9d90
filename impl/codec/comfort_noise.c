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

#define FACTOR 1664525u
#define STEP   1013904223u
#define LIFT   65536
#define LANES  8 /* numbers at once: each is computed from the one so many before it */

/* Rounded to the nearest; a double holds all of it exactly, and is above 0 where it is cut. */
static inline __attribute__((always_inline)) int16_t sample_of(uint32_t random, double scale)
{
    int32_t sample = (int32_t)((int32_t)(random >> 16) * scale + (LIFT + 0.5 - 32768 * scale)) - LIFT;
    sample = sample < INT16_MIN ? INT16_MIN : sample;
    return (int16_t)(sample > INT16_MAX ? INT16_MAX : sample);
}

/* One source for each width of vectors. `scale`: a multiple of 2^-23 below 2. */
static inline __attribute__((always_inline)) uint32_t fill(uint32_t random, double scale, int16_t *pcm,
                                                           size_t count)
{
    uint32_t lane[LANES], factor = 1, step = 0;
    for (size_t i = 0; i < LANES; i++) {
        factor *= FACTOR;
        step = step * FACTOR + STEP;
        lane[i] = factor * random + step;
    }
    size_t at = 0;
    for (; at + LANES <= count; at += LANES) {
        random = lane[LANES - 1];
        for (size_t i = 0; i < LANES; i++)
            pcm[at + i] = sample_of(lane[i], scale);
        for (size_t i = 0; i < LANES; i++)
            lane[i] = lane[i] * factor + step;
    }
    for (size_t i = 0; at < count; i++, at++)
        pcm[at] = sample_of(random = lane[i], scale);
    return random;
}

static uint32_t fill_portable(uint32_t random, double scale, int16_t *pcm, size_t count)
{
    return fill(random, scale, pcm, count);
}

#if defined(__x86_64__)
__attribute__((target("avx2"))) static uint32_t fill_avx2(uint32_t random, double scale, int16_t *pcm,
                                                          size_t count)
{
    return fill(random, scale, pcm, count);
}
#define FILL (__builtin_cpu_supports("avx2") ? fill_avx2 : fill_portable)
#else
#define FILL fill_portable
#endif

void wzp_comfort_noise_make(struct wzp_comfort_noise *noise, int16_t *pcm, size_t count)
{
    uint32_t amplitude = level_amplitude[noise->level % 20];
    for (int decade = noise->level / 20; decade > 0; decade--)
        amplitude /= 10;
    if (noise->level == WZP_COMFORT_NOISE_SILENCE)
        amplitude = 0;
    noise->random = FILL(noise->random, amplitude * 0x1p-23, pcm, count);
}
