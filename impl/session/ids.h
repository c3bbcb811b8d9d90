// SPDX-License-Identifier: Apache-2.0
/*
 * The connection ids of one session: ours, under which the peer writes to us, and the peer's, under which we
 * write to it. A side that goes elsewhere takes a fresh one, so that who watches both places cannot tell by
 * ids that they are one.
 *
 * Law: sequence 0 is the handshake's. Each side gives IDS_ACTIVE ids at most that are not retired, and a new
 * one for each that is; each is said again until it is acknowledged, and so is a retirement. A retired id of
 * ours is listened to for a while yet, then it is gone. All is bounded: a peer that gives more than
 * IDS_ACTIVE, or retires what it was never given, breaks the law. Without a spare the old id goes on.
 *
 * Plain struct, owns its bytes; draws nothing, writes no frame. Private to session/.
 * Chapter: proto/02-packets.md, Connection ids; RFC 9000 sections 5.1 and 9.5.
 */
#ifndef WZP_SESSION_IDS_H
#define WZP_SESSION_IDS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/time.h"
#include "wire/wire.h"

#define IDS_ACTIVE   4 /* not retired: the one in use and three spares */
#define IDS_LOCAL    8 /* and as many retired ones that are listened to yet */
#define IDS_RETIRING 8 /* retirements that are not acknowledged yet */

struct local_id {
    uint32_t id; /* 0: free */
    bool is_retired;
    uint64_t sequence;
    int64_t tell_at_ns; /* WZP_NEVER once acknowledged */
    int64_t gone_at_ns; /* WZP_NEVER before it is retired */
};

struct remote_id {
    uint32_t id; /* 0: free */
    bool has_token;
    uint64_t sequence;
    uint8_t token[WZP_RESET_TOKEN_LEN];
};

struct retiring_id {
    bool used;
    uint64_t sequence;
    int64_t tell_at_ns;
};

struct ids {
    struct local_id local[IDS_LOCAL];
    uint64_t local_next;     /* sequence of the next one; 0: not begun */
    uint64_t heard_sequence; /* highest of ours that the peer wrote to */
    struct remote_id remote[IDS_ACTIVE];
    unsigned remote_now;  /* the one in use */
    uint64_t remote_next; /* highest sequence heard of + 1 */
    uint64_t remote_seen; /* bit n: sequence remote_next - 1 - n was heard of */
    struct retiring_id retiring[IDS_RETIRING];
};

/* The handshake's ids; ours needs telling only for its token, at `tell_at_ns`. */
void ids_init(struct ids *ids, uint32_t local, uint32_t remote, int64_t tell_at_ns);

/* The entry under which a packet came; NULL if it is not listened to any more. */
const struct local_id *ids_find(const struct ids *ids, uint32_t id);
/* True when a new id of ours is to be drawn and given to ids_add. */
bool ids_want(const struct ids *ids);
void ids_add(struct ids *ids, uint32_t id, int64_t tell_at_ns);
/* An id that is gone now, 0 when none is; call until then. */
uint32_t ids_take_gone(struct ids *ids, int64_t now_ns);

/* The peer gives an id, or retires one of ours. False: it broke the law. */
bool ids_on_new(struct ids *ids, const struct wzp_frame_new_connection_id *frame);
bool ids_on_retire(struct ids *ids, uint64_t sequence, int64_t gone_at_ns);

/* Takes a fresh id of the peer and retires the old; false without a spare. */
bool ids_rotate(struct ids *ids, int64_t now_ns);
const struct remote_id *ids_remote(const struct ids *ids);

/* The next to say, at most one of each in a packet; NULL when none is due. */
struct local_id *ids_tell(struct ids *ids, int64_t now_ns);
struct retiring_id *ids_tell_retired(struct ids *ids, int64_t now_ns);
/* A packet that said them was acknowledged. */
void ids_on_told(struct ids *ids, uint64_t sequence);
void ids_on_retired_told(struct ids *ids, uint64_t sequence);

/* When something has to be said, or an id is gone. */
int64_t ids_tell_at(const struct ids *ids);
int64_t ids_gone_at(const struct ids *ids);

#endif
