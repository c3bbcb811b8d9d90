// SPDX-License-Identifier: Apache-2.0
/* The words of a link as a scenario says them: what the link then is. What is wrong with them: sim/bad. */
#include "sim/run.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <lauxlib.h>

#include "base/time.h"
#include "sim/fields.h"

/* The link that the words make out of `params`. The pattern of loss_trace is gone with the box. */
static void read_link(const char *words, struct sim_link_params *params)
{
    struct sim_run *run = calloc(1, sizeof *run);
    char chunk[512];
    assert_non_null(run);
    run->file = "scenarios/link-test.lua";
    lua_State *lua = run->lua = sim_box_create(run);
    assert_non_null(lua);
    snprintf(chunk, sizeof chunk, "return { up = { %s } }", words);
    if (luaL_loadstring(lua, chunk) != LUA_OK || lua_pcall(lua, 0, 1, 0) != LUA_OK)
        fail_msg("%s: %s", words, lua_tostring(lua, -1));
    sim_field_link(lua, 1, "up", params);
    lua_close(lua);
    free(run);
}

static struct sim_link_params link_of(const char *words)
{
    struct sim_link_params params = {.burst = 1, .queue_ns = WZP_S};
    read_link(words, &params);
    return params;
}

static void test_units(void **state)
{
    (void)state;
    struct sim_link_params a = link_of(
        "loss = '30%', delay = '40ms', jitter = '1.5ms', rate = '500kbit', queue = '1s', "
        "dup = '1%', corrupt = 0.5, mtu = 1280, burst = 2.5, reorder = true");
    struct sim_link_params b = {.loss = 0.3,
                                .burst = 2.5,
                                .delay_ns = 40 * WZP_MS,
                                .jitter_ns = 1500000,
                                .reorder = true,
                                .rate_bps = 500000,
                                .queue_ns = WZP_S,
                                .dup = 0.01,
                                .corrupt = 0.5,
                                .mtu = 1280};
    assert_memory_equal(&a, &b, sizeof a);
    b = link_of("loss = 0.3, delay = 40000000, jitter = 1500000, rate = 500000, dup = 0.01, corrupt = 0.5, "
                "mtu = 1280, burst = 2.5, reorder = true");
    assert_memory_equal(&a, &b, sizeof a);
}

static void test_models(void **state)
{
    (void)state;
    struct sim_link_params p = link_of("gemodel = { '5%', 0.5 }");
    assert_int_equal(p.loss_model.kind, SIM_LOSS_GEMODEL);
    assert_true(p.loss_model.value[0] == 0.05 && p.loss_model.value[1] == 0.5 && p.loss_model.value[2] == 1 &&
                p.loss_model.value[3] == 0);
    p = link_of("state = { 0.1 }");
    assert_true(p.loss_model.kind == SIM_LOSS_STATE && p.loss_model.value[1] == 0.9 &&
                p.loss_model.value[3] == 1);
    p = link_of("loss_trace = '0010'");
    assert_true(p.loss_model.kind == SIM_LOSS_TRACE && p.loss_model.pattern_len == 4);
    p = link_of("loss = 0.1, loss_correlation = 0.25");
    assert_true(p.loss_model.kind == SIM_LOSS_RANDOM && p.loss_model.correlation == 0.25);
    p = link_of("distribution = 'paretonormal', jitter = '5ms', delay_correlation = '25%'");
    assert_true(p.delay_model.kind == SIM_DELAY_PARETONORMAL && p.delay_model.correlation == 0.25);
    p = link_of("reorder = '25%', gap = 5, reorder_correlation = 0.5");
    assert_true(p.reorder && p.delay_model.reorder_share == 0.25 && p.delay_model.gap == 5 &&
                p.delay_model.reorder_correlation == 0.5);
    p = link_of("rate = '1mbit', queue_packets = 100, codel = true, slot = { min = '1ms', packets = 4 }, "
                "overhead = -8, "
                "cell = 48, cell_overhead = 5, outages = { { from = '1s', to = '2s', every = '15s' } }");
    assert_true(p.line_model.queue_packets == 100 && p.queue_ns == SIM_LINK_TIME_MAX);
    assert_true(p.line_model.codel_target_ns == 5 * WZP_MS && p.line_model.codel_interval_ns == 100 * WZP_MS);
    assert_true(p.line_model.slot_min_ns == WZP_MS && p.line_model.slot_max_ns == WZP_MS &&
                p.line_model.slot_packets == 4);
    assert_true(p.line_model.overhead == -8 && p.line_model.cell == 48 && p.line_model.cell_overhead == 5);
    assert_true(p.line_model.outage[0].from_ns == WZP_S && p.line_model.outage[0].every_ns == 15 * WZP_S);
    p = link_of("trace = { 1, 2, 2, 10 }, queue_bytes = 30000");
    assert_true(p.line_model.trace && p.line_model.trace->count == 4 && p.line_model.queue_bytes == 30000);
}

/* What is not named stays; one model takes the place of another. */
static void test_changes(void **state)
{
    (void)state;
    struct sim_link_params p = link_of(
        "loss = 0.2, burst = 3, delay = '50ms', rate = '1mbit', slot = { min = '2ms' }");
    read_link("delay = '60ms'", &p);
    assert_true(p.loss == 0.2 && p.burst == 3 && p.delay_ns == 60 * WZP_MS && p.rate_bps == 1000000 &&
                p.line_model.slot_min_ns == 2 * WZP_MS);
    read_link("gemodel = { 0.1, 0.5 }, trace = { 5 }", &p);
    assert_true(p.loss == 0 && p.burst == 1 && p.rate_bps == 0 && p.line_model.trace);
    read_link("loss = 0.3, rate = '2mbit', slot = false", &p);
    assert_true(p.loss_model.kind == SIM_LOSS_BURST && p.loss == 0.3 && p.burst == 1 && !p.line_model.trace &&
                p.line_model.slot_max_ns == 0);
    read_link("reorder = 0.5, gap = 3", &p);
    read_link("reorder = false", &p);
    assert_true(!p.reorder && p.delay_model.reorder_share == 0 && p.delay_model.gap == 0);
    read_link("codel = { target = '10ms' }, outages = { { from = 1, to = 2 } }", &p);
    read_link("codel = false, outages = {}", &p);
    assert_true(p.line_model.codel_target_ns == 0 && p.line_model.outage[0].to_ns == 0);
}

static void test_words(void **state)
{
    (void)state;
    static const char *const known[] = {"loss",    "loss_trace", "delay", "jitter",
                                        "reorder", "rate",       "up",    NULL};
    static const char *const rows[][2] = {
        {"los", "loss"},    {"lsos", "loss"},   {"latency", NULL},          {"jiter", "jitter"},
        {"Delay", "delay"}, {"raet", "rate"},   {"reordering", "reorder"},  {"u", "up"},
        {"xyz", NULL},      {"jitt", "jitter"}, {"loss_trac", "loss_trace"}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const char *near = sim_word_near(rows[i][0], known);
        if ((near == NULL) != (rows[i][1] == NULL) || (near && strcmp(near, rows[i][1]) != 0))
            fail_msg("%s: %s", rows[i][0], near ? near : "none");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_units), cmocka_unit_test(test_models),
                                       cmocka_unit_test(test_changes), cmocka_unit_test(test_words)};
    return cmocka_run_group_tests_name("sim/fields_link", tests, NULL, NULL);
}
