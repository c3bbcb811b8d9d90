// SPDX-License-Identifier: Apache-2.0
#include "run/memory.h"

#include <stdlib.h>

static void *get(void *ctx, size_t size)
{
    (void)ctx;
    return calloc(1, size);
}

static void put(void *ctx, void *memory, size_t size)
{
    (void)ctx;
    (void)size;
    free(memory);
}

struct wzp_alloc wzp_memory_alloc(void)
{
    return (struct wzp_alloc){.get = get, .put = put, .ctx = NULL};
}
