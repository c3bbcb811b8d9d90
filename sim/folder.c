// SPDX-License-Identifier: Apache-2.0
#include "sim/folder.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool make_parts(const char *path)
{
    char part[PATH_MAX];
    for (size_t i = 1; path[i - 1]; i++) {
        if (path[i] != '/' && path[i] != '\0')
            continue;
        if (i >= sizeof part) {
            errno = ENAMETOOLONG;
            return false;
        }
        memcpy(part, path, i);
        part[i] = '\0';
        if (mkdir(part, 0777) != 0 && errno != EEXIST)
            return false;
    }
    return true;
}

bool sim_folder_make(const char *path)
{
    struct stat status;
    if (!make_parts(path) || stat(path, &status) != 0)
        return fprintf(stderr, "wzp-sim: cannot make the folder %s: %s\n", path, strerror(errno)), false;
    if (!S_ISDIR(status.st_mode))
        return fprintf(stderr, "wzp-sim: %s is not a folder\n", path), false;
    if (access(path, W_OK | X_OK) != 0)
        return fprintf(stderr, "wzp-sim: cannot write into %s: %s\n", path, strerror(errno)), false;
    return true;
}
