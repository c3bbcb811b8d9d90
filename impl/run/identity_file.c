// SPDX-License-Identifier: Apache-2.0
#include "run/identity_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "run/entropy.h"

#define FORMAT   "wzp-identity "
#define HEADER   FORMAT "1\n"
#define LABEL    "seed "
#define HEX_LEN  64
#define FILE_LEN (sizeof HEADER - 1 + sizeof LABEL - 1 + HEX_LEN + 1)

__attribute__((format(printf, 2, 3))) static bool fail(char *why, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(why, WZP_IDENTITY_WHY_MAX, format, arguments);
    va_end(arguments);
    return false;
}

static bool parse(const char *path, const char *text, size_t len, uint8_t seed[32], char *why)
{
    const char *hex = text + sizeof HEADER - 1 + sizeof LABEL - 1;
    size_t hex_len;
    size_t common = len < sizeof HEADER - 1 ? len : sizeof HEADER - 1;
    if (len == 0)
        return fail(why, "%s: the file is empty; it should hold an identity", path);
    if (memcmp(text, HEADER, common) != 0 && len > sizeof FORMAT - 1 &&
        memcmp(text, FORMAT, sizeof FORMAT - 1) == 0)
        return fail(why, "%s: this identity file is of a version that this program does not know", path);
    if (memcmp(text, HEADER, common) != 0)
        return fail(why, "%s: this is not an identity file; its first line should be '%s1'", path, FORMAT);
    if (len < FILE_LEN)
        return fail(why, "%s: this identity file is cut short", path);
    if (memcmp(text + sizeof HEADER - 1, LABEL, sizeof LABEL - 1) != 0 || len > FILE_LEN ||
        text[FILE_LEN - 1] != '\n' || sodium_hex2bin(seed, 32, hex, HEX_LEN, NULL, &hex_len, NULL) != 0 ||
        hex_len != 32)
        return fail(
            why,
            "%s: this identity file is damaged; its second line should be '%s' and %d hexadecimal digits",
            path, LABEL, HEX_LEN);
    return true;
}

static bool read_open(int fd, const char *path, uint8_t seed[32], char *why)
{
    struct stat facts;
    char text[FILE_LEN + 1]; /* one more, to notice a longer file */
    size_t len = 0;
    ssize_t got;
    if (fstat(fd, &facts) != 0)
        return fail(why, "%s: %s", path, strerror(errno));
    if (!S_ISREG(facts.st_mode))
        return fail(why, "%s: this is not a regular file", path);
    if (facts.st_mode & (S_IRWXG | S_IRWXO))
        return fail(
            why,
            "%s: others than its owner may use this identity file (mode %03o); make it private: chmod 600",
            path, (unsigned)(facts.st_mode & 0777));
    while (len < sizeof text && (got = read(fd, text + len, sizeof text - len)) != 0) {
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return fail(why, "%s: %s", path, strerror(errno));
        len += (size_t)got;
    }
    bool ok = parse(path, text, len, seed, why);
    sodium_memzero(text, sizeof text);
    return ok;
}

static bool write_all(int fd, const char *text, size_t len)
{
    while (len > 0) {
        ssize_t put = write(fd, text, len);
        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0)
            return false;
        text += put;
        len -= (size_t)put;
    }
    return fsync(fd) == 0;
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

/* False with errno. EEXIST: somebody else made the file meanwhile. */
static bool create(const char *path, const uint8_t seed[32])
{
    char temporary[PATH_MAX], text[FILE_LEN + 1], hex[HEX_LEN + 1];
    uint32_t mark;
    wzp_entropy_fill(&mark, sizeof mark);
    if (snprintf(temporary, sizeof temporary, "%s.%08x", path, mark) >= (int)sizeof temporary) {
        errno = ENAMETOOLONG;
        return false;
    }
    int fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, S_IRUSR | S_IWUSR);
    if (fd < 0)
        return false;
    sodium_bin2hex(hex, sizeof hex, seed, 32);
    snprintf(text, sizeof text, HEADER LABEL "%s\n", hex);
    bool ok = write_all(fd, text, FILE_LEN);
    sodium_memzero(text, sizeof text);
    sodium_memzero(hex, sizeof hex);
    /* link and not rename: it never replaces a file that appeared meanwhile */
    ok = close(fd) == 0 && ok && link(temporary, path) == 0;
    int err = errno;
    unlink(temporary);
    if (ok)
        sync_folder(path);
    errno = err;
    return ok;
}

enum wzp_identity_origin wzp_identity_file_load(const char *path, uint8_t seed[32],
                                                char why[static WZP_IDENTITY_WHY_MAX])
{
    for (int attempt = 0; attempt < 2; attempt++) {
        /* without O_NONBLOCK a pipe would be waited for */
        int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
        if (fd >= 0) {
            bool ok = read_open(fd, path, seed, why);
            close(fd);
            if (!ok)
                sodium_memzero(seed, 32);
            return ok ? WZP_IDENTITY_READ : WZP_IDENTITY_FAILED;
        }
        if (errno != ENOENT)
            break;
        wzp_entropy_fill(seed, 32);
        if (create(path, seed))
            return WZP_IDENTITY_CREATED;
        sodium_memzero(seed, 32);
        if (errno != EEXIST)
            break;
    }
    fail(why, "%s: %s", path, strerror(errno));
    return WZP_IDENTITY_FAILED;
}

enum wzp_identity_origin wzp_identity_option(const char *value, uint8_t seed[32],
                                             char why[static WZP_IDENTITY_WHY_MAX])
{
    if (strcmp(value, "ephemeral") != 0)
        return wzp_identity_file_load(value, seed, why);
    wzp_entropy_fill(seed, 32);
    return WZP_IDENTITY_EPHEMERAL;
}
