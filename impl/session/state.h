// SPDX-License-Identifier: Apache-2.0
/*
 * What an endpoint remembers: sessions, handshakes under way, the tables that hold them. What is done with
 * it: session/session.h. Nobody outside session/ includes this.
 */
#ifndef WZP_SESSION_STATE_H
#define WZP_SESSION_STATE_H

#include "base/heap.h"
#include "crypt/drbg.h"
#include "crypt/hop.h"
#include "crypt/noise.h"
#include "link/bulk.h"
#include "link/feedback.h"
#include "link/loss.h"
#include "link/lost.h"
#include "link/number.h"
#include "link/rate.h"
#include "link/received.h"
#include "link/replay.h"
#include "link/rtt.h"
#include "link/sent.h"
#include "session/cookie.h"
#include "session/endpoint.h"
#include "session/half_open.h"
#include "session/handshakes.h"
#include "session/headers.h"
#include "session/id_table.h"
#include "session/moving.h"
#include "session/pace.h"
#include "session/queue.h"
#include "session/rekey.h"
#include "session/repair.h"
#include "session/reply.h"
#include "session/reset.h"
#include "session/share.h"
#include "stream/receive.h"
#include "stream/send.h"
#include "stream/streams.h"
#include "wire/signal.h"

#define OVERFLOW_SESSIONS 8 /* beyond sessions_max: only to say RELAY_FULL with */
/* Repeats in one direction, UDP and IP headers counted. The promise is 64 kbit/s: a new message does not wait
 * for its turn, so that within 500 ms one datagram of 348 bytes may come on top. */
#define HANDSHAKE_RATE_BPS 58000
#define IP_UDP_HEADER      28
#define HELD_EARLY_NS      (1 * WZP_S)

/* FREE -connect-> CONNECTING -message 2-> HANDSHAKING -short packet-> ACTIVE -close-> CLOSING -> CLOSED
 * responder: half-open -message 3, or a short packet under IK---------> ACTIVE */
enum session_state {
    SESSION_FREE,
    SESSION_CONNECTING,  /* message 1 is out and repeats */
    SESSION_HANDSHAKING, /* keys are held; XX repeats message 3, IK a PING, until a short packet opens */
    SESSION_ACTIVE,
    SESSION_CLOSING, /* copies of CLOSE go out */
    SESSION_CLOSED,  /* CLOSED waits to be polled */
};

/* What a session still has to tell its owner, before the frames of the packet at hand. */
enum session_notice {
    NOTICE_KEYS = 1 << 0,
    NOTICE_CONNECTED = 1 << 1,
    NOTICE_CLOSED = 1 << 2,
    NOTICE_SIGNAL = 1 << 3, /* stream 0 may hold a whole message */
    NOTICE_RESET_HINT = 1 << 4,
    NOTICE_STREAM = 1 << 5, /* a stream above 0 has something to tell */
};

/* Where frames come from: message 3 may carry bytes of stream 0 and nothing else. */
enum frames_phase {
    PHASE_SHORT,
    PHASE_FINISH,
};

struct session {
    enum session_state state;
    uint32_t index;
    uint32_t local_id, remote_id; /* the owner's handle, our first id; the peer's that is in use */
    bool is_initiator, is_overflow, has_keys;
    bool is_confirmed;       /* a short packet of the peer opened */
    uint8_t finish_hash[16]; /* responder, XX: of message 3, tells its copies */
    unsigned notices;
    uint32_t next_notified; /* list of sessions with notices: index + 1, 0 ends */
    bool is_notified;
    struct wzp_addr peer_addr;
    uint8_t peer_static[32];
    uint8_t pattern;

    struct wzp_noise noise; /* initiator, until keys */
    struct repeated repeat;
    int64_t began_ns, deadline_ns; /* of the attempt */
    uint8_t rejected_versions[WZP_ENDPOINT_VERSIONS_MAX];
    uint8_t rejected_count;
    enum wzp_close_reason
        refused_reason;      /* how the attempt ends if nothing opens until the deadline; LEFT: none */
    size_t signal_in_finish; /* bytes of stream 0 that ride in message 3 */

    struct wzp_hop_key send_key, receive_key;
    struct rekey rekey;
    struct wzp_replay replay;
    struct wzp_received received;
    struct wzp_sent sent;
    struct wzp_rtt rtt;
    int64_t handshake_ns; /* from our first message to the peer's answer: a round trip and what was lost */
    struct wzp_loss loss;
    struct wzp_feedback feedback; /* what to say of the peer's packets */
    struct wzp_feedback_seen feedback_seen;
    int64_t heard_at_ns; /* a packet opened last */
    int64_t probe_at_ns; /* when a PING is due: keep-alive, or the first words under IK */
    bool ping_due;

    struct moving moving; /* with keys; peer_addr is its path's current address */

    bool has_reset_token; /* initiator: the peer's, for remote_id */
    uint8_t reset_token[WZP_RESET_TOKEN_LEN];
    bool is_reset_hinted; /* and nothing opened since */

    struct wzp_stream_send stream_out;
    struct wzp_stream_receive stream_in;
    uint64_t credit_limit;  /* of stream 0, for the peer */
    uint64_t credit_number; /* packet that said it last */
    int64_t credit_at_ns;   /* when to say it (again); WZP_NEVER once acknowledged */

    struct wzp_streams streams; /* above 0 */
    struct wzp_lost lost;       /* their packets */
    struct wzp_bulk bulk;
    unsigned probes_left; /* packets of them that may leave whatever the window says */

    struct wzp_rate rate; /* the peer's bound */
    uint64_t peer_rate_bps;
    int64_t peer_wait_ns;
    bool peer_passes_repair;
    int64_t media_sent_ns, video_sent_ns, signal_sent_ns; /* the latest */
    struct pace pace;
    struct share share;
    struct repair_out repair_out;
    struct repair_in repair_in;
    struct send_queue queue; /* MEDIA, KEY and KEY_ACK frames to send; behind them video, REPAIR of others */
    struct send_queue video, passed;
    struct headers_out headers_out;
    struct headers_in headers_in;
    enum wzp_close_reason close_reason;
    bool closed_by_peer;
    uint8_t close_text[128];
    size_t close_text_len;
    unsigned close_copies_left;
    int64_t close_at_ns;
};

struct wzp_endpoint {
    struct wzp_endpoint_config config;
    struct wzp_drbg drbg;
    struct wzp_endpoint_counters counters;

    struct session *sessions;
    uint32_t session_count; /* with the overflow ones */
    uint8_t *buffers;       /* queue, stream and repair memory of all sessions */
    struct wzp_rate rate;   /* our own bound */
    struct wzp_stream_pool stream_pool;
    struct half_open *half_opens;
    struct half_open_index half_open_index;
    uint8_t half_open_key[32]; /* of the hash by which copies of message 1 are found */
    struct cookies cookies;
    struct replies replies;
    struct wzp_invitations invitations;
    struct held_packet *held;
    struct id_table ids; /* owners: sessions, then half-opens */
    struct wzp_heap due;

    uint32_t notified_first, notified_last; /* index + 1 */
    struct wzp_reader frames;               /* what poll still has to read of the packet at hand */
    uint32_t frames_session;                /* index + 1, 0: none */
    uint64_t frames_number;
    uint64_t frames_generation; /* of the key that opened it */
    struct wzp_addr frames_from;
    size_t frames_size; /* of the datagram */
    bool frames_eliciting;
    bool frames_refused; /* one found no memory: unacknowledged, the packet's bytes are said again */
    enum frames_phase frames_phase;
    bool frames_carry_media,
        frames_have_media; /* a full media header was read: only a packet's first counts */
    struct resets resets;
    struct {
        struct wzp_addr to;
        size_t len; /* 0: none */
        uint8_t datagram[WZP_DATAGRAM_CEILING];
    } twin;                                 /* of the packet sent last, for a second address */
    uint32_t reset_tokens;                  /* sessions that have one */
    struct load_place loads[LOADS_AT_ONCE]; /* that peers asked for */
    uint32_t freed_session;                 /* index + 1: its CLOSED was polled, the next call frees it */
    unsigned dscp;                          /* of the datagram that left last */
    int64_t now_ns;                         /* of the last call */
    uint8_t open_buffer[WZP_DATAGRAM_CEILING + 64];
    uint8_t key_body[WZP_KEY_BODY_LEN];
    struct wzp_frame_repair repair_frame;
    uint8_t signal_buffer[WZP_SIGNAL_MAX];
};

#endif
