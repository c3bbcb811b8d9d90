// SPDX-License-Identifier: Apache-2.0
#include "fec/raptorq_plan.h"

#include <string.h>

#include "base/check.h"

#define NONE       UINT16_MAX
#define PROBES_MAX 128 /* of the table of ESIs */

struct wzp_raptorq_decoder {
    const struct wzp_raptorq_plan *plan;
    size_t symbol_size, stride;
    unsigned capacity, count, repairs;
    unsigned tried; /* the count at the last attempt */
    bool is_solved;
    uint8_t *slots;  /* the symbols, in the order of their arrival */
    uint32_t *esi;   /* by slot */
    uint16_t *table; /* slots of repair symbols by a hash of the ESI */
    unsigned table_bits;
    uint16_t *slot_of; /* by source; NONE */
    uint8_t *out;      /* what is solved: the intermediate symbols, or the lost sources */
    uint16_t *lost;

    /* For the dense way; lost_max sources at most. */
    unsigned lost_max;
    uint8_t *rows, **chosen;
    uint8_t *coefficients;
    const uint8_t **from;
    uint8_t **to;

    /* For the other. */
    bool is_sparse;
    struct wzp_raptorq_solver solver;
    uint16_t *columns;
    const uint8_t **data;
    uint8_t *scratch;
};

static size_t dense_stride(const struct wzp_raptorq_decoder *d)
{
    return wzp_raptorq_pad(d->plan->code.k + d->lost_max + WZP_RAPTORQ_EXTRA);
}

static void lay_out_dense(struct wzp_raptorq_memory *memory, struct wzp_raptorq_decoder *d)
{
    unsigned k = d->plan->code.k;
    const struct wzp_raptorq_limits *limits = &d->plan->limits;
    d->lost_max = k <= limits->small_k || k < limits->lost ? k : limits->lost;
    unsigned rows = d->lost_max + WZP_RAPTORQ_EXTRA;
    d->rows = wzp_raptorq_take(memory, rows * dense_stride(d) + WZP_RAPTORQ_ALIGN);
    d->chosen = wzp_raptorq_take(memory, rows * sizeof(*d->chosen));
    d->coefficients = wzp_raptorq_take(memory, d->lost_max * (size_t)(k + rows));
    d->from = wzp_raptorq_take(memory, (k + rows) * sizeof(*d->from));
    d->to = wzp_raptorq_take(memory, d->lost_max * sizeof(*d->to));
}

static void lay_out_sparse(struct wzp_raptorq_memory *memory, struct wzp_raptorq_decoder *d)
{
    const struct wzp_raptorq_code *code = &d->plan->code;
    unsigned rows = code->s + code->k_prime - code->k + d->capacity;
    size_t list = d->plan->solver.list_max + (size_t)d->capacity * WZP_RAPTORQ_COLUMNS_MAX;
    d->is_sparse = true;
    wzp_raptorq_solver_init(&d->solver, code, d->plan->solver.pairs, rows, list, memory);
    d->columns = wzp_raptorq_take(memory,
                                  (size_t)d->capacity * WZP_RAPTORQ_COLUMNS_MAX * sizeof(*d->columns));
    d->data = wzp_raptorq_take(memory, rows * sizeof(*d->data));
    d->scratch = wzp_raptorq_take(memory, wzp_raptorq_apply_scratch(&d->solver));
}

static struct wzp_raptorq_decoder *lay_out(struct wzp_raptorq_memory *memory,
                                           const struct wzp_raptorq_plan *plan, size_t symbol_size,
                                           struct wzp_raptorq_decoder *d)
{
    const struct wzp_raptorq_code *code = &plan->code;
    void *at = wzp_raptorq_take(memory, sizeof(*d));
    d->plan = plan;
    d->symbol_size = symbol_size;
    d->stride = wzp_raptorq_pad(symbol_size);
    d->capacity = code->k + WZP_RAPTORQ_EXTRA;
    for (d->table_bits = 1; 1U << d->table_bits < 2 * d->capacity;)
        d->table_bits++;
    d->slots = wzp_raptorq_take(memory, d->capacity * d->stride);
    d->esi = wzp_raptorq_take(memory, d->capacity * sizeof(*d->esi));
    d->table = wzp_raptorq_take(memory, sizeof(*d->table) << d->table_bits);
    d->slot_of = wzp_raptorq_take(memory, code->k * sizeof(*d->slot_of));
    d->lost = wzp_raptorq_take(memory, code->k * sizeof(*d->lost));
    d->out = wzp_raptorq_take(memory, code->l * d->stride);
    if (plan->dense != NULL)
        lay_out_dense(memory, d);
    if (d->lost_max < code->k)
        lay_out_sparse(memory, d);
    return at;
}

size_t wzp_raptorq_decoder_size(const struct wzp_raptorq_plan *plan, size_t symbol_size)
{
    if (symbol_size < 1 || symbol_size > WZP_RAPTORQ_SYMBOL_SIZE_MAX)
        return 0;
    struct wzp_raptorq_memory memory = {0};
    struct wzp_raptorq_decoder decoder = {0};
    (void)lay_out(&memory, plan, symbol_size, &decoder);
    return memory.used + WZP_RAPTORQ_ALIGN;
}

struct wzp_raptorq_decoder *wzp_raptorq_decoder_init(void *memory, const struct wzp_raptorq_plan *plan,
                                                     size_t symbol_size)
{
    WZP_CHECK(symbol_size >= 1 && symbol_size <= WZP_RAPTORQ_SYMBOL_SIZE_MAX);
    struct wzp_raptorq_memory from = {.base = wzp_raptorq_align(memory)};
    struct wzp_raptorq_decoder made = {0};
    struct wzp_raptorq_decoder *d = lay_out(&from, plan, symbol_size, &made);
    *d = made;
    memset(d->table, 0xff, sizeof(*d->table) << d->table_bits);
    memset(d->slot_of, 0xff, plan->code.k * sizeof(*d->slot_of));
    return d;
}

/* ---- what comes ---- */

/* Where the table has the ESI or a place for it; NULL when neither is near. */
static uint16_t *look_up(const struct wzp_raptorq_decoder *d, uint32_t esi)
{
    uint32_t mask = (1U << d->table_bits) - 1, at = esi * UINT32_C(0x9e3779b1) >> (32 - d->table_bits);
    for (unsigned i = 0; i < PROBES_MAX; i++, at = (at + 1) & mask)
        if (d->table[at] == NONE || d->esi[d->table[at]] == esi)
            return &d->table[at];
    return NULL;
}

enum wzp_raptorq_verdict wzp_raptorq_add(struct wzp_raptorq_decoder *decoder, uint32_t esi,
                                         const uint8_t *symbol)
{
    if (decoder->is_solved)
        return WZP_RAPTORQ_SOLVED;
    bool is_source = esi < decoder->plan->code.k;
    uint16_t *slot = is_source ? &decoder->slot_of[esi] : look_up(decoder, esi);
    if (slot == NULL || *slot != NONE)
        return WZP_RAPTORQ_DUPLICATE;
    if (decoder->count == decoder->capacity)
        return WZP_RAPTORQ_FULL;
    *slot = (uint16_t)decoder->count;
    decoder->esi[decoder->count] = esi;
    memcpy(decoder->slots + decoder->count * decoder->stride, symbol, decoder->symbol_size);
    decoder->count++;
    decoder->repairs += !is_source;
    return WZP_RAPTORQ_ADDED;
}

/* ---- the dense way ---- */

/* Each lost source as a product over all that was received: rows of the repair symbols, reduced in the
 * columns of the lost ones. */
static bool solve_dense(struct wzp_raptorq_decoder *d, unsigned lost)
{
    const struct wzp_raptorq_plan *plan = d->plan;
    unsigned k = plan->code.k, rows = d->repairs;
    size_t stride = wzp_raptorq_pad(k + rows);
    unsigned row = 0;
    for (unsigned slot = 0; slot < d->count; slot++)
        if (d->esi[slot] >= k) {
            uint8_t *at = d->rows + row * stride;
            wzp_raptorq_coefficients(plan, d->esi[slot], at);
            memset(at + k, 0, stride - k);
            at[k + row++] = 1;
        }
    if (!wzp_raptorq_reduce(plan->gf, d->rows, stride, rows, d->lost, lost, d->chosen))
        return false;
    /* Column c of the product: what slot c adds. */
    for (unsigned c = 0, repair = 0; c < d->count; c++) {
        size_t column = d->esi[c] < k ? d->esi[c] : k + repair++;
        d->from[c] = d->slots + c * d->stride;
        for (unsigned i = 0; i < lost; i++)
            d->coefficients[(size_t)i * d->count + c] = d->chosen[i][column];
    }
    memset(d->out, 0, lost * d->stride);
    for (unsigned i = 0; i < lost; i++)
        d->to[i] = d->out + i * d->stride;
    plan->gf->product(d->to, d->from, d->coefficients, lost, d->count, d->symbol_size);
    for (unsigned i = 0; i < lost; i++)
        d->slot_of[d->lost[i]] = (uint16_t)(d->capacity + i);
    return true;
}

/* ---- the sparse way ---- */

static bool solve_sparse(struct wzp_raptorq_decoder *d, unsigned lost)
{
    const struct wzp_raptorq_plan *plan = d->plan;
    const struct wzp_raptorq_code *code = &plan->code;
    struct wzp_raptorq_row *row = d->solver.rows;
    const struct wzp_raptorq_row *known = plan->solver.rows;
    unsigned constraints = code->s + code->k_prime - code->k;
    uint16_t *columns = d->columns;
    memcpy(row, known, code->s * sizeof(*row));
    memcpy(row + code->s, known + code->s + code->k, (code->k_prime - code->k) * sizeof(*row));
    memset(d->data, 0, constraints * sizeof(*d->data));
    row += constraints;
    for (unsigned slot = 0; slot < d->count; slot++, row++) {
        uint32_t esi = d->esi[slot];
        d->data[constraints + slot] = d->slots + slot * d->stride;
        if (esi < code->k) {
            *row = known[code->s + esi];
        } else {
            *row = wzp_raptorq_row_of(code, wzp_raptorq_isi(code, esi), columns);
            columns += row->count;
        }
    }
    d->solver.row_count = constraints + d->count;
    if (!wzp_raptorq_solve(&d->solver, plan->gf))
        return false;
    wzp_raptorq_apply(&d->solver, plan->kernel, plan->gf, d->data, d->out, d->stride, d->symbol_size,
                      d->scratch);
    /* There are as many repair symbols as lost sources, and their slots are free now. */
    for (unsigned i = 0, slot = 0; i < lost; i++, slot++) {
        while (d->esi[slot] < code->k)
            slot++;
        const struct wzp_raptorq_row *wanted = &known[code->s + d->lost[i]];
        plan->kernel->gather(d->slots + slot * d->stride, NULL, d->out, d->stride, wanted->columns,
                             wanted->count, d->symbol_size);
        d->slot_of[d->lost[i]] = (uint16_t)slot;
    }
    return true;
}

bool wzp_raptorq_solve_block(struct wzp_raptorq_decoder *d)
{
    unsigned k = d->plan->code.k, lost = 0;
    if (d->is_solved || d->count < k || d->count == d->tried)
        return d->is_solved;
    d->tried = d->count;
    for (unsigned i = 0; i < k; i++)
        if (d->slot_of[i] == NONE)
            d->lost[lost++] = (uint16_t)i;
    if (lost == 0)
        d->is_solved = true;
    else if (!d->is_sparse || lost <= d->lost_max)
        d->is_solved = solve_dense(d, lost);
    else
        d->is_solved = solve_sparse(d, lost);
    return d->is_solved;
}

const uint8_t *wzp_raptorq_source(const struct wzp_raptorq_decoder *decoder, unsigned index)
{
    unsigned slot = index < decoder->plan->code.k ? decoder->slot_of[index] : NONE;
    if (slot == NONE)
        return NULL;
    return slot < decoder->capacity ? decoder->slots + slot * decoder->stride
                                    : decoder->out + (slot - decoder->capacity) * decoder->stride;
}
