// SPDX-License-Identifier: Apache-2.0
#include "sim/estimate_bed.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/time.h"

#define OVERHEAD     53 /* of a packet with a report, 28 of headers counted */
#define QUEUE_BINS   20000
#define QUEUE_BIN_NS (100 * WZP_US)
#define STAYS_NS     (500 * WZP_MS)
#define LATE_NS      (2 * WZP_S)
#define RECOVERED_NS (3 * WZP_S)
#define CUBIC_SIZE   1200
#define CUBIC_RING   4096
#define CUBIC_BETA   0.7
#define CUBIC_C      0.4
#define CUBIC_STUCK  (1 * WZP_S)
#define EVENTS_FIRST 1024

enum what {
    ARRIVES,  /* a packet of a flow, at its receiver */
    REPORTED, /* a report, at the sender */
    CUBIC_ACK,
};

struct event {
    int64_t at_ns;
    uint64_t order;
    enum what what;
    unsigned flow;
    uint64_t number;
    uint32_t sent_ms;
    struct report *report;
};

struct report {
    struct report *older; /* of all that were made, which stay as long as the bed */
    struct wzp_frame_feedback frame;
    uint8_t receipts[WZP_FEEDBACK_RECEIPTS], arrivals[WZP_FEEDBACK_ARRIVALS];
};

struct heap {
    struct event *events;
    size_t count, room;
    uint64_t order;
};

struct flow {
    struct wzp_estimate estimate;
    struct wzp_sent sent;
    struct wzp_feedback feedback;
    struct wzp_feedback_seen seen;
    struct sim_link back;
    struct wzp_rng rng;
    int64_t start_ns;
    double debt_bits; /* of the pacer, at debt_ns */
    int64_t debt_ns;
    uint64_t pace_bps;
    double waiting; /* bytes that the source has made and that have not left */
    int64_t made_ns;
    bool idle_told;
    unsigned step; /* the newest that has been, + 1 */
    uint64_t told_bps;
    int64_t within_ns; /* since when the target is near the capacity; WZP_NEVER: it is not */
    uint64_t media_bytes, late_bytes[SIM_BED_STEPS], padding_bytes, sent_bytes, all_bytes, report_bytes,
        reports, packets, drops, changes;
    uint32_t queue[QUEUE_BINS];
    int64_t queue_max_ns;
};

struct cubic {
    double window, most, origin, friendly; /* packets */
    int64_t epoch_ns, heard_ns, rtt_ns;
    bool is_slow_start;
    uint64_t next, acked_end, recover, flying;
    int64_t sent_ns[CUBIC_RING]; /* WZP_NEVER: not in flight */
};

struct bed {
    const struct sim_bed_params *params;
    struct sim_bed_result *result;
    struct sim_link link;
    struct heap heap;
    struct report *reports; /* the newest */
    struct flow *flows;
    struct cubic cubic;
    unsigned step;
    int64_t trace_ns;
    double capacity_bits; /* from the settling on, as far as step_ns */
    int64_t capacity_ns;
};

/* ---- events ---- */

static bool is_before(const struct event *a, const struct event *b)
{
    return a->at_ns != b->at_ns ? a->at_ns < b->at_ns : a->order < b->order;
}

static void push(struct heap *heap, struct event event)
{
    if (heap->count == heap->room) {
        heap->room = heap->room ? 2 * heap->room : EVENTS_FIRST;
        heap->events = realloc(heap->events, heap->room * sizeof *heap->events);
        WZP_CHECK(heap->events);
    }
    event.order = heap->order++;
    size_t i = heap->count++;
    for (; i > 0 && is_before(&event, &heap->events[(i - 1) / 2]); i = (i - 1) / 2)
        heap->events[i] = heap->events[(i - 1) / 2];
    heap->events[i] = event;
}

static struct event pop(struct heap *heap)
{
    struct event top = heap->events[0], last = heap->events[--heap->count];
    size_t i = 0;
    for (size_t child; (child = 2 * i + 1) < heap->count; i = child) {
        if (child + 1 < heap->count && is_before(&heap->events[child + 1], &heap->events[child]))
            child++;
        if (!is_before(&heap->events[child], &last))
            break;
        heap->events[i] = heap->events[child];
    }
    heap->events[i] = last;
    return top;
}

/* ---- a flow ---- */

static void flow_init(struct bed *bed, unsigned index, uint64_t seed)
{
    const struct sim_bed_params *params = bed->params;
    struct flow *flow = &bed->flows[index];
    struct sim_link_params back = {.loss = params->back_loss, .burst = 1, .delay_ns = params->link.delay_ns};
    flow->start_ns = params->start_ns + (int64_t)index * params->apart_ns;
    sim_link_init(&flow->back, &back, seed, 100 + index);
    flow->rng = wzp_rng_make(seed, 200 + index);
    wzp_sent_init(&flow->sent);
    wzp_feedback_init(&flow->feedback);
    wzp_feedback_seen_init(&flow->seen, 0);
    wzp_estimate_init(&flow->estimate, params->kind, params->start_bps, flow->start_ns);
    wzp_estimate_set_bounds(&flow->estimate, 0, params->wish_bps);
    flow->pace_bps = wzp_estimate_pace_bps(&flow->estimate);
    flow->debt_ns = flow->made_ns = flow->start_ns;
    flow->within_ns = WZP_NEVER;
    bed->result->flow[index].reached_ns = WZP_NEVER;
    for (unsigned i = 0; i < SIM_BED_STEPS; i++)
        bed->result->flow[index].steps[i].settle_ms = INFINITY;
}

static void make_media(struct bed *bed, struct flow *flow, int64_t now_ns)
{
    flow->waiting += (double)bed->params->load_bps / 8e9 * (double)(now_ns - flow->made_ns);
    flow->made_ns = now_ns;
}

static size_t wire_size(const struct bed *bed)
{
    return bed->params->size + SIM_LINK_HEADER_BYTES;
}

static bool has_media(const struct bed *bed, const struct flow *flow)
{
    return bed->params->load_bps == 0 || flow->waiting >= (double)wire_size(bed);
}

static int64_t send_at(const struct bed *bed, const struct flow *flow)
{
    int64_t at_ns = flow->debt_ns;
    if (flow->debt_bits > 0)
        at_ns += (int64_t)(flow->debt_bits * 1e9 / (double)flow->pace_bps) + 1;
    if (!has_media(bed, flow) && (!wzp_estimate_wants_padding(&flow->estimate) || at_ns < flow->made_ns) &&
        flow->idle_told) {
        double missing = (double)wire_size(bed) - flow->waiting;
        int64_t made_ns = flow->made_ns + (int64_t)(missing * 8e9 / (double)bed->params->load_bps) + 1;
        at_ns = wzp_time_max(at_ns, made_ns);
    }
    return wzp_time_max(at_ns, flow->start_ns);
}

static void pay(struct flow *flow, int64_t now_ns)
{
    flow->debt_bits -= (double)flow->pace_bps * (double)(now_ns - flow->debt_ns) / 1e9;
    if (flow->debt_bits < 0)
        flow->debt_bits = 0;
    flow->debt_ns = now_ns;
}

static double capacity(const struct bed *bed)
{
    return (double)bed->link.params.rate_bps;
}

/* After anything that may have changed the estimate. */
static void look(struct bed *bed, unsigned index, int64_t now_ns)
{
    struct flow *flow = &bed->flows[index];
    struct sim_bed_flow *result = &bed->result->flow[index];
    pay(flow, now_ns);
    flow->pace_bps = wzp_estimate_pace_bps(&flow->estimate);
    uint64_t target = wzp_estimate_target_bps(&flow->estimate);
    if (now_ns < bed->params->deaf_ns) {
        flow->pace_bps = bed->params->deaf_bps;
        result->deaf_target_bps = target;
    }
    if (target * 20 > flow->told_bps * 21 || target * 21 < flow->told_bps * 20) {
        flow->told_bps = target;
        flow->changes += now_ns >= bed->params->settle_ns;
    }
    if (result->reached_ns == WZP_NEVER && target >= bed->params->wish_bps)
        result->reached_ns = now_ns - flow->start_ns;
    bool is_within = fabs((double)target - capacity(bed)) <= 0.15 * capacity(bed);
    if (!is_within)
        flow->within_ns = WZP_NEVER;
    else if (flow->within_ns == WZP_NEVER)
        flow->within_ns = now_ns;
    if (bed->step > 0 && flow->within_ns != WZP_NEVER && now_ns - flow->within_ns >= STAYS_NS) {
        int64_t step_ns = bed->params->steps[bed->step - 1].at_ns;
        double settle_ms = (double)(wzp_time_max(flow->within_ns, step_ns) - step_ns) / 1e6;
        if (flow->within_ns >= step_ns && isinf(result->steps[bed->step - 1].settle_ms))
            result->steps[bed->step - 1].settle_ms = settle_ms;
    }
}

static void count_wait(struct bed *bed, unsigned index, int64_t wait_ns, int64_t now_ns)
{
    struct flow *flow = &bed->flows[index];
    if (bed->step > 0) {
        unsigned step = bed->step - 1;
        double wait_ms = (double)wait_ns / 1e6;
        struct sim_bed_flow *result = &bed->result->flow[index];
        result->steps[step].queue_peak_ms = fmax(result->steps[step].queue_peak_ms, wait_ms);
        if (now_ns - bed->params->steps[step].at_ns >= LATE_NS)
            result->steps[step].queue_late_ms = fmax(result->steps[step].queue_late_ms, wait_ms);
    }
    if (now_ns < bed->params->settle_ns)
        return;
    int64_t bin = wait_ns / QUEUE_BIN_NS;
    flow->queue[bin < QUEUE_BINS ? bin : QUEUE_BINS - 1]++;
    flow->queue_max_ns = wzp_time_max(flow->queue_max_ns, wait_ns);
}

static void send_packet(struct bed *bed, unsigned index, bool is_padding, int64_t now_ns)
{
    struct flow *flow = &bed->flows[index];
    struct sim_link_verdict verdict;
    struct wzp_sent_packet *record = wzp_sent_add(&flow->sent, now_ns);
    record->size = (uint16_t)bed->params->size;
    record->eliciting = true;
    record->is_bulk = is_padding; /* the bed's mark: nothing here reads it else */
    wzp_estimate_on_sent(&flow->estimate, record->number, wire_size(bed), now_ns);
    if (!is_padding && bed->params->load_bps)
        flow->waiting -= (double)wire_size(bed);
    double times = now_ns < bed->params->deaf_ns ? 0.5 + wzp_rng_unit(&flow->rng) : 1;
    flow->debt_bits += times * (double)wire_size(bed) * 8;
    sim_link_send(&bed->link, now_ns, bed->params->size, &verdict);
    if (now_ns >= bed->params->settle_ns) {
        flow->packets++;
        flow->drops += verdict.fate == SIM_LINK_DROPPED_QUEUE;
        flow->sent_bytes += wire_size(bed);
        flow->padding_bytes += is_padding ? wire_size(bed) : 0;
    }
    if (verdict.fate != SIM_LINK_DROPPED_QUEUE)
        count_wait(bed, index, verdict.queued_ns, now_ns);
    if (verdict.fate == SIM_LINK_DELIVERED)
        push(&bed->heap, (struct event){.at_ns = verdict.copy[0].at_ns,
                                        .what = ARRIVES,
                                        .flow = index,
                                        .number = record->number,
                                        .sent_ms = (uint32_t)(now_ns / WZP_MS),
                                        .report = NULL});
}

static void send_turn(struct bed *bed, unsigned index, int64_t now_ns)
{
    struct flow *flow = &bed->flows[index];
    make_media(bed, flow, now_ns);
    pay(flow, now_ns);
    if (flow->debt_bits > 1e-3)
        return;
    if (has_media(bed, flow))
        send_packet(bed, index, false, now_ns);
    else if (wzp_estimate_wants_padding(&flow->estimate))
        send_packet(bed, index, true, now_ns);
    else
        wzp_estimate_on_idle(&flow->estimate, now_ns);
    flow->idle_told = !has_media(bed, flow);
    look(bed, index, now_ns);
}

static void report_turn(struct bed *bed, unsigned index, int64_t now_ns)
{
    struct flow *flow = &bed->flows[index];
    struct sim_link_verdict verdict;
    struct wzp_frame_feedback frame;
    if (!wzp_feedback_make(&flow->feedback, 1000, OVERHEAD, now_ns, &frame))
        return;
    size_t size = wzp_frame_feedback_size(&frame) + OVERHEAD;
    if (now_ns >= bed->params->settle_ns) {
        flow->report_bytes += size;
        flow->reports++;
    }
    sim_link_send(&flow->back, now_ns, size - SIM_LINK_HEADER_BYTES, &verdict);
    if (verdict.fate != SIM_LINK_DELIVERED)
        return;
    struct report *report = malloc(sizeof *report);
    WZP_CHECK(report);
    report->older = bed->reports;
    bed->reports = report;
    report->frame = frame;
    memcpy(report->receipts, frame.receipts.data, frame.receipts.len);
    memcpy(report->arrivals, frame.arrivals.data, frame.arrivals.len);
    report->frame.receipts.data = report->receipts;
    report->frame.arrivals.data = report->arrivals;
    push(&bed->heap,
         (struct event){.at_ns = verdict.copy[0].at_ns, .what = REPORTED, .flow = index, .report = report});
}

static void on_arrival(struct bed *bed, const struct event *event)
{
    struct flow *flow = &bed->flows[event->flow];
    const struct wzp_sent_packet *record = &flow->sent.packets[event->number % WZP_SENT_PACKETS];
    bool is_padding = record->number == event->number && record->is_bulk;
    wzp_feedback_on_packet(&flow->feedback, event->number, wire_size(bed), true, event->at_ns);
    wzp_feedback_on_media(&flow->feedback, 1, event->sent_ms, event->at_ns);
    if (event->at_ns < bed->params->settle_ns)
        return;
    flow->all_bytes += wire_size(bed);
    if (is_padding)
        return;
    flow->media_bytes += wire_size(bed);
    if (bed->step > 0 && event->at_ns - bed->params->steps[bed->step - 1].at_ns >= RECOVERED_NS)
        flow->late_bytes[bed->step - 1] += wire_size(bed);
}

static void on_report(struct bed *bed, const struct event *event)
{
    struct flow *flow = &bed->flows[event->flow];
    struct wzp_feedback_report report;
    struct wzp_ack_result acks;
    WZP_CHECK(wzp_feedback_read(&event->report->frame, &report));
    WZP_CHECK(wzp_sent_on_receipts(&flow->sent, &report.receipts, event->at_ns, &acks) == WZP_ACK_OK);
    if (wzp_feedback_on_report(&flow->seen, &report, &flow->sent, event->at_ns))
        wzp_estimate_on_report(&flow->estimate, &report, &flow->sent, event->at_ns);
    look(bed, event->flow, event->at_ns);
}

/* ---- the bulk flow: RFC 9438, an acknowledgement a packet, three of them tell of a loss ---- */

static void cubic_send(struct bed *bed, int64_t now_ns)
{
    struct cubic *cubic = &bed->cubic;
    struct sim_link_verdict verdict;
    while ((double)cubic->flying + 1 <= cubic->window && cubic->flying + 1 < CUBIC_RING) {
        uint64_t number = cubic->next++;
        cubic->sent_ns[number % CUBIC_RING] = now_ns;
        cubic->flying++;
        sim_link_send(&bed->link, now_ns, CUBIC_SIZE, &verdict);
        if (verdict.fate == SIM_LINK_DELIVERED)
            push(&bed->heap, (struct event){.at_ns = verdict.copy[0].at_ns + bed->link.params.delay_ns,
                                            .what = CUBIC_ACK,
                                            .number = number});
    }
}

static void cubic_shrink(struct cubic *cubic)
{
    cubic->is_slow_start = false;
    cubic->most = cubic->window < cubic->most ? cubic->window * (1 + CUBIC_BETA) / 2 : cubic->window;
    cubic->window = fmax(cubic->window * CUBIC_BETA, 2);
    cubic->origin = cbrt(fmax(cubic->most - cubic->window, 0) / CUBIC_C);
    cubic->friendly = cubic->window;
    cubic->epoch_ns = WZP_NEVER;
    cubic->recover = cubic->next;
}

static void cubic_grow(struct cubic *cubic, int64_t now_ns)
{
    if (cubic->is_slow_start) {
        cubic->window += 1;
        return;
    }
    if (cubic->epoch_ns == WZP_NEVER)
        cubic->epoch_ns = now_ns;
    double passed = (double)(now_ns - cubic->epoch_ns + cubic->rtt_ns) / 1e9 - cubic->origin;
    double aim = CUBIC_C * passed * passed * passed + cubic->most;
    cubic->friendly += 3 * (1 - CUBIC_BETA) / (1 + CUBIC_BETA) / cubic->window;
    aim = fmin(fmax(fmax(aim, cubic->friendly), cubic->window), 1.5 * cubic->window);
    cubic->window += (aim - cubic->window) / cubic->window;
}

static void on_cubic_ack(struct bed *bed, const struct event *event)
{
    struct cubic *cubic = &bed->cubic;
    int64_t *sent_ns = &cubic->sent_ns[event->number % CUBIC_RING];
    cubic->heard_ns = event->at_ns;
    if (*sent_ns != WZP_NEVER) {
        cubic->rtt_ns = event->at_ns - *sent_ns;
        *sent_ns = WZP_NEVER;
        cubic->flying--;
        cubic_grow(cubic, event->at_ns);
    }
    for (; cubic->acked_end + 3 <= event->number; cubic->acked_end++) {
        int64_t *gone_ns = &cubic->sent_ns[cubic->acked_end % CUBIC_RING];
        if (*gone_ns == WZP_NEVER)
            continue;
        *gone_ns = WZP_NEVER;
        cubic->flying--;
        if (cubic->acked_end >= cubic->recover)
            cubic_shrink(cubic);
    }
    cubic_send(bed, event->at_ns);
}

static void cubic_init(struct bed *bed)
{
    struct cubic *cubic = &bed->cubic;
    *cubic = (struct cubic){.window = 10, .is_slow_start = true, .epoch_ns = WZP_NEVER};
    for (unsigned i = 0; i < CUBIC_RING; i++)
        cubic->sent_ns[i] = WZP_NEVER;
    cubic_send(bed, 0);
}

static void cubic_wake(struct bed *bed, int64_t now_ns)
{
    struct cubic *cubic = &bed->cubic;
    for (unsigned i = 0; i < CUBIC_RING; i++)
        cubic->sent_ns[i] = WZP_NEVER;
    cubic_shrink(cubic);
    cubic->window = 2;
    cubic->is_slow_start = true;
    cubic->flying = 0;
    cubic->acked_end = cubic->next;
    cubic->heard_ns = now_ns;
    cubic_send(bed, now_ns);
}

/* ---- the run ---- */

static void count_capacity(struct bed *bed, int64_t now_ns)
{
    int64_t from_ns = wzp_time_max(bed->capacity_ns, bed->params->settle_ns);
    if (now_ns > from_ns)
        bed->capacity_bits += capacity(bed) * (double)(now_ns - from_ns) / 1e9;
    bed->capacity_ns = now_ns;
}

static void take_step(struct bed *bed, int64_t now_ns)
{
    const struct sim_bed_step *step = &bed->params->steps[bed->step++];
    struct sim_link_params params = bed->link.params;
    count_capacity(bed, now_ns);
    params.rate_bps = step->rate_bps ? step->rate_bps : params.rate_bps;
    params.delay_ns = step->delay_ns ? step->delay_ns : params.delay_ns;
    sim_link_set_params(&bed->link, &params);
    for (unsigned i = 0; i < bed->params->flows; i++) {
        struct sim_link_params back = bed->flows[i].back.params;
        back.delay_ns = params.delay_ns;
        sim_link_set_params(&bed->flows[i].back, &back);
        bed->flows[i].within_ns = WZP_NEVER;
        look(bed, i, now_ns);
    }
}

static void trace(struct bed *bed, int64_t now_ns)
{
    printf("%7.2f", (double)now_ns / 1e9);
    for (unsigned i = 0; i < bed->params->flows; i++) {
        struct wzp_estimate_facts facts = wzp_estimate_facts(&bed->flows[i].estimate);
        printf("  target %7.1f pace %7.1f cap %7.1f q %5.1f loss %3u+%3u %d",
               (double)wzp_estimate_target_bps(&bed->flows[i].estimate) / 1e3,
               (double)bed->flows[i].pace_bps / 1e3, (double)facts.capacity_bps / 1e3,
               (double)facts.queue_ns / 1e6, facts.random_permille, facts.congestive_permille,
               (int)facts.state);
    }
    printf("  true q %5.1f cubic %.1f\n", (double)wzp_time_max(bed->link.free_at_ns - now_ns, 0) / 1e6,
           bed->cubic.window);
}

static int64_t next_at(const struct bed *bed)
{
    const struct sim_bed_params *params = bed->params;
    int64_t at_ns = bed->heap.count ? bed->heap.events[0].at_ns : WZP_NEVER;
    if (bed->step < params->steps_count)
        at_ns = wzp_time_min(at_ns, params->steps[bed->step].at_ns);
    if (params->has_cubic)
        at_ns = wzp_time_min(at_ns, bed->cubic.heard_ns + CUBIC_STUCK);
    if (params->trace)
        at_ns = wzp_time_min(at_ns, bed->trace_ns);
    for (unsigned i = 0; i < params->flows; i++) {
        at_ns = wzp_time_min(at_ns, send_at(bed, &bed->flows[i]));
        at_ns = wzp_time_min(at_ns, wzp_feedback_due_at(&bed->flows[i].feedback, OVERHEAD));
        at_ns = wzp_time_min(at_ns, wzp_estimate_next_at(&bed->flows[i].estimate));
    }
    return at_ns;
}

static void turn(struct bed *bed, int64_t now_ns)
{
    if (bed->step < bed->params->steps_count && now_ns >= bed->params->steps[bed->step].at_ns)
        take_step(bed, now_ns);
    if (bed->params->trace && now_ns >= bed->trace_ns) {
        trace(bed, now_ns);
        bed->trace_ns += 100 * WZP_MS;
    }
    while (bed->heap.count && bed->heap.events[0].at_ns <= now_ns) {
        struct event event = pop(&bed->heap);
        if (event.what == ARRIVES)
            on_arrival(bed, &event);
        else if (event.what == REPORTED)
            on_report(bed, &event);
        else
            on_cubic_ack(bed, &event);
    }
    if (bed->params->has_cubic && now_ns >= bed->cubic.heard_ns + CUBIC_STUCK)
        cubic_wake(bed, now_ns);
    for (unsigned i = 0; i < bed->params->flows; i++) {
        if (now_ns >= wzp_feedback_due_at(&bed->flows[i].feedback, OVERHEAD))
            report_turn(bed, i, now_ns);
        if (now_ns >= wzp_estimate_next_at(&bed->flows[i].estimate)) {
            wzp_estimate_advance(&bed->flows[i].estimate, now_ns);
            look(bed, i, now_ns);
        }
        if (now_ns >= send_at(bed, &bed->flows[i]))
            send_turn(bed, i, now_ns);
    }
}

static double percentile_ms(const struct flow *flow, double share)
{
    uint64_t all = 0, below = 0;
    for (unsigned i = 0; i < QUEUE_BINS; i++)
        all += flow->queue[i];
    for (unsigned i = 0; i < QUEUE_BINS; i++) {
        below += flow->queue[i];
        if ((double)below >= share * (double)all)
            return (double)((int64_t)i * QUEUE_BIN_NS) / 1e6;
    }
    return 0;
}

static void judge_steps(const struct bed *bed, unsigned index)
{
    const struct sim_bed_params *params = bed->params;
    double rate = (double)params->link.rate_bps;
    for (unsigned i = 0; i < params->steps_count; i++) {
        int64_t end_ns = i + 1 < params->steps_count ? params->steps[i + 1].at_ns : params->end_ns;
        double seconds = (double)(end_ns - params->steps[i].at_ns - RECOVERED_NS) / 1e9;
        rate = params->steps[i].rate_bps ? (double)params->steps[i].rate_bps : rate;
        bed->result->flow[index].steps[i].utilisation = (double)bed->flows[index].late_bytes[i] * 8 /
                                                        (rate * seconds * (1 - params->link.loss));
    }
}

static void judge(const struct bed *bed, unsigned index)
{
    const struct sim_bed_params *params = bed->params;
    const struct flow *flow = &bed->flows[index];
    struct sim_bed_flow *result = &bed->result->flow[index];
    double seconds = (double)(params->end_ns - params->settle_ns) / 1e9;
    result->utilisation = (double)flow->media_bytes * 8 / (bed->capacity_bits * (1 - params->link.loss));
    result->queue_p50_ms = percentile_ms(flow, 0.5);
    result->queue_p95_ms = percentile_ms(flow, 0.95);
    result->queue_max_ms = (double)flow->queue_max_ns / 1e6;
    result->congestive = flow->packets ? (double)flow->drops / (double)flow->packets : 0;
    result->padding = flow->sent_bytes ? (double)flow->padding_bytes / (double)flow->sent_bytes : 0;
    result->changes_per_min = (double)flow->changes * 60 / seconds;
    result->target_bps = wzp_estimate_target_bps(&flow->estimate);
    result->reports_per_s = (double)flow->reports / seconds;
    result->report_share = flow->all_bytes ? (double)flow->report_bytes / (double)flow->all_bytes : 0;
    judge_steps(bed, index);
}

void sim_bed_run(const struct sim_bed_params *params, uint64_t seed, struct sim_bed_result *result)
{
    struct bed *bed = calloc(1, sizeof *bed);
    WZP_CHECK(bed && params->flows <= SIM_BED_FLOWS && params->steps_count <= SIM_BED_STEPS);
    bed->params = params;
    bed->result = result;
    bed->flows = calloc(params->flows, sizeof *bed->flows);
    WZP_CHECK(bed->flows);
    memset(result, 0, sizeof *result);
    sim_link_init(&bed->link, &params->link, seed, 0);
    for (unsigned i = 0; i < params->flows; i++)
        flow_init(bed, i, seed);
    if (params->has_cubic)
        cubic_init(bed);
    for (int64_t now_ns = 0; now_ns < params->end_ns; now_ns = wzp_time_max(now_ns, next_at(bed)))
        turn(bed, now_ns);
    count_capacity(bed, params->end_ns);
    double sum = 0, squares = 0;
    for (unsigned i = 0; i < params->flows; i++) {
        judge(bed, i);
        sum += result->flow[i].utilisation;
        squares += result->flow[i].utilisation * result->flow[i].utilisation;
    }
    result->jain = squares > 0 ? sum * sum / (params->flows * squares) : 0;
    for (struct report *report = bed->reports, *older; report; report = older) {
        older = report->older;
        free(report);
    }
    free(bed->heap.events);
    free(bed->flows);
    free(bed);
}
