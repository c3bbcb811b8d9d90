// SPDX-License-Identifier: Apache-2.0
#include "sim/fields.h"

#include <lauxlib.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "run/units.h"

#define WORD_MAX  40  /* letters of words that are compared */
#define WORDS_MAX 256 /* of one table */

/* ---- words ---- */

/* Letters to add, drop, exchange or swap with a neighbour to make one word the other (Damerau 1964). */
static size_t distance(const char *a, const char *b)
{
    size_t cost[WORD_MAX + 1][WORD_MAX + 1], a_len = strlen(a), b_len = strlen(b);
    if (a_len > WORD_MAX || b_len > WORD_MAX)
        return WORD_MAX;
    for (size_t i = 0; i <= a_len; i++)
        for (size_t j = 0; j <= b_len; j++) {
            if (i == 0 || j == 0) {
                cost[i][j] = i + j;
                continue;
            }
            size_t best = cost[i - 1][j - 1] + (a[i - 1] != b[j - 1]);
            best = cost[i - 1][j] + 1 < best ? cost[i - 1][j] + 1 : best;
            best = cost[i][j - 1] + 1 < best ? cost[i][j - 1] + 1 : best;
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
                cost[i - 2][j - 2] + 1 < best)
                best = cost[i - 2][j - 2] + 1;
            cost[i][j] = best;
        }
    return cost[a_len][b_len];
}

const char *sim_word_near(const char *word, const char *const *known)
{
    const char *best = NULL;
    size_t least = strlen(word) < 4 ? 2 : strlen(word) < 7 ? 3 : 4; /* must be below */
    for (; *known; known++) {
        size_t far = distance(word, *known);
        bool is_part = strlen(word) >= 3 && strncmp(*known, word, strlen(word)) == 0;
        if (is_part && far > 1)
            far = 1;
        if (far < least || (best && far == least && strcmp(*known, best) < 0)) {
            least = far;
            best = *known;
        }
    }
    return best;
}

static int refuse_field(lua_State *lua, const char *what, const char *name, const char *const *known)
{
    const char *near = sim_word_near(name, known);
    if (near)
        return luaL_error(lua, "%s: unknown field \"%s\"; did you mean \"%s\"?", what, name, near);
    luaL_Buffer list;
    luaL_buffinit(lua, &list);
    for (const char *const *row = known; *row; row++) {
        luaL_addstring(&list, row == known ? "" : ", ");
        luaL_addstring(&list, *row);
    }
    luaL_pushresult(&list);
    return luaL_error(lua, "%s: unknown field \"%s\"; there are %s", what, name, lua_tostring(lua, -1));
}

void sim_fields_check(lua_State *lua, int index, const char *what, const char *const *known)
{
    if (lua_type(lua, index) != LUA_TTABLE)
        luaL_error(lua, "%s takes a table { ... }, not %s", what, sim_value_kind(lua, index));
    lua_pushnil(lua);
    while (lua_next(lua, index)) {
        if (lua_type(lua, -2) != LUA_TSTRING)
            luaL_error(lua, "%s takes fields with names, such as { %s = ... }", what, known[0]);
        const char *name = lua_tostring(lua, -2);
        const char *const *row = known;
        while (*row && strcmp(*row, name) != 0)
            row++;
        if (!*row)
            refuse_field(lua, what, name, known);
        lua_pop(lua, 1);
    }
}

size_t sim_list_len(lua_State *lua, const char *name)
{
    size_t len = (size_t)lua_rawlen(lua, -1), count = 0;
    for (lua_pushnil(lua); lua_next(lua, -2); lua_pop(lua, 1)) {
        count++;
        if (!lua_isinteger(lua, -2) || lua_tointeger(lua, -2) < 1 || (size_t)lua_tointeger(lua, -2) > len)
            luaL_error(lua, "\"%s\" takes a list { ..., ... }, without names", name);
    }
    if (count < len)
        luaL_error(lua, "\"%s\" takes a list { ..., ... }, without nil", name);
    return len;
}

/* Upvalue: whose words they are. */
static int refuse_word(lua_State *lua)
{
    const char *whose = lua_tostring(lua, lua_upvalueindex(1)), *known[WORDS_MAX + 1];
    size_t count = 0;
    if (lua_type(lua, 2) != LUA_TSTRING)
        return luaL_error(lua, "%s has words, and is no list", whose);
    const char *word = lua_tostring(lua, 2);
    for (lua_pushnil(lua); lua_next(lua, 1) && count < WORDS_MAX; lua_pop(lua, 1))
        if (lua_type(lua, -2) == LUA_TSTRING)
            known[count++] = lua_tostring(lua, -2); /* the table holds it */
    known[count] = NULL;
    const char *near = sim_word_near(word, known);
    return near ? luaL_error(lua, "%s knows no word \"%s\"; did you mean \"%s\"?", whose, word, near)
                : luaL_error(lua, "%s knows no word \"%s\"", whose, word);
}

void sim_words_guard(lua_State *lua, const char *whose)
{
    lua_createtable(lua, 0, 1);
    lua_pushstring(lua, whose);
    lua_pushcclosure(lua, refuse_word, 1);
    lua_setfield(lua, -2, "__index");
    lua_setmetatable(lua, -2);
}

const char *sim_value_kind(lua_State *lua, int index)
{
    switch (lua_type(lua, index)) {
    case LUA_TNONE:
    case LUA_TNIL:
        return "nothing";
    case LUA_TSTRING:
        return lua_pushfstring(lua, "the text \"%s\"", lua_tostring(lua, index));
    case LUA_TNUMBER:
        return lua_pushfstring(lua, "%s", luaL_tolstring(lua, index, NULL));
    case LUA_TBOOLEAN:
        return lua_toboolean(lua, index) ? "true" : "false";
    default:
        return lua_pushfstring(lua, "a %s", luaL_typename(lua, index));
    }
}

/* ---- values ---- */

/* Pushes the field; false: there is none. */
static bool get(lua_State *lua, int index, const char *name)
{
    return lua_getfield(lua, index, name) != LUA_TNIL;
}

static void refuse_value(lua_State *lua, const char *name, const char *wanted)
{
    luaL_error(lua, "\"%s\" must be %s, not %s", name, wanted, sim_value_kind(lua, -1));
}

/* The whole number on top of the stack. */
static int64_t take_int(lua_State *lua, const char *name, const char *wanted)
{
    int good = 0;
    int64_t value = lua_type(lua, -1) == LUA_TNUMBER ? lua_tointegerx(lua, -1, &good) : 0;
    if (!good)
        refuse_value(lua, name, wanted);
    return value;
}

int64_t sim_field_int(lua_State *lua, int index, const char *name, int64_t otherwise)
{
    int64_t value = get(lua, index, name) ? take_int(lua, name, "a whole number") : otherwise;
    lua_pop(lua, 1);
    return value;
}

int64_t sim_field_range(lua_State *lua, int index, const char *name, int64_t otherwise, int64_t least,
                        int64_t most)
{
    int64_t value = sim_field_int(lua, index, name, otherwise);
    if (value < least || value > most)
        luaL_error(lua, "\"%s\" must be within %I..%I, not %I", name, (lua_Integer)least, (lua_Integer)most,
                   (lua_Integer)value);
    return value;
}

int64_t sim_time_argument(lua_State *lua, int index, const char *word)
{
    int good = 0;
    int64_t value = 0;
    if (lua_type(lua, index) == LUA_TSTRING) {
        const char *why = wzp_units_time(lua_tostring(lua, index), &value);
        if (why)
            luaL_error(lua, "%s: \"%s\" is not valid: %s", word, lua_tostring(lua, index), why);
        return value;
    }
    value = lua_type(lua, index) == LUA_TNUMBER ? lua_tointegerx(lua, index, &good) : 0;
    if (!good)
        luaL_error(lua, "%s takes whole nanoseconds, or a text such as \"40ms\", not %s", word,
                   sim_value_kind(lua, index));
    return value;
}

void sim_span_arguments(lua_State *lua, int index, const char *word, int64_t *from_ns, int64_t *to_ns)
{
    *from_ns = sim_time_argument(lua, index, word);
    *to_ns = sim_time_argument(lua, index + 1, word);
    luaL_argcheck(lua, *from_ns >= 0, index, "the time begins before 0");
    luaL_argcheck(lua, *from_ns < *to_ns, index + 1, "the time ends before it begins");
}

int64_t sim_field_time(lua_State *lua, int index, const char *name, int64_t otherwise)
{
    int64_t value = otherwise;
    if (get(lua, index, name) && lua_type(lua, -1) == LUA_TSTRING) {
        const char *why = wzp_units_time(lua_tostring(lua, -1), &value);
        if (why)
            luaL_error(lua, "\"%s\": \"%s\" is not valid: %s", name, lua_tostring(lua, -1), why);
    } else if (!lua_isnil(lua, -1)) {
        value = take_int(lua, name, "whole nanoseconds, or a text such as \"40ms\"");
    }
    if (value < 0)
        luaL_error(lua, "\"%s\" must not be below 0", name);
    lua_pop(lua, 1);
    return value;
}

uint64_t sim_field_rate(lua_State *lua, int index, const char *name, uint64_t otherwise)
{
    uint64_t value = otherwise;
    if (get(lua, index, name) && lua_type(lua, -1) == LUA_TSTRING) {
        const char *why = wzp_units_rate(lua_tostring(lua, -1), &value);
        if (why)
            luaL_error(lua, "\"%s\": \"%s\" is not valid: %s", name, lua_tostring(lua, -1), why);
    } else if (!lua_isnil(lua, -1)) {
        int64_t number = take_int(lua, name, "whole bits a second, or a text such as \"500kbit\"");
        if (number < 0)
            luaL_error(lua, "\"%s\" must not be below 0", name);
        value = (uint64_t)number;
    }
    lua_pop(lua, 1);
    return value;
}

static void refuse_bound(lua_State *lua, const char *name, int64_t least, int64_t most, const char *unit)
{
    luaL_error(lua, "\"%s\" must be within %I..%I %s, or 0", name, (lua_Integer)least, (lua_Integer)most,
               unit);
}

int64_t sim_field_time_bound(lua_State *lua, int index, const char *name, int64_t least, int64_t most)
{
    int64_t value = sim_field_time(lua, index, name, 0);
    if (value != 0 && (value < least || value > most))
        refuse_bound(lua, name, least, most, "ns");
    return value;
}

uint64_t sim_field_rate_bound(lua_State *lua, int index, const char *name, uint64_t least, uint64_t most)
{
    uint64_t value = sim_field_rate(lua, index, name, 0);
    if (value != 0 && (value < least || value > most))
        refuse_bound(lua, name, (int64_t)least, (int64_t)most, "bit/s");
    return value;
}

double sim_field_number(lua_State *lua, int index, const char *name, double otherwise)
{
    double value = otherwise;
    if (get(lua, index, name)) {
        if (lua_type(lua, -1) != LUA_TNUMBER)
            refuse_value(lua, name, "a number");
        value = lua_tonumber(lua, -1);
        if (!isfinite(value))
            luaL_error(lua, "\"%s\" must be a number with an end", name);
    }
    lua_pop(lua, 1);
    return value;
}

double sim_value_share(lua_State *lua, const char *name)
{
    double value = 0;
    if (lua_type(lua, -1) == LUA_TSTRING) {
        const char *why = wzp_units_share(lua_tostring(lua, -1), &value);
        if (why)
            luaL_error(lua, "\"%s\": \"%s\" is not valid: %s", name, lua_tostring(lua, -1), why);
    } else if (lua_type(lua, -1) == LUA_TNUMBER) {
        value = lua_tonumber(lua, -1);
    } else {
        refuse_value(lua, name, "a share within 0..1, or a text such as \"30%\"");
    }
    if (!(value >= 0 && value <= 1))
        luaL_error(lua, "\"%s\" must be within 0..1 (0 %% to 100 %%), not %f", name, value);
    return value;
}

double sim_field_share(lua_State *lua, int index, const char *name, double otherwise)
{
    double value = get(lua, index, name) ? sim_value_share(lua, name) : otherwise;
    lua_pop(lua, 1);
    return value;
}

const char *sim_field_text(lua_State *lua, int index, const char *name, const char *otherwise)
{
    const char *value = otherwise;
    if (get(lua, index, name)) {
        if (lua_type(lua, -1) != LUA_TSTRING)
            refuse_value(lua, name, "a text");
        value = lua_tostring(lua, -1);
    }
    lua_pop(lua, 1);
    return value;
}

bool sim_field_bool(lua_State *lua, int index, const char *name, bool otherwise)
{
    bool value = otherwise;
    if (get(lua, index, name)) {
        if (lua_type(lua, -1) != LUA_TBOOLEAN)
            refuse_value(lua, name, "true or false");
        value = lua_toboolean(lua, -1);
    }
    lua_pop(lua, 1);
    return value;
}

unsigned sim_field_choice(lua_State *lua, int index, const char *name, unsigned otherwise,
                          const char *const *choices)
{
    const char *text = sim_field_text(lua, index, name, choices[otherwise]);
    unsigned choice = 0;
    while (choices[choice] && strcmp(choices[choice], text) != 0)
        choice++;
    if (choices[choice])
        return choice;
    const char *near = sim_word_near(text, choices);
    luaL_Buffer list;
    luaL_buffinit(lua, &list);
    for (unsigned i = 0; choices[i]; i++) {
        luaL_addstring(&list, i == 0 ? "\"" : choices[i + 1] ? ", \"" : " or \"");
        luaL_addstring(&list, choices[i]);
        luaL_addstring(&list, "\"");
    }
    luaL_pushresult(&list);
    const char *all = lua_tostring(lua, -1);
    const char *hint = near ? lua_pushfstring(lua, "; did you mean \"%s\"?", near) : "";
    luaL_error(lua, "\"%s\" is %s, not \"%s\"%s", name, all, text, hint);
    return 0;
}
