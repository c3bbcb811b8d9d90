// SPDX-License-Identifier: Apache-2.0
/*
 * A network in virtual time: nodes that are the product's own code, links between them, one heap of events.
 *
 * Laws: events come in the order of (time, insertion), so a seed replays byte for byte; the trace hash covers
 * time, node, event and datagram bytes of everything that happens here and everything nodes trace; a node is
 * driven exactly as outside (receive, advance at next_at, transmit until 0) and gets no memory after its
 * creation. Owns nodes' schedules, links and datagrams under way; what a node is made of belongs to whoever
 * adds it. docs/sim.md.
 */
#ifndef WZP_SIM_NET_H
#define WZP_SIM_NET_H

#include "base/addr.h"
#include "base/alloc.h"
#include "base/time.h"
#include "base/trace.h"
#include "sim/faults.h"
#include "sim/link.h"
#include "sim/nat.h"

#define SIM_DATAGRAM_MAX 1500
#define SIM_NODES_MAX    8192
#define SIM_TAPS_MAX     8
#define SIM_MOVES_MAX    250
#define SIM_NATS_MAX     64
#define SIM_NOBODY       UINT32_MAX /* in place of a node: who stands behind a spoofed address */

struct sim_net;

/* How a node is driven; relays and clients fill it. */
struct sim_node_ops {
    void (*receive)(void *node, const struct wzp_addr *from, uint8_t *datagram, size_t len, int64_t now_ns);
    size_t (*transmit)(void *node, int64_t now_ns, struct wzp_addr *to, uint8_t *datagram, size_t capacity);
    int64_t (*next_at)(const void *node);
    void (*advance)(void *node, int64_t now_ns);
    void (*settle)(void *node,
                   int64_t now_ns); /* after anything happened: take the node's events; may be NULL */
};

/* Counted as a router sees it, 28 bytes of header each. */
struct sim_wire {
    uint64_t bytes, packets;
};

/* A seen datagram. */
struct sim_tap_event {
    enum {
        SIM_TAP_SENT,      /* leaves its node */
        SIM_TAP_DELIVERED, /* is about to be received */
        SIM_TAP_LOST,      /* by the link, or its receiver has moved away */
        SIM_TAP_STRUCK,    /* spoofed: `from` is SIM_NOBODY */
    } kind;
    int64_t now_ns;
    unsigned from, to; /* nodes; SIM_NOBODY behind a spoofed address */
    struct wzp_addr from_addr, to_addr;
    const uint8_t *bytes;
    size_t len;
};
typedef void sim_tap(void *ctx, const struct sim_tap_event *event);

struct sim_net *sim_net_create(uint64_t seed);
void sim_net_destroy(struct sim_net *net);
uint64_t sim_net_seed(const struct sim_net *net);
int64_t sim_net_now(const struct sim_net *net);

/* The node's number. Its first address is made from it. */
unsigned sim_net_add(struct sim_net *net, const char *name, const struct sim_node_ops *ops, void *node);
struct wzp_addr sim_net_addr(unsigned node);
/* Where it is now. */
struct wzp_addr sim_net_addr_now(const struct sim_net *net, unsigned node);
/* From now on the node has another port, and another IP address if `is_far`: what is under way to the old one
 * or sent there later vanishes. The node itself is told nothing. At most SIM_MOVES_MAX times. */
void sim_net_move(struct sim_net *net, unsigned node, bool is_far);
unsigned sim_net_moves(const struct sim_net *net, unsigned node);
/* Datagrams that found nobody at their address. */
uint64_t sim_net_vanished(const struct sim_net *net, unsigned node);
const char *sim_net_name(const struct sim_net *net, unsigned node);
/* What a node's core is given: memory that is counted and closed after creation, a trace into the hash. */
struct wzp_alloc sim_net_alloc(struct sim_net *net, unsigned node);
struct wzp_trace sim_net_trace(struct sim_net *net, unsigned node);
void sim_net_close_memory(struct sim_net *net, unsigned node);
void sim_net_open_memory(struct sim_net *net, unsigned node); /* for a new process in its place */
uint64_t sim_net_bytes_held(const struct sim_net *net, unsigned node);
uint64_t sim_net_bytes_peak(const struct sim_net *net, unsigned node);
/* 32 bytes of the seed's own randomness for a node. */
void sim_net_secret(const struct sim_net *net, unsigned node, const char *purpose, uint8_t out[32]);

/* One direction; both nodes stand. Replaces what was there. */
void sim_net_connect(struct sim_net *net, unsigned from, unsigned to, const struct sim_link_params *params);
/* The stream of its luck under the net's seed (sim_link_init): of the first nodes' links a small number, of
 * all others' one that nothing else has. */
#define SIM_STREAM_NODES UINT64_C(128)
static inline uint64_t sim_net_link_stream(uint64_t from, uint64_t to)
{
    bool is_small = from < SIM_STREAM_NODES && to < SIM_STREAM_NODES;
    return is_small ? 1000 + from * SIM_STREAM_NODES + to : (from + 1) << 32 | to;
}
/* The link as it is, and what it does from now on (sim_link_set_params). */
const struct sim_link_params *sim_net_link_params(const struct sim_net *net, unsigned from, unsigned to);
void sim_net_link_set(struct sim_net *net, unsigned from, unsigned to, const struct sim_link_params *params);
const struct sim_link_counts *sim_net_link_counts(const struct sim_net *net, unsigned from, unsigned to);

/* Instead of links from node to node: an access of the node's own. What one such node sends to another takes
 * the sender's uplink and then the receiver's downlink, which all senders share. */
void sim_net_attach(struct sim_net *net, unsigned node, const struct sim_link_params *up,
                    const struct sim_link_params *down);
/* What they do from now on. */
void sim_net_access_set(struct sim_net *net, unsigned node, const struct sim_link_params *up,
                        const struct sim_link_params *down);
const struct sim_link_params *sim_net_uplink(const struct sim_net *net, unsigned node);
const struct sim_link_params *sim_net_downlink(const struct sim_net *net, unsigned node);
/* Sees each packet of `len` bytes that is offered to the node's downlink, and what becomes of it. One a node.
 */
typedef void sim_line_tap(void *ctx, int64_t now_ns, unsigned from, size_t len,
                          const struct sim_link_verdict *verdict);
void sim_net_tap_line(struct sim_net *net, unsigned node, sim_line_tap *tap, void *ctx);
/* A NAT before all links of the nodes that are put behind it; the world then sees it in their place. NULL:
 * there are SIM_NATS_MAX. Nodes behind one NAT reach each other by their own addresses as well. */
struct sim_nat *sim_net_nat(struct sim_net *net, const struct sim_nat_params *params);
struct sim_nat *sim_net_nat_at(const struct sim_net *net, unsigned index); /* in the order of their making */
unsigned sim_net_nat_count(const struct sim_net *net);
void sim_net_put_behind(struct sim_net *net, unsigned node, struct sim_nat *nat);
struct sim_nat *sim_net_nat_of(const struct sim_net *net, unsigned node); /* NULL: none */
/* Who cannot reach whom, and how quickly nodes serve what arrives; both to be changed at any time. */
struct sim_partitions *sim_net_partitions(struct sim_net *net);
struct sim_slow *sim_net_slow(struct sim_net *net, unsigned node);

/* Something of the node's own makes it due: looks after it at once. */
void sim_net_poke(struct sim_net *net, unsigned node);
/* Calls at a time. Callbacks at one time run in the order of asking. */
void sim_net_at(struct sim_net *net, int64_t at_ns, void (*call)(void *ctx, int64_t now_ns), void *ctx);
/* A datagram that an adversary sends in `from`'s name; it arrives after `delay_ns` without a link. */
void sim_net_inject(struct sim_net *net, unsigned from, unsigned to, const uint8_t *bytes, size_t len,
                    int64_t delay_ns);
/* A datagram of nobody's, from a spoofed address (never one of 10.0.0.0/8), is received at once. Hashed by
 * address and length alone: there may be very many. Answers vanish behind the node; taps see them. */
void sim_net_strike(struct sim_net *net, const struct wzp_addr *from, unsigned to, uint8_t *bytes,
                    size_t len);
/* UDP payload that came in strikes, and that was sent to spoofed addresses. */
struct sim_flood_counts {
    uint64_t packets, bytes;
    uint64_t answer_packets, answer_bytes;
};
const struct sim_flood_counts *sim_net_flood_counts(const struct sim_net *net);
/* Every datagram is preceded by a copy with one random bit flipped, until `count` were made. */
void sim_net_flip(struct sim_net *net, uint64_t count);
/* Instead of that, every packet of a handshake by a copy with one bit of its version flipped. */
void sim_net_flip_versions(struct sim_net *net, uint64_t count);
uint64_t sim_net_flips_left(const struct sim_net *net);

/* Packets so far without a sender (duplicates, injections, flipped copies), less those under way now. */
int64_t sim_net_surplus(const struct sim_net *net);
void sim_net_tap(struct sim_net *net, sim_tap *tap, void *ctx);
/* The node whose datagram is being received now, or -1. */
int sim_net_sender(const struct sim_net *net);
/* And from where it comes; NULL: none is being received. */
const struct wzp_addr *sim_net_sender_addr(const struct sim_net *net);
/* The node that is at work now, or -1: whoever drives a node outside the net's own events says so. */
int sim_net_current(const struct sim_net *net);
void sim_net_drive(struct sim_net *net, unsigned node);
/* Sees every trace event of a node. */
typedef void sim_trace_tap(void *ctx, int64_t now_ns, unsigned node, enum wzp_trace_kind kind, uint64_t a,
                           uint64_t b);
void sim_net_tap_trace(struct sim_net *net, sim_trace_tap *tap, void *ctx);

/* Sees what every link makes of every datagram it is offered. An access has one end, and
 * SIM_NOBODY at the other. */
typedef void sim_link_tap(void *ctx, unsigned from, unsigned to, size_t len,
                          const struct sim_link_verdict *verdict);
void sim_net_tap_links(struct sim_net *net, sim_link_tap *tap, void *ctx);

/* Runs until the given time; false when a safety law broke: sim_net_violation then says which. */
bool sim_net_run(struct sim_net *net, int64_t until_ns);
void sim_net_violate(struct sim_net *net, unsigned node, const char *what);
const char *sim_net_violation(const struct sim_net *net); /* NULL: none */

void sim_net_wire(const struct sim_net *net, unsigned node, struct sim_wire *up, struct sim_wire *down);
/* 32 hex digits and NUL. */
void sim_net_hash(const struct sim_net *net, char out[33]);

#endif
