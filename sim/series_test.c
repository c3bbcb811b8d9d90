// SPDX-License-Identifier: Apache-2.0
/* A small call with everything happening to it, watched and not watched. */
#include "sim/series.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "sim/watch.h"

#define HORIZON (12 * WZP_S)

struct world {
    struct sim_net *net;
    struct sim_watch *watch;
    struct sim_relay *relay;
    struct sim_relays relays;
    struct sim_crowd *crowd;
    struct sim_person *person[2];
    struct sim_series *series;
    struct sim_measured measured[2];
    char hash[33];
};

static void move(void *ctx, int64_t now_ns)
{
    (void)now_ns;
    sim_person_move(((struct world *)ctx)->person[0], true);
}

static void rebind(void *ctx, int64_t now_ns)
{
    (void)now_ns;
    sim_person_move(((struct world *)ctx)->person[1], false);
}

static void worsen(void *ctx, int64_t now_ns)
{
    struct world *world = ctx;
    unsigned node = world->person[0]->node;
    struct sim_link_params params = *sim_net_link_params(world->net, node, world->relay->node);
    (void)now_ns;
    params.loss = 0.4;
    params.rate_bps = 100000;
    params.queue_ns = 100 * WZP_MS;
    sim_net_link_set(world->net, node, world->relay->node, &params);
}

static void restart(void *ctx, int64_t now_ns)
{
    struct world *world = ctx;
    (void)now_ns;
    sim_relay_kill(world->relay);
    sim_relay_start(world->relay, "");
}

static void leave(void *ctx, int64_t now_ns)
{
    (void)now_ns;
    sim_person_leave(((struct world *)ctx)->person[1]);
}

static void world_run(struct world *world, bool is_watched)
{
    *world = (struct world){.net = sim_net_create(3)};
    world->watch = sim_watch_create(world->net);
    world->crowd = sim_crowd_create(world->net, false, HORIZON);
    if (is_watched) /* before there is anything to see */
        world->series = sim_series_create(world->net, world->crowd, &world->relays, HORIZON);
    struct wzp_relay_config config = wzp_relay_config_default();
    config.endpoint.limits.sessions_max = config.endpoint.limits.half_open_max = 4;
    world->relay = world->relays.relay[world->relays.count++] = sim_relay_create(world->net, "relay",
                                                                                 &config);
    for (unsigned i = 0; i < 2; i++) {
        struct sim_person_config person = {.relay = world->relay,
                                           .room = "test",
                                           .codec = &wzp_codec_synthetic,
                                           .token = "",
                                           .stop_ns = HORIZON - 2 * WZP_S};
        strcpy(person.name, i == 0 ? "anna" : "ben");
        const struct sim_link_params link = {
            .burst = 1, .queue_ns = WZP_S, .loss = 0.1, .delay_ns = (20 + 30 * (int64_t)i) * WZP_MS};
        world->person[i] = sim_crowd_add(world->crowd, &person);
        sim_net_connect(world->net, world->person[i]->node, world->relay->node, &link);
        sim_net_connect(world->net, world->relay->node, world->person[i]->node, &link);
    }
    sim_net_at(world->net, 2 * WZP_S, move, world);
    sim_net_at(world->net, 3 * WZP_S, rebind, world);
    sim_net_at(world->net, 4 * WZP_S, worsen, world);
    sim_net_at(world->net, 7 * WZP_S, restart, world);
    sim_net_at(world->net, 11 * WZP_S, leave, world);
    if (!sim_net_run(world->net, HORIZON))
        fail_msg("%s", sim_net_violation(world->net));
    for (unsigned i = 0; i < 2; i++)
        sim_person_measure(world->person[i], 0, false, &world->measured[i]);
    sim_net_hash(world->net, world->hash);
}

static void world_end(struct world *world)
{
    if (world->series)
        sim_series_destroy(world->series);
    sim_crowd_destroy(world->crowd);
    sim_relay_destroy(world->relay);
    sim_watch_destroy(world->watch);
    sim_net_destroy(world->net);
}

static void test_watching_changes_nothing(void **state)
{
    (void)state;
    struct world *watched = malloc(sizeof *watched), *alone = malloc(sizeof *alone);
    world_run(watched, true);
    world_run(alone, false);
    assert_string_equal(watched->hash, alone->hash);
    for (unsigned i = 0; i < 2; i++) {
        assert_true(watched->measured[i].hears[0].frames_sent > 300);
        assert_memory_equal(&watched->measured[i].hears[0].frames_sent,
                            &alone->measured[i].hears[0].frames_sent,
                            sizeof(struct wzp_member_hears) - offsetof(struct wzp_member_hears, frames_sent));
    }
    world_end(watched);
    world_end(alone);
    free(watched);
    free(alone);
}

/* The bins add up to what the links, the wire and the client counted. */
static void test_sums(void **state)
{
    (void)state;
    struct world *world = malloc(sizeof *world);
    world_run(world, true);
    size_t bins = sim_series_bins(world->series);
    assert_int_equal(bins, 120);
    for (unsigned i = 0; i < 2; i++) {
        const struct sim_series_person *seen = sim_series_person(world->series, i);
        const struct sim_link_counts *up = sim_net_link_counts(world->net, world->person[i]->node,
                                                               world->relay->node);
        struct sim_series_link sum = {0};
        struct sim_series_sent sent = {0};
        for (size_t k = 0; k < bins; k++) {
            const struct sim_series_link *bin = &seen->up[k];
            sum.packets += bin->packets;
            sum.lost += bin->lost;
            sum.queue_drops += bin->queue_drops;
            sum.bytes += bin->bytes;
            sum.arriving += bin->arriving;
            sent.media += seen->sent[k].media;
            sent.repair += seen->sent[k].repair;
            sent.feedback += seen->sent[k].feedback;
            if (bin->arriving) /* never faster than the way is long */
                assert_true(bin->delay_sum_ns >= bin->arriving * (20 + 30 * (int64_t)i) * WZP_MS);
            assert_true(bin->queue_max_ns <= 10 * WZP_S);
        }
        assert_int_equal(sum.packets, up->packets);
        assert_int_equal(sum.lost, up->lost);
        assert_int_equal(sum.queue_drops, up->queue_drops);
        assert_int_equal(sum.bytes, up->bytes);
        assert_int_equal(sum.arriving, up->delivered);
        assert_true(sum.lost > 10);
        assert_int_equal(sent.media, world->measured[i].member.sent.media);
        assert_int_equal(sent.repair, world->measured[i].member.sent.repair);
        assert_int_equal(sent.feedback, world->measured[i].member.sent.feedback);
        assert_true(i == 0 ? fabsf(seen->up[100].capacity_kbps - 100) < 1e-3f
                           : isnan(seen->up[100].capacity_kbps));
        assert_non_null(seen->buffer[1 - i].depth_ms);
        assert_null(seen->buffer[i].depth_ms);
        assert_true(seen->buffer[1 - i].depth_ms[60] > 0);
        assert_true(seen->speech_kbps[60] > 0 && seen->loss_pct[60] >= 0);
        assert_true(isnan(seen->buffer[1 - i].depth_ms[0]));
    }
    assert_null(sim_series_person(world->series, 2));
    world_end(world);
    free(world);
}

static void test_marks(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        double at_s; /* and at most a bin later */
        bool is_routine;
    } rows[] = {
        {"anna moves to another network", 2, false},
        {"ben behind another port", 3, false},
        {"anna up: loss 40 %", 4, false},
        {"relay crashes", 7, false},
        {"relay starts again", 7, false},
        {"ben leaves", 11, true},
    };
    struct world *world = malloc(sizeof *world);
    size_t count;
    world_run(world, true);
    const struct sim_series_mark *marks = sim_series_marks(world->series, &count);
    for (size_t r = 0; r < sizeof rows / sizeof *rows; r++) {
        size_t found = 0;
        while (found < count && strcmp(marks[found].text, rows[r].text) != 0)
            found++;
        if (found == count)
            fail_msg("no mark: %s", rows[r].text);
        double at_s = (double)marks[found].at_ns / WZP_S;
        assert_true(at_s >= rows[r].at_s && at_s <= rows[r].at_s + 0.11);
        assert_int_equal(marks[found].is_routine, rows[r].is_routine);
    }
    unsigned joins = 0, reconnects = 0;
    for (size_t i = 0; i < count; i++) {
        assert_true(i == 0 || marks[i - 1].at_ns <= marks[i].at_ns);
        joins += strstr(marks[i].text, " joins") != NULL;
        reconnects += strstr(marks[i].text, " is back") != NULL;
    }
    assert_int_equal(joins, 2);
    assert_int_equal(reconnects, 2);
    for (int i = 0; i < 1000; i++) { /* bounded; the same words within a second are one */
        sim_series_mark(world->series, HORIZON + i * WZP_MS, false, "again");
        sim_series_mark(world->series, HORIZON + i * 2 * WZP_S, false, "and again");
    }
    sim_series_marks(world->series, &count);
    assert_int_equal(count, SIM_SERIES_MARKS_MAX);
    world_end(world);
    free(world);
}

/* An hour takes no more room than a minute. */
static void test_bins_are_bounded(void **state)
{
    (void)state;
    static const struct {
        int64_t horizon_ns;
        size_t bins;
        int64_t bin_ns;
    } rows[] = {{50 * WZP_MS, 1, 100 * WZP_MS},
                {42 * WZP_S, 420, 100 * WZP_MS},
                {60 * WZP_S, 600, 100 * WZP_MS},
                {60 * WZP_S + 1, 600, 100 * WZP_MS + 1},
                {3600 * WZP_S, 600, 6 * WZP_S}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct sim_net *net = sim_net_create(1);
        struct sim_crowd *crowd = sim_crowd_create(net, false, rows[i].horizon_ns);
        struct sim_relays relays = {.count = 0};
        struct sim_series *series = sim_series_create(net, crowd, &relays, rows[i].horizon_ns);
        assert_int_equal(sim_series_bins(series), rows[i].bins);
        assert_int_equal(sim_series_bin_ns(series), rows[i].bin_ns);
        assert_true(sim_net_run(net, 2 * rows[i].horizon_ns));
        sim_series_destroy(series);
        sim_crowd_destroy(crowd);
        sim_net_destroy(net);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_watching_changes_nothing),
        cmocka_unit_test(test_sums),
        cmocka_unit_test(test_marks),
        cmocka_unit_test(test_bins_are_bounded),
    };
    return cmocka_run_group_tests_name("sim/series", tests, NULL, NULL);
}
