// SPDX-License-Identifier: Apache-2.0
/*
 * AFL++'s persistent mode with test cases in shared memory
 * (AFLplusplus/instrumentation/README.persistent_mode.md) for fuzz_one. Compiled by afl-clang-fast, which
 * defines the macros.
 */
#include "fuzz/fuzz.h"

#include <unistd.h>

#define RUNS_A_PROCESS 1000000

__AFL_FUZZ_INIT();

int main(void)
{
    fuzz_init();
    __AFL_INIT();
    const uint8_t *data = __AFL_FUZZ_TESTCASE_BUF;
    while (__AFL_LOOP(RUNS_A_PROCESS)) {
        int len = __AFL_FUZZ_TESTCASE_LEN;
        if (len <= FUZZ_INPUT_MAX)
            fuzz_one(data, (size_t)len);
    }
    return 0;
}
