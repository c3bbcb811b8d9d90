// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/rng.h"
#include "base/time.h"
#include "link/number.h"
#include "link/received.h"
#include "link/sent.h"

#include <string.h>

#define NUMBERS 6000

static struct wzp_sent sent;
static struct wzp_ack_result result;

static void send_many(unsigned count, bool eliciting)
{
    for (unsigned i = 0; i < count; i++) {
        struct wzp_sent_packet *packet = wzp_sent_add(&sent, (int64_t)sent.next_number * WZP_MS);
        packet->eliciting = eliciting;
    }
}

static void test_impossible(void **state)
{
    (void)state;
    static const struct wzp_frame_ack rows[] = {
        {.largest = 100},
        {.largest = UINT64_MAX},
        {.largest = 99, .first_range = 100},
        {.largest = 99, .first_range = UINT64_MAX},
        {.largest = 99, .first_range = 98, .ranges_count = 1, .ranges = {{0, 0}}},
        {.largest = 99, .first_range = 99, .ranges_count = 1, .ranges = {{0, 0}}},
        {.largest = 99, .ranges_count = 1, .ranges = {{98, 0}}},
        {.largest = 99, .ranges_count = 1, .ranges = {{90, 8}}},
        {.largest = 99, .ranges_count = 1, .ranges = {{UINT64_MAX, 0}}},
        {.largest = 99, .ranges_count = 1, .ranges = {{0, UINT64_MAX}}},
        {.largest = 99, .ranges_count = 2, .ranges = {{47, 0}, {49, 0}}},
    };
    static struct wzp_sent before;
    wzp_sent_init(&sent);
    assert_int_equal(wzp_sent_on_ack(&sent, &(struct wzp_frame_ack){0}, 0, &result), WZP_ACK_IMPOSSIBLE);
    send_many(100, true);
    before = sent;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_int_equal(wzp_sent_on_ack(&sent, &rows[i], 0, &result), WZP_ACK_IMPOSSIBLE);
        assert_int_equal(result.newly_acked, 0);
        assert_memory_equal(&sent, &before, sizeof sent);
    }
    struct wzp_frame_ack lowest = {.largest = 99, .ranges_count = 2, .ranges = {{47, 0}, {47, 0}}};
    assert_int_equal(wzp_sent_on_ack(&sent, &lowest, 0, &result), WZP_ACK_OK);
    assert_int_equal(result.newly_acked, 3); /* 99, 50, 1 */
    assert_int_equal(result.acked[2]->number, 1);
}

/* A frame that claims everything is served in bounded bites, each packet once. */
static void test_all_at_once(void **state)
{
    (void)state;
    wzp_sent_init(&sent);
    send_many(5000, false);
    struct wzp_frame_ack all = {.largest = 4999, .first_range = 4999};
    unsigned total = 0;
    for (unsigned i = 0; i < 6; i++) {
        assert_int_equal(wzp_sent_on_ack(&sent, &all, 0, &result), WZP_ACK_OK);
        assert_true(result.newly_acked <= WZP_ACKED_MAX);
        assert_int_equal(result.rtt_sample_ns, -1); /* nothing was eliciting */
        total += result.newly_acked;
    }
    assert_int_equal(total, WZP_SENT_PACKETS);
    assert_int_equal(sent.lowest_unacked, 5000);
}

static void test_samples(void **state)
{
    (void)state;
    wzp_sent_init(&sent);
    send_many(10, true);
    struct wzp_frame_ack ack = {.largest = 5, .delay_8us = 125, .first_range = 0};
    wzp_sent_on_ack(&sent, &ack, 45 * WZP_MS, &result);
    assert_int_equal(result.rtt_sample_ns, 40 * WZP_MS);
    assert_int_equal(result.ack_delay_ns, 1 * WZP_MS);
    ack.first_range = 5; /* old ones are new, the largest is not */
    wzp_sent_on_ack(&sent, &ack, 50 * WZP_MS, &result);
    assert_int_equal(result.newly_acked, 5);
    assert_int_equal(result.rtt_sample_ns, -1);
    ack.delay_8us = WZP_VARINT_MAX;
    wzp_sent_on_ack(&sent, &ack, 50 * WZP_MS, &result);
    assert_int_equal(result.ack_delay_ns, 3600 * WZP_S);

    /* While nothing is acknowledged numbers stay long, however many records were overwritten. */
    wzp_sent_init(&sent);
    send_many(40000, true);
    assert_int_equal(sent.lowest_unacked, 0);
    assert_int_equal(wzp_number_len(sent.next_number, sent.lowest_unacked), 3);
    wzp_sent_on_ack(&sent, &(struct wzp_frame_ack){.largest = 39000}, 0, &result);
    assert_int_equal(sent.lowest_unacked, 40000 - WZP_SENT_PACKETS);
    wzp_sent_on_ack(&sent, &(struct wzp_frame_ack){.largest = 10}, 0, &result); /* its record is gone */
    assert_int_equal(result.newly_acked, 0);
    assert_int_equal(sent.largest_acked, 39000);
}

/* The twin: arrays without a ring. The frames come from link/received over a lossy, reordering way. */
static void test_twin(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 5; seed++) {
        static bool received_by_peer[NUMBERS], acked[NUMBERS];
        struct wzp_rng rng = wzp_rng_make(seed, 0);
        struct wzp_received peer;
        uint64_t next = 0, reported = 0;
        memset(received_by_peer, 0, sizeof received_by_peer);
        memset(acked, 0, sizeof acked);
        wzp_received_init(&peer);
        wzp_sent_init(&sent);
        while (next < NUMBERS) {
            unsigned burst = 1 + (unsigned)wzp_rng_below(&rng, 5);
            send_many(burst, true);
            for (unsigned i = 0; i < burst && next < NUMBERS; i++, next++) {
                uint64_t number = wzp_rng_below(&rng, 5) || next < 20 ? next : next - wzp_rng_below(&rng, 20);
                if (received_by_peer[number] || wzp_rng_below(&rng, 100) < 30)
                    continue;
                received_by_peer[number] = true;
                wzp_received_on_packet(&peer, number, true, 0);
            }
            struct wzp_frame_ack ack;
            if (wzp_rng_below(&rng, 10) >= 6 ||
                !wzp_received_ack(&peer, 0, 20 + wzp_rng_below(&rng, 150), &ack))
                continue;
            uint64_t last = ack.largest, first = last - ack.first_range, fresh = 0;
            for (unsigned i = 0; i <= ack.ranges_count; i++) {
                if (i > 0) {
                    last = first - ack.ranges[i - 1].gap - 2;
                    first = last - ack.ranges[i - 1].length;
                }
                for (uint64_t n = first; n <= last; n++) {
                    assert_true(received_by_peer[n]);
                    fresh += !acked[n];
                    acked[n] = true;
                }
            }
            assert_int_equal(wzp_sent_on_ack(&sent, &ack, 0, &result), WZP_ACK_OK);
            assert_int_equal(result.newly_acked, fresh);
            for (unsigned i = 0; i < result.newly_acked; i++)
                assert_true(acked[result.acked[i]->number]);
            assert_int_equal(sent.largest_acked, ack.largest);
            uint64_t lowest = 0;
            while (acked[lowest] || lowest + WZP_SENT_PACKETS < sent.next_number)
                lowest++;
            assert_int_equal(sent.lowest_unacked, lowest);
            reported += fresh;
        }
        assert_true(reported > NUMBERS / 2);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_impossible),
        cmocka_unit_test(test_all_at_once),
        cmocka_unit_test(test_samples),
        cmocka_unit_test(test_twin),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
