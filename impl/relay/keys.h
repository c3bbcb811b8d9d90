// SPDX-License-Identifier: Apache-2.0
/*
 * The newest KEY of each (sender, recipient), repeated on the recipient's hop until its KEY_ACK has passed;
 * after that the KEY_ACK answers the sender's own repeats, so that a loss on one hop is repaired on that hop.
 * Sealed bytes only: the relay can open none of them. Members are named by their session's index.
 * Spec: proto/05-end-to-end.md, KEY and KEY_ACK.
 */
#ifndef WZP_RELAY_KEYS_H
#define WZP_RELAY_KEYS_H

#include "base/alloc.h"
#include "base/heap.h"
#include "wire/wire.h"

#include <stdbool.h>

struct keys_entry {
    bool used, is_acked;
    uint32_t sender, recipient;
    uint32_t next; /* of the recipient's list: entry + 1, 0 ends */
    int64_t first_ns;
    uint8_t body[WZP_KEY_BODY_LEN];
    uint8_t ack_body[WZP_KEY_ACK_BODY_LEN];
};

struct keys {
    uint32_t count, sessions;
    struct keys_entry *entry;
    uint32_t *list; /* session index -> its first entry as recipient + 1 */
    uint32_t free_list;
    struct wzp_heap due;
};

bool keys_init(struct keys *keys, const struct wzp_alloc *alloc, uint32_t sessions, uint32_t members_max);
void keys_deinit(struct keys *keys, const struct wzp_alloc *alloc);

enum keys_verdict {
    KEYS_FORWARD,  /* news: goes on at once */
    KEYS_REPEATED, /* known, its repeats are under way */
    KEYS_ANSWER,   /* known and acknowledged: *ack_body answers it */
};
enum keys_verdict keys_on_key(struct keys *keys, uint32_t sender, uint32_t recipient, const uint8_t *body,
                              int64_t now_ns, const uint8_t **ack_body);
void keys_on_key_ack(struct keys *keys, uint32_t sender, uint32_t recipient, const uint8_t *ack_body);
/* Forgets what the member sent and what waits for it. */
void keys_forget_member(struct keys *keys, uint32_t member);

struct keys_repeat {
    uint32_t sender, recipient;
    const uint8_t *body;
};
int64_t keys_next_at(const struct keys *keys);
bool keys_repeat_due(struct keys *keys, int64_t now_ns, struct keys_repeat *repeat);

#endif
