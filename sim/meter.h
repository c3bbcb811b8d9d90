// SPDX-License-Identifier: Apache-2.0
/*
 * What one direction of an access link was given to carry, packet by packet: mean rates between any two
 * times, and the largest sum in any window of a length.
 *
 * Law: exact over packets, not over a grid; equal to adding up all packets of every window by hand. Counted
 * as a router sees it, 28 bytes of header each, lost packets too. Owns 16 bytes of memory a packet until
 * deinit.
 */
#ifndef WZP_SIM_METER_H
#define WZP_SIM_METER_H

#include <stddef.h>
#include <stdint.h>

struct sim_meter_packet {
    int64_t at_ns;
    uint64_t sum; /* bytes of this packet and all before it */
};

struct sim_meter {
    struct sim_meter_packet *packet;
    size_t count, capacity;
};

void sim_meter_deinit(struct sim_meter *meter);
/* `at_ns` never goes back. */
void sim_meter_add(struct sim_meter *meter, int64_t at_ns, size_t bytes);
/* Bytes within [from_ns, until_ns). */
uint64_t sim_meter_bytes(const struct sim_meter *meter, int64_t from_ns, int64_t until_ns);
/* kbit/s over that time; NAN when it is empty. */
double sim_meter_kbps(const struct sim_meter *meter, int64_t from_ns, int64_t until_ns);
/* The same of the `window_ns` that carried most, wherever it begins. */
double sim_meter_peak_kbps(const struct sim_meter *meter, int64_t window_ns);

#endif
