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
#include "base/alloc.h"
#include "base/bytes.h"
#include "base/err.h"
#include "base/time.h"
#include "base/trace.h"
#include "session/stream_calls.h"
#include "wire/wire.h"

#define WZP_ENDPOINT_VERSIONS_MAX 16
#define WZP_REKEY_MIN_NS          (60 * WZP_S) /* the default of rekey_min_ns */

struct wzp_endpoint_limits {
    uint32_t sessions_max;     /* sessions at once; a few more are held to refuse with */
    uint32_t half_open_max;    /* handshakes under way as responder */
    uint32_t first_rate;       /* first messages a second above which cookies are demanded */
    uint32_t send_queue_bytes; /* MEDIA and KEY frames a session holds between two transmits */
    uint32_t stream_window;    /* bytes of stream 0 buffered in each direction */
    uint32_t streams_max;     /* slots for further streams: half for those opened here, half for the peers' */
    uint32_t streams_granted; /* that one peer may have open at once; all peers together may find no slot */
    uint32_t bulk_window;     /* bytes that a slot buffers in each direction */
    uint32_t session_window;  /* bytes that one peer may have under way on all its streams */
};

#define WZP_INVITATIONS_MAX 64

/* Secrets that let in whoever holds one, whatever its key. */
struct wzp_invitations {
    uint32_t count;
    uint8_t secret[WZP_INVITATIONS_MAX][32];
};

struct wzp_endpoint_config {
    struct wzp_alloc alloc;
    struct wzp_trace trace;
    uint8_t seed[32];                             /* of all randomness; wiped from the config by create */
    uint8_t static_secret[32], static_public[32]; /* Noise static key pair */
    bool accepts;                                 /* answers handshakes */
    uint8_t versions[WZP_ENDPOINT_VERSIONS_MAX];  /* spoken, best first; the first is offered */
    uint8_t version_count;
    struct wzp_endpoint_limits limits;
    bool has_invitation;         /* connects under it (psk patterns) */
    uint8_t invitation[32];      /* wiped from the config by create */
    int64_t connect_deadline_ns; /* an attempt fails after this */
    int64_t idle_timeout_ns;     /* a session ends when nothing opened for so long; a PING after a quarter */
    /* Fresh hop keys (proto/04-keys.md) after so many packets sent under the present ones, or so long; none
     * is 0. Never sooner than rekey_min_ns after the last. */
    uint32_t rekey_packets;
    int64_t rekey_ns, rekey_min_ns;
    /* A session ends (KEYS_EXHAUSTED) when it sent so many packets, or so many did not open. */
    uint64_t packets_max, failed_opens_max;
};

/* What fits a client: one session, no half-open table; what fits a relay: 256 sessions. Fill keys, seed,
 * hooks. */
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
/* Bytes of the next datagram to send now, 0 when there is none. `capacity` at least WZP_DATAGRAM_MAX. */
size_t wzp_endpoint_transmit(struct wzp_endpoint *endpoint, int64_t now_ns, struct wzp_addr *to,
                             uint8_t *datagram, size_t capacity);
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
    WZP_EVENT_CLOSED, /* the last event of a session; its handle is void afterwards */
    WZP_EVENT_STREAM, /* something about one stream above 0 */
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
        } media;
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
/* One signal message (length prefix included, as wzp_signal_encode writes it), on stream 0. Submitted before
 * an XX handshake is over it rides in message 3. FULL when the stream's buffer is. */
enum wzp_err wzp_endpoint_send_signal(struct wzp_endpoint *endpoint, uint32_t session,
                                      struct wzp_slice message);
/* Queues a media frame; the header travels full or mini as the peer's memory allows. */
enum wzp_err wzp_endpoint_send_media(struct wzp_endpoint *endpoint, uint32_t session, uint16_t slot,
                                     const uint8_t header[WZP_MEDIA_HEADER_LEN], struct wzp_slice payload);
enum wzp_err wzp_endpoint_send_key(struct wzp_endpoint *endpoint, uint32_t session, uint16_t slot,
                                   const uint8_t body[WZP_KEY_BODY_LEN]);
enum wzp_err wzp_endpoint_send_key_ack(struct wzp_endpoint *endpoint, uint32_t session, uint16_t slot,
                                       const uint8_t body[WZP_KEY_ACK_BODY_LEN]);
/* Says CLOSE, in copies that survive loss; CLOSED is polled when they are out. Before keys it ends at once.
 */
void wzp_endpoint_close(struct wzp_endpoint *endpoint, uint32_t session, enum wzp_close_reason reason,
                        int64_t now_ns);

void wzp_endpoint_close_all(struct wzp_endpoint *endpoint, enum wzp_close_reason reason, int64_t now_ns);

/* ---- facts ---- */

struct wzp_session_facts {
    bool is_initiator;
    bool is_overflow; /* beyond sessions_max: only here to be refused */
    bool has_keys;
    bool is_invited; /* the handshake proved that both hold an invitation */
    struct wzp_addr peer_addr;
    uint8_t peer_static[32]; /* valid with keys */
    int64_t rtt_ns;          /* smoothed; the initial guess before a sample */
    unsigned loss_permille;  /* of our packets to the peer, as its acknowledgements show */
    uint64_t rekeys;         /* done */
};
bool wzp_endpoint_facts(const struct wzp_endpoint *endpoint, uint32_t session,
                        struct wzp_session_facts *facts);

struct wzp_endpoint_counters {
    uint64_t packets_in, bytes_in, packets_out, bytes_out; /* UDP payload */
    uint64_t drops[WZP_DROP_COUNT];
    uint64_t handshakes_done, handshakes_failed, handshakes_rejected_version;
    uint64_t rekeys; /* done, of all sessions */
    uint64_t cookies_sent;
    uint32_t sessions, half_open;
};
/* Live; relays and calls add their own drops here so that there is one account of what was dropped. */
struct wzp_endpoint_counters *wzp_endpoint_counters(struct wzp_endpoint *endpoint);

#endif
