// SPDX-License-Identifier: Apache-2.0
#include "session/half_open.h"

#include "base/check.h"

#include <string.h>

uint32_t half_open_bucket_count(uint32_t count)
{
    uint32_t buckets = 4;
    while (buckets < 2 * count)
        buckets *= 2;
    return buckets;
}

static void append(struct half_open_index *index, uint32_t place, enum half_open_class class)
{
    struct half_open_place *at = &index->places[place];
    at->class = class;
    at->older = index->list[class].newest;
    at->newer = 0;
    if (at->older)
        index->places[at->older - 1].newer = place + 1;
    else
        index->list[class].oldest = place + 1;
    index->list[class].newest = place + 1;
    index->list[class].count++;
}

static void unlink_place(struct half_open_index *index, uint32_t place)
{
    const struct half_open_place *at = &index->places[place];
    if (at->older)
        index->places[at->older - 1].newer = at->newer;
    else
        index->list[at->class].oldest = at->newer;
    if (at->newer)
        index->places[at->newer - 1].older = at->older;
    else
        index->list[at->class].newest = at->older;
    index->list[at->class].count--;
}

void half_open_init(struct half_open_index *index, uint32_t count, struct half_open_place *places,
                    uint32_t *buckets)
{
    *index = (struct half_open_index){.places = places,
                                      .buckets = buckets,
                                      .count = count,
                                      .bucket_mask = half_open_bucket_count(count) - 1};
    for (uint32_t i = 0; i < count; i++)
        append(index, i, HALF_OPEN_FREE);
}

/* The key is a keyed hash already: any of its bits will do. */
static uint32_t *bucket(const struct half_open_index *index, const uint8_t key[HALF_OPEN_KEY_LEN])
{
    uint32_t bits;
    memcpy(&bits, key, sizeof bits);
    return &index->buckets[bits & index->bucket_mask];
}

uint32_t half_open_find(const struct half_open_index *index, const uint8_t key[HALF_OPEN_KEY_LEN])
{
    if (index->count == 0)
        return HALF_OPEN_NONE;
    for (uint32_t at = *bucket(index, key); at; at = index->places[at - 1].bucket_next)
        if (memcmp(index->places[at - 1].key, key, HALF_OPEN_KEY_LEN) == 0)
            return at - 1;
    return HALF_OPEN_NONE;
}

uint32_t half_open_place_for(const struct half_open_index *index, bool is_proven)
{
    if (index->list[HALF_OPEN_FREE].oldest)
        return index->list[HALF_OPEN_FREE].oldest - 1;
    if (index->list[HALF_OPEN_DONE].oldest)
        return index->list[HALF_OPEN_DONE].oldest - 1;
    if (is_proven && index->list[HALF_OPEN_UNPROVEN].oldest)
        return index->list[HALF_OPEN_UNPROVEN].oldest - 1;
    return HALF_OPEN_NONE;
}

void half_open_take(struct half_open_index *index, uint32_t place, const uint8_t key[HALF_OPEN_KEY_LEN],
                    bool is_proven)
{
    struct half_open_place *at = &index->places[place];
    WZP_CHECK(at->class == HALF_OPEN_FREE);
    unlink_place(index, place);
    append(index, place, is_proven ? HALF_OPEN_PROVEN : HALF_OPEN_UNPROVEN);
    memcpy(at->key, key, HALF_OPEN_KEY_LEN);
    uint32_t *first = bucket(index, key);
    at->bucket_next = *first;
    *first = place + 1;
}

void half_open_promote(struct half_open_index *index, uint32_t place, enum half_open_class class)
{
    WZP_CHECK(index->places[place].class != HALF_OPEN_FREE);
    if (index->places[place].class >= class)
        return;
    unlink_place(index, place);
    append(index, place, class);
}

void half_open_give_back(struct half_open_index *index, uint32_t place)
{
    struct half_open_place *at = &index->places[place];
    uint32_t *link = bucket(index, at->key);
    while (*link != place + 1)
        link = &index->places[*link - 1].bucket_next;
    *link = at->bucket_next;
    unlink_place(index, place);
    memset(at, 0, sizeof *at);
    append(index, place, HALF_OPEN_FREE);
}
