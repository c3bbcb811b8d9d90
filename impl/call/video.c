// SPDX-License-Identifier: Apache-2.0
#include "call/video.h"

#include "call/state.h"
#include "link/number.h"

void wzp_call_video_wish(struct wzp_call *call, uint64_t min_bps, uint64_t most_bps)
{
    call->shares.wishes.video.min_bps = min_bps < most_bps ? min_bps : most_bps;
    call->shares.wishes.video.most_bps = most_bps;
    call->controller.at_ns = call->now_ns; /* speech makes room with its next frame */
}

uint64_t wzp_call_video_rate(const struct wzp_call *call)
{
    struct wzp_session_facts facts;
    if (!wzp_endpoint_facts(call->endpoint, call->session, &facts))
        return 0;
    return shares_of_video(&call->shares, &facts);
}

enum wzp_err wzp_call_video_send(struct wzp_call *call, struct wzp_slice payload, uint32_t timestamp_ms,
                                 int64_t now_ns)
{
    call->now_ns = now_ns;
    if (call->state != CALL_JOINED || call->members.count == 0 || !call->session)
        return WZP_ERR_STATE;
    if (payload.len > WZP_CALL_VIDEO_MAX)
        return WZP_ERR_TOO_LARGE;
    uint8_t sealed[WZP_MEDIA_PAYLOAD_MAX], bytes[WZP_MEDIA_HEADER_LEN];
    struct wzp_writer writer = wzp_writer_make(bytes, sizeof bytes);
    struct wzp_media_header header = {
        .media_type = WZP_MEDIA_TYPE_VIDEO, .sequence = call->video.sequence++, .timestamp_ms = timestamp_ms};
    wzp_media_header_encode(&writer, &header);
    call_keys_seal_video(&call->keys, header.sequence, bytes, payload, sealed);
    return wzp_endpoint_send_media(call->endpoint, call->session, 0, bytes,
                                   (struct wzp_slice){sealed, payload.len + WZP_SENDER_OVERHEAD}, false,
                                   now_ns);
}

void video_on_media(struct wzp_call *call, struct member *member, const struct wzp_event *event)
{
    const struct wzp_media_header *header = &event->media.header;
    struct wzp_slice payload = event->media.payload;
    uint64_t sequence = wzp_unwrap_u32(member->video.replay.next, header->sequence);
    enum wzp_replay_verdict verdict = wzp_replay_check(&member->video.replay, sequence);
    if (verdict != WZP_REPLAY_FRESH) {
        call_drop(call, verdict == WZP_REPLAY_SEEN ? WZP_DROP_MEDIA_REPLAYED : WZP_DROP_MEDIA_STALE,
                  payload.len);
        return;
    }
    uint8_t plain[WZP_MEDIA_PAYLOAD_MAX];
    uint32_t word;
    enum wzp_sender_result result = wzp_sender_keys_open(&member->keys, header->media_type, header->stream,
                                                         header->sequence, event->media.header_bytes, payload,
                                                         plain, &word);
    if (result != WZP_SENDER_OPENED) {
        call_drop(call, result == WZP_SENDER_UNKNOWN_EPOCH ? WZP_DROP_MEDIA_EPOCH : WZP_DROP_MEDIA_SEAL,
                  payload.len);
        return;
    }
    wzp_replay_mark(&member->video.replay, sequence);
    member->video.stats.packets++;
    member->video.stats.bytes += payload.len - WZP_SENDER_OVERHEAD;
}

bool wzp_call_video_stats(struct wzp_call *call, uint16_t slot, struct wzp_call_video_stats *stats)
{
    const struct member *member = members_find(&call->members, slot);
    if (!member || member->is_refused)
        return false;
    *stats = member->video.stats;
    return true;
}
