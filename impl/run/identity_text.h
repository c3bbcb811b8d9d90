// SPDX-License-Identifier: Apache-2.0
/*
 * What an identity file says (run/identity_file.h keeps it on disk): the seed, plain, or sealed under a
 * passphrase.
 *
 *     wzp-identity 1                      wzp-identity 2
 *     seed 64 hex digits                  argon2id PASSES KIBIBYTES
 *                                         salt 32 hex digits
 *                                         sealed 96 hex digits
 *
 * Sealed is ChaCha20-Poly1305 (RFC 8439) of the seed, the lines above it as additional data, the nonce all
 * zero. The key is Argon2id (RFC 9106, one lane) of the passphrase's bytes, and is never used twice: each
 * sealing draws its salt.
 *
 * Law: parse takes exactly what format writes (digits in either case). Whatever the bytes say, parsing takes
 * no memory and opening takes at most WZP_IDENTITY_KIB_MAX: costs beyond the limits are refused before.
 * Secrets stay with the caller, who wipes them. Does not: touch files, ask anybody.
 */
#ifndef WZP_RUN_IDENTITY_TEXT_H
#define WZP_RUN_IDENTITY_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WZP_IDENTITY_TEXT_MAX   256
#define WZP_IDENTITY_PASSES_MAX 64
#define WZP_IDENTITY_KIB_MIN    8         /* of Argon2id with one lane */
#define WZP_IDENTITY_KIB_MAX    (1 << 20) /* 1 GiB */
#define WZP_PASSPHRASE_MAX      1024      /* bytes */

struct wzp_identity_text {
    bool is_sealed;
    uint8_t seed[32]; /* when it is not sealed */
    uint32_t passes, kib;
    uint8_t salt[16], sealed[48]; /* the seed's bytes, then the tag */
};

enum wzp_identity_fault {
    WZP_IDENTITY_OK,
    WZP_IDENTITY_EMPTY,
    WZP_IDENTITY_FOREIGN, /* it does not begin as an identity file */
    WZP_IDENTITY_NEWER,   /* a version that is not known here */
    WZP_IDENTITY_CUT,     /* a beginning of one, the end is missing */
    WZP_IDENTITY_DAMAGED, /* the lines are not those of its version */
    WZP_IDENTITY_COST,    /* opening it would cost more than the limits */
    WZP_IDENTITY_WRONG,   /* of opening: another passphrase, or the bytes were changed */
    WZP_IDENTITY_MEMORY,  /* of sealing and opening: no memory for Argon2id */
};

/* What follows the file's name in a sentence. */
const char *wzp_identity_fault_text(enum wzp_identity_fault fault);

/* At a fault `out` is all zero. */
enum wzp_identity_fault wzp_identity_text_parse(const char *text, size_t len, struct wzp_identity_text *out);
/* The bytes written, no NUL. */
size_t wzp_identity_text_format(const struct wzp_identity_text *text, char out[static WZP_IDENTITY_TEXT_MAX]);

/* Argon2id with 3 passes over 64 MiB (RFC 9106 section 4, second choice, with one lane). `salt` is fresh. */
enum wzp_identity_fault wzp_identity_text_seal(struct wzp_identity_text *text, const uint8_t seed[32],
                                               const char *passphrase, size_t len, const uint8_t salt[16]);
/* Of a sealed one; at a fault `seed` is all zero. */
enum wzp_identity_fault wzp_identity_text_open(const struct wzp_identity_text *text, const char *passphrase,
                                               size_t len, uint8_t seed[32]);

#endif
