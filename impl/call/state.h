// SPDX-License-Identifier: Apache-2.0
/*
 * What the files of call/ share: one call. Roads: call.c is the face, room.c takes in what is said about
 * the room, members.c knows who is here, keys.c who is given which key and when, controller.c what bits and
 * delay are spent on, speech.c makes sound into sealed frames and back, held.c keeps frames whose key is on
 * its way, video.c carries pictures and shares.c says how much of them, stream.c carries bytes between two
 * members. Private to call/.
 */
#ifndef WZP_CALL_STATE_H
#define WZP_CALL_STATE_H

#include "call/call.h"
#include "call/controller.h"
#include "call/held.h"
#include "call/keys.h"
#include "call/members.h"
#include "call/reconnect.h"
#include "call/shares.h"
#include "call/speech.h"
#include "call/stream.h"
#include "crypt/drbg.h"
#include "wire/signal.h"

/* One event of the session makes fewer of the call than this: Joined, everybody listed, their early keys; and
 * what time adds to it: everybody away has left; and the end of all streams. */
#define EVENTS_OF_ONE (2 * WZP_MEMBERS_MAX + KEYS_EARLY_MAX + 4 + 2 * WZP_CALL_STREAMS_MAX)
#define EVENTS_MAX    (4 * WZP_MEMBERS_MAX)

/*
 *  NEW --start--> ENTERING --Joined--> JOINED --leave, or trouble--> LEAVING --CLOSED--> OVER
 *   `-------------------`--leave, or CLOSED-------------------------------------------'
 */
enum call_state {
    CALL_NEW,
    CALL_ENTERING, /* the session is on its way, Join submitted */
    CALL_JOINED,   /* and while a lost session is made again (reconnect.h) */
    CALL_LEAVING,  /* every key is wiped, the goodbye goes out */
    CALL_OVER,
};

/* A stream with a member; its events are told once the preface is read. */
struct call_stream {
    bool is_used;
    bool is_known; /* whose it is */
    uint16_t slot;
    uint64_t id;
};

/* Pictures that leave. */
struct video {
    uint32_t sequence; /* of the next sealed packet */
};

struct wzp_call {
    struct wzp_call_config config; /* without its secrets */
    struct wzp_endpoint *endpoint;
    struct wzp_drbg drbg;
    int64_t now_ns; /* of the last call */

    enum call_state state;
    uint32_t session; /* 0: lost */
    uint16_t slot;
    struct self self;
    struct members members;
    struct call_keys keys;
    struct held held;
    struct speech speech;
    struct controller controller;
    struct shares shares;
    struct video video;
    struct call_stream streams[WZP_CALL_STREAMS_MAX];
    struct reconnect reconnect;

    struct wzp_call_event events[EVENTS_MAX]; /* a ring */
    unsigned event_first, event_count;
    uint8_t end_text[128];
    uint8_t arena[WZP_SIGNAL_ARENA];
};

/* ---- call.c ---- */

void call_drop(struct wzp_call *call, enum wzp_drop reason, size_t bytes);
void call_trace(const struct wzp_call *call, enum wzp_trace_kind kind, uint64_t a, uint64_t b);
void call_push(struct wzp_call *call, enum wzp_call_event_kind kind);
void call_push_reason(struct wzp_call *call, enum wzp_call_event_kind kind, enum wzp_close_reason reason);
void call_push_member(struct wzp_call *call, enum wzp_call_event_kind kind, const struct member *member);
/* Queues the KEY frames that are due. */
void call_send_keys(struct wzp_call *call, bool beside_frame);
/* Join with our record, over this session. */
enum wzp_err call_send_join(struct wzp_call *call, uint32_t session);
/* The call is over for what this CLOSED says. */
void call_over(struct wzp_call *call, const struct wzp_event *closed);
/* Says goodbye with this reason, having wiped every key. */
void call_end(struct wzp_call *call, enum wzp_close_reason reason);

/* ---- stream.c ---- */

void stream_on_event(struct wzp_call *call, const struct wzp_event *event);
/* Somebody came: a stream of theirs may wait for that. */
void stream_on_member(struct wzp_call *call);
/* The session that carried them is lost: each is told as reset and gone. */
void stream_forget_all(struct wzp_call *call);

/* ---- video.c ---- */

void video_on_media(struct wzp_call *call, struct member *member, const struct wzp_event *event);

/* ---- room.c ---- */

void room_on_signal(struct wzp_call *call, struct wzp_slice message);
void room_on_key(struct wzp_call *call, uint16_t slot, const uint8_t *body);
void room_on_key_ack(struct wzp_call *call, uint16_t slot, const uint8_t *body);
/* Members that did not come back in time have left. */
void room_advance(struct wzp_call *call);
int64_t room_next_at(const struct wzp_call *call);

#endif
