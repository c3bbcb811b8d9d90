// SPDX-License-Identifier: Apache-2.0
#include "media/mix.h"

#include "base/check.h"

#include <string.h>

#define KNEE 24576
#define ROOM (INT16_MAX - KNEE)
#define FEW  32 /* samples */

_Static_assert(WZP_AUDIO_PIECE % FEW == 0, "a piece is a whole number of few samples");

void wzp_mix_init(struct wzp_mix *mix)
{
    memset(mix, 0, sizeof *mix);
}

void wzp_mix_add(struct wzp_mix *mix, const int16_t pcm[WZP_AUDIO_PIECE])
{
    WZP_CHECK(mix->voices < 65535);
    mix->voices++;
    for (size_t i = 0; i < WZP_AUDIO_PIECE; i++)
        mix->sum[i] += pcm[i];
}

/* The hyperbola over / (1 + over / ROOM) above the knee: slope 1 there, full scale at infinity. A quotient of
 * whole numbers below 2^35 that is not whole itself is further from the next one than a double is wrong, so
 * this cuts as whole numbers do, and a vector can do it. */
static int16_t bend(int32_t x)
{
    int32_t size = x < 0 ? -x : x;
    int32_t below = size < KNEE ? size : KNEE;
    double over = size - below;
    size = below + (int32_t)(over * ROOM / (over + ROOM));
    return (int16_t)(x < 0 ? -size : size);
}

/* Nearly always none of them is above the knee. */
static void finish_few(const int32_t sum[FEW], int16_t pcm[FEW])
{
    uint32_t beyond = 0;
    for (size_t i = 0; i < FEW; i++) {
        pcm[i] = (int16_t)sum[i];
        beyond |= (uint32_t)(sum[i] + KNEE) > 2 * KNEE;
    }
    for (size_t i = 0; beyond && i < FEW; i++)
        pcm[i] = bend(sum[i]);
}

void wzp_mix_finish(const struct wzp_mix *mix, int16_t pcm[WZP_AUDIO_PIECE])
{
    if (mix->voices < 2) {
        for (size_t i = 0; i < WZP_AUDIO_PIECE; i++)
            pcm[i] = (int16_t)mix->sum[i];
        return;
    }
    for (size_t i = 0; i < WZP_AUDIO_PIECE; i += FEW)
        finish_few(mix->sum + i, pcm + i);
}
