// SPDX-License-Identifier: Apache-2.0
/*
 * One seed, two key pairs: Ed25519 to sign, X25519 for Noise; and the fingerprint people compare.
 * HKDF-SHA256 (RFC 5869, no salt) with the labels `warzone-ed25519` and `warzone-x25519`.
 * Law: neither pair tells the seed, which is kept nowhere: who derived from it wipes it.
 */
#ifndef WZP_CRYPT_IDENTITY_H
#define WZP_CRYPT_IDENTITY_H

#include <stddef.h>
#include <stdint.h>

struct wzp_identity {
    uint8_t sign_public[32], sign_secret[64];
    uint8_t noise_public[32], noise_secret[32];
};

void wzp_identity_from_seed(struct wzp_identity *identity, const uint8_t seed[32]);
void wzp_identity_deinit(struct wzp_identity *identity); /* wipes */

/* The key of a relay's reset tokens (label `wzp reset v2`): of its X25519 secret, so that it outlives the
 * process. */
void wzp_identity_reset_key(const struct wzp_identity *identity, uint8_t out[32]);

/* The first 16 bytes of SHA-256 of the Ed25519 public key: eight groups of four hex digits, colons between,
 * and NUL. */
#define WZP_FINGERPRINT_LEN 40
void wzp_identity_fingerprint(const uint8_t sign_public[32], char out[WZP_FINGERPRINT_LEN]);

/* RFC 5869 with HMAC-SHA256; `len` at most 32 * 255. */
void wzp_hkdf_sha256(const uint8_t *salt, size_t salt_len, const uint8_t *ikm, size_t ikm_len,
                     const uint8_t *info, size_t info_len, uint8_t *out, size_t len);

#endif
