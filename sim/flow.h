// SPDX-License-Identifier: Apache-2.0
/*
 * Flows that send what their path is estimated to carry: a synthetic encoder on the product's own session,
 * and the sink where some of them end. The sink's downlink is the line that they share; feedback goes back
 * over its uplink. What a sink counts is what issue after issue measures with: docs/sim.md.
 *
 * Law of the encoder: every 1 / fps seconds it makes a frame of target_bps / fps bits as its session tells
 * the target at that moment, cut into packets of the size it was given; what is less than a packet is carried
 * over to the next frame, and nothing else is. Where a frame is less than two packets each packet is a frame
 * of its own, of that size at most and 250 bytes at least, and the next comes when the target has paid for
 * it; so it is where fps is 0, and where packets are so small that the session would put two into one
 * datagram. It is never ahead of the target by more than a frame. All packets of a frame have its timestamp;
 * sequence numbers rise by one. Media type VIDEO: no repair covers it. Pacing is the session's.
 *
 * Law of the counts: a datagram counts once, with all its bytes and 28 of headers, when media came in it that
 * had not come before. Owns endpoints, counts. Not here: worlds and words (api_flow.c).
 */
#ifndef WZP_SIM_FLOW_H
#define WZP_SIM_FLOW_H

#include "link/estimate.h"
#include "sim/meter.h"
#include "sim/net.h"

#define SIM_SINK_FLOWS_MAX  16
#define SIM_SINK_GUESTS_MAX 16
#define SIM_FLOW_PACKET_MIN 100  /* bytes of IP */
#define SIM_FLOW_PACKET_MAX 1174 /* media of the largest payload, everything around it counted */
#define SIM_FLOW_FPS_MAX    1000

struct sim_sink;
struct sim_flow;

struct sim_flow_config {
    enum wzp_estimate_kind estimate;
    uint64_t start_rate_bps; /* 0: as sessions begin by themselves */
    uint32_t packet;         /* bytes of IP at most, SIM_FLOW_PACKET_MIN.._MAX */
    uint32_t fps;
    int64_t start_ns, stop_ns;
    struct sim_link_params up, down; /* its own access, beside the sink's */
};

/* `up`, `down`: its access; both stand. */
struct sim_sink *sim_sink_create(struct sim_net *net, const char *name, const struct sim_link_params *up,
                                 const struct sim_link_params *down);
/* After all of its flows and guests. */
void sim_sink_destroy(struct sim_sink *sink);
/* SIM_SINK_FLOWS_MAX flows end there. */
bool sim_sink_is_full(const struct sim_sink *sink);
unsigned sim_sink_node(const struct sim_sink *sink);
struct sim_net *sim_sink_net(const struct sim_sink *sink);

/* Somebody else whose datagrams come to the sink: `receive` takes them, `answer` gives what goes back until
 * it gives 0. */
struct sim_sink_guest {
    unsigned node;
    void (*receive)(void *ctx, const uint8_t *bytes, size_t len, int64_t now_ns);
    size_t (*answer)(void *ctx, uint8_t *bytes, size_t capacity);
    void *ctx;
};
void sim_sink_admit(struct sim_sink *sink, const struct sim_sink_guest *guest);

struct sim_flow *sim_flow_create(struct sim_sink *sink, const char *name,
                                 const struct sim_flow_config *config);
void sim_flow_destroy(struct sim_flow *flow);
unsigned sim_flow_node(const struct sim_flow *flow);
/* The node of the sink where it ends. */
unsigned sim_flow_sink(const struct sim_flow *flow);

/* Within [from_ns, to_ns): what arrived, by its arrival, and what was offered to the sink's line, then. */
struct sim_flow_measured {
    uint64_t bytes, payload_bytes; /* of media that came first: of whole datagrams; sealed payloads alone */
    uint64_t offered, dropped;     /* packets, of any kind; dropped: the line's queue was full */
    uint64_t offered_bytes;        /* with 28 of headers each */
    double p50_ms, p95_ms, max_ms; /* that those which were not dropped waited for the line; NAN: none */
    double rate_changes_per_min;   /* of the target by more than 5 % since the last such change */
    double connect_ms;             /* from its start; NAN: not yet */
};
void sim_flow_measure(const struct sim_flow *flow, int64_t from_ns, int64_t to_ns,
                      struct sim_flow_measured *measured);
/* Bytes of first media that arrived, and of all that was offered, as above. */
const struct sim_meter *sim_flow_arrived(const struct sim_flow *flow);
const struct sim_meter *sim_flow_offered(const struct sim_flow *flow);
/* The target as of the last frame before `at_ns`; 0: none was made. */
uint64_t sim_flow_target(const struct sim_flow *flow, int64_t at_ns);

#endif
