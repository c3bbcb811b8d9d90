// SPDX-License-Identifier: Apache-2.0
#include "crypt/member.h"

#include <sodium.h>
#include <string.h>

#define LABEL_LEN  13  /* of "wzp member v2" */
#define CLAIM_LEN  112 /* the record up to its proof */
#define SIGNED_LEN (LABEL_LEN + CLAIM_LEN + 16)

_Static_assert(sizeof(struct wzp_member_record) == WZP_RECORD_LEN &&
                   offsetof(struct wzp_member_record, proof) == CLAIM_LEN,
               "a record is its bytes");

void wzp_stay_make(struct wzp_stay *stay, struct wzp_drbg *drbg)
{
    wzp_drbg_fill(drbg, stay->secret, sizeof stay->secret);
    crypto_scalarmult_curve25519_base(stay->public_key, stay->secret);
}

void wzp_stay_deinit(struct wzp_stay *stay)
{
    sodium_memzero(stay, sizeof *stay);
}

static void prove(const struct wzp_member_record *record, const struct wzp_room *room, uint8_t proof[16])
{
    static const char label[] = "wzp member proof v2";
    crypto_generichash_blake2b_state state;
    crypto_generichash_blake2b_init(&state, room->mix, sizeof room->mix, 16);
    crypto_generichash_blake2b_update(&state, (const uint8_t *)label, sizeof label - 1);
    crypto_generichash_blake2b_update(&state, (const uint8_t *)record, CLAIM_LEN);
    crypto_generichash_blake2b_final(&state, proof, 16);
    sodium_memzero(&state, sizeof state);
}

static void signed_bytes(const struct wzp_member_record *record, uint8_t out[SIGNED_LEN])
{
    memcpy(out, "wzp member v2", LABEL_LEN);
    memcpy(out + LABEL_LEN, record, CLAIM_LEN + sizeof record->proof);
}

void wzp_member_record_make(const struct wzp_identity *identity, const struct wzp_stay *stay,
                            const struct wzp_room *room, struct wzp_drbg *drbg,
                            struct wzp_member_record *record)
{
    uint8_t bytes[SIGNED_LEN];
    memcpy(record->identity, identity->sign_public, sizeof record->identity);
    memcpy(record->stay, stay->public_key, sizeof record->stay);
    memcpy(record->room_id, room->id, sizeof record->room_id);
    wzp_drbg_fill(drbg, record->random, sizeof record->random);
    prove(record, room, record->proof);
    signed_bytes(record, bytes);
    crypto_sign_ed25519_detached(record->signature, NULL, bytes, sizeof bytes, identity->sign_secret);
}

void wzp_member_record_encode(const struct wzp_member_record *record, uint8_t out[WZP_RECORD_LEN])
{
    memcpy(out, record, WZP_RECORD_LEN);
}

bool wzp_member_record_decode(struct wzp_slice bytes, struct wzp_member_record *record)
{
    if (bytes.len != WZP_RECORD_LEN)
        return false;
    memcpy(record, bytes.data, WZP_RECORD_LEN);
    return true;
}

bool wzp_member_record_verify_signature(const struct wzp_member_record *record)
{
    uint8_t bytes[SIGNED_LEN];
    signed_bytes(record, bytes);
    return crypto_sign_ed25519_verify_detached(record->signature, bytes, sizeof bytes, record->identity) == 0;
}

enum wzp_member_verdict wzp_member_record_verify(const struct wzp_member_record *record,
                                                 const struct wzp_room *room)
{
    uint8_t proof[16];
    if (sodium_memcmp(record->room_id, room->id, sizeof room->id) != 0 ||
        !wzp_member_record_verify_signature(record))
        return WZP_MEMBER_INVALID;
    prove(record, room, proof);
    return sodium_memcmp(proof, record->proof, sizeof proof) == 0 ? WZP_MEMBER_GENUINE : WZP_MEMBER_GHOST;
}
