// SPDX-License-Identifier: Apache-2.0
#include "link/received.h"
#include "base/bytes.h"

#include <string.h>

void wzp_received_init(struct wzp_received *received)
{
    memset(received, 0, sizeof *received);
    received->interval_ns = WZP_ACK_INTERVAL_NS;
    received->earliest_ns = INT64_MIN;
}

void wzp_received_set_rate(struct wzp_received *received, uint64_t rate_bps, int64_t rtt_ns)
{
    int64_t paid_ns = rate_bps ? (int64_t)(WZP_ACK_BITS * WZP_ACK_SHARE * (uint64_t)WZP_S / rate_bps) : 0;
    received->interval_ns = wzp_time_max(wzp_time_min(paid_ns, rtt_ns / WZP_ACK_ROUNDS), WZP_ACK_INTERVAL_NS);
}

/* Takes the number into the ranges; false if it is there already, or so old that it is forgotten. */
static bool insert(struct wzp_received *received, uint64_t number)
{
    struct wzp_received_range *ranges = received->ranges;
    unsigned at = 0, count = received->ranges_count;
    while (at < count && number < ranges[at].first)
        at++;
    if (at < count && number <= ranges[at].last)
        return false;
    bool joins_newer = at > 0 && ranges[at - 1].first == number + 1;
    bool joins_older = at < count && ranges[at].last + 1 == number;
    if (joins_newer && joins_older) {
        ranges[at - 1].first = ranges[at].first;
        memmove(&ranges[at], &ranges[at + 1], (count - at - 1) * sizeof *ranges);
        received->ranges_count--;
    } else if (joins_newer) {
        ranges[at - 1].first = number;
    } else if (joins_older) {
        ranges[at].last = number;
    } else if (at == WZP_RECEIVED_RANGES) {
        return false;
    } else {
        if (count < WZP_RECEIVED_RANGES)
            received->ranges_count = ++count;
        memmove(&ranges[at + 1], &ranges[at], (count - at - 1) * sizeof *ranges);
        ranges[at] = (struct wzp_received_range){number, number};
    }
    return true;
}

void wzp_received_on_packet(struct wzp_received *received, uint64_t number, bool eliciting, int64_t now_ns)
{
    uint64_t next = received->ranges_count ? received->ranges[0].last + 1 : 0;
    if (!insert(received, number))
        return;
    if (number >= next)
        received->largest_at_ns = now_ns;
    if (!eliciting)
        return;
    received->pending++;
    if (received->pending == 1)
        received->due_ns = now_ns + WZP_ACK_DELAY_NS;
    if (received->pending >= WZP_ACK_ELICITING_MAX || number != next)
        received->due_ns = wzp_time_min(received->due_ns, now_ns);
}

int64_t wzp_received_ack_at(const struct wzp_received *received)
{
    if (received->pending == 0)
        return WZP_NEVER;
    if (received->pending >= WZP_ACK_PENDING_MAX)
        return received->due_ns;
    return wzp_time_max(received->due_ns, received->earliest_ns);
}

void wzp_received_on_told(struct wzp_received *received, int64_t now_ns)
{
    received->pending = 0;
    received->earliest_ns = now_ns + received->interval_ns;
}

bool wzp_received_ack(struct wzp_received *received, int64_t now_ns, size_t room, struct wzp_frame_ack *ack)
{
    const struct wzp_received_range *ranges = received->ranges;
    if (received->ranges_count == 0)
        return false;
    *ack = (struct wzp_frame_ack){
        .largest = ranges[0].last,
        .delay_8us = (uint64_t)wzp_time_max(now_ns - received->largest_at_ns, 0) / (8 * WZP_US),
        .first_range = ranges[0].last - ranges[0].first,
    };
    size_t len = 1 + wzp_varint_len(ack->largest) + wzp_varint_len(ack->delay_8us) +
                 wzp_varint_len(ack->first_range) + 1;
    if (len > room)
        return false;
    for (unsigned i = 1; i < received->ranges_count; i++) {
        struct wzp_ack_range range = {
            .gap = ranges[i - 1].first - ranges[i].last - 2,
            .length = ranges[i].last - ranges[i].first,
        };
        len += wzp_varint_len(range.gap) + wzp_varint_len(range.length);
        if (len > room)
            break;
        ack->ranges[ack->ranges_count++] = range;
    }
    wzp_received_on_told(received, now_ns);
    return true;
}
