// SPDX-License-Identifier: Apache-2.0
#include "base/arena.h"

#include <setjmp.h>
#include <stdalign.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "base/rng.h"

static void test_pieces_are_apart_aligned_and_inside(void **state)
{
    (void)state;
    static uint8_t memory[4096 + 16];
    for (uint64_t seed = 1; seed <= 200; seed++) {
        struct wzp_rng rng = wzp_rng_make(seed, 0);
        size_t skew = (size_t)wzp_rng_below(&rng, 16), size = (size_t)wzp_rng_below(&rng, 4096);
        memset(memory, 0xee, sizeof memory);
        struct wzp_arena arena = wzp_arena_make(memory + skew, size);
        const uint8_t *before = memory + skew;
        for (;;) {
            size_t len = (size_t)wzp_rng_below(&rng, 300);
            uint8_t *taken = wzp_arena_take(&arena, len);
            if (!taken) {
                size_t left = (size_t)(memory + skew + size - before);
                assert_true(left < len + alignof(max_align_t)); /* refused only when it does not fit */
                break;
            }
            assert_int_equal((uintptr_t)taken % alignof(max_align_t), 0);
            assert_true(taken >= before && taken + len <= memory + skew + size);
            memset(taken, 0x11, len);
            before = taken + len;
        }
        for (size_t i = skew + size; i < sizeof memory; i++)
            assert_int_equal(memory[i], 0xee);
    }
}

static void test_ends(void **state)
{
    (void)state;
    static alignas(max_align_t) uint8_t memory[64];
    struct wzp_arena arena = wzp_arena_make(memory, sizeof memory);
    assert_null(wzp_arena_take(&arena, SIZE_MAX));
    assert_null(wzp_arena_take(&arena, sizeof memory + 1));
    assert_ptr_equal(wzp_arena_take(&arena, sizeof memory), memory); /* a refusal took nothing */
    assert_null(wzp_arena_take(&arena, 1));
    arena = wzp_arena_make(memory + 1, 1);
    assert_null(wzp_arena_take(&arena, 1)); /* what is left is no aligned byte */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pieces_are_apart_aligned_and_inside),
        cmocka_unit_test(test_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
