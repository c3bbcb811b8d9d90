// SPDX-License-Identifier: Apache-2.0
/* What the words of a scenario mean where the real programs run, and which of them stand in the way. */
#include "sim/real.h"

#include "base/check.h"
#include "run/identity_file.h"
#include "run/units.h"
#include "run/wav.h"
#include "sim/fields.h"
#include "sim/folder.h"

#include <lauxlib.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DRAIN_NS   (2 * WZP_S)   /* that a client waits when its input is over, docs/running.md */
#define LEAST_NS   (20 * WZP_MS) /* of input: one frame */
#define REKEY_NS   (60 * WZP_S)  /* the least that the programs take */
#define NUMBER_MAX 32

#define STREAM_STARTS (UINT64_C(3) << 61) /* of luck; + person */

static struct sim_real *real_of(lua_State *lua)
{
    return sim_run_of(lua)->real;
}

/* The method that this one stands for, with all that was given; its first results, or nil, are left on top.
 */
static int call_simulated_for(lua_State *lua, int results)
{
    int count = lua_gettop(lua);
    lua_pushvalue(lua, lua_upvalueindex(1));
    for (int i = 1; i <= count; i++)
        lua_pushvalue(lua, i);
    lua_call(lua, count, results);
    return results;
}

static void call_simulated(lua_State *lua)
{
    call_simulated_for(lua, 1);
}

static int refuse(lua_State *lua)
{
    return luaL_error(lua, "w:%s cannot be had with real processes", lua_tostring(lua, lua_upvalueindex(1)));
}

static void refuse_field(lua_State *lua, const char *word, const char *field)
{
    if (lua_getfield(lua, 2, field) != LUA_TNIL && !(lua_isnumber(lua, -1) && lua_tonumber(lua, -1) == 0))
        luaL_error(lua, "%s: \"%s\" cannot be had with real processes", word, field);
    lua_pop(lua, 1);
}

/* ---- arguments of programs ---- */

struct arguments {
    const char *arg[SIM_RIG_ARGS_MAX + 1];
    char number[SIM_RIG_ARGS_MAX][NUMBER_MAX];
    unsigned count;
};

static void add(struct arguments *arguments, const char *option, const char *value)
{
    WZP_CHECK(arguments->count + 2 <= SIM_RIG_ARGS_MAX);
    arguments->arg[arguments->count++] = option;
    if (value)
        arguments->arg[arguments->count++] = value;
}

/* Nothing for 0, which is the program's own choice. */
static void add_number(struct arguments *arguments, const char *option, int64_t value, const char *unit)
{
    if (value == 0)
        return;
    char *text = arguments->number[arguments->count];
    snprintf(text, NUMBER_MAX, "%lld%s", (long long)value, unit);
    add(arguments, option, text);
}

static int64_t rekey_field(lua_State *lua, const char *word)
{
    int64_t rekey_ns = sim_field_time(lua, 2, "rekey", 0);
    if (rekey_ns > 0 && rekey_ns < REKEY_NS)
        luaL_error(lua, "%s: \"rekey\" below 60 s cannot be had with real processes", word);
    return rekey_ns;
}

/* ---- the relay ---- */

/* Partitions are the simulated world's, which knows when they are. */
static bool is_cut_off(void *ctx, int person, int64_t now_ns)
{
    const struct sim_world *world = ctx;
    const struct sim_person *cut = sim_crowd_person(world->crowd, (unsigned)person);
    return sim_partitions_cut(sim_net_partitions(world->net), cut->node, cut->config.relay->node, now_ns);
}

static int real_relay(lua_State *lua)
{
    struct sim_run *run = sim_run_of(lua);
    struct arguments arguments = {0};
    call_simulated(lua);
    if (run->world_count > 1)
        return luaL_error(lua, "a second world cannot be had with real processes");
    if (run->world[0]->relays.count > 1)
        return luaL_error(lua, "a second relay cannot be had with real processes");
    run->reported = run->world[0];
    const char *token = sim_field_text(lua, 2, "token", "");
    add_number(&arguments, "--max-sessions", sim_field_int(lua, 2, "sessions", 0), "");
    add_number(&arguments, "--max-rooms", sim_field_int(lua, 2, "rooms", 0), "");
    add_number(&arguments, "--max-members", sim_field_int(lua, 2, "members", 0), "");
    add(&arguments, "--repair", sim_field_text(lua, 2, "repair", "on"));
    add(&arguments, "--estimate",
        wzp_estimate_kind_name(run->world[0]->relays.relay[0]->config.endpoint.estimate));
    if (token[0])
        add(&arguments, "--token", token);
    add_number(&arguments, "--rekey", rekey_field(lua, "relay"), "ns");
    if (!run->real->is_live)
        return 0;
    run->real->rig = sim_rig_create(run->real->bin, run->real->dir, sim_net_seed(run->world[0]->net));
    WZP_CHECK(run->real->rig);
    sim_rig_ask_shut(run->real->rig, is_cut_off, run->world[0]);
    if (!sim_rig_relay(run->real->rig, arguments.arg))
        return luaL_error(lua, "%s", sim_rig_why(run->real->rig));
    return 0;
}

/* ---- people ---- */

static bool is_name_taken(const struct sim_world *world, const struct sim_person *person)
{
    for (unsigned i = 0; i < person->index; i++)
        if (strcmp(sim_crowd_person(world->crowd, i)->config.name, person->config.name) == 0)
            return true;
    return false;
}

static void refuse_person(lua_State *lua, const struct sim_world *world, const struct sim_person *person)
{
    refuse_field(lua, "client", "version");
    refuse_field(lua, "client", "ppm");
    if (person->config.test)
        luaL_error(lua,
                   "client: \"test\" cannot be had with real processes here: wzp-client has --test itself");
    if (person->config.codec != wzp_audio_codec_find("opus"))
        luaL_error(lua, "client: \"codec\" %s cannot be had with real processes: they speak Opus",
                   sim_field_text(lua, 2, "codec", ""));
    if (is_name_taken(world, person))
        luaL_error(lua, "client: two people are called \"%s\": real processes need names of their own",
                   person->config.name);
    if (person->config.bitrate_bps && !wzp_units_tier_name(person->config.bitrate_bps))
        luaL_error(lua, "client: \"bitrate\" %d is none of the programs' tiers",
                   (int)person->config.bitrate_bps);
}

/* What the microphone hears from then on, silence after the person's stop; so long that the client leaves
 * when the world ends. */
static void write_voice(lua_State *lua, const struct sim_person *person, int64_t from_ns, int64_t len_ns,
                        const char *path)
{
    const struct sim_person_config *config = &person->config;
    struct wzp_wav_writer writer;
    int16_t frame[WZP_AUDIO_FRAME];
    int64_t first = (from_ns - config->start_ns) / LEAST_NS;
    bool good = wzp_wav_open(&writer, path);
    for (int64_t i = 0; good && i * LEAST_NS < len_ns; i++) {
        if (from_ns + i * LEAST_NS < config->stop_ns)
            sim_voice_say(config->voice, (size_t)(first + i) * WZP_AUDIO_FRAME, frame);
        else
            memset(frame, 0, sizeof frame);
        good = wzp_wav_append(&writer, frame, WZP_AUDIO_FRAME);
    }
    if (!good || !wzp_wav_close(&writer))
        luaL_error(lua, "%s", writer.why);
}

/* The simulated person's. */
static void write_identity(lua_State *lua, const struct sim_person *person, const char *path)
{
    struct wzp_identity_text text = {.is_sealed = false};
    char why[WZP_WHY_MAX];
    memcpy(text.seed, person->seed, sizeof text.seed);
    if (!wzp_identity_file_write(path, &text, true, why))
        luaL_error(lua, "%s", why);
}

struct paths {
    char id[SIM_REAL_PATH_MAX], said[SIM_REAL_PATH_MAX], heard[SIM_REAL_PATH_MAX], json[SIM_REAL_PATH_MAX],
        lines[SIM_REAL_PATH_MAX];
};

/* Of the person's process number `life`, which speaks from `from_ns` on: its files, and what it is told. */
static void prepare(lua_State *lua, const struct sim_person *person, unsigned life, int64_t from_ns,
                    struct paths *paths, struct arguments *arguments)
{
    const struct sim_real *real = real_of(lua);
    const struct sim_person_config *config = &person->config;
    int64_t horizon_ns = sim_run_of(lua)->world[0]->horizon_ns;
    sim_real_path(real, "", life, "", paths->id);
    if (life > 0 && !sim_folder_make(paths->id))
        luaL_error(lua, "%s: no folder for another process", paths->id);
    sim_real_path(real, config->name, 0, ".id", paths->id);
    sim_real_path(real, config->name, life, "-said.wav", paths->said);
    sim_real_path(real, config->name, life, "-heard.wav", paths->heard);
    sim_real_path(real, config->name, life, ".json", paths->json);
    sim_real_path(real, config->name, life, ".telemetry", paths->lines);
    write_voice(lua, person, from_ns, wzp_time_max(horizon_ns - from_ns - DRAIN_NS, LEAST_NS), paths->said);
    *arguments = (struct arguments){0};
    add(arguments, "--id", paths->id);
    add(arguments, "--room", config->room);
    add(arguments, "--in", paths->said);
    add(arguments, "--out", paths->heard);
    add(arguments, "--json", paths->json);
    add(arguments, "--telemetry", paths->lines);
    if (config->token[0])
        add(arguments, "--token", config->token);
    if (config->is_ik)
        add(arguments, "--relay-key", sim_rig_relay_key(real->rig));
    if (config->bitrate_bps)
        add(arguments, "--tier", wzp_units_tier_name(config->bitrate_bps));
    if (config->is_tier_forced)
        add(arguments, "--force-tier", NULL);
    add(arguments, "--estimate", wzp_estimate_kind_name(config->estimate));
    if (config->priority)
        add(arguments, "--priority", wzp_priority_name(config->priority));
    add_number(arguments, "--max-rate", (int64_t)config->max_rate_bps, "bit");
    add_number(arguments, "--delay-budget", config->delay_budget_ns, "ns");
    add_number(arguments, "--rekey", config->rekey_ns, "ns");
}

int64_t sim_real_start_offset(const struct sim_world *world)
{
    struct wzp_rng rng = wzp_rng_make(sim_net_seed(world->net),
                                      STREAM_STARTS + sim_crowd_count(world->crowd));
    return (int64_t)wzp_rng_below(&rng, LEAST_NS);
}

static void start_person(lua_State *lua, const struct sim_world *world, const struct sim_person *person)
{
    const struct sim_person_config *config = &person->config;
    struct arguments arguments;
    struct paths paths;
    unsigned relay = config->relay->node, node = person->node;
    prepare(lua, person, 0, config->start_ns, &paths, &arguments);
    write_identity(lua, person, paths.id);
    struct sim_rig_client client = {
        .name = config->name,
        .start_ns = config->start_ns,
        .ends_ns = wzp_time_max(world->horizon_ns, config->start_ns + LEAST_NS + DRAIN_NS),
        .params = {*sim_net_link_params(world->net, node, relay),
                   *sim_net_link_params(world->net, relay, node)},
        .stream = {sim_net_link_stream(node, relay), sim_net_link_stream(relay, node)},
        .args = arguments.arg};
    sim_rig_add(real_of(lua)->rig, &client);
}

static int real_client(lua_State *lua)
{
    struct sim_world *world = sim_world_check(lua, 1);
    if (real_of(lua)->is_live && real_of(lua)->now_ns > 0)
        return luaL_error(lua, "w:client after w:run cannot be had with real processes");
    call_simulated(lua);
    const struct sim_person *person = sim_person_check(lua, world, lua_gettop(lua));
    if (person->index == SIM_RIG_PEOPLE_MAX)
        return luaL_error(lua, "client: at most %d people can be had with real processes",
                          SIM_RIG_PEOPLE_MAX);
    refuse_person(lua, world, person);
    rekey_field(lua, "client");
    if (real_of(lua)->is_live)
        start_person(lua, world, person);
    return 1;
}

/* ---- what happens ---- */

static int real_leave(lua_State *lua)
{
    const struct sim_person *person = sim_person_check(lua, sim_world_check(lua, 1), 2);
    if (!real_of(lua)->is_live)
        call_simulated(lua);
    else
        sim_rig_leave(real_of(lua)->rig, person->index);
    return 0;
}

static int real_rebind(lua_State *lua)
{
    const struct sim_person *person = sim_person_check(lua, sim_world_check(lua, 1), 2);
    struct sim_real *real = real_of(lua);
    if (!real->is_live)
        call_simulated(lua);
    else if (!sim_rig_rebind(real->rig, person->index))
        return luaL_error(lua, "%s", sim_rig_why(real->rig));
    return 0;
}

static int real_crash(lua_State *lua)
{
    const struct sim_person *person = sim_person_check(lua, sim_world_check(lua, 1), 2);
    call_simulated(lua); /* which knows whether there is one */
    if (real_of(lua)->is_live)
        sim_rig_crash(real_of(lua)->rig, person->index);
    return 0;
}

/* Another process of the same identity, to which the person goes on speaking. */
static int real_restart(lua_State *lua)
{
    const struct sim_person *person = sim_person_check(lua, sim_world_check(lua, 1), 2);
    const struct sim_real *real = real_of(lua);
    struct arguments arguments;
    struct paths paths;
    call_simulated(lua);
    if (!real->is_live)
        return 0;
    prepare(lua, person, sim_rig_lives(real->rig, person->index),
            wzp_time_max(real->now_ns, person->config.start_ns), &paths, &arguments);
    if (!sim_rig_restart(real->rig, person->index, arguments.arg))
        return luaL_error(lua, "%s", sim_rig_why(real->rig));
    return 0;
}

static int real_kill_relay(lua_State *lua)
{
    call_simulated(lua); /* which knows whether there is one */
    if (real_of(lua)->is_live)
        sim_rig_kill_relay(real_of(lua)->rig);
    return 0;
}

static int real_start_relay(lua_State *lua)
{
    struct sim_real *real = real_of(lua);
    if (lua_istable(lua, 2))
        refuse_field(lua, "start_relay", "key");
    call_simulated(lua);
    if (real->is_live && !sim_rig_start_relay(real->rig))
        return luaL_error(lua, "%s", sim_rig_why(real->rig));
    return 0;
}

static int real_link(lua_State *lua)
{
    const struct sim_world *world = sim_world_check(lua, 1);
    call_simulated(lua);
    if (!real_of(lua)->is_live)
        return 0;
    const struct sim_person *person = sim_person_check(lua, sim_world_check(lua, 1), 2);
    unsigned relay = person->config.relay->node;
    struct sim_link_params params[2] = {*sim_net_link_params(world->net, person->node, relay),
                                        *sim_net_link_params(world->net, relay, person->node)};
    sim_rig_link(real_of(lua)->rig, person->index, params);
    return 0;
}

/* ---- what the links were given ---- */

static const struct sim_link_counts *counts_of(lua_State *lua, enum sim_shim_direction direction)
{
    static const struct sim_link_counts none;
    const struct sim_person *person = sim_person_check(lua, sim_world_check(lua, 1), 2);
    const struct sim_link_counts *counts = sim_rig_counts(real_of(lua)->rig, person->index, direction);
    return counts ? counts : &none;
}

static int real_offered(lua_State *lua)
{
    if (!real_of(lua)->is_live)
        return call_simulated_for(lua, 2);
    lua_pushinteger(lua, (lua_Integer)counts_of(lua, SIM_SHIM_UP)->bytes);
    lua_pushinteger(lua, (lua_Integer)counts_of(lua, SIM_SHIM_DOWN)->bytes);
    return 2;
}

static int real_too_large(lua_State *lua)
{
    if (!real_of(lua)->is_live)
        return call_simulated_for(lua, 2);
    lua_pushinteger(lua, (lua_Integer)counts_of(lua, SIM_SHIM_UP)->too_large);
    lua_pushinteger(lua, (lua_Integer)counts_of(lua, SIM_SHIM_DOWN)->too_large);
    return 2;
}

static int real_links(lua_State *lua)
{
    if (!real_of(lua)->is_live)
        return call_simulated_for(lua, 2);
    sim_push_link_counts(lua, counts_of(lua, SIM_SHIM_UP));
    sim_push_link_counts(lua, counts_of(lua, SIM_SHIM_DOWN));
    return 2;
}

static int real_rate(lua_State *lua)
{
    const struct sim_real *real = real_of(lua);
    int64_t from_ns, to_ns;
    if (!real->is_live)
        return call_simulated_for(lua, 2);
    unsigned person = sim_person_check(lua, sim_world_check(lua, 1), 2)->index;
    sim_span_arguments(lua, 3, "rate", &from_ns, &to_ns);
    lua_pushnumber(lua, sim_meter_kbps(sim_rig_meter(real->rig, person, SIM_SHIM_UP), from_ns, to_ns));
    lua_pushnumber(lua, sim_meter_kbps(sim_rig_meter(real->rig, person, SIM_SHIM_DOWN), from_ns, to_ns));
    return 2;
}

/* ---- time ---- */

static int real_at(lua_State *lua)
{
    struct sim_real *real = real_of(lua);
    if (!real->is_live) {
        call_simulated(lua);
        return 0;
    }
    int64_t at_ns = sim_time_argument(lua, 2, "at");
    luaL_checktype(lua, 3, LUA_TFUNCTION);
    if (real->call_count == SIM_REAL_CALLS_MAX)
        return luaL_error(lua, "at: more than %d calls cannot be had with real processes",
                          SIM_REAL_CALLS_MAX);
    unsigned place = real->call_count++;
    for (; place > 0 && real->call[place - 1].at_ns > at_ns; place--) /* in order, later ones behind */
        real->call[place] = real->call[place - 1];
    lua_settop(lua, 3);
    real->call[place] = (struct sim_real_call){at_ns, luaL_ref(lua, LUA_REGISTRYINDEX)};
    return 0;
}

static int real_run(lua_State *lua)
{
    struct sim_real *real = real_of(lua);
    const struct sim_world *world = sim_world_check(lua, 1);
    int64_t until_ns = sim_time_argument(lua, 2, "run");
    if (!real->is_live) {
        if (real->is_over)
            return luaL_error(
                lua, "w:run after w:measure, w:concealed or w:path cannot be had with real processes");
        call_simulated(lua);
        return 0;
    }
    if (!real->rig || until_ns > world->horizon_ns)
        return luaL_error(lua, "run: a relay comes before it, and the horizon after it");
    bool good = true;
    while (good && real->call_count > 0 && real->call[0].at_ns < until_ns) {
        struct sim_real_call call = real->call[0];
        memmove(real->call, real->call + 1, --real->call_count * sizeof *real->call);
        good = sim_rig_run(real->rig, call.at_ns);
        real->now_ns = wzp_time_max(real->now_ns, call.at_ns);
        lua_rawgeti(lua, LUA_REGISTRYINDEX, call.function);
        luaL_unref(lua, LUA_REGISTRYINDEX, call.function);
        lua_pushinteger(lua, call.at_ns);
        if (good)
            lua_call(lua, 1, 0);
        else
            lua_pop(lua, 2);
    }
    good = good && sim_rig_run(real->rig, until_ns);
    sim_run_of(lua)->virtual_ns += until_ns - real->now_ns;
    real->now_ns = until_ns;
    return good ? 0 : luaL_error(lua, "%s", sim_rig_why(real->rig));
}

/* ---- what was measured ---- */

/* Everybody goes home, and then it can be told. */
static void finish(lua_State *lua)
{
    if (!sim_real_finish(sim_run_of(lua))) {
        sim_run_of(lua)->is_told = true;
        luaL_error(lua, "%s", "a process failed");
    }
    real_of(lua)->is_over = true;
}

static int real_measure(lua_State *lua)
{
    finish(lua);
    call_simulated(lua);
    return 1;
}

/* Only how often it connected, and only in the end. */
static int real_path(lua_State *lua)
{
    const struct sim_person *person = sim_person_check(lua, sim_world_check(lua, 1), 2);
    if (!real_of(lua)->is_live) {
        real_of(lua)->is_over = true;
        return call_simulated_for(lua, 1);
    }
    finish(lua);
    unsigned handshakes = sim_real_handshakes(real_of(lua), person->config.name);
    if (handshakes == 0)
        return 0;
    lua_createtable(lua, 0, 1);
    lua_pushinteger(lua, handshakes);
    lua_setfield(lua, -2, "handshakes");
    return 1;
}

/* By when it was heard, and only to a second. */
static int real_concealed(lua_State *lua)
{
    struct sim_world *world = sim_world_check(lua, 1);
    if (!real_of(lua)->is_live) {
        real_of(lua)->is_over = true;
        return call_simulated_for(lua, 1);
    }
    finish(lua);
    double percent = sim_real_concealed(
        sim_run_of(lua), sim_person_check(lua, world, 2)->index, sim_person_check(lua, world, 3)->index,
        sim_time_argument(lua, 4, "concealed"), sim_time_argument(lua, 5, "concealed"));
    if (isnan(percent))
        return 0;
    lua_pushnumber(lua, percent);
    return 1;
}

/* ---- words ---- */

static lua_CFunction word_of(const char *name, bool *is_same)
{
    static const char *const same[] = {"report", "partition", NULL};
    static const luaL_Reg words[] = {{"relay", real_relay},
                                     {"client", real_client},
                                     {"leave", real_leave},
                                     {"link", real_link},
                                     {"rebind", real_rebind},
                                     {"crash", real_crash},
                                     {"restart", real_restart},
                                     {"kill_relay", real_kill_relay},
                                     {"start_relay", real_start_relay},
                                     {"at", real_at},
                                     {"run", real_run},
                                     {"offered", real_offered},
                                     {"too_large", real_too_large},
                                     {"links", real_links},
                                     {"rate", real_rate},
                                     {"path", real_path},
                                     {"measure", real_measure},
                                     {"concealed", real_concealed}};
    *is_same = false;
    for (size_t i = 0; same[i]; i++)
        *is_same = *is_same || strcmp(same[i], name) == 0;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strcmp(words[i].name, name) == 0)
            return words[i].func;
    return NULL;
}

void sim_api_real_open(lua_State *lua)
{
    int methods = lua_gettop(lua);
    lua_newtable(lua);
    for (lua_pushnil(lua); lua_next(lua, methods);) {
        bool is_same;
        const char *name = lua_tostring(lua, -2);
        lua_CFunction word = word_of(name, &is_same);
        if (!word && !is_same) {
            lua_pop(lua, 1);
            lua_pushstring(lua, name);
        }
        if (!is_same)
            lua_pushcclosure(lua, word ? word : refuse, 1);
        lua_setfield(lua, methods + 1, name);
    }
    for (lua_pushnil(lua); lua_next(lua, methods + 1);)
        lua_setfield(lua, methods, lua_tostring(lua, -2));
    lua_pop(lua, 1);
}
