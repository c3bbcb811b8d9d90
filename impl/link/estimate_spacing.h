// SPDX-License-Identifier: Apache-2.0
/*
 * Did what was lost use the line? Told by the times between arrivals, for link/estimate_ours.c; private to
 * it.
 *
 * What is lost behind the queue has taken its time on the line, and what arrives next comes later by that.
 * What a full queue drops has not: however much more is sent than the line carries, the rest arrives in the
 * same time as if that had never left. So the time between two arrivals is, on average, a of each byte that
 * arrived and b of each that did not: b is a where loss does not depend on what is sent, whatever the pattern
 * of sending, and 0 where all loss is a queue's that is never empty.
 *
 * Jitter longer than the queue hides that for as long as an overload may last. The times at which the same
 * two left know no jitter, and where a queue is always full they go by what arrived just the same: what left
 * in them is as much as the line took, whatever was sent. So both are looked at, and the less is believed. As
 * times of leaving tell nothing where packets leave evenly, there is link/estimate_turns.h as well.
 *
 * An outage is neither: it loses all that was sent, at whatever rate that was, and one alone would outweigh
 * all other gaps. What lies between two arrivals counts only with up to 24 losses, whatever the time.
 *
 * Law: 1 until b is less than a by three standard errors, and by a fifth of a, then b / a, never outside 0 to
 * 1; by the times of leaving it takes more errors, the fewer arrivals there are. Least squares, weighted for
 * gaps that are sums of as many as packets left, that forget in 100 arrivals or 1.5 s, and all at the first
 * loss behind 30 arrivals without one: repair for it makes what is sent another.
 */
#ifndef WZP_LINK_ESTIMATE_SPACING_H
#define WZP_LINK_ESTIMATE_SPACING_H

#include "link/estimate_state.h"

/* `sample` is the next one after `before`. */
void wzp_estimate_space(struct wzp_estimate_spacing *spacing, const struct wzp_estimate_sample *before,
                        const struct wzp_estimate_sample *sample);

/* The share of what was lost that the line carried all the same. */
double wzp_estimate_used(const struct wzp_estimate_spacing *spacing);

#endif
