// SPDX-License-Identifier: Apache-2.0
/* Lines and queues against twins that hold real queues and go through time step by step. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/time.h"
#include "sim/link.h"

#define PACKETS 1000000

static void test_limits(void **state)
{
    (void)state;
    /* 125 IP bytes take 1 ms; one on the line and two that wait, by number or by bytes. */
    static const struct sim_line_model rows[] = {
        {.queue_packets = 2}, {.queue_bytes = 250}, {.queue_bytes = 374}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct sim_link_params params = {
            .burst = 1, .rate_bps = 1000000, .queue_ns = WZP_S, .line_model = rows[i]};
        struct sim_link link;
        struct sim_link_verdict verdict;
        sim_link_init(&link, &params, 1, 0);
        for (int k = 0; k < 5; k++) {
            sim_link_send(&link, 0, 97, &verdict);
            assert_int_equal(verdict.fate, k < 3 ? SIM_LINK_DELIVERED : SIM_LINK_DROPPED_QUEUE);
            if (k < 3)
                assert_int_equal(verdict.copy[0].at_ns, (k + 1) * WZP_MS);
        }
        sim_link_send(&link, WZP_MS, 97, &verdict); /* the second has begun to leave */
        assert_int_equal(verdict.copy[0].at_ns, 4 * WZP_MS);
        sim_link_send(&link, WZP_MS, 97, &verdict);
        assert_int_equal(verdict.fate, SIM_LINK_DROPPED_QUEUE);
        sim_link_close(&link);
    }
}

/* What a queue in time takes is what the plain line takes: limits that never bind change nothing. */
static void test_wide_limits_change_nothing(void **state)
{
    (void)state;
    struct sim_link_params plain = {.burst = 1, .rate_bps = 333333, .queue_ns = 200 * WZP_MS}, wide = plain;
    wide.line_model.queue_packets = 1000000;
    struct sim_link links[2];
    struct wzp_rng rng = wzp_rng_make(1, 1);
    int64_t now_ns = 0;
    sim_link_init(&links[0], &plain, 1, 0);
    sim_link_init(&links[1], &wide, 1, 0);
    for (int i = 0; i < 100000; i++) {
        struct sim_link_verdict a, b;
        size_t len = (size_t)wzp_rng_below(&rng, 1400);
        now_ns += (int64_t)wzp_rng_below(&rng, 33 * WZP_MS);
        sim_link_send(&links[0], now_ns, len, &a);
        sim_link_send(&links[1], now_ns, len, &b);
        assert_int_equal(a.fate, b.fate);
        assert_int_equal(a.copy[0].at_ns, b.copy[0].at_ns);
        assert_int_equal(a.queued_ns, b.queued_ns);
    }
    assert_true(links[0].counts.queue_drops > 1000);
    sim_link_close(&links[1]);
}

/* A line that is never idle carries its rate; with framing, that of what is on it. */
static void test_rate(void **state)
{
    (void)state;
    static const struct {
        uint64_t rate_bps;
        struct sim_line_model model;
        double ip_share;
    } rows[] = {{1000000, {.queue_packets = 50}, 1},
                {123457, {.queue_bytes = 9999}, 1},
                {1000000, {.queue_packets = 50, .overhead = 20}, 1228.0 / 1248},
                {1000000, {.queue_packets = 50, .cell = 48, .cell_overhead = 5}, 1228.0 / (26 * 53)}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct sim_link_params params = {.burst = 1,
                                         .rate_bps = rows[i].rate_bps,
                                         .queue_ns = SIM_LINK_TIME_MAX,
                                         .line_model = rows[i].model};
        struct sim_link link;
        struct sim_link_verdict verdict;
        int64_t last_ns = 0, step_ns = (int64_t)(4e12 / (double)rows[i].rate_bps); /* 500 bytes of line */
        assert_null(sim_link_params_check(&params));
        sim_link_init(&link, &params, 1, 0);
        for (int k = 0; k < PACKETS; k++) {
            sim_link_send(&link, k * step_ns, 1200, &verdict);
            if (verdict.copies)
                last_ns = verdict.copy[0].at_ns;
        }
        double carried = (double)link.counts.delivered * 1228 * 8 / ((double)last_ns / WZP_S);
        assert_true(fabs(carried / ((double)rows[i].rate_bps * rows[i].ip_share) - 1) < 0.001);
        sim_link_close(&link);
    }
}

/* A line that gets a model while it is busy, or another rate or a trace, first does what it took. */
static void test_busy_line_changes(void **state)
{
    (void)state;
    static const uint32_t at_ms[] = {1};
    char why[80];
    struct sim_link_params params = {.burst = 1, .rate_bps = 1000000, .queue_ns = WZP_S};
    struct sim_link link;
    struct sim_link_verdict verdict;
    sim_link_init(&link, &params, 1, 0);
    for (int i = 0; i < 10; i++)
        sim_link_send(&link, 0, 97, &verdict); /* 1 ms each */
    params.line_model.queue_packets = 100;
    sim_link_set_params(&link, &params);
    sim_link_send(&link, 0, 97, &verdict);
    assert_int_equal(verdict.queued_ns, 10 * WZP_MS);
    assert_int_equal(verdict.copy[0].at_ns, 11 * WZP_MS);
    params.rate_bps = 2000000;
    sim_link_set_params(&link, &params);
    sim_link_send(&link, WZP_MS, 97, &verdict);
    assert_int_equal(verdict.copy[0].at_ns, 11 * WZP_MS + WZP_MS / 2);
    params.rate_bps = 0;
    params.line_model = (struct sim_line_model){.trace = sim_trace_make(at_ms, 1, why, sizeof why)};
    sim_link_set_params(&link, &params);
    sim_link_send(&link, 2 * WZP_MS, 97, &verdict);
    assert_int_equal(verdict.copy[0].at_ns, 12 * WZP_MS);
    params.line_model.trace = NULL;
    sim_link_set_params(&link, &params);
    sim_link_send(&link, 3 * WZP_MS, 97, &verdict);
    assert_int_equal(verdict.copy[0].at_ns, 12 * WZP_MS);
    sim_link_close(&link);
}

/* ---- CoDel: the twin holds the queue and runs the pseudocode of RFC 8289 section 5 word by word ---- */

struct twin_packet {
    int64_t came_ns;
    size_t bytes, before; /* bytes waiting when it came */
    int64_t left_ns;      /* -1 dropped */
};

struct twin {
    struct twin_packet *packet;
    size_t head, tail;
    int64_t first_above_ns, drop_next_ns;
    unsigned count, last_count;
    bool dropping;
};

static struct twin_packet *dodequeue(struct twin *twin, int64_t now_ns, bool *ok)
{
    *ok = false;
    if (twin->head == twin->tail || twin->packet[twin->head].came_ns > now_ns) {
        twin->first_above_ns = 0;
        return NULL;
    }
    struct twin_packet *r = &twin->packet[twin->head++];
    if (now_ns - r->came_ns < 5 * WZP_MS || r->before <= 1500)
        twin->first_above_ns = 0;
    else if (twin->first_above_ns == 0)
        twin->first_above_ns = now_ns + 100 * WZP_MS;
    else if (now_ns >= twin->first_above_ns)
        *ok = true;
    return r;
}

static int64_t law(int64_t t_ns, unsigned count)
{
    return t_ns + (int64_t)(100 * WZP_MS / sqrt(count));
}

static struct twin_packet *deque(struct twin *twin, int64_t now_ns)
{
    bool ok;
    struct twin_packet *r = dodequeue(twin, now_ns, &ok);
    if (twin->dropping) {
        if (!ok)
            twin->dropping = false;
        while (now_ns >= twin->drop_next_ns && twin->dropping) {
            r->left_ns = -1;
            twin->count++;
            r = dodequeue(twin, now_ns, &ok);
            if (!ok)
                twin->dropping = false;
            else
                twin->drop_next_ns = law(twin->drop_next_ns, twin->count);
        }
    } else if (ok) {
        r->left_ns = -1;
        r = dodequeue(twin, now_ns, &ok);
        twin->dropping = true;
        unsigned delta = twin->count - twin->last_count;
        twin->count = delta > 1 && now_ns - twin->drop_next_ns < 16 * 100 * WZP_MS ? delta : 1;
        twin->drop_next_ns = law(now_ns, twin->count);
        twin->last_count = twin->count;
    }
    return r;
}

static void test_codel_is_the_rfc(void **state)
{
    (void)state;
    enum { COUNT = 200000 };
    struct twin_packet *packet = calloc(COUNT, sizeof *packet);
    struct twin twin = {.packet = packet, .tail = COUNT};
    struct wzp_rng rng = wzp_rng_make(5, 5);
    int64_t now_ns = 0, line_ns = 0;
    struct sim_link_params params = {
        .burst = 1,
        .rate_bps = 1000000,
        .queue_ns = SIM_LINK_TIME_MAX,
        .line_model = {.codel_target_ns = 5 * WZP_MS, .codel_interval_ns = 100 * WZP_MS}};
    struct sim_link link;
    sim_link_init(&link, &params, 1, 0);
    double late = 0, delivered = 0;
    for (int i = 0; i < COUNT; i++) { /* 500 bytes take 4 ms; load from 70 % to 140 %, by the second */
        packet[i].came_ns = now_ns;
        packet[i].bytes = 500;
        struct sim_link_verdict verdict;
        sim_link_send(&link, now_ns, 472, &verdict);
        packet[i].left_ns = verdict.copies ? verdict.copy[0].at_ns : -1;
        int load = 70 + (int)(now_ns / WZP_S * 7 % 71);
        now_ns += (int64_t)wzp_rng_below(&rng, 2) + 4 * WZP_MS * 100 / load +
                  7; /* never on the same instant */
        late += verdict.copies && verdict.queued_ns > 100 * WZP_MS;
        delivered += verdict.copies;
    }
    int64_t *expected_ns = malloc(COUNT * sizeof *expected_ns), *found_ns = malloc(COUNT * sizeof *found_ns);
    for (int i = 0; i < COUNT; i++) {
        found_ns[i] = packet[i].left_ns;
        packet[i].left_ns = 0;
    }
    /* Bytes waiting when each came need the line's past: the twin is run packet by packet. */
    size_t known = 0;
    for (twin.tail = 0; twin.head < COUNT;) {
        while (known < COUNT && packet[known].came_ns <= line_ns) {
            packet[known].before = (known - twin.head) * 500;
            twin.tail = ++known;
        }
        struct twin_packet *r = deque(&twin, line_ns);
        if (r) {
            line_ns += 4 * WZP_MS;
            r->left_ns = line_ns;
        } else if (known < COUNT) {
            line_ns = packet[known].came_ns;
        }
    }
    int drops = 0;
    for (int i = 0; i < COUNT; i++) {
        expected_ns[i] = packet[i].left_ns;
        drops += expected_ns[i] < 0;
        assert_int_equal(found_ns[i], expected_ns[i]);
    }
    assert_in_range(drops, 1000, COUNT / 2);
    assert_true(late / delivered < 0.2); /* CoDel keeps the standing queue short */
    free(packet);
    free(expected_ns);
    free(found_ns);
    sim_link_close(&link);
}

/* ---- slots ---- */

static void test_slots(void **state)
{
    (void)state;
    struct sim_link_params params = {
        .burst = 1,
        .queue_ns = WZP_S,
        .line_model = {
            .slot_min_ns = 4 * WZP_MS, .slot_max_ns = 12 * WZP_MS, .slot_packets = 8, .slot_bytes = 3000}};
    struct sim_link link;
    struct sim_link_verdict verdict;
    double gaps = 0, gap_sum = 0, wait_sum = 0;
    int64_t slot_ns = -1;
    unsigned in_slot = 0, bytes = 0, largest = 0;
    sim_link_init(&link, &params, 1, 0);
    for (int i = 0; i < PACKETS; i++) { /* one each 2 ms: four to a slot of 8 ms, half of what has room */
        sim_link_send(&link, i * 2 * WZP_MS, 172, &verdict);
        assert_int_equal(verdict.fate, SIM_LINK_DELIVERED);
        int64_t at_ns = verdict.copy[0].at_ns, wait_ns = at_ns - i * 2 * WZP_MS;
        assert_true(wait_ns >= 0 && wait_ns <= 24 * WZP_MS);
        wait_sum += (double)wait_ns;
        if (at_ns != slot_ns) {
            assert_true(at_ns - slot_ns >= 4 * WZP_MS || slot_ns < 0);
            gaps += slot_ns >= 0;
            gap_sum += slot_ns >= 0 ? (double)(at_ns - slot_ns) : 0;
            in_slot = bytes = 0;
        }
        slot_ns = at_ns;
        in_slot++;
        bytes += 200;
        largest = in_slot > largest ? in_slot : largest;
        assert_true(in_slot <= 8 && bytes <= 3000 + 200);
    }
    /* A slot begins 8 ms on the average after the first packet that finds none: that one comes up to 2 ms
     * after. */
    assert_true(gap_sum / gaps > 8.0 * WZP_MS && gap_sum / gaps < 10.0 * WZP_MS);
    assert_true(wait_sum / PACKETS > 3.0 * WZP_MS && wait_sum / PACKETS < 6.0 * WZP_MS);
    assert_in_range(largest, 6, 8);
    sim_link_close(&link);
}

/* Nobody waits: a slot's length after the packet. Too many: as many as the slots carry, and a queue. */
static void test_slots_carry(void **state)
{
    (void)state;
    struct sim_link_params params = {
        .burst = 1,
        .queue_ns = 100 * WZP_MS,
        .line_model = {.slot_min_ns = 10 * WZP_MS, .slot_max_ns = 10 * WZP_MS, .slot_packets = 3}};
    struct sim_link link;
    struct sim_link_verdict verdict;
    sim_link_init(&link, &params, 1, 0);
    sim_link_send(&link, 0, 100, &verdict);
    assert_int_equal(verdict.copy[0].at_ns, 10 * WZP_MS);
    sim_link_send(&link, WZP_S, 100, &verdict);
    assert_int_equal(verdict.copy[0].at_ns, WZP_S + 10 * WZP_MS);
    for (int i = 0; i < 100000; i++) /* ten a slot */
        sim_link_send(&link, 2 * WZP_S + i * WZP_MS, 100, &verdict);
    assert_true(fabs((double)link.counts.delivered - 30000) < 50);
    assert_true(verdict.queued_ns > 80 * WZP_MS);
    sim_link_close(&link);
}

/* ---- outages ---- */

static void test_outages(void **state)
{
    (void)state;
    struct sim_link_params params = {
        .burst = 1,
        .line_model = {
            .outage = {{3 * WZP_S, 5 * WZP_S, 0}, {10 * WZP_S, 10 * WZP_S + 100 * WZP_MS, 15 * WZP_S}}}};
    struct sim_link link;
    struct sim_link_verdict verdict;
    assert_null(sim_link_params_check(&params));
    sim_link_init(&link, &params, 1, 0);
    for (int ms = 0; ms < 60000; ms++) {
        sim_link_send(&link, ms * WZP_MS, 100, &verdict);
        bool out = (ms >= 3000 && ms < 5000) || (ms >= 10000 && (ms - 10000) % 15000 < 100);
        assert_int_equal(verdict.fate, out ? SIM_LINK_LOST : SIM_LINK_DELIVERED);
    }
}

static void test_usage_errors(void **state)
{
    (void)state;
    static const struct sim_line_model rows[] = {{.codel_target_ns = -1},
                                                 {.codel_target_ns = 2, .codel_interval_ns = 1},
                                                 {.slot_min_ns = 2, .slot_max_ns = 1},
                                                 {.slot_packets = 1},
                                                 {.overhead = -29},
                                                 {.cell_overhead = 5},
                                                 {.outage = {{5, 3, 0}}},
                                                 {.outage = {{0, 5, 4}}},
                                                 {.queue_packets = UINT64_MAX}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_non_null(sim_line_check(&rows[i], 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_limits),       cmocka_unit_test(test_wide_limits_change_nothing),
        cmocka_unit_test(test_rate),         cmocka_unit_test(test_codel_is_the_rfc),
        cmocka_unit_test(test_slots),        cmocka_unit_test(test_slots_carry),
        cmocka_unit_test(test_outages),      cmocka_unit_test(test_busy_line_changes),
        cmocka_unit_test(test_usage_errors),
    };
    return cmocka_run_group_tests_name("sim/link_queue", tests, NULL, NULL);
}
