// SPDX-License-Identifier: Apache-2.0
#include "crypt/sender.h"

#include <setjmp.h>
#include <sodium.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

/* Somebody in a room. */
struct person {
    struct wzp_identity identity;
    struct wzp_stay stay;
    struct wzp_member_record record;
};

static struct wzp_room room, other_room;

static int make_rooms(void **state)
{
    (void)state;
    return wzp_room_derive("demo", &room) != WZP_ERR_OK ||
           wzp_room_derive("other", &other_room) != WZP_ERR_OK;
}

static struct person make_person(uint8_t number, const struct wzp_room *where)
{
    struct person person;
    uint8_t seed[32] = {number};
    struct wzp_drbg drbg;
    wzp_drbg_init(&drbg, seed, 7);
    wzp_identity_from_seed(&person.identity, seed);
    wzp_stay_make(&person.stay, &drbg);
    wzp_member_record_make(&person.identity, &person.stay, where, &drbg, &person.record);
    return person;
}

static struct wzp_pair pair_of(const struct person *own, const struct person *other,
                               const struct wzp_room *where)
{
    struct wzp_pair pair;
    assert_true(wzp_pair_make(&own->stay, other->record.stay, where, &pair));
    return pair;
}

static void rooms_are_told_apart(void **state)
{
    (void)state;
    struct wzp_room again;
    assert_int_equal(wzp_room_derive("demo", &again), WZP_ERR_OK);
    assert_memory_equal(&again, &room, sizeof room);
    assert_memory_not_equal(room.id, other_room.id, 32);
    assert_memory_not_equal(room.id, room.mix, 32);
    char too_long[WZP_ROOM_NAME_MAX + 2];
    memset(too_long, 'a', sizeof too_long - 1);
    too_long[sizeof too_long - 1] = 0;
    assert_int_equal(wzp_room_derive("", &again), WZP_ERR_BAD_INPUT);
    assert_int_equal(wzp_room_derive(too_long, &again), WZP_ERR_BAD_INPUT);
}

static void a_record_proves_identity_and_room(void **state)
{
    (void)state;
    struct person anna = make_person(1, &room);
    assert_int_equal(wzp_member_record_verify(&anna.record, &room), WZP_MEMBER_GENUINE);
    assert_int_equal(wzp_member_record_verify(&anna.record, &other_room), WZP_MEMBER_INVALID);
    uint8_t bytes[WZP_RECORD_LEN];
    wzp_member_record_encode(&anna.record, bytes);
    for (size_t i = 0; i < sizeof bytes; i++) {
        struct wzp_member_record changed;
        bytes[i] ^= 1;
        assert_true(wzp_member_record_decode((struct wzp_slice){bytes, sizeof bytes}, &changed));
        assert_int_not_equal(wzp_member_record_verify(&changed, &room), WZP_MEMBER_GENUINE);
        bytes[i] ^= 1;
    }
    struct wzp_member_record record;
    assert_false(wzp_member_record_decode((struct wzp_slice){bytes, sizeof bytes - 1}, &record));
}

/* A relay knows the room's id, but not the room. */
static void a_ghost_is_refused(void **state)
{
    (void)state;
    struct wzp_room guess = other_room;
    memcpy(guess.id, room.id, sizeof guess.id);
    struct person ghost = make_person(66, &guess);
    assert_true(wzp_member_record_verify_signature(&ghost.record));
    assert_int_equal(wzp_member_record_verify(&ghost.record, &room), WZP_MEMBER_GHOST);
}

static void a_key_reaches_its_recipient_alone(void **state)
{
    (void)state;
    struct person anna = make_person(1, &room), ben = make_person(2, &room), eve = make_person(3, &room);
    struct wzp_pair anna_ben = pair_of(&anna, &ben, &room), ben_anna = pair_of(&ben, &anna, &room);
    struct wzp_pair eve_anna = pair_of(&eve, &anna, &room);
    assert_memory_equal(&anna_ben, &ben_anna, sizeof anna_ben);
    struct wzp_sender_key key = {.word = 0x120, .key = {5, 6, 7}}, got;
    uint8_t body[WZP_SENDER_BODY_LEN];
    wzp_key_seal(&anna.identity, &anna_ben, &anna.record, &ben.record, &key, body);
    assert_int_equal(wzp_key_open(&ben_anna, &anna.record, &ben.record, body, &got), WZP_KEY_OPENED);
    assert_int_equal(got.word, 0x120);
    uint8_t again[WZP_SENDER_BODY_LEN]; /* sealed again it is the same: its nonce is never used for another */
    wzp_key_seal(&anna.identity, &anna_ben, &anna.record, &ben.record, &key, again);
    assert_memory_equal(again, body, sizeof body);
    assert_memory_equal(got.key, key.key, 32);
    /* another recipient, another claimed sender, another room, each flipped byte */
    assert_int_equal(wzp_key_open(&eve_anna, &anna.record, &eve.record, body, &got), WZP_KEY_BAD_SIGNATURE);
    assert_int_equal(wzp_key_open(&ben_anna, &eve.record, &ben.record, body, &got), WZP_KEY_BAD_SIGNATURE);
    struct wzp_pair elsewhere = pair_of(&ben, &anna, &other_room);
    assert_int_equal(wzp_key_open(&elsewhere, &anna.record, &ben.record, body, &got), WZP_KEY_BAD_SEAL);
    for (size_t i = 0; i < sizeof body; i++) {
        body[i] ^= 0x10;
        assert_int_not_equal(wzp_key_open(&ben_anna, &anna.record, &ben.record, body, &got), WZP_KEY_OPENED);
        body[i] ^= 0x10;
    }
    /* signed by eve in anna's name */
    wzp_key_seal(&eve.identity, &anna_ben, &anna.record, &ben.record, &key, body);
    assert_int_equal(wzp_key_open(&ben_anna, &anna.record, &ben.record, body, &got), WZP_KEY_BAD_SIGNATURE);
}

/* All identity seeds are not enough: the stay keys are gone. */
static void stolen_seeds_open_no_key(void **state)
{
    (void)state;
    struct person anna = make_person(1, &room), ben = make_person(2, &room);
    struct wzp_pair pair = pair_of(&anna, &ben, &room);
    struct wzp_sender_key key = {.word = 0x10, .key = {9}}, got;
    uint8_t body[WZP_SENDER_BODY_LEN];
    wzp_key_seal(&anna.identity, &pair, &anna.record, &ben.record, &key, body);
    struct wzp_stay from_seed;
    memcpy(from_seed.secret, ben.identity.noise_secret, 32);
    memcpy(from_seed.public_key, ben.record.stay, 32);
    struct wzp_pair guess;
    assert_true(wzp_pair_make(&from_seed, anna.record.stay, &room, &guess));
    assert_int_equal(wzp_key_open(&guess, &anna.record, &ben.record, body, &got), WZP_KEY_BAD_SEAL);
}

static void an_acknowledgement_cannot_be_forged(void **state)
{
    (void)state;
    struct person anna = make_person(1, &room), ben = make_person(2, &room), eve = make_person(3, &room);
    struct wzp_pair pair = pair_of(&anna, &ben, &room), wrong = pair_of(&eve, &anna, &room);
    uint8_t body[WZP_SENDER_ACK_BODY_LEN];
    uint32_t word;
    wzp_key_ack_make(&pair, &anna.record, &ben.record, 0x35, body);
    assert_true(wzp_key_ack_check(&pair, &anna.record, &ben.record, body, &word));
    assert_int_equal(word, 0x35);
    assert_false(wzp_key_ack_check(&pair, &ben.record, &anna.record, body, &word)); /* the other direction */
    assert_false(wzp_key_ack_check(&wrong, &anna.record, &ben.record, body, &word));
    for (size_t i = 0; i < sizeof body; i++) {
        body[i] ^= 1;
        assert_false(wzp_key_ack_check(&pair, &anna.record, &ben.record, body, &word));
        body[i] ^= 1;
    }
}

static const uint8_t header[16] = {2, 0, 0, 0};

static size_t seal(const struct wzp_sender_key *key, uint32_t sequence, uint8_t *out)
{
    struct wzp_media_key media;
    wzp_media_key_make(key, 0, 0, &media);
    wzp_media_seal(&media, sequence, header, (const uint8_t *)"speech", 6, out);
    return 6 + WZP_SENDER_OVERHEAD;
}

static enum wzp_sender_result open_with(struct wzp_sender_keys *keys, uint32_t sequence,
                                        const uint8_t *sealed)
{
    uint8_t out[64];
    uint32_t word;
    enum wzp_sender_result result = wzp_sender_keys_open(
        keys, 0, 0, sequence, header, (struct wzp_slice){sealed, 6 + WZP_SENDER_OVERHEAD}, out, &word);
    if (result == WZP_SENDER_OPENED)
        assert_memory_equal(out, "speech", 6);
    return result;
}

static void steps_go_forward_only(void **state)
{
    (void)state;
    struct wzp_sender_key key = {.word = 0x20, .key = {1}}, third = key;
    uint8_t sealed[16][64];
    for (unsigned step = 0; step < 16; step++) {
        seal(&key, step, sealed[step]);
        if (step == 3)
            third = key;
        if (step < 15)
            wzp_sender_key_step(&key);
    }
    struct wzp_sender_keys newcomer = {0};
    wzp_sender_keys_add(&newcomer, &third);
    for (unsigned step = 0; step < 3; step++)
        assert_int_equal(open_with(&newcomer, step, sealed[step]), WZP_SENDER_UNKNOWN_EPOCH);
    assert_int_equal(open_with(&newcomer, 15, sealed[15]), WZP_SENDER_OPENED); /* ahead: computed */
    for (unsigned step = 3; step < 16; step++)
        assert_int_equal(open_with(&newcomer, step, sealed[step]), WZP_SENDER_OPENED); /* late ones as well */
    assert_int_equal(open_with(&newcomer, 4, sealed[5]), WZP_SENDER_BAD_SEAL); /* the sequence is the nonce */
}

static void a_failed_open_stores_nothing(void **state)
{
    (void)state;
    struct wzp_sender_key key = {.word = 0x20, .key = {1}};
    struct wzp_sender_keys keys = {0};
    wzp_sender_keys_add(&keys, &key);
    uint8_t sealed[64];
    seal(&key, 1, sealed);
    sealed[0] = 0x2f; /* claims step 15 */
    struct wzp_sender_keys before = keys;
    assert_int_equal(open_with(&keys, 1, sealed), WZP_SENDER_BAD_SEAL);
    assert_memory_equal(&before, &keys, sizeof keys);
}

/* A forged frame under a key that is derived already. */
static void a_forged_frame_costs_the_genuine_one_nothing(void **state)
{
    (void)state;
    struct wzp_sender_key key = {.word = 0x20, .key = {1}};
    struct wzp_sender_keys keys = {0};
    wzp_sender_keys_add(&keys, &key);
    uint8_t first[64], second[64], out[64];
    seal(&key, 1, first);
    seal(&key, 2, second);
    assert_int_equal(open_with(&keys, 1, first), WZP_SENDER_OPENED);
    struct wzp_sender_keys before = keys;
    size_t len = 6 + WZP_SENDER_OVERHEAD;
    for (size_t bit = 0; bit < 8 * len; bit++) {
        second[bit / 8] ^= (uint8_t)(1 << bit % 8);
        assert_int_not_equal(open_with(&keys, 2, second), WZP_SENDER_OPENED);
        second[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    uint32_t word;
    for (size_t shorter = 0; shorter < WZP_SENDER_OVERHEAD; shorter++)
        assert_int_equal(
            wzp_sender_keys_open(&keys, 0, 0, 2, header, (struct wzp_slice){second, shorter}, out, &word),
            WZP_SENDER_MALFORMED);
    assert_memory_equal(&before, &keys, sizeof keys);
    assert_int_equal(open_with(&keys, 2, second), WZP_SENDER_OPENED);
}

/* Four bits name an epoch: what is 16 rotations old is not held any more, or not meant. */
static void epochs_that_look_alike_are_told_apart(void **state)
{
    (void)state;
    struct wzp_sender_key old = {.word = 0x020, .key = {1}}, new = {.word = 0x120, .key = {2}};
    uint8_t old_sealed[64], new_sealed[64];
    seal(&old, 1, old_sealed);
    seal(&new, 1, new_sealed);
    assert_int_equal(old_sealed[0], new_sealed[0]);
    struct wzp_sender_keys keys = {0};
    wzp_sender_keys_add(&keys, &old);
    wzp_sender_keys_add(&keys, &new);
    assert_int_equal(open_with(&keys, 1, old_sealed), WZP_SENDER_BAD_SEAL);
    assert_int_equal(open_with(&keys, 1, new_sealed), WZP_SENDER_OPENED);
    struct wzp_sender_keys before = keys;
    struct wzp_sender_key oldest = {.word = 0x010, .key = {3}};
    wzp_sender_keys_add(&keys, &oldest); /* a relay hands over a key of long ago */
    assert_memory_equal(&before, &keys, sizeof keys);
}

static void a_fresh_epoch_owes_nothing_to_the_old(void **state)
{
    (void)state;
    uint8_t seed[32] = {3}, old_sealed[64], new_sealed[64];
    struct wzp_drbg drbg;
    wzp_drbg_init(&drbg, seed, 0);
    struct wzp_sender_key key = {0};
    wzp_sender_key_fresh(&key, &drbg);
    assert_int_equal(key.word, 0x10);
    struct wzp_sender_keys leaver = {0}, stayer = {0};
    wzp_sender_keys_add(&leaver, &key);
    wzp_sender_keys_add(&stayer, &key);
    seal(&key, 1, old_sealed);
    wzp_sender_key_fresh(&key, &drbg);
    assert_int_equal(key.word, 0x20);
    seal(&key, 2, new_sealed);
    assert_int_equal(open_with(&leaver, 2, new_sealed), WZP_SENDER_UNKNOWN_EPOCH);
    wzp_sender_keys_add(&stayer, &key);
    assert_int_equal(open_with(&stayer, 2, new_sealed), WZP_SENDER_OPENED);
    assert_int_equal(open_with(&stayer, 1, old_sealed),
                     WZP_SENDER_OPENED); /* late packets of the old epoch */
    for (unsigned i = 0; i < 2; i++) {
        wzp_sender_key_fresh(&key, &drbg);
        wzp_sender_keys_add(&stayer, &key);
    }
    assert_int_equal(open_with(&stayer, 1, old_sealed), WZP_SENDER_UNKNOWN_EPOCH); /* two epochs are kept */
    wzp_sender_keys_deinit(&stayer);
    assert_true(sodium_is_zero((uint8_t *)&stayer, sizeof stayer));
}

static void media_keys_differ_by_stream_and_type(void **state)
{
    (void)state;
    struct wzp_sender_key key = {.word = 0x20, .key = {1}};
    struct wzp_media_key a, b, c;
    wzp_media_key_make(&key, 0, 0, &a);
    wzp_media_key_make(&key, 0, 1, &b);
    wzp_media_key_make(&key, 1, 0, &c);
    assert_memory_not_equal(a.key, b.key, 32);
    assert_memory_not_equal(a.key, c.key, 32);
    uint8_t sealed[64], out[64], changed[16];
    wzp_media_seal(&a, 1, header, (const uint8_t *)"speech", 6, sealed);
    struct wzp_slice payload = {sealed, 6 + WZP_SENDER_OVERHEAD};
    assert_true(wzp_media_open(&a, 1, header, payload, out));
    memcpy(changed, header, sizeof changed);
    changed[5] ^= 1;
    assert_false(wzp_media_open(&a, 1, changed, payload, out)); /* the header is authenticated */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rooms_are_told_apart),
        cmocka_unit_test(a_record_proves_identity_and_room),
        cmocka_unit_test(a_ghost_is_refused),
        cmocka_unit_test(a_key_reaches_its_recipient_alone),
        cmocka_unit_test(stolen_seeds_open_no_key),
        cmocka_unit_test(an_acknowledgement_cannot_be_forged),
        cmocka_unit_test(steps_go_forward_only),
        cmocka_unit_test(a_failed_open_stores_nothing),
        cmocka_unit_test(a_forged_frame_costs_the_genuine_one_nothing),
        cmocka_unit_test(epochs_that_look_alike_are_told_apart),
        cmocka_unit_test(a_fresh_epoch_owes_nothing_to_the_old),
        cmocka_unit_test(media_keys_differ_by_stream_and_type),
    };
    return cmocka_run_group_tests(tests, make_rooms, NULL);
}
