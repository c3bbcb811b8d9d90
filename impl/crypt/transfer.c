// SPDX-License-Identifier: Apache-2.0
#include "crypt/transfer.h"

#include "base/check.h"
#include "crypt/seal.h"

#include <sodium.h>
#include <string.h>

#define TRANSFER_LEN 16
#define SEALED_LEN   (32 + WZP_SEAL_TAG)
#define SIGNATURE_AT (TRANSFER_LEN + SEALED_LEN)
#define LABEL        "wzp transfer v2"
#define LABEL_LEN    (sizeof LABEL - 1)
#define SIGNED_LEN   (LABEL_LEN + 5 * 32 + SIGNATURE_AT)

static const uint8_t zero_nonce[12];

/* Seals one plaintext only, since `transfer` is drawn for it: so its nonce can be zero. */
static void one_time_key(const struct wzp_pair *pair, const uint8_t sender_stay[32],
                         const uint8_t recipient_stay[32], const uint8_t *transfer, uint8_t out[32])
{
    static const char label[] = "wzp transfer seal";
    crypto_generichash_blake2b_state state;
    crypto_generichash_blake2b_init(&state, pair->secret, sizeof pair->secret, 32);
    crypto_generichash_blake2b_update(&state, (const uint8_t *)label, sizeof label - 1);
    crypto_generichash_blake2b_update(&state, sender_stay, 32);
    crypto_generichash_blake2b_update(&state, recipient_stay, 32);
    crypto_generichash_blake2b_update(&state, transfer, TRANSFER_LEN);
    crypto_generichash_blake2b_final(&state, out, 32);
    sodium_memzero(&state, sizeof state);
}

static void signed_bytes(const struct wzp_member_record *sender, const struct wzp_member_record *recipient,
                         const uint8_t *body, uint8_t out[SIGNED_LEN])
{
    struct wzp_writer writer = wzp_writer_make(out, SIGNED_LEN);
    wzp_write_bytes(&writer, LABEL, LABEL_LEN);
    wzp_write_bytes(&writer, sender->room_id, 32);
    wzp_write_bytes(&writer, sender->identity, 32);
    wzp_write_bytes(&writer, sender->stay, 32);
    wzp_write_bytes(&writer, recipient->identity, 32);
    wzp_write_bytes(&writer, recipient->stay, 32);
    wzp_write_bytes(&writer, body, SIGNATURE_AT);
    WZP_CHECK(!writer.failed && wzp_writer_left(&writer) == 0);
}

void wzp_transfer_seal(const struct wzp_identity *identity, const struct wzp_pair *pair,
                       const struct wzp_member_record *own, const struct wzp_member_record *recipient,
                       struct wzp_drbg *drbg, uint8_t body[WZP_TRANSFER_BODY_LEN], uint8_t key[32])
{
    uint8_t once[32], bytes[SIGNED_LEN];
    wzp_drbg_fill(drbg, body, TRANSFER_LEN);
    wzp_drbg_fill(drbg, key, 32);
    one_time_key(pair, own->stay, recipient->stay, body, once);
    wzp_seal(once, zero_nonce, (struct wzp_slice){body, TRANSFER_LEN}, key, 32, body + TRANSFER_LEN);
    sodium_memzero(once, sizeof once);
    signed_bytes(own, recipient, body, bytes);
    crypto_sign_ed25519_detached(body + SIGNATURE_AT, NULL, bytes, sizeof bytes, identity->sign_secret);
}

enum wzp_key_result wzp_transfer_open(const struct wzp_pair *pair, const struct wzp_member_record *sender,
                                      const struct wzp_member_record *own,
                                      const uint8_t body[WZP_TRANSFER_BODY_LEN], uint8_t key[32])
{
    uint8_t once[32], bytes[SIGNED_LEN];
    sodium_memzero(key, 32);
    signed_bytes(sender, own, body, bytes);
    if (crypto_sign_ed25519_verify_detached(body + SIGNATURE_AT, bytes, sizeof bytes, sender->identity) != 0)
        return WZP_KEY_BAD_SIGNATURE;
    one_time_key(pair, sender->stay, own->stay, body, once);
    bool good = wzp_open(once, zero_nonce, (struct wzp_slice){body, TRANSFER_LEN}, body + TRANSFER_LEN,
                         SEALED_LEN, key);
    sodium_memzero(once, sizeof once);
    return good ? WZP_KEY_OPENED : WZP_KEY_BAD_SEAL;
}
