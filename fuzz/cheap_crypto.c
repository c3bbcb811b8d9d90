// SPDX-License-Identifier: Apache-2.0
/*
 * What fuzz targets are linked with in the place of cryptography (--wrap, fuzz/CMakeLists.txt): of the same
 * shape, far faster, and broken. A public key is its secret key, a shared secret is the XOR of the two, a
 * signature is a hash under the public key, a seal is a stream and a tag of multiplications. So a fuzzer
 * tries handshakes, rekeys, packets and member records at the pace of a parser. Any one word that is changed
 * in what was sealed, or said beside it, changes the tag; targets seal with true keys (fuzz/twin.h). That the
 * real primitives are called rightly is for the vectors of the unit tests.
 */
#include "crypt/seal.h"

#include <sodium.h>
#include <string.h>

int __wrap_crypto_scalarmult_curve25519_base(unsigned char *q, const unsigned char *n);
int __wrap_crypto_scalarmult_curve25519(unsigned char *q, const unsigned char *n, const unsigned char *p);
int __wrap_crypto_sign_ed25519_detached(unsigned char *signature, unsigned long long *signature_len,
                                        const unsigned char *message, unsigned long long len,
                                        const unsigned char *secret);
int __wrap_crypto_sign_ed25519_verify_detached(const unsigned char *signature, const unsigned char *message,
                                               unsigned long long len, const unsigned char *public_key);

int __wrap_crypto_scalarmult_curve25519_base(unsigned char *q, const unsigned char *n)
{
    memmove(q, n, 32);
    return 0;
}

/* -1 for "a key of small order": here that is our own. */
int __wrap_crypto_scalarmult_curve25519(unsigned char *q, const unsigned char *n, const unsigned char *p)
{
    unsigned char any = 0;
    for (int i = 0; i < 32; i++) {
        q[i] = n[i] ^ p[i];
        any |= q[i];
    }
    return any ? 0 : -1;
}

int __wrap_crypto_sign_ed25519_detached(unsigned char *signature, unsigned long long *signature_len,
                                        const unsigned char *message, unsigned long long len,
                                        const unsigned char *secret)
{
    if (signature_len)
        *signature_len = crypto_sign_ed25519_BYTES;
    return crypto_generichash_blake2b(signature, crypto_sign_ed25519_BYTES, message, len, secret + 32, 32);
}

int __wrap_crypto_sign_ed25519_verify_detached(const unsigned char *signature, const unsigned char *message,
                                               unsigned long long len, const unsigned char *public_key)
{
    unsigned char right[crypto_sign_ed25519_BYTES];
    crypto_generichash_blake2b(right, sizeof right, message, len, public_key, 32);
    return memcmp(right, signature, sizeof right) == 0 ? 0 : -1;
}

/* ---- wzp_seal and wzp_open ---- */

void __wrap_wzp_seal(const uint8_t key[32], const uint8_t nonce[12], struct wzp_slice aad,
                     const uint8_t *plain, size_t len, uint8_t *out);
bool __wrap_wzp_open(const uint8_t key[32], const uint8_t nonce[12], struct wzp_slice aad,
                     const uint8_t *sealed, size_t len, uint8_t *out);

struct mixed {
    uint64_t a, b;
};

/* For a given state, different words give different states. */
static void mix(struct mixed *mixed, const uint8_t *data, size_t len)
{
    while (len > 0) {
        uint64_t word = 0;
        size_t taken = len < sizeof word ? len : sizeof word;
        memcpy(&word, data, taken);
        mixed->a = (mixed->a ^ word) * UINT64_C(0x9e3779b97f4a7c15);
        mixed->a ^= mixed->a >> 29;
        mixed->b = (mixed->b + word) * UINT64_C(0xd6e8feb86659fd93);
        mixed->b ^= mixed->b >> 32;
        data += taken;
        len -= taken;
    }
}

static struct mixed start(const uint8_t key[32], const uint8_t nonce[12])
{
    struct mixed mixed = {1, 2};
    mix(&mixed, key, 32);
    mix(&mixed, nonce, 12);
    return mixed;
}

static void stream_xor(const struct mixed *started, const uint8_t *in, size_t len, uint8_t *out)
{
    struct mixed stream = *started;
    for (size_t at = 0; at < len; at += sizeof stream) {
        static const uint8_t next[8] = {1};
        uint8_t bytes[sizeof stream];
        size_t taken = len - at < sizeof bytes ? len - at : sizeof bytes;
        mix(&stream, next, sizeof next);
        memcpy(bytes, &stream, sizeof bytes);
        for (size_t i = 0; i < taken; i++)
            out[at + i] = in[at + i] ^ bytes[i];
    }
}

static void make_tag(const struct mixed *started, struct wzp_slice aad, const uint8_t *sealed, size_t len,
                     uint8_t tag[WZP_SEAL_TAG])
{
    const uint64_t lens[2] = {aad.len, len};
    struct mixed mixed = *started;
    mix(&mixed, (const uint8_t *)lens, sizeof lens);
    mix(&mixed, aad.data, aad.len);
    mix(&mixed, sealed, len);
    memcpy(tag, &mixed, WZP_SEAL_TAG);
}

void __wrap_wzp_seal(const uint8_t key[32], const uint8_t nonce[12], struct wzp_slice aad,
                     const uint8_t *plain, size_t len, uint8_t *out)
{
    struct mixed started = start(key, nonce);
    stream_xor(&started, plain, len, out);
    make_tag(&started, aad, out, len, out + len);
}

bool __wrap_wzp_open(const uint8_t key[32], const uint8_t nonce[12], struct wzp_slice aad,
                     const uint8_t *sealed, size_t len, uint8_t *out)
{
    uint8_t tag[WZP_SEAL_TAG];
    struct mixed started = start(key, nonce);
    if (len < WZP_SEAL_TAG)
        return false;
    len -= WZP_SEAL_TAG;
    make_tag(&started, aad, sealed, len, tag);
    if (sodium_memcmp(tag, sealed + len, sizeof tag) != 0) { /* unseen by what looks into comparisons */
        memset(out, 0, len);
        return false;
    }
    stream_xor(&started, sealed, len, out);
    return true;
}
