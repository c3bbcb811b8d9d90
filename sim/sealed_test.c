// SPDX-License-Identifier: Apache-2.0
/* What is opened is what was sealed, as long as it is kept, and nothing else is opened. */
#include "sim/sealed.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/rng.h"

#define LEN_MAX 1300

struct message {
    uint64_t name;
    uint8_t aad[40], plain[LEN_MAX], cipher[LEN_MAX + SIM_SEALED_TAG];
    size_t aad_len, len;
};

static struct sim_sealed sealed;

/* Any bytes will do: it does not know what a seal is. */
static void draw(uint64_t seed, size_t len_max, struct message *message)
{
    struct wzp_rng rng = wzp_rng_make(seed, 0);
    message->name = seed * UINT64_C(0x9e3779b97f4a7c15);
    message->aad_len = (size_t)wzp_rng_below(&rng, sizeof message->aad + 1);
    message->len = (size_t)wzp_rng_below(&rng, len_max + 1);
    for (size_t i = 0; i < sizeof message->aad; i++)
        message->aad[i] = (uint8_t)wzp_rng_below(&rng, 256);
    for (size_t i = 0; i < message->len; i++)
        message->plain[i] = (uint8_t)wzp_rng_below(&rng, 256);
    for (size_t i = 0; i < message->len + SIM_SEALED_TAG; i++)
        message->cipher[i] = (uint8_t)wzp_rng_below(&rng, 256);
}

static void remember(const struct message *message)
{
    sim_sealed_remember(&sealed, message->name, (struct wzp_slice){message->aad, message->aad_len},
                        (struct wzp_slice){message->plain, message->len}, message->cipher);
}

static bool opens(const struct message *message)
{
    uint8_t out[LEN_MAX + 1];
    memset(out, 0x5a, sizeof out);
    bool is_open = sim_sealed_open(&sealed, message->name, (struct wzp_slice){message->aad, message->aad_len},
                                   (struct wzp_slice){message->cipher, message->len + SIM_SEALED_TAG}, out);
    if (is_open)
        assert_memory_equal(out, message->plain, message->len);
    assert_int_equal(out[is_open ? message->len : 0], 0x5a); /* no byte more than there is */
    return is_open;
}

/* The newest are kept, the oldest are gone, and whatever is opened is right. */
static void test_newest(void **state)
{
    (void)state;
    enum { MANY = 3000, KEPT = 200 };
    static struct message message;
    unsigned opened = 0;
    memset(&sealed, 0, sizeof sealed);
    for (uint64_t seed = 1; seed <= MANY; seed++) {
        draw(seed, LEN_MAX, &message);
        remember(&message);
        assert_true(opens(&message));
    }
    for (uint64_t seed = 1; seed <= MANY; seed++) {
        draw(seed, LEN_MAX, &message);
        bool is_open = opens(&message);
        assert_true(is_open || seed <= MANY - KEPT);
        opened += is_open;
    }
    assert_in_range(opened, KEPT, MANY - KEPT);
}

/* One bit of anything, one byte more or less. */
static void test_another(void **state)
{
    (void)state;
    static struct message message, other;
    memset(&sealed, 0, sizeof sealed);
    draw(7, 60, &message);
    assert_true(message.len > 1 && message.aad_len > 1);
    remember(&message);
    for (size_t bit = 0; bit < 8 * (message.len + SIM_SEALED_TAG); bit++) {
        other = message;
        other.cipher[bit / 8] ^= (uint8_t)(1 << bit % 8);
        assert_false(opens(&other));
    }
    for (size_t bit = 0; bit < 8 * message.aad_len; bit++) {
        other = message;
        other.aad[bit / 8] ^= (uint8_t)(1 << bit % 8);
        assert_false(opens(&other));
    }
    for (unsigned bit = 0; bit < 64; bit++) {
        other = message;
        other.name ^= UINT64_C(1) << bit;
        assert_false(opens(&other));
    }
    for (int by = -1; by <= 1; by += 2) {
        other = message;
        other.len += (size_t)by;
        assert_false(opens(&other));
        other = message;
        other.aad_len += (size_t)by;
        assert_false(opens(&other));
    }
    assert_true(opens(&message));
    other = (struct message){0}; /* nothing has the name 0 yet */
    assert_false(opens(&other));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_newest),
        cmocka_unit_test(test_another),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
