// SPDX-License-Identifier: Apache-2.0
/* The endpoint's tables, its time, and its face. */
#include "session/endpoint.h"

#include "base/check.h"
#include "session/migrate.h"

#include <sodium.h>
#include <string.h>

#define KEEPALIVE_REPEAT_NS (500 * WZP_MS)
#define QUESTION_SLOWNESS   12 /* 5 kbit/s */
#define CLOSE_SPACING_NS    (20 * WZP_MS)
#define CLOSE_COPIES_MIN    3
#define CLOSE_COPIES_MAX    16

/* ---- connection ids: owners are sessions first, then half-opens ---- */

struct session *endpoint_session(struct wzp_endpoint *endpoint, uint32_t local_id)
{
    uint32_t owner = id_table_find(&endpoint->ids, local_id);
    return owner < endpoint->session_count ? &endpoint->sessions[owner] : NULL;
}

struct half_open *endpoint_half_open(struct wzp_endpoint *endpoint, uint32_t local_id)
{
    uint32_t owner = id_table_find(&endpoint->ids, local_id);
    return owner != ID_NOBODY && owner >= endpoint->session_count
               ? &endpoint->half_opens[owner - endpoint->session_count]
               : NULL;
}

uint32_t endpoint_owner_of_session(const struct session *session)
{
    return session->index;
}

uint32_t endpoint_owner_of_half_open(const struct wzp_endpoint *endpoint, const struct half_open *half_open)
{
    return endpoint->session_count + (uint32_t)(half_open - endpoint->half_opens);
}

static uint32_t *local_id_of(struct wzp_endpoint *endpoint, uint32_t owner)
{
    return owner < endpoint->session_count ? &endpoint->sessions[owner].local_id
                                           : &endpoint->half_opens[owner - endpoint->session_count].local_id;
}

static uint32_t draw(struct wzp_endpoint *endpoint, uint32_t owner)
{
    uint32_t id;
    do
        id = wzp_drbg_u32(&endpoint->drbg);
    while (id == 0 || id_table_find(&endpoint->ids, id) != ID_NOBODY);
    id_table_put(&endpoint->ids, id, owner);
    return id;
}

uint32_t endpoint_draw_spare(struct wzp_endpoint *endpoint, const struct session *session)
{
    return draw(endpoint, session->index);
}

void endpoint_draw_id(struct wzp_endpoint *endpoint, uint32_t owner)
{
    *local_id_of(endpoint, owner) = draw(endpoint, owner);
}

void endpoint_move_id(struct wzp_endpoint *endpoint, uint32_t from_owner, uint32_t to_owner)
{
    uint32_t id = *local_id_of(endpoint, from_owner);
    *local_id_of(endpoint, from_owner) = 0;
    *local_id_of(endpoint, to_owner) = id;
    id_table_put(&endpoint->ids, id, to_owner);
}

/* ---- sessions ---- */

void endpoint_drop(struct wzp_endpoint *endpoint, uint32_t session_id, enum wzp_drop reason, size_t bytes)
{
    endpoint->counters.drops[reason]++;
    wzp_trace_emit(&endpoint->config.trace, endpoint->now_ns, WZP_TRACE_DROPPED, session_id, reason, bytes);
}

struct session *endpoint_take_session(struct wzp_endpoint *endpoint, bool overflow_too, int64_t now_ns)
{
    const struct wzp_endpoint_limits *limits = &endpoint->config.limits;
    uint32_t count = overflow_too ? endpoint->session_count : limits->sessions_max;
    for (uint32_t i = 0; i < count; i++) {
        struct session *session = &endpoint->sessions[i];
        if (session->state != SESSION_FREE)
            continue;
        uint8_t *buffers = endpoint->buffers + i * endpoint_buffers_size(endpoint);
        *session = (struct session){.index = i, .is_overflow = i >= limits->sessions_max};
        repair_init(session, endpoint->config.passes_repair ? NULL : buffers); /* first: it is aligned */
        buffers += endpoint->config.passes_repair ? 0 : repair_memory_size();
        uint32_t passed_bytes = endpoint->config.passes_repair ? limits->send_queue_bytes : 0;
        send_queue_init(&session->passed, buffers, passed_bytes);
        buffers += passed_bytes;
        send_queue_init(&session->queue, buffers, limits->send_queue_bytes);
        buffers += limits->send_queue_bytes;
        send_queue_init(&session->video, buffers, limits->video_queue_bytes);
        buffers += limits->video_queue_bytes;
        wzp_stream_send_init(&session->stream_out, buffers, limits->stream_window, 0);
        wzp_stream_receive_init(&session->stream_in, buffers + limits->stream_window, limits->stream_window);
        wzp_received_init(&session->received);
        wzp_sent_init(&session->sent);
        wzp_rtt_init(&session->rtt);
        wzp_loss_init(&session->loss);
        wzp_feedback_init(&session->feedback);
        wzp_feedback_seen_init(&session->feedback_seen, 0);
        streams_init(endpoint, session);
        session->heard_at_ns = now_ns;
        session->probe_at_ns = WZP_NEVER;
        session->credit_at_ns = WZP_NEVER;
        session->moving.here_at_ns = WZP_NEVER;
        session->media_sent_ns = session->video_sent_ns = now_ns - WZP_S;
        session->signal_sent_ns = now_ns;
        pace_init(endpoint, session, now_ns);
        share_init(session, now_ns);
        session->moving.peer_datagram_max = WZP_DATAGRAM_MAX;
        endpoint->counters.sessions++;
        return session;
    }
    return NULL;
}

static void free_session(struct wzp_endpoint *endpoint, struct session *session)
{
    uint32_t index = session->index;
    reset_forget(endpoint, session);
    migrate_forget(endpoint, session);
    wzp_heap_set(&endpoint->due, index, WZP_NEVER);
    wzp_streams_deinit(&session->streams);
    sodium_memzero(session, sizeof *session);
    sodium_memzero(endpoint->buffers + index * endpoint_buffers_size(endpoint),
                   endpoint_buffers_size(endpoint));
    session->index = index;
    endpoint->counters.sessions--;
}

void endpoint_free_half_open(struct wzp_endpoint *endpoint, struct half_open *half_open)
{
    uint32_t owner = endpoint_owner_of_half_open(endpoint, half_open);
    id_table_remove(&endpoint->ids, half_open->local_id);
    wzp_heap_set(&endpoint->due, owner, WZP_NEVER);
    half_open_give_back(&endpoint->half_open_index, (uint32_t)(half_open - endpoint->half_opens));
    sodium_memzero(half_open, sizeof *half_open);
    endpoint->counters.half_open--;
}

void endpoint_notify(struct wzp_endpoint *endpoint, struct session *session, unsigned notice)
{
    session->notices |= notice;
    if (session->is_notified)
        return;
    session->is_notified = true;
    session->next_notified = 0;
    if (endpoint->notified_last)
        endpoint->sessions[endpoint->notified_last - 1].next_notified = session->index + 1;
    else
        endpoint->notified_first = session->index + 1;
    endpoint->notified_last = session->index + 1;
}

void endpoint_end(struct wzp_endpoint *endpoint, struct session *session, enum wzp_close_reason reason,
                  bool by_peer)
{
    if (session->state == SESSION_CLOSED)
        return;
    if (session->state == SESSION_CONNECTING)
        endpoint->counters.handshakes_failed++;
    session->state = SESSION_CLOSED;
    session->close_reason = reason;
    session->closed_by_peer = by_peer;
    reset_forget(endpoint, session);
    if (by_peer)
        reset_hush(endpoint, session->local_id);
    if (endpoint->frames_session == session->index + 1)
        endpoint->frames_session = 0;
    wzp_trace_emit(&endpoint->config.trace, endpoint->now_ns, WZP_TRACE_CLOSED, session->local_id, reason,
                   by_peer);
    endpoint_notify(endpoint, session, NOTICE_CLOSED);
    endpoint_schedule(endpoint, session);
}

void endpoint_close(struct wzp_endpoint *endpoint, struct session *session, enum wzp_close_reason reason,
                    int64_t now_ns)
{
    if (session->state == SESSION_CLOSING || session->state == SESSION_CLOSED)
        return;
    if (!session->has_keys) {
        endpoint_end(endpoint, session, reason, false);
        return;
    }
    wzp_trace_emit(&endpoint->config.trace, now_ns, WZP_TRACE_CLOSING, session->local_id, reason, 0);
    /* So many copies that all are lost once in a thousand. */
    unsigned loss = wzp_loss_permille(&session->loss), copies = 1;
    for (unsigned all_lost = loss; all_lost > 0 && copies < CLOSE_COPIES_MAX; copies++)
        all_lost = all_lost * loss / 1000;
    session->state = SESSION_CLOSING;
    session->close_reason = reason;
    session->close_copies_left = copies < CLOSE_COPIES_MIN ? CLOSE_COPIES_MIN : copies;
    session->close_at_ns = now_ns;
    reset_forget(endpoint, session);
    send_queue_clear(&session->queue);
    send_queue_clear(&session->video);
    send_queue_clear(&session->passed);
    if (endpoint->frames_session == session->index + 1)
        endpoint->frames_session = 0;
    endpoint_schedule(endpoint, session);
}

static int64_t session_next_at(const struct wzp_endpoint *endpoint, const struct session *session)
{
    int64_t at_ns;
    switch (session->state) {
    case SESSION_FREE:
    case SESSION_CLOSED:
        return WZP_NEVER;
    case SESSION_CONNECTING:
        return wzp_time_min(session->deadline_ns,
                            handshake_next_at(endpoint, &session->repeat, &session->rate));
    case SESSION_HANDSHAKING:
        return wzp_time_min(session->deadline_ns,
                            !handshake_is_ik(session->pattern)
                                ? handshake_next_at(endpoint, &session->repeat, &session->rate)
                                : send_next_at(endpoint, session));
    case SESSION_ACTIVE:
        at_ns = send_next_at(endpoint, session);
        if (at_ns == INT64_MIN)
            return at_ns;
        at_ns = wzp_time_min(at_ns, session->heard_at_ns + endpoint->config.idle_timeout_ns);
        return wzp_time_min(
            at_ns, endpoint_rate_at(endpoint, session, ROOM_CONTROL, rekey_next_at(endpoint, session)));
    case SESSION_CLOSING:
        return session->close_at_ns;
    }
    return WZP_NEVER;
}

void endpoint_schedule(struct wzp_endpoint *endpoint, struct session *session)
{
    wzp_heap_set(&endpoint->due, session->index, session_next_at(endpoint, session));
}

void endpoint_schedule_half_open(struct wzp_endpoint *endpoint, struct half_open *half_open)
{
    wzp_heap_set(&endpoint->due, endpoint_owner_of_half_open(endpoint, half_open),
                 handshake_half_open_next_at(endpoint, half_open));
}

/* When too long nobody said that we are heard: the peer's own words do not prove that ours arrive, and where
 * the way back is bad both sides' PINGs are needed to keep either from taking silence for the end. */
static int64_t ping_at(const struct wzp_endpoint *endpoint, const struct session *session)
{
    int64_t wait_ns = endpoint->config.idle_timeout_ns / 2;
    if (session->is_initiator)
        wait_ns = wzp_time_min(wait_ns, endpoint->config.nat_timeout_ns);
    return session->moving.acked_at_ns + wait_ns;
}

int64_t endpoint_next_probe(const struct wzp_endpoint *endpoint, const struct session *session,
                            int64_t now_ns)
{
    if (session->state == SESSION_HANDSHAKING)
        return now_ns + 40 * WZP_MS;
    return wzp_time_max(ping_at(endpoint, session), now_ns + KEEPALIVE_REPEAT_NS);
}

/* Why an attempt that nobody answered under seal failed. */
static enum wzp_close_reason attempt_verdict(const struct session *session)
{
    if (session->rejected_count)
        return WZP_CLOSE_REASON_VERSION;
    if (session->refused_reason != WZP_CLOSE_REASON_LEFT)
        return session->refused_reason;
    return WZP_CLOSE_REASON_HANDSHAKE_TIMEOUT;
}

/* What time alone does to a session. */
static void session_advance(struct wzp_endpoint *endpoint, struct session *session, int64_t now_ns)
{
    bool connecting = session->state == SESSION_CONNECTING || session->state == SESSION_HANDSHAKING;
    if (connecting && now_ns >= session->deadline_ns)
        endpoint_end(endpoint, session, attempt_verdict(session), false);
    else if (session->state == SESSION_ACTIVE &&
             now_ns >= session->heard_at_ns + endpoint->config.idle_timeout_ns)
        endpoint_end(endpoint, session, WZP_CLOSE_REASON_IDLE_TIMEOUT, false);
    else if (session->state == SESSION_CLOSING && session->close_copies_left == 0)
        endpoint_end(endpoint, session, session->close_reason, false);
    if (session->state == SESSION_ACTIVE)
        rekey_advance(endpoint, session, now_ns);
    migrate_advance(endpoint, session, now_ns);
    pace_advance(session, now_ns);
    if (now_ns >= session->probe_at_ns) {
        session->ping_due |= session->state == SESSION_HANDSHAKING || now_ns >= ping_at(endpoint, session);
        session->probe_at_ns = endpoint_next_probe(endpoint, session, now_ns);
    }
}

static size_t session_transmit(struct wzp_endpoint *endpoint, struct session *session, uint8_t *datagram,
                               size_t capacity, int64_t now_ns)
{
    size_t len = 0;
    switch (session->state) {
    case SESSION_FREE:
    case SESSION_CLOSED:
        break;
    case SESSION_CONNECTING:
        len = handshake_transmit(endpoint, session->local_id, &session->repeat, &session->rate, datagram,
                                 now_ns);
        break;
    case SESSION_HANDSHAKING:
        if (!handshake_is_ik(session->pattern))
            len = handshake_transmit(endpoint, session->local_id, &session->repeat, &session->rate, datagram,
                                     now_ns);
        else
            len = send_packet(endpoint, session, datagram, capacity, now_ns);
        break;
    case SESSION_ACTIVE:
        len = send_packet(endpoint, session, datagram, capacity, now_ns);
        break;
    case SESSION_CLOSING:
        len = send_packet(endpoint, session, datagram, capacity, now_ns);
        session->close_copies_left -= len > 0;
        session->close_at_ns = now_ns + CLOSE_SPACING_NS;
        break;
    }
    return len;
}

/* ---- bounds of the rate ---- */

/* Of bytes that are more than a window holds an empty window is asked. */
static size_t within_bounds(const struct wzp_endpoint *endpoint, const struct wzp_rate *peer, size_t bytes)
{
    if (endpoint->rate.bytes_max && bytes > endpoint->rate.bytes_max)
        bytes = endpoint->rate.bytes_max;
    if (peer->bytes_max && bytes > peer->bytes_max)
        bytes = peer->bytes_max;
    return bytes;
}

bool endpoint_has_room(const struct wzp_endpoint *endpoint, const struct session *session, size_t bytes,
                       size_t room)
{
    return room >= within_bounds(endpoint, &session->rate, bytes);
}

size_t endpoint_room(const struct wzp_endpoint *endpoint, const struct session *session, int64_t now_ns)
{
    size_t own = wzp_rate_room(&endpoint->rate, now_ns), peer = wzp_rate_room(&session->rate, now_ns);
    return own < peer ? own : peer;
}

int64_t endpoint_within_rates_at(const struct wzp_endpoint *endpoint, const struct wzp_rate *peer,
                                 size_t bytes, int64_t from_ns)
{
    if (from_ns == WZP_NEVER || (!endpoint->rate.bytes_max && !peer->bytes_max))
        return from_ns;
    from_ns = wzp_time_max(from_ns, endpoint->now_ns);
    bytes = within_bounds(endpoint, peer, bytes);
    return wzp_time_max(wzp_rate_at(&endpoint->rate, bytes, from_ns), wzp_rate_at(peer, bytes, from_ns));
}

/* `peer` may be NULL. */
static void rate_on_sent(struct wzp_endpoint *endpoint, struct wzp_rate *peer, size_t len, int64_t now_ns)
{
    wzp_rate_on_sent(&endpoint->rate, len + IP_UDP_HEADER, now_ns);
    if (peer)
        wzp_rate_on_sent(peer, len + IP_UDP_HEADER, now_ns);
}

/* When what no session says may leave. */
static int64_t replies_at(const struct wzp_endpoint *endpoint)
{
    static const struct wzp_rate unbound;
    if (!endpoint->replies.count && !endpoint->resets.count)
        return WZP_NEVER;
    return endpoint_within_rates_at(endpoint, &unbound, ROOM_OWN, endpoint->now_ns);
}

/* Frees the session whose CLOSED was polled: its handle was good until this call. */
static void settle(struct wzp_endpoint *endpoint)
{
    if (endpoint->freed_session) {
        free_session(endpoint, &endpoint->sessions[endpoint->freed_session - 1]);
        endpoint->freed_session = 0;
    }
}

/* Where the packet goes; to two addresses only if there is room for both. */
static void route(struct wzp_endpoint *endpoint, struct session *session, const uint8_t *datagram, size_t len,
                  struct wzp_addr *to, int64_t now_ns)
{
    rate_on_sent(endpoint, &session->rate, len, now_ns);
    migrate_route(endpoint, session, datagram, len, to, now_ns);
    if (endpoint->twin.len && endpoint_room(endpoint, session, now_ns) < len + IP_UDP_HEADER)
        endpoint->twin.len = 0;
    if (endpoint->twin.len)
        rate_on_sent(endpoint, &session->rate, len, now_ns);
}

static size_t transmit_reply(struct wzp_endpoint *endpoint, struct wzp_addr *to, uint8_t *datagram,
                             size_t capacity, int64_t now_ns)
{
    struct wzp_slice versions = {endpoint->config.versions, endpoint->config.version_count};
    if (replies_at(endpoint) > now_ns)
        return 0;
    size_t len = replies_transmit(&endpoint->replies, versions, to, datagram, capacity);
    if (len == 0)
        len = reset_transmit(endpoint, to, datagram, capacity);
    rate_on_sent(endpoint, NULL, len, now_ns);
    return len;
}

static size_t transmit_twin(struct wzp_endpoint *endpoint, struct wzp_addr *to, uint8_t *datagram)
{
    size_t len = endpoint->twin.len;
    *to = endpoint->twin.to;
    memcpy(datagram, endpoint->twin.datagram, len);
    endpoint->twin.len = 0;
    return len;
}

size_t wzp_endpoint_transmit(struct wzp_endpoint *endpoint, int64_t now_ns, struct wzp_addr *to,
                             uint8_t *datagram, size_t capacity)
{
    WZP_CHECK(capacity >= WZP_DATAGRAM_MAX);
    settle(endpoint);
    endpoint->now_ns = now_ns;
    size_t len = transmit_twin(endpoint, to, datagram);
    if (len == 0)
        endpoint->dscp = WZP_DSCP_EF; /* unless a packet says otherwise */
    if (len == 0)
        len = transmit_reply(endpoint, to, datagram, capacity, now_ns);
    while (len == 0) {
        uint32_t owner = wzp_heap_first(&endpoint->due);
        if (endpoint->due.at_ns[owner] > now_ns)
            return 0;
        if (owner < endpoint->session_count) {
            struct session *session = &endpoint->sessions[owner];
            session_advance(endpoint, session, now_ns);
            len = session_transmit(endpoint, session, datagram, capacity, now_ns);
            if (len)
                route(endpoint, session, datagram, len, to, now_ns);
            endpoint_schedule(endpoint, session);
        } else {
            struct half_open *half_open = &endpoint->half_opens[owner - endpoint->session_count];
            if (handshake_half_open_is_over(half_open, now_ns)) {
                endpoint_free_half_open(endpoint, half_open);
                continue;
            }
            len = handshake_transmit_half_open(endpoint, half_open, datagram, now_ns);
            *to = half_open->peer_addr;
            if (len)
                rate_on_sent(endpoint, &half_open->rate, len, now_ns);
            endpoint_schedule_half_open(endpoint, half_open);
        }
        WZP_CHECK(len > 0 ||
                  endpoint->due.at_ns[owner] > now_ns); /* due, silent and still due would never end */
    }
    endpoint->counters.packets_out++;
    endpoint->counters.bytes_out += len;
    return len;
}

unsigned wzp_endpoint_dscp(const struct wzp_endpoint *endpoint)
{
    return endpoint->dscp;
}

int64_t wzp_endpoint_next_at(const struct wzp_endpoint *endpoint)
{
    if (endpoint->twin.len || endpoint->notified_first)
        return endpoint->now_ns;
    return wzp_time_min(replies_at(endpoint), endpoint->due.at_ns[wzp_heap_first(&endpoint->due)]);
}

void wzp_endpoint_advance(struct wzp_endpoint *endpoint, int64_t now_ns)
{
    settle(endpoint);
    endpoint->now_ns = now_ns;
    for (uint32_t i = 0; i < endpoint->session_count; i++) {
        struct session *session = &endpoint->sessions[i];
        if (endpoint->due.at_ns[i] > now_ns)
            continue;
        session_advance(endpoint, session, now_ns);
        endpoint_schedule(endpoint, session);
    }
}

void wzp_endpoint_receive(struct wzp_endpoint *endpoint, const struct wzp_addr *from, uint8_t *datagram,
                          size_t len, int64_t now_ns)
{
    settle(endpoint);
    WZP_CHECK(endpoint->frames_session == 0);
    endpoint->now_ns = now_ns;
    endpoint->counters.packets_in++;
    endpoint->counters.bytes_in += len;
    struct wzp_slice slice = {datagram, len};
    if (len == 0)
        endpoint_drop(endpoint, 0, WZP_DROP_TRUNCATED, len);
    else if ((datagram[0] & 0xc0) == WZP_FORM_LONG)
        handshake_receive(endpoint, from, slice, now_ns);
    else if ((datagram[0] & 0xe0) == WZP_FORM_SHORT)
        receive_short(endpoint, from, slice, now_ns);
    else
        endpoint_drop(endpoint, 0, WZP_DROP_FORM_UNKNOWN, len);
}

/* ---- events ---- */

static bool take_notice(struct wzp_endpoint *endpoint, struct session *session, struct wzp_event *event)
{
    event->session = session->local_id;
    event->session_index = session->index;
    if (session->notices & NOTICE_KEYS) {
        session->notices &= ~(unsigned)NOTICE_KEYS;
        event->kind = WZP_EVENT_KEYS;
        return !session->is_overflow;
    }
    if (session->notices & NOTICE_CONNECTED) {
        session->notices &= ~(unsigned)NOTICE_CONNECTED;
        event->kind = WZP_EVENT_CONNECTED;
        return !session->is_overflow;
    }
    if (session->notices & NOTICE_SIGNAL) {
        if (session->state != SESSION_CLOSED && !session->is_overflow &&
            receive_signal(endpoint, session, event))
            return true;
        session->notices &= ~(unsigned)NOTICE_SIGNAL;
    }
    if (session->notices & NOTICE_RESET_HINT) {
        session->notices &= ~(unsigned)NOTICE_RESET_HINT;
        event->kind = WZP_EVENT_RESET_HINT;
        return session->state == SESSION_ACTIVE;
    }
    if (session->notices & NOTICE_STREAM) {
        if (session->state != SESSION_CLOSED && !session->is_overflow && streams_event(session, event))
            return true;
        session->notices &= ~(unsigned)NOTICE_STREAM;
    }
    if (session->notices & NOTICE_CLOSED) {
        session->notices = 0;
        event->kind = WZP_EVENT_CLOSED;
        event->closed.reason = session->close_reason;
        event->closed.by_peer = session->closed_by_peer;
        event->closed.text = (struct wzp_slice){session->close_text, session->close_text_len};
        event->closed.versions = session->rejected_versions;
        event->closed.version_count = session->rejected_count;
        if (endpoint->freed_session)
            settle(endpoint);
        endpoint->freed_session = session->index + 1;
        return !session->is_overflow;
    }
    return false;
}

/* The next notice of the first session on the list. A session leaves the list with its last one, before it is
 * freed. */
static bool poll_notified(struct wzp_endpoint *endpoint, struct wzp_event *event)
{
    struct session *session = &endpoint->sessions[endpoint->notified_first - 1];
    bool made = take_notice(endpoint, session, event);
    if (!session->notices) {
        endpoint->notified_first = session->next_notified;
        if (!endpoint->notified_first)
            endpoint->notified_last = 0;
        session->is_notified = false;
    }
    return made;
}

bool wzp_endpoint_poll(struct wzp_endpoint *endpoint, struct wzp_event *event)
{
    settle(endpoint);
    for (;;) {
        if (endpoint->notified_first) {
            if (poll_notified(endpoint, event))
                return true;
        } else if (endpoint->frames_session) {
            if (receive_next(endpoint, event))
                return true;
        } else if (!receive_held(endpoint)) {
            return false;
        }
    }
}

/* ---- what the owner says ---- */

enum wzp_err wzp_endpoint_connect(struct wzp_endpoint *endpoint, const struct wzp_addr *to,
                                  const uint8_t *responder_static, int64_t now_ns, uint32_t *session_id)
{
    settle(endpoint);
    endpoint->now_ns = now_ns;
    struct session *session = endpoint_take_session(endpoint, false, now_ns);
    if (!session)
        return WZP_ERR_FULL;
    session->is_initiator = true;
    session->peer_addr = *to;
    if (endpoint->config.has_invitation)
        session->pattern = responder_static ? WZP_PATTERN_IKPSK2 : WZP_PATTERN_XXPSK3;
    else
        session->pattern = responder_static ? WZP_PATTERN_IK : WZP_PATTERN_XX;
    if (responder_static)
        memcpy(session->peer_static, responder_static, sizeof session->peer_static);
    endpoint_draw_id(endpoint, session->index);
    *session_id = session->local_id;
    if (!handshake_start(endpoint, session, now_ns)) {
        free_session(endpoint, session);
        return WZP_ERR_BAD_KEY;
    }
    endpoint_schedule(endpoint, session);
    return WZP_ERR_OK;
}

enum wzp_err wzp_endpoint_ask(struct wzp_endpoint *endpoint, const struct wzp_addr *to, int64_t now_ns,
                              uint32_t *session_id)
{
    enum wzp_err err = wzp_endpoint_connect(endpoint, to, NULL, now_ns, session_id);
    if (err == WZP_ERR_OK)
        endpoint_session(endpoint, *session_id)->repeat.slowness = QUESTION_SLOWNESS;
    return err;
}

struct session *endpoint_find_open(struct wzp_endpoint *endpoint, uint32_t session_id)
{
    struct session *session = endpoint_session(endpoint, session_id);
    return session && session->state != SESSION_CLOSING && session->state != SESSION_CLOSED ? session : NULL;
}

void wzp_endpoint_close(struct wzp_endpoint *endpoint, uint32_t session_id, enum wzp_close_reason reason,
                        int64_t now_ns)
{
    struct session *session = endpoint_find_open(endpoint, session_id);
    endpoint->now_ns = now_ns;
    if (session)
        endpoint_close(endpoint, session, reason, now_ns);
}

void wzp_endpoint_abandon(struct wzp_endpoint *endpoint, uint32_t session_id, int64_t now_ns)
{
    struct session *session = endpoint_session(endpoint, session_id);
    endpoint->now_ns = now_ns;
    if (session)
        endpoint_end(endpoint, session, WZP_CLOSE_REASON_LEFT, false);
}

void wzp_endpoint_ping(struct wzp_endpoint *endpoint, uint32_t session_id)
{
    struct session *session = endpoint_find_open(endpoint, session_id);
    if (!session || !session->has_keys)
        return;
    session->ping_due = true;
    endpoint_schedule(endpoint, session);
}

void wzp_endpoint_close_all(struct wzp_endpoint *endpoint, enum wzp_close_reason reason, int64_t now_ns)
{
    endpoint->now_ns = now_ns;
    endpoint->config.accepts = false;
    for (uint32_t i = 0; i < endpoint->session_count; i++)
        if (endpoint->sessions[i].state != SESSION_FREE)
            endpoint_close(endpoint, &endpoint->sessions[i], reason, now_ns);
}

int64_t wzp_endpoint_heard_at(const struct wzp_endpoint *endpoint, uint32_t session_id)
{
    uint32_t owner = id_table_find(&endpoint->ids, session_id);
    return owner < endpoint->session_count ? endpoint->sessions[owner].heard_at_ns : INT64_MIN;
}

bool wzp_endpoint_facts(const struct wzp_endpoint *endpoint, uint32_t session_id,
                        struct wzp_session_facts *facts)
{
    uint32_t owner = id_table_find(&endpoint->ids, session_id);
    if (owner >= endpoint->session_count)
        return false;
    const struct session *session = &endpoint->sessions[owner];
    struct repair_estimate estimate = repair_estimate(endpoint, session, endpoint->now_ns);
    uint64_t bound_bps = repair_assumed(endpoint, session);
    uint64_t rate_bps = pace_is_known(session) ? repair_carries(endpoint, session) : bound_bps;
    *facts = (struct wzp_session_facts){
        .is_initiator = session->is_initiator,
        .has_keys = session->has_keys,
        .is_invited = handshake_is_invited(session->pattern),
        .peer_addr = session->peer_addr,
        .heard_at_ns = session->heard_at_ns,
        .rtt_ns = session->rtt.smoothed_ns,
        .rtt_min_ns = repair_rtt(session),
        .loss_permille = wzp_loss_permille(&session->loss),
        .loss_in_permille = session->feedback.loss_permille,
        .burst_in_16 = session->feedback.burst_16,
        .plan_loss_in_permille = repair_loss_in(session, endpoint->now_ns),
        .judged_in = session->feedback.judged,
        .bound_bps = bound_bps,
        .is_rate_assumed = pace_assumed(session) > 0,
        .rate_bps = rate_bps,
        .plan_bps = pace_is_known(session) ? repair_rate(endpoint, session) : bound_bps,
        .share = share_of(session, rate_bps, endpoint->now_ns),
        .has_streams = share_has_streams(session, endpoint->now_ns),
        .takes_streams = share_takes_streams(session, endpoint->now_ns),
        .rate_in_bps = pace_told(session, endpoint->now_ns),
        .peer_passes_repair = session->peer_passes_repair,
        .repair = session->repair_out.cover,
        .repair_horizon_in_ns = repair_horizon_in(session, endpoint->now_ns),
        .burst_16 = wzp_loss_burst_16(&session->loss),
        .has_feedback = wzp_feedback_is_fresh(&session->feedback_seen, endpoint->now_ns),
        .path = estimate.path,
        .path_packets = estimate.packets,
        .is_path_known = estimate.is_known,
        .is_path_remembered = estimate.is_remembered,
        .path_horizon_ns = estimate.horizon_ns,
        .peer_jitter_us = (uint32_t)(session->feedback_seen.jitter_ns / WZP_US),
        .rekeys = session->rekey.generation,
        .is_path_proven = session->moving.path.is_proven,
        .rtt_latest_ns = session->rtt.adjusted_ns,
        .rtt_samples = session->rtt.samples,
        .mtu = migrate_datagram_max(session),
        .is_mtu_found = wzp_mtu_is_found(&session->moving.mtu, endpoint->now_ns),
    };
    memcpy(facts->peer_static, session->peer_static, sizeof facts->peer_static);
    return true;
}

struct wzp_endpoint_counters *wzp_endpoint_counters(struct wzp_endpoint *endpoint)
{
    return &endpoint->counters;
}
