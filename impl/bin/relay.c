// SPDX-License-Identifier: Apache-2.0
/* wzp-relay: docs/running.md */
#include <sodium.h>
#include <string.h>

#include "base/check.h"
#include "run/cmd.h"

int main(int argc, char **argv)
{
    WZP_CHECK(sodium_init() >= 0);
    if (argc > 1 && strcmp(argv[1], "invite") == 0)
        return wzp_cmd_invite(argc - 2, argv + 2);
    return wzp_cmd_relay(argc - 1, argv + 1);
}
