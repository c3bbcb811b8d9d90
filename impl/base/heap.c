// SPDX-License-Identifier: Apache-2.0
#include "base/heap.h"

#include "base/check.h"
#include "base/time.h"

#include <stdbool.h>

static bool is_before(const struct wzp_heap *heap, uint32_t a, uint32_t b)
{
    return heap->at_ns[a] != heap->at_ns[b] ? heap->at_ns[a] < heap->at_ns[b] : a < b;
}

static void place(struct wzp_heap *heap, uint32_t position, uint32_t id)
{
    heap->order[position] = id;
    heap->position[id] = position;
}

void wzp_heap_init(struct wzp_heap *heap, uint32_t count, uint32_t *order, uint32_t *position, int64_t *at_ns)
{
    *heap = (struct wzp_heap){count, order, position, at_ns};
    for (uint32_t id = 0; id < count; id++) {
        at_ns[id] = WZP_NEVER;
        place(heap, id, id);
    }
}

static void sift_up(struct wzp_heap *heap, uint32_t position, uint32_t id)
{
    while (position > 0) {
        uint32_t parent = (position - 1) / 2;
        if (!is_before(heap, id, heap->order[parent]))
            break;
        place(heap, position, heap->order[parent]);
        position = parent;
    }
    place(heap, position, id);
}

static void sift_down(struct wzp_heap *heap, uint32_t position, uint32_t id)
{
    for (;;) {
        uint32_t child = 2 * position + 1;
        if (child >= heap->count)
            break;
        if (child + 1 < heap->count && is_before(heap, heap->order[child + 1], heap->order[child]))
            child++;
        if (!is_before(heap, heap->order[child], id))
            break;
        place(heap, position, heap->order[child]);
        position = child;
    }
    place(heap, position, id);
}

void wzp_heap_set(struct wzp_heap *heap, uint32_t id, int64_t at_ns)
{
    WZP_CHECK(id < heap->count);
    int64_t before_ns = heap->at_ns[id];
    heap->at_ns[id] = at_ns;
    if (at_ns < before_ns)
        sift_up(heap, heap->position[id], id);
    else if (at_ns > before_ns)
        sift_down(heap, heap->position[id], id);
}

uint32_t wzp_heap_first(const struct wzp_heap *heap)
{
    WZP_CHECK(heap->count > 0);
    return heap->order[0];
}
