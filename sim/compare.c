// SPDX-License-Identifier: Apache-2.0
#include "sim/compare.h"

#include "base/check.h"
#include "sim/html.h"
#include "sim/metric.h"
#include "sim/run.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define COLUMNS  6
#define CELL_MAX 96

/* Rows of what differs: who, what, A, B, difference, judgement. */
struct rows {
    char (*cell)[COLUMNS][CELL_MAX];
    size_t count;
};

static char (*add(struct rows *rows))[CELL_MAX]
{
    rows->cell = realloc(rows->cell, (rows->count + 1) * sizeof *rows->cell);
    WZP_CHECK(rows->cell);
    memset(rows->cell[rows->count], 0, sizeof *rows->cell);
    return rows->cell[rows->count++];
}

static void put_number(char cell[CELL_MAX], double value, int decimals, bool is_signed)
{
    if (isnan(value))
        snprintf(cell, CELL_MAX, "-");
    else
        snprintf(cell, CELL_MAX, is_signed ? "%+.*f" : "%.*f", decimals, value);
}

static void compare_number(struct rows *rows, const char *who, const struct sim_metric *metric, double a,
                           double b)
{
    if ((isnan(a) && isnan(b)) || (!(a < b) && !(a > b) && isnan(a) == isnan(b)))
        return;
    char(*cell)[CELL_MAX] = add(rows);
    snprintf(cell[0], CELL_MAX, "%s", who);
    snprintf(cell[1], CELL_MAX, "%s", metric->name);
    put_number(cell[2], a, metric->decimals, false);
    put_number(cell[3], b, metric->decimals, false);
    put_number(cell[4], b - a, metric->decimals, true);
    const char *arrow = b > a ? "\xe2\x86\x91" : "\xe2\x86\x93"; /* up, down */
    if (isnan(b - a) || metric->better == 0)
        snprintf(cell[5], CELL_MAX, "%s", isnan(b - a) ? "" : arrow);
    else
        snprintf(cell[5], CELL_MAX, "%s %s", arrow, (b > a) == (metric->better > 0) ? "better" : "worse");
}

static void compare_text(struct rows *rows, const char *who, const char *what, const char *a, const char *b,
                         const char *judgement)
{
    if (a && b && strcmp(a, b) == 0)
        return;
    char(*cell)[CELL_MAX] = add(rows);
    snprintf(cell[0], CELL_MAX, "%s", who);
    snprintf(cell[1], CELL_MAX, "%s", what);
    snprintf(cell[2], CELL_MAX, "%s", a ? a : "-");
    snprintf(cell[3], CELL_MAX, "%s", b ? b : "-");
    snprintf(cell[5], CELL_MAX, "%s", judgement);
}

/* The member of that name, or what it hears of that speaker; -1. */
static int member_of(const struct sim_json *json, const char *name)
{
    for (unsigned m = 0; m < sim_metric_members(json); m++)
        if (strcmp(sim_json_text(json, "members[%u].name", m), name) == 0)
            return (int)m;
    return -1;
}

static int hears_of(const struct sim_json *json, int member, const char *speaker)
{
    for (unsigned h = 0; member >= 0 && h < sim_metric_hears(json, (unsigned)member); h++)
        if (strcmp(sim_json_text(json, "members[%d].hears[%u].speaker", member, h), speaker) == 0)
            return (int)h;
    return -1;
}

static void compare_pairs(struct rows *rows, const struct sim_json *a, const struct sim_json *b, int in_a,
                          int in_b, const char *name)
{
    for (int side = 0; side < 2; side++) {
        const struct sim_json *from = side ? b : a;
        int member = side ? in_b : in_a;
        for (unsigned h = 0; member >= 0 && h < sim_metric_hears(from, (unsigned)member); h++) {
            const char *speaker = sim_json_text(from, "members[%d].hears[%u].speaker", member, h);
            int hears_a = hears_of(a, in_a, speaker), hears_b = hears_of(b, in_b, speaker);
            char who[CELL_MAX];
            snprintf(who, sizeof who, "%.40s hears %.40s", name, speaker);
            if (hears_a < 0 || hears_b < 0)
                compare_text(rows, who, "heard", hears_a < 0 ? NULL : "yes", hears_b < 0 ? NULL : "yes", "");
            for (size_t i = 0; side == 0 && hears_a >= 0 && hears_b >= 0 && i < SIM_METRICS; i++)
                if (sim_metrics[i].is_of_pair)
                    compare_number(rows, who, &sim_metrics[i],
                                   sim_metric_of(a, &sim_metrics[i], (unsigned)in_a, (unsigned)hears_a),
                                   sim_metric_of(b, &sim_metrics[i], (unsigned)in_b, (unsigned)hears_b));
        }
    }
}

static void compare_members(struct rows *rows, const struct sim_json *a, const struct sim_json *b)
{
    for (unsigned m = 0; m < sim_metric_members(a); m++) {
        const char *name = sim_json_text(a, "members[%u].name", m);
        int in_b = member_of(b, name);
        if (in_b < 0) {
            compare_text(rows, name, "is there", "yes", NULL, "");
            continue;
        }
        compare_pairs(rows, a, b, (int)m, in_b, name);
        for (size_t i = 0; i < SIM_METRICS; i++)
            if (!sim_metrics[i].is_of_pair)
                compare_number(rows, name, &sim_metrics[i], sim_metric_of(a, &sim_metrics[i], m, 0),
                               sim_metric_of(b, &sim_metrics[i], (unsigned)in_b, 0));
    }
    for (unsigned m = 0; m < sim_metric_members(b); m++) {
        const char *name = sim_json_text(b, "members[%u].name", m);
        if (member_of(a, name) < 0)
            compare_text(rows, name, "is there", NULL, "yes", "");
    }
}

/* What a judge of that kind and name said: "passed", "failed", NULL. */
static const char *judged(const struct sim_json *json, const char *name)
{
    const char *found;
    for (unsigned i = 0; (found = sim_json_text(json, "judges[%u].name", i)); i++)
        if (strcmp(found, name) == 0)
            return sim_json_number(json, "judges[%u].passed", i) > 0 ? "passed" : "failed";
    return NULL;
}

static void compare_judges(struct rows *rows, const struct sim_json *a, const struct sim_json *b)
{
    const char *name;
    for (int side = 0; side < 2; side++)
        for (unsigned i = 0; (name = sim_json_text(side ? b : a, "judges[%u].name", i)); i++) {
            const char *in_a = judged(a, name), *in_b = judged(b, name);
            if (side == 0 || !in_a)
                compare_text(rows, "judge", name, in_a, in_b,
                             !in_a || !in_b                ? ""
                             : strcmp(in_b, "passed") == 0 ? "better"
                                                           : "worse");
        }
}

/* Parameters: scenario, seed, what was set; without a judgement. */
static void compare_worlds(struct rows *rows, const struct sim_json *a, const struct sim_json *b)
{
    static const struct sim_metric seed = {"seed", "", false, 0, 0};
    compare_text(rows, "run", "scenario", sim_json_text(a, "scenario"), sim_json_text(b, "scenario"), "");
    compare_number(rows, "run", &seed, sim_json_number(a, "seed"), sim_json_number(b, "seed"));
    for (int side = 0; side < 2; side++)
        for (size_t i = 0; i < (side ? b : a)->count; i++) {
            const char *path = (side ? b : a)->value[i].path;
            if (strncmp(path, "params.", 7) != 0 || (side == 1 && sim_json_find(a, path)))
                continue;
            compare_text(rows, "parameter", path + 7, sim_json_text(a, "%s", path),
                         sim_json_text(b, "%s", path), "");
        }
    if (rows->count == 0)
        compare_text(rows, "run", "trace", sim_json_text(a, "trace_hash"), sim_json_text(b, "trace_hash"),
                     "");
}

static struct rows compare(const struct sim_json *a, const struct sim_json *b)
{
    struct rows rows = {0};
    compare_worlds(&rows, a, b);
    compare_judges(&rows, a, b);
    compare_members(&rows, a, b);
    return rows;
}

/* Columns of a text as a terminal shows it: a character of UTF-8 is one. */
static int pad(const char *text, int width)
{
    for (const char *c = text; *c; c++)
        width -= ((unsigned char)*c & 0xc0) != 0x80;
    return width > 0 ? width : 0;
}

static const char *const columns[COLUMNS] = {"who", "what", "A", "B", "difference", ""};

size_t sim_compare_print(const struct sim_json *a, const struct sim_json *b, FILE *out)
{
    struct rows rows = compare(a, b);
    const char *names[2] = {sim_json_text(a, "scenario"), sim_json_text(b, "scenario")};
    fprintf(out, "A: %s, seed %.0f\nB: %s, seed %.0f\n\n", names[0] ? names[0] : "-",
            sim_json_number(a, "seed"), names[1] ? names[1] : "-", sim_json_number(b, "seed"));
    int width[COLUMNS] = {0};
    for (size_t c = 0; c < COLUMNS; c++) {
        width[c] = (int)strlen(columns[c]);
        for (size_t r = 0; r < rows.count; r++)
            if (pad(rows.cell[r][c], CELL_MAX) < CELL_MAX - width[c])
                width[c] = CELL_MAX - pad(rows.cell[r][c], CELL_MAX);
    }
    for (size_t r = 0; rows.count && r <= rows.count; r++)
        for (size_t c = 0; c < COLUMNS; c++) {
            const char *text = r == 0 ? columns[c] : rows.cell[r - 1][c];
            bool is_left = c < 2 || c == COLUMNS - 1;
            fprintf(out, "%*s%s%*s%s", is_left ? 0 : pad(text, width[c]), "", text,
                    is_left && c < COLUMNS - 1 ? pad(text, width[c]) : 0, "", c < COLUMNS - 1 ? "  " : "\n");
        }
    fprintf(out, rows.count ? "\n%zu differ\n" : "nothing differs\n", rows.count);
    size_t count = rows.count;
    free(rows.cell);
    return count;
}

size_t sim_compare_page(const struct sim_json *a, const struct sim_json *b, FILE *out)
{
    struct rows rows = compare(a, b);
    const char **cells = calloc(rows.count * COLUMNS + 1, sizeof *cells);
    WZP_CHECK(cells);
    size_t better = 0, worse = 0;
    for (size_t r = 0; r < rows.count; r++) {
        for (size_t c = 0; c < COLUMNS; c++)
            cells[r * COLUMNS + c] = rows.cell[r][c];
        better += strstr(rows.cell[r][COLUMNS - 1], "better") != NULL;
        worse += strstr(rows.cell[r][COLUMNS - 1], "worse") != NULL;
    }
    char verdict[64], seeds[2][24];
    snprintf(verdict, sizeof verdict, "%zu better, %zu worse", better, worse);
    snprintf(seeds[0], sizeof seeds[0], "%.0f", sim_json_number(a, "seed"));
    snprintf(seeds[1], sizeof seeds[1], "%.0f", sim_json_number(b, "seed"));
    const struct sim_html_fact facts[] = {
        {"A", sim_json_text(a, "scenario")}, {"seed", seeds[0]}, {"trace", sim_json_text(a, "trace_hash")},
        {"B", sim_json_text(b, "scenario")}, {"seed", seeds[1]}, {"trace", sim_json_text(b, "trace_hash")}};
    sim_html_begin(out, "wzp-sim compare");
    fputs("<header>", out);
    sim_html_title(out, "From A to B", verdict, worse == 0);
    sim_html_facts(out, facts, 3);
    sim_html_facts(out, facts + 3, 3);
    fputs("</header>\n", out);
    const struct sim_html_table table = {.title = rows.count ? "What differs" : "Nothing differs",
                                         .columns = columns,
                                         .column_count = COLUMNS,
                                         .cells = cells,
                                         .row_count = rows.count};
    sim_html_table(out, &table);
    sim_html_end(out);
    size_t count = rows.count;
    free(cells);
    free(rows.cell);
    return count;
}

/* ---- the command ---- */

static int complain(const char *sentence)
{
    fprintf(stderr, "wzp-sim compare: %s\n", sentence);
    return SIM_EXIT_USAGE;
}

static bool load(struct sim_json *json, const char *path)
{
    const char *why;
    char sentence[512];
    if (!sim_json_load(json, path)) {
        complain(json->why);
        return false;
    }
    if (sim_metric_is_result(json, &why))
        return true;
    snprintf(sentence, sizeof sentence, "%s is no result of wzp-sim: %s", path, why);
    complain(sentence);
    return false;
}

static int write_page(const struct sim_json *a, const struct sim_json *b, const char *path)
{
    char sentence[512];
    FILE *file = fopen(path, "w");
    if (file)
        sim_compare_page(a, b, file);
    bool good = file && !ferror(file);
    if (file)
        good = fclose(file) == 0 && good;
    if (good)
        return SIM_EXIT_OK;
    snprintf(sentence, sizeof sentence, "cannot write %s: %s", path, strerror(errno));
    return complain(sentence);
}

int sim_compare_command(int argc, char **argv)
{
    const char *path[2] = {NULL, NULL}, *page = NULL;
    for (int i = 2; i < argc; i++) {
        if (strcmp(argv[i], "--out") == 0 && i + 1 < argc)
            page = argv[++i];
        else if (argv[i][0] == '-' || path[1])
            return complain("it takes two results and --out FILE.html, nothing else");
        else
            path[path[0] != NULL] = argv[i];
    }
    if (!path[1])
        return complain("it takes two results: A.json B.json");
    struct sim_json a = {0}, b = {0};
    int status = SIM_EXIT_USAGE;
    if (load(&a, path[0]) && load(&b, path[1])) {
        sim_compare_print(&a, &b, stdout);
        status = page ? write_page(&a, &b, page) : SIM_EXIT_OK;
    }
    sim_json_deinit(&a);
    sim_json_deinit(&b);
    return status;
}
