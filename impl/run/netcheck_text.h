// SPDX-License-Identifier: Apache-2.0
/*
 * What a network check found, for people and for programs: a table, a verdict in words that need no engineer,
 * and one JSON object.
 *
 * Law: the verdict says what a call's own plan says (media/plan.h) and no more; what is not known is said to
 * be unknown, in the table "-", in JSON null. Does not: measure, open files.
 */
#ifndef WZP_RUN_NETCHECK_TEXT_H
#define WZP_RUN_NETCHECK_TEXT_H

#include "call/netcheck.h"
#include "run/json.h"

#define WZP_NETCHECK_LINE_MAX    512
#define WZP_NETCHECK_VERDICT_MAX 4 /* lines */

struct wzp_netcheck_verdict {
    char line[WZP_NETCHECK_VERDICT_MAX][WZP_NETCHECK_LINE_MAX]; /* sentences; "" ends them */
};

struct wzp_netcheck_verdict wzp_netcheck_verdict(const struct wzp_netcheck_result *result,
                                                 const struct wzp_plan *plan);

void wzp_netcheck_print(FILE *out, const struct wzp_netcheck_result *result, const struct wzp_plan *plan);
/* One object; `relay` is its address. */
void wzp_netcheck_json(struct wzp_json *json, const char *relay, const struct wzp_netcheck_result *result,
                       const struct wzp_plan *plan);

/* "812 kbit/s", "4.93 Mbit/s". */
#define WZP_RATE_TEXT_MAX 24
void wzp_rate_format(uint64_t bps, char out[static WZP_RATE_TEXT_MAX]);

#endif
