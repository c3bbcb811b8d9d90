// SPDX-License-Identifier: Apache-2.0
#include "sim/json_read.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "run/json.h"

static void test_good(void **state)
{
    (void)state;
    static const char text[] = " { \"a\" : 1.5E+2, \"b\": [ true, null, \"x\\n\\u0041\\\"\" , [], {} ],\n"
                               "\"c\": {\"d\": {\"e\": -3}, \"f\": false}, \"g\": \"\\u00e9\" } \n";
    static const struct {
        const char *path;
        int kind;
        double number;
        const char *text;
    } rows[] = {
        {"a", SIM_JSON_NUMBER, 150, NULL},    {"b[0]", SIM_JSON_BOOL, 1, NULL},
        {"b[1]", SIM_JSON_NULL, NAN, NULL},   {"b[2]", SIM_JSON_TEXT, NAN, "x\nA\""},
        {"c.d.e", SIM_JSON_NUMBER, -3, NULL}, {"c.f", SIM_JSON_BOOL, 0, NULL},
        {"g", SIM_JSON_TEXT, NAN, "?"},
    };
    struct sim_json json;
    assert_true(sim_json_parse(&json, text, sizeof text - 1));
    assert_int_equal(json.count, sizeof rows / sizeof *rows);
    for (size_t i = 0; i < json.count; i++) {
        const struct sim_json_value *value = &json.value[i];
        assert_string_equal(value->path, rows[i].path);
        assert_int_equal(value->kind, rows[i].kind);
        assert_true(isnan(rows[i].number) ? isnan(value->number)
                                          : fabs(value->number - rows[i].number) < 1e-9);
        assert_true(!rows[i].text == !value->text);
        if (value->text)
            assert_string_equal(value->text, rows[i].text);
        assert_ptr_equal(sim_json_find(&json, rows[i].path), value);
    }
    assert_true(sim_json_number(&json, "b[%d]", 0) > 0);
    assert_true(isnan(sim_json_number(&json, "b[%d]", 7)));
    assert_null(sim_json_text(&json, "a"));
    sim_json_deinit(&json);
}

static void test_bad(void **state)
{
    (void)state;
    static const struct {
        const char *text, *why;
    } rows[] = {
        {"", "line 1: a value is missing"},
        {"# text", "line 1: a value is missing"},
        {"{\n\"a\": 1,\n}", "line 3: a name and a colon are missing"},
        {"[1 2]", "line 1: a comma or the end is missing"},
        {"[1,\n\n", "line 3: a value is missing"},
        {"{\"a\" 1}", "line 1: a name and a colon are missing"},
        {"\"abc", "line 1: a text does not end"},
        {"\"a\tb\"", "line 1: a control character in a text"},
        {"\"\\x\"", "line 1: an escape that JSON does not know"},
        {"\"\\u12g4\"", "line 1: \\u needs four hexadecimal digits"},
        {"1 2", "line 1: something follows the end"},
        {"[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]", "line 1: too deep"},
        {"1.2.3", "line 1: a value is missing"},
        {"+1", "line 1: a value is missing"},
        {"-", "line 1: a value is missing"},
        {"01", "line 1: a value is missing"},
        {".5", "line 1: a value is missing"},
        {"1.", "line 1: a value is missing"},
        {"1.e2", "line 1: a value is missing"},
        {"1e+", "line 1: a value is missing"},
        {"nul", "line 1: a value is missing"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct sim_json json;
        assert_false(sim_json_parse(&json, rows[i].text, strlen(rows[i].text)));
        assert_string_equal(json.why, rows[i].why);
        sim_json_deinit(&json);
    }
}

/* Every prefix of a text, and every text with one byte changed, is read or refused, and nothing else. */
static void test_damaged(void **state)
{
    (void)state;
    static const char text[] = "{\"a\":[1,{\"b\":\"\\u0041\\\"c\",\"d\":null}],\"e\":-1.5}";
    for (size_t len = 0; len < sizeof text - 1; len++) {
        struct sim_json json;
        char *copy = malloc(len ? len : 1); /* of its exact size: the sanitizer sees a byte too far */
        memcpy(copy, text, len);
        assert_false(sim_json_parse(&json, copy, len));
        sim_json_deinit(&json);
        free(copy);
    }
    for (size_t at = 0; at < sizeof text - 1; at++)
        for (int byte = 0; byte < 256; byte++) {
            struct sim_json json;
            char *copy = malloc(sizeof text - 1);
            memcpy(copy, text, sizeof text - 1);
            copy[at] = (char)byte;
            if (!sim_json_parse(&json, copy, sizeof text - 1))
                assert_true(json.why[0]);
            sim_json_deinit(&json);
            free(copy);
        }
}

/* What run/json.h writes comes back. */
static void test_round_trip(void **state)
{
    (void)state;
    char *text = NULL;
    size_t len = 0;
    FILE *file = open_memstream(&text, &len);
    struct wzp_json out = wzp_json_make(file);
    wzp_json_begin_object(&out, NULL);
    wzp_json_text(&out, "name", "a \"b\" \\ c\x01");
    wzp_json_begin_array(&out, "list");
    wzp_json_real(&out, NULL, 1.25, 2);
    wzp_json_real(&out, NULL, NAN, 2);
    wzp_json_bool(&out, NULL, true);
    wzp_json_end(&out);
    wzp_json_int(&out, "int", -7);
    wzp_json_end(&out);
    assert_true(wzp_json_finish(&out));
    fclose(file);
    struct sim_json json;
    assert_true(sim_json_parse(&json, text, len));
    assert_string_equal(sim_json_text(&json, "name"), "a \"b\" \\ c\x01");
    assert_true(fabs(sim_json_number(&json, "list[0]") - 1.25) < 1e-9);
    assert_int_equal(sim_json_find(&json, "list[1]")->kind, SIM_JSON_NULL);
    assert_true(sim_json_number(&json, "int") < -6);
    sim_json_deinit(&json);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good),
        cmocka_unit_test(test_bad),
        cmocka_unit_test(test_damaged),
        cmocka_unit_test(test_round_trip),
    };
    return cmocka_run_group_tests_name("sim/json_read", tests, NULL, NULL);
}
