// SPDX-License-Identifier: Apache-2.0
#include "sim/metric.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

const struct sim_metric sim_metrics[SIM_METRICS] = {
    {"concealed_pct", "concealed_pct", true, -1, 3},
    {"freezes", "freezes", true, -1, 0},
    {"longest_freeze_ms", "longest_freeze_ms", true, -1, 1},
    {"mouth_to_ear_p50_ms", "mouth_to_ear_ms.p50", true, -1, 1},
    {"mouth_to_ear_p95_ms", "mouth_to_ear_ms.p95", true, -1, 1},
    {"estoi", "estoi", true, 1, 3},
    {"frames_sent", "frames_sent", true, 0, 0},
    {"frames_played", "frames_played", true, 0, 0},
    {"repaired", "recovered.window", true, 0, 0},
    {"lbrr", "recovered.lbrr", true, 0, 0},
    {"dred", "recovered.dred", true, 0, 0},
    {"connect_ms", "connect_ms", false, -1, 1},
    {"first_media_ms", "first_media_ms", false, -1, 1},
    {"rekeys", "rekeys", false, 0, 0},
    {"wire_up_kbps", "wire_up_kbps", false, -1, 1},
    {"wire_down_kbps", "wire_down_kbps", false, -1, 1},
    {"max_500ms_up_kbps", "max_500ms_up_kbps", false, -1, 1},
    {"max_500ms_down_kbps", "max_500ms_down_kbps", false, -1, 1},
    {"media_bytes", "sent_bytes.media", false, 0, 0},
    {"repair_bytes", "sent_bytes.repair", false, 0, 0},
    {"feedback_bytes", "sent_bytes.feedback", false, 0, 0},
    {"plan_changes", "plan_changes", false, 0, 0},
};

const struct sim_metric *sim_metric_find(const char *name)
{
    for (size_t i = 0; i < SIM_METRICS; i++)
        if (strcmp(sim_metrics[i].name, name) == 0)
            return &sim_metrics[i];
    return NULL;
}

unsigned sim_metric_members(const struct sim_json *json)
{
    unsigned count = 0;
    while (sim_json_text(json, "members[%u].name", count))
        count++;
    return count;
}

unsigned sim_metric_hears(const struct sim_json *json, unsigned member)
{
    unsigned count = 0;
    while (sim_json_text(json, "members[%u].hears[%u].speaker", member, count))
        count++;
    return count;
}

double sim_metric_of(const struct sim_json *json, const struct sim_metric *metric, unsigned member,
                     unsigned hears)
{
    return metric->is_of_pair ? sim_json_number(json, "members[%u].hears[%u].%s", member, hears, metric->path)
                              : sim_json_number(json, "members[%u].%s", member, metric->path);
}

double sim_metric_worst(const struct sim_json *json, const struct sim_metric *metric)
{
    double worst = NAN;
    for (unsigned m = 0; m < sim_metric_members(json); m++)
        for (unsigned h = 0; h < (metric->is_of_pair ? sim_metric_hears(json, m) : 1); h++) {
            double value = sim_metric_of(json, metric, m, h);
            if (isnan(worst) || (metric->better > 0 ? value < worst : value > worst))
                worst = value;
        }
    return worst;
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

double sim_metric_median(double *values, size_t count)
{
    size_t known = 0;
    for (size_t i = 0; i < count; i++)
        if (!isnan(values[i]))
            values[known++] = values[i];
    qsort(values, known, sizeof *values, compare);
    return known > 0 ? (values[(known - 1) / 2] + values[known / 2]) / 2 : (double)NAN;
}

bool sim_metric_is_result(const struct sim_json *json, const char **why)
{
    *why = !sim_json_text(json, "scenario")       ? "it names no scenario"
           : isnan(sim_json_number(json, "seed")) ? "it has no seed"
           : !sim_json_find(json, "trace_hash")   ? "it has no trace hash"
                                                  : NULL;
    return *why == NULL;
}
