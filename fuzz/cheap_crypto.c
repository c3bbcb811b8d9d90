// SPDX-License-Identifier: Apache-2.0
/*
 * What fuzz targets are linked with in the place of public-key cryptography (--wrap, fuzz/CMakeLists.txt): of
 * the same shape, a hundred times faster, and broken. A public key is its secret key, a shared secret is the
 * XOR of the two, a signature is a hash under the public key. So a fuzzer tries handshakes, rekeys and member
 * records at the pace of a parser. The AEAD stays as it is: targets seal with true keys (fuzz/twin.h). That
 * the real primitives are called rightly is for the vectors of the unit tests.
 */
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
