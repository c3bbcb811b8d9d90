// SPDX-License-Identifier: Apache-2.0
#include "sim/cubic.h"

#include "base/check.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define IP_UDP_HEADER  28
#define NUMBER_LEN     8
#define ACK_LEN        12    /* with headers the 40 bytes of a TCP segment without data */
#define RING           65536 /* packets under way at most: a power of two */
#define C              0.4
#define BETA           0.7
#define WINDOW_INITIAL 10 /* RFC 6928 */
#define WINDOW_MIN     2
#define REORDERING     3
#define TIMEOUT_MIN_NS (200 * WZP_MS)
#define TIMEOUT_MAX_NS (60 * WZP_S)
#define FIRST_RTT_NS   (333 * WZP_MS)

struct sent {
    int64_t at_ns;
    bool in_flight;
};

struct sim_cubic {
    struct sim_sink *sink;
    struct sim_cubic_config config;
    unsigned node;
    /* the source */
    struct sent *sent; /* of number n: n mod RING */
    uint64_t next_number, lowest, largest_acked;
    bool any_acked;
    uint32_t in_flight;
    double window, threshold; /* packets */
    double max_window, aimd_window, prior_window, k_s;
    int64_t epoch_ns;      /* of congestion avoidance; WZP_NEVER: it begins with the next ACK */
    uint64_t recovery_end; /* a loss below it belongs to a reduction that was made */
    int64_t rtt_ns, rtt_var_ns, timeout_ns, timeout_at_ns;
    struct sim_cubic_counts counts;
    /* the sink's side */
    bool owes_ack; /* the sink is looked at after each packet */
    uint64_t ack;
    uint8_t *seen; /* a byte each number */
    size_t seen_capacity;
    struct sim_meter arrived;
};

static void write_number(uint8_t *bytes, uint64_t number)
{
    for (unsigned i = 0; i < NUMBER_LEN; i++)
        bytes[i] = (uint8_t)(number >> 8 * i);
}

static uint64_t read_number(const uint8_t *bytes)
{
    uint64_t number = 0;
    for (unsigned i = 0; i < NUMBER_LEN; i++)
        number |= (uint64_t)bytes[i] << 8 * i;
    return number;
}

/* ---- the sink's side ---- */

static void on_data(void *ctx, const uint8_t *bytes, size_t len, int64_t now_ns)
{
    struct sim_cubic *cubic = ctx;
    uint64_t number = len >= NUMBER_LEN ? read_number(bytes) : UINT64_MAX;
    if (len + IP_UDP_HEADER != cubic->config.packet || number >= cubic->next_number)
        return; /* the link flipped a bit */
    cubic->owes_ack = true;
    cubic->ack = number;
    if (number >= cubic->seen_capacity) {
        size_t capacity = cubic->seen_capacity ? cubic->seen_capacity : 4096;
        while (capacity <= number)
            capacity *= 2;
        cubic->seen = realloc(cubic->seen, capacity);
        WZP_CHECK(cubic->seen);
        memset(cubic->seen + cubic->seen_capacity, 0, capacity - cubic->seen_capacity);
        cubic->seen_capacity = capacity;
    }
    if (!cubic->seen[number])
        sim_meter_add(&cubic->arrived, now_ns, len + IP_UDP_HEADER);
    cubic->seen[number] = 1;
}

static size_t answer(void *ctx, uint8_t *bytes, size_t capacity)
{
    struct sim_cubic *cubic = ctx;
    if (!cubic->owes_ack)
        return 0;
    WZP_CHECK(capacity >= ACK_LEN);
    memset(bytes, 0, ACK_LEN);
    write_number(bytes, cubic->ack);
    cubic->owes_ack = false;
    return ACK_LEN;
}

/* ---- the window ---- */

/* RFC 9438 sections 4.6 and 4.7. */
static void reduce(struct sim_cubic *cubic)
{
    cubic->counts.reductions++;
    cubic->max_window = cubic->window < cubic->max_window ? cubic->window * (1 + BETA) / 2 : cubic->window;
    cubic->prior_window = cubic->window;
    cubic->threshold = fmax(cubic->window * BETA, WINDOW_MIN);
    cubic->recovery_end = cubic->next_number;
    cubic->epoch_ns = WZP_NEVER;
}

static void begin_epoch(struct sim_cubic *cubic, int64_t now_ns)
{
    cubic->epoch_ns = now_ns;
    cubic->max_window = fmax(cubic->max_window, cubic->window);
    cubic->k_s = cbrt((cubic->max_window - cubic->window) / C);
    cubic->aimd_window = cubic->window;
}

/* One packet was acknowledged: sections 4.2 to 4.5. */
static void grow(struct sim_cubic *cubic, int64_t now_ns)
{
    if (cubic->window < cubic->threshold) {
        cubic->window += 1;
        return;
    }
    if (cubic->epoch_ns == WZP_NEVER)
        begin_epoch(cubic, now_ns);
    double t_s = (double)(now_ns - cubic->epoch_ns + cubic->rtt_ns) / WZP_S - cubic->k_s;
    double target = C * t_s * t_s * t_s + cubic->max_window;
    double alpha = cubic->aimd_window < cubic->prior_window ? 3 * (1 - BETA) / (1 + BETA) : 1;
    target = fmin(fmax(target, cubic->window), 1.5 * cubic->window);
    cubic->aimd_window += alpha / cubic->window;
    cubic->window = fmax(cubic->window + (target - cubic->window) / cubic->window, cubic->aimd_window);
}

static void sample(struct sim_cubic *cubic, int64_t rtt_ns)
{
    if (!cubic->any_acked) {
        cubic->rtt_ns = rtt_ns;
        cubic->rtt_var_ns = rtt_ns / 2;
        return;
    }
    int64_t off_ns = rtt_ns > cubic->rtt_ns ? rtt_ns - cubic->rtt_ns : cubic->rtt_ns - rtt_ns;
    cubic->rtt_var_ns += (off_ns - cubic->rtt_var_ns) / 4;
    cubic->rtt_ns += (rtt_ns - cubic->rtt_ns) / 8;
}

static void restart_timer(struct sim_cubic *cubic, int64_t now_ns)
{
    cubic->timeout_at_ns = cubic->in_flight ? now_ns + cubic->timeout_ns : WZP_NEVER;
}

static void lose(struct sim_cubic *cubic, uint64_t number)
{
    struct sent *sent = &cubic->sent[number % RING];
    if (!sent->in_flight)
        return;
    sent->in_flight = false;
    cubic->in_flight--;
    cubic->counts.lost++;
}

static void judge_lost(struct sim_cubic *cubic)
{
    for (; cubic->lowest + REORDERING <= cubic->largest_acked; cubic->lowest++) {
        if (cubic->sent[cubic->lowest % RING].in_flight && cubic->lowest >= cubic->recovery_end) {
            reduce(cubic);
            cubic->window = cubic->threshold;
        }
        lose(cubic, cubic->lowest);
    }
}

/* ---- the source ---- */

static void source_receive(void *self, const struct wzp_addr *from, uint8_t *datagram, size_t len,
                           int64_t now_ns)
{
    struct sim_cubic *cubic = self;
    uint64_t number = len >= NUMBER_LEN ? read_number(datagram) : UINT64_MAX;
    (void)from;
    if (len != ACK_LEN || number >= cubic->next_number || number + RING < cubic->next_number ||
        !cubic->sent[number % RING].in_flight)
        return; /* given up, a copy, or a flipped bit */
    cubic->sent[number % RING].in_flight = false;
    cubic->in_flight--;
    sample(cubic, now_ns - cubic->sent[number % RING].at_ns);
    cubic->largest_acked = cubic->any_acked && cubic->largest_acked > number ? cubic->largest_acked : number;
    cubic->any_acked = true;
    cubic->timeout_ns = wzp_time_max(cubic->rtt_ns + 4 * cubic->rtt_var_ns, TIMEOUT_MIN_NS);
    if (number >= cubic->recovery_end)
        grow(cubic, now_ns);
    judge_lost(cubic);
    restart_timer(cubic, now_ns);
}

static size_t source_transmit(void *self, int64_t now_ns, struct wzp_addr *to, uint8_t *datagram,
                              size_t capacity)
{
    struct sim_cubic *cubic = self;
    size_t len = cubic->config.packet - IP_UDP_HEADER;
    WZP_CHECK(capacity >= len);
    if (now_ns < cubic->config.start_ns || now_ns >= cubic->config.stop_ns ||
        (double)cubic->in_flight + 1 > cubic->window || cubic->next_number - cubic->lowest >= RING)
        return 0;
    *to = sim_net_addr_now(sim_sink_net(cubic->sink), sim_sink_node(cubic->sink));
    memset(datagram, 0, len);
    write_number(datagram, cubic->next_number);
    cubic->sent[cubic->next_number++ % RING] = (struct sent){now_ns, true};
    cubic->counts.sent++;
    if (cubic->in_flight++ == 0)
        restart_timer(cubic, now_ns);
    return len;
}

static int64_t source_next_at(const void *self)
{
    const struct sim_cubic *cubic = self;
    return cubic->next_number ? cubic->timeout_at_ns : cubic->config.start_ns;
}

static void source_advance(void *self, int64_t now_ns)
{
    struct sim_cubic *cubic = self;
    if (now_ns < cubic->timeout_at_ns)
        return;
    for (; cubic->lowest < cubic->next_number; cubic->lowest++)
        lose(cubic, cubic->lowest);
    cubic->counts.timeouts++;
    reduce(cubic);
    cubic->window = 1;
    cubic->timeout_ns = wzp_time_min(2 * cubic->timeout_ns, TIMEOUT_MAX_NS);
    restart_timer(cubic, now_ns);
}

static const struct sim_node_ops ops = {.receive = source_receive,
                                        .transmit = source_transmit,
                                        .next_at = source_next_at,
                                        .advance = source_advance};

struct sim_cubic *sim_cubic_create(struct sim_sink *sink, const char *name,
                                   const struct sim_cubic_config *config)
{
    WZP_CHECK(config->packet >= SIM_CUBIC_PACKET_MIN && config->packet <= SIM_CUBIC_PACKET_MAX);
    struct sim_cubic *cubic = calloc(1, sizeof *cubic);
    WZP_CHECK(cubic);
    struct sim_net *net = sim_sink_net(sink);
    *cubic = (struct sim_cubic){.sink = sink,
                                .config = *config,
                                .window = WINDOW_INITIAL,
                                .threshold = INFINITY,
                                .epoch_ns = WZP_NEVER,
                                .rtt_ns = FIRST_RTT_NS,
                                .timeout_ns = WZP_S, /* RFC 6298 section 2.1 */
                                .timeout_at_ns = WZP_NEVER};
    cubic->sent = calloc(RING, sizeof *cubic->sent);
    WZP_CHECK(cubic->sent);
    cubic->node = sim_net_add(net, name, &ops, cubic);
    sim_net_attach(net, cubic->node, &config->up, &config->down);
    sim_sink_admit(sink, &(struct sim_sink_guest){cubic->node, on_data, answer, cubic});
    sim_net_poke(net, cubic->node); /* it has a time to begin at */
    return cubic;
}

void sim_cubic_destroy(struct sim_cubic *cubic)
{
    sim_meter_deinit(&cubic->arrived);
    free(cubic->seen);
    free(cubic->sent);
    free(cubic);
}

const struct sim_meter *sim_cubic_arrived(const struct sim_cubic *cubic)
{
    return &cubic->arrived;
}

const struct sim_cubic_counts *sim_cubic_counts(const struct sim_cubic *cubic)
{
    return &cubic->counts;
}
