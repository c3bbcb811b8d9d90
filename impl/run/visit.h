// SPDX-License-Identifier: Apache-2.0
/*
 * A client in a room without sound: it knows who else is there and whatever its visitor does with streams, as
 * a node that run/loop.h carries. For what speaks and listens: run/join.h.
 *
 * Law: nothing is captured and no media leaves. After every datagram, every timer and the start the visitor
 * runs once, after all events were given to it. The room is left once, by wzp_visit_leave or the first
 * signal; it is over when the goodbye is out, at most 2 s later, or on the second signal.
 */
#ifndef WZP_RUN_VISIT_H
#define WZP_RUN_VISIT_H

#include "run/loop.h"
#include "run/room.h"

struct wzp_visitor {
    void (*on_event)(void *ctx, const struct wzp_call_event *event, int64_t now_ns); /* STREAM */
    void (*run)(void *ctx, int64_t now_ns);
    int64_t (*next_at)(void *ctx);                   /* when to run at the latest */
    void (*on_interrupt)(void *ctx, int64_t now_ns); /* just before the room is left for it */
    void *ctx;
};

struct wzp_visit_member {
    uint16_t slot;
    uint8_t identity[32];
    char fingerprint[WZP_FINGERPRINT_LEN];
};

struct wzp_visit {
    struct wzp_room_client *client;
    struct wzp_visitor visitor;
    int64_t start_ns, goodbye_until_ns; /* WZP_NEVER until we leave */
    bool was_in, is_over, is_other_relay;
    struct wzp_visit_member members[WZP_MEMBERS_MAX]; /* the others, in the order they came */
    size_t member_count;
};

struct wzp_visit wzp_visit_make(struct wzp_room_client *client, const struct wzp_visitor *visitor);
/* Enters the room and comes back when it is over: WZP_EXIT_OK when it was ever in, else the exit status, and
 * why was printed. */
int wzp_visit_run(struct wzp_visit *visit, const char *program, const struct wzp_addr *relay);

bool wzp_visit_is_in(const struct wzp_visit *visit); /* and not leaving */
void wzp_visit_leave(struct wzp_visit *visit, int64_t now_ns);
/* NULL: nobody under that slot. */
const struct wzp_visit_member *wzp_visit_member(const struct wzp_visit *visit, uint16_t slot);

/* For option tables: const char *, a fingerprint as the programs print it. */
const char *wzp_option_fingerprint(const struct wzp_option *option, const char *text);

#endif
