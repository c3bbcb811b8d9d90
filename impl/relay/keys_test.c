// SPDX-License-Identifier: Apache-2.0
#include "relay/keys.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/alloc_test.h"
#include "base/rng.h"
#include "base/time.h"

#define MEMBERS 6

/* A key of this epoch; both start with it, as a KEY's and a KEY_ACK's first word do. */
static void make_body(uint8_t epoch, uint8_t body[WZP_KEY_BODY_LEN])
{
    memset(body, 0x55, WZP_KEY_BODY_LEN);
    memcpy(body, (const uint8_t[]){0, 0, epoch, 0}, 4);
}

static void make_ack(uint8_t epoch, uint8_t mark, uint8_t ack[WZP_KEY_ACK_BODY_LEN])
{
    memset(ack, mark, WZP_KEY_ACK_BODY_LEN);
    memcpy(ack, (const uint8_t[]){0, 0, epoch, 0}, 4);
}

/* The repeats of one key: every 40 ms for two seconds, then every 200 ms, until it is acknowledged. */
static void test_pace(void **state)
{
    (void)state;
    struct keys keys;
    struct keys_repeat repeat;
    uint8_t body[WZP_KEY_BODY_LEN], ack[WZP_KEY_ACK_BODY_LEN];
    const uint8_t *answer;
    const int64_t start_ns = 7 * WZP_S;
    assert_true(keys_init(&keys, &test_alloc, 2, 2));
    assert_true(keys_next_at(&keys) == WZP_NEVER);
    make_body(1, body);
    assert_int_equal(keys_on_key(&keys, 0, 1, body, start_ns, &answer), KEYS_FORWARD);
    unsigned repeats = 0;
    int64_t before_ns = start_ns;
    while (keys_next_at(&keys) <= start_ns + 4 * WZP_S) {
        int64_t now_ns = keys_next_at(&keys);
        assert_false(keys_repeat_due(&keys, now_ns - 1, &repeat));
        assert_true(keys_repeat_due(&keys, now_ns, &repeat));
        assert_int_equal(repeat.sender, 0);
        assert_int_equal(repeat.recipient, 1);
        assert_memory_equal(repeat.body, body, sizeof body);
        assert_true(now_ns - before_ns == (before_ns < start_ns + 2 * WZP_S ? 40 : 200) * WZP_MS);
        before_ns = now_ns;
        repeats++;
    }
    assert_int_equal(repeats, 50 + 10);
    make_ack(2, 9, ack); /* of another key: changes nothing */
    keys_on_key_ack(&keys, 0, 1, ack);
    assert_true(keys_next_at(&keys) != WZP_NEVER);
    make_ack(1, 9, ack);
    keys_on_key_ack(&keys, 1, 0, ack); /* of another sender */
    assert_true(keys_next_at(&keys) != WZP_NEVER);
    keys_on_key_ack(&keys, 0, 1, ack);
    assert_true(keys_next_at(&keys) == WZP_NEVER);
    assert_int_equal(keys_on_key(&keys, 0, 1, body, start_ns, &answer), KEYS_ANSWER);
    assert_memory_equal(answer, ack, sizeof ack);
    make_body(2, body);
    assert_int_equal(keys_on_key(&keys, 0, 1, body, start_ns + 9 * WZP_S, &answer), KEYS_FORWARD);
    assert_true(keys_next_at(&keys) == start_ns + 9 * WZP_S + 40 * WZP_MS); /* fast again */
    assert_int_equal(keys_on_key(&keys, 0, 1, body, start_ns + 9 * WZP_S, &answer), KEYS_REPEATED);
    keys_deinit(&keys, &test_alloc);
}

/* The twin: a table of all pairs. */
struct pair {
    bool used, is_acked;
    uint8_t epoch, mark;
    int64_t first_ns, due_ns;
};

static int64_t twin_next(struct pair pair[MEMBERS][MEMBERS])
{
    int64_t next_ns = WZP_NEVER;
    for (unsigned i = 0; i < MEMBERS * MEMBERS; i++)
        if (pair[i / MEMBERS][i % MEMBERS].used)
            next_ns = wzp_time_min(next_ns, pair[i / MEMBERS][i % MEMBERS].due_ns);
    return next_ns;
}

static void on_key(struct keys *keys, struct pair *pair, uint32_t sender, uint32_t recipient, uint8_t epoch,
                   int64_t now_ns)
{
    uint8_t body[WZP_KEY_BODY_LEN], ack[WZP_KEY_ACK_BODY_LEN];
    const uint8_t *answer;
    make_body(epoch, body);
    enum keys_verdict verdict = keys_on_key(keys, sender, recipient, body, now_ns, &answer);
    if (!pair->used || pair->epoch != epoch) {
        assert_int_equal(verdict, KEYS_FORWARD);
        *pair = (struct pair){true, false, epoch, 0, now_ns, now_ns + 40 * WZP_MS};
    } else if (pair->is_acked) {
        assert_int_equal(verdict, KEYS_ANSWER);
        make_ack(epoch, pair->mark, ack);
        assert_memory_equal(answer, ack, sizeof ack);
    } else {
        assert_int_equal(verdict, KEYS_REPEATED);
    }
}

static void on_ack(struct keys *keys, struct pair *pair, uint32_t sender, uint32_t recipient, uint8_t epoch,
                   uint8_t mark)
{
    uint8_t ack[WZP_KEY_ACK_BODY_LEN];
    make_ack(epoch, mark, ack);
    keys_on_key_ack(keys, sender, recipient, ack);
    if (!pair->used || pair->epoch != epoch)
        return;
    pair->is_acked = true;
    pair->mark = mark;
    pair->due_ns = WZP_NEVER;
}

static void repeat_all(struct keys *keys, struct pair pair[MEMBERS][MEMBERS], int64_t now_ns)
{
    struct keys_repeat repeat;
    while (keys_repeat_due(keys, now_ns, &repeat)) {
        struct pair *twin = &pair[repeat.sender][repeat.recipient];
        uint8_t body[WZP_KEY_BODY_LEN];
        assert_true(twin->used && twin->due_ns <= now_ns);
        make_body(twin->epoch, body);
        assert_memory_equal(repeat.body, body, sizeof body);
        twin->due_ns = now_ns + (now_ns < twin->first_ns + 2 * WZP_S ? 40 : 200) * WZP_MS;
    }
}

static void test_against_a_table_of_pairs(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 40; seed++) {
        struct wzp_rng rng = wzp_rng_make(seed, 0);
        struct keys keys;
        static struct pair pair[MEMBERS][MEMBERS];
        memset(pair, 0, sizeof pair);
        int64_t now_ns = 0;
        assert_true(keys_init(&keys, &test_alloc, MEMBERS, MEMBERS));
        for (unsigned step = 0; step < 1500; step++) {
            now_ns += (int64_t)wzp_rng_below(&rng, 60) * WZP_MS;
            uint32_t sender = (uint32_t)wzp_rng_below(&rng, MEMBERS);
            uint32_t recipient = (sender + 1 + (uint32_t)wzp_rng_below(&rng, MEMBERS - 1)) % MEMBERS;
            uint8_t epoch = (uint8_t)wzp_rng_below(&rng, 3);
            uint64_t choice = wzp_rng_below(&rng, 20);
            if (choice < 10) {
                on_key(&keys, &pair[sender][recipient], sender, recipient, epoch, now_ns);
            } else if (choice < 19) {
                on_ack(&keys, &pair[sender][recipient], sender, recipient, epoch, (uint8_t)step);
            } else {
                keys_forget_member(&keys, sender);
                for (unsigned i = 0; i < MEMBERS; i++)
                    pair[sender][i].used = pair[i][sender].used = false;
            }
            repeat_all(&keys, pair, now_ns);
            assert_true(keys_next_at(&keys) == twin_next(pair));
        }
        keys_deinit(&keys, &test_alloc);
    }
}

/* As many keys as a full table of rooms can need; and again after all have left. */
static void test_a_full_table(void **state)
{
    (void)state;
    struct keys keys;
    uint8_t body[WZP_KEY_BODY_LEN];
    const uint8_t *answer;
    make_body(1, body);
    assert_true(keys_init(&keys, &test_alloc, MEMBERS, MEMBERS));
    for (unsigned round = 0; round < 3; round++) {
        for (uint32_t i = 0; i < MEMBERS * MEMBERS; i++)
            if (i / MEMBERS != i % MEMBERS)
                assert_int_equal(keys_on_key(&keys, i / MEMBERS, i % MEMBERS, body, 0, &answer),
                                 KEYS_FORWARD);
        for (uint32_t i = 0; i < MEMBERS; i++)
            keys_forget_member(&keys, i);
        assert_true(keys_next_at(&keys) == WZP_NEVER);
    }
    keys_deinit(&keys, &test_alloc);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pace),
        cmocka_unit_test(test_against_a_table_of_pairs),
        cmocka_unit_test(test_a_full_table),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
