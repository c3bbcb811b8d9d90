// SPDX-License-Identifier: Apache-2.0
/*
 * Runs fuzz_one on files, with any compiler: fuzz-NAME FILE|FOLDER... Folders are read to the bottom, in the
 * order of their names; one that is not there is an empty one. Prints how many inputs ran, and no fuzzer is
 * needed to see a crash again. With
 * --twice each input runs again at the end, so that a target that remembers something of the runs before is
 * seen by what it then does.
 */
#include "fuzz/fuzz.h"

#include <errno.h>
#include <fts.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int by_name(const FTSENT **a, const FTSENT **b)
{
    return strcmp((*a)->fts_name, (*b)->fts_name);
}

/* The input in memory of just its size, so that a sanitizer sees a read behind its end. */
static bool run_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    uint8_t *room = malloc(FUZZ_INPUT_MAX + 1);
    if (!file || !room) {
        perror(path);
        free(room);
        if (file)
            fclose(file);
        return false;
    }
    size_t len = fread(room, 1, FUZZ_INPUT_MAX + 1, file);
    fclose(file);
    if (len > FUZZ_INPUT_MAX) {
        fprintf(stderr, "%s: longer than %d bytes\n", path, FUZZ_INPUT_MAX);
        free(room);
        return false;
    }
    uint8_t *exact = malloc(len ? len : 1);
    if (exact)
        memcpy(exact, room, len);
    free(room);
    if (exact)
        fuzz_one(exact, len);
    free(exact);
    return exact != NULL;
}

static bool run_all(char **paths, unsigned long *count)
{
    bool good = true;
    FTS *tree = fts_open(paths, FTS_LOGICAL | FTS_NOCHDIR, by_name);
    FTSENT *entry;
    while (tree && (entry = fts_read(tree))) {
        if (entry->fts_info == FTS_NS && entry->fts_errno == ENOENT)
            continue;
        if (entry->fts_info == FTS_NS || entry->fts_info == FTS_DNR || entry->fts_info == FTS_ERR) {
            fprintf(stderr, "%s: %s\n", entry->fts_path, strerror(entry->fts_errno));
            good = false;
        } else if (entry->fts_info == FTS_F) {
            good &= run_file(entry->fts_accpath);
            ++*count;
        }
    }
    if (tree)
        fts_close(tree);
    return good && tree;
}

int main(int argc, char **argv)
{
    bool is_twice = argc > 1 && strcmp(argv[1], "--twice") == 0;
    char **paths = argv + 1 + is_twice;
    if (!*paths) {
        fprintf(stderr, "usage: %s [--twice] FILE|FOLDER...\n", argv[0]);
        return 1;
    }
    (void)argc;
    unsigned long count = 0; /* none is a fault: something is not where it should be */
    fuzz_init();
    bool good = run_all(paths, &count);
    if (is_twice)
        good &= run_all(paths, &count);
    printf("%lu inputs ran\n", count);
    return good && count > 0 ? 0 : 1;
}
