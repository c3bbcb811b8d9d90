// SPDX-License-Identifier: Apache-2.0
#include "crypt/identity.h"

#include "base/check.h"

#include <sodium.h>
#include <string.h>

void wzp_hkdf_sha256(const uint8_t *salt, size_t salt_len, const uint8_t *ikm, size_t ikm_len,
                     const uint8_t *info, size_t info_len, uint8_t *out, size_t len)
{
    WZP_CHECK(len <= 255 * crypto_auth_hmacsha256_BYTES);
    uint8_t key[crypto_auth_hmacsha256_BYTES], block[crypto_auth_hmacsha256_BYTES];
    crypto_auth_hmacsha256_state state;
    crypto_auth_hmacsha256_init(&state, salt, salt_len);
    crypto_auth_hmacsha256_update(&state, ikm, ikm_len);
    crypto_auth_hmacsha256_final(&state, key);
    for (uint8_t counter = 1; len > 0; counter++) {
        crypto_auth_hmacsha256_init(&state, key, sizeof key);
        if (counter > 1)
            crypto_auth_hmacsha256_update(&state, block, sizeof block);
        crypto_auth_hmacsha256_update(&state, info, info_len);
        crypto_auth_hmacsha256_update(&state, &counter, 1);
        crypto_auth_hmacsha256_final(&state, block);
        size_t part = len < sizeof block ? len : sizeof block;
        memcpy(out, block, part);
        out += part;
        len -= part;
    }
    sodium_memzero(key, sizeof key);
    sodium_memzero(block, sizeof block);
    sodium_memzero(&state, sizeof state);
}

static void derive(const uint8_t seed[32], const char *label, uint8_t out[32])
{
    wzp_hkdf_sha256((const uint8_t *)"", 0, seed, 32, (const uint8_t *)label, strlen(label), out, 32);
}

void wzp_identity_from_seed(struct wzp_identity *identity, const uint8_t seed[32])
{
    uint8_t sign_seed[32];
    derive(seed, "warzone-ed25519", sign_seed);
    crypto_sign_ed25519_seed_keypair(identity->sign_public, identity->sign_secret, sign_seed);
    sodium_memzero(sign_seed, sizeof sign_seed);
    derive(seed, "warzone-x25519", identity->noise_secret);
    crypto_scalarmult_curve25519_base(identity->noise_public, identity->noise_secret);
}

void wzp_identity_deinit(struct wzp_identity *identity)
{
    sodium_memzero(identity, sizeof *identity);
}

void wzp_identity_reset_key(const struct wzp_identity *identity, uint8_t out[32])
{
    derive(identity->noise_secret, "wzp reset v2", out);
}

void wzp_identity_fingerprint(const uint8_t sign_public[32], char out[WZP_FINGERPRINT_LEN])
{
    static const char digits[] = "0123456789abcdef";
    uint8_t hash[crypto_hash_sha256_BYTES];
    crypto_hash_sha256(hash, sign_public, 32);
    for (unsigned i = 0; i < 16; i++) {
        *out++ = digits[hash[i] >> 4];
        *out++ = digits[hash[i] & 15];
        if (i % 2)
            *out++ = ':';
    }
    out[-1] = '\0';
}
