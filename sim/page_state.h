// SPDX-License-Identifier: Apache-2.0
/* What the parts of a page share (sim/page.h): what was found of the run, memory that lives as long as the
 * page, and the sections of pairs and networks. Not for others. */
#ifndef WZP_SIM_PAGE_STATE_H
#define WZP_SIM_PAGE_STATE_H

#include "sim/run.h"
#include "sim/svg.h"

#define SIM_PAGE_COARSE    5    /* bins of the series in one of the plots of rates and shares */
#define SIM_PAGE_DRAWN_MAX 8    /* pairs and people in full: the worst; all are in the table */
#define SIM_PAGE_WORTH_PCT 0.05 /* of packets lost: from here on a link is worth a row */

struct sim_page_pair {
    const struct sim_person *listener, *speaker;
    const struct sim_hearing *hearing;
    const struct wzp_member_hears *hears;
    struct sim_freezes freezes;
};

/* One direction of a link over the whole run. */
struct sim_page_way {
    const struct sim_person *person;
    const struct sim_series_link *bins;
    bool is_up;
    double packets, gone, lost_pct, queue_max_ms, delay_ms;
};

struct sim_page {
    const struct sim_run *run;
    struct sim_series *series;
    struct sim_svg_axis axis;
    int64_t bin_ns;
    size_t bins, coarse; /* bins = SIM_PAGE_COARSE * coarse, at least those of the series */
    struct sim_page_pair *pair;
    size_t pair_count;
    struct sim_page_way *way;
    size_t way_count;
    void **kept; /* all that lives as long as the page */
    size_t kept_count;
};

/* Zeroed, freed with the page. */
void *sim_page_take(struct sim_page *page, size_t count, size_t size);
float *sim_page_floats(struct sim_page *page, size_t count);
/* A text, as printf has it. */
__attribute__((format(printf, 2, 3))) const char *sim_page_say(struct sim_page *page, const char *format,
                                                               ...);
/* The same of one number; "-" for NAN. */
const char *sim_page_number(struct sim_page *page, const char *format, double value);
double sim_page_or_zero(double value); /* for NAN */
/* The bin of a time, at most the last. */
size_t sim_page_bin(const struct sim_page *page, int64_t at_ns);
const char *sim_page_way_said(struct sim_page *page, const struct sim_page_way *way);

/* page_pair.c: what one heard of another. */
void sim_page_put_pair(struct sim_page *page, const struct sim_page_pair *pair);
/* page_flows.c: of every sink, the line that flows share. */
void sim_page_put_flows(struct sim_page *page);
/* page_network.c: what a link lost, by reason, and how late it was. `belief_pct`: what its sender believes,
 * of each bin, or NULL. */
void sim_page_put_link(struct sim_page *page, const struct sim_series_link *bins, const float *belief_pct);
/* Of everybody, those that were hurt first. */
void sim_page_put_networks(struct sim_page *page);

#endif
