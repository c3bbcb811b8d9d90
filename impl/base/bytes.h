// SPDX-License-Identifier: Apache-2.0
/*
 * Bytes in and out, big-endian, with an error that sticks: after the first overrun every further read gives
 * zero (or an empty slice) and every further write nothing, and `failed` stays true. So a codec reads
 * straight through and asks once, at the end. Slices borrow; nobody here owns memory. Varints are those of
 * RFC 9000 section 16. Inline, since every packet is read and written so, a few bytes at a time.
 */
#ifndef WZP_BASE_BYTES_H
#define WZP_BASE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct wzp_slice {
    const uint8_t *data;
    size_t len;
};

struct wzp_reader {
    const uint8_t *at;
    const uint8_t *end;
    bool failed;
};

struct wzp_writer {
    uint8_t *start;
    uint8_t *at;
    uint8_t *end;
    bool failed;
};

#define WZP_VARINT_MAX ((UINT64_C(1) << 62) - 1)

static inline struct wzp_reader wzp_reader_make(const void *data, size_t len)
{
    const uint8_t *start = (const uint8_t *)data;
    return (struct wzp_reader){.at = start, .end = len ? start + len : start, .failed = false};
}

static inline size_t wzp_reader_left(const struct wzp_reader *reader)
{
    return reader->at ? (size_t)(reader->end - reader->at) : 0;
}

/* `len` bytes in place; an empty slice with data NULL after an overrun. */
static inline struct wzp_slice wzp_read_bytes(struct wzp_reader *reader, size_t len)
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

/* 0 to 8 bytes, the first the highest. */
static inline uint64_t wzp_read_be(struct wzp_reader *reader, size_t len)
{
    struct wzp_slice slice = wzp_read_bytes(reader, len);
    uint64_t value = 0;
    for (size_t i = 0; slice.data && i < len; i++)
        value = value << 8 | slice.data[i];
    return value;
}

static inline uint8_t wzp_read_u8(struct wzp_reader *reader)
{
    return (uint8_t)wzp_read_be(reader, 1);
}

static inline uint16_t wzp_read_u16(struct wzp_reader *reader)
{
    return (uint16_t)wzp_read_be(reader, 2);
}

static inline uint32_t wzp_read_u24(struct wzp_reader *reader)
{
    return (uint32_t)wzp_read_be(reader, 3);
}

static inline uint32_t wzp_read_u32(struct wzp_reader *reader)
{
    return (uint32_t)wzp_read_be(reader, 4);
}

static inline uint64_t wzp_read_u64(struct wzp_reader *reader)
{
    return wzp_read_be(reader, 8);
}

uint64_t wzp_read_varint(struct wzp_reader *reader);
void wzp_read_copy(struct wzp_reader *reader, void *out, size_t len); /* zeroes `out` after an overrun */

static inline struct wzp_writer wzp_writer_make(void *data, size_t capacity)
{
    uint8_t *start = (uint8_t *)data;
    return (struct wzp_writer){.start = start, .at = start, .end = start + capacity, .failed = false};
}

static inline size_t wzp_writer_len(const struct wzp_writer *writer)
{
    return (size_t)(writer->at - writer->start);
}

static inline size_t wzp_writer_left(const struct wzp_writer *writer)
{
    return (size_t)(writer->end - writer->at);
}

/* Room for `len` bytes, or NULL once anything did not fit. */
static inline uint8_t *wzp_write_reserve(struct wzp_writer *writer, size_t len)
{
    if (writer->failed || len > wzp_writer_left(writer)) {
        writer->failed = true;
        return NULL;
    }
    uint8_t *room = writer->at;
    writer->at += len;
    return room;
}

static inline void wzp_write_be(struct wzp_writer *writer, uint64_t value, size_t len)
{
    uint8_t *room = wzp_write_reserve(writer, len);
    for (size_t i = 0; room && i < len; i++)
        room[i] = (uint8_t)(value >> 8 * (len - 1 - i));
}

static inline void wzp_write_u8(struct wzp_writer *writer, uint8_t value)
{
    wzp_write_be(writer, value, 1);
}

static inline void wzp_write_u16(struct wzp_writer *writer, uint16_t value)
{
    wzp_write_be(writer, value, 2);
}

/* The low 24 bits. */
static inline void wzp_write_u24(struct wzp_writer *writer, uint32_t value)
{
    wzp_write_be(writer, value, 3);
}

static inline void wzp_write_u32(struct wzp_writer *writer, uint32_t value)
{
    wzp_write_be(writer, value, 4);
}

static inline void wzp_write_u64(struct wzp_writer *writer, uint64_t value)
{
    wzp_write_be(writer, value, 8);
}

void wzp_write_bytes(struct wzp_writer *writer, const void *data, size_t len);
void wzp_write_zeros(struct wzp_writer *writer, size_t len);
void wzp_write_varint(struct wzp_writer *writer,
                      uint64_t value); /* shortest form; above WZP_VARINT_MAX fails */
size_t wzp_varint_len(uint64_t value);

#endif
