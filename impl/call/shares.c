// SPDX-License-Identifier: Apache-2.0
#include "call/shares.h"

#define AROUND_BPS 31000  /* of packets of 20 ms: WZP_PLAN_SOURCE_BYTES and the codec's own */
#define LEAST_BPS  8000   /* Codec2 at 1200 bit/s, in long packets, and what is said of the way back */
#define PLAIN_BPS  48000  /* Opus at 16 kbit/s, in packets of 20 ms */
#define WIDE_BPS   250000 /* of what is above, an eighth is not planned with (media/cover.h) */
#define REPAIR_PCT 150    /* of what repair has to make good, to do so soon */

/* What a path must carry for so much to arrive: repair, and what is said of the way back. */
static uint64_t on_wire(uint64_t bps, unsigned loss_permille)
{
    if (loss_permille >= WZP_COVER_LOSS_MIN_PERMILLE)
        bps = bps * 1000 / (1001 - (loss_permille < 900 ? loss_permille : 900)) * REPAIR_PCT / 100;
    bps += bps / 16;
    return bps > WIDE_BPS ? bps + (bps - WIDE_BPS) / 7 : bps;
}

void shares_init(struct shares *shares, enum wzp_priority priority)
{
    *shares = (struct shares){.wishes = {.priority = priority}};
}

static uint64_t smaller(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static void wish(struct shares *shares, const struct wzp_plan_input *input)
{
    struct wzp_split_wishes *wishes = &shares->wishes;
    unsigned loss_permille = wzp_cover_in_a_row(&input->up, &input->down).loss_permille;
    uint64_t bitrate_bps = input->bitrate_bps_max ? input->bitrate_bps_max : UINT32_MAX;
    wishes->audio.most_bps = on_wire(bitrate_bps + AROUND_BPS, loss_permille);
    wishes->audio.plain_bps = smaller(on_wire(PLAIN_BPS, loss_permille), wishes->audio.most_bps);
    wishes->audio.least_bps = smaller(on_wire(LEAST_BPS, loss_permille), wishes->audio.plain_bps);
    if (input->is_forced)
        wishes->audio.least_bps = wishes->audio.plain_bps = wishes->audio.most_bps;
}

/* Takes from one way; what pictures have of it. */
static uint64_t take(const struct wzp_split_wishes *wishes, uint64_t *rate_bps)
{
    if (*rate_bps == 0 || (!wishes->has_streams && !wishes->video.most_bps))
        return wishes->video.most_bps;
    struct wzp_split split = wzp_split_budget(*rate_bps, wishes);
    *rate_bps = split.audio_bps;
    return split.video_bps;
}

void shares_take(struct shares *shares, const struct wzp_session_facts *facts, struct wzp_plan_input *input)
{
    wish(shares, input);
    struct wzp_split_wishes *wishes = &shares->wishes;
    wishes->has_streams = facts->has_streams;
    take(wishes, &input->up.rate_bps);
    wishes->has_streams = false; /* the listener has taken off what comes to it */
    shares->video_down_bps = take(wishes, &input->down.rate_bps);
}

uint64_t shares_of_video(const struct shares *shares, const struct wzp_session_facts *facts)
{
    uint64_t most_bps = shares->wishes.video.most_bps;
    uint64_t up_bps = facts->rate_bps ? facts->share.video_bps : most_bps;
    return smaller(most_bps, smaller(up_bps, shares->video_down_bps));
}

uint64_t shares_left_by_streams(const struct shares *shares, uint64_t rate_bps, unsigned talking)
{
    struct wzp_split_wishes wishes = {.priority = shares->wishes.priority, .has_streams = true};
    wishes.audio.least_bps = LEAST_BPS * (uint64_t)talking;
    wishes.audio.plain_bps = PLAIN_BPS * (uint64_t)talking;
    wishes.audio.most_bps = rate_bps;
    return rate_bps ? wzp_split_budget(rate_bps, &wishes).audio_bps : 0;
}
