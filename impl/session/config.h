// SPDX-License-Identifier: Apache-2.0
/* What an endpoint (session/endpoint.h) is made with: keys, seeds, limits, times. All of it is copied by
 * create. */
#ifndef WZP_SESSION_CONFIG_H
#define WZP_SESSION_CONFIG_H

#include <stdbool.h>
#include <stdint.h>

#include "base/alloc.h"
#include "base/time.h"
#include "base/trace.h"
#include "link/estimate.h"

#define WZP_ENDPOINT_VERSIONS_MAX 16
#define WZP_MAX_RATE_MIN_BPS      24000 /* of max_rate_bps, unless it is 0: any 500 ms take a first message */
#define WZP_MAX_RATE_MAX_BPS      UINT64_C(10000000000)
#define WZP_REKEY_MIN_NS          (60 * WZP_S) /* the default of rekey_min_ns */

struct wzp_endpoint_limits {
    uint32_t sessions_max;      /* sessions at once; a few more are held to refuse with */
    uint32_t half_open_max;     /* handshakes under way as responder */
    uint32_t first_rate;        /* first messages a second above which cookies are demanded */
    uint32_t send_queue_bytes;  /* MEDIA and KEY frames a session holds between two transmits; as many of
                                   REPAIR that is passed on */
    uint32_t video_queue_bytes; /* and those of video, which wait for the pacer */
    uint32_t stream_window;     /* bytes of stream 0 buffered in each direction */
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
    bool accepts;                                 /* answers handshakes, and what it forgot with resets */
    uint8_t reset_key[32]; /* of reset tokens: the same again after a restart; wiped like the seed */
    uint8_t versions[WZP_ENDPOINT_VERSIONS_MAX]; /* spoken, best first; the first is offered */
    uint8_t version_count;
    struct wzp_endpoint_limits limits;
    bool has_invitation;         /* connects under it (psk patterns) */
    uint8_t invitation[32];      /* wiped from the config by create */
    int64_t connect_deadline_ns; /* an attempt fails after this */
    int64_t idle_timeout_ns;     /* a session ends when nothing opened for so long */
    /* Whoever was not acknowledged for half the idle timeout, or as an initiator (its NAT may forget it) for
     * nat_timeout_ns, says PING, every 500 ms until it is. */
    int64_t nat_timeout_ns;
    /* Fresh hop keys (proto/04-keys.md) after so many packets sent under the present ones, or so long; none
     * is 0. Never sooner than rekey_min_ns after the last. */
    uint32_t rekey_packets;
    int64_t rekey_ns, rekey_min_ns;
    /* A session ends (KEYS_EXHAUSTED) when it sent so many packets, or so many did not open. */
    uint64_t packets_max, failed_opens_max;
    /* What this side sends at most in any 500 ms, IP and UDP headers counted, and what its peers are asked to
     * keep to towards it; 0: no bound. */
    uint64_t max_rate_bps;
    /* Which estimator says what a path carries, and from which rate it begins. AUTO: a session that has a
     * bound, its own or its peer's, keeps to that (FIXED), and ours measures where nobody told one. FIXED
     * with 0: none does, and nothing is paced. */
    enum wzp_estimate_kind estimate;
    uint64_t start_rate_bps; /* 0: max_rate_bps */
    uint64_t load_max_bps;   /* that a peer may ask for, to measure the way to it; 0: nothing */
    uint32_t wait_ms;        /* mouth to ear that a listener wishes at most, as peers are told; 0: no bound */
    int64_t gather_ns;       /* that a frame of media waits for others at most, once one left; 0: for none */
    bool passes_repair;      /* REPAIR frames are events, none are made and nothing is recovered */
};

#endif
