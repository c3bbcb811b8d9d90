// SPDX-License-Identifier: Apache-2.0
/*
 * The solver of RaptorQ for any K: which sums give the intermediate symbols from given encoding symbols. It
 * works on indices alone and writes a recipe; the recipe is then applied to the symbols, once or many times.
 *
 * Inactivation decoding (RFC 6330 section 5.4.2) in other words. Phase 1: while some equation has one unknown
 * left, it gives that unknown (a pivot); when none has, one more unknown is set aside (inactive), the one in
 * most equations that have two. The PI symbols are inactive from the start. Phase 2: each pivot is a sum of
 * symbols and of inactive unknowns; what the equations that gave no pivot say of the inactive ones is a small
 * dense system over GF(2), and the HDPC constraints add their rows of GF(256) to it. Applied: the pivots as
 * if the inactive ones were zero, then the inactive ones, then the pivots again, now with all they are made
 * of; so the work on symbols stays that of the sparse matrix.
 *
 * Law: solves exactly when the equations have rank L, whatever the order of the rows, unless more unknowns
 * would be inactive than the solver has room for. Memory: the caller's, every size fixed at init. Work,
 * whatever the rows are: phase 1 goes a few times over the list_max columns of the rows, and over W columns
 * and perhaps all rows for each inactive one; phase 2 adds at most rest_max * inactive_max rows of
 * dense_words.
 */
#ifndef WZP_FEC_RAPTORQ_SOLVE_H
#define WZP_FEC_RAPTORQ_SOLVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fec/gf256.h"
#include "fec/raptorq_code.h"
#include "fec/raptorq_kernel.h"

/* Memory that is handed out from the front; with base NULL it only counts. */
struct wzp_raptorq_memory {
    uint8_t *base;
    size_t used;
};
void *wzp_raptorq_take(struct wzp_raptorq_memory *memory, size_t bytes);

/* One equation: the sum of these columns is a symbol. The first `active` ones lie below W, the others not. */
struct wzp_raptorq_row {
    const uint16_t *columns;
    uint16_t active, count;
};

struct wzp_raptorq_solver {
    struct wzp_raptorq_code code;
    const struct wzp_raptorq_pair *pairs; /* of the columns of MT but the last */
    unsigned rows_max, inactive_max, rest_max;
    size_t list_max;

    struct wzp_raptorq_row *rows; /* the caller writes them */
    unsigned row_count;

    /* Phase 1. A row's degree counts its active columns, and their xor names the last one. */
    uint16_t *degree, *xor_of; /* by row */
    uint16_t *two_a, *two_b;   /* by row: its columns when it had two */
    uint16_t *twos;            /* by column: rows of two that hold it */
    uint32_t *holders_first;   /* by column */
    uint16_t *holders;         /* rows */
    uint16_t *ready;           /* rows of degree one, a stack */
    unsigned ready_count;
    uint32_t *place; /* by column: which pivot or inactive it is */
    uint16_t *pivot_row, *pivot_column;
    uint16_t *inactive_column;
    unsigned pivots, inactive;

    /* Phase 2. Step i < pivots gives a pivot, the others are the rows of the rest, which gave none. */
    uint32_t *first;  /* by step: where its list begins */
    uint16_t *solved; /* by step: how many of its list are pivots; the others are inactive */
    uint16_t *list;   /* columns */
    uint64_t *bits;   /* by pivot: the inactive ones that it holds */
    unsigned words;
    uint16_t *rest_row;
    unsigned rest;
    uint64_t *dense; /* by row of the rest: its inactive ones, then which rows were summed up to it */
    unsigned dense_words;
    uint16_t *rank_column; /* inactive indices in the order of the dense rows that give them, then the free */
    unsigned rank;
    uint8_t *hdpc; /* by HDPC row: its coefficients of the inactive ones that have a rank, without gaps */
    size_t hdpc_stride; /* before that */
    uint8_t *hdpc_t;
    uint8_t hdpc_free[WZP_RAPTORQ_HDPC_MAX][WZP_RAPTORQ_HDPC_MAX]; /* and of the free ones */
    uint8_t (*of_free)[WZP_RAPTORQ_HDPC_MAX]; /* by rank: 1 for each free one that it is made of */
    const uint8_t **of_free_rows;
    uint8_t inverse[WZP_RAPTORQ_HDPC_MAX * WZP_RAPTORQ_HDPC_MAX]; /* the free ones from the H sums */
};

/* Takes its memory: for at most `rows_max` rows of at most `list_max` columns together. */
void wzp_raptorq_solver_init(struct wzp_raptorq_solver *solver, const struct wzp_raptorq_code *code,
                             const struct wzp_raptorq_pair *pairs, unsigned rows_max, size_t list_max,
                             struct wzp_raptorq_memory *memory);

/* Solves for rows[0 .. row_count). */
bool wzp_raptorq_solve(struct wzp_raptorq_solver *solver, const struct wzp_gf256 *gf);

/* After solve gave true. data[row] is the symbol of a row, of `len` bytes, NULL for zero; symbols (L of
 * them, `stride` apart) become the intermediate symbols. `scratch` is of wzp_raptorq_apply_scratch bytes. */
size_t wzp_raptorq_apply_scratch(const struct wzp_raptorq_solver *solver);
void wzp_raptorq_apply(const struct wzp_raptorq_solver *solver, const struct wzp_raptorq_kernel *kernel,
                       const struct wzp_gf256 *gf, const uint8_t *const *data, uint8_t *symbols,
                       size_t stride, size_t len, uint8_t *scratch);

#endif
