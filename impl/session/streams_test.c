// SPDX-License-Identifier: Apache-2.0
/* Many streams between two endpoints over a bad link in virtual time, with somebody who reads along. */
#include "session/endpoint.h"

#include "base/rng.h"
#include "session/pipe_test.h"
#include "session/session.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define PIPE_MAX   4096
#define SLOTS      128
#define STREAM_IDS 512

/* What one side's application knows of a stream. */
struct use {
    bool is_open, is_gone, has_ended;
    unsigned opened, resets, stops, ends, gones; /* events */
    uint16_t reason;
    uint64_t size, written, read; /* to write in all; so far */
    bool end_said;
};

/* What a reader of all frames knows of one direction. */
struct tap {
    uint64_t limit[STREAM_IDS], highest[STREAM_IDS], end[STREAM_IDS];
    uint64_t session_limit, sum;
    unsigned streams_limit, frames, wrong;
};

struct world {
    struct wzp_endpoint *side[2]; /* 0 is the initiator */
    struct wzp_addr addr[2];
    uint32_t session[2];
    int64_t now_ns, delay_ns, jitter_ns;
    double loss, twice;
    int64_t ns_per_byte;   /* of the link, in each direction; 0: no limit */
    int64_t free_at_ns[2]; /* when the link to a side is */
    int64_t queue_ns_max;  /* what waits longer is dropped */
    struct wzp_rng rng;
    struct pipe pipe;
    bool reads, answers, is_tapped;
    struct use use[2][STREAM_IDS];
    unsigned media[2];
    int64_t media_late_ns_max[2];
    bool closed[2];
    enum wzp_close_reason reason[2];
    struct tap tap[2]; /* of what a side sends */
    uint64_t salt;
};

static uint8_t byte_at(const struct world *world, unsigned side, uint64_t id, uint64_t offset)
{
    uint64_t value = (offset / 7 + id * 131 + side * 77 + world->salt) * UINT64_C(0x9e3779b97f4a7c15);
    return (uint8_t)(value >> (offset % 7 * 8));
}

static struct session *session_of(struct world *world, unsigned side)
{
    return endpoint_session(world->side[side], world->session[side]);
}

/* `slots` are the responder's. */
static void world_init_slots(struct world *world, uint64_t seed, uint32_t granted, uint32_t window,
                             uint32_t slots)
{
    memset(world, 0, sizeof *world);
    world->delay_ns = 20 * WZP_MS;
    world->rng = wzp_rng_make(seed, 1);
    world->salt = seed;
    world->reads = world->answers = true;
    world->pipe = pipe_make(PIPE_MAX);
    for (unsigned i = 0; i < 2; i++) {
        struct wzp_endpoint_config config = side_config(i, seed);
        config.limits.sessions_max = 2;
        config.limits.half_open_max = i ? 4 : 0;
        config.limits.streams_max = i ? slots : SLOTS;
        config.limits.streams_granted = granted;
        config.limits.bulk_window = window;
        config.limits.session_window = 8 * window;
        world->side[i] = wzp_endpoint_create(&config);
        assert_non_null(world->side[i]);
        world->addr[i] = side_addr(i);
        world->tap[i].session_limit = 8 * window;
        world->tap[i].streams_limit = granted;
        for (unsigned id = 0; id < STREAM_IDS; id++) {
            world->tap[i].limit[id] = window;
            world->tap[i].end[id] = UINT64_MAX;
        }
    }
}

static void world_init(struct world *world, uint64_t seed, uint32_t granted, uint32_t window)
{
    world_init_slots(world, seed, granted, window, SLOTS);
}

static void world_deinit(struct world *world)
{
    for (unsigned i = 0; i < 2; i++)
        wzp_endpoint_destroy(world->side[i]);
    pipe_free(&world->pipe);
}

/* ---- the reader of all frames: holds the sender to what it was granted at most ---- */

static void tap_bytes(struct tap *tap, uint64_t id, uint64_t end)
{
    tap->wrong += end > tap->limit[id] || end > tap->end[id];
    if (end > tap->highest[id]) {
        tap->sum += end - tap->highest[id];
        tap->highest[id] = end;
    }
    tap->wrong += tap->sum > tap->session_limit;
}

static void tap_frame(struct world *world, unsigned from, const struct wzp_frame *frame)
{
    struct tap *tap = &world->tap[from], *other = &world->tap[!from];
    uint64_t id = 0;
    tap->frames++;
    switch (frame->type) {
    case WZP_FRAME_TYPE_STREAM:
        if ((id = frame->stream.id))
            tap_bytes(tap, id, frame->stream.offset + frame->stream.data.len);
        break;
    case WZP_FRAME_TYPE_STREAM_END:
        id = frame->stream_end.id;
        tap_bytes(tap, id, frame->stream_end.size);
        tap->wrong += tap->end[id] != UINT64_MAX && tap->end[id] != frame->stream_end.size;
        tap->end[id] = frame->stream_end.size;
        break;
    case WZP_FRAME_TYPE_STREAM_RESET:
        id = frame->stream_reset.id;
        tap->wrong += frame->stream_reset.size < tap->highest[id];
        tap_bytes(tap, id, frame->stream_reset.size);
        tap->end[id] = frame->stream_reset.size;
        break;
    case WZP_FRAME_TYPE_STREAM_STOP:
        id = frame->stream_stop.id;
        break;
    case WZP_FRAME_TYPE_MAX_STREAM_DATA:
        if ((id = frame->max_stream_data.id) && frame->max_stream_data.limit > other->limit[id])
            other->limit[id] = frame->max_stream_data.limit;
        break;
    case WZP_FRAME_TYPE_MAX_DATA:
        if (frame->max_data.limit > other->session_limit)
            other->session_limit = frame->max_data.limit;
        break;
    case WZP_FRAME_TYPE_MAX_STREAMS:
        if (frame->max_streams.count > other->streams_limit)
            other->streams_limit = (unsigned)frame->max_streams.count;
        break;
    default:
        break;
    }
    bool is_own = id && (id % 2 == 0) == (from == 0);
    tap->wrong += is_own && (id + 1) / 2 > tap->streams_limit;
}

static void tap_datagram(struct world *world, unsigned from, const uint8_t *bytes, size_t len)
{
    const struct session *receiver = session_of(world, !from);
    const struct wzp_hop_key *keys[2];
    uint8_t plain[WZP_DATAGRAM_MAX];
    struct opened opened;
    if (!world->is_tapped || !receiver || (bytes[0] & 0xe0) != WZP_FORM_SHORT)
        return;
    rekey_receive_keys(receiver, keys);
    if (receive_open(keys, &receiver->replay, (struct wzp_slice){bytes, len}, plain, &opened) !=
        WZP_DROP_COUNT)
        fail();
    struct wzp_reader reader = wzp_reader_make(plain, opened.len);
    struct wzp_frame frame;
    while (wzp_frame_decode(&reader, &frame) == WZP_FRAME_OK)
        tap_frame(world, from, &frame);
}

/* ---- the link ---- */

static void push(struct world *world, struct datagram *datagram)
{
    int64_t *free_at_ns = &world->free_at_ns[datagram->side];
    if (wzp_rng_unit(&world->rng) < world->loss)
        return;
    int64_t start_ns = wzp_time_max(world->now_ns, *free_at_ns);
    if (world->ns_per_byte && start_ns - world->now_ns > world->queue_ns_max)
        return;
    *free_at_ns = start_ns + (int64_t)datagram->len * world->ns_per_byte;
    datagram->at_ns = *free_at_ns + world->delay_ns;
    if (world->jitter_ns)
        datagram->at_ns += (int64_t)wzp_rng_below(&world->rng, (uint64_t)world->jitter_ns);
    assert_true(pipe_put(&world->pipe, datagram));
}

static void transmit(struct world *world, unsigned from)
{
    struct datagram datagram = {.from = world->addr[from], .side = !from};
    while (datagram_transmit(&datagram, world->side[from], world->now_ns)) {
        tap_datagram(world, from, datagram.bytes, datagram.len);
        push(world, &datagram);
        if (wzp_rng_unit(&world->rng) < world->twice)
            push(world, &datagram);
    }
}

/* ---- the application ---- */

static void feed(struct world *world, unsigned side, uint64_t id)
{
    struct use *use = &world->use[side][id];
    uint8_t chunk[3000];
    while (use->written < use->size) {
        size_t len = 1 + wzp_rng_below(&world->rng, sizeof chunk);
        if (len > use->size - use->written)
            len = (size_t)(use->size - use->written);
        for (size_t i = 0; i < len; i++)
            chunk[i] = byte_at(world, side, id, use->written + i);
        size_t taken = wzp_endpoint_stream_write(world->side[side], world->session[side], id, chunk, len);
        use->written += taken;
        if (taken < len)
            return;
    }
    if (!use->end_said)
        assert_int_equal(wzp_endpoint_stream_end(world->side[side], world->session[side], id), WZP_ERR_OK);
    use->end_said = true;
}

static void drain(struct world *world, unsigned side, uint64_t id)
{
    struct use *use = &world->use[side][id];
    const uint8_t *data;
    size_t len;
    while ((len = wzp_endpoint_stream_peek(world->side[side], world->session[side], id, &data))) {
        if (len > 5000)
            len = 1 + wzp_rng_below(&world->rng, len);
        for (size_t i = 0; i < len; i++)
            assert_int_equal(data[i], byte_at(world, !side, id, use->read + i));
        use->read += len;
        wzp_endpoint_stream_consume(world->side[side], world->session[side], id, len);
    }
}

static uint64_t some_size(struct world *world)
{
    static const uint64_t most[] = {1, 1, 100, 5000, 40000, 200001};
    return wzp_rng_below(&world->rng, most[wzp_rng_below(&world->rng, 6)]);
}

static void on_stream(struct world *world, unsigned side, const struct wzp_event *event)
{
    uint64_t id = event->stream.id;
    assert_true(id > 0 && id < STREAM_IDS);
    struct use *use = &world->use[side][id];
    assert_false(use->is_gone);
    switch (event->stream.what) {
    case WZP_STREAM_OPENED:
        assert_int_equal((id % 2 == 0), side == 1);
        assert_int_equal(use->opened++, 0);
        use->is_open = true;
        if (world->reads) {
            use->size = world->answers ? some_size(world) : 0;
            feed(world, side, id);
        }
        break;
    case WZP_STREAM_READABLE:
        if (world->reads)
            drain(world, side, id);
        break;
    case WZP_STREAM_WRITABLE:
        feed(world, side, id);
        break;
    case WZP_STREAM_ENDED:
        assert_int_equal(use->ends++, 0);
        if (world->reads) {
            drain(world, side, id);
            assert_true(wzp_endpoint_stream_at_end(world->side[side], world->session[side], id));
        }
        break;
    case WZP_STREAM_RESET:
        use->resets++;
        use->reason = event->stream.reason;
        break;
    case WZP_STREAM_STOPPED:
        use->stops++;
        use->reason = event->stream.reason;
        use->size = use->written;
        use->end_said = true;
        break;
    case WZP_STREAM_GONE:
        use->is_gone = true;
        break;
    }
}

static void poll(struct world *world, unsigned side)
{
    struct wzp_event event;
    while (wzp_endpoint_poll(world->side[side], &event)) {
        if (event.kind == WZP_EVENT_KEYS)
            world->session[side] = event.session;
        if (event.kind == WZP_EVENT_STREAM)
            on_stream(world, side, &event);
        if (event.kind == WZP_EVENT_CLOSED) {
            world->closed[side] = true;
            world->reason[side] = event.closed.reason;
        }
        if (event.kind == WZP_EVENT_MEDIA) {
            int64_t late_ns = world->now_ns - (int64_t)event.media.header.timestamp_ms * WZP_MS;
            world->media[side]++;
            world->media_late_ns_max[side] = wzp_time_max(world->media_late_ns_max[side], late_ns);
        }
    }
}

static void world_run(struct world *world, int64_t until_ns)
{
    for (;;) {
        for (unsigned side = 0; side < 2; side++) {
            transmit(world, side);
            poll(world, side);
        }
        int64_t next_ns = until_ns;
        for (unsigned side = 0; side < 2; side++)
            next_ns = wzp_time_min(next_ns, wzp_endpoint_next_at(world->side[side]));
        struct datagram datagram;
        if (pipe_take(&world->pipe, next_ns, &datagram)) {
            world->now_ns = wzp_time_max(world->now_ns, datagram.at_ns);
            datagram_receive(&datagram, world->side[datagram.side], world->now_ns);
            poll(world, datagram.side);
        } else if (next_ns >= until_ns) {
            world->now_ns = until_ns;
            return;
        } else {
            world->now_ns = wzp_time_max(world->now_ns, next_ns);
            for (unsigned side = 0; side < 2; side++) {
                wzp_endpoint_advance(world->side[side], world->now_ns);
                poll(world, side);
            }
        }
    }
}

static void connect(struct world *world)
{
    uint32_t session;
    assert_int_equal(wzp_endpoint_connect(world->side[0], &world->addr[1], NULL, world->now_ns, &session),
                     WZP_ERR_OK);
    world_run(world, 1 * WZP_S);
    assert_true(world->session[0] && world->session[1]);
}

static uint64_t open_one(struct world *world, unsigned side, uint64_t size)
{
    uint64_t id = 0;
    assert_int_equal(wzp_endpoint_stream_open(world->side[side], world->session[side], &id), WZP_ERR_OK);
    world->use[side][id].is_open = true;
    world->use[side][id].size = size;
    return id;
}

static bool all_gone(const struct world *world)
{
    for (unsigned side = 0; side < 2; side++)
        for (unsigned id = 0; id < STREAM_IDS; id++)
            if (world->use[side][id].is_open && !world->use[side][id].is_gone)
                return false;
    return true;
}

static void expect_empty_pools(struct world *world)
{
    for (unsigned side = 0; side < 2; side++) {
        assert_int_equal(world->side[side]->stream_pool.ours, 0);
        assert_int_equal(world->side[side]->stream_pool.theirs, 0);
        assert_int_equal(session_of(world, side)->streams.count, 0);
        assert_false(world->closed[side]);
    }
}

static void run_until_gone(struct world *world, int64_t at_most_ns)
{
    int64_t until_ns = world->now_ns + at_most_ns;
    while (!all_gone(world) && world->now_ns < until_ns)
        world_run(world, world->now_ns + 100 * WZP_MS);
    assert_true(all_gone(world));
}

/* ---- tests ---- */

static void a_hundred_streams_over_a_bad_link(void **state)
{
    (void)state;
    static const struct {
        double loss, twice;
        int64_t jitter_ns;
        uint32_t window;
        int64_t until_ns;
    } rows[] = {
        {0, 0, 0, 65536, 10 * WZP_S},
        {0.3, 0.1, 30 * WZP_MS, 65536, 20 * WZP_S},
        {0.3, 0.1, 30 * WZP_MS, 4096, 50 * WZP_S},
        {0.6, 0, 5 * WZP_MS, 16384, 60 * WZP_S},
    };
    for (unsigned row = 0; row < sizeof rows / sizeof *rows; row++) {
        static struct world world;
        world_init(&world, 100 + row, 50, rows[row].window);
        connect(&world);
        world.is_tapped = true;
        world.loss = rows[row].loss;
        world.twice = rows[row].twice;
        world.jitter_ns = rows[row].jitter_ns;
        for (unsigned side = 0; side < 2; side++)
            for (unsigned i = 0; i < 50; i++)
                feed(&world, side, open_one(&world, side, some_size(&world)));
        uint64_t more;
        assert_int_equal(wzp_endpoint_stream_open(world.side[0], world.session[0], &more), WZP_ERR_FULL);
        run_until_gone(&world, 300 * WZP_S);
        for (unsigned side = 0; side < 2; side++) {
            assert_int_equal(world.tap[side].wrong, 0);
            assert_true(world.tap[side].frames > 500);
            for (unsigned id = 1; id <= 100; id++) {
                assert_int_equal(world.use[side][id].ends, 1);
                assert_int_equal(world.use[side][id].read, world.use[!side][id].size);
                assert_int_equal(world.use[side][id].opened, (id % 2 == 0) == (side == 1));
            }
        }
        expect_empty_pools(&world);
        /* What is over makes room for as many again. */
        world_run(&world, world.now_ns + 5 * WZP_S);
        assert_int_equal(open_one(&world, 0, 10), 102);
        assert_int_equal(open_one(&world, 1, 10), 101);
        assert_true(world.now_ns < rows[row].until_ns);
        world_deinit(&world);
    }
}

static void more_streams_than_slots_wait_their_turn(void **state)
{
    (void)state;
    static struct world world;
    world_init_slots(&world, 7, 50, 8192, 8);
    connect(&world);
    world.loss = 0.1;
    for (unsigned i = 0; i < 50; i++)
        feed(&world, 0, open_one(&world, 0, 3000));
    run_until_gone(&world, 30 * WZP_S);
    for (unsigned id = 2; id <= 100; id += 2)
        assert_int_equal(world.use[1][id].read, 3000);
    assert_true(wzp_endpoint_counters(world.side[1])->drops[WZP_DROP_STREAM_NO_ROOM] > 0);
    expect_empty_pools(&world);
    world_deinit(&world);
}

static void one_direction_ends_and_the_other_goes_on(void **state)
{
    (void)state;
    static struct world world;
    world_init(&world, 8, 4, 8192);
    connect(&world);
    uint64_t id = open_one(&world, 0, 1000);
    feed(&world, 0, id);
    world.reads = false;
    world_run(&world, world.now_ns + 1 * WZP_S);
    struct use *theirs = &world.use[1][id];
    assert_int_equal(theirs->ends, 1);
    assert_false(wzp_endpoint_stream_at_end(world.side[1], world.session[1], id));
    world.reads = true;
    drain(&world, 1, id);
    assert_int_equal(theirs->read, 1000);
    assert_true(wzp_endpoint_stream_at_end(world.side[1], world.session[1], id));
    assert_int_equal(wzp_endpoint_stream_write(world.side[0], world.session[0], id, "x", 1), 0);
    assert_int_equal(wzp_endpoint_stream_end(world.side[0], world.session[0], id), WZP_ERR_STATE);
    world_run(&world, world.now_ns + 1 * WZP_S);
    assert_false(world.use[0][id].is_gone || theirs->is_gone);
    theirs->size = 50000;
    feed(&world, 1, id);
    run_until_gone(&world, 10 * WZP_S);
    assert_int_equal(world.use[0][id].read, 50000);
    expect_empty_pools(&world);
    world_deinit(&world);
}

/* Whoever gives up, both sides hear of it and hold nothing afterwards. */
static void resets_and_stops_arrive(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 20; seed++) {
        static struct world world;
        world_init(&world, seed, 16, 16384);
        connect(&world);
        world.loss = 0.3;
        world.jitter_ns = 20 * WZP_MS;
        world.is_tapped = true;
        uint64_t ids[6];
        for (unsigned i = 0; i < 6; i++) {
            ids[i] = open_one(&world, 0, 500000);
            feed(&world, 0, ids[i]);
        }
        world.reads = false; /* so that bytes pile up and credit is used */
        world_run(&world, world.now_ns + (int64_t)wzp_rng_below(&world.rng, 2000) * WZP_MS);
        struct wzp_endpoint *a = world.side[0], *b = world.side[1];
        wzp_endpoint_stream_reset(a, world.session[0], ids[0], 11);
        wzp_endpoint_stream_reset(b, world.session[1], ids[0], 12);
        wzp_endpoint_stream_stop(b, world.session[1], ids[1], 13);
        wzp_endpoint_stream_end(b, world.session[1], ids[1]);
        wzp_endpoint_stream_stop(a, world.session[0], ids[2], 14);
        wzp_endpoint_stream_reset(a, world.session[0], ids[2], 15);
        for (unsigned i = 0; i < 6; i++) {
            wzp_endpoint_stream_reset(a, world.session[0], ids[i], 16);
            wzp_endpoint_stream_stop(a, world.session[0], ids[i], 17);
        }
        world_run(&world, world.now_ns + 10 * WZP_S);
        assert_int_equal(world.use[1][ids[0]].resets, 1);
        assert_int_equal(world.use[1][ids[0]].reason, 11);
        for (unsigned i = 3; i < 6; i++) {
            assert_int_equal(world.use[1][ids[i]].resets, 1);
            assert_int_equal(world.use[1][ids[i]].stops, 1);
            assert_int_equal(world.use[0][ids[i]].resets, 1);
            assert_int_equal(world.use[0][ids[i]].reason, 17);
        }
        for (unsigned side = 0; side < 2; side++)
            assert_int_equal(world.tap[side].wrong, 0);
        assert_true(all_gone(&world));
        expect_empty_pools(&world);
        /* Nothing of what was given up still holds credit. */
        world.reads = true;
        uint64_t id = open_one(&world, 0, 400000);
        feed(&world, 0, id);
        run_until_gone(&world, 60 * WZP_S);
        assert_int_equal(world.use[1][id].read, 400000);
        world_deinit(&world);
    }
}

/* ---- peers that break the law: the attacker's own table is bent, so that it says what it may not ---- */

static struct wzp_stream *stream_of(struct world *world, uint64_t id)
{
    return wzp_streams_find(&session_of(world, 0)->streams, id);
}

static void beyond_the_stream(struct world *world)
{
    uint64_t id = open_one(world, 0, 5000);
    stream_of(world, id)->out.limit = UINT64_MAX;
    feed(world, 0, id);
}

static void beyond_the_session(struct world *world)
{
    session_of(world, 0)->streams.sent_max = UINT64_MAX;
    for (unsigned i = 0; i < 4; i++)
        feed(world, 0, open_one(world, 0, 4000));
}

static void too_many(struct world *world)
{
    session_of(world, 0)->streams.opened_max = 100;
    for (unsigned i = 0; i < 5; i++)
        feed(world, 0, open_one(world, 0, 10));
}

static void wrong_side(struct world *world)
{
    session_of(world, 0)->streams.is_initiator = false;
    feed(world, 0, open_one(world, 0, 10));
}

static void beyond_the_end(struct world *world)
{
    uint64_t id = open_one(world, 0, 10);
    feed(world, 0, id);
    world_run(world, world->now_ns + 10 * WZP_MS); /* under way */
    struct wzp_stream *stream = stream_of(world, id);
    stream->out_state = WZP_STREAM_OUT_OPEN;
    assert_int_equal(wzp_endpoint_stream_write(world->side[0], world->session[0], id, "more", 4), 4);
}

static void another_end(struct world *world)
{
    uint64_t id = open_one(world, 0, 10);
    feed(world, 0, id);
    world_run(world, world->now_ns + 10 * WZP_MS);
    wzp_endpoint_stream_reset(world->side[0], world->session[0], id, 1);
    stream_of(world, id)->out.sent = 9;
}

static void breaking_the_law_ends_the_session(void **state)
{
    (void)state;
    static const struct {
        void (*act)(struct world *world);
        enum wzp_close_reason reason;
        enum wzp_drop drop;
    } rows[] = {
        {beyond_the_stream, WZP_CLOSE_REASON_FLOW_CONTROL, WZP_DROP_STREAM_LIMIT},
        {beyond_the_session, WZP_CLOSE_REASON_FLOW_CONTROL, WZP_DROP_STREAM_LIMIT},
        {too_many, WZP_CLOSE_REASON_STREAM_COUNT, WZP_DROP_STREAM_COUNT},
        {wrong_side, WZP_CLOSE_REASON_STREAM_ID, WZP_DROP_STREAM_ID},
        {beyond_the_end, WZP_CLOSE_REASON_STREAM_SIZE, WZP_DROP_STREAM_SIZE},
        {another_end, WZP_CLOSE_REASON_STREAM_SIZE, WZP_DROP_STREAM_SIZE},
    };
    for (unsigned row = 0; row < sizeof rows / sizeof *rows; row++) {
        static struct world world;
        world_init(&world, 30 + row, 4, 4096);
        connect(&world);
        world.reads = false; /* no new credit */
        session_of(&world, 1)->streams.received_max = 8192;
        rows[row].act(&world);
        world_run(&world, world.now_ns + 5 * WZP_S);
        for (unsigned side = 0; side < 2; side++) {
            assert_true(world.closed[side]);
            assert_int_equal(world.reason[side], rows[row].reason);
            assert_int_equal(world.side[side]->stream_pool.ours + world.side[side]->stream_pool.theirs, 0);
        }
        assert_int_equal(wzp_endpoint_counters(world.side[1])->drops[rows[row].drop], 1);
        world_deinit(&world);
    }
}

/* ---- beside speech, and how fast ---- */

static void say_media(struct world *world, unsigned side, uint32_t sequence)
{
    uint8_t header[WZP_MEDIA_HEADER_LEN], payload[77] = {0};
    struct wzp_writer writer = wzp_writer_make(header, sizeof header);
    struct wzp_media_header fields = {.sequence = sequence,
                                      .timestamp_ms = (uint32_t)(world->now_ns / WZP_MS)};
    wzp_media_header_encode(&writer, &fields);
    assert_int_equal(wzp_endpoint_send_media(world->side[side], world->session[side], 0, header,
                                             (struct wzp_slice){payload, sizeof payload}, false,
                                             world->now_ns),
                     WZP_ERR_OK);
}

static void speech_keeps_its_place(void **state)
{
    (void)state;
    static struct world world;
    world_init(&world, 50, 4, 262144);
    connect(&world);
    world.ns_per_byte = 16000; /* 500 kbit/s */
    world.queue_ns_max = 1 * WZP_S;
    world.answers = false;
    uint64_t id = open_one(&world, 0, 1000000);
    feed(&world, 0, id);
    int64_t begin_ns = world.now_ns, late_ns = 0;
    unsigned late = 0, count = 0;
    for (; !all_gone(&world); count++) {
        assert_true(count < 50 * 30);
        say_media(&world, 0, count);
        world.media_late_ns_max[1] = world.delay_ns;
        world_run(&world, world.now_ns + 20 * WZP_MS);
        late_ns += world.media_late_ns_max[1] - world.delay_ns;
        late += world.media_late_ns_max[1] - world.delay_ns > 60 * WZP_MS;
    }
    /* A packet of bulk takes 19 ms on this link, and speech a tenth of it. */
    assert_in_range(late_ns / count, 1, 20 * WZP_MS);
    assert_in_range(late, 0, 10); /* while bulk learns how thin the link is */
    assert_in_range(world.now_ns - begin_ns, 1, 22 * WZP_S);
    assert_true(world.media[1] + 2 >= count);
    world_deinit(&world);
}

static void fills_the_link(void **state)
{
    (void)state;
    static const struct {
        double loss;
        int64_t delay_ns, ns_per_byte;
        uint64_t size;
        double rate_min; /* Mbit/s, from the first byte to the last */
    } rows[] = {
        {0, 20 * WZP_MS, 8000, 2000000, 0.9},  /* 1 Mbit/s */
        {0, 20 * WZP_MS, 800, 10000000, 8.5},  /* 10 Mbit/s */
        {0, 20 * WZP_MS, 80, 20000000, 70},    /* 100 Mbit/s */
        {0.3, 20 * WZP_MS, 800, 10000000, 7},  /* 10 Mbit/s of what is left */
        {0.05, 20 * WZP_MS, 80, 20000000, 35}, /* a window of 1 MB waits for what was lost */
        {0, 250 * WZP_MS, 800, 10000000, 5},   /* half of it is the start */
        {0, 100 * WZP_US, 8, 20000000, 400},   /* 1 Gbit/s */
    };
    for (unsigned row = 0; row < sizeof rows / sizeof *rows; row++) {
        static struct world world;
        world_init(&world, 60 + row, 4, 1048576);
        world.delay_ns = rows[row].delay_ns; /* from the first packet on: round trips do not grow */
        connect(&world);
        world.loss = rows[row].loss;
        world.ns_per_byte = rows[row].ns_per_byte;
        world.queue_ns_max = 200 * WZP_MS;
        world.answers = false;
        uint64_t id = open_one(&world, 0, rows[row].size);
        feed(&world, 0, id);
        int64_t begin_ns = world.now_ns;
        while (!world.use[1][id].is_gone && world.now_ns < begin_ns + 30 * WZP_S)
            world_run(&world, world.now_ns + 10 * WZP_MS);
        assert_int_equal(world.use[1][id].read, rows[row].size);
        double rate = (double)rows[row].size * 8e3 / (double)(world.now_ns - begin_ns);
        if (rate < rows[row].rate_min)
            fail_msg("row %u: %.1f Mbit/s", row, rate);
        world_deinit(&world);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_hundred_streams_over_a_bad_link),
        cmocka_unit_test(more_streams_than_slots_wait_their_turn),
        cmocka_unit_test(one_direction_ends_and_the_other_goes_on),
        cmocka_unit_test(resets_and_stops_arrive),
        cmocka_unit_test(breaking_the_law_ends_the_session),
        cmocka_unit_test(speech_keeps_its_place),
        cmocka_unit_test(fills_the_link),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
