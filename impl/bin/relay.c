// SPDX-License-Identifier: Apache-2.0
/* wzp-relay: docs/running.md */
#include <sodium.h>

#include "base/check.h"
#include "run/cmd.h"

int main(int argc, char **argv)
{
    WZP_CHECK(sodium_init() >= 0);
    return wzp_cmd_relay(argc - 1, argv + 1);
}
