// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* Both halves of a stream with a bad way between them: every byte comes out once, in order and unchanged. */
#include "base/rng.h"
#include "stream/receive.h"
#include "stream/send.h"

#include <string.h>

#define TOTAL   200000
#define FLYING  4096
#define HISTORY 64 /* packets that one acknowledgement speaks of */

struct way {
    unsigned loss, duplicate; /* permille */
    int64_t delay_ns, jitter_ns;
};

struct packet {
    int64_t at_ns; /* WZP_NEVER: a free place */
    bool is_ack;
    uint32_t number;
    uint64_t offset, limit;
    size_t len;
    uint8_t data[WZP_STREAM_PIECE_MAX];
};

static struct packet flying[FLYING];
static struct {
    uint64_t offset;
    size_t len;
    bool arrived;
} sent[100000];
static uint8_t original[TOTAL], send_memory[30000], receive_memory[30000];
static struct wzp_stream_send send;
static struct wzp_stream_receive receive;

static void put_on_way(struct wzp_rng *rng, const struct way *way, const struct packet *packet,
                       int64_t now_ns)
{
    unsigned copies = wzp_rng_below(rng, 1000) >= way->loss;
    copies += copies && wzp_rng_below(rng, 1000) < way->duplicate;
    for (unsigned i = 0; i < FLYING && copies > 0; i++) {
        if (flying[i].at_ns != WZP_NEVER)
            continue;
        flying[i] = *packet;
        flying[i].at_ns = now_ns + way->delay_ns + (int64_t)wzp_rng_below(rng, (uint64_t)way->jitter_ns + 1);
        copies--;
    }
    assert_int_equal(copies, 0);
}

static struct packet *next_arrival(void)
{
    struct packet *next = &flying[0];
    for (unsigned i = 1; i < FLYING; i++)
        if (flying[i].at_ns < next->at_ns)
            next = &flying[i];
    return next;
}

/* The receiving end: takes the bytes, reads some, and answers. */
static void on_data(struct wzp_rng *rng, const struct way *way, const struct packet *packet, int64_t now_ns,
                    uint64_t *credit)
{
    const uint8_t *data;
    size_t len;
    assert_int_equal(wzp_stream_receive_put(&receive, packet->offset, packet->data, packet->len),
                     WZP_STREAM_OK);
    sent[packet->number].arrived = true;
    while ((len = wzp_stream_receive_peek(&receive, &data)) > 0 && wzp_rng_below(rng, 4)) {
        len = 1 + wzp_rng_below(rng, len);
        assert_true(receive.read + len <= TOTAL);
        assert_memory_equal(data, original + receive.read, len);
        wzp_stream_receive_consume(&receive, len);
    }
    wzp_stream_receive_credit(&receive, credit);
    put_on_way(rng, way, &(struct packet){.is_ack = true, .number = packet->number, .limit = *credit},
               now_ns);
}

static void on_ack(const struct packet *packet)
{
    uint32_t first = packet->number > HISTORY ? packet->number - HISTORY : 0;
    for (uint32_t n = first; n <= packet->number; n++)
        if (sent[n].arrived)
            wzp_stream_send_on_acked(&send, sent[n].offset, sent[n].len);
    wzp_stream_send_set_limit(&send, packet->limit);
}

/* Returns the time that it took. */
static int64_t push_through(const struct way *way, size_t window, uint64_t seed)
{
    const struct wzp_stream_path path = {2 * way->delay_ns + way->jitter_ns, way->jitter_ns / 4, way->loss};
    struct wzp_rng rng = wzp_rng_make(seed, 0);
    int64_t now_ns = 0;
    uint64_t credit = window;
    uint32_t number = 0;
    for (unsigned i = 0; i < FLYING; i++)
        flying[i].at_ns = WZP_NEVER;
    for (size_t i = 0; i < TOTAL; i++)
        original[i] = (uint8_t)wzp_rng_u64(&rng);
    wzp_stream_send_init(&send, send_memory, window + wzp_rng_below(&rng, 3000), window);
    wzp_stream_receive_init(&receive, receive_memory, window);
    memset(send_memory, 0, sizeof send_memory);

    while (receive.read < TOTAL || !wzp_stream_send_is_done(&send)) {
        while (send.written < TOTAL) {
            size_t len = 1 + wzp_rng_below(&rng, wzp_rng_below(&rng, 3) ? 2000 : 30);
            len = len < TOTAL - send.written ? len : TOTAL - (size_t)send.written;
            if (!wzp_stream_send_write(&send, original + send.written, len))
                break;
        }
        struct packet packet = {.number = number};
        const uint8_t *data;
        size_t room = WZP_STREAM_PIECE_MAX - wzp_rng_below(&rng, 2) * wzp_rng_below(&rng, 500);
        while (wzp_stream_send_next(&send, now_ns, &path, room, &packet.offset, &data, &packet.len)) {
            assert_true(packet.len <= room && packet.offset + packet.len <= credit);
            memcpy(packet.data, data, packet.len);
            sent[packet.number].offset = packet.offset;
            sent[packet.number].len = packet.len;
            sent[packet.number].arrived = false;
            put_on_way(&rng, way, &packet, now_ns);
            packet.number = ++number;
            assert_true(number < sizeof sent / sizeof *sent);
        }
        struct packet *arrival = next_arrival();
        int64_t next_ns = wzp_time_min(wzp_stream_send_next_at(&send, &path), arrival->at_ns);
        if (receive.read == receive.ready && wzp_stream_send_is_done(&send))
            break;
        if (next_ns ==
            WZP_NEVER) { /* only unread bytes and lost credit are left: the receiver says it again */
            struct packet last = {.offset = receive.read, .len = 0, .number = number - 1};
            on_data(&rng, way, &last, now_ns, &credit);
            now_ns += 20 * WZP_MS;
            continue;
        }
        now_ns = wzp_time_max(now_ns, next_ns);
        if (arrival->at_ns > now_ns)
            continue;
        struct packet here = *arrival;
        arrival->at_ns = WZP_NEVER;
        if (here.is_ack)
            on_ack(&here);
        else
            on_data(&rng, way, &here, now_ns, &credit);
    }
    return now_ns;
}

static void test_every_byte(void **state)
{
    (void)state;
    static const struct {
        struct way way;
        size_t window;
        int64_t s_max; /* what the rate of repeats allows, with room */
    } rows[] = {
        {{0, 0, 50 * WZP_MS, 0}, 24576, 3},
        {{0, 100, 50 * WZP_MS, 40 * WZP_MS}, 5000, 15},
        {{50, 20, 25 * WZP_MS, 30 * WZP_MS}, 24576, 5},
        {{200, 20, 100 * WZP_MS, 40 * WZP_MS}, 24576, 12},
        {{500, 50, 100 * WZP_MS, 100 * WZP_MS}, 17001, 40},
        {{700, 20, 400 * WZP_MS, 100 * WZP_MS}, 24576, 80},
        {{700, 0, 10 * WZP_MS, 0}, 3001, 120},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        for (uint64_t seed = 1; seed <= 3; seed++) {
            int64_t took_ns = push_through(&rows[i].way, rows[i].window, seed);
            assert_int_equal(receive.read, TOTAL);
            print_message("loss %u, one way %d ms, window %zu: %.1f s\n", rows[i].way.loss,
                          (int)(rows[i].way.delay_ns / WZP_MS), rows[i].window, (double)took_ns / WZP_S);
            assert_true(took_ns < rows[i].s_max * WZP_S);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_every_byte)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
