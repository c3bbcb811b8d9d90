// SPDX-License-Identifier: Apache-2.0
#include "session/pace.h"

#include "session/session.h"

#define WISH_EVERY_NS     (100 * WZP_MS)
#define RECENT_NS         WZP_S
#define START_BPS         250000 /* while nothing is known of a path: a train soon tells more ... */
#define START_BPS_FAR     100000 /* ... and later where a round trip is long, so that it is less ... */
#define START_BITS        100000 /* ... and no more than the ten packets that TCP begins with, RFC 6928 */
#define DARK_NS           (300 * WZP_MS) /* over the round trip, until a report came */
#define OPEN_BPS          20000000       /* to plan with where neither queue nor train told: no bound */
#define OPEN_GROWTH       2  /* times what it carried so far, where no train told that it is much */
#define DRAIN_PERCENT     80 /* of the capacity is planned with while a queue drains ... */
#define DEEP_PERCENT      50 /* ... and one of DEEP_NS, linear in between */
#define DEEP_NS           (500 * WZP_MS)
#define WISH_MIN          64000
#define USED_FALL         50 /* of what is sent, a part each time */
#define TRAIN_PACKETS     8  /* that are to arrive */
#define TRAIN_PACKETS_MAX 24
#define TRAIN_NS          (1 * WZP_S) /* later it tells nothing that is not known */
#define UNHEARD_NS        (5 * WZP_S) /* a bound that nothing told goes ... */
#define FIRST_NS          (1 * WZP_S) /* ... and one that the train told, so long after a round trip */
#define IDLE_NS           (1 * WZP_MS)
#define SAY_EVERY_NS      (500 * WZP_MS)
#define SAY_PACKETS       3            /* that arrive say a change */
#define SAY_GOT_LEAST     100          /* permille of those that leave: the fewer arrive, the more say it */
#define SAY_CHANGE        16           /* of a 16th */
#define LOAD_NS_MAX       (10 * WZP_S) /* for one wish */
#define LOADS_NS_MAX      (60 * WZP_S) /* of a session, for its peer */
#define ACK_QUEUE_NS      (25 * WZP_MS)
#define WISH_COPIES       20
#define WISH_AGAIN_NS     (100 * WZP_MS)

void pace_init(const struct wzp_endpoint *endpoint, struct session *session, int64_t now_ns)
{
    struct pace *pace = &session->pace;
    *pace = (struct pace){.wished_ns = now_ns - WISH_EVERY_NS,
                          .said_ns = now_ns - SAY_EVERY_NS,
                          .load_until_ns = now_ns,
                          .load_left_ns = LOADS_NS_MAX,
                          .first_until_ns = INT64_MIN,
                          .untold_until_ns = INT64_MIN,
                          .wish.at_ns = WZP_NEVER};
    wzp_pacer_init(&pace->pacer, 0, now_ns);
    pace_on_bound(endpoint, session, now_ns);
}

/* Whoever told a bound knows the path: it needs no measuring. */
static enum wzp_estimate_kind kind_for(const struct wzp_endpoint *endpoint, const struct session *session)
{
    if (endpoint->config.estimate != WZP_ESTIMATE_AUTO)
        return endpoint->config.estimate;
    return repair_bound(endpoint, session) ? WZP_ESTIMATE_FIXED : WZP_ESTIMATE_OURS;
}

static uint64_t start_rate(const struct session *session)
{
    uint64_t bps = START_BITS * (uint64_t)WZP_S / (uint64_t)(repair_rtt(session) + DARK_NS);
    return bps < START_BPS_FAR ? START_BPS_FAR : bps < START_BPS ? bps : START_BPS;
}

void pace_on_bound(const struct wzp_endpoint *endpoint, struct session *session, int64_t now_ns)
{
    const struct wzp_endpoint_config *config = &endpoint->config;
    enum wzp_estimate_kind kind = kind_for(endpoint, session);
    uint64_t start_bps = config->start_rate_bps ? config->start_rate_bps : repair_bound(endpoint, session);
    session->pace.is_guessed = start_bps == 0 && kind != WZP_ESTIMATE_FIXED;
    if (session->pace.is_guessed)
        start_bps = start_rate(session);
    wzp_estimate_init(&session->pace.estimate, kind, start_bps, now_ns);
}

/* A far path learns late that it is overfilled, so at first it is bounded as if what is known of it had been
 * told: what is guessed, then what the train told. */
static void bound_first(struct session *session, int64_t now_ns)
{
    struct pace *pace = &session->pace;
    if (pace->first_until_ns == INT64_MIN)
        return;
    if (now_ns >= pace->first_until_ns) {
        pace->first_until_ns = INT64_MIN;
        wzp_rate_set(&session->rate, 0);
        return;
    }
    struct wzp_estimate_facts facts = wzp_estimate_facts(&pace->estimate);
    uint64_t known_bps = facts.is_open ? 0 : facts.capacity_bps;
    wzp_rate_set(&session->rate, pace_is_known(session) ? known_bps : pace->estimate.start_bps);
    if (!pace->is_unheard || !pace_is_known(session))
        return;
    pace->is_unheard = false;
    pace->first_until_ns = now_ns + FIRST_NS + repair_rtt(session);
}

uint64_t pace_assumed(const struct session *session)
{
    return session->pace.is_guessed && !pace_is_known(session) ? session->pace.estimate.start_bps : 0;
}

/* As many packets as let so many arrive. */
static void send_train(struct session *session, int64_t now_ns)
{
    unsigned loss_permille = wzp_loss_permille(&session->loss), packets = TRAIN_PACKETS;
    if (!session->pace.is_guessed)
        return;
    if (loss_permille < 1000)
        packets = packets * 1000 / (1000 - loss_permille);
    session->pace.train_left = packets < TRAIN_PACKETS_MAX ? packets : TRAIN_PACKETS_MAX;
    session->pace.train_until_ns = now_ns + TRAIN_NS;
}

void pace_on_active(struct session *session, int64_t now_ns)
{
    wzp_estimate_expect_loss(&session->pace.estimate, wzp_loss_permille(&session->loss),
                             session->loss.prior_weight);
    send_train(session, now_ns);
    session->pace.is_unheard = session->pace.is_guessed && session->pace.estimate.start_bps <= START_BPS_FAR;
    if (session->pace.is_unheard)
        wzp_estimate_expect_far(&session->pace.estimate);
    session->pace.first_until_ns = session->pace.is_unheard ? now_ns + UNHEARD_NS : INT64_MIN;
    session->pace.untold_until_ns = session->pace.is_guessed ? now_ns + UNHEARD_NS : INT64_MIN;
    bound_first(session, now_ns);
}

/* Another path begins with the guess, but with no more than one was known to carry before: it may be the
 * same. */
static void guess_again(struct session *session)
{
    struct wzp_estimate_facts facts = wzp_estimate_facts(&session->pace.estimate);
    uint64_t start_bps = start_rate(session);
    if (facts.capacity_bps && !facts.is_open && facts.capacity_bps < start_bps)
        start_bps = facts.capacity_bps;
    session->pace.estimate.start_bps = start_bps;
}

void pace_restart(struct session *session, uint64_t first_number, int64_t now_ns)
{
    if (session->pace.is_guessed)
        guess_again(session);
    wzp_estimate_restart(&session->pace.estimate, first_number, now_ns);
    session->pace.train_left = 0;
    if (session->moving.path.is_proven)
        send_train(session, now_ns);
}

static bool is_on(const struct pace *pace)
{
    return pace->estimate.kind != WZP_ESTIMATE_FIXED || pace->estimate.start_bps;
}

uint64_t pace_rate(const struct session *session)
{
    return is_on(&session->pace) ? wzp_estimate_target_bps(&session->pace.estimate) : 0;
}

/* A moment's queue changes no plan; one in which everybody hears everybody late is not a moment's. */
static uint64_t drain_percent(int64_t queue_ns)
{
    uint64_t deep_ms = (uint64_t)(wzp_time_min(wzp_time_max(queue_ns, 0), DEEP_NS) / WZP_MS);
    return DRAIN_PERCENT - (DRAIN_PERCENT - DEEP_PERCENT) * deep_ms / (uint64_t)(DEEP_NS / WZP_MS);
}

uint64_t pace_plan_rate(const struct session *session)
{
    const struct wzp_estimate *estimate = &session->pace.estimate;
    uint64_t rate_bps = pace_rate(session);
    if (estimate->kind == WZP_ESTIMATE_FIXED || !pace_is_known(session))
        return rate_bps;
    struct wzp_estimate_facts facts = wzp_estimate_facts(estimate);
    if (facts.is_open && session->pace.is_guessed)
        return facts.capacity_bps < WZP_ESTIMATE_TRAIN_BPS ? OPEN_GROWTH * facts.capacity_bps : OPEN_BPS;
    uint64_t least_bps = facts.capacity_bps * drain_percent(facts.queue_ns) / 100;
    if (rate_bps < least_bps)
        return least_bps;
    return facts.is_open || rate_bps < facts.capacity_bps ? rate_bps : facts.capacity_bps;
}

bool pace_is_known(const struct session *session)
{
    const struct wzp_estimate *estimate = &session->pace.estimate;
    return estimate->kind == WZP_ESTIMATE_FIXED || estimate->path.end > 0;
}

int64_t pace_at(const struct session *session, int64_t queue_ns)
{
    return wzp_pacer_at(&session->pace.pacer, queue_ns);
}

static bool is_loaded(const struct pace *pace, int64_t now_ns)
{
    return now_ns < pace->load_until_ns;
}

bool pace_wants_load(const struct session *session, int64_t now_ns)
{
    const struct pace *pace = &session->pace;
    bool is_talking = now_ns - session->media_sent_ns < RECENT_NS;
    return is_on(pace) &&
           (is_loaded(pace, now_ns) || (is_talking && wzp_estimate_wants_padding(&pace->estimate)));
}

/* Video and bulk take what there is; else a little more than what is sent is worth knowing of. */
static void wish(const struct wzp_endpoint *endpoint, struct session *session, int64_t now_ns)
{
    struct pace *pace = &session->pace;
    int64_t passed_ns = now_ns - pace->wished_ns;
    if (passed_ns < WISH_EVERY_NS)
        return;
    uint64_t bps = pace->bytes * 8 * 1000 / (uint64_t)(passed_ns / WZP_MS);
    pace->used_bps = bps > pace->used_bps ? (bps + pace->used_bps) / 2
                                          : pace->used_bps - (pace->used_bps - bps) / USED_FALL;
    pace->bytes = 0;
    pace->wished_ns = now_ns;
    bool has_bulk = session->bulk.packets > 0;
    bool has_video = now_ns - session->video_sent_ns < RECENT_NS;
    bool is_talking = now_ns - session->media_sent_ns < RECENT_NS;
    bool is_hungry = has_bulk || has_video;
    wzp_estimate_set_modest(&pace->estimate, has_bulk && is_talking && !has_video);
    uint64_t max_bps = repair_bound(endpoint, session);
    uint64_t wish_bps = pace->used_bps + pace->used_bps / 2;
    if (is_loaded(pace, now_ns))
        max_bps = !is_hungry && (!max_bps || pace->load_bps < max_bps) ? pace->load_bps : max_bps;
    is_hungry |= is_loaded(pace, now_ns);
    wzp_estimate_set_bounds(&pace->estimate, max_bps,
                            is_hungry             ? 0
                            : wish_bps > WISH_MIN ? wish_bps
                                                  : WISH_MIN);
}

static void set_pace(struct session *session, int64_t now_ns)
{
    if (is_on(&session->pace))
        wzp_pacer_set(&session->pace.pacer, wzp_estimate_pace_bps(&session->pace.estimate), now_ns);
}

void pace_on_sent(const struct wzp_endpoint *endpoint, struct session *session, uint64_t number, size_t bytes,
                  bool is_load, int64_t now_ns)
{
    struct pace *pace = &session->pace;
    if (!is_on(pace))
        return;
    pace->bytes += is_load ? 0 : bytes;
    if (now_ns > pace->train_until_ns)
        pace->train_left = 0;
    wish(endpoint, session, now_ns);
    if (pace->first_until_ns <= now_ns)
        bound_first(session, now_ns);
    if (wzp_pacer_idle_ns(&pace->pacer, now_ns) > IDLE_NS)
        wzp_estimate_on_idle(&pace->estimate, now_ns);
    wzp_estimate_on_sent(&pace->estimate, number, bytes, now_ns);
    set_pace(session, now_ns);
    wzp_pacer_on_sent(&pace->pacer, bytes, now_ns);
}

/* Acknowledgements do not wait for the pacer. Where those of streams feed a queue, they are fewer. */
static void bound_acks(struct session *session, int64_t now_ns)
{
    bool is_fed = share_takes_streams(session, now_ns) &&
                  wzp_estimate_facts(&session->pace.estimate).queue_ns > ACK_QUEUE_NS;
    wzp_received_set_rate(&session->received, is_fed ? pace_plan_rate(session) : 0,
                          wzp_rtt_known_ns(&session->rtt));
}

void pace_on_report(struct session *session, const struct wzp_feedback_report *report, int64_t now_ns)
{
    if (!pace_is_known(session) && session->pace.estimate.path.first_number == 0) /* the handshake's path */
        wzp_estimate_expect_rtt(&session->pace.estimate, repair_rtt(session));
    wzp_estimate_on_report(&session->pace.estimate, report, &session->sent, now_ns);
    if (session->pace.estimate.kind != WZP_ESTIMATE_FIXED)
        wzp_bulk_set_least(&session->bulk, wzp_estimate_pace_bps(&session->pace.estimate) / 8);
    set_pace(session, now_ns);
    bound_first(session, now_ns);
    bound_acks(session, now_ns);
}

int64_t pace_next_at(const struct session *session)
{
    return is_on(&session->pace) ? wzp_estimate_next_at(&session->pace.estimate) : WZP_NEVER;
}

void pace_advance(struct session *session, int64_t now_ns)
{
    if (pace_next_at(session) > now_ns)
        return;
    wzp_estimate_advance(&session->pace.estimate, now_ns);
    set_pace(session, now_ns);
}

bool pace_says(struct session *session, int64_t now_ns, uint64_t *rate_bps)
{
    struct pace *pace = &session->pace;
    *rate_bps = !pace_is_known(session)   ? pace_assumed(session)
                : is_loaded(pace, now_ns) ? pace_rate(session)
                                          : pace_plan_rate(session);
    if (session->is_initiator || *rate_bps == 0)
        return false;
    bool is_measured = pace->estimate.kind != WZP_ESTIMATE_FIXED; /* what was told, most know, and it stays */
    unsigned lost_permille = is_measured ? wzp_loss_permille(&session->loss) : 0;
    unsigned got_permille = lost_permille < 1000 - SAY_GOT_LEAST ? 1000 - lost_permille : SAY_GOT_LEAST;
    uint64_t off = *rate_bps > pace->said_bps ? *rate_bps - pace->said_bps : pace->said_bps - *rate_bps;
    if (off > pace->said_bps / SAY_CHANGE)
        pace->says_left = SAY_PACKETS * 1000 / got_permille;
    else if (now_ns - pace->said_ns < SAY_EVERY_NS / 1000 * got_permille && pace->says_left == 0)
        return false;
    pace->said_bps = *rate_bps;
    pace->said_ns = now_ns;
    pace->says_left -= pace->says_left > 0;
    return true;
}

void pace_on_told(struct session *session, uint64_t rate_kbps)
{
    uint64_t most = WZP_MAX_RATE_MAX_BPS / 1000;
    session->pace.told_bps = (rate_kbps < most ? rate_kbps : most) * 1000;
}

uint64_t pace_told(const struct session *session, int64_t now_ns)
{
    const struct pace *pace = &session->pace;
    return pace->told_bps || now_ns >= pace->untold_until_ns ? pace->told_bps : pace->estimate.start_bps;
}

void pace_load(struct session *session, int64_t duration_ns, uint64_t rate_bps, int64_t now_ns)
{
    if (session->pace.estimate.kind == WZP_ESTIMATE_FIXED && !session->pace.estimate.start_bps)
        wzp_estimate_init(&session->pace.estimate, WZP_ESTIMATE_OURS, START_BPS, now_ns);
    /* Measured anew: what trickled before was as much as there was to send, and not what the path carries. */
    wzp_estimate_restart(&session->pace.estimate, session->sent.next_number, now_ns);
    session->pace.load_until_ns = now_ns + duration_ns;
    session->pace.load_bps = rate_bps;
    session->pace.wished_ns = now_ns - WISH_EVERY_NS;
}

void pace_want_load(struct session *session, int64_t duration_ns, uint64_t rate_bps, int64_t now_ns)
{
    struct load_wish *wish = &session->pace.wish;
    wish->frame = (struct wzp_frame_load_wanted){
        .id = wish->frame.id + 1, .ms = (uint64_t)(duration_ns / WZP_MS), .rate_kbps = rate_bps / 1000};
    wish->copies_left = WISH_COPIES;
    wish->first_ns = wish->at_ns = now_ns;
}

int64_t pace_wish_at(const struct session *session)
{
    return session->pace.wish.at_ns;
}

void pace_on_wish_said(struct session *session, int64_t now_ns)
{
    struct load_wish *wish = &session->pace.wish;
    wish->at_ns = --wish->copies_left ? now_ns + WISH_AGAIN_NS : WZP_NEVER;
}

static struct load_place *find_place(struct wzp_endpoint *endpoint, uint32_t session)
{
    struct load_place *found = NULL;
    for (unsigned i = 0; i < LOADS_AT_ONCE; i++) {
        struct load_place *place = &endpoint->loads[i];
        if (place->until_ns <= endpoint->now_ns)
            found = place;
        else if (place->session == session)
            return NULL;
    }
    return found;
}

void pace_on_wish(struct wzp_endpoint *endpoint, struct session *session,
                  const struct wzp_frame_load_wanted *frame)
{
    struct pace *pace = &session->pace;
    uint64_t max_bps = endpoint->config.load_max_bps;
    uint64_t most_ms = (uint64_t)(wzp_time_min(LOAD_NS_MAX, pace->load_left_ns) / WZP_MS);
    int64_t duration_ns = (int64_t)(frame->ms < most_ms ? frame->ms : most_ms) * WZP_MS;
    uint64_t rate_bps = frame->rate_kbps < max_bps / 1000 ? frame->rate_kbps * 1000 : max_bps;
    struct load_place *place = find_place(endpoint, (uint32_t)(session - endpoint->sessions));
    if (frame->id <= pace->load_id || !place)
        return;
    pace->load_id = frame->id;
    if (rate_bps == 0 || duration_ns == 0)
        return;
    *place = (struct load_place){(uint32_t)(session - endpoint->sessions), endpoint->now_ns + duration_ns};
    pace->load_left_ns -= duration_ns;
    pace_load(session, duration_ns, rate_bps, endpoint->now_ns);
}

void pace_on_load(struct session *session, int64_t now_ns)
{
    if (now_ns - session->pace.wish.first_ns >= session->rtt.min_ns)
        session->pace.wish.at_ns = WZP_NEVER;
}
