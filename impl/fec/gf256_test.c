// SPDX-License-Identifier: Apache-2.0
#include "base/rng.h"
#include "fec/gf256.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define LEN_MAX 300
#define ROOM    (LEN_MAX + 64) /* on both sides, for alignments and to see what is written beyond */
#define ROWS    9
#define COLS    7

/* Long multiplication by the polynomial, with no table. */
static uint8_t twin_mul(uint8_t a, uint8_t b)
{
    unsigned product = 0;
    for (unsigned bit = 0; bit < 8; bit++)
        product ^= (b >> bit & 1) ? (unsigned)a << bit : 0;
    for (unsigned bit = 15; bit >= 8; bit--)
        product ^= (product >> bit & 1) ? 0x11du << (bit - 8) : 0;
    return (uint8_t)product;
}

static void fill(struct wzp_rng *rng, uint8_t *out, size_t len)
{
    for (size_t i = 0; i < len; i++)
        out[i] = (uint8_t)wzp_rng_u64(rng);
}

static void test_field(void **state)
{
    (void)state;
    for (unsigned a = 0; a < 256; a++)
        for (unsigned b = 0; b < 256; b++)
            assert_int_equal(wzp_gf256_mul((uint8_t)a, (uint8_t)b), twin_mul((uint8_t)a, (uint8_t)b));
    assert_int_equal(wzp_gf256_inverse(0), 0);
    for (unsigned a = 1; a < 256; a++)
        assert_int_equal(twin_mul((uint8_t)a, wzp_gf256_inverse((uint8_t)a)), 1);
}

/* A kernel on one vector: every coefficient, every length, source and target at alignments of their own, and
 * not a byte beyond. */
static void check_vectors(const struct wzp_gf256 *kernel)
{
    struct wzp_rng rng = wzp_rng_make(1, 0);
    uint8_t before[ROOM], src[ROOM], expected[ROOM], got[ROOM];
    fill(&rng, before, sizeof(before));
    fill(&rng, src, sizeof(src));
    for (unsigned c = 0; c < 256; c++) {
        uint8_t times[256];
        for (unsigned i = 0; i < 256; i++)
            times[i] = twin_mul((uint8_t)c, (uint8_t)i);
        for (size_t len = 0; len <= LEN_MAX; len++) {
            size_t to = (c + len) % 32, from = (c * 5 + len * 7) % 32;
            memcpy(expected, before, sizeof(before));
            memcpy(got, before, sizeof(before));
            for (size_t i = 0; i < len; i++)
                expected[to + i] ^= times[src[from + i]];
            kernel->mul_add(got + to, src + from, (uint8_t)c, len);
            assert_memory_equal(got, expected, sizeof(got));
            for (size_t i = 0; i < len; i++)
                expected[to + i] = times[expected[to + i]];
            kernel->scale(got + to, (uint8_t)c, len);
            assert_memory_equal(got, expected, sizeof(got));
            for (size_t i = 0; c == 0 && i < len; i++)
                expected[to + i] ^= src[from + i];
            if (c == 0)
                kernel->add(got + to, src + from, len);
            assert_memory_equal(got, expected, sizeof(got));
        }
    }
}

/* Many rows and columns at once, each vector at an alignment of its own. */
static void check_product(const struct wzp_gf256 *kernel)
{
    static uint8_t got[ROWS][ROOM], expected[ROWS][ROOM], src[COLS][ROOM];
    struct wzp_rng rng = wzp_rng_make(2, 0);
    fill(&rng, src[0], sizeof(src));
    for (size_t len = 0; len <= LEN_MAX; len++) {
        for (unsigned rows = 0; rows <= ROWS; rows++) {
            unsigned cols = (unsigned)(len + rows) % (COLS + 1);
            uint8_t coefficients[ROWS * COLS], *to[ROWS];
            const uint8_t *from[COLS];
            fill(&rng, coefficients, sizeof(coefficients));
            fill(&rng, got[0], sizeof(got));
            memcpy(expected, got, sizeof(got));
            for (unsigned j = 0; j < cols; j++)
                from[j] = src[j] + (j * 11 + len) % 64;
            for (unsigned r = 0; r < rows; r++) {
                size_t at = (r * 3 + len) % 64;
                to[r] = got[r] + at;
                for (unsigned j = 0; j < cols; j++)
                    for (size_t i = 0; i < len; i++)
                        expected[r][at + i] ^= wzp_gf256_mul(coefficients[r * cols + j], from[j][i]);
            }
            kernel->product(to, from, coefficients, rows, cols, len);
            assert_memory_equal(got, expected, sizeof(got));
        }
    }
}

static void test_kernels(void **state)
{
    (void)state;
    unsigned count = 0;
    for (const struct wzp_gf256 *kernel; (kernel = wzp_gf256_kernels(count)) != NULL; count++) {
        check_vectors(kernel);
        check_product(kernel);
    }
    assert_ptr_equal(wzp_gf256_best(), wzp_gf256_kernels(count - 1));
    assert_string_equal(wzp_gf256_kernels(0)->name, "portable");
#if defined(__x86_64__)
    assert_int_equal(count > 1, __builtin_cpu_supports("ssse3") != 0);
#endif
    print_message("kernels: %u, the best is %s\n", count, wzp_gf256_best()->name);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_field), cmocka_unit_test(test_kernels)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
