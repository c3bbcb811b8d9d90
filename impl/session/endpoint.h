// SPDX-License-Identifier: Apache-2.0
/*
 * The core's face: sealed sessions over datagrams. One endpoint, one thread; it computes and nothing else.
 * Whoever owns it hands in datagrams, the time and a seed, and carries out what it pulls:
 *
 *     receive(datagram, now), then poll() until false       what the peer said
 *     submit (connect, send_*, close)                       what we say
 *     advance(now) at next_at(), then poll() until false    what time does
 *     transmit(now) until 0                                 datagrams to send
 *
 * Law: nothing that fails authentication changes anything but a counter (the half-open table,
 * the hints of VERSION_REJECT, COOKIE and REFUSAL, and the limit of failed opens excepted); the same calls
 * with the same seed give the same bytes. Receiving never sends: it leaves intents that transmit reads.
 * Slices in events borrow from the endpoint and hold until its next call. It does not know rooms, media
 * contents or end-to-end keys: MEDIA and KEY frames pass through it as sealed bytes. Spec:
 * proto/02-packets.md, 03-handshake.md, 06-frames.md, 07-media.md.
 */
#ifndef WZP_SESSION_ENDPOINT_H
#define WZP_SESSION_ENDPOINT_H

#include "base/addr.h"
#include "base/bytes.h"
#include "base/err.h"
#include "session/config.h"
#include "session/facts.h"
#include "session/stream_calls.h"
#include "wire/wire.h"

/* What fits a client: a session, one to take its place, one to learn who answers; no half-open table. What
 * fits a relay: 256 sessions. Fill keys, seed, hooks. */
struct wzp_endpoint_config wzp_endpoint_config_client(void);
struct wzp_endpoint_config wzp_endpoint_config_relay(void);

struct wzp_endpoint;

/* NULL: out of memory. All memory is taken here. */
struct wzp_endpoint *wzp_endpoint_create(struct wzp_endpoint_config *config);
void wzp_endpoint_destroy(struct wzp_endpoint *endpoint);

/* What a responder takes from now on; none at first. Sessions that stand and handshakes under way stay. */
void wzp_endpoint_set_invitations(struct wzp_endpoint *endpoint, const struct wzp_invitations *invitations);

/* ---- datagrams and time ---- */

/* The datagram is opened in place. Every call must be followed by poll until false. */
void wzp_endpoint_receive(struct wzp_endpoint *endpoint, const struct wzp_addr *from, uint8_t *datagram,
                          size_t len, int64_t now_ns);
/* Bytes of the next datagram to send now, 0 when there is none. `capacity` at least WZP_DATAGRAM_MAX, and
 * WZP_DATAGRAM_CEILING where wzp_endpoint_find_mtu is called. */
size_t wzp_endpoint_transmit(struct wzp_endpoint *endpoint, int64_t now_ns, struct wzp_addr *to,
                             uint8_t *datagram, size_t capacity);
/* How routers shall treat the datagram that transmit gave last (RFC 4594): EF for speech and control, AF41
 * for video, 0 for what is neither. */
#define WZP_DSCP_EF   46
#define WZP_DSCP_AF41 34
unsigned wzp_endpoint_dscp(const struct wzp_endpoint *endpoint);
/* When advance, transmit or poll next has something to do; WZP_NEVER when only a datagram can change that. */
int64_t wzp_endpoint_next_at(const struct wzp_endpoint *endpoint);
void wzp_endpoint_advance(struct wzp_endpoint *endpoint, int64_t now_ns);

/* ---- what happened ---- */

enum wzp_event_kind {
    WZP_EVENT_KEYS, /* this side holds traffic keys; what it queues leaves once the peer holds them, too */
    WZP_EVENT_CONNECTED, /* a short packet of the peer opened: both sides hold keys */
    WZP_EVENT_SIGNAL,    /* one whole message of stream 0, without its length prefix */
    WZP_EVENT_MEDIA,     /* full header rebuilt */
    WZP_EVENT_KEY,
    WZP_EVENT_KEY_ACK,
    WZP_EVENT_RESET_HINT, /* somebody who knows its token says that the peer forgot the session: perhaps so */
    WZP_EVENT_CLOSED,     /* the last event of a session; its handle is void afterwards */
    WZP_EVENT_STREAM,     /* something about one stream above 0 */
    WZP_EVENT_REPAIR,     /* only with config.passes_repair */
};

struct wzp_event {
    enum wzp_event_kind kind;
    uint32_t session;
    uint32_t session_index; /* below sessions_max, dense: for the owner's own tables */
    union {
        struct wzp_slice signal;
        struct {
            uint16_t slot;
            uint8_t
                header_bytes[WZP_MEDIA_HEADER_LEN]; /* additional data of the seal, as its sender wrote it */
            struct wzp_media_header header;
            struct wzp_slice payload; /* sealed end to end */
            bool is_repaired;         /* out of REPAIR frames, here or on a hop before: late by nature */
            bool is_recovered;        /* here */
        } media;
        struct wzp_frame_repair *repair; /* the owner may write the slots of it and send it on */
        struct {
            uint16_t slot;
            const uint8_t *body; /* WZP_KEY_BODY_LEN */
        } key;
        struct {
            uint16_t slot;
            const uint8_t *body; /* WZP_KEY_ACK_BODY_LEN */
        } key_ack;
        struct {
            enum wzp_close_reason reason;
            bool by_peer;            /* the peer's CLOSE; else our own verdict */
            struct wzp_slice text;   /* the peer's words, may be empty */
            const uint8_t *versions; /* reason VERSION: what the peer speaks */
            uint8_t version_count;
        } closed;
        struct wzp_stream_event stream;
    };
};

/* False when there is no more. Goes on until then even if the caller closes the session meanwhile. */
bool wzp_endpoint_poll(struct wzp_endpoint *endpoint, struct wzp_event *event);

/* ---- what we say; session handles are never 0 and not used again soon ---- */

/* Starts a handshake: IK when the responder's static key is given, else XX. BAD_KEY: that key is of small
 * order. */
enum wzp_err wzp_endpoint_connect(struct wzp_endpoint *endpoint, const struct wzp_addr *to,
                                  const uint8_t *responder_static, int64_t now_ns, uint32_t *session);
/* Starts XX, slowly, only to learn who answers: KEYS says that the facts hold the peer's static key. Whoever
 * abandons the session then has sent nothing but first messages. */
enum wzp_err wzp_endpoint_ask(struct wzp_endpoint *endpoint, const struct wzp_addr *to, int64_t now_ns,
                              uint32_t *session);
/* One signal message (length prefix included, as wzp_signal_encode writes it), on stream 0. Submitted before
 * an XX handshake is over it rides in message 3. FULL when the stream's buffer is. */
enum wzp_err wzp_endpoint_send_signal(struct wzp_endpoint *endpoint, uint32_t session,
                                      struct wzp_slice message);
/* Queues a media frame; the header travels full or mini as the peer's memory allows. `is_repaired` as in the
 * event that it came by. Video waits for the pacer, behind all other media; what waited for 400 ms is
 * dropped. */
enum wzp_err wzp_endpoint_send_media(struct wzp_endpoint *endpoint, uint32_t session, uint16_t slot,
                                     const uint8_t header[WZP_MEDIA_HEADER_LEN], struct wzp_slice payload,
                                     bool is_repaired, int64_t now_ns);
/* Hands a REPAIR frame on (config.passes_repair). It waits for the pace, and is dropped if that takes longer
 * than its horizon. */
enum wzp_err wzp_endpoint_send_repair(struct wzp_endpoint *endpoint, uint32_t session,
                                      const struct wzp_frame_repair *repair, int64_t now_ns);
/* Repair of a frame leaves no later than so long after it; 1 s at first. Where the peer told what delay it
 * wishes, that counts as well. */
void wzp_endpoint_set_repair_horizon(struct wzp_endpoint *endpoint, uint32_t session, int64_t horizon_ns);
/* What the owner wishes to send there, and what matters most of it (media/split.h); of streams it is known
 * here. Until it is told: speech alone, as much as there is. */
void wzp_endpoint_set_wishes(struct wzp_endpoint *endpoint, uint32_t session,
                             const struct wzp_split_wishes *wishes);
/* What lies behind a peer that only passes repair on (facts.peer_passes_repair): our repair is for that, too.
 */
void wzp_endpoint_set_repair_path(struct wzp_endpoint *endpoint, uint32_t session,
                                  const struct wzp_cover_path *beyond);
/* The seal of a frame that was repaired did not open: what it was made of is not used any more. */
void wzp_endpoint_on_poisoned(struct wzp_endpoint *endpoint, uint32_t session, uint16_t slot,
                              const struct wzp_media_header *header);
enum wzp_err wzp_endpoint_send_key(struct wzp_endpoint *endpoint, uint32_t session, uint16_t slot,
                                   const uint8_t body[WZP_KEY_BODY_LEN]);
enum wzp_err wzp_endpoint_send_key_ack(struct wzp_endpoint *endpoint, uint32_t session, uint16_t slot,
                                       const uint8_t body[WZP_KEY_ACK_BODY_LEN]);
/* Our own address changed: packets go on from the new one, under an id of the peer that was not used before,
 * so that who watches both places cannot tell by ids that they are one session. Call it when the machine's
 * addresses changed; a NAT that maps anew needs no call, the peer notices. Changed or not: it costs one
 * datagram, and round trip, loss and MTU are learnt again. */
void wzp_endpoint_on_moved(struct wzp_endpoint *endpoint, uint32_t session, int64_t now_ns);
/* There is bulk to send: looks for the largest datagram the path takes (link/mtu.h), from now on. */
void wzp_endpoint_find_mtu(struct wzp_endpoint *endpoint, uint32_t session, int64_t now_ns);
/* Fills what the path to the peer carries, `rate_bps` of it at most, for so long: so that it is measured. */
void wzp_endpoint_load(struct wzp_endpoint *endpoint, uint32_t session, int64_t duration_ns,
                       uint64_t rate_bps, int64_t now_ns);
/* Asks the peer to do so (config.load_max_bps is what it grants, 10 s at a time, 60 s in all). */
void wzp_endpoint_want_load(struct wzp_endpoint *endpoint, uint32_t session, int64_t duration_ns,
                            uint64_t rate_bps, int64_t now_ns);
/* Says CLOSE, in copies that survive loss; CLOSED is polled when they are out. Before keys it ends at once.
 */
void wzp_endpoint_close(struct wzp_endpoint *endpoint, uint32_t session, enum wzp_close_reason reason,
                        int64_t now_ns);

/* Ends it without a word to the peer; CLOSED is polled. */
void wzp_endpoint_abandon(struct wzp_endpoint *endpoint, uint32_t session, int64_t now_ns);
/* Asks the peer for a sign of life. */
void wzp_endpoint_ping(struct wzp_endpoint *endpoint, uint32_t session);

/* Handshakes are not answered any more either. */
void wzp_endpoint_close_all(struct wzp_endpoint *endpoint, enum wzp_close_reason reason, int64_t now_ns);

/* ---- facts ---- */

/* When the session last opened a packet; INT64_MIN: there is no such session. */
int64_t wzp_endpoint_heard_at(const struct wzp_endpoint *endpoint, uint32_t session_id);
bool wzp_endpoint_facts(const struct wzp_endpoint *endpoint, uint32_t session,
                        struct wzp_session_facts *facts);
/* Live; relays and calls add their own drops here so that there is one account of what was dropped. */
struct wzp_endpoint_counters *wzp_endpoint_counters(struct wzp_endpoint *endpoint);

#endif
