// SPDX-License-Identifier: Apache-2.0
/*
 * What the virtual networks of tests are made of: the datagrams under way, and the endpoints at their ends.
 * How long a datagram travels, and whether it arrives, is the test's.
 *
 *     pipe_make(max), pipe_free, pipe_put, pipe_take
 *     datagram_transmit, datagram_receive
 *     side_config, side_addr, config_keys
 *
 * Law: of datagrams due at the same time the one put first is taken first. Two sides of one seed, and one
 * side of two seeds, have other keys. The maker of a pipe frees it. It does NOT know the time.
 */
#ifndef WZP_SESSION_PIPE_TEST_H
#define WZP_SESSION_PIPE_TEST_H

#include "base/alloc_test.h"
#include "crypt/identity.h"
#include "session/endpoint.h"

#include <stdlib.h>
#include <string.h>

struct datagram {
    int64_t at_ns;   /* when it arrives */
    uint64_t number; /* of those put */
    struct wzp_addr from, to;
    unsigned side; /* that it is for, in worlds that number their endpoints */
    size_t len;
    uint8_t bytes[WZP_DATAGRAM_CEILING];
};

struct pipe {
    struct datagram *datagrams; /* in no order, once one was taken */
    size_t len, max;
    uint64_t put;
};

static inline struct pipe pipe_make(size_t max)
{
    return (struct pipe){.datagrams = calloc(max, sizeof(struct datagram)), .max = max};
}

static inline void pipe_free(struct pipe *pipe)
{
    free(pipe->datagrams);
}

/* False: it is full. */
static inline bool pipe_put(struct pipe *pipe, const struct datagram *datagram)
{
    if (pipe->len == pipe->max)
        return false;
    pipe->datagrams[pipe->len] = *datagram;
    pipe->datagrams[pipe->len++].number = pipe->put++;
    return true;
}

/* The earliest that arrives until then; false: none does. */
static inline bool pipe_take(struct pipe *pipe, int64_t until_ns, struct datagram *out)
{
    struct datagram *first = NULL;
    for (struct datagram *each = pipe->datagrams; each < pipe->datagrams + pipe->len; each++)
        if (each->at_ns <= until_ns && (!first || each->at_ns < first->at_ns ||
                                        (each->at_ns == first->at_ns && each->number < first->number)))
            first = each;
    if (!first)
        return false;
    *out = *first;
    *first = pipe->datagrams[--pipe->len];
    return true;
}

/* What the endpoint sends next: `to`, `len` and `bytes`; false: nothing now. */
static inline bool datagram_transmit(struct datagram *datagram, struct wzp_endpoint *endpoint, int64_t now_ns)
{
    datagram->len = wzp_endpoint_transmit(endpoint, now_ns, &datagram->to, datagram->bytes,
                                          sizeof datagram->bytes);
    return datagram->len > 0;
}

/* It is opened in place. */
static inline void datagram_receive(struct datagram *datagram, struct wzp_endpoint *endpoint, int64_t now_ns)
{
    wzp_endpoint_receive(endpoint, &datagram->from, datagram->bytes, datagram->len, now_ns);
}

/* Memory, randomness and identity of an endpoint. */
static inline void config_keys(struct wzp_endpoint_config *config, unsigned side, uint64_t seed)
{
    struct wzp_identity identity;
    const uint8_t identity_seed[32] = {(uint8_t)(side + 1), (uint8_t)seed};
    wzp_identity_from_seed(&identity, identity_seed);
    config->alloc = test_alloc;
    memset(config->seed, (int)(seed * 2 + side), sizeof config->seed);
    memcpy(config->static_secret, identity.noise_secret, sizeof config->static_secret);
    memcpy(config->static_public, identity.noise_public, sizeof config->static_public);
}

/* Of a client (0), or of a relay (1). */
static inline struct wzp_endpoint_config side_config(unsigned side, uint64_t seed)
{
    struct wzp_endpoint_config config = side ? wzp_endpoint_config_relay() : wzp_endpoint_config_client();
    config_keys(&config, side, seed);
    return config;
}

static inline struct wzp_addr side_addr(unsigned side)
{
    return (struct wzp_addr){.ip = {[15] = (uint8_t)(side + 1)}, .port = 1000};
}

#endif
