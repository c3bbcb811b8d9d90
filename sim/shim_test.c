// SPDX-License-Identifier: Apache-2.0
/* A door's client before the server, over sockets on loopback: a new address when it is rebound, and none of
 * the old one's datagrams; the same address, and the same links, when another process speaks. What links do
 * is judged in link_test.c, the programs in tools/test-processes. */
#include "sim/shim.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "base/time.h"
#include "run/addr_text.h"

#define GIVE_UP_NS (10 * WZP_S) /* a test that waits for nothing ends */

struct side {
    struct wzp_udp *udp;
    struct wzp_addr from; /* of the last */
    unsigned heard;
    uint8_t last;
};

struct world {
    struct wzp_loop loop;
    struct sim_shim *shim;
    struct wzp_node node;
    struct side server, client;
    int door;
    bool is_shut;
    unsigned turned_away, turns_away; /* by a shut door; until */
    int64_t ends_ns;
    unsigned server_hears, client_hears; /* until */
};

static void on_datagram(void *ctx, const struct wzp_addr *from, uint8_t *datagram, size_t len)
{
    struct side *side = ctx;
    assert_int_equal(len, 1);
    side->from = *from;
    side->last = datagram[0];
    side->heard++;
}

static void receive(void *ctx, const struct wzp_addr *from, uint8_t *datagram, size_t len, int64_t now_ns)
{
    struct world *world = ctx;
    world->node.receive(world->node.ctx, from, datagram, len, now_ns);
}

static size_t transmit(void *ctx, int64_t now_ns, struct wzp_addr *to, uint8_t *datagram, size_t capacity)
{
    struct world *world = ctx;
    return world->node.transmit(world->node.ctx, now_ns, to, datagram, capacity);
}

static int64_t next_at(void *ctx)
{
    struct world *world = ctx;
    return wzp_time_min(world->node.next_at(world->node.ctx), world->ends_ns);
}

static void advance(void *ctx, int64_t now_ns)
{
    struct world *world = ctx;
    world->node.advance(world->node.ctx, now_ns);
}

static void interrupt(void *ctx, int64_t now_ns)
{
    (void)ctx, (void)now_ns;
}

static bool is_over(void *ctx)
{
    struct world *world = ctx;
    return wzp_loop_now_ns(&world->loop) >= world->ends_ns ||
           (world->server.heard >= world->server_hears && world->client.heard >= world->client_hears &&
            world->turned_away >= world->turns_away);
}

static void open_side(struct world *world, struct side *side)
{
    struct wzp_udp_config config = {.loop = &world->loop.uv, .on_datagram = on_datagram, .ctx = side};
    assert_null(wzp_addr_parse("127.0.0.1:0", &config.local));
    assert_int_equal(wzp_udp_open(&config, &side->udp), 0);
}

static void say(struct side *side, const struct wzp_addr *to, uint8_t word)
{
    wzp_udp_send(side->udp, to, 0, &word, 1);
    wzp_udp_flush(side->udp);
}

/* Runs until both have heard so many. */
static void run(struct world *world, unsigned server_hears, unsigned client_hears)
{
    struct wzp_node node = {receive, transmit, NULL, next_at, advance, interrupt, is_over, world};
    world->ends_ns = wzp_loop_now_ns(&world->loop) + GIVE_UP_NS;
    world->server_hears = server_hears;
    world->client_hears = client_hears;
    wzp_loop_run(&world->loop, &node);
    assert_int_equal(world->server.heard, server_hears);
    assert_int_equal(world->client.heard, client_hears);
}

static bool is_shut(void *ctx, int door, int64_t now_ns)
{
    struct world *world = ctx;
    assert_int_equal(door, world->door);
    assert_true(now_ns >= 0);
    world->turned_away += world->is_shut;
    return world->is_shut;
}

/* The door's address. */
static struct wzp_addr open_world(struct world *world)
{
    static const struct sim_link_params params[2] = {{.burst = 1}, {.burst = 1}};
    static const uint64_t stream[2] = {1, 2};
    struct wzp_addr any;
    *world = (struct world){.door = 0};
    assert_null(wzp_addr_parse("127.0.0.1:0", &any));
    assert_int_equal(wzp_loop_open(&world->loop, &any), 0);
    open_side(world, &world->server);
    open_side(world, &world->client);
    struct sim_shim_config config = {
        .to = wzp_udp_local(world->server.udp), .seed = 1, .is_shut = is_shut, .ctx = world};
    world->shim = sim_shim_create(&world->loop, &config);
    assert_non_null(world->shim);
    world->node = sim_shim_node(world->shim);
    world->door = sim_shim_open_door(world->shim, params, stream);
    assert_int_equal(world->door, 0);
    return sim_shim_door_addr(world->shim, world->door);
}

static void close_world(struct world *world)
{
    sim_shim_close(world->shim);
    wzp_udp_close(world->server.udp);
    wzp_udp_close(world->client.udp);
    wzp_loop_close(&world->loop);
    sim_shim_destroy(world->shim);
}

static void a_door_is_bound_anew(void **state)
{
    (void)state;
    static struct world world;
    struct wzp_addr door = open_world(&world);

    say(&world.client, &door, 1);
    run(&world, 1, 0);
    struct wzp_addr first = world.server.from;
    say(&world.server, &first, 2);
    run(&world, 1, 1);

    assert_int_equal(sim_shim_rebind_door(world.shim, world.door), 0);
    say(&world.server, &first, 3); /* to nobody */
    say(&world.client, &door, 4);
    run(&world, 2, 1);
    assert_false(wzp_addr_equal(&world.server.from, &first));
    say(&world.server, &world.server.from, 5);
    run(&world, 2, 2);
    assert_int_equal(world.client.last, 5);
    assert_true(wzp_addr_equal(&world.client.from, &door));
    close_world(&world);
}

static void another_process_takes_the_door(void **state)
{
    (void)state;
    static struct world world;
    struct wzp_addr door = open_world(&world);
    assert_null(sim_shim_door_counts(world.shim, world.door, SIM_SHIM_UP));
    say(&world.client, &door, 1);
    run(&world, 1, 0);
    struct wzp_addr first = world.server.from;
    say(&world.server, &first, 2);
    run(&world, 1, 1);

    wzp_udp_close(world.client.udp);
    open_side(&world, &world.client);
    say(&world.client, &door, 3);
    run(&world, 2, 1);
    assert_true(wzp_addr_equal(&world.server.from, &first));
    say(&world.server, &first, 4);
    run(&world, 2, 2);
    assert_int_equal(world.client.last, 4);
    assert_int_equal(sim_shim_door_counts(world.shim, world.door, SIM_SHIM_UP)->packets, 2);
    assert_int_equal(sim_shim_door_counts(world.shim, world.door, SIM_SHIM_DOWN)->delivered, 2);
    close_world(&world);
}

static void nothing_passes_a_shut_door(void **state)
{
    (void)state;
    static struct world world;
    struct wzp_addr door = open_world(&world);
    say(&world.client, &door, 1);
    run(&world, 1, 0);
    struct wzp_addr first = world.server.from;
    world.is_shut = true;
    say(&world.client, &door, 2);
    say(&world.server, &first, 3);
    world.turns_away = 2;
    run(&world, 1, 0);
    assert_int_equal(world.turned_away, 2);
    world.is_shut = false;
    say(&world.client, &door, 4);
    say(&world.server, &first, 5);
    run(&world, 2, 1);
    assert_int_equal(world.server.last, 4);
    assert_int_equal(world.client.last, 5);
    assert_int_equal(sim_shim_door_counts(world.shim, world.door, SIM_SHIM_UP)->packets, 2);
    close_world(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_door_is_bound_anew),
                                       cmocka_unit_test(another_process_takes_the_door),
                                       cmocka_unit_test(nothing_passes_a_shut_door)};
    return cmocka_run_group_tests_name("sim/shim", tests, NULL, NULL);
}
