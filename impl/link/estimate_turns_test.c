// SPDX-License-Identifier: Apache-2.0
#include "link/estimate_turns.h"

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

#define SECONDS  20
#define SEEDS    10
#define BYTES    140 /* of a packet, on average */
#define LINE_BPS 129e3

/* What is sent evenly over a line with a queue, what is lost behind it, and what has to be known of it. */
struct row {
    const char *name;
    double sent_bps;
    int64_t queue_ns;
    double loss, run;
    double known_s;  /* after which it has been told that a queue overflows; 0: never may it be */
    double most_off; /* from the share that used the line, on average of all that was told */
};

static const struct row rows[] = {
    {"nothing lost", 100e3, 100 * WZP_MS, 0, 1, 0, 0},
    {"a sixth lost", 100e3, 100 * WZP_MS, 0.17, 1, 0, 0},
    {"half of it lost", 100e3, 100 * WZP_MS, 0.5, 1, 0, 0},
    {"lost in runs", 100e3, 100 * WZP_MS, 0.3, 4, 0, 0},
    {"half too much", 190e3, 20 * WZP_MS, 0, 1, 1, 0.1},
    {"half too much, and a sixth lost", 190e3, 20 * WZP_MS, 0.17, 1, 2, 0.35},
    {"three times too much", 387e3, 20 * WZP_MS, 0, 1, 1, 0.4},
    {"three times too much, and a sixth lost", 387e3, 20 * WZP_MS, 0.17, 1, 1, 0.65},
    {"three times too much, a third lost in runs", 387e3, 20 * WZP_MS, 0.3, 3, 2, 0.75},
    {"three times too much for a long queue", 387e3, 200 * WZP_MS, 0.17, 1, 2, 0.65},
};

/* The twin: it knows which packets the line carried. */
struct line {
    const struct row *row;
    struct wzp_rng rng;
    int64_t now_ns, free_ns;
    bool is_lost;
    unsigned dropped, lost;
};

/* False: the next packet does not arrive. */
static bool send(struct line *line, uint32_t bytes)
{
    const struct row *row = line->row;
    double chance = row->run <= 1   ? row->loss
                    : line->is_lost ? 1 - 1 / row->run
                                    : row->loss / (1 - row->loss) / row->run;
    line->is_lost = wzp_rng_unit(&line->rng) < chance;
    line->now_ns += (int64_t)(BYTES * 8e9 / row->sent_bps);
    if (line->free_ns - line->now_ns > row->queue_ns) {
        line->dropped++;
        return false;
    }
    line->free_ns = wzp_time_max(line->free_ns, line->now_ns) + (int64_t)(bytes * 8e9 / LINE_BPS);
    line->lost += line->is_lost;
    return !line->is_lost;
}

struct outcome {
    double known_s; /* of the first verdict; INFINITY: none */
    double off;     /* of the mean of verdicts from the truth */
};

static struct outcome outcome_of(const struct row *row, uint64_t seed)
{
    struct wzp_estimate_turns turns = {0};
    struct wzp_estimate_sample before = {0}, sample = {0};
    struct line line = {.row = row, .rng = wzp_rng_make(seed, 0)};
    struct outcome outcome = {.known_s = INFINITY};
    double sum = 0;
    unsigned verdicts = 0;
    while (line.now_ns < SECONDS * WZP_S) {
        uint32_t bytes = BYTES / 2 + (uint32_t)wzp_rng_below(&line.rng, BYTES + 1);
        bool is_here = send(&line, bytes);
        sample.bytes += bytes;
        sample.told++;
        if (!is_here)
            continue;
        sample.got_bytes = bytes;
        sample.got = 1;
        sample.sent_ns = line.now_ns;
        wzp_estimate_take_turns(&turns, &before, &sample);
        before = sample;
        sample = (struct wzp_estimate_sample){0};
        double used = wzp_estimate_used_in_turn(&turns, 1);
        if (used >= 1)
            continue;
        outcome.known_s = fmin(outcome.known_s, (double)line.now_ns / WZP_S);
        sum += used;
        verdicts++;
    }
    if (verdicts)
        outcome.off = fabs(sum / verdicts - (double)line.lost / (line.lost + line.dropped));
    return outcome;
}

static void test_rows(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        for (uint64_t seed = 1; seed <= SEEDS; seed++) {
            const struct row *row = &rows[i];
            struct outcome outcome = outcome_of(row, seed);
            bool is_right = row->known_s > 0 ? outcome.known_s <= row->known_s : isinf(outcome.known_s);
            if (!is_right || outcome.off > row->most_off)
                fail_msg("%s, seed %d: known after %.1f s, off by %.2f", row->name, (int)seed,
                         outcome.known_s, outcome.off);
        }
}

/* The rate rises with the loss, as that of repair does, and falls with it: these are no turns. */
static void test_steps(void **state)
{
    (void)state;
    struct wzp_rng rng = wzp_rng_make(1, 0);
    struct wzp_estimate_turns turns = {0};
    struct wzp_estimate_sample before = {0}, sample = {0};
    int64_t now_ns = 0;
    for (unsigned i = 0; i < 8000; i++) {
        bool is_bad = i / 500 % 2;
        now_ns += is_bad ? 5 * WZP_MS : 20 * WZP_MS;
        sample.told++;
        if (wzp_rng_unit(&rng) < (is_bad ? 0.5 : 0.02))
            continue;
        sample.got_bytes = BYTES;
        sample.got = 1;
        sample.sent_ns = now_ns;
        wzp_estimate_take_turns(&turns, &before, &sample);
        before = sample;
        sample = (struct wzp_estimate_sample){0};
        assert_true(wzp_estimate_used_in_turn(&turns, 1) == 1);
    }
}

/* Of several that arrived at once nobody told which came first: they are not looked at. */
static void test_order_unknown(void **state)
{
    (void)state;
    struct wzp_estimate_turns turns = {0};
    struct wzp_estimate_sample before = {0}, sample = {.told = 6, .got = 3, .got_bytes = 3 * BYTES};
    for (unsigned i = 0; i < 1000; i++) {
        sample.sent_ns = before.sent_ns + 10 * WZP_MS;
        wzp_estimate_take_turns(&turns, &before, &sample);
        before = sample;
    }
    assert_true(turns.packets == 0 && wzp_estimate_used_in_turn(&turns, 1) == 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_rows), cmocka_unit_test(test_steps),
                                       cmocka_unit_test(test_order_unknown)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
