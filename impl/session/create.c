// SPDX-License-Identifier: Apache-2.0
/* An endpoint's defaults, and its memory: all of it is taken in create and given back in destroy. */
#include "base/check.h"
#include "session/session.h"

#include <sodium.h>
#include <stdalign.h>
#include <stddef.h>

static struct wzp_endpoint_config config_common(void)
{
    return (struct wzp_endpoint_config){
        .versions = {WZP_VERSION},
        .version_count = 1,
        .limits = {.send_queue_bytes = 16384,
                   .video_queue_bytes = 65536,
                   .stream_window = 24576,
                   .streams_granted = 16,
                   .bulk_window = 256 * 1024,
                   .session_window = 1024 * 1024},
        .connect_deadline_ns = 30 * WZP_S,
        .estimate = WZP_ESTIMATE_AUTO,
        .idle_timeout_ns = 30 * WZP_S,
        .rekey_packets = 65536,
        .rekey_ns = 600 * WZP_S,
        .rekey_min_ns = WZP_REKEY_MIN_NS,
        .packets_max = UINT64_C(1) << 48,
        .failed_opens_max = UINT64_C(1) << 36, /* RFC 9001 section 6.6 */
        .nat_timeout_ns = 15 * WZP_S,          /* RFC 8445 section 11 */
    };
}

struct wzp_endpoint_config wzp_endpoint_config_client(void)
{
    struct wzp_endpoint_config config = config_common();
    config.limits.sessions_max = 3;
    config.limits.streams_max = 32;
    return config;
}

struct wzp_endpoint_config wzp_endpoint_config_relay(void)
{
    struct wzp_endpoint_config config = config_common();
    config.accepts = true;
    config.limits.sessions_max = 256;
    config.limits.half_open_max = 256;
    config.limits.first_rate = 200;
    config.limits.streams_max = 128;
    config.load_max_bps = 20000000;
    config.gather_ns = 2 * WZP_MS;
    return config;
}

/* ---- memory ---- */

static void *take(struct wzp_endpoint *endpoint, size_t count, size_t size)
{
    return count ? endpoint->config.alloc.get(endpoint->config.alloc.ctx, count * size) : NULL;
}

static void give(struct wzp_endpoint *endpoint, void *memory, size_t count, size_t size)
{
    if (memory)
        endpoint->config.alloc.put(endpoint->config.alloc.ctx, memory, count * size);
}

static uint32_t owner_count(const struct wzp_endpoint *endpoint)
{
    return endpoint->session_count + endpoint->config.limits.half_open_max;
}

size_t endpoint_buffers_size(const struct wzp_endpoint *endpoint)
{
    const struct wzp_endpoint_limits *limits = &endpoint->config.limits;
    size_t size = limits->send_queue_bytes + limits->video_queue_bytes + 2 * (size_t)limits->stream_window;
    size += endpoint->config.passes_repair ? limits->send_queue_bytes : repair_memory_size();
    return (size + alignof(max_align_t) - 1) / alignof(max_align_t) * alignof(max_align_t);
}

static bool take_tables(struct wzp_endpoint *endpoint)
{
    const struct wzp_endpoint_limits *limits = &endpoint->config.limits;
    uint32_t owners = owner_count(endpoint), ids = 4;
    while (ids < 2 * ((IDS_LOCAL + 1) * endpoint->session_count + limits->half_open_max))
        ids *= 2;
    endpoint->ids.mask = ids - 1;
    endpoint->sessions = take(endpoint, endpoint->session_count, sizeof *endpoint->sessions);
    endpoint->buffers = take(endpoint, endpoint->session_count, endpoint_buffers_size(endpoint));
    endpoint->half_opens = take(endpoint, limits->half_open_max, sizeof *endpoint->half_opens);
    struct half_open_place *places = take(endpoint, limits->half_open_max, sizeof *places);
    uint32_t bucket_count = half_open_bucket_count(limits->half_open_max);
    uint32_t *buckets = take(endpoint, limits->half_open_max ? bucket_count : 0, sizeof *buckets);
    if (limits->half_open_max && places && buckets)
        half_open_init(&endpoint->half_open_index, limits->half_open_max, places, buckets);
    else
        endpoint->half_open_index = (struct half_open_index){.places = places, .buckets = buckets};
    endpoint->held = take(endpoint, limits->half_open_max ? WZP_HELD_EARLY_MAX : 0, sizeof *endpoint->held);
    endpoint->ids.slots = take(endpoint, ids, sizeof *endpoint->ids.slots);
    uint32_t *order = take(endpoint, owners, sizeof *order);
    uint32_t *position = take(endpoint, owners, sizeof *position);
    int64_t *at_ns = take(endpoint, owners, sizeof *at_ns);
    endpoint->due = (struct wzp_heap){owners, order, position, at_ns};
    if (!endpoint->sessions || !endpoint->buffers || !endpoint->ids.slots || !order || !position || !at_ns)
        return false;
    if (limits->half_open_max && (!endpoint->half_opens || !places || !buckets || !endpoint->held))
        return false;
    if (!streams_take_pool(endpoint))
        return false;
    wzp_heap_init(&endpoint->due, owners, order, position, at_ns);
    for (uint32_t i = 0; i < endpoint->session_count; i++)
        endpoint->sessions[i].index = i;
    return true;
}

struct wzp_endpoint *wzp_endpoint_create(struct wzp_endpoint_config *config)
{
    WZP_CHECK(config->version_count > 0 && config->limits.sessions_max > 0);
    WZP_CHECK(config->limits.stream_window >= WZP_SIGNAL_MAX + 2);
    WZP_CHECK(config->rekey_packets > 0 && config->rekey_ns > 0 && config->rekey_min_ns > 0);
    WZP_CHECK(config->packets_max > 0 && config->failed_opens_max > 0);
    struct wzp_endpoint *endpoint = config->alloc.get(config->alloc.ctx, sizeof *endpoint);
    if (endpoint) {
        endpoint->config = *config;
        wzp_drbg_init(&endpoint->drbg, config->seed, 0);
        if (config->limits.half_open_max) {
            cookies_init(&endpoint->cookies, config->seed, config->limits.first_rate);
            wzp_drbg_fill(&endpoint->cookies.drbg, endpoint->half_open_key, sizeof endpoint->half_open_key);
        }
        wzp_rate_init(&endpoint->rate, config->max_rate_bps);
        endpoint->session_count = config->limits.sessions_max + (config->accepts ? OVERFLOW_SESSIONS : 0);
        if (!take_tables(endpoint)) {
            wzp_endpoint_destroy(endpoint);
            endpoint = NULL;
        }
    }
    sodium_memzero(config->seed, sizeof config->seed);
    sodium_memzero(config->static_secret, sizeof config->static_secret);
    sodium_memzero(config->invitation, sizeof config->invitation);
    sodium_memzero(config->reset_key, sizeof config->reset_key);
    return endpoint;
}

void wzp_endpoint_destroy(struct wzp_endpoint *endpoint)
{
    if (!endpoint)
        return;
    const struct wzp_endpoint_limits *limits = &endpoint->config.limits;
    struct wzp_alloc alloc = endpoint->config.alloc;
    uint32_t owners = owner_count(endpoint);
    if (endpoint->sessions)
        sodium_memzero(endpoint->sessions, endpoint->session_count * sizeof *endpoint->sessions);
    if (endpoint->half_opens)
        sodium_memzero(endpoint->half_opens, limits->half_open_max * sizeof *endpoint->half_opens);
    give(endpoint, endpoint->sessions, endpoint->session_count, sizeof *endpoint->sessions);
    give(endpoint, endpoint->buffers, endpoint->session_count, endpoint_buffers_size(endpoint));
    streams_give_pool(endpoint);
    give(endpoint, endpoint->half_opens, limits->half_open_max, sizeof *endpoint->half_opens);
    give(endpoint, endpoint->half_open_index.places, limits->half_open_max,
         sizeof *endpoint->half_open_index.places);
    give(endpoint, endpoint->half_open_index.buckets, half_open_bucket_count(limits->half_open_max),
         sizeof *endpoint->half_open_index.buckets);
    give(endpoint, endpoint->held, limits->half_open_max ? WZP_HELD_EARLY_MAX : 0, sizeof *endpoint->held);
    give(endpoint, endpoint->ids.slots, endpoint->ids.mask + 1, sizeof *endpoint->ids.slots);
    give(endpoint, endpoint->due.order, owners, sizeof *endpoint->due.order);
    give(endpoint, endpoint->due.position, owners, sizeof *endpoint->due.position);
    give(endpoint, endpoint->due.at_ns, owners, sizeof *endpoint->due.at_ns);
    sodium_memzero(endpoint, sizeof *endpoint);
    alloc.put(alloc.ctx, endpoint, sizeof *endpoint);
}

void wzp_endpoint_set_invitations(struct wzp_endpoint *endpoint, const struct wzp_invitations *invitations)
{
    WZP_CHECK(invitations->count <= WZP_INVITATIONS_MAX);
    endpoint->invitations = *invitations;
}
