// SPDX-License-Identifier: Apache-2.0
/* What the relay says about the room, and the keys that members pass through it. */
#include "base/check.h"
#include "call/state.h"

#include <string.h>

#define AWAY_NS (20 * WZP_S) /* so long others have to find back to a relay as well */

/* ---- keys ---- */

static void on_member_key(struct wzp_call *call, struct member *member, const uint8_t *body)
{
    enum wzp_drop reason;
    bool is_first = !member->accepted.used;
    enum call_keys_verdict verdict = call_keys_on_key(&call->keys, member, body, call->now_ns, &reason);
    if (verdict == CALL_KEYS_REFUSED)
        call_drop(call, reason, WZP_KEY_BODY_LEN);
    if (verdict == CALL_KEYS_REFUSED || verdict == CALL_KEYS_TOO_SOON)
        return;
    if (verdict == CALL_KEYS_NEW) {
        call_trace(call, WZP_TRACE_KEY_HELD, member->slot, call_keys_word(member->accepted.body));
        if (is_first)
            call_push_member(call, WZP_CALL_EVENT_KEY_HELD, member);
        speech_on_key(call, member);
    }
    /* One that the queue does not take is counted there; the key's repeat asks again. */
    (void)wzp_endpoint_send_key_ack(call->endpoint, call->session, member->slot, member->accepted.ack_body);
}

void room_on_key(struct wzp_call *call, uint16_t slot, const uint8_t *body)
{
    /* Before the new list is here a slot may mean somebody else. */
    bool is_list_due = call->reconnect.state == RECONNECT_JOINING;
    struct member *member = is_list_due ? NULL : members_find(&call->members, slot);
    if (member)
        on_member_key(call, member, body);
    else if (slot == 0 || slot == call->slot)
        call_drop(call, WZP_DROP_SLOT_UNKNOWN, WZP_KEY_BODY_LEN);
    else if (!call_keys_put_early(&call->keys, slot, body, call->now_ns))
        call_drop(call, WZP_DROP_KEY_EARLY, WZP_KEY_BODY_LEN);
}

void room_on_key_ack(struct wzp_call *call, uint16_t slot, const uint8_t *body)
{
    struct member *member = members_find(&call->members, slot);
    bool is_news = false;
    if (!member)
        call_drop(call, WZP_DROP_SLOT_UNKNOWN, WZP_KEY_ACK_BODY_LEN);
    else if (!call_keys_on_ack(&call->keys, member, body, &is_news))
        call_drop(call, WZP_DROP_KEY_ACK_MAC, WZP_KEY_ACK_BODY_LEN);
    if (is_news)
        call_trace(call, WZP_TRACE_KEY_ACKED, slot, call_keys_word(body));
}

static void take_early_key(struct wzp_call *call, struct member *member)
{
    uint8_t body[WZP_KEY_BODY_LEN];
    switch (call_keys_take_early(&call->keys, member->slot, call->now_ns, body)) {
    case CALL_KEYS_EARLY_NONE:
        break;
    case CALL_KEYS_EARLY_TOO_OLD:
        call_drop(call, WZP_DROP_KEY_EARLY, WZP_KEY_BODY_LEN);
        break;
    case CALL_KEYS_EARLY_TAKEN:
        on_member_key(call, member, body);
        break;
    }
}

/* ---- who is here ---- */

/* NULL when the member is not one to talk with. */
static struct member *add_member(struct wzp_call *call, const struct wzp_signal_member *listed)
{
    struct member *member = NULL;
    enum members_verdict verdict = listed->slot == call->slot
                                       ? MEMBERS_LISTED
                                       : members_add(&call->members, &call->self, listed->slot,
                                                     listed->record, &member);
    switch (verdict) {
    case MEMBERS_VERIFIED:
        call_trace(call, WZP_TRACE_MEMBER_JOINED, member->slot, call->members.count);
        call_push_member(call, WZP_CALL_EVENT_MEMBER_JOINED, member);
        stream_on_member(call);
        return member;
    case MEMBERS_REFUSED:
        call_drop(call, member->refusal, listed->record.len);
        call_push_member(call, WZP_CALL_EVENT_MEMBER_REFUSED, member);
        break;
    case MEMBERS_LISTED:
        call_drop(call, WZP_DROP_SIGNAL_UNKNOWN, listed->record.len);
        break;
    case MEMBERS_FULL:
        call_drop(call, WZP_DROP_QUEUE_FULL, listed->record.len);
        break;
    }
    return NULL;
}

/* A relay that shows somebody else, or nobody, in our place must not be believed about the others. */
static bool is_shown_right(const struct wzp_call *call, const struct wzp_signal_joined *joined)
{
    uint8_t own[WZP_RECORD_LEN];
    wzp_member_record_encode(&call->self.record, own);
    unsigned shown = 0, right = 0;
    for (uint32_t i = 0; i < joined->member_count; i++) {
        const struct wzp_signal_member *listed = &joined->members[i];
        if (listed->slot != joined->slot)
            continue;
        shown++;
        right += listed->record.len == sizeof own && memcmp(listed->record.data, own, sizeof own) == 0;
    }
    return shown == 1 && right == 1;
}

static void come_back(struct wzp_call *call, struct member *member, uint16_t slot)
{
    bool is_moved = member->slot != slot;
    members_come_back(&call->members, member, slot);
    speech_move_member(member);
    call_trace(call, WZP_TRACE_MEMBER_BACK, slot, call->members.count);
    if (is_moved)
        call_push_member(call, WZP_CALL_EVENT_MEMBER_MOVED, member);
    stream_on_member(call);
}

/* The room as it is now: who was here keeps all but the slot, if the record is the same. */
static void list_again(struct wzp_call *call, const struct wzp_signal_joined *joined)
{
    members_all_away(&call->members, call->now_ns);
    for (unsigned i = 0; i < WZP_MEMBERS_MAX; i++)
        if (call->members.row[i].is_away)
            speech_move_member(&call->members.row[i]);
    for (uint32_t i = 0; i < joined->member_count; i++) {
        const struct wzp_signal_member *listed = &joined->members[i];
        struct member *member = members_with_record(&call->members, listed->record);
        if (listed->slot == joined->slot)
            continue;
        if (member && member->is_away && !members_find(&call->members, listed->slot))
            come_back(call, member, listed->slot);
        else
            add_member(call, listed);
    }
}

static void on_joined(struct wzp_call *call, const struct wzp_signal_joined *joined)
{
    bool is_again = call->state == CALL_JOINED;
    if (!is_shown_right(call, joined)) {
        call_drop(call, WZP_DROP_RECORD_INVALID, WZP_RECORD_LEN);
        call_end(call, WZP_CLOSE_REASON_BAD_RECORD);
        return;
    }
    call->state = CALL_JOINED;
    call->slot = joined->slot;
    call_trace(call, is_again ? WZP_TRACE_REJOINED : WZP_TRACE_JOINED, joined->slot, joined->member_count);
    if (is_again)
        reconnect_on_rejoined(call);
    else
        call_push(call, WZP_CALL_EVENT_JOINED);
    list_again(call, joined);
    call_keys_renew(&call->keys, call->now_ns);
    call_trace(call, WZP_TRACE_KEY_EPOCH, call->keys.own.word, call->members.count);
    for (unsigned i = 0; i < WZP_MEMBERS_MAX; i++)
        if (call->members.row[i].slot)
            take_early_key(call, &call->members.row[i]);
}

static void on_member_joined(struct wzp_call *call, const struct wzp_signal_member *listed)
{
    struct member *member = members_with_record(&call->members, listed->record);
    if (member && member->is_away && !members_find(&call->members, listed->slot)) {
        come_back(call, member, listed->slot);
        call_keys_on_member_back(&call->keys, member, call->now_ns);
        take_early_key(call, member);
        return;
    }
    member = add_member(call, listed);
    if (!member)
        return;
    call_keys_on_member_joined(&call->keys, member, call->now_ns);
    call_trace(call, WZP_TRACE_KEY_EPOCH, call->keys.own.word, call->members.count);
    take_early_key(call, member);
}

static void member_left(struct wzp_call *call, struct member *member)
{
    uint16_t slot = member->slot;
    bool was_given_keys = !member->is_refused;
    if (was_given_keys)
        call_push_member(call, WZP_CALL_EVENT_MEMBER_LEFT, member);
    speech_forget_member(call, member);
    members_remove(&call->members, member);
    if (!was_given_keys)
        return;
    call_trace(call, WZP_TRACE_MEMBER_LEFT, slot, call->members.count);
    call_keys_renew(&call->keys, call->now_ns);
    call_trace(call, WZP_TRACE_KEY_EPOCH, call->keys.own.word, call->members.count);
}

static void on_member_left(struct wzp_call *call, uint16_t slot)
{
    struct member *member = members_find(&call->members, slot);
    if (member)
        member_left(call, member);
    else
        call_drop(call, WZP_DROP_SLOT_UNKNOWN, 0);
}

void room_advance(struct wzp_call *call)
{
    for (unsigned i = 0; i < WZP_MEMBERS_MAX; i++) {
        struct member *member = &call->members.row[i];
        if (member->is_away && call->now_ns >= member->away_ns + AWAY_NS)
            member_left(call, member);
    }
}

int64_t room_next_at(const struct wzp_call *call)
{
    int64_t at_ns = WZP_NEVER;
    for (unsigned i = 0; call->members.away > 0 && i < WZP_MEMBERS_MAX; i++)
        if (call->members.row[i].is_away)
            at_ns = wzp_time_min(at_ns, call->members.row[i].away_ns + AWAY_NS);
    return at_ns;
}

void room_on_signal(struct wzp_call *call, struct wzp_slice message)
{
    struct wzp_arena arena = wzp_arena_make(call->arena, sizeof call->arena);
    struct wzp_signal signal;
    enum wzp_signal_result result = wzp_signal_decode(message, &signal, &arena);
    bool is_joined = call->state == CALL_JOINED;
    if (result == WZP_SIGNAL_MALFORMED) {
        call_drop(call, WZP_DROP_SIGNAL_MALFORMED, message.len);
        call_end(call, WZP_CLOSE_REASON_SIGNAL_MALFORMED);
    } else if (result == WZP_SIGNAL_OK && signal.kind == WZP_SIGNAL_JOINED &&
               (!is_joined || call->reconnect.state == RECONNECT_JOINING)) {
        on_joined(call, &signal.joined);
    } else if (result == WZP_SIGNAL_OK && signal.kind == WZP_SIGNAL_MEMBER_JOINED && is_joined) {
        on_member_joined(call, &signal.member_joined);
    } else if (result == WZP_SIGNAL_OK && signal.kind == WZP_SIGNAL_MEMBER_LEFT && is_joined) {
        on_member_left(call, signal.member_left.slot);
    } else {
        call_drop(call, WZP_DROP_SIGNAL_UNKNOWN, message.len);
    }
}
