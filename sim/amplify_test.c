// SPDX-License-Identifier: Apache-2.0
/* The account against a twin that keeps a plain list, and its bound at the byte. */
#include "sim/amplify.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/rng.h"

static struct wzp_addr addr_of(unsigned number)
{
    return (struct wzp_addr){.ip = {[15] = (uint8_t)(number % 50), [14] = (uint8_t)(number / 1000)},
                             .port = (uint16_t)(number / 50 % 20)};
}

static void test_bound(void **state)
{
    (void)state;
    struct sim_amplify *amplify = sim_amplify_create();
    struct wzp_addr one = addr_of(1), two = addr_of(2);
    assert_true(sim_amplify_sent(amplify, &one, 0));
    sim_amplify_came(amplify, &one, 100);
    assert_true(sim_amplify_sent(amplify, &one, 200));
    assert_true(sim_amplify_sent(amplify, &one, 100));
    assert_false(sim_amplify_sent(amplify, &two, 1)); /* an address lends nothing to another */
    assert_false(sim_amplify_sent(amplify, &one, 1));
    sim_amplify_proved(amplify, &one);
    assert_true(sim_amplify_sent(amplify, &one, 1000000));
    assert_false(sim_amplify_sent(amplify, &two, 1));
    sim_amplify_destroy(amplify);
}

/* A port that forgot: the answer comes from another one, and what it answers went to the first. */
static void test_answer(void **state)
{
    (void)state;
    struct sim_amplify *amplify = sim_amplify_create();
    struct wzp_addr before = addr_of(1), after = before, silent = before, other = addr_of(2);
    after.port++;
    silent.port += 2;
    other.ip[0] ^= 1;
    sim_amplify_came(amplify, &before, 100);
    sim_amplify_came(amplify, &other, 100);
    sim_amplify_answered(amplify, &after);
    assert_true(sim_amplify_sent(amplify, &before, 1000));
    assert_true(sim_amplify_sent(amplify, &after, 1000));
    assert_false(sim_amplify_sent(amplify, &silent, 1));
    assert_false(sim_amplify_sent(amplify, &other, 301));
    sim_amplify_destroy(amplify);
}

static void test_twin(void **state)
{
    (void)state;
    enum { ADDRS = 3000 };
    static struct {
        uint64_t came, sent;
        bool is_proven;
    } twin[ADDRS];
    unsigned refused = 0;
    struct sim_amplify *amplify = sim_amplify_create();
    struct wzp_rng rng = wzp_rng_make(1, 0);
    for (unsigned i = 0; i < 100000; i++) {
        unsigned number = (unsigned)wzp_rng_below(&rng, ADDRS);
        struct wzp_addr addr = addr_of(number);
        size_t bytes = (size_t)wzp_rng_below(&rng, 1200);
        switch (wzp_rng_below(&rng, 40) % 4) {
        case 0:
            if (wzp_rng_below(&rng, 100) == 0) {
                twin[number].is_proven = true;
                sim_amplify_proved(amplify, &addr);
            }
            break;
        case 1:
            twin[number].came += bytes;
            sim_amplify_came(amplify, &addr, bytes);
            break;
        default:
            twin[number].sent += bytes;
            bool allowed = twin[number].is_proven || twin[number].sent <= 3 * twin[number].came;
            assert_int_equal(sim_amplify_sent(amplify, &addr, bytes), allowed);
            refused += !allowed;
        }
    }
    assert_true(refused > 1000 && refused < 40000);
    sim_amplify_destroy(amplify);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_bound), cmocka_unit_test(test_answer),
                                       cmocka_unit_test(test_twin)};
    return cmocka_run_group_tests_name("sim/amplify", tests, NULL, NULL);
}
