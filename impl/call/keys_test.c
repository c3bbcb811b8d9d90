// SPDX-License-Identifier: Apache-2.0
#include "call/keys.h"

#include "crypt/drbg.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <sodium.h>
#include <string.h>

#define PEOPLE   40
#define LIFETIME (600 * WZP_S)

/* Person 0 is the one whose keys are tested; the others stand in its room under slot = their number. */
static struct wzp_drbg drbg;
static struct self person[PEOPLE];
static struct members members[PEOPLE];
static struct call_keys keys[PEOPLE];

static struct wzp_slice record_bytes(unsigned who)
{
    static uint8_t bytes[WZP_RECORD_LEN];
    wzp_member_record_encode(&person[who].record, bytes);
    return (struct wzp_slice){bytes, sizeof bytes};
}

static uint16_t slot_of(unsigned who)
{
    return (uint16_t)(who + 1);
}

/* What `at` holds of `who`, listed first if need be. */
static struct member *member_of(unsigned at, unsigned who)
{
    struct member *member = members_find(&members[at], slot_of(who));
    if (!member)
        assert_int_equal(members_add(&members[at], &person[at], slot_of(who), record_bytes(who), &member),
                         MEMBERS_VERIFIED);
    return member;
}

static int setup(void **state)
{
    (void)state;
    const uint8_t seed[32] = {9};
    struct wzp_room room;
    wzp_drbg_init(&drbg, seed, 0);
    wzp_drbg_fill(&drbg, &room, sizeof room);
    memset(members, 0, sizeof members);
    for (unsigned i = 0; i < PEOPLE; i++) {
        uint8_t identity_seed[32];
        wzp_drbg_fill(&drbg, identity_seed, sizeof identity_seed);
        person[i] = (struct self){.room = room};
        wzp_identity_from_seed(&person[i].identity, identity_seed);
        wzp_stay_make(&person[i].stay, &drbg);
        wzp_member_record_make(&person[i].identity, &person[i].stay, &room, &drbg, &person[i].record);
        call_keys_init(&keys[i], &person[i], &members[i], &drbg, LIFETIME);
    }
    return 0;
}

/* Hands person 0's offer over to `who` and its answer back. */
static void deliver(unsigned who, int64_t now_ns)
{
    enum wzp_drop reason;
    bool is_news;
    struct member *there = member_of(who, 0);
    assert_int_equal(call_keys_on_key(&keys[who], there, member_of(0, who)->offer.body, now_ns, &reason),
                     CALL_KEYS_NEW);
    assert_true(call_keys_on_ack(&keys[0], member_of(0, who), there->accepted.ack_body, &is_news));
    assert_true(is_news);
}

/* Does `who` open what person 0 seals now? */
static bool opens(unsigned who, const uint8_t *sealed, size_t len, uint32_t sequence)
{
    static const uint8_t header[WZP_MEDIA_HEADER_LEN];
    uint8_t plain[64];
    uint32_t word;
    return wzp_sender_keys_open(&member_of(who, 0)->keys, WZP_MEDIA_TYPE_AUDIO, 0, sequence, header,
                                (struct wzp_slice){sealed, len}, plain, &word) == WZP_SENDER_OPENED;
}

static size_t seal(uint32_t sequence, uint8_t out[64])
{
    static const uint8_t header[WZP_MEDIA_HEADER_LEN];
    static const uint8_t plain[20] = "twenty bytes of it";
    call_keys_seal(&keys[0], sequence, header, (struct wzp_slice){plain, sizeof plain}, out);
    return sizeof plain + WZP_MEDIA_OVERHEAD;
}

/* ---- the schedule ---- */

/* Runs to `end_ns` by next_at, with a capture every 20 ms if asked; when KEY frames went out. */
static unsigned run(bool with_frames, int64_t from_ns, int64_t end_ns, int64_t *sent_ns, unsigned max)
{
    unsigned count = 0;
    int64_t frame_ns = with_frames ? from_ns + 3 * WZP_MS : WZP_NEVER;
    for (;;) {
        int64_t now_ns = wzp_time_min(call_keys_next_at(&keys[0]), frame_ns);
        if (now_ns > end_ns)
            return count;
        bool beside_frame = now_ns == frame_ns;
        if (beside_frame)
            frame_ns += 20 * WZP_MS;
        while (call_keys_due(&keys[0], beside_frame, now_ns)) {
            assert_true(count < max);
            sent_ns[count++] = now_ns;
        }
        assert_true(call_keys_next_at(&keys[0]) > now_ns);
    }
}

static void test_schedule_with_frames(void **state)
{
    (void)state;
    int64_t sent_ns[100];
    member_of(0, 1);
    call_keys_renew(&keys[0], WZP_S);
    unsigned count = run(true, WZP_S, 4 * WZP_S, sent_ns, 100);
    int64_t first_ns = WZP_S + 3 * WZP_MS, expected_ns = first_ns;
    for (unsigned i = 0; i < count; i++) {
        assert_int_equal(sent_ns[i], expected_ns);
        expected_ns += (i + 1 < 5 ? 20 : expected_ns - first_ns < 2 * WZP_S ? 40 : 200) * WZP_MS;
    }
    assert_true(expected_ns > 4 * WZP_S);
}

static void test_schedule_without_frames(void **state)
{
    (void)state;
    int64_t sent_ns[100];
    member_of(0, 1);
    call_keys_renew(&keys[0], 0);
    unsigned count = run(false, 0, 4 * WZP_S, sent_ns, 100);
    assert_true(count > 50);
    for (unsigned i = 0; i < count; i++) {
        int64_t gap_ns = sent_ns[i] - (i ? sent_ns[i - 1] : 0);
        int64_t nominal_ns = i < 5                                     ? 20 * WZP_MS
                             : sent_ns[i - 1] - sent_ns[0] < 2 * WZP_S ? 40 * WZP_MS
                                                                       : 200 * WZP_MS;
        assert_in_range(gap_ns, nominal_ns, nominal_ns + 5 * WZP_MS);
    }
}

static void test_never_more_than_four_in_20_ms(void **state)
{
    (void)state;
    static int64_t sent_ns[4000];
    for (unsigned who = 1; who < PEOPLE; who++)
        member_of(0, who);
    call_keys_renew(&keys[0], 0);
    unsigned count = run(true, 0, 5 * WZP_S, sent_ns, 4000);
    assert_true(count > 900); /* the places are used */
    for (unsigned i = 4; i < count; i++)
        assert_true(sent_ns[i] - sent_ns[i - 4] >= 20 * WZP_MS);
    /* Members take turns: nobody is ahead of anybody by more than a round. */
    for (unsigned who = 1; who < PEOPLE; who++)
        assert_in_range(member_of(0, who)->offer.sent, count / (PEOPLE - 1) - 1, count / (PEOPLE - 1) + 1);
}

static void test_repeats_are_the_same_bytes(void **state)
{
    (void)state;
    uint8_t first[WZP_KEY_BODY_LEN];
    struct member *member = member_of(0, 1);
    call_keys_renew(&keys[0], 0);
    for (int64_t i = 0; i < 50; i++) {
        if (call_keys_due(&keys[0], true, i * 20 * WZP_MS) && i == 0)
            memcpy(first, member->offer.body, sizeof first);
        assert_memory_equal(first, member->offer.body, sizeof first);
    }
    deliver(1, WZP_S);
    assert_null(call_keys_due(&keys[0], true, 10 * WZP_S));
    assert_int_equal(call_keys_next_at(&keys[0]), LIFETIME);
}

/* ---- acknowledgements ---- */

static void test_forged_acks(void **state)
{
    (void)state;
    struct member *one = member_of(0, 1), *two = member_of(0, 2);
    bool is_news;
    uint8_t ack[WZP_KEY_ACK_BODY_LEN];
    call_keys_renew(&keys[0], 0);
    uint32_t word = keys[0].own.word;
    assert_non_null(call_keys_due(&keys[0], true, 0));
    assert_non_null(call_keys_due(&keys[0], true, 0));

    /* Another member's word, a flipped bit, and ours with the roles turned round. */
    wzp_key_ack_make(&two->pair, &person[0].record, &person[2].record, word, ack);
    assert_false(call_keys_on_ack(&keys[0], one, ack, &is_news));
    for (unsigned bit = 0; bit < 8 * sizeof ack; bit++) {
        wzp_key_ack_make(&one->pair, &person[0].record, &person[1].record, word, ack);
        ack[bit / 8] ^= (uint8_t)(1 << bit % 8);
        assert_false(call_keys_on_ack(&keys[0], one, ack, &is_news));
        assert_false(is_news);
    }
    wzp_key_ack_make(&one->pair, &person[1].record, &person[0].record, word, ack);
    assert_false(call_keys_on_ack(&keys[0], one, ack, &is_news));
    assert_int_equal(keys[0].offered, 3);

    /* A genuine one of an older word ends nothing; of a later word it does. */
    wzp_key_ack_make(&one->pair, &person[0].record, &person[1].record, word - 1, ack);
    assert_true(call_keys_on_ack(&keys[0], one, ack, &is_news));
    assert_false(is_news);
    wzp_key_ack_make(&one->pair, &person[0].record, &person[1].record, word + 1, ack);
    assert_true(call_keys_on_ack(&keys[0], one, ack, &is_news));
    assert_true(is_news);
    assert_int_equal(keys[0].offered, 2);
}

/* ---- joins, leaves, time ---- */

static void test_a_join_steps_for_the_newcomer_alone(void **state)
{
    (void)state;
    uint8_t before[64], after[64];
    member_of(0, 1);
    call_keys_renew(&keys[0], 0);
    uint32_t word = keys[0].own.word;
    while (call_keys_due(&keys[0], true, 0))
        ;
    deliver(1, 0);
    size_t len = seal(0, before);

    call_keys_on_member_joined(&keys[0], member_of(0, 2), WZP_S);
    assert_int_equal(keys[0].own.word, word + 1);
    assert_ptr_equal(call_keys_due(&keys[0], true, WZP_S), member_of(0, 2));
    assert_null(call_keys_due(&keys[0], true, WZP_S));
    deliver(2, WZP_S);
    seal(1, after);
    assert_true(opens(1, before, len, 0));
    assert_true(opens(1, after, len, 1));
    assert_true(opens(2, after, len, 1));
    assert_false(opens(2, before, len, 0));
}

static void test_an_offer_outlives_the_step(void **state)
{
    (void)state;
    uint8_t before[64], after[64];
    member_of(0, 1);
    call_keys_renew(&keys[0], 0);
    size_t len = seal(0, before); /* sealed, and nobody was given the key yet */
    call_keys_on_member_joined(&keys[0], member_of(0, 2), 0);
    seal(1, after);
    while (call_keys_due(&keys[0], true, 0))
        ;
    deliver(1, 0);
    assert_true(opens(1, before, len, 0));
    assert_true(opens(1, after, len, 1));
}

static void test_the_sixteenth_join_makes_a_fresh_epoch(void **state)
{
    (void)state;
    member_of(0, 1);
    call_keys_renew(&keys[0], 0);
    uint32_t epoch = keys[0].own.word >> 4;
    for (unsigned who = 2; who < 2 + WZP_STEP_MAX; who++) {
        call_keys_on_member_joined(&keys[0], member_of(0, who), 0);
        assert_int_equal(keys[0].own.word, epoch << 4 | (who - 1));
    }
    call_keys_on_member_joined(&keys[0], member_of(0, 30), 0);
    assert_int_equal(keys[0].own.word, (epoch + 1) << 4);
    assert_int_equal(keys[0].offered, (UINT64_C(1) << (WZP_STEP_MAX + 2)) - 1);
}

static void test_a_leaver_is_out(void **state)
{
    (void)state;
    uint8_t before[64], after[64];
    member_of(0, 1);
    member_of(0, 2);
    call_keys_renew(&keys[0], 0);
    while (call_keys_due(&keys[0], true, 0))
        ;
    deliver(1, 0);
    deliver(2, 0);
    size_t len = seal(0, before);
    members_remove(&members[0], members_find(&members[0], slot_of(2)));
    call_keys_renew(&keys[0], 0);
    seal(1, after);
    assert_true(opens(2, before, len, 0));
    assert_false(opens(2, after, len, 1));
    assert_false(opens(1, after, len, 1)); /* not yet */
    assert_ptr_equal(call_keys_due(&keys[0], true, 20 * WZP_MS), member_of(0, 1));
    assert_null(call_keys_due(&keys[0], true, 20 * WZP_MS));
    deliver(1, 20 * WZP_MS);
    assert_true(opens(1, after, len, 1));
}

static void test_keys_age(void **state)
{
    (void)state;
    member_of(0, 1);
    call_keys_renew(&keys[0], WZP_S);
    uint32_t word = keys[0].own.word;
    while (call_keys_due(&keys[0], true, WZP_S))
        ;
    deliver(1, WZP_S);
    assert_int_equal(call_keys_next_at(&keys[0]), WZP_S + LIFETIME);
    assert_false(call_keys_advance(&keys[0], WZP_S + LIFETIME - 1));
    assert_true(call_keys_advance(&keys[0], WZP_S + LIFETIME));
    assert_int_equal(keys[0].own.word, word + 16);
    assert_int_equal(keys[0].offered, 1);
}

/* ---- keys that come in ---- */

static void test_whose_key_it_is(void **state)
{
    (void)state;
    enum wzp_drop reason;
    uint8_t body[WZP_KEY_BODY_LEN];
    member_of(0, 1);
    call_keys_renew(&keys[0], 0);
    assert_non_null(call_keys_due(&keys[0], true, 0));
    memcpy(body, member_of(0, 1)->offer.body, sizeof body);

    /* Shown by the relay as person 2's: another identity signed it. */
    assert_int_equal(call_keys_on_key(&keys[1], member_of(1, 2), body, 0, &reason), CALL_KEYS_REFUSED);
    assert_int_equal(reason, WZP_DROP_KEY_SIGNATURE);
    assert_false(member_of(1, 2)->accepted.used);
    /* Handed to person 3, for whom it was not sealed. */
    assert_int_equal(call_keys_on_key(&keys[3], member_of(3, 0), body, 0, &reason), CALL_KEYS_REFUSED);
    assert_int_equal(reason, WZP_DROP_KEY_SIGNATURE);
    /* Every flipped byte. */
    for (unsigned i = 0; i < sizeof body; i++) {
        body[i] ^= 0x20;
        assert_int_equal(call_keys_on_key(&keys[1], member_of(1, 0), body, 0, &reason), CALL_KEYS_REFUSED);
        body[i] ^= 0x20;
    }
    assert_false(member_of(1, 0)->accepted.used);
    assert_int_equal(call_keys_on_key(&keys[1], member_of(1, 0), body, 0, &reason), CALL_KEYS_NEW);

    /* Repeats are acknowledged again, not more often than every 20 ms. */
    assert_int_equal(call_keys_on_key(&keys[1], member_of(1, 0), body, 19 * WZP_MS, &reason),
                     CALL_KEYS_TOO_SOON);
    assert_int_equal(call_keys_on_key(&keys[1], member_of(1, 0), body, 20 * WZP_MS, &reason),
                     CALL_KEYS_REPEATED);
    assert_int_equal(call_keys_on_key(&keys[1], member_of(1, 0), body, 39 * WZP_MS, &reason),
                     CALL_KEYS_TOO_SOON);
}

static void test_early_keys(void **state)
{
    (void)state;
    uint8_t body[WZP_KEY_BODY_LEN] = {0}, got[WZP_KEY_BODY_LEN];
    for (uint16_t slot = 1; slot <= KEYS_EARLY_MAX; slot++)
        assert_true(call_keys_put_early(&keys[0], slot, body, slot));
    assert_false(call_keys_put_early(&keys[0], 99, body, 20));
    body[0] = 1;
    assert_true(call_keys_put_early(&keys[0], 3, body, 21)); /* the newer takes the older one's place */
    assert_int_equal(call_keys_take_early(&keys[0], 3, 22, got), CALL_KEYS_EARLY_TAKEN);
    assert_memory_equal(got, body, sizeof got);
    assert_int_equal(call_keys_take_early(&keys[0], 3, 22, got), CALL_KEYS_EARLY_NONE);
    assert_int_equal(call_keys_take_early(&keys[0], 4, 5 + KEYS_EARLY_NS, got), CALL_KEYS_EARLY_TOO_OLD);
    assert_int_equal(call_keys_take_early(&keys[0], 5, 5 + KEYS_EARLY_NS, got), CALL_KEYS_EARLY_TAKEN);
    /* Old ones make way, and that is told. */
    assert_false(call_keys_put_early(&keys[0], 99, body, 3 * WZP_S));
    assert_int_equal(call_keys_take_early(&keys[0], 99, 3 * WZP_S, got), CALL_KEYS_EARLY_TAKEN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_schedule_with_frames, setup),
        cmocka_unit_test_setup(test_schedule_without_frames, setup),
        cmocka_unit_test_setup(test_never_more_than_four_in_20_ms, setup),
        cmocka_unit_test_setup(test_repeats_are_the_same_bytes, setup),
        cmocka_unit_test_setup(test_forged_acks, setup),
        cmocka_unit_test_setup(test_a_join_steps_for_the_newcomer_alone, setup),
        cmocka_unit_test_setup(test_an_offer_outlives_the_step, setup),
        cmocka_unit_test_setup(test_the_sixteenth_join_makes_a_fresh_epoch, setup),
        cmocka_unit_test_setup(test_a_leaver_is_out, setup),
        cmocka_unit_test_setup(test_keys_age, setup),
        cmocka_unit_test_setup(test_whose_key_it_is, setup),
        cmocka_unit_test_setup(test_early_keys, setup),
    };
    return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
