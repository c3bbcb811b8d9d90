// SPDX-License-Identifier: Apache-2.0
/* What a network check finds in a world whose truth is known: w:netcheck, w:netcheck_result. docs/sim.md. */
#include "base/check.h"
#include "call/netcheck.h"
#include "sim/fields.h"
#include "sim/run.h"

#include <lauxlib.h>
#include <stdlib.h>
#include <string.h>

#define CHECKS_MAX 8

struct netcheck {
    struct sim_net *net;
    unsigned node;
    struct wzp_netcheck *check;
};

struct sim_netchecks {
    struct netcheck item[CHECKS_MAX];
    unsigned count;
};

static struct sim_netchecks *checks_of(struct sim_world *world)
{
    if (!world->netchecks)
        world->netchecks = calloc(1, sizeof *world->netchecks);
    WZP_CHECK(world->netchecks);
    return world->netchecks;
}

void sim_netchecks_destroy(struct sim_netchecks *checks)
{
    for (unsigned i = 0; i < checks->count; i++)
        wzp_netcheck_destroy(checks->item[i].check);
    free(checks);
}

/* ---- the node ---- */

static void receive(void *self, const struct wzp_addr *from, uint8_t *datagram, size_t len, int64_t now_ns)
{
    wzp_netcheck_receive(((struct netcheck *)self)->check, from, datagram, len, now_ns);
}

static size_t transmit(void *self, int64_t now_ns, struct wzp_addr *to, uint8_t *datagram, size_t capacity)
{
    return wzp_netcheck_transmit(((struct netcheck *)self)->check, now_ns, to, datagram, capacity);
}

static int64_t next_at(const void *self)
{
    return wzp_netcheck_next_at(((const struct netcheck *)self)->check);
}

static void advance(void *self, int64_t now_ns)
{
    wzp_netcheck_advance(((struct netcheck *)self)->check, now_ns);
}

static const struct sim_node_ops node_ops = {
    .receive = receive, .transmit = transmit, .next_at = next_at, .advance = advance};

static void start(void *ctx, int64_t now_ns)
{
    struct netcheck *item = ctx;
    sim_net_drive(item->net, item->node);
    WZP_CHECK(wzp_netcheck_start(item->check, now_ns) == WZP_ERR_OK);
    sim_net_poke(item->net, item->node);
}

/* ---- words ---- */

static uint64_t rate_field(lua_State *lua, const char *name)
{
    return sim_field_rate_bound(lua, 2, name, WZP_ESTIMATE_BPS_MIN, SIM_LINK_RATE_MAX);
}

static struct sim_relay *make_relay(struct sim_world *world, enum wzp_estimate_kind estimate,
                                    uint64_t start_bps)
{
    struct wzp_relay_config config = wzp_relay_config_default();
    config.endpoint.limits.sessions_max = 32;
    config.endpoint.estimate = estimate;
    if (start_bps)
        config.endpoint.start_rate_bps = start_bps;
    return world->relays.relay[world->relays.count++] = sim_relay_create(world->net, "relay", &config);
}

/* w:netcheck{ relay =, controller =, rate_up =, rate_down =, load_max =, seconds =, start =, up =, down = }
 */
static int world_netcheck(lua_State *lua)
{
    struct sim_world *world = sim_world_check(lua, 1);
    sim_fields_check(lua, 2, "netcheck",
                     (const char *const[]){"relay", "controller", "rate_up", "rate_down", "load_max",
                                           "seconds", "start", "up", "down", NULL});
    struct sim_netchecks *checks = checks_of(world);
    if (checks->count == CHECKS_MAX)
        return luaL_error(lua, "netcheck: at most %d in a world", CHECKS_MAX);
    struct wzp_netcheck_config config = wzp_netcheck_config_default();
    const char *controller = sim_field_text(lua, 2, "controller", "ours");
    if (!wzp_estimate_kind_from(controller, &config.endpoint.estimate))
        return luaL_error(lua, "netcheck: there is no controller \"%s\"", controller);
    int64_t seconds = sim_field_int(lua, 2, "seconds", config.load_ns / WZP_S);
    if (seconds < 1 || seconds > WZP_NETCHECK_LOAD_NS_MAX / WZP_S)
        return luaL_error(lua, "netcheck: seconds must be within 1..%d",
                          (int)(WZP_NETCHECK_LOAD_NS_MAX / WZP_S));
    config.load_ns = seconds * WZP_S;
    uint64_t start_bps = rate_field(lua, "rate_up"), load_max_bps = rate_field(lua, "load_max");
    if (start_bps)
        config.endpoint.start_rate_bps = start_bps;
    if (load_max_bps)
        config.load_max_bps = load_max_bps;
    struct sim_link_params up = {.burst = 1, .queue_ns = WZP_S}, down = up;
    sim_field_link(lua, 2, "up", &up);
    sim_field_link(lua, 2, "down", &down);
    int64_t start_ns = sim_field_time(lua, 2, "start", sim_net_now(world->net));
    const char *name = sim_field_text(lua, 2, "relay", NULL);
    struct sim_relay *relay = world->relays.count > 0 || name
                                  ? sim_relay_named(lua, world, name, "netcheck")
                                  : make_relay(world, config.endpoint.estimate, rate_field(lua, "rate_down"));
    struct netcheck *item = &checks->item[checks->count++];
    struct wzp_identity identity;
    uint8_t seed[32];
    item->net = world->net;
    item->node = sim_net_add(world->net, "netcheck", &node_ops, item);
    sim_net_secret(world->net, item->node, "identity", seed);
    wzp_identity_from_seed(&identity, seed);
    memcpy(config.endpoint.static_secret, identity.noise_secret, 32);
    memcpy(config.endpoint.static_public, identity.noise_public, 32);
    wzp_identity_deinit(&identity);
    sim_net_secret(world->net, item->node, "randomness", config.endpoint.seed);
    config.endpoint.alloc = sim_net_alloc(world->net, item->node);
    config.endpoint.trace = sim_net_trace(world->net, item->node);
    config.relay = relay->addr;
    item->check = wzp_netcheck_create(&config);
    WZP_CHECK(item->check);
    sim_net_close_memory(world->net, item->node);
    sim_net_connect(world->net, item->node, relay->node, &up);
    sim_net_connect(world->net, relay->node, item->node, &down);
    sim_net_at(world->net, start_ns, start, item);
    lua_pushinteger(lua, checks->count);
    return 1;
}

static void set_real(lua_State *lua, const char *name, double value)
{
    lua_pushnumber(lua, value);
    lua_setfield(lua, -2, name);
}

static void set_ms(lua_State *lua, const char *name, int64_t ns)
{
    if (ns >= 0) /* else unknown: nil */
        set_real(lua, name, (double)ns / WZP_MS);
}

static void set_way(lua_State *lua, const char *name, const struct wzp_netcheck_way *way)
{
    lua_createtable(lua, 0, 8);
    if (way->rate_bps)
        set_real(lua, "rate_kbps", (double)way->rate_bps / 1000);
    set_real(lua, "arrived_kbps", (double)way->arrived_bps / 1000);
    set_real(lua, "loss", way->loss_permille / 1000.0);
    set_real(lua, "burst", way->burst_16 / 16.0);
    set_ms(lua, "jitter_ms", way->jitter_ns);
    set_ms(lua, "queue_ms", way->queue_ns);
    set_ms(lua, "file_ms", wzp_netcheck_file_ns(way, 10000000));
    lua_pushboolean(lua, way->is_rate_more);
    lua_setfield(lua, -2, "more");
    lua_setfield(lua, -2, name);
}

/* w:netcheck_result(check) */
static int world_netcheck_result(lua_State *lua)
{
    const struct sim_netchecks *checks = checks_of(sim_world_check(lua, 1));
    lua_Integer number = luaL_checkinteger(lua, 2);
    luaL_argcheck(lua, number >= 1 && number <= (lua_Integer)checks->count, 2, "no such check");
    struct wzp_netcheck *check = checks->item[number - 1].check;
    struct wzp_netcheck_result result = wzp_netcheck_result(check);
    struct wzp_plan plan = wzp_netcheck_plan(check);
    lua_createtable(lua, 0, 12);
    lua_pushboolean(lua, result.is_complete);
    lua_setfield(lua, -2, "complete");
    lua_pushboolean(lua, wzp_netcheck_phase(check) == WZP_NETCHECK_OVER);
    lua_setfield(lua, -2, "over");
    lua_pushstring(lua, wzp_close_reason_text(result.reason));
    lua_setfield(lua, -2, "reason");
    set_ms(lua, "handshake_ms", result.handshake_ns);
    lua_createtable(lua, 0, 4);
    set_ms(lua, "min", result.rtt_min_ns);
    set_ms(lua, "mean", result.rtt_mean_ns);
    set_ms(lua, "max", result.rtt_max_ns);
    set_ms(lua, "jitter", result.rtt_jitter_ns);
    lua_setfield(lua, -2, "rtt_ms");
    set_way(lua, "up", &result.up);
    set_way(lua, "down", &result.down);
    lua_pushinteger(lua, (lua_Integer)result.mtu);
    lua_setfield(lua, -2, "mtu");
    lua_createtable(lua, 0, 4);
    lua_pushboolean(lua, wzp_netcheck_takes_speech(&plan, &result));
    lua_setfield(lua, -2, "fits");
    lua_pushinteger(lua, (lua_Integer)plan.bitrate_bps);
    lua_setfield(lua, -2, "bitrate");
    set_real(lua, "missing", plan.residual_ppm / 1e6);
    set_ms(lua, "delay_ms", plan.delay_ns);
    lua_setfield(lua, -2, "speech");
    return 1;
}

void sim_api_netcheck_open(lua_State *lua)
{
    static const luaL_Reg methods[] = {
        {"netcheck", world_netcheck}, {"netcheck_result", world_netcheck_result}, {NULL, NULL}};
    luaL_setfuncs(lua, methods, 0);
}
