// SPDX-License-Identifier: Apache-2.0
/*
 * The streams above 0 of one session: states, credit, and what is to be said of them.
 *
 * Each stream has two directions, each with the states of RFC 9000 section 3:
 *
 *     ours    OPEN --end--> ENDED --all acknowledged--> DONE        theirs  until its size is known and all
 * is
 *               \--reset------/--> RESET --acknowledged--^          consumed, or until a reset: then done
 *
 * A slot goes back to the pool when both directions are done and GONE was taken. Law:
 *  - Credit: no byte is offered at or above the peer's limit of the stream, nor more bytes in all than its
 *    limit of the session; a peer that goes beyond ours gets a verdict. Limits move when half a window was
 *    consumed. A reset or stopped direction counts as consumed, so that its bytes do not hold credit.
 *  - Numbers: the initiator's are 2, 4, 6..., the responder's 1, 3, 5..., taken in order, used once. A frame
 * of a stream opens it and all lower ones of its side. Frames of streams that are gone change nothing.
 *  - What a lost packet said of a stream is said again if it is still true and nothing newer said it.
 *  - One in turn: every stream with something to say gets its place in a packet before another gets a second.
 *  - At most as many streams are begun ahead of an acknowledgement as were ever confirmed, but at least 8: a
 * peer that finds no slot for more is not flooded with them.
 *  - Work for a frame or a packet does not grow with the number of streams.
 *
 * The pool belongs to the endpoint, which took its memory at creation: half the slots for streams opened
 * here, half for those that peers open, so that neither can starve the other. When the latter has no slot
 * left, NO_ROOM asks not to acknowledge the packet: its sender says it again later. Not here: when to send,
 * and what was lost (link/bulk.h, link/lost.h). Chapter: proto/06-frames.md.
 */
#ifndef WZP_STREAM_STREAMS_H
#define WZP_STREAM_STREAMS_H

#include "stream/stream.h"
#include "wire/wire.h"

#define WZP_STREAMS_BUCKETS 32

/* What a packet is for: newcomers, of which nothing was acknowledged, share none with others, because a peer
 * without a slot for one does not acknowledge the whole packet. */
enum wzp_streams_sort {
    WZP_STREAMS_ANY,
    WZP_STREAMS_KNOWN,
    WZP_STREAMS_NEWCOMERS,
};

enum wzp_streams_verdict {
    WZP_STREAMS_OK,
    WZP_STREAMS_NO_ROOM,   /* nothing was taken; not the peer's fault */
    WZP_STREAMS_BAD_ID,    /* of a side that did not open it */
    WZP_STREAMS_BAD_COUNT, /* more streams than were granted */
    WZP_STREAMS_BAD_LIMIT, /* beyond the credit of the stream or of the session */
    WZP_STREAMS_BAD_SIZE,  /* beyond the end, below what came, or not what was said before */
};

struct wzp_streams {
    struct wzp_stream_pool *pool;
    bool is_initiator;
    struct wzp_stream *buckets[WZP_STREAMS_BUCKETS];
    struct wzp_streams_queue {
        struct wzp_stream *first, *last;
    } lists[WZP_STREAMS_LISTS];
    uint32_t count;
    uint64_t opened, opened_max;               /* by us; as the peer granted */
    uint32_t unconfirmed, confirmed;           /* of our begun streams; in all */
    bool newcomers_turn;                       /* to be served next, if both sorts have something to say */
    uint64_t peer_opened, peer_gone, peer_max; /* by the peer; of them over; as we granted */
    uint32_t granted;                          /* that the peer may have at once */
    uint64_t peer_window;                      /* first limit of each stream at the peer */
    uint64_t sent, sent_max;                   /* bytes of all streams; as the peer granted */
    uint64_t received, consumed, received_max; /* bytes of all streams; the last as we granted */
    uint64_t session_window;
    bool say_data, say_count;             /* MAX_DATA, MAX_STREAMS */
    uint64_t data_said_in, count_said_in; /* packet that said it last */
};

/* `slots` are `count`, `memory` is count * 2 * window bytes, zeroed. */
void wzp_stream_pool_init(struct wzp_stream_pool *pool, struct wzp_stream *slots, uint8_t *memory,
                          uint32_t count, size_t window);

void wzp_streams_init(struct wzp_streams *streams, struct wzp_stream_pool *pool, uint32_t granted,
                      uint64_t session_window);
/* Which side we are, and the peer's first word: streams, bytes of each, bytes of all. */
void wzp_streams_set_peer(struct wzp_streams *streams, bool is_initiator, uint32_t count, uint32_t window,
                          uint32_t session_window);
/* All slots go back. */
void wzp_streams_deinit(struct wzp_streams *streams);

/* ---- the owner ---- */

struct wzp_stream *wzp_streams_find(const struct wzp_streams *streams, uint64_t id);
/* NULL: no slot, or none granted. */
struct wzp_stream *wzp_streams_open(struct wzp_streams *streams);
size_t wzp_streams_write(struct wzp_streams *streams, struct wzp_stream *stream, const void *data,
                         size_t len);
size_t wzp_streams_room(struct wzp_stream *stream);
bool wzp_streams_end(struct wzp_streams *streams, struct wzp_stream *stream); /* false: was over already */
void wzp_streams_reset(struct wzp_streams *streams, struct wzp_stream *stream, uint16_t reason);
void wzp_streams_stop(struct wzp_streams *streams, struct wzp_stream *stream, uint16_t reason);
size_t wzp_streams_peek(const struct wzp_stream *stream, const uint8_t **data);
void wzp_streams_consume(struct wzp_streams *streams, struct wzp_stream *stream, size_t len);
bool wzp_streams_at_end(const struct wzp_stream *stream);
/* The next thing to hear; after GONE the slot is free. False: there is none. */
bool wzp_streams_take_note(struct wzp_streams *streams, uint64_t *id, enum wzp_stream_note *note,
                           uint16_t *reason);

/* ---- the peer's frames ---- */

enum wzp_streams_verdict wzp_streams_on_data(struct wzp_streams *streams,
                                             const struct wzp_frame_stream *frame);
enum wzp_streams_verdict wzp_streams_on_end(struct wzp_streams *streams,
                                            const struct wzp_frame_stream_end *frame);
enum wzp_streams_verdict wzp_streams_on_reset(struct wzp_streams *streams,
                                              const struct wzp_frame_stream_reset *frame);
enum wzp_streams_verdict wzp_streams_on_stop(struct wzp_streams *streams,
                                             const struct wzp_frame_stream_stop *frame);
enum wzp_streams_verdict wzp_streams_on_credit(struct wzp_streams *streams,
                                               const struct wzp_frame_max_stream_data *frame);
void wzp_streams_on_max_data(struct wzp_streams *streams, uint64_t limit);
void wzp_streams_on_max_streams(struct wzp_streams *streams, uint64_t count);

/* ---- packets ---- */

bool wzp_streams_has_control(const struct wzp_streams *streams); /* frames that need no window */
bool wzp_streams_has_bytes(const struct wzp_streams *streams);   /* that may be sent, new or again */
/* MAX_DATA and MAX_STREAMS as far as due and as they fit; true if packet `number` holds one. */
bool wzp_streams_put_limits(struct wzp_streams *streams, struct wzp_writer *writer, uint64_t number);
/* Frames of one stream, bytes of it only if asked; false if there is nothing that fits. `sort` begins as ANY
 * for each packet. */
bool wzp_streams_put(struct wzp_streams *streams, struct wzp_writer *writer, uint64_t number, bool with_bytes,
                     enum wzp_streams_sort *sort, struct wzp_stream_part *part);
void wzp_streams_on_acked(struct wzp_streams *streams, const struct wzp_stream_part *part);
void wzp_streams_on_lost(struct wzp_streams *streams, const struct wzp_stream_part *part, uint64_t number);
/* A packet in which wzp_streams_put_limits put something is lost. */
void wzp_streams_on_limits_lost(struct wzp_streams *streams, uint64_t number);

#endif
