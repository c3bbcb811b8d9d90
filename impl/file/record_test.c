// SPDX-License-Identifier: Apache-2.0
#include "file/record.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define COUNT 4

static const struct {
    enum wzp_file_kind kind;
    size_t len;
} ROWS[COUNT] = {
    {WZP_FILE_OFFER, 40}, {WZP_FILE_DATA, WZP_FILE_PLAIN_MAX}, {WZP_FILE_DATA, 1}, {WZP_FILE_END, 0}};

static uint8_t plain[WZP_FILE_PLAIN_MAX], sealed[COUNT][WZP_FILE_RECORD_MAX];
static size_t sealed_len[COUNT];
static struct wzp_file_seal seal, other;
static struct wzp_file_records records;

static void seal_all(void)
{
    static const uint8_t key[32] = {1};
    wzp_file_seal_init(&seal, key, "a label", (struct wzp_slice){0});
    wzp_file_seal_init(&other, key, "another label", (struct wzp_slice){0});
    wzp_file_records_init(&records, &seal);
    for (size_t i = 0; i < sizeof plain; i++)
        plain[i] = (uint8_t)(i * 7);
    for (size_t i = 0; i < COUNT; i++) {
        sealed_len[i] = wzp_file_record_seal(&seal, ROWS[i].kind, plain, ROWS[i].len, sealed[i]);
        assert_int_equal(sealed_len[i], ROWS[i].len + WZP_FILE_OVERHEAD);
    }
}

static enum wzp_file_records_result take(const uint8_t *bytes, size_t len)
{
    struct wzp_file_record record;
    struct wzp_slice slice = {bytes, len};
    return wzp_file_records_take(&records, &slice, &record);
}

static void records_open_in_order_however_they_are_cut(void **state)
{
    static const size_t CUTS[] = {1, 2, 3, 18, 19, 20, 1000, WZP_FILE_RECORD_MAX};
    struct wzp_file_record record;
    (void)state;
    for (size_t c = 0; c < sizeof CUTS / sizeof *CUTS; c++) {
        seal_all();
        for (size_t i = 0; i < COUNT; i++) {
            size_t at = 0;
            enum wzp_file_records_result result = WZP_FILE_RECORDS_MORE;
            while (at < sealed_len[i]) {
                assert_int_equal(result, WZP_FILE_RECORDS_MORE);
                size_t len = sealed_len[i] - at < CUTS[c] ? sealed_len[i] - at : CUTS[c];
                struct wzp_slice slice = {sealed[i] + at, len};
                result = wzp_file_records_take(&records, &slice, &record);
                assert_int_equal(slice.len, 0);
                at += len;
            }
            assert_int_equal(result, WZP_FILE_RECORDS_ONE);
            assert_int_equal(record.kind, ROWS[i].kind);
            assert_int_equal(record.plain.len, ROWS[i].len);
            assert_memory_equal(record.plain.data, plain, ROWS[i].len);
        }
    }
}

static void many_in_one_slice_come_one_by_one(void **state)
{
    static uint8_t bytes[COUNT * WZP_FILE_RECORD_MAX];
    struct wzp_file_record record;
    size_t len = 0;
    (void)state;
    seal_all();
    for (size_t i = 0; i < COUNT; len += sealed_len[i++])
        memcpy(bytes + len, sealed[i], sealed_len[i]);
    struct wzp_slice slice = {bytes, len};
    for (size_t i = 0; i < COUNT; i++) {
        assert_int_equal(wzp_file_records_take(&records, &slice, &record), WZP_FILE_RECORDS_ONE);
        assert_int_equal(record.kind, ROWS[i].kind);
    }
    assert_int_equal(wzp_file_records_take(&records, &slice, &record), WZP_FILE_RECORDS_MORE);
}

/* Every bit of a small record, header and tag included. */
static void flipped_bits_break(void **state)
{
    (void)state;
    for (size_t bit = 0; bit < 8 * (40 + WZP_FILE_OVERHEAD); bit++) {
        seal_all();
        sealed[0][bit / 8] ^= (uint8_t)(1u << bit % 8);
        enum wzp_file_records_result result = take(sealed[0], sealed_len[0]);
        /* a length that grew waits for more, and then does not open */
        if (result == WZP_FILE_RECORDS_MORE)
            result = take(sealed[1], sealed_len[1]);
        assert_int_equal(result, WZP_FILE_RECORDS_BROKEN);
        assert_int_equal(take(sealed[0], sealed_len[0]), WZP_FILE_RECORDS_BROKEN);
    }
}

static void order_and_key_count(void **state)
{
    uint8_t record[WZP_FILE_RECORD_MAX];
    (void)state;
    seal_all(); /* the first is missing */
    assert_int_equal(take(sealed[1], sealed_len[1]), WZP_FILE_RECORDS_BROKEN);
    seal_all(); /* one comes twice */
    assert_int_equal(take(sealed[0], sealed_len[0]), WZP_FILE_RECORDS_ONE);
    assert_int_equal(take(sealed[0], sealed_len[0]), WZP_FILE_RECORDS_BROKEN);
    seal_all(); /* of another row */
    size_t len = wzp_file_record_seal(&other, WZP_FILE_DATA, plain, 10, record);
    assert_int_equal(take(record, len), WZP_FILE_RECORDS_BROKEN);
    seal_all(); /* shorter than a tag, longer than allowed: nothing is gathered for it */
    assert_int_equal(take((const uint8_t[]){3, 0, 15}, 3), WZP_FILE_RECORDS_BROKEN);
    seal_all();
    assert_int_equal(take((const uint8_t[]){3, 0x40, 17}, 3), WZP_FILE_RECORDS_BROKEN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(records_open_in_order_however_they_are_cut),
        cmocka_unit_test(many_in_one_slice_come_one_by_one),
        cmocka_unit_test(flipped_bits_break),
        cmocka_unit_test(order_and_key_count),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
