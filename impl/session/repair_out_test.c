// SPDX-License-Identifier: Apache-2.0
/* What repair is planned for, and when it leaves: frames are given to the plan by hand, no packet travels. */
#include "base/alloc_test.h"
#include "session/session.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define FRAME_NS (20 * WZP_MS)
#define SLOTS    4

static struct world {
    struct wzp_endpoint *endpoint;
    struct session *session;
    uint32_t id;
    int64_t now_ns;
    uint32_t sequence[SLOTS], timestamp_ms[SLOTS];
    int64_t busy_to_ns; /* the link that is as fast as the bound of the rate: its queue */
} world;

/* Bounds of the rate: our own, the peer's. */
static void begin(uint64_t own_bps, uint64_t peer_bps)
{
    static const struct wzp_addr peer = {.port = 1};
    struct wzp_endpoint_config config = wzp_endpoint_config_client();
    config.alloc = test_alloc;
    config.max_rate_bps = own_bps;
    config.static_secret[0] = 1;
    world = (struct world){.endpoint = wzp_endpoint_create(&config), .now_ns = WZP_S};
    assert_non_null(world.endpoint);
    assert_int_equal(wzp_endpoint_connect(world.endpoint, &peer, NULL, WZP_S, &world.id), WZP_ERR_OK);
    world.session = endpoint_session(world.endpoint, world.id);
    world.session->peer_rate_bps = peer_bps;
    wzp_rate_set(&world.session->rate, peer_bps);
}

static void end(void)
{
    wzp_endpoint_destroy(world.endpoint);
}

static void go_to(int64_t now_ns)
{
    world.now_ns = world.endpoint->now_ns = now_ns;
}

/* The peer tells of the loss now, of so many packets. */
static void tell(unsigned loss_permille, unsigned packets)
{
    struct wzp_loss *loss = &world.session->loss;
    loss->judged = packets;
    loss->lost = loss->runs = packets * loss_permille / 1000;
    world.session->feedback_seen.at_ns = world.now_ns;
}

/* Bytes leave: where the rates are bound they stand in front of the link. */
static void leave(size_t bytes)
{
    uint64_t rate_bps = repair_rate(world.endpoint, world.session);
    wzp_rate_on_sent(&world.endpoint->rate, bytes, world.now_ns);
    wzp_rate_on_sent(&world.session->rate, bytes, world.now_ns);
    if (rate_bps)
        world.busy_to_ns = wzp_time_max(world.busy_to_ns, world.now_ns) +
                           (int64_t)(bytes * 8 * (uint64_t)WZP_S / rate_bps);
}

static void frame(unsigned slot, enum wzp_codec codec, size_t len)
{
    static const uint8_t payload[200];
    struct wzp_media_header header = {.media_type = WZP_MEDIA_TYPE_AUDIO,
                                      .codec = (uint8_t)codec,
                                      .sequence = world.sequence[slot]++,
                                      .timestamp_ms = world.timestamp_ms[slot]};
    repair_on_sent(world.endpoint, world.session, (uint16_t)slot, &header, (struct wzp_slice){payload, len},
                   world.now_ns);
    leave(len + 60);
}

static void talk_until(int64_t end_ns, unsigned speakers, size_t len, unsigned loss_permille)
{
    for (int64_t at_ns = world.now_ns; at_ns < end_ns; at_ns += FRAME_NS)
        for (unsigned slot = 0; slot < speakers; slot++) {
            go_to(at_ns + slot * FRAME_NS / speakers);
            tell(loss_permille, 128);
            frame(slot, WZP_CODEC_OPUS_24K, len);
        }
    go_to(end_ns);
}

static const struct repair_out *out(void)
{
    return &world.session->repair_out;
}

static void assert_same_cover(const struct wzp_cover *a, const struct wzp_cover *b)
{
    assert_int_equal(a->repair_permille, b->repair_permille);
    assert_int_equal(a->window, b->window);
    assert_int_equal(a->horizon_ns, b->horizon_ns);
}

/* A pause, and comfort noise in it, says nothing of the pace of speech. */
static void pauses_do_not_slow_repair_down(void **state)
{
    (void)state;
    static const struct {
        unsigned speakers;
        int64_t pause_ms, noise_ms[3]; /* after its beginning; 0: none */
    } rows[] = {
        {1, 140, {120}}, {1, 240, {120, 220}},      {1, 300, {0}},       {1, 2000, {120, 520, 920}},
        {2, 140, {120}}, {3, 240, {100, 120, 230}}, {4, 140, {20, 120}},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        begin(0, 0);
        talk_until(world.now_ns + 10 * WZP_S, rows[i].speakers, 60, 300);
        const struct wzp_cover before = out()->cover;
        int64_t interval_ns = out()->interval_ns, begins_ns = world.now_ns + rows[i].pause_ms * WZP_MS;
        assert_true(before.repair_permille > 0);
        assert_in_range(interval_ns, 5 * WZP_MS, FRAME_NS);
        for (unsigned k = 0; k < 3 && rows[i].noise_ms[k]; k++) {
            go_to(begins_ns + (rows[i].noise_ms[k] - rows[i].pause_ms) * WZP_MS);
            tell(300, 128);
            for (unsigned slot = 0; slot < rows[i].speakers; slot++)
                frame(slot, WZP_CODEC_COMFORT_NOISE, 18);
        }
        for (go_to(begins_ns); world.now_ns < begins_ns + WZP_S;) {
            talk_until(world.now_ns + FRAME_NS, rows[i].speakers, 60, 300);
            if (out()->interval_ns != interval_ns)
                fail_msg("row %zu: every %d ms", i, (int)(out()->interval_ns / WZP_MS));
            assert_same_cover(&out()->cover, &before);
        }
        end();
    }
}

/* One who goes over to longer or shorter frames has the repair of these from the second of them on, also when
 * one is lost on the way here. Beside others the mean of all decides. */
static void the_pace_follows_a_change_of_frames(void **state)
{
    (void)state;
    static const struct {
        uint32_t before_ms, after_ms, skipped;
        unsigned speakers;
        bool is_followed;
    } rows[] = {{20, 40, 0, 1, true},  {20, 120, 0, 1, true}, {60, 20, 0, 1, true}, {20, 60, 1, 1, true},
                {120, 60, 0, 1, true}, {20, 20, 2, 1, true},  {20, 40, 0, 2, false}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        begin(0, 0);
        int64_t change_ns = world.now_ns + 2 * WZP_S;
        for (unsigned after = 0; after < 3; after++) {
            uint32_t frame_ms = world.now_ns < change_ns ? rows[i].before_ms : rows[i].after_ms;
            after = world.now_ns < change_ns ? 0 : after;
            tell(300, 128);
            for (unsigned slot = 0; slot < rows[i].speakers; slot++) {
                if (after == 1) {
                    world.sequence[slot] += rows[i].skipped;
                    world.timestamp_ms[slot] += rows[i].skipped * frame_ms;
                }
                frame(slot, WZP_CODEC_OPUS_24K, 60);
                world.timestamp_ms[slot] += frame_ms;
            }
            if (after == 2 && (out()->interval_ns == frame_ms * WZP_MS) != rows[i].is_followed)
                fail_msg("row %zu: every %d ms", i, (int)(out()->interval_ns / WZP_MS));
            go_to(world.now_ns + frame_ms * WZP_MS);
        }
        end();
    }
}

/* Who falls silent among several speakers, and speaks again, does not slow it down either. */
static void one_of_two_pauses(void **state)
{
    (void)state;
    begin(0, 0);
    talk_until(6 * WZP_S, 2, 60, 300);
    assert_int_equal(out()->interval_ns, 10 * WZP_MS);
    for (unsigned pause = 0; pause < 5; pause++) {
        for (unsigned i = 0; i < 50; i++) {
            talk_until(world.now_ns + FRAME_NS, 1, 60, 300);
            if (i % 6 == 5)
                frame(1, WZP_CODEC_COMFORT_NOISE, 18);
            assert_in_range(out()->interval_ns, 10 * WZP_MS, 20 * WZP_MS);
        }
        assert_int_equal(out()->interval_ns, 20 * WZP_MS);
        for (unsigned i = 0; i < 50; i++) {
            talk_until(world.now_ns + FRAME_NS, 2, 60, 300);
            assert_in_range(out()->interval_ns, 10 * WZP_MS, 20 * WZP_MS);
        }
        assert_int_equal(out()->interval_ns, 10 * WZP_MS);
    }
    end();
}

/* A packet of repair, if one may leave now; it may not find more than QUEUE_NS waiting. */
#define QUEUE_NS (25 * WZP_MS)
static struct wzp_frame_repair last_put;
static bool put(void)
{
    uint8_t bytes[WZP_DATAGRAM_MAX];
    struct wzp_writer writer = wzp_writer_make(bytes, sizeof bytes);
    if (!repair_put(world.endpoint, world.session, &writer, world.now_ns))
        return false;
    int64_t waits_ns = world.busy_to_ns - world.now_ns;
    if (waits_ns > QUEUE_NS + WZP_US)
        fail_msg("repair behind %d ms", (int)(waits_ns / WZP_MS));
    leave(wzp_writer_len(&writer) + 45);
    struct wzp_reader reader = wzp_reader_make(bytes, wzp_writer_len(&writer));
    struct wzp_frame sent;
    assert_int_equal(wzp_frame_decode(&reader, &sent), WZP_FRAME_OK);
    assert_int_equal(sent.type, WZP_FRAME_TYPE_REPAIR);
    last_put = sent.repair;
    return true;
}

/* Lets repair out until `end_ns`. */
static unsigned repair_until(int64_t end_ns)
{
    unsigned count = 0;
    int64_t at_ns;
    while ((at_ns = repair_next_at(world.endpoint, world.session)) < end_ns) {
        go_to(wzp_time_max(at_ns, world.now_ns));
        count += put();
    }
    go_to(wzp_time_max(end_ns, world.now_ns));
    return count;
}

/* A plan with a shorter horizon holds for what leaves from then on; a frame before it keeps what it left
 * with, and the packets that cover it say so. */
static void a_shorter_plan_takes_nothing_back(void **state)
{
    (void)state;
    static const int64_t horizons_ms[] = {30, 50, 70};
    for (size_t i = 0; i < sizeof horizons_ms / sizeof *horizons_ms; i++) {
        begin(0, 0);
        world.session->repair_out.horizon_max_ns = 140 * WZP_MS;
        for (int64_t at_ns = 10 * WZP_S; at_ns < 12 * WZP_S; at_ns += FRAME_NS) {
            go_to(at_ns);
            tell(500, 128);
            frame(0, WZP_CODEC_OPUS_24K, 60);
            repair_until(at_ns + FRAME_NS);
        }
        unsigned window = out()->cover.window;
        int64_t horizon_ns = out()->cover.horizon_ns;
        uint32_t oldest = world.sequence[0] - window + 1;
        assert_true(horizon_ns > 70 * WZP_MS);
        world.session->repair_out.horizon_max_ns = horizons_ms[i] * WZP_MS;
        world.session->repair_out.planned_at_ns = 0;
        frame(0, WZP_CODEC_OPUS_24K, 60);
        assert_true(out()->cover.window < window && out()->cover.horizon_ns <= horizons_ms[i] * WZP_MS);
        go_to(repair_next_at(world.endpoint, world.session));
        assert_true(put());
        assert_int_equal(last_put.segments[0].first, oldest);
        assert_true(last_put.horizon_4ms * 4 * WZP_MS >= horizon_ns);
        repair_until(world.now_ns + horizon_ns);
        frame(0, WZP_CODEC_OPUS_24K, 60);
        go_to(repair_next_at(world.endpoint, world.session));
        assert_true(put());
        assert_true(last_put.horizon_4ms * 4 * WZP_MS < horizons_ms[i] * WZP_MS + 4 * WZP_MS);
        end();
    }
}

static void repair_does_not_queue(void **state)
{
    (void)state;
    static const struct {
        uint64_t own_bps, peer_bps;
        size_t signal; /* bytes, IP and UDP headers counted ... */
        int64_t every_ns;
    } rows[] = {
        {100000, 0, 1000, 200 * WZP_MS}, {0, 100000, 1000, 200 * WZP_MS}, {200000, 100000, 400, 80 * WZP_MS},
        {100000, 0, 200, 40 * WZP_MS},   {100000, 150000, 1200, WZP_S},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        unsigned repairs = 0, behind = 0;
        begin(rows[i].own_bps, rows[i].peer_bps);
        for (int64_t at_ns = 10 * WZP_S, signal_ns = at_ns; at_ns < 15 * WZP_S; at_ns += FRAME_NS) {
            go_to(at_ns);
            for (; signal_ns <= at_ns; signal_ns += rows[i].every_ns)
                leave(rows[i].signal);
            tell(300, 128);
            frame(0, WZP_CODEC_OPUS_24K, 60);
            behind += world.busy_to_ns > world.now_ns + QUEUE_NS;
            repairs += repair_until(at_ns + FRAME_NS);
        }
        print_message("%u repairs, %u frames behind a queue\n", repairs, behind);
        assert_true(repairs > 50 && behind > 5);
        end();
    }
}

/* At 60 % loss repair leaves every 3 ms or so. Timers that wake a program a millisecond or two late each
 * time, as those of real machines do, take nothing of it. */
static void late_timers_cost_no_repair(void **state)
{
    (void)state;
    unsigned sent[2] = {0};
    for (unsigned is_late = 0; is_late < 2; is_late++) {
        begin(0, 0);
        for (int64_t at_ns = 10 * WZP_S + 300 * WZP_US; at_ns < 15 * WZP_S; at_ns += FRAME_NS) {
            go_to(at_ns);
            tell(600, 128);
            frame(0, WZP_CODEC_OPUS_24K, 60);
            int64_t due_ns;
            while ((due_ns = repair_next_at(world.endpoint, world.session)) < at_ns + FRAME_NS) {
                int64_t wakes_ns = due_ns + (is_late ? 1500 * WZP_US : 0);
                if (wakes_ns >= at_ns + FRAME_NS)
                    break; /* the next frame comes first */
                go_to(wzp_time_max(wakes_ns, world.now_ns));
                sent[is_late] += put();
            }
        }
        end();
    }
    print_message("%u repairs, %u by late timers\n", sent[0], sent[1]);
    assert_true(sent[0] > 1000);
    assert_true(100 * sent[1] >= 97 * sent[0]);
}

/* Before the round trip is measured its length is no reason to leave out all repair. */
static void a_wish_for_delay_is_weighed_by_what_is_measured(void **state)
{
    (void)state;
    static const struct {
        int64_t wait_ms, seed_ms, sample_ms; /* of the round trip; 0: none */
        unsigned copy;                       /* of the handshake that came through */
        bool repairs;
    } rows[] = {
        {200, 900, 0, 6, true},  {200, 0, 0, 6, true},      {200, 300, 0, 6, true}, {100, 3000, 0, 3, true},
        {200, 900, 80, 6, true}, {200, 900, 800, 6, false}, {0, 900, 800, 6, true},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        begin(0, 0);
        struct session *session = world.session;
        session->is_initiator = false; /* who calls decides itself: wzp_endpoint_set_repair_horizon */
        session->peer_wait_ns = rows[i].wait_ms * WZP_MS;
        wzp_loss_seed_copies(&session->loss, rows[i].copy);
        session->handshake_ns = rows[i].seed_ms * WZP_MS;
        if (rows[i].seed_ms)
            wzp_rtt_seed(&session->rtt, rows[i].seed_ms * WZP_MS);
        if (rows[i].sample_ms)
            wzp_rtt_on_sample(&session->rtt, rows[i].sample_ms * WZP_MS, 0);
        unsigned repairs = 0;
        for (unsigned n = 0; n < 3; n++) {
            frame(0, WZP_CODEC_OPUS_24K, 60);
            repairs += repair_until(world.now_ns + FRAME_NS);
        }
        if ((repairs >= 3) != rows[i].repairs || (repairs > 0) != rows[i].repairs)
            fail_msg("row %zu: %u repairs", i, repairs);
        end();
    }
}

/* No word for 120 ms more than a round trip: both ways are bad. Any word ends that, enough of them count. */
static void silence_is_taken_for_a_bad_path(void **state)
{
    (void)state;
    static const struct {
        int64_t rtt_ms, handshake_ms;    /* 0: not measured */
        int64_t at_ms;                   /* after the first frame */
        unsigned packets, loss_permille; /* that were told of; 0: no word */
        unsigned expected;
        bool is_known;
    } rows[] = {
        {100, 0, 219, 0, 0, 240, false},   {100, 0, 221, 0, 0, 600, false},
        {100, 900, 221, 0, 0, 600, false}, {0, 400, 519, 0, 0, 360, false},
        {0, 400, 521, 0, 0, 600, false},   {0, 5000, 1121, 0, 0, 600, false},
        {500, 0, 619, 0, 0, 400, false},   {500, 0, 621, 0, 0, 600, false},
        {100, 0, 500, 20, 0, 240, false},  {100, 0, 500, 20, 500, 396, false},
        {100, 0, 500, 64, 0, 0, true},     {100, 0, 500, 64, 125, 125, true},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct wzp_session_facts facts;
        begin(0, 0);
        if (rows[i].rtt_ms)
            wzp_rtt_on_sample(&world.session->rtt, rows[i].rtt_ms * WZP_MS, 0);
        world.session->handshake_ns = rows[i].handshake_ms * WZP_MS;
        int64_t at_ns = world.now_ns + rows[i].at_ms * WZP_MS;
        frame(0, WZP_CODEC_OPUS_24K, 60);
        for (int64_t next_ns = world.now_ns + FRAME_NS; next_ns < at_ns; next_ns += FRAME_NS) {
            go_to(next_ns);
            frame(0, WZP_CODEC_OPUS_24K, 60);
        }
        go_to(at_ns);
        if (rows[i].packets)
            tell(rows[i].loss_permille, rows[i].packets);
        assert_true(wzp_endpoint_facts(world.endpoint, world.id, &facts));
        if (facts.path.loss_permille != rows[i].expected)
            fail_msg("row %zu: %u permille", i, facts.path.loss_permille);
        assert_int_equal(facts.is_path_known, rows[i].is_known);
        assert_true(facts.rtt_min_ns <= WZP_S); /* a handshake that took longer lost its messages */
        go_to(at_ns + 100 * WZP_MS);            /* what is told is what is planned for */
        frame(0, WZP_CODEC_OPUS_24K, 60);
        if (rows[i].expected == 600)
            assert_in_range(out()->path.loss_permille, 590, 650);
        end();
    }
}

/* Silence on a new path is counted from its own first frames; and what is only feared is all that bounds the
 * horizon, not what the owner asked for because of that. */
static void a_new_path_is_not_silent_at_once(void **state)
{
    (void)state;
    struct wzp_session_facts facts;
    begin(0, 0);
    wzp_rtt_on_sample(&world.session->rtt, 40 * WZP_MS, 0);
    talk_until(world.now_ns + 2 * WZP_S, 1, 60, 0);
    wzp_rtt_init(&world.session->rtt);
    wzp_loss_restart(&world.session->loss, 1000);
    wzp_feedback_seen_init(&world.session->feedback_seen, 1000);
    repair_restart_path(world.session);
    wzp_endpoint_set_repair_horizon(world.endpoint, world.id, 20 * WZP_MS);
    for (unsigned n = 0; n < 6; n++) {
        frame(0, WZP_CODEC_OPUS_24K, 60);
        assert_true(wzp_endpoint_facts(world.endpoint, world.id, &facts));
        assert_in_range(facts.path.loss_permille, 200, 300);
        assert_int_equal(facts.path_horizon_ns, 25 * WZP_MS);
        go_to(world.now_ns + FRAME_NS);
    }
    go_to(world.now_ns + WZP_S);
    assert_true(wzp_endpoint_facts(world.endpoint, world.id, &facts));
    assert_int_equal(facts.path.loss_permille, 600);
    assert_int_equal(facts.path_horizon_ns, 0);
    end();
}

/* In its first ten seconds a link is taken to lose alike both ways, where what was seen of them agrees. */
static void a_new_link_loses_alike_both_ways(void **state)
{
    (void)state;
    static const struct {
        unsigned here_permille, after_ms, planned_permille, told_permille;
    } rows[] = {{600, 1000, 550, 550}, {950, 1000, 500, 950}, {600, 10500, 500, 600}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct wzp_session_facts facts;
        begin(0, 0);
        frame(0, WZP_CODEC_OPUS_24K, 60);
        go_to(world.now_ns + rows[i].after_ms * WZP_MS);
        tell(500, 128);
        world.session->feedback.loss_permille = rows[i].here_permille;
        world.session->feedback.judged = 128;
        assert_true(wzp_endpoint_facts(world.endpoint, world.id, &facts));
        assert_int_equal(facts.path.loss_permille, rows[i].planned_permille);
        assert_int_equal(facts.plan_loss_in_permille, rows[i].told_permille);
        assert_int_equal(facts.loss_in_permille, rows[i].here_permille);
        end();
    }
}

/* A way of which the reports fail to come is what it was, and a word after that one more among many; another
 * path is not. */
static void what_was_known_is_remembered(void **state)
{
    (void)state;
    struct wzp_session_facts facts;
    begin(0, 0);
    for (int64_t at_ns = 10 * WZP_S; at_ns < 25 * WZP_S; at_ns += FRAME_NS) {
        go_to(at_ns);
        tell(700, 128);
        frame(0, WZP_CODEC_OPUS_24K, 60);
    }
    unsigned known = out()->path.loss_permille;
    assert_in_range(known, 690, 740);
    go_to(world.now_ns + 3 * WZP_S);
    frame(0, WZP_CODEC_OPUS_24K, 60);
    assert_true(wzp_endpoint_facts(world.endpoint, world.id, &facts));
    assert_true(!facts.is_path_known && facts.is_path_remembered);
    assert_int_equal(facts.path.loss_permille, known);
    assert_int_equal(facts.path_horizon_ns, 0);
    assert_int_equal(out()->path.loss_permille, known);
    world.session->peer_passes_repair = true; /* what was known then is of the links beyond as well */
    assert_true(wzp_endpoint_facts(world.endpoint, world.id, &facts));
    assert_false(facts.is_path_remembered);
    world.session->peer_passes_repair = false;
    go_to(world.now_ns + FRAME_NS);
    tell(640, 128);
    frame(0, WZP_CODEC_OPUS_24K, 60);
    assert_in_range(out()->path.loss_permille, 680, 740);
    wzp_loss_restart(&world.session->loss, 1000);
    repair_restart_path(world.session);
    go_to(world.now_ns + FRAME_NS);
    frame(0, WZP_CODEC_OPUS_24K, 60);
    assert_true(wzp_endpoint_facts(world.endpoint, world.id, &facts));
    assert_false(facts.is_path_remembered);
    assert_in_range(out()->path.loss_permille, 200, 300);
    end();
}

/* The plan does not wait for its turn when the first word of the loss comes. */
static void the_first_word_counts_at_once(void **state)
{
    (void)state;
    begin(0, 0);
    frame(0, WZP_CODEC_OPUS_24K, 60);
    assert_true(out()->cover.repair_permille > 0);
    go_to(world.now_ns + FRAME_NS);
    tell(0, 64);
    frame(0, WZP_CODEC_OPUS_24K, 60);
    assert_int_equal(out()->cover.repair_permille, 0);
    go_to(world.now_ns + FRAME_NS);
    tell(500, 128); /* the next one does */
    frame(0, WZP_CODEC_OPUS_24K, 60);
    assert_int_equal(out()->cover.repair_permille, 0);
    end();
}

/* A thin rate has room for so much repair of what frames are like; one of 25 with a report in it, or comfort
 * noise, hardly changes that. */
static void a_longer_frame_now_and_then_costs_no_repair(void **state)
{
    (void)state;
    static const uint64_t rates_bps[] = {90000, 92000, 95000, 100000, 110000, 120000};
    for (size_t i = 0; i < sizeof rates_bps / sizeof *rates_bps; i++) {
        begin(rates_bps[i], 0);
        talk_until(world.now_ns + 10 * WZP_S, 1, 60, 500);
        unsigned before = out()->cover.repair_permille;
        for (unsigned n = 0; n < 75; n++) {
            tell(500, 128);
            frame(0, WZP_CODEC_OPUS_24K, n % 25 == 0 ? 68 : 60);
            assert_in_range(out()->cover.repair_permille, before * 97 / 100, before * 103 / 100);
            go_to(world.now_ns + FRAME_NS / 2);
            if (n % 25 == 12)
                frame(0, WZP_CODEC_COMFORT_NOISE, 18);
            go_to(world.now_ns + FRAME_NS / 2);
        }
        end();
    }
}

/* What is planned for before there were two frames leaves two thirds of the path to repair, and the second
 * one tells the pace at once. */
static void the_pace_is_known_with_the_second_frame(void **state)
{
    (void)state;
    static const struct {
        uint64_t rate_bps;
        int64_t expected_ms, interval_ms; /* before the second frame, and really */
    } rows[] = {{0, 20, 60}, {150000, 20, 40}, {100000, 40, 60}, {50000, 60, 60}, {30000, 120, 120}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        begin(rows[i].rate_bps, 0);
        world.session->handshake_ns = 200 * WZP_MS;
        for (unsigned n = 0; n < 2; n++) {
            frame(0, WZP_CODEC_OPUS_24K, 60);
            const struct wzp_cover *cover = &out()->cover;
            int64_t planned_ms = n ? rows[i].interval_ms : rows[i].expected_ms;
            /* bytes of a frame's packet, and of a repair packet with its symbol */
            unsigned around = repair_frame_bytes(out()->keys[0]);
            uint64_t bytes_1000 = 1000 * (51 + 8 + 60) + cover->repair_permille * (51 + around + 67);
            assert_true(cover->repair_permille > 0);
            if (cover->rate_bps != bytes_1000 * 8 / (uint64_t)planned_ms)
                fail_msg("row %zu, frame %u: %u bit/s", i, n, (unsigned)cover->rate_bps);
            go_to(world.now_ns + rows[i].interval_ms * WZP_MS);
        }
        end();
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pauses_do_not_slow_repair_down),
        cmocka_unit_test(one_of_two_pauses),
        cmocka_unit_test(the_pace_follows_a_change_of_frames),
        cmocka_unit_test(a_shorter_plan_takes_nothing_back),
        cmocka_unit_test(repair_does_not_queue),
        cmocka_unit_test(late_timers_cost_no_repair),
        cmocka_unit_test(a_wish_for_delay_is_weighed_by_what_is_measured),
        cmocka_unit_test(silence_is_taken_for_a_bad_path),
        cmocka_unit_test(a_new_path_is_not_silent_at_once),
        cmocka_unit_test(a_new_link_loses_alike_both_ways),
        cmocka_unit_test(what_was_known_is_remembered),
        cmocka_unit_test(the_first_word_counts_at_once),
        cmocka_unit_test(a_longer_frame_now_and_then_costs_no_repair),
        cmocka_unit_test(the_pace_is_known_with_the_second_frame),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
