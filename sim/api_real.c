// SPDX-License-Identifier: Apache-2.0
/* What the words of a scenario mean where the real programs run, and which of them stand in the way. */
#include "sim/real.h"

#include "base/check.h"
#include "run/units.h"
#include "run/wav.h"
#include "sim/fields.h"

#include <lauxlib.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DRAIN_NS   (2 * WZP_S)   /* that a client waits when its input is over, docs/running.md */
#define LEAST_NS   (20 * WZP_MS) /* of input: one frame */
#define REKEY_NS   (60 * WZP_S)  /* the least that the programs take */
#define NUMBER_MAX 32

static struct sim_real *real_of(lua_State *lua)
{
    return sim_run_of(lua)->real;
}

/* The method that this one stands for, with all that was given; its one result, or nil, is left on top. */
static void call_simulated(lua_State *lua)
{
    int count = lua_gettop(lua);
    lua_pushvalue(lua, lua_upvalueindex(1));
    for (int i = 1; i <= count; i++)
        lua_pushvalue(lua, i);
    lua_call(lua, count, 1);
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

static void add_rekey(lua_State *lua, const char *word, struct arguments *arguments)
{
    int64_t rekey_ns = sim_field_time(lua, 2, "rekey", 0);
    if (rekey_ns > 0 && rekey_ns < REKEY_NS)
        luaL_error(lua, "%s: \"rekey\" below 60 s cannot be had with real processes", word);
    add_number(arguments, "--rekey", rekey_ns, "ns");
}

/* ---- the relay ---- */

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
    add_rekey(lua, "relay", &arguments);
    if (!run->real->is_live)
        return 0;
    run->real->rig = sim_rig_create(run->real->bin, run->real->dir, sim_net_seed(run->world[0]->net));
    WZP_CHECK(run->real->rig);
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

/* What the microphone hears from the person's start on, silence after its stop; so long that the client
 * leaves when the world ends. */
static void write_voice(lua_State *lua, const struct sim_person *person, int64_t len_ns, const char *path)
{
    struct wzp_wav_writer writer;
    int16_t frame[WZP_AUDIO_FRAME];
    int64_t speaks_ns = person->config.stop_ns - person->config.start_ns;
    bool good = wzp_wav_open(&writer, path);
    for (int64_t i = 0; good && i * LEAST_NS < len_ns; i++) {
        if (i * LEAST_NS < speaks_ns)
            sim_voice_say(person->config.voice, (size_t)i * WZP_AUDIO_FRAME, frame);
        else
            memset(frame, 0, sizeof frame);
        good = wzp_wav_append(&writer, frame, WZP_AUDIO_FRAME);
    }
    if (!good || !wzp_wav_close(&writer))
        luaL_error(lua, "%s", writer.why);
}

static void start_person(lua_State *lua, const struct sim_world *world, const struct sim_person *person)
{
    const struct sim_real *real = real_of(lua);
    const struct sim_person_config *config = &person->config;
    struct arguments arguments = {0};
    char said[600], heard[600], json[600];
    int64_t len_ns = wzp_time_max(world->horizon_ns - config->start_ns - DRAIN_NS, LEAST_NS);
    snprintf(said, sizeof said, "%s/%s-said.wav", real->dir, config->name);
    snprintf(heard, sizeof heard, "%s/%s-heard.wav", real->dir, config->name);
    snprintf(json, sizeof json, "%s/%s.json", real->dir, config->name);
    write_voice(lua, person, len_ns, said);
    add(&arguments, "--room", sim_field_text(lua, 2, "room", "demo"));
    add(&arguments, "--in", said);
    add(&arguments, "--out", heard);
    add(&arguments, "--json", json);
    if (sim_field_text(lua, 2, "token", "")[0])
        add(&arguments, "--token", sim_field_text(lua, 2, "token", ""));
    if (config->is_ik)
        add(&arguments, "--relay-key", sim_rig_relay_key(real->rig));
    if (config->bitrate_bps)
        add(&arguments, "--tier", wzp_units_tier_name(config->bitrate_bps));
    if (config->is_tier_forced)
        add(&arguments, "--force-tier", NULL);
    add(&arguments, "--estimate", wzp_estimate_kind_name(config->estimate));
    if (config->priority)
        add(&arguments, "--priority", wzp_priority_name(config->priority));
    add_number(&arguments, "--max-rate", (int64_t)config->max_rate_bps, "bit");
    add_number(&arguments, "--delay-budget", config->delay_budget_ns, "ns");
    add_rekey(lua, "client", &arguments);
    unsigned relay = config->relay->node, node = person->node;
    struct sim_rig_client client = {
        .name = config->name,
        .start_ns = config->start_ns,
        .ends_ns = config->start_ns + len_ns + DRAIN_NS,
        .params = {*sim_net_link_params(world->net, node, relay),
                   *sim_net_link_params(world->net, relay, node)},
        .stream = {sim_net_link_stream(node, relay), sim_net_link_stream(relay, node)},
        .args = arguments.arg};
    sim_rig_add(real->rig, &client);
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
    struct arguments unused = {0};
    add_rekey(lua, "client", &unused);
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
            return luaL_error(lua, "w:run after w:measure cannot be had with real processes");
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

bool sim_real_finish(struct sim_run *run)
{
    struct sim_real *real = run->real;
    if (real->is_over || !real->is_live)
        return true;
    real->is_over = true;
    if (!real->rig || !sim_rig_finish(real->rig)) {
        fprintf(stderr, "wzp-sim: %s\n", real->rig ? sim_rig_why(real->rig) : "no relay was started");
        return false;
    }
    const struct sim_world *world = run->world[0];
    real->count = sim_crowd_count(world->crowd);
    for (unsigned i = 0; i < real->count; i++) {
        char path[600];
        struct sim_person *person = sim_crowd_person(world->crowd, i);
        snprintf(path, sizeof path, "%s/%s.json", real->dir, person->config.name);
        if (sim_rig_was_in(real->rig, i)) {
            person->joined_ns = sim_rig_started_at(real->rig, i);
            if (!sim_json_load(&real->json[i], path)) {
                fprintf(stderr, "wzp-sim: %s\n", real->json[i].why);
                return false;
            }
        }
    }
    return true;
}

static int real_measure(lua_State *lua)
{
    if (!sim_real_finish(sim_run_of(lua))) {
        sim_run_of(lua)->is_told = true;
        return luaL_error(lua, "%s", "a process failed");
    }
    real_of(lua)->is_over = true;
    call_simulated(lua);
    return 1;
}

/* Of the same fingerprint. NULL: a stranger. */
static const struct sim_person *speaker_of(const struct sim_run *run, const char *fingerprint,
                                           unsigned *index)
{
    for (unsigned i = 0; i < run->real->count; i++) {
        const char *own = sim_json_text(&run->real->json[i], "name");
        *index = i;
        if (own && fingerprint && strcmp(own, fingerprint) == 0)
            return sim_crowd_person(run->world[0]->crowd, i);
    }
    return NULL;
}

static void measure_hears(const struct sim_run *run, unsigned index, unsigned place,
                          struct sim_measured *measured)
{
    const struct sim_json *json = &run->real->json[index];
    unsigned other;
    const struct sim_person *speaker = speaker_of(run, sim_json_text(json, "hears[%u].speaker", place),
                                                  &other);
    if (!speaker)
        return;
    struct wzp_member_hears hears = wzp_member_hears_none(speaker->config.name);
    double apart_ms = sim_json_number(json, "started_ms") -
                      sim_json_number(&run->real->json[other], "started_ms");
    hears.frames_played = sim_json_number(json, "hears[%u].frames_played", place);
    hears.concealed_pct = sim_json_number(json, "hears[%u].concealed_pct", place);
    hears.recovered_fec = sim_json_number(json, "hears[%u].recovered.fec", place);
    hears.recovered_window = sim_json_number(json, "hears[%u].recovered.window", place);
    hears.recovered_dred = sim_json_number(json, "hears[%u].recovered.dred", place);
    hears.recovered_lbrr = sim_json_number(json, "hears[%u].recovered.lbrr", place);
    hears.lag_p50_ms = sim_json_number(json, "hears[%u].lag_ms.p50", place);
    hears.lag_p95_ms = sim_json_number(json, "hears[%u].lag_ms.p95", place);
    hears.drift_ppm = sim_json_number(json, "hears[%u].drift_ppm", place);
    hears.mouth_to_ear_p50_ms = hears.lag_p50_ms + apart_ms;
    hears.mouth_to_ear_p95_ms = hears.lag_p95_ms + apart_ms;
    measured->hears[measured->member.hears_count++] = hears;
}

void sim_real_measure(const struct sim_run *run, unsigned index, struct sim_measured *measured)
{
    const struct sim_real *real = run->real;
    const struct sim_person *person = sim_crowd_person(run->world[0]->crowd, index);
    const struct sim_json *json = &real->json[index];
    const struct sim_meter *up = sim_rig_meter(real->rig, index, SIM_SHIM_UP),
                           *down = sim_rig_meter(real->rig, index, SIM_SHIM_DOWN);
    double connect_ms = sim_json_number(json, "connect_ms");
    int64_t from_ns = sim_rig_started_at(real->rig, index) +
                      (isnan(connect_ms) ? 0 : (int64_t)(connect_ms * (double)WZP_MS));
    measured->member = (struct wzp_member_measured){
        .name = person->config.name,
        .started_ms = sim_json_number(json, "started_ms"),
        .connect_ms = connect_ms,
        .first_media_ms = sim_json_number(json, "first_media_ms"),
        .wire_up_kbps = sim_meter_kbps(up, from_ns, person->config.stop_ns),
        .wire_down_kbps = sim_meter_kbps(down, from_ns, person->config.stop_ns),
        .max_500ms_up_kbps = sim_meter_peak_kbps(up, 500 * WZP_MS),
        .max_500ms_down_kbps = sim_meter_peak_kbps(down, 500 * WZP_MS),
        .plan_changes = sim_json_number(json, "plan_changes"),
        .hears = measured->hears};
    if (json->count == 0)
        return;
    struct wzp_member_measured *member = &measured->member;
    member->rekeys = (uint64_t)sim_json_number(json, "rekeys");
    member->up = (struct wzp_member_wire){(uint64_t)sim_json_number(json, "wire.up.bytes"),
                                          (uint64_t)sim_json_number(json, "wire.up.packets")};
    member->down = (struct wzp_member_wire){(uint64_t)sim_json_number(json, "wire.down.bytes"),
                                            (uint64_t)sim_json_number(json, "wire.down.packets")};
    member->sent = (struct wzp_member_sent){(uint64_t)sim_json_number(json, "sent_bytes.media"),
                                            (uint64_t)sim_json_number(json, "sent_bytes.repair"),
                                            (uint64_t)sim_json_number(json, "sent_bytes.feedback")};
    for (unsigned i = 0; i < SIM_ROOM_MAX && sim_json_text(json, "hears[%u].speaker", i); i++)
        measure_hears(run, index, i, measured);
}

void sim_real_deinit(struct sim_real *real)
{
    if (real->rig)
        sim_rig_destroy(real->rig);
    real->rig = NULL;
    for (unsigned i = 0; i < real->count; i++)
        sim_json_deinit(&real->json[i]);
    real->count = 0;
}

/* ---- words ---- */

static lua_CFunction word_of(const char *name, bool *is_same)
{
    static const char *const same[] = {"report", NULL};
    static const luaL_Reg words[] = {{"relay", real_relay},
                                     {"client", real_client},
                                     {"leave", real_leave},
                                     {"link", real_link},
                                     {"rebind", real_rebind},
                                     {"kill_relay", real_kill_relay},
                                     {"start_relay", real_start_relay},
                                     {"at", real_at},
                                     {"run", real_run},
                                     {"measure", real_measure}};
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
