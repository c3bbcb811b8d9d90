// SPDX-License-Identifier: Apache-2.0
#include "run/file_sink.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define NAMES_TRIED   1000
#define PART_NAME_MAX 200 /* bytes of NAME in the part's: the hash tells apart those that are cut */
#define COMPONENT_MAX 255 /* of a path, on what we write to */

static enum wzp_file_reason complain(const struct wzp_file_sink *sink, const char *name, char *why,
                                     const char *what)
{
    snprintf(why, WZP_FILE_WHY_MAX, "%.200s/%.200s: %s", sink->dir_path, name, what);
    return errno == ENOSPC || errno == EDQUOT ? WZP_FILE_NO_SPACE : WZP_FILE_UNWRITABLE;
}

bool wzp_file_sink_open_folder(struct wzp_file_sink *sink, const char *path,
                               char why[static WZP_FILE_WHY_MAX])
{
    *sink = (struct wzp_file_sink){.dir_path = path, .fd = -1};
    sink->dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (sink->dir >= 0 && faccessat(sink->dir, ".", W_OK | X_OK, 0) == 0)
        return true;
    snprintf(why, WZP_FILE_WHY_MAX, "%.300s: %s", path, strerror(errno));
    return false;
}

void wzp_file_sink_close_folder(struct wzp_file_sink *sink)
{
    wzp_file_sink_keep(sink);
    if (sink->dir >= 0)
        close(sink->dir);
    sink->dir = -1;
}

static enum wzp_file_reason open_part(struct wzp_file_sink *sink, char *why)
{
    struct stat status;
    sink->fd = openat(sink->dir, sink->part, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK, 0666);
    if (sink->fd < 0 || fstat(sink->fd, &status) != 0)
        return complain(sink, sink->part, why, strerror(errno));
    if (!S_ISREG(status.st_mode))
        return complain(sink, sink->part, why, "it is not a regular file");
    if (flock(sink->fd, LOCK_EX | LOCK_NB) != 0)
        return complain(sink, sink->part, why, "another program writes it");
    sink->held = (uint64_t)status.st_size;
    if (sink->held > sink->size) {
        sink->held = 0;
        if (ftruncate(sink->fd, 0) != 0)
            return complain(sink, sink->part, why, strerror(errno));
    }
    return WZP_FILE_NO_REASON;
}

/* Better to say so now than after an hour. */
static enum wzp_file_reason check_space(const struct wzp_file_sink *sink, char *why)
{
    struct statvfs space;
    if (fstatvfs(sink->fd, &space) != 0)
        return WZP_FILE_NO_REASON; /* writing will tell */
    uint64_t left = sink->size - sink->held;
    if (left / space.f_frsize < space.f_bavail)
        return WZP_FILE_NO_REASON;
    errno = ENOSPC;
    return complain(sink, sink->name, why, "there is not enough space on the disk");
}

enum wzp_file_reason wzp_file_sink_begin(struct wzp_file_sink *sink, const struct wzp_file_offer *offer,
                                         char why[static WZP_FILE_WHY_MAX])
{
    char hash[2 * 4 + 1];
    sodium_bin2hex(hash, sizeof hash, offer->hash, 4);
    sink->size = offer->size;
    snprintf(sink->name, sizeof sink->name, "%s", offer->name);
    snprintf(sink->part, sizeof sink->part, ".%.*s.%s.part", PART_NAME_MAX, offer->name, hash);
    enum wzp_file_reason reason = open_part(sink, why);
    if (reason == WZP_FILE_NO_REASON)
        reason = check_space(sink, why);
    if (reason != WZP_FILE_NO_REASON && sink->fd >= 0) {
        close(sink->fd);
        sink->fd = -1;
    }
    return reason;
}

bool wzp_file_sink_read(struct wzp_file_sink *sink, uint64_t offset, void *out, size_t len,
                        char why[static WZP_FILE_WHY_MAX])
{
    ssize_t got = pread(sink->fd, out, len, (off_t)offset);
    if (got == (ssize_t)len)
        return true;
    complain(sink, sink->part, why, got < 0 ? strerror(errno) : "it became shorter while it was read");
    return false;
}

enum wzp_file_reason wzp_file_sink_write(struct wzp_file_sink *sink, const void *data, size_t len,
                                         char why[static WZP_FILE_WHY_MAX])
{
    const uint8_t *at = data;
    while (len > 0) {
        ssize_t taken = pwrite(sink->fd, at, len, (off_t)sink->held);
        if (taken < 0 && errno == EINTR)
            continue;
        if (taken < 0)
            return complain(sink, sink->name, why, errno == ENOSPC ? "the disk is full" : strerror(errno));
        at += taken;
        len -= (size_t)taken;
        sink->held += (uint64_t)taken;
    }
    return WZP_FILE_NO_REASON;
}

/* Fails with EEXIST where something has that name. */
static bool take_name(const struct wzp_file_sink *sink, const char *name)
{
    if (renameat2(sink->dir, sink->part, sink->dir, name, RENAME_NOREPLACE) == 0)
        return true;
    if (errno != EINVAL && errno != ENOSYS)
        return false;
    /* a file system that cannot: a second name, then without the first */
    return linkat(sink->dir, sink->part, sink->dir, name, 0) == 0 && unlinkat(sink->dir, sink->part, 0) == 0;
}

/* "a.txt" -> "a (1).txt"; false when that is too long. */
static bool number_name(const char *name, unsigned number, char *out)
{
    const char *dot = strrchr(name, '.');
    int stem = dot ? (int)(dot - name) : (int)strlen(name);
    int len = snprintf(out, WZP_FILE_PATH_MAX, "%.*s (%u)%s", stem, name, number, name + stem);
    return len <= COMPONENT_MAX;
}

enum wzp_file_reason wzp_file_sink_finish(struct wzp_file_sink *sink, char why[static WZP_FILE_WHY_MAX])
{
    char name[WZP_FILE_PATH_MAX];
    bool is_named = false, fits = true;
    errno = 0;
    snprintf(name, sizeof name, "%s", sink->name);
    if (fsync(sink->fd) != 0)
        return complain(sink, sink->part, why, strerror(errno));
    for (unsigned number = 1; fits && number <= NAMES_TRIED; number++) {
        is_named = take_name(sink, name);
        if (is_named || errno != EEXIST)
            break;
        fits = number_name(sink->name, number, name);
    }
    if (!is_named)
        return complain(sink, sink->name, why,
                        errno == EEXIST ? "a file of that name is there" : strerror(errno));
    snprintf(sink->name, sizeof sink->name, "%s", name);
    (void)fsync(sink->dir); /* the name too; where folders cannot be synced it is as safe as can be */
    wzp_file_sink_keep(sink);
    return WZP_FILE_NO_REASON;
}

void wzp_file_sink_keep(struct wzp_file_sink *sink)
{
    if (sink->fd >= 0)
        close(sink->fd);
    sink->fd = -1;
}

void wzp_file_sink_discard(struct wzp_file_sink *sink)
{
    if (sink->fd >= 0)
        (void)unlinkat(sink->dir, sink->part, 0);
    wzp_file_sink_keep(sink);
}
