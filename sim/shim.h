// SPDX-License-Identifier: Apache-2.0
/*
 * A bad network between real processes: takes datagrams from any number of clients, does to them what
 * sim/link.h says, and hands them to one server, and back. A node that run/loop.h carries, with one further
 * socket a client, so that the server sees each client at an address of its own.
 *
 * Law: it is the simulator's link law, by the real clock: a datagram leaves at its time or up to a
 * millisecond later (the loop's timer), never earlier. Each client has its own two links; their luck depends
 * on the seed, the client's number (0, 1, 2 ... as they first spoke) and the direction alone. A door is a
 * further socket with links and luck of its own, for clients that are told apart by where they speak to; its
 * packets are numbered from 0. One client is behind a door: who speaks there from another address is its next
 * process, on the same links and at the same address before the server. A client behind no door that is
 * silent for SIM_SHIM_IDLE_NS is forgotten. What finds no place is dropped and counted. Does not: look into
 * datagrams.
 */
#ifndef WZP_SIM_SHIM_H
#define WZP_SIM_SHIM_H

#include <stdio.h>

#include "run/loop.h"
#include "sim/link.h"

#define SIM_SHIM_CLIENTS_MAX 64
#define SIM_SHIM_DOORS_MAX   32
#define SIM_SHIM_PLACES      16384 /* datagrams under way */
#define SIM_SHIM_IDLE_NS     INT64_C(120000000000)

enum sim_shim_direction {
    SIM_SHIM_UP, /* client to server */
    SIM_SHIM_DOWN,
};

struct sim_shim_config {
    struct wzp_addr to;
    uint64_t seed;
    struct sim_link_params params[2]; /* by direction; they pass sim_link_params_check */
    /* Every datagram that a door's link is given; NULL: nobody asks. */
    void (*on_offer)(void *ctx, int door, enum sim_shim_direction direction, int64_t now_ns, size_t len);
    /* True: nothing passes that door now, neither way, and its links are given nothing; NULL: all are open.
     */
    bool (*is_shut)(void *ctx, int door, int64_t now_ns);
    void *ctx;
};

struct sim_shim;

/* `loop` is open and outlives the shim. NULL: out of memory. */
struct sim_shim *sim_shim_create(struct wzp_loop *loop, const struct sim_shim_config *config);
/* `stream`: of each direction's luck, see sim_link_init. The door's number, or a libuv error below 0;
 * UV_ENOSPC: there are SIM_SHIM_DOORS_MAX. */
int sim_shim_open_door(struct sim_shim *shim, const struct sim_link_params params[2],
                       const uint64_t stream[2]);
struct wzp_addr sim_shim_door_addr(const struct sim_shim *shim, int door);
/* What its links do from now on. */
void sim_shim_set_door(struct sim_shim *shim, int door, const struct sim_link_params params[2]);
/* Its clients stand at other addresses before the server from now on, as behind a NAT that mapped anew: what
 * is under way to the old ones, or sent there later, is gone. 0, or a libuv error when there is no socket. */
int sim_shim_rebind_door(struct sim_shim *shim, int door);
/* What became of what its link was given; NULL: nothing was, yet. */
const struct sim_link_counts *sim_shim_door_counts(const struct sim_shim *shim, int door,
                                                   enum sim_shim_direction direction);
/* Before the loop is closed; the sockets go with it. */
void sim_shim_close(struct sim_shim *shim);
void sim_shim_destroy(struct sim_shim *shim);

struct wzp_node sim_shim_node(struct sim_shim *shim);
/* One line a direction and one of what found no place. */
void sim_shim_print(const struct sim_shim *shim, FILE *out);

#endif
