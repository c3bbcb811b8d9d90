// SPDX-License-Identifier: Apache-2.0
#include "link/bulk.h"
#include "base/check.h"

#define PACKET          1200
#define WINDOW_MIN      (2 * PACKET)
#define WINDOW_MAX      (WZP_BULK_PACKETS_MAX * PACKET)
#define WINDOW_START    (4 * PACKET)
#define GENTLE_QUEUE_NS (10 * WZP_MS)
#define MEDIA_NS        (1 * WZP_S)
#define ACK_INTERVAL_NS (5 * WZP_MS)
#define BURST_NS        (2 * WZP_MS)
#define SMALLEST_NS     (10 * WZP_S)
#define RTT_FLOOR_NS    (100 * WZP_US)
#define PACE_MIN        4000 /* bytes a second: a packet each 0.3 s, whatever went wrong */
#define LOSS_MEMORY     128
#define LOSS_MAX        700
#define FLAT_ROUNDS     3
#define CYCLE           8
#define ROUND_PACKETS   4
#define ROUND_SAMPLES   4

static uint64_t bytes_in(uint64_t rate, int64_t time_ns)
{
    return rate * (uint64_t)(time_ns / WZP_US) / 1000000;
}

static int64_t smallest(const struct wzp_bulk *bulk)
{
    return wzp_time_min(bulk->smallest_ns[0], bulk->smallest_ns[1]);
}

int64_t wzp_bulk_queue_ns(const struct wzp_bulk *bulk)
{
    int64_t recent_ns = wzp_time_min(bulk->last_smallest_ns, bulk->round_smallest_ns);
    return recent_ns == WZP_NEVER ? 0 : wzp_time_max(recent_ns - smallest(bulk), 0);
}

static bool is_long(const struct wzp_bulk *bulk)
{
    return wzp_bulk_queue_ns(bulk) > WZP_BULK_QUEUE_NS;
}

void wzp_bulk_init(struct wzp_bulk *bulk, int64_t rtt_ns)
{
    *bulk = (struct wzp_bulk){
        .is_starting = true,
        .is_limited = true,
        .media_ns = INT64_MIN / 2,
        .last_smallest_ns = WZP_NEVER,
        .round_smallest_ns = WZP_NEVER,
        .smallest_ns = {WZP_NEVER, WZP_NEVER},
        .pace_ns = INT64_MIN,
        .window = WINDOW_START,
        .pace = (uint64_t)WINDOW_START * WZP_S / (uint64_t)wzp_time_max(rtt_ns, ACK_INTERVAL_NS),
    };
}

void wzp_bulk_set_least(struct wzp_bulk *bulk, uint64_t rate)
{
    bulk->least = rate;
}

static uint64_t least(const struct wzp_bulk *bulk)
{
    return bulk->is_beside_media ? bulk->least : 0;
}

int64_t wzp_bulk_next_at(const struct wzp_bulk *bulk)
{
    uint64_t window = 2 * (bytes_in(least(bulk), bulk->smoothed_ns) + WINDOW_MIN);
    window = least(bulk) && window > bulk->window ? window : bulk->window;
    bool is_full = bulk->packets >= WZP_BULK_PACKETS_MAX || bulk->under_way + PACKET > window;
    return is_full ? WZP_NEVER : bulk->pace_ns;
}

static void count_judged(struct wzp_bulk *bulk, bool was_lost)
{
    bulk->judged++;
    bulk->lost += was_lost;
    if (bulk->judged >= LOSS_MEMORY) {
        bulk->judged /= 2;
        bulk->lost /= 2;
    }
}

static void leave(struct wzp_bulk *bulk, size_t size)
{
    WZP_CHECK(bulk->packets > 0 && bulk->under_way >= size);
    bulk->packets--;
    bulk->under_way -= size;
}

void wzp_bulk_on_lost(struct wzp_bulk *bulk, size_t size)
{
    leave(bulk, size);
    count_judged(bulk, true);
}

void wzp_bulk_on_media(struct wzp_bulk *bulk, int64_t now_ns)
{
    bulk->media_ns = now_ns;
    bulk->is_beside_media = true;
    if (bulk->is_starting && bulk->rate == 0 && bulk->packets == 0)
        bulk->window = WINDOW_MIN;
}

void wzp_bulk_on_limited(struct wzp_bulk *bulk)
{
    bulk->is_limited = true;
}

void wzp_bulk_on_rtt(struct wzp_bulk *bulk, int64_t rtt_ns, int64_t now_ns)
{
    rtt_ns = wzp_time_max(rtt_ns, RTT_FLOOR_NS);
    if (now_ns >= bulk->smallest_until_ns) {
        bulk->smallest_ns[1] = bulk->smallest_ns[0];
        bulk->smallest_ns[0] = WZP_NEVER;
        bulk->smallest_until_ns = now_ns + SMALLEST_NS;
    }
    bulk->smallest_ns[0] = wzp_time_min(bulk->smallest_ns[0], rtt_ns);
    bulk->round_smallest_ns = wzp_time_min(bulk->round_smallest_ns, rtt_ns);
    bulk->round_samples++;
    bulk->smoothed_ns = bulk->smoothed_ns ? (7 * bulk->smoothed_ns + rtt_ns) / 8 : rtt_ns;
}

/* The fastest of the newest `count` rounds. */
static uint64_t fastest(const struct wzp_bulk *bulk, unsigned count)
{
    uint64_t best = 0;
    for (unsigned i = 1; i <= count; i++) {
        uint64_t rate = bulk->rates[(bulk->rates_next + WZP_BULK_ROUNDS - i) % WZP_BULK_ROUNDS];
        best = rate > best ? rate : best;
    }
    return best;
}

static void leave_start_when_flat(struct wzp_bulk *bulk)
{
    if (bulk->rate >= bulk->start_rate + bulk->start_rate / 4) {
        bulk->start_rate = bulk->rate;
        bulk->start_flat = 0;
    } else if (!bulk->is_limited) {
        bulk->start_flat++;
    }
    if (bulk->start_flat >= FLAT_ROUNDS)
        bulk->is_starting = false;
}

static void set_gains(struct wzp_bulk *bulk)
{
    static const unsigned cycle[CYCLE] = {125, 75, 100, 100, 100, 100, 100, 100};
    unsigned loss = bulk->judged ? bulk->lost * 1000 / bulk->judged : 0;
    if (loss > LOSS_MAX)
        loss = LOSS_MAX;
    uint64_t rate = bulk->rate * 1000 / (1000 - loss * 9 / 10);
    unsigned pace_gain = is_long(bulk) ? 75 : cycle[bulk->cycle];
    unsigned window_gain = is_long(bulk) ? 1 : 2;
    int64_t path_ns = bulk->smoothed_ns ? smallest(bulk) : ACK_INTERVAL_NS;
    uint64_t window = window_gain * (bytes_in(rate, path_ns + ACK_INTERVAL_NS) + WINDOW_MIN);
    bulk->window = window > WINDOW_MAX ? WINDOW_MAX : window;
    bulk->pace = rate * pace_gain / 100;
    if (bulk->pace < PACE_MIN)
        bulk->pace = PACE_MIN;
}

static void end_round(struct wzp_bulk *bulk, int64_t now_ns)
{
    int64_t time_ns = wzp_time_max(now_ns - bulk->round_from_ns, RTT_FLOOR_NS);
    uint64_t rate = bulk->round_bytes * 1000000 / (uint64_t)(time_ns / WZP_US);
    if (!bulk->is_limited || rate > bulk->rate) {
        bulk->rates[bulk->rates_next] = rate;
        bulk->rates_next = (bulk->rates_next + 1) % WZP_BULK_ROUNDS;
    }
    uint64_t before = bulk->rate;
    bulk->rate = fastest(bulk, is_long(bulk) ? 2 : WZP_BULK_ROUNDS);
    if (bulk->is_starting)
        leave_start_when_flat(bulk);
    else if (bulk->rate > before + before / 10 && !is_long(bulk))
        bulk->cycle = 0;
    else
        bulk->cycle = (bulk->cycle + 1) % CYCLE;
    if (!bulk->is_starting)
        set_gains(bulk);
}

static void begin_round(struct wzp_bulk *bulk, uint64_t number, int64_t now_ns, bool is_first)
{
    bulk->last_smallest_ns = is_first ? WZP_NEVER : bulk->round_smallest_ns;
    bulk->round_end = number;
    bulk->round_bytes = 0;
    bulk->round_packets = 0;
    bulk->round_is_over = false;
    bulk->round_smallest_ns = WZP_NEVER;
    bulk->round_samples = 0;
    bulk->round_is_first = is_first;
    bulk->round_from_ns = now_ns;
    bulk->is_limited = false;
}

void wzp_bulk_on_sent(struct wzp_bulk *bulk, uint64_t number, size_t size, int64_t now_ns)
{
    if (bulk->packets == 0 && bulk->is_limited)
        begin_round(bulk, number, now_ns, true);
    bulk->packets++;
    bulk->under_way += size;
    bulk->pace_ns = wzp_time_max(bulk->pace_ns, now_ns - BURST_NS) +
                    (int64_t)((uint64_t)size * WZP_S / (least(bulk) > bulk->pace ? least(bulk) : bulk->pace));
}

/* What arrived makes room for as much again: twice the window in a round trip; beside media 1.25 times. */
static void grow(struct wzp_bulk *bulk, size_t size)
{
    bulk->window += bulk->is_limited ? 0 : bulk->is_beside_media ? size / 4 : size;
    if (bulk->window > WINDOW_MAX)
        bulk->window = WINDOW_MAX;
    if (bulk->smoothed_ns)
        bulk->pace = bulk->window * 5 / 4 * WZP_S / (uint64_t)bulk->smoothed_ns;
    if (bulk->pace < PACE_MIN)
        bulk->pace = PACE_MIN;
}

void wzp_bulk_on_acked(struct wzp_bulk *bulk, uint64_t number, size_t size, bool was_lost)
{
    if (bulk->is_starting)
        grow(bulk, size);
    if (!was_lost) {
        leave(bulk, size);
        count_judged(bulk, false);
    }
    bulk->round_bytes += size;
    bulk->round_packets++;
    bulk->round_is_over |= number >= bulk->round_end;
}

static void leave_start_when_long(struct wzp_bulk *bulk)
{
    int64_t long_ns = bulk->is_beside_media ? GENTLE_QUEUE_NS : WZP_BULK_QUEUE_NS;
    bool all_long = bulk->round_samples >= ROUND_SAMPLES &&
                    bulk->round_smallest_ns - smallest(bulk) > long_ns;
    if (bulk->rate == 0 || (!all_long && bulk->smoothed_ns - smallest(bulk) <= long_ns))
        return;
    bulk->is_starting = false;
    set_gains(bulk);
}

void wzp_bulk_on_ack_end(struct wzp_bulk *bulk, uint64_t next_number, int64_t now_ns)
{
    bulk->is_beside_media = now_ns < bulk->media_ns + MEDIA_NS;
    if (bulk->is_starting)
        leave_start_when_long(bulk);
    if (!bulk->round_is_over || (!bulk->round_is_first && bulk->round_packets < ROUND_PACKETS))
        return;
    if (!bulk->round_is_first)
        end_round(bulk, now_ns);
    begin_round(bulk, next_number, now_ns, false);
}
