// SPDX-License-Identifier: Apache-2.0
#include "run/netcheck_text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define LIKE " from mouth to ear, to somebody whose network is like this one."

static const struct wzp_netcheck_result clean = {
    .is_complete = true,
    .has_relay_static = true,
    .relay_static = {0xab},
    .handshake_ns = 124 * WZP_MS,
    .round_trips = 40,
    .rtt_min_ns = 60500 * WZP_US,
    .rtt_mean_ns = 61 * WZP_MS,
    .rtt_max_ns = 75 * WZP_MS,
    .rtt_jitter_ns = 1 * WZP_MS,
    .up = {.rate_bps = 1003000,
           .arrived_bps = 990000,
           .burst_16 = 16,
           .jitter_ns = 820 * WZP_US,
           .queue_ns = 17 * WZP_MS},
    .down = {.rate_bps = 19500000,
             .is_rate_more = true,
             .arrived_bps = 19400000,
             .loss_permille = 31,
             .burst_16 = 24,
             .jitter_ns = -1,
             .queue_ns = 0},
    .mtu = 1472,
};

static const struct wzp_plan good = {.codec = WZP_CODEC_OPUS_24K,
                                     .bitrate_bps = 24000,
                                     .residual_ppm = 1000,
                                     .estoi_permille = 987,
                                     .delay_ns = 228 * WZP_MS,
                                     .up = {.repair_permille = 0, .rate_bps = 54800},
                                     .down = {.repair_permille = 500, .rate_bps = 80000}};

static void test_verdicts(void **state)
{
    (void)state;
    struct wzp_plan fair = good, poor = good, thin = good, late = good;
    fair.codec = WZP_CODEC_OPUS_16K, fair.bitrate_bps = 14000, fair.estoi_permille = 964,
    fair.residual_ppm = 0;
    poor.codec = WZP_CODEC_CODEC2_1200, poor.bitrate_bps = 1200, poor.estoi_permille = 680,
    poor.residual_ppm = 120000;
    thin.up.rate_bps = 2000000;
    late.delay_ns = 640 * WZP_MS;
    struct wzp_netcheck_result unknown = clean, stopped = clean, silent = clean;
    unknown.down = (struct wzp_netcheck_way){.jitter_ns = -1, .queue_ns = -1};
    stopped.is_complete = false;
    silent.is_complete = false, silent.reason = WZP_CLOSE_REASON_IDLE_TIMEOUT;
    const char *repair = "Without repair 3 % would be lost; with it a voice takes 55 kbit/s up and 80 down.";
    const char *files = "A file of 10 MB takes about 80 s to send and 4 s to receive.";
    const struct {
        const struct wzp_netcheck_result *result;
        const struct wzp_plan *plan;
        const char *line[WZP_NETCHECK_VERDICT_MAX];
    } rows[] = {
        {&clean,
         &good,
         {"Good for speech: Opus at 24 kbit/s with 0.1 % of it lost, about 230 ms" LIKE, repair, files, ""}},
        {&clean,
         &fair,
         {"Fair for speech: Opus at 14 kbit/s with hardly anything lost, about 230 ms" LIKE, repair, files,
          ""}},
        {&clean,
         &poor,
         {"Poor for speech: Codec2 at 1.2 kbit/s with 12 % of it lost, about 230 ms" LIKE, repair, files,
          ""}},
        {&clean,
         &late,
         {"Good for speech: Opus at 24 kbit/s with 0.1 % of it lost, about 640 ms from mouth to ear, so late "
          "that "
          "people interrupt each other, to somebody whose network is like this one.",
          repair, files, ""}},
        {&clean,
         &thin,
         {"Not enough for speech: even the thinnest, Opus at 24 kbit/s, does not fit.", files, "", ""}},
        {&unknown,
         &good,
         {"Good for speech: Opus at 24 kbit/s with 0.1 % of it lost, about 230 ms" LIKE,
          "Without repair 0 % would be lost; with it a voice takes 55 kbit/s up and 80 down.",
          "A file of 10 MB takes about 80 s to send.",
          "The relay did not fill the way down: it is taken to be like the way up."}},
        {&stopped, &good, {"Not everything was measured: it was stopped.", "", "", ""}},
        {&silent, &good, {"Not everything was measured: the other side fell silent.", "", "", ""}},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct wzp_netcheck_verdict verdict = wzp_netcheck_verdict(rows[i].result, rows[i].plan);
        for (unsigned n = 0; n < WZP_NETCHECK_VERDICT_MAX; n++)
            assert_string_equal(verdict.line[n], rows[i].line[n]);
    }
}

static void test_times_and_rates(void **state)
{
    (void)state;
    static const struct {
        uint64_t bps;
        const char *rate, *takes;
    } rows[] = {
        {24000, "24 kbit/s", "58 minutes"}, {600, "1 kbit/s", "39 hours"},
        {999400, "999 kbit/s", "80 s"},     {1250000, "1.25 Mbit/s", "70 s"},
        {1500000, "1.50 Mbit/s", "55 s"},   {20000000, "20.0 Mbit/s", "4 s"},
        {400000000, "400.0 Mbit/s", "1 s"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct wzp_netcheck_result result = clean;
        char rate[WZP_RATE_TEXT_MAX], line[WZP_NETCHECK_LINE_MAX];
        result.up.rate_bps = result.down.rate_bps = rows[i].bps;
        result.down.loss_permille = 0;
        wzp_rate_format(rows[i].bps, rate);
        assert_string_equal(rate, rows[i].rate);
        snprintf(line, sizeof line, "A file of 10 MB takes about %s to send and %s to receive.",
                 rows[i].takes, rows[i].takes);
        struct wzp_netcheck_verdict verdict = wzp_netcheck_verdict(&result, &good);
        bool is_found = false;
        for (unsigned n = 0; n < WZP_NETCHECK_VERDICT_MAX; n++)
            is_found |= strcmp(verdict.line[n], line) == 0;
        if (!is_found)
            fail_msg("not said: %s, but %s", line, verdict.line[1]);
    }
}

static void test_table(void **state)
{
    (void)state;
    static const char expected[] =
        "                              up          down\n"
        "rate                 1.00 Mbit/s > 19.5 Mbit/s\n"
        "loss                       0.0 %         3.1 %\n"
        "lost in a row                1.0           1.5   packets, on average\n"
        "jitter                    0.8 ms             -\n"
        "queue under load           17 ms        0.0 ms\n"
        "round trip        60.5 ms at least, 61.0 ms mean, 75.0 ms at most, jitter 1.0 ms\n"
        "handshake         124 ms\n"
        "largest datagram  1472 bytes\n"
        "\n"
        "Good for speech: Opus at 24 kbit/s with 0.1 % of it lost, about 230 ms" LIKE "\n"
        "Without repair 3 % would be lost; with it a voice takes 55 kbit/s up and 80 down.\n"
        "A file of 10 MB takes about 80 s to send and 4 s to receive.\n";
    char *text = NULL;
    size_t len;
    FILE *out = open_memstream(&text, &len);
    wzp_netcheck_print(out, &clean, &good);
    fclose(out);
    assert_string_equal(text, expected);
    free(text);
}

static void test_json(void **state)
{
    (void)state;
    struct wzp_netcheck_result unknown = clean;
    unknown.down = (struct wzp_netcheck_way){.jitter_ns = -1, .queue_ns = -1};
    static const char *const parts[] = {
        "\"relay\": \"192.0.2.1:4433\"",
        "\"relay_key\": \"ab0000",
        "\"is_complete\": true",
        "\"connect_ms\": 124.00",
        "\"min\": 60.50",
        "\"rate_kbps\": 1003.0",
        "\"rate_kbps\": null",
        "\"is_more\": false",
        "\"loss_pct\": null",
        "\"burst\": null",
        "\"jitter_ms\": 0.82",
        "\"queue_ms\": null",
        "\"file_10mb_ms\": null",
        "\"mtu\": 1472",
        "\"grade\": \"Good\"",
        "\"codec\": \"opus_24k\"",
        "\"kbps\": 24.0",
        "\"lost_pct\": 0.100",
        "\"mouth_to_ear_ms\": 228.00",
        "\"verdict\": [\n    \"Good for speech",
    };
    char *text = NULL;
    size_t len;
    FILE *out = open_memstream(&text, &len);
    struct wzp_json json = wzp_json_make(out);
    wzp_netcheck_json(&json, "192.0.2.1:4433", &unknown, &good);
    assert_true(wzp_json_finish(&json));
    fclose(out);
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        if (!strstr(text, parts[i]))
            fail_msg("%s is missing in %s", parts[i], text);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_verdicts),
        cmocka_unit_test(test_times_and_rates),
        cmocka_unit_test(test_table),
        cmocka_unit_test(test_json),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
