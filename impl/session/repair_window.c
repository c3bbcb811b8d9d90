// SPDX-License-Identifier: Apache-2.0
/* Frames as symbols, and the keys of a window as segments. */
#include "base/check.h"
#include "session/headers.h"
#include "session/repair.h"

#include <string.h>

#define LANE_STREAM_MAX 63
#define SEGMENTS_MAX    8
#define LANE_SHIFT      REPAIR_KEY_STREAM
#define SLOT_SHIFT      40
#define FLAGS_SHIFT     9 /* of a symbol's first two bytes: the flags are bits 6-4 of a byte */
#define LEN_MASK        0x1fff

bool repair_covers(const struct wzp_media_header *header, struct wzp_slice payload)
{
    return header->media_type == WZP_MEDIA_TYPE_AUDIO && header->stream <= LANE_STREAM_MAX &&
           header->repair_ratio == 0 && header->block == 0 && !(header->flags & ~MEDIA_FLAGS_SEALED) &&
           payload.len <= REPAIR_SYMBOL_MAX - REPAIR_SYMBOL_HEAD;
}

/* The top bit keeps it from being 0. */
uint64_t repair_key(uint16_t slot, const struct wzp_media_header *header)
{
    uint64_t lane = (uint64_t)header->media_type << 6 | header->stream;
    return UINT64_C(1) << 63 | (uint64_t)slot << SLOT_SHIFT | lane << LANE_SHIFT | header->sequence;
}

unsigned repair_symbol(uint8_t out[REPAIR_SYMBOL_MAX], const struct wzp_media_header *header,
                       struct wzp_slice payload)
{
    struct wzp_writer writer = wzp_writer_make(out, REPAIR_SYMBOL_MAX);
    wzp_write_u16(&writer, (uint16_t)(header->flags << FLAGS_SHIFT | (unsigned)payload.len));
    wzp_write_u8(&writer, header->codec);
    wzp_write_u32(&writer, header->timestamp_ms);
    wzp_write_bytes(&writer, payload.data, payload.len);
    WZP_CHECK(!writer.failed);
    return (unsigned)wzp_writer_len(&writer);
}

bool repair_symbol_read(uint64_t key, struct wzp_slice symbol, uint16_t *slot,
                        struct wzp_media_header *header, struct wzp_slice *payload)
{
    struct wzp_reader reader = wzp_reader_make(symbol.data, symbol.len);
    unsigned start = wzp_read_u16(&reader);
    *header = (struct wzp_media_header){
        .flags = (uint8_t)(start >> FLAGS_SHIFT & MEDIA_FLAGS_SEALED),
        .media_type = (uint8_t)(key >> (LANE_SHIFT + 6) & 3),
        .stream = (uint8_t)(key >> LANE_SHIFT & LANE_STREAM_MAX),
        .sequence = (uint32_t)key,
    };
    header->codec = wzp_read_u8(&reader);
    header->timestamp_ms = wzp_read_u32(&reader);
    *payload = wzp_read_bytes(&reader, start & LEN_MASK);
    *slot = (uint16_t)(key >> SLOT_SHIFT);
    return !reader.failed && repair_covers(header, *payload);
}

unsigned repair_frame_bytes(uint64_t key)
{
    const unsigned type_id_horizon_count = 1 + 2 + 1 + 1, lane_span_absent = 3;
    return type_id_horizon_count + lane_span_absent +
           (unsigned)(wzp_varint_len((uint16_t)(key >> SLOT_SHIFT)) + wzp_varint_len((uint32_t)key));
}

static unsigned absent_len(unsigned span)
{
    return (span + 7) / 8;
}

/* Marks the sequences that lie between two frames of one segment. */
static void mark_absent(uint8_t *absent, unsigned from, unsigned to)
{
    for (unsigned i = from; i < to; i++)
        absent[i / 8] |= (uint8_t)(0x80 >> i % 8);
}

bool repair_window_encode(struct repair_window *window, struct wzp_frame_repair *frame)
{
    frame->segments_count = 0;
    memset(window->absent, 0, sizeof window->absent);
    struct wzp_repair_segment *segment = NULL;
    uint64_t first = 0;
    for (unsigned i = 0; i < window->count; i++) {
        uint64_t key = window->keys[i];
        bool goes_on = segment && key >> LANE_SHIFT == first >> LANE_SHIFT && key - first < UINT8_MAX;
        if (!goes_on) {
            if (frame->segments_count == SEGMENTS_MAX)
                return false;
            segment = &frame->segments[frame->segments_count++];
            first = key;
            *segment = (struct wzp_repair_segment){
                .slot = (uint16_t)(key >> SLOT_SHIFT),
                .lane = (uint8_t)(key >> LANE_SHIFT),
                .first = (uint32_t)key,
            };
        }
        unsigned place = (unsigned)(key - first);
        uint8_t *absent = window->absent[frame->segments_count - 1];
        mark_absent(absent, segment->span, place);
        if (place > segment->span)
            segment->absent.data = absent;
        segment->span = (uint8_t)(place + 1);
        segment->absent.len = segment->absent.data ? absent_len(segment->span) : 0;
    }
    return true;
}

static bool is_absent(const struct wzp_repair_segment *segment, unsigned place)
{
    return segment->absent.len && (segment->absent.data[place / 8] & 0x80 >> place % 8);
}

bool repair_window_decode(const struct wzp_frame_repair *frame, struct repair_window *window)
{
    window->count = 0;
    for (unsigned i = 0; i < frame->segments_count; i++) {
        const struct wzp_repair_segment *segment = &frame->segments[i];
        if (segment->slot > UINT16_MAX || segment->first > UINT32_MAX || segment->span == 0 ||
            (segment->absent.len && segment->absent.len != absent_len(segment->span)))
            return false;
        uint64_t lane = UINT64_C(1) << 63 | segment->slot << SLOT_SHIFT |
                        (uint64_t)segment->lane << LANE_SHIFT;
        for (unsigned place = 0; place < segment->span; place++) {
            if (is_absent(segment, place))
                continue;
            uint64_t key = lane | (uint32_t)(segment->first + place);
            if (window->count == REPAIR_SOURCES || (window->count && key <= window->keys[window->count - 1]))
                return false;
            window->keys[window->count++] = key;
        }
    }
    return window->count > 0;
}
