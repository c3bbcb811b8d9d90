// SPDX-License-Identifier: Apache-2.0
#include "sim/fields.h"

#include <lauxlib.h>
#include <string.h>

void sim_fields_check(lua_State *lua, int index, const char *what, const char *const *known)
{
    luaL_checktype(lua, index, LUA_TTABLE);
    lua_pushnil(lua);
    while (lua_next(lua, index)) {
        const char *name = lua_type(lua, -2) == LUA_TSTRING ? lua_tostring(lua, -2) : "?";
        const char *const *row = known;
        while (*row && strcmp(*row, name) != 0)
            row++;
        if (!*row)
            luaL_error(lua, "%s: unknown field \"%s\"", what, name);
        lua_pop(lua, 1);
    }
}

int64_t sim_field_int(lua_State *lua, int index, const char *name, int64_t otherwise)
{
    int64_t value = otherwise;
    if (lua_getfield(lua, index, name) != LUA_TNIL) {
        int good;
        value = lua_tointegerx(lua, -1, &good);
        if (!good)
            luaL_error(lua, "\"%s\" must be a whole number", name);
    }
    lua_pop(lua, 1);
    return value;
}

int64_t sim_field_bound(lua_State *lua, int index, const char *name, int64_t least, int64_t most)
{
    int64_t value = sim_field_int(lua, index, name, 0);
    if (value != 0 && (value < least || value > most))
        luaL_error(lua, "\"%s\" must be within %I..%I, or 0", name, (lua_Integer)least, (lua_Integer)most);
    return value;
}

double sim_field_number(lua_State *lua, int index, const char *name, double otherwise)
{
    double value = otherwise;
    if (lua_getfield(lua, index, name) != LUA_TNIL) {
        int good;
        value = lua_tonumberx(lua, -1, &good);
        if (!good)
            luaL_error(lua, "\"%s\" must be a number", name);
    }
    lua_pop(lua, 1);
    return value;
}

const char *sim_field_text(lua_State *lua, int index, const char *name, const char *otherwise)
{
    const char *value = otherwise;
    if (lua_getfield(lua, index, name) != LUA_TNIL) {
        if (lua_type(lua, -1) != LUA_TSTRING)
            luaL_error(lua, "\"%s\" must be text", name);
        value = lua_tostring(lua, -1);
    }
    lua_pop(lua, 1);
    return value;
}

bool sim_field_bool(lua_State *lua, int index, const char *name, bool otherwise)
{
    bool value = lua_getfield(lua, index, name) == LUA_TNIL ? otherwise : lua_toboolean(lua, -1);
    lua_pop(lua, 1);
    return value;
}

void sim_field_link(lua_State *lua, int index, const char *name, struct sim_link_params *params)
{
    if (lua_getfield(lua, index, name) != LUA_TNIL) {
        int at = lua_gettop(lua);
        sim_fields_check(lua, at, name,
                         (const char *const[]){"loss", "burst", "delay", "jitter", "reorder", "rate", "queue",
                                               "dup", "corrupt", "mtu", NULL});
        params->loss = sim_field_number(lua, at, "loss", params->loss);
        params->burst = sim_field_number(lua, at, "burst", params->burst);
        params->delay_ns = sim_field_int(lua, at, "delay", params->delay_ns);
        params->jitter_ns = sim_field_int(lua, at, "jitter", params->jitter_ns);
        params->reorder = sim_field_bool(lua, at, "reorder", params->reorder);
        params->rate_bps = (uint64_t)sim_field_int(lua, at, "rate", (int64_t)params->rate_bps);
        params->queue_ns = sim_field_int(lua, at, "queue", params->queue_ns);
        params->dup = sim_field_number(lua, at, "dup", params->dup);
        params->corrupt = sim_field_number(lua, at, "corrupt", params->corrupt);
        int64_t mtu = sim_field_int(lua, at, "mtu", params->mtu);
        if (mtu < 0 || mtu > UINT16_MAX)
            luaL_error(lua, "mtu must be within 0..65535 bytes of IP");
        params->mtu = (uint32_t)mtu;
    }
    lua_pop(lua, 1);
    const char *why = sim_link_params_check(params);
    if (why)
        luaL_error(lua, "%s: %s", name, why);
}
