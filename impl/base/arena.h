// SPDX-License-Identifier: Apache-2.0
/*
 * A bounded piece of the caller's memory, handed out front to back and given back all at once.
 * Law: never more than it was made with; what does not fit is NULL.
 */
#ifndef WZP_BASE_ARENA_H
#define WZP_BASE_ARENA_H

#include <stddef.h>
#include <stdint.h>

struct wzp_arena {
    uint8_t *at;
    uint8_t *end;
};

struct wzp_arena wzp_arena_make(void *memory, size_t size);
/* Uninitialised memory aligned for any type, or NULL. */
void *wzp_arena_take(struct wzp_arena *arena, size_t size);

#endif
