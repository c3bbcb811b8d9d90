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
    int64_t frames;
    int64_t reach;
    int64_t arrived_ns;
    bool is_comfort_noise;
    bool is_belated;
    bool gone;
};

struct twin {
    struct twin_packet packets[TWIN_PACKETS];
    size_t count;
    int64_t newest;
    int64_t next;
    bool started;
    bool talking;
    int64_t play_ms;
    int64_t invented_ms;
    int64_t base_ns;
    /* As of the buffer: what it waits is another law. */
    int64_t target_ms;
    bool has_horizon;
    int64_t now_ns;
};

static bool twin_put(struct twin *twin, const struct twin_packet *new, bool is_repaired)
{
    for (size_t i = 0; i < twin->count; i++)
        if (twin->packets[i].sequence == new->sequence)
            return false;
    if (twin->count == 0)
        twin->next = twin->newest = new->sequence;
    assert_true(twin->count < TWIN_PACKETS);
    struct twin_packet *packet = &twin->packets[twin->count++];
    *packet = *new;
    packet->is_belated = is_repaired || (twin->has_horizon && new->sequence < twin->newest);
    packet->gone = new->sequence < twin->next;
    if (new->sequence > twin->newest)
        twin->newest = new->sequence;
    if (packet->is_belated)
        return true;
    twin->base_ns = INT64_MAX;
    for (size_t i = 0; i < twin->count; i++) {
        const struct twin_packet *past = &twin->packets[i];
        int64_t transit = past->arrived_ns - (past->timestamp_ms + (past->frames - 1) * 20) * WZP_MS;
        bool counts = !past->is_belated &&
                      new->arrived_ns / WZP_S - past->arrived_ns / WZP_S < WZP_JITTER_WINDOW;
        if (counts && transit < twin->base_ns)
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

/* The first that reaches back to this moment, of eight sequence numbers. */
static bool twin_has_giver(const struct twin *twin, int64_t sequence, int64_t moment_ms)
{
    for (size_t i = 0; i < twin->count; i++) {
        const struct twin_packet *packet = &twin->packets[i];
        if (!packet->gone && packet->sequence >= sequence && packet->sequence < sequence + 8 &&
            packet->timestamp_ms - packet->reach * 20 <= moment_ms)
            return true;
    }
    return false;
}

struct twin_play {
    enum wzp_jitter_kind kind;
    int64_t timestamp_ms;
};

/* Is the moment, played now, no later than its target by a piece or more? */
static bool twin_is_worth(const struct twin *twin, int64_t moment_ms, int64_t slack_ms)
{
    return twin->now_ns < twin->base_ns + (moment_ms + twin->target_ms + slack_ms) * WZP_MS;
}

static struct twin_play twin_take(struct twin *twin, struct twin_packet *packet, int64_t skip_ms)
{
    packet->gone = true;
    twin->next = packet->sequence + 1;
    twin->invented_ms = 0;
    twin->started = true;
    twin->talking = !packet->is_comfort_noise;
    twin->play_ms = packet->timestamp_ms + packet->frames * 20;
    return (struct twin_play){packet->is_comfort_noise ? WZP_JITTER_NOISE : WZP_JITTER_FRAME,
                              packet->timestamp_ms + skip_ms};
}

/* The lost frame at `moment_ms`: of the packets before `head`, as long as it, those that end by then are
 * lost. */
static struct twin_play twin_copy(struct twin *twin, const struct twin_packet *head, int64_t moment_ms)
{
    int64_t ends_before = twin->next;
    for (int64_t n = head->sequence; n > twin->next; n--) /* the packet that starts after the moment */
        if (head->timestamp_ms - (head->sequence - n) * head->frames * 20 >= moment_ms + 20)
            ends_before = n;
    twin->next = ends_before;
    twin->started = true;
    twin->talking = true;
    twin->play_ms = moment_ms + 20;
    twin->invented_ms = 0;
    return (struct twin_play){WZP_JITTER_RECOVER, moment_ms};
}

static int64_t twin_passed(const struct twin *twin, const struct twin_packet *head)
{
    int64_t gap_ms = head->timestamp_ms - twin->play_ms;
    int64_t passed_ms = gap_ms < 0 ? -gap_ms : 0;
    if (head->is_belated && twin->invented_ms > gap_ms &&
        !twin_is_worth(twin, head->timestamp_ms + passed_ms, 10))
        passed_ms = twin->invented_ms - gap_ms;
    return passed_ms;
}

static bool twin_talk(struct twin *twin, struct twin_packet *head, struct twin_play *play)
{
    int64_t gap_ms = head == NULL ? INT64_MAX : head->timestamp_ms - twin->play_ms;
    bool adjacent = head != NULL && head->sequence == twin->next;
    if (adjacent) {
        if (gap_ms < 20)
            *play = twin_take(twin, head, twin_passed(twin, head));
        return gap_ms < 20;
    }
    int64_t at_ms = twin->play_ms + twin->invented_ms;
    for (int64_t k = head == NULL ? 0 : gap_ms / 20; k > 0; k--) {
        int64_t moment_ms = head->timestamp_ms - k * 20;
        bool in_time = moment_ms == at_ms || (moment_ms < at_ms && twin_is_worth(twin, moment_ms, 10));
        if (in_time && twin_has_giver(twin, head->sequence, moment_ms)) {
            *play = twin_copy(twin, head, moment_ms);
            return true;
        }
    }
    bool waits = head != NULL && twin->has_horizon && twin_is_worth(twin, head->timestamp_ms, -9);
    if (gap_ms <= twin->invented_ms && !waits) {
        *play = twin_take(twin, head, 0);
        return true;
    }
    if (twin->invented_ms >= 200)
        return false;
    twin->invented_ms += 10;
    if (head != NULL && at_ms >= head->timestamp_ms)
        at_ms = head->timestamp_ms - 10;
    *play = (struct twin_play){WZP_JITTER_CONCEAL, at_ms};
    return true;
}

static struct twin_play twin_get(struct twin *twin)
{
    struct twin_packet *head = twin_head(twin);
    struct twin_play play;
    while (twin->talking && head != NULL && head->sequence == twin->next && !head->is_comfort_noise &&
           twin_passed(twin, head) >= head->frames * 20) {
        int64_t more_ms = head->timestamp_ms + head->frames * 20 - twin->play_ms;
        if (more_ms > 0) {
            twin->play_ms += more_ms;
            twin->invented_ms = twin->invented_ms > more_ms ? twin->invented_ms - more_ms : 0;
        }
        twin->next++;
        head = twin_head(twin);
    }
    if (twin->talking && twin_talk(twin, head, &play))
        return play;
    twin->invented_ms = 0;
    if (head != NULL && !twin_is_worth(twin, head->timestamp_ms, 0))
        return twin_take(twin, head, 0);
    twin->talking = false;
    if (head != NULL) { /* the last moment before it that is due, if it may be of a lost packet */
        int64_t moment_ms = head->timestamp_ms;
        while (twin_is_worth(twin, moment_ms, 0))
            moment_ms -= 20;
        int64_t lost = head->sequence - twin->next;
        bool is_lost = moment_ms >= head->timestamp_ms - lost * head->frames * 20 &&
                       (!twin->started || moment_ms >= twin->play_ms);
        if (is_lost && twin_has_giver(twin, head->sequence, moment_ms))
            return twin_copy(twin, head, moment_ms);
    }
    return (struct twin_play){twin->started ? WZP_JITTER_NOISE : WZP_JITTER_NOTHING, 0};
}

/* ---- a world: one sender, one path, one loudspeaker ---- */

#define IN_FLIGHT    512
#define LATENESS_MAX 1000

struct world {
    struct wzp_rng rng;
    int64_t delay_ns;
    int64_t jitter_ns; /* uniform, added */
    bool reorder;
    double loss;
    double duplicate;
    int64_t reach;         /* frames before a speech packet that it can give */
    int64_t packet_frames; /* 0: 1 */
    double repaired;       /* share of lost packets that are repaired */
    bool is_upstream;      /* repaired before the last hop: here they only come late */
    int64_t (*lateness_ns)(struct wzp_rng *rng, int64_t horizon_ns); /* of repaired packets */
    int64_t horizon_ns;
    int64_t talk_frames; /* mean lengths in packets; silence_frames 0: never silent */
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
        bool is_repaired;
    } flight[IN_FLIGHT];
    size_t flying;
    int64_t frame;    /* captured so far */
    int64_t sequence; /* packets sent so far */
    int64_t last_arrival_ns;
    int64_t left; /* packets of this talk or silence */
    bool silent;
    int64_t silent_frames;
    int64_t captured_speech;
    int64_t sent_speech;              /* frames that come, sooner or later */
    int64_t late_by_ms[LATENESS_MAX]; /* how many packets came so late */
    int64_t next_pull_ns;

    struct wzp_jitter *jitter;
    int64_t played;
    int64_t copied;
    int64_t concealed;
    int64_t delay_ms_sum; /* of played frames, over capture + delay_ns */
    int64_t delay_ms_max;
    int64_t delay_ms_min;
    int64_t end_ms; /* of what was played last */
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
    world->packet_frames += world->packet_frames == 0;
    world->next_pull_ns = world->phase_ns;
    world->jitter = new_jitter(400);
    wzp_jitter_set_horizon(world->jitter, world->horizon_ns);
}

static int64_t capture_ns(const struct world *world, int64_t frame)
{
    int64_t ns = frame * 20 * WZP_MS;
    return ns - ns / 1000000 * world->drift_ppm;
}

static void world_fly(struct world *world, int64_t at_ns, int64_t sequence, int64_t timestamp_ms,
                      bool is_repaired)
{
    assert_true(world->flying < IN_FLIGHT);
    world->flight[world->flying].at_ns = at_ns;
    world->flight[world->flying].sequence = sequence;
    world->flight[world->flying].timestamp_ms = timestamp_ms;
    world->flight[world->flying].noise = world->silent;
    world->flight[world->flying++].is_repaired = is_repaired;
}

static void note_late(struct world *world, int64_t late_ns)
{
    int64_t late_ms = (late_ns + WZP_MS - 1) / WZP_MS;
    assert_in_range(late_ms, 0, LATENESS_MAX - 1);
    world->late_by_ms[late_ms]++;
    world->sent_speech += world->silent ? 0 : world->packet_frames;
}

/* A packet's time has been captured: it leaves, if it is worth it. */
static void world_send(struct world *world)
{
    int64_t now_ns = capture_ns(world, world->frame + world->packet_frames);
    int64_t timestamp_ms = world->frame * 20;
    world->frame += world->packet_frames;
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
        timestamp_ms += (world->packet_frames - 1) * 20;
    } else {
        world->captured_speech += world->packet_frames;
    }
    int64_t sequence = world->sequence++;
    if (sequence > 0 && wzp_rng_unit(&world->rng) < world->loss) {
        if (wzp_rng_unit(&world->rng) < world->repaired) {
            int64_t late_ns = world->lateness_ns(&world->rng, world->horizon_ns);
            world_fly(world, now_ns + world->delay_ns + late_ns, sequence, timestamp_ms, !world->is_upstream);
            note_late(world, late_ns);
        }
        return;
    }
    for (int copy = 0; copy <= (wzp_rng_unit(&world->rng) < world->duplicate); copy++) {
        int64_t late_ns = world->jitter_ns > 0
                              ? (int64_t)wzp_rng_below(&world->rng, (uint64_t)world->jitter_ns)
                              : 0;
        int64_t at_ns = now_ns + world->delay_ns + late_ns;
        if (!world->reorder && at_ns < world->last_arrival_ns)
            at_ns = world->last_arrival_ns;
        world->last_arrival_ns = at_ns;
        world_fly(world, at_ns, sequence, timestamp_ms, false);
        if (copy == 0)
            note_late(world, at_ns - now_ns - world->delay_ns);
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
        bool is_repaired = world->flight[first].is_repaired;
        memmove(&world->flight[first], &world->flight[first + 1],
                (world->flying - first - 1) * sizeof world->flight[0]);
        world->flying--;
        uint8_t payload[8];
        memcpy(payload, &timestamp_ms, 8);
        struct wzp_jitter_packet packet = {
            .sequence = world->first_sequence + (uint32_t)sequence,
            .timestamp_ms = world->first_timestamp_ms + (uint32_t)timestamp_ms,
            .frames = noise ? 1 : (unsigned)world->packet_frames,
            .reach = noise ? 0 : (unsigned)world->reach,
            .is_comfort_noise = noise,
            .is_repaired = is_repaired,
            .payload = {payload, 8},
        };
        enum wzp_jitter_result result = wzp_jitter_put(world->jitter, &packet, at_ns);
        assert_true(result != WZP_JITTER_TOO_LARGE && (world->may_restart || result != WZP_JITTER_TOO_FAR));
        if (twin == NULL)
            continue;
        struct twin_packet same = {sequence, timestamp_ms, packet.frames, packet.reach,
                                   at_ns,    noise,        false,         false};
        assert_int_equal(twin_put(twin, &same, is_repaired), result != WZP_JITTER_DUPLICATE);
        struct twin_packet *twins = &twin->packets[twin->count - 1];
        if (result == WZP_JITTER_LATE) { /* in a pause: what is too late to begin a spurt with */
            assert_true(twins->gone || (twins->is_belated && !twin->talking));
            twins->gone = true;
        }
    }
}

/* How long what is played takes. */
static int64_t length_ms(const struct wzp_jitter_play *play)
{
    if (play->kind == WZP_JITTER_FRAME)
        return (int64_t)play->frames * 20 - play->skip_ms;
    return play->kind == WZP_JITTER_RECOVER ? 20 : 10;
}

static void note_play(struct world *world, const struct wzp_jitter_play *play, int64_t now_ns)
{
    int64_t timestamp_ms = (uint32_t)(play->timestamp_ms - world->first_timestamp_ms);
    if (play->kind == WZP_JITTER_CONCEAL)
        world->concealed++;
    if (play->kind != WZP_JITTER_FRAME && play->kind != WZP_JITTER_RECOVER)
        return;
    assert_true(timestamp_ms >= world->end_ms);
    world->end_ms = timestamp_ms + length_ms(play);
    int64_t inside;
    assert_int_equal(play->payload.len, 8);
    memcpy(&inside, play->payload.data, 8);
    if (play->kind == WZP_JITTER_RECOVER) {
        assert_true(play->behind >= 1 && play->behind <= world->reach);
        assert_int_equal(inside - play->behind * 20, timestamp_ms);
        world->copied++;
        return;
    }
    assert_int_equal(inside + play->skip_ms, timestamp_ms);
    assert_true(play->skip_ms % 10 == 0 && play->skip_ms < play->frames * 20);
    int64_t delay_ms = (now_ns - capture_ns(world, timestamp_ms / 20 + 1) - world->delay_ns) / WZP_MS;
    world->played += play->frames - (play->skip_ms + 10) / 20;
    world->delay_ms_sum += delay_ms * play->frames;
    if (delay_ms > world->delay_ms_max)
        world->delay_ms_max = delay_ms;
    if (delay_ms < world->delay_ms_min)
        world->delay_ms_min = delay_ms;
}

/* Runs until the loudspeaker has reached `until_ns`. */
static void world_run(struct world *world, struct twin *twin, int64_t until_ns)
{
    while (world->next_pull_ns < until_ns) {
        while (capture_ns(world, world->frame + world->packet_frames) <= world->next_pull_ns)
            world_send(world);
        world_deliver(world, twin, world->next_pull_ns);
        int64_t now_ns = world->next_pull_ns;
        struct twin_play expected = {0};
        if (twin != NULL) {
            twin->target_ms = wzp_jitter_stats(world->jitter).target_ms;
            twin->now_ns = now_ns;
            expected = twin_get(twin);
        }
        struct wzp_jitter_play play = wzp_jitter_get(world->jitter, now_ns, false);
        if (twin != NULL) {
            assert_int_equal(play.kind, expected.kind);
            if (play.kind != WZP_JITTER_NOISE && play.kind != WZP_JITTER_NOTHING)
                assert_int_equal(play.timestamp_ms,
                                 world->first_timestamp_ms + (uint32_t)expected.timestamp_ms);
        }
        note_play(world, &play, now_ns);
        int64_t plays_ms = length_ms(&play);
        if (plays_ms > 10 && twin == NULL &&
            wzp_jitter_skip(world->jitter, now_ns + (plays_ms - 10) * WZP_MS, 0, false))
            plays_ms -= 10;
        world->next_pull_ns += plays_ms * WZP_MS;
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

static int64_t uniform(struct wzp_rng *rng, int64_t horizon_ns)
{
    return (int64_t)(wzp_rng_unit(rng) * (double)horizon_ns);
}

static void does_what_the_twin_does(void **state)
{
    (void)state;
    struct twin *twin = malloc(sizeof *twin);
    assert_non_null(twin);
    for (uint64_t seed = 0; seed < 120; seed++) {
        struct wzp_rng rng = wzp_rng_make(seed, 2);
        struct world world = {
            .delay_ns = (int64_t)wzp_rng_below(&rng, 300) * WZP_MS,
            .jitter_ns = (int64_t)wzp_rng_below(&rng, 80) * WZP_MS,
            .reorder = seed % 2,
            .loss = wzp_rng_unit(&rng) * 0.5,
            .duplicate = 0.1,
            .reach = seed % 3 > 0 ? 1 + (int64_t)wzp_rng_below(&rng, 20) : 0,
            .packet_frames = seed % 4 > 0 ? 1 : 1 + (int64_t)wzp_rng_below(&rng, 12),
            .repaired = wzp_rng_unit(&rng),
            .lateness_ns = uniform,
            .horizon_ns = seed % 5 < 2 ? 0 : (int64_t)wzp_rng_below(&rng, 200) * WZP_MS,
            .is_upstream = seed % 7 == 0,
            .talk_frames = 1 + (int64_t)wzp_rng_below(&rng, 100),
            .silence_frames = (int64_t)wzp_rng_below(&rng, 40),
            .drift_ppm = (int64_t)wzp_rng_below(&rng, 400) - 200,
            .first_sequence = UINT32_MAX - (uint32_t)wzp_rng_below(&rng, 1000),
            .first_timestamp_ms = UINT32_MAX - (uint32_t)wzp_rng_below(&rng, 20000),
            .phase_ns = (int64_t)wzp_rng_below(&rng, 10000) * WZP_US,
        };
        memset(twin, 0, sizeof *twin);
        twin->has_horizon = world.horizon_ns > 0;
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
    struct world world = {.delay_ns = 100 * WZP_MS, .loss = 0.1, .reach = 1, .talk_frames = 1};
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
