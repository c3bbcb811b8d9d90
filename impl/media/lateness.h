// SPDX-License-Identifier: Apache-2.0
/*
 * How late packets come: a distribution in steps of 1 ms that forgets.
 *
 * Laws: the newest packet weighs 2^-forget_shift more than the one before it, so what is 2^forget_shift
 * packets old counts 1/e; `quantile` is the smallest lateness that at most a share of the weight is above;
 * `extreme` is never below the same quantile, and equal to it where the tail above 1 % is empty. Integers
 * only.
 *
 * Owns its bytes: one fixed struct. Work per call is bounded by the number of steps.
 *
 * Not here: what a packet is late against, and who waits how long for it (media/jitter.h). Chapter:
 * docs/audio.md; the tail is extrapolated by peaks over a threshold (Pickands 1975) with an exponential
 * excess.
 */
#ifndef WZP_MEDIA_LATENESS_H
#define WZP_MEDIA_LATENESS_H

#include <stdint.h>

#define WZP_LATENESS_MS_MAX 1500 /* what is later counts as this late */

struct wzp_lateness {
    uint32_t weights[WZP_LATENESS_MS_MAX + 1]; /* of packets, by lateness */
    uint32_t top;                              /* no step above it holds anything */
    uint32_t sum;
    uint32_t weight; /* of the next packet */
    uint32_t count;  /* packets since init, up to UINT32_MAX */
    unsigned forget_shift;
};

/* `forget_shift`: 1..10. */
void wzp_lateness_init(struct wzp_lateness *lateness, unsigned forget_shift);

void wzp_lateness_add(struct wzp_lateness *lateness, uint32_t late_ms);

/* That against which packets are late has moved: each is `ms` less late than thought. */
void wzp_lateness_lower(struct wzp_lateness *lateness, uint32_t ms);

/* What is known counts a sixteenth from now on. */
void wzp_lateness_doubt(struct wzp_lateness *lateness);

/* In ms; 0 when nothing is known. */
uint32_t wzp_lateness_quantile(const struct wzp_lateness *lateness, uint32_t share_ppm);

/*
 * The lateness that a share (below 1 %) of all packets will be above, although fewer packets were seen than
 * it takes to see one of them: above the 99th percentile the excess is taken to be exponential.
 */
uint32_t wzp_lateness_extreme(const struct wzp_lateness *lateness, uint32_t share_ppm);

#endif
