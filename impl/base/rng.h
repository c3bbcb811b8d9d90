// SPDX-License-Identifier: Apache-2.0
/*
 * A small fast random stream for tests and the simulator (links, scenarios), never for keys: those come from
 * crypt/drbg.h. xoshiro256** (Blackman and Vigna 2018), seeded through SplitMix64. One seed, one sequence,
 * everywhere.
 */
#ifndef WZP_BASE_RNG_H
#define WZP_BASE_RNG_H

#include <stdint.h>

struct wzp_rng {
    uint64_t state[4];
};

/* `stream` tells apart the independent streams of one seed (a link's up and down, a node, a script). */
struct wzp_rng wzp_rng_make(uint64_t seed, uint64_t stream);
uint64_t wzp_rng_u64(struct wzp_rng *rng);
double wzp_rng_unit(struct wzp_rng *rng); /* uniform in [0, 1), 53 bits */
uint64_t wzp_rng_below(struct wzp_rng *rng,
                       uint64_t bound); /* uniform in [0, bound), bound > 0, without bias */

#endif
