// SPDX-License-Identifier: Apache-2.0
/*
 * Did what was lost use the line? Told by the order of what came and what was lost, for link/estimate_ours.c;
 * private to it. It looks at no times of arrival, so that jitter hides nothing, and it sees what
 * link/estimate_spacing.h does not: a queue that overflows although packets leave evenly.
 *
 * A queue that overflows takes turns: behind a packet that it took it is full, behind some that it dropped it
 * has room. So a packet is lost the likelier the more of those just before it arrived; where none of these
 * did, it is lost only as likely as behind the queue. Loss that does not depend on what is sent knows no
 * turns, that in runs has their opposite. Slow changes of loss or rate are no turns: what counts is the
 * distance of both from their means of late.
 *
 * Law: 1 until the slope of loss over what just arrived is above 0 by three standard errors, then
 * the share of loss that it leaves where nothing just arrived, never outside 0 to 1. Least squares that
 * forget in 3 s.
 */
#ifndef WZP_LINK_ESTIMATE_TURNS_H
#define WZP_LINK_ESTIMATE_TURNS_H

#include "link/estimate_state.h"

/* Of the packets between `before` and `sample`, the next one, and of that one. */
void wzp_estimate_take_turns(struct wzp_estimate_turns *turns, const struct wzp_estimate_sample *before,
                             const struct wzp_estimate_sample *sample);

/* The share of what was lost that the line carried all the same; `errors` as in link/estimate_spacing.h. */
double wzp_estimate_used_in_turn(const struct wzp_estimate_turns *turns, double errors);

#endif
