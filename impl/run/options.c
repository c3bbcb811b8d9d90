// SPDX-License-Identifier: Apache-2.0
#include "run/options.h"

#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

#include "base/addr.h"
#include "base/check.h"
#include "run/addr_text.h"
#include "run/units.h"
#include "wire/wire.h"

#define NAME_MAX_LEN 32 /* of an option; longer words are like none */
#define DISTANCE_MAX 3  /* of words that are called alike */
#define HELP_COLUMN  28
#define WORD_SHOWN   80 /* characters of a wrong word that are repeated */
#define NAMES_MAX    80 /* rows of a table */
#define RELEASE      "0.1.0"

const char *wzp_option_text(const struct wzp_option *option, const char *text)
{
    if (*text == '\0')
        return "it is empty";
    *(const char **)option->target = text;
    return NULL;
}

const char *wzp_option_u32(const struct wzp_option *option, const char *text)
{
    uint64_t value;
    const char *why = wzp_units_count(text, &value);
    if (why)
        return why;
    WZP_CHECK(option->max <= UINT32_MAX);
    if (value < option->min)
        return "it is too small";
    if (value > option->max)
        return "it is too large";
    *(uint32_t *)option->target = (uint32_t)value;
    return NULL;
}

const char *wzp_option_u64(const struct wzp_option *option, const char *text)
{
    return wzp_units_count(text, option->target);
}

const char *wzp_option_time(const struct wzp_option *option, const char *text)
{
    return wzp_units_time(text, option->target);
}

const char *wzp_option_rate(const struct wzp_option *option, const char *text)
{
    return wzp_units_rate(text, option->target);
}

const char *wzp_option_max_rate(const struct wzp_option *option, const char *text)
{
    return wzp_units_max_rate(text, option->target);
}

const char *wzp_option_delay_budget(const struct wzp_option *option, const char *text)
{
    return wzp_units_delay_budget(text, option->target);
}

const char *wzp_option_estimate(const struct wzp_option *option, const char *text)
{
    struct wzp_estimate_choice *estimate = option->target;
    char name[16] = "";
    size_t len = strcspn(text, ":");
    if (len < sizeof name)
        memcpy(name, text, len);
    if (!wzp_estimate_kind_from(name, &estimate->kind))
        return "it is none of auto, ours, delta, gcc and fixed";
    estimate->start_bps = 0;
    return text[len] ? wzp_units_rate(text + len + 1, &estimate->start_bps) : NULL;
}

const char *wzp_option_tier(const struct wzp_option *option, const char *text)
{
    return wzp_units_tier(text, option->target);
}

const char *wzp_option_share(const struct wzp_option *option, const char *text)
{
    return wzp_units_share(text, option->target);
}

const char *wzp_option_number(const struct wzp_option *option, const char *text)
{
    return wzp_units_number(text, option->target);
}

const char *wzp_option_switch(const struct wzp_option *option, const char *text)
{
    if (strcmp(text, "0") != 0 && strcmp(text, "1") != 0)
        return "it must be 0 or 1";
    *(bool *)option->target = *text == '1';
    return NULL;
}

const char *wzp_option_addr(const struct wzp_option *option, const char *text)
{
    return wzp_addr_resolve(text, option->target);
}

/* Edits (Levenshtein 1966) that make `a` from `b`, both at most NAME_MAX_LEN bytes. */
static unsigned distance(const char *a, const char *b)
{
    unsigned row[NAME_MAX_LEN + 1];
    size_t len = strlen(b);
    for (size_t j = 0; j <= len; j++)
        row[j] = (unsigned)j;
    for (size_t i = 0; a[i]; i++) {
        unsigned diagonal = row[0];
        row[0] = (unsigned)i + 1;
        for (size_t j = 0; j < len; j++) {
            unsigned best = diagonal + (a[i] != b[j]);
            if (row[j] + 1 < best)
                best = row[j] + 1;
            if (row[j + 1] + 1 < best)
                best = row[j + 1] + 1;
            diagonal = row[j + 1];
            row[j + 1] = best;
        }
    }
    return row[len];
}

/* The word of a list (ended by NULL) that is most like `word`; NULL when none is near. */
static const char *find_nearest(const char *word, const char *const *list)
{
    const char *nearest = NULL;
    unsigned least = DISTANCE_MAX + 1;
    if (strlen(word) > NAME_MAX_LEN)
        return NULL;
    for (; *list; list++) {
        unsigned edits = distance(word, *list);
        if (edits < least && edits < strlen(*list)) {
            least = edits;
            nearest = *list;
        }
    }
    return nearest;
}

__attribute__((format(printf, 2, 3))) static enum wzp_options_result wrong(char *why, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(why, WZP_OPTIONS_WHY_MAX, format, arguments);
    va_end(arguments);
    return WZP_OPTIONS_WRONG;
}

static enum wzp_options_result unknown(const struct wzp_options *options, const char *word, size_t len,
                                       char *why)
{
    const char *names[NAMES_MAX + 3];
    char name[NAME_MAX_LEN + 1] = "";
    size_t count = 0;
    for (size_t i = 0; i < options->count; i++)
        if (!options->table[i].is_word)
            names[count++] = options->table[i].name;
    names[count++] = "help";
    names[count++] = "version";
    names[count] = NULL;
    if (len <= NAME_MAX_LEN)
        memcpy(name, word, len);
    const char *nearest = *name ? find_nearest(name, names) : NULL;
    int shown = len < WORD_SHOWN ? (int)len : WORD_SHOWN;
    if (nearest)
        return wrong(why, "there is no option --%.*s; did you mean --%s?", shown, word, nearest);
    return wrong(why, "there is no option --%.*s; --help lists those there are", shown, word);
}

static struct wzp_option *find(const struct wzp_options *options, const char *name, size_t len)
{
    for (size_t i = 0; i < options->count; i++)
        if (!options->table[i].is_word && strlen(options->table[i].name) == len &&
            memcmp(options->table[i].name, name, len) == 0)
            return &options->table[i];
    return NULL;
}

/* The row that a word without dashes fills; NULL when there is none, or it is filled. */
static struct wzp_option *find_word(const struct wzp_options *options, const char *word)
{
    for (size_t i = 0; i < options->count; i++)
        if (options->table[i].is_word && !options->table[i].is_given && strncmp(word, "--", 2) != 0)
            return &options->table[i];
    return NULL;
}

/* One option at argv[*at], which is left at its last word. */
static enum wzp_options_result take_one(struct wzp_options *options, int argc, char **argv, int *at,
                                        char *why)
{
    const char *word = argv[*at], *reason;
    struct wzp_option *option = find_word(options, word);
    if (option) {
        option->is_given = true;
        reason = option->parse(option, word);
        return reason ? wrong(why, "%s '%.*s' is not valid: %s", option->name, WORD_SHOWN, word, reason)
                      : WZP_OPTIONS_OK;
    }
    if (strncmp(word, "--", 2) != 0 || word[2] == '\0')
        return wrong(why, "'%.*s' is not an option; options begin with --", WORD_SHOWN, word);
    word += 2;
    size_t len = strcspn(word, "=");
    if (strcmp(word, "help") == 0)
        return WZP_OPTIONS_HELP;
    if (strcmp(word, "version") == 0)
        return WZP_OPTIONS_VERSION;
    option = find(options, word, len);
    if (!option)
        return unknown(options, word, len, why);
    option->is_given = true;
    const char *value = word[len] == '=' ? word + len + 1 : NULL;
    if (!option->value) {
        if (value)
            return wrong(why, "--%s takes no value", option->name);
        *(bool *)option->target = true;
        return WZP_OPTIONS_OK;
    }
    if (!value) {
        /* a value may begin with one dash ("-"), but two are the next option */
        if (*at + 1 >= argc || strncmp(argv[*at + 1], "--", 2) == 0)
            return wrong(why, "--%s needs a value: --%s %s", option->name, option->name, option->value);
        value = argv[++*at];
    }
    reason = option->parse(option, value);
    if (reason)
        return wrong(why, "--%s '%.*s' is not valid: %s", option->name, WORD_SHOWN, value, reason);
    return WZP_OPTIONS_OK;
}

enum wzp_options_result wzp_options_parse(struct wzp_options *options, int argc, char **argv,
                                          char why[static WZP_OPTIONS_WHY_MAX])
{
    WZP_CHECK(options->count <= NAMES_MAX);
    *why = '\0';
    for (int at = 0; at < argc; at++) {
        enum wzp_options_result result = take_one(options, argc, argv, &at, why);
        if (result != WZP_OPTIONS_OK)
            return result;
    }
    for (size_t i = 0; i < options->count; i++) {
        const struct wzp_option *option = &options->table[i];
        if (option->is_required && !option->is_given && option->is_word)
            return wrong(why, "%s is missing", option->name);
        if (option->is_required && !option->is_given)
            return wrong(why, "--%s %s is missing", option->name, option->value);
    }
    return WZP_OPTIONS_OK;
}

static void help_row(FILE *out, const char *name, const char *value, const char *help, const char *more)
{
    int width = fprintf(out, "  --%s%s%s", name, value ? " " : "", value ? value : "");
    if (width >= HELP_COLUMN) {
        fputc('\n', out);
        width = 0;
    }
    fprintf(out, "%*s%s%s\n", HELP_COLUMN - width, "", help, more);
}

static void help_option(FILE *out, const struct wzp_option *option)
{
    char range[64] = "";
    if (option->parse == wzp_option_u32)
        snprintf(range, sizeof range, ", %" PRIu64 " to %" PRIu64 " (%" PRIu32 ")", option->min, option->max,
                 *(const uint32_t *)option->target);
    help_row(out, option->name, option->value, option->help, range);
}

void wzp_options_help(const struct wzp_options *options, FILE *out)
{
    fprintf(out, "usage: %s", options->program);
    for (size_t i = 0; i < options->count; i++)
        if (options->table[i].is_required && !options->table[i].is_word)
            fprintf(out, " --%s %s", options->table[i].name, options->table[i].value);
    fprintf(out, " [OPTION]...");
    for (size_t i = 0; i < options->count; i++)
        if (options->table[i].is_word)
            fprintf(out, " %s", options->table[i].name);
    fprintf(out, "\n%s\n\n", options->about);
    for (size_t i = 0; i < options->count; i++)
        if (options->table[i].help && !options->table[i].is_word)
            help_option(out, &options->table[i]);
    help_row(out, "help", NULL, "print this and end", "");
    help_row(out, "version", NULL, "print the version and end", "");
    if (options->notes)
        fprintf(out, "\n%s\n", options->notes);
}

void wzp_version_print(FILE *out)
{
    fprintf(out, "wzp %s, wire version %d\n", RELEASE, WZP_VERSION);
}

bool wzp_options_take(struct wzp_options *options, int argc, char **argv, int *status)
{
    char why[WZP_OPTIONS_WHY_MAX];
    *status = 0;
    switch (wzp_options_parse(options, argc, argv, why)) {
    case WZP_OPTIONS_OK:
        return true;
    case WZP_OPTIONS_HELP:
        wzp_options_help(options, stdout);
        return false;
    case WZP_OPTIONS_VERSION:
        wzp_version_print(stdout);
        return false;
    case WZP_OPTIONS_WRONG:
        break;
    }
    fprintf(stderr, "%s: %s\n", options->program, why);
    *status = 1;
    return false;
}
