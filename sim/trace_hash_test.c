// SPDX-License-Identifier: Apache-2.0
#include "sim/trace_hash.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/rng.h"

#define LEN   70
#define TEXTS (1 + 8 * LEN + 8 * LEN * (8 * LEN - 1) / 2)

struct digest {
    char text[33];
};

static int compare(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(struct digest));
}

static struct digest digest_of(const uint8_t *bytes, size_t len)
{
    struct sim_trace_hash hash = sim_trace_hash_make();
    struct digest digest;
    sim_trace_hash_bytes(&hash, bytes, len);
    sim_trace_hash_text(&hash, digest.text);
    return digest;
}

/* All texts that differ from one in one bit, or in two. */
static void test_each_bit_counts(void **state)
{
    (void)state;
    struct digest *digests = malloc(TEXTS * sizeof *digests);
    uint8_t bytes[LEN] = {0};
    size_t count = 0;
    assert_non_null(digests);
    digests[count++] = digest_of(bytes, LEN);
    for (unsigned i = 0; i < 8 * LEN; i++) {
        bytes[i / 8] ^= (uint8_t)(1 << i % 8);
        digests[count++] = digest_of(bytes, LEN);
        for (unsigned j = 0; j < i; j++) {
            bytes[j / 8] ^= (uint8_t)(1 << j % 8);
            digests[count++] = digest_of(bytes, LEN);
            bytes[j / 8] ^= (uint8_t)(1 << j % 8);
        }
        bytes[i / 8] ^= (uint8_t)(1 << i % 8);
    }
    assert_int_equal(count, TEXTS);
    qsort(digests, count, sizeof *digests, compare);
    for (size_t i = 1; i < count; i++)
        assert_true(compare(&digests[i - 1], &digests[i]) != 0);
    free(digests);
}

static unsigned bits_of(char digit)
{
    static const char digits[] = "0123456789abcdef";
    return (unsigned)(strchr(digits, digit) - digits);
}

/* A bit of a text turns about half of the digest, wherever it is, also in the last word. */
static void test_each_bit_reaches_all(void **state)
{
    (void)state;
    struct wzp_rng rng = wzp_rng_make(1, 0);
    unsigned turned[128] = {0}, rounds = 0;
    for (unsigned bit = 0; bit < 8 * LEN; bit++)
        for (unsigned round = 0; round < 16; round++, rounds++) {
            uint8_t bytes[LEN];
            unsigned count = 0;
            for (size_t i = 0; i < LEN; i++)
                bytes[i] = (uint8_t)wzp_rng_u64(&rng);
            struct digest a = digest_of(bytes, LEN);
            bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
            struct digest b = digest_of(bytes, LEN);
            for (unsigned i = 0; i < 128; i++) {
                bool is_turned = (bits_of(a.text[i / 4]) ^ bits_of(b.text[i / 4])) >> i % 4 & 1;
                turned[i] += is_turned;
                count += is_turned;
            }
            assert_in_range(count, 30, 98); /* six standard deviations */
        }
    for (unsigned i = 0; i < 128; i++)
        assert_in_range(turned[i] * 100 / rounds, 45, 55);
}

static void test_order_and_ends_count(void **state)
{
    (void)state;
    static const uint8_t bytes[LEN] = {0};
    struct digest digests[2 * (LEN + 1) + 2];
    size_t count = 0;
    for (size_t len = 0; len <= LEN; len++)
        digests[count++] = digest_of(bytes, len);
    for (size_t cut = 0; cut <= LEN; cut++) {
        struct sim_trace_hash hash = sim_trace_hash_make();
        sim_trace_hash_bytes(&hash, bytes, cut);
        sim_trace_hash_bytes(&hash, bytes, LEN - cut);
        sim_trace_hash_text(&hash, digests[count++].text);
    }
    for (uint64_t first = 1; first <= 2; first++) {
        struct sim_trace_hash hash = sim_trace_hash_make();
        sim_trace_hash_words(&hash, first, 0);
        sim_trace_hash_words(&hash, 3 - first, 0);
        sim_trace_hash_text(&hash, digests[count++].text);
    }
    qsort(digests, count, sizeof *digests, compare);
    for (size_t i = 1; i < count; i++)
        assert_true(compare(&digests[i - 1], &digests[i]) != 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_bit_counts),
        cmocka_unit_test(test_each_bit_reaches_all),
        cmocka_unit_test(test_order_and_ends_count),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
