// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "base/time.h"
#include "sim/pcap.h"

static struct wzp_addr addr(uint8_t last, uint16_t port)
{
    return (struct wzp_addr){.ip = {[10] = 0xff, 0xff, 10, 0, 0, last}, .port = port};
}

static void test_structure(void **state)
{
    (void)state;
    static const struct {
        int64_t time_ns;
        size_t len;
    } rows[] = {
        {0, 0}, {1, 1}, {WZP_S - 1, 2}, {WZP_S, 100}, {3600 * WZP_S + 5, 1200}, {7000 * WZP_S, 65507}};
    const size_t count = sizeof rows / sizeof *rows;
    static uint8_t payload[65507];
    char *text = NULL;
    size_t text_len = 0;
    for (size_t i = 0; i < sizeof payload; i++)
        payload[i] = (uint8_t)(i * 7);
    struct wzp_addr from = addr(1, 4000), to = addr(2, 4433);
    FILE *file = open_memstream(&text, &text_len);
    assert_true(sim_pcap_begin(file));
    for (size_t i = 0; i < count; i++)
        assert_true(sim_pcap_packet(file, rows[i].time_ns, &from, &to, payload, rows[i].len));
    assert_int_equal(fclose(file), 0);

    struct wzp_reader reader = wzp_reader_make(text, text_len);
    assert_int_equal(wzp_read_u32(&reader), 0xa1b23c4d);
    assert_int_equal(wzp_read_u32(&reader), 0x00020004);
    assert_int_equal(wzp_read_u64(&reader), 0);
    assert_true(wzp_read_u32(&reader) >= 65535);
    assert_int_equal(wzp_read_u32(&reader), 101);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(wzp_read_u32(&reader), rows[i].time_ns / WZP_S);
        assert_int_equal(wzp_read_u32(&reader), rows[i].time_ns % WZP_S);
        assert_int_equal(wzp_read_u32(&reader), rows[i].len + 28);
        assert_int_equal(wzp_read_u32(&reader), rows[i].len + 28);
        uint32_t sum = 0;
        for (struct wzp_reader words = {reader.at, reader.at + 20, false}; wzp_reader_left(&words);)
            sum += wzp_read_u16(&words);
        assert_int_equal((sum & 0xffff) + (sum >> 16), 0xffff); /* RFC 1071: a right header sums to this */
        assert_int_equal(wzp_read_u16(&reader), 0x4500);
        assert_int_equal(wzp_read_u16(&reader), rows[i].len + 28);
        assert_int_equal(wzp_read_u32(&reader), 0x4000);
        assert_int_equal(wzp_read_u8(&reader), 64);
        assert_int_equal(wzp_read_u8(&reader), 17);
        wzp_read_u16(&reader);
        assert_int_equal(wzp_read_u32(&reader), 0x0a000001);
        assert_int_equal(wzp_read_u32(&reader), 0x0a000002);
        assert_int_equal(wzp_read_u16(&reader), 4000);
        assert_int_equal(wzp_read_u16(&reader), 4433);
        assert_int_equal(wzp_read_u16(&reader), rows[i].len + 8);
        assert_int_equal(wzp_read_u16(&reader), 0);
        struct wzp_slice slice = wzp_read_bytes(&reader, rows[i].len);
        assert_false(reader.failed);
        assert_memory_equal(slice.data, payload, slice.len);
    }
    assert_int_equal(wzp_reader_left(&reader), 0);
    free(text);
}

static void test_full_disk_is_told(void **state)
{
    (void)state;
    char room[64];
    struct wzp_addr from = addr(1, 4000);
    FILE *file = fmemopen(room, sizeof room, "wb");
    setvbuf(file, NULL, _IONBF, 0);
    assert_true(sim_pcap_begin(file));
    assert_false(sim_pcap_packet(file, 0, &from, &from, room, 10));
    fclose(file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_structure),
        cmocka_unit_test(test_full_disk_is_told),
    };
    return cmocka_run_group_tests_name("sim/pcap", tests, NULL, NULL);
}
