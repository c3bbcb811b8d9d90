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
        uint8_t bytes[WZP_QUALITY_REPORT_LEN];
        struct wzp_quality_report out;
    } rows[] = {
        {{0}, {0}, {0}},
        {{200, 200, 40, 100000, 32, 180, 12, 7},
         {51, 50, 40, 25, 16, 45, 12, 7},
         {200, 200, 40, 100000, 32, 180, 12, 7}},
        {{1000, 1021, 255, 1020000, 700, 2000, 255, 999},
         {255, 255, 255, 255, 255, 255, 255, 255},
         {1000, 1020, 255, 1020000, 510, 1020, 255, 255}},
        {{1, 65535, 1, 1, 1, 1, 1, 1}, {0, 255, 1, 1, 1, 0, 1, 1}, {0, 1020, 1, 4000, 2, 0, 1, 1}},
        {{2, 201, 1, 1020001, 16, 6, 0, 0}, {1, 50, 1, 0, 8, 2, 0, 0}, {4, 200, 1, 0, 16, 8, 0, 0}},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        uint8_t bytes[WZP_QUALITY_REPORT_LEN], again[WZP_QUALITY_REPORT_LEN];
        wzp_quality_encode(&rows[i].in, bytes);
        assert_memory_equal(bytes, rows[i].bytes, sizeof bytes);
        struct wzp_quality_report out = wzp_quality_decode(bytes);
        assert_int_equal(out.loss_permille, rows[i].out.loss_permille);
        assert_int_equal(out.rtt_ms, rows[i].out.rtt_ms);
        assert_int_equal(out.jitter_ms, rows[i].out.jitter_ms);
        assert_int_equal(out.rate_bps, rows[i].out.rate_bps);
        assert_int_equal(out.burst_16, rows[i].out.burst_16);
        assert_int_equal(out.horizon_ms, rows[i].out.horizon_ms);
        assert_int_equal(out.dred_version, rows[i].out.dred_version);
        assert_int_equal(out.missed_permille, rows[i].out.missed_permille);
        wzp_quality_encode(&out, again);
        assert_memory_equal(again, bytes, sizeof bytes);
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
    unsigned loss = 0;
    for (int i = 0; i < 150; i++) { /* 3 s with a fifth lost */
        now_ns += 20 * WZP_MS;
        received += i % 5 != 0;
        loss = wzp_quality_meter_loss(&meter, ++expected, received, now_ns);
    }
    assert_in_range(loss, 192, 208);
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
    unsigned loss = 0;
    for (int i = 0; i < 7; i++) { /* 2.8 s of comfort noise, one packet of it lost */
        now_ns += 400 * WZP_MS;
        received += i != 3;
        loss = wzp_quality_meter_loss(&meter, ++expected, received, now_ns);
    }
    assert_in_range(loss, 1, 1000 / 40); /* one of 40 at most, not one of 5 */
    /* A packet that comes after it was taken for lost makes nothing negative. */
    assert_int_equal(wzp_quality_meter_loss(&meter, expected, received + 9, now_ns + 400 * WZP_MS), 0);
}

static struct wzp_quality_report worst_at(const struct wzp_quality_listeners *listeners, int64_t now_ns)
{
    struct wzp_quality_report worst;
    assert_true(wzp_quality_worst(listeners, now_ns, &worst));
    return worst;
}

static void speaker_heeds_the_worst_listener(void **state)
{
    (void)state;
    struct wzp_quality_listeners listeners;
    struct wzp_quality_report worst;
    wzp_quality_listeners_init(&listeners);
    assert_false(wzp_quality_worst(&listeners, 0, &worst));
    wzp_quality_on_report(
        &listeners, 3,
        &(struct wzp_quality_report){.loss_permille = 200, .rate_bps = 500000, .dred_version = 12}, 0);
    assert_int_equal(worst_at(&listeners, 1).dred_version, 12);
    wzp_quality_on_report(&listeners, 0, &(struct wzp_quality_report){.loss_permille = 4, .rtt_ms = 80},
                          2 * WZP_S);
    worst = worst_at(&listeners, 2 * WZP_S); /* no bound is not a bound of 0 */
    assert_true(worst.loss_permille == 200 && worst.rtt_ms == 80 && worst.rate_bps == 500000);
    assert_int_equal(worst.dred_version, 0); /* not all decode it */
    wzp_quality_on_report(&listeners, 3, &(struct wzp_quality_report){.loss_permille = 100, .rate_bps = 8000},
                          3 * WZP_S);
    assert_int_equal(worst_at(&listeners, 3 * WZP_S).loss_permille, 100);
    assert_int_equal(worst_at(&listeners, 8 * WZP_S - 1).rate_bps, 8000);
    assert_false(wzp_quality_worst(&listeners, 8 * WZP_S, &worst));
    wzp_quality_on_report(&listeners, 1, &(struct wzp_quality_report){.loss_permille = 300}, 9 * WZP_S);
    wzp_quality_on_report(&listeners, 2, &(struct wzp_quality_report){.rate_bps = 100000}, 9 * WZP_S);
    assert_int_equal(wzp_quality_worst(&listeners, 9 * WZP_S, &worst), 2);
    assert_true(worst.loss_permille == 0 &&
                worst.rate_bps == 100000); /* not the one's loss at the other's rate */
    for (uint32_t i = 0; i < 200; i++)     /* more listeners than rows: the newest stay */
        wzp_quality_on_report(&listeners, 100 + i, &(struct wzp_quality_report){.loss_permille = 255 - i},
                              10 * WZP_S + i);
    assert_int_equal(worst_at(&listeners, 11 * WZP_S).loss_permille, 119);
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
