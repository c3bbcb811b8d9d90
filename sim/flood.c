// SPDX-License-Identifier: Apache-2.0
#include "sim/flood.h"

#include "base/check.h"
#include "base/rng.h"
#include "run/memory.h"
#include "session/endpoint.h"

#include <stdlib.h>
#include <string.h>

#define STREAM_BYTES   600
#define STREAM_SOURCES 601
#define SOURCE_AT      6 /* of a long packet: form, version, destination id, source id */
#define EPHEMERAL_LEN  32
#define SHORT_MIN      25

struct sim_flood {
    struct sim_net *net;
    unsigned to;
    struct sim_flood_params params;
    struct wzp_rng rng;
    uint64_t sent, seed;
    uint8_t initial[WZP_DATAGRAM_MAX]; /* the one that all are made from */
    size_t initial_len, message_at;
};

/* What a client says first. In clear, so its connection id and key can be changed at will: the id stands in
 * the header and at the payload's start, behind the key. */
static void learn_initial(struct sim_flood *flood)
{
    struct wzp_endpoint_config config = wzp_endpoint_config_client();
    struct wzp_addr to = sim_net_addr_now(flood->net, flood->to);
    uint32_t session;
    config.alloc = wzp_memory_alloc();
    sim_net_secret(flood->net, flood->to, "flood", config.seed);
    memcpy(config.static_secret, config.seed, sizeof config.static_secret);
    struct wzp_endpoint *endpoint = wzp_endpoint_create(&config);
    WZP_CHECK(endpoint && wzp_endpoint_connect(endpoint, &to, NULL, 0, &session) == WZP_ERR_OK);
    flood->initial_len = wzp_endpoint_transmit(endpoint, 0, &to, flood->initial, sizeof flood->initial);
    wzp_endpoint_destroy(endpoint);
    struct wzp_reader reader = wzp_reader_make(flood->initial, flood->initial_len);
    struct wzp_long_header header;
    WZP_CHECK(wzp_long_header_decode(&reader, &header));
    WZP_CHECK(header.message.len >= EPHEMERAL_LEN + 4);
    flood->message_at = (size_t)(header.message.data - flood->initial);
    WZP_CHECK(memcmp(flood->initial + SOURCE_AT, flood->initial + flood->message_at + EPHEMERAL_LEN, 4) == 0);
}

static void fill(struct wzp_rng *rng, uint8_t *bytes, size_t len)
{
    for (size_t i = 0; i < len; i += 8) {
        uint64_t word = wzp_rng_u64(rng);
        memcpy(bytes + i, &word, len - i < 8 ? len - i : 8);
    }
}

static size_t compose(struct sim_flood *flood, uint8_t bytes[WZP_DATAGRAM_MAX])
{
    size_t len;
    memset(bytes, 0, WZP_DATAGRAM_MAX);
    switch (flood->params.kind) {
    case SIM_FLOOD_INITIAL:
        len = flood->initial_len;
        memcpy(bytes, flood->initial, len);
        fill(&flood->rng, bytes + flood->message_at, EPHEMERAL_LEN);
        fill(&flood->rng, bytes + SOURCE_AT, 4);
        memcpy(bytes + flood->message_at + EPHEMERAL_LEN, bytes + SOURCE_AT, 4);
        return len;
    case SIM_FLOOD_SHORT:
        len = SHORT_MIN + (size_t)wzp_rng_below(&flood->rng, WZP_DATAGRAM_MAX - SHORT_MIN + 1);
        fill(&flood->rng, bytes, len);
        bytes[0] = (uint8_t)(0x40 | (bytes[0] & 0x1f));
        return len;
    case SIM_FLOOD_RANDOM:
        break;
    }
    len = 1 + (size_t)wzp_rng_below(&flood->rng, WZP_DATAGRAM_MAX);
    fill(&flood->rng, bytes, len);
    return len;
}

static struct wzp_addr source(const struct sim_flood *flood)
{
    uint64_t number = flood->params.sources ? flood->sent % flood->params.sources : flood->sent;
    struct wzp_rng rng = wzp_rng_make(flood->seed + number, STREAM_SOURCES);
    struct wzp_addr addr = {.ip = {[10] = 0xff, [11] = 0xff}};
    addr.ip[12] = (uint8_t)(11 + wzp_rng_below(&rng, 116));
    for (unsigned i = 13; i < 16; i++)
        addr.ip[i] = (uint8_t)wzp_rng_below(&rng, 256);
    addr.port = (uint16_t)(1024 + wzp_rng_below(&rng, 64512));
    return addr;
}

static int64_t next_at(const struct sim_flood *flood)
{
    uint64_t second = flood->sent / flood->params.rate, rest = flood->sent % flood->params.rate;
    return flood->params.from_ns + (int64_t)second * WZP_S +
           (int64_t)(rest * (uint64_t)WZP_S / flood->params.rate);
}

static void strike(void *ctx, int64_t now_ns)
{
    struct sim_flood *flood = ctx;
    uint8_t bytes[WZP_DATAGRAM_MAX];
    struct wzp_addr from = source(flood);
    size_t len = compose(flood, bytes);
    (void)now_ns;
    flood->sent++;
    sim_net_strike(flood->net, &from, flood->to, bytes, len);
    if (next_at(flood) < flood->params.until_ns)
        sim_net_at(flood->net, next_at(flood), strike, flood);
}

struct sim_flood *sim_flood_create(struct sim_net *net, unsigned to, const struct sim_flood_params *params)
{
    struct sim_flood *flood = calloc(1, sizeof *flood);
    WZP_CHECK(flood);
    *flood = (struct sim_flood){.net = net, .to = to, .params = *params, .seed = sim_net_seed(net)};
    flood->rng = wzp_rng_make(flood->seed, STREAM_BYTES);
    if (params->kind == SIM_FLOOD_INITIAL)
        learn_initial(flood);
    if (params->from_ns < params->until_ns)
        sim_net_at(net, params->from_ns, strike, flood);
    return flood;
}

void sim_flood_destroy(struct sim_flood *flood)
{
    free(flood);
}
