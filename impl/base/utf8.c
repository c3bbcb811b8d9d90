// SPDX-License-Identifier: Apache-2.0
#include "base/utf8.h"

#include <stddef.h>

bool wzp_utf8_next(const uint8_t **at, const uint8_t *end, uint32_t *point)
{
    static const uint32_t LEAST[] = {0, 0x80, 0x800, 0x10000};
    uint8_t first = *(*at)++;
    unsigned more = first < 0x80 ? 0 : first < 0xc0 ? 9 : first < 0xe0 ? 1 : first < 0xf0 ? 2 : 3;
    if (first < 0x80) {
        *point = first;
        return true;
    }
    if (more > 3 || first >= 0xf8 || end - *at < (ptrdiff_t)more)
        return false;
    *point = first & (0x3fu >> more);
    for (unsigned i = 0; i < more; i++) {
        if ((**at & 0xc0) != 0x80)
            return false;
        *point = *point << 6 | (*(*at)++ & 0x3fu);
    }
    return *point >= LEAST[more] && *point <= 0x10ffff && !(*point >= 0xd800 && *point <= 0xdfff);
}
