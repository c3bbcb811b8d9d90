// SPDX-License-Identifier: Apache-2.0
/*
 * A rate to plan for, out of one that is estimated anew many times a second: a large fall counts at once, a
 * small one and a rise once they have lasted, and noise does not count.
 *
 * Law: what is heeded is never above the newest estimate by more than a third of that; it is changed by an
 * estimate that is less than three quarters of it at once, and by those that are all below 7/8 or all above
 * 5/4 of it for WZP_STEADY_NS, or all above 17/16 for WZP_STEADY_MORE_NS, to the one of them that is nearest.
 * 0 means no bound and counts at once both ways. The caller's struct, no clock. Not here: the estimate
 * (link/estimate.h).
 */
#ifndef WZP_MEDIA_STEADY_H
#define WZP_MEDIA_STEADY_H

#include <stdbool.h>
#include <stdint.h>

#define WZP_STEADY_NS      INT64_C(2000000000)
#define WZP_STEADY_MORE_NS INT64_C(8000000000)

struct wzp_steady {
    uint64_t bps;         /* heeded; 0: no bound, or none told yet */
    uint64_t nearest_bps; /* to it, since ... */
    int64_t since_ns;     /* ... estimates are far from it */
    uint64_t more_bps;    /* least of those that are a little above it; 0: the newest is not */
    int64_t more_since_ns;
    int off; /* -1: below, 1: above, 0: they are not */
};

void wzp_steady_init(struct wzp_steady *steady);
/* What to plan for. `now_ns` must not fall. */
uint64_t wzp_steady_heed(struct wzp_steady *steady, uint64_t bps, int64_t now_ns);

#endif
