// SPDX-License-Identifier: Apache-2.0
#include "sim/trace_hash.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define LAST 4 /* steps, until the last bit has reached all */

__extension__ typedef unsigned __int128 uint128;

struct sim_trace_hash sim_trace_hash_make(void)
{
    return (struct sim_trace_hash){UINT64_C(0x243f6a8885a308d3), UINT64_C(0x13198a2e03707344)}; /* of pi */
}

static uint64_t rotate(uint64_t x, unsigned bits)
{
    return x << bits | x >> (64 - bits);
}

/* The whole product of two unknown words: what differs in one is spread by the other, and kept beside it lest
 * a zero swallow it. */
void sim_trace_hash_words(struct sim_trace_hash *hash, uint64_t x, uint64_t y)
{
    uint64_t p = hash->a ^ x, q = hash->b ^ y;
    uint128 product = (uint128)p * q;
    hash->a = (uint64_t)product + rotate(p, 32);
    hash->b = (uint64_t)(product >> 64) + q;
}

void sim_trace_hash_bytes(struct sim_trace_hash *hash, const void *bytes, size_t len)
{
    const uint8_t *at = bytes;
    uint64_t words[2];
    sim_trace_hash_words(hash, len, 0);
    for (; len >= sizeof words; len -= sizeof words, at += sizeof words) {
        memcpy(words, at, sizeof words);
        sim_trace_hash_words(hash, words[0], words[1]);
    }
    if (len > 0) {
        memset(words, 0, sizeof words);
        memcpy(words, at, len);
        sim_trace_hash_words(hash, words[0], words[1]);
    }
}

void sim_trace_hash_text(const struct sim_trace_hash *hash, char out[33])
{
    struct sim_trace_hash last = *hash;
    for (unsigned i = 0; i < LAST; i++)
        sim_trace_hash_words(&last, 0, 0);
    snprintf(out, 33, "%016" PRIx64 "%016" PRIx64, last.a, last.b);
}
