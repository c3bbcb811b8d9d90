// SPDX-License-Identifier: Apache-2.0
#include "link/estimate_spacing.h"

#include "base/rng.h"
#include "base/time.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
// cmocka.h needs the four above
#include <cmocka.h>

#define PACKETS  2000
#define LATE     200 /* packets after which a verdict counts */
#define BYTES    140 /* of a packet, on average */
#define WAVE     12
#define LINE_BPS 100e3

/* What is sent over a line, what is lost behind it, how good a verdict has to be. */
struct row {
    const char *name;
    double sent_bps;
    int64_t queue_ns;
    unsigned burst; /* packets that are sent at once */
    double loss, run;
    int64_t jitter_ns;
    double most_off; /* from the share that used the line, on average */
    double wave;     /* so much more than sent_bps for WAVE packets, and then so much less */
};

static const struct row rows[] = {
    {"nothing lost", 50e3, 100 * WZP_MS, 1, 0, 1, 0, 0, 0},
    {"a tenth lost", 50e3, 100 * WZP_MS, 1, 0.1, 1, 0, 0, 0},
    {"a third lost", 50e3, 100 * WZP_MS, 1, 0.3, 1, 0, 0.01, 0},
    {"seven of ten lost", 50e3, 100 * WZP_MS, 1, 0.7, 1, 0, 0.01, 0},
    {"lost in runs", 50e3, 100 * WZP_MS, 1, 0.3, 8, 0, 0.01, 0},
    {"lost in runs and sent in bursts", 50e3, 100 * WZP_MS, 3, 0.3, 8, 0, 0.01, 0},
    {"half of it lost, and jitter", 50e3, 100 * WZP_MS, 3, 0.5, 1, 40 * WZP_MS, 0.01, 0},
    {"half of it lost behind a queue", 99e3, 500 * WZP_MS, 3, 0.5, 1, 0, 0.01, 0},
    {"half too much", 150e3, 100 * WZP_MS, 1, 0, 1, 0, 0.01, 0},
    {"five times too much", 500e3, 100 * WZP_MS, 1, 0, 1, 0, 0.01, 0},
    {"three times too much in bursts", 300e3, 60 * WZP_MS, 4, 0, 1, 0, 0.01, 0},
    {"for a queue of a packet", 300e3, 20 * WZP_MS, 2, 0, 1, 0, 0.01, 0},
    {"three times too much, and jitter", 300e3, 100 * WZP_MS, 2, 0, 1, 20 * WZP_MS, 0.15, 0},
    {"and a third lost", 300e3, 100 * WZP_MS, 2, 0.3, 1, 0, 0.2, 0},
    {"and a third lost in runs", 300e3, 100 * WZP_MS, 2, 0.3, 8, 0, 0.25, 0},
    {"more and less, and jitter", 60e3, 100 * WZP_MS, 1, 0.4, 1, 100 * WZP_MS, 0.02, 0.5},
    {"more and less, and jitter, in runs", 60e3, 100 * WZP_MS, 1, 0.4, 4, 100 * WZP_MS, 0.05, 0.5},
    {"too much, hidden by jitter", 200e3, 20 * WZP_MS, 1, 0, 1, 100 * WZP_MS, 0.3, 0.5},
    {"much too much, hidden by jitter", 300e3, 20 * WZP_MS, 1, 0, 1, 100 * WZP_MS, 0.4, 0.5},
};

/* The twin: it knows which packets the line carried. */
struct line {
    const struct row *row;
    struct wzp_rng rng;
    int64_t now_ns, free_ns, before_ns;
    bool is_lost;
    unsigned dropped, lost;
};

/* False: the next packet does not arrive. */
static bool send(struct line *line, unsigned number, uint32_t bytes, int64_t *arrived_ns)
{
    const struct row *row = line->row;
    double chance = row->run <= 1   ? row->loss
                    : line->is_lost ? 1 - 1 / row->run
                                    : row->loss / (1 - row->loss) / row->run;
    double wave = 1 + (number / WAVE % 2 ? -row->wave : row->wave);
    line->is_lost = wzp_rng_unit(&line->rng) < chance;
    if (number % row->burst == 0)
        line->now_ns += (int64_t)(row->burst * BYTES * 8e9 / row->sent_bps / wave);
    if (line->free_ns - line->now_ns > row->queue_ns) {
        line->dropped++;
        return false;
    }
    line->free_ns = wzp_time_max(line->free_ns, line->now_ns) + (int64_t)(bytes * 8e9 / LINE_BPS);
    line->lost += line->is_lost;
    int64_t jitter_ns = (int64_t)(wzp_rng_unit(&line->rng) * (double)row->jitter_ns);
    *arrived_ns = wzp_time_max(line->before_ns, line->free_ns + jitter_ns);
    return !line->is_lost;
}

/* How far the mean verdict is off the truth, from LATE on. */
static double off_of(const struct row *row, uint64_t seed)
{
    struct wzp_estimate_spacing spacing = {0};
    struct wzp_estimate_sample before = {0}, sample = {0};
    struct line line = {.row = row, .rng = wzp_rng_make(seed, 0)};
    double sum = 0, truth = 1;
    unsigned verdicts = 0;
    for (unsigned number = 0; number < PACKETS; number++) {
        uint32_t bytes = BYTES / 2 + (uint32_t)wzp_rng_below(&line.rng, BYTES + 1);
        int64_t arrived_ns;
        sample.bytes += bytes;
        sample.told++;
        if (!send(&line, number, bytes, &arrived_ns))
            continue;
        sample.got_bytes = bytes;
        sample.got = 1;
        sample.sent_ns = line.now_ns;
        sample.arrived_ns = line.before_ns = arrived_ns;
        wzp_estimate_space(&spacing, &before, &sample);
        before = sample;
        sample = (struct wzp_estimate_sample){0};
        verdicts += number >= LATE;
        sum += number >= LATE ? wzp_estimate_used(&spacing) : 0;
    }
    if (line.dropped + line.lost)
        truth = (double)line.lost / (line.lost + line.dropped);
    return fabs(sum / verdicts - truth);
}

static void test_rows(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        for (uint64_t seed = 1; seed <= 10; seed++) {
            double off = off_of(&rows[i], seed);
            if (off > rows[i].most_off)
                fail_msg("%s, seed %d: off by %.3f", rows[i].name, (int)seed, off);
        }
}

/* One that arrived after so many lost, of so many bytes in all, by a line with room: its losses have used it.
 */
static void expect_used(struct wzp_estimate_spacing *spacing, struct wzp_estimate_sample *before,
                        unsigned lost, uint32_t lost_bytes, int64_t gap_ns, int64_t jitter_ns)
{
    struct wzp_estimate_sample sample = {.sent_ns = before->sent_ns + gap_ns,
                                         .arrived_ns = before->arrived_ns + gap_ns + jitter_ns,
                                         .bytes = BYTES + lost_bytes,
                                         .got_bytes = BYTES,
                                         .told = (uint16_t)(1 + lost),
                                         .got = 1};
    wzp_estimate_space(spacing, before, &sample);
    *before = sample;
    assert_true(wzp_estimate_used(spacing) == 1);
}

/* A gap whose packets were half as large and left twice as fast, since nobody answered, is no overload. */
static void test_outage(void **state)
{
    (void)state;
    struct wzp_estimate_spacing spacing = {0};
    struct wzp_estimate_sample before = {0};
    for (unsigned i = 0; i < 200; i++) {
        unsigned lost = i == 100 ? 200 : i % 4 == 0;
        uint32_t lost_bytes = i == 100 ? lost * BYTES / 2 : lost * BYTES;
        int64_t jitter_ns = (int64_t)(i * 7 % 5 * WZP_MS);
        int64_t gap_ns = 20 * WZP_MS * (i == 100 ? 1 + lost / 2 / 4 : 1 + lost);
        expect_used(&spacing, &before, lost, lost_bytes, gap_ns, jitter_ns);
    }
}

/* Repair for what is lost sends more than before there was any loss: that is no overload either. */
static void test_more_is_sent_for_loss(void **state)
{
    (void)state;
    struct wzp_estimate_spacing spacing = {0};
    struct wzp_estimate_sample before = {0};
    struct wzp_rng rng = wzp_rng_make(3, 0);
    for (unsigned i = 0; i < 400; i++) {
        unsigned lost = 0;
        while (i >= 150 && wzp_rng_below(&rng, 10) < 4)
            lost++;
        int64_t gap_ns = 0;
        for (unsigned j = 0; j <= lost; j++) /* not quite evenly */
            gap_ns += (i < 150 ? 4 : 1) * (3 * WZP_MS + (int64_t)wzp_rng_below(&rng, 4 * WZP_MS));
        expect_used(&spacing, &before, lost, BYTES * lost, gap_ns, 0);
    }
}

static void space_ns(struct wzp_estimate_spacing *spacing, struct wzp_estimate_sample *sample, int64_t gap_ns)
{
    struct wzp_estimate_sample before = *sample;
    sample->sent_ns += gap_ns;
    sample->arrived_ns += gap_ns;
    wzp_estimate_space(spacing, &before, sample);
}

/* What was known of an overload is forgotten when it is over. */
static void test_forgets(void **state)
{
    (void)state;
    struct wzp_estimate_spacing spacing = {0};
    struct wzp_estimate_sample full = {.bytes = 400, .got_bytes = 100, .told = 4, .got = 1};
    struct wzp_estimate_sample one = {.bytes = 100, .got_bytes = 100, .told = 1, .got = 1};
    for (unsigned i = 0; i < 100; i++)
        space_ns(&spacing, i % 2 ? &full : &one, 8 * WZP_MS);
    assert_true(wzp_estimate_used(&spacing) < 0.01);
    for (int64_t passed_ns = 0; passed_ns < 4 * WZP_S; passed_ns += 20 * WZP_MS)
        space_ns(&spacing, &one, 20 * WZP_MS);
    assert_true(wzp_estimate_used(&spacing) >= 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_rows), cmocka_unit_test(test_outage),
                                       cmocka_unit_test(test_more_is_sent_for_loss),
                                       cmocka_unit_test(test_forgets)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
