// SPDX-License-Identifier: Apache-2.0
#include "wire/signal.h"

#include <string.h>

#include "wire/signal.pb-c.h"

#define SIGNAL_VERSION 2

static void *arena_alloc(void *arena, size_t size)
{
    return wzp_arena_take(arena, size);
}

static void arena_free(void *arena, void *memory)
{
    (void)arena; /* the whole arena goes at once */
    (void)memory;
}

static ProtobufCBinaryData to_binary(struct wzp_slice slice)
{
    return (ProtobufCBinaryData){.len = slice.len, .data = (uint8_t *)(uintptr_t)slice.data};
}

static struct wzp_slice to_slice(ProtobufCBinaryData binary)
{
    return (struct wzp_slice){binary.data, binary.len};
}

/* ---- Hello ---- */

void wzp_hello_encode(struct wzp_writer *writer, const struct wzp_hello *hello)
{
    Wzp__Hello message = WZP__HELLO__INIT;
    message.version = SIGNAL_VERSION;
    message.datagram_max = hello->datagram_max;
    message.stream_window = hello->stream_window;
    message.streams = hello->streams;
    message.bulk_window = hello->bulk_window;
    message.session_window = hello->session_window;
    message.max_rate = hello->max_rate_bps;
    message.wait_ms = hello->wait_ms;
    message.passes_repair = hello->passes_repair;
    uint8_t invitation[WZP_INVITATION_TAG_LEN];
    if (hello->has_invitation) {
        memcpy(invitation, hello->invitation, sizeof invitation);
        message.invitation = (ProtobufCBinaryData){sizeof invitation, invitation};
    }
    uint8_t bytes[WZP_HELLO_MAX];
    size_t len = wzp__hello__get_packed_size(&message);
    if (len > sizeof bytes) {
        writer->failed = true;
        return;
    }
    wzp__hello__pack(&message, bytes);
    wzp_write_bytes(writer, bytes, len);
}

bool wzp_hello_decode(struct wzp_slice bytes, struct wzp_hello *hello)
{
    uint8_t memory[4 * WZP_HELLO_MAX + sizeof(Wzp__Hello)];
    struct wzp_arena arena = wzp_arena_make(memory, sizeof memory);
    ProtobufCAllocator allocator = {arena_alloc, arena_free, &arena};
    if (bytes.len > WZP_HELLO_MAX)
        return false;
    const Wzp__Hello *message = wzp__hello__unpack(&allocator, bytes.len, bytes.data);
    if (!message || message->version != SIGNAL_VERSION || message->datagram_max < WZP_DATAGRAM_MAX)
        return false;
    if (message->invitation.len != 0 && message->invitation.len != WZP_INVITATION_TAG_LEN)
        return false;
    *hello = (struct wzp_hello){
        .datagram_max = message->datagram_max,
        .stream_window = message->stream_window,
        .streams = message->streams,
        .bulk_window = message->bulk_window,
        .session_window = message->session_window,
        .max_rate_bps = message->max_rate,
        .wait_ms = message->wait_ms,
        .passes_repair = message->passes_repair,
        .has_invitation = message->invitation.len != 0,
    };
    if (hello->has_invitation)
        memcpy(hello->invitation, message->invitation.data, sizeof hello->invitation);
    return true;
}

/* ---- Signal ---- */

/* Packs `message` behind its length. */
static void put(struct wzp_writer *writer, Wzp__Signal *message)
{
    message->version = SIGNAL_VERSION;
    size_t len = wzp__signal__get_packed_size(message);
    if (len > WZP_SIGNAL_MAX || len + 2 > wzp_writer_left(writer)) {
        writer->failed = true;
        return;
    }
    wzp_write_u16(writer, (uint16_t)len);
    if (writer->failed)
        return;
    wzp__signal__pack(message, writer->at);
    writer->at += len;
}

static Wzp__Member to_member(const struct wzp_signal_member *member)
{
    Wzp__Member message = WZP__MEMBER__INIT;
    message.slot = member->slot;
    message.record = to_binary(member->record);
    return message;
}

static void put_joined(struct wzp_writer *writer, const struct wzp_signal_joined *joined)
{
    Wzp__Signal message = WZP__SIGNAL__INIT;
    Wzp__Joined body = WZP__JOINED__INIT;
    Wzp__Member members[WZP_MEMBERS_MAX], *list[WZP_MEMBERS_MAX];
    if (joined->member_count > WZP_MEMBERS_MAX) {
        writer->failed = true;
        return;
    }
    for (uint32_t i = 0; i < joined->member_count; i++) {
        members[i] = to_member(&joined->members[i]);
        list[i] = &members[i];
    }
    body.slot = joined->slot;
    body.n_members = joined->member_count;
    body.members = list;
    message.body_case = WZP__SIGNAL__BODY_JOINED;
    message.joined = &body;
    put(writer, &message);
}

void wzp_signal_encode(struct wzp_writer *writer, const struct wzp_signal *signal)
{
    Wzp__Signal message = WZP__SIGNAL__INIT;
    Wzp__Join join = WZP__JOIN__INIT;
    Wzp__Member member = WZP__MEMBER__INIT;
    Wzp__MemberJoined member_joined = WZP__MEMBER_JOINED__INIT;
    Wzp__MemberLeft member_left = WZP__MEMBER_LEFT__INIT;
    switch (signal->kind) {
    case WZP_SIGNAL_JOIN:
        join.record = to_binary(signal->join.record);
        join.token = to_binary(signal->join.token);
        message.body_case = WZP__SIGNAL__BODY_JOIN;
        message.join = &join;
        break;
    case WZP_SIGNAL_JOINED:
        put_joined(writer, &signal->joined);
        return;
    case WZP_SIGNAL_MEMBER_JOINED:
        member = to_member(&signal->member_joined);
        member_joined.member = &member;
        message.body_case = WZP__SIGNAL__BODY_MEMBER_JOINED;
        message.member_joined = &member_joined;
        break;
    case WZP_SIGNAL_MEMBER_LEFT:
        member_left.slot = signal->member_left.slot;
        message.body_case = WZP__SIGNAL__BODY_MEMBER_LEFT;
        message.member_left = &member_left;
        break;
    }
    put(writer, &message);
}

static bool take_slot(uint32_t slot, uint16_t *out)
{
    *out = (uint16_t)slot;
    return slot >= 1 && slot <= UINT16_MAX;
}

static bool take_member(const Wzp__Member *message, struct wzp_signal_member *member)
{
    if (!message || message->record.len != WZP_MEMBER_RECORD_LEN)
        return false;
    member->record = to_slice(message->record);
    return take_slot(message->slot, &member->slot);
}

static bool take_joined(const Wzp__Joined *message, struct wzp_signal_joined *joined)
{
    if (message->n_members > WZP_MEMBERS_MAX || !take_slot(message->slot, &joined->slot))
        return false;
    joined->member_count = (uint32_t)message->n_members;
    for (uint32_t i = 0; i < joined->member_count; i++)
        if (!take_member(message->members[i], &joined->members[i]))
            return false;
    return true;
}

static bool take_join(const Wzp__Join *message, struct wzp_signal_join *join)
{
    join->record = to_slice(message->record);
    join->token = to_slice(message->token);
    return join->record.len == WZP_MEMBER_RECORD_LEN && join->token.len <= WZP_TOKEN_MAX;
}

enum wzp_signal_result wzp_signal_decode(struct wzp_slice message, struct wzp_signal *signal,
                                         struct wzp_arena *arena)
{
    ProtobufCAllocator allocator = {arena_alloc, arena_free, arena};
    if (message.len > WZP_SIGNAL_MAX)
        return WZP_SIGNAL_MALFORMED;
    const Wzp__Signal *unpacked = wzp__signal__unpack(&allocator, message.len, message.data);
    if (!unpacked || unpacked->version != SIGNAL_VERSION)
        return WZP_SIGNAL_MALFORMED;
    bool good = false;
    switch (unpacked->body_case) {
    case WZP__SIGNAL__BODY_JOIN:
        signal->kind = WZP_SIGNAL_JOIN;
        good = take_join(unpacked->join, &signal->join);
        break;
    case WZP__SIGNAL__BODY_JOINED:
        signal->kind = WZP_SIGNAL_JOINED;
        good = take_joined(unpacked->joined, &signal->joined);
        break;
    case WZP__SIGNAL__BODY_MEMBER_JOINED:
        signal->kind = WZP_SIGNAL_MEMBER_JOINED;
        good = take_member(unpacked->member_joined->member, &signal->member_joined);
        break;
    case WZP__SIGNAL__BODY_MEMBER_LEFT:
        signal->kind = WZP_SIGNAL_MEMBER_LEFT;
        good = take_slot(unpacked->member_left->slot, &signal->member_left.slot);
        break;
    default:
        return WZP_SIGNAL_SKIPPED;
    }
    return good ? WZP_SIGNAL_OK : WZP_SIGNAL_MALFORMED;
}
