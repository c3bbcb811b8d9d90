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

/* Stores what of start..end-1 has not arrived before. */
static void store_gaps(struct wzp_stream_receive *receive, uint64_t start, uint64_t end, const uint8_t *data)
{
    const struct wzp_ranges *arrived = &receive->arrived;
    uint64_t at = start;
    for (unsigned i = wzp_ranges_find(arrived, start); i < arrived->count && arrived->at[i].start < end;
         i++) {
        if (at < arrived->at[i].start)
            store(receive, at, data + (at - start), (size_t)(arrived->at[i].start - at));
        at = arrived->at[i].end;
    }
    if (at < end)
        store(receive, at, data + (at - start), (size_t)(end - at));
}

enum wzp_stream_verdict wzp_stream_receive_put(struct wzp_stream_receive *receive, uint64_t offset,
                                               const void *data, size_t len)
{
    if (offset > receive->limit || len > receive->limit - offset)
        return WZP_STREAM_OVER_LIMIT;
    uint64_t start = offset > receive->ready ? offset : receive->ready, end = offset + len;
    if (start >= end)
        return WZP_STREAM_OK;
    const uint8_t *bytes = (const uint8_t *)data + (start - offset);
    struct wzp_ranges *arrived = &receive->arrived;
    if (start == receive->ready) {
        store_gaps(receive, start, end, bytes);
        receive->ready = end;
        wzp_ranges_cut(arrived, end);
        if (arrived->count && arrived->at[0].start == end)
            receive->ready = arrived->at[0].end;
        wzp_ranges_cut(arrived, receive->ready);
        return WZP_STREAM_OK;
    }
    store_gaps(receive, start, end, bytes);
    return wzp_ranges_add(arrived, start, end) ? WZP_STREAM_OK : WZP_STREAM_TOO_MANY;
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
