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
#include "wire/wire.h"

struct wzp_endpoint;
struct session;

/* A wish that the way here be filled: said again until load comes, in bounded copies. */
struct load_wish {
    struct wzp_frame_load_wanted frame;
    unsigned copies_left;
    int64_t first_ns, at_ns;
};

#define LOADS_AT_ONCE 4 /* sessions of an endpoint that are given load because they asked for it */
struct load_place {
    uint32_t session;
    int64_t until_ns;
};

struct pace {
    struct wzp_estimate estimate;
    struct wzp_pacer pacer;
    bool is_guessed;          /* the rate that the estimate began with */
    int64_t wished_ns;        /* when it was looked at how much is of use */
    uint64_t bytes, used_bps; /* since then, without load; smoothed */
    uint64_t told_bps;        /* the peer's word on what comes from it; 0: none, and ... */
    int64_t untold_until_ns;  /* ... until then what was guessed stands for it; INT64_MIN: nothing does */
    uint64_t said_bps;        /* our newest word to it ... */
    unsigned says_left;       /* ... in so many packets more */
    int64_t said_ns;
    int64_t load_until_ns; /* filled on purpose, up to ... */
    uint64_t load_bps;
    int64_t load_left_ns; /* what the peer may still ask for */
    uint64_t load_id;     /* its newest wish */
    struct load_wish wish;
    int64_t first_until_ns; /* a far path is bounded by what is known; INT64_MIN: no more */
    bool is_unheard;
    int64_t train_until_ns;
    unsigned train_left; /* packets of load that leave at once, one behind the other */
};

void pace_init(const struct wzp_endpoint *endpoint, struct session *session, int64_t now_ns);
/* The peer's bound is known, before anything is of the path. Where one was told, ours or the peer's, nobody
 * estimates (config's AUTO), or the estimate begins with it: whoever told it knows the path. */
void pace_on_bound(const struct wzp_endpoint *endpoint, struct session *session, int64_t now_ns);
/* Packets may be sent: a train of them goes out first, whose arrivals tell the capacity a round trip
 * later. Where a bound was told it is taken for that. */
void pace_on_active(struct session *session, int64_t now_ns);
/* Another path: what was known counts no longer. A train goes to it if the address has proved itself. */
void pace_restart(struct session *session, uint64_t first_number, int64_t now_ns);
/* What the path carries as far as is known, within no bound but its own; 0: it is not estimated. */
uint64_t pace_rate(const struct session *session);
/* What speech and its repair are planned for: not what the path carries at least, while no queue was met that
 * would tell how much it is; nor what is left while a queue drains, which what waits for the pacer does; nor
 * more than the capacity, while more is tried. */
uint64_t pace_plan_rate(const struct session *session);
/* Reports came; else it is a guess to begin with. */
bool pace_is_known(const struct session *session);
/* That guess, for as long: what speech, its repair and what is feared of the path are planned for, as if it
 * had been told. 0: there is none. */
uint64_t pace_assumed(const struct session *session);
/* When what waits for the pacer may leave; `queue_ns` of what was sent may still be in front of it. */
int64_t pace_at(const struct session *session, int64_t queue_ns);
/* The pace is to be filled, for a probe, or because somebody asked for it. */
bool pace_wants_load(const struct session *session, int64_t now_ns);
void pace_on_sent(const struct wzp_endpoint *endpoint, struct session *session, uint64_t number, size_t bytes,
                  bool is_load, int64_t now_ns);
void pace_on_report(struct session *session, const struct wzp_feedback_report *report, int64_t now_ns);
int64_t pace_next_at(const struct session *session);
void pace_advance(struct session *session, int64_t now_ns);

/* The peer is told what its listeners can have: PATH_RATE is due with the media or load at hand, or not. */
bool pace_says(struct session *session, int64_t now_ns, uint64_t *rate_bps);
void pace_on_told(struct session *session, uint64_t rate_kbps);
/* What may come, by its word, or at first by the guess of what may leave; 0: nobody knows. */
uint64_t pace_told(const struct session *session, int64_t now_ns);

/* The way to the peer is filled from now on, with `rate_bps` at most, and measured anew. A session that
 * estimated nothing does so from then on. */
void pace_load(struct session *session, int64_t duration_ns, uint64_t rate_bps, int64_t now_ns);
/* The peer is asked for it. */
void pace_want_load(struct session *session, int64_t duration_ns, uint64_t rate_bps, int64_t now_ns);
/* When the wish is to be said; pace_on_wish_said: it was. */
int64_t pace_wish_at(const struct session *session);
void pace_on_wish_said(struct session *session, int64_t now_ns);
/* The peer asks, and is given as much as the config says, unless it has load already or too many others do:
 * then it asks again. */
void pace_on_wish(struct wzp_endpoint *endpoint, struct session *session,
                  const struct wzp_frame_load_wanted *frame);
/* Load came: no need to ask again, unless it left before the wish can have been heard. */
void pace_on_load(struct session *session, int64_t now_ns);

#endif
