// SPDX-License-Identifier: Apache-2.0
/* The run as a page: what went wrong, in words and in one picture; then every number, pair and link. */
#include "sim/page.h"
#include "base/check.h"
#include "sim/html.h"
#include "sim/svg.h"

#include <ctype.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define COARSE    5 /* bins of the series in one of the plots of rates and shares */
#define DRAWN_MAX 8 /* pairs and people in full: the worst; all are in the table */
#define TEXT_MAX  256
#define BAD_PCT   5.0  /* concealed: from here on a sentence is bad news */
#define WORTH_PCT 0.05 /* of packets lost: from here on a link is worth a row */
#define FAR_ABOVE 4.0  /* a bound so far above what is drawn would flatten it */

/* How a captured frame came to be heard, from below in the stack. */
enum { RECEIVED, REPAIRED, LBRR, DRED, CONCEALED, SILENCE, KINDS };
static const char *const kind_names[KINDS] = {
    "received",  "repaired", "copy (LBRR)", "copy (DRED)",
    "concealed", "silence"};

struct pair {
    const struct sim_person *listener, *speaker;
    const struct sim_hearing *hearing;
    const struct wzp_member_hears *hears;
    struct sim_freezes freezes;
};

/* One direction of a link over the whole run. */
struct way {
    const struct sim_person *person;
    const struct sim_series_link *bins;
    bool is_up;
    double packets, gone, lost_pct, queue_max_ms, delay_ms;
};

struct page {
    const struct sim_run *run;
    struct sim_series *series;
    struct sim_svg_axis axis;
    int64_t bin_ns;
    size_t bins, coarse; /* bins = COARSE * coarse, at least those of the series */
    struct pair pair[SIM_PEOPLE_MAX * SIM_PEOPLE_MAX];
    size_t pair_count;
    struct way way[2 * SIM_PEOPLE_MAX];
    size_t way_count;
    void **kept; /* all that lives as long as the page */
    size_t kept_count;
};

static void *take(struct page *page, size_t count, size_t size)
{
    page->kept = realloc(page->kept, (page->kept_count + 1) * sizeof *page->kept);
    WZP_CHECK(page->kept);
    void *memory = calloc(count ? count : 1, size);
    WZP_CHECK(memory);
    page->kept[page->kept_count++] = memory;
    return memory;
}

static float *floats(struct page *page, size_t count)
{
    return take(page, count, sizeof(float));
}

__attribute__((format(printf, 2, 3))) static const char *say(struct page *page, const char *format, ...)
{
    char *text = take(page, TEXT_MAX, 1);
    va_list values;
    va_start(values, format);
    vsnprintf(text, TEXT_MAX, format, values);
    va_end(values);
    return text;
}

static const char *number(struct page *page, const char *format, double value)
{
    char *text = take(page, 32, 1);
    if (isnan(value))
        memcpy(text, "-", 2);
    else
        snprintf(text, 32, format, value);
    return text;
}

static double or_zero(double value)
{
    return isnan(value) ? 0 : value;
}

/* ---- what there is ---- */

static int worse_pair(const void *a, const void *b)
{
    const struct pair *x = a, *y = b;
    double left = or_zero(x->hears->concealed_pct), right = or_zero(y->hears->concealed_pct);
    if (left < right || left > right)
        return left > right ? -1 : 1;
    if (x->listener->index != y->listener->index)
        return x->listener->index < y->listener->index ? -1 : 1;
    return (x->speaker->index > y->speaker->index) - (x->speaker->index < y->speaker->index);
}

static void find_pairs(struct page *page)
{
    const struct sim_crowd *crowd = page->run->reported->crowd;
    for (unsigned i = 0; i < sim_crowd_count(crowd); i++) {
        const struct sim_person *listener = sim_crowd_person(crowd, i);
        for (unsigned h = 0; h < listener->hearing_count; h++) {
            struct pair *pair = &page->pair[page->pair_count++];
            *pair = (struct pair){.listener = listener,
                                  .speaker = sim_crowd_person(crowd, listener->hearing[h].speaker),
                                  .hearing = &listener->hearing[h],
                                  .hears = &page->run->measured[i].hears[h]};
            sim_hearing_freezes(listener, pair->hearing, &pair->freezes);
        }
    }
    qsort(page->pair, page->pair_count, sizeof *page->pair, worse_pair);
}

static double gone(const struct sim_series_link *bin)
{
    return (double)bin->lost + bin->queue_drops + bin->too_large;
}

static void add_way(struct page *page, const struct sim_person *person, const struct sim_series_link *bins,
                    bool is_up)
{
    struct way *way = &page->way[page->way_count++];
    double arriving = 0, delay_ns = 0;
    *way = (struct way){.person = person, .bins = bins, .is_up = is_up};
    for (size_t i = 0; i < sim_series_bins(page->series); i++) {
        way->packets += bins[i].packets;
        way->gone += gone(&bins[i]);
        way->queue_max_ms = fmax(way->queue_max_ms, (double)bins[i].queue_max_ns / WZP_MS);
        arriving += bins[i].arriving;
        delay_ns += (double)bins[i].delay_sum_ns;
    }
    way->lost_pct = way->packets > 0 ? 100 * way->gone / way->packets : 0;
    way->delay_ms = arriving > 0 ? delay_ns / arriving / WZP_MS : 0;
}

static void find_ways(struct page *page)
{
    const struct sim_crowd *crowd = page->run->reported->crowd;
    for (unsigned i = 0; i < sim_crowd_count(crowd); i++) {
        const struct sim_series_person *person = sim_series_person(page->series, i);
        if (!person)
            continue;
        add_way(page, sim_crowd_person(crowd, i), person->up, true);
        add_way(page, sim_crowd_person(crowd, i), person->down, false);
    }
}

static void find_marks(struct page *page)
{
    size_t count;
    const struct sim_series_mark *marks = sim_series_marks(page->series, &count);
    struct sim_svg_mark *drawn = take(page, count, sizeof *drawn);
    for (size_t i = 0; i < count; i++)
        drawn[i] = (struct sim_svg_mark){(double)marks[i].at_ns / WZP_S, marks[i].text, marks[i].is_routine};
    page->axis.marks = drawn;
    page->axis.mark_count = count;
}

/* ---- the head: what went wrong ---- */

static void found(const struct page *page, bool is_good, const char *text)
{
    sim_html_element(page->axis.file, is_good ? "li class=\"ok\"" : "li class=\"bad\"", text);
    fputs("\n", page->axis.file);
}

static void find_judged(struct page *page)
{
    const struct sim_run *run = page->run;
    unsigned failed = 0;
    for (unsigned i = 0; i < run->judge_count; i++) {
        const struct sim_judge_row *row = &run->judge[i];
        if (row->passed || ++failed > 4)
            continue;
        found(page, false,
              say(page, "%s: %s%s%s", row->kind, row->name, row->text[0] ? ": " : "", row->text));
    }
    if (failed > 4)
        found(page, false, say(page, "and %u more judges failed", failed - 4));
    if (failed == 0 && run->judge_count > 0)
        found(page, true, say(page, "all %u judges passed", run->judge_count));
}

static void find_heard(struct page *page)
{
    if (page->pair_count == 0) {
        found(page, false, "nobody heard anybody");
        return;
    }
    const struct pair *worst = &page->pair[0], *slowest = worst;
    for (size_t i = 1; i < page->pair_count; i++)
        if (page->pair[i].hears->mouth_to_ear_p95_ms > or_zero(slowest->hears->mouth_to_ear_p95_ms))
            slowest = &page->pair[i];
    double lost = or_zero(worst->hears->concealed_pct);
    if (lost <= 0)
        found(page, true, "everybody heard every word");
    else
        found(page, lost < BAD_PCT,
              say(page, "worst ear: %s did not hear %.2f %% of what %s said%s", worst->listener->config.name,
                  lost, worst->speaker->config.name,
                  worst->freezes.count == 0
                      ? ", never more than 100 ms in one piece"
                      : say(page, "; %u %s, the longest %.0f ms at %.1f s", worst->freezes.count,
                            worst->freezes.count == 1 ? "freeze" : "freezes",
                            (double)worst->freezes.longest_ns / WZP_MS,
                            (double)worst->freezes.longest_at_ns / WZP_S)));
    if (!isnan(slowest->hears->mouth_to_ear_p95_ms))
        found(page, slowest->hears->mouth_to_ear_p95_ms < 400,
              say(page, "longest way: %s to %s, mouth to ear %.0f ms (95 of 100 frames are faster)",
                  slowest->speaker->config.name, slowest->listener->config.name,
                  slowest->hears->mouth_to_ear_p95_ms));
}

static const char *way_name(struct page *page, const struct way *way)
{
    return say(page, way->is_up ? "network: %s to relay" : "network: relay to %s", way->person->config.name);
}

static const char *way_said(struct page *page, const struct way *way)
{
    return say(page, "%.1f %% of %.0f packets lost, %.0f ms away, waits up to %.0f ms", way->lost_pct,
               way->packets, way->delay_ms, way->queue_max_ms);
}

static void find_network(struct page *page)
{
    const struct way *worst = NULL;
    for (size_t i = 0; i < page->way_count; i++)
        if (!worst || page->way[i].lost_pct > worst->lost_pct)
            worst = &page->way[i];
    if (worst && worst->lost_pct >= WORTH_PCT)
        found(page, worst->lost_pct < BAD_PCT,
              say(page, "worst %s: %s", way_name(page, worst), way_said(page, worst)));
    else
        found(page, true, "no link lost anything worth the name");
}

/* As a shell takes it. */
static void put_word(FILE *file, const char *word)
{
    bool is_plain = word[0] != '\0' && strspn(word, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                                    "0123456789_./=%:,+-") == strlen(word);
    fputs(is_plain ? " " : " '", file);
    for (const char *c = word; *c; c++)
        fputs(*c == '\'' ? "'\\''" : (const char[]){*c, '\0'}, file);
    fputs(is_plain ? "" : "'", file);
}

static const char *replay(struct page *page)
{
    char *text = NULL;
    size_t len = 0;
    FILE *file = open_memstream(&text, &len);
    WZP_CHECK(file);
    fputs("wzp-sim run", file);
    put_word(file, page->run->file);
    fprintf(file, " --seed %llu", (unsigned long long)page->run->seed);
    for (unsigned i = 0; i < page->run->set_count; i++) {
        fputs(i == 0 ? " --set" : "", file);
        put_word(file, page->run->set[i]);
    }
    fclose(file);
    page->kept = realloc(page->kept, (page->kept_count + 1) * sizeof *page->kept);
    WZP_CHECK(page->kept && text);
    page->kept[page->kept_count++] = text;
    return text;
}

static void put_header(struct page *page)
{
    const struct sim_run *run = page->run;
    const char *verdict = "passed";
    for (unsigned i = run->judge_count; i-- > 0;)
        if (!run->judge[i].passed)
            verdict = say(page, "failed: %s", run->judge[i].kind);
    bool is_good = strcmp(verdict, "passed") == 0;
    char hash[33];
    sim_run_hash(run, hash);
    fputs("<header>", page->axis.file);
    sim_html_title(page->axis.file, run->file, verdict, is_good);
    fputs("\n<ul class=\"found\">\n", page->axis.file);
    find_judged(page);
    find_heard(page);
    find_network(page);
    fputs("</ul>\n", page->axis.file);
    const struct sim_html_fact facts[] = {
        {"seed", say(page, "%llu", (unsigned long long)run->seed)},
        {"trace", hash},
        {"virtual time", say(page, "%.1f s", (double)run->virtual_ns / WZP_S)},
        {"people", say(page, "%u", sim_crowd_count(run->reported->crowd))},
    };
    sim_html_facts(page->axis.file, facts, sizeof facts / sizeof *facts);
    sim_html_element(page->axis.file, "code title=\"the same again\"", replay(page));
    fputs("</header>\n", page->axis.file);
}

/* ---- the picture of everything ---- */

static size_t bin_of(const struct page *page, int64_t at_ns)
{
    size_t bin = (size_t)(at_ns / page->bin_ns);
    return bin < page->bins ? bin : page->bins - 1;
}

static struct sim_svg_strip heard_strip(struct page *page, const struct pair *pair)
{
    float *lost = floats(page, page->bins), *all = floats(page, page->bins);
    for (size_t i = 0; i < (size_t)pair->speaker->captured; i++)
        if (sim_hearing_counts(pair->listener, pair->hearing, i) && sim_person_is_active(pair->speaker, i)) {
            size_t bin = bin_of(page, sim_person_captured_at(pair->speaker, i));
            all[bin]++;
            lost[bin] += !sim_hearing_is_right(pair->hearing, i);
        }
    for (size_t i = 0; i < page->bins; i++)
        lost[i] = all[i] > 0 ? lost[i] / all[i] : 0;
    return (struct sim_svg_strip){
        .name = say(page, "%s hears %s", pair->listener->config.name, pair->speaker->config.name),
        .verdict = say(page, "%.2f %% not heard, longest freeze %.0f ms", or_zero(pair->hears->concealed_pct),
                       (double)pair->freezes.longest_ns / WZP_MS),
        .shares = lost,
        .count = page->bins};
}

static struct sim_svg_strip way_strip(struct page *page, const struct way *way)
{
    float *shares = floats(page, page->coarse);
    for (size_t i = 0; i < page->coarse; i++) {
        double packets = 0, lost = 0;
        for (size_t k = i * COARSE; k < (i + 1) * COARSE && k < sim_series_bins(page->series); k++) {
            packets += way->bins[k].packets;
            lost += gone(&way->bins[k]);
        }
        shares[i] = packets > 0 ? (float)(lost / packets) : 0;
    }
    return (struct sim_svg_strip){.name = way_name(page, way),
                                  .verdict = way_said(page, way),
                                  .shares = shares,
                                  .count = page->coarse,
                                  .is_network = true};
}

static int worse_way(const void *a, const void *b)
{
    const struct way *x = *(const struct way *const *)a, *y = *(const struct way *const *)b;
    if (x->lost_pct < y->lost_pct || x->lost_pct > y->lost_pct)
        return x->lost_pct > y->lost_pct ? -1 : 1;
    return (x > y) - (x < y);
}

static void put_overview(struct page *page)
{
    struct sim_svg_strip strips[2 * DRAWN_MAX];
    const struct way *ways[2 * SIM_PEOPLE_MAX];
    size_t count = 0;
    for (; count < page->pair_count && count < DRAWN_MAX; count++)
        strips[count] = heard_strip(page, &page->pair[count]);
    for (size_t i = 0; i < page->way_count; i++)
        ways[i] = &page->way[i];
    qsort(ways, page->way_count, sizeof *ways, worse_way);
    for (size_t i = 0; i < page->way_count && i < DRAWN_MAX && ways[i]->lost_pct >= WORTH_PCT; i++)
        strips[count++] = way_strip(page, ways[i]);
    fputs(
        "<section><h2>What happened</h2><p>How much of each moment was not heard (red), and how many packets "
        "the network lost (orange); a full bar is all of it. Seconds from left to right, as in all plots "
        "below.</p>\n",
        page->axis.file);
    sim_svg_strips(&page->axis, "what was not heard, and what the network lost, over time", strips, count);
    fputs("</section>\n", page->axis.file);
}

/* ---- tables and players ---- */

static void put_results(struct page *page)
{
    static const char *const columns[] = {"listener",       "speaker",    "concealed %", "freezes",
                                          "longest ms",     "m2e p50 ms", "m2e p95 ms",  "ESTOI",
                                          "repaired",       "LBRR",       "DRED",        "connect ms",
                                          "first media ms", "up kbit/s",  "down kbit/s", "rekeys"};
    enum { COLUMNS = sizeof columns / sizeof *columns };
    const char **cells = take(page, page->pair_count * COLUMNS, sizeof *cells);
    for (size_t r = 0; r < page->pair_count; r++) {
        const struct pair *pair = &page->pair[r];
        const struct wzp_member_hears *hears = pair->hears;
        const struct wzp_member_measured *member = &page->run->measured[pair->listener->index].member;
        const struct {
            const char *format;
            double value;
        } numbers[COLUMNS - 2] = {{"%.2f", hears->concealed_pct},       {"%.0f", hears->freezes},
                                  {"%.0f", hears->longest_freeze_ms},   {"%.0f", hears->mouth_to_ear_p50_ms},
                                  {"%.0f", hears->mouth_to_ear_p95_ms}, {"%.3f", hears->estoi},
                                  {"%.0f", hears->recovered_window},    {"%.0f", hears->recovered_lbrr},
                                  {"%.0f", hears->recovered_dred},      {"%.0f", member->connect_ms},
                                  {"%.0f", member->first_media_ms},     {"%.1f", member->wire_up_kbps},
                                  {"%.1f", member->wire_down_kbps},     {"%.0f", (double)member->rekeys}};
        cells[r * COLUMNS] = pair->listener->config.name;
        cells[r * COLUMNS + 1] = pair->speaker->config.name;
        for (size_t c = 2; c < COLUMNS; c++)
            cells[r * COLUMNS + c] = number(page, numbers[c - 2].format, numbers[c - 2].value);
    }
    const struct sim_html_table table = {
        .title = "Results",
        .note = "The worst first. m2e: from mouth to ear; connect, first media and rates are the listener's.",
        .columns = columns,
        .column_count = COLUMNS,
        .cells = cells,
        .row_count = page->pair_count};
    sim_html_table(page->axis.file, &table);
}

static void put_judges(const struct page *page)
{
    FILE *file = page->axis.file;
    if (page->run->judge_count == 0)
        return;
    fputs("<section><h2>Judges</h2><div class=\"scroll\"><table class=\"words\">\n", file);
    for (unsigned i = 0; i < page->run->judge_count; i++) {
        const struct sim_judge_row *row = &page->run->judge[i];
        fputs("<tr>", file);
        sim_html_element(file, row->passed ? "td class=\"ok\"" : "td class=\"bad\"",
                         row->passed ? "\xe2\x9c\x93 passed" : "\xe2\x9c\x97 failed");
        sim_html_element(file, "td", row->kind);
        sim_html_element(file, "td", row->name);
        sim_html_element(file, "td", row->text);
        fputs("</tr>\n", file);
    }
    fputs("</table></div></section>\n", file);
}

static void put_player(FILE *file, const char *name, const char *what)
{
    fprintf(file, "<div>");
    sim_html_text(file, name);
    fprintf(file, " %s<audio controls=\"controls\" preload=\"none\" src=\"", what);
    for (const char *c = name; *c; c++) /* RFC 3986 section 2.1 */
        fprintf(file, isalnum((unsigned char)*c) ? "%c" : "%%%02X", (unsigned char)*c);
    fprintf(file, "-%s.wav\"></audio></div>\n", what);
}

static void put_players(const struct page *page)
{
    const struct sim_crowd *crowd = page->run->reported->crowd;
    FILE *file = page->axis.file;
    bool has_any = false;
    for (unsigned i = 0; i < sim_crowd_count(crowd); i++) {
        const struct sim_person *person = sim_crowd_person(crowd, i);
        if (!person->mix)
            continue;
        if (!has_any)
            fputs("<section><h2>Listen</h2><p>The files lie beside this page.</p><div class=\"players\">",
                  file);
        has_any = true;
        if (person->config.voice)
            put_player(file, person->config.name, "said");
        put_player(file, person->config.name, "heard");
    }
    if (has_any)
        fputs("</div></section>\n", file);
}

/* ---- a pair ---- */

static unsigned kind_of(const struct pair *pair, size_t frame)
{
    uint8_t heard = pair->hearing->heard[frame];
    if (!sim_person_is_active(pair->speaker, frame))
        return SILENCE;
    if (!sim_hearing_is_right(pair->hearing, frame))
        return CONCEALED;
    return heard & SIM_HEARD_DRED       ? DRED
           : heard & SIM_HEARD_LBRR     ? LBRR
           : heard & SIM_HEARD_REPAIRED ? REPAIRED
                                        : RECEIVED;
}

static void put_heard(struct page *page, const struct pair *pair)
{
    struct sim_svg_series layers[KINDS];
    float *shares[KINDS], *all = floats(page, page->coarse);
    for (unsigned k = 0; k < KINDS; k++) {
        shares[k] = floats(page, page->coarse);
        layers[k] = (struct sim_svg_series){.name = kind_names[k],
                                            .values = shares[k],
                                            .count = page->coarse,
                                            .color = k,
                                            .is_bad = k == CONCEALED};
    }
    for (size_t i = 0; i < (size_t)pair->speaker->captured; i++) {
        size_t bin = bin_of(page, sim_person_captured_at(pair->speaker, i)) / COARSE;
        if (!sim_hearing_counts(pair->listener, pair->hearing, i))
            continue;
        all[bin]++;
        shares[kind_of(pair, i)][bin]++;
    }
    for (unsigned k = 0; k < KINDS; k++)
        for (size_t i = 0; i < page->coarse; i++)
            shares[k][i] = all[i] > 0 ? 100 * shares[k][i] / all[i] : 0;
    sim_svg_plot(&page->axis, &(struct sim_svg_plot){.title = "How it was heard, % of the sound",
                                                     .height = 84,
                                                     .top = 100,
                                                     .layers = layers,
                                                     .layer_count = KINDS});
}

static void put_delays(struct page *page, const struct pair *pair)
{
    float *ear = floats(page, page->bins);
    const struct sim_series_person *listener = sim_series_person(page->series, pair->listener->index);
    struct sim_svg_series lines[3] = {{.name = "mouth to ear", .values = ear, .count = page->bins}};
    size_t count = 1;
    for (size_t i = 0; i < page->bins; i++)
        ear[i] = NAN;
    for (size_t i = 0; i < (size_t)pair->speaker->captured; i++) {
        int64_t at_ns = sim_person_captured_at(pair->speaker, i);
        if (!sim_hearing_counts(pair->listener, pair->hearing, i) || pair->hearing->played_ns[i] == WZP_NEVER)
            continue;
        float delay_ms = (float)(sim_hearing_sounded_at(pair->hearing, i) - at_ns) / (float)WZP_MS;
        ear[bin_of(page, at_ns)] = fmaxf(isnan(ear[bin_of(page, at_ns)]) ? 0 : ear[bin_of(page, at_ns)],
                                         delay_ms);
    }
    if (listener && listener->buffer[pair->speaker->index].depth_ms) {
        size_t bins = sim_series_bins(page->series);
        float *depth = floats(page, page->bins), *target = floats(page, page->bins);
        for (size_t i = 0; i < page->bins; i++) {
            depth[i] = i < bins ? listener->buffer[pair->speaker->index].depth_ms[i] : (float)NAN;
            target[i] = i < bins ? listener->buffer[pair->speaker->index].target_ms[i] : (float)NAN;
        }
        lines[count++] = (struct sim_svg_series){
            .name = "jitter buffer", .values = depth, .count = page->bins, .color = 2};
        lines[count++] = (struct sim_svg_series){.name = "what the buffer aims at",
                                                 .values = target,
                                                 .count = page->bins,
                                                 .color = 1,
                                                 .is_dashed = true};
    }
    sim_svg_plot(&page->axis, &(struct sim_svg_plot){
                                  .title = "Delay, ms", .height = 84, .lines = lines, .line_count = count});
}

/* Loudest sample of each bin, from `start_ns` of the run on. */
static float *peaks(struct page *page, const int16_t *samples, size_t len, size_t repeat, int64_t start_ns)
{
    float *result = floats(page, page->bins);
    for (size_t i = 0; i < len; i++) {
        size_t bin = bin_of(page, start_ns + (int64_t)(i * WZP_S / WZP_AUDIO_RATE));
        result[bin] = fmaxf(result[bin], fabsf((float)samples[i % repeat]) / 32768);
    }
    return result;
}

static void put_waves(struct page *page, const struct pair *pair)
{
    const struct sim_voice *voice = pair->speaker->config.voice;
    if (!voice || !pair->hearing->track)
        return;
    const float *said = peaks(page, voice->pcm, (size_t)pair->speaker->captured * WZP_AUDIO_FRAME, voice->len,
                              pair->speaker->config.start_ns);
    const float *heard = peaks(page, pair->hearing->track, pair->hearing->track_len, SIZE_MAX,
                               pair->listener->play_start_ns);
    sim_svg_waves(&page->axis, "Loudness", said, heard, page->bins);
}

static void put_pair(struct page *page, const struct pair *pair)
{
    FILE *file = page->axis.file;
    fputs("<section><h2>", file);
    sim_html_text(file, pair->listener->config.name);
    fputs(" hears ", file);
    sim_html_text(file, pair->speaker->config.name);
    fputs("</h2>", file);
    sim_html_element(
        file, "p",
        say(page,
            "Of %.0f frames that were not silent %.2f %% were concealed, %u %s above 100 ms, %.0f repaired, "
            "%.0f by LBRR, %.0f by DRED; ESTOI %s.",
            pair->hears->frames_sent, or_zero(pair->hears->concealed_pct), pair->freezes.count,
            pair->freezes.count == 1 ? "freeze" : "freezes", pair->hears->recovered_window,
            pair->hears->recovered_lbrr, pair->hears->recovered_dred,
            number(page, "%.3f", pair->hears->estoi)));
    put_heard(page, pair);
    put_delays(page, pair);
    put_waves(page, pair);
    fputs("</section>\n", file);
}

/* ---- a person's network ---- */

/* Of what a way carried, kbit/s in each coarse bin. */
static float *rate_of(struct page *page, const struct way *way)
{
    float *rate = floats(page, page->coarse);
    for (size_t i = 0; i < sim_series_bins(page->series); i++)
        rate[i / COARSE] += (float)((double)way->bins[i].bytes * 8 * 1e6 / (double)(page->bin_ns * COARSE));
    return rate;
}

static float greatest(const float *values, size_t count)
{
    float most = 0;
    for (size_t i = 0; i < count; i++)
        most = values[i] > most ? values[i] : most; /* NAN is never more */
    return most;
}

/* A bound of the rate as a line, unless it lies so far above that it would flatten what it bounds. */
static void add_bound(struct sim_svg_series *lines, size_t *count, const float *values, size_t bins,
                      float most, struct sim_svg_series line)
{
    float bound = greatest(values, bins);
    if (bound <= 0 || (double)bound > FAR_ABOVE * (double)most)
        return;
    line.values = values;
    line.count = bins;
    lines[(*count)++] = line;
}

static float *capacity_of(struct page *page, const struct way *way, const char **name)
{
    float *capacity = floats(page, sim_series_bins(page->series));
    uint64_t least = UINT64_MAX, most = 0;
    for (size_t i = 0; i < sim_series_bins(page->series); i++) {
        uint64_t rate = way->bins[i].rate_bps;
        capacity[i] = rate > 0 ? (float)rate / 1000 : (float)NAN;
        least = rate > 0 && rate < least ? rate : least;
        most = rate > most ? rate : most;
    }
    *name = most == 0 ? "no bound of the line"
            : most == least
                ? say(page, "line: %.4g kbit/s", (double)most / 1000)
                : say(page, "line: %.4g to %.4g kbit/s", (double)least / 1000, (double)most / 1000);
    return capacity;
}

static void put_sent(struct page *page, const struct way *way)
{
    const struct sim_series_person *person = sim_series_person(page->series, way->person->index);
    float *rate = rate_of(page, way), *kinds[3];
    for (unsigned k = 0; k < 3; k++)
        kinds[k] = floats(page, page->coarse);
    for (size_t i = 0; i < sim_series_bins(page->series); i++) {
        const uint32_t bytes[3] = {person->sent[i].media, person->sent[i].repair, person->sent[i].feedback};
        for (unsigned k = 0; k < 3; k++)
            kinds[k][i / COARSE] += (float)(bytes[k] * 8 * 1e6 / (double)(page->bin_ns * COARSE));
    }
    float most = greatest(rate, page->coarse);
    for (size_t i = 0; i < page->coarse; i++) /* what is left is the rest */
        rate[i] = fmaxf(rate[i] - kinds[0][i] - kinds[1][i] - kinds[2][i], 0);
    const struct sim_svg_series layers[] = {
        {.name = "media", .values = kinds[0], .count = page->coarse, .color = 0},
        {.name = "repair", .values = kinds[1], .count = page->coarse, .color = 1},
        {.name = "feedback", .values = kinds[2], .count = page->coarse, .color = 2},
        {.name = "rest", .values = rate, .count = page->coarse, .color = 5}};
    struct sim_svg_series lines[3];
    size_t count = 0, bins = sim_series_bins(page->series);
    const char *line_name;
    const float *capacity = capacity_of(page, way, &line_name);
    add_bound(lines, &count, capacity, bins, most,
              (struct sim_svg_series){.name = "capacity", .color = 6, .is_stepped = true});
    add_bound(lines, &count, person->estimate_kbps, bins, most,
              (struct sim_svg_series){.name = "estimate", .color = 1, .is_dashed = true});
    add_bound(lines, &count, person->speech_kbps, bins, most,
              (struct sim_svg_series){.name = "speech codec", .color = 5, .is_stepped = true});
    sim_svg_plot(&page->axis, &(struct sim_svg_plot){.title = say(page, "Sent, kbit/s (%s)", line_name),
                                                     .height = 90,
                                                     .layers = layers,
                                                     .layer_count = 4,
                                                     .lines = lines,
                                                     .line_count = count});
}

static void put_received(struct page *page, const struct way *way)
{
    float *rate = rate_of(page, way);
    const struct sim_svg_series layer = {
        .name = "given to the line", .values = rate, .count = page->coarse, .color = 0};
    struct sim_svg_series line;
    size_t count = 0;
    const char *line_name;
    const float *capacity = capacity_of(page, way, &line_name);
    add_bound(&line, &count, capacity, sim_series_bins(page->series), greatest(rate, page->coarse),
              (struct sim_svg_series){.name = "capacity", .color = 6, .is_stepped = true});
    sim_svg_plot(&page->axis,
                 &(struct sim_svg_plot){.title = say(page, "Received from the relay, kbit/s (%s)", line_name),
                                        .height = 70,
                                        .layers = &layer,
                                        .layer_count = 1,
                                        .lines = &line,
                                        .line_count = count});
}

static void put_lost(struct page *page, const struct way *way)
{
    float *shares[3], *packets = floats(page, page->coarse);
    for (unsigned k = 0; k < 3; k++)
        shares[k] = floats(page, page->coarse);
    for (size_t i = 0; i < sim_series_bins(page->series); i++) {
        packets[i / COARSE] += (float)way->bins[i].packets;
        shares[0][i / COARSE] += (float)way->bins[i].lost;
        shares[1][i / COARSE] += (float)way->bins[i].queue_drops;
        shares[2][i / COARSE] += (float)way->bins[i].too_large;
    }
    for (unsigned k = 0; k < 3; k++)
        for (size_t i = 0; i < page->coarse; i++)
            shares[k][i] = packets[i] > 0 ? 100 * shares[k][i] / packets[i] : 0;
    const struct sim_svg_series layers[] = {
        {.name = "lost on the way", .values = shares[0], .count = page->coarse, .color = 4, .is_bad = true},
        {.name = "queue was full", .values = shares[1], .count = page->coarse, .color = 2},
        {.name = "too large", .values = shares[2], .count = page->coarse, .color = 3}};
    const struct sim_series_person *person = sim_series_person(page->series, way->person->index);
    const struct sim_svg_series belief = {.name = "as the sender believes",
                                          .values = person->loss_pct,
                                          .count = sim_series_bins(page->series),
                                          .color = 6,
                                          .is_dashed = true};
    sim_svg_plot(&page->axis, &(struct sim_svg_plot){.title = "Packets lost, %",
                                                     .height = 56,
                                                     .top = 10,
                                                     .layers = layers,
                                                     .layer_count = 3,
                                                     .lines = &belief,
                                                     .line_count = way->is_up});
}

static void put_link_delay(struct page *page, const struct way *way)
{
    size_t bins = sim_series_bins(page->series);
    float *delay = floats(page, bins), *queue = floats(page, bins);
    for (size_t i = 0; i < bins; i++) {
        const struct sim_series_link *bin = &way->bins[i];
        delay[i] = bin->arriving ? (float)((double)bin->delay_sum_ns / bin->arriving / WZP_MS) : (float)NAN;
        queue[i] = bin->packets ? (float)((double)bin->queue_max_ns / WZP_MS) : (float)NAN;
    }
    const struct sim_svg_series lines[] = {
        {.name = "from end to end of the link, mean", .values = delay, .count = bins, .color = 0},
        {.name = "of it in the queue, most", .values = queue, .count = bins, .color = 1}};
    sim_svg_plot(&page->axis,
                 &(struct sim_svg_plot){
                     .title = "Delay, ms", .height = 56, .top = 10, .lines = lines, .line_count = 2});
}

static bool is_hurt(const struct way *way)
{
    return way->lost_pct >= WORTH_PCT || way->queue_max_ms >= 20;
}

/* Up and down; folded where there is nothing to see. */
static void put_network(struct page *page, const struct way *up, const struct way *down)
{
    FILE *file = page->axis.file;
    fputs(is_hurt(up) || is_hurt(down) ? "<details open=\"open\"><summary><h2>" : "<details><summary><h2>",
          file);
    sim_html_element(file, "span", say(page, "The network of %s", up->person->config.name));
    fputs("</h2>", file);
    if (!is_hurt(up) && !is_hurt(down))
        fputs("nothing went wrong here", file);
    fputs("</summary>\n", file);
    sim_html_element(file, "p", say(page, "Up: %s.", way_said(page, up)));
    put_sent(page, up);
    put_lost(page, up);
    put_link_delay(page, up);
    sim_html_element(file, "p", say(page, "Down: %s.", way_said(page, down)));
    put_received(page, down);
    put_lost(page, down);
    put_link_delay(page, down);
    fputs("</details>\n", file);
}

/* ---- the page ---- */

static void put_params(const struct page *page)
{
    struct sim_html_fact params[SIM_PARAMS_MAX];
    for (unsigned i = 0; i < page->run->param_count; i++)
        params[i] = (struct sim_html_fact){page->run->param[i].name, page->run->param[i].value};
    if (page->run->param_count == 0)
        return;
    fputs("<section><h2>Parameters</h2>", page->axis.file);
    sim_html_facts(page->axis.file, params, page->run->param_count);
    fputs("</section>\n", page->axis.file);
}

/* Those whose links are worst, in the order of people. */
static void put_networks(struct page *page)
{
    size_t drawn = 0;
    for (int hurt = 1; hurt >= 0; hurt--)
        for (size_t i = 0; i + 1 < page->way_count; i += 2)
            if ((is_hurt(&page->way[i]) || is_hurt(&page->way[i + 1])) == hurt && drawn++ < DRAWN_MAX)
                put_network(page, &page->way[i], &page->way[i + 1]);
}

bool sim_page_write(const struct sim_run *run, FILE *file)
{
    struct page *page = calloc(1, sizeof *page);
    WZP_CHECK(page && run->reported && run->reported->series);
    page->run = run;
    page->series = run->reported->series;
    page->bin_ns = sim_series_bin_ns(page->series);
    page->coarse = (sim_series_bins(page->series) + COARSE - 1) / COARSE;
    page->bins = page->coarse * COARSE;
    page->axis = (struct sim_svg_axis){.file = file,
                                       .seconds = (double)(page->bin_ns * (int64_t)page->bins) / WZP_S};
    find_pairs(page);
    find_ways(page);
    find_marks(page);
    sim_html_begin(file, run->file);
    put_header(page);
    put_overview(page);
    put_results(page);
    put_judges(page);
    put_players(page);
    for (size_t i = 0; i < page->pair_count && i < DRAWN_MAX; i++)
        put_pair(page, &page->pair[i]);
    put_networks(page);
    put_params(page);
    bool good = sim_html_end(file);
    for (size_t i = 0; i < page->kept_count; i++)
        free(page->kept[i]);
    free(page->kept);
    free(page);
    return good;
}
