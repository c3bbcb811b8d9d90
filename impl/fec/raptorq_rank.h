// SPDX-License-Identifier: Apache-2.0
/*
 * Trials of RaptorQ by rank alone, for the tests and `make bench`: which symbols arrive is drawn from a seed,
 * and whether they give the block is decided by the rows of coefficients, without any symbol. K at most 50.
 */
#ifndef WZP_FEC_RAPTORQ_RANK_H
#define WZP_FEC_RAPTORQ_RANK_H

#include <string.h>

#include "base/rng.h"
#include "fec/raptorq_plan.h"

#define RAPTORQ_RANK_K_MAX   50
#define RAPTORQ_RANK_ESI_MAX 300

/* Whether the symbols of these ESIs, none twice, give the block. */
static inline bool raptorq_has_rank(const struct wzp_raptorq_plan *plan, const uint32_t *esi, unsigned count)
{
    enum { STRIDE = WZP_RAPTORQ_ALIGN };
    static uint8_t rows[RAPTORQ_RANK_ESI_MAX * STRIDE];
    static uint8_t *chosen[RAPTORQ_RANK_ESI_MAX];
    unsigned k = plan->code.k, repairs = 0, lost_count = 0;
    bool has[RAPTORQ_RANK_K_MAX] = {false};
    uint16_t lost[RAPTORQ_RANK_K_MAX];
    for (unsigned i = 0; i < count; i++) {
        if (esi[i] < k)
            has[esi[i]] = true;
        else
            wzp_raptorq_coefficients(plan, esi[i], rows + STRIDE * (size_t)repairs++);
    }
    for (unsigned i = 0; i < k; i++)
        if (!has[i])
            lost[lost_count++] = (uint16_t)i;
    return lost_count <= repairs &&
           wzp_raptorq_reduce(plan->gf, rows, STRIDE, repairs, lost, lost_count, chosen);
}

/* Each trial draws ESIs below 2^24 without repetition; failures[e] counts those that K + e of them do not
 * solve. */
static inline void raptorq_count_failures(const struct wzp_raptorq_plan *plan, unsigned trials, uint64_t seed,
                                          unsigned failures[static 3])
{
    struct wzp_rng rng = wzp_rng_make(seed, plan->code.k);
    uint32_t esi[RAPTORQ_RANK_K_MAX + 2] = {0};
    memset(failures, 0, 3 * sizeof(*failures));
    for (unsigned trial = 0; trial < trials; trial++) {
        for (unsigned i = 0; i < plan->code.k + 2;) {
            esi[i] = (uint32_t)wzp_rng_below(&rng, 1 << 24);
            unsigned j = 0;
            while (esi[j] != esi[i])
                j++;
            i += j == i;
        }
        for (unsigned extra = 0; extra < 3 && !raptorq_has_rank(plan, esi, plan->code.k + extra); extra++)
            failures[extra]++;
    }
}

/* Blocks of which the first `sent` symbols are sent and each is lost with this chance: how many do not
 * decode. */
static inline unsigned raptorq_count_undecoded(const struct wzp_raptorq_plan *plan, unsigned blocks,
                                               unsigned loss_permille, unsigned sent, uint64_t seed)
{
    struct wzp_rng rng = wzp_rng_make(seed, sent);
    uint32_t esi[RAPTORQ_RANK_ESI_MAX] = {0};
    unsigned undecoded = 0;
    for (unsigned block = 0; block < blocks; block++) {
        unsigned count = 0;
        for (uint32_t i = 0; i < sent; i++)
            if (wzp_rng_below(&rng, 1000) >= loss_permille)
                esi[count++] = i;
        undecoded += !raptorq_has_rank(plan, esi, count);
    }
    return undecoded;
}

#endif
