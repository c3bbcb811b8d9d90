// SPDX-License-Identifier: Apache-2.0
/*
 * A number for bytes, for the tables of the watchers. Law: of two runs of bytes of one length that differ
 * within one word of eight bytes the numbers differ; others meet as rarely as random numbers do where either
 * holds a key, a seal's tag or anything else that is random. Quick, and nothing that an enemy could not make
 * meet: the watchers' only enemy is chance.
 */
#ifndef WZP_SIM_HASH_H
#define WZP_SIM_HASH_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* One to one in each of its arguments (the multiplier is that of Knuth's golden ratio). */
static inline uint64_t sim_hash_word(uint64_t hash, uint64_t word)
{
    hash = (hash ^ word) * UINT64_C(0x9e3779b97f4a7c15);
    return hash ^ hash >> 32;
}

static inline uint64_t sim_hash_bytes(uint64_t hash, const uint8_t *bytes, size_t len)
{
    uint64_t word;
    for (; len >= sizeof word; bytes += sizeof word, len -= sizeof word) {
        memcpy(&word, bytes, sizeof word);
        hash = sim_hash_word(hash, word);
    }
    word = 0;
    memcpy(&word, bytes, len);
    return sim_hash_word(hash, word ^ (uint64_t)len << 56);
}

#endif
