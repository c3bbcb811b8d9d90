// SPDX-License-Identifier: Apache-2.0
/*
 * The twin of RaptorQ for its tests: RFC 6330 as it reads, the whole constraint matrix of section 5.3.3.4.2
 * over GF(256) and plain Gaussian elimination. Shares with the real one the tuple generator alone, which the
 * vectors check. For small K: cubic.
 */
#ifndef WZP_FEC_RAPTORQ_TWIN_H
#define WZP_FEC_RAPTORQ_TWIN_H

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "fec/gf256.h"
#include "fec/raptorq_code.h"

/* rows x (l coefficients, then `size` bytes of a symbol) */
struct twin {
    struct wzp_raptorq_code code;
    unsigned rows;
    size_t size, stride;
    uint8_t *matrix;
};

static inline uint8_t *twin_row(const struct twin *t, unsigned r)
{
    return t->matrix + r * t->stride;
}

static inline void twin_constraints(struct twin *t)
{
    const struct wzp_raptorq_code *c = &t->code;
    for (uint32_t i = 0; i < c->b; i++) { /* section 5.3.3.3, LDPC */
        uint32_t a = 1 + i / c->s, b = i % c->s;
        for (unsigned times = 0; times < 3; times++, b = (b + a) % c->s)
            twin_row(t, b)[i] ^= 1;
    }
    for (uint32_t i = 0; i < c->s; i++) {
        twin_row(t, i)[c->b + i] ^= 1;
        twin_row(t, i)[c->w + i % c->p] ^= 1;
        twin_row(t, i)[c->w + (i + 1) % c->p] ^= 1;
    }
    uint32_t columns = c->k_prime + c->s; /* HDPC: MT * GAMMA, entry by entry */
    for (uint32_t r = 0; r < c->h; r++) {
        uint8_t *row = twin_row(t, c->s + r);
        uint8_t power = 1;
        for (uint32_t i = 0; i < r; i++)
            power = wzp_gf256_mul(power, 2);
        for (uint32_t i = 0; i < columns; i++) { /* MT[r, i], and column i of GAMMA^T */
            uint8_t m = i == columns - 1 ? power : 0;
            if (i < columns - 1) {
                struct wzp_raptorq_pair pair = wzp_raptorq_hdpc(c, i);
                m = pair.a == r || pair.b == r;
            }
            for (uint32_t j = i + 1; j-- > 0 && m != 0; m = wzp_gf256_mul(m, 2))
                row[j] ^= m;
        }
        row[columns + r] ^= 1;
    }
}

/* `count` symbols of these ISIs; those of padding are added. */
static inline struct twin twin_make(unsigned k, size_t size, const uint32_t *isi, const uint8_t *symbols,
                                    unsigned count)
{
    struct twin t = {.code = wzp_raptorq_code_of(k), .size = size};
    unsigned padding = t.code.k_prime - k, fixed = t.code.s + t.code.h + padding;
    t.rows = fixed + count;
    t.stride = t.code.l + size;
    t.matrix = calloc(t.rows, t.stride);
    twin_constraints(&t);
    for (unsigned i = 0; i < padding + count; i++) {
        uint16_t columns[WZP_RAPTORQ_COLUMNS_MAX];
        uint8_t *row = twin_row(&t, t.code.s + t.code.h + i);
        unsigned n = wzp_raptorq_columns(&t.code, i < padding ? k + i : isi[i - padding], columns);
        for (unsigned j = 0; j < n; j++)
            row[columns[j]] ^= 1;
        if (i >= padding)
            memcpy(row + t.code.l, symbols + (i - padding) * size, size);
    }
    return t;
}

/* Then row i holds the intermediate symbol i. */
static inline bool twin_solve(struct twin *t)
{
    const struct wzp_gf256 *gf = wzp_gf256_kernels(0);
    uint8_t *spare = malloc(t->stride);
    bool is_solved = true;
    for (unsigned c = 0; c < t->code.l && is_solved; c++) {
        unsigned r = c;
        while (r < t->rows && twin_row(t, r)[c] == 0)
            r++;
        is_solved = r < t->rows;
        if (!is_solved)
            break;
        memcpy(spare, twin_row(t, r), t->stride);
        memcpy(twin_row(t, r), twin_row(t, c), t->stride);
        memcpy(twin_row(t, c), spare, t->stride);
        gf->scale(twin_row(t, c), wzp_gf256_inverse(spare[c]), t->stride);
        for (r = 0; r < t->rows; r++)
            if (r != c && twin_row(t, r)[c] != 0)
                gf->mul_add(twin_row(t, r), twin_row(t, c), twin_row(t, r)[c], t->stride);
    }
    free(spare);
    return is_solved;
}

static inline void twin_symbol(const struct twin *t, uint32_t isi, uint8_t *out)
{
    uint16_t columns[WZP_RAPTORQ_COLUMNS_MAX];
    unsigned n = wzp_raptorq_columns(&t->code, isi, columns);
    memset(out, 0, t->size);
    for (unsigned j = 0; j < n; j++)
        wzp_gf256_kernels(0)->add(out, twin_row(t, columns[j]) + t->code.l, t->size);
}

#endif
