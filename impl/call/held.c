// SPDX-License-Identifier: Apache-2.0
#include "call/held.h"

#include "base/check.h"

#include <string.h>

void held_init(struct held *held)
{
    held->count = 0;
    for (unsigned i = 0; i < HELD_MAX; i++)
        held->order[i] = (uint16_t)i;
}

static struct held_frame *at_place(struct held *held, unsigned place)
{
    return &held->frame[held->order[place]];
}

static void free_place(struct held *held, unsigned place)
{
    uint16_t frame = held->order[place];
    held->count--;
    memmove(&held->order[place], &held->order[place + 1], (held->count - place) * sizeof *held->order);
    held->order[held->count] = frame;
}

/* The place that must go before a member may hold one frame more; HELD_MAX: none. */
static unsigned place_in_the_way(struct held *held, unsigned row)
{
    unsigned of_member = 0, oldest = 0;
    for (unsigned place = held->count; place-- > 0;) {
        if (at_place(held, place)->row == row) {
            of_member++;
            oldest = place;
        }
    }
    if (of_member == HELD_MEMBER_MAX)
        return oldest;
    return held->count == HELD_MAX ? 0 : HELD_MAX;
}

unsigned held_put(struct held *held, unsigned row, const struct sealed_media *media)
{
    WZP_CHECK(media->payload.len <= SEALED_PAYLOAD_MAX);
    unsigned lost = held_expire(held, media->arrived_ns);
    unsigned place = place_in_the_way(held, row);
    if (place < HELD_MAX) {
        free_place(held, place);
        lost++;
    }
    struct held_frame *frame = at_place(held, held->count++);
    frame->row = row;
    frame->media = *media;
    memcpy(frame->payload, media->payload.data, media->payload.len);
    frame->media.payload.data = frame->payload;
    return lost;
}

unsigned held_expire(struct held *held, int64_t now_ns)
{
    unsigned lost = 0;
    for (; held->count && at_place(held, 0)->media.arrived_ns + HELD_NS < now_ns; lost++)
        free_place(held, 0);
    return lost;
}

const struct sealed_media *held_next(const struct held *held, unsigned row, unsigned *at)
{
    while (*at < held->count) {
        const struct held_frame *frame = &held->frame[held->order[(*at)++]];
        if (frame->row == row)
            return &frame->media;
    }
    return NULL;
}

void held_remove(struct held *held, unsigned place)
{
    WZP_CHECK(place < held->count);
    free_place(held, place);
}

void held_forget_member(struct held *held, unsigned row)
{
    for (unsigned place = held->count; place-- > 0;)
        if (at_place(held, place)->row == row)
            free_place(held, place);
}
