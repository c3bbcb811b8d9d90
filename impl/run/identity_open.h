// SPDX-License-Identifier: Apache-2.0
/*
 * The identity that a command works with: which file, the passphrase it needs, and the seed out of it.
 *
 * Law: a passphrase is asked for only when the file is sealed, or a new one is to be; a given one that is not
 * needed is refused, so that nobody believes a plain file to be sealed. Secrets stand in memory that is
 * locked, left out of dumps and wiped when freed (sodium_malloc).
 */
#ifndef WZP_RUN_IDENTITY_OPEN_H
#define WZP_RUN_IDENTITY_OPEN_H

#include <limits.h>

#include "crypt/identity.h"
#include "crypt/words.h"
#include "run/identity_file.h"
#include "run/secret_input.h"

#define WZP_IDENTITY_EPHEMERAL "ephemeral"

struct wzp_identity_choice {
    const char *program;         /* begins each line on stderr: "wzp-client join" */
    const char *id;              /* --id; NULL: the default */
    const char *default_name;    /* of the file in the data folder of $XDG_DATA_HOME */
    const char *passphrase_file; /* --passphrase-file; NULL: ask */
};

struct wzp_identity_secrets {
    uint8_t seed[32];
    struct wzp_identity_text text;
    struct wzp_passphrase passphrase;
    char words[2048]; /* as typed, or as printed */
};

/* NULL, said on stderr: out of memory. */
struct wzp_identity_secrets *wzp_identity_secrets_create(const struct wzp_identity_choice *choice);
void wzp_identity_secrets_destroy(struct wzp_identity_secrets *secrets); /* NULL is fine */

/* All below: false, and why on stderr. */
bool wzp_identity_path(const struct wzp_identity_choice *choice, char path[static PATH_MAX]);
/* The seed that the file at `path` holds. `*is_absent` (may be NULL): nothing is said when there is none. */
bool wzp_identity_unlock(const struct wzp_identity_choice *choice, const char *path,
                         struct wzp_identity_secrets *secrets, bool *is_absent);
/* Writes the seed; sealed when `is_sealed`, under secrets->passphrase. */
bool wzp_identity_store(const struct wzp_identity_choice *choice, const char *path,
                        struct wzp_identity_secrets *secrets, bool is_sealed, bool replace);

/* For a program that runs: the identity that is chosen, made (said in one line on stderr) when there is none,
 * or one that nobody keeps when `id` is "ephemeral". Nothing but the derived keys is left. */
bool wzp_identity_use(const struct wzp_identity_choice *choice, struct wzp_identity *identity);

#endif
