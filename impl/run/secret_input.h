// SPDX-License-Identifier: Apache-2.0
/*
 * What a person says in confidence: a passphrase, 24 words. From a file or standard input, or from the
 * terminal without an echo.
 *
 * Law: nobody is asked unless there is a terminal (/dev/tty); without one the failure names the option that
 * helps. The terminal echoes again afterwards, whatever happened, also after SIGINT and SIGTERM. Nothing said
 * is kept but in `out`, which the caller wipes.
 */
#ifndef WZP_RUN_SECRET_INPUT_H
#define WZP_RUN_SECRET_INPUT_H

#include <stdbool.h>
#include <stddef.h>

#include "run/identity_text.h"
#include "run/why.h"

struct wzp_passphrase {
    char bytes[WZP_PASSPHRASE_MAX];
    size_t len;
};

/* The first line of `file` ("-": of standard input, the rest is left there); NULL asks at the terminal with
 * `prompt`, twice and for the same when `is_new`. `option` is the option's name, for the sentence. */
bool wzp_passphrase_get(const char *file, const char *option, const char *prompt, bool is_new,
                        struct wzp_passphrase *out, char why[static WZP_WHY_MAX]);

/* Standard input to its end; or one line of the terminal when that is what it is, or when `at_terminal`. */
bool wzp_secret_text_get(bool at_terminal, const char *prompt, char *out, size_t capacity, size_t *len,
                         char why[static WZP_WHY_MAX]);

#endif
