// SPDX-License-Identifier: Apache-2.0
#include "run/json.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/check.h"
#include "base/utf8.h"

struct wzp_json wzp_json_make(FILE *out)
{
    return (struct wzp_json){.out = out};
}

struct wzp_json wzp_json_make_line(FILE *out)
{
    return (struct wzp_json){.out = out, .is_line = true};
}

static void write_string(FILE *out, const char *text)
{
    const uint8_t *at = (const uint8_t *)text, *end = at + strlen(text);
    fputc('"', out);
    while (at < end) {
        const uint8_t *from = at;
        uint32_t point;
        if (!wzp_utf8_next(&at, end, &point))
            fputs(WZP_UTF8_REPLACEMENT, out);
        else if (point == '"' || point == '\\')
            fprintf(out, "\\%c", (int)point);
        else if (point < 0x20 || point == 0x7f)
            fprintf(out, "\\u%04x", (unsigned)point);
        else
            fwrite(from, 1, (size_t)(at - from), out);
    }
    fputc('"', out);
}

static void indent(const struct wzp_json *json)
{
    if (!json->is_line)
        fprintf(json->out, "\n%*s", (int)json->depth * 2, "");
}

/* What stands before a value: comma, line break, name. */
static void lead(struct wzp_json *json, const char *name)
{
    if (json->depth == 0) {
        WZP_CHECK(!name && !json->has_values[0]);
        json->has_values[0] = true;
        return;
    }
    unsigned level = json->depth - 1;
    WZP_CHECK(json->is_array[level] == !name);
    if (json->has_values[level])
        fputs(json->is_line ? ", " : ",", json->out);
    json->has_values[level] = true;
    indent(json);
    if (name) {
        write_string(json->out, name);
        fputs(": ", json->out);
    }
}

static void begin(struct wzp_json *json, const char *name, bool is_array)
{
    lead(json, name);
    WZP_CHECK(json->depth < WZP_JSON_DEPTH_MAX);
    json->is_array[json->depth] = is_array;
    json->has_values[json->depth] = false;
    json->depth++;
    fputc(is_array ? '[' : '{', json->out);
}

void wzp_json_begin_object(struct wzp_json *json, const char *name)
{
    begin(json, name, false);
}

void wzp_json_begin_array(struct wzp_json *json, const char *name)
{
    begin(json, name, true);
}

void wzp_json_end(struct wzp_json *json)
{
    WZP_CHECK(json->depth > 0);
    json->depth--;
    if (json->has_values[json->depth])
        indent(json);
    fputc(json->is_array[json->depth] ? ']' : '}', json->out);
    if (json->depth == 0)
        json->has_values[0] = true; /* the one value there may be */
}

void wzp_json_text(struct wzp_json *json, const char *name, const char *value)
{
    lead(json, name);
    if (value)
        write_string(json->out, value);
    else
        fputs("null", json->out);
}

void wzp_json_int(struct wzp_json *json, const char *name, int64_t value)
{
    lead(json, name);
    fprintf(json->out, "%" PRId64, value);
}

void wzp_json_real(struct wzp_json *json, const char *name, double value, int decimals)
{
    if (!isfinite(value)) {
        wzp_json_null(json, name);
        return;
    }
    lead(json, name);
    fprintf(json->out, "%.*f", decimals, value);
}

void wzp_json_bool(struct wzp_json *json, const char *name, bool value)
{
    lead(json, name);
    fputs(value ? "true" : "false", json->out);
}

void wzp_json_null(struct wzp_json *json, const char *name)
{
    lead(json, name);
    fputs("null", json->out);
}

bool wzp_json_finish(struct wzp_json *json)
{
    WZP_CHECK(json->depth == 0 && json->has_values[0]);
    fputc('\n', json->out);
    return fflush(json->out) == 0 && !ferror(json->out);
}
