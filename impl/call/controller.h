// SPDX-License-Identifier: Apache-2.0
/*
 * What a client spends its bits and its delay on: facts of its own hop and the reports of its listeners go to
 * the plan (media/plan.h), and the plan goes to the encoder, to the repair of the hop, and to the listeners,
 * who have to wait for that repair.
 *
 *     session facts --.                    .--> audio_send: codec, bitrate, frames a packet, LBRR, DRED
 *     reports --------+--> wzp_plan_update +--> session: how long repair of the uplink may take
 *     config ---------'                    `--> our report: how long listeners wait
 *
 * Law: what the plan says is in force within 100 ms; what is heard of a speaker is waited for as long as that
 * speaker's own hop and ours may take to repair it, and playout_max_ns at most. Private to call/. Spec:
 * proto/07-media.md; docs/repair.md.
 */
#ifndef WZP_CALL_CONTROLLER_H
#define WZP_CALL_CONTROLLER_H

#include "call/call.h"
#include "media/plan.h"
#include "media/quality.h"
#include "media/steady.h"

struct controller {
    struct wzp_plan_state plan;
    int64_t at_ns;              /* when to look again */
    unsigned changes_told;      /* of the plan, as of our newest report */
    struct wzp_steady up, down; /* rates */
    int64_t agreed_until_ns;    /* all listeners told how they fare */
};

void controller_init(struct wzp_call *call);
/* Once a captured frame. */
void controller_advance(struct wzp_call *call, int64_t now_ns);
/* A speaker is new, or has told how long its repair may take: it is waited for as long as that takes on both
 * hops. */
struct speaker;
void controller_on_told(struct wzp_call *call, struct speaker *speaker);
struct wzp_call_plan controller_facts(const struct wzp_call *call);
/* Our report to all; true: it is due. */
bool controller_report(struct wzp_call *call, int64_t now_ns, struct wzp_quality_report *report);

#endif
