// SPDX-License-Identifier: Apache-2.0
/*
 * Where the peer is: the address its newest packet came from, and the proof that it is really there.
 *
 * Law: only the newest authentic packet moves the peer. To an address that is not proven at most three times
 * the bytes that came from it are sent, challenges first; what does not fit, and everything while the last
 * proven address spoke within 1 s, goes to that one. A challenge is answered with its token; each token sent
 * to the address within the last WZP_PATH_TOKENS proves it, so at 70 % loss both ways one of 125 comes
 * through in 5 s but once in 100,000. A failed challenge, or a newer packet from the proven address, brings
 * the peer back there. An address is forgotten with its proof once another one is proven.
 *
 * Plain struct, owns its bytes. Does not: authenticate, draw tokens, send. Chapter: proto/03-handshake.md,
 * Path change; RFC 9000 sections 8 and 9.
 */
#ifndef WZP_LINK_PATH_H
#define WZP_LINK_PATH_H

#include <stddef.h>

#include "base/addr.h"
#include "base/time.h"
#include "wire/wire.h"

#define WZP_PATH_TOKEN_LEN    8
#define WZP_PATH_TOKENS       64 /* challenges that may be answered yet */
#define WZP_PATH_ANSWERS      8  /* challenges of the peer to answer, between two transmits */
#define WZP_PATH_CHALLENGE_NS (40 * WZP_MS)
#define WZP_PATH_DEADLINE_NS  (5 * WZP_S)
#define WZP_PATH_RECENT_NS    (1 * WZP_S)

struct wzp_path_answer {
    uint8_t token[WZP_PATH_TOKEN_LEN];
    struct wzp_addr to;
};

struct wzp_path {
    struct wzp_addr current; /* of the newest packet */
    bool is_proven;
    int64_t heard_ns;             /* the latest packet from current */
    uint64_t bytes_in, bytes_out; /* of current, while it is not proven */
    struct wzp_addr proven;       /* while current is not: the last that was */
    int64_t proven_heard_ns;
    int64_t challenge_at_ns, deadline_ns; /* while current is not proven */
    struct {
        uint8_t bytes[WZP_PATH_TOKEN_LEN];
        int64_t sent_ns;
    } tokens[WZP_PATH_TOKENS];
    unsigned tokens_sent; /* to current */
    struct wzp_path_answer answers[WZP_PATH_ANSWERS];
    unsigned answers_count;
};

enum wzp_path_verdict {
    WZP_PATH_SAME,
    WZP_PATH_MOVED,    /* to an address that has to be proven */
    WZP_PATH_RETURNED, /* to the proven one */
};

/* `addr` was proven by the handshake. */
void wzp_path_init(struct wzp_path *path, const struct wzp_addr *addr, int64_t now_ns);

/* An authentic packet of `len` bytes; `is_newest`: its number is above all before. */
enum wzp_path_verdict wzp_path_on_packet(struct wzp_path *path, const struct wzp_addr *from, size_t len,
                                         bool is_newest, int64_t now_ns);

/* Where a packet of `len` bytes goes, now: one address or two; counts it. */
unsigned wzp_path_route(struct wzp_path *path, size_t len, int64_t now_ns, struct wzp_addr to[2]);

/* When the next challenge may leave; WZP_NEVER when none is wanted or three times allow none. `len` is of the
 * packet that carries it, which goes to `current` and nowhere else. */
int64_t wzp_path_challenge_at(const struct wzp_path *path, size_t len);
void wzp_path_on_challenge_sent(struct wzp_path *path, const uint8_t token[WZP_PATH_TOKEN_LEN], size_t len,
                                int64_t now_ns);
/* True: the current address is proven now; `rtt_ns` is the time from the challenge to its answer. */
bool wzp_path_on_response(struct wzp_path *path, const uint8_t token[WZP_PATH_TOKEN_LEN], int64_t now_ns,
                          int64_t *rtt_ns);
/* True: nobody answered, the peer is back at the proven address. */
bool wzp_path_expire(struct wzp_path *path, int64_t now_ns);

/* The peer's challenge came from `from`; the oldest gives way when WZP_PATH_ANSWERS wait. */
void wzp_path_on_challenge(struct wzp_path *path, const uint8_t token[WZP_PATH_TOKEN_LEN],
                           const struct wzp_addr *from);
/* The next answer to send, in a packet of `len` bytes; false if none waits. */
bool wzp_path_take_answer(struct wzp_path *path, size_t len, struct wzp_path_answer *answer);

#endif
