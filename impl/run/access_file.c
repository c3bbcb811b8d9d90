// SPDX-License-Identifier: Apache-2.0
#include "run/access_file.h"

#include <errno.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define HEX_LEN    64
#define LINE_BYTES 512 /* with the comment */
#define BLANKS     " \t\r\n"

/* A file being read into `keys`. */
struct reading {
    const char *path, *what;
    size_t line, count, max;
    uint8_t (*keys)[32];
    char *why;
};

__attribute__((format(printf, 2, 3))) static bool fail(char *why, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(why, WZP_ACCESS_WHY_MAX, format, arguments);
    va_end(arguments);
    return false;
}

static bool read_line(struct reading *reading, char *line)
{
    size_t len = strlen(line), hex_len;
    if (len == LINE_BYTES - 1 && line[len - 1] != '\n')
        return fail(reading->why, "%s:%zu: this line is too long", reading->path, reading->line);
    line[strcspn(line, "#")] = '\0';
    line += strspn(line, BLANKS);
    size_t digits = strcspn(line, BLANKS);
    if (digits == 0)
        return true;
    if (digits != HEX_LEN || line[digits + strspn(line + digits, BLANKS)] != '\0')
        return fail(reading->why, "%s:%zu: %s is 64 hexadecimal digits", reading->path, reading->line,
                    reading->what);
    if (reading->count == reading->max)
        return fail(reading->why, "%s:%zu: more than %zu lines of keys or codes", reading->path,
                    reading->line, reading->max);
    uint8_t *key = reading->keys[reading->count];
    if (sodium_hex2bin(key, 32, line, HEX_LEN, NULL, &hex_len, NULL) != 0 || hex_len != 32)
        return fail(reading->why, "%s:%zu: %s is 64 hexadecimal digits", reading->path, reading->line,
                    reading->what);
    reading->count++;
    return true;
}

static bool read_file(struct reading *reading, bool is_secret)
{
    char line[LINE_BYTES];
    struct stat facts;
    FILE *file = fopen(reading->path, "re");
    if (!file)
        return fail(reading->why, "%s: %s", reading->path, strerror(errno));
    bool ok = true;
    if (is_secret && fstat(fileno(file), &facts) == 0 && (facts.st_mode & (S_IRWXG | S_IRWXO)))
        ok = fail(reading->why,
                  "%s: others than its owner may use this file (mode %03o); make it private: chmod 600",
                  reading->path, (unsigned)(facts.st_mode & 0777));
    while (ok && fgets(line, sizeof line, file)) {
        reading->line++;
        ok = read_line(reading, line);
    }
    if (ok && ferror(file))
        ok = fail(reading->why, "%s: %s", reading->path, strerror(errno));
    fclose(file);
    sodium_memzero(line, sizeof line);
    return ok;
}

static bool read_allow(struct wzp_access_files *files, const char *path, char *why)
{
    files->keys = calloc(WZP_ACCESS_KEYS_MAX, sizeof *files->keys);
    if (!files->keys)
        return fail(why, "%s: out of memory", path);
    struct reading reading = {
        .path = path, .what = "a key", .max = WZP_ACCESS_KEYS_MAX, .keys = files->keys, .why = why};
    if (!read_file(&reading, false))
        return false;
    wzp_relay_access_sort(files->keys, reading.count);
    files->access.keys = (const uint8_t(*)[32])files->keys;
    files->access.key_count = reading.count;
    return true;
}

static bool read_invites(struct wzp_access_files *files, const char *path, char *why)
{
    struct reading reading = {.path = path,
                              .what = "an invitation code",
                              .max = WZP_INVITATIONS_MAX,
                              .keys = files->access.invitations.secret,
                              .why = why};
    bool ok = read_file(&reading, true);
    files->access.invitations.count = (uint32_t)reading.count;
    return ok;
}

bool wzp_access_files_load(struct wzp_access_files *files, const char *allow, const char *invites,
                           char why[static WZP_ACCESS_WHY_MAX])
{
    struct wzp_access_files loaded = {.access.is_restricted = allow || invites};
    bool ok = (!allow || read_allow(&loaded, allow, why)) &&
              (!invites || read_invites(&loaded, invites, why));
    wzp_access_files_deinit(ok ? files : &loaded);
    if (ok)
        *files = loaded;
    sodium_memzero(&loaded, sizeof loaded);
    return ok;
}

void wzp_access_files_deinit(struct wzp_access_files *files)
{
    free(files->keys);
    sodium_memzero(files, sizeof *files);
}
