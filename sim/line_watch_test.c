// SPDX-License-Identifier: Apache-2.0
/* A line that is overdriven, or has a queue standing in front of it, for long: and what is not that. */
#include "sim/line_watch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>

#include <cmocka.h>

#define RATE UINT64_C(100000)

/* So many packets a second of 125 bytes (100 are what the line carries) that wait so long, for so many
 * seconds. */
struct row {
    const char *name;
    unsigned seconds, packets;
    int64_t queued_ns;
    bool is_told;
    unsigned changes_s; /* every so many seconds the line has another rate; 0: never */
    bool dips;          /* one packet a second waits for nothing */
    enum sim_overdrive worst;
};

static const struct row rows[] = {
    {"full", 60, 100, 100 * WZP_MS, true, 0, false, SIM_NOT_OVERDRIVEN},
    {"a little too much", 60, 120, 100 * WZP_MS, true, 0, false, SIM_NOT_OVERDRIVEN},
    {"too much", 12, 140, 100 * WZP_MS, true, 0, false, SIM_OVERDRIVEN_RATE},
    {"for a moment", 9, 400, 100 * WZP_MS, true, 0, false, SIM_NOT_OVERDRIVEN},
    {"and nobody says so", 60, 400, 900 * WZP_MS, false, 0, false, SIM_NOT_OVERDRIVEN},
    {"on a line that changes", 60, 400, 900 * WZP_MS, true, 5, false, SIM_NOT_OVERDRIVEN},
    {"a queue that stands", 10, 90, 400 * WZP_MS, true, 0, false, SIM_OVERDRIVEN_QUEUE},
    {"a shorter one", 60, 90, 290 * WZP_MS, true, 0, false, SIM_NOT_OVERDRIVEN},
    {"one that stands for a while", 7, 90, 900 * WZP_MS, true, 0, false, SIM_NOT_OVERDRIVEN},
    {"one that empties", 60, 90, 900 * WZP_MS, true, 0, true, SIM_NOT_OVERDRIVEN},
};

static enum sim_overdrive worst_of(const struct row *row)
{
    struct sim_line_watch watch;
    enum sim_overdrive worst = SIM_NOT_OVERDRIVEN;
    sim_line_watch_init(&watch);
    for (unsigned i = 0; i < row->seconds * row->packets; i++) {
        int64_t now_ns = WZP_S + i * WZP_S / row->packets;
        uint64_t rate = row->changes_s && now_ns / WZP_S / row->changes_s % 2 ? RATE + 1 : RATE;
        if (row->is_told && i % 10 == 0)
            sim_line_watch_on_report(&watch, now_ns);
        int64_t queued_ns = row->dips && i % row->packets == 0 ? 0 : row->queued_ns;
        enum sim_overdrive overdrive = sim_line_watch_on_packet(&watch, now_ns, rate, 125, queued_ns);
        worst = overdrive > worst ? overdrive : worst;
    }
    return worst;
}

static void rows_hold(void **state)
{
    (void)state;
    for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++)
        if (worst_of(&rows[i]) != rows[i].worst)
            fail_msg("%s: %d", rows[i].name, (int)worst_of(&rows[i]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(rows_hold)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
