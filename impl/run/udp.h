// SPDX-License-Identifier: Apache-2.0
/*
 * A UDP socket on a libuv loop. Datagrams come in by batches (recvmmsg) and go out with the next flush, those
 * of one length to one address in one call (UDP_SEGMENT), for a call costs more than a datagram; what the
 * kernel does not take at once waits in a bounded queue and leaves in order when it does.
 *
 * Law: a datagram given to send leaves whole, once, after those given before, or is counted in `dropped`: the
 * network may lose it anyway, so nobody is told. None is fragmented on its way. Received bytes belong to the
 * callback's argument until it returns and may be changed in place. A socket bound to "[::]" speaks IPv4 as
 * well. Does not: block, resolve, know what is in a datagram.
 */
#ifndef WZP_RUN_UDP_H
#define WZP_RUN_UDP_H

#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "base/addr.h"

#define WZP_UDP_DATAGRAM_MAX 2048 /* bytes; longer ones are dropped in both directions */
#define WZP_UDP_QUEUE_MAX    64   /* datagrams that may wait for the kernel */

struct wzp_udp_config {
    uv_loop_t *loop;
    struct wzp_addr local; /* port 0: any free one */
    void (*on_datagram)(void *ctx, const struct wzp_addr *from, uint8_t *datagram, size_t len);
    void *ctx;
};

struct wzp_udp_counters {
    uint64_t dropped_out; /* queue full, or the kernel refused: no route, no buffer */
    uint64_t dropped_in;  /* longer than WZP_UDP_DATAGRAM_MAX */
};

struct wzp_udp;

/* 0, or a libuv error (uv_strerror) and nothing is held. */
int wzp_udp_open(const struct wzp_udp_config *config, struct wzp_udp **udp);
/* From now on no callback; the memory goes when the loop has run once more. */
void wzp_udp_close(struct wzp_udp *udp);

/* `dscp`: how routers shall treat it (RFC 2474), 0..63; 0: best effort. */
void wzp_udp_send(struct wzp_udp *udp, const struct wzp_addr *to, unsigned dscp, const uint8_t *datagram,
                  size_t len);
void wzp_udp_flush(struct wzp_udp *udp); /* after the last of a burst */
struct wzp_addr wzp_udp_local(const struct wzp_udp *udp);
const struct wzp_udp_counters *wzp_udp_counters(const struct wzp_udp *udp);

/* The address that has no address: any interface, any port, of the same family as `peer`. */
struct wzp_addr wzp_udp_any(const struct wzp_addr *peer);

#endif
