// SPDX-License-Identifier: Apache-2.0
/* Every script of sim/bad ends with exit 1 and one line, which says what its second line expects. */
#include "sim/run.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <sodium.h>

#define FOLDER    "sim/bad/"
#define KINDS_MIN 20
#define TURNS_MAX 60000000 /* less than a run has, so that the test is quick */

/* Runs it; what went to stderr, which the next call overwrites. */
static const char *run_script(const char *path, enum sim_exit *exit)
{
    static char said[4096];
    struct sim_run *run = calloc(1, sizeof *run);
    FILE *file = tmpfile();
    assert_non_null(run);
    assert_non_null(file);
    run->file = path;
    run->seed = 1;
    run->quiet = true;
    run->box.instructions_max = TURNS_MAX;
    fflush(stderr);
    int saved = dup(STDERR_FILENO);
    dup2(fileno(file), STDERR_FILENO);
    *exit = sim_run(run);
    fflush(stderr);
    dup2(saved, STDERR_FILENO);
    close(saved);
    rewind(file);
    size_t len = fread(said, 1, sizeof said - 1, file);
    said[len] = '\0';
    fclose(file);
    free(run);
    return said;
}

static void expectation(const char *path, char *text, size_t len)
{
    static const char mark[] = "-- expect: ";
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    assert_non_null(fgets(text, (int)len, file));
    assert_non_null(fgets(text, (int)len, file));
    fclose(file);
    if (strncmp(text, mark, strlen(mark)) != 0)
        fail_msg("%s: its second line must begin with \"%s\"", path, mark);
    text[strcspn(text, "\n")] = '\0';
    memmove(text, text + strlen(mark), strlen(text + strlen(mark)) + 1);
}

static void check_script(const char *path)
{
    char expected[256];
    enum sim_exit exit;
    expectation(path, expected, sizeof expected);
    const char *said = run_script(path, &exit);
    const char *end = strchr(said, '\n');
    if (exit != SIM_EXIT_USAGE)
        fail_msg("%s: exit %d", path, exit);
    if (strncmp(said, "wzp-sim: ", 9) != 0 || !end || end[1] != '\0')
        fail_msg("%s: not one line: %s", path, said);
    if (!strstr(said, expected))
        fail_msg("%s\nsaid %snot  %s", path, said, expected);
    if (expected[0] == ':' && !strstr(said, path)) /* a place in the script: with its name */
        fail_msg("%s: no file in: %s", path, said);
}

static void test_scripts(void **state)
{
    (void)state;
    DIR *folder = opendir(FOLDER);
    unsigned count = 0;
    assert_non_null(folder);
    for (const struct dirent *entry; (entry = readdir(folder));) {
        char path[300];
        if (!strstr(entry->d_name, ".lua"))
            continue;
        snprintf(path, sizeof path, FOLDER "%s", entry->d_name);
        check_script(path);
        count++;
    }
    closedir(folder);
    assert_true(count >= KINDS_MIN);
}

static void test_no_script(void **state)
{
    (void)state;
    enum sim_exit exit;
    const char *said = run_script("sim/bad/there-is-none.lua", &exit);
    assert_int_equal(exit, SIM_EXIT_USAGE);
    assert_string_equal(said, "wzp-sim: cannot open sim/bad/there-is-none.lua: No such file or directory\n");
}

int main(void)
{
    assert_true(sodium_init() >= 0);
    assert_int_equal(chdir(WZP_ROOT), 0);
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_scripts), cmocka_unit_test(test_no_script)};
    return cmocka_run_group_tests_name("sim/bad_scripts", tests, NULL, NULL);
}
