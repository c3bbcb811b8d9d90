// SPDX-License-Identifier: Apache-2.0
/*
 * The measures of a result by name: where they stand in its JSON (docs/sim.md, section Measurements), and
 * which way is better.
 */
#ifndef WZP_SIM_METRIC_H
#define WZP_SIM_METRIC_H

#include "sim/json_read.h"

struct sim_metric {
    const char *name;
    const char *path; /* inside a member, or inside what it hears */
    bool is_of_pair;
    int better;   /* -1: less is, 1: more is, 0: neither */
    int decimals; /* as the JSON has */
};

#define SIM_METRICS 22
extern const struct sim_metric sim_metrics[SIM_METRICS];

/* NULL: there is none of that name. */
const struct sim_metric *sim_metric_find(const char *name);
/* How many members a result has, and what a member hears; read from the JSON. */
unsigned sim_metric_members(const struct sim_json *json);
unsigned sim_metric_hears(const struct sim_json *json, unsigned member);
/* Of one member, and of `hears` of it for a measure of pairs; NAN: not measured. */
double sim_metric_of(const struct sim_json *json, const struct sim_metric *metric, unsigned member,
                     unsigned hears);
/* The worst of all members or pairs (of what is neither, the most); NAN: not measured of anybody. */
double sim_metric_worst(const struct sim_json *json, const struct sim_metric *metric);
/* The middle one of the values that are not NAN, of an even number the mean of the two; NAN: there is none.
 * The values are left in another order. */
double sim_metric_median(double *values, size_t count);
/* Is it a result of wzp-sim: a scenario, a seed, members? Else `why`. */
bool sim_metric_is_result(const struct sim_json *json, const char **why);

#endif
