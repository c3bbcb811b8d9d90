// SPDX-License-Identifier: Apache-2.0
/*
 * The real relay as a node of a world, and all relays of one world.
 *
 * Law: each has an address, an identity and randomness of its own and knows nothing of the others; a room
 * lives on one relay, so that two of the same name on two relays are two rooms. Nothing here changes what the
 * relay does. Does not: connect relays. docs/sim.md.
 */
#ifndef WZP_SIM_RELAYS_H
#define WZP_SIM_RELAYS_H

#include "crypt/identity.h"
#include "relay/relay.h"
#include "sim/net.h"

#define SIM_RELAYS_MAX    64
#define SIM_RELAY_KEY_MAX 40

struct sim_relay {
    struct wzp_relay *relay; /* NULL while its process is gone */
    struct sim_net *net;
    struct wzp_relay_config config; /* without secrets */
    unsigned node;
    struct wzp_addr addr; /* where people look for it */
    unsigned starts;      /* each with randomness of its own */
    struct wzp_identity identity;
    uint8_t seed[32]; /* of the identity: what a thief may find */
};

/* A time between rekeys, 0 for the program's own; the least time is lowered to it. */
void sim_set_rekey(struct wzp_endpoint_config *config, int64_t every_ns);

struct sim_relay *sim_relay_create(struct sim_net *net, const char *name,
                                   const struct wzp_relay_config *config);
/* It stands behind that NAT, which forwards a port to it: its address from now on. False: the NAT has none.
 */
bool sim_relay_put_behind(struct sim_relay *relay, struct sim_nat *nat);
void sim_relay_destroy(struct sim_relay *relay);
void sim_relay_kill(
    struct sim_relay *relay); /* then: the same address, other randomness, the identity `key` */
void sim_relay_start(struct sim_relay *relay, const char *key);

/* Those of a world, each by itself: a room lives on one relay, and one of the same name on another is another
 * room. */
struct sim_relays {
    struct sim_relay *relay[SIM_RELAYS_MAX];
    unsigned count;
};

/* NULL: none has this name. */
struct sim_relay *sim_relays_find(const struct sim_relays *relays, const char *name);
const char *sim_relay_name(const struct sim_relay *relay);

#endif
