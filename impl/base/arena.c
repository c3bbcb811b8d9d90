// SPDX-License-Identifier: Apache-2.0
#include "base/arena.h"

#include <stdalign.h>

struct wzp_arena wzp_arena_make(void *memory, size_t size)
{
    return (struct wzp_arena){memory, (uint8_t *)memory + size};
}

void *wzp_arena_take(struct wzp_arena *arena, size_t size)
{
    size_t gap = -(uintptr_t)arena->at % alignof(max_align_t), left = (size_t)(arena->end - arena->at);
    if (gap > left || size > left - gap)
        return NULL;
    void *taken = arena->at + gap;
    arena->at += gap + size;
    return taken;
}
