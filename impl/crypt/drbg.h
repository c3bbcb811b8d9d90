// SPDX-License-Identifier: Apache-2.0
/*
 * Randomness for the core: by day seeded from the operating system, by night from the scenario's seed.
 * ChaCha20 with fast key erasure (Bernstein 2017): each fill replaces the key, so what was given out cannot
 * be computed back from the state. Law: one seed and stream give one sequence; two streams share nothing.
 */
#ifndef WZP_CRYPT_DRBG_H
#define WZP_CRYPT_DRBG_H

#include <stddef.h>
#include <stdint.h>

struct wzp_drbg {
    uint8_t key[32];
};

void wzp_drbg_init(struct wzp_drbg *drbg, const uint8_t seed[32], uint64_t stream);
void wzp_drbg_fill(struct wzp_drbg *drbg, void *out, size_t len);
uint32_t wzp_drbg_u32(struct wzp_drbg *drbg);
void wzp_drbg_deinit(struct wzp_drbg *drbg); /* wipes */

#endif
