// SPDX-License-Identifier: Apache-2.0
/* The two tables of RFC 6330: systematic indices (section 5.6) and random numbers (section 5.5). */
#ifndef WZP_FEC_RAPTORQ_TABLES_H
#define WZP_FEC_RAPTORQ_TABLES_H

#include <stdint.h>

#define WZP_RAPTORQ_INDICES 477

struct wzp_raptorq_index {
    uint16_t k, j, s, h, w; /* k: K' of the RFC; rows rise by it */
};

extern const struct wzp_raptorq_index wzp_raptorq_indices[WZP_RAPTORQ_INDICES];
extern const uint32_t wzp_raptorq_rand_table[4][256];

#endif
