// SPDX-License-Identifier: Apache-2.0
/*
 * The one controller of a speaker: from what the two hops to its worst listener lose, how fast they are and
 * what delay is allowed, to the codec, its bitrate, the length of a packet and the repair on both hops.
 * docs/repair.md has the mathematics and a table of what it chooses.
 *
 * It maximises, over all sources it knows and all covers of both hops,
 *     intelligibility(codec, bitrate) - weight * residual - weight * delay - weight * bits
 * within both rates and the delay budget, by looking at every candidate: no search that may get stuck.
 *
 * Laws: equal inputs give equal plans; a rate is kept whenever the smallest source fits into it; DRED and
 * LBRR are off without loss and where exact repair reaches its goal; noise of the estimates changes the plan
 * less than 10 times a minute; a step of the loss is followed within 2 s.
 *
 * State: the caller's struct. No clock. Work: about a millisecond, only when a path has changed.
 *
 * Not here: measuring (link/feedback.h), sending repair (session), the codecs.
 */
#ifndef WZP_MEDIA_PLAN_H
#define WZP_MEDIA_PLAN_H

#include "media/cover.h"
#include "wire/wire.h"

/* Bytes on the wire of a source packet beside its payload, and of a repair packet beside the largest payload
 * it covers: IP/UDP 28, short header 7, its seal 16, then media frame 8 with epoch and tag 17
 * (proto/07-media.md) and one byte for a full header now and then; or repair frame 11, symbol head 7, epoch
 * and tag 17. */
#define WZP_PLAN_SOURCE_BYTES 77
#define WZP_PLAN_REPAIR_BYTES 86

#define WZP_PLAN_HORIZON_NS_MAX INT64_C(520000000) /* repair that takes longer is not worth the wait */

/* Below this share of intelligibility missing nobody notices; up to the other it costs effort. */
#define WZP_PLAN_MISSING_UNNOTICED 0.020
#define WZP_PLAN_MISSING_EFFORT    0.15

#define WZP_PLAN_MEASURED_PACKETS                                                                            \
    128 /* what an estimate of a path is taken over, if nothing else is said                                 \
         */

struct wzp_plan_input {
    struct wzp_cover_path up;   /* this client to its relay */
    struct wzp_cover_path down; /* the relay to the worst listener, as it tells in its quality reports */
    unsigned up_packets, down_packets; /* that their losses are taken over; 0: WZP_PLAN_MEASURED_PACKETS */
    bool has_feedback;                 /* `up` is measured ... */
    bool is_up_remembered;             /* ... or was, and there is no newer word: it is remembered */
    bool is_down_feared;               /* `down` is not: what is assumed until it is */
    int64_t up_horizon_ns;             /* how long repair of `up` may take at most; 0: as long as pays */
    int64_t rtt_up_ns;
    int64_t rtt_down_ns;
    int64_t jitter_ns;
    int64_t delay_budget_ns;  /* mouth to ear; 0: none */
    uint32_t bitrate_bps_max; /* of the codec; 0: none */
    bool is_forced;           /* that bitrate and no other, whether it fits or not */
    bool has_dred;            /* all listeners decode our DRED version */
};

struct wzp_plan {
    enum wzp_codec codec;
    uint32_t bitrate_bps;
    unsigned packet_frames; /* of 20 ms */
    unsigned dred_ms;       /* 0: off */
    bool lbrr;
    struct wzp_cover up;
    struct wzp_cover down;
    unsigned residual_ppm;   /* of both hops, predicted */
    unsigned estoi_permille; /* of the codec, without loss */
    int64_t delay_ns;        /* mouth to ear, 95th percentile, predicted */
    uint32_t changes;        /* of the plan since init */
};

/* The share of intelligibility that is missing, by the codec and by what is lost. */
double wzp_plan_missing(const struct wzp_plan *plan);

struct wzp_plan_state {
    struct wzp_plan plan;
    struct wzp_cover_tracker up, down;
    struct wzp_cover_curves up_curves, down_curves;
    struct wzp_plan_input heeded; /* what the plan was made for */
    bool has_plan;
    bool is_waiting;       /* a better source is known, but the one of now is too young */
    int64_t changed_at_ns; /* the source, the last time */
};

/* The weights for a cover, also the relay's, which covers for receivers whose speakers it does not know. */
extern const struct wzp_cover_weights wzp_plan_weights;

void wzp_plan_init(struct wzp_plan_state *state);

/* To be called with each feedback or quality report. True: `state->plan` has changed. */
bool wzp_plan_update(struct wzp_plan_state *state, const struct wzp_plan_input *input, int64_t now_ns);

/* The best plan for paths that are known exactly; no state but the curves of the two paths. */
struct wzp_plan wzp_plan_best(const struct wzp_plan_input *input, struct wzp_cover_curves *up,
                              struct wzp_cover_curves *down);

#endif
