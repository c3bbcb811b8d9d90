// SPDX-License-Identifier: Apache-2.0
/* The streams above 0: the owner's calls, the peer's frames, their place in packets. What a stream is:
 * stream/streams.h; when its bytes may leave: link/bulk.h; what was lost: link/lost.h. */
#include "base/check.h"
#include "session/session.h"

#define BESIDE_MEDIA_RATE 500000 /* bytes a second: a full packet takes less than 2.5 ms */

_Static_assert((int)WZP_STREAM_OPENED == (int)WZP_STREAM_NOTE_OPENED &&
                   (int)WZP_STREAM_GONE == (int)WZP_STREAM_NOTE_GONE,
               "a note is given out as it is");

/* ---- memory ---- */

static size_t slots_size(const struct wzp_endpoint *endpoint)
{
    return endpoint->config.limits.streams_max * sizeof(struct wzp_stream);
}

static size_t windows_size(const struct wzp_endpoint *endpoint)
{
    return endpoint->config.limits.streams_max * 2 * (size_t)endpoint->config.limits.bulk_window;
}

bool streams_take_pool(struct wzp_endpoint *endpoint)
{
    const struct wzp_endpoint_limits *limits = &endpoint->config.limits;
    const struct wzp_alloc *alloc = &endpoint->config.alloc;
    if (limits->streams_max == 0)
        return true;
    struct wzp_stream *slots = alloc->get(alloc->ctx, slots_size(endpoint));
    uint8_t *memory = alloc->get(alloc->ctx, windows_size(endpoint));
    endpoint->stream_pool = (struct wzp_stream_pool){.slots = slots, .memory = memory};
    if (!slots || !memory)
        return false;
    wzp_stream_pool_init(&endpoint->stream_pool, slots, memory, limits->streams_max, limits->bulk_window);
    return true;
}

void streams_give_pool(struct wzp_endpoint *endpoint)
{
    const struct wzp_alloc *alloc = &endpoint->config.alloc;
    if (endpoint->stream_pool.slots)
        alloc->put(alloc->ctx, endpoint->stream_pool.slots, slots_size(endpoint));
    if (endpoint->stream_pool.memory)
        alloc->put(alloc->ctx, endpoint->stream_pool.memory, windows_size(endpoint));
}

void streams_init(struct wzp_endpoint *endpoint, struct session *session)
{
    const struct wzp_endpoint_limits *limits = &endpoint->config.limits;
    wzp_streams_init(&session->streams, &endpoint->stream_pool,
                     session->is_overflow ? 0 : limits->streams_granted, limits->session_window);
    wzp_lost_init(&session->lost);
}

void streams_set_peer(struct session *session, const struct wzp_hello *hello)
{
    wzp_streams_set_peer(&session->streams, session->is_initiator, hello->streams, hello->bulk_window,
                         hello->session_window);
    wzp_bulk_init(&session->bulk, session->rtt.smoothed_ns);
}

/* ---- the owner ---- */

/* After anything changed in the table: what it has to tell is polled, what it has to say gets its time. */
static void changed(struct wzp_endpoint *endpoint, struct session *session)
{
    if (session->streams.lists[WZP_STREAMS_NOTED].first)
        endpoint_notify(endpoint, session, NOTICE_STREAM);
    endpoint_schedule(endpoint, session);
}

bool streams_event(struct session *session, struct wzp_event *event)
{
    enum wzp_stream_note note;
    event->kind = WZP_EVENT_STREAM;
    if (!wzp_streams_take_note(&session->streams, &event->stream.id, &note, &event->stream.reason))
        return false;
    event->stream.what = (enum wzp_stream_what)note;
    return true;
}

/* The session and stream of a call; false if either is gone. */
static bool find(struct wzp_endpoint *endpoint, uint32_t session_id, uint64_t id, struct session **session,
                 struct wzp_stream **stream)
{
    *session = endpoint_find_open(endpoint, session_id);
    *stream = *session ? wzp_streams_find(&(*session)->streams, id) : NULL;
    return *stream != NULL;
}

enum wzp_err wzp_endpoint_stream_open(struct wzp_endpoint *endpoint, uint32_t session_id, uint64_t *id)
{
    struct session *session = endpoint_find_open(endpoint, session_id);
    if (!session)
        return WZP_ERR_NO_SESSION;
    if (!session->has_keys)
        return WZP_ERR_STATE;
    struct wzp_stream *stream = wzp_streams_open(&session->streams);
    if (!stream)
        return WZP_ERR_FULL;
    *id = stream->id;
    return WZP_ERR_OK;
}

size_t wzp_endpoint_stream_write(struct wzp_endpoint *endpoint, uint32_t session_id, uint64_t id,
                                 const void *data, size_t len)
{
    struct session *session;
    struct wzp_stream *stream;
    if (!find(endpoint, session_id, id, &session, &stream))
        return 0;
    size_t taken = wzp_streams_write(&session->streams, stream, data, len);
    changed(endpoint, session);
    return taken;
}

size_t wzp_endpoint_stream_room(struct wzp_endpoint *endpoint, uint32_t session_id, uint64_t id)
{
    struct session *session;
    struct wzp_stream *stream;
    return find(endpoint, session_id, id, &session, &stream) ? wzp_streams_room(stream) : 0;
}

enum wzp_err wzp_endpoint_stream_end(struct wzp_endpoint *endpoint, uint32_t session_id, uint64_t id)
{
    struct session *session;
    struct wzp_stream *stream;
    if (!find(endpoint, session_id, id, &session, &stream))
        return session ? WZP_ERR_STATE : WZP_ERR_NO_SESSION;
    bool was_open = wzp_streams_end(&session->streams, stream);
    changed(endpoint, session);
    return was_open ? WZP_ERR_OK : WZP_ERR_STATE;
}

void wzp_endpoint_stream_reset(struct wzp_endpoint *endpoint, uint32_t session_id, uint64_t id,
                               uint16_t reason)
{
    struct session *session;
    struct wzp_stream *stream;
    if (!find(endpoint, session_id, id, &session, &stream))
        return;
    wzp_streams_reset(&session->streams, stream, reason);
    changed(endpoint, session);
}

void wzp_endpoint_stream_stop(struct wzp_endpoint *endpoint, uint32_t session_id, uint64_t id,
                              uint16_t reason)
{
    struct session *session;
    struct wzp_stream *stream;
    if (!find(endpoint, session_id, id, &session, &stream))
        return;
    wzp_streams_stop(&session->streams, stream, reason);
    changed(endpoint, session);
}

size_t wzp_endpoint_stream_peek(struct wzp_endpoint *endpoint, uint32_t session_id, uint64_t id,
                                const uint8_t **data)
{
    struct session *session;
    struct wzp_stream *stream;
    *data = NULL;
    return find(endpoint, session_id, id, &session, &stream) ? wzp_streams_peek(stream, data) : 0;
}

void wzp_endpoint_stream_consume(struct wzp_endpoint *endpoint, uint32_t session_id, uint64_t id, size_t len)
{
    struct session *session;
    struct wzp_stream *stream;
    if (!find(endpoint, session_id, id, &session, &stream))
        return;
    wzp_streams_consume(&session->streams, stream, len);
    changed(endpoint, session);
}

bool wzp_endpoint_stream_at_end(struct wzp_endpoint *endpoint, uint32_t session_id, uint64_t id)
{
    struct session *session;
    struct wzp_stream *stream;
    return find(endpoint, session_id, id, &session, &stream) && wzp_streams_at_end(stream);
}

/* ---- the peer's frames ---- */

enum wzp_drop streams_on_frame(struct wzp_endpoint *endpoint, struct session *session,
                               const struct wzp_frame *frame, enum wzp_close_reason *reason)
{
    static const struct {
        enum wzp_drop drop;
        enum wzp_close_reason reason;
    } faults[] = {
        [WZP_STREAMS_OK] = {WZP_DROP_COUNT, WZP_CLOSE_REASON_LEFT},
        [WZP_STREAMS_NO_ROOM] = {WZP_DROP_STREAM_NO_ROOM, WZP_CLOSE_REASON_LEFT},
        [WZP_STREAMS_BAD_ID] = {WZP_DROP_STREAM_ID, WZP_CLOSE_REASON_STREAM_ID},
        [WZP_STREAMS_BAD_COUNT] = {WZP_DROP_STREAM_COUNT, WZP_CLOSE_REASON_STREAM_COUNT},
        [WZP_STREAMS_BAD_LIMIT] = {WZP_DROP_STREAM_LIMIT, WZP_CLOSE_REASON_FLOW_CONTROL},
        [WZP_STREAMS_BAD_SIZE] = {WZP_DROP_STREAM_SIZE, WZP_CLOSE_REASON_STREAM_SIZE},
    };
    struct wzp_streams *streams = &session->streams;
    enum wzp_streams_verdict verdict = WZP_STREAMS_OK;
    if (frame->type == WZP_FRAME_TYPE_STREAM)
        share_on_streams_in(session, endpoint->now_ns);
    if (frame->type == WZP_FRAME_TYPE_STREAM)
        verdict = wzp_streams_on_data(streams, &frame->stream);
    else if (frame->type == WZP_FRAME_TYPE_STREAM_END)
        verdict = wzp_streams_on_end(streams, &frame->stream_end);
    else if (frame->type == WZP_FRAME_TYPE_STREAM_RESET)
        verdict = wzp_streams_on_reset(streams, &frame->stream_reset);
    else if (frame->type == WZP_FRAME_TYPE_STREAM_STOP)
        verdict = wzp_streams_on_stop(streams, &frame->stream_stop);
    else if (frame->type == WZP_FRAME_TYPE_MAX_STREAM_DATA)
        verdict = wzp_streams_on_credit(streams, &frame->max_stream_data);
    else if (frame->type == WZP_FRAME_TYPE_MAX_DATA)
        wzp_streams_on_max_data(streams, frame->max_data.limit);
    else
        wzp_streams_on_max_streams(streams, frame->max_streams.count);
    if (streams->lists[WZP_STREAMS_NOTED].first)
        endpoint_notify(endpoint, session, NOTICE_STREAM);
    *reason = faults[verdict].reason;
    return faults[verdict].drop;
}

/* ---- packets ---- */

static struct wzp_stream_part part_of(const struct wzp_sent_packet *packet, unsigned i)
{
    return (struct wzp_stream_part){
        .id = packet->stream[i].id,
        .offset = packet->stream[i].offset,
        .len = packet->stream[i].len,
        .said = packet->stream[i].said,
    };
}

void streams_on_packet_acked(struct session *session, const struct wzp_sent_packet *packet)
{
    if (!packet->is_bulk)
        return;
    wzp_bulk_on_acked(&session->bulk, packet->number, packet->size, packet->lost);
    wzp_lost_on_acked(&session->lost);
    for (unsigned i = 0; i < packet->stream_parts; i++) {
        struct wzp_stream_part part = part_of(packet, i);
        if (part.id != 0)
            wzp_streams_on_acked(&session->streams, &part);
    }
}

static void put_back(struct session *session, const struct wzp_sent_packet *packet)
{
    wzp_bulk_on_lost(&session->bulk, packet->size);
    if (packet->has_limits)
        wzp_streams_on_limits_lost(&session->streams, packet->number);
    for (unsigned i = 0; i < packet->stream_parts; i++) {
        struct wzp_stream_part part = part_of(packet, i);
        if (part.id != 0)
            wzp_streams_on_lost(&session->streams, &part, packet->number);
    }
}

void streams_advance(struct session *session, int64_t now_ns)
{
    if (session->bulk.packets == 0)
        return;
    if (wzp_lost_probe(&session->lost, &session->rtt, true, now_ns))
        session->probes_left = WZP_LOST_PROBE_PACKETS;
    const struct wzp_sent_packet *packet;
    while ((packet = wzp_lost_next(&session->lost, &session->sent, &session->rtt, now_ns)))
        put_back(session, packet);
}

void streams_on_ack(struct wzp_endpoint *endpoint, struct session *session,
                    const struct wzp_ack_result *result)
{
    if (result->rtt_sample_ns >= 0)
        wzp_bulk_on_rtt(&session->bulk, result->rtt_sample_ns - result->ack_delay_ns, endpoint->now_ns);
    streams_advance(session, endpoint->now_ns);
    wzp_bulk_on_ack_end(&session->bulk, session->sent.next_number, endpoint->now_ns);
    if (session->bulk.packets == 0 && !wzp_streams_has_bytes(&session->streams))
        wzp_bulk_on_limited(&session->bulk);
    if (session->streams.lists[WZP_STREAMS_NOTED].first)
        endpoint_notify(endpoint, session, NOTICE_STREAM);
}

/* Streams speak once the peer was heard under the session's keys. */
static bool may_speak(const struct session *session)
{
    return session->state == SESSION_ACTIVE && session->is_confirmed;
}

/* A full packet beside speech makes it late by what it takes on the link: only where that is little. */
static bool is_fast(const struct session *session)
{
    return session->bulk.rate >= BESIDE_MEDIA_RATE;
}

bool streams_put(struct session *session, struct wzp_writer *writer, struct wzp_sent_packet *record,
                 uint64_t number, bool beside_media, int64_t now_ns)
{
    const unsigned parts_max = sizeof record->stream / sizeof *record->stream;
    struct wzp_streams *streams = &session->streams;
    if (!may_speak(session))
        return false;
    bool is_open = wzp_bulk_next_at(&session->bulk) <= now_ns && (!beside_media || is_fast(session));
    record->has_limits = wzp_streams_put_limits(streams, writer, number);
    record->is_bulk = record->has_limits;
    enum wzp_streams_sort sort = WZP_STREAMS_ANY;
    struct wzp_stream_part part;
    while (record->stream_parts < parts_max &&
           wzp_streams_put(streams, writer, number, is_open || session->probes_left, &sort, &part)) {
        unsigned i = record->stream_parts++;
        record->stream[i].id = (uint32_t)part.id;
        record->stream[i].offset = part.offset;
        record->stream[i].len = part.len;
        record->stream[i].said = part.said;
        record->is_bulk = true;
    }
    if (is_open && !wzp_streams_has_bytes(streams))
        wzp_bulk_on_limited(&session->bulk);
    return record->is_bulk;
}

void streams_on_sent(struct session *session, const struct wzp_sent_packet *record)
{
    if (!record->is_bulk)
        return;
    session->probes_left -= session->probes_left > 0;
    wzp_bulk_on_sent(&session->bulk, record->number, record->size, record->sent_ns);
    wzp_lost_on_sent(&session->lost, record->sent_ns);
}

int64_t streams_next_at(const struct session *session)
{
    if (!may_speak(session))
        return WZP_NEVER;
    const struct wzp_streams *streams = &session->streams;
    if (wzp_streams_has_control(streams))
        return INT64_MIN;
    int64_t at_ns = wzp_lost_next_at(&session->lost, &session->sent, &session->rtt,
                                     session->bulk.packets > 0);
    if (!wzp_streams_has_bytes(streams))
        return at_ns;
    return session->probes_left ? INT64_MIN : wzp_time_min(at_ns, wzp_bulk_next_at(&session->bulk));
}
