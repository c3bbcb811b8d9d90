// SPDX-License-Identifier: Apache-2.0
#include "relay/access.h"

#include <string.h>

static void swap(uint8_t a[32], uint8_t b[32])
{
    uint8_t held[32];
    memcpy(held, a, sizeof held);
    memcpy(a, b, sizeof held);
    memcpy(b, held, sizeof held);
}

/* Lets keys[root] sink to its place in the heap of `count` keys, the largest on top. */
static void sink(uint8_t (*keys)[32], size_t root, size_t count)
{
    for (size_t child; (child = 2 * root + 1) < count; root = child) {
        if (child + 1 < count && memcmp(keys[child], keys[child + 1], 32) < 0)
            child++;
        if (memcmp(keys[root], keys[child], 32) >= 0)
            return;
        swap(keys[root], keys[child]);
    }
}

/* Heapsort (Williams 1964): in place, and no worse for any input. */
void wzp_relay_access_sort(uint8_t (*keys)[32], size_t count)
{
    for (size_t i = count / 2; i-- > 0;)
        sink(keys, i, count);
    for (size_t left = count; left > 1; left--) {
        swap(keys[0], keys[left - 1]);
        sink(keys, 0, left - 1);
    }
}

bool access_allows(const struct wzp_relay_access *access, const uint8_t key[32], bool is_invited)
{
    if (!access->is_restricted || is_invited)
        return true;
    for (size_t from = 0, to = access->key_count; from < to;) {
        size_t middle = from + (to - from) / 2;
        int order = memcmp(key, access->keys[middle], 32);
        if (order == 0)
            return true;
        if (order < 0)
            to = middle;
        else
            from = middle + 1;
    }
    return false;
}
