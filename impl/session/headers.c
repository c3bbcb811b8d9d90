// SPDX-License-Identifier: Apache-2.0
#include "session/headers.h"

#include "base/check.h"

#define RENEW_SEQUENCES                                                                                      \
    128                 /* a full header goes again when the one built on is so old: half of what u8 spans */
#define RENEW_PACKETS 8 /* and no oftener than every so many packets until it is acknowledged */

static bool can_be_built_on(const struct wzp_media_header *header)
{
    return header->media_type == WZP_MEDIA_TYPE_AUDIO && header->flags == 0 &&
           header->codec != WZP_CODEC_COMFORT_NOISE;
}

static bool is_same_fixed(const struct wzp_media_header *a, const struct wzp_media_header *b)
{
    return a->flags == b->flags && a->media_type == b->media_type && a->codec == b->codec &&
           a->stream == b->stream && a->repair_ratio == b->repair_ratio && a->block == b->block;
}

static bool is_of(const struct headers_out *out, int i, uint16_t slot, const struct wzp_media_header *header)
{
    return out->stream[i].used && out->stream[i].slot == slot &&
           out->stream[i].media_type == header->media_type && out->stream[i].stream == header->stream;
}

/* The stream's entry, or -1. A new one takes a free place, or that of the stream that sent no full header
 * longest. */
static int find(struct headers_out *out, uint16_t slot, const struct wzp_media_header *header, bool make)
{
    int oldest = 0;
    uint8_t *place = &out->place[slot % HEADERS_STREAMS];
    if (is_of(out, *place, slot, header))
        return *place;
    for (int i = 0; i < HEADERS_STREAMS; i++) {
        if (!out->stream[i].used) {
            oldest = i;
            break;
        }
        if (is_of(out, i, slot, header)) {
            *place = (uint8_t)i;
            return i;
        }
        if (out->stream[i].full_number < out->stream[oldest].full_number)
            oldest = i;
    }
    if (!make)
        return -1;
    uint16_t generation = out->stream[oldest].generation;
    out->stream[oldest].used = true;
    out->stream[oldest].has_ref = false;
    out->stream[oldest].slot = slot;
    out->stream[oldest].media_type = header->media_type;
    out->stream[oldest].stream = header->stream;
    out->stream[oldest].generation = (uint16_t)(generation + 1);
    out->stream[oldest].fixed = *header;
    return oldest;
}

bool headers_compress(struct headers_out *out, uint16_t slot, const struct wzp_media_header *header,
                      uint64_t number, struct wzp_frame_media_mini *mini)
{
    if (!can_be_built_on(header))
        return false;
    int i = find(out, slot, header, false);
    if (i < 0 || !out->stream[i].has_ref || !is_same_fixed(&out->stream[i].fixed, header))
        return false;
    uint32_t sequences = header->sequence - out->stream[i].ref_sequence;
    uint32_t milliseconds = header->timestamp_ms - out->stream[i].ref_timestamp_ms;
    uint64_t packets = number - out->stream[i].ref_number;
    if (sequences > UINT8_MAX || milliseconds > UINT16_MAX || packets >= WZP_FULL_HEADER_MEMORY)
        return false;
    if (sequences > RENEW_SEQUENCES && number - out->stream[i].full_number >= RENEW_PACKETS)
        return false;
    *mini = (struct wzp_frame_media_mini){
        .ref = (uint16_t)packets,
        .sequence_delta = (uint8_t)sequences,
        .timestamp_delta_ms = (uint16_t)milliseconds,
    };
    return true;
}

uint32_t headers_on_full_sent(struct headers_out *out, uint16_t slot, const struct wzp_media_header *header,
                              uint64_t number)
{
    if (!can_be_built_on(header))
        return 0;
    int i = find(out, slot, header, true);
    WZP_CHECK(i >= 0);
    if (!is_same_fixed(&out->stream[i].fixed, header)) {
        out->stream[i].fixed = *header;
        out->stream[i].has_ref = false;
        out->stream[i].generation++;
    }
    out->stream[i].full_number = number;
    return ((uint32_t)i + 1) << 16 | out->stream[i].generation;
}

void headers_on_acked(struct headers_out *out, uint32_t key, uint64_t number, uint32_t sequence,
                      uint32_t timestamp_ms)
{
    uint32_t i = (key >> 16) - 1;
    WZP_CHECK(i < HEADERS_STREAMS);
    if (!out->stream[i].used || out->stream[i].generation != (uint16_t)key)
        return;
    if (out->stream[i].has_ref && out->stream[i].ref_number >= number)
        return;
    out->stream[i].has_ref = true;
    out->stream[i].ref_number = number;
    out->stream[i].ref_sequence = sequence;
    out->stream[i].ref_timestamp_ms = timestamp_ms;
}

void headers_remember(struct headers_in *in, uint64_t number, uint16_t slot,
                      const struct wzp_media_header *header)
{
    if (!can_be_built_on(header))
        return; /* it would only push out one that is */
    in->numbers[in->next] = number + 1;
    in->place[(number + 1) % HEADERS_PLACES] = (uint8_t)in->next;
    in->full[in->next].slot = slot;
    in->full[in->next].header = *header;
    in->next = (in->next + 1) % HEADERS_REMEMBER;
}

/* Of the full header of that packet, or HEADERS_REMEMBER. */
static unsigned place_of(const struct headers_in *in, uint64_t wanted)
{
    unsigned place = in->place[wanted % HEADERS_PLACES];
    if (in->numbers[place] == wanted)
        return place;
    /* Newest first: what is built on is rarely older than a few seconds. */
    for (unsigned back = 1; back <= HEADERS_REMEMBER; back++) {
        unsigned i = (in->next + HEADERS_REMEMBER - back) % HEADERS_REMEMBER;
        if (in->numbers[i] == 0)
            break;
        if (in->numbers[i] == wanted)
            return i;
    }
    return HEADERS_REMEMBER;
}

bool headers_rebuild(const struct headers_in *in, uint64_t number, const struct wzp_frame_media_mini *mini,
                     uint16_t *slot, struct wzp_media_header *header)
{
    if (mini->ref > number || mini->ref >= WZP_FULL_HEADER_MEMORY)
        return false;
    unsigned i = place_of(in, number - mini->ref + 1);
    if (i == HEADERS_REMEMBER)
        return false;
    *slot = in->full[i].slot;
    *header = in->full[i].header;
    header->sequence += mini->sequence_delta;
    header->timestamp_ms += mini->timestamp_delta_ms;
    return true;
}
