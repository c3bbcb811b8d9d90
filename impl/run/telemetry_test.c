// SPDX-License-Identifier: Apache-2.0
#include "run/telemetry.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static char *text_of(const struct wzp_telemetry_line *line)
{
    char *text;
    size_t len;
    FILE *out = open_memstream(&text, &len);
    assert_true(wzp_telemetry_write(out, line));
    fclose(out);
    return text;
}

/* Before anything is known. */
static void tells_nothing(void **state)
{
    const struct wzp_telemetry_line line = {.at_ns = WZP_S};
    char *text = text_of(&line);
    (void)state;
    assert_string_equal(
        text, "{\"t_s\": 1.000, \"state\": \"connecting\", \"others\": 0, "
              "\"sent_kbps\": {\"all\": 0.0, \"media\": 0.0, \"repair\": 0.0, \"feedback\": 0.0}, "
              "\"received_kbps\": 0.0, \"path\": {\"rate_kbps\": null, \"rtt_ms\": null, "
              "\"rtt_min_ms\": null, \"jitter_ms\": null, \"loss_pct\": null, \"loss_in_pct\": null}, "
              "\"plan\": null, \"heard\": [], \"drops\": {}}\n");
    free(text);
}

/* What happened since the line before, half a second ago. */
static void tells_the_difference(void **state)
{
    const struct wzp_telemetry_heard heard[] = {{.who = "a4f1:09c2",
                                                 .pieces = {40, 5, 1, 2, 3, 0},
                                                 .has_buffer = true,
                                                 .buffer_ms = 42.4,
                                                 .target_ms = 60,
                                                 .drift_ppm = -40.06},
                                                {.who = "ff00:0001", .pieces = {.silence = 50}}};
    struct wzp_telemetry_line line = {
        .at_ns = 2500 * WZP_MS, .since_ns = 2 * WZP_S, .heard = heard, .heard_count = 2};
    (void)state;
    line.facts.is_joined = true;
    line.facts.member_count = 2;
    line.facts.plan = (struct wzp_call_plan){.is_made = true,
                                             .codec = WZP_CODEC_OPUS_24K,
                                             .bitrate_bps = 24000,
                                             .packet_frames = 3,
                                             .repair_permille = 405,
                                             .changes = 7};
    line.has_session = true;
    line.session = (struct wzp_session_facts){.has_keys = true,
                                              .has_feedback = true,
                                              .rate_bps = 250000,
                                              .rtt_ns = 84 * WZP_MS,
                                              .rtt_min_ns = 80500 * WZP_US,
                                              .peer_jitter_us = 3200,
                                              .loss_permille = 153,
                                              .loss_in_permille = 21,
                                              .judged_in = 9};
    line.before = (struct wzp_endpoint_counters){
        .bytes_out = 1000, .packets_out = 10, .bytes_in = 500, .packets_in = 5, .media_bytes_out = 700};
    line.now = line.before;
    line.now.bytes_out += 6000 - 28 * 20;
    line.now.packets_out += 20;
    line.now.bytes_in += 3000 - 28 * 10;
    line.now.packets_in += 10;
    line.now.media_bytes_out += 5000;
    line.now.repair_bytes_out += 900;
    line.now.feedback_bytes_out += 100;
    line.before.drops[WZP_DROP_REPLAYED] = line.now.drops[WZP_DROP_REPLAYED] = 4;
    line.now.drops[WZP_DROP_FRAME_MALFORMED] = 2;
    char *text = text_of(&line);
    assert_string_equal(
        text,
        "{\"t_s\": 2.500, \"state\": \"joined\", \"others\": 2, "
        "\"sent_kbps\": {\"all\": 96.0, \"media\": 80.0, \"repair\": 14.4, \"feedback\": 1.6}, "
        "\"received_kbps\": 48.0, \"path\": {\"rate_kbps\": 250.0, \"rtt_ms\": 84.0, "
        "\"rtt_min_ms\": 80.5, \"jitter_ms\": 3.2, \"loss_pct\": 15.3, \"loss_in_pct\": 2.1}, "
        "\"plan\": {\"codec\": \"opus_24k\", \"kbps\": 24.0, \"packet_ms\": 60, \"repair_pct\": 40.5, "
        "\"changes\": 7}, \"heard\": [{\"who\": \"a4f1:09c2\", \"received\": 40, \"repaired\": 5, "
        "\"lbrr\": 1, "
        "\"dred\": 2, \"concealed\": 3, \"silence\": 0, \"buffer_ms\": 42, \"target_ms\": 60, \"drift_ppm\": "
        "-40.1}, "
        "{\"who\": \"ff00:0001\", \"received\": 0, \"repaired\": 0, \"lbrr\": 0, \"dred\": 0, "
        "\"concealed\": 0, \"silence\": 50, \"buffer_ms\": null, \"target_ms\": null, \"drift_ppm\": 0.0}], "
        "\"drops\": {\"frame_malformed\": 2}}\n");
    free(text);
}

static void tells_a_full_disk(void **state)
{
    const struct wzp_telemetry_line line = {.at_ns = WZP_S};
    FILE *out = fopen("/dev/full", "w");
    (void)state;
    assert_non_null(out);
    assert_false(wzp_telemetry_write(out, &line));
    fclose(out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tells_nothing),
        cmocka_unit_test(tells_the_difference),
        cmocka_unit_test(tells_a_full_disk),
    };
    return cmocka_run_group_tests_name("run/telemetry", tests, NULL, NULL);
}
