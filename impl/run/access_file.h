// SPDX-License-Identifier: Apache-2.0
/*
 * What `wzp-relay --allow` and `--invites` name: text files with 64 hexadecimal digits a line, and what the
 * relay makes of them.
 *
 * Law: `#` begins a comment, blank lines and blanks around the digits do not count; anything else fails the
 * whole load with one sentence that names the file, the line and the cause, and changes nothing. A file of
 * invitations that others than its owner may read is refused. Owns the keys; wiped by deinit.
 */
#ifndef WZP_RUN_ACCESS_FILE_H
#define WZP_RUN_ACCESS_FILE_H

#include "relay/access.h"

#define WZP_ACCESS_KEYS_MAX 65536
#define WZP_ACCESS_WHY_MAX  512

struct wzp_access_files {
    struct wzp_relay_access access; /* borrows `keys` */
    uint8_t (*keys)[32];
};

/* Either path may be NULL: then there is no list, or there are no invitations. With neither everybody is let
 * in. False: `why` is a sentence, and `files` is as it was before; what it held is given back only on
 * success. */
bool wzp_access_files_load(struct wzp_access_files *files, const char *allow, const char *invites,
                           char why[static WZP_ACCESS_WHY_MAX]);
void wzp_access_files_deinit(struct wzp_access_files *files);

#endif
