// SPDX-License-Identifier: Apache-2.0
/*
 * What must stay small, watched in every world from outside: at every line that is one sender's own, where
 * reports come to an estimator and frames go into a session's queue (the linker wraps wzp_estimate_on_report
 * and send_queue_push), and every half second in what relay and clients count.
 *
 * The run fails when
 * - who lets `ours` estimate, and is told of it, gives its line more than that carries, or keeps a queue
 *   standing in front of it, for long (sim/line_watch.h); so the relay, where all who speak do. Where a rate
 *   was told, which stands in place of what is measured, this is not asked;
 * - a session's queue holds more bytes than it was given;
 * - a node has more sessions, or a relay more handshakes or rooms, than it was made for; or a relay more
 *   sessions or members than people can have made who were there within the idle timeout;
 * - a listener means to hold a speaker back for longer than its playout_max.
 *
 * Law: it looks and changes nothing; the trace hash is the same with and without. Not watched: lines that are
 * traces or slots, downlinks that many senders share. Memory taken late is the net's own law (sim/net.h).
 */
#ifndef WZP_SIM_BOUNDS_H
#define WZP_SIM_BOUNDS_H

#include "sim/person.h"

struct sim_bounds;

/* One world at a time, as of sim/laws.h. */
struct sim_bounds *sim_bounds_create(struct sim_net *net, struct sim_crowd *crowd);
void sim_bounds_destroy(struct sim_bounds *bounds);
/* Is what is counted within its bounds now? Else a violation of the world. To be asked as time goes on. */
void sim_bounds_audit(struct sim_bounds *bounds);

#endif
