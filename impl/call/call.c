// SPDX-License-Identifier: Apache-2.0
/* The call's face: drives the endpoint and hands its events to members.c, keys.c and speech.c. */
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
        .playout_max_ns = 400 * WZP_MS,
    };
}

struct wzp_call *wzp_call_create(struct wzp_call_config *config)
{
    struct wzp_alloc alloc = config->endpoint.alloc;
    struct wzp_call *call = alloc.get(alloc.ctx, sizeof *call);
    if (call) {
        call->config = *config;
        sodium_memzero(call->config.endpoint.seed, sizeof call->config.endpoint.seed);
        call->first_media_sent_ns = WZP_NEVER;
        wzp_drbg_init(&call->drbg, config->endpoint.seed, 1); /* the endpoint has stream 0 */
        memcpy(config->endpoint.static_secret, config->identity.noise_secret, 32);
        memcpy(config->endpoint.static_public, config->identity.noise_public, 32);
        call->endpoint = wzp_endpoint_create(&config->endpoint);
        if (!call->endpoint || !speech_init(call)) {
            wzp_call_destroy(call);
            call = NULL;
        }
    }
    wzp_identity_deinit(&config->identity);
    sodium_memzero(config->endpoint.seed, sizeof config->endpoint.seed);
    sodium_memzero(config->endpoint.static_secret, sizeof config->endpoint.static_secret);
    sodium_memzero(&config->room, sizeof config->room);
    sodium_memzero(config->token, sizeof config->token);
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

void call_drop(struct wzp_call *call, enum wzp_drop reason)
{
    wzp_endpoint_counters(call->endpoint)->drops[reason]++;
}

void call_event(struct wzp_call *call, enum wzp_call_event_kind kind, const struct member *member)
{
    /* Whoever polls as the law says never fills it; a flood of joins costs news, not memory. */
    if (call->event_count == EVENTS_MAX) {
        call_drop(call, WZP_DROP_QUEUE_FULL);
        return;
    }
    struct wzp_call_event *event = &call->event[(call->event_first + call->event_count++) % EVENTS_MAX];
    *event = (struct wzp_call_event){.kind = kind, .slot = member ? member->slot : call->slot};
    memcpy(event->identity, member ? member->record.identity : call->record.identity, sizeof event->identity);
}

bool wzp_call_poll(struct wzp_call *call, struct wzp_call_event *event)
{
    if (call->event_count) {
        *event = call->event[call->event_first];
        call->event_first = (call->event_first + 1) % EVENTS_MAX;
        call->event_count--;
        return true;
    }
    if (!call->has_end)
        return false;
    *event = call->end;
    call->has_end = false;
    return true;
}

/* ---- from the endpoint ---- */

static void forget_secrets(struct wzp_call *call)
{
    wzp_stay_deinit(&call->stay);
    sodium_memzero(&call->own_key, sizeof call->own_key);
    sodium_memzero(&call->own_media_key, sizeof call->own_media_key);
    for (unsigned i = 0; i < WZP_MEMBERS_MAX; i++)
        if (call->member[i].used)
            members_forget(call, &call->member[i]);
}

static void on_closed(struct wzp_call *call, const struct wzp_event *event)
{
    call->has_end = call->is_ended = true;
    call->is_joined = false;
    call->end = (struct wzp_call_event){
        .kind = WZP_CALL_EVENT_ENDED,
        .slot = call->slot,
        .reason = event->closed.reason,
        .by_peer = event->closed.by_peer,
        .version_count = event->closed.version_count,
    };
    memcpy(call->end.versions, event->closed.versions, event->closed.version_count);
    size_t len = event->closed.text.len < sizeof call->end_text ? event->closed.text.len
                                                                : sizeof call->end_text;
    if (len)
        memcpy(call->end_text, event->closed.text.data, len);
    call->end.text = (struct wzp_slice){call->end_text, len};
    forget_secrets(call);
}

static void on_event(struct wzp_call *call, const struct wzp_event *event, int64_t now_ns)
{
    switch (event->kind) {
    case WZP_EVENT_KEYS:
        call_event(call, WZP_CALL_EVENT_KEYS, NULL);
        break;
    case WZP_EVENT_CONNECTED:
        call_event(call, WZP_CALL_EVENT_CONNECTED, NULL);
        break;
    case WZP_EVENT_SIGNAL:
        members_on_signal(call, event->signal, now_ns);
        break;
    case WZP_EVENT_MEDIA:
        speech_on_media(call, event, now_ns);
        break;
    case WZP_EVENT_KEY:
        keys_on_key(call, event->key.slot, event->key.body, now_ns);
        break;
    case WZP_EVENT_KEY_ACK:
        keys_on_key_ack(call, event->key_ack.slot, event->key_ack.body, now_ns);
        break;
    case WZP_EVENT_CLOSED:
        on_closed(call, event);
        break;
    }
}

static void drain(struct wzp_call *call, int64_t now_ns)
{
    struct wzp_event event;
    while (wzp_endpoint_poll(call->endpoint, &event))
        on_event(call, &event, now_ns);
}

/* ---- the face ---- */

static enum wzp_err send_join(struct wzp_call *call)
{
    uint8_t record[WZP_RECORD_LEN], message[WZP_RECORD_LEN + WZP_TOKEN_MAX + 64];
    wzp_member_record_encode(&call->record, record);
    struct wzp_signal join = {
        .kind = WZP_SIGNAL_JOIN,
        .join = {.record = {record, sizeof record}, .token = {call->config.token, call->config.token_len}},
    };
    struct wzp_writer writer = wzp_writer_make(message, sizeof message);
    wzp_signal_encode(&writer, &join);
    WZP_CHECK(!writer.failed);
    return wzp_endpoint_send_signal(call->endpoint, call->session,
                                    (struct wzp_slice){message, wzp_writer_len(&writer)});
}

enum wzp_err wzp_call_start(struct wzp_call *call, int64_t now_ns)
{
    if (call->is_started)
        return WZP_ERR_STATE;
    call->is_started = true;
    wzp_stay_make(&call->stay, &call->drbg);
    wzp_member_record_make(&call->config.identity, &call->stay, &call->config.room, &call->drbg,
                           &call->record);
    enum wzp_err err = wzp_endpoint_connect(call->endpoint, &call->config.relay,
                                            call->config.has_relay_static ? call->config.relay_static : NULL,
                                            now_ns, &call->session);
    return err == WZP_ERR_OK ? send_join(call) : err;
}

void wzp_call_leave(struct wzp_call *call, int64_t now_ns)
{
    wzp_endpoint_close(call->endpoint, call->session, WZP_CLOSE_REASON_LEFT, now_ns);
    call->is_joined = false;
    drain(call, now_ns);
}

void wzp_call_receive(struct wzp_call *call, const struct wzp_addr *from, uint8_t *datagram, size_t len,
                      int64_t now_ns)
{
    wzp_endpoint_receive(call->endpoint, from, datagram, len, now_ns);
    drain(call, now_ns);
}

size_t wzp_call_transmit(struct wzp_call *call, int64_t now_ns, struct wzp_addr *to, uint8_t *datagram,
                         size_t capacity)
{
    return wzp_endpoint_transmit(call->endpoint, now_ns, to, datagram, capacity);
}

int64_t wzp_call_next_at(const struct wzp_call *call)
{
    return wzp_time_min(wzp_endpoint_next_at(call->endpoint), keys_next_at(call));
}

void wzp_call_advance(struct wzp_call *call, int64_t now_ns)
{
    wzp_endpoint_advance(call->endpoint, now_ns);
    drain(call, now_ns);
    keys_advance(call, now_ns, 0);
}

void wzp_call_facts(const struct wzp_call *call, struct wzp_call_facts *facts)
{
    *facts = (struct wzp_call_facts){
        .is_joined = call->is_joined,
        .slot = call->slot,
        .member_count = members_count(call),
        .first_media_sent_ns = call->first_media_sent_ns,
        .media_sent = call->sequence,
        .session = call->session,
    };
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
    for (unsigned i = 0; i < WZP_MEMBERS_MAX; i++)
        if (call->member[i].used && call->member[i].slot == slot)
            return &call->member[i].keys;
    return NULL;
}

const struct wzp_sender_key *wzp_call_own_key(const struct wzp_call *call)
{
    return &call->own_key;
}

const struct wzp_member_record *wzp_call_record(const struct wzp_call *call)
{
    return &call->record;
}
