// SPDX-License-Identifier: Apache-2.0
/*
 * The frame of every page that the simulator writes: head with style and script, escaped text, facts, tables.
 *
 * Law: one file that fetches nothing and says so in its Content-Security-Policy (sounds may lie beside it);
 * every text is escaped, and what is not UTF-8 in it replaced, wherever it came from (member names are a
 * peer's words); the page is well-formed XML as well as HTML; it can be read without its script, which only
 * draws the line under the pointer; light or dark as the reader's system is; equal input gives equal bytes.
 *
 * All is lent by the caller, for the call. NULL text is "". Does not: open files, compute, read a clock.
 */
#ifndef WZP_SIM_HTML_H
#define WZP_SIM_HTML_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct sim_html_fact {
    const char *name;
    const char *value;
};

/* The first column is text, the others are numbers unless `is_text`. */
struct sim_html_table {
    const char *title;
    const char *note; /* a line under the title, or NULL */
    const char *const *columns;
    size_t column_count;
    const char *const *cells; /* row by row, row_count * column_count */
    size_t row_count;
    bool is_text;
};

/* Everything up to and with <main>. */
void sim_html_begin(FILE *file, const char *title);
/* False when the file could not be written. */
bool sim_html_end(FILE *file);

void sim_html_text(FILE *file, const char *text);
/* <tag>text</tag>; `tag` may carry attributes, quoted. */
void sim_html_element(FILE *file, const char *tag, const char *text);
/* The title of the page with its verdict: a word and whether it is good news. */
void sim_html_title(FILE *file, const char *title, const char *verdict, bool is_good);
void sim_html_facts(FILE *file, const struct sim_html_fact *facts, size_t count);
void sim_html_table(FILE *file, const struct sim_html_table *table);

#endif
