// SPDX-License-Identifier: Apache-2.0
#include "sim/flow.h"

#include "base/check.h"
#include "crypt/identity.h"
#include "session/endpoint.h"

#include <math.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#define BEGIN_BPS     100000 /* of an encoder, until its session knows a rate */
#define IP_UDP_HEADER 28
#define AROUND_PAYLOAD                                                                                       \
    (SIM_FLOW_PACKET_MAX - WZP_MEDIA_PAYLOAD_MAX) /* in a packet with a full media header */
#define VIDEO_QUEUE_BYTES (512 * 1024) /* a frame of the largest rate that is looked at, and more */
#define CHANGE_PERCENT    5
#define FPS               30  /* of the frames that single packets are sized by */
#define SMALL_PACKET      250 /* bytes of IP: where frames are smaller there are fewer of them */
#define DATAGRAM_BYTES    (WZP_DATAGRAM_MAX + IP_UDP_HEADER)

struct wait {
    int64_t at_ns;
    int64_t queued_ns; /* -1: dropped */
};

struct target {
    int64_t at_ns;
    uint64_t bps;
};

/* A list that grows. */
struct list {
    void *item;
    size_t count, capacity;
};

struct sim_sink {
    struct sim_net *net;
    unsigned node;
    struct wzp_endpoint *endpoint;
    struct sim_flow *flow[SIM_SINK_FLOWS_MAX]; /* by slot */
    unsigned flow_count;
    struct sim_sink_guest guest[SIM_SINK_GUESTS_MAX];
    unsigned guest_count;
    size_t datagram_len; /* of the one that is being received */
};

struct sim_flow {
    struct sim_sink *sink;
    struct sim_flow_config config;
    unsigned node;
    uint16_t slot;
    struct wzp_endpoint *endpoint;
    uint32_t session;     /* 0: none */
    int64_t connected_ns; /* first; WZP_NEVER */
    /* the encoder */
    int64_t frame_at_ns; /* WZP_NEVER while there is nobody to send to */
    uint64_t credit;     /* bytes that were not yet offered, less than a packet */
    uint32_t sequence;
    /* what came */
    struct sim_meter arrived, payload, offered;
    struct list waits, targets; /* of struct wait and target, by time */
    struct list seen;           /* a byte for each sequence number */
};

static void *grow(struct list *list, size_t size, size_t count)
{
    if (count > list->capacity) {
        size_t capacity = list->capacity ? list->capacity : 256;
        while (capacity < count)
            capacity *= 2;
        list->item = realloc(list->item, capacity * size);
        WZP_CHECK(list->item);
        memset((uint8_t *)list->item + list->capacity * size, 0, (capacity - list->capacity) * size);
        list->capacity = capacity;
    }
    list->count = count > list->count ? count : list->count;
    return (uint8_t *)list->item + (count - 1) * size;
}

static struct wzp_endpoint *make_endpoint(struct sim_net *net, unsigned node,
                                          struct wzp_endpoint_config config)
{
    struct wzp_identity identity;
    uint8_t seed[32];
    sim_net_secret(net, node, "identity", seed);
    wzp_identity_from_seed(&identity, seed);
    memcpy(config.static_secret, identity.noise_secret, 32);
    memcpy(config.static_public, identity.noise_public, 32);
    wzp_identity_reset_key(&identity, config.reset_key);
    wzp_identity_deinit(&identity);
    sim_net_secret(net, node, "randomness", config.seed);
    config.alloc = sim_net_alloc(net, node);
    config.trace = sim_net_trace(net, node);
    struct wzp_endpoint *endpoint = wzp_endpoint_create(&config);
    WZP_CHECK(endpoint);
    sim_net_close_memory(net, node);
    return endpoint;
}

/* ---- the sink ---- */

static void sink_receive(void *self, const struct wzp_addr *from, uint8_t *datagram, size_t len,
                         int64_t now_ns)
{
    struct sim_sink *sink = self;
    for (unsigned i = 0; i < sink->guest_count; i++) {
        struct wzp_addr addr = sim_net_addr_now(sink->net, sink->guest[i].node);
        if (wzp_addr_equal(&addr, from)) {
            sink->guest[i].receive(sink->guest[i].ctx, datagram, len, now_ns);
            return;
        }
    }
    sink->datagram_len = len;
    wzp_endpoint_receive(sink->endpoint, from, datagram, len, now_ns);
}

static size_t sink_transmit(void *self, int64_t now_ns, struct wzp_addr *to, uint8_t *datagram,
                            size_t capacity)
{
    struct sim_sink *sink = self;
    for (unsigned i = 0; i < sink->guest_count; i++) {
        size_t len = sink->guest[i].answer(sink->guest[i].ctx, datagram, capacity);
        *to = sim_net_addr_now(sink->net, sink->guest[i].node);
        if (len)
            return len;
    }
    return wzp_endpoint_transmit(sink->endpoint, now_ns, to, datagram, capacity);
}

static int64_t sink_next_at(const void *self)
{
    return wzp_endpoint_next_at(((const struct sim_sink *)self)->endpoint);
}

static void sink_advance(void *self, int64_t now_ns)
{
    wzp_endpoint_advance(((struct sim_sink *)self)->endpoint, now_ns);
}

/* Media of a flow: its payload counts once, the datagram that it came in once for all media in it. */
static void on_media(struct sim_sink *sink, const struct wzp_event *event, int64_t now_ns)
{
    if (event->media.slot >= sink->flow_count)
        return;
    struct sim_flow *flow = sink->flow[event->media.slot];
    uint8_t *seen = grow(&flow->seen, 1, (size_t)event->media.header.sequence + 1);
    if (*seen)
        return;
    *seen = 1;
    sim_meter_add(&flow->payload, now_ns, event->media.payload.len);
    if (sink->datagram_len)
        sim_meter_add(&flow->arrived, now_ns, sink->datagram_len + IP_UDP_HEADER);
    sink->datagram_len = 0;
}

static void sink_settle(void *self, int64_t now_ns)
{
    struct sim_sink *sink = self;
    struct wzp_event event;
    while (wzp_endpoint_poll(sink->endpoint, &event))
        if (event.kind == WZP_EVENT_MEDIA && !event.media.is_repaired)
            on_media(sink, &event, now_ns);
    sink->datagram_len = 0;
}

static void on_line(void *ctx, int64_t now_ns, unsigned from, size_t len,
                    const struct sim_link_verdict *verdict)
{
    struct sim_sink *sink = ctx;
    for (unsigned i = 0; i < sink->flow_count; i++) {
        struct sim_flow *flow = sink->flow[i];
        if (flow->node != from)
            continue;
        bool waited = verdict->fate == SIM_LINK_DELIVERED || verdict->fate == SIM_LINK_LOST;
        struct wait *wait = grow(&flow->waits, sizeof *wait, flow->waits.count + 1);
        *wait = (struct wait){now_ns, waited ? verdict->queued_ns : -1};
        sim_meter_add(&flow->offered, now_ns, len + IP_UDP_HEADER);
    }
}

static const struct sim_node_ops sink_ops = {.receive = sink_receive,
                                             .transmit = sink_transmit,
                                             .next_at = sink_next_at,
                                             .advance = sink_advance,
                                             .settle = sink_settle};

struct sim_sink *sim_sink_create(struct sim_net *net, const char *name, const struct sim_link_params *up,
                                 const struct sim_link_params *down)
{
    struct sim_sink *sink = calloc(1, sizeof *sink);
    WZP_CHECK(sink);
    sink->net = net;
    sink->node = sim_net_add(net, name, &sink_ops, sink);
    sim_net_attach(net, sink->node, up, down);
    sim_net_tap_line(net, sink->node, on_line, sink);
    struct wzp_endpoint_config config = wzp_endpoint_config_relay();
    config.limits.sessions_max = config.limits.half_open_max = 2 * SIM_SINK_FLOWS_MAX;
    sink->endpoint = make_endpoint(net, sink->node, config);
    return sink;
}

void sim_sink_destroy(struct sim_sink *sink)
{
    wzp_endpoint_destroy(sink->endpoint);
    free(sink);
}

bool sim_sink_is_full(const struct sim_sink *sink)
{
    return sink->flow_count == SIM_SINK_FLOWS_MAX;
}

unsigned sim_sink_node(const struct sim_sink *sink)
{
    return sink->node;
}

struct sim_net *sim_sink_net(const struct sim_sink *sink)
{
    return sink->net;
}

void sim_sink_admit(struct sim_sink *sink, const struct sim_sink_guest *guest)
{
    WZP_CHECK(sink->guest_count < SIM_SINK_GUESTS_MAX);
    sink->guest[sink->guest_count++] = *guest;
}

/* ---- the encoder ---- */

static void note_target(struct sim_flow *flow, uint64_t bps, int64_t now_ns)
{
    const struct target *targets = flow->targets.item;
    if (flow->targets.count && targets[flow->targets.count - 1].bps == bps)
        return;
    struct target *target = grow(&flow->targets, sizeof *target, flow->targets.count + 1);
    *target = (struct target){now_ns, bps};
}

/* A packet of `size` bytes of IP. False: the session takes no more. */
static bool offer(struct sim_flow *flow, uint64_t size, int64_t now_ns)
{
    static const uint8_t payload[WZP_MEDIA_PAYLOAD_MAX]; /* what it holds is sealed */
    uint8_t bytes[WZP_MEDIA_HEADER_LEN];
    struct wzp_writer writer = wzp_writer_make(bytes, sizeof bytes);
    struct wzp_media_header header = {
        .media_type = WZP_MEDIA_TYPE_VIDEO,
        .sequence = flow->sequence,
        .timestamp_ms = (uint32_t)((now_ns - flow->config.start_ns) / WZP_MS),
    };
    wzp_media_header_encode(&writer, &header);
    struct wzp_slice slice = {payload, size - AROUND_PAYLOAD};
    if (wzp_endpoint_send_media(flow->endpoint, flow->session, flow->slot, bytes, slice, false, now_ns) !=
        WZP_ERR_OK)
        return false;
    flow->sequence++;
    return true;
}

static int64_t ns_of(uint64_t bytes, uint64_t bps)
{
    return (int64_t)((double)bytes * 8e9 / (double)bps);
}

static void encode(struct sim_flow *flow, int64_t now_ns)
{
    struct wzp_session_facts facts;
    WZP_CHECK(wzp_endpoint_facts(flow->endpoint, flow->session, &facts));
    uint64_t begin_bps = flow->config.start_rate_bps ? flow->config.start_rate_bps : BEGIN_BPS;
    uint64_t target_bps = facts.rate_bps ? facts.rate_bps : begin_bps;
    note_target(flow, target_bps, now_ns);
    uint64_t fps = flow->config.fps ? flow->config.fps : FPS, packet = flow->config.packet;
    uint64_t frame = target_bps / 8 / fps;
    if (flow->config.fps == 0 || frame < 2 * packet || 2 * packet <= DATAGRAM_BYTES) {
        uint64_t size = frame > SMALL_PACKET ? frame : SMALL_PACKET;
        size = size < packet ? size : packet;
        offer(flow, size, now_ns);
        flow->credit = 0;
        flow->frame_at_ns = now_ns + ns_of(size, target_bps);
        return;
    }
    flow->credit += frame;
    for (; flow->credit >= packet; flow->credit -= packet)
        if (!offer(flow, packet, now_ns))
            flow->credit = packet; /* the rest of the frame is skipped */
    flow->frame_at_ns += WZP_S / (int64_t)fps;
}

/* ---- the source ---- */

static void source_receive(void *self, const struct wzp_addr *from, uint8_t *datagram, size_t len,
                           int64_t now_ns)
{
    wzp_endpoint_receive(((struct sim_flow *)self)->endpoint, from, datagram, len, now_ns);
}

static size_t source_transmit(void *self, int64_t now_ns, struct wzp_addr *to, uint8_t *datagram,
                              size_t capacity)
{
    return wzp_endpoint_transmit(((struct sim_flow *)self)->endpoint, now_ns, to, datagram, capacity);
}

static int64_t source_next_at(const void *self)
{
    const struct sim_flow *flow = self;
    return wzp_time_min(wzp_endpoint_next_at(flow->endpoint), flow->frame_at_ns);
}

static void source_advance(void *self, int64_t now_ns)
{
    wzp_endpoint_advance(((struct sim_flow *)self)->endpoint, now_ns);
}

static void start(void *ctx, int64_t now_ns)
{
    struct sim_flow *flow = ctx;
    struct wzp_addr to = sim_net_addr_now(flow->sink->net, flow->sink->node);
    sim_net_drive(flow->sink->net, flow->node);
    WZP_CHECK(wzp_endpoint_connect(flow->endpoint, &to, NULL, now_ns, &flow->session) == WZP_ERR_OK);
    sim_net_poke(flow->sink->net, flow->node);
}

static void source_settle(void *self, int64_t now_ns)
{
    struct sim_flow *flow = self;
    struct wzp_event event;
    while (wzp_endpoint_poll(flow->endpoint, &event)) {
        if (event.kind == WZP_EVENT_CONNECTED) {
            flow->connected_ns = wzp_time_min(flow->connected_ns, now_ns);
            flow->frame_at_ns = now_ns;
        }
        if (event.kind == WZP_EVENT_RESET_HINT) /* nobody lies here */
            wzp_endpoint_abandon(flow->endpoint, flow->session, now_ns);
        if (event.kind == WZP_EVENT_CLOSED) {
            flow->session = 0;
            flow->frame_at_ns = WZP_NEVER;
            if (now_ns < flow->config.stop_ns)
                sim_net_at(flow->sink->net, now_ns, start, flow);
        }
    }
    if (now_ns >= flow->config.stop_ns)
        flow->frame_at_ns = WZP_NEVER;
    if (flow->frame_at_ns <= now_ns)
        encode(flow, now_ns);
}

static const struct sim_node_ops source_ops = {.receive = source_receive,
                                               .transmit = source_transmit,
                                               .next_at = source_next_at,
                                               .advance = source_advance,
                                               .settle = source_settle};

struct sim_flow *sim_flow_create(struct sim_sink *sink, const char *name,
                                 const struct sim_flow_config *config)
{
    WZP_CHECK(sink->flow_count < SIM_SINK_FLOWS_MAX && config->fps <= SIM_FLOW_FPS_MAX);
    WZP_CHECK(config->packet >= SIM_FLOW_PACKET_MIN && config->packet <= SIM_FLOW_PACKET_MAX);
    struct sim_flow *flow = calloc(1, sizeof *flow);
    WZP_CHECK(flow);
    flow->sink = sink;
    flow->config = *config;
    flow->slot = (uint16_t)sink->flow_count;
    flow->connected_ns = flow->frame_at_ns = WZP_NEVER;
    flow->node = sim_net_add(sink->net, name, &source_ops, flow);
    sim_net_attach(sink->net, flow->node, &config->up, &config->down);
    struct wzp_endpoint_config endpoint = wzp_endpoint_config_client();
    endpoint.limits.video_queue_bytes = VIDEO_QUEUE_BYTES;
    endpoint.estimate = config->estimate;
    if (config->start_rate_bps)
        endpoint.start_rate_bps = config->start_rate_bps;
    flow->endpoint = make_endpoint(sink->net, flow->node, endpoint);
    sink->flow[sink->flow_count++] = flow;
    sim_net_at(sink->net, config->start_ns, start, flow);
    return flow;
}

void sim_flow_destroy(struct sim_flow *flow)
{
    wzp_endpoint_destroy(flow->endpoint);
    sim_meter_deinit(&flow->arrived);
    sim_meter_deinit(&flow->payload);
    sim_meter_deinit(&flow->offered);
    free(flow->waits.item);
    free(flow->targets.item);
    free(flow->seen.item);
    free(flow);
}

unsigned sim_flow_sink(const struct sim_flow *flow)
{
    return flow->sink->node;
}

unsigned sim_flow_node(const struct sim_flow *flow)
{
    return flow->node;
}

/* ---- measures ---- */

static int compare_times(const void *a, const void *b)
{
    const int64_t *x = a, *y = b;
    return *x < *y ? -1 : *x > *y;
}

static void measure_waits(const struct sim_flow *flow, int64_t from_ns, int64_t to_ns,
                          struct sim_flow_measured *measured)
{
    const struct wait *wait = flow->waits.item;
    int64_t *queued_ns = calloc(flow->waits.count + 1, sizeof *queued_ns);
    WZP_CHECK(queued_ns);
    size_t count = 0;
    for (size_t i = 0; i < flow->waits.count; i++) {
        if (wait[i].at_ns < from_ns || wait[i].at_ns >= to_ns)
            continue;
        measured->offered++;
        if (wait[i].queued_ns < 0)
            measured->dropped++;
        else
            queued_ns[count++] = wait[i].queued_ns;
    }
    if (count) { /* the values at rank ceil(q n) */
        qsort(queued_ns, count, sizeof *queued_ns, compare_times);
        measured->p50_ms = (double)queued_ns[(count + 1) / 2 - 1] / WZP_MS;
        measured->p95_ms = (double)queued_ns[(count * 95 + 99) / 100 - 1] / WZP_MS;
        measured->max_ms = (double)queued_ns[count - 1] / WZP_MS;
    }
    free(queued_ns);
}

static double rate_changes_per_min(const struct sim_flow *flow, int64_t from_ns, int64_t to_ns)
{
    const struct target *target = flow->targets.item;
    uint64_t last_bps = 0, changes = 0;
    for (size_t i = 0; i < flow->targets.count && target[i].at_ns < to_ns; i++) {
        uint64_t bps = target[i].bps, by = bps > last_bps ? bps - last_bps : last_bps - bps;
        bool is_change = by * 100 > last_bps * CHANGE_PERCENT;
        if (target[i].at_ns >= from_ns && last_bps)
            changes += is_change;
        if (is_change || target[i].at_ns < from_ns)
            last_bps = bps;
    }
    return (double)changes * 60e9 / (double)(to_ns - from_ns);
}

void sim_flow_measure(const struct sim_flow *flow, int64_t from_ns, int64_t to_ns,
                      struct sim_flow_measured *measured)
{
    WZP_CHECK(from_ns < to_ns);
    *measured = (struct sim_flow_measured){
        .bytes = sim_meter_bytes(&flow->arrived, from_ns, to_ns),
        .payload_bytes = sim_meter_bytes(&flow->payload, from_ns, to_ns),
        .offered_bytes = sim_meter_bytes(&flow->offered, from_ns, to_ns),
        .p50_ms = NAN,
        .p95_ms = NAN,
        .max_ms = NAN,
        .rate_changes_per_min = rate_changes_per_min(flow, from_ns, to_ns),
        .connect_ms = NAN,
    };
    if (flow->connected_ns != WZP_NEVER)
        measured->connect_ms = (double)(flow->connected_ns - flow->config.start_ns) / WZP_MS;
    measure_waits(flow, from_ns, to_ns, measured);
}

const struct sim_meter *sim_flow_arrived(const struct sim_flow *flow)
{
    return &flow->arrived;
}

const struct sim_meter *sim_flow_offered(const struct sim_flow *flow)
{
    return &flow->offered;
}

uint64_t sim_flow_target(const struct sim_flow *flow, int64_t at_ns)
{
    const struct target *target = flow->targets.item;
    uint64_t bps = 0;
    for (size_t i = 0; i < flow->targets.count && target[i].at_ns < at_ns; i++)
        bps = target[i].bps;
    return bps;
}
