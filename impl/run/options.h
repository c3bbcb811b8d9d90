// SPDX-License-Identifier: Apache-2.0
/*
 * A program's long options from one table: parsing, the help text, and what is said when a word is wrong.
 *
 * Law: `--name value` and `--name=value` mean the same, the last of a repeated option counts, and every word
 * that is not understood gives a sentence that names it. `--help` and `--version` are in every table by
 * themselves. Does not: hold more than one positional word, copy values (they borrow from argv), print.
 */
#ifndef WZP_RUN_OPTIONS_H
#define WZP_RUN_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "link/estimate.h"

struct wzp_option {
    const char *name;  /* without the dashes */
    const char *value; /* what the help calls the value; NULL: a flag, `target` is a bool */
    const char *help;  /* NULL: not listed in the help */
    /* Puts the value into `target`; NULL, or why not, as words that follow "... is not valid: ". */
    const char *(*parse)(const struct wzp_option *option, const char *text);
    void *target;
    uint64_t min, max; /* of wzp_option_u32; the help shows them and what target holds: the default */
    bool is_required;
    bool is_word;  /* not an option: the one word that stands for itself; the help calls it `name` */
    bool is_given; /* set by parsing */
};

/* For `parse`; `target` is what the name says. */
const char *wzp_option_text(const struct wzp_option *option, const char *text); /* const char *, not empty */
const char *wzp_option_u32(const struct wzp_option *option, const char *text);  /* uint32_t, min..max */
const char *wzp_option_u64(const struct wzp_option *option, const char *text);  /* uint64_t, any */
const char *wzp_option_time(const struct wzp_option *option, const char *text); /* int64_t, ns; "40ms" */
const char *wzp_option_rate(const struct wzp_option *option, const char *text); /* uint64_t, bit/s; "1mbit" */
const char *wzp_option_max_rate(const struct wzp_option *option, const char *text);     /* uint64_t, bit/s */
const char *wzp_option_delay_budget(const struct wzp_option *option, const char *text); /* int64_t, ns */
/* Who tells what a path carries, and where that begins; 0: where the session begins by itself. */
struct wzp_estimate_choice {
    enum wzp_estimate_kind kind;
    uint64_t start_bps;
};
/* "ours", "fixed:4mbit" */
const char *wzp_option_estimate(const struct wzp_option *option,
                                const char *text); /* struct wzp_estimate_choice */
const char *wzp_option_tier(const struct wzp_option *option,
                            const char *text); /* uint32_t, bit/s; "opus24k" */
const char *wzp_option_share(const struct wzp_option *option, const char *text);  /* double, 0..1; "30%" */
const char *wzp_option_number(const struct wzp_option *option, const char *text); /* double, not negative */
const char *wzp_option_switch(const struct wzp_option *option, const char *text); /* bool, 0 or 1 */
const char *wzp_option_addr(const struct wzp_option *option,
                            const char *text); /* struct wzp_addr, resolved */

struct wzp_options {
    const char *program; /* with its command, as one types it: "wzp-client join" */
    const char *about;   /* what it does, and below the table what else to know */
    const char *notes;   /* may be NULL */
    struct wzp_option *table;
    size_t count;
};

enum wzp_options_result {
    WZP_OPTIONS_OK,
    WZP_OPTIONS_HELP,    /* the caller prints the help, exit 0 */
    WZP_OPTIONS_VERSION, /* the caller prints the version, exit 0 */
    WZP_OPTIONS_WRONG,   /* `why` is a sentence, exit 1 */
};

#define WZP_OPTIONS_WHY_MAX 512

enum wzp_options_result wzp_options_parse(struct wzp_options *options, int argc, char **argv,
                                          char why[static WZP_OPTIONS_WHY_MAX]);
void wzp_options_help(const struct wzp_options *options, FILE *out);

/* What a program does with the result: prints help, version or the sentence. True: go on; else *status is the
 * exit status. */
bool wzp_options_take(struct wzp_options *options, int argc, char **argv, int *status);

/* The release and the version of the wire that it speaks. */
void wzp_version_print(FILE *out);

#endif
