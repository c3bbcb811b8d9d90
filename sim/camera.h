// SPDX-License-Identifier: Apache-2.0
/* Test pictures (run/test_picture.h) beside a person's speech, at the simulator's time. Owned by its person.
 */
#ifndef WZP_SIM_CAMERA_H
#define WZP_SIM_CAMERA_H

#include "run/test_picture.h"

struct sim_person;

struct sim_camera {
    struct wzp_test_picture picture;
    bool has_timer;
    uint64_t min_bps, most_bps;
};

/* From now on, with other wishes if it runs; `most_bps` 0: off. */
void sim_camera_set(struct sim_person *person, uint64_t min_bps, uint64_t most_bps);

#endif
