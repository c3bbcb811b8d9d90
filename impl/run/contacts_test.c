// SPDX-License-Identifier: Apache-2.0
#include "run/contacts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define ANNA "0000:1111:2222:3333:4444:5555:6666:7777"

static const uint8_t KEY[32] = {1}, OTHER[32] = {2};
static char folder[64];

static int make_folder(void **state)
{
    (void)state;
    strcpy(folder, "/tmp/wzp-contacts-XXXXXX");
    return mkdtemp(folder) ? setenv("XDG_DATA_HOME", folder, 1) : -1;
}

static int remove_folder(void **state)
{
    static const char *const names[] = {"/wzp/known-peers", "/wzp/known-peers.lock", "/wzp", ""};
    char path[128];
    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        snprintf(path, sizeof path, "%s%s", folder, names[i]);
        remove(path);
    }
    return access(folder, F_OK) == 0 ? -1 : 0;
}

static void open_or_fail(struct wzp_contacts *contacts, bool is_pinned)
{
    char why[WZP_WHY_MAX];
    if (!wzp_contacts_open(contacts, "relay.example:4433", is_pinned, why))
        fail_msg("%s", why);
}

static void close_or_fail(struct wzp_contacts *contacts)
{
    char why[WZP_WHY_MAX];
    if (!wzp_contacts_close(contacts, why))
        fail_msg("%s", why);
}

static void a_relay_is_believed_once(void **state)
{
    struct wzp_contacts contacts, late;
    char why[WZP_WHY_MAX];
    (void)state;
    open_or_fail(&contacts, false);
    open_or_fail(&late, false); /* another process, which opened before the first wrote */
    assert_null(wzp_contacts_relay_key(&contacts));
    wzp_contacts_silent(&contacts, why);
    assert_string_equal(why, "");
    assert_int_equal(wzp_contacts_on_relay(&contacts, KEY, why), WZP_CONTACT_NEW);
    assert_int_equal(wzp_contacts_on_relay(&contacts, KEY, why), WZP_CONTACT_KNOWN);
    assert_int_equal(wzp_contacts_on_relay(&late, OTHER, why), WZP_CONTACT_CHANGED);
    assert_non_null(strstr(why, "it was 01000000"));
    assert_non_null(strstr(why, "is now 02000000"));
    assert_non_null(strstr(why, "wzp-client forget relay relay.example:4433"));
    close_or_fail(&contacts);
    close_or_fail(&late);

    open_or_fail(&contacts, false);
    assert_memory_equal(wzp_contacts_relay_key(&contacts), KEY, 32);
    assert_int_equal(wzp_contacts_on_relay(&contacts, OTHER, why), WZP_CONTACT_CHANGED);
    assert_int_equal(wzp_contacts_on_relay(&contacts, KEY, why), WZP_CONTACT_KNOWN);
    wzp_contacts_silent(&contacts, why);
    assert_non_null(strstr(why, "no longer 01000000"));
    close_or_fail(&contacts);
}

static void a_pin_stands_above_the_file(void **state)
{
    struct wzp_contacts contacts;
    char why[WZP_WHY_MAX];
    (void)state;
    open_or_fail(&contacts, true);
    assert_null(wzp_contacts_relay_key(&contacts));
    assert_int_equal(wzp_contacts_on_relay(&contacts, OTHER, why), WZP_CONTACT_KNOWN);
    close_or_fail(&contacts);
    open_or_fail(&contacts, false);
    assert_memory_equal(wzp_contacts_relay_key(&contacts), KEY, 32);
    close_or_fail(&contacts);
}

static void people_are_new_once(void **state)
{
    struct wzp_contacts contacts;
    struct wzp_known_peers known;
    char text[WZP_CONTACT_TEXT_MAX], why[WZP_WHY_MAX], today[WZP_KNOWN_DATE_LEN], expected[64];
    (void)state;
    wzp_known_today(today);
    snprintf(expected, sizeof expected, "known since %s", today);
    open_or_fail(&contacts, false);
    wzp_contacts_on_person(&contacts, ANNA, text);
    assert_string_equal(text, "new");
    for (unsigned i = 0; i < 3 * WZP_CONTACTS_FRESH; i++) {
        char fingerprint[WZP_FINGERPRINT_LEN];
        snprintf(fingerprint, sizeof fingerprint, "ffff:0000:0000:0000:0000:0000:0000:%04x", i & 0xffff);
        wzp_contacts_on_person(&contacts, fingerprint, text);
        assert_string_equal(text, "new");
    }
    wzp_contacts_on_person(&contacts, ANNA, text);
    assert_memory_equal(text, "known since ", 12);
    close_or_fail(&contacts);

    assert_true(wzp_known_peers_open(&known, true, why));
    assert_int_equal(known.people_count, 1 + 3 * WZP_CONTACTS_FRESH);
    assert_true(wzp_known_person_name(&known, "ffff:0000:0000:0000:0000:0000:0000:0001", today, "Bert"));
    assert_true(wzp_known_peers_save(&known, why));
    wzp_known_peers_close(&known);

    open_or_fail(&contacts, false);
    wzp_contacts_on_person(&contacts, "ffff:0000:0000:0000:0000:0000:0000:0001", text);
    assert_string_equal(text, "known as Bert");
    wzp_contacts_on_person(&contacts, ANNA, text);
    assert_memory_equal(text, expected, 12 + 5); /* the year: midnight may have passed */
    close_or_fail(&contacts);
}

static void without_a_home_nothing_is_kept(void **state)
{
    struct wzp_contacts contacts;
    char text[WZP_CONTACT_TEXT_MAX], why[WZP_WHY_MAX], home[256] = "";
    const char *before = getenv("HOME");
    (void)state;
    if (before)
        snprintf(home, sizeof home, "%s", before);
    unsetenv("XDG_DATA_HOME");
    unsetenv("HOME");
    open_or_fail(&contacts, false);
    assert_false(contacts.is_kept);
    assert_int_equal(wzp_contacts_on_relay(&contacts, KEY, why), WZP_CONTACT_KNOWN);
    wzp_contacts_on_person(&contacts, ANNA, text);
    assert_string_equal(text, "new");
    close_or_fail(&contacts);
    setenv("XDG_DATA_HOME", folder, 1);
    setenv("HOME", home, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_relay_is_believed_once),
        cmocka_unit_test(a_pin_stands_above_the_file),
        cmocka_unit_test(people_are_new_once),
        cmocka_unit_test(without_a_home_nothing_is_kept),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
