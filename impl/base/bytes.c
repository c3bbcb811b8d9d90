// SPDX-License-Identifier: Apache-2.0
#include "base/bytes.h"

#include <string.h>

void wzp_read_copy(struct wzp_reader *reader, void *out, size_t len)
{
    struct wzp_slice slice = wzp_read_bytes(reader, len);
    if (slice.data)
        memcpy(out, slice.data, len);
    else
        memset(out, 0, len);
}

uint64_t wzp_read_varint(struct wzp_reader *reader)
{
    uint8_t first = wzp_read_u8(reader);
    size_t more = ((size_t)1 << (first >> 6)) - 1;
    uint64_t rest = wzp_read_be(reader, more);
    return reader->failed ? 0 : (uint64_t)(first & 0x3f) << 8 * more | rest;
}

size_t wzp_varint_len(uint64_t value)
{
    return value < 1u << 6 ? 1 : value < 1u << 14 ? 2 : value < 1u << 30 ? 4 : 8;
}

void wzp_write_varint(struct wzp_writer *writer, uint64_t value)
{
    if (value > WZP_VARINT_MAX) {
        writer->failed = true;
        return;
    }
    size_t len = wzp_varint_len(value);
    uint64_t form = len == 1 ? 0 : len == 2 ? 1 : len == 4 ? 2 : 3;
    wzp_write_be(writer, value | form << (8 * len - 2), len);
}

void wzp_write_bytes(struct wzp_writer *writer, const void *data, size_t len)
{
    uint8_t *room = wzp_write_reserve(writer, len);
    if (room && len)
        memcpy(room, data, len);
}

void wzp_write_zeros(struct wzp_writer *writer, size_t len)
{
    uint8_t *room = wzp_write_reserve(writer, len);
    if (room && len)
        memset(room, 0, len);
}
