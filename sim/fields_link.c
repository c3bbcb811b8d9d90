// SPDX-License-Identifier: Apache-2.0
/* The words of a link: those of tc netem where it has one (docs/sim.md). */
#include <lauxlib.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/time.h"
#include "sim/fields.h"
#include "sim/run.h"

#define CODEL_TARGET   (5 * WZP_MS) /* RFC 8289 section 4.4 */
#define CODEL_INTERVAL (100 * WZP_MS)

static const char *const WORDS[] = {"loss",
                                    "burst",
                                    "loss_correlation",
                                    "gemodel",
                                    "state",
                                    "loss_trace",
                                    "delay",
                                    "jitter",
                                    "distribution",
                                    "delay_correlation",
                                    "reorder",
                                    "gap",
                                    "reorder_correlation",
                                    "rate",
                                    "trace",
                                    "queue",
                                    "queue_packets",
                                    "queue_bytes",
                                    "codel",
                                    "slot",
                                    "overhead",
                                    "cell",
                                    "cell_overhead",
                                    "dup",
                                    "dup_correlation",
                                    "corrupt",
                                    "corrupt_correlation",
                                    "mtu",
                                    "outages",
                                    NULL};

static bool has(lua_State *lua, int at, const char *name)
{
    bool is_there = lua_getfield(lua, at, name) != LUA_TNIL;
    lua_pop(lua, 1);
    return is_there;
}

/* Pushes the field; true if it is a table. `false` is taken as well, and turns the model off. */
static bool table_or_false(lua_State *lua, int at, const char *name)
{
    int type = lua_getfield(lua, at, name);
    if (type != LUA_TTABLE && (type != LUA_TBOOLEAN || lua_toboolean(lua, -1)))
        luaL_error(lua, "\"%s\" takes a table { ... }, or false, not %s", name, sim_value_kind(lua, -1));
    return type == LUA_TTABLE;
}

/* ---- loss ---- */

/* A list of probabilities in the order that tc takes them. */
static void probabilities(lua_State *lua, const char *name, size_t least, size_t most, double *value)
{
    size_t count = sim_list_len(lua, name);
    if (count < least || count > most)
        luaL_error(lua, "\"%s\" takes %d to %d probabilities, not %d", name, (int)least, (int)most,
                   (int)count);
    for (size_t i = 0; i < count; i++) {
        lua_geti(lua, -1, (lua_Integer)i + 1);
        value[i] = sim_value_share(lua, name);
        lua_pop(lua, 1);
    }
}

static void loss_pattern(lua_State *lua, int at, struct sim_loss_model *model)
{
    if (lua_getfield(lua, at, "loss_trace") != LUA_TSTRING)
        luaL_error(lua, "\"loss_trace\" must be a text of 0 (arrives) and 1 (lost), not %s",
                   sim_value_kind(lua, -1));
    model->kind = SIM_LOSS_TRACE;
    model->pattern = lua_tolstring(lua, -1, &model->pattern_len);
    luaL_ref(lua, LUA_REGISTRYINDEX); /* stays where it is as long as the scenario */
}

static void loss_fields(lua_State *lua, int at, struct sim_link_params *params)
{
    static const char *const models[] = {"gemodel", "state", "loss_trace"};
    struct sim_loss_model *model = &params->loss_model;
    unsigned named = 0;
    for (size_t i = 0; i < 3; i++)
        named += has(lua, at, models[i]);
    if (named > 1)
        luaL_error(lua, "a link has one loss model: gemodel, state or loss_trace");
    if (named || has(lua, at, "loss") || has(lua, at, "loss_correlation") || has(lua, at, "burst")) {
        if (named || model->kind > SIM_LOSS_RANDOM) {
            params->loss = 0;
            params->burst = 1;
        }
        double correlation = model->kind == SIM_LOSS_RANDOM ? model->correlation : 0;
        *model = (struct sim_loss_model){.correlation = correlation};
    }
    params->loss = sim_field_share(lua, at, "loss", params->loss);
    params->burst = sim_field_number(lua, at, "burst", params->burst);
    model->correlation = sim_field_share(lua, at, "loss_correlation", model->correlation);
    if (model->kind == SIM_LOSS_BURST && model->correlation > 0)
        model->kind = SIM_LOSS_RANDOM;
    if (has(lua, at, "gemodel") && table_or_false(lua, at, "gemodel")) {
        *model = (struct sim_loss_model){.kind = SIM_LOSS_GEMODEL, .value = {0, -1, 1, 0}};
        probabilities(lua, "gemodel", 1, 4, model->value);
        if (model->value[1] < 0)
            model->value[1] = 1 - model->value[0]; /* as tc: Bernoulli */
    }
    if (has(lua, at, "state") && table_or_false(lua, at, "state")) {
        *model = (struct sim_loss_model){.kind = SIM_LOSS_STATE, .value = {0, -1, 0, 1, 0}};
        probabilities(lua, "state", 1, 5, model->value);
        if (model->value[1] < 0)
            model->value[1] = 1 - model->value[0];
    }
    if (has(lua, at, "loss_trace"))
        loss_pattern(lua, at, model);
}

/* ---- delay ---- */

static void delay_fields(lua_State *lua, int at, struct sim_link_params *params)
{
    static const char *const kinds[] = {"above", "uniform", "normal", "pareto", "paretonormal", NULL};
    struct sim_delay_model *model = &params->delay_model;
    params->delay_ns = sim_field_time(lua, at, "delay", params->delay_ns);
    params->jitter_ns = sim_field_time(lua, at, "jitter", params->jitter_ns);
    model->kind = sim_field_choice(lua, at, "distribution", model->kind, kinds);
    model->correlation = sim_field_share(lua, at, "delay_correlation", model->correlation);
    if (lua_getfield(lua, at, "reorder") == LUA_TBOOLEAN || lua_isnil(lua, -1)) {
        params->reorder = lua_isnil(lua, -1) ? params->reorder : lua_toboolean(lua, -1);
        model->reorder_share = lua_isnil(lua, -1) ? model->reorder_share : 0;
    } else {
        model->reorder_share = sim_value_share(lua, "reorder");
        params->reorder = true; /* as netem: jitter then changes the order, too */
    }
    lua_pop(lua, 1);
    if (model->reorder_share == 0) {
        model->gap = 0;
        model->reorder_correlation = 0;
    }
    model->gap = (uint32_t)sim_field_range(lua, at, "gap", model->gap, 0, 1000000);
    model->reorder_correlation = sim_field_share(lua, at, "reorder_correlation", model->reorder_correlation);
    if (model->reorder_correlation > 0 && model->reorder_share == 0)
        luaL_error(lua, "reorder_correlation needs a share to reorder");
}

/* ---- line ---- */

/* A file's name, or a list of milliseconds. */
static const struct sim_trace *delivery_trace(lua_State *lua)
{
    char why[96], path[1024];
    const struct sim_trace *trace = NULL;
    if (lua_type(lua, -1) == LUA_TSTRING) {
        const char *name = lua_tostring(lua, -1);
        if (!sim_run_resolve(sim_run_of(lua), name, path, sizeof path))
            luaL_error(lua, "trace: no file %s", name);
        trace = sim_trace_load(path, why, sizeof why);
        if (!trace)
            luaL_error(lua, "trace: %s: %s", name, why);
        return trace;
    }
    if (lua_type(lua, -1) != LUA_TTABLE)
        luaL_error(lua, "\"trace\" must be the name of a file, a list of milliseconds, or false, not %s",
                   sim_value_kind(lua, -1));
    size_t count = sim_list_len(lua, "trace");
    if (count > SIM_TRACE_MAX)
        luaL_error(lua, "trace: a trace has 1..%d lines", SIM_TRACE_MAX);
    uint32_t *at_ms = lua_newuserdatauv(lua, count * sizeof *at_ms + 1, 0);
    for (size_t i = 0; i < count; i++) {
        int good;
        lua_geti(lua, -2, (lua_Integer)i + 1);
        lua_Integer value = lua_tointegerx(lua, -1, &good);
        if (!good || value < 0 || value > SIM_TRACE_MS)
            luaL_error(lua, "trace: value %d is not a time in whole milliseconds", (int)i + 1);
        at_ms[i] = (uint32_t)value;
        lua_pop(lua, 1);
    }
    trace = sim_trace_make(at_ms, count, why, sizeof why);
    if (!trace)
        luaL_error(lua, "trace: %s", why);
    lua_pop(lua, 1);
    return trace;
}

static void codel_fields(lua_State *lua, int at, struct sim_line_model *model)
{
    bool is_plain = lua_getfield(lua, at, "codel") == LUA_TBOOLEAN && lua_toboolean(lua, -1);
    lua_pop(lua, 1);
    bool is_table = !is_plain && table_or_false(lua, at, "codel");
    model->codel_target_ns = model->codel_interval_ns = 0;
    if (is_plain || is_table) {
        model->codel_target_ns = CODEL_TARGET;
        model->codel_interval_ns = CODEL_INTERVAL;
    }
    if (is_table) {
        int table = lua_gettop(lua);
        sim_fields_check(lua, table, "codel", (const char *const[]){"target", "interval", NULL});
        model->codel_target_ns = sim_field_time(lua, table, "target", CODEL_TARGET);
        model->codel_interval_ns = sim_field_time(lua, table, "interval", CODEL_INTERVAL);
        if (model->codel_target_ns == 0)
            luaL_error(lua, "codel: \"target\" must be above 0");
    }
}

static void slot_fields(lua_State *lua, int at, struct sim_line_model *model)
{
    bool is_table = table_or_false(lua, at, "slot");
    model->slot_min_ns = model->slot_max_ns = 0;
    model->slot_packets = model->slot_bytes = 0;
    if (!is_table)
        return;
    int table = lua_gettop(lua);
    sim_fields_check(lua, table, "slot", (const char *const[]){"min", "max", "packets", "bytes", NULL});
    model->slot_min_ns = sim_field_time(lua, table, "min", 0);
    model->slot_max_ns = sim_field_time(lua, table, "max", model->slot_min_ns);
    if (model->slot_max_ns == 0)
        luaL_error(lua, "slot: \"max\", or else \"min\", must be above 0");
    model->slot_packets = (uint32_t)sim_field_range(lua, table, "packets", 0, 0, INT32_MAX);
    model->slot_bytes = (uint32_t)sim_field_range(lua, table, "bytes", 0, 0, INT32_MAX);
}

static void outage_fields(lua_State *lua, int at, struct sim_line_model *model)
{
    bool is_table = table_or_false(lua, at, "outages");
    size_t count = is_table ? sim_list_len(lua, "outages") : 0;
    if (count > SIM_OUTAGES_MAX)
        luaL_error(lua, "outages: at most %d; `every` repeats one", SIM_OUTAGES_MAX);
    memset(model->outage, 0, sizeof model->outage);
    for (size_t i = 0; i < count; i++) {
        lua_geti(lua, -1, (lua_Integer)i + 1);
        int row = lua_gettop(lua);
        sim_fields_check(lua, row, "outages", (const char *const[]){"from", "to", "every", NULL});
        model->outage[i] = (struct sim_outage){sim_field_time(lua, row, "from", 0),
                                               sim_field_time(lua, row, "to", 0),
                                               sim_field_time(lua, row, "every", 0)};
        lua_pop(lua, 1);
    }
}

static void line_fields(lua_State *lua, int at, struct sim_link_params *params)
{
    struct sim_line_model *model = &params->line_model;
    bool limits = has(lua, at, "queue_packets") || has(lua, at, "queue_bytes");
    if (lua_getfield(lua, at, "trace") != LUA_TNIL) {
        bool is_off = lua_isboolean(lua, -1) && !lua_toboolean(lua, -1);
        model->trace = is_off ? NULL : delivery_trace(lua);
        params->rate_bps = is_off ? params->rate_bps : 0;
    } else if (has(lua, at, "rate")) {
        model->trace = NULL;
    }
    params->rate_bps = sim_field_rate(lua, at, "rate", params->rate_bps);
    params->queue_ns = sim_field_time(lua, at, "queue", limits ? SIM_LINK_TIME_MAX : params->queue_ns);
    model->queue_packets = (uint64_t)sim_field_range(lua, at, "queue_packets", (int64_t)model->queue_packets,
                                                     0, 10000000);
    model->queue_bytes = (uint64_t)sim_field_range(lua, at, "queue_bytes", (int64_t)model->queue_bytes, 0,
                                                   INT64_C(1000000000000));
    model->overhead = (int32_t)sim_field_range(lua, at, "overhead", model->overhead, -28, 1500);
    model->cell = (uint32_t)sim_field_range(lua, at, "cell", model->cell, 0, 1500);
    model->cell_overhead = (uint32_t)sim_field_range(lua, at, "cell_overhead", model->cell_overhead, 0, 1500);
    if (has(lua, at, "codel"))
        codel_fields(lua, at, model);
    if (has(lua, at, "slot"))
        slot_fields(lua, at, model);
    if (has(lua, at, "outages"))
        outage_fields(lua, at, model);
}

void sim_field_link(lua_State *lua, int index, const char *name, struct sim_link_params *params)
{
    if (lua_getfield(lua, index, name) != LUA_TNIL) {
        int at = lua_gettop(lua);
        luaL_checkstack(lua, 20, name);
        sim_fields_check(lua, at, name, WORDS);
        loss_fields(lua, at, params);
        delay_fields(lua, at, params);
        line_fields(lua, at, params);
        params->dup = sim_field_share(lua, at, "dup", params->dup);
        params->dup_correlation = sim_field_share(lua, at, "dup_correlation", params->dup_correlation);
        params->corrupt = sim_field_share(lua, at, "corrupt", params->corrupt);
        params->corrupt_correlation = sim_field_share(lua, at, "corrupt_correlation",
                                                      params->corrupt_correlation);
        params->mtu = (uint32_t)sim_field_range(lua, at, "mtu", params->mtu, 0, UINT16_MAX);
        lua_settop(lua, at);
    }
    lua_pop(lua, 1);
    const char *why = sim_link_params_check(params);
    if (why)
        luaL_error(lua, "%s: %s", name, why);
}

void sim_push_link_counts(lua_State *lua, const struct sim_link_counts *counts)
{
    const struct {
        const char *name;
        uint64_t value;
    } rows[] = {{"packets", counts->packets},         {"bytes", counts->bytes},
                {"queue_drops", counts->queue_drops}, {"lost", counts->lost},
                {"too_large", counts->too_large},     {"delivered", counts->delivered},
                {"duplicated", counts->duplicated},   {"corrupted", counts->corrupted}};
    lua_newtable(lua);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        lua_pushinteger(lua, (lua_Integer)rows[i].value);
        lua_setfield(lua, -2, rows[i].name);
    }
}
