// SPDX-License-Identifier: Apache-2.0
/* The words of several relays as a scenario says them: what they do, and that a wrong one is an error which
 * names its place. */
#include "sim/words_test.h"

/* Two towns with a room of the same name; they talk from about 0.1 s on. */
static const char prelude[] =
    "local s = 1000000000; local w = world { seed = 1, horizon = 10 * s };"
    "w:relay { name = 'north' }; w:relay { name = 'south', estimate = 'ours' };"
    "local function person(name, relay) return w:client { name = name, relay = relay, codec = 'synthetic',"
    "    stop = 9 * s, up = { delay = 20000000 } } end;"
    "local anna, ben = person('anna', 'north'), person('ben', 'north');"
    "local cleo, dave = person('cleo', 'south'), person('dave', 'south');\n";

static void test_words(void **state)
{
    (void)state;
    static const struct words_row rows[] = {
        /* who hears whom */
        {"w:run(6 * s); return w:concealed(ben, anna, s, 4 * s) .. ' ' .. w:concealed(cleo, dave, s, 4 * s)",
         "0.0 0.0"},
        {"w:run(6 * s); return tostring((w:concealed(cleo, anna, s, 4 * s))) .. #w:measure(cleo).hears",
         "nil1"},
        {"w:run(2 * s); return tostring((w:told_of_join(cleo, anna))) .. ' ' .. "
         "tostring(w:told_of_join(cleo, dave) ~= nil)",
         "nil true"},
        {"w:run(3 * s); return tostring((w:buffer(cleo, anna))) .. ' ' .. tostring(w:buffer(cleo, dave) ~= "
         "nil)",
         "nil true"},
        {"w:run(s); w:send(anna, cleo, 5)", "error: relays:2: send: they are in no common room"},
        /* names */
        {"w:relay {}; local emil = w:client { relay = 'relay', codec = 'synthetic' }; w:run(s);"
         "return w:measure(emil).joined",
         "true"},
        {"local function one() return w:client { relay = 'north', room = 'hall', codec = 'synthetic' } end;"
         "one(); one(); w:client { name = 'client-4', relay = 'north', codec = 'synthetic' }; one();"
         "local listener = one(); w:run(s); local names = {};"
         "for i, hears in ipairs(w:measure(listener).hears) do names[i] = hears.speaker end;"
         "table.sort(names); return table.concat(names, ' ')",
         "client client-2 client-3"},
        {"w:client { relay = 'north' }; w:client { relay = 'north', name = 'client' }",
         "error: relays:2: client: this world has one that is called \"client\""},
        {"w:relay { name = 'north' }", "error: relays:2: relay: this world has one that is called \"north\""},
        {"w:relay { name = '' }", "error: relays:2: relay: a name has"},
        {"w:relay { name = ('x'):rep(32) }", "error: relays:2: relay: a name has"},
        {"for i = 1, 63 do w:relay { name = 'r' .. i } end", "error: relays:2: relay: at most 64"},
        {"w:client {}", "error: relays:2: client: this world has 2 relays: say the name of one"},
        {"w:client { relay = 'nort' }",
         "error: relays:2: client: there is no relay \"nort\"; did you mean \"north\"?"},
        {"w:client { relay = 'nowhere' }", "error: relays:2: client: there is no relay \"nowhere\""},
        {"for i = 1, 63 do w:client { relay = 'north', codec = 'synthetic' } end",
         "error: relays:2: client: at most 64 in a room"},
        /* one of the processes */
        {"w:run(3 * s); w:kill_relay('north'); w:run(6 * s);"
         "return w:concealed(ben, anna, 3 * s, 5 * s) .. ' ' .. w:concealed(cleo, dave, 3 * s, 5 * s)",
         "100.0 0.0"},
        {"w:run(3 * s); w:kill_relay('north'); w:start_relay { relay = 'north' }; w:run(9 * s);"
         "return w:concealed(ben, anna, 6 * s, 8 * s) .. ' ' .. w:path(anna).handshakes .. "
         "w:path(cleo).handshakes",
         "0.0 21"},
        {"w:kill_relay()", "error: relays:2: kill_relay: this world has 2 relays"},
        {"w:kill_relay(anna)", "error: relays:2: kill_relay takes the name of a relay, not"},
        {"w:kill_relay('north'); w:kill_relay('north')",
         "error: relays:2: kill_relay: there is no process of the relay \"north\" now"},
        {"w:start_relay {}", "error: relays:2: start_relay: this world has 2 relays"},
        {"w:start_relay { relay = 'south' }", "error: relays:2: start_relay: kill_relay comes before it"},
        {"w:kill_relay('north'); return w:held('north') .. (w:held('south') > 0 and ' some' or '')",
         "0 some"},
        {"w:held()", "error: relays:2: held: this world has 2 relays"},
        {"w:run(3 * s); return w:sent('north') > 0 and w:sent('south') > 0 and #w:drops('south')", "0"},
        /* networks */
        {"w:partition { groups = { { anna, 'south' }, { 'north', cleo } }, from = 2 * s, to = 4 * s };"
         "w:run(9 * s);" /* anna is away from her relay, cleo from hers; both come back */
         "return w:concealed(ben, anna, 2 * s, 3 * s) .. ' ' .. w:concealed(dave, cleo, 2 * s, 3 * s) .. ' ' "
         ".. "
         "w:concealed(ben, anna, 7 * s, 8 * s) .. ' ' .. w:concealed(dave, cleo, 7 * s, 8 * s)",
         "100.0 100.0 0.0 0.0"},
        {"w:slow('south', { cost = 70000000, queue = 0 }); w:run(6 * s);"
         "return (w:concealed(cleo, dave, 2 * s, 4 * s) or 100) > 0 and w:concealed(ben, anna, 2 * s, 4 * s)",
         "0.0"},
        {"w:slow('east', { cost = 1 })", "error: relays:2: slow: there is no relay \"east\""},
        {"w:run(2 * s); w:link(cleo, { up = { loss = 1 } }); w:run(6 * s);"
         "return w:concealed(dave, cleo, 3 * s, 5 * s) .. ' ' .. w:concealed(ben, anna, 3 * s, 5 * s) .. ' ' "
         ".."
         "tostring(w:links(cleo).lost > 0) .. w:links(anna).lost",
         "100.0 0.0 true0"},
        {"w:flood { relay = 'north', rate = 100, seconds = 1 }; w:run(2 * s); return w:flooded().sent",
         "100"},
        {"w:flood { rate = 100 }", "error: relays:2: flood: this world has 2 relays"},
        {"w:netcheck { rate_up = 1000000 }", "error: relays:2: netcheck: this world has 2 relays"},
        {"w:netcheck { relay = 'south', seconds = 1 }; w:run(9 * s); return w:netcheck_result(1).complete",
         "true"},
        /* what is of one relay alone */
        {"w:record()", "error: relays:2: w:record cannot be had in a world of several relays"},
        {"w:ghost('invented')", "error: relays:2: w:ghost cannot be had in a world of several relays"},
    };
    check_words("relays", prelude, rows, sizeof rows / sizeof *rows);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_words)};
    if (sodium_init() < 0)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
