// SPDX-License-Identifier: Apache-2.0
/*
 * `wzp-sim real`: a scenario's world by the real programs (sim/rig.h), beside the same world simulated.
 * docs/sim.md, "The same for real".
 *
 * Law: the simulated run comes first and refuses what the programs cannot do, in the words of the scenario,
 * so that nothing is started in vain. Nothing measured in real time is a verdict: the exit status tells
 * whether the processes did their work, whatever the judges say.
 */
#ifndef WZP_SIM_REAL_H
#define WZP_SIM_REAL_H

#include "sim/json_read.h"
#include "sim/lines.h"
#include "sim/rig.h"
#include "sim/run.h"

struct sim_real_call {
    int64_t at_ns;
    int function; /* in Lua's registry */
};

#define SIM_REAL_CALLS_MAX 256
#define SIM_REAL_PATH_MAX  700

/* What one process of a person wrote. */
struct sim_real_life {
    struct sim_json json; /* nothing of one that was killed or never got in */
    struct sim_lines lines;
};

struct sim_real_person {
    struct sim_real_life life[SIM_RIG_LIVES_MAX];
    unsigned lives;
    char fingerprint[WZP_FINGERPRINT_LEN];
};

/* What a run that is to be, or is, a real one has beside. */
struct sim_real {
    /* asked for */
    const char *bin, *dir;
    bool is_live; /* else the world is simulated, and only held to what programs can do */
    /* made */
    struct sim_rig *rig;
    struct sim_real_call call[SIM_REAL_CALLS_MAX];
    unsigned call_count;
    int64_t now_ns;                 /* of the scenario: where its last w:run ended */
    struct sim_real_person *person; /* of each, once everybody has left */
    unsigned count;
    bool is_over; /* everybody has left, and their files are read */
};

int sim_real_command(int argc, char **argv);

/* Puts what the real world does in place of methods of the table on the stack's top (api_real.c). */
void sim_api_real_open(lua_State *lua);

/* How much later than it is said the next person of the world starts, here and there: up to a frame, by seed.
 * Two simulated people would else capture at the same moments for ever, and no two programs do. */
int64_t sim_real_start_offset(const struct sim_world *world);

/* ---- real_measure.c: what the processes of people measured ---- */

/* Where the person's process number `life` (0, 1, 2 ...) has its file of that ending. */
void sim_real_path(const struct sim_real *real, const char *name, unsigned life, const char *ending,
                   char path[SIM_REAL_PATH_MAX]);
/* Everybody leaves. False: a process failed, and stderr says which. */
bool sim_real_finish(struct sim_run *run);
/* What person `index` of the world measured; what only a simulator knows is NAN. */
void sim_real_measure(const struct sim_run *run, unsigned index, struct sim_measured *measured);
/* Of the person's last process: how often it connected, by what it told; 0: never. */
unsigned sim_real_handshakes(const struct sim_real *real, const char *name);
/* Percent of what the speaker said that the listener did not hear from one time until another; NAN: the
 * speaker said nothing then. */
double sim_real_concealed(const struct sim_run *run, unsigned listener, unsigned speaker, int64_t from_ns,
                          int64_t to_ns);
void sim_real_deinit(struct sim_real *real);

#endif
