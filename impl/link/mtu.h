// SPDX-License-Identifier: Apache-2.0
/*
 * How large a datagram one path takes, found by probes (RFC 8899 in kind; sizes are UDP payload).
 *
 * Law: WZP_DATAGRAM_MAX until a larger size is confirmed; a size is confirmed when a probe of it is
 * acknowledged, and no other packet exceeds the confirmed size. Nothing is probed until it is wanted: a probe
 * is a large packet, and who only speaks gains nothing by it. The search goes over WZP_MTU_SIZES: the largest
 * first, then by halves; a size has failed when `tries` probes of it were not acknowledged in time. It begins
 * again 10 minutes after its end. A path that swallows what it took before (a black hole) is noticed when at
 * least WZP_MTU_HOLE_PACKETS packets above WZP_DATAGRAM_MAX left over at least `patience` and none was
 * acknowledged: the size falls back and the search begins again after 30 s.
 *
 * The sizes: what IPv6 (48 bytes of headers) and IPv4 (28) leave of 1280, 1400 and 1500 bytes. Lost probes
 * count nowhere as loss (link/loss.h). Plain struct, owns its bytes; does not send. One struct a path: start
 * anew when it changes. Chapter: proto/02-packets.md, Path MTU.
 */
#ifndef WZP_LINK_MTU_H
#define WZP_LINK_MTU_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/time.h"
#include "wire/wire.h"

#define WZP_MTU_SIZES                                                                                        \
    {                                                                                                        \
        WZP_DATAGRAM_MAX, 1232, 1252, 1352, 1372, 1452, WZP_DATAGRAM_CEILING                                 \
    }
#define WZP_MTU_SIZES_COUNT  7
#define WZP_MTU_HOLE_PACKETS 4
#define WZP_MTU_AGAIN_NS     (600 * WZP_S) /* PMTU_RAISE_TIMER */
#define WZP_MTU_HOLE_NS      (30 * WZP_S)

struct wzp_mtu {
    bool is_wanted;
    unsigned confirmed; /* index of the confirmed size */
    unsigned failed;    /* index of the lowest that failed, WZP_MTU_SIZES_COUNT: none */
    unsigned limit;     /* sizes there are: what the peer takes */
    unsigned probed;    /* index of the size under probe */
    unsigned tries;     /* probes of it so far */
    int64_t next_at_ns; /* the next probe, the end of waiting for the last, or the next search */
    unsigned large_out; /* packets above the base since one was acknowledged */
    int64_t large_since_ns;
};

/* `peer_max`: bytes of the largest datagram that the peer takes, WZP_DATAGRAM_MAX at least. */
void wzp_mtu_init(struct wzp_mtu *mtu, size_t peer_max);
/* There is bulk to send: the search may begin. Again: changes nothing. */
void wzp_mtu_want(struct wzp_mtu *mtu, int64_t now_ns);

size_t wzp_mtu_size(const struct wzp_mtu *mtu);
/* The search is over, for now. */
bool wzp_mtu_is_found(const struct wzp_mtu *mtu, int64_t now_ns);

/* When wzp_mtu_probe may have something; WZP_NEVER if nobody wants it. */
int64_t wzp_mtu_next_at(const struct wzp_mtu *mtu);
/* The size of the probe to send now, 0 if none is due; `timeout_ns` is the time an acknowledgement may take,
 * `tries` how many probes have to be lost to prove something at the path's loss. */
size_t wzp_mtu_probe(struct wzp_mtu *mtu, unsigned tries, int64_t timeout_ns, int64_t now_ns);

/* A packet that is no probe leaves. True: it was noticed just now that large ones vanish. */
bool wzp_mtu_on_sent(struct wzp_mtu *mtu, size_t size, int64_t patience_ns, int64_t now_ns);
/* True: the size rose. */
bool wzp_mtu_on_acked(struct wzp_mtu *mtu, size_t size, bool is_probe, int64_t now_ns);

#endif
