// SPDX-License-Identifier: Apache-2.0
/*
 * Several voices into one piece of sound.
 *
 * Law: one voice comes out as it went in, bit for bit; several are summed, and above three quarters of
 * full scale bent smoothly (y grows with x, slope 1 at the knee), so that nothing wraps and nothing clips
 * hard.
 *
 * State: the caller's struct, one piece long; init, add for each voice, finish.
 */
#ifndef WZP_MEDIA_MIX_H
#define WZP_MEDIA_MIX_H

#include "codec/audio.h"

struct wzp_mix {
    int32_t sum[WZP_AUDIO_PIECE];
    uint32_t voices; /* at most 65535 */
};

void wzp_mix_init(struct wzp_mix *mix);
void wzp_mix_add(struct wzp_mix *mix, const int16_t pcm[WZP_AUDIO_PIECE]);
/* Silence when nothing was added. */
void wzp_mix_finish(const struct wzp_mix *mix, int16_t pcm[WZP_AUDIO_PIECE]);

#endif
