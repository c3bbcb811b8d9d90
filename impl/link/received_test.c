// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/rng.h"
#include "link/received.h"

#include <string.h>

#define NUMBERS 4096

/* The twin: a set, which loses its lowest run when there are too many. */
struct twin {
    bool has[NUMBERS];
};

static unsigned twin_runs(const struct twin *twin, struct wzp_received_range *runs)
{
    unsigned count = 0;
    for (int64_t n = NUMBERS - 1; n >= 0; n--) {
        if (!twin->has[n])
            continue;
        if (count > 0 && runs[count - 1].first == (uint64_t)n + 1)
            runs[count - 1].first = (uint64_t)n;
        else
            runs[count++] = (struct wzp_received_range){(uint64_t)n, (uint64_t)n};
    }
    return count;
}

static unsigned twin_add(struct twin *twin, uint64_t number, struct wzp_received_range *runs)
{
    twin->has[number] = true;
    unsigned count = twin_runs(twin, runs);
    if (count > WZP_RECEIVED_RANGES) {
        count = WZP_RECEIVED_RANGES;
        for (uint64_t n = runs[count].first; n <= runs[count].last; n++)
            twin->has[n] = false;
    }
    return count;
}

static void check_frame(struct wzp_received received, const struct wzp_received_range *runs, unsigned count,
                        size_t room)
{
    struct wzp_frame_ack ack;
    bool fits = wzp_received_ack(&received, 0, room, &ack);
    if (!fits) {
        assert_true(room < 1 + 2 + 1 + 2 + 1);
        return;
    }
    assert_true(wzp_frame_ack_size(&ack) <= room);
    uint64_t last = ack.largest, first = last - ack.first_range;
    for (unsigned i = 0; i <= ack.ranges_count; i++) {
        if (i > 0) {
            last = first - ack.ranges[i - 1].gap - 2;
            first = last - ack.ranges[i - 1].length;
        }
        assert_int_equal(first, runs[i].first);
        assert_int_equal(last, runs[i].last);
    }
    /* as many as fit: the next would have taken 2 to 4 bytes more */
    if (ack.ranges_count + 1u < count)
        assert_true(wzp_frame_ack_size(&ack) + 4 > room);
}

static void test_ranges_twin(void **state)
{
    (void)state;
    static const unsigned losses[] = {0, 20, 300, 500, 700, 950};
    for (unsigned row = 0; row < sizeof losses / sizeof *losses; row++) {
        struct wzp_rng rng = wzp_rng_make(row + 1, 0);
        struct wzp_received received;
        struct twin twin = {0};
        struct wzp_received_range runs[WZP_RECEIVED_RANGES + 1];
        uint64_t order[NUMBERS];
        wzp_received_init(&received);
        for (uint64_t n = 0; n < NUMBERS; n++)
            order[n] = n;
        for (uint64_t n = 0; n < NUMBERS; n++) { /* late by up to 300 numbers now and then */
            uint64_t other = n + wzp_rng_below(&rng, wzp_rng_below(&rng, 8) ? 2 : 300);
            uint64_t swapped = order[n];
            order[n] = order[other < NUMBERS ? other : n];
            order[other < NUMBERS ? other : n] = swapped;
        }
        for (unsigned i = 0; i < 1200; i++) {
            if (wzp_rng_below(&rng, 1000) < losses[row])
                continue;
            wzp_received_on_packet(&received, order[i], true, 0);
            unsigned count = twin_add(&twin, order[i], runs);
            assert_int_equal(received.ranges_count, count);
            assert_memory_equal(received.ranges, runs, count * sizeof *runs);
            check_frame(received, runs, count, wzp_rng_below(&rng, 180));
        }
    }
}

static void test_when(void **state)
{
    (void)state;
    struct wzp_received received;
    struct wzp_frame_ack ack;
    wzp_received_init(&received);
    assert_false(wzp_received_ack(&received, 0, 1000, &ack));
    assert_int_equal(wzp_received_ack_at(&received), WZP_NEVER);

    wzp_received_on_packet(&received, 0, false, 1 * WZP_MS);
    assert_int_equal(wzp_received_ack_at(&received), WZP_NEVER);
    wzp_received_on_packet(&received, 1, true, 10 * WZP_MS);
    assert_int_equal(wzp_received_ack_at(&received), 35 * WZP_MS);
    wzp_received_on_packet(&received, 2, false, 12 * WZP_MS);
    assert_int_equal(wzp_received_ack_at(&received), 35 * WZP_MS);
    wzp_received_on_packet(&received, 3, true, 20 * WZP_MS);
    assert_int_equal(wzp_received_ack_at(&received), 20 * WZP_MS);
    assert_true(wzp_received_ack(&received, 21 * WZP_MS, 1000, &ack));
    assert_int_equal(ack.largest, 3);
    assert_int_equal(ack.delay_8us, 125);
    assert_int_equal(ack.first_range, 3);
    assert_int_equal(wzp_received_ack_at(&received), WZP_NEVER);

    wzp_received_on_packet(&received, 5, true, 22 * WZP_MS); /* a gap, but too soon */
    assert_int_equal(wzp_received_ack_at(&received), 26 * WZP_MS);
    assert_false(wzp_received_ack(&received, 26 * WZP_MS, 4, &ack)); /* no room: still pending */
    assert_int_equal(wzp_received_ack_at(&received), 26 * WZP_MS);
    assert_true(wzp_received_ack(&received, 30 * WZP_MS, 1000, &ack));
    wzp_received_on_packet(&received, 4, true, 50 * WZP_MS); /* out of order */
    assert_int_equal(wzp_received_ack_at(&received), 50 * WZP_MS);
    assert_true(wzp_received_ack(&received, 50 * WZP_MS, 1000, &ack));
    assert_int_equal(ack.delay_8us, 28 * 125); /* of the largest, not of the last that came */
    wzp_received_on_packet(&received, 6, true, 60 * WZP_MS);
    assert_true(
        wzp_received_ack(&received, 61 * WZP_MS, 1000, &ack)); /* early, with a packet that leaves anyway */
    assert_int_equal(wzp_received_ack_at(&received), WZP_NEVER);
    wzp_received_on_packet(&received, 6, true, 70 * WZP_MS); /* known: no news */
    assert_int_equal(wzp_received_ack_at(&received), WZP_NEVER);

    for (uint64_t n = 7; n < 7 + WZP_ACK_PENDING_MAX; n++) { /* many at once, soon after the last */
        assert_int_equal(wzp_received_ack_at(&received), n == 7   ? WZP_NEVER
                                                         : n == 8 ? 87 * WZP_MS
                                                                  : 66 * WZP_MS);
        wzp_received_on_packet(&received, n, true, 62 * WZP_MS);
    }
    assert_int_equal(wzp_received_ack_at(&received), 62 * WZP_MS);
}

static void test_thin_way_back(void **state)
{
    (void)state;
    static const struct {
        uint64_t rate_bps;
        int64_t rtt_ns, pause_ns;
    } rows[] = {
        {0, WZP_S, 5 * WZP_MS},
        {10000000, WZP_S, 5 * WZP_MS},
        {40960, WZP_S, 100 * WZP_MS}, /* an eighth of it: ten of 64 bytes a second */
        {40960, 60 * WZP_MS, 30 * WZP_MS},
        {40960, 2 * WZP_MS, 5 * WZP_MS},
    };
    for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct wzp_received received;
        struct wzp_frame_ack ack;
        wzp_received_init(&received);
        wzp_received_set_rate(&received, rows[i].rate_bps, rows[i].rtt_ns);
        wzp_received_on_packet(&received, 0, true, 0);
        assert_true(wzp_received_ack(&received, 0, 1000, &ack));
        wzp_received_on_packet(&received, 1, true, 1);
        wzp_received_on_packet(&received, 2, true, 1);
        assert_int_equal(wzp_received_ack_at(&received), rows[i].pause_ns);
    }
}

/* At 50 packets a second and 50 % loss what is remembered is at least the last second, and mostly two. */
static void test_history(void **state)
{
    (void)state;
    struct wzp_rng rng = wzp_rng_make(3, 0);
    struct wzp_received received;
    uint64_t least = NUMBERS, sum = 0, count = 0;
    wzp_received_init(&received);
    for (uint64_t n = 0; n < 50000; n++) {
        if (wzp_rng_below(&rng, 2))
            wzp_received_on_packet(&received, n, false, 0);
        if (received.ranges_count < WZP_RECEIVED_RANGES)
            continue;
        uint64_t span = n - received.ranges[WZP_RECEIVED_RANGES - 1].first;
        least = span < least ? span : least;
        sum += span;
        count++;
    }
    assert_true(least >= 64);
    assert_true(sum / count > 120 && sum / count < 140);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ranges_twin),
        cmocka_unit_test(test_when),
        cmocka_unit_test(test_thin_way_back),
        cmocka_unit_test(test_history),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
