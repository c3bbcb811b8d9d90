// SPDX-License-Identifier: Apache-2.0
/*
 * A flood of spoofed datagrams at one node, from addresses of 11.0.0.0 to 126.255.255.255 where nobody is.
 *
 * Law: datagram i comes at from_ns + i / rate, for as long as the flood lasts; seed and parameters decide
 * every byte. A first message is one that the real code makes, but with an ephemeral key (32 random bytes)
 * and connection id of its own each time. Nothing ever answers. Owned by whoever creates it, and not to be
 * destroyed before its net has run to the flood's end or is destroyed. docs/sim.md.
 */
#ifndef WZP_SIM_FLOOD_H
#define WZP_SIM_FLOOD_H

#include "sim/net.h"

enum sim_flood_kind {
    SIM_FLOOD_INITIAL, /* well-formed first messages of XX */
    SIM_FLOOD_SHORT,   /* short packets of sessions that do not exist, 25 to 1200 bytes */
    SIM_FLOOD_RANDOM,  /* 1 to 1200 random bytes */
};

struct sim_flood_params {
    enum sim_flood_kind kind;
    uint64_t rate;    /* datagrams a second, 1..10^7 */
    uint64_t sources; /* different addresses; 0: each datagram has its own */
    int64_t from_ns, until_ns;
};

struct sim_flood;

struct sim_flood *sim_flood_create(struct sim_net *net, unsigned to, const struct sim_flood_params *params);
void sim_flood_destroy(struct sim_flood *flood);

#endif
