// SPDX-License-Identifier: Apache-2.0
#include "stream/ranges.h"

#include <string.h>

unsigned wzp_ranges_find(const struct wzp_ranges *ranges, uint64_t offset)
{
    unsigned low = 0, high = ranges->count;
    while (low < high) {
        unsigned middle = (low + high) / 2;
        if (ranges->at[middle].end > offset)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

bool wzp_ranges_add(struct wzp_ranges *ranges, uint64_t start, uint64_t end)
{
    /* Ranges first..last-1 touch or overlap the new one. */
    unsigned first = start ? wzp_ranges_find(ranges, start - 1) : 0, last = first;
    while (last < ranges->count && ranges->at[last].start <= end)
        last++;
    if (first == last) {
        if (ranges->count == WZP_STREAM_RANGES)
            return false;
        memmove(&ranges->at[first + 1], &ranges->at[first], (ranges->count - first) * sizeof *ranges->at);
        ranges->count++;
    } else {
        if (ranges->at[first].start < start)
            start = ranges->at[first].start;
        if (ranges->at[last - 1].end > end)
            end = ranges->at[last - 1].end;
        memmove(&ranges->at[first + 1], &ranges->at[last], (ranges->count - last) * sizeof *ranges->at);
        ranges->count -= last - first - 1;
    }
    ranges->at[first] = (struct wzp_range){start, end};
    return true;
}

void wzp_ranges_cover(struct wzp_ranges *ranges, uint64_t start, uint64_t end)
{
    if (wzp_ranges_add(ranges, start, end))
        return;
    unsigned above = wzp_ranges_find(ranges, start);
    if (above < ranges->count)
        ranges->at[above].start = start;
    else
        ranges->at[above - 1].end = end;
}

void wzp_ranges_cut(struct wzp_ranges *ranges, uint64_t end)
{
    unsigned gone = wzp_ranges_find(ranges, end);
    if (gone > 0) {
        memmove(&ranges->at[0], &ranges->at[gone], (ranges->count - gone) * sizeof *ranges->at);
        ranges->count -= gone;
    }
    if (ranges->count && ranges->at[0].start < end)
        ranges->at[0].start = end;
}
