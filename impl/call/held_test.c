// SPDX-License-Identifier: Apache-2.0
#include "call/held.h"

#include "base/rng.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

static struct held held;

static unsigned put(unsigned row, uint32_t sequence, int64_t now_ns)
{
    uint8_t payload[4] = {(uint8_t)sequence, (uint8_t)(sequence >> 8), (uint8_t)row, 0xaa};
    struct sealed_media media = {
        .header.sequence = sequence, .payload = {payload, sizeof payload}, .arrived_ns = now_ns};
    return held_put(&held, row, &media);
}

static void test_comes_back_in_order(void **state)
{
    (void)state;
    held_init(&held);
    for (uint32_t i = 0; i < 10; i++)
        assert_int_equal(put(i % 2, i, i), 0);
    unsigned at = 0;
    for (uint32_t i = 1; i < 10; i += 2) {
        const struct sealed_media *media = held_next(&held, 1, &at);
        assert_int_equal(media->header.sequence, i);
        assert_int_equal(media->arrived_ns, i);
        assert_int_equal(media->payload.data[0], i);
        held_remove(&held, --at);
    }
    assert_null(held_next(&held, 1, &at));
    assert_int_equal(held.count, 5);
    held_forget_member(&held, 0);
    assert_int_equal(held.count, 0);
}

static void test_a_member_keeps_its_newest(void **state)
{
    (void)state;
    held_init(&held);
    put(1, 1000, 0);
    for (uint32_t i = 0; i < HELD_MEMBER_MAX + 5; i++)
        assert_int_equal(put(2, i, 0), i >= HELD_MEMBER_MAX);
    unsigned at = 0;
    for (uint32_t i = 5; i < HELD_MEMBER_MAX + 5; i++)
        assert_int_equal(held_next(&held, 2, &at)->header.sequence, i);
    assert_null(held_next(&held, 2, &at));
    at = 0;
    assert_int_equal(held_next(&held, 1, &at)->header.sequence, 1000);
}

static void test_full_and_too_old(void **state)
{
    (void)state;
    held_init(&held);
    for (uint32_t i = 0; i < HELD_MAX; i++)
        assert_int_equal(put(i / HELD_MEMBER_MAX, i, i), 0);
    assert_int_equal(put(40, 7, 300), 1); /* the oldest of all gives way */
    unsigned at = 0;
    assert_int_equal(held_next(&held, 0, &at)->header.sequence, 1);
    assert_int_equal(held_expire(&held, HELD_NS + 10), 9); /* those that came at 1..9 */
    assert_int_equal(held_expire(&held, HELD_NS + 300), HELD_MAX - 10);
    assert_int_equal(held.count, 1);
    assert_int_equal(held_expire(&held, HELD_NS + 301), 1);
    assert_int_equal(held.count, 0);
}

/* Against a list that is searched from the front for everything. */
struct twin {
    struct {
        unsigned row;
        uint32_t sequence;
        int64_t at_ns;
    } frame[HELD_MAX + 1];
    unsigned count;
};

static void twin_remove(struct twin *twin, unsigned place)
{
    twin->count--;
    for (; place < twin->count; place++)
        twin->frame[place] = twin->frame[place + 1];
}

static void twin_put(struct twin *twin, unsigned row, uint32_t sequence, int64_t now_ns)
{
    while (twin->count && twin->frame[0].at_ns + HELD_NS < now_ns)
        twin_remove(twin, 0);
    unsigned of_row = 0, first = HELD_MAX;
    for (unsigned i = 0; i < twin->count; i++) {
        if (twin->frame[i].row != row)
            continue;
        of_row++;
        first = first == HELD_MAX ? i : first;
    }
    if (of_row == HELD_MEMBER_MAX)
        twin_remove(twin, first);
    else if (twin->count == HELD_MAX)
        twin_remove(twin, 0);
    twin->frame[twin->count].row = row;
    twin->frame[twin->count].sequence = sequence;
    twin->frame[twin->count++].at_ns = now_ns;
}

static void test_against_twin(void **state)
{
    (void)state;
    static struct twin twin;
    for (uint64_t seed = 0; seed < 20; seed++) {
        struct wzp_rng rng = wzp_rng_make(seed, 0);
        int64_t now_ns = 0;
        held_init(&held);
        twin.count = 0;
        for (uint32_t step = 0; step < 2000; step++) {
            unsigned row = (unsigned)wzp_rng_below(&rng, 20);
            now_ns += (int64_t)wzp_rng_below(&rng, 8 * WZP_MS);
            if (wzp_rng_below(&rng, 40)) {
                put(row, step, now_ns);
                twin_put(&twin, row, step, now_ns);
            } else {
                held_forget_member(&held, row);
                for (unsigned i = twin.count; i-- > 0;)
                    if (twin.frame[i].row == row)
                        twin_remove(&twin, i);
            }
            assert_int_equal(held.count, twin.count);
        }
        for (unsigned row = 0; row < 20; row++) {
            const struct sealed_media *media;
            unsigned at = 0, i = 0;
            while ((media = held_next(&held, row, &at))) {
                while (twin.frame[i].row != row)
                    i++;
                assert_int_equal(media->header.sequence, twin.frame[i++].sequence);
            }
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_comes_back_in_order),
        cmocka_unit_test(test_a_member_keeps_its_newest),
        cmocka_unit_test(test_full_and_too_old),
        cmocka_unit_test(test_against_twin),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
