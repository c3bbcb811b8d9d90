// SPDX-License-Identifier: Apache-2.0
#include "session/gather.h"

#include "session/session.h"

#define LOSS_PERMILLE 10

int64_t gather_at(const struct wzp_endpoint *endpoint, const struct session *session)
{
    struct send_entry first;
    if (!endpoint->config.gather_ns || session->queue.used >= WZP_DATAGRAM_MAX ||
        !send_queue_first(&session->queue, &first) || first.type != WZP_FRAME_TYPE_MEDIA ||
        first.queued_ns < session->media_sent_ns || wzp_loss_permille(&session->loss) >= LOSS_PERMILLE)
        return INT64_MIN;
    return session->media_sent_ns + endpoint->config.gather_ns;
}
