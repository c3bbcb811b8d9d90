// SPDX-License-Identifier: Apache-2.0
/* The words of api_faults.c as a scenario says them: what they do, and that a wrong one is an error which
 * names its place. */
#include "sim/words_test.h"

/* Two people on a quick, clean relay; they talk from about 0.1 s on. */
static const char prelude[] =
    "local s = 1000000000; local w = world { seed = 1, horizon = 10 * s }; w:relay { token = 'open' };"
    "local function person(name, link) return w:client { name = name, codec = 'synthetic', token = 'open',"
    "    stop = 9 * s, up = link, down = link } end;"
    "local anna, ben = person('anna', { delay = 20000000 }), person('ben');\n";

static void test_words(void **state)
{
    (void)state;
    static const struct words_row rows[] = {
        /* addresses */
        {"w:run(3 * s); w:move(anna); w:run(3 * s + 100000000); return w:vanished(anna) > 0", "true"},
        {"w:run(3 * s); w:rebind(anna); w:run(3 * s + 100000000); return w:vanished(anna) > 0", "true"},
        {"w:run(5 * s); return w:vanished(anna)", "0"},
        {"for i = 1, 251 do w:rebind(anna) end", "error: faults:2: rebind: "},
        {"w:move(3)", "error: faults:2: "},
        {"w:kill_relay(); w:sent()", "error: faults:2: sent: "},
        {"w:rate(1, 5, 5)", "error: faults:2: "},
        {"w:rate(1, -5, math.maxinteger)", "error: faults:2: bad argument #"},
        {"return w:rate(1, 0, 5)", "0.0"},
        {"w:client { max_rate = 23999 }",
         "error: faults:2: \"max_rate\" must be within 24000..10000000000 bit/s, or 0"},
        {"w:client { bitrate = 64001 }",
         "error: faults:2: \"bitrate\" must be within 700..64000 bit/s, or 0"},
        {"w:client { delay_budget = -1 }", "error: faults:2: \"delay_budget\" must not be below 0"},
        {"w:client { delay_budget = 1 }", "error: faults:2: \"delay_budget\" must be within 50000000.."},
        /* the relay's process */
        {"w:run(s); w:kill_relay(); local now, peak = w:held(); return now .. (peak > 0 and ' of some' or "
         "'')",
         "0 of some"},
        {"w:run(s); local before = w:held(); w:kill_relay(); w:start_relay(); return w:held() - before", "0"},
        {"w:run(3 * s); w:kill_relay(); w:run(5 * s); return w:concealed(ben, anna, 3 * s, 5 * s)", "100.0"},
        {"w:kill_relay(); w:start_relay {}; w:run(8 * s); return w:concealed(ben, anna, 3 * s, 7 * s)",
         "0.0"},
        {"w:kill_relay(); w:start_relay { key = 'b' }; w:run(8 * s); return w:concealed(ben, anna, 3 * s, 7 "
         "* s)",
         "0.0"},
        {"w:start_relay {}", "error: faults:2: start_relay: "},
        {"w:kill_relay(); w:kill_relay()", "error: faults:2: kill_relay: "},
        {"w:kill_relay(); w:drops()", "error: faults:2: drops: "},
        {"w:kill_relay(); w:record(); w:ghost('invented')", "error: faults:2: ghost: "},
        {"w:kill_relay(); w:start_relay { keys = 'b' }",
         "error: faults:2: start_relay: unknown field \"keys\""},
        {"w:kill_relay(); w:start_relay { key = ('x'):rep(41) }", "error: faults:2: start_relay: \"key\""},
        /* links */
        {"w:run(3 * s); w:link(anna, { up = { loss = 1 } }); w:run(6 * s);"
         "return w:concealed(ben, anna, 3 * s, 6 * s) .. ' ' .. w:concealed(anna, ben, 3 * s, 5 * s)",
         "100.0 0.0"},
        {"w:link(anna, { up = { mtu = 576 } }); w:run(6 * s);" /* what is not named stays: 20 ms there and
                                                                  back */
         "return w:measure(anna).connect_ms .. ' ' .. w:too_large(anna)",
         "60.0 0"},
        {"w:link(anna, { up = { mtu = 575 } })", "error: faults:2: up: mtu"},
        {"w:link(anna, { up = { mtu = -1 } })", "error: faults:2: \"mtu\" must be within 0..65535"},
        {"w:link(anna, { up = { size = 1 } })", "error: faults:2: up: unknown field \"size\""},
        {"w:link(anna, { both = {} })", "error: faults:2: link: unknown field \"both\""},
        /* over time */
        {"w:run(3 * s); local now, aim = w:buffer(ben, anna); return now >= aim and now <= aim + 10", "true"},
        {"return w:buffer(ben, anna)", "nil"},
        {"w:run(3 * s); return w:buffer(ben, ben)", "nil"},
        {"w:run(3 * s); return w:concealed(ben, anna, 4 * s, 5 * s)", "nil"},
        {"w:run(s); local one = w:held(anna); w:run(9 * s); return w:held(anna) - one", "0"},
        /* floods */
        {"w:flood { kind = 'initial', rate = 1000, from = s, seconds = 2 }; w:run(5 * s); local f = "
         "w:flooded();"
         "return f.sent .. ' ' .. f.sent_bytes .. ' ' .. tostring(f.answer_bytes > 0) .. ' ' .. "
         "tostring(f.answer_bytes <= 3 * f.sent_bytes) .. ' ' .. w:concealed(ben, anna, s, 3 * s)",
         "2000 640000 true true 0.0"},
        {"w:flood { kind = 'short', rate = 10 }; w:flood { kind = 'random', rate = 10, sources = 1 };"
         "w:run(5 * s); return w:flooded().sent",
         "20"},
        {"w:run(s); return w:flooded().sent_bytes", "0"},
        {"w:flood { kind = 'wet', rate = 1 }", "error: faults:2: flood: kind"},
        {"w:flood { rate = 0 }", "error: faults:2: flood: rate"},
        {"w:flood { rate = 1, seconds = -1 }", "error: faults:2: flood: sources"},
        {"w:run(s); w:flood { rate = 1, from = 0 }", "error: faults:2: flood: sources"},
        {"for i = 1, 9 do w:flood { rate = 1 } end", "error: faults:2: flood: there"},
    };
    check_words("faults", prelude, rows, sizeof rows / sizeof *rows);
}

/* Times and rates may be texts, wherever there are any. */
static void test_texts(void **state)
{
    (void)state;
    static const struct words_row rows[] = {
        {"w:client { max_rate = '64kbit', bitrate = '16kbit', delay_budget = '200ms' }", "nil"},
        {"w:client { max_rate = '64' }", "error: faults:2: \"max_rate\": \"64\" is not valid: a rate is"},
        {"w:camera(w:client { codec = 'synthetic' }, { min = '30kbit', most = '0.3mbit' })", "nil"},
        {"w:camera(w:client { codec = 'synthetic' }, { min = '2mbit', most = '1mbit' })",
         "error: faults:2: \"min\" must be within 0..1000000 bit/s, or 0"},
        {"w:flood { rate = 10, from = '1s', seconds = 1 } w:run('900ms') local before = w:flooded().sent "
         "w:run('3s') return before .. ' ' .. w:flooded().sent",
         "0 10"},
        {"w:sink {} w:flow { rate = '300kbit', start = '1s', stop = '2s' } w:cubic { start = '1s' }", "nil"},
        {"w:netcheck { start = '1s', rate_up = '300kbit' }", "nil"},
    };
    check_words("faults", prelude, rows, sizeof rows / sizeof *rows);
}

/* Whatever happens to a world, a seed repeats it. */
static void test_hashes(void **state)
{
    (void)state;
    static const char *const chunks[] = {
        "w:run(6 * s); return w:hash()",
        "w:run(2 * s); w:move(anna); w:run(6 * s); return w:hash()",
        "w:run(2 * s); w:kill_relay(); w:run(6 * s); return w:hash()",
        "w:run(2 * s); w:kill_relay(); w:start_relay {}; w:run(6 * s); return w:hash()",
        "w:run(2 * s); w:link(anna, { up = { loss = 0.1 } }); w:run(6 * s); return w:hash()",
        "w:flood { rate = 100 }; w:run(6 * s); return w:hash()",
        "w:flood { rate = 100, sources = 5 }; w:run(6 * s); return w:hash()",
    };
    enum { COUNT = sizeof chunks / sizeof *chunks };
    char first[COUNT][64], again[64];
    for (size_t i = 0; i < COUNT; i++) {
        evaluate("faults", prelude, chunks[i], first[i], sizeof first[i]);
        evaluate("faults", prelude, chunks[i], again, sizeof again);
        assert_int_equal(strlen(first[i]), 32);
        assert_string_equal(first[i], again);
        for (size_t k = 0; k < i; k++)
            assert_string_not_equal(first[i], first[k]);
    }
}

/* The JSON tells of each node what it held, a dead relay too, and of floods what went back. */
static void test_json(void **state)
{
    (void)state;
    char text[16384];
    json_of(prelude,
            "w:report(); w:flood { kind = 'initial', rate = 50 }; w:run(5 * s); w:kill_relay(); w:run(9 * s)",
            text, sizeof text);
    unsigned long long now, peak, sent, sent_bytes, answers, answer_bytes;
    const char *held = strstr(text, "\"held_bytes\""), *flood = strstr(text, "\"flood\"");
    assert_true(held && flood && strstr(held, "\"anna\"") && strstr(held, "\"ben\""));
    assert_int_equal(sscanf(strstr(held, "\"relay\""), "\"relay\",\"now\":%llu,\"peak\":%llu", &now, &peak),
                     2);
    assert_true(now == 0 && peak > 100000);
    assert_int_equal(sscanf(flood,
                            "\"flood\":{\"sent\":%llu,\"sent_bytes\":%llu,\"answers\":%llu,"
                            "\"answer_bytes\":%llu",
                            &sent, &sent_bytes, &answers, &answer_bytes),
                     4);
    assert_true(sent == 50 && sent_bytes == 50 * 320);
    assert_true(answers > 0 && answer_bytes > 0 && answer_bytes <= 3 * sent_bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_words), cmocka_unit_test(test_texts),
                                       cmocka_unit_test(test_hashes), cmocka_unit_test(test_json)};
    return sodium_init() < 0 ? 1 : cmocka_run_group_tests_name("sim/api_faults", tests, NULL, NULL);
}
