// SPDX-License-Identifier: Apache-2.0
#include "run/netcheck_text.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdarg.h>
#include <string.h>

#include "codec/audio.h"

#define FILE_BYTES   10000000
#define TOO_LATE_NS  (400 * WZP_MS) /* mouth to ear: ITU-T G.114's limit for planning networks */
#define CELL_MAX     32
#define NAMES_WIDTH  18
#define COLUMN_WIDTH 14

void wzp_rate_format(uint64_t bps, char out[static WZP_RATE_TEXT_MAX])
{
    double mbps = (double)bps / 1e6;
    if (bps < 1000000)
        snprintf(out, WZP_RATE_TEXT_MAX, "%" PRIu64 " kbit/s", (bps + 500) / 1000);
    else
        snprintf(out, WZP_RATE_TEXT_MAX, "%.*f Mbit/s", mbps < 10 ? 2 : 1, mbps);
}

static double ms_of(int64_t ns)
{
    return (double)ns / (double)WZP_MS;
}

/* ---- the verdict ---- */

__attribute__((format(printf, 2, 3))) static void say(struct wzp_netcheck_verdict *verdict,
                                                      const char *format, ...)
{
    va_list arguments;
    unsigned i = 0;
    while (i < WZP_NETCHECK_VERDICT_MAX - 1 && *verdict->line[i])
        i++;
    va_start(arguments, format);
    vsnprintf(verdict->line[i], sizeof verdict->line[i], format, arguments);
    va_end(arguments);
}

/* "0.1 %", without a figure where it is nothing. */
static void format_lost(double share, char *out, size_t out_len)
{
    if (share < 0.0005)
        snprintf(out, out_len, "hardly anything");
    else
        snprintf(out, out_len, "%.*f %% of it", share < 0.1 ? 1 : 0, 100 * share);
}

static void format_time(int64_t ns, char *out, size_t out_len)
{
    double s = (double)ns / (double)WZP_S;
    if (s < 9.5)
        snprintf(out, out_len, "%.0f s", s < 1 ? 1 : s);
    else if (s < 120)
        snprintf(out, out_len, "%.0f s",
                 s < 60 ? 5 * (double)(int)(s / 5 + 0.5) : 10 * (double)(int)(s / 10 + 0.5));
    else if (s < 7200)
        snprintf(out, out_len, "%.0f minutes", s / 60);
    else
        snprintf(out, out_len, "%.0f hours", s / 3600);
}

static const char *grade(const struct wzp_plan *plan)
{
    double missing = wzp_plan_missing(plan);
    return missing <= WZP_PLAN_MISSING_UNNOTICED ? "Good"
           : missing <= WZP_PLAN_MISSING_EFFORT  ? "Fair"
                                                 : "Poor";
}

static const char *codec_of(const struct wzp_plan *plan)
{
    return wzp_audio_is_codec2(plan->codec) ? "Codec2" : "Opus";
}

static void say_speech(struct wzp_netcheck_verdict *verdict, const struct wzp_netcheck_result *result,
                       const struct wzp_plan *plan)
{
    char lost[CELL_MAX];
    if (!wzp_netcheck_takes_speech(plan, result)) {
        say(verdict, "Not enough for speech: even the thinnest, %s at %g kbit/s, does not fit.",
            codec_of(plan), plan->bitrate_bps / 1e3);
        return;
    }
    format_lost(plan->residual_ppm / 1e6, lost, sizeof lost);
    say(verdict,
        "%s for speech: %s at %g kbit/s with %s lost, about %.0f ms from mouth to ear%s, "
        "to somebody whose network is like this one.",
        grade(plan), codec_of(plan), plan->bitrate_bps / 1e3, lost,
        10 * (double)(int)(ms_of(plan->delay_ns) / 10 + 0.5),
        plan->delay_ns > TOO_LATE_NS ? ", so late that people interrupt each other" : "");
    unsigned loss_up = result->up.loss_permille;
    unsigned loss_down = result->down.rate_bps ? result->down.loss_permille : loss_up;
    if (plan->up.repair_permille || plan->down.repair_permille)
        say(verdict,
            "Without repair %.0f %% would be lost; with it a voice takes %.0f kbit/s up and %.0f down.",
            100 - (1000 - loss_up) * (1000 - loss_down) / 1e4, (double)plan->up.rate_bps / 1e3,
            (double)plan->down.rate_bps / 1e3);
}

static void say_files(struct wzp_netcheck_verdict *verdict, const struct wzp_netcheck_result *result)
{
    char up[CELL_MAX], down[CELL_MAX];
    int64_t up_ns = wzp_netcheck_file_ns(&result->up, FILE_BYTES);
    int64_t down_ns = wzp_netcheck_file_ns(&result->down, FILE_BYTES);
    format_time(up_ns, up, sizeof up);
    format_time(down_ns, down, sizeof down);
    if (up_ns && down_ns)
        say(verdict, "A file of 10 MB takes about %s to send and %s to receive.", up, down);
    else if (up_ns)
        say(verdict, "A file of 10 MB takes about %s to send.", up);
    if (!down_ns)
        say(verdict, "The relay did not fill the way down: it is taken to be like the way up.");
}

struct wzp_netcheck_verdict wzp_netcheck_verdict(const struct wzp_netcheck_result *result,
                                                 const struct wzp_plan *plan)
{
    struct wzp_netcheck_verdict verdict = {0};
    if (!result->is_complete) {
        say(&verdict, "Not everything was measured: %s.",
            result->reason == WZP_CLOSE_REASON_LEFT ? "it was stopped"
                                                    : wzp_close_reason_text(result->reason));
        return verdict;
    }
    say_speech(&verdict, result, plan);
    say_files(&verdict, result);
    return verdict;
}

/* ---- the table ---- */

static void row(FILE *out, const char *name, const char *up, const char *down, const char *about)
{
    fprintf(out, "%-*s%*s%*s%s%s\n", NAMES_WIDTH, name, COLUMN_WIDTH, up, COLUMN_WIDTH, down,
            *about ? "   " : "", about);
}

struct cells {
    char rate[CELL_MAX], loss[CELL_MAX], burst[CELL_MAX], jitter[CELL_MAX], queue[CELL_MAX];
};

static void format_ms(int64_t ns, char out[static CELL_MAX])
{
    if (ns < 0)
        snprintf(out, CELL_MAX, "-");
    else
        snprintf(out, CELL_MAX, "%.*f ms", ns < 10 * WZP_MS ? 1 : 0, ms_of(ns));
}

static struct cells cells_of(const struct wzp_netcheck_way *way)
{
    struct cells cells = {"-", "-", "-", "-", "-"};
    char rate[WZP_RATE_TEXT_MAX];
    if (way->rate_bps) {
        wzp_rate_format(way->rate_bps, rate);
        snprintf(cells.rate, sizeof cells.rate, "%s%s", way->is_rate_more ? "> " : "", rate);
        snprintf(cells.loss, sizeof cells.loss, "%.1f %%", way->loss_permille / 10.0);
        snprintf(cells.burst, sizeof cells.burst, "%.1f", way->burst_16 / 16.0);
        format_ms(way->jitter_ns, cells.jitter);
        format_ms(way->queue_ns, cells.queue);
    }
    return cells;
}

void wzp_netcheck_print(FILE *out, const struct wzp_netcheck_result *result, const struct wzp_plan *plan)
{
    struct cells up = cells_of(&result->up), down = cells_of(&result->down);
    struct wzp_netcheck_verdict verdict = wzp_netcheck_verdict(result, plan);
    row(out, "", "up", "down", "");
    row(out, "rate", up.rate, down.rate, "");
    row(out, "loss", up.loss, down.loss, "");
    row(out, "lost in a row", up.burst, down.burst, "packets, on average");
    row(out, "jitter", up.jitter, down.jitter, "");
    row(out, "queue under load", up.queue, down.queue, "");
    if (result->round_trips)
        fprintf(out, "%-*s%.1f ms at least, %.1f ms mean, %.1f ms at most, jitter %.1f ms\n", NAMES_WIDTH,
                "round trip", ms_of(result->rtt_min_ns), ms_of(result->rtt_mean_ns),
                ms_of(result->rtt_max_ns), ms_of(result->rtt_jitter_ns));
    fprintf(out, "%-*s%.0f ms\n", NAMES_WIDTH, "handshake", ms_of(result->handshake_ns));
    fprintf(out, "%-*s%zu bytes\n\n", NAMES_WIDTH, "largest datagram", result->mtu);
    for (unsigned i = 0; i < WZP_NETCHECK_VERDICT_MAX && *verdict.line[i]; i++)
        fprintf(out, "%s\n", verdict.line[i]);
}

/* ---- JSON ---- */

static void put_ms(struct wzp_json *json, const char *name, int64_t ns)
{
    if (ns < 0)
        wzp_json_null(json, name);
    else
        wzp_json_real(json, name, ms_of(ns), 2);
}

static void put_way(struct wzp_json *json, const char *name, const struct wzp_netcheck_way *way)
{
    int64_t file_ns = wzp_netcheck_file_ns(way, FILE_BYTES);
    wzp_json_begin_object(json, name);
    if (way->rate_bps)
        wzp_json_real(json, "rate_kbps", (double)way->rate_bps / 1e3, 1);
    else
        wzp_json_null(json, "rate_kbps");
    wzp_json_bool(json, "is_more", way->is_rate_more);
    wzp_json_real(json, "arrived_kbps", (double)way->arrived_bps / 1e3, 1);
    if (way->rate_bps) {
        wzp_json_real(json, "loss_pct", way->loss_permille / 10.0, 1);
        wzp_json_real(json, "burst", way->burst_16 / 16.0, 2);
    } else {
        wzp_json_null(json, "loss_pct");
        wzp_json_null(json, "burst");
    }
    put_ms(json, "jitter_ms", way->jitter_ns);
    put_ms(json, "queue_ms", way->queue_ns);
    put_ms(json, "file_10mb_ms", file_ns ? file_ns : -1);
    wzp_json_end(json);
}

static void put_speech(struct wzp_json *json, const struct wzp_netcheck_result *result,
                       const struct wzp_plan *plan)
{
    bool fits = wzp_netcheck_takes_speech(plan, result);
    wzp_json_begin_object(json, "speech");
    wzp_json_bool(json, "fits", fits);
    wzp_json_text(json, "grade", fits ? grade(plan) : NULL);
    wzp_json_text(json, "codec", wzp_codec_name(plan->codec));
    wzp_json_real(json, "kbps", plan->bitrate_bps / 1e3, 1);
    wzp_json_real(json, "lost_pct", plan->residual_ppm / 1e4, 3);
    put_ms(json, "mouth_to_ear_ms", plan->delay_ns);
    wzp_json_real(json, "up_kbps", (double)plan->up.rate_bps / 1e3, 1);
    wzp_json_real(json, "down_kbps", (double)plan->down.rate_bps / 1e3, 1);
    wzp_json_end(json);
}

void wzp_netcheck_json(struct wzp_json *json, const char *relay, const struct wzp_netcheck_result *result,
                       const struct wzp_plan *plan)
{
    struct wzp_netcheck_verdict verdict = wzp_netcheck_verdict(result, plan);
    char key[65] = "";
    sodium_bin2hex(key, sizeof key, result->relay_static, sizeof result->relay_static);
    wzp_json_begin_object(json, NULL);
    wzp_json_text(json, "relay", relay);
    wzp_json_text(json, "relay_key", result->has_relay_static ? key : NULL);
    wzp_json_bool(json, "is_complete", result->is_complete);
    put_ms(json, "connect_ms", result->handshake_ns);
    wzp_json_begin_object(json, "rtt_ms");
    wzp_json_int(json, "count", result->round_trips);
    put_ms(json, "min", result->round_trips ? result->rtt_min_ns : -1);
    put_ms(json, "mean", result->round_trips ? result->rtt_mean_ns : -1);
    put_ms(json, "max", result->round_trips ? result->rtt_max_ns : -1);
    put_ms(json, "jitter", result->round_trips ? result->rtt_jitter_ns : -1);
    wzp_json_end(json);
    put_way(json, "up", &result->up);
    put_way(json, "down", &result->down);
    wzp_json_int(json, "mtu", (int64_t)result->mtu);
    if (result->is_complete)
        put_speech(json, result, plan);
    else
        wzp_json_null(json, "speech");
    wzp_json_begin_array(json, "verdict");
    for (unsigned i = 0; i < WZP_NETCHECK_VERDICT_MAX && *verdict.line[i]; i++)
        wzp_json_text(json, NULL, verdict.line[i]);
    wzp_json_end(json);
    wzp_json_end(json);
}
