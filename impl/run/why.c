// SPDX-License-Identifier: Apache-2.0
#include "run/why.h"

#include <stdarg.h>
#include <stdio.h>

bool wzp_why(char why[static WZP_WHY_MAX], const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(why, WZP_WHY_MAX, format, arguments);
    va_end(arguments);
    return false;
}
