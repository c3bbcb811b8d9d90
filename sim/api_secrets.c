// SPDX-License-Identifier: Apache-2.0
/* What a scenario can do as an adversary: write down, keep keys, steal seeds, lie as a relay. docs/sim.md. */
#include "base/check.h"
#include "call/inspect.h"
#include "crypt/drbg.h"
#include "relay/inspect.h"
#include "sim/fields.h"
#include "sim/recorder.h"
#include "sim/run.h"
#include "wire/signal.h"

#include <lauxlib.h>
#include <string.h>

static struct sim_recorder *recorder_of(lua_State *lua, const struct sim_world *world)
{
    if (!world->recorder)
        luaL_error(lua, "nothing was recorded: call w:record() before the world runs");
    return world->recorder;
}

static int push_tally(lua_State *lua, struct sim_tally tally)
{
    lua_pushinteger(lua, (lua_Integer)tally.tried);
    lua_pushinteger(lua, (lua_Integer)tally.opened);
    return 2;
}

/* w:record(): from now on everything is written down */
static int world_record(lua_State *lua)
{
    struct sim_world *world = sim_world_check(lua, 1);
    sim_one_relay_check(lua, world, "w:record");
    if (sim_crowd_count(world->crowd) > SIM_RECORDER_PEOPLE_MAX)
        return luaL_error(lua, "record: at most %d people can be recorded", SIM_RECORDER_PEOPLE_MAX);
    if (!world->recorder)
        world->recorder = sim_recorder_create(world->net, world->watch, world->crowd);
    return 0;
}

/* w:snapshot(client): a number for all the keys it holds now */
static int world_snapshot(lua_State *lua)
{
    struct sim_world *world = sim_world_check(lua, 1);
    const struct sim_person *person = sim_person_check(lua, world, 2);
    lua_pushinteger(lua, (lua_Integer)sim_recorder_snapshot(recorder_of(lua, world), person));
    return 1;
}

/* w:open(snapshot, speaker, from, until): media of the speaker sealed then: tried, opened */
static int world_open(lua_State *lua)
{
    struct sim_world *world = sim_world_check(lua, 1);
    const struct sim_person *speaker = sim_person_check(lua, world, 3);
    const struct sim_recorder *recorder = recorder_of(lua, world);
    lua_Integer number = luaL_checkinteger(lua, 2);
    luaL_argcheck(lua, number >= 0 && number < sim_recorder_snapshots(recorder), 2, "no such snapshot");
    return push_tally(lua, sim_recorder_open(recorder, (unsigned)number, speaker,
                                             sim_time_argument(lua, 4, "open"),
                                             sim_time_argument(lua, 5, "open")));
}

static struct wzp_room room_of(lua_State *lua, const struct sim_world *world)
{
    struct wzp_room room;
    if (sim_crowd_count(world->crowd) == 0)
        luaL_error(lua, "nobody is in this world");
    WZP_CHECK(wzp_room_derive(sim_crowd_person(world->crowd, 0)->config.room, &room) == WZP_ERR_OK);
    return room;
}

/* "public", "seeds" or "all" */
static enum sim_thief check_thief(lua_State *lua, int index)
{
    static const char *const names[] = {"public", "seeds", "all", NULL};
    return (enum sim_thief)luaL_checkoption(lua, index, NULL, names);
}

/* w:open_keys(thief): every KEY, by who has that: tried, opened */
static int world_open_keys(lua_State *lua)
{
    struct sim_world *world = sim_world_check(lua, 1);
    struct wzp_room room = room_of(lua, world);
    return push_tally(lua,
                      sim_recorder_open_keys(recorder_of(lua, world), &room,
                                             sim_relay_named(lua, world, NULL, "open"), check_thief(lua, 2)));
}

/* w:open_media(thief): every sealed media payload, by who has that: tried, opened */
static int world_open_media(lua_State *lua)
{
    struct sim_world *world = sim_world_check(lua, 1);
    struct wzp_room room = room_of(lua, world);
    return push_tally(lua, sim_recorder_open_media(recorder_of(lua, world), &room,
                                                   sim_relay_named(lua, world, NULL, "open"),
                                                   check_thief(lua, 2)));
}

/* w:open_datagrams(thief): every datagram after the handshakes, by who has that: tried, opened */
static int world_open_datagrams(lua_State *lua)
{
    struct sim_world *world = sim_world_check(lua, 1);
    return push_tally(lua, sim_recorder_open_datagrams(recorder_of(lua, world),
                                                       sim_relay_named(lua, world, NULL, "open"),
                                                       check_thief(lua, 2)));
}

/* w:open_later(at): every datagram sent from then on, by who has the keys that sessions began with: tried,
 * opened */
static int world_open_later(lua_State *lua)
{
    struct sim_world *world = sim_world_check(lua, 1);
    return push_tally(
        lua, sim_recorder_open_later(recorder_of(lua, world), sim_time_argument(lua, 2, "open_later")));
}

static int push_time(lua_State *lua, int64_t at_ns)
{
    if (at_ns == WZP_NEVER)
        return 0;
    lua_pushinteger(lua, at_ns);
    return 1;
}

/* w:joined_at(client): when it was told its place; nil before */
static int world_joined_at(lua_State *lua)
{
    struct sim_world *world = sim_world_check(lua, 1);
    return push_time(lua, sim_person_check(lua, world, 2)->joined_ns);
}

/* w:told_of_join(client, other): when it was told that the other joined, or found it there; nil before */
static int world_told_of_join(lua_State *lua)
{
    struct sim_world *world = sim_world_check(lua, 1);
    const struct sim_person *person = sim_person_check(lua, world, 2);
    const struct sim_person *other = sim_person_check(lua, world, 3);
    return person->room == other->room ? push_time(lua, person->told_joined_ns[other->place]) : 0;
}

/* w:told_of_leave(client, other): when it was told that the other left */
static int world_told_of_leave(lua_State *lua)
{
    struct sim_world *world = sim_world_check(lua, 1);
    const struct sim_person *person = sim_person_check(lua, world, 2);
    const struct sim_person *other = sim_person_check(lua, world, 3);
    return person->room == other->room ? push_time(lua, person->told_left_ns[other->place]) : 0;
}

/* ---- a relay that lies ---- */

static void tell_everybody(struct sim_world *world, const struct sim_relay *relay,
                           const struct wzp_signal *signal)
{
    uint8_t bytes[512];
    uint32_t sessions[SIM_ROOM_MAX];
    struct wzp_writer writer = wzp_writer_make(bytes, sizeof bytes);
    wzp_signal_encode(&writer, signal);
    WZP_CHECK(!writer.failed);
    size_t count = wzp_relay_sessions(relay->relay, sessions, SIM_ROOM_MAX);
    for (size_t i = 0; i < count; i++)
        wzp_endpoint_send_signal(wzp_relay_endpoint(relay->relay), sessions[i],
                                 (struct wzp_slice){bytes, wzp_writer_len(&writer)});
    sim_net_poke(world->net, relay->node);
}

/*
 * w:ghost(kind): the relay lists a member that is not there, under slot 1000: "invented", without knowing the
 * room; from "elsewhere", a genuine one of another room; "copied", the record of somebody who is there; or
 * "invited": the relay was told the room's name, so that everybody must take its ghost for a member.
 */
static int world_ghost(lua_State *lua)
{
    struct sim_world *world = sim_world_check(lua, 1);
    enum { INVENTED, ELSEWHERE, COPIED, INVITED };
    static const char *const kinds[] = {"invented", "elsewhere", "copied", "invited", NULL};
    int kind = luaL_checkoption(lua, 2, NULL, kinds);
    sim_one_relay_check(lua, world, "w:ghost");
    const struct sim_relay *relay = sim_relay_named(lua, world, NULL, "ghost");
    if (!relay->relay)
        return luaL_error(lua, "ghost: there is no relay now");
    struct wzp_room *room = &world->ghost_room;
    struct wzp_identity identity;
    struct wzp_member_record record;
    struct wzp_drbg drbg;
    uint8_t seed[32], bytes[WZP_RECORD_LEN];
    sim_net_secret(world->net, relay->node, "ghost", seed);
    wzp_drbg_init(&drbg, seed, 0);
    wzp_identity_from_seed(&identity, seed);
    wzp_stay_make(&world->ghost_stay, &drbg);
    *room = room_of(lua, world);
    if (kind == ELSEWHERE)
        wzp_drbg_fill(&drbg, room->id, sizeof room->id);
    if (kind != INVITED) /* an id is all that a relay is told */
        wzp_drbg_fill(&drbg, room->mix, sizeof room->mix);
    wzp_member_record_make(&identity, &world->ghost_stay, room, &drbg, &record);
    if (kind == COPIED)
        record = *wzp_call_record(sim_crowd_person(world->crowd, 0)->call);
    wzp_member_record_encode(&record, bytes);
    struct wzp_signal news = {.kind = WZP_SIGNAL_MEMBER_JOINED,
                              .member_joined = {.slot = 1000, .record = {bytes, sizeof bytes}}};
    tell_everybody(world, relay, &news);
    return 0;
}

/* w:open_for_ghost(): every KEY, by the ghost's own secrets: tried, opened */
static int world_open_for_ghost(lua_State *lua)
{
    struct sim_world *world = sim_world_check(lua, 1);
    return push_tally(lua,
                      sim_recorder_keys_for(recorder_of(lua, world), &world->ghost_stay, &world->ghost_room));
}

/* w:keys_sealed(): how many KEYs were sealed so far, by everybody */
static int world_keys_sealed(lua_State *lua)
{
    struct sim_world *world = sim_world_check(lua, 1);
    lua_pushinteger(lua, (lua_Integer)sim_recorder_keys_sealed(recorder_of(lua, world)));
    return 1;
}

void sim_api_secrets_open(lua_State *lua)
{
    static const luaL_Reg methods[] = {{"record", world_record},
                                       {"snapshot", world_snapshot},
                                       {"open", world_open},
                                       {"open_keys", world_open_keys},
                                       {"open_media", world_open_media},
                                       {"open_later", world_open_later},
                                       {"open_datagrams", world_open_datagrams},
                                       {"joined_at", world_joined_at},
                                       {"told_of_join", world_told_of_join},
                                       {"told_of_leave", world_told_of_leave},
                                       {"ghost", world_ghost},
                                       {"open_for_ghost", world_open_for_ghost},
                                       {"keys_sealed", world_keys_sealed},
                                       {NULL, NULL}};
    luaL_setfuncs(lua, methods, 0);
}
