// SPDX-License-Identifier: Apache-2.0
#include "sim/bounds.h"

#include "base/check.h"
#include "session/queue.h"
#include "sim/line_watch.h"

#include <stdlib.h>

#define PAST_S     64
#define SLACK_NS   (5 * WZP_S) /* beyond the idle timeout, until a session is gone */
#define REFUSED    8           /* sessions beyond the limit, only to be refused (session/state.h) */
#define PLAYOUT_MS 1200        /* as wzp_call_config_default has it, which people use ... */
#define PACKET_MS  (WZP_AUDIO_PACKET_FRAMES_MAX * WZP_AUDIO_FRAME_MS) /* ... and a packet beside it */

/* What was counted at the beginning of a second. */
struct past {
    int64_t second;
    uint64_t handshakes, starts;
};

struct account {
    const struct sim_relay *relay;
    unsigned process; /* of the relay's; what is past is of this one */
    uint64_t people;  /* whose session may be there still */
    uint64_t starts;  /* of all their processes */
    struct past past[PAST_S];
};

struct lines {
    struct sim_line_watch up, down;
};

struct sim_bounds {
    struct sim_net *net;
    struct sim_crowd *crowd;
    struct lines *lines; /* by person, as they come */
    unsigned lines_count;
    struct account *account; /* SIM_RELAYS_MAX */
    unsigned account_count;
};

static struct sim_bounds *current;

static void violate(const struct sim_bounds *bounds, unsigned node, const char *what)
{
    sim_net_violate(bounds->net, node, what);
}

/* They stay in their place until the next person comes. */
static struct lines *lines_of(struct sim_bounds *bounds, const struct sim_person *person)
{
    if (person->index >= bounds->lines_count) {
        unsigned count = 2 * person->index + 16;
        bounds->lines = realloc(bounds->lines, count * sizeof *bounds->lines);
        WZP_CHECK(bounds->lines);
        for (unsigned i = bounds->lines_count; i < count; i++) {
            sim_line_watch_init(&bounds->lines[i].up);
            sim_line_watch_init(&bounds->lines[i].down);
        }
        bounds->lines_count = count;
    }
    return &bounds->lines[person->index];
}

/* ---- lines ---- */

/* The line from one node to another, of which one is a person and the other the relay, or SIM_NOBODY where it
 * is a person's own uplink; NULL: another one. `person`: whose it is. */
static struct sim_line_watch *line_of(struct sim_bounds *bounds, unsigned from, unsigned to,
                                      const struct sim_person **person)
{
    const struct sim_person *speaker = sim_crowd_at(bounds->crowd, from);
    const struct sim_person *listener = sim_crowd_at(bounds->crowd, to);
    *person = speaker ? speaker : listener;
    if (speaker && (to == SIM_NOBODY || to == speaker->config.relay->node))
        return &lines_of(bounds, speaker)->up;
    if (listener && from == listener->config.relay->node)
        return &lines_of(bounds, listener)->down;
    return NULL;
}

static void on_packet(void *ctx, unsigned from, unsigned to, size_t len,
                      const struct sim_link_verdict *verdict)
{
    struct sim_bounds *bounds = ctx;
    const struct sim_person *person;
    struct sim_line_watch *line = line_of(bounds, from, to, &person);
    if (!line || line->told_ns == WZP_NEVER)
        return;
    const struct sim_link_params *params = to == SIM_NOBODY ? sim_net_uplink(bounds->net, from)
                                                            : sim_net_link_params(bounds->net, from, to);
    bool is_plain = !params->line_model.trace && !params->line_model.slot_max_ns;
    enum sim_overdrive overdrive = sim_line_watch_on_packet(line, sim_net_now(bounds->net),
                                                            is_plain ? params->rate_bps : 0,
                                                            len + SIM_LINK_HEADER_BYTES, verdict->queued_ns);
    if (overdrive == SIM_OVERDRIVEN_RATE)
        violate(bounds, from, "gives its line more than that carries, for long");
    else if (overdrive == SIM_OVERDRIVEN_QUEUE)
        violate(bounds, from, "keeps a queue standing in front of its line, for long");
}

/* Does `ours` say how much the line is given? A rate that was told is a bound, and no excuse. What the relay
 * sends on is up to those who speak to the listener. */
static bool is_ours(const struct sim_person *person, bool is_up)
{
    for (unsigned i = 0; i < person->room->count && !is_up; i++) {
        const struct sim_person_config *speaker = &person->room->member[i]->config;
        bool is_told = speaker->max_rate_bps > 0 || person->config.max_rate_bps > 0;
        if (speaker->estimate != WZP_ESTIMATE_OURS && (speaker->estimate != WZP_ESTIMATE_AUTO || is_told))
            return false;
    }
    return true;
}

/* The node at work is told, by whom it hears just now, of what it sent. */
static void on_report(struct sim_bounds *bounds)
{
    int from = sim_net_current(bounds->net), to = sim_net_sender(bounds->net);
    const struct sim_person *person = NULL;
    struct sim_line_watch *line = from >= 0 && to >= 0
                                      ? line_of(bounds, (unsigned)from, (unsigned)to, &person)
                                      : NULL;
    if (line && is_ours(person, (unsigned)from == person->node))
        sim_line_watch_on_report(line, sim_net_now(bounds->net));
}

// NOLINTBEGIN(bugprone-reserved-identifier): the linker's --wrap wants these names
void __real_wzp_estimate_on_report(struct wzp_estimate *estimate, const struct wzp_feedback_report *report,
                                   const struct wzp_sent *sent, int64_t now_ns);
void __wrap_wzp_estimate_on_report(struct wzp_estimate *estimate, const struct wzp_feedback_report *report,
                                   const struct wzp_sent *sent, int64_t now_ns);

void __wrap_wzp_estimate_on_report(struct wzp_estimate *estimate, const struct wzp_feedback_report *report,
                                   const struct wzp_sent *sent, int64_t now_ns)
{
    __real_wzp_estimate_on_report(estimate, report, sent, now_ns);
    if (current && estimate->kind == WZP_ESTIMATE_OURS)
        on_report(current);
}
// NOLINTEND(bugprone-reserved-identifier)

/* ---- queues of sessions ---- */

// NOLINTBEGIN(bugprone-reserved-identifier): the linker's --wrap wants these names
enum wzp_err __real_send_queue_push(struct send_queue *queue, const struct send_entry *entry,
                                    const uint8_t *header, size_t header_len);
enum wzp_err __wrap_send_queue_push(struct send_queue *queue, const struct send_entry *entry,
                                    const uint8_t *header, size_t header_len);

enum wzp_err __wrap_send_queue_push(struct send_queue *queue, const struct send_entry *entry,
                                    const uint8_t *header, size_t header_len)
{
    enum wzp_err err = __real_send_queue_push(queue, entry, header, header_len);
    if (current && queue->head + queue->used > queue->capacity)
        violate(current, (unsigned)sim_net_current(current->net),
                "queues more than its session has room for");
    return err;
}
// NOLINTEND(bugprone-reserved-identifier)

/* ---- what is counted ---- */

static bool is_there(const struct sim_bounds *bounds, const struct sim_person *person)
{
    int64_t gone_ns = wzp_time_min(person->left_ns, person->ended_ns), now_ns = sim_net_now(bounds->net);
    int64_t idle_ns = person->config.relay->config.endpoint.idle_timeout_ns + SLACK_NS;
    return person->config.start_ns <= now_ns && (gone_ns == WZP_NEVER || gone_ns + idle_ns > now_ns);
}

static struct account *account_of(struct sim_bounds *bounds, const struct sim_relay *relay)
{
    for (unsigned i = 0; i < bounds->account_count; i++)
        if (bounds->account[i].relay == relay)
            return &bounds->account[i];
    WZP_CHECK(bounds->account_count < SIM_RELAYS_MAX);
    bounds->account[bounds->account_count].relay = relay;
    return &bounds->account[bounds->account_count++];
}

/* Notes what is counted now, and gives what was `ago_ns` before, or at the relay's start. */
static struct past look_back(const struct sim_bounds *bounds, struct account *account, uint64_t handshakes,
                             int64_t ago_ns)
{
    int64_t second = sim_net_now(bounds->net) / WZP_S, then = second - ago_ns / WZP_S - 1;
    WZP_CHECK(second - then < PAST_S);
    if (account->process != account->relay->starts)
        for (unsigned i = 0; i < PAST_S; i++)
            account->past[i] = (struct past){.second = -1};
    account->process = account->relay->starts;
    struct past *now = &account->past[second % PAST_S];
    if (now->second != second)
        *now = (struct past){second, handshakes, account->starts};
    const struct past *past = then < 0 ? NULL : &account->past[then % PAST_S];
    return past && past->second == then ? *past : (struct past){0};
}

static void audit_relay(const struct sim_bounds *bounds, struct account *account)
{
    const struct sim_relay *relay = account->relay;
    const struct wzp_relay_config *config = &relay->config;
    const struct wzp_endpoint_limits *limits = &config->endpoint.limits;
    const struct wzp_endpoint_counters *endpoint = wzp_relay_endpoint_counters(relay->relay);
    const struct wzp_relay_counters *counters = wzp_relay_counters(relay->relay);
    if (endpoint->sessions > limits->sessions_max + REFUSED || endpoint->half_open > limits->half_open_max ||
        counters->rooms > config->rooms_max)
        violate(bounds, relay->node, "has more sessions, handshakes or rooms than it was made for");
    struct past past = look_back(bounds, account, endpoint->handshakes_done,
                                 config->endpoint.idle_timeout_ns + SLACK_NS);
    if (endpoint->sessions > account->people + (endpoint->handshakes_done - past.handshakes))
        violate(bounds, relay->node, "keeps sessions that nobody is behind");
    if (counters->members > account->people + (account->starts - past.starts))
        violate(bounds, relay->node, "keeps members who are nobody");
}

static void audit_person(const struct sim_bounds *bounds, const struct sim_person *person)
{
    struct wzp_audio_receive_stats stats;
    if (wzp_call_counters(person->call)->sessions > wzp_endpoint_config_client().limits.sessions_max)
        violate(bounds, person->node, "has more sessions than it was made for");
    for (unsigned i = 0; i < person->room->count; i++) {
        const struct sim_person *speaker = person->room->member[i];
        if (speaker != person && wzp_call_member_stats(person->call, speaker->slot, &stats) &&
            stats.jitter.target_ms > PLAYOUT_MS + PACKET_MS)
            violate(bounds, person->node, "means to hold a voice back for longer than it may");
    }
}

void sim_bounds_audit(struct sim_bounds *bounds)
{
    for (unsigned i = 0; i < bounds->account_count; i++)
        bounds->account[i].people = bounds->account[i].starts = 0;
    for (unsigned i = 0; i < sim_crowd_count(bounds->crowd); i++) {
        const struct sim_person *person = sim_crowd_person(bounds->crowd, i);
        struct account *account = account_of(bounds, person->config.relay);
        account->people += is_there(bounds, person);
        account->starts += person->starts;
        if (!person->is_down)
            audit_person(bounds, person);
    }
    for (unsigned i = 0; i < bounds->account_count; i++)
        if (bounds->account[i].relay->relay)
            audit_relay(bounds, &bounds->account[i]);
}

/* ---- making ---- */

struct sim_bounds *sim_bounds_create(struct sim_net *net, struct sim_crowd *crowd)
{
    struct sim_bounds *bounds = calloc(1, sizeof *bounds);
    WZP_CHECK(bounds);
    bounds->net = net;
    bounds->crowd = crowd;
    bounds->account = calloc(SIM_RELAYS_MAX, sizeof *bounds->account);
    WZP_CHECK(bounds->account);
    sim_net_tap_links(net, on_packet, bounds);
    current = bounds;
    return bounds;
}

void sim_bounds_destroy(struct sim_bounds *bounds)
{
    if (current == bounds)
        current = NULL;
    free(bounds->lines);
    free(bounds->account);
    free(bounds);
}
