// SPDX-License-Identifier: Apache-2.0
/* For tests that play the endpoint: those of its functions by which nothing comes and nothing goes. */
#ifndef WZP_CALL_QUIET_TEST_H
#define WZP_CALL_QUIET_TEST_H

#include "session/endpoint.h"

void wzp_endpoint_receive(struct wzp_endpoint *endpoint, const struct wzp_addr *from, uint8_t *datagram,
                          size_t len, int64_t now_ns)
{
    (void)endpoint, (void)from, (void)datagram, (void)len, (void)now_ns;
}

size_t wzp_endpoint_transmit(struct wzp_endpoint *endpoint, int64_t now_ns, struct wzp_addr *to,
                             uint8_t *datagram, size_t capacity)
{
    (void)endpoint, (void)now_ns, (void)to, (void)datagram, (void)capacity;
    return 0;
}

int64_t wzp_endpoint_next_at(const struct wzp_endpoint *endpoint)
{
    (void)endpoint;
    return WZP_NEVER;
}

void wzp_endpoint_advance(struct wzp_endpoint *endpoint, int64_t now_ns)
{
    (void)endpoint, (void)now_ns;
}

enum wzp_err wzp_endpoint_ask(struct wzp_endpoint *endpoint, const struct wzp_addr *to, int64_t now_ns,
                              uint32_t *session)
{
    (void)endpoint, (void)to, (void)now_ns, (void)session;
    return WZP_ERR_FULL;
}

void wzp_endpoint_abandon(struct wzp_endpoint *endpoint, uint32_t session, int64_t now_ns)
{
    (void)endpoint, (void)session, (void)now_ns;
}

/* As its facts tell: always later than anything that was said. */
int64_t wzp_endpoint_heard_at(const struct wzp_endpoint *endpoint, uint32_t session)
{
    (void)endpoint, (void)session;
    return INT64_MAX / 2;
}

void wzp_endpoint_ping(struct wzp_endpoint *endpoint, uint32_t session)
{
    (void)endpoint, (void)session;
}

void wzp_endpoint_set_repair_path(struct wzp_endpoint *endpoint, uint32_t session,
                                  const struct wzp_cover_path *beyond)
{
    (void)endpoint, (void)session, (void)beyond;
}

void wzp_endpoint_set_repair_horizon(struct wzp_endpoint *endpoint, uint32_t session, int64_t horizon_ns)
{
    (void)endpoint, (void)session, (void)horizon_ns;
}

void wzp_endpoint_on_poisoned(struct wzp_endpoint *endpoint, uint32_t session, uint16_t slot,
                              const struct wzp_media_header *header)
{
    (void)endpoint, (void)session, (void)slot, (void)header;
}

unsigned wzp_endpoint_dscp(const struct wzp_endpoint *endpoint)
{
    (void)endpoint;
    return 0;
}

#endif
