// SPDX-License-Identifier: Apache-2.0
/* Evaluates a line of Lua as a scenario would, behind a prelude: for the tests of the words that scenarios
 * have. */
#ifndef WZP_SIM_WORDS_TEST_H
#define WZP_SIM_WORDS_TEST_H

#include "sim/run.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <lauxlib.h>
#include <sodium.h>

struct words_row {
    const char *chunk, *result; /* of an error: how it begins */
};

/* What the chunk returns as text, or its error behind "error: ". `name`: of the script, in errors. */
static void evaluate(const char *name, const char *prelude, const char *chunk, char *result, size_t len)
{
    struct sim_run *run = calloc(1, sizeof *run);
    assert_non_null(run);
    run->file = "scenarios/words-test.lua";
    run->seed = 1;
    run->quiet = true;
    run->lua = sim_box_create(run);
    assert_non_null(run->lua);
    sim_api_open(run->lua);
    char whole[4096], at_name[32];
    snprintf(whole, sizeof whole, "%s%s", prelude, chunk);
    snprintf(at_name, sizeof at_name, "@%s", name);
    bool good = luaL_loadbuffer(run->lua, whole, strlen(whole), at_name) == LUA_OK &&
                lua_pcall(run->lua, 0, 1, 0) == LUA_OK;
    snprintf(result, len, "%s%s", good ? "" : "error: ", luaL_tolstring(run->lua, -1, NULL));
    for (unsigned i = 0; i < run->world_count; i++) {
        sim_world_destroy(run->world[i]);
        free(run->world[i]);
    }
    lua_close(run->lua);
    free(run);
}

static void check_words(const char *name, const char *prelude, const struct words_row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        char result[512];
        evaluate(name, prelude, rows[i].chunk, result, sizeof result);
        bool is_error = strncmp(rows[i].result, "error: ", 7) == 0;
        if (is_error ? strncmp(result, rows[i].result, strlen(rows[i].result)) != 0
                     : strcmp(result, rows[i].result) != 0)
            fail_msg("%s\ngave %s\nnot  %s", rows[i].chunk, result, rows[i].result);
    }
}

/* The JSON that a whole run of the prelude and the chunk writes, without the spaces and line ends. */
static __attribute__((unused)) void json_of(const char *prelude, const char *chunk, char *text, size_t size)
{
    char scenario[] = "/tmp/wzp-words-XXXXXX", json[] = "/tmp/wzp-words-XXXXXX";
    FILE *file = fdopen(mkstemp(scenario), "w");
    int handle = mkstemp(json);
    assert_true(file && handle >= 0 && close(handle) == 0);
    assert_true(fprintf(file, "%s%s\n", prelude, chunk) > 0 && fclose(file) == 0);
    struct sim_run *run = calloc(1, sizeof *run);
    assert_non_null(run);
    run->file = scenario;
    run->json_path = json;
    run->seed = 1;
    run->quiet = true;
    assert_int_equal(sim_run(run), SIM_EXIT_OK);
    free(run);
    file = fopen(json, "r");
    assert_non_null(file);
    size_t kept = 0;
    for (int c; (c = fgetc(file)) != EOF && kept + 1 < size;)
        if (c != ' ' && c != '\n')
            text[kept++] = (char)c;
    text[kept] = '\0';
    fclose(file);
    remove(scenario);
    remove(json);
}

#endif
