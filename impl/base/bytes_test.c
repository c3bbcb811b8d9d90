// SPDX-License-Identifier: Apache-2.0
#include "base/bytes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/rng.h"

/* What readers, writers and the twin below have in common: a value of so many bytes, or a varint. */
enum kind { U8, U16, U24, U32, U64, VARINT, BYTES, KINDS };

static const size_t width[] = {[U8] = 1, [U16] = 2, [U24] = 3, [U32] = 4, [U64] = 8};

static void write_value(struct wzp_writer *writer, enum kind kind, uint64_t value)
{
    switch (kind) {
    case U8:
        wzp_write_u8(writer, (uint8_t)value);
        break;
    case U16:
        wzp_write_u16(writer, (uint16_t)value);
        break;
    case U24:
        wzp_write_u24(writer, (uint32_t)value);
        break;
    case U32:
        wzp_write_u32(writer, (uint32_t)value);
        break;
    case U64:
        wzp_write_u64(writer, value);
        break;
    case VARINT:
        wzp_write_varint(writer, value);
        break;
    default:
        wzp_write_bytes(writer, &value, sizeof value);
    }
}

static uint64_t read_value(struct wzp_reader *reader, enum kind kind)
{
    uint64_t value = 0;
    switch (kind) {
    case U8:
        return wzp_read_u8(reader);
    case U16:
        return wzp_read_u16(reader);
    case U24:
        return wzp_read_u24(reader);
    case U32:
        return wzp_read_u32(reader);
    case U64:
        return wzp_read_u64(reader);
    case VARINT:
        return wzp_read_varint(reader);
    default:
        wzp_read_copy(reader, &value, sizeof value);
        return value;
    }
}

static uint64_t any_value(struct wzp_rng *rng, enum kind kind)
{
    uint64_t value = wzp_rng_u64(rng) >> wzp_rng_below(rng, 64);
    if (kind == VARINT)
        return value & WZP_VARINT_MAX;
    return kind == BYTES || kind == U64 ? value : value & ((UINT64_C(1) << 8 * width[kind]) - 1);
}

static size_t len_of(enum kind kind, uint64_t value)
{
    return kind == VARINT ? wzp_varint_len(value) : kind == BYTES ? sizeof value : width[kind];
}

static void test_rows(void **state)
{
    (void)state;
    uint8_t out[32];
    struct wzp_writer writer = wzp_writer_make(out, sizeof out);
    wzp_write_u8(&writer, 0x01);
    wzp_write_u16(&writer, 0x0203);
    wzp_write_u24(&writer, 0xff040506); /* the low 24 bits */
    wzp_write_u32(&writer, 0x0708090a);
    wzp_write_u64(&writer, UINT64_C(0x0b0c0d0e0f101112));
    wzp_write_zeros(&writer, 2);
    static const uint8_t expected[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 0, 0};
    assert_false(writer.failed);
    assert_int_equal(wzp_writer_len(&writer), sizeof expected);
    assert_int_equal(wzp_writer_left(&writer), sizeof out - sizeof expected);
    assert_memory_equal(out, expected, sizeof expected);
}

/* RFC 9000 appendix A.1, and each length's ends. */
static void test_varints(void **state)
{
    (void)state;
    static const struct {
        uint64_t value;
        uint8_t bytes[8];
        size_t len;
    } rows[] = {
        {UINT64_C(151288809941952652), {0xc2, 0x19, 0x7c, 0x5e, 0xff, 0x14, 0xe8, 0x8c}, 8},
        {494878333, {0x9d, 0x7f, 0x3e, 0x7d}, 4},
        {15293, {0x7b, 0xbd}, 2},
        {37, {0x25}, 1},
        {0, {0}, 1},
        {63, {0x3f}, 1},
        {64, {0x40, 0x40}, 2},
        {16383, {0x7f, 0xff}, 2},
        {16384, {0x80, 0x00, 0x40, 0x00}, 4},
        {(1 << 30) - 1, {0xbf, 0xff, 0xff, 0xff}, 4},
        {1 << 30, {0xc0, 0, 0, 0, 0x40, 0, 0, 0}, 8},
        {WZP_VARINT_MAX, {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, 8},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        uint8_t out[8];
        struct wzp_writer writer = wzp_writer_make(out, sizeof out);
        wzp_write_varint(&writer, rows[i].value);
        assert_false(writer.failed);
        assert_int_equal(wzp_writer_len(&writer), rows[i].len);
        assert_int_equal(wzp_varint_len(rows[i].value), rows[i].len);
        assert_memory_equal(out, rows[i].bytes, rows[i].len);
        struct wzp_reader reader = wzp_reader_make(rows[i].bytes, rows[i].len);
        assert_true(wzp_read_varint(&reader) == rows[i].value);
        assert_false(reader.failed);
        assert_int_equal(wzp_reader_left(&reader), 0);
    }
    static const uint8_t longer_than_needed[] = {0x40, 0x25}; /* RFC 9000: also 37 */
    struct wzp_reader reader = wzp_reader_make(longer_than_needed, 2);
    assert_int_equal(wzp_read_varint(&reader), 37);

    uint8_t out[8];
    struct wzp_writer writer = wzp_writer_make(out, sizeof out);
    wzp_write_varint(&writer, WZP_VARINT_MAX + 1);
    assert_true(writer.failed);
    assert_int_equal(wzp_writer_len(&writer), 0);
}

/* Random values there and back; then cut at every place: what was whole stays, all else is zero and failed.
 */
static void test_there_and_back(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 200; seed++) {
        struct wzp_rng rng = wzp_rng_make(seed, 0);
        enum kind kind[12];
        uint64_t value[12];
        uint8_t bytes[96];
        struct wzp_writer writer = wzp_writer_make(bytes, sizeof bytes);
        for (size_t i = 0; i < 12; i++) {
            kind[i] = (enum kind)wzp_rng_below(&rng, KINDS);
            value[i] = any_value(&rng, kind[i]);
            write_value(&writer, kind[i], value[i]);
        }
        assert_false(writer.failed);
        size_t len = wzp_writer_len(&writer);
        for (size_t cut = 0; cut <= len; cut++) {
            uint8_t *exact = malloc(cut + !cut); /* so that a read beyond the end is seen */
            memcpy(exact, bytes, cut);
            struct wzp_reader reader = wzp_reader_make(exact, cut);
            size_t whole = 0;
            for (size_t i = 0; i < 12; i++) {
                whole += len_of(kind[i], value[i]);
                uint64_t got = read_value(&reader, kind[i]);
                assert_int_equal(reader.failed, whole > cut);
                assert_true(got == (whole <= cut ? value[i] : 0));
            }
            struct wzp_writer narrow = wzp_writer_make(exact, cut);
            whole = 0;
            for (size_t i = 0; i < 12; i++) {
                whole += len_of(kind[i], value[i]);
                write_value(&narrow, kind[i], value[i]);
                assert_int_equal(narrow.failed, whole > cut);
            }
            assert_true(wzp_writer_len(&narrow) <= cut);
            free(exact);
        }
    }
}

static void test_errors_stick(void **state)
{
    (void)state;
    static const uint8_t bytes[] = {1, 2, 3};
    struct wzp_reader reader = wzp_reader_make(bytes, sizeof bytes);
    assert_int_equal(wzp_read_u32(&reader), 0);
    assert_true(reader.failed);
    assert_int_equal(wzp_read_u8(&reader), 0); /* one byte is left, but not for this reader */
    assert_int_equal(wzp_read_varint(&reader), 0);
    struct wzp_slice slice = wzp_read_bytes(&reader, 0);
    assert_null(slice.data);
    uint8_t copy[2] = {9, 9};
    wzp_read_copy(&reader, copy, sizeof copy);
    assert_int_equal(copy[0] + copy[1], 0);

    reader = wzp_reader_make(bytes, sizeof bytes);
    slice = wzp_read_bytes(&reader, SIZE_MAX);
    assert_null(slice.data);
    assert_int_equal(slice.len, 0);
    assert_true(reader.failed);

    uint8_t out[3] = {0};
    struct wzp_writer writer = wzp_writer_make(out, sizeof out);
    wzp_write_u32(&writer, UINT32_MAX);
    wzp_write_u8(&writer, 7);
    wzp_write_zeros(&writer, 0);
    assert_true(writer.failed);
    assert_int_equal(wzp_writer_len(&writer), 0);
    assert_int_equal(out[0] + out[1] + out[2], 0);
}

static void test_nothing(void **state)
{
    (void)state;
    struct wzp_reader reader = wzp_reader_make(NULL, 0);
    assert_int_equal(wzp_reader_left(&reader), 0);
    assert_int_equal(wzp_read_bytes(&reader, 0).len, 0);
    assert_false(reader.failed);
    assert_int_equal(wzp_read_u8(&reader), 0);
    assert_true(reader.failed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),           cmocka_unit_test(test_varints),
        cmocka_unit_test(test_there_and_back), cmocka_unit_test(test_errors_stick),
        cmocka_unit_test(test_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
