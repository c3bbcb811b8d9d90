// SPDX-License-Identifier: Apache-2.0
/* The table of links against a plain square of all pairs. */
#include "sim/paths.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/rng.h"

#define NODES 100

static void finds_what_was_made(void **state)
{
    (void)state;
    static struct sim_path *square[NODES][NODES];
    struct sim_paths paths = {0};
    struct wzp_rng rng = wzp_rng_make(1, 0);
    size_t count = 0;
    assert_null(sim_paths_find(&paths, 0, 0));
    for (unsigned i = 0; i < 20000; i++) {
        unsigned from = (unsigned)wzp_rng_below(&rng, NODES), to = (unsigned)wzp_rng_below(&rng, NODES);
        assert_ptr_equal(sim_paths_find(&paths, from, to), square[from][to]);
        if (wzp_rng_below(&rng, 4) > 0)
            continue;
        struct sim_path *path = sim_paths_make(&paths, from, to);
        assert_true(path->from == from && path->to == to);
        assert_true(!square[from][to] || square[from][to] == path);
        count += !square[from][to];
        square[from][to] = path;
        assert_int_equal(paths.count, count);
    }
    assert_true(count > 3000 && count < NODES * NODES);
    for (unsigned from = 0; from < NODES; from++)
        for (unsigned to = 0; to < NODES; to++)
            assert_ptr_equal(sim_paths_find(&paths, from, to), square[from][to]);
    sim_paths_close(&paths);
    assert_null(sim_paths_find(&paths, 1, 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(finds_what_was_made)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
