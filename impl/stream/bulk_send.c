// SPDX-License-Identifier: Apache-2.0
#include "stream/bulk_send.h"
#include "base/check.h"

#include <string.h>

void wzp_bulk_send_init(struct wzp_bulk_send *send, uint8_t *memory, size_t capacity, uint64_t credit)
{
    memset(send, 0, sizeof *send);
    send->memory = memory;
    send->capacity = capacity;
    send->limit = credit;
}

size_t wzp_bulk_send_room(const struct wzp_bulk_send *send)
{
    return send->capacity - (size_t)(send->written - send->acked);
}

size_t wzp_bulk_send_write(struct wzp_bulk_send *send, const void *data, size_t len)
{
    size_t room = wzp_bulk_send_room(send);
    if (len > room)
        len = room;
    if (len == 0)
        return 0;
    size_t at = (size_t)(send->written % send->capacity), until_wrap = send->capacity - at;
    size_t head = len < until_wrap ? len : until_wrap;
    memcpy(send->memory + at, data, head);
    memcpy(send->memory, (const uint8_t *)data + head, len - head);
    send->written += len;
    return len;
}

bool wzp_bulk_send_has_lost(const struct wzp_bulk_send *send)
{
    return send->lost.count > 0;
}

bool wzp_bulk_send_has_new(const struct wzp_bulk_send *send)
{
    return send->sent < send->written && send->sent < send->limit;
}

/* Cuts from the lost ranges what arrived, as far up as the first byte that did not. */
static void settle_lost(struct wzp_bulk_send *send)
{
    wzp_ranges_cut(&send->lost, send->acked);
    while (send->lost.count) {
        uint64_t start = send->lost.at[0].start;
        unsigned at = wzp_ranges_find(&send->arrived, start);
        if (at == send->arrived.count || send->arrived.at[at].start > start)
            return;
        wzp_ranges_cut(&send->lost, send->arrived.at[at].end);
    }
}

/* Bytes from `offset` that lie in a row in the ring, at most `len`. */
static size_t in_a_row(const struct wzp_bulk_send *send, uint64_t offset, uint64_t len, const uint8_t **data)
{
    size_t at = (size_t)(offset % send->capacity), until_wrap = send->capacity - at;
    *data = send->memory + at;
    return len < until_wrap ? (size_t)len : until_wrap;
}

bool wzp_bulk_send_next_lost(struct wzp_bulk_send *send, size_t max, uint64_t *offset, const uint8_t **data,
                             size_t *len)
{
    if (send->lost.count == 0 || max == 0)
        return false;
    uint64_t start = send->lost.at[0].start, end = send->lost.at[0].end;
    unsigned next = wzp_ranges_find(&send->arrived, start);
    if (next < send->arrived.count && send->arrived.at[next].start < end)
        end = send->arrived.at[next].start;
    if (end - start > max)
        end = start + max;
    *offset = start;
    *len = in_a_row(send, start, end - start, data);
    wzp_ranges_cut(&send->lost, start + *len);
    settle_lost(send);
    return true;
}

bool wzp_bulk_send_next_new(struct wzp_bulk_send *send, size_t max, uint64_t *offset, const uint8_t **data,
                            size_t *len)
{
    if (!wzp_bulk_send_has_new(send) || max == 0)
        return false;
    uint64_t end = send->written < send->limit ? send->written : send->limit;
    if (end - send->sent > max)
        end = send->sent + max;
    *offset = send->sent;
    *len = in_a_row(send, send->sent, end - send->sent, data);
    send->sent += *len;
    return true;
}

void wzp_bulk_send_on_acked(struct wzp_bulk_send *send, uint64_t offset, size_t len)
{
    uint64_t end = offset + len;
    WZP_CHECK(end <= send->sent);
    if (end <= send->acked || len == 0)
        return;
    if (offset <= send->acked)
        send->acked = end;
    else if (!wzp_ranges_add(&send->arrived, offset, end))
        wzp_ranges_cover(&send->lost, offset, end);
    wzp_ranges_cut(&send->arrived, send->acked);
    if (send->arrived.count && send->arrived.at[0].start == send->acked) {
        send->acked = send->arrived.at[0].end;
        wzp_ranges_cut(&send->arrived, send->acked);
    }
    settle_lost(send);
}

void wzp_bulk_send_on_lost(struct wzp_bulk_send *send, uint64_t offset, size_t len)
{
    WZP_CHECK(offset + len <= send->sent);
    if (len == 0 || offset + len <= send->acked)
        return;
    wzp_ranges_cover(&send->lost, offset, offset + len);
    settle_lost(send);
}
