// SPDX-License-Identifier: Apache-2.0
/*
 * The receiving half of a reliable ordered byte stream: bytes come in any order and any number of times, and
 * go out once and in order.
 *
 * Law: the bytes read are those of the stream; of two that claim the same place the first wins, whether they
 * agree is not checked. Nothing at or above the granted limit is taken. What was taken is never dropped, so a
 * packet may be acknowledged as soon as `put` said OK. Gaps are kept in WZP_STREAM_RANGES ranges, enough for
 * a sender that has at most 64 pieces out (stream/send.h). The lowest missing byte always fits.
 *
 * The ring is the caller's memory, `window` bytes; work is bounded by the ranges. No stream number, no frames
 * here. Chapter: proto/06-frames.md; RFC 9000 sections 2.2 and 4.1.
 */
#ifndef WZP_STREAM_RECEIVE_H
#define WZP_STREAM_RECEIVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "stream/ranges.h"

enum wzp_stream_verdict {
    WZP_STREAM_OK,
    WZP_STREAM_OVER_LIMIT, /* beyond the credit: nothing was taken */
    WZP_STREAM_TOO_MANY,   /* would need more than WZP_STREAM_RANGES ranges: nothing was taken */
};

struct wzp_stream_receive {
    uint8_t *memory;
    size_t window;
    uint64_t read;             /* all below was consumed */
    uint64_t ready;            /* all below has arrived */
    uint64_t limit;            /* granted */
    struct wzp_ranges arrived; /* above `ready` */
};

/* The first limit is `window`: the peer learns it otherwise. */
void wzp_stream_receive_init(struct wzp_stream_receive *receive, uint8_t *memory, size_t window);

enum wzp_stream_verdict wzp_stream_receive_put(struct wzp_stream_receive *receive, uint64_t offset,
                                               const void *data, size_t len);

/* Bytes in a row that are ready, at the read position; may be fewer than are ready where the ring wraps. */
size_t wzp_stream_receive_peek(const struct wzp_stream_receive *receive, const uint8_t **data);

/* Copies `len` bytes from `skip` bytes behind the read position; false, and nothing copied, if not all are
 * ready. */
bool wzp_stream_receive_copy(const struct wzp_stream_receive *receive, size_t skip, void *out, size_t len);

/* `len` bytes, all ready, are done with. */
void wzp_stream_receive_consume(struct wzp_stream_receive *receive, size_t len);

/* True when the window moved by at least half since the last limit: then `limit` is the new one, to be said.
 */
bool wzp_stream_receive_credit(struct wzp_stream_receive *receive, uint64_t *limit);

#endif
