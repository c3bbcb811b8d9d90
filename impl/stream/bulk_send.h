// SPDX-License-Identifier: Apache-2.0
/*
 * The sending half of a bulk stream: bytes stay in the caller's ring until they are acknowledged. It keeps no
 * pieces: whoever sends remembers which bytes were in which packet (link/sent.h), and says what became of
 * them, so that as much can be under way as the ring holds.
 *
 * Law: a byte that was said lost and not acknowledged since is offered again, lowest first; one that is
 * acknowledged is not offered again, unless the acknowledged ranges above the first gap are more than
 * WZP_STREAM_RANGES: then the byte counts as lost. No byte at or above the limit is offered. Once every byte
 * is acknowledged nothing is offered.
 *
 * Memory is the caller's; no clock, no stream number. When to repeat: link/lost.h. For signals:
 * stream/send.h. Chapter: proto/06-frames.md; RFC 9000 sections 2.2 and 13.3.
 */
#ifndef WZP_STREAM_BULK_SEND_H
#define WZP_STREAM_BULK_SEND_H

#include <stddef.h>

#include "stream/ranges.h"

struct wzp_bulk_send {
    uint8_t *memory;
    size_t capacity;
    uint64_t acked;            /* all below is acknowledged and forgotten */
    uint64_t sent;             /* all below was sent at least once */
    uint64_t written;          /* all below is in memory */
    uint64_t limit;            /* the peer takes no byte at or above */
    struct wzp_ranges arrived; /* acknowledged above `acked` */
    struct wzp_ranges lost;    /* to be said again, but for what arrived; its first byte never arrived */
};

void wzp_bulk_send_init(struct wzp_bulk_send *send, uint8_t *memory, size_t capacity, uint64_t credit);

/* Bytes taken, as many as there is room for. */
size_t wzp_bulk_send_write(struct wzp_bulk_send *send, const void *data, size_t len);
size_t wzp_bulk_send_room(const struct wzp_bulk_send *send);

bool wzp_bulk_send_has_lost(const struct wzp_bulk_send *send);
bool wzp_bulk_send_has_new(const struct wzp_bulk_send *send);

/* At most `max` bytes in a row to say now, and they count as said: lost ones if there are any, else new ones.
 * False: there are none. `data` is valid until the bytes are acknowledged. */
bool wzp_bulk_send_next_lost(struct wzp_bulk_send *send, size_t max, uint64_t *offset, const uint8_t **data,
                             size_t *len);
bool wzp_bulk_send_next_new(struct wzp_bulk_send *send, size_t max, uint64_t *offset, const uint8_t **data,
                            size_t *len);

/* Of bytes that were said. */
void wzp_bulk_send_on_acked(struct wzp_bulk_send *send, uint64_t offset, size_t len);
void wzp_bulk_send_on_lost(struct wzp_bulk_send *send, uint64_t offset, size_t len);

#endif
