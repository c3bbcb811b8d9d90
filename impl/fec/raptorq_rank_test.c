// SPDX-License-Identifier: Apache-2.0
/* How often RaptorQ fails, by rank alone; raptorq_test.c shows that rank is what decides. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/rng.h"
#include "fec/raptorq_rank.h"

#include <stdlib.h>

static struct wzp_raptorq_plan *make_plan(unsigned k, void **memory)
{
    *memory = malloc(wzp_raptorq_plan_size(k));
    return wzp_raptorq_plan_init(*memory, k);
}

static void test_failures(void **state)
{
    (void)state;
    static const struct {
        unsigned k, failures_max[3]; /* with K, K + 1, K + 2 symbols */
    } rows[] = {{10, {186, 6, 2}}, {50, {186, 6, 2}}};
    for (size_t i = 0; i < 2; i++) {
        void *memory;
        struct wzp_raptorq_plan *plan = make_plan(rows[i].k, &memory);
        unsigned failures[3];
        raptorq_count_failures(plan, 20000, 1, failures);
        for (unsigned extra = 0; extra < 3; extra++)
            assert_in_range(failures[extra], 0, rows[i].failures_max[extra]);
        assert_in_range(failures[0], 30, 186); /* and it does fail, or this measures nothing */
        free(memory);
    }
}

static void test_blocks(void **state)
{
    (void)state;
    static const struct {
        unsigned loss_permille, sent;
    } rows[] = {{100, 66}, {300, 93}, {500, 137}, {700, 240}};
    void *memory;
    struct wzp_raptorq_plan *plan = make_plan(50, &memory);
    for (size_t i = 0; i < 4; i++) {
        unsigned undecoded = raptorq_count_undecoded(plan, 10000, rows[i].loss_permille, rows[i].sent, 1);
        assert_in_range(undecoded, 0, 20);
    }
    assert_in_range(raptorq_count_undecoded(plan, 1000, 500, 90, 1), 500, 1000);
    free(memory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_failures),
        cmocka_unit_test(test_blocks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
