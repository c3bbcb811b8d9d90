// SPDX-License-Identifier: Apache-2.0
/* The run as a page: fills sim/report.h from the reported world. */
#include "base/check.h"
#include "sim/report.h"
#include "sim/run.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PEAK_S  0.05
#define RATE_NS (500 * WZP_MS) /* of a point of the rates */
#define PAIRS   (SIM_PEOPLE_MAX * SIM_PEOPLE_MAX)
#define COLUMNS 15

static void *take(size_t count, size_t size)
{
    void *memory = calloc(count ? count : 1, size);
    WZP_CHECK(memory);
    return memory;
}

static char *text(const char *format, double value)
{
    char *out = take(32, 1);
    if (isnan(value))
        memcpy(out, "-", 2);
    else
        snprintf(out, 32, format, value);
    return out;
}

/* Everything that is allocated for one page, freed at its end. */
struct page {
    const struct sim_run *run;
    struct sim_report_pair pair[PAIRS];
    size_t pair_count;
    const char **cells;
    size_t row_count;
    struct sim_report_series rates[SIM_PEOPLE_MAX][2];
    struct sim_report_plot plot[SIM_PEOPLE_MAX];
    size_t plot_count;
    void *freed[24 * PAIRS];
    size_t freed_count;
};

static void *keep(struct page *page, void *memory)
{
    WZP_CHECK(page->freed_count < sizeof page->freed / sizeof *page->freed);
    page->freed[page->freed_count++] = memory;
    return memory;
}

static float *envelope(struct page *page, const float *samples, size_t len, size_t *count)
{
    *count = (size_t)((double)len / WZP_AUDIO_RATE / PEAK_S);
    float *peaks = keep(page, take(*count, sizeof *peaks));
    if (*count)
        sim_report_peaks(samples, len, peaks, *count);
    return peaks;
}

static void add_envelopes(struct page *page, struct sim_report_pair *pair, const struct sim_person *speaker,
                          const struct sim_hearing *hearing)
{
    const struct sim_voice *voice = speaker->config.voice;
    if (!voice || !hearing->track)
        return;
    size_t clean_len = (size_t)speaker->captured * WZP_AUDIO_FRAME;
    float *samples = take(clean_len > hearing->track_len ? clean_len : hearing->track_len, sizeof *samples);
    for (size_t i = 0; i < clean_len; i++)
        samples[i] = voice->samples[i % voice->len];
    pair->original.peaks = envelope(page, samples, clean_len, &pair->original.count);
    for (size_t i = 0; i < hearing->track_len; i++)
        samples[i] = (float)hearing->track[i] / 32768;
    pair->played.peaks = envelope(page, samples, hearing->track_len, &pair->played.count);
    pair->original.peak_s = pair->played.peak_s = PEAK_S;
    free(samples);
}

static enum sim_report_kind kind_of(const struct sim_hearing *hearing, size_t frame)
{
    if (!sim_hearing_is_right(hearing, frame))
        return SIM_REPORT_CONCEALED;
    uint8_t heard = hearing->heard[frame];
    return heard & SIM_HEARD_DRED       ? SIM_REPORT_DRED
           : heard & SIM_HEARD_LBRR     ? SIM_REPORT_LBRR
           : heard & SIM_HEARD_REPAIRED ? SIM_REPORT_REPAIRED
                                        : SIM_REPORT_RECEIVED;
}

static void add_pair(struct page *page, const struct sim_person *listener, const struct sim_hearing *hearing,
                     const struct wzp_member_hears *hears)
{
    const struct sim_person *speaker = sim_crowd_person(listener->crowd, hearing->speaker);
    struct sim_report_pair *pair = &page->pair[page->pair_count++];
    size_t seconds = (size_t)(speaker->captured / 50) + 1, captured = (size_t)speaker->captured;
    struct sim_report_second *heard = keep(page, take(seconds, sizeof *heard));
    struct sim_report_point *points = keep(page, take(captured, sizeof *points));
    for (size_t i = 0; i < captured; i++) {
        int64_t at_ns = sim_person_captured_at(speaker, i);
        bool counts = sim_hearing_counts(listener, hearing, i), active = sim_person_is_active(speaker, i);
        size_t second = (size_t)(at_ns / WZP_S) < seconds ? (size_t)(at_ns / WZP_S) : seconds - 1;
        if (counts)
            heard[second].frames[active ? kind_of(hearing, i) : SIM_REPORT_COMFORT]++;
        bool played = counts && hearing->played_ns[i] != WZP_NEVER;
        points[i].t_s = (double)at_ns / WZP_S;
        points[i].value = played ? (double)(sim_hearing_sounded_at(hearing, i) - at_ns) / WZP_MS : NAN;
    }
    char *summary = keep(page, take(160, 1));
    snprintf(summary, 160,
             "%.0f active frames, %.2f %% concealed, %.0f repaired, %.0f by LBRR, %.0f by DRED, ESTOI %.3f",
             hears->frames_sent, hears->concealed_pct, hears->recovered_window, hears->recovered_lbrr,
             hears->recovered_dred, hears->estoi);
    *pair = (struct sim_report_pair){
        .listener = listener->config.name,
        .speaker = speaker->config.name,
        .summary = summary,
        .heard = heard,
        .heard_count = seconds,
        .mouth_to_ear = {"mouth to ear, ms", points, captured},
    };
    add_envelopes(page, pair, speaker, hearing);
}

static void add_row(struct page *page, const char *listener, const struct wzp_member_measured *member,
                    const struct wzp_member_hears *hears)
{
    const char **cell = page->cells + page->row_count++ * COLUMNS;
    const struct {
        const char *format;
        double value;
    } numbers[COLUMNS - 2] = {
        {"%.0f", member->connect_ms},
        {"%.0f", member->first_media_ms},
        {"%.1f", (double)member->up.bytes / 1000},
        {"%.1f", (double)member->down.bytes / 1000},
        {"%.1f", member->wire_up_kbps},
        {"%.1f", member->wire_down_kbps},
        {"%.1f", member->max_500ms_up_kbps},
        {"%.2f", hears->concealed_pct},
        {"%.0f", hears->recovered_window},
        {"%.0f", hears->recovered_lbrr},
        {"%.0f", hears->recovered_dred},
        {"%.1f", hears->mouth_to_ear_p95_ms},
        {"%.3f", hears->estoi},
    };
    cell[0] = listener;
    cell[1] = hears->speaker;
    for (size_t i = 0; i < COLUMNS - 2; i++)
        cell[2 + i] = keep(page, text(numbers[i].format, numbers[i].value));
}

static struct sim_report_series rates(struct page *page, const char *name, const struct sim_meter *meter)
{
    size_t count = (size_t)(page->run->reported->horizon_ns / RATE_NS);
    struct sim_report_point *points = keep(page, take(count, sizeof *points));
    for (size_t i = 0; i < count; i++) {
        int64_t from_ns = (int64_t)i * RATE_NS;
        points[i].t_s = (double)(from_ns + RATE_NS / 2) / WZP_S;
        points[i].value = sim_meter_kbps(meter, from_ns, from_ns + RATE_NS);
    }
    return (struct sim_report_series){name, points, count};
}

static void add_plot(struct page *page, const struct sim_person *person)
{
    char *title = keep(page, take(80, 1));
    struct sim_report_series *series = page->rates[page->plot_count];
    snprintf(title, 80, "kbit/s given to the link of %s, each 500 ms", person->config.name);
    series[0] = rates(page, "up", &person->up);
    series[1] = rates(page, "down", &person->down);
    page->plot[page->plot_count++] = (struct sim_report_plot){title, series, 2};
}

static void add_person(struct page *page, const struct sim_person *person)
{
    const struct sim_measured *measured = &page->run->measured[person->index];
    for (unsigned h = 0; h < person->hearing_count; h++) {
        add_row(page, person->config.name, &measured->member, &measured->hears[h]);
        add_pair(page, person, &person->hearing[h], &measured->hears[h]);
    }
    add_plot(page, person);
}

void sim_page_write(const struct sim_run *run, void *file)
{
    static const char *const columns[COLUMNS] = {
        "listener",    "speaker",   "connect ms",  "first media ms",          "sent kB",
        "received kB", "up kbit/s", "down kbit/s", "up kbit/s, worst 500 ms", "concealed %",
        "repaired",    "by LBRR",   "by DRED",     "mouth to ear p95 ms",     "ESTOI"};
    struct page *page = take(1, sizeof *page);
    page->run = run;
    page->cells = take(PAIRS * COLUMNS, sizeof *page->cells);
    const struct sim_crowd *crowd = run->reported->crowd;
    for (unsigned i = 0; i < sim_crowd_count(crowd); i++)
        add_person(page, sim_crowd_person(crowd, i));

    struct sim_report_fact params[SIM_PARAMS_MAX], facts[3];
    for (unsigned i = 0; i < run->param_count; i++)
        params[i] = (struct sim_report_fact){run->param[i].name, run->param[i].value};
    struct sim_report_judge judges[SIM_JUDGES_MAX];
    bool passed = true;
    for (unsigned i = 0; i < run->judge_count; i++) {
        judges[i] = (struct sim_report_judge){run->judge[i].name, run->judge[i].text, run->judge[i].passed};
        passed = passed && run->judge[i].passed;
    }
    char hash[33], seed[24], seconds[24];
    sim_run_hash(run, hash);
    snprintf(seed, sizeof seed, "%llu", (unsigned long long)run->seed);
    snprintf(seconds, sizeof seconds, "%.1f s", (double)run->virtual_ns / WZP_S);
    facts[0] = (struct sim_report_fact){"seed", seed};
    facts[1] = (struct sim_report_fact){"trace hash", hash};
    facts[2] = (struct sim_report_fact){"virtual time", seconds};
    struct sim_report_table table = {"Who heard whom", columns, COLUMNS, page->cells, page->row_count};
    struct sim_report report = {
        .title = run->file,
        .subtitle = "the real client and relay in virtual time",
        .verdict = passed ? "passed" : "failed",
        .passed = passed,
        .seconds = (double)run->reported->horizon_ns / WZP_S,
        .facts = facts,
        .fact_count = 3,
        .params = params,
        .param_count = run->param_count,
        .judges = judges,
        .judge_count = run->judge_count,
        .tables = &table,
        .table_count = 1,
        .pairs = page->pair,
        .pair_count = page->pair_count,
        .plots = page->plot,
        .plot_count = page->plot_count,
    };
    sim_report_write(file, &report);
    for (size_t i = 0; i < page->freed_count; i++)
        free(page->freed[i]);
    free(page->cells);
    free(page);
}
