// SPDX-License-Identifier: Apache-2.0
#include "crypt/drbg.h"

#include <sodium.h>
#include <string.h>

void wzp_drbg_init(struct wzp_drbg *drbg, const uint8_t seed[32], uint64_t stream)
{
    uint8_t input[8];
    for (unsigned i = 0; i < sizeof input; i++)
        input[i] = (uint8_t)(stream >> 8 * i);
    crypto_generichash_blake2b(drbg->key, sizeof drbg->key, input, sizeof input, seed, 32);
}

void wzp_drbg_fill(struct wzp_drbg *drbg, void *out, size_t len)
{
    static const uint8_t nonce[crypto_stream_chacha20_ietf_NONCEBYTES];
    uint8_t first[64]; /* of the key stream: the next key, and the rest unused */
    crypto_stream_chacha20_ietf(first, sizeof first, nonce, drbg->key);
    if (len) {
        memset(out, 0, len);
        crypto_stream_chacha20_ietf_xor_ic(out, out, len, nonce, 1, drbg->key);
    }
    memcpy(drbg->key, first, sizeof drbg->key);
    sodium_memzero(first, sizeof first);
}

uint32_t wzp_drbg_u32(struct wzp_drbg *drbg)
{
    uint8_t bytes[4];
    wzp_drbg_fill(drbg, bytes, sizeof bytes);
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

void wzp_drbg_deinit(struct wzp_drbg *drbg)
{
    sodium_memzero(drbg, sizeof *drbg);
}
