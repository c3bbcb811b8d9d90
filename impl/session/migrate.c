// SPDX-License-Identifier: Apache-2.0
#include "session/migrate.h"

#include "base/check.h"
#include "session/repair.h"

#include <string.h>

#define SPARES_AFTER_NS   (1 * WZP_S) /* what a call begins with goes first */
#define SAID_AGAIN_MIN_NS (200 * WZP_MS)
#define RETIRED_RTTS      3
#define CHALLENGE_LEN     34 /* of a packet with a challenge or its answer, at most */
#define PROBE_WAIT_MIN_NS (100 * WZP_MS)
#define PROBE_TRIES_MIN   3
#define PROBE_TRIES_MAX   12
#define HOLE_PATIENCE_NS  (1 * WZP_S)
/* "Here I am": again after a quarter of the time since the move. */
#define HERE_MIN_NS (50 * WZP_MS)
#define HERE_MAX_NS (1 * WZP_S)

/* How long an acknowledgement may take (RFC 9002 section 6.2.1 in kind). */
static int64_t patience_ns(const struct session *session)
{
    return session->rtt.smoothed_ns + 4 * session->rtt.var_ns + 30 * WZP_MS;
}

static int64_t said_again_ns(const struct session *session)
{
    return wzp_time_max(patience_ns(session), SAID_AGAIN_MIN_NS);
}

/* How many probes have to be lost to be an accident but once in fifty. */
static unsigned probe_tries(const struct session *session)
{
    unsigned loss = wzp_loss_permille(&session->loss), tries = 1;
    for (unsigned all_lost = loss; all_lost > 20 && tries < PROBE_TRIES_MAX; tries++)
        all_lost = all_lost * loss / 1000;
    return tries < PROBE_TRIES_MIN ? PROBE_TRIES_MIN : tries;
}

static void fill_spares(struct wzp_endpoint *endpoint, struct session *session, int64_t tell_at_ns)
{
    while (!session->is_overflow && ids_want(&session->moving.ids))
        ids_add(&session->moving.ids, endpoint_draw_spare(endpoint, session), tell_at_ns);
}

static void restart_mtu(struct session *session, int64_t now_ns)
{
    bool is_wanted = session->moving.mtu.is_wanted;
    wzp_mtu_init(&session->moving.mtu, session->moving.peer_datagram_max);
    if (is_wanted)
        wzp_mtu_want(&session->moving.mtu, now_ns);
}

/* What was sent before says nothing about the new path. */
static void restart_path(struct session *session, int64_t now_ns)
{
    session->moving.first_number = session->sent.next_number;
    wzp_rtt_init(&session->rtt);
    wzp_loss_restart(&session->loss, session->moving.first_number);
    wzp_feedback_seen_init(&session->feedback_seen, session->moving.first_number);
    wzp_feedback_restart(&session->feedback);
    repair_restart_path(session);
    pace_restart(session, session->moving.first_number, now_ns);
    restart_mtu(session, now_ns);
}

static bool take_fresh_id(struct wzp_endpoint *endpoint, struct session *session, int64_t now_ns)
{
    if (!ids_rotate(&session->moving.ids, now_ns))
        return false;
    const struct remote_id *remote = ids_remote(&session->moving.ids);
    session->remote_id = remote->id;
    reset_remember(endpoint, session, remote->token);
    return true;
}

void migrate_start(struct session *session, int64_t now_ns)
{
    wzp_path_init(&session->moving.path, &session->peer_addr, now_ns);
    wzp_mtu_init(&session->moving.mtu, session->moving.peer_datagram_max);
    ids_init(&session->moving.ids, session->local_id, session->remote_id, WZP_NEVER);
}

void migrate_on_confirmed(struct wzp_endpoint *endpoint, struct session *session, int64_t now_ns)
{
    if (endpoint->config.accepts && !session->is_initiator)
        session->moving.ids.local[0].tell_at_ns = now_ns; /* for its reset token */
    session->moving.acked_at_ns = now_ns;
    fill_spares(endpoint, session, now_ns + SPARES_AFTER_NS);
}

void migrate_on_packet(struct wzp_endpoint *endpoint, struct session *session, const struct wzp_addr *from,
                       uint64_t id_sequence, size_t len, bool is_newest, int64_t now_ns)
{
    enum wzp_path_verdict verdict = wzp_path_on_packet(&session->moving.path, from, len, is_newest, now_ns);
    session->peer_addr = session->moving.path.current;
    if (verdict == WZP_PATH_SAME)
        return;
    endpoint->counters.moves++;
    wzp_trace_emit(&endpoint->config.trace, now_ns, WZP_TRACE_PEER_MOVED, session->local_id, verdict,
                   from->port);
    if (verdict == WZP_PATH_MOVED && id_sequence > session->moving.ids.heard_sequence) {
        session->moving.ids.heard_sequence = id_sequence;
        take_fresh_id(endpoint, session, now_ns);
    }
}

static void on_response(struct wzp_endpoint *endpoint, struct session *session, const uint8_t *token,
                        int64_t now_ns)
{
    struct wzp_addr before = session->moving.path.proven;
    int64_t rtt_ns;
    if (!wzp_path_on_response(&session->moving.path, token, now_ns, &rtt_ns))
        return; /* of a path given up, or a copy */
    wzp_trace_emit(&endpoint->config.trace, now_ns, WZP_TRACE_PATH_PROVEN, session->local_id,
                   (uint64_t)rtt_ns / 1000, session->moving.path.tokens_sent);
    if (memcmp(before.ip, session->moving.path.current.ip, sizeof before.ip) == 0)
        return;
    restart_path(session, now_ns);
    wzp_rtt_seed(&session->rtt, rtt_ns);
}

bool migrate_on_frame(struct wzp_endpoint *endpoint, struct session *session, const struct wzp_frame *frame,
                      const struct wzp_addr *from, int64_t now_ns)
{
    bool is_lawful = true;
    switch (frame->type) {
    case WZP_FRAME_TYPE_PATH_CHALLENGE:
        wzp_path_on_challenge(&session->moving.path, frame->path_challenge.token, from);
        break;
    case WZP_FRAME_TYPE_PATH_RESPONSE:
        on_response(endpoint, session, frame->path_response.token, now_ns);
        break;
    case WZP_FRAME_TYPE_NEW_CONNECTION_ID:
        is_lawful = ids_on_new(&session->moving.ids, &frame->new_connection_id);
        if (session->is_initiator && ids_remote(&session->moving.ids)->has_token)
            reset_remember(endpoint, session, ids_remote(&session->moving.ids)->token);
        break;
    default:
        WZP_CHECK(frame->type == WZP_FRAME_TYPE_RETIRE_CONNECTION_ID);
        is_lawful = ids_on_retire(&session->moving.ids, frame->retire_connection_id.sequence,
                                  now_ns + RETIRED_RTTS * session->rtt.smoothed_ns);
        fill_spares(endpoint, session, now_ns);
    }
    return is_lawful;
}

void migrate_on_acked(struct wzp_endpoint *endpoint, struct session *session,
                      const struct wzp_sent_packet *packet, int64_t now_ns)
{
    session->moving.acked_at_ns = now_ns;
    if (packet->told_id)
        ids_on_told(&session->moving.ids, packet->told_id - 1);
    if (packet->told_retired)
        ids_on_retired_told(&session->moving.ids, packet->told_retired - 1);
    if (packet->number < session->moving.first_number)
        return;
    session->moving.here_at_ns = WZP_NEVER;
    if (wzp_mtu_on_acked(&session->moving.mtu, packet->size, packet->is_probe, now_ns))
        wzp_trace_emit(&endpoint->config.trace, now_ns, WZP_TRACE_MTU, session->local_id,
                       wzp_mtu_size(&session->moving.mtu), 0);
}

void migrate_advance(struct wzp_endpoint *endpoint, struct session *session, int64_t now_ns)
{
    if (!session->has_keys)
        return;
    if (wzp_path_expire(&session->moving.path, now_ns)) {
        session->peer_addr = session->moving.path.current;
        endpoint->counters.path_failures++;
        wzp_trace_emit(&endpoint->config.trace, now_ns, WZP_TRACE_PATH_FAILED, session->local_id,
                       session->moving.path.current.port, 0);
    }
    uint32_t gone;
    while ((gone = ids_take_gone(&session->moving.ids, now_ns)))
        if (gone != session->local_id) /* the owner's handle, to the end */
            id_table_remove(&endpoint->ids, gone);
    if (session->is_confirmed)
        fill_spares(endpoint, session, now_ns);
}

int64_t migrate_next_at(const struct session *session)
{
    if (session->moving.path.answers_count)
        return INT64_MIN;
    int64_t at_ns = wzp_time_min(ids_tell_at(&session->moving.ids), ids_gone_at(&session->moving.ids));
    at_ns = wzp_time_min(at_ns, session->moving.here_at_ns);
    if (session->moving.path.is_proven)
        return wzp_time_min(at_ns, wzp_mtu_next_at(&session->moving.mtu));
    at_ns = wzp_time_min(at_ns, session->moving.path.deadline_ns);
    return wzp_time_min(at_ns, wzp_path_challenge_at(&session->moving.path, CHALLENGE_LEN));
}

void migrate_forget(struct wzp_endpoint *endpoint, struct session *session)
{
    for (unsigned i = 0; i < IDS_LOCAL; i++)
        id_table_remove(&endpoint->ids, session->moving.ids.local[i].id);
    id_table_remove(&endpoint->ids, session->local_id);
}

size_t migrate_datagram_max(const struct session *session)
{
    return session->moving.path.is_proven ? wzp_mtu_size(&session->moving.mtu) : WZP_DATAGRAM_MAX;
}

/* A PING that fills a datagram of `size` bytes. */
static void put_large_ping(struct wzp_writer *writer, size_t size, size_t overhead)
{
    writer->end = writer->start + size - overhead;
    wzp_frame_ping_encode(writer, &(struct wzp_frame_ping){0});
    wzp_write_zeros(writer, wzp_writer_left(writer)); /* PADDING is a zero byte */
}

bool migrate_put_own(struct wzp_endpoint *endpoint, struct session *session, struct wzp_writer *writer,
                     struct wzp_sent_packet *record, size_t overhead, size_t capacity, int64_t now_ns)
{
    struct wzp_path_answer answer;
    session->moving.is_bound = true;
    if (wzp_path_take_answer(&session->moving.path, CHALLENGE_LEN, &answer)) {
        struct wzp_frame_path_response frame;
        memcpy(frame.token, answer.token, sizeof frame.token);
        wzp_frame_path_response_encode(writer, &frame);
        session->moving.bound_to = answer.to;
        return true;
    }
    if (wzp_path_challenge_at(&session->moving.path, CHALLENGE_LEN) <= now_ns) {
        struct wzp_frame_path_challenge frame;
        wzp_drbg_fill(&endpoint->drbg, frame.token, sizeof frame.token);
        wzp_frame_path_challenge_encode(writer, &frame);
        wzp_path_on_challenge_sent(&session->moving.path, frame.token, CHALLENGE_LEN, now_ns);
        session->moving.bound_to = session->moving.path.current;
        return true;
    }
    session->moving.is_bound = false;
    if (session->moving.here_at_ns <= now_ns) {
        int64_t wait_ns = wzp_time_max((now_ns - session->moving.moved_at_ns) / 4, HERE_MIN_NS);
        session->moving.here_at_ns = now_ns + wzp_time_min(wait_ns, HERE_MAX_NS);
        put_large_ping(writer, WZP_INITIAL_SIZE, overhead); /* gives the peer room for what it has to say */
        return true;
    }
    size_t size = session->moving.path.is_proven
                      ? wzp_mtu_probe(&session->moving.mtu, probe_tries(session),
                                      wzp_time_max(patience_ns(session), PROBE_WAIT_MIN_NS), now_ns)
                      : 0;
    if (size == 0)
        return false;
    WZP_CHECK(size <= capacity);
    put_large_ping(writer, size, overhead);
    record->is_probe = true;
    return true;
}

bool migrate_put_ids(struct wzp_endpoint *endpoint, struct session *session, struct wzp_writer *writer,
                     struct wzp_sent_packet *record, int64_t now_ns)
{
    struct local_id *local = ids_tell(&session->moving.ids, now_ns);
    if (local) {
        struct wzp_frame_new_connection_id frame = {.sequence = local->sequence, .id = local->id};
        if (endpoint->config.accepts)
            endpoint_reset_token(endpoint, frame.id, frame.reset_token);
        wzp_frame_new_connection_id_encode(writer, &frame);
        local->tell_at_ns = now_ns + said_again_ns(session);
        record->told_id = local->sequence + 1;
    }
    struct retiring_id *retiring = ids_tell_retired(&session->moving.ids, now_ns);
    if (retiring) {
        struct wzp_frame_retire_connection_id frame = {.sequence = retiring->sequence};
        wzp_frame_retire_connection_id_encode(writer, &frame);
        retiring->tell_at_ns = now_ns + said_again_ns(session);
        record->told_retired = retiring->sequence + 1;
    }
    return local || retiring;
}

void migrate_on_sent(struct wzp_endpoint *endpoint, struct session *session,
                     const struct wzp_sent_packet *record, int64_t now_ns)
{
    int64_t patience = wzp_time_max(2 * patience_ns(session), HOLE_PATIENCE_NS);
    if (record->is_probe || !wzp_mtu_on_sent(&session->moving.mtu, record->size, patience, now_ns))
        return;
    endpoint->counters.black_holes++;
    wzp_trace_emit(&endpoint->config.trace, now_ns, WZP_TRACE_MTU, session->local_id,
                   wzp_mtu_size(&session->moving.mtu), 1);
}

void migrate_route(struct wzp_endpoint *endpoint, struct session *session, const uint8_t *datagram,
                   size_t len, struct wzp_addr *to, int64_t now_ns)
{
    if (!session->has_keys || session->moving.is_bound) {
        *to = session->moving.is_bound ? session->moving.bound_to : session->peer_addr;
        session->moving.is_bound = false;
        return;
    }
    struct wzp_addr addrs[2];
    if (wzp_path_route(&session->moving.path, len, now_ns, addrs) == 2) {
        endpoint->twin.to = addrs[1];
        endpoint->twin.len = len;
        memcpy(endpoint->twin.datagram, datagram, len);
    }
    *to = addrs[0];
}

/* ---- what the owner says ---- */

static struct session *find_with_keys(struct wzp_endpoint *endpoint, uint32_t session_id, int64_t now_ns)
{
    struct session *session = endpoint_session(endpoint, session_id);
    endpoint->now_ns = now_ns;
    bool is_open = session && (session->state == SESSION_HANDSHAKING || session->state == SESSION_ACTIVE);
    return is_open && session->has_keys ? session : NULL;
}

void wzp_endpoint_on_moved(struct wzp_endpoint *endpoint, uint32_t session_id, int64_t now_ns)
{
    struct session *session = find_with_keys(endpoint, session_id, now_ns);
    if (!session)
        return; /* a handshake's next message leaves from wherever we are */
    take_fresh_id(endpoint, session, now_ns);
    restart_path(session, now_ns);
    session->moving.moved_at_ns = session->moving.here_at_ns = now_ns;
    wzp_trace_emit(&endpoint->config.trace, now_ns, WZP_TRACE_MOVED, session->local_id,
                   ids_remote(&session->moving.ids)->sequence, 0);
    endpoint_schedule(endpoint, session);
}

void wzp_endpoint_find_mtu(struct wzp_endpoint *endpoint, uint32_t session_id, int64_t now_ns)
{
    struct session *session = find_with_keys(endpoint, session_id, now_ns);
    if (!session)
        return;
    wzp_mtu_want(&session->moving.mtu, now_ns);
    endpoint_schedule(endpoint, session);
}
