// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/rng.h"
#include "base/time.h"
#include "media/steady.h"

static void test_down_fast_up_slow(void **state)
{
    (void)state;
    static const struct {
        int64_t at_ms;
        uint64_t bps, heeded;
    } rows[] = {
        {0, 0, 0},
        {100, 300000, 300000},  /* the first bound counts */
        {200, 265000, 300000},  /* noise */
        {300, 100000, 100000},  /* down at once */
        {400, 120000, 100000},  /* noise */
        {500, 400000, 100000},  /* up, but for how long? */
        {1500, 250000, 100000}, /* at least so much */
        {2400, 400000, 100000},
        {2500, 400000, 250000}, /* for two seconds */
        {2600, 400000, 250000},
        {4500, 300000, 250000}, /* it did not last */
        {4700, 400000, 250000},
        {6600, 400000, 250000},
        {6700, 400000, 400000},
        {6800, 340000, 400000}, /* a little down */
        {8700, 310000, 400000},
        {8800, 320000, 340000}, /* for two seconds */
        {8900, 370000, 340000}, /* a little up */
        {9900, 365000, 340000},
        {10900, 360000, 340000}, /* it did not last */
        {11000, 370000, 340000},
        {18900, 380000, 340000},
        {19000, 380000, 370000}, /* for eight seconds */
        {19100, 0, 0},           /* no bound */
        {19200, 50000, 50000},
    };
    struct wzp_steady steady;
    wzp_steady_init(&steady);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_int_equal(wzp_steady_heed(&steady, rows[i].bps, rows[i].at_ms * WZP_MS), rows[i].heeded);
}

static void test_noise_moves_it_rarely(void **state)
{
    (void)state;
    struct wzp_rng rng = wzp_rng_make(1, 0);
    struct wzp_steady steady;
    unsigned changes = 0;
    uint64_t before = 0;
    wzp_steady_init(&steady);
    for (int64_t now_ns = 0; now_ns < 600 * WZP_S; now_ns += 50 * WZP_MS) {
        uint64_t bps = 950000 + wzp_rng_below(&rng, 100000), heeded = wzp_steady_heed(&steady, bps, now_ns);
        assert_true(heeded <= bps + bps / 3);
        assert_true(heeded >= 900000);
        changes += heeded != before;
        before = heeded;
    }
    assert_true(changes <= 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_down_fast_up_slow),
        cmocka_unit_test(test_noise_moves_it_rarely),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
