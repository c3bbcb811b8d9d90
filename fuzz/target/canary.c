// SPDX-License-Identifier: Apache-2.0
/*
 * The target that must crash: a bug planted behind two frames in a row, well formed. Nobody finds it by
 * chance soon, but a fuzzer with coverage and the dictionary made from proto/wire.lua does. tools/fuzz
 * canary: a harness that does not find it finds nothing else either.
 */
#include "fuzz/fuzz.h"
#include "wire/wire.h"

#include <stdlib.h>

void fuzz_init(void)
{
}

int fuzz_one(const uint8_t *data, size_t len)
{
    struct wzp_reader reader = wzp_reader_make(data, len);
    struct wzp_frame frame;
    unsigned steps = 0;
    while (wzp_frame_decode(&reader, &frame) == WZP_FRAME_OK) {
        if (steps == 0 && frame.type == WZP_FRAME_TYPE_MAX_STREAM_DATA)
            steps = 1;
        else if (steps == 1 && frame.type == WZP_FRAME_TYPE_CLOSE)
            abort();
        else
            return 0;
    }
    return 0;
}
