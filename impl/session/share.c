// SPDX-License-Identifier: Apache-2.0
#include "session/share.h"

#include "session/session.h"

#define RECENT_NS WZP_S
#define PIECE_NS  (31 * WZP_MS) /* of the path, that a piece takes: what it makes a sound late by */
#define QUEUE_NS                                                                                             \
    (25 * WZP_MS) /* in front of the link that a packet on the own account may meet, as repair may */
#define LEFT_NS        (10 * WZP_MS) /* the same of what the pace leaves, one behind the other */
#define PIECE_MIN      300           /* bytes, IP and UDP headers counted */
#define SPARE          512           /* of the bound in bits/s, bytes: 1/32 of what half a second may carry */
#define PLAIN_BPS      48000         /* of speech, where nobody said */
#define OWN_MOST       4 /* of the budget, a part: beyond it streams take what there is no better use for */
#define BUDGET_BPS_MIN 1000 /* keeps the account's times finite */

void share_init(struct session *session, int64_t now_ns)
{
    session->share = (struct share){
        .wishes = {.audio = {.plain_bps = PLAIN_BPS, .most_bps = UINT64_MAX}},
        .streams_out_ns = now_ns - RECENT_NS,
        .streams_in_ns = now_ns - RECENT_NS,
        .streams_at_ns = now_ns,
    };
}

bool share_has_streams(const struct session *session, int64_t now_ns)
{
    return wzp_streams_has_bytes(&session->streams) || session->bulk.packets > 0 ||
           now_ns - session->share.streams_out_ns < RECENT_NS;
}

bool share_takes_streams(const struct session *session, int64_t now_ns)
{
    return now_ns - session->share.streams_in_ns < RECENT_NS;
}

struct wzp_split share_of(const struct session *session, uint64_t budget_bps, int64_t now_ns)
{
    struct wzp_split_wishes wishes = session->share.wishes;
    wishes.has_streams = share_has_streams(session, now_ns);
    return wzp_split_budget(budget_bps, &wishes);
}

uint64_t share_of_audio(const struct session *session, uint64_t budget_bps, int64_t now_ns)
{
    bool is_alone = session->share.wishes.video.most_bps == 0 && !share_has_streams(session, now_ns);
    return is_alone ? budget_bps : share_of(session, budget_bps, now_ns).audio_bps;
}

static bool is_beside_media(const struct wzp_endpoint *endpoint, const struct session *session)
{
    return endpoint->now_ns - session->media_sent_ns < RECENT_NS;
}

/* When their share has paid for it. */
static int64_t paid_at(const struct wzp_endpoint *endpoint, const struct session *session)
{
    bool is_bounded = repair_carries(endpoint, session) > 0;
    return is_bounded && is_beside_media(endpoint, session) ? session->share.streams_at_ns : WZP_NEVER;
}

int64_t share_streams_at(const struct wzp_endpoint *endpoint, const struct session *session)
{
    int64_t at_ns = paid_at(endpoint, session);
    if (at_ns == WZP_NEVER)
        return at_ns;
    return wzp_time_max(at_ns, wzp_time_min(pace_at(session, QUEUE_NS), at_ns + WZP_SHARE_WAIT_NS));
}

static size_t piece_of(uint64_t rate_bps, int64_t duration_ns)
{
    uint64_t bytes = rate_bps / 8 * (uint64_t)duration_ns / WZP_S;
    return bytes < PIECE_MIN ? PIECE_MIN : bytes < ROOM_STREAMS ? (size_t)bytes : ROOM_STREAMS;
}

size_t share_piece(const struct wzp_endpoint *endpoint, const struct session *session)
{
    return piece_of(repair_carries(endpoint, session), PIECE_NS);
}

size_t share_left(const struct wzp_endpoint *endpoint, const struct session *session)
{
    uint64_t rate_bps = is_beside_media(endpoint, session) ? pace_rate(session) : 0;
    size_t piece = rate_bps ? piece_of(rate_bps, LEFT_NS) : ROOM_STREAMS;
    return piece < ROOM_STREAMS ? piece : SIZE_MAX;
}

static bool is_late(const struct wzp_endpoint *endpoint, const struct session *session)
{
    int64_t at_ns = wzp_time_max(paid_at(endpoint, session), streams_next_at(session));
    return at_ns <= endpoint->now_ns - WZP_SHARE_WAIT_NS;
}

size_t share_room(const struct wzp_endpoint *endpoint, const struct session *session)
{
    size_t piece = share_piece(endpoint, session);
    return is_late(endpoint, session) ? piece : piece + (size_t)(repair_bound(endpoint, session) / SPARE);
}

size_t share_reserved(const struct wzp_endpoint *endpoint, const struct session *session)
{
    return is_late(endpoint, session) ? share_piece(endpoint, session) : 0;
}

void share_on_streams_sent(const struct wzp_endpoint *endpoint, struct session *session, size_t bytes,
                           int64_t now_ns)
{
    struct share *share = &session->share;
    share->streams_out_ns = now_ns;
    uint64_t budget_bps = repair_carries(endpoint, session);
    if (budget_bps == 0)
        return;
    budget_bps = budget_bps > BUDGET_BPS_MIN ? budget_bps : BUDGET_BPS_MIN;
    uint64_t bps = share_of(session, budget_bps, now_ns).streams_bps, most_bps = budget_bps / OWN_MOST;
    bps = bps < most_bps ? bps : most_bps;
    int64_t paid_ns = (int64_t)(bytes * 8 * (uint64_t)WZP_S / bps);
    share->streams_at_ns = wzp_time_max(share->streams_at_ns, now_ns - WZP_SHARE_WAIT_NS) + paid_ns;
}

void share_on_streams_in(struct session *session, int64_t now_ns)
{
    session->share.streams_in_ns = now_ns;
}
