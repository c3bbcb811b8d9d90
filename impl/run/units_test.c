// SPDX-License-Identifier: Apache-2.0
#include "run/units.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define REFUSED (-1)

struct row {
    const char *text;
    int64_t value; /* REFUSED: must be refused */
};

static void times(void **state)
{
    static const struct row ROWS[] = {
        {"0", 0},
        {"0.0", 0},
        {"0ms", 0},
        {"1ns", 1},
        {"40ms", 40000000},
        {"1.5s", 1500000000},
        {".5us", 500},
        {"2.us", 2000},
        {"1min", 60000000000},
        {"0.1ns", 0},
        {"0.000001s", 1000},
        {"153722867min", 9223372020000000000},
        {"153722868min", REFUSED},
        {"", REFUSED},
        {".", REFUSED},
        {"ms", REFUSED},
        {"40", REFUSED},
        {"-1ms", REFUSED},
        {"1 ms", REFUSED},
        {"1msx", REFUSED},
        {"1h", REFUSED},
        {"1e3ms", REFUSED},
        {"1.2.3s", REFUSED},
        {"1234567890123456ns", REFUSED},
    };
    (void)state;
    for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
        int64_t value = REFUSED;
        const char *why = wzp_units_time(ROWS[i].text, &value);
        if (value != ROWS[i].value || (why != NULL) != (ROWS[i].value == REFUSED))
            fail_msg("'%s' gives %lld, %s", ROWS[i].text, (long long)value, why ? why : "ok");
    }
}

static void rates(void **state)
{
    static const struct row ROWS[] = {
        {"0", 0},
        {"1bit", 1},
        {"500kbit", 500000},
        {"1.5mbit", 1500000},
        {"1gbit", 1000000000},
        {"500", REFUSED},
        {"500kb", REFUSED},
        {"1Mbit", REFUSED},
        {"kbit", REFUSED},
    };
    (void)state;
    for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
        uint64_t value = (uint64_t)REFUSED;
        const char *why = wzp_units_rate(ROWS[i].text, &value);
        if ((int64_t)value != ROWS[i].value || (why != NULL) != (ROWS[i].value == REFUSED))
            fail_msg("'%s' gives %lld, %s", ROWS[i].text, (long long)value, why ? why : "ok");
    }
}

static void bounds_of_a_client(void **state)
{
    static const struct row RATES[] = {{"0", 0},
                                       {"24kbit", 24000},
                                       {"500kbit", 500000},
                                       {"10gbit", 10000000000},
                                       {"23999bit", REFUSED},
                                       {"10.1gbit", REFUSED},
                                       {"500", REFUSED}},
                            TIMES[] = {{"0", 0},          {"50ms", 50000000}, {"10s", 10000000000},
                                       {"49ms", REFUSED}, {"10.1s", REFUSED}, {"200", REFUSED}},
                            TIERS[] = {{"auto", 0},         {"opus64k", 64000},    {"opus24k", 24000},
                                       {"opus6k", 6000},    {"codec2-3200", 3200}, {"codec2-700", 700},
                                       {"opus", REFUSED},   {"opus24", REFUSED},   {"opus24kb", REFUSED},
                                       {"24kbit", REFUSED}, {"", REFUSED}};
    (void)state;
    for (size_t i = 0; i < sizeof RATES / sizeof *RATES; i++) {
        uint64_t value = (uint64_t)REFUSED;
        const char *why = wzp_units_max_rate(RATES[i].text, &value);
        if ((int64_t)value != RATES[i].value || (why != NULL) != (RATES[i].value == REFUSED))
            fail_msg("'%s' gives %lld, %s", RATES[i].text, (long long)value, why ? why : "ok");
    }
    for (size_t i = 0; i < sizeof TIMES / sizeof *TIMES; i++) {
        int64_t value = REFUSED;
        const char *why = wzp_units_delay_budget(TIMES[i].text, &value);
        if (value != TIMES[i].value || (why != NULL) != (TIMES[i].value == REFUSED))
            fail_msg("'%s' gives %lld, %s", TIMES[i].text, (long long)value, why ? why : "ok");
    }
    for (size_t i = 0; i < sizeof TIERS / sizeof *TIERS; i++) {
        uint32_t value = UINT32_MAX;
        const char *why = wzp_units_tier(TIERS[i].text, &value);
        if (value != (uint32_t)TIERS[i].value || (why != NULL) != (TIERS[i].value == REFUSED))
            fail_msg("'%s' gives %u, %s", TIERS[i].text, value, why ? why : "ok");
    }
}

static void shares(void **state)
{
    static const struct {
        const char *text;
        double value;
    } ROWS[] = {
        {"0", 0},        {"1", 1},          {"0.3", 0.3},      {"30%", 0.3},      {"100%", 1},
        {"0.1%", 0.001}, {"2.5%", 0.025},   {"1.1", REFUSED},  {"101%", REFUSED}, {"30", REFUSED},
        {"%", REFUSED},  {"-0.1", REFUSED}, {"0.3x", REFUSED}, {"nan", REFUSED},  {"0,3", REFUSED},
    };
    (void)state;
    for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
        double value = REFUSED;
        const char *why = wzp_units_share(ROWS[i].text, &value);
        if (value != ROWS[i].value || (why != NULL) != (ROWS[i].value < 0))
            fail_msg("'%s' gives %g, %s", ROWS[i].text, value, why ? why : "ok");
    }
}

static void counts_and_numbers(void **state)
{
    uint64_t count = 7;
    double number = 7;
    (void)state;
    assert_null(wzp_units_count("123456789012345", &count));
    assert_int_equal(count, 123456789012345);
    assert_non_null(wzp_units_count("1.0", &count));
    assert_non_null(wzp_units_count("-1", &count));
    assert_non_null(wzp_units_count("1k", &count));
    assert_non_null(wzp_units_count("", &count));
    assert_null(wzp_units_number("2.5", &number));
    assert_true(number == 2.5);
    assert_non_null(wzp_units_number("2.5x", &number));
    assert_non_null(wzp_units_number("", &number));
    assert_true(number == 2.5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(times),
        cmocka_unit_test(rates),
        cmocka_unit_test(bounds_of_a_client),
        cmocka_unit_test(shares),
        cmocka_unit_test(counts_and_numbers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
