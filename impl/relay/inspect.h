// SPDX-License-Identifier: Apache-2.0
/* The relay's hands, for the simulator's liars alone: they say with them what an honest relay never says. */
#ifndef WZP_RELAY_INSPECT_H
#define WZP_RELAY_INSPECT_H

#include "relay/relay.h"

struct wzp_endpoint *wzp_relay_endpoint(struct wzp_relay *relay);
/* Handles of the sessions that are in rooms, at most `max`. */
size_t wzp_relay_sessions(const struct wzp_relay *relay, uint32_t *sessions, size_t max);

#endif
