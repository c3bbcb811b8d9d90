// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/rng.h"
#include "link/feedback.h"
#include "link/loss.h"

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
        int64_t step_ns = report->arrivals[i].is_rough ? 32 * WZP_MS
                          : before_ns < 32 * WZP_MS    ? 250 * WZP_US
                                                       : WZP_MS;
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
    unsigned worst; /* permille off the truth, once 2 s have passed after a step */
    unsigned mean;  /* of that */
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
        {20 * WZP_MS, 0, 0, 180, 25},   {20 * WZP_MS, 0, 700, 330, 30},   {15 * WZP_MS, 0, 700, 240, 25},
        {8 * WZP_MS, 0, 700, 150, 22},  {2200 * WZP_US, 0, 0, 80, 12},    {2200 * WZP_US, 0, 700, 85, 12},
        {2200 * WZP_US, 4, 0, 150, 18}, {2200 * WZP_US, 4, 700, 140, 18}, {20 * WZP_MS, 4, 700, 430, 40},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        unsigned mean = 0;
        for (uint64_t seed = 1; seed <= 20; seed++) {
            struct follow result = follow(rows[i].every_ns, rows[i].burst, rows[i].report_loss, seed);
            assert_true(result.worst <= rows[i].worst);
            mean += result.mean;
        }
        assert_true(mean / 20 <= rows[i].mean);
    }
}

/* ---- what is refused ---- */

static void test_refused(void **state)
{
    (void)state;
    static const struct {
        const char *what;
        struct wzp_frame_feedback frame; /* the slices' bytes below */
        uint8_t receipts[8], arrivals[8];
        unsigned received; /* 0: refused */
    } rows[] = {
        {"one", {.largest = 0, .span = 1, .receipts.len = 1}, {0x80}, {0}, 1},
        {"below 0", {.largest = 0, .span = 2, .receipts.len = 1}, {0x80}, {0}, 0},
        {"nothing", {.largest = 9, .span = 0, .receipts.len = 0}, {0}, {0}, 0},
        {"without the largest", {.largest = 9, .span = 2, .receipts.len = 1}, {0x40}, {0}, 0},
        {"a bit too many", {.largest = 9, .span = 3, .receipts.len = 1}, {0x90}, {0}, 0},
        {"all bits", {.largest = 9, .span = 8, .receipts.len = 1}, {0xa9}, {0}, 4},
        {"a byte too many", {.largest = 9, .span = 8, .receipts.len = 2}, {0xa9, 0}, {0}, 0},
        {"a byte too few", {.largest = 9, .span = 9, .receipts.len = 1}, {0xa9}, {0}, 0},
        {"runs", {.largest = 9, .form = 1, .span = 9, .receipts.len = 3}, {3, 2, 4}, {0}, 7},
        {"runs, the last lost", {.largest = 9, .form = 1, .span = 9, .receipts.len = 2}, {3, 6}, {0}, 3},
        {"runs, too long", {.largest = 9, .form = 1, .span = 9, .receipts.len = 3}, {3, 2, 5}, {0}, 0},
        {"runs, too short", {.largest = 9, .form = 1, .span = 9, .receipts.len = 2}, {3, 2}, {0}, 0},
        {"runs, one more", {.largest = 9, .form = 1, .span = 5, .receipts.len = 3}, {3, 2, 4}, {0}, 0},
        {"an empty run", {.largest = 9, .form = 1, .span = 9, .receipts.len = 4}, {3, 0, 2, 4}, {0}, 0},
        {"another form", {.largest = 9, .form = 4, .span = 1, .receipts.len = 1}, {0x80}, {0}, 0},
        {"arrivals", {.largest = 9, .span = 4, .receipts.len = 1, .arrivals.len = 2}, {0xd0}, {1, 255}, 3},
        {"one more", {.largest = 9, .span = 4, .receipts.len = 1, .arrivals.len = 3}, {0xd0}, {1, 1, 1}, 0},
        {"groups",
         {.largest = 9, .form = 2, .span = 4, .receipts.len = 1, .arrivals.len = 3},
         {0xd0},
         {1, 9},
         3},
        {"half a group",
         {.largest = 9, .form = 2, .span = 4, .receipts.len = 1, .arrivals.len = 2},
         {0xd0},
         {0},
         0},
        {"no group", {.largest = 9, .form = 2, .span = 4, .receipts.len = 1}, {0xd0}, {0}, 0},
        {"a large group",
         {.largest = 9, .form = 2, .span = 4, .receipts.len = 1, .arrivals.len = 1},
         {0xd0},
         {3},
         0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct wzp_frame_feedback frame = rows[i].frame;
        struct wzp_feedback_report report;
        frame.receipts.data = rows[i].receipts;
        frame.arrivals.data = rows[i].arrivals;
        unsigned received = 0;
        if (wzp_feedback_read(&frame, &report))
            for (unsigned range = 0; range < report.receipts.count; range++)
                received += (unsigned)(report.receipts.ranges[range].last -
                                       report.receipts.ranges[range].first + 1);
        if (received != rows[i].received)
            fail_msg("%s: %u", rows[i].what, received);
    }
    /* receipts of what was never sent change nothing */
    struct wzp_receipts receipts = {.largest = 3, .count = 1, .ranges = {{0, 3}}};
    struct wzp_ack_result result;
    wzp_sent_init(&sent);
    for (unsigned i = 0; i < 3; i++)
        wzp_sent_add(&sent, 0);
    assert_int_equal(wzp_sent_on_receipts(&sent, &receipts, 0, &result), WZP_ACK_IMPOSSIBLE);
    assert_false(sent.any_acked);
}

/* ---- the first word, the last one, another way ---- */

/* Every third packet arrives: how many reports in a row tell when the first did? */
static unsigned tell_of_first(bool is_train)
{
    unsigned told = 0;
    wzp_feedback_init(&feedback);
    for (unsigned n = 0; n < 300; n += 3) {
        struct wzp_frame_feedback frame;
        struct wzp_feedback_report report;
        int64_t now_ns = n * 20 * WZP_MS;
        wzp_feedback_on_packet(&feedback, n, 2000, true, now_ns);
        if (is_train && n == 0)
            wzp_feedback_on_load(&feedback, now_ns);
        assert_true(wzp_feedback_make(&feedback, 200, 0, wzp_feedback_due_at(&feedback, 0), &frame));
        assert_true(wzp_feedback_read(&frame, &report));
        if (report.arrivals[report.arrivals_count - 1].number > 0)
            return told;
        told++;
    }
    return told;
}

/* A train is told of until 40 packets arrived, else the first is in four reports. */
static void test_train(void **state)
{
    (void)state;
    assert_int_equal(tell_of_first(false), 4);
    assert_int_equal(tell_of_first(true), 39);
}

static void test_times(void **state)
{
    (void)state;
    struct wzp_frame_feedback frame;
    wzp_feedback_init(&feedback);
    assert_int_equal(wzp_feedback_due_at(&feedback, 0), WZP_NEVER);
    wzp_feedback_on_packet(&feedback, 7, 100, false, 0); /* no media */
    assert_int_equal(wzp_feedback_due_at(&feedback, OVERHEAD), WZP_NEVER);
    wzp_feedback_on_packet(&feedback, 8, 100, true, 1 * WZP_MS);
    assert_int_equal(wzp_feedback_due_at(&feedback, 0), 1 * WZP_MS);
    assert_int_equal(wzp_feedback_due_at(&feedback, OVERHEAD), 1 * WZP_MS + WZP_FEEDBACK_WAIT_NS);
    assert_false(wzp_feedback_is_flowing(&feedback, 1 * WZP_MS));
    assert_true(wzp_feedback_make(&feedback, 200, 0, 1 * WZP_MS, &frame));
    assert_int_equal(frame.span, 2); /* what came without media is told as well */
    assert_true(wzp_feedback_is_flowing(&feedback, 100 * WZP_MS));
    assert_int_equal(wzp_feedback_due_at(&feedback, OVERHEAD), WZP_NEVER);
    wzp_feedback_on_packet(&feedback, 9, 100, true, 2 * WZP_MS);
    assert_int_equal(wzp_feedback_due_at(&feedback, 0), 1 * WZP_MS + WZP_FEEDBACK_INTERVAL_NS);
    assert_int_equal(wzp_feedback_due_at(&feedback, OVERHEAD), 1 * WZP_MS + WZP_FEEDBACK_BLIND_NS);
    for (unsigned i = 10; i < 80; i++) /* 56 kbit/s: not thin any more */
        wzp_feedback_on_packet(&feedback, i, 100, true, 3 * WZP_MS);
    assert_int_equal(wzp_feedback_due_at(&feedback, OVERHEAD),
                     1 * WZP_MS + WZP_FEEDBACK_INTERVAL_NS + WZP_FEEDBACK_WAIT_NS);

    /* every second one is lost, then another way is taken, which loses none */
    for (unsigned i = 81; i < 400; i += 2)
        wzp_feedback_on_packet(&feedback, i, 100, true, 4 * WZP_MS);
    assert_true(wzp_feedback_make(&feedback, 200, 0, 100 * WZP_MS, &frame));
    assert_in_range(frame.loss, 100, 108); /* 158 of 388 */
    assert_int_equal(frame.burst_8, 8);
    wzp_feedback_restart(&feedback);
    for (unsigned i = 400; i < 420; i++)
        wzp_feedback_on_packet(&feedback, i, 100, true, 101 * WZP_MS);
    assert_true(wzp_feedback_make(&feedback, 200, 0, 200 * WZP_MS, &frame));
    assert_int_equal(frame.loss, 0);
    assert_int_equal(frame.burst_8, 0);
    assert_true(frame.span > 20); /* but receipts go on */
}

/* ---- the onset of delay ---- */

struct onset {
    int64_t told_ns; /* after the line slowed down; -1: not at once */
    unsigned reports;
    int64_t closest_ns;
    unsigned most; /* reports beyond 20 a second, in any time */
};

/* A packet of media each `every_ns` for 20 s, up to `jitter_ns` late, `apart` of them with one timestamp;
 * from the tenth second on for `slow_ns` each takes `line_ns` of the line. */
static struct onset onset(int64_t every_ns, int64_t jitter_ns, unsigned apart, int64_t line_ns,
                          int64_t slow_ns, uint64_t seed)
{
    const int64_t slow_from_ns = 10 * WZP_S;
    int64_t reported_ns[1000], free_ns = 0, last_ns = 0;
    struct wzp_rng rng = wzp_rng_make(seed, 0);
    struct onset result = {.told_ns = -1, .closest_ns = WZP_NEVER};
    struct wzp_frame_feedback frame;
    wzp_feedback_init(&feedback);
    for (uint64_t number = 0; (int64_t)number * every_ns < 20 * WZP_S; number++) {
        int64_t sent_ns = (int64_t)number * every_ns;
        bool is_slow = sent_ns >= slow_from_ns && sent_ns < slow_from_ns + slow_ns;
        int64_t at_ns = sent_ns + (int64_t)wzp_rng_below(&rng, (uint64_t)jitter_ns + 1);
        free_ns = wzp_time_max(free_ns, sent_ns) + (is_slow ? line_ns : 0);
        at_ns = wzp_time_max(wzp_time_max(at_ns, free_ns), last_ns);
        for (int64_t now_ns = last_ns; now_ns <= at_ns; now_ns += WZP_MS) /* what is due before it */
            if (wzp_feedback_make(&feedback, 200, OVERHEAD, now_ns, &frame))
                reported_ns[result.reports++] = now_ns;
        last_ns = at_ns;
        wzp_feedback_on_packet(&feedback, number, 1200, true, at_ns);
        wzp_feedback_on_media(&feedback, 5,
                              (uint32_t)(sent_ns / WZP_MS - sent_ns / WZP_MS % (apart * every_ns / WZP_MS)),
                              at_ns);
        if (feedback.onset_ns == at_ns && sent_ns >= slow_from_ns && result.told_ns < 0)
            result.told_ns = at_ns - slow_from_ns;
    }
    for (unsigned i = 0; i < result.reports; i++)
        for (unsigned j = 0; j < i; j++) {
            int64_t between_ns = reported_ns[i] - reported_ns[j];
            unsigned allowed = (unsigned)(between_ns / WZP_FEEDBACK_INTERVAL_NS), count = i - j + 1;
            result.closest_ns = wzp_time_min(result.closest_ns, between_ns);
            result.most = count > allowed && count - allowed > result.most ? count - allowed : result.most;
        }
    return result;
}

static void test_onset(void **state)
{
    (void)state;
    static const struct {
        int64_t every_ns, jitter_ns;
        unsigned apart;
        int64_t line_ns, slow_ns, told_ns; /* -1: it is no onset */
    } rows[] = {
        {5 * WZP_MS, 0, 1, 20 * WZP_MS, 100 * WZP_MS, 50 * WZP_MS}, /* 2 -> 0.5 Mbit/s */
        {5 * WZP_MS, 0, 1, 8 * WZP_MS, 1 * WZP_S, 100 * WZP_MS},    /* 2 -> 1.25 Mbit/s */
        {5 * WZP_MS, 0, 6, 20 * WZP_MS, 100 * WZP_MS, 80 * WZP_MS}, /* frames of 6 packets */
        {5 * WZP_MS, 30 * WZP_MS, 1, 20 * WZP_MS, 200 * WZP_MS, 120 * WZP_MS},
        {5 * WZP_MS, 0, 1, 0, 0, -1},
        {5 * WZP_MS, 30 * WZP_MS, 1, 0, 0, -1}, /* jitter alone */
        {20 * WZP_MS, 60 * WZP_MS, 1, 0, 0, -1},
        {5 * WZP_MS, 0, 8, 0, 0, -1}, /* paced frames */
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        for (uint64_t seed = 1; seed <= 10; seed++) {
            struct onset result = onset(rows[i].every_ns, rows[i].jitter_ns, rows[i].apart, rows[i].line_ns,
                                        rows[i].slow_ns, seed);
            if (rows[i].told_ns < 0)
                assert_int_equal(result.told_ns, -1);
            else
                assert_in_range(result.told_ns, 0, rows[i].told_ns);
            assert_true(result.closest_ns >= WZP_FEEDBACK_ONSET_NS);
            assert_true(result.most <= 2);
        }
    }
}

/* It leaves at once, within the budget, and four streams are watched apart. */
static void test_onset_due(void **state)
{
    (void)state;
    struct wzp_frame_feedback frame;
    int64_t now_ns = 0;
    uint64_t number = 0;
    wzp_feedback_init(&feedback);
    for (; now_ns < 2 * WZP_S; now_ns += 5 * WZP_MS) {
        wzp_feedback_on_packet(&feedback, number++, 1200, true, now_ns);
        for (uint64_t key = 0; key < WZP_FEEDBACK_STREAMS; key++) /* each late by something else */
            wzp_feedback_on_media(&feedback, key, (uint32_t)(now_ns / WZP_MS) + 1000 * (uint32_t)key, now_ns);
        wzp_feedback_make(&feedback, 200, OVERHEAD, now_ns, &frame);
    }
    uint32_t timestamp_ms = (uint32_t)(now_ns / WZP_MS) + 1000;
    for (unsigned i = 0; i < 2; i++, now_ns += 20 * WZP_MS) { /* 20 ms late, then 35 */
        now_ns += 15 * WZP_MS * (i == 0);
        wzp_feedback_on_packet(&feedback, number++, 1200, true, now_ns);
        wzp_feedback_on_media(&feedback, 1, timestamp_ms + 5 * i, now_ns);
        assert_int_equal(feedback.onset_ns, i == 0 ? WZP_NEVER : now_ns);
    }
    now_ns -= 20 * WZP_MS;
    assert_true(wzp_feedback_due_at(&feedback, OVERHEAD) <= now_ns + WZP_FEEDBACK_ONSET_NS);
    now_ns += WZP_FEEDBACK_ONSET_NS;
    assert_true(wzp_feedback_make(&feedback, 200, OVERHEAD, now_ns, &frame));
    /* no second one for the same */
    wzp_feedback_on_packet(&feedback, number++, 1200, true, now_ns);
    wzp_feedback_on_media(&feedback, 1, timestamp_ms + 10, now_ns);
    assert_true(wzp_feedback_due_at(&feedback, OVERHEAD) >= now_ns + WZP_FEEDBACK_INTERVAL_NS);
    /* without budget it waits */
    feedback.budget = 0;
    feedback.onset_ns = now_ns;
    assert_true(wzp_feedback_due_at(&feedback, OVERHEAD) > now_ns + WZP_FEEDBACK_ONSET_NS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bounds),    cmocka_unit_test(test_follows), cmocka_unit_test(test_refused),
        cmocka_unit_test(test_train),     cmocka_unit_test(test_times),   cmocka_unit_test(test_onset),
        cmocka_unit_test(test_onset_due),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
