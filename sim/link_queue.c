// SPDX-License-Identifier: Apache-2.0
#include "sim/link_queue.h"

#include <math.h>
#include <stdlib.h>

#include "base/check.h"
#include "base/time.h"

#define SLOT_MAX_NS   (INT64_C(3600) * WZP_S)
#define CODEL_SPARE   1500 /* bytes: RFC 8289 MAXPACKET */
#define CODEL_MEMORY  16   /* intervals for which the last drop rate is remembered */
#define OVERHEAD_MAX  1500
#define OVERHEAD_LESS (-28)

struct waiting {
    int64_t starts_ns;
    size_t bytes;
};

/* Where the line is in its work: copied to try a packet, kept if it is taken. */
struct clock {
    int64_t free_ns;      /* rate: done with all it took, rounded down ... */
    uint64_t free_rest;   /* ... and the rest, in 1/rate of a nanosecond */
    uint64_t rate_bps;    /* whose rest that is */
    uint64_t opportunity; /* trace: the one in use ... */
    uint32_t left;        /* ... and its bytes that are left */
    const struct sim_trace *trace;
    int64_t slot_ns;                   /* slots: the last one that began */
    uint32_t slot_packets, slot_bytes; /* that left in it */
    bool slot_is_full;
    struct wzp_rng slot_rng;
};

struct codel {
    int64_t first_above_ns; /* 0: not above */
    int64_t drop_next_ns;
    uint32_t count, last_count;
    bool is_dropping;
    enum { FRESH, AFTER_DROP, AFTER_FIRST_DROP } turn; /* what the next packet at the head meets */
};

struct sim_line {
    struct clock clock;
    struct codel codel;
    struct waiting *waiting; /* a ring: what has not begun to leave */
    size_t first, count, capacity;
    size_t waiting_bytes;
    int64_t last_start_ns;
};

/* ---- parameters ---- */

static bool is_time(int64_t value_ns, int64_t most_ns)
{
    return value_ns >= 0 && value_ns <= most_ns;
}

const char *sim_line_check(const struct sim_line_model *model, uint64_t rate_bps)
{
    if (model->queue_packets > 10000000)
        return "queue_packets must be within 0..10000000 (0 = no limit)";
    if (model->queue_bytes > UINT64_C(1000000000000))
        return "queue_bytes must be within 0..10^12 (0 = no limit)";
    if (!is_time(model->codel_target_ns, SLOT_MAX_NS) || !is_time(model->codel_interval_ns, SLOT_MAX_NS))
        return "codel_target and codel_interval must be within 0..1 h";
    if (model->codel_target_ns > 0 && model->codel_interval_ns < model->codel_target_ns)
        return "codel_interval must not be below codel_target";
    if (model->slot_min_ns < 0 || model->slot_max_ns < model->slot_min_ns || model->slot_max_ns > SLOT_MAX_NS)
        return "slot: 0 <= min <= max <= 1 h";
    if (model->slot_max_ns == 0 && (model->slot_packets || model->slot_bytes))
        return "slot: packets and bytes need a time min or max above 0";
    if (model->trace && rate_bps)
        return "a link has a rate or a trace, not both";
    if (model->overhead < OVERHEAD_LESS || model->overhead > OVERHEAD_MAX)
        return "overhead must be within -28..1500 bytes";
    if (model->cell > OVERHEAD_MAX || model->cell_overhead > OVERHEAD_MAX ||
        (model->cell_overhead && !model->cell))
        return "cell and cell_overhead must be within 0..1500 bytes, and the second needs the first";
    for (size_t i = 0; i < SIM_OUTAGES_MAX; i++) {
        const struct sim_outage *outage = &model->outage[i];
        if (outage->to_ns < outage->from_ns || outage->from_ns < 0 || outage->every_ns < 0)
            return "outages: from must not be below 0, nor to below from";
        if (outage->every_ns > 0 && outage->to_ns - outage->from_ns > outage->every_ns)
            return "outages: one must not last longer than every";
    }
    return NULL;
}

bool sim_line_is_needed(const struct sim_line_model *model)
{
    return model->queue_packets || model->queue_bytes || model->codel_target_ns || model->slot_max_ns ||
           model->trace;
}

size_t sim_line_bytes(const struct sim_line_model *model, size_t ip_bytes)
{
    size_t bytes = (size_t)((int64_t)ip_bytes + model->overhead);
    if (model->cell)
        bytes = (bytes + model->cell - 1) / model->cell * (model->cell + model->cell_overhead);
    return bytes;
}

bool sim_line_is_out(const struct sim_line_model *model, int64_t at_ns)
{
    for (size_t i = 0; i < SIM_OUTAGES_MAX; i++) {
        const struct sim_outage *outage = &model->outage[i];
        if (outage->to_ns == outage->from_ns || at_ns < outage->from_ns)
            continue;
        int64_t within_ns = at_ns - outage->from_ns;
        if (outage->every_ns)
            within_ns %= outage->every_ns;
        if (within_ns < outage->to_ns - outage->from_ns)
            return true;
    }
    return false;
}

/* ---- the list of who waits ---- */

struct sim_line *sim_line_create(uint64_t seed, int64_t free_ns)
{
    struct sim_line *line = calloc(1, sizeof *line);
    WZP_CHECK(line);
    line->clock = (struct clock){.free_ns = free_ns, .slot_ns = INT64_MIN};
    line->clock.slot_rng = wzp_rng_make(seed, 0);
    line->last_start_ns = INT64_MIN;
    return line;
}

void sim_line_destroy(struct sim_line *line)
{
    if (line)
        free(line->waiting);
    free(line);
}

static void remember(struct sim_line *line, int64_t starts_ns, size_t bytes)
{
    if (line->count == line->capacity) {
        size_t capacity = line->capacity ? 2 * line->capacity : 64;
        struct waiting *wider = malloc(capacity * sizeof *wider);
        WZP_CHECK(wider);
        for (size_t i = 0; i < line->count; i++)
            wider[i] = line->waiting[(line->first + i) % line->capacity];
        free(line->waiting);
        line->waiting = wider;
        line->capacity = capacity;
        line->first = 0;
    }
    line->waiting[(line->first + line->count++) % line->capacity] = (struct waiting){starts_ns, bytes};
    line->waiting_bytes += bytes;
}

static void forget_started(struct sim_line *line, int64_t now_ns)
{
    while (line->count && line->waiting[line->first].starts_ns <= now_ns) {
        line->waiting_bytes -= line->waiting[line->first].bytes;
        line->first = (line->first + 1) % line->capacity;
        line->count--;
    }
}

/* ---- when the line serves ---- */

static void serve_at_rate(struct clock *clock, uint64_t rate_bps, int64_t now_ns, size_t bytes,
                          struct sim_line_turn *turn)
{
    if (clock->free_ns < now_ns || clock->rate_bps != rate_bps) {
        clock->free_ns = wzp_time_max(clock->free_ns, now_ns);
        clock->free_rest = 0;
        clock->rate_bps = rate_bps;
    }
    turn->starts_ns = clock->free_ns;
    if (rate_bps) {
        uint64_t work = (uint64_t)bytes * 8 * (uint64_t)WZP_S + clock->free_rest;
        clock->free_ns += (int64_t)(work / rate_bps);
        clock->free_rest = work % rate_bps;
    }
    turn->leaves_ns = clock->free_ns;
}

static void serve_by_trace(struct clock *clock, const struct sim_trace *trace, int64_t now_ns, size_t bytes,
                           struct sim_line_turn *turn)
{
    int64_t from_ns = wzp_time_max(wzp_time_max(now_ns, clock->free_ns), 0);
    if (clock->trace != trace || sim_trace_at_ns(trace, clock->opportunity) < from_ns) {
        clock->trace = trace;
        clock->opportunity = sim_trace_first(trace, from_ns);
        clock->left = SIM_TRACE_BYTES;
    }
    if (clock->left == 0) {
        clock->opportunity++;
        clock->left = SIM_TRACE_BYTES;
    }
    turn->starts_ns = sim_trace_at_ns(trace, clock->opportunity);
    for (; bytes > clock->left; clock->left = SIM_TRACE_BYTES) {
        bytes -= clock->left;
        clock->opportunity++;
    }
    clock->left -= (uint32_t)bytes;
    clock->free_ns = turn->leaves_ns = sim_trace_at_ns(trace, clock->opportunity);
}

/* The packet that the line has done at turn->leaves_ns leaves in a slot. */
static void wait_for_slot(struct clock *clock, const struct sim_line_model *model, size_t bytes,
                          struct sim_line_turn *turn)
{
    if (clock->slot_is_full || clock->slot_ns < turn->leaves_ns) {
        int64_t since_ns = clock->slot_is_full ? wzp_time_max(clock->slot_ns, turn->leaves_ns)
                                               : turn->leaves_ns;
        double range = (double)(model->slot_max_ns - model->slot_min_ns + 1);
        clock->slot_ns = since_ns + model->slot_min_ns + (int64_t)(wzp_rng_unit(&clock->slot_rng) * range);
        clock->slot_packets = clock->slot_bytes = 0;
    }
    clock->slot_packets++;
    clock->slot_bytes += (uint32_t)bytes;
    clock->slot_is_full = (model->slot_packets && clock->slot_packets >= model->slot_packets) ||
                          (model->slot_bytes && clock->slot_bytes >= model->slot_bytes);
    turn->starts_ns = turn->leaves_ns = clock->slot_ns;
}

/* ---- CoDel, RFC 8289 section 5 ---- */

static int64_t control_law(const struct sim_line_model *model, int64_t at_ns, uint32_t count)
{
    return at_ns + (int64_t)((double)model->codel_interval_ns / sqrt((double)count));
}

static void codel_sees_empty_queue(struct codel *codel)
{
    codel->first_above_ns = 0;
    codel->is_dropping = false;
    codel->turn = FRESH;
}

/* dodequeue's ok_to_drop for a packet that came at now_ns and is at the head at at_ns. */
static bool may_drop(struct codel *codel, const struct sim_line_model *model, int64_t now_ns, int64_t at_ns,
                     size_t bytes_before)
{
    if (at_ns - now_ns < model->codel_target_ns || bytes_before <= CODEL_SPARE) {
        codel->first_above_ns = 0;
        return false;
    }
    if (codel->first_above_ns == 0) {
        codel->first_above_ns = at_ns + model->codel_interval_ns;
        return false;
    }
    return at_ns >= codel->first_above_ns;
}

static bool codel_drops(struct codel *codel, const struct sim_line_model *model, int64_t now_ns,
                        int64_t at_ns, size_t bytes_before)
{
    bool may = may_drop(codel, model, now_ns, at_ns, bytes_before);
    int turn = codel->turn;
    codel->turn = FRESH;
    if (turn == AFTER_FIRST_DROP)
        return false;
    if (codel->is_dropping) {
        if (!may)
            codel->is_dropping = false;
        else if (turn == AFTER_DROP)
            codel->drop_next_ns = control_law(model, codel->drop_next_ns, codel->count);
        if (!codel->is_dropping || at_ns < codel->drop_next_ns)
            return false;
        codel->count++;
        codel->turn = AFTER_DROP;
        return true;
    }
    if (!may)
        return false;
    uint32_t delta = codel->count - codel->last_count;
    bool is_recent = at_ns - codel->drop_next_ns < CODEL_MEMORY * model->codel_interval_ns;
    codel->count = delta > 1 && is_recent ? delta : 1;
    codel->drop_next_ns = control_law(model, at_ns, codel->count);
    codel->last_count = codel->count;
    codel->is_dropping = true;
    codel->turn = AFTER_FIRST_DROP;
    return true;
}

/* ---- a packet ---- */

void sim_line_take(struct sim_line *line, const struct sim_line_model *model, uint64_t rate_bps,
                   int64_t queue_ns, int64_t now_ns, size_t bytes, struct sim_line_turn *turn)
{
    forget_started(line, now_ns);
    struct clock clock = line->clock;
    *turn = (struct sim_line_turn){0};
    if (model->trace)
        serve_by_trace(&clock, model->trace, now_ns, bytes, turn);
    else
        serve_at_rate(&clock, rate_bps, now_ns, bytes, turn);
    if (model->slot_max_ns)
        wait_for_slot(&clock, model, bytes, turn);

    int64_t wait_ns = turn->starts_ns - now_ns;
    bool is_full = (model->queue_packets && line->count >= model->queue_packets) ||
                   (model->queue_bytes && line->waiting_bytes + bytes > model->queue_bytes);
    if (wait_ns > queue_ns || (wait_ns > 0 && is_full)) {
        turn->dropped = true;
        return;
    }
    if (model->codel_target_ns) {
        if (line->last_start_ns <= now_ns && line->count == 0 && wait_ns == 0)
            codel_sees_empty_queue(&line->codel);
        if (codel_drops(&line->codel, model, now_ns, turn->starts_ns, line->waiting_bytes)) {
            turn->dropped = true; /* at the head; it has not used the line */
            remember(line, turn->starts_ns, bytes);
            return;
        }
    }
    line->clock = clock;
    line->last_start_ns = turn->starts_ns;
    if (wait_ns > 0)
        remember(line, turn->starts_ns, bytes);
}
