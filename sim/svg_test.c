// SPDX-License-Identifier: Apache-2.0
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/utf8.h"
#include "sim/html.h"
#include "sim/svg.h"
#include "sim/xml_check_test.h"

static const char evil[] = "<script>alert(\"x\" + '&')</script>\x01\n\xff\xe2\x82\xef\xbf\xbf";

/* What `draw` writes on an axis of ten seconds, as a page. */
static char *page_of(void (*draw)(const struct sim_svg_axis *axis), bool as_page)
{
    static char *text;
    static size_t len;
    static const struct sim_svg_mark marks[] = {
        {2, "anna joins", true}, {5, evil, false}, {9.9, "end", false}};
    struct sim_svg_axis axis = {open_memstream(&text, &len), 10, marks, 3};
    if (as_page)
        sim_html_begin(axis.file, evil);
    draw(&axis);
    if (as_page)
        assert_true(sim_html_end(axis.file));
    fclose(axis.file);
    return text;
}

static void draw_everything(const struct sim_svg_axis *axis)
{
    static const float up[] = {0, 10, NAN, 1e7f, 5}, down[] = {1, 1, 1, 0, INFINITY},
                       share[] = {0, 0.5f, 1, 2};
    const struct sim_svg_series layers[] = {{.name = evil, .values = up, .count = 5},
                                            {.name = "bad", .values = down, .count = 5, .is_bad = true}};
    const struct sim_svg_series lines[] = {
        {.name = "x", .values = up, .count = 5, .color = 6, .is_stepped = true},
        {.values = down, .count = 5, .color = 2, .is_dashed = true}};
    const struct sim_svg_strip strips[] = {{evil, evil, share, 4, false},
                                           {"network", "none", share, 4, true}};
    sim_html_title(axis->file, evil, evil, false);
    sim_svg_plot(axis, &(struct sim_svg_plot){evil, 80, 0, layers, 2, lines, 2});
    sim_svg_plot(axis, &(struct sim_svg_plot){.title = "nothing", .height = 80});
    sim_svg_strips(axis, evil, strips, 2);
    sim_svg_waves(axis, evil, share, down, 4);
    const char *const cells[] = {evil, "2"};
    sim_html_table(axis->file, &(struct sim_html_table){evil, evil, cells, 2, cells, 1, true});
    sim_html_facts(axis->file, &(struct sim_html_fact){evil, NULL}, 1);
}

static void test_well_formed(void **state)
{
    (void)state;
    char *page = page_of(draw_everything, true), *again = page_of(draw_everything, true);
    assert_string_equal(page, again);
    assert_null(xml_check(page));
    assert_int_equal(xml_count(page, "<svg viewBox=\"0 0 1000"), 4);
    assert_null(strstr(page, "<script>alert"));
    assert_null(strchr(page, 1));
    assert_null(strstr(page, "\xef\xbf\xbf")); /* U+FFFF */
    uint32_t point;
    for (const uint8_t *at = (const uint8_t *)page, *end = at + strlen(page); at < end;)
        assert_true(wzp_utf8_next(&at, end, &point));
    assert_null(strstr(page, "nan"));
    assert_null(strstr(page, "inf\""));
    assert_null(strstr(page, "infinity"));
    assert_null(strstr(page, "(null)"));
    assert_null(strstr(page, "://")); /* nothing is fetched */
    assert_true(xml_count(page, "&lt;script&gt;") >= 10);
    free(page);
    free(again);
}

/* The checker itself must be able to say no. */
static void test_checker(void **state)
{
    (void)state;
    static const struct {
        const char *page;
        bool is_good;
    } rows[] = {
        {"<p>a &amp; b</p>", true},
        {"<p><b/>x</p>", true},
        {"<p a=\"1\" b-c=\"x y\"/>", true},
        {"<p>a & b</p>", false},
        {"<p><b></p></b>", false},
        {"<p a=1/>", false},
        {"<p>", false},
        {"</p>", false},
        {"<p a=\"<\"/>", false},
        {"<p>a < b</p>", false},
        {"<style>a{b:c}</style>", true},
        {"<p></pp>", false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_int_equal(!xml_check(rows[i].page), rows[i].is_good);
}

static const float *points;
static size_t point_count;
static bool is_stepped;

static void draw_line(const struct sim_svg_axis *axis)
{
    const struct sim_svg_series line = {.values = points, .count = point_count, .is_stepped = is_stepped};
    sim_svg_plot(axis, &(struct sim_svg_plot){.title = "", .height = 100, .lines = &line, .line_count = 1});
}

/* 936 units are 10 s from x = 52; the axis is 100 units from y = 6 down to 106. */
static void test_line(void **state)
{
    (void)state;
    static const struct {
        float values[4];
        size_t count;
        bool is_stepped;
        const char *path;
    } rows[] = {
        {{0}, 0, false, ""},
        {{100, 50}, 2, false, "M286.0 6.0h0L754.0 56.0"},
        {{100, NAN, 50, 0}, 4, false, "M169.0 6.0h0M637.0 56.0h0L871.0 106.0"},
        {{50, 50, 100, NAN}, 4, true, "M52.0 56.0H520.0L520.0 6.0H754.0"},
        {{NAN, NAN}, 2, false, ""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        points = rows[i].values;
        point_count = rows[i].count;
        is_stepped = rows[i].is_stepped;
        char *page = page_of(draw_line, false), *from = strstr(page, "\"line l0\" d=\"") + 13;
        from[strcspn(from, "\"")] = '\0';
        assert_string_equal(from, rows[i].path);
        free(page);
    }
}

static void draw_layers(const struct sim_svg_axis *axis)
{
    static const float low[] = {50, 50, 0, 25}, high[] = {50, 50, 0, 75};
    const struct sim_svg_series layers[] = {{.values = low, .count = 4},
                                            {.values = high, .count = 4, .color = 4, .is_bad = true}};
    sim_svg_plot(axis,
                 &(struct sim_svg_plot){.title = "", .height = 100, .layers = layers, .layer_count = 2});
}

/* Layers stand upon each other; equal bins are one piece, empty ones none. */
static void test_layers(void **state)
{
    (void)state;
    char *page = page_of(draw_layers, false);
    assert_non_null(
        strstr(page, "class=\"k0\" d=\"M52.0 106.0H520.0V56.0H52.0ZM754.0 106.0H988.0V81.0H754.0Z\""));
    assert_non_null(
        strstr(page, "class=\"k4\" d=\"M52.0 56.0H520.0V6.0H52.0ZM754.0 81.0H988.0V6.0H754.0Z\""));
    assert_non_null(strstr(page, "url(#hatch)"));
    free(page);
}

static void draw_strips(const struct sim_svg_axis *axis)
{
    static const float shares[] = {0, 1, 1, 0.5f};
    const struct sim_svg_strip strip = {"a", "b", shares, 4, false};
    sim_svg_strips(axis, "strips", &strip, 1);
}

/* No two words of marks in one lane touch, and all are written where there is room. */
static void test_words(void **state)
{
    (void)state;
    char *page = page_of(draw_strips, false);
    assert_int_equal(xml_count(page, "<text class=\"word"), 3);
    assert_int_equal(xml_count(page, "text-anchor=\"end\">end</text>"), 1); /* leans back from the edge */
    assert_int_equal(xml_count(page, "<path class=\"mark\""), 3);
    free(page);
}

static void test_step(void **state)
{
    (void)state;
    static const struct {
        double range;
        int parts;
        double step;
    } rows[] = {{1, 4, 0.5}, {100, 3, 50}, {62, 12, 10}, {1e6, 4, 500000}, {3, 3, 1}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_true(fabs(sim_svg_step(rows[i].range, rows[i].parts) - rows[i].step) < 1e-9);
}

static void test_full_disk_is_told(void **state)
{
    (void)state;
    char room[64];
    FILE *file = fmemopen(room, sizeof room, "wb");
    sim_html_begin(file, "");
    assert_false(sim_html_end(file));
    fclose(file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_well_formed),
        cmocka_unit_test(test_checker),
        cmocka_unit_test(test_line),
        cmocka_unit_test(test_layers),
        cmocka_unit_test(test_words),
        cmocka_unit_test(test_step),
        cmocka_unit_test(test_full_disk_is_told),
    };
    return cmocka_run_group_tests_name("sim/svg", tests, NULL, NULL);
}
