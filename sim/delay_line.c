// SPDX-License-Identifier: Apache-2.0
#include "sim/delay_line.h"

#include <stdlib.h>

#include "base/check.h"
#include "base/time.h"

struct entry {
    int64_t at_ns;
    uint64_t order;
    size_t place;
};

struct sim_delay_line {
    size_t capacity, count;
    uint64_t pushes;
    struct entry *heap; /* the first `count` wait; behind them, in `place`, are the free places */
    struct sim_delayed *places;
};

struct sim_delay_line *sim_delay_line_create(size_t places)
{
    struct sim_delay_line *line = calloc(1, sizeof *line);
    if (!line)
        return NULL;
    line->capacity = places;
    line->heap = calloc(places, sizeof *line->heap);
    line->places = calloc(places, sizeof *line->places);
    if (!line->heap || !line->places) {
        sim_delay_line_destroy(line);
        return NULL;
    }
    for (size_t i = 0; i < places; i++)
        line->heap[i].place = i;
    return line;
}

void sim_delay_line_destroy(struct sim_delay_line *line)
{
    free(line->heap);
    free(line->places);
    free(line);
}

static bool is_before(const struct entry *a, const struct entry *b)
{
    return a->at_ns < b->at_ns || (a->at_ns == b->at_ns && a->order < b->order);
}

static void swap(struct entry *a, struct entry *b)
{
    struct entry held = *a;
    *a = *b;
    *b = held;
}

struct sim_delayed *sim_delay_line_push(struct sim_delay_line *line, int64_t at_ns, uint64_t tag, size_t len)
{
    WZP_CHECK(len <= SIM_DELAY_LINE_BYTES);
    if (line->count == line->capacity)
        return NULL;
    size_t at = line->count++;
    struct entry *heap = line->heap;
    struct sim_delayed *delayed = &line->places[heap[at].place];
    heap[at].at_ns = at_ns;
    heap[at].order = line->pushes++;
    for (; at > 0 && is_before(&heap[at], &heap[(at - 1) / 2]); at = (at - 1) / 2)
        swap(&heap[at], &heap[(at - 1) / 2]);
    delayed->tag = tag;
    delayed->len = len;
    return delayed;
}

const struct sim_delayed *sim_delay_line_pop(struct sim_delay_line *line, int64_t now_ns)
{
    struct entry *heap = line->heap;
    if (line->count == 0 || heap[0].at_ns > now_ns)
        return NULL;
    const struct sim_delayed *delayed = &line->places[heap[0].place];
    swap(&heap[0], &heap[--line->count]); /* the place is free again, and keeps its bytes until it is taken */
    for (size_t at = 0, child; (child = 2 * at + 1) < line->count; at = child) {
        if (child + 1 < line->count && is_before(&heap[child + 1], &heap[child]))
            child++;
        if (!is_before(&heap[child], &heap[at]))
            break;
        swap(&heap[child], &heap[at]);
    }
    return delayed;
}

int64_t sim_delay_line_next_at(const struct sim_delay_line *line)
{
    return line->count ? line->heap[0].at_ns : WZP_NEVER;
}
