// SPDX-License-Identifier: Apache-2.0
#include "crypt/hop.h"

#include <setjmp.h>
#include <sodium.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void unhex(uint8_t *out, size_t len, const char *hex)
{
    size_t got;
    assert_int_equal(sodium_hex2bin(out, len, hex, strlen(hex), NULL, &got, NULL), 0);
    assert_int_equal(got, len);
}

/* RFC 9001 appendix A.5. */
static void header_protection_is_that_of_quic(void **state)
{
    (void)state;
    struct wzp_hop_key key = {0};
    uint8_t sample[16], mask[5], expected[5];
    unhex(key.mask, 32, "25a282b9e82f06f21f488917a4fc8f1b73573685608597d0efcb076b0ab7a7a4");
    unhex(sample, 16, "5e5cd55c41f69080575d7999c25a5bfb");
    unhex(expected, 5, "aefefe7d03");
    wzp_hop_mask(&key, sample, mask);
    assert_memory_equal(mask, expected, 5);
}

static void the_two_keys_of_a_direction_are_independent(void **state)
{
    (void)state;
    uint8_t split[32] = {1}, other[32] = {2};
    struct wzp_hop_key a, b;
    wzp_hop_key_init(&a, split);
    wzp_hop_key_init(&b, other);
    assert_memory_not_equal(a.seal, a.mask, 32);
    assert_memory_not_equal(a.seal, split, 32);
    assert_memory_not_equal(a.seal, b.seal, 32);
    uint8_t buffer[32] = "in place";
    wzp_hop_seal(&a, 7, (struct wzp_slice){split, 4}, buffer, 8, buffer);
    uint8_t copy[32];
    assert_false(wzp_hop_open(&a, 8, (struct wzp_slice){split, 4}, buffer, 24, copy));
    assert_false(wzp_hop_open(&a, 7, (struct wzp_slice){split, 3}, buffer, 24, copy));
    assert_false(wzp_hop_open(&b, 7, (struct wzp_slice){split, 4}, buffer, 24, copy));
    assert_true(wzp_hop_open(&a, 7, (struct wzp_slice){split, 4}, buffer, 24, buffer));
    assert_memory_equal(buffer, "in place", 8);
    wzp_hop_key_deinit(&a);
    assert_true(sodium_is_zero(a.seal, 32) && sodium_is_zero(a.mask, 32));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(header_protection_is_that_of_quic),
        cmocka_unit_test(the_two_keys_of_a_direction_are_independent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
