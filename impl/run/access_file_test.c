// SPDX-License-Identifier: Apache-2.0
/* Lists of keys and invitations as people write them. */
#include "run/access_file.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define A "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define B "0011223344556677889900BBCCDDEEFF00112233445566778899aabbccddee01"

static char dir[] = "/tmp/wzp-access-XXXXXX";

static const char *write_file(const char *name, const char *text, mode_t mode)
{
    static char path[2][128];
    static unsigned turn;
    char *at = path[turn++ % 2];
    snprintf(at, sizeof path[0], "%s/%s", dir, name);
    FILE *file = fopen(at, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(chmod(at, mode), 0);
    return at;
}

static void reads_lists_or_says_why_not(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t count;
        const char *why; /* how the sentence goes on behind the file's name; NULL: it is good */
    } rows[] = {
        {"", 0, NULL},
        {"# nobody yet\n\n   \n", 0, NULL},
        {A "\n", 1, NULL},
        {A, 1, NULL},
        {B "\r\n\t " A "  # anna\n", 2, NULL},
        {"# one\n" A "\nsesame\n", 0, ":3: a key is 64 hexadecimal digits"},
        {A "0\n", 0, ":1: a key is 64 hexadecimal digits"},
        {A " " B "\n", 0, ":1: a key is 64 hexadecimal digits"},
        {"zz112233445566778899aabbccddeeff00112233445566778899aabbccddeeff\n", 0,
         ":1: a key is 64 hexadecimal digits"},
        {"00 112233445566778899aabbccddeeff00112233445566778899aabbccddeeff\n", 0,
         ":1: a key is 64 hexadecimal digits"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct wzp_access_files files = {0};
        char why[WZP_ACCESS_WHY_MAX] = "", expected[WZP_ACCESS_WHY_MAX];
        const char *path = write_file("allow", rows[i].text, 0644);
        bool ok = wzp_access_files_load(&files, path, NULL, why);
        snprintf(expected, sizeof expected, "%s%s", path, rows[i].why ? rows[i].why : "");
        if (ok == (rows[i].why != NULL) || (!ok && strcmp(why, expected) != 0))
            fail_msg("row %zu: %s", i, why);
        assert_int_equal(files.access.key_count, rows[i].count);
        assert_int_equal(files.access.is_restricted, ok);
        if (rows[i].count == 2)
            assert_true(memcmp(files.access.keys[0], files.access.keys[1], 32) < 0);
        wzp_access_files_deinit(&files);
    }
}

static void a_line_too_long_is_named(void **state)
{
    (void)state;
    struct wzp_access_files files = {0};
    char why[WZP_ACCESS_WHY_MAX], text[2000];
    memset(text, '#', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    assert_false(wzp_access_files_load(&files, write_file("allow", text, 0644), NULL, why));
    assert_non_null(strstr(why, "allow:1: this line is too long"));
}

static void a_missing_file_is_named(void **state)
{
    (void)state;
    struct wzp_access_files files = {0};
    char why[WZP_ACCESS_WHY_MAX];
    assert_false(wzp_access_files_load(&files, "/nowhere/allow", NULL, why));
    assert_string_equal(why, "/nowhere/allow: No such file or directory");
}

static void invitations_are_private_and_bounded(void **state)
{
    (void)state;
    struct wzp_access_files files = {0};
    char why[WZP_ACCESS_WHY_MAX], text[(WZP_INVITATIONS_MAX + 1) * 65 + 1] = "";
    assert_false(wzp_access_files_load(&files, NULL, write_file("invites", A "\n", 0640), why));
    assert_non_null(strstr(why, "invites: others than its owner may use this file (mode 640)"));
    for (unsigned i = 0; i < WZP_INVITATIONS_MAX; i++)
        strcat(text, A "\n");
    assert_true(wzp_access_files_load(&files, NULL, write_file("invites", text, 0600), why));
    assert_int_equal(files.access.invitations.count, WZP_INVITATIONS_MAX);
    assert_true(files.access.is_restricted);
    strcat(text, A "\n");
    assert_false(wzp_access_files_load(&files, NULL, write_file("invites", text, 0600), why));
    assert_non_null(strstr(why, "invites:65: more than 64 lines of keys or codes"));
    assert_int_equal(files.access.invitations.count, WZP_INVITATIONS_MAX); /* as before */
    wzp_access_files_deinit(&files);
}

static void without_files_everybody_is_let_in(void **state)
{
    (void)state;
    struct wzp_access_files files = {0};
    char why[WZP_ACCESS_WHY_MAX];
    assert_true(wzp_access_files_load(&files, NULL, NULL, why));
    assert_false(files.access.is_restricted);
    wzp_access_files_deinit(&files);
}

static int make_dir(void **state)
{
    (void)state;
    return mkdtemp(dir) ? 0 : -1;
}

static int remove_dir(void **state)
{
    (void)state;
    unlink(write_file("allow", "", 0600));
    unlink(write_file("invites", "", 0600));
    return rmdir(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_lists_or_says_why_not),
        cmocka_unit_test(a_line_too_long_is_named),
        cmocka_unit_test(a_missing_file_is_named),
        cmocka_unit_test(invitations_are_private_and_bounded),
        cmocka_unit_test(without_files_everybody_is_let_in),
    };
    return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
