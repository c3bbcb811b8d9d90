// SPDX-License-Identifier: Apache-2.0
/*
 * The loops of one kernel of raptorq_kernel.c, which includes this once for each, with KERNEL and
 * KERNEL_NAME, BYTES (of its vectors) and TARGET (a function's attribute) defined. The vectors are the
 * compiler's own, so there is no intrinsic in it.
 */
#define PASTE(a, b)   a##_##b
#define NAMED(a, b)   PASTE(a, b)
#define OF_KERNEL(a)  NAMED(a, KERNEL)
#define vector        OF_KERNEL(vector)
#define vector_of_u64 OF_KERNEL(vector_of_u64)
#define INLINE        TARGET __attribute__((always_inline)) static inline

typedef uint8_t vector __attribute__((vector_size(BYTES), aligned(1), may_alias));
typedef uint64_t vector_of_u64 __attribute__((vector_size(BYTES)));

/* `vectors` vectors of a sum, kept in registers. */
INLINE void OF_KERNEL(gather_vectors)(uint8_t *dst, const uint8_t *first, const uint8_t *base, size_t stride,
                                      const uint16_t *index, unsigned count, const unsigned vectors)
{
    vector sum[8];
#pragma GCC unroll 8
    for (unsigned v = 0; v < vectors; v++)
        sum[v] = first != NULL ? *(const vector *)(const void *)(first + v * BYTES) : (vector){0};
    for (unsigned i = 0; i < count; i++) {
        const uint8_t *symbol = base + index[i] * stride;
#pragma GCC unroll 8
        for (unsigned v = 0; v < vectors; v++)
            sum[v] ^= *(const vector *)(const void *)(symbol + v * BYTES);
    }
#pragma GCC unroll 8
    for (unsigned v = 0; v < vectors; v++)
        *(vector *)(void *)(dst + v * BYTES) = sum[v];
}

TARGET static void OF_KERNEL(gather)(uint8_t *dst, const uint8_t *first, const uint8_t *base, size_t stride,
                                     const uint16_t *index, unsigned count, size_t len)
{
#define BLOCKS_OF(vectors)                                                                                   \
    for (; len >= (vectors)*BYTES; len -= (vectors)*BYTES) {                                                 \
        OF_KERNEL(gather_vectors)(dst, first, base, stride, index, count, vectors);                          \
        base += (vectors)*BYTES;                                                                             \
        dst += (vectors)*BYTES;                                                                              \
        first = first != NULL ? first + (vectors)*BYTES : NULL;                                              \
    }
    BLOCKS_OF(8)
    BLOCKS_OF(4)
    BLOCKS_OF(2)
    BLOCKS_OF(1)
#undef BLOCKS_OF
    if (len > 0) {
        uint8_t last[BYTES] = {0};
        if (first != NULL)
            memcpy(last, first, len);
        OF_KERNEL(gather_vectors)(last, last, base, stride, index, count, 1);
        memcpy(dst, last, len);
    }
}

INLINE void OF_KERNEL(times_alpha)(vector *v)
{
    vector_of_u64 high = (vector_of_u64)*v & UINT64_C(0x8080808080808080);
    vector_of_u64 poly = (high - (high >> 7)) & UINT64_C(0x1d1d1d1d1d1d1d1d);
    *v = (vector)((((vector_of_u64)*v ^ high) << 1) ^ poly);
}

INLINE void OF_KERNEL(hdpc_vectors)(uint8_t *sums, size_t sums_stride, unsigned rows, const uint8_t *base,
                                    size_t stride, const struct wzp_raptorq_pair *pairs, unsigned count,
                                    const unsigned vectors)
{
    vector t[4] = {{0}};
    for (unsigned i = 0; i < count; i++, base += stride) {
#pragma GCC unroll 4
        for (unsigned v = 0; v < vectors; v++) {
            OF_KERNEL(times_alpha)(&t[v]);
            t[v] ^= *(const vector *)(const void *)(base + v * BYTES);
        }
        if (i == count - 1)
            break;
        uint8_t *a = sums + pairs[i].a * sums_stride, *b = sums + pairs[i].b * sums_stride;
#pragma GCC unroll 4
        for (unsigned v = 0; v < vectors; v++) {
            *(vector *)(void *)(a + v * BYTES) ^= t[v];
            *(vector *)(void *)(b + v * BYTES) ^= t[v];
        }
    }
    for (unsigned r = 0; r < rows; r++, sums += sums_stride) {
#pragma GCC unroll 4
        for (unsigned v = 0; v < vectors; v++) {
            *(vector *)(void *)(sums + v * BYTES) ^= t[v];
            OF_KERNEL(times_alpha)(&t[v]);
        }
    }
}

TARGET static void OF_KERNEL(hdpc)(uint8_t *sums, size_t sums_stride, unsigned rows, const uint8_t *base,
                                   size_t stride, const struct wzp_raptorq_pair *pairs, unsigned count,
                                   size_t len)
{
    size_t done = 0;
    for (; done + 3 * BYTES < len; done += 4 * BYTES)
        OF_KERNEL(hdpc_vectors)(sums + done, sums_stride, rows, base + done, stride, pairs, count, 4);
    for (; done < len; done += BYTES)
        OF_KERNEL(hdpc_vectors)(sums + done, sums_stride, rows, base + done, stride, pairs, count, 1);
}

static const struct wzp_raptorq_kernel OF_KERNEL(kernel) = {KERNEL_NAME, OF_KERNEL(gather), OF_KERNEL(hdpc)};

#undef PASTE
#undef NAMED
#undef OF_KERNEL
#undef vector
#undef vector_of_u64
#undef INLINE
#undef KERNEL
#undef KERNEL_NAME
#undef BYTES
#undef TARGET
