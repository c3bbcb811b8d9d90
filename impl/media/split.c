// SPDX-License-Identifier: Apache-2.0
#include "media/split.h"

#include <string.h>

#define BUDGET_BPS_MAX  UINT64_C(10000000000) /* keeps the products below within 64 bits */
#define STREAMS_ALWAYS  16                    /* a part of the budget */
#define STREAMS_IF_ROOM 4                     /* the same, before anybody has more than is good */
#define WISH_BPS_MAX    UINT64_C(1000000000)

enum step {
    END,
    AUDIO_LEAST,
    AUDIO_PLAIN,
    AUDIO_MOST,
    VIDEO_MIN,
    VIDEO_MOST,
    STREAMS_QUARTER,
    ALIKE,
};

static const enum step steps[WZP_PRIORITIES][8] = {
    [WZP_PRIORITY_BALANCED] = {AUDIO_PLAIN, VIDEO_MIN, STREAMS_QUARTER, ALIKE},
    [WZP_PRIORITY_AUDIO_FIRST] = {AUDIO_MOST, VIDEO_MOST},
    [WZP_PRIORITY_VIDEO_FIRST] = {AUDIO_LEAST, VIDEO_MOST, AUDIO_PLAIN, STREAMS_QUARTER, AUDIO_MOST},
    [WZP_PRIORITY_SCREEN_SHARE] = {AUDIO_PLAIN, VIDEO_MIN, STREAMS_QUARTER, VIDEO_MOST, AUDIO_MOST},
};

static const char *const names[WZP_PRIORITIES] = {
    [WZP_PRIORITY_BALANCED] = "balanced",
    [WZP_PRIORITY_AUDIO_FIRST] = "audio-first",
    [WZP_PRIORITY_VIDEO_FIRST] = "video-first",
    [WZP_PRIORITY_SCREEN_SHARE] = "screen-share",
};

static uint64_t smaller(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static void fill(uint64_t *left_bps, uint64_t *share_bps, uint64_t wish_bps)
{
    wish_bps = smaller(wish_bps, WISH_BPS_MAX);
    if (wish_bps <= *share_bps)
        return;
    uint64_t more_bps = smaller(*left_bps, wish_bps - *share_bps);
    *share_bps += more_bps;
    *left_bps -= more_bps;
}

static uint64_t missing(uint64_t share_bps, uint64_t wish_bps)
{
    wish_bps = smaller(wish_bps, WISH_BPS_MAX);
    return wish_bps > share_bps ? wish_bps - share_bps : 0;
}

static void fill_alike(uint64_t *left_bps, struct wzp_split *split, const struct wzp_split_wishes *wishes)
{
    uint64_t audio_bps = missing(split->audio_bps, wishes->audio.most_bps);
    uint64_t video_bps = missing(split->video_bps, wishes->video.most_bps);
    uint64_t both_bps = smaller(*left_bps, audio_bps + video_bps);
    if (both_bps == 0)
        return;
    /* rounded down for the one and up for the other: neither falls when there is more */
    uint64_t of_audio_bps = both_bps * audio_bps / (audio_bps + video_bps);
    split->audio_bps += of_audio_bps;
    split->video_bps += both_bps - of_audio_bps;
    *left_bps -= both_bps;
}

struct wzp_split wzp_split_budget(uint64_t budget_bps, const struct wzp_split_wishes *wishes)
{
    struct wzp_split split = {0};
    budget_bps = smaller(budget_bps, BUDGET_BPS_MAX);
    uint64_t left_bps = budget_bps;
    uint64_t quarter_bps = wishes->has_streams ? budget_bps / STREAMS_IF_ROOM : 0;
    if (wishes->has_streams)
        fill(&left_bps, &split.streams_bps, budget_bps / STREAMS_ALWAYS);
    for (const enum step *step = steps[wishes->priority]; *step != END; step++) {
        switch (*step) {
        case AUDIO_LEAST:
            fill(&left_bps, &split.audio_bps, wishes->audio.least_bps);
            break;
        case AUDIO_PLAIN:
            fill(&left_bps, &split.audio_bps, wishes->audio.plain_bps);
            break;
        case AUDIO_MOST:
            fill(&left_bps, &split.audio_bps, wishes->audio.most_bps);
            break;
        case VIDEO_MIN:
            fill(&left_bps, &split.video_bps, wishes->video.min_bps);
            break;
        case VIDEO_MOST:
            fill(&left_bps, &split.video_bps, wishes->video.most_bps);
            break;
        case STREAMS_QUARTER:
            fill(&left_bps, &split.streams_bps, quarter_bps);
            break;
        case ALIKE:
            fill_alike(&left_bps, &split, wishes);
            break;
        case END:
            break;
        }
    }
    if (wishes->has_streams)
        split.streams_bps += left_bps;
    return split;
}

bool wzp_priority_from(const char *name, enum wzp_priority *priority)
{
    for (int i = 0; i < WZP_PRIORITIES; i++) {
        if (strcmp(name, names[i]) == 0) {
            *priority = (enum wzp_priority)i;
            return true;
        }
    }
    return false;
}

const char *wzp_priority_name(enum wzp_priority priority)
{
    return names[priority];
}
