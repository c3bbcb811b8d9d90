// SPDX-License-Identifier: Apache-2.0
/*
 * Two results side by side: what differs, member by member and pair by pair, and which way it went.
 *
 * Law: a result compared with itself differs in nothing; members, pairs and judges are matched by name; who
 * is in one alone is said to be; equal input gives equal bytes.
 */
#ifndef WZP_SIM_COMPARE_H
#define WZP_SIM_COMPARE_H

#include <stdio.h>

#include "sim/json_read.h"

/* A table for a terminal, or a page; gives how many rows differ. */
size_t sim_compare_print(const struct sim_json *a, const struct sim_json *b, FILE *out);
size_t sim_compare_page(const struct sim_json *a, const struct sim_json *b, FILE *out);

/* wzp-sim compare A.json B.json [--out FILE.html]; the status to end with. */
int sim_compare_command(int argc, char **argv);

#endif
