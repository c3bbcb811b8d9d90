// SPDX-License-Identifier: Apache-2.0
#include "sim/nat.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"

struct mapping {
    struct wzp_addr inside, remote; /* remote: as far as the mapping depends on it, else zeros */
    uint16_t port;
    bool is_forward; /* for whatever remote, for ever */
    int64_t used_ns;
    struct wzp_addr sent_to[SIM_NAT_REMOTES]; /* a ring */
    unsigned sent_count;
};

struct sim_nat {
    struct sim_nat_params params;
    struct sim_nat_counts counts;
    uint8_t ip[16];
    uint16_t next_port;
    struct mapping mapping[SIM_NAT_MAPPINGS];
    unsigned count;
};

struct sim_nat *sim_nat_create(const struct sim_nat_params *params, const uint8_t ip[16])
{
    WZP_CHECK(params->timeout_ns > 0);
    struct sim_nat *nat = calloc(1, sizeof *nat);
    WZP_CHECK(nat);
    nat->params = *params;
    memcpy(nat->ip, ip, sizeof nat->ip);
    nat->next_port = SIM_NAT_PORT_MIN;
    return nat;
}

void sim_nat_destroy(struct sim_nat *nat)
{
    free(nat);
}

const struct sim_nat_params *sim_nat_params(const struct sim_nat *nat)
{
    return &nat->params;
}

const struct sim_nat_counts *sim_nat_counts(const struct sim_nat *nat)
{
    return &nat->counts;
}

bool sim_nat_is_at(const struct sim_nat *nat, const struct wzp_addr *addr)
{
    return memcmp(addr->ip, nat->ip, sizeof nat->ip) == 0;
}

void sim_nat_forget(struct sim_nat *nat)
{
    unsigned kept = 0;
    for (unsigned i = 0; i < nat->count; i++)
        if (nat->mapping[i].is_forward)
            nat->mapping[kept++] = nat->mapping[i];
    nat->count = kept;
}

/* What of a remote address a rule looks at. */
static struct wzp_addr seen_by(enum sim_nat_rule rule, const struct wzp_addr *remote)
{
    struct wzp_addr seen = {.port = 0};
    if (rule >= SIM_NAT_ADDRESS_DEPENDENT)
        memcpy(seen.ip, remote->ip, sizeof seen.ip);
    if (rule == SIM_NAT_ADDRESS_AND_PORT_DEPENDENT)
        seen.port = remote->port;
    return seen;
}

static bool is_alive(const struct sim_nat *nat, const struct mapping *mapping, int64_t now_ns)
{
    return mapping->is_forward || now_ns - mapping->used_ns < nat->params.timeout_ns;
}

static struct mapping *make_mapping(struct sim_nat *nat, int64_t now_ns)
{
    unsigned kept = 0;
    for (unsigned i = 0; i < nat->count; i++)
        if (is_alive(nat, &nat->mapping[i], now_ns)) {
            if (kept != i)
                nat->mapping[kept] = nat->mapping[i];
            kept++;
        }
    nat->count = kept;
    if (nat->count == SIM_NAT_MAPPINGS || nat->next_port == UINT16_MAX) {
        nat->counts.full++;
        return NULL;
    }
    struct mapping *mapping = &nat->mapping[nat->count++];
    *mapping = (struct mapping){.port = nat->next_port++};
    nat->counts.mappings++;
    return mapping;
}

bool sim_nat_forward(struct sim_nat *nat, const struct wzp_addr *inside, struct wzp_addr *outside)
{
    struct mapping *mapping = make_mapping(nat, 0);
    if (!mapping)
        return false;
    mapping->inside = *inside;
    mapping->is_forward = true;
    memcpy(outside->ip, nat->ip, sizeof outside->ip);
    outside->port = mapping->port;
    return true;
}

static bool serves(const struct mapping *mapping, const struct wzp_addr *inside,
                   const struct wzp_addr *remote)
{
    return wzp_addr_equal(&mapping->inside, inside) &&
           (mapping->is_forward || wzp_addr_equal(&mapping->remote, remote));
}

bool sim_nat_out(struct sim_nat *nat, const struct wzp_addr *inside, const struct wzp_addr *to,
                 int64_t now_ns, struct wzp_addr *outside)
{
    struct wzp_addr remote = seen_by(nat->params.mapping, to);
    struct mapping *mapping = NULL;
    for (unsigned i = 0; i < nat->count && !mapping; i++)
        if (is_alive(nat, &nat->mapping[i], now_ns) && serves(&nat->mapping[i], inside, &remote))
            mapping = &nat->mapping[i];
    if (!mapping) {
        mapping = make_mapping(nat, now_ns);
        if (!mapping)
            return false;
        mapping->inside = *inside;
        mapping->remote = remote;
    }
    mapping->used_ns = now_ns;
    unsigned known = mapping->sent_count < SIM_NAT_REMOTES ? mapping->sent_count : SIM_NAT_REMOTES;
    bool is_known = false;
    for (unsigned i = 0; i < known; i++)
        is_known = is_known || wzp_addr_equal(&mapping->sent_to[i], to);
    if (!is_known)
        mapping->sent_to[mapping->sent_count++ % SIM_NAT_REMOTES] = *to;
    memcpy(outside->ip, nat->ip, sizeof outside->ip);
    outside->port = mapping->port;
    return true;
}

static const struct mapping *find_port(const struct sim_nat *nat, const struct wzp_addr *outside,
                                       int64_t now_ns)
{
    for (unsigned i = 0; i < nat->count; i++)
        if (nat->mapping[i].port == outside->port && is_alive(nat, &nat->mapping[i], now_ns))
            return &nat->mapping[i];
    return NULL;
}

static bool may_enter(const struct sim_nat *nat, const struct mapping *mapping, const struct wzp_addr *from)
{
    struct wzp_addr remote = seen_by(nat->params.filtering, from);
    if (mapping->is_forward || nat->params.filtering == SIM_NAT_ENDPOINT_INDEPENDENT)
        return true;
    unsigned known = mapping->sent_count < SIM_NAT_REMOTES ? mapping->sent_count : SIM_NAT_REMOTES;
    for (unsigned i = 0; i < known; i++) {
        struct wzp_addr sent_to = seen_by(nat->params.filtering, &mapping->sent_to[i]);
        if (wzp_addr_equal(&sent_to, &remote))
            return true;
    }
    return false;
}

bool sim_nat_look(const struct sim_nat *nat, const struct wzp_addr *outside, int64_t now_ns,
                  struct wzp_addr *inside)
{
    const struct mapping *mapping = sim_nat_is_at(nat, outside) ? find_port(nat, outside, now_ns) : NULL;
    if (mapping)
        *inside = mapping->inside;
    return mapping != NULL;
}

bool sim_nat_in(struct sim_nat *nat, const struct wzp_addr *from, const struct wzp_addr *outside,
                int64_t now_ns, struct wzp_addr *inside)
{
    const struct mapping *found = sim_nat_is_at(nat, outside) ? find_port(nat, outside, now_ns) : NULL;
    if (!found) {
        nat->counts.unknown++;
        return false;
    }
    if (!may_enter(nat, found, from)) {
        nat->counts.filtered++;
        return false;
    }
    if (nat->params.inbound_refreshes)
        nat->mapping[found - nat->mapping].used_ns = now_ns;
    *inside = found->inside;
    return true;
}
