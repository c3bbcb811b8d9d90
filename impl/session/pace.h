// SPDX-License-Identifier: Apache-2.0
/*
 * What a session's path carries, and the pace that follows: the estimate (link/estimate.h) and the pacer
 * (link/pacer.h) of one direction, fed by what leaves and what the peer reports.
 *
 *     send.c: a packet leaves -> pace_on_sent ---> estimate: target, pace     receive.c: FEEDBACK
 *                                                    |          |                     |
 *                repair_rate(): cover, facts, plan <-'          v                     v
 *                video, repair, streams, padding wait <------ pacer <---------- pace_on_report
 *
 * Laws: control, keys and speech never wait for the pacer; repair waits until 25 ms of what was sent would
 * wait in front of a link of that pace, the rest until nothing would. Streams alone, without media, have a
 * window and a pace of their own (link/bulk.h): nobody reports on them.
 */
#ifndef WZP_SESSION_PACE_H
#define WZP_SESSION_PACE_H

#include "link/estimate.h"
#include "link/pacer.h"

struct wzp_endpoint;
struct session;

struct pace {
    struct wzp_estimate estimate;
    struct wzp_pacer pacer;
    int64_t wished_ns;  /* when what is wished was looked at */
    uint64_t told_bps;  /* the peer's word on what comes from it; 0: none */
    uint64_t said_bps;  /* our newest word to it ... */
    unsigned says_left; /* ... in so many packets more */
    int64_t said_ns;
};

void pace_init(const struct wzp_endpoint *endpoint, struct session *session, int64_t now_ns);
/* Another path. */
void pace_restart(struct session *session, uint64_t first_number, int64_t now_ns);
/* What the path carries as far as is known, within no bound but its own; 0: it is not estimated. */
uint64_t pace_rate(const struct session *session);
/* When what waits for the pacer may leave; `queue_ns` of what was sent may still be in front of it. */
int64_t pace_at(const struct session *session, int64_t queue_ns);
bool pace_wants_padding(const struct session *session);
void pace_on_sent(const struct wzp_endpoint *endpoint, struct session *session, uint64_t number, size_t bytes,
                  int64_t now_ns);
void pace_on_report(struct session *session, const struct wzp_feedback_report *report, int64_t now_ns);
int64_t pace_next_at(const struct session *session);
void pace_advance(struct session *session, int64_t now_ns);

/* The peer is told what its listeners can have: PATH_RATE is due with the media at hand, or not. */
bool pace_says(struct session *session, int64_t now_ns, uint64_t *rate_bps);
void pace_on_told(struct session *session, uint64_t rate_kbps);

#endif
