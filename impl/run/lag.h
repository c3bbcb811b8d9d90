// SPDX-License-Identifier: Apache-2.0
/*
 * How late a speaker's sound was, in numbers of fixed size: a histogram in steps of 2 ms, 2 s to each side of
 * the first value.
 *
 * Law: a quantile (nearest rank) is at most 2 ms below the exact one, unless values lie 2 s from the first,
 * which count as the outermost step.
 */
#ifndef WZP_RUN_LAG_H
#define WZP_RUN_LAG_H

#include <stdint.h>

#define WZP_LAG_STEPS 2048

struct wzp_lag {
    int64_t first_ns; /* of step 0 */
    uint64_t count;
    uint32_t step[WZP_LAG_STEPS];
};

/* Zeroed memory is an empty one. The value may be negative. */
void wzp_lag_add(struct wzp_lag *lag, int64_t value_ns);
/* In ms; NAN when it is empty. `q` is within 0..1. */
double wzp_lag_quantile_ms(const struct wzp_lag *lag, double q);

#endif
