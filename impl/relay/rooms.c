// SPDX-License-Identifier: Apache-2.0
#include "relay/rooms.h"

#include "base/check.h"

#include <string.h>

bool rooms_init(struct rooms *rooms, const struct wzp_alloc *alloc, uint32_t rooms_max, uint32_t members_max,
                uint32_t sessions_max)
{
    *rooms = (struct rooms){.rooms_max = rooms_max, .members_max = members_max, .sessions_max = sessions_max};
    rooms->room = alloc->get(alloc->ctx, rooms_max * sizeof *rooms->room);
    rooms->lists = alloc->get(alloc->ctx, (size_t)rooms_max * members_max * sizeof *rooms->lists);
    rooms->member = alloc->get(alloc->ctx, sessions_max * sizeof *rooms->member);
    if (!rooms->room || !rooms->lists || !rooms->member)
        return false;
    for (uint32_t i = 0; i < rooms_max; i++)
        rooms->room[i].members = rooms->lists + (size_t)i * members_max;
    return true;
}

void rooms_deinit(struct rooms *rooms, const struct wzp_alloc *alloc)
{
    if (rooms->room)
        alloc->put(alloc->ctx, rooms->room, rooms->rooms_max * sizeof *rooms->room);
    if (rooms->lists)
        alloc->put(alloc->ctx, rooms->lists,
                   (size_t)rooms->rooms_max * rooms->members_max * sizeof *rooms->lists);
    if (rooms->member)
        alloc->put(alloc->ctx, rooms->member, rooms->sessions_max * sizeof *rooms->member);
}

/* The room of this id, or a free one for it; rooms_max when there is neither. */
static uint32_t find_room(struct rooms *rooms, const uint8_t id[32])
{
    uint32_t free_room = rooms->rooms_max;
    for (uint32_t i = 0; i < rooms->rooms_max; i++) {
        if (rooms->room[i].count == 0)
            free_room = free_room == rooms->rooms_max ? i : free_room;
        else if (memcmp(rooms->room[i].id, id, sizeof rooms->room[i].id) == 0)
            return i;
    }
    return free_room;
}

enum rooms_result rooms_join(struct rooms *rooms, uint32_t index, uint32_t session,
                             const uint8_t *record_bytes, const struct wzp_member_record *record,
                             const uint8_t peer_static[32], struct rooms_member **member)
{
    WZP_CHECK(index < rooms->sessions_max && !rooms->member[index].used);
    uint32_t place = find_room(rooms, record->room_id);
    if (place == rooms->rooms_max)
        return ROOMS_NO_ROOM;
    struct rooms_room *room = &rooms->room[place];
    for (uint32_t i = 0; i < room->count; i++)
        if (memcmp(rooms->member[room->members[i]].record, record_bytes, WZP_MEMBER_RECORD_LEN) == 0)
            return ROOMS_ALREADY_MEMBER;
    if (room->count == rooms->members_max || (room->count > 0 && room->next_slot > UINT16_MAX))
        return ROOMS_NO_PLACE;
    if (room->count == 0) {
        memcpy(room->id, record->room_id, sizeof room->id);
        room->next_slot = 1;
        rooms->used++;
    }
    *member = &rooms->member[index];
    **member = (struct rooms_member){
        .used = true, .index = index, .session = session, .room = place, .slot = (uint16_t)room->next_slot++};
    memcpy((*member)->record, record_bytes, WZP_MEMBER_RECORD_LEN);
    memcpy((*member)->peer_static, peer_static, sizeof(*member)->peer_static);
    (*member)->position = room->count;
    room->members[room->count++] = index;
    return ROOMS_JOINED;
}

struct rooms_member *rooms_same_person(const struct rooms *rooms, const struct wzp_member_record *record,
                                       const uint8_t peer_static[32])
{
    for (uint32_t place = 0; place < rooms->rooms_max; place++) {
        const struct rooms_room *room = &rooms->room[place];
        if (room->count == 0 || memcmp(room->id, record->room_id, sizeof room->id) != 0)
            continue;
        for (uint32_t i = 0; i < room->count; i++) {
            struct rooms_member *member = &rooms->member[room->members[i]];
            if (memcmp(member->record, record->identity, sizeof record->identity) == 0 &&
                memcmp(member->peer_static, peer_static, sizeof member->peer_static) == 0)
                return member;
        }
    }
    return NULL;
}

struct rooms_member *rooms_move(struct rooms *rooms, struct rooms_member *member, uint32_t index,
                                uint32_t session)
{
    WZP_CHECK(index < rooms->sessions_max && !rooms->member[index].used);
    struct rooms_room *room = &rooms->room[member->room];
    struct rooms_member *moved = &rooms->member[index];
    room->members[member->position] = index;
    *moved = *member;
    moved->index = index;
    moved->session = session;
    *member = (struct rooms_member){0};
    return moved;
}

void rooms_leave(struct rooms *rooms, struct rooms_member *member)
{
    struct rooms_room *room = &rooms->room[member->room];
    WZP_CHECK(member->position < room->count);
    room->count--;
    for (uint32_t i = member->position; i < room->count; i++) {
        room->members[i] = room->members[i + 1];
        rooms->member[room->members[i]].position = i;
    }
    if (room->count == 0)
        rooms->used--;
    *member = (struct rooms_member){0};
}

struct rooms_member *rooms_member(const struct rooms *rooms, uint32_t index, uint32_t session)
{
    WZP_CHECK(index < rooms->sessions_max);
    struct rooms_member *member = &rooms->member[index];
    return member->used && member->session == session ? member : NULL;
}

const struct rooms_member *rooms_at(const struct rooms *rooms, uint32_t index)
{
    WZP_CHECK(index < rooms->sessions_max && rooms->member[index].used);
    return &rooms->member[index];
}

const struct rooms_member *rooms_slot(const struct rooms *rooms, uint32_t room, uint16_t slot)
{
    for (uint32_t i = 0; i < rooms->room[room].count; i++)
        if (rooms->member[rooms->room[room].members[i]].slot == slot)
            return &rooms->member[rooms->room[room].members[i]];
    return NULL;
}

const struct rooms_member *rooms_next(const struct rooms *rooms, uint32_t room,
                                      const struct rooms_member *after)
{
    uint32_t i = after ? after->position + 1 : 0;
    return i < rooms->room[room].count ? &rooms->member[rooms->room[room].members[i]] : NULL;
}

uint32_t rooms_count(const struct rooms *rooms, uint32_t room)
{
    return rooms->room[room].count;
}
