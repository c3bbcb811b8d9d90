// SPDX-License-Identifier: Apache-2.0
/* Whole calls over a room made of nothing (call/room_test.h). */
#include "call/endpoint_test.h"
#include "call/inspect.h"

#include <sodium.h>

#define FRAME_NS (20 * WZP_MS)

/* ---- the people ---- */

static struct wzp_call *call[PEOPLE];
static struct wzp_room secret;
static unsigned seen[PEOPLE][WZP_CALL_EVENT_ENDED + 1]; /* events by kind */
static struct wzp_call_event ended[PEOPLE];
static int64_t now;
static unsigned loss_told, dred_told, bps_told; /* to any encoder, the last */
static struct wzp_audio_codec codec, older_codec;

static void *get_memory(void *ctx, size_t size)
{
    (void)ctx;
    assert_true(room.may_allocate);
    return calloc(1, size);
}

static void put_memory(void *ctx, void *memory, size_t size)
{
    (void)ctx, (void)size;
    free(memory);
}

static void spy_on_loss(void *encoder, const struct wzp_audio_settings *settings)
{
    loss_told = settings->loss_percent;
    dred_told = settings->dred_ms;
    bps_told = settings->bitrate_bps;
    wzp_codec_synthetic.set(encoder, settings);
}

static int setup(void **state)
{
    (void)state;
    memset(&room, 0, sizeof room);
    memset(seen, 0, sizeof seen);
    memset(&secret, 5, sizeof secret);
    codec = wzp_codec_synthetic;
    codec.set = spy_on_loss;
    older_codec = codec;
    older_codec.dred_version = 11;
    dred_told = 0;
    room.may_allocate = true;
    now = WZP_S;
    for (unsigned i = 0; i < PEOPLE; i++) {
        const uint8_t seed[32] = {(uint8_t)(i + 1)};
        struct wzp_call_config config = wzp_call_config_default();
        config.endpoint.alloc = (struct wzp_alloc){get_memory, put_memory, NULL};
        config.endpoint.seed[0] = (uint8_t)(i + 50);
        wzp_identity_from_seed(&config.identity, seed);
        config.room = secret;
        config.token_len = 3;
        config.codec = &codec;
        config.speakers_max = PEOPLE - 1;
        call[i] = wzp_call_create(&config);
        assert_non_null(call[i]);
        assert_true(sodium_is_zero((uint8_t *)&config.identity, sizeof config.identity));
        assert_true(sodium_is_zero((uint8_t *)&config.room, sizeof config.room));
        assert_true(sodium_is_zero(config.endpoint.seed, 32));
    }
    room.may_allocate = false;
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    for (unsigned i = 0; i < PEOPLE; i++)
        wzp_call_destroy(call[i]);
    return 0;
}

static void poll_all(unsigned i)
{
    struct wzp_call_event event;
    while (wzp_call_poll(call[i], &event)) {
        seen[i][event.kind]++;
        if (event.kind == WZP_CALL_EVENT_ENDED)
            ended[i] = event;
    }
}

/* Everybody takes in everything, until nothing is on its way. */
static void settle(void)
{
    for (bool is_busy = true; is_busy;) {
        is_busy = false;
        for (unsigned i = 0; i < PEOPLE; i++) {
            is_busy |= room.endpoint[i]->count > 0;
            wzp_call_receive(call[i], NULL, NULL, 0, now);
            poll_all(i);
        }
    }
}

static void capture(unsigned who, bool is_loud)
{
    int16_t pcm[WZP_AUDIO_FRAME];
    for (int i = 0; i < WZP_AUDIO_FRAME; i++)
        pcm[i] = (int16_t)(is_loud ? (i * 7919 % 65536 - 32768) / 4 : 0);
    wzp_call_capture(call[who], pcm, now);
}

/* `frames` of 20 ms in which everybody below `talkers` talks and all play. */
static void talk(unsigned talkers, unsigned frames)
{
    for (unsigned i = 0; i < frames; i++) {
        now += FRAME_NS;
        for (unsigned who = 0; who < PEOPLE; who++) {
            if (who < talkers)
                capture(who, true);
            if (wzp_call_next_at(call[who]) <= now)
                wzp_call_advance(call[who], now);
        }
        settle();
        for (unsigned who = 0; who < PEOPLE; who++) {
            int16_t pcm[WZP_AUDIO_PIECE];
            wzp_call_play(call[who], pcm, now);
            wzp_call_play(call[who], pcm, now + 10 * WZP_MS);
        }
    }
}

static void join(unsigned who)
{
    assert_int_equal(wzp_call_start(call[who], now), WZP_ERR_OK);
    settle();
}

static uint64_t drops(unsigned who, enum wzp_drop reason)
{
    return wzp_call_counters(call[who])->drops[reason];
}

/* Does a copy of these keys open what was logged as number `i`? */
static bool opens(const struct wzp_sender_keys *held, unsigned i)
{
    struct wzp_sender_keys keys = *held;
    uint8_t plain[SEALED_PAYLOAD_MAX];
    uint32_t word;
    return wzp_sender_keys_open(
               &keys, WZP_MEDIA_TYPE_AUDIO, 0, room.log[i].header.sequence, room.log[i].header_bytes,
               (struct wzp_slice){room.log[i].payload, room.log[i].len}, plain, &word) == WZP_SENDER_OPENED;
}

static struct wzp_audio_receive_stats stats_of(unsigned at, unsigned who)
{
    struct wzp_audio_receive_stats stats = {0};
    wzp_call_member_stats(call[at], (uint16_t)(who + 1), &stats);
    return stats;
}

/* ---- tests ---- */

static void test_two_hear_each_other(void **state)
{
    (void)state;
    join(0);
    talk(1, 5);
    assert_int_equal(room.logged, 0); /* nobody to talk to */
    join(1);
    talk(2, 50);
    for (unsigned i = 0; i < 2; i++) {
        struct wzp_call_facts facts;
        wzp_call_facts(call[i], &facts);
        assert_true(facts.is_joined);
        assert_int_equal(facts.slot, i + 1);
        assert_int_equal(facts.member_count, 1);
        assert_int_equal(facts.media_sent, 50);
        assert_int_equal(facts.first_media_sent_ns, WZP_S + (5 + 1) * FRAME_NS);
        assert_int_equal(stats_of(i, !i).jitter.received, 50);
        assert_int_equal(stats_of(i, !i).pieces_concealed, 0);
        assert_in_range(stats_of(i, !i).frames_decoded, 45, 50);
        for (unsigned kind = 0; kind <= WZP_CALL_EVENT_ENDED; kind++)
            assert_int_equal(seen[i][kind],
                             kind != WZP_CALL_EVENT_MEMBER_LEFT && kind != WZP_CALL_EVENT_MEMBER_REFUSED &&
                                 kind != WZP_CALL_EVENT_MEMBER_MOVED && kind != WZP_CALL_EVENT_RECONNECTING &&
                                 kind != WZP_CALL_EVENT_RECONNECTED && kind != WZP_CALL_EVENT_STREAM &&
                                 kind != WZP_CALL_EVENT_ENDED);
        for (unsigned reason = 0; reason < WZP_DROP_COUNT; reason++)
            assert_int_equal(drops(i, reason), 0);
    }
    /* Timestamps count what was captured, sequences what was sent. */
    assert_int_equal(room.log[0].header.sequence, 0);
    assert_int_equal(room.log[0].header.timestamp_ms, 5 * 20);
}

static void test_mixed_and_apart(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 3; i++)
        join(i);
    talk(3, 50);
    struct wzp_call_heard heard[PEOPLE];
    int16_t mixed[WZP_AUDIO_PIECE];
    wzp_call_play(call[0], mixed, now + 20 * WZP_MS);
    assert_int_equal(wzp_call_heard(call[0], heard, 1), 1);
    assert_int_equal(wzp_call_heard(call[0], heard, PEOPLE), 2);
    assert_int_equal(heard[0].slot + heard[1].slot, 2 + 3);
    assert_int_equal(heard[0].heard.kind, WZP_HEARD_RECEIVED);
    struct wzp_mix mix;
    int16_t expected[WZP_AUDIO_PIECE];
    wzp_mix_init(&mix);
    wzp_mix_add(&mix, heard[0].pcm);
    wzp_mix_add(&mix, heard[1].pcm);
    wzp_mix_finish(&mix, expected);
    assert_memory_equal(mixed, expected, sizeof mixed);
}

static void test_media_waits_for_its_key(void **state)
{
    (void)state;
    join(0);
    join(1);
    talk(2, 5);
    room.endpoint[1]->loses_keys = true;
    join(2); /* coming and going makes a fresh epoch */
    wzp_call_leave(call[2], now);
    settle();
    uint64_t before = stats_of(1, 0).jitter.received;
    talk(1, 20);
    assert_int_equal(stats_of(1, 0).jitter.received, before);
    room.endpoint[1]->loses_keys = false;
    talk(1, 5);
    assert_int_equal(stats_of(1, 0).jitter.received, before + 25);
    assert_int_equal(stats_of(1, 0).jitter.expected, before + 25);
    assert_int_equal(drops(1, WZP_DROP_MEDIA_EPOCH), 0);

    /* Without a key for long: bounded, the newest stay. */
    room.endpoint[1]->loses_keys = true;
    wzp_call_advance(call[0], now += 600 * WZP_S); /* a fresh key again, by age */
    talk(1, 45);
    assert_int_equal(drops(1, WZP_DROP_MEDIA_EPOCH), 45 - 32);
    assert_int_equal(call[1]->held.count, 32);
}

static void test_keys_are_repeated_until_acknowledged(void **state)
{
    (void)state;
    join(0);
    room.endpoint[1]->loses_keys = true;
    join(1);
    talk(1, 150); /* 3 s: 5 frames, every 40 ms to 2 s, every 200 ms */
    assert_in_range(room.keys_sent[1], 5 + 47, 5 + 49 + 5);
    room.endpoint[1]->loses_keys = false;
    talk(1, 15);
    assert_int_equal(seen[1][WZP_CALL_EVENT_KEY_HELD], 1);
    unsigned sent = room.keys_sent[1];
    talk(1, 100);
    assert_int_equal(room.keys_sent[1], sent);
    assert_int_equal(room.acks_sent, 2); /* one each way */
}

static void test_who_leaves_is_out_with_the_next_frame(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 3; i++)
        join(i);
    talk(1, 20);
    struct wzp_sender_keys kept = *wzp_call_sender_keys(call[2], 1);
    unsigned last = room.logged - 1;
    assert_true(opens(&kept, last));

    wzp_call_leave(call[2], now);
    assert_null(wzp_call_sender_keys(call[2], 1));
    assert_true(sodium_is_zero((const uint8_t *)&call[2]->self, sizeof call[2]->self));
    assert_true(sodium_is_zero((const uint8_t *)&call[2]->members, sizeof call[2]->members));
    assert_true(sodium_is_zero(wzp_call_own_key(call[2])->key, 32));
    settle();
    assert_int_equal(ended[2].reason, WZP_CLOSE_REASON_LEFT);
    assert_int_equal(seen[0][WZP_CALL_EVENT_MEMBER_LEFT], 1);
    uint64_t received = stats_of(1, 0).jitter.received;
    talk(1, 10);
    assert_int_equal(room.logged, last + 1 + 10);
    for (unsigned i = last + 1; i < room.logged; i++) {
        assert_false(opens(&kept, i));
        assert_true(opens(wzp_call_sender_keys(call[1], 1), i));
    }
    assert_int_equal(stats_of(1, 0).jitter.received, received + 10); /* who stays lost nothing */
    assert_int_equal(stats_of(1, 0).pieces_concealed, 0);
    /* A call that is over does nothing more. */
    capture(2, true);
    wzp_call_leave(call[2], now);
    settle();
    assert_int_equal(seen[2][WZP_CALL_EVENT_ENDED], 1);
    assert_int_equal(wzp_call_start(call[2], now), WZP_ERR_STATE);
}

static void test_who_joins_opens_nothing_older(void **state)
{
    (void)state;
    join(0);
    join(1);
    talk(1, 20);
    unsigned before = room.logged;
    uint64_t concealed = stats_of(1, 0).pieces_concealed;
    join(2);
    talk(1, 20);
    const struct wzp_sender_keys *newcomers = wzp_call_sender_keys(call[2], 1);
    for (unsigned i = 0; i < room.logged; i++)
        assert_int_equal(opens(newcomers, i), i >= before);
    assert_int_equal(stats_of(1, 0).pieces_concealed, concealed); /* a join costs the others nothing */
    assert_int_equal(stats_of(1, 0).jitter.received, 40);
    assert_int_equal(stats_of(2, 0).jitter.received, 20);
}

static void test_a_ghost_gets_nothing(void **state)
{
    (void)state;
    struct wzp_identity identity;
    struct wzp_stay stay;
    struct wzp_room guessed = secret;
    struct wzp_member_record record;
    struct wzp_drbg drbg;
    const uint8_t seed[32] = {99};
    wzp_drbg_init(&drbg, seed, 0);
    wzp_identity_from_seed(&identity, seed);
    wzp_stay_make(&stay, &drbg);
    guessed.mix[0] ^= 1; /* a relay knows the room's id, not its secret */
    wzp_member_record_make(&identity, &stay, &guessed, &drbg, &record);
    room.ghost = &record;
    join(0);
    talk(1, 20);
    assert_int_equal(seen[0][WZP_CALL_EVENT_MEMBER_REFUSED], 1);
    assert_int_equal(drops(0, WZP_DROP_GHOST), 1);
    assert_int_equal(room.logged, 0); /* it is nobody to talk to */
    join(1);
    talk(2, 20);
    assert_int_equal(stats_of(0, 1).jitter.received, 20);
    /* What the relay says in its name is not heard either. */
    struct wzp_event event = {.kind = WZP_EVENT_KEY, .key = {.slot = 77}};
    static const uint8_t body[WZP_KEY_BODY_LEN];
    post(room.endpoint[0], event, (struct wzp_slice){body, sizeof body});
    event = (struct wzp_event){.kind = WZP_EVENT_KEY_ACK, .key_ack = {.slot = 77}};
    post(room.endpoint[0], event, (struct wzp_slice){body, WZP_KEY_ACK_BODY_LEN});
    event = (struct wzp_event){.kind = WZP_EVENT_MEDIA, .media = {.slot = 77}};
    post(room.endpoint[0], event, (struct wzp_slice){body, 40});
    settle();
    assert_int_equal(drops(0, WZP_DROP_GHOST), 3);
    assert_int_equal(drops(0, WZP_DROP_KEY_ACK_MAC), 1);
    uint32_t word = wzp_call_own_key(call[0])->word;
    struct wzp_signal left = {.kind = WZP_SIGNAL_MEMBER_LEFT, .member_left = {77}};
    post_signal(room.endpoint[0], &left);
    settle();
    assert_int_equal(wzp_call_own_key(call[0])->word, word);
    assert_int_equal(seen[0][WZP_CALL_EVENT_MEMBER_LEFT], 0);
}

static void test_a_relay_not_to_be_believed(void **state)
{
    (void)state;
    const uint8_t shown[2] = {0xff, 0xff}; /* no protobuf message */
    room.lies_about_us = true;
    join(0);
    assert_int_equal(seen[0][WZP_CALL_EVENT_JOINED], 0);
    assert_int_equal(seen[0][WZP_CALL_EVENT_ENDED], 1);
    assert_int_equal(ended[0].reason, WZP_CLOSE_REASON_BAD_RECORD);
    room.lies_about_us = false;
    join(1);
    post(room.endpoint[1], (struct wzp_event){.kind = WZP_EVENT_SIGNAL},
         (struct wzp_slice){shown, sizeof shown});
    settle();
    assert_int_equal(ended[1].reason, WZP_CLOSE_REASON_SIGNAL_MALFORMED);
    assert_int_equal(drops(1, WZP_DROP_SIGNAL_MALFORMED), 1);
    talk(2, 5);
    assert_int_equal(room.logged, 0);
}

/* Each row: one frame of member 1 as a relay may hand it on, and how it is counted. */
static void test_media_that_is_not_taken(void **state)
{
    (void)state;
    join(0);
    join(1);
    talk(2, 5);
    unsigned last = room.logged - 1; /* member 1's newest */
    assert_int_equal(room.log[last].from, 1);
    const struct {
        uint16_t slot;
        unsigned byte; /* of header and payload together, changed */
        uint8_t flip;
        size_t len;
        enum wzp_drop reason;
    } rows[] = {
        {2, 0, 0, 0, WZP_DROP_MEDIA_REPLAYED},
        {9, 0, 0, 0, WZP_DROP_SLOT_UNKNOWN},
        {1, 0, 0, 0, WZP_DROP_SLOT_UNKNOWN}, /* our own slot */
        {2, 1, 0x80, 0, WZP_DROP_MEDIA_HEADER},
        {2, 2, 1, 0, WZP_DROP_MEDIA_SEAL}, /* a picture is sealed under another key */
        {2, 2, 2, 0, WZP_DROP_MEDIA_CODEC},
        {2, 3, 12, 0, WZP_DROP_MEDIA_CODEC},
        {2, 4, 1, 0, WZP_DROP_MEDIA_CODEC},
        {2, 9, 0x40, 0, WZP_DROP_MEDIA_SEAL},
        {2, 13, 1, 0, WZP_DROP_MEDIA_REPLAYED}, /* told before it is opened */
        {2, 9, 0x40, 10, WZP_DROP_MEDIA_SEAL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        uint8_t header[WZP_MEDIA_HEADER_LEN];
        memcpy(header, room.log[last].header_bytes, sizeof header);
        header[rows[i].byte] ^= rows[i].flip;
        struct wzp_event event = {.kind = WZP_EVENT_MEDIA, .media = {.slot = rows[i].slot}};
        memcpy(event.media.header_bytes, header, sizeof header);
        struct wzp_reader reader = wzp_reader_make(header, sizeof header);
        assert_true(wzp_media_header_decode(&reader, &event.media.header));
        uint64_t before = drops(0, rows[i].reason);
        size_t len = rows[i].len ? rows[i].len : room.log[last].len;
        post(room.endpoint[0], event, (struct wzp_slice){room.log[last].payload, len});
        settle();
        assert_int_equal(drops(0, rows[i].reason), before + 1);
    }
    assert_int_equal(stats_of(0, 1).jitter.received, 5);
    talk(2, 5); /* the forged sequence moved no window */
    assert_int_equal(stats_of(0, 1).jitter.received, 10);
}

static void test_loss_reaches_the_encoder(void **state)
{
    (void)state;
    join(0);
    join(1);
    talk(2, 100);
    assert_int_equal(loss_told, 0);
    room.endpoint[1]->loss_in_permille = 250;
    for (unsigned i = 0; i < 100; i++) {
        talk(1, 1);
        if (i % 2) /* member 1 talks now and then: its reports travel in its frames */
            capture(1, true);
    }
    assert_in_range(loss_told, 20, 30);
}

/* What the session fears of the way out is planned for as if it were seen. */
static void test_what_is_feared_reaches_the_encoder(void **state)
{
    (void)state;
    join(0);
    join(1);
    talk(2, 100);
    assert_int_equal(loss_told, 0);
    room.endpoint[0]->feared_permille = 600;
    talk(2, 10);
    capture(0, true);
    assert_in_range(loss_told, 59, 70);
}

/* Copies that reach as far back as the path asks for, when repair would be late: but only while all listeners
 * read their format. */
static void test_deep_redundancy_is_for_those_who_read_it(void **state)
{
    (void)state;
    codec.dred_version = 12;
    call[2]->config.codec = &older_codec;
    for (unsigned i = 0; i < 3; i++)
        call[i]->config.delay_budget_ns = 90 * WZP_MS;
    join(0);
    join(1);
    unsigned told[2];
    for (unsigned i = 0; i < 2; i++) {
        for (unsigned who = 0; who < 3; who++)
            room.endpoint[who]->loss_in_permille = i ? 500 : 250;
        talk(2, 200);
        told[i] = dred_told;
    }
    assert_in_range(told[0], 60, 400);
    assert_in_range(told[1], told[0] + 40, 1040);
    join(2);
    talk(3, 100);
    assert_int_equal(dred_told, 0);
}

/* Member 0 talks, and of the others those below `reporters` make a sound now and then, in which they tell. */
static void talk_to(unsigned reporters, unsigned frames)
{
    for (unsigned i = 0; i < frames; i++) {
        talk(1, 1);
        for (unsigned who = 1; i % 10 == 0 && who < reporters; who++)
            capture(who, true);
    }
}

/* More than the usual is spoken while all listeners tell how they fare, and a newcomer has time to. */
static void test_all_consent_to_more(void **state)
{
    (void)state;
    join(0);
    join(1);
    room.endpoint[0]->rate_bps = 2000000;
    talk_to(1, 300);
    assert_in_range(bps_told, 16000, 24000);
    talk_to(2, 500);
    assert_in_range(bps_told, 48000, 64000);
    join(2);
    talk_to(2, 200);
    assert_in_range(bps_told, 48000, 64000);
    talk_to(2, 100);
    assert_in_range(bps_told, 16000, 24000);
    talk_to(3, 500);
    assert_in_range(bps_told, 48000, 64000);
}

/* Of what comes here each who talks is told its part, however long its packets are; who paused is not among
 * them. */
static void test_those_who_talk_share_a_link(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 3; i++)
        join(i);
    for (unsigned i = 1; i < 3; i++) {
        call[i]->config.bitrate_bps_max = 1200;
        call[i]->config.is_tier_forced = true;
    }
    call[0]->config.endpoint.max_rate_bps = 200000;
    struct wzp_quality_report worst;
    for (unsigned i = 0; i < 20; i++) {
        talk(3, 40 + i);
        wzp_quality_worst(&call[1]->speech.listeners, now, &worst);
        assert_true(i == 0 || worst.rate_bps == 100000);
    }
    for (unsigned i = 0; i < 100; i++) {
        talk(2, 1);
        capture(2, false);
    }
    wzp_quality_worst(&call[1]->speech.listeners, now, &worst);
    assert_int_equal(worst.rate_bps, 200000);
}

/* What was logged as number `i`, out of repair. */
static void post_repaired(struct wzp_endpoint *to, unsigned i)
{
    struct wzp_event event = {.kind = WZP_EVENT_MEDIA,
                              .media = {.slot = slot_of(room.endpoint[room.log[i].from]),
                                        .header = room.log[i].header,
                                        .is_repaired = true,
                                        .is_recovered = true}};
    memcpy(event.media.header_bytes, room.log[i].header_bytes, sizeof event.media.header_bytes);
    post(to, event, (struct wzp_slice){room.log[i].payload, room.log[i].len});
}

/* One of a speaker's first frames is lost and comes repaired, after the next one: it is waited for, though
 * nothing is known of the way, and as long as the hop's repair takes; and a long handshake, which may have
 * been lost and repeated, leaves time for that within a wish for the delay. */
static void test_first_frames_may_be_repaired(void **state)
{
    (void)state;
    static const struct {
        unsigned lost;    /* its number */
        int64_t later_ms; /* than the frame after it */
        int64_t horizon_ms;
        bool is_known;
        int64_t handshake_ms; /* 0: no wish for the delay */
    } rows[] = {{1, 0, 0, false, 0},  {1, 10, 0, false, 0},  {0, 0, 0, false, 0},    {0, 10, 0, false, 0},
                {1, 30, 60, true, 0}, {0, 30, 60, false, 0}, {1, 30, 60, true, 500}, {1, 10, 0, false, 500}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (i) {
            teardown(state);
            setup(state);
        }
        join(0);
        join(1);
        room.endpoint[0]->judged_in = rows[i].is_known ? 100 : 0;
        room.endpoint[0]->repair_horizon_in_ns = rows[i].horizon_ms * WZP_MS;
        room.endpoint[0]->handshake_ns = rows[i].handshake_ms * WZP_MS;
        call[0]->config.delay_budget_ns = rows[i].handshake_ms ? 200 * WZP_MS : 0;
        unsigned first = room.logged, repaired = 0, concealed = 0;
        for (int64_t passed_ms = 0; passed_ms < 200; passed_ms += 10, now += 10 * WZP_MS) {
            room.endpoint[0]->loses_media = passed_ms == rows[i].lost * 20;
            if (passed_ms % 20 == 0)
                capture(1, true);
            if (passed_ms == (rows[i].lost + 1) * 20 + rows[i].later_ms)
                post_repaired(room.endpoint[0], first + rows[i].lost);
            settle();
            struct wzp_call_heard heard;
            int16_t pcm[WZP_AUDIO_PIECE];
            wzp_call_play(call[0], pcm, now);
            if (wzp_call_heard(call[0], &heard, 1) == 0)
                continue; /* nothing came yet */
            repaired += heard.heard.kind == WZP_HEARD_REPAIRED;
            concealed += heard.heard.kind == WZP_HEARD_CONCEALED;
        }
        assert_int_equal(repaired, 2); /* pieces of 10 ms */
        assert_int_equal(concealed, 0);
    }
}

static void test_a_silent_member_costs_little(void **state)
{
    (void)state;
    join(0);
    join(1);
    for (unsigned i = 0; i < 200; i++) {
        now += FRAME_NS;
        capture(0, false);
        settle();
    }
    assert_in_range(room.logged, 10, 24); /* the hangover, then a comfort noise frame each 400 ms */
    assert_int_equal(seen[1][WZP_CALL_EVENT_FIRST_MEDIA], 1);
}

static void test_more_talkers_than_decoders(void **state)
{
    (void)state;
    call[0]->config.speakers_max = 1;
    for (unsigned i = 0; i < 3; i++)
        join(i);
    talk(3, 10);
    assert_int_equal(drops(0, WZP_DROP_QUEUE_FULL), 10);
    assert_int_equal(stats_of(0, 1).jitter.received, 10);
    wzp_call_leave(call[1], now);
    settle();
    talk(3, 10);
    assert_int_equal(stats_of(0, 2).jitter.received, 10);
    assert_int_equal(drops(0, WZP_DROP_QUEUE_FULL), 10);
    call[0]->config.speakers_max = PEOPLE - 1;
}

/* Who only breathes keeps its decoder from who only breathes, but not from who speaks. */
static void test_the_silent_give_their_decoder(void **state)
{
    (void)state;
    int16_t pcm[WZP_AUDIO_PIECE];
    call[0]->config.speakers_max = 1;
    for (unsigned i = 0; i < 3; i++)
        join(i);
    talk(2, 10);
    for (unsigned i = 0; i < 200; i++) {
        now += FRAME_NS;
        capture(2, i >= 100);
        settle();
        wzp_call_play(call[0], pcm, now);
        wzp_call_play(call[0], pcm, now + 10 * WZP_MS);
        assert_int_equal(stats_of(0, 2).jitter.received, i < 100 ? 0 : i - 99);
    }
    assert_int_equal(stats_of(0, 1).jitter.received, 0); /* no decoder serves it now */
    call[0]->config.speakers_max = PEOPLE - 1;
}

/* A flood of news waits in the endpoint until the news before it was polled. */
static void test_events_are_never_lost(void **state)
{
    (void)state;
    join(0);
    for (unsigned i = 0; i < INBOX / 2; i++) {
        uint8_t record[WZP_RECORD_LEN] = {(uint8_t)i};
        uint16_t slot = (uint16_t)(1000 + i);
        struct wzp_signal joined = {.kind = WZP_SIGNAL_MEMBER_JOINED,
                                    .member_joined = {slot, {record, sizeof record}}};
        struct wzp_signal left = {.kind = WZP_SIGNAL_MEMBER_LEFT, .member_left = {slot}};
        post_signal(room.endpoint[0], &joined);
        post_signal(room.endpoint[0], &left);
    }
    wzp_call_receive(call[0], NULL, NULL, 0, now);
    assert_true(room.endpoint[0]->count > 0);
    poll_all(0);
    assert_int_equal(room.endpoint[0]->count, 0);
    assert_int_equal(seen[0][WZP_CALL_EVENT_MEMBER_REFUSED], INBOX / 2);
    assert_int_equal(drops(0, WZP_DROP_RECORD_INVALID), INBOX / 2);
}

static void test_a_key_before_its_member(void **state)
{
    (void)state;
    join(0);
    join(1);
    talk(1, 1);
    struct member *first = members_find(&call[1]->members, 1);
    uint8_t body[WZP_KEY_BODY_LEN];
    memcpy(body, first->accepted.body, sizeof body);
    uint8_t record[WZP_RECORD_LEN];
    memcpy(record, room.endpoint[0]->record, sizeof record);
    struct wzp_signal left = {.kind = WZP_SIGNAL_MEMBER_LEFT, .member_left = {1}};
    struct wzp_signal joined = {.kind = WZP_SIGNAL_MEMBER_JOINED,
                                .member_joined = {1, {record, sizeof record}}};
    struct wzp_event key = {.kind = WZP_EVENT_KEY, .key = {.slot = 1}};
    post_signal(room.endpoint[1], &left);
    post(room.endpoint[1], key, (struct wzp_slice){body, sizeof body});
    post_signal(room.endpoint[1], &joined);
    settle();
    assert_int_equal(seen[1][WZP_CALL_EVENT_KEY_HELD], 2);
    assert_true(wzp_call_sender_keys(call[1], 1)->epoch[0].used);
    key.key.slot = 2; /* its own */
    post(room.endpoint[1], key, (struct wzp_slice){body, sizeof body});
    settle();
    assert_int_equal(drops(1, WZP_DROP_SLOT_UNKNOWN), 1);
}

static struct wzp_call_video_stats pictures(unsigned at, unsigned who)
{
    struct wzp_call_video_stats stats = {0};
    assert_true(wzp_call_video_stats(call[at], (uint16_t)(who + 1), &stats));
    return stats;
}

static void test_pictures_beside_speech(void **state)
{
    (void)state;
    const uint8_t bytes[500] = {1};
    struct wzp_slice picture = {bytes, sizeof bytes};
    join(0);
    assert_int_equal(wzp_call_video_send(call[0], picture, 0, now), WZP_ERR_STATE);
    assert_int_equal(room.logged, 0);
    join(1);
    talk(2, 5);
    for (uint32_t i = 0; i < 3; i++)
        assert_int_equal(wzp_call_video_send(call[0], picture, i, now), WZP_ERR_OK);
    assert_int_equal(wzp_call_video_send(call[0], (struct wzp_slice){bytes, WZP_CALL_VIDEO_MAX + 1}, 0, now),
                     WZP_ERR_TOO_LARGE);
    unsigned last = room.logged - 1;
    assert_int_equal(room.log[last].header.media_type, WZP_MEDIA_TYPE_VIDEO);
    assert_int_equal(room.log[last].header.sequence, 2);
    assert_int_equal(room.log[last].len, sizeof bytes + WZP_SENDER_OVERHEAD);
    assert_memory_not_equal(room.log[last].payload, bytes, sizeof bytes);
    settle();
    assert_int_equal(pictures(1, 0).packets, 3);
    assert_int_equal(pictures(1, 0).bytes, 3 * sizeof bytes);
    struct wzp_event again = {.kind = WZP_EVENT_MEDIA, .media = {.slot = 1, .header = room.log[last].header}};
    memcpy(again.media.header_bytes, room.log[last].header_bytes, WZP_MEDIA_HEADER_LEN);
    post(room.endpoint[1], again, (struct wzp_slice){room.log[last].payload, room.log[last].len});
    settle();
    assert_int_equal(pictures(1, 0).packets, 3);
    assert_int_equal(drops(1, WZP_DROP_MEDIA_REPLAYED), 1);
    talk(2, 5); /* speech has numbers of its own */
    assert_int_equal(stats_of(1, 0).jitter.received, 10);
}

static uint32_t bitrate(unsigned who)
{
    struct wzp_call_facts facts;
    wzp_call_facts(call[who], &facts);
    return facts.plan.bitrate_bps;
}

/* 150 kbit/s carry Opus at 64 kbit/s, alone. */
static void test_what_speech_has_of_the_path(void **state)
{
    (void)state;
    join(0);
    join(1);
    room.endpoint[0]->rate_bps = 150000;
    room.logged = 0;
    talk(2, 500);
    assert_int_equal(bitrate(0), 64000);
    assert_int_equal(wzp_call_video_rate(call[0]), 0);
    wzp_call_video_wish(call[0], 60000, 1000000);
    talk(2, 50);
    assert_in_range(bitrate(0), 12000, 32000); /* balanced: what is plain, a picture, and the rest alike */
    assert_in_range(wzp_call_video_rate(call[0]), 80000, 100000);
    assert_int_equal(room.endpoint[0]->wishes.video.most_bps, 1000000);
    wzp_call_video_wish(call[0], 0, 0);
    room.logged = 0;
    talk(2, 500);
    assert_int_equal(bitrate(0), 64000);
    room.endpoint[0]->rate_bps = 110000;
    room.endpoint[0]->has_streams = true;
    room.logged = 0;
    talk(2, 500);
    assert_in_range(bitrate(0), 24000, 48000);
}

int main(void)
{
#define ROW(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {ROW(test_two_hear_each_other),
                                       ROW(test_mixed_and_apart),
                                       ROW(test_media_waits_for_its_key),
                                       ROW(test_keys_are_repeated_until_acknowledged),
                                       ROW(test_who_leaves_is_out_with_the_next_frame),
                                       ROW(test_who_joins_opens_nothing_older),
                                       ROW(test_a_ghost_gets_nothing),
                                       ROW(test_a_relay_not_to_be_believed),
                                       ROW(test_media_that_is_not_taken),
                                       ROW(test_loss_reaches_the_encoder),
                                       ROW(test_what_is_feared_reaches_the_encoder),
                                       ROW(test_deep_redundancy_is_for_those_who_read_it),
                                       ROW(test_all_consent_to_more),
                                       ROW(test_first_frames_may_be_repaired),
                                       ROW(test_a_silent_member_costs_little),
                                       ROW(test_more_talkers_than_decoders),
                                       ROW(test_those_who_talk_share_a_link),
                                       ROW(test_the_silent_give_their_decoder),
                                       ROW(test_events_are_never_lost),
                                       ROW(test_a_key_before_its_member),
                                       ROW(test_pictures_beside_speech),
                                       ROW(test_what_speech_has_of_the_path)};
    return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
