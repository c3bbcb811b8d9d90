// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/rng.h"
#include "link/pacer.h"

#define PACKETS 2000

/* Who always has a packet, asks before each, and wakes up a little late each time. */
static void test_never_more_and_hardly_less(void **state)
{
    (void)state;
    static const uint64_t rates[] = {24000, 100000, 1000000, 20000000, 1000000000};
    static int64_t at_ns[PACKETS];
    static uint64_t bytes[PACKETS + 1]; /* of all before it */
    for (size_t i = 0; i < sizeof rates / sizeof *rates; i++) {
        struct wzp_rng rng = wzp_rng_make(7, i);
        struct wzp_pacer pacer;
        wzp_pacer_init(&pacer, rates[i], WZP_S);
        int64_t now_ns = WZP_S;
        for (unsigned k = 0; k < PACKETS; k++) {
            now_ns = wzp_time_max(now_ns, wzp_pacer_at(&pacer, 0)) + (int64_t)(wzp_rng_u64(&rng) % 1000);
            size_t size = 100 + wzp_rng_u64(&rng) % 1100;
            wzp_pacer_on_sent(&pacer, size, now_ns);
            at_ns[k] = now_ns;
            bytes[k + 1] = bytes[k] + size;
        }
        double rate = (double)rates[i] / 8e9; /* bytes a nanosecond */
        for (unsigned from = 0; from < PACKETS; from += 37)
            for (unsigned to = from; to < PACKETS; to += 41) {
                double allowed = rate * (double)(at_ns[to] - at_ns[from] + WZP_PACER_BURST_NS) + 1200;
                assert_true((double)(bytes[to + 1] - bytes[from]) <= allowed + 1);
            }
        double sent = (double)bytes[PACKETS], could = rate * (double)(now_ns - WZP_S);
        assert_true(sent > 0.98 * could);
    }
}

static void test_debt_is_waited_for_and_bounded(void **state)
{
    (void)state;
    struct wzp_pacer pacer;
    wzp_pacer_init(&pacer, 80000, WZP_S); /* 10 bytes a millisecond */
    wzp_pacer_on_sent(&pacer, 1000, WZP_S);
    assert_int_equal(wzp_pacer_at(&pacer, 0), WZP_S + 100 * WZP_MS - WZP_PACER_BURST_NS);
    assert_int_equal(wzp_pacer_at(&pacer, 25 * WZP_MS), WZP_S + 75 * WZP_MS);
    for (unsigned i = 0; i < 100; i++)
        wzp_pacer_on_sent(&pacer, 1000, WZP_S);
    assert_int_equal(wzp_pacer_at(&pacer, 0), WZP_S + WZP_PACER_DEBT_NS - WZP_PACER_BURST_NS);
    assert_int_equal(wzp_pacer_idle_ns(&pacer, WZP_S), 0);
    assert_int_equal(wzp_pacer_idle_ns(&pacer, WZP_S + WZP_PACER_DEBT_NS + 5), 5);
}

static void test_another_rate(void **state)
{
    (void)state;
    struct wzp_pacer pacer;
    wzp_pacer_init(&pacer, 80000, 0);
    wzp_pacer_on_sent(&pacer, 1000, 0); /* 100 ms */
    wzp_pacer_set(&pacer, 160000, 0);
    assert_int_equal(wzp_pacer_at(&pacer, 10 * WZP_MS), 40 * WZP_MS);
    wzp_pacer_set(&pacer, 100, 0);
    assert_int_equal(wzp_pacer_at(&pacer, 10 * WZP_MS), WZP_PACER_DEBT_NS - 10 * WZP_MS);
    wzp_pacer_set(&pacer, 0, 0);
    assert_true(wzp_pacer_at(&pacer, 0) == INT64_MIN);
    wzp_pacer_on_sent(&pacer, 1000, 0);
    assert_true(wzp_pacer_at(&pacer, 0) == INT64_MIN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_never_more_and_hardly_less),
        cmocka_unit_test(test_debt_is_waited_for_and_bounded),
        cmocka_unit_test(test_another_rate),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
