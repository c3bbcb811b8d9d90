// SPDX-License-Identifier: Apache-2.0
/*
 * The terminal of a person in a call: keys as they are pressed, one status line that stands below all that is
 * said, and what is said.
 *
 * Law: without a terminal on standard input there are no keys, without one on standard error no status line,
 * and then every sentence is one plain line. The terminal is given back as it was, on every way out of
 * wzp_console_close. A process has one console. Does not: know a call, decide what keys mean.
 */
#ifndef WZP_RUN_CONSOLE_H
#define WZP_RUN_CONSOLE_H

#include <stdbool.h>
#include <stddef.h>
#include <uv.h>

#define WZP_CONSOLE_LINE_MAX 256

struct wzp_console {
    void *ctx;
    void (*on_key)(void *ctx, char key);
    /* Writes the status, a text without a line end. Asked four times a second. */
    void (*status)(void *ctx, char *line, size_t capacity);
    uv_tty_t keys;
    uv_timer_t redraw;
    bool has_keys, has_line;
};

/* `console` with its first three fields set, whole until close; the handles live on `uv`. */
void wzp_console_open(struct wzp_console *console, uv_loop_t *uv);
/* The handles close in `uv`'s next turn. */
void wzp_console_close(struct wzp_console *console);

/* One sentence on standard error, above the status line if one is shown. */
__attribute__((format(printf, 1, 2))) void wzp_console_say(const char *format, ...);

#endif
