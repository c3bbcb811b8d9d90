// SPDX-License-Identifier: Apache-2.0
/*
 * One UDP socket, one clock, one node: carries out by day what the simulator does by night. A node is
 * whatever is pulled like an endpoint (session/endpoint.h): the relay, a client with its sound files, the
 * shim.
 *
 * Law: time is CLOCK_MONOTONIC in nanoseconds since the loop was opened, and never falls from call to call.
 * Before the loop sleeps, advance has been called if next_at was due, and transmit until it gave 0. It wakes
 * at next_at or up to a millisecond after it (libuv's timers count milliseconds), never before. SIGINT and
 * SIGTERM call interrupt, SIGHUP what wzp_loop_on_hang_up gave; the loop ends when is_over says so, asked
 * before each sleep. Other handles may live on `uv`; all are closed by their owners after run and before
 * close.
 */
#ifndef WZP_RUN_LOOP_H
#define WZP_RUN_LOOP_H

#include <stdbool.h>

#include "run/udp.h"

struct wzp_node {
    void (*receive)(void *ctx, const struct wzp_addr *from, uint8_t *datagram, size_t len, int64_t now_ns);
    size_t (*transmit)(void *ctx, int64_t now_ns, struct wzp_addr *to, uint8_t *datagram, size_t capacity);
    unsigned (*dscp)(void *ctx);   /* of what transmit gave last (RFC 2474); NULL: best effort */
    int64_t (*next_at)(void *ctx); /* WZP_NEVER: only a datagram or a signal */
    void (*advance)(void *ctx, int64_t now_ns);
    void (*interrupt)(void *ctx, int64_t now_ns); /* may come more than once */
    bool (*is_over)(void *ctx);
    void *ctx;
};

struct wzp_loop {
    uv_loop_t uv;
    uint64_t start_ns;
    struct wzp_node node;
    struct wzp_udp *udp;
    uv_timer_t timer;
    uv_prepare_t prepare;
    uv_signal_t interrupted[2];
    uv_signal_t hung_up;
    void (*reload)(void *ctx, int64_t now_ns);
};

/* 0, or a libuv error and nothing is held. */
int wzp_loop_open(struct wzp_loop *loop, const struct wzp_addr *local);
/* SIGHUP calls `reload` with the node's context while the loop runs; else it ends the program. */
void wzp_loop_on_hang_up(struct wzp_loop *loop, void (*reload)(void *ctx, int64_t now_ns));
/* `node` must be whole; returns when it is over. */
void wzp_loop_run(struct wzp_loop *loop, const struct wzp_node *node);
void wzp_loop_close(struct wzp_loop *loop);

int64_t wzp_loop_now_ns(const struct wzp_loop *loop);
struct wzp_addr wzp_loop_local(const struct wzp_loop *loop);

#endif
