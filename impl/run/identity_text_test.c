// SPDX-License-Identifier: Apache-2.0
#include "run/identity_text.h"

#include <setjmp.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define HEX   "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
#define PLAIN "wzp-identity 1\nseed " HEX "\n"

static enum wzp_identity_fault parse(const char *text, struct wzp_identity_text *out)
{
    return wzp_identity_text_parse(text, strlen(text), out);
}

static void reads_what_it_writes(void **state)
{
    struct wzp_identity_text plain, sealed, again;
    char text[WZP_IDENTITY_TEXT_MAX];
    const uint8_t salt[16] = {3};
    (void)state;
    assert_int_equal(parse(PLAIN, &plain), WZP_IDENTITY_OK);
    for (uint8_t i = 0; i < 32; i++)
        assert_int_equal(plain.seed[i], i);
    assert_int_equal(wzp_identity_text_format(&plain, text), strlen(PLAIN));
    assert_memory_equal(text, PLAIN, strlen(PLAIN));
    assert_int_equal(wzp_identity_text_seal(&sealed, plain.seed, "p", 1, salt), WZP_IDENTITY_OK);
    size_t len = wzp_identity_text_format(&sealed, text);
    assert_true(len < WZP_IDENTITY_TEXT_MAX);
    assert_int_equal(wzp_identity_text_parse(text, len, &again), WZP_IDENTITY_OK);
    assert_memory_equal(&again, &sealed, sizeof again);
    assert_true(sodium_is_zero(sealed.seed, 32));
}

static void every_cut_is_told(void **state)
{
    struct wzp_identity_text sealed = {.is_sealed = true, .passes = 3, .kib = 65536}, out;
    char text[WZP_IDENTITY_TEXT_MAX];
    (void)state;
    for (int round = 0; round < 2; round++) {
        size_t len = wzp_identity_text_format(round ? &sealed : &(struct wzp_identity_text){0}, text);
        assert_int_equal(wzp_identity_text_parse(text, 0, &out), WZP_IDENTITY_EMPTY);
        for (size_t cut = 1; cut < len; cut++)
            assert_int_equal(wzp_identity_text_parse(text, cut, &out), WZP_IDENTITY_CUT);
        assert_int_equal(wzp_identity_text_parse(text, len, &out), WZP_IDENTITY_OK);
        text[len] = '\n';
        assert_int_equal(wzp_identity_text_parse(text, len + 1, &out), WZP_IDENTITY_DAMAGED);
    }
}

#define SALT   "salt 000102030405060708090a0b0c0d0e0f\n"
#define SEALED "sealed " HEX "000102030405060708090a0b0c0d0e0f\n"

static void names_the_fault(void **state)
{
    static const struct {
        const char *text;
        enum wzp_identity_fault fault;
    } ROWS[] = {
        {PLAIN, WZP_IDENTITY_OK},
        {"wzp-identity 1\nseed 000102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F\n",
         WZP_IDENTITY_OK},
        {"wzp-identity 1\nseed 00\n", WZP_IDENTITY_DAMAGED},
        {"wzp-identity 1\nsead " HEX "\n", WZP_IDENTITY_DAMAGED},
        {PLAIN "more\n", WZP_IDENTITY_DAMAGED},
        {"wzp-identity 1\nseed x00102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\n",
         WZP_IDENTITY_DAMAGED},
        {"wzp-identity 1\nseed 000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e \n\n",
         WZP_IDENTITY_DAMAGED},
        {"wzp-identity 3\nseed " HEX "\n", WZP_IDENTITY_NEWER},
        {"wzp-identity 12\nsealed\n", WZP_IDENTITY_NEWER},
        {"hello\n", WZP_IDENTITY_FOREIGN},
        {"-----BEGIN OPENSSH PRIVATE KEY-----\n", WZP_IDENTITY_FOREIGN},
        {"wzp-identity 2\nseed " HEX "\n", WZP_IDENTITY_DAMAGED},
        {"wzp-identity 2\nargon2id 3 65536\n" SALT SEALED, WZP_IDENTITY_OK},
        {"wzp-identity 2\nargon2id 64 1048576\n" SALT SEALED, WZP_IDENTITY_OK},
        {"wzp-identity 2\nargon2id 1 8\n" SALT SEALED, WZP_IDENTITY_OK},
        {"wzp-identity 2\nargon2id 65 65536\n" SALT SEALED, WZP_IDENTITY_COST},
        {"wzp-identity 2\nargon2id 3 1048577\n" SALT SEALED, WZP_IDENTITY_COST},
        {"wzp-identity 2\nargon2id 3 999999999\n" SALT SEALED, WZP_IDENTITY_COST},
        {"wzp-identity 2\nargon2id 3 7\n" SALT SEALED, WZP_IDENTITY_COST},
        {"wzp-identity 2\nargon2id 3 4294967296\n" SALT SEALED, WZP_IDENTITY_DAMAGED},
        {"wzp-identity 2\nargon2id 0 65536\n" SALT SEALED, WZP_IDENTITY_DAMAGED},
        {"wzp-identity 2\nargon2id 03 65536\n" SALT SEALED, WZP_IDENTITY_DAMAGED},
        {"wzp-identity 2\nargon2id -3 65536\n" SALT SEALED, WZP_IDENTITY_DAMAGED},
        {"wzp-identity 2\nargon2i 3 65536\n" SALT SEALED, WZP_IDENTITY_DAMAGED},
        {"wzp-identity 2\nargon2id 3 65536\n" SEALED SALT, WZP_IDENTITY_DAMAGED},
    };
    (void)state;
    for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
        struct wzp_identity_text out;
        memset(&out, 0x5a, sizeof out);
        enum wzp_identity_fault fault = parse(ROWS[i].text, &out);
        if (fault != ROWS[i].fault)
            fail_msg("row %zu: %s", i, wzp_identity_fault_text(fault));
        if (fault != WZP_IDENTITY_OK)
            assert_true(sodium_is_zero((const uint8_t *)&out, sizeof out));
    }
}

static void opens_only_what_was_sealed(void **state)
{
    const uint8_t seed[32] = {1, 2, 3}, salt[16] = {4};
    uint8_t opened[32];
    struct wzp_identity_text sealed, changed;
    (void)state;
    assert_int_equal(wzp_identity_text_seal(&sealed, seed, "correct horse", 13, salt), WZP_IDENTITY_OK);
    assert_int_equal(sealed.passes, 3);
    assert_int_equal(sealed.kib, 65536);
    assert_int_equal(wzp_identity_text_open(&sealed, "correct horse", 13, opened), WZP_IDENTITY_OK);
    assert_memory_equal(opened, seed, 32);
    assert_int_equal(wzp_identity_text_open(&sealed, "correct horsf", 13, opened), WZP_IDENTITY_WRONG);
    assert_true(sodium_is_zero(opened, 32));
    assert_int_equal(wzp_identity_text_open(&sealed, "correct horse ", 14, opened), WZP_IDENTITY_WRONG);
    for (unsigned field = 0; field < 4; field++) {
        changed = sealed;
        changed.passes -= field == 0;
        changed.kib -= field == 1;
        changed.salt[15] ^= field == 2;
        changed.sealed[47] ^= field == 3;
        assert_int_equal(wzp_identity_text_open(&changed, "correct horse", 13, opened), WZP_IDENTITY_WRONG);
    }
}

/* The format's promise to other programs: the reference argon2 program and Python's ChaCha20-Poly1305
 * (cryptography) made this one. */
static void opens_what_another_program_sealed(void **state)
{
    static const char TEXT[] =
        "wzp-identity 2\n"
        "argon2id 2 1024\n"
        "salt 7369787465656e2073616c742063682e\n"
        "sealed "
        "4e4eb8497533cee3dc5f3ea9e1bf084fa996ab738c2f37bb63e9a4de5ebddbd6c3f9928493b2ee8c77f0e4d4c7f90b31\n";
    struct wzp_identity_text text;
    uint8_t opened[32];
    (void)state;
    assert_int_equal(parse(TEXT, &text), WZP_IDENTITY_OK);
    assert_int_equal(wzp_identity_text_open(&text, "gr\xc3\xbc\xc3\x9f dich", 11, opened), WZP_IDENTITY_OK);
    for (uint8_t i = 0; i < 32; i++)
        assert_int_equal(opened[i], i);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_what_it_writes),
        cmocka_unit_test(every_cut_is_told),
        cmocka_unit_test(names_the_fault),
        cmocka_unit_test(opens_only_what_was_sealed),
        cmocka_unit_test(opens_what_another_program_sealed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
