// SPDX-License-Identifier: Apache-2.0
#include "crypt/words.h"

#include <sodium.h>
#include <stdbool.h>
#include <string.h>

#include "base/check.h"
#include "crypt/words_english.h"

#define WORDS_MAX 24
#define COUNT     (sizeof wzp_words_english / sizeof *wzp_words_english)

static bool get_bit(const uint8_t *bytes, size_t at)
{
    return bytes[at / 8] >> (7 - at % 8) & 1;
}

/* The checksum follows the entropy: the first bits of its hash, one for every 32. */
static uint8_t checksum(const uint8_t *entropy, size_t len)
{
    uint8_t hash[crypto_hash_sha256_BYTES];
    crypto_hash_sha256(hash, entropy, len);
    uint8_t first = hash[0];
    sodium_memzero(hash, sizeof hash);
    return first;
}

void wzp_words_encode(const uint8_t *entropy, size_t len, char out[static WZP_WORDS_TEXT_MAX])
{
    WZP_CHECK(len >= 16 && len <= WZP_WORDS_ENTROPY_MAX && len % 4 == 0);
    uint8_t bits[WZP_WORDS_ENTROPY_MAX + 1];
    size_t count = len * 3 / 4;
    memcpy(bits, entropy, len);
    bits[len] = checksum(entropy, len);
    for (size_t i = 0; i < count; i++) {
        unsigned place = 0;
        for (size_t j = 0; j < WZP_WORD_BITS; j++)
            place = place << 1 | get_bit(bits, i * WZP_WORD_BITS + j);
        size_t letters = strlen(wzp_words_english[place]);
        memcpy(out, wzp_words_english[place], letters);
        out += letters;
        *out++ = ' ';
    }
    out[-1] = '\0';
    sodium_memzero(bits, sizeof bits);
}

static bool is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

struct word {
    const char *at;
    size_t len; /* 0: there is none */
};

/* The next word at or after *text, which is moved behind it. */
static struct word next_word(const char **text, const char *end)
{
    while (*text < end && is_space(**text))
        ++*text;
    struct word word = {*text, 0};
    while (*text < end && !is_space(**text))
        ++*text;
    word.len = (size_t)(*text - word.at);
    return word;
}

/* COUNT when it is not in the list. */
static size_t find(struct word word)
{
    char lower[WZP_WORD_LETTERS + 1] = "";
    size_t low = 0, high = COUNT;
    if (word.len > WZP_WORD_LETTERS || memchr(word.at, 0, word.len))
        return COUNT;
    memcpy(lower, word.at, word.len);
    for (size_t i = 0; i < word.len; i++)
        if (lower[i] >= 'A' && lower[i] <= 'Z')
            lower[i] = "abcdefghijklmnopqrstuvwxyz"[lower[i] - 'A'];
    while (low + 1 < high) {
        size_t middle = (low + high) / 2;
        if (strcmp(wzp_words_english[middle], lower) <= 0)
            low = middle;
        else
            high = middle;
    }
    bool is_found = strcmp(wzp_words_english[low], lower) == 0;
    sodium_memzero(lower, sizeof lower);
    return is_found ? low : COUNT;
}

static size_t count_words(const char *text, const char *end)
{
    size_t count = 0;
    while (next_word(&text, end).len > 0)
        count++;
    return count;
}

/* Fills `bits`, which is all zero, with as many words as there are; 0, or the number of one that is unknown.
 */
static size_t read_bits(const char *text, const char *end, uint8_t *bits)
{
    struct word word;
    for (size_t i = 0; (word = next_word(&text, end)).len > 0; i++) {
        size_t place = find(word);
        if (place == COUNT)
            return i + 1;
        for (size_t j = 0; j < WZP_WORD_BITS; j++) {
            size_t at = i * WZP_WORD_BITS + j;
            bits[at / 8] |= (uint8_t)((place >> (WZP_WORD_BITS - 1 - j) & 1) << (7 - at % 8));
        }
    }
    return 0;
}

struct wzp_words_result wzp_words_decode(const char *text, size_t len,
                                         uint8_t entropy[static WZP_WORDS_ENTROPY_MAX])
{
    const char *end = text + len;
    uint8_t bits[WZP_WORDS_ENTROPY_MAX + 1] = {0};
    struct wzp_words_result result = {.count = count_words(text, end)};
    memset(entropy, 0, WZP_WORDS_ENTROPY_MAX);
    if (result.count < 12 || result.count > WORDS_MAX || result.count % 3 != 0) {
        result.fault = WZP_WORDS_COUNT;
        return result;
    }
    size_t entropy_len = result.count / 3 * 4;
    unsigned checksum_bits = (unsigned)result.count / 3;
    result.at = read_bits(text, end, bits);
    if (result.at > 0)
        result.fault = WZP_WORDS_UNKNOWN;
    else if ((checksum(bits, entropy_len) ^ bits[entropy_len]) >> (8 - checksum_bits) != 0)
        result.fault = WZP_WORDS_CHECKSUM;
    else
        memcpy(entropy, bits, result.len = entropy_len);
    sodium_memzero(bits, sizeof bits);
    return result;
}
