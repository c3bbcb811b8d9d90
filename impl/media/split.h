// SPDX-License-Identifier: Apache-2.0
/*
 * Who gets how much of a path: its budget, split among speech, pictures and streams as a person said what
 * matters most. All numbers are bits/s on the wire: headers, and the repair that belongs to them, counted.
 *
 * It fills steps, one after the other, until the budget is spent; a step without a wish is passed over:
 *
 *     all           streams a sixteenth: what is never taken from them
 *     balanced      audio plain, video min, streams a quarter, audio and video alike up to most
 *     audio-first   audio most, video most
 *     video-first   audio least, video most, audio plain, streams a quarter, audio most
 *     screen-share  audio plain, video min, streams a quarter, video most, audio most
 *     all           streams the rest
 *
 * "Alike": each gets as large a part of what it still wishes as the other.
 *
 * Laws: the shares are never more than the budget together, and exactly as much while streams wish; none
 * falls when the budget grows; nobody gets more than its wish. State: none. Integers.
 * Not here: the budget (session/pace.h), who leaves first (session/send.c), codecs (media/plan.h).
 * docs/estimate.md.
 */
#ifndef WZP_MEDIA_SPLIT_H
#define WZP_MEDIA_SPLIT_H

#include <stdbool.h>
#include <stdint.h>

enum wzp_priority {
    WZP_PRIORITY_BALANCED,
    WZP_PRIORITY_AUDIO_FIRST,
    WZP_PRIORITY_VIDEO_FIRST,
    WZP_PRIORITY_SCREEN_SHARE,
};
#define WZP_PRIORITIES 4

struct wzp_split_wishes {
    enum wzp_priority priority;
    struct {
        uint64_t least_bps; /* with less than that nobody is understood */
        uint64_t plain_bps; /* good speech, at 16 kbit/s of Opus */
        uint64_t most_bps;  /* more is of no use; 0: no speech. least <= plain <= most */
    } audio;
    struct {
        uint64_t min_bps;  /* with less than that a picture is not worth sending, a screen not legible */
        uint64_t most_bps; /* 0: no pictures. min <= most */
    } video;
    bool has_streams;
};

struct wzp_split {
    uint64_t audio_bps, video_bps, streams_bps;
};

/* The shares of a budget; one above 10 Gbit/s counts as that. */
struct wzp_split wzp_split_budget(uint64_t budget_bps, const struct wzp_split_wishes *wishes);

/* "balanced", "audio-first", "video-first", "screen-share"; false: none of them. */
bool wzp_priority_from(const char *name, enum wzp_priority *priority);
const char *wzp_priority_name(enum wzp_priority priority);

#endif
