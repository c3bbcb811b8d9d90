// SPDX-License-Identifier: Apache-2.0
/* The twin keeps every entry in an array. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "base/rng.h"
#include "session/queue.h"

#define CAPACITY 700
#define KEPT     64
#define BODY_MAX 200

static void test_what_goes_in_comes_out(void **state)
{
    (void)state;
    static struct {
        struct send_entry entry;
        uint8_t bytes[16 + BODY_MAX];
        size_t len;
    } twin[KEPT];
    uint8_t memory[CAPACITY];
    struct send_queue queue;
    struct wzp_rng rng = wzp_rng_make(3, 0);
    unsigned first = 0, count = 0, refused = 0, passed = 0;
    send_queue_init(&queue, memory, sizeof memory);
    for (unsigned step = 0; step < 20000; step++) {
        struct send_entry entry;
        if (wzp_rng_u64(&rng) % 2) {
            unsigned at = (first + count) % KEPT;
            uint8_t header[16], body[BODY_MAX];
            size_t header_len = wzp_rng_u64(&rng) % 2 ? 16 : 0, body_len = wzp_rng_u64(&rng) % BODY_MAX;
            memset(header, (int)step, sizeof header);
            for (size_t i = 0; i < body_len; i++)
                body[i] = (uint8_t)wzp_rng_u64(&rng);
            entry = (struct send_entry){.type = header_len ? WZP_FRAME_TYPE_MEDIA : WZP_FRAME_TYPE_KEY,
                                        .is_repaired = header_len && wzp_rng_u64(&rng) % 2,
                                        .slot = (uint16_t)step,
                                        .queued_ns = -5 + (int64_t)step * 1000000000,
                                        .body = {body, body_len}};
            if (send_queue_push(&queue, &entry, header, header_len) != WZP_ERR_OK) {
                assert_true(queue.used + header_len + body_len + 13 > CAPACITY);
                refused++;
                continue;
            }
            assert_true(count < KEPT);
            twin[at].entry = entry;
            twin[at].len = header_len + body_len;
            memcpy(twin[at].bytes, header, header_len);
            memcpy(twin[at].bytes + header_len, body, body_len);
            count++;
        } else if (count) {
            assert_true(send_queue_first(&queue, &entry));
            assert_int_equal(entry.type, twin[first].entry.type);
            assert_int_equal(entry.is_repaired, twin[first].entry.is_repaired);
            assert_int_equal(entry.slot, twin[first].entry.slot);
            assert_true(entry.queued_ns == twin[first].entry.queued_ns);
            assert_int_equal(entry.body.len, twin[first].len);
            assert_memory_equal(entry.body.data, twin[first].bytes, twin[first].len);
            send_queue_pop(&queue);
            first = (first + 1) % KEPT;
            count--;
            passed++;
        } else {
            assert_false(send_queue_first(&queue, &entry));
        }
    }
    assert_true(refused > 100 && passed > 1000);
    send_queue_clear(&queue);
    assert_false(send_queue_first(&queue, &(struct send_entry){0}));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_what_goes_in_comes_out)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
