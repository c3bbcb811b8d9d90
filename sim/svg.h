// SPDX-License-Identifier: Apache-2.0
/*
 * Plots over time as inline SVG, written by our own hand: lines, stacked areas, strips, loudness.
 *
 * Law: all plots of a page share one time axis, 0..seconds, at the same place, so that they can be read
 * against each other down the page; the same marks go through all of them; a series is an array of equal bins
 * over that axis and a plot's size is bounded by their number; NAN breaks a line and leaves a gap in an area;
 * what is written is well-formed XML with every text escaped; equal input gives equal bytes.
 *
 * All is lent by the caller, for the call. Does not: compute what it draws. Colours and classes are those of
 * sim/html.c.
 */
#ifndef WZP_SIM_SVG_H
#define WZP_SIM_SVG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#define SIM_SVG_WIDTH 1000
#define SIM_SVG_LEFT  52
#define SIM_SVG_INNER 936 /* from LEFT on */

/* Something that happened. */
struct sim_svg_mark {
    double t_s;
    const char *text;
    bool is_routine; /* its word gives way to others where there is no room */
};

struct sim_svg_axis {
    FILE *file;
    double seconds; /* > 0 */
    const struct sim_svg_mark *marks;
    size_t mark_count;
};

/* Value i is of [i, i + 1) * seconds / count. */
struct sim_svg_series {
    const char *name; /* for the legend; NULL: not in it */
    const float *values;
    size_t count;
    unsigned color;  /* of a line 0..5, or 6: ink; of a layer 0..5 */
    bool is_bad;     /* a layer: hatched */
    bool is_dashed;  /* a line */
    bool is_stepped; /* a line: holds through its bin */
};

struct sim_svg_plot {
    const char *title; /* with its unit; also what is read aloud */
    double height;
    double top; /* of the value axis, at least; 0: as the values say */
    const struct sim_svg_series *layers;
    size_t layer_count;
    const struct sim_svg_series *lines; /* over the layers */
    size_t line_count;
};

/* Title, legend and plot; from 0 up. */
void sim_svg_plot(const struct sim_svg_axis *axis, const struct sim_svg_plot *plot);

/* A row of bars, each as high as its share 0..1. */
struct sim_svg_strip {
    const char *name;    /* written above the row */
    const char *verdict; /* and this at its end */
    const float *shares;
    size_t count;
    bool is_network; /* coloured so; else as what was heard badly */
};

/* The words of the marks above rows of bars: what happened, and what it did. */
void sim_svg_strips(const struct sim_svg_axis *axis, const char *title, const struct sim_svg_strip *strips,
                    size_t count);

/* Loudness (0..1), what was said upwards and what was heard downwards. */
void sim_svg_waves(const struct sim_svg_axis *axis, const char *title, const float *said, const float *heard,
                   size_t count);

/* The least of 1, 2, 5 times a power of ten that cuts `range` into at most `parts`. */
double sim_svg_step(double range, int parts);

#endif
