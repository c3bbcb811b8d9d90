// SPDX-License-Identifier: Apache-2.0
#include "crypt/hop.h"

#include "crypt/drbg.h"
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

/* RFC 8439 section 2.8.2. */
static void the_seal_is_chacha20_poly1305(void **state)
{
    (void)state;
    static const char plain[] =
        "Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the "
        "future, sunscreen would be it.";
    uint8_t key[32], nonce[12], aad[12], tag[16], sealed[sizeof plain - 1 + 16], opened[sizeof plain - 1];
    unhex(key, 32, "808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f");
    unhex(nonce, 12, "070000004041424344454647");
    unhex(aad, 12, "50515253c0c1c2c3c4c5c6c7");
    unhex(tag, 16, "1ae10b594f09e26a7e902ecbd0600691");
    struct wzp_slice extra = {aad, sizeof aad};
    wzp_seal(key, nonce, extra, (const uint8_t *)plain, sizeof plain - 1, sealed);
    assert_memory_equal(sealed + sizeof plain - 1, tag, sizeof tag);
    assert_true(wzp_open(key, nonce, extra, sealed, sizeof sealed, opened));
    assert_memory_equal(opened, plain, sizeof opened);
    for (size_t i = 0; i < sizeof sealed; i++) {
        sealed[i] ^= 1;
        assert_false(wzp_open(key, nonce, extra, sealed, sizeof sealed, opened));
        sealed[i] ^= 1;
    }
    assert_false(wzp_open(key, nonce, extra, sealed, 15, opened));
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
    wzp_identity_deinit(&a);
    assert_true(sodium_is_zero((uint8_t *)&a, sizeof a));
}

static void randomness_is_one_sequence_per_seed_and_stream(void **state)
{
    (void)state;
    uint8_t seed[32] = {9}, one[64], parts[64], other[64];
    struct wzp_drbg a, b, c;
    wzp_drbg_init(&a, seed, 0);
    wzp_drbg_init(&b, seed, 0);
    wzp_drbg_init(&c, seed, 1);
    uint8_t before[32];
    memcpy(before, a.key, 32);
    wzp_drbg_fill(&a, one, sizeof one);
    wzp_drbg_fill(&b, parts, sizeof parts);
    wzp_drbg_fill(&c, other, sizeof other);
    assert_memory_equal(one, parts, sizeof one);
    assert_memory_not_equal(one, other, sizeof one);
    assert_memory_not_equal(before, a.key, 32); /* what was given out cannot be computed back */
    wzp_drbg_fill(&a, parts, sizeof parts);
    assert_memory_not_equal(one, parts, sizeof one);
    wzp_drbg_deinit(&a);
    assert_true(sodium_is_zero(a.key, 32));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(header_protection_is_that_of_quic),
        cmocka_unit_test(the_seal_is_chacha20_poly1305),
        cmocka_unit_test(the_two_keys_of_a_direction_are_independent),
        cmocka_unit_test(hkdf_is_that_of_the_rfc),
        cmocka_unit_test(an_identity_is_its_seed),
        cmocka_unit_test(randomness_is_one_sequence_per_seed_and_stream),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
