// SPDX-License-Identifier: Apache-2.0
/* The laws of the header, on a line of one rate without loss; what paths are worth is told by sim/estimate.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/rng.h"
#include "base/time.h"
#include "link/estimate.h"

#include <string.h>

#define SIZE   1172 /* of UDP payload */
#define WIRE   (SIZE + 28)
#define FLYING 4096

struct line {
    struct wzp_estimate estimate;
    struct wzp_sent sent;
    struct wzp_feedback feedback;
    struct wzp_feedback_seen seen;
    struct wzp_rng rng;
    double rate_bps, source_bps; /* source 0: as much as may leave */
    unsigned loss;               /* permille */
    int64_t delay_ns;
    int64_t jitter_ns; /* at most; the order stays */
    bool is_deaf;      /* no report comes back */
    int64_t now_ns, free_ns, send_ns;
    int64_t arrives_ns[FLYING]; /* of number n, WZP_NEVER: lost */
    uint64_t arrived;
    uint64_t padding, hash;
};

static struct line lines[2];

static void start(struct line *line, enum wzp_estimate_kind kind, uint64_t start_bps, double rate_bps)
{
    memset(line, 0, sizeof *line);
    wzp_estimate_init(&line->estimate, kind, start_bps, 0);
    wzp_sent_init(&line->sent);
    wzp_feedback_init(&line->feedback);
    wzp_feedback_seen_init(&line->seen, 0);
    line->rng = wzp_rng_make(7, 0);
    line->rate_bps = rate_bps;
    line->delay_ns = 20 * WZP_MS;
}

static void check_bounds(struct line *line)
{
    uint64_t target = wzp_estimate_target_bps(&line->estimate);
    uint64_t pace = wzp_estimate_pace_bps(&line->estimate);
    assert_true(target >= WZP_ESTIMATE_BPS_MIN && pace >= WZP_ESTIMATE_BPS_MIN);
    if (line->estimate.max_bps > WZP_ESTIMATE_BPS_MIN)
        assert_true(target <= line->estimate.max_bps && pace <= line->estimate.max_bps);
    line->hash = (line->hash ^ target ^ pace << 20) * UINT64_C(0x9e3779b97f4a7c15);
}

static void leave(struct line *line)
{
    struct wzp_sent_packet *packet = wzp_sent_add(&line->sent, line->now_ns);
    packet->size = SIZE;
    wzp_estimate_on_sent(&line->estimate, packet->number, WIRE, line->now_ns);
    line->free_ns = wzp_time_max(line->free_ns, line->now_ns) + (int64_t)(WIRE * 8e9 / line->rate_bps);
    bool is_lost = wzp_rng_below(&line->rng, 1000) < line->loss;
    int64_t late_ns = line->jitter_ns ? (int64_t)wzp_rng_below(&line->rng, (uint64_t)line->jitter_ns) : 0;
    line->arrives_ns[packet->number % FLYING] = is_lost ? WZP_NEVER
                                                        : line->free_ns + line->delay_ns + late_ns;
}

/* As much as the pace allows and the source has; padding where it is asked for. */
static void send(struct line *line)
{
    double pace = (double)wzp_estimate_pace_bps(&line->estimate);
    if (line->now_ns < line->send_ns)
        return;
    if (line->source_bps > 0 && line->source_bps < pace) {
        if (!wzp_estimate_wants_padding(&line->estimate)) {
            wzp_estimate_on_idle(&line->estimate, line->now_ns);
            pace = line->source_bps;
        } else
            line->padding++;
    }
    leave(line);
    line->send_ns = wzp_time_max(line->send_ns, line->now_ns - WZP_MS) + (int64_t)(WIRE * 8e9 / pace);
}

static void arrive(struct line *line)
{
    struct wzp_frame_feedback frame;
    for (; line->arrived < line->sent.next_number; line->arrived++) {
        int64_t at_ns = line->arrives_ns[line->arrived % FLYING];
        if (at_ns == WZP_NEVER)
            continue;
        if (at_ns > line->now_ns)
            break;
        wzp_feedback_on_packet(&line->feedback, line->arrived, WIRE, true, at_ns);
    }
    if (!wzp_feedback_make(&line->feedback, 1200, 53, line->now_ns, &frame) || line->is_deaf)
        return;
    struct wzp_feedback_report report;
    struct wzp_ack_result result;
    assert_true(wzp_feedback_read(&frame, &report));
    assert_int_equal(wzp_sent_on_receipts(&line->sent, &report.receipts, line->now_ns, &result), WZP_ACK_OK);
    if (wzp_feedback_on_report(&line->seen, &report, &line->sent, line->now_ns))
        wzp_estimate_on_report(&line->estimate, &report, &line->sent, line->now_ns);
}

static void run(struct line *line, int64_t for_ns)
{
    for (int64_t end_ns = line->now_ns + for_ns; line->now_ns < end_ns; line->now_ns += WZP_MS / 4) {
        arrive(line);
        if (line->now_ns >= wzp_estimate_next_at(&line->estimate))
            wzp_estimate_advance(&line->estimate, line->now_ns);
        check_bounds(line);
        send(line);
    }
}

static double target(const struct line *line)
{
    return (double)wzp_estimate_target_bps(&line->estimate);
}

static void test_names(void **state)
{
    (void)state;
    for (unsigned i = 0; i <= WZP_ESTIMATE_AUTO; i++) {
        enum wzp_estimate_kind kind = WZP_ESTIMATE_KINDS + 1;
        assert_true(wzp_estimate_kind_from(wzp_estimate_kind_name((enum wzp_estimate_kind)i), &kind));
        assert_int_equal(kind, i);
    }
    enum wzp_estimate_kind kind = WZP_ESTIMATE_OURS;
    assert_false(wzp_estimate_kind_from("mine", &kind));
    assert_int_equal(kind, WZP_ESTIMATE_OURS);
    assert_null(wzp_estimate_kind_name(WZP_ESTIMATE_AUTO + 1));
}

/* The same calls, the same rates; and never outside the bounds (run() looks). */
static void test_same(void **state)
{
    (void)state;
    for (unsigned kind = 0; kind < WZP_ESTIMATE_KINDS; kind++) {
        for (unsigned i = 0; i < 2; i++) {
            start(&lines[i], (enum wzp_estimate_kind)kind, 300000, 1e6);
            lines[i].loss = 200;
            wzp_estimate_set_bounds(&lines[i].estimate, 700000, 0);
            run(&lines[i], 8 * WZP_S);
        }
        assert_true(lines[0].hash == lines[1].hash);
        assert_memory_equal(&lines[0].estimate, &lines[1].estimate, sizeof lines[0].estimate);
    }
    start(&lines[0], WZP_ESTIMATE_OURS, 300000, 1e6);
    wzp_estimate_set_bounds(&lines[0].estimate, 1000, 0); /* the least is the least */
    run(&lines[0], WZP_S);
    assert_int_equal(wzp_estimate_target_bps(&lines[0].estimate), WZP_ESTIMATE_BPS_MIN);
}

static void test_finds(void **state)
{
    (void)state;
    static const struct {
        double rate_bps;
        unsigned loss;
    } rows[] = {{300e3, 0}, {1e6, 0}, {1e6, 300}, {1e6, 700}, {10e6, 0}, {10e6, 300}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        start(&lines[0], WZP_ESTIMATE_OURS, 200000, rows[i].rate_bps);
        lines[0].loss = rows[i].loss;
        run(&lines[0], 10 * WZP_S);
        struct wzp_estimate_facts facts = wzp_estimate_facts(&lines[0].estimate);
        assert_in_range((uint64_t)(100 * target(&lines[0]) / rows[i].rate_bps), 92, 106);
        assert_in_range(facts.capacity_bps * 100 / (uint64_t)rows[i].rate_bps, 92, 106);
        assert_in_range(facts.random_permille + 150, rows[i].loss + 20, rows[i].loss + 280);
    }
}

/* Who sends less is believed to be able to send no more and no less than before. */
static void test_idle(void **state)
{
    (void)state;
    start(&lines[0], WZP_ESTIMATE_OURS, 300000, 1e6);
    run(&lines[0], 10 * WZP_S);
    uint64_t before = wzp_estimate_facts(&lines[0].estimate).capacity_bps;
    lines[0].source_bps = 60000;
    run(&lines[0], 30 * WZP_S);
    assert_in_range(wzp_estimate_facts(&lines[0].estimate).capacity_bps, before * 95 / 100,
                    before * 105 / 100);
    assert_true(target(&lines[0]) >= 0.9e6 && target(&lines[0]) <= 1.1e6);
    assert_int_equal(lines[0].padding, 0); /* nobody wishes for more */
}

/* Padding finds what is wished for on a fat line, and stops. */
static void test_wish(void **state)
{
    (void)state;
    start(&lines[0], WZP_ESTIMATE_OURS, 100000, 10e6);
    lines[0].source_bps = 60000;
    wzp_estimate_set_bounds(&lines[0].estimate, 0, 2000000);
    run(&lines[0], 8 * WZP_S);
    assert_true(target(&lines[0]) >= 2e6);
    assert_in_range(lines[0].padding * WIRE, 20000, 250000);
    uint64_t before = lines[0].padding;
    run(&lines[0], 10 * WZP_S);
    assert_int_equal(lines[0].padding, before);
    /* on a thin one it costs little for ever */
    start(&lines[0], WZP_ESTIMATE_OURS, 100000, 200e3);
    lines[0].source_bps = 60000;
    wzp_estimate_set_bounds(&lines[0].estimate, 0, 2000000);
    run(&lines[0], 60 * WZP_S);
    assert_true((double)(lines[0].padding * WIRE) * 8 / 60 < 15000);
}

/* Over jitter the capacity of who sends little sinks towards what is sent, but not all the way. */
static void test_jitter(void **state)
{
    (void)state;
    start(&lines[0], WZP_ESTIMATE_OURS, 300000, 1e6);
    run(&lines[0], 10 * WZP_S);
    lines[0].jitter_ns = 60 * WZP_MS;
    lines[0].source_bps = 450e3;
    wzp_estimate_set_bounds(&lines[0].estimate, 0, 600000);
    run(&lines[0], 60 * WZP_S);
    assert_true(wzp_estimate_facts(&lines[0].estimate).capacity_bps > 530000);
}

/* After a train that told of a fast line loss is the line's from the first window on. */
static void test_train_beside_loss(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 20; seed++) {
        start(&lines[0], WZP_ESTIMATE_OURS, 250000, 10e6);
        lines[0].rng = wzp_rng_make(seed, 0);
        for (unsigned i = 0; i < 12; i++)
            leave(&lines[0]);
        lines[0].loss = 400;
        lines[0].source_bps = 500e3;
        for (unsigned i = 0; i < 30; i++) {
            run(&lines[0], 100 * WZP_MS);
            struct wzp_estimate_facts facts = wzp_estimate_facts(&lines[0].estimate);
            assert_true(facts.capacity_bps == 0 || facts.capacity_bps >= 1000000);
            assert_true(facts.capacity_bps == 0 || facts.is_open);
        }
    }
}

/* A handshake is few packets: what the first of a session tell counts beside it, before there is a window. */
static void test_handshake_loss(void **state)
{
    (void)state;
    start(&lines[0], WZP_ESTIMATE_OURS, 200000, 500e3);
    wzp_estimate_expect_loss(&lines[0].estimate, 600, 5);
    lines[0].source_bps = 150e3;
    assert_int_equal(wzp_estimate_facts(&lines[0].estimate).random_permille, 600);
    run(&lines[0], 600 * WZP_MS); /* ten packets at most: no window */
    assert_in_range(wzp_estimate_facts(&lines[0].estimate).random_permille, 200, 400);
}

/* Far more is lost than a handshake told of. What less does is seen before still less is sent, and it is
 * believed. */
static void test_doubt(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 20; seed++) {
        start(&lines[0], WZP_ESTIMATE_OURS, 400000, 10e6);
        lines[0].rng = wzp_rng_make(seed, 0);
        wzp_estimate_expect_loss(&lines[0].estimate, 0, 5);
        lines[0].loss = 600;
        lines[0].source_bps = 400e3;
        for (unsigned i = 0; i < 60; i++) {
            run(&lines[0], 100 * WZP_MS);
            struct wzp_estimate_facts facts = wzp_estimate_facts(&lines[0].estimate);
            assert_true(facts.capacity_bps == 0 || facts.capacity_bps >= 400000 * 35 / 100);
        }
        assert_true(wzp_estimate_facts(&lines[0].estimate).random_permille > 400);
    }
}

/* Where no queue was met what is tried is twice as much, or a quarter more if only so much is wished for. */
static void test_growth(void **state)
{
    (void)state;
    for (unsigned is_wish = 0; is_wish < 2; is_wish++) {
        double most = 0;
        start(&lines[0], WZP_ESTIMATE_OURS, 200000, 10e6);
        wzp_estimate_set_bounds(&lines[0].estimate, 0, is_wish ? 2000000 : 0);
        for (unsigned i = 0; i < 10; i++) {
            run(&lines[0], 50 * WZP_MS);
            double capacity = (double)wzp_estimate_facts(&lines[0].estimate).capacity_bps;
            if (capacity > 0 && (double)wzp_estimate_pace_bps(&lines[0].estimate) / capacity > most)
                most = (double)wzp_estimate_pace_bps(&lines[0].estimate) / capacity;
        }
        assert_in_range((uint64_t)(100 * most), is_wish ? 120 : 190, is_wish ? 126 : 201);
    }
}

/* Where a round trip is as long as a search no queue ends it: what fills the line is rare all the same, and a
 * line that has become faster is found. */
static void test_search_far(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 6; seed++) {
        start(&lines[0], WZP_ESTIMATE_OURS, 100000, 500e3);
        lines[0].rng = wzp_rng_make(seed, 0);
        lines[0].delay_ns = 400 * WZP_MS;
        lines[0].loss = 700;
        lines[0].source_bps = 420e3;
        wzp_estimate_set_bounds(&lines[0].estimate, 0, 630000);
        run(&lines[0], 30 * WZP_S);
        uint64_t before = lines[0].padding;
        run(&lines[0], 60 * WZP_S);
        assert_true((double)((lines[0].padding - before) * WIRE) * 8 / 60 < 45000);
        lines[0].rate_bps = 2e6;
        wzp_estimate_set_bounds(&lines[0].estimate, 0, 1500000);
        run(&lines[0], 120 * WZP_S);
        assert_true(wzp_estimate_facts(&lines[0].estimate).capacity_bps >= 1500000);
    }
}

/* Of a far path any two packets that left at once tell the line like a train does, although others were lost
 * before, behind and between them. */
static void test_far(void **state)
{
    (void)state;
    for (unsigned is_far = 0; is_far < 2; is_far++) {
        start(&lines[0], WZP_ESTIMATE_OURS, 100000, 500e3);
        lines[0].send_ns = WZP_NEVER;
        if (is_far)
            wzp_estimate_expect_far(&lines[0].estimate);
        for (unsigned i = 0; i < 20; i++) {
            for (unsigned k = 0; k < 3; k++) {
                lines[0].loss = k == 1 || i < 13 ? 1000 : 0;
                leave(&lines[0]);
            }
            run(&lines[0], 100 * WZP_MS);
        }
        struct wzp_estimate_facts facts = wzp_estimate_facts(&lines[0].estimate);
        assert_int_equal(facts.is_open, !is_far);
        if (is_far)
            assert_in_range(facts.capacity_bps, 480000, 520000);
    }
}

/* The last packet of a train that came long before the next one is told too roughly to count. */
static void test_rough_train(void **state)
{
    (void)state;
    for (int64_t silence_ns = 150 * WZP_MS; silence_ns < 190 * WZP_MS; silence_ns += 3 * WZP_MS) {
        start(&lines[0], WZP_ESTIMATE_OURS, 100000, 500e3);
        lines[0].send_ns = WZP_NEVER;
        lines[0].is_deaf = true; /* the first report is lost */
        for (unsigned i = 0; i < 6; i++)
            leave(&lines[0]);
        run(&lines[0], 6 * 19200 * WZP_US + silence_ns);
        leave(&lines[0]);
        run(&lines[0], 10 * WZP_MS);
        lines[0].is_deaf = false;
        run(&lines[0], 100 * WZP_MS);
        assert_in_range(wzp_estimate_facts(&lines[0].estimate).capacity_bps, 490000, 510000);
    }
}

/* Streams beside speech keep less of a queue. */
static void test_modest(void **state)
{
    (void)state;
    int64_t queue_ns[2];
    for (unsigned i = 0; i < 2; i++) {
        start(&lines[i], WZP_ESTIMATE_OURS, 300000, 500e3);
        wzp_estimate_set_modest(&lines[i].estimate, i);
        run(&lines[i], 10 * WZP_S);
        queue_ns[i] = wzp_estimate_facts(&lines[i].estimate).queue_ns;
        assert_true(target(&lines[i]) > 0.45e6);
    }
    assert_in_range(queue_ns[1], queue_ns[0] * 6 / 10, queue_ns[0] * 8 / 10);
}

static void test_blind(void **state)
{
    (void)state;
    start(&lines[0], WZP_ESTIMATE_OURS, 300000, 1e6);
    run(&lines[0], 10 * WZP_S);
    lines[0].is_deaf = true;
    run(&lines[0], 400 * WZP_MS);
    assert_true(target(&lines[0]) > 0.9e6);
    run(&lines[0], 10 * WZP_S);
    assert_true(target(&lines[0]) < 0.35e6 && target(&lines[0]) > 0.25e6);
    lines[0].is_deaf = false;
    run(&lines[0], 3 * WZP_S);
    assert_true(target(&lines[0]) > 0.85e6);
}

/* Another path: what is known of the old one, and reports that still come of it, count no more. */
static void test_restart(void **state)
{
    (void)state;
    start(&lines[0], WZP_ESTIMATE_OURS, 300000, 5e6);
    run(&lines[0], 10 * WZP_S);
    assert_true(target(&lines[0]) > 4.5e6);
    wzp_estimate_restart(&lines[0].estimate, lines[0].sent.next_number, lines[0].now_ns);
    assert_true(target(&lines[0]) == 300000);
    assert_int_equal(wzp_estimate_facts(&lines[0].estimate).capacity_bps, 0);
    lines[0].rate_bps = 500e3;
    run(&lines[0], 30 * WZP_MS); /* only packets of the old path arrive */
    assert_int_equal(wzp_estimate_facts(&lines[0].estimate).capacity_bps, 0);
    run(&lines[0], 8 * WZP_S);
    assert_true(target(&lines[0]) > 0.45e6 && target(&lines[0]) < 0.55e6);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_same),
        cmocka_unit_test(test_finds),
        cmocka_unit_test(test_idle),
        cmocka_unit_test(test_wish),
        cmocka_unit_test(test_blind),
        cmocka_unit_test(test_restart),
        cmocka_unit_test(test_jitter),
        cmocka_unit_test(test_modest),
        cmocka_unit_test(test_train_beside_loss),
        cmocka_unit_test(test_handshake_loss),
        cmocka_unit_test(test_doubt),
        cmocka_unit_test(test_growth),
        cmocka_unit_test(test_search_far),
        cmocka_unit_test(test_far),
        cmocka_unit_test(test_rough_train),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
