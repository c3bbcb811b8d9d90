// SPDX-License-Identifier: Apache-2.0
#include "crypt/words.h"

#include <ctype.h>
#include <setjmp.h>
#include <sodium.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "crypt/drbg.h"
#include "crypt/vectors/bip39_vectors.h"
#include "crypt/words_english.h"

#define VECTORS (sizeof bip39_vectors / sizeof *bip39_vectors)

static size_t unhex(uint8_t out[WZP_WORDS_ENTROPY_MAX], const char *hex)
{
    size_t len;
    assert_int_equal(sodium_hex2bin(out, WZP_WORDS_ENTROPY_MAX, hex, strlen(hex), NULL, &len, NULL), 0);
    return len;
}

static void the_list_is_ordered_and_told_apart_by_four_letters(void **state)
{
    (void)state;
    for (size_t i = 1; i < 2048; i++) {
        assert_true(strcmp(wzp_words_english[i - 1], wzp_words_english[i]) < 0);
        assert_int_not_equal(strncmp(wzp_words_english[i - 1], wzp_words_english[i], 4), 0);
    }
}

static void agrees_with_the_public_vectors(void **state)
{
    (void)state;
    unsigned sizes = 0;
    for (size_t i = 0; i < VECTORS; i++) {
        uint8_t entropy[WZP_WORDS_ENTROPY_MAX], decoded[WZP_WORDS_ENTROPY_MAX];
        char text[WZP_WORDS_TEXT_MAX];
        size_t len = unhex(entropy, bip39_vectors[i].entropy);
        wzp_words_encode(entropy, len, text);
        assert_string_equal(text, bip39_vectors[i].words);
        struct wzp_words_result result = wzp_words_decode(text, strlen(text), decoded);
        assert_int_equal(result.fault, WZP_WORDS_OK);
        assert_int_equal(result.len, len);
        assert_int_equal(result.count, len * 3 / 4);
        assert_memory_equal(decoded, entropy, len);
        sizes |= 1u << len / 4;
    }
    assert_int_equal(sizes, 1u << 4 | 1u << 5 | 1u << 6 | 1u << 7 | 1u << 8);
}

static void takes_any_case_and_white_space(void **state)
{
    (void)state;
    for (size_t i = 0; i < VECTORS; i++) {
        char text[4 * WZP_WORDS_TEXT_MAX] = "\r\n\t ";
        size_t at = 4;
        for (const char *from = bip39_vectors[i].words; *from; from++) {
            if (*from == ' ')
                at += (size_t)(stpcpy(text + at, "\v\f \r\n") - (text + at));
            else if (at % 3)
                text[at++] = (char)toupper((unsigned char)*from);
            else
                text[at++] = *from;
        }
        text[at++] = '\n';
        uint8_t entropy[WZP_WORDS_ENTROPY_MAX], decoded[WZP_WORDS_ENTROPY_MAX];
        size_t len = unhex(entropy, bip39_vectors[i].entropy);
        assert_int_equal(wzp_words_decode(text, at, decoded).fault, WZP_WORDS_OK);
        assert_memory_equal(decoded, entropy, len);
    }
}

#define A11 "abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon "

static void names_the_fault(void **state)
{
    static const struct {
        const char *text;
        enum wzp_words_fault fault;
        size_t count, at;
    } ROWS[] = {
        {"", WZP_WORDS_COUNT, 0, 0},
        {" \n", WZP_WORDS_COUNT, 0, 0},
        {"about", WZP_WORDS_COUNT, 1, 0},
        {A11, WZP_WORDS_COUNT, 11, 0},
        {A11 "about about", WZP_WORDS_COUNT, 13, 0},
        {A11 A11 "abandon abandon art abandon abandon", WZP_WORDS_COUNT, 27, 0},
        {A11 "about", WZP_WORDS_OK, 12, 0},
        {A11 "abandon", WZP_WORDS_CHECKSUM, 12, 0},
        {A11 A11 "abandon art", WZP_WORDS_OK, 24, 0},
        {A11 A11 "abandon about", WZP_WORDS_CHECKSUM, 24, 0},
        {A11 "abou", WZP_WORDS_UNKNOWN, 12, 12},
        {A11 "abouts", WZP_WORDS_UNKNOWN, 12, 12},
        {A11 "zzz", WZP_WORDS_UNKNOWN, 12, 12},
        {A11 "aaa", WZP_WORDS_UNKNOWN, 12, 12},
        {"abandon \xff" A11 "", WZP_WORDS_UNKNOWN, 12, 2},
        {"abandonabandonabandon " A11 "", WZP_WORDS_UNKNOWN, 12, 1},
    };
    (void)state;
    for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
        uint8_t entropy[WZP_WORDS_ENTROPY_MAX] = {1};
        struct wzp_words_result result = wzp_words_decode(ROWS[i].text, strlen(ROWS[i].text), entropy);
        if (result.fault != ROWS[i].fault || result.count != ROWS[i].count || result.at != ROWS[i].at)
            fail_msg("row %zu: fault %d, %zu words, at %zu", i, result.fault, result.count, result.at);
        assert_true(sodium_is_zero(entropy, sizeof entropy));
    }
}

/* A text of a file may hold any byte. */
static void a_nul_is_no_end_of_a_word(void **state)
{
    static const char text[] = A11 "about\0";
    uint8_t entropy[WZP_WORDS_ENTROPY_MAX];
    (void)state;
    struct wzp_words_result result = wzp_words_decode(text, sizeof text - 1, entropy);
    assert_int_equal(result.fault, WZP_WORDS_UNKNOWN);
    assert_int_equal(result.at, 12);
}

/* 8 bits of checksum: one wrong word of 24 goes unseen once in 256. */
static void the_checksum_finds_wrong_words(void **state)
{
    enum { TRIALS = 20000 };
    struct wzp_drbg drbg;
    unsigned unseen = 0;
    (void)state;
    wzp_drbg_init(&drbg, (const uint8_t[32]){9}, 0);
    for (unsigned i = 0; i < TRIALS; i++) {
        uint8_t seed[32], decoded[32];
        char text[WZP_WORDS_TEXT_MAX], changed[WZP_WORDS_TEXT_MAX + 8];
        wzp_drbg_fill(&drbg, seed, sizeof seed);
        wzp_words_encode(seed, sizeof seed, text);
        const char *first_end = strchr(text, ' ');
        const char *other = wzp_words_english[wzp_drbg_u32(&drbg) % 2048];
        if (strlen(other) == (size_t)(first_end - text) && memcmp(other, text, strlen(other)) == 0)
            continue;
        strcpy(stpcpy(changed, other), first_end);
        struct wzp_words_result result = wzp_words_decode(changed, strlen(changed), decoded);
        assert_true(result.fault == WZP_WORDS_CHECKSUM || result.fault == WZP_WORDS_OK);
        unseen += result.fault == WZP_WORDS_OK;
    }
    assert_in_range(unseen, TRIALS / 256 / 2, TRIALS / 256 * 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_list_is_ordered_and_told_apart_by_four_letters),
        cmocka_unit_test(agrees_with_the_public_vectors),
        cmocka_unit_test(takes_any_case_and_white_space),
        cmocka_unit_test(names_the_fault),
        cmocka_unit_test(a_nul_is_no_end_of_a_word),
        cmocka_unit_test(the_checksum_finds_wrong_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
