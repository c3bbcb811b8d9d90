// SPDX-License-Identifier: Apache-2.0
#include "sim/svg.h"

#include "base/check.h"
#include "sim/html.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define LEFT        SIM_SVG_LEFT
#define RIGHT       (SIM_SVG_LEFT + SIM_SVG_INNER)
#define TOP         6
#define BOTTOM      18
#define STRIP       38 /* a row of strips: its name, its bars */
#define STRIP_BAR   20
#define LANE        14 /* a row of words */
#define LANES_MAX   6
#define LETTER      6.1 /* mean width of one in 11 px */
#define VALUE_TICKS 3
#define TIME_TICKS  12

double sim_svg_step(double range, int parts)
{
    static const double steps[] = {1, 2, 5};
    double power = 1e-3;
    while (power * 10 * parts < range)
        power *= 10;
    for (int i = 0; i < 3; i++)
        if (steps[i] * power * parts >= range)
            return steps[i] * power;
    return 10 * power;
}

/* Where a plot lies: its height without the margins, and the value at its top. */
struct frame {
    const struct sim_svg_axis *axis;
    double top, height, top_value;
};

static double x_of(const struct sim_svg_axis *axis, double t_s)
{
    return LEFT + SIM_SVG_INNER * fmin(fmax(t_s / axis->seconds, 0), 1);
}

static double y_of(const struct frame *frame, double value)
{
    return frame->top + frame->height * (1 - fmin(fmax(value / frame->top_value, 0), 1));
}

static void begin(const struct sim_svg_axis *axis, double height, const char *what)
{
    fprintf(axis->file,
            "<svg viewBox=\"0 0 %d %g\" role=\"img\" data-l=\"%d\" data-w=\"%d\" data-s=\"%g\" "
            "aria-label=\"",
            SIM_SVG_WIDTH, height, LEFT, SIM_SVG_INNER, axis->seconds);
    sim_html_text(axis->file, what);
    fputs("\">\n", axis->file);
}

/* The line under the pointer, and the end. */
static void end(const struct sim_svg_axis *axis, double from, double to)
{
    fprintf(axis->file, "<line class=\"hair\" y1=\"%g\" y2=\"%g\" visibility=\"hidden\"/></svg>\n", from, to);
}

static void put_number(FILE *file, double value)
{
    if (value >= 1e6)
        fprintf(file, "%gM", value / 1e6);
    else if (value >= 1e4)
        fprintf(file, "%gk", value / 1e3);
    else
        fprintf(file, "%g", value);
}

static void put_value_axis(const struct frame *frame)
{
    FILE *file = frame->axis->file;
    double step = sim_svg_step(frame->top_value, VALUE_TICKS);
    for (int i = 1; step * i < frame->top_value * 1.001; i++) {
        double y = y_of(frame, step * i);
        fprintf(file,
                "<path class=\"grid\" d=\"M%d %.1fH%d\"/><text x=\"%d\" y=\"%.1f\" text-anchor=\"end\">",
                LEFT, y, RIGHT, LEFT - 6, y + 4);
        put_number(file, step * i);
        fputs("</text>", file);
    }
}

static void put_time_axis(const struct sim_svg_axis *axis, double y)
{
    double step = sim_svg_step(axis->seconds, TIME_TICKS);
    fprintf(axis->file, "<path class=\"axis\" d=\"M%d %.1fH%d\"/>", LEFT, y, RIGHT);
    for (int i = 0; step * i < axis->seconds * 1.001; i++)
        fprintf(axis->file, "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\">%g%s</text>",
                x_of(axis, step * i), y + 14, step * i > axis->seconds * 0.99 ? "end" : "middle", step * i,
                i == 0 ? " s" : "");
    fputs("\n", axis->file);
}

static void put_marks(const struct sim_svg_axis *axis, double from, double to)
{
    for (size_t i = 0; i < axis->mark_count; i++) {
        fprintf(axis->file, "<path class=\"mark\" d=\"M%.1f %.1fV%.1f\"><title>",
                x_of(axis, axis->marks[i].t_s), from, to);
        sim_html_text(axis->file, axis->marks[i].text);
        fprintf(axis->file, ", %.2f s</title></path>\n", axis->marks[i].t_s);
    }
}

/* ---- lines and layers ---- */

static double bin_x(double bin, size_t count)
{
    return LEFT + SIM_SVG_INNER * bin / (double)(count ? count : 1);
}

static void put_line(const struct frame *frame, const struct sim_svg_series *line)
{
    FILE *file = frame->axis->file;
    bool is_drawn = false;
    fprintf(file, "<path class=\"line l%c%s\" d=\"", line->color > 5 ? 'k' : (char)('0' + line->color),
            line->is_dashed ? " dash" : "");
    for (size_t i = 0; i < line->count; i++) {
        double value = (double)line->values[i];
        if (!isfinite(value)) {
            is_drawn = false;
            continue;
        }
        double y = y_of(frame, value);
        if (line->is_stepped) {
            if (!is_drawn || (double)line->values[i - 1] != value)
                fprintf(file, "%c%.1f %.1f", is_drawn ? 'L' : 'M', bin_x((double)i, line->count), y);
            if (i + 1 == line->count || (double)line->values[i + 1] != value)
                fprintf(file, "H%.1f", bin_x((double)i + 1, line->count));
        } else {
            fprintf(file, is_drawn ? "L%.1f %.1f" : "M%.1f %.1fh0", bin_x((double)i + 0.5, line->count), y);
        }
        is_drawn = true;
    }
    fputs("\"/>\n", file);
}

static double or_zero(float value)
{
    return isfinite((double)value) ? (double)value : 0;
}

/* A layer between what is under it and what it adds, in steps: runs of equal height are one. */
static void put_layer(const struct frame *frame, const double *below, const double *above, size_t count,
                      const struct sim_svg_series *layer)
{
    FILE *file = frame->axis->file;
    for (unsigned pass = 0; pass < 1u + layer->is_bad; pass++) {
        fprintf(file, pass ? "<path fill=\"url(#hatch)\" d=\"" : "<path class=\"k%u\" d=\"", layer->color);
        for (size_t i = 0, next; i < count; i = next) {
            for (next = i + 1; next < count && above[next] == above[i] && below[next] == below[i];)
                next++;
            if (above[i] > below[i])
                fprintf(file, "M%.1f %.1fH%.1fV%.1fH%.1fZ", bin_x((double)i, count), y_of(frame, below[i]),
                        bin_x((double)next, count), y_of(frame, above[i]), bin_x((double)i, count));
        }
        fputs("\"/>\n", file);
    }
}

static void put_layers(const struct frame *frame, const struct sim_svg_series *layers, size_t layer_count)
{
    size_t count = layer_count ? layers[0].count : 0;
    double *below = calloc(2 * count + 1, sizeof *below), *above = below + count;
    WZP_CHECK(below);
    for (size_t l = 0; l < layer_count; l++) {
        WZP_CHECK(layers[l].count == count);
        for (size_t i = 0; i < count; i++)
            above[i] = below[i] + or_zero(layers[l].values[i]);
        put_layer(frame, below, above, count, &layers[l]);
        memcpy(below, above, count * sizeof *below);
    }
    free(below);
}

static double greatest_of(const struct sim_svg_plot *plot)
{
    double greatest = plot->top;
    for (size_t l = 0; l < plot->line_count; l++)
        for (size_t i = 0; i < plot->lines[l].count; i++)
            greatest = fmax(greatest, or_zero(plot->lines[l].values[i]));
    for (size_t i = 0; plot->layer_count && i < plot->layers[0].count; i++) {
        double sum = 0;
        for (size_t l = 0; l < plot->layer_count; l++)
            sum += or_zero(plot->layers[l].values[i]);
        greatest = fmax(greatest, sum);
    }
    return greatest;
}

static void put_legend_item(FILE *file, const struct sim_svg_series *series, bool is_line)
{
    if (!series->name)
        return;
    fputs("<span><svg viewBox=\"0 0 16 10\">", file);
    if (is_line)
        fprintf(file, "<path class=\"line l%c%s\" d=\"M0 5H16\"/>",
                series->color > 5 ? 'k' : (char)('0' + series->color), series->is_dashed ? " dash" : "");
    else
        fprintf(file, "<path class=\"k%u\" d=\"M0 0H16V10H0Z\"/>", series->color);
    if (!is_line && series->is_bad)
        fputs("<path class=\"hatch\" d=\"M-2 10L8 0M6 10L16 0\"/>", file);
    fputs("</svg>", file);
    sim_html_text(file, series->name);
    fputs("</span>", file);
}

static void put_head(const struct sim_svg_axis *axis, const struct sim_svg_plot *plot)
{
    fputs("<div class=\"head\">", axis->file);
    sim_html_element(axis->file, "h3", plot->title);
    fputs("<div class=\"legend\">", axis->file);
    for (size_t l = 0; l < plot->layer_count; l++)
        put_legend_item(axis->file, &plot->layers[l], false);
    for (size_t l = 0; l < plot->line_count; l++)
        put_legend_item(axis->file, &plot->lines[l], true);
    fputs("</div></div>\n", axis->file);
}

void sim_svg_plot(const struct sim_svg_axis *axis, const struct sim_svg_plot *plot)
{
    double greatest = greatest_of(plot), step = sim_svg_step(greatest > 0 ? greatest : 1, VALUE_TICKS);
    struct frame frame = {axis, TOP, plot->height, greatest > 0 ? step * ceil(greatest / step - 1e-4) : 1};
    put_head(axis, plot);
    begin(axis, TOP + plot->height + BOTTOM, plot->title);
    put_value_axis(&frame);
    put_layers(&frame, plot->layers, plot->layer_count);
    put_marks(axis, TOP, TOP + plot->height);
    for (size_t l = 0; l < plot->line_count; l++)
        put_line(&frame, &plot->lines[l]);
    put_time_axis(axis, TOP + plot->height);
    end(axis, TOP, TOP + plot->height);
}

/* ---- strips ---- */

/* The lane of each mark's word, LANES_MAX for none; gives how many lanes are used. Words that are not routine
 * choose first; each takes the lowest lane where it touches no other. */
static unsigned place_words(const struct sim_svg_axis *axis, unsigned *lane)
{
    double *from = calloc(2 * axis->mark_count + 1, sizeof *from), *to = from + axis->mark_count;
    WZP_CHECK(from);
    unsigned used = 0;
    for (size_t i = 0; i < axis->mark_count; i++) {
        double width = LETTER * (double)strlen(axis->marks[i].text) + 14;
        double x = x_of(axis, axis->marks[i].t_s);
        from[i] = x + width > SIM_SVG_WIDTH ? x - width : x;
        to[i] = from[i] + width;
        lane[i] = LANES_MAX;
    }
    for (int routine = 0; routine < 2; routine++)
        for (size_t i = 0; i < axis->mark_count; i++) {
            unsigned free_lane = 0;
            if (axis->marks[i].is_routine != routine)
                continue;
            for (size_t k = 0; k < axis->mark_count && free_lane < LANES_MAX; k++)
                if (lane[k] == free_lane && from[k] < to[i] && from[i] < to[k]) {
                    free_lane++;
                    k = SIZE_MAX; /* from the first again */
                }
            lane[i] = free_lane;
            if (free_lane < LANES_MAX && free_lane + 1 > used)
                used = free_lane + 1;
        }
    free(from);
    return used;
}

/* Where the word of a mark stands; without a lane, where its line begins. */
static double word_y(unsigned lane, unsigned used)
{
    return lane < used ? TOP + LANE * (double)(used - lane) : TOP + LANE * (double)used + 4;
}

/* The lines first: words stand upon them. */
static void put_words(const struct sim_svg_axis *axis, const unsigned *lane, unsigned used, double bottom)
{
    for (size_t i = 0; i < axis->mark_count; i++) {
        const struct sim_svg_mark *mark = &axis->marks[i];
        fprintf(axis->file, "<path class=\"mark\" d=\"M%.1f %.1fV%.1f\"><title>", x_of(axis, mark->t_s),
                word_y(lane[i], used) - 9, bottom);
        sim_html_text(axis->file, mark->text);
        fprintf(axis->file, ", %.2f s</title></path>\n", mark->t_s);
    }
    for (size_t i = 0; i < axis->mark_count; i++) {
        const struct sim_svg_mark *mark = &axis->marks[i];
        double x = x_of(axis, mark->t_s), width = LETTER * (double)strlen(mark->text) + 14;
        bool is_left = x + width > SIM_SVG_WIDTH;
        if (lane[i] >= used)
            continue;
        fprintf(axis->file, "<text class=\"word%s\" x=\"%.1f\" y=\"%.1f\"%s>", mark->is_routine ? "" : " on",
                is_left ? x - 4 : x + 4, word_y(lane[i], used), is_left ? " text-anchor=\"end\"" : "");
        sim_html_text(axis->file, mark->text);
        fputs("</text>\n", axis->file);
    }
}

static void put_strip(const struct sim_svg_axis *axis, const struct sim_svg_strip *strip, double y)
{
    FILE *file = axis->file;
    double bottom = y + STRIP - 3, top = bottom - STRIP_BAR;
    fprintf(file, "<path class=\"empty\" d=\"M%d %.1fH%dV%.1fH%dZ\"/>", LEFT, top, RIGHT, bottom, LEFT);
    fprintf(file, "<path class=\"%s\" d=\"", strip->is_network ? "heat" : "k4");
    for (size_t i = 0, next; i < strip->count; i = next) {
        double share = fmin(or_zero(strip->shares[i]), 1);
        for (next = i + 1; next < strip->count && or_zero(strip->shares[next]) == share;)
            next++;
        if (share > 0)
            fprintf(file, "M%.1f %.1fV%.1fH%.1fV%.1fZ", bin_x((double)i, strip->count), bottom,
                    bottom - fmax(STRIP_BAR * share, 1), bin_x((double)next, strip->count), bottom);
    }
    fputs("\"/>\n", file);
}

static void put_strip_words(const struct sim_svg_axis *axis, const struct sim_svg_strip *strip, double y)
{
    FILE *file = axis->file;
    y += STRIP - STRIP_BAR - 7;
    fprintf(file, "<text class=\"name word\" x=\"%d\" y=\"%.1f\">", LEFT, y);
    sim_html_text(file, strip->name);
    fprintf(file, "</text><text class=\"name word\" x=\"%d\" y=\"%.1f\" text-anchor=\"end\">", RIGHT, y);
    sim_html_text(file, strip->verdict);
    fputs("</text>\n", file);
}

void sim_svg_strips(const struct sim_svg_axis *axis, const char *title, const struct sim_svg_strip *strips,
                    size_t count)
{
    unsigned *lane = calloc(axis->mark_count + 1, sizeof *lane);
    WZP_CHECK(lane);
    unsigned used = place_words(axis, lane);
    double top = TOP + LANE * used + 6, bottom = top + STRIP * (double)count;
    begin(axis, bottom + BOTTOM, title);
    /* Shared by all plots of the page. */
    fputs("<defs><pattern id=\"hatch\" width=\"6\" height=\"6\" patternUnits=\"userSpaceOnUse\" "
          "patternTransform=\"rotate(45)\"><path class=\"hatch\" d=\"M0 0V6\"/></pattern></defs>\n",
          axis->file);
    for (size_t i = 0; i < count; i++)
        put_strip(axis, &strips[i], top + STRIP * (double)i);
    put_words(axis, lane, used, bottom);
    for (size_t i = 0; i < count; i++)
        put_strip_words(axis, &strips[i], top + STRIP * (double)i);
    put_time_axis(axis, bottom);
    end(axis, top, bottom);
    free(lane);
}

/* ---- loudness ---- */

static void put_wave(const struct sim_svg_axis *axis, const float *peaks, size_t count, double loudest,
                     double middle, double height)
{
    fprintf(axis->file, "<path class=\"k%d\" d=\"M%d %.1f", height > 0 ? 0 : 1, LEFT, middle);
    for (size_t i = 0; i < count; i++)
        fprintf(axis->file, "L%.1f %.1f", bin_x((double)i + 0.5, count),
                middle - height * or_zero(peaks[i]) / loudest);
    fprintf(axis->file, "L%d %.1fZ\"/>\n", RIGHT, middle);
}

void sim_svg_waves(const struct sim_svg_axis *axis, const char *title, const float *said, const float *heard,
                   size_t count)
{
    const double half = 36;
    const struct sim_svg_series names[] = {{.name = "said (up)", .color = 0},
                                           {.name = "heard (down)", .color = 1}};
    double loudest = 1e-3;
    for (size_t i = 0; i < count; i++)
        loudest = fmax(loudest, fmax(or_zero(said[i]), or_zero(heard[i])));
    put_head(axis, &(struct sim_svg_plot){.title = title, .layers = names, .layer_count = 2});
    begin(axis, TOP + 2 * half + BOTTOM, title);
    put_wave(axis, said, count, loudest, TOP + half, half);
    put_wave(axis, heard, count, loudest, TOP + half, -half);
    put_marks(axis, TOP, TOP + 2 * half);
    put_time_axis(axis, TOP + 2 * half);
    end(axis, TOP, TOP + 2 * half);
}
