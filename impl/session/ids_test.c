// SPDX-License-Identifier: Apache-2.0
#include "session/id_table.h"
#include "session/ids.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "base/rng.h"

static bool give(struct ids *to, uint64_t sequence, uint32_t id)
{
    struct wzp_frame_new_connection_id frame = {.sequence = sequence, .id = id};
    memset(frame.reset_token, (int)sequence, sizeof frame.reset_token);
    return ids_on_new(to, &frame);
}

static void test_what_breaks_the_law(void **state)
{
    (void)state;
    struct ids ids;
    ids_init(&ids, 10, 20, WZP_NEVER);
    assert_false(ids_rotate(&ids, 0)); /* no spare */
    assert_false(give(&ids, 1, 0));
    for (unsigned i = 1; i < IDS_ACTIVE; i++)
        assert_true(give(&ids, i, 20 + i));
    assert_true(give(&ids, 2, 22));           /* a copy */
    assert_false(give(&ids, IDS_ACTIVE, 99)); /* one too many */
    assert_true(give(&ids, 0, 20));           /* the handshake's token */
    assert_true(ids.remote[0].has_token);
    assert_true(ids_rotate(&ids, 5));
    assert_int_equal(ids_remote(&ids)->id, 21);
    assert_false(give(&ids, IDS_ACTIVE + 1, 22)); /* an id under two sequences */
    assert_true(give(&ids, IDS_ACTIVE + 2, 30));  /* in place of the retired one */
    assert_true(give(&ids, 0, 20));               /* late: it is retired */
    assert_null(ids_find(&ids, 20));
    assert_true(ids_on_retire(&ids, 0, 7));
    assert_false(ids_on_retire(&ids, 1, 7)); /* never given */
    struct retiring_id *retiring = ids_tell_retired(&ids, 5);
    assert_non_null(retiring);
    assert_int_equal(retiring->sequence, 0);
    ids_on_retired_told(&ids, 0);
    assert_null(ids_tell_retired(&ids, WZP_NEVER - 1));
    assert_int_equal(ids_tell_at(&ids), WZP_NEVER);
    assert_int_equal(ids_gone_at(&ids), 7);
    assert_int_equal(ids_take_gone(&ids, 6), 0);
    assert_int_equal(ids_take_gone(&ids, 7), 10);
}

/* A giver and a taker over a channel that loses and repeats: no law is broken, and nothing grows. */
static void test_two_sides(void **state)
{
    (void)state;
    struct wzp_rng rng = wzp_rng_make(3, 1);
    struct ids giver, taker;
    static bool is_used[10000];
    uint32_t next = 1000, rotations = 0;
    ids_init(&giver, next, 1, WZP_NEVER);
    ids_init(&taker, 1, next++, WZP_NEVER);
    for (int64_t now_ns = 0; now_ns < 20000; now_ns++) {
        while (ids_want(&giver))
            ids_add(&giver, next++, now_ns);
        struct local_id *local = ids_tell(&giver, now_ns);
        if (local) {
            local->tell_at_ns = now_ns + 20;
            uint64_t sequence = local->sequence;
            if (wzp_rng_below(&rng, 2)) {
                assert_true(give(&taker, sequence, local->id));
                if (wzp_rng_below(&rng, 2))
                    ids_on_told(&giver, sequence);
            }
        }
        struct retiring_id *retiring = ids_tell_retired(&taker, now_ns);
        if (retiring) {
            retiring->tell_at_ns = now_ns + 20;
            if (wzp_rng_below(&rng, 2)) {
                assert_true(ids_on_retire(&giver, retiring->sequence, now_ns + 30));
                if (wzp_rng_below(&rng, 2))
                    ids_on_retired_told(&taker, retiring->sequence);
            }
        }
        assert_true(ids_find(&giver, ids_remote(&taker)->id)); /* what is written to is listened to */
        if (wzp_rng_below(&rng, 25) == 0) {
            is_used[ids_remote(&taker)->id] = true;
            if (ids_rotate(&taker, now_ns)) {
                rotations++;
                assert_false(is_used[ids_remote(&taker)->id]);
            }
        }
        while (ids_take_gone(&giver, now_ns))
            ;
    }
    assert_true(rotations > 300);
}

/* Against a list. */
static void test_the_table(void **state)
{
    (void)state;
    struct wzp_rng rng = wzp_rng_make(4, 1);
    struct id_slot slots[64] = {0};
    struct id_table table = {slots, 63};
    uint32_t ids[32] = {0}, owners[32] = {0};
    for (unsigned round = 0; round < 200000; round++) {
        unsigned i = (unsigned)wzp_rng_below(&rng, 32);
        if (ids[i] && wzp_rng_below(&rng, 2)) {
            id_table_remove(&table, ids[i]);
            ids[i] = 0;
        } else {
            if (!ids[i])
                do /* close together, so that they collide */
                    ids[i] = 1 + (uint32_t)wzp_rng_below(&rng, 300);
                while (id_table_find(&table, ids[i]) != ID_NOBODY);
            owners[i] = (uint32_t)wzp_rng_below(&rng, 1000);
            id_table_put(&table, ids[i], owners[i]);
        }
        unsigned k = (unsigned)wzp_rng_below(&rng, 32);
        assert_int_equal(id_table_find(&table, ids[k]), ids[k] ? owners[k] : ID_NOBODY);
        id_table_remove(&table, 1000); /* not there */
    }
    for (unsigned i = 0; i < 32; i++)
        id_table_remove(&table, ids[i]);
    const struct id_slot none[64] = {0};
    assert_memory_equal(slots, none, sizeof slots);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_breaks_the_law),
        cmocka_unit_test(test_two_sides),
        cmocka_unit_test(test_the_table),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
