// SPDX-License-Identifier: Apache-2.0
/*
 * Arithmetic of GF(256) over bytes: what every erasure code here is made of. The field is that of RFC 6330
 * section 5.7 (polynomial x^8 + x^4 + x^3 + x^2 + 1, 0x11d), its addition is exclusive or.
 *
 * Law: every kernel gives exactly what the portable one gives, for all coefficients, lengths and alignments,
 * and reads and writes no byte beyond `len`. All work is in `product`; the other operations are cases of it.
 *
 * Not for secrets: tables are looked up by coefficient and, in the portable kernel, by data; what is coded
 * here is sealed already.
 *
 * Kernels: Plank, Greenan, Miller, "Screaming Fast Galois Field Arithmetic Using Intel SIMD Instructions"
 * (FAST 2013): two 16-entry tables of products a coefficient, looked up by pshufb. With GFNI a coefficient
 * is an 8x8 bit matrix, since gf2p8mulb has another polynomial (0x11b) built in.
 */
#ifndef WZP_FEC_GF256_H
#define WZP_FEC_GF256_H

#include <stddef.h>
#include <stdint.h>

struct wzp_gf256 {
    const char *name;
    /* dst ^= src */
    void (*add)(uint8_t *dst, const uint8_t *src, size_t len);
    /* dst ^= c * src; src may be dst, but not overlap it otherwise */
    void (*mul_add)(uint8_t *dst, const uint8_t *src, uint8_t c, size_t len);
    /* dst = c * dst */
    void (*scale)(uint8_t *dst, uint8_t c, size_t len);
    /* dst[r] ^= sum over j of coefficients[r * cols + j] * src[j]; no dst[r] overlaps another or a src[j].
     * Each source is read once for four rows. */
    void (*product)(uint8_t *const *dst, const uint8_t *const *src, const uint8_t *coefficients,
                    unsigned rows, unsigned cols, size_t len);
};

/* The fastest that this CPU runs; asks the CPU each time, so keep the answer. */
const struct wzp_gf256 *wzp_gf256_best(void);
/* All that this CPU runs, slowest first, the portable one at 0; NULL beyond the last. For tests and figures.
 */
const struct wzp_gf256 *wzp_gf256_kernels(unsigned index);

uint8_t wzp_gf256_mul(uint8_t a, uint8_t b);
uint8_t wzp_gf256_inverse(uint8_t a); /* of 0: 0 */

#endif
