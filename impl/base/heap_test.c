// SPDX-License-Identifier: Apache-2.0
#include "base/heap.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/rng.h"
#include "base/time.h"

#define MOST 100

/* The twin: a look at every id. */
static uint32_t first_of(const int64_t *at_ns, uint32_t count)
{
    uint32_t first = 0;
    for (uint32_t id = 1; id < count; id++)
        if (at_ns[id] < at_ns[first])
            first = id;
    return first;
}

static void test_against_a_linear_scan(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 100; seed++) {
        struct wzp_rng rng = wzp_rng_make(seed, 0);
        uint32_t count = 1 + (uint32_t)wzp_rng_below(&rng, MOST);
        uint32_t order[MOST], position[MOST];
        int64_t at_ns[MOST], twin[MOST];
        struct wzp_heap heap;
        wzp_heap_init(&heap, count, order, position, at_ns);
        for (uint32_t id = 0; id < count; id++)
            twin[id] = WZP_NEVER;
        assert_int_equal(wzp_heap_first(&heap), 0);
        for (unsigned step = 0; step < 1000; step++) {
            /* mostly the one that is due, as an event loop does; few times, so that there are ties */
            uint32_t id = wzp_rng_below(&rng, 3) ? wzp_heap_first(&heap)
                                                 : (uint32_t)wzp_rng_below(&rng, count);
            int64_t when_ns = wzp_rng_below(&rng, 5) ? (int64_t)wzp_rng_below(&rng, 30) - 5 : WZP_NEVER;
            wzp_heap_set(&heap, id, when_ns);
            twin[id] = when_ns;
            uint32_t first = wzp_heap_first(&heap);
            assert_int_equal(first, first_of(twin, count));
            assert_true(heap.at_ns[first] == twin[first]);
        }
    }
}

/* Taken one after the other they come in the order of time, then of id, whatever happened before. */
static void test_order_does_not_depend_on_history(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 50; seed++) {
        struct wzp_rng rng = wzp_rng_make(seed, 1);
        uint32_t order[MOST], position[MOST];
        int64_t at_ns[MOST];
        struct wzp_heap heap;
        wzp_heap_init(&heap, MOST, order, position, at_ns);
        for (unsigned step = 0; step < 500; step++)
            wzp_heap_set(&heap, (uint32_t)wzp_rng_below(&rng, MOST), (int64_t)wzp_rng_below(&rng, 1000));
        for (uint32_t id = 0; id < MOST; id++)
            wzp_heap_set(&heap, id, id % 4);
        for (uint32_t i = 0; i < MOST; i++) {
            assert_int_equal(wzp_heap_first(&heap), i % (MOST / 4) * 4 + i / (MOST / 4));
            wzp_heap_set(&heap, wzp_heap_first(&heap), WZP_NEVER);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_against_a_linear_scan),
        cmocka_unit_test(test_order_does_not_depend_on_history),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
