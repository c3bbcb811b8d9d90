// SPDX-License-Identifier: Apache-2.0
#include "fec/raptorq_kernel.h"

#include <stdbool.h>
#include <string.h>

/* The compiler makes of these whatever the target of a function has. */
typedef uint8_t vector __attribute__((vector_size(WZP_RAPTORQ_ALIGN), aligned(1), may_alias));
typedef uint64_t words __attribute__((vector_size(WZP_RAPTORQ_ALIGN)));

#define SIZE   sizeof(vector)
#define INLINE __attribute__((always_inline)) static inline

INLINE const vector *at(const uint8_t *bytes, size_t offset)
{
    return (const vector *)(const void *)(bytes + offset);
}

INLINE vector *to(uint8_t *bytes, size_t offset)
{
    return (vector *)(void *)(bytes + offset);
}

/* `vectors` vectors of a sum, kept in registers. */
INLINE void gather_vectors(uint8_t *dst, const uint8_t *first, const uint8_t *base, size_t stride,
                           const uint16_t *index, unsigned count, const unsigned vectors)
{
    vector sum[8];
#pragma GCC unroll 8
    for (unsigned v = 0; v < vectors; v++)
        sum[v] = first != NULL ? *at(first, v * SIZE) : (vector){0};
    for (unsigned i = 0; i < count; i++) {
        const uint8_t *symbol = base + index[i] * stride;
#pragma GCC unroll 8
        for (unsigned v = 0; v < vectors; v++)
            sum[v] ^= *at(symbol, v * SIZE);
    }
#pragma GCC unroll 8
    for (unsigned v = 0; v < vectors; v++)
        *to(dst, v * SIZE) = sum[v];
}

INLINE void gather_any(uint8_t *dst, const uint8_t *first, const uint8_t *base, size_t stride,
                       const uint16_t *index, unsigned count, size_t len)
{
#define BLOCKS_OF(vectors)                                                                                   \
    for (; len >= vectors * SIZE; len -= vectors * SIZE, base += vectors * SIZE, dst += vectors * SIZE) {    \
        gather_vectors(dst, first, base, stride, index, count, vectors);                                     \
        first = first != NULL ? first + vectors * SIZE : NULL;                                               \
    }
    BLOCKS_OF(8)
    BLOCKS_OF(4)
    BLOCKS_OF(2)
    BLOCKS_OF(1)
    if (len > 0) {
        uint8_t last[SIZE] = {0};
        if (first != NULL)
            memcpy(last, first, len);
        gather_vectors(last, last, base, stride, index, count, 1);
        memcpy(dst, last, len);
    }
}

INLINE void times_alpha(vector *v)
{
    words high = (words)*v & UINT64_C(0x8080808080808080);
    words poly = (high - (high >> 7)) & UINT64_C(0x1d1d1d1d1d1d1d1d);
    *v = (vector)((((words)*v ^ high) << 1) ^ poly);
}

INLINE void hdpc_vectors(uint8_t *sums, size_t sums_stride, unsigned rows, const uint8_t *base, size_t stride,
                         const struct wzp_raptorq_pair *pairs, unsigned count, const unsigned vectors)
{
    vector t[4] = {{0}};
    for (unsigned i = 0; i < count; i++, base += stride) {
#pragma GCC unroll 4
        for (unsigned v = 0; v < vectors; v++) {
            times_alpha(&t[v]);
            t[v] ^= *at(base, v * SIZE);
        }
        if (i == count - 1)
            break;
        uint8_t *a = sums + pairs[i].a * sums_stride, *b = sums + pairs[i].b * sums_stride;
#pragma GCC unroll 4
        for (unsigned v = 0; v < vectors; v++) {
            *to(a, v * SIZE) ^= t[v];
            *to(b, v * SIZE) ^= t[v];
        }
    }
    for (unsigned r = 0; r < rows; r++, sums += sums_stride) {
#pragma GCC unroll 4
        for (unsigned v = 0; v < vectors; v++) {
            *to(sums, v * SIZE) ^= t[v];
            times_alpha(&t[v]);
        }
    }
}

INLINE void hdpc_any(uint8_t *sums, size_t sums_stride, unsigned rows, const uint8_t *base, size_t stride,
                     const struct wzp_raptorq_pair *pairs, unsigned count, size_t len)
{
    size_t done = 0;
    for (; done + 3 * SIZE < len; done += 4 * SIZE)
        hdpc_vectors(sums + done, sums_stride, rows, base + done, stride, pairs, count, 4);
    for (; done < len; done += SIZE)
        hdpc_vectors(sums + done, sums_stride, rows, base + done, stride, pairs, count, 1);
}

#define DEFINE_KERNEL(NAME, ATTRIBUTE)                                                                       \
    ATTRIBUTE static void gather_##NAME(uint8_t *dst, const uint8_t *first, const uint8_t *base,             \
                                        size_t stride, const uint16_t *index, unsigned count, size_t len)    \
    {                                                                                                        \
        gather_any(dst, first, base, stride, index, count, len);                                             \
    }                                                                                                        \
    ATTRIBUTE static void hdpc_##NAME(uint8_t *sums, size_t sums_stride, unsigned rows, const uint8_t *base, \
                                      size_t stride, const struct wzp_raptorq_pair *pairs, unsigned count,   \
                                      size_t len)                                                            \
    {                                                                                                        \
        hdpc_any(sums, sums_stride, rows, base, stride, pairs, count, len);                                  \
    }                                                                                                        \
    static const struct wzp_raptorq_kernel kernel_##NAME = {#NAME, gather_##NAME, hdpc_##NAME};

DEFINE_KERNEL(portable, )
#if defined(__x86_64__)
DEFINE_KERNEL(avx2, __attribute__((target("avx2"))))
DEFINE_KERNEL(avx512, __attribute__((target("avx512f,avx512bw"))))
#endif

const struct wzp_raptorq_kernel *wzp_raptorq_kernels(unsigned index)
{
    if (index == 0)
        return &kernel_portable;
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx2") && --index == 0)
        return &kernel_avx2;
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && --index == 0)
        return &kernel_avx512;
#endif
    return NULL;
}

const struct wzp_raptorq_kernel *wzp_raptorq_kernel_best(void)
{
    unsigned index = 0;
    while (wzp_raptorq_kernels(index + 1) != NULL)
        index++;
    return wzp_raptorq_kernels(index);
}
