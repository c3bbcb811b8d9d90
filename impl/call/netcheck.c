// SPDX-License-Identifier: Apache-2.0
#include "call/netcheck.h"

#include "base/check.h"
#include "call/call.h"

#include <sodium.h>
#include <string.h>

#define IP_UDP_HEADER    28
#define QUIET_NS         (2 * WZP_S)
#define PING_NS          (50 * WZP_MS)  /* between two, while it is quiet */
#define LOADED_PING_NS   (100 * WZP_MS) /* and under load */
#define DRAIN_NS         (500 * WZP_MS) /* between two loads: the queue of one is not the other's */
#define SIZE_NS_MAX      (5 * WZP_S)
#define SILENCE_NS       (5 * WZP_S) /* heard nothing for so long: nobody is there any more */
#define ASK_NS           (3 * WZP_S) /* IK without an answer: who is there? */
#define GOODBYE_NS       (1 * WZP_S)
#define START_BPS        300000
#define LOAD_MAX_BPS     20000000 /* what a relay grants */
#define BOUND_PERCENT    95       /* of what was tried: more was not to be found */
#define SETTLED          1.2      /* an estimate that moved by less */
#define FILE_OF_DATAGRAM 95       /* percent of the bytes of full datagrams that are a file's */

/* Sums of what is looked at with each ping, of the rate for both halves of the time by themselves. */
struct sums {
    unsigned count, rate_count[2];
    double rate[2], loss, burst;
    unsigned burst_count;
    double jitter;
    unsigned jitter_count;
    int64_t since_ns;
    uint64_t bytes, packets; /* of the endpoint's counters, when the sums began */
};

struct round_trips {
    uint64_t seen; /* samples that the session had */
    unsigned count, steps;
    int64_t min_ns, max_ns, last_ns;
    double sum_ns, steps_ns;
};

struct wzp_netcheck {
    struct wzp_netcheck_config config;
    struct wzp_endpoint *endpoint;
    uint32_t session, question; /* 0: none; the question asks who answers */
    bool is_asked;
    enum wzp_netcheck_phase phase;
    int64_t now_ns, began_ns; /* the whole */
    int64_t phase_ns;         /* when this phase began ... */
    int64_t until_ns;         /* ... and when it ends; WZP_NEVER: by an event */
    int64_t ping_at_ns, ask_at_ns;
    struct round_trips quiet, loaded;
    struct sums sums;
    struct wzp_netcheck_result result;
    struct wzp_cover_curves curves[2];
};

struct wzp_netcheck_config wzp_netcheck_config_default(void)
{
    struct wzp_netcheck_config config = {
        .endpoint = wzp_endpoint_config_client(), .load_ns = 8 * WZP_S, .load_max_bps = LOAD_MAX_BPS};
    config.endpoint.estimate = WZP_ESTIMATE_OURS;
    config.endpoint.start_rate_bps = START_BPS;
    return config;
}

struct wzp_netcheck *wzp_netcheck_create(struct wzp_netcheck_config *config)
{
    struct wzp_alloc alloc = config->endpoint.alloc;
    WZP_CHECK(config->load_ns > 0 && config->load_ns <= WZP_NETCHECK_LOAD_NS_MAX);
    struct wzp_netcheck *check = alloc.get(alloc.ctx, sizeof *check);
    if (check) {
        *check = (struct wzp_netcheck){.config = *config,
                                       .until_ns = WZP_NEVER,
                                       .ping_at_ns = WZP_NEVER,
                                       .ask_at_ns = WZP_NEVER,
                                       .result.up = {.jitter_ns = -1, .queue_ns = -1},
                                       .result.down = {.jitter_ns = -1, .queue_ns = -1}};
        sodium_memzero(check->config.endpoint.seed, sizeof check->config.endpoint.seed);
        sodium_memzero(check->config.endpoint.static_secret, sizeof check->config.endpoint.static_secret);
        sodium_memzero(check->config.endpoint.invitation, sizeof check->config.endpoint.invitation);
        check->endpoint = wzp_endpoint_create(&config->endpoint);
    }
    if (check && !check->endpoint) {
        wzp_netcheck_destroy(check);
        check = NULL;
    }
    sodium_memzero(config->endpoint.static_secret, sizeof config->endpoint.static_secret);
    return check;
}

void wzp_netcheck_destroy(struct wzp_netcheck *check)
{
    if (!check)
        return;
    struct wzp_alloc alloc = check->config.endpoint.alloc;
    wzp_endpoint_destroy(check->endpoint);
    alloc.put(alloc.ctx, check, sizeof *check);
}

bool wzp_netcheck_facts(const struct wzp_netcheck *check, struct wzp_session_facts *facts)
{
    return check->session && wzp_endpoint_facts(check->endpoint, check->session, facts);
}

/* ---- measuring ---- */

/* A round trip that was not looked at before. */
static void note_round_trip(struct round_trips *trips, const struct wzp_session_facts *facts)
{
    if (facts->rtt_samples == trips->seen)
        return;
    trips->seen = facts->rtt_samples;
    int64_t rtt_ns = facts->rtt_latest_ns;
    trips->min_ns = trips->count ? wzp_time_min(trips->min_ns, rtt_ns) : rtt_ns;
    trips->max_ns = wzp_time_max(trips->max_ns, rtt_ns);
    if (trips->count) {
        trips->steps++;
        trips->steps_ns += (double)(rtt_ns > trips->last_ns ? rtt_ns - trips->last_ns
                                                            : trips->last_ns - rtt_ns);
    }
    trips->count++;
    trips->sum_ns += (double)rtt_ns;
    trips->last_ns = rtt_ns;
}

static int64_t mean_of(const struct round_trips *trips)
{
    return trips->count ? (int64_t)(trips->sum_ns / trips->count) : 0;
}

/* A load is half over: what is found counts from here. */
static void begin_sums(struct wzp_netcheck *check)
{
    const struct wzp_endpoint_counters *counters = wzp_endpoint_counters(check->endpoint);
    bool is_up = check->phase == WZP_NETCHECK_UP;
    check->sums = (struct sums){.since_ns = check->now_ns,
                                .bytes = is_up ? counters->bytes_out : counters->bytes_in,
                                .packets = is_up ? counters->packets_out : counters->packets_in};
    check->loaded = (struct round_trips){.seen = check->loaded.seen};
}

static void look(struct wzp_netcheck *check, const struct wzp_session_facts *facts)
{
    struct sums *sums = &check->sums;
    bool is_up = check->phase == WZP_NETCHECK_UP;
    unsigned loss = is_up ? facts->loss_permille : facts->loss_in_permille;
    bool is_late = check->now_ns - sums->since_ns > check->config.load_ns / 4;
    sums->count++;
    sums->rate_count[is_late]++;
    sums->rate[is_late] += (double)(is_up ? facts->rate_bps : facts->rate_in_bps);
    sums->loss += loss;
    if (loss) {
        sums->burst += is_up ? facts->burst_16 : facts->burst_in_16;
        sums->burst_count++;
    }
    if (is_up && facts->has_feedback) {
        sums->jitter += facts->peer_jitter_us;
        sums->jitter_count++;
    }
}

/* Where the estimate still moves its newest part counts, and a rising one is not at its end. */
static uint64_t rate_of(const struct sums *sums, bool *is_rising)
{
    double all = (sums->rate[0] + sums->rate[1]) / sums->count, early = all, late = all;
    if (sums->rate_count[0] && sums->rate_count[1]) {
        early = sums->rate[0] / sums->rate_count[0];
        late = sums->rate[1] / sums->rate_count[1];
    }
    *is_rising = late > early * SETTLED;
    return (uint64_t)(*is_rising || early > late * SETTLED ? late : all);
}

static unsigned rounded(double sum, unsigned count)
{
    return count ? (unsigned)(sum / count + 0.5) : 0;
}

static struct wzp_netcheck_way conclude(const struct wzp_netcheck *check)
{
    const struct sums *sums = &check->sums;
    const struct wzp_endpoint_counters *counters = wzp_endpoint_counters(check->endpoint);
    bool is_up = check->phase == WZP_NETCHECK_UP;
    struct wzp_netcheck_way way = {.jitter_ns = -1, .queue_ns = -1};
    int64_t took_ns = check->now_ns - sums->since_ns;
    if (sums->count == 0 || took_ns <= 0)
        return way;
    uint64_t bytes = (is_up ? counters->bytes_out : counters->bytes_in) - sums->bytes;
    uint64_t packets = (is_up ? counters->packets_out : counters->packets_in) - sums->packets;
    double bps = (double)(bytes + packets * IP_UDP_HEADER) * 8e9 / (double)took_ns;
    bool is_rising;
    way.rate_bps = rate_of(sums, &is_rising);
    uint64_t tried_bps = check->config.load_max_bps;
    if (!is_up && tried_bps > LOAD_MAX_BPS)
        tried_bps = LOAD_MAX_BPS;
    way.is_rate_more = is_rising || way.rate_bps >= tried_bps / 100 * BOUND_PERCENT;
    way.loss_permille = rounded(sums->loss, sums->count);
    way.burst_16 = sums->burst_count ? rounded(sums->burst, sums->burst_count) : 16;
    way.arrived_bps = (uint64_t)(is_up ? bps * (1000 - way.loss_permille) / 1000 : bps);
    if (sums->jitter_count)
        way.jitter_ns = (int64_t)(sums->jitter / sums->jitter_count * (double)WZP_US);
    if (check->loaded.count)
        way.queue_ns = wzp_time_max(mean_of(&check->loaded) - mean_of(&check->quiet), 0);
    return way;
}

/* ---- the phases ---- */

static void enter(struct wzp_netcheck *check, enum wzp_netcheck_phase phase, int64_t duration_ns)
{
    check->phase = phase;
    check->phase_ns = check->now_ns;
    check->until_ns = duration_ns == WZP_NEVER ? WZP_NEVER : check->now_ns + duration_ns;
    check->sums = (struct sums){.since_ns = WZP_NEVER};
}

static void leave(struct wzp_netcheck *check, enum wzp_close_reason reason)
{
    check->result.reason = reason;
    check->ping_at_ns = check->ask_at_ns = WZP_NEVER;
    if (check->question)
        wzp_endpoint_abandon(check->endpoint, check->question, check->now_ns);
    check->question = 0;
    if (check->session)
        wzp_endpoint_close(check->endpoint, check->session, WZP_CLOSE_REASON_LEFT, check->now_ns);
    enter(check, WZP_NETCHECK_LEAVING, GOODBYE_NS);
}

static void fill(struct wzp_netcheck *check, enum wzp_netcheck_phase phase)
{
    int64_t load_ns = check->config.load_ns;
    enter(check, phase, load_ns + DRAIN_NS);
    if (phase == WZP_NETCHECK_UP) {
        wzp_endpoint_load(check->endpoint, check->session, load_ns, check->config.load_max_bps,
                          check->now_ns);
        return;
    }
    wzp_endpoint_find_mtu(check->endpoint, check->session, check->now_ns);
    wzp_endpoint_want_load(check->endpoint, check->session, load_ns, check->config.load_max_bps,
                           check->now_ns);
}

static void next_phase(struct wzp_netcheck *check)
{
    struct wzp_netcheck_result *result = &check->result;
    switch (check->phase) {
    case WZP_NETCHECK_QUIET:
        result->round_trips = check->quiet.count;
        result->rtt_min_ns = check->quiet.min_ns;
        result->rtt_mean_ns = mean_of(&check->quiet);
        result->rtt_max_ns = check->quiet.max_ns;
        if (check->quiet.steps)
            result->rtt_jitter_ns = (int64_t)(check->quiet.steps_ns / check->quiet.steps);
        check->loaded.seen = check->quiet.seen;
        fill(check, WZP_NETCHECK_UP);
        break;
    case WZP_NETCHECK_UP:
        fill(check, WZP_NETCHECK_DOWN);
        break;
    case WZP_NETCHECK_DOWN:
        enter(check, WZP_NETCHECK_SIZE, SIZE_NS_MAX);
        break;
    case WZP_NETCHECK_SIZE:
        result->is_complete = true;
        leave(check, WZP_CLOSE_REASON_LEFT);
        break;
    case WZP_NETCHECK_LEAVING:
        check->phase = WZP_NETCHECK_OVER;
        check->until_ns = WZP_NEVER;
        break;
    case WZP_NETCHECK_CONNECTING:
    case WZP_NETCHECK_OVER:
        break;
    }
}

static bool is_loading(const struct wzp_netcheck *check)
{
    return check->phase == WZP_NETCHECK_UP || check->phase == WZP_NETCHECK_DOWN;
}

static void ping(struct wzp_netcheck *check, const struct wzp_session_facts *facts)
{
    int64_t load_ns = check->config.load_ns, since_ns = check->now_ns - check->phase_ns;
    check->ping_at_ns = check->now_ns + (is_loading(check) ? LOADED_PING_NS : PING_NS);
    wzp_endpoint_ping(check->endpoint, check->session);
    if (!is_loading(check) || since_ns < load_ns / 2)
        return;
    if (check->sums.since_ns == WZP_NEVER)
        begin_sums(check);
    if (since_ns <= load_ns) {
        look(check, facts);
        struct wzp_netcheck_way way = conclude(check);
        *(check->phase == WZP_NETCHECK_UP ? &check->result.up : &check->result.down) = way;
    }
}

/* After anything happened: what the session knows now. */
static void watch(struct wzp_netcheck *check)
{
    struct wzp_session_facts facts;
    if (check->phase < WZP_NETCHECK_QUIET || check->phase > WZP_NETCHECK_SIZE ||
        !wzp_netcheck_facts(check, &facts))
        return;
    if (check->phase == WZP_NETCHECK_QUIET)
        note_round_trip(&check->quiet, &facts);
    else if (is_loading(check))
        note_round_trip(&check->loaded, &facts);
    bool is_due = check->until_ns <= check->now_ns, is_heard = facts.heard_at_ns >= check->phase_ns;
    check->result.mtu = facts.mtu;
    if (check->ping_at_ns <= check->now_ns)
        ping(check, &facts);
    if (check->now_ns - facts.heard_at_ns > SILENCE_NS || (is_due && !is_heard))
        leave(check, WZP_CLOSE_REASON_IDLE_TIMEOUT);
    else if (is_due || (check->phase == WZP_NETCHECK_SIZE && facts.is_mtu_found && is_heard))
        next_phase(check);
}

/* ---- events ---- */

static void on_connected(struct wzp_netcheck *check)
{
    struct wzp_session_facts facts;
    WZP_CHECK(wzp_netcheck_facts(check, &facts));
    check->result.handshake_ns = check->now_ns - check->began_ns;
    check->result.has_relay_static = true;
    memcpy(check->result.relay_static, facts.peer_static, 32);
    check->ask_at_ns = WZP_NEVER;
    if (check->question)
        wzp_endpoint_abandon(check->endpoint, check->question, check->now_ns);
    check->question = 0;
    check->quiet.seen = facts.rtt_samples;
    check->ping_at_ns = check->now_ns;
    enter(check, WZP_NETCHECK_QUIET, QUIET_NS);
}

static void on_closed(struct wzp_netcheck *check, const struct wzp_event *event)
{
    struct wzp_netcheck_result *result = &check->result;
    check->session = 0;
    if (check->phase != WZP_NETCHECK_LEAVING) {
        result->reason = event->closed.reason;
        result->version_count = event->closed.version_count;
        memcpy(result->versions, event->closed.versions, event->closed.version_count);
    }
    check->ping_at_ns = check->ask_at_ns = check->until_ns = WZP_NEVER;
    check->phase = WZP_NETCHECK_OVER;
}

/* Somebody answered: whoever has the known key only was slow. */
static void on_answer(struct wzp_netcheck *check)
{
    struct wzp_session_facts facts;
    WZP_CHECK(wzp_endpoint_facts(check->endpoint, check->question, &facts));
    bool is_other = memcmp(facts.peer_static, check->config.relay_static, 32) != 0;
    wzp_endpoint_abandon(check->endpoint, check->question, check->now_ns);
    check->question = 0;
    if (!is_other)
        return;
    check->result.has_relay_static = true;
    memcpy(check->result.relay_static, facts.peer_static, 32);
    leave(check, WZP_CLOSE_REASON_RELAY_KEY);
}

static void drain_events(struct wzp_netcheck *check)
{
    struct wzp_event event;
    while (wzp_endpoint_poll(check->endpoint, &event)) {
        if (check->question && event.session == check->question) {
            if (event.kind == WZP_EVENT_KEYS)
                on_answer(check);
            else if (event.kind == WZP_EVENT_CLOSED)
                check->question = 0;
        } else if (check->session && event.session == check->session) {
            if (event.kind == WZP_EVENT_CONNECTED && check->phase == WZP_NETCHECK_CONNECTING)
                on_connected(check);
            else if (event.kind == WZP_EVENT_CLOSED)
                on_closed(check, &event);
        }
    }
    watch(check);
}

/* ---- the face ---- */

enum wzp_err wzp_netcheck_start(struct wzp_netcheck *check, int64_t now_ns)
{
    const struct wzp_netcheck_config *config = &check->config;
    check->now_ns = check->began_ns = now_ns;
    enum wzp_err err = wzp_endpoint_connect(check->endpoint, &config->relay,
                                            config->has_relay_static ? config->relay_static : NULL, now_ns,
                                            &check->session);
    if (err == WZP_ERR_OK && config->has_relay_static)
        check->ask_at_ns = now_ns + ASK_NS;
    return err;
}

void wzp_netcheck_stop(struct wzp_netcheck *check, int64_t now_ns)
{
    check->now_ns = now_ns;
    if (check->phase >= WZP_NETCHECK_LEAVING)
        return;
    leave(check, WZP_CLOSE_REASON_LEFT);
    drain_events(check);
}

void wzp_netcheck_receive(struct wzp_netcheck *check, const struct wzp_addr *from, uint8_t *datagram,
                          size_t len, int64_t now_ns)
{
    check->now_ns = now_ns;
    wzp_endpoint_receive(check->endpoint, from, datagram, len, now_ns);
    drain_events(check);
}

size_t wzp_netcheck_transmit(struct wzp_netcheck *check, int64_t now_ns, struct wzp_addr *to,
                             uint8_t *datagram, size_t capacity)
{
    check->now_ns = now_ns;
    return wzp_endpoint_transmit(check->endpoint, now_ns, to, datagram, capacity);
}

unsigned wzp_netcheck_dscp(const struct wzp_netcheck *check)
{
    return wzp_endpoint_dscp(check->endpoint);
}

int64_t wzp_netcheck_next_at(const struct wzp_netcheck *check)
{
    if (check->phase == WZP_NETCHECK_OVER)
        return WZP_NEVER;
    int64_t at_ns = wzp_time_min(check->ping_at_ns, wzp_time_min(check->ask_at_ns, check->until_ns));
    return wzp_time_min(at_ns, wzp_endpoint_next_at(check->endpoint));
}

static void ask(struct wzp_netcheck *check)
{
    check->ask_at_ns = WZP_NEVER;
    if (wzp_endpoint_ask(check->endpoint, &check->config.relay, check->now_ns, &check->question) !=
        WZP_ERR_OK)
        check->question = 0;
}

void wzp_netcheck_advance(struct wzp_netcheck *check, int64_t now_ns)
{
    check->now_ns = now_ns;
    wzp_endpoint_advance(check->endpoint, now_ns);
    if (check->ask_at_ns <= now_ns)
        ask(check);
    drain_events(check);
    if (check->phase == WZP_NETCHECK_LEAVING && check->until_ns <= now_ns)
        next_phase(check);
}

enum wzp_netcheck_phase wzp_netcheck_phase(const struct wzp_netcheck *check)
{
    return check->phase;
}

struct wzp_netcheck_result wzp_netcheck_result(const struct wzp_netcheck *check)
{
    return check->result;
}

/* ---- what it is good for ---- */

/* A way that was not filled is taken to be like the other one. */
static const struct wzp_netcheck_way *way_down(const struct wzp_netcheck_result *result)
{
    return result->down.rate_bps ? &result->down : &result->up;
}

static struct wzp_cover_path path_of(const struct wzp_netcheck_way *way)
{
    return (struct wzp_cover_path){
        .loss_permille = way->loss_permille, .burst_16 = way->burst_16, .rate_bps = way->rate_bps};
}

struct wzp_plan wzp_netcheck_plan(struct wzp_netcheck *check)
{
    const struct wzp_netcheck_result *result = &check->result;
    const struct wzp_call_config call = wzp_call_config_default();
    struct wzp_plan_input input = {
        .up = path_of(&result->up),
        .down = path_of(way_down(result)),
        .has_feedback = true,
        .rtt_up_ns = result->rtt_min_ns,
        .rtt_down_ns = result->rtt_min_ns,
        .jitter_ns = result->rtt_jitter_ns,
        .bitrate_bps_max = call.bitrate_bps_max,
        .has_dred = call.codec->dred_version != 0,
    };
    wzp_cover_curves_make(&input.up, &check->curves[0]);
    wzp_cover_curves_make(&input.down, &check->curves[1]);
    return wzp_plan_best(&input, &check->curves[0], &check->curves[1]);
}

static bool fits(uint64_t rate_bps, const struct wzp_netcheck_way *way)
{
    return way->rate_bps == 0 || rate_bps <= wzp_cover_rate_usable(way->rate_bps);
}

bool wzp_netcheck_takes_speech(const struct wzp_plan *plan, const struct wzp_netcheck_result *result)
{
    return fits(plan->up.rate_bps, &result->up) && fits(plan->down.rate_bps, way_down(result));
}

int64_t wzp_netcheck_file_ns(const struct wzp_netcheck_way *way, uint64_t bytes)
{
    double came = (1000 - way->loss_permille) / 1000.0;
    double bps = (double)way->rate_bps * came * FILE_OF_DATAGRAM / 100;
    return bps > 0 ? (int64_t)((double)bytes * 8 * 1e9 / bps) : 0;
}
