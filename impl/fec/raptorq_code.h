// SPDX-License-Identifier: Apache-2.0
/*
 * The code of RFC 6330 itself: which intermediate symbols make an encoding symbol, and what binds the
 * intermediate symbols to each other. Encoder, decoder and the twin in the tests all read it from here; the
 * vectors tell whether it is right.
 *
 * Law: for every K, the constraints and the rows of the first K' internal symbol ids (ISI) make a square
 * matrix that has an inverse. Pure functions. Does not: touch symbols. Spec: RFC 6330 sections 5.3 and 5.6.
 */
#ifndef WZP_FEC_RAPTORQ_CODE_H
#define WZP_FEC_RAPTORQ_CODE_H

#include <stdint.h>

#define WZP_RAPTORQ_K_MAX       56403
#define WZP_RAPTORQ_COLUMNS_MAX 33 /* of an encoding symbol: a degree of 30 at most, and 3 PI symbols */
#define WZP_RAPTORQ_HDPC_MAX    16 /* H is 10 to 16 */

/* Names as in RFC 6330 section 5.1.2, K' as k_prime. */
struct wzp_raptorq_code {
    uint32_t k, k_prime, j, s, h, w;
    uint32_t l;     /* intermediate symbols: k_prime + s + h */
    uint32_t p, p1; /* PI symbols: l - w; the smallest prime of at least p */
    uint32_t b;     /* w - s */
};

/* 1 <= k <= WZP_RAPTORQ_K_MAX. */
struct wzp_raptorq_code wzp_raptorq_code_of(unsigned k);

/* ISI of an ESI; those of padding lie between the sources' and the repair symbols'. ESIs whose ISI would
 * pass 2^32 wrap, as the generators of section 5.3.5 do anyway. */
uint32_t wzp_raptorq_isi(const struct wzp_raptorq_code *code, uint32_t esi);

/* The intermediate symbols whose sum is the symbol `isi`, each once; returns how many. */
unsigned wzp_raptorq_columns(const struct wzp_raptorq_code *code, uint32_t isi,
                             uint16_t columns[static WZP_RAPTORQ_COLUMNS_MAX]);

/* The LDPC constraints: the sum of the columns of row i (0 <= i < s) is zero. Writes them row by row to
 * `columns` (3 * b + 3 * s of them) and where row i begins to first[i], the end to first[s]. */
void wzp_raptorq_ldpc(const struct wzp_raptorq_code *code, uint16_t *columns, uint32_t *first);

/* The two HDPC constraints in which the column 0 <= column < k_prime + s - 1 of the matrix MT is one. Row i
 * of the last column is alpha^i. MT * GAMMA and the unit matrix over the last h columns make zero. */
struct wzp_raptorq_pair {
    uint8_t a, b;
};
struct wzp_raptorq_pair wzp_raptorq_hdpc(const struct wzp_raptorq_code *code, uint32_t column);

#endif
