// SPDX-License-Identifier: Apache-2.0
/* The rule against a model of a link: a rate, a delay, a queue, random loss, and a receiver that acknowledges
 * every packet at once. */
#include "base/rng.h"
#include "link/bulk.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#define SIZE 1200
#define RING 4096 /* packets under way */

struct model {
    struct wzp_bulk bulk;
    int64_t now_ns, delay_ns, free_at_ns, queue_ns_max;
    uint64_t rate; /* bytes a second */
    double loss;
    struct wzp_rng rng;
    struct {
        int64_t sent_ns, back_ns; /* WZP_NEVER: lost */
    } out[RING];
    uint64_t next, oldest;
    uint64_t delivered, sent;
    int64_t queue_ns_sum, queue_ns_worst;
};

static void send_one(struct model *model)
{
    int64_t start_ns = wzp_time_max(model->now_ns, model->free_at_ns), wait_ns = start_ns - model->now_ns;
    bool is_lost = wait_ns > model->queue_ns_max || wzp_rng_unit(&model->rng) < model->loss;
    if (wait_ns <= model->queue_ns_max)
        model->free_at_ns = start_ns + (int64_t)(SIZE * (uint64_t)WZP_S / model->rate);
    model->queue_ns_sum += wait_ns;
    model->queue_ns_worst = wzp_time_max(model->queue_ns_worst, wait_ns);
    assert_true(model->next - model->oldest < RING);
    model->out[model->next % RING].sent_ns = model->now_ns;
    model->out[model->next % RING].back_ns = is_lost ? WZP_NEVER : model->free_at_ns + model->delay_ns;
    wzp_bulk_on_sent(&model->bulk, model->next++, SIZE, model->now_ns);
    model->sent++;
}

/* The acknowledgement of `number`: whatever is older is lost. */
static void come_back(struct model *model, uint64_t number)
{
    wzp_bulk_on_rtt(&model->bulk, model->now_ns - model->out[number % RING].sent_ns, model->now_ns);
    for (; model->oldest < number; model->oldest++)
        wzp_bulk_on_lost(&model->bulk, SIZE);
    model->oldest++;
    model->delivered++;
    wzp_bulk_on_acked(&model->bulk, number, SIZE, false);
    wzp_bulk_on_ack_end(&model->bulk, model->next, model->now_ns);
}

static void run(struct model *model, int64_t time_ns)
{
    int64_t until_ns = model->now_ns + time_ns;
    for (;;) {
        uint64_t first = model->oldest;
        while (first < model->next && model->out[first % RING].back_ns == WZP_NEVER)
            first++;
        int64_t back_ns = first < model->next ? model->out[first % RING].back_ns : WZP_NEVER;
        int64_t send_ns = wzp_time_max(wzp_bulk_next_at(&model->bulk), model->now_ns);
        if (first == model->next && send_ns == WZP_NEVER) { /* all are lost: a probe would find out */
            send_ns = model->now_ns + 200 * WZP_MS;
            for (; model->oldest < model->next; model->oldest++)
                wzp_bulk_on_lost(&model->bulk, SIZE);
        }
        if (back_ns >= until_ns && send_ns >= until_ns)
            break;
        model->now_ns = wzp_time_min(back_ns, send_ns);
        if (back_ns <= send_ns)
            come_back(model, first);
        else
            send_one(model);
    }
    model->now_ns = until_ns;
}

static void begin(struct model *model, uint64_t rate, int64_t rtt_ns, int64_t queue_ns_max, double loss)
{
    *model = (struct model){.delay_ns = rtt_ns,
                            .rate = rate,
                            .queue_ns_max = queue_ns_max,
                            .loss = loss,
                            .rng = wzp_rng_make(7, 1)};
    wzp_bulk_init(&model->bulk, 333 * WZP_MS);
}

/* Shares are of the rate that the link delivers, in permille, over 20 s after the first 10. */
static void takes_what_the_link_gives(void **state)
{
    (void)state;
    static const struct {
        uint64_t rate; /* bytes a second */
        int64_t rtt_ms, queue_ms;
        double loss;
        unsigned share_min;
        int64_t queue_ms_mean_max; /* beside the packet's own time */
    } rows[] = {
        {62500, 40, 1000, 0, 850, 25},     {62500, 300, 1000, 0, 850, 25},  {125000, 40, 1000, 0, 900, 25},
        {1250000, 40, 1000, 0, 900, 25},   {12500000, 20, 200, 0, 900, 15}, {1250000, 40, 1000, 0.3, 800, 25},
        {1250000, 40, 1000, 0.5, 650, 25}, {1250000, 40, 10, 0, 850, 10},   {1250000, 40, 10, 0.1, 750, 10},
        {12500000, 1, 50, 0, 900, 10},
    };
    for (unsigned row = 0; row < sizeof rows / sizeof *rows; row++) {
        static struct model model;
        begin(&model, rows[row].rate, rows[row].rtt_ms * WZP_MS, rows[row].queue_ms * WZP_MS, rows[row].loss);
        run(&model, 10 * WZP_S);
        uint64_t before = model.delivered;
        model.sent = 0;
        model.queue_ns_sum = 0;
        run(&model, 20 * WZP_S);
        uint64_t can = (uint64_t)((double)(rows[row].rate * 20) * (1 - rows[row].loss));
        uint64_t share = (model.delivered - before) * SIZE * 1000 / can;
        int64_t queue_ms = model.queue_ns_sum / (int64_t)model.sent / WZP_MS;
        if (share < rows[row].share_min || queue_ms > rows[row].queue_ms_mean_max)
            fail_msg("row %u: share %u, queue %u ms", row, (unsigned)share, (unsigned)queue_ms);
    }
}

/* It follows the link down and up, and never falls silent. */
static void follows_the_link(void **state)
{
    (void)state;
    static struct model model;
    begin(&model, 1250000, 40 * WZP_MS, 400 * WZP_MS, 0);
    run(&model, 10 * WZP_S);
    model.rate = 62500;
    run(&model, 3 * WZP_S);
    model.queue_ns_sum = 0;
    model.sent = 0;
    uint64_t before = model.delivered;
    run(&model, 10 * WZP_S);
    assert_true((model.delivered - before) * SIZE > 62500 * 8);
    assert_true(model.queue_ns_sum / (int64_t)model.sent < 40 * WZP_MS);
    model.rate = 1250000;
    run(&model, 5 * WZP_S);
    before = model.delivered;
    run(&model, 5 * WZP_S);
    assert_true((model.delivered - before) * SIZE > 1250000 * 4);
    model.loss = 1;
    run(&model, 20 * WZP_S);
    model.loss = 0;
    before = model.delivered;
    run(&model, 2 * WZP_S);
    assert_true((model.delivered - before) * SIZE > 1250000);
}

/* The start ends before a thin link is flooded. */
static void starts_gently(void **state)
{
    (void)state;
    static const struct {
        uint64_t rate;
        int64_t rtt_ms, worst_ms;
    } rows[] = {{62500, 40, 250}, {62500, 10, 300}, {125000, 100, 250}, {12500000, 40, 100}};
    for (unsigned row = 0; row < sizeof rows / sizeof *rows; row++) {
        static struct model model;
        begin(&model, rows[row].rate, rows[row].rtt_ms * WZP_MS, 2 * WZP_S, 0);
        run(&model, 5 * WZP_S);
        if (model.queue_ns_worst > rows[row].worst_ms * WZP_MS)
            fail_msg("row %u: %u ms", row, (unsigned)(model.queue_ns_worst / WZP_MS));
    }
}

/* Little to send says nothing about the link: the rate that was seen stays. */
static void keeps_what_it_knows_while_idle(void **state)
{
    (void)state;
    static struct model model;
    begin(&model, 1250000, 40 * WZP_MS, 400 * WZP_MS, 0);
    run(&model, 5 * WZP_S);
    uint64_t rate = model.bulk.rate;
    for (unsigned i = 0; i < 100; i++) {
        wzp_bulk_on_limited(&model.bulk);
        while (model.oldest < model.next) {
            model.now_ns = wzp_time_max(model.now_ns, model.out[model.oldest % RING].back_ns);
            come_back(&model, model.oldest);
            wzp_bulk_on_limited(&model.bulk);
        }
        model.now_ns += 50 * WZP_MS;
        send_one(&model);
    }
    assert_true(model.bulk.rate >= rate);
}

/* All that may leave leaves, and arrives in a round trip of 100 ms, `rounds` times; the window then, in
 * packets. */
static uint64_t window_after(unsigned rounds, bool beside_media)
{
    struct wzp_bulk bulk;
    uint64_t number = 0;
    int64_t now_ns = 0;
    wzp_bulk_init(&bulk, 100 * WZP_MS);
    for (unsigned round = 0; round < rounds; round++, now_ns += 100 * WZP_MS) {
        uint64_t first = number;
        if (beside_media)
            wzp_bulk_on_media(&bulk, now_ns);
        while (wzp_bulk_next_at(&bulk) != WZP_NEVER)
            wzp_bulk_on_sent(&bulk, number++, 1200, now_ns);
        wzp_bulk_on_rtt(&bulk, 100 * WZP_MS, now_ns + 100 * WZP_MS);
        for (uint64_t i = first; i < number; i++)
            wzp_bulk_on_acked(&bulk, i, 1200, false);
        wzp_bulk_on_ack_end(&bulk, number, now_ns + 100 * WZP_MS);
    }
    return bulk.window / 1200;
}

static void gentle_beside_media(void **state)
{
    (void)state;
    assert_in_range(window_after(4, false), 32, 64);
    assert_in_range(window_after(4, true), 3, 8);
    assert_true(window_after(20, true) > 2 * window_after(12, true)); /* it does grow */
}

/* A peer that acknowledges now what it got hours ago: no pace is so low that a packet never leaves. */
static void late_acknowledgements_stop_nothing(void **state)
{
    struct wzp_bulk bulk;
    (void)state;
    wzp_bulk_init(&bulk, 50 * WZP_MS);
    wzp_bulk_on_sent(&bulk, 1, SIZE, 0);
    wzp_bulk_on_rtt(&bulk, 4 * 3600 * WZP_S, 4 * 3600 * WZP_S);
    wzp_bulk_on_acked(&bulk, 1, SIZE, false);
    wzp_bulk_on_ack_end(&bulk, 2, 4 * 3600 * WZP_S);
    wzp_bulk_on_sent(&bulk, 2, SIZE, 4 * 3600 * WZP_S);
    assert_in_range(wzp_bulk_next_at(&bulk), 0, 4 * 3600 * WZP_S + 1 * WZP_S);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gentle_beside_media),
        cmocka_unit_test(takes_what_the_link_gives),
        cmocka_unit_test(follows_the_link),
        cmocka_unit_test(starts_gently),
        cmocka_unit_test(keeps_what_it_knows_while_idle),
        cmocka_unit_test(late_acknowledgements_stop_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
