// SPDX-License-Identifier: Apache-2.0
/*
 * What a network carries to a relay and back, measured by a session of its own: no room is joined, nothing is
 * said. Round trips while nothing else is sent, then each way filled in turn, then the largest datagram.
 *
 *     CONNECTING -> QUIET 2 s -> UP load_ns -> DOWN load_ns -> SIZE -> LEAVING -> OVER
 *
 * Laws: at most load_max_bps is sent and asked for; what a way carries and loses is taken over the second
 * half of its load, when the estimate has found it; a way that nobody estimates has rate 0, not a guess. It
 * ends by itself: 30 s for connecting, two loads, and 12 s at most. Under a known key another key than that
 * one ends it (RELAY_KEY). Pulled like an endpoint (session/endpoint.h); nothing to poll. Memory only at
 * creation.
 *
 * Not here: the estimate (link/estimate.h), words for people (run/netcheck_text.h).
 */
#ifndef WZP_CALL_NETCHECK_H
#define WZP_CALL_NETCHECK_H

#include "media/plan.h"
#include "session/endpoint.h"

#define WZP_NETCHECK_LOAD_NS_MAX (10 * WZP_S) /* a relay grants no more at a time */

struct wzp_netcheck_config {
    struct wzp_endpoint_config endpoint; /* whole; `estimate` is who tells what the way up carries */
    struct wzp_addr relay;
    bool has_relay_static; /* IK when true */
    uint8_t relay_static[32];
    int64_t load_ns; /* of each way, WZP_NETCHECK_LOAD_NS_MAX at most */
    uint64_t load_max_bps;
};

/* 8 s of load, 20 Mbit/s at most, our own estimate beginning at 300 kbit/s. */
struct wzp_netcheck_config wzp_netcheck_config_default(void);

enum wzp_netcheck_phase {
    WZP_NETCHECK_CONNECTING,
    WZP_NETCHECK_QUIET,
    WZP_NETCHECK_UP,
    WZP_NETCHECK_DOWN,
    WZP_NETCHECK_SIZE,
    WZP_NETCHECK_LEAVING,
    WZP_NETCHECK_OVER,
};

/* One direction, under load. */
struct wzp_netcheck_way {
    uint64_t rate_bps;    /* that it carries, as estimated; 0: unknown, and so is what it loses */
    bool is_rate_more;    /* or more: no more was tried, or the estimate was still rising */
    uint64_t arrived_bps; /* of all that was sent, headers counted */
    unsigned loss_permille, burst_16;
    int64_t jitter_ns; /* RFC 3550; -1: unknown */
    int64_t queue_ns;  /* mean round trip under load above that without; -1: unknown */
};

struct wzp_netcheck_result {
    bool is_complete;             /* every phase was gone through */
    enum wzp_close_reason reason; /* of one that is not complete: why it ended; LEFT: it was told to */
    uint8_t versions[WZP_ENDPOINT_VERSIONS_MAX]; /* reason VERSION: what the relay speaks */
    unsigned version_count;
    bool has_relay_static; /* the relay proved it, or, reason RELAY_KEY, somebody else did */
    uint8_t relay_static[32];
    int64_t handshake_ns; /* from the first message until both hold keys; 0: they never did */
    unsigned round_trips; /* measured while it was quiet */
    int64_t rtt_min_ns, rtt_mean_ns, rtt_max_ns;
    int64_t rtt_jitter_ns; /* mean difference of two in a row */
    struct wzp_netcheck_way up, down;
    size_t mtu; /* bytes of UDP payload that the way up takes */
};

struct wzp_netcheck;

/* NULL: out of memory. Secrets in the config are wiped. */
struct wzp_netcheck *wzp_netcheck_create(struct wzp_netcheck_config *config);
void wzp_netcheck_destroy(struct wzp_netcheck *check);

enum wzp_err wzp_netcheck_start(struct wzp_netcheck *check, int64_t now_ns);
/* Ends it before its time; the goodbye still goes out. */
void wzp_netcheck_stop(struct wzp_netcheck *check, int64_t now_ns);

void wzp_netcheck_receive(struct wzp_netcheck *check, const struct wzp_addr *from, uint8_t *datagram,
                          size_t len, int64_t now_ns);
size_t wzp_netcheck_transmit(struct wzp_netcheck *check, int64_t now_ns, struct wzp_addr *to,
                             uint8_t *datagram, size_t capacity);
unsigned wzp_netcheck_dscp(const struct wzp_netcheck *check);
int64_t wzp_netcheck_next_at(const struct wzp_netcheck *check);
void wzp_netcheck_advance(struct wzp_netcheck *check, int64_t now_ns);

enum wzp_netcheck_phase wzp_netcheck_phase(const struct wzp_netcheck *check);
/* What the session says now, for who watches. False: there is none. */
bool wzp_netcheck_facts(const struct wzp_netcheck *check, struct wzp_session_facts *facts);
/* As far as it is measured; whole when it is over. */
struct wzp_netcheck_result wzp_netcheck_result(const struct wzp_netcheck *check);

/* What a call would speak as over two such networks, a speaker's and a listener's, with the relay between.
 * A way down that the relay did not fill is taken to be like the way up. */
struct wzp_plan wzp_netcheck_plan(struct wzp_netcheck *check);
/* Some speech fits both ways. */
bool wzp_netcheck_takes_speech(const struct wzp_plan *plan, const struct wzp_netcheck_result *result);
/* How long so many bytes of a file take over the way; 0: unknown. */
int64_t wzp_netcheck_file_ns(const struct wzp_netcheck_way *way, uint64_t bytes);

#endif
