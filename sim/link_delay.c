// SPDX-License-Identifier: Apache-2.0
#include "sim/link_delay.h"

#include <math.h>
#include <stddef.h>

#include "sim/link_math.h"

#define CUT        4.0     /* netem's tables hold 16 bits, 8192 to a unit */
#define HALF_A_LOT 0x1p-54 /* lots are multiples of 2^-53: no lot is at an end of 0..1 */

static bool is_correlation(double value)
{
    return value >= 0 && value < 1; /* false for NaN */
}

const char *sim_delay_check(const struct sim_delay_model *model)
{
    if (!is_correlation(model->correlation))
        return "delay_correlation must be at least 0 and below 1";
    if (model->correlation > 0 && model->kind == SIM_DELAY_ABOVE)
        return "delay_correlation needs a distribution: uniform, normal, pareto or paretonormal";
    if (!(model->reorder_share >= 0 && model->reorder_share <= 1))
        return "reorder must be within 0..1 (0 % to 100 %)";
    if (!is_correlation(model->reorder_correlation))
        return "reorder_correlation must be at least 0 and below 1";
    if (model->gap > 0 && model->reorder_share == 0)
        return "gap needs a share to reorder";
    return NULL;
}

static double normal(double z)
{
    return z < -CUT ? -CUT : z > CUT ? CUT : z;
}

static double pareto(double u)
{
    double above = 1 - u < 1e-9 ? 1e-9 : 1 - u;
    double x = (sim_exp(-sim_ln(above) / 3) - 1.5) * 4 / 3;
    return x > CUT ? CUT : x;
}

static double shape(enum sim_delay_kind kind, double u, double z)
{
    switch (kind) {
    case SIM_DELAY_NORMAL:
        return normal(z);
    case SIM_DELAY_PARETO:
        return pareto(u);
    case SIM_DELAY_PARETONORMAL:
        return 0.25 * normal(z) + 0.75 * pareto(u);
    default:
        return 2 * u - 1;
    }
}

double sim_delay_quantile(enum sim_delay_kind kind, double u)
{
    double inside = u < HALF_A_LOT ? HALF_A_LOT : u > 1 - 0x1p-53 ? 1 - 0x1p-53 : u;
    return shape(kind, inside, sim_normal_quantile(inside));
}

int64_t sim_delay_next(const struct sim_delay_model *model, struct sim_delay_state *state, int64_t delay_ns,
                       int64_t jitter_ns, double draw)
{
    double u = draw + HALF_A_LOT < 1 ? draw + HALF_A_LOT : draw, q;
    if (model->correlation > 0) {
        double rho = model->correlation, z = sim_normal_quantile(u);
        if (state->is_started)
            z = rho * state->last + sqrt(1 - rho * rho) * z;
        state->is_started = true;
        state->last = z;
        q = shape(model->kind, sim_normal_share(z), z);
    } else {
        q = sim_delay_quantile(model->kind, u);
    }
    int64_t ns = delay_ns + (int64_t)(q * (double)jitter_ns);
    return ns > 0 ? ns : 0;
}

bool sim_delay_skips(const struct sim_delay_model *model, struct sim_delay_state *state)
{
    double share = model->reorder_share, draw = wzp_rng_unit(&state->rng);
    if (model->gap > 1 && state->since < model->gap - 1) {
        state->since++;
        return false;
    }
    state->skipped_last = draw < share + model->reorder_correlation * ((state->skipped_last ? 1 : 0) - share);
    state->since = state->skipped_last ? 0 : state->since;
    return state->skipped_last;
}
