// SPDX-License-Identifier: Apache-2.0
/* Keys laid open, for the simulator's judges alone: they prove with them what nobody can open. */
#ifndef WZP_CALL_INSPECT_H
#define WZP_CALL_INSPECT_H

#include "call/call.h"
#include "crypt/sender.h"

/* What is held of a member's keys; NULL when no such slot. */
const struct wzp_sender_keys *wzp_call_sender_keys(const struct wzp_call *call, uint16_t slot);
/* When the first media packet left; WZP_NEVER. */
int64_t wzp_call_first_media_sent_ns(const struct wzp_call *call);
const struct wzp_sender_key *wzp_call_own_key(const struct wzp_call *call);
/* The stay key whose secret is wiped on leaving. */
const struct wzp_stay *wzp_call_stay(const struct wzp_call *call);
const struct wzp_member_record *wzp_call_record(const struct wzp_call *call);

#endif
