// SPDX-License-Identifier: Apache-2.0
/*
 * What the halves of raptorq.h share: the plan's inside, and rows of coefficients.
 */
#ifndef WZP_FEC_RAPTORQ_PLAN_H
#define WZP_FEC_RAPTORQ_PLAN_H

#include "fec/raptorq.h"
#include "fec/raptorq_solve.h"

/* Up to where products cost less than the solver, measured with each kernel of gf256.h (K = 50 to 1000, T =
 * 160 and 1200): it hardly depends on K or T. */
struct wzp_raptorq_limits {
    const char *kernel;
    unsigned repairs; /* symbols that are encoded of a block */
    unsigned lost;    /* sources that a decoder has to find */
    unsigned small_k; /* a decoder of so few sources never needs the solver, nor memory for it */
};

struct wzp_raptorq_limits wzp_raptorq_limits_of(const struct wzp_gf256 *gf);

struct wzp_raptorq_plan {
    struct wzp_raptorq_code code;
    const struct wzp_gf256 *gf;
    const struct wzp_raptorq_kernel *kernel;
    struct wzp_raptorq_solver solver; /* solved for the rows of the sources */
    uint8_t *dense;                   /* by intermediate symbol: its coefficients of the sources; or NULL */
    size_t dense_stride;
    struct wzp_raptorq_limits limits;
};

/* The number rounded up to whole vectors. */
static inline size_t wzp_raptorq_pad(size_t bytes)
{
    return (bytes + WZP_RAPTORQ_ALIGN - 1) / WZP_RAPTORQ_ALIGN * WZP_RAPTORQ_ALIGN;
}

/* `memory` with its first bytes skipped up to the alignment that the kernels like, and what that may cost. */
static inline uint8_t *wzp_raptorq_align(void *memory)
{
    return (uint8_t *)memory + (size_t)(-(uintptr_t)memory % WZP_RAPTORQ_ALIGN);
}

/* The equation of the symbol `isi`, whose columns go to `columns`. */
struct wzp_raptorq_row wzp_raptorq_row_of(const struct wzp_raptorq_code *code, uint32_t isi,
                                          uint16_t *columns);

/* Writes the coefficients of the symbol `esi` to `out`, of wzp_raptorq_pad(k) bytes, all of which it writes:
 * rows that lie closer are to be written from the first to the last. */
void wzp_raptorq_coefficients(const struct wzp_raptorq_plan *plan, uint32_t esi, uint8_t *out);

/*
 * Solves for lost sources. rows: `row_count` rows `stride` apart, each the K coefficients of a symbol and,
 * when combined, from K on row_count zeros for which of the symbols; they are changed. True when lost_count
 * of them are independent in the columns lost[]: then chosen[i], of row_count, is for i < lost_count the row
 * that gives source lost[i].
 */
bool wzp_raptorq_reduce(const struct wzp_gf256 *gf, uint8_t *rows, size_t stride, unsigned row_count,
                        const uint16_t *lost, unsigned lost_count, uint8_t **chosen);

#endif
