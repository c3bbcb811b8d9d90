// SPDX-License-Identifier: Apache-2.0
/* Media over a hop that loses: each frame comes once and as it was sent, repair keeps to its time, its place
 * and its rate. */
#include "session/pair_test.h"

#define FRAMES_MAX 4096
#define SENT_MAX   16384

/* A frame that side 0 sent. */
struct frame {
    int64_t sent_ns;
    uint8_t header[WZP_MEDIA_HEADER_LEN];
    size_t len;
    uint8_t payload[200];
    unsigned given, repaired; /* how often side 1 got it; and out of repair */
};

struct sides {
    bool passes; /* side 1 */
    uint64_t rate_bps[2];
};

static struct {
    struct sides sides;
    int64_t keys_at_ns; /* side 0 */
    unsigned late;      /* permille of side 0's that come 400 ms late */

    unsigned next; /* sequence of side 0's next frame */
    uint32_t timestamp_ms;
    struct frame frames[FRAMES_MAX];

    bool is_streaming;
    uint64_t stream[2];
    struct sent {
        int64_t at_ns;
        size_t bytes; /* IP and UDP counted */
    } sent[2][SENT_MAX];
    unsigned sent_count[2];
    struct wzp_endpoint_counters before; /* as of side 0's latest packet */
    int64_t apart_min_ns;                /* between a repair packet of side 0 and the packet before it */
    int64_t left_ns;                     /* side 0's latest media or repair packet */
    unsigned repairs;
    bool is_lying;
    int64_t lied_ns;
    unsigned poisoned;
} hop;

static struct session *session_of(unsigned side)
{
    return &world.side[side]->sessions[0];
}

static uint64_t drops(enum wzp_drop reason)
{
    return wzp_endpoint_counters(world.side[1])->drops[reason];
}

static bool is_true(const struct wzp_event *event, const struct frame *frame)
{
    return memcmp(event->media.header_bytes, frame->header, sizeof frame->header) == 0 &&
           event->media.payload.len == frame->len &&
           memcmp(event->media.payload.data, frame->payload, frame->len) == 0;
}

static void on_media(unsigned side, const struct wzp_event *event)
{
    assert_int_equal(side, 1);
    uint32_t sequence = event->media.header.sequence;
    assert_in_range(sequence, 1, hop.next);
    struct frame *frame = &hop.frames[sequence];
    if (event->media.is_repaired && !is_true(event, frame)) { /* what its seal would have told */
        assert_true(hop.is_lying || world.now_ns - hop.lied_ns < WZP_S);
        wzp_endpoint_on_poisoned(world.side[1], event->session, event->media.slot, &event->media.header);
        hop.poisoned++;
        return;
    }
    frame->given++;
    frame->repaired += event->media.is_repaired;
    assert_int_equal(frame->given, 1);
    assert_int_equal(event->media.slot, 0);
    assert_true(is_true(event, frame));
}

/* The law of the horizon: it left as long ago as the way is, if nothing comes late. */
static void on_repair(const struct wzp_frame_repair *repair)
{
    struct repair_window window;
    assert_true(repair_window_decode(repair, &window));
    int64_t left_ns = world.now_ns - world.delay_ns;
    for (unsigned i = 0; i < window.count; i++) {
        uint32_t sequence = (uint32_t)window.keys[i];
        assert_in_range(sequence, 1, hop.next);
        assert_true(left_ns - hop.frames[sequence].sent_ns <= repair->horizon_4ms * 4 * WZP_MS);
        hop.frames[sequence].repaired++; /* covered so often */
    }
    hop.repairs++;
}

static void on_event(unsigned side, const struct wzp_event *event)
{
    if (event->kind == WZP_EVENT_KEYS && side == 0)
        hop.keys_at_ns = world.now_ns;
    if (event->kind == WZP_EVENT_REPAIR)
        on_repair(event->repair);
}

static void on_sent(unsigned side, size_t len)
{
    assert_true(hop.sent_count[side] < SENT_MAX);
    hop.sent[side][hop.sent_count[side]++] = (struct sent){world.now_ns, len + 28};
    if (side == 1)
        return;
    const struct wzp_endpoint_counters *after = wzp_endpoint_counters(world.side[0]);
    bool is_repair = after->repairs_out > hop.before.repairs_out;
    if (is_repair)
        hop.apart_min_ns = wzp_time_min(hop.apart_min_ns, world.now_ns - hop.left_ns);
    if (is_repair || after->media_bytes_out > hop.before.media_bytes_out)
        hop.left_ns = world.now_ns;
    hop.before = *after;
}

static void on_way(struct datagram *datagram)
{
    if (datagram->side == 1 && wzp_rng_below(&world.rng, 1000) < hop.late)
        datagram->at_ns += 400 * WZP_MS;
}

static void talk(unsigned side)
{
    if (side == 1 || !world.connected[0] || !world.connected[1])
        return;
    assert_true(hop.next + 1 < FRAMES_MAX);
    struct frame *frame = &hop.frames[++hop.next];
    frame->sent_ns = world.now_ns;
    frame->len = 30 + wzp_rng_below(&world.rng, 100);
    for (size_t i = 0; i < frame->len; i++)
        frame->payload[i] = (uint8_t)wzp_rng_below(&world.rng, 256);
    struct wzp_writer writer = wzp_writer_make(frame->header, sizeof frame->header);
    struct wzp_media_header header = {
        .flags = (uint8_t)(wzp_rng_below(&world.rng, 8) ? 0 : WZP_MEDIA_FLAG_QUALITY),
        .codec = (uint8_t)wzp_rng_below(&world.rng, 3),
        .sequence = hop.next,
        .timestamp_ms = hop.timestamp_ms,
    };
    hop.timestamp_ms += (uint32_t)(world.talk_ns[0] / WZP_MS);
    wzp_media_header_encode(&writer, &header);
    (void)wzp_endpoint_send_media(world.side[0], world.session[0], 0, frame->header,
                                  (struct wzp_slice){frame->payload, frame->len}, false, world.now_ns);
}

/* Now and then the newest frame is covered as another one than it was. */
static void lie(void)
{
    struct repair_out *out = &session_of(0)->repair_out;
    if (!hop.is_lying || !out->count || wzp_rng_below(&world.rng, 20))
        return;
    struct repair_source *source = &out->sources[(out->next + REPAIR_SOURCES - 1) % REPAIR_SOURCES];
    source->symbol[REPAIR_SYMBOL_HEAD + 5] ^= 0x10;
    hop.lied_ns = world.now_ns;
}

/* As much as is taken, for ever. */
static void stream(unsigned side)
{
    static const uint8_t bytes[2000];
    if (!hop.is_streaming || !world.connected[side])
        return;
    if (!hop.stream[side] &&
        wzp_endpoint_stream_open(world.side[side], world.session[side], &hop.stream[side]) != WZP_ERR_OK)
        return;
    wzp_endpoint_stream_write(world.side[side], world.session[side], hop.stream[side], bytes, sizeof bytes);
}

static void on_step(unsigned side)
{
    if (side == 1)
        lie();
    stream(side);
}

static void tune(unsigned side, struct wzp_endpoint_config *config)
{
    config->limits.half_open_max = side ? 8 : 0; /* with fewer it would ask for cookies: no session's bytes */
    config->rekey_ns = 3 * WZP_S;
    config->rekey_min_ns = WZP_S;
    config->max_rate_bps = hop.sides.rate_bps[side];
    config->passes_repair = side && hop.sides.passes;
}

static void start(uint64_t seed, struct sides sides)
{
    memset(&hop, 0, sizeof hop);
    hop.sides = sides;
    hop.apart_min_ns = WZP_S;
    begin(seed, tune);
    world.talk = talk;
    world.on_step = on_step;
    world.on_sent = on_sent;
    world.on_way = on_way;
    world.on_media = on_media;
    world.on_event = on_event;
}

/* Talks no more; what is under way arrives. */
static void pause_for(int64_t ns)
{
    int64_t talk_ns = world.talk_ns[0];
    world.talk_ns[0] = 0;
    run(world.now_ns + ns);
    world.talk_ns[0] = talk_ns;
}

static unsigned missing(unsigned from, unsigned to)
{
    unsigned count = 0;
    for (unsigned i = from; i <= to; i++)
        count += hop.frames[i].given == 0;
    return count;
}

static void frames_come_once_and_as_they_were(void **state)
{
    (void)state;
    static const struct {
        unsigned loss, late, missing_max; /* permille; missing: after 5 s */
    } rows[] = {
        {0, 0, 0}, {50, 0, 2}, {300, 0, 5}, {700, 0, 30}, {50, 100, 2}, {300, 100, 5},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        start(i + 1, (struct sides){0});
        world.loss[0] = rows[i].loss;
        hop.late = rows[i].late;
        run(5 * WZP_S);
        unsigned first = hop.next;
        struct wzp_endpoint_counters before = *wzp_endpoint_counters(world.side[0]);
        run(25 * WZP_S); /* keys change every 3 s */
        unsigned last = hop.next, repaired = 0, lost = missing(first, last);
        pause_for(2 * WZP_S);
        lost = missing(first, last);
        for (unsigned k = 1; k <= last; k++)
            repaired += hop.frames[k].repaired;
        const struct wzp_endpoint_counters *after = wzp_endpoint_counters(world.side[0]);
        uint64_t repair = after->repair_bytes_out - before.repair_bytes_out,
                 media = after->media_bytes_out - before.media_bytes_out;
        print_message("loss %3u, late %3u: %u of %u missing, %u repaired, %.1f %% repair\n", rows[i].loss,
                      rows[i].late, lost, last - first + 1, repaired,
                      100 * (double)repair / (double)(repair + media));
        assert_true(last > 1000 && lost * 1000 <= rows[i].missing_max * last);
        assert_true(drops(WZP_DROP_REPAIR_MALFORMED) + drops(WZP_DROP_REPAIR_POISONED) +
                        drops(WZP_DROP_REPAIR_HEADER) ==
                    0);
        assert_int_equal(wzp_endpoint_counters(world.side[1])->media_repaired, repaired);
        if (rows[i].loss == 0)
            assert_true(repair * 100 <= 3 * (repair + media));
        else
            assert_true(repaired > last * rows[i].loss / 2000);
        assert_true((drops(WZP_DROP_REPAIR_DUPLICATE) > 10) == (rows[i].late > 0));
        end();
    }
}

/* Seen by a peer that only passes repair on. */
static void repair_keeps_to_its_time_and_place(void **state)
{
    (void)state;
    static const struct {
        unsigned loss;
        int64_t interval_ns, horizon_ns;
    } rows[] = {
        {50, 20 * WZP_MS, WZP_S},         {300, 20 * WZP_MS, WZP_S},        {300, 20 * WZP_MS, 100 * WZP_MS},
        {700, 20 * WZP_MS, 300 * WZP_MS}, {300, 60 * WZP_MS, 500 * WZP_MS},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        start(i + 1, (struct sides){.passes = true});
        world.loss[0] = rows[i].loss;
        world.talk_ns[0] = rows[i].interval_ns;
        run(WZP_S);
        wzp_endpoint_set_repair_horizon(world.side[0], world.session[0], rows[i].horizon_ns);
        run(5 * WZP_S);
        hop.apart_min_ns = WZP_S;
        unsigned most = 0, first = hop.next;
        for (unsigned step = 0; step < 50; step++) {
            run(world.now_ns + 200 * WZP_MS);
            const struct wzp_cover *cover = &session_of(0)->repair_out.cover;
            unsigned due = cover->repair_permille / 1000 + 2; /* what is begun, and one left over */
            most = due > most ? due : most;
            assert_true(cover->horizon_ns <= rows[i].horizon_ns);
            if (world.now_ns % (2 * WZP_S) == 0)
                pause_for(WZP_S);
        }
        assert_true(hop.repairs > 50);
        int64_t apart_ns = rows[i].interval_ns / (most + 1);
        if (hop.apart_min_ns < apart_ns)
            fail_msg("row %zu: %d us apart, %d expected", i, (int)(hop.apart_min_ns / WZP_US),
                     (int)(apart_ns / WZP_US));
        unsigned covered = 0;
        for (unsigned k = first; k <= hop.next; k++)
            covered += hop.frames[k].repaired > 0;
        if (rows[i].loss == 300)
            assert_true(covered * 100 > 90 * (hop.next - first));
        end();
    }
}

/* The last frames of a spurt are covered as well as any. */
static void the_end_of_a_spurt_is_repaired(void **state)
{
    (void)state;
    unsigned lost[2] = {0}, count[2] = {0};
    start(1, (struct sides){0});
    world.loss[0] = 300;
    run(5 * WZP_S);
    for (unsigned spurt = 0; spurt < 60; spurt++) {
        unsigned first = hop.next + 1;
        run(world.now_ns + 600 * WZP_MS);
        unsigned last = hop.next;
        pause_for(WZP_S);
        lost[0] += missing(first, last - 3);
        count[0] += last - 3 - first + 1;
        lost[1] += missing(last - 2, last);
        count[1] += 3;
    }
    print_message("of spurts: %u of %u missing; of the last three frames %u of %u\n", lost[0], count[0],
                  lost[1], count[1]);
    assert_true(lost[1] * 100 <= count[1] * 3);
    assert_true(lost[0] * 100 <= count[0] * 1);
    end();
}

/* However long nothing was said, and wherever the sender's clock stands then. */
static void timestamps_are_right_after_any_pause(void **state)
{
    (void)state;
    static const uint32_t jumps_ms[] = {20, 40000, 66000, 100000, 0x80000000u, (uint32_t)-50000};
    unsigned repaired = 0;
    start(1, (struct sides){0});
    world.loss[0] = 500;
    run(3 * WZP_S);
    for (unsigned spurt = 0; spurt < 60; spurt++) {
        hop.timestamp_ms += jumps_ms[spurt % 6];
        unsigned first = hop.next + 1;
        run(world.now_ns + 300 * WZP_MS);
        pause_for(WZP_S);
        repaired += hop.frames[first].repaired;
    }
    assert_true(repaired > 10); /* on_media compared all of them */
    assert_int_equal(drops(WZP_DROP_REPAIR_HEADER), 0);
    end();
}

/* The most bytes in 500 ms that end with a packet sent from `from_ns` on. */
static uint64_t worst_of(unsigned side, int64_t from_ns)
{
    uint64_t worst = 0, held = 0;
    const struct sent *sent = hop.sent[side];
    for (unsigned first = 0, k = 0; k < hop.sent_count[side]; k++) {
        held += sent[k].bytes;
        while (sent[k].at_ns - sent[first].at_ns >= 500 * WZP_MS)
            held -= sent[first++].bytes;
        if (sent[k].at_ns >= from_ns && held > worst)
            worst = held;
    }
    return worst;
}

/* No 500 ms hold more than a bound of our own or of the peer's, from the first message to the last CLOSE; who
 * begins learns of the peer's with its answer. */
static uint64_t bytes_of(uint64_t rate_bps)
{
    return rate_bps / 16 > WZP_RATE_BYTES_MIN ? rate_bps / 16 : WZP_RATE_BYTES_MIN;
}

static void no_window_exceeds_the_rate(void **state)
{
    (void)state;
    static const struct {
        uint64_t rate_bps[2]; /* the bounds of both sides; 0: none */
        unsigned loss[2];
        bool is_streaming;
    } rows[] = {
        {{48000, 0}, {0, 0}, false},     {{48000, 0}, {300, 300}, false},
        {{0, 48000}, {300, 300}, false}, {{48000, 0}, {300, 0}, true},
        {{0, 48000}, {700, 300}, true},  {{64000, 40000}, {700, 700}, true},
        {{40000, 64000}, {0, 0}, true},  {{128000, 128000}, {300, 0}, true},
        {{32000, 0}, {500, 700}, true},  {{0, 32000}, {700, 500}, true},
        {{24000, 0}, {0, 0}, false},     {{24000, 24000}, {300, 300}, true},
        {{0, 640}, {0, 0}, true},        {{900, 6000}, {300, 300}, true}, /* what no user could ask for */
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        for (uint64_t seed = 1; seed <= 3; seed++) {
            start(seed * 16 + i, (struct sides){.rate_bps = {rows[i].rate_bps[0], rows[i].rate_bps[1]}});
            memcpy(world.loss, rows[i].loss, sizeof world.loss);
            hop.is_streaming = rows[i].is_streaming;
            world.talk_ns[0] = 120 * WZP_MS;
            run(10 * WZP_S);
            assert_true(world.connected[0] && world.connected[1]);
            for (unsigned move = 0; move < 2; move++) {
                world.addr[0].port++;
                run(world.now_ns + WZP_S);
            }
            world.is_closing = true;
            world.talk_ns[0] = 0;
            wzp_endpoint_close(world.side[0], world.session[0], WZP_CLOSE_REASON_LEFT, world.now_ns);
            run(world.now_ns + WZP_S);
            uint64_t tight = UINT64_MAX;
            for (unsigned side = 0; side < 2; side++)
                if (rows[i].rate_bps[side] && rows[i].rate_bps[side] < tight)
                    tight = rows[i].rate_bps[side];
            for (unsigned side = 0; side < 2; side++) {
                uint64_t own = rows[i].rate_bps[side];
                if (own && worst_of(side, 0) > bytes_of(own))
                    fail_msg("row %zu, seed %u: side %u sent %u bytes in 500 ms, its own bound is %u", i,
                             (unsigned)seed, side, (unsigned)worst_of(side, 0), (unsigned)bytes_of(own));
                if (worst_of(side, side ? 0 : hop.keys_at_ns) > bytes_of(tight))
                    fail_msg("row %zu, seed %u: side %u sent %u bytes in 500 ms, %u allowed", i,
                             (unsigned)seed, side, (unsigned)worst_of(side, 0), (unsigned)bytes_of(tight));
            }
            end();
        }
    }
}

/* A sender whose repair lies: nothing wrong is given twice, and the truth is not in its way. */
static void what_is_poisoned_is_forgotten(void **state)
{
    (void)state;
    start(1, (struct sides){0});
    world.loss[0] = 300;
    hop.is_lying = true;
    run(20 * WZP_S);
    print_message("%u poisoned, %u of %u missing\n", hop.poisoned, missing(1, hop.next), hop.next);
    assert_true(hop.poisoned > 10);
    assert_true(drops(WZP_DROP_REPAIR_POISONED) >= hop.poisoned);
    hop.is_lying = false;
    run(world.now_ns + WZP_S);
    unsigned before = hop.poisoned, first = hop.next;
    run(world.now_ns + 5 * WZP_S);
    unsigned last = hop.next;
    pause_for(WZP_S);
    assert_int_equal(hop.poisoned, before);
    assert_true(missing(first, last) * 100 <= last - first);
    end();
}

/* Its address changes every second, told or not, while keys do every three. */
static void repair_goes_on_while_the_sender_moves(void **state)
{
    (void)state;
    start(1, (struct sides){0});
    world.loss[0] = 300;
    run(5 * WZP_S);
    unsigned first = hop.next;
    for (unsigned i = 0; i < 10; i++) {
        world.addr[0].port++;
        if (i % 2)
            wzp_endpoint_on_moved(world.side[0], world.session[0], world.now_ns);
        run(world.now_ns + WZP_S);
    }
    unsigned last = hop.next;
    pause_for(2 * WZP_S);
    struct wzp_session_facts facts = facts_of(1);
    assert_true(facts.rekeys >= 3);
    assert_int_equal(facts.peer_addr.port, world.addr[0].port);
    print_message("moving: %u of %u missing\n", missing(first, last), last - first + 1);
    assert_true(missing(first, last) * 100 <= last - first);
    end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(frames_come_once_and_as_they_were),
        cmocka_unit_test(repair_keeps_to_its_time_and_place),
        cmocka_unit_test(the_end_of_a_spurt_is_repaired),
        cmocka_unit_test(timestamps_are_right_after_any_pause),
        cmocka_unit_test(no_window_exceeds_the_rate),
        cmocka_unit_test(what_is_poisoned_is_forgotten),
        cmocka_unit_test(repair_goes_on_while_the_sender_moves),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
