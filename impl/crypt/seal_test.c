// SPDX-License-Identifier: Apache-2.0
#include "crypt/seal.h"

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
    struct {
        uint8_t *bytes;
        size_t len;
    } others[] = {{key, sizeof key}, {nonce, sizeof nonce}, {aad, sizeof aad}};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        for (size_t at = 0; at < others[i].len; at++) {
            others[i].bytes[at] ^= 1;
            assert_false(wzp_open(key, nonce, extra, sealed, sizeof sealed, opened));
            assert_true(sodium_is_zero(opened, sizeof opened)); /* nothing unproven leaves */
            others[i].bytes[at] ^= 1;
        }
    assert_true(wzp_open(key, nonce, extra, sealed, sizeof sealed, sealed)); /* in place */
    assert_memory_equal(sealed, plain, sizeof opened);
    wzp_seal(key, nonce, (struct wzp_slice){0}, NULL, 0, sealed);
    assert_true(wzp_open(key, nonce, (struct wzp_slice){0}, sealed, WZP_SEAL_TAG, opened));
}

/* Short packets are sealed by parts of the library, long ones by its AEAD. */
static void short_and_long_packets_are_sealed_as_the_library_does(void **state)
{
    (void)state;
    uint8_t key[32], nonce[12], aad[64], plain[400], sealed[416], expected[416];
    randombytes_buf_deterministic(plain, sizeof plain, (uint8_t[randombytes_SEEDBYTES]){1});
    memcpy(key, plain, sizeof key);
    memcpy(nonce, plain + 32, sizeof nonce);
    memcpy(aad, plain + 44, sizeof aad);
    for (size_t len = 0; len <= sizeof plain; len++) {
        struct wzp_slice extra = {aad, len % (sizeof aad + 1)};
        crypto_aead_chacha20poly1305_ietf_encrypt(expected, NULL, plain, len, extra.data, extra.len, NULL,
                                                  nonce, key);
        wzp_seal(key, nonce, extra, plain, len, sealed);
        assert_memory_equal(sealed, expected, len + WZP_SEAL_TAG);
        uint8_t *last = &expected[len + WZP_SEAL_TAG - 1];
        *last ^= 0x80;
        assert_false(wzp_open(key, nonce, extra, expected, len + WZP_SEAL_TAG, sealed));
        assert_true(len == 0 || sodium_is_zero(sealed, len));
        *last ^= 0x80;
        assert_true(wzp_open(key, nonce, extra, expected, len + WZP_SEAL_TAG, expected));
        assert_memory_equal(expected, plain, len);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_seal_is_chacha20_poly1305),
        cmocka_unit_test(short_and_long_packets_are_sealed_as_the_library_does),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
