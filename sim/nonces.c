// SPDX-License-Identifier: Apache-2.0
#include "sim/nonces.h"

#include "base/check.h"
#include "sim/hash.h"

#include <stdlib.h>

#define CAPACITY_FIRST 1024 /* a power of two */

static struct sim_nonces_row *place_of(const struct sim_nonces *nonces, uint64_t name)
{
    size_t place = name >> 20 & (nonces->capacity - 1);
    while (nonces->row[place].name && nonces->row[place].name != name)
        place = (place + 1) & (nonces->capacity - 1);
    return &nonces->row[place];
}

static void grow(struct sim_nonces *nonces)
{
    struct sim_nonces old = *nonces;
    nonces->capacity = old.capacity ? 2 * old.capacity : CAPACITY_FIRST;
    nonces->row = calloc(nonces->capacity, sizeof *nonces->row);
    WZP_CHECK(nonces->row);
    for (size_t i = 0; i < old.capacity; i++)
        if (old.row[i].name)
            *place_of(nonces, old.row[i].name) = old.row[i];
    free(old.row);
}

bool sim_nonces_add(struct sim_nonces *nonces, const uint8_t key[32], const uint8_t nonce[12])
{
    uint8_t base[12];
    memcpy(base, nonce, sizeof base);
    base[11] &= 0xc0;
    uint64_t name = sim_hash_bytes(sim_hash_bytes(0, key, 32), base, sizeof base) | 1; /* 0 means free */
    uint64_t bit = UINT64_C(1) << (nonce[11] & 0x3f);
    if (2 * nonces->count >= nonces->capacity)
        grow(nonces);
    struct sim_nonces_row *row = place_of(nonces, name);
    nonces->count += !row->name;
    row->name = name;
    bool is_new = !(row->bits & bit);
    row->bits |= bit;
    return is_new;
}

void sim_nonces_deinit(struct sim_nonces *nonces)
{
    free(nonces->row);
    *nonces = (struct sim_nonces){0};
}
