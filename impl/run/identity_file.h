// SPDX-License-Identifier: Apache-2.0
/*
 * Where an identity's seed lives between two runs: a small text file that only its owner may read.
 *
 *     wzp-identity 1
 *     seed 64 hexadecimal digits
 *
 * The first line names the format and its version, so that later ones (sealed, with words) are told apart.
 * The file is not sealed: who can read it is that person. Law: what is read is what was written, or is
 * refused with a sentence; a file that anybody but its owner may read or write, that is not a regular file,
 * or that is not whole is never used, and never overwritten. A new one appears whole or not at all, mode
 * 0600. The seed is left nowhere but with the caller, who wipes it.
 */
#ifndef WZP_RUN_IDENTITY_FILE_H
#define WZP_RUN_IDENTITY_FILE_H

#include <stdbool.h>
#include <stdint.h>

#define WZP_IDENTITY_WHY_MAX 512

enum wzp_identity_origin {
    WZP_IDENTITY_FAILED, /* `why` is the sentence */
    WZP_IDENTITY_READ,
    WZP_IDENTITY_CREATED,
    WZP_IDENTITY_EPHEMERAL,
};

/* The seed in the file; makes the file if there is none. */
enum wzp_identity_origin wzp_identity_file_load(const char *path, uint8_t seed[32],
                                                char why[static WZP_IDENTITY_WHY_MAX]);

/* What `--id` says: a path, or the word "ephemeral", which is a seed that nobody keeps. */
enum wzp_identity_origin wzp_identity_option(const char *value, uint8_t seed[32],
                                             char why[static WZP_IDENTITY_WHY_MAX]);

#endif
