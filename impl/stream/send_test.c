// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/rng.h"
#include "stream/send.h"

#include <stdlib.h>
#include <string.h>

#define MESSAGE 300
#define SEEDS   4000

static uint8_t memory[24576], bytes[24576];
static struct wzp_stream_send stream;

static void start(size_t capacity, uint64_t credit)
{
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)(i * 7 + i / 256);
    wzp_stream_send_init(&stream, memory, capacity, credit);
}

/* Sends what is due at `now_ns` with `room`; the length, 0 if nothing is. */
static size_t take(int64_t now_ns, const struct wzp_stream_path *path, size_t room, uint64_t *offset)
{
    const uint8_t *data;
    size_t len;
    return wzp_stream_send_next(&stream, now_ns, path, room, offset, &data, &len) ? len : 0;
}

static void test_bounds(void **state)
{
    (void)state;
    const struct wzp_stream_path path = {100 * WZP_MS, 0, 0};
    uint64_t offset;
    start(1000, 300);
    assert_true(wzp_stream_send_is_done(&stream));
    assert_int_equal(wzp_stream_send_next_at(&stream, &path), WZP_NEVER);
    assert_false(wzp_stream_send_write(&stream, bytes, 1001));
    assert_true(wzp_stream_send_write(&stream, bytes, 900));
    assert_false(wzp_stream_send_write(&stream, bytes, 101));
    assert_int_equal(wzp_stream_send_room(&stream), 100);
    assert_int_equal(wzp_stream_send_next_at(&stream, &path), INT64_MIN);
    assert_int_equal(take(0, &path, 63, &offset), 0); /* not worth a piece */
    assert_int_equal(take(0, &path, 100, &offset), 100);
    assert_int_equal(take(0, &path, 2000, &offset), 200); /* as far as credit goes */
    assert_int_equal(offset, 100);
    assert_int_equal(take(0, &path, 2000, &offset), 0);
    wzp_stream_send_on_acked(&stream, 0, 300);
    assert_int_equal(wzp_stream_send_next_at(&stream, &path), WZP_NEVER);
    assert_false(wzp_stream_send_is_done(&stream));
    wzp_stream_send_set_limit(&stream, 5000);
    wzp_stream_send_set_limit(&stream, 10); /* never lowers */
    assert_true(wzp_stream_send_write(&stream, bytes + 900, 400));
    assert_int_equal(take(0, &path, 2000, &offset), 700); /* up to the wrap */
    assert_int_equal(take(0, &path, 2000, &offset), 300);
    assert_int_equal(offset, 1000);
    wzp_stream_send_on_acked(&stream, 1000, 300);
    assert_int_equal(wzp_stream_send_room(&stream), 0); /* the bytes before are still out */
    wzp_stream_send_on_acked(&stream, 300, 350);        /* half a piece is no piece */
    assert_int_equal(wzp_stream_send_room(&stream), 0);
    wzp_stream_send_on_acked(&stream, 300, 700);
    assert_int_equal(wzp_stream_send_room(&stream), 1000);
    assert_true(wzp_stream_send_is_done(&stream));

    start(sizeof memory, sizeof memory);
    for (unsigned i = 0; i < WZP_STREAM_PIECES; i++) {
        assert_true(wzp_stream_send_write(&stream, bytes, 10));
        assert_int_equal(take(0, &path, 2000, &offset), 10);
    }
    assert_true(wzp_stream_send_write(&stream, bytes, 10));
    assert_int_equal(take(0, &path, 2000, &offset), 0);
    assert_true(wzp_stream_send_next_at(&stream, &path) > 0);
    wzp_stream_send_on_acked(&stream, 0, 10);
    assert_int_equal(take(0, &path, 2000, &offset), 10);
    assert_int_equal(offset, 640);
}

/* When the copies of one message leave, by the law. */
static void test_schedule(void **state)
{
    (void)state;
    static const struct {
        struct wzp_stream_path path;
        size_t len;
        int64_t at_ms[8];
    } rows[] = {
        {{100 * WZP_MS, 0, 0}, MESSAGE, {0, 130, 292, 495, 749, 1066, 1463, 1959}},
        {{100 * WZP_MS, 10 * WZP_MS, 20}, MESSAGE, {0, 170}},
        {{10 * WZP_MS, 0, 0}, 20, {0, 50, 112, 190}}, /* a round is never shorter than 50 ms */
        {{800 * WZP_MS, 0, 200}, MESSAGE, {0, 40, 80, 830, 870, 910, 1867, 1907}},
        {{800 * WZP_MS, 900 * WZP_MS, 0}, MESSAGE, {0, 1800, 3600, 5400}}, /* never beyond 1 s over the RTT */
        {{100 * WZP_MS, 0, 700}, 20, {0, 20, 40, 60, 80, 100, 120, 140}},
        {{0, 0, 0}, MESSAGE, {0, 40, 80, 120, 160, 200, 240, 280}},
        {{800 * WZP_MS, 0, 500}, 840, {0, 100, 200, 300, 400, 500, 830, 930}},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        uint64_t offset;
        start(sizeof memory, sizeof memory);
        wzp_stream_send_write(&stream, bytes, rows[i].len);
        int64_t now_ns = 0;
        for (unsigned k = 0; k < 8 && (k == 0 || rows[i].at_ms[k] > 0); k++) {
            assert_int_equal(now_ns / WZP_MS, rows[i].at_ms[k]);
            if (k > 0)
                assert_int_equal(take(now_ns - 1, &rows[i].path, 2000, &offset), 0);
            assert_int_equal(take(now_ns, &rows[i].path, 2000, &offset), rows[i].len);
            now_ns = wzp_stream_send_next_at(&stream, &rows[i].path);
        }
    }
}

/* With the RTT unknown copies go on for 3 s, then in rounds; once it is known, rounds begin afresh. */
static void test_unknown_rtt(void **state)
{
    (void)state;
    struct wzp_stream_path path = {0};
    uint64_t offset;
    unsigned copies = 0;
    start(sizeof memory, sizeof memory);
    wzp_stream_send_write(&stream, bytes, MESSAGE);
    assert_int_equal(take(0, &path, 2000, &offset), MESSAGE);
    for (int64_t at_ns; (at_ns = wzp_stream_send_next_at(&stream, &path)) < 20 * WZP_S; copies++)
        assert_int_equal(take(at_ns, &path, 2000, &offset), MESSAGE);
    assert_in_range(copies, 3000 / 40 + 17, 3000 / 40 + 30);
    path.rtt_ns = 100 * WZP_MS;
    assert_true(wzp_stream_send_next_at(&stream, &path) <= 20 * WZP_S + 1100 * WZP_MS);
}

/* Many pieces together keep to their rate, and each gets its turn. */
static void test_repeat_rate(void **state)
{
    (void)state;
    const struct wzp_stream_path path = {800 * WZP_MS, 0, 700};
    uint64_t offset, sent_bytes = 0, turns[32] = {0};
    size_t len;
    start(sizeof memory, sizeof memory);
    wzp_stream_send_write(&stream, bytes, 20 * WZP_STREAM_PIECE_MAX);
    while (take(0, &path, 1000, &offset) > 0) {
    }
    for (int64_t now_ns = 0; now_ns < 10 * WZP_S; now_ns += WZP_MS) {
        while ((len = take(now_ns, &path, 1000, &offset)) > 0) {
            sent_bytes += len + 60;
            turns[offset / WZP_STREAM_PIECE_MAX]++;
        }
        assert_true(wzp_stream_send_next_at(&stream, &path) > now_ns);
    }
    assert_in_range(sent_bytes * 8 / 10, WZP_STREAM_REPEAT_BPS * 95 / 100, WZP_STREAM_REPEAT_BPS * 102 / 100);
    for (unsigned i = 0; i < 20; i++)
        assert_in_range(turns[i], 7, 11);
}

static int by_size(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

/* When a message is through, one way, and that the sender learns it, with losses on both ways. */
static void test_time_to_get_through(void **state)
{
    (void)state;
    static const struct {
        unsigned loss;
        int64_t mean_ms, p95_ms; /* beyond the one-way delay, as send.h says */
    } rows[] = {{0, 0, 0}, {200, 16, 40}, {500, 49, 160}, {700, 106, 320}};
    static int64_t through_ns[SEEDS];
    const int64_t one_way_ns = 400 * WZP_MS;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct wzp_stream_path path = {2 * one_way_ns, 0, rows[i].loss};
        int64_t sum_ns = 0, known_sum_ns = 0;
        for (uint64_t seed = 0; seed < SEEDS; seed++) {
            struct wzp_rng rng = wzp_rng_make(seed, i);
            int64_t now_ns = 0, known_ns = WZP_NEVER;
            uint64_t offset;
            through_ns[seed] = WZP_NEVER;
            start(sizeof memory, sizeof memory);
            wzp_stream_send_write(&stream, bytes, MESSAGE);
            while (now_ns < known_ns) {
                assert_int_equal(take(now_ns, &path, 2000, &offset), MESSAGE);
                if (wzp_rng_below(&rng, 1000) >= rows[i].loss) {
                    int64_t arrived_ns = now_ns + one_way_ns;
                    through_ns[seed] = wzp_time_min(through_ns[seed], arrived_ns);
                    if (wzp_rng_below(&rng, 1000) >= rows[i].loss) /* each copy draws an acknowledgement */
                        known_ns = wzp_time_min(known_ns, arrived_ns + one_way_ns);
                }
                now_ns = wzp_stream_send_next_at(&stream, &path);
            }
            wzp_stream_send_on_acked(&stream, 0, MESSAGE);
            assert_true(wzp_stream_send_is_done(&stream));
            sum_ns += through_ns[seed] - one_way_ns;
            known_sum_ns += known_ns;
        }
        qsort(through_ns, SEEDS, sizeof *through_ns, by_size);
        int64_t mean_ms = sum_ns / SEEDS / WZP_MS,
                p95_ms = (through_ns[SEEDS * 95 / 100] - one_way_ns) / WZP_MS;
        print_message("loss %u: mean %d ms, p95 %d ms, max %d ms beyond one way; acknowledged after %d ms in "
                      "the mean\n",
                      rows[i].loss, (int)mean_ms, (int)p95_ms,
                      (int)((through_ns[SEEDS - 1] - one_way_ns) / WZP_MS),
                      (int)(known_sum_ns / SEEDS / WZP_MS));
        assert_int_equal(p95_ms, rows[i].p95_ms);
        assert_true(llabs(mean_ms - rows[i].mean_ms) <= 8);
        assert_true(p95_ms <= 350);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bounds),
        cmocka_unit_test(test_schedule),
        cmocka_unit_test(test_unknown_rtt),
        cmocka_unit_test(test_repeat_rate),
        cmocka_unit_test(test_time_to_get_through),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
