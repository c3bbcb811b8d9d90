// SPDX-License-Identifier: Apache-2.0
/*
 * What must never happen between people, watched in every world from outside: at the seam where media are
 * sealed, where sessions hand over what came, and where it is opened (the linker wraps wzp_media_seal,
 * wzp_endpoint_poll and wzp_sender_keys_open), and at every datagram.
 *
 * The run fails when
 * - media arrive with somebody that nobody sealed, of another room, or back with who sealed them;
 * - a relay takes media of another relay's room (rooms of one name on two relays are two rooms), or somebody
 * is told of a member of another room (sim/person.c sees that);
 * - a relay takes, or a process opens, the same media twice: a replay;
 * - a process opens what was sealed before it began, or after its person left;
 * - a speaker goes on with a key that somebody holds of whom it was told 100 ms ago that he left;
 * - a client sends more in some 500 ms than its max-rate allows;
 * - a relay goes on sending to who said goodbye, after it told the others that he left;
 * - packets are made or lost by nobody: on every link and in the whole world what was sent is delivered, lost
 *   for a reason, or under way.
 *
 * Law: it looks and changes nothing; the trace hash is the same with and without. Owns what it remembers:
 * media of the last one to two minutes.
 */
#ifndef WZP_SIM_LAWS_H
#define WZP_SIM_LAWS_H

#include "sim/person.h"

struct sim_laws;

/* One world at a time, as of sim/watch.h. */
struct sim_laws *sim_laws_create(struct sim_net *net, struct sim_crowd *crowd);
void sim_laws_destroy(struct sim_laws *laws);
/* Does the account of packets hold now? A violation of the world when not. */
void sim_laws_audit(const struct sim_laws *laws);

#endif
