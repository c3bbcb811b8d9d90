// SPDX-License-Identifier: Apache-2.0
/* What a scenario adds to the JSON of its run: result(name, value). A value is a number, text, boolean or a
 * table: a list (1, 2, 3 ... or nothing at all) is an array, any other table an object in
 * the order of its keys. docs/sim.md.
 */
#include "sim/run.h"

#include <lauxlib.h>
#include <stdlib.h>
#include <string.h>

#define MEMBERS_KEY "wzp.result"
#define DECIMALS    4
#define DEPTH_MAX   8
#define NAMES_MAX   64 /* of one object */

/* The name at the index, which C strings hold: no zero byte ends it early. */
static const char *name_at(lua_State *lua, int index)
{
    const char *name = lua_tostring(lua, index);
    if (strlen(name) != lua_rawlen(lua, index))
        luaL_error(lua, "result: a name has no zero byte in it");
    return name;
}

/* Pushes a copy that the scenario cannot change any more, so that the writing below cannot fail. Raises an
 * error for what JSON cannot say. */
static void copy(lua_State *lua, int index, unsigned depth)
{
    int type = lua_type(lua, index);
    luaL_checkstack(lua, 5, "result");
    if (type == LUA_TNUMBER || type == LUA_TSTRING || type == LUA_TBOOLEAN) {
        lua_pushvalue(lua, index);
        return;
    }
    if (type != LUA_TTABLE || depth == DEPTH_MAX)
        luaL_error(lua, "result: a value is a number, text, boolean, or a table of them, not too deep");
    lua_Integer items = (lua_Integer)lua_rawlen(lua, index), count = 0;
    lua_newtable(lua);
    int to = lua_gettop(lua);
    for (lua_pushnil(lua); lua_next(lua, index); lua_pop(lua, 1)) {
        count++;
        if (items > 0 &&
            (!lua_isinteger(lua, -2) || lua_tointeger(lua, -2) < 1 || lua_tointeger(lua, -2) > items))
            luaL_error(lua, "result: a table is a list or has names, not both");
        if (items == 0 && (lua_type(lua, -2) != LUA_TSTRING || count > NAMES_MAX))
            luaL_error(lua, "result: an object has names, %d at most", NAMES_MAX);
        if (items == 0)
            (void)name_at(lua, -2);
        lua_pushvalue(lua, -2);
        copy(lua, to + 2, depth + 1);
        lua_rawset(lua, to);
    }
    if (count < items)
        luaL_error(lua, "result: a list has no nil in it");
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void write(lua_State *lua, struct wzp_json *json, const char *name, int index);

/* The strings belong to the table's keys. */
static void write_object(lua_State *lua, struct wzp_json *json, const char *name, int index)
{
    const char *names[NAMES_MAX];
    size_t count = 0;
    for (lua_pushnil(lua); lua_next(lua, index); lua_pop(lua, 1))
        names[count++] = lua_tostring(lua, -2);
    qsort(names, count, sizeof *names, by_name);
    wzp_json_begin_object(json, name);
    for (size_t i = 0; i < count; i++) {
        lua_getfield(lua, index, names[i]);
        write(lua, json, names[i], lua_gettop(lua));
        lua_pop(lua, 1);
    }
    wzp_json_end(json);
}

static void write(lua_State *lua, struct wzp_json *json, const char *name, int index)
{
    lua_Integer items;
    switch (lua_type(lua, index)) {
    case LUA_TNUMBER:
        if (lua_isinteger(lua, index))
            wzp_json_int(json, name, lua_tointeger(lua, index));
        else
            wzp_json_real(json, name, lua_tonumber(lua, index), DECIMALS);
        return;
    case LUA_TSTRING:
        wzp_json_text(json, name, lua_tostring(lua, index));
        return;
    case LUA_TBOOLEAN:
        wzp_json_bool(json, name, lua_toboolean(lua, index));
        return;
    default:
        break;
    }
    items = (lua_Integer)lua_rawlen(lua, index);
    lua_pushnil(lua);
    bool is_empty = !lua_next(lua, index);
    if (!is_empty)
        lua_pop(lua, 2);
    if (items == 0 && !is_empty) {
        write_object(lua, json, name, index);
        return;
    }
    wzp_json_begin_array(json, name);
    for (lua_Integer i = 1; i <= items; i++) {
        lua_geti(lua, index, i);
        write(lua, json, NULL, lua_gettop(lua));
        lua_pop(lua, 1);
    }
    wzp_json_end(json);
}

/* What sim/result.c writes beside them: JSON says a name once. */
static bool is_taken(const char *name)
{
    static const char *const TAKEN[] = {"scenario", "seed",   "params",  "trace_hash", "virtual_s", "wall_s",
                                        "versions", "rekeys", "members", "held_bytes", "flood",     "judges"};
    for (size_t i = 0; i < sizeof TAKEN / sizeof *TAKEN; i++)
        if (strcmp(name, TAKEN[i]) == 0)
            return true;
    return false;
}

/* result(name, value) */
static int result(lua_State *lua)
{
    luaL_checktype(lua, 1, LUA_TSTRING);
    luaL_checkany(lua, 2);
    const char *name = name_at(lua, 1);
    luaL_argcheck(lua, !is_taken(name), 1, "every result has one of this name already");
    copy(lua, 2, 0);
    lua_getfield(lua, LUA_REGISTRYINDEX, MEMBERS_KEY);
    lua_getfield(lua, -1, name);
    luaL_argcheck(lua, lua_isnil(lua, -1), 1, "this result was given before");
    lua_pop(lua, 1);
    lua_pushvalue(lua, -2);
    lua_setfield(lua, -2, name);
    lua_pushvalue(lua, 1); /* and in the order they were given */
    lua_seti(lua, -2, (lua_Integer)lua_rawlen(lua, -2) + 1);
    return 0;
}

void sim_result_members(const struct sim_run *run, struct wzp_json *json)
{
    lua_State *lua = run->lua;
    int top = lua_gettop(lua);
    luaL_checkstack(lua, 4 * DEPTH_MAX, "result");
    lua_getfield(lua, LUA_REGISTRYINDEX, MEMBERS_KEY);
    lua_Integer count = (lua_Integer)lua_rawlen(lua, -1);
    for (lua_Integer i = 1; i <= count; i++) {
        lua_geti(lua, top + 1, i);
        lua_getfield(lua, top + 1, lua_tostring(lua, -1));
        write(lua, json, lua_tostring(lua, -2), lua_gettop(lua));
        lua_settop(lua, top + 1);
    }
    lua_settop(lua, top);
}

void sim_api_result_open(lua_State *lua)
{
    lua_newtable(lua);
    lua_setfield(lua, LUA_REGISTRYINDEX, MEMBERS_KEY);
    lua_register(lua, "result", result);
}
