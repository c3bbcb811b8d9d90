// SPDX-License-Identifier: Apache-2.0
#include "base/rng.h"

static uint64_t splitmix(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

struct wzp_rng wzp_rng_make(uint64_t seed, uint64_t stream)
{
    uint64_t state = seed;
    state = splitmix(&state) ^ stream * UINT64_C(0xda942042e4dd58b5);
    struct wzp_rng rng;
    for (int i = 0; i < 4; i++)
        rng.state[i] = splitmix(&state);
    return rng;
}

static uint64_t rotate(uint64_t x, int k)
{
    return x << k | x >> (64 - k);
}

uint64_t wzp_rng_u64(struct wzp_rng *rng)
{
    uint64_t *s = rng->state;
    uint64_t result = rotate(s[1] * 5, 7) * 9;
    uint64_t t = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotate(s[3], 45);
    return result;
}

double wzp_rng_unit(struct wzp_rng *rng)
{
    return (double)(wzp_rng_u64(rng) >> 11) * 0x1.0p-53;
}

uint64_t wzp_rng_below(struct wzp_rng *rng, uint64_t bound)
{
    uint64_t floor = -bound % bound; /* the values that would make the first remainders likelier */
    for (;;) {
        uint64_t value = wzp_rng_u64(rng);
        if (value >= floor)
            return value % bound;
    }
}
