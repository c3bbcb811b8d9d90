// SPDX-License-Identifier: Apache-2.0
/*
 * The half-open handshakes of a responder: found, taken and given up in constant time, however many come.
 *
 * Law: a place is free, unproven (its address may be forged), proven (it brought a cookie) or done (a session
 * stands; it swallows late copies of message 1). Who comes takes a free place, else the oldest done one,
 * else, if it is proven itself, the oldest unproven one: nothing unproven displaces anybody who waits. Copies
 * of message 1 are found by a keyed hash, so that nobody can choose who shares a bucket. Does not: keep time
 * or the entries' contents; session/handshake.c does. The endpoint owns the memory. Spec:
 * proto/03-handshake.md, "Floods".
 */
#ifndef WZP_SESSION_HALF_OPEN_H
#define WZP_SESSION_HALF_OPEN_H

#include <stdbool.h>
#include <stdint.h>

#define HALF_OPEN_KEY_LEN 16

enum half_open_class {
    HALF_OPEN_FREE,
    HALF_OPEN_UNPROVEN,
    HALF_OPEN_PROVEN,
    HALF_OPEN_DONE,
    HALF_OPEN_CLASSES,
};

/* One place: neighbours in the list of its class (oldest first) and in its bucket, each index + 1, 0 ends. */
struct half_open_place {
    enum half_open_class class;
    uint32_t older, newer, bucket_next;
    uint8_t key[HALF_OPEN_KEY_LEN];
};

struct half_open_index {
    struct half_open_place *places;
    uint32_t *buckets;
    uint32_t count, bucket_mask;
    struct {
        uint32_t oldest, newest, count;
    } list[HALF_OPEN_CLASSES];
};

#define HALF_OPEN_NONE UINT32_MAX

/* How many buckets `count` places want: a power of two. */
uint32_t half_open_bucket_count(uint32_t count);
/* All places are free; `buckets` is zero. */
void half_open_init(struct half_open_index *index, uint32_t count, struct half_open_place *places,
                    uint32_t *buckets);

/* The place with this key, or NONE. */
uint32_t half_open_find(const struct half_open_index *index, const uint8_t key[HALF_OPEN_KEY_LEN]);
/* Where a newcomer goes, or NONE. If that place is not free its owner is to be told, and it is given back,
 * before it is taken. */
uint32_t half_open_place_for(const struct half_open_index *index, bool is_proven);
void half_open_take(struct half_open_index *index, uint32_t place, const uint8_t key[HALF_OPEN_KEY_LEN],
                    bool is_proven);
/* To PROVEN or DONE; nobody becomes less than he was. */
void half_open_promote(struct half_open_index *index, uint32_t place, enum half_open_class class);
void half_open_give_back(struct half_open_index *index, uint32_t place);

#endif
