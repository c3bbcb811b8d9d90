// SPDX-License-Identifier: Apache-2.0
#include "run/member_json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

/* The contract of names and nesting, byte for byte; what was not measured is null. */
static void writes_the_contract(void **state)
{
    struct wzp_member_hears hears = wzp_member_hears_none("bob");
    hears.frames_played = 250;
    hears.concealed_pct = 12.5;
    hears.freezes = 3;
    hears.longest_freeze_ms = 140;
    hears.lag_p95_ms = -8.5;
    struct wzp_member_measured member = {.name = "alice",
                                         .started_ms = 7,
                                         .connect_ms = 150.25,
                                         .first_media_ms = hears.estoi,
                                         .rekeys = 3,
                                         .up = {1000, 10},
                                         .down = {2000, 20},
                                         .wire_up_kbps = 41.26,
                                         .wire_down_kbps = hears.estoi,
                                         .max_500ms_up_kbps = 50,
                                         .max_500ms_down_kbps = 51,
                                         .sent = {700, 200, 9},
                                         .plan_changes = 4,
                                         .hears = &hears,
                                         .hears_count = 1};
    char *text;
    size_t len;
    FILE *out = open_memstream(&text, &len);
    struct wzp_json json = wzp_json_make(out);
    (void)state;
    wzp_member_json_write(&json, NULL, &member);
    assert_true(wzp_json_finish(&json));
    fclose(out);
    assert_string_equal(text, "{\n"
                              "  \"name\": \"alice\",\n"
                              "  \"started_ms\": 7.000,\n"
                              "  \"connect_ms\": 150.250,\n"
                              "  \"first_media_ms\": null,\n"
                              "  \"rekeys\": 3,\n"
                              "  \"wire\": {\n"
                              "    \"up\": {\n"
                              "      \"bytes\": 1000,\n"
                              "      \"packets\": 10\n"
                              "    },\n"
                              "    \"down\": {\n"
                              "      \"bytes\": 2000,\n"
                              "      \"packets\": 20\n"
                              "    }\n"
                              "  },\n"
                              "  \"wire_up_kbps\": 41.3,\n"
                              "  \"wire_down_kbps\": null,\n"
                              "  \"max_500ms_up_kbps\": 50.0,\n"
                              "  \"max_500ms_down_kbps\": 51.0,\n"
                              "  \"sent_bytes\": {\n"
                              "    \"media\": 700,\n"
                              "    \"repair\": 200,\n"
                              "    \"feedback\": 9\n"
                              "  },\n"
                              "  \"plan_changes\": 4,\n"
                              "  \"hears\": [\n"
                              "    {\n"
                              "      \"speaker\": \"bob\",\n"
                              "      \"frames_sent\": null,\n"
                              "      \"frames_played\": 250,\n"
                              "      \"concealed_pct\": 12.500,\n"
                              "      \"freezes\": 3,\n"
                              "      \"longest_freeze_ms\": 140.000,\n"
                              "      \"recovered\": {\n"
                              "        \"fec\": null,\n"
                              "        \"window\": null,\n"
                              "        \"dred\": null,\n"
                              "        \"lbrr\": null\n"
                              "      },\n"
                              "      \"mouth_to_ear_ms\": {\n"
                              "        \"p50\": null,\n"
                              "        \"p95\": null\n"
                              "      },\n"
                              "      \"lag_ms\": {\n"
                              "        \"p50\": null,\n"
                              "        \"p95\": -8.500\n"
                              "      },\n"
                              "      \"estoi\": null,\n"
                              "      \"drift_ppm\": null,\n"
                              "      \"picture_bytes\": null\n"
                              "    }\n"
                              "  ]\n"
                              "}\n");
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writes_the_contract),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
