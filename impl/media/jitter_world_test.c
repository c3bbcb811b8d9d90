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
    if (twin->count == 0) {
        twin->next = twin->newest = new->sequence;
        twin->base_ns = new->arrived_ns - (new->timestamp_ms + (new->frames - 1) * 20) * WZP_MS;
    }
    assert_true(twin->count < TWIN_PACKETS);
    struct twin_packet *packet = &twin->packets[twin->count++];
    *packet = *new;
    packet->is_belated = is_repaired || (twin->has_horizon && new->sequence < twin->newest);
    if (!twin->started && new->sequence < twin->next)
        twin->next = new->sequence;
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
    int64_t next = twin->next;
    while (next < head->sequence &&
           head->timestamp_ms - (head->sequence - next - 1) * head->frames * 20 <= moment_ms + 20)
        next++;
    twin->next = next;
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
    int64_t count_from_ms;            /* capture times of what is counted here: */
    int64_t count_to_ms;              /* 0: all */
    int64_t sent_speech;              /* frames that come, sooner or later */
    int64_t played_speech;            /* of these */
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

static bool is_counted(const struct world *world, int64_t timestamp_ms)
{
    return timestamp_ms >= world->count_from_ms &&
           (world->count_to_ms == 0 || timestamp_ms < world->count_to_ms);
}

static void note_late(struct world *world, int64_t late_ns, int64_t timestamp_ms)
{
    int64_t late_ms = (late_ns + WZP_MS - 1) / WZP_MS;
    assert_in_range(late_ms, 0, LATENESS_MAX - 1);
    if (!is_counted(world, timestamp_ms))
        return;
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
            note_late(world, late_ns, timestamp_ms);
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
            note_late(world, at_ns - now_ns - world->delay_ns, timestamp_ms);
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
    world->delay_ms_sum += is_counted(world, inside) ? delay_ms * play->frames : 0;
    world->played_speech += is_counted(world, inside) ? play->frames - (play->skip_ms + 10) / 20 : 0;
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

/* What one who knows all arrivals would wait: the smallest delay that at most 200 of a million packets miss.
 */
static int64_t hindsight_ms(const struct world *world)
{
    int64_t sum = 0, above = 0, late_ms = LATENESS_MAX - 1;
    for (size_t i = 0; i < LATENESS_MAX; i++)
        sum += world->late_by_ms[i];
    while (late_ms > 0 && (above + world->late_by_ms[late_ms]) * 5000 <= sum)
        above += world->late_by_ms[late_ms--];
    return late_ms;
}

/* Repair that comes soon as a rule: the time of the next repair packet, and of the one after it ... */
static int64_t in_steps(struct wzp_rng *rng, int64_t horizon_ns)
{
    int64_t late_ns = horizon_ns / 10;
    while (wzp_rng_unit(rng) < 0.5 && late_ns < horizon_ns)
        late_ns += horizon_ns / 10;
    return late_ns;
}

/* Two hops, each of which seldom needs its half of the horizon. */
static int64_t two_hops(struct wzp_rng *rng, int64_t horizon_ns)
{
    return in_steps(rng, horizon_ns / 2) + (wzp_rng_unit(rng) < 0.5 ? in_steps(rng, horizon_ns / 2) : 0);
}

/* The horizon promises far too much. */
static int64_t in_a_quarter(struct wzp_rng *rng, int64_t horizon_ns)
{
    return uniform(rng, horizon_ns / 4);
}

static void waits_as_long_as_it_pays(void **state)
{
    (void)state;
    static const struct {
        double loss;
        int64_t horizon_ms, jitter_ms, packet_frames;
        int64_t (*lateness_ns)(struct wzp_rng *rng, int64_t horizon_ns);
        bool is_upstream;
    } rows[] = {
        {0.05, 100, 5, 1, uniform, false},   {0.05, 100, 5, 1, in_steps, false},
        {0.20, 120, 10, 1, two_hops, false}, {0.20, 120, 10, 2, uniform, false},
        {0.30, 200, 40, 1, in_steps, false}, {0.30, 200, 40, 1, in_a_quarter, false},
        {0.50, 160, 5, 1, two_hops, false},  {0.50, 160, 5, 2, in_a_quarter, false},
        {0.70, 240, 20, 3, uniform, false},  {0.70, 240, 20, 1, two_hops, false},
        {0.70, 350, 60, 6, in_steps, false}, {0.20, 120, 10, 1, uniform, true},
        {0.50, 160, 5, 1, two_hops, true},   {0.70, 240, 20, 2, in_steps, true},
    };
    int64_t wait_sum_ms = 0, best_sum_ms = 0;
    for (size_t row = 0; row < sizeof rows / sizeof *rows; row++)
        for (uint64_t seed = 0; seed < 3; seed++) {
            struct world world = {
                .delay_ns = 50 * WZP_MS,
                .jitter_ns = rows[row].jitter_ms * WZP_MS,
                .loss = rows[row].loss,
                .repaired = 0.98,
                .lateness_ns = rows[row].lateness_ns,
                .horizon_ns = rows[row].horizon_ms * WZP_MS,
                .is_upstream = rows[row].is_upstream,
                .packet_frames = rows[row].packet_frames,
                .count_from_ms = 30000,
                .count_to_ms = 328000,
                .talk_frames = 100 / rows[row].packet_frames,
                .silence_frames = 25 / rows[row].packet_frames,
            };
            world_start(&world, seed);
            world_run(&world, NULL, 330 * WZP_S);
            int64_t best_ms = hindsight_ms(&world);
            int64_t wait_ms = world.delay_ms_sum / world.played_speech - (world.packet_frames - 1) * 20;
            assert_in_range(world.sent_speech - world.played_speech, 0, world.sent_speech / 1000);
            assert_in_range(wait_ms, 3, best_ms * 3 / 2 + 10);
            wait_sum_ms += wait_ms;
            best_sum_ms += best_ms;
            free(world.jitter);
        }
    assert_true(wait_sum_ms * 4 < best_sum_ms * 5); /* a quarter more than hindsight, on average */
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plays_everything_once_without_jitter),
        cmocka_unit_test(does_what_the_twin_does),
        cmocka_unit_test(waits_as_long_as_it_pays),
        cmocka_unit_test(follows_the_jitter),
        cmocka_unit_test(waits_for_copies_only_while_losses_are_seen),
        cmocka_unit_test(keeps_up_with_a_drifting_clock),
        cmocka_unit_test(survives_a_slower_path),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
