// SPDX-License-Identifier: Apache-2.0
/*
 * Secret bytes as English words to write down: BIP39, the entropy itself and its checksum, without PBKDF2. An
 * identity's seed is 24 of them.
 *
 * Law: decode takes what encode gives, in any case and with any white space between, and nothing else but
 * what differs in a way that the checksum (1 bit in 33) does not show. No copy of the secret is left. Does
 * not: guess what a wrong word was to be. Not in constant time: it is for the owner's own eyes. Spec:
 * proto/01-terms.md; BIP39 "Generating the mnemonic".
 */
#ifndef WZP_CRYPT_WORDS_H
#define WZP_CRYPT_WORDS_H

#include <stddef.h>
#include <stdint.h>

#define WZP_WORDS_ENTROPY_MAX 32
#define WZP_WORDS_TEXT_MAX    (24 * 9) /* 24 words of at most 8 letters, each with its space or NUL */

/* `len` is 16, 20, 24, 28 or 32 bytes: 12, 15, 18, 21 or 24 words, one space between, NUL at the end. */
void wzp_words_encode(const uint8_t *entropy, size_t len, char out[static WZP_WORDS_TEXT_MAX]);

enum wzp_words_fault {
    WZP_WORDS_OK,
    WZP_WORDS_COUNT,    /* not 12, 15, 18, 21 or 24 */
    WZP_WORDS_UNKNOWN,  /* the word number `at` is not in the list */
    WZP_WORDS_CHECKSUM, /* each word is right, but not all of them together */
};

struct wzp_words_result {
    enum wzp_words_fault fault;
    size_t count, at; /* words; the first is 1 */
    size_t len;       /* of the entropy in bytes; 0 at a fault */
};

/* At a fault `entropy` is all zero. */
struct wzp_words_result wzp_words_decode(const char *text, size_t len,
                                         uint8_t entropy[static WZP_WORDS_ENTROPY_MAX]);

#endif
