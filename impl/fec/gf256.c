// SPDX-License-Identifier: Apache-2.0
#include "fec/gf256.h"

#include "fec/gf256_tables.h"

#include <string.h>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#define BLOCK_ROWS 4 /* rows at a time: their sums stay in registers while a source goes by */

uint8_t wzp_gf256_mul(uint8_t a, uint8_t b)
{
    return a == 0 || b == 0 ? 0 : exp_of[log_of[a] + log_of[b]];
}

uint8_t wzp_gf256_inverse(uint8_t a)
{
    return a == 0 ? 0 : exp_of[255 - log_of[a]];
}

/* ---- portable ---- */

static void add_words(uint8_t *dst, const uint8_t *src, size_t len)
{
    for (; len >= sizeof(uint64_t);
         dst += sizeof(uint64_t), src += sizeof(uint64_t), len -= sizeof(uint64_t)) {
        uint64_t a, b;
        memcpy(&a, dst, sizeof(a));
        memcpy(&b, src, sizeof(b));
        a ^= b;
        memcpy(dst, &a, sizeof(a));
    }
    for (size_t i = 0; i < len; i++)
        dst[i] ^= src[i];
}

static void mul_add_bytes(uint8_t *dst, const uint8_t *src, uint8_t c, size_t len)
{
    const uint8_t *table = nibbles[c];
    for (size_t i = 0; i < len; i++)
        dst[i] ^= table[src[i] & 15] ^ table[16 + (src[i] >> 4)];
}

static void product_portable(uint8_t *const *dst, const uint8_t *const *src, const uint8_t *coefficients,
                             unsigned rows, unsigned cols, size_t len)
{
    for (unsigned r = 0; r < rows; r++)
        for (unsigned j = 0; j < cols; j++)
            mul_add_bytes(dst[r], src[j], coefficients[r * cols + j], len);
}

/* ---- x86-64 ---- */

#if defined(__x86_64__)

/* Makes the kernel product_NAME of NAME_rows, in which the count of rows is a constant and so unrolled. */
#define DEFINE_PRODUCT(NAME, TARGET)                                                                         \
    __attribute__((target(TARGET))) static void product_##NAME(                                              \
        uint8_t *const *dst, const uint8_t *const *src, const uint8_t *coefficients, unsigned rows,          \
        unsigned cols, size_t len)                                                                           \
    {                                                                                                        \
        for (; rows >= BLOCK_ROWS; rows -= BLOCK_ROWS, dst += BLOCK_ROWS, coefficients += BLOCK_ROWS * cols) \
            NAME##_rows(dst, src, coefficients, BLOCK_ROWS, cols, len);                                      \
        if (rows == 3)                                                                                       \
            NAME##_rows(dst, src, coefficients, 3, cols, len);                                               \
        else if (rows == 2)                                                                                  \
            NAME##_rows(dst, src, coefficients, 2, cols, len);                                               \
        else if (rows == 1)                                                                                  \
            NAME##_rows(dst, src, coefficients, 1, cols, len);                                               \
    }

/* The bytes that do not fill a vector are done as a vector that ends with them, in which those done before
 * are masked away: tail_mask + 32 - n keeps all but the first n. */
static const uint8_t tail_mask[64] __attribute__((aligned(32))) = {
    [32] = 255, [33] = 255, [34] = 255, [35] = 255, [36] = 255, [37] = 255, [38] = 255, [39] = 255,
    [40] = 255, [41] = 255, [42] = 255, [43] = 255, [44] = 255, [45] = 255, [46] = 255, [47] = 255,
    [48] = 255, [49] = 255, [50] = 255, [51] = 255, [52] = 255, [53] = 255, [54] = 255, [55] = 255,
    [56] = 255, [57] = 255, [58] = 255, [59] = 255, [60] = 255, [61] = 255, [62] = 255, [63] = 255,
};

#define SSSE3 "ssse3"

__attribute__((target(SSSE3), always_inline)) static inline void
ssse3_rows(uint8_t *const *dst, const uint8_t *const *src, const uint8_t *coefficients, const unsigned rows,
           unsigned cols, size_t len)
{
    const size_t size = sizeof(__m128i);
    const __m128i low_bits = _mm_set1_epi8(15);
    if (len < size) {
        product_portable(dst, src, coefficients, rows, cols, len);
        return;
    }
    for (size_t done = 0; done < len; done += size) {
        size_t at = done + size <= len ? done : len - size;
        __m128i mask = _mm_loadu_si128((const __m128i *)(const void *)(tail_mask + 32 - (done - at)));
        __m128i sum[BLOCK_ROWS] = {_mm_setzero_si128()};
        for (unsigned j = 0; j < cols; j++) {
            __m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)(src[j] + at));
            __m128i low = _mm_and_si128(bytes, low_bits);
            __m128i high = _mm_and_si128(_mm_srli_epi64(bytes, 4), low_bits);
#pragma GCC unroll 4
            for (unsigned r = 0; r < rows; r++) {
                const __m128i *table = (const __m128i *)(const void *)nibbles[coefficients[r * cols + j]];
                sum[r] = _mm_xor_si128(sum[r], _mm_shuffle_epi8(_mm_load_si128(table), low));
                sum[r] = _mm_xor_si128(sum[r], _mm_shuffle_epi8(_mm_load_si128(table + 1), high));
            }
        }
#pragma GCC unroll 4
        for (unsigned r = 0; r < rows; r++) {
            __m128i *to = (__m128i *)(void *)(dst[r] + at);
            _mm_storeu_si128(to, _mm_xor_si128(_mm_loadu_si128(to), _mm_and_si128(sum[r], mask)));
        }
    }
}
DEFINE_PRODUCT(ssse3, SSSE3)

#define AVX2 "avx2"

__attribute__((target(AVX2), always_inline)) static inline void
avx2_rows(uint8_t *const *dst, const uint8_t *const *src, const uint8_t *coefficients, const unsigned rows,
          unsigned cols, size_t len)
{
    const size_t size = sizeof(__m256i);
    const __m256i low_bits = _mm256_set1_epi8(15);
    if (len < size) {
        ssse3_rows(dst, src, coefficients, rows, cols, len);
        return;
    }
    for (size_t done = 0; done < len; done += size) {
        size_t at = done + size <= len ? done : len - size;
        __m256i mask = _mm256_loadu_si256((const __m256i *)(const void *)(tail_mask + 32 - (done - at)));
        __m256i sum[BLOCK_ROWS] = {_mm256_setzero_si256()};
        for (unsigned j = 0; j < cols; j++) {
            __m256i bytes = _mm256_loadu_si256((const __m256i *)(const void *)(src[j] + at));
            __m256i low = _mm256_and_si256(bytes, low_bits);
            __m256i high = _mm256_and_si256(_mm256_srli_epi64(bytes, 4), low_bits);
#pragma GCC unroll 4
            for (unsigned r = 0; r < rows; r++) {
                const __m128i *table = (const __m128i *)(const void *)nibbles[coefficients[r * cols + j]];
                __m256i of_low = _mm256_broadcastsi128_si256(_mm_load_si128(table));
                __m256i of_high = _mm256_broadcastsi128_si256(_mm_load_si128(table + 1));
                sum[r] = _mm256_xor_si256(sum[r], _mm256_shuffle_epi8(of_low, low));
                sum[r] = _mm256_xor_si256(sum[r], _mm256_shuffle_epi8(of_high, high));
            }
        }
#pragma GCC unroll 4
        for (unsigned r = 0; r < rows; r++) {
            __m256i *to = (__m256i *)(void *)(dst[r] + at);
            _mm256_storeu_si256(to, _mm256_xor_si256(_mm256_loadu_si256(to), _mm256_and_si256(sum[r], mask)));
        }
    }
}
DEFINE_PRODUCT(avx2, AVX2)

#define GFNI "avx512f,avx512bw,gfni"
#define XOR3 0x96 /* the truth table of three bits added */

/* The bytes of a vector at `at` that are below `len`. */
static inline __mmask64 bytes_below(size_t at, size_t len)
{
    size_t left = at < len ? len - at : 0;
    return left >= 64 ? ~UINT64_C(0) : (UINT64_C(1) << left) - 1;
}

/* Two sources at a time, because one instruction adds both products to a sum. */
__attribute__((target(GFNI), always_inline)) static inline void
gfni_rows(uint8_t *const *dst, const uint8_t *const *src, const uint8_t *coefficients, const unsigned rows,
          unsigned cols, size_t len)
{
    const size_t size = sizeof(__m512i);
    for (size_t at = 0; at < len;
         at += 2 * size) { /* two vectors, so that a matrix is fetched once for both */
        __mmask64 mask0 = bytes_below(at, len), mask1 = bytes_below(at + size, len);
        __m512i sum0[BLOCK_ROWS], sum1[BLOCK_ROWS];
#pragma GCC unroll 4
        for (unsigned r = 0; r < rows; r++) {
            sum0[r] = _mm512_maskz_loadu_epi8(mask0, dst[r] + at);
            sum1[r] = _mm512_maskz_loadu_epi8(mask1, dst[r] + at + size);
        }
        for (unsigned j = 0; j < cols; j += 2) {
            unsigned next = j + 1 < cols
                                ? j + 1
                                : j; /* of an odd count the last is alone, and then added zero times */
            __mmask64 both0 = next > j ? mask0 : 0, both1 = next > j ? mask1 : 0;
            __m512i a0 = _mm512_maskz_loadu_epi8(mask0, src[j] + at);
            __m512i a1 = _mm512_maskz_loadu_epi8(mask1, src[j] + at + size);
            __m512i b0 = _mm512_maskz_loadu_epi8(both0, src[next] + at);
            __m512i b1 = _mm512_maskz_loadu_epi8(both1, src[next] + at + size);
#pragma GCC unroll 4
            for (unsigned r = 0; r < rows; r++) {
                __m512i of_a = _mm512_set1_epi64((long long)matrices[coefficients[r * cols + j]]);
                __m512i of_b = _mm512_set1_epi64((long long)matrices[coefficients[r * cols + next]]);
                sum0[r] = _mm512_ternarylogic_epi64(sum0[r], _mm512_gf2p8affine_epi64_epi8(a0, of_a, 0),
                                                    _mm512_gf2p8affine_epi64_epi8(b0, of_b, 0), XOR3);
                sum1[r] = _mm512_ternarylogic_epi64(sum1[r], _mm512_gf2p8affine_epi64_epi8(a1, of_a, 0),
                                                    _mm512_gf2p8affine_epi64_epi8(b1, of_b, 0), XOR3);
            }
        }
#pragma GCC unroll 4
        for (unsigned r = 0; r < rows; r++) {
            _mm512_mask_storeu_epi8(dst[r] + at, mask0, sum0[r]);
            _mm512_mask_storeu_epi8(dst[r] + at + size, mask1, sum1[r]);
        }
    }
}
DEFINE_PRODUCT(gfni, GFNI)

#endif

/* ---- the table ---- */

/* The cases of product_NAME, and the row of the table. Scaling adds (c + 1) times itself. */
#define DEFINE_KERNEL(NAME)                                                                                  \
    static void mul_add_##NAME(uint8_t *dst, const uint8_t *src, uint8_t c, size_t len)                      \
    {                                                                                                        \
        product_##NAME(&dst, &src, &c, 1, 1, len);                                                           \
    }                                                                                                        \
    static void scale_##NAME(uint8_t *dst, uint8_t c, size_t len)                                            \
    {                                                                                                        \
        mul_add_##NAME(dst, dst, c ^ 1, len);                                                                \
    }                                                                                                        \
    static const struct wzp_gf256 kernel_##NAME = {#NAME, add_words, mul_add_##NAME, scale_##NAME,           \
                                                   product_##NAME};

DEFINE_KERNEL(portable)
#if defined(__x86_64__)
DEFINE_KERNEL(ssse3)
DEFINE_KERNEL(avx2)
DEFINE_KERNEL(gfni)
#endif

const struct wzp_gf256 *wzp_gf256_kernels(unsigned index)
{
    if (index == 0)
        return &kernel_portable;
#if defined(__x86_64__)
    if (__builtin_cpu_supports("ssse3") && --index == 0)
        return &kernel_ssse3;
    if (__builtin_cpu_supports("avx2") && --index == 0)
        return &kernel_avx2;
    if (__builtin_cpu_supports("gfni") && __builtin_cpu_supports("avx512f") &&
        __builtin_cpu_supports("avx512bw") && --index == 0)
        return &kernel_gfni;
#endif
    return NULL;
}

const struct wzp_gf256 *wzp_gf256_best(void)
{
    unsigned index = 0;
    while (wzp_gf256_kernels(index + 1) != NULL)
        index++;
    return wzp_gf256_kernels(index);
}
