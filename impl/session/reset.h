// SPDX-License-Identifier: Apache-2.0
/*
 * Stateless resets: how an endpoint that forgot a session says so, and how the other side knows it when it
 * sees it.
 *
 * Laws: a reset is 21 to 24 bytes that look like the beginning of a short packet, and only a packet that
 * could be a sealed one (25 bytes at least) draws one; so it is shorter than what drew it, and no reset draws
 * a reset. At most WZP_RESET_BURST leave at once and WZP_RESET_RATE a second, whatever comes in. The token
 * needs no memory: it is made from a key that outlives the endpoint and the connection id. A reset changes
 * nothing in a session; it is a hint, given once until something of the session opens again.
 *
 * Owns nothing but its queue. Not here: what is done with a hint (call/reconnect.h). Private to session/.
 * Spec: proto/03-handshake.md, Resets; after RFC 9000 section 10.3.
 */
#ifndef WZP_SESSION_RESET_H
#define WZP_SESSION_RESET_H

#include "base/addr.h"
#include "base/time.h"
#include "wire/wire.h"

#include <stdbool.h>

#define WZP_RESET_RATE  1000 /* a second */
#define WZP_RESET_BURST 100
#define RESETS_WAITING  8 /* between two transmits */
#define RESET_MIN       21
#define RESET_MAX       24
#define RESET_HUSHED    64 /* sessions ended by the peer's CLOSE that draw none */
#define SHORT_MIN       25 /* bytes of the shortest short packet: id, number and frames, tag */

/* Resets to send. */
struct resets {
    struct {
        struct wzp_addr to;
        uint32_t id;
    } waiting[RESETS_WAITING];
    unsigned count;
    uint32_t hushed[RESET_HUSHED]; /* ids; a ring */
    unsigned hushed_next;
    int64_t full_at_ns; /* when the bucket is full again, had nothing more been taken */
};

struct session;
struct wzp_endpoint;

/* A responder's part: a short packet for an id that nobody has. A drop reason: why it draws nothing more. */
enum wzp_drop reset_on_unknown(struct wzp_endpoint *endpoint, const struct wzp_addr *from, uint32_t id,
                               size_t len, int64_t now_ns);
/* The peer said CLOSE, and its other copies are on their way: they are not to be answered. */
void reset_hush(struct wzp_endpoint *endpoint, uint32_t id);
/* Bytes of the next reset, 0 when none waits. */
size_t reset_transmit(struct wzp_endpoint *endpoint, struct wzp_addr *to, uint8_t *datagram, size_t capacity);

/* An initiator's part: a datagram that did not open, for the reason `unopened`. WZP_DROP_COUNT when it ends
 * in the token of a live session, whose owner is told; else why it is dropped. */
enum wzp_drop reset_recognise(struct wzp_endpoint *endpoint, struct wzp_slice datagram,
                              enum wzp_drop unopened);

/* The peer told the token of the id under which it is written to. */
void reset_remember(struct wzp_endpoint *endpoint, struct session *session,
                    const uint8_t token[WZP_RESET_TOKEN_LEN]);
/* The session will not be asked again. */
void reset_forget(struct wzp_endpoint *endpoint, struct session *session);

#endif
