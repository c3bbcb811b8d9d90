// SPDX-License-Identifier: Apache-2.0
/* Whole small calls: the real relay and real clients in a world, and what is measured of them. */
#include "sim/person.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <math.h>
#include <sodium.h>

#include "sim/watch.h"

#define HORIZON (12 * WZP_S)
#define STOP    (10 * WZP_S)

struct wish {
    uint64_t seed;
    bool is_ik, keep_tracks;
    double ppm;
    int64_t leave_ns;            /* of the second; 0: stays */
    int64_t kill_ns, start_ns;   /* of the relay; 0: lives on, stays dead */
    const char *key;             /* of the one that starts */
    int64_t move_ns;             /* of the first; 0: stays */
    uint32_t bitrate_bps;        /* of the first; 0: its own choice */
    struct sim_link_params link; /* of the first, each direction */
};

struct world {
    struct sim_net *net;
    struct sim_watch *watch;
    struct sim_relay *relay;
    struct sim_crowd *crowd;
    struct sim_person *person[2];
    struct sim_measured measured[2];
    const struct wish *wish;
    uint64_t killed_held, started_held; /* by the relay, right after */
    char hash[33];
};

static void kill_relay(void *ctx, int64_t now_ns)
{
    struct world *world = ctx;
    (void)now_ns;
    sim_relay_kill(world->relay);
    world->killed_held = sim_net_bytes_held(world->net, world->relay->node);
}

static void start_relay(void *ctx, int64_t now_ns)
{
    struct world *world = ctx;
    (void)now_ns;
    sim_relay_start(world->relay, world->wish->key);
    world->started_held = sim_net_bytes_held(world->net, world->relay->node);
}

static void move(void *ctx, int64_t now_ns)
{
    (void)now_ns;
    sim_person_move(ctx, true);
}

static void leave(void *ctx, int64_t now_ns)
{
    (void)now_ns;
    sim_person_leave(ctx);
}

static void world_run(struct world *world, const struct wish *wish)
{
    *world = (struct world){.wish = wish};
    world->net = sim_net_create(wish->seed);
    world->watch = sim_watch_create(world->net);
    world->crowd = sim_crowd_create(world->net, wish->keep_tracks, HORIZON);
    struct wzp_relay_config config = wzp_relay_config_default();
    config.endpoint.limits.sessions_max = 4;
    config.endpoint.limits.half_open_max = 4;
    world->relay = sim_relay_create(world->net, "relay", &config);
    for (unsigned i = 0; i < 2; i++) {
        struct sim_person_config person = {.relay = world->relay,
                                           .room = "test",
                                           .codec = &wzp_codec_synthetic,
                                           .is_ik = wish->is_ik,
                                           .token = "",
                                           .stop_ns = STOP,
                                           .clock_ppm = i == 0 ? wish->ppm : 0,
                                           .bitrate_bps = i == 0 ? wish->bitrate_bps : 0};
        strcpy(person.name, i == 0 ? "anna" : "ben");
        struct sim_link_params link = i == 0 ? wish->link : (struct sim_link_params){0};
        link.burst = 1;
        link.queue_ns = WZP_S;
        world->person[i] = sim_crowd_add(world->crowd, &person);
        sim_net_connect(world->net, world->person[i]->node, world->relay->node, &link);
        sim_net_connect(world->net, world->relay->node, world->person[i]->node, &link);
    }
    if (wish->leave_ns)
        sim_net_at(world->net, wish->leave_ns, leave, world->person[1]);
    if (wish->kill_ns)
        sim_net_at(world->net, wish->kill_ns, kill_relay, world);
    if (wish->start_ns)
        sim_net_at(world->net, wish->start_ns, start_relay, world);
    if (wish->move_ns)
        sim_net_at(world->net, wish->move_ns, move, world->person[0]);
    if (!sim_net_run(world->net, HORIZON))
        fail_msg("%s", sim_net_violation(world->net));
    for (unsigned i = 0; i < 2; i++)
        sim_person_measure(world->person[i], 0, true, &world->measured[i]);
    sim_net_hash(world->net, world->hash);
}

static void world_end(struct world *world)
{
    sim_crowd_destroy(world->crowd);
    sim_relay_destroy(world->relay);
    sim_watch_destroy(world->watch);
    sim_net_destroy(world->net);
}

/* XX: 1.5 round trips until both ends hold keys, IK: 1. Nothing is concealed on a clean link. */
static void test_clean(void **state)
{
    (void)state;
    static const struct {
        bool is_ik;
        int64_t delay_ns;
        double connect_ms;
    } rows[] = {{false, 50 * WZP_MS, 150}, {true, 50 * WZP_MS, 100}, {false, 200 * WZP_MS, 600}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct world world;
        world_run(&world, &(struct wish){
                              .seed = i + 1, .is_ik = rows[i].is_ik, .link = {.delay_ns = rows[i].delay_ns}});
        const struct sim_measured *anna = &world.measured[0];
        double delay_ms = (double)rows[i].delay_ns / WZP_MS;
        assert_true(fabs(anna->member.connect_ms - rows[i].connect_ms) < 0.001);
        assert_true(anna->member.first_media_ms >= rows[i].connect_ms);
        assert_int_equal(anna->member.hears_count, 1);
        const struct wzp_member_hears *hears = &anna->hears[0];
        assert_string_equal(hears->speaker, "ben");
        assert_true(hears->frames_sent > 400 && hears->frames_sent <= 500);
        assert_true(hears->frames_played == hears->frames_sent && hears->concealed_pct == 0);
        assert_true(hears->recovered_lbrr == 0 && isnan(hears->estoi));
        /* a frame, the link, 3 to 13 ms of buffer; at first what repair takes on two hops of unknown loss */
        assert_true(hears->mouth_to_ear_p50_ms >= 20 + delay_ms + 3);
        assert_true(hears->mouth_to_ear_p50_ms <= 20 + delay_ms + 13.001);
        assert_true(hears->mouth_to_ear_p95_ms <= 20 + delay_ms + 13.001 + fmax(50, delay_ms));
        struct sim_wire up, down;
        sim_net_wire(world.net, world.person[0]->node, &up, &down);
        assert_int_equal(up.bytes,
                         sim_net_link_counts(world.net, world.person[0]->node, world.relay->node)->bytes);
        assert_int_equal(anna->member.up.bytes, up.bytes);
        assert_int_equal(anna->member.down.packets, down.packets);
        assert_int_equal(sim_meter_bytes(&world.person[0]->up, 0, HORIZON), up.bytes);
        assert_int_equal(sim_meter_bytes(&world.person[0]->down, 0, HORIZON), down.bytes);
        assert_true(anna->member.wire_up_kbps > 50 && anna->member.wire_up_kbps < 80);
        assert_true(anna->member.max_500ms_up_kbps >= anna->member.wire_up_kbps);
        assert_true(anna->member.sent.media > up.bytes / 3 && anna->member.sent.media < up.bytes);
        assert_true(sim_watch_seals(world.watch) > 500);
        assert_true(sim_net_bytes_held(world.net, world.person[0]->node) > 0);
        world_end(&world);
    }
}

/* What is lost is counted: each lost packet is one frame here, since the synthetic codec carries no copies;
 * a fifth is lost, and repaired but for a few. */
static void test_losses_are_seen(void **state)
{
    (void)state;
    struct world world;
    world_run(&world, &(struct wish){.seed = 1, .link = {.delay_ns = 20 * WZP_MS, .loss = 0.2}});
    assert_int_equal(sim_meter_bytes(&world.person[0]->down, 0, HORIZON),
                     sim_net_link_counts(world.net, world.relay->node, world.person[0]->node)->bytes);
    assert_true(sim_meter_bytes(&world.person[0]->down, 0, HORIZON) > world.measured[0].member.down.bytes);
    for (unsigned i = 0; i < 2; i++) {
        const struct wzp_member_hears *hears = &world.measured[i].hears[0];
        double repaired_pct = 100 * hears->recovered_window / hears->frames_sent;
        assert_true(hears->concealed_pct < 3);
        assert_true(hears->concealed_pct + repaired_pct > 10 && hears->concealed_pct + repaired_pct < 30);
        assert_true(fabs(hears->concealed_pct -
                         100 * (hears->frames_sent - hears->frames_played) / hears->frames_sent) < 1e-9);
    }
    world_end(&world);
}

/* From the middle on about half of the frames count, and a whole life is over at its end. */
static void test_from_then_on(void **state)
{
    (void)state;
    struct world world;
    struct sim_measured later;
    world_run(&world, &(struct wish){.seed = 1, .link = {.delay_ns = 20 * WZP_MS}});
    const struct wzp_member_hears *all = &world.measured[0].hears[0];
    int64_t from_ns = sim_person_speaks_from(world.person[1]),
            until_ns = sim_person_speaks_until(world.person[1]);
    sim_person_measure(world.person[0], (from_ns + until_ns) / 2, false, &later);
    double part = later.hears[0].frames_sent / all->frames_sent;
    assert_true(part > 0.4 && part < 0.55);
    assert_true(later.hears[0].frames_played == later.hears[0].frames_sent);
    sim_person_measure(world.person[0], until_ns, false, &later);
    assert_true(later.hears[0].frames_sent == 0);
    world_end(&world);
}

/* What a listener counts by itself is near the truth: it knows no frame from before it held a key, nor which
 * ones count, and a clean line conceals nothing from either. */
static void test_by_ear(void **state)
{
    (void)state;
    static const double losses[] = {0, 0.2};
    for (size_t row = 0; row < 2; row++) {
        struct world world;
        struct sim_link_params link = {.delay_ns = 20 * WZP_MS, .loss = losses[row]};
        world_run(&world, &(struct wish){.seed = 1, .link = link});
        for (unsigned i = 0; i < 2; i++) {
            struct sim_measured ear = world.measured[i];
            const struct wzp_member_hears *truth = &world.measured[i].hears[0], *heard = &ear.hears[0];
            ear.member.hears = ear.hears;
            sim_person_measure_by_ear(world.person[i], &ear);
            assert_true(isnan(heard->frames_sent) && isnan(heard->freezes));
            assert_true(fabs(heard->frames_played - truth->frames_played) < 10); /* at the edges */
            assert_true(fabs(heard->concealed_pct - truth->concealed_pct) < (losses[row] > 0 ? 2 : 1e-9));
            assert_true(fabs(heard->mouth_to_ear_p50_ms - truth->mouth_to_ear_p50_ms) < 10);
            assert_true(heard->mouth_to_ear_p95_ms >= heard->mouth_to_ear_p50_ms);
            assert_true(heard->lag_p50_ms == heard->mouth_to_ear_p50_ms); /* they start together */
        }
        world_end(&world);
    }
}

static void test_one_seed_one_hash(void **state)
{
    (void)state;
    static const struct wish rows[] = {
        {.seed = 1, .link = {.loss = 0.3, .delay_ns = 40 * WZP_MS, .jitter_ns = 20 * WZP_MS}},
        {.seed = 1, .link = {.loss = 0.3, .delay_ns = 40 * WZP_MS, .jitter_ns = 20 * WZP_MS}},
        {.seed = 1,
         .keep_tracks = true,
         .link = {.loss = 0.3, .delay_ns = 40 * WZP_MS, .jitter_ns = 20 * WZP_MS}},
        {.seed = 2, .link = {.loss = 0.3, .delay_ns = 40 * WZP_MS, .jitter_ns = 20 * WZP_MS}},
        {.seed = 1, .link = {.loss = 0.3, .delay_ns = 40 * WZP_MS, .jitter_ns = 20 * WZP_MS + 1}},
        {.seed = 1, .ppm = 100, .link = {.loss = 0.3, .delay_ns = 40 * WZP_MS, .jitter_ns = 20 * WZP_MS}},
    };
    char hash[6][33];
    uint64_t digest[6];
    for (size_t i = 0; i < 6; i++) {
        struct world world;
        world_run(&world, &rows[i]);
        memcpy(hash[i], world.hash, sizeof world.hash);
        digest[i] = world.person[0]->heard_digest;
        world_end(&world);
        assert_int_equal(strcmp(hash[i], hash[0]) == 0, i < 3);
        if (i < 4) /* a nanosecond of jitter need not be heard */
            assert_int_equal(digest[i] == digest[0], i < 3);
    }
}

/* A microphone 500 ppm fast takes its frames that much sooner. */
static void test_devices_drift(void **state)
{
    (void)state;
    static const double rows[] = {0, 500, -500};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct world world;
        world_run(&world, &(struct wish){.seed = 1, .ppm = rows[i], .link = {.delay_ns = 20 * WZP_MS}});
        int64_t at_ns = sim_person_captured_at(world.person[0], 250);
        double expected_ns = 5e9 / (1 + rows[i] * 1e-6);
        assert_true(fabs((double)at_ns - expected_ns) <= 1);
        assert_true(world.measured[1].hears[0].concealed_pct < 1.5);
        world_end(&world);
    }
}

/* What was still under way when somebody left counts for nobody. */
static void test_leaving(void **state)
{
    (void)state;
    struct world world;
    world_run(&world, &(struct wish){.seed = 1, .leave_ns = 4 * WZP_S, .link = {.delay_ns = 100 * WZP_MS}});
    assert_true(world.person[1]->has_ended);
    for (unsigned i = 0; i < 2; i++) {
        const struct wzp_member_hears *hears = &world.measured[i].hears[0];
        assert_true(hears->frames_sent > 100 && hears->frames_sent <= 150);
        assert_true(hears->concealed_pct == 0);
    }
    world_end(&world);
}

/* A relay that dies takes all it held with it and says nothing more; one that starts in its place holds the
 * config's memory again, and is another process of the same seed: other randomness, the same run every time.
 */
static void test_relay_restarts(void **state)
{
    (void)state;
    static const struct wish rows[] = {
        {.seed = 1},
        {.seed = 1, .kill_ns = 3 * WZP_S},
        {.seed = 1, .kill_ns = 3 * WZP_S, .start_ns = 4 * WZP_S, .key = ""},
        {.seed = 1, .kill_ns = 3 * WZP_S, .start_ns = 4 * WZP_S, .key = ""},
        {.seed = 1, .kill_ns = 3 * WZP_S, .start_ns = 4 * WZP_S, .key = "other"},
    };
    char hash[5][33];
    uint8_t identity[5][32];
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct world world;
        world_run(&world, &rows[i]);
        memcpy(hash[i], world.hash, sizeof world.hash);
        memcpy(identity[i], world.relay->identity.noise_public, 32);
        assert_int_equal(world.killed_held, 0);
        assert_int_equal(world.relay->relay == NULL, i == 1);
        assert_int_equal(world.relay->starts, i < 2 ? 1 : 2);
        assert_int_equal(world.started_held, i < 2 ? 0 : sim_net_bytes_peak(world.net, world.relay->node));
        struct sim_window before, after;
        sim_person_window(world.person[1], world.person[0], WZP_S, 2900 * WZP_MS, &before);
        sim_person_window(world.person[1], world.person[0], 3 * WZP_S, 4 * WZP_S, &after);
        assert_true(before.frames == 95 && before.lost == 0);
        assert_true(after.frames == 50 && after.lost == (i == 0 ? 0 : 50));
        world_end(&world);
    }
    assert_string_equal(hash[2], hash[3]);
    for (size_t i = 0; i < 3; i++)
        for (size_t j = 0; j < i; j++)
            assert_string_not_equal(hash[i], hash[j]);
    assert_memory_equal(identity[2], identity[0], 32);
    assert_memory_not_equal(identity[4], identity[0], 32);
}

/* Who moves is out of reach of what the relay still sends to the old address, until it has heard of the new
 * one. */
static void test_moving(void **state)
{
    (void)state;
    struct world world;
    world_run(&world, &(struct wish){.seed = 1, .move_ns = 3 * WZP_S, .link = {.delay_ns = 20 * WZP_MS}});
    struct wzp_addr old = sim_net_addr(world.person[0]->node);
    struct wzp_addr here = sim_net_addr_now(world.net, world.person[0]->node);
    struct sim_window window;
    assert_false(wzp_addr_equal(&old, &here));
    assert_true(sim_net_vanished(world.net, world.person[0]->node) > 0);
    sim_person_window(world.person[0], world.person[1], 2900 * WZP_MS, 3100 * WZP_MS, &window);
    assert_in_range(window.lost, 1, 3); /* they were under way */
    sim_person_window(world.person[0], world.person[1], 3100 * WZP_MS, 4 * WZP_S, &window);
    assert_int_equal(window.lost, 0);
    world_end(&world);
}

/* Who speaks at a lower tier sends less, and nobody else does. */
static void test_tier(void **state)
{
    (void)state;
    uint64_t media[2][2];
    for (unsigned i = 0; i < 2; i++) {
        struct world world;
        world_run(&world, &(struct wish){.seed = 1, .bitrate_bps = i == 0 ? 0 : 8000});
        for (unsigned person = 0; person < 2; person++)
            media[i][person] = world.measured[person].member.sent.media;
        world_end(&world);
    }
    assert_true(media[1][0] < media[0][0] * 8 / 10);
    assert_in_range(media[1][1], media[0][1] * 98 / 100, media[0][1] * 102 / 100); /* reports ride along */
}

static void test_right(void **state)
{
    (void)state;
    static const struct {
        uint8_t heard;
        bool is_right;
    } rows[] = {{0, false},
                {SIM_HEARD_FIRST, false},
                {SIM_HEARD_SECOND, false},
                {SIM_HEARD_FIRST | SIM_HEARD_SECOND, true},
                {SIM_HEARD_FIRST | SIM_HEARD_SECOND | SIM_HEARD_LBRR, true},
                {SIM_HEARD_FIRST | SIM_HEARD_SECOND | SIM_HEARD_REPAIRED, true},
                {SIM_HEARD_FIRST | SIM_HEARD_SECOND | SIM_HEARD_DRED, true},
                {SIM_HEARD_FIRST | SIM_HEARD_SECOND | SIM_HEARD_INVENTED, false}, /* it came late */
                {SIM_HEARD_INVENTED, false}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        uint8_t heard = rows[i].heard;
        struct sim_hearing hearing = {.heard = &heard, .frames = 1};
        assert_int_equal(sim_hearing_is_right(&hearing, 0), rows[i].is_right);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_clean),
        cmocka_unit_test(test_from_then_on),
        cmocka_unit_test(test_losses_are_seen),
        cmocka_unit_test(test_by_ear),
        cmocka_unit_test(test_one_seed_one_hash),
        cmocka_unit_test(test_devices_drift),
        cmocka_unit_test(test_leaving),
        cmocka_unit_test(test_relay_restarts),
        cmocka_unit_test(test_moving),
        cmocka_unit_test(test_tier),
        cmocka_unit_test(test_right),
    };
    return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
