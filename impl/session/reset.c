// SPDX-License-Identifier: Apache-2.0
#include "session/reset.h"

#include "base/check.h"
#include "session/session.h"

#include <sodium.h>
#include <string.h>

#define TOKEN_EVERY_NS (WZP_S / WZP_RESET_RATE)

void endpoint_reset_token(const struct wzp_endpoint *endpoint, uint32_t id, uint8_t out[WZP_RESET_TOKEN_LEN])
{
    uint8_t bytes[4] = {(uint8_t)(id >> 24), (uint8_t)(id >> 16), (uint8_t)(id >> 8), (uint8_t)id};
    crypto_generichash_blake2b(out, WZP_RESET_TOKEN_LEN, bytes, sizeof bytes, endpoint->config.reset_key,
                               sizeof endpoint->config.reset_key);
}

/* Takes one from a bucket of WZP_RESET_BURST that fills at WZP_RESET_RATE. */
static bool take_from_bucket(struct resets *resets, int64_t now_ns)
{
    int64_t full_at_ns = wzp_time_max(resets->full_at_ns, now_ns) + TOKEN_EVERY_NS;
    if (full_at_ns - now_ns > WZP_RESET_BURST * TOKEN_EVERY_NS)
        return false;
    resets->full_at_ns = full_at_ns;
    return true;
}

enum wzp_drop reset_on_unknown(struct wzp_endpoint *endpoint, const struct wzp_addr *from, uint32_t id,
                               size_t len, int64_t now_ns)
{
    struct resets *resets = &endpoint->resets;
    if (!endpoint->config.accepts || len < SHORT_MIN)
        return WZP_DROP_CONNECTION_UNKNOWN;
    for (unsigned i = 0; i < RESET_HUSHED; i++)
        if (resets->hushed[i] == id)
            return WZP_DROP_CONNECTION_UNKNOWN;
    if (resets->count == RESETS_WAITING || !take_from_bucket(resets, now_ns))
        return WZP_DROP_RESET_LIMITED;
    resets->waiting[resets->count].to = *from;
    resets->waiting[resets->count].id = id;
    resets->count++;
    return WZP_DROP_CONNECTION_UNKNOWN;
}

void reset_hush(struct wzp_endpoint *endpoint, uint32_t id)
{
    struct resets *resets = &endpoint->resets;
    resets->hushed[resets->hushed_next++ % RESET_HUSHED] = id;
}

size_t reset_transmit(struct wzp_endpoint *endpoint, struct wzp_addr *to, uint8_t *datagram, size_t capacity)
{
    struct resets *resets = &endpoint->resets;
    if (!resets->count)
        return 0;
    resets->count--;
    *to = resets->waiting[resets->count].to;
    size_t len = RESET_MIN + wzp_drbg_u32(&endpoint->drbg) % (RESET_MAX - RESET_MIN + 1);
    WZP_CHECK(len <= capacity);
    wzp_drbg_fill(&endpoint->drbg, datagram, len - WZP_RESET_TOKEN_LEN);
    datagram[0] = (uint8_t)(WZP_FORM_SHORT | (datagram[0] & 0x1f));
    endpoint_reset_token(endpoint, resets->waiting[resets->count].id, datagram + len - WZP_RESET_TOKEN_LEN);
    endpoint->counters.resets_out++;
    return len;
}

enum wzp_drop reset_recognise(struct wzp_endpoint *endpoint, struct wzp_slice datagram,
                              enum wzp_drop unopened)
{
    if (!endpoint->reset_tokens || datagram.len < RESET_MIN)
        return unopened;
    const uint8_t *end = datagram.data + datagram.len - WZP_RESET_TOKEN_LEN;
    struct session *found = NULL;
    for (uint32_t i = 0; i < endpoint->session_count; i++) {
        struct session *session = &endpoint->sessions[i];
        if (session->has_reset_token && sodium_memcmp(session->reset_token, end, WZP_RESET_TOKEN_LEN) == 0)
            found = session;
    }
    if (!found)
        return unopened;
    if (found->state != SESSION_ACTIVE || found->is_reset_hinted)
        return WZP_DROP_RESET_IGNORED;
    found->is_reset_hinted = true;
    wzp_trace_emit(&endpoint->config.trace, endpoint->now_ns, WZP_TRACE_RESET_HINT, found->local_id, 0, 0);
    endpoint_notify(endpoint, found, NOTICE_RESET_HINT);
    return WZP_DROP_COUNT;
}

void reset_remember(struct wzp_endpoint *endpoint, struct session *session,
                    const uint8_t token[WZP_RESET_TOKEN_LEN])
{
    if (!session->is_initiator)
        return;
    endpoint->reset_tokens += !session->has_reset_token;
    session->has_reset_token = true;
    memcpy(session->reset_token, token, sizeof session->reset_token);
}

void reset_forget(struct wzp_endpoint *endpoint, struct session *session)
{
    endpoint->reset_tokens -= session->has_reset_token;
    session->has_reset_token = false;
}
