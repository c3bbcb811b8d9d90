// SPDX-License-Identifier: Apache-2.0
#include "crypt/rekey.h"

#include <sodium.h>
#include <string.h>

#include "base/bytes.h"

static const char mix_label[] = "wzp hop rekey";

void wzp_rekey_share_init(struct wzp_rekey_share *share, const uint8_t secret[32])
{
    memcpy(share->secret, secret, sizeof share->secret);
    crypto_scalarmult_curve25519_base(share->public_key, share->secret);
}

void wzp_rekey_share_deinit(struct wzp_rekey_share *share)
{
    sodium_memzero(share, sizeof *share);
}

static void derive(uint8_t out[32], const uint8_t key[32], const char *label)
{
    crypto_generichash_blake2b(out, 32, (const uint8_t *)label, strlen(label), key, 32);
}

bool wzp_rekey_mix(uint8_t root[32], uint64_t generation, bool is_noise_initiator,
                   const struct wzp_rekey_share *own, const uint8_t peer_public[32],
                   struct wzp_rekey_seals *seals)
{
    uint8_t shared[32], fresh[32], input[sizeof mix_label - 1 + 8 + 3 * 32];
    if (crypto_scalarmult_curve25519(shared, own->secret, peer_public) != 0)
        return false;
    struct wzp_writer writer = wzp_writer_make(input, sizeof input);
    wzp_write_bytes(&writer, mix_label, sizeof mix_label - 1);
    wzp_write_u64(&writer, generation);
    wzp_write_bytes(&writer, is_noise_initiator ? own->public_key : peer_public, 32);
    wzp_write_bytes(&writer, is_noise_initiator ? peer_public : own->public_key, 32);
    wzp_write_bytes(&writer, shared, sizeof shared);
    crypto_generichash_blake2b(fresh, sizeof fresh, input, sizeof input, root, 32);
    derive(root, fresh, "wzp hop root");
    derive(is_noise_initiator ? seals->send : seals->receive, fresh, "wzp hop from initiator");
    derive(is_noise_initiator ? seals->receive : seals->send, fresh, "wzp hop from responder");
    sodium_memzero(shared, sizeof shared);
    sodium_memzero(fresh, sizeof fresh);
    sodium_memzero(input, sizeof input);
    return true;
}
