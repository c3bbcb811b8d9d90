// SPDX-License-Identifier: Apache-2.0
#include "run/known_peers.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define KEY   "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
#define ANNA  "0000:1111:2222:3333:4444:5555:6666:7777"
#define BERT  "aaaa:bbbb:cccc:dddd:eeee:ffff:0000:1111"
#define TODAY "2026-01-02"

static char folder[64];

static int make_folder(void **state)
{
    (void)state;
    strcpy(folder, "/tmp/wzp-known-XXXXXX");
    return mkdtemp(folder) ? setenv("XDG_DATA_HOME", folder, 1) : -1;
}

static int remove_folder(void **state)
{
    char path[128];
    (void)state;
    static const char *const names[] = {"/wzp/known-peers", "/wzp/known-peers.lock", "/wzp"};
    for (size_t i = 0; i < 3; i++) {
        snprintf(path, sizeof path, "%s%s", folder, names[i]);
        remove(path);
    }
    return rmdir(folder);
}

static void open_or_fail(struct wzp_known_peers *known, bool to_change)
{
    char why[WZP_WHY_MAX];
    if (!wzp_known_peers_open(known, to_change, why))
        fail_msg("%s", why);
}

static void save_and_close(struct wzp_known_peers *known)
{
    char why[WZP_WHY_MAX];
    if (!wzp_known_peers_save(known, why))
        fail_msg("%s", why);
    wzp_known_peers_close(known);
}

static void a_relay_keeps_its_key(void **state)
{
    struct wzp_known_peers known;
    const uint8_t first[32] = {1}, other[32] = {2};
    struct stat facts;
    (void)state;
    open_or_fail(&known, true);
    assert_null(wzp_known_relay_key(&known, "relay.example:4433"));
    assert_true(wzp_known_relay_add(&known, "Relay.Example:4433", first));
    assert_false(wzp_known_relay_add(&known, "with space:1", first));
    assert_false(wzp_known_relay_add(&known, "", first));
    assert_int_equal(stat(known.path, &facts), -1);
    save_and_close(&known);

    open_or_fail(&known, true);
    assert_int_equal(stat(known.path, &facts), 0);
    assert_int_equal(facts.st_mode & 07777, 0600);
    assert_memory_equal(wzp_known_relay_key(&known, "relay.EXAMPLE:4433"), first, 32);
    assert_null(wzp_known_relay_key(&known, "relay.example:4434"));
    assert_true(wzp_known_relay_add(&known, "relay.example:4433", first));
    assert_false(wzp_known_relay_add(&known, "relay.example:4433", other));
    assert_memory_equal(wzp_known_relay_key(&known, "relay.example:4433"), first, 32);
    assert_int_equal(known.relay_count, 1);
    assert_false(wzp_known_relay_forget(&known, "relay.example:1"));
    assert_true(wzp_known_relay_forget(&known, "relay.example:4433"));
    assert_true(wzp_known_relay_add(&known, "relay.example:4433", other));
    save_and_close(&known);
}

static void a_name_is_one_persons(void **state)
{
    struct wzp_known_peers known;
    (void)state;
    open_or_fail(&known, true);
    assert_true(wzp_known_person_add(&known, ANNA, TODAY));
    assert_false(wzp_known_person_add(&known, ANNA, "2027-01-01"));
    assert_true(wzp_known_person_name(&known, ANNA, "2027-01-01", "Anna"));
    assert_false(wzp_known_person_name(&known, BERT, TODAY, "Anna"));
    assert_null(wzp_known_person_find(&known, BERT));
    assert_true(wzp_known_person_name(&known, BERT, TODAY, "B\xc3\xa9rt"));
    assert_true(wzp_known_person_name(&known, ANNA, TODAY, "Annie"));
    save_and_close(&known);

    open_or_fail(&known, false);
    assert_string_equal(wzp_known_person_find(&known, "Annie")->fingerprint, ANNA);
    assert_string_equal(wzp_known_person_find(&known, ANNA)->date, TODAY);
    assert_string_equal(wzp_known_person_find(&known, BERT)->name, "B\xc3\xa9rt");
    assert_null(wzp_known_person_find(&known, "Anna"));
    assert_null(wzp_known_person_find(&known, ""));
    assert_true(wzp_known_person_forget(&known, "Annie"));
    assert_false(wzp_known_person_forget(&known, ANNA));
    wzp_known_peers_close(&known);
}

static void names_have_a_form(void **state)
{
    static const struct {
        const char *name;
        bool is_valid;
    } ROWS[] = {
        {"Anna", true},
        {"\xe5\xae\x89\xe5\xa8\x9c", true},
        {"12345678901234567890123456789012", true},
        {"123456789012345678901234567890123", false},
        {"", false},
        {"An na", false},
        {"An\nna", false},
        {"\x1b[2J", false},
        {ANNA, false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++)
        assert_int_equal(wzp_known_name_is_valid(ROWS[i].name), ROWS[i].is_valid);
    assert_true(wzp_fingerprint_is_valid(ANNA));
    assert_false(wzp_fingerprint_is_valid("0000:1111:2222:3333:4444:5555:6666:777g"));
    assert_false(wzp_fingerprint_is_valid("0000:1111:2222:3333:4444:5555:6666-7777"));
    assert_false(wzp_fingerprint_is_valid(ANNA ":8888"));
}

#define HEAD "wzp-known-peers 1\n"

static void names_the_line_that_is_wrong(void **state)
{
    static const struct {
        const char *text;
        size_t line;
    } ROWS[] = {
        {HEAD, 0},
        {HEAD "relay a:1 " KEY "\nperson " ANNA " " TODAY "\nperson " BERT " " TODAY " Bert\n", 0},
        {"", 1},
        {"hello\n", 1},
        {"wzp-known-peers 2\n", 1},
        {"wzp-known-peers 1", 1},
        {HEAD "\n", 2},
        {HEAD "relay a:1 " KEY, 2},
        {HEAD "relay a:1 00\n", 2},
        {HEAD "relay  " KEY "\n", 2},
        {HEAD "relay a:1 " KEY " more\n", 2},
        {HEAD "relay a:1 " KEY "\nrelay A:1 " KEY "\n", 3},
        {HEAD "person " ANNA "\n", 2},
        {HEAD "person " ANNA " yesterday\n", 2},
        {HEAD "person " ANNA " " TODAY " \n", 2},
        {HEAD "person " ANNA " " TODAY " a b\n", 2},
        {HEAD "person " ANNA " " TODAY "\nperson " ANNA " " TODAY "\n", 3},
        {HEAD "person " ANNA " " TODAY " A\nperson " BERT " " TODAY " A\n", 3},
    };
    struct wzp_known_peers known;
    (void)state;
    open_or_fail(&known, false);
    for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++)
        if (wzp_known_peers_parse(&known, ROWS[i].text, strlen(ROWS[i].text)) != ROWS[i].line)
            fail_msg("row %zu", i);
    assert_int_equal(wzp_known_peers_parse(&known, HEAD "\0\n", sizeof HEAD + 1), 2);
    wzp_known_peers_close(&known);
}

static const char *fingerprint_of(unsigned number)
{
    static char text[WZP_FINGERPRINT_LEN];
    snprintf(text, sizeof text, "0000:0000:0000:0000:0000:0000:0000:%04x", number & 0xffff);
    return text;
}

static void strangers_give_way_and_friends_stay(void **state)
{
    struct wzp_known_peers known;
    const uint8_t key[32] = {0};
    (void)state;
    open_or_fail(&known, false);
    known.relay_count = known.people_count = 0;
    assert_true(wzp_known_person_name(&known, ANNA, TODAY, "Anna"));
    for (unsigned i = 0; i < 2 * WZP_KNOWN_PEOPLE_MAX; i++)
        assert_true(wzp_known_person_add(&known, fingerprint_of(i), TODAY));
    assert_int_equal(known.people_count, WZP_KNOWN_PEOPLE_MAX);
    assert_non_null(wzp_known_person_find(&known, ANNA));
    assert_null(wzp_known_person_find(&known, fingerprint_of(0)));
    assert_non_null(wzp_known_person_find(&known, fingerprint_of(2 * WZP_KNOWN_PEOPLE_MAX - 1)));
    for (unsigned i = 0; i < WZP_KNOWN_RELAYS_MAX + 1; i++) {
        char name[32];
        snprintf(name, sizeof name, "relay:%u", i);
        assert_int_equal(wzp_known_relay_add(&known, name, key), i < WZP_KNOWN_RELAYS_MAX);
    }
    wzp_known_peers_close(&known);
}

/* Four processes add fifty people each at the same time; nobody is lost. */
static void two_processes_lose_nothing(void **state)
{
    enum { PROCESSES = 4, EACH = 50 };
    pid_t pid[PROCESSES];
    struct wzp_known_peers known;
    (void)state;
    for (unsigned p = 0; p < PROCESSES; p++) {
        pid[p] = fork();
        if (pid[p] == 0) {
            char why[WZP_WHY_MAX];
            bool ok = true;
            for (unsigned i = 0; i < EACH && ok; i++) {
                ok = wzp_known_peers_open(&known, true, why) &&
                     wzp_known_person_add(&known, fingerprint_of(p << 8 | i), TODAY) &&
                     wzp_known_peers_save(&known, why);
                wzp_known_peers_close(&known);
            }
            _exit(ok ? 0 : 1);
        }
    }
    for (unsigned p = 0; p < PROCESSES; p++) {
        int status;
        assert_int_equal(waitpid(pid[p], &status, 0), pid[p]);
        assert_int_equal(status, 0);
    }
    open_or_fail(&known, false);
    for (unsigned p = 0; p < PROCESSES; p++)
        for (unsigned i = 0; i < EACH; i++)
            assert_non_null(wzp_known_person_find(&known, fingerprint_of(p << 8 | i)));
    wzp_known_peers_close(&known);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_relay_keeps_its_key),
        cmocka_unit_test(a_name_is_one_persons),
        cmocka_unit_test(names_have_a_form),
        cmocka_unit_test(names_the_line_that_is_wrong),
        cmocka_unit_test(strangers_give_way_and_friends_stay),
        cmocka_unit_test(two_processes_lose_nothing),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
