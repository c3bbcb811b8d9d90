// SPDX-License-Identifier: Apache-2.0
/*
 * The account of an answering node with every address it hears from: bytes in, bytes out, proven or not.
 *
 * Law: to an address that has not proven itself at most SIM_AMPLIFY_MAX times the UDP payload goes that came
 * from it (RFC 9000 section 8.1), so that who spoofs a victim's address gains nothing. An address is proven
 * from the moment on when a packet from it opened under session keys, or message 3 of XX came from it, which
 * answers what was sent there (proto/03-handshake.md). Does not: see packets, know nodes
 * (sim/watch.h does). Grows with the number of addresses.
 */
#ifndef WZP_SIM_AMPLIFY_H
#define WZP_SIM_AMPLIFY_H

#include "base/addr.h"

#include <stddef.h>

#define SIM_AMPLIFY_MAX 3

struct sim_amplify;

struct sim_amplify *sim_amplify_create(void);
void sim_amplify_destroy(struct sim_amplify *amplify);

void sim_amplify_came(struct sim_amplify *amplify, const struct wzp_addr *from, size_t bytes);
void sim_amplify_proved(struct sim_amplify *amplify, const struct wzp_addr *addr);
/* It knows what went to one of its ports, whichever: all from which anything came are proven. */
void sim_amplify_answered(struct sim_amplify *amplify, const struct wzp_addr *addr);
/* False: it was more than the law allows. */
bool sim_amplify_sent(struct sim_amplify *amplify, const struct wzp_addr *to, size_t bytes);

#endif
