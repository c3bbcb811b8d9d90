// SPDX-License-Identifier: Apache-2.0
#include "call/members.h"

#include "crypt/drbg.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <sodium.h>
#include <string.h>

static struct wzp_drbg drbg;
static struct wzp_room room;

static struct self make_self(const struct wzp_room *in)
{
    struct self self = {.room = *in};
    uint8_t seed[32];
    wzp_drbg_fill(&drbg, seed, sizeof seed);
    wzp_identity_from_seed(&self.identity, seed);
    wzp_stay_make(&self.stay, &drbg);
    wzp_member_record_make(&self.identity, &self.stay, &self.room, &drbg, &self.record);
    return self;
}

static struct wzp_slice bytes_of(const struct wzp_member_record *record)
{
    static uint8_t bytes[WZP_RECORD_LEN];
    wzp_member_record_encode(record, bytes);
    return (struct wzp_slice){bytes, sizeof bytes};
}

static int setup(void **state)
{
    (void)state;
    const uint8_t seed[32] = {7};
    wzp_drbg_init(&drbg, seed, 0);
    wzp_drbg_fill(&drbg, &room, sizeof room);
    return 0;
}

static void test_pairs_agree(void **state)
{
    (void)state;
    static struct members of_a, of_b;
    struct self a = make_self(&room), b = make_self(&room);
    struct member *b_at_a, *a_at_b;
    assert_int_equal(members_add(&of_a, &a, 2, bytes_of(&b.record), &b_at_a), MEMBERS_VERIFIED);
    assert_int_equal(members_add(&of_b, &b, 1, bytes_of(&a.record), &a_at_b), MEMBERS_VERIFIED);
    assert_memory_equal(&b_at_a->pair, &a_at_b->pair, sizeof a_at_b->pair);
    assert_ptr_equal(members_find(&of_a, 2), b_at_a);
    assert_null(members_find(&of_a, 1));
    assert_null(members_find(&of_a, 0));
    assert_int_equal(of_a.count, 1);

    uint8_t zero[sizeof *b_at_a] = {0};
    members_remove(&of_a, b_at_a);
    assert_int_equal(of_a.count, 0);
    assert_null(members_find(&of_a, 2));
    assert_memory_equal(b_at_a, zero, sizeof zero);
}

/* Each row: a record that must be refused, and as what. */
static void test_refusals(void **state)
{
    (void)state;
    struct self self = make_self(&room), other = make_self(&room);
    struct wzp_room not_knowing = room, elsewhere = room;
    not_knowing.mix[3] ^= 1;
    elsewhere.id[3] ^= 1;
    struct self ghost = make_self(&not_knowing), stranger = make_self(&elsewhere);
    struct wzp_member_record forged = other.record;
    forged.stay[0] ^= 1;
    struct wzp_member_record degenerate_record;
    struct wzp_stay degenerate = {{0}, {0}};
    wzp_member_record_make(&other.identity, &degenerate, &room, &drbg, &degenerate_record);
    const struct {
        const struct wzp_member_record *record;
        size_t len;
        enum wzp_drop refusal;
    } rows[] = {
        {&ghost.record, WZP_RECORD_LEN, WZP_DROP_GHOST},
        {&stranger.record, WZP_RECORD_LEN, WZP_DROP_RECORD_INVALID},
        {&forged, WZP_RECORD_LEN, WZP_DROP_RECORD_INVALID},
        {&degenerate_record, WZP_RECORD_LEN, WZP_DROP_RECORD_INVALID},
        {&self.record, WZP_RECORD_LEN, WZP_DROP_RECORD_INVALID}, /* ourselves under another slot */
        {&other.record, WZP_RECORD_LEN - 1, WZP_DROP_RECORD_INVALID},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        static struct members members;
        static const struct wzp_pair no_pair;
        memset(&members, 0, sizeof members);
        struct wzp_slice bytes = bytes_of(rows[i].record);
        struct member *member;
        bytes.len = rows[i].len;
        assert_int_equal(members_add(&members, &self, 9, bytes, &member), MEMBERS_REFUSED);
        assert_true(member->is_refused);
        assert_int_equal(member->refusal, rows[i].refusal);
        assert_memory_equal(&member->pair, &no_pair, sizeof no_pair);
        assert_int_equal(members.count, 0);
        assert_ptr_equal(members_find(&members, 9), member);
        members_remove(&members, member);
        assert_int_equal(members.count, 0);
    }
}

static void test_nobody_is_shown_twice(void **state)
{
    (void)state;
    static struct members members;
    memset(&members, 0, sizeof members);
    struct self self = make_self(&room), other = make_self(&room), third = make_self(&room);
    struct member *member;
    assert_int_equal(members_add(&members, &self, 2, bytes_of(&other.record), &member), MEMBERS_VERIFIED);
    assert_int_equal(members_add(&members, &self, 3, bytes_of(&other.record), &member), MEMBERS_REFUSED);
    assert_int_equal(members_add(&members, &self, 2, bytes_of(&third.record), &member), MEMBERS_LISTED);
    assert_memory_equal(&members_find(&members, 2)->record, &other.record, sizeof other.record);

    /* A forged copy that comes first must not keep the genuine one out. */
    struct wzp_member_record forged = third.record;
    forged.signature[0] ^= 1;
    assert_int_equal(members_add(&members, &self, 4, bytes_of(&forged), &member), MEMBERS_REFUSED);
    assert_int_equal(members_add(&members, &self, 5, bytes_of(&third.record), &member), MEMBERS_VERIFIED);
    assert_int_equal(members.count, 2);
}

static void test_away_and_back(void **state)
{
    (void)state;
    static struct members members;
    memset(&members, 0, sizeof members);
    struct self self = make_self(&room), first = make_self(&room), second = make_self(&room);
    struct member *a, *b, *refused;
    assert_int_equal(members_add(&members, &self, 2, bytes_of(&first.record), &a), MEMBERS_VERIFIED);
    assert_int_equal(members_add(&members, &self, 3, bytes_of(&second.record), &b), MEMBERS_VERIFIED);
    assert_int_equal(members_add(&members, &self, 4, bytes_of(&self.record), &refused), MEMBERS_REFUSED);
    a->keys.epoch[0].used = true;
    members_all_away(&members, 77);
    assert_int_equal(members.count, 0);
    assert_int_equal(refused->slot, 0); /* refused ones are forgotten */
    assert_null(members_find(&members, 2));
    assert_false(members_is_here(a) || members_is_here(b));
    assert_int_equal(a->away_ns, 77);

    /* By the record, and by every byte of it; with all that is known of it; in whatever slot. */
    struct wzp_member_record changed = first.record;
    changed.random[0] ^= 1;
    struct wzp_slice cut = bytes_of(&first.record);
    cut.len--;
    assert_null(members_with_record(&members, cut));
    assert_null(members_with_record(&members, bytes_of(&changed)));
    assert_ptr_equal(members_with_record(&members, bytes_of(&first.record)), a);
    members_come_back(&members, a, 3); /* where the other was */
    assert_ptr_equal(members_find(&members, 3), a);
    assert_true(members_is_here(a) && a->keys.epoch[0].used);
    assert_int_equal(members.count, 1);

    members_all_away(&members, 99); /* who was away stays so, since then */
    assert_int_equal(b->away_ns, 77);
    assert_int_equal(members.count, 0);
    members_remove(&members, b);
    assert_int_equal(members.count, 0);
    assert_null(members_with_record(&members, bytes_of(&second.record)));
}

static void test_full(void **state)
{
    (void)state;
    static struct members members;
    memset(&members, 0, sizeof members);
    struct self self = make_self(&room);
    struct member *member;
    for (uint16_t slot = 1; slot <= WZP_MEMBERS_MAX; slot++) {
        struct self other = make_self(&room);
        assert_int_equal(members_add(&members, &self, slot, bytes_of(&other.record), &member),
                         MEMBERS_VERIFIED);
        assert_int_equal(members_row(&members, member), slot - 1);
    }
    struct self other = make_self(&room);
    assert_int_equal(members_add(&members, &self, 99, bytes_of(&other.record), &member), MEMBERS_FULL);
    members_remove(&members, members_find(&members, 7));
    assert_int_equal(members_add(&members, &self, 99, bytes_of(&other.record), &member), MEMBERS_VERIFIED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_pairs_agree, setup),
        cmocka_unit_test_setup(test_refusals, setup),
        cmocka_unit_test_setup(test_nobody_is_shown_twice, setup),
        cmocka_unit_test_setup(test_away_and_back, setup),
        cmocka_unit_test_setup(test_full, setup),
    };
    return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
