// SPDX-License-Identifier: Apache-2.0
/*
 * The one face of a fuzz target: every fuzz/target/NAME.c defines these two functions, and a driver calls
 * them: libFuzzer's (driver_libfuzzer.c), AFL++'s (driver_afl.c), or one that replays files in the tests
 * (driver_replay.c). docs/fuzzing.md.
 *
 * Law: what fuzz_one does depends on its bytes alone, never on the calls before; any broken promise ends the
 * process (WZP_CHECK, a sanitizer). It does not allocate what it can restore. fuzz_one gives 0, always.
 */
#ifndef WZP_FUZZ_FUZZ_H
#define WZP_FUZZ_FUZZ_H

#include "base/bytes.h"
#include "base/check.h"

#define FUZZ_INPUT_MAX 16384 /* bytes that the drivers hand over at most */

void fuzz_init(void); /* once, before the first fuzz_one */
int fuzz_one(const uint8_t *data, size_t len);

/* ---- how targets take choices from their input: zeros once it is used up ---- */

struct fuzz_input {
    const uint8_t *data;
    size_t len;
};

static inline uint8_t fuzz_u8(struct fuzz_input *input)
{
    if (input->len == 0)
        return 0;
    input->len--;
    return *input->data++;
}

static inline uint16_t fuzz_u16(struct fuzz_input *input)
{
    uint16_t high = fuzz_u8(input);
    return (uint16_t)(high << 8 | fuzz_u8(input));
}

/* At most `len` bytes; fewer when fewer are left. */
static inline struct wzp_slice fuzz_take(struct fuzz_input *input, size_t len)
{
    struct wzp_slice taken = {input->data, len < input->len ? len : input->len};
    input->data += taken.len;
    input->len -= taken.len;
    return taken;
}

/* Reads every byte, so that a sanitizer sees each that must not be read. */
static inline void fuzz_touch(const void *data, size_t len)
{
    for (size_t i = 0; i < len; i++)
        (void)((const volatile uint8_t *)data)[i];
}

#endif
