// SPDX-License-Identifier: Apache-2.0
/*
 * Fresh keys for a hop whose session runs on: each side gives a public key, their Diffie-Hellman is mixed
 * into the root that the handshake left, and out of both come the next root and one seal key a direction.
 *
 * Law: who holds only the new root computes no earlier key; who held only the old one learns nothing of the
 * later keys without one of the two secrets; a key of small order is refused and changes nothing. The mask
 * keys of header protection take no part. The caller owns the structs and draws the secret; when to rekey and
 * who speaks first is session/rekey.h. Spec: proto/04-keys.md, Rekeying.
 */
#ifndef WZP_CRYPT_REKEY_H
#define WZP_CRYPT_REKEY_H

#include <stdbool.h>
#include <stdint.h>

/* What one side brings. */
struct wzp_rekey_share {
    uint8_t secret[32], public_key[32]; /* X25519 */
};

/* `secret` must be fresh. */
void wzp_rekey_share_init(struct wzp_rekey_share *share, const uint8_t secret[32]);
void wzp_rekey_share_deinit(struct wzp_rekey_share *share); /* wipes */

struct wzp_rekey_seals {
    uint8_t send[32], receive[32];
};

/* Replaces `root` by that of `generation` (the first rekey makes generation 1) and gives its seal keys, by
 * role in the Noise handshake. False: the peer's key is of small order; nothing changed. */
bool wzp_rekey_mix(uint8_t root[32], uint64_t generation, bool is_noise_initiator,
                   const struct wzp_rekey_share *own, const uint8_t peer_public[32],
                   struct wzp_rekey_seals *seals);

#endif
