// SPDX-License-Identifier: Apache-2.0
#include "stream/receive.h"
#include "base/check.h"

#include <string.h>

void wzp_stream_receive_init(struct wzp_stream_receive *receive, uint8_t *memory, size_t window)
{
    WZP_CHECK(window > 0);
    memset(receive, 0, sizeof *receive);
    receive->memory = memory;
    receive->window = window;
    receive->limit = window;
}

static void store(struct wzp_stream_receive *receive, uint64_t offset, const uint8_t *data, size_t len)
{
    size_t at = (size_t)(offset % receive->window), until_wrap = receive->window - at;
    size_t head = len < until_wrap ? len : until_wrap;
    memcpy(receive->memory + at, data, head);
    memcpy(receive->memory, data + head, len - head);
}

/* Replaces ranges first..last-1 by `merged`, or by nothing where that is ready now. */
static void replace(struct wzp_stream_receive *receive, unsigned first, unsigned last,
                    struct wzp_stream_range merged)
{
    struct wzp_stream_range *ranges = receive->ranges;
    unsigned kept = merged.start > receive->ready;
    memmove(&ranges[first + kept], &ranges[last], (receive->ranges_count - last) * sizeof *ranges);
    receive->ranges_count = receive->ranges_count - (last - first) + kept;
    if (kept)
        ranges[first] = merged;
    else
        receive->ready = merged.end;
}

enum wzp_stream_verdict wzp_stream_receive_put(struct wzp_stream_receive *receive, uint64_t offset,
                                               const void *data, size_t len)
{
    if (offset > receive->limit || len > receive->limit - offset)
        return WZP_STREAM_OVER_LIMIT;
    uint64_t start = offset > receive->ready ? offset : receive->ready, end = offset + len;
    if (start >= end)
        return WZP_STREAM_OK;

    /* Ranges first..last-1 touch the new bytes. */
    const struct wzp_stream_range *ranges = receive->ranges;
    unsigned first = 0, last;
    while (first < receive->ranges_count && ranges[first].end < start)
        first++;
    for (last = first; last < receive->ranges_count && ranges[last].start <= end;)
        last++;
    if (first == last && start > receive->ready && receive->ranges_count == WZP_STREAM_RANGES)
        return WZP_STREAM_OVER_LIMIT;

    struct wzp_stream_range merged = {start, end};
    uint64_t at = start;
    for (unsigned i = first; i < last; i++) {
        if (at < ranges[i].start)
            store(receive, at, (const uint8_t *)data + (at - offset), (size_t)(ranges[i].start - at));
        at = ranges[i].end;
    }
    if (at < end)
        store(receive, at, (const uint8_t *)data + (at - offset), (size_t)(end - at));
    if (first < last && ranges[first].start < start)
        merged.start = ranges[first].start;
    if (at > end)
        merged.end = at;
    replace(receive, first, last, merged);
    return WZP_STREAM_OK;
}

size_t wzp_stream_receive_peek(const struct wzp_stream_receive *receive, const uint8_t **data)
{
    size_t at = (size_t)(receive->read % receive->window), until_wrap = receive->window - at;
    size_t len = (size_t)(receive->ready - receive->read);
    *data = receive->memory + at;
    return len < until_wrap ? len : until_wrap;
}

bool wzp_stream_receive_copy(const struct wzp_stream_receive *receive, size_t skip, void *out, size_t len)
{
    size_t ready = (size_t)(receive->ready - receive->read);
    if (skip > ready || len > ready - skip)
        return false;
    size_t at = (size_t)((receive->read + skip) % receive->window), until_wrap = receive->window - at;
    size_t head = len < until_wrap ? len : until_wrap;
    memcpy(out, receive->memory + at, head);
    memcpy((uint8_t *)out + head, receive->memory, len - head);
    return true;
}

void wzp_stream_receive_consume(struct wzp_stream_receive *receive, size_t len)
{
    WZP_CHECK(len <= receive->ready - receive->read);
    receive->read += len;
}

bool wzp_stream_receive_credit(struct wzp_stream_receive *receive, uint64_t *limit)
{
    uint64_t granted = receive->read + receive->window;
    if (granted - receive->limit < (receive->window + 1) / 2)
        return false;
    *limit = receive->limit = granted;
    return true;
}
