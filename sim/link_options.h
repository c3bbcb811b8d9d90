// SPDX-License-Identifier: Apache-2.0
/*
 * The link's models as the value of one option each, for wzp-shim: `parse` of struct wzp_option. Numbers that
 * belong together are joined by commas, in the order that tc takes them. docs/running.md.
 */
#ifndef WZP_SIM_LINK_OPTIONS_H
#define WZP_SIM_LINK_OPTIONS_H

#include "run/options.h"

/* "gemodel,P[,R[,1-H[,1-K]]]" or "state,P13[,P31[,P32[,P23[,P14]]]]", shares; target: struct sim_loss_model.
 */
const char *sim_option_loss_model(const struct wzp_option *option, const char *text);
/* A name; target: enum sim_delay_kind. */
const char *sim_option_distribution(const struct wzp_option *option, const char *text);
/* "TARGET[,INTERVAL]" and "MIN[,MAX]", times; target: the first of the two in struct sim_line_model. */
const char *sim_option_codel(const struct wzp_option *option, const char *text);
const char *sim_option_slot(const struct wzp_option *option, const char *text);
/* A file; target: const struct sim_trace *. */
const char *sim_option_trace(const struct wzp_option *option, const char *text);

#endif
