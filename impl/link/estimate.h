// SPDX-License-Identifier: Apache-2.0
/*
 * What a path carries: the rate at which everything may leave that one session sends in one direction,
 * source, repair, padding and feedback alike, told from when its packets arrived (link/feedback.h).
 *
 * One face, several controllers, so that they can be compared in the same world. Rates are bit/s on the wire,
 * 28 bytes of IP and UDP headers counted in each packet.
 *
 * Laws: the same calls give the same rates everywhere (double + - * / and sqrt, which IEEE 754 rounds
 * alike); target_bps is within WZP_ESTIMATE_BPS_MIN and the bounds that were set; work for a report is
 * bounded by what it tells of.
 *
 * State: the caller's struct. No clock. Not here: when a packet leaves (link/pacer.h), the share of loss that
 * repair counts with (link/loss.h), what the rate is spent on (media/plan.h).
 */
#ifndef WZP_LINK_ESTIMATE_H
#define WZP_LINK_ESTIMATE_H

#include "link/estimate_state.h"

#define WZP_ESTIMATE_BPS_MIN   24000
#define WZP_ESTIMATE_TRAIN_BPS 1000000 /* that a train tells at most: more is to be found by sending */

enum wzp_estimate_kind {
    WZP_ESTIMATE_FIXED, /* what it began with */
    WZP_ESTIMATE_OURS,  /* capacity by the pace of arrivals, a small queue of its own measure */
    WZP_ESTIMATE_DELTA, /* three states of queueing delay */
    WZP_ESTIMATE_GCC,   /* trend line of delay, adaptive threshold, loss rules */
    WZP_ESTIMATE_KINDS,
    /* None of them: each session has the one that fits what it was told (session/pace.h). */
    WZP_ESTIMATE_AUTO = WZP_ESTIMATE_KINDS,
};

enum wzp_estimate_state {
    WZP_ESTIMATE_STABLE,
    WZP_ESTIMATE_RISING,    /* the queue grows */
    WZP_ESTIMATE_CONGESTED, /* and is larger than wanted */
};

struct wzp_estimate {
    enum wzp_estimate_kind kind;
    uint64_t start_bps, max_bps, wish_bps;
    bool is_modest, is_far;
    struct wzp_estimate_path path;
    union {
        struct wzp_estimate_ours ours;
        struct wzp_estimate_delta delta;
        struct wzp_estimate_gcc gcc;
    };
};

/* What is known of the path. */
struct wzp_estimate_facts {
    uint64_t capacity_bps; /* 0: unknown */
    bool is_open;          /* neither a queue nor a train told: it carries at least that */
    int64_t queue_ns;      /* that packets waited, as of the last report */
    unsigned random_permille, congestive_permille; /* loss that stays whatever the rate, and the rest */
    enum wzp_estimate_state state;
};

/* `start_bps`: what may leave while nothing is known. No bounds. */
void wzp_estimate_init(struct wzp_estimate *estimate, enum wzp_estimate_kind kind, uint64_t start_bps,
                       int64_t now_ns);

/* What a handshake of so many packets lost: so much is not taken for a queue that overflows, until as many
 * tell better. Before the first report. */
void wzp_estimate_expect_loss(struct wzp_estimate *estimate, unsigned permille, unsigned packets);

/* The least round trip that is known without reports, such as the handshake's: what the first report takes
 * longer is a queue that stood before it. Before the first report. */
void wzp_estimate_expect_rtt(struct wzp_estimate *estimate, int64_t rtt_ns);

/* Little of what leaves first may be told of: two packets that left at once are as good as a train. Before
 * the first report. */
void wzp_estimate_expect_far(struct wzp_estimate *estimate);

/* Another path from the packet `first_number` on: older ones tell nothing of it. */
void wzp_estimate_restart(struct wzp_estimate *estimate, uint64_t first_number, int64_t now_ns);

/* Never more than `max_bps`; no probing above `wish_bps`, which is all that would be used. 0: no bound. */
void wzp_estimate_set_bounds(struct wzp_estimate *estimate, uint64_t max_bps, uint64_t wish_bps);

/* Speech of ours waits behind streams of ours: less of a queue is wanted, as by a flow twice as large. */
void wzp_estimate_set_modest(struct wzp_estimate *estimate, bool is_modest);

/* Packet `number` left, `bytes` with IP and UDP headers. */
void wzp_estimate_on_sent(struct wzp_estimate *estimate, uint64_t number, size_t bytes, int64_t now_ns);
/* The pace would have let a packet out and there was none: what arrives tells less than the path carries. */
void wzp_estimate_on_idle(struct wzp_estimate *estimate, int64_t now_ns);
/* A report that is not older than the ones before; `sent` knows the packets it speaks of. */
void wzp_estimate_on_report(struct wzp_estimate *estimate, const struct wzp_feedback_report *report,
                            const struct wzp_sent *sent, int64_t now_ns);

/* When time alone changes something; WZP_NEVER: it does not. */
int64_t wzp_estimate_next_at(const struct wzp_estimate *estimate);
void wzp_estimate_advance(struct wzp_estimate *estimate, int64_t now_ns);

/* What may leave over some seconds: what a source and its repair are to be planned for. */
uint64_t wzp_estimate_target_bps(const struct wzp_estimate *estimate);
/* At this moment: above it while probing, below it while a queue is to drain. */
uint64_t wzp_estimate_pace_bps(const struct wzp_estimate *estimate);
/* A probe under way: the pace is to be filled with padding where there is nothing better to send. */
bool wzp_estimate_wants_padding(const struct wzp_estimate *estimate);

struct wzp_estimate_facts wzp_estimate_facts(const struct wzp_estimate *estimate);

/* "auto", "ours", "delta", "gcc", "fixed"; NULL and false: no such. */
const char *wzp_estimate_kind_name(enum wzp_estimate_kind kind);
bool wzp_estimate_kind_from(const char *name, enum wzp_estimate_kind *kind);

#endif
