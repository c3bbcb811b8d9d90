// SPDX-License-Identifier: Apache-2.0
#include "link/sent.h"
#include "base/time.h"

#include <string.h>

#define DELAY_8US_MAX UINT64_C(450000000) /* an hour */

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

int64_t wzp_receipts_delay_ns(uint64_t delay_8us)
{
    return (int64_t)(delay_8us < DELAY_8US_MAX ? delay_8us : DELAY_8US_MAX) * 8 * WZP_US;
}

/* False if the frame speaks of numbers below 0. */
static bool receipts_of(const struct wzp_frame_ack *ack, struct wzp_receipts *receipts)
{
    if (ack->first_range > ack->largest)
        return false;
    uint64_t lowest = ack->largest - ack->first_range;
    receipts->largest = ack->largest;
    receipts->is_prompt = false;
    receipts->delay_ns = wzp_receipts_delay_ns(ack->delay_8us);
    receipts->ranges[0] = (struct wzp_receipts_range){lowest, ack->largest};
    for (unsigned i = 0; i < ack->ranges_count; i++) {
        const struct wzp_ack_range *range = &ack->ranges[i];
        if (lowest < 2 || range->gap > lowest - 2 || range->length > lowest - 2 - range->gap)
            return false;
        uint64_t last = lowest - range->gap - 2;
        lowest = last - range->length;
        receipts->ranges[i + 1] = (struct wzp_receipts_range){lowest, last};
    }
    receipts->count = ack->ranges_count + 1u;
    receipts->lowest = lowest;
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

enum wzp_ack_verdict wzp_sent_on_receipts(struct wzp_sent *sent, const struct wzp_receipts *receipts,
                                          int64_t now_ns, struct wzp_ack_result *result)
{
    result->newly_acked = 0;
    result->rtt_sample_ns = -1;
    result->ack_delay_ns = receipts->delay_ns;
    if (receipts->largest >= sent->next_number)
        return WZP_ACK_IMPOSSIBLE;

    const struct wzp_sent_packet *largest = wzp_sent_find(sent, receipts->largest);
    bool is_largest_new = largest && !largest->acked, any_eliciting = receipts->is_prompt;
    for (unsigned i = 0; i < receipts->count; i++)
        take_range(sent, receipts->ranges[i].first, receipts->ranges[i].last, result, &any_eliciting);
    mark_reported(sent, receipts->lowest, receipts->largest);
    if (largest && (!sent->any_acked || receipts->largest > sent->largest_acked)) {
        sent->any_acked = true;
        sent->largest_acked = receipts->largest;
        sent->largest_acked_sent_ns = largest->sent_ns;
    }
    if (is_largest_new && any_eliciting)
        sent->rtt_sample_ns = result->rtt_sample_ns = now_ns - largest->sent_ns;
    raise_lowest_unacked(sent);
    return WZP_ACK_OK;
}

enum wzp_ack_verdict wzp_sent_on_ack(struct wzp_sent *sent, const struct wzp_frame_ack *ack, int64_t now_ns,
                                     struct wzp_ack_result *result)
{
    struct wzp_receipts receipts;
    *result = (struct wzp_ack_result){.rtt_sample_ns = -1};
    return receipts_of(ack, &receipts) ? wzp_sent_on_receipts(sent, &receipts, now_ns, result)
                                       : WZP_ACK_IMPOSSIBLE;
}
