// SPDX-License-Identifier: Apache-2.0
#include "session/migrate.h"

#include "base/check.h"

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
    while (!session->is_overflow && ids_want(&session->ids))
        ids_add(&session->ids, endpoint_draw_spare(endpoint, session), tell_at_ns);
}

static void restart_mtu(struct session *session, int64_t now_ns)
{
    bool is_wanted = session->mtu.is_wanted;
    wzp_mtu_init(&session->mtu, session->peer_datagram_max);
    if (is_wanted)
        wzp_mtu_want(&session->mtu, now_ns);
}

/* What was sent before says nothing about the new path. */
static void restart_path(struct session *session, int64_t now_ns)
{
    session->path_first_number = session->sent.next_number;
    wzp_rtt_init(&session->rtt);
    wzp_loss_restart(&session->loss, session->path_first_number);
    restart_mtu(session, now_ns);
}

static bool take_fresh_id(struct wzp_endpoint *endpoint, struct session *session, int64_t now_ns)
{
    if (!ids_rotate(&session->ids, now_ns))
        return false;
    const struct remote_id *remote = ids_remote(&session->ids);
    session->remote_id = remote->id;
    reset_remember(endpoint, session, remote->token);
    return true;
}

void migrate_start(struct session *session, int64_t now_ns)
{
    wzp_path_init(&session->path, &session->peer_addr, now_ns);
    wzp_mtu_init(&session->mtu, session->peer_datagram_max);
    ids_init(&session->ids, session->local_id, session->remote_id, WZP_NEVER);
}

void migrate_on_confirmed(struct wzp_endpoint *endpoint, struct session *session, int64_t now_ns)
{
    if (endpoint->config.accepts && !session->is_initiator)
        session->ids.local[0].tell_at_ns = now_ns; /* for its reset token */
    session->acked_at_ns = now_ns;
    fill_spares(endpoint, session, now_ns + SPARES_AFTER_NS);
}

void migrate_on_packet(struct wzp_endpoint *endpoint, struct session *session, const struct wzp_addr *from,
                       uint64_t id_sequence, size_t len, bool is_newest, int64_t now_ns)
{
    enum wzp_path_verdict verdict = wzp_path_on_packet(&session->path, from, len, is_newest, now_ns);
    session->peer_addr = session->path.current;
    if (verdict == WZP_PATH_SAME)
        return;
    endpoint->counters.moves++;
    wzp_trace_emit(&endpoint->config.trace, now_ns, WZP_TRACE_PEER_MOVED, session->local_id, verdict,
                   from->port);
    if (verdict == WZP_PATH_MOVED && id_sequence > session->ids.heard_sequence) {
        session->ids.heard_sequence = id_sequence;
        take_fresh_id(endpoint, session, now_ns);
    }
}

void migrate_on_moved(struct wzp_endpoint *endpoint, struct session *session, int64_t now_ns)
{
    take_fresh_id(endpoint, session, now_ns);
    restart_path(session, now_ns);
    session->moved_at_ns = session->here_at_ns = now_ns;
    wzp_trace_emit(&endpoint->config.trace, now_ns, WZP_TRACE_MOVED, session->local_id,
                   ids_remote(&session->ids)->sequence, 0);
}

static void on_response(struct wzp_endpoint *endpoint, struct session *session, const uint8_t *token,
                        int64_t now_ns)
{
    struct wzp_addr before = session->path.proven;
    int64_t rtt_ns;
    if (!wzp_path_on_response(&session->path, token, now_ns, &rtt_ns))
        return; /* of a path given up, or a copy */
    wzp_trace_emit(&endpoint->config.trace, now_ns, WZP_TRACE_PATH_PROVEN, session->local_id,
                   (uint64_t)rtt_ns / 1000, session->path.tokens_sent);
    if (memcmp(before.ip, session->path.current.ip, sizeof before.ip) == 0)
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
        wzp_path_on_challenge(&session->path, frame->path_challenge.token, from);
        break;
    case WZP_FRAME_TYPE_PATH_RESPONSE:
        on_response(endpoint, session, frame->path_response.token, now_ns);
        break;
    case WZP_FRAME_TYPE_NEW_CONNECTION_ID:
        is_lawful = ids_on_new(&session->ids, &frame->new_connection_id);
        if (session->is_initiator && ids_remote(&session->ids)->has_token)
            reset_remember(endpoint, session, ids_remote(&session->ids)->token);
        break;
    default:
        WZP_CHECK(frame->type == WZP_FRAME_TYPE_RETIRE_CONNECTION_ID);
        is_lawful = ids_on_retire(&session->ids, frame->retire_connection_id.sequence,
                                  now_ns + RETIRED_RTTS * session->rtt.smoothed_ns);
        fill_spares(endpoint, session, now_ns);
    }
    return is_lawful;
}

void migrate_on_acked(struct wzp_endpoint *endpoint, struct session *session,
                      const struct wzp_sent_packet *packet, int64_t now_ns)
{
    session->acked_at_ns = now_ns;
    if (packet->told_id)
        ids_on_told(&session->ids, packet->told_id - 1);
    if (packet->told_retired)
        ids_on_retired_told(&session->ids, packet->told_retired - 1);
    if (packet->number < session->path_first_number)
        return;
    session->here_at_ns = WZP_NEVER;
    if (wzp_mtu_on_acked(&session->mtu, packet->size, packet->is_probe, now_ns))
        wzp_trace_emit(&endpoint->config.trace, now_ns, WZP_TRACE_MTU, session->local_id,
                       wzp_mtu_size(&session->mtu), 0);
}

void migrate_advance(struct wzp_endpoint *endpoint, struct session *session, int64_t now_ns)
{
    if (!session->has_keys)
        return;
    if (wzp_path_expire(&session->path, now_ns)) {
        session->peer_addr = session->path.current;
        endpoint->counters.path_failures++;
        wzp_trace_emit(&endpoint->config.trace, now_ns, WZP_TRACE_PATH_FAILED, session->local_id,
                       session->path.current.port, 0);
    }
    uint32_t gone;
    while ((gone = ids_take_gone(&session->ids, now_ns)))
        if (gone != session->local_id) /* the owner's handle, to the end */
            id_table_remove(&endpoint->ids, gone);
    if (session->is_confirmed)
        fill_spares(endpoint, session, now_ns);
}

int64_t migrate_next_at(const struct session *session)
{
    if (session->path.answers_count)
        return INT64_MIN;
    int64_t at_ns = wzp_time_min(ids_tell_at(&session->ids), ids_gone_at(&session->ids));
    at_ns = wzp_time_min(at_ns, session->here_at_ns);
    if (session->path.is_proven)
        return wzp_time_min(at_ns, wzp_mtu_next_at(&session->mtu));
    at_ns = wzp_time_min(at_ns, session->path.deadline_ns);
    return wzp_time_min(at_ns, wzp_path_challenge_at(&session->path, CHALLENGE_LEN));
}

void migrate_forget(struct wzp_endpoint *endpoint, struct session *session)
{
    for (unsigned i = 0; i < IDS_LOCAL; i++)
        id_table_remove(&endpoint->ids, session->ids.local[i].id);
    id_table_remove(&endpoint->ids, session->local_id);
}

size_t migrate_datagram_max(const struct session *session)
{
    return session->path.is_proven ? wzp_mtu_size(&session->mtu) : WZP_DATAGRAM_MAX;
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
    session->is_bound = true;
    if (wzp_path_take_answer(&session->path, CHALLENGE_LEN, &answer)) {
        struct wzp_frame_path_response frame;
        memcpy(frame.token, answer.token, sizeof frame.token);
        wzp_frame_path_response_encode(writer, &frame);
        session->bound_to = answer.to;
        return true;
    }
    if (wzp_path_challenge_at(&session->path, CHALLENGE_LEN) <= now_ns) {
        struct wzp_frame_path_challenge frame;
        wzp_drbg_fill(&endpoint->drbg, frame.token, sizeof frame.token);
        wzp_frame_path_challenge_encode(writer, &frame);
        wzp_path_on_challenge_sent(&session->path, frame.token, CHALLENGE_LEN, now_ns);
        session->bound_to = session->path.current;
        return true;
    }
    session->is_bound = false;
    if (session->here_at_ns <= now_ns) {
        int64_t wait_ns = wzp_time_max((now_ns - session->moved_at_ns) / 4, HERE_MIN_NS);
        session->here_at_ns = now_ns + wzp_time_min(wait_ns, HERE_MAX_NS);
        put_large_ping(writer, WZP_INITIAL_SIZE, overhead); /* gives the peer room for what it has to say */
        return true;
    }
    size_t size = session->path.is_proven
                      ? wzp_mtu_probe(&session->mtu, probe_tries(session),
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
    struct local_id *local = ids_tell(&session->ids, now_ns);
    if (local) {
        struct wzp_frame_new_connection_id frame = {.sequence = local->sequence, .id = local->id};
        if (endpoint->config.accepts)
            endpoint_reset_token(endpoint, frame.id, frame.reset_token);
        wzp_frame_new_connection_id_encode(writer, &frame);
        local->tell_at_ns = now_ns + said_again_ns(session);
        record->told_id = local->sequence + 1;
    }
    struct retiring_id *retiring = ids_tell_retired(&session->ids, now_ns);
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
    if (record->is_probe || !wzp_mtu_on_sent(&session->mtu, record->size, patience, now_ns))
        return;
    endpoint->counters.black_holes++;
    wzp_trace_emit(&endpoint->config.trace, now_ns, WZP_TRACE_MTU, session->local_id,
                   wzp_mtu_size(&session->mtu), 1);
}

void migrate_route(struct wzp_endpoint *endpoint, struct session *session, const uint8_t *datagram,
                   size_t len, struct wzp_addr *to, int64_t now_ns)
{
    if (!session->has_keys || session->is_bound) {
        *to = session->is_bound ? session->bound_to : session->peer_addr;
        session->is_bound = false;
        return;
    }
    struct wzp_addr addrs[2];
    if (wzp_path_route(&session->path, len, now_ns, addrs) == 2) {
        endpoint->twin.to = addrs[1];
        endpoint->twin.len = len;
        memcpy(endpoint->twin.datagram, datagram, len);
    }
    *to = addrs[0];
}
