// SPDX-License-Identifier: Apache-2.0
/*
 * Who may speak to a relay: a list of static keys, and invitations.
 *
 * Law: a restricted relay lets in exactly the keys on its list and whoever proved in the handshake that it
 * holds an invitation; one that is not restricted lets in everybody. Does not: close sessions (relay.c does),
 * own the keys. Spec: proto/03-handshake.md, "Who is let in".
 */
#ifndef WZP_RELAY_ACCESS_H
#define WZP_RELAY_ACCESS_H

#include "session/endpoint.h"

struct wzp_relay_access {
    bool is_restricted;
    const uint8_t (*keys)[32]; /* X25519 static keys, in the order of wzp_relay_access_sort; the caller's */
    size_t key_count;
    struct wzp_invitations invitations;
};

void wzp_relay_access_sort(uint8_t (*keys)[32], size_t count);
bool access_allows(const struct wzp_relay_access *access, const uint8_t key[32], bool is_invited);

#endif
