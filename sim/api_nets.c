// SPDX-License-Identifier: Apache-2.0
/* What a scenario can say of the networks between people, and of their machines: NATs, partitions, slow
 * nodes, crashes, clocks, and what became of packets on a link. docs/sim.md. */
#include "base/time.h"
#include "sim/fields.h"
#include "sim/run.h"
#include "sim/tc.h"

#include <lauxlib.h>
#include <stdio.h>
#include <string.h>

#define NAT_TIMEOUT (2 * 60 * WZP_S) /* RFC 4787 REQ-5 */
#define SLOW_QUEUE  1000

/* The node of a client's number, or of a relay's name: "relay" where it has none. */
static unsigned node_of(lua_State *lua, struct sim_world *world, int index, const char *word)
{
    if (lua_type(lua, index) == LUA_TSTRING)
        return sim_relay_named(lua, world, lua_tostring(lua, index), word)->node;
    if (!lua_isinteger(lua, index) || lua_type(lua, index) != LUA_TNUMBER)
        return (unsigned)luaL_error(lua, "%s takes clients and \"relay\", not %s", word,
                                    sim_value_kind(lua, index));
    return sim_person_check(lua, world, index)->node;
}

/* ---- NATs ---- */

static struct sim_nat *nat_of(lua_State *lua, const char *word)
{
    struct sim_world *world = sim_world_check(lua, 1);
    struct sim_nat *nat = sim_net_nat_of(world->net, sim_person_check(lua, world, 2)->node);
    if (!nat)
        luaL_error(lua, "%s: this client is behind no NAT", word);
    return nat;
}

struct sim_nat *sim_nat_field(lua_State *lua, const struct sim_world *world)
{
    bool is_given = lua_getfield(lua, 2, "behind") != LUA_TNIL;
    lua_pop(lua, 1);
    if (!is_given)
        return NULL;
    int64_t number = sim_field_int(lua, 2, "behind", 0);
    if (number < 1 || number > sim_net_nat_count(world->net))
        luaL_error(lua, "\"behind\" is the number that w:nat gave, not %I", (lua_Integer)number);
    return sim_net_nat_at(world->net, (unsigned)number - 1);
}

/* w:nat{ clients = {}, mapping =, filtering =, timeout =, refresh =, hairpin = }: they stand behind one NAT;
 * gives its number */
static int world_nat(lua_State *lua)
{
    static const char *const rules[] = {"endpoint-independent", "address-dependent",
                                        "address-and-port-dependent", NULL};
    struct sim_world *world = sim_world_check(lua, 1);
    sim_fields_check(
        lua, 2, "nat",
        (const char *const[]){"clients", "mapping", "filtering", "timeout", "refresh", "hairpin", NULL});
    struct sim_nat_params params = {
        .mapping = (enum sim_nat_rule)sim_field_choice(lua, 2, "mapping", 0, rules),
        .filtering = (enum sim_nat_rule)sim_field_choice(lua, 2, "filtering", 2, rules),
        .timeout_ns = sim_field_time(lua, 2, "timeout", NAT_TIMEOUT),
        .inbound_refreshes = sim_field_choice(lua, 2, "refresh", 0,
                                              (const char *const[]){"out", "both", NULL}) == 1,
        .hairpin = sim_field_bool(lua, 2, "hairpin", false)};
    if (params.timeout_ns == 0)
        return luaL_error(lua, "nat: \"timeout\" must be above 0");
    int kind = lua_getfield(lua, 2, "clients");
    if (kind != LUA_TNIL && (kind != LUA_TTABLE || sim_list_len(lua, "clients") == 0))
        return luaL_error(lua, "nat: \"clients\" is a list of who stands behind it, not %s",
                          sim_value_kind(lua, -1));
    struct sim_nat *nat = sim_net_nat(world->net, &params);
    if (!nat)
        return luaL_error(lua, "nat: at most %d in a world", SIM_NATS_MAX);
    int list = lua_gettop(lua);
    for (lua_Integer i = 1; kind != LUA_TNIL && i <= (lua_Integer)lua_rawlen(lua, list); i++) {
        lua_geti(lua, list, i);
        sim_net_put_behind(world->net, sim_person_check(lua, world, lua_gettop(lua))->node, nat);
        lua_pop(lua, 1);
    }
    lua_pushinteger(lua, (lua_Integer)sim_net_nat_count(world->net));
    return 1;
}

/* w:nat_forget(client): its NAT has forgotten everything; what is sent next gets other ports */
static int world_nat_forget(lua_State *lua)
{
    sim_nat_forget(nat_of(lua, "nat_forget"));
    return 0;
}

static void set_count(lua_State *lua, const char *name, uint64_t value)
{
    lua_pushinteger(lua, (lua_Integer)value);
    lua_setfield(lua, -2, name);
}

/* w:natted(client): { mappings, filtered, unknown, full } of its NAT */
static int world_natted(lua_State *lua)
{
    const struct sim_nat_counts *counts = sim_nat_counts(nat_of(lua, "natted"));
    lua_createtable(lua, 0, 4);
    set_count(lua, "mappings", counts->mappings);
    set_count(lua, "filtered", counts->filtered);
    set_count(lua, "unknown", counts->unknown);
    set_count(lua, "full", counts->full);
    return 1;
}

/* ---- partitions, slow nodes ---- */

/* w:partition{ groups = { {...}, {...} }, from =, to = }: nodes of different groups cannot reach each other
 */
static int world_partition(lua_State *lua)
{
    struct sim_world *world = sim_world_check(lua, 1);
    uint8_t group[SIM_NODES_MAX] = {0};
    sim_fields_check(lua, 2, "partition", (const char *const[]){"groups", "from", "to", NULL});
    int64_t from_ns = sim_field_time(lua, 2, "from", sim_net_now(world->net));
    int64_t to_ns = sim_field_time(lua, 2, "to", world->horizon_ns);
    if (to_ns <= from_ns)
        return luaL_error(lua, "partition: it ends before it begins");
    lua_getfield(lua, 2, "groups");
    size_t count = lua_type(lua, -1) == LUA_TTABLE ? sim_list_len(lua, "groups") : 0;
    if (count < 2 || count > SIM_GROUPS_MAX)
        return luaL_error(lua, "partition: \"groups\" is a list of 2 to %d lists of clients and \"relay\"",
                          SIM_GROUPS_MAX);
    for (size_t g = 0; g < count; g++) {
        if (lua_geti(lua, -1, (lua_Integer)g + 1) != LUA_TTABLE)
            return luaL_error(lua, "partition: a group is a list { anna, \"relay\" }, not %s",
                              sim_value_kind(lua, -1));
        lua_Integer nodes = (lua_Integer)sim_list_len(lua, "groups");
        for (lua_Integer i = 1; i <= nodes; i++) {
            lua_geti(lua, -1, i);
            unsigned node = node_of(lua, world, lua_gettop(lua), "partition");
            if (group[node] != SIM_NO_GROUP)
                return luaL_error(lua, "partition: \"%s\" is in two groups", sim_net_name(world->net, node));
            group[node] = (uint8_t)(g + 1);
            lua_pop(lua, 1);
        }
        lua_pop(lua, 1);
    }
    if (!sim_partitions_add(sim_net_partitions(world->net), from_ns, to_ns, group, SIM_NODES_MAX))
        return luaL_error(lua, "partition: at most %d in a world", SIM_PARTITIONS_MAX);
    return 0;
}

/* w:slow(client or a relay's name, { cost =, queue = }): from now on; cost 0 makes it quick again */
static int world_slow(lua_State *lua)
{
    struct sim_world *world = sim_world_check(lua, 1);
    struct sim_slow *slow = sim_net_slow(world->net, node_of(lua, world, 2, "slow"));
    sim_fields_check(lua, 3, "slow", (const char *const[]){"cost", "queue", NULL});
    slow->cost_ns = sim_field_time(lua, 3, "cost", slow->cost_ns);
    slow->queue = (uint64_t)sim_field_range(lua, 3, "queue", slow->queue ? (int64_t)slow->queue : SLOW_QUEUE,
                                            0, 10000000);
    if (slow->cost_ns > SIM_LINK_TIME_MAX)
        return luaL_error(lua, "slow: \"cost\" must be within 0..1 h");
    return 0;
}

/* w:served(client or a relay's name): datagrams that it served since it is slow, and those it dropped */
static int world_served(lua_State *lua)
{
    struct sim_world *world = sim_world_check(lua, 1);
    const struct sim_slow *slow = sim_net_slow(world->net, node_of(lua, world, 2, "served"));
    lua_pushinteger(lua, (lua_Integer)slow->served);
    lua_pushinteger(lua, (lua_Integer)slow->dropped);
    return 2;
}

/* ---- machines ---- */

/* w:crash(client): its process is gone with all it held */
static int world_crash(lua_State *lua)
{
    struct sim_person *person = sim_person_check(lua, sim_world_check(lua, 1), 2);
    if (person->is_down)
        return luaL_error(lua, "crash: its process is gone already");
    sim_person_crash(person);
    return 0;
}

/* w:restart(client): after that; the same identity, nothing else kept */
static int world_restart(lua_State *lua)
{
    struct sim_person *person = sim_person_check(lua, sim_world_check(lua, 1), 2);
    if (!person->is_down)
        return luaL_error(lua, "restart: crash comes before it");
    if (person->has_ended || person->is_leaving)
        return luaL_error(lua, "restart: it had left");
    sim_person_restart(person);
    return 0;
}

/* w:clock_step(client, ns): its monotonic clock jumps ahead, as after a sleep */
static int world_clock_step(lua_State *lua)
{
    struct sim_person *person = sim_person_check(lua, sim_world_check(lua, 1), 2);
    int64_t ahead_ns = sim_time_argument(lua, 3, "clock_step");
    if (ahead_ns < 0 || ahead_ns > SIM_LINK_TIME_MAX)
        return luaL_error(lua, "clock_step: a time within 0..1 h: a monotonic clock never goes back");
    sim_person_clock_step(person, ahead_ns);
    return 0;
}

/* ---- links ---- */

/* w:links(client): what became of the packets of its uplink and its downlink */
static int world_links(lua_State *lua)
{
    struct sim_world *world = sim_world_check(lua, 1);
    const struct sim_person *person = sim_person_check(lua, world, 2);
    unsigned node = person->node, relay = person->config.relay->node;
    sim_push_link_counts(lua, sim_net_link_counts(world->net, node, relay));
    sim_push_link_counts(lua, sim_net_link_counts(world->net, relay, node));
    return 2;
}

void sim_world_print_tc(const struct sim_world *world)
{
    char device[SIM_TC_DEVICE_MAX];
    printf("# %s, seed %llu: the links as they are at first\n", world->run->file,
           (unsigned long long)world->run->seed);
    for (unsigned i = 0; i < sim_crowd_count(world->crowd); i++) {
        const struct sim_person *person = sim_crowd_person(world->crowd, i);
        unsigned relay = person->config.relay->node;
        sim_tc_device(person->config.name, "up", device);
        sim_tc_link(stdout, device, sim_net_link_params(world->net, person->node, relay), world->run->seed);
        sim_tc_device(person->config.name, "down", device);
        sim_tc_link(stdout, device, sim_net_link_params(world->net, relay, person->node), world->run->seed);
    }
}

void sim_api_nets_open(lua_State *lua)
{
    static const luaL_Reg methods[] = {{"nat", world_nat},
                                       {"nat_forget", world_nat_forget},
                                       {"natted", world_natted},
                                       {"partition", world_partition},
                                       {"slow", world_slow},
                                       {"served", world_served},
                                       {"crash", world_crash},
                                       {"restart", world_restart},
                                       {"clock_step", world_clock_step},
                                       {"links", world_links},
                                       {NULL, NULL}};
    luaL_setfuncs(lua, methods, 0);
}
