// SPDX-License-Identifier: Apache-2.0
/*
 * Many worlds, each made up by a seed (sim/story.h) and judged by the watchers and by
 * scenarios/lib/swarm.lua.
 *
 * Law: what is found, printed to stdout and hashed depends on the seeds and their length alone, not on jobs,
 * time or build. A seed that fails is shrunk to lines that are all needed for the same failure, and written
 * as a scenario. docs/sim.md, "Swarms".
 */
#ifndef WZP_SIM_SWARM_H
#define WZP_SIM_SWARM_H

#include <sys/types.h>

#include "sim/story.h"

#define SIM_SWARM_WHAT_MAX 256
#define SIM_SWARM_CRASHED  99 /* in place of an exit status: the process ended otherwise */

/* What became of one story. */
struct sim_outcome {
    uint64_t seed;
    int status;                    /* as of `wzp-sim run`, or SIM_SWARM_CRASHED */
    char hash[33];                 /* of the trace; "" when it crashed */
    char what[SIM_SWARM_WHAT_MAX]; /* which rule broke, "" when none: without when, where and to whom */
    char detail[SIM_SWARM_WHAT_MAX];
    double virtual_s;
};

/* A story that runs in a process of its own. */
struct sim_trial {
    pid_t pid;          /* 0: none */
    int result, errors; /* files */
};

/* False, and errno: there is no process. */
bool sim_trial_start(struct sim_trial *trial, const struct sim_story *story);
/* To be called with the status that waitpid gave. */
void sim_trial_finish(struct sim_trial *trial, int wait_status, struct sim_outcome *outcome);
/* Starts and awaits it. */
bool sim_trial_run(const struct sim_story *story, struct sim_outcome *outcome);

/* Leaves out lines and seconds as long as the story fails in the same way: the same status, and of safety the
 * same rule. At most `trials` are run; their number. */
unsigned sim_shrink(struct sim_story *story, const struct sim_outcome *failure, unsigned trials);

/* wzp-sim swarm: the exit status of the worst. */
int sim_swarm_command(int argc, char **argv);

#endif
