// SPDX-License-Identifier: Apache-2.0
#include "base/bytes.h"

#include <string.h>

struct wzp_reader wzp_reader_make(const void *data, size_t len)
{
    const uint8_t *start = data;
    return (struct wzp_reader){.at = start, .end = len ? start + len : start, .failed = false};
}

size_t wzp_reader_left(const struct wzp_reader *reader)
{
    return reader->at ? (size_t)(reader->end - reader->at) : 0;
}

struct wzp_slice wzp_read_bytes(struct wzp_reader *reader, size_t len)
{
    if (reader->failed || len > wzp_reader_left(reader)) {
        reader->failed = true;
        return (struct wzp_slice){NULL, 0};
    }
    struct wzp_slice slice = {reader->at, len};
    if (len)
        reader->at += len;
    return slice;
}

void wzp_read_copy(struct wzp_reader *reader, void *out, size_t len)
{
    struct wzp_slice slice = wzp_read_bytes(reader, len);
    if (slice.data)
        memcpy(out, slice.data, len);
    else
        memset(out, 0, len);
}

static uint64_t read_be(struct wzp_reader *reader, size_t len)
{
    struct wzp_slice slice = wzp_read_bytes(reader, len);
    uint64_t value = 0;
    for (size_t i = 0; i < slice.len; i++)
        value = value << 8 | slice.data[i];
    return value;
}

uint8_t wzp_read_u8(struct wzp_reader *reader)
{
    return (uint8_t)read_be(reader, 1);
}

uint16_t wzp_read_u16(struct wzp_reader *reader)
{
    return (uint16_t)read_be(reader, 2);
}

uint32_t wzp_read_u24(struct wzp_reader *reader)
{
    return (uint32_t)read_be(reader, 3);
}

uint32_t wzp_read_u32(struct wzp_reader *reader)
{
    return (uint32_t)read_be(reader, 4);
}

uint64_t wzp_read_u64(struct wzp_reader *reader)
{
    return read_be(reader, 8);
}

uint64_t wzp_read_varint(struct wzp_reader *reader)
{
    uint8_t first = wzp_read_u8(reader);
    size_t more = ((size_t)1 << (first >> 6)) - 1;
    uint64_t rest = read_be(reader, more);
    return reader->failed ? 0 : (uint64_t)(first & 0x3f) << 8 * more | rest;
}

struct wzp_writer wzp_writer_make(void *data, size_t capacity)
{
    uint8_t *start = data;
    return (struct wzp_writer){.start = start, .at = start, .end = start + capacity, .failed = false};
}

size_t wzp_writer_len(const struct wzp_writer *writer)
{
    return (size_t)(writer->at - writer->start);
}

size_t wzp_writer_left(const struct wzp_writer *writer)
{
    return (size_t)(writer->end - writer->at);
}

/* Room for `len` bytes, or NULL once anything did not fit. */
static uint8_t *reserve(struct wzp_writer *writer, size_t len)
{
    if (writer->failed || len > wzp_writer_left(writer)) {
        writer->failed = true;
        return NULL;
    }
    uint8_t *room = writer->at;
    writer->at += len;
    return room;
}

static void write_be(struct wzp_writer *writer, uint64_t value, size_t len)
{
    uint8_t *room = reserve(writer, len);
    for (size_t i = 0; room && i < len; i++)
        room[i] = (uint8_t)(value >> 8 * (len - 1 - i));
}

void wzp_write_u8(struct wzp_writer *writer, uint8_t value)
{
    write_be(writer, value, 1);
}

void wzp_write_u16(struct wzp_writer *writer, uint16_t value)
{
    write_be(writer, value, 2);
}

void wzp_write_u24(struct wzp_writer *writer, uint32_t value)
{
    write_be(writer, value, 3);
}

void wzp_write_u32(struct wzp_writer *writer, uint32_t value)
{
    write_be(writer, value, 4);
}

void wzp_write_u64(struct wzp_writer *writer, uint64_t value)
{
    write_be(writer, value, 8);
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
    write_be(writer, value | form << (8 * len - 2), len);
}

void wzp_write_bytes(struct wzp_writer *writer, const void *data, size_t len)
{
    uint8_t *room = reserve(writer, len);
    if (room && len)
        memcpy(room, data, len);
}

void wzp_write_zeros(struct wzp_writer *writer, size_t len)
{
    uint8_t *room = reserve(writer, len);
    if (room && len)
        memset(room, 0, len);
}
