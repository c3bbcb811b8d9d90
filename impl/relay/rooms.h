// SPDX-License-Identifier: Apache-2.0
/*
 * Who is in which room, under which slot. Rooms are known by their hashed name alone.
 * Law: a session is in at most one room; slots start at 1 and are not used again while the room lives; a room
 * lives while somebody is in it. A person who comes again, told by identity and by the session's static key,
 * is found as the one who was there. Nothing here sends.
 */
#ifndef WZP_RELAY_ROOMS_H
#define WZP_RELAY_ROOMS_H

#include "base/alloc.h"
#include "crypt/member.h"
#include "wire/wire.h"

#include <stdbool.h>

struct rooms_member {
    bool used;
    uint32_t index;   /* of its session, also its place in the table */
    uint32_t session; /* the endpoint's handle */
    uint32_t room;
    uint32_t position; /* in the room's list */
    uint16_t slot;
    uint8_t record[WZP_MEMBER_RECORD_LEN];
    uint8_t peer_static[32]; /* of its session: who really speaks there */
};

struct rooms_room {
    uint32_t count;
    uint32_t next_slot;
    uint8_t id[32];
    uint32_t *members; /* indices in the order of joining, `count` of members_max */
};

struct rooms {
    uint32_t rooms_max, members_max, sessions_max, used;
    struct rooms_room *room;
    uint32_t *lists;
    struct rooms_member *member;
};

bool rooms_init(struct rooms *rooms, const struct wzp_alloc *alloc, uint32_t rooms_max, uint32_t members_max,
                uint32_t sessions_max);
void rooms_deinit(struct rooms *rooms, const struct wzp_alloc *alloc);

enum rooms_result {
    ROOMS_JOINED,
    ROOMS_NO_ROOM,        /* rooms_max reached */
    ROOMS_NO_PLACE,       /* members_max reached, or the room's slots are used up */
    ROOMS_ALREADY_MEMBER, /* this very record is in the room */
};
enum rooms_result rooms_join(struct rooms *rooms, uint32_t index, uint32_t session,
                             const uint8_t *record_bytes, const struct wzp_member_record *record,
                             const uint8_t peer_static[32], struct rooms_member **member);
/* The member that a joiner with this record and static key is already, under another session; NULL: none. */
struct rooms_member *rooms_same_person(const struct rooms *rooms, const struct wzp_member_record *record,
                                       const uint8_t peer_static[32]);
/* The member goes on under another session, in the same slot. */
struct rooms_member *rooms_move(struct rooms *rooms, struct rooms_member *member, uint32_t index,
                                uint32_t session);
void rooms_leave(struct rooms *rooms, struct rooms_member *member);

/* The member of a session, NULL if it is in no room. */
struct rooms_member *rooms_member(const struct rooms *rooms, uint32_t index, uint32_t session);
/* The member at a session's index, who must be there. */
const struct rooms_member *rooms_at(const struct rooms *rooms, uint32_t index);
const struct rooms_member *rooms_slot(const struct rooms *rooms, uint32_t room, uint16_t slot);
/* The room's members in the order of joining: NULL gives the first, and ends. */
const struct rooms_member *rooms_next(const struct rooms *rooms, uint32_t room,
                                      const struct rooms_member *after);
uint32_t rooms_count(const struct rooms *rooms, uint32_t room);

#endif
