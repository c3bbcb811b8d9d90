// SPDX-License-Identifier: Apache-2.0
#include "sim/net_state.h"

#include "base/check.h"
#include "base/rng.h"
#include "wire/wire.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RESTLESS      1000 /* timers of one node at one moment */
#define HOME_NET      10   /* first byte of the addresses of all nodes; spoofed ones begin otherwise */
#define BLOCK         128u /* nodes whose addresses have one second byte; SIM_NODES_MAX stay below NATs */
#define NAT_NET       100  /* second byte of the addresses of NATs, and above */
#define STREAM_FLIP   1
#define STREAM_ACCESS (1000 + SIM_STREAM_NODES * SIM_STREAM_NODES) /* + 2 * node, + 1 for its downlink */

/* ---- the trace hash ---- */

enum hashed {
    HASHED_TAP = 1, /* + kind */
    HASHED_STRIKE = 15,
    HASHED_TRACE = 16, /* + kind */
};

static void hash_event(struct sim_net *net, unsigned node, unsigned event, const void *bytes, size_t len)
{
    const uint64_t head[3] = {(uint64_t)net->now_ns, (uint64_t)node << 32 | event, len};
    XXH3_128bits_update(net->hash, head, sizeof head);
    XXH3_128bits_update(net->hash, bytes, len);
}

void sim_net_hash(const struct sim_net *net, char out[33])
{
    XXH128_hash_t hash = XXH3_128bits_digest(net->hash);
    snprintf(out, 33, "%016" PRIx64 "%016" PRIx64, hash.high64, hash.low64);
}

static void on_trace(void *ctx, int64_t now_ns, enum wzp_trace_kind kind, uint32_t session, uint64_t a,
                     uint64_t b)
{
    struct node *node = ctx;
    struct sim_net *net = node->net;
    uint64_t values[3] = {session, a, b};
    hash_event(net, node->index, HASHED_TRACE + kind, values, sizeof values);
    for (unsigned i = 0; i < net->trace_tap_count; i++)
        net->trace_tap[i].tap(net->trace_tap[i].ctx, now_ns, node->index, kind, a, b);
}

struct wzp_trace sim_net_trace(struct sim_net *net, unsigned node)
{
    return (struct wzp_trace){on_trace, net->node[node]};
}

/* `way` says who sent what to whom. */
static void tell_taps(struct sim_net *net, int kind, const struct event *way, const uint8_t *bytes)
{
    hash_event(net, kind == SIM_TAP_DELIVERED ? way->to : way->from, HASHED_TAP + (unsigned)kind, bytes,
               way->len);
    struct sim_tap_event event = {.now_ns = net->now_ns,
                                  .from = way->from,
                                  .to = way->to,
                                  .from_addr = way->from_addr,
                                  .to_addr = way->to_addr,
                                  .bytes = bytes,
                                  .len = way->len};
    event.kind = kind;
    for (unsigned i = 0; i < net->tap_count; i++)
        net->tap[i].tap(net->tap[i].ctx, &event);
}

void sim_net_tap(struct sim_net *net, sim_tap *tap, void *ctx)
{
    WZP_CHECK(net->tap_count < SIM_TAPS_MAX);
    net->tap[net->tap_count].tap = tap;
    net->tap[net->tap_count++].ctx = ctx;
}

void sim_net_tap_trace(struct sim_net *net, sim_trace_tap *tap, void *ctx)
{
    WZP_CHECK(net->trace_tap_count < SIM_TAPS_MAX);
    net->trace_tap[net->trace_tap_count].tap = tap;
    net->trace_tap[net->trace_tap_count++].ctx = ctx;
}

void sim_net_tap_links(struct sim_net *net, sim_link_tap *tap, void *ctx)
{
    WZP_CHECK(net->link_tap_count < SIM_TAPS_MAX);
    net->link_tap[net->link_tap_count].tap = tap;
    net->link_tap[net->link_tap_count++].ctx = ctx;
}

/* ---- the heap ---- */

static bool is_before(const struct due *a, const struct due *b)
{
    return a->at_ns != b->at_ns ? a->at_ns < b->at_ns : a->order < b->order;
}

static void widen(struct sim_net *net)
{
    size_t from = net->heap_capacity;
    net->heap_capacity = from ? 2 * from : 256;
    net->heap = realloc(net->heap, net->heap_capacity * sizeof *net->heap);
    net->events = realloc(net->events, net->heap_capacity * sizeof *net->events);
    WZP_CHECK(net->heap && net->events && net->heap_capacity <= UINT32_MAX);
    for (size_t i = from; i < net->heap_capacity; i++)
        net->heap[i].event = (uint32_t)i;
}

static void push(struct sim_net *net, const struct event *event)
{
    if (net->heap_count == net->heap_capacity)
        widen(net);
    size_t i = net->heap_count++;
    const struct due due = {event->at_ns, net->order++, net->heap[i].event};
    net->events[due.event] = *event;
    for (size_t parent; i > 0 && is_before(&due, &net->heap[parent = (i - 1) / 2]); i = parent)
        net->heap[i] = net->heap[parent];
    net->heap[i] = due;
}

static struct event pop(struct sim_net *net)
{
    const struct due first = net->heap[0], last = net->heap[--net->heap_count];
    size_t i = 0;
    for (size_t child; (child = 2 * i + 1) < net->heap_count; i = child) {
        if (child + 1 < net->heap_count && is_before(&net->heap[child + 1], &net->heap[child]))
            child++;
        if (!is_before(&net->heap[child], &last))
            break;
        net->heap[i] = net->heap[child];
    }
    net->heap[i] = last;
    net->heap[net->heap_count].event = first.event;
    return net->events[first.event];
}

/* ---- making ---- */

struct sim_net *sim_net_create(uint64_t seed)
{
    struct sim_net *net = calloc(1, sizeof *net);
    WZP_CHECK(net);
    net->seed = seed;
    net->sender = net->current = -1;
    net->flip_rng = wzp_rng_make(seed, STREAM_FLIP);
    net->hash = XXH3_createState();
    WZP_CHECK(net->hash);
    XXH3_128bits_reset(net->hash);
    return net;
}

void sim_net_destroy(struct sim_net *net)
{
    for (size_t i = 0; i < net->heap_count; i++)
        free(net->events[net->heap[i].event].bytes);
    for (unsigned i = 0; i < net->node_count; i++) {
        sim_link_close(&net->node[i]->uplink);
        sim_link_close(&net->node[i]->downlink);
        free(net->node[i]);
    }
    sim_paths_close(&net->paths);
    while (net->nat_count > 0)
        sim_nat_destroy(net->nat[--net->nat_count]);
    sim_partitions_clear(&net->partitions);
    free(net->heap);
    free(net->events);
    free(net->node);
    XXH3_freeState(net->hash);
    free(net);
}

uint64_t sim_net_seed(const struct sim_net *net)
{
    return net->seed;
}

int sim_net_sender(const struct sim_net *net)
{
    return net->sender;
}

const struct wzp_addr *sim_net_sender_addr(const struct sim_net *net)
{
    return net->sender_addr;
}

int sim_net_current(const struct sim_net *net)
{
    return net->current;
}

void sim_net_drive(struct sim_net *net, unsigned node)
{
    net->current = (int)node;
}
int64_t sim_net_now(const struct sim_net *net)
{
    return net->now_ns;
}

unsigned sim_net_add(struct sim_net *net, const char *name, const struct sim_node_ops *ops, void *self)
{
    WZP_CHECK(net->node_count < SIM_NODES_MAX);
    if (net->node_count == net->node_capacity) {
        net->node_capacity = net->node_capacity ? 2 * net->node_capacity : 16;
        net->node = realloc(net->node, net->node_capacity * sizeof *net->node);
        WZP_CHECK(net->node);
    }
    unsigned index = net->node_count++;
    net->node[index] = calloc(1, sizeof *net->node[index]);
    WZP_CHECK(net->node[index]);
    *net->node[index] = (struct node){
        .ops = ops, .self = self, .timer_ns = WZP_NEVER, .net = net, .index = index};
    net->node[index]->addr[0] = sim_net_addr(index);
    snprintf(net->node[index]->name, sizeof net->node[index]->name, "%s", name);
    return index;
}

/* 10.0.0.1 and so on, behind the first BLOCK 10.1.0.1 and so on, mapped into IPv6; every node listens at port
 * 4433 until it moves. */
struct wzp_addr sim_net_addr(unsigned node)
{
    struct wzp_addr addr = {.ip = {[10] = 0xff,
                                   [11] = 0xff,
                                   [12] = HOME_NET,
                                   [13] = (uint8_t)(node / BLOCK),
                                   [15] = (uint8_t)(node % BLOCK + 1)},
                            .port = 4433};
    return addr;
}

struct wzp_addr sim_net_addr_now(const struct sim_net *net, unsigned node)
{
    return net->node[node]->addr[net->node[node]->moves];
}

/* To 10.x.1.1, 10.x.2.1 and so on; every move and every rebinding takes the next port. */
void sim_net_move(struct sim_net *net, unsigned index, bool is_far)
{
    struct node *node = net->node[index];
    WZP_CHECK(node->moves < SIM_MOVES_MAX);
    struct wzp_addr addr = node->addr[node->moves++];
    addr.port++;
    addr.ip[14] = (uint8_t)(addr.ip[14] + is_far);
    node->addr[node->moves] = addr;
}

unsigned sim_net_moves(const struct sim_net *net, unsigned node)
{
    return net->node[node]->moves;
}

uint64_t sim_net_vanished(const struct sim_net *net, unsigned node)
{
    return net->node[node]->vanished;
}
/* The node that has this address, or had it; SIM_NOBODY. */
static unsigned node_at(const struct sim_net *net, const struct wzp_addr *addr)
{
    unsigned index = addr->ip[13] * BLOCK + addr->ip[15] - 1u;
    for (unsigned i = 0; index < net->node_count && i <= net->node[index]->moves; i++)
        if (wzp_addr_equal(&net->node[index]->addr[i], addr))
            return index;
    return SIM_NOBODY;
}

const char *sim_net_name(const struct sim_net *net, unsigned node)
{
    return net->node[node]->name;
}

static void *node_get(void *ctx, size_t size)
{
    struct node *node = ctx;
    if (node->memory_closed)
        sim_net_violate(node->net, node->index, "asked for memory after its creation");
    node->bytes_held += size;
    if (node->bytes_held > node->bytes_peak)
        node->bytes_peak = node->bytes_held;
    return calloc(1, size);
}

static void node_put(void *ctx, void *memory, size_t size)
{
    struct node *node = ctx;
    node->bytes_held -= size;
    free(memory);
}

struct wzp_alloc sim_net_alloc(struct sim_net *net, unsigned node)
{
    return (struct wzp_alloc){node_get, node_put, net->node[node]};
}

void sim_net_close_memory(struct sim_net *net, unsigned node)
{
    net->node[node]->memory_closed = true;
}

void sim_net_open_memory(struct sim_net *net, unsigned node)
{
    net->node[node]->memory_closed = false;
}

uint64_t sim_net_bytes_held(const struct sim_net *net, unsigned node)
{
    return net->node[node]->bytes_held;
}
uint64_t sim_net_bytes_peak(const struct sim_net *net, unsigned node)
{
    return net->node[node]->bytes_peak;
}

void sim_net_secret(const struct sim_net *net, unsigned node, const char *purpose, uint8_t out[32])
{
    uint64_t head[2] = {net->seed, node};
    crypto_generichash_blake2b_state state;
    crypto_generichash_blake2b_init(&state, NULL, 0, 32);
    crypto_generichash_blake2b_update(&state, (const uint8_t *)head, sizeof head);
    crypto_generichash_blake2b_update(&state, (const uint8_t *)purpose, strlen(purpose));
    crypto_generichash_blake2b_final(&state, out, 32);
}

/* Of nodes that are not connected: a link that nothing passes. */
static const struct sim_link *link_of(const struct sim_net *net, unsigned from, unsigned to)
{
    static const struct sim_link none;
    const struct sim_path *path = sim_paths_find(&net->paths, from, to);
    return path ? &path->link : &none;
}

void sim_net_connect(struct sim_net *net, unsigned from, unsigned to, const struct sim_link_params *params)
{
    struct sim_path *path = sim_paths_make(&net->paths, from, to);
    sim_link_close(&path->link);
    sim_link_init(&path->link, params, net->seed, sim_net_link_stream(from, to));
}

const struct sim_link_params *sim_net_link_params(const struct sim_net *net, unsigned from, unsigned to)
{
    return &link_of(net, from, to)->params;
}

void sim_net_link_set(struct sim_net *net, unsigned from, unsigned to, const struct sim_link_params *params)
{
    struct sim_path *path = sim_paths_find(&net->paths, from, to);
    WZP_CHECK(path);
    sim_link_set_params(&path->link, params);
}

const struct sim_link_counts *sim_net_link_counts(const struct sim_net *net, unsigned from, unsigned to)
{
    return &link_of(net, from, to)->counts;
}

void sim_net_attach(struct sim_net *net, unsigned index, const struct sim_link_params *up,
                    const struct sim_link_params *down)
{
    struct node *node = net->node[index];
    node->is_attached = true;
    sim_link_init(&node->uplink, up, net->seed, STREAM_ACCESS + 2 * index);
    sim_link_init(&node->downlink, down, net->seed, STREAM_ACCESS + 2 * index + 1);
}

void sim_net_access_set(struct sim_net *net, unsigned node, const struct sim_link_params *up,
                        const struct sim_link_params *down)
{
    sim_link_set_params(&net->node[node]->uplink, up);
    sim_link_set_params(&net->node[node]->downlink, down);
}

const struct sim_link_params *sim_net_uplink(const struct sim_net *net, unsigned node)
{
    return &net->node[node]->uplink.params;
}

const struct sim_link_params *sim_net_downlink(const struct sim_net *net, unsigned node)
{
    return &net->node[node]->downlink.params;
}

void sim_net_tap_line(struct sim_net *net, unsigned node, sim_line_tap *tap, void *ctx)
{
    net->node[node]->line_tap = tap;
    net->node[node]->line_ctx = ctx;
}

struct sim_nat *sim_net_nat(struct sim_net *net, const struct sim_nat_params *params)
{
    if (net->nat_count == SIM_NATS_MAX)
        return NULL;
    uint8_t ip[16] = {[10] = 0xff, [11] = 0xff, [12] = HOME_NET, [13] = (uint8_t)(NAT_NET + net->nat_count)};
    return net->nat[net->nat_count++] = sim_nat_create(params, ip);
}

struct sim_nat *sim_net_nat_at(const struct sim_net *net, unsigned index)
{
    return net->nat[index];
}

unsigned sim_net_nat_count(const struct sim_net *net)
{
    return net->nat_count;
}

void sim_net_put_behind(struct sim_net *net, unsigned node, struct sim_nat *nat)
{
    net->node[node]->nat = nat;
}

struct sim_nat *sim_net_nat_of(const struct sim_net *net, unsigned node)
{
    return net->node[node]->nat;
}

struct sim_partitions *sim_net_partitions(struct sim_net *net)
{
    return &net->partitions;
}

struct sim_slow *sim_net_slow(struct sim_net *net, unsigned node)
{
    return &net->node[node]->slow;
}

/* ---- running ---- */

void sim_net_violate(struct sim_net *net, unsigned node, const char *what)
{
    if (!net->violation[0])
        snprintf(net->violation, sizeof net->violation, "at %.6f s: %s: %s", (double)net->now_ns / WZP_S,
                 node < net->node_count ? net->node[node]->name : "the world", what);
}

const char *sim_net_violation(const struct sim_net *net)
{
    return net->violation[0] ? net->violation : NULL;
}

static void deliver_later(struct sim_net *net, const struct event *way, const uint8_t *bytes, int64_t at_ns,
                          int64_t flip_bit)
{
    struct event event = *way;
    event.bytes = malloc(way->len ? way->len : 1);
    WZP_CHECK(event.bytes);
    memcpy(event.bytes, bytes, way->len);
    sim_link_flip(event.bytes, flip_bit);
    event.at_ns = at_ns;
    push(net, &event);
}

int64_t sim_net_surplus(const struct sim_net *net)
{
    int64_t count = (int64_t)net->made;
    for (size_t i = 0; i < net->heap_count; i++) {
        enum kind kind = net->events[net->heap[i].event].kind;
        count -= kind == DELIVER || kind == ENTER;
    }
    return count;
}

/* `way->kind` says what follows at the link's end. */
static void pass(struct sim_net *net, struct sim_link *link, const struct event *way, const uint8_t *bytes,
                 struct sim_link_verdict *verdict)
{
    sim_link_send(link, net->now_ns, way->len, verdict);
    if (verdict->fate != SIM_LINK_DELIVERED)
        tell_taps(net, SIM_TAP_LOST, way, bytes);
    for (unsigned i = 0; i < verdict->copies; i++)
        deliver_later(net, way, bytes, verdict->copy[i].at_ns, verdict->copy[i].flip_bit);
    net->made += verdict->copies > 1 ? verdict->copies - 1 : 0;
}

static void tell_link_taps(const struct sim_net *net, unsigned from, unsigned to, size_t len,
                           const struct sim_link_verdict *verdict)
{
    for (unsigned i = 0; i < net->link_tap_count; i++)
        net->link_tap[i].tap(net->link_tap[i].ctx, from, to, len, verdict);
}

static void enter(struct sim_net *net, const struct event *event)
{
    struct node *node = net->node[event->to];
    struct event way = *event;
    struct sim_link_verdict verdict;
    way.kind = DELIVER;
    // NOLINTNEXTLINE(clang-analyzer-unix.Malloc): not freed before, as in sim_net_run
    pass(net, &node->downlink, &way, event->bytes, &verdict);
    tell_link_taps(net, SIM_NOBODY, event->to, event->len, &verdict);
    if (node->line_tap)
        node->line_tap(node->line_ctx, net->now_ns, event->from, event->len, &verdict);
}

/* The datagram passes the NATs on its way out: `way` then says who really gets it, and whom it seems to come
 * from. False: it ends there. */
static bool pass_nats(struct sim_net *net, struct event *way)
{
    struct sim_nat *own = net->node[way->from]->nat, *other = NULL;
    struct wzp_addr inside;
    for (unsigned i = 0; i < net->nat_count && !other; i++)
        other = sim_nat_is_at(net->nat[i], &way->to_addr) ? net->nat[i] : NULL;
    bool is_neighbour = own && way->to != SIM_NOBODY && net->node[way->to]->nat == own;
    if (own && !is_neighbour) {
        struct wzp_addr from = way->from_addr;
        if ((other == own && !sim_nat_params(own)->hairpin) ||
            !sim_nat_out(own, &from, &way->to_addr, net->now_ns, &way->from_addr))
            return false;
    }
    if (other) {
        if (!sim_nat_look(other, &way->to_addr, net->now_ns, &inside))
            return false;
        way->to = node_at(net, &inside);
    }
    return way->to == SIM_NOBODY || other || is_neighbour || !net->node[way->to]->nat;
}

/* It has arrived at the NAT of its receiver, or at the receiver itself: does it get there? */
static bool is_let_in(struct sim_net *net, const struct event *event)
{
    struct sim_nat *nat = net->node[event->to]->nat;
    struct wzp_addr here = sim_net_addr_now(net, event->to), to = event->to_addr;
    if (nat && sim_nat_is_at(nat, &to) &&
        !sim_nat_in(nat, &event->from_addr, &event->to_addr, net->now_ns, &to))
        return false;
    return wzp_addr_equal(&to, &here);
}

static void send(struct sim_net *net, unsigned from, const struct wzp_addr *to_addr, const uint8_t *bytes,
                 size_t len)
{
    struct event way = {.from = from,
                        .to = node_at(net, to_addr),
                        .from_addr = sim_net_addr_now(net, from),
                        .to_addr = *to_addr,
                        .len = len};
    bool passes = net->nat_count == 0 || pass_nats(net, &way);
    net->node[from]->up.packets++;
    net->node[from]->up.bytes += len + SIM_LINK_HEADER_BYTES;
    tell_taps(net, SIM_TAP_SENT, &way, bytes);
    if (!passes || (net->partitions.count && way.to != SIM_NOBODY &&
                    sim_partitions_cut(&net->partitions, from, way.to, net->now_ns))) {
        tell_taps(net, SIM_TAP_LOST, &way, bytes);
        return;
    }
    if (way.to == SIM_NOBODY && to_addr->ip[12] != HOME_NET && net->flood.packets > 0) {
        net->flood.answer_packets++;
        net->flood.answer_bytes += len;
        return;
    }
    struct sim_path *path = way.to != SIM_NOBODY ? sim_paths_find(&net->paths, from, way.to) : NULL;
    bool is_access = !path && way.to != SIM_NOBODY && net->node[from]->is_attached &&
                     net->node[way.to]->is_attached;
    if (!path && !is_access) {
        sim_net_violate(net, from, "sent to an address that was never told to it");
        return;
    }
    struct sim_link_verdict verdict;
    way.kind = is_access ? ENTER : DELIVER;
    pass(net, is_access ? &net->node[from]->uplink : &path->link, &way, bytes, &verdict);
    tell_link_taps(net, from, is_access ? SIM_NOBODY : way.to, len, &verdict);
}

void sim_net_inject(struct sim_net *net, unsigned from, unsigned to, const uint8_t *bytes, size_t len,
                    int64_t delay_ns)
{
    struct event way = {.from = from,
                        .to = to,
                        .from_addr = sim_net_addr_now(net, from),
                        .to_addr = sim_net_addr_now(net, to),
                        .len = len};
    net->made++;
    deliver_later(net, &way, bytes, net->now_ns + delay_ns, -1);
}

/* What a node says now, and when it wants to be looked after again. */
void sim_net_poke(struct sim_net *net, unsigned index)
{
    struct node *node = net->node[index];
    uint8_t bytes[SIM_DATAGRAM_MAX];
    struct wzp_addr to;
    size_t len;
    net->current = (int)index;
    if (node->ops->settle)
        node->ops->settle(node->self, net->now_ns);
    while (!net->violation[0] &&
           (len = node->ops->transmit(node->self, net->now_ns, &to, bytes, sizeof bytes)) > 0)
        send(net, index, &to, bytes, len);
    int64_t next_ns = wzp_time_max(node->ops->next_at(node->self), net->now_ns);
    if (next_ns < node->timer_ns) {
        node->timer_ns = next_ns;
        push(net, &(struct event){.at_ns = next_ns, .kind = TIMER, .to = index});
    }
}

void sim_net_at(struct sim_net *net, int64_t at_ns, void (*call)(void *ctx, int64_t now_ns), void *ctx)
{
    push(net,
         &(struct event){.at_ns = wzp_time_max(at_ns, net->now_ns), .kind = CALL, .call = call, .ctx = ctx});
}

void sim_net_flip(struct sim_net *net, uint64_t count)
{
    net->flips_left = count;
    net->flips_version = false;
}

void sim_net_flip_versions(struct sim_net *net, uint64_t count)
{
    net->flips_left = count;
    net->flips_version = true;
}

uint64_t sim_net_flips_left(const struct sim_net *net)
{
    return net->flips_left;
}

static void hand_over(struct sim_net *net, const struct wzp_addr *from, unsigned to, uint8_t *bytes,
                      size_t len)
{
    struct node *node = net->node[to];
    net->current = (int)to;
    net->sender_addr = from;
    node->ops->receive(node->self, from, bytes, len, net->now_ns);
    net->sender = -1;
    net->sender_addr = NULL;
    sim_net_poke(net, to);
}

static void receive(struct sim_net *net, const struct event *event, uint8_t *bytes)
{
    tell_taps(net, SIM_TAP_DELIVERED, event, bytes);
    net->sender = (int)event->from;
    hand_over(net, &event->from_addr, event->to, bytes, event->len);
}

void sim_net_strike(struct sim_net *net, const struct wzp_addr *from, unsigned to, uint8_t *bytes, size_t len)
{
    WZP_CHECK(from->ip[12] != HOME_NET);
    uint16_t said[10] = {from->port, (uint16_t)len};
    memcpy(&said[2], from->ip, sizeof from->ip);
    hash_event(net, to, HASHED_STRIKE, said, sizeof said);
    struct sim_tap_event event = {.kind = SIM_TAP_STRUCK,
                                  .now_ns = net->now_ns,
                                  .from = SIM_NOBODY,
                                  .to = to,
                                  .from_addr = *from,
                                  .to_addr = sim_net_addr_now(net, to),
                                  .bytes = bytes,
                                  .len = len};
    for (unsigned i = 0; i < net->tap_count; i++)
        net->tap[i].tap(net->tap[i].ctx, &event);
    net->flood.packets++;
    net->flood.bytes += len;
    hand_over(net, from, to, bytes, len);
}

const struct sim_flood_counts *sim_net_flood_counts(const struct sim_net *net)
{
    return &net->flood;
}

/* A slow node gets to it later, or never. */
static void wait_for_service(struct sim_net *net, struct event *event)
{
    struct sim_slow *slow = &net->node[event->to]->slow;
    struct event later = *event;
    if (!sim_slow_take(slow, net->now_ns, &later.at_ns)) {
        tell_taps(net, SIM_TAP_LOST, event, event->bytes);
        return;
    }
    later.is_served = true;
    event->bytes = NULL;
    push(net, &later);
}

static void deliver(struct sim_net *net, struct event *event)
{
    struct node *node = net->node[event->to];
    if (!event->is_served && !is_let_in(net, event)) {
        node->vanished++;
        tell_taps(net, SIM_TAP_LOST, event, event->bytes);
        return;
    }
    if (node->slow.cost_ns && !event->is_served) {
        wait_for_service(net, event);
        return;
    }
    node->down.packets++;
    node->down.bytes += event->len + SIM_LINK_HEADER_BYTES;
    bool is_long = event->len > 1 && (event->bytes[0] & 0xc0) == WZP_FORM_LONG;
    if (net->flips_left > 0 && event->len > 0 && (is_long || !net->flips_version)) {
        uint8_t copy[SIM_DATAGRAM_MAX];
        memcpy(copy, event->bytes, event->len);
        int64_t bit = net->flips_version ? 8 + (int64_t)wzp_rng_below(&net->flip_rng, 8)
                                         : (int64_t)wzp_rng_below(&net->flip_rng, event->len * 8);
        sim_link_flip(copy, bit);
        net->flips_left--;
        net->made++;
        receive(net, event, copy);
    }
    receive(net, event, event->bytes);
}

static void timer(struct sim_net *net, unsigned index)
{
    struct node *node = net->node[index];
    if (node->timer_ns > net->now_ns)
        return; /* an earlier one already did its work */
    node->timer_ns = WZP_NEVER;
    node->busy_count = node->busy_ns == net->now_ns ? node->busy_count + 1 : 0;
    node->busy_ns = net->now_ns;
    if (node->busy_count > RESTLESS)
        sim_net_violate(net, index, "is due again and again at one moment");
    net->current = (int)index;
    node->ops->advance(node->self, net->now_ns);
    sim_net_poke(net, index);
}

bool sim_net_run(struct sim_net *net, int64_t until_ns)
{
    while (!net->violation[0] && net->heap_count && net->heap[0].at_ns <= until_ns) {
        struct event event = pop(net);
        net->now_ns = event.at_ns;
        switch (event.kind) {
        case DELIVER:
            deliver(net, &event);
            break;
        case ENTER:
            enter(net, &event);
            break;
        case TIMER:
            timer(net, event.to);
            break;
        case CALL:
            event.call(event.ctx, net->now_ns);
            break;
        }
        free(event.bytes); // NOLINT(clang-analyzer-unix.Malloc): the heap gave it away with pop
    }
    net->now_ns = wzp_time_max(net->now_ns, until_ns);
    return !net->violation[0];
}

void sim_net_wire(const struct sim_net *net, unsigned node, struct sim_wire *up, struct sim_wire *down)
{
    *up = net->node[node]->up;
    *down = net->node[node]->down;
}
