// SPDX-License-Identifier: Apache-2.0
/* The run as a page: what went wrong, in words and in one picture; then the numbers, pairs and links. */
#include "sim/page.h"

#include "base/check.h"
#include "sim/html.h"
#include "sim/page_state.h"

#include <ctype.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define TEXT_MAX 320
#define BAD_PCT  5.0 /* concealed: from here on a sentence is bad news */

void *sim_page_take(struct sim_page *page, size_t count, size_t size)
{
    page->kept = realloc(page->kept, (page->kept_count + 1) * sizeof *page->kept);
    WZP_CHECK(page->kept);
    void *memory = calloc(count ? count : 1, size);
    WZP_CHECK(memory);
    page->kept[page->kept_count++] = memory;
    return memory;
}

float *sim_page_floats(struct sim_page *page, size_t count)
{
    return sim_page_take(page, count, sizeof(float));
}

const char *sim_page_say(struct sim_page *page, const char *format, ...)
{
    char *text = sim_page_take(page, TEXT_MAX, 1);
    va_list values;
    va_start(values, format);
    vsnprintf(text, TEXT_MAX, format, values);
    va_end(values);
    return text;
}

const char *sim_page_number(struct sim_page *page, const char *format, double value)
{
    char *text = sim_page_take(page, 32, 1);
    if (isnan(value))
        memcpy(text, "-", 2);
    else
        snprintf(text, 32, format, value);
    return text;
}

double sim_page_or_zero(double value)
{
    return isnan(value) ? 0 : value;
}

size_t sim_page_bin(const struct sim_page *page, int64_t at_ns)
{
    size_t bin = (size_t)(at_ns / page->bin_ns);
    return bin < page->bins ? bin : page->bins - 1;
}

/* ---- what there is ---- */

static int worse_pair(const void *a, const void *b)
{
    const struct sim_page_pair *x = a, *y = b;
    double left = sim_page_or_zero(x->hears->concealed_pct),
           right = sim_page_or_zero(y->hears->concealed_pct);
    if (left < right || left > right)
        return left > right ? -1 : 1;
    if (x->listener->index != y->listener->index)
        return x->listener->index < y->listener->index ? -1 : 1;
    return (x->speaker->index > y->speaker->index) - (x->speaker->index < y->speaker->index);
}

static void find_pairs(struct sim_page *page)
{
    const struct sim_crowd *crowd = page->run->reported->crowd;
    size_t count = 0;
    for (unsigned i = 0; i < sim_crowd_count(crowd); i++)
        count += sim_crowd_person(crowd, i)->hearing_count;
    page->pair = sim_page_take(page, count, sizeof *page->pair);
    for (unsigned i = 0; i < sim_crowd_count(crowd); i++) {
        const struct sim_person *listener = sim_crowd_person(crowd, i);
        for (unsigned h = 0; h < listener->hearing_count; h++) {
            struct sim_page_pair *pair = &page->pair[page->pair_count++];
            *pair = (struct sim_page_pair){.listener = listener,
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

static void add_way(struct sim_page *page, const struct sim_person *person,
                    const struct sim_series_link *bins, bool is_up)
{
    struct sim_page_way *way = &page->way[page->way_count++];
    double arriving = 0, delay_ns = 0;
    *way = (struct sim_page_way){.person = person, .bins = bins, .is_up = is_up};
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

static void find_ways(struct sim_page *page)
{
    const struct sim_crowd *crowd = page->run->reported->crowd;
    page->way = sim_page_take(page, 2 * (size_t)sim_crowd_count(crowd), sizeof *page->way);
    for (unsigned i = 0; i < sim_crowd_count(crowd); i++) {
        const struct sim_series_person *person = sim_series_person(page->series, i);
        if (!person)
            continue;
        add_way(page, sim_crowd_person(crowd, i), person->up, true);
        add_way(page, sim_crowd_person(crowd, i), person->down, false);
    }
}

static void find_marks(struct sim_page *page)
{
    size_t count;
    const struct sim_series_mark *marks = sim_series_marks(page->series, &count);
    struct sim_svg_mark *drawn = sim_page_take(page, count, sizeof *drawn);
    for (size_t i = 0; i < count; i++)
        drawn[i] = (struct sim_svg_mark){(double)marks[i].at_ns / WZP_S, marks[i].text, marks[i].is_routine};
    page->axis.marks = drawn;
    page->axis.mark_count = count;
}

/* ---- the head: what went wrong ---- */

static void found(const struct sim_page *page, bool is_good, const char *text)
{
    sim_html_element(page->axis.file, is_good ? "li class=\"ok\"" : "li class=\"bad\"", text);
    fputs("\n", page->axis.file);
}

static void find_judged(struct sim_page *page)
{
    const struct sim_run *run = page->run;
    unsigned failed = 0;
    for (unsigned i = 0; i < run->judge_count; i++) {
        const struct sim_judge_row *row = &run->judge[i];
        if (row->passed || ++failed > 4)
            continue;
        found(page, false,
              sim_page_say(page, "%s: %s%s%s", row->kind, row->name, row->text[0] ? ": " : "", row->text));
    }
    if (failed > 4)
        found(page, false, sim_page_say(page, "and %u more judges failed", failed - 4));
    if (failed == 0 && run->judge_count > 0)
        found(page, true, sim_page_say(page, "all %u judges passed", run->judge_count));
}

static void find_heard(struct sim_page *page)
{
    unsigned people = sim_crowd_count(page->run->reported->crowd);
    if (page->pair_count == 0 && people > 1)
        found(page, false, "nobody heard anybody");
    if (page->pair_count == 0)
        return;
    const struct sim_page_pair *worst = &page->pair[0], *slowest = worst;
    for (size_t i = 1; i < page->pair_count; i++)
        if (page->pair[i].hears->mouth_to_ear_p95_ms > sim_page_or_zero(slowest->hears->mouth_to_ear_p95_ms))
            slowest = &page->pair[i];
    double lost = sim_page_or_zero(worst->hears->concealed_pct);
    if (lost <= 0)
        found(page, true, "everybody heard every word");
    else
        found(page, lost < BAD_PCT,
              sim_page_say(page, "worst ear: %s did not hear %.2f %% of what %s said%s",
                           worst->listener->config.name, lost, worst->speaker->config.name,
                           worst->freezes.count == 0
                               ? ", never more than 100 ms in one piece"
                               : sim_page_say(page, "; %u %s, the longest %.0f ms at %.1f s",
                                              worst->freezes.count,
                                              worst->freezes.count == 1 ? "freeze" : "freezes",
                                              (double)worst->freezes.longest_ns / WZP_MS,
                                              (double)worst->freezes.longest_at_ns / WZP_S)));
    if (!isnan(slowest->hears->mouth_to_ear_p95_ms))
        found(page, slowest->hears->mouth_to_ear_p95_ms < 400,
              sim_page_say(page, "longest way: %s to %s, mouth to ear %.0f ms (95 of 100 frames are faster)",
                           slowest->speaker->config.name, slowest->listener->config.name,
                           slowest->hears->mouth_to_ear_p95_ms));
}

static const char *way_name(struct sim_page *page, const struct sim_page_way *way)
{
    return sim_page_say(page, way->is_up ? "network: %s to relay" : "network: relay to %s",
                        way->person->config.name);
}

const char *sim_page_way_said(struct sim_page *page, const struct sim_page_way *way)
{
    return sim_page_say(page, "%.1f %% of %.0f packets lost, %.0f ms away, waits up to %.0f ms",
                        way->lost_pct, way->packets, way->delay_ms, way->queue_max_ms);
}

static void find_network(struct sim_page *page)
{
    const struct sim_page_way *worst = NULL;
    for (size_t i = 0; i < page->way_count; i++)
        if (!worst || page->way[i].lost_pct > worst->lost_pct)
            worst = &page->way[i];
    if (worst && worst->lost_pct >= SIM_PAGE_WORTH_PCT)
        found(page, worst->lost_pct < BAD_PCT,
              sim_page_say(page, "worst %s: %s", way_name(page, worst), sim_page_way_said(page, worst)));
    else if (worst)
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

static const char *replay(struct sim_page *page)
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

static void put_header(struct sim_page *page)
{
    const struct sim_run *run = page->run;
    const char *verdict = "passed";
    for (unsigned i = run->judge_count; i-- > 0;)
        if (!run->judge[i].passed)
            verdict = sim_page_say(page, "failed: %s", run->judge[i].kind);
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
        {"seed", sim_page_say(page, "%llu", (unsigned long long)run->seed)},
        {"trace", hash},
        {"virtual time", sim_page_say(page, "%.1f s", (double)run->virtual_ns / WZP_S)},
        {"people", sim_page_say(page, "%u", sim_crowd_count(run->reported->crowd))},
    };
    sim_html_facts(page->axis.file, facts, sizeof facts / sizeof *facts);
    sim_html_element(page->axis.file, "code title=\"the same again\"", replay(page));
    fputs("</header>\n", page->axis.file);
}

/* ---- the picture of everything ---- */

static struct sim_svg_strip heard_strip(struct sim_page *page, const struct sim_page_pair *pair)
{
    float *lost = sim_page_floats(page, page->bins), *all = sim_page_floats(page, page->bins);
    for (size_t i = 0; i < (size_t)pair->speaker->captured; i++)
        if (sim_hearing_counts(pair->listener, pair->hearing, i) && sim_person_is_active(pair->speaker, i)) {
            size_t bin = sim_page_bin(page, sim_person_captured_at(pair->speaker, i));
            all[bin]++;
            lost[bin] += sim_hearing_is_right(pair->hearing, i) ? 0 : 1;
        }
    for (size_t i = 0; i < page->bins; i++)
        lost[i] = all[i] > 0 ? lost[i] / all[i] : 0;
    return (struct sim_svg_strip){
        .name = sim_page_say(page, "%s hears %s", pair->listener->config.name, pair->speaker->config.name),
        .verdict = sim_page_say(page, "%.2f %% not heard, longest freeze %.0f ms",
                                sim_page_or_zero(pair->hears->concealed_pct),
                                (double)pair->freezes.longest_ns / WZP_MS),
        .shares = lost,
        .count = page->bins};
}

static struct sim_svg_strip way_strip(struct sim_page *page, const struct sim_page_way *way)
{
    float *shares = sim_page_floats(page, page->coarse);
    for (size_t i = 0; i < page->coarse; i++) {
        double packets = 0, lost = 0;
        for (size_t k = i * SIM_PAGE_COARSE;
             k < (i + 1) * SIM_PAGE_COARSE && k < sim_series_bins(page->series); k++) {
            packets += way->bins[k].packets;
            lost += gone(&way->bins[k]);
        }
        shares[i] = packets > 0 ? (float)(lost / packets) : 0;
    }
    return (struct sim_svg_strip){.name = way_name(page, way),
                                  .verdict = sim_page_way_said(page, way),
                                  .shares = shares,
                                  .count = page->coarse,
                                  .is_network = true};
}

static int worse_way(const void *a, const void *b)
{
    const struct sim_page_way *x = *(const struct sim_page_way *const *)a,
                              *y = *(const struct sim_page_way *const *)b;
    if (x->lost_pct < y->lost_pct || x->lost_pct > y->lost_pct)
        return x->lost_pct > y->lost_pct ? -1 : 1;
    return (x > y) - (x < y);
}

static void put_overview(struct sim_page *page)
{
    struct sim_svg_strip strips[2 * SIM_PAGE_DRAWN_MAX];
    const struct sim_page_way **ways = sim_page_take(page, page->way_count, sizeof *ways);
    size_t count = 0;
    for (; count < page->pair_count && count < SIM_PAGE_DRAWN_MAX; count++)
        strips[count] = heard_strip(page, &page->pair[count]);
    for (size_t i = 0; i < page->way_count; i++)
        ways[i] = &page->way[i];
    qsort(ways, page->way_count, sizeof *ways, worse_way);
    for (size_t i = 0;
         i < page->way_count && i < SIM_PAGE_DRAWN_MAX && ways[i]->lost_pct >= SIM_PAGE_WORTH_PCT; i++)
        strips[count++] = way_strip(page, ways[i]);
    fputs("<section><h2>What happened</h2>", page->axis.file);
    if (count > 0)
        sim_html_element(
            page->axis.file, "p",
            sim_page_say(
                page,
                "How much of each moment was not heard (red), and how many packets the "
                "network lost (orange); a full "
                "bar is all of it%s. Seconds from left to right, as in all plots below.",
                page->pair_count > SIM_PAGE_DRAWN_MAX
                    ? sim_page_say(page, "; the %d worst of %zu pairs", SIM_PAGE_DRAWN_MAX, page->pair_count)
                    : ""));
    sim_svg_strips(&page->axis, "what was not heard, and what the network lost, over time", strips, count);
    fputs("</section>\n", page->axis.file);
}

/* ---- tables and players ---- */

static void put_results(struct sim_page *page)
{
    static const char *const columns[] = {"listener",       "speaker",    "concealed %", "freezes",
                                          "longest ms",     "m2e p50 ms", "m2e p95 ms",  "ESTOI",
                                          "repaired",       "LBRR",       "DRED",        "connect ms",
                                          "first media ms", "up kbit/s",  "down kbit/s", "rekeys"};
    enum { COLUMNS = sizeof columns / sizeof *columns };
    if (page->pair_count == 0)
        return;
    const char **cells = sim_page_take(page, page->pair_count * COLUMNS, sizeof *cells);
    for (size_t r = 0; r < page->pair_count; r++) {
        const struct sim_page_pair *pair = &page->pair[r];
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
            cells[r * COLUMNS + c] = sim_page_number(page, numbers[c - 2].format, numbers[c - 2].value);
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

static void put_judges(const struct sim_page *page)
{
    FILE *file = page->axis.file;
    if (page->run->judge_count == 0)
        return;
    fputs("<section><h2>Judges</h2><div class=\"scroll\"><table class=\"words\">\n", file);
    unsigned count = page->run->judge_count;
    for (unsigned k = 0; k < 2 * count; k++) { /* those that failed first */
        const struct sim_judge_row *row = &page->run->judge[k < count ? k : k - count];
        if (row->passed == (k < count))
            continue;
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

static void put_players(const struct sim_page *page)
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

/* ---- the page ---- */

static void put_params(const struct sim_page *page)
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

bool sim_page_write(const struct sim_run *run, FILE *file)
{
    struct sim_page *page = calloc(1, sizeof *page);
    WZP_CHECK(page && run->reported && run->reported->series);
    page->run = run;
    page->series = run->reported->series;
    page->bin_ns = sim_series_bin_ns(page->series);
    page->coarse = (sim_series_bins(page->series) + SIM_PAGE_COARSE - 1) / SIM_PAGE_COARSE;
    page->bins = page->coarse * SIM_PAGE_COARSE;
    page->axis = (struct sim_svg_axis){.file = file,
                                       .seconds = (double)(page->bin_ns * (int64_t)page->bins) / WZP_S};
    find_pairs(page);
    find_ways(page);
    find_marks(page);
    sim_html_begin(file, run->file);
    put_header(page);
    put_overview(page);
    sim_page_put_flows(page);
    put_results(page);
    put_judges(page);
    put_players(page);
    for (size_t i = 0; i < page->pair_count && i < SIM_PAGE_DRAWN_MAX; i++)
        sim_page_put_pair(page, &page->pair[i]);
    sim_page_put_networks(page);
    put_params(page);
    bool good = sim_html_end(file);
    for (size_t i = 0; i < page->kept_count; i++)
        free(page->kept[i]);
    free(page->kept);
    free(page);
    return good;
}
