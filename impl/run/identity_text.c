// SPDX-License-Identifier: Apache-2.0
#include "run/identity_text.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "base/check.h"

#define FORMAT "wzp-identity "
#define PASSES 3
#define KIB    65536

const char *wzp_identity_fault_text(enum wzp_identity_fault fault)
{
    switch (fault) {
    case WZP_IDENTITY_OK:
        return "this identity file is right";
    case WZP_IDENTITY_EMPTY:
        return "the file is empty; it should hold an identity";
    case WZP_IDENTITY_FOREIGN:
        return "this is not an identity file; its first line should be '" FORMAT "1' or '" FORMAT "2'";
    case WZP_IDENTITY_NEWER:
        return "this identity file is of a version that this program does not know";
    case WZP_IDENTITY_CUT:
        return "this identity file is cut short";
    case WZP_IDENTITY_DAMAGED:
        return "this identity file is damaged; its lines are not those of its version";
    case WZP_IDENTITY_COST:
        return "this identity file asks for more work or memory than an honest one does";
    case WZP_IDENTITY_WRONG:
        return "the passphrase is wrong, or the file was changed";
    case WZP_IDENTITY_MEMORY:
        return "there is no memory to work on the passphrase";
    }
    return "";
}

/* What is left to parse, and the first fault. */
struct scan {
    const char *at, *end;
    enum wzp_identity_fault fault;
};

/* A byte that is not as it should be; where the text ends it is cut, before that damaged. */
static void refuse(struct scan *scan)
{
    if (scan->fault == WZP_IDENTITY_OK)
        scan->fault = scan->at == scan->end ? WZP_IDENTITY_CUT : WZP_IDENTITY_DAMAGED;
}

static void take_text(struct scan *scan, const char *text)
{
    for (; *text && scan->fault == WZP_IDENTITY_OK; text++) {
        if (scan->at == scan->end || *scan->at != *text)
            refuse(scan);
        else
            scan->at++;
    }
}

/* 16: it is no hexadecimal digit. */
static uint8_t digit(char c)
{
    if (c >= '0' && c <= '9')
        return (uint8_t)(c - '0');
    if (c >= 'a' && c <= 'f')
        return (uint8_t)(c - 'a' + 10);
    return c >= 'A' && c <= 'F' ? (uint8_t)(c - 'A' + 10) : 16;
}

static void take_hex(struct scan *scan, uint8_t *out, size_t len)
{
    for (size_t i = 0; i < 2 * len && scan->fault == WZP_IDENTITY_OK; i++) {
        uint8_t value = scan->at < scan->end ? digit(*scan->at) : 16;
        if (value == 16) {
            refuse(scan);
        } else {
            out[i / 2] = (uint8_t)(out[i / 2] << 4 | value);
            scan->at++;
        }
    }
}

/* 1 to 9 digits, no leading zero. */
static uint32_t take_number(struct scan *scan)
{
    uint32_t value = 0;
    if (scan->fault != WZP_IDENTITY_OK)
        return 0;
    const char *first = scan->at;
    while (scan->at < scan->end && *scan->at >= '0' && *scan->at <= '9' && scan->at - first < 9)
        value = value * 10 + (uint32_t)(*scan->at++ - '0');
    if (value == 0 || *first == '0')
        refuse(scan);
    return value;
}

static bool is_prefix(const char *text, size_t len, const char *whole)
{
    size_t whole_len = strlen(whole);
    return memcmp(text, whole, len < whole_len ? len : whole_len) == 0;
}

static void take_sealed(struct scan *scan, struct wzp_identity_text *out)
{
    take_text(scan, "argon2id ");
    out->passes = take_number(scan);
    take_text(scan, " ");
    out->kib = take_number(scan);
    take_text(scan, "\nsalt ");
    take_hex(scan, out->salt, sizeof out->salt);
    take_text(scan, "\nsealed ");
    take_hex(scan, out->sealed, sizeof out->sealed);
}

static enum wzp_identity_fault parse(const char *text, size_t len, struct wzp_identity_text *out)
{
    if (len == 0)
        return WZP_IDENTITY_EMPTY;
    if (!is_prefix(text, len, FORMAT))
        return WZP_IDENTITY_FOREIGN;
    out->is_sealed = is_prefix(text, len, FORMAT "2\n");
    if (!out->is_sealed && !is_prefix(text, len, FORMAT "1\n"))
        return WZP_IDENTITY_NEWER;
    struct scan scan = {.at = text, .end = text + len};
    take_text(&scan, out->is_sealed ? FORMAT "2\n" : FORMAT "1\n");
    if (out->is_sealed) {
        take_sealed(&scan, out);
    } else {
        take_text(&scan, "seed ");
        take_hex(&scan, out->seed, sizeof out->seed);
    }
    take_text(&scan, "\n");
    if (scan.fault == WZP_IDENTITY_OK && scan.at != scan.end)
        scan.fault = WZP_IDENTITY_DAMAGED;
    if (scan.fault == WZP_IDENTITY_OK && out->is_sealed &&
        (out->passes > WZP_IDENTITY_PASSES_MAX || out->kib < WZP_IDENTITY_KIB_MIN ||
         out->kib > WZP_IDENTITY_KIB_MAX))
        scan.fault = WZP_IDENTITY_COST;
    return scan.fault;
}

enum wzp_identity_fault wzp_identity_text_parse(const char *text, size_t len, struct wzp_identity_text *out)
{
    memset(out, 0, sizeof *out);
    enum wzp_identity_fault fault = parse(text, len, out);
    if (fault != WZP_IDENTITY_OK)
        sodium_memzero(out, sizeof *out);
    return fault;
}

/* Of a sealed file, what stands before the sealed line: its additional data. */
static size_t format_head(const struct wzp_identity_text *text, char out[static WZP_IDENTITY_TEXT_MAX])
{
    char salt[2 * sizeof text->salt + 1];
    sodium_bin2hex(salt, sizeof salt, text->salt, sizeof text->salt);
    return (size_t)snprintf(out, WZP_IDENTITY_TEXT_MAX,
                            FORMAT "2\nargon2id %" PRIu32 " %" PRIu32 "\nsalt %s\n", text->passes, text->kib,
                            salt);
}

/* Not by stdio: its buffers would keep the seed. */
static size_t append(char *out, size_t at, const char *label, const uint8_t *bytes, size_t len)
{
    size_t label_len = strlen(label);
    memcpy(out + at, label, label_len);
    at += label_len;
    sodium_bin2hex(out + at, 2 * len + 1, bytes, len);
    at += 2 * len;
    out[at] = '\n';
    return at + 1;
}

size_t wzp_identity_text_format(const struct wzp_identity_text *text, char out[static WZP_IDENTITY_TEXT_MAX])
{
    if (text->is_sealed)
        return append(out, format_head(text, out), "sealed ", text->sealed, sizeof text->sealed);
    return append(out, 0, FORMAT "1\nseed ", text->seed, sizeof text->seed);
}

static bool derive_key(const struct wzp_identity_text *text, const char *passphrase, size_t len,
                       uint8_t key[32])
{
    return crypto_pwhash_argon2id(key, 32, passphrase, len, text->salt, text->passes,
                                  (size_t)text->kib * 1024, crypto_pwhash_argon2id_ALG_ARGON2ID13) == 0;
}

static const uint8_t NONCE[crypto_aead_chacha20poly1305_ietf_NPUBBYTES];

enum wzp_identity_fault wzp_identity_text_seal(struct wzp_identity_text *text, const uint8_t seed[32],
                                               const char *passphrase, size_t len, const uint8_t salt[16])
{
    struct wzp_identity_text made = {.is_sealed = true, .passes = PASSES, .kib = KIB};
    uint8_t key[32];
    char head[WZP_IDENTITY_TEXT_MAX];
    WZP_CHECK(len <= WZP_PASSPHRASE_MAX);
    memcpy(made.salt, salt, sizeof made.salt);
    if (!derive_key(&made, passphrase, len, key))
        return WZP_IDENTITY_MEMORY;
    size_t head_len = format_head(&made, head);
    crypto_aead_chacha20poly1305_ietf_encrypt(made.sealed, NULL, seed, 32, (const uint8_t *)head, head_len,
                                              NULL, NONCE, key);
    sodium_memzero(key, sizeof key);
    sodium_memzero(text, sizeof *text);
    *text = made;
    return WZP_IDENTITY_OK;
}

enum wzp_identity_fault wzp_identity_text_open(const struct wzp_identity_text *text, const char *passphrase,
                                               size_t len, uint8_t seed[32])
{
    uint8_t key[32];
    char head[WZP_IDENTITY_TEXT_MAX];
    WZP_CHECK(text->is_sealed && len <= WZP_PASSPHRASE_MAX);
    memset(seed, 0, 32);
    if (!derive_key(text, passphrase, len, key))
        return WZP_IDENTITY_MEMORY;
    size_t head_len = format_head(text, head);
    int failed = crypto_aead_chacha20poly1305_ietf_decrypt(
        seed, NULL, NULL, text->sealed, sizeof text->sealed, (const uint8_t *)head, head_len, NONCE, key);
    sodium_memzero(key, sizeof key);
    if (failed)
        sodium_memzero(seed, 32);
    return failed ? WZP_IDENTITY_WRONG : WZP_IDENTITY_OK;
}
