// SPDX-License-Identifier: Apache-2.0
/*
 * Shares of loss and what chance explains of them, for link/estimate_ours.c; private to it. Losses come in
 * runs, so that packets tell less than if each were lost alone: by a factor of twice the mean run, in those
 * runs that chance alone would make, less one.
 */
#ifndef WZP_LINK_ESTIMATE_LOSS_H
#define WZP_LINK_ESTIMATE_LOSS_H

#include "link/estimate_state.h"

#define WZP_ESTIMATE_LOSS_PACKETS 20 /* fewer tell no share */

void wzp_estimate_add(struct wzp_estimate_tally *tally, const struct wzp_estimate_sample *sample);

/* Lost of those that were told; 0 of none. */
double wzp_estimate_share(const struct wzp_estimate_tally *tally);

/* The handshake's, or less: of its packets and of those since that met no queue. */
double wzp_estimate_expected(const struct wzp_estimate_loss *loss);

/* More than the random share, by more than chance explains. */
bool wzp_estimate_is_more(const struct wzp_estimate_loss *loss, const struct wzp_estimate_tally *tally);

/* More is lost where a queue stands: it overflows. */
bool wzp_estimate_overflows(const struct wzp_estimate_loss *loss);

/* What may be called random: loss where no queue stood, as well as that is known. */
double wzp_estimate_random_most(const struct wzp_estimate_loss *loss);

#endif
