// SPDX-License-Identifier: Apache-2.0
#include "run/addr_text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void parses_and_formats(void **state)
{
    static const struct {
        const char *text, *formatted; /* NULL: refused */
    } ROWS[] = {
        {"127.0.0.1:4433", "127.0.0.1:4433"},
        {"0.0.0.0:0", "0.0.0.0:0"},
        {"255.255.255.255:65535", "255.255.255.255:65535"},
        {"[::1]:4433", "[::1]:4433"},
        {"[::]:1", "[::]:1"},
        {"[2001:DB8:0:0:0:0:0:1]:80", "[2001:db8::1]:80"},
        {"[::ffff:192.0.2.1]:80", "192.0.2.1:80"},
        {"[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535",
         "[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535"},
        {"", NULL},
        {"127.0.0.1", NULL},
        {"127.0.0.1:", NULL},
        {"127.0.0.1:65536", NULL},
        {"127.0.0.1:99999999999999999999", NULL},
        {"127.0.0.1:-1", NULL},
        {"127.0.0.1:80x", NULL},
        {"127.0.0.1: 80", NULL},
        {"127.0.0.256:80", NULL},
        {"localhost:80", NULL},
        {":80", NULL},
        {"::1:80", NULL},
        {"[::1]", NULL},
        {"[::1:80", NULL},
        {"[::1]80", NULL},
        {"[127.0.0.1]:80", NULL},
        {"[]:80", NULL},
        {"[fe80::1%lo]:80", NULL},
    };
    (void)state;
    for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
        struct wzp_addr addr, again;
        char text[WZP_ADDR_TEXT_MAX];
        const char *why = wzp_addr_parse(ROWS[i].text, &addr);
        if ((why != NULL) != (ROWS[i].formatted == NULL))
            fail_msg("'%s': %s", ROWS[i].text, why ? why : "was taken");
        if (why)
            continue;
        wzp_addr_format(&addr, text);
        assert_string_equal(text, ROWS[i].formatted);
        assert_null(wzp_addr_parse(text, &again));
        assert_true(wzp_addr_equal(&addr, &again));
    }
}

static void resolves_numbers_without_asking(void **state)
{
    struct wzp_addr addr, same;
    (void)state;
    assert_null(wzp_addr_resolve("[::1]:7", &addr));
    assert_null(wzp_addr_parse("[::1]:7", &same));
    assert_true(wzp_addr_equal(&addr, &same));
    assert_non_null(wzp_addr_resolve("127.0.0.1", &addr));
    assert_true(wzp_addr_equal(&addr, &same));
}

static void goes_through_sockaddr(void **state)
{
    struct wzp_addr v4, v6, back;
    struct sockaddr_storage storage;
    (void)state;
    assert_null(wzp_addr_parse("192.0.2.1:80", &v4));
    assert_null(wzp_addr_parse("[2001:db8::1]:443", &v6));

    assert_true(wzp_addr_to_sockaddr(&v4, AF_INET, &storage));
    assert_int_equal(storage.ss_family, AF_INET);
    assert_true(wzp_addr_from_sockaddr((struct sockaddr *)&storage, &back));
    assert_true(wzp_addr_equal(&v4, &back));
    /* a dual socket speaks to IPv4 under its mapped address */
    assert_true(wzp_addr_to_sockaddr(&v4, AF_INET6, &storage));
    assert_int_equal(storage.ss_family, AF_INET6);
    assert_true(wzp_addr_from_sockaddr((struct sockaddr *)&storage, &back));
    assert_true(wzp_addr_equal(&v4, &back));

    assert_true(wzp_addr_to_sockaddr(&v6, AF_INET6, &storage));
    assert_true(wzp_addr_from_sockaddr((struct sockaddr *)&storage, &back));
    assert_true(wzp_addr_equal(&v6, &back));
    assert_false(wzp_addr_to_sockaddr(&v6, AF_INET, &storage));

    storage.ss_family = AF_UNIX;
    assert_false(wzp_addr_from_sockaddr((struct sockaddr *)&storage, &back));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parses_and_formats),
        cmocka_unit_test(resolves_numbers_without_asking),
        cmocka_unit_test(goes_through_sockaddr),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
