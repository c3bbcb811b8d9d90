// SPDX-License-Identifier: Apache-2.0
/*
 * A scenario's links as commands for tc(8), for a kernel that has netem: one device for each direction of a
 * person's access, named after it, such as anna-up and anna-down.
 *
 * Law: what netem can say is said by its own words; what it cannot is a line that begins with
 * "# not in netem: "; a line "# model: " says what the link itself does to SIM_TC_PACKETS packets, to compare
 * with. The links are those at the first w:run. Does not: run anything, or make devices.
 */
#ifndef WZP_SIM_TC_H
#define WZP_SIM_TC_H

#include <stdio.h>

#include "sim/link.h"

#define SIM_TC_PACKETS    10000
#define SIM_TC_PAYLOAD    100 /* bytes of UDP */
#define SIM_TC_EVERY_NS   INT64_C(2000000)
#define SIM_TC_DEVICE_MAX 16 /* with NUL: IFNAMSIZ */

/* The device of a direction ("up", "down") of a person; letters that devices do not have become '-'. */
void sim_tc_device(const char *person, const char *direction, char out[SIM_TC_DEVICE_MAX]);
void sim_tc_link(FILE *out, const char *device, const struct sim_link_params *params, uint64_t seed);

#endif
