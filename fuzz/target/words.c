// SPDX-License-Identifier: Apache-2.0
/*
 * Words that somebody types. The input is u8 (odd: entropy, even: a text), then its bytes. Laws: what is
 * taken encodes to what decodes to the same; at a fault nothing of the secret is left.
 */
#include "fuzz/fuzz.h"

#include "crypt/words.h"

#include <ctype.h>
#include <string.h>

void fuzz_init(void)
{
}

static void check_round_trip(const uint8_t *entropy, size_t len)
{
    char text[WZP_WORDS_TEXT_MAX];
    uint8_t again[WZP_WORDS_ENTROPY_MAX];
    wzp_words_encode(entropy, len, text);
    struct wzp_words_result result = wzp_words_decode(text, strlen(text), again);
    WZP_CHECK(result.fault == WZP_WORDS_OK && result.len == len && result.count == len * 3 / 4);
    WZP_CHECK(memcmp(entropy, again, len) == 0);
}

/* The same words, but for case and what is between them. */
static void check_same(struct wzp_slice text, const uint8_t *entropy, size_t len)
{
    char right[WZP_WORDS_TEXT_MAX];
    size_t at = 0;
    wzp_words_encode(entropy, len, right);
    for (size_t i = 0; i < text.len; i++) {
        if (isspace(text.data[i]))
            continue;
        if (right[at] == ' ')
            at++;
        WZP_CHECK(right[at] != '\0' && tolower(text.data[i]) == right[at]);
        at++;
    }
    WZP_CHECK(right[at] == '\0');
}

int fuzz_one(const uint8_t *data, size_t len)
{
    static const uint8_t zeros[WZP_WORDS_ENTROPY_MAX];
    uint8_t entropy[WZP_WORDS_ENTROPY_MAX] = {0};
    struct fuzz_input input = {data, len};
    if (fuzz_u8(&input) & 1) {
        size_t size = 16 + 4 * (size_t)(fuzz_u8(&input) % 5);
        struct wzp_slice given = fuzz_take(&input, size);
        if (given.len)
            memcpy(entropy, given.data, given.len);
        check_round_trip(entropy, size);
        return 0;
    }
    struct wzp_words_result result = wzp_words_decode((const char *)input.data, input.len, entropy);
    if (result.fault == WZP_WORDS_OK) {
        check_round_trip(entropy, result.len);
        check_same((struct wzp_slice){input.data, input.len}, entropy, result.len);
        return 0;
    }
    WZP_CHECK(result.len == 0 && memcmp(entropy, zeros, sizeof zeros) == 0);
    WZP_CHECK(result.fault != WZP_WORDS_UNKNOWN || (result.at >= 1 && result.at <= result.count));
    return 0;
}
