// SPDX-License-Identifier: Apache-2.0
/* stream.c alone: the endpoint's streams and the call's events are played here. */
#include "call/stream.h"

#include "call/state.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define STREAMS 16
#define NONE    0xffff

struct wzp_endpoint {
    bool is_full;
    unsigned opened;
    struct {
        uint8_t in[256], out[256];
        size_t in_len, out_len;
        uint16_t reset, stopped;
    } stream[STREAMS];
};

static struct wzp_endpoint endpoint;
static struct wzp_call *call;
static struct wzp_call_event told[32];
static unsigned told_count;

enum wzp_err wzp_endpoint_stream_open(struct wzp_endpoint *self, uint32_t session, uint64_t *stream)
{
    (void)session;
    if (self->is_full)
        return WZP_ERR_FULL;
    *stream = self->opened++;
    return WZP_ERR_OK;
}

size_t wzp_endpoint_stream_write(struct wzp_endpoint *self, uint32_t session, uint64_t stream,
                                 const void *data, size_t len)
{
    (void)session;
    memcpy(self->stream[stream].out + self->stream[stream].out_len, data, len);
    self->stream[stream].out_len += len;
    return len;
}

enum wzp_err wzp_endpoint_stream_end(struct wzp_endpoint *self, uint32_t session, uint64_t stream)
{
    (void)self, (void)session, (void)stream;
    return WZP_ERR_OK;
}

void wzp_endpoint_stream_reset(struct wzp_endpoint *self, uint32_t session, uint64_t stream, uint16_t reason)
{
    (void)session;
    self->stream[stream].reset = reason;
}

void wzp_endpoint_stream_stop(struct wzp_endpoint *self, uint32_t session, uint64_t stream, uint16_t reason)
{
    (void)session;
    self->stream[stream].stopped = reason;
}

size_t wzp_endpoint_stream_peek(struct wzp_endpoint *self, uint32_t session, uint64_t stream,
                                const uint8_t **data)
{
    (void)session;
    *data = self->stream[stream].in;
    return self->stream[stream].in_len;
}

void wzp_endpoint_stream_consume(struct wzp_endpoint *self, uint32_t session, uint64_t stream, size_t len)
{
    (void)session;
    self->stream[stream].in_len -= len;
    memmove(self->stream[stream].in, self->stream[stream].in + len, self->stream[stream].in_len);
}

bool wzp_endpoint_stream_at_end(struct wzp_endpoint *self, uint32_t session, uint64_t stream)
{
    (void)self, (void)session, (void)stream;
    return false;
}

static struct wzp_call_event *push(enum wzp_call_event_kind kind)
{
    struct wzp_call_event *event = &call->events[call->event_count++];
    *event = (struct wzp_call_event){.kind = kind};
    return event;
}

void call_push(struct wzp_call *self, enum wzp_call_event_kind kind)
{
    assert_ptr_equal(self, call);
    push(kind);
}

void call_push_member(struct wzp_call *self, enum wzp_call_event_kind kind, const struct member *member)
{
    assert_ptr_equal(self, call);
    memcpy(push(kind)->identity, member->record.identity, 32);
}

/* ---- */

static int make(void **state)
{
    uint8_t seed[32] = {1};
    (void)state;
    memset(&endpoint, 0, sizeof endpoint);
    for (unsigned i = 0; i < STREAMS; i++)
        endpoint.stream[i].reset = endpoint.stream[i].stopped = NONE;
    endpoint.opened = 8; /* below are the peer's */
    call = calloc(1, sizeof *call);
    call->endpoint = &endpoint;
    call->state = CALL_JOINED;
    call->slot = 1;
    call->config.takes_streams = true;
    wzp_drbg_init(&call->drbg, seed, 1);
    memset(&call->self.room, 3, sizeof call->self.room);
    wzp_identity_from_seed(&call->self.identity, seed);
    wzp_stay_make(&call->self.stay, &call->drbg);
    wzp_member_record_make(&call->self.identity, &call->self.stay, &call->self.room, &call->drbg,
                           &call->self.record);
    for (uint16_t slot = 2; slot <= 3; slot++) {
        struct wzp_identity identity;
        struct wzp_stay stay;
        struct wzp_room room = call->self.room;
        struct wzp_member_record record;
        struct member *member;
        uint8_t bytes[WZP_RECORD_LEN];
        seed[0] = (uint8_t)slot;
        wzp_identity_from_seed(&identity, seed);
        wzp_stay_make(&stay, &call->drbg);
        if (slot == 3)
            memset(room.mix, 4, sizeof room.mix); /* that one cannot prove that it knows the room */
        wzp_member_record_make(&identity, &stay, &room, &call->drbg, &record);
        wzp_member_record_encode(&record, bytes);
        assert_int_equal(
            members_add(&call->members, &call->self, slot, (struct wzp_slice){bytes, sizeof bytes}, &member),
            slot == 2 ? MEMBERS_VERIFIED : MEMBERS_REFUSED);
    }
    return 0;
}

static int unmake(void **state)
{
    (void)state;
    free(call);
    return 0;
}

static void put(uint64_t stream, const void *bytes, size_t len)
{
    memcpy(endpoint.stream[stream].in + endpoint.stream[stream].in_len, bytes, len);
    endpoint.stream[stream].in_len += len;
}

/* What the call tells of it. */
static unsigned happen(uint64_t stream, enum wzp_stream_what what, uint16_t reason)
{
    struct wzp_event event = {.kind = WZP_EVENT_STREAM, .stream = {stream, what, reason}};
    call->event_count = 0;
    stream_on_event(call, &event);
    told_count = call->event_count;
    memcpy(told, call->events, told_count * sizeof *told);
    return told_count;
}

static void opening(void **state)
{
    uint64_t stream;
    const uint8_t preface[] = {WZP_STREAM_KIND_FILE, 0, 2};
    (void)state;
    assert_int_equal(wzp_call_stream_open(call, 2, &stream), WZP_ERR_OK);
    assert_int_equal(endpoint.stream[stream].out_len, 3);
    assert_memory_equal(endpoint.stream[stream].out, preface, 3);
    assert_int_equal(wzp_call_stream_open(call, 9, &stream), WZP_ERR_BAD_INPUT);
    assert_int_equal(wzp_call_stream_open(call, 3, &stream), WZP_ERR_BAD_INPUT); /* refused member */
    endpoint.is_full = true;
    assert_int_equal(wzp_call_stream_open(call, 2, &stream), WZP_ERR_FULL);
    endpoint.is_full = false;
    for (unsigned i = 1; i < WZP_CALL_STREAMS_MAX; i++)
        assert_int_equal(wzp_call_stream_open(call, 2, &stream), WZP_ERR_OK);
    assert_int_equal(wzp_call_stream_open(call, 2, &stream), WZP_ERR_FULL);
    assert_int_equal(happen(8, WZP_STREAM_GONE, 0), 1);
    endpoint.opened = 8;
    assert_int_equal(wzp_call_stream_open(call, 2, &stream), WZP_ERR_OK);
    call->state = CALL_LEAVING;
    assert_int_equal(wzp_call_stream_open(call, 2, &stream), WZP_ERR_STATE);
}

/* Told once it is known whose it is, byte by byte if need be. */
static void an_incoming_stream_is_told_with_its_member(void **state)
{
    const uint8_t bytes[] = {WZP_STREAM_KIND_FILE, 0, 2, 77};
    const uint8_t *data;
    (void)state;
    assert_int_equal(happen(1, WZP_STREAM_OPENED, 0), 0);
    for (unsigned i = 0; i < 2; i++) {
        put(1, bytes + i, 1);
        assert_int_equal(happen(1, WZP_STREAM_READABLE, 0), 0);
    }
    put(1, bytes + 2, 2);
    assert_int_equal(happen(1, WZP_STREAM_READABLE, 0), 2);
    assert_int_equal(told[0].what, WZP_STREAM_OPENED);
    assert_int_equal(told[1].what, WZP_STREAM_READABLE);
    for (unsigned i = 0; i < 2; i++) {
        assert_int_equal(told[i].kind, WZP_CALL_EVENT_STREAM);
        assert_int_equal(told[i].slot, 2);
        assert_int_equal(told[i].stream, 1);
        assert_memory_equal(told[i].identity, call->members.row[0].record.identity, 32);
    }
    assert_int_equal(wzp_call_stream_peek(call, 1, &data), 1);
    assert_int_equal(*data, 77);
    assert_int_equal(happen(1, WZP_STREAM_STOPPED, 5), 1);
    assert_int_equal(told[0].stream_reason, 5);
    assert_int_equal(happen(1, WZP_STREAM_GONE, 0), 1);
    assert_int_equal(happen(1, WZP_STREAM_READABLE, 0), 0);
}

/* The relay's streams overtake each other: the list of members may come later. */
static void a_stream_waits_for_the_news_of_its_member(void **state)
{
    const uint8_t bytes[] = {WZP_STREAM_KIND_FILE, 0, 5, 77};
    (void)state;
    assert_int_equal(happen(1, WZP_STREAM_OPENED, 0), 0);
    put(1, bytes, 4);
    assert_int_equal(happen(1, WZP_STREAM_READABLE, 0), 0);
    assert_int_equal(endpoint.stream[1].reset, NONE);
    call->event_count = 0;
    stream_on_member(call); /* somebody else */
    assert_int_equal(call->event_count, 0);
    members_come_back(&call->members, &call->members.row[0], 5);
    stream_on_member(call);
    assert_int_equal(call->event_count, 2);
    assert_int_equal(call->events[0].what, WZP_STREAM_OPENED);
    assert_int_equal(call->events[1].what, WZP_STREAM_READABLE);
    assert_int_equal(call->events[1].slot, 5);
    call->event_count = 0;
    stream_on_member(call);
    assert_int_equal(call->event_count, 0);
}

/* With the session its streams are lost. */
static void all_are_told_to_be_gone(void **state)
{
    uint64_t stream;
    (void)state;
    assert_int_equal(wzp_call_stream_open(call, 2, &stream), WZP_ERR_OK);
    happen(1, WZP_STREAM_OPENED, 0); /* whose it is was never known */
    call->event_count = 0;
    stream_forget_all(call);
    assert_int_equal(call->event_count, 2);
    assert_int_equal(call->events[0].what, WZP_STREAM_RESET);
    assert_int_equal(call->events[0].stream_reason, WZP_STREAM_REASON_LEFT);
    assert_int_equal(call->events[1].what, WZP_STREAM_GONE);
    assert_int_equal(call->events[1].stream, stream);
    for (unsigned row = 0; row < WZP_CALL_STREAMS_MAX; row++)
        assert_false(call->streams[row].is_used);
}

static void what_is_not_taken_is_refused(void **state)
{
    static const struct {
        uint8_t bytes[3];
        size_t len;
        bool takes;
        enum wzp_stream_what last;
        enum wzp_stream_reason reason;
    } ROWS[] = {
        {{WZP_STREAM_KIND_FILE, 0, 2}, 3, false, WZP_STREAM_OPENED, WZP_STREAM_REASON_NOT_TAKEN},
        {{WZP_STREAM_KIND_FILE, 0, 1}, 3, true, WZP_STREAM_READABLE, WZP_STREAM_REASON_NOBODY},
        {{WZP_STREAM_KIND_FILE, 0, 3}, 3, true, WZP_STREAM_READABLE, WZP_STREAM_REASON_NOBODY},
        {{WZP_STREAM_KIND_FILE, 0, 0}, 3, true, WZP_STREAM_READABLE, WZP_STREAM_REASON_NOBODY},
        {{99, 0, 2}, 3, true, WZP_STREAM_READABLE, WZP_STREAM_REASON_PREFACE},
        {{WZP_STREAM_KIND_FILE, 0}, 2, true, WZP_STREAM_ENDED, WZP_STREAM_REASON_PREFACE},
        {{0}, 0, true, WZP_STREAM_RESET, WZP_STREAM_REASON_PREFACE},
    };
    for (size_t i = 0; i < sizeof ROWS / sizeof *ROWS; i++) {
        make(state);
        call->config.takes_streams = ROWS[i].takes;
        unsigned events = happen(1, WZP_STREAM_OPENED, 0);
        put(1, ROWS[i].bytes, ROWS[i].len);
        if (ROWS[i].last != WZP_STREAM_OPENED)
            events += happen(1, ROWS[i].last, 0);
        assert_int_equal(events, 0);
        assert_int_equal(endpoint.stream[1].reset, ROWS[i].reason);
        assert_int_equal(endpoint.stream[1].stopped, ROWS[i].reason);
        assert_int_equal(happen(1, WZP_STREAM_READABLE, 0) + happen(1, WZP_STREAM_GONE, 0), 0);
        for (unsigned row = 0; row < WZP_CALL_STREAMS_MAX; row++)
            assert_false(call->streams[row].is_used);
        unmake(state);
    }
    make(state);
    for (uint64_t stream = 0; stream <= WZP_CALL_STREAMS_MAX; stream++)
        happen(stream, WZP_STREAM_OPENED, 0);
    assert_int_equal(endpoint.stream[WZP_CALL_STREAMS_MAX - 1].reset, NONE);
    assert_int_equal(endpoint.stream[WZP_CALL_STREAMS_MAX].reset, WZP_STREAM_REASON_LIMIT);
}

static void keys_of_transfers(void **state)
{
    uint8_t body[WZP_TRANSFER_BODY_LEN], key[32], got[32];
    struct wzp_pair pair;
    struct wzp_stay stay;
    struct wzp_identity identity;
    struct member *member = &call->members.row[0];
    (void)state;
    assert_true(wzp_call_transfer_seal(call, 2, body, key));
    assert_false(wzp_call_transfer_seal(call, 3, body, got));
    assert_false(wzp_call_transfer_open(call, 2, body, got)); /* it is ours, not theirs */
    /* one that the member made for us: its stay is drawn anew here, as the test has no secrets of it */
    wzp_identity_from_seed(&identity, (const uint8_t[32]){2});
    wzp_stay_make(&stay, &call->drbg);
    memcpy(member->record.stay, stay.public_key, 32);
    assert_true(wzp_pair_make(&call->self.stay, stay.public_key, &call->self.room, &member->pair));
    assert_true(wzp_pair_make(&stay, call->self.stay.public_key, &call->self.room, &pair));
    wzp_transfer_seal(&identity, &pair, &member->record, &call->self.record, &call->drbg, body, key);
    assert_true(wzp_call_transfer_open(call, 2, body, got));
    assert_memory_equal(got, key, 32);
    assert_false(wzp_call_transfer_open(call, 3, body, got));
    assert_false(wzp_call_transfer_open(call, 9, body, got));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(opening, make, unmake),
        cmocka_unit_test_setup_teardown(an_incoming_stream_is_told_with_its_member, make, unmake),
        cmocka_unit_test_setup_teardown(a_stream_waits_for_the_news_of_its_member, make, unmake),
        cmocka_unit_test_setup_teardown(all_are_told_to_be_gone, make, unmake),
        cmocka_unit_test_setup_teardown(what_is_not_taken_is_refused, NULL, unmake),
        cmocka_unit_test_setup_teardown(keys_of_transfers, make, unmake),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
