// SPDX-License-Identifier: Apache-2.0
/*
 * The decoder of RaptorQ, told truth and lies. The input is u8 K - 1 (mod 80), u8 symbol size - 1 (mod 40),
 * u8 whose bit 0 takes the solver where a product would do; then op-codes: u8, whose bits 0-1 are
 *
 *     0 a symbol:   u32 ESI
 *     1 a symbol:   u8 ESI
 *     2 symbols:    u8 first ESI, u8 count
 *     3 solve
 *
 * Bit 2: a lie, with the bytes of the symbol (the last of them repeated); else the symbol is the true one.
 *
 * Laws: as long as nobody lied, what is solved is true, and what was received is told as it came; K symbols
 * are needed; a solved block takes no more, a duplicate is told, and memory ends where it was said to.
 */
#include "fuzz/fuzz.h"

#include "fec/raptorq_plan.h"
#include "fuzz/poison.h"

#include <stdlib.h>
#include <string.h>

#define K_MAX      80
#define SYMBOL_MAX 40
#define TOLD_MAX   128 /* symbols */
#define SOLVED_MAX 3   /* times, and once more at the end */
#define MEMORY     (512 * 1024)

static uint8_t encoder_memory[MEMORY], decoder_memory[MEMORY];
static struct wzp_raptorq_plan *plans[2][K_MAX]; /* [the solver always][K - 1] */
static uint8_t source[K_MAX * SYMBOL_MAX];

void fuzz_init(void)
{
    for (size_t i = 0; i < sizeof(source); i++)
        source[i] = (uint8_t)(i * 167 + i / 251);
    for (unsigned solves = 0; solves < 2; solves++)
        for (unsigned k = 1; k <= K_MAX; k++) {
            void *memory = malloc(wzp_raptorq_plan_size(k));
            WZP_CHECK(memory);
            struct wzp_raptorq_plan *plan = wzp_raptorq_plan_init(memory, k);
            if (solves)
                plan->limits.lost = plan->limits.small_k = 0;
            plans[solves][k - 1] = plan;
        }
}

/* `memory` with what lies behind its first `size` bytes poisoned. */
static void *bounded(uint8_t *memory, size_t size)
{
    WZP_CHECK(size > 0 && size <= MEMORY);
    ASAN_UNPOISON_MEMORY_REGION(memory, MEMORY);
    ASAN_POISON_MEMORY_REGION(memory + size, MEMORY - size);
    return memory;
}

struct run {
    struct wzp_raptorq_encoder *encoder;
    struct wzp_raptorq_decoder *decoder;
    unsigned k, added;
    size_t size;
    bool is_lied_to, is_solved;
};

static void add(struct run *run, struct fuzz_input *input, uint32_t esi, bool is_lie)
{
    uint8_t symbol[SYMBOL_MAX], *out = symbol;
    wzp_raptorq_encode(run->encoder, &esi, &out, 1);
    if (is_lie) {
        struct wzp_slice bytes = fuzz_take(input, run->size);
        memset(symbol, bytes.len > 0 ? bytes.data[bytes.len - 1] : 0, run->size);
        memcpy(symbol, bytes.data, bytes.len);
    }
    enum wzp_raptorq_verdict verdict = wzp_raptorq_add(run->decoder, esi, symbol);
    run->added += verdict == WZP_RAPTORQ_ADDED;
    run->is_lied_to |= is_lie && verdict == WZP_RAPTORQ_ADDED;
    WZP_CHECK((verdict == WZP_RAPTORQ_SOLVED) == run->is_solved);
    WZP_CHECK(verdict != WZP_RAPTORQ_FULL || run->added == run->k + WZP_RAPTORQ_EXTRA);
    WZP_CHECK(verdict == WZP_RAPTORQ_FULL || run->is_solved ||
              wzp_raptorq_add(run->decoder, esi, symbol) == WZP_RAPTORQ_DUPLICATE);
    if (verdict == WZP_RAPTORQ_ADDED && esi < run->k)
        WZP_CHECK(memcmp(wzp_raptorq_source(run->decoder, esi), symbol, run->size) == 0);
}

static void solve(struct run *run)
{
    run->is_solved = wzp_raptorq_solve_block(run->decoder);
    WZP_CHECK(!run->is_solved || run->added >= run->k);
    for (unsigned i = 0; i < run->k; i++) {
        const uint8_t *told = wzp_raptorq_source(run->decoder, i);
        WZP_CHECK(told != NULL || !run->is_solved);
        if (told != NULL)
            fuzz_touch(told, run->size);
        WZP_CHECK(told == NULL || run->is_lied_to || memcmp(told, source + i * run->size, run->size) == 0);
    }
}

int fuzz_one(const uint8_t *data, size_t len)
{
    struct fuzz_input input = {data, len};
    struct run run = {.k = 1 + fuzz_u8(&input) % K_MAX};
    run.size = 1 + fuzz_u8(&input) % SYMBOL_MAX;
    const struct wzp_raptorq_plan *plan = plans[fuzz_u8(&input) & 1][run.k - 1];
    run.encoder = wzp_raptorq_encoder_init(bounded(encoder_memory, wzp_raptorq_encoder_size(plan, run.size)),
                                           plan, source, run.size);
    run.decoder = wzp_raptorq_decoder_init(bounded(decoder_memory, wzp_raptorq_decoder_size(plan, run.size)),
                                           plan, run.size);
    unsigned told = 0, solved = 0;
    while (input.len > 0 && told < TOLD_MAX && solved < SOLVED_MAX) {
        uint8_t op = fuzz_u8(&input);
        if ((op & 3) == 3) {
            solve(&run);
            solved++;
            continue;
        }
        uint32_t esi = (op & 3) == 0 ? (uint32_t)fuzz_u16(&input) << 16 : 0;
        esi |= (op & 3) == 0 ? fuzz_u16(&input) : fuzz_u8(&input);
        unsigned count = (op & 3) == 2 ? fuzz_u8(&input) : 1;
        for (unsigned i = 0; i < count && told < TOLD_MAX; i++, told++)
            add(&run, &input, esi + i, op & 4);
        told += count == 0;
    }
    solve(&run);
    return 0;
}
