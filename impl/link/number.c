// SPDX-License-Identifier: Apache-2.0
#include "link/number.h"
#include "base/check.h"
#include "wire/wire.h"

#define NUMBER_END (UINT64_C(1) << 62)

unsigned wzp_number_len(uint64_t number, uint64_t lowest_unacked)
{
    WZP_CHECK(lowest_unacked <= number);
    uint64_t distance = number - lowest_unacked;
    unsigned len = WZP_NUMBER_LEN_MIN;
    while (len < WZP_NUMBER_LEN_MAX && distance >= UINT64_C(1) << (8 * len - 1))
        len++;
    return len;
}

uint64_t wzp_number_decode(uint64_t expected_next, uint32_t truncated, unsigned len)
{
    WZP_CHECK(len >= 1 && len <= WZP_NUMBER_LEN_MAX);
    uint64_t window = UINT64_C(1) << 8 * len, half = window / 2;
    uint64_t candidate = (expected_next & ~(window - 1)) | (truncated & (window - 1));
    if (candidate + half <= expected_next && candidate < NUMBER_END - window)
        return candidate + window;
    if (candidate > expected_next + half && candidate >= window)
        return candidate - window;
    return candidate;
}

uint64_t wzp_unwrap_u32(uint64_t nearest, uint32_t low)
{
    return wzp_number_decode(nearest, low, 4);
}
