// SPDX-License-Identifier: Apache-2.0
/*
 * What each kind of traffic may have of a session's path: the split (media/split.h) of what the path is known
 * to carry, by the wishes of the owner; and what it means for streams, which come last in every packet.
 *
 * Laws, while media is sent and there is a budget. Speech and its repair are planned for their share, not for
 * all. A packet of streams leaves when the link is free of everything better, as ever; or, on the streams'
 * own account, when their share has paid for the one before: a small one then, which waits for the pacer no
 * longer than WZP_SHARE_WAIT_NS, and for which speech and repair make room once it is so late. So no stream
 * stands still beside media; and without streams nothing here changes what leaves when.
 *
 * Who owns what: the session its struct share. Not here: the bounds (link/rate.h), the order of
 * service (send.c). docs/estimate.md.
 */
#ifndef WZP_SESSION_SHARE_H
#define WZP_SESSION_SHARE_H

#include <stddef.h>

#include "base/time.h"
#include "media/split.h"

#define WZP_SHARE_WAIT_NS (250 * WZP_MS)

struct wzp_endpoint;
struct session;

struct share {
    struct wzp_split_wishes wishes;        /* but for streams, which are looked at */
    int64_t streams_out_ns, streams_in_ns; /* the latest packet with any */
    int64_t streams_at_ns;                 /* when their share has paid for it */
};

void share_init(struct session *session, int64_t now_ns);
/* Something of a stream waits, is under way, or was in the last second; and came in. */
bool share_has_streams(const struct session *session, int64_t now_ns);
bool share_takes_streams(const struct session *session, int64_t now_ns);
/* Of a budget, as things are. */
struct wzp_split share_of(const struct session *session, uint64_t budget_bps, int64_t now_ns);
/* What speech and its repair have of a budget; 0, no bound, stays that. */
uint64_t share_of_audio(const struct session *session, uint64_t budget_bps, int64_t now_ns);

/* When the streams' own account lets a packet of share_piece bytes out; WZP_NEVER: there is no budget, or no
 * media to be beside. */
int64_t share_streams_at(const struct wzp_endpoint *endpoint, const struct session *session);
size_t share_piece(const struct wzp_endpoint *endpoint, const struct session *session);
/* Bytes of a packet in what the pace leaves; SIZE_MAX: as many as fit. */
size_t share_left(const struct wzp_endpoint *endpoint, const struct session *session);
/* The room that it needs: its own and, unless it is late, some that stays free for speech. */
size_t share_room(const struct wzp_endpoint *endpoint, const struct session *session);
/* The room that speech and repair have to leave to it: 0, or a piece's. */
size_t share_reserved(const struct wzp_endpoint *endpoint, const struct session *session);
void share_on_streams_sent(const struct wzp_endpoint *endpoint, struct session *session, size_t bytes,
                           int64_t now_ns);
void share_on_streams_in(struct session *session, int64_t now_ns);

#endif
