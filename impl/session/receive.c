// SPDX-License-Identifier: Apache-2.0
/* The one road in: a short packet is unmasked, checked against replay, opened, and its frames handed out one
 * by one. */
#include "base/check.h"
#include "session/migrate.h"

#include <string.h>

#define SHORT_ID_OFFSET     1
#define SHORT_NUMBER_OFFSET 5
#define SHORT_MASKED_BITS   0x1f
#define SHORT_PHASE_BIT     0x04
#define SHORT_LEN_BITS      0x03

enum wzp_drop receive_open(const struct wzp_hop_key *const keys[2], const struct wzp_replay *replay,
                           struct wzp_slice datagram, uint8_t *plain, struct opened *opened)
{
    const size_t sample_at = SHORT_NUMBER_OFFSET + WZP_SAMPLE_OFFSET;
    if (datagram.len < sample_at + WZP_SAMPLE_LEN)
        return WZP_DROP_TRUNCATED;
    uint8_t mask[5], header[SHORT_NUMBER_OFFSET + WZP_NUMBER_LEN_MAX];
    wzp_hop_mask(keys[0] ? keys[0] : keys[1], datagram.data + sample_at, mask); /* all phases have one mask */
    memcpy(header, datagram.data, sizeof header);
    header[0] ^= mask[0] & SHORT_MASKED_BITS;
    unsigned number_len = (header[0] & SHORT_LEN_BITS) + 1u;
    if ((header[0] & SHORT_MASKED_BITS & ~(SHORT_PHASE_BIT | SHORT_LEN_BITS)) != 0 ||
        number_len < WZP_NUMBER_LEN_MIN)
        return WZP_DROP_NUMBER_MALFORMED;
    uint32_t truncated = 0;
    for (unsigned i = 0; i < number_len; i++) {
        header[SHORT_NUMBER_OFFSET + i] ^= mask[1 + i];
        truncated = truncated << 8 | header[SHORT_NUMBER_OFFSET + i];
    }
    opened->number = wzp_number_decode(replay->next, truncated, number_len);
    opened->phase = (header[0] & SHORT_PHASE_BIT) != 0;
    switch (wzp_replay_check(replay, opened->number)) {
    case WZP_REPLAY_FRESH:
        break;
    case WZP_REPLAY_SEEN:
        return WZP_DROP_REPLAYED;
    case WZP_REPLAY_STALE:
        return WZP_DROP_STALE;
    }
    const struct wzp_hop_key *key = keys[opened->phase];
    if (!key)
        return WZP_DROP_KEY_PHASE;
    size_t header_len = SHORT_NUMBER_OFFSET + number_len, sealed_len = datagram.len - header_len;
    if (!wzp_hop_open(key, opened->number, (struct wzp_slice){header, header_len}, datagram.data + header_len,
                      sealed_len, plain))
        return WZP_DROP_SEAL;
    opened->len = sealed_len - WZP_TAG_LEN;
    return WZP_DROP_COUNT;
}

static unsigned held_of(const struct wzp_endpoint *endpoint, uint32_t local_id, int64_t now_ns)
{
    unsigned count = 0;
    for (unsigned i = 0; i < WZP_HELD_EARLY_MAX; i++)
        count += endpoint->held[i].local_id == local_id && now_ns < endpoint->held[i].at_ns + HELD_EARLY_NS;
    return count;
}

/* A free place, else one of the handshake that holds the most, if that is still more than this one would: so
 * nobody can take them all from somebody else. */
static struct held_packet *place_early(struct wzp_endpoint *endpoint, uint32_t local_id, int64_t now_ns)
{
    struct held_packet *place = NULL;
    unsigned most = held_of(endpoint, local_id, now_ns) + 1;
    for (unsigned i = 0; i < WZP_HELD_EARLY_MAX; i++) {
        struct held_packet *held = &endpoint->held[i];
        if (!held->local_id || now_ns >= held->at_ns + HELD_EARLY_NS)
            return held;
        unsigned count = held_of(endpoint, held->local_id, now_ns);
        if (count > most) {
            most = count;
            place = held;
        }
    }
    return place;
}

/* Keeps a short packet that overtook message 3; false when there is no room for it. */
static bool hold_early(struct wzp_endpoint *endpoint, const struct half_open *half_open,
                       struct wzp_slice datagram, int64_t now_ns)
{
    struct held_packet *held = place_early(endpoint, half_open->local_id, now_ns);
    if (!held)
        return false;
    *held = (struct held_packet){.local_id = half_open->local_id, .at_ns = now_ns, .len = datagram.len};
    memcpy(held->datagram, datagram.data, datagram.len);
    return true;
}

/* Where a packet came from, to which of our ids, and how large it was. */
struct arrival {
    struct wzp_addr from;
    uint64_t id_sequence;
    size_t len;
};

static void begin_frames(struct wzp_endpoint *endpoint, struct session *session,
                         const struct arrival *arrival, const struct opened *opened, int64_t now_ns)
{
    migrate_on_packet(endpoint, session, &arrival->from, arrival->id_sequence, arrival->len,
                      opened->number >= session->replay.next, now_ns);
    wzp_replay_mark(&session->replay, opened->number);
    session->heard_at_ns = now_ns;
    session->is_reset_hinted = false;
    if (!session->is_confirmed)
        migrate_on_confirmed(endpoint, session, now_ns);
    if (session->state == SESSION_HANDSHAKING)
        handshake_confirm(endpoint, session, now_ns);
    session->is_confirmed = true;
    session->probe_at_ns = endpoint_next_probe(endpoint, session, now_ns);
    endpoint->frames = wzp_reader_make(endpoint->open_buffer, opened->len);
    endpoint->frames_session = session->index + 1;
    endpoint->frames_phase = PHASE_SHORT;
    endpoint->frames_number = opened->number;
    endpoint->frames_from = arrival->from;
    endpoint->frames_generation = rekey_on_opened(endpoint, session, opened->phase, now_ns);
    endpoint->frames_size = arrival->len + IP_UDP_HEADER;
    endpoint->frames_eliciting = false;
    endpoint->frames_refused = false;
    endpoint->frames_carry_media = false;
    endpoint->frames_have_media = false;
}

/* A short packet under IK proves that its sender is no replay: its half-open handshake becomes a session. */
static enum wzp_drop receive_first(struct wzp_endpoint *endpoint, const struct wzp_addr *from,
                                   struct half_open *half_open, struct wzp_slice datagram, int64_t now_ns)
{
    if (!half_open->has_keys)
        return hold_early(endpoint, half_open, datagram, now_ns) ? WZP_DROP_COUNT : WZP_DROP_EARLY;
    const struct wzp_replay none = {0};
    struct wzp_hop_key key;
    struct opened opened;
    wzp_hop_key_init(&key, half_open->split.receive);
    enum wzp_drop drop = receive_open((const struct wzp_hop_key *[2]){&key, NULL}, &none, datagram,
                                      endpoint->open_buffer, &opened);
    wzp_hop_key_deinit(&key);
    if (drop != WZP_DROP_COUNT)
        return drop;
    struct session *session = handshake_promote(endpoint, half_open, now_ns);
    if (!session)
        return WZP_DROP_SESSIONS_FULL;
    if (session->state == SESSION_ACTIVE)
        begin_frames(endpoint, session, &(struct arrival){*from, 0, datagram.len}, &opened, now_ns);
    return WZP_DROP_COUNT;
}

static enum wzp_drop open_short(struct wzp_endpoint *endpoint, const struct wzp_addr *from,
                                struct wzp_slice datagram, int64_t now_ns)
{
    if (datagram.len < SHORT_NUMBER_OFFSET || datagram.len > WZP_DATAGRAM_CEILING)
        return WZP_DROP_TRUNCATED;
    struct wzp_reader reader = wzp_reader_make(datagram.data + SHORT_ID_OFFSET, 4);
    uint32_t id = wzp_read_u32(&reader);
    struct session *session = endpoint_session(endpoint, id);
    if (!session) {
        struct half_open *half_open = endpoint_half_open(endpoint, id);
        return half_open ? receive_first(endpoint, from, half_open, datagram, now_ns)
                         : reset_on_unknown(endpoint, from, id, datagram.len, now_ns);
    }
    if (session->state == SESSION_CLOSING || session->state == SESSION_CLOSED)
        return WZP_DROP_CLOSED;
    if (!session->has_keys)
        return WZP_DROP_EARLY;
    const struct local_id *local = ids_find(&session->moving.ids, id);
    if (!local)
        return WZP_DROP_CONNECTION_UNKNOWN; /* retired; only its owner still calls the session so */
    const struct arrival arrival = {*from, local->sequence, datagram.len};
    const struct wzp_hop_key *keys[2];
    struct opened opened;
    rekey_receive_keys(session, keys);
    enum wzp_drop drop = receive_open(keys, &session->replay, datagram, endpoint->open_buffer, &opened);
    if (drop == WZP_DROP_COUNT)
        begin_frames(endpoint, session, &arrival, &opened, now_ns);
    else if (drop == WZP_DROP_SEAL)
        rekey_on_failed_open(endpoint, session, now_ns);
    return drop;
}

void receive_short(struct wzp_endpoint *endpoint, const struct wzp_addr *from, struct wzp_slice datagram,
                   int64_t now_ns)
{
    enum wzp_drop drop = open_short(endpoint, from, datagram, now_ns);
    if (drop != WZP_DROP_COUNT)
        drop = reset_recognise(endpoint, datagram, drop);
    if (drop != WZP_DROP_COUNT)
        endpoint_drop(endpoint, 0, drop, datagram.len);
}

bool receive_held(struct wzp_endpoint *endpoint)
{
    for (unsigned i = 0; endpoint->held && i < WZP_HELD_EARLY_MAX; i++) {
        struct held_packet *held = &endpoint->held[i];
        if (!held->local_id || !endpoint_session(endpoint, held->local_id))
            continue;
        struct wzp_addr from = endpoint_session(endpoint, held->local_id)->peer_addr;
        held->local_id = 0;
        receive_short(endpoint, &from, (struct wzp_slice){held->datagram, held->len}, endpoint->now_ns);
        return true;
    }
    return false;
}

/* ---- frames: one table, frame x phase x handler; a handler returns true when it made an event ---- */

struct frame_road {
    struct wzp_endpoint *endpoint;
    struct session *session;
    struct wzp_frame *frame;
    struct wzp_event *event;
};

static bool fail(const struct frame_road *road, enum wzp_drop drop, enum wzp_close_reason reason)
{
    endpoint_drop(road->endpoint, road->session->local_id, drop, 0);
    endpoint_close(road->endpoint, road->session, reason, road->endpoint->now_ns);
    return false;
}

static bool on_nothing(const struct frame_road *road)
{
    (void)road;
    return false;
}

/* What arrived, told by an ACK or a FEEDBACK frame with this largest number. */
static void take_acknowledged(const struct frame_road *road, uint64_t largest,
                              const struct wzp_ack_result *result)
{
    struct session *session = road->session;
    for (unsigned i = 0; i < result->newly_acked; i++) {
        const struct wzp_sent_packet *packet = result->acked[i];
        for (unsigned part = 0; part < packet->stream_parts; part++)
            if (packet->stream[part].id == 0)
                wzp_stream_send_on_acked(&session->stream_out, packet->stream[part].offset,
                                         packet->stream[part].len);
        streams_on_packet_acked(session, packet);
        if (packet->has_full_header)
            headers_on_acked(&session->headers_out, packet->media_key, packet->number, packet->sequence,
                             packet->timestamp_ms);
        if (packet->has_rekey)
            rekey_on_acked(session, packet->number, road->endpoint->now_ns);
        if (packet->number == session->credit_number)
            session->credit_at_ns = WZP_NEVER;
        migrate_on_acked(road->endpoint, session, packet, road->endpoint->now_ns);
    }
    if (result->rtt_sample_ns >= 0 && largest >= session->moving.first_number)
        wzp_rtt_on_sample(&session->rtt, result->rtt_sample_ns, result->ack_delay_ns);
    wzp_loss_on_ack(&session->loss, &session->sent);
    streams_on_ack(road->endpoint, session, result);
}

static bool on_impossible_ack(const struct frame_road *road)
{
    endpoint_drop(road->endpoint, road->session->local_id, WZP_DROP_ACK_IMPOSSIBLE, 0);
    return false;
}

static bool on_ack(const struct frame_road *road)
{
    const struct wzp_frame_ack *ack = &road->frame->ack;
    struct wzp_ack_result result;
    if (wzp_sent_on_ack(&road->session->sent, ack, road->endpoint->now_ns, &result) != WZP_ACK_OK)
        return on_impossible_ack(road);
    take_acknowledged(road, ack->largest, &result);
    return false;
}

static bool on_feedback(const struct frame_road *road)
{
    struct session *session = road->session;
    struct wzp_feedback_report report;
    struct wzp_ack_result result;
    if (!wzp_feedback_read(&road->frame->feedback, &report))
        return fail(road, WZP_DROP_FRAME_MALFORMED, WZP_CLOSE_REASON_FRAME_MALFORMED);
    report.receipts.is_prompt &= session->bulk.packets ==
                                 0; /* bulk measures by what is acknowledged at once */
    if (wzp_sent_on_receipts(&session->sent, &report.receipts, road->endpoint->now_ns, &result) != WZP_ACK_OK)
        return on_impossible_ack(road);
    if (wzp_feedback_on_report(&session->feedback_seen, &report, &session->sent, road->endpoint->now_ns)) {
        wzp_loss_on_report(&session->loss, report.receipts.largest, report.loss_permille, report.burst_16);
        pace_on_report(session, &report, road->endpoint->now_ns);
    }
    take_acknowledged(road, report.receipts.largest, &result);
    return false;
}

static bool on_path_rate(const struct frame_road *road)
{
    pace_on_told(road->session, road->frame->path_rate.rate_kbps);
    return false;
}

static bool on_load(const struct frame_road *road)
{
    pace_on_load(road->session, road->endpoint->now_ns);
    wzp_feedback_on_load(&road->session->feedback, road->endpoint->now_ns);
    return false;
}

static bool on_load_wanted(const struct frame_road *road)
{
    pace_on_wish(road->endpoint, road->session, &road->frame->load_wanted);
    return false;
}

/* Frames of streams above 0, and of what they share: session/streams.c. */
static bool on_bulk(const struct frame_road *road)
{
    enum wzp_close_reason reason;
    enum wzp_drop drop = streams_on_frame(road->endpoint, road->session, road->frame, &reason);
    if (drop == WZP_DROP_COUNT)
        return false;
    if (drop != WZP_DROP_STREAM_NO_ROOM)
        return fail(road, drop, reason);
    endpoint_drop(road->endpoint, road->session->local_id, drop, 0);
    road->endpoint->frames_refused = true;
    return false;
}

static bool on_stream(const struct frame_road *road)
{
    const struct wzp_frame_stream *frame = &road->frame->stream;
    if (frame->id != 0 && road->endpoint->frames_phase == PHASE_FINISH)
        return fail(road, WZP_DROP_FRAME_UNEXPECTED, WZP_CLOSE_REASON_FRAME_UNEXPECTED);
    if (frame->id != 0)
        return on_bulk(road);
    if (wzp_stream_receive_put(&road->session->stream_in, frame->offset, frame->data.data, frame->data.len) !=
        WZP_STREAM_OK)
        return fail(road, WZP_DROP_STREAM_LIMIT, WZP_CLOSE_REASON_FLOW_CONTROL);
    endpoint_notify(road->endpoint, road->session, NOTICE_SIGNAL);
    return false;
}

static bool on_max_stream_data(const struct frame_road *road)
{
    if (road->frame->max_stream_data.id != 0)
        return on_bulk(road);
    wzp_stream_send_set_limit(&road->session->stream_out, road->frame->max_stream_data.limit);
    return false;
}

static bool on_moving(const struct frame_road *road)
{
    if (!migrate_on_frame(road->endpoint, road->session, road->frame, &road->endpoint->frames_from,
                          road->endpoint->now_ns))
        return fail(road, WZP_DROP_CONNECTION_ID, WZP_CLOSE_REASON_CONNECTION_ID);
    return false;
}

static bool give_media(const struct frame_road *road, uint16_t slot, const struct wzp_media_header *header,
                       struct wzp_slice payload, bool is_repaired)
{
    if (!repair_on_media(road->session, slot, header, payload)) {
        endpoint_drop(road->endpoint, road->session->local_id, WZP_DROP_REPAIR_DUPLICATE, payload.len);
        return false;
    }
    if (!is_repaired) /* what was is late by nature */
        wzp_feedback_on_media(&road->session->feedback, repair_key(slot, header) >> REPAIR_KEY_STREAM,
                              header->timestamp_ms, road->endpoint->now_ns);
    road->event->kind = WZP_EVENT_MEDIA;
    road->event->media.slot = slot;
    road->event->media.header = *header;
    road->event->media.payload = payload;
    road->event->media.is_repaired = is_repaired;
    road->event->media.is_recovered = false;
    struct wzp_writer writer = wzp_writer_make(road->event->media.header_bytes, WZP_MEDIA_HEADER_LEN);
    wzp_media_header_encode(&writer, header);
    return true;
}

static bool on_media(const struct frame_road *road)
{
    struct wzp_frame_media *frame = &road->frame->media;
    bool is_repaired = frame->header.flags & WZP_MEDIA_FLAG_REPAIRED;
    frame->header.flags &= (uint8_t)~WZP_MEDIA_FLAG_REPAIRED;
    if ((frame->header.flags & ~MEDIA_FLAGS_SEALED) != 0 ||
        frame->header.media_type > WZP_MEDIA_TYPE_CONTROL) {
        endpoint_drop(road->endpoint, road->session->local_id, WZP_DROP_MEDIA_HEADER, frame->payload.len);
        return false;
    }
    if (!road->endpoint->frames_have_media)
        headers_remember(&road->session->headers_in, road->endpoint->frames_number, frame->slot,
                         &frame->header);
    road->endpoint->frames_have_media = true;
    return give_media(road, frame->slot, &frame->header, frame->payload, is_repaired);
}

static bool on_media_mini(const struct frame_road *road)
{
    uint16_t slot;
    struct wzp_media_header header;
    bool is_repaired = road->frame->media_mini.ref & MINI_REPAIRED;
    road->frame->media_mini.ref &= (uint16_t)~MINI_REPAIRED;
    if (!headers_rebuild(&road->session->headers_in, road->endpoint->frames_number, &road->frame->media_mini,
                         &slot, &header)) {
        endpoint_drop(road->endpoint, road->session->local_id, WZP_DROP_MINI_REF_UNKNOWN,
                      road->frame->media_mini.payload.len);
        return false;
    }
    return give_media(road, slot, &header, road->frame->media_mini.payload, is_repaired);
}

static bool on_repair(const struct frame_road *road)
{
    struct wzp_endpoint *endpoint = road->endpoint;
    endpoint->counters.repairs_in++;
    if (endpoint->config.passes_repair) {
        endpoint->repair_frame = road->frame->repair;
        road->event->kind = WZP_EVENT_REPAIR;
        road->event->repair = &endpoint->repair_frame;
        return true;
    }
    enum wzp_drop drop = repair_on_frame(road->session, &road->frame->repair, endpoint->now_ns);
    if (drop != WZP_DROP_COUNT)
        endpoint_drop(endpoint, road->session->local_id, drop, road->frame->repair.symbol.len);
    return false;
}

static bool on_key(const struct frame_road *road)
{
    road->event->kind = WZP_EVENT_KEY;
    road->event->key.slot = road->frame->key.slot;
    memcpy(road->endpoint->key_body, road->frame->key.body, WZP_KEY_BODY_LEN);
    road->event->key.body = road->endpoint->key_body;
    return true;
}

static bool on_key_ack(const struct frame_road *road)
{
    road->event->kind = WZP_EVENT_KEY_ACK;
    road->event->key_ack.slot = road->frame->key_ack.slot;
    memcpy(road->endpoint->key_body, road->frame->key_ack.body, WZP_KEY_ACK_BODY_LEN);
    road->event->key_ack.body = road->endpoint->key_body;
    return true;
}

static bool on_rekey(const struct frame_road *road)
{
    if (rekey_on_frame(road->endpoint, road->session, &road->frame->rekey, road->endpoint->frames_generation,
                       road->endpoint->now_ns))
        return false;
    return fail(road, WZP_DROP_REKEY, WZP_CLOSE_REASON_REKEY);
}

static bool on_close(const struct frame_road *road)
{
    struct session *session = road->session;
    session->close_text_len = road->frame->close.text.len;
    memcpy(session->close_text, road->frame->close.text.data, session->close_text_len);
    endpoint_end(road->endpoint, session, (enum wzp_close_reason)road->frame->close.reason, true);
    return false;
}

static const struct {
    bool in_finish; /* may ride in message 3 */
    bool (*handle)(const struct frame_road *road);
} frame_table[] = {
    [WZP_FRAME_TYPE_PING] = {false, on_nothing},
    [WZP_FRAME_TYPE_ACK] = {false, on_ack},
    [WZP_FRAME_TYPE_STREAM] = {true, on_stream},
    [WZP_FRAME_TYPE_MAX_STREAM_DATA] = {false, on_max_stream_data},
    [WZP_FRAME_TYPE_STREAM_END] = {false, on_bulk},
    [WZP_FRAME_TYPE_STREAM_RESET] = {false, on_bulk},
    [WZP_FRAME_TYPE_STREAM_STOP] = {false, on_bulk},
    [WZP_FRAME_TYPE_MAX_DATA] = {false, on_bulk},
    [WZP_FRAME_TYPE_MAX_STREAMS] = {false, on_bulk},
    [WZP_FRAME_TYPE_REKEY] = {false, on_rekey},
    [WZP_FRAME_TYPE_PATH_CHALLENGE] = {false, on_moving},
    [WZP_FRAME_TYPE_PATH_RESPONSE] = {false, on_moving},
    [WZP_FRAME_TYPE_NEW_CONNECTION_ID] = {false, on_moving},
    [WZP_FRAME_TYPE_RETIRE_CONNECTION_ID] = {false, on_moving},
    [WZP_FRAME_TYPE_MEDIA] = {false, on_media},
    [WZP_FRAME_TYPE_MEDIA_MINI] = {false, on_media_mini},
    [WZP_FRAME_TYPE_KEY] = {false, on_key},
    [WZP_FRAME_TYPE_KEY_ACK] = {false, on_key_ack},
    [WZP_FRAME_TYPE_REPAIR] = {false, on_repair},
    [WZP_FRAME_TYPE_FEEDBACK] = {false, on_feedback},
    [WZP_FRAME_TYPE_PATH_RATE] = {false, on_path_rate},
    [WZP_FRAME_TYPE_LOAD] = {false, on_load},
    [WZP_FRAME_TYPE_LOAD_WANTED] = {false, on_load_wanted},
    [WZP_FRAME_TYPE_CLOSE] = {false, on_close},
};

/* All frames are read: what has to be acknowledged is known now. */
static void end_frames(struct wzp_endpoint *endpoint, struct session *session)
{
    endpoint->frames_session = 0;
    if (endpoint->frames_phase == PHASE_SHORT && !endpoint->frames_refused) {
        wzp_received_on_packet(&session->received, endpoint->frames_number, endpoint->frames_eliciting,
                               endpoint->now_ns);
        wzp_feedback_on_packet(&session->feedback, endpoint->frames_number, endpoint->frames_size,
                               endpoint->frames_carry_media, endpoint->now_ns);
    }
    endpoint_schedule(endpoint, session);
}

bool receive_next(struct wzp_endpoint *endpoint, struct wzp_event *event)
{
    struct session *session = &endpoint->sessions[endpoint->frames_session - 1];
    struct wzp_frame frame;
    struct frame_road road = {endpoint, session, &frame, event};
    if (repair_event(endpoint, session, event))
        return true;
    switch (wzp_frame_decode(&endpoint->frames, &frame)) {
    case WZP_FRAME_END:
        end_frames(endpoint, session);
        return false;
    case WZP_FRAME_UNKNOWN:
        return fail(&road, WZP_DROP_FRAME_UNKNOWN, WZP_CLOSE_REASON_FRAME_UNKNOWN);
    case WZP_FRAME_MALFORMED:
        return fail(&road, WZP_DROP_FRAME_MALFORMED, WZP_CLOSE_REASON_FRAME_MALFORMED);
    case WZP_FRAME_OK:
        break;
    }
    WZP_CHECK(frame.type < sizeof frame_table / sizeof *frame_table && frame_table[frame.type].handle);
    if (endpoint->frames_phase == PHASE_FINISH && !frame_table[frame.type].in_finish)
        return fail(&road, WZP_DROP_FRAME_UNEXPECTED, WZP_CLOSE_REASON_FRAME_UNEXPECTED);
    bool is_media = wzp_frame_is_media(frame.type);
    endpoint->frames_carry_media |= is_media;
    endpoint->frames_eliciting |= wzp_frame_is_eliciting(frame.type) &&
                                  !(is_media &&
                                    wzp_feedback_is_flowing(&session->feedback, endpoint->now_ns));
    event->session = session->local_id;
    event->session_index = session->index;
    return frame_table[frame.type].handle(&road);
}

bool receive_signal(struct wzp_endpoint *endpoint, struct session *session, struct wzp_event *event)
{
    uint8_t prefix[2];
    if (!wzp_stream_receive_copy(&session->stream_in, 0, prefix, sizeof prefix))
        return false;
    size_t len = (size_t)prefix[0] << 8 | prefix[1];
    if (len == 0 || len > WZP_SIGNAL_MAX) {
        endpoint_drop(endpoint, session->local_id, WZP_DROP_SIGNAL_MALFORMED, len);
        endpoint_close(endpoint, session, WZP_CLOSE_REASON_SIGNAL_MALFORMED, endpoint->now_ns);
        return false;
    }
    if (!wzp_stream_receive_copy(&session->stream_in, sizeof prefix, endpoint->signal_buffer, len))
        return false;
    wzp_stream_receive_consume(&session->stream_in, sizeof prefix + len);
    if (wzp_stream_receive_credit(&session->stream_in, &session->credit_limit)) {
        session->credit_at_ns = endpoint->now_ns;
        endpoint_schedule(endpoint, session);
    }
    event->kind = WZP_EVENT_SIGNAL;
    event->signal = (struct wzp_slice){endpoint->signal_buffer, len};
    return true;
}
