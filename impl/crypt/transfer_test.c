// SPDX-License-Identifier: Apache-2.0
#include "crypt/transfer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

struct person {
    struct wzp_identity identity;
    struct wzp_stay stay;
    struct wzp_member_record record;
};

static struct person make_person(uint8_t number, const struct wzp_room *room)
{
    struct person person;
    uint8_t seed[32] = {number};
    struct wzp_drbg drbg;
    wzp_drbg_init(&drbg, seed, 7);
    wzp_identity_from_seed(&person.identity, seed);
    wzp_stay_make(&person.stay, &drbg);
    wzp_member_record_make(&person.identity, &person.stay, room, &drbg, &person.record);
    return person;
}

struct fixture {
    struct wzp_room room, other_room;
    struct person giver, taker, third;
    struct wzp_pair pair;
    struct wzp_drbg drbg;
    uint8_t body[WZP_TRANSFER_BODY_LEN], key[32];
};

static void make(struct fixture *f)
{
    uint8_t seed[32] = {9};
    memset(&f->room, 1, sizeof f->room);
    memset(&f->other_room, 2, sizeof f->other_room);
    f->giver = make_person(1, &f->room);
    f->taker = make_person(2, &f->room);
    f->third = make_person(3, &f->room);
    wzp_drbg_init(&f->drbg, seed, 1);
    assert_true(wzp_pair_make(&f->giver.stay, f->taker.record.stay, &f->room, &f->pair));
    wzp_transfer_seal(&f->giver.identity, &f->pair, &f->giver.record, &f->taker.record, &f->drbg, f->body,
                      f->key);
}

static void opens_for_its_recipient(void **state)
{
    struct fixture f;
    struct wzp_pair pair;
    uint8_t key[32], body[WZP_TRANSFER_BODY_LEN], next[32];
    (void)state;
    make(&f);
    assert_true(wzp_pair_make(&f.taker.stay, f.giver.record.stay, &f.room, &pair));
    assert_int_equal(wzp_transfer_open(&pair, &f.giver.record, &f.taker.record, f.body, key), WZP_KEY_OPENED);
    assert_memory_equal(key, f.key, 32);
    wzp_transfer_seal(&f.giver.identity, &f.pair, &f.giver.record, &f.taker.record, &f.drbg, body, next);
    assert_memory_not_equal(body, f.body, 16);
    assert_memory_not_equal(next, f.key, 32);
}

static void opens_for_nobody_else(void **state)
{
    struct fixture f;
    uint8_t key[32];
    struct wzp_pair with_third, of_other_room;
    struct wzp_member_record moved;
    (void)state;
    make(&f);
    moved = f.giver.record;
    memset(moved.room_id, 5, sizeof moved.room_id);
    assert_true(wzp_pair_make(&f.giver.stay, f.third.record.stay, &f.room, &with_third));
    assert_true(wzp_pair_make(&f.giver.stay, f.taker.record.stay, &f.other_room, &of_other_room));
    const struct {
        const struct wzp_pair *pair;
        const struct wzp_member_record *sender, *own;
        enum wzp_key_result result;
    } rows[] = {
        {&f.pair, &f.giver.record, &f.third.record, WZP_KEY_BAD_SIGNATURE},
        {&f.pair, &f.third.record, &f.taker.record, WZP_KEY_BAD_SIGNATURE},
        {&f.pair, &f.taker.record, &f.giver.record, WZP_KEY_BAD_SIGNATURE},
        {&f.pair, &moved, &f.taker.record, WZP_KEY_BAD_SIGNATURE},
        {&with_third, &f.giver.record, &f.taker.record, WZP_KEY_BAD_SEAL},
        {&of_other_room, &f.giver.record, &f.taker.record, WZP_KEY_BAD_SEAL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        memset(key, 1, sizeof key);
        assert_int_equal(wzp_transfer_open(rows[i].pair, rows[i].sender, rows[i].own, f.body, key),
                         rows[i].result);
        assert_memory_not_equal(key, f.key, 32);
    }
}

static void no_byte_can_be_changed(void **state)
{
    struct fixture f;
    uint8_t key[32];
    (void)state;
    make(&f);
    for (size_t i = 0; i < sizeof f.body; i++) {
        f.body[i] ^= (uint8_t)(1u << i % 8);
        assert_int_not_equal(wzp_transfer_open(&f.pair, &f.giver.record, &f.taker.record, f.body, key),
                             WZP_KEY_OPENED);
        f.body[i] ^= (uint8_t)(1u << i % 8);
    }
    assert_int_equal(wzp_transfer_open(&f.pair, &f.giver.record, &f.taker.record, f.body, key),
                     WZP_KEY_OPENED);
}

/* A key of the speech kind must not pass for one of a transfer: the labels differ. */
static void a_sender_key_is_no_transfer(void **state)
{
    struct fixture f;
    struct wzp_sender_key speech = {.word = 16};
    uint8_t body[WZP_TRANSFER_BODY_LEN] = {0}, key[32];
    (void)state;
    make(&f);
    wzp_key_seal(&f.giver.identity, &f.pair, &f.giver.record, &f.taker.record, &speech, body);
    assert_int_equal(wzp_transfer_open(&f.pair, &f.giver.record, &f.taker.record, body, key),
                     WZP_KEY_BAD_SIGNATURE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(opens_for_its_recipient),
        cmocka_unit_test(opens_for_nobody_else),
        cmocka_unit_test(no_byte_can_be_changed),
        cmocka_unit_test(a_sender_key_is_no_transfer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
