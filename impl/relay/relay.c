// SPDX-License-Identifier: Apache-2.0
/* The relay's face: what sessions say comes in here and goes to rooms.c (who is where), keys.c (sender
 * keys) and pipes.c (streams). */
#include "relay/relay.h"

#include "base/check.h"
#include "relay/inspect.h"
#include "relay/keys.h"
#include "relay/pipes.h"
#include "relay/rooms.h"
#include "wire/signal.h"

#include <sodium.h>
#include <string.h>

#define SIGNAL_BYTES_MAX (WZP_SIGNAL_MAX + 2)
#define ARENA_BYTES      (4 * WZP_SIGNAL_MAX)

struct wzp_relay {
    struct wzp_relay_config config;
    struct wzp_endpoint *endpoint;
    struct rooms rooms;
    struct keys keys;
    struct wzp_relay_access access;
    struct pipes pipes;
    struct wzp_relay_counters counters;
    uint8_t signal_bytes[SIGNAL_BYTES_MAX];
    uint8_t arena_bytes[ARENA_BYTES];
};

struct wzp_relay_config wzp_relay_config_default(void)
{
    return (struct wzp_relay_config){
        .endpoint = wzp_endpoint_config_relay(),
        .rooms_max = 64,
        .members_max = 16,
        .pipes_max = 64,
    };
}

struct wzp_relay *wzp_relay_create(struct wzp_relay_config *config)
{
    WZP_CHECK(config->members_max > 0 && config->members_max <= WZP_MEMBERS_MAX && config->rooms_max > 0);
    struct wzp_alloc alloc = config->endpoint.alloc;
    struct wzp_relay *relay = alloc.get(alloc.ctx, sizeof *relay);
    if (!relay)
        return NULL;
    relay->config = *config;
    sodium_memzero(relay->config.endpoint.seed, sizeof relay->config.endpoint.seed);
    sodium_memzero(relay->config.endpoint.static_secret, sizeof relay->config.endpoint.static_secret);
    sodium_memzero(relay->config.endpoint.reset_key, sizeof relay->config.endpoint.reset_key);
    uint32_t sessions = config->endpoint.limits.sessions_max;
    relay->endpoint = wzp_endpoint_create(&config->endpoint);
    if (relay->endpoint &&
        rooms_init(&relay->rooms, &alloc, config->rooms_max, config->members_max, sessions) &&
        keys_init(&relay->keys, &alloc, sessions, config->members_max) &&
        pipes_init(&relay->pipes, &alloc, config->pipes_max, sessions, relay->endpoint, &relay->rooms))
        return relay;
    wzp_relay_destroy(relay);
    return NULL;
}

void wzp_relay_destroy(struct wzp_relay *relay)
{
    if (!relay)
        return;
    struct wzp_alloc alloc = relay->config.endpoint.alloc;
    wzp_endpoint_destroy(relay->endpoint);
    rooms_deinit(&relay->rooms, &alloc);
    keys_deinit(&relay->keys, &alloc);
    pipes_deinit(&relay->pipes, &alloc);
    sodium_memzero(relay, sizeof *relay);
    alloc.put(alloc.ctx, relay, sizeof *relay);
}

static void drop(struct wzp_relay *relay, enum wzp_drop reason)
{
    wzp_endpoint_counters(relay->endpoint)->drops[reason]++;
}

/* ---- who is let in ---- */

/* False: the session is closed. */
static bool check_access(struct wzp_relay *relay, uint32_t session, int64_t now_ns)
{
    struct wzp_session_facts facts;
    if (!wzp_endpoint_facts(relay->endpoint, session, &facts) || facts.is_initiator ||
        access_allows(&relay->access, facts.peer_static, facts.is_invited))
        return true;
    relay->counters.not_allowed++;
    wzp_endpoint_close(relay->endpoint, session, WZP_CLOSE_REASON_NOT_ALLOWED, now_ns);
    return false;
}

void wzp_relay_set_access(struct wzp_relay *relay, const struct wzp_relay_access *access, int64_t now_ns)
{
    relay->access = *access;
    wzp_endpoint_set_invitations(relay->endpoint, &access->invitations);
    for (uint32_t i = 0; i < relay->rooms.sessions_max; i++)
        if (relay->rooms.member[i].used)
            check_access(relay, relay->rooms.member[i].session, now_ns);
}

/* ---- signals ---- */

/* Whoever cannot be told who is in the room any more must not stay in it. */
static void say(struct wzp_relay *relay, uint32_t session, const struct wzp_signal *signal, int64_t now_ns)
{
    struct wzp_writer writer = wzp_writer_make(relay->signal_bytes, sizeof relay->signal_bytes);
    wzp_signal_encode(&writer, signal);
    WZP_CHECK(!writer.failed);
    struct wzp_slice message = {relay->signal_bytes, wzp_writer_len(&writer)};
    if (wzp_endpoint_send_signal(relay->endpoint, session, message) == WZP_ERR_FULL)
        wzp_endpoint_close(relay->endpoint, session, WZP_CLOSE_REASON_INTERNAL, now_ns);
}

static void say_to_others(struct wzp_relay *relay, const struct rooms_member *member,
                          const struct wzp_signal *signal, int64_t now_ns)
{
    for (const struct rooms_member *other = NULL; (other = rooms_next(&relay->rooms, member->room, other));)
        if (other != member)
            say(relay, other->session, signal, now_ns);
}

static struct wzp_signal_member describe(const struct rooms_member *member)
{
    return (struct wzp_signal_member){.slot = member->slot,
                                      .record = {member->record, sizeof member->record}};
}

static bool is_token_right(const struct wzp_relay *relay, struct wzp_slice token)
{
    return relay->config.token_len == 0 || (token.len == relay->config.token_len &&
                                            sodium_memcmp(token.data, relay->config.token, token.len) == 0);
}

static void leave(struct wzp_relay *relay, struct rooms_member *member, int64_t now_ns)
{
    struct wzp_signal news = {.kind = WZP_SIGNAL_MEMBER_LEFT, .member_left = {.slot = member->slot}};
    say_to_others(relay, member, &news, now_ns);
    wzp_trace_emit(&relay->config.endpoint.trace, now_ns, WZP_TRACE_MEMBER_LEFT, member->session,
                   member->slot, rooms_count(&relay->rooms, member->room) - 1);
    keys_forget_member(&relay->keys, member->index);
    rooms_leave(&relay->rooms, member);
    relay->counters.leaves++;
    relay->counters.members--;
    relay->counters.rooms = relay->rooms.used;
}

/*
 * The person is in the room already. With the same record it is the same stay, whose session was lost on the
 * way: it goes on in its place, and nobody else hears of it. With another record it is a new stay: the old
 * one ends. NULL when it has to join.
 */
static struct rooms_member *take_over(struct wzp_relay *relay, const struct wzp_event *event,
                                      const struct wzp_signal_join *join, struct rooms_member *before,
                                      int64_t now_ns)
{
    uint32_t session = before->session;
    if (memcmp(before->record, join->record.data, sizeof before->record) == 0) {
        keys_forget_member(&relay->keys, before->index);
        struct rooms_member *member = rooms_move(&relay->rooms, before, event->session_index, event->session);
        wzp_endpoint_abandon(relay->endpoint, session, now_ns);
        return member;
    }
    leave(relay, before, now_ns);
    wzp_endpoint_close(relay->endpoint, session, WZP_CLOSE_REASON_REPLACED, now_ns);
    return NULL;
}

/* Puts the session into the room of its record, or says why not. */
static enum wzp_close_reason admit(struct wzp_relay *relay, const struct wzp_event *event,
                                   const struct wzp_signal_join *join, int64_t now_ns,
                                   struct rooms_member **member, bool *is_back)
{
    struct wzp_member_record record;
    struct wzp_session_facts facts;
    if (!is_token_right(relay, join->token))
        return WZP_CLOSE_REASON_BAD_TOKEN;
    if (!wzp_member_record_decode(join->record, &record) || !wzp_member_record_verify_signature(&record))
        return WZP_CLOSE_REASON_BAD_RECORD;
    WZP_CHECK(wzp_endpoint_facts(relay->endpoint, event->session, &facts));
    struct rooms_member *before = rooms_same_person(&relay->rooms, &record, facts.peer_static);
    *is_back = before && (*member = take_over(relay, event, join, before, now_ns));
    if (*is_back)
        return WZP_CLOSE_REASON_LEFT;
    switch (rooms_join(&relay->rooms, event->session_index, event->session, join->record.data, &record,
                       facts.peer_static, member)) {
    case ROOMS_JOINED:
        return WZP_CLOSE_REASON_LEFT;
    case ROOMS_NO_ROOM:
        return WZP_CLOSE_REASON_ROOMS_FULL;
    case ROOMS_NO_PLACE:
        return WZP_CLOSE_REASON_ROOM_FULL;
    case ROOMS_ALREADY_MEMBER:
        return WZP_CLOSE_REASON_ALREADY_MEMBER;
    }
    return WZP_CLOSE_REASON_INTERNAL;
}

static void on_join(struct wzp_relay *relay, const struct wzp_event *event,
                    const struct wzp_signal_join *join, int64_t now_ns)
{
    if (rooms_member(&relay->rooms, event->session_index, event->session)) {
        drop(relay, WZP_DROP_SIGNAL_UNKNOWN);
        return;
    }
    struct rooms_member *member = NULL;
    bool is_back = false;
    enum wzp_close_reason refusal = admit(relay, event, join, now_ns, &member, &is_back);
    if (!member) {
        relay->counters.joins_refused++;
        wzp_endpoint_close(relay->endpoint, event->session, refusal, now_ns);
        return;
    }
    relay->counters.joins += !is_back;
    relay->counters.members += !is_back;
    relay->counters.rejoins += is_back;
    relay->counters.rooms = relay->rooms.used;
    wzp_trace_emit(&relay->config.endpoint.trace, now_ns, WZP_TRACE_JOINED, event->session, member->slot,
                   rooms_count(&relay->rooms, member->room));

    struct wzp_signal joined = {.kind = WZP_SIGNAL_JOINED, .joined = {.slot = member->slot}};
    for (const struct rooms_member *other = NULL; (other = rooms_next(&relay->rooms, member->room, other));)
        joined.joined.members[joined.joined.member_count++] = describe(other);
    say(relay, member->session, &joined, now_ns);
    if (is_back)
        return;
    struct wzp_signal news = {.kind = WZP_SIGNAL_MEMBER_JOINED, .member_joined = describe(member)};
    say_to_others(relay, member, &news, now_ns);
}

static void on_signal(struct wzp_relay *relay, const struct wzp_event *event, int64_t now_ns)
{
    if (!check_access(relay, event->session, now_ns)) /* the list may have changed since it connected */
        return;
    struct wzp_arena arena = wzp_arena_make(relay->arena_bytes, sizeof relay->arena_bytes);
    struct wzp_signal signal;
    switch (wzp_signal_decode(event->signal, &signal, &arena)) {
    case WZP_SIGNAL_OK:
        if (signal.kind == WZP_SIGNAL_JOIN)
            on_join(relay, event, &signal.join, now_ns);
        else
            drop(relay, WZP_DROP_SIGNAL_UNKNOWN);
        break;
    case WZP_SIGNAL_SKIPPED:
        drop(relay, WZP_DROP_SIGNAL_UNKNOWN);
        break;
    case WZP_SIGNAL_MALFORMED:
        drop(relay, WZP_DROP_SIGNAL_MALFORMED);
        wzp_endpoint_close(relay->endpoint, event->session, WZP_CLOSE_REASON_SIGNAL_MALFORMED, now_ns);
        break;
    }
}

static void on_closed(struct wzp_relay *relay, const struct wzp_event *event, int64_t now_ns)
{
    struct rooms_member *member = rooms_member(&relay->rooms, event->session_index, event->session);
    pipes_forget_session(&relay->pipes, event->session_index);
    if (member)
        leave(relay, member, now_ns);
}

/* ---- media and keys ---- */

static void on_media(struct wzp_relay *relay, const struct wzp_event *event,
                     const struct rooms_member *speaker, int64_t now_ns)
{
    /* Slot 0 stands for the sender's own; a client may not speak under another. */
    if (event->media.slot != 0 && event->media.slot != speaker->slot) {
        drop(relay, WZP_DROP_SLOT_SPOOFED);
        return;
    }
    relay->counters.media_in++;
    for (const struct rooms_member *other = NULL;
         (other = rooms_next(&relay->rooms, speaker->room, other));) {
        if (other == speaker)
            continue;
        if (wzp_endpoint_send_media(relay->endpoint, other->session, speaker->slot, event->media.header_bytes,
                                    event->media.payload, event->media.is_recovered, now_ns) == WZP_ERR_OK)
            relay->counters.media_out++;
    }
}

/* A client may cover its own media alone. */
static bool claim_repair(const struct rooms_member *speaker, struct wzp_frame_repair *repair)
{
    for (unsigned i = 0; i < repair->segments_count; i++) {
        if (repair->segments[i].slot != 0 && repair->segments[i].slot != speaker->slot)
            return false;
        repair->segments[i].slot = speaker->slot;
    }
    return true;
}

static void on_repair(struct wzp_relay *relay, const struct wzp_event *event,
                      const struct rooms_member *speaker, int64_t now_ns)
{
    if (!claim_repair(speaker, event->repair)) {
        drop(relay, WZP_DROP_SLOT_SPOOFED);
        return;
    }
    for (const struct rooms_member *other = NULL; (other = rooms_next(&relay->rooms, speaker->room, other));)
        if (other != speaker)
            wzp_endpoint_send_repair(relay->endpoint, other->session, event->repair, now_ns);
}

static void send_key(struct wzp_relay *relay, const struct rooms_member *sender,
                     const struct rooms_member *recipient, const uint8_t *body)
{
    if (wzp_endpoint_send_key(relay->endpoint, recipient->session, sender->slot, body) == WZP_ERR_OK)
        relay->counters.keys_out++;
}

static void on_key(struct wzp_relay *relay, const struct wzp_event *event, const struct rooms_member *sender,
                   int64_t now_ns)
{
    const struct rooms_member *recipient = rooms_slot(&relay->rooms, sender->room, event->key.slot);
    relay->counters.keys_in++;
    if (!recipient || recipient == sender) {
        drop(relay, WZP_DROP_SLOT_UNKNOWN);
        return;
    }
    const uint8_t *ack_body;
    switch (keys_on_key(&relay->keys, sender->index, recipient->index, event->key.body, now_ns, &ack_body)) {
    case KEYS_FORWARD:
        send_key(relay, sender, recipient, event->key.body);
        break;
    case KEYS_REPEATED:
        break;
    case KEYS_ANSWER:
        wzp_endpoint_send_key_ack(relay->endpoint, sender->session, recipient->slot, ack_body);
        break;
    }
}

static void on_key_ack(struct wzp_relay *relay, const struct wzp_event *event,
                       const struct rooms_member *recipient)
{
    const struct rooms_member *sender = rooms_slot(&relay->rooms, recipient->room, event->key_ack.slot);
    if (!sender || sender == recipient) {
        drop(relay, WZP_DROP_SLOT_UNKNOWN);
        return;
    }
    keys_on_key_ack(&relay->keys, sender->index, recipient->index, event->key_ack.body);
    wzp_endpoint_send_key_ack(relay->endpoint, sender->session, recipient->slot, event->key_ack.body);
}

static void on_event(struct wzp_relay *relay, const struct wzp_event *event, int64_t now_ns)
{
    const struct rooms_member *member = rooms_member(&relay->rooms, event->session_index, event->session);
    switch (event->kind) {
    case WZP_EVENT_KEYS:
        check_access(relay, event->session, now_ns);
        break;
    case WZP_EVENT_CONNECTED:
    case WZP_EVENT_RESET_HINT:
        break;
    case WZP_EVENT_SIGNAL:
        on_signal(relay, event, now_ns);
        break;
    case WZP_EVENT_CLOSED:
        on_closed(relay, event, now_ns);
        break;
    case WZP_EVENT_STREAM:
        pipes_on_stream(&relay->pipes, event);
        break;
    case WZP_EVENT_MEDIA:
    case WZP_EVENT_KEY:
    case WZP_EVENT_KEY_ACK:
    case WZP_EVENT_REPAIR:
        if (!member)
            drop(relay, WZP_DROP_NOT_JOINED);
        else if (event->kind == WZP_EVENT_MEDIA)
            on_media(relay, event, member, now_ns);
        else if (event->kind == WZP_EVENT_REPAIR)
            on_repair(relay, event, member, now_ns);
        else if (event->kind == WZP_EVENT_KEY)
            on_key(relay, event, member, now_ns);
        else
            on_key_ack(relay, event, member);
        break;
    }
}

static void drain(struct wzp_relay *relay, int64_t now_ns)
{
    struct wzp_event event;
    while (wzp_endpoint_poll(relay->endpoint, &event))
        on_event(relay, &event, now_ns);
    relay->counters.pipes = relay->pipes.used;
    relay->counters.pipes_opened = relay->pipes.opened;
    relay->counters.pipes_refused = relay->pipes.refused;
    relay->counters.pipe_bytes = relay->pipes.bytes;
}

/* ---- the face ---- */

void wzp_relay_receive(struct wzp_relay *relay, const struct wzp_addr *from, uint8_t *datagram, size_t len,
                       int64_t now_ns)
{
    wzp_endpoint_receive(relay->endpoint, from, datagram, len, now_ns);
    drain(relay, now_ns);
}

size_t wzp_relay_transmit(struct wzp_relay *relay, int64_t now_ns, struct wzp_addr *to, uint8_t *datagram,
                          size_t capacity)
{
    return wzp_endpoint_transmit(relay->endpoint, now_ns, to, datagram, capacity);
}

unsigned wzp_relay_dscp(const struct wzp_relay *relay)
{
    return wzp_endpoint_dscp(relay->endpoint);
}

int64_t wzp_relay_next_at(const struct wzp_relay *relay)
{
    return wzp_time_min(wzp_endpoint_next_at(relay->endpoint), keys_next_at(&relay->keys));
}

void wzp_relay_advance(struct wzp_relay *relay, int64_t now_ns)
{
    wzp_endpoint_advance(relay->endpoint, now_ns);
    drain(relay, now_ns);
    struct keys_repeat repeat;
    while (keys_repeat_due(&relay->keys, now_ns, &repeat))
        send_key(relay, rooms_at(&relay->rooms, repeat.sender), rooms_at(&relay->rooms, repeat.recipient),
                 repeat.body);
}

void wzp_relay_shutdown(struct wzp_relay *relay, int64_t now_ns)
{
    wzp_endpoint_close_all(relay->endpoint, WZP_CLOSE_REASON_SHUTTING_DOWN, now_ns);
}

const struct wzp_relay_counters *wzp_relay_counters(const struct wzp_relay *relay)
{
    return &relay->counters;
}

const struct wzp_endpoint_counters *wzp_relay_endpoint_counters(const struct wzp_relay *relay)
{
    return wzp_endpoint_counters(relay->endpoint);
}

/* ---- for liars ---- */

struct wzp_endpoint *wzp_relay_endpoint(struct wzp_relay *relay)
{
    return relay->endpoint;
}

size_t wzp_relay_sessions(const struct wzp_relay *relay, uint32_t *sessions, size_t max)
{
    size_t count = 0;
    for (uint32_t i = 0; i < relay->rooms.sessions_max && count < max; i++)
        if (relay->rooms.member[i].used)
            sessions[count++] = relay->rooms.member[i].session;
    return count;
}
