// SPDX-License-Identifier: Apache-2.0
/*
 * Where an identity (run/identity_text.h) lives between two runs: a small file that only its owner may read.
 *
 * Law: a file that anybody but its owner may read or write, that belongs to somebody else, that is a symbolic
 * link or no regular file, or that is not whole is never used; the refusal is one sentence that names the
 * file. A new one appears whole or not at all, mode 0600 from its first moment, on the disk when the call
 * returns; what is there already is replaced only when that is asked for. Secrets are left nowhere but with
 * the caller, who wipes them.
 */
#ifndef WZP_RUN_IDENTITY_FILE_H
#define WZP_RUN_IDENTITY_FILE_H

#include "run/identity_text.h"
#include "run/why.h"

enum wzp_identity_found {
    WZP_IDENTITY_FAILED, /* `why` is the sentence */
    WZP_IDENTITY_READ,
    WZP_IDENTITY_ABSENT, /* there is no such file, but it could be made; `why` says so as well */
};

enum wzp_identity_found wzp_identity_file_read(const char *path, struct wzp_identity_text *text,
                                               char why[static WZP_WHY_MAX]);

/* False: `why` is the sentence; also when there is a file already and `replace` is false. */
bool wzp_identity_file_write(const char *path, const struct wzp_identity_text *text, bool replace,
                             char why[static WZP_WHY_MAX]);

#endif
