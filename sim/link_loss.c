// SPDX-License-Identifier: Apache-2.0
#include "sim/link_loss.h"

#include <string.h>

static bool is_share(double value)
{
    return value >= 0 && value <= 1; /* false for NaN */
}

const char *sim_loss_check(const struct sim_loss_model *model, double loss, double burst)
{
    const double *v = model->value;
    for (size_t i = 0; i < SIM_LOSS_VALUES; i++)
        if (!is_share(v[i]))
            return "a probability of the loss model must be within 0..1";
    if (!(model->correlation >= 0 && model->correlation < 1))
        return "loss_correlation must be at least 0 and below 1";
    if (model->correlation > 0 && (model->kind != SIM_LOSS_RANDOM || burst > 1))
        return "loss_correlation goes with loss alone: burst and other loss models say it themselves";
    if (model->kind > SIM_LOSS_RANDOM && (loss > 0 || burst > 1))
        return "loss must not be given beside gemodel, state or loss_trace, nor burst";
    if (model->kind == SIM_LOSS_STATE && v[2] + v[1] > 1)
        return "state: p31 + p32 must not exceed 1";
    if (model->kind == SIM_LOSS_STATE && v[0] + v[4] > 1)
        return "state: p13 + p14 must not exceed 1";
    if (model->kind != SIM_LOSS_TRACE)
        return NULL;
    if (!model->pattern || model->pattern_len == 0 || strspn(model->pattern, "01") < model->pattern_len)
        return "loss_trace must be a text of 0 (arrives) and 1 (lost)";
    return NULL;
}

static bool gemodel(const double *v, struct sim_loss_state *state)
{
    bool is_bad = state->place == 1;
    if (wzp_rng_unit(&state->rng) < (is_bad ? v[1] : v[0]))
        state->place = !is_bad;
    return wzp_rng_unit(&state->rng) < (is_bad ? v[2] : v[3]);
}

static bool four_states(const double *v, struct sim_loss_state *state)
{
    enum { GAP, BURST, LOST_IN_BURST, LOST_ALONE };
    double draw = wzp_rng_unit(&state->rng);
    switch (state->place) {
    case GAP:
        state->place = draw < v[4] ? LOST_ALONE : draw < v[4] + v[0] ? LOST_IN_BURST : GAP;
        break;
    case BURST:
        state->place = draw < v[3] ? LOST_IN_BURST : BURST;
        break;
    case LOST_IN_BURST:
        state->place = draw < v[2] ? BURST : draw < v[2] + v[1] ? GAP : LOST_IN_BURST;
        break;
    default:
        state->place = GAP;
        break;
    }
    return state->place >= LOST_IN_BURST;
}

bool sim_loss_next(const struct sim_loss_model *model, struct sim_loss_state *state, double loss, double draw)
{
    switch (model->kind) {
    case SIM_LOSS_GEMODEL:
        return gemodel(model->value, state);
    case SIM_LOSS_STATE:
        return four_states(model->value, state);
    case SIM_LOSS_TRACE:
        state->next %= model->pattern_len; /* it may have been exchanged for a shorter one */
        return model->pattern[state->next++] == '1';
    default:
        state->lost_last = draw < loss + model->correlation * ((state->lost_last ? 1 : 0) - loss);
        return state->lost_last;
    }
}
