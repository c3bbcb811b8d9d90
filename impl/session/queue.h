// SPDX-License-Identifier: Apache-2.0
/*
 * Frames that wait to be sent: MEDIA, KEY, KEY_ACK and, through a relay that passes them on, REPAIR; in a
 * row, as they came, in memory of a fixed size. A session has three: one for what goes first, one for video,
 * one for the repair of others.
 *
 * Laws: what goes in comes out byte for byte and in order; a frame that does not fit is refused whole.
 * Not here: what may leave when, and what has become stale (send.c).
 */
#ifndef WZP_SESSION_QUEUE_H
#define WZP_SESSION_QUEUE_H

#include "base/bytes.h"
#include "base/err.h"
#include "wire/wire.h"

struct send_queue {
    uint8_t *bytes;
    size_t capacity, head, used;
};

struct send_entry {
    enum wzp_frame_type type;
    bool is_repaired; /* MEDIA: repair yielded it */
    uint16_t slot;
    int64_t queued_ns;
    struct wzp_slice body; /* MEDIA: header and payload. Borrows from the queue until the next call */
};

/* `bytes` of the caller's. */
void send_queue_init(struct send_queue *queue, uint8_t *bytes, size_t capacity);
/* Copies the entry; its body stands behind the `header_len` bytes of `header`. */
enum wzp_err send_queue_push(struct send_queue *queue, const struct send_entry *entry, const uint8_t *header,
                             size_t header_len);
/* The oldest; false: none waits. */
bool send_queue_first(const struct send_queue *queue, struct send_entry *entry);
void send_queue_pop(struct send_queue *queue);
void send_queue_clear(struct send_queue *queue);

#endif
