// SPDX-License-Identifier: Apache-2.0
/* Where a session's packets go, under which ids, how large: what session/migrate.h remembers of one session.
 * Private to session/. */
#ifndef WZP_SESSION_MOVING_H
#define WZP_SESSION_MOVING_H

#include "link/mtu.h"
#include "link/path.h"
#include "session/ids.h"

struct moving {
    struct wzp_path path;
    struct wzp_mtu mtu;
    struct ids ids;
    uint64_t first_number; /* older packets went another way */
    size_t peer_datagram_max;
    int64_t acked_at_ns;             /* anything of ours, last */
    int64_t moved_at_ns, here_at_ns; /* our last move; when to ask again for a word about it */
    bool is_bound;                   /* the packet at hand goes to bound_to and nowhere else */
    struct wzp_addr bound_to;
};

#endif
