// SPDX-License-Identifier: Apache-2.0
/* A node and a bare socket on one loop, over loopback. */
#include "run/loop.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "base/time.h"
#include "run/addr_text.h"

#define DATAGRAMS 500 /* more than wait in any one batch */
#define TICKS     20
#define TICK_NS   (3 * WZP_MS + 1)

struct world {
    struct wzp_loop loop;
    struct wzp_udp *peer;
    struct wzp_addr node_addr, peer_addr;
    int64_t last_ns, next_tick_ns; /* time as the node sees it */
    unsigned ticks, to_send, echoed, sent_by_peer, received;
    bool interrupted;
};

static void see_time(struct world *world, int64_t now_ns)
{
    assert_true(now_ns >= world->last_ns);
    world->last_ns = now_ns;
}

/* The node sends back what it gets, one datagram a transmit. */
static void receive(void *ctx, const struct wzp_addr *from, uint8_t *datagram, size_t len, int64_t now_ns)
{
    struct world *world = ctx;
    see_time(world, now_ns);
    assert_true(wzp_addr_equal(from, &world->peer_addr));
    assert_int_equal(len, 100 + datagram[0]);
    assert_int_equal(datagram[0], world->received & 0xff);
    world->received++;
    world->to_send++;
}

static size_t transmit(void *ctx, int64_t now_ns, struct wzp_addr *to, uint8_t *datagram, size_t capacity)
{
    struct world *world = ctx;
    see_time(world, now_ns);
    assert_int_equal(capacity, WZP_UDP_DATAGRAM_MAX);
    if (world->to_send == 0)
        return 0;
    world->to_send--;
    *to = world->peer_addr;
    memset(datagram, (int)(world->echoed++ & 0xff), 50);
    return 50;
}

static int64_t next_at(void *ctx)
{
    struct world *world = ctx;
    return world->next_tick_ns;
}

static void advance(void *ctx, int64_t now_ns)
{
    struct world *world = ctx;
    see_time(world, now_ns);
    assert_true(now_ns >= world->next_tick_ns);
    world->next_tick_ns = ++world->ticks < TICKS ? world->next_tick_ns + TICK_NS : WZP_NEVER;
    if (world->ticks == TICKS)
        raise(SIGTERM);
}

static void interrupt(void *ctx, int64_t now_ns)
{
    struct world *world = ctx;
    see_time(world, now_ns);
    world->interrupted = true;
}

static unsigned answers;

static bool is_over(void *ctx)
{
    const struct world *world = ctx;
    return world->interrupted && answers == DATAGRAMS;
}

/* The peer keeps a few datagrams under way, so that loopback's buffers never drop one. */
static void peer_send(struct world *world)
{
    uint8_t datagram[400];
    memset(datagram, (int)(world->sent_by_peer & 0xff), sizeof datagram);
    wzp_udp_send(world->peer, &world->node_addr, 0, datagram, 100 + (world->sent_by_peer & 0xff));
    wzp_udp_flush(world->peer);
    world->sent_by_peer++;
}

static void on_answer(void *ctx, const struct wzp_addr *from, uint8_t *datagram, size_t len)
{
    struct world *world = ctx;
    assert_true(wzp_addr_equal(from, &world->node_addr));
    assert_int_equal(len, 50);
    assert_int_equal(datagram[49], answers & 0xff);
    answers++;
    if (world->sent_by_peer < DATAGRAMS)
        peer_send(world);
}

static void carry(const char *node_text, const char *peer_text, const char *node_from_peer,
                  const char *peer_from_node)
{
    static struct world world;
    struct wzp_addr local;
    memset(&world, 0, sizeof world);
    answers = 0;
    assert_null(wzp_addr_parse(node_text, &local));
    assert_int_equal(wzp_loop_open(&world.loop, &local), 0);
    struct wzp_udp_config config = {.loop = &world.loop.uv, .on_datagram = on_answer, .ctx = &world};
    assert_null(wzp_addr_parse(peer_text, &config.local));
    assert_int_equal(wzp_udp_open(&config, &world.peer), 0);
    assert_null(wzp_addr_parse(node_from_peer, &world.node_addr));
    assert_null(wzp_addr_parse(peer_from_node, &world.peer_addr));
    world.node_addr.port = wzp_loop_local(&world.loop).port;
    world.peer_addr.port = wzp_udp_local(world.peer).port;
    for (int i = 0; i < 40; i++)
        peer_send(&world);
    const struct wzp_node node = {receive, transmit, NULL, next_at, advance, interrupt, is_over, &world};
    wzp_loop_run(&world.loop, &node);
    assert_int_equal(world.ticks, TICKS);
    assert_int_equal(world.received, DATAGRAMS);
    assert_int_equal(wzp_udp_counters(world.peer)->dropped_out, 0);
    wzp_udp_close(world.peer);
    wzp_loop_close(&world.loop);
}

static void carries_a_node_over_ipv4(void **state)
{
    (void)state;
    carry("127.0.0.1:0", "127.0.0.1:0", "127.0.0.1:0", "127.0.0.1:0");
}

/* One socket at [::] speaks both; its IPv4 peer has one address, not two. */
static void carries_a_node_at_any_address(void **state)
{
    (void)state;
    carry("[::]:0", "127.0.0.1:0", "127.0.0.1:0", "127.0.0.1:0");
}

/* What a train is made of must not be seen where it arrives. */
#define TRAIN_DATAGRAMS 200

struct trains {
    unsigned seen[2];
};

static size_t train_len(unsigned number)
{
    return number % 31 == 30 ? 300 : number % 67 == 66 ? 1 : number > 150 ? 1400 : 1200;
}

static void on_train_datagram(void *ctx, const struct wzp_addr *from, uint8_t *datagram, size_t len)
{
    unsigned *seen = ctx;
    (void)from;
    assert_int_equal(len, train_len(*seen));
    for (size_t i = 0; i < len; i++)
        assert_int_equal(datagram[i], (uint8_t)(*seen + i));
    ++*seen;
}

static void trains_arrive_as_they_were_given(void **state)
{
    struct trains trains = {0};
    struct wzp_udp *udp[3];
    struct wzp_addr to[2];
    uv_loop_t loop;
    uint8_t datagram[1400];
    (void)state;
    assert_int_equal(uv_loop_init(&loop), 0);
    for (unsigned i = 0; i < 3; i++) {
        struct wzp_udp_config config = {
            .loop = &loop, .on_datagram = on_train_datagram, .ctx = i < 2 ? &trains.seen[i] : NULL};
        assert_null(wzp_addr_parse("127.0.0.1:0", &config.local));
        assert_int_equal(wzp_udp_open(&config, &udp[i]), 0);
    }
    for (unsigned i = 0; i < 2; i++)
        to[i] = wzp_udp_local(udp[i]);
    for (unsigned number = 0; number < TRAIN_DATAGRAMS; number++) {
        for (size_t i = 0; i < sizeof datagram; i++)
            datagram[i] = (uint8_t)(number + i);
        wzp_udp_send(udp[2], &to[0], 0, datagram, train_len(number));
        if (number % 50 == 49) { /* the other's go between, and a train ends for it */
            for (size_t i = 0; i < sizeof datagram; i++)
                datagram[i] = (uint8_t)(number / 50 + i);
            wzp_udp_send(udp[2], &to[1], 0, datagram, train_len(number / 50));
        }
    }
    wzp_udp_flush(udp[2]);
    while (trains.seen[0] < TRAIN_DATAGRAMS || trains.seen[1] < TRAIN_DATAGRAMS / 50)
        uv_run(&loop, UV_RUN_ONCE);
    assert_int_equal(wzp_udp_counters(udp[2])->dropped_out, 0);
    for (unsigned i = 0; i < 3; i++)
        wzp_udp_close(udp[i]);
    uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&loop), 0);
}

static void counts_what_cannot_leave(void **state)
{
    struct wzp_loop loop;
    struct wzp_addr local, ipv6;
    uint8_t byte = 0;
    (void)state;
    assert_null(wzp_addr_parse("127.0.0.1:0", &local));
    assert_null(wzp_addr_parse("[2001:db8::1]:9", &ipv6));
    assert_int_equal(wzp_loop_open(&loop, &local), 0);
    wzp_udp_send(loop.udp, &ipv6, 0, &byte, 1);
    wzp_udp_send(loop.udp, &ipv6, 0, &byte, 1);
    assert_int_equal(wzp_udp_counters(loop.udp)->dropped_out, 0);
    wzp_udp_flush(loop.udp);
    assert_int_equal(wzp_udp_counters(loop.udp)->dropped_out, 2);
    wzp_loop_close(&loop);
}

static void says_when_it_cannot_listen(void **state)
{
    struct wzp_loop loop, second;
    struct wzp_addr local;
    (void)state;
    assert_null(wzp_addr_parse("192.0.2.1:9", &local)); /* documentation, never ours (RFC 5737) */
    assert_int_equal(wzp_loop_open(&loop, &local), UV_EADDRNOTAVAIL);
    assert_null(wzp_addr_parse("127.0.0.1:0", &local));
    assert_int_equal(wzp_loop_open(&loop, &local), 0);
    local = wzp_loop_local(&loop);
    assert_int_equal(wzp_loop_open(&second, &local), UV_EADDRINUSE);
    wzp_loop_close(&loop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(carries_a_node_over_ipv4),         cmocka_unit_test(carries_a_node_at_any_address),
        cmocka_unit_test(trains_arrive_as_they_were_given), cmocka_unit_test(counts_what_cannot_leave),
        cmocka_unit_test(says_when_it_cannot_listen),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
