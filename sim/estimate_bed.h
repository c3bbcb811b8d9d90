// SPDX-License-Identifier: Apache-2.0
/*
 * A bed to measure bandwidth estimators on, without sessions and their crypto: senders (link/sent.h,
 * link/estimate.h, a pacer) put packets through one sim/link.h to receivers that report with the very
 * link/feedback.h; their frames go back over links of their own.
 *
 * Laws: a run is told by its parameters and seed alone. Each packet carries media and has the time it left in
 * its header. A report leaves alone, 53 bytes of packet and 28 of headers around it. A source that follows
 * has a packet whenever the pacer lets one out; one with a rate has what that rate makes, and padding fills
 * the pace where the estimate wants it. Padding never counts as goodput.
 *
 * Not here: the session's way of spending the rate (scenarios/bwe.lua).
 */
#ifndef WZP_SIM_ESTIMATE_BED_H
#define WZP_SIM_ESTIMATE_BED_H

#include "link/estimate.h"
#include "sim/link.h"

#define SIM_BED_FLOWS 4
#define SIM_BED_STEPS 4

struct sim_bed_step {
    int64_t at_ns;
    uint64_t rate_bps; /* 0: as it is */
    int64_t delay_ns;  /* 0: as it is; of each way */
};

struct sim_bed_params {
    enum wzp_estimate_kind kind;
    struct sim_link_params link; /* there */
    double back_loss;            /* of reports; their way has the delay of the way there */
    size_t size;                 /* bytes of UDP payload of a packet */
    uint64_t start_bps;
    uint64_t load_bps; /* of the source, with headers; 0: it follows */
    uint64_t wish_bps; /* 0: no bound */
    uint64_t deaf_bps; /* what leaves until deaf_ns whatever the pace is, at uneven times: as speech would */
    int64_t deaf_ns;   /* 0: it follows from the start */
    unsigned flows;
    int64_t start_ns;          /* of the first flow */
    int64_t apart_ns;          /* between the starts of flows */
    bool has_cubic;            /* a bulk flow on the same link from the start */
    int64_t settle_ns, end_ns; /* measured in between */
    unsigned steps_count;
    struct sim_bed_step steps[SIM_BED_STEPS];
    bool trace; /* a line of stdout for each 100 ms */
};

struct sim_bed_flow {
    double utilisation; /* source bytes that arrived, 28 each counted, of capacity x time x (1 - loss) */
    double queue_p50_ms, queue_p95_ms, queue_max_ms; /* waits of its packets for the line */
    double congestive;                               /* share of packets that found the queue full */
    double padding;                                  /* share of bytes that were padding */
    double changes_per_min;                          /* of the target by more than a twentieth */
    uint64_t target_bps;                             /* at the end */
    uint64_t deaf_target_bps;                        /* at the end of what left whatever the pace is */
    int64_t reached_ns; /* when the target was first at wish_bps; WZP_NEVER: never */
    double reports_per_s;
    double report_share; /* bytes of reports, of those that came */
    struct {
        double settle_ms;     /* until the target stays within 15 % of the capacity for half a second */
        double queue_peak_ms; /* after it */
        double queue_late_ms; /* the largest wait from 2 s after it to the next */
        double utilisation;   /* from 3 s after it to the next */
    } steps[SIM_BED_STEPS];
};

struct sim_bed_result {
    struct sim_bed_flow flow[SIM_BED_FLOWS];
    double jain;
};

void sim_bed_run(const struct sim_bed_params *params, uint64_t seed, struct sim_bed_result *result);

#endif
