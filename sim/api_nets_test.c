// SPDX-License-Identifier: Apache-2.0
/* The words of api_nets.c as a scenario says them, and what they do to a call. */
#include "sim/words_test.h"

/* Two people with a clean way of 20 ms; they talk from about 0.1 s on. */
static const char prelude[] =
    "local ms, s = 1000000, 1000000000; local w = world { seed = 1, horizon = 30 * s }; w:relay {};"
    "local function person(name) return w:client { name = name, codec = 'synthetic', stop = 29 * s,"
    "    up = { delay = '20ms' }, down = { delay = '20ms' } } end;"
    "local anna, ben = person 'anna', person 'ben';\n"
    "local function heard(from, to) return w:concealed(ben, anna, math.floor(from * s), math.floor(to * s)),"
    "    w:concealed(anna, ben, math.floor(from * s), math.floor(to * s)) end\n"
    "local function text(...) return string.format('%.0f %.0f', ...) end\n";

#define CHECK(rows) check_words("nets", prelude, rows, sizeof(rows) / sizeof *(rows))

static void test_nats(void **state)
{
    (void)state;
    static const struct words_row rows[] = {
        {"w:nat { clients = { anna } }; w:run(10 * s); return text(heard(2, 8))", "0 0"},
        {"w:nat { clients = { anna, ben }, mapping = 'address-and-port-dependent' }; w:run(10 * s);"
         "return w:natted(ben).mappings .. ' ' .. text(heard(2, 8))",
         "2 0 0"},
        /* It forgets: the next packet comes from another port, and the call goes on from there. */
        {"w:nat { clients = { anna } }; w:run(5 * s); w:nat_forget(anna); w:run(12 * s);"
         "return w:natted(anna).mappings .. ' ' .. text(heard(8, 11))",
         "2 0 0"},
        {"return w:nat {} .. ' ' .. w:nat { clients = { anna } }", "1 2"},
        {"w:client { behind = 1 }", "error: nets:4: \"behind\" is the number that w:nat gave, not 1"},
        {"w:nat {}; w:relay { name = 'other', behind = 2 }",
         "error: nets:4: \"behind\" is the number that w:nat gave, not 2"},
        {"w:nat {}; w:client { behind = 0 }",
         "error: nets:4: \"behind\" is the number that w:nat gave, not 0"},
        {"return w:natted(anna)", "error: nets:4: natted: this client is behind no NAT"},
        {"w:nat { clients = anna }",
         "error: nets:4: nat: \"clients\" is a list of who stands behind it, not 1"},
        {"w:nat { clients = { anna }, mapping = 'symetric' }", "error: nets:4: \"mapping\" is \"endpoint-"},
        {"w:nat { clients = { anna }, filtering = 'adress-dependent' }",
         "error: nets:4: \"filtering\" is \"endpoint-independent\", \"address-dependent\" or "
         "\"address-and-port-dependent\", not \"adress-dependent\"; did you mean \"address-dependent\"?"},
        {"w:nat { clients = { anna }, timeout = 0 }", "error: nets:4: nat: \"timeout\" must be above 0"},
        {"w:nat { clients = { 7 } }", "error: nets:4: "},
    };
    CHECK(rows);
}

static void test_partitions(void **state)
{
    (void)state;
    static const struct words_row rows[] = {
        {"w:partition { groups = { { anna }, { 'relay', ben } }, from = 5 * s, to = 8 * s }; w:run(20 * s);"
         "return text(heard(5.1, 7.9)) .. ' ' .. text(heard(2, 4)) .. ' ' .. text(heard(14, 18))",
         "100 100 0 0 0 0"},
        {"w:partition { groups = { { anna } } }", "error: nets:4: partition: \"groups\" is a list of 2 to 8"},
        {"w:partition { groups = { { anna }, { anna } } }",
         "error: nets:4: partition: \"anna\" is in two groups"},
        {"w:partition { groups = { { anna }, { 'rely' } } }",
         "error: nets:4: partition: there is no relay \"rely\"; did you mean \"relay\"?"},
        {"w:partition { groups = { { anna }, { ben } }, from = 5, to = 5 }",
         "error: nets:4: partition: it ends"},
    };
    CHECK(rows);
}

static void test_slow(void **state)
{
    (void)state;
    static const struct words_row rows[] = {
        /* 0.1 ms a packet is nothing; 70 ms a packet is more than 50 packets a second need, and repair */
        {"w:slow('relay', { cost = '100us' }); w:run(10 * s); return text(heard(2, 8)) .. ' ' .. "
         "tostring(w:served('relay') > 500)",
         "0 0 true"},
        {"w:slow(ben, { cost = '70ms', queue = 5 }); w:run(10 * s); local _, dropped = w:served(ben);"
         "local a, b = heard(3, 8); return tostring(dropped > 100) .. ' ' .. tostring(a > 40) .. ' ' .. "
         "tostring(b < 20)",
         "true true true"},
        {"w:slow(ben, { costs = 1 })",
         "error: nets:4: slow: unknown field \"costs\"; did you mean \"cost\"?"},
        {"w:slow('all', {})", "error: nets:4: slow: there is no relay \"all\""},
    };
    CHECK(rows);
}

static void test_machines(void **state)
{
    (void)state;
    static const struct words_row rows[] = {
        {"w:run(5 * s); w:crash(anna); w:run(8 * s); w:restart(anna); w:run(25 * s);"
         "return text(heard(5.2, 7.8)) .. ' ' .. text(heard(18, 23))",
         "100 100 0 0"},
        {"w:run(5 * s); w:clock_step(anna, 2 * s); w:run(20 * s); return text(heard(14, 18))", "0 0"},
        {"w:restart(anna)", "error: nets:4: restart: crash comes before it"},
        {"w:crash(anna); w:crash(anna)", "error: nets:4: crash: its process is gone already"},
        {"w:clock_step(anna, -1)", "error: nets:4: clock_step: a time within 0..1 h"},
    };
    CHECK(rows);
}

static void test_links(void **state)
{
    (void)state;
    static const struct words_row rows[] = {
        {"w:link(anna, { up = { gemodel = { '5%', '50%' } } }); w:run(20 * s); local up, down = "
         "w:links(anna);"
         "return tostring(up.lost / up.packets > 0.05 and up.lost / up.packets < 0.15) .. down.lost .. "
         "tostring(up.delivered + up.lost == up.packets)",
         "true0true"},
        {"w:link(anna, { up = { outages = { { from = '4s', to = '5s' } } } }); w:run(8 * s);"
         "return text(heard(4.1, 4.8))",
         "100 0"},
    };
    CHECK(rows);
}

/* Whatever happens, a seed repeats it, and nothing of it happens without its word. */
static void test_hashes(void **state)
{
    (void)state;
    static const char *const chunks[] = {
        "w:run(6 * s); return w:hash()",
        "w:nat { clients = { anna } }; w:run(2 * s); w:nat_forget(anna); w:run(6 * s); return w:hash()",
        "w:slow(anna, { cost = '1ms' }); w:run(6 * s); return w:hash()",
        "w:partition { groups = { { anna }, { 'relay' } }, from = 2 * s, to = 3 * s }; w:run(6 * s); return "
        "w:hash()",
        "w:run(2 * s); w:crash(anna); w:run(3 * s); w:restart(anna); w:run(6 * s); return w:hash()",
        "w:run(2 * s); w:clock_step(anna, s); w:run(6 * s); return w:hash()",
        "w:link(anna, { up = { slot = { min = '5ms' } } }); w:run(6 * s); return w:hash()",
        "w:link(anna, { up = { trace = { 3, 9, 20 } } }); w:run(6 * s); return w:hash()",
    };
    char hash[sizeof chunks / sizeof *chunks][64];
    for (size_t i = 0; i < sizeof chunks / sizeof *chunks; i++) {
        char again[64];
        evaluate("nets", prelude, chunks[i], hash[i], sizeof hash[i]);
        evaluate("nets", prelude, chunks[i], again, sizeof again);
        assert_string_equal(hash[i], again);
        assert_int_equal(strlen(again), 32);
        for (size_t k = 0; k < i; k++)
            assert_string_not_equal(hash[i], hash[k]);
    }
}

int main(void)
{
    assert_true(sodium_init() >= 0);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nats),     cmocka_unit_test(test_partitions), cmocka_unit_test(test_slow),
        cmocka_unit_test(test_machines), cmocka_unit_test(test_links),      cmocka_unit_test(test_hashes),
    };
    return cmocka_run_group_tests_name("sim/api_nets", tests, NULL, NULL);
}
