// SPDX-License-Identifier: Apache-2.0
/* libFuzzer's entry points (https://llvm.org/docs/LibFuzzer.html) for fuzz_one. */
#include "fuzz/fuzz.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    fuzz_init();
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    return len <= FUZZ_INPUT_MAX ? fuzz_one(data, len) : 0;
}
