// SPDX-License-Identifier: Apache-2.0
#include "call/stream.h"

#include "base/check.h"
#include "call/state.h"

static struct call_stream *find(struct wzp_call *call, uint64_t id)
{
    for (unsigned i = 0; i < WZP_CALL_STREAMS_MAX; i++)
        if (call->streams[i].is_used && call->streams[i].id == id)
            return &call->streams[i];
    return NULL;
}

static struct call_stream *find_free(struct wzp_call *call)
{
    for (unsigned i = 0; i < WZP_CALL_STREAMS_MAX; i++)
        if (!call->streams[i].is_used)
            return &call->streams[i];
    return NULL;
}

static const struct member *find_member(struct wzp_call *call, uint16_t slot)
{
    const struct member *member = members_find(&call->members, slot);
    return member && !member->is_refused ? member : NULL;
}

/* ---- what we say ---- */

enum wzp_err wzp_call_stream_open(struct wzp_call *call, uint16_t slot, uint64_t *stream)
{
    uint8_t bytes[WZP_STREAM_PREFACE_LEN];
    struct wzp_stream_preface preface = {.kind = WZP_STREAM_KIND_FILE, .slot = slot};
    struct wzp_writer writer = wzp_writer_make(bytes, sizeof bytes);
    if (call->state != CALL_JOINED)
        return WZP_ERR_STATE;
    if (!find_member(call, slot))
        return WZP_ERR_BAD_INPUT;
    struct call_stream *row = find_free(call);
    if (!row)
        return WZP_ERR_FULL;
    enum wzp_err err = wzp_endpoint_stream_open(call->endpoint, call->session, stream);
    if (err != WZP_ERR_OK)
        return err;
    wzp_stream_preface_encode(&writer, &preface);
    size_t taken = wzp_endpoint_stream_write(call->endpoint, call->session, *stream, bytes, sizeof bytes);
    WZP_CHECK(taken == sizeof bytes); /* a fresh stream has room */
    *row = (struct call_stream){.is_used = true, .is_known = true, .slot = slot, .id = *stream};
    return WZP_ERR_OK;
}

size_t wzp_call_stream_write(struct wzp_call *call, uint64_t stream, const void *data, size_t len)
{
    return wzp_endpoint_stream_write(call->endpoint, call->session, stream, data, len);
}

enum wzp_err wzp_call_stream_end(struct wzp_call *call, uint64_t stream)
{
    return wzp_endpoint_stream_end(call->endpoint, call->session, stream);
}

size_t wzp_call_stream_peek(struct wzp_call *call, uint64_t stream, const uint8_t **data)
{
    return wzp_endpoint_stream_peek(call->endpoint, call->session, stream, data);
}

void wzp_call_stream_consume(struct wzp_call *call, uint64_t stream, size_t len)
{
    wzp_endpoint_stream_consume(call->endpoint, call->session, stream, len);
}

bool wzp_call_stream_at_end(struct wzp_call *call, uint64_t stream)
{
    return wzp_endpoint_stream_at_end(call->endpoint, call->session, stream);
}

void wzp_call_stream_stop(struct wzp_call *call, uint64_t stream, enum wzp_stream_reason reason)
{
    wzp_endpoint_stream_stop(call->endpoint, call->session, stream, (uint16_t)reason);
}

void wzp_call_stream_give_up(struct wzp_call *call, uint64_t stream, enum wzp_stream_reason reason)
{
    wzp_endpoint_stream_reset(call->endpoint, call->session, stream, (uint16_t)reason);
    wzp_endpoint_stream_stop(call->endpoint, call->session, stream, (uint16_t)reason);
}

/* ---- what happens ---- */

static void push(struct wzp_call *call, const struct call_stream *row, enum wzp_stream_what what,
                 uint16_t reason)
{
    const struct member *member = find_member(call, row->slot);
    if (!member)
        call_push(call, WZP_CALL_EVENT_STREAM);
    else
        call_push_member(call, WZP_CALL_EVENT_STREAM, member);
    struct wzp_call_event *event = &call->events[(call->event_first + call->event_count - 1) % EVENTS_MAX];
    event->slot = row->slot;
    event->stream = row->id;
    event->what = what;
    event->stream_reason = reason;
}

static void refuse(struct wzp_call *call, uint64_t id, enum wzp_stream_reason reason)
{
    struct call_stream *row = find(call, id);
    wzp_call_stream_give_up(call, id, reason);
    if (row)
        row->is_used = false;
}

static void on_opened(struct wzp_call *call, uint64_t id)
{
    struct call_stream *row = find_free(call);
    if (call->config.takes_streams && row)
        *row = (struct call_stream){.is_used = true, .id = id};
    else
        refuse(call, id, row ? WZP_STREAM_REASON_NOT_TAKEN : WZP_STREAM_REASON_LIMIT);
}

/* Whose it is, once that is here. */
static void read_preface(struct wzp_call *call, struct call_stream *row, bool is_all)
{
    const uint8_t *bytes;
    struct wzp_stream_preface preface;
    size_t len = wzp_call_stream_peek(call, row->id, &bytes);
    if (len < WZP_STREAM_PREFACE_LEN) {
        if (is_all)
            refuse(call, row->id, WZP_STREAM_REASON_PREFACE);
        return;
    }
    struct wzp_reader reader = wzp_reader_make(bytes, WZP_STREAM_PREFACE_LEN);
    bool is_ours = wzp_stream_preface_decode(&reader, &preface) && preface.kind == WZP_STREAM_KIND_FILE;
    bool may_come = is_ours && preface.slot != 0 && preface.slot != call->slot;
    if (may_come && !members_find(&call->members, preface.slot))
        return; /* it overtook the news of its member */
    if (!may_come || !find_member(call, preface.slot)) {
        refuse(call, row->id, is_ours ? WZP_STREAM_REASON_NOBODY : WZP_STREAM_REASON_PREFACE);
        return;
    }
    wzp_call_stream_consume(call, row->id, WZP_STREAM_PREFACE_LEN);
    row->slot = preface.slot;
    row->is_known = true;
    push(call, row, WZP_STREAM_OPENED, 0);
}

void stream_on_event(struct wzp_call *call, const struct wzp_event *event)
{
    uint64_t id = event->stream.id;
    enum wzp_stream_what what = event->stream.what;
    struct call_stream *row = find(call, id);
    if (what == WZP_STREAM_OPENED) {
        on_opened(call, id);
        return;
    }
    if (!row)
        return; /* refused before */
    bool was_known = row->is_known;
    if (!was_known && (what == WZP_STREAM_READABLE || what == WZP_STREAM_ENDED))
        read_preface(call, row, what == WZP_STREAM_ENDED);
    else if (!was_known && what == WZP_STREAM_RESET)
        refuse(call, id, WZP_STREAM_REASON_PREFACE);
    if (row->is_used && row->is_known)
        push(call, row, what, event->stream.reason);
    if (what == WZP_STREAM_GONE)
        row->is_used = false;
}

void stream_on_member(struct wzp_call *call)
{
    for (unsigned i = 0; i < WZP_CALL_STREAMS_MAX; i++) {
        struct call_stream *row = &call->streams[i];
        if (!row->is_used || row->is_known)
            continue;
        read_preface(call, row, false);
        if (row->is_used && row->is_known)
            push(call, row, WZP_STREAM_READABLE, 0);
    }
}

void stream_forget_all(struct wzp_call *call)
{
    for (unsigned i = 0; i < WZP_CALL_STREAMS_MAX; i++) {
        struct call_stream *row = &call->streams[i];
        if (row->is_used && row->is_known) {
            push(call, row, WZP_STREAM_RESET, WZP_STREAM_REASON_LEFT);
            push(call, row, WZP_STREAM_GONE, 0);
        }
        row->is_used = false;
    }
}

/* ---- keys ---- */

bool wzp_call_transfer_seal(struct wzp_call *call, uint16_t slot, uint8_t body[WZP_TRANSFER_BODY_LEN],
                            uint8_t key[32])
{
    const struct member *member = find_member(call, slot);
    if (member)
        wzp_transfer_seal(&call->self.identity, &member->pair, &call->self.record, &member->record,
                          &call->drbg, body, key);
    return member != NULL;
}

bool wzp_call_transfer_open(struct wzp_call *call, uint16_t slot, const uint8_t body[WZP_TRANSFER_BODY_LEN],
                            uint8_t key[32])
{
    const struct member *member = find_member(call, slot);
    return member &&
           wzp_transfer_open(&member->pair, &member->record, &call->self.record, body, key) == WZP_KEY_OPENED;
}
