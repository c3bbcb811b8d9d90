// SPDX-License-Identifier: Apache-2.0
#include "sim/json_read.h"

#include "base/check.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct reader {
    struct sim_json *json;
    const char *start, *at, *end;
    char path[SIM_JSON_PATH_MAX];
    unsigned depth;
};

static bool refuse(struct reader *reader, const char *why)
{
    unsigned line = 1;
    for (const char *c = reader->start; c < reader->at; c++)
        line += *c == '\n';
    snprintf(reader->json->why, sizeof reader->json->why, "line %u: %s", line, why);
    return false;
}

static char next(struct reader *reader)
{
    while (reader->at < reader->end && strchr(" \t\r\n", *reader->at) && *reader->at)
        reader->at++;
    if (reader->at == reader->end)
        return '\0';
    return *reader->at;
}

static struct sim_json_value *add(struct reader *reader)
{
    struct sim_json *json = reader->json;
    if ((json->count & (json->count - 1)) == 0) { /* at powers of two there is room for no more */
        json->value = realloc(json->value, (json->count ? 2 * json->count : 1) * sizeof *json->value);
        WZP_CHECK(json->value);
    }
    struct sim_json_value *value = &json->value[json->count++];
    *value = (struct sim_json_value){.kind = SIM_JSON_NULL, .number = NAN};
    memcpy(value->path, reader->path, sizeof value->path);
    return value;
}

/* Four digits behind \u. */
static bool read_unicode(struct reader *reader, char *out)
{
    unsigned code = 0;
    for (unsigned i = 0; i < 4; i++) {
        const char *digits = "0123456789abcdef0123456789ABCDEF", *digit = NULL;
        if (reader->at < reader->end && *reader->at)
            digit = strchr(digits, *reader->at);
        if (!digit)
            return refuse(reader, "\\u needs four hexadecimal digits");
        code = 16 * code + (unsigned)(digit - digits) % 16;
        reader->at++;
    }
    if (code == 0 || code >= 0x80)
        code = '?';
    *out = (char)code;
    return true;
}

/* A text from its first quote to behind its last; allocated. */
static bool read_text(struct reader *reader, char **text)
{
    static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
    char *out = malloc((size_t)(reader->end - reader->at) + 1);
    size_t len = 0;
    WZP_CHECK(out);
    *text = out;
    for (reader->at++; reader->at < reader->end && *reader->at != '"';) {
        char c = *reader->at++;
        if ((unsigned char)c < 0x20)
            return refuse(reader, "a control character in a text");
        if (c == '\\') {
            const char *escape = reader->at < reader->end && *reader->at ? strchr(from, *reader->at) : NULL;
            if (escape)
                c = to[escape - from];
            else if (reader->at >= reader->end || *reader->at != 'u')
                return refuse(reader, "an escape that JSON does not know");
            reader->at++;
            if (!escape && !read_unicode(reader, &c))
                return false;
        }
        out[len++] = c;
    }
    out[len] = '\0';
    if (reader->at >= reader->end)
        return refuse(reader, "a text does not end");
    reader->at++;
    return true;
}

static bool read_value(struct reader *reader);

/* Members or elements up to the closing bracket. */
static bool read_many(struct reader *reader, char closing)
{
    size_t path_len = strlen(reader->path);
    if (++reader->depth > SIM_JSON_DEPTH)
        return refuse(reader, "too deep");
    reader->at++;
    for (unsigned i = 0; next(reader) != closing; i++) {
        char *name = NULL;
        if (i > 0 && next(reader) != ',')
            return refuse(reader, "a comma or the end is missing");
        reader->at += i > 0;
        if (closing == '}') {
            bool good = next(reader) == '"' && read_text(reader, &name) && next(reader) == ':';
            size_t room = sizeof reader->path - path_len;
            good = good && snprintf(reader->path + path_len, room, path_len ? ".%s" : "%s", name) < (int)room;
            free(name);
            if (!good)
                return reader->json->why[0] ? false : refuse(reader, "a name and a colon are missing");
            reader->at++;
        } else if (snprintf(reader->path + path_len, sizeof reader->path - path_len, "[%u]", i) >=
                   (int)(sizeof reader->path - path_len)) {
            return refuse(reader, "too deep");
        }
        if (!read_value(reader))
            return false;
        reader->path[path_len] = '\0';
    }
    reader->at++;
    reader->depth--;
    return true;
}

/* RFC 8259 section 6. */
static bool is_number(const char *at)
{
    static const char digits[] = "0123456789";
    at += *at == '-';
    size_t len = strspn(at, digits);
    if (len == 0 || (len > 1 && *at == '0'))
        return false;
    at += len;
    if (*at == '.') {
        len = strspn(at + 1, digits);
        at += len > 0 ? 1 + len : 0;
    }
    if (*at == 'e' || *at == 'E') {
        const char *exponent = at + 1 + (at[1] == '+' || at[1] == '-');
        len = strspn(exponent, digits);
        at = len > 0 ? exponent + len : at;
    }
    return *at == '\0';
}

static bool read_word(struct reader *reader)
{
    static const struct {
        const char *word;
        int kind;
        double number;
    } words[] = {
        {"true", SIM_JSON_BOOL, 1}, {"false", SIM_JSON_BOOL, 0}, {"null", SIM_JSON_NULL, (double)NAN}};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        size_t len = strlen(words[i].word);
        if ((size_t)(reader->end - reader->at) < len || memcmp(reader->at, words[i].word, len) != 0)
            continue;
        struct sim_json_value *value = add(reader);
        value->kind = words[i].kind;
        value->number = words[i].number;
        reader->at += len;
        return true;
    }
    char digits[64] = "";
    size_t len = 0;
    while (reader->at + len < reader->end && len + 1 < sizeof digits && reader->at[len] &&
           strchr("+-.0123456789eE", reader->at[len]))
        len++;
    memcpy(digits, reader->at, len);
    if (!is_number(digits))
        return refuse(reader, "a value is missing");
    struct sim_json_value *value = add(reader);
    value->kind = SIM_JSON_NUMBER;
    value->number = strtod(digits, NULL);
    reader->at += len;
    return true;
}

static bool read_value(struct reader *reader)
{
    char first = next(reader);
    if (first == '{' || first == '[')
        return read_many(reader, first == '{' ? '}' : ']');
    if (first != '"')
        return read_word(reader);
    char *text;
    if (!read_text(reader, &text)) {
        free(text);
        return false;
    }
    struct sim_json_value *value = add(reader);
    value->kind = SIM_JSON_TEXT;
    value->text = text;
    return true;
}

bool sim_json_parse(struct sim_json *json, const char *text, size_t len)
{
    struct reader reader = {.json = json, .start = text, .at = text, .end = text + len};
    *json = (struct sim_json){0};
    if (!read_value(&reader))
        return false;
    return next(&reader) == '\0' && reader.at == reader.end ? true
                                                            : refuse(&reader, "something follows the end");
}

bool sim_json_load(struct sim_json *json, const char *path)
{
    *json = (struct sim_json){0};
    FILE *file = fopen(path, "rb");
    char *text = NULL;
    size_t len = 0, part = 1;
    while (file && part > 0) {
        text = realloc(text, len + 65536);
        WZP_CHECK(text);
        part = fread(text + len, 1, 65536, file);
        len += part;
    }
    bool good = file && !ferror(file);
    if (!good)
        snprintf(json->why, sizeof json->why, "%s: %s", path, strerror(errno));
    if (file)
        fclose(file);
    if (good && !sim_json_parse(json, text, len)) {
        char why[sizeof json->why];
        memcpy(why, json->why, sizeof why);
        snprintf(json->why, sizeof json->why, "%.90s: no JSON: %.55s", path, why);
        good = false;
    }
    free(text);
    return good;
}

void sim_json_deinit(struct sim_json *json)
{
    for (size_t i = 0; i < json->count; i++)
        free(json->value[i].text);
    free(json->value);
    json->value = NULL;
    json->count = 0;
}

const struct sim_json_value *sim_json_find(const struct sim_json *json, const char *path)
{
    for (size_t i = 0; i < json->count; i++)
        if (strcmp(json->value[i].path, path) == 0)
            return &json->value[i];
    return NULL;
}

double sim_json_number(const struct sim_json *json, const char *path, ...)
{
    char whole[SIM_JSON_PATH_MAX];
    va_list parts;
    va_start(parts, path);
    vsnprintf(whole, sizeof whole, path, parts);
    va_end(parts);
    const struct sim_json_value *value = sim_json_find(json, whole);
    return value ? value->number : (double)NAN;
}

const char *sim_json_text(const struct sim_json *json, const char *path, ...)
{
    char whole[SIM_JSON_PATH_MAX];
    va_list parts;
    va_start(parts, path);
    vsnprintf(whole, sizeof whole, path, parts);
    va_end(parts);
    const struct sim_json_value *value = sim_json_find(json, whole);
    return value ? value->text : NULL;
}
