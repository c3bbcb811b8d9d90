// SPDX-License-Identifier: Apache-2.0
/* What the machine knows of the way to the relay, handed on to the session. */
#include "call/state.h"

void wzp_call_on_moved(struct wzp_call *call, int64_t now_ns)
{
    wzp_endpoint_on_moved(call->endpoint, call->session, now_ns);
}

void wzp_call_find_mtu(struct wzp_call *call, int64_t now_ns)
{
    wzp_endpoint_find_mtu(call->endpoint, call->session, now_ns);
}
