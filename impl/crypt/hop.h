// SPDX-License-Identifier: Apache-2.0
/*
 * Keys of one direction of a hop: sealing packets, and masking what a watcher could follow.
 * Both derive from one Split() output and are independent. Spec: proto/04-keys.md.
 */
#ifndef WZP_CRYPT_HOP_H
#define WZP_CRYPT_HOP_H

#include "crypt/seal.h"

struct wzp_hop_key {
    uint8_t seal[32], mask[32];
};

void wzp_hop_key_init(struct wzp_hop_key *key, const uint8_t split_key[32]);
void wzp_hop_key_deinit(struct wzp_hop_key *key); /* wipes */

/* Nonce: four zero bytes and the packet number, big-endian. Buffers as in wzp_seal and wzp_open. */
void wzp_hop_seal(const struct wzp_hop_key *key, uint64_t number, struct wzp_slice aad, const uint8_t *plain,
                  size_t len, uint8_t *out);
bool wzp_hop_open(const struct wzp_hop_key *key, uint64_t number, struct wzp_slice aad, const uint8_t *sealed,
                  size_t len, uint8_t *out);

/* Header protection, RFC 9001 section 5.4.4. */
void wzp_hop_mask(const struct wzp_hop_key *key, const uint8_t sample[16], uint8_t mask[5]);

#endif
