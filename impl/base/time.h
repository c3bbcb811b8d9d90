// SPDX-License-Identifier: Apache-2.0
/* Time is signed 64-bit nanoseconds, handed in by whoever owns a clock; its zero is the caller's own. */
#ifndef WZP_BASE_TIME_H
#define WZP_BASE_TIME_H

#include <stdint.h>

#define WZP_US    INT64_C(1000)
#define WZP_MS    INT64_C(1000000)
#define WZP_S     INT64_C(1000000000)
#define WZP_NEVER INT64_MAX

static inline int64_t wzp_time_min(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static inline int64_t wzp_time_max(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

#endif
