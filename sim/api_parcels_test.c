// SPDX-License-Identifier: Apache-2.0
/* The words of api_parcels.c as a scenario says them: files, and disks that are full. */
#include "sim/words_test.h"

/* Two people with a clean way of 20 ms, and what became of what anna sent 2 s after each attempt. */
static const char prelude[] =
    "local s = 1000000000; local w = world { seed = 1, horizon = 30 * s }; w:relay {};"
    "local function person(name, disk) return w:client { name = name, codec = 'synthetic', stop = 29 * s,"
    "    disk = disk, up = { delay = '20ms' }, down = { delay = '20ms' } } end;"
    "local anna, ben = person 'anna', person('ben', 50000);"
    "w:run(2 * s); local now = 2;"
    "local function send(bytes) local opened = w:send(anna, ben, bytes); now = now + 2; w:run(now * s);"
    "    local whole, came, took, why = w:parcel(anna);"
    "    return table.concat({ tostring(opened), tostring(whole), came, took and 'told' or 'untold',"
    "        tostring(why) }, ' ') end\n";

#define CHECK(rows) check_words("parcels", prelude, rows, sizeof(rows) / sizeof *(rows))

static void what_fits_arrives(void **state)
{
    (void)state;
    static const struct words_row rows[] = {
        {"return send(50000)", "true true 50000 told nil"},
        {"return send(0)", "true true 0 told nil"},
        {"send(20000); return send(30000)", "true true 30000 told nil"},
        {"w:send(anna, ben, 1000000); return send(1)", "false false 0 untold the disk is full"},
        {"w:disk(ben, 9000000); w:send(anna, ben, 9000000); w:run(3 * s); return w:send(anna, ben, 1)",
         "false"},
    };
    CHECK(rows);
}

static void a_full_disk_is_told(void **state)
{
    (void)state;
    static const struct words_row rows[] = {
        {"return send(50001)", "true false 0 untold the disk is full"},
        {"w:disk(ben, 0); return send(1)", "true false 0 untold the disk is full"},
        {"send(30000); return send(30000)", "true false 0 untold the disk is full"},
        {"send(50001); return send(50000)", "true true 50000 told nil"},
        {"w:at(2050000000, function() w:disk(ben, 0) end); return (send(50000):gsub('%d+', 'some'))",
         "true false some untold the disk is full"},
        {"w:at(2050000000, function() w:disk(ben, 0) end); send(50000); w:disk(ben, 50000);"
         "return send(50000)",
         "true true 50000 told nil"},
        {"send(50001); return string.format('%.0f %.0f', w:concealed(ben, anna, s, 3 * s),"
         "    w:concealed(anna, ben, s, 3 * s))",
         "0 0"},
    };
    CHECK(rows);
}

static void slips_are_told(void **state)
{
    (void)state;
    static const struct words_row rows[] = {
        {"w:disk(ben, -1)", "error: parcels:2: disk: room for no less than 0 bytes"},
        {"w:disk(7, 1)", "error: parcels:2: "},
        {"person('cleo', -1)", "error: parcels:1: \"disk\" must be within 0.."},
        {"person('cleo', '20kb')", "error: parcels:1: \"disk\" must be "},
    };
    CHECK(rows);
}

int main(void)
{
    assert_true(sodium_init() >= 0);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_fits_arrives),
        cmocka_unit_test(a_full_disk_is_told),
        cmocka_unit_test(slips_are_told),
    };
    return cmocka_run_group_tests_name("sim/api_parcels", tests, NULL, NULL);
}
