// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/rng.h"
#include "stream/receive.h"

#include <string.h>

#define STREAM 60000

static uint8_t memory[4096];
static struct wzp_stream_receive stream;

static void test_rows(void **state)
{
    (void)state;
    const uint8_t *data;
    uint8_t out[8];
    uint64_t limit;
    wzp_stream_receive_init(&stream, memory, 8);
    assert_int_equal(wzp_stream_receive_put(&stream, 0, "abcdefghi", 9), WZP_STREAM_OVER_LIMIT);
    assert_int_equal(wzp_stream_receive_put(&stream, 9, "", 0), WZP_STREAM_OVER_LIMIT);
    assert_int_equal(wzp_stream_receive_put(&stream, UINT64_MAX, "ab", 2), WZP_STREAM_OVER_LIMIT);
    assert_int_equal(wzp_stream_receive_put(&stream, 8, "", 0), WZP_STREAM_OK);
    assert_int_equal(wzp_stream_receive_put(&stream, 3, "de", 2), WZP_STREAM_OK);
    assert_int_equal(wzp_stream_receive_peek(&stream, &data), 0);
    assert_int_equal(wzp_stream_receive_put(&stream, 1, "BCDEFG", 6),
                     WZP_STREAM_OK); /* the first wins at 3, 4 */
    assert_int_equal(wzp_stream_receive_put(&stream, 0, "aXXXXXXh", 8), WZP_STREAM_OK);
    assert_int_equal(wzp_stream_receive_peek(&stream, &data), 8);
    assert_memory_equal(data, "aBCdeFGh", 8);
    assert_int_equal(wzp_stream_receive_put(&stream, 0, "zzzzzzzz", 8), WZP_STREAM_OK);
    assert_memory_equal(data, "aBCdeFGh", 8);

    wzp_stream_receive_consume(&stream, 3);
    assert_false(wzp_stream_receive_credit(&stream, &limit));
    wzp_stream_receive_consume(&stream, 2);
    assert_int_equal(wzp_stream_receive_put(&stream, 8, "i", 1), WZP_STREAM_OVER_LIMIT); /* not said yet */
    assert_true(wzp_stream_receive_credit(&stream, &limit));
    assert_int_equal(limit, 13);
    assert_false(wzp_stream_receive_credit(&stream, &limit));
    assert_int_equal(wzp_stream_receive_put(&stream, 7, "hijkl", 5), WZP_STREAM_OK);
    assert_int_equal(wzp_stream_receive_peek(&stream, &data), 3); /* up to the wrap */
    assert_true(wzp_stream_receive_copy(&stream, 1, out, 6));
    assert_memory_equal(out, "Ghijkl", 6);
    assert_false(wzp_stream_receive_copy(&stream, 1, out, 7));
    assert_false(wzp_stream_receive_copy(&stream, SIZE_MAX, out, 2));
}

/* One range more than there is room for takes nothing. */
static void test_gaps(void **state)
{
    (void)state;
    const uint8_t *data;
    wzp_stream_receive_init(&stream, memory, sizeof memory);
    for (uint64_t i = 0; i < WZP_STREAM_RANGES; i++)
        assert_int_equal(wzp_stream_receive_put(&stream, 10 * (2 * i + 1), "0123456789", 10), WZP_STREAM_OK);
    assert_int_equal(wzp_stream_receive_put(&stream, 2000, "0", 1), WZP_STREAM_TOO_MANY);
    assert_int_equal(wzp_stream_receive_put(&stream, 20 * WZP_STREAM_RANGES, "0123456789", 10),
                     WZP_STREAM_OK); /* grows the last */
    for (uint64_t i = 0; i < WZP_STREAM_RANGES; i++)
        assert_int_equal(wzp_stream_receive_put(&stream, 10 * 2 * i, "0123456789", 10), WZP_STREAM_OK);
    assert_int_equal(wzp_stream_receive_peek(&stream, &data), 20 * WZP_STREAM_RANGES + 10);
    assert_int_equal(stream.arrived.count, 0);
}

/* The twin: an array of bytes, each there or not. Overlaps disagree on purpose. */
static void test_twin(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 20; seed++) {
        static int16_t twin[STREAM];
        struct wzp_rng rng = wzp_rng_make(seed, 0);
        size_t window = 100 + wzp_rng_below(&rng, 3000), read = 0, ready = 0;
        uint64_t limit = window, said;
        unsigned refused = 0;
        memset(twin, -1, sizeof twin);
        wzp_stream_receive_init(&stream, memory, window);
        for (unsigned step = 0; step < 6000 && limit + 1000 < STREAM; step++) {
            uint8_t chunk[200], out[200];
            size_t len = wzp_rng_below(&rng, sizeof chunk);
            uint64_t offset = ready + wzp_rng_below(&rng, wzp_rng_below(&rng, 4) ? 100 : window + 50);
            offset = offset > 50 ? offset - wzp_rng_below(&rng, 50) : offset;
            for (size_t i = 0; i < len; i++)
                chunk[i] = (uint8_t)wzp_rng_u64(&rng);
            enum wzp_stream_verdict verdict = wzp_stream_receive_put(&stream, offset, chunk, len);
            if (offset + len > limit)
                assert_int_equal(verdict, WZP_STREAM_OVER_LIMIT);
            if (verdict == WZP_STREAM_OK)
                for (size_t i = 0; i < len; i++)
                    twin[offset + i] = twin[offset + i] < 0 ? chunk[i] : twin[offset + i];
            refused += verdict != WZP_STREAM_OK;
            while (twin[ready] >= 0)
                ready++;
            size_t want = wzp_rng_below(&rng, sizeof out);
            assert_int_equal(wzp_stream_receive_copy(&stream, 0, out, want), want <= ready - read);
            if (want <= ready - read && wzp_rng_below(&rng, 2)) {
                for (size_t i = 0; i < want; i++)
                    assert_int_equal(out[i], twin[read + i]);
                wzp_stream_receive_consume(&stream, want);
                read += want;
            }
            bool due = read + window - limit >= (window + 1) / 2;
            assert_int_equal(wzp_stream_receive_credit(&stream, &said), due);
            if (due) {
                assert_int_equal(said, read + window);
                limit = said;
            }
        }
        assert_true(read > 5 * window || read > 20000);
        assert_true(refused > 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_gaps),
        cmocka_unit_test(test_twin),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
