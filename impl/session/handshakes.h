// SPDX-License-Identifier: Apache-2.0
/* What is remembered of handshakes under way: session/handshake.c. Private to session/. */
#ifndef WZP_SESSION_HANDSHAKES_H
#define WZP_SESSION_HANDSHAKES_H

#include "base/addr.h"
#include "crypt/noise.h"
#include "link/rate.h"
#include "wire/signal.h"
#include "wire/wire.h"

/* A handshake message, composed once and repeated byte for byte but for its copy count. */
struct repeated {
    uint8_t datagram[WZP_DATAGRAM_MAX];
    size_t len; /* 0: nothing to repeat */
    uint8_t copy;
    uint8_t slowness; /* so many times slower than others; 0: as fast as may be */
    int64_t next_at_ns;
};

/* A responder's handshake under way. Forged ones cost an entry until they expire, and nothing else. */
struct half_open {
    uint32_t local_id, remote_id;
    struct wzp_addr peer_addr;
    uint8_t pattern, version;
    bool is_downgraded; /* refused once it can be said under seal */
    bool is_done;       /* became a session; stays a while to swallow copies of message 1 */
    struct wzp_hello hello;
    uint8_t first_copy;           /* the lowest copy count seen: how many were lost before */
    struct wzp_noise noise;       /* XX: waits for message 3 */
    struct wzp_noise_split split; /* IK: keys that wait for a short packet */
    uint8_t peer_static[32];
    bool has_keys;
    struct repeated repeat;
    size_t bytes_in, bytes_out;    /* for the three-times rule */
    struct wzp_rate rate;          /* the peer's bound */
    int64_t began_ns, heard_at_ns; /* message 1 came first, and last */
};

/* A short packet that overtook message 3. */
struct held_packet {
    uint32_t local_id; /* it was for; 0: free */
    int64_t at_ns;
    size_t len;
    uint8_t datagram[WZP_DATAGRAM_CEILING];
};

#endif
