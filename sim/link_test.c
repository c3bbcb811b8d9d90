// SPDX-License-Identifier: Apache-2.0
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/time.h"
#include "sim/link.h"

#define PACKETS 1000000

static const struct sim_link_params plain = {.burst = 1};

struct tally {
    double lost;
    double runs; /* of lost packets */
};

static struct tally lose_many(double loss, double burst, uint64_t seed, int packets)
{
    struct sim_link_params params = {.loss = loss, .burst = burst};
    struct sim_link link;
    struct sim_link_verdict verdict;
    struct tally tally = {0, 0};
    bool before = false;
    sim_link_init(&link, &params, seed, 0);
    for (int i = 0; i < packets; i++) {
        sim_link_send(&link, i * WZP_MS, 100, &verdict);
        bool lost = verdict.fate == SIM_LINK_LOST;
        assert_int_equal(verdict.copies, lost ? 0 : 1);
        tally.lost += lost;
        tally.runs += lost && !before;
        before = lost;
    }
    assert_int_equal(link.counts.lost, (int)tally.lost);
    assert_int_equal(link.counts.lost + link.counts.delivered, packets);
    return tally;
}

/*
 * Four standard deviations each. The variance of a share of n steps of a two-state chain whose second
 * eigenvalue is r is p(1-p)/n (1+r)/(1-r) with r = 1 - P(good to bad) - P(bad to good); a run's length is
 * geometric with mean m and variance m(m-1), where m is B for the chain and 1/(1-p) for independent losses.
 */
static void test_loss_law(void **state)
{
    (void)state;
    static const struct {
        double loss, burst;
    } rows[] = {{0.01, 1}, {0.2, 1}, {0.5, 1},  {0.7, 1}, {0.02, 1.5},
                {0.2, 5},  {0.5, 2}, {0.3, 20}, {0.7, 4}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        for (uint64_t seed = 1; seed <= 2; seed++) {
            double p = rows[i].loss, burst = rows[i].burst;
            double r = burst > 1 ? 1 - p / (burst * (1 - p)) - 1 / burst : 0;
            double mean_run = burst > 1 ? burst : 1 / (1 - p);
            struct tally tally = lose_many(p, burst, seed, PACKETS);
            double share = tally.lost / PACKETS, run = tally.lost / tally.runs;
            assert_true(fabs(share - p) < 4 * sqrt(p * (1 - p) / PACKETS * (1 + r) / (1 - r)));
            assert_true(fabs(run - mean_run) < 4 * sqrt(mean_run * (mean_run - 1) / tally.runs));
        }
    }
    assert_true(lose_many(0, 1, 1, 1000).lost == 0);
    assert_true(lose_many(0, 8, 1, 1000).lost == 0);
    assert_true(lose_many(1, 1, 1, 1000).lost == 1000);
}

/* The chain starts stationary: over many seeds the first packet is lost as often as any. */
static void test_first_packet_is_like_any(void **state)
{
    (void)state;
    double lost = 0;
    for (uint64_t seed = 0; seed < 10000; seed++)
        lost += lose_many(0.3, 10, seed, 1).lost;
    assert_true(fabs(lost / 10000 - 0.3) < 4 * sqrt(0.3 * 0.7 / 10000));
}

/* Packet k's luck depends on seed, stream and k alone: no other parameter moves it. */
static void test_luck_stands_still(void **state)
{
    (void)state;
    struct sim_link_params few = {.loss = 0.1, .burst = 1}, more = few, all = few;
    more.loss = 0.2;
    all.jitter_ns = 30 * WZP_MS;
    all.dup = 0.3;
    all.corrupt = 0.3;
    all.delay_ns = 100 * WZP_MS;
    all.reorder = true;
    struct sim_link a, b, c, other;
    sim_link_init(&a, &few, 7, 1);
    sim_link_init(&b, &more, 7, 1);
    sim_link_init(&c, &all, 7, 1);
    sim_link_init(&other, &few, 7, 2);
    int differ = 0;
    for (int i = 0; i < 10000; i++) {
        struct sim_link_verdict va, vb, vc, vo;
        sim_link_send(&a, i * WZP_MS, 100, &va);
        sim_link_send(&b, i * WZP_MS, 100, &vb);
        sim_link_send(&c, i * WZP_MS, 100, &vc);
        sim_link_send(&other, i * WZP_MS, 100, &vo);
        assert_int_equal(va.fate, vc.fate);
        assert_true(va.fate == SIM_LINK_DELIVERED || vb.fate == SIM_LINK_LOST);
        differ += va.fate != vo.fate;
    }
    assert_true(b.counts.lost > a.counts.lost);
    assert_in_range(differ, 1600, 2000); /* two directions lose on their own: 2 p (1-p) = 18 % */
}

/* 1000 bits (97 payload bytes) at 1 Mbit/s take 1 ms each; a 3 ms queue takes three beside the one on the
 * line. */
static void test_rate_and_queue(void **state)
{
    (void)state;
    struct sim_link_params params = {
        .burst = 1, .rate_bps = 1000000, .queue_ns = 3 * WZP_MS, .delay_ns = 50 * WZP_MS};
    struct sim_link link;
    struct sim_link_verdict verdict;
    sim_link_init(&link, &params, 1, 0);
    for (int i = 0; i < 6; i++) {
        sim_link_send(&link, 10 * WZP_MS, 97, &verdict);
        assert_int_equal(verdict.queued_ns, (i < 4 ? i : 4) * WZP_MS);
        assert_int_equal(verdict.fate, i < 4 ? SIM_LINK_DELIVERED : SIM_LINK_DROPPED_QUEUE);
        if (i < 4)
            assert_int_equal(verdict.copy[0].at_ns, (10 + i + 1 + 50) * WZP_MS);
    }
    assert_int_equal(link.counts.queue_drops, 2);
    assert_int_equal(link.counts.bytes, 6 * 125);
    sim_link_send(&link, 11 * WZP_MS - 1, 97, &verdict); /* one nanosecond too early */
    assert_int_equal(verdict.fate, SIM_LINK_DROPPED_QUEUE);
    sim_link_send(&link, 11 * WZP_MS, 97, &verdict);
    assert_int_equal(verdict.copy[0].at_ns, 65 * WZP_MS);

    params.queue_ns = 0;
    sim_link_init(&link, &params, 1, 0);
    sim_link_send(&link, 0, 97, &verdict);
    sim_link_send(&link, WZP_MS - 1, 97, &verdict);
    assert_int_equal(verdict.fate, SIM_LINK_DROPPED_QUEUE);
    sim_link_send(&link, WZP_MS, 97, &verdict);
    assert_int_equal(verdict.fate, SIM_LINK_DELIVERED);
}

/* 224 bits at 3 Gbit/s take 74 2/3 ns: a packet that comes 74 ns after the first still waits for the rest. */
static void test_no_fraction_is_lost(void **state)
{
    (void)state;
    struct sim_link_params params = {.burst = 1, .rate_bps = 3000000000, .queue_ns = WZP_MS};
    static const int64_t sent_ns[] = {0, 74, 100, 1000, 1075}, at_ns[] = {74, 149, 224, 1074, 1149};
    struct sim_link link;
    struct sim_link_verdict verdict;
    sim_link_init(&link, &params, 1, 0);
    for (int i = 0; i < 5; i++) {
        sim_link_send(&link, sent_ns[i], 0, &verdict);
        assert_int_equal(verdict.copy[0].at_ns, at_ns[i]);
    }
}

/* A lost packet has used its capacity; one that the queue dropped has not. */
static void test_lost_uses_capacity(void **state)
{
    (void)state;
    struct sim_link_params params = {.loss = 1, .burst = 1, .rate_bps = 1000000, .queue_ns = WZP_MS};
    struct sim_link link;
    struct sim_link_verdict verdict;
    sim_link_init(&link, &params, 1, 0);
    sim_link_send(&link, 0, 97, &verdict);
    assert_int_equal(verdict.fate, SIM_LINK_LOST);
    sim_link_send(&link, 0, 97, &verdict);
    assert_int_equal(verdict.fate, SIM_LINK_LOST);
    assert_int_equal(verdict.queued_ns, WZP_MS);
    sim_link_send(&link, 0, 97, &verdict);
    assert_int_equal(verdict.fate, SIM_LINK_DROPPED_QUEUE);
    sim_link_send(&link, WZP_MS, 97, &verdict);
    assert_int_equal(verdict.queued_ns, WZP_MS);
}

/* What is larger than the path vanishes without a place on the line; luck stands still. */
static void test_mtu(void **state)
{
    (void)state;
    static const struct {
        uint32_t mtu;
        size_t payload_len;
        bool passes;
    } rows[] = {{0, 1472, true},     {1500, 1472, true}, {1500, 1473, false}, {1400, 1372, true},
                {1400, 1373, false}, {1280, 1252, true}, {1280, 1253, false}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct sim_link_params params = {.burst = 1, .mtu = rows[i].mtu, .rate_bps = 8000, .queue_ns = 0};
        struct sim_link link;
        struct sim_link_verdict verdict;
        sim_link_init(&link, &params, 1, 0);
        sim_link_send(&link, 0, rows[i].payload_len, &verdict);
        assert_int_equal(verdict.fate, rows[i].passes ? SIM_LINK_DELIVERED : SIM_LINK_TOO_LARGE);
        assert_int_equal(verdict.copies, rows[i].passes);
        assert_int_equal(link.counts.too_large, !rows[i].passes);
        assert_int_equal(link.counts.packets, 1);
        sim_link_send(&link, 1, 100, &verdict);
        assert_int_equal(verdict.fate, rows[i].passes ? SIM_LINK_DROPPED_QUEUE : SIM_LINK_DELIVERED);
    }
    struct sim_link_params open = {.loss = 0.3, .burst = 1}, narrow = open;
    struct sim_link links[2];
    narrow.mtu = 1280;
    sim_link_init(&links[0], &open, 1, 0);
    sim_link_init(&links[1], &narrow, 1, 0);
    for (unsigned i = 0; i < 1000; i++) {
        struct sim_link_verdict verdict[2];
        for (unsigned k = 0; k < 2; k++)
            sim_link_send(&links[k], i, i % 3 == 0 ? 1300 : 100, &verdict[k]);
        assert_int_equal(verdict[1].fate, i % 3 == 0 ? SIM_LINK_TOO_LARGE : verdict[0].fate);
    }
}

/*
 * The twin: a queue of packets drained one by one, in units of 1e-9 bit, so that a nanosecond of the line is
 * a whole number (rate_bps) of them.
 */
struct twin {
    uint64_t left[4096];
    size_t first, count;
    int64_t seen_ns;
};

static void twin_drain(struct twin *twin, int64_t now_ns, uint64_t rate_bps)
{
    uint64_t budget = (uint64_t)(now_ns - twin->seen_ns) * rate_bps;
    twin->seen_ns = now_ns;
    while (twin->count && budget) {
        uint64_t *left = &twin->left[twin->first % 4096];
        uint64_t done = *left < budget ? *left : budget;
        *left -= done;
        budget -= done;
        if (*left)
            break;
        twin->first++;
        twin->count--;
    }
}

/* When the packet's last bit leaves, or -1 when dropped. */
static int64_t twin_send(struct twin *twin, int64_t now_ns, size_t payload_len,
                         const struct sim_link_params *params)
{
    twin_drain(twin, now_ns, params->rate_bps);
    uint64_t backlog = 0;
    for (size_t i = 0; i < twin->count; i++)
        backlog += twin->left[(twin->first + i) % 4096];
    if ((int64_t)(backlog / params->rate_bps) > params->queue_ns)
        return -1;
    assert_true(twin->count < 4096);
    uint64_t work = (payload_len + 28) * 8 * UINT64_C(1000000000);
    twin->left[(twin->first + twin->count++) % 4096] = work;
    return now_ns + (int64_t)((backlog + work) / params->rate_bps);
}

static void test_queue_twin(void **state)
{
    (void)state;
    static const uint64_t rates[] = {8000, 64000, 333333, 500000, 1000003, 999999937};
    for (size_t r = 0; r < sizeof rates / sizeof *rates; r++) {
        uint64_t packet_ns = 500 * 8 * UINT64_C(1000000000) / rates[r];
        struct sim_link_params params = {
            .burst = 1, .rate_bps = rates[r], .queue_ns = (int64_t)(20 * packet_ns)};
        struct wzp_rng rng = wzp_rng_make(r, 99);
        struct twin *twin = calloc(1, sizeof *twin);
        struct sim_link link;
        int64_t now_ns = 0;
        /* Offered load around the line's rate: busy stretches, idle ones, and full queues. */
        sim_link_init(&link, &params, r, 0);
        for (int i = 0; i < 20000; i++) {
            struct sim_link_verdict verdict;
            size_t len = (size_t)wzp_rng_below(&rng, 1200);
            bool burst = i / 500 % 4 == 1; /* at four times the load */
            now_ns += (int64_t)wzp_rng_below(&rng, 2 * packet_ns) / (burst ? 4 : 1);
            int64_t leaves_ns = twin_send(twin, now_ns, len, &params);
            sim_link_send(&link, now_ns, len, &verdict);
            assert_int_equal(verdict.fate, leaves_ns < 0 ? SIM_LINK_DROPPED_QUEUE : SIM_LINK_DELIVERED);
            if (leaves_ns >= 0)
                assert_int_equal(verdict.copy[0].at_ns, leaves_ns);
        }
        assert_true(link.counts.queue_drops > 1000);
        assert_true(link.counts.delivered > 5000);
        free(twin);
    }
}

static void test_jitter_and_order(void **state)
{
    (void)state;
    const int64_t delay_ns = 20 * WZP_MS, jitter_ns = 40 * WZP_MS;
    for (int reorder = 0; reorder <= 1; reorder++) {
        struct sim_link_params params = {
            .burst = 1, .delay_ns = delay_ns, .jitter_ns = jitter_ns, .reorder = reorder != 0};
        struct sim_link link;
        struct sim_link_verdict verdict;
        int64_t before_ns = 0;
        int overtakes = 0;
        double sum = 0, squares = 0, low = 1, high = 0;
        sim_link_init(&link, &params, 3, 0);
        for (int i = 0; i < PACKETS; i++) {
            sim_link_send(&link, i * WZP_MS, 100, &verdict);
            double share = (double)(verdict.copy[0].at_ns - i * WZP_MS - delay_ns) / (double)jitter_ns;
            assert_true(share >= 0 && share <= 1);
            overtakes += verdict.copy[0].at_ns < before_ns;
            before_ns = verdict.copy[0].at_ns;
            sum += share;
            squares += (share - 0.5) * (share - 0.5);
            low = fmin(low, share);
            high = fmax(high, share);
        }
        if (!reorder) {
            assert_int_equal(overtakes, 0);
            continue;
        }
        /* 1 ms later and yet before: the one lot of 40 ms is larger than the other by more than that.
         * Neighbours share a lot, which makes the variance no larger. */
        double chance = 0.5 * (39.0 / 40) * (39.0 / 40);
        assert_true(fabs((double)overtakes / PACKETS - chance) < 4 * sqrt(chance * (1 - chance) / PACKETS));
        assert_true(low < 1e-5 && high > 1 - 1e-5);
        assert_true(fabs(sum / PACKETS - 0.5) < 4 * sqrt(1.0 / 12 / PACKETS));
        assert_true(fabs(squares / PACKETS - 1.0 / 12) < 4 * sqrt(1.0 / 180 / PACKETS));
    }
}

static void test_jitter_reaches_both_ends(void **state)
{
    (void)state;
    struct sim_link_params params = {.burst = 1, .jitter_ns = 3, .reorder = true};
    struct sim_link link;
    struct sim_link_verdict verdict;
    int seen[4] = {0};
    sim_link_init(&link, &params, 3, 0);
    for (int i = 0; i < 4000; i++) {
        sim_link_send(&link, i, 0, &verdict);
        seen[verdict.copy[0].at_ns - i]++;
    }
    for (int i = 0; i < 4; i++)
        assert_in_range(seen[i], 890, 1110); /* 1000 +- 4 sd */
}

static void test_dup_and_corrupt(void **state)
{
    (void)state;
    struct sim_link_params params = {.burst = 1, .delay_ns = WZP_MS, .dup = 0.1, .corrupt = 0.2};
    struct sim_link link;
    struct sim_link_verdict verdict;
    int bits[16] = {0}, flipped = 0, copies = 0;
    sim_link_init(&link, &params, 5, 0);
    for (int i = 0; i < PACKETS; i++) {
        sim_link_send(&link, i, 2, &verdict);
        for (unsigned k = 0; k < verdict.copies; k++) {
            assert_int_equal(verdict.copy[k].at_ns, i + WZP_MS);
            assert_in_range(verdict.copy[k].flip_bit + 1, 0, 16);
            copies++;
            if (verdict.copy[k].flip_bit >= 0) {
                bits[verdict.copy[k].flip_bit]++;
                flipped++;
            }
        }
    }
    assert_int_equal(link.counts.duplicated, copies - PACKETS);
    assert_int_equal(link.counts.corrupted, flipped);
    assert_true(fabs((double)(copies - PACKETS) / PACKETS - 0.1) < 4 * sqrt(0.1 * 0.9 / PACKETS));
    assert_true(fabs((double)flipped / copies - 0.2) < 4 * sqrt(0.2 * 0.8 / copies));
    double mean = flipped / 16.0;
    for (int i = 0; i < 16; i++)
        assert_true(fabs(bits[i] - mean) < 4 * sqrt(mean));

    params.corrupt = 1;
    sim_link_set_params(&link, &params);
    sim_link_send(&link, PACKETS, 0, &verdict); /* nothing in it to flip */
    assert_int_equal(verdict.copy[0].flip_bit, -1);
}

static void test_flip(void **state)
{
    (void)state;
    uint8_t data[2] = {0, 0xff};
    sim_link_flip(data, 0);
    assert_int_equal(data[0], 0x80);
    sim_link_flip(data, 15);
    assert_int_equal(data[1], 0xfe);
    sim_link_flip(data, -1);
    assert_int_equal(data[0], 0x80);
    assert_int_equal(data[1], 0xfe);
}

static void test_set_params(void **state)
{
    (void)state;
    struct sim_link_params params = {
        .burst = 1, .rate_bps = 1000000, .queue_ns = WZP_S, .delay_ns = 100 * WZP_MS};
    struct sim_link link;
    struct sim_link_verdict verdict;
    sim_link_init(&link, &params, 1, 0);
    for (int i = 0; i < 10; i++)
        sim_link_send(&link, 0, 97, &verdict);
    assert_int_equal(verdict.copy[0].at_ns, 110 * WZP_MS);
    params.rate_bps = 2000000; /* twice as fast for what comes, after what waits */
    params.delay_ns = 0;
    sim_link_set_params(&link, &params);
    sim_link_send(&link, 0, 97, &verdict);
    assert_int_equal(verdict.queued_ns, 10 * WZP_MS);
    assert_int_equal(verdict.copy[0].at_ns, 110 * WZP_MS); /* order kept, although the delay fell */
    params.reorder = true;
    sim_link_set_params(&link, &params);
    sim_link_send(&link, 0, 97, &verdict);
    assert_int_equal(verdict.copy[0].at_ns, 11 * WZP_MS);
    params.rate_bps = 0;
    sim_link_set_params(&link, &params);
    sim_link_send(&link, 20 * WZP_MS, 97, &verdict);
    assert_int_equal(verdict.copy[0].at_ns, 20 * WZP_MS);
    params.reorder = false; /* from here on nothing overtakes what was sent before either */
    sim_link_set_params(&link, &params);
    sim_link_send(&link, 21 * WZP_MS, 97, &verdict);
    assert_int_equal(verdict.copy[0].at_ns, 110 * WZP_MS);
}

static uint64_t digest(uint64_t seed, uint64_t stream)
{
    struct sim_link_params params = {.loss = 0.3,
                                     .burst = 3,
                                     .delay_ns = 20 * WZP_MS,
                                     .jitter_ns = 40 * WZP_MS,
                                     .rate_bps = 500000,
                                     .queue_ns = 300 * WZP_MS,
                                     .dup = 0.05,
                                     .corrupt = 0.05};
    struct sim_link link;
    struct sim_link_verdict verdict;
    uint64_t hash = UINT64_C(0xcbf29ce484222325); /* FNV-1a over words */
    sim_link_init(&link, &params, seed, stream);
    for (int i = 0; i < 2000; i++) {
        sim_link_send(&link, i * 2 * WZP_MS, (size_t)(i % 200), &verdict);
        uint64_t words[] = {verdict.fate, verdict.copies, (uint64_t)verdict.copy[0].at_ns,
                            (uint64_t)verdict.copy[0].flip_bit, (uint64_t)verdict.copy[1].flip_bit};
        for (size_t k = 0; k < sizeof words / sizeof *words; k++)
            hash = (hash ^ words[k]) * UINT64_C(0x100000001b3);
    }
    return hash;
}

static void test_determinism(void **state)
{
    (void)state;
    assert_true(digest(1, 0) == UINT64_C(0xeb15ed4a2651efec)); /* in every build and on every machine */
    assert_true(digest(1, 0) != digest(2, 0));
    assert_true(digest(1, 0) != digest(1, 1));
}

static void test_usage_errors(void **state)
{
    (void)state;
    static const struct {
        struct sim_link_params params;
        const char *field; /* NULL: good */
    } rows[] = {
        {{.burst = 1}, NULL},
        {{.loss = 1, .burst = 1}, NULL},
        {{.loss = 0.5, .burst = 1.0}, NULL},
        {{.loss = 0.75, .burst = 3}, NULL}, /* P(good to bad) exactly 1 */
        {{.loss = 0.76, .burst = 3}, "burst"},
        {{.loss = 1, .burst = 2}, "burst"},
        {{.loss = -0.1, .burst = 1}, "loss"},
        {{.loss = 1.1, .burst = 1}, "loss"},
        {{.loss = NAN, .burst = 1}, "loss"},
        {{.burst = 0}, "burst"},
        {{.burst = 0.5}, "burst"},
        {{.burst = NAN}, "burst"},
        {{.burst = INFINITY}, "burst"},
        {{.burst = 1, .delay_ns = -1}, "delay"},
        {{.burst = 1, .delay_ns = SIM_LINK_TIME_MAX}, NULL},
        {{.burst = 1, .delay_ns = SIM_LINK_TIME_MAX + 1}, "delay"},
        {{.burst = 1, .jitter_ns = -1}, "jitter"},
        {{.burst = 1, .queue_ns = -1}, "queue"},
        {{.burst = 1, .rate_bps = SIM_LINK_RATE_MAX + 1}, "rate"},
        {{.burst = 1, .dup = 2}, "dup"},
        {{.burst = 1, .corrupt = -1}, "corrupt"},
        {{.burst = 1, .mtu = SIM_LINK_MTU_MIN}, NULL},
        {{.burst = 1, .mtu = SIM_LINK_MTU_MIN - 1}, "mtu"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const char *why = sim_link_params_check(&rows[i].params);
        if (!rows[i].field)
            assert_null(why);
        else
            assert_true(why && strncmp(why, rows[i].field, strlen(rows[i].field)) == 0);
    }
}

/* The slowest line with the largest packet, and a delay of an hour, stay far from the end of int64. */
static void test_extremes(void **state)
{
    (void)state;
    struct sim_link_params params = {.burst = 1,
                                     .rate_bps = 1,
                                     .queue_ns = SIM_LINK_TIME_MAX,
                                     .delay_ns = SIM_LINK_TIME_MAX,
                                     .jitter_ns = SIM_LINK_TIME_MAX};
    struct sim_link link;
    struct sim_link_verdict verdict;
    sim_link_init(&link, &params, 1, 0);
    sim_link_send(&link, 0, 65507, &verdict);
    assert_int_equal(verdict.fate, SIM_LINK_DELIVERED);
    assert_true(verdict.copy[0].at_ns >= 65535 * 8 * WZP_S + SIM_LINK_TIME_MAX);
    sim_link_send(&link, 0, 1, &verdict);
    assert_int_equal(verdict.fate, SIM_LINK_DROPPED_QUEUE);
    sim_link_init(&link, &plain, 1, 0);
    sim_link_send(&link, -5 * WZP_S, 1, &verdict);
    assert_int_equal(verdict.copy[0].at_ns, -5 * WZP_S);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_loss_law),
        cmocka_unit_test(test_first_packet_is_like_any),
        cmocka_unit_test(test_luck_stands_still),
        cmocka_unit_test(test_rate_and_queue),
        cmocka_unit_test(test_no_fraction_is_lost),
        cmocka_unit_test(test_lost_uses_capacity),
        cmocka_unit_test(test_mtu),
        cmocka_unit_test(test_queue_twin),
        cmocka_unit_test(test_jitter_and_order),
        cmocka_unit_test(test_jitter_reaches_both_ends),
        cmocka_unit_test(test_dup_and_corrupt),
        cmocka_unit_test(test_flip),
        cmocka_unit_test(test_set_params),
        cmocka_unit_test(test_determinism),
        cmocka_unit_test(test_usage_errors),
        cmocka_unit_test(test_extremes),
    };
    return cmocka_run_group_tests_name("sim/link", tests, NULL, NULL);
}
