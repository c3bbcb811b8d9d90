// SPDX-License-Identifier: Apache-2.0
#include "relay/keys.h"

#include "base/check.h"
#include "base/time.h"

#include <string.h>

#define FAST_REPEAT_NS (40 * WZP_MS) /* for the first FAST_NS, then slow */
#define FAST_NS        (2 * WZP_S)
#define SLOW_REPEAT_NS (200 * WZP_MS)
#define WORD_LEN       4 /* key and acknowledgement begin with the word they speak of */

bool keys_init(struct keys *keys, const struct wzp_alloc *alloc, uint32_t sessions, uint32_t members_max)
{
    uint32_t count = sessions * members_max;
    *keys = (struct keys){.count = count, .sessions = sessions};
    keys->entry = alloc->get(alloc->ctx, count * sizeof *keys->entry);
    keys->list = alloc->get(alloc->ctx, sessions * sizeof *keys->list);
    uint32_t *order = alloc->get(alloc->ctx, count * sizeof *order);
    uint32_t *position = alloc->get(alloc->ctx, count * sizeof *position);
    int64_t *at_ns = alloc->get(alloc->ctx, count * sizeof *at_ns);
    keys->due = (struct wzp_heap){count, order, position, at_ns};
    if (!keys->entry || !keys->list || !order || !position || !at_ns)
        return false;
    wzp_heap_init(&keys->due, count, order, position, at_ns);
    for (uint32_t i = 0; i < count; i++)
        keys->entry[i].next = i + 1 < count ? i + 2 : 0;
    keys->free_list = 1;
    return true;
}

void keys_deinit(struct keys *keys, const struct wzp_alloc *alloc)
{
    if (keys->entry)
        alloc->put(alloc->ctx, keys->entry, keys->count * sizeof *keys->entry);
    if (keys->list)
        alloc->put(alloc->ctx, keys->list, keys->sessions * sizeof *keys->list);
    if (keys->due.order)
        alloc->put(alloc->ctx, keys->due.order, keys->count * sizeof *keys->due.order);
    if (keys->due.position)
        alloc->put(alloc->ctx, keys->due.position, keys->count * sizeof *keys->due.position);
    if (keys->due.at_ns)
        alloc->put(alloc->ctx, keys->due.at_ns, keys->count * sizeof *keys->due.at_ns);
}

static struct keys_entry *find(struct keys *keys, uint32_t sender, uint32_t recipient)
{
    for (uint32_t i = keys->list[recipient]; i; i = keys->entry[i - 1].next)
        if (keys->entry[i - 1].sender == sender)
            return &keys->entry[i - 1];
    return NULL;
}

static struct keys_entry *make(struct keys *keys, uint32_t sender, uint32_t recipient)
{
    WZP_CHECK(keys->free_list); /* a recipient has fewer senders than members_max */
    uint32_t i = keys->free_list;
    struct keys_entry *entry = &keys->entry[i - 1];
    keys->free_list = entry->next;
    *entry = (struct keys_entry){
        .used = true, .sender = sender, .recipient = recipient, .next = keys->list[recipient]};
    keys->list[recipient] = i;
    return entry;
}

static uint32_t id_of(const struct keys *keys, const struct keys_entry *entry)
{
    return (uint32_t)(entry - keys->entry);
}

enum keys_verdict keys_on_key(struct keys *keys, uint32_t sender, uint32_t recipient, const uint8_t *body,
                              int64_t now_ns, const uint8_t **ack_body)
{
    struct keys_entry *entry = find(keys, sender, recipient);
    if (entry && memcmp(entry->body, body, sizeof entry->body) == 0) {
        *ack_body = entry->ack_body;
        return entry->is_acked ? KEYS_ANSWER : KEYS_REPEATED;
    }
    if (!entry)
        entry = make(keys, sender, recipient);
    memcpy(entry->body, body, sizeof entry->body);
    entry->is_acked = false;
    entry->first_ns = now_ns;
    wzp_heap_set(&keys->due, id_of(keys, entry), now_ns + FAST_REPEAT_NS);
    return KEYS_FORWARD;
}

void keys_on_key_ack(struct keys *keys, uint32_t sender, uint32_t recipient, const uint8_t *ack_body)
{
    struct keys_entry *entry = find(keys, sender, recipient);
    if (!entry || memcmp(entry->body, ack_body, WORD_LEN) != 0)
        return;
    entry->is_acked = true;
    memcpy(entry->ack_body, ack_body, sizeof entry->ack_body);
    wzp_heap_set(&keys->due, id_of(keys, entry), WZP_NEVER);
}

void keys_forget_member(struct keys *keys, uint32_t member)
{
    for (uint32_t recipient = 0; recipient < keys->sessions; recipient++) {
        uint32_t *link = &keys->list[recipient];
        while (*link) {
            uint32_t i = *link;
            struct keys_entry *entry = &keys->entry[i - 1];
            if (entry->sender != member && entry->recipient != member) {
                link = &entry->next;
                continue;
            }
            *link = entry->next;
            *entry = (struct keys_entry){.next = keys->free_list};
            keys->free_list = i;
            wzp_heap_set(&keys->due, i - 1, WZP_NEVER);
        }
    }
}

int64_t keys_next_at(const struct keys *keys)
{
    return keys->due.at_ns[wzp_heap_first(&keys->due)];
}

bool keys_repeat_due(struct keys *keys, int64_t now_ns, struct keys_repeat *repeat)
{
    uint32_t first = wzp_heap_first(&keys->due);
    if (keys->due.at_ns[first] > now_ns)
        return false;
    const struct keys_entry *entry = &keys->entry[first];
    *repeat = (struct keys_repeat){entry->sender, entry->recipient, entry->body};
    bool is_fast = now_ns < entry->first_ns + FAST_NS;
    wzp_heap_set(&keys->due, first, now_ns + (is_fast ? FAST_REPEAT_NS : SLOW_REPEAT_NS));
    return true;
}
