// SPDX-License-Identifier: Apache-2.0
/* What the owner of an endpoint has to say: it waits in the session's queues until send.c takes it. */
#include "session/endpoint.h"
#include "session/session.h"

enum wzp_err wzp_endpoint_send_signal(struct wzp_endpoint *endpoint, uint32_t session_id,
                                      struct wzp_slice message)
{
    struct session *session = endpoint_find_open(endpoint, session_id);
    if (!session)
        return WZP_ERR_NO_SESSION;
    if (message.len > WZP_SIGNAL_MAX + 2)
        return WZP_ERR_TOO_LARGE;
    if (!wzp_stream_send_write(&session->stream_out, message.data, message.len))
        return WZP_ERR_FULL;
    endpoint_schedule(endpoint, session);
    return WZP_ERR_OK;
}

static struct send_queue *queue_of(struct session *session, const struct send_entry *entry, bool is_video)
{
    if (entry->type == WZP_FRAME_TYPE_REPAIR)
        return &session->passed;
    return is_video ? &session->video : &session->queue;
}

static enum wzp_err push(struct wzp_endpoint *endpoint, uint32_t session_id, const struct send_entry *entry,
                         const uint8_t *header, bool is_video)
{
    struct session *session = endpoint_find_open(endpoint, session_id);
    if (!session)
        return WZP_ERR_NO_SESSION;
    if (!session->has_keys)
        return WZP_ERR_STATE;
    struct send_queue *queue = queue_of(session, entry, is_video);
    size_t before = queue->used;
    enum wzp_err err = send_queue_push(queue, entry, header, header ? WZP_MEDIA_HEADER_LEN : 0);
    if (err == WZP_ERR_FULL)
        endpoint_drop(endpoint, session_id, WZP_DROP_QUEUE_FULL, entry->body.len);
    /* Behind others it changes nothing but that they may now fill a packet (gather.h). */
    if (before == 0 || (before < WZP_DATAGRAM_MAX && queue->used >= WZP_DATAGRAM_MAX))
        endpoint_schedule(endpoint, session);
    return err;
}

enum wzp_err wzp_endpoint_send_media(struct wzp_endpoint *endpoint, uint32_t session_id, uint16_t slot,
                                     const uint8_t header[WZP_MEDIA_HEADER_LEN], struct wzp_slice payload,
                                     bool is_repaired, int64_t now_ns)
{
    if (payload.len > WZP_MEDIA_PAYLOAD_MAX)
        return WZP_ERR_TOO_LARGE;
    const struct send_entry entry = {.type = WZP_FRAME_TYPE_MEDIA,
                                     .is_repaired = is_repaired,
                                     .slot = slot,
                                     .queued_ns = now_ns,
                                     .body = payload};
    return push(endpoint, session_id, &entry, header, header[2] == WZP_MEDIA_TYPE_VIDEO);
}

enum wzp_err wzp_endpoint_send_repair(struct wzp_endpoint *endpoint, uint32_t session_id,
                                      const struct wzp_frame_repair *repair, int64_t now_ns)
{
    uint8_t bytes[WZP_DATAGRAM_MAX];
    struct wzp_writer writer = wzp_writer_make(bytes, sizeof bytes - QUEUE_PACKET_BYTES);
    wzp_frame_repair_encode(&writer, repair);
    if (writer.failed)
        return WZP_ERR_TOO_LARGE;
    const struct send_entry entry = {.type = WZP_FRAME_TYPE_REPAIR, /* its byte is not in the body */
                                     .queued_ns = now_ns,
                                     .body = {bytes + 1, wzp_writer_len(&writer) - 1}};
    struct session *session = endpoint_find_open(endpoint, session_id);
    if (session)
        repair_drop_stale(endpoint, session, now_ns);
    return push(endpoint, session_id, &entry, NULL, false);
}

void wzp_endpoint_set_repair_horizon(struct wzp_endpoint *endpoint, uint32_t session_id, int64_t horizon_ns)
{
    struct session *session = endpoint_find_open(endpoint, session_id);
    if (session)
        session->repair_out.horizon_max_ns = horizon_ns;
}

void wzp_endpoint_set_wishes(struct wzp_endpoint *endpoint, uint32_t session_id,
                             const struct wzp_split_wishes *wishes)
{
    struct session *session = endpoint_find_open(endpoint, session_id);
    if (session)
        session->share.wishes = *wishes;
}

void wzp_endpoint_set_repair_path(struct wzp_endpoint *endpoint, uint32_t session_id,
                                  const struct wzp_cover_path *beyond)
{
    struct session *session = endpoint_find_open(endpoint, session_id);
    if (session)
        session->repair_out.beyond = *beyond;
}

void wzp_endpoint_on_poisoned(struct wzp_endpoint *endpoint, uint32_t session_id, uint16_t slot,
                              const struct wzp_media_header *header)
{
    struct session *session = endpoint_find_open(endpoint, session_id);
    if (!session)
        return;
    repair_on_poisoned(session, slot, header);
    endpoint_drop(endpoint, session_id, WZP_DROP_REPAIR_POISONED, 0);
}

enum wzp_err wzp_endpoint_send_key(struct wzp_endpoint *endpoint, uint32_t session_id, uint16_t slot,
                                   const uint8_t body[WZP_KEY_BODY_LEN])
{
    const struct send_entry entry = {
        .type = WZP_FRAME_TYPE_KEY, .slot = slot, .body = {body, WZP_KEY_BODY_LEN}};
    return push(endpoint, session_id, &entry, NULL, false);
}

enum wzp_err wzp_endpoint_send_key_ack(struct wzp_endpoint *endpoint, uint32_t session_id, uint16_t slot,
                                       const uint8_t body[WZP_KEY_ACK_BODY_LEN])
{
    const struct send_entry entry = {
        .type = WZP_FRAME_TYPE_KEY_ACK, .slot = slot, .body = {body, WZP_KEY_ACK_BODY_LEN}};
    return push(endpoint, session_id, &entry, NULL, false);
}

void wzp_endpoint_load(struct wzp_endpoint *endpoint, uint32_t session_id, int64_t duration_ns,
                       uint64_t rate_bps, int64_t now_ns)
{
    struct session *session = endpoint_find_open(endpoint, session_id);
    if (!session)
        return;
    endpoint->now_ns = now_ns;
    pace_load(session, duration_ns, rate_bps, now_ns);
    endpoint_schedule(endpoint, session);
}

void wzp_endpoint_want_load(struct wzp_endpoint *endpoint, uint32_t session_id, int64_t duration_ns,
                            uint64_t rate_bps, int64_t now_ns)
{
    struct session *session = endpoint_find_open(endpoint, session_id);
    if (!session)
        return;
    endpoint->now_ns = now_ns;
    pace_want_load(session, duration_ns, rate_bps, now_ns);
    endpoint_schedule(endpoint, session);
}
