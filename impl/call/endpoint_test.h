// SPDX-License-Identifier: Apache-2.0
/* For tests of calls: the endpoint's functions, played in the room of call/room_test.h: what one side submits
 * is an event of the others, or is lost, as the test likes. */
#ifndef WZP_CALL_ENDPOINT_TEST_H
#define WZP_CALL_ENDPOINT_TEST_H

#include "call/quiet_test.h"
#include "call/room_test.h"

#include <stdlib.h>

struct wzp_endpoint_config wzp_endpoint_config_client(void)
{
    return (struct wzp_endpoint_config){.version_count = 1};
}

struct wzp_endpoint *wzp_endpoint_create(struct wzp_endpoint_config *config)
{
    struct wzp_endpoint *endpoint = config->alloc.get(config->alloc.ctx, sizeof *endpoint);
    endpoint->inbox = calloc(INBOX, sizeof *endpoint->inbox);
    endpoint->judged_in = 100;
    endpoint->number = room.count;
    room.endpoint[room.count++] = endpoint;
    return endpoint;
}

void wzp_endpoint_destroy(struct wzp_endpoint *endpoint)
{
    room.endpoint[endpoint->number] = NULL;
    free(endpoint->inbox);
    free(endpoint);
}

/* No streams here: call/stream_test.c. */
void stream_on_event(struct wzp_call *call, const struct wzp_event *event)
{
    (void)call, (void)event;
}

void stream_on_member(struct wzp_call *call)
{
    (void)call;
}

void stream_forget_all(struct wzp_call *call)
{
    (void)call;
}

bool wzp_endpoint_poll(struct wzp_endpoint *endpoint, struct wzp_event *event)
{
    if (!endpoint->count)
        return false;
    *event = endpoint->inbox[endpoint->first].event;
    endpoint->first = (endpoint->first + 1) % INBOX;
    endpoint->count--;
    return true;
}

enum wzp_err wzp_endpoint_connect(struct wzp_endpoint *endpoint, const struct wzp_addr *to,
                                  const uint8_t *responder_static, int64_t now_ns, uint32_t *session)
{
    (void)to, (void)responder_static, (void)now_ns;
    *session = 100 + endpoint->number;
    post(endpoint, (struct wzp_event){.kind = WZP_EVENT_KEYS}, (struct wzp_slice){0});
    post(endpoint, (struct wzp_event){.kind = WZP_EVENT_CONNECTED}, (struct wzp_slice){0});
    return WZP_ERR_OK;
}

static void list(struct wzp_signal_joined *joined, uint16_t slot, const void *record)
{
    joined->members[joined->member_count++] = (struct wzp_signal_member){slot, {record, WZP_RECORD_LEN}};
}

/* The relay's part: only Join comes here. */
enum wzp_err wzp_endpoint_send_signal(struct wzp_endpoint *endpoint, uint32_t session,
                                      struct wzp_slice message)
{
    static uint8_t memory[WZP_SIGNAL_ARENA];
    struct wzp_arena arena = wzp_arena_make(memory, sizeof memory);
    struct wzp_signal join;
    assert_int_equal(session, 100 + endpoint->number);
    struct wzp_slice body = {message.data + 2, message.len - 2};
    assert_int_equal(wzp_signal_decode(body, &join, &arena), WZP_SIGNAL_OK);
    assert_int_equal(join.kind, WZP_SIGNAL_JOIN);
    assert_int_equal(join.join.token.len, 3);
    memcpy(endpoint->record, join.join.record.data, WZP_RECORD_LEN);
    endpoint->is_in = true;

    struct wzp_signal joined = {.kind = WZP_SIGNAL_JOINED, .joined = {.slot = slot_of(endpoint)}};
    struct wzp_signal news = {.kind = WZP_SIGNAL_MEMBER_JOINED,
                              .member_joined = {slot_of(endpoint), {endpoint->record, WZP_RECORD_LEN}}};
    for (unsigned i = 0; i < PEOPLE; i++) {
        struct wzp_endpoint *other = other_in_room(endpoint, i);
        if (!other)
            continue;
        list(&joined.joined, slot_of(other), other->record);
        post_signal(other, &news);
    }
    uint8_t shown[WZP_RECORD_LEN];
    memcpy(shown, endpoint->record, sizeof shown);
    shown[70] ^= room.lies_about_us;
    list(&joined.joined, slot_of(endpoint), shown);
    if (room.ghost)
        list(&joined.joined, 77, room.ghost);
    post_signal(endpoint, &joined);
    return WZP_ERR_OK;
}

enum wzp_err wzp_endpoint_send_media(struct wzp_endpoint *endpoint, uint32_t session, uint16_t slot,
                                     const uint8_t header[WZP_MEDIA_HEADER_LEN], struct wzp_slice payload,
                                     bool is_repaired, int64_t now_ns)
{
    (void)session, (void)is_repaired, (void)now_ns;
    assert_int_equal(slot, 0);
    assert_true(room.logged < LOG_MAX);
    room.log[room.logged].from = endpoint->number;
    room.log[room.logged].len = payload.len;
    memcpy(room.log[room.logged].header_bytes, header, WZP_MEDIA_HEADER_LEN);
    memcpy(room.log[room.logged].payload, payload.data, payload.len);
    struct wzp_event event = {.kind = WZP_EVENT_MEDIA, .media = {.slot = slot_of(endpoint)}};
    memcpy(event.media.header_bytes, header, WZP_MEDIA_HEADER_LEN);
    struct wzp_reader reader = wzp_reader_make(header, WZP_MEDIA_HEADER_LEN);
    assert_true(wzp_media_header_decode(&reader, &event.media.header));
    room.log[room.logged++].header = event.media.header;
    for (unsigned i = 0; i < PEOPLE; i++) {
        struct wzp_endpoint *other = other_in_room(endpoint, i);
        if (other && !other->loses_media)
            post(other, event, payload);
    }
    return WZP_ERR_OK;
}

enum wzp_err wzp_endpoint_send_key(struct wzp_endpoint *endpoint, uint32_t session, uint16_t slot,
                                   const uint8_t body[WZP_KEY_BODY_LEN])
{
    (void)session;
    struct wzp_endpoint *to = at_slot(slot);
    struct wzp_event event = {.kind = WZP_EVENT_KEY, .key = {.slot = slot_of(endpoint)}};
    assert_non_null(to); /* nobody gives a key to the ghost */
    room.keys_sent[to->number]++;
    if (!to->loses_keys)
        post(to, event, (struct wzp_slice){body, WZP_KEY_BODY_LEN});
    return WZP_ERR_OK;
}

enum wzp_err wzp_endpoint_send_key_ack(struct wzp_endpoint *endpoint, uint32_t session, uint16_t slot,
                                       const uint8_t body[WZP_KEY_ACK_BODY_LEN])
{
    (void)session;
    struct wzp_event event = {.kind = WZP_EVENT_KEY_ACK, .key_ack = {.slot = slot_of(endpoint)}};
    room.acks_sent++;
    if (at_slot(slot))
        post(at_slot(slot), event, (struct wzp_slice){body, WZP_KEY_ACK_BODY_LEN});
    return WZP_ERR_OK;
}

void wzp_endpoint_close(struct wzp_endpoint *endpoint, uint32_t session, enum wzp_close_reason reason,
                        int64_t now_ns)
{
    (void)session, (void)now_ns;
    struct wzp_signal left = {.kind = WZP_SIGNAL_MEMBER_LEFT, .member_left = {slot_of(endpoint)}};
    endpoint->is_in = false;
    for (unsigned i = 0; i < PEOPLE; i++)
        if (other_in_room(endpoint, i))
            post_signal(room.endpoint[i], &left);
    post(endpoint, (struct wzp_event){.kind = WZP_EVENT_CLOSED, .closed = {.reason = reason}},
         (struct wzp_slice){0});
}

bool wzp_endpoint_facts(const struct wzp_endpoint *endpoint, uint32_t session,
                        struct wzp_session_facts *facts)
{
    (void)session;
    struct wzp_split_wishes wishes = endpoint->wishes;
    wishes.has_streams = endpoint->has_streams;
    *facts = (struct wzp_session_facts){.rtt_ns = 100 * WZP_MS,
                                        .rtt_min_ns = wzp_time_max(endpoint->handshake_ns, 100 * WZP_MS),
                                        .rtt_samples = !endpoint->handshake_ns,
                                        .heard_at_ns = INT64_MAX / 2,
                                        .has_keys = true,
                                        .path = {endpoint->feared_permille, 16, 0},
                                        .path_packets = 100,
                                        .rate_bps = endpoint->rate_bps,
                                        .plan_bps = endpoint->rate_bps,
                                        .share = wzp_split_budget(endpoint->rate_bps, &wishes),
                                        .has_streams = endpoint->has_streams,
                                        .is_path_known = !endpoint->feared_permille,
                                        .judged_in = endpoint->judged_in,
                                        .repair_horizon_in_ns = endpoint->repair_horizon_in_ns,
                                        .plan_loss_in_permille = endpoint->loss_in_permille};
    return true;
}

struct wzp_endpoint_counters *wzp_endpoint_counters(struct wzp_endpoint *endpoint)
{
    return &endpoint->counters;
}

#endif
