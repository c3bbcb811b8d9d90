// SPDX-License-Identifier: Apache-2.0
#include "base/check.h"

#include <stdio.h>
#include <stdlib.h>

_Noreturn void wzp_check_failed(const char *condition, const char *file, int line)
{
    fprintf(stderr, "wzp: %s:%d: broken promise: %s\n", file, line, condition);
    abort();
}
