// SPDX-License-Identifier: Apache-2.0
/* The world with toy nodes: order, hash, links between nodes, and the faults that it must catch. */
#include "sim/net.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/rng.h"

/* ---- callbacks come in the order of time, then of asking ---- */

struct note {
    int64_t at_ns;
    unsigned number;
};

struct log {
    struct sim_net *net;
    struct note note[512];
    unsigned count;
};

struct call {
    struct log *log;
    unsigned number;
};

static void take_note(void *ctx, int64_t now_ns)
{
    struct call *call = ctx;
    assert_int_equal(now_ns, sim_net_now(call->log->net));
    call->log->note[call->log->count++] = (struct note){now_ns, call->number};
}

static int compare(const void *a, const void *b)
{
    const struct note *x = a, *y = b;
    if (x->at_ns != y->at_ns)
        return x->at_ns < y->at_ns ? -1 : 1;
    return x->number < y->number ? -1 : 1;
}

static void test_order(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 20; seed++) {
        struct wzp_rng rng = wzp_rng_make(seed, 0);
        struct log log = {.net = sim_net_create(seed)};
        struct call call[512];
        struct note expected[512];
        for (unsigned i = 0; i < 512; i++) {
            call[i] = (struct call){&log, i};
            expected[i] = (struct note){(int64_t)wzp_rng_below(&rng, seed == 1 ? 1 : 64), i}; /* many ties */
            sim_net_at(log.net, expected[i].at_ns, take_note, &call[i]);
        }
        qsort(expected, 512, sizeof *expected, compare);
        assert_true(sim_net_run(log.net, 30));
        for (unsigned i = 0; i < log.count; i++)
            assert_true(log.note[i].at_ns <= 30);
        assert_int_equal(sim_net_now(log.net), 30);
        assert_true(sim_net_run(log.net, 100));
        assert_int_equal(log.count, 512);
        for (unsigned i = 0; i < 512; i++) {
            assert_int_equal(log.note[i].at_ns, expected[i].at_ns);
            assert_int_equal(log.note[i].number, expected[i].number);
        }
        sim_net_destroy(log.net);
    }
}

/* ---- a toy that says a numbered word every `period_ns`, and writes down what it hears ---- */

struct toy {
    struct sim_net *net;
    unsigned node, peer;
    int64_t period_ns, due_ns;
    unsigned said, to_say;
    bool is_restless, is_greedy, is_lost, has_target;
    struct wzp_addr target; /* in place of the peer's first address */
    struct {
        int64_t at_ns;
        uint8_t bytes[8];
        size_t len;
        struct wzp_addr from;
    } heard[256];
    unsigned heard_count, settled;
};

static void toy_receive(void *self, const struct wzp_addr *from, uint8_t *datagram, size_t len,
                        int64_t now_ns)
{
    struct toy *toy = self;
    struct wzp_addr peer = sim_net_addr(toy->peer);
    assert_true(wzp_addr_equal(from, sim_net_sender_addr(toy->net)));
    if (sim_net_sender(toy->net) >= 0) {
        assert_int_equal(sim_net_sender(toy->net), toy->peer);
        assert_int_equal(from->ip[15], peer.ip[15]);
    }
    assert_true(len <= 8 && toy->heard_count < 256);
    toy->heard[toy->heard_count].from = *from;
    toy->heard[toy->heard_count].at_ns = now_ns;
    toy->heard[toy->heard_count].len = len;
    memcpy(toy->heard[toy->heard_count++].bytes, datagram, len);
}

static size_t toy_transmit(void *self, int64_t now_ns, struct wzp_addr *to, uint8_t *datagram,
                           size_t capacity)
{
    struct toy *toy = self;
    if (now_ns < toy->due_ns || toy->said == toy->to_say || capacity < 8)
        return 0;
    if (toy->is_greedy)
        free(sim_net_alloc(toy->net, toy->node).get(sim_net_alloc(toy->net, toy->node).ctx, 16));
    toy->due_ns += toy->period_ns;
    *to = toy->has_target ? toy->target : sim_net_addr(toy->is_lost ? 99 : toy->peer);
    memset(datagram, 0, 8);
    datagram[7] = (uint8_t)toy->said++;
    return 8;
}

static int64_t toy_next_at(const void *self)
{
    const struct toy *toy = self;
    if (toy->is_restless)
        return 0;
    return toy->said == toy->to_say ? WZP_NEVER : toy->due_ns;
}

static void toy_advance(void *self, int64_t now_ns)
{
    (void)self;
    (void)now_ns;
}

static void toy_settle(void *self, int64_t now_ns)
{
    (void)now_ns;
    ((struct toy *)self)->settled++;
}

static const struct sim_node_ops toy_ops = {toy_receive, toy_transmit, toy_next_at, toy_advance, toy_settle};

struct pair {
    struct sim_net *net;
    struct toy a, b;
};

static void pair_make(struct pair *pair, uint64_t seed, struct sim_link_params params)
{
    memset(pair, 0, sizeof *pair);
    pair->net = sim_net_create(seed);
    pair->a = (struct toy){.net = pair->net, .period_ns = 10 * WZP_MS, .to_say = 200};
    pair->b = (struct toy){.net = pair->net};
    pair->a.node = pair->b.peer = sim_net_add(pair->net, "a", &toy_ops, &pair->a);
    pair->b.node = pair->a.peer = sim_net_add(pair->net, "b", &toy_ops, &pair->b);
    params.burst = 1;
    params.queue_ns = WZP_S;
    sim_net_connect(pair->net, 0, 1, &params);
    sim_net_connect(pair->net, 1, 0, &params);
    sim_net_close_memory(pair->net, 0);
}

static void test_talk(void **state)
{
    (void)state;
    struct pair pair;
    pair_make(&pair, 1, (struct sim_link_params){.delay_ns = 30 * WZP_MS});
    sim_net_poke(pair.net, 0);
    assert_true(sim_net_run(pair.net, 10 * WZP_S));
    assert_int_equal(pair.b.heard_count, 200);
    assert_int_equal(pair.b.settled, 200);
    for (unsigned i = 0; i < 200; i++) {
        assert_int_equal(pair.b.heard[i].at_ns, i * 10 * WZP_MS + 30 * WZP_MS);
        assert_int_equal(pair.b.heard[i].bytes[7], i);
    }
    struct sim_wire up, down;
    sim_net_wire(pair.net, 0, &up, &down);
    assert_int_equal(up.packets, 200);
    assert_int_equal(up.bytes, 200 * 36);
    assert_int_equal(down.packets, 0);
    sim_net_wire(pair.net, 1, &up, &down);
    assert_int_equal(down.bytes, 200 * 36);
    assert_int_equal(sim_net_link_counts(pair.net, 0, 1)->delivered, 200);
    sim_net_destroy(pair.net);
}

/* ---- one seed, one hash; a change of anything that happens is another hash ---- */

static void run_hash(uint64_t seed, struct sim_link_params params, unsigned words, int64_t step_ns,
                     char hash[33])
{
    struct pair pair;
    pair_make(&pair, seed, params);
    pair.a.to_say = words;
    sim_net_poke(pair.net, 0);
    for (int64_t at_ns = step_ns; at_ns < 5 * WZP_S; at_ns += step_ns)
        assert_true(sim_net_run(pair.net, at_ns));
    assert_true(sim_net_run(pair.net, 5 * WZP_S));
    sim_net_hash(pair.net, hash);
    sim_net_destroy(pair.net);
}

static void test_hash(void **state)
{
    (void)state;
    const struct sim_link_params lossy = {.loss = 0.3, .delay_ns = WZP_MS, .jitter_ns = 40 * WZP_MS};
    char first[33], other[33];
    run_hash(1, lossy, 200, WZP_S, first);
    assert_int_equal(strlen(first), 32);
    run_hash(1, lossy, 200, WZP_S, other);
    assert_string_equal(first, other);
    run_hash(1, lossy, 200, 7 * WZP_MS, other); /* how a run is cut into steps is nothing that happens */
    assert_string_equal(first, other);
    run_hash(2, lossy, 200, WZP_S, other);
    assert_string_not_equal(first, other);
    run_hash(1, lossy, 199, WZP_S, other);
    assert_string_not_equal(first, other);
    struct sim_link_params later = lossy;
    later.delay_ns++;
    run_hash(1, later, 200, WZP_S, other);
    assert_string_not_equal(first, other);
}

static void test_hash_of_traces(void **state)
{
    (void)state;
    char hash[3][33];
    for (unsigned i = 0; i < 3; i++) {
        struct pair pair;
        pair_make(&pair, 1, (struct sim_link_params){0});
        struct wzp_trace trace = sim_net_trace(pair.net, 0);
        wzp_trace_emit(&trace, 0, WZP_TRACE_DROPPED, 1, i == 1 ? 6 : 5, 7);
        sim_net_hash(pair.net, hash[i]);
        sim_net_destroy(pair.net);
    }
    assert_string_not_equal(hash[0], hash[1]);
    assert_string_equal(hash[0], hash[2]);
}

/* ---- seeds of nodes ---- */

static void test_secrets(void **state)
{
    (void)state;
    static const struct {
        uint64_t seed;
        unsigned node;
        const char *purpose;
    } rows[] = {{1, 0, "identity"}, {1, 1, "identity"}, {1, 0, "randomness"}, {2, 0, "identity"}};
    uint8_t secret[4][32], again[32];
    for (unsigned i = 0; i < 4; i++) {
        struct pair pair;
        pair_make(&pair, rows[i].seed, (struct sim_link_params){0});
        sim_net_secret(pair.net, rows[i].node, rows[i].purpose, secret[i]);
        sim_net_secret(pair.net, rows[i].node, rows[i].purpose, again);
        assert_memory_equal(secret[i], again, 32);
        for (unsigned j = 0; j < i; j++)
            assert_memory_not_equal(secret[i], secret[j], 32);
        sim_net_destroy(pair.net);
    }
}

/* ---- what adversaries do ---- */

static unsigned bits_between(const uint8_t *a, const uint8_t *b)
{
    unsigned bits = 0;
    for (unsigned i = 0; i < 8; i++)
        bits += (unsigned)__builtin_popcount(a[i] ^ b[i]);
    return bits;
}

static void test_flips(void **state)
{
    (void)state;
    struct pair pair;
    pair_make(&pair, 1, (struct sim_link_params){.delay_ns = WZP_MS});
    sim_net_flip(pair.net, 50);
    sim_net_poke(pair.net, 0);
    assert_true(sim_net_run(pair.net, 10 * WZP_S));
    assert_int_equal(sim_net_flips_left(pair.net), 0);
    assert_int_equal(pair.b.heard_count, 250);
    for (unsigned i = 0; i < 100; i += 2) { /* the copy, then the genuine one, at one instant */
        assert_int_equal(pair.b.heard[i].at_ns, pair.b.heard[i + 1].at_ns);
        assert_int_equal(pair.b.heard[i + 1].bytes[7], i / 2);
        assert_int_equal(bits_between(pair.b.heard[i].bytes, pair.b.heard[i + 1].bytes), 1);
    }
    sim_net_destroy(pair.net);
}

static void test_injection(void **state)
{
    (void)state;
    struct pair pair;
    pair_make(&pair, 1, (struct sim_link_params){.loss = 1});
    sim_net_inject(pair.net, 0, 1, (const uint8_t *)"forged", 6, 5 * WZP_MS);
    assert_true(sim_net_run(pair.net, WZP_S));
    assert_int_equal(pair.b.heard_count, 1);
    assert_int_equal(pair.b.heard[0].at_ns, 5 * WZP_MS);
    assert_memory_equal(pair.b.heard[0].bytes, "forged", 6);
    sim_net_destroy(pair.net);
}

/* ---- addresses that change ---- */

static void move_b(void *ctx, int64_t now_ns)
{
    (void)now_ns;
    sim_net_move(((struct pair *)ctx)->net, 1, true);
}

static void rebind_a(void *ctx, int64_t now_ns)
{
    (void)now_ns;
    sim_net_move(((struct pair *)ctx)->net, 0, false);
}

/* Words go out every 10 ms and take 30: who moves at 1.005 s loses those sent since 0.975 s, and all later
 * ones as long as the sender knows the old address alone. */
static void test_move(void **state)
{
    (void)state;
    struct pair pair;
    pair_make(&pair, 1, (struct sim_link_params){.delay_ns = 30 * WZP_MS});
    sim_net_at(pair.net, 1005 * WZP_MS, move_b, &pair);
    sim_net_poke(pair.net, 0);
    assert_true(sim_net_run(pair.net, 1500 * WZP_MS));
    assert_int_equal(pair.b.heard_count, 98);
    assert_int_equal(pair.b.heard[97].at_ns, 1000 * WZP_MS);
    assert_true(sim_net_vanished(pair.net, 1) > 40);
    assert_int_equal(sim_net_moves(pair.net, 1), 1);
    struct wzp_addr old = sim_net_addr(1), here = sim_net_addr_now(pair.net, 1);
    assert_memory_not_equal(old.ip, here.ip, 16);
    assert_int_not_equal(old.port, here.port);
    pair.a.has_target = true;
    pair.a.target = here;
    assert_true(sim_net_run(pair.net, 10 * WZP_S));
    assert_int_equal(pair.b.heard_count + sim_net_vanished(pair.net, 1), 200);
    assert_int_equal(pair.b.heard[98].bytes[7], 151); /* 150 left at 1.5 s, as the run ended */
    sim_net_destroy(pair.net);
}

/* The sender's own change reaches the other with the next word, not with those under way. */
static void test_rebind(void **state)
{
    (void)state;
    struct pair pair;
    pair_make(&pair, 1, (struct sim_link_params){.delay_ns = 30 * WZP_MS});
    sim_net_at(pair.net, 1005 * WZP_MS, rebind_a, &pair);
    sim_net_poke(pair.net, 0);
    assert_true(sim_net_run(pair.net, 10 * WZP_S));
    assert_int_equal(pair.b.heard_count, 200);
    for (unsigned i = 0; i < 200; i++) {
        struct wzp_addr first = sim_net_addr(0), from = pair.b.heard[i].from;
        assert_memory_equal(from.ip, first.ip, 16);
        assert_int_equal(from.port, first.port + (i > 100));
    }
    sim_net_destroy(pair.net);
}

/* ---- who nobody is ---- */

static void test_strikes(void **state)
{
    (void)state;
    const struct wzp_addr spoofed = {.ip = {[10] = 0xff, [11] = 0xff, [12] = 99, [15] = 1}, .port = 7};
    char hash[3][33];
    for (unsigned i = 0; i < 3; i++) {
        struct pair pair;
        struct wzp_addr from = spoofed;
        from.port = (uint16_t)(from.port + (i == 1));
        pair_make(&pair, 1, (struct sim_link_params){0});
        pair.b.to_say = 3;
        pair.b.period_ns = WZP_MS;
        pair.b.has_target = true;
        pair.b.target = from;
        uint8_t bytes[4] = "hi!";
        sim_net_strike(pair.net, &from, 1, bytes, sizeof bytes);
        assert_true(sim_net_run(pair.net, WZP_S));
        assert_int_equal(pair.b.heard_count, 1);
        assert_true(wzp_addr_equal(&pair.b.heard[0].from, &from));
        const struct sim_flood_counts *counts = sim_net_flood_counts(pair.net);
        assert_int_equal(counts->packets, 1);
        assert_int_equal(counts->bytes, 4);
        assert_int_equal(counts->answer_packets, 3);
        assert_int_equal(counts->answer_bytes, 24);
        assert_null(sim_net_sender_addr(pair.net));
        sim_net_hash(pair.net, hash[i]);
        sim_net_destroy(pair.net);
    }
    assert_string_equal(hash[0], hash[2]);
    assert_string_not_equal(hash[0], hash[1]);
}

/* ---- links that change, memory that is counted ---- */

static void test_mtu(void **state)
{
    (void)state;
    struct pair pair;
    pair_make(&pair, 1, (struct sim_link_params){.mtu = 576});
    sim_net_poke(pair.net, 0);
    assert_true(sim_net_run(pair.net, 995 * WZP_MS)); /* 36 bytes of IP pass */
    assert_int_equal(pair.b.heard_count, 100);
    struct sim_link_params params = *sim_net_link_params(pair.net, 0, 1);
    assert_int_equal(params.mtu, 576);
    params.loss = 1;
    sim_net_link_set(pair.net, 0, 1, &params);
    assert_true(sim_net_run(pair.net, 10 * WZP_S));
    assert_int_equal(pair.b.heard_count, 100);
    assert_int_equal(sim_net_link_counts(pair.net, 0, 1)->lost, 100); /* counted on, not anew */
    assert_int_equal(sim_net_link_counts(pair.net, 0, 1)->delivered, 100);
    sim_net_destroy(pair.net);
}

static void test_memory(void **state)
{
    (void)state;
    struct sim_net *net = sim_net_create(1);
    struct toy toy = {.net = net};
    unsigned node = sim_net_add(net, "a", &toy_ops, &toy);
    struct wzp_alloc alloc = sim_net_alloc(net, node);
    void *one = alloc.get(alloc.ctx, 100), *two = alloc.get(alloc.ctx, 50);
    alloc.put(alloc.ctx, one, 100);
    assert_int_equal(sim_net_bytes_held(net, node), 50);
    assert_int_equal(sim_net_bytes_peak(net, node), 150);
    sim_net_close_memory(net, node);
    alloc.put(alloc.ctx, two, 50);
    sim_net_open_memory(net, node);
    alloc.put(alloc.ctx, alloc.get(alloc.ctx, 20), 20);
    assert_null(sim_net_violation(net));
    assert_int_equal(sim_net_bytes_held(net, node), 0);
    assert_int_equal(sim_net_bytes_peak(net, node), 150);
    sim_net_destroy(net);
}

/* ---- broken promises of nodes ---- */

static void test_violations(void **state)
{
    (void)state;
    static const struct {
        bool is_restless, is_greedy, is_lost;
        const char *says; /* NULL: none */
    } rows[] = {{false, false, false, NULL},
                {true, false, false, "is due again and again at one moment"},
                {false, true, false, "asked for memory after its creation"},
                {false, false, true, "sent to an address that was never told to it"}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct pair pair;
        pair_make(&pair, 1, (struct sim_link_params){0});
        pair.a.is_restless = rows[i].is_restless;
        pair.a.is_greedy = rows[i].is_greedy;
        pair.a.is_lost = rows[i].is_lost;
        sim_net_poke(pair.net, 0);
        assert_int_equal(sim_net_run(pair.net, WZP_S), rows[i].says == NULL);
        const char *violation = sim_net_violation(pair.net);
        assert_int_equal(violation == NULL, rows[i].says == NULL);
        if (violation) {
            assert_non_null(strstr(violation, rows[i].says));
            assert_non_null(strstr(violation, "a: ")); /* the node */
            assert_non_null(strstr(violation, " s"));  /* the time */
        }
        sim_net_destroy(pair.net);
    }
}

/* ---- very many nodes ---- */

static int in_order(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

static void all_differ(uint64_t *values, size_t count)
{
    qsort(values, count, sizeof *values, in_order);
    for (size_t i = 1; i < count; i++)
        assert_true(values[i - 1] < values[i]);
}

/* No two nodes share an address, however far they move, and none is in the place of NATs or of floods. */
static void test_addresses(void **state)
{
    (void)state;
    static uint64_t seen[SIM_NODES_MAX];
    for (unsigned i = 0; i < SIM_NODES_MAX; i++) {
        struct wzp_addr addr = sim_net_addr(i);
        assert_true(addr.ip[12] == 10 && addr.ip[13] < 100 && addr.ip[15] > 0 && addr.port == 4433);
        seen[i] = (uint64_t)addr.ip[13] << 8 | addr.ip[15]; /* moves change the byte between them */
    }
    all_differ(seen, SIM_NODES_MAX);
}

/* No two links share their luck. */
static void test_streams(void **state)
{
    (void)state;
    static const unsigned nodes[] = {0, 1, 2, 126, 127, 128, 129, 500, 1009, SIM_NODES_MAX - 1};
    enum { COUNT = sizeof nodes / sizeof *nodes };
    uint64_t seen[COUNT * COUNT];
    for (size_t i = 0; i < COUNT * COUNT; i++)
        seen[i] = sim_net_link_stream(nodes[i / COUNT], nodes[i % COUNT]);
    all_differ(seen, COUNT * COUNT);
}

/* Of many pairs each talks as the first two do. */
static void test_many(void **state)
{
    (void)state;
    enum { NODES = 1200 };
    const struct sim_link_params link = {.burst = 1, .queue_ns = WZP_S, .delay_ns = 30 * WZP_MS};
    struct toy *toy = calloc(NODES, sizeof *toy);
    assert_non_null(toy);
    struct sim_net *net = sim_net_create(1);
    for (unsigned i = 0; i < NODES; i++) {
        toy[i] = (struct toy){
            .net = net, .peer = NODES - 1 - i, .period_ns = 10 * WZP_MS, .to_say = i < NODES / 2 ? 3 : 0};
        toy[i].node = sim_net_add(net, "toy", &toy_ops, &toy[i]);
        assert_int_equal(toy[i].node, i);
        sim_net_connect(net, i, toy[i].peer, &link);
    }
    for (unsigned i = 0; i < NODES; i++)
        sim_net_poke(net, i);
    assert_true(sim_net_run(net, WZP_S));
    for (unsigned i = 0; i < NODES / 2; i++) {
        assert_int_equal(sim_net_link_counts(net, i, toy[i].peer)->delivered, 3);
        assert_int_equal(sim_net_link_counts(net, i, i)->packets, 0);
        assert_int_equal(toy[toy[i].peer].heard_count, 3);
        assert_int_equal(toy[toy[i].peer].heard[2].at_ns, 50 * WZP_MS);
    }
    sim_net_destroy(net);
    free(toy);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_order),     cmocka_unit_test(test_talk),
        cmocka_unit_test(test_hash),      cmocka_unit_test(test_hash_of_traces),
        cmocka_unit_test(test_secrets),   cmocka_unit_test(test_flips),
        cmocka_unit_test(test_injection), cmocka_unit_test(test_violations),
        cmocka_unit_test(test_move),      cmocka_unit_test(test_rebind),
        cmocka_unit_test(test_strikes),   cmocka_unit_test(test_mtu),
        cmocka_unit_test(test_memory),    cmocka_unit_test(test_addresses),
        cmocka_unit_test(test_streams),   cmocka_unit_test(test_many),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
