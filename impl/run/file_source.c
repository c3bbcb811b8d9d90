// SPDX-License-Identifier: Apache-2.0
#include "run/file_source.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PIECE (256 * 1024)

static bool complain(char *why, const char *path, const char *what)
{
    snprintf(why, WZP_FILE_WHY_MAX, "%.300s: %s", path, what);
    return false;
}

static bool name_it(struct wzp_file_offer *offer, const char *path, char *why)
{
    const char *slash = strrchr(path, '/');
    const char *name = slash ? slash + 1 : path;
    size_t len = strlen(name);
    if (!wzp_file_name_is_good(name, len))
        return complain(why, path,
                        "this name cannot be sent: it must be 1 to 255 bytes of UTF-8 without control "
                        "characters, and not begin with a dot");
    offer->name_len = (uint8_t)len;
    memcpy(offer->name, name, len);
    return true;
}

static bool hash_it(struct wzp_file_source *source, char *why)
{
    uint8_t piece[PIECE];
    crypto_generichash_blake2b_state state;
    ssize_t len;
    crypto_generichash_blake2b_init(&state, NULL, 0, WZP_FILE_HASH_LEN);
    while ((len = read(source->fd, piece, sizeof piece)) > 0) {
        crypto_generichash_blake2b_update(&state, piece, (size_t)len);
        source->offer.size += (uint64_t)len;
    }
    if (len < 0)
        return complain(why, source->path, strerror(errno));
    crypto_generichash_blake2b_final(&state, source->offer.hash, WZP_FILE_HASH_LEN);
    return true;
}

bool wzp_file_source_open(struct wzp_file_source *source, const char *path, char why[static WZP_FILE_WHY_MAX])
{
    struct stat status;
    *source = (struct wzp_file_source){.path = path, .fd = -1};
    if (!name_it(&source->offer, path, why))
        return false;
    source->fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a pipe must not hold us up */
    if (source->fd < 0 || fstat(source->fd, &status) != 0)
        return complain(why, path, strerror(errno));
    if (!S_ISREG(status.st_mode))
        return complain(why, path, "it is not a regular file");
    return hash_it(source, why);
}

enum wzp_file_reason wzp_file_source_read(const struct wzp_file_source *source, uint64_t offset, void *out,
                                          size_t len)
{
    uint8_t *at = out;
    while (len > 0) {
        ssize_t got = pread(source->fd, at, len, (off_t)offset);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return got < 0 ? WZP_FILE_UNREADABLE : WZP_FILE_CHANGED;
        at += got;
        offset += (uint64_t)got;
        len -= (size_t)got;
    }
    return WZP_FILE_NO_REASON;
}

void wzp_file_source_close(struct wzp_file_source *source)
{
    if (source->fd >= 0)
        close(source->fd);
    source->fd = -1;
}
