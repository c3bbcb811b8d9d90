// SPDX-License-Identifier: Apache-2.0
/*
 * The room secret: from a name or passphrase that only members know, two values. `id` names the room to the
 * relay; `mix` goes into everything that only somebody who knows the room may compute. Made at the edge, it
 * costs tens of milliseconds and 19 MiB on purpose. Spec: proto/05-end-to-end.md.
 */
#ifndef WZP_CRYPT_ROOM_H
#define WZP_CRYPT_ROOM_H

#include "base/err.h"

#include <stdint.h>

#define WZP_ROOM_NAME_MAX 128 /* bytes */

struct wzp_room {
    uint8_t id[32], mix[32];
};

/* Argon2id, t = 2, 19 MiB, p = 1: OWASP's minimum (Password Storage Cheat Sheet). BAD_INPUT: name empty or
 * too long. */
enum wzp_err wzp_room_derive(const char *name, struct wzp_room *room);

#endif
