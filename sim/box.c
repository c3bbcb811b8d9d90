// SPDX-License-Identifier: Apache-2.0
/*
 * The box that scenarios run in: Lua 5.4 that can only compute. Stock Lua is not deterministic (the order of
 * pairs, the seed of math.random) and can reach files; here pairs is sorted, random comes from the run's
 * seed, and there is no next, io, os, load, debug or package. Endless loops, in Lua and inside one call of
 * its library, and endless memory end with an error.
 */
#include "base/rng.h"
#include "sim/run.h"

#include <lauxlib.h>
#include <lualib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MEMORY_MAX       (256u << 20)
#define INSTRUCTIONS_MAX 500000000 /* some seconds; no scenario that is there takes 10 million */
#define HOOK_EVERY       1000000
#define BYTES_A_TURN     16 /* of new memory: about what is written in the time of an instruction */
#define RANDOM_STREAM    2

struct sim_run *sim_run_of(lua_State *lua)
{
    return *(struct sim_run **)lua_getextraspace(lua);
}

static void *standard_allocate(void *ctx, void *memory, size_t old_size, size_t size)
{
    (void)ctx;
    (void)old_size;
    if (size)
        return realloc(memory, size);
    free(memory);
    return NULL;
}

static void count_instructions(lua_State *lua, lua_Debug *debug);

/* What is copied into a new string or table counts as well, also if there is no memory for it (which is then
 * looked for everywhere), so that none of it goes on for ever between two looks at the count: from then on
 * every instruction is looked at. Nothing counts by more than it takes to be too much. */
static void count_bytes(struct sim_box *box, size_t size)
{
    long long turns = (long long)(size / BYTES_A_TURN), left = box->instructions_max - box->instructions;
    if (turns > left)
        turns = left < 0 ? 1 : left + 1;
    box->instructions += turns;
    if (box->lua && box->instructions > box->instructions_max)
        lua_sethook(box->lua, count_instructions, LUA_MASKCOUNT, 1);
}

static void *allocate(void *ctx, void *memory, size_t old_size, size_t size)
{
    struct sim_box *box = ctx;
    if (!memory)
        old_size = 0;
    count_bytes(box, size > old_size ? size : 0);
    if (size > old_size && box->memory - old_size + size > box->memory_max)
        return NULL;
    void *moved = box->allocate(box->allocate_ctx, memory, old_size, size);
    if (moved || size == 0)
        box->memory += size - old_size;
    return moved;
}

/* ---- where an error is ---- */

/* Where the scenario is now; code of the box itself, such as that of pairs, has no file. */
static void push_place(lua_State *lua)
{
    lua_Debug debug;
    for (int level = 0; lua_getstack(lua, level, &debug); level++) {
        lua_getinfo(lua, "Sl", &debug);
        bool is_scenario = debug.source[0] == '@' || debug.source[0] == '=';
        if (is_scenario && debug.currentline > 0) {
            lua_pushfstring(lua, "%s:%d: ", debug.short_src, debug.currentline);
            return;
        }
    }
    lua_pushfstring(lua, "%s: ", sim_run_of(lua)->file);
}

bool sim_box_has_place(const char *message)
{
    const char *colon = strstr(message, ": ");
    const char *line = colon;
    while (line > message && line[-1] >= '0' && line[-1] <= '9')
        line--;
    return colon && line < colon && line - message >= 2 && line[-1] == ':';
}

/* The handler of messages: every error has a place in a file. */
static int add_place(lua_State *lua)
{
    if (lua_type(lua, 1) != LUA_TSTRING)
        return 1;
    const char *message = lua_tostring(lua, 1), *behind;
    if (strncmp(message, "[string \"", 9) == 0 && (behind = strstr(message, "]:")) &&
        sim_box_has_place(behind))
        message = strchr(behind, ' ') + 1;
    else if (sim_box_has_place(message))
        return 1;
    push_place(lua);
    lua_pushstring(lua, message);
    lua_concat(lua, 2);
    return 1;
}

static int hook_every(const struct sim_box *box)
{
    return box->instructions_max < HOOK_EVERY ? (int)box->instructions_max : HOOK_EVERY;
}

static void count_instructions(lua_State *lua, lua_Debug *debug)
{
    (void)debug;
    struct sim_box *box = &sim_run_of(lua)->box;
    box->instructions += hook_every(box);
    if (box->instructions <= box->instructions_max)
        return;
    lua_sethook(lua, count_instructions, LUA_MASKCOUNT, 1); /* so that no pcall in a loop outlives it */
    push_place(lua);
    lua_pushstring(lua, "the script runs for ever");
    lua_concat(lua, 2);
    lua_error(lua);
}

/* ---- functions of the library that can turn for long within one instruction ---- */

static double span(lua_Integer first, lua_Integer last)
{
    return last < first ? 0 : (double)last - (double)first + 1;
}

static double turns_of_rep(lua_State *lua)
{
    return span(1, lua_tointeger(lua, 2));
}

/* Up to (pattern + 1) * (text + 1) ^ (repetitions + 1): a start anywhere, and every repetition as long as it
 * likes. What is no repetition but looks like one, within a set, counts too. */
static double turns_of_search(lua_State *lua, bool is_plain)
{
    size_t text_len = 0, len = 0;
    lua_tolstring(lua, 1, &text_len);
    const char *pattern = lua_tolstring(lua, 2, &len);
    double turns = ((double)len + 1) * ((double)text_len + 1);
    for (size_t i = 0; !is_plain && i < len; i++) {
        bool is_escaped = pattern[i] == '%' && i + 1 < len;
        const char *repeating = is_escaped ? "b0123456789" : "*+-?"; /* %b() and %1 walk along the text */
        i += is_escaped;
        if (pattern[i] && strchr(repeating, pattern[i]))
            turns *= (double)text_len + 1;
    }
    return turns;
}

static double turns_of_find(lua_State *lua)
{
    return turns_of_search(lua, lua_toboolean(lua, 4));
}

static double turns_of_match(lua_State *lua)
{
    return turns_of_search(lua, false);
}

/* With __len it could be anything, and something else the next time. */
static lua_Integer table_len(lua_State *lua)
{
    if (luaL_getmetafield(lua, 1, "__len") != LUA_TNIL)
        luaL_error(lua, "a table with __len may have no end");
    return (lua_Integer)lua_rawlen(lua, 1);
}

/* From the argument at `index`, else 1, to the one behind it, else the table's end. */
static double turns_of_range(lua_State *lua, int index)
{
    lua_Integer first = lua_isnoneornil(lua, index) ? 1 : lua_tointeger(lua, index);
    return span(first, lua_isnoneornil(lua, index + 1) ? table_len(lua) : lua_tointeger(lua, index + 1));
}

static double turns_of_concat(lua_State *lua)
{
    return turns_of_range(lua, 3);
}

static double turns_of_unpack(lua_State *lua)
{
    return turns_of_range(lua, 2);
}

static double turns_of_move(lua_State *lua)
{
    return span(lua_tointeger(lua, 2), lua_tointeger(lua, 3));
}

/* insert and remove move what lies behind a place, when one is given. */
static double turns_of_insert(lua_State *lua)
{
    lua_Integer len = table_len(lua);
    return lua_gettop(lua) == 3 ? span(lua_tointeger(lua, 2), len) : 0;
}

static double turns_of_remove(lua_State *lua)
{
    lua_Integer len = table_len(lua);
    return lua_isnoneornil(lua, 2) ? 0 : span(lua_tointeger(lua, 2), len);
}

static const struct costly {
    const char *table, *name;
    double (*turns)(lua_State *lua); /* at most, of a call with what lies on the stack */
} costly[] = {
    {"string", "rep", turns_of_rep},      {"string", "find", turns_of_find},
    {"string", "match", turns_of_match},  {"string", "gmatch", turns_of_match},
    {"string", "gsub", turns_of_match},   {"table", "concat", turns_of_concat},
    {"table", "unpack", turns_of_unpack}, {"table", "move", turns_of_move},
    {"table", "insert", turns_of_insert}, {"table", "remove", turns_of_remove},
};

/* Its turns count as instructions before it runs. Upvalues: the stock function, its index in `costly`. */
static int counted(lua_State *lua)
{
    const struct costly *of = &costly[lua_tointeger(lua, lua_upvalueindex(2))];
    struct sim_box *box = &sim_run_of(lua)->box;
    double turns = of->turns(lua);
    if (turns > (double)(box->instructions_max - box->instructions))
        return luaL_error(lua, "the script runs for ever: %s.%s may take %f turns", of->table, of->name,
                          turns);
    box->instructions += (long long)turns;
    return lua_tocfunction(lua, lua_upvalueindex(1))(lua);
}

static void count_turns(lua_State *lua)
{
    for (size_t i = 0; i < sizeof costly / sizeof *costly; i++) {
        lua_getglobal(lua, costly[i].table);
        lua_getfield(lua, -1, costly[i].name);
        lua_pushinteger(lua, (lua_Integer)i);
        lua_pushcclosure(lua, counted, 2);
        lua_setfield(lua, -2, costly[i].name);
        lua_pop(lua, 1);
    }
}

/* ---- what differs from stock Lua ---- */

/* Sorted: numbers by value, then strings by bytes; other keys are refused. */
static const char sorted_pairs[] = "local next, type, sort, error = ...\n"
                                   "return function(t)\n"
                                   "  local keys = {}\n"
                                   "  for k in next, t do\n"
                                   "    if type(k) ~= 'number' and type(k) ~= 'string' then\n"
                                   "      error('pairs: only numbers and strings can be put in order', 2)\n"
                                   "    end\n"
                                   "    keys[#keys + 1] = k\n"
                                   "  end\n"
                                   "  sort(keys, function(a, b)\n"
                                   "    if type(a) ~= type(b) then return type(a) == 'number' end\n"
                                   "    return a < b\n"
                                   "  end)\n"
                                   "  local i = 0\n"
                                   "  return function()\n"
                                   "    i = i + 1\n"
                                   "    if keys[i] ~= nil then return keys[i], t[keys[i]] end\n"
                                   "  end\n"
                                   "end\n";

/* Stable, where stock Lua picks pivots by the clock and leaves equal elements in any order. */
static const char stable_sort[] =
    "local function less(a, b) return a < b end\n"
    "return function(list, before)\n"
    "  before = before or less\n"
    "  local count, other, width = #list, {}, 1\n"
    "  while width < count do\n"
    "    for low = 1, count, 2 * width do\n"
    "      local i, j = low, low + width\n"
    "      local middle, high = j, j + width\n"
    "      if middle > count + 1 then middle = count + 1 end\n"
    "      if high > count + 1 then high = count + 1 end\n"
    "      for to = low, high - 1 do\n"
    "        if i < middle and (j >= high or not before(list[j], list[i])) then\n"
    "          other[to], i = list[i], i + 1\n"
    "        else\n"
    "          other[to], j = list[j], j + 1\n"
    "        end\n"
    "      end\n"
    "    end\n"
    "    for to = 1, count do list[to] = other[to] end\n"
    "    width = 2 * width\n"
    "  end\n"
    "end\n";

static void replace_sort(lua_State *lua)
{
    lua_getglobal(lua, "table");
    luaL_loadstring(lua, stable_sort);
    lua_call(lua, 0, 1);
    lua_setfield(lua, -2, "sort");
    lua_pop(lua, 1);
}

static void replace_pairs(lua_State *lua)
{
    luaL_loadstring(lua, sorted_pairs);
    lua_getglobal(lua, "next");
    lua_getglobal(lua, "type");
    lua_getglobal(lua, "table");
    lua_getfield(lua, -1, "sort");
    lua_remove(lua, -2);
    lua_getglobal(lua, "error");
    lua_call(lua, 4, 1);
    lua_setglobal(lua, "pairs");
}

/* math.random of Lua 5.4: no argument, m, or m and n. */
static int seeded_random(lua_State *lua)
{
    struct wzp_rng *rng = &sim_run_of(lua)->box.rng;
    if (lua_gettop(lua) == 0) {
        lua_pushnumber(lua, wzp_rng_unit(rng));
        return 1;
    }
    lua_Integer low = lua_gettop(lua) == 1 ? 1 : luaL_checkinteger(lua, 1);
    lua_Integer high = luaL_checkinteger(lua, lua_gettop(lua) == 1 ? 1 : 2);
    luaL_argcheck(lua, low <= high, lua_gettop(lua), "the interval is empty");
    lua_pushinteger(lua, low + (lua_Integer)wzp_rng_below(rng, (uint64_t)high - (uint64_t)low + 1));
    return 1;
}

/* Pushes what tostring says; of tables and functions the type alone, for addresses differ from run to run. */
static void push_text(lua_State *lua, int index)
{
    int type = lua_type(lua, index);
    bool has_address = type == LUA_TTABLE || type == LUA_TFUNCTION || type == LUA_TUSERDATA;
    if (has_address && luaL_getmetafield(lua, index, "__tostring") == LUA_TNIL)
        lua_pushstring(lua, lua_typename(lua, type));
    else
        luaL_tolstring(lua, index, NULL);
}

static int to_string(lua_State *lua)
{
    luaL_checkany(lua, 1);
    push_text(lua, 1);
    return 1;
}

/* string.format without addresses; upvalue: the stock one. */
static int format(lua_State *lua)
{
    const char *at = luaL_checkstring(lua, 1);
    while ((at = strchr(at, '%'))) {
        at += 1 + strspn(at + 1, "-+ #0123456789.");
        if (*at == 'p')
            return luaL_error(lua, "string.format: %%p differs from run to run");
        at += *at != '\0';
    }
    int count = lua_gettop(lua);
    lua_pushvalue(lua, lua_upvalueindex(1));
    lua_insert(lua, 1);
    for (int i = 3; i <= count + 1; i++) {
        if (lua_type(lua, i) != LUA_TTABLE && lua_type(lua, i) != LUA_TFUNCTION &&
            lua_type(lua, i) != LUA_TUSERDATA)
            continue;
        push_text(lua, i);
        lua_replace(lua, i);
    }
    lua_call(lua, count, 1);
    return 1;
}

/* setmetatable without what depends on when garbage is collected; upvalue: the stock one. */
static int set_metatable(lua_State *lua)
{
    static const char *const refused[] = {"__gc", "__mode"};
    luaL_checkany(lua, 2);
    lua_settop(lua, 2);
    for (size_t i = 0; i < 2 && lua_type(lua, 2) == LUA_TTABLE; i++) {
        lua_pushstring(lua, refused[i]);
        if (lua_rawget(lua, 2) != LUA_TNIL)
            return luaL_error(lua, "setmetatable: %s is not for scenarios", refused[i]);
        lua_pop(lua, 1);
    }
    lua_pushvalue(lua, lua_upvalueindex(1));
    lua_insert(lua, 1);
    lua_call(lua, 2, 1);
    return 1;
}

/* Puts `function` in the place of table.name, with what stood there as its upvalue. */
static void wrap(lua_State *lua, const char *table, const char *name, lua_CFunction function)
{
    lua_getglobal(lua, table);
    lua_getfield(lua, -1, name);
    lua_pushcclosure(lua, function, 1);
    lua_setfield(lua, -2, name);
    lua_pop(lua, 1);
}

static int say(lua_State *lua)
{
    struct sim_run *run = sim_run_of(lua);
    luaL_Buffer line;
    int count = lua_gettop(lua);
    luaL_buffinit(lua, &line);
    for (int i = 1; i <= count; i++) {
        if (i > 1)
            luaL_addchar(&line, ' ');
        push_text(lua, i);
        luaL_addvalue(&line);
    }
    luaL_pushresult(&line);
    if (!run->quiet)
        printf("%s\n", lua_tostring(lua, -1));
    return 0;
}

/* Is the file's own code under way? Its functions may be. */
static bool is_being_included(lua_State *lua, const char *path)
{
    lua_Debug debug;
    for (int level = 1; lua_getstack(lua, level, &debug); level++) {
        lua_getinfo(lua, "S", &debug);
        if (strcmp(debug.what, "main") == 0 && debug.source[0] == '@' && strcmp(debug.source + 1, path) == 0)
            return true;
    }
    return false;
}

/* The scenario's folder, then scenarios/; no way out of either. */
static int include(lua_State *lua)
{
    const char *name = luaL_checkstring(lua, 1);
    if (name[0] == '/' || strstr(name, ".."))
        return luaL_error(lua, "include: \"%s\" leaves the scenarios' folder", name);
    char path[1024], below[256];
    const char *slash = strrchr(sim_run_of(lua)->file, '/');
    int folder = slash ? (int)(slash - sim_run_of(lua)->file) + 1 : 0;
    snprintf(path, sizeof path, "%.*s%s", folder, sim_run_of(lua)->file, name);
    snprintf(below, sizeof below, "scenarios/%s", name);
    if (access(path, R_OK) != 0 && !sim_run_resolve(sim_run_of(lua), below, path, sizeof path))
        return luaL_error(lua, "include: no \"%s\" in the scenario's folder or in scenarios/", name);
    if (is_being_included(lua, path))
        return luaL_error(lua, "include: \"%s\" includes itself", name);
    if (luaL_loadfilex(lua, path, "t") != LUA_OK)
        return lua_error(lua);
    lua_call(lua, 0, 1);
    return 1;
}

static void remove_names(lua_State *lua, const char *table, const char *const *names)
{
    lua_pushglobaltable(lua);
    if (table)
        lua_getfield(lua, -1, table);
    for (; *names; names++) {
        lua_pushnil(lua);
        lua_setfield(lua, -2, *names);
    }
    lua_settop(lua, 0);
}

static void open_box(lua_State *lua)
{
    static const luaL_Reg libraries[] = {{LUA_GNAME, luaopen_base},
                                         {LUA_TABLIBNAME, luaopen_table},
                                         {LUA_STRLIBNAME, luaopen_string},
                                         {LUA_MATHLIBNAME, luaopen_math}};
    for (size_t i = 0; i < sizeof libraries / sizeof *libraries; i++)
        luaL_requiref(lua, libraries[i].name, libraries[i].func, 1);
    lua_settop(lua, 0);
    replace_pairs(lua);
    replace_sort(lua);
    count_turns(lua);
    wrap(lua, "string", "format", format);
    wrap(lua, LUA_GNAME, "setmetatable", set_metatable);
    /* xpcall: its handler runs inside the hook, where nothing counts */
    remove_names(lua, NULL,
                 (const char *const[]){"xpcall", "next", "load", "loadfile", "dofile", "loadstring",
                                       "collectgarbage", "rawset", "rawget", "rawequal", "rawlen", "warn",
                                       NULL});
    remove_names(lua, "string", (const char *const[]){"dump", NULL});
    remove_names(lua, "math", (const char *const[]){"randomseed", NULL});
    lua_getglobal(lua, "math");
    lua_pushcfunction(lua, seeded_random);
    lua_setfield(lua, -2, "random");
    lua_pop(lua, 1);
    lua_register(lua, "print", say);
    lua_register(lua, "tostring", to_string);
    lua_register(lua, "include", include);
    lua_register(lua, "params", sim_params_declare);
}

lua_State *sim_box_create(struct sim_run *run)
{
    struct sim_box *box = &run->box;
    if (!box->allocate)
        box->allocate = standard_allocate;
    if (!box->memory_max)
        box->memory_max = MEMORY_MAX;
    if (!box->instructions_max)
        box->instructions_max = INSTRUCTIONS_MAX;
    box->memory = 0;
    box->rng = wzp_rng_make(run->seed, RANDOM_STREAM);
    lua_State *lua = lua_newstate(allocate, box);
    if (!lua)
        return NULL;
    *(struct sim_run **)lua_getextraspace(lua) = run;
    lua_sethook(lua, count_instructions, LUA_MASKCOUNT, hook_every(box));
    open_box(lua);
    box->lua = lua;
    box->instructions = 0; /* what the box itself took is not the script's */
    return lua;
}

/* Runs the chunk on the stack's top, or keeps the message if it is none. */
static bool run_chunk(lua_State *lua, int loaded)
{
    if (loaded != LUA_OK)
        return false;
    lua_pushcfunction(lua, add_place);
    lua_insert(lua, -2);
    return lua_pcall(lua, 0, 0, -2) == LUA_OK;
}

bool sim_box_file(lua_State *lua, const char *path)
{
    return run_chunk(lua, luaL_loadfilex(lua, path, "t"));
}

bool sim_box_text(lua_State *lua, const char *text)
{
    return run_chunk(lua, luaL_loadbufferx(lua, text, strlen(text), "=story", "t"));
}
