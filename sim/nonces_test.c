// SPDX-License-Identifier: Apache-2.0
/* Every pair that was added is known, none other, in whatever part of the nonce they count. */
#include "sim/nonces.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define KEYS    3
#define NUMBERS 20000

/* Byte `at` of the nonce is the number's lowest one. */
static bool add(struct sim_nonces *nonces, uint8_t key_byte, uint32_t number, unsigned at)
{
    uint8_t key[32], nonce[12] = {0};
    memset(key, key_byte, sizeof key);
    for (unsigned i = 0; i < 4; i++)
        nonce[(at + 12 - i) % 12] = (uint8_t)(number >> 8 * i);
    return sim_nonces_add(nonces, key, nonce);
}

static void test_once(void **state)
{
    (void)state;
    for (unsigned at = 0; at < 12; at++) {
        struct sim_nonces nonces = {0};
        for (uint32_t number = 0; number < NUMBERS; number++)
            for (uint8_t key = 0; key < KEYS; key++)
                assert_true(add(&nonces, key, number * 3, at));
        for (uint32_t number = 0; number < NUMBERS; number++)
            for (uint8_t key = 0; key < KEYS; key++)
                assert_false(add(&nonces, key, number * 3, at));
        assert_true(add(&nonces, 0, 1, at));
        assert_true(add(&nonces, KEYS, 3, at));
        sim_nonces_deinit(&nonces);
    }
}

/* Packets that count in the last bytes share rows. */
static void test_room(void **state)
{
    (void)state;
    struct sim_nonces nonces = {0};
    for (uint32_t number = 0; number < NUMBERS; number++)
        add(&nonces, 1, number, 11);
    assert_int_equal(nonces.count, (NUMBERS + 63) / 64);
    sim_nonces_deinit(&nonces);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_once),
        cmocka_unit_test(test_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
