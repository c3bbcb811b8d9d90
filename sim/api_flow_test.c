// SPDX-License-Identifier: Apache-2.0
/* The words of api_flow.c and api_result.c as a scenario says them: what they give, and that a wrong one is
 * an error which names its place. */
#include "sim/words_test.h"

static const char prelude[] =
    "local s, ms = 1000000000, 1000000; local w = world { seed = 1, horizon = 10 * s };"
    "local sink = w:sink { up = { delay = 20 * ms }, down = { delay = 20 * ms, rate = 1000000, queue = 100 * "
    "ms } };"
    "local function flow(more) local f = { controller = 'fixed', rate = 500000, fps = 0 };"
    "    for k, v in pairs(more or {}) do f[k] = v end; return w:flow(f) end;\n";

static void test_words(void **state)
{
    (void)state;
    static const struct words_row rows[] = {
        {"return sink .. flow() .. flow() .. w:cubic { stop = s }", "1121"},
        {"local f = flow(); w:run(10 * s); local m = w:measure_flow(f, 2 * s, 4 * s); local sum = 0;"
         "for _, b in ipairs(m.arrived_bins) do sum = sum + b end;"
         "return #m.arrived_bins .. ' ' .. #m.offered_bins .. ' ' .. sum - m.bytes .. ' ' .. m.target .. ' ' "
         ".."
         "m.rate_changes_per_min .. ' ' .. m.dropped .. ' ' .. m.queue_ms.p95 .. ' ' .."
         "tostring(m.bytes > 123000 and m.bytes < 125100) .. ' ' .. tostring(m.goodput_kbps < 480)",
         "20 20 0 500000 0.0 0 0.0 true true"},
        {"local f = flow { start = 5 * s }; w:run(4 * s); local m = w:measure_flow(f, 0, s);"
         "return m.bytes .. tostring(m.connect_ms) .. tostring(m.queue_ms.p50)",
         "0nilnil"},
        {"local f = flow(); w:run(5 * s); w:sink_links(sink, { down = { rate = 250000 } }); w:run(10 * s);"
         "local m = w:measure_flow(f, 6 * s, 10 * s);"
         "return tostring(m.bytes > 115000 and m.bytes < 127000 and m.dropped > 0 and m.queue_ms.max > 60)",
         "true"},
        {"local f = flow { up = { loss = 1 } }; w:run(5 * s); return w:measure_flow(f, 0, 5 * s).offered",
         "0"},
        {"local c = w:cubic { stop = 9 * s }; w:run(10 * s); local m = w:measure_cubic(c, 5 * s, 9 * s);"
         "return tostring(m.bytes > 470000 and m.sent > m.lost and m.reductions > 0) .. m.timeouts",
         "true0"},
        {"local f = flow { controller = 'ours', rate = 100000 }; flow { controller = 'delta' };"
         "flow { controller = 'gcc' }; w:run(2 * s);"
         "return tostring(w:measure_flow(f, 0, 2 * s).rate_changes_per_min > 0)",
         "true"},
        {"flow { controller = 'mine' }", "error: flows:1: flow: there is no controller \"mine\""},
        {"flow { packet = 99 }", "error: flows:1: flow: packet must be within 100..1174"},
        {"w:cubic { packet = 1501 }", "error: flows:2: cubic: packet must be within 100..1500"},
        {"flow { fps = -1 }", "error: flows:1: flow: fps"},
        {"flow { rate = 23999 }", "error: flows:1: \"rate\" must be within 24000.."},
        {"flow { start = 2, stop = 1 }", "error: flows:1: flow: start or stop"},
        {"w:run(s); flow { start = 0 }", "error: flows:1: flow: start or stop"},
        {"flow { sink = 2 }", "error: flows:1: flow: there is no such sink"},
        {"flow { speed = 2 }", "error: flows:1: flow: unknown field \"speed\""},
        {"w:sink { down = { speed = 2 } }", "error: flows:2: down: unknown field \"speed\""},
        {"for i = 1, 4 do w:sink {} end", "error: flows:2: sink: at most 4"},
        {"for i = 1, 17 do flow() end", "error: flows:1: flow: at most 32 in a world, 16 at a sink"},
        {"for i = 1, 17 do w:cubic {} end", "error: flows:2: cubic: at most 16"},
        {"w:sink_links(2, {})", "error: flows:2: sink_links: there is no such sink"},
        {"w:measure_flow(1, 0, s)", "error: flows:2: bad argument #"},
        {"flow(); w:measure_flow(1, s, s)", "error: flows:2: bad argument #"},
        {"w:measure_flow(flow(), -1, math.maxinteger)", "error: flows:2: bad argument #"},
        {"local f = flow(); local from = math.maxinteger - 250 * ms; w:run(s);"
         "return #w:measure_flow(f, from, math.maxinteger).arrived_bins .. ' ' .."
         "#w:measure_flow(f, '500ms', '1s').arrived_bins",
         "2 5"},
        {"w:measure_cubic(1, 0, s)", "error: flows:2: bad argument #"},
        {"result('a', function() end)", "error: flows:2: result: a value is"},
        {"result('a', { 1, b = 2 })", "error: flows:2: result: a table is a list or has names"},
        {"result('a', { [true] = 2 })", "error: flows:2: result: an object has names"},
        {"local t = {}; t.t = t; result('a', t)", "error: flows:2: result: a value is"},
        {"local t = {}; for i = 1, 65 do t['a' .. i] = 1 end; result('a', t)",
         "error: flows:2: result: an object"},
        {"result('a', { ['b\\0c'] = 1 })", "error: flows:2: result: a name has no zero byte"},
        {"result('a\\0b', 1)", "error: flows:2: result: a name has no zero byte"},
        {"result('seed', 1)", "error: flows:2: bad argument #1 to 'result' (every result has one"},
        {"result('a')", "error: flows:2: bad argument #2 to 'result'"},
        {"result('a', { 1, nil, 3 })", "error: flows:2: result: a list has no nil"},
        {"result('a', { [0] = 1, [1] = 2 })", "error: flows:2: result: a table is a list or has names"},
        {"result('a', 1); result('a', 2)",
         "error: flows:2: bad argument #1 to 'result' (this result was given"},
    };
    check_words("flows", prelude, rows, sizeof rows / sizeof *rows);
}

/* Results stand in the JSON in the order they were given, and change nothing else. */
static void test_json(void **state)
{
    (void)state;
    char text[8192];
    json_of(prelude,
            "result('b', { { z = 1, a = 'x' }, {} }); result('a', { p = { 1.5, 0/0, true } }); w:report(); "
            "w:run(s)",
            text, sizeof text);
    assert_non_null(
        strstr(text, "\"b\":[{\"a\":\"x\",\"z\":1},[]],\"a\":{\"p\":[1.5000,null,true]},\"judges\":[]}"));
}

/* What a scenario does with a table after it gave it is not in the JSON. */
static void test_result_is_a_copy(void **state)
{
    (void)state;
    char text[8192];
    json_of(prelude,
            "local list, object = { 1, { 2 } }, { x = 1 }; result('b', list); result('a', object);"
            "list[2].t = list; list[3] = print; for i = 1, 1000 do object['k' .. i] = i end;"
            "setmetatable(object, { __index = error }); w:report(); w:run(s)",
            text, sizeof text);
    assert_non_null(strstr(text, "\"b\":[1,[2]],\"a\":{\"x\":1},\"judges\":[]}"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_words), cmocka_unit_test(test_json),
                                       cmocka_unit_test(test_result_is_a_copy)};
    return sodium_init() < 0 ? 1 : cmocka_run_group_tests_name("sim/api_flow", tests, NULL, NULL);
}
