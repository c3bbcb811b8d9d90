// SPDX-License-Identifier: Apache-2.0
#include "call/members.h"

#include <sodium.h>
#include <string.h>

struct member *members_find(struct members *members, uint16_t slot)
{
    uint8_t *place = &members->place[slot % WZP_MEMBERS_MAX];
    if (slot && members->slot_here[*place] == slot)
        return &members->row[*place];
    for (unsigned i = 0; slot && i < WZP_MEMBERS_MAX; i++)
        if (members->slot_here[i] == slot) {
            *place = (uint8_t)i;
            return &members->row[i];
        }
    return NULL;
}

unsigned members_row(const struct members *members, const struct member *member)
{
    return (unsigned)(member - members->row);
}

static struct member *free_row(struct members *members)
{
    for (unsigned i = 0; i < WZP_MEMBERS_MAX; i++)
        if (!members->row[i].slot)
            return &members->row[i];
    return NULL;
}

/* A stay key is drawn for one stay: seen twice, somebody shows a member where it is not. */
static bool is_shown_twice(const struct members *members, const struct self *self,
                           const struct wzp_member_record *record)
{
    if (memcmp(record->stay, self->record.stay, sizeof record->stay) == 0)
        return true;
    for (unsigned i = 0; i < WZP_MEMBERS_MAX; i++) {
        const struct member *other = &members->row[i];
        if (other->slot && !other->is_refused &&
            memcmp(record->stay, other->record.stay, sizeof record->stay) == 0)
            return true;
    }
    return false;
}

enum members_verdict members_add(struct members *members, const struct self *self, uint16_t slot,
                                 struct wzp_slice record, struct member **member)
{
    if (members_find(members, slot))
        return MEMBERS_LISTED;
    struct member *row = free_row(members);
    if (!row)
        return MEMBERS_FULL;
    struct wzp_member_record shown = {0};
    enum wzp_member_verdict verdict = WZP_MEMBER_INVALID;
    if (wzp_member_record_decode(record, &shown) && !is_shown_twice(members, self, &shown))
        verdict = wzp_member_record_verify(&shown, &self->room);
    *row = (struct member){.slot = slot, .record = shown};
    members->slot_here[members_row(members, row)] = slot;
    *member = row;
    if (verdict == WZP_MEMBER_GENUINE && wzp_pair_make(&self->stay, shown.stay, &self->room, &row->pair)) {
        members->count++;
        return MEMBERS_VERIFIED;
    }
    row->is_refused = true;
    row->refusal = verdict == WZP_MEMBER_GHOST ? WZP_DROP_GHOST : WZP_DROP_RECORD_INVALID;
    return MEMBERS_REFUSED;
}

bool members_is_here(const struct member *member)
{
    return member->slot && !member->is_refused && !member->is_away;
}

void members_all_away(struct members *members, int64_t now_ns)
{
    memset(members->place, 0, sizeof members->place);
    for (unsigned i = 0; i < WZP_MEMBERS_MAX; i++) {
        struct member *member = &members->row[i];
        if (member->is_refused) {
            members_remove(members, member);
        } else if (members_is_here(member)) {
            member->is_away = true;
            members->slot_here[i] = 0;
            members->away++;
            member->away_ns = now_ns;
            members->count--;
        }
    }
}

struct member *members_with_record(struct members *members, struct wzp_slice record)
{
    uint8_t bytes[WZP_RECORD_LEN];
    for (unsigned i = 0; record.len == sizeof bytes && i < WZP_MEMBERS_MAX; i++) {
        struct member *member = &members->row[i];
        if (!member->slot || member->is_refused)
            continue;
        wzp_member_record_encode(&member->record, bytes);
        if (memcmp(bytes, record.data, sizeof bytes) == 0)
            return member;
    }
    return NULL;
}

void members_come_back(struct members *members, struct member *member, uint16_t slot)
{
    members->count += member->is_away;
    members->away -= member->is_away;
    member->is_away = false;
    member->slot = slot;
    members->slot_here[members_row(members, member)] = slot;
}

void members_remove(struct members *members, struct member *member)
{
    members->count -= members_is_here(member);
    members->away -= member->is_away;
    members->slot_here[members_row(members, member)] = 0;
    members->place[member->slot % WZP_MEMBERS_MAX] = 0;
    sodium_memzero(member, sizeof *member);
}
