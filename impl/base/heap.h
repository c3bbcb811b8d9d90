// SPDX-License-Identifier: Apache-2.0
/*
 * Who is due next: a binary heap of ids 0..count-1, each with a time that can be moved. Ties go to the lower
 * id, so that order never depends on history. The caller owns the three arrays, `count` entries each.
 */
#ifndef WZP_BASE_HEAP_H
#define WZP_BASE_HEAP_H

#include <stdint.h>

struct wzp_heap {
    uint32_t count;
    uint32_t *order;    /* heap position -> id */
    uint32_t *position; /* id -> heap position */
    int64_t *at_ns;     /* id -> time */
};

/* All ids start at WZP_NEVER. */
void wzp_heap_init(struct wzp_heap *heap, uint32_t count, uint32_t *order, uint32_t *position,
                   int64_t *at_ns);
void wzp_heap_set(struct wzp_heap *heap, uint32_t id, int64_t at_ns);
/* The id that is due first; the heap must not be empty. */
uint32_t wzp_heap_first(const struct wzp_heap *heap);

#endif
