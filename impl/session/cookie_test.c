// SPDX-License-Identifier: Apache-2.0
/* For whom a cookie is good and for how long, and when cookies are demanded. */
#include "session/cookie.h"

#include "base/time.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define RATE 200

static const uint8_t seed[32] = {7};
static const struct wzp_addr here = {.ip = {[15] = 1}, .port = 1000};

static struct cookies make(void)
{
    struct cookies cookies;
    cookies_init(&cookies, seed, RATE);
    return cookies;
}

static bool is_good(struct cookies *cookies, const struct wzp_addr *from, uint32_t id, const uint8_t *cookie,
                    size_t len, int64_t now_ns)
{
    uint8_t good[WZP_COOKIE_LEN];
    return cookies_check(cookies, from, id, (struct wzp_slice){cookie, len}, now_ns, good);
}

static void a_cookie_is_good_for_one_address_and_id(void **state)
{
    (void)state;
    struct cookies cookies = make();
    uint8_t cookie[WZP_COOKIE_LEN];
    assert_false(cookies_check(&cookies, &here, 5, (struct wzp_slice){0}, 0, cookie));
    assert_true(is_good(&cookies, &here, 5, cookie, sizeof cookie, 0));
    for (unsigned byte = 0; byte < sizeof here.ip; byte++) {
        struct wzp_addr other = here;
        other.ip[byte] ^= 1;
        assert_false(is_good(&cookies, &other, 5, cookie, sizeof cookie, 0));
    }
    for (unsigned bit = 0; bit < 16; bit++) {
        struct wzp_addr other = here;
        other.port ^= (uint16_t)(1u << bit);
        assert_false(is_good(&cookies, &other, 5, cookie, sizeof cookie, 0));
    }
    for (unsigned bit = 0; bit < 32; bit++)
        assert_false(is_good(&cookies, &here, 5 ^ UINT32_C(1) << bit, cookie, sizeof cookie, 0));
}

static void a_changed_cookie_is_not_good(void **state)
{
    (void)state;
    struct cookies cookies = make();
    uint8_t cookie[WZP_COOKIE_LEN];
    cookies_check(&cookies, &here, 5, (struct wzp_slice){0}, 0, cookie);
    for (unsigned bit = 0; bit < 8 * sizeof cookie; bit++) {
        cookie[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_false(is_good(&cookies, &here, 5, cookie, sizeof cookie, 0));
        cookie[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    for (size_t len = 0; len < sizeof cookie; len++)
        assert_false(is_good(&cookies, &here, 5, cookie, len, 0));
    struct cookies other;
    cookies_init(&other, (const uint8_t[32]){8}, RATE);
    assert_false(is_good(&other, &here, 5, cookie, sizeof cookie, 0));
}

/* Two minutes of use, then two as the one before. */
static void a_cookie_lives_two_to_four_minutes(void **state)
{
    (void)state;
    static const struct {
        int64_t made_s, used_s;
        bool good;
    } rows[] = {
        {0, 0, true},    {0, 119, true},   {0, 121, true},    {0, 239, true},       {0, 241, false},
        {0, 600, false}, {119, 239, true}, {119, 241, false}, {119, 100000, false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct cookies cookies = make();
        uint8_t first[WZP_COOKIE_LEN], cookie[WZP_COOKIE_LEN];
        cookies_check(&cookies, &here, 1, (struct wzp_slice){0}, 0, first);
        cookies_check(&cookies, &here, 5, (struct wzp_slice){0}, rows[i].made_s * WZP_S, cookie);
        for (int64_t at_s = rows[i].made_s; at_s < rows[i].used_s; at_s += 7) /* a relay that is in use */
            cookies_check(&cookies, &here, 1, (struct wzp_slice){0}, at_s * WZP_S, first);
        bool good = is_good(&cookies, &here, 5, cookie, sizeof cookie, rows[i].used_s * WZP_S);
        if (good != rows[i].good)
            fail_msg("row %zu: %d", i, good);
    }
}

static void a_cookie_is_stale_after_silence_too(void **state)
{
    (void)state;
    struct cookies cookies = make();
    uint8_t cookie[WZP_COOKIE_LEN];
    cookies_check(&cookies, &here, 5, (struct wzp_slice){0}, 0, cookie);
    assert_false(is_good(&cookies, &here, 5, cookie, sizeof cookie, 240 * WZP_S));
}

static void the_table_a_quarter_full_demands_them(void **state)
{
    (void)state;
    struct cookies cookies = make();
    assert_false(cookies_are_demanded(&cookies, 64, 256, 0));
    assert_true(cookies_are_demanded(&cookies, 65, 256, 0));
    assert_false(cookies_are_demanded(&cookies, 64, 256, 0));
}

/* First messages at so many a second for 3 s, from a calm start: is the last one asked for a cookie? */
static bool are_demanded_at(unsigned rate, int64_t calm_ns)
{
    struct cookies cookies = make();
    int64_t now_ns = 0;
    for (unsigned i = 0; i < 3 * rate; i++) {
        now_ns = (int64_t)i * WZP_S / rate;
        cookies_on_first(&cookies, now_ns);
    }
    return cookies_are_demanded(&cookies, 0, 256, now_ns + calm_ns);
}

static void a_flood_demands_them_until_it_is_over(void **state)
{
    (void)state;
    assert_false(are_demanded_at(1, 0));
    assert_false(are_demanded_at(RATE - 1, 0));
    assert_true(are_demanded_at(RATE + 40, 0));
    assert_true(are_demanded_at(100000, 0));
    assert_false(are_demanded_at(100000, WZP_S / RATE));
}

static void a_burst_is_no_flood(void **state)
{
    (void)state;
    struct cookies cookies = make();
    unsigned taken = 0;
    while (!cookies_are_demanded(&cookies, 0, 256, 0) && taken < 1000) {
        cookies_on_first(&cookies, 0);
        taken++;
    }
    assert_in_range(taken, RATE / 4, RATE / 4 + 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_cookie_is_good_for_one_address_and_id),
        cmocka_unit_test(a_changed_cookie_is_not_good),
        cmocka_unit_test(a_cookie_lives_two_to_four_minutes),
        cmocka_unit_test(a_cookie_is_stale_after_silence_too),
        cmocka_unit_test(the_table_a_quarter_full_demands_them),
        cmocka_unit_test(a_flood_demands_them_until_it_is_over),
        cmocka_unit_test(a_burst_is_no_flood),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
