// SPDX-License-Identifier: Apache-2.0
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/time.h"
#include "sim/link.h"

static const struct sim_trace *make(const uint32_t *at_ms, size_t count)
{
    char why[80];
    return sim_trace_make(at_ms, count, why, sizeof why);
}

/* Opportunities one after the other, by hand. */
static void test_numbers(void **state)
{
    (void)state;
    static const uint32_t at_ms[] = {2, 5, 5, 10};
    static const int64_t all_ms[] = {2, 5, 5, 10, 12, 15, 15, 20, 22};
    const struct sim_trace *trace = make(at_ms, 4);
    for (uint64_t i = 0; i < 9; i++)
        assert_int_equal(sim_trace_at_ns(trace, i), all_ms[i] * WZP_MS);
    for (int64_t ms = 0; ms <= 22; ms++) {
        uint64_t first = 0;
        while (all_ms[first] < ms)
            first++;
        assert_int_equal(sim_trace_first(trace, ms * WZP_MS), first);
        if (all_ms[first] > ms)
            assert_int_equal(sim_trace_first(trace, ms * WZP_MS + 1), first);
    }
    assert_ptr_equal(make(at_ms, 4), trace); /* equal ones are one */
    assert_true(fabs(sim_trace_rate_bps(trace) - 4 * 12000 * 100) < 1);
}

/* The twin goes through every millisecond and gives each opportunity's 1500 bytes to who waits. */
static void test_twin(void **state)
{
    (void)state;
    enum { COUNT = 300, PACKETS = 20000 };
    uint32_t at_ms[COUNT];
    struct wzp_rng rng = wzp_rng_make(4, 4);
    uint32_t ms = 0;
    for (int i = 0; i < COUNT; i++)
        at_ms[i] = ms += (uint32_t)wzp_rng_below(&rng, i % 50 < 10 ? 60 : 6);
    struct sim_link_params params = {
        .burst = 1, .queue_ns = SIM_LINK_TIME_MAX, .line_model = {.trace = make(at_ms, COUNT)}};
    struct sim_link link;
    struct sim_link_verdict verdict;
    static int64_t came_ns[PACKETS], left_ns[PACKETS], twin_ns[PACKETS];
    static size_t left[PACKETS];
    int64_t now_ns = 0;
    sim_link_init(&link, &params, 1, 0);
    for (int i = 0; i < PACKETS; i++) {
        size_t len = (size_t)wzp_rng_below(&rng, 1500);
        sim_link_send(&link, now_ns, len, &verdict);
        assert_int_equal(verdict.copies, 1);
        came_ns[i] = now_ns;
        left_ns[i] = verdict.copy[0].at_ns;
        left[i] = len + 28;
        now_ns += (int64_t)wzp_rng_below(&rng, (i / 1000 % 2 ? 4 : 40) * WZP_MS);
    }
    int head = 0;
    for (uint64_t number = 0; head < PACKETS; number++) {
        int64_t at_ns = sim_trace_at_ns(params.line_model.trace, number);
        for (size_t bytes = SIM_TRACE_BYTES; bytes > 0 && head < PACKETS && came_ns[head] <= at_ns;) {
            size_t take = left[head] < bytes ? left[head] : bytes;
            left[head] -= take;
            bytes -= take;
            if (left[head] == 0)
                twin_ns[head++] = at_ns;
        }
    }
    for (int i = 0; i < PACKETS; i++)
        assert_int_equal(left_ns[i], twin_ns[i]);
    sim_link_close(&link);
}

/* A line that is never idle carries the trace's rate. */
static void test_rate(void **state)
{
    (void)state;
    static const uint32_t at_ms[] = {1, 1, 2, 10, 17, 30};
    struct sim_link_params params = {
        .burst = 1, .queue_ns = 200 * WZP_MS, .line_model = {.trace = make(at_ms, 6)}};
    struct sim_link link;
    struct sim_link_verdict verdict;
    sim_link_init(&link, &params, 1, 0);
    for (int i = 0; i < 1000000; i++)
        sim_link_send(&link, i * WZP_MS, 472, &verdict);
    double bits = (double)link.counts.delivered * 500 * 8 / 1000;
    assert_true(fabs(bits / sim_trace_rate_bps(params.line_model.trace) - 1) < 0.001);
    sim_link_close(&link);
}

static void test_files(void **state)
{
    (void)state;
    static const struct {
        const char *text, *why; /* NULL: good */
    } rows[] = {{"1\n2\n2\n", NULL},
                {"1\r\n2\r\n", NULL},
                {"", "it is empty"},
                {"0\n", "its last time must be above 0: it begins anew then"},
                {"2\n1\n", "line 2: times are whole milliseconds that do not fall"},
                {"2\n1x\n", "line 2 is not a time in whole milliseconds"},
                {"-1\n", "line 1 is not a time in whole milliseconds"},
                {"99999999999\n", "line 1 is not a time in whole milliseconds"}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char path[] = "/tmp/wzp-trace-XXXXXX", why[80] = "";
        int handle = mkstemp(path);
        assert_true(handle >= 0);
        FILE *file = fdopen(handle, "w");
        fputs(rows[i].text, file);
        fclose(file);
        const struct sim_trace *trace = sim_trace_load(path, why, sizeof why);
        remove(path);
        if (rows[i].why)
            assert_string_equal(why, rows[i].why);
        else
            assert_non_null(trace);
    }
    char why[80];
    assert_null(sim_trace_load("/nowhere/at-all", why, sizeof why));
    assert_string_equal(why, "No such file or directory");
}

/* The last test: nothing new finds room behind it, only what is there. */
static void test_bounds(void **state)
{
    (void)state;
    char why[80];
    static uint32_t at_ms[SIM_TRACE_MAX];
    size_t large = 0;
    for (size_t i = 0; i < SIM_TRACE_MAX; i++)
        at_ms[i] = 1;
    for (size_t count = SIM_TRACE_MAX; sim_trace_make(at_ms, count, why, sizeof why); count--)
        large += count;
    assert_string_equal(why, "at most 10000 traces, of 50000000 lines in all");
    assert_true(large < SIM_TRACES_HELD_MAX && large > SIM_TRACES_HELD_MAX - 2 * SIM_TRACE_MAX);
    size_t small = 0;
    for (uint32_t last = 1000; sim_trace_make(&last, 1, why, sizeof why); last++)
        small++;
    assert_true(small < SIM_TRACES_MAX && small > SIM_TRACES_MAX - 1000);
    assert_non_null(sim_trace_make(&(uint32_t){1000}, 1, why, sizeof why));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_numbers), cmocka_unit_test(test_twin),   cmocka_unit_test(test_rate),
        cmocka_unit_test(test_files),   cmocka_unit_test(test_bounds),
    };
    return cmocka_run_group_tests_name("sim/link_trace", tests, NULL, NULL);
}
