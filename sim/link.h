// SPDX-License-Identifier: Apache-2.0
/*
 * What one direction of a network link does to a packet: THE link law, the same code in virtual time (the
 * simulator) and in real time (wzp-shim). It says what becomes of a packet and when; it holds no packet.
 *
 * The law, in this order:
 *   0. mtu     A packet of more than mtu IP bytes (n + 28) vanishes, as in a black hole: nobody is told.
 *   1. rate    A packet of n payload bytes is 8 (n + 28) bits (IPv4 and UDP headers) on a line of rate_bps.
 * Packets wait in line; one whose waiting time would exceed queue_ns is dropped (drop-tail). Exact: the line
 * is never idle while a packet waits and no fraction of a nanosecond is lost from packet to packet. More
 * kinds of lines and queues, only where asked for: sim/link_queue.h.
 *   2. loss    burst 1: each packet alone, with probability `loss`. burst B > 1: a two-state Markov chain
 * (Gilbert 1960, with the bad state losing all) stepped once a packet that got this far, P(bad to good) =
 * 1/B, P(good to bad) = p/(B(1-p)): a share p is lost, in runs of mean length B. The chain starts in its
 *              stationary state. A lost packet has used its capacity. Other models: sim/link_loss.h.
 *   3. delay   delay_ns after its last bit has left, plus
 *   4. jitter  uniform in 0..jitter_ns; delivery is no earlier than that of any packet before, unless
 * `reorder`. Distributions, correlation, netem's reordering: sim/link_delay.h.
 *   5. dup     with probability `dup` a second copy arrives at the same instant, after the first.
 *   6. corrupt each copy with probability `corrupt` has one bit flipped, any of its payload bits alike.
 *
 * Randomness: loss, jitter, dup and corrupt draw from streams of their own, and every packet takes the same
 * number of draws from each whatever its fate. So packet k's luck depends on (seed, stream, k) alone: turning
 * jitter on moves no loss, and with burst 1 and no queue drops the packets lost at 10 % are among those lost
 * at 20 %. The further models have streams of their own, which nothing draws from where they are not used.
 *
 * Does not: hold packets or bytes, read a clock. It allocates only for a line with a model of its own (limits
 * in packets or bytes, CoDel, slots, traces). `now_ns` must not fall from call to call.
 * Everything is integer but the probabilities, which are only compared. Spec: docs/sim.md.
 */
#ifndef WZP_SIM_LINK_H
#define WZP_SIM_LINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/rng.h"
#include "sim/link_delay.h"
#include "sim/link_loss.h"
#include "sim/link_queue.h"

#define SIM_LINK_HEADER_BYTES 28                           /* IPv4 (RFC 791) 20, UDP (RFC 768) 8 */
#define SIM_LINK_TIME_MAX     (INT64_C(3600) * 1000000000) /* bound of delay, jitter and queue: an hour */
#define SIM_LINK_MTU_MIN      576                     /* what every IPv4 host takes (RFC 791 section 3.1) */
#define SIM_LINK_RATE_MAX     UINT64_C(1000000000000) /* a terabit per second */

struct sim_link_params {
    double loss;      /* share of packets, 0..1 */
    double burst;     /* mean run of lost packets, >= 1; exactly 1 = independent */
    int64_t delay_ns; /* one way */
    int64_t jitter_ns;
    bool reorder;
    uint64_t rate_bps; /* 0 = no limit */
    int64_t queue_ns;  /* longest wait for the line; 0 = only an idle line takes a packet */
    double dup;        /* 0..1 */
    double corrupt;    /* 0..1, of each copy */
    uint32_t mtu;      /* IP bytes; 0 = no limit */

    /* All zeros: none of these. */
    struct sim_loss_model loss_model;
    struct sim_delay_model delay_model;
    struct sim_line_model line_model;
    double dup_correlation, corrupt_correlation; /* of one packet's luck with that of the one before, 0..1 */
};

enum sim_link_fate {
    SIM_LINK_DELIVERED,
    SIM_LINK_DROPPED_QUEUE,
    SIM_LINK_LOST,
    SIM_LINK_TOO_LARGE,
};

struct sim_link_verdict {
    enum sim_link_fate fate;
    unsigned copies; /* 0 unless delivered, else 1 or 2 */
    struct {
        int64_t at_ns;
        int64_t flip_bit; /* to give to sim_link_flip, -1 = arrives as sent */
    } copy[2];
    int64_t queued_ns; /* how long it waited, or would have waited, for the line */
};

struct sim_link_counts {
    uint64_t packets; /* offered */
    uint64_t bytes;   /* offered, with SIM_LINK_HEADER_BYTES each */
    uint64_t queue_drops;
    uint64_t lost;
    uint64_t too_large;
    uint64_t delivered; /* packets, each once */
    uint64_t duplicated;
    uint64_t corrupted; /* copies */
};

struct sim_link {
    struct sim_link_params params;
    struct sim_link_counts counts;
    struct wzp_rng loss_rng, jitter_rng, dup_rng, corrupt_rng;
    int64_t free_at_ns; /* when the line is done with all it took, rounded down ... */
    uint64_t free_rest; /* ... and what was rounded off, in 1/rate_bps of a nanosecond */
    int64_t last_at_ns; /* the latest delivery so far */
    bool chain_started; /* a packet has reached the loss stage ... */
    bool lost_last;     /* ... and the last one was lost: the chain is in its bad state */
    struct sim_loss_state loss_state;
    struct sim_delay_state delay_state;
    struct sim_line *line; /* NULL unless the line has a model of its own */
    uint64_t line_seed;
    bool dup_last, corrupt_last;
};

/* NULL, or the sentence that says which field is wrong and why (a usage error). */
const char *sim_link_params_check(const struct sim_link_params *params);

/* `params` must pass the check. `stream` tells the directions of one world apart; see base/rng.h. */
void sim_link_init(struct sim_link *link, const struct sim_link_params *params, uint64_t seed,
                   uint64_t stream);
/* Gives back what a line with a model of its own allocated; nothing to do for other links. */
void sim_link_close(struct sim_link *link);

/* From now on. What the line took already leaves as it was promised, and the loss chain stays in its state.
 */
void sim_link_set_params(struct sim_link *link, const struct sim_link_params *params);

/* One packet of `payload_len` bytes (at most 65507) is offered at `now_ns`. */
void sim_link_send(struct sim_link *link, int64_t now_ns, size_t payload_len,
                   struct sim_link_verdict *verdict);

/* Flips bit `bit` of `data`: bit 0 is the highest of byte 0. Nothing when `bit` is -1. */
void sim_link_flip(uint8_t *data, int64_t bit);

#endif
