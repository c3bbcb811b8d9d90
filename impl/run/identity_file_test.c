// SPDX-License-Identifier: Apache-2.0
#include "run/identity_file.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define HEX "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"

static char folder[64];

static int make_folder(void **state)
{
    (void)state;
    strcpy(folder, "/tmp/wzp-identity-XXXXXX");
    return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
    (void)state;
    return rmdir(folder); /* fails when anything, such as a temporary file, was left */
}

static const char *path_of(const char *name)
{
    static char path[128];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static void write_file(const char *path, const char *text, mode_t mode)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    assert_int_equal(fchmod(fd, mode), 0);
    close(fd);
}

static void creates_once_and_reads_again(void **state)
{
    const char *path = path_of("id");
    uint8_t first[32], second[32];
    char why[WZP_IDENTITY_WHY_MAX], text[128] = "";
    struct stat facts;
    (void)state;
    assert_int_equal(wzp_identity_file_load(path, first, why), WZP_IDENTITY_CREATED);
    assert_int_equal(stat(path, &facts), 0);
    assert_int_equal(facts.st_mode & 07777, 0600);
    assert_int_equal(facts.st_nlink, 1);
    assert_int_equal(wzp_identity_option(path, second, why), WZP_IDENTITY_READ);
    assert_memory_equal(first, second, 32);
    FILE *file = fopen(path, "r");
    assert_int_equal(fread(text, 1, sizeof text, file), 85);
    fclose(file);
    assert_memory_equal(text, "wzp-identity 1\nseed ", 20);
    unlink(path);
}

static void reads_the_format(void **state)
{
    const char *path = path_of("id");
    uint8_t seed[32];
    char why[WZP_IDENTITY_WHY_MAX];
    (void)state;
    write_file(path, "wzp-identity 1\nseed " HEX "\n", 0600);
    assert_int_equal(wzp_identity_file_load(path, seed, why), WZP_IDENTITY_READ);
    for (uint8_t i = 0; i < 32; i++)
        assert_int_equal(seed[i], i);
    unlink(path);
}

static void refuses(void **state)
{
    static const struct {
        const char *text;
        mode_t mode;
        const char *why; /* in the sentence */
    } ROWS[] = {
        {"wzp-identity 1\nseed " HEX "\n", 0640,
         "others than its owner may use this identity file (mode 640)"},
        {"wzp-identity 1\nseed " HEX "\n", 0604, "chmod 600"},
        {"wzp-identity 1\nseed " HEX "\n", 0620, "chmod 600"},
        {"", 0600, "empty"},
        {"wzp", 0600, "cut short"},
        {"wzp-identity 1\n", 0600, "cut short"},
        {"wzp-identity 1\nseed " HEX, 0600, "cut short"},
        {"wzp-identity 1\nseed 00\n", 0600, "cut short"},
        {"wzp-identity 1\nseed " HEX "\nmore\n", 0600, "damaged"},
        {"wzp-identity 1\nsead " HEX "\n", 0600, "damaged"},
        {"wzp-identity 1\nseed x00102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\n", 0600,
         "damaged"},
        {"wzp-identity 1\nseed 000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e \n\n", 0600,
         "damaged"},
        {"wzp-identity 2\nseed " HEX "\n", 0600, "a version that this program does not know"},
        {"wzp-identity 12\nsealed\n", 0600, "a version that this program does not know"},
        {"-----BEGIN OPENSSH PRIVATE KEY-----\n", 0600, "not an identity file"},
        {"hello\n", 0600, "not an identity file"},
    };
    const char *path = path_of("id");
    (void)state;
    for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
        uint8_t seed[32];
        char why[WZP_IDENTITY_WHY_MAX] = "";
        struct stat before, after;
        write_file(path, ROWS[i].text, ROWS[i].mode);
        assert_int_equal(stat(path, &before), 0);
        if (wzp_identity_file_load(path, seed, why) != WZP_IDENTITY_FAILED || !strstr(why, ROWS[i].why) ||
            strncmp(why, path, strlen(path)) != 0)
            fail_msg("row %zu: '%s'", i, why);
        assert_int_equal(stat(path, &after), 0);
        assert_int_equal(after.st_size, before.st_size);
        assert_null(strstr(why, "0001020304"));
        unlink(path);
    }
}

static void refuses_what_is_no_file(void **state)
{
    const char *path = path_of("pipe");
    uint8_t seed[32];
    char why[WZP_IDENTITY_WHY_MAX];
    (void)state;
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_int_equal(wzp_identity_file_load(path, seed, why), WZP_IDENTITY_FAILED);
    assert_non_null(strstr(why, "not a regular file"));
    unlink(path);
    assert_int_equal(wzp_identity_file_load(folder, seed, why), WZP_IDENTITY_FAILED);
    assert_non_null(strstr(why, "not a regular file"));
    assert_int_equal(wzp_identity_file_load(path_of("no/id"), seed, why), WZP_IDENTITY_FAILED);
    assert_non_null(strstr(why, "No such file or directory"));
}

static void ephemeral_leaves_nothing(void **state)
{
    uint8_t first[32], second[32];
    char why[WZP_IDENTITY_WHY_MAX];
    (void)state;
    assert_int_equal(wzp_identity_option("ephemeral", first, why), WZP_IDENTITY_EPHEMERAL);
    assert_int_equal(wzp_identity_option("ephemeral", second, why), WZP_IDENTITY_EPHEMERAL);
    assert_memory_not_equal(first, second, 32);
    assert_int_not_equal(access("ephemeral", F_OK), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(creates_once_and_reads_again),
        cmocka_unit_test(reads_the_format),
        cmocka_unit_test(refuses),
        cmocka_unit_test(refuses_what_is_no_file),
        cmocka_unit_test(ephemeral_leaves_nothing),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
