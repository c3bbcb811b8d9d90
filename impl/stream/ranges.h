// SPDX-License-Identifier: Apache-2.0
/*
 * A bounded set of byte ranges, ascending and apart.
 *
 * Law: `add` makes exactly start..end-1 members, or says that it would take one range more than fit and
 * changes nothing. `cover` never fails: where no range is left it makes the gap to a neighbour members too.
 * Owns its bytes; work is bounded by the ranges.
 */
#ifndef WZP_STREAM_RANGES_H
#define WZP_STREAM_RANGES_H

#include <stdbool.h>
#include <stdint.h>

#define WZP_STREAM_RANGES 64

struct wzp_ranges {
    struct wzp_range {
        uint64_t start, end;
    } at[WZP_STREAM_RANGES];
    unsigned count;
};

/* start < end. */
bool wzp_ranges_add(struct wzp_ranges *ranges, uint64_t start, uint64_t end);
void wzp_ranges_cover(struct wzp_ranges *ranges, uint64_t start, uint64_t end);

/* What lies below `end` leaves the set. */
void wzp_ranges_cut(struct wzp_ranges *ranges, uint64_t end);

/* The index of the first range that ends above `offset`; `count` if none does. */
unsigned wzp_ranges_find(const struct wzp_ranges *ranges, uint64_t offset);

#endif
