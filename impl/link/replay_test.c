// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/rng.h"
#include "link/replay.h"

#include <stdbool.h>
#include <string.h>

#define NUMBERS 200000

/* The twin: a set of all numbers, and the highest. */
static bool twin_seen[NUMBERS];
static uint64_t twin_next;

static enum wzp_replay_verdict twin_check(uint64_t number)
{
    if (number + WZP_REPLAY_WINDOW < twin_next)
        return WZP_REPLAY_STALE;
    return twin_seen[number] ? WZP_REPLAY_SEEN : WZP_REPLAY_FRESH;
}

static void test_twin(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 6; seed++) {
        struct wzp_rng rng = wzp_rng_make(seed, 0);
        struct wzp_replay replay = {0};
        unsigned verdicts[3] = {0};
        memset(twin_seen, 0, sizeof twin_seen);
        twin_next = 0;
        while (twin_next < NUMBERS - 5000) {
            uint64_t ahead = wzp_rng_below(&rng, 400) == 0 ? wzp_rng_below(&rng, 3000)
                                                           : wzp_rng_below(&rng, 4);
            uint64_t back = wzp_rng_below(&rng, 3) == 0 ? wzp_rng_below(&rng, 1300) : 0;
            uint64_t number = twin_next + ahead > back ? twin_next + ahead - back : 0;
            enum wzp_replay_verdict verdict = wzp_replay_check(&replay, number);
            assert_int_equal(verdict, twin_check(number));
            verdicts[verdict]++;
            if (verdict != WZP_REPLAY_FRESH || wzp_rng_below(&rng, 10) == 0)
                continue; /* that one did not open */
            wzp_replay_mark(&replay, number);
            twin_seen[number] = true;
            if (number >= twin_next)
                twin_next = number + 1;
        }
        for (unsigned i = 0; i < 3; i++)
            assert_true(verdicts[i] > 100);
    }
}

static void test_edges(void **state)
{
    (void)state;
    struct wzp_replay replay = {0};
    assert_int_equal(wzp_replay_check(&replay, 0), WZP_REPLAY_FRESH);
    wzp_replay_mark(&replay, 0);
    assert_int_equal(wzp_replay_check(&replay, 0), WZP_REPLAY_SEEN);
    wzp_replay_mark(&replay, WZP_REPLAY_WINDOW - 1);
    assert_int_equal(wzp_replay_check(&replay, 0), WZP_REPLAY_SEEN);
    wzp_replay_mark(&replay, WZP_REPLAY_WINDOW);
    assert_int_equal(wzp_replay_check(&replay, 0), WZP_REPLAY_STALE);
    assert_int_equal(wzp_replay_check(&replay, 1), WZP_REPLAY_FRESH);
    wzp_replay_mark(&replay, UINT64_MAX - 1);
    assert_int_equal(wzp_replay_check(&replay, UINT64_MAX - 1), WZP_REPLAY_SEEN);
    assert_int_equal(wzp_replay_check(&replay, UINT64_MAX - 2), WZP_REPLAY_FRESH);
    assert_int_equal(wzp_replay_check(&replay, WZP_REPLAY_WINDOW), WZP_REPLAY_STALE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_twin),
        cmocka_unit_test(test_edges),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
