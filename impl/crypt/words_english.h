// SPDX-License-Identifier: Apache-2.0
/*
 * The English word list of BIP39 (github.com/bitcoin/bips, bip-0039/english.txt), in its order, which is that
 * of strcmp: a word's place is the 11 bits that it stands for.
 */
#ifndef WZP_CRYPT_WORDS_ENGLISH_H
#define WZP_CRYPT_WORDS_ENGLISH_H

#define WZP_WORD_BITS    11
#define WZP_WORD_LETTERS 8 /* of the longest */

extern const char wzp_words_english[1 << WZP_WORD_BITS][WZP_WORD_LETTERS + 1];

#endif
