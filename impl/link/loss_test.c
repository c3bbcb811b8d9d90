// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/rng.h"
#include "base/time.h"
#include "link/loss.h"
#include "link/received.h"

#include <stdlib.h>
#include <string.h>

#define PACKETS 3000
#define EVERY   (20 * WZP_MS)

static struct wzp_sent sent;

struct world {
    unsigned loss, ack_loss; /* permille */
    int64_t delay_ns;        /* one way */
    int64_t jitter_ns;       /* packets may overtake */
    unsigned eliciting_every;
    size_t ack_room; /* bytes of an ACK frame */
};

struct outcome {
    unsigned mean, last; /* estimate once the prior is gone; at the end */
    unsigned least, most;
};

/* One packet each 20 ms; the peer's acknowledgements leave when they are due. */
static struct outcome run(const struct world *world, uint64_t seed)
{
    static int64_t arrives_at[PACKETS];
    static struct {
        int64_t at_ns;
        struct wzp_frame_ack frame;
    } acks[512];
    unsigned first_ack = 0, last_ack = 0;
    struct wzp_rng rng = wzp_rng_make(seed, 0);
    struct wzp_received peer;
    struct wzp_loss loss;
    struct wzp_ack_result result;
    struct outcome outcome = {.least = 1000};
    uint64_t sum = 0, count = 0;
    wzp_received_init(&peer);
    wzp_sent_init(&sent);
    wzp_loss_init(&loss);
    for (int64_t now_ns = 0; now_ns < PACKETS * EVERY + 2 * WZP_S; now_ns += 5 * WZP_MS) {
        if (now_ns % EVERY == 0 && sent.next_number < PACKETS) {
            struct wzp_sent_packet *packet = wzp_sent_add(&sent, now_ns);
            packet->eliciting = packet->number % world->eliciting_every == 0;
            arrives_at[packet->number] = WZP_NEVER;
            if (wzp_rng_below(&rng, 1000) >= world->loss)
                arrives_at[packet->number] = (now_ns + world->delay_ns +
                                              (int64_t)wzp_rng_below(&rng, (uint64_t)world->jitter_ns + 1)) /
                                             (5 * WZP_MS) * (5 * WZP_MS);
        }
        for (uint64_t n = sent.next_number > 200 ? sent.next_number - 200 : 0; n < sent.next_number; n++)
            if (arrives_at[n] == now_ns)
                wzp_received_on_packet(&peer, n, n % world->eliciting_every == 0, now_ns);
        if (wzp_received_ack_at(&peer) <= now_ns) {
            assert_true(wzp_received_ack(&peer, now_ns, world->ack_room, &acks[last_ack % 512].frame));
            acks[last_ack % 512].at_ns = now_ns + world->delay_ns;
            last_ack += wzp_rng_below(&rng, 1000) >= world->ack_loss;
        }
        for (; first_ack < last_ack && acks[first_ack % 512].at_ns <= now_ns; first_ack++) {
            assert_int_equal(wzp_sent_on_ack(&sent, &acks[first_ack % 512].frame, now_ns, &result),
                             WZP_ACK_OK);
            wzp_loss_on_ack(&loss, &sent);
        }
        if (loss.judged < WZP_LOSS_PRIOR_FADED)
            continue;
        unsigned permille = wzp_loss_permille(&loss);
        sum += permille;
        count++;
        outcome.least = permille < outcome.least ? permille : outcome.least;
        outcome.most = permille > outcome.most ? permille : outcome.most;
    }
    outcome.mean = (unsigned)(sum / count);
    outcome.last = wzp_loss_permille(&loss);
    return outcome;
}

static void test_truth(void **state)
{
    (void)state;
    static const struct {
        struct world world;
        unsigned spread; /* of a window of 90 packets around the truth, about 4 sigma */
    } rows[] = {
        {{0, 0, 50 * WZP_MS, 0, 1, 200}, 0},
        {{0, 500, 50 * WZP_MS, 0, 1, 200}, 0}, /* lost acknowledgements are no lost packets */
        {{50, 50, 50 * WZP_MS, 0, 1, 200}, 95},
        {{200, 200, 400 * WZP_MS, 0, 1, 200}, 170},
        {{500, 500, 50 * WZP_MS, 0, 1, 200}, 210},
        {{700, 700, 400 * WZP_MS, 0, 1, 200}, 190},
        {{500, 0, 50 * WZP_MS, 0, 50, 200},
         230}, /* seldom acknowledged: 1 s between, and half of these lost */
        {{500, 0, 50 * WZP_MS, 0, 150, 40},
         250}, /* and with room for 16 ranges, so that most is never spoken of */
        {{700, 700, 400 * WZP_MS, 0, 10, 200}, 215},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct world *world = &rows[i].world;
        unsigned mean = 0;
        for (uint64_t seed = 1; seed <= 4; seed++) {
            struct outcome outcome = run(world, seed);
            assert_true(outcome.least + rows[i].spread >= world->loss);
            assert_true(outcome.most <= world->loss + rows[i].spread);
            mean += outcome.mean / 4;
        }
        assert_true(abs((int)mean - (int)world->loss) <= 25);
    }
}

/* Packets that overtake by up to two places are no losses at any time, and by more only for a moment. */
static void test_reordering(void **state)
{
    (void)state;
    struct outcome outcome = run(&(struct world){0, 0, 50 * WZP_MS, 40 * WZP_MS, 1, 200}, 1);
    assert_int_equal(outcome.most, 0);
    outcome = run(&(struct world){0, 0, 50 * WZP_MS, 150 * WZP_MS, 1, 200}, 1);
    assert_true(outcome.most > 0);
    assert_true(outcome.mean < 30);
    assert_int_equal(outcome.last, 0);
}

static void ack_some(struct wzp_loss *loss, unsigned packets, bool lose_odd)
{
    struct wzp_received peer;
    struct wzp_ack_result result;
    struct wzp_frame_ack ack;
    wzp_sent_init(&sent);
    wzp_received_init(&peer);
    for (unsigned n = 0; n < packets + 3; n++) {
        wzp_sent_add(&sent, (int64_t)n * EVERY);
        if (n >= packets || !lose_odd || n % 2 == 0)
            wzp_received_on_packet(&peer, n, true, 0);
        if (wzp_received_ack(&peer, 0, 200, &ack)) {
            assert_int_equal(wzp_sent_on_ack(&sent, &ack, (int64_t)n * EVERY, &result), WZP_ACK_OK);
            wzp_loss_on_ack(loss, &sent);
        }
    }
    unsigned most = WZP_LOSS_WINDOW_NS_MAX / EVERY; /* 128 take longer */
    assert_int_equal(loss->judged, packets < most ? packets : most);
}

static void test_prior(void **state)
{
    (void)state;
    static const struct {
        unsigned copy, permille;
    } rows[] = {{0, 10}, {1, 340}, {2, 505}, {3, 604}, {10, 835}, {15, 883}, {16, 20}, {255, 20}};
    struct wzp_loss loss;
    wzp_loss_init(&loss);
    assert_int_equal(wzp_loss_permille(&loss), WZP_LOSS_PRIOR_PERMILLE);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        wzp_loss_init(&loss);
        wzp_loss_seed_copies(&loss, rows[i].copy);
        assert_int_equal(wzp_loss_permille(&loss), rows[i].permille);
    }
    /* It fades: with evidence of no loss the estimate only falls, and the prior is gone in the end. */
    unsigned last = 883;
    for (unsigned packets = 8; packets <= 64; packets += 8) {
        wzp_loss_init(&loss);
        wzp_loss_seed_copies(&loss, 15);
        ack_some(&loss, packets, false);
        assert_true(wzp_loss_permille(&loss) < last);
        last = wzp_loss_permille(&loss);
    }
    assert_int_equal(last, 0);
    ack_some(&loss, 300, true);
    assert_int_equal(wzp_loss_permille(&loss), 500);
    assert_int_equal(loss.lost, 45);
}

/* The ways of a link count as one while chance explains what lies between them, the other no more than the
 * first. */
static void test_pool(void **state)
{
    (void)state;
    static const struct {
        struct wzp_loss_seen way, other, both;
    } rows[] = {
        {{500, 32}, {600, 32}, {550, 64}},    {{500, 32}, {600, 1000}, {550, 64}},
        {{600, 90}, {500, 30}, {575, 120}},   {{500, 0}, {600, 32}, {500, 0}},
        {{500, 32}, {600, 0}, {500, 32}},     {{340, 32}, {360, 32}, {340, 32}},
        {{0, 32}, {400, 64}, {0, 32}},        {{700, 128}, {500, 128}, {700, 128}},
        {{1000, 40}, {1000, 40}, {1000, 80}},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct wzp_loss_seen both = wzp_loss_pool(rows[i].way, rows[i].other);
        assert_int_equal(both.permille, rows[i].both.permille);
        assert_int_equal(both.judged, rows[i].both.judged);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pool),
        cmocka_unit_test(test_truth),
        cmocka_unit_test(test_reordering),
        cmocka_unit_test(test_prior),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
