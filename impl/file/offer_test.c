// SPDX-License-Identifier: Apache-2.0
#include "file/offer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void names(void **state)
{
    static const struct {
        const char *name;
        bool is_good;
    } ROWS[] = {
        {"a", true},
        {"photo of us.jpg", true},
        {"a..b", true},
        {"f\xc3\xbcr dich.txt", true},
        {"\xf0\x9f\x8e\x89", true},
        {"-rf", true},
        {"", false},
        {".", false},
        {"..", false},
        {".bashrc", false},
        {"a/b", false},
        {"/", false},
        {"..\\b", false},
        {"a\nb", false},
        {"a\x7f", false},
        {"\x1b[2J", false},
        {"a\xc2\x9b"
         "b",
         false}, /* C1 control */
        {"txt\xe2\x80\xae"
         "exe.jpg",
         false},                     /* right-to-left override */
        {"a\xe2\x81\xa6", false},    /* isolate */
        {"\xff", false},             /* not UTF-8 */
        {"a\xc3", false},            /* cut short */
        {"\xc0\xaf", false},         /* overlong '/' */
        {"\xe0\x80\xaf", false},     /* overlong '/' */
        {"\xed\xa0\x80", false},     /* surrogate */
        {"\xf4\x90\x80\x80", false}, /* beyond Unicode */
        {"\x80", false},             /* goes on with nothing */
        {"a\xe2\x28\xa1", false},    /* goes on with something else */
    };
    (void)state;
    for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++)
        if (wzp_file_name_is_good(ROWS[i].name, strlen(ROWS[i].name)) != ROWS[i].is_good)
            fail_msg("row %zu: '%s'", i, ROWS[i].name);
    assert_false(wzp_file_name_is_good("a\0b", 3));
    char longest[WZP_FILE_NAME_MAX + 1];
    memset(longest, 'x', sizeof longest);
    assert_true(wzp_file_name_is_good(longest, WZP_FILE_NAME_MAX));
    assert_false(wzp_file_name_is_good(longest, WZP_FILE_NAME_MAX + 1));
}

static void offers(void **state)
{
    struct wzp_file_offer offer = {.size = UINT64_C(0x0102030405060708), .name_len = 5, .name = "a.txt"}, got;
    uint8_t bytes[WZP_FILE_OFFER_MAX + 1] = {0};
    (void)state;
    memset(offer.hash, 7, sizeof offer.hash);
    size_t len = wzp_file_offer_encode(&offer, bytes);
    assert_int_equal(len, 8 + 32 + 1 + 5);
    assert_true(wzp_file_offer_decode((struct wzp_slice){bytes, len}, &got));
    assert_memory_equal(&got, &offer, sizeof got);
    for (size_t cut = 0; cut < len; cut++)
        assert_false(wzp_file_offer_decode((struct wzp_slice){bytes, cut}, &got));
    assert_false(wzp_file_offer_decode((struct wzp_slice){bytes, len + 1}, &got));
}

static void every_reason_has_a_text(void **state)
{
    (void)state;
    const char *none = wzp_file_reason_text(WZP_FILE_NO_REASON);
    for (unsigned reason = WZP_FILE_NOT_WANTED; reason <= WZP_FILE_STOPPED; reason++)
        assert_string_not_equal(wzp_file_reason_text(reason), none);
    assert_string_equal(wzp_file_reason_text(200), none);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names),
        cmocka_unit_test(offers),
        cmocka_unit_test(every_reason_has_a_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
