// SPDX-License-Identifier: Apache-2.0
#include "crypt/seal.h"

#include <sodium.h>
#include <string.h>

/* Speech and its repair are short, and there libsodium's AEAD makes one block of ChaCha20 after the other;
 * its stream makes four at once from 256 bytes on. So a short packet takes all it may need from one call:
 * half the time. */
#define SHORT_MAX 192

/* The key stream from block 0 on: RFC 8439, section 2.8. */
struct short_stream {
    uint8_t one_time_key[32], unused[32];
    uint8_t bytes[SHORT_MAX];
};

static void make_stream(struct short_stream *stream, const uint8_t key[32], const uint8_t nonce[12])
{
    crypto_stream_chacha20_ietf((uint8_t *)stream, sizeof *stream, nonce, key);
}

static void apply(const struct short_stream *stream, const uint8_t *in, size_t len, uint8_t *out)
{
    for (size_t i = 0; i < len; i++)
        out[i] = in[i] ^ stream->bytes[i];
}

static void put_padded(crypto_onetimeauth_poly1305_state *state, const uint8_t *data, size_t len)
{
    static const uint8_t zeros[16];
    crypto_onetimeauth_poly1305_update(state, data, len);
    crypto_onetimeauth_poly1305_update(state, zeros, -len & 15);
}

static void make_tag(const struct short_stream *stream, struct wzp_slice aad, const uint8_t *sealed,
                     size_t len, uint8_t tag[WZP_SEAL_TAG])
{
    uint8_t lengths[16];
    for (unsigned i = 0; i < 8; i++) {
        lengths[i] = (uint8_t)((uint64_t)aad.len >> 8 * i);
        lengths[8 + i] = (uint8_t)((uint64_t)len >> 8 * i);
    }
    crypto_onetimeauth_poly1305_state state;
    crypto_onetimeauth_poly1305_init(&state, stream->one_time_key);
    put_padded(&state, aad.data, aad.len);
    put_padded(&state, sealed, len);
    crypto_onetimeauth_poly1305_update(&state, lengths, sizeof lengths);
    crypto_onetimeauth_poly1305_final(&state, tag);
}

void wzp_seal(const uint8_t key[32], const uint8_t nonce[12], struct wzp_slice aad, const uint8_t *plain,
              size_t len, uint8_t *out)
{
    if (len > SHORT_MAX) {
        crypto_aead_chacha20poly1305_ietf_encrypt(out, NULL, plain, len, aad.data, aad.len, NULL, nonce, key);
        return;
    }
    struct short_stream stream;
    make_stream(&stream, key, nonce);
    apply(&stream, plain, len, out);
    make_tag(&stream, aad, out, len, out + len);
    sodium_memzero(&stream, sizeof stream);
}

bool wzp_open(const uint8_t key[32], const uint8_t nonce[12], struct wzp_slice aad, const uint8_t *sealed,
              size_t len, uint8_t *out)
{
    if (len < WZP_SEAL_TAG)
        return false;
    size_t plain_len = len - WZP_SEAL_TAG;
    if (plain_len > SHORT_MAX)
        return crypto_aead_chacha20poly1305_ietf_decrypt(out, NULL, NULL, sealed, len, aad.data, aad.len,
                                                         nonce, key) == 0;
    struct short_stream stream;
    uint8_t tag[WZP_SEAL_TAG];
    make_stream(&stream, key, nonce);
    make_tag(&stream, aad, sealed, plain_len, tag);
    bool is_genuine = crypto_verify_16(tag, sealed + plain_len) == 0;
    if (is_genuine)
        apply(&stream, sealed, plain_len, out);
    else if (plain_len)
        memset(out, 0, plain_len);
    sodium_memzero(&stream, sizeof stream);
    sodium_memzero(tag, sizeof tag); /* a forger would like to know it */
    return is_genuine;
}
