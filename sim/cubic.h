// SPDX-License-Identifier: Apache-2.0
/*
 * Cross traffic: bulk data without end under CUBIC (RFC 9438), from a node of its own to a sink (sim/flow.h),
 * which acknowledges every packet. It is what TCP does to a line, not TCP: nothing is sealed, nothing is said
 * again (a lost packet's bytes are simply not counted), and the window counts packets of one size.
 *
 * Law: slow start until the first loss; cubic growth with C 0.4 and beta 0.7, never below what AIMD of the
 * same fairness would have (section 4.3), and fast convergence (4.7). A packet is lost when three later ones
 * were acknowledged, which lowers the window at most once a round trip; or when nothing was acknowledged for
 * a timeout (RFC 6298, at least 200 ms, doubled each time), after which slow start begins at one packet.
 */
#ifndef WZP_SIM_CUBIC_H
#define WZP_SIM_CUBIC_H

#include "sim/flow.h"

#define SIM_CUBIC_PACKET_MIN 100 /* bytes of IP */
#define SIM_CUBIC_PACKET_MAX 1500

struct sim_cubic;

struct sim_cubic_config {
    uint32_t packet; /* bytes of IP */
    int64_t start_ns, stop_ns;
    struct sim_link_params up, down; /* its own access */
};

struct sim_cubic *sim_cubic_create(struct sim_sink *sink, const char *name,
                                   const struct sim_cubic_config *config);
void sim_cubic_destroy(struct sim_cubic *cubic);
/* Bytes that arrived at the sink, each packet once, 28 of headers counted. */
const struct sim_meter *sim_cubic_arrived(const struct sim_cubic *cubic);

struct sim_cubic_counts {
    uint64_t sent, lost, reductions, timeouts;
};
const struct sim_cubic_counts *sim_cubic_counts(const struct sim_cubic *cubic);

#endif
