// SPDX-License-Identifier: Apache-2.0
/* The call's face: drives the endpoint and hands its events to room.c, keys.c and speech.c. */
#include "call/call.h"

#include "base/check.h"
#include "call/inspect.h"
#include "call/state.h"

#include <sodium.h>
#include <string.h>

struct wzp_call_config wzp_call_config_default(void)
{
    return (struct wzp_call_config){
        .endpoint = wzp_endpoint_config_client(),
        .codec = &wzp_codec_opus,
        .speakers_max = 8,
        .key_lifetime_ns = 600 * WZP_S,
        .playout_max_ns = 1200 * WZP_MS,
        .bitrate_bps_max = 64000,
    };
}

static void wipe_config(struct wzp_call_config *config)
{
    wzp_identity_deinit(&config->identity);
    sodium_memzero(&config->room, sizeof config->room);
    sodium_memzero(config->token, sizeof config->token);
    sodium_memzero(config->endpoint.seed, sizeof config->endpoint.seed);
    sodium_memzero(config->endpoint.static_secret, sizeof config->endpoint.static_secret);
}

static bool init(struct wzp_call *call, struct wzp_call_config *config)
{
    wzp_drbg_init(&call->drbg, config->endpoint.seed, 1); /* the endpoint draws from stream 0 */
    call->self = (struct self){.identity = config->identity, .room = config->room};
    call->config = *config;
    sodium_memzero(call->config.endpoint.seed, sizeof call->config.endpoint.seed);
    wzp_identity_deinit(&call->config.identity);
    sodium_memzero(&call->config.room, sizeof call->config.room);
    call_keys_init(&call->keys, &call->self, &call->members, &call->drbg, config->key_lifetime_ns);
    held_init(&call->held);
    reconnect_init(call);
    shares_init(&call->shares, config->priority);
    memcpy(config->endpoint.static_secret, config->identity.noise_secret, 32);
    memcpy(config->endpoint.static_public, config->identity.noise_public, 32);
    call->endpoint = wzp_endpoint_create(&config->endpoint);
    return call->endpoint && speech_init(call);
}

struct wzp_call *wzp_call_create(struct wzp_call_config *config)
{
    WZP_CHECK(config->speakers_max > 0 && config->token_len <= WZP_TOKEN_MAX);
    config->endpoint.wait_ms = (uint32_t)(config->delay_budget_ns / WZP_MS);
    WZP_CHECK(config->playout_max_ns >= WZP_AUDIO_FRAME_MS * WZP_MS &&
              config->playout_max_ns <= WZP_JITTER_DELAY_MS_MAX * WZP_MS);
    struct wzp_alloc alloc = config->endpoint.alloc;
    struct wzp_call *call = alloc.get(alloc.ctx, sizeof *call);
    if (call && !init(call, config)) {
        wzp_call_destroy(call);
        call = NULL;
    }
    wipe_config(config);
    return call;
}

void wzp_call_destroy(struct wzp_call *call)
{
    if (!call)
        return;
    struct wzp_alloc alloc = call->config.endpoint.alloc;
    speech_deinit(call);
    wzp_endpoint_destroy(call->endpoint);
    sodium_memzero(call, sizeof *call);
    alloc.put(alloc.ctx, call, sizeof *call);
}

/* ---- what the other files say ---- */

void call_drop(struct wzp_call *call, enum wzp_drop reason, size_t bytes)
{
    wzp_endpoint_counters(call->endpoint)->drops[reason]++;
    call_trace(call, WZP_TRACE_DROPPED, reason, bytes);
}

void call_trace(const struct wzp_call *call, enum wzp_trace_kind kind, uint64_t a, uint64_t b)
{
    wzp_trace_emit(&call->config.endpoint.trace, call->now_ns, kind, call->session, a, b);
}

static struct wzp_call_event *push(struct wzp_call *call)
{
    WZP_CHECK(call->event_count < EVENTS_MAX);
    return &call->events[(call->event_first + call->event_count++) % EVENTS_MAX];
}

void call_push(struct wzp_call *call, enum wzp_call_event_kind kind)
{
    *push(call) = (struct wzp_call_event){.kind = kind, .slot = call->slot};
}

void call_push_reason(struct wzp_call *call, enum wzp_call_event_kind kind, enum wzp_close_reason reason)
{
    *push(call) = (struct wzp_call_event){.kind = kind, .slot = call->slot, .reason = reason};
}

void call_push_member(struct wzp_call *call, enum wzp_call_event_kind kind, const struct member *member)
{
    struct wzp_call_event *event = push(call);
    *event = (struct wzp_call_event){.kind = kind, .slot = member->slot};
    memcpy(event->identity, member->record.identity, sizeof event->identity);
}

void call_send_keys(struct wzp_call *call, bool beside_frame)
{
    if (call_keys_advance(&call->keys, call->now_ns))
        call_trace(call, WZP_TRACE_KEY_EPOCH, call->keys.own.word, call->members.count);
    const struct member *member;
    while ((member = call_keys_due(&call->keys, beside_frame, call->now_ns)))
        if (wzp_endpoint_send_key(call->endpoint, call->session, member->slot, member->offer.body) !=
            WZP_ERR_OK)
            break; /* it counts as sent and lost; its repeat comes */
}

/* From here on this side can open and seal nothing of the call any more. */
static void forget_secrets(struct wzp_call *call)
{
    for (unsigned i = 0; i < WZP_MEMBERS_MAX; i++) {
        struct member *member = &call->members.row[i];
        if (!member->slot)
            continue;
        speech_forget_member(call, member);
        members_remove(&call->members, member);
    }
    call_keys_deinit(&call->keys);
    sodium_memzero(&call->self, sizeof call->self);
}

void call_end(struct wzp_call *call, enum wzp_close_reason reason)
{
    reconnect_stop(call);
    if (!call->session) {
        call_over(call, &(struct wzp_event){.kind = WZP_EVENT_CLOSED, .closed = {.reason = reason}});
        return;
    }
    call->state = CALL_LEAVING;
    forget_secrets(call);
    wzp_endpoint_close(call->endpoint, call->session, reason, call->now_ns);
}

/* ---- from the endpoint ---- */

void call_over(struct wzp_call *call, const struct wzp_event *event)
{
    reconnect_stop(call);
    if (call->session)
        wzp_endpoint_abandon(call->endpoint, call->session, call->now_ns);
    struct wzp_call_event *end = push(call);
    *end = (struct wzp_call_event){
        .kind = WZP_CALL_EVENT_ENDED,
        .slot = call->slot,
        .reason = event->closed.reason,
        .by_peer = event->closed.by_peer,
        .version_count = event->closed.version_count,
    };
    if (end->version_count)
        memcpy(end->versions, event->closed.versions, end->version_count);
    size_t len = event->closed.text.len;
    len = len < sizeof call->end_text ? len : sizeof call->end_text;
    if (len)
        memcpy(call->end_text, event->closed.text.data, len);
    end->text = (struct wzp_slice){call->end_text, len};
    call->state = CALL_OVER;
    forget_secrets(call);
}

static void on_event(struct wzp_call *call, const struct wzp_event *event)
{
    if (call->state == CALL_OVER || reconnect_on_event(call, event) || event->session != call->session)
        return;
    bool is_in = call->state == CALL_ENTERING || call->state == CALL_JOINED;
    if (event->kind == WZP_EVENT_CLOSED &&
        !(call->state == CALL_JOINED && reconnect_on_closed(call, event->closed.reason)))
        call_over(call, event);
    if (!is_in)
        return;
    switch (event->kind) {
    case WZP_EVENT_KEYS:
        reconnect_on_keys(call);
        call_push(call, WZP_CALL_EVENT_KEYS);
        break;
    case WZP_EVENT_REPAIR: /* a client's endpoint keeps them to itself */
        break;
    case WZP_EVENT_CONNECTED:
        call_push(call, WZP_CALL_EVENT_CONNECTED);
        break;
    case WZP_EVENT_SIGNAL:
        room_on_signal(call, event->signal);
        break;
    case WZP_EVENT_MEDIA:
        reconnect_on_media(call);
        speech_on_media(call, event);
        break;
    case WZP_EVENT_KEY:
        room_on_key(call, event->key.slot, event->key.body);
        break;
    case WZP_EVENT_KEY_ACK:
        room_on_key_ack(call, event->key_ack.slot, event->key_ack.body);
        break;
    case WZP_EVENT_STREAM:
        stream_on_event(call, event);
        break;
    case WZP_EVENT_RESET_HINT:
        reconnect_on_hint(call);
        break;
    case WZP_EVENT_CLOSED:
        break;
    }
}

/* Takes in what the endpoint has, as long as there is room for the news. */
static void drain(struct wzp_call *call)
{
    struct wzp_event event;
    while (call->event_count <= EVENTS_MAX - EVENTS_OF_ONE && wzp_endpoint_poll(call->endpoint, &event))
        on_event(call, &event);
}

/* ---- the face ---- */

enum wzp_err call_send_join(struct wzp_call *call, uint32_t session)
{
    uint8_t record[WZP_RECORD_LEN], message[WZP_RECORD_LEN + WZP_TOKEN_MAX + 64];
    wzp_member_record_encode(&call->self.record, record);
    struct wzp_signal join = {
        .kind = WZP_SIGNAL_JOIN,
        .join = {.record = {record, sizeof record}, .token = {call->config.token, call->config.token_len}},
    };
    struct wzp_writer writer = wzp_writer_make(message, sizeof message);
    wzp_signal_encode(&writer, &join);
    WZP_CHECK(!writer.failed);
    return wzp_endpoint_send_signal(call->endpoint, session,
                                    (struct wzp_slice){message, wzp_writer_len(&writer)});
}

enum wzp_err wzp_call_start(struct wzp_call *call, int64_t now_ns)
{
    if (call->state != CALL_NEW)
        return WZP_ERR_STATE;
    call->now_ns = now_ns;
    struct self *self = &call->self;
    wzp_stay_make(&self->stay, &call->drbg);
    wzp_member_record_make(&self->identity, &self->stay, &self->room, &call->drbg, &self->record);
    const uint8_t *relay_static = call->config.has_relay_static ? call->config.relay_static : NULL;
    enum wzp_err err = wzp_endpoint_connect(call->endpoint, &call->config.relay, relay_static, now_ns,
                                            &call->session);
    if (err != WZP_ERR_OK)
        return err;
    call->state = CALL_ENTERING;
    reconnect_on_start(call);
    return call_send_join(call, call->session);
}

void wzp_call_leave(struct wzp_call *call, int64_t now_ns)
{
    call->now_ns = now_ns;
    if (call->state == CALL_NEW) {
        forget_secrets(call);
        call_push(call, WZP_CALL_EVENT_ENDED);
        call->state = CALL_OVER;
    } else if (call->state == CALL_ENTERING || call->state == CALL_JOINED) {
        call_end(call, WZP_CLOSE_REASON_LEFT);
        drain(call);
    }
}

void wzp_call_receive(struct wzp_call *call, const struct wzp_addr *from, uint8_t *datagram, size_t len,
                      int64_t now_ns)
{
    call->now_ns = now_ns;
    wzp_endpoint_receive(call->endpoint, from, datagram, len, now_ns);
    drain(call);
    reconnect_advance(call);
}

size_t wzp_call_transmit(struct wzp_call *call, int64_t now_ns, struct wzp_addr *to, uint8_t *datagram,
                         size_t capacity)
{
    return wzp_endpoint_transmit(call->endpoint, now_ns, to, datagram, capacity);
}

unsigned wzp_call_dscp(const struct wzp_call *call)
{
    return wzp_endpoint_dscp(call->endpoint);
}

int64_t wzp_call_next_at(const struct wzp_call *call)
{
    int64_t at_ns = wzp_time_min(wzp_endpoint_next_at(call->endpoint), call_keys_next_at(&call->keys));
    return wzp_time_min(at_ns, wzp_time_min(reconnect_next_at(call), room_next_at(call)));
}

void wzp_call_advance(struct wzp_call *call, int64_t now_ns)
{
    call->now_ns = now_ns;
    wzp_endpoint_advance(call->endpoint, now_ns);
    drain(call);
    reconnect_advance(call);
    if (call->state != CALL_JOINED)
        return;
    room_advance(call);
    call_send_keys(call, false);
}

bool wzp_call_poll(struct wzp_call *call, struct wzp_call_event *event)
{
    if (!call->event_count)
        drain(call);
    if (!call->event_count)
        return false;
    *event = call->events[call->event_first];
    call->event_first = (call->event_first + 1) % EVENTS_MAX;
    call->event_count--;
    return true;
}

void wzp_call_facts(const struct wzp_call *call, struct wzp_call_facts *facts)
{
    *facts = (struct wzp_call_facts){
        .is_joined = call->state == CALL_JOINED,
        .is_reconnecting = call->reconnect.is_told,
        .slot = call->slot,
        .member_count = call->members.count,
        .first_media_sent_ns = call->speech.first_sent_ns,
        .media_sent = call->speech.sent,
        .session = call->session,
        .plan = controller_facts(call),
    };
}

void wzp_call_relay_keys(const struct wzp_call *call, uint8_t expected[32], uint8_t found[32])
{
    memcpy(expected, call->reconnect.relay_static, 32);
    memcpy(found, call->reconnect.found_static, 32);
}

bool wzp_call_session_facts(const struct wzp_call *call, struct wzp_session_facts *facts)
{
    return wzp_endpoint_facts(call->endpoint, call->session, facts);
}

const struct wzp_endpoint_counters *wzp_call_counters(const struct wzp_call *call)
{
    return wzp_endpoint_counters(call->endpoint);
}

/* ---- for judges ---- */

const struct wzp_sender_keys *wzp_call_sender_keys(const struct wzp_call *call, uint16_t slot)
{
    for (unsigned i = 0; slot && i < WZP_MEMBERS_MAX; i++)
        if (call->members.row[i].slot == slot && !call->members.row[i].is_away)
            return &call->members.row[i].keys;
    return NULL;
}

const struct wzp_stay *wzp_call_stay(const struct wzp_call *call)
{
    return &call->self.stay;
}

int64_t wzp_call_first_media_sent_ns(const struct wzp_call *call)
{
    return call->speech.first_sent_ns;
}

const struct wzp_sender_key *wzp_call_own_key(const struct wzp_call *call)
{
    return &call->keys.own;
}

const struct wzp_member_record *wzp_call_record(const struct wzp_call *call)
{
    return &call->self.record;
}
