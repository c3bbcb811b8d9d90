// SPDX-License-Identifier: Apache-2.0
#include "sim/estoi.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"

#define RATE          10000
#define FRAME         256
#define HOP           128
#define FFT           512
#define HALF          (FFT / 2)
#define BANDS         15
#define BAND_FIRST_HZ 150.0
#define RUN           30
#define SILENCE       0.01 /* -40 dB in amplitude */
#define NORM_FLOOR                                                                                           \
    1e-9         /* a deviation below this is rounding: a sine of half a 16-bit step makes about 1e-3 */
#define PHASES 5 /* 10 kHz is 5/24 of 48 kHz */
#define TAPS   192
#define LANES  8     /* independent sums, so that the compiler may use wide registers */
#define PIECE  24000 /* 0.5 s at 48 kHz */

struct tables {
    double window[FRAME];
    double cosine[FFT], sine[FFT]; /* of 2 pi k / FFT */
    int band_begin[BANDS], band_end[BANDS];
};

static void *get(size_t count, size_t size)
{
    void *memory = calloc(count ? count : 1, size);
    WZP_CHECK(memory);
    return memory;
}

static int nearest_bin(double hz)
{
    return (int)ceil(hz * FFT / RATE - 0.5); /* the lower one of two equally near */
}

static void make_tables(struct tables *tables)
{
    const double pi = acos(-1);
    for (int i = 0; i < FRAME; i++)
        tables->window[i] = 0.5 - 0.5 * cos(2 * pi * (i + 1) / (FRAME + 1));
    for (int i = 0; i < FFT; i++) {
        tables->cosine[i] = cos(2 * pi * i / FFT);
        tables->sine[i] = sin(2 * pi * i / FFT);
    }
    for (int i = 0; i < BANDS; i++) {
        tables->band_begin[i] = nearest_bin(BAND_FIRST_HZ * pow(2, (2 * i - 1) / 6.0));
        tables->band_end[i] = nearest_bin(BAND_FIRST_HZ * pow(2, (2 * i + 1) / 6.0));
    }
}

/* How many frames the published programs take from `n` samples: those that begin before n - FRAME. */
static size_t frames_in(size_t n)
{
    return n > FRAME ? (n - FRAME + HOP - 1) / HOP : 0;
}

/* Marks the frames of `clean` within 40 dB of the loudest; returns how many, 0 when there is no sound at all.
 */
static size_t mark_audible(const struct tables *tables, const float *clean, size_t frames, bool *audible)
{
    double *norm = get(frames, sizeof *norm);
    double loudest = 0;
    for (size_t f = 0; f < frames; f++) {
        double sum = 0;
        for (size_t i = 0; i < FRAME; i++) {
            double value = tables->window[i] * (double)clean[f * HOP + i];
            sum += value * value;
        }
        norm[f] = sqrt(sum);
        loudest = fmax(loudest, norm[f]);
    }
    size_t count = 0;
    for (size_t f = 0; f < frames; f++) {
        audible[f] = norm[f] > SILENCE * loudest;
        count += audible[f];
    }
    free(norm);
    return count;
}

static void join_audible(const struct tables *tables, const float *samples, const bool *audible,
                         size_t frames, double *out)
{
    for (size_t f = 0; f < frames; f++) {
        if (!audible[f])
            continue;
        for (size_t i = 0; i < FRAME; i++)
            out[i] += tables->window[i] * (double)samples[f * HOP + i];
        out += HOP;
    }
}

/*
 * The discrete Fourier transform of HALF = 256 complex numbers in place: four radix-4 steps, decimation in
 * frequency, each storing in order (Stockham), so nothing is left to reorder. `n` is the length of the
 * transforms still to do, `s` how many of them lie interleaved.
 */
static void transform(const struct tables *tables, double *re, double *im)
{
    double other_re[HALF], other_im[HALF];
    double *xr = re, *xi = im, *yr = other_re, *yi = other_im;
    for (int n = HALF, s = 1; n > 1; n /= 4, s *= 4) {
        for (int p = 0; p < n / 4; p++) {
            int turn = p * (FFT / n);
            double c1 = tables->cosine[turn], s1 = tables->sine[turn];
            double c2 = tables->cosine[2 * turn], s2 = tables->sine[2 * turn];
            double c3 = tables->cosine[3 * turn], s3 = tables->sine[3 * turn];
            for (int q = 0; q < s; q++) {
                int a = q + s * p, b = a + HALF / 4, c = b + HALF / 4, d = c + HALF / 4;
                int to = q + s * 4 * p;
                double sum_ac_r = xr[a] + xr[c], sum_ac_i = xi[a] + xi[c];
                double dif_ac_r = xr[a] - xr[c], dif_ac_i = xi[a] - xi[c];
                double sum_bd_r = xr[b] + xr[d], sum_bd_i = xi[b] + xi[d];
                double dif_bd_r = xi[b] - xi[d], dif_bd_i = xr[d] - xr[b]; /* times -i */
                double r1 = dif_ac_r + dif_bd_r, i1 = dif_ac_i + dif_bd_i;
                double r2 = sum_ac_r - sum_bd_r, i2 = sum_ac_i - sum_bd_i;
                double r3 = dif_ac_r - dif_bd_r, i3 = dif_ac_i - dif_bd_i;
                yr[to] = sum_ac_r + sum_bd_r;
                yi[to] = sum_ac_i + sum_bd_i;
                yr[to + s] = r1 * c1 + i1 * s1; /* times exp(-i) of the turn */
                yi[to + s] = i1 * c1 - r1 * s1;
                yr[to + 2 * s] = r2 * c2 + i2 * s2;
                yi[to + 2 * s] = i2 * c2 - r2 * s2;
                yr[to + 3 * s] = r3 * c3 + i3 * s3;
                yi[to + 3 * s] = i3 * c3 - r3 * s3;
            }
        }
        double *swap = xr;
        xr = yr;
        yr = swap;
        swap = xi;
        xi = yi;
        yi = swap;
    }
    /* An even number of steps: the result is back in re and im. */
}

/*
 * Band magnitudes of one windowed frame, zero-padded to FFT. A real transform of 512 is a complex one of 256
 * over even + i odd samples: X[k] = E[k] + exp(-2 pi i k / 512) O[k], with E and O taken apart by symmetry.
 * (Two signals in one complex transform would be as quick, but a loud one leaks rounding into a silent one.)
 */
static void frame_bands(const struct tables *tables, const double *samples, double *bands, size_t stride)
{
    double re[HALF] = {0}, im[HALF] = {0};
    for (int i = 0; i < FRAME / 2; i++) {
        re[i] = samples[2 * i] * tables->window[2 * i];
        im[i] = samples[2 * i + 1] * tables->window[2 * i + 1];
    }
    transform(tables, re, im);
    for (int band = 0; band < BANDS; band++) {
        double power = 0;
        for (int k = tables->band_begin[band]; k < tables->band_end[band]; k++) { /* 1 <= k < HALF */
            double even_re = re[k] + re[HALF - k], even_im = im[k] - im[HALF - k];
            double odd_re = im[k] + im[HALF - k], odd_im = re[HALF - k] - re[k];
            double whole_re = even_re + tables->cosine[k] * odd_re + tables->sine[k] * odd_im;
            double whole_im = even_im + tables->cosine[k] * odd_im - tables->sine[k] * odd_re;
            power += whole_re * whole_re + whole_im * whole_im;
        }
        bands[(size_t)band * stride] = sqrt(power) / 2;
    }
}

static double norm_of(const double *values, int count)
{
    double sum = 0;
    for (int i = 0; i < count; i++)
        sum += values[i] * values[i];
    return sqrt(sum);
}

/* Zero mean and unit norm of each row, in `run`; a row that does not move becomes zero. */
static void normalise_rows(const double *bands, size_t stride, double run[BANDS][RUN])
{
    for (int b = 0; b < BANDS; b++) {
        const double *row = bands + (size_t)b * stride;
        double mean = 0;
        for (int t = 0; t < RUN; t++)
            mean += row[t] / RUN;
        for (int t = 0; t < RUN; t++)
            run[b][t] = row[t] - mean;
        double norm = norm_of(run[b], RUN);
        for (int t = 0; t < RUN; t++)
            run[b][t] = norm > NORM_FLOOR ? run[b][t] / norm : 0;
    }
}

/* Zero mean of each column, in place; norm[t] is what is left of column t. */
static void centre_columns(double run[BANDS][RUN], double norm[RUN])
{
    double mean[RUN] = {0}, square[RUN] = {0};
    for (int b = 0; b < BANDS; b++)
        for (int t = 0; t < RUN; t++)
            mean[t] += run[b][t] / BANDS;
    for (int b = 0; b < BANDS; b++) {
        for (int t = 0; t < RUN; t++) {
            run[b][t] -= mean[t];
            square[t] += run[b][t] * run[b][t];
        }
    }
    for (int t = 0; t < RUN; t++)
        norm[t] = sqrt(square[t]);
}

static double compare_run(const double *clean_bands, const double *degraded_bands, size_t stride)
{
    double clean[BANDS][RUN], degraded[BANDS][RUN], clean_norm[RUN], degraded_norm[RUN], dot[RUN] = {0};
    normalise_rows(clean_bands, stride, clean);
    normalise_rows(degraded_bands, stride, degraded);
    centre_columns(clean, clean_norm);
    centre_columns(degraded, degraded_norm);
    for (int b = 0; b < BANDS; b++)
        for (int t = 0; t < RUN; t++)
            dot[t] += clean[b][t] * degraded[b][t];
    double sum = 0;
    for (int t = 0; t < RUN; t++)
        if (clean_norm[t] > NORM_FLOOR && degraded_norm[t] > NORM_FLOOR)
            sum += dot[t] / (clean_norm[t] * degraded_norm[t]);
    return sum / RUN;
}

double sim_estoi_10k(const float *clean, const float *degraded, size_t n)
{
    size_t all = frames_in(n);
    bool *audible = get(all, sizeof *audible);
    struct tables *tables = get(1, sizeof *tables);
    make_tables(tables);
    size_t kept = mark_audible(tables, clean, all, audible);
    size_t frames = kept ? kept - 1 : 0; /* frames_in the kept ones joined */
    double score = NAN;
    if (frames >= RUN) {
        const float *in[2] = {clean, degraded};
        double *bands[2];
        for (int i = 0; i < 2; i++) {
            double *joined = get((kept - 1) * HOP + FRAME, sizeof *joined);
            bands[i] = get(BANDS * frames, sizeof *bands[i]);
            join_audible(tables, in[i], audible, all, joined);
            for (size_t f = 0; f < frames; f++)
                frame_bands(tables, joined + f * HOP, bands[i] + f, frames);
            free(joined);
        }
        double sum = 0;
        for (size_t f = 0; f + RUN <= frames; f++)
            sum += compare_run(bands[0] + f, bands[1] + f, frames);
        score = sum / (double)(frames - RUN + 1);
        free(bands[0]);
        free(bands[1]);
    }
    free(tables);
    free(audible);
    return score;
}

/*
 * 48 kHz to 10 kHz, that is 5/24: output m lies at input 24 m / 5 = i + p/5, so one of five rows of weights
 * serves it. The weights are a sinc cut at 5 kHz under a Blackman window of 192 samples: flat to the highest
 * band's end at 4.3 kHz, 74 dB down from 5.7 kHz, from where aliases would reach that band. No delay. The
 * rate is fixed and the filter need do no better, so it takes a tenth of a general resampler's time.
 */
static void make_weights(float weights[PHASES][TAPS])
{
    const double pi = acos(-1), cut = (double)RATE / 48000; /* in cycles a sample, doubled */
    for (int p = 0; p < PHASES; p++) {
        for (int k = 0; k < TAPS; k++) {
            double u = k - (TAPS / 2 - 1) - (double)p / PHASES, turn = 2 * pi * u / TAPS;
            double sinc = p == 0 && k == TAPS / 2 - 1 ? cut : sin(pi * cut * u) / (pi * u);
            weights[p][k] = (float)(sinc * (0.42 + 0.5 * cos(turn) + 0.08 * cos(2 * turn)));
        }
    }
}

static float *to_10k(const float weights[PHASES][TAPS], const float *in, size_t n, size_t out_len)
{
    float *padded = get(n + TAPS, sizeof *padded), *out = get(out_len, sizeof *out);
    memcpy(padded + TAPS / 2 - 1, in, n * sizeof *in);
    for (size_t m = 0; m < out_len; m++) {
        const float *x = padded + m * 24 / PHASES, *w = weights[m * 24 % PHASES];
        float sums[LANES] = {0};
        for (int k = 0; k < TAPS; k += LANES)
            for (int lane = 0; lane < LANES; lane++)
                sums[lane] += x[k + lane] * w[k + lane];
        for (int lane = 0; lane < LANES; lane++)
            out[m] += sums[lane];
    }
    free(padded);
    return out;
}

double sim_estoi_48k(const float *clean, const float *degraded, size_t n)
{
    size_t out_len = n * PHASES / 24;
    float weights[PHASES][TAPS];
    make_weights(weights);
    float *clean_10k = to_10k(weights, clean, n, out_len),
          *degraded_10k = to_10k(weights, degraded, n, out_len);
    double score = sim_estoi_10k(clean_10k, degraded_10k, out_len);
    free(clean_10k);
    free(degraded_10k);
    return score;
}

struct offset {
    size_t piece;
    int64_t samples;
};

static int by_piece_and_offset(const void *left, const void *right)
{
    const struct offset *a = left, *b = right;
    if (a->piece != b->piece)
        return a->piece < b->piece ? -1 : 1;
    return a->samples < b->samples ? -1 : a->samples > b->samples;
}

/* The offsets of the real frames that begin in [from, to), sorted by piece; returns how many. */
static size_t sort_offsets(const struct sim_estoi_frame *frames, size_t frame_count, size_t from, size_t to,
                           struct offset *offsets)
{
    size_t count = 0;
    for (size_t i = 0; i < frame_count; i++) {
        const struct sim_estoi_frame *frame = &frames[i];
        if (!frame->real || frame->capture_sample < (int64_t)from || frame->capture_sample >= (int64_t)to)
            continue;
        offsets[count].piece = ((size_t)frame->capture_sample - from) / PIECE;
        offsets[count].samples = frame->playout_sample - frame->capture_sample;
        count++;
    }
    qsort(offsets, count, sizeof *offsets, by_piece_and_offset);
    return count;
}

/* The lower median of the piece whose offsets begin at `first`; *end is where the next piece's begin. */
static int64_t piece_median(const struct offset *offsets, size_t count, size_t first, size_t *end)
{
    size_t last = first;
    while (last + 1 < count && offsets[last + 1].piece == offsets[first].piece)
        last++;
    *end = last + 1;
    return offsets[first + (last - first) / 2].samples;
}

double sim_estoi_aligned(const float *clean, size_t from, size_t clean_len, const float *played,
                         size_t played_len, const struct sim_estoi_frame *frames, size_t frame_count)
{
    WZP_CHECK(from <= clean_len);
    size_t n = clean_len - from, next = 0, end;
    float *heard = get(n, sizeof *heard);
    struct offset *offsets = get(frame_count, sizeof *offsets);
    size_t count = sort_offsets(frames, frame_count, from, clean_len, offsets);
    int64_t offset = count ? piece_median(offsets, count, 0, &end) : 0;
    for (size_t at = 0; count && at < n; at += PIECE) {
        if (next < count && offsets[next].piece == at / PIECE)
            offset = piece_median(offsets, count, next, &next);
        for (size_t i = at; i < at + PIECE && i < n; i++) {
            int64_t source = (int64_t)(from + i) + offset;
            if (source >= 0 && source < (int64_t)played_len)
                heard[i] = played[source];
        }
    }
    double score = sim_estoi_48k(clean + from, heard, n);
    free(offsets);
    free(heard);
    return score;
}
