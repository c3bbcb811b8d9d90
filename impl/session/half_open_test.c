// SPDX-License-Identifier: Apache-2.0
/* The table against a list that is searched from end to end. */
#include "session/half_open.h"

#include "base/rng.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define COUNT_MAX 16
#define STEPS     20000

/* The twin: who is where, in which class, since when. */
struct twin {
    enum half_open_class class[COUNT_MAX];
    uint64_t since[COUNT_MAX];
    uint8_t key[COUNT_MAX]; /* first byte of the key */
};

static void key_of(uint8_t name, uint8_t key[HALF_OPEN_KEY_LEN])
{
    memset(key, 0, HALF_OPEN_KEY_LEN);
    key[0] = name % 4; /* few buckets: long chains */
    key[15] = name;
}

static uint32_t oldest(const struct twin *twin, uint32_t count, enum half_open_class class)
{
    uint32_t found = HALF_OPEN_NONE;
    for (uint32_t i = 0; i < count; i++)
        if (twin->class[i] == class && (found == HALF_OPEN_NONE || twin->since[i] < twin->since[found]))
            found = i;
    return found;
}

static uint32_t twin_place_for(const struct twin *twin, uint32_t count, bool is_proven)
{
    uint32_t place = oldest(twin, count, HALF_OPEN_FREE);
    if (place == HALF_OPEN_NONE)
        place = oldest(twin, count, HALF_OPEN_DONE);
    if (place == HALF_OPEN_NONE && is_proven)
        place = oldest(twin, count, HALF_OPEN_UNPROVEN);
    return place;
}

static void compare(const struct half_open_index *index, const struct twin *twin, uint32_t count)
{
    uint32_t counts[HALF_OPEN_CLASSES] = {0};
    for (uint32_t i = 0; i < count; i++) {
        counts[twin->class[i]]++;
        assert_int_equal(index->places[i].class, twin->class[i]);
    }
    for (unsigned class = 0; class < HALF_OPEN_CLASSES; class ++)
        assert_int_equal(index->list[class].count, counts[class]);
    assert_int_equal(half_open_place_for(index, false), twin_place_for(twin, count, false));
    assert_int_equal(half_open_place_for(index, true), twin_place_for(twin, count, true));
}

static void finds_and_displaces_as_its_twin(void **state)
{
    (void)state;
    for (uint32_t count = 1; count <= COUNT_MAX; count = count * 2 + 1) {
        struct half_open_place places[COUNT_MAX] = {0};
        uint32_t buckets[4 * COUNT_MAX] = {0};
        struct half_open_index index;
        struct twin twin = {0};
        struct wzp_rng rng = wzp_rng_make(count, 1);
        half_open_init(&index, count, places, buckets);
        uint64_t clock = 0;
        for (uint32_t i = 0; i < count; i++)
            twin.since[i] = clock++;
        for (unsigned step = 0; step < STEPS; step++, clock++) {
            uint8_t key[HALF_OPEN_KEY_LEN], name = (uint8_t)wzp_rng_below(&rng, 40);
            bool is_proven = wzp_rng_below(&rng, 2);
            key_of(name, key);
            uint32_t place = HALF_OPEN_NONE;
            for (uint32_t i = 0; i < count; i++)
                if (twin.class[i] != HALF_OPEN_FREE && twin.key[i] == name)
                    place = i;
            assert_int_equal(half_open_find(&index, key), place);
            uint64_t what = wzp_rng_below(&rng, 6);
            if (place == HALF_OPEN_NONE) {
                place = half_open_place_for(&index, is_proven);
                if (place == HALF_OPEN_NONE)
                    continue;
                if (twin.class[place] != HALF_OPEN_FREE)
                    half_open_give_back(&index, place);
                half_open_take(&index, place, key, is_proven);
                twin.class[place] = is_proven ? HALF_OPEN_PROVEN : HALF_OPEN_UNPROVEN;
                twin.key[place] = name;
                twin.since[place] = clock;
            } else if (what == 0) {
                half_open_give_back(&index, place);
                twin.class[place] = HALF_OPEN_FREE;
                twin.since[place] = clock;
            } else if (what < 3) {
                enum half_open_class class = what == 1 ? HALF_OPEN_PROVEN : HALF_OPEN_DONE;
                half_open_promote(&index, place, class);
                if (class > twin.class[place]) {
                    twin.class[place] = class;
                    twin.since[place] = clock;
                }
            }
            compare(&index, &twin, count);
        }
    }
}

static void an_empty_table_finds_nothing(void **state)
{
    (void)state;
    struct half_open_index none = {0};
    assert_int_equal(half_open_find(&none, (const uint8_t[HALF_OPEN_KEY_LEN]){0}), HALF_OPEN_NONE);
    assert_int_equal(half_open_place_for(&none, true), HALF_OPEN_NONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_and_displaces_as_its_twin),
        cmocka_unit_test(an_empty_table_finds_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
