// SPDX-License-Identifier: Apache-2.0
/*
 * A picture beside speech: a synthetic encoder on a person's own call, at the rate that the split of its path
 * leaves to pictures (call/video.h). What it makes holds nothing but its size.
 *
 * Law: every 33 1/3 ms it makes a frame of as many bits as its call says then, headers counted, cut into
 * packets of SIM_CAMERA_PACKET at most; what is less than a packet of a tenth of a second is carried over to
 * the next, so that it is never ahead of that rate by more than a frame. Owned by its person.
 */
#ifndef WZP_SIM_CAMERA_H
#define WZP_SIM_CAMERA_H

#include <stdbool.h>
#include <stdint.h>

#define SIM_CAMERA_PACKET 1000 /* bytes of IP */

struct sim_person;

struct sim_camera {
    bool is_on, has_timer;
    uint64_t min_bps, most_bps;
    uint64_t credit; /* bytes of IP that were not yet sent */
    uint64_t frames;
    uint64_t packets, refused; /* offered to the call; not taken by it */
};

/* From now on, with other wishes if it runs; `most_bps` 0: off. */
void sim_camera_set(struct sim_person *person, uint64_t min_bps, uint64_t most_bps);

#endif
