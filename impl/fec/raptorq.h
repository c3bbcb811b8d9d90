// SPDX-License-Identifier: Apache-2.0
/*
 * RaptorQ (RFC 6330): K source symbols of T bytes, and as many repair symbols as one likes, of which any K
 * and a few give the sources back: K fail with a probability of about 0.5 %, K + 1 with 0.003 %.
 *
 * Law: repair symbols are those of RFC 6330 bit by bit; a decoder that got symbols of one block either gives
 * exactly its sources or says that it needs more, whatever the order, with duplicates or not. Symbols that
 * belong to no block give some bytes or nothing, never more: integrity is the caller's, below or above.
 *
 * A plan is all that depends on K alone: make it once, use it for all blocks of K symbols; it does not change
 * afterwards, so threads can share it. Encoder and decoder borrow it. Two ways through the same code: up to
 * WZP_RAPTORQ_DENSE_K_MAX the plan also holds each intermediate symbol as a row of coefficients of the
 * sources; few repair symbols, or few lost sources, are then a small product of matrices over GF(256).
 * Everything else goes by inactivation decoding (raptorq_solve.h).
 *
 * Memory: all of it the caller's, of the sizes told, of any alignment; nothing to release. With T = 1200:
 *
 *     K            10       50     1000   10000    56403
 *     plan      36 kB   103 kB   1.4 MB  1.8 MB   17 MB    K * L of it up to WZP_RAPTORQ_DENSE_K_MAX
 *     encoder   62 kB   178 kB   1.5 MB   13 MB   71 MB    L * T
 *     decoder   90 kB   222 kB   3.2 MB   29 MB  167 MB    2 * L * T and what the solver works in
 *
 * Work of one call at most: add O(T); encode 33 * T bytes summed a symbol and, once, as much as a solve;
 * solve some 20 * L * T bytes summed beside what raptorq_solve.h says of indices, whatever a peer sent. A
 * block is solved at most 1 + WZP_RAPTORQ_EXTRA times in vain.
 *
 * Does not: cut objects into blocks, or tell K and T to the other end. Threads: one for each encoder,
 * decoder.
 */
#ifndef WZP_FEC_RAPTORQ_H
#define WZP_FEC_RAPTORQ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fec/raptorq_code.h"

#define WZP_RAPTORQ_DENSE_K_MAX     1024
#define WZP_RAPTORQ_EXTRA           32 /* symbols beyond K that a decoder has room for */
#define WZP_RAPTORQ_SYMBOL_SIZE_MAX 65535

/* ---- plan ---- */

struct wzp_raptorq_plan;

/* 1 <= k <= WZP_RAPTORQ_K_MAX, else 0. */
size_t wzp_raptorq_plan_size(unsigned k);
struct wzp_raptorq_plan *wzp_raptorq_plan_init(void *memory, unsigned k);

/* ---- encoder ---- */

struct wzp_raptorq_encoder;

/* 1 <= symbol_size <= WZP_RAPTORQ_SYMBOL_SIZE_MAX, else 0. */
size_t wzp_raptorq_encoder_size(const struct wzp_raptorq_plan *plan, size_t symbol_size);

/* `source` is K symbols one after the other; they are borrowed as long as the encoder is used. Costs nothing:
 * the work is done when symbols are asked for. */
struct wzp_raptorq_encoder *wzp_raptorq_encoder_init(void *memory, const struct wzp_raptorq_plan *plan,
                                                     const uint8_t *source, size_t symbol_size);

/* Writes symbol esi[i] to out[i], symbol_size bytes each; below K it is the source. Many in one call cost
 * less than one by one. */
void wzp_raptorq_encode(struct wzp_raptorq_encoder *encoder, const uint32_t *esi, uint8_t *const *out,
                        unsigned count);

/* ---- decoder ---- */

struct wzp_raptorq_decoder;

size_t wzp_raptorq_decoder_size(const struct wzp_raptorq_plan *plan, size_t symbol_size);
struct wzp_raptorq_decoder *wzp_raptorq_decoder_init(void *memory, const struct wzp_raptorq_plan *plan,
                                                     size_t symbol_size);

enum wzp_raptorq_verdict {
    WZP_RAPTORQ_ADDED,
    WZP_RAPTORQ_DUPLICATE,
    WZP_RAPTORQ_FULL,   /* K + WZP_RAPTORQ_EXTRA are there */
    WZP_RAPTORQ_SOLVED, /* nothing more is needed */
};

/* Copies the symbol. Of repair symbols whose ESIs were chosen to collide some are taken for duplicates. */
enum wzp_raptorq_verdict wzp_raptorq_add(struct wzp_raptorq_decoder *decoder, uint32_t esi,
                                         const uint8_t *symbol);

/* True when all sources are there. Tries only when K symbols are there and one is new since the last time. */
bool wzp_raptorq_solve_block(struct wzp_raptorq_decoder *decoder);

/* Source `index` when it was received or the block is solved, else NULL. Valid until the next add or solve.
 */
const uint8_t *wzp_raptorq_source(const struct wzp_raptorq_decoder *decoder, unsigned index);

#endif
