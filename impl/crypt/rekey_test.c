// SPDX-License-Identifier: Apache-2.0
/* Laws of one rekey; its bytes are in chapter_test.c. */
#include "crypt/rekey.h"

#include <setjmp.h>
#include <sodium.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static struct wzp_rekey_share share_of(uint8_t number)
{
    struct wzp_rekey_share share;
    uint8_t secret[32];
    memset(secret, number, sizeof secret);
    wzp_rekey_share_init(&share, secret);
    return share;
}

static void both_sides_agree_a_hundred_times(void **state)
{
    (void)state;
    uint8_t root[2][32] = {{1, 2, 3}, {1, 2, 3}}, seen[200][32];
    unsigned count = 0;
    for (uint64_t generation = 1; generation <= 100; generation++) {
        struct wzp_rekey_share share[2] = {share_of((uint8_t)(2 * generation)),
                                           share_of((uint8_t)(2 * generation + 1))};
        struct wzp_rekey_seals seals[2];
        for (unsigned i = 0; i < 2; i++)
            assert_true(
                wzp_rekey_mix(root[i], generation, i == 0, &share[i], share[!i].public_key, &seals[i]));
        assert_memory_equal(root[0], root[1], 32);
        assert_memory_equal(seals[0].send, seals[1].receive, 32);
        assert_memory_equal(seals[0].receive, seals[1].send, 32);
        memcpy(seen[count++], seals[0].send, 32);
        memcpy(seen[count++], seals[0].receive, 32);
    }
    for (unsigned i = 0; i < count; i++)
        for (unsigned k = 0; k < i; k++)
            assert_memory_not_equal(seen[i], seen[k], 32);
}

/* Each input alone decides: root, generation, secret, role. */
static void every_input_counts(void **state)
{
    (void)state;
    struct wzp_rekey_share own = share_of(1), other = share_of(2), peer = share_of(3);
    static const struct row {
        uint8_t root;
        uint64_t generation;
        bool is_noise_initiator, is_other_secret;
    } rows[] = {{7, 1, true, false},
                {8, 1, true, false},
                {7, 2, true, false},
                {7, 1, false, false},
                {7, 1, true, true}};
    struct wzp_rekey_seals seals[sizeof rows / sizeof *rows];
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        uint8_t root[32] = {rows[i].root};
        assert_true(wzp_rekey_mix(root, rows[i].generation, rows[i].is_noise_initiator,
                                  rows[i].is_other_secret ? &other : &own, peer.public_key, &seals[i]));
        for (size_t k = 0; k < i; k++)
            assert_memory_not_equal(seals[i].send, seals[k].send, 32);
    }
}

/* RFC 7748 section 6.1: these points give the zero secret with any scalar. */
static void small_order_is_refused(void **state)
{
    (void)state;
    static const uint8_t points[][32] = {
        {0},
        {1},
        {0xe0, 0xeb, 0x7a, 0x7c, 0x3b, 0x41, 0xb8, 0xae, 0x16, 0x56, 0xe3, 0xfa, 0xf1, 0x9f, 0xc4, 0x6a,
         0xda, 0x09, 0x8d, 0xeb, 0x9c, 0x32, 0xb1, 0xfd, 0x86, 0x62, 0x05, 0x16, 0x5f, 0x49, 0xb8, 0x00},
        {0xec, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
         0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f},
    };
    struct wzp_rekey_share own = share_of(9);
    for (size_t i = 0; i < sizeof points / sizeof *points; i++) {
        uint8_t root[32] = {5}, before[32] = {5};
        struct wzp_rekey_seals seals = {{0}, {0}};
        assert_false(wzp_rekey_mix(root, 1, true, &own, points[i], &seals));
        assert_memory_equal(root, before, 32);
        assert_true(sodium_is_zero((const uint8_t *)&seals, sizeof seals));
    }
    wzp_rekey_share_deinit(&own);
    assert_true(sodium_is_zero((const uint8_t *)&own, sizeof own));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_sides_agree_a_hundred_times),
        cmocka_unit_test(every_input_counts),
        cmocka_unit_test(small_order_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
