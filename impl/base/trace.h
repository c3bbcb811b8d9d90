// SPDX-License-Identifier: Apache-2.0
/*
 * What the core tells instead of printing: typed events from one list, to one sink. Outside they become JSON
 * lines or a terminal line, in the simulator a part of the running hash; tests and judges read them. `emit`
 * may be NULL. The numbers a and b mean what the row says.
 */
#ifndef WZP_BASE_TRACE_H
#define WZP_BASE_TRACE_H

#include <stdint.h>

/* name, text, a, b */
#define WZP_TRACE_LIST(X)                                                                                    \
    X(DROPPED, "dropped", "reason", "bytes")                                                                 \
    X(HANDSHAKE_SENT, "handshake_sent", "message", "copy")                                                   \
    X(HANDSHAKE_RECEIVED, "handshake_received", "message", "copy")                                           \
    X(KEYS, "keys", "initiator", "pattern")                                                                  \
    X(VERSION_REJECTED, "version_rejected", "used", "offered")                                               \
    X(CONNECTED, "connected", "initiator", "pattern")                                                        \
    X(CLOSING, "closing", "reason", "by_peer")                                                               \
    X(CLOSED, "closed", "reason", "by_peer")                                                                 \
    X(JOINED, "joined", "slot", "members")                                                                   \
    X(MEMBER_JOINED, "member_joined", "slot", "members")                                                     \
    X(MEMBER_LEFT, "member_left", "slot", "members")                                                         \
    X(KEY_EPOCH, "key_epoch", "word", "listeners")                                                           \
    X(KEY_HELD, "key_held", "slot", "word")                                                                  \
    X(KEY_ACKED, "key_acked", "slot", "word")                                                                \
    X(MEDIA_OPENED, "media_opened", "slot", "sequence")                                                      \
    X(PLAYED, "played", "slot", "kind")                                                                      \
    X(REKEYED, "rekeyed", "generation", "copies")                                                            \
    X(COOKIE_RECEIVED, "cookie_received", "is_first", "none")                                                \
    X(RESET_HINT, "reset_hint", "-", "-")                                                                    \
    X(RECONNECTING, "reconnecting", "attempt", "session")                                                    \
    X(REJOINED, "rejoined", "slot", "members")                                                               \
    X(MEMBER_BACK, "member_back", "slot", "members")                                                         \
    X(MOVED, "moved", "id_sequence", "-")                                                                    \
    X(PEER_MOVED, "peer_moved", "verdict", "port")                                                           \
    X(PATH_PROVEN, "path_proven", "rtt_us", "challenges")                                                    \
    X(PATH_FAILED, "path_failed", "port", "-")                                                               \
    X(MTU, "mtu", "bytes", "black_hole")

enum wzp_trace_kind {
#define X(name, text, a, b) WZP_TRACE_##name,
    WZP_TRACE_LIST(X)
#undef X
        WZP_TRACE_COUNT
};

struct wzp_trace {
    void (*emit)(void *ctx, int64_t now_ns, enum wzp_trace_kind kind, uint32_t session, uint64_t a,
                 uint64_t b);
    void *ctx;
};

static inline void wzp_trace_emit(const struct wzp_trace *trace, int64_t now_ns, enum wzp_trace_kind kind,
                                  uint32_t session, uint64_t a, uint64_t b)
{
    if (trace->emit)
        trace->emit(trace->ctx, now_ns, kind, session, a, b);
}

/* The row's name, and what its numbers mean; never NULL. */
const char *wzp_trace_name(enum wzp_trace_kind kind);
const char *wzp_trace_a(enum wzp_trace_kind kind);
const char *wzp_trace_b(enum wzp_trace_kind kind);

#endif
