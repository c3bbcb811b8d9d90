// SPDX-License-Identifier: Apache-2.0
/* The grid and what is written of it; sim/matrix_run.c fills it. */
#include "sim/matrix.h"

#include "base/check.h"
#include "run/json.h"
#include "sim/html.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define CELL_WIDTH  108
#define CELL_HEIGHT 40

const char *sim_matrix_add_axis(struct sim_matrix *matrix, const char *text)
{
    struct sim_matrix_axis *axis = &matrix->axis[matrix->axis_count];
    size_t key_len = strcspn(text, "=");
    if (matrix->axis_count == SIM_MATRIX_AXES_MAX)
        return "too many parameters";
    if (text[key_len] != '=' || key_len == 0 || key_len >= sizeof axis->key)
        return "a parameter is key=value,value,...";
    *axis = (struct sim_matrix_axis){.count = 0};
    memcpy(axis->key, text, key_len);
    for (unsigned i = 0; i < matrix->axis_count; i++)
        if (strcmp(matrix->axis[i].key, axis->key) == 0)
            return "the same parameter twice";
    for (const char *at = text + key_len; *at; at += 1 + strcspn(at + 1, ",")) {
        size_t len = strcspn(at + 1, ",");
        if (axis->count == SIM_MATRIX_VALUES_MAX)
            return "too many values";
        if (len == 0 || len >= sizeof axis->value[0])
            return "a value is empty or too long";
        memcpy(axis->value[axis->count++], at + 1, len);
    }
    matrix->axis_count++;
    return NULL;
}

size_t sim_matrix_cells(const struct sim_matrix *matrix)
{
    size_t cells = 1;
    for (unsigned i = 0; i < matrix->axis_count && cells <= SIM_MATRIX_RUNS_MAX; i++)
        cells *= matrix->axis[i].count;
    return cells;
}

unsigned sim_matrix_at(const struct sim_matrix *matrix, size_t cell, unsigned axis)
{
    for (unsigned i = matrix->axis_count - 1; i > axis; i--)
        cell /= matrix->axis[i].count;
    return (unsigned)(cell % matrix->axis[axis].count);
}

double sim_matrix_median(const struct sim_matrix *matrix, size_t cell)
{
    double *values = calloc(matrix->seeds, sizeof *values);
    WZP_CHECK(values);
    memcpy(values, &matrix->value[cell * matrix->seeds], matrix->seeds * sizeof *values);
    double median = sim_metric_median(values, matrix->seeds);
    free(values);
    return median;
}

static unsigned failed_in(const struct sim_matrix *matrix, size_t cell)
{
    unsigned failed = 0;
    for (size_t i = 0; i < matrix->seeds; i++)
        failed += matrix->failed[cell * matrix->seeds + i] > 0;
    return failed;
}

/* ---- planes: the grid as tables of two axes ---- */

/* The two axes of a table, those with the most to tell: the first ones with several values.
 * SIM_MATRIX_AXES_MAX for none. All cells of one plane agree in all other axes. */
struct plane {
    unsigned down, across;
    size_t first; /* its upper left cell */
};

static size_t stride(const struct sim_matrix *matrix, unsigned axis)
{
    size_t cells = 1;
    for (unsigned i = axis + 1; i < matrix->axis_count; i++)
        cells *= matrix->axis[i].count;
    return cells;
}

static struct plane plane_of(const struct sim_matrix *matrix)
{
    struct plane plane = {SIM_MATRIX_AXES_MAX, SIM_MATRIX_AXES_MAX, 0};
    for (unsigned i = matrix->axis_count; i-- > 0;)
        if (matrix->axis[i].count > 1) {
            plane.across = plane.down;
            plane.down = i;
        }
    return plane;
}

/* Is the cell the upper left one of a plane? */
static bool begins(const struct sim_matrix *matrix, const struct plane *plane, size_t cell)
{
    return (plane->down == SIM_MATRIX_AXES_MAX || sim_matrix_at(matrix, cell, plane->down) == 0) &&
           (plane->across == SIM_MATRIX_AXES_MAX || sim_matrix_at(matrix, cell, plane->across) == 0);
}

static unsigned length(const struct sim_matrix *matrix, unsigned axis)
{
    return axis == SIM_MATRIX_AXES_MAX ? 1 : matrix->axis[axis].count;
}

static size_t cell_at(const struct sim_matrix *matrix, const struct plane *plane, unsigned row,
                      unsigned column)
{
    size_t cell = plane->first;
    if (plane->down < SIM_MATRIX_AXES_MAX)
        cell += row * stride(matrix, plane->down);
    if (plane->across < SIM_MATRIX_AXES_MAX)
        cell += column * stride(matrix, plane->across);
    return cell;
}

/* What all its cells have in common: " rtt=40ms burst=3". */
static void name_plane(const struct sim_matrix *matrix, const struct plane *plane, char *name, size_t room)
{
    size_t len = 0;
    name[0] = '\0';
    for (unsigned i = 0; i < matrix->axis_count && len < room; i++)
        if (i != plane->down && i != plane->across)
            len += (size_t)snprintf(name + len, room - len, "%s%s=%s", len ? " " : "", matrix->axis[i].key,
                                    matrix->axis[i].value[sim_matrix_at(matrix, plane->first, i)]);
}

static const char *value_name(const struct sim_matrix *matrix, unsigned axis, unsigned i)
{
    return axis == SIM_MATRIX_AXES_MAX ? "" : matrix->axis[axis].value[i];
}

/* "loss \ rtt", or what there is of it. */
static void name_corner(const struct sim_matrix *matrix, const struct plane *plane, char *name, size_t room)
{
    bool has_down = plane->down < SIM_MATRIX_AXES_MAX, has_across = plane->across < SIM_MATRIX_AXES_MAX;
    snprintf(name, room, "%s%s%s", has_down ? matrix->axis[plane->down].key : "", has_across ? " \\ " : "",
             has_across ? matrix->axis[plane->across].key : "");
}

/* A cell as text: the median, and how many seeds had a judge that failed. */
static void name_cell(const struct sim_matrix *matrix, size_t cell, char *name, size_t room)
{
    double median = sim_matrix_median(matrix, cell);
    unsigned failed = failed_in(matrix, cell);
    int len = isnan(median) ? snprintf(name, room, "-")
                            : snprintf(name, room, "%.*f", matrix->metric->decimals, median);
    if (failed)
        snprintf(name + len, room - (size_t)len, " !%u", failed);
}

/* ---- what is written ---- */

static void print_plane(const struct sim_matrix *matrix, const struct plane *plane, FILE *out)
{
    char name[SIM_MATRIX_AXES_MAX * 66];
    name_plane(matrix, plane, name, sizeof name);
    fprintf(out, name[0] ? "\n%s\n" : "%s\n", name);
    name_corner(matrix, plane, name, sizeof name);
    fprintf(out, "%-16s", name);
    for (unsigned c = 0; c < length(matrix, plane->across); c++)
        fprintf(out, " %14s", value_name(matrix, plane->across, c));
    fprintf(out, "\n");
    for (unsigned r = 0; r < length(matrix, plane->down); r++) {
        fprintf(out, "%-16s", value_name(matrix, plane->down, r));
        for (unsigned c = 0; c < length(matrix, plane->across); c++) {
            name_cell(matrix, cell_at(matrix, plane, r, c), name, sizeof name);
            fprintf(out, " %14s", name);
        }
        fprintf(out, "\n");
    }
}

void sim_matrix_print(const struct sim_matrix *matrix, FILE *out)
{
    struct plane plane = plane_of(matrix);
    fprintf(out, "%s: %s, the worst that anybody met, median of %u seeds from %llu on\n", matrix->file,
            matrix->metric->name, matrix->seeds, (unsigned long long)matrix->first_seed);
    for (size_t cell = 0; cell < sim_matrix_cells(matrix); cell++)
        if (failed_in(matrix, cell)) {
            fprintf(out, "!N: with N of the seeds a judge failed\n");
            break;
        }
    for (; plane.first < sim_matrix_cells(matrix); plane.first++)
        if (begins(matrix, &plane, plane.first))
            print_plane(matrix, &plane, out);
}

bool sim_matrix_json(const struct sim_matrix *matrix, FILE *out)
{
    struct wzp_json json = wzp_json_make(out);
    wzp_json_begin_object(&json, NULL);
    wzp_json_text(&json, "scenario", matrix->file);
    wzp_json_text(&json, "metric", matrix->metric->name);
    wzp_json_int(&json, "first_seed", (int64_t)matrix->first_seed);
    wzp_json_int(&json, "seeds", matrix->seeds);
    wzp_json_begin_array(&json, "cells");
    for (size_t cell = 0; cell < sim_matrix_cells(matrix); cell++) {
        wzp_json_begin_object(&json, NULL);
        wzp_json_begin_object(&json, "params");
        for (unsigned i = 0; i < matrix->axis_count; i++)
            wzp_json_text(&json, matrix->axis[i].key, matrix->axis[i].value[sim_matrix_at(matrix, cell, i)]);
        wzp_json_end(&json);
        wzp_json_real(&json, "median", sim_matrix_median(matrix, cell), matrix->metric->decimals);
        wzp_json_int(&json, "seeds_failed", failed_in(matrix, cell));
        wzp_json_begin_array(&json, "values");
        for (size_t i = 0; i < matrix->seeds; i++)
            wzp_json_real(&json, NULL, matrix->value[cell * matrix->seeds + i], matrix->metric->decimals);
        wzp_json_end(&json);
        wzp_json_end(&json);
    }
    wzp_json_end(&json);
    wzp_json_end(&json);
    return wzp_json_finish(&json);
}

/* The least and the greatest median of all cells: one scale for all planes. */
static void range_of(const struct sim_matrix *matrix, double *least, double *greatest)
{
    *least = INFINITY;
    *greatest = -INFINITY;
    for (size_t cell = 0; cell < sim_matrix_cells(matrix); cell++) {
        double median = sim_matrix_median(matrix, cell);
        *least = median < *least ? median : *least;
        *greatest = median > *greatest ? median : *greatest;
    }
    if (matrix->metric->better <= 0 && *least > 0)
        *least = 0; /* nothing at all is pale */
}

/* 0: as good as it gets, 1: the worst there is. */
static double badness(const struct sim_matrix *matrix, double median, double least, double greatest)
{
    if (isnan(median) || greatest <= least)
        return 0;
    double share = (median - least) / (greatest - least);
    return matrix->metric->better > 0 ? 1 - share : share;
}

static void put_svg_text(FILE *out, const char *class, double x, double y, const char *anchor,
                         const char *text)
{
    fprintf(out, "<text class=\"%s\" x=\"%g\" y=\"%g\" text-anchor=\"%s\">", class, x, y, anchor);
    sim_html_text(out, text);
    fputs("</text>", out);
}

static void put_plane(const struct sim_matrix *matrix, const struct plane *plane, FILE *out)
{
    char name[SIM_MATRIX_AXES_MAX * 66];
    double least, greatest, left = 120, top = 24;
    unsigned rows = length(matrix, plane->down), columns = length(matrix, plane->across);
    range_of(matrix, &least, &greatest);
    name_plane(matrix, plane, name, sizeof name);
    fputs("<section>", out);
    sim_html_element(out, "h2", name[0] ? name : matrix->metric->name);
    double width = left + CELL_WIDTH * columns, height = top + CELL_HEIGHT * rows;
    fprintf(out,
            "<svg viewBox=\"0 0 %g %g\" style=\"max-width:%gpx\" role=\"img\" aria-label=\"heat map\">\n",
            width, height, width);
    name_corner(matrix, plane, name, sizeof name);
    put_svg_text(out, "", left - 10, top - 8, "end", name);
    for (unsigned c = 0; c < columns; c++)
        put_svg_text(out, "name", left + CELL_WIDTH * (c + 0.5), top - 8, "middle",
                     value_name(matrix, plane->across, c));
    for (unsigned r = 0; r < rows; r++) {
        put_svg_text(out, "name", left - 10, top + CELL_HEIGHT * (r + 0.6), "end",
                     value_name(matrix, plane->down, r));
        for (unsigned c = 0; c < columns; c++) {
            size_t cell = cell_at(matrix, plane, r, c);
            double bad = badness(matrix, sim_matrix_median(matrix, cell), least, greatest);
            fprintf(out,
                    "<rect class=\"heat cell\" x=\"%g\" y=\"%g\" width=\"%d\" height=\"%d\" rx=\"4\" "
                    "fill-opacity=\"%.3f\"/>",
                    left + CELL_WIDTH * c + 1, top + CELL_HEIGHT * r + 1, CELL_WIDTH - 2, CELL_HEIGHT - 2,
                    0.04 + 0.62 * bad);
            name_cell(matrix, cell, name, sizeof name);
            put_svg_text(out, "name value", left + CELL_WIDTH * (c + 0.5), top + CELL_HEIGHT * (r + 0.6),
                         "middle", name);
        }
        fputs("\n", out);
    }
    fputs("</svg></section>\n", out);
}

bool sim_matrix_page(const struct sim_matrix *matrix, FILE *out)
{
    struct plane plane = plane_of(matrix);
    char seeds[64];
    unsigned failed = 0;
    snprintf(seeds, sizeof seeds, "%u from %llu on", matrix->seeds, (unsigned long long)matrix->first_seed);
    for (size_t cell = 0; cell < sim_matrix_cells(matrix); cell++)
        failed += failed_in(matrix, cell);
    const struct sim_html_fact facts[] = {{"measure", matrix->metric->name}, {"seeds", seeds}};
    char verdict[64];
    snprintf(verdict, sizeof verdict, failed ? "judges failed in %u runs" : "all judges passed", failed);
    sim_html_begin(out, matrix->file);
    fputs("<header>", out);
    sim_html_title(out, matrix->file, verdict, failed == 0);
    sim_html_facts(out, facts, 2);
    fputs("<p>Each cell: the worst that anybody met, the median over the seeds; the stronger the colour, the "
          "worse. !N: "
          "with N "
          "of the seeds a judge failed.</p></header>\n",
          out);
    for (; plane.first < sim_matrix_cells(matrix); plane.first++)
        if (begins(matrix, &plane, plane.first))
            put_plane(matrix, &plane, out);
    return sim_html_end(out);
}
