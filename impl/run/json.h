// SPDX-License-Identifier: Apache-2.0
/*
 * JSON (RFC 8259) written to a stream as it comes, two spaces a level, so that a person can read it and the
 * same values give the same bytes.
 *
 * Law: what finish calls good is one valid JSON text. What is not UTF-8 in a string becomes U+FFFD; control
 * characters, quotes and backslashes are escaped. Real numbers have a fixed number of decimals; what is no
 * number (NaN, infinity) is null, for JSON has no other word. Inside an object every value has a name, inside
 * an array none (NULL).
 * Does not: own or close the stream, sort, read.
 */
#ifndef WZP_RUN_JSON_H
#define WZP_RUN_JSON_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#define WZP_JSON_DEPTH_MAX 16

struct wzp_json {
    FILE *out;
    unsigned depth;
    bool is_array[WZP_JSON_DEPTH_MAX];
    bool has_values[WZP_JSON_DEPTH_MAX];
    bool is_line;
};

struct wzp_json wzp_json_make(FILE *out);
/* All on one line. */
struct wzp_json wzp_json_make_line(FILE *out);
void wzp_json_begin_object(struct wzp_json *json, const char *name);
void wzp_json_begin_array(struct wzp_json *json, const char *name);
void wzp_json_end(struct wzp_json *json); /* the innermost object or array */
void wzp_json_text(struct wzp_json *json, const char *name, const char *value); /* NULL: null */
void wzp_json_int(struct wzp_json *json, const char *name, int64_t value);
void wzp_json_real(struct wzp_json *json, const char *name, double value, int decimals);
void wzp_json_bool(struct wzp_json *json, const char *name, bool value);
void wzp_json_null(struct wzp_json *json, const char *name);
/* Ends the text with a newline. False when the stream failed, now or before. */
bool wzp_json_finish(struct wzp_json *json);

#endif
