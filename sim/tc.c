// SPDX-License-Identifier: Apache-2.0
#include "sim/tc.h"

#include <inttypes.h>
#include <string.h>

#include "base/time.h"

#define ETHERNET_BYTES 14   /* which netem counts and we do not */
#define PACKET_BYTES   1200 /* of packets whose number stands for a queue's time */
#define LIMIT_MIN      1000 /* packets: netem's own */
#define NOT_IN_NETEM   "# not in netem: "

void sim_tc_device(const char *person, const char *direction, char out[SIM_TC_DEVICE_MAX])
{
    int room = SIM_TC_DEVICE_MAX - 2 - (int)strlen(direction);
    snprintf(out, SIM_TC_DEVICE_MAX, "%.*s-%s", room, person, direction);
    for (char *at = out; *at; at++)
        if (!((*at >= 'a' && *at <= 'z') || (*at >= 'A' && *at <= 'Z') || (*at >= '0' && *at <= '9')))
            *at = '-';
}

static void print_time(FILE *out, int64_t time_ns)
{
    if (time_ns % WZP_US)
        fprintf(out, " %" PRId64 "ns", time_ns);
    else
        fprintf(out, " %" PRId64 "us", time_ns / WZP_US);
}

static void print_share(FILE *out, double share)
{
    fprintf(out, " %.6g%%", 100 * share);
}

/* netem holds what waits and what is under way. */
static uint64_t limit_of(const struct sim_link_params *params)
{
    const struct sim_line_model *line = &params->line_model;
    double packets_per_s = (double)(params->rate_bps ? params->rate_bps : 100000000) / (8 * PACKET_BYTES);
    double way_s = (double)(params->delay_ns + 4 * params->jitter_ns) / WZP_S;
    double waiting = params->rate_bps ? packets_per_s * (double)params->queue_ns / WZP_S : 0;
    if (line->queue_bytes && (double)line->queue_bytes / PACKET_BYTES < waiting)
        waiting = (double)line->queue_bytes / PACKET_BYTES;
    if (line->queue_packets && (double)line->queue_packets < waiting)
        waiting = (double)line->queue_packets;
    double limit = waiting + packets_per_s * way_s + 1;
    return params->rate_bps ? (uint64_t)limit : limit < LIMIT_MIN ? LIMIT_MIN : (uint64_t)limit;
}

static void print_delay(FILE *out, const struct sim_link_params *params)
{
    static const char *const NAMES[] = {"uniform", "uniform", "normal", "pareto", "paretonormal"};
    const struct sim_delay_model *model = &params->delay_model;
    bool is_above = model->kind == SIM_DELAY_ABOVE;
    if (params->delay_ns == 0 && params->jitter_ns == 0)
        return;
    fprintf(out, " delay");
    print_time(out, params->delay_ns + (is_above ? params->jitter_ns / 2 : 0));
    if (params->jitter_ns) {
        print_time(out, is_above ? params->jitter_ns / 2 : params->jitter_ns);
        if (model->correlation > 0)
            print_share(out, model->correlation);
        if (model->kind > SIM_DELAY_UNIFORM) /* uniform is what it does without a table */
            fprintf(out, " distribution %s", NAMES[model->kind]);
    }
    if (model->reorder_share > 0) {
        fprintf(out, " reorder");
        print_share(out, model->reorder_share);
        print_share(out, model->reorder_correlation);
        if (model->gap > 1)
            fprintf(out, " gap %" PRIu32, model->gap);
    }
}

static void print_loss(FILE *out, const struct sim_link_params *params)
{
    static const size_t COUNTS[] = {[SIM_LOSS_GEMODEL] = 4, [SIM_LOSS_STATE] = 5};
    const struct sim_loss_model *model = &params->loss_model;
    if (model->kind == SIM_LOSS_GEMODEL || model->kind == SIM_LOSS_STATE) {
        fprintf(out, " loss %s", model->kind == SIM_LOSS_STATE ? "state" : "gemodel");
        for (size_t i = 0; i < COUNTS[model->kind]; i++)
            print_share(out, model->value[i]);
    } else if (params->burst > 1 && params->loss > 0) {
        fprintf(out, " loss gemodel");
        print_share(out, params->loss / (params->burst * (1 - params->loss)));
        print_share(out, 1 / params->burst);
    } else if (params->loss > 0) {
        fprintf(out, " loss random");
        print_share(out, params->loss);
        if (model->correlation > 0)
            print_share(out, model->correlation);
    }
}

static void print_line(FILE *out, const struct sim_link_params *params)
{
    const struct sim_line_model *line = &params->line_model;
    if (params->rate_bps)
        fprintf(out, " rate %" PRIu64 "bit %" PRId32 " %" PRIu32 " %" PRIu32, params->rate_bps,
                line->overhead - ETHERNET_BYTES, line->cell, line->cell_overhead);
    if (line->slot_max_ns) {
        fprintf(out, " slot");
        print_time(out, line->slot_min_ns);
        print_time(out, line->slot_max_ns);
        if (line->slot_packets)
            fprintf(out, " packets %" PRIu32, line->slot_packets);
        if (line->slot_bytes)
            fprintf(out, " bytes %" PRIu32, line->slot_bytes);
    }
}

static void print_share_of(FILE *out, const char *word, double share, double correlation)
{
    if (share == 0)
        return;
    fprintf(out, " %s", word);
    print_share(out, share);
    if (correlation > 0)
        print_share(out, correlation);
}

static void print_missing(FILE *out, const struct sim_link_params *params)
{
    const struct sim_line_model *line = &params->line_model;
    bool correlates = params->loss_model.correlation > 0 || params->delay_model.correlation > 0 ||
                      params->dup_correlation > 0 || params->corrupt_correlation > 0 ||
                      params->delay_model.reorder_correlation > 0;
    if (params->rate_bps)
        fprintf(out, NOT_IN_NETEM "a queue in time: the limit is for packets of %d bytes\n", PACKET_BYTES);
    if (params->jitter_ns && !params->reorder)
        fprintf(out, NOT_IN_NETEM "jitter that keeps the order\n");
    if (params->jitter_ns && params->reorder && params->rate_bps)
        fprintf(out, NOT_IN_NETEM "jitter behind a rate: it delays no packet that had to wait\n");
    if (correlates)
        fprintf(out, NOT_IN_NETEM "correlation that leaves the distribution as it is\n");
    if (params->loss_model.kind == SIM_LOSS_TRACE)
        fprintf(out, NOT_IN_NETEM "loss_trace\n");
    if (line->trace)
        fprintf(out, NOT_IN_NETEM "a delivery trace: of %.0f kbit/s on the average\n",
                sim_trace_rate_bps(line->trace) / 1000);
    if (line->codel_target_ns)
        fprintf(out, NOT_IN_NETEM "CoDel: it is a qdisc of its own\n");
    if (params->mtu)
        fprintf(out, NOT_IN_NETEM "a black hole for packets above %" PRIu32 " bytes\n", params->mtu);
    for (size_t i = 0; i < SIM_OUTAGES_MAX; i++)
        if (line->outage[i].to_ns > line->outage[i].from_ns)
            fprintf(out, NOT_IN_NETEM "an outage from %.3f to %.3f s%s\n",
                    (double)line->outage[i].from_ns / WZP_S, (double)line->outage[i].to_ns / WZP_S,
                    line->outage[i].every_ns ? ", again and again" : "");
}

static void print_model(FILE *out, const struct sim_link_params *params, uint64_t seed)
{
    struct sim_link link;
    struct sim_link_verdict verdict;
    double delay_ns = 0;
    sim_link_init(&link, params, seed, 0);
    for (int i = 0; i < SIM_TC_PACKETS; i++) {
        sim_link_send(&link, i * SIM_TC_EVERY_NS, SIM_TC_PAYLOAD, &verdict);
        delay_ns += verdict.copies ? (double)(verdict.copy[0].at_ns - i * SIM_TC_EVERY_NS) : 0;
    }
    double delivered = (double)link.counts.delivered;
    fprintf(out, "# model: loss %.2f %% mean-delay %.3f ms of %d packets of %d bytes each %.1f ms\n",
            100 * (1 - delivered / SIM_TC_PACKETS), delivered > 0 ? delay_ns / delivered / WZP_MS : 0,
            SIM_TC_PACKETS, SIM_TC_PAYLOAD + SIM_LINK_HEADER_BYTES, (double)SIM_TC_EVERY_NS / WZP_MS);
    sim_link_close(&link);
}

void sim_tc_link(FILE *out, const char *device, const struct sim_link_params *params, uint64_t seed)
{
    print_missing(out, params);
    fprintf(out, "tc qdisc replace dev %s root netem limit %" PRIu64, device, limit_of(params));
    print_delay(out, params);
    print_loss(out, params);
    print_share_of(out, "duplicate", params->dup, params->dup_correlation);
    print_share_of(out, "corrupt", params->corrupt, params->corrupt_correlation);
    print_line(out, params);
    fprintf(out, "\n");
    print_model(out, params, seed);
}
