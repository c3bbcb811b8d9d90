// SPDX-License-Identifier: Apache-2.0
/*
 * The real programs on loopback with the simulator's links between them: one wzp-relay, one shim (sim/shim.h)
 * with a door for each person, and a wzp-client behind each door.
 *
 * Law: time 0 is when the relay listened and the doors were open; a client's process starts at its time,
 * never before. Each door's links have the parameters and the luck that they are given, so packet k of a
 * direction meets what packet k of the simulated world meets; a person's next process goes on behind the same
 * door. Every process is waited for; none outlives the rig. What the programs write goes into one folder:
 * NAME.log of each person, and what their arguments name. Does not: know scenarios, or judge.
 */
#ifndef WZP_SIM_RIG_H
#define WZP_SIM_RIG_H

#include "sim/meter.h"
#include "sim/shim.h"

#define SIM_RIG_PEOPLE_MAX SIM_SHIM_DOORS_MAX
#define SIM_RIG_ARGS_MAX   40
#define SIM_RIG_LIVES_MAX  16 /* processes of one person */
#define SIM_RIG_WHY_MAX    512

struct sim_rig;

/* `bin`: the folder of wzp-relay and wzp-client; `dir` is there, and data of theirs goes there as well. NULL:
 * out of memory. Both texts are copied. */
struct sim_rig *sim_rig_create(const char *bin, const char *dir, uint64_t seed);
void sim_rig_destroy(struct sim_rig *rig);

/* Starts the relay with these arguments beside --listen and --id, NULL at the end, which are copied; its
 * identity is relay.id in `dir`. Waits until it listens, 10 s at most. False: sim_rig_why. */
bool sim_rig_relay(struct sim_rig *rig, const char *const *args);
/* SIGKILL: says nothing. Then another process at the same address, with the same arguments and identity. */
void sim_rig_kill_relay(struct sim_rig *rig);
bool sim_rig_start_relay(struct sim_rig *rig);
/* What the relay proves itself with, in hexadecimal. */
const char *sim_rig_relay_key(const struct sim_rig *rig);

struct sim_rig_client {
    const char *name;
    int64_t start_ns;                 /* from time 0 */
    int64_t ends_ns;                  /* when it leaves by itself */
    struct sim_link_params params[2]; /* by enum sim_shim_direction */
    uint64_t stream[2];
    const char *const *args; /* beside --relay, NULL at the end; copied */
};
/* To be started at its time; 0, 1, 2 ... in the order of asking, before the first sim_rig_run. */
void sim_rig_add(struct sim_rig *rig, const struct sim_rig_client *client);

/* What its links do from now on. */
void sim_rig_link(struct sim_rig *rig, unsigned person, const struct sim_link_params params[2]);
/* The relay sees it at another address, and it does not know. False: sim_rig_why. */
bool sim_rig_rebind(struct sim_rig *rig, unsigned person);
/* SIGTERM: says goodbye. */
void sim_rig_leave(struct sim_rig *rig, unsigned person);
/* SIGKILL: says nothing, and before its start it does not come. Then another process, at once or when the
 * person starts, with arguments of its own as above. False: sim_rig_why. */
void sim_rig_crash(struct sim_rig *rig, unsigned person);
bool sim_rig_restart(struct sim_rig *rig, unsigned person, const char *const *args);
/* Who cannot reach the relay at a time, nor the relay them; NULL, as it is: nobody asks. */
void sim_rig_ask_shut(struct sim_rig *rig, bool (*is_shut)(void *ctx, int person, int64_t now_ns), void *ctx);
/* Until that time. False when a process failed, or on SIGINT: sim_rig_why. */
bool sim_rig_run(struct sim_rig *rig, int64_t until_ns);
/* Lets everybody leave, the relay last. False: one of them failed. May be called again. */
bool sim_rig_finish(struct sim_rig *rig);
const char *sim_rig_why(const struct sim_rig *rig);

/* One process of a person, from time 0. */
struct sim_rig_life {
    int64_t started_ns, ended_ns; /* ended: seen to have, WZP_NEVER before */
    bool was_killed, was_in;      /* by sim_rig_crash; it ended as one that was in the room */
};
unsigned sim_rig_lives(const struct sim_rig *rig, unsigned person);
const struct sim_rig_life *sim_rig_life(const struct sim_rig *rig, unsigned person, unsigned life);
/* What its links were given by direction, and what became of it; NULL: nothing was given yet. */
const struct sim_meter *sim_rig_meter(const struct sim_rig *rig, unsigned person,
                                      enum sim_shim_direction direction);
const struct sim_link_counts *sim_rig_counts(const struct sim_rig *rig, unsigned person,
                                             enum sim_shim_direction direction);

#endif
