// SPDX-License-Identifier: Apache-2.0
/*
 * Bytes in and out, big-endian, with an error that sticks: after the first overrun every further read gives
 * zero (or an empty slice) and every further write nothing, and `failed` stays true. So a codec reads
 * straight through and asks once, at the end. Slices borrow; nobody here owns memory. Varints are those of
 * RFC 9000 section 16.
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

struct wzp_reader wzp_reader_make(const void *data, size_t len);
size_t wzp_reader_left(const struct wzp_reader *reader);
uint8_t wzp_read_u8(struct wzp_reader *reader);
uint16_t wzp_read_u16(struct wzp_reader *reader);
uint32_t wzp_read_u24(struct wzp_reader *reader);
uint32_t wzp_read_u32(struct wzp_reader *reader);
uint64_t wzp_read_u64(struct wzp_reader *reader);
uint64_t wzp_read_varint(struct wzp_reader *reader);
/* `len` bytes in place; an empty slice with data NULL after an overrun. */
struct wzp_slice wzp_read_bytes(struct wzp_reader *reader, size_t len);
void wzp_read_copy(struct wzp_reader *reader, void *out, size_t len); /* zeroes `out` after an overrun */

struct wzp_writer wzp_writer_make(void *data, size_t capacity);
size_t wzp_writer_len(const struct wzp_writer *writer);
size_t wzp_writer_left(const struct wzp_writer *writer);
void wzp_write_u8(struct wzp_writer *writer, uint8_t value);
void wzp_write_u16(struct wzp_writer *writer, uint16_t value);
void wzp_write_u24(struct wzp_writer *writer, uint32_t value); /* the low 24 bits */
void wzp_write_u32(struct wzp_writer *writer, uint32_t value);
void wzp_write_u64(struct wzp_writer *writer, uint64_t value);
void wzp_write_varint(struct wzp_writer *writer,
                      uint64_t value); /* shortest form; above WZP_VARINT_MAX fails */
void wzp_write_bytes(struct wzp_writer *writer, const void *data, size_t len);
void wzp_write_zeros(struct wzp_writer *writer, size_t len);
size_t wzp_varint_len(uint64_t value);

#endif
