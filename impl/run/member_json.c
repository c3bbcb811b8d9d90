// SPDX-License-Identifier: Apache-2.0
#include "run/member_json.h"

#include <math.h>

#define MS_DECIMALS    3
#define SHARE_DECIMALS 3
#define RATE_DECIMALS  1

struct wzp_member_hears wzp_member_hears_none(const char *speaker)
{
    return (struct wzp_member_hears){.speaker = speaker,
                                     .frames_sent = NAN,
                                     .frames_played = NAN,
                                     .concealed_pct = NAN,
                                     .recovered_fec = NAN,
                                     .recovered_window = NAN,
                                     .recovered_dred = NAN,
                                     .recovered_lbrr = NAN,
                                     .freezes = NAN,
                                     .longest_freeze_ms = NAN,
                                     .mouth_to_ear_p50_ms = NAN,
                                     .mouth_to_ear_p95_ms = NAN,
                                     .lag_p50_ms = NAN,
                                     .lag_p95_ms = NAN,
                                     .estoi = NAN,
                                     .drift_ppm = NAN,
                                     .picture_bytes = NAN};
}

static void write_wire(struct wzp_json *json, const char *direction, const struct wzp_member_wire *wire)
{
    wzp_json_begin_object(json, direction);
    wzp_json_int(json, "bytes", (int64_t)wire->bytes);
    wzp_json_int(json, "packets", (int64_t)wire->packets);
    wzp_json_end(json);
}

static void write_hears(struct wzp_json *json, const struct wzp_member_hears *hears)
{
    wzp_json_begin_object(json, NULL);
    wzp_json_text(json, "speaker", hears->speaker);
    wzp_json_real(json, "frames_sent", hears->frames_sent, 0);
    wzp_json_real(json, "frames_played", hears->frames_played, 0);
    wzp_json_real(json, "concealed_pct", hears->concealed_pct, SHARE_DECIMALS);
    wzp_json_real(json, "freezes", hears->freezes, 0);
    wzp_json_real(json, "longest_freeze_ms", hears->longest_freeze_ms, MS_DECIMALS);
    wzp_json_begin_object(json, "recovered");
    wzp_json_real(json, "fec", hears->recovered_fec, 0);
    wzp_json_real(json, "window", hears->recovered_window, 0);
    wzp_json_real(json, "dred", hears->recovered_dred, 0);
    wzp_json_real(json, "lbrr", hears->recovered_lbrr, 0);
    wzp_json_end(json);
    wzp_json_begin_object(json, "mouth_to_ear_ms");
    wzp_json_real(json, "p50", hears->mouth_to_ear_p50_ms, MS_DECIMALS);
    wzp_json_real(json, "p95", hears->mouth_to_ear_p95_ms, MS_DECIMALS);
    wzp_json_end(json);
    wzp_json_begin_object(json, "lag_ms");
    wzp_json_real(json, "p50", hears->lag_p50_ms, MS_DECIMALS);
    wzp_json_real(json, "p95", hears->lag_p95_ms, MS_DECIMALS);
    wzp_json_end(json);
    wzp_json_real(json, "estoi", hears->estoi, SHARE_DECIMALS);
    wzp_json_real(json, "drift_ppm", hears->drift_ppm, 1);
    wzp_json_real(json, "picture_bytes", hears->picture_bytes, 0);
    wzp_json_end(json);
}

static void write_test(struct wzp_json *json, const struct wzp_probe_result *test)
{
    wzp_json_begin_object(json, "test");
    wzp_json_text(json, "kind", wzp_probe_name(test->kind));
    if (test->kind == WZP_PROBE_TONE) {
        wzp_json_int(json, "said", test->said);
        wzp_json_int(json, "returned", test->returned);
        wzp_json_begin_object(json, "round_trip_ms");
        wzp_json_real(json, "p50", test->round_trip_p50_ms, 1);
        wzp_json_real(json, "p95", test->round_trip_p95_ms, 1);
        wzp_json_end(json);
    }
    if (test->kind == WZP_PROBE_SWEEP) {
        wzp_json_begin_array(json, "bands");
        for (size_t i = 0; i < WZP_PROBE_BANDS; i++) {
            wzp_json_begin_object(json, NULL);
            wzp_json_int(json, "hz", wzp_probe_band_hz[i]);
            wzp_json_real(json, "said_db", test->said_db[i], 1);
            wzp_json_real(json, "heard_db", test->heard_db[i], 1);
            wzp_json_end(json);
        }
        wzp_json_end(json);
    }
    wzp_json_end(json);
}

void wzp_member_json_write(struct wzp_json *json, const char *key, const struct wzp_member_measured *member)
{
    wzp_json_begin_object(json, key);
    wzp_json_text(json, "name", member->name);
    wzp_json_real(json, "started_ms", member->started_ms, MS_DECIMALS);
    wzp_json_real(json, "connect_ms", member->connect_ms, MS_DECIMALS);
    wzp_json_real(json, "first_media_ms", member->first_media_ms, MS_DECIMALS);
    wzp_json_int(json, "rekeys", (int64_t)member->rekeys);
    wzp_json_begin_object(json, "wire");
    write_wire(json, "up", &member->up);
    write_wire(json, "down", &member->down);
    wzp_json_end(json);
    wzp_json_real(json, "wire_up_kbps", member->wire_up_kbps, RATE_DECIMALS);
    wzp_json_real(json, "wire_down_kbps", member->wire_down_kbps, RATE_DECIMALS);
    wzp_json_real(json, "max_500ms_up_kbps", member->max_500ms_up_kbps, RATE_DECIMALS);
    wzp_json_real(json, "max_500ms_down_kbps", member->max_500ms_down_kbps, RATE_DECIMALS);
    wzp_json_begin_object(json, "sent_bytes");
    wzp_json_int(json, "media", (int64_t)member->sent.media);
    wzp_json_int(json, "repair", (int64_t)member->sent.repair);
    wzp_json_int(json, "feedback", (int64_t)member->sent.feedback);
    wzp_json_end(json);
    wzp_json_real(json, "plan_changes", member->plan_changes, 0);
    if (member->test)
        write_test(json, member->test);
    wzp_json_begin_array(json, "hears");
    for (size_t i = 0; i < member->hears_count; i++)
        write_hears(json, &member->hears[i]);
    wzp_json_end(json);
    wzp_json_end(json);
}
