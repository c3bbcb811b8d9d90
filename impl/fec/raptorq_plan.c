// SPDX-License-Identifier: Apache-2.0
#include "fec/raptorq_plan.h"

#include <string.h>

#include "base/check.h"

/* What plan_init needs only while it works. */
struct building {
    struct wzp_raptorq_pair *pairs;
    uint16_t *columns;
    uint32_t *ldpc_first;
    const uint8_t **data;
    uint8_t *unit; /* 2 K bytes: zeros, and a one in the middle */
    uint8_t *scratch;
};

struct wzp_raptorq_limits wzp_raptorq_limits_of(const struct wzp_gf256 *gf)
{
    static const struct wzp_raptorq_limits rows[] = {
        {"gfni", 38, 40, 64},
        {"avx2", 14, 22, 64},
        {"ssse3", 12, 15, 64},
        {"portable", 2, 3, 10},
    };
    unsigned i = 0;
    while (i < sizeof(rows) / sizeof(*rows) - 1 && strcmp(gf->name, rows[i].kernel) != 0)
        i++;
    return rows[i];
}

static size_t count_columns(const struct wzp_raptorq_code *code)
{
    uint16_t columns[WZP_RAPTORQ_COLUMNS_MAX];
    size_t count = 3 * (size_t)(code->b + code->s);
    for (uint32_t isi = 0; isi < code->k_prime; isi++)
        count += wzp_raptorq_columns(code, isi, columns);
    return count;
}

static struct wzp_raptorq_plan *lay_out(struct wzp_raptorq_memory *memory,
                                        const struct wzp_raptorq_code *code, struct wzp_raptorq_plan *plan,
                                        struct building *building)
{
    unsigned rows = code->s + code->k_prime;
    size_t list = count_columns(code);
    void *at = wzp_raptorq_take(memory, sizeof(*plan));
    building->pairs = wzp_raptorq_take(memory, (code->k_prime + code->s - 1) * sizeof(*building->pairs));
    plan->code = *code;
    wzp_raptorq_solver_init(&plan->solver, code, building->pairs, rows, list, memory);
    building->columns = wzp_raptorq_take(memory, list * sizeof(*building->columns));
    building->ldpc_first = wzp_raptorq_take(memory, (code->s + 1) * sizeof(*building->ldpc_first));
    if (code->k <= WZP_RAPTORQ_DENSE_K_MAX) {
        plan->dense_stride = wzp_raptorq_pad(code->k);
        plan->dense = wzp_raptorq_take(memory, code->l * plan->dense_stride);
        building->data = wzp_raptorq_take(memory, rows * sizeof(*building->data));
        building->unit = wzp_raptorq_take(memory, 2 * code->k);
        building->scratch = wzp_raptorq_take(memory, wzp_raptorq_apply_scratch(&plan->solver));
    }
    return at;
}

size_t wzp_raptorq_plan_size(unsigned k)
{
    if (k < 1 || k > WZP_RAPTORQ_K_MAX)
        return 0;
    struct wzp_raptorq_memory memory = {0};
    struct wzp_raptorq_code code = wzp_raptorq_code_of(k);
    struct wzp_raptorq_plan plan = {0};
    struct building building = {0};
    (void)lay_out(&memory, &code, &plan, &building);
    return memory.used + WZP_RAPTORQ_ALIGN;
}

static void write_rows(struct wzp_raptorq_plan *plan, const struct building *building)
{
    const struct wzp_raptorq_code *code = &plan->code;
    struct wzp_raptorq_row *row = plan->solver.rows;
    wzp_raptorq_ldpc(code, building->columns, building->ldpc_first);
    uint16_t *columns = building->columns;
    for (unsigned i = 0; i < code->s; i++) {
        uint16_t count = (uint16_t)(building->ldpc_first[i + 1] - building->ldpc_first[i]);
        *row++ = (struct wzp_raptorq_row){columns, (uint16_t)(count - 2), count};
        columns += count;
    }
    for (unsigned isi = 0; isi < code->k_prime; isi++) {
        *row = wzp_raptorq_row_of(code, isi, columns);
        columns += row++->count;
    }
    plan->solver.row_count = code->s + code->k_prime;
}

/* The intermediate symbols of a block in which source i is the unit vector i are the rows of coefficients. */
static void write_dense(struct wzp_raptorq_plan *plan, const struct building *building)
{
    const struct wzp_raptorq_code *code = &plan->code;
    memset(building->unit, 0, 2 * code->k);
    building->unit[code->k] = 1;
    memset(building->data, 0, plan->solver.row_count * sizeof(*building->data));
    for (unsigned i = 0; i < code->k; i++)
        building->data[code->s + i] = building->unit + code->k - i;
    memset(plan->dense, 0, code->l * plan->dense_stride);
    wzp_raptorq_apply(&plan->solver, plan->kernel, plan->gf, building->data, plan->dense, plan->dense_stride,
                      code->k, building->scratch);
}

struct wzp_raptorq_plan *wzp_raptorq_plan_init(void *memory, unsigned k)
{
    struct wzp_raptorq_memory from = {.base = wzp_raptorq_align(memory)};
    struct wzp_raptorq_code code = wzp_raptorq_code_of(k);
    struct wzp_raptorq_plan made = {.gf = wzp_gf256_best(), .kernel = wzp_raptorq_kernel_best()};
    made.limits = wzp_raptorq_limits_of(made.gf);
    struct building building = {0};
    struct wzp_raptorq_plan *plan = lay_out(&from, &code, &made, &building);
    *plan = made;
    for (uint32_t c = 0; c < code.k_prime + code.s - 1; c++)
        building.pairs[c] = wzp_raptorq_hdpc(&code, c);
    write_rows(plan, &building);
    /* The table of systematic indices is made so that this works; the tests do it for every row of it. */
    WZP_CHECK(wzp_raptorq_solve(&plan->solver, plan->gf));
    if (building.unit != NULL)
        write_dense(plan, &building);
    return plan;
}

struct wzp_raptorq_row wzp_raptorq_row_of(const struct wzp_raptorq_code *code, uint32_t isi,
                                          uint16_t *columns)
{
    uint16_t found[WZP_RAPTORQ_COLUMNS_MAX];
    unsigned count = wzp_raptorq_columns(code, isi, found), active = count;
    memcpy(columns, found, count * sizeof(*found));
    while (columns[active - 1] >= code->w)
        active--;
    return (struct wzp_raptorq_row){columns, (uint16_t)active, (uint16_t)count};
}

void wzp_raptorq_coefficients(const struct wzp_raptorq_plan *plan, uint32_t esi, uint8_t *out)
{
    uint16_t columns[WZP_RAPTORQ_COLUMNS_MAX];
    unsigned count = wzp_raptorq_columns(&plan->code, wzp_raptorq_isi(&plan->code, esi), columns);
    plan->kernel->gather(out, NULL, plan->dense, plan->dense_stride, columns, count, plan->dense_stride);
}

bool wzp_raptorq_reduce(const struct wzp_gf256 *gf, uint8_t *rows, size_t stride, unsigned row_count,
                        const uint16_t *lost, unsigned lost_count, uint8_t **chosen)
{
    for (unsigned i = 0; i < row_count; i++)
        chosen[i] = rows + i * stride;
    for (unsigned i = 0; i < lost_count; i++) {
        unsigned r = i;
        while (r < row_count && chosen[r][lost[i]] == 0)
            r++;
        if (r == row_count)
            return false;
        uint8_t *pivot = chosen[r];
        chosen[r] = chosen[i];
        chosen[i] = pivot;
        if (pivot[lost[i]] != 1)
            gf->scale(pivot, wzp_gf256_inverse(pivot[lost[i]]), stride);
        for (r = 0; r < row_count; r++)
            if (r != i && chosen[r][lost[i]] != 0)
                gf->mul_add(chosen[r], pivot, chosen[r][lost[i]], stride);
    }
    return true;
}
