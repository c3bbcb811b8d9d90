// SPDX-License-Identifier: Apache-2.0
/* The one road out: what waits is put into one packet, in the order of service, sealed, and masked. */
#include "base/check.h"
#include "session/gather.h"
#include "session/migrate.h"

#include <string.h>

#define SHORT_NUMBER_OFFSET 5
#define ALONE_OVERHEAD      (IP_UDP_HEADER + SHORT_NUMBER_OFFSET + WZP_NUMBER_LEN_MAX + WZP_TAG_LEN)
#define IDS_BYTES           64 /* of connection ids in a packet, at most */
#define CONTROL_BYTES       64 /* at most: PING 1, MAX_STREAM_DATA 10, REKEY 41 */
#define SAID_AGAIN_NS       (200 * WZP_MS)
#define SIGNAL_ROOM_MIN     300            /* bytes */
#define BESIDE_MEDIA_MAX    160            /* stream bytes and overhead in a packet with media or keys */
#define QUEUED_FRAME_HEAD   5              /* type, slot, length of the payload */
#define STARVED_NS          WZP_S          /* that a signal, or a late stream, found no room */
#define STALE_NS            (400 * WZP_MS) /* media that waited so long here is not worth its bytes */
#define LOAD_NS             (10 * WZP_MS)  /* of the pace, in a packet of it */
#define LOAD_TALK_NS        (2 * WZP_MS)   /* beside speech, which waits behind it */
#define LOAD_MIN            100            /* bytes */
#define LOAD_TRAIN          60

static bool has_media(const struct wzp_endpoint *endpoint, const struct session *session)
{
    return endpoint->now_ns - session->media_sent_ns < WZP_S;
}

/* Streams leave a quarter of the rate free while there is media. */
static size_t room_of_streams(const struct wzp_endpoint *endpoint, const struct session *session)
{
    uint64_t rate = repair_bound(endpoint, session);
    return ROOM_STREAMS + (has_media(endpoint, session) ? (size_t)(rate / 64) : 0);
}

/* Beside media streams take what the pace leaves; alone they have a pace of their own. */
static int64_t streams_wait_for(const struct wzp_endpoint *endpoint, const struct session *session)
{
    return has_media(endpoint, session) ? pace_at(session, 0) : INT64_MIN;
}

/* When streams may leave: as far as there is room for everything better, or on their own account. */
static int64_t streams_at(const struct wzp_endpoint *endpoint, const struct session *session, int64_t from_ns)
{
    int64_t left_ns = endpoint_rate_at(endpoint, session, room_of_streams(endpoint, session),
                                       wzp_time_max(from_ns, streams_wait_for(endpoint, session)));
    int64_t own_ns = endpoint_rate_at(endpoint, session, share_room(endpoint, session),
                                      wzp_time_max(from_ns, share_streams_at(endpoint, session)));
    return wzp_time_min(left_ns, own_ns);
}

/* The train keeps to what the handshake keeps to, with it, in any half second: 64 kbit/s; beside media, to
 * four times that. */
static int64_t train_at(const struct wzp_endpoint *endpoint, const struct session *session)
{
    struct wzp_rate modest = session->rate;
    wzp_rate_set(&modest, has_media(endpoint, session) ? 4 * HANDSHAKE_RATE_BPS : HANDSHAKE_RATE_BPS);
    size_t bytes = session->pace.train_left * (LOAD_TRAIN + ALONE_OVERHEAD);
    int64_t at_ns = wzp_rate_at(&modest, bytes < modest.bytes_max ? bytes : modest.bytes_max,
                                endpoint->now_ns);
    return endpoint_rate_at(endpoint, session, bytes, at_ns);
}

/* When load may fill what nothing better takes. */
static int64_t load_at(const struct wzp_endpoint *endpoint, const struct session *session)
{
    if (session->pace.train_left)
        return train_at(endpoint, session);
    if (!pace_wants_load(session, endpoint->now_ns))
        return WZP_NEVER;
    return endpoint_rate_at(endpoint, session, room_of_streams(endpoint, session), pace_at(session, 0));
}

/* What a piece of a signal needs: a third of what half a second may carry, or it would wait for silence. */
static size_t signal_room(const struct wzp_endpoint *endpoint, const struct session *session)
{
    uint64_t own = endpoint->rate.bytes_max, peer = session->rate.bytes_max;
    uint64_t bound = own && (!peer || own < peer) ? own : peer;
    uint64_t third = bound / 3 < SIGNAL_ROOM_MIN ? SIGNAL_ROOM_MIN : bound / 3;
    return bound && third < ROOM_SIGNAL ? (size_t)third : ROOM_SIGNAL;
}

static struct wzp_stream_path path_of(const struct session *session)
{
    return (struct wzp_stream_path){
        .rtt_ns = wzp_rtt_known_ns(&session->rtt),
        .rtt_var_ns = session->rtt.var_ns,
        .loss_permille = wzp_loss_permille(&session->loss),
    };
}

/* When signals want a packet. */
static int64_t signal_at(const struct session *session)
{
    if (wzp_stream_send_is_done(&session->stream_out))
        return WZP_NEVER;
    struct wzp_stream_path path = path_of(session);
    return wzp_stream_send_next_at(&session->stream_out, &path);
}

/* Without it they would take all room for ever. */
size_t send_reserved(const struct wzp_endpoint *endpoint, const struct session *session)
{
    bool waits = signal_at(session) <= endpoint->now_ns;
    if (session->state == SESSION_CLOSING)
        return 0;
    return waits ? signal_room(endpoint, session) : share_reserved(endpoint, session);
}

/* Bytes that the first frame of a queue needs, everything around it counted. */
static size_t room_of(const struct wzp_endpoint *endpoint, const struct session *session,
                      const struct send_queue *queue)
{
    struct send_entry entry = {0};
    send_queue_first(queue, &entry);
    return IP_UDP_HEADER + QUEUE_PACKET_BYTES + QUEUED_FRAME_HEAD + entry.body.len +
           send_reserved(endpoint, session);
}

/* A packet in the making. */
struct packet {
    struct session *session;
    struct wzp_sent_packet *record;
    struct wzp_writer writer;
    uint64_t number;
    size_t room; /* bytes that the bounds of the rate let out */
    bool is_eliciting, has_media, carries_media, carries_queue, carries_repair, is_load;
};

static void put_media(const struct wzp_endpoint *endpoint, struct packet *packet,
                      const struct send_entry *entry, int64_t now_ns)
{
    struct wzp_reader reader = wzp_reader_make(entry->body.data, entry->body.len);
    struct wzp_media_header header;
    WZP_CHECK(wzp_media_header_decode(&reader, &header));
    struct wzp_slice payload = wzp_read_bytes(&reader, wzp_reader_left(&reader));
    struct headers_out *out = &packet->session->headers_out;
    repair_on_sent(endpoint, packet->session, entry->slot, &header, payload, now_ns);
    struct wzp_frame_media_mini mini;
    if (headers_compress(out, entry->slot, &header, packet->number, &mini)) {
        mini.payload = payload;
        mini.ref |= entry->is_repaired ? MINI_REPAIRED : 0;
        wzp_frame_media_mini_encode(&packet->writer, &mini);
        return;
    }
    struct wzp_frame_media full = {.slot = entry->slot, .header = header, .payload = payload};
    full.header.flags |= entry->is_repaired ? WZP_MEDIA_FLAG_REPAIRED : 0;
    wzp_frame_media_encode(&packet->writer, &full);
    packet->is_eliciting = true;
    if (packet->has_media)
        return; /* only a packet's first full header is built on */
    packet->has_media = true;
    packet->record->media_key = headers_on_full_sent(out, entry->slot, &header, packet->number);
    packet->record->has_full_header = packet->record->media_key != 0;
    packet->record->sequence = header.sequence;
    packet->record->timestamp_ms = header.timestamp_ms;
}

static void put_body(struct packet *packet, const struct send_entry *entry)
{
    wzp_write_u8(&packet->writer, (uint8_t)entry->type);
    if (entry->type != WZP_FRAME_TYPE_REPAIR)
        wzp_write_u16(&packet->writer, entry->slot);
    wzp_write_bytes(&packet->writer, entry->body.data, entry->body.len);
    packet->is_eliciting |= entry->type != WZP_FRAME_TYPE_REPAIR;
}

/* Frames of media that waited too long make room for those that did not. */
static void drop_stale(struct wzp_endpoint *endpoint, const struct session *session, struct send_queue *queue,
                       int64_t now_ns)
{
    struct send_entry entry;
    while (send_queue_first(queue, &entry) && entry.type == WZP_FRAME_TYPE_MEDIA &&
           now_ns - entry.queued_ns > STALE_NS) {
        endpoint_drop(endpoint, session->local_id, WZP_DROP_MEDIA_LATE, entry.body.len);
        send_queue_pop(queue);
    }
}

static void put_queue(struct wzp_endpoint *endpoint, struct packet *packet, struct send_queue *queue,
                      int64_t now_ns)
{
    struct send_entry entry;
    while (send_queue_first(queue, &entry)) {
        if (wzp_writer_left(&packet->writer) < QUEUED_FRAME_HEAD + entry.body.len)
            return;
        if (entry.type == WZP_FRAME_TYPE_REPAIR && packet->carries_queue)
            return; /* it is the last frame of its packet */
        packet->carries_queue = true;
        packet->carries_repair = entry.type == WZP_FRAME_TYPE_REPAIR;
        packet->carries_media |= entry.type == WZP_FRAME_TYPE_MEDIA;
        if (entry.type == WZP_FRAME_TYPE_MEDIA)
            put_media(endpoint, packet, &entry, now_ns);
        else
            put_body(packet, &entry);
        send_queue_pop(queue);
        if (packet->carries_repair)
            return;
    }
}

static void put_stream(const struct wzp_endpoint *endpoint, struct packet *packet, int64_t now_ns)
{
    const size_t overhead = 1 + 1 + 8 + 2; /* type, id, offset, length at most */
    uint8_t *end = packet->writer.end;
    size_t signal = signal_room(endpoint, packet->session);
    if (signal < ROOM_SIGNAL && wzp_writer_left(&packet->writer) > signal - ALONE_OVERHEAD)
        packet->writer.end = packet->writer.at + signal - ALONE_OVERHEAD;
    /* On a thin link a long message beside it would make a sound late: it gets a packet of its own. */
    if (packet->carries_queue && wzp_writer_left(&packet->writer) > BESIDE_MEDIA_MAX)
        packet->writer.end = packet->writer.at + BESIDE_MEDIA_MAX;
    const unsigned parts_max = sizeof packet->record->stream / sizeof *packet->record->stream;
    struct session *session = packet->session;
    struct wzp_stream_path path = path_of(session);
    uint64_t offset;
    const uint8_t *data;
    size_t len;
    while (packet->record->stream_parts < parts_max && wzp_writer_left(&packet->writer) > overhead &&
           wzp_stream_send_next(&session->stream_out, now_ns, &path,
                                wzp_writer_left(&packet->writer) - overhead, &offset, &data, &len)) {
        struct wzp_frame_stream frame = {.id = 0, .offset = offset, .data = {data, len}};
        wzp_frame_stream_encode(&packet->writer, &frame);
        session->signal_sent_ns = now_ns;
        unsigned part = packet->record->stream_parts++;
        packet->record->stream[part].offset = offset;
        packet->record->stream[part].len = (uint16_t)len;
        packet->is_eliciting = true;
    }
    packet->writer.end = end;
}

/* What tells of arrivals takes all but what PING, credit and REKEY need, which are written unasked. */
static size_t room_to_tell(const struct packet *packet)
{
    size_t left = wzp_writer_left(&packet->writer);
    return left > CONTROL_BYTES ? left - CONTROL_BYTES : 0;
}

static void put_ack(struct packet *packet, int64_t now_ns)
{
    struct wzp_frame_ack ack;
    if (wzp_received_ack_at(&packet->session->received) != WZP_NEVER &&
        wzp_received_ack(&packet->session->received, now_ns, room_to_tell(packet), &ack))
        wzp_frame_ack_encode(&packet->writer, &ack);
}

/* With what is queued a report rides; any other packet it pays for as if it left for it alone. What it tells
 * needs no ACK. */
static void put_feedback(struct wzp_endpoint *endpoint, struct packet *packet, int64_t now_ns)
{
    struct session *session = packet->session;
    size_t overhead = session->queue.used ? 0 : ALONE_OVERHEAD;
    struct wzp_frame_feedback feedback;
    if (!wzp_feedback_make(&session->feedback, room_to_tell(packet), overhead, now_ns, &feedback))
        return;
    wzp_frame_feedback_encode(&packet->writer, &feedback);
    wzp_received_on_told(&session->received, now_ns);
    endpoint->counters.feedback_out++;
    endpoint->counters.feedback_bytes_out += wzp_frame_feedback_size(&feedback) + overhead;
}

/* The peer is told what it can have, so that it can tell those who speak to it. */
static void put_path_rate(struct packet *packet, int64_t now_ns)
{
    uint64_t rate_bps;
    if (pace_says(packet->session, now_ns, &rate_bps))
        wzp_frame_path_rate_encode(&packet->writer,
                                   &(struct wzp_frame_path_rate){.rate_kbps = rate_bps / 1000});
}

/* The pace is filled where there is nothing better to send: to probe what the path carries. */
static void put_load(struct wzp_endpoint *endpoint, struct packet *packet, int64_t now_ns)
{
    static const uint8_t zeros[WZP_DATAGRAM_CEILING];
    struct session *session = packet->session;
    size_t left = wzp_writer_left(&packet->writer);
    if (load_at(endpoint, session) > now_ns || packet->carries_queue || packet->carries_repair ||
        left < LOAD_MIN)
        return;
    int64_t piece_ns = has_media(endpoint, session) ? LOAD_TALK_NS : LOAD_NS;
    uint64_t bytes = session->pace.pacer.rate_bps / 8 * (uint64_t)piece_ns / (uint64_t)WZP_S;
    bytes = session->pace.train_left ? LOAD_TRAIN : bytes < LOAD_MIN ? LOAD_MIN : bytes;
    session->pace.train_left -= session->pace.train_left > 0;
    put_path_rate(packet, now_ns);
    left = wzp_writer_left(&packet->writer);
    struct wzp_frame_load load = {{zeros, bytes < left - 1 ? (size_t)bytes : left - 1}};
    wzp_frame_load_encode(&packet->writer, &load);
    packet->is_load = true;
    endpoint->dscp = 0;
}

/* What waited long for the room that is reserved to it gets it: behind the first frame of a queue others
 * follow only as far as they leave it free. */
static void leave_reserved(const struct wzp_endpoint *endpoint, struct packet *packet,
                           const struct send_queue *queue)
{
    size_t reserved = send_reserved(endpoint, packet->session);
    int64_t left_ns = wzp_time_min(packet->session->signal_sent_ns,
                                   share_streams_at(endpoint, packet->session));
    struct send_entry first;
    if (!reserved || left_ns > endpoint->now_ns - STARVED_NS || !send_queue_first(queue, &first))
        return;
    size_t around = IP_UDP_HEADER + QUEUE_PACKET_BYTES + wzp_writer_len(&packet->writer) + reserved;
    size_t most = packet->room > around ? packet->room - around : 0,
           least = QUEUED_FRAME_HEAD + first.body.len;
    most = most > least ? most : least;
    if (most < wzp_writer_left(&packet->writer))
        packet->writer.end = packet->writer.at + most;
}

/* Keys, control and speech as they came, whatever the pace says; else video, if the pacer lets it out. */
static void put_queues(struct wzp_endpoint *endpoint, struct packet *packet, int64_t now_ns)
{
    struct session *session = packet->session;
    struct send_queue *queue = session->queue.used ? &session->queue : &session->video;
    drop_stale(endpoint, session, queue, now_ns);
    if (!queue->used || (queue == &session->video && pace_at(session, 0) > now_ns) ||
        !endpoint_has_room(endpoint, session, room_of(endpoint, session, queue), packet->room))
        return;
    put_path_rate(packet, now_ns);
    uint8_t *end = packet->writer.end;
    leave_reserved(endpoint, packet, queue);
    put_queue(endpoint, packet, queue, now_ns);
    packet->writer.end = end;
    if (!packet->carries_media)
        return;
    wzp_bulk_on_media(&session->bulk, now_ns);
    session->media_sent_ns = now_ns;
    if (queue == &session->video) {
        session->video_sent_ns = now_ns;
        endpoint->dscp = WZP_DSCP_AF41;
    }
}

static bool put_streams(struct wzp_endpoint *endpoint, struct packet *packet, int64_t now_ns)
{
    struct session *session = packet->session;
    uint8_t *end = packet->writer.end;
    size_t piece = share_piece(endpoint, session), left = share_left(endpoint, session);
    bool is_left = streams_wait_for(endpoint, session) <= now_ns &&
                   endpoint_has_room(endpoint, session, room_of_streams(endpoint, session), packet->room);
    bool is_own = share_streams_at(endpoint, session) <= now_ns &&
                  endpoint_has_room(endpoint, session, share_room(endpoint, session), packet->room);
    if (!is_left && !is_own)
        return false;
    if (is_left)
        piece = left;
    if (wzp_writer_left(&packet->writer) > piece - ALONE_OVERHEAD)
        packet->writer.end = packet->writer.at + piece - ALONE_OVERHEAD;
    bool put = streams_put(session, &packet->writer, packet->record, packet->number, packet->carries_queue,
                           now_ns);
    packet->writer.end = end;
    packet->is_eliciting |= put;
    if (put && !packet->carries_queue)
        endpoint->dscp = 0;
    return put;
}

/* Order of service: control (CLOSE, FEEDBACK, ACK, PING, credit, REKEY, ids), keys and speech as they came,
 * video, repair, signals, streams, load. */
static void put_frames(struct wzp_endpoint *endpoint, struct packet *packet, size_t overhead, size_t capacity,
                       int64_t now_ns)
{
    struct session *session = packet->session;
    if (session->state == SESSION_CLOSING) {
        struct wzp_frame_close close = {.reason = (uint16_t)session->close_reason};
        wzp_frame_close_encode(&packet->writer, &close);
        return;
    }
    size_t room = packet->room;
    if (endpoint_has_room(endpoint, session, ROOM_OWN, room) &&
        migrate_put_own(endpoint, session, &packet->writer, packet->record, overhead, capacity, now_ns)) {
        packet->is_eliciting = true;
        return;
    }
    put_feedback(endpoint, packet, now_ns);
    put_ack(packet, now_ns);
    if (session->ping_due) {
        wzp_frame_ping_encode(&packet->writer, &(struct wzp_frame_ping){0});
        packet->is_eliciting = true;
        session->ping_due = false;
    }
    if (session->credit_at_ns <= now_ns) {
        struct wzp_frame_max_stream_data credit = {.id = 0, .limit = session->credit_limit};
        wzp_frame_max_stream_data_encode(&packet->writer, &credit);
        session->credit_number = packet->number;
        session->credit_at_ns = now_ns + SAID_AGAIN_NS;
        packet->is_eliciting = true;
    }
    if (pace_wish_at(session) <= now_ns) {
        wzp_frame_load_wanted_encode(&packet->writer, &session->pace.wish.frame);
        pace_on_wish_said(session, now_ns);
        packet->is_eliciting = true;
    }
    bool wrote;
    packet->record->has_rekey = rekey_put(session, packet->number, &packet->writer, now_ns, &wrote);
    packet->is_eliciting |= wrote;
    if (endpoint_has_room(endpoint, session, ROOM_OWN, room) && wzp_writer_left(&packet->writer) >= IDS_BYTES)
        packet->is_eliciting |= migrate_put_ids(endpoint, session, &packet->writer, packet->record, now_ns);
    put_queues(endpoint, packet, now_ns);
    if (packet->carries_repair ||
        (!packet->carries_queue && repair_put(endpoint, session, &packet->writer, now_ns))) {
        endpoint->counters.repairs_out++;
        packet->carries_repair = true;
        return; /* it is the last frame of its packet */
    }
    if (endpoint_has_room(endpoint, session, signal_room(endpoint, session), room))
        put_stream(endpoint, packet, now_ns);
    if (put_streams(endpoint, packet, now_ns))
        return;
    put_load(endpoint, packet, now_ns);
}

static size_t seal(const struct packet *packet, uint8_t *datagram, unsigned number_len)
{
    struct session *session = packet->session;
    size_t header_len = SHORT_NUMBER_OFFSET + number_len;
    struct wzp_writer header = wzp_writer_make(datagram, header_len);
    wzp_write_u8(&header, (uint8_t)(WZP_FORM_SHORT | rekey_send_phase(session) << 2 | (number_len - 1)));
    wzp_write_u32(&header, session->remote_id);
    for (unsigned i = number_len; i-- > 0;)
        wzp_write_u8(&header, (uint8_t)(packet->number >> 8 * i));
    size_t plain_len = wzp_writer_len(&packet->writer);
    wzp_hop_seal(&session->send_key, packet->number, (struct wzp_slice){datagram, header_len},
                 packet->writer.start, plain_len, datagram + header_len);

    uint8_t mask[5];
    wzp_hop_mask(&session->send_key, datagram + SHORT_NUMBER_OFFSET + WZP_SAMPLE_OFFSET, mask);
    datagram[0] ^= mask[0] & 0x1f;
    for (unsigned i = 0; i < number_len; i++)
        datagram[SHORT_NUMBER_OFFSET + i] ^= mask[1 + i];
    return header_len + plain_len + WZP_TAG_LEN;
}

size_t send_packet(struct wzp_endpoint *endpoint, struct session *session, uint8_t *datagram, size_t capacity,
                   int64_t now_ns)
{
    WZP_CHECK(session->has_keys && capacity >= WZP_DATAGRAM_MAX);
    size_t room = endpoint_room(endpoint, session, now_ns);
    if (!endpoint_has_room(endpoint, session, ROOM_CONTROL, room))
        return 0;
    streams_advance(session, now_ns); /* a record about to be overwritten is judged before */
    struct wzp_sent_packet record = {0};
    struct packet packet = {
        .session = session, .record = &record, .number = session->sent.next_number, .room = room};
    unsigned number_len = wzp_number_len(packet.number, session->sent.lowest_unacked);
    size_t header_len = SHORT_NUMBER_OFFSET + number_len;
    size_t overhead = header_len + WZP_TAG_LEN, most = migrate_datagram_max(session);
    /* What is not said again stays within the size that every path takes: a black hole swallows no sound. */
    if ((session->queue.used || session->video.used) && most > WZP_DATAGRAM_MAX)
        most = WZP_DATAGRAM_MAX;
    if (most > room - IP_UDP_HEADER)
        most = room - IP_UDP_HEADER;
    packet.writer = wzp_writer_make(datagram + header_len, (most < capacity ? most : capacity) - overhead);
    put_frames(endpoint, &packet, overhead, capacity, now_ns);
    size_t plain_len = wzp_writer_len(&packet.writer);
    if (plain_len == 0)
        return 0;
    if (number_len + plain_len < WZP_SAMPLE_OFFSET) /* PADDING is a zero byte */
        wzp_write_zeros(&packet.writer, WZP_SAMPLE_OFFSET - number_len - plain_len);
    WZP_CHECK(!packet.writer.failed);

    size_t len = seal(&packet, datagram, number_len);
    if (packet.carries_media)
        endpoint->counters.media_bytes_out += len + IP_UDP_HEADER;
    else if (packet.carries_repair)
        endpoint->counters.repair_bytes_out += len + IP_UDP_HEADER;
    struct wzp_sent_packet *kept = wzp_sent_add(&session->sent, now_ns);
    WZP_CHECK(kept->number == packet.number);
    record.number = kept->number;
    record.sent_ns = kept->sent_ns;
    record.size = (uint16_t)len;
    record.eliciting = packet.is_eliciting;
    *kept = record;
    pace_on_sent(endpoint, session, kept->number, len + IP_UDP_HEADER, packet.is_load, now_ns);
    migrate_on_sent(endpoint, session, kept, now_ns);
    streams_on_sent(session, kept);
    if (kept->is_bulk)
        share_on_streams_sent(endpoint, session, len + IP_UDP_HEADER, now_ns);
    return len;
}

int64_t send_next_at(const struct wzp_endpoint *endpoint, const struct session *session)
{
    int64_t queue_at_ns = session->queue.used ? gather_at(endpoint, session) : WZP_NEVER;
    if (queue_at_ns <= endpoint->now_ns && !endpoint_is_bounded(endpoint, session))
        return INT64_MIN;
    int64_t at_ns = wzp_time_min(session->probe_at_ns, session->credit_at_ns);
    int64_t ack_at_ns = wzp_received_ack_at(&session->received);
    int64_t feedback_at_ns = wzp_feedback_due_at(&session->feedback, ALONE_OVERHEAD);
    if (ack_at_ns != WZP_NEVER) /* bulk measures the pace of its acknowledgements: none comes in between */
        feedback_at_ns = wzp_time_max(feedback_at_ns, ack_at_ns);
    at_ns = wzp_time_min(at_ns, wzp_time_min(ack_at_ns, feedback_at_ns));
    if (session->ping_due)
        at_ns = INT64_MIN;
    at_ns = wzp_time_min(at_ns, pace_wish_at(session));
    at_ns = endpoint_rate_at(endpoint, session, ROOM_CONTROL, at_ns);
    int64_t own_ns = migrate_next_at(session);
    at_ns = wzp_time_min(at_ns, endpoint_rate_at(endpoint, session, ROOM_OWN, own_ns));
    if (session->queue.used)
        at_ns = wzp_time_min(
            at_ns,
            endpoint_rate_at(endpoint, session, room_of(endpoint, session, &session->queue), queue_at_ns));
    if (session->video.used && !session->queue.used)
        at_ns = wzp_time_min(at_ns,
                             endpoint_rate_at(endpoint, session, room_of(endpoint, session, &session->video),
                                              pace_at(session, 0)));
    at_ns = wzp_time_min(at_ns, repair_next_at(endpoint, session));
    at_ns = wzp_time_min(at_ns, wzp_time_min(pace_next_at(session), load_at(endpoint, session)));
    at_ns = wzp_time_min(
        at_ns, endpoint_rate_at(endpoint, session, signal_room(endpoint, session), signal_at(session)));
    return wzp_time_min(at_ns, streams_at(endpoint, session, streams_next_at(session)));
}
