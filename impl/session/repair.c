// SPDX-License-Identifier: Apache-2.0
/* Memory and bounds that both directions of repair (repair_out.c, repair_in.c) share. */
#include "session/repair.h"

#include "session/session.h"

#define ALIGNMENT          16
#define HORIZON_DEFAULT_NS WZP_S
#define RATE_BPS_MAX       UINT64_C(10000000000) /* more is no bound that a session could meet */

static size_t aligned(size_t size)
{
    return (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
}

static size_t sources_size(void)
{
    return aligned(REPAIR_SOURCES * (sizeof(struct repair_source) + REPAIR_SYMBOL_MAX));
}

size_t repair_memory_size(void)
{
    return sources_size() + aligned(wzp_window_size(REPAIR_KNOWN, REPAIR_SYMBOL_MAX));
}

void repair_init(struct session *session, uint8_t *memory)
{
    session->repair_out = (struct repair_out){
        .horizon_max_ns = HORIZON_DEFAULT_NS,
        .interval_ns = REPAIR_INTERVAL_NS,
        .longest_ns = REPAIR_INTERVAL_NS,
        .planned_at_ns = -WZP_S,
    };
    session->repair_in = (struct repair_in){0};
    wzp_cover_tracker_init(&session->repair_out.tracker);
    if (!memory)
        return;
    session->repair_out.sources = (void *)memory;
    for (unsigned i = 0; i < REPAIR_SOURCES; i++)
        session->repair_out.sources[i].symbol = memory + REPAIR_SOURCES * sizeof(struct repair_source) +
                                                i * REPAIR_SYMBOL_MAX;
    session->repair_in.decoder = wzp_window_init(memory + sources_size(), wzp_gf256_best(), REPAIR_KNOWN,
                                                 REPAIR_SYMBOL_MAX);
}

void repair_restart_path(struct session *session)
{
    session->repair_out.begun = 0;
}

void repair_set_peer(struct session *session, const struct wzp_hello *hello)
{
    uint64_t rate_bps = hello->max_rate_bps < RATE_BPS_MAX ? hello->max_rate_bps : RATE_BPS_MAX;
    wzp_rate_set(&session->rate, rate_bps);
    session->peer_rate_bps = rate_bps;
    session->peer_wait_ns = hello->wait_ms * WZP_MS;
    session->peer_passes_repair = hello->passes_repair;
}

/* The smaller of two bounds, of which 0 is none. */
static uint64_t tighter(uint64_t a, uint64_t b)
{
    return a && (!b || a < b) ? a : b;
}

uint64_t repair_bound(const struct wzp_endpoint *endpoint, const struct session *session)
{
    return tighter(endpoint->config.max_rate_bps, session->peer_rate_bps);
}

uint64_t repair_assumed(const struct wzp_endpoint *endpoint, const struct session *session)
{
    return tighter(repair_bound(endpoint, session), pace_assumed(session));
}

uint64_t repair_carries(const struct wzp_endpoint *endpoint, const struct session *session)
{
    return tighter(repair_bound(endpoint, session), pace_rate(session));
}

uint64_t repair_rate(const struct wzp_endpoint *endpoint, const struct session *session)
{
    return tighter(repair_bound(endpoint, session), pace_plan_rate(session));
}
