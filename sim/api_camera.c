// SPDX-License-Identifier: Apache-2.0
/* What a scenario can do with pictures, and what it sees of the split of a path: w:camera, w:picture and
 * w:shares. docs/sim.md. */
#include "call/video.h"
#include "sim/camera.h"
#include "sim/fields.h"
#include "sim/person.h"
#include "sim/run.h"

#include <lauxlib.h>

#define MOST_BPS 100000000

/* w:camera(client, { min =, most = }): pictures beside its speech from now on, bits/s on the wire; most 0:
 * none */
static int world_camera(lua_State *lua)
{
    struct sim_world *world = sim_world_check(lua, 1);
    struct sim_person *person = sim_person_check(lua, world, 2);
    sim_fields_check(lua, 3, "camera", (const char *const[]){"min", "most", NULL});
    uint64_t most = sim_field_rate_bound(lua, 3, "most", 0, MOST_BPS);
    sim_camera_set(person, sim_field_rate_bound(lua, 3, "min", 0, most), most);
    return 0;
}

/* w:picture(listener, speaker): packets of pictures that came from it and opened, bytes in them */
static int world_picture(lua_State *lua)
{
    struct sim_world *world = sim_world_check(lua, 1);
    struct sim_person *listener = sim_person_check(lua, world, 2);
    const struct sim_person *speaker = sim_person_check(lua, world, 3);
    struct wzp_call_video_stats stats = {0};
    wzp_call_video_stats(listener->call, speaker->slot, &stats);
    lua_pushinteger(lua, (lua_Integer)stats.packets);
    lua_pushinteger(lua, (lua_Integer)stats.bytes);
    return 2;
}

/* w:shares(client): bits/s of its way to the relay that speech, pictures and streams have now; nil: nothing
 * is known of what it carries */
static int world_shares(lua_State *lua)
{
    struct sim_world *world = sim_world_check(lua, 1);
    struct wzp_session_facts facts;
    if (!wzp_call_session_facts(sim_person_check(lua, world, 2)->call, &facts) || !facts.rate_bps)
        return 0;
    lua_pushinteger(lua, (lua_Integer)facts.share.audio_bps);
    lua_pushinteger(lua, (lua_Integer)facts.share.video_bps);
    lua_pushinteger(lua, (lua_Integer)facts.share.streams_bps);
    return 3;
}

void sim_api_camera_open(lua_State *lua)
{
    static const luaL_Reg methods[] = {
        {"camera", world_camera}, {"picture", world_picture}, {"shares", world_shares}, {NULL, NULL}};
    luaL_setfuncs(lua, methods, 0);
}
