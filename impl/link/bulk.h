// SPDX-License-Identifier: Apache-2.0
/*
 * How much of the link the streams may take: a window and a pace for bulk packets, until the bandwidth
 * estimator covers all that a session sends. In the manner of BBR (Cardwell et al. 2016): from the rate at
 * which bytes arrive and the round trip of an empty path, not from loss.
 *
 * Law. A round ends when a packet sent after its begin is acknowledged, and at least 4 were in it. Then
 *  - its rate = bytes acknowledged in it / its time; a round in which there was too little to send counts
 * only if it is faster than all of the memory. `rate` = the fastest of the newest 10; while the queue is
 * long, of the newest 2.
 *  - random loss takes its share: the path is given rate / (1 - 0.9 loss), loss the share of the newest 64 to
 * 128 packets, at most 70 %. The 0.9 makes loss that comes from sending too fast shrink the sending.
 *  - queue = the smallest round trip of this round and the last - that of the last 10 to 20 s, of bulk's
 *    acknowledgements without the peer's delay: jitter alone is no queue. Above 25 ms it is long: speech
 *    beside it suffers.
 *  - start: the window, 4 packets at first, grows by what arrives, and 1.25 windows leave in a round trip,
 *    until the queue is long, or none of 4 samples of a round was short, or 3 rounds in a row did not make
 * the rate grow by a quarter. Beside media (some left within the last second) it is gentle: 2 packets at
 * first, growth by a quarter of what arrives, and 10 ms of queue are long enough to end it. Here the smoothed
 * round trip says it as well: it is better to begin too slow.
 *  - then in rounds of 8: 1.25, 0.75, and six times 1 times the rate, beginning anew whenever the rate grew
 * by a tenth; 0.75 as long as the queue is long.
 *  - window = gain * (rate * (smallest round trip + 5 ms, for a receiver keeps acknowledgements apart so far)
 * + 2 packets); the gain 2, with a long queue 1; from 2 to 640 packets. No loss and no silence makes it
 * shrink by itself: there is no exponential backoff. Bursts are at most what 2 ms let through.
 *  - beside media, where an estimate says what the path carries, window and pace are at least what that
 * needs: the session's pacer holds the streams to it.
 *
 * Media is never held back here; whoever fills packets serves it first. Integers, no clock, owns its bytes.
 * Chapter: proto/06-frames.md.
 */
#ifndef WZP_LINK_BULK_H
#define WZP_LINK_BULK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/time.h"

#define WZP_BULK_ROUNDS      10
#define WZP_BULK_PACKETS_MAX 640 /* under way; the record of what was sent (link/sent.h) holds more */
#define WZP_BULK_QUEUE_NS    (25 * WZP_MS)

struct wzp_bulk {
    uint64_t rates[WZP_BULK_ROUNDS]; /* bytes a second, a ring */
    unsigned rates_next;
    uint64_t rate;        /* 0: no round so far */
    uint64_t under_way;   /* bytes */
    unsigned packets;     /* under way */
    uint64_t round_end;   /* its end is the acknowledgement of this number or a higher one */
    uint64_t round_bytes; /* acknowledged in it */
    unsigned round_packets;
    bool round_is_over;  /* with the acknowledgement at hand */
    bool round_is_first; /* after idleness: it began with a packet, not with an acknowledgement, so no sample
                          */
    int64_t round_from_ns;
    bool is_limited; /* in this round there was too little to send */
    bool is_starting;
    bool is_beside_media;
    uint64_t least;      /* bytes a second that it may take beside media, whatever it found itself; 0: none */
    int64_t media_ns;    /* when media left last */
    uint64_t start_rate; /* when it last grew by a quarter */
    unsigned start_flat; /* rounds since */
    unsigned cycle;
    int64_t smallest_ns[2]; /* round trip in the last 10 s, and in those before; WZP_NEVER: none */
    int64_t smallest_until_ns;
    unsigned round_samples;    /* of the round trip */
    int64_t round_smallest_ns; /* of this round; WZP_NEVER: none */
    int64_t last_smallest_ns;  /* of the round before */
    int64_t smoothed_ns;       /* 0: none */
    unsigned judged, lost;     /* packets, halved now and then */
    int64_t pace_ns;           /* the next packet leaves then */
    uint64_t pace, window;     /* bytes a second, bytes */
};

/* `rtt_ns`: what is known, or a guess. */
void wzp_bulk_init(struct wzp_bulk *bulk, int64_t rtt_ns);

/* Bytes a second that the session's pacer lets out: less is not to hold back streams beside media. 0:
 * unknown. */
void wzp_bulk_set_least(struct wzp_bulk *bulk, uint64_t rate);

/* When the window and the pace let the next packet out: WZP_NEVER while the window is full. */
int64_t wzp_bulk_next_at(const struct wzp_bulk *bulk);

void wzp_bulk_on_sent(struct wzp_bulk *bulk, uint64_t number, size_t size, int64_t now_ns);
/* A packet with media left, with bulk in it or not. */
void wzp_bulk_on_media(struct wzp_bulk *bulk, int64_t now_ns);
/* A packet arrived; `was_lost`: it had been said lost before. */
void wzp_bulk_on_acked(struct wzp_bulk *bulk, uint64_t number, size_t size, bool was_lost);
/* All packets of one acknowledgement were told; the next to be sent is `next_number`. */
void wzp_bulk_on_ack_end(struct wzp_bulk *bulk, uint64_t next_number, int64_t now_ns);
void wzp_bulk_on_lost(struct wzp_bulk *bulk, size_t size);
/* Without the peer's delay. Tell it before the packets of the same acknowledgement. */
void wzp_bulk_on_rtt(struct wzp_bulk *bulk, int64_t rtt_ns, int64_t now_ns);
/* Window and pace were open, and there was nothing to send. */
void wzp_bulk_on_limited(struct wzp_bulk *bulk);

int64_t wzp_bulk_queue_ns(const struct wzp_bulk *bulk);

#endif
