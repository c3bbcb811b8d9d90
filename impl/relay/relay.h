// SPDX-License-Identifier: Apache-2.0
/*
 * The relay: rooms of sessions, and media from one to all others. It sees headers and slots, and can open
 * nothing.
 *
 * Laws: a MEDIA or KEY frame goes on only from a session that holds a slot, under that slot (a spoofed one is
 * dropped and counted); a sender never gets its own media back; rooms, members and sessions stay within the
 * limits, and who is refused is told why (a typed CLOSE); a slot is never used again while its room lives.
 * A session whose key is not allowed (relay/access.h) is closed before anything of it is looked at.
 * Who comes back with the same record over another session of the same static key goes on in the same slot;
 * with another record of the same identity the newer stay replaces the older. Whoever only shows another's
 * record gets neither. The newest KEY of each (sender, recipient) is kept and repeated on the recipient's hop
 * until its KEY_ACK passes. A stream goes on to the member that its preface names (relay/pipes.h). Pulled
 * like an endpoint (session/endpoint.h): receive, advance at next_at, transmit until 0; no events come out.
 * Spec: proto/08-signals.md, 05-end-to-end.md, 09-files.md.
 */
#ifndef WZP_RELAY_RELAY_H
#define WZP_RELAY_RELAY_H

#include "relay/access.h"
#include "session/endpoint.h"

struct wzp_relay_config {
    struct wzp_endpoint_config endpoint; /* from wzp_endpoint_config_relay */
    uint32_t rooms_max;
    uint32_t members_max;         /* of one room, at most WZP_MEMBERS_MAX */
    uint32_t pipes_max;           /* streams between members, in all */
    uint8_t token[WZP_TOKEN_MAX]; /* what Join must bring; none asked when token_len is 0 */
    uint8_t token_len;
};

struct wzp_relay_config wzp_relay_config_default(void);

struct wzp_relay;

struct wzp_relay *wzp_relay_create(struct wzp_relay_config *config);
void wzp_relay_destroy(struct wzp_relay *relay);

/* From now on, at first everybody is let in: whose session is no longer allowed is closed with NOT_ALLOWED.
 * The keys stay the caller's and must last until the next call or destroy. */
void wzp_relay_set_access(struct wzp_relay *relay, const struct wzp_relay_access *access, int64_t now_ns);

void wzp_relay_receive(struct wzp_relay *relay, const struct wzp_addr *from, uint8_t *datagram, size_t len,
                       int64_t now_ns);
size_t wzp_relay_transmit(struct wzp_relay *relay, int64_t now_ns, struct wzp_addr *to, uint8_t *datagram,
                          size_t capacity);
/* How routers shall treat it (wzp_endpoint_dscp). */
unsigned wzp_relay_dscp(const struct wzp_relay *relay);
int64_t wzp_relay_next_at(const struct wzp_relay *relay);
void wzp_relay_advance(struct wzp_relay *relay, int64_t now_ns);
/* Tells every session SHUTTING_DOWN; done when wzp_relay_sessions is 0. */
void wzp_relay_shutdown(struct wzp_relay *relay, int64_t now_ns);

struct wzp_relay_counters {
    uint32_t rooms, members;
    uint64_t joins, joins_refused, leaves;
    uint64_t rejoins; /* a stay went on under another session */
    uint64_t media_in, media_out, keys_in, keys_out;
    uint64_t not_allowed; /* sessions closed because their key is not on the list */
    uint32_t pipes;
    uint64_t pipes_opened, pipes_refused, pipe_bytes;
};
const struct wzp_relay_counters *wzp_relay_counters(const struct wzp_relay *relay);
const struct wzp_endpoint_counters *wzp_relay_endpoint_counters(const struct wzp_relay *relay);

#endif
