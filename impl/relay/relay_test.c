// SPDX-License-Identifier: Apache-2.0
/* A real relay and raw endpoints around it, joined by a pipe without loss or time. */
#include "relay/relay.h"

#include "base/alloc_test.h"
#include "crypt/member.h"
#include "wire/signal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define PEOPLE 4
#define STEP   (5 * WZP_MS)

struct person {
    struct wzp_endpoint *endpoint;
    struct wzp_addr addr;
    struct wzp_member_record record;
    uint32_t session;
    uint16_t slot;
    bool is_closed;
    enum wzp_close_reason reason;
    unsigned listed, joined, left, media, keys, key_acks, repairs;
    unsigned slots; /* of the last REPAIR frame: a bit each */
    uint32_t sequence;
    uint16_t last_slot; /* of the last MEDIA, KEY or KEY_ACK */
    uint8_t last_body[WZP_KEY_BODY_LEN];
};

struct world {
    struct wzp_relay *relay;
    struct wzp_addr relay_addr;
    struct wzp_room room;
    struct person person[PEOPLE];
    int64_t now_ns;
};

static void make_with(struct world *world, const char *token, uint32_t rooms, uint32_t members, bool passes)
{
    *world = (struct world){.relay_addr = {.ip = {[15] = 100}, .port = 1}};
    memset(&world->room, 7, sizeof world->room);
    struct wzp_relay_config config = wzp_relay_config_default();
    config.endpoint.alloc = test_alloc;
    config.endpoint.passes_repair = passes;
    config.endpoint.limits.sessions_max = 8;
    config.endpoint.limits.half_open_max = 8;
    config.rooms_max = rooms;
    config.members_max = members;
    config.token_len = (uint8_t)strlen(token);
    memcpy(config.token, token, config.token_len);
    struct wzp_identity identity;
    wzp_identity_from_seed(&identity, (const uint8_t[32]){99});
    memcpy(config.endpoint.static_secret, identity.noise_secret, 32);
    memcpy(config.endpoint.static_public, identity.noise_public, 32);
    world->relay = wzp_relay_create(&config);
    assert_non_null(world->relay);
    for (unsigned i = 0; i < PEOPLE; i++) {
        struct person *person = &world->person[i];
        struct wzp_endpoint_config client = wzp_endpoint_config_client();
        client.alloc = test_alloc;
        client.passes_repair = true; /* so that REPAIR frames are seen */
        client.seed[0] = (uint8_t)(i + 1);
        wzp_identity_from_seed(&identity, client.seed);
        memcpy(client.static_secret, identity.noise_secret, 32);
        memcpy(client.static_public, identity.noise_public, 32);
        struct wzp_drbg drbg;
        struct wzp_stay stay;
        wzp_drbg_init(&drbg, client.seed, 5);
        wzp_stay_make(&stay, &drbg);
        wzp_member_record_make(&identity, &stay, &world->room, &drbg, &person->record);
        person->endpoint = wzp_endpoint_create(&client);
        assert_non_null(person->endpoint);
        person->addr = (struct wzp_addr){.ip = {[15] = (uint8_t)(i + 1)}, .port = 1};
    }
}

static void make(struct world *world, const char *token, uint32_t rooms, uint32_t members)
{
    make_with(world, token, rooms, members, false);
}

static void unmake(struct world *world)
{
    wzp_relay_destroy(world->relay);
    for (unsigned i = 0; i < PEOPLE; i++)
        wzp_endpoint_destroy(world->person[i].endpoint);
}

static void on_signal(struct person *person, struct wzp_slice message)
{
    static uint8_t memory[WZP_SIGNAL_ARENA];
    struct wzp_arena arena = wzp_arena_make(memory, sizeof memory);
    struct wzp_signal signal;
    assert_int_equal(wzp_signal_decode(message, &signal, &arena), WZP_SIGNAL_OK);
    if (signal.kind == WZP_SIGNAL_JOINED) {
        person->slot = signal.joined.slot;
        person->listed = signal.joined.member_count;
    }
    person->joined += signal.kind == WZP_SIGNAL_MEMBER_JOINED;
    person->left += signal.kind == WZP_SIGNAL_MEMBER_LEFT;
}

static void poll(struct person *person)
{
    struct wzp_event event;
    while (wzp_endpoint_poll(person->endpoint, &event)) {
        switch (event.kind) {
        case WZP_EVENT_SIGNAL:
            on_signal(person, event.signal);
            break;
        case WZP_EVENT_MEDIA:
            person->media++;
            person->last_slot = event.media.slot;
            break;
        case WZP_EVENT_REPAIR:
            person->repairs++;
            person->slots = 0;
            for (unsigned i = 0; i < event.repair->segments_count; i++)
                person->slots |= 1u << event.repair->segments[i].slot;
            break;
        case WZP_EVENT_KEY:
            person->keys++;
            person->last_slot = event.key.slot;
            memcpy(person->last_body, event.key.body, WZP_KEY_BODY_LEN);
            break;
        case WZP_EVENT_KEY_ACK:
            person->key_acks++;
            person->last_slot = event.key_ack.slot;
            break;
        case WZP_EVENT_CLOSED:
            person->is_closed = true;
            person->reason = event.closed.reason;
            break;
        case WZP_EVENT_KEYS:
        case WZP_EVENT_CONNECTED:
        case WZP_EVENT_RESET_HINT:
        case WZP_EVENT_STREAM:
            break;
        }
    }
}

/* Everything that is due within `ms`, both ways, in steps. */
static void run(struct world *world, int64_t ms)
{
    uint8_t bytes[WZP_DATAGRAM_MAX];
    struct wzp_addr to;
    size_t len;
    for (int64_t until_ns = world->now_ns + ms * WZP_MS; world->now_ns < until_ns; world->now_ns += STEP) {
        for (unsigned i = 0; i < PEOPLE; i++) {
            struct person *person = &world->person[i];
            wzp_endpoint_advance(person->endpoint, world->now_ns);
            poll(person);
            while ((len = wzp_endpoint_transmit(person->endpoint, world->now_ns, &to, bytes, sizeof bytes)))
                wzp_relay_receive(world->relay, &person->addr, bytes, len, world->now_ns);
        }
        wzp_relay_advance(world->relay, world->now_ns);
        while ((len = wzp_relay_transmit(world->relay, world->now_ns, &to, bytes, sizeof bytes))) {
            struct person *person = &world->person[to.ip[15] - 1];
            wzp_endpoint_receive(person->endpoint, &world->relay_addr, bytes, len, world->now_ns);
            poll(person);
        }
    }
}

static void say(struct person *person, const struct wzp_signal *signal)
{
    uint8_t bytes[512];
    struct wzp_writer writer = wzp_writer_make(bytes, sizeof bytes);
    wzp_signal_encode(&writer, signal);
    assert_false(writer.failed);
    assert_int_equal(wzp_endpoint_send_signal(person->endpoint, person->session,
                                              (struct wzp_slice){bytes, wzp_writer_len(&writer)}),
                     WZP_ERR_OK);
}

static void join_with(struct world *world, struct person *person, const struct wzp_member_record *record,
                      const char *token)
{
    uint8_t bytes[WZP_RECORD_LEN];
    wzp_member_record_encode(record, bytes);
    struct wzp_signal signal = {
        .kind = WZP_SIGNAL_JOIN,
        .join = {.record = {bytes, sizeof bytes}, .token = {(const uint8_t *)token, strlen(token)}}};
    assert_int_equal(
        wzp_endpoint_connect(person->endpoint, &world->relay_addr, NULL, world->now_ns, &person->session),
        WZP_ERR_OK);
    say(person, &signal);
    run(world, 100);
}

static void join(struct world *world, unsigned number)
{
    join_with(world, &world->person[number], &world->person[number].record, "");
}

static void speak(struct person *person, uint16_t slot, int64_t now_ns)
{
    uint8_t header[WZP_MEDIA_HEADER_LEN];
    struct wzp_writer writer = wzp_writer_make(header, sizeof header);
    wzp_media_header_encode(&writer, &(struct wzp_media_header){.sequence = person->sequence++});
    assert_int_equal(wzp_endpoint_send_media(
                         person->endpoint, person->session, slot, header,
                         (struct wzp_slice){(const uint8_t *)"sealed, for all we know", 23}, false, now_ns),
                     WZP_ERR_OK);
}

static uint64_t drops(const struct world *world, enum wzp_drop reason)
{
    return wzp_relay_endpoint_counters(world->relay)->drops[reason];
}

static void who_joins_gets_a_slot_and_the_list(void **state)
{
    (void)state;
    struct world world;
    make(&world, "", 2, 8);
    for (unsigned i = 0; i < 3; i++) {
        join(&world, i);
        assert_int_equal(world.person[i].slot, i + 1);
        assert_int_equal(world.person[i].listed, i + 1);
    }
    assert_int_equal(world.person[0].joined, 2);
    assert_int_equal(world.person[1].joined, 1);
    wzp_endpoint_close(world.person[1].endpoint, world.person[1].session, WZP_CLOSE_REASON_LEFT,
                       world.now_ns);
    run(&world, 200);
    assert_int_equal(world.person[0].left, 1);
    assert_int_equal(world.person[2].left, 1);
    join(&world, 3);
    assert_int_equal(world.person[3].slot, 4); /* a slot is not used again */
    assert_int_equal(world.person[3].listed, 3);
    assert_int_equal(wzp_relay_counters(world.relay)->members, 3);
    unmake(&world);
}

static void media_goes_to_all_others_under_its_speakers_slot(void **state)
{
    (void)state;
    struct world world;
    make(&world, "", 2, 8);
    for (unsigned i = 0; i < 3; i++)
        join(&world, i);
    speak(&world.person[1], 0, world.now_ns);
    run(&world, 20);
    assert_int_equal(world.person[0].media, 1);
    assert_int_equal(world.person[0].last_slot, 2);
    assert_int_equal(world.person[1].media, 0);
    assert_int_equal(world.person[2].media, 1);
    speak(&world.person[1], 2, world.now_ns); /* its own slot by name is no lie */
    speak(&world.person[1], 1, world.now_ns); /* another's is */
    run(&world, 20);
    assert_int_equal(world.person[0].media, 2);
    assert_int_equal(drops(&world, WZP_DROP_SLOT_SPOOFED), 1);
    unmake(&world);
}

static void who_is_in_no_room_is_not_forwarded(void **state)
{
    (void)state;
    struct world world;
    make(&world, "", 2, 8);
    join(&world, 0);
    assert_int_equal(wzp_endpoint_connect(world.person[1].endpoint, &world.relay_addr, NULL, world.now_ns,
                                          &world.person[1].session),
                     WZP_ERR_OK);
    run(&world, 100);
    speak(&world.person[1], 0, world.now_ns);
    run(&world, 20);
    assert_int_equal(drops(&world, WZP_DROP_NOT_JOINED), 1);
    assert_int_equal(world.person[0].media, 0);
    unmake(&world);
}

static void refusals_are_typed(void **state)
{
    (void)state;
    struct world world;
    make(&world, "open", 1, 2);
    struct wzp_member_record forged = world.person[0].record;
    forged.random[0] ^= 1;
    struct wzp_member_record elsewhere = world.person[3].record;
    const struct {
        const struct wzp_member_record *record;
        const char *token;
        enum wzp_close_reason reason; /* LEFT: let in */
    } rows[PEOPLE] = {
        {&forged, "open", WZP_CLOSE_REASON_BAD_RECORD},
        {&world.person[1].record, "opem", WZP_CLOSE_REASON_BAD_TOKEN},
        {&world.person[2].record, "open", WZP_CLOSE_REASON_LEFT},
        {&world.person[2].record, "open", WZP_CLOSE_REASON_ALREADY_MEMBER},
    };
    for (unsigned i = 0; i < PEOPLE; i++) {
        join_with(&world, &world.person[i], rows[i].record, rows[i].token);
        assert_int_equal(world.person[i].is_closed, rows[i].reason != WZP_CLOSE_REASON_LEFT);
        if (world.person[i].is_closed)
            assert_int_equal(world.person[i].reason, rows[i].reason);
        world.person[i].is_closed = false;
    }
    /* The one room that there may be is not this one; and it has place for one more. */
    struct wzp_room other;
    struct wzp_identity identity;
    struct wzp_drbg drbg;
    struct wzp_stay stay;
    memset(&other, 8, sizeof other);
    wzp_identity_from_seed(&identity, (const uint8_t[32]){77});
    wzp_drbg_init(&drbg, (const uint8_t[32]){77}, 0);
    wzp_stay_make(&stay, &drbg);
    wzp_member_record_make(&identity, &stay, &other, &drbg, &elsewhere);
    join_with(&world, &world.person[0], &elsewhere, "open");
    assert_int_equal(world.person[0].reason, WZP_CLOSE_REASON_ROOMS_FULL);
    join_with(&world, &world.person[1], &world.person[1].record, "open");
    assert_int_equal(world.person[1].slot, 2);
    join_with(&world, &world.person[3], &world.person[3].record, "open");
    assert_int_equal(world.person[3].reason, WZP_CLOSE_REASON_ROOM_FULL);
    assert_int_equal(wzp_relay_counters(world.relay)->joins, 2);
    assert_int_equal(wzp_relay_counters(world.relay)->joins_refused, 5);
    unmake(&world);
}

static void a_key_is_repeated_until_it_is_acknowledged(void **state)
{
    (void)state;
    struct world world;
    make(&world, "", 2, 8);
    for (unsigned i = 0; i < 3; i++)
        join(&world, i);
    struct person *sender = &world.person[0], *recipient = &world.person[2];
    uint8_t body[WZP_KEY_BODY_LEN] = {0, 0, 0, 16, 1, 2, 3}, ack[WZP_KEY_ACK_BODY_LEN] = {0, 0, 0, 16, 9};
    wzp_endpoint_send_key(sender->endpoint, sender->session, recipient->slot, body);
    run(&world, 1000);
    assert_in_range(recipient->keys, 24, 27); /* every 40 ms, though it was sent once */
    assert_int_equal(recipient->last_slot, sender->slot);
    assert_memory_equal(recipient->last_body, body, sizeof body);
    assert_int_equal(world.person[1].keys, 0);
    wzp_endpoint_send_key_ack(recipient->endpoint, recipient->session, sender->slot, ack);
    run(&world, 100);
    assert_int_equal(sender->key_acks, 1);
    unsigned had = recipient->keys;
    wzp_endpoint_send_key(sender->endpoint, sender->session, recipient->slot, body);
    run(&world, 500);
    assert_int_equal(recipient->keys, had); /* the relay answers for it */
    assert_int_equal(sender->key_acks, 2);
    body[3] = 17; /* a newer key is news */
    wzp_endpoint_send_key(sender->endpoint, sender->session, recipient->slot, body);
    run(&world, 20);
    assert_true(recipient->keys > had);
    wzp_endpoint_close(recipient->endpoint, recipient->session, WZP_CLOSE_REASON_LEFT, world.now_ns);
    run(&world, 200);
    wzp_endpoint_send_key(sender->endpoint, sender->session, 3, body);
    run(&world, 100);
    assert_int_equal(drops(&world, WZP_DROP_SLOT_UNKNOWN), 1);
    unmake(&world);
}

static void nonsense_signals_are_counted_or_end_the_session(void **state)
{
    (void)state;
    struct world world;
    make(&world, "", 2, 8);
    join(&world, 0);
    struct wzp_signal left = {.kind = WZP_SIGNAL_MEMBER_LEFT, .member_left = {.slot = 1}};
    say(&world.person[0], &left); /* a client does not say that */
    run(&world, 50);
    assert_int_equal(drops(&world, WZP_DROP_SIGNAL_UNKNOWN), 1);
    assert_false(world.person[0].is_closed);
    static const uint8_t nonsense[] = {0, 3, 0xff, 0xff, 0xff};
    wzp_endpoint_send_signal(world.person[0].endpoint, world.person[0].session,
                             (struct wzp_slice){nonsense, sizeof nonsense});
    run(&world, 200);
    assert_true(world.person[0].is_closed);
    assert_int_equal(world.person[0].reason, WZP_CLOSE_REASON_SIGNAL_MALFORMED);
    assert_int_equal(wzp_relay_counters(world.relay)->rooms, 0);
    unmake(&world);
}

/* A session is lost on the way, and its owner comes back with the same record before the relay noticed. */
static void who_comes_back_goes_on_in_the_same_slot(void **state)
{
    (void)state;
    struct world world;
    make(&world, "", 2, 8);
    for (unsigned i = 0; i < 3; i++)
        join(&world, i);
    struct person *back = &world.person[1];
    wzp_endpoint_abandon(back->endpoint, back->session, world.now_ns);
    back->slot = 0;
    join(&world, 1);
    assert_int_equal(back->slot, 2);
    assert_int_equal(back->listed, 3);
    assert_int_equal(world.person[0].joined, 2); /* nobody hears of it */
    assert_int_equal(world.person[0].left, 0);
    assert_int_equal(wzp_relay_counters(world.relay)->members, 3);
    assert_int_equal(wzp_relay_counters(world.relay)->joins, 3);
    assert_int_equal(wzp_relay_counters(world.relay)->rejoins, 1);
    assert_int_equal(wzp_relay_endpoint_counters(world.relay)->sessions, 3);
    speak(back, 0, world.now_ns);
    speak(&world.person[0], 0, world.now_ns);
    run(&world, 20);
    assert_int_equal(world.person[0].media, 1);
    assert_int_equal(world.person[0].last_slot, 2);
    assert_int_equal(back->media, 1);
    unmake(&world);
}

/* Anybody in the room has seen the record: showing it again over a session of one's own takes nobody's place.
 */
static void a_shown_record_takes_no_place(void **state)
{
    (void)state;
    struct world world;
    make(&world, "", 2, 8);
    join(&world, 0);
    join(&world, 1);
    join_with(&world, &world.person[2], &world.person[1].record, "");
    assert_true(world.person[2].is_closed);
    assert_int_equal(world.person[2].reason, WZP_CLOSE_REASON_ALREADY_MEMBER);
    speak(&world.person[1], 0, world.now_ns);
    run(&world, 20);
    assert_int_equal(world.person[0].media, 1);
    assert_int_equal(wzp_relay_counters(world.relay)->rejoins, 0);
    unmake(&world);
}

/* The same person begins again, with a record of a new stay: the old stay is over. */
static void a_new_stay_replaces_the_old(void **state)
{
    (void)state;
    struct world world;
    make(&world, "", 2, 8);
    join(&world, 0);
    join(&world, 1);
    struct person *again = &world.person[1];
    struct wzp_identity identity;
    struct wzp_stay stay;
    struct wzp_drbg drbg;
    wzp_identity_from_seed(&identity, (const uint8_t[32]){2});
    wzp_drbg_init(&drbg, (const uint8_t[32]){2}, 6);
    wzp_stay_make(&stay, &drbg);
    wzp_member_record_make(&identity, &stay, &world.room, &drbg, &again->record);
    uint32_t old_session = again->session;
    join(&world, 1);
    assert_int_not_equal(again->session, old_session);
    assert_true(again->is_closed); /* the old one was told */
    assert_int_equal(again->reason, WZP_CLOSE_REASON_REPLACED);
    assert_int_equal(again->slot, 3);
    assert_int_equal(again->listed, 2);
    assert_int_equal(world.person[0].left, 1);
    assert_int_equal(world.person[0].joined, 2);
    assert_int_equal(wzp_relay_counters(world.relay)->members, 2);
    unmake(&world);
}

static void a_relay_that_ends_tells_everybody(void **state)
{
    (void)state;
    struct world world;
    make(&world, "", 2, 8);
    join(&world, 0);
    join(&world, 1);
    wzp_relay_shutdown(world.relay, world.now_ns);
    run(&world, 300);
    for (unsigned i = 0; i < 2; i++) {
        assert_true(world.person[i].is_closed);
        assert_int_equal(world.person[i].reason, WZP_CLOSE_REASON_SHUTTING_DOWN);
    }
    assert_int_equal(wzp_relay_endpoint_counters(world.relay)->sessions, 0);
    join_with(&world, &world.person[2], &world.person[2].record, ""); /* and takes in nobody */
    assert_int_equal(world.person[2].slot, 0);
    assert_int_equal(wzp_relay_endpoint_counters(world.relay)->sessions, 0);
    unmake(&world);
}

static enum wzp_err cover(struct person *person, uint16_t first, uint16_t second, int64_t now_ns)
{
    const struct wzp_frame_repair repair = {
        .id = 5,
        .segments_count = 2,
        .segments = {{.slot = first, .first = 1, .span = 1}, {.slot = second, .first = 3, .span = 1}},
        .symbol = {(const uint8_t *)"a sum", 5},
    };
    return wzp_endpoint_send_repair(person->endpoint, person->session, &repair, now_ns);
}

static void passed_repair_goes_to_all_others_under_its_speakers_slot(void **state)
{
    (void)state;
    struct world world;
    make_with(&world, "", 2, 8, true);
    for (unsigned i = 0; i < 3; i++)
        join(&world, i);
    assert_int_equal(cover(&world.person[1], 0, 0, world.now_ns), WZP_ERR_OK);
    run(&world, 20);
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(world.person[i].repairs, i != 1);
        assert_int_equal(world.person[i].slots, i != 1 ? 1u << 2 : 0);
    }
    assert_int_equal(cover(&world.person[1], 2, 0, world.now_ns),
                     WZP_ERR_OK); /* its own slot by name is no lie */
    assert_int_equal(cover(&world.person[1], 0, 1, world.now_ns), WZP_ERR_OK); /* another's is */
    run(&world, 20);
    assert_int_equal(world.person[0].repairs, 2);
    assert_int_equal(drops(&world, WZP_DROP_SLOT_SPOOFED), 1);
    assert_int_equal(wzp_relay_endpoint_counters(world.relay)->repairs_in, 3);
    unmake(&world);
}

/* A relay that repairs by itself covers all who speak with one sum, under their slots. */
static void one_window_spans_all_speakers(void **state)
{
    (void)state;
    struct world world;
    make(&world, "", 2, 8);
    for (unsigned i = 0; i < 3; i++)
        join(&world, i);
    for (unsigned i = 0; i < 50; i++) { /* before it knows of the loss it takes some for likely */
        speak(&world.person[0], 0, world.now_ns);
        speak(&world.person[1], 0, world.now_ns);
        run(&world, 20);
    }
    assert_true(world.person[2].repairs > 10);
    assert_int_equal(world.person[2].slots, 1u << 1 | 1u << 2);
    assert_int_equal(world.person[0].slots & 1u << 1, 0); /* nobody's own come back */
    unmake(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_joins_gets_a_slot_and_the_list),
        cmocka_unit_test(media_goes_to_all_others_under_its_speakers_slot),
        cmocka_unit_test(passed_repair_goes_to_all_others_under_its_speakers_slot),
        cmocka_unit_test(one_window_spans_all_speakers),
        cmocka_unit_test(who_is_in_no_room_is_not_forwarded),
        cmocka_unit_test(refusals_are_typed),
        cmocka_unit_test(a_key_is_repeated_until_it_is_acknowledged),
        cmocka_unit_test(nonsense_signals_are_counted_or_end_the_session),
        cmocka_unit_test(who_comes_back_goes_on_in_the_same_slot),
        cmocka_unit_test(a_shown_record_takes_no_place),
        cmocka_unit_test(a_new_stay_replaces_the_old),
        cmocka_unit_test(a_relay_that_ends_tells_everybody),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
