// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/rng.h"
#include "base/time.h"
#include "media/jitter.h"

#include <stdlib.h>
#include <string.h>

/* ---- a twin: the same law without bounds, wraps or bit tricks ---- */

#define TWIN_PACKETS 4000

struct twin_packet {
    int64_t sequence;
    int64_t timestamp_ms;
    int64_t arrived_ns;
    bool is_comfort_noise;
    bool carries_previous;
    bool gone;
};

struct twin {
    struct twin_packet packets[TWIN_PACKETS];
    size_t count;
    int64_t next;
    bool started;
    bool talking;
    int64_t play_ms;
    int64_t invented_ms;
    int64_t base_ns;
};

static bool twin_put(struct twin *twin, int64_t sequence, int64_t timestamp_ms, bool noise, bool copy,
                     int64_t now_ns)
{
    for (size_t i = 0; i < twin->count; i++)
        if (twin->packets[i].sequence == sequence)
            return false;
    if (twin->count == 0)
        twin->next = sequence;
    assert_true(twin->count < TWIN_PACKETS);
    twin->packets[twin->count++] = (struct twin_packet){sequence, timestamp_ms, now_ns,
                                                        noise,    copy,         sequence < twin->next};
    twin->base_ns = INT64_MAX;
    for (size_t i = 0; i < twin->count; i++) {
        const struct twin_packet *packet = &twin->packets[i];
        int64_t transit = packet->arrived_ns - packet->timestamp_ms * WZP_MS;
        if (now_ns / WZP_S - packet->arrived_ns / WZP_S < WZP_JITTER_WINDOW && transit < twin->base_ns)
            twin->base_ns = transit;
    }
    return true;
}

static struct twin_packet *twin_head(struct twin *twin)
{
    struct twin_packet *head = NULL;
    for (size_t i = 0; i < twin->count; i++)
        if (!twin->packets[i].gone && twin->packets[i].sequence >= twin->next &&
            (head == NULL || twin->packets[i].sequence < head->sequence))
            head = &twin->packets[i];
    return head;
}

struct twin_play {
    enum wzp_jitter_kind kind;
    int64_t timestamp_ms;
};

static struct twin_play twin_take(struct twin *twin, struct twin_packet *packet)
{
    packet->gone = true;
    twin->next = packet->sequence + 1;
    twin->invented_ms = 0;
    twin->started = true;
    twin->talking = !packet->is_comfort_noise;
    twin->play_ms = packet->timestamp_ms + 20;
    return (struct twin_play){packet->is_comfort_noise ? WZP_JITTER_NOISE : WZP_JITTER_FRAME,
                              packet->timestamp_ms};
}

static struct twin_play twin_get(struct twin *twin, int64_t target_ms, int64_t now_ns)
{
    struct twin_packet *head = twin_head(twin);
    bool adjacent = head != NULL && head->sequence == twin->next;
    int64_t due_ns = head == NULL ? WZP_NEVER : twin->base_ns + (head->timestamp_ms + target_ms) * WZP_MS;
    if (twin->talking) {
        int64_t gap_ms = head == NULL ? INT64_MAX : head->timestamp_ms - twin->play_ms;
        int64_t over_ms = twin->invented_ms - (gap_ms - 20);
        bool copy_now = !adjacent && head != NULL && head->carries_previous && over_ms >= 0;
        if (copy_now && (over_ms == 0 || now_ns < due_ns - 10 * WZP_MS)) {
            twin->next = head->sequence;
            twin->play_ms = head->timestamp_ms;
            twin->invented_ms = 0;
            return (struct twin_play){WZP_JITTER_RECOVER, head->timestamp_ms - 20};
        }
        if (adjacent ? gap_ms < 20 : gap_ms <= twin->invented_ms)
            return twin_take(twin, head);
        if (!adjacent && twin->invented_ms < 200) {
            twin->invented_ms += 10;
            return (struct twin_play){WZP_JITTER_CONCEAL, twin->play_ms + twin->invented_ms - 10};
        }
    }
    twin->invented_ms = 0;
    if (now_ns >= due_ns)
        return twin_take(twin, head);
    twin->talking = false;
    if (!adjacent && head != NULL && head->carries_previous && now_ns >= due_ns - 20 * WZP_MS) {
        twin->next = head->sequence;
        twin->talking = true;
        twin->play_ms = head->timestamp_ms;
        return (struct twin_play){WZP_JITTER_RECOVER, head->timestamp_ms - 20};
    }
    return (struct twin_play){twin->started ? WZP_JITTER_NOISE : WZP_JITTER_NOTHING, 0};
}

/* ---- a world: one sender, one path, one loudspeaker ---- */

#define IN_FLIGHT 512

struct world {
    struct wzp_rng rng;
    int64_t delay_ns;
    int64_t jitter_ns; /* uniform, added */
    bool reorder;
    double loss;
    double duplicate;
    bool copies;         /* speech frames carry their predecessor */
    int64_t talk_frames; /* mean lengths; silence_frames 0: never silent */
    int64_t silence_frames;
    int64_t drift_ppm; /* of the sender's clock */
    bool may_restart;  /* the path changes by seconds */
    uint32_t first_sequence;
    uint32_t first_timestamp_ms;
    int64_t phase_ns; /* of the loudspeaker */

    struct {
        int64_t at_ns;
        int64_t sequence;
        int64_t timestamp_ms;
        bool noise;
    } flight[IN_FLIGHT];
    size_t flying;
    int64_t frame;    /* captured so far */
    int64_t sequence; /* packets sent so far */
    int64_t last_arrival_ns;
    int64_t left; /* frames of this talk or silence */
    bool silent;
    int64_t silent_frames;
    int64_t captured_speech;
    int64_t next_pull_ns;

    struct wzp_jitter *jitter;
    int64_t played;
    int64_t copied;
    int64_t concealed;
    int64_t delay_ms_sum; /* of played frames, over capture + delay_ns */
    int64_t delay_ms_max;
    int64_t delay_ms_min;
    int64_t last_ms; /* timestamp of the newest frame that was played */
};

static void *new_jitter(uint32_t delay_ms_max)
{
    void *memory = malloc(wzp_jitter_size());
    assert_non_null(memory);
    return wzp_jitter_init(memory, delay_ms_max);
}

static enum wzp_jitter_result put_any(struct wzp_jitter *jitter, uint32_t sequence, uint32_t timestamp_ms,
                                      bool is_comfort_noise, bool copy, struct wzp_slice payload,
                                      int64_t now_ns)
{
    struct wzp_jitter_packet packet = {
        .sequence = sequence,
        .timestamp_ms = timestamp_ms,
        .frames = 1,
        .reach = copy,
        .is_comfort_noise = is_comfort_noise,
        .payload = payload,
    };
    return wzp_jitter_put(jitter, &packet, now_ns);
}

static void world_start(struct world *world, uint64_t seed)
{
    world->rng = wzp_rng_make(seed, 1);
    world->left = world->talk_frames;
    world->delay_ms_min = INT64_MAX;
    world->last_ms = -1;
    world->next_pull_ns = world->phase_ns;
    world->jitter = new_jitter(400);
}

static int64_t capture_ns(const struct world *world, int64_t frame)
{
    int64_t ns = frame * 20 * WZP_MS;
    return ns - ns / 1000000 * world->drift_ppm;
}

static void world_send(struct world *world)
{
    int64_t now_ns = capture_ns(world, world->frame + 1);
    int64_t timestamp_ms = world->frame++ * 20;
    if (world->silence_frames > 0 && world->left-- <= 0) {
        world->silent = !world->silent;
        world->silent_frames = 0;
        int64_t mean = world->silent ? world->silence_frames : world->talk_frames;
        world->left = 1 + (int64_t)wzp_rng_below(&world->rng, (uint64_t)(2 * mean));
    }
    if (world->silent) {
        int64_t n = world->silent_frames++;
        if (n != 0 && n != 2 && n % 20 != 2)
            return;
    } else {
        world->captured_speech++;
    }
    int64_t sequence = world->sequence++;
    if (sequence > 0 && wzp_rng_unit(&world->rng) < world->loss)
        return;
    for (int copy = 0; copy <= (wzp_rng_unit(&world->rng) < world->duplicate); copy++) {
        int64_t at_ns = now_ns + world->delay_ns;
        if (world->jitter_ns > 0)
            at_ns += (int64_t)wzp_rng_below(&world->rng, (uint64_t)world->jitter_ns);
        if (!world->reorder && at_ns < world->last_arrival_ns)
            at_ns = world->last_arrival_ns;
        world->last_arrival_ns = at_ns;
        assert_true(world->flying < IN_FLIGHT);
        world->flight[world->flying].at_ns = at_ns;
        world->flight[world->flying].sequence = sequence;
        world->flight[world->flying].timestamp_ms = timestamp_ms;
        world->flight[world->flying++].noise = world->silent;
    }
}

static void world_deliver(struct world *world, struct twin *twin, int64_t until_ns)
{
    for (;;) {
        size_t first = 0;
        for (size_t i = 1; i < world->flying; i++)
            if (world->flight[i].at_ns < world->flight[first].at_ns)
                first = i;
        if (world->flying == 0 || world->flight[first].at_ns > until_ns)
            return;
        int64_t sequence = world->flight[first].sequence;
        int64_t timestamp_ms = world->flight[first].timestamp_ms;
        int64_t at_ns = world->flight[first].at_ns;
        bool noise = world->flight[first].noise;
        memmove(&world->flight[first], &world->flight[first + 1],
                (world->flying - first - 1) * sizeof world->flight[0]);
        world->flying--;
        uint8_t payload[8];
        memcpy(payload, &timestamp_ms, 8);
        struct wzp_jitter_packet packet = {
            .sequence = world->first_sequence + (uint32_t)sequence,
            .timestamp_ms = world->first_timestamp_ms + (uint32_t)timestamp_ms,
            .frames = 1,
            .reach = world->copies && !noise,
            .is_comfort_noise = noise,
            .payload = {payload, 8},
        };
        enum wzp_jitter_result result = wzp_jitter_put(world->jitter, &packet, at_ns);
        assert_true(result != WZP_JITTER_TOO_LARGE && (world->may_restart || result != WZP_JITTER_TOO_FAR));
        if (twin != NULL)
            assert_int_equal(twin_put(twin, sequence, timestamp_ms, noise, world->copies && !noise, at_ns),
                             result != WZP_JITTER_DUPLICATE);
    }
}

static void note_play(struct world *world, const struct wzp_jitter_play *play, int64_t now_ns)
{
    int64_t timestamp_ms = (uint32_t)(play->timestamp_ms - world->first_timestamp_ms);
    if (play->kind == WZP_JITTER_CONCEAL)
        world->concealed++;
    if (play->kind != WZP_JITTER_FRAME && play->kind != WZP_JITTER_RECOVER)
        return;
    assert_true(timestamp_ms > world->last_ms);
    world->last_ms = timestamp_ms;
    if (play->kind == WZP_JITTER_RECOVER) {
        world->copied++;
        return;
    }
    int64_t inside;
    assert_int_equal(play->payload.len, 8);
    memcpy(&inside, play->payload.data, 8);
    assert_int_equal(inside, timestamp_ms);
    int64_t delay_ms = (now_ns - capture_ns(world, timestamp_ms / 20 + 1) - world->delay_ns) / WZP_MS;
    world->played++;
    world->delay_ms_sum += delay_ms;
    if (delay_ms > world->delay_ms_max)
        world->delay_ms_max = delay_ms;
    if (delay_ms < world->delay_ms_min)
        world->delay_ms_min = delay_ms;
}

/* Runs until the loudspeaker has reached `until_ns`. */
static void world_run(struct world *world, struct twin *twin, int64_t until_ns)
{
    while (world->next_pull_ns < until_ns) {
        while (capture_ns(world, world->frame + 1) <= world->next_pull_ns)
            world_send(world);
        world_deliver(world, twin, world->next_pull_ns);
        int64_t now_ns = world->next_pull_ns;
        struct twin_play expected = {0};
        if (twin != NULL)
            expected = twin_get(twin, wzp_jitter_stats(world->jitter).target_ms, now_ns);
        struct wzp_jitter_play play = wzp_jitter_get(world->jitter, now_ns, false);
        if (twin != NULL) {
            assert_int_equal(play.kind, expected.kind);
            if (play.kind != WZP_JITTER_NOISE && play.kind != WZP_JITTER_NOTHING)
                assert_int_equal(play.timestamp_ms,
                                 world->first_timestamp_ms + (uint32_t)expected.timestamp_ms);
        }
        note_play(world, &play, now_ns);
        bool is_frame = play.kind == WZP_JITTER_FRAME || play.kind == WZP_JITTER_RECOVER;
        if (is_frame && twin == NULL && wzp_jitter_skip(world->jitter, now_ns + 10 * WZP_MS, 0, false))
            is_frame = false;
        world->next_pull_ns += (is_frame ? 20 : 10) * WZP_MS;
    }
}

/* ---- the laws ---- */

static void plays_everything_once_without_jitter(void **state)
{
    (void)state;
    for (int phase = 0; phase < 20; phase++) {
        struct world world = {
            .delay_ns = 52400 * WZP_US,
            .talk_frames = 60,
            .silence_frames = 30,
            .first_sequence = UINT32_MAX - 40,
            .first_timestamp_ms = UINT32_MAX - 10000,
            .phase_ns = phase * 500 * WZP_US,
        };
        world_start(&world, (uint64_t)phase);
        world_run(&world, NULL, 60 * WZP_S);
        assert_int_equal(world.concealed, 0);
        assert_true(world.captured_speech - world.played <= 5);
        assert_true(world.captured_speech - world.played >= 0);
        assert_in_range(world.delay_ms_min, 3, 13);
        assert_in_range(world.delay_ms_max, 3, 13);
        struct wzp_jitter_stats stats = wzp_jitter_stats(world.jitter);
        assert_int_equal(stats.lost + stats.late + stats.duplicate + stats.too_far + stats.grown, 0);
        assert_int_equal(stats.expected, stats.received);
        assert_int_equal(stats.jitter_us, 0);
        free(world.jitter);
    }
}

static void does_what_the_twin_does(void **state)
{
    (void)state;
    struct twin *twin = malloc(sizeof *twin);
    assert_non_null(twin);
    for (uint64_t seed = 0; seed < 40; seed++) {
        struct wzp_rng rng = wzp_rng_make(seed, 2);
        struct world world = {
            .delay_ns = (int64_t)wzp_rng_below(&rng, 300) * WZP_MS,
            .jitter_ns = (int64_t)wzp_rng_below(&rng, 80) * WZP_MS,
            .reorder = seed % 2,
            .loss = wzp_rng_unit(&rng) * 0.5,
            .duplicate = 0.1,
            .copies = seed % 3 > 0,
            .talk_frames = 1 + (int64_t)wzp_rng_below(&rng, 100),
            .silence_frames = (int64_t)wzp_rng_below(&rng, 40),
            .drift_ppm = (int64_t)wzp_rng_below(&rng, 400) - 200,
            .first_sequence = UINT32_MAX - (uint32_t)wzp_rng_below(&rng, 1000),
            .first_timestamp_ms = UINT32_MAX - (uint32_t)wzp_rng_below(&rng, 20000),
            .phase_ns = (int64_t)wzp_rng_below(&rng, 10000) * WZP_US,
        };
        memset(twin, 0, sizeof *twin);
        world_start(&world, seed);
        world_run(&world, twin, 30 * WZP_S);
        struct wzp_jitter_stats stats = wzp_jitter_stats(world.jitter);
        assert_int_equal(stats.received, twin->count);
        assert_true(world.played > 0 && world.played <= world.captured_speech);
        free(world.jitter);
    }
    free(twin);
}

static void follows_the_jitter(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 10; seed++) {
        struct world world = {
            .delay_ns = 100 * WZP_MS, .jitter_ns = 40 * WZP_MS, .talk_frames = 100, .silence_frames = 25};
        world_start(&world, seed);
        world_run(&world, NULL, 40 * WZP_S);
        struct wzp_jitter_stats stats = wzp_jitter_stats(world.jitter);
        /* What is late is played nevertheless; 140 ms of sound and the buffer are on their way. */
        assert_true(world.captured_speech - world.played <= 11);
        assert_true(world.concealed <= 5);
        assert_in_range(stats.target_ms, 35, 43);
        assert_true(world.delay_ms_sum / world.played <= 52);
        free(world.jitter);
    }
}

static void waits_for_copies_only_while_losses_are_seen(void **state)
{
    (void)state;
    struct world world = {.delay_ns = 100 * WZP_MS, .loss = 0.1, .copies = true, .talk_frames = 1};
    world_start(&world, 1);
    world_run(&world, NULL, 20 * WZP_S);
    struct wzp_jitter_stats stats = wzp_jitter_stats(world.jitter);
    assert_int_equal(stats.target_ms, 23);
    /* A loss of one frame is always made good, but for the first ones. */
    int64_t lost = (int64_t)stats.lost;
    assert_in_range(world.copied, lost * 8 / 10, lost);
    world.loss = 0;
    world_run(&world, NULL, 40 * WZP_S);
    assert_int_equal(wzp_jitter_stats(world.jitter).target_ms, 3);
    free(world.jitter);
}

static void keeps_up_with_a_drifting_clock(void **state)
{
    (void)state;
    for (int64_t ppm = -200; ppm <= 200; ppm += 400)
        for (int dtx = 0; dtx < 2; dtx++) {
            struct world world = {.delay_ns = 50 * WZP_MS,
                                  .jitter_ns = 5 * WZP_MS,
                                  .talk_frames = 100,
                                  .silence_frames = dtx ? 40 : 0,
                                  .drift_ppm = ppm};
            world_start(&world, 3);
            world_run(&world, NULL, 600 * WZP_S);
            struct wzp_jitter_stats stats = wzp_jitter_stats(world.jitter);
            assert_true(world.captured_speech - world.played <= 10);
            /* 600 s at 200 ppm are 120 ms = 12 pieces to be invented when the sender is slow. */
            assert_true(world.concealed <= 12 + 8);
            assert_in_range(stats.target_ms, 3, 12);
            assert_true(world.delay_ms_max <= (dtx ? 35 : 12 + 60 + 20));
            assert_int_equal(stats.lost + stats.late, 0);
            free(world.jitter);
        }
}

static void starts_anew_with_a_restarted_sender(void **state)
{
    (void)state;
    struct world world = {.delay_ns = 50 * WZP_MS, .talk_frames = 1};
    world_start(&world, 1);
    world_run(&world, NULL, 10 * WZP_S);
    uint8_t byte = 7;
    struct wzp_slice payload = {&byte, 1};
    int64_t now_ns = 10 * WZP_S;
    assert_int_equal(put_any(world.jitter, 0, 0, false, false, payload, now_ns), WZP_JITTER_TOO_FAR);
    assert_int_equal(put_any(world.jitter, 0, 0, false, false, payload, now_ns), WZP_JITTER_TOO_FAR);
    int64_t frames = 0;
    for (uint32_t i = 1; i < 100; i++) {
        assert_int_equal(put_any(world.jitter, i, i * 20, false, false, payload, now_ns + i * 20 * WZP_MS),
                         WZP_JITTER_STORED);
        struct wzp_jitter_play play = wzp_jitter_get(world.jitter, now_ns + (i * 20 + 5) * WZP_MS, false);
        assert_int_equal(play.kind, WZP_JITTER_FRAME);
        assert_int_equal(play.timestamp_ms, ++frames * 20);
    }
    assert_int_equal(frames, 99);
    assert_int_equal(wzp_jitter_stats(world.jitter).restarts, 1);
    assert_int_equal(wzp_jitter_stats(world.jitter).too_far, 2);
    free(world.jitter);
}

static void survives_a_slower_path(void **state)
{
    (void)state;
    static const int64_t steps_ms[] = {30, 150, 390, 450, 900, 1900, 5000};
    for (size_t i = 0; i < sizeof steps_ms / sizeof *steps_ms; i++) {
        struct world world = {
            .delay_ns = 50 * WZP_MS, .talk_frames = 100, .silence_frames = 20, .may_restart = true};
        world_start(&world, i);
        world_run(&world, NULL, 5 * WZP_S);
        world.delay_ns += steps_ms[i] * WZP_MS;
        world_run(&world, NULL, (7000 + steps_ms[i]) * WZP_MS);
        int64_t captured = world.captured_speech;
        int64_t played = world.played;
        world_run(&world, NULL, (40000 + steps_ms[i]) * WZP_MS);
        int64_t missed = (world.captured_speech - captured) - (world.played - played);
        assert_in_range(missed < 0 ? -missed : missed, 0, 20);
        world.delay_ms_max = 0;
        world_run(&world, NULL, (60000 + steps_ms[i]) * WZP_MS);
        assert_in_range(world.delay_ms_max, 3, 13); /* the old path is forgotten */
        free(world.jitter);
    }
}

/* ---- single steps: transit 0, no clocks ---- */

static enum wzp_jitter_result put(struct wzp_jitter *jitter, uint32_t sequence, uint32_t frame, bool copy,
                                  int64_t late_ms)
{
    uint8_t byte = (uint8_t)frame;
    return put_any(jitter, sequence, frame * 20, false, copy, (struct wzp_slice){&byte, 1},
                   (frame * 20 + late_ms) * WZP_MS);
}

static void expect(struct wzp_jitter *jitter, int64_t now_ms, enum wzp_jitter_kind kind,
                   uint32_t timestamp_ms)
{
    struct wzp_jitter_play play = wzp_jitter_get(jitter, now_ms * WZP_MS, false);
    assert_int_equal(play.kind, kind);
    if (kind != WZP_JITTER_NOISE && kind != WZP_JITTER_NOTHING)
        assert_int_equal(play.timestamp_ms, timestamp_ms);
}

static void plays_a_late_frame_in_full(void **state)
{
    (void)state;
    struct wzp_jitter *jitter = new_jitter(400);
    expect(jitter, 0, WZP_JITTER_NOTHING, 0);
    put(jitter, 0, 0, false, 0);
    expect(jitter, 5, WZP_JITTER_FRAME, 0);
    expect(jitter, 25, WZP_JITTER_CONCEAL, 20);
    expect(jitter, 35, WZP_JITTER_CONCEAL, 30);
    put(jitter, 1, 1, false, 16);
    expect(jitter, 45, WZP_JITTER_FRAME, 20);
    put(jitter, 2, 2, false, 0);
    expect(jitter, 65, WZP_JITTER_FRAME, 40);
    struct wzp_jitter_stats stats = wzp_jitter_stats(jitter);
    assert_int_equal(stats.grown, 2);
    assert_int_equal(stats.delay_ms, 25);
    assert_int_equal(stats.lost, 0);
    free(jitter);
}

static void gives_up_a_lost_frame_when_its_time_is_filled(void **state)
{
    (void)state;
    struct wzp_jitter *jitter = new_jitter(400);
    put(jitter, 0, 0, false, 0);
    expect(jitter, 5, WZP_JITTER_FRAME, 0);
    put(jitter, 3, 3, false, 0);
    expect(jitter, 25, WZP_JITTER_CONCEAL, 20);
    expect(jitter, 35, WZP_JITTER_CONCEAL, 30);
    expect(jitter, 45, WZP_JITTER_CONCEAL, 40);
    expect(jitter, 55, WZP_JITTER_CONCEAL, 50);
    expect(jitter, 65, WZP_JITTER_FRAME, 60);
    assert_int_equal(put(jitter, 1, 1, false, 50), WZP_JITTER_LATE);
    assert_int_equal(put(jitter, 1, 1, false, 50), WZP_JITTER_DUPLICATE);
    assert_int_equal(put(jitter, 3, 3, false, 50), WZP_JITTER_DUPLICATE);
    struct wzp_jitter_stats stats = wzp_jitter_stats(jitter);
    assert_int_equal(stats.lost, 2);
    assert_int_equal(stats.late, 1);
    assert_int_equal(stats.duplicate, 2);
    assert_int_equal(stats.delay_ms, 5);
    free(jitter);
}

static void takes_the_copy_from_the_successor(void **state)
{
    (void)state;
    struct wzp_jitter *jitter = new_jitter(400);
    put(jitter, 0, 0, true, 0);
    expect(jitter, 5, WZP_JITTER_FRAME, 0);
    put(jitter, 2, 2, true, 0);
    put(jitter, 5, 5, true, 0);
    expect(jitter, 25, WZP_JITTER_RECOVER, 20);
    expect(jitter, 45, WZP_JITTER_FRAME, 40);
    expect(jitter, 65, WZP_JITTER_CONCEAL, 60); /* two are lost: the copy is of the second */
    expect(jitter, 75, WZP_JITTER_CONCEAL, 70);
    expect(jitter, 85, WZP_JITTER_RECOVER, 80);
    expect(jitter, 105, WZP_JITTER_FRAME, 100);
    expect(jitter, 125, WZP_JITTER_CONCEAL, 120);
    expect(jitter, 135, WZP_JITTER_CONCEAL, 130);
    put(jitter, 7, 7, true, 0); /* the copy comes too late for a delay of 5 ms, not for the target of 23 */
    expect(jitter, 145, WZP_JITTER_RECOVER, 120);
    expect(jitter, 165, WZP_JITTER_FRAME, 140);
    assert_int_equal(wzp_jitter_stats(jitter).delay_ms, 25);
    put(jitter, 9, 9, true, 0);
    expect(jitter, 185, WZP_JITTER_RECOVER, 160); /* from now on it is there in time */
    free(jitter);
}

static void takes_silence_for_silence_and_finds_a_lost_start(void **state)
{
    (void)state;
    struct wzp_jitter *jitter = new_jitter(400);
    uint8_t level = 60;
    put(jitter, 0, 0, true, 0);
    expect(jitter, 5, WZP_JITTER_FRAME, 0);
    put_any(jitter, 1, 20, true, false, (struct wzp_slice){&level, 1}, 20 * WZP_MS);
    struct wzp_jitter_play play = wzp_jitter_get(jitter, 25 * WZP_MS, false);
    assert_int_equal(play.kind, WZP_JITTER_NOISE);
    assert_int_equal(play.payload.len, 1);
    assert_int_equal(play.payload.data[0], 60);
    expect(jitter, 35, WZP_JITTER_NOISE, 0);
    put(jitter, 2, 10, true, 0);
    expect(jitter, 201, WZP_JITTER_NOISE, 0); /* the target is 3 ms */
    expect(jitter, 203, WZP_JITTER_FRAME, 200);
    put(jitter, 3, 20, true, 0); /* nothing is missing: no loss, but the spurt is over */
    for (int64_t ms = 223; ms < 403; ms += 10)
        expect(jitter, ms, WZP_JITTER_NOISE, 0);
    expect(jitter, 403, WZP_JITTER_FRAME, 400);
    put_any(jitter, 4, 420, true, false, (struct wzp_slice){&level, 1}, 420 * WZP_MS);
    expect(jitter, 423, WZP_JITTER_NOISE, 0);
    put(jitter, 6, 41, true, 0); /* sequence 5 is missing, and target is 23 ms now */
    expect(jitter, 822, WZP_JITTER_NOISE, 0);
    expect(jitter, 823, WZP_JITTER_RECOVER, 800);
    expect(jitter, 843, WZP_JITTER_FRAME, 820);
    assert_int_equal(wzp_jitter_stats(jitter).lost, 1);
    free(jitter);
}

static void falls_silent_after_200_ms_of_nothing(void **state)
{
    (void)state;
    struct wzp_jitter *jitter = new_jitter(400);
    put(jitter, 0, 0, false, 0);
    expect(jitter, 5, WZP_JITTER_FRAME, 0);
    for (int64_t ms = 25; ms < 225; ms += 10)
        expect(jitter, ms, WZP_JITTER_CONCEAL, (uint32_t)ms - 5);
    expect(jitter, 225, WZP_JITTER_NOISE, 0);
    put(jitter, 20, 20, false, 0);
    expect(jitter, 402, WZP_JITTER_NOISE, 0);
    expect(jitter, 403, WZP_JITTER_FRAME, 400);
    free(jitter);
}

static void moves_the_delay_in_pauses(void **state)
{
    (void)state;
    struct wzp_jitter *jitter = new_jitter(400);
    for (uint32_t i = 0; i < 30; i++)
        put(jitter, i, i, false, 0);
    for (uint32_t i = 0; i < 5; i++) { /* 100 ms late: the target grows to the margin over it */
        put(jitter, 30 + i, 30 + i, false, 100);
    }
    assert_int_equal(wzp_jitter_stats(jitter).target_ms, 103);
    struct wzp_jitter_play play = wzp_jitter_get(jitter, 110 * WZP_MS, false);
    assert_int_equal(play.kind, WZP_JITTER_FRAME);
    /* As if the loudspeaker had been ahead: 20 ms of delay are missing. In speech nothing happens, in a pause
     * 10 ms are put in. */
    assert_false(wzp_jitter_skip(jitter, 100 * WZP_MS, 0, true));
    assert_int_equal(wzp_jitter_get(jitter, 103 * WZP_MS, true).kind, WZP_JITTER_CONCEAL);
    assert_int_equal(wzp_jitter_get(jitter, 113 * WZP_MS, true).kind, WZP_JITTER_CONCEAL);
    assert_int_equal(wzp_jitter_get(jitter, 123 * WZP_MS, true).kind, WZP_JITTER_FRAME);
    assert_int_equal(wzp_jitter_get(jitter, 133 * WZP_MS, false).kind, WZP_JITTER_FRAME);
    /* And 30 ms too much: only a pause gives them back. */
    assert_int_equal(wzp_jitter_get(jitter, 193 * WZP_MS, false).kind, WZP_JITTER_FRAME);
    assert_false(wzp_jitter_skip(jitter, 203 * WZP_MS, 0, false));
    assert_true(wzp_jitter_skip(jitter, 203 * WZP_MS, 0, true));
    free(jitter);
}

static void bounds_what_it_stores(void **state)
{
    (void)state;
    struct wzp_jitter *jitter = new_jitter(400);
    uint8_t large[WZP_AUDIO_PAYLOAD_MAX + 1] = {0};
    assert_int_equal(put_any(jitter, 0, 0, false, false, (struct wzp_slice){large, sizeof large}, 0),
                     WZP_JITTER_TOO_LARGE);
    /* 200 frames and nobody plays: the newest 128 stay, those that are not too late are played. */
    for (uint32_t i = 0; i < 200; i++)
        assert_int_equal(put(jitter, i, i, false, 0), WZP_JITTER_STORED);
    struct wzp_jitter_play play = wzp_jitter_get(jitter, 3980 * WZP_MS, false);
    assert_int_equal(play.kind, WZP_JITTER_FRAME);
    assert_int_equal(play.timestamp_ms, 3580);
    assert_int_equal(wzp_jitter_stats(jitter).lost, 179);
    free(jitter);
}

static void measures_what_arrives(void **state)
{
    (void)state;
    struct wzp_jitter *jitter = new_jitter(400);
    put(jitter, 0, 0, false, 0);
    put(jitter, 1, 1, false, 16);
    assert_int_equal(wzp_jitter_stats(jitter).jitter_us, 1000); /* a sixteenth of the change */
    free(jitter);
    for (uint32_t every = 50; every <= 200; every += 150) { /* 2 % and 0.5 % are late by 50 ms */
        jitter = new_jitter(400);
        for (uint32_t i = 0; i < 2000; i++)
            put(jitter, i, i, false, i % every == 7 ? 50 : 0);
        assert_int_equal(wzp_jitter_stats(jitter).target_ms, every == 50 ? 53 : 3);
        free(jitter);
    }
    jitter = new_jitter(400);
    for (uint32_t i = 0; i < 2000; i++) /* swapped in pairs, at the same moment: nothing is lost */
        put(jitter, i ^ 1, i ^ 1, true, i % 2 ? 20 : 0);
    assert_in_range(wzp_jitter_stats(jitter).target_ms, 23, 24);
    /* The first one counts from 1, which came before 0. */
    assert_int_equal(wzp_jitter_stats(jitter).received, wzp_jitter_stats(jitter).expected + 1);
    free(jitter);
}

/* A sender may say anything: nothing breaks, each stored frame is played at most once, and a sane sender that
 * follows is heard again. */
static void bears_any_numbers(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 20; seed++) {
        struct wzp_rng rng = wzp_rng_make(seed, 3);
        struct wzp_jitter *jitter = new_jitter(100);
        int64_t now_ns = 0;
        uint64_t stored = 0, played = 0;
        uint32_t sequence = 0, timestamp_ms = 0;
        for (int i = 0; i < 20000; i++) {
            static const int64_t steps_ns[] = {0, WZP_MS, 20 * WZP_MS, 20 * WZP_MS, 3 * WZP_S};
            now_ns += steps_ns[wzp_rng_below(&rng, 5)];
            uint64_t roll = wzp_rng_below(&rng, 10);
            sequence = roll == 0 ? (uint32_t)wzp_rng_u64(&rng)
                                 : sequence + (uint32_t)wzp_rng_below(&rng, 70) - 3;
            timestamp_ms = roll == 1 ? (uint32_t)wzp_rng_u64(&rng)
                                     : timestamp_ms + (uint32_t)wzp_rng_below(&rng, 99);
            uint8_t byte = 1;
            stored += put_any(jitter, sequence, timestamp_ms, roll == 2, roll < 6,
                              (struct wzp_slice){&byte, 1}, now_ns) == WZP_JITTER_STORED;
            struct wzp_jitter_play play = wzp_jitter_get(jitter, now_ns, roll == 3);
            played += play.kind == WZP_JITTER_FRAME ||
                      (play.kind == WZP_JITTER_NOISE && play.payload.len > 0);
            wzp_jitter_skip(jitter, now_ns, 0, roll == 4);
            assert_true(wzp_jitter_stats(jitter).target_ms <= 100);
        }
        assert_in_range(played, 1, stored);
        uint64_t heard = 0;
        for (uint32_t i = 0; i < 200; i++) {
            put(jitter, sequence + 1000 + i, 1000000 + i, false, 0);
            heard += wzp_jitter_get(jitter, ((1000000 + i) * INT64_C(20) + 5) * WZP_MS, false).kind ==
                     WZP_JITTER_FRAME;
        }
        assert_in_range(heard, 150, 200);
        free(jitter);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plays_everything_once_without_jitter),
        cmocka_unit_test(does_what_the_twin_does),
        cmocka_unit_test(follows_the_jitter),
        cmocka_unit_test(waits_for_copies_only_while_losses_are_seen),
        cmocka_unit_test(keeps_up_with_a_drifting_clock),
        cmocka_unit_test(starts_anew_with_a_restarted_sender),
        cmocka_unit_test(survives_a_slower_path),
        cmocka_unit_test(plays_a_late_frame_in_full),
        cmocka_unit_test(gives_up_a_lost_frame_when_its_time_is_filled),
        cmocka_unit_test(takes_the_copy_from_the_successor),
        cmocka_unit_test(takes_silence_for_silence_and_finds_a_lost_start),
        cmocka_unit_test(falls_silent_after_200_ms_of_nothing),
        cmocka_unit_test(moves_the_delay_in_pauses),
        cmocka_unit_test(bounds_what_it_stores),
        cmocka_unit_test(measures_what_arrives),
        cmocka_unit_test(bears_any_numbers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
