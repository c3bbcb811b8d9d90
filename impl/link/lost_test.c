// SPDX-License-Identifier: Apache-2.0
#include "link/lost.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static struct wzp_sent sent;
static struct wzp_lost lost;
static struct wzp_rtt rtt;

static void begin(void)
{
    wzp_sent_init(&sent);
    wzp_lost_init(&lost);
    wzp_rtt_init(&rtt);
    for (unsigned i = 0; i < 50; i++) /* 80 ms, hardly any variation */
        wzp_rtt_on_sample(&rtt, 80 * WZP_MS, 0);
}

static void send_one(bool is_bulk, int64_t now_ns)
{
    struct wzp_sent_packet *packet = wzp_sent_add(&sent, now_ns);
    packet->is_bulk = packet->eliciting = is_bulk;
    if (is_bulk)
        wzp_lost_on_sent(&lost, now_ns);
}

static void acknowledge(uint64_t number, int64_t now_ns)
{
    struct wzp_ack_result result;
    struct wzp_frame_ack ack = {.largest = number};
    assert_int_equal(wzp_sent_on_ack(&sent, &ack, now_ns, &result), WZP_ACK_OK);
    wzp_lost_on_acked(&lost);
}

static int64_t next_lost(int64_t now_ns)
{
    const struct wzp_sent_packet *packet = wzp_lost_next(&lost, &sent, &rtt, now_ns);
    return packet ? (int64_t)packet->number : -1;
}

static void by_numbers(void **state)
{
    (void)state;
    begin();
    for (unsigned i = 0; i < 8; i++)
        send_one(i != 1, 0); /* 1 is none of bulk */
    acknowledge(2, 80 * WZP_MS);
    assert_int_equal(next_lost(80 * WZP_MS), -1);
    acknowledge(4, 81 * WZP_MS);
    assert_int_equal(next_lost(81 * WZP_MS), 0);
    assert_int_equal(next_lost(81 * WZP_MS), -1);
    acknowledge(6, 82 * WZP_MS);
    assert_int_equal(next_lost(82 * WZP_MS), 3);
    assert_int_equal(next_lost(82 * WZP_MS), -1); /* each once */
}

static void by_time(void **state)
{
    (void)state;
    begin();
    send_one(true, 0);
    send_one(true, 10 * WZP_MS);
    send_one(true, 20 * WZP_MS);
    acknowledge(1, 85 * WZP_MS);
    assert_int_equal(next_lost(85 * WZP_MS), -1);
    assert_int_equal(wzp_lost_next_at(&lost, &sent, &rtt, true), 90 * WZP_MS);
    assert_int_equal(wzp_lost_next_at(&lost, &sent, &rtt, false), WZP_NEVER);
    assert_int_equal(next_lost(90 * WZP_MS - 1), -1);
    assert_int_equal(next_lost(90 * WZP_MS), 0);
    assert_int_equal(next_lost(WZP_S), -1); /* 2 is younger than all that is acknowledged */
}

/* Silence: two at a time, pauses up to 1.25 times the last, never above RTT + 1 s. */
static void probes(void **state)
{
    (void)state;
    begin();
    for (unsigned i = 0; i < 30; i++)
        send_one(true, 0);
    int64_t last_ns = 0, pause_ns = 0;
    for (int i = 0; i < 14; i++) {
        int64_t at_ns = wzp_lost_next_at(&lost, &sent, &rtt, true), pause_now_ns = at_ns - last_ns;
        if (i == 0)
            assert_in_range(pause_now_ns, 105 * WZP_MS, 107 * WZP_MS);
        else
            assert_in_range(pause_now_ns, pause_ns, pause_ns + pause_ns / 4 + 1);
        assert_true(pause_now_ns <= 1080 * WZP_MS);
        assert_false(wzp_lost_probe(&lost, &rtt, true, at_ns - 1));
        assert_true(wzp_lost_probe(&lost, &rtt, true, at_ns));
        assert_int_equal(next_lost(at_ns), 2 * i);
        assert_int_equal(next_lost(at_ns), 2 * i + 1);
        assert_int_equal(next_lost(at_ns), -1);
        last_ns = at_ns;
        pause_ns = pause_now_ns;
    }
    assert_int_equal(pause_ns, 1080 * WZP_MS);
    acknowledge(29, last_ns);
    assert_int_equal(next_lost(last_ns), 28); /* too old, and the only one not judged */
    send_one(true, last_ns);
    assert_in_range(wzp_lost_next_at(&lost, &sent, &rtt, true) - last_ns, 50 * WZP_MS, 400 * WZP_MS);
}

/* Whatever else is sent, none leaves the records unjudged, and none is judged twice. */
static void records_are_judged_before_they_go(void **state)
{
    (void)state;
    begin();
    unsigned judged = 0, packets = 0;
    for (unsigned i = 0; i < 5 * WZP_SENT_PACKETS; i++) {
        while (next_lost(0) >= 0)
            judged++;
        bool is_bulk = i % 700 == 3;
        send_one(is_bulk, 0);
        packets += is_bulk;
    }
    assert_in_range(judged, packets - 2, packets);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(by_numbers),
        cmocka_unit_test(by_time),
        cmocka_unit_test(probes),
        cmocka_unit_test(records_are_judged_before_they_go),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
