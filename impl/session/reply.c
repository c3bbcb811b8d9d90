// SPDX-License-Identifier: Apache-2.0
#include "session/reply.h"

#include "base/check.h"

#include <string.h>

bool replies_put(struct replies *replies, const struct reply *reply)
{
    if (replies->count == REPLIES_MAX)
        return false;
    replies->ring[(replies->first + replies->count++) % REPLIES_MAX] = *reply;
    return true;
}

static void encode(const struct reply *reply, struct wzp_slice versions, struct wzp_writer *writer)
{
    switch (reply->type) {
    case WZP_LONG_TYPE_VERSION_REJECT: {
        struct wzp_version_reject reject = {.destination = reply->initiator_id, .versions = versions};
        wzp_version_reject_encode(writer, &reject);
        break;
    }
    case WZP_LONG_TYPE_COOKIE: {
        struct wzp_cookie cookie = {.version = reply->version,
                                    .destination = reply->initiator_id,
                                    .cookie = {reply->cookie, sizeof reply->cookie}};
        memcpy(cookie.start, reply->start, sizeof cookie.start);
        wzp_cookie_encode(writer, &cookie);
        break;
    }
    case WZP_LONG_TYPE_REFUSAL: {
        struct wzp_refusal refusal = {
            .version = reply->version, .destination = reply->initiator_id, .reason = (uint16_t)reply->reason};
        memcpy(refusal.start, reply->start, sizeof refusal.start);
        wzp_refusal_encode(writer, &refusal);
        break;
    }
    case WZP_LONG_TYPE_INITIAL:
    case WZP_LONG_TYPE_RESPONSE:
    case WZP_LONG_TYPE_FINISH:
        WZP_CHECK(false);
    }
}

size_t replies_transmit(struct replies *replies, struct wzp_slice versions, struct wzp_addr *to,
                        uint8_t *datagram, size_t capacity)
{
    if (replies->count == 0)
        return 0;
    const struct reply *reply = &replies->ring[replies->first];
    struct wzp_writer writer = wzp_writer_make(datagram, capacity);
    encode(reply, versions, &writer);
    WZP_CHECK(!writer.failed && wzp_writer_len(&writer) < WZP_INITIAL_SIZE);
    *to = reply->to;
    replies->first = (replies->first + 1) % REPLIES_MAX;
    replies->count--;
    return wzp_writer_len(&writer);
}
