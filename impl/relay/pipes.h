// SPDX-License-Identifier: Apache-2.0
/*
 * Streams from one member of a room to another: two streams of the endpoint, one on each hop, and what comes
 * out of the one goes into the other, both ways.
 *
 * Laws: bytes are taken from a stream only when the other has room for them, so a slow reader stops a fast
 * writer over both hops and the relay holds no more than the endpoint's own windows; end, reset and stop pass
 * through in their order; a pipe joins members of one room only; a pipe whose one session ends is reset on
 * the other (LEFT); there are at most `max` of them, whoever opens one more is told LIMIT. The relay reads
 * the preface and nothing else. Owns its table alone, not the streams. Spec: proto/09-files.md, streams
 * through a relay.
 */
#ifndef WZP_RELAY_PIPES_H
#define WZP_RELAY_PIPES_H

#include "relay/rooms.h"
#include "session/endpoint.h"

struct pipes_end {
    uint32_t session, index;
    uint64_t stream;
    uint32_t next; /* of its session's list: end + 1, 0 ends */
    bool is_over;  /* nothing more comes out of this end */
};

struct pipes_pipe {
    bool used;
    bool is_joined;          /* the preface was read, end[1] is there */
    struct pipes_end end[2]; /* the opener's, the other's */
};

struct pipes {
    struct wzp_endpoint *endpoint;
    const struct rooms *rooms;
    uint32_t max, sessions, used;
    struct pipes_pipe *pipe;
    uint32_t *list; /* session index -> its first end + 1 */
    uint64_t opened, refused, bytes;
};

bool pipes_init(struct pipes *pipes, const struct wzp_alloc *alloc, uint32_t max, uint32_t sessions,
                struct wzp_endpoint *endpoint, const struct rooms *rooms);
void pipes_deinit(struct pipes *pipes, const struct wzp_alloc *alloc);

/* WZP_EVENT_STREAM. */
void pipes_on_stream(struct pipes *pipes, const struct wzp_event *event);
/* WZP_EVENT_CLOSED, of a session in a room or not. */
void pipes_forget_session(struct pipes *pipes, uint32_t index);

#endif
