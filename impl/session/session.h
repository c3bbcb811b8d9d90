// SPDX-License-Identifier: Apache-2.0
/*
 * What the files of session/ do for each other. Roads: receive.c takes datagrams in, handshake.c makes
 * sessions (hints.c hears its unsealed answers), send.c lets packets out, migrate.c says where to, headers.c
 * compresses media headers, create.c takes the memory, endpoint.c owns tables and time. Nobody outside
 * session/ includes this.
 */
#ifndef WZP_SESSION_SESSION_H
#define WZP_SESSION_SESSION_H

#include "session/state.h"

/* ---- create.c ---- */

/* Bytes of repair, queue and stream memory of one session: a multiple of what any type is aligned to. */
size_t endpoint_buffers_size(const struct wzp_endpoint *endpoint);

/* ---- endpoint.c ---- */

void endpoint_drop(struct wzp_endpoint *endpoint, uint32_t session_id, enum wzp_drop reason, size_t bytes);
struct session *endpoint_session(struct wzp_endpoint *endpoint, uint32_t local_id);
struct half_open *endpoint_half_open(struct wzp_endpoint *endpoint, uint32_t local_id);
/* A fresh id for the owner, beside the one it has. */
uint32_t endpoint_draw_spare(struct wzp_endpoint *endpoint, const struct session *session);
void endpoint_draw_id(struct wzp_endpoint *endpoint, uint32_t owner);
void endpoint_move_id(struct wzp_endpoint *endpoint, uint32_t from_owner, uint32_t to_owner);

uint32_t endpoint_owner_of_session(const struct session *session);
uint32_t endpoint_owner_of_half_open(const struct wzp_endpoint *endpoint, const struct half_open *half_open);
/* A free session in state FREE with everything reset, or NULL; overflow ones only if asked. */
struct session *endpoint_take_session(struct wzp_endpoint *endpoint, bool overflow_too, int64_t now_ns);
void endpoint_free_half_open(struct wzp_endpoint *endpoint, struct half_open *half_open);
/* NULL: no such session, or it is closing. */
struct session *endpoint_find_open(struct wzp_endpoint *endpoint, uint32_t session_id);
void endpoint_notify(struct wzp_endpoint *endpoint, struct session *session, unsigned notice);
/* Recomputes when the session next has something to do. Called once after every change of it. */
void endpoint_schedule(struct wzp_endpoint *endpoint, struct session *session);
void endpoint_schedule_half_open(struct wzp_endpoint *endpoint, struct half_open *half_open);
/* Ends the session without further words; CLOSED will be polled. */
void endpoint_end(struct wzp_endpoint *endpoint, struct session *session, enum wzp_close_reason reason,
                  bool by_peer);
/* Starts the copies of CLOSE, or ends at once without keys. */
void endpoint_close(struct wzp_endpoint *endpoint, struct session *session, enum wzp_close_reason reason,
                    int64_t now_ns);
/* When to see next whether a PING is due if nothing else is heard. */
int64_t endpoint_next_probe(const struct wzp_endpoint *endpoint, const struct session *session,
                            int64_t now_ns);

/* Bytes, IP and UDP headers counted, that the bounds of the rate let out now; whether `bytes` are within such
 * a room, and when they are let out. */
size_t endpoint_room(const struct wzp_endpoint *endpoint, const struct session *session, int64_t now_ns);
bool endpoint_has_room(const struct wzp_endpoint *endpoint, const struct session *session, size_t bytes,
                       size_t room);
/* `rate`: the peer's bound, NULL: unknown. */
int64_t endpoint_within_rates_at(const struct wzp_endpoint *endpoint, const struct wzp_rate *rate,
                                 size_t bytes, int64_t from_ns);
/* ---- reset.c ---- */

/* The token that ends a reset for `id` (big-endian): BLAKE2b-128 of it, keyed with the config's reset key. */
void endpoint_reset_token(const struct wzp_endpoint *endpoint, uint32_t id, uint8_t out[WZP_RESET_TOKEN_LEN]);

/* ---- handshake.c ---- */

static inline bool handshake_is_ik(uint8_t pattern)
{
    return pattern == WZP_PATTERN_IK || pattern == WZP_PATTERN_IKPSK2;
}

static inline bool handshake_is_invited(uint8_t pattern)
{
    return pattern == WZP_PATTERN_XXPSK3 || pattern == WZP_PATTERN_IKPSK2;
}

/* False: the responder's key is not one. */
bool handshake_start(struct wzp_endpoint *endpoint, struct session *session, int64_t now_ns);
void handshake_receive(struct wzp_endpoint *endpoint, const struct wzp_addr *from, struct wzp_slice datagram,
                       int64_t now_ns);
/* IK: the first short packet that opens under a half-open's keys makes its session. */
struct session *handshake_promote(struct wzp_endpoint *endpoint, struct half_open *half_open, int64_t now_ns);
/* The next repeat of a handshake message, 0 if none is due. */
size_t handshake_transmit(struct wzp_endpoint *endpoint, uint32_t local_id, struct repeated *repeat,
                          const struct wzp_rate *rate, uint8_t *datagram, int64_t now_ns);
/* When it is; `rate` is the peer's bound. */
int64_t handshake_next_at(const struct wzp_endpoint *endpoint, const struct repeated *repeat,
                          const struct wzp_rate *rate);
size_t handshake_transmit_half_open(struct wzp_endpoint *endpoint, struct half_open *half_open,
                                    uint8_t *datagram, int64_t now_ns);
int64_t handshake_half_open_next_at(const struct wzp_endpoint *endpoint, const struct half_open *half_open);
bool handshake_half_open_is_over(const struct half_open *half_open, int64_t now_ns);
/* A short packet opened: the peer holds keys, so repeats end. */
void handshake_confirm(struct wzp_endpoint *endpoint, struct session *session, int64_t now_ns);

/* ---- hints.c: answers to message 1 without a seal ---- */

enum wzp_drop hints_receive_reject(struct wzp_endpoint *endpoint, struct wzp_slice datagram, int64_t now_ns);
enum wzp_drop hints_receive_cookie(struct wzp_endpoint *endpoint, struct wzp_slice datagram, int64_t now_ns);
enum wzp_drop hints_receive_refusal(struct wzp_endpoint *endpoint, struct wzp_slice datagram, int64_t now_ns);

/* ---- receive.c ---- */

struct opened {
    uint64_t number;
    unsigned phase; /* 0 or 1 */
    size_t len;     /* of its frames */
};
/* Opens a short packet with the key of its phase, of which there is at least one: its frames in `plain`; a
 * drop reason, or WZP_DROP_COUNT if it did. */
enum wzp_drop receive_open(const struct wzp_hop_key *const keys[2], const struct wzp_replay *replay,
                           struct wzp_slice datagram, uint8_t *plain, struct opened *opened);
void receive_short(struct wzp_endpoint *endpoint, const struct wzp_addr *from, struct wzp_slice datagram,
                   int64_t now_ns);
/* Takes one packet that overtook message 3, now that its session stands; false when there is none. */
bool receive_held(struct wzp_endpoint *endpoint);
/* The next event of the packet at hand; false at its end. */
bool receive_next(struct wzp_endpoint *endpoint, struct wzp_event *event);
/* A whole signal message of stream 0, if there is one. */
bool receive_signal(struct wzp_endpoint *endpoint, struct session *session, struct wzp_event *event);

/* ---- streams.c: the streams above 0 ---- */

bool streams_take_pool(struct wzp_endpoint *endpoint);
void streams_give_pool(struct wzp_endpoint *endpoint);
void streams_init(struct wzp_endpoint *endpoint, struct session *session);
void streams_set_peer(struct session *session, const struct wzp_hello *hello);
/* The drop reason of a frame, WZP_DROP_COUNT if there is none; all but STREAM_NO_ROOM end the session. */
enum wzp_drop streams_on_frame(struct wzp_endpoint *endpoint, struct session *session,
                               const struct wzp_frame *frame, enum wzp_close_reason *reason);
/* A newly acknowledged packet, and the end of the acknowledgement. */
void streams_on_packet_acked(struct session *session, const struct wzp_sent_packet *packet);
void streams_on_ack(struct wzp_endpoint *endpoint, struct session *session,
                    const struct wzp_ack_result *result);
/* Puts what packets lost back into line; called at their time and before a packet is composed. */
void streams_advance(struct session *session, int64_t now_ns);
/* Fills the packet that `record` belongs to; true if anything was put. */
bool streams_put(struct session *session, struct wzp_writer *writer, struct wzp_sent_packet *record,
                 uint64_t number, bool beside_media, int64_t now_ns);
/* The packet left, `size` bytes of it. */
void streams_on_sent(struct session *session, const struct wzp_sent_packet *record);
int64_t streams_next_at(const struct session *session);
/* The next event; false if there is none. */
bool streams_event(struct session *session, struct wzp_event *event);

/* ---- send.c ---- */

/* Where the rate is bound: what must be free, IP and UDP headers counted, for an ACK and the like, for a
 * packet of moving, for a piece of a signal (up to 960 bytes, and never cut again), for a piece of a stream.
 */
#define ROOM_CONTROL 260
#define ROOM_OWN     400
#define ROOM_SIGNAL  1100 /* or less, see send.c */
#define ROOM_STREAMS 1250

#define QUEUE_PACKET_BYTES 40 /* at most around a queued frame: short header, seal, type and slot */

static inline bool endpoint_is_bounded(const struct wzp_endpoint *endpoint, const struct session *session)
{
    return endpoint->rate.bytes_max || session->rate.bytes_max;
}

/* When so many bytes that want to leave at `from_ns` are let out. */
static inline int64_t endpoint_rate_at(const struct wzp_endpoint *endpoint, const struct session *session,
                                       size_t bytes, int64_t from_ns)
{
    if (!endpoint_is_bounded(endpoint, session))
        return from_ns;
    return endpoint_within_rates_at(endpoint, &session->rate, bytes > ROOM_CONTROL ? bytes : ROOM_CONTROL,
                                    from_ns);
}

/* Bytes that speech and repair have to leave free: of a signal that waits for room. */
size_t send_reserved(const struct wzp_endpoint *endpoint, const struct session *session);
size_t send_packet(struct wzp_endpoint *endpoint, struct session *session, uint8_t *datagram, size_t capacity,
                   int64_t now_ns);
/* When the session next wants a packet; not later than it can say. */
int64_t send_next_at(const struct wzp_endpoint *endpoint, const struct session *session);

#endif
