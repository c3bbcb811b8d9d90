// SPDX-License-Identifier: Apache-2.0
/* The commands of links, word by word. That netem does what they say: tools/test-netem. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/time.h"
#include "sim/tc.h"

static void test_commands(void **state)
{
    (void)state;
    static const uint32_t at_ms[] = {12};
    char why[80];
    const struct {
        struct sim_link_params params;
        const char *text; /* without the line of the model */
    } rows[] = {
        {{.burst = 1}, "tc qdisc replace dev x root netem limit 1000\n"},
        {{.burst = 1, .delay_ns = 50 * WZP_MS, .loss = 0.125},
         "tc qdisc replace dev x root netem limit 1000 delay 50000us loss random 12.5%\n"},
        {{.burst = 4, .loss = 0.2}, "tc qdisc replace dev x root netem limit 1000 loss gemodel 6.25% 25%\n"},
        {{.burst = 1, .delay_ns = 40 * WZP_MS, .jitter_ns = 20 * WZP_MS, .reorder = true},
         "tc qdisc replace dev x root netem limit 1250 delay 50000us 10000us\n"},
        {{.burst = 1, .jitter_ns = 1001, .delay_model = {.kind = SIM_DELAY_PARETO}},
         "# not in netem: jitter that keeps the order\n"
         "tc qdisc replace dev x root netem limit 1000 delay 0us 1001ns distribution pareto\n"},
        {{.burst = 1,
          .delay_ns = WZP_MS,
          .reorder = true,
          .delay_model = {.reorder_share = 0.25, .reorder_correlation = 0.5, .gap = 5}},
         "# not in netem: correlation that leaves the distribution as it is\n"
         "tc qdisc replace dev x root netem limit 1000 delay 1000us reorder 25% 50% gap 5\n"},
        {{.burst = 1, .loss_model = {.kind = SIM_LOSS_STATE, .value = {0.1, 0.7, 0.2, 0.3, 0.01}}},
         "tc qdisc replace dev x root netem limit 1000 loss state 10% 70% 20% 30% 1%\n"},
        {{.burst = 1, .dup = 0.01, .corrupt = 0.02, .rate_bps = 960000, .queue_ns = WZP_S},
         "# not in netem: a queue in time: the limit is for packets of 1200 bytes\n"
         "tc qdisc replace dev x root netem limit 101 duplicate 1% corrupt 2% rate 960000bit -14 0 0\n"},
        {{.burst = 1, .line_model = {.slot_min_ns = WZP_MS, .slot_max_ns = 2 * WZP_MS, .slot_packets = 8}},
         "tc qdisc replace dev x root netem limit 1000 slot 1000us 2000us packets 8\n"},
        {{.burst = 1,
          .mtu = 1280,
          .queue_ns = WZP_S,
          .line_model = {.trace = sim_trace_make(at_ms, 1, why, sizeof why),
                         .codel_target_ns = 1,
                         .codel_interval_ns = 1,
                         .outage = {{WZP_S, 2 * WZP_S, 5 * WZP_S}}}},
         "# not in netem: a delivery trace: of 1000 kbit/s on the average\n"
         "# not in netem: CoDel: it is a qdisc of its own\n"
         "# not in netem: a black hole for packets above 1280 bytes\n"
         "# not in netem: an outage from 1.000 to 2.000 s, again and again\n"
         "tc qdisc replace dev x root netem limit 1000\n"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char *text;
        size_t len;
        FILE *out = open_memstream(&text, &len);
        sim_tc_link(out, "x", &rows[i].params, 1);
        fclose(out);
        char *model = strstr(text, "# model: loss ");
        assert_non_null(model);
        *model = '\0';
        assert_string_equal(text, rows[i].text);
        free(text);
    }
}

static void test_devices(void **state)
{
    (void)state;
    char device[SIM_TC_DEVICE_MAX];
    sim_tc_device("anna", "up", device);
    assert_string_equal(device, "anna-up");
    sim_tc_device("somebody with a name", "down", device);
    assert_string_equal(device, "somebody-w-down");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_commands), cmocka_unit_test(test_devices)};
    return cmocka_run_group_tests_name("sim/tc", tests, NULL, NULL);
}
