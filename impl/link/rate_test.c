// SPDX-License-Identifier: Apache-2.0
/* The twin keeps every packet and sums those of the last 500 ms. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/rng.h"
#include "link/rate.h"

#define PACKETS 4000

static struct {
    int64_t at_ns;
    size_t bytes;
} sent[PACKETS];

static uint64_t window(unsigned count, int64_t end_ns)
{
    uint64_t sum = 0;
    while (count-- > 0 && sent[count].at_ns > end_ns - WZP_RATE_WINDOW_NS)
        sum += sent[count].bytes;
    return sum;
}

static void test_never_more_and_hardly_less(void **state)
{
    (void)state;
    static const uint64_t rates[] = {40000, 100000, 500000, 5000000};
    for (unsigned row = 0; row < sizeof rates / sizeof *rates; row++) {
        struct wzp_rng rng = wzp_rng_make(7, row);
        struct wzp_rate rate;
        wzp_rate_init(&rate, rates[row]);
        int64_t now_ns = 3 * WZP_S;
        const int64_t start_ns = now_ns;
        uint64_t total = 0;
        for (unsigned i = 0; i < PACKETS; i++) {
            size_t bytes = 40 + (size_t)wzp_rng_below(&rng, 300);
            if (wzp_rng_below(&rng, 20) == 0) /* now and then nothing is there to send */
                now_ns += (int64_t)wzp_rng_below(&rng, 30) * WZP_MS;
            int64_t at_ns = wzp_rate_at(&rate, bytes, now_ns);
            assert_true(at_ns >= now_ns && at_ns - now_ns <= WZP_RATE_WINDOW_NS + WZP_RATE_SLICE_NS);
            if (at_ns > now_ns)
                assert_true(wzp_rate_room(&rate, at_ns - 1) < bytes);
            now_ns = at_ns;
            assert_true(wzp_rate_room(&rate, now_ns) >= bytes);
            wzp_rate_on_sent(&rate, bytes, now_ns);
            sent[i].at_ns = now_ns;
            sent[i].bytes = bytes;
            total += bytes;
            assert_true(window(i + 1, now_ns) <= rates[row] / 16);
        }
        double share = (double)total * 8e9 / (double)(now_ns - start_ns) / (double)rates[row];
        if (row < 2) /* on the faster ones the pauses weigh */
            assert_true(share > 0.9);
    }
}

static void test_no_bound(void **state)
{
    (void)state;
    struct wzp_rate rate;
    wzp_rate_init(&rate, 0);
    wzp_rate_on_sent(&rate, 1000000, 0);
    assert_true(wzp_rate_room(&rate, 0) == SIZE_MAX && wzp_rate_at(&rate, 5000, 17) == 17);
}

/* What never fits is told the time of an empty window, not never. */
static void test_too_large(void **state)
{
    (void)state;
    struct wzp_rate rate;
    wzp_rate_init(&rate, 32000);
    wzp_rate_on_sent(&rate, 1900, WZP_S);
    int64_t at_ns = wzp_rate_at(&rate, 5000, WZP_S);
    assert_int_equal(at_ns, WZP_S + WZP_RATE_WINDOW_NS + WZP_RATE_SLICE_NS);
    assert_int_equal(wzp_rate_room(&rate, at_ns), 2000);
    wzp_rate_init(&rate, 640); /* what a peer may ask for */
    assert_int_equal(wzp_rate_room(&rate, WZP_S), WZP_RATE_BYTES_MIN);
}

/* The twin drains a queue of bytes; what is sent is more than the bound at times, and less at others. */
static void test_clear_of_a_queue(void **state)
{
    (void)state;
    static const struct {
        uint64_t rate_bps;
        int64_t queue_ns;
    } rows[] = {{24000, 0}, {40000, 25 * WZP_MS}, {500000, 25 * WZP_MS}, {5000000, WZP_MS}};
    for (unsigned row = 0; row < sizeof rows / sizeof *rows; row++) {
        struct wzp_rng rng = wzp_rng_make(8, row);
        struct wzp_rate rate;
        wzp_rate_init(&rate, rows[row].rate_bps);
        const double bytes_per_ns = (double)rows[row].rate_bps / 8e9;
        const uint64_t apart_ns = (uint64_t)(2 * 210 / bytes_per_ns);
        double queue = 0; /* bytes */
        unsigned clear = 0, full = 0;
        for (int64_t now_ns = WZP_S; now_ns < WZP_S + PACKETS * (int64_t)apart_ns / 2;) {
            size_t bytes = 40 + (size_t)wzp_rng_below(&rng, 300);
            wzp_rate_on_sent(&rate, bytes, now_ns);
            queue += (double)bytes;
            int64_t clear_ns = wzp_rate_clear_at(&rate, rows[row].queue_ns);
            double expected_ns = (double)now_ns + queue / bytes_per_ns - (double)rows[row].queue_ns;
            assert_true((double)clear_ns > expected_ns - 1e4 && (double)clear_ns < expected_ns + 1e4);
            int64_t passed_ns = (int64_t)wzp_rng_below(&rng, apart_ns);
            now_ns += passed_ns;
            queue -= (double)passed_ns * bytes_per_ns;
            queue = queue < 0 ? 0 : queue;
            clear += wzp_rate_clear_at(&rate, rows[row].queue_ns) <= now_ns;
            full += wzp_rate_clear_at(&rate, rows[row].queue_ns) > now_ns;
        }
        assert_true(clear > 100 && full > 100);
    }
    struct wzp_rate rate;
    wzp_rate_init(&rate, 0); /* no bound, no queue; and what left before one was known stands in none */
    wzp_rate_on_sent(&rate, 1000000, WZP_S);
    assert_true(wzp_rate_clear_at(&rate, 0) <= WZP_S);
    wzp_rate_set(&rate, 40000);
    assert_true(wzp_rate_clear_at(&rate, 0) <= WZP_S);
    wzp_rate_on_sent(&rate, 500, WZP_S);
    assert_int_equal(wzp_rate_clear_at(&rate, 25 * WZP_MS), WZP_S + 75 * WZP_MS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_never_more_and_hardly_less),
        cmocka_unit_test(test_no_bound),
        cmocka_unit_test(test_too_large),
        cmocka_unit_test(test_clear_of_a_queue),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
