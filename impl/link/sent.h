// SPDX-License-Identifier: Apache-2.0
/*
 * What was sent, until it is acknowledged or 1024 younger packets have been sent.
 *
 * Law: numbers rise by one from 0. A packet is reported as acknowledged at most once. An acknowledgement of a
 * number that was never sent, or with ranges that reach below 0, changes nothing. ACK and FEEDBACK frames
 * tell the same story: both become receipts, of which there is one account. The work for one of them is
 * bounded by the ring, whatever it claims. `lowest_unacked` never passes `largest_acked + 1`: the peer knows
 * that or newer.
 *
 * Owns its bytes. Not here: what to send again (stream/), which were lost (link/lost.h), how many
 * (link/loss.h).
 * Chapter: proto/06-frames.md; RFC 9000 section 19.3.1, RFC 9002 section 5.1.
 */
#ifndef WZP_LINK_SENT_H
#define WZP_LINK_SENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wire/wire.h"

#define WZP_SENT_PACKETS      1024
#define WZP_SENT_STREAM_PARTS 4
#define WZP_ACKED_MAX         512 /* newly acknowledged by one frame; older ones wait for the next */
#define WZP_RECEIPTS_RANGES_MAX                                                                              \
    (WZP_FEEDBACK_SPAN_MAX / 2 > WZP_ACK_RANGES_MAX ? WZP_FEEDBACK_SPAN_MAX / 2 : WZP_ACK_RANGES_MAX + 1)

/* First what judging loss and acknowledging look at, of many packets for each report. */
struct wzp_sent_packet {
    uint64_t number;
    int64_t sent_ns;
    bool acked;
    bool reported; /* an ACK spoke of it: it arrived, or had not by then */
    bool is_probe; /* of the path's MTU: no loss when it is lost */
    bool eliciting;
    bool is_bulk;         /* counts in the window of bulk (link/bulk.h) */
    bool has_limits;      /* holds credit for all streams together */
    bool lost;            /* judged to be (link/lost.h) */
    bool has_full_header; /* media_key, sequence and timestamp_ms hold */
    bool has_rekey;       /* a REKEY frame rode in it */
    uint8_t stream_parts;
    uint16_t size;      /* bytes of UDP payload */
    uint32_t media_key; /* the caller's index of the media stream whose full header rode first in it */
    uint32_t sequence;
    uint32_t timestamp_ms;
    uint64_t told_id;      /* sequence + 1 of the connection id it gave, 0: none */
    uint64_t told_retired; /* and of the one it retired */
    struct {
        uint64_t offset;
        uint32_t id;
        uint16_t len;
        uint16_t said;               /* bits of the caller's: control frames of the stream */
    } stream[WZP_SENT_STREAM_PARTS]; /* what it says of streams */
};

struct wzp_sent {
    struct wzp_sent_packet packets[WZP_SENT_PACKETS]; /* of number n: n mod their count */
    uint64_t next_number;
    uint64_t lowest_unacked;
    uint64_t largest_acked;
    int64_t largest_acked_sent_ns;
    int64_t rtt_sample_ns; /* the latest, 0 before */
    uint64_t reported_end; /* numbers below it were spoken of, or skipped because an ACK had no room */
    bool any_acked;
};

enum wzp_ack_verdict {
    WZP_ACK_OK,
    WZP_ACK_IMPOSSIBLE,
};

struct wzp_ack_result {
    unsigned newly_acked;
    const struct wzp_sent_packet *acked[WZP_ACKED_MAX]; /* newest first; valid until the next wzp_sent_add */
    int64_t rtt_sample_ns;                              /* -1: none. The peer's delay is still in it */
    int64_t ack_delay_ns;                               /* that delay, as the peer claims, one hour at most */
};

void wzp_sent_init(struct wzp_sent *sent);

/* The zeroed record of the next number, with number and time set; the caller fills in the rest. */
struct wzp_sent_packet *wzp_sent_add(struct wzp_sent *sent, int64_t now_ns);

/* What a peer says that it received: all numbers in the ranges, and of lowest..largest no other. */
struct wzp_receipts {
    uint64_t largest, lowest;
    int64_t delay_ns; /* since the largest arrived */
    bool is_prompt;   /* the delay is told whatever the largest held: a sample needs nothing eliciting */
    unsigned count;
    struct wzp_receipts_range {
        uint64_t first, last;
    } ranges[WZP_RECEIPTS_RANGES_MAX]; /* newest first, apart; the first ends with the largest */
};

/* The verdict, and what is new. A sample of the round trip comes when the largest number is new and anything
 * new was eliciting, if receipts are not prompt (RFC 9002 5.1). */
enum wzp_ack_verdict wzp_sent_on_receipts(struct wzp_sent *sent, const struct wzp_receipts *receipts,
                                          int64_t now_ns, struct wzp_ack_result *result);

/* A delay as frames tell it: an hour at most, so that no claim overflows. */
int64_t wzp_receipts_delay_ns(uint64_t delay_8us);

/* The same for the receipts of an ACK frame. */
enum wzp_ack_verdict wzp_sent_on_ack(struct wzp_sent *sent, const struct wzp_frame_ack *ack, int64_t now_ns,
                                     struct wzp_ack_result *result);

/* The record of a number that was sent and is not yet overwritten, else NULL. */
static inline const struct wzp_sent_packet *wzp_sent_find(const struct wzp_sent *sent, uint64_t number)
{
    bool is_here = number < sent->next_number && sent->next_number - number <= WZP_SENT_PACKETS;
    return is_here ? &sent->packets[number % WZP_SENT_PACKETS] : NULL;
}

#endif
