// SPDX-License-Identifier: Apache-2.0
#include "run/metrics.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static char text[WZP_METRICS_MAX];

/* Every counter at its largest: the text still fits. */
static void fits_at_the_largest(void **state)
{
    struct wzp_relay_counters relay;
    struct wzp_endpoint_counters endpoint;
    (void)state;
    memset(&relay, 0xff, sizeof relay);
    memset(&endpoint, 0xff, sizeof endpoint);
    size_t len = wzp_metrics_relay(text, sizeof text, &relay, &endpoint);
    assert_int_equal(strlen(text), len);
    assert_int_equal(text[len - 1], '\n');
}

static void says_each_counter_by_its_name(void **state)
{
    struct wzp_relay_counters relay = {.rooms = 1,
                                       .members = 2,
                                       .joins = 3,
                                       .joins_refused = 4,
                                       .leaves = 5,
                                       .rejoins = 6,
                                       .media_in = 6,
                                       .media_out = 7,
                                       .keys_in = 8,
                                       .keys_out = 9,
                                       .not_allowed = 22,
                                       .pipes = 23,
                                       .pipes_opened = 24,
                                       .pipes_refused = 25,
                                       .pipe_bytes = 26};
    struct wzp_endpoint_counters endpoint = {.packets_in = 10,
                                             .bytes_in = 11,
                                             .packets_out = 12,
                                             .bytes_out = 13,
                                             .handshakes_done = 14,
                                             .handshakes_failed = 15,
                                             .handshakes_rejected_version = 16,
                                             .sessions = 17,
                                             .half_open = 18,
                                             .rekeys = 20,
                                             .cookies_sent = 21};
    static const char *const LINES[] = {
        "wzp_relay_rooms 1\n",
        "wzp_relay_streams 23\n",
        "wzp_relay_streams_total{result=\"carried\"} 24\n",
        "wzp_relay_streams_total{result=\"refused\"} 25\n",
        "wzp_relay_stream_bytes_total 26\n",
        "wzp_relay_members 2\n",
        "wzp_relay_joins_total{result=\"joined\"} 3\n",
        "wzp_relay_joins_total{result=\"refused\"} 4\n",
        "wzp_relay_joins_total{result=\"back\"} 6\n",
        "wzp_relay_leaves_total 5\n",
        "wzp_relay_media_frames_total{direction=\"in\"} 6\n",
        "wzp_relay_media_frames_total{direction=\"out\"} 7\n",
        "wzp_relay_key_frames_total{direction=\"in\"} 8\n",
        "wzp_relay_key_frames_total{direction=\"out\"} 9\n",
        "wzp_relay_packets_total{direction=\"in\"} 10\n",
        "wzp_relay_bytes_total{direction=\"in\"} 11\n",
        "wzp_relay_packets_total{direction=\"out\"} 12\n",
        "wzp_relay_bytes_total{direction=\"out\"} 13\n",
        "wzp_relay_handshakes_total{result=\"done\"} 14\n",
        "wzp_relay_handshakes_total{result=\"failed\"} 15\n",
        "wzp_relay_handshakes_total{result=\"version_rejected\"} 16\n",
        "wzp_relay_rekeys_total 20\n",
        "wzp_relay_sessions 17\n",
        "wzp_relay_handshakes_open 18\n",
        "wzp_relay_drops_total{reason=\"seal\"} 19\n",
        "wzp_relay_not_allowed_total 22\n",
        "wzp_relay_cookies_total 21\n",
        "wzp_relay_drops_total{reason=\"queue_full\"} 0\n",
    };
    (void)state;
    endpoint.drops[WZP_DROP_SEAL] = 19;
    wzp_metrics_relay(text, sizeof text, &relay, &endpoint);
    for (size_t i = 0; i < sizeof LINES / sizeof *LINES; i++)
        if (!strstr(text, LINES[i]))
            fail_msg("no line %s", LINES[i]);
}

/* The format's rules: each sample stands after its HELP and TYPE, names are of one form, no line comes twice.
 */
static void follows_the_format(void **state)
{
    struct wzp_relay_counters relay = {0};
    struct wzp_endpoint_counters endpoint = {0};
    static char copy[WZP_METRICS_MAX];
    char type_of[128] = "", *rest = copy;
    (void)state;
    wzp_metrics_relay(text, sizeof text, &relay, &endpoint);
    strcpy(copy, text);
    for (char *line = strtok_r(copy, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
        char name[128], tail[128], whole[256];
        if (sscanf(line, "# TYPE %127s %127s", name, tail) == 2) {
            strcpy(type_of, name);
            assert_true(strcmp(tail, "gauge") == 0 || strcmp(tail, "counter") == 0);
            size_t len = strlen(name);
            assert_int_equal(strcmp(tail, "counter") == 0, len > 6 && strcmp(name + len - 6, "_total") == 0);
        } else if (line[0] != '#') {
            assert_int_equal(strspn(line, "abcdefghijklmnopqrstuvwxyz_"), strlen(type_of));
            assert_memory_equal(line, type_of, strlen(type_of));
            assert_int_equal(strspn(line, "abcdefghijklmnopqrstuvwxyz_{}=\" 0123456789"), strlen(line));
        }
        snprintf(whole, sizeof whole, "%s\n", line);
        char *first = strstr(text, whole);
        assert_non_null(first);
        assert_null(strstr(first + 1, whole));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fits_at_the_largest),
        cmocka_unit_test(says_each_counter_by_its_name),
        cmocka_unit_test(follows_the_format),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
