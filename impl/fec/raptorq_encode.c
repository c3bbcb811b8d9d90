// SPDX-License-Identifier: Apache-2.0
#include "fec/raptorq_plan.h"

#include <string.h>

#include "base/check.h"

#define BATCH 32 /* rows of coefficients at a time */

struct wzp_raptorq_encoder {
    const struct wzp_raptorq_plan *plan;
    const uint8_t *source;
    size_t symbol_size, stride;
    unsigned asked;       /* repair symbols, until they are made from intermediate symbols */
    bool is_ready;        /* the intermediate symbols are there */
    uint8_t *symbols;     /* the intermediate ones */
    const uint8_t **data; /* by row of the plan's solver */
    uint8_t *scratch;
    uint8_t *coefficients; /* BATCH rows, or NULL */
};

static struct wzp_raptorq_encoder *lay_out(struct wzp_raptorq_memory *memory,
                                           const struct wzp_raptorq_plan *plan, size_t symbol_size,
                                           struct wzp_raptorq_encoder *e)
{
    const struct wzp_raptorq_solver *solver = &plan->solver;
    void *at = wzp_raptorq_take(memory, sizeof(*e));
    e->plan = plan;
    e->symbol_size = symbol_size;
    e->stride = wzp_raptorq_pad(symbol_size);
    e->symbols = wzp_raptorq_take(memory, plan->code.l * e->stride);
    e->data = wzp_raptorq_take(memory, solver->row_count * sizeof(*e->data));
    e->scratch = wzp_raptorq_take(memory, wzp_raptorq_apply_scratch(solver));
    if (plan->dense != NULL)
        e->coefficients = wzp_raptorq_take(memory, BATCH * plan->code.k + WZP_RAPTORQ_ALIGN);
    return at;
}

size_t wzp_raptorq_encoder_size(const struct wzp_raptorq_plan *plan, size_t symbol_size)
{
    if (symbol_size < 1 || symbol_size > WZP_RAPTORQ_SYMBOL_SIZE_MAX)
        return 0;
    struct wzp_raptorq_memory memory = {0};
    struct wzp_raptorq_encoder encoder = {0};
    (void)lay_out(&memory, plan, symbol_size, &encoder);
    return memory.used + WZP_RAPTORQ_ALIGN;
}

struct wzp_raptorq_encoder *wzp_raptorq_encoder_init(void *memory, const struct wzp_raptorq_plan *plan,
                                                     const uint8_t *source, size_t symbol_size)
{
    WZP_CHECK(symbol_size >= 1 && symbol_size <= WZP_RAPTORQ_SYMBOL_SIZE_MAX);
    struct wzp_raptorq_memory from = {.base = wzp_raptorq_align(memory)};
    struct wzp_raptorq_encoder made = {.source = source};
    struct wzp_raptorq_encoder *encoder = lay_out(&from, plan, symbol_size, &made);
    *encoder = made;
    return encoder;
}

static void make_intermediate(struct wzp_raptorq_encoder *e)
{
    const struct wzp_raptorq_plan *plan = e->plan;
    memset(e->data, 0, plan->solver.row_count * sizeof(*e->data));
    for (unsigned i = 0; i < plan->code.k; i++)
        e->data[plan->code.s + i] = e->source + i * e->symbol_size;
    wzp_raptorq_apply(&plan->solver, plan->kernel, plan->gf, e->data, e->symbols, e->stride, e->symbol_size,
                      e->scratch);
    e->is_ready = true;
}

static void encode_dense(struct wzp_raptorq_encoder *e, const uint32_t *esi, uint8_t *const *out,
                         unsigned count)
{
    unsigned k = e->plan->code.k;
    for (unsigned i = 0; i < k; i++)
        e->data[i] = e->source + i * e->symbol_size;
    while (count > 0) {
        unsigned batch = count < BATCH ? count : BATCH;
        for (unsigned i = 0; i < batch; i++) {
            wzp_raptorq_coefficients(e->plan, esi[i], e->coefficients + (size_t)i * k);
            memset(out[i], 0, e->symbol_size);
        }
        e->plan->gf->product(out, e->data, e->coefficients, batch, k, e->symbol_size);
        count -= batch;
        esi += batch;
        out += batch;
    }
}

void wzp_raptorq_encode(struct wzp_raptorq_encoder *encoder, const uint32_t *esi, uint8_t *const *out,
                        unsigned count)
{
    const struct wzp_raptorq_plan *plan = encoder->plan;
    if (!encoder->is_ready) {
        if (plan->dense != NULL && count <= plan->limits.repairs - encoder->asked) {
            encoder->asked += count;
            encode_dense(encoder, esi, out, count);
            return;
        }
        make_intermediate(encoder);
    }
    uint16_t columns[WZP_RAPTORQ_COLUMNS_MAX];
    for (unsigned i = 0; i < count; i++) {
        unsigned n = wzp_raptorq_columns(&plan->code, wzp_raptorq_isi(&plan->code, esi[i]), columns);
        plan->kernel->gather(out[i], NULL, encoder->symbols, encoder->stride, columns, n,
                             encoder->symbol_size);
    }
}
