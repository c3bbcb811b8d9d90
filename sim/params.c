// SPDX-License-Identifier: Apache-2.0
/* A scenario's parameters: declared in Lua, set on the command line, checked with their units. */
#include "run/units.h"
#include "sim/fields.h"
#include "sim/run.h"

#include <errno.h>
#include <lauxlib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct sim_param *find(struct sim_run *run, const char *name, size_t len)
{
    for (unsigned i = 0; i < run->param_count; i++)
        if (strlen(run->param[i].name) == len && memcmp(run->param[i].name, name, len) == 0)
            return &run->param[i];
    return NULL;
}

static bool is_choice(const char *choices, const char *value)
{
    size_t len = strlen(value);
    if (strchr(value, '|'))
        return false;
    for (const char *at = choices; at; at = strchr(at, '|') ? strchr(at, '|') + 1 : NULL)
        if (len > 0 && strncmp(at, value, len) == 0 && (at[len] == '|' || at[len] == '\0'))
            return true;
    return false;
}

/* Pushes the value in its unit: times in ns, rates and tiers in bit/s, shares 0..1. NULL, or why it is not
 * valid. */
static const char *push_value(lua_State *lua, const struct sim_param *param)
{
    const char *why = NULL;
    int64_t time_ns = 0;
    uint64_t whole = 0;
    uint32_t bitrate_bps = 0;
    double real = 0;
    if (strcmp(param->unit, "time") == 0 && !(why = wzp_units_time(param->value, &time_ns)))
        lua_pushinteger(lua, time_ns);
    else if (strcmp(param->unit, "rate") == 0 && !(why = wzp_units_rate(param->value, &whole)))
        lua_pushinteger(lua, (lua_Integer)whole);
    else if (strcmp(param->unit, "max-rate") == 0 && !(why = wzp_units_max_rate(param->value, &whole)))
        lua_pushinteger(lua, (lua_Integer)whole);
    else if (strcmp(param->unit, "budget") == 0 && !(why = wzp_units_delay_budget(param->value, &time_ns)))
        lua_pushinteger(lua, time_ns);
    else if (strcmp(param->unit, "tier") == 0 && !(why = wzp_units_tier(param->value, &bitrate_bps)))
        lua_pushinteger(lua, bitrate_bps);
    else if (strcmp(param->unit, "share") == 0 && !(why = wzp_units_share(param->value, &real)))
        lua_pushnumber(lua, real);
    else if (strcmp(param->unit, "count") == 0 && !(why = wzp_units_count(param->value, &whole)))
        lua_pushinteger(lua, (lua_Integer)whole);
    else if (strcmp(param->unit, "number") == 0 && !(why = wzp_units_number(param->value, &real)))
        lua_pushnumber(lua, real);
    else if (strcmp(param->unit, "text") == 0)
        lua_pushstring(lua, param->value);
    else if (strcmp(param->unit, "choice") == 0 && is_choice(param->choices, param->value))
        lua_pushstring(lua, param->value);
    else if (!why)
        why = "choose one of those listed";
    return why;
}

/* What the scenario itself says of a parameter must be right, whatever is set. */
static void check_declared(lua_State *lua, struct sim_run *run, const struct sim_param *param)
{
    static const char *const units[] = {"time", "rate",   "share",    "count",  "number", "text",
                                        "tier", "choice", "max-rate", "budget", NULL};
    const char *const *unit = units;
    while (*unit && strcmp(*unit, param->unit) != 0)
        unit++;
    if (!*unit)
        luaL_error(lua,
                   "params: \"%s\": a unit is time, rate, share, count, number, text, tier, max-rate, budget "
                   "or choice, not \"%s\"",
                   param->name, param->unit);
    if (find(run, param->name, strlen(param->name)) != param)
        luaL_error(lua, "params: \"%s\" is there twice", param->name);
    const char *why = push_value(lua, param);
    if (why)
        luaL_error(lua, "params: %s=%s is not valid: %s", param->name, param->value, why);
    lua_pop(lua, 1);
}

static void list_known(const struct sim_run *run)
{
    fprintf(stderr, "known keys (unit, default or value, meaning):\n");
    for (unsigned i = 0; i < run->param_count; i++) {
        const struct sim_param *param = &run->param[i];
        fprintf(stderr, "  %-14s %-7s %-10s %s%s%s\n", param->name, param->unit, param->value, param->doc,
                param->choices[0] ? ": " : "", param->choices);
    }
}

static void copy_field(lua_State *lua, int index, char *out, size_t len)
{
    lua_geti(lua, -1, index);
    const char *text = lua_tostring(lua, -1);
    if (!text || strlen(text) >= len)
        luaL_error(
            lua,
            "params: each row is { name, default, unit, meaning }, and choices joined by '|' for a choice");
    memcpy(out, text, strlen(text) + 1);
    lua_pop(lua, 1);
}

static void declare(lua_State *lua, struct sim_run *run)
{
    for (int i = 1; lua_geti(lua, 1, i) == LUA_TTABLE; i++) {
        if (run->param_count == SIM_PARAMS_MAX)
            luaL_error(lua, "params: too many");
        struct sim_param *param = &run->param[run->param_count++];
        copy_field(lua, 1, param->name, sizeof param->name);
        copy_field(lua, 2, param->value, sizeof param->value);
        copy_field(lua, 3, param->unit, sizeof param->unit);
        copy_field(lua, 4, param->doc, sizeof param->doc);
        if (strcmp(param->unit, "choice") == 0)
            copy_field(lua, 5, param->choices, sizeof param->choices);
        check_declared(lua, run, param);
        lua_pop(lua, 1);
    }
    lua_pop(lua, 1);
}

/* Takes one "key=value"; false when said what is wrong. */
static bool set(struct sim_run *run, const char *pair)
{
    const char *equals = strchr(pair, '=');
    struct sim_param *param = equals ? find(run, pair, (size_t)(equals - pair)) : NULL;
    if (!equals) {
        fprintf(stderr, "wzp-sim: --set takes key=value, not \"%s\"\n", pair);
    } else if (!param) {
        fprintf(stderr, "wzp-sim: unknown key \"%.*s\"\n", (int)(equals - pair), pair);
    } else if (strlen(equals + 1) >= sizeof param->value) {
        fprintf(stderr, "wzp-sim: the value of \"%s\" is too long\n", param->name);
    } else {
        memcpy(param->value, equals + 1, strlen(equals + 1) + 1);
        return true;
    }
    return false;
}

int sim_params_declare(lua_State *lua)
{
    struct sim_run *run = sim_run_of(lua);
    if (lua_type(lua, 1) != LUA_TTABLE)
        return luaL_error(lua, "params takes a table of rows { name, default, unit, meaning }, not %s",
                          sim_value_kind(lua, 1));
    declare(lua, run);
    bool good = true;
    for (unsigned i = 0; i < run->set_count && good; i++)
        good = set(run, run->set[i]);
    lua_createtable(lua, 0, (int)run->param_count);
    for (unsigned i = 0; i < run->param_count && good; i++) {
        const char *why = push_value(lua, &run->param[i]);
        if (why) {
            fprintf(stderr, "wzp-sim: %s=%s is not valid: %s\n", run->param[i].name, run->param[i].value,
                    why);
            good = false;
        } else {
            lua_setfield(lua, -2, run->param[i].name);
        }
    }
    if (!good) {
        list_known(run);
        run->is_told = true;
        lua_pushnil(lua);
        return lua_error(lua);
    }
    run->has_params = true;
    sim_words_guard(lua, "params");
    if (!run->quiet) {
        printf("%s, seed %llu\n ", run->file, (unsigned long long)run->seed);
        for (unsigned i = 0; i < run->param_count; i++)
            printf(" %s=%s", run->param[i].name, run->param[i].value);
        printf("\n");
        fflush(stdout);
    }
    return 1;
}

bool sim_number_parse(const char *text, uint64_t least, uint64_t most, uint64_t *number)
{
    char *end;
    errno = 0;
    *number = strtoull(text, &end, 10);
    return errno == 0 && *text >= '0' && *text <= '9' && *end == '\0' && *number >= least && *number <= most;
}
