// SPDX-License-Identifier: Apache-2.0
/*
 * A NAT in front of some nodes, in the words of RFC 4787: which outside port an inside address gets
 * (mapping), whose datagrams may come in there (filtering), for how long, whether nodes behind it reach
 * each other by their outside addresses (hairpinning), and ports that its owner forwarded.
 *
 * Law:
 *   mapping    endpoint-independent: one outside port for an inside address, whoever it sends to;
 *              address-dependent: one for each outside IP; address-and-port-dependent ("symmetric"): one for
 *              each outside IP and port
 *   filtering  endpoint-independent: anybody may send to a mapped port; address-dependent: those whose IP was
 *              sent to through it; address-and-port-dependent: those whose IP and port were
 *   timeout    a mapping unused that long is gone; outward packets use it (REQ-6), inward ones if
 *              `inbound_refreshes`. What it sends next gets another port
 *   forward    a port that is one inside address's for ever, whoever sends to it; it sends from it, too
 *   hairpin    what is for a mapped port of this NAT itself comes in again, from its outside address (REQ-9)
 * A NAT never gives a port twice within its life, so that a forgotten one is not another's. It holds at most
 * SIM_NAT_MAPPINGS; then nothing new goes out. Does not: pool addresses, keep ports, speak PCP, look into
 * datagrams.
 */
#ifndef WZP_SIM_NAT_H
#define WZP_SIM_NAT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/addr.h"

#define SIM_NAT_MAPPINGS 1024
#define SIM_NAT_REMOTES  64 /* of one mapping that filtering remembers: the latest */
#define SIM_NAT_PORT_MIN 20000

enum sim_nat_rule {
    SIM_NAT_ENDPOINT_INDEPENDENT,
    SIM_NAT_ADDRESS_DEPENDENT,
    SIM_NAT_ADDRESS_AND_PORT_DEPENDENT,
};

struct sim_nat_params {
    enum sim_nat_rule mapping, filtering;
    int64_t timeout_ns; /* above 0; RFC 4787 wants at least 2 minutes, many boxes have 30 s */
    bool inbound_refreshes;
    bool hairpin;
};

struct sim_nat_counts {
    uint64_t mappings; /* ever made */
    uint64_t filtered; /* came for a mapped port from somebody who may not */
    uint64_t unknown;  /* came for a port that is not mapped, or no longer */
    uint64_t full;     /* went out when there was no room */
};

struct sim_nat;

struct sim_nat *sim_nat_create(const struct sim_nat_params *params, const uint8_t ip[16]);
void sim_nat_destroy(struct sim_nat *nat);
const struct sim_nat_params *sim_nat_params(const struct sim_nat *nat);
const struct sim_nat_counts *sim_nat_counts(const struct sim_nat *nat);
bool sim_nat_is_at(const struct sim_nat *nat, const struct wzp_addr *addr);

/* From an inside address to the world; *outside is what the world sees. False: no room. */
bool sim_nat_out(struct sim_nat *nat, const struct wzp_addr *inside, const struct wzp_addr *to,
                 int64_t now_ns, struct wzp_addr *outside);
/* From the world to an outside address; *inside is who gets it. False: nobody. */
bool sim_nat_in(struct sim_nat *nat, const struct wzp_addr *from, const struct wzp_addr *outside,
                int64_t now_ns, struct wzp_addr *inside);
/* Who stands behind an outside address now, without a packet; false: nobody. */
bool sim_nat_look(const struct sim_nat *nat, const struct wzp_addr *outside, int64_t now_ns,
                  struct wzp_addr *inside);
/* A port for an inside address, for ever. False: no room. */
bool sim_nat_forward(struct sim_nat *nat, const struct wzp_addr *inside, struct wzp_addr *outside);
/* It restarts, or changes its mind: every mapping is gone but what is forwarded. */
void sim_nat_forget(struct sim_nat *nat);

#endif
