// SPDX-License-Identifier: Apache-2.0
/*
 * Stateless replies to first messages: VERSION_REJECT, COOKIE, REFUSAL. Receiving puts them, transmit takes
 * them.
 *
 * Law: at most REPLIES_MAX wait, what comes on top is dropped (its sender repeats); they leave in the order
 * in which they came; each is shorter than the message that drew it. Spec: proto/03-handshake.md.
 */
#ifndef WZP_SESSION_REPLY_H
#define WZP_SESSION_REPLY_H

#include "base/addr.h"
#include "base/bytes.h"
#include "wire/wire.h"

#define REPLIES_MAX 64

struct reply {
    enum wzp_long_type type;
    struct wzp_addr to;
    uint32_t initiator_id;
    uint8_t version;                /* COOKIE, REFUSAL: message 1's */
    uint8_t start[WZP_START_LEN];   /* COOKIE, REFUSAL */
    uint8_t cookie[WZP_COOKIE_LEN]; /* COOKIE */
    enum wzp_close_reason reason;   /* REFUSAL */
};

struct replies {
    struct reply ring[REPLIES_MAX];
    unsigned first, count;
};

/* False when the queue is full. */
bool replies_put(struct replies *replies, const struct reply *reply);
/* Bytes of the oldest, which leaves the queue; 0 when there is none. `versions`: those spoken here. */
size_t replies_transmit(struct replies *replies, struct wzp_slice versions, struct wzp_addr *to,
                        uint8_t *datagram, size_t capacity);

#endif
