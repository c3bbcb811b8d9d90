// SPDX-License-Identifier: Apache-2.0
/*
 * Two endpoints in one process, a client (side 0) and a relay (side 1), with a handshake done in fuzz_init
 * and put back before every input by copying memory: all that an endpoint remembers comes from one allocator,
 * so a copy of that memory is a copy of the endpoint. And the hostile twin of a peer: it holds the session's
 * true keys and seals with them whatever the input says.
 *
 * Law: after restore both sides are as they were at save, byte for byte but for what FREE sessions left,
 * which nobody reads; no endpoint asks for memory after its creation. Reads session/session.h, as tests do.
 * Does not: judge what is said beyond the invariants of twin_settle.
 */
#ifndef WZP_FUZZ_TWIN_H
#define WZP_FUZZ_TWIN_H

#include "fuzz/fuzz.h"
#include "relay/relay.h"
#include "session/session.h"

#define TWIN_DATAGRAM_MAX 2048
#define TWIN_SESSIONS     (2 + OVERFLOW_SESSIONS) /* that a side holds */

enum { TWIN_CLIENT, TWIN_RELAY };

struct twin_side {
    struct wzp_endpoint *endpoint;
    struct wzp_addr addr;
    uint32_t session; /* the handle of its latest session, 0: none */
    uint32_t sealed;  /* packets by twin_seal that it does not know of */
};

struct twin {
    struct twin_side side[2];
    struct wzp_relay *relay; /* whose endpoint that of the relay's side is; NULL: it stands alone */
    int64_t now_ns;
};

/* A state that can be returned to. */
struct twin_save {
    struct twin twin;
    uint8_t *bytes[2];
    uint32_t decoder[2][TWIN_SESSIONS]; /* see fuzz/twin.c */
};

/* Creates both sides, without a session, the relay's with or without rooms. Once a process: the memory is
 * static. */
void twin_init(struct twin *twin, bool has_rooms);
/* Starts a handshake from the client; nothing is sent yet. */
void twin_connect(struct twin *twin, bool is_ik);
/* XX, or IK; both sides hold keys and have heard each other, said something of everything, and are quiet. */
void twin_talk(struct twin *twin, bool is_ik);

void twin_save(const struct twin *twin, struct twin_save *save);
/* Restores the sides in the mask (bit 0 the client). */
void twin_restore(struct twin *twin, const struct twin_save *save, unsigned sides);

/* Its latest session as it is inside; NULL when there is none. */
struct session *twin_session(const struct twin *twin, unsigned side);

/* Nothing but the count of failed opens changed in its latest session. */
bool twin_session_is_as_saved(const struct twin *twin, const struct twin_save *save, unsigned side);

/* A packet of `frames` that `from` did not write but could have: its next number, its present keys. Bytes of
 * the datagram; 0 when it has no keys, or there is no room. Nothing in the endpoint changes. */
size_t twin_seal(struct twin *twin, unsigned from, struct wzp_slice frames,
                 uint8_t datagram[TWIN_DATAGRAM_MAX]);

/* Makes `from` believe that it sent what was sealed, so that its own packets get other numbers. */
void twin_own_sealed(struct twin *twin, unsigned from);

/* Takes the next datagram of a side, 0 when there is none now. */
size_t twin_transmit(struct twin *twin, unsigned side, uint8_t datagram[TWIN_DATAGRAM_MAX]);
/* Gives a datagram to `to` as if from the other side, and polls. The bytes are changed. */
void twin_deliver(struct twin *twin, unsigned to, uint8_t *datagram, size_t len);
/* Polls until there is no more, which must come soon. */
void twin_poll(struct twin *twin, unsigned side);
/* To `now_ns` on both sides, without datagrams. */
void twin_advance(struct twin *twin, int64_t now_ns);

/* So many steps of 20 ms in which everything arrives at once. */
void twin_run(struct twin *twin, unsigned steps);

/* What must hold after whatever was done to it: polling and transmitting end, and what is counted adds up. */
void twin_settle(struct twin *twin, unsigned side);

#endif
