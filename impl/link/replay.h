// SPDX-License-Identifier: Apache-2.0
/*
 * The replay window: which of the newest 1024 numbers were accepted.
 *
 * Law: a number is FRESH until it was marked and SEEN afterwards, unless it is more than WZP_REPLAY_WINDOW
 * below the highest marked number plus one: then it is STALE. Mark a number only once its packet opened, else
 * a forger moves the window. A zeroed struct is an empty window. Serves hop packets and, fed with
 * wzp_unwrap_u32, sequences of media. Plain struct, owns its bytes. Chapter: proto/02-packets.md; the idea is
 * that of RFC 4303 section 3.4.3.
 */
#ifndef WZP_LINK_REPLAY_H
#define WZP_LINK_REPLAY_H

#include <stdint.h>

#include "wire/wire.h"

struct wzp_replay {
    uint64_t next;                         /* highest accepted + 1 */
    uint64_t bits[WZP_REPLAY_WINDOW / 64]; /* of number n: bit n mod the window */
};

enum wzp_replay_verdict {
    WZP_REPLAY_FRESH,
    WZP_REPLAY_SEEN,
    WZP_REPLAY_STALE,
};

enum wzp_replay_verdict wzp_replay_check(const struct wzp_replay *replay, uint64_t number);

/* `number` is FRESH and below UINT64_MAX. */
void wzp_replay_mark(struct wzp_replay *replay, uint64_t number);

#endif
