// SPDX-License-Identifier: Apache-2.0
#include "media/mix.h"

#include "base/check.h"

#include <string.h>

#define KNEE 24576
#define ROOM (INT16_MAX - KNEE)

/* The hyperbola over / (1 + over / ROOM) above the knee: slope 1 there, full scale at infinity. A quotient of
 * whole numbers below 2^35 that is not whole itself is further from the next one than a double is wrong, so
 * this cuts as whole numbers do, and a vector can do it. */
static inline __attribute__((always_inline)) int16_t bent(int32_t x)
{
    int32_t size = x < 0 ? -x : x;
    int32_t below = size < KNEE ? size : KNEE;
    double over = size - below;
    size = below + (int32_t)(over * ROOM / (over + ROOM));
    return (int16_t)(x < 0 ? -size : size);
}

/* One source, compiled for each width of vectors. */
static inline __attribute__((always_inline)) void add(int32_t *sum, const int16_t *pcm)
{
    for (size_t i = 0; i < WZP_AUDIO_PIECE; i++)
        sum[i] += pcm[i];
}

static inline __attribute__((always_inline)) void bend(const int32_t *sum, int16_t *pcm)
{
    for (size_t i = 0; i < WZP_AUDIO_PIECE; i++)
        pcm[i] = bent(sum[i]);
}

#if defined(__x86_64__)
static __attribute__((target("avx2"))) void add_avx2(int32_t *sum, const int16_t *pcm)
{
    add(sum, pcm);
}

static __attribute__((target("avx2"))) void bend_avx2(const int32_t *sum, int16_t *pcm)
{
    bend(sum, pcm);
}
#define WITH_WIDEST(kernel, from, to)                                                                        \
    (__builtin_cpu_supports("avx2") ? kernel##_avx2(from, to) : kernel(from, to))
#else
#define WITH_WIDEST(kernel, from, to) kernel(from, to)
#endif

void wzp_mix_init(struct wzp_mix *mix)
{
    memset(mix, 0, sizeof *mix);
}

void wzp_mix_add(struct wzp_mix *mix, const int16_t pcm[WZP_AUDIO_PIECE])
{
    WZP_CHECK(mix->voices < 65535);
    mix->voices++;
    WITH_WIDEST(add, mix->sum, pcm);
}

void wzp_mix_finish(const struct wzp_mix *mix, int16_t pcm[WZP_AUDIO_PIECE])
{
    if (mix->voices < 2) {
        for (size_t i = 0; i < WZP_AUDIO_PIECE; i++)
            pcm[i] = (int16_t)mix->sum[i];
        return;
    }
    WITH_WIDEST(bend, mix->sum, pcm);
}
