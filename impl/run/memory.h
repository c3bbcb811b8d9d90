// SPDX-License-Identifier: Apache-2.0
/*
 * A wzp_alloc (base/alloc.h) on calloc and free, for programs. No limit of its own: the core states its sizes
 * by its limits.
 */
#ifndef WZP_RUN_MEMORY_H
#define WZP_RUN_MEMORY_H

#include "base/alloc.h"

struct wzp_alloc wzp_memory_alloc(void);

#endif
