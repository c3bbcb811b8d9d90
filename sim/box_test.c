// SPDX-License-Identifier: Apache-2.0
/* The box: no way out, the same order and the same random numbers every time, an end to everything. And the
 * parameters that scenarios declare in it. */
#include "sim/run.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <lauxlib.h>

static struct sim_run run_of(uint64_t seed)
{
    return (struct sim_run){.file = "scenarios/box-test.lua", .seed = seed, .quiet = true};
}

/* What the chunk returns as text, or its error behind "error: ". To be freed. */
static char *evaluate(struct sim_run *run, const char *chunk)
{
    lua_State *lua = sim_box_create(run);
    assert_non_null(lua);
    run->lua = lua;
    bool good = luaL_loadstring(lua, chunk) == LUA_OK && lua_pcall(lua, 0, 1, 0) == LUA_OK;
    size_t len;
    const char *text = luaL_tolstring(lua, -1, &len);
    char *result = malloc(len + 8);
    assert_non_null(result);
    sprintf(result, "%s%s", good ? "" : "error: ", text);
    lua_close(lua);
    return result;
}

struct row {
    const char *chunk;
    const char *result; /* of an error: a part of what it says */
};

static void check_row(const struct row *row)
{
    struct sim_run run = run_of(1);
    char *result = evaluate(&run, row->chunk);
    bool is_error = strncmp(row->result, "error: ", 7) == 0;
    if (is_error ? strncmp(result, "error: ", 7) != 0 || !strstr(result, row->result + 7)
                 : strcmp(result, row->result) != 0)
        fail_msg("%s\ngave %s\nnot  %s", row->chunk, result, row->result);
    free(result);
}

static void test_no_way_out(void **state)
{
    (void)state;
    static const char *const names[] = {
        "io",        "os",       "debug",          "package",     "require",
        "coroutine", "load",     "next",           "xpcall",      "loadstring",
        "dofile",    "loadfile", "collectgarbage", "string.dump", "math.randomseed"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char chunk[64];
        snprintf(chunk, sizeof chunk, "return %s", names[i]);
        check_row(&(struct row){chunk, "nil"});
    }
    static const struct row rows[] = {
        {"return getmetatable('').__index.dump", "nil"},
        {"include '/etc/passwd'", "error: leaves"},
        {"include '../Makefile'", "error: leaves"},
        {"include 'lib/../../Makefile'", "error: leaves"},
        {"include 'lib/nothing.lua'", "error: lib/nothing.lua"},
        {"setmetatable({}, { __gc = print })", "error: __gc"},
        {"setmetatable({}, { __mode = 'k' })", "error: __mode"},
        {"return setmetatable({}, { __index = { x = 5 } }).x", "5"},
        {"return getmetatable(setmetatable({}, nil))", "nil"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        check_row(&rows[i]);
}

static void test_order(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"local s = '' for k, v in pairs { b = 1, a = 2, [3] = 3, [-1] = 4, [2.5] = 5, C = 6 } do\n"
         "s = s .. k .. '=' .. v .. ' ' end return s",
         "-1=4 2.5=5 3=3 C=6 a=2 b=1 "},
        {"local s = '' for i, v in ipairs { 'x', 'y' } do s = s .. i .. v end return s", "1x2y"},
        {"for k in pairs { [{}] = 1 } do end", "error: in order"},
        {"for k in pairs(nil) do end", "error: "},
        /* removing while walking */
        {"local t, n = { a = 1, b = 2, c = 3 }, 0 for k in pairs(t) do t[k] = nil n = n + 1 end return n",
         "3"},
        /* the sort is stable, also with a long list of few values */
        {"local t = {} for i = 1, 1000 do t[i] = { i % 7, i } end\n"
         "table.sort(t, function(a, b) return a[1] < b[1] end)\n"
         "for i = 2, 1000 do local a, b = t[i - 1], t[i]\n"
         "if a[1] > b[1] or a[1] == b[1] and a[2] >= b[2] then return i end end return 'stable'",
         "stable"},
        {"local t = { 3, 1, 2 } table.sort(t) return table.concat(t, ' ')", "1 2 3"},
        {"local t = {} table.sort(t) return #t", "0"},
        {"local t = { 'b' } table.sort(t) return t[1]", "b"},
        {"table.sort { 1, 'a' }", "error: compare"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        check_row(&rows[i]);
}

/* An address differs from run to run, so none is ever seen. */
static void test_no_addresses(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"return tostring({})", "table"},
        {"return tostring(print)", "function"},
        {"return tostring(setmetatable({}, { __tostring = function() return 'me' end }))", "me"},
        {"return tostring(12) .. tostring(nil) .. tostring(true) .. tostring('x')", "12niltruex"},
        {"return ('%s %s %d'):format({}, 'a', 7)", "table a 7"},
        {"return string.format('%5.1f%%', 12.34)", " 12.3%"},
        {"return string.format('%%p')", "%p"},
        {"return string.format('%p', {})", "error: %p"},
        {"return string.format('%-20p', 'text')", "error: %p"},
        {"return string.format('%d', {})", "error: number expected"},
        {"return string.format('%s')", "error: no value"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        check_row(&rows[i]);
}

static void test_random(void **state)
{
    (void)state;
    const char *chunk =
        "local s = '' for i = 1, 20 do s = s .. math.random(1000) .. ' ' .. math.random() end return s";
    struct sim_run one = run_of(1), again = run_of(1), two = run_of(2);
    char *first = evaluate(&one, chunk), *same = evaluate(&again, chunk), *other = evaluate(&two, chunk);
    assert_string_equal(first, same);
    assert_string_not_equal(first, other);
    free(first);
    free(same);
    free(other);
    static const struct row rows[] = {
        {"for i = 1, 10000 do local x = math.random() if x < 0 or x >= 1 then return x end end return 'in'",
         "in"},
        {"local seen = {} for i = 1, 1000 do seen[math.random(-2, 2)] = 1 end\n"
         "return (seen[-2] or 0) + (seen[2] or 0) + (seen[0] or 0) + (seen[3] or 0)",
         "3"},
        {"return math.random(5, 5)", "5"},
        {"return math.random(0)", "error: empty"},
        {"return math.random(2, 1)", "error: empty"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        check_row(&rows[i]);
}

static void test_bounds(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"local t = {} for i = 1, 1e9 do t[i] = ('x'):rep(1000000) .. i end", "error: memory"},
        {"return #('x'):rep(1 << 40)", "error: "},
        {"local function f() return 1 + f() end f()", "error: overflow"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        check_row(&rows[i]);
}

/* What turns for long inside one call of the library: each of these ran for hours. */
static void test_long_calls(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"return #(''):rep(1 << 60)", "error: for ever: string.rep"},
        {"return (''):rep('9e15')", "error: for ever: string.rep"},
        {"return (('a'):rep(40)):find(('a?'):rep(40) .. ('a'):rep(40))", "error: for ever: string.find"},
        {"return (('a'):rep(3000)):match('.-.-.-.-b')", "error: for ever: string.match"},
        {"return (('a'):rep(3000)):gmatch('a*a*a*a*b')()", "error: for ever: string.gmatch"},
        {"return (('a'):rep(3000)):gsub('a+a+a+a+b', '')", "error: for ever: string.gsub"},
        {"return (('('):rep(3000)):find('%b()%b()%b()%b()')", "error: for ever: string.find"},
        {"return (('a'):rep(20000)):find('(.-)%1%1%1b')", "error: for ever: string.find"},
        {"table.move({}, 1, 1 << 60, 2)", "error: for ever: table.move"},
        {"table.move({}, -1 << 62, 1 << 62, 2)", "error: for ever: table.move"},
        {"local t = setmetatable({}, { __index = table.concat }) return table.concat(t, '', 1, 1 << 60)",
         "error: for ever: table.concat"},
        {"local t = {} for i = 61, 0, -1 do t[1 << i] = 1 end table.insert(t, 1, 1)",
         "error: for ever: table.insert"},
        {"local t = {} for i = 61, 0, -1 do t[1 << i] = 1 end table.remove(t, 1)",
         "error: for ever: table.remove"},
        {"table.insert(setmetatable({}, { __len = function() return 1 << 60 end }), 1, 1)", "error: __len"},
        {"table.remove(setmetatable({}, { __len = function() return 1 << 60 end }), 1)", "error: __len"},
        {"table.concat(setmetatable({}, { __len = function() return 1 << 60 end }))", "error: __len"},
        {"return table.unpack({}, 1, 1 << 60)", "error: for ever: table.unpack"},
        /* and what does not is as in stock Lua */
        {"return ('ab'):rep(3, '-') .. #(''):rep(1000000) .. ('x'):rep(-1)", "ab-ab-ab0"},
        {"local s = '' for a, b in ('k=v, n = 1'):gmatch('(%w+) *= *(%w+)') do s = s .. a .. b end return s",
         "kvn1"},
        {"return ('a.b'):find('.', 1, true) .. ('--x'):rep(10000):find('-x', 1, true)", "22"},
        {"return ('%d%%'):gsub('%%', '%%%%')", "%%d%%%%"},
        {"return ('abc'):match('^(a)(.*)$')", "a"},
        {"local t = { 1, 2, 3 } table.insert(t, 4) table.insert(t, 1, 0) table.remove(t, 2) table.remove(t)\n"
         "return table.concat(t, ' ') .. select('#', table.unpack(t)) .. table.concat({ 7, 8, 9 }, '', 2, 3)",
         "0 2 3389"},
        {"return table.concat(table.move({ 1, 2, 3 }, 2, 3, 1))", "233"},
        {"string.rep()", "error: bad argument #1 to 'rep'"},
        {"table.insert({}, 5, 1)", "error: bad argument #2 to 'insert'"},
        {"table.insert({}, 1, 1, 1)", "error: wrong number"},
        {"table.concat { {} }", "error: invalid value"},
        {"('x'):find('%')", "error: malformed pattern"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        check_row(&rows[i]);
}

/* ---- parameters ---- */

#define DECLARE                                                                                              \
    "local p = params { { 'loss', '0', 'share', 'lost' }, { 'rtt', '100ms', 'time', 'round trip' },\n"       \
    "{ 'rate', '500kbit', 'rate', 'line' }, { 'members', '2', 'count', 'people' },\n"                        \
    "{ 'burst', '1', 'number', 'run' }, { 'speech', '-', 'text', 'file' },\n"                                \
    "{ 'impair', 'first', 'choice', 'whom', 'first|all' }, { 'tier', 'auto', 'tier', 'best' },\n"            \
    "{ 'bound', '0', 'max-rate', 'of bytes' }, { 'budget', '0', 'budget', 'of delay' } }\n"

static void test_params(void **state)
{
    (void)state;
    static const struct {
        const char *set[3];
        const char *name, *result; /* result NULL: refused */
    } rows[] = {
        {{NULL}, "rtt", "100000000"},
        {{NULL}, "impair", "first"},
        {{"loss=30%"}, "loss", "0.3"},
        {{"loss=0.25"}, "loss", "0.25"},
        {{"loss=1"}, "loss", "1.0"},
        {{"rtt=1.5s"}, "rtt", "1500000000"},
        {{"rtt=0"}, "rtt", "0"},
        {{"rtt=2min"}, "rtt", "120000000000"},
        {{"rate=0.5mbit"}, "rate", "500000"},
        {{"members=3"}, "members", "3"},
        {{"burst=2.5"}, "burst", "2.5"},
        {{"speech=a=b.wav"}, "speech", "a=b.wav"},
        {{"impair=all"}, "impair", "all"},
        {{"members=3", "loss=1%", "members=4"}, "members", "4"}, /* the last counts */
        {{"tier=codec2-1200"}, "tier", "1200"},
        {{NULL}, "tier", "0"},
        {{"bound=64kbit"}, "bound", "64000"},
        {{"budget=200ms"}, "budget", "200000000"},
        {{"tier=opus1k"}, "tier", NULL},
        {{"bound=1kbit"}, "bound", NULL},
        {{"budget=1ms"}, "budget", NULL},
        {{"loss=1.5"}, "loss", NULL},
        {{"loss=-1"}, "loss", NULL},
        {{"loss="}, "loss", NULL},
        {{"loss"}, "loss", NULL},
        {{"=1"}, "loss", NULL},
        {{"los=1"}, "loss", NULL},
        {{"lossy=1"}, "loss", NULL},
        {{"rtt=40"}, "rtt", NULL}, /* of what? */
        {{"rtt=40xs"}, "rtt", NULL},
        {{"rate=500kb"}, "rate", NULL},
        {{"members=2.5"}, "members", NULL},
        {{"members=two"}, "members", NULL},
        {{"impair=none"}, "impair", NULL},
        {{"impair=fir"}, "impair", NULL},
        {{"impair="}, "impair", NULL},
        {{"impair=first|all"}, "impair", NULL},
        {{"loss=0", "nothing=1"}, "loss", NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct sim_run run = run_of(1);
        char chunk[1024];
        run.set = rows[i].set;
        while (run.set_count < 3 && rows[i].set[run.set_count])
            run.set_count++;
        snprintf(chunk, sizeof chunk, DECLARE "return p.%s", rows[i].name);
        char *result = evaluate(&run, chunk);
        if (rows[i].result ? strcmp(result, rows[i].result) != 0 : strncmp(result, "error: ", 7) != 0)
            fail_msg("row %zu gave %s", i, result);
        assert_int_equal(run.has_params, rows[i].result != NULL);
        free(result);
    }
}

/* A run may be given less than others. */
static void test_own_bounds(void **state)
{
    (void)state;
    static const struct {
        size_t memory;
        long long instructions;
        const char *chunk, *says;
    } rows[] = {
        {0, 2000, "for i = 1, 900 do end return 1", "1"},
        {0, 2000, "for i = 1, 9000 do end return 1", "error: "},
        {0, 2000, "while true do pcall(function() while true do end end) end", "error: "},
        {0, 20000000, "while true do pcall(er, (''):rep(5050000)) end", "error: "},
        {0, 20000000, "while true do pcall(string.rep, '', 5050000) end", "error: "},
        {0, 2000, "for i = 1, 30 do (''):rep(50) end return 1", "1"},
        {0, 2000, "for i = 1, 30 do (''):rep(70) end return 1", "error: "},
        /* copies, which are no calls that turn: the count of instructions alone would let them take hours */
        {0, 4000000, "local s = ('x'):rep(1000000) for i = 1, 10 do local x = s:upper() end return 1", "1"},
        {0, 4000000, "local s = ('x'):rep(1000000) while true do local x = s:upper() end", "error: "},
        {0, 4000000, "local s = ('x'):rep(1000000) while true do local x = s .. 'y' end", "error: "},
        {0, 4000000, "local s = ('x'):rep(1000000) while true do pcall(s.reverse, s) end", "error: "},
        {256 << 10, 0, "return #('x'):rep(100000)", "100000"},
        {256 << 10, 0, "return #('x'):rep(300000)", "error: not enough memory"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct sim_run run = run_of(1);
        run.box.memory_max = rows[i].memory;
        run.box.instructions_max = rows[i].instructions;
        char *result = evaluate(&run, rows[i].chunk);
        if (strncmp(result, rows[i].says, strlen(rows[i].says)) != 0)
            fail_msg("row %zu gave %s", i, result);
        assert_int_equal(run.box.memory, 0); /* all was given back */
        free(result);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_own_bounds),   cmocka_unit_test(test_long_calls),
        cmocka_unit_test(test_no_way_out),   cmocka_unit_test(test_order),
        cmocka_unit_test(test_no_addresses), cmocka_unit_test(test_random),
        cmocka_unit_test(test_bounds),       cmocka_unit_test(test_params),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
