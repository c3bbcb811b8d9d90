// SPDX-License-Identifier: Apache-2.0
/*
 * Signal messages and Hello (proto/signal.proto) as plain structs: the one seam to protobuf-c.
 *
 * Law: decoding takes memory from the given arena only, and what it yields is checked: lengths, slots,
 * counts. Slices borrow from the arena. Spec: proto/08-signals.md.
 */
#ifndef WZP_WIRE_SIGNAL_H
#define WZP_WIRE_SIGNAL_H

#include "base/arena.h"
#include "wire/wire.h"

#define WZP_SIGNAL_ARENA (4 * WZP_SIGNAL_MAX) /* bytes that are enough for any message within the limits */

struct wzp_hello {
    uint32_t datagram_max;   /* bytes of UDP payload its sender takes */
    uint32_t stream_window;  /* bytes of stream 0 it takes before further credit */
    uint32_t streams;        /* further streams that its receiver may open */
    uint32_t bulk_window;    /* bytes of each of them it takes before further credit */
    uint32_t session_window; /* and of all of them together */
    uint64_t max_rate_bps;   /* what its receiver may send, headers counted, in any 500 ms; 0: no bound */
    uint32_t wait_ms;        /* mouth to ear that it wishes at most; 0: no bound */
    bool passes_repair;      /* it hands REPAIR frames on as they are and makes none */
    bool has_invitation;
    uint8_t invitation[WZP_INVITATION_TAG_LEN]; /* which psk message 1 is meant for */
};

void wzp_hello_encode(struct wzp_writer *writer, const struct wzp_hello *hello);
bool wzp_hello_decode(struct wzp_slice bytes, struct wzp_hello *hello);

enum wzp_signal_kind {
    WZP_SIGNAL_JOIN,
    WZP_SIGNAL_JOINED,
    WZP_SIGNAL_MEMBER_JOINED,
    WZP_SIGNAL_MEMBER_LEFT,
};

struct wzp_signal_member {
    uint16_t slot;
    struct wzp_slice record; /* WZP_MEMBER_RECORD_LEN bytes */
};

struct wzp_signal_join {
    struct wzp_slice record; /* WZP_MEMBER_RECORD_LEN bytes */
    struct wzp_slice token;  /* at most WZP_TOKEN_MAX */
};

struct wzp_signal_joined {
    uint16_t slot;
    uint32_t member_count;
    struct wzp_signal_member members[WZP_MEMBERS_MAX];
};

struct wzp_signal {
    enum wzp_signal_kind kind;
    union {
        struct wzp_signal_join join;
        struct wzp_signal_joined joined;
        struct wzp_signal_member member_joined;
        struct {
            uint16_t slot;
        } member_left;
    };
};

/* Length prefix (u16) and message; writer->failed when it does not fit or is above WZP_SIGNAL_MAX. */
void wzp_signal_encode(struct wzp_writer *writer, const struct wzp_signal *signal);

enum wzp_signal_result {
    WZP_SIGNAL_OK,
    WZP_SIGNAL_SKIPPED, /* well formed, of a kind that is not known here */
    WZP_SIGNAL_MALFORMED,
};
/* `message` without its length prefix. */
enum wzp_signal_result wzp_signal_decode(struct wzp_slice message, struct wzp_signal *signal,
                                         struct wzp_arena *arena);

#endif
