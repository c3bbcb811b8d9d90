// SPDX-License-Identifier: Apache-2.0
#include "relay/pipes.h"

#include "base/check.h"

bool pipes_init(struct pipes *pipes, const struct wzp_alloc *alloc, uint32_t max, uint32_t sessions,
                struct wzp_endpoint *endpoint, const struct rooms *rooms)
{
    *pipes = (struct pipes){.endpoint = endpoint, .rooms = rooms, .max = max, .sessions = sessions};
    pipes->pipe = alloc->get(alloc->ctx, max * sizeof *pipes->pipe);
    pipes->list = alloc->get(alloc->ctx, sessions * sizeof *pipes->list);
    return pipes->pipe && pipes->list;
}

void pipes_deinit(struct pipes *pipes, const struct wzp_alloc *alloc)
{
    if (pipes->pipe)
        alloc->put(alloc->ctx, pipes->pipe, pipes->max * sizeof *pipes->pipe);
    if (pipes->list)
        alloc->put(alloc->ctx, pipes->list, pipes->sessions * sizeof *pipes->list);
}

/* ---- the table; an end's number is twice its pipe's, and one more for the other's end ---- */

static struct pipes_end *end_at(const struct pipes *pipes, uint32_t number)
{
    return &pipes->pipe[number / 2].end[number % 2];
}

static struct pipes_end *other_of(const struct pipes *pipes, uint32_t number)
{
    return end_at(pipes, number ^ 1);
}

static bool find(const struct pipes *pipes, uint32_t index, uint64_t stream, uint32_t *number)
{
    for (uint32_t next = pipes->list[index]; next; next = end_at(pipes, next - 1)->next) {
        *number = next - 1;
        if (end_at(pipes, *number)->stream == stream)
            return true;
    }
    return false;
}

static void list_end(struct pipes *pipes, uint32_t number, uint32_t session, uint32_t index, uint64_t stream)
{
    *end_at(pipes, number) = (struct pipes_end){
        .session = session, .index = index, .stream = stream, .next = pipes->list[index]};
    pipes->list[index] = number + 1;
}

static void unlist_end(struct pipes *pipes, uint32_t number)
{
    struct pipes_end *end = end_at(pipes, number);
    uint32_t *link = &pipes->list[end->index];
    while (*link != number + 1)
        link = &end_at(pipes, *link - 1)->next;
    *link = end->next;
}

static void forget(struct pipes *pipes, uint32_t at)
{
    struct pipes_pipe *pipe = &pipes->pipe[at];
    unlist_end(pipes, 2 * at);
    if (pipe->is_joined)
        unlist_end(pipes, 2 * at + 1);
    pipe->used = false;
    pipes->used--;
}

static void give_up(struct pipes *pipes, uint32_t session, uint64_t stream, enum wzp_stream_reason reason)
{
    wzp_endpoint_stream_reset(pipes->endpoint, session, stream, (uint16_t)reason);
    wzp_endpoint_stream_stop(pipes->endpoint, session, stream, (uint16_t)reason);
}

/* ---- what moves ---- */

static void on_over(struct pipes *pipes, uint32_t number)
{
    end_at(pipes, number)->is_over = true;
    if (other_of(pipes, number)->is_over)
        forget(pipes, number / 2);
}

/* What came out of this end goes into the other, as far as there is room. */
static void move(struct pipes *pipes, uint32_t number)
{
    struct wzp_endpoint *endpoint = pipes->endpoint;
    const struct pipes_end *from = end_at(pipes, number), *to = other_of(pipes, number);
    const uint8_t *data;
    size_t len, taken;
    if (!pipes->pipe[number / 2].is_joined || from->is_over)
        return;
    do {
        len = wzp_endpoint_stream_peek(endpoint, from->session, from->stream, &data);
        taken = len ? wzp_endpoint_stream_write(endpoint, to->session, to->stream, data, len) : 0;
        wzp_endpoint_stream_consume(endpoint, from->session, from->stream, taken);
        pipes->bytes += taken;
    } while (taken > 0 && taken == len);
    if (!wzp_endpoint_stream_at_end(endpoint, from->session, from->stream))
        return;
    (void)wzp_endpoint_stream_end(endpoint, to->session,
                                  to->stream); /* one that was stopped has its reason */
    on_over(pipes, number);
}

/* ---- a new pipe ---- */

/* Opens the stream on the other hop. */
static enum wzp_stream_reason join(struct pipes *pipes, uint32_t at, const uint8_t *bytes)
{
    struct pipes_pipe *pipe = &pipes->pipe[at];
    const struct pipes_end *own = &pipe->end[0];
    struct wzp_stream_preface preface;
    struct wzp_reader reader = wzp_reader_make(bytes, WZP_STREAM_PREFACE_LEN);
    uint8_t said[WZP_STREAM_PREFACE_LEN];
    uint64_t stream;
    const struct rooms_member *sender = rooms_member(pipes->rooms, own->index, own->session);
    if (!sender)
        return WZP_STREAM_REASON_NOT_JOINED;
    if (!wzp_stream_preface_decode(&reader, &preface) || preface.kind != WZP_STREAM_KIND_FILE)
        return WZP_STREAM_REASON_PREFACE;
    const struct rooms_member *recipient = rooms_slot(pipes->rooms, sender->room, preface.slot);
    if (!recipient || recipient == sender)
        return WZP_STREAM_REASON_NOBODY;
    if (wzp_endpoint_stream_open(pipes->endpoint, recipient->session, &stream) != WZP_ERR_OK)
        return WZP_STREAM_REASON_LIMIT;
    struct wzp_writer writer = wzp_writer_make(said, sizeof said);
    preface.slot = sender->slot;
    wzp_stream_preface_encode(&writer, &preface);
    size_t taken = wzp_endpoint_stream_write(pipes->endpoint, recipient->session, stream, said, sizeof said);
    WZP_CHECK(taken == sizeof said); /* a fresh stream has room */
    list_end(pipes, 2 * at + 1, recipient->session, recipient->index, stream);
    pipe->is_joined = true;
    pipes->opened++;
    return WZP_STREAM_REASON_NONE;
}

static void read_preface(struct pipes *pipes, uint32_t at, bool is_all)
{
    const struct pipes_end own = pipes->pipe[at].end[0];
    const uint8_t *bytes;
    size_t len = wzp_endpoint_stream_peek(pipes->endpoint, own.session, own.stream, &bytes);
    bool is_whole = len >= WZP_STREAM_PREFACE_LEN;
    if (!is_whole && !is_all)
        return;
    enum wzp_stream_reason reason = is_whole ? join(pipes, at, bytes) : WZP_STREAM_REASON_PREFACE;
    if (reason != WZP_STREAM_REASON_NONE) {
        pipes->refused++;
        give_up(pipes, own.session, own.stream, reason);
        forget(pipes, at);
        return;
    }
    wzp_endpoint_stream_consume(pipes->endpoint, own.session, own.stream, WZP_STREAM_PREFACE_LEN);
    move(pipes, 2 * at);
}

static void on_opened(struct pipes *pipes, const struct wzp_event *event)
{
    uint32_t at = 0;
    if (!rooms_member(pipes->rooms, event->session_index, event->session)) {
        pipes->refused++;
        give_up(pipes, event->session, event->stream.id, WZP_STREAM_REASON_NOT_JOINED);
        return;
    }
    while (at < pipes->max && pipes->pipe[at].used)
        at++;
    if (at == pipes->max) {
        pipes->refused++;
        give_up(pipes, event->session, event->stream.id, WZP_STREAM_REASON_LIMIT);
        return;
    }
    pipes->pipe[at] = (struct pipes_pipe){.used = true};
    pipes->used++;
    list_end(pipes, 2 * at, event->session, event->session_index, event->stream.id);
}

/* ---- events ---- */

void pipes_on_stream(struct pipes *pipes, const struct wzp_event *event)
{
    uint32_t number;
    if (event->stream.what == WZP_STREAM_OPENED) {
        on_opened(pipes, event);
        return;
    }
    if (!find(pipes, event->session_index, event->stream.id, &number))
        return; /* it was given up, or is over: what is still said of it concerns nobody */
    bool is_joined = pipes->pipe[number / 2].is_joined;
    const struct pipes_end *other = other_of(pipes, number);
    switch (event->stream.what) {
    case WZP_STREAM_OPENED:
        break;
    case WZP_STREAM_READABLE:
    case WZP_STREAM_ENDED:
        if (is_joined)
            move(pipes, number);
        else
            read_preface(pipes, number / 2, event->stream.what == WZP_STREAM_ENDED);
        break;
    case WZP_STREAM_WRITABLE:
        move(pipes, number ^ 1);
        break;
    case WZP_STREAM_RESET:
        if (is_joined) {
            wzp_endpoint_stream_reset(pipes->endpoint, other->session, other->stream, event->stream.reason);
            on_over(pipes, number);
        } else {
            give_up(pipes, event->session, event->stream.id, WZP_STREAM_REASON_PREFACE);
            forget(pipes, number / 2);
        }
        break;
    case WZP_STREAM_STOPPED:
        if (is_joined) {
            wzp_endpoint_stream_stop(pipes->endpoint, other->session, other->stream, event->stream.reason);
            on_over(pipes, number ^ 1);
        }
        break;
    case WZP_STREAM_GONE:
        break; /* both its directions are over, and known here to be */
    }
}

void pipes_forget_session(struct pipes *pipes, uint32_t index)
{
    while (pipes->list[index]) {
        uint32_t number = pipes->list[index] - 1;
        const struct pipes_end *other = other_of(pipes, number);
        if (pipes->pipe[number / 2].is_joined)
            give_up(pipes, other->session, other->stream, WZP_STREAM_REASON_LEFT);
        forget(pipes, number / 2);
    }
}
