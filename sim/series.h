// SPDX-License-Identifier: Apache-2.0
/*
 * What happened over time in one world, for pictures: every link, every person, every pair in bins, and what
 * was done to them as marks.
 *
 * Law: at most SIM_SERIES_BINS bins, of 100 ms unless the world lasts longer than they reach, so that memory
 * is bounded whatever the length; nothing is asked of a node that changes it: with or without series the
 * trace hash and every measure are the same; the sums over all bins are the link's own counts.
 *
 * Reads the net's taps and the people from its creation on; both outlive it. docs/sim.md, section Reports.
 */
#ifndef WZP_SIM_SERIES_H
#define WZP_SIM_SERIES_H

#include "sim/person.h"

#define SIM_SERIES_BINS      600
#define SIM_SERIES_BIN_NS    (100 * WZP_MS) /* the least */
#define SIM_SERIES_MARKS_MAX 256
#define SIM_SERIES_LINES_MAX 16
#define SIM_SERIES_TEXT_MAX  96

/* One direction of a link within a bin; of packets that were offered in it. */
struct sim_series_link {
    uint32_t packets, lost, queue_drops, too_large;
    uint64_t bytes;                     /* with SIM_LINK_HEADER_BYTES each */
    int64_t delay_sum_ns;               /* of those that arrive, from offered to arrived ... */
    int64_t delay_max_ns, queue_max_ns; /* ... and what they waited for the line */
    uint32_t arriving;
    uint64_t arriving_bytes;
    float capacity_kbps; /* of the line: its rate at the bin's end, or what its trace lets through; NAN: no
                            limit */
};

/* Bytes that a person sent within a bin, headers counted; the whole is the uplink's `bytes`. */
struct sim_series_sent {
    uint32_t media, repair, feedback;
};

struct sim_series_person {
    struct sim_series_link *up, *down; /* of each bin */
    struct sim_series_sent *sent;
    float *estimate_kbps; /* what it may send, as it believes; NAN: no bound is known */
    float *speech_kbps;   /* its codec's rate; NAN: not planned yet */
    float *loss_pct;      /* of its packets to the relay, as it believes; NAN before it knows */
    struct {
        float *depth_ms, *target_ms; /* NAN: no decoder */
    } buffer[SIM_ROOM_MAX]; /* by the speaker's place in the room: of who was ever heard, else NULL */
};

struct sim_series_mark {
    int64_t at_ns;
    char text[SIM_SERIES_TEXT_MAX];
    bool is_routine; /* as expected: a join, a rekey */
};

struct sim_series;

/* `relays` are the world's, which come one by one. */
struct sim_series *sim_series_create(struct sim_net *net, struct sim_crowd *crowd,
                                     const struct sim_relays *relays, int64_t horizon_ns);
void sim_series_destroy(struct sim_series *series);

size_t sim_series_bins(const struct sim_series *series);
int64_t sim_series_bin_ns(const struct sim_series *series);
/* NULL: nothing is known of that person. */
const struct sim_series_person *sim_series_person(const struct sim_series *series, unsigned person);
/* The downlink of a node that is no person, and whose access others share (sim_net_attach); NULL: none of the
 * first SIM_SERIES_LINES_MAX that were used. */
const struct sim_series_link *sim_series_line(const struct sim_series *series, unsigned node);
/* In the order of time; what comes after the most is left out. */
const struct sim_series_mark *sim_series_marks(struct sim_series *series, size_t *count);
/* Says that something happens now. The same words within a second are one mark. */
void sim_series_mark(struct sim_series *series, int64_t at_ns, bool is_routine, const char *text);

#endif
