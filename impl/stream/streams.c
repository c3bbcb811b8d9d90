// SPDX-License-Identifier: Apache-2.0
#include "stream/streams.h"
#include "base/check.h"

#include <sodium.h>
#include <string.h>

#define UNKNOWN         UINT64_MAX
#define UNCONFIRMED_MIN 8
#define BYTES_MIN       64 /* room in a packet for which a frame of bytes is worth its head */

/* ---- lists ---- */

static void list_add(struct wzp_streams *streams, enum wzp_streams_list list, struct wzp_stream *stream)
{
    struct wzp_stream_node *node = &stream->node[list];
    struct wzp_streams_queue *queue = &streams->lists[list];
    if (node->is_on)
        return;
    *node = (struct wzp_stream_node){.previous = queue->last, .is_on = true};
    if (queue->last)
        queue->last->node[list].next = stream;
    else
        queue->first = stream;
    queue->last = stream;
}

static void list_remove(struct wzp_streams *streams, enum wzp_streams_list list, struct wzp_stream *stream)
{
    struct wzp_stream_node *node = &stream->node[list];
    struct wzp_streams_queue *queue = &streams->lists[list];
    if (!node->is_on)
        return;
    if (node->previous)
        node->previous->node[list].next = node->next;
    else
        queue->first = node->next;
    if (node->next)
        node->next->node[list].previous = node->previous;
    else
        queue->last = node->previous;
    node->is_on = false;
}

static void list_keep(struct wzp_streams *streams, enum wzp_streams_list list, struct wzp_stream *stream,
                      bool belongs)
{
    if (belongs)
        list_add(streams, list, stream);
    else
        list_remove(streams, list, stream);
}

static bool sends_bytes(const struct wzp_stream *stream)
{
    return stream->out_state == WZP_STREAM_OUT_OPEN || stream->out_state == WZP_STREAM_OUT_ENDED;
}

static void note(struct wzp_streams *streams, struct wzp_stream *stream, enum wzp_stream_note note)
{
    stream->notes |= 1u << note;
    list_add(streams, WZP_STREAMS_NOTED, stream);
}

/* Puts the stream on the lists where it belongs now, after any change of it. */
static void settle(struct wzp_streams *streams, struct wzp_stream *stream)
{
    struct wzp_bulk_send *out = &stream->out;
    if (stream->out_state == WZP_STREAM_OUT_ENDED && stream->end_acked && out->acked == out->written)
        stream->out_state = WZP_STREAM_OUT_DONE;
    bool bytes = sends_bytes(stream), is_new = bytes && wzp_bulk_send_has_new(out);
    bool is_lost = bytes && wzp_bulk_send_has_lost(out), says = stream->say != 0;
    bool is_sure = stream->is_confirmed, is_begun = stream->is_begun;
    list_keep(streams, WZP_STREAMS_CONTROL, stream, is_sure && says);
    list_keep(streams, WZP_STREAMS_LOST, stream, is_sure && is_lost);
    list_keep(streams, WZP_STREAMS_NEW, stream, is_sure && is_new);
    list_keep(streams, WZP_STREAMS_UNSURE, stream, is_begun && !is_sure && (says || is_lost));
    list_keep(streams, WZP_STREAMS_FRESH, stream, is_begun && !is_sure && is_new);
    list_keep(streams, WZP_STREAMS_WAITING, stream, !is_begun && (says || is_new));
    if (stream->wants_room && bytes && wzp_bulk_send_room(out) >= out->capacity / 4) {
        stream->wants_room = false;
        note(streams, stream, WZP_STREAM_NOTE_WRITABLE);
    }
    if (stream->out_state == WZP_STREAM_OUT_DONE && stream->in_done)
        note(streams, stream, WZP_STREAM_NOTE_GONE);
}

/* ---- slots ---- */

void wzp_stream_pool_init(struct wzp_stream_pool *pool, struct wzp_stream *slots, uint8_t *memory,
                          uint32_t count, size_t window)
{
    *pool = (struct wzp_stream_pool){.slots = slots, .memory = memory, .count = count, .window = window};
    for (uint32_t i = count; i-- > 0;) {
        slots[i].chain = pool->free;
        pool->free = &slots[i];
    }
}

static struct wzp_stream **bucket_of(struct wzp_streams *streams, uint64_t id)
{
    return &streams->buckets[id % WZP_STREAMS_BUCKETS];
}

struct wzp_stream *wzp_streams_find(const struct wzp_streams *streams, uint64_t id)
{
    struct wzp_stream *stream = streams->buckets[id % WZP_STREAMS_BUCKETS];
    while (stream && stream->id != id)
        stream = stream->chain;
    return stream;
}

static struct wzp_stream *take_slot(struct wzp_streams *streams, uint64_t id, bool is_ours)
{
    struct wzp_stream_pool *pool = streams->pool;
    uint32_t *used = is_ours ? &pool->ours : &pool->theirs;
    struct wzp_stream *stream = pool->free;
    if (!stream || *used >= pool->count / 2)
        return NULL;
    (*used)++;
    pool->free = stream->chain;
    uint8_t *memory = pool->memory + (size_t)(stream - pool->slots) * 2 * pool->window;
    memset(stream, 0, sizeof *stream);
    stream->id = id;
    stream->is_ours = is_ours;
    stream->is_begun = stream->is_confirmed = !is_ours;
    stream->in_size = UNKNOWN;
    wzp_bulk_send_init(&stream->out, memory, pool->window, streams->peer_window);
    wzp_stream_receive_init(&stream->in, memory + pool->window, pool->window);
    struct wzp_stream **bucket = bucket_of(streams, id);
    stream->chain = *bucket;
    *bucket = stream;
    streams->count++;
    return stream;
}

static void wipe(uint8_t *memory, size_t window, uint64_t used)
{
    sodium_memzero(memory, used < window ? (size_t)used : window);
}

static void give_slot(struct wzp_streams *streams, struct wzp_stream *stream)
{
    struct wzp_stream_pool *pool = streams->pool;
    for (unsigned list = 0; list < WZP_STREAMS_LISTS; list++)
        list_remove(streams, (enum wzp_streams_list)list, stream);
    struct wzp_stream **at = bucket_of(streams, stream->id);
    while (*at != stream)
        at = &(*at)->chain;
    *at = stream->chain;
    wipe(stream->out.memory, pool->window, stream->out.written);
    wipe(stream->in.memory, pool->window, stream->in_highest);
    streams->count--;
    if (stream->is_ours)
        pool->ours--;
    else
        pool->theirs--;
    stream->chain = pool->free;
    pool->free = stream;
}

void wzp_streams_init(struct wzp_streams *streams, struct wzp_stream_pool *pool, uint32_t granted,
                      uint64_t session_window)
{
    *streams = (struct wzp_streams){
        .pool = pool,
        .granted = granted,
        .peer_max = granted,
        .session_window = session_window,
        .received_max = session_window,
    };
}

void wzp_streams_set_peer(struct wzp_streams *streams, bool is_initiator, uint32_t count, uint32_t window,
                          uint32_t session_window)
{
    streams->is_initiator = is_initiator;
    streams->opened_max = count;
    streams->peer_window = window;
    streams->sent_max = session_window;
}

void wzp_streams_deinit(struct wzp_streams *streams)
{
    for (unsigned i = 0; i < WZP_STREAMS_BUCKETS; i++)
        while (streams->buckets[i])
            give_slot(streams, streams->buckets[i]);
}

/* ---- numbers ---- */

static bool is_ours(const struct wzp_streams *streams, uint64_t id)
{
    return (id % 2 == 0) == streams->is_initiator;
}

/* The place of an id in its side's order, from 1. */
static uint64_t ordinal(uint64_t id)
{
    return id % 2 == 0 ? id / 2 : id / 2 + 1;
}

static uint64_t id_of(bool even, uint64_t ordinal)
{
    return even ? 2 * ordinal : 2 * ordinal - 1;
}

struct wzp_stream *wzp_streams_open(struct wzp_streams *streams)
{
    if (streams->opened >= streams->opened_max || streams->opened >= UINT32_MAX / 2)
        return NULL;
    struct wzp_stream *stream = take_slot(streams, id_of(streams->is_initiator, streams->opened + 1), true);
    if (stream)
        streams->opened++;
    return stream;
}

/* The stream a frame speaks of, NULL if it is gone; a peer's new one is opened, with all below it. */
static enum wzp_streams_verdict stream_of_frame(struct wzp_streams *streams, uint64_t id,
                                                struct wzp_stream **stream)
{
    *stream = NULL;
    uint64_t place = ordinal(id);
    if (is_ours(streams, id)) {
        if (place > streams->opened)
            return WZP_STREAMS_BAD_ID;
    } else {
        if (place > streams->peer_max)
            return WZP_STREAMS_BAD_COUNT;
        while (streams->peer_opened < place) {
            struct wzp_stream *opened = take_slot(
                streams, id_of(!streams->is_initiator, streams->peer_opened + 1), false);
            if (!opened)
                return WZP_STREAMS_NO_ROOM;
            streams->peer_opened++;
            note(streams, opened, WZP_STREAM_NOTE_OPENED);
        }
    }
    *stream = wzp_streams_find(streams, id);
    return WZP_STREAMS_OK;
}

/* ---- the owner: our direction ---- */

size_t wzp_streams_room(struct wzp_stream *stream)
{
    return stream->out_state == WZP_STREAM_OUT_OPEN ? wzp_bulk_send_room(&stream->out) : 0;
}

size_t wzp_streams_write(struct wzp_streams *streams, struct wzp_stream *stream, const void *data, size_t len)
{
    if (stream->out_state != WZP_STREAM_OUT_OPEN)
        return 0;
    size_t taken = wzp_bulk_send_write(&stream->out, data, len);
    stream->wants_room |= taken < len;
    settle(streams, stream);
    return taken;
}

/* The end is said with the last byte, not before: so it never lies beyond the credit. */
static void say_end_if_drained(struct wzp_stream *stream)
{
    if (stream->out_state == WZP_STREAM_OUT_ENDED && stream->out.sent == stream->out.written)
        stream->say |= WZP_STREAM_SAID_END;
}

bool wzp_streams_end(struct wzp_streams *streams, struct wzp_stream *stream)
{
    if (stream->out_state != WZP_STREAM_OUT_OPEN)
        return false;
    stream->out_state = WZP_STREAM_OUT_ENDED;
    stream->wants_room = false;
    say_end_if_drained(stream);
    settle(streams, stream);
    return true;
}

void wzp_streams_reset(struct wzp_streams *streams, struct wzp_stream *stream, uint16_t reason)
{
    if (!sends_bytes(stream))
        return;
    stream->out_state = WZP_STREAM_OUT_RESET;
    stream->reset_reason = reason;
    stream->wants_room = false;
    stream->say &= (uint16_t)~WZP_STREAM_SAID_END;
    stream->say |= WZP_STREAM_SAID_RESET;
    settle(streams, stream);
}

/* ---- the owner: the peer's direction ---- */

/* `len` bytes hold no credit of the session any more. */
static void count_consumed(struct wzp_streams *streams, uint64_t len)
{
    streams->consumed += len;
    uint64_t limit = streams->consumed + streams->session_window;
    if (limit - streams->received_max >= (streams->session_window + 1) / 2) {
        streams->received_max = limit;
        streams->say_data = true;
    }
}

static void finish_in(struct wzp_stream *stream)
{
    if (stream->in_done)
        return;
    stream->in_done = true;
    stream->say &= (uint16_t) ~(WZP_STREAM_SAID_CREDIT | WZP_STREAM_SAID_STOP);
}

static void consume(struct wzp_streams *streams, struct wzp_stream *stream, size_t len)
{
    wzp_stream_receive_consume(&stream->in, len);
    count_consumed(streams, len);
    uint64_t limit;
    if (stream->in.read == stream->in_size)
        finish_in(stream);
    else if (stream->in_size == UNKNOWN && !stream->is_stopped &&
             wzp_stream_receive_credit(&stream->in, &limit))
        stream->say |= WZP_STREAM_SAID_CREDIT;
}

static void throw_away(struct wzp_streams *streams, struct wzp_stream *stream)
{
    consume(streams, stream, (size_t)(stream->in.ready - stream->in.read));
}

void wzp_streams_stop(struct wzp_streams *streams, struct wzp_stream *stream, uint16_t reason)
{
    if (stream->in_done || stream->is_stopped)
        return;
    stream->is_stopped = true;
    stream->stop_reason = reason;
    stream->say |= WZP_STREAM_SAID_STOP;
    stream->say &= (uint16_t)~WZP_STREAM_SAID_CREDIT;
    throw_away(streams, stream);
    settle(streams, stream);
}

size_t wzp_streams_peek(const struct wzp_stream *stream, const uint8_t **data)
{
    if (stream->in_done || stream->is_stopped) {
        *data = NULL;
        return 0;
    }
    return wzp_stream_receive_peek(&stream->in, data);
}

void wzp_streams_consume(struct wzp_streams *streams, struct wzp_stream *stream, size_t len)
{
    if (stream->in_done || stream->is_stopped)
        return;
    consume(streams, stream, len);
    settle(streams, stream);
}

bool wzp_streams_at_end(const struct wzp_stream *stream)
{
    return !stream->in_was_reset && !stream->is_stopped && stream->in.read == stream->in_size;
}

bool wzp_streams_take_note(struct wzp_streams *streams, uint64_t *id, enum wzp_stream_note *taken,
                           uint16_t *reason)
{
    struct wzp_stream *stream = streams->lists[WZP_STREAMS_NOTED].first;
    if (!stream)
        return false;
    unsigned bit = 0;
    while (!(stream->notes & 1u << bit))
        bit++;
    stream->notes &= ~(1u << bit);
    *id = stream->id;
    *taken = (enum wzp_stream_note)bit;
    *reason = bit == WZP_STREAM_NOTE_RESET ? stream->in_reason : stream->stopped_reason;
    if (!stream->notes)
        list_remove(streams, WZP_STREAMS_NOTED, stream);
    if (bit == WZP_STREAM_NOTE_GONE) {
        bool was_theirs = !stream->is_ours;
        give_slot(streams, stream);
        if (was_theirs) {
            streams->peer_gone++;
            streams->peer_max = streams->peer_gone + streams->granted;
            streams->say_count = true;
        }
    }
    return true;
}

/* ---- the peer's frames ---- */

/* Bytes up to `end` are or will be on their way: they hold credit of the session from now on. */
static enum wzp_streams_verdict raise_highest(struct wzp_streams *streams, struct wzp_stream *stream,
                                              uint64_t end)
{
    if (end > stream->in_size)
        return WZP_STREAMS_BAD_SIZE;
    if (end > stream->in.limit)
        return WZP_STREAMS_BAD_LIMIT;
    if (end <= stream->in_highest)
        return WZP_STREAMS_OK;
    if (end - stream->in_highest > streams->received_max - streams->received)
        return WZP_STREAMS_BAD_LIMIT;
    streams->received += end - stream->in_highest;
    stream->in_highest = end;
    return WZP_STREAMS_OK;
}

/* After bytes or the size came. */
static void advance_in(struct wzp_streams *streams, struct wzp_stream *stream, uint64_t ready_before)
{
    if (stream->is_stopped)
        throw_away(streams, stream);
    else if (stream->in.ready > ready_before)
        note(streams, stream, WZP_STREAM_NOTE_READABLE);
    if (stream->in.ready == stream->in_size) {
        if (!stream->is_stopped)
            note(streams, stream, WZP_STREAM_NOTE_ENDED);
        if (stream->in.read == stream->in_size)
            finish_in(stream);
    }
    settle(streams, stream);
}

enum wzp_streams_verdict wzp_streams_on_data(struct wzp_streams *streams,
                                             const struct wzp_frame_stream *frame)
{
    struct wzp_stream *stream;
    enum wzp_streams_verdict verdict = stream_of_frame(streams, frame->id, &stream);
    if (verdict != WZP_STREAMS_OK || !stream || stream->in_done)
        return verdict;
    verdict = raise_highest(streams, stream, frame->offset + frame->data.len);
    if (verdict != WZP_STREAMS_OK)
        return verdict;
    uint64_t ready_before = stream->in.ready;
    switch (wzp_stream_receive_put(&stream->in, frame->offset, frame->data.data, frame->data.len)) {
    case WZP_STREAM_OK:
        break;
    case WZP_STREAM_OVER_LIMIT:
        return WZP_STREAMS_BAD_LIMIT;
    case WZP_STREAM_TOO_MANY:
        return WZP_STREAMS_NO_ROOM;
    }
    if (stream->in.ready > ready_before)
        advance_in(streams, stream, ready_before);
    return WZP_STREAMS_OK;
}

enum wzp_streams_verdict wzp_streams_on_end(struct wzp_streams *streams,
                                            const struct wzp_frame_stream_end *frame)
{
    struct wzp_stream *stream;
    enum wzp_streams_verdict verdict = stream_of_frame(streams, frame->id, &stream);
    if (verdict != WZP_STREAMS_OK || !stream || stream->in_was_reset)
        return verdict;
    if (stream->in_size == frame->size)
        return WZP_STREAMS_OK;
    if (stream->in_size != UNKNOWN || frame->size < stream->in_highest)
        return WZP_STREAMS_BAD_SIZE;
    verdict = raise_highest(streams, stream, frame->size);
    if (verdict != WZP_STREAMS_OK)
        return verdict;
    stream->in_size = frame->size;
    stream->say &= (uint16_t)~WZP_STREAM_SAID_CREDIT;
    advance_in(streams, stream, stream->in.ready);
    return WZP_STREAMS_OK;
}

enum wzp_streams_verdict wzp_streams_on_reset(struct wzp_streams *streams,
                                              const struct wzp_frame_stream_reset *frame)
{
    struct wzp_stream *stream;
    enum wzp_streams_verdict verdict = stream_of_frame(streams, frame->id, &stream);
    if (verdict != WZP_STREAMS_OK || !stream || stream->in_was_reset)
        return verdict;
    if ((stream->in_size != UNKNOWN && stream->in_size != frame->size) || frame->size < stream->in_highest)
        return WZP_STREAMS_BAD_SIZE;
    if (stream->in_done)
        return WZP_STREAMS_OK;
    verdict = raise_highest(streams, stream, frame->size);
    if (verdict != WZP_STREAMS_OK)
        return verdict;
    stream->in_size = frame->size;
    stream->in_was_reset = true;
    stream->in_reason = frame->reason;
    count_consumed(streams, frame->size - stream->in.read);
    finish_in(stream);
    stream->notes &= ~(1u << WZP_STREAM_NOTE_READABLE | 1u << WZP_STREAM_NOTE_ENDED);
    note(streams, stream, WZP_STREAM_NOTE_RESET);
    settle(streams, stream);
    return WZP_STREAMS_OK;
}

enum wzp_streams_verdict wzp_streams_on_stop(struct wzp_streams *streams,
                                             const struct wzp_frame_stream_stop *frame)
{
    struct wzp_stream *stream;
    enum wzp_streams_verdict verdict = stream_of_frame(streams, frame->id, &stream);
    if (verdict != WZP_STREAMS_OK || !stream || !sends_bytes(stream))
        return verdict;
    stream->stopped_reason = frame->reason;
    note(streams, stream, WZP_STREAM_NOTE_STOPPED);
    wzp_streams_reset(streams, stream, frame->reason);
    return WZP_STREAMS_OK;
}

enum wzp_streams_verdict wzp_streams_on_credit(struct wzp_streams *streams,
                                               const struct wzp_frame_max_stream_data *frame)
{
    struct wzp_stream *stream;
    enum wzp_streams_verdict verdict = stream_of_frame(streams, frame->id, &stream);
    if (verdict != WZP_STREAMS_OK || !stream || frame->limit <= stream->out.limit)
        return verdict;
    stream->out.limit = frame->limit;
    settle(streams, stream);
    return WZP_STREAMS_OK;
}

void wzp_streams_on_max_data(struct wzp_streams *streams, uint64_t limit)
{
    if (limit > streams->sent_max)
        streams->sent_max = limit;
}

void wzp_streams_on_max_streams(struct wzp_streams *streams, uint64_t count)
{
    if (count > streams->opened_max)
        streams->opened_max = count;
}

/* ---- packets ---- */

/* Of the streams that nothing was acknowledged of, the one to serve next. */
static struct wzp_stream *first_newcomer(const struct wzp_streams *streams)
{
    if (streams->lists[WZP_STREAMS_UNSURE].first)
        return streams->lists[WZP_STREAMS_UNSURE].first;
    if (streams->lists[WZP_STREAMS_FRESH].first && streams->sent < streams->sent_max)
        return streams->lists[WZP_STREAMS_FRESH].first;
    struct wzp_stream *first = streams->lists[WZP_STREAMS_WAITING].first;
    bool may = streams->unconfirmed < UNCONFIRMED_MIN || streams->unconfirmed < streams->confirmed;
    bool can = first && (first->say || streams->sent < streams->sent_max);
    return may && can ? first : NULL;
}

/* Of those that have bytes to say again or for the first time. */
static struct wzp_stream *first_with_bytes(const struct wzp_streams *streams)
{
    if (streams->lists[WZP_STREAMS_LOST].first)
        return streams->lists[WZP_STREAMS_LOST].first;
    return streams->sent < streams->sent_max ? streams->lists[WZP_STREAMS_NEW].first : NULL;
}

static struct wzp_stream *first_to_serve(const struct wzp_streams *streams, bool with_bytes,
                                         enum wzp_streams_sort sort)
{
    struct wzp_stream *control = streams->lists[WZP_STREAMS_CONTROL].first;
    if (control && sort != WZP_STREAMS_NEWCOMERS)
        return control;
    if (!with_bytes)
        return NULL;
    struct wzp_stream *newcomer = first_newcomer(streams), *known = first_with_bytes(streams);
    if (sort == WZP_STREAMS_NEWCOMERS || (sort == WZP_STREAMS_ANY && newcomer && streams->newcomers_turn))
        return newcomer;
    return known || sort == WZP_STREAMS_KNOWN ? known : newcomer;
}

bool wzp_streams_has_control(const struct wzp_streams *streams)
{
    return streams->say_data || streams->say_count || streams->lists[WZP_STREAMS_CONTROL].first;
}

bool wzp_streams_has_bytes(const struct wzp_streams *streams)
{
    return first_newcomer(streams) || first_with_bytes(streams);
}

bool wzp_streams_put_limits(struct wzp_streams *streams, struct wzp_writer *writer, uint64_t number)
{
    struct wzp_frame_max_data data = {.limit = streams->received_max};
    struct wzp_frame_max_streams count = {.count = streams->peer_max};
    bool said = false;
    if (streams->say_data && wzp_writer_left(writer) >= wzp_frame_max_data_size(&data)) {
        wzp_frame_max_data_encode(writer, &data);
        streams->say_data = false;
        streams->data_said_in = number;
        said = true;
    }
    if (streams->say_count && wzp_writer_left(writer) >= wzp_frame_max_streams_size(&count)) {
        wzp_frame_max_streams_encode(writer, &count);
        streams->say_count = false;
        streams->count_said_in = number;
        said = true;
    }
    return said;
}

void wzp_streams_on_limits_lost(struct wzp_streams *streams, uint64_t number)
{
    streams->say_data |= number == streams->data_said_in;
    streams->say_count |= number == streams->count_said_in;
}

/* The frame of one kind that is to be said, if it fits. */
static bool put_kind(struct wzp_stream *stream, enum wzp_stream_said kind, struct wzp_writer *writer)
{
    struct wzp_frame_max_stream_data credit = {.id = stream->id, .limit = stream->in.limit};
    struct wzp_frame_stream_end end = {.id = stream->id, .size = stream->out.written};
    struct wzp_frame_stream_reset reset = {
        .id = stream->id, .reason = stream->reset_reason, .size = stream->out.sent};
    struct wzp_frame_stream_stop stop = {.id = stream->id, .reason = stream->stop_reason};
    size_t left = wzp_writer_left(writer);
    switch (kind) {
    case WZP_STREAM_SAID_CREDIT:
        if (left < wzp_frame_max_stream_data_size(&credit))
            return false;
        wzp_frame_max_stream_data_encode(writer, &credit);
        return true;
    case WZP_STREAM_SAID_END:
        if (left < wzp_frame_stream_end_size(&end))
            return false;
        wzp_frame_stream_end_encode(writer, &end);
        return true;
    case WZP_STREAM_SAID_RESET:
        if (left < wzp_frame_stream_reset_size(&reset))
            return false;
        wzp_frame_stream_reset_encode(writer, &reset);
        return true;
    case WZP_STREAM_SAID_STOP:
        if (left < wzp_frame_stream_stop_size(&stop))
            return false;
        wzp_frame_stream_stop_encode(writer, &stop);
        return true;
    }
    return false;
}

static void put_control(struct wzp_stream *stream, struct wzp_writer *writer, uint64_t number,
                        struct wzp_stream_part *part)
{
    for (unsigned i = 0; i < WZP_STREAM_SAID_KINDS; i++) {
        unsigned kind = 1u << i;
        if (!(stream->say & kind) || !put_kind(stream, (enum wzp_stream_said)kind, writer))
            continue;
        stream->say &= (uint16_t)~kind;
        stream->said_in[i] = number;
        part->said |= (uint16_t)kind;
    }
}

/* One frame of bytes: lost ones before new ones. */
static void put_bytes(struct wzp_streams *streams, struct wzp_stream *stream, struct wzp_writer *writer,
                      struct wzp_stream_part *part)
{
    size_t head = 1 + wzp_varint_len(stream->id) + wzp_varint_len(stream->out.sent) + 2;
    if (!sends_bytes(stream) || wzp_writer_left(writer) < head + BYTES_MIN)
        return;
    size_t max = wzp_writer_left(writer) - head, len = 0;
    const uint8_t *data;
    uint64_t left = streams->sent_max - streams->sent;
    if (!wzp_bulk_send_next_lost(&stream->out, max, &part->offset, &data, &len)) {
        if (!wzp_bulk_send_next_new(&stream->out, left < max ? (size_t)left : max, &part->offset, &data,
                                    &len))
            return;
        streams->sent += len;
        say_end_if_drained(stream);
    }
    struct wzp_frame_stream frame = {.id = stream->id, .offset = part->offset, .data = {data, len}};
    wzp_frame_stream_encode(writer, &frame);
    part->len = (uint16_t)len;
}

bool wzp_streams_put(struct wzp_streams *streams, struct wzp_writer *writer, uint64_t number, bool with_bytes,
                     enum wzp_streams_sort *sort, struct wzp_stream_part *part)
{
    struct wzp_stream *stream = first_to_serve(streams, with_bytes, *sort);
    if (!stream)
        return false;
    *part = (struct wzp_stream_part){.id = stream->id};
    put_control(stream, writer, number, part);
    if (with_bytes) {
        put_bytes(streams, stream, writer, part);
        put_control(stream, writer, number, part); /* the end, right behind the last byte */
    }
    if (!part->said && !part->len)
        return false;
    if (*sort == WZP_STREAMS_ANY) {
        *sort = stream->is_confirmed ? WZP_STREAMS_KNOWN : WZP_STREAMS_NEWCOMERS;
        streams->newcomers_turn = stream->is_confirmed;
    }
    if (!stream->is_begun) {
        stream->is_begun = true;
        streams->unconfirmed++;
    }
    /* To the end of every line it stood in. */
    for (unsigned list = WZP_STREAMS_CONTROL; list <= WZP_STREAMS_WAITING; list++)
        list_remove(streams, (enum wzp_streams_list)list, stream);
    settle(streams, stream);
    return true;
}

void wzp_streams_on_acked(struct wzp_streams *streams, const struct wzp_stream_part *part)
{
    struct wzp_stream *stream = wzp_streams_find(streams, part->id);
    if (!stream)
        return;
    if (!stream->is_confirmed) {
        stream->is_confirmed = true;
        streams->unconfirmed--;
        streams->confirmed++;
    }
    if (part->len && sends_bytes(stream))
        wzp_bulk_send_on_acked(&stream->out, part->offset, part->len);
    if (part->said & WZP_STREAM_SAID_END) {
        stream->end_acked = true;
        stream->say &= (uint16_t)~WZP_STREAM_SAID_END;
    }
    if (part->said & WZP_STREAM_SAID_RESET && stream->out_state == WZP_STREAM_OUT_RESET) {
        stream->out_state = WZP_STREAM_OUT_DONE;
        stream->say &= (uint16_t)~WZP_STREAM_SAID_RESET;
    }
    settle(streams, stream);
}

void wzp_streams_on_lost(struct wzp_streams *streams, const struct wzp_stream_part *part, uint64_t number)
{
    struct wzp_stream *stream = wzp_streams_find(streams, part->id);
    if (!stream)
        return;
    if (part->len && sends_bytes(stream))
        wzp_bulk_send_on_lost(&stream->out, part->offset, part->len);
    unsigned valid = 0;
    if (!stream->in_done && stream->in_size == UNKNOWN)
        valid |= stream->is_stopped ? WZP_STREAM_SAID_STOP : WZP_STREAM_SAID_CREDIT;
    if (stream->out_state == WZP_STREAM_OUT_ENDED && !stream->end_acked)
        valid |= WZP_STREAM_SAID_END;
    if (stream->out_state == WZP_STREAM_OUT_RESET)
        valid |= WZP_STREAM_SAID_RESET;
    for (unsigned i = 0; i < WZP_STREAM_SAID_KINDS; i++)
        if (part->said & valid & 1u << i && stream->said_in[i] == number)
            stream->say |= (uint16_t)(1u << i);
    settle(streams, stream);
}
