// SPDX-License-Identifier: Apache-2.0
/*
 * The part of the core's face (session/endpoint.h) that is about streams above 0: reliable, ordered, both
 * directions; sent when media, keys and signals are served. What a peer may do and what is done about loss:
 * proto/06-frames.md.
 *
 * Law: what is read is what was written, once and in order, until an end or a reset. On a session or stream
 * that is gone the calls do nothing and say 0 or false. WZP_EVENT_STREAM tells what happened; an owner that
 * ignores it holds slots and credit, and nothing else.
 */
#ifndef WZP_SESSION_STREAM_CALLS_H
#define WZP_SESSION_STREAM_CALLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct wzp_endpoint;

/* In the order in which they are given when several hold. Each is given once, READABLE once for all that came
 * since the last. */
enum wzp_stream_what {
    WZP_STREAM_OPENED,   /* by the peer */
    WZP_STREAM_READABLE, /* bytes came that can be peeked at */
    WZP_STREAM_WRITABLE, /* there is room again after a write took less than it was given */
    WZP_STREAM_ENDED,    /* the peer's last byte is here; what was not consumed can still be read */
    WZP_STREAM_RESET,    /* the peer gave up sending; what was not consumed is gone */
    WZP_STREAM_STOPPED,  /* the peer wants no more; our direction was reset with its reason */
    WZP_STREAM_GONE,     /* both directions are over and acknowledged; the number is void */
};

struct wzp_stream_event {
    uint64_t id;
    enum wzp_stream_what what;
    uint16_t reason; /* RESET, STOPPED: the peer's */
};

/* The next stream of ours; the peer hears of it with its first byte, end or reset. STATE: no keys yet. FULL:
 * no slot is free, or the peer granted no more streams for now: one that is GONE makes room. */
enum wzp_err wzp_endpoint_stream_open(struct wzp_endpoint *endpoint, uint32_t session, uint64_t *stream);
/* Bytes taken: all, or as many as there is room for, and WRITABLE will tell of room again. 0 after end,
 * reset, or the peer's stop. */
size_t wzp_endpoint_stream_write(struct wzp_endpoint *endpoint, uint32_t session, uint64_t stream,
                                 const void *data, size_t len);
/* Bytes that write would take now. */
size_t wzp_endpoint_stream_room(struct wzp_endpoint *endpoint, uint32_t session, uint64_t stream);
/* No more will be written; what was is still delivered. STATE: ended, reset or stopped already. */
enum wzp_err wzp_endpoint_stream_end(struct wzp_endpoint *endpoint, uint32_t session, uint64_t stream);
/* Gives up our direction: what has not arrived never will. Nothing once all has arrived. */
void wzp_endpoint_stream_reset(struct wzp_endpoint *endpoint, uint32_t session, uint64_t stream,
                               uint16_t reason);
/* Wants no more of the peer's direction: its bytes are thrown away, and it will reset. */
void wzp_endpoint_stream_stop(struct wzp_endpoint *endpoint, uint32_t session, uint64_t stream,
                              uint16_t reason);
/* Bytes that can be read in a row; may be fewer than are here. Valid until the next call. */
size_t wzp_endpoint_stream_peek(struct wzp_endpoint *endpoint, uint32_t session, uint64_t stream,
                                const uint8_t **data);
/* `len` bytes, at most what peek said, are done with; the peer gets credit for more. */
void wzp_endpoint_stream_consume(struct wzp_endpoint *endpoint, uint32_t session, uint64_t stream,
                                 size_t len);
/* All that the peer will ever write was consumed. False after a reset. */
bool wzp_endpoint_stream_at_end(struct wzp_endpoint *endpoint, uint32_t session, uint64_t stream);

#endif
