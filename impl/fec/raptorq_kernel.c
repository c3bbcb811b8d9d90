// SPDX-License-Identifier: Apache-2.0
#include "fec/raptorq_kernel.h"

#include <stdbool.h>
#include <string.h>

#define KERNEL      portable
#define KERNEL_NAME "portable"
#define BYTES       16
#define TARGET
#include "fec/raptorq_loops.h"

#if defined(__x86_64__)
#define KERNEL      avx2
#define KERNEL_NAME "avx2"
#define BYTES       32
#define TARGET      __attribute__((target("avx2")))
#include "fec/raptorq_loops.h"

#define KERNEL      avx512
#define KERNEL_NAME "avx512"
#define BYTES       64
#define TARGET      __attribute__((target("avx512f,avx512bw")))
#include "fec/raptorq_loops.h"
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
