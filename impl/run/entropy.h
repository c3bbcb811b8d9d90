// SPDX-License-Identifier: Apache-2.0
/*
 * Randomness from the kernel (getrandom(2)), for seeds and identities; everything else draws from a struct
 * wzp_drbg seeded here. Waits at boot until the kernel's pool is ready; fails only on a kernel without the
 * call, which ends the process: there is no second source to fall back to.
 */
#ifndef WZP_RUN_ENTROPY_H
#define WZP_RUN_ENTROPY_H

#include <stddef.h>

void wzp_entropy_fill(void *out, size_t len);

#endif
