// SPDX-License-Identifier: Apache-2.0
#include "sim/relays.h"

#include "base/check.h"
#include "sim/watch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void relay_receive(void *self, const struct wzp_addr *from, uint8_t *datagram, size_t len,
                          int64_t now_ns)
{
    struct sim_relay *relay = self;
    if (relay->relay)
        wzp_relay_receive(relay->relay, from, datagram, len, now_ns);
}

static size_t relay_transmit(void *self, int64_t now_ns, struct wzp_addr *to, uint8_t *datagram,
                             size_t capacity)
{
    struct sim_relay *relay = self;
    return relay->relay ? wzp_relay_transmit(relay->relay, now_ns, to, datagram, capacity) : 0;
}

static int64_t relay_next_at(const void *self)
{
    const struct sim_relay *relay = self;
    return relay->relay ? wzp_relay_next_at(relay->relay) : WZP_NEVER;
}

static void relay_advance(void *self, int64_t now_ns)
{
    struct sim_relay *relay = self;
    if (relay->relay)
        wzp_relay_advance(relay->relay, now_ns);
}

static const struct sim_node_ops relay_ops = {
    .receive = relay_receive, .transmit = relay_transmit, .next_at = relay_next_at, .advance = relay_advance};

void sim_set_rekey(struct wzp_endpoint_config *config, int64_t every_ns)
{
    if (every_ns == 0)
        return;
    config->rekey_ns = every_ns;
    config->rekey_min_ns = wzp_time_min(config->rekey_min_ns, every_ns);
}

void sim_relay_start(struct sim_relay *relay, const char *key)
{
    WZP_CHECK(!relay->relay);
    struct wzp_relay_config config = relay->config;
    char purpose[64];
    snprintf(purpose, sizeof purpose, "identity%s%s", key[0] ? " " : "", key);
    sim_net_secret(relay->net, relay->node, purpose, relay->seed);
    wzp_identity_from_seed(&relay->identity, relay->seed);
    snprintf(purpose, sizeof purpose, relay->starts ? "randomness %u" : "randomness", relay->starts);
    relay->starts++;
    sim_net_secret(relay->net, relay->node, purpose, config.endpoint.seed);
    memcpy(config.endpoint.static_secret, relay->identity.noise_secret, 32);
    memcpy(config.endpoint.static_public, relay->identity.noise_public, 32);
    wzp_identity_reset_key(&relay->identity, config.endpoint.reset_key);
    config.endpoint.alloc = sim_net_alloc(relay->net, relay->node);
    config.endpoint.trace = sim_net_trace(relay->net, relay->node);
    sim_net_open_memory(relay->net, relay->node);
    relay->relay = wzp_relay_create(&config);
    WZP_CHECK(relay->relay);
    sim_net_close_memory(relay->net, relay->node);
    sim_watch_guard(relay->node);
}

void sim_relay_kill(struct sim_relay *relay)
{
    if (relay->relay)
        wzp_relay_destroy(relay->relay);
    relay->relay = NULL;
}

struct sim_relay *sim_relay_create(struct sim_net *net, const char *name,
                                   const struct wzp_relay_config *config)
{
    struct sim_relay *relay = calloc(1, sizeof *relay);
    WZP_CHECK(relay);
    relay->net = net;
    relay->config = *config;
    relay->node = sim_net_add(net, name, &relay_ops, relay);
    relay->addr = sim_net_addr(relay->node);
    sim_relay_start(relay, "");
    return relay;
}

bool sim_relay_put_behind(struct sim_relay *relay, struct sim_nat *nat)
{
    struct wzp_addr inside = sim_net_addr(relay->node);
    sim_net_put_behind(relay->net, relay->node, nat);
    return sim_nat_forward(nat, &inside, &relay->addr);
}

void sim_relay_destroy(struct sim_relay *relay)
{
    sim_relay_kill(relay);
    free(relay);
}

const char *sim_relay_name(const struct sim_relay *relay)
{
    return sim_net_name(relay->net, relay->node);
}

struct sim_relay *sim_relays_find(const struct sim_relays *relays, const char *name)
{
    for (unsigned i = 0; i < relays->count; i++)
        if (strcmp(sim_relay_name(relays->relay[i]), name) == 0)
            return relays->relay[i];
    return NULL;
}
