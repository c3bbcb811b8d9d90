// SPDX-License-Identifier: Apache-2.0
/*
 * Lines and queues beyond the one of sim/link.h: limits in packets and bytes, CoDel, slots, delivery traces,
 * outages, framing.
 *
 * Law: packets leave in the order they came. What a packet takes of the line is its IP bytes (n + 28) and
 * `overhead`; with `cell` it fills whole cells of that many bytes, each `cell_overhead` larger (tc netem's
 * rate). rate, trace  the line sends at a rate, or when the trace has an opportunity for it
 * (sim/link_trace.h): an opportunity serves whoever waits at its time, several small packets or a part of a
 * large one; what nobody waits for is gone slots        as tc netem: what the line has done leaves in slots,
 * each `slot_min`..`slot_max` after the one before (after the packet, when none waited); at most slot_packets
 * and slot_bytes leave in one limits       a packet that has to wait is dropped on arrival (drop-tail) if
 * queue_packets wait already, or queue_bytes would be exceeded, or it had to wait longer than `queue` CoDel
 * RFC 8289 section 5, for packets when they come to the head: `codel_target` and `codel_interval`. The rule
 * that a queue of at most 1500 bytes is not to be dropped from looks at what waited when the packet came, for
 * what comes later is not known yet outages      what the line has done within from..to (again each `every`)
 * is lost, having used its capacity A line of infinite rate has no queue but in front of slots. Owns the list
 * of waiting packets' lengths, not the packets. Does not: model a line shared with others, or pauses on air.
 */
#ifndef WZP_SIM_LINK_QUEUE_H
#define WZP_SIM_LINK_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/rng.h"
#include "sim/link_trace.h"

#define SIM_OUTAGES_MAX 8

struct sim_outage {
    int64_t from_ns, to_ns;
    int64_t every_ns; /* 0: once */
};

struct sim_line_model {
    uint64_t queue_packets, queue_bytes;        /* 0 = no such limit */
    int64_t codel_target_ns, codel_interval_ns; /* target 0: drop-tail alone */
    int64_t slot_min_ns, slot_max_ns;           /* both 0: no slots */
    uint32_t slot_packets, slot_bytes;          /* 0 = no limit */
    const struct sim_trace *trace;              /* NULL: the rate */
    int32_t overhead;                           /* bytes a packet, -28..1500 */
    uint32_t cell, cell_overhead;               /* bytes; cell 0 = none */
    struct sim_outage outage[SIM_OUTAGES_MAX];  /* in use as long as to is above from */
};

struct sim_line;

const char *sim_line_check(const struct sim_line_model *model, uint64_t rate_bps);
/* Does it need a struct sim_line? Framing and outages alone do not. */
bool sim_line_is_needed(const struct sim_line_model *model);
/* A line that is busy until then. */
struct sim_line *sim_line_create(uint64_t seed, int64_t free_ns);
void sim_line_destroy(struct sim_line *line);

size_t sim_line_bytes(const struct sim_line_model *model, size_t ip_bytes);
bool sim_line_is_out(const struct sim_line_model *model, int64_t at_ns);

/* What became of a packet. */
struct sim_line_turn {
    bool dropped;
    int64_t starts_ns; /* when its first bit leaves; when CoDel drops it */
    int64_t leaves_ns; /* when its last bit does */
};
void sim_line_take(struct sim_line *line, const struct sim_line_model *model, uint64_t rate_bps,
                   int64_t queue_ns, int64_t now_ns, size_t bytes, struct sim_line_turn *turn);

#endif
