// SPDX-License-Identifier: Apache-2.0
/* wzp-relay invite: a fresh invitation code. */
#include "run/cmd.h"

#include <sodium.h>

#include "run/entropy.h"

int wzp_cmd_invite(int argc, char **argv)
{
    struct wzp_options options = {
        "wzp-relay invite", "Prints a fresh invitation code.",
        "Put it into the relay's --invites file and give it to whom you invite, on a way that nobody\n"
        "else reads: wzp-client join --invite CODE. It works until it is taken out of the file.",
        NULL, 0};
    int status;
    if (!wzp_options_take(&options, argc, argv, &status))
        return status;
    uint8_t secret[32];
    char code[WZP_KEY_TEXT_MAX];
    wzp_entropy_fill(secret, sizeof secret);
    wzp_key_format(secret, code);
    bool ok = puts(code) >= 0 && fflush(stdout) == 0;
    sodium_memzero(secret, sizeof secret);
    sodium_memzero(code, sizeof code);
    return ok ? WZP_EXIT_OK : WZP_EXIT_USAGE;
}
