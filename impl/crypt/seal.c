// SPDX-License-Identifier: Apache-2.0
#include "crypt/seal.h"

#include <sodium.h>

void wzp_seal(const uint8_t key[32], const uint8_t nonce[12], struct wzp_slice aad, const uint8_t *plain,
              size_t len, uint8_t *out)
{
    crypto_aead_chacha20poly1305_ietf_encrypt(out, NULL, plain, len, aad.data, aad.len, NULL, nonce, key);
}

bool wzp_open(const uint8_t key[32], const uint8_t nonce[12], struct wzp_slice aad, const uint8_t *sealed,
              size_t len, uint8_t *out)
{
    return len >= WZP_SEAL_TAG && crypto_aead_chacha20poly1305_ietf_decrypt(
                                      out, NULL, NULL, sealed, len, aad.data, aad.len, nonce, key) == 0;
}
