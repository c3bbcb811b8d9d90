// SPDX-License-Identifier: Apache-2.0
/*
 * How intelligible played speech is beside the original: ESTOI, the extended short-time objective
 * intelligibility of J. Jensen and C. H. Taal, "An Algorithm for Predicting the Intelligibility of Speech
 * Masked by Modulated Noise Maskers", IEEE/ACM TASLP 24(11), 2016. 1 = all there, 0 = nothing in common.
 *
 * The law: at 10 kHz, frames of 256 samples every 128 under a Hann window (257 steps, its two zeros left
 * out); frames of the clean signal more than 40 dB below its loudest are taken out of both signals; 512-point
 * spectra; magnitudes in 15 one-third octave bands from a centre of 150 Hz; for each run of 30 frames (384
 * ms) both 15 x 30 matrices are made zero-mean and unit-norm in each row (a band over time), then in each
 * column (a frame over bands); the score is the mean over columns, then over runs, of the inner product of
 * columns. Where the published programs add noise of 1e-16 before a division by zero (a signal that is
 * exactly silent), the quotient here is 0.
 *
 * What it cannot see: anything above 5 kHz (its highest band ends at 4.3 kHz), so it does not tell wideband
 * from narrowband speech; loudness, since every row is normalised; delay, since the signals are aligned
 * first. Speech lost where the original is silent costs nothing.
 *
 * Allocates while it runs (out of memory ends the process: a broken promise), keeps nothing. Spec:
 * docs/sim.md.
 */
#ifndef WZP_SIM_ESTOI_H
#define WZP_SIM_ESTOI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Signals of `n` samples at 10 kHz, full scale 1. NaN when there is too little to judge: fewer than 31 frames
 * of the clean signal (about 0.41 s) within 40 dB of its loudest, or a clean signal without any sound.
 */
double sim_estoi_10k(const float *clean, const float *degraded, size_t n);

/* The same of signals at 48 kHz: both go through one low-pass (flat to 4.3 kHz) to 10 kHz. */
double sim_estoi_48k(const float *clean, const float *degraded, size_t n);

/* One 20 ms frame that was played: clean[capture_sample ...] was heard at played[playout_sample ...]. */
struct sim_estoi_frame {
    int64_t capture_sample; /* of the sound itself: a codec's look-ahead taken off */
    int64_t playout_sample;
    bool real; /* decoded from what arrived or was recovered, neither concealed nor comfort noise */
};

/*
 * What came of clean[from .. clean_len) in `played` (both 48 kHz), whose buffer may have moved meanwhile:
 * each 0.5 s of the clean signal is compared with as much of the played one, cut at one offset, the median of
 * playout - capture of the real frames that begin in it; with the offset of the half second before when it
 * has none, and of the first that has one when none was before. So a buffer's moves do not count, but silence
 * or invention in place of speech does, and so does speech played at another place than the rest of its half
 * second. What lies outside `played` is silence. `frames` are in any order.
 */
double sim_estoi_aligned(const float *clean, size_t from, size_t clean_len, const float *played,
                         size_t played_len, const struct sim_estoi_frame *frames, size_t frame_count);

#endif
