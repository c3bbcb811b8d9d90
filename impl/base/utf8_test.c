// SPDX-License-Identifier: Apache-2.0
#include "base/utf8.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

/* By RFC 3629 section 3. */
static size_t encode(uint32_t point, uint8_t out[4])
{
    if (point < 0x80) {
        out[0] = (uint8_t)point;
        return 1;
    }
    size_t len = point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
    static const uint8_t FIRST[] = {0, 0, 0xc0, 0xe0, 0xf0};
    for (size_t i = len; i-- > 1; point >>= 6)
        out[i] = (uint8_t)(0x80 | (point & 0x3f));
    out[0] = (uint8_t)(FIRST[len] | point);
    return len;
}

/* Each code point is read back, and none is read of a part of it. */
static void every_point(void **state)
{
    (void)state;
    for (uint32_t point = 0; point <= 0x10ffff; point++) {
        uint8_t bytes[4];
        size_t len = encode(point, bytes);
        bool is_surrogate = point >= 0xd800 && point <= 0xdfff;
        for (size_t part = 1; part <= len; part++) {
            const uint8_t *at = bytes;
            uint32_t found;
            bool good = wzp_utf8_next(&at, bytes + part, &found);
            if (good != (part == len && !is_surrogate) || (good && (found != point || at != bytes + len)))
                fail_msg("U+%04x, %zu of %zu bytes", (unsigned)point, part, len);
        }
    }
}

/* Of all texts of three bytes each walk ends at the end, and only the shortest form is a code point's. */
static void every_text(void **state)
{
    (void)state;
    for (uint32_t text = 0; text < 1 << 24; text += 7) {
        const uint8_t bytes[3] = {(uint8_t)(text >> 16), (uint8_t)(text >> 8), (uint8_t)text};
        const uint8_t *at = bytes, *end = bytes + sizeof bytes;
        while (at < end) {
            const uint8_t *from = at;
            uint8_t again[4];
            uint32_t point;
            if (wzp_utf8_next(&at, end, &point) && encode(point, again) != (size_t)(at - from))
                fail_msg("%02x %02x %02x", bytes[0], bytes[1], bytes[2]);
            assert_true(at > from && at <= end);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_point), cmocka_unit_test(every_text)};
    return cmocka_run_group_tests_name("base/utf8", tests, NULL, NULL);
}
