// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/time.h"
#include "sim/link.h"
#include "sim/link_options.h"

static const char *give(const char *(*parse)(const struct wzp_option *, const char *), void *target,
                        const char *text)
{
    struct wzp_option option = {.name = "x", .target = target};
    return parse(&option, text);
}

static void test_loss_model(void **state)
{
    (void)state;
    struct sim_loss_model model;
    assert_null(give(sim_option_loss_model, &model, "gemodel,4%,0.6,90%,1%"));
    assert_true(model.kind == SIM_LOSS_GEMODEL && model.value[0] == 0.04 && model.value[1] == 0.6 &&
                model.value[2] == 0.9 && model.value[3] == 0.01);
    assert_null(give(sim_option_loss_model, &model, "gemodel,10%"));
    assert_true(model.value[1] == 0.9 && model.value[2] == 1 && model.value[3] == 0);
    assert_null(give(sim_option_loss_model, &model, "state,3%,60%,20%,70%,1%"));
    assert_true(model.kind == SIM_LOSS_STATE && model.value[4] == 0.01);
    static const char *const wrong[] = {"",
                                        "gemodel",
                                        "gemodel,",
                                        "gilbert,5%",
                                        "gemodel,5",
                                        "gemodel,,5%",
                                        "gemodel,1%,1%,1%,1%,1%",
                                        "state,130%",
                                        "5%"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_non_null(give(sim_option_loss_model, &model, wrong[i]));
}

static void test_others(void **state)
{
    (void)state;
    struct sim_line_model line = {.queue_bytes = 7, .slot_packets = 7};
    enum sim_delay_kind kind;
    assert_null(give(sim_option_codel, &line.codel_target_ns, "5ms"));
    assert_true(line.codel_target_ns == 5 * WZP_MS && line.codel_interval_ns == 100 * WZP_MS);
    assert_null(give(sim_option_codel, &line.codel_target_ns, "10ms,200ms"));
    assert_true(line.codel_target_ns == 10 * WZP_MS && line.codel_interval_ns == 200 * WZP_MS);
    assert_null(give(sim_option_slot, &line.slot_min_ns, "2ms"));
    assert_true(line.slot_min_ns == 2 * WZP_MS && line.slot_max_ns == 2 * WZP_MS);
    assert_null(give(sim_option_slot, &line.slot_min_ns, "2ms,9ms"));
    assert_true(line.slot_max_ns == 9 * WZP_MS && line.slot_packets == 7 && line.queue_bytes == 7);
    assert_non_null(give(sim_option_slot, &line.slot_min_ns, "2ms,9ms,9ms"));
    assert_non_null(give(sim_option_slot, &line.slot_min_ns, "2"));
    assert_null(give(sim_option_distribution, &kind, "paretonormal"));
    assert_int_equal(kind, SIM_DELAY_PARETONORMAL);
    assert_non_null(give(sim_option_distribution, &kind, "gauss"));
    assert_null(give(sim_option_trace, &line.trace, WZP_ROOT "/scenarios/traces/cellular-8s.trace"));
    assert_int_equal(line.trace->count, 693);
    assert_string_equal(give(sim_option_trace, &line.trace, "/nowhere"), "No such file or directory");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_loss_model), cmocka_unit_test(test_others)};
    return cmocka_run_group_tests_name("sim/link_options", tests, NULL, NULL);
}
