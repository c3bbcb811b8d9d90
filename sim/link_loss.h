// SPDX-License-Identifier: Apache-2.0
/*
 * Which packets a link loses, beyond the one law of sim/link.h: the models of tc netem, by the same names and
 * the same parameters (tc-netem(8); Salsano et al., "Definition of a general and intuitive loss model for
 * packet networks and its implementation in the Netem module", 2012).
 *
 * Law, per packet that reaches the loss stage:
 *   random    each lost with probability `loss`; the lots of neighbours correlate by `correlation` (a
 *             two-state chain with that lag-1 correlation and the share `loss`)
 *   gemodel   value = p, r, 1-h, 1-k: Gilbert and Elliott. good to bad with p, bad to good with r; lost with
 *             1-h in the bad state and 1-k in the good one; the packet meets the state before the step.
 *             Share lost: (p (1-h) + r (1-k)) / (p + r)
 *   state     value = p13, p31, p32, p23, p14: 1 received in a gap, 2 received in a burst, 3 lost in a burst,
 *             4 lost alone; the packet meets the state after the step. Share lost, in terms of state 1:
 *             (p13/p31 + p14) / (1 + p13/p31 (1 + p32/p23) + p14)
 *   trace     packet k is lost when character k of `pattern` is '1'; it repeats
 * gemodel and state begin in the good state, as netem does. Does not: own the pattern.
 */
#ifndef WZP_SIM_LINK_LOSS_H
#define WZP_SIM_LINK_LOSS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/rng.h"

enum sim_loss_kind {
    SIM_LOSS_BURST, /* loss and burst, sim/link.h */
    SIM_LOSS_RANDOM,
    SIM_LOSS_GEMODEL,
    SIM_LOSS_STATE,
    SIM_LOSS_TRACE,
};

#define SIM_LOSS_VALUES 5

struct sim_loss_model {
    enum sim_loss_kind kind;
    double value[SIM_LOSS_VALUES];
    double correlation;  /* random: 0..1, not 1 */
    const char *pattern; /* trace: '0' and '1'; outlives the link */
    size_t pattern_len;
};

struct sim_loss_state {
    struct wzp_rng rng;
    unsigned place; /* gemodel: 1 = bad; state: 0..3 */
    bool lost_last;
    size_t next; /* of the pattern */
};

/* NULL, or what is wrong. `loss` and `burst` are those of the link. */
const char *sim_loss_check(const struct sim_loss_model *model, double loss, double burst);
/* Is the next packet lost? For every kind but SIM_LOSS_BURST. `draw` is the link's own lot of this packet. */
bool sim_loss_next(const struct sim_loss_model *model, struct sim_loss_state *state, double loss,
                   double draw);

#endif
