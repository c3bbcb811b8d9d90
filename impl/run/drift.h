// SPDX-License-Identifier: Apache-2.0
/*
 * By how much a speaker's clock, which its timestamps tell, is fast against ours: the slope of the smallest
 * transit over time, which the jitter buffer knows (media/jitter.h).
 *
 * Law: one value a second counts, from 10 s after the first on, when the smallest transit has settled; a
 * straight line is laid through all of them (least squares). A step of more than 5 ms between two of them is
 * another path, no clock: it is taken out. Nothing is told before 30 s. So with a steady path of uniform
 * jitter J the error is below 10 ppm after a minute for J up to 40 ms.
 */
#ifndef WZP_RUN_DRIFT_H
#define WZP_RUN_DRIFT_H

#include <stdbool.h>
#include <stdint.h>

/* Zeroed memory is one that was told nothing. */
struct wzp_drift {
    int64_t first_ns, next_ns;  /* of the values that count; 0 before the first */
    int64_t last_ns;            /* transit */
    double shift_s;             /* of steps that were taken out */
    double count, t, y, tt, ty; /* sums; seconds */
};

/* Is a value wanted? */
bool wzp_drift_is_due(const struct wzp_drift *drift, int64_t now_ns);
/* The smallest transit now: our clock at an arrival less the speaker's timestamp, any constant beside. */
void wzp_drift_add(struct wzp_drift *drift, int64_t now_ns, int64_t transit_ns);
/* Above 0: the speaker's clock is fast. NAN: not known yet. */
double wzp_drift_ppm(const struct wzp_drift *drift);

#endif
