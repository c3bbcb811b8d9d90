// SPDX-License-Identifier: Apache-2.0
/*
 * How much repair one lossy hop needs: a model of the sliding-window code (fec/window.h), and the cheapest
 * cover that the model says is enough. docs/repair.md has the mathematics.
 *
 * The schedule it speaks of: after each source packet a credit grows by repair_permille; of every whole 1000
 * in it one repair packet is due before the next source, n of them at k/(n + 1) of the interval, k = 1..n.
 * Each covers the last `window` source packets sent.
 *
 * Laws: the residual agrees with a simulation of the code within a factor of 1.3 (Monte Carlo in
 * cover_test.c) and never grows with more repair; a cover keeps to the rate whenever the sources alone do,
 * and to horizon_ns_max, and of those on the ladder none has a smaller sum of costs; below a loss of
 * WZP_COVER_LOSS_MIN_PERMILLE there is no repair; the same input gives the same cover
 * everywhere (double + - * / only).
 *
 * State: none; wzp_cover_tracker is the caller's struct. Work: bounded; a plan some 100 us, and the curves
 * of a path that it looks at, 1.5 ms at worst, made again only when its loss has changed.
 *
 * Not here: sending repair, measuring loss (link/feedback.h), choosing the source (media/plan.h).
 */
#ifndef WZP_MEDIA_COVER_H
#define WZP_MEDIA_COVER_H

#include <stdbool.h>
#include <stdint.h>

#define WZP_COVER_WINDOW_MAX        48    /* source packets */
#define WZP_COVER_REPAIR_MAX        12000 /* permille */
#define WZP_COVER_LOSS_MIN_PERMILLE 4

struct wzp_cover_path {
    unsigned loss_permille;
    unsigned burst_16; /* mean run of lost packets, in 1/16 packets, at the rate of all packets; what
                          independent loss gives, or less, counts as independent */
    uint64_t rate_bps; /* of all bytes of this direction; 0: no bound */
};

struct wzp_cover_source {
    int64_t interval_ns;
    unsigned packet_bytes; /* on the wire, IP/UDP counted */
    unsigned repair_bytes;
};

struct wzp_cover {
    unsigned repair_permille; /* repair packets per 1000 source packets */
    unsigned window;          /* source packets that one covers */
    int64_t horizon_ns;       /* how long after its source the last repair that covers it leaves */
    unsigned residual_ppm;    /* source packets not there within the horizon, predicted */
    uint64_t rate_bps;        /* of source and repair together */
};

/*
 * What to repair for while nothing is known of a path: a fifth, more where a round trip is long (the truth
 * comes late, and some delay more matters little) and where the rate is thin (such paths lose more). And how
 * long that repair may take: a clean path must not start late for it, but where the rate has no room for all
 * of it at once.
 */
#define WZP_COVER_UNKNOWN_LOSS_MAX 600                              /* permille */
unsigned wzp_cover_unknown_loss(int64_t rtt_ns, uint64_t rate_bps); /* permille */
int64_t wzp_cover_unknown_horizon(int64_t rtt_ns, uint64_t rate_bps);

/* What feedback and acknowledgements of the other direction may take of a rate is left to them. */
uint64_t wzp_cover_rate_usable(uint64_t rate_bps);

int64_t wzp_cover_horizon(unsigned repair_permille, unsigned window, int64_t interval_ns);

/* Two links in a row as one path that is repaired from end to end. */
struct wzp_cover_path wzp_cover_in_a_row(const struct wzp_cover_path *a, const struct wzp_cover_path *b);

/* residual[w - 1], w = 1..window_max: the share of source packets, 0..1, that is neither received nor solved
 * within the horizon of window w. `window_max`: 1..WZP_COVER_WINDOW_MAX. */
void wzp_cover_residuals(const struct wzp_cover_path *path, unsigned repair_permille, unsigned window_max,
                         double *residual);

/*
 * What each schedule on the ladder leaves on a path: computed when first looked at, since most cost too much
 * to be, and read for any number of sources.
 */
#define WZP_COVER_RUNGS 43
struct wzp_cover_curves {
    bool is_made;
    struct wzp_cover_path path;
    uint64_t computed; /* a bit for each rung */
    float residual[WZP_COVER_RUNGS][WZP_COVER_WINDOW_MAX];
};

/* The curves are of this path from now on. Another rate alone costs nothing. */
void wzp_cover_curves_make(const struct wzp_cover_path *path, struct wzp_cover_curves *curves);

/* What things cost, in one currency (media/plan.h counts in intelligibility). */
struct wzp_cover_weights {
    double residual; /* of all packets, per packet lost */
    double gaps;     /* that there are gaps at all: this * x / (x + gaps_half) at a residual x */
    double gaps_half;
    double second; /* of horizon */
    double mbps;   /* of repair */
};

/* The cover with the smallest sum of costs within rate and horizon; its cost. */
double wzp_cover_choose(struct wzp_cover_curves *curves, const struct wzp_cover_source *source,
                        const struct wzp_cover_weights *weights, int64_t horizon_ns_max,
                        struct wzp_cover *out);

/*
 * How long to wait for repair of which a horizon is told again and again: a longer one counts at once, one of
 * less than half when it was told for 0.6 s, and one that is a little shorter, since it may be longer again
 * soon, after two seconds; but in the first ten, in which the path comes to be known, after 0.6 s as well.
 */
struct wzp_cover_wait {
    int64_t ns;
    int64_t at_ns;    /* when so long a horizon, or nearly, was told last */
    int64_t told_ns;  /* when any was ... */
    int64_t begun_ns; /* ... and since when that goes on */
};

void wzp_cover_wait_note(struct wzp_cover_wait *wait, int64_t horizon_ns, int64_t now_ns);
/* 0 when none was told for five seconds. */
int64_t wzp_cover_wait_ns(const struct wzp_cover_wait *wait, int64_t now_ns);

/*
 * From noisy estimates of a path to one worth planning for: a rise beyond the noise counts at once, a fall
 * within about a second, and noise alone moves it rarely.
 */
struct wzp_cover_tracker {
    bool has_estimate;
    int64_t at_ns;          /* of the newest estimate */
    int64_t below_since_ns; /* since when estimates are far below what is planned for; WZP_NEVER */
    int64_t low_since_ns;   /* and since when the smoothed one is below it */
    int64_t stepped_ns;     /* when an estimate last counted at once */
    unsigned packets;       /* the most that an estimate was taken over */
    int64_t since_ns;       /* from when on the mean is of one loss */
    double loss;            /* the mean, 0..1 */
    double recent;          /* of the last seconds */
    double burst;
    struct wzp_cover_path path; /* what is planned for */
};

void wzp_cover_tracker_init(struct wzp_cover_tracker *tracker);
/* `estimate`: over the last `packets` packets. Has `path` changed? */
bool wzp_cover_track(struct wzp_cover_tracker *tracker, const struct wzp_cover_path *estimate,
                     unsigned packets, int64_t now_ns);
/* As a tracker begins with it: of what is feared, which is not to be smoothed. */
struct wzp_cover_path wzp_cover_heed(const struct wzp_cover_path *estimate);

#endif
