// SPDX-License-Identifier: Apache-2.0
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "sim/report.h"

static char *page_of(const struct sim_report *report)
{
    char *text = NULL;
    size_t len = 0;
    FILE *file = open_memstream(&text, &len);
    assert_true(sim_report_write(file, report));
    fclose(file);
    return text;
}

static size_t count_of(const char *page, const char *what)
{
    size_t count = 0;
    for (const char *at = page; (at = strstr(at, what)); at += strlen(what))
        count++;
    return count;
}

static void assert_balanced(const char *page, const char *tag)
{
    char open[16], shut[16];
    snprintf(open, sizeof open, "<%s>", tag);
    snprintf(shut, sizeof shut, "</%s>", tag);
    size_t opened = count_of(page, open);
    open[strlen(open) - 1] = ' '; /* with attributes */
    assert_int_equal(opened + count_of(page, open), count_of(page, shut));
}

static void test_whole_page(void **state)
{
    (void)state;
    const char *const columns[] = {"member", "connect, ms"};
    const char *const cells[] = {"ann", "301", "bob", "302"};
    const struct sim_report_table table = {"Members", columns, 2, cells, 2};
    const struct sim_report_point points[] = {{0, 1200}, {1, 2400}, {2, 1e6}, {3, NAN}, {4, 10}};
    const struct sim_report_series lines[] = {{"up", points, 5}, {"down", points, 3}};
    const struct sim_report_plot plot = {"Bytes per second", lines, 2};
    const struct sim_report_second heard[] = {{{40, 4, 3, 1, 1, 1}}, {{0, 0, 0, 0, 0, 50}}, {{52}}};
    const float peaks[] = {0, 0.5f, 0.25f, 1};
    const struct sim_report_pair pair = {
        "ann", "bob", "all there", heard, 3, {"m2e", points, 5}, {peaks, 4, 1}, {peaks, 4, 1}};
    const struct sim_report_fact fact = {"seed", "1"};
    const struct sim_report_judge judges[] = {{"safety", "no nonce twice", true},
                                              {"quality", "0.8 < 0.9", false}};
    const struct sim_report report = {.title = "first call",
                                      .subtitle = "two people",
                                      .verdict = "quality",
                                      .passed = false,
                                      .seconds = 4,
                                      .facts = &fact,
                                      .fact_count = 1,
                                      .params = &fact,
                                      .param_count = 1,
                                      .judges = judges,
                                      .judge_count = 2,
                                      .tables = &table,
                                      .table_count = 1,
                                      .pairs = &pair,
                                      .pair_count = 1,
                                      .plots = &plot,
                                      .plot_count = 1};
    char *page = page_of(&report), *again = page_of(&report);
    assert_string_equal(page, again);
    static const char *const tags[] = {"html", "head", "body", "main", "section", "svg",   "table", "tr",
                                       "td",   "th",   "g",    "dl",   "dt",      "dd",    "h1",    "h2",
                                       "h3",   "p",    "div",  "span", "text",    "title", "i"};
    for (size_t i = 0; i < sizeof tags / sizeof *tags; i++)
        assert_balanced(page, tags[i]);
    assert_int_equal(count_of(page, "<svg "), 4);
    assert_int_equal(count_of(page, "<rect "), 6 + 1 + 1); /* one a kind that occurs in a second */
    assert_non_null(strstr(
        page,
        "0 s: received 40 repaired 4 recovered (LBRR) 3 recovered (DRED) 1 concealed 1 comfort noise 1"));
    assert_non_null(strstr(page, "ann hears bob"));
    assert_non_null(strstr(page, ">1M</text>"));
    assert_null(strstr(page, "nan"));
    assert_null(strstr(page, "inf\""));
    assert_null(strstr(page, "://")); /* nothing is fetched */
    free(page);
    free(again);
}

static void test_empty_page(void **state)
{
    (void)state;
    const struct sim_report report = {.seconds = 1};
    char *page = page_of(&report);
    assert_non_null(strstr(page, "</html>"));
    assert_null(strstr(page, "(null)"));
    free(page);
}

/* A peer chooses its name. */
static void test_text_is_escaped(void **state)
{
    (void)state;
    const char *evil = "<script>alert(\"x\" + '&')</script>\x01\n";
    const char *const cells[] = {evil};
    const struct sim_report_table table = {evil, cells, 1, cells, 1};
    const struct sim_report_series line[] = {{evil, NULL, 0}, {evil, NULL, 0}};
    const struct sim_report_plot plot = {evil, line, 2};
    const struct sim_report_pair pair = {.listener = evil, .speaker = evil, .summary = evil};
    const struct sim_report_fact fact = {evil, evil};
    const struct sim_report_judge judge = {evil, evil, true};
    const struct sim_report report = {.title = evil,
                                      .subtitle = evil,
                                      .verdict = evil,
                                      .seconds = 4,
                                      .facts = &fact,
                                      .fact_count = 1,
                                      .params = &fact,
                                      .param_count = 1,
                                      .judges = &judge,
                                      .judge_count = 1,
                                      .tables = &table,
                                      .table_count = 1,
                                      .pairs = &pair,
                                      .pair_count = 1,
                                      .plots = &plot,
                                      .plot_count = 1};
    char *page = page_of(&report);
    assert_null(strstr(page, "<script"));
    assert_null(strstr(page, "alert(\""));
    assert_null(strchr(page, 1));
    assert_int_equal(count_of(page, "&lt;script&gt;alert(&quot;x&quot; + &#39;&amp;&#39;)&lt;/script&gt;"),
                     20);
    free(page);
}

static char *line_of(const struct sim_report_point *points, size_t count)
{
    const struct sim_report_series line = {"", points, count};
    const struct sim_report_plot plot = {"", &line, 1};
    const struct sim_report report = {.seconds = 10, .plots = &plot, .plot_count = 1};
    char *page = page_of(&report), *from = strstr(page, "\"line l0\" d=\"") + 13;
    char *path = strndup(from, (size_t)(strchr(from, '"') - from));
    free(page);
    return path;
}

static void test_line(void **state)
{
    (void)state;
    /* 904 units are 10 s from x = 48; the top, 138 - 130 = 8, is 100. */
    static const struct {
        struct sim_report_point points[5];
        size_t count;
        const char *path;
    } rows[] = {
        {{{0, 0}}, 0, ""},
        {{{0, 100}}, 1, "M48.0 8.0h0"},
        {{{0, 100}, {5, 50}}, 2, "M48.0 8.0h0L500.0 73.0"},
        {{{0, 100}, {2, NAN}, {5, 50}, {10, 0}}, 4, "M48.0 8.0h0M500.0 73.0h0L952.0 138.0"},
        {{{0, 50}, {0, 100}, {0, 0}, {0, 50}, {10, 0}}, 5, "M48.0 73.0h0V138.0V8.0V73.0L952.0 138.0"},
        {{{0, 100}, {11, 0}}, 2, "M48.0 8.0h0L952.0 138.0"}, /* beyond the axis: at its end */
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char *path = line_of(rows[i].points, rows[i].count);
        assert_string_equal(path, rows[i].path);
        free(path);
    }
}

/* A million points make no larger a plot than its columns do. */
static void test_size_is_bounded(void **state)
{
    (void)state;
    const size_t count = 1000000;
    struct sim_report_point *points = malloc(count * sizeof *points);
    float *peaks = malloc(count * sizeof *peaks);
    for (size_t i = 0; i < count; i++) {
        points[i] = (struct sim_report_point){(double)i * 10 / (double)count, (double)(i * 7919 % 1000)};
        peaks[i] = (float)(i * 7919 % 1000) / 1000;
    }
    char *path = line_of(points, count);
    assert_in_range(strlen(path), 30000, 70000);
    free(path);
    const struct sim_report_pair pair = {.original = {peaks, count, 10.0 / (double)count}};
    const struct sim_report report = {.seconds = 10, .pairs = &pair, .pair_count = 1};
    char *page = page_of(&report);
    assert_in_range(strlen(page), 10000, 30000);
    free(page);
    free(points);
    free(peaks);
}

static void test_peaks(void **state)
{
    (void)state;
    const float samples[] = {0.1f, -0.5f, 0.2f, 0.3f, -0.25f, 0, 1};
    float peaks[4];
    sim_report_peaks(samples, 6, peaks, 2);
    assert_true(peaks[0] == 0.5f && peaks[1] == 0.3f);
    sim_report_peaks(samples, 2, peaks, 4);
    assert_true(peaks[0] == 0 && peaks[1] == 0.1f && peaks[2] == 0 && peaks[3] == 0.5f);
    sim_report_peaks(samples, 7, peaks, 1);
    assert_true(peaks[0] == 1);
    sim_report_peaks(NULL, 0, peaks, 1);
    assert_true(peaks[0] == 0);
}

static void test_full_disk_is_told(void **state)
{
    (void)state;
    char room[64];
    const struct sim_report report = {.seconds = 1};
    FILE *file = fmemopen(room, sizeof room, "wb");
    assert_false(sim_report_write(file, &report));
    fclose(file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_whole_page),        cmocka_unit_test(test_empty_page),
        cmocka_unit_test(test_text_is_escaped),   cmocka_unit_test(test_line),
        cmocka_unit_test(test_size_is_bounded),   cmocka_unit_test(test_peaks),
        cmocka_unit_test(test_full_disk_is_told),
    };
    return cmocka_run_group_tests_name("sim/report", tests, NULL, NULL);
}
