// SPDX-License-Identifier: Apache-2.0
#include "run/json.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

static void writes_every_kind(void **state)
{
    char *text;
    size_t len;
    FILE *out = open_memstream(&text, &len);
    struct wzp_json json = wzp_json_make(out);
    (void)state;
    wzp_json_begin_object(&json, NULL);
    wzp_json_text(&json, "name", "a \"b\" \\ \n\x01\x7f \xc3\xa9 \xff \xe2\x82");
    wzp_json_text(&json, "nothing", NULL);
    wzp_json_int(&json, "low", INT64_MIN);
    wzp_json_real(&json, "real", 2.0 / 3, 3);
    wzp_json_real(&json, "nan", NAN, 3);
    wzp_json_real(&json, "inf", -INFINITY, 3);
    wzp_json_bool(&json, "yes", true);
    wzp_json_begin_array(&json, "list");
    wzp_json_int(&json, NULL, 1);
    wzp_json_null(&json, NULL);
    wzp_json_begin_object(&json, NULL);
    wzp_json_end(&json);
    wzp_json_begin_array(&json, NULL);
    wzp_json_end(&json);
    wzp_json_end(&json);
    wzp_json_end(&json);
    assert_true(wzp_json_finish(&json));
    fclose(out);
    assert_string_equal(text, "{\n"
                              "  \"name\": \"a \\\"b\\\" \\\\ \\u000a\\u0001\\u007f \xc3\xa9 \xef\xbf\xbd "
                              "\xef\xbf\xbd\xef\xbf\xbd\",\n"
                              "  \"nothing\": null,\n"
                              "  \"low\": -9223372036854775808,\n"
                              "  \"real\": 0.667,\n"
                              "  \"nan\": null,\n"
                              "  \"inf\": null,\n"
                              "  \"yes\": true,\n"
                              "  \"list\": [\n"
                              "    1,\n"
                              "    null,\n"
                              "    {},\n"
                              "    []\n"
                              "  ]\n"
                              "}\n");
    free(text);
}

static void writes_a_line(void **state)
{
    char *text;
    size_t len;
    FILE *out = open_memstream(&text, &len);
    struct wzp_json json = wzp_json_make_line(out);
    (void)state;
    wzp_json_begin_object(&json, NULL);
    wzp_json_int(&json, "a", 1);
    wzp_json_begin_array(&json, "b");
    wzp_json_bool(&json, NULL, false);
    wzp_json_text(&json, NULL, "\n");
    wzp_json_end(&json);
    wzp_json_end(&json);
    assert_true(wzp_json_finish(&json));
    fclose(out);
    assert_string_equal(text, "{\"a\": 1, \"b\": [false, \"\\u000a\"]}\n");
    free(text);
}

static void tells_a_full_disk(void **state)
{
    FILE *out = fopen("/dev/full", "w");
    (void)state;
    assert_non_null(out);
    struct wzp_json json = wzp_json_make(out);
    wzp_json_int(&json, NULL, 1);
    assert_false(wzp_json_finish(&json));
    fclose(out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writes_a_line),
        cmocka_unit_test(writes_every_kind),
        cmocka_unit_test(tells_a_full_disk),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
