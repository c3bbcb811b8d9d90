// SPDX-License-Identifier: Apache-2.0
/*
 * The links of a network from node to node, found by both ends: a relay has very many, everybody else one or
 * two.
 *
 * Law: finding and making take the same time however many there are; a link that was made stays where it is
 * until all are closed. Owns the links. docs/sim.md.
 */
#ifndef WZP_SIM_PATHS_H
#define WZP_SIM_PATHS_H

#include "sim/link.h"

struct sim_path {
    unsigned from, to;
    struct sim_link link;
};

/* All zero: none yet. */
struct sim_paths {
    struct sim_path **place; /* open addressing; NULL: free */
    size_t count, capacity;
};

/* NULL: there is none. */
struct sim_path *sim_paths_find(const struct sim_paths *paths, unsigned from, unsigned to);
/* The one there is, or a new one whose link was not made yet. */
struct sim_path *sim_paths_make(struct sim_paths *paths, unsigned from, unsigned to);
void sim_paths_close(struct sim_paths *paths);

#endif
