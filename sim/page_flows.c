// SPDX-License-Identifier: Apache-2.0
/* Flows over time (sim/flow.h): what each makes of the line that they share. */
#include "sim/flow.h"
#include "sim/html.h"
#include "sim/page_state.h"

#include <math.h>

#define FLOW_COLORS 5 /* and one for what is no flow */

/* kbit/s that arrived of a flow, in each coarse bin. */
static float *arrived_of(struct sim_page *page, const struct sim_flow *flow)
{
    float *rate = sim_page_floats(page, page->coarse);
    int64_t bin_ns = page->bin_ns * SIM_PAGE_COARSE;
    for (size_t i = 0; i < page->coarse; i++)
        rate[i] = (float)sim_meter_kbps(sim_flow_arrived(flow), (int64_t)i * bin_ns,
                                        (int64_t)(i + 1) * bin_ns);
    return rate;
}

static float *target_of(struct sim_page *page, const struct sim_flow *flow)
{
    float *target = sim_page_floats(page, page->bins);
    for (size_t i = 0; i < page->bins; i++) {
        uint64_t bps = sim_flow_target(flow, (int64_t)(i + 1) * page->bin_ns);
        target[i] = bps > 0 ? (float)bps / 1000 : (float)NAN;
    }
    return target;
}

static void put_rates(struct sim_page *page, const struct sim_series_link *line, unsigned node)
{
    struct sim_svg_series layers[FLOW_COLORS + 1], lines[FLOW_COLORS + 1];
    size_t bins = sim_series_bins(page->series), layer_count = 0, line_count = 0;
    float *capacity = sim_page_floats(page, bins), *rest = sim_page_floats(page, page->coarse);
    const struct sim_flow *flow;
    for (size_t i = 0; i < bins; i++) {
        capacity[i] = line[i].capacity_kbps;
        rest[i / SIM_PAGE_COARSE] += (float)((double)line[i].arriving_bytes * 8 * 1e6 /
                                             (double)(page->bin_ns * SIM_PAGE_COARSE));
    }
    lines[line_count++] = (struct sim_svg_series){
        .name = "capacity", .values = capacity, .count = bins, .color = 6, .is_stepped = true};
    for (unsigned i = 0; (flow = sim_flows_flow(page->run->reported->flows, i)); i++) {
        if (sim_flow_sink(flow) != node || layer_count == FLOW_COLORS)
            continue;
        unsigned color = (unsigned)layer_count;
        float *arrived = arrived_of(page, flow);
        for (size_t k = 0; k < page->coarse; k++)
            rest[k] = fmaxf(rest[k] - arrived[k], 0);
        layers[layer_count++] = (struct sim_svg_series){.name = sim_page_say(page, "flow %u", i + 1),
                                                        .values = arrived,
                                                        .count = page->coarse,
                                                        .color = color};
        lines[line_count++] = (struct sim_svg_series){
            .name = sim_page_say(page, "estimate of flow %u", i + 1),
            .values = target_of(page, flow),
            .count = page->bins,
            .color = color == 0   ? 1
                     : color == 1 ? 0
                                  : color,
            .is_dashed = true};
    }
    layers[layer_count++] = (struct sim_svg_series){
        .name = "all else", .values = rest, .count = page->coarse, .color = 5};
    sim_svg_plot(&page->axis, &(struct sim_svg_plot){.title = "What gets through the line, kbit/s",
                                                     .height = 130,
                                                     .layers = layers,
                                                     .layer_count = layer_count,
                                                     .lines = lines,
                                                     .line_count = line_count});
}

void sim_page_put_flows(struct sim_page *page)
{
    const struct sim_flows *flows = page->run->reported->flows;
    unsigned node;
    for (unsigned i = 0; flows && (node = sim_flows_sink(flows, i)) != SIM_NOBODY; i++) {
        const struct sim_series_link *line = sim_series_line(page->series, node);
        if (!line)
            continue;
        fputs("<section>", page->axis.file);
        sim_html_element(page->axis.file, "h2", sim_page_say(page, "The line into sink %u", i + 1));
        put_rates(page, line, node);
        sim_page_put_link(page, line, NULL);
        fputs("</section>\n", page->axis.file);
    }
}
