// SPDX-License-Identifier: Apache-2.0
/*
 * How long a packet is under way, beyond delay and uniform jitter of sim/link.h: the distributions and the
 * reordering of tc netem (tc-netem(8)).
 *
 * Law, with a distribution: the delay is delay + jitter Q(u), never below 0, with u uniform in (0, 1) and
 *   uniform       Q(u) = 2 u - 1
 *   normal        Q(u) = the normal quantile, cut at -4 and 4
 *   pareto        Q(u) = 4/3 ((1 - u)^(-1/3) - 3/2), cut at 4: what netem's table of that name holds
 *   paretonormal  Q(u) = 1/4 normal + 3/4 pareto
 * The u of neighbours come from one Gaussian chain with the lag-1 correlation `correlation`: the distribution
 * itself stays what it is (netem's own blend narrows it). For `normal` the delays correlate by just that.
 *   reorder_share  of the packets of which `gap` - 1 were delayed since the last such, that share skips all
 *                  delay, and so overtakes; their lots correlate by `reorder_correlation`
 * Draws one lot of the link a packet, and one of a stream of its own where there is a reorder_share.
 */
#ifndef WZP_SIM_LINK_DELAY_H
#define WZP_SIM_LINK_DELAY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/rng.h"

enum sim_delay_kind {
    SIM_DELAY_ABOVE, /* uniform in 0..jitter on top, sim/link.h */
    SIM_DELAY_UNIFORM,
    SIM_DELAY_NORMAL,
    SIM_DELAY_PARETO,
    SIM_DELAY_PARETONORMAL,
};

struct sim_delay_model {
    enum sim_delay_kind kind;
    double correlation;                        /* 0..1, not 1 */
    double reorder_share, reorder_correlation; /* 0..1; the correlation is not 1 */
    uint32_t gap;                              /* 0 and 1: any packet may skip */
};

struct sim_delay_state {
    struct wzp_rng rng; /* of skipping */
    double last;        /* of the Gaussian chain */
    bool is_started, skipped_last;
    uint32_t since; /* packets since the last that skipped */
};

const char *sim_delay_check(const struct sim_delay_model *model);
/* In units of the jitter; u in 0..1. */
double sim_delay_quantile(enum sim_delay_kind kind, double u);
/* For every kind but SIM_DELAY_ABOVE. `draw` is the link's own lot of this packet, 0 <= draw < 1. */
int64_t sim_delay_next(const struct sim_delay_model *model, struct sim_delay_state *state, int64_t delay_ns,
                       int64_t jitter_ns, double draw);
/* Does this packet skip its delay? Only to be asked where there is a reorder_share. */
bool sim_delay_skips(const struct sim_delay_model *model, struct sim_delay_state *state);

#endif
