// SPDX-License-Identifier: Apache-2.0
/*
 * One stream above 0, the slot it lies in, and the lists it stands on: what stream/streams.c keeps of it.
 * Plain structs without a law of their own; theirs is that of stream/streams.h. Chapter: proto/06-frames.md.
 */
#ifndef WZP_STREAM_STREAM_H
#define WZP_STREAM_STREAM_H

#include "stream/bulk_send.h"
#include "stream/receive.h"

/* What a packet said of one stream; its sender's record keeps it until the packet is judged. */
enum wzp_stream_said {
    WZP_STREAM_SAID_CREDIT = 1 << 0,
    WZP_STREAM_SAID_END = 1 << 1,
    WZP_STREAM_SAID_RESET = 1 << 2,
    WZP_STREAM_SAID_STOP = 1 << 3,
};
#define WZP_STREAM_SAID_KINDS 4

struct wzp_stream_part {
    uint64_t id, offset;
    uint16_t len;
    uint16_t said; /* enum wzp_stream_said */
};

/* Bits of what the owner has to hear, lowest first. The order is that of enum wzp_stream_what. */
enum wzp_stream_note {
    WZP_STREAM_NOTE_OPENED,
    WZP_STREAM_NOTE_READABLE,
    WZP_STREAM_NOTE_WRITABLE,
    WZP_STREAM_NOTE_ENDED,
    WZP_STREAM_NOTE_RESET,
    WZP_STREAM_NOTE_STOPPED,
    WZP_STREAM_NOTE_GONE,
};

struct wzp_stream_node {
    struct wzp_stream *previous, *next;
    bool is_on;
};

/* Lists that a stream may be on. The first three are of those that the peer is known to hold. */
enum wzp_streams_list {
    WZP_STREAMS_CONTROL, /* has frames to say that need no credit and no window */
    WZP_STREAMS_LOST,    /* has bytes to say again */
    WZP_STREAMS_NEW,     /* has new bytes below its limit */
    WZP_STREAMS_UNSURE,  /* begun, nothing of it was acknowledged, has something to say (again) */
    WZP_STREAMS_FRESH,   /* likewise, has new bytes */
    WZP_STREAMS_WAITING, /* not begun, and has something to say */
    WZP_STREAMS_NOTED,   /* has something for its owner */
    WZP_STREAMS_LISTS,
};

struct wzp_stream {
    uint64_t id;
    bool is_ours;
    struct wzp_stream *chain; /* of its bucket; of the free ones */
    struct wzp_stream_node node[WZP_STREAMS_LISTS];
    unsigned notes;                          /* bits of enum wzp_stream_note */
    uint16_t say;                            /* enum wzp_stream_said: to be said */
    uint64_t said_in[WZP_STREAM_SAID_KINDS]; /* packet that said it last */

    struct wzp_bulk_send out;
    enum {
        WZP_STREAM_OUT_OPEN,
        WZP_STREAM_OUT_ENDED,
        WZP_STREAM_OUT_RESET,
        WZP_STREAM_OUT_DONE,
    } out_state;
    bool is_begun, is_confirmed; /* something was said of it; and acknowledged */
    bool end_acked, wants_room;
    uint16_t reset_reason, stopped_reason; /* ours; the peer's */

    struct wzp_stream_receive in;
    uint64_t in_size;    /* UINT64_MAX: unknown */
    uint64_t in_highest; /* all that came lies below */
    bool in_done, in_was_reset, is_stopped;
    uint16_t in_reason, stop_reason; /* the peer's reset; our stop */
};

struct wzp_stream_pool {
    struct wzp_stream *slots;
    uint8_t *memory; /* 2 * window for each */
    uint32_t count;
    size_t window;
    struct wzp_stream *free;
    uint32_t ours, theirs; /* slots in use */
};

#endif
