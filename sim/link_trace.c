// SPDX-License-Identifier: Apache-2.0
#include "sim/link_trace.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/time.h"

/* Of the process: a trace never changes. */
static struct sim_trace *traces;
static size_t trace_count, held; /* they, and their opportunities */

const struct sim_trace *sim_trace_make(const uint32_t *at_ms, size_t count, char *why, size_t why_len)
{
    if (count == 0 || count > SIM_TRACE_MAX) {
        snprintf(why, why_len, "a trace has 1..%d lines", SIM_TRACE_MAX);
        return NULL;
    }
    for (size_t i = 0; i < count; i++)
        if (at_ms[i] > SIM_TRACE_MS || (i > 0 && at_ms[i] < at_ms[i - 1])) {
            snprintf(why, why_len, "line %zu: times are whole milliseconds that do not fall", i + 1);
            return NULL;
        }
    if (at_ms[count - 1] == 0) {
        snprintf(why, why_len, "its last time must be above 0: it begins anew then");
        return NULL;
    }
    for (const struct sim_trace *trace = traces; trace; trace = trace->next)
        if (trace->count == count && memcmp(trace->at_ms, at_ms, count * sizeof *at_ms) == 0)
            return trace;
    if (trace_count == SIM_TRACES_MAX || count > SIM_TRACES_HELD_MAX - held) {
        snprintf(why, why_len, "at most %d traces, of %d lines in all", SIM_TRACES_MAX, SIM_TRACES_HELD_MAX);
        return NULL;
    }
    struct sim_trace *trace = malloc(sizeof *trace);
    WZP_CHECK(trace);
    *trace = (struct sim_trace){malloc(count * sizeof *at_ms), count, traces};
    WZP_CHECK(trace->at_ms);
    memcpy(trace->at_ms, at_ms, count * sizeof *at_ms);
    traces = trace;
    trace_count++;
    held += count;
    return trace;
}

/* The numbers of the file; NULL and the reason. */
static uint32_t *read_times(FILE *file, size_t *count, char *why, size_t why_len)
{
    uint32_t *at_ms = NULL;
    size_t capacity = 0;
    char line[64];
    *count = 0;
    while (fgets(line, sizeof line, file)) {
        char *end;
        unsigned long value = strtoul(line, &end, 10);
        bool is_number = line[0] >= '0' && line[0] <= '9' && end[strspn(end, " \r\n")] == '\0';
        if (!is_number || value > SIM_TRACE_MS || *count == SIM_TRACE_MAX) {
            snprintf(why, why_len, "line %zu is not a time in whole milliseconds", *count + 1);
            free(at_ms);
            return NULL;
        }
        if (*count == capacity) {
            capacity = capacity ? 2 * capacity : 1024;
            at_ms = realloc(at_ms, capacity * sizeof *at_ms);
            WZP_CHECK(at_ms);
        }
        at_ms[(*count)++] = (uint32_t)value;
    }
    if (*count == 0)
        snprintf(why, why_len, "it is empty");
    return at_ms;
}

const struct sim_trace *sim_trace_load(const char *path, char *why, size_t why_len)
{
    FILE *file = fopen(path, "r");
    if (!file) {
        snprintf(why, why_len, "%s", strerror(errno));
        return NULL;
    }
    size_t count;
    uint32_t *at_ms = read_times(file, &count, why, why_len);
    fclose(file);
    const struct sim_trace *trace = at_ms ? sim_trace_make(at_ms, count, why, why_len) : NULL;
    free(at_ms);
    return trace;
}

int64_t sim_trace_at_ns(const struct sim_trace *trace, uint64_t number)
{
    uint64_t period_ms = trace->at_ms[trace->count - 1];
    return (int64_t)(number / trace->count * period_ms + trace->at_ms[number % trace->count]) * WZP_MS;
}

uint64_t sim_trace_first(const struct sim_trace *trace, int64_t at_ns)
{
    int64_t period_ns = trace->at_ms[trace->count - 1] * WZP_MS;
    uint64_t round = (uint64_t)(at_ns / period_ns);
    if (at_ns % period_ns == 0 && round > 0)
        round--; /* the end of one round is the time 0 of the next */
    int64_t within_ns = at_ns - (int64_t)round * period_ns;
    size_t low = 0, high = trace->count - 1; /* the last is never too early */
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (trace->at_ms[middle] * WZP_MS < within_ns)
            low = middle + 1;
        else
            high = middle;
    }
    return round * trace->count + low;
}

double sim_trace_rate_bps(const struct sim_trace *trace)
{
    return (double)trace->count * SIM_TRACE_BYTES * 8 * 1000 / trace->at_ms[trace->count - 1];
}
