// SPDX-License-Identifier: Apache-2.0
/* What a network in virtual time remembers: nodes, links, events. What is done with it: sim/net.c, which
 * alone includes this. */
#ifndef WZP_SIM_NET_STATE_H
#define WZP_SIM_NET_STATE_H

#include <xxhash.h>

#include "base/rng.h"
#include "sim/net.h"
#include "sim/paths.h"

struct node {
    char name[32];
    const struct sim_node_ops *ops;
    void *self;
    int64_t timer_ns; /* of the one live timer event */
    int64_t busy_ns;  /* when it was last looked after, and how often at that moment */
    unsigned busy_count;
    struct sim_wire up, down;
    bool memory_closed;
    uint64_t bytes_held, bytes_peak;
    struct wzp_addr addr[1 + SIM_MOVES_MAX]; /* all it ever had */
    unsigned moves;
    uint64_t vanished;
    bool is_attached;
    struct sim_link uplink, downlink;
    sim_line_tap *line_tap;
    void *line_ctx;
    struct sim_nat *nat;
    struct sim_slow slow;
    struct sim_net *net;
    unsigned index;
};

enum kind {
    DELIVER,
    ENTER, /* comes out of an uplink and goes into the receiver's downlink */
    TIMER,
    CALL,
};

/* When an event is due: what the heap moves about. */
struct due {
    int64_t at_ns;
    uint64_t order;
    uint32_t event;
};

struct event {
    int64_t at_ns;
    enum kind kind;
    unsigned from, to;
    struct wzp_addr from_addr, to_addr;
    uint8_t *bytes;
    size_t len;
    bool is_served; /* by a slow node */
    void (*call)(void *ctx, int64_t now_ns);
    void *ctx;
};

struct sim_net {
    uint64_t seed;
    int64_t now_ns;
    uint64_t order;
    struct node **node; /* each stays where it is */
    unsigned node_count, node_capacity;
    struct sim_paths paths;
    struct due *heap; /* behind the first heap_count: the free places among the events */
    struct event *events;
    size_t heap_count, heap_capacity;
    XXH3_state_t *hash; /* of all that happened: against chance, not against liars */
    struct {
        sim_tap *tap;
        void *ctx;
    } tap[SIM_TAPS_MAX];
    unsigned tap_count;
    struct {
        sim_trace_tap *tap;
        void *ctx;
    } trace_tap[SIM_TAPS_MAX];
    unsigned trace_tap_count;
    struct {
        sim_link_tap *tap;
        void *ctx;
    } link_tap[SIM_TAPS_MAX];
    unsigned link_tap_count;
    struct wzp_rng flip_rng;
    uint64_t flips_left;
    bool flips_version;
    int sender, current;
    const struct wzp_addr *sender_addr;
    struct sim_flood_counts flood;
    struct sim_nat *nat[SIM_NATS_MAX];
    unsigned nat_count;
    struct sim_partitions partitions;
    uint64_t made; /* packets without a sender */
    char violation[160];
};

#endif
