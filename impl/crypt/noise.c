// SPDX-License-Identifier: Apache-2.0
#include "crypt/noise.h"

#include "base/check.h"
#include "crypt/seal.h"

#include <sodium.h>
#include <string.h>

#define HASH_LEN  64
#define BLOCK_LEN 128
#define DH_LEN    32

/* Tokens of message patterns, section 7 of the specification. */
enum token {
    END,
    E,
    S,
    EE,
    ES,
    SE,
    SS,
    PSK,
};

struct pattern {
    const char *name;
    bool responder_known; /* pre-message <- s */
    bool has_psk;
    uint8_t messages;
    uint8_t tokens[3][6];
};

static const struct pattern patterns[] = {
    [WZP_NOISE_N] = {"Noise_N_25519_ChaChaPoly_BLAKE2b", true, false, 1, {{E, ES}}},
    [WZP_NOISE_NK] = {"Noise_NK_25519_ChaChaPoly_BLAKE2b", true, false, 2, {{E, ES}, {E, EE}}},
    [WZP_NOISE_XX] = {"Noise_XX_25519_ChaChaPoly_BLAKE2b", false, false, 3, {{E}, {E, EE, S, ES}, {S, SE}}},
    [WZP_NOISE_IK] = {"Noise_IK_25519_ChaChaPoly_BLAKE2b", true, false, 2, {{E, ES, S, SS}, {E, EE, SE}}},
    [WZP_NOISE_XXPSK3] =
        {"Noise_XXpsk3_25519_ChaChaPoly_BLAKE2b", false, true, 3, {{E}, {E, EE, S, ES}, {S, SE, PSK}}},
    [WZP_NOISE_IKPSK2] =
        {"Noise_IKpsk2_25519_ChaChaPoly_BLAKE2b", true, true, 2, {{E, ES, S, SS}, {E, EE, SE, PSK}}},
};

/* ---- hash and key derivation, section 4.3 ---- */

static void hmac(uint8_t out[HASH_LEN], const uint8_t key[HASH_LEN], const uint8_t *a, size_t a_len,
                 const uint8_t *b, size_t b_len)
{
    uint8_t pad[BLOCK_LEN], inner[HASH_LEN];
    crypto_generichash_blake2b_state state;
    for (unsigned i = 0; i < BLOCK_LEN; i++)
        pad[i] = (uint8_t)((i < HASH_LEN ? key[i] : 0) ^ 0x36);
    crypto_generichash_blake2b_init(&state, NULL, 0, HASH_LEN);
    crypto_generichash_blake2b_update(&state, pad, sizeof pad);
    crypto_generichash_blake2b_update(&state, a, a_len);
    crypto_generichash_blake2b_update(&state, b, b_len);
    crypto_generichash_blake2b_final(&state, inner, sizeof inner);
    for (unsigned i = 0; i < BLOCK_LEN; i++)
        pad[i] ^= 0x36 ^ 0x5c;
    crypto_generichash_blake2b_init(&state, NULL, 0, HASH_LEN);
    crypto_generichash_blake2b_update(&state, pad, sizeof pad);
    crypto_generichash_blake2b_update(&state, inner, sizeof inner);
    crypto_generichash_blake2b_final(&state, out, HASH_LEN);
    sodium_memzero(pad, sizeof pad);
    sodium_memzero(inner, sizeof inner);
    sodium_memzero(&state, sizeof state);
}

/* HKDF with three outputs; the second and third may be unused. */
static void hkdf(const uint8_t chaining_key[HASH_LEN], const uint8_t *input, size_t len,
                 uint8_t out[3][HASH_LEN])
{
    uint8_t temporary[HASH_LEN];
    hmac(temporary, chaining_key, input, len, input, 0);
    for (uint8_t i = 0; i < 3; i++) {
        uint8_t counter = (uint8_t)(i + 1);
        hmac(out[i], temporary, i ? out[i - 1] : temporary, i ? HASH_LEN : 0, &counter, 1);
    }
    sodium_memzero(temporary, sizeof temporary);
}

/* ---- symmetric state, section 5.2 ---- */

static void mix_hash(struct wzp_noise *noise, const uint8_t *data, size_t len)
{
    crypto_generichash_blake2b_state state;
    crypto_generichash_blake2b_init(&state, NULL, 0, HASH_LEN);
    crypto_generichash_blake2b_update(&state, noise->hash, HASH_LEN);
    crypto_generichash_blake2b_update(&state, data, len);
    crypto_generichash_blake2b_final(&state, noise->hash, HASH_LEN);
}

static void take_key(struct wzp_noise *noise, const uint8_t key[HASH_LEN])
{
    memcpy(noise->key, key, sizeof noise->key);
    noise->has_key = true;
    noise->nonce = 0;
}

static void mix_key(struct wzp_noise *noise, const uint8_t *input, size_t len)
{
    uint8_t out[3][HASH_LEN];
    hkdf(noise->chaining_key, input, len, out);
    memcpy(noise->chaining_key, out[0], HASH_LEN);
    take_key(noise, out[1]);
    sodium_memzero(out, sizeof out);
}

static void mix_key_and_hash(struct wzp_noise *noise, const uint8_t *input, size_t len)
{
    uint8_t out[3][HASH_LEN];
    hkdf(noise->chaining_key, input, len, out);
    memcpy(noise->chaining_key, out[0], HASH_LEN);
    mix_hash(noise, out[1], HASH_LEN);
    take_key(noise, out[2]);
    sodium_memzero(out, sizeof out);
}

/* Four zero bytes and the counter, little-endian: section 12.3. */
static void next_nonce(struct wzp_noise *noise, uint8_t nonce[12])
{
    memset(nonce, 0, 4);
    for (unsigned i = 0; i < 8; i++)
        nonce[4 + i] = (uint8_t)(noise->nonce >> 8 * i);
    noise->nonce++;
}

static void encrypt_and_hash(struct wzp_noise *noise, const uint8_t *plain, size_t len,
                             struct wzp_writer *writer)
{
    uint8_t *out = writer->at;
    if (!noise->has_key) {
        wzp_write_bytes(writer, plain, len);
    } else {
        wzp_write_zeros(writer, len + WZP_SEAL_TAG);
        if (writer->failed)
            return;
        uint8_t nonce[12];
        next_nonce(noise, nonce);
        wzp_seal(noise->key, nonce, (struct wzp_slice){noise->hash, HASH_LEN}, plain, len, out);
    }
    if (!writer->failed)
        mix_hash(noise, out, (size_t)(writer->at - out));
}

static bool decrypt_and_hash(struct wzp_noise *noise, struct wzp_slice sealed, uint8_t *out)
{
    if (!noise->has_key) {
        if (sealed.len)
            memcpy(out, sealed.data, sealed.len);
    } else {
        uint8_t nonce[12];
        next_nonce(noise, nonce);
        if (!wzp_open(noise->key, nonce, (struct wzp_slice){noise->hash, HASH_LEN}, sealed.data, sealed.len,
                      out))
            return false;
    }
    mix_hash(noise, sealed.data, sealed.len);
    return true;
}

/* ---- tokens ---- */

/* Diffie-Hellman into the chaining key; false for a peer key of small order (the result is all zero). */
static bool mix_dh(struct wzp_noise *noise, const uint8_t *secret, const uint8_t *public_key)
{
    uint8_t shared[DH_LEN];
    bool good = crypto_scalarmult_curve25519(shared, secret, public_key) == 0;
    if (good)
        mix_key(noise, shared, sizeof shared);
    sodium_memzero(shared, sizeof shared);
    return good;
}

static bool mix_token(struct wzp_noise *noise, enum token token)
{
    bool initiator = noise->initiator;
    switch (token) {
    case EE:
        return mix_dh(noise, noise->ephemeral_secret, noise->remote_ephemeral);
    case ES:
        return initiator ? mix_dh(noise, noise->ephemeral_secret, noise->remote_static)
                         : mix_dh(noise, noise->static_secret, noise->remote_ephemeral);
    case SE:
        return initiator ? mix_dh(noise, noise->static_secret, noise->remote_ephemeral)
                         : mix_dh(noise, noise->ephemeral_secret, noise->remote_static);
    case SS:
        return mix_dh(noise, noise->static_secret, noise->remote_static);
    case PSK:
        mix_key_and_hash(noise, noise->psk, sizeof noise->psk);
        return true;
    default:
        WZP_CHECK(!"a token that mixes");
        return false;
    }
}

/* An ephemeral is hashed; with psk patterns it is mixed into the key as well (section 9.2). */
static void mix_ephemeral(struct wzp_noise *noise, const uint8_t *public_key)
{
    mix_hash(noise, public_key, DH_LEN);
    if (patterns[noise->pattern].has_psk)
        mix_key(noise, public_key, DH_LEN);
}

/* ---- handshake state, section 5.3 ---- */

static bool needs_static(enum wzp_noise_pattern pattern, bool initiator)
{
    if (pattern == WZP_NOISE_N || pattern == WZP_NOISE_NK)
        return !initiator;
    return true;
}

enum wzp_err wzp_noise_init(struct wzp_noise *noise, const struct wzp_noise_config *config)
{
    const struct pattern *pattern = &patterns[config->pattern];
    if (needs_static(config->pattern, config->initiator) &&
        (!config->static_secret || !config->static_public))
        return WZP_ERR_BAD_INPUT;
    if (pattern->responder_known && config->initiator && !config->remote_static)
        return WZP_ERR_BAD_INPUT;
    if (pattern->has_psk && !config->psk)
        return WZP_ERR_BAD_INPUT;
    *noise = (struct wzp_noise){.pattern = config->pattern, .initiator = config->initiator};
    if (config->static_secret) {
        memcpy(noise->static_secret, config->static_secret, DH_LEN);
        memcpy(noise->static_public, config->static_public, DH_LEN);
    }
    if (pattern->has_psk)
        memcpy(noise->psk, config->psk, sizeof noise->psk);
    size_t name_len = strlen(pattern->name);
    memcpy(noise->hash, pattern->name, name_len); /* all names are shorter than a hash */
    memcpy(noise->chaining_key, noise->hash, HASH_LEN);
    mix_hash(noise, config->prologue.data, config->prologue.len);
    if (pattern->responder_known) {
        mix_hash(noise, config->initiator ? config->remote_static : config->static_public, DH_LEN);
        if (config->initiator) {
            memcpy(noise->remote_static, config->remote_static, DH_LEN);
            noise->has_remote_static = true;
        }
    }
    return WZP_ERR_OK;
}

enum wzp_err wzp_noise_set_psk(struct wzp_noise *noise, const uint8_t psk[32])
{
    if (!patterns[noise->pattern].has_psk || noise->initiator || noise->message != 1)
        return WZP_ERR_STATE;
    memcpy(noise->psk, psk, sizeof noise->psk);
    return WZP_ERR_OK;
}

void wzp_noise_deinit(struct wzp_noise *noise)
{
    sodium_memzero(noise, sizeof *noise);
}

static bool is_our_turn(const struct wzp_noise *noise)
{
    return !wzp_noise_is_done(noise) && (noise->message % 2 == 0) == noise->initiator;
}

static enum wzp_err write_message(struct wzp_noise *noise, const uint8_t ephemeral_secret[32],
                                  struct wzp_slice payload, struct wzp_writer *writer)
{
    const uint8_t *tokens = patterns[noise->pattern].tokens[noise->message];
    for (unsigned i = 0; tokens[i] != END; i++) {
        if (tokens[i] == E) {
            memcpy(noise->ephemeral_secret, ephemeral_secret, DH_LEN);
            crypto_scalarmult_curve25519_base(noise->ephemeral_public, ephemeral_secret);
            wzp_write_bytes(writer, noise->ephemeral_public, DH_LEN);
            mix_ephemeral(noise, noise->ephemeral_public);
        } else if (tokens[i] == S) {
            encrypt_and_hash(noise, noise->static_public, DH_LEN, writer);
        } else if (!mix_token(noise, tokens[i])) {
            return WZP_ERR_BAD_KEY;
        }
    }
    encrypt_and_hash(noise, payload.data, payload.len, writer);
    noise->message++;
    return writer->failed ? WZP_ERR_TOO_LARGE : WZP_ERR_OK;
}

enum wzp_err wzp_noise_write(struct wzp_noise *noise, const uint8_t ephemeral_secret[32],
                             struct wzp_slice payload, uint8_t *out, size_t capacity, size_t *len)
{
    if (!is_our_turn(noise))
        return WZP_ERR_STATE;
    struct wzp_noise next = *noise;
    struct wzp_writer writer = wzp_writer_make(out, capacity < WZP_NOISE_MESSAGE_MAX ? capacity
                                                                                     : WZP_NOISE_MESSAGE_MAX);
    enum wzp_err err = write_message(&next, ephemeral_secret, payload, &writer);
    if (err == WZP_ERR_OK) {
        *noise = next;
        *len = wzp_writer_len(&writer);
    }
    sodium_memzero(&next, sizeof next);
    return err;
}

static bool read_message(struct wzp_noise *noise, struct wzp_slice message, uint8_t *payload, size_t capacity,
                         size_t *len)
{
    struct wzp_reader reader = wzp_reader_make(message.data, message.len);
    const uint8_t *tokens = patterns[noise->pattern].tokens[noise->message];
    for (unsigned i = 0; tokens[i] != END; i++) {
        if (tokens[i] == E) {
            wzp_read_copy(&reader, noise->remote_ephemeral, DH_LEN);
            if (reader.failed)
                return false;
            mix_ephemeral(noise, noise->remote_ephemeral);
        } else if (tokens[i] == S) {
            struct wzp_slice sealed = wzp_read_bytes(&reader, DH_LEN + (noise->has_key ? WZP_SEAL_TAG : 0));
            if (reader.failed || !decrypt_and_hash(noise, sealed, noise->remote_static))
                return false;
            noise->has_remote_static = true;
        } else if (!mix_token(noise, tokens[i])) {
            return false;
        }
    }
    struct wzp_slice sealed = wzp_read_bytes(&reader, wzp_reader_left(&reader));
    size_t overhead = noise->has_key ? WZP_SEAL_TAG : 0;
    if (sealed.len < overhead || sealed.len - overhead > capacity ||
        !decrypt_and_hash(noise, sealed, payload))
        return false;
    *len = sealed.len - overhead;
    noise->message++;
    return true;
}

bool wzp_noise_read(struct wzp_noise *noise, struct wzp_slice message, uint8_t *payload, size_t capacity,
                    size_t *len)
{
    if (wzp_noise_is_done(noise) || is_our_turn(noise) || message.len > WZP_NOISE_MESSAGE_MAX)
        return false;
    struct wzp_noise next = *noise;
    bool good = read_message(&next, message, payload, capacity, len);
    if (good)
        *noise = next;
    sodium_memzero(&next, sizeof next);
    return good;
}

bool wzp_noise_is_done(const struct wzp_noise *noise)
{
    return noise->message == patterns[noise->pattern].messages;
}

const uint8_t *wzp_noise_remote_static(const struct wzp_noise *noise)
{
    return noise->has_remote_static ? noise->remote_static : NULL;
}

const uint8_t *wzp_noise_hash(const struct wzp_noise *noise)
{
    return noise->hash;
}

void wzp_noise_split(struct wzp_noise *noise, struct wzp_noise_split *split)
{
    WZP_CHECK(wzp_noise_is_done(noise));
    uint8_t out[3][HASH_LEN];
    hkdf(noise->chaining_key, noise->chaining_key, 0, out);
    memcpy(split->send, out[noise->initiator ? 0 : 1], sizeof split->send);
    memcpy(split->receive, out[noise->initiator ? 1 : 0], sizeof split->receive);
    memcpy(split->root, out[2], sizeof split->root);
    sodium_memzero(out, sizeof out);
    wzp_noise_deinit(noise);
}
