// SPDX-License-Identifier: Apache-2.0
#include "call/speech.h"

#include "call/state.h"
#include "link/number.h"

#include <stdalign.h>
#include <string.h>

#define PLAIN_MAX     (WZP_QUALITY_REPORT_LEN + WZP_AUDIO_PAYLOAD_MAX)
#define RESERVED_BITS 0x8f    /* of a header's flags */
#define SILENT_NS     (WZP_S) /* after which a decoder may be taken for somebody who speaks */

/* ---- memory ---- */

static size_t decoder_size(const struct wzp_call *call)
{
    size_t align = alignof(max_align_t);
    return (wzp_audio_receive_size(call->config.codec) + align - 1) / align * align;
}

bool speech_init(struct wzp_call *call)
{
    struct speech *speech = &call->speech;
    const struct wzp_audio_codec *codec = call->config.codec;
    struct wzp_alloc alloc = call->config.endpoint.alloc;
    uint32_t count = call->config.speakers_max;
    speech->decoder_size = decoder_size(call);
    speech->send_memory = alloc.get(alloc.ctx, wzp_audio_send_size(codec));
    speech->speakers = alloc.get(alloc.ctx, count * sizeof *speech->speakers);
    speech->decoders = alloc.get(alloc.ctx, count * speech->decoder_size);
    if (!speech->send_memory || !speech->speakers || !speech->decoders)
        return false;
    struct wzp_audio_encoder_config config = {call->config.bitrate_bps_max, wzp_drbg_u32(&call->drbg)};
    speech->send = wzp_audio_send_init(speech->send_memory, codec, &config);
    for (uint32_t i = 0; i < count; i++)
        speech->speakers[i].memory = speech->decoders + i * speech->decoder_size;
    wzp_quality_listeners_init(&speech->listeners);
    controller_init(call);
    speech->first_sent_ns = WZP_NEVER;
    return true;
}

/* Of a member that is gone; what the decoder holds besides its memory goes back. */
static void forget_sound(struct speaker *speaker)
{
    if (speaker->receive)
        wzp_audio_receive_deinit(speaker->receive);
    speaker->receive = NULL;
}

void speech_deinit(struct wzp_call *call)
{
    struct speech *speech = &call->speech;
    struct wzp_alloc alloc = call->config.endpoint.alloc;
    uint32_t count = call->config.speakers_max;
    if (speech->send)
        wzp_audio_send_deinit(speech->send);
    if (speech->send_memory)
        alloc.put(alloc.ctx, speech->send_memory, wzp_audio_send_size(call->config.codec));
    for (uint32_t i = 0; speech->send && i < count; i++)
        forget_sound(&speech->speakers[i]);
    if (speech->speakers)
        alloc.put(alloc.ctx, speech->speakers, count * sizeof *speech->speakers);
    if (speech->decoders)
        alloc.put(alloc.ctx, speech->decoders, count * speech->decoder_size);
}

/* ---- out: microphone to sealed frame ---- */

static void send_frame(struct wzp_call *call, const struct wzp_audio_packet *packet, int64_t now_ns)
{
    struct speech *speech = &call->speech;
    uint8_t plain[PLAIN_MAX], sealed[SEALED_PAYLOAD_MAX], bytes[WZP_MEDIA_HEADER_LEN];
    struct wzp_writer writer = wzp_writer_make(plain, sizeof plain);
    struct wzp_media_header header = {
        .media_type = WZP_MEDIA_TYPE_AUDIO,
        .codec = (uint8_t)packet->codec,
        .sequence = speech->sequence++,
        .timestamp_ms = packet->timestamp_ms,
    };
    struct wzp_quality_report report;
    if (controller_report(call, now_ns, &report)) {
        uint8_t report_bytes[WZP_QUALITY_REPORT_LEN];
        header.flags |= WZP_MEDIA_FLAG_QUALITY;
        wzp_quality_encode(&report, report_bytes);
        wzp_write_bytes(&writer, report_bytes, sizeof report_bytes);
    }
    wzp_write_bytes(&writer, packet->payload.data, packet->payload.len);
    struct wzp_writer header_writer = wzp_writer_make(bytes, sizeof bytes);
    wzp_media_header_encode(&header_writer, &header);
    size_t len = wzp_writer_len(&writer);
    call_keys_seal(&call->keys, header.sequence, bytes, (struct wzp_slice){plain, len}, sealed);
    /* A frame that the queue does not take is lost as if on the way; the session counts it. */
    if (wzp_endpoint_send_media(call->endpoint, call->session, 0, bytes,
                                (struct wzp_slice){sealed, len + WZP_MEDIA_OVERHEAD}, false,
                                now_ns) != WZP_ERR_OK)
        return;
    reconnect_on_sent(call);
    speech->sent++;
    if (speech->first_sent_ns == WZP_NEVER)
        speech->first_sent_ns = now_ns;
}

void wzp_call_capture(struct wzp_call *call, const int16_t pcm[WZP_AUDIO_FRAME], int64_t now_ns)
{
    struct speech *speech = &call->speech;
    call->now_ns = now_ns;
    controller_advance(call, now_ns);
    struct wzp_audio_packet packet = wzp_audio_send_frame(speech->send, pcm, speech->timestamp_ms);
    speech->timestamp_ms += WZP_AUDIO_FRAME_MS;
    if (call->state != CALL_JOINED || call->members.count == 0 || !call->session)
        return; /* what cannot leave is not sealed */
    call_send_keys(call, true);
    if (packet.kind != WZP_AUDIO_SEND_NOTHING)
        send_frame(call, &packet, now_ns);
}

/* ---- in: sealed frame to decoder ---- */

static void release(struct wzp_call *call, struct speaker *speaker)
{
    forget_sound(speaker);
    speaker->slot = 0;
    call->speech.is_full = false;
}

/* Takes the decoder of who was silent longest, if that is long enough. */
static void take_from_silent(struct wzp_call *call)
{
    struct speaker *silent = call->speech.speakers;
    if (call->now_ns < call->speech.silent_after_ns)
        return;
    for (uint32_t i = 1; i < call->config.speakers_max; i++)
        if (call->speech.speakers[i].sounded_ns < silent->sounded_ns)
            silent = &call->speech.speakers[i];
    call->speech.silent_after_ns = silent->sounded_ns + SILENT_NS;
    if (call->now_ns < call->speech.silent_after_ns)
        return;
    for (unsigned i = 0; i < WZP_MEMBERS_MAX; i++)
        if (call->members.row[i].speaker == silent)
            call->members.row[i].speaker = NULL;
    release(call, silent);
}

static bool is_full(struct wzp_call *call)
{
    struct speech *speech = &call->speech;
    for (uint32_t i = 0; !speech->is_full && i < call->config.speakers_max; i++)
        if (!speech->speakers[i].slot)
            return false;
    speech->is_full = true;
    return true;
}

static struct speaker *speaker_of(struct wzp_call *call, struct member *member, bool speaks)
{
    if (!member->speaker && speaks && is_full(call))
        take_from_silent(call);
    for (uint32_t i = 0; !member->speaker && !call->speech.is_full && i < call->config.speakers_max; i++) {
        struct speaker *speaker = &call->speech.speakers[i];
        if (speaker->slot)
            continue;
        speaker->slot = member->slot;
        speaker->is_away = false;
        speaker->receive = wzp_audio_receive_init(speaker->memory, call->config.codec,
                                                  (uint32_t)(call->config.playout_max_ns / WZP_MS),
                                                  member->slot);
        wzp_quality_meter_init(&speaker->meter);
        speaker->sounded_ns = call->now_ns;
        speaker->spoke_ns = call->now_ns - SPEECH_TALKS_NS;
        speaker->rtt_ms = 0;
        speaker->wait = (struct wzp_cover_wait){0};
        speaker->traced_kind = WZP_HEARD_NONE;
        speaker->heard = (struct wzp_heard){.kind = WZP_HEARD_NONE};
        memset(speaker->pcm, 0, sizeof speaker->pcm);
        member->speaker = speaker;
    }
    return member->speaker;
}

/* Takes an opened frame: a report to us, perhaps, then sound. */
static void hear(struct wzp_call *call, struct member *member, const struct sealed_media *media,
                 struct wzp_slice plain)
{
    uint32_t horizon_ms = 0, rtt_ms = 0;
    bool is_told = false;
    if (media->header.flags & WZP_MEDIA_FLAG_QUALITY) {
        if (plain.len < WZP_QUALITY_REPORT_LEN) {
            call_drop(call, WZP_DROP_MEDIA_CODEC, media->payload.len);
            return;
        }
        struct wzp_quality_report report = wzp_quality_decode(plain.data);
        wzp_quality_on_report(&call->speech.listeners, member->slot, &report, media->arrived_ns);
        horizon_ms = report.horizon_ms;
        rtt_ms = report.rtt_ms;
        is_told = true;
        plain.data += WZP_QUALITY_REPORT_LEN;
        plain.len -= WZP_QUALITY_REPORT_LEN;
    }
    bool is_new = !member->speaker;
    bool speaks = media->header.codec != WZP_CODEC_COMFORT_NOISE;
    struct speaker *speaker = speaker_of(call, member, speaks);
    if (!speaker || plain.len == 0) {
        call_drop(call, speaker ? WZP_DROP_MEDIA_CODEC : WZP_DROP_QUEUE_FULL, media->payload.len);
        return;
    }
    if (speaks)
        speaker->spoke_ns = call->now_ns;
    if (is_told) {
        wzp_cover_wait_note(&speaker->wait, horizon_ms * WZP_MS, call->now_ns);
        speaker->rtt_ms = rtt_ms;
    }
    if (is_told || is_new)
        controller_on_told(call, speaker);
    wzp_audio_receive_put(speaker->receive, &media->header, media->is_repaired, plain, media->arrived_ns);
}

/* False: its key is not here. */
static bool open_media(struct wzp_call *call, struct member *member, const struct sealed_media *media)
{
    const struct wzp_media_header *header = &media->header;
    uint64_t sequence = wzp_unwrap_u32(member->replay.next, header->sequence);
    enum wzp_replay_verdict verdict = wzp_replay_check(&member->replay, sequence);
    if (verdict != WZP_REPLAY_FRESH) {
        call_drop(call, verdict == WZP_REPLAY_SEEN ? WZP_DROP_MEDIA_REPLAYED : WZP_DROP_MEDIA_STALE,
                  media->payload.len);
        return true;
    }
    uint8_t plain[PLAIN_MAX];
    uint32_t word;
    switch (wzp_sender_keys_open(&member->keys, header->media_type, header->stream, header->sequence,
                                 media->header_bytes, media->payload, plain, &word)) {
    case WZP_SENDER_UNKNOWN_EPOCH:
        return false;
    case WZP_SENDER_BAD_SEAL:
    case WZP_SENDER_MALFORMED:
        if (media->is_recovered)
            wzp_endpoint_on_poisoned(call->endpoint, call->session, member->slot, header);
        call_drop(call, WZP_DROP_MEDIA_SEAL, media->payload.len);
        return true;
    case WZP_SENDER_OPENED:
        break;
    }
    wzp_replay_mark(&member->replay, sequence);
    call_trace(call, WZP_TRACE_MEDIA_OPENED, member->slot, header->sequence);
    if (!member->is_opened)
        call_push_member(call, WZP_CALL_EVENT_FIRST_MEDIA, member);
    member->is_opened = true;
    hear(call, member, media, (struct wzp_slice){plain, media->payload.len - WZP_MEDIA_OVERHEAD});
    return true;
}

static bool is_decoded_here(const struct wzp_media_header *header, size_t payload_len)
{
    return header->media_type == WZP_MEDIA_TYPE_AUDIO && header->stream == 0 &&
           (wzp_audio_is_opus(header->codec) || wzp_audio_is_codec2(header->codec) ||
            header->codec == WZP_CODEC_COMFORT_NOISE) &&
           payload_len <= SEALED_PAYLOAD_MAX;
}

static void drop_held(struct wzp_call *call, unsigned count)
{
    for (; count; count--)
        call_drop(call, WZP_DROP_MEDIA_EPOCH, 0);
}

void speech_on_media(struct wzp_call *call, const struct wzp_event *event)
{
    struct member *member = members_find(&call->members, event->media.slot);
    size_t len = event->media.payload.len;
    if (!member || member->is_refused) {
        call_drop(call, member ? member->refusal : WZP_DROP_SLOT_UNKNOWN, len);
    } else if (event->media.header.flags & RESERVED_BITS) {
        call_drop(call, WZP_DROP_MEDIA_HEADER, len);
    } else if (event->media.header.media_type == WZP_MEDIA_TYPE_VIDEO && event->media.header.stream == 0) {
        video_on_media(call, member, event);
    } else if (!is_decoded_here(&event->media.header, len)) {
        call_drop(call, WZP_DROP_MEDIA_CODEC, len);
    } else {
        struct sealed_media media = {.header = event->media.header,
                                     .payload = event->media.payload,
                                     .arrived_ns = call->now_ns,
                                     .is_repaired = event->media.is_repaired,
                                     .is_recovered = event->media.is_recovered};
        memcpy(media.header_bytes, event->media.header_bytes, sizeof media.header_bytes);
        if (!open_media(call, member, &media))
            drop_held(call, held_put(&call->held, members_row(&call->members, member), &media));
    }
}

void speech_on_key(struct wzp_call *call, struct member *member)
{
    unsigned row = members_row(&call->members, member), at = 0;
    const struct sealed_media *media;
    drop_held(call, held_expire(&call->held, call->now_ns));
    while ((media = held_next(&call->held, row, &at)))
        if (open_media(call, member, media))
            held_remove(&call->held, --at);
}

void speech_move_member(struct member *member)
{
    if (!member->speaker)
        return;
    member->speaker->slot = member->slot;
    member->speaker->is_away = member->is_away;
}

void speech_forget_member(struct wzp_call *call, struct member *member)
{
    held_forget_member(&call->held, members_row(&call->members, member));
    if (member->speaker)
        release(call, member->speaker);
    member->speaker = NULL;
}

/* ---- out of the loudspeaker ---- */

void wzp_call_play(struct wzp_call *call, int16_t pcm[WZP_AUDIO_PIECE], int64_t now_ns)
{
    struct speech *speech = &call->speech;
    call->now_ns = now_ns;
    wzp_mix_init(&speech->mix);
    for (uint32_t i = 0; i < call->config.speakers_max; i++) {
        struct speaker *speaker = &speech->speakers[i];
        if (!speaker->slot)
            continue;
        wzp_audio_receive_play(speaker->receive, now_ns, speaker->pcm, &speaker->heard);
        if (speaker->heard.kind != speaker->traced_kind)
            call_trace(call, WZP_TRACE_PLAYED, speaker->slot, speaker->heard.kind);
        speaker->traced_kind = speaker->heard.kind;
        if (speaker->heard.kind != WZP_HEARD_NONE)
            wzp_mix_add(&speech->mix, speaker->pcm);
        if (speaker->heard.kind != WZP_HEARD_NONE && speaker->heard.kind != WZP_HEARD_COMFORT_NOISE)
            speaker->sounded_ns = now_ns;
    }
    wzp_mix_finish(&speech->mix, pcm);
}

size_t wzp_call_heard(const struct wzp_call *call, struct wzp_call_heard *heard, size_t max)
{
    size_t count = 0;
    for (uint32_t i = 0; i < call->config.speakers_max && count < max; i++) {
        const struct speaker *speaker = &call->speech.speakers[i];
        if (speaker->slot && !speaker->is_away)
            heard[count++] = (struct wzp_call_heard){speaker->slot, speaker->heard, speaker->pcm};
    }
    return count;
}

bool wzp_call_member_stats(const struct wzp_call *call, uint16_t slot, struct wzp_audio_receive_stats *stats)
{
    for (uint32_t i = 0; slot && i < call->config.speakers_max; i++) {
        const struct speaker *speaker = &call->speech.speakers[i];
        if (speaker->slot == slot && !speaker->is_away) {
            *stats = wzp_audio_receive_stats(speaker->receive);
            return true;
        }
    }
    return false;
}
