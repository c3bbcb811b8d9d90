// SPDX-License-Identifier: Apache-2.0
/* What a scenario can say of worlds: relays, clients, links, time, results. docs/sim.md lists it for people.
 */
#include "base/check.h"
#include "file/offer.h"
#include "run/wav.h"
#include "sim/fields.h"
#include "sim/flood.h"
#include "sim/pcap.h"
#include "sim/real.h"
#include "sim/recorder.h"

#include <lauxlib.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define WORLD_TYPE   "wzp.world"
#define HORIZON_MAX  (INT64_C(24) * 3600 * WZP_S)
#define SESSIONS_MAX 65536
#define NAME_LEN     ((int)sizeof(((struct sim_person_config *)0)->name))
#define PPM_MAX      100000
#define MOMENT_MAX   100000         /* callbacks at one moment */
#define PROGRESS_NS  (500 * WZP_MS) /* of virtual time between two looks at the clock */
#define PROGRESS_S   0.1            /* of wall time between two progress lines */

/* ---- worlds ---- */

struct sim_world *sim_world_check(lua_State *lua, int index)
{
    struct sim_world **world = luaL_checkudata(lua, index, WORLD_TYPE);
    if (!*world)
        luaL_error(lua, "this world was closed");
    return *world;
}

struct sim_person *sim_person_check(lua_State *lua, struct sim_world *world, int index)
{
    lua_Integer number = luaL_checkinteger(lua, index);
    luaL_argcheck(lua, number >= 1 && number <= (lua_Integer)sim_crowd_count(world->crowd), index,
                  "no such client");
    return sim_crowd_person(world->crowd, (unsigned)number - 1);
}

static void write_pcap(void *ctx, const struct sim_tap_event *event)
{
    const struct sim_world *world = ctx;
    if (event->kind == SIM_TAP_SENT && event->to != SIM_NOBODY)
        sim_pcap_packet(world->pcap, event->now_ns, &event->from_addr, &event->to_addr, event->bytes,
                        event->len);
}

/* world{ seed = N, horizon = ns } */
static int world_new(lua_State *lua)
{
    struct sim_run *run = sim_run_of(lua);
    sim_fields_check(lua, 1, "world", (const char *const[]){"seed", "horizon", "tracks", NULL});
    if (run->world_count == SIM_WORLDS_MAX)
        return luaL_error(lua, "too many worlds in one run");
    int64_t horizon_ns = sim_field_time(lua, 1, "horizon", 0);
    if (horizon_ns <= 0 || horizon_ns > HORIZON_MAX)
        return luaL_error(lua, "world: horizon must be a time above 0 and at most a day");
    for (unsigned i = 0; i < run->world_count; i++)
        if (run->world[i]->watch)
            return luaL_error(lua, "world: close the one before first");
    struct sim_world *world = calloc(1, sizeof *world);
    WZP_CHECK(world);
    run->world[run->world_count++] = world;
    world->run = run;
    world->horizon_ns = horizon_ns;
    world->net = sim_net_create((uint64_t)sim_field_int(lua, 1, "seed", (int64_t)run->seed));
    world->watch = sim_watch_create(world->net);
    world->crowd = sim_crowd_create(world->net, sim_field_bool(lua, 1, "tracks", false), horizon_ns);
    world->laws = sim_laws_create(world->net, world->crowd);
    world->bounds = sim_bounds_create(world->net, world->crowd);
    *(struct sim_world **)lua_newuserdata(lua, sizeof world) = world;
    luaL_setmetatable(lua, WORLD_TYPE);
    return 1;
}

void sim_world_destroy(struct sim_world *world)
{
    if (world->series)
        sim_series_destroy(world->series);
    if (world->recorder)
        sim_recorder_destroy(world->recorder);
    if (world->laws)
        sim_laws_destroy(world->laws);
    if (world->bounds)
        sim_bounds_destroy(world->bounds);
    if (world->flows)
        sim_flows_destroy(world->flows);
    if (world->netchecks)
        sim_netchecks_destroy(world->netchecks);
    if (world->crowd)
        sim_crowd_destroy(world->crowd);
    while (world->relays.count > 0)
        sim_relay_destroy(world->relays.relay[--world->relays.count]);
    if (world->watch)
        sim_watch_destroy(world->watch);
    if (world->net) {
        sim_net_hash(world->net, world->hash);
        sim_net_destroy(world->net);
    }
    for (unsigned i = 0; i < world->flood_count; i++)
        sim_flood_destroy(world->flood[i]);
    if (world->pcap)
        fclose(world->pcap);
    struct sim_world closed = {.run = world->run};
    memcpy(closed.hash, world->hash, sizeof closed.hash);
    *world = closed;
}

/* w:close(): frees what a scenario with many worlds would pile up. The reported world stays. */
static int world_close(lua_State *lua)
{
    struct sim_world **world = luaL_checkudata(lua, 1, WORLD_TYPE);
    if (*world && (*world)->is_running)
        return luaL_error(lua, "close: this world is running");
    if (*world && (*world)->run->reported == *world)
        return luaL_error(lua, "close: this world is the reported one");
    if (*world)
        sim_world_destroy(*world);
    *world = NULL;
    return 0;
}

/* w:report(): the results of the run are this world's. To be called before it runs. */
static int world_report(lua_State *lua)
{
    struct sim_world *world = sim_world_check(lua, 1);
    struct sim_run *run = world->run;
    run->reported = world;
    if (run->out_dir && !world->pcap) {
        char path[1024];
        snprintf(path, sizeof path, "%s/capture.pcap", run->out_dir);
        world->pcap = fopen(path, "wb");
        if (!world->pcap || !sim_pcap_begin(world->pcap))
            return luaL_error(lua, "cannot write %s", path);
        sim_net_tap(world->net, write_pcap, world);
        world->series = sim_series_create(world->net, world->crowd, &world->relays, world->horizon_ns);
    }
    return 0;
}

static int64_t rekey_field(lua_State *lua)
{
    return sim_field_time(lua, 2, "rekey", 0);
}

static enum wzp_estimate_kind estimate_field(lua_State *lua, const char *what,
                                             enum wzp_estimate_kind otherwise)
{
    enum wzp_estimate_kind kind;
    const char *name = sim_field_text(lua, 2, "estimate", wzp_estimate_kind_name(otherwise));
    if (!wzp_estimate_kind_from(name, &kind))
        luaL_error(lua, "%s: estimate is one of auto, fixed, ours, delta, gcc", what);
    return kind;
}

/* w:relay{ name =, sessions =, rooms =, members =, token =, rekey =, repair = "on"|"pass", estimate = } */
static int world_relay(lua_State *lua)
{
    struct sim_world *world = sim_world_check(lua, 1);
    sim_fields_check(lua, 2, "relay",
                     (const char *const[]){"name", "sessions", "rooms", "members", "token", "rekey", "repair",
                                           "estimate", "behind", NULL});
    const char *name = sim_relay_new_name(lua, world);
    struct sim_nat *nat = sim_nat_field(lua, world);
    if (world->recorder && world->relays.count > 0)
        return luaL_error(lua, "relay: a world with w:record has one");
    struct wzp_relay_config config = wzp_relay_config_default();
    const char *token = sim_field_text(lua, 2, "token", "");
    config.endpoint.limits.sessions_max = (uint32_t)sim_field_range(lua, 2, "sessions", 32, 1, SESSIONS_MAX);
    config.endpoint.limits.half_open_max = 64;
    sim_set_rekey(&config.endpoint, rekey_field(lua));
    config.endpoint.passes_repair = sim_field_choice(lua, 2, "repair", 0,
                                                     (const char *const[]){"on", "pass", NULL}) == 1;
    config.endpoint.estimate = estimate_field(lua, "relay", config.endpoint.estimate);
    config.rooms_max = (uint32_t)sim_field_range(lua, 2, "rooms", 8, 1, SESSIONS_MAX);
    config.members_max = (uint32_t)sim_field_range(lua, 2, "members", 16, 1, WZP_MEMBERS_MAX);
    if (strlen(token) > sizeof config.token)
        return luaL_error(lua, "relay: the token is longer than %d bytes", (int)sizeof config.token);
    config.token_len = (uint8_t)strlen(token);
    memcpy(config.token, token, config.token_len);
    struct sim_relay *relay = sim_relay_create(world->net, name, &config);
    world->relays.relay[world->relays.count++] = relay;
    if (nat && !sim_relay_put_behind(relay, nat))
        return luaL_error(lua, "relay: its NAT has no port left");
    return 0;
}

static enum wzp_priority priority_field(lua_State *lua)
{
    static const char *const names[] = {"balanced", "audio-first", "video-first", "screen-share", NULL};
    return (enum wzp_priority)sim_field_choice(lua, 2, "priority", WZP_PRIORITY_BALANCED, names);
}

static bool is_name_taken(const struct sim_world *world, const char *name)
{
    for (unsigned i = 0; i < sim_crowd_count(world->crowd); i++)
        if (strcmp(sim_crowd_person(world->crowd, i)->config.name, name) == 0)
            return true;
    return false;
}

/* Results and sounds go by names: "client", "client-2" and so on for who is given none. */
static void take_name(lua_State *lua, const struct sim_world *world, char out[NAME_LEN])
{
    char free_name[NAME_LEN] = "client";
    for (unsigned number = 2; is_name_taken(world, free_name); number++)
        snprintf(free_name, sizeof free_name, "client-%u", number);
    const char *name = sim_field_text(lua, 2, "name", free_name);
    if (strlen(name) >= NAME_LEN || !wzp_file_name_is_good(name, strlen(name)))
        luaL_error(lua, "client: a name is 1 to %d bytes that can be a file's name, not \"%s\"", NAME_LEN - 1,
                   name);
    if (is_name_taken(world, name))
        luaL_error(lua, "client: this world has one that is called \"%s\": give each its own", name);
    snprintf(out, NAME_LEN, "%s", name);
}

/* w:client{ name =, relay =, room =, codec =, speech =, pattern =, version =, token =, start =, stop =, ppm
 * =, rekey =, max_rate =, bitrate =, delay_budget =, priority =, up =, down =, disk =,
 * behind = } */
static int world_client(lua_State *lua)
{
    struct sim_world *world = sim_world_check(lua, 1);
    sim_fields_check(lua, 2, "client",
                     (const char *const[]){"name",         "relay",    "room",     "codec",   "speech",
                                           "pattern",      "version",  "token",    "start",   "stop",
                                           "ppm",          "rekey",    "max_rate", "bitrate", "force",
                                           "delay_budget", "priority", "estimate", "test",    "up",
                                           "down",         "disk",     "behind",   NULL});
    struct sim_relay *relay = sim_relay_named(lua, world, sim_field_text(lua, 2, "relay", NULL), "client");
    if (sim_crowd_count(world->crowd) == (world->recorder ? SIM_RECORDER_PEOPLE_MAX : SIM_PEOPLE_MAX))
        return luaL_error(lua, "client: at most %d in a world, %d with w:record", SIM_PEOPLE_MAX,
                          SIM_RECORDER_PEOPLE_MAX);
    struct sim_person_config config = {
        .relay = relay,
        .room = sim_field_text(lua, 2, "room", "demo"),
        .codec = wzp_audio_codec_find(sim_field_text(lua, 2, "codec", "opus")),
        .is_ik = sim_field_choice(lua, 2, "pattern", 0, (const char *const[]){"xx", "ik", NULL}) == 1,
        .version = (uint8_t)sim_field_range(lua, 2, "version", 0, 0, UINT8_MAX),
        .token = sim_field_text(lua, 2, "token", ""),
        .start_ns = sim_field_time(lua, 2, "start", 0),
        .stop_ns = sim_field_time(lua, 2, "stop", world->horizon_ns),
        .clock_ppm = sim_field_number(lua, 2, "ppm", 0),
        .rekey_ns = rekey_field(lua),
        .max_rate_bps = sim_field_rate_bound(lua, 2, "max_rate", WZP_MAX_RATE_MIN_BPS, WZP_MAX_RATE_MAX_BPS),
        .test = (enum wzp_probe_kind)sim_field_choice(
            lua, 2, "test", 0, (const char *const[]){"none", "echo", "tone", "sweep", NULL}),
        .is_tier_forced = sim_field_bool(lua, 2, "force", false),
        .priority = priority_field(lua),
        .estimate = estimate_field(lua, "client", relay->config.endpoint.estimate),
        .bitrate_bps = (uint32_t)sim_field_rate_bound(lua, 2, "bitrate", WZP_CALL_BITRATE_MIN_BPS,
                                                      WZP_CALL_BITRATE_MAX_BPS),
        .delay_budget_ns = sim_field_time_bound(lua, 2, "delay_budget", WZP_CALL_DELAY_BUDGET_MIN_NS,
                                                WZP_CALL_DELAY_BUDGET_MAX_NS),
        .disk_bytes = (uint64_t)sim_field_range(lua, 2, "disk", INT64_MAX, 0, INT64_MAX),
    };
    if (world->run->real && config.start_ns < config.stop_ns) /* programs start at no common moment */
        config.start_ns = wzp_time_min(config.start_ns + sim_real_start_offset(world), config.stop_ns);
    take_name(lua, world, config.name);
    const char *speech = sim_field_text(lua, 2, "speech", NULL);
    if (config.test && (speech || config.codec != wzp_audio_codec_find("opus")))
        return luaL_error(lua, "client: \"test\" says its own sounds, with codec opus, and no speech");
    char why[WZP_WAV_WHY_MAX], path[1024];
    if (!config.codec)
        return luaL_error(lua, "client: no codec \"%s\"; there are opus and synthetic",
                          sim_field_text(lua, 2, "codec", "opus"));
    if (config.start_ns > world->horizon_ns || config.stop_ns > world->horizon_ns)
        return luaL_error(lua, "client: start and stop must not be beyond the world's horizon");
    if (!(fabs(config.clock_ppm) <= PPM_MAX))
        return luaL_error(lua, "client: ppm must be within -%d..%d", PPM_MAX, PPM_MAX);
    if (strlen(config.token) > WZP_TOKEN_MAX || strlen(config.room) > WZP_ROOM_NAME_MAX || !config.room[0])
        return luaL_error(lua, "client: the token or the room's name is out of range");
    const struct sim_room *room = sim_crowd_find_room(world->crowd, relay, config.room);
    if (room && room->count == SIM_ROOM_MAX)
        return luaL_error(lua, "client: at most %d in a room", SIM_ROOM_MAX);
    if (speech && !sim_run_resolve(world->run, speech, path, sizeof path))
        return luaL_error(lua, "speech: no file %s (make build fetches the recordings)", speech);
    if (speech && !(config.voice = sim_voice_load(path, why, sizeof why)))
        return luaL_error(lua, "speech: %s", why);
    struct sim_link_params up = {.burst = 1, .queue_ns = WZP_S}, down = up;
    sim_field_link(lua, 2, "up", &up);
    sim_field_link(lua, 2, "down", &down);
    struct sim_nat *nat = sim_nat_field(lua, world);
    struct sim_person *person = sim_crowd_add(world->crowd, &config);
    if (nat)
        sim_net_put_behind(world->net, person->node, nat);
    sim_net_connect(world->net, person->node, relay->node, &up);
    sim_net_connect(world->net, relay->node, person->node, &down);
    lua_pushinteger(lua, (lua_Integer)person->index + 1);
    return 1;
}

/* ---- time ---- */

/* The scenario's memory, so that what never comes goes with it; the function is its user value. */
struct callback {
    lua_State *lua;
    int self; /* in the registry */
};

static void call_back(void *ctx, int64_t now_ns)
{
    struct callback *callback = ctx;
    lua_State *lua = callback->lua;
    lua_rawgeti(lua, LUA_REGISTRYINDEX, callback->self);
    luaL_unref(lua, LUA_REGISTRYINDEX, callback->self);
    lua_getiuservalue(lua, -1, 1);
    lua_remove(lua, -2);
    lua_pushinteger(lua, now_ns);
    lua_call(lua, 1, 0); /* an error goes on to the scenario's w:run, and ends the run */
}

/* w:at(ns, function) */
static int world_at(lua_State *lua)
{
    struct sim_world *world = sim_world_check(lua, 1);
    int64_t at_ns = sim_time_argument(lua, 2, "at"), now_ns = sim_net_now(world->net);
    if (lua_type(lua, 3) != LUA_TFUNCTION)
        return luaL_error(lua, "at: takes a time and a function, not %s", sim_value_kind(lua, 3));
    if (at_ns < now_ns)
        return luaL_error(lua, "at: %I ns is over: it is %I ns", (lua_Integer)at_ns, (lua_Integer)now_ns);
    world->asked_at_moment = world->moment_ns == now_ns ? world->asked_at_moment + (at_ns == now_ns) : 0;
    world->moment_ns = now_ns;
    if (world->asked_at_moment > MOMENT_MAX)
        return luaL_error(lua, "at: more than %d calls at one moment: time does not go on", MOMENT_MAX);
    struct callback *callback = lua_newuserdatauv(lua, sizeof *callback, 1);
    lua_pushvalue(lua, 3);
    lua_setiuservalue(lua, -2, 1);
    *callback = (struct callback){lua, luaL_ref(lua, LUA_REGISTRYINDEX)};
    sim_net_at(world->net, at_ns, call_back, callback);
    return 0;
}

static double wall_clock(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static void progress(const struct sim_world *world, double elapsed_s)
{
    double at_s = (double)sim_net_now(world->net) / WZP_S;
    fprintf(stderr, "\r%6.1f of %.1f s, %.0f times real time ", at_s, (double)world->horizon_ns / WZP_S,
            elapsed_s > 0 ? at_s / elapsed_s : 0);
    fflush(stderr);
}

/* w:run(ns): until that time. A safety violation ends the scenario. */
static int world_run(lua_State *lua)
{
    struct sim_world *world = sim_world_check(lua, 1);
    struct sim_run *run = world->run;
    int64_t until_ns = sim_time_argument(lua, 2, "run"), from_ns = sim_net_now(world->net);
    if (until_ns > world->horizon_ns)
        return luaL_error(lua, "run: %I ns is beyond the world's horizon, %I ns", (lua_Integer)until_ns,
                          (lua_Integer)world->horizon_ns);
    if (run->prints_tc) {
        sim_world_print_tc(world);
        run->is_told = run->tc_is_printed = true;
        lua_pushnil(lua);
        return lua_error(lua);
    }
    if (world->is_running)
        return luaL_error(lua, "run: this world is running: say it outside of w:at");
    if (until_ns < from_ns)
        return luaL_error(lua, "run: %I ns is over: it is %I ns", (lua_Integer)until_ns,
                          (lua_Integer)from_ns);
    world->is_running = true; /* and remains so if something in it raises an error */
    bool shows = !run->quiet && run->reported == world && isatty(STDERR_FILENO);
    double began_s = wall_clock(), shown_s = began_s;
    bool good = true;
    while (good && sim_net_now(world->net) < until_ns) {
        int64_t next_ns = wzp_time_min(until_ns, sim_net_now(world->net) + PROGRESS_NS);
        good = sim_net_run(world->net, next_ns);
        sim_laws_audit(world->laws);
        sim_bounds_audit(world->bounds);
        good = good && !sim_net_violation(world->net);
        double now_s = wall_clock();
        if (shows && now_s - shown_s >= PROGRESS_S) {
            progress(world, now_s - began_s);
            shown_s = now_s;
        }
    }
    world->is_running = false;
    if (shows)
        fprintf(stderr, "\r%60s\r", "");
    run->wall_s += wall_clock() - began_s;
    run->virtual_ns += sim_net_now(world->net) - from_ns;
    if (good)
        return 0;
    snprintf(run->violation, sizeof run->violation, "%s", sim_net_violation(world->net));
    return luaL_error(lua, "safety: %s", run->violation);
}

/* ---- what clients do and measured ---- */

static int world_leave(lua_State *lua)
{
    struct sim_world *world = sim_world_check(lua, 1);
    sim_person_leave(sim_person_check(lua, world, 2));
    return 0;
}

static void set_real(lua_State *lua, const char *name, double value)
{
    if (isnan(value))
        return; /* not measured: nil */
    lua_pushnumber(lua, value);
    lua_setfield(lua, -2, name);
}

static void push_hears(lua_State *lua, const struct wzp_member_hears *hears)
{
    lua_createtable(lua, 0, 8);
    lua_pushstring(lua, hears->speaker);
    lua_setfield(lua, -2, "speaker");
    set_real(lua, "frames_sent", hears->frames_sent);
    set_real(lua, "frames_played", hears->frames_played);
    set_real(lua, "concealed_pct", hears->concealed_pct);
    set_real(lua, "freezes", hears->freezes);
    set_real(lua, "longest_freeze_ms", hears->longest_freeze_ms);
    set_real(lua, "repaired", hears->recovered_window);
    set_real(lua, "lbrr", hears->recovered_lbrr);
    set_real(lua, "dred", hears->recovered_dred);
    set_real(lua, "mouth_to_ear_p50_ms", hears->mouth_to_ear_p50_ms);
    set_real(lua, "mouth_to_ear_p95_ms", hears->mouth_to_ear_p95_ms);
    set_real(lua, "estoi", hears->estoi);
    set_real(lua, "drift_ppm", hears->drift_ppm);
}

static void push_sent(lua_State *lua, const struct wzp_member_sent *sent)
{
    lua_createtable(lua, 0, 3);
    set_real(lua, "media", (double)sent->media);
    set_real(lua, "repair", (double)sent->repair);
    set_real(lua, "feedback", (double)sent->feedback);
    lua_setfield(lua, -2, "sent_bytes");
}

static void push_test(lua_State *lua, const struct wzp_probe_result *test)
{
    lua_createtable(lua, 0, 6);
    lua_pushinteger(lua, test->said);
    lua_setfield(lua, -2, "said");
    lua_pushinteger(lua, test->returned);
    lua_setfield(lua, -2, "returned");
    set_real(lua, "round_trip_p50_ms", test->round_trip_p50_ms);
    set_real(lua, "round_trip_p95_ms", test->round_trip_p95_ms);
    lua_createtable(lua, WZP_PROBE_BANDS, 0);
    for (lua_Integer i = 0; i < WZP_PROBE_BANDS; i++) {
        lua_createtable(lua, 0, 3);
        set_real(lua, "hz", wzp_probe_band_hz[i]);
        set_real(lua, "said_db", test->said_db[i]);
        set_real(lua, "heard_db", test->heard_db[i]);
        lua_seti(lua, -2, i + 1);
    }
    lua_setfield(lua, -2, "bands");
    lua_setfield(lua, -2, "test");
}

/* w:measure(client, with_estoi, from) */
static int world_measure(lua_State *lua)
{
    struct sim_world *world = sim_world_check(lua, 1);
    const struct sim_person *person = sim_person_check(lua, world, 2);
    struct sim_measured measured;
    int64_t from_ns = lua_isnoneornil(lua, 4) ? 0 : sim_time_argument(lua, 4, "from");
    if (from_ns && world->run->real)
        return luaL_error(lua, "measure: of real programs all is measured, not what was from a time on");
    sim_run_measure(world->run, person, from_ns, lua_toboolean(lua, 3), &measured);
    lua_createtable(lua, 0, 8);
    set_real(lua, "connect_ms", measured.member.connect_ms);
    set_real(lua, "first_media_ms", measured.member.first_media_ms);
    lua_pushboolean(lua, person->joined_ns != WZP_NEVER);
    lua_setfield(lua, -2, "joined");
    lua_pushinteger(lua, person->slot);
    lua_setfield(lua, -2, "slot");
    lua_pushinteger(lua, person->refused);
    lua_setfield(lua, -2, "refused");
    lua_pushinteger(lua, (lua_Integer)measured.member.rekeys);
    lua_setfield(lua, -2, "rekeys");
    set_real(lua, "wire_up_kbps", measured.member.wire_up_kbps);
    set_real(lua, "wire_down_kbps", measured.member.wire_down_kbps);
    set_real(lua, "max_500ms_up_kbps", measured.member.max_500ms_up_kbps);
    set_real(lua, "max_500ms_down_kbps", measured.member.max_500ms_down_kbps);
    set_real(lua, "plan_changes", measured.member.plan_changes);
    push_sent(lua, &measured.member.sent);
    if (measured.member.test)
        push_test(lua, measured.member.test);
    lua_createtable(lua, (int)measured.member.hears_count, 0);
    for (size_t i = 0; i < measured.member.hears_count; i++) {
        push_hears(lua, &measured.hears[i]);
        lua_seti(lua, -2, (lua_Integer)i + 1);
    }
    lua_setfield(lua, -2, "hears");
    return 1;
}

/* w:ended(client): nil, or { reason =, text =, by_peer =, at =, versions = {} } */
static int world_ended(lua_State *lua)
{
    struct sim_world *world = sim_world_check(lua, 1);
    const struct sim_person *person = sim_person_check(lua, world, 2);
    if (!person->has_ended)
        return 0;
    lua_createtable(lua, 0, 5);
    lua_pushstring(lua, wzp_close_reason_name(person->ended_reason));
    lua_setfield(lua, -2, "reason");
    lua_pushstring(lua, wzp_close_reason_text(person->ended_reason));
    lua_setfield(lua, -2, "text");
    lua_pushboolean(lua, person->ended_by_peer);
    lua_setfield(lua, -2, "by_peer");
    lua_pushinteger(lua, person->ended_ns);
    lua_setfield(lua, -2, "at");
    lua_createtable(lua, person->ended_version_count, 0);
    for (unsigned i = 0; i < person->ended_version_count; i++) {
        lua_pushinteger(lua, person->ended_versions[i]);
        lua_seti(lua, -2, i + 1);
    }
    lua_setfield(lua, -2, "versions");
    return 1;
}

/* w:rekeyed(client): when its session got fresh keys */
static int world_rekeyed(lua_State *lua)
{
    const struct sim_person *person = sim_person_check(lua, sim_world_check(lua, 1), 2);
    lua_createtable(lua, (int)person->rekeyed_count, 0);
    for (unsigned i = 0; i < person->rekeyed_count; i++) {
        lua_pushinteger(lua, person->rekeyed_ns[i]);
        lua_seti(lua, -2, (lua_Integer)i + 1);
    }
    return 1;
}

/* What is not in the table of drops: 0, and an error for a word that is no reason. */
static int no_drops(lua_State *lua)
{
    const char *name = luaL_checkstring(lua, 2);
    for (unsigned i = 0; i < WZP_DROP_COUNT; i++)
        if (strcmp(wzp_drop_name(i), name) == 0) {
            lua_pushinteger(lua, 0);
            return 1;
        }
    return luaL_error(lua, "drops: there is no reason '%s'", name);
}

/* w:drops(client, or nil or a name for a relay): { reason = count }; `pairs` gives those above 0 */
static int world_drops(lua_State *lua)
{
    struct sim_world *world = sim_world_check(lua, 1);
    const struct sim_relay *relay = sim_relay_live(lua, world, 2, "drops");
    const struct wzp_endpoint_counters *counters = relay ? wzp_relay_endpoint_counters(relay->relay)
                                                         : wzp_call_counters(
                                                               sim_person_check(lua, world, 2)->call);
    lua_newtable(lua);
    for (unsigned i = 0; i < WZP_DROP_COUNT; i++) {
        if (counters->drops[i] == 0)
            continue;
        lua_pushinteger(lua, (lua_Integer)counters->drops[i]);
        lua_setfield(lua, -2, wzp_drop_name(i));
    }
    lua_createtable(lua, 0, 1);
    lua_pushcfunction(lua, no_drops);
    lua_setfield(lua, -2, "__index");
    lua_setmetatable(lua, -2);
    return 1;
}

/* w:answers(): how many answers to first messages all relays sent, copies too */
static int world_answers(lua_State *lua)
{
    lua_pushinteger(lua, (lua_Integer)sim_crowd_answers(sim_world_check(lua, 1)->crowd));
    return 1;
}

/* w:digest(client): one number for all it heard */
static int world_digest(lua_State *lua)
{
    struct sim_world *world = sim_world_check(lua, 1);
    lua_pushinteger(lua, (lua_Integer)sim_person_check(lua, world, 2)->heard_digest);
    return 1;
}

/* w:wire(client): up bytes, up packets, down bytes, down packets; 28 bytes of header a packet counted */
static int world_wire(lua_State *lua)
{
    struct sim_world *world = sim_world_check(lua, 1);
    struct sim_wire up, down;
    sim_net_wire(world->net, sim_person_check(lua, world, 2)->node, &up, &down);
    lua_pushinteger(lua, (lua_Integer)up.bytes);
    lua_pushinteger(lua, (lua_Integer)up.packets);
    lua_pushinteger(lua, (lua_Integer)down.bytes);
    lua_pushinteger(lua, (lua_Integer)down.packets);
    return 4;
}

/* w:offered(client): bytes that its two links were given, up and down, lost ones too; 28 of header a packet
 */
static int world_offered(lua_State *lua)
{
    struct sim_world *world = sim_world_check(lua, 1);
    const struct sim_person *person = sim_person_check(lua, world, 2);
    unsigned relay = person->config.relay->node;
    lua_pushinteger(lua, (lua_Integer)sim_net_link_counts(world->net, person->node, relay)->bytes);
    lua_pushinteger(lua, (lua_Integer)sim_net_link_counts(world->net, relay, person->node)->bytes);
    return 2;
}

/* w:gaps(listener, speaker, from, to): active frames captured between the times, how many were not heard, and
 * the longest mouth to ear of the others in ms */
static int world_gaps(lua_State *lua)
{
    struct sim_world *world = sim_world_check(lua, 1);
    const struct sim_person *listener = sim_person_check(lua, world, 2),
                            *speaker = sim_person_check(lua, world, 3);
    struct sim_window window;
    int64_t from_ns, to_ns;
    sim_span_arguments(lua, 4, "gaps", &from_ns, &to_ns);
    sim_person_window(listener, speaker, from_ns, to_ns, &window);
    lua_pushinteger(lua, (lua_Integer)window.frames);
    lua_pushinteger(lua, (lua_Integer)window.lost);
    lua_pushnumber(lua, (double)window.longest_ns / WZP_MS);
    return 3;
}

/* w:flip(n, "any" | "version") */
static int world_flip(lua_State *lua)
{
    static const char *const where[] = {"any", "version", NULL};
    struct sim_net *net = sim_world_check(lua, 1)->net;
    lua_Integer count = luaL_checkinteger(lua, 2);
    luaL_argcheck(lua, count >= 0, 2, "no less than nothing");
    if (luaL_checkoption(lua, 3, "any", where) == 0)
        sim_net_flip(net, (uint64_t)count);
    else
        sim_net_flip_versions(net, (uint64_t)count);
    return 0;
}

static int world_flips_left(lua_State *lua)
{
    lua_pushinteger(lua, (lua_Integer)sim_net_flips_left(sim_world_check(lua, 1)->net));
    return 1;
}

static int world_hash(lua_State *lua)
{
    char hash[33];
    sim_net_hash(sim_world_check(lua, 1)->net, hash);
    lua_pushstring(lua, hash);
    return 1;
}

/* judge(kind, name, passed, text): kind is "safety", "liveness" or "quality" */
static int judge(lua_State *lua)
{
    struct sim_run *run = sim_run_of(lua);
    static const char *const kinds[] = {"safety", "liveness", "quality", NULL};
    int kind = luaL_checkoption(lua, 1, NULL, kinds);
    if (run->judge_count == SIM_JUDGES_MAX)
        return luaL_error(lua, "too many judges");
    struct sim_judge_row *row = &run->judge[run->judge_count++];
    snprintf(row->kind, sizeof row->kind, "%s", kinds[kind]);
    snprintf(row->name, sizeof row->name, "%s", luaL_checkstring(lua, 2));
    row->passed = lua_toboolean(lua, 3);
    snprintf(row->text, sizeof row->text, "%s", luaL_optstring(lua, 4, ""));
    lua_pushboolean(lua, row->passed);
    return 1;
}

void sim_api_open(lua_State *lua)
{
    static const luaL_Reg methods[] = {{"relay", world_relay},
                                       {"client", world_client},
                                       {"at", world_at},
                                       {"run", world_run},
                                       {"leave", world_leave},
                                       {"measure", world_measure},
                                       {"ended", world_ended},
                                       {"rekeyed", world_rekeyed},
                                       {"drops", world_drops},
                                       {"answers", world_answers},
                                       {"digest", world_digest},
                                       {"wire", world_wire},
                                       {"offered", world_offered},
                                       {"gaps", world_gaps},
                                       {"flip", world_flip},
                                       {"hash", world_hash},
                                       {"report", world_report},
                                       {"close", world_close},
                                       {"flips_left", world_flips_left},
                                       {NULL, NULL}};
    luaL_newmetatable(lua, WORLD_TYPE);
    luaL_newlib(lua, methods);
    sim_api_secrets_open(lua);
    sim_api_relays_open(lua);
    sim_api_faults_open(lua);
    sim_api_parcels_open(lua);
    sim_api_camera_open(lua);
    sim_api_flow_open(lua);
    sim_api_nets_open(lua);
    sim_api_netcheck_open(lua);
    if (sim_run_of(lua)->real)
        sim_api_real_open(lua);
    sim_words_guard(lua, "a world");
    lua_setfield(lua, -2, "__index");
    lua_pop(lua, 1);
    lua_register(lua, "world", world_new);
    lua_register(lua, "judge", judge);
    sim_api_result_open(lua);
    lua_pushinteger(lua, (lua_Integer)sim_run_of(lua)->seed);
    lua_setglobal(lua, "seed");
    lua_pushglobaltable(lua);
    sim_words_guard(lua, "the box");
    lua_pop(lua, 1);
}
