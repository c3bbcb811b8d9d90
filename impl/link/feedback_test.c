// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/rng.h"
#include "link/feedback.h"
#include "link/loss.h"
#include "link/received.h"

#include <stdlib.h>
#include <string.h>

#define PACKETS  6000
#define OVERHEAD 53

static struct wzp_feedback feedback;
static struct wzp_sent sent;

struct world {
    unsigned loss; /* permille */
    unsigned burst;
    int64_t every_ns; /* between two packets */
    size_t size;      /* 28 of headers counted */
    int64_t delay_ns, jitter_ns;
    bool overtakes;
    bool rides; /* the other side sends as many packets */
};

struct outcome {
    unsigned reports, groups, by_runs, by_bits, loss, burst_16;
    size_t bytes, longest;
    int64_t closest_ns, farthest_ns, jitter_ns;
};

/* What the receiver truly has, and when. */
static int64_t came_ns[PACKETS];

/* Everything in the report against what came: the twin. */
static void check(const struct wzp_frame_feedback *frame, const struct wzp_feedback_report *report,
                  int64_t now_ns)
{
    const struct wzp_receipts *receipts = &report->receipts;
    unsigned range = 0;
    assert_int_equal(receipts->largest, frame->largest);
    assert_int_equal(receipts->largest - receipts->lowest + 1, frame->span);
    for (uint64_t n = receipts->largest + 1; n-- > receipts->lowest;) {
        while (range < receipts->count && receipts->ranges[range].first > n)
            range++;
        bool is_told = range < receipts->count && receipts->ranges[range].last >= n;
        assert_int_equal(is_told, came_ns[n] <= now_ns);
    }
    int64_t largest_ns = came_ns[frame->largest];
    assert_in_range(now_ns - largest_ns - receipts->delay_ns, 0, 8 * WZP_US);
    assert_int_equal(report->arrivals[0].number, frame->largest);
    for (unsigned i = 0; i < report->arrivals_count; i++) {
        int64_t truth_ns = largest_ns - came_ns[report->arrivals[i].number];
        int64_t before_ns = report->arrivals[i].before_ns;
        int64_t step_ns = before_ns < 32 * WZP_MS    ? 250 * WZP_US
                          : before_ns < 128 * WZP_MS ? WZP_MS
                                                     : 32 * WZP_MS;
        assert_in_range(truth_ns - before_ns, 0, step_ns);
    }
}

static void lose(const struct world *world, struct wzp_rng *rng)
{
    bool is_bad = false;
    for (unsigned n = 0; n < PACKETS; n++) {
        uint64_t burst = world->burst ? world->burst : 1;
        double stay = world->burst ? 1 - 1.0 / (double)burst : world->loss / 1000.0;
        double fall = world->burst ? world->loss / ((double)burst * (1000.0 - world->loss))
                                   : world->loss / 1000.0;
        is_bad = wzp_rng_unit(rng) < (is_bad ? stay : fall);
        int64_t late_ns = (int64_t)wzp_rng_below(rng, (uint64_t)world->jitter_ns + 1);
        came_ns[n] = is_bad ? WZP_NEVER : (int64_t)n * world->every_ns + world->delay_ns + late_ns;
        if (!is_bad && !world->overtakes)
            for (unsigned before = n; before-- > 0 && before + 20 > n;)
                if (came_ns[before] != WZP_NEVER) {
                    came_ns[n] = wzp_time_max(came_ns[n], came_ns[before]);
                    break;
                }
    }
}

/* The receiver sees packets at their times, in steps of 1/4 ms; each report is read and checked at once. */
static struct outcome run(const struct world *world, uint64_t seed)
{
    struct wzp_rng rng = wzp_rng_make(seed, 0);
    struct outcome outcome = {.closest_ns = WZP_NEVER};
    struct wzp_feedback_seen seen;
    struct wzp_ack_result result;
    uint64_t bytes_in = 0, spoken_to[WZP_FEEDBACK_REPEATS + 1] = {0};
    int64_t last_ns = INT64_MIN, end_ns = PACKETS * world->every_ns + 2 * WZP_S;
    lose(world, &rng);
    wzp_feedback_init(&feedback);
    wzp_sent_init(&sent);
    wzp_feedback_seen_init(&seen, 0);
    for (int64_t now_ns = 0; now_ns < end_ns; now_ns += 250 * WZP_US) {
        uint64_t from = (uint64_t)wzp_time_max(
            (now_ns - world->delay_ns - world->jitter_ns) / world->every_ns - 1, 0);
        for (; sent.next_number < PACKETS && (int64_t)sent.next_number * world->every_ns <= now_ns;)
            wzp_sent_add(&sent, (int64_t)sent.next_number * world->every_ns);
        for (uint64_t n = from; n < sent.next_number; n++)
            if (came_ns[n] <= now_ns && came_ns[n] > now_ns - 250 * WZP_US) {
                came_ns[n] = now_ns;
                wzp_feedback_on_packet(&feedback, n, world->size, true, now_ns);
                for (unsigned i = 0; bytes_in == 0 && i <= WZP_FEEDBACK_REPEATS; i++)
                    spoken_to[i] = n;
                bytes_in += world->size;
            }
        bool rides = world->rides && now_ns % world->every_ns == 0;
        size_t overhead = rides ? 0 : OVERHEAD;
        bool is_due = wzp_feedback_due_at(&feedback, overhead) <= now_ns;
        struct wzp_frame_feedback frame;
        assert_false(wzp_feedback_make(&feedback, WZP_FEEDBACK_MAX - 1, overhead, now_ns, &frame));
        assert_int_equal(wzp_feedback_make(&feedback, 1200, overhead, now_ns, &frame), is_due);
        if (!is_due)
            continue;
        uint8_t bytes[WZP_FEEDBACK_MAX];
        struct wzp_writer writer = wzp_writer_make(bytes, sizeof bytes);
        wzp_frame_feedback_encode(&writer, &frame);
        assert_false(writer.failed);
        size_t len = wzp_writer_len(&writer);
        struct wzp_reader reader = wzp_reader_make(bytes, len);
        struct wzp_frame again;
        struct wzp_feedback_report report;
        assert_int_equal(wzp_frame_decode(&reader, &again), WZP_FRAME_OK);
        assert_true(wzp_feedback_read(&again.feedback, &report));
        check(&again.feedback, &report, now_ns);
        bool is_whole = frame.span == WZP_FEEDBACK_SPAN_MAX;
        assert_true(is_whole || report.receipts.lowest <= spoken_to[WZP_FEEDBACK_REPEATS]);
        memmove(spoken_to + 1, spoken_to, WZP_FEEDBACK_REPEATS * sizeof *spoken_to);
        spoken_to[0] = frame.largest + 1;
        assert_int_equal(wzp_sent_on_receipts(&sent, &report.receipts, now_ns, &result), WZP_ACK_OK);
        wzp_feedback_on_report(&seen, &report, &sent, now_ns);

        outcome.reports++;
        outcome.groups += (frame.form & WZP_FEEDBACK_FORM_GROUPS) != 0;
        outcome.by_runs += (frame.form & WZP_FEEDBACK_FORM_RUNS) != 0;
        outcome.by_bits += (frame.form & WZP_FEEDBACK_FORM_RUNS) == 0;
        outcome.bytes += len + overhead;
        outcome.longest = len > outcome.longest ? len : outcome.longest;
        outcome.loss += report.loss_permille;
        outcome.burst_16 += report.burst_16;
        if (last_ns != INT64_MIN) {
            outcome.closest_ns = wzp_time_min(outcome.closest_ns, now_ns - last_ns);
            outcome.farthest_ns = wzp_time_max(outcome.farthest_ns, now_ns - last_ns);
        }
        last_ns = now_ns;
        uint64_t floor = (uint64_t)now_ns / (4 * WZP_MS); /* 2 kbit/s */
        uint64_t share = bytes_in / 20 > floor ? bytes_in / 20 : floor;
        assert_true(outcome.bytes <= share + WZP_FEEDBACK_BURST + 1);
    }
    assert_int_equal(wzp_feedback_due_at(&feedback, OVERHEAD), WZP_NEVER); /* silence */
    assert_true(last_ns < PACKETS * world->every_ns + 1 * WZP_S);
    outcome.loss /= outcome.reports;
    outcome.burst_16 /= outcome.reports;
    outcome.jitter_ns = seen.jitter_ns;
    return outcome;
}

static void test_bounds(void **state)
{
    (void)state;
    static const struct {
        struct world world;
        unsigned per_s_min;
        bool by_groups;
    } rows[] = {
        /* loss burst every size delay jitter overtakes rides */
        {{0, 0, 20 * WZP_MS, 130, 50 * WZP_MS, 0, false, true}, 16, false},
        {{50, 0, 20 * WZP_MS, 130, 50 * WZP_MS, 20 * WZP_MS, true, true}, 15, false},
        {{300, 4, 20 * WZP_MS, 130, 50 * WZP_MS, 20 * WZP_MS, false, true}, 13, false},
        {{700, 0, 20 * WZP_MS, 130, 50 * WZP_MS, 0, false, true}, 9, false},
        {{0, 0, 60 * WZP_MS, 70, 50 * WZP_MS, 0, false, true}, 7, false},  /* thin: rides */
        {{0, 0, 60 * WZP_MS, 70, 50 * WZP_MS, 0, false, false}, 1, false}, /* or leaves alone, seldom */
        {{700, 0, 20 * WZP_MS, 130, 50 * WZP_MS, 0, false, false}, 1, false},
        {{300, 0, 2 * WZP_MS, 130, 50 * WZP_MS, 10 * WZP_MS, true, true}, 17, false},
        {{700, 4, 2 * WZP_MS, 130, 50 * WZP_MS, 0, false, false}, 7, false},
        {{0, 0, 500 * WZP_US, 300, 50 * WZP_MS, 3 * WZP_MS, false, true}, 19, true}, /* 2000 a second */
        {{500, 2, 500 * WZP_US, 300, 50 * WZP_MS, 3 * WZP_MS, true, true}, 19, true},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct world *world = &rows[i].world;
        struct outcome outcome = run(world, i + 1);
        double seconds = PACKETS * (double)world->every_ns / WZP_S;
        print_message(
            "row %zu: %.1f reports/s, %.1f bytes, longest %zu, %u runs %u bits %u groups, loss %u burst %u "
            "jitter %ld us, farthest %ld ms\n",
            i, outcome.reports / seconds, (double)outcome.bytes / outcome.reports, outcome.longest,
            outcome.by_runs, outcome.by_bits, outcome.groups, outcome.loss, outcome.burst_16,
            (long)(outcome.jitter_ns / WZP_US), (long)(outcome.farthest_ns / WZP_MS));
        assert_true(outcome.closest_ns >= WZP_FEEDBACK_INTERVAL_NS);
        assert_true(outcome.reports >= rows[i].per_s_min * seconds);
        assert_int_equal(outcome.groups * 2 > outcome.reports, rows[i].by_groups);
        assert_true(abs((int)outcome.loss - (int)world->loss) <= 25);
        double burst = world->burst ? world->burst : 1000.0 / (1000.0 - world->loss);
        if (world->loss)
            assert_true(outcome.burst_16 >= burst * 16 * 0.85 && outcome.burst_16 <= burst * 16 * 1.15);
        if (world->loss <= 50 && world->every_ns <= 20 * WZP_MS)
            assert_true(outcome.by_runs > outcome.by_bits);
        if (world->loss >= 300 && world->burst == 0)
            assert_true(outcome.by_bits > outcome.by_runs);
    }
}

/* ---- loss that steps, with most reports lost: what the sender takes it for ---- */

struct follow {
    unsigned worst;     /* permille off the truth, once 2 s have passed after a step */
    unsigned mean;      /* of that */
    unsigned worst_run; /* 1/16 packets */
};

static struct follow follow(int64_t every_ns, unsigned burst, unsigned report_loss, uint64_t seed)
{
    static const unsigned steps[] = {0, 300, 700, 0};
    static struct {
        int64_t at_ns;
        uint8_t bytes[WZP_FEEDBACK_MAX];
        size_t len;
    } way[64];
    const int64_t delay_ns = 50 * WZP_MS, step_ns = 8 * WZP_S;
    unsigned first = 0, last = 0;
    struct wzp_rng rng = wzp_rng_make(seed, 0);
    struct wzp_feedback_seen seen;
    struct wzp_loss loss;
    struct wzp_ack_result result;
    struct follow follow = {0};
    uint64_t sum = 0, count = 0, number = 0;
    bool is_bad = false;
    wzp_feedback_init(&feedback);
    wzp_sent_init(&sent);
    wzp_loss_init(&loss);
    wzp_feedback_seen_init(&seen, 0);
    for (int64_t now_ns = 0; now_ns < 4 * step_ns; now_ns += every_ns) {
        unsigned share = steps[now_ns / step_ns];
        double stay = burst ? 1 - 1.0 / burst : share / 1000.0;
        double fall = burst ? share / (burst * (1000.0 - share)) : share / 1000.0;
        wzp_sent_add(&sent, now_ns - delay_ns); /* seen from the other end */
        is_bad = wzp_rng_unit(&rng) < (is_bad && share ? stay : fall);
        if (!is_bad)
            wzp_feedback_on_packet(&feedback, number, 130, true, now_ns);
        number++;
        struct wzp_frame_feedback frame;
        if (wzp_feedback_make(&feedback, 1200, 0, now_ns, &frame) &&
            wzp_rng_below(&rng, 1000) >= report_loss) {
            struct wzp_writer writer = wzp_writer_make(way[last % 64].bytes, WZP_FEEDBACK_MAX);
            wzp_frame_feedback_encode(&writer, &frame);
            way[last % 64].len = wzp_writer_len(&writer);
            way[last++ % 64].at_ns = now_ns + delay_ns;
        }
        for (; first < last && way[first % 64].at_ns <= now_ns; first++) {
            struct wzp_reader reader = wzp_reader_make(way[first % 64].bytes, way[first % 64].len);
            struct wzp_frame again;
            struct wzp_feedback_report report;
            assert_int_equal(wzp_frame_decode(&reader, &again), WZP_FRAME_OK);
            assert_true(wzp_feedback_read(&again.feedback, &report));
            assert_int_equal(wzp_sent_on_receipts(&sent, &report.receipts, now_ns, &result), WZP_ACK_OK);
            if (wzp_feedback_on_report(&seen, &report, &sent, now_ns))
                wzp_loss_on_report(&loss, report.receipts.largest, report.loss_permille, report.burst_16);
            wzp_loss_on_ack(&loss, &sent);
        }
        if (now_ns % step_ns < 2 * WZP_S)
            continue;
        unsigned off = (unsigned)abs((int)wzp_loss_permille(&loss) - (int)share);
        follow.worst = off > follow.worst ? off : follow.worst;
        sum += off;
        count++;
    }
    follow.mean = (unsigned)(sum / count);
    return follow;
}

static void test_follows(void **state)
{
    (void)state;
    static const struct {
        int64_t every_ns;
        unsigned burst, report_loss, worst, mean;
    } rows[] = {
        {20 * WZP_MS, 0, 0, 160, 40},   {20 * WZP_MS, 0, 700, 160, 50},   {15 * WZP_MS, 0, 700, 160, 40},
        {8 * WZP_MS, 0, 700, 140, 30},  {2200 * WZP_US, 0, 0, 100, 25},   {2200 * WZP_US, 0, 700, 100, 25},
        {2200 * WZP_US, 4, 0, 150, 40}, {2200 * WZP_US, 4, 700, 150, 40}, {20 * WZP_MS, 4, 700, 400, 100},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        unsigned mean = 0, worst = 0;
        for (uint64_t seed = 1; seed <= 20; seed++) {
            struct follow result = follow(rows[i].every_ns, rows[i].burst, rows[i].report_loss, seed);
            worst = result.worst > worst ? result.worst : worst;
            mean += result.mean;
        }
        print_message("row %zu: %u worst, %u mean permille off\n", i, worst, mean / 20);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bounds),
        cmocka_unit_test(test_follows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
