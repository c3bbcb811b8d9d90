// SPDX-License-Identifier: Apache-2.0
/*
 * Test pictures: a synthetic encoder that sends into a call, beside speech, at the rate that the split of the
 * path leaves to pictures (call/video.h). What it makes holds nothing but its size.
 *
 * Law: every 33 1/3 ms it makes a frame of as many bits as the call says then, headers counted, cut into
 * packets of WZP_TEST_PICTURE_PACKET at most and of a tenth of a second otherwise; what is less than a packet
 * is carried over, so that it is never ahead of that rate by more than a frame. No clock; the caller's
 * struct.
 */
#ifndef WZP_RUN_TEST_PICTURE_H
#define WZP_RUN_TEST_PICTURE_H

#include "call/video.h"

#define WZP_TEST_PICTURE_PACKET 1000 /* bytes of IP */

struct wzp_test_picture {
    bool is_on;
    uint64_t credit;                   /* bytes of IP that were not yet sent */
    uint64_t frames, packets, refused; /* refused: packets that the call did not take */
    int64_t start_ns;
};

/* Wishes of the call from now on, bits/s on the wire; `most_bps` 0: none. */
void wzp_test_picture_set(struct wzp_test_picture *picture, struct wzp_call *call, uint64_t min_bps,
                          uint64_t most_bps, int64_t now_ns);
/* WZP_NEVER while it is off. */
int64_t wzp_test_picture_next_at(const struct wzp_test_picture *picture);
void wzp_test_picture_advance(struct wzp_test_picture *picture, struct wzp_call *call, int64_t now_ns);

#endif
