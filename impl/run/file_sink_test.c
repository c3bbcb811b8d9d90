// SPDX-License-Identifier: Apache-2.0
#include "run/file_sink.h"

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char folder[64];
static char why[WZP_FILE_WHY_MAX];

static int make_folder(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/wzp-sink-XXXXXX");
    return mkdtemp(folder) ? 0 : 1;
}

static int remove_folder(void **state)
{
    char command[128];
    (void)state;
    snprintf(command, sizeof command, "rm -r '%s'", folder);
    return system(command);
}

static void path_of(const char *name, char out[static 512])
{
    snprintf(out, 512, "%s/%s", folder, name);
}

static void put_file(const char *name, const char *text)
{
    char path[512];
    path_of(name, path);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    assert_int_equal(fclose(file), 0);
}

static void expect_file(const char *name, const char *text)
{
    char path[512], got[256] = "";
    path_of(name, path);
    FILE *file = fopen(path, "r");
    if (!text) {
        assert_null(file);
        return;
    }
    assert_non_null(file);
    got[fread(got, 1, sizeof got - 1, file)] = '\0';
    fclose(file);
    assert_string_equal(got, text);
}

static struct wzp_file_offer offer_of(const char *name, uint64_t size, uint8_t hash)
{
    struct wzp_file_offer offer = {.size = size, .name_len = (uint8_t)strlen(name)};
    memcpy(offer.name, name, offer.name_len);
    memset(offer.hash, hash, sizeof offer.hash);
    return offer;
}

static void whole(const char *name, const char *text, const char *as)
{
    struct wzp_file_sink sink;
    struct wzp_file_offer offer = offer_of(name, strlen(text), 0xab);
    assert_true(wzp_file_sink_open_folder(&sink, folder, why));
    assert_int_equal(wzp_file_sink_begin(&sink, &offer, why), WZP_FILE_NO_REASON);
    assert_int_equal(wzp_file_sink_write(&sink, text, strlen(text), why), WZP_FILE_NO_REASON);
    expect_file(as, NULL);
    assert_int_equal(wzp_file_sink_finish(&sink, why), WZP_FILE_NO_REASON);
    assert_string_equal(sink.name, as);
    expect_file(as, text);
    wzp_file_sink_close_folder(&sink);
}

static void nothing_is_overwritten(void **state)
{
    char link_path[512];
    (void)state;
    put_file("a.txt", "mine");
    whole("a.txt", "first", "a (1).txt");
    whole("a.txt", "second", "a (2).txt");
    expect_file("a.txt", "mine");
    whole("plain", "1", "plain");
    whole("plain", "2", "plain (1)");
    path_of("dangling", link_path); /* nor through a link that leads nowhere */
    assert_int_equal(symlink("elsewhere", link_path), 0);
    whole("dangling", "3", "dangling (1)");
    expect_file("elsewhere", NULL);
}

static void a_long_name_finds_no_number(void **state)
{
    struct wzp_file_sink sink;
    char name[WZP_FILE_NAME_MAX + 1];
    (void)state;
    memset(name, 'x', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    whole(name, "1", name);
    struct wzp_file_offer offer = offer_of(name, 1, 2);
    assert_true(wzp_file_sink_open_folder(&sink, folder, why));
    assert_int_equal(wzp_file_sink_begin(&sink, &offer, why), WZP_FILE_NO_REASON);
    assert_int_equal(wzp_file_sink_write(&sink, "2", 1, why), WZP_FILE_NO_REASON);
    assert_int_equal(wzp_file_sink_finish(&sink, why), WZP_FILE_UNWRITABLE);
    assert_non_null(strstr(why, "a file of that name is there"));
    wzp_file_sink_discard(&sink);
    wzp_file_sink_close_folder(&sink);
}

static void a_part_is_found_again(void **state)
{
    struct wzp_file_sink sink, second;
    struct wzp_file_offer offer = offer_of("part.bin", 10, 0x12), other = offer_of("part.bin", 10, 0x34);
    char bytes[8];
    (void)state;
    assert_true(wzp_file_sink_open_folder(&sink, folder, why));
    assert_int_equal(wzp_file_sink_begin(&sink, &offer, why), WZP_FILE_NO_REASON);
    assert_int_equal(sink.held, 0);
    assert_int_equal(wzp_file_sink_write(&sink, "0123456", 7, why), WZP_FILE_NO_REASON);
    assert_true(wzp_file_sink_open_folder(&second, folder, why)); /* while it is written */
    assert_int_equal(wzp_file_sink_begin(&second, &offer, why), WZP_FILE_UNWRITABLE);
    assert_non_null(strstr(why, "another program writes it"));
    wzp_file_sink_keep(&sink);
    expect_file(".part.bin.12121212.part", "0123456");
    assert_int_equal(wzp_file_sink_begin(&second, &other, why), WZP_FILE_NO_REASON); /* another file */
    assert_int_equal(second.held, 0);
    wzp_file_sink_discard(&second);
    expect_file(".part.bin.34343434.part", NULL);
    assert_int_equal(wzp_file_sink_begin(&second, &offer, why), WZP_FILE_NO_REASON);
    assert_int_equal(second.held, 7);
    assert_true(wzp_file_sink_read(&second, 2, bytes, 5, why));
    assert_memory_equal(bytes, "23456", 5);
    assert_false(wzp_file_sink_read(&second, 2, bytes, 6, why));
    assert_int_equal(wzp_file_sink_write(&second, "789", 3, why), WZP_FILE_NO_REASON);
    assert_int_equal(wzp_file_sink_finish(&second, why), WZP_FILE_NO_REASON);
    expect_file("part.bin", "0123456789");
    expect_file(".part.bin.12121212.part", NULL);
    wzp_file_sink_close_folder(&sink);
    wzp_file_sink_close_folder(&second);
}

static void what_is_no_part_is_left_alone(void **state)
{
    struct wzp_file_sink sink;
    struct wzp_file_offer offer = offer_of("odd", 3, 0x56);
    char path[512];
    (void)state;
    path_of(".odd.56565656.part", path);
    assert_true(wzp_file_sink_open_folder(&sink, folder, why));
    put_file("victim", "whole");
    assert_int_equal(symlink("victim", path), 0);
    assert_int_equal(wzp_file_sink_begin(&sink, &offer, why), WZP_FILE_UNWRITABLE);
    expect_file("victim", "whole");
    assert_int_equal(unlink(path), 0);
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_int_equal(wzp_file_sink_begin(&sink, &offer, why), WZP_FILE_UNWRITABLE);
    assert_int_equal(unlink(path), 0);
    put_file(".odd.56565656.part", "longer than it can be"); /* begins anew */
    assert_int_equal(wzp_file_sink_begin(&sink, &offer, why), WZP_FILE_NO_REASON);
    assert_int_equal(sink.held, 0);
    wzp_file_sink_discard(&sink);
    wzp_file_sink_close_folder(&sink);
}

static void no_space_is_said_before(void **state)
{
    struct wzp_file_sink sink;
    struct wzp_file_offer offer = offer_of("huge", UINT64_C(1) << 60, 0x78);
    (void)state;
    assert_true(wzp_file_sink_open_folder(&sink, folder, why));
    assert_int_equal(wzp_file_sink_begin(&sink, &offer, why), WZP_FILE_NO_SPACE);
    assert_non_null(strstr(why, "huge: there is not enough space on the disk"));
    wzp_file_sink_close_folder(&sink);
}

static void what_cannot_be_written_is_a_sentence(void **state)
{
    struct wzp_file_sink sink;
    struct wzp_file_offer offer = offer_of("limited", 8000, 0x9a);
    struct rlimit limit, before;
    static const uint8_t bytes[8000];
    (void)state;
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    limit = (struct rlimit){5000, before.rlim_max};
    assert_true(wzp_file_sink_open_folder(&sink, folder, why));
    assert_int_equal(wzp_file_sink_begin(&sink, &offer, why), WZP_FILE_NO_REASON);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
    enum wzp_file_reason reason = wzp_file_sink_write(&sink, bytes, sizeof bytes, why);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    assert_int_equal(reason, WZP_FILE_UNWRITABLE);
    assert_non_null(strstr(why, "/limited: File too large"));
    assert_int_equal(sink.held, 5000); /* what fitted is counted: it can go on from there */
    wzp_file_sink_discard(&sink);
    wzp_file_sink_close_folder(&sink);
    assert_false(wzp_file_sink_open_folder(&sink, "/no/such/folder", why));
    assert_string_equal(why, "/no/such/folder: No such file or directory");
}

static void sources(void **state)
{
    struct wzp_file_source source;
    char path[512], bytes[4];
    (void)state;
    put_file("to send.txt", "abcdef");
    path_of("to send.txt", path);
    assert_true(wzp_file_source_open(&source, path, why));
    assert_string_equal(source.offer.name, "to send.txt");
    assert_int_equal(source.offer.size, 6);
    assert_int_equal(wzp_file_source_read(&source, 2, bytes, 4), WZP_FILE_NO_REASON);
    assert_memory_equal(bytes, "cdef", 4);
    assert_int_equal(truncate(path, 3), 0);
    assert_int_equal(wzp_file_source_read(&source, 2, bytes, 4), WZP_FILE_CHANGED);
    wzp_file_source_close(&source);
    static const char *const ROWS[][2] = {
        {"/no/such/file", "/no/such/file: No such file or directory"},
        {"/tmp", "/tmp: it is not a regular file"},
        {"/tmp/", "this name cannot be sent"},
        {"/tmp/.hidden", "this name cannot be sent"},
    };
    for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
        assert_false(wzp_file_source_open(&source, ROWS[i][0], why));
        assert_non_null(strstr(why, ROWS[i][1]));
        wzp_file_source_close(&source);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_overwritten),
        cmocka_unit_test(a_long_name_finds_no_number),
        cmocka_unit_test(a_part_is_found_again),
        cmocka_unit_test(what_is_no_part_is_left_alone),
        cmocka_unit_test(no_space_is_said_before),
        cmocka_unit_test(what_cannot_be_written_is_a_sentence),
        cmocka_unit_test(sources),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
