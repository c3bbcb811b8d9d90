// SPDX-License-Identifier: Apache-2.0
#include "fec/raptorq_solve.h"

#include <string.h>

#include "base/check.h"

#define STRIP_MIN   256 /* and a multiple of it: the kernels like four vectors at a time */
#define STRIP_MAX   1024
#define CACHE_BYTES (1024 * 1024)

/* Symbols are worked on strip by strip, so that what all of them hold of a strip stays in the cache. */
static size_t strip_of(const struct wzp_raptorq_solver *s)
{
    size_t strip = CACHE_BYTES / s->code.l / STRIP_MIN * STRIP_MIN;
    if (strip > STRIP_MAX)
        strip = STRIP_MAX;
    return strip < STRIP_MIN ? STRIP_MIN : strip;
}

struct strip {
    const struct wzp_raptorq_solver *solver;
    const struct wzp_raptorq_kernel *kernel;
    const struct wzp_gf256 *gf;
    const uint8_t *const *data;
    size_t offset; /* into data */
    uint8_t *symbols;
    size_t stride, len;
    uint8_t *sums; /* of the rows of the rest, then of the HDPC rows; sums_stride apart */
    size_t sums_stride;
    uint16_t *index;          /* room for inactive_max or rest_max, the larger */
    const uint8_t **pointers; /* room for inactive_max */
};

size_t wzp_raptorq_apply_scratch(const struct wzp_raptorq_solver *solver)
{
    size_t indices = solver->rest_max > solver->inactive_max ? solver->rest_max : solver->inactive_max;
    return (solver->rest_max + solver->code.h) * strip_of(solver) + (indices + 4) * sizeof(void *) * 2;
}

static const uint8_t *datum(const struct strip *t, unsigned row)
{
    return t->data[row] != NULL ? t->data[row] + t->offset : NULL;
}

static uint8_t *inactive_symbol(const struct strip *t, unsigned i)
{
    return t->symbols + t->solver->inactive_column[t->solver->rank_column[i]] * t->stride;
}

/* The indices of the bits that are set, and how many. */
static unsigned write_index(uint16_t *index, const uint64_t *bits, unsigned words)
{
    unsigned count = 0;
    for (unsigned i = 0; i < words; i++)
        for (uint64_t word = bits[i]; word != 0; word &= word - 1)
            index[count++] = (uint16_t)(i * 64 + (unsigned)__builtin_ctzll(word));
    return count;
}

/* All sums, with the inactive ones zero. */
static void sum_up(const struct strip *t)
{
    const struct wzp_raptorq_solver *s = t->solver;
    for (unsigned i = 0; i < s->inactive; i++)
        memset(inactive_symbol(t, i), 0, t->len);
    for (unsigned i = 0; i < s->pivots; i++)
        t->kernel->gather(t->symbols + s->pivot_column[i] * t->stride, datum(t, s->pivot_row[i]), t->symbols,
                          t->stride, s->list + s->first[i], s->solved[i], t->len);
    for (unsigned i = 0; i < s->rest; i++)
        t->kernel->gather(t->sums + i * t->sums_stride, datum(t, s->rest_row[i]), t->symbols, t->stride,
                          s->list + s->first[s->pivots + i], s->solved[s->pivots + i], t->len);
    uint8_t *hdpc = t->sums + s->rest * t->sums_stride;
    for (unsigned r = 0; r < s->code.h; r++)
        memset(hdpc + r * t->sums_stride, 0, t->len);
    t->kernel->hdpc(hdpc, t->sums_stride, s->code.h, t->symbols, t->stride, s->pairs,
                    s->code.k_prime + s->code.s, t->len);
}

/* The inactive ones: first what the rest says of them with the free ones zero, then the free ones from the
 * HDPC sums, then those into the others. */
static void solve_inactive(const struct strip *t)
{
    const struct wzp_raptorq_solver *s = t->solver;
    unsigned h = s->code.h, free = s->inactive - s->rank;
    uint8_t *hdpc = t->sums + s->rest * t->sums_stride;
    uint8_t *hdpc_rows[WZP_RAPTORQ_HDPC_MAX], *free_rows[WZP_RAPTORQ_HDPC_MAX];
    uint16_t free_columns[WZP_RAPTORQ_HDPC_MAX];
    for (unsigned i = 0; i < s->rank; i++) {
        const uint64_t *from = s->dense + (size_t)i * s->dense_words + s->words;
        unsigned count = write_index(t->index, from, s->dense_words - s->words);
        t->kernel->gather(inactive_symbol(t, i), NULL, t->sums, t->sums_stride, t->index, count, t->len);
        t->pointers[i] = inactive_symbol(t, i);
    }
    if (free == 0)
        return;
    for (unsigned r = 0; r < h; r++)
        hdpc_rows[r] = hdpc + r * t->sums_stride;
    t->gf->product(hdpc_rows, t->pointers, s->hdpc, h, s->rank, t->len);
    for (unsigned f = 0; f < free; f++) {
        free_rows[f] = inactive_symbol(t, s->rank + f);
        free_columns[f] = s->inactive_column[s->rank_column[s->rank + f]];
    }
    t->gf->product(free_rows, (const uint8_t *const *)hdpc_rows, s->inverse, free, h, t->len);
    for (unsigned i = 0; i < s->rank; i++) {
        unsigned count = 0;
        for (unsigned f = 0; f < free; f++)
            if (s->of_free[i][f] != 0)
                t->index[count++] = free_columns[f];
        uint8_t *symbol = inactive_symbol(t, i);
        t->kernel->gather(symbol, symbol, t->symbols, t->stride, t->index, count, t->len);
    }
}

void wzp_raptorq_apply(const struct wzp_raptorq_solver *solver, const struct wzp_raptorq_kernel *kernel,
                       const struct wzp_gf256 *gf, const uint8_t *const *data, uint8_t *symbols,
                       size_t stride, size_t len, uint8_t *scratch)
{
    size_t strip = strip_of(solver);
    uint8_t *pointers = scratch + (solver->rest_max + solver->code.h) * strip;
    struct strip t = {.solver = solver,
                      .kernel = kernel,
                      .gf = gf,
                      .data = data,
                      .stride = stride,
                      .sums = scratch,
                      .sums_stride = strip,
                      .pointers = (const uint8_t **)(void *)pointers,
                      .index = (uint16_t *)(void *)(pointers + solver->inactive_max * sizeof(void *))};
    for (; t.offset < len; t.offset += strip) {
        t.symbols = symbols + t.offset;
        t.len = len - t.offset < strip ? len - t.offset : strip;
        sum_up(&t);
        solve_inactive(&t);
        for (unsigned i = 0; i < solver->pivots; i++)
            kernel->gather(t.symbols + solver->pivot_column[i] * stride, datum(&t, solver->pivot_row[i]),
                           t.symbols, stride, solver->list + solver->first[i],
                           solver->first[i + 1] - solver->first[i], t.len);
    }
}
