// SPDX-License-Identifier: Apache-2.0
#include "base/rng.h"
#include "stream/ranges.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define BYTES 600

/* The twin: one flag a byte. */
static bool twin[BYTES];

static unsigned twin_ranges(void)
{
    unsigned count = 0;
    for (unsigned i = 0; i < BYTES; i++)
        count += twin[i] && (i == 0 || !twin[i - 1]);
    return count;
}

static void expect_alike(const struct wzp_ranges *ranges)
{
    assert_int_equal(ranges->count, twin_ranges());
    for (unsigned i = 0; i < ranges->count; i++) {
        assert_true(ranges->at[i].start < ranges->at[i].end);
        assert_true(i == 0 || ranges->at[i - 1].end < ranges->at[i].start);
        for (uint64_t byte = ranges->at[i].start; byte < ranges->at[i].end; byte++)
            assert_true(twin[byte]);
    }
    for (uint64_t byte = 0, at = 0; byte < BYTES; byte++) {
        while (at < ranges->count && ranges->at[at].end <= byte)
            at++;
        assert_int_equal(wzp_ranges_find(ranges, byte), at);
        assert_int_equal(twin[byte], at < ranges->count && ranges->at[at].start <= byte);
    }
}

static void test_twin(void **state)
{
    (void)state;
    unsigned refused = 0;
    for (uint64_t seed = 1; seed <= 30; seed++) {
        struct wzp_rng rng = wzp_rng_make(seed, 0);
        struct wzp_ranges ranges = {.count = 0};
        memset(twin, 0, sizeof twin);
        uint64_t len_max = 1 + wzp_rng_below(&rng, 5);
        for (unsigned step = 0; step < 400; step++) {
            uint64_t start = wzp_rng_below(&rng, BYTES - len_max);
            uint64_t end = start + 1 + wzp_rng_below(&rng, len_max);
            if (wzp_rng_below(&rng, 50) == 0) {
                wzp_ranges_cut(&ranges, start / 4);
                memset(twin, 0, start / 4);
            } else {
                bool kept[BYTES];
                memcpy(kept, twin, sizeof kept);
                memset(twin + start, true, end - start);
                bool fits = twin_ranges() <= WZP_STREAM_RANGES;
                assert_int_equal(wzp_ranges_add(&ranges, start, end), fits);
                refused += !fits;
                if (!fits)
                    memcpy(twin, kept, sizeof kept);
            }
            expect_alike(&ranges);
        }
    }
    assert_true(refused > 100);
}

/* Whatever is covered is in the set afterwards, and nothing that was in it is lost. */
static void test_cover(void **state)
{
    (void)state;
    struct wzp_rng rng = wzp_rng_make(1, 1);
    struct wzp_ranges ranges = {.count = 0};
    memset(twin, 0, sizeof twin);
    for (unsigned step = 0; step < 500; step++) {
        uint64_t start = wzp_rng_below(&rng, BYTES - 2), end = start + 1 + wzp_rng_below(&rng, 2);
        wzp_ranges_cover(&ranges, start, end);
        memset(twin + start, true, end - start);
        assert_true(ranges.count <= WZP_STREAM_RANGES);
        for (uint64_t byte = 0; byte < BYTES; byte++) {
            unsigned at = wzp_ranges_find(&ranges, byte);
            assert_true(!twin[byte] || (at < ranges.count && ranges.at[at].start <= byte));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_twin),
        cmocka_unit_test(test_cover),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
