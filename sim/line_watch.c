// SPDX-License-Identifier: Apache-2.0
#include "sim/line_watch.h"

#include <stdbool.h>

#define SECONDS (SIM_OVERDRIVE_NS / WZP_S)

void sim_line_watch_init(struct sim_line_watch *watch)
{
    *watch = (struct sim_line_watch){.told_ns = WZP_NEVER, .standing_ns = WZP_NEVER};
}

static void begin(struct sim_line_watch *watch, int64_t now_ns, uint64_t rate_bps)
{
    *watch = (struct sim_line_watch){.rate_bps = rate_bps,
                                     .since_ns = now_ns,
                                     .told_ns = watch->told_ns,
                                     .second = now_ns / WZP_S,
                                     .standing_ns = WZP_NEVER};
}

static bool is_told(const struct sim_line_watch *watch, int64_t now_ns)
{
    return watch->told_ns != WZP_NEVER && now_ns - watch->told_ns <= SIM_UNTOLD_NS;
}

void sim_line_watch_on_report(struct sim_line_watch *watch, int64_t now_ns)
{
    if (!is_told(watch, now_ns))
        begin(watch, now_ns, watch->rate_bps);
    watch->told_ns = now_ns;
}

/* The newest second counts from its beginning, so whole ones and a part of one are counted. */
static bool is_too_much(struct sim_line_watch *watch, int64_t now_ns, size_t bytes)
{
    uint64_t sum = 0;
    for (; watch->second < now_ns / WZP_S; watch->second++)
        watch->bytes[(watch->second + 1) % SECONDS] = 0;
    watch->bytes[watch->second % SECONDS] += bytes;
    for (unsigned i = 0; i < SECONDS; i++)
        sum += watch->bytes[i];
    return now_ns - watch->since_ns >= SIM_OVERDRIVE_NS &&
           sum * 8 > watch->rate_bps / 100 * SIM_OVERDRIVE_PERCENT * (uint64_t)SECONDS;
}

static bool is_standing(struct sim_line_watch *watch, int64_t now_ns, int64_t queued_ns)
{
    if (queued_ns <= SIM_STANDING_NS)
        watch->standing_ns = WZP_NEVER;
    else if (watch->standing_ns == WZP_NEVER)
        watch->standing_ns = now_ns;
    return watch->standing_ns != WZP_NEVER && now_ns - watch->standing_ns > SIM_STANDING_LONG_NS;
}

enum sim_overdrive sim_line_watch_on_packet(struct sim_line_watch *watch, int64_t now_ns, uint64_t rate_bps,
                                            size_t bytes, int64_t queued_ns)
{
    if (rate_bps != watch->rate_bps)
        begin(watch, now_ns, rate_bps);
    if (rate_bps == 0 || !is_told(watch, now_ns))
        return SIM_NOT_OVERDRIVEN;
    if (is_too_much(watch, now_ns, bytes))
        return SIM_OVERDRIVEN_RATE;
    return is_standing(watch, now_ns, queued_ns) ? SIM_OVERDRIVEN_QUEUE : SIM_NOT_OVERDRIVEN;
}
