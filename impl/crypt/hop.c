// SPDX-License-Identifier: Apache-2.0
#include "crypt/hop.h"

#include <sodium.h>
#include <string.h>

static void derive(uint8_t out[32], const uint8_t split_key[32], const char *label)
{
    crypto_generichash_blake2b(out, 32, (const uint8_t *)label, strlen(label), split_key, 32);
}

void wzp_hop_key_init(struct wzp_hop_key *key, const uint8_t split_key[32])
{
    derive(key->seal, split_key, "wzp hop seal");
    derive(key->mask, split_key, "wzp hop mask");
}

void wzp_hop_key_deinit(struct wzp_hop_key *key)
{
    sodium_memzero(key, sizeof *key);
}

static void make_nonce(uint8_t nonce[12], uint64_t number)
{
    struct wzp_writer writer = wzp_writer_make(nonce, 12);
    wzp_write_u32(&writer, 0);
    wzp_write_u64(&writer, number);
}

void wzp_hop_seal(const struct wzp_hop_key *key, uint64_t number, struct wzp_slice aad, const uint8_t *plain,
                  size_t len, uint8_t *out)
{
    uint8_t nonce[12];
    make_nonce(nonce, number);
    wzp_seal(key->seal, nonce, aad, plain, len, out);
}

bool wzp_hop_open(const struct wzp_hop_key *key, uint64_t number, struct wzp_slice aad, const uint8_t *sealed,
                  size_t len, uint8_t *out)
{
    uint8_t nonce[12];
    make_nonce(nonce, number);
    return wzp_open(key->seal, nonce, aad, sealed, len, out);
}

void wzp_hop_mask(const struct wzp_hop_key *key, const uint8_t sample[16], uint8_t mask[5])
{
    uint32_t counter = (uint32_t)sample[0] | (uint32_t)sample[1] << 8 | (uint32_t)sample[2] << 16 |
                       (uint32_t)sample[3] << 24;
    static const uint8_t zeros[5];
    crypto_stream_chacha20_ietf_xor_ic(mask, zeros, 5, sample + 4, counter, key->mask);
}
