// SPDX-License-Identifier: Apache-2.0
/*
 * A run as one HTML page: the verdict, the numbers of every member, and what happened over time, as inline
 * SVG by our own hand. One file, no script, nothing fetched, light or dark as the reader's system is.
 *
 * The law: every text is escaped, wherever it came from (member names are a peer's words); all plots share
 * one time axis, 0..seconds, so that they can be read against each other down the page; equal input gives
 * equal bytes; a plot's size is bounded by its width, not by its points (points that fall into one column
 * become its least and greatest).
 *
 * All is lent by the caller, for the call. NULL text is "". Does not: compute a measurement, read a clock,
 * open files.
 */
#ifndef WZP_SIM_REPORT_H
#define WZP_SIM_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* How a 20 ms frame came to be heard; name, what the legend says. The order is that of the stack, from below.
 */
#define SIM_REPORT_KIND_LIST(X)                                                                              \
    X(RECEIVED, "received")                                                                                  \
    X(REPAIRED, "repaired")                                                                                  \
    X(LBRR, "recovered (LBRR)")                                                                              \
    X(DRED, "recovered (DRED)")                                                                              \
    X(CONCEALED, "concealed")                                                                                \
    X(COMFORT, "comfort noise")

enum sim_report_kind {
#define X(name, text) SIM_REPORT_##name,
    SIM_REPORT_KIND_LIST(X)
#undef X
        SIM_REPORT_KINDS
};

struct sim_report_fact {
    const char *name;
    const char *value;
};

struct sim_report_judge {
    const char *name;
    const char *text; /* what was found, against which bound */
    bool passed;
};

struct sim_report_table {
    const char *title;
    const char *const *columns;
    size_t column_count;
    const char *const *cells; /* row by row, row_count * column_count */
    size_t row_count;
};

struct sim_report_point {
    double t_s;
    double value; /* NAN = the line is broken here */
};

/* One line; its points in the order of time. */
struct sim_report_series {
    const char *name;
    const struct sim_report_point *points;
    size_t count;
};

/* Lines over time from 0 up. */
struct sim_report_plot {
    const char *title; /* with the unit: "Bytes per second" */
    const struct sim_report_series *series;
    size_t series_count;
};

/* The frames of one second by kind. */
struct sim_report_second {
    unsigned frames[SIM_REPORT_KINDS];
};

/* Loudness over time: peak i is the largest amplitude (0..1) in [i, i + 1) peak_s. */
struct sim_report_envelope {
    const float *peaks;
    size_t count;
    double peak_s;
};

/* What one member heard of one other. */
struct sim_report_pair {
    const char *listener;
    const char *speaker;
    const char *summary; /* one line under the title */
    const struct sim_report_second *heard;
    size_t heard_count;                    /* second i is [i, i + 1) s of the run */
    struct sim_report_series mouth_to_ear; /* ms; count 0 = no plot */
    struct sim_report_envelope original;   /* count 0 in both = no plot */
    struct sim_report_envelope played;
};

struct sim_report {
    const char *title;
    const char *subtitle;
    const char *verdict; /* "passed", "quality" ... */
    bool passed;
    double seconds;                      /* length of the time axis, > 0 */
    const struct sim_report_fact *facts; /* seed, trace hash, versions ... */
    size_t fact_count;
    const struct sim_report_fact *params;
    size_t param_count;
    const struct sim_report_judge *judges;
    size_t judge_count;
    const struct sim_report_table *tables; /* members, and what they heard */
    size_t table_count;
    const struct sim_report_pair *pairs;
    size_t pair_count;
    const struct sim_report_plot *plots; /* packets lost, bytes up and down ... */
    size_t plot_count;
};

/* The envelope of `len` samples as `count` peaks of equal parts; the parts are empty (0) where there are no
 * samples. */
void sim_report_peaks(const float *samples, size_t len, float *peaks, size_t count);

/* False when the file could not be written. */
bool sim_report_write(FILE *file, const struct sim_report *report);

#endif
