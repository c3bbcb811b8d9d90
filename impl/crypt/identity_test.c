// SPDX-License-Identifier: Apache-2.0
#include "crypt/identity.h"

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

/* RFC 5869 appendix A.1 and A.3. */
static void hkdf_is_that_of_the_rfc(void **state)
{
    (void)state;
    uint8_t ikm[22], salt[13], info[10], out[42], expected[42];
    memset(ikm, 0x0b, sizeof ikm);
    unhex(salt, 13, "000102030405060708090a0b0c");
    unhex(info, 10, "f0f1f2f3f4f5f6f7f8f9");
    unhex(expected, 42,
          "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865");
    wzp_hkdf_sha256(salt, sizeof salt, ikm, sizeof ikm, info, sizeof info, out, sizeof out);
    assert_memory_equal(out, expected, sizeof out);
    unhex(expected, 42,
          "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8");
    wzp_hkdf_sha256(salt, 0, ikm, sizeof ikm, info, 0, out, sizeof out);
    assert_memory_equal(out, expected, sizeof out);
}

static void an_identity_is_its_seed(void **state)
{
    (void)state;
    uint8_t seed[32] = {42}, public_key[32];
    struct wzp_identity a, b;
    wzp_identity_from_seed(&a, seed);
    wzp_identity_from_seed(&b, seed);
    assert_memory_equal(&a, &b, sizeof a);
    crypto_scalarmult_curve25519_base(public_key, a.noise_secret);
    assert_memory_equal(public_key, a.noise_public, 32);
    char text[WZP_FINGERPRINT_LEN];
    wzp_identity_fingerprint(a.sign_public, text);
    uint8_t hash[32];
    crypto_hash_sha256(hash, a.sign_public, 32);
    assert_int_equal(strlen(text), 39);
    for (unsigned group = 0; group < 8; group++) {
        char expected[5];
        sodium_bin2hex(expected, sizeof expected, hash + 2 * group, 2);
        assert_memory_equal(text + 5 * group, expected, 4);
        assert_int_equal(text[5 * group + 4], group < 7 ? ':' : 0);
    }
    uint8_t reset_key[32], expected_key[32];
    wzp_identity_reset_key(&a, reset_key);
    wzp_hkdf_sha256((const uint8_t *)"", 0, a.noise_secret, 32, (const uint8_t *)"wzp reset v2", 12,
                    expected_key, 32);
    assert_memory_equal(reset_key, expected_key, 32);
    wzp_identity_deinit(&a);
    assert_true(sodium_is_zero((uint8_t *)&a, sizeof a));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hkdf_is_that_of_the_rfc),
        cmocka_unit_test(an_identity_is_its_seed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
