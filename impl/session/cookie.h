// SPDX-License-Identifier: Apache-2.0
/*
 * Cookies: whether first messages must prove their address before anything is computed or held for them.
 *
 * Law (cookie): a cookie is BLAKE2b-128 keyed with a secret of 2 minutes, over address, port and the
 * initiator's connection id. It is good under the secret in use and the one before it, so for 2 to 4 minutes,
 * and for no other address, port or id. Nothing is held for who was given one.
 * Law (load): cookies are demanded while handshakes of unproven addresses fill more than a quarter of the
 * half-open table, or while first messages come faster than `rate` a second, beyond a burst of a quarter of a
 * second's worth (a token bucket); no longer as soon as both are over.
 * The secrets come from a random stream of their own: an endpoint that never met load draws nothing else.
 * Does not: send, or know what a first message is. Spec: proto/03-handshake.md, "Floods".
 */
#ifndef WZP_SESSION_COOKIE_H
#define WZP_SESSION_COOKIE_H

#include "base/addr.h"
#include "base/bytes.h"
#include "crypt/drbg.h"
#include "wire/wire.h"

struct cookies {
    struct wzp_drbg drbg;
    uint8_t secret[2][32]; /* in use, the one before */
    int64_t drawn_at_ns;   /* of the one in use: its 2 minutes begin */
    bool has_secret;
    int64_t interval_ns; /* of first messages at the rate */
    int64_t busy_to_ns;  /* when the first messages so far will have been worked off at that rate */
};

/* `rate`: first messages a second, at least 1. */
void cookies_init(struct cookies *cookies, const uint8_t seed[32], uint32_t rate);
void cookies_deinit(struct cookies *cookies);

/* Writes the cookie of (from, initiator_id); true when `given` is that one, or its predecessor. */
bool cookies_check(struct cookies *cookies, const struct wzp_addr *from, uint32_t initiator_id,
                   struct wzp_slice given, int64_t now_ns, uint8_t good[WZP_COOKIE_LEN]);

/* A first message came that is no copy of one in the table. */
void cookies_on_first(struct cookies *cookies, int64_t now_ns);
bool cookies_are_demanded(const struct cookies *cookies, uint32_t unproven, uint32_t half_open_max,
                          int64_t now_ns);

#endif
