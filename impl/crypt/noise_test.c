// SPDX-License-Identifier: Apache-2.0
#include "crypt/noise.h"

#include "crypt/seal.h"
#include "crypt/vectors/noise_vectors.h"

#include <setjmp.h>
#include <sodium.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

struct bytes {
    uint8_t data[256];
    size_t len;
};

static struct bytes unhex(const char *hex)
{
    struct bytes bytes = {0};
    if (hex)
        assert_int_equal(
            sodium_hex2bin(bytes.data, sizeof bytes.data, hex, strlen(hex), NULL, &bytes.len, NULL), 0);
    return bytes;
}

static enum wzp_noise_pattern pattern_of(const char *name)
{
    static const struct {
        const char *name;
        enum wzp_noise_pattern pattern;
    } rows[] = {{"Noise_N_", WZP_NOISE_N},           {"Noise_NK_", WZP_NOISE_NK},
                {"Noise_XX_", WZP_NOISE_XX},         {"Noise_IK_", WZP_NOISE_IK},
                {"Noise_XXpsk3_", WZP_NOISE_XXPSK3}, {"Noise_IKpsk2_", WZP_NOISE_IKPSK2}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (strncmp(name, rows[i].name, strlen(rows[i].name)) == 0)
            return rows[i].pattern;
    fail_msg("%s", name);
    return WZP_NOISE_N;
}

struct side {
    struct wzp_noise noise;
    struct bytes secret, prologue, psk, remote, ephemeral;
    uint8_t public_key[32];
    struct wzp_noise_split split;
    uint64_t sent, received;
};

static void start(struct side *side, const struct noise_vector *vector, bool initiator)
{
    side->secret = unhex(initiator ? vector->initiator_static : vector->responder_static);
    side->ephemeral = unhex(initiator ? vector->initiator_ephemeral : vector->responder_ephemeral);
    side->remote = unhex(initiator ? vector->remote_static : NULL);
    side->prologue = unhex(vector->prologue);
    side->psk = unhex(vector->psk);
    if (side->secret.len)
        crypto_scalarmult_curve25519_base(side->public_key, side->secret.data);
    struct wzp_noise_config config = {
        .pattern = pattern_of(vector->name),
        .initiator = initiator,
        .prologue = {side->prologue.data, side->prologue.len},
        .static_secret = side->secret.len ? side->secret.data : NULL,
        .static_public = side->secret.len ? side->public_key : NULL,
        .remote_static = side->remote.len ? side->remote.data : NULL,
        .psk = side->psk.len ? side->psk.data : NULL,
    };
    assert_int_equal(wzp_noise_init(&side->noise, &config), WZP_ERR_OK);
}

static void transport_nonce(uint64_t number, uint8_t nonce[12])
{
    memset(nonce, 0, 12);
    for (unsigned i = 0; i < 8; i++)
        nonce[4 + i] = (uint8_t)(number >> 8 * i);
}

static bool reads(struct wzp_noise *noise, const uint8_t *message, size_t len)
{
    uint8_t payload[256];
    size_t payload_len;
    return wzp_noise_read(noise, (struct wzp_slice){message, len}, payload, sizeof payload, &payload_len);
}

/* Every bit flipped, every shorter length, one byte more: refused with the state untouched. Only message 1 of
 * XX is in clear and can be changed (the handshake fails later). */
static void nothing_forged_gets_in(struct side *to, uint8_t *message, size_t len)
{
    bool is_clear = to->noise.pattern == WZP_NOISE_XX && to->noise.message == 0;
    const struct wzp_noise before = to->noise;
    for (size_t bit = 0; bit < 8 * len && !is_clear; bit++) {
        message[bit / 8] ^= (uint8_t)(1 << bit % 8);
        assert_false(reads(&to->noise, message, len));
        message[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    for (size_t shorter = 0; shorter < (is_clear ? 32 : len); shorter++)
        assert_false(reads(&to->noise, message, shorter));
    message[len] = 0;
    assert_true(is_clear || !reads(&to->noise, message, len + 1));
    assert_memory_equal(&before, &to->noise, sizeof before);
}

static void handshake_message(struct side *from, struct side *to, const struct bytes *payload,
                              const struct bytes *expected)
{
    uint8_t message[256], read[256];
    size_t len, read_len;
    assert_int_equal(wzp_noise_write(&from->noise, from->ephemeral.data,
                                     (struct wzp_slice){payload->data, payload->len}, message, sizeof message,
                                     &len),
                     WZP_ERR_OK);
    assert_int_equal(len, expected->len);
    assert_memory_equal(message, expected->data, len);
    nothing_forged_gets_in(to, message, len);
    assert_true(wzp_noise_read(&to->noise, (struct wzp_slice){message, len}, read, sizeof read, &read_len));
    assert_int_equal(read_len, payload->len);
    assert_memory_equal(read, payload->data, read_len);
}

static void every_vector_passes(void **state)
{
    (void)state;
    for (size_t v = 0; v < sizeof noise_vectors / sizeof *noise_vectors; v++) {
        const struct noise_vector *vector = &noise_vectors[v];
        struct side sides[2] = {0};
        start(&sides[0], vector, true);
        start(&sides[1], vector, false);
        bool is_split = false, one_way = pattern_of(vector->name) == WZP_NOISE_N;
        for (unsigned m = 0; m < 6; m++) {
            struct bytes payload = unhex(vector->message[m].payload),
                         expected = unhex(vector->message[m].ciphertext);
            struct side *from = &sides[one_way ? 0 : m % 2], *to = &sides[one_way ? 1 : !(m % 2)];
            if (!wzp_noise_is_done(&from->noise) && !is_split) {
                handshake_message(from, to, &payload, &expected);
            } else {
                uint8_t nonce[12], sealed[256], opened[256];
                transport_nonce(from->sent++, nonce);
                wzp_seal(from->split.send, nonce, (struct wzp_slice){0}, payload.data, payload.len, sealed);
                assert_int_equal(payload.len + WZP_SEAL_TAG, expected.len);
                assert_memory_equal(sealed, expected.data, expected.len);
                transport_nonce(to->received++, nonce);
                assert_true(
                    wzp_open(to->split.receive, nonce, (struct wzp_slice){0}, sealed, expected.len, opened));
            }
            if (!is_split && wzp_noise_is_done(&from->noise)) {
                struct bytes hash = unhex(vector->hash);
                assert_memory_equal(wzp_noise_hash(&from->noise), hash.data, hash.len);
                assert_memory_equal(wzp_noise_hash(&to->noise), hash.data, hash.len);
                for (unsigned i = 0; i < 2; i++)
                    wzp_noise_split(&sides[i].noise, &sides[i].split);
                assert_memory_equal(sides[0].split.root, sides[1].split.root, 32);
                static const struct wzp_noise wiped;
                assert_memory_equal(&sides[0].noise, &wiped, sizeof wiped);
                is_split = true;
            }
        }
        assert_true(is_split);
    }
}

/* Whatever the two sides must agree on beforehand, one bit of it apart: no handshake. */
static void a_differing_prologue_psk_or_key_is_noticed(void **state)
{
    (void)state;
    enum { PROLOGUE, PRESHARED, REMOTE_STATIC, DIFFERENCES };
    for (size_t v = 0; v < sizeof noise_vectors / sizeof *noise_vectors; v++) {
        const struct noise_vector *vector = &noise_vectors[v];
        for (unsigned difference = 0; difference < DIFFERENCES; difference++) {
            if ((difference == PRESHARED && !vector->psk) ||
                (difference == REMOTE_STATIC && !vector->remote_static))
                continue;
            struct noise_vector other = *vector;
            char changed[65];
            const char **field = difference == PROLOGUE    ? &other.prologue
                                 : difference == PRESHARED ? &other.psk
                                                           : &other.remote_static;
            assert_true(strlen(*field) < sizeof changed);
            strcpy(changed, *field);
            changed[0] = changed[0] == '0' ? '1' : '0';
            *field = changed;
            struct side sides[2] = {0};
            start(&sides[0], &other, true);
            start(&sides[1], vector, false);
            bool is_noticed = false;
            for (unsigned m = 0; !is_noticed && !wzp_noise_is_done(&sides[0].noise); m++) {
                uint8_t message[256];
                size_t len;
                assert_int_equal(wzp_noise_write(&sides[m % 2].noise, sides[m % 2].ephemeral.data,
                                                 (struct wzp_slice){0}, message, sizeof message, &len),
                                 WZP_ERR_OK);
                is_noticed = !reads(&sides[!(m % 2)].noise, message, len);
            }
            assert_true(is_noticed);
        }
    }
}

static void a_key_of_small_order_is_refused(void **state)
{
    (void)state;
    struct side responder = {0};
    start(&responder, &noise_vectors[1], false);
    assert_int_equal(responder.noise.pattern, WZP_NOISE_IK);
    uint8_t message[96] = {0}, payload[64]; /* an all-zero ephemeral */
    size_t len;
    assert_false(wzp_noise_read(&responder.noise, (struct wzp_slice){message, sizeof message}, payload,
                                sizeof payload, &len));
}

static void turns_and_keys_are_checked(void **state)
{
    (void)state;
    struct side initiator = {0}, responder = {0};
    start(&initiator, &noise_vectors[2], true);
    start(&responder, &noise_vectors[2], false);
    uint8_t out[128];
    size_t len;
    assert_int_equal(wzp_noise_write(&responder.noise, responder.ephemeral.data, (struct wzp_slice){0}, out,
                                     sizeof out, &len),
                     WZP_ERR_STATE);
    assert_int_equal(
        wzp_noise_write(&initiator.noise, initiator.ephemeral.data, (struct wzp_slice){0}, out, 31, &len),
        WZP_ERR_TOO_LARGE);
    assert_int_equal(
        wzp_noise_write(&initiator.noise, initiator.ephemeral.data, (struct wzp_slice){0}, out, 32, &len),
        WZP_ERR_OK);
    struct wzp_noise_config no_key = {.pattern = WZP_NOISE_IK, .initiator = true};
    assert_int_equal(wzp_noise_init(&initiator.noise, &no_key), WZP_ERR_BAD_INPUT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_vector_passes),
        cmocka_unit_test(a_differing_prologue_psk_or_key_is_noticed),
        cmocka_unit_test(a_key_of_small_order_is_refused),
        cmocka_unit_test(turns_and_keys_are_checked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
