// SPDX-License-Identifier: Apache-2.0
/*
 * A session that follows its peer: where its packets go (link/path.h), under which ids (session/ids.h), how
 * large they are (link/mtu.h), and what is said about it.
 *
 * Laws: an authentic packet from another address moves the peer at once and gives that address no more than
 * three times what came from it until it is proven; a captured or forged packet cannot take a session away. A
 * packet for two addresses is sealed once. Round trip, loss and MTU begin anew on a new path, unless only the
 * port is another one (RFC 9000 section 9.4). Who says that its own address changed writes to a fresh id from
 * then on, and the peer to one of its own.
 *
 * The state lies in the session. Not here: who notices an address of the machine (run/watch.h). Private to
 * session/. Spec: proto/02-packets.md, proto/03-handshake.md Path change.
 */
#ifndef WZP_SESSION_MIGRATE_H
#define WZP_SESSION_MIGRATE_H

#include "session/session.h"

/* Keys are held: addresses and ids of the handshake are the first. */
void migrate_start(struct session *session, int64_t now_ns);
/* The first short packet of the peer opened: spare ids may be given. */
void migrate_on_confirmed(struct wzp_endpoint *endpoint, struct session *session, int64_t now_ns);
/* A packet of `len` bytes opened that was written to our id of that sequence. */
void migrate_on_packet(struct wzp_endpoint *endpoint, struct session *session, const struct wzp_addr *from,
                       uint64_t id_sequence, size_t len, bool is_newest, int64_t now_ns);
/* PATH_CHALLENGE, PATH_RESPONSE, NEW_CONNECTION_ID, RETIRE_CONNECTION_ID; false: the peer broke the law. */
bool migrate_on_frame(struct wzp_endpoint *endpoint, struct session *session, const struct wzp_frame *frame,
                      const struct wzp_addr *from, int64_t now_ns);
void migrate_on_acked(struct wzp_endpoint *endpoint, struct session *session,
                      const struct wzp_sent_packet *packet, int64_t now_ns);
/* What time alone does. */
void migrate_advance(struct wzp_endpoint *endpoint, struct session *session, int64_t now_ns);
int64_t migrate_next_at(const struct session *session);
/* The session's ids leave the table, its handle among them. */
void migrate_forget(struct wzp_endpoint *endpoint, struct session *session);

/* Bytes of the largest datagram, probes excepted. */
size_t migrate_datagram_max(const struct session *session);
/* A packet of moving's own, that carries nothing else; false if none is due. `overhead` is what the packet
 * has around its frames, `capacity` its whole room. */
bool migrate_put_own(struct wzp_endpoint *endpoint, struct session *session, struct wzp_writer *writer,
                     struct wzp_sent_packet *record, size_t overhead, size_t capacity, int64_t now_ns);
/* Ids to tell, beside other frames; true if there were any. */
bool migrate_put_ids(struct wzp_endpoint *endpoint, struct session *session, struct wzp_writer *writer,
                     struct wzp_sent_packet *record, int64_t now_ns);
void migrate_on_sent(struct wzp_endpoint *endpoint, struct session *session,
                     const struct wzp_sent_packet *record, int64_t now_ns);
/* Where the sealed packet goes; when to two places, the endpoint keeps a twin for its next transmit. */
void migrate_route(struct wzp_endpoint *endpoint, struct session *session, const uint8_t *datagram,
                   size_t len, struct wzp_addr *to, int64_t now_ns);

#endif
