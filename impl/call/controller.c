// SPDX-License-Identifier: Apache-2.0
#include "call/controller.h"

#include "call/state.h"
#include "media/dred.h"

#define CONSENT_BPS     24000 /* of the codec: more needs the listeners' word */
#define LOOK_EVERY_NS   (100 * WZP_MS)
#define AROUND_NS       (22 * WZP_MS) /* a frame and look-ahead, less by how much round trips are too long */
#define DOWN_PACKETS    64            /* at least, of a report's loss (link/feedback.h) */
#define KNOWN_PACKETS   32
#define UNHEARD_FROM_NS (350 * WZP_MS) /* by then those who are near have told of themselves: until ... */
#define UNHEARD_END_NS  (2 * WZP_S)    /* ... then the others are taken for far, ... */
#define UNHEARD_RTT_NS  (500 * WZP_MS) /* ... by so much, ... */
#define UNHEARD_BPS     100000         /* ... on a line of so little */
#define SLACK_NS        (10 * WZP_MS)  /* the hop rounds its interval */
#define REPORT_EVERY_NS (500 * WZP_MS)

void controller_init(struct wzp_call *call)
{
    wzp_plan_init(&call->controller.plan);
    wzp_steady_init(&call->controller.up);
    wzp_steady_init(&call->controller.down);
}

/* For a wish for the delay: what the handshake took may be across repeats of it, and is no reason to leave
 * repair no time. 0 while nothing is measured. */
static int64_t rtt_measured(const struct wzp_session_facts *facts)
{
    return facts->rtt_samples ? facts->rtt_min_ns : 0;
}

static uint64_t tighter(uint64_t a_bps, uint64_t b_bps)
{
    return a_bps && (!b_bps || a_bps < b_bps) ? a_bps : b_bps;
}

/* More than the usual is sent where the path is known to carry it, and as long as every listener says how it
 * fares: who cannot take it says a smaller rate. */
static uint32_t bitrate_max(struct wzp_call *call, const struct wzp_session_facts *facts, unsigned told,
                            int64_t now_ns)
{
    uint32_t most_bps = call->config.bitrate_bps_max;
    if (call->config.is_tier_forced)
        return most_bps;
    if (facts->plan_bps && told >= call->members.count)
        call->controller.agreed_until_ns = now_ns +
                                           WZP_QUALITY_TIMEOUT_NS; /* a newcomer has time to say so, too */
    return most_bps > CONSENT_BPS && now_ns >= call->controller.agreed_until_ns ? CONSENT_BPS : most_bps;
}

/* What the way to listeners is like of whom none has told yet: as ours is, unless nobody told a rate and they
 * are silent for longer than those who are near. */
static struct wzp_cover_path unheard(const struct wzp_call *call, const struct wzp_session_facts *facts,
                                     int64_t now_ns)
{
    int64_t first_ns = call->speech.first_sent_ns;
    int64_t silent_ns = first_ns == WZP_NEVER || !call->members.count ? 0 : now_ns - first_ns;
    bool is_far = facts->plan_bps && !facts->bound_bps && silent_ns >= UNHEARD_FROM_NS &&
                  silent_ns < UNHEARD_END_NS;
    int64_t rtt_ns = is_far ? UNHEARD_RTT_NS : facts->rtt_min_ns;
    uint64_t bound_bps = is_far ? UNHEARD_BPS : facts->bound_bps;
    return (struct wzp_cover_path){.loss_permille = wzp_cover_unknown_loss(rtt_ns, bound_bps),
                                   .burst_16 = 16,
                                   .rate_bps = is_far ? UNHEARD_BPS : facts->plan_bps};
}

static struct wzp_plan_input gather(struct wzp_call *call, const struct wzp_session_facts *facts,
                                    int64_t now_ns)
{
    struct wzp_quality_report worst;
    unsigned told = wzp_quality_worst(&call->speech.listeners, now_ns, &worst);
    bool is_told = told > 0;
    struct wzp_cover_path told_path = {worst.loss_permille, worst.burst_16, worst.rate_bps};
    struct wzp_plan_input input = {
        .up = facts->path,
        .down = is_told ? told_path : unheard(call, facts, now_ns),
        .up_packets = facts->path_packets,
        .down_packets = DOWN_PACKETS,
        .has_feedback = facts->is_path_known,
        .is_up_remembered = facts->is_path_remembered,
        .is_down_feared = !is_told || (worst.loss_permille && !worst.burst_16),
        .up_horizon_ns = facts->path_horizon_ns,
        .rtt_up_ns = rtt_measured(facts),
        .rtt_down_ns = worst.rtt_ms * WZP_MS,
        .jitter_ns = facts->peer_jitter_us * WZP_US + worst.jitter_ms * WZP_MS,
        .delay_budget_ns = call->config.delay_budget_ns,
        .bitrate_bps_max = bitrate_max(call, facts, told, now_ns),
        .is_forced = call->config.is_tier_forced,
        .has_dred = is_told && call->config.codec->dred_version &&
                    worst.dred_version == call->config.codec->dred_version,
    };
    /* What is guessed is nothing that a rate that is known would have risen or fallen from. */
    input.up.rate_bps = facts->is_rate_assumed
                            ? facts->plan_bps
                            : wzp_steady_heed(&call->controller.up, facts->plan_bps, now_ns);
    bool is_rate_told = facts->bound_bps && !facts->is_rate_assumed;
    if (!input.is_down_feared || is_rate_told)
        input.down.rate_bps = wzp_steady_heed(&call->controller.down, input.down.rate_bps, now_ns);
    shares_take(&call->shares, facts, &input);
    wzp_endpoint_set_wishes(call->endpoint, call->session, &call->shares.wishes);
    return input;
}

/* Where the relay only passes repair on, ours is all there is, up to the listener. */
static void take_both_links(struct wzp_call *call, struct wzp_plan_input *input)
{
    wzp_endpoint_set_repair_path(call->endpoint, call->session, &input->down);
    input->up = wzp_cover_in_a_row(&input->up, &input->down);
    input->down = (struct wzp_cover_path){.burst_16 = 16, .rate_bps = input->down.rate_bps};
}

/* How far back copies reach follows what the paths are smoothed to, whether the plan has changed or not. */
static unsigned reach_of(const struct wzp_plan_state *state)
{
    const struct wzp_plan *plan = &state->plan;
    const struct wzp_plan_input *input = &state->heeded;
    bool is_up_worse = input->up.loss_permille > input->down.loss_permille;
    const struct wzp_dred_facts facts = {
        .path = wzp_cover_in_a_row(&input->up, &input->down),
        .repair_permille = is_up_worse ? plan->up.repair_permille : plan->down.repair_permille,
        .packet_ns = plan->packet_frames * WZP_AUDIO_FRAME_MS * WZP_MS,
        .rtt_ns = input->rtt_up_ns + input->rtt_down_ns,
        .jitter_ns = input->jitter_ns,
    };
    return plan->dred_ms ? wzp_dred_ms(&facts) : 0;
}

static void apply(struct wzp_call *call, const struct wzp_plan_state *state, unsigned loss_permille)
{
    const struct wzp_plan *plan = &state->plan;
    struct wzp_audio_settings settings = {
        .id = plan->codec,
        .bitrate_bps = plan->bitrate_bps,
        .packet_frames = plan->packet_frames,
        .loss_percent = (loss_permille + 9) / 10,
        .lbrr = plan->lbrr,
        .dred_ms = reach_of(state),
        .constant = plan->up.repair_permille || plan->down.repair_permille,
    };
    wzp_audio_send_set(call->speech.send, &settings);
    wzp_endpoint_set_repair_horizon(call->endpoint, call->session, plan->up.horizon_ns + SLACK_NS);
}

/* Longer than the wish for the delay leaves is no wait worth its while. */
static void set_wait(struct wzp_call *call, const struct wzp_session_facts *facts, struct speaker *speaker)
{
    struct wzp_jitter_stats stats = wzp_audio_receive_stats(speaker->receive).jitter;
    int64_t limit_ns = call->config.playout_max_ns;
    int64_t ways_ns = (rtt_measured(facts) + speaker->rtt_ms * WZP_MS) / 2;
    if (call->config.delay_budget_ns)
        limit_ns = wzp_time_min(limit_ns, call->config.delay_budget_ns - ways_ns - AROUND_NS);
    limit_ns -= stats.span_ms * WZP_MS;
    wzp_audio_receive_set_limit(speaker->receive, (uint32_t)wzp_time_max(limit_ns / WZP_MS, 0));
    int64_t before_ns = facts->peer_passes_repair ? 0 : wzp_cover_wait_ns(&speaker->wait, call->now_ns);
    int64_t horizon_ns = before_ns + facts->repair_horizon_in_ns;
    if (facts->judged_in < KNOWN_PACKETS) { /* both hops repair for what they fear: one of them needs it */
        int64_t feared_ns = wzp_cover_unknown_horizon(facts->rtt_min_ns, facts->bound_bps);
        horizon_ns = wzp_time_max(wzp_time_max(before_ns, facts->repair_horizon_in_ns), feared_ns);
    }
    wzp_audio_receive_set_horizon(speaker->receive, horizon_ns);
}

void controller_on_told(struct wzp_call *call, struct speaker *speaker)
{
    struct wzp_session_facts facts;
    if (wzp_endpoint_facts(call->endpoint, call->session, &facts))
        set_wait(call, &facts, speaker);
}

void controller_advance(struct wzp_call *call, int64_t now_ns)
{
    struct controller *controller = &call->controller;
    struct wzp_session_facts facts;
    if (now_ns < controller->at_ns || !wzp_endpoint_facts(call->endpoint, call->session, &facts))
        return;
    controller->at_ns = now_ns + LOOK_EVERY_NS;
    struct wzp_plan_input input = gather(call, &facts, now_ns);
    if (facts.peer_passes_repair)
        take_both_links(call, &input);
    if (wzp_plan_update(&controller->plan, &input, now_ns) || controller->plan.plan.dred_ms)
        apply(call, &controller->plan, wzp_cover_in_a_row(&input.up, &input.down).loss_permille);
    for (uint32_t i = 0; i < call->config.speakers_max; i++)
        if (call->speech.speakers[i].slot)
            set_wait(call, &facts, &call->speech.speakers[i]);
}

struct wzp_call_plan controller_facts(const struct wzp_call *call)
{
    const struct wzp_plan_state *state = &call->controller.plan;
    struct wzp_session_facts facts;
    struct wzp_call_plan plan = {
        .is_made = state->has_plan,
        .codec = state->plan.codec,
        .bitrate_bps = state->plan.bitrate_bps,
        .packet_frames = state->plan.packet_frames,
        .changes = state->plan.changes,
    };
    if (wzp_endpoint_facts(call->endpoint, call->session, &facts)) {
        plan.repair_permille = facts.repair.repair_permille;
        plan.repair_horizon_ns = facts.repair.horizon_ns;
    }
    return plan;
}

bool controller_report(struct wzp_call *call, int64_t now_ns, struct wzp_quality_report *report)
{
    struct speech *speech = &call->speech;
    const struct wzp_plan *plan = &call->controller.plan.plan;
    struct wzp_session_facts facts;
    bool is_news = plan->changes != call->controller.changes_told;
    if ((now_ns < speech->report_at_ns && !is_news) ||
        !wzp_endpoint_facts(call->endpoint, call->session, &facts))
        return false;
    speech->report_at_ns = now_ns + REPORT_EVERY_NS;
    call->controller.changes_told = plan->changes;
    unsigned unknown = wzp_cover_unknown_loss(facts.rtt_min_ns, facts.bound_bps);
    int64_t horizon_ns = facts.repair.repair_permille ? facts.repair.horizon_ns : 0;
    if (speech->first_sent_ns == WZP_NEVER) /* the hop has no repair yet, but will have it as planned */
        horizon_ns = plan->up.horizon_ns;
    bool is_known = facts.judged_in >= KNOWN_PACKETS;
    *report = (struct wzp_quality_report){
        .loss_permille = is_known || facts.plan_loss_in_permille > unknown ? facts.plan_loss_in_permille
                                                                           : unknown,
        .burst_16 = is_known ? facts.burst_in_16 : 0,
        .rtt_ms = (uint16_t)wzp_time_min(rtt_measured(&facts) / WZP_MS, UINT16_MAX),
        .jitter_ms = (uint8_t)wzp_time_min(facts.peer_jitter_us / 1000, UINT8_MAX),
        .rate_bps = tighter(call->config.endpoint.max_rate_bps, facts.rate_in_bps),
        .horizon_ms = (uint32_t)(horizon_ns / WZP_MS),
        .dred_version = call->config.codec->dred_version,
    };
    unsigned talking = 0;
    for (uint32_t i = 0; i < call->config.speakers_max; i++) {
        struct speaker *speaker = &speech->speakers[i];
        if (!speaker->slot)
            continue;
        struct wzp_jitter_stats stats = wzp_audio_receive_stats(speaker->receive).jitter;
        unsigned missed = wzp_quality_meter_loss(&speaker->meter, stats.expected, stats.received, now_ns);
        if (missed > report->missed_permille)
            report->missed_permille = missed;
        talking += now_ns - speaker->spoke_ns < SPEECH_TALKS_NS;
    }
    if (facts.takes_streams)
        report->rate_bps = shares_left_by_streams(&call->shares, report->rate_bps, talking > 1 ? talking : 1);
    if (talking > 1) /* each of them is told its part of what comes here */
        report->rate_bps /= talking;
    return true;
}
