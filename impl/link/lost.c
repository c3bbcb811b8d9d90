// SPDX-License-Identifier: Apache-2.0
#include "link/lost.h"

#define NUMBERS_LATER     3
#define TIME_MIN_NS       (1 * WZP_MS)
#define PAUSE_MIN_NS      (50 * WZP_MS)
#define PAUSE_OVER_RTT_NS (1 * WZP_S)
#define ACK_DELAY_NS      (25 * WZP_MS)

void wzp_lost_init(struct wzp_lost *lost)
{
    *lost = (struct wzp_lost){0};
}

void wzp_lost_on_sent(struct wzp_lost *lost, int64_t now_ns)
{
    lost->last_sent_ns = now_ns;
}

void wzp_lost_on_acked(struct wzp_lost *lost)
{
    lost->pauses = 0;
    lost->probes = 0;
}

static int64_t time_threshold(const struct wzp_rtt *rtt)
{
    int64_t rtt_ns = wzp_time_max(rtt->smoothed_ns, rtt->latest_ns);
    return wzp_time_max(rtt_ns + rtt_ns / 8, TIME_MIN_NS);
}

static bool is_open(const struct wzp_sent_packet *packet)
{
    return packet->is_bulk && !packet->acked && !packet->lost;
}

static struct wzp_sent_packet *record_of(struct wzp_sent *sent, uint64_t number)
{
    return &sent->packets[number % WZP_SENT_PACKETS];
}

static const struct wzp_sent_packet *take(struct wzp_sent_packet *packet)
{
    packet->lost = true;
    return packet;
}

/* The oldest that is not judged, wherever it is. */
static const struct wzp_sent_packet *next_probe(struct wzp_lost *lost, struct wzp_sent *sent)
{
    if (lost->probes == 0)
        return NULL;
    lost->probes--;
    for (uint64_t number = lost->judged; number < sent->next_number; number++)
        if (is_open(record_of(sent, number)))
            return take(record_of(sent, number));
    return NULL;
}

const struct wzp_sent_packet *wzp_lost_next(struct wzp_lost *lost, struct wzp_sent *sent,
                                            const struct wzp_rtt *rtt, int64_t now_ns)
{
    int64_t threshold_ns = time_threshold(rtt);
    if (lost->judged + WZP_SENT_PACKETS < sent->next_number) /* no bulk for long */
        lost->judged = sent->next_number - WZP_SENT_PACKETS;
    for (; lost->judged < sent->next_number; lost->judged++) {
        struct wzp_sent_packet *packet = record_of(sent, lost->judged);
        if (!is_open(packet))
            continue;
        bool is_overwritten_next = lost->judged + WZP_SENT_PACKETS <= sent->next_number;
        bool is_passed = sent->any_acked && lost->judged < sent->largest_acked &&
                         (sent->largest_acked - lost->judged >= NUMBERS_LATER ||
                          now_ns - packet->sent_ns >= threshold_ns);
        if (!is_overwritten_next && !is_passed)
            break;
        lost->judged++;
        return take(packet);
    }
    return next_probe(lost, sent);
}

static int64_t probe_at(const struct wzp_lost *lost, const struct wzp_rtt *rtt)
{
    int64_t pause_ns = wzp_time_max(rtt->smoothed_ns + 4 * rtt->var_ns + ACK_DELAY_NS, PAUSE_MIN_NS);
    int64_t max_ns = rtt->smoothed_ns + PAUSE_OVER_RTT_NS;
    for (unsigned i = 0; i < lost->pauses && pause_ns < max_ns; i++)
        pause_ns += pause_ns / 4;
    return lost->last_sent_ns + wzp_time_min(pause_ns, max_ns);
}

int64_t wzp_lost_next_at(const struct wzp_lost *lost, const struct wzp_sent *sent, const struct wzp_rtt *rtt,
                         bool under_way)
{
    if (!under_way)
        return WZP_NEVER;
    int64_t at_ns = probe_at(lost, rtt);
    if (sent->any_acked && lost->judged < sent->largest_acked)
        at_ns = wzp_time_min(at_ns,
                             sent->packets[lost->judged % WZP_SENT_PACKETS].sent_ns + time_threshold(rtt));
    return at_ns;
}

bool wzp_lost_probe(struct wzp_lost *lost, const struct wzp_rtt *rtt, bool under_way, int64_t now_ns)
{
    if (!under_way || now_ns < probe_at(lost, rtt))
        return false;
    lost->last_sent_ns = now_ns;
    lost->pauses++;
    lost->probes = WZP_LOST_PROBE_PACKETS;
    return true;
}
