// SPDX-License-Identifier: Apache-2.0
#include "sim/run.h"

void sim_api_secrets_open(lua_State *lua)
{
    (void)lua;
}

void sim_recorder_destroy(struct sim_recorder *recorder)
{
    (void)recorder;
}
