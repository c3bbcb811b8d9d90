// SPDX-License-Identifier: Apache-2.0
#include "run/private_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "run/entropy.h"

static bool is_private(int fd, const char *path, char *why)
{
    struct stat facts;
    if (fstat(fd, &facts) != 0)
        return wzp_why(why, "%s: %s", path, strerror(errno));
    if (!S_ISREG(facts.st_mode))
        return wzp_why(why, "%s: this is not a regular file", path);
    if (facts.st_uid != geteuid() && facts.st_uid != 0)
        return wzp_why(why, "%s: this file belongs to another user", path);
    if (facts.st_mode & (S_IRWXG | S_IRWXO))
        return wzp_why(why,
                       "%s: others than its owner may use this file (mode %03o); make it private: chmod 600",
                       path, (unsigned)(facts.st_mode & 0777));
    return true;
}

static bool read_all(int fd, char *out, size_t capacity, size_t *len)
{
    *len = 0;
    while (*len < capacity) {
        ssize_t got = read(fd, out + *len, capacity - *len);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return got == 0;
        *len += (size_t)got;
    }
    return true;
}

enum wzp_private_found wzp_private_file_read(const char *path, void *out, size_t capacity, size_t *len,
                                             char why[static WZP_WHY_MAX])
{
    /* without O_NONBLOCK a pipe would be waited for */
    int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0) {
        int err = errno;
        wzp_why(why, "%s: %s", path,
                err == ELOOP ? "this is a symbolic link; name the file itself" : strerror(err));
        return err == ENOENT ? WZP_PRIVATE_ABSENT : WZP_PRIVATE_FAILED;
    }
    bool ok = is_private(fd, path, why);
    if (ok && !read_all(fd, out, capacity, len))
        ok = wzp_why(why, "%s: %s", path, strerror(errno));
    close(fd);
    return ok ? WZP_PRIVATE_READ : WZP_PRIVATE_FAILED;
}

bool wzp_private_write(int fd, const void *bytes, size_t len)
{
    const char *at = bytes;
    while (len > 0) {
        ssize_t put = write(fd, at, len);
        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0)
            return false;
        at += put;
        len -= (size_t)put;
    }
    return true;
}

/* The name itself must reach the disk too. A file system that cannot do so keeps its own promises. */
static void sync_folder(const char *path)
{
    char folder[PATH_MAX];
    const char *slash = strrchr(path, '/');
    snprintf(folder, sizeof folder, "%.*s", slash ? (int)(slash - path) + 1 : 1, slash ? path : ".");
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0) {
        fsync(fd);
        close(fd);
    }
}

bool wzp_private_folders(const char *path)
{
    char folder[PATH_MAX];
    if (strlen(path) >= sizeof folder) {
        errno = ENAMETOOLONG;
        return false;
    }
    memcpy(folder, path, strlen(path) + 1);
    for (char *slash = strchr(folder + 1, '/'); *folder && slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        if (mkdir(folder, S_IRWXU) != 0 && errno != EEXIST)
            return false;
        *slash = '/';
    }
    return true;
}

/* False with errno. */
static bool write_whole(const char *path, const void *bytes, size_t len, bool replace)
{
    char temporary[PATH_MAX];
    uint32_t mark;
    wzp_entropy_fill(&mark, sizeof mark);
    if (snprintf(temporary, sizeof temporary, "%s.%08x", path, mark) >= (int)sizeof temporary) {
        errno = ENAMETOOLONG;
        return false;
    }
    int fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, S_IRUSR | S_IWUSR);
    if (fd < 0)
        return false;
    bool ok = wzp_private_write(fd, bytes, len) && fsync(fd) == 0;
    ok = close(fd) == 0 && ok;
    /* link never replaces a file that appeared meanwhile, rename does */
    ok = ok && (replace ? rename(temporary, path) : link(temporary, path)) == 0;
    int err = errno;
    unlink(temporary);
    if (ok)
        sync_folder(path);
    errno = err;
    return ok;
}

bool wzp_private_file_write(const char *path, const void *bytes, size_t len, bool replace,
                            char why[static WZP_WHY_MAX])
{
    if (write_whole(path, bytes, len, replace))
        return true;
    return wzp_why(why, "%s: %s", path, errno == EEXIST ? "there is a file already" : strerror(errno));
}

bool wzp_private_path(const char *name, char out[static PATH_MAX])
{
    const char *data = getenv("XDG_DATA_HOME"), *home = getenv("HOME");
    int len = -1;
    if (data && *data == '/')
        len = snprintf(out, PATH_MAX, "%s/wzp/%s", data, name);
    else if (home && *home == '/')
        len = snprintf(out, PATH_MAX, "%s/.local/share/wzp/%s", home, name);
    return len > 0 && len < PATH_MAX;
}
