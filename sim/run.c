// SPDX-License-Identifier: Apache-2.0
#include "sim/real.h"

#include "base/check.h"
#include "sim/folder.h"

#include <lauxlib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What the scenario's end means: the worst judge decides. */
static enum sim_exit verdict(const struct sim_run *run)
{
    enum sim_exit worst = SIM_EXIT_OK;
    for (unsigned i = 0; i < run->judge_count; i++) {
        if (run->judge[i].passed)
            continue;
        enum sim_exit exit = strcmp(run->judge[i].kind, "safety") == 0     ? SIM_EXIT_SAFETY
                             : strcmp(run->judge[i].kind, "liveness") == 0 ? SIM_EXIT_LIVENESS
                                                                           : SIM_EXIT_QUALITY;
        if (worst == SIM_EXIT_OK || exit < worst)
            worst = exit;
    }
    return worst;
}

/* "wzp-sim: " and the first line of `text`. What a terminal would obey, UTF-8's own C1 controls too, is
 * written as \x1b. */
static void tell_line(const char *before, const char *text)
{
    fprintf(stderr, "wzp-sim: %s", before);
    for (const char *at = text; *at && *at != '\n'; at++) {
        unsigned char byte = (unsigned char)*at, behind = (unsigned char)at[1];
        bool is_c1 = byte == 0xc2 && behind >= 0x80 && behind < 0xa0;
        fprintf(stderr, byte < ' ' || byte == 0x7f || is_c1 ? "\\x%02x" : "%c", byte);
        if (is_c1)
            fprintf(stderr, "\\x%02x", (unsigned char)*++at);
    }
    fputc('\n', stderr);
}

static enum sim_exit after_error(struct sim_run *run)
{
    if (run->violation[0]) {
        struct sim_judge_row *row = &run->judge[run->judge_count < SIM_JUDGES_MAX ? run->judge_count++ : 0];
        *row = (struct sim_judge_row){.kind = "safety", .name = "safety watchers"};
        snprintf(row->text, sizeof row->text, "%s", run->violation);
        tell_line("safety violated ", run->violation);
        return SIM_EXIT_SAFETY;
    }
    if (run->is_told)
        return SIM_EXIT_USAGE;
    const char *message = lua_tostring(run->lua, -1);
    bool is_placed = message && (sim_box_has_place(message) || strstr(message, run->file));
    char before[1024];
    snprintf(before, sizeof before, "%s%s", is_placed ? "" : run->file, is_placed ? "" : ": ");
    if (message)
        tell_line(before, message);
    else
        fprintf(stderr, "wzp-sim: %s: it raised an error that is no text but a %s\n", run->file,
                luaL_typename(run->lua, -1));
    return SIM_EXIT_USAGE;
}

void sim_run_hash(const struct sim_run *run, char out[33])
{
    char hash[33] = "";
    crypto_generichash_blake2b_state state;
    uint8_t digest[16];
    crypto_generichash_blake2b_init(&state, NULL, 0, sizeof digest);
    for (unsigned i = 0; i < run->world_count; i++) {
        if (run->world[i]->net)
            sim_net_hash(run->world[i]->net, run->world[i]->hash);
        memcpy(hash, run->world[i]->hash, sizeof hash);
        crypto_generichash_blake2b_update(&state, (const uint8_t *)hash, 32);
    }
    crypto_generichash_blake2b_final(&state, digest, sizeof digest);
    if (run->world_count == 1)
        memcpy(out, hash, sizeof hash);
    else
        sodium_bin2hex(out, 33, digest, sizeof digest);
}

bool sim_run_resolve(const struct sim_run *run, const char *path, char *out, size_t out_len)
{
    char folder[1024];
    struct stat found;
    if (snprintf(out, out_len, "%s", path) < (int)out_len && stat(out, &found) == 0)
        return true;
    if (path[0] == '/' || !realpath(run->file, folder))
        return false;
    for (char *slash; (slash = strrchr(folder, '/'));) {
        *slash = '\0';
        if (snprintf(out, out_len, "%s/%s", folder, path) < (int)out_len && stat(out, &found) == 0)
            return true;
    }
    return false;
}

void sim_run_measure(const struct sim_run *run, const struct sim_person *person, int64_t from_ns,
                     bool with_estoi, struct sim_measured *measured)
{
    if (run->real && run->real->is_live)
        sim_real_measure(run, person->index, measured);
    else
        sim_person_measure(person, from_ns, with_estoi && !run->real, measured);
    if (run->real && !run->real->is_live)
        sim_person_measure_by_ear(person, measured);
}

/* Once, for table, JSON and page: ESTOI costs more than all of the network. */
static void measure(struct sim_run *run)
{
    unsigned count = run->reported && run->reported->crowd ? sim_crowd_count(run->reported->crowd) : 0;
    run->measured = calloc(count ? count : 1, sizeof *run->measured);
    WZP_CHECK(run->measured);
    for (unsigned i = 0; i < count; i++)
        sim_run_measure(run, sim_crowd_person(run->reported->crowd, i), 0, true, &run->measured[i]);
}

enum sim_exit sim_run(struct sim_run *run)
{
    if (run->out_dir && !sim_folder_make(run->out_dir))
        return SIM_EXIT_USAGE;
    run->quiet = run->quiet || run->prints_tc;
    run->lua = sim_box_create(run);
    if (!run->lua) {
        fprintf(stderr, "wzp-sim: out of memory\n");
        return SIM_EXIT_USAGE;
    }
    sim_api_open(run->lua);
    bool good = run->text ? sim_box_text(run->lua, run->text) : sim_box_file(run->lua, run->file);
    enum sim_exit exit = good ? verdict(run) : after_error(run);
    if (good && run->set_count > 0 && !run->has_params) {
        fprintf(stderr, "wzp-sim: %s has no parameters to --set\n", run->file);
        exit = SIM_EXIT_USAGE;
    } else if (good && run->world_count == 0 && !run->prints_tc) {
        fprintf(stderr, "wzp-sim: %s makes no world\n", run->file);
        exit = SIM_EXIT_USAGE;
    }
    if (good && run->real && !sim_real_finish(run))
        exit = SIM_EXIT_USAGE;
    if (run->prints_tc) {
        exit = run->tc_is_printed ? SIM_EXIT_OK : SIM_EXIT_USAGE;
        if (good)
            fprintf(stderr, "wzp-sim: %s runs no world, so there are no links to print\n", run->file);
    } else if (run->world_count > 0 && exit != SIM_EXIT_USAGE) {
        measure(run);
        sim_result_print(run);
        if (run->json_path && !sim_result_json(run, run->json_path))
            exit = SIM_EXIT_USAGE;
        if (run->out_dir && !sim_result_out(run))
            exit = SIM_EXIT_USAGE;
    }
    sim_run_hash(run, run->hash);
    for (unsigned i = 0; i < run->world_count; i++) {
        sim_world_destroy(run->world[i]);
        free(run->world[i]);
    }
    if (run->real)
        sim_real_deinit(run->real);
    free(run->measured);
    lua_close(run->lua);
    return exit;
}
