// SPDX-License-Identifier: Apache-2.0
/*
 * Who is in the room with us, by slot, as the relay lists them and as their records prove.
 *
 * Laws: a member that does not prove identity and room is remembered as refused and shares no pair with us,
 * so nothing can be sealed to it; one that is away keeps its row, and finds it again by its record alone; a
 * record is in the room once, so that a relay cannot show one member (or ourselves) under two slots; a slot's
 * entry never changes while it is listed. Owns its bytes: one fixed table. Not here: keys and what is heard;
 * they only find their place in a member's row. Private to call/. Spec: proto/05-end-to-end.md, member
 * record; proto/08-signals.md.
 */
#ifndef WZP_CALL_MEMBERS_H
#define WZP_CALL_MEMBERS_H

#include "call/video.h"
#include "crypt/sender.h"
#include "link/replay.h"
#include "wire/wire.h"

/* Who we are in the room; wiped on leaving, and with it every key that was ever sealed to us. */
struct self {
    struct wzp_identity identity;
    struct wzp_room room;
    struct wzp_stay stay;
    struct wzp_member_record record;
};

/* Our key on its way to a member (keys.h). */
struct offer {
    bool is_sealed; /* the body is made when it first goes out, then repeated byte for byte */
    uint32_t word;
    uint8_t body[WZP_KEY_BODY_LEN];
    unsigned sent;
    int64_t first_ns, due_ns;
};

/* The last key that came from a member (keys.h). */
struct accepted {
    bool used;
    uint8_t body[WZP_KEY_BODY_LEN];
    uint8_t ack_body[WZP_KEY_ACK_BODY_LEN];
    int64_t acked_ns;
};

struct speaker;

struct member {
    uint16_t slot; /* 0: a free row */
    bool is_refused;
    bool is_away; /* not yet seen at a relay that we came back to: in no slot, given no key */
    int64_t away_ns;
    enum wzp_drop refusal;    /* why, and how what still comes from it is counted */
    bool is_opened;           /* a frame of it was opened */
    struct speaker *speaker;  /* NULL: it needs no decoder yet, or none was left */
    struct wzp_replay replay; /* of its audio, by unwrapped sequence */
    struct wzp_sender_keys keys;

    struct wzp_member_record record;
    struct wzp_pair pair;

    struct offer offer;
    struct accepted accepted;
    struct {
        struct wzp_replay replay;
        struct wzp_call_video_stats stats;
    } video;
};

struct members {
    struct member row[WZP_MEMBERS_MAX];
    uint16_t slot_here[WZP_MEMBERS_MAX]; /* of each row, which are large; 0: free or away */
    uint8_t place[WZP_MEMBERS_MAX];      /* where a slot's row was found last, by slot mod their count */
    unsigned count;                      /* verified ones that are here */
    unsigned away;
};

enum members_verdict {
    MEMBERS_VERIFIED,
    MEMBERS_REFUSED,
    MEMBERS_LISTED, /* nothing changed: that slot is listed already */
    MEMBERS_FULL,
};
/* `member` is set by the first two verdicts. */
enum members_verdict members_add(struct members *members, const struct self *self, uint16_t slot,
                                 struct wzp_slice record, struct member **member);
/* The relay forgot the room: nobody is where it was. Refused ones are forgotten. */
void members_all_away(struct members *members, int64_t now_ns);
/* A verified member with this very record, here or away; NULL. */
struct member *members_with_record(struct members *members, struct wzp_slice record);
void members_come_back(struct members *members, struct member *member, uint16_t slot);
/* May be given a key now. */
bool members_is_here(const struct member *member);
/* Wipes the row. */
void members_remove(struct members *members, struct member *member);
/* NULL when nobody is listed under this slot. */
struct member *members_find(struct members *members, uint16_t slot);
unsigned members_row(const struct members *members, const struct member *member);

#endif
