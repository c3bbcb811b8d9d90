// SPDX-License-Identifier: Apache-2.0
/* What can be asked of an endpoint (session/endpoint.h) and of one of its sessions: plain numbers. */
#ifndef WZP_SESSION_FACTS_H
#define WZP_SESSION_FACTS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/addr.h"
#include "media/cover.h"
#include "media/split.h"
#include "wire/wire.h"

struct wzp_session_facts {
    bool is_initiator;
    bool is_overflow; /* beyond sessions_max: only here to be refused */
    bool has_keys;
    bool is_invited; /* the handshake proved that both hold an invitation */
    struct wzp_addr peer_addr;
    uint8_t peer_static[32]; /* valid with keys */
    int64_t heard_at_ns;     /* when a packet of the peer opened last */
    int64_t rtt_ns;          /* smoothed; the initial guess before a sample */
    int64_t rtt_min_ns;     /* the smallest sample; before one what the handshake took, 0: nothing is known */
    int64_t rtt_latest_ns;  /* the newest sample, less the peer's delay ... */
    uint64_t rtt_samples;   /* ... of so many */
    unsigned loss_permille; /* of our packets to the peer, as its acknowledgements and reports show */
    unsigned burst_16;      /* mean run of lost ones, in 1/16 packets; 16 where none is known */
    struct wzp_cover_path path; /* to the peer, as it is to be planned for ... */
    unsigned path_packets;      /* ... which rests on so many packets ... */
    bool is_path_known;         /* ... or is feared while few were judged ... */
    bool is_path_remembered;    /* ... or remembered, while the peer tells nothing of it */
    int64_t path_horizon_ns;    /* how long repair may take for what is feared; 0: as long as pays */
    uint32_t peer_jitter_us;    /* of our packets on their way, from its reports */
    bool has_feedback;          /* one came within the last 2 s */
    unsigned loss_in_permille, burst_in_16,
        judged_in;                  /* the same of the peer's packets to us, as last reported */
    unsigned plan_loss_in_permille; /* of them as it is to be planned for */
    uint64_t bound_bps;             /* told, here or by the peer, or assumed at first; 0: none */
    bool is_rate_assumed;           /* nothing is known yet of what the path carries */
    uint64_t rate_bps; /* what may leave: our bound, the peer's, and what the path carries; 0: no bound */
    uint64_t plan_bps; /* what speech is planned for: as above, with neither less for a queue that drains nor
                          what is known as the least only */
    struct wzp_split share;          /* of it: of speech, pictures and streams */
    bool has_streams, takes_streams; /* something of a stream leaves, comes, or did in the last second */
    uint64_t rate_in_bps;            /* what may come, as the peer says; 0: it does not */
    bool peer_passes_repair;         /* the peer only hands REPAIR frames on */
    struct wzp_cover repair;         /* what our repair of this hop is planned to be */
    int64_t repair_horizon_in_ns;    /* how long after a frame the peer's repair of it may come */
    uint64_t rekeys;                 /* done */
    bool is_path_proven;             /* the peer's address is */
    size_t mtu;        /* bytes of UDP payload that the path to the peer takes, as far as is known ... */
    bool is_mtu_found; /* ... and no larger one is looked for now */
};

struct wzp_endpoint_counters {
    uint64_t packets_in, bytes_in, packets_out, bytes_out; /* UDP payload */
    uint64_t drops[WZP_DROP_COUNT];
    uint64_t repairs_out, repairs_in; /* REPAIR frames */
    uint64_t media_repaired;          /* frames that came out of them */
    uint64_t resets_out;
    uint64_t moves;         /* a peer was heard from another address */
    uint64_t path_failures; /* that could not be proven */
    uint64_t black_holes;   /* paths that swallowed what they took before */
    uint64_t handshakes_done, handshakes_failed, handshakes_rejected_version;
    uint64_t rekeys; /* done, of all sessions */
    uint64_t cookies_sent;
    /* Whole packets that carry media, and that carry repair alone; feedback: its whole packets where it left
     * alone, else its frames. IP and UDP headers counted. */
    uint64_t media_bytes_out, repair_bytes_out, feedback_bytes_out;
    uint64_t feedback_out; /* FEEDBACK frames */
    uint32_t sessions, half_open;
};

#endif
