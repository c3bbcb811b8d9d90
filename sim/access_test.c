// SPDX-License-Identifier: Apache-2.0
/* Accesses of nodes (sim/net.h): who sends to one node shares its downlink, in the order that the senders'
 * uplinks let packets through; and what watches the line sees each packet's wait. */
#include "sim/net.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#define PACKETS_MAX 64
#define LEN         97 /* with 28 of headers 125 bytes: 1 ms on a line of 1 Mbit/s */

/* Sends `to_say` packets at its start, and hears. */
struct toy {
    struct sim_net *net;
    unsigned node, to, to_say;
    int64_t start_ns;
    struct {
        unsigned from;
        int64_t at_ns;
    } heard[PACKETS_MAX], lined[PACKETS_MAX];
    int64_t waited_ns[PACKETS_MAX];
    enum sim_link_fate fate[PACKETS_MAX];
    unsigned heard_count, lined_count;
};

static void toy_receive(void *self, const struct wzp_addr *from, uint8_t *datagram, size_t len,
                        int64_t now_ns)
{
    struct toy *toy = self;
    assert_int_equal(len, LEN);
    assert_int_equal(datagram[LEN - 1], 7);
    assert_true(toy->heard_count < PACKETS_MAX);
    toy->heard[toy->heard_count].from = from->ip[15] - 1u;
    toy->heard[toy->heard_count++].at_ns = now_ns;
}

static size_t toy_transmit(void *self, int64_t now_ns, struct wzp_addr *to, uint8_t *datagram,
                           size_t capacity)
{
    struct toy *toy = self;
    if (now_ns < toy->start_ns || toy->to_say == 0 || capacity < LEN)
        return 0;
    toy->to_say--;
    *to = sim_net_addr(toy->to);
    memset(datagram, 7, LEN);
    return LEN;
}

static int64_t toy_next_at(const void *self)
{
    const struct toy *toy = self;
    return toy->to_say ? toy->start_ns : WZP_NEVER;
}

static void toy_advance(void *self, int64_t now_ns)
{
    (void)self, (void)now_ns;
}

static void on_line(void *ctx, int64_t now_ns, unsigned from, size_t len,
                    const struct sim_link_verdict *verdict)
{
    struct toy *toy = ctx;
    assert_int_equal(len, LEN);
    assert_true(toy->lined_count < PACKETS_MAX);
    toy->lined[toy->lined_count].from = from;
    toy->lined[toy->lined_count].at_ns = now_ns;
    toy->fate[toy->lined_count] = verdict->fate;
    toy->waited_ns[toy->lined_count++] = verdict->queued_ns;
}

static const struct sim_node_ops toy_ops = {
    .receive = toy_receive, .transmit = toy_transmit, .next_at = toy_next_at, .advance = toy_advance};

struct world {
    struct sim_net *net;
    struct toy sink, a, b;
};

static void begin(struct world *world, const struct sim_link_params *down, int64_t a_delay_ns,
                  int64_t b_delay_ns)
{
    const struct sim_link_params open = {.burst = 1, .queue_ns = WZP_S};
    struct sim_link_params up = open;
    *world = (struct world){.net = sim_net_create(3)};
    struct toy *toys[] = {&world->sink, &world->a, &world->b};
    for (unsigned i = 0; i < 3; i++) {
        *toys[i] = (struct toy){.net = world->net, .node = i};
        assert_int_equal(sim_net_add(world->net, "toy", &toy_ops, toys[i]), i);
        up.delay_ns = i == 1 ? a_delay_ns : i == 2 ? b_delay_ns : 0;
        sim_net_attach(world->net, i, &up, i == 0 ? down : &open);
    }
    sim_net_tap_line(world->net, 0, on_line, &world->sink);
}

static void run(struct world *world)
{
    sim_net_poke(world->net, 1);
    sim_net_poke(world->net, 2);
    assert_true(sim_net_run(world->net, 10 * WZP_S));
}

static void test_shared_line(void **state)
{
    (void)state;
    struct world world;
    begin(&world,
          &(struct sim_link_params){
              .burst = 1, .rate_bps = 1000000, .queue_ns = 5 * WZP_MS, .delay_ns = 10 * WZP_MS},
          30 * WZP_MS, 20 * WZP_MS);
    world.a.to_say = 3;
    world.b.to_say = 8;
    world.b.start_ns = 9 * WZP_MS; /* so its packets reach the line at 29 ms, a's at 30 ms */
    run(&world);
    /* Of b one is on the line, five wait, two find the queue full; 1 ms later there is room for one of a's.
     */
    static const struct {
        unsigned from;
        int64_t at_ms, waited_ms; /* -1: dropped */
    } lined[] = {{2, 29, 0},  {2, 29, 1},  {2, 29, 2}, {2, 29, 3},  {2, 29, 4}, {2, 29, 5},
                 {2, 29, -1}, {2, 29, -1}, {1, 30, 5}, {1, 30, -1}, {1, 30, -1}};
    assert_int_equal(world.sink.lined_count, sizeof lined / sizeof *lined);
    unsigned heard = 0;
    for (unsigned i = 0; i < world.sink.lined_count; i++) {
        assert_int_equal(world.sink.lined[i].from, lined[i].from);
        assert_int_equal(world.sink.lined[i].at_ns, lined[i].at_ms * WZP_MS);
        assert_int_equal(world.sink.fate[i],
                         lined[i].waited_ms < 0 ? SIM_LINK_DROPPED_QUEUE : SIM_LINK_DELIVERED);
        if (lined[i].waited_ms < 0)
            continue;
        assert_int_equal(world.sink.waited_ns[i], lined[i].waited_ms * WZP_MS);
        assert_int_equal(world.sink.heard[heard].from, lined[i].from);
        assert_int_equal(world.sink.heard[heard++].at_ns,
                         (lined[i].at_ms + lined[i].waited_ms + 1 + 10) * WZP_MS);
    }
    assert_int_equal(world.sink.heard_count, heard);
    sim_net_destroy(world.net);
}

static void test_change(void **state)
{
    (void)state;
    struct world world;
    struct sim_link_params down = {.burst = 1, .rate_bps = 1000000, .queue_ns = WZP_S};
    begin(&world, &down, 0, 0);
    down.rate_bps = 500000;
    sim_net_access_set(world.net, 0, sim_net_uplink(world.net, 0), &down);
    assert_int_equal(sim_net_downlink(world.net, 0)->rate_bps, 500000);
    world.a.to_say = 2;
    run(&world);
    assert_int_equal(world.sink.heard[0].at_ns, 2 * WZP_MS);
    assert_int_equal(world.sink.heard[1].at_ns, 4 * WZP_MS);
    sim_net_destroy(world.net);
}

/* The uplink's losses never come to the line. */
static void test_uplink(void **state)
{
    (void)state;
    struct world world;
    begin(&world, &(struct sim_link_params){.burst = 1, .queue_ns = WZP_S}, 0, 0);
    struct sim_link_params up = *sim_net_uplink(world.net, 1), down = *sim_net_downlink(world.net, 1);
    up.loss = 0.5;
    sim_net_access_set(world.net, 1, &up, &down);
    world.a.to_say = PACKETS_MAX;
    run(&world);
    assert_int_equal(world.sink.lined_count, world.sink.heard_count);
    assert_in_range(world.sink.heard_count, PACKETS_MAX / 4, 3 * PACKETS_MAX / 4);
    sim_net_destroy(world.net);
}

static void test_no_way(void **state)
{
    (void)state;
    struct world world;
    begin(&world, &(struct sim_link_params){.burst = 1, .queue_ns = WZP_S}, 0, 0);
    struct toy stray = {.net = world.net, .to_say = 1};
    stray.node = sim_net_add(world.net, "stray", &toy_ops, &stray); /* has no access, and no link */
    sim_net_poke(world.net, stray.node);
    assert_non_null(sim_net_violation(world.net));
    sim_net_destroy(world.net);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_shared_line), cmocka_unit_test(test_change),
                                       cmocka_unit_test(test_uplink), cmocka_unit_test(test_no_way)};
    return sodium_init() < 0 ? 1 : cmocka_run_group_tests_name("sim/access", tests, NULL, NULL);
}
