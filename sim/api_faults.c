// SPDX-License-Identifier: Apache-2.0
/* What a scenario can do to a world under way: move people, kill relays, change links; and what can be asked
 * of it over time: bytes held, depth of buffers, concealment. docs/sim.md. */
#include "sim/fields.h"
#include "sim/flood.h"
#include "sim/run.h"

#include <lauxlib.h>
#include <stdio.h>
#include <string.h>

/* ---- addresses ---- */

static int change_address(lua_State *lua, const char *word, bool is_far)
{
    struct sim_world *world = sim_world_check(lua, 1);
    struct sim_person *person = sim_person_check(lua, world, 2);
    if (sim_net_moves(world->net, person->node) == SIM_MOVES_MAX)
        return luaL_error(lua, "%s: a client has at most %d addresses", word, SIM_MOVES_MAX + 1);
    sim_person_move(person, is_far);
    return 0;
}

/* w:move(client): into another network; it knows */
static int world_move(lua_State *lua)
{
    return change_address(lua, "move", true);
}

/* w:rebind(client): its NAT takes another port; it does not know */
static int world_rebind(lua_State *lua)
{
    return change_address(lua, "rebind", false);
}

/* w:find_mtu(client): it has bulk to send */
static int world_find_mtu(lua_State *lua)
{
    struct sim_world *world = sim_world_check(lua, 1);
    struct sim_person *person = sim_person_check(lua, world, 2);
    sim_net_drive(world->net, person->node);
    wzp_call_find_mtu(person->call, sim_person_clock(person, sim_net_now(world->net)));
    sim_net_poke(world->net, person->node);
    return 0;
}

/* w:path(client): what its session knows of the way to the relay; nil without a session */
static int world_path(lua_State *lua)
{
    struct sim_world *world = sim_world_check(lua, 1);
    struct wzp_session_facts facts;
    const struct wzp_call *call = sim_person_check(lua, world, 2)->call;
    if (!wzp_call_session_facts(call, &facts))
        return 0;
    lua_newtable(lua);
    lua_pushinteger(lua, (lua_Integer)facts.mtu);
    lua_setfield(lua, -2, "mtu");
    lua_pushinteger(lua, facts.rtt_ns);
    lua_setfield(lua, -2, "rtt");
    lua_pushinteger(lua, facts.loss_permille);
    lua_setfield(lua, -2, "loss_permille");
    lua_pushinteger(lua, facts.burst_16);
    lua_setfield(lua, -2, "burst_16");
    lua_pushinteger(lua, facts.peer_jitter_us * WZP_US);
    lua_setfield(lua, -2, "jitter");
    lua_pushboolean(lua, facts.has_feedback);
    lua_setfield(lua, -2, "has_feedback");
    lua_pushinteger(lua, (lua_Integer)wzp_call_counters(call)->handshakes_done);
    lua_setfield(lua, -2, "handshakes");
    lua_pushinteger(lua, (lua_Integer)facts.rate_bps);
    lua_setfield(lua, -2, "rate");
    lua_pushinteger(lua, (lua_Integer)facts.rate_in_bps);
    lua_setfield(lua, -2, "rate_in");
    return 1;
}

/* w:plan(client): how it speaks now; nil before its first plan */
static int world_plan(lua_State *lua)
{
    struct sim_world *world = sim_world_check(lua, 1);
    struct wzp_call_facts facts;
    wzp_call_facts(sim_person_check(lua, world, 2)->call, &facts);
    if (!facts.plan.is_made)
        return 0;
    lua_newtable(lua);
    lua_pushstring(lua, wzp_codec_name(facts.plan.codec));
    lua_setfield(lua, -2, "codec");
    lua_pushinteger(lua, facts.plan.bitrate_bps);
    lua_setfield(lua, -2, "bitrate");
    lua_pushinteger(lua, facts.plan.packet_frames);
    lua_setfield(lua, -2, "packet_frames");
    lua_pushinteger(lua, facts.plan.repair_permille);
    lua_setfield(lua, -2, "repair_permille");
    lua_pushinteger(lua, facts.plan.changes);
    lua_setfield(lua, -2, "changes");
    return 1;
}

/* w:feedback(client): its FEEDBACK frames, and their bytes; those of whole packets where they left alone */
static int world_feedback(lua_State *lua)
{
    struct sim_world *world = sim_world_check(lua, 1);
    const struct wzp_endpoint_counters *counters = wzp_call_counters(sim_person_check(lua, world, 2)->call);
    lua_pushinteger(lua, (lua_Integer)counters->feedback_out);
    lua_pushinteger(lua, (lua_Integer)counters->feedback_bytes_out);
    return 2;
}

/* ---- links ---- */

/* w:link(client, { up = {}, down = {} }): from now on; what is not named stays */
static int world_link(lua_State *lua)
{
    struct sim_world *world = sim_world_check(lua, 1);
    const struct sim_person *person = sim_person_check(lua, world, 2);
    unsigned relay = person->config.relay->node;
    sim_fields_check(lua, 3, "link", (const char *const[]){"up", "down", NULL});
    struct sim_link_params up = *sim_net_link_params(world->net, person->node, relay);
    struct sim_link_params down = *sim_net_link_params(world->net, relay, person->node);
    sim_field_link(lua, 3, "up", &up);
    sim_field_link(lua, 3, "down", &down);
    sim_net_link_set(world->net, person->node, relay, &up);
    sim_net_link_set(world->net, relay, person->node, &down);
    return 0;
}

/* w:too_large(client): datagrams that its links' MTU swallowed, up and down */
static int world_too_large(lua_State *lua)
{
    struct sim_world *world = sim_world_check(lua, 1);
    const struct sim_person *person = sim_person_check(lua, world, 2);
    unsigned relay = person->config.relay->node;
    lua_pushinteger(lua, (lua_Integer)sim_net_link_counts(world->net, person->node, relay)->too_large);
    lua_pushinteger(lua, (lua_Integer)sim_net_link_counts(world->net, relay, person->node)->too_large);
    return 2;
}

/* w:vanished(client): datagrams that were for an address it has left */
static int world_vanished(lua_State *lua)
{
    struct sim_world *world = sim_world_check(lua, 1);
    lua_pushinteger(lua, (lua_Integer)sim_net_vanished(world->net, sim_person_check(lua, world, 2)->node));
    return 1;
}

/* ---- floods ---- */

/* w:flood{ kind =, rate =, from =, seconds =, sources =, relay = }: spoofed datagrams for a relay */
static int world_flood(lua_State *lua)
{
    static const char *const kinds[] = {"initial", "short", "random"};
    struct sim_world *world = sim_world_check(lua, 1);
    sim_fields_check(lua, 2, "flood",
                     (const char *const[]){"kind", "rate", "from", "seconds", "sources", "relay", NULL});
    int64_t rate = sim_field_int(lua, 2, "rate", 0), sources = sim_field_int(lua, 2, "sources", 0);
    int64_t from_ns = sim_field_time(lua, 2, "from", sim_net_now(world->net));
    double seconds = sim_field_number(lua, 2, "seconds", 1);
    const char *kind = sim_field_text(lua, 2, "kind", kinds[0]);
    struct sim_flood_params params = {.rate = (uint64_t)rate, .sources = (uint64_t)sources};
    while (strcmp(kinds[params.kind], kind) != 0)
        if (++params.kind > SIM_FLOOD_RANDOM)
            return luaL_error(lua, "flood: kind is \"initial\", \"short\" or \"random\", not \"%s\"", kind);
    if (rate < 1 || rate > 10000000)
        return luaL_error(lua, "flood: rate must be within 1..10000000 datagrams a second");
    if (sources < 0 || from_ns < sim_net_now(world->net) || !(seconds >= 0 && seconds <= 3600))
        return luaL_error(lua, "flood: sources, from or seconds is out of range");
    const struct sim_relay *relay = sim_relay_named(lua, world, sim_field_text(lua, 2, "relay", NULL),
                                                    "flood");
    if (world->flood_count == SIM_FLOODS_MAX)
        return luaL_error(lua, "flood: there were %d floods", SIM_FLOODS_MAX);
    params.from_ns = from_ns;
    params.until_ns = from_ns + (int64_t)(seconds * WZP_S);
    world->flood[world->flood_count++] = sim_flood_create(world->net, relay->node, &params);
    return 0;
}

/* w:flooded(): { sent, sent_bytes, answers, answer_bytes }, all floods together; UDP payload */
static int world_flooded(lua_State *lua)
{
    const struct sim_flood_counts *counts = sim_net_flood_counts(sim_world_check(lua, 1)->net);
    lua_createtable(lua, 0, 4);
    lua_pushinteger(lua, (lua_Integer)counts->packets);
    lua_setfield(lua, -2, "sent");
    lua_pushinteger(lua, (lua_Integer)counts->bytes);
    lua_setfield(lua, -2, "sent_bytes");
    lua_pushinteger(lua, (lua_Integer)counts->answer_packets);
    lua_setfield(lua, -2, "answers");
    lua_pushinteger(lua, (lua_Integer)counts->answer_bytes);
    lua_setfield(lua, -2, "answer_bytes");
    return 1;
}

/* ---- over time ---- */

/* w:held(client, or nil or a name for a relay): bytes its core holds, and the most it ever held */
static int world_held(lua_State *lua)
{
    struct sim_world *world = sim_world_check(lua, 1);
    const struct sim_relay *relay = sim_relay_argument(lua, world, 2, "held");
    unsigned node = relay ? relay->node : sim_person_check(lua, world, 2)->node;
    lua_pushinteger(lua, (lua_Integer)sim_net_bytes_held(world->net, node));
    lua_pushinteger(lua, (lua_Integer)sim_net_bytes_peak(world->net, node));
    return 2;
}

/* w:buffer(listener, speaker): ms that its jitter buffer delays the speaker now, and ms it aims at; nil: no
 * decoder serves the speaker */
static int world_buffer(lua_State *lua)
{
    struct sim_world *world = sim_world_check(lua, 1);
    const struct sim_person *listener = sim_person_check(lua, world, 2),
                            *speaker = sim_person_check(lua, world, 3);
    struct wzp_audio_receive_stats stats;
    if (listener == speaker || listener->room != speaker->room || speaker->joined_ns == WZP_NEVER ||
        !wzp_call_member_stats(listener->call, speaker->slot, &stats))
        return 0;
    lua_pushinteger(lua, stats.jitter.delay_ms);
    lua_pushinteger(lua, stats.jitter.target_ms);
    return 2;
}

/* w:rate(client, from, to): kbit/s that its uplink and its downlink were given in between, lost packets too
 */
static int world_rate(lua_State *lua)
{
    struct sim_world *world = sim_world_check(lua, 1);
    const struct sim_person *person = sim_person_check(lua, world, 2);
    int64_t from_ns, to_ns;
    sim_span_arguments(lua, 3, "rate", &from_ns, &to_ns);
    lua_pushnumber(lua, sim_meter_kbps(&person->up, from_ns, to_ns));
    lua_pushnumber(lua, sim_meter_kbps(&person->down, from_ns, to_ns));
    return 2;
}

/* w:sent(client, or nil or a name for a relay): bytes of the packets it sent with media, of repair, of
 * feedback */
static int world_sent(lua_State *lua)
{
    struct sim_world *world = sim_world_check(lua, 1);
    const struct sim_relay *relay = sim_relay_live(lua, world, 2, "sent");
    const struct wzp_endpoint_counters *counters = relay ? wzp_relay_endpoint_counters(relay->relay)
                                                         : wzp_call_counters(
                                                               sim_person_check(lua, world, 2)->call);
    lua_pushinteger(lua, (lua_Integer)counters->media_bytes_out);
    lua_pushinteger(lua, (lua_Integer)counters->repair_bytes_out);
    lua_pushinteger(lua, (lua_Integer)counters->feedback_bytes_out);
    return 3;
}

/* w:concealed(listener, speaker, from, to): percent of the speaker's active frames captured in between that
 * were not heard as they were said; nil when there were none */
static int world_concealed(lua_State *lua)
{
    struct sim_world *world = sim_world_check(lua, 1);
    struct sim_window window;
    int64_t from_ns, to_ns;
    sim_span_arguments(lua, 4, "concealed", &from_ns, &to_ns);
    sim_person_window(sim_person_check(lua, world, 2), sim_person_check(lua, world, 3), from_ns, to_ns,
                      &window);
    if (window.frames == 0)
        return 0;
    lua_pushnumber(lua, 100.0 * (double)window.lost / (double)window.frames);
    return 1;
}

void sim_api_faults_open(lua_State *lua)
{
    static const luaL_Reg methods[] = {{"move", world_move},
                                       {"rebind", world_rebind},
                                       {"find_mtu", world_find_mtu},
                                       {"path", world_path},
                                       {"plan", world_plan},
                                       {"feedback", world_feedback},
                                       {"vanished", world_vanished},
                                       {"link", world_link},
                                       {"too_large", world_too_large},
                                       {"flood", world_flood},
                                       {"flooded", world_flooded},
                                       {"held", world_held},
                                       {"buffer", world_buffer},
                                       {"rate", world_rate},
                                       {"sent", world_sent},
                                       {"concealed", world_concealed},
                                       {NULL, NULL}};
    luaL_setfuncs(lua, methods, 0);
}
