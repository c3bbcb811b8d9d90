// SPDX-License-Identifier: Apache-2.0
#include "media/lateness.h"

#include "base/check.h"

#include <string.h>

#define STEPS        (WZP_LATENESS_MS_MAX + 1)
#define WEIGHT_FIRST (UINT32_C(1) << 15)
#define WEIGHT_LAST  (UINT32_C(1) << 21) /* the sum stays below 2^21 * (2^10 + 1) */
#define DOUBT        16
#define MILLION      1000000
#define TAIL_PPM     10000
#define LN2_1024     710 /* ln 2 in 1/1024 */

void wzp_lateness_init(struct wzp_lateness *lateness, unsigned forget_shift)
{
    WZP_CHECK(forget_shift >= 1 && forget_shift <= 10);
    memset(lateness, 0, sizeof *lateness);
    lateness->weight = WEIGHT_FIRST;
    lateness->forget_shift = forget_shift;
}

static void divide(struct wzp_lateness *lateness, uint32_t by)
{
    lateness->sum = 0;
    for (uint32_t i = 0; i <= lateness->top; i++) {
        lateness->weights[i] /= by;
        lateness->sum += lateness->weights[i];
    }
}

void wzp_lateness_add(struct wzp_lateness *lateness, uint32_t late_ms)
{
    uint32_t step = late_ms < STEPS ? late_ms : STEPS - 1;
    lateness->weights[step] += lateness->weight;
    lateness->sum += lateness->weight;
    if (step > lateness->top)
        lateness->top = step;
    lateness->count += lateness->count < UINT32_MAX;
    lateness->weight += lateness->weight >> lateness->forget_shift;
    if (lateness->weight >= WEIGHT_LAST) {
        lateness->weight = WEIGHT_FIRST;
        divide(lateness, WEIGHT_LAST / WEIGHT_FIRST);
    }
    while (lateness->top > 0 && lateness->weights[lateness->top] == 0)
        lateness->top--;
}

void wzp_lateness_lower(struct wzp_lateness *lateness, uint32_t ms)
{
    if (ms == 0)
        return;
    uint32_t shift = ms < STEPS - 1 ? ms : STEPS - 1;
    for (uint32_t i = 1; i <= shift; i++)
        lateness->weights[0] += lateness->weights[i];
    memmove(&lateness->weights[1], &lateness->weights[1 + shift],
            (STEPS - 1 - shift) * sizeof lateness->weights[0]);
    memset(&lateness->weights[STEPS - shift], 0, shift * sizeof lateness->weights[0]);
    lateness->top -= shift < lateness->top ? shift : lateness->top;
}

void wzp_lateness_doubt(struct wzp_lateness *lateness)
{
    divide(lateness, DOUBT);
}

static uint32_t share_of(const struct wzp_lateness *lateness, uint32_t ppm)
{
    return (uint32_t)((uint64_t)lateness->sum * ppm / MILLION);
}

uint32_t wzp_lateness_quantile(const struct wzp_lateness *lateness, uint32_t share_ppm)
{
    uint32_t step = lateness->top, allowed = share_of(lateness, share_ppm);
    for (uint32_t above = 0; step > 0; step--) {
        above += lateness->weights[step];
        if (above > allowed)
            break;
    }
    return step;
}

uint32_t wzp_lateness_extreme(const struct wzp_lateness *lateness, uint32_t share_ppm)
{
    uint32_t seen = wzp_lateness_quantile(lateness, share_ppm);
    uint32_t from = wzp_lateness_quantile(lateness, TAIL_PPM);
    uint64_t above = 0, excess = 0;
    for (uint32_t i = from + 1; i <= lateness->top; i++) {
        above += lateness->weights[i];
        excess += (uint64_t)lateness->weights[i] * (i - from);
    }
    if (above == 0)
        return seen;
    uint64_t extreme_1024 = (uint64_t)from * 1024;
    uint64_t half_1024 = excess * LN2_1024 / above; /* within which half of what is above goes */
    for (uint64_t left = above; left > share_of(lateness, share_ppm); left /= 2)
        extreme_1024 += half_1024;
    uint32_t extreme = (uint32_t)((extreme_1024 + 1023) / 1024);
    return extreme > seen ? extreme : seen;
}
