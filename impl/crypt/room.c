// SPDX-License-Identifier: Apache-2.0
#include "crypt/room.h"

#include <sodium.h>
#include <string.h>

#define ARGON_PASSES 2
#define ARGON_BYTES  (19u << 20)

static void hash_label(uint8_t *out, size_t out_len, const char *label, const uint8_t *secret,
                       size_t secret_len)
{
    crypto_generichash_blake2b_state state;
    crypto_generichash_blake2b_init(&state, NULL, 0, out_len);
    crypto_generichash_blake2b_update(&state, (const uint8_t *)label, strlen(label));
    crypto_generichash_blake2b_update(&state, secret, secret_len);
    crypto_generichash_blake2b_final(&state, out, out_len);
    sodium_memzero(&state, sizeof state);
}

enum wzp_err wzp_room_derive(const char *name, struct wzp_room *room)
{
    size_t len = strlen(name);
    if (len == 0 || len > WZP_ROOM_NAME_MAX)
        return WZP_ERR_BAD_INPUT;
    uint8_t salt[crypto_pwhash_argon2id_SALTBYTES], secret[32] = {0};
    hash_label(salt, sizeof salt, "wzp room salt v2", secret, 0);
    if (crypto_pwhash_argon2id(secret, sizeof secret, name, len, salt, ARGON_PASSES, ARGON_BYTES,
                               crypto_pwhash_argon2id_ALG_ARGON2ID13) != 0)
        return WZP_ERR_NO_MEMORY;
    hash_label(room->id, sizeof room->id, "wzp room v2", secret, sizeof secret);
    hash_label(room->mix, sizeof room->mix, "wzp room mix v2", secret, sizeof secret);
    sodium_memzero(secret, sizeof secret);
    return WZP_ERR_OK;
}
