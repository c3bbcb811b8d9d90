// SPDX-License-Identifier: Apache-2.0
#include "sim/compare.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "sim/metric.h"
#include "sim/xml_check_test.h"

static const char before[] =
    "{\"scenario\":\"call.lua\",\"seed\":1,\"params\":{\"loss\":\"10%\",\"rtt\":\"40ms\"},\"trace_hash\":"
    "\"aa\","
    "\"members\":[{\"name\":\"anna\",\"connect_ms\":100.5,\"rekeys\":0,\"hears\":[{\"speaker\":\"ben\","
    "\"concealed_pct\":1.5,\"recovered\":{\"window\":7},\"estoi\":0.9},{\"speaker\":\"old\",\"concealed_"
    "pct\":0}]},"
    "{\"name\":\"ben\",\"connect_ms\":null,\"hears\":[]}],"
    "\"judges\":[{\"name\":\"all join\",\"passed\":true},{\"name\":\"gone\",\"passed\":true}]}";
static const char after[] =
    "{\"scenario\":\"call.lua\",\"seed\":2,\"params\":{\"loss\":\"30%\",\"rtt\":\"40ms\"},\"trace_hash\":"
    "\"bb\","
    "\"members\":[{\"name\":\"ben\",\"connect_ms\":50,\"hears\":[]},{\"name\":\"anna\",\"connect_ms\":90.5,"
    "\"rekeys\":2,\"hears\":[{\"speaker\":\"<new>\",\"concealed_pct\":0},{\"speaker\":\"ben\","
    "\"concealed_pct\":4,\"recovered\":{\"window\":7},\"estoi\":0.95}]},{\"name\":\"cleo\",\"hears\":[]}],"
    "\"judges\":[{\"name\":\"all join\",\"passed\":false}]}";

static char *text_of(const char *one, const char *other, bool as_page, size_t *count)
{
    struct sim_json a, b;
    char *text = NULL;
    size_t len = 0;
    FILE *file = open_memstream(&text, &len);
    assert_true(sim_json_parse(&a, one, strlen(one)));
    assert_true(sim_json_parse(&b, other, strlen(other)));
    *count = as_page ? sim_compare_page(&a, &b, file) : sim_compare_print(&a, &b, file);
    fclose(file);
    sim_json_deinit(&a);
    sim_json_deinit(&b);
    return text;
}

static void test_nothing_differs(void **state)
{
    (void)state;
    size_t count;
    char *text = text_of(before, before, false, &count);
    assert_int_equal(count, 0);
    assert_non_null(strstr(text, "nothing differs\n"));
    free(text);
}

/* Members stand in another order, and are matched by name. */
static void test_table(void **state)
{
    (void)state;
    static const char expected[] = "A: call.lua, seed 1\n"
                                   "B: call.lua, seed 2\n"
                                   "\n"
                                   "who               what                A       B  difference  \n"
                                   "run               seed                1       2          +1  ↑\n"
                                   "parameter         loss              10%     30%              \n"
                                   "judge             all join       passed  failed              worse\n"
                                   "judge             gone           passed       -              \n"
                                   "anna hears ben    concealed_pct   1.500   4.000      +2.500  ↑ worse\n"
                                   "anna hears ben    estoi           0.900   0.950      +0.050  ↑ better\n"
                                   "anna hears old    heard             yes       -              \n"
                                   "anna hears <new>  heard               -     yes              \n"
                                   "anna              connect_ms      100.5    90.5       -10.0  ↓ better\n"
                                   "anna              rekeys              0       2          +2  ↑\n"
                                   "ben               connect_ms          -    50.0           -  \n"
                                   "cleo              is there            -     yes              \n"
                                   "\n12 differ\n";
    size_t count;
    char *text = text_of(before, after, false, &count);
    assert_string_equal(text, expected);
    assert_int_equal(count, 12);
    free(text);
}

static void test_page(void **state)
{
    (void)state;
    size_t count;
    char *page = text_of(before, after, true, &count);
    assert_null(xml_check(page));
    assert_int_equal(xml_count(page, "<tr>"), count + 1);
    assert_non_null(strstr(page, "2 better, 2 worse"));
    assert_non_null(strstr(page, "anna hears &lt;new&gt;"));
    free(page);
}

static void test_worst(void **state)
{
    (void)state;
    static const struct {
        const char *metric;
        double before, after;
    } rows[] = {{"concealed_pct", 1.5, 4}, {"estoi", 0.9, 0.95}, {"connect_ms", 100.5, 90.5},
                {"repaired", 7, 7},        {"rekeys", 0, 2},     {"dred", NAN, NAN}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        for (int side = 0; side < 2; side++) {
            struct sim_json json;
            const char *text = side ? after : before, *why;
            double expected = side ? rows[i].after : rows[i].before;
            assert_true(sim_json_parse(&json, text, strlen(text)));
            assert_true(sim_metric_is_result(&json, &why));
            double worst = sim_metric_worst(&json, sim_metric_find(rows[i].metric));
            assert_true(isnan(expected) ? isnan(worst) : fabs(worst - expected) < 1e-9);
            sim_json_deinit(&json);
        }
    assert_null(sim_metric_find("nonsense"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nothing_differs),
        cmocka_unit_test(test_table),
        cmocka_unit_test(test_page),
        cmocka_unit_test(test_worst),
    };
    return cmocka_run_group_tests_name("sim/compare", tests, NULL, NULL);
}
