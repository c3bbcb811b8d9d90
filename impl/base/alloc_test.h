// SPDX-License-Identifier: Apache-2.0
/* The memory of tests: from the heap. Included by test programs only. */
#ifndef WZP_BASE_ALLOC_TEST_H
#define WZP_BASE_ALLOC_TEST_H

#include "base/alloc.h"

#include <stdlib.h>

static void *test_get(void *ctx, size_t size)
{
    (void)ctx;
    return calloc(1, size);
}

static void test_put(void *ctx, void *memory, size_t size)
{
    (void)ctx, (void)size;
    free(memory);
}

static const struct wzp_alloc test_alloc = {test_get, test_put, NULL};

#endif
