// SPDX-License-Identifier: Apache-2.0
/*
 * Where the core's memory comes from: the caller, at creation only. `get` returns zeroed memory aligned for
 * any type, or NULL; `put` takes back what `get` gave, with its size. The simulator fails a node that asks
 * after creation.
 */
#ifndef WZP_BASE_ALLOC_H
#define WZP_BASE_ALLOC_H

#include <stddef.h>

struct wzp_alloc {
    void *(*get)(void *ctx, size_t size);
    void (*put)(void *ctx, void *memory, size_t size);
    void *ctx;
};

#endif
