// SPDX-License-Identifier: Apache-2.0
/*
 * Small files that are for their owner only: identities, known peers. Reading refuses what others could have
 * changed; writing is all or nothing.
 *
 * Law: what is read belongs to this user (or root), is a regular file and no symbolic link, and nobody else
 * may read or write it. What is written has mode 0600 from its first moment and takes its name only when it
 * is whole and on the disk. Bytes pass through no buffer but the caller's. Errors are sentences that name the
 * file.
 */
#ifndef WZP_RUN_PRIVATE_FILE_H
#define WZP_RUN_PRIVATE_FILE_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

#include "run/why.h"

enum wzp_private_found {
    WZP_PRIVATE_FAILED,
    WZP_PRIVATE_READ,
    WZP_PRIVATE_ABSENT, /* no file of that name */
};

/* At most `capacity` bytes are read: a file that fills it may be longer. */
enum wzp_private_found wzp_private_file_read(const char *path, void *out, size_t capacity, size_t *len,
                                             char why[static WZP_WHY_MAX]);

/* Unless `replace`, a file of that name makes it fail. */
bool wzp_private_file_write(const char *path, const void *bytes, size_t len, bool replace,
                            char why[static WZP_WHY_MAX]);

/* All of the bytes, past stdio. False with errno. */
bool wzp_private_write(int fd, const void *bytes, size_t len);

/* Makes the folders that lead to `path`, mode 0700. False with errno. */
bool wzp_private_folders(const char *path);

/* $XDG_DATA_HOME/wzp/NAME, or ~/.local/share/wzp/NAME (XDG Base Directory 0.8: a relative one is ignored).
 * False: there is no home, or the path is too long. */
bool wzp_private_path(const char *name, char out[static PATH_MAX]);

#endif
