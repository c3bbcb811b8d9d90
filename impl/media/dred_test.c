// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/rng.h"
#include "base/time.h"
#include "media/dred.h"

static struct wzp_dred_facts facts_of(unsigned loss_permille, unsigned burst, int64_t rtt_ms,
                                      int64_t jitter_ms)
{
    return (struct wzp_dred_facts){.path = {loss_permille, burst * 16, 0},
                                   .packet_ns = 20 * WZP_MS,
                                   .rtt_ns = rtt_ms * WZP_MS,
                                   .jitter_ns = jitter_ms * WZP_MS};
}

/* By hand from the loss p and the mean run b: r = p + (1 - p)(1 - 1/(b(1 - p))), q = 1 - (1 - r)/2, and n so
 * that q^n = 0.01, on a straight line between whole numbers. */
static void known_runs_are_reached(void **state)
{
    (void)state;
    static const struct {
        unsigned loss_permille, burst;
        int64_t rtt_ms, jitter_ms;
        unsigned ms;
    } rows[] = {
        {0, 1, 0, 0, 140},      {100, 1, 0, 0, 160},  {300, 1, 0, 0, 220},    {500, 1, 0, 0, 330},
        {700, 1, 0, 0, 570},    {300, 4, 0, 0, 700},  {300, 10, 0, 0, 1040},  {700, 1, 800, 0, 630},
        {300, 1, 100, 40, 260}, {900, 1, 0, 0, 1040}, {1000, 64, 0, 0, 1040},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct wzp_dred_facts facts = facts_of(rows[i].loss_permille, rows[i].burst, rows[i].rtt_ms,
                                               rows[i].jitter_ms);
        assert_int_equal(wzp_dred_ms(&facts), rows[i].ms);
    }
}

/* Repair packets between two sources are as much a part of a run as they are. */
static void repair_shortens_runs_of_sources(void **state)
{
    (void)state;
    struct wzp_dred_facts facts = facts_of(300, 4, 0, 0);
    unsigned alone = wzp_dred_ms(&facts);
    facts.repair_permille = 3000;
    unsigned among = wzp_dred_ms(&facts);
    assert_in_range(among, alone / 5, alone / 2);
}

/* One step of any input, anywhere: never less, and not far. */
static void continuous_and_monotonic(void **state)
{
    (void)state;
    struct wzp_rng rng = wzp_rng_make(1, 0);
    for (unsigned i = 0; i < 20000; i++) {
        struct wzp_dred_facts facts = {
            .path = {(unsigned)wzp_rng_below(&rng, 800), (unsigned)wzp_rng_below(&rng, 160), 0},
            .repair_permille = (unsigned)wzp_rng_below(&rng, 8000),
            .packet_ns = (int64_t)(1 + wzp_rng_below(&rng, 3)) * 20 * WZP_MS,
            .rtt_ns = (int64_t)wzp_rng_below(&rng, 1500) * WZP_MS,
            .jitter_ns = (int64_t)wzp_rng_below(&rng, 100) * WZP_MS,
        };
        struct wzp_dred_facts more[4] = {facts, facts, facts, facts};
        more[0].path.loss_permille++;
        more[1].path.burst_16++;
        more[2].rtt_ns += WZP_MS;
        more[3].jitter_ns += WZP_MS;
        unsigned before = wzp_dred_ms(&facts);
        assert_in_range(before, facts.packet_ns / WZP_MS, WZP_DRED_MS_MAX);
        for (unsigned j = 0; j < 4; j++)
            assert_in_range(wzp_dred_ms(&more[j]), before, before + 10 + before / 10);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_runs_are_reached),
        cmocka_unit_test(repair_shortens_runs_of_sources),
        cmocka_unit_test(continuous_and_monotonic),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
