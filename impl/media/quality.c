// SPDX-License-Identifier: Apache-2.0
#include "media/quality.h"

#include "base/time.h"

#include <string.h>

#define STEP_NS        (WZP_S / 2)
#define WINDOW_NS      (2 * WZP_S)
#define EXPECTED_LEAST 40

void wzp_quality_encode(const struct wzp_quality_report *report, uint8_t out[WZP_QUALITY_REPORT_LEN])
{
    unsigned rtt = (report->rtt_ms + 2u) / 4;
    out[0] = report->loss_255;
    out[1] = (uint8_t)(rtt < 255 ? rtt : 255);
    out[2] = report->jitter_ms;
    out[3] = report->bitrate_cap_kbps;
}

struct wzp_quality_report wzp_quality_decode(const uint8_t bytes[WZP_QUALITY_REPORT_LEN])
{
    return (struct wzp_quality_report){
        .loss_255 = bytes[0],
        .rtt_ms = (uint16_t)(bytes[1] * 4),
        .jitter_ms = bytes[2],
        .bitrate_cap_kbps = bytes[3],
    };
}

void wzp_quality_meter_init(struct wzp_quality_meter *meter)
{
    memset(meter, 0, sizeof *meter);
}

uint8_t wzp_quality_meter_loss(struct wzp_quality_meter *meter, uint64_t expected, uint64_t received,
                               int64_t now_ns)
{
    uint32_t kept = meter->count < WZP_QUALITY_SNAPSHOTS ? meter->count : WZP_QUALITY_SNAPSHOTS;
    uint64_t since_expected = 0;
    uint64_t since_received = 0;
    for (uint32_t age = 1; age <= kept; age++) { /* newest first: no further back than needed */
        uint32_t i = (meter->count - age) % WZP_QUALITY_SNAPSHOTS;
        since_expected = expected - meter->snapshots[i].expected;
        since_received = received - meter->snapshots[i].received;
        if (now_ns - meter->snapshots[i].at_ns >= WINDOW_NS && since_expected >= EXPECTED_LEAST)
            break;
    }
    uint32_t last = (meter->count - 1) % WZP_QUALITY_SNAPSHOTS;
    if (meter->count == 0 || now_ns - meter->snapshots[last].at_ns >= STEP_NS) {
        uint32_t i = meter->count++ % WZP_QUALITY_SNAPSHOTS;
        meter->snapshots[i].at_ns = now_ns;
        meter->snapshots[i].expected = expected;
        meter->snapshots[i].received = received;
    }
    if (since_received >= since_expected) /* more than expected: packets from before the window came late */
        return 0;
    return (uint8_t)(((since_expected - since_received) * 255 + since_expected / 2) / since_expected);
}

void wzp_quality_listeners_init(struct wzp_quality_listeners *listeners)
{
    memset(listeners, 0, sizeof *listeners);
}

void wzp_quality_on_report(struct wzp_quality_listeners *listeners, uint32_t id,
                           const struct wzp_quality_report *report, int64_t now_ns)
{
    size_t row = 0;
    for (size_t i = 0; i < WZP_QUALITY_LISTENERS; i++) {
        if (listeners->rows[i].used && listeners->rows[i].id == id) {
            row = i;
            break;
        }
        /* A free row is the oldest of all. */
        if (listeners->rows[row].used &&
            (!listeners->rows[i].used || listeners->rows[i].at_ns < listeners->rows[row].at_ns))
            row = i;
    }
    listeners->rows[row].used = true;
    listeners->rows[row].id = id;
    listeners->rows[row].at_ns = now_ns;
    listeners->rows[row].report = *report;
}

unsigned wzp_quality_loss_percent(const struct wzp_quality_listeners *listeners, int64_t now_ns)
{
    unsigned worst = 0;
    for (size_t i = 0; i < WZP_QUALITY_LISTENERS; i++)
        if (listeners->rows[i].used && now_ns - listeners->rows[i].at_ns < WZP_QUALITY_TIMEOUT_NS &&
            listeners->rows[i].report.loss_255 > worst)
            worst = listeners->rows[i].report.loss_255;
    return (worst * 100 + 254) / 255;
}
