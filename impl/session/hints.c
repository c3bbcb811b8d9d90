// SPDX-License-Identifier: Apache-2.0
/* What an initiator makes of unsealed answers to its message 1: proto/03-handshake.md. */
#include "base/check.h"
#include "session/session.h"

#include <string.h>

#define REJECT_PATIENCE_NS (3 * WZP_S) /* how long a rejected attempt still waits for a real answer */

/* A hint and no more: it never ends an attempt before it had time for a real answer. */
enum wzp_drop hints_receive_reject(struct wzp_endpoint *endpoint, struct wzp_slice datagram, int64_t now_ns)
{
    struct wzp_reader reader = wzp_reader_make(datagram.data, datagram.len);
    struct wzp_version_reject reject;
    if (!wzp_version_reject_decode(&reader, &reject))
        return WZP_DROP_LONG_MALFORMED;
    struct session *session = endpoint_session(endpoint, reject.destination);
    if (!session || session->state != SESSION_CONNECTING || session->rejected_count > 0 ||
        reject.versions.len == 0 ||
        memchr(reject.versions.data, endpoint->config.versions[0], reject.versions.len))
        return WZP_DROP_VERSION_REJECT_IGNORED;
    memcpy(session->rejected_versions, reject.versions.data, reject.versions.len);
    session->rejected_count = (uint8_t)reject.versions.len;
    session->deadline_ns = wzp_time_min(session->deadline_ns, now_ns + REJECT_PATIENCE_NS);
    wzp_trace_emit(&endpoint->config.trace, now_ns, WZP_TRACE_VERSION_REJECTED, session->local_id,
                   endpoint->config.versions[0], reject.versions.data[0]);
    endpoint_schedule(endpoint, session);
    return WZP_DROP_COUNT;
}

/* Answers to message 1 that anybody may write who saw it: its repeat with what they echo. */
static struct session *find_first(struct wzp_endpoint *endpoint, uint8_t version, uint32_t initiator_id,
                                  const uint8_t start[WZP_START_LEN], struct wzp_long_header *first)
{
    struct session *session = endpoint_session(endpoint, initiator_id);
    if (!session || session->state != SESSION_CONNECTING || version != endpoint->config.versions[0])
        return NULL;
    struct wzp_reader reader = wzp_reader_make(session->repeat.datagram, session->repeat.len);
    WZP_CHECK(wzp_long_header_decode(&reader, first) && first->message.len >= WZP_START_LEN);
    return memcmp(first->message.data, start, WZP_START_LEN) == 0 ? session : NULL;
}

/* The same message 1 again, with the cookie, at once. A later cookie replaces it and waits for the next turn.
 */
enum wzp_drop hints_receive_cookie(struct wzp_endpoint *endpoint, struct wzp_slice datagram, int64_t now_ns)
{
    struct wzp_reader reader = wzp_reader_make(datagram.data, datagram.len);
    struct wzp_cookie reply;
    if (!wzp_cookie_decode(&reader, &reply))
        return WZP_DROP_LONG_MALFORMED;
    struct wzp_long_header first;
    struct session *session = find_first(endpoint, reply.version, reply.destination, reply.start, &first);
    if (!session || reply.cookie.len == 0 ||
        (first.cookie.len == reply.cookie.len &&
         memcmp(first.cookie.data, reply.cookie.data, reply.cookie.len) == 0))
        return WZP_DROP_COOKIE_IGNORED;
    bool is_new = first.cookie.len == 0;
    uint8_t datagram_bytes[WZP_INITIAL_SIZE];
    struct wzp_writer writer = wzp_writer_make(datagram_bytes, sizeof datagram_bytes);
    first.cookie = reply.cookie;
    wzp_long_header_encode(&writer, &first);
    if (writer.failed)
        return WZP_DROP_COOKIE_IGNORED; /* longer than the padding has room for */
    wzp_write_zeros(&writer, wzp_writer_left(&writer));
    WZP_CHECK(session->repeat.len == sizeof datagram_bytes);
    memcpy(session->repeat.datagram, datagram_bytes, sizeof datagram_bytes);
    if (is_new) {
        session->repeat.copy = 0; /* what went before was answered, not lost */
        session->repeat.next_at_ns = now_ns;
    }
    wzp_trace_emit(&endpoint->config.trace, now_ns, WZP_TRACE_COOKIE_RECEIVED, session->local_id, is_new, 0);
    endpoint_schedule(endpoint, session);
    return WZP_DROP_COUNT;
}

/* A hint like VERSION_REJECT: the attempt has time left for a real answer. */
enum wzp_drop hints_receive_refusal(struct wzp_endpoint *endpoint, struct wzp_slice datagram, int64_t now_ns)
{
    struct wzp_reader reader = wzp_reader_make(datagram.data, datagram.len);
    struct wzp_refusal refusal;
    if (!wzp_refusal_decode(&reader, &refusal))
        return WZP_DROP_LONG_MALFORMED;
    struct wzp_long_header first;
    struct session *session = find_first(endpoint, refusal.version, refusal.destination, refusal.start,
                                         &first);
    if (!session || session->refused_reason != WZP_CLOSE_REASON_LEFT ||
        refusal.reason != WZP_CLOSE_REASON_BAD_INVITATION)
        return WZP_DROP_REFUSAL_IGNORED;
    session->refused_reason = (enum wzp_close_reason)refusal.reason;
    session->deadline_ns = wzp_time_min(session->deadline_ns, now_ns + REJECT_PATIENCE_NS);
    endpoint_schedule(endpoint, session);
    return WZP_DROP_COUNT;
}
