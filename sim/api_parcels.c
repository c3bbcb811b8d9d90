// SPDX-License-Identifier: Apache-2.0
/* What a scenario can do with files: w:send, w:parcel and w:disk. docs/sim.md. */
#include "sim/parcel.h"
#include "sim/run.h"

#include <lauxlib.h>

#define SIZE_MAX_BYTES (1 << 30) /* computed and hashed before the first leaves: some seconds */

/* w:send(from, to, bytes): a file, from now on; false where no stream can be opened */
static int world_send(lua_State *lua)
{
    struct sim_world *world = sim_world_check(lua, 1);
    struct sim_person *from = sim_person_check(lua, world, 2), *to = sim_person_check(lua, world, 3);
    lua_Integer size = luaL_checkinteger(lua, 4);
    if (from == to || size < 0)
        return luaL_error(lua, "send: to somebody else, and no less than nothing");
    if (size > SIZE_MAX_BYTES)
        return luaL_error(lua, "send: at most %d bytes", SIZE_MAX_BYTES);
    if (from->room != to->room)
        return luaL_error(lua, "send: they are in no common room");
    lua_pushboolean(lua, sim_parcel_send(from, to, (uint64_t)size) != NULL);
    return 1;
}

/* w:disk(client, bytes): what its disk has room for, from now on */
static int world_disk(lua_State *lua)
{
    struct sim_person *person = sim_person_check(lua, sim_world_check(lua, 1), 2);
    lua_Integer bytes = luaL_checkinteger(lua, 3);
    if (bytes < 0)
        return luaL_error(lua, "disk: room for no less than 0 bytes");
    person->disk_left = (uint64_t)bytes;
    return 0;
}

/* w:parcel(from): of the last that was sent: is it whole, bytes that came, seconds until the sender was told
 * so, and what it was told where it failed */
static int world_parcel(lua_State *lua)
{
    struct sim_world *world = sim_world_check(lua, 1);
    const struct sim_parcel *parcel = sim_person_check(lua, world, 2)->giving;
    if (!parcel)
        return luaL_error(lua, "parcel: nothing was sent");
    bool is_whole = sim_parcel_is_whole(parcel);
    lua_pushboolean(lua, is_whole);
    lua_pushinteger(lua, (lua_Integer)parcel->receive.received);
    if (is_whole)
        lua_pushnumber(lua, (double)(parcel->done_ns - parcel->started_ns) / (double)WZP_S);
    else
        lua_pushnil(lua);
    lua_pushstring(lua, sim_parcel_why(parcel)); /* nil for NULL */
    return 4;
}

void sim_api_parcels_open(lua_State *lua)
{
    static const luaL_Reg methods[] = {
        {"send", world_send}, {"parcel", world_parcel}, {"disk", world_disk}, {NULL, NULL}};
    luaL_setfuncs(lua, methods, 0);
}
