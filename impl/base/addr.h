// SPDX-License-Identifier: Apache-2.0
/* A UDP address: IPv6, or IPv4 mapped into it (RFC 4291 section 2.5.5.2), and a port in host order. Compare
 * with memcmp. */
#ifndef WZP_BASE_ADDR_H
#define WZP_BASE_ADDR_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

struct wzp_addr {
    uint8_t ip[16];
    uint16_t port;
};

static inline bool wzp_addr_equal(const struct wzp_addr *a, const struct wzp_addr *b)
{
    return a->port == b->port && memcmp(a->ip, b->ip, sizeof a->ip) == 0;
}

#endif
