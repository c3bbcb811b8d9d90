// SPDX-License-Identifier: Apache-2.0
/* The chapters' byte layouts and labels, against vectors that a second implementation made. */
#include "crypt/hop.h"
#include "crypt/rekey.h"
#include "crypt/sender.h"
#include "crypt/vectors/chapter_vectors.h"

#include <setjmp.h>
#include <sodium.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define assert_vector(got, vector) assert_hex(got, sizeof(got), vector)

static void assert_hex(const uint8_t *got, size_t len, const char *hex)
{
    char text[2 * 256 + 1];
    assert_true(2 * len < sizeof text);
    sodium_bin2hex(text, sizeof text, got, len);
    assert_string_equal(text, hex);
}

static void unhex(uint8_t *out, size_t len, const char *hex)
{
    size_t got;
    assert_int_equal(sodium_hex2bin(out, len, hex, strlen(hex), NULL, &got, NULL), 0);
    assert_int_equal(got, len);
}

static void count_up(uint8_t *out, size_t len, uint8_t from)
{
    for (size_t i = 0; i < len; i++)
        out[i] = (uint8_t)(from + i);
}

struct person {
    struct wzp_identity identity;
    struct wzp_stay stay;
    struct wzp_member_record record;
};

static struct person make_person(uint8_t number, const char *record)
{
    struct person person;
    uint8_t seed[32], bytes[WZP_RECORD_LEN];
    memset(seed, number, sizeof seed);
    wzp_identity_from_seed(&person.identity, seed);
    memset(person.stay.secret, 0x10 + number, sizeof person.stay.secret);
    crypto_scalarmult_curve25519_base(person.stay.public_key, person.stay.secret);
    unhex(bytes, sizeof bytes, record);
    assert_true(wzp_member_record_decode((struct wzp_slice){bytes, sizeof bytes}, &person.record));
    assert_memory_equal(person.record.identity, person.identity.sign_public, 32);
    assert_memory_equal(person.record.stay, person.stay.public_key, 32);
    return person;
}

static void end_to_end(void **state)
{
    (void)state;
    struct wzp_room room;
    assert_int_equal(wzp_room_derive("demo", &room), WZP_ERR_OK);
    assert_vector(room.id, vector_room_id);
    assert_vector(room.mix, vector_room_mix);

    struct person one = make_person(1, vector_record), two = make_person(2, vector_other_record);
    assert_vector(one.identity.sign_public, vector_sign_public);
    assert_vector(one.identity.noise_public, vector_noise_public);
    assert_int_equal(wzp_member_record_verify(&one.record, &room), WZP_MEMBER_GENUINE);
    assert_int_equal(wzp_member_record_verify(&two.record, &room), WZP_MEMBER_GENUINE);

    struct wzp_pair pair;
    assert_true(wzp_pair_make(&one.stay, two.record.stay, &room, &pair));
    assert_vector(pair.secret, vector_pair);

    struct wzp_sender_key key = {.word = 0x30};
    count_up(key.key, sizeof key.key, 0x40);
    uint8_t body[WZP_SENDER_BODY_LEN], ack[WZP_SENDER_ACK_BODY_LEN];
    wzp_key_seal(&one.identity, &pair, &one.record, &two.record, &key, body);
    assert_vector(body, vector_key_body);
    wzp_key_ack_make(&pair, &one.record, &two.record, key.word, ack);
    assert_vector(ack, vector_key_ack_body);

    wzp_sender_key_step(&key);
    assert_int_equal(key.word, 0x31);
    assert_vector(key.key, vector_step_key);

    struct wzp_media_key media;
    uint8_t header[16], sealed[6 + WZP_SENDER_OVERHEAD];
    unhex(header, sizeof header, vector_media_header);
    wzp_media_key_make(&key, 0, 0, &media);
    wzp_media_seal(&media, 7, header, (const uint8_t *)"speech", 6, sealed);
    assert_vector(sealed, vector_media_sealed);
}

static void hop(void **state)
{
    (void)state;
    uint8_t split[32], sealed[6 + WZP_SEAL_TAG];
    struct wzp_hop_key key;
    count_up(split, sizeof split, 0x80);
    wzp_hop_key_init(&key, split);
    assert_vector(key.seal, vector_hop_seal_key);
    assert_vector(key.mask, vector_hop_mask_key);
    wzp_hop_seal(&key, 0x0102030405, (struct wzp_slice){(const uint8_t *)"header", 6},
                 (const uint8_t *)"frames", 6, sealed);
    assert_vector(sealed, vector_hop_sealed);
}

static void rekey(void **state)
{
    (void)state;
    struct wzp_rekey_share share[2];
    uint8_t secret[32], root[2][32];
    for (uint8_t i = 0; i < 2; i++) {
        count_up(secret, sizeof secret, i ? 0xc0 : 0xa0);
        wzp_rekey_share_init(&share[i], secret);
        count_up(root[i], sizeof root[i], 0x60);
    }
    assert_vector(share[0].public_key, vector_rekey_initiator_public);
    assert_vector(share[1].public_key, vector_rekey_responder_public);
    for (unsigned i = 0; i < 2; i++) {
        struct wzp_rekey_seals seals;
        assert_true(wzp_rekey_mix(root[i], 5, i == 0, &share[i], share[!i].public_key, &seals));
        assert_vector(root[i], vector_rekey_root);
        assert_hex(i ? seals.receive : seals.send, 32, vector_rekey_from_initiator);
        assert_hex(i ? seals.send : seals.receive, 32, vector_rekey_from_responder);
    }
}

static void randomness(void **state)
{
    (void)state;
    uint8_t seed[32], out[80];
    struct wzp_drbg drbg;
    count_up(seed, sizeof seed, 0);
    wzp_drbg_init(&drbg, seed, 5);
    assert_vector(drbg.key, vector_drbg_key);
    wzp_drbg_fill(&drbg, out, sizeof out);
    assert_vector(out, vector_drbg_fill);
    assert_vector(drbg.key, vector_drbg_next_key);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(end_to_end),
        cmocka_unit_test(hop),
        cmocka_unit_test(rekey),
        cmocka_unit_test(randomness),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
