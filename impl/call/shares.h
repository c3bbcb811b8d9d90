// SPDX-License-Identifier: Apache-2.0
/*
 * What speech wishes of a path, so that it can be split (media/split.h): in bytes on the wire, with the
 * repair that the path's loss asks for; and what is left of it for speech, for the plan (media/plan.h), and
 * for pictures.
 *
 * Law: who sends speech alone has all of both ways; else no more than the share on either. A listener to whom
 * streams come tells its speakers only what those leave. Private to call/. docs/estimate.md.
 */
#ifndef WZP_CALL_SHARES_H
#define WZP_CALL_SHARES_H

#include "media/plan.h"
#include "session/endpoint.h"

struct shares {
    struct wzp_split_wishes wishes;
    uint64_t video_down_bps; /* that pictures have of the way to the worst listener */
};

void shares_init(struct shares *shares, enum wzp_priority priority);
/* The rates of both ways in `input`, 0: no bound, become what speech has of them. The wishes are then what to
 * tell the session. */
void shares_take(struct shares *shares, const struct wzp_session_facts *facts, struct wzp_plan_input *input);
/* What pictures may have now: they follow the newest estimate of the way out, not the steady one that speech
 * is planned with. */
uint64_t shares_of_video(const struct shares *shares, const struct wzp_session_facts *facts);
/* What the speakers may have of what comes here; `talking` of them. */
uint64_t shares_left_by_streams(const struct shares *shares, uint64_t rate_bps, unsigned talking);

#endif
