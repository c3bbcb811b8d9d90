// SPDX-License-Identifier: Apache-2.0
#include "link/rate.h"

#include <string.h>

void wzp_rate_init(struct wzp_rate *rate, uint64_t rate_bps)
{
    *rate = (struct wzp_rate){0};
    wzp_rate_set(rate, rate_bps);
}

void wzp_rate_set(struct wzp_rate *rate, uint64_t rate_bps)
{
    rate->bytes_max = rate_bps / 16;
    if (rate_bps && rate->bytes_max < WZP_RATE_BYTES_MIN)
        rate->bytes_max = WZP_RATE_BYTES_MIN;
}

/* Bytes of the slices that still count in the slice of number `slice`. */
static uint64_t held_at(const struct wzp_rate *rate, int64_t slice)
{
    uint64_t held = rate->held;
    int64_t gone = slice - rate->slice;
    if (gone >= WZP_RATE_SLICES)
        return 0;
    for (int64_t i = 1; i <= gone; i++)
        held -= rate->bytes[(rate->slice + i) % WZP_RATE_SLICES];
    return held;
}

size_t wzp_rate_room(const struct wzp_rate *rate, int64_t now_ns)
{
    if (!rate->bytes_max)
        return SIZE_MAX;
    uint64_t held = held_at(rate, now_ns / WZP_RATE_SLICE_NS);
    return held < rate->bytes_max ? (size_t)(rate->bytes_max - held) : 0;
}

int64_t wzp_rate_at(const struct wzp_rate *rate, size_t bytes, int64_t now_ns)
{
    if (wzp_rate_room(rate, now_ns) >= bytes)
        return now_ns;
    int64_t slice = now_ns / WZP_RATE_SLICE_NS;
    uint64_t held = held_at(rate, slice), most = bytes < rate->bytes_max ? rate->bytes_max - bytes : 0;
    while (held > most && slice < rate->slice + WZP_RATE_SLICES) {
        slice++;
        held -= rate->bytes[slice % WZP_RATE_SLICES];
    }
    return slice * WZP_RATE_SLICE_NS;
}

int64_t wzp_rate_clear_at(const struct wzp_rate *rate, int64_t queue_ns)
{
    return rate->bytes_max ? rate->busy_to_ns - queue_ns : INT64_MIN;
}

void wzp_rate_on_sent(struct wzp_rate *rate, size_t bytes, int64_t now_ns)
{
    int64_t slice = now_ns / WZP_RATE_SLICE_NS;
    if (slice - rate->slice >= WZP_RATE_SLICES) {
        memset(rate->bytes, 0, sizeof rate->bytes);
        rate->held = 0;
        rate->slice = slice;
    }
    while (rate->slice < slice) {
        rate->slice++;
        rate->held -= rate->bytes[rate->slice % WZP_RATE_SLICES];
        rate->bytes[rate->slice % WZP_RATE_SLICES] = 0;
    }
    rate->bytes[slice % WZP_RATE_SLICES] += (uint32_t)bytes;
    rate->held += bytes;
    if (rate->bytes_max)
        rate->busy_to_ns = wzp_time_max(rate->busy_to_ns, now_ns) +
                           (int64_t)(bytes * (uint64_t)WZP_RATE_WINDOW_NS / rate->bytes_max);
}
