// SPDX-License-Identifier: Apache-2.0
/*
 * The state of link/estimate.h and what its controllers share: what reports told, on one clock. Nobody else
 * looks in here.
 *
 * Law of the path: a sample is a packet whose arrival was told;
 * samples rise in number. Their arrival times are on the receiver's clock, whose zero is such that the first
 * report took no time.
 */
#ifndef WZP_LINK_ESTIMATE_STATE_H
#define WZP_LINK_ESTIMATE_STATE_H

#include "link/feedback.h"
#include "link/sent.h"

#define WZP_ESTIMATE_SAMPLES 256 /* a power of two */
#define WZP_ESTIMATE_BINS    10

struct wzp_estimate_sample {
    uint64_t number;
    int64_t sent_ns, arrived_ns;
    int64_t small_ns;          /* so much later it would have come, were it as large as the largest */
    uint32_t bytes, got_bytes; /* of all packets since the sample before, of those that arrived; headers
                                  counted */
    bool is_rough;             /* the time it arrived is, by 32 ms at most */
    bool is_larger;            /* by far, than those before: these told another delay */
    uint16_t told, got;        /* packets since then that receipts spoke of, and that arrived */
};

struct wzp_estimate_path {
    uint64_t first_number;                                    /* older ones tell nothing */
    struct wzp_estimate_sample samples[WZP_ESTIMATE_SAMPLES]; /* of index n: n mod their count */
    uint64_t end;                                             /* index after the newest sample */
    uint64_t begin;                                           /* the first that the newest report told of */
    int64_t clock_ns;        /* when the newest sample arrived, on the receiver's clock ... */
    uint16_t clock_125us;    /* ... as it told it ... */
    int64_t here_ns;         /* ... and by the time of the report's coming */
    int64_t rtt_ns;          /* smoothed, without the receiver's delay; 0: none */
    int64_t rtt_min_ns;      /* the least */
    int64_t rtt_expected_ns; /* what was known before there were reports; 0: nothing */
    int64_t interval_ns;     /* smoothed, between reports */
    int64_t reported_ns;
    double flying_bytes; /* that left after the newest sample */
    double line_bps;     /* what the line carries, as far as the controller knows; 0: unknown */
    bool is_larger;      /* a packet since the newest sample is, than those before */
    double large;        /* bytes of the largest packets of late */
    double burst;        /* mean run of lost packets, 1 at least */
    double sent_bytes;   /* since the last report */
    double sent_bps;     /* smoothed */
    bool was_idle;       /* since the last report */
};

/* Packets that receipts spoke of and those of them that arrived; older ones fade. */
struct wzp_estimate_tally {
    double told, got;
};

/* What random loss there is, and whether more is lost than that. */
struct wzp_estimate_loss {
    double random, spread; /* share that stays whatever the rate; mean distance of a window's from it */
    bool is_learnt;        /* by windows; else it is what the handshake lost, or less */
    struct wzp_estimate_tally expected;      /* the handshake's */
    double recent;                           /* of the newest window */
    double burst;                            /* mean run of lost packets, 1 at least */
    struct wzp_estimate_tally window;        /* under way ... */
    int64_t since_ns;                        /* ... since then */
    struct wzp_estimate_tally quiet, loaded; /* of packets that met no queue; that met one */
    unsigned doubts;        /* windows in which more was lost than at random, one after the other */
    double before, floor;   /* capacity as it stood before the first of them; what they leave of it */
    double least, sum;      /* lost in one of them after the first, in all */
    unsigned waits;         /* of them, for less to be sent */
    double low_ns, rise_ns; /* least queue since the first; most above the least before */
};

/* Sums over kilobytes that came and were lost between two packets that arrived, and over the time between
 * these two: link/estimate_spacing.h. */
struct wzp_estimate_gaps {
    double got_gap, lost_gap, gap_gap;
};

struct wzp_estimate_spacing {
    double arrivals, losses;
    double got_got, got_lost, lost_lost;
    struct wzp_estimate_gaps arrived, left; /* as they came; as they left */
    unsigned unbroken;                      /* arrivals since the last loss */
};

/* Packets and losses, and what arrived just before each, in fading kilobytes: link/estimate_turns.h. */
struct wzp_estimate_turns {
    double arrived;      /* just before the next packet */
    double lost, before; /* means of late: share of packets lost; of what arrived just before */
    double packets, losses, sum_before;
    double lost_lost, lost_before, before_before; /* products of distances from those means */
};

/* For a while after loss was seen that had not used the line: no more than is seen to come through. */
struct wzp_estimate_held {
    int64_t until_ns;
    double capacity, random;         /* as of then ... */
    double before, sent, lost;       /* ... and what was thought, sent, and lost of it, before */
    double ahead;                    /* times what comes through, at most */
    int64_t from_ns;                 /* what left since then counts: */
    struct wzp_estimate_tally tally; /* packets ... */
    double sent_bytes, sent_ns;      /* ... and how fast they left */
    double bytes, ns;                /* that arrived, fading, and the time in which they had left */
    int64_t believed_ns;             /* when so much was believed to be random ... */
    double believed, believed_bps;   /* ... of what was sent then; 0: nothing was */
};

/* Somebody else who keeps the queue full, whatever we do. */
struct wzp_estimate_rival {
    bool is_there;
    double most;                              /* of the capacity, of late, since a queue was met */
    double peak_ns, least_ns, peak_before_ns; /* of the queue since looked_ns; INFINITY: none before */
    int64_t looked_ns;                        /* WZP_NEVER: it is not large */
    int64_t lost_ns, at_ns, full_ns, base_ns; /* full_ns: when there was a queue last */
    int64_t try_end_ns; /* of a time of sending less, and a delay of the loop; INT64_MIN: none */
    double try_least_ns, try_before_ns; /* queue in it; in the one before */
    unsigned losses;
};

/* A short time of sending less, to see the way without a queue. */
struct wzp_estimate_drain {
    int64_t last_ns;           /* when the queue was last known to be empty */
    int64_t from_ns, end_ns;   /* from_ns WZP_NEVER: none that is not judged */
    int64_t base_ns, least_ns; /* what was known before; least delay found */
    int64_t before_ns;         /* least delay found by the one before */
    unsigned count;            /* samples in it */
    unsigned failures;         /* one after the other that found another delay than was known */
    double depth;              /* how many times our own queue is to be drained */
};

struct wzp_estimate_ours {
    double capacity, pace, target;      /* bit/s */
    double eager;                       /* how many times as much as the queue allows is tried */
    double blind;                       /* share of the pace while reports fail to come */
    int64_t bins_ns[WZP_ESTIMATE_BINS]; /* least one-way delay of each second, WZP_NEVER: none */
    int64_t bin;
    int64_t foreseen_ns, foreseen_end_ns; /* a base that no sample has shown; WZP_NEVER: none */
    double noise_ns;                      /* mean distance of delays one after the other */
    double queue_ns, before_ns;           /* as of this report and the one before */
    double aim_ns, aim_share;        /* the wanted one; less than 1: it overflows before it is that large */
    int64_t moved_ns, moved_base_ns; /* when the way became longer, INT64_MIN: never; the base before */
    double high;                     /* share of the time with more than is wanted */
    unsigned empty;                  /* samples that would have met none in the next */
    double virtual_ns; /* a queue as it would be, were the capacity a little less than thought */
    struct wzp_estimate_loss loss;
    struct wzp_estimate_spacing spacing;
    struct wzp_estimate_turns turns;
    struct wzp_estimate_held held;
    double used;          /* share of what was lost that the line carried all the same */
    uint64_t ceiling_end; /* index of the sample from which on another is believed without a queue */
    struct wzp_estimate_rival rival;
    struct wzp_estimate_drain drain;
    int64_t paced_ns, grown_ns;   /* when the pace was last set; eagerness grew */
    int64_t seek_ns, seek_end_ns; /* the next search with padding; the end of the one under way */
    int64_t seek_every_ns;
    int64_t padded_ns, bare_ns; /* when one began, and when one ended, the last time */
    double seek_eager;          /* how eagerly one begins */
    int64_t distrust_ns;        /* a told rate counts again from then on */
    bool is_known, is_starting;
    bool is_measured; /* by the train ... */
    int64_t train_ns; /* ... as was told then */
    bool has_met;     /* a queue: the capacity is not only a lower bound */
    bool is_short;    /* of data: what leaves does not follow the target ... */
    int64_t short_ns; /* ... when a packet left last while it was */
};

struct wzp_estimate_delta {
    double rate;
    int64_t bins_ns[WZP_ESTIMATE_BINS];
    int64_t bin;
    double queue_ns, before_ns;
    unsigned rising;
    int64_t changed_ns;
    int state;
};

struct wzp_estimate_gcc {
    double rate, loss_rate, acked, threshold_ms, trend, over_ms;
    double smoothed_ms, first_ms, delay_ms;
    double times_ms[20], delays_ms[20];
    unsigned points, over_count;
    int64_t group_sent_ns, group_arrived_ns, last_sent_ns, changed_ns, seen_ns;
    double at_decrease, deviation;
    double loss;
    int64_t loss_ns;
    double loss_all, loss_got;
    int state;
    bool has_group, has_decreased;
};

#endif
