// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/time.h"
#include "media/quality.h"

static void reports_survive_the_wire(void **state)
{
    (void)state;
    static const struct {
        struct wzp_quality_report in;
        uint8_t bytes[4];
        struct wzp_quality_report out;
    } rows[] = {
        {{0, 0, 0, 0}, {0, 0, 0, 0}, {0, 0, 0, 0}},
        {{51, 200, 40, 24}, {51, 50, 40, 24}, {51, 200, 40, 24}},
        {{255, 1021, 255, 255}, {255, 255, 255, 255}, {255, 1020, 255, 255}},
        {{1, 65535, 1, 1}, {1, 255, 1, 1}, {1, 1020, 1, 1}},
        {{1, 201, 1, 1}, {1, 50, 1, 1}, {1, 200, 1, 1}},
        {{1, 203, 1, 1}, {1, 51, 1, 1}, {1, 204, 1, 1}},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        uint8_t bytes[WZP_QUALITY_REPORT_LEN];
        wzp_quality_encode(&rows[i].in, bytes);
        assert_memory_equal(bytes, rows[i].bytes, sizeof bytes);
        struct wzp_quality_report out = wzp_quality_decode(bytes);
        assert_int_equal(out.loss_255, rows[i].out.loss_255);
        assert_int_equal(out.rtt_ms, rows[i].out.rtt_ms);
        assert_int_equal(out.jitter_ms, rows[i].out.jitter_ms);
        assert_int_equal(out.bitrate_cap_kbps, rows[i].out.bitrate_cap_kbps);
    }
}

static void meter_tells_the_loss_of_the_last_seconds(void **state)
{
    (void)state;
    struct wzp_quality_meter meter;
    wzp_quality_meter_init(&meter);
    assert_int_equal(wzp_quality_meter_loss(&meter, 0, 0, 0), 0);
    uint64_t expected = 0, received = 0;
    int64_t now_ns = 0;
    for (int i = 0; i < 200; i++) { /* 4 s without loss */
        now_ns += 20 * WZP_MS;
        assert_int_equal(wzp_quality_meter_loss(&meter, ++expected, ++received, now_ns), 0);
    }
    uint8_t loss = 0;
    for (int i = 0; i < 150; i++) { /* 3 s with a fifth lost */
        now_ns += 20 * WZP_MS;
        received += i % 5 != 0;
        loss = wzp_quality_meter_loss(&meter, ++expected, received, now_ns);
    }
    assert_in_range(loss, 49, 53);
    for (int i = 0; i < 130; i++) { /* and none again: 2.6 s later it is forgotten */
        now_ns += 20 * WZP_MS;
        loss = wzp_quality_meter_loss(&meter, ++expected, ++received, now_ns);
    }
    assert_int_equal(loss, 0);
}

static void meter_looks_further_back_in_silence(void **state)
{
    (void)state;
    struct wzp_quality_meter meter;
    wzp_quality_meter_init(&meter);
    uint64_t expected = 0, received = 0;
    int64_t now_ns = 0;
    for (int i = 0; i < 200; i++) {
        now_ns += 20 * WZP_MS;
        wzp_quality_meter_loss(&meter, ++expected, ++received, now_ns);
    }
    uint8_t loss = 0;
    for (int i = 0; i < 7; i++) { /* 2.8 s of comfort noise, one packet of it lost */
        now_ns += 400 * WZP_MS;
        received += i != 3;
        loss = wzp_quality_meter_loss(&meter, ++expected, received, now_ns);
    }
    assert_in_range(loss, 1, 255 / 40); /* one of 40 at most, not one of 5 */
    /* A packet that comes after it was taken for lost makes nothing negative. */
    assert_int_equal(wzp_quality_meter_loss(&meter, expected, received + 9, now_ns + 400 * WZP_MS), 0);
}

static void speaker_heeds_the_worst_listener(void **state)
{
    (void)state;
    struct wzp_quality_listeners listeners;
    wzp_quality_listeners_init(&listeners);
    assert_int_equal(wzp_quality_loss_percent(&listeners, 0), 0);
    wzp_quality_on_report(&listeners, 3, &(struct wzp_quality_report){.loss_255 = 51}, 0);
    wzp_quality_on_report(&listeners, 0, &(struct wzp_quality_report){.loss_255 = 1}, 2 * WZP_S);
    assert_int_equal(wzp_quality_loss_percent(&listeners, 2 * WZP_S), 20);
    wzp_quality_on_report(&listeners, 3, &(struct wzp_quality_report){.loss_255 = 26}, 3 * WZP_S);
    assert_int_equal(wzp_quality_loss_percent(&listeners, 3 * WZP_S), 11); /* rounded up */
    assert_int_equal(wzp_quality_loss_percent(&listeners, 8 * WZP_S - 1), 11);
    assert_int_equal(wzp_quality_loss_percent(&listeners, 8 * WZP_S), 0);
    for (uint32_t i = 0; i < 200; i++) /* more listeners than rows: the newest stay */
        wzp_quality_on_report(&listeners, 100 + i,
                              &(struct wzp_quality_report){.loss_255 = (uint8_t)(255 - i)}, 10 * WZP_S + i);
    assert_int_equal(wzp_quality_loss_percent(&listeners, 11 * WZP_S), (119u * 100 + 254) / 255);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reports_survive_the_wire),
        cmocka_unit_test(meter_tells_the_loss_of_the_last_seconds),
        cmocka_unit_test(meter_looks_further_back_in_silence),
        cmocka_unit_test(speaker_heeds_the_worst_listener),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
