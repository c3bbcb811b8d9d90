// SPDX-License-Identifier: Apache-2.0
/*
 * A scenario's text in the box of sim/box.c: it is compiled and run, with few instructions and little memory.
 * The input is the text. The box is made once and put back by copying its memory. Law: it ends, within its
 * memory, whatever the text says.
 */
#include "fuzz/fuzz.h"
#include "fuzz/poison.h"
#include "sim/run.h"

#include <lauxlib.h>
#include <stdalign.h>
#include <stdlib.h>
#include <string.h>

#define ARENA_MAX        (4u << 20)
#define MEMORY_MAX       (512u << 10)
#define INSTRUCTIONS_MAX 2000
#define STACK_USED       (256u << 10) /* below fuzz_one at most, as Lua bounds its depth */

/* Gives from front to back and takes back the last only: short lives need no more. */
static struct {
    alignas(16) uint8_t bytes[ARENA_MAX];
    size_t used;
} arena, saved;

static struct sim_run run = {.file = "scenarios/fuzz.lua", .seed = 1, .quiet = true};
static struct sim_box saved_box;

static void *take(void *ctx, void *memory, size_t old_size, size_t size)
{
    (void)ctx;
    size_t room = (size + 15) / 16 * 16;
    if (size == 0)
        return NULL;
    if (memory && size <= old_size)
        return memory;
    if (room > ARENA_MAX - arena.used)
        return NULL;
    uint8_t *taken = arena.bytes + arena.used;
    arena.used += room;
    if (memory)
        memcpy(taken, memory, old_size);
    return taken;
}

void fuzz_init(void)
{
    run.box = (struct sim_box){
        .allocate = take, .memory_max = MEMORY_MAX, .instructions_max = INSTRUCTIONS_MAX};
    run.lua = sim_box_create(&run);
    WZP_CHECK(run.lua);
    saved_box = run.box;
    memcpy(saved.bytes, arena.bytes, arena.used);
    saved.used = arena.used;
}

int fuzz_one(const uint8_t *data, size_t len)
{
    memcpy(arena.bytes, saved.bytes, saved.used);
    arena.used = saved.used;
    run.box = saved_box;
    run.param_count = 0;
    run.has_params = false;
    if (luaL_loadbufferx(run.lua, (const char *)data, len, "=fuzz", "t") == LUA_OK)
        lua_pcall(run.lua, 0, 0, 0);
    /* Errors jump over frames whose marks AddressSanitizer does not take away, as Lua is not built with it.
     */
    char here;
    ASAN_UNPOISON_MEMORY_REGION(&here - STACK_USED, STACK_USED);
    WZP_CHECK(run.box.memory <= MEMORY_MAX);
    WZP_CHECK(run.box.instructions <=
              INSTRUCTIONS_MAX + 100000); /* each handler of an error may count a few */
    return 0;
}
