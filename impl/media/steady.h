// SPDX-License-Identifier: Apache-2.0
/*
 * A rate to plan for, out of one that is estimated anew many times a second: a fall counts at once, a rise
 * once it has lasted, and noise does not count.
 *
 * Law: what is heeded is never above the newest estimate by more than 1/32 of itself; it rises by a tenth or
 * more, at most every WZP_STEADY_RISE_NS, to the least estimate of that time. 0 means no bound and counts at
 * once both ways. The caller's struct, no clock. Not here: the estimate (link/estimate.h).
 */
#ifndef WZP_MEDIA_STEADY_H
#define WZP_MEDIA_STEADY_H

#include <stdint.h>

#define WZP_STEADY_RISE_NS INT64_C(2000000000)

struct wzp_steady {
    uint64_t bps;        /* heeded; 0: no bound, or none told yet */
    uint64_t least_bps;  /* since ... */
    int64_t rises_since; /* ... the estimate is far above; INT64_MAX: it is not */
};

void wzp_steady_init(struct wzp_steady *steady);
/* What to plan for. `now_ns` must not fall. */
uint64_t wzp_steady_heed(struct wzp_steady *steady, uint64_t bps, int64_t now_ns);

#endif
