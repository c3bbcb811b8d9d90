// SPDX-License-Identifier: Apache-2.0
#include "sim/series.h"

#include "base/check.h"
#include "sim/link_trace.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What a person's world looked like at the last sample. */
struct seen {
    uint64_t media, repair, feedback; /* bytes so far, of this call */
    unsigned moves;
    struct wzp_addr addr;
    struct sim_link_params up, down;
    bool has_links, was_out, was_joined, has_left, was_down;
};

/* And a relay. */
struct seen_relay {
    bool stood;
    unsigned starts;
};

/* A shared access downlink. */
struct line {
    unsigned node;
    struct sim_series_link *bins;
};

struct sim_series {
    struct sim_net *net;
    struct sim_crowd *crowd;
    const struct sim_relays *relays;
    struct seen_relay seen_relay[SIM_RELAYS_MAX];
    int64_t bin_ns;
    size_t bins, bin; /* the one that fills */
    struct sim_series_person *person;
    struct seen *seen;
    unsigned person_count, person_capacity;
    uint64_t struck; /* datagrams of floods */
    bool was_cut;    /* a partition stood */
    struct line line[SIM_SERIES_LINES_MAX];
    unsigned line_count;
    struct sim_series_mark mark[SIM_SERIES_MARKS_MAX];
    size_t mark_count;
};

static void *take(size_t count, size_t size)
{
    void *memory = calloc(count, size);
    WZP_CHECK(memory);
    return memory;
}

static float *unknown(const struct sim_series *series)
{
    float *values = take(series->bins, sizeof *values);
    for (size_t i = 0; i < series->bins; i++)
        values[i] = NAN;
    return values;
}

/* By one person, of whom nothing is known yet. */
static void grow(struct sim_series *series)
{
    if (series->person_count == series->person_capacity) {
        series->person_capacity = series->person_capacity ? 2 * series->person_capacity : 16;
        series->person = realloc(series->person, series->person_capacity * sizeof *series->person);
        series->seen = realloc(series->seen, series->person_capacity * sizeof *series->seen);
        WZP_CHECK(series->person && series->seen);
    }
    series->person[series->person_count] = (struct sim_series_person){0};
    series->seen[series->person_count] = (struct seen){0};
}

/* People come one by one. */
static void meet(struct sim_series *series)
{
    for (; series->person_count < sim_crowd_count(series->crowd); series->person_count++) {
        grow(series);
        struct sim_series_person *person = &series->person[series->person_count];
        person->up = take(series->bins, sizeof *person->up);
        person->down = take(series->bins, sizeof *person->down);
        person->sent = take(series->bins, sizeof *person->sent);
        person->estimate_kbps = unknown(series);
        person->speech_kbps = unknown(series);
        person->loss_pct = unknown(series);
        series->seen[series->person_count].addr = sim_net_addr_now(
            series->net, sim_crowd_person(series->crowd, series->person_count)->node);
    }
}

void sim_series_mark(struct sim_series *series, int64_t at_ns, bool is_routine, const char *text)
{
    for (size_t i = series->mark_count; i > 0; i--)
        if (at_ns - series->mark[i - 1].at_ns < WZP_S && strcmp(series->mark[i - 1].text, text) == 0)
            return;
    if (series->mark_count == SIM_SERIES_MARKS_MAX)
        return;
    struct sim_series_mark *mark = &series->mark[series->mark_count++];
    *mark = (struct sim_series_mark){.at_ns = at_ns, .is_routine = is_routine};
    snprintf(mark->text, sizeof mark->text, "%s", text);
}

static void mark_person(struct sim_series *series, unsigned person, int64_t at_ns, bool is_routine,
                        const char *what)
{
    char text[SIM_SERIES_TEXT_MAX];
    snprintf(text, sizeof text, "%s %s", sim_crowd_person(series->crowd, person)->config.name, what);
    sim_series_mark(series, at_ns, is_routine, text);
}

/* ---- links ---- */

static void count_packet(struct sim_series_link *bin, int64_t now_ns, size_t len,
                         const struct sim_link_verdict *verdict)
{
    bin->packets++;
    bin->bytes += len + SIM_LINK_HEADER_BYTES;
    bin->lost += verdict->fate == SIM_LINK_LOST;
    bin->queue_drops += verdict->fate == SIM_LINK_DROPPED_QUEUE;
    bin->too_large += verdict->fate == SIM_LINK_TOO_LARGE;
    bin->queue_max_ns = wzp_time_max(bin->queue_max_ns, verdict->queued_ns);
    if (verdict->copies == 0)
        return;
    int64_t delay_ns = verdict->copy[0].at_ns - now_ns;
    bin->arriving++;
    bin->arriving_bytes += len + SIM_LINK_HEADER_BYTES;
    bin->delay_sum_ns += delay_ns;
    bin->delay_max_ns = wzp_time_max(bin->delay_max_ns, delay_ns);
}

static struct line *line_of(struct sim_series *series, unsigned node)
{
    for (unsigned i = 0; i < series->line_count; i++)
        if (series->line[i].node == node)
            return &series->line[i];
    if (series->line_count == SIM_SERIES_LINES_MAX)
        return NULL;
    struct line *line = &series->line[series->line_count++];
    *line = (struct line){node, take(series->bins, sizeof *line->bins)};
    return line;
}

static void on_packet(void *ctx, unsigned from, unsigned to, size_t len,
                      const struct sim_link_verdict *verdict)
{
    struct sim_series *series = ctx;
    int64_t now_ns = sim_net_now(series->net);
    size_t bin = (size_t)(now_ns / series->bin_ns);
    struct line *line = from == SIM_NOBODY ? line_of(series, to) : NULL;
    meet(series);
    if (line && bin < series->bins)
        count_packet(&line->bins[bin], now_ns, len, verdict);
    const struct sim_person *sender = sim_crowd_at(series->crowd, from),
                            *receiver = sim_crowd_at(series->crowd, to);
    if (sender && bin < series->bins)
        count_packet(&series->person[sender->index].up[bin], now_ns, len, verdict);
    if (receiver && bin < series->bins)
        count_packet(&series->person[receiver->index].down[bin], now_ns, len, verdict);
}

/* What a link now does, where that is something else than before; "" where it is not. */
static void change_of(const struct sim_link_params *was, const struct sim_link_params *is, char what[32])
{
    what[0] = '\0';
    if (was->loss < is->loss || was->loss > is->loss)
        snprintf(what, 32, "loss %.3g %%", 100 * is->loss);
    else if (was->rate_bps != is->rate_bps && is->rate_bps == 0)
        snprintf(what, 32, "no limit");
    else if (was->rate_bps != is->rate_bps)
        snprintf(what, 32, "%.4g kbit/s", (double)is->rate_bps / 1000);
    else if (was->delay_ns != is->delay_ns)
        snprintf(what, 32, "%.4g ms away", (double)is->delay_ns / WZP_MS);
    else if (was->mtu != is->mtu)
        snprintf(what, 32, "MTU %u", is->mtu);
    else if (was->jitter_ns != is->jitter_ns)
        snprintf(what, 32, "jitter %.4g ms", (double)is->jitter_ns / WZP_MS);
}

static float capacity_of(const struct sim_series *series, const struct sim_link_params *params)
{
    const struct sim_trace *trace = params->line_model.trace;
    int64_t now_ns = sim_net_now(series->net);
    if (sim_line_is_out(&params->line_model, now_ns))
        return 0;
    if (trace)
        return (float)((double)(sim_trace_first(trace, now_ns) -
                                sim_trace_first(trace, now_ns - series->bin_ns)) *
                       SIM_TRACE_BYTES * 8 * 1e6 / (double)series->bin_ns);
    return params->rate_bps > 0 ? (float)((double)params->rate_bps / 1000) : (float)NAN;
}

static void tell_links(struct sim_series *series, unsigned person, const struct sim_link_params *up,
                       const struct sim_link_params *down)
{
    const struct seen *seen = &series->seen[person];
    char upward[32], downward[32], what[48];
    change_of(&seen->up, up, upward);
    change_of(&seen->down, down, downward);
    bool is_same = strcmp(upward, downward) == 0;
    if (upward[0]) {
        snprintf(what, sizeof what, "%s: %s", is_same ? "line" : "up", upward);
        mark_person(series, person, sim_net_now(series->net), false, what);
    }
    if (downward[0] && !is_same) {
        snprintf(what, sizeof what, "down: %s", downward);
        mark_person(series, person, sim_net_now(series->net), false, what);
    }
}

static void sample_links(struct sim_series *series, unsigned index, const struct sim_person *person)
{
    struct seen *seen = &series->seen[index];
    unsigned node = person->node, relay = person->config.relay->node;
    struct sim_link_params up = *sim_net_link_params(series->net, node, relay),
                           down = *sim_net_link_params(series->net, relay, node);
    int64_t now_ns = sim_net_now(series->net);
    bool is_out_now = sim_line_is_out(&up.line_model, now_ns) || sim_line_is_out(&down.line_model, now_ns);
    series->person[index].up[series->bin].capacity_kbps = capacity_of(series, &up);
    series->person[index].down[series->bin].capacity_kbps = capacity_of(series, &down);
    if (seen->has_links)
        tell_links(series, index, &up, &down);
    if (is_out_now != seen->was_out)
        mark_person(series, index, now_ns, false, is_out_now ? "line: gone" : "line: there again");
    seen->was_out = is_out_now;
    seen->has_links = true;
    seen->up = up;
    seen->down = down;
}

static void sample_lines(struct sim_series *series)
{
    for (unsigned i = 0; i < series->line_count; i++) {
        struct sim_series_link *bin = &series->line[i].bins[series->bin];
        const struct sim_link_params *params = sim_net_downlink(series->net, series->line[i].node);
        bin->capacity_kbps = capacity_of(series, params);
        bool is_change = series->bin > 0 && (bin[-1].capacity_kbps < bin->capacity_kbps ||
                                             bin[-1].capacity_kbps > bin->capacity_kbps);
        if (!is_change || bin[-1].capacity_kbps <= 0 || params->line_model.trace)
            continue;
        char what[SIM_SERIES_TEXT_MAX];
        snprintf(what, sizeof what, "%s: %.4g kbit/s", sim_net_name(series->net, series->line[i].node),
                 (double)bin->capacity_kbps);
        sim_series_mark(series, sim_net_now(series->net), false, what);
    }
}

/* ---- people ---- */

static void sample_sent(struct sim_series *series, unsigned index, const struct wzp_call *call)
{
    const struct wzp_endpoint_counters *counters = wzp_call_counters(call);
    struct seen *seen = &series->seen[index];
    if (counters->media_bytes_out < seen->media || counters->feedback_bytes_out < seen->feedback)
        seen->media = seen->repair = seen->feedback = 0; /* another process has begun anew */
    series->person[index].sent[series->bin] = (struct sim_series_sent){
        (uint32_t)(counters->media_bytes_out - seen->media),
        (uint32_t)(counters->repair_bytes_out - seen->repair),
        (uint32_t)(counters->feedback_bytes_out - seen->feedback)};
    seen->media = counters->media_bytes_out;
    seen->repair = counters->repair_bytes_out;
    seen->feedback = counters->feedback_bytes_out;
}

static void sample_beliefs(struct sim_series *series, struct sim_series_person *person,
                           const struct wzp_call *call)
{
    struct wzp_session_facts session;
    struct wzp_call_facts facts;
    wzp_call_facts(call, &facts);
    if (facts.plan.is_made)
        person->speech_kbps[series->bin] = (float)facts.plan.bitrate_bps / 1000;
    if (!wzp_call_session_facts(call, &session) || !session.has_keys)
        return;
    if (session.rate_bps > 0)
        person->estimate_kbps[series->bin] = (float)session.rate_bps / 1000;
    if (session.has_feedback)
        person->loss_pct[series->bin] = (float)session.loss_permille / 10;
}

static void sample_buffers(struct sim_series *series, unsigned index, const struct sim_person *listener)
{
    for (unsigned i = 0; i < listener->room->count; i++) {
        const struct sim_person *speaker = listener->room->member[i];
        struct wzp_audio_receive_stats stats;
        if (speaker == listener || speaker->joined_ns == WZP_NEVER ||
            !wzp_call_member_stats(listener->call, speaker->slot, &stats))
            continue;
        struct sim_series_person *person = &series->person[index];
        if (!person->buffer[i].depth_ms) {
            person->buffer[i].depth_ms = unknown(series);
            person->buffer[i].target_ms = unknown(series);
        }
        person->buffer[i].depth_ms[series->bin] = (float)stats.jitter.delay_ms;
        person->buffer[i].target_ms[series->bin] = (float)stats.jitter.target_ms;
    }
}

static void tell_place(struct sim_series *series, unsigned index, const struct sim_person *person)
{
    struct seen *seen = &series->seen[index];
    int64_t now_ns = sim_net_now(series->net);
    unsigned moves = sim_net_moves(series->net, person->node);
    struct wzp_addr addr = sim_net_addr_now(series->net, person->node);
    if (moves != seen->moves)
        mark_person(series, index, now_ns, false,
                    memcmp(addr.ip, seen->addr.ip, sizeof addr.ip) != 0 ? "moves to another network"
                                                                        : "behind another port");
    seen->moves = moves;
    seen->addr = addr;
    if (person->is_down != seen->was_down)
        mark_person(series, index, now_ns, false, person->is_down ? "crashes" : "starts again");
    seen->was_down = person->is_down;
    if (person->joined_ns != WZP_NEVER && !seen->was_joined)
        mark_person(series, index, person->joined_ns, true, "joins");
    seen->was_joined = person->joined_ns != WZP_NEVER;
    if (person->left_ns != WZP_NEVER && !seen->has_left)
        mark_person(series, index, person->left_ns, person->is_leaving,
                    person->is_leaving ? "leaves" : "is thrown out");
    seen->has_left = person->left_ns != WZP_NEVER;
}

static void mark_relay(struct sim_series *series, const struct sim_relay *relay, const char *what)
{
    char text[SIM_SERIES_TEXT_MAX];
    snprintf(text, sizeof text, "%s %s", sim_relay_name(relay), what);
    sim_series_mark(series, sim_net_now(series->net), false, text);
}

static void tell_relay(struct sim_series *series, unsigned index)
{
    const struct sim_relay *relay = series->relays->relay[index];
    struct seen_relay *seen = &series->seen_relay[index];
    bool stands = relay->relay;
    if (seen->stood && (!stands || relay->starts != seen->starts))
        mark_relay(series, relay, "crashes");
    if (stands && relay->starts > 1 && relay->starts != seen->starts)
        mark_relay(series, relay, "starts again");
    *seen = (struct seen_relay){stands, relay->starts};
}

static void tell_faults(struct sim_series *series)
{
    int64_t now_ns = sim_net_now(series->net);
    uint64_t struck = sim_net_flood_counts(series->net)->packets;
    for (unsigned i = 0; i < series->relays->count; i++)
        tell_relay(series, i);
    const struct sim_partitions *partitions = sim_net_partitions(series->net);
    bool is_cut = false;
    for (unsigned i = 0; i < partitions->count; i++)
        is_cut = is_cut || (partitions->list[i].from_ns <= now_ns && now_ns < partitions->list[i].to_ns);
    if (is_cut != series->was_cut)
        sim_series_mark(series, now_ns, false, is_cut ? "partition" : "partition is over");
    series->was_cut = is_cut;
    if (struck > 0 && series->struck == 0)
        sim_series_mark(series, now_ns, false, "flood begins");
    series->struck = struck;
}

/* The end of a bin. */
static void sample(void *ctx, int64_t now_ns)
{
    struct sim_series *series = ctx;
    meet(series);
    tell_faults(series);
    sample_lines(series);
    for (unsigned i = 0; i < series->person_count; i++) {
        const struct sim_person *person = sim_crowd_person(series->crowd, i);
        sample_links(series, i, person);
        sample_sent(series, i, person->call);
        sample_beliefs(series, &series->person[i], person->call);
        sample_buffers(series, i, person);
        tell_place(series, i, person);
    }
    series->bin++;
    if (series->bin < series->bins)
        sim_net_at(series->net, now_ns + series->bin_ns, sample, series);
}

static void on_trace(void *ctx, int64_t now_ns, unsigned node, enum wzp_trace_kind kind, uint64_t a,
                     uint64_t b)
{
    struct sim_series *series = ctx;
    const struct sim_person *who = sim_crowd_at(series->crowd, node);
    (void)a;
    if (!who || who->index >= series->person_count)
        return;
    unsigned person = who->index;
    if (kind == WZP_TRACE_REKEYED)
        mark_person(series, person, now_ns, true, "rekeys");
    else if (kind == WZP_TRACE_RECONNECTING)
        mark_person(series, person, now_ns, false, "reconnects");
    else if (kind == WZP_TRACE_REJOINED)
        mark_person(series, person, now_ns, false, "is back");
    else if (kind == WZP_TRACE_MTU && b)
        mark_person(series, person, now_ns, false, "finds a black hole");
}

struct sim_series *sim_series_create(struct sim_net *net, struct sim_crowd *crowd,
                                     const struct sim_relays *relays, int64_t horizon_ns)
{
    struct sim_series *series = take(1, sizeof *series);
    series->net = net;
    series->crowd = crowd;
    series->relays = relays;
    series->bin_ns = wzp_time_max(SIM_SERIES_BIN_NS, (horizon_ns + SIM_SERIES_BINS - 1) / SIM_SERIES_BINS);
    series->bins = (size_t)((horizon_ns + series->bin_ns - 1) / series->bin_ns);
    for (unsigned i = 0; i < relays->count; i++)
        series->seen_relay[i] = (struct seen_relay){relays->relay[i]->relay, relays->relay[i]->starts};
    meet(series);
    sim_net_tap_links(net, on_packet, series);
    sim_net_tap_trace(net, on_trace, series);
    sim_net_at(net, series->bin_ns, sample, series);
    return series;
}

void sim_series_destroy(struct sim_series *series)
{
    for (unsigned i = 0; i < series->person_count; i++) {
        struct sim_series_person *person = &series->person[i];
        free(person->up);
        free(person->down);
        free(person->sent);
        free(person->estimate_kbps);
        free(person->speech_kbps);
        free(person->loss_pct);
        for (unsigned k = 0; k < SIM_ROOM_MAX; k++) {
            free(person->buffer[k].depth_ms);
            free(person->buffer[k].target_ms);
        }
    }
    for (unsigned i = 0; i < series->line_count; i++)
        free(series->line[i].bins);
    free(series->person);
    free(series->seen);
    free(series);
}

size_t sim_series_bins(const struct sim_series *series)
{
    return series->bins;
}

int64_t sim_series_bin_ns(const struct sim_series *series)
{
    return series->bin_ns;
}

const struct sim_series_person *sim_series_person(const struct sim_series *series, unsigned person)
{
    return person < series->person_count ? &series->person[person] : NULL;
}

const struct sim_series_link *sim_series_line(const struct sim_series *series, unsigned node)
{
    for (unsigned i = 0; i < series->line_count; i++)
        if (series->line[i].node == node)
            return series->line[i].bins;
    return NULL;
}

static int in_time(const void *a, const void *b)
{
    const struct sim_series_mark *x = a, *y = b;
    if (x->at_ns != y->at_ns)
        return x->at_ns < y->at_ns ? -1 : 1;
    return strcmp(x->text, y->text);
}

const struct sim_series_mark *sim_series_marks(struct sim_series *series, size_t *count)
{
    qsort(series->mark, series->mark_count, sizeof *series->mark, in_time);
    *count = series->mark_count;
    return series->mark;
}
