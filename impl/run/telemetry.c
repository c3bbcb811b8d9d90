// SPDX-License-Identifier: Apache-2.0
#include "run/telemetry.h"

#include <math.h>

#include "base/time.h"
#include "run/json.h"

#define HEADER_BYTES 28 /* IPv4 and UDP */

static double kbps(const struct wzp_telemetry_line *line, uint64_t now, uint64_t before)
{
    return line->at_ns > line->since_ns
               ? (double)(now - before) * 8 * 1e6 / (double)(line->at_ns - line->since_ns)
               : (double)NAN;
}

static void write_rates(struct wzp_json *json, const struct wzp_telemetry_line *line)
{
    const struct wzp_endpoint_counters *now = &line->now, *before = &line->before;
    wzp_json_begin_object(json, "sent_kbps");
    wzp_json_real(json, "all",
                  kbps(line, now->bytes_out + HEADER_BYTES * now->packets_out,
                       before->bytes_out + HEADER_BYTES * before->packets_out),
                  1);
    wzp_json_real(json, "media", kbps(line, now->media_bytes_out, before->media_bytes_out), 1);
    wzp_json_real(json, "repair", kbps(line, now->repair_bytes_out, before->repair_bytes_out), 1);
    wzp_json_real(json, "feedback", kbps(line, now->feedback_bytes_out, before->feedback_bytes_out), 1);
    wzp_json_end(json);
    wzp_json_real(json, "received_kbps",
                  kbps(line, now->bytes_in + HEADER_BYTES * now->packets_in,
                       before->bytes_in + HEADER_BYTES * before->packets_in),
                  1);
}

/* NAN unless `is_known`. */
static double known(bool is_known, double value)
{
    return is_known ? value : (double)NAN;
}

static void write_path(struct wzp_json *json, const struct wzp_telemetry_line *line)
{
    const struct wzp_session_facts *session = &line->session;
    bool has = line->has_session && session->has_keys, has_feedback = has && session->has_feedback;
    wzp_json_begin_object(json, "path");
    wzp_json_real(json, "rate_kbps", known(has && session->rate_bps > 0, (double)session->rate_bps / 1000),
                  1);
    wzp_json_real(json, "rtt_ms", known(has, (double)session->rtt_ns / WZP_MS), 1);
    wzp_json_real(json, "rtt_min_ms",
                  known(has && session->rtt_min_ns > 0, (double)session->rtt_min_ns / WZP_MS), 1);
    wzp_json_real(json, "jitter_ms", known(has_feedback, (double)session->peer_jitter_us / 1000), 1);
    wzp_json_real(json, "loss_pct", known(has_feedback, session->loss_permille / 10.0), 1);
    wzp_json_real(json, "loss_in_pct", known(has && session->judged_in > 0, session->loss_in_permille / 10.0),
                  1);
    wzp_json_end(json);
}

static void write_plan(struct wzp_json *json, const struct wzp_call_plan *plan)
{
    if (!plan->is_made) {
        wzp_json_null(json, "plan");
        return;
    }
    wzp_json_begin_object(json, "plan");
    wzp_json_text(json, "codec", wzp_codec_name(plan->codec));
    wzp_json_real(json, "kbps", plan->bitrate_bps / 1000.0, 1);
    wzp_json_int(json, "packet_ms", (int64_t)plan->packet_frames * WZP_AUDIO_FRAME_MS);
    wzp_json_real(json, "repair_pct", plan->repair_permille / 10.0, 1);
    wzp_json_int(json, "changes", plan->changes);
    wzp_json_end(json);
}

static void write_heard(struct wzp_json *json, const struct wzp_telemetry_heard *heard)
{
    const struct wzp_telemetry_pieces *pieces = &heard->pieces;
    wzp_json_begin_object(json, NULL);
    wzp_json_text(json, "who", heard->who);
    wzp_json_int(json, "received", (int64_t)pieces->received);
    wzp_json_int(json, "repaired", (int64_t)pieces->repaired);
    wzp_json_int(json, "lbrr", (int64_t)pieces->lbrr);
    wzp_json_int(json, "dred", (int64_t)pieces->dred);
    wzp_json_int(json, "concealed", (int64_t)pieces->concealed);
    wzp_json_int(json, "silence", (int64_t)pieces->silence);
    wzp_json_real(json, "buffer_ms", known(heard->has_buffer, heard->buffer_ms), 0);
    wzp_json_real(json, "target_ms", known(heard->has_buffer, heard->target_ms), 0);
    wzp_json_real(json, "drift_ppm", heard->drift_ppm, 1);
    wzp_json_end(json);
}

bool wzp_telemetry_write(FILE *out, const struct wzp_telemetry_line *line)
{
    struct wzp_json json = wzp_json_make_line(out);
    wzp_json_begin_object(&json, NULL);
    wzp_json_real(&json, "t_s", (double)line->at_ns / WZP_S, 3);
    wzp_json_text(&json, "state",
                  line->is_leaving              ? "leaving"
                  : line->facts.is_reconnecting ? "reconnecting"
                  : line->facts.is_joined       ? "joined"
                                                : "connecting");
    wzp_json_int(&json, "others", line->facts.member_count);
    write_rates(&json, line);
    write_path(&json, line);
    write_plan(&json, &line->facts.plan);
    wzp_json_begin_array(&json, "heard");
    for (size_t i = 0; i < line->heard_count; i++)
        write_heard(&json, &line->heard[i]);
    wzp_json_end(&json);
    wzp_json_begin_object(&json, "drops");
    for (unsigned i = 0; i < WZP_DROP_COUNT; i++)
        if (line->now.drops[i] > line->before.drops[i])
            wzp_json_int(&json, wzp_drop_name(i), (int64_t)(line->now.drops[i] - line->before.drops[i]));
    wzp_json_end(&json);
    wzp_json_end(&json);
    return wzp_json_finish(&json) && fflush(out) == 0;
}
