// SPDX-License-Identifier: Apache-2.0
/*
 * The two loops over bytes that RaptorQ needs beside those of gf256.h: sums of many symbols, and the
 * recurrence of the HDPC constraints. Both keep what they sum in registers, so that a symbol is read once and
 * written once.
 *
 * Law: every kernel gives what the portable one gives. `base` holds symbols `stride` bytes apart; stride is a
 * multiple of WZP_RAPTORQ_ALIGN and reading up to it is allowed, whatever `len` says; nothing else is read or
 * written beyond `len`.
 */
#ifndef WZP_FEC_RAPTORQ_KERNEL_H
#define WZP_FEC_RAPTORQ_KERNEL_H

#include <stddef.h>
#include <stdint.h>

#include "fec/raptorq_code.h"

#define WZP_RAPTORQ_ALIGN 64 /* of the kernels' vectors */

struct wzp_raptorq_kernel {
    const char *name;
    /* dst = first + the sum of base[index[i]] for i < count; first may be NULL (zero) or dst. */
    void (*gather)(uint8_t *dst, const uint8_t *first, const uint8_t *base, size_t stride,
                   const uint16_t *index, unsigned count, size_t len);
    /* With t[0] = base[0] and t[i] = alpha * t[i - 1] + base[i]: adds t[i] to sums[pairs[i].a] and
     * sums[pairs[i].b] for i < count - 1, and alpha^r * t[count - 1] to sums[r] for r < rows. Whole vectors:
     * `len` is rounded up to WZP_RAPTORQ_ALIGN. */
    void (*hdpc)(uint8_t *sums, size_t sums_stride, unsigned rows, const uint8_t *base, size_t stride,
                 const struct wzp_raptorq_pair *pairs, unsigned count, size_t len);
};

/* As wzp_gf256_best and wzp_gf256_kernels. */
const struct wzp_raptorq_kernel *wzp_raptorq_kernel_best(void);
const struct wzp_raptorq_kernel *wzp_raptorq_kernels(unsigned index);

#endif
