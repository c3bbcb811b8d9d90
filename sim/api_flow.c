// SPDX-License-Identifier: Apache-2.0
/* Flows that follow an estimate, the sink whose downlink they share, and what crosses them: w:sink, w:flow,
 * w:cubic, and their measures. docs/sim.md. */
#include "base/check.h"
#include "sim/cubic.h"
#include "sim/fields.h"
#include "sim/flow.h"
#include "sim/run.h"

#include <lauxlib.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define SINKS_MAX 4
#define FLOWS_MAX 32
#define CROSS_MAX 16
#define BIN_NS    (100 * WZP_MS)

struct sim_flows {
    struct sim_sink *sink[SINKS_MAX];
    struct sim_flow *flow[FLOWS_MAX];
    struct sim_cubic *cubic[CROSS_MAX];
    unsigned sink_count, flow_count, cubic_count;
};

static struct sim_flows *flows_of(struct sim_world *world)
{
    if (!world->flows)
        world->flows = calloc(1, sizeof *world->flows);
    WZP_CHECK(world->flows);
    return world->flows;
}

void sim_flows_destroy(struct sim_flows *flows)
{
    for (unsigned i = 0; i < flows->flow_count; i++)
        sim_flow_destroy(flows->flow[i]);
    for (unsigned i = 0; i < flows->cubic_count; i++)
        sim_cubic_destroy(flows->cubic[i]);
    for (unsigned i = 0; i < flows->sink_count; i++)
        sim_sink_destroy(flows->sink[i]);
    free(flows);
}

unsigned sim_flows_sink(const struct sim_flows *flows, unsigned index)
{
    return index < flows->sink_count ? sim_sink_node(flows->sink[index]) : SIM_NOBODY;
}

const struct sim_flow *sim_flows_flow(const struct sim_flows *flows, unsigned index)
{
    return index < flows->flow_count ? flows->flow[index] : NULL;
}

static void links(lua_State *lua, int index, struct sim_link_params *up, struct sim_link_params *down)
{
    *up = *down = (struct sim_link_params){.burst = 1, .queue_ns = WZP_S};
    sim_field_link(lua, index, "up", up);
    sim_field_link(lua, index, "down", down);
}

static struct sim_sink *sink_of(lua_State *lua, struct sim_flows *flows, lua_Integer number, const char *what)
{
    if (number < 1 || number > (lua_Integer)flows->sink_count)
        luaL_error(lua, "%s: there is no such sink", what);
    return flows->sink[number - 1];
}

/* w:sink{ up =, down = }: where flows end; its downlink is the line that they share */
static int world_sink(lua_State *lua)
{
    struct sim_world *world = sim_world_check(lua, 1);
    struct sim_flows *flows = flows_of(world);
    struct sim_link_params up, down;
    sim_fields_check(lua, 2, "sink", (const char *const[]){"up", "down", NULL});
    links(lua, 2, &up, &down);
    if (flows->sink_count == SINKS_MAX)
        return luaL_error(lua, "sink: at most %d in a world", SINKS_MAX);
    flows->sink[flows->sink_count++] = sim_sink_create(world->net, "sink", &up, &down);
    lua_pushinteger(lua, flows->sink_count);
    return 1;
}

/* w:sink_links(sink, { up =, down = }): from now on; what is not named stays */
static int world_sink_links(lua_State *lua)
{
    struct sim_world *world = sim_world_check(lua, 1);
    struct sim_sink *sink = sink_of(lua, flows_of(world), luaL_checkinteger(lua, 2), "sink_links");
    unsigned node = sim_sink_node(sink);
    sim_fields_check(lua, 3, "sink_links", (const char *const[]){"up", "down", NULL});
    struct sim_link_params up = *sim_net_uplink(world->net, node), down = *sim_net_downlink(world->net, node);
    sim_field_link(lua, 3, "up", &up);
    sim_field_link(lua, 3, "down", &down);
    sim_net_access_set(world->net, node, &up, &down);
    return 0;
}

static enum wzp_estimate_kind controller(lua_State *lua, const char *name)
{
    enum wzp_estimate_kind kind = WZP_ESTIMATE_FIXED;
    if (!wzp_estimate_kind_from(name, &kind))
        luaL_error(lua, "flow: there is no controller \"%s\"", name);
    return kind;
}

/* When it begins and ends, in whole ns, and what it sends at most a packet. */
static void check_times(lua_State *lua, const char *what, int64_t start_ns, int64_t stop_ns, int64_t now_ns)
{
    if (start_ns < now_ns || stop_ns < start_ns)
        luaL_error(lua, "%s: start or stop is out of range", what);
}

static uint32_t packet_field(lua_State *lua, const char *what, int64_t least, int64_t most, int64_t otherwise)
{
    int64_t packet = sim_field_int(lua, 2, "packet", otherwise);
    if (packet < least || packet > most)
        luaL_error(lua, "%s: packet must be within %I..%I bytes of IP", what, (lua_Integer)least,
                   (lua_Integer)most);
    return (uint32_t)packet;
}

/* w:flow{ sink =, controller =, rate =, packet =, fps =, start =, stop =, up =, down = } */
static int world_flow(lua_State *lua)
{
    struct sim_world *world = sim_world_check(lua, 1);
    struct sim_flows *flows = flows_of(world);
    int64_t now_ns = sim_net_now(world->net);
    sim_fields_check(lua, 2, "flow",
                     (const char *const[]){"sink", "controller", "rate", "packet", "fps", "start", "stop",
                                           "up", "down", NULL});
    struct sim_sink *sink = sink_of(lua, flows, sim_field_int(lua, 2, "sink", 1), "flow");
    int64_t fps = sim_field_int(lua, 2, "fps", 30);
    if (fps < 0 || fps > SIM_FLOW_FPS_MAX)
        return luaL_error(lua, "flow: fps must be within 0..%d", SIM_FLOW_FPS_MAX);
    struct sim_flow_config config = {
        .estimate = controller(lua, sim_field_text(lua, 2, "controller", "fixed")),
        .start_rate_bps = sim_field_rate_bound(lua, 2, "rate", WZP_ESTIMATE_BPS_MIN, SIM_LINK_RATE_MAX),
        .packet = packet_field(lua, "flow", SIM_FLOW_PACKET_MIN, SIM_FLOW_PACKET_MAX, SIM_FLOW_PACKET_MAX),
        .fps = (uint32_t)fps,
        .start_ns = sim_field_time(lua, 2, "start", now_ns),
        .stop_ns = sim_field_time(lua, 2, "stop", world->horizon_ns),
    };
    check_times(lua, "flow", config.start_ns, config.stop_ns, now_ns);
    links(lua, 2, &config.up, &config.down);
    if (flows->flow_count == FLOWS_MAX || sim_sink_is_full(sink))
        return luaL_error(lua, "flow: at most %d in a world, %d at a sink", FLOWS_MAX, SIM_SINK_FLOWS_MAX);
    flows->flow[flows->flow_count++] = sim_flow_create(sink, "flow", &config);
    lua_pushinteger(lua, flows->flow_count);
    return 1;
}

/* w:cubic{ sink =, packet =, start =, stop =, up =, down = } */
static int world_cubic(lua_State *lua)
{
    struct sim_world *world = sim_world_check(lua, 1);
    struct sim_flows *flows = flows_of(world);
    int64_t now_ns = sim_net_now(world->net);
    sim_fields_check(lua, 2, "cubic",
                     (const char *const[]){"sink", "packet", "start", "stop", "up", "down", NULL});
    struct sim_sink *sink = sink_of(lua, flows, sim_field_int(lua, 2, "sink", 1), "cubic");
    struct sim_cubic_config config = {
        .packet = packet_field(lua, "cubic", SIM_CUBIC_PACKET_MIN, SIM_CUBIC_PACKET_MAX, 1200),
        .start_ns = sim_field_time(lua, 2, "start", now_ns),
        .stop_ns = sim_field_time(lua, 2, "stop", world->horizon_ns),
    };
    check_times(lua, "cubic", config.start_ns, config.stop_ns, now_ns);
    links(lua, 2, &config.up, &config.down);
    if (flows->cubic_count == CROSS_MAX)
        return luaL_error(lua, "cubic: at most %d in a world", CROSS_MAX);
    flows->cubic[flows->cubic_count++] = sim_cubic_create(sink, "cubic", &config);
    lua_pushinteger(lua, flows->cubic_count);
    return 1;
}

/* ---- measures ---- */

static void set_real(lua_State *lua, const char *name, double value)
{
    if (isnan(value))
        return; /* not measured: nil */
    lua_pushnumber(lua, value);
    lua_setfield(lua, -2, name);
}

static void set_whole(lua_State *lua, const char *name, uint64_t value)
{
    lua_pushinteger(lua, (lua_Integer)value);
    lua_setfield(lua, -2, name);
}

static void set_bins(lua_State *lua, const char *name, const struct sim_meter *meter, int64_t from_ns,
                     int64_t to_ns)
{
    lua_newtable(lua);
    lua_Integer count = 0;
    for (int64_t at_ns = from_ns; to_ns - at_ns >= BIN_NS; at_ns += BIN_NS) {
        lua_pushinteger(lua, (lua_Integer)sim_meter_bytes(meter, at_ns, at_ns + BIN_NS));
        lua_seti(lua, -2, ++count);
    }
    lua_setfield(lua, -2, name);
}

/* w:measure_flow(flow, from, to) */
static int world_measure_flow(lua_State *lua)
{
    struct sim_flows *flows = flows_of(sim_world_check(lua, 1));
    lua_Integer number = luaL_checkinteger(lua, 2);
    int64_t from_ns, to_ns;
    sim_span_arguments(lua, 3, "measure_flow", &from_ns, &to_ns);
    luaL_argcheck(lua, number >= 1 && number <= (lua_Integer)flows->flow_count, 2, "no such flow");
    const struct sim_flow *flow = flows->flow[number - 1];
    struct sim_flow_measured measured;
    sim_flow_measure(flow, from_ns, to_ns, &measured);
    lua_createtable(lua, 0, 12);
    set_whole(lua, "bytes", measured.bytes);
    set_whole(lua, "payload_bytes", measured.payload_bytes);
    set_real(lua, "goodput_kbps", (double)measured.payload_bytes * 8e6 / (double)(to_ns - from_ns));
    set_whole(lua, "offered", measured.offered);
    set_whole(lua, "offered_bytes", measured.offered_bytes);
    set_whole(lua, "dropped", measured.dropped);
    set_real(lua, "rate_changes_per_min", measured.rate_changes_per_min);
    set_real(lua, "connect_ms", measured.connect_ms);
    set_whole(lua, "target", sim_flow_target(flow, to_ns));
    lua_createtable(lua, 0, 3);
    set_real(lua, "p50", measured.p50_ms);
    set_real(lua, "p95", measured.p95_ms);
    set_real(lua, "max", measured.max_ms);
    lua_setfield(lua, -2, "queue_ms");
    set_bins(lua, "arrived_bins", sim_flow_arrived(flow), from_ns, to_ns);
    set_bins(lua, "offered_bins", sim_flow_offered(flow), from_ns, to_ns);
    return 1;
}

/* w:measure_cubic(cubic, from, to): bytes that arrived, each packet once; packets sent and lost, reductions
 * of its window, timeouts since it began */
static int world_measure_cubic(lua_State *lua)
{
    struct sim_flows *flows = flows_of(sim_world_check(lua, 1));
    lua_Integer number = luaL_checkinteger(lua, 2);
    int64_t from_ns, to_ns;
    sim_span_arguments(lua, 3, "measure_cubic", &from_ns, &to_ns);
    luaL_argcheck(lua, number >= 1 && number <= (lua_Integer)flows->cubic_count, 2, "no such cubic flow");
    const struct sim_cubic *cubic = flows->cubic[number - 1];
    const struct sim_cubic_counts *counts = sim_cubic_counts(cubic);
    lua_createtable(lua, 0, 5);
    set_whole(lua, "bytes", sim_meter_bytes(sim_cubic_arrived(cubic), from_ns, to_ns));
    set_whole(lua, "sent", counts->sent);
    set_whole(lua, "lost", counts->lost);
    set_whole(lua, "reductions", counts->reductions);
    set_whole(lua, "timeouts", counts->timeouts);
    return 1;
}

void sim_api_flow_open(lua_State *lua)
{
    static const luaL_Reg methods[] = {{"sink", world_sink},
                                       {"sink_links", world_sink_links},
                                       {"flow", world_flow},
                                       {"cubic", world_cubic},
                                       {"measure_flow", world_measure_flow},
                                       {"measure_cubic", world_measure_cubic},
                                       {NULL, NULL}};
    luaL_setfuncs(lua, methods, 0);
}
