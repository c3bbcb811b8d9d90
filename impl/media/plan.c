// SPDX-License-Identifier: Apache-2.0
#include "media/plan.h"

#include "base/time.h"

#include <string.h>

#define FRAME_NS      (20 * WZP_MS)
#define LOOK_AHEAD_NS (6500 * WZP_US)
#define PLAYOUT_NS    (13 * WZP_MS) /* the jitter buffer's margin, a piece and what rounds up */
#define SPLITS        8             /* of a delay budget between two lossy hops */

/* Of bounds of the rate. */
#define WINDOW_NS     (500 * WZP_MS)
#define BOUND_BPS_MIN 24000 /* there is none below */
#define BESIDE_BPS    1500

/* A last resort: only what exact repair leaves above this is worth the bits of copies. */
#define RESORT_PPM   10000
#define DRED_BPS_MIN 16000
#define DRED_MS      500
#define LBRR_BPS_MIN 16000

#define EFFORT_FROM   WZP_PLAN_MISSING_UNNOTICED
#define EFFORT_ALL    WZP_PLAN_MISSING_EFFORT
#define EFFORT_WEIGHT 1.0

/* What ESTOI does not hear: above the 24 kbit/s at which it is content bits go into treble, music and room.
 */
#define FIDELITY_FROM_BPS 24000
#define FIDELITY_MBPS     0.5 /* a Mbit/s of them is worth so much */

#define OPUS_BPS_MIN 6000
#define CODEC2_RATE  40000 /* where more than that gets through Opus is worth it, whatever is lost */
#define THRIFT_MBPS  20.0  /* what a tier below Opus says that a Mbit/s of speech costs */

/* A new source must be better by this; and after a change it waits, unless it is much better. */
#define BETTER      0.003
#define MUCH_BETTER 0.03
#define DWELL_NS    (6 * WZP_S)

/* The delay of a path is heeded in these steps, rounded up: a few decide whether a budget has room for a
 * window. */
#define DELAY_STEP_NS (1 * WZP_MS)

const struct wzp_cover_weights wzp_plan_weights = {
    .residual = 7.5, .gaps = 0.027, .gaps_half = 0.001, .second = 0.36, .mbps = 0.19};

struct source {
    enum wzp_codec codec;
    uint32_t bitrate_bps;
    unsigned packet_frames;
    unsigned payload_bytes;
    unsigned estoi_permille; /* docs/results.md */
};

#define OPUS(id, bps, frames, estoi)                                                                         \
    {                                                                                                        \
        WZP_CODEC_OPUS_##id, bps, frames, ((bps) * (frames) + 399) / 400, estoi                              \
    }
#define OPUS_ALL(id, bps, e20, e40, e60, e120)                                                               \
    OPUS(id, bps, 1, e20), OPUS(id, bps, 2, e40), OPUS(id, bps, 3, e60), OPUS(id, bps, 6, e120)

/* Measured at a constant bitrate (wzp-codecs, docs/results.md); 7, 9, 11 and 13 kbit/s lie between the
 * others. */
static const struct source sources[] = {
    OPUS(64K, 64000, 1, 997),
    OPUS(48K, 48000, 1, 995),
    OPUS(48K, 48000, 2, 995),
    OPUS_ALL(32K, 32000, 993, 993, 993, 993),
    OPUS_ALL(24K, 24000, 987, 987, 987, 987),
    OPUS_ALL(24K, 20000, 980, 981, 981, 980),
    OPUS_ALL(16K, 16000, 972, 974, 975, 974),
    OPUS_ALL(16K, 14000, 964, 967, 968, 967),
    OPUS_ALL(16K, 13000, 959, 962, 963, 962),
    OPUS_ALL(16K, 12000, 954, 957, 958, 957),
    OPUS_ALL(16K, 11000, 945, 949, 950, 949),
    OPUS_ALL(6K, 10000, 935, 940, 942, 940),
    OPUS_ALL(6K, 9000, 915, 925, 928, 926),
    OPUS_ALL(6K, 8000, 895, 909, 914, 912),
    OPUS_ALL(6K, 7000, 837, 872, 881, 875),
    OPUS_ALL(6K, 6000, 779, 836, 848, 837),
    {WZP_CODEC_CODEC2_3200, 3200, 2, 16, 760},
    {WZP_CODEC_CODEC2_3200, 3200, 6, 48, 760},
    {WZP_CODEC_CODEC2_3200, 3200, 12, 96, 760},
    {WZP_CODEC_CODEC2_1200, 1200, 2, 6, 680},
    {WZP_CODEC_CODEC2_1200, 1200, 6, 18, 680},
    {WZP_CODEC_CODEC2_1200, 1200, 12, 36, 680},
    {WZP_CODEC_CODEC2_700C, 700, 6, 11, 620},
    {WZP_CODEC_CODEC2_700C, 700, 12, 21, 620}, /* the least there is: what does not fit goes by this */
};
#define SOURCES (sizeof sources / sizeof *sources)

static struct wzp_cover_source on_wire(const struct source *source)
{
    return (struct wzp_cover_source){
        .interval_ns = source->packet_frames * FRAME_NS,
        .packet_bytes = WZP_PLAN_SOURCE_BYTES + source->payload_bytes,
        .repair_bytes = WZP_PLAN_REPAIR_BYTES + source->payload_bytes,
    };
}

/* On the wire, as a rate. That may be a bound, which holds for any 500 ms (link/rate.h): of long packets
 * these may be one more than on average, and reports that found no packet to ride in are beside them. */
static uint64_t asked_bps(const struct wzp_cover_path *path, const struct source *source)
{
    uint64_t bits = (uint64_t)(WZP_PLAN_SOURCE_BYTES + source->payload_bytes) * 8;
    int64_t interval_ns = source->packet_frames * FRAME_NS;
    uint64_t packets = (uint64_t)((WINDOW_NS + interval_ns - 1) / interval_ns);
    return path->rate_bps < BOUND_BPS_MIN ? bits * WZP_S / (uint64_t)interval_ns
                                          : bits * packets * WZP_S / WINDOW_NS + BESIDE_BPS;
}

static bool fits(const struct wzp_cover_path *path, const struct source *source)
{
    return path->rate_bps == 0 || asked_bps(path, source) <= wzp_cover_rate_usable(path->rate_bps);
}

static int64_t delay_without_repair(const struct wzp_plan_input *input, unsigned packet_frames)
{
    return input->rtt_up_ns / 2 + input->rtt_down_ns / 2 + packet_frames * FRAME_NS + LOOK_AHEAD_NS +
           PLAYOUT_NS + input->jitter_ns;
}

/* Both covers, the horizons together within `horizon_ns`, that of `up` within `up_ns`; the cost. */
static double cover_both(struct wzp_cover_curves *up, struct wzp_cover_curves *down,
                         const struct wzp_cover_source *source, int64_t horizon_ns, int64_t up_ns,
                         struct wzp_plan *plan)
{
    struct wzp_cover covers[2];
    double cost = wzp_cover_choose(up, source, &wzp_plan_weights, wzp_time_min(horizon_ns, up_ns), &plan->up);
    cost += wzp_cover_choose(down, source, &wzp_plan_weights, horizon_ns, &plan->down);
    if (plan->up.horizon_ns + plan->down.horizon_ns <= horizon_ns) {
        return cost;
    }
    cost = 1e9;
    for (int i = 0; i <= SPLITS; i++) {
        int64_t share_ns = wzp_time_min(horizon_ns * i / SPLITS, up_ns);
        double sum = wzp_cover_choose(up, source, &wzp_plan_weights, share_ns, &covers[0]);
        sum += wzp_cover_choose(down, source, &wzp_plan_weights, horizon_ns - share_ns, &covers[1]);
        if (sum < cost) {
            cost = sum;
            plan->up = covers[0];
            plan->down = covers[1];
        }
    }
    return cost;
}

/* A tier below those of Opus is asked for by who wants few bytes, rather than an early word. */
static bool is_thrifty(const struct wzp_plan_input *input)
{
    return input->bitrate_bps_max && input->bitrate_bps_max < OPUS_BPS_MIN;
}

/* Fills in a plan for one source; its utility. */
static double judge(const struct wzp_plan_input *input, struct wzp_cover_curves *up,
                    struct wzp_cover_curves *down, const struct source *source, struct wzp_plan *plan)
{
    struct wzp_cover_source wire = on_wire(source);
    const struct wzp_cover_weights *weights = &wzp_plan_weights;
    int64_t delay_ns = delay_without_repair(input, source->packet_frames);
    int64_t horizon_ns = WZP_PLAN_HORIZON_NS_MAX;
    double late = 0;
    if (input->delay_budget_ns > 0) {
        horizon_ns = wzp_time_min(horizon_ns, input->delay_budget_ns - delay_ns);
        late = horizon_ns < 0 ? (double)-horizon_ns * 1e-9 : 0;
        horizon_ns = wzp_time_max(horizon_ns, 0);
    }
    *plan = (struct wzp_plan){
        .codec = source->codec,
        .bitrate_bps = source->bitrate_bps,
        .packet_frames = source->packet_frames,
        .estoi_permille = source->estoi_permille,
    };
    /* who wants few bytes is not given short packets for fear */
    bool is_bounded = input->up_horizon_ns && !is_thrifty(input);
    int64_t up_ns = is_bounded ? input->up_horizon_ns : WZP_PLAN_HORIZON_NS_MAX;
    double cost = cover_both(up, down, &wire, horizon_ns, up_ns, plan);
    double came = (1 - plan->up.residual_ppm * 1e-6) * (1 - plan->down.residual_ppm * 1e-6);
    plan->residual_ppm = (unsigned)((1 - came) * 1e6 + 0.5);
    plan->delay_ns = delay_ns + plan->up.horizon_ns + plan->down.horizon_ns;
    double missing = 1 - source->estoi_permille * 1e-3;
    double effort = (missing < EFFORT_ALL ? missing : EFFORT_ALL) - EFFORT_FROM;
    double utility = -missing - EFFORT_WEIGHT * (effort > 0 ? effort : 0) - cost;
    utility -= (double)(source->packet_frames * FRAME_NS) * 1e-9 * weights->second;
    utility -= (double)(wire.packet_bytes * 8) / (double)wire.interval_ns * 1e3 * 2 * weights->mbps;
    if (source->bitrate_bps > FIDELITY_FROM_BPS)
        utility += (source->bitrate_bps - FIDELITY_FROM_BPS) * 1e-6 * FIDELITY_MBPS;
    if (is_thrifty(input))
        utility -= (double)(wire.packet_bytes * 8) / (double)wire.interval_ns * 1e3 * THRIFT_MBPS;
    utility -= late * 10; /* beyond the budget anyway: the shortest packets */
    if (plan->residual_ppm <= RESORT_PPM) {
        return utility;
    }
    if (input->has_dred && source->bitrate_bps >= DRED_BPS_MIN) {
        plan->dred_ms = DRED_MS;
        return utility;
    }
    bool is_bare = plan->up.repair_permille + plan->down.repair_permille == 0;
    plan->lbrr = is_bare && source->bitrate_bps >= LBRR_BPS_MIN && source->packet_frames <= 2;
    return utility;
}

/* Of all packets with its bitrate the longest, which has the least overhead. */
static bool is_longest(const struct source *source)
{
    return source + 1 == sources + SOURCES || source[1].bitrate_bps != source->bitrate_bps;
}

static bool is_allowed(const struct wzp_plan_input *input, const struct source *source)
{
    if (input->is_forced)
        return source->bitrate_bps == input->bitrate_bps_max &&
               ((fits(&input->up, source) && fits(&input->down, source)) || is_longest(source));
    bool is_thin = (input->up.rate_bps && input->up.rate_bps < CODEC2_RATE) ||
                   (input->down.rate_bps && input->down.rate_bps < CODEC2_RATE) || is_thrifty(input);
    if (source->bitrate_bps < OPUS_BPS_MIN && !is_thin)
        return false;
    return (input->bitrate_bps_max == 0 || source->bitrate_bps <= input->bitrate_bps_max) &&
           fits(&input->up, source) && fits(&input->down, source);
}

static double best(const struct wzp_plan_input *input, struct wzp_cover_curves *up,
                   struct wzp_cover_curves *down, struct wzp_plan *plan)
{
    double utility = judge(input, up, down, &sources[SOURCES - 1], plan);
    bool is_found = is_allowed(input, &sources[SOURCES - 1]);
    for (size_t i = 0; i < SOURCES - 1; i++) {
        struct wzp_plan other;
        if (!is_allowed(input, &sources[i])) {
            continue;
        }
        double of_other = judge(input, up, down, &sources[i], &other);
        if (!is_found || of_other > utility) {
            is_found = true;
            utility = of_other;
            *plan = other;
        }
    }
    return utility;
}

double wzp_plan_missing(const struct wzp_plan *plan)
{
    return 1 - plan->estoi_permille * 1e-3 * (1 - plan->residual_ppm * 1e-6);
}

struct wzp_plan wzp_plan_best(const struct wzp_plan_input *input, struct wzp_cover_curves *up,
                              struct wzp_cover_curves *down)
{
    struct wzp_plan plan;
    best(input, up, down, &plan);
    return plan;
}

void wzp_plan_init(struct wzp_plan_state *state)
{
    *state = (struct wzp_plan_state){.has_plan = false};
    wzp_cover_tracker_init(&state->up);
    wzp_cover_tracker_init(&state->down);
}

static int64_t in_steps(int64_t ns, int64_t heeded_ns)
{
    int64_t stepped_ns = (ns + DELAY_STEP_NS - 1) / DELAY_STEP_NS * DELAY_STEP_NS;
    return stepped_ns > heeded_ns || stepped_ns < heeded_ns - DELAY_STEP_NS ? stepped_ns : heeded_ns;
}

static unsigned packets_of(unsigned packets)
{
    return packets ? packets : WZP_PLAN_MEASURED_PACKETS;
}

/* The input without its noise. */
static struct wzp_plan_input heed(struct wzp_plan_state *state, const struct wzp_plan_input *input,
                                  int64_t now_ns)
{
    const struct wzp_plan_input *before = &state->heeded;
    struct wzp_plan_input heeded = *input;
    bool is_up_feared = !input->has_feedback && !input->is_up_remembered;
    bool was_up_feared = !before->has_feedback && !before->is_up_remembered;
    /* What is feared is not to be smoothed, and a source that was chosen for fear is no source to keep. */
    if (is_up_feared) {
        wzp_cover_tracker_init(&state->up);
    }
    if (input->is_down_feared || before->is_down_feared) {
        wzp_cover_tracker_init(&state->down);
    }
    if (is_up_feared != was_up_feared || input->is_down_feared != before->is_down_feared) {
        state->changed_at_ns = now_ns - DWELL_NS;
    }
    if (input->has_feedback) {
        wzp_cover_track(&state->up, &input->up, packets_of(input->up_packets), now_ns);
        heeded.up = state->up.path;
    } else {
        heeded.up = wzp_cover_heed(&input->up);
    }
    wzp_cover_track(&state->down, &heeded.down, packets_of(input->down_packets), now_ns);
    heeded.down = state->down.path;
    heeded.rtt_up_ns = in_steps(input->rtt_up_ns, before->rtt_up_ns);
    heeded.rtt_down_ns = in_steps(input->rtt_down_ns, before->rtt_down_ns);
    heeded.jitter_ns = in_steps(input->jitter_ns, before->jitter_ns);
    return heeded;
}

static bool is_path_equal(const struct wzp_cover_path *a, const struct wzp_cover_path *b)
{
    return a->loss_permille == b->loss_permille && a->burst_16 == b->burst_16 && a->rate_bps == b->rate_bps;
}

static bool is_input_equal(const struct wzp_plan_input *a, const struct wzp_plan_input *b)
{
    return is_path_equal(&a->up, &b->up) && is_path_equal(&a->down, &b->down) &&
           a->has_feedback == b->has_feedback && a->is_up_remembered == b->is_up_remembered &&
           a->is_down_feared == b->is_down_feared && a->up_horizon_ns == b->up_horizon_ns &&
           a->rtt_up_ns == b->rtt_up_ns && a->rtt_down_ns == b->rtt_down_ns && a->jitter_ns == b->jitter_ns &&
           a->delay_budget_ns == b->delay_budget_ns && a->bitrate_bps_max == b->bitrate_bps_max &&
           a->is_forced == b->is_forced && a->has_dred == b->has_dred;
}

static bool is_same_source(const struct wzp_plan *a, const struct wzp_plan *b)
{
    return a->codec == b->codec && a->bitrate_bps == b->bitrate_bps && a->packet_frames == b->packet_frames;
}

static bool is_source_of(const struct wzp_plan *plan, const struct source *source)
{
    return plan->codec == source->codec && plan->bitrate_bps == source->bitrate_bps &&
           plan->packet_frames == source->packet_frames;
}

static bool is_same_cover(const struct wzp_cover *a, const struct wzp_cover *b)
{
    return a->repair_permille == b->repair_permille && a->window == b->window;
}

/* The plan to go on with: the source of now, covered for the paths of now, unless another one is better by
 * more than a change is worth. */
static struct wzp_plan choose(struct wzp_plan_state *state, const struct wzp_plan_input *input,
                              int64_t now_ns)
{
    struct wzp_plan found, kept;
    double utility = best(input, &state->up_curves, &state->down_curves, &found);
    state->is_waiting = false;
    if (!state->has_plan || is_same_source(&found, &state->plan)) {
        return found;
    }
    for (size_t i = 0; i < SOURCES; i++) {
        if (!is_source_of(&state->plan, &sources[i]) || !is_allowed(input, &sources[i])) {
            continue;
        }
        double gain = utility - judge(input, &state->up_curves, &state->down_curves, &sources[i], &kept);
        bool is_fresh = now_ns - state->changed_at_ns < DWELL_NS;
        if (gain < (is_fresh ? MUCH_BETTER : BETTER)) {
            state->is_waiting = is_fresh;
            return kept;
        }
    }
    return found;
}

bool wzp_plan_update(struct wzp_plan_state *state, const struct wzp_plan_input *input, int64_t now_ns)
{
    struct wzp_plan_input heeded = heed(state, input, now_ns);
    bool is_due = state->is_waiting && now_ns - state->changed_at_ns >= DWELL_NS;
    if (state->has_plan && !is_due && is_input_equal(&heeded, &state->heeded)) {
        return false;
    }
    state->heeded = heeded;
    wzp_cover_curves_make(&heeded.up, &state->up_curves);
    wzp_cover_curves_make(&heeded.down, &state->down_curves);
    struct wzp_plan plan = choose(state, &heeded, now_ns);
    const struct wzp_plan *old = &state->plan;
    bool is_source_kept = state->has_plan && is_same_source(&plan, old);
    bool is_kept = is_source_kept && is_same_cover(&plan.up, &old->up) &&
                   is_same_cover(&plan.down, &old->down) && plan.dred_ms == old->dred_ms &&
                   plan.lbrr == old->lbrr;
    plan.changes = old->changes + (state->has_plan && !is_kept);
    state->changed_at_ns = is_source_kept ? state->changed_at_ns : now_ns;
    state->plan = plan;
    state->has_plan = true;
    return !is_kept;
}
