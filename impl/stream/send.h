// SPDX-License-Identifier: Apache-2.0
/*
 * The sending half of a reliable ordered byte stream: bytes stay in the caller's ring until they are
 * acknowledged, and are said again until then. Survives 70 % loss at a round trip of 800 ms without
 * exponential silence.
 *
 * Bytes leave in pieces of at most WZP_STREAM_PIECE_MAX, cut when first sent and never cut anew; at most
 * WZP_STREAM_PIECES are out at a time (a receiver counts on that, stream/receive.h). New bytes are due at
 * once. Law of repetition, for each piece:
 *  - A round is `copies` sendings, copies = the smallest n <= 10 with loss^n <= 2 %, apart by the time of the
 * piece and 60 bytes of headers at 72 kbit/s, at least 20 ms.
 *  - The next round begins RTT + 4 var + 30 ms (at least 50 ms) after the first copy of this one, each such
 * pause up to 1.25 times the last, never longer than RTT + 1 s. If a round is not through by then, copies
 * just go on.
 *  - While the RTT is unknown, copies go on without pause for 3 s.
 *  - All pieces together repeat at 144 kbit/s at most, the one that waits longest first, so that a long list
 * at high loss leaves a link of 500 kbit/s to speech. First sendings are not held back: the caller's pacer is
 * above this. When a message of 300 bytes (40 ms between copies) is through, beyond the one-way delay, RTT
 * 800 ms, var 0: loss      0 %    20 %    50 %    70 % copies    1      3       6       10 mean      0 16 ms
 * 49 ms   107 ms + 0.028 x 1 s of further rounds p95       0      40 ms   160 ms  320 ms
 *
 * Memory is the caller's; no clock, no frames, no stream number in here: one struct a stream.
 * Chapter: proto/06-frames.md; pieces and credit as in RFC 9000 sections 2.2 and 4.1.
 */
#ifndef WZP_STREAM_SEND_H
#define WZP_STREAM_SEND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/time.h"

#define WZP_STREAM_PIECES     64
#define WZP_STREAM_PIECE_MAX  960 /* fits a packet beside a full ACK, so a piece can always be said again */
#define WZP_STREAM_COPIES_MAX 10
#define WZP_STREAM_COPY_BPS   72000  /* of one piece */
#define WZP_STREAM_REPEAT_BPS 144000 /* of all pieces together */

/* What the path is like, as far as is known. */
struct wzp_stream_path {
    int64_t rtt_ns; /* 0: unknown */
    int64_t rtt_var_ns;
    unsigned loss_permille; /* of our direction */
};

struct wzp_stream_piece {
    uint64_t offset;
    uint32_t len;
    bool acked;
    unsigned copies;                     /* of this round */
    unsigned rounds;                     /* before this one */
    int64_t first_ns, round_ns, last_ns; /* first sending of all and of this round; last sending */
};

struct wzp_stream_send {
    uint8_t *memory;
    size_t capacity;
    uint64_t acked;                                    /* all below is acknowledged and forgotten */
    uint64_t sent;                                     /* all below was sent at least once */
    uint64_t written;                                  /* all below is in memory */
    uint64_t limit;                                    /* the peer takes no byte at or above */
    struct wzp_stream_piece pieces[WZP_STREAM_PIECES]; /* a ring, by offset, from `acked` to `sent` */
    unsigned first, count;
    int64_t repeat_ns; /* all repeats so far are paid for at this time */
};

/* `credit` is the peer's first limit: bytes in all. */
void wzp_stream_send_init(struct wzp_stream_send *send, uint8_t *memory, size_t capacity, uint64_t credit);

/* All or nothing; false if there is no room. Credit does not matter here. */
bool wzp_stream_send_write(struct wzp_stream_send *send, const void *data, size_t len);
size_t wzp_stream_send_room(const struct wzp_stream_send *send);

/* MAX_STREAM_DATA: never lowers. */
void wzp_stream_send_set_limit(struct wzp_stream_send *send, uint64_t limit);

/* When it next wants a packet: INT64_MIN for new bytes; WZP_NEVER if all is acknowledged or lacks credit. */
int64_t wzp_stream_send_next_at(const struct wzp_stream_send *send, const struct wzp_stream_path *path);

/*
 * The next due bytes of at most `room`, and records that they are sent at `now_ns`; false if nothing is due
 * that fits. Call it until then while a packet has room. `data` is valid until the bytes are acknowledged. An
 * empty packet offers at least WZP_STREAM_PIECE_MAX, or as much as any piece was ever given.
 */
bool wzp_stream_send_next(struct wzp_stream_send *send, int64_t now_ns, const struct wzp_stream_path *path,
                          size_t room, uint64_t *offset, const uint8_t **data, size_t *len);

/* Bytes arrived: any range made of pieces as wzp_stream_send_next gave them, again and again if need be. */
void wzp_stream_send_on_acked(struct wzp_stream_send *send, uint64_t offset, size_t len);

/* Every byte that was written is acknowledged. */
bool wzp_stream_send_is_done(const struct wzp_stream_send *send);

#endif
