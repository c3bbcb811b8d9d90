// SPDX-License-Identifier: Apache-2.0
/* What leaves when: order of service, the pace, what has become stale, and what the peer is told. */
#include "session/pair_test.h"
#include "session/session.h"

#define RATE_BPS    500000
#define VIDEO_BYTES 1000

static struct {
    unsigned speech, video, repair; /* that arrived */
    int64_t speech_late_ns;         /* the longest way of speech */
    int64_t video_ns[200];          /* when it left */
    int64_t repair_late_ns;         /* when the last of it left */
    uint64_t sent;                  /* bytes of side 0 */
    unsigned marked[64];            /* its datagrams, by class */
} seen;

static void note_sent(unsigned side, size_t len)
{
    if (side != 0)
        return;
    seen.sent += len + 28;
    seen.marked[wzp_endpoint_dscp(world.side[0])]++;
}

static void note_media(unsigned side, const struct wzp_event *event)
{
    int64_t way_ns = world.now_ns - event->media.header.timestamp_ms * WZP_MS;
    assert_int_equal(side, 1);
    if (event->media.header.media_type == WZP_MEDIA_TYPE_VIDEO) {
        assert_int_equal(event->media.header.sequence, seen.video);
        seen.video_ns[seen.video++] = world.now_ns - 30 * WZP_MS;
        return;
    }
    seen.speech++;
    seen.speech_late_ns = wzp_time_max(seen.speech_late_ns, way_ns);
}

static void paced(unsigned side, struct wzp_endpoint_config *config)
{
    config->estimate = WZP_ESTIMATE_FIXED;
    config->start_rate_bps = RATE_BPS * (side + 1);
    config->passes_repair = true;
}

static void start(uint64_t seed)
{
    memset(&seen, 0, sizeof seen);
    begin(seed, paced);
    world.talk_ns[0] = world.talk_ns[1] = 0;
    run(1 * WZP_S);
    world.on_sent = note_sent;
    world.on_media = note_media;
}

static void send_video(unsigned count)
{
    static const uint8_t payload[VIDEO_BYTES];
    for (unsigned i = 0; i < count; i++) {
        uint8_t header[WZP_MEDIA_HEADER_LEN];
        struct wzp_writer writer = wzp_writer_make(header, sizeof header);
        struct wzp_media_header fields = {.media_type = WZP_MEDIA_TYPE_VIDEO,
                                          .sequence = i,
                                          .timestamp_ms = (uint32_t)(world.now_ns / WZP_MS)};
        wzp_media_header_encode(&writer, &fields);
        assert_int_equal(wzp_endpoint_send_media(world.side[0], world.session[0], 0, header,
                                                 (struct wzp_slice){payload, sizeof payload}, false,
                                                 world.now_ns),
                         WZP_ERR_OK);
    }
}

/* A burst of video leaves at the pace, speech beside it at once. */
static void test_video_is_paced_and_speech_is_not(void **state)
{
    (void)state;
    start(1);
    world.talk_ns[0] = 20 * WZP_MS;
    send_video(15);
    run(world.now_ns + 500 * WZP_MS);
    assert_int_equal(seen.video, 15);
    assert_true(seen.speech >= 24);
    assert_true(seen.speech_late_ns <= 31 * WZP_MS);
    assert_int_equal(seen.marked[WZP_DSCP_AF41], 15);
    assert_true(seen.marked[WZP_DSCP_EF] >= 24);
    /* 1,070 bytes of each take 17 ms of 500 kbit/s, and speech takes its part. */
    int64_t took_ns = seen.video_ns[14] - seen.video_ns[0];
    assert_in_range(took_ns / WZP_MS, 14 * 18, 14 * 26);
    for (unsigned i = 1; i < 15; i++)
        assert_true(seen.video_ns[i] - seen.video_ns[i - 1] >= 14 * WZP_MS);
    end();
}

static void test_stale_video_is_dropped(void **state)
{
    (void)state;
    start(2);
    send_video(60); /* a second of the rate */
    run(world.now_ns + 3 * WZP_S);
    const struct wzp_endpoint_counters *counters = wzp_endpoint_counters(world.side[0]);
    assert_in_range(seen.video, 22, 26);
    assert_int_equal(counters->drops[WZP_DROP_MEDIA_LATE] + seen.video, 60);
    end();
}

static void pass_repair(unsigned count, unsigned horizon_4ms)
{
    static const uint8_t symbol[400];
    const struct wzp_frame_repair repair = {.horizon_4ms = (uint8_t)horizon_4ms,
                                            .segments_count = 1,
                                            .segments = {{.slot = 1, .first = 1, .span = 1}},
                                            .symbol = {symbol, sizeof symbol}};
    for (unsigned i = 0; i < count; i++)
        (void)wzp_endpoint_send_repair(world.side[0], world.session[0], &repair, world.now_ns);
}

static void note_repair(unsigned side, const struct wzp_event *event)
{
    if (side != 1 || event->kind != WZP_EVENT_REPAIR)
        return;
    seen.repair++;
    seen.repair_late_ns = world.now_ns - 30 * WZP_MS;
}

/* Repair of others makes no queue in front of the line: it keeps to the pace, speech goes past it, and what
 * waited longer than its horizon does not leave. */
static void test_passed_repair_is_paced(void **state)
{
    (void)state;
    start(9);
    world.on_event = note_repair;
    world.talk_ns[0] = 20 * WZP_MS;
    int64_t from_ns = world.now_ns;
    pass_repair(34, 100 / 4);
    run(world.now_ns + WZP_S);
    /* 470 bytes of each take 7.5 ms of 500 kbit/s, of which speech takes a tenth. */
    assert_in_range(seen.repair, 11, 18);
    assert_in_range((seen.repair_late_ns - from_ns) / WZP_MS, 80, 110);
    assert_int_equal(wzp_endpoint_counters(world.side[0])->drops[WZP_DROP_REPAIR_STALE] + seen.repair, 34);
    assert_true(seen.speech_late_ns <= 31 * WZP_MS);
    seen.repair = 0;
    for (unsigned i = 0; i < 50; i++) {
        pass_repair(1, 0);
        run(world.now_ns + 20 * WZP_MS);
    }
    run(world.now_ns + 50 * WZP_MS);
    assert_int_equal(seen.repair, 50);
    end();
}

/* Beside speech, streams take what the pace leaves. */
static void test_streams_keep_to_the_pace_beside_media(void **state)
{
    (void)state;
    static const uint8_t bytes[65536];
    start(3);
    uint64_t stream;
    assert_int_equal(wzp_endpoint_stream_open(world.side[0], world.session[0], &stream), WZP_ERR_OK);
    world.talk_ns[0] = 20 * WZP_MS;
    run(world.now_ns + 500 * WZP_MS);
    uint64_t before = seen.sent;
    int64_t from_ns = world.now_ns;
    while (world.now_ns - from_ns < 5 * WZP_S) {
        (void)wzp_endpoint_stream_write(world.side[0], world.session[0], stream, bytes, sizeof bytes);
        run(world.now_ns + 50 * WZP_MS);
    }
    uint64_t bps = (seen.sent - before) * 8 / 5;
    assert_in_range(bps, RATE_BPS * 4 / 10, RATE_BPS * 102 / 100);
    assert_true(seen.marked[0] > 100 && seen.marked[WZP_DSCP_EF] >= 250);
    assert_int_equal(seen.marked[WZP_DSCP_AF41], 0);
    assert_true(seen.speech_late_ns <= 31 * WZP_MS);
    end();
}

/* A responder tells what its way carries, with media; the initiator does not. */
static void test_the_peer_is_told(void **state)
{
    (void)state;
    start(4);
    world.on_media = NULL;
    world.talk_ns[0] = world.talk_ns[1] = 20 * WZP_MS;
    assert_int_equal(facts_of(0).rate_in_bps, 0);
    run(world.now_ns + 200 * WZP_MS);
    assert_int_equal(facts_of(0).rate_in_bps, 2 * RATE_BPS);
    assert_int_equal(facts_of(0).rate_bps, RATE_BPS);
    assert_int_equal(facts_of(1).rate_in_bps, 0);
    end();
}

/* Load fills the pace for as long as it was asked for, and no longer; a peer is given no more than the limit.
 */
static void test_load(void **state)
{
    (void)state;
    start(5);
    uint64_t before = seen.sent;
    wzp_endpoint_load(world.side[0], world.session[0], 2 * WZP_S, 400000, world.now_ns);
    run(world.now_ns + 2 * WZP_S);
    uint64_t bps = (seen.sent - before) * 8 / 2;
    assert_in_range(bps, 400000 * 9 / 10, 400000 * 102 / 100);
    assert_true(seen.marked[0] > 50 && seen.marked[WZP_DSCP_EF] < 10);
    before = seen.sent;
    run(world.now_ns + 1 * WZP_S);
    assert_true((seen.sent - before) * 8 < 10000);

    world.loss[0] = 700; /* the wish is said again */
    uint64_t arrived = world.bytes[1];
    wzp_endpoint_want_load(world.side[0], world.session[0], 3600 * WZP_S, 1000000000, world.now_ns);
    run(world.now_ns + 20 * WZP_S);
    uint64_t bytes = world.bytes[1] - arrived;
    assert_in_range(bytes * 8 / 10, 2 * RATE_BPS * 9 / 10, 2 * RATE_BPS * 102 / 100); /* ten seconds of it */
    assert_int_equal(facts_of(0).rate_in_bps, 2 * RATE_BPS);                          /* told beside it */
    for (unsigned i = 0; i < 10; i++) {
        wzp_endpoint_want_load(world.side[0], world.session[0], 10 * WZP_S, 1000000000, world.now_ns);
        run(world.now_ns + 12 * WZP_S);
    }
    bytes = world.bytes[1] - arrived;
    assert_in_range(bytes * 8 / 60, 2 * RATE_BPS * 9 / 10, 2 * RATE_BPS * 102 / 100); /* sixty in all */
    end();
}

static void six_at_once(unsigned side, struct wzp_endpoint_config *config)
{
    paced(side, config);
    config->limits.sessions_max = 6;
    config->limits.half_open_max = side ? 6 : 0;
}

/* Of six sessions that ask at once four are given load; the others once those had theirs, for they ask again.
 */
static void test_load_for_few_at_once(void **state)
{
    (void)state;
    uint32_t sessions[6];
    begin(6, six_at_once);
    world.talk_ns[0] = world.talk_ns[1] = 0;
    sessions[0] = world.session[0];
    for (unsigned i = 1; i < 6; i++)
        assert_int_equal(wzp_endpoint_connect(world.side[0], &world.addr[1], NULL, 0, &sessions[i]),
                         WZP_ERR_OK);
    run(1 * WZP_S);
    uint64_t arrived = world.bytes[1];
    for (unsigned i = 0; i < 6; i++)
        wzp_endpoint_want_load(world.side[0], sessions[i], 1 * WZP_S, 1000000000, world.now_ns);
    run(world.now_ns + 1 * WZP_S);
    uint64_t first = world.bytes[1] - arrived;
    assert_in_range(first * 8, 4 * 2 * RATE_BPS * 8 / 10, 4 * 2 * RATE_BPS * 102 / 100);
    run(world.now_ns + 2 * WZP_S);
    uint64_t all = world.bytes[1] - arrived;
    assert_in_range(all * 8, 6 * 2 * RATE_BPS * 9 / 10, 6 * 2 * RATE_BPS * 102 / 100);
    end();
}

static const struct choice {
    uint64_t bound_bps[2]; /* of each side */
    enum wzp_estimate_kind asked, kind;
} choices[] = {
    {{0, 0}, WZP_ESTIMATE_AUTO, WZP_ESTIMATE_OURS},
    {{RATE_BPS, 0}, WZP_ESTIMATE_AUTO, WZP_ESTIMATE_FIXED},
    {{0, RATE_BPS}, WZP_ESTIMATE_AUTO, WZP_ESTIMATE_FIXED},
    {{RATE_BPS, 0}, WZP_ESTIMATE_OURS, WZP_ESTIMATE_OURS},
    {{0, 0}, WZP_ESTIMATE_FIXED, WZP_ESTIMATE_FIXED},
    {{0, 0}, WZP_ESTIMATE_GCC, WZP_ESTIMATE_GCC},
};
static const struct choice *chosen;

static void choose(unsigned side, struct wzp_endpoint_config *config)
{
    config->max_rate_bps = chosen->bound_bps[side];
    config->estimate = chosen->asked;
}

/* Where nobody told a bound the path is measured, both ways. Another path is measured as well, unless it
 * leads to an address that proved nothing. */
static void test_who_tells(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof choices / sizeof *choices; i++) {
        chosen = &choices[i];
        begin(7 + i, choose);
        run(1 * WZP_S);
        for (unsigned side = 0; side < 2; side++) {
            struct session *session = endpoint_session(world.side[side], world.session[side]);
            assert_int_equal(session->pace.estimate.kind, chosen->kind);
            assert_int_equal(session->pace.train_left, 0);
            session->moving.path.is_proven = false;
            pace_restart(session, session->sent.next_number, world.now_ns);
            assert_int_equal(session->pace.train_left, 0);
            session->moving.path.is_proven = true;
            pace_restart(session, session->sent.next_number, world.now_ns);
            assert_int_equal(session->pace.train_left > 0, session->pace.is_guessed);
        }
        end();
    }
}

/* A far path that nobody told of has a bound until something is known of it, and then for a while what was
 * measured, a near one none. */
static void test_far_path(void **state)
{
    (void)state;
    chosen = &choices[0];
    for (unsigned is_far = 0; is_far < 2; is_far++) {
        unsigned bounded = 0;
        begin(20 + is_far, choose);
        world.delay_ns = is_far ? 400 * WZP_MS : 30 * WZP_MS;
        for (unsigned i = 0; i < 100; i++) {
            run(world.now_ns + 100 * WZP_MS);
            for (unsigned side = 0; side < 2; side++) {
                struct session *session = endpoint_session(world.side[side], world.session[side]);
                if (!session || session->state != SESSION_ACTIVE)
                    continue;
                struct wzp_estimate_facts facts = wzp_estimate_facts(&session->pace.estimate);
                uint64_t bound_bps = !pace_is_known(session) ? 100000
                                     : facts.is_open         ? 0
                                                             : facts.capacity_bps;
                if (session->pace.first_until_ns == INT64_MIN)
                    bound_bps = 0;
                else
                    assert_true(is_far);
                assert_int_equal(session->rate.bytes_max, bound_bps / 16);
                bounded += session->rate.bytes_max > 0;
            }
        }
        assert_in_range(bounded, is_far ? 4 : 0, is_far ? 60 : 0);
        end();
    }
}

/* Until something is known of a path that nobody told of, it is planned for as if the guess had been told,
 * and what comes is taken for as much, until the peer says otherwise. */
static void test_assumed(void **state)
{
    (void)state;
    chosen = &choices[0];
    for (unsigned is_far = 0; is_far < 2; is_far++) {
        unsigned assumed = 0, untold = 0;
        begin(30 + is_far, choose);
        world.delay_ns = is_far ? 400 * WZP_MS : 30 * WZP_MS;
        for (unsigned i = 0; i < 100; i++) {
            run(world.now_ns + 100 * WZP_MS);
            struct session *session = endpoint_session(world.side[0], world.session[0]);
            if (!session || session->state != SESSION_ACTIVE)
                continue;
            struct wzp_session_facts facts = facts_of(0);
            assert_int_equal(facts.is_rate_assumed, !pace_is_known(session));
            assert_int_equal(facts.bound_bps, facts.is_rate_assumed ? session->pace.estimate.start_bps : 0);
            if (facts.is_rate_assumed)
                assert_int_equal(facts.plan_bps, facts.bound_bps);
            assumed += facts.is_rate_assumed;
            untold += session->pace.told_bps == 0;
            session->pace.told_bps = 0;
            int64_t left_ns = session->pace.untold_until_ns - world.now_ns;
            if (left_ns > 100 * WZP_MS || left_ns < -100 * WZP_MS)
                assert_int_equal(facts_of(0).rate_in_bps, left_ns > 0 ? session->pace.estimate.start_bps : 0);
            session->pace.told_bps = facts.rate_in_bps;
        }
        assert_in_range(assumed, 1, 20);
        assert_int_equal(untold, 0); /* the peer says what it assumes from the first packet on */
        end();
    }
}

/* What was measured is said in as many packets as let three arrive, and again the sooner the more is lost;
 * what was told as if nothing were. */
static void test_said_through_loss(void **state)
{
    (void)state;
    static const struct {
        bool is_measured;
        unsigned lost_permille, first, later;
    } rows[] = {{false, 700, 3, 6}, {true, 0, 3, 6}, {true, 700, 10, 20}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        unsigned first = 0, later = 0;
        uint64_t rate_bps;
        start(40 + i);
        struct session *session = endpoint_session(world.side[1], world.session[1]);
        struct pace *pace = &session->pace;
        wzp_loss_init(&session->loss);
        session->loss.prior_permille = rows[i].lost_permille;
        session->loss.prior_weight = 10;
        if (rows[i].is_measured) {
            wzp_estimate_init(&pace->estimate, WZP_ESTIMATE_OURS, RATE_BPS, world.now_ns);
            pace->estimate.path.end = pace->estimate.ours.is_known = 1;
        }
        pace->said_bps = pace->says_left = 0;
        while (first < 100 && pace_says(session, world.now_ns, &rate_bps))
            first++;
        assert_int_equal(first, rows[i].first);
        for (int64_t ns = 0; ns < 3 * WZP_S; ns += 10 * WZP_MS)
            later += pace_says(session, world.now_ns + ns, &rate_bps);
        assert_in_range(later, rows[i].later - 2, rows[i].later);
        end();
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_video_is_paced_and_speech_is_not),
        cmocka_unit_test(test_stale_video_is_dropped),
        cmocka_unit_test(test_passed_repair_is_paced),
        cmocka_unit_test(test_streams_keep_to_the_pace_beside_media),
        cmocka_unit_test(test_the_peer_is_told),
        cmocka_unit_test(test_load),
        cmocka_unit_test(test_load_for_few_at_once),
        cmocka_unit_test(test_who_tells),
        cmocka_unit_test(test_far_path),
        cmocka_unit_test(test_assumed),
        cmocka_unit_test(test_said_through_loss),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
