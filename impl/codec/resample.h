// SPDX-License-Identifier: Apache-2.0
/*
 * Sound between 48 kHz and the 8 kHz of Codec2: one linear-phase low-pass of 145 taps (a windowed sinc,
 * Kaiser window of beta 5.653), of which each phase is computed and nothing else.
 *
 * Law: flat within 0.02 dB to 3.4 kHz, -6 dB at 4 kHz, below -58 dB from 4.6 kHz on (so what is folded or
 * mirrored stays above 3.4 kHz); a delay of 72 samples of 48 kHz each way, exactly; integers only, the same
 * everywhere; results beyond int16 are held at its ends.
 *
 * State: the caller's, zero at the start. Spec: none, it is outside the wire. One ratio needs no library: a
 * general resampler would allocate, and cost more.
 */
#ifndef WZP_CODEC_RESAMPLE_H
#define WZP_CODEC_RESAMPLE_H

#include <stddef.h>
#include <stdint.h>

#define WZP_RESAMPLE_RATIO 6
#define WZP_RESAMPLE_TAPS  145
#define WZP_RESAMPLE_DELAY 72 /* samples at 48 kHz, of each of the two */

struct wzp_resample_down {
    int16_t before[WZP_RESAMPLE_TAPS - 1];
};

struct wzp_resample_up {
    int16_t before[WZP_RESAMPLE_TAPS / WZP_RESAMPLE_RATIO];
};

/* `count` samples of 8 kHz out of 6 * count. */
void wzp_resample_down(struct wzp_resample_down *state, const int16_t *in, int16_t *out, size_t count);

/* 6 * count samples out of `count` of 8 kHz. */
void wzp_resample_up(struct wzp_resample_up *state, const int16_t *in, int16_t *out, size_t count);

#endif
