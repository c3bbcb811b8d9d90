// SPDX-License-Identifier: Apache-2.0
#include "run/identity_file.h"

#include <sodium.h>
#include <string.h>

#include "run/private_file.h"

enum wzp_identity_found wzp_identity_file_read(const char *path, struct wzp_identity_text *text,
                                               char why[static WZP_WHY_MAX])
{
    char bytes[WZP_IDENTITY_TEXT_MAX]; /* longer than any identity, so that a longer file is noticed */
    size_t len;
    enum wzp_private_found found = wzp_private_file_read(path, bytes, sizeof bytes, &len, why);
    if (found == WZP_PRIVATE_ABSENT)
        return WZP_IDENTITY_ABSENT;
    if (found == WZP_PRIVATE_FAILED)
        return WZP_IDENTITY_FAILED;
    enum wzp_identity_fault fault = wzp_identity_text_parse(bytes, len, text);
    sodium_memzero(bytes, sizeof bytes);
    if (fault == WZP_IDENTITY_OK)
        return WZP_IDENTITY_READ;
    wzp_why(why, "%s: %s", path, wzp_identity_fault_text(fault));
    return WZP_IDENTITY_FAILED;
}

bool wzp_identity_file_write(const char *path, const struct wzp_identity_text *text, bool replace,
                             char why[static WZP_WHY_MAX])
{
    char bytes[WZP_IDENTITY_TEXT_MAX];
    size_t len = wzp_identity_text_format(text, bytes);
    bool ok = wzp_private_file_write(path, bytes, len, replace, why);
    sodium_memzero(bytes, sizeof bytes);
    return ok;
}
