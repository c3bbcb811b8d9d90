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

#include "run/private_file.h"

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

static void writes_once_and_reads_again(void **state)
{
    const char *path = path_of("id");
    struct wzp_identity_text first = {.seed = {1, 2, 3}}, other = {.seed = {4}}, read_back;
    char why[WZP_WHY_MAX];
    struct stat facts;
    (void)state;
    assert_int_equal(wzp_identity_file_read(path, &read_back, why), WZP_IDENTITY_ABSENT);
    assert_non_null(strstr(why, "No such file or directory"));
    umask(0);
    assert_true(wzp_identity_file_write(path, &first, false, why));
    assert_int_equal(stat(path, &facts), 0);
    assert_int_equal(facts.st_mode & 07777, 0600);
    assert_int_equal(facts.st_nlink, 1);
    assert_false(wzp_identity_file_write(path, &other, false, why));
    assert_non_null(strstr(why, "there is a file already"));
    assert_int_equal(wzp_identity_file_read(path, &read_back, why), WZP_IDENTITY_READ);
    assert_memory_equal(read_back.seed, first.seed, 32);
    assert_true(wzp_identity_file_write(path, &other, true, why));
    assert_int_equal(wzp_identity_file_read(path, &read_back, why), WZP_IDENTITY_READ);
    assert_memory_equal(read_back.seed, other.seed, 32);
    unlink(path);
}

static void keeps_a_sealed_one(void **state)
{
    const char *path = path_of("id");
    struct wzp_identity_text sealed, read_back;
    const uint8_t seed[32] = {7}, salt[16] = {8};
    uint8_t opened[32];
    char why[WZP_WHY_MAX];
    (void)state;
    assert_int_equal(wzp_identity_text_seal(&sealed, seed, "open sesame", 11, salt), WZP_IDENTITY_OK);
    assert_true(wzp_identity_file_write(path, &sealed, false, why));
    assert_int_equal(wzp_identity_file_read(path, &read_back, why), WZP_IDENTITY_READ);
    assert_true(read_back.is_sealed);
    assert_int_equal(wzp_identity_text_open(&read_back, "open sesame", 11, opened), WZP_IDENTITY_OK);
    assert_memory_equal(opened, seed, 32);
    unlink(path);
}

static void folders_are_made_when_asked_for(void **state)
{
    struct wzp_identity_text text = {0};
    char why[WZP_WHY_MAX];
    struct stat facts;
    (void)state;
    assert_false(wzp_identity_file_write(path_of("a/b/id"), &text, false, why));
    assert_true(wzp_private_folders(path_of("a/b/id")));
    assert_true(wzp_private_folders(path_of("a/b/id")));
    assert_true(wzp_identity_file_write(path_of("a/b/id"), &text, false, why));
    assert_int_equal(stat(path_of("a/b"), &facts), 0);
    assert_int_equal(facts.st_mode & 07777, 0700);
    unlink(path_of("a/b/id"));
    rmdir(path_of("a/b"));
    rmdir(path_of("a"));
}

static void refuses(void **state)
{
    static const struct {
        const char *text;
        mode_t mode;
        const char *why; /* in the sentence */
    } ROWS[] = {
        {"wzp-identity 1\nseed " HEX "\n", 0640, "others than its owner may use this file (mode 640)"},
        {"wzp-identity 1\nseed " HEX "\n", 0604, "chmod 600"},
        {"wzp-identity 1\nseed " HEX "\n", 0620, "chmod 600"},
        {"", 0600, "empty"},
        {"wzp", 0600, "cut short"},
        {"wzp-identity 1\nseed " HEX, 0600, "cut short"},
        {"wzp-identity 1\nseed " HEX "\nmore\n", 0600, "damaged"},
        {"wzp-identity 3\nseed " HEX "\n", 0600, "a version that this program does not know"},
        {"-----BEGIN OPENSSH PRIVATE KEY-----\n", 0600, "not an identity file"},
    };
    const char *path = path_of("id");
    (void)state;
    for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
        struct wzp_identity_text text;
        char why[WZP_WHY_MAX] = "";
        write_file(path, ROWS[i].text, ROWS[i].mode);
        if (wzp_identity_file_read(path, &text, why) != WZP_IDENTITY_FAILED || !strstr(why, ROWS[i].why) ||
            strncmp(why, path, strlen(path)) != 0 || strchr(why, '\n'))
            fail_msg("row %zu: '%s'", i, why);
        assert_null(strstr(why, "0001020304"));
        unlink(path);
    }
}

static void expect_refused(const char *path, const char *sentence)
{
    struct wzp_identity_text text;
    char why[WZP_WHY_MAX];
    assert_int_equal(wzp_identity_file_read(path, &text, why), WZP_IDENTITY_FAILED);
    if (!strstr(why, sentence))
        fail_msg("'%s'", why);
}

static void refuses_what_is_no_file_of_ours(void **state)
{
    char link_path[128];
    const char *path = path_of("pipe");
    (void)state;
    assert_int_equal(mkfifo(path, 0600), 0);
    expect_refused(path, "not a regular file");
    unlink(path);
    expect_refused(folder, "not a regular file");
    write_file(path_of("id"), "wzp-identity 1\nseed " HEX "\n", 0600);
    strcpy(link_path, path_of("link"));
    assert_int_equal(symlink("id", link_path), 0);
    expect_refused(link_path, "symbolic link");
    unlink(link_path);
    if (chown(path_of("id"), 65534, 65534) == 0) /* as root only */
        expect_refused(path_of("id"), "belongs to another user");
    unlink(path_of("id"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writes_once_and_reads_again),     cmocka_unit_test(keeps_a_sealed_one),
        cmocka_unit_test(folders_are_made_when_asked_for), cmocka_unit_test(refuses),
        cmocka_unit_test(refuses_what_is_no_file_of_ours),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
