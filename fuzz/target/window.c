// SPDX-License-Identifier: Apache-2.0
/*
 * The decoder of the sliding-window code, told truth and lies. The input is op-codes: u8, whose bits 0-1 are
 *
 *     0 a source:  u8 key
 *     1 a repair:  u8 first key, u8 count (mod 66), u16 id; bit 3: all keys are given instead, a u8 each
 *     2 poll
 *     3 poison:    u8 key
 *
 * Keys are mod 128. Bit 2: a lie, with u8 length and the bytes of the symbol; else the symbol is the true
 * one.
 *
 * Laws: the portable and the fastest kernel do the same; what is polled is not above symbol_max and polling
 * ends; as long as nobody lied or poisoned, what is polled is true, was not told before, and comes once, and
 * nothing contradicts.
 */
#include "fuzz/fuzz.h"

#include "fec/window.h"
#include "fuzz/poison.h"

#include <stdalign.h>
#include <string.h>

#define KEYS       128
#define SOURCES    WZP_WINDOW_UNKNOWNS_MAX
#define SYMBOL_MAX 8
#define OPS_MAX    64
#define MEMORY     32768

static alignas(64) uint8_t memory[MEMORY];
static struct wzp_window *window;
static uint8_t truth[KEYS][SYMBOL_MAX];
static const struct wzp_gf256 *field;
static bool is_believable, is_here[KEYS];

static size_t true_len(unsigned key)
{
    return 1 + key % SYMBOL_MAX;
}

void fuzz_init(void)
{
    field = wzp_gf256_best();
    size_t size = wzp_window_size(SOURCES, SYMBOL_MAX);
    WZP_CHECK(size <= MEMORY);
    ASAN_POISON_MEMORY_REGION(memory + size, MEMORY - size);
    for (unsigned key = 0; key < KEYS; key++)
        for (size_t i = 0; i < true_len(key); i++)
            truth[key][i] = (uint8_t)(key * 37 + i * 11);
}

static struct wzp_slice true_symbol(unsigned key)
{
    return (struct wzp_slice){truth[key], true_len(key)};
}

static void poll_all(void)
{
    uint64_t key;
    struct wzp_slice symbol;
    unsigned polled = 0;
    while (wzp_window_poll(window, &key, &symbol)) {
        WZP_CHECK(key < KEYS && symbol.len <= SYMBOL_MAX && ++polled <= WZP_WINDOW_UNKNOWNS_MAX);
        fuzz_touch(symbol.data, symbol.len);
        if (!is_believable)
            continue;
        WZP_CHECK(!is_here[key] && symbol.len >= true_len((unsigned)key));
        WZP_CHECK(memcmp(symbol.data, truth[key], symbol.len) == 0);
        is_here[key] = true;
    }
}

static void tell_source(struct fuzz_input *input, bool is_lie)
{
    unsigned key = fuzz_u8(input) % KEYS;
    struct wzp_slice symbol = is_lie ? fuzz_take(input, fuzz_u8(input)) : true_symbol(key);
    wzp_window_on_source(window, key, symbol);
    is_believable = is_believable && !is_lie;
    is_here[key] = true;
}

static void tell_repair(struct fuzz_input *input, bool is_lie, bool is_listed)
{
    uint64_t keys[WZP_WINDOW_SYMBOLS_MAX + 1];
    struct wzp_slice symbols[WZP_WINDOW_SYMBOLS_MAX + 1], repair;
    uint8_t encoded[SYMBOL_MAX];
    size_t len = 0;
    unsigned first = fuzz_u8(input), count = fuzz_u8(input) % (WZP_WINDOW_SYMBOLS_MAX + 2);
    uint16_t id = fuzz_u16(input);
    for (unsigned i = 0; i < count; i++) {
        keys[i] = (is_listed ? fuzz_u8(input) : first + i) % KEYS;
        symbols[i] = true_symbol((unsigned)keys[i]);
        len = symbols[i].len > len ? symbols[i].len : len;
    }
    if (is_lie) {
        repair = fuzz_take(input, fuzz_u8(input));
    } else {
        if (count > 0 && count <= WZP_WINDOW_SYMBOLS_MAX)
            wzp_window_encode(field, id, symbols, count, encoded, len);
        repair = (struct wzp_slice){encoded, len};
    }
    enum wzp_window_verdict verdict = wzp_window_on_repair(window, id, keys, count, repair);
    is_believable = is_believable && !is_lie;
    WZP_CHECK(!is_believable || verdict != WZP_WINDOW_CONFLICT);
}

int fuzz_one(const uint8_t *data, size_t len)
{
    struct fuzz_input input = {data, len};
    window = wzp_window_init(memory, field, SOURCES, SYMBOL_MAX);
    is_believable = true;
    memset(is_here, 0, sizeof(is_here));
    for (unsigned ops = 0; input.len > 0 && ops < OPS_MAX; ops++) {
        uint8_t op = fuzz_u8(&input);
        switch (op & 3) {
        case 0:
            poll_all(); /* so that what is told now is not taken for what was recovered before */
            tell_source(&input, op & 4);
            break;
        case 1:
            tell_repair(&input, op & 4, op & 8);
            break;
        case 2:
            poll_all();
            break;
        default:
            wzp_window_poison(window, fuzz_u8(&input) % KEYS);
            is_believable = false;
        }
    }
    poll_all();
    return 0;
}
