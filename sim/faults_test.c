// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "sim/faults.h"

static void test_partitions(void **state)
{
    (void)state;
    static const uint8_t group[] = {1, 1, 2, SIM_NO_GROUP, 3};
    struct sim_partitions partitions = {.count = 0};
    assert_true(sim_partitions_add(&partitions, 10, 20, group, 5));
    for (unsigned from = 0; from < 6; from++)
        for (unsigned to = 0; to < 6; to++) {
            bool apart = from != 3 && to != 3 && from < 5 && to < 5 && group[from] != group[to];
            assert_int_equal(sim_partitions_cut(&partitions, from, to, 10), apart);
            assert_int_equal(sim_partitions_cut(&partitions, from, to, 19), apart);
            assert_false(sim_partitions_cut(&partitions, from, to, 9));
            assert_false(sim_partitions_cut(&partitions, from, to, 20));
        }
    for (int i = 1; i < SIM_PARTITIONS_MAX; i++)
        assert_true(sim_partitions_add(&partitions, 0, 1, group, 5));
    assert_false(sim_partitions_add(&partitions, 0, 1, group, 5));
    sim_partitions_clear(&partitions);
    assert_false(sim_partitions_cut(&partitions, 0, 2, 10));
}

static void test_slow(void **state)
{
    (void)state;
    struct sim_slow slow = {.cost_ns = 100, .queue = 2};
    int64_t at_ns;
    for (int i = 0; i < 3; i++) {
        assert_true(sim_slow_take(&slow, 1000, &at_ns)); /* one is served, two wait */
        assert_int_equal(at_ns, 1100 + 100 * i);
    }
    assert_false(sim_slow_take(&slow, 1000, &at_ns));
    assert_false(sim_slow_take(&slow, 1099, &at_ns));
    assert_true(sim_slow_take(&slow, 1100, &at_ns)); /* the second is being served now */
    assert_int_equal(at_ns, 1400);
    assert_true(sim_slow_take(&slow, 5000, &at_ns));
    assert_int_equal(at_ns, 5100);
    assert_true(slow.served == 5 && slow.dropped == 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_partitions), cmocka_unit_test(test_slow)};
    return cmocka_run_group_tests_name("sim/faults", tests, NULL, NULL);
}
