// SPDX-License-Identifier: Apache-2.0
/*
 * Tells when the machine's addresses change: a cable is pulled, another radio network is entered.
 *
 * Law: `on_changed` is called within WZP_WATCH_MS after the set of addresses that other machines can reach
 * changed to another one that is not empty, and at no other time; the order in which the system lists them
 * does not count. Loopback and link-local addresses are not of the set. Between losing one address and having
 * the next nothing is told: there is nowhere to go. The peer finds out by itself where packets come from
 * (session/migrate.h); this is for what only the machine knows. Owns its timer on the caller's loop.
 */
#ifndef WZP_RUN_WATCH_H
#define WZP_RUN_WATCH_H

#include <stdbool.h>
#include <uv.h>

#define WZP_WATCH_MS 1000

struct wzp_watch {
    void (*on_changed)(void *ctx); /* given, as ctx is */
    void *ctx;
    uv_timer_t timer;
    uint64_t digest; /* of the addresses when last seen, 0: none */
};

/* Begins with the addresses of now; closed after the loop ran, before the loop is. */
void wzp_watch_open(struct wzp_watch *watch, uv_loop_t *loop);
void wzp_watch_close(struct wzp_watch *watch);

/* What a list says: true when `on_changed` is due. */
bool wzp_watch_see(struct wzp_watch *watch, const uv_interface_address_t *addresses, int count);

#endif
