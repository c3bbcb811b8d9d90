// SPDX-License-Identifier: Apache-2.0
/* The road of a sound: captured, encoded, sealed and sent; received, opened, decoded and mixed. */
#include "base/check.h"
#include "call/state.h"

#include <sodium.h>
#include <string.h>

#define REPORT_NS (500 * WZP_MS)

/* ---- memory ---- */

static size_t aligned(size_t size)
{
    return (size + 15) & ~(size_t)15;
}

bool speech_init(struct wzp_call *call)
{
    struct wzp_alloc *alloc = &call->config.endpoint.alloc;
    const struct wzp_audio_codec *codec = call->config.codec;
    uint32_t speakers = call->config.speakers_max;
    size_t send = aligned(wzp_audio_send_size(codec)), receive = aligned(wzp_audio_receive_size(codec));
    call->audio_memory_len = send + speakers * receive;
    call->audio_memory = alloc->get(alloc->ctx, call->audio_memory_len);
    call->decoder = alloc->get(alloc->ctx, speakers * sizeof *call->decoder);
    call->held_media = alloc->get(alloc->ctx, HELD_MEDIA_MAX * sizeof *call->held_media);
    if (!call->audio_memory || !call->decoder || !call->held_media)
        return false;
    uint32_t speaker;
    memcpy(&speaker, call->config.identity.sign_public, sizeof speaker);
    struct wzp_audio_encoder_config config = {.bitrate_bps = 24000, .speaker = speaker};
    call->audio_send = wzp_audio_send_init(call->audio_memory, codec, &config);
    for (uint32_t i = 0; i < speakers; i++)
        call->decoder[i].audio = (struct wzp_audio_receive *)(void *)(call->audio_memory + send +
                                                                      i * receive);
    wzp_quality_listeners_init(&call->listeners);
    return true;
}

void speech_deinit(struct wzp_call *call)
{
    struct wzp_alloc *alloc = &call->config.endpoint.alloc;
    if (call->audio_memory) {
        sodium_memzero(call->audio_memory, call->audio_memory_len);
        alloc->put(alloc->ctx, call->audio_memory, call->audio_memory_len);
    }
    if (call->decoder)
        alloc->put(alloc->ctx, call->decoder, call->config.speakers_max * sizeof *call->decoder);
    if (call->held_media)
        alloc->put(alloc->ctx, call->held_media, HELD_MEDIA_MAX * sizeof *call->held_media);
}

/* ---- out ---- */

/* What we tell the speakers: the worst loss among those we hear, once every half second. */
static bool make_report(struct wzp_call *call, int64_t now_ns, uint8_t out[WZP_QUALITY_REPORT_LEN])
{
    if (now_ns < call->report_ns)
        return false;
    struct wzp_quality_report report = {0};
    struct wzp_session_facts facts;
    bool hears = false;
    for (unsigned i = 0; i < WZP_MEMBERS_MAX; i++) {
        struct member *member = &call->member[i];
        if (!member->used || !member->decoder)
            continue;
        struct wzp_jitter_stats stats =
            wzp_audio_receive_stats(call->decoder[member->decoder - 1].audio).jitter;
        uint8_t loss = wzp_quality_meter_loss(&member->meter, stats.expected, stats.received, now_ns);
        uint32_t jitter_ms = stats.jitter_us / 1000;
        report.loss_255 = loss > report.loss_255 ? loss : report.loss_255;
        jitter_ms = jitter_ms < UINT8_MAX ? jitter_ms : UINT8_MAX;
        report.jitter_ms = jitter_ms > report.jitter_ms ? (uint8_t)jitter_ms : report.jitter_ms;
        hears = true;
    }
    if (!hears)
        return false;
    if (wzp_endpoint_facts(call->endpoint, call->session, &facts))
        report.rtt_ms = (uint16_t)wzp_time_min(facts.rtt_ns / WZP_MS, UINT16_MAX);
    wzp_quality_encode(&report, out);
    call->report_ns = now_ns + REPORT_NS;
    wzp_audio_send_set_loss(call->audio_send, wzp_quality_loss_percent(&call->listeners, now_ns));
    return true;
}

static void send_frame(struct wzp_call *call, const struct wzp_audio_packet *packet, int64_t now_ns)
{
    uint8_t header_bytes[WZP_MEDIA_HEADER_LEN], plain[WZP_QUALITY_REPORT_LEN + WZP_AUDIO_PAYLOAD_MAX];
    uint8_t sealed[sizeof plain + WZP_MEDIA_OVERHEAD];
    size_t len = make_report(call, now_ns, plain) ? WZP_QUALITY_REPORT_LEN : 0;
    bool is_speech = packet->kind == WZP_AUDIO_SEND_SPEECH;
    struct wzp_media_header header = {
        .flags = len ? WZP_MEDIA_FLAG_QUALITY : 0,
        .media_type = WZP_MEDIA_TYPE_AUDIO,
        .codec = is_speech ? WZP_CODEC_OPUS_24K : WZP_CODEC_COMFORT_NOISE,
        .sequence = call->sequence++,
        .timestamp_ms = packet->timestamp_ms,
    };
    struct wzp_writer writer = wzp_writer_make(header_bytes, sizeof header_bytes);
    wzp_media_header_encode(&writer, &header);
    memcpy(plain + len, packet->payload.data, packet->payload.len);
    len += packet->payload.len;
    wzp_media_seal(&call->own_media_key, header.sequence, header_bytes, plain, len, sealed);
    struct wzp_slice payload = {sealed, len + WZP_MEDIA_OVERHEAD};
    if (wzp_endpoint_send_media(call->endpoint, call->session, 0, header_bytes, payload) == WZP_ERR_OK &&
        call->first_media_sent_ns == WZP_NEVER)
        call->first_media_sent_ns = now_ns;
}

void wzp_call_capture(struct wzp_call *call, const int16_t pcm[WZP_AUDIO_FRAME], int64_t now_ns)
{
    struct wzp_audio_packet packet = wzp_audio_send_frame(call->audio_send, pcm, call->capture_ms);
    call->capture_ms += WZP_AUDIO_FRAME_MS;
    if (!call->is_joined || call->is_ended)
        return;
    /* Keys first, so that they share the frame's packet. */
    keys_advance(call, now_ns, WZP_AUDIO_FRAME_MS / 2 * WZP_MS);
    if (packet.kind != WZP_AUDIO_SEND_NOTHING && members_count(call) > 0)
        send_frame(call, &packet, now_ns);
}

/* ---- in ---- */

/* The member's decoder, taken when its first frame opens; NULL when all are in use. */
static struct decoder *decoder_of(struct wzp_call *call, struct member *member)
{
    if (member->decoder)
        return &call->decoder[member->decoder - 1];
    for (uint32_t i = 0; i < call->config.speakers_max; i++) {
        struct decoder *decoder = &call->decoder[i];
        if (decoder->used)
            continue;
        uint32_t delay_ms = (uint32_t)(call->config.playout_max_ns / WZP_MS);
        decoder->used = true;
        decoder->slot = member->slot;
        decoder->heard = (struct wzp_heard){.kind = WZP_HEARD_NONE};
        wzp_audio_receive_init(decoder->audio, call->config.codec, delay_ms, wzp_drbg_u32(&call->drbg));
        member->decoder = i + 1;
        return decoder;
    }
    return NULL;
}

void speech_forget(struct wzp_call *call, struct member *member)
{
    if (member->decoder)
        call->decoder[member->decoder - 1].used = false;
    for (unsigned i = 0; i < HELD_MEDIA_MAX; i++)
        if (call->held_media[i].slot == member->slot)
            call->held_media[i].slot = 0;
}

static void hold(struct wzp_call *call, uint16_t slot, const struct wzp_media_header *header,
                 const uint8_t *header_bytes, struct wzp_slice payload, int64_t now_ns)
{
    struct held_media *place = NULL;
    unsigned of_sender = 0;
    for (unsigned i = 0; i < HELD_MEDIA_MAX; i++) {
        struct held_media *held = &call->held_media[i];
        if (held->slot && now_ns >= held->at_ns + HELD_MEDIA_NS) {
            held->slot = 0;
            call_drop(call, WZP_DROP_MEDIA_EPOCH);
        }
        if (held->slot == slot)
            of_sender++;
        else if (held->slot == 0 && !place)
            place = held;
    }
    if (!place || of_sender >= HELD_MEDIA_OF_SENDER || payload.len > sizeof place->payload) {
        call_drop(call, WZP_DROP_MEDIA_EPOCH);
        return;
    }
    *place = (struct held_media){
        .slot = slot, .order = call->held_order++, .at_ns = now_ns, .header = *header, .len = payload.len};
    memcpy(place->header_bytes, header_bytes, sizeof place->header_bytes);
    memcpy(place->payload, payload.data, payload.len);
}

/* What opened: a quality report perhaps, then the codec's payload. */
static void take_plain(struct wzp_call *call, struct member *member, const struct wzp_media_header *header,
                       struct wzp_slice plain, int64_t now_ns)
{
    if (header->flags & WZP_MEDIA_FLAG_QUALITY) {
        if (plain.len < WZP_QUALITY_REPORT_LEN) {
            call_drop(call, WZP_DROP_MEDIA_HEADER);
            return;
        }
        struct wzp_quality_report report = wzp_quality_decode(plain.data);
        wzp_quality_on_report(&call->listeners, member->slot, &report, now_ns);
        plain = (struct wzp_slice){plain.data + WZP_QUALITY_REPORT_LEN, plain.len - WZP_QUALITY_REPORT_LEN};
    }
    struct decoder *decoder = decoder_of(call, member);
    if (!decoder) {
        call_drop(call, WZP_DROP_QUEUE_FULL);
        return;
    }
    if (!member->has_media)
        call_event(call, WZP_CALL_EVENT_FIRST_MEDIA, member);
    member->has_media = true;
    wzp_audio_receive_put(decoder->audio, header->sequence, header->timestamp_ms,
                          header->codec == WZP_CODEC_COMFORT_NOISE, plain, now_ns);
}

/* Opens one frame; false when its key is not here. */
static bool open_media(struct wzp_call *call, struct member *member, const struct wzp_media_header *header,
                       const uint8_t *header_bytes, struct wzp_slice payload, int64_t now_ns)
{
    uint8_t plain[WZP_MEDIA_PAYLOAD_MAX];
    uint64_t sequence = wzp_unwrap_u32(member->replay.next, header->sequence);
    switch (wzp_replay_check(&member->replay, sequence)) {
    case WZP_REPLAY_FRESH:
        break;
    case WZP_REPLAY_SEEN:
        call_drop(call, WZP_DROP_MEDIA_REPLAYED);
        return true;
    case WZP_REPLAY_STALE:
        call_drop(call, WZP_DROP_MEDIA_STALE);
        return true;
    }
    uint32_t word;
    switch (wzp_sender_keys_open(&member->keys, header->media_type, header->stream, header->sequence,
                                 header_bytes, payload, plain, &word)) {
    case WZP_SENDER_UNKNOWN_EPOCH:
        return false;
    case WZP_SENDER_BAD_SEAL:
    case WZP_SENDER_MALFORMED:
        call_drop(call, WZP_DROP_MEDIA_SEAL);
        return true;
    case WZP_SENDER_OPENED:
        break;
    }
    wzp_replay_mark(&member->replay, sequence);
    wzp_trace_emit(&call->config.endpoint.trace, now_ns, WZP_TRACE_MEDIA_OPENED, call->session, member->slot,
                   header->sequence);
    take_plain(call, member, header, (struct wzp_slice){plain, payload.len - WZP_MEDIA_OVERHEAD}, now_ns);
    return true;
}

void speech_on_media(struct wzp_call *call, const struct wzp_event *event, int64_t now_ns)
{
    const struct wzp_media_header *header = &event->media.header;
    struct member *member = members_find(call, event->media.slot);
    if (!member || member->is_refused)
        call_drop(call, WZP_DROP_SLOT_UNKNOWN);
    else if (header->media_type != WZP_MEDIA_TYPE_AUDIO || header->stream != 0 ||
             (header->codec != WZP_CODEC_OPUS_24K && header->codec != WZP_CODEC_COMFORT_NOISE))
        call_drop(call, WZP_DROP_MEDIA_CODEC);
    else if (!open_media(call, member, header, event->media.header_bytes, event->media.payload, now_ns))
        hold(call, member->slot, header, event->media.header_bytes, event->media.payload, now_ns);
}

void speech_take_held(struct wzp_call *call, struct member *member, int64_t now_ns)
{
    for (uint64_t from = 0;;) {
        struct held_media *first = NULL;
        for (unsigned i = 0; i < HELD_MEDIA_MAX; i++) {
            struct held_media *held = &call->held_media[i];
            if (held->slot == member->slot && held->order >= from && (!first || held->order < first->order))
                first = held;
        }
        if (!first)
            return;
        from = first->order + 1;
        struct wzp_slice payload = {first->payload, first->len};
        if (now_ns >= first->at_ns + HELD_MEDIA_NS)
            call_drop(call, WZP_DROP_MEDIA_EPOCH);
        else if (!open_media(call, member, &first->header, first->header_bytes, payload, first->at_ns))
            continue; /* of another epoch still: it waits on */
        first->slot = 0;
    }
}

/* ---- playing ---- */

void wzp_call_play(struct wzp_call *call, int16_t pcm[WZP_AUDIO_PIECE], int64_t now_ns)
{
    struct wzp_mix mix;
    wzp_mix_init(&mix);
    for (uint32_t i = 0; i < call->config.speakers_max; i++) {
        struct decoder *decoder = &call->decoder[i];
        if (!decoder->used)
            continue;
        enum wzp_heard_kind before = decoder->heard.kind;
        wzp_audio_receive_play(decoder->audio, now_ns, decoder->pcm, &decoder->heard);
        if (decoder->heard.kind != before)
            wzp_trace_emit(&call->config.endpoint.trace, now_ns, WZP_TRACE_PLAYED, call->session,
                           decoder->slot, decoder->heard.kind);
        if (decoder->heard.kind != WZP_HEARD_NONE)
            wzp_mix_add(&mix, decoder->pcm);
    }
    wzp_mix_finish(&mix, pcm);
}

size_t wzp_call_heard(const struct wzp_call *call, struct wzp_call_heard *heard, size_t max)
{
    size_t count = 0;
    for (uint32_t i = 0; i < call->config.speakers_max && count < max; i++) {
        const struct decoder *decoder = &call->decoder[i];
        if (decoder->used && decoder->heard.kind != WZP_HEARD_NONE)
            heard[count++] = (struct wzp_call_heard){decoder->slot, decoder->heard, decoder->pcm};
    }
    return count;
}

bool wzp_call_member_stats(const struct wzp_call *call, uint16_t slot, struct wzp_audio_receive_stats *stats)
{
    for (uint32_t i = 0; i < call->config.speakers_max; i++) {
        const struct decoder *decoder = &call->decoder[i];
        if (decoder->used && decoder->slot == slot) {
            *stats = wzp_audio_receive_stats(decoder->audio);
            return true;
        }
    }
    return false;
}
