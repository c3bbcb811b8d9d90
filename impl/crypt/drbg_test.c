// SPDX-License-Identifier: Apache-2.0
#include "crypt/drbg.h"

#include <setjmp.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define STREAMS 8
#define BLOCKS  1024

static int compare_blocks(const void *a, const void *b)
{
    return memcmp(a, b, 16);
}

/* All 16-byte blocks of several streams of two seeds, and every state between, differ. */
static void nothing_comes_twice(void **state)
{
    (void)state;
    static uint8_t block[2 * STREAMS * BLOCKS * 2][16];
    size_t count = 0;
    for (uint8_t first = 0; first < 2; first++) {
        for (uint64_t stream = 0; stream < STREAMS; stream++) {
            uint8_t seed[32] = {first};
            struct wzp_drbg drbg;
            wzp_drbg_init(&drbg, seed, stream);
            for (unsigned i = 0; i < BLOCKS; i++) {
                memcpy(block[count++], drbg.key, 16);
                wzp_drbg_fill(&drbg, block[count++], 16);
            }
        }
    }
    qsort(block, count, sizeof *block, compare_blocks);
    for (size_t i = 1; i < count; i++)
        assert_memory_not_equal(block[i - 1], block[i], 16);
}

/* How much is asked for changes neither the bytes nor the next key. */
static void the_length_changes_nothing_else(void **state)
{
    (void)state;
    static const size_t lengths[] = {0, 1, 4, 31, 32, 33, 63, 64, 65, 127, 128, 129, 1000};
    uint8_t seed[32] = {1}, longest[1000], out[1001];
    struct wzp_drbg drbg;
    wzp_drbg_init(&drbg, seed, 0);
    wzp_drbg_fill(&drbg, longest, sizeof longest);
    struct wzp_drbg after = drbg;
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        wzp_drbg_init(&drbg, seed, 0);
        memset(out, 0xa5, sizeof out);
        wzp_drbg_fill(&drbg, out, lengths[i]);
        assert_memory_equal(out, longest, lengths[i]);
        assert_int_equal(out[lengths[i]], 0xa5);
        assert_memory_equal(&drbg, &after, sizeof drbg);
    }
    wzp_drbg_init(&drbg, seed, 0);
    assert_int_equal(wzp_drbg_u32(&drbg), (uint32_t)longest[0] << 24 | (uint32_t)longest[1] << 16 |
                                              (uint32_t)longest[2] << 8 | longest[3]);
}

static void deinit_wipes(void **state)
{
    (void)state;
    uint8_t seed[32] = {1};
    struct wzp_drbg drbg;
    wzp_drbg_init(&drbg, seed, 0);
    assert_false(sodium_is_zero(drbg.key, sizeof drbg.key));
    wzp_drbg_deinit(&drbg);
    assert_true(sodium_is_zero(drbg.key, sizeof drbg.key));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_comes_twice),
        cmocka_unit_test(the_length_changes_nothing_else),
        cmocka_unit_test(deinit_wipes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
