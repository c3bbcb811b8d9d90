// SPDX-License-Identifier: Apache-2.0
/* Repair that arrives: frames and sums go into the decoder, frames that were lost come out. */
#include "base/check.h"
#include "session/repair.h"
#include "session/session.h"

#include <string.h>

#define SILENT_NS WZP_S

bool repair_on_media(struct session *session, uint16_t slot, const struct wzp_media_header *header,
                     struct wzp_slice payload)
{
    struct repair_in *in = &session->repair_in;
    if (!in->decoder || !repair_covers(header, payload))
        return true;
    uint64_t key = repair_key(slot, header);
    uint8_t symbol[REPAIR_SYMBOL_MAX];
    size_t len = repair_symbol(symbol, header, payload);
    return wzp_window_on_source(in->decoder, key, (struct wzp_slice){symbol, len}) == WZP_WINDOW_USEFUL;
}

/* No repair has come for a while: there is none to wait for. */
int64_t repair_horizon_in(const struct session *session, int64_t now_ns)
{
    const struct repair_in *in = &session->repair_in;
    return now_ns - in->heard_ns < SILENT_NS ? wzp_cover_wait_ns(&in->wait, now_ns) : 0;
}

enum wzp_drop repair_on_frame(struct session *session, const struct wzp_frame_repair *frame, int64_t now_ns)
{
    struct repair_in *in = &session->repair_in;
    struct repair_window window;
    if (!in->decoder)
        return WZP_DROP_COUNT;
    if (!repair_window_decode(frame, &window) || frame->symbol.len > REPAIR_SYMBOL_MAX)
        return WZP_DROP_REPAIR_MALFORMED;
    in->heard_ns = now_ns;
    wzp_cover_wait_note(&in->wait, frame->horizon_4ms * 4 * WZP_MS, now_ns);
    switch (wzp_window_on_repair(in->decoder, frame->id, window.keys, window.count, frame->symbol)) {
    case WZP_WINDOW_USEFUL:
    case WZP_WINDOW_USELESS:
        return WZP_DROP_COUNT;
    case WZP_WINDOW_STALE:
        return WZP_DROP_REPAIR_LATE;
    case WZP_WINDOW_CONFLICT:
        return WZP_DROP_REPAIR_POISONED;
    case WZP_WINDOW_MALFORMED:
        break;
    }
    return WZP_DROP_REPAIR_MALFORMED;
}

static bool make_event(uint64_t key, struct wzp_slice symbol, struct wzp_event *event)
{
    event->kind = WZP_EVENT_MEDIA;
    event->media.is_repaired = true;
    event->media.is_recovered = true;
    if (!repair_symbol_read(key, symbol, &event->media.slot, &event->media.header, &event->media.payload))
        return false;
    struct wzp_writer writer = wzp_writer_make(event->media.header_bytes, WZP_MEDIA_HEADER_LEN);
    wzp_media_header_encode(&writer, &event->media.header);
    return true;
}

bool repair_event(struct wzp_endpoint *endpoint, struct session *session, struct wzp_event *event)
{
    struct repair_in *in = &session->repair_in;
    uint64_t key;
    struct wzp_slice symbol;
    while (in->decoder && wzp_window_poll(in->decoder, &key, &symbol)) {
        event->session = session->local_id;
        event->session_index = session->index;
        if (make_event(key, symbol, event)) {
            endpoint->counters.media_repaired++;
            return true;
        }
        endpoint_drop(endpoint, session->local_id, WZP_DROP_REPAIR_HEADER, symbol.len);
    }
    return false;
}

void repair_on_poisoned(struct session *session, uint16_t slot, const struct wzp_media_header *header)
{
    if (session->repair_in.decoder)
        wzp_window_poison(session->repair_in.decoder, repair_key(slot, header));
}
