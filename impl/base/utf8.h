// SPDX-License-Identifier: Apache-2.0
/*
 * UTF-8 (RFC 3629), code point by code point.
 *
 * Law: every well-formed text gives its code points in order; what is not well-formed (cut short, overlong, a
 * surrogate, beyond U+10FFFF) is never taken for one. Each call takes at least one byte and none at `end`, so
 * that a text can be walked to its end whatever it holds. Does not: judge what a code point is good for.
 */
#ifndef WZP_BASE_UTF8_H
#define WZP_BASE_UTF8_H

#include <stdbool.h>
#include <stdint.h>

#define WZP_UTF8_REPLACEMENT "\xef\xbf\xbd" /* U+FFFD, in place of what is none */

/* The code point at *at, which is before `end` and moves behind it; false: there is none. */
bool wzp_utf8_next(const uint8_t **at, const uint8_t *end, uint32_t *point);

#endif
