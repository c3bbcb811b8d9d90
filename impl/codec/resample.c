// SPDX-License-Identifier: Apache-2.0
#include "codec/resample.h"

#include <string.h>

#define RATIO     WZP_RESAMPLE_RATIO
#define HALF      WZP_RESAMPLE_DELAY
#define SHIFT     17 /* the taps sum to 1 << SHIFT */
#define BEFORE_UP (WZP_RESAMPLE_TAPS / RATIO)

/* From the middle out. */
static const int32_t TAP[HALF + 1] = {
    21852, 20857, 18036, 13850, 8964, 4122,  0,     -2910, -4377, -4454, -3439, -1786, 0,    1476, 2341,
    2487,  1988,  1062,  0,     -916, -1478, -1591, -1287, -694,  0,     607,   985,   1065, 864,  467,
    0,     -410,  -664,  -718,  -582, -314,  0,     274,   443,   477,   384,   207,   0,    -178, -286,
    -306,  -245,  -131,  0,     111,  177,   187,   148,   78,    0,     -65,   -102,  -106, -83,  -43,
    0,     34,    52,    53,    41,   20,    0,     -15,   -22,   -22,   -16,   -7,    0,
};

static int32_t tap(size_t i)
{
    return TAP[i > HALF ? i - HALF : HALF - i];
}

static int16_t held(int64_t sum)
{
    int64_t value = (sum + (1 << (SHIFT - 1))) >> SHIFT;
    return (int16_t)(value > INT16_MAX ? INT16_MAX : value < INT16_MIN ? INT16_MIN : value);
}

/* The sample `back` before in[at]. */
static int32_t sample(const int16_t *in, const int16_t *before, size_t before_len, size_t at, size_t back)
{
    return back <= at ? in[at - back] : before[before_len + at - back];
}

static void remember(int16_t *before, size_t before_len, const int16_t *in, size_t count)
{
    size_t kept = count < before_len ? before_len - count : 0;
    memmove(before, before + before_len - kept, kept * sizeof *before);
    memcpy(before + kept, in + count - (before_len - kept), (before_len - kept) * sizeof *before);
}

void wzp_resample_down(struct wzp_resample_down *state, const int16_t *in, int16_t *out, size_t count)
{
    for (size_t n = 0; n < count; n++) {
        int64_t sum = 0;
        for (size_t i = 0; i < WZP_RESAMPLE_TAPS; i++)
            sum += tap(i) * (int64_t)sample(in, state->before, WZP_RESAMPLE_TAPS - 1, n * RATIO, i);
        out[n] = held(sum);
    }
    remember(state->before, WZP_RESAMPLE_TAPS - 1, in, count * RATIO);
}

void wzp_resample_up(struct wzp_resample_up *state, const int16_t *in, int16_t *out, size_t count)
{
    for (size_t n = 0; n < count; n++)
        for (size_t phase = 0; phase < RATIO; phase++) {
            int64_t sum = 0;
            for (size_t i = phase; i < WZP_RESAMPLE_TAPS; i += RATIO)
                sum += tap(i) * (int64_t)sample(in, state->before, BEFORE_UP, n, i / RATIO);
            out[n * RATIO + phase] = held(sum * RATIO);
        }
    remember(state->before, BEFORE_UP, in, count);
}
