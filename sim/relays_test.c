// SPDX-License-Identifier: Apache-2.0
/* Two relays in one world, a room of the same name on each: neither knows of the other, and what happens to
 * one is nothing to the people of the other. And what the checkers say when that is not so. */
#include "sim/relays.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include "sim/laws.h"
#include "sim/person.h"
#include "sim/watch.h"

#define PEOPLE  6 /* even ones at the first relay, odd ones at the second */
#define HORIZON (8 * WZP_S)

struct world {
    struct sim_net *net;
    struct sim_watch *watch;
    struct sim_crowd *crowd;
    struct sim_laws *laws;
    struct sim_relays relays;
    struct sim_person *person[PEOPLE];
};

static struct sim_relay *add_relay(struct world *world, const char *name)
{
    struct wzp_relay_config config = wzp_relay_config_default();
    config.endpoint.limits.sessions_max = config.endpoint.limits.half_open_max = 8;
    return world->relays.relay[world->relays.count++] = sim_relay_create(world->net, name, &config);
}

static struct sim_person *add_person(struct world *world, const struct sim_relay *relay, const char *name)
{
    struct sim_person_config config = {.relay = relay,
                                       .room = "the same",
                                       .codec = &wzp_codec_synthetic,
                                       .token = "",
                                       .stop_ns = HORIZON - WZP_S};
    const struct sim_link_params link = {
        .burst = 1, .queue_ns = WZP_S, .delay_ns = 10 * WZP_MS, .loss = 0.02};
    strcpy(config.name, name);
    struct sim_person *person = sim_crowd_add(world->crowd, &config);
    sim_net_connect(world->net, person->node, relay->node, &link);
    sim_net_connect(world->net, relay->node, person->node, &link);
    return person;
}

static void begin(struct world *world)
{
    static const char *const names[PEOPLE] = {"anna", "ben", "cleo", "dave", "emil", "fay"};
    *world = (struct world){.net = sim_net_create(5)};
    world->watch = sim_watch_create(world->net);
    world->crowd = sim_crowd_create(world->net, false, HORIZON);
    world->laws = sim_laws_create(world->net, world->crowd);
    add_relay(world, "north");
    add_relay(world, "south");
    for (unsigned i = 0; i < PEOPLE; i++)
        world->person[i] = add_person(world, world->relays.relay[i % 2], names[i]);
}

static void run(struct world *world, int64_t until_ns)
{
    bool good = sim_net_run(world->net, until_ns);
    sim_laws_audit(world->laws);
    if (!good || sim_net_violation(world->net))
        fail_msg("%s", sim_net_violation(world->net));
}

static void end(struct world *world)
{
    sim_laws_destroy(world->laws);
    sim_crowd_destroy(world->crowd);
    while (world->relays.count > 0)
        sim_relay_destroy(world->relays.relay[--world->relays.count]);
    sim_watch_destroy(world->watch);
    sim_net_destroy(world->net);
}

static void each_is_a_node_of_its_own(void **state)
{
    (void)state;
    struct world world;
    begin(&world);
    struct sim_relay *north = sim_relays_find(&world.relays, "north"),
                     *south = sim_relays_find(&world.relays, "south");
    struct wzp_addr north_addr = sim_net_addr(north->node), south_addr = sim_net_addr(south->node);
    assert_ptr_not_equal(north, south);
    assert_null(sim_relays_find(&world.relays, "relay"));
    assert_string_equal(sim_relay_name(south), "south");
    assert_false(wzp_addr_equal(&north_addr, &south_addr));
    assert_memory_not_equal(north->identity.noise_public, south->identity.noise_public, 32);
    assert_ptr_equal(world.person[0]->room, world.person[2]->room);
    assert_ptr_not_equal(world.person[0]->room, world.person[1]->room);
    assert_ptr_equal(sim_crowd_at(world.crowd, world.person[3]->node), world.person[3]);
    assert_null(sim_crowd_at(world.crowd, south->node));
    assert_null(sim_crowd_at(world.crowd, SIM_NOBODY));
    end(&world);
}

static void rooms_of_one_name_are_two(void **state)
{
    (void)state;
    struct world world;
    begin(&world);
    run(&world, HORIZON);
    for (unsigned i = 0; i < PEOPLE; i++) {
        const struct sim_person *listener = world.person[i];
        assert_int_equal(listener->room->count, PEOPLE / 2);
        assert_int_equal(listener->hearing_count, PEOPLE / 2 - 1);
        for (unsigned h = 0; h < listener->hearing_count; h++)
            assert_int_equal(listener->hearing[h].speaker % 2, i % 2);
        for (unsigned place = 0; place < PEOPLE / 2; place++)
            assert_true((listener->told_joined_ns[place] == WZP_NEVER) == (place == listener->place));
        for (unsigned k = 0; k < PEOPLE; k++) {
            struct sim_window window;
            sim_person_window(listener, world.person[k], 2 * WZP_S, 6 * WZP_S, &window);
            assert_true((window.frames > window.lost) == (k != i && k % 2 == i % 2));
        }
    }
    end(&world);
}

static void kill_north(void *ctx, int64_t now_ns)
{
    const struct world *world = ctx;
    (void)now_ns;
    sim_relay_kill(world->relays.relay[0]);
}

static void start_north(void *ctx, int64_t now_ns)
{
    const struct world *world = ctx;
    (void)now_ns;
    sim_relay_start(world->relays.relay[0], "");
}

/* To the last sample and the last byte, the south hears and sends what it would have, had nothing happened.
 */
static void a_crash_is_nothing_to_the_other(void **state)
{
    (void)state;
    uint64_t digest[2][PEOPLE];
    struct sim_wire up[2][PEOPLE], down[2][PEOPLE];
    for (unsigned is_killed = 0; is_killed < 2; is_killed++) {
        struct world world;
        begin(&world);
        if (is_killed) {
            sim_net_at(world.net, 3 * WZP_S, kill_north, &world);
            sim_net_at(world.net, 4 * WZP_S, start_north, &world);
        }
        run(&world, HORIZON);
        for (unsigned i = 0; i < PEOPLE; i++) {
            digest[is_killed][i] = world.person[i]->heard_digest;
            sim_net_wire(world.net, world.person[i]->node, &up[is_killed][i], &down[is_killed][i]);
            assert_int_equal(wzp_call_counters(world.person[i]->call)->handshakes_done,
                             1 + (is_killed && i % 2 == 0));
        }
        end(&world);
    }
    for (unsigned i = 0; i < PEOPLE; i++) {
        bool is_south = i % 2;
        assert_true((digest[0][i] == digest[1][i]) == is_south);
        assert_true((memcmp(&down[0][i], &down[1][i], sizeof down[0][i]) == 0) == is_south);
        assert_true((memcmp(&up[0][i], &up[1][i], sizeof up[0][i]) == 0) == is_south);
    }
}

/* The checkers come to believe that so many of the north sit in the south; the world is as it was. */
static const char *rule_that_breaks(int64_t from_ns, unsigned movers)
{
    struct world world;
    static char rule[160];
    begin(&world);
    if (from_ns > 0)
        run(&world, from_ns);
    for (unsigned i = 0; i < movers; i++)
        world.person[2 * i]->room = world.person[1]->room;
    assert_false(sim_net_run(world.net, HORIZON));
    strcpy(rule, sim_net_violation(world.net));
    end(&world);
    return rule;
}

static void checkers_tell_relays_apart(void **state)
{
    (void)state;
    assert_non_null(strstr(rule_that_breaks(0, 1), "anna: was told of somebody of another room"));
    /* a frame has passed the relay and is on its way to a listener */
    assert_non_null(strstr(rule_that_breaks(1991 * WZP_MS, 1), "cleo: got media of another room"));
    assert_non_null(strstr(rule_that_breaks(2 * WZP_S, 3), "north: took media of another relay's room"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_is_a_node_of_its_own),
        cmocka_unit_test(rooms_of_one_name_are_two),
        cmocka_unit_test(a_crash_is_nothing_to_the_other),
        cmocka_unit_test(checkers_tell_relays_apart),
    };
    if (sodium_init() < 0)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
