// SPDX-License-Identifier: Apache-2.0
/* A person's links over time: what was sent against what the line takes, what was lost, what waited. */
#include "sim/html.h"
#include "sim/page_state.h"

#include <math.h>

#define FAR_ABOVE 4.0 /* a bound so far above what is drawn would flatten it */

/* Of what a way carried, kbit/s in each coarse bin. */
static float *rate_of(struct sim_page *page, const struct sim_page_way *way)
{
    float *rate = sim_page_floats(page, page->coarse);
    for (size_t i = 0; i < sim_series_bins(page->series); i++)
        rate[i / SIM_PAGE_COARSE] += (float)((double)way->bins[i].bytes * 8 * 1e6 /
                                             (double)(page->bin_ns * SIM_PAGE_COARSE));
    return rate;
}

static float greatest(const float *values, size_t count)
{
    float most = 0;
    for (size_t i = 0; i < count; i++)
        most = values[i] > most ? values[i] : most; /* NAN is never more */
    return most;
}

/* A bound of the rate as a line, where it is not so far above what it bounds that it would flatten it. */
static void add_bound(struct sim_page *page, struct sim_svg_series *lines, size_t *count, const float *values,
                      float most, struct sim_svg_series line)
{
    size_t bins = sim_series_bins(page->series);
    float *near = sim_page_floats(page, bins);
    bool has_any = false;
    for (size_t i = 0; i < bins; i++) {
        bool is_near = (double)values[i] <= FAR_ABOVE * (double)most; /* NAN is not */
        near[i] = is_near ? values[i] : (float)NAN;
        has_any = has_any || is_near;
    }
    line.values = near;
    line.count = bins;
    if (has_any)
        lines[(*count)++] = line;
}

static float *capacity_of(struct sim_page *page, const struct sim_page_way *way, const char **name)
{
    float *capacity = sim_page_floats(page, sim_series_bins(page->series));
    float least = INFINITY, most = 0;
    for (size_t i = 0; i < sim_series_bins(page->series); i++) {
        capacity[i] = way->bins[i].capacity_kbps;
        least = capacity[i] < least ? capacity[i] : least;
        most = capacity[i] > most ? capacity[i] : most;
    }
    *name = most <= 0       ? "no bound of the line"
            : most <= least ? sim_page_say(page, "line: %.4g kbit/s", (double)most)
                            : sim_page_say(page, "line: %.4g to %.4g kbit/s", (double)least, (double)most);
    return capacity;
}

static void put_sent(struct sim_page *page, const struct sim_page_way *way)
{
    const struct sim_series_person *person = sim_series_person(page->series, way->person->index);
    float *rate = rate_of(page, way), *kinds[3];
    for (unsigned k = 0; k < 3; k++)
        kinds[k] = sim_page_floats(page, page->coarse);
    for (size_t i = 0; i < sim_series_bins(page->series); i++) {
        const uint32_t bytes[3] = {person->sent[i].media, person->sent[i].repair, person->sent[i].feedback};
        for (unsigned k = 0; k < 3; k++)
            kinds[k][i / SIM_PAGE_COARSE] += (float)(bytes[k] * 8 * 1e6 /
                                                     (double)(page->bin_ns * SIM_PAGE_COARSE));
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
    size_t count = 0;
    const char *line_name;
    const float *capacity = capacity_of(page, way, &line_name);
    add_bound(page, lines, &count, capacity, most,
              (struct sim_svg_series){.name = "capacity", .color = 6, .is_stepped = true});
    add_bound(page, lines, &count, person->estimate_kbps, most,
              (struct sim_svg_series){.name = "estimate", .color = 1, .is_dashed = true});
    add_bound(page, lines, &count, person->speech_kbps, most,
              (struct sim_svg_series){.name = "speech codec", .color = 5, .is_stepped = true});
    sim_svg_plot(&page->axis,
                 &(struct sim_svg_plot){.title = sim_page_say(page, "Sent, kbit/s (%s)", line_name),
                                        .height = 90,
                                        .layers = layers,
                                        .layer_count = 4,
                                        .lines = lines,
                                        .line_count = count});
}

static void put_received(struct sim_page *page, const struct sim_page_way *way)
{
    float *rate = rate_of(page, way);
    const struct sim_svg_series layer = {
        .name = "given to the line", .values = rate, .count = page->coarse, .color = 0};
    struct sim_svg_series line;
    size_t count = 0;
    const char *line_name;
    const float *capacity = capacity_of(page, way, &line_name);
    add_bound(page, &line, &count, capacity, greatest(rate, page->coarse),
              (struct sim_svg_series){.name = "capacity", .color = 6, .is_stepped = true});
    sim_svg_plot(
        &page->axis,
        &(struct sim_svg_plot){.title = sim_page_say(page, "Received from the relay, kbit/s (%s)", line_name),
                               .height = 70,
                               .layers = &layer,
                               .layer_count = 1,
                               .lines = &line,
                               .line_count = count});
}

static void put_lost(struct sim_page *page, const struct sim_series_link *bins, const float *belief_pct)
{
    float *shares[3], *packets = sim_page_floats(page, page->coarse);
    for (unsigned k = 0; k < 3; k++)
        shares[k] = sim_page_floats(page, page->coarse);
    for (size_t i = 0; i < sim_series_bins(page->series); i++) {
        packets[i / SIM_PAGE_COARSE] += (float)bins[i].packets;
        shares[0][i / SIM_PAGE_COARSE] += (float)bins[i].lost;
        shares[1][i / SIM_PAGE_COARSE] += (float)bins[i].queue_drops;
        shares[2][i / SIM_PAGE_COARSE] += (float)bins[i].too_large;
    }
    for (unsigned k = 0; k < 3; k++)
        for (size_t i = 0; i < page->coarse; i++)
            shares[k][i] = packets[i] > 0 ? 100 * shares[k][i] / packets[i] : 0;
    const struct sim_svg_series layers[] = {
        {.name = "lost on the way", .values = shares[0], .count = page->coarse, .color = 4, .is_bad = true},
        {.name = "queue was full", .values = shares[1], .count = page->coarse, .color = 2},
        {.name = "too large", .values = shares[2], .count = page->coarse, .color = 3}};
    const struct sim_svg_series belief = {.name = "as the sender believes",
                                          .values = belief_pct,
                                          .count = sim_series_bins(page->series),
                                          .color = 6,
                                          .is_dashed = true};
    sim_svg_plot(&page->axis, &(struct sim_svg_plot){.title = "Packets lost, %",
                                                     .height = 56,
                                                     .top = 10,
                                                     .layers = layers,
                                                     .layer_count = 3,
                                                     .lines = &belief,
                                                     .line_count = belief_pct != NULL});
}

static void put_link_delay(struct sim_page *page, const struct sim_series_link *link)
{
    size_t bins = sim_series_bins(page->series);
    float *delay = sim_page_floats(page, bins), *queue = sim_page_floats(page, bins);
    for (size_t i = 0; i < bins; i++) {
        const struct sim_series_link *bin = &link[i];
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

void sim_page_put_link(struct sim_page *page, const struct sim_series_link *bins, const float *belief_pct)
{
    put_lost(page, bins, belief_pct);
    put_link_delay(page, bins);
}

static bool is_hurt(const struct sim_page_way *way)
{
    return way->lost_pct >= SIM_PAGE_WORTH_PCT || way->queue_max_ms >= 20;
}

/* Up and down; folded where there is nothing to see. */
static void put_network(struct sim_page *page, const struct sim_page_way *up, const struct sim_page_way *down)
{
    FILE *file = page->axis.file;
    fputs(is_hurt(up) || is_hurt(down) ? "<details open=\"open\"><summary><h2>" : "<details><summary><h2>",
          file);
    sim_html_element(file, "span", sim_page_say(page, "The network of %s", up->person->config.name));
    fputs("</h2>", file);
    if (!is_hurt(up) && !is_hurt(down))
        fputs("nothing went wrong here", file);
    fputs("</summary>\n", file);
    sim_html_element(file, "p", sim_page_say(page, "Up: %s.", sim_page_way_said(page, up)));
    put_sent(page, up);
    sim_page_put_link(page, up->bins, sim_series_person(page->series, up->person->index)->loss_pct);
    sim_html_element(file, "p", sim_page_say(page, "Down: %s.", sim_page_way_said(page, down)));
    put_received(page, down);
    sim_page_put_link(page, down->bins, NULL);
    fputs("</details>\n", file);
}

/* Those whose links are worst, in the order of people. */
void sim_page_put_networks(struct sim_page *page)
{
    size_t drawn = 0;
    for (int hurt = 1; hurt >= 0; hurt--)
        for (size_t i = 0; i + 1 < page->way_count; i += 2)
            if ((is_hurt(&page->way[i]) || is_hurt(&page->way[i + 1])) == hurt &&
                drawn++ < SIM_PAGE_DRAWN_MAX)
                put_network(page, &page->way[i], &page->way[i + 1]);
}
