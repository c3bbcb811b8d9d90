// SPDX-License-Identifier: Apache-2.0
/*
 * One run of one scenario: its parameters, its worlds, its judges, its results. What `wzp-sim run` does,
 * without the command line. docs/sim.md.
 *
 * Law: seed and parameters decide everything that is hashed, printed and judged; where results are written
 * and how much is printed decides nothing.
 */
#ifndef WZP_SIM_RUN_H
#define WZP_SIM_RUN_H

#include <lua.h>
#include <sodium.h>

#include "base/rng.h"
#include "crypt/member.h"
#include "run/json.h"
#include "sim/bounds.h"
#include "sim/laws.h"
#include "sim/person.h"
#include "sim/series.h"
#include "sim/watch.h"

#define SIM_PARAMS_MAX 64
#define SIM_JUDGES_MAX 64
#define SIM_WORLDS_MAX 4096
#define SIM_FLOODS_MAX 8
#define SIM_TEXT_MAX   256

enum sim_exit {
    SIM_EXIT_OK = 0,
    SIM_EXIT_USAGE = 1, /* and script errors */
    SIM_EXIT_SAFETY = 2,
    SIM_EXIT_LIVENESS = 3,
    SIM_EXIT_QUALITY = 4,
};

struct sim_param {
    char name[32], unit[16], value[SIM_TEXT_MAX], doc[128];
    char choices[128]; /* joined by '|', for unit "choice" */
};

struct sim_judge_row {
    char kind[16], name[64], text[SIM_TEXT_MAX];
    bool passed;
};

/* A world of the run. */
struct sim_world {
    struct sim_run *run;
    struct sim_net *net;
    struct sim_watch *watch;
    struct sim_laws *laws;
    struct sim_bounds *bounds;
    struct sim_relays relays;
    struct sim_crowd *crowd;
    struct sim_recorder *recorder; /* NULL unless the scenario listens in */
    struct wzp_stay ghost_stay;    /* of whom a lying relay listed last, and the room as the relay knows it */
    struct wzp_room ghost_room;
    struct sim_flood *flood[SIM_FLOODS_MAX];
    unsigned flood_count;
    struct sim_flows *flows;         /* NULL: there are none */
    struct sim_netchecks *netchecks; /* the same */
    bool is_running;                 /* in w:run */
    int64_t moment_ns;               /* of the last w:at, and how many were for that very moment */
    unsigned asked_at_moment;
    void *pcap;                /* FILE, NULL unless written */
    struct sim_series *series; /* NULL unless there is a page to write */
    int64_t horizon_ns;
    char hash[33]; /* kept when the world is closed */
};

/* What the box of a run may use, and has used. A maximum of 0 is that of sim/box.c. */
struct sim_box {
    lua_Alloc allocate; /* NULL: the C library's */
    void *allocate_ctx;
    size_t memory, memory_max; /* bytes */
    long long instructions, instructions_max;
    lua_State *lua; /* once it is made */
    struct wzp_rng rng;
};

struct sim_run {
    /* asked for */
    const char *file;
    const char *text; /* the scenario itself, `file` being what it is called; NULL: it is in the file */
    uint64_t seed;
    const char *const *set; /* "key=value" */
    unsigned set_count;
    const char *json_path, *out_dir;
    bool quiet;
    struct sim_real *real; /* by the real programs, or held to what they can do; NULL: neither (sim/real.h) */
    bool prints_tc;        /* the links at the first w:run as tc commands, and no more */
    /* made */
    lua_State *lua;
    struct sim_box box;
    struct sim_param param[SIM_PARAMS_MAX];
    unsigned param_count;
    bool has_params;
    struct sim_judge_row judge[SIM_JUDGES_MAX];
    unsigned judge_count;
    struct sim_world *world[SIM_WORLDS_MAX];
    unsigned world_count;
    struct sim_world *reported;    /* whose members the results show */
    struct sim_measured *measured; /* of each of them, once the scenario is over */
    int64_t virtual_ns;
    double wall_s;
    char hash[33]; /* as sim_run_hash */
    char violation[SIM_TEXT_MAX];
    bool is_told; /* what is wrong was said already */
    bool tc_is_printed;
};

/* Runs it and writes what was asked for. Errors go to stderr, as a sentence with file and line. */
enum sim_exit sim_run(struct sim_run *run);
/* What a person of the reported world, or of the one that runs, came to; `from_ns` is 0 with real programs.
 */
void sim_run_measure(const struct sim_run *run, const struct sim_person *person, int64_t from_ns,
                     bool with_estoi, struct sim_measured *measured);
/* Over all of its worlds; of a single one, that world's own. The run keeps it when it is over. */
void sim_run_hash(const struct sim_run *run, char out[33]);

/* Where a scenario's `path` lies: as it is, or in the scenario's folder, or in one above it (so from the
 * project's root, wherever the run was started). False: nowhere. */
bool sim_run_resolve(const struct sim_run *run, const char *path, char *out, size_t out_len);

/* ---- box.c: a Lua that can only compute ---- */

/* NULL: out of memory. */
lua_State *sim_box_create(struct sim_run *run);
/* Loads and runs a scenario; false and the message on the stack. */
bool sim_box_file(lua_State *lua, const char *path);
bool sim_box_text(lua_State *lua, const char *text);
/* Does it begin with a file and a line, "name:12: what is wrong"? Memory that ends has none. */
bool sim_box_has_place(const char *message);

/* ---- params.c ---- */

/* params{...}: declares, takes --set, pushes the table of values. */
int sim_params_declare(lua_State *lua);
/* A whole number of a command line; false: it is none, or out of the range. */
bool sim_number_parse(const char *text, uint64_t least, uint64_t most, uint64_t *number);

/* ---- api.c ---- */
struct sim_run *sim_run_of(lua_State *lua);
void sim_api_open(lua_State *lua);
void sim_world_destroy(struct sim_world *world);

/* ---- api_secrets.c: what a scenario can do as an adversary ---- */
struct sim_world *sim_world_check(lua_State *lua, int index);
struct sim_person *sim_person_check(lua_State *lua, struct sim_world *world, int index);
void sim_api_parcels_open(lua_State *lua); /* as the next */
void sim_api_camera_open(lua_State *lua);
void sim_api_secrets_open(lua_State *lua); /* adds methods to the world table on the stack's top */
void sim_recorder_destroy(struct sim_recorder *recorder);

/* ---- api_relays.c: which relay is meant ---- */
void sim_api_relays_open(lua_State *lua); /* as above */
/* Each raises an error where there is no such relay. NULL for a name: the only one there is. */
struct sim_relay *sim_relay_named(lua_State *lua, struct sim_world *world, const char *name,
                                  const char *word);
/* The one that an argument names, nil being the only one; NULL: it is something else, such as a client. */
struct sim_relay *sim_relay_argument(lua_State *lua, struct sim_world *world, int index, const char *word);
/* The same, whose process runs. */
struct sim_relay *sim_relay_live(lua_State *lua, struct sim_world *world, int index, const char *word);
/* Of the table of w:relay: good and not taken. */
const char *sim_relay_new_name(lua_State *lua, const struct sim_world *world);
/* An error in a world of several. */
void sim_one_relay_check(lua_State *lua, const struct sim_world *world, const char *word);

/* ---- api_faults.c: what happens to a world under way, and what it then holds and hears ---- */

void sim_api_faults_open(lua_State *lua); /* as above */

/* ---- api_flow.c: flows, what they share and what crosses them ---- */
void sim_api_flow_open(lua_State *lua); /* as above */
void sim_flows_destroy(struct sim_flows *flows);
/* The node of a sink, and a flow, in the order of their making; SIM_NOBODY, NULL: no more. */
unsigned sim_flows_sink(const struct sim_flows *flows, unsigned index);
const struct sim_flow *sim_flows_flow(const struct sim_flows *flows, unsigned index);

/* ---- api_netcheck.c: what a client finds out about its network ---- */
void sim_api_netcheck_open(lua_State *lua); /* as above */
void sim_netchecks_destroy(struct sim_netchecks *checks);

/* ---- api_result.c: what a scenario adds to the JSON ---- */
void sim_api_result_open(lua_State *lua); /* the global `result` */
void sim_result_members(const struct sim_run *run, struct wzp_json *json);
/* ---- api_nets.c: networks between people, and their machines ---- */
void sim_api_nets_open(
    lua_State *lua); /* as above; then: the NAT that "behind" of the table names, or NULL */
struct sim_nat *sim_nat_field(lua_State *lua, const struct sim_world *world);
void sim_world_print_tc(const struct sim_world *world); /* its links as commands, to stdout */

/* ---- result.c ---- */
void sim_result_print(const struct sim_run *run);
bool sim_result_json(const struct sim_run *run, const char *path);
bool sim_result_out(const struct sim_run *run);

#endif
