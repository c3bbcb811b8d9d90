// SPDX-License-Identifier: Apache-2.0
#include "link/sent.h"
#include "base/time.h"

#include <string.h>

#define DELAY_8US_MAX UINT64_C(450000000) /* an hour: no claim overflows */

void wzp_sent_init(struct wzp_sent *sent)
{
    memset(sent, 0, sizeof *sent);
}

static struct wzp_sent_packet *record_of(struct wzp_sent *sent, uint64_t number)
{
    return &sent->packets[number % WZP_SENT_PACKETS];
}

/* The lowest number whose record is not overwritten. */
static uint64_t oldest(const struct wzp_sent *sent)
{
    return sent->next_number > WZP_SENT_PACKETS ? sent->next_number - WZP_SENT_PACKETS : 0;
}

/* Numbers that are acknowledged, or forgotten although the peer knows newer ones, count no more. */
static void raise_lowest_unacked(struct wzp_sent *sent)
{
    while (sent->any_acked && sent->lowest_unacked <= sent->largest_acked &&
           (sent->lowest_unacked < oldest(sent) || record_of(sent, sent->lowest_unacked)->acked))
        sent->lowest_unacked++;
}

struct wzp_sent_packet *wzp_sent_add(struct wzp_sent *sent, int64_t now_ns)
{
    struct wzp_sent_packet *packet = record_of(sent, sent->next_number);
    memset(packet, 0, sizeof *packet);
    packet->number = sent->next_number++;
    packet->sent_ns = now_ns;
    raise_lowest_unacked(sent);
    return packet;
}

const struct wzp_sent_packet *wzp_sent_find(const struct wzp_sent *sent, uint64_t number)
{
    return number < sent->next_number && number >= oldest(sent) ? &sent->packets[number % WZP_SENT_PACKETS]
                                                                : NULL;
}

/* The lowest number that the frame speaks of; false if it speaks of numbers that cannot be. */
static bool lowest_of(const struct wzp_sent *sent, const struct wzp_frame_ack *ack, uint64_t *lowest)
{
    if (ack->largest >= sent->next_number || ack->first_range > ack->largest)
        return false;
    *lowest = ack->largest - ack->first_range;
    for (unsigned i = 0; i < ack->ranges_count; i++) {
        const struct wzp_ack_range *range = &ack->ranges[i];
        if (*lowest < 2 || range->gap > *lowest - 2 || range->length > *lowest - 2 - range->gap)
            return false;
        *lowest -= range->gap + 2 + range->length;
    }
    return true;
}

/* Acknowledges first..last, as far as there are records, newest first; what exceeds the result waits. */
static void take_range(struct wzp_sent *sent, uint64_t first, uint64_t last, struct wzp_ack_result *result,
                       bool *any_eliciting)
{
    if (first < oldest(sent))
        first = oldest(sent);
    if (first < sent->lowest_unacked)
        first = sent->lowest_unacked;
    for (uint64_t end = last + 1; end > first && result->newly_acked < WZP_ACKED_MAX; end--) {
        struct wzp_sent_packet *packet = record_of(sent, end - 1);
        if (packet->acked)
            continue;
        packet->acked = true;
        *any_eliciting |= packet->eliciting;
        result->acked[result->newly_acked++] = packet;
    }
}

/* What an ACK says nothing about, because it had no room, is never judged: it may well have arrived. */
static void mark_reported(struct wzp_sent *sent, uint64_t lowest, uint64_t largest)
{
    uint64_t from = lowest > sent->reported_end ? lowest : sent->reported_end;
    if (from < oldest(sent))
        from = oldest(sent);
    for (; from <= largest; from++)
        record_of(sent, from)->reported = true;
    if (largest >= sent->reported_end)
        sent->reported_end = largest + 1;
}

enum wzp_ack_verdict wzp_sent_on_ack(struct wzp_sent *sent, const struct wzp_frame_ack *ack, int64_t now_ns,
                                     struct wzp_ack_result *result)
{
    uint64_t lowest;
    result->newly_acked = 0;
    result->rtt_sample_ns = -1;
    result->ack_delay_ns = (int64_t)(ack->delay_8us < DELAY_8US_MAX ? ack->delay_8us : DELAY_8US_MAX) * 8 *
                           WZP_US;
    if (!lowest_of(sent, ack, &lowest))
        return WZP_ACK_IMPOSSIBLE;

    const struct wzp_sent_packet *largest = wzp_sent_find(sent, ack->largest);
    bool is_largest_new = largest && !largest->acked, any_eliciting = false;
    uint64_t last = ack->largest, first = last - ack->first_range;
    take_range(sent, first, last, result, &any_eliciting);
    for (unsigned i = 0; i < ack->ranges_count; i++) {
        last = first - ack->ranges[i].gap - 2;
        first = last - ack->ranges[i].length;
        take_range(sent, first, last, result, &any_eliciting);
    }
    mark_reported(sent, lowest, ack->largest);
    if (largest && (!sent->any_acked || ack->largest > sent->largest_acked)) {
        sent->any_acked = true;
        sent->largest_acked = ack->largest;
        sent->largest_acked_sent_ns = largest->sent_ns;
    }
    if (is_largest_new && any_eliciting)
        sent->rtt_sample_ns = result->rtt_sample_ns = now_ns - largest->sent_ns;
    raise_lowest_unacked(sent);
    return WZP_ACK_OK;
}
