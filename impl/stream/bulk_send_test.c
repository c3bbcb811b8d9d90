// SPDX-License-Identifier: Apache-2.0
#include "base/rng.h"
#include "stream/bulk_send.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define STREAM  60000
#define PACKETS 4096

static uint8_t memory[8192];

static uint8_t byte_at(uint64_t offset)
{
    return (uint8_t)(offset * 7 + offset / 251);
}

/* The twin holds what became of every byte: packets are lost, arrive, or arrive after they were said lost. */
static void test_twin(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 40; seed++) {
        static struct {
            uint64_t offset;
            size_t len;
            bool is_late; /* said lost already */
        } out[PACKETS];
        static bool arrived[STREAM], is_lost[STREAM];
        struct wzp_rng rng = wzp_rng_make(seed, 0);
        struct wzp_bulk_send send;
        size_t capacity = 500 + wzp_rng_below(&rng, sizeof memory - 500), count = 0;
        size_t piece_max = 8 + wzp_rng_below(&rng, seed % 2 ? 1100 : 30); /* small ones need many ranges */
        memset(arrived, 0, sizeof arrived);
        memset(is_lost, 0, sizeof is_lost);
        wzp_bulk_send_init(&send, memory, capacity, 300);
        unsigned steps = 0;
        while (send.acked < STREAM) {
            assert_true(++steps < 400000);
            uint8_t chunk[700];
            size_t len = wzp_rng_below(&rng, sizeof chunk);
            len = len < STREAM - send.written ? len : (size_t)(STREAM - send.written);
            for (size_t i = 0; i < len; i++)
                chunk[i] = byte_at(send.written + i);
            size_t room = wzp_bulk_send_room(&send);
            assert_int_equal(wzp_bulk_send_write(&send, chunk, len), len < room ? len : room);
            if (wzp_rng_below(&rng, 8) == 0)
                send.limit += wzp_rng_below(&rng, 2000);

            const uint8_t *data;
            if (count < PACKETS) {
                bool has_lost = wzp_bulk_send_has_lost(&send), has_new = wzp_bulk_send_has_new(&send);
                uint64_t sent = send.sent;
                if (wzp_bulk_send_next_lost(&send, piece_max, &out[count].offset, &data, &out[count].len)) {
                    assert_true(has_lost);
                    assert_true(is_lost[out[count].offset]); /* never what arrived */
                } else if (wzp_bulk_send_next_new(&send, piece_max, &out[count].offset, &data,
                                                  &out[count].len)) {
                    assert_true(has_new && !has_lost);
                    assert_int_equal(out[count].offset, sent);
                } else {
                    assert_false(has_new || has_lost);
                    out[count].len = 0;
                }
                assert_true(out[count].offset + out[count].len <= send.limit || out[count].len == 0);
                for (size_t i = 0; i < out[count].len; i++) {
                    assert_int_equal(data[i], byte_at(out[count].offset + i));
                    is_lost[out[count].offset + i] = false;
                }
                out[count].is_late = false;
                count += out[count].len > 0;
            }
            if (count == 0 || wzp_rng_below(&rng, 3) == 0)
                continue;
            if (send.arrived.count == WZP_STREAM_RANGES || send.lost.count == WZP_STREAM_RANGES)
                memset(is_lost, true, sizeof is_lost); /* more than is lost may be said again */
            size_t at = wzp_rng_below(&rng, count);
            if (wzp_rng_below(&rng, 10) < 4 && !out[at].is_late) {
                wzp_bulk_send_on_lost(&send, out[at].offset, out[at].len);
                for (size_t i = 0; i < out[at].len; i++)
                    is_lost[out[at].offset + i] =
                        true; /* or arrived before: then it is below or in a range */
                out[at].is_late = true;
                if (wzp_rng_below(&rng, 2))
                    continue; /* it will arrive nevertheless */
            } else {
                wzp_bulk_send_on_acked(&send, out[at].offset, out[at].len);
                memset(arrived + out[at].offset, true, out[at].len);
            }
            out[at] = out[--count];
        }
        for (unsigned i = 0; i < STREAM; i++)
            assert_true(arrived[i]);
        assert_false(wzp_bulk_send_has_lost(&send) || wzp_bulk_send_has_new(&send));
        assert_int_equal(wzp_bulk_send_room(&send), capacity);
    }
}

/* Only what is missing is said again. */
static void test_rows(void **state)
{
    (void)state;
    struct wzp_bulk_send send;
    uint8_t bytes[1000];
    const uint8_t *data;
    uint64_t offset;
    size_t len;
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = byte_at(i);
    wzp_bulk_send_init(&send, memory, 1000, 600);
    assert_int_equal(wzp_bulk_send_write(&send, bytes, 1000), 1000);
    assert_int_equal(wzp_bulk_send_write(&send, bytes, 1), 0);
    assert_true(wzp_bulk_send_next_new(&send, 1000, &offset, &data, &len));
    assert_int_equal(len, 600); /* the limit */
    assert_false(wzp_bulk_send_next_new(&send, 1000, &offset, &data, &len));
    wzp_bulk_send_on_acked(&send, 100, 100);
    wzp_bulk_send_on_acked(&send, 300, 100);
    wzp_bulk_send_on_lost(&send, 0, 600);
    static const struct {
        uint64_t offset;
        size_t len;
    } rows[] = {{0, 100}, {200, 100}, {400, 150}, {550, 50}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_true(wzp_bulk_send_next_lost(&send, 150, &offset, &data, &len));
        assert_int_equal(offset, rows[i].offset);
        assert_int_equal(len, rows[i].len);
    }
    assert_false(wzp_bulk_send_has_lost(&send));
    wzp_bulk_send_on_lost(&send, 0, 100);
    wzp_bulk_send_on_acked(&send, 0, 100); /* late, but it came */
    assert_false(wzp_bulk_send_has_lost(&send));
    assert_int_equal(send.acked, 200);
    assert_int_equal(wzp_bulk_send_room(&send), 200);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_twin),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
