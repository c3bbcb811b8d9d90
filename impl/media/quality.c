// SPDX-License-Identifier: Apache-2.0
#include "media/quality.h"

#include "base/time.h"

#include <string.h>

#define UNBOUND_BPS 2000000 /* a rate that no report tells */

#define STEP_NS        (WZP_S / 2)
#define WINDOW_NS      (2 * WZP_S)
#define EXPECTED_LEAST 40

static uint8_t steps(uint64_t value, uint64_t numerator, uint64_t denominator)
{
    uint64_t most = UINT64_MAX / 256;
    uint64_t count = ((value < most ? value : most) * numerator + denominator / 2) / denominator;
    return (uint8_t)(count < UINT8_MAX ? count : UINT8_MAX);
}

void wzp_quality_encode(const struct wzp_quality_report *report, uint8_t out[WZP_QUALITY_REPORT_LEN])
{
    bool is_bound = report->rate_bps && report->rate_bps <= 1020 * 1000;
    uint8_t rate = is_bound ? steps(report->rate_bps, 1, 4000) : 0;
    out[0] = steps(report->loss_permille, 255, 1000);
    out[1] = steps(report->rtt_ms, 1, 4);
    out[2] = report->jitter_ms;
    out[3] = is_bound && rate == 0 ? 1 : rate;
    out[4] = steps(report->burst_16, 1, 2);
    out[5] = steps(report->horizon_ms, 1, 4);
    out[6] = report->dred_version;
    out[7] = steps(report->missed_permille, 1, 1);
}

struct wzp_quality_report wzp_quality_decode(const uint8_t bytes[WZP_QUALITY_REPORT_LEN])
{
    return (struct wzp_quality_report){
        .loss_permille = (bytes[0] * 1000u + 127) / 255,
        .rtt_ms = (uint16_t)(bytes[1] * 4),
        .jitter_ms = bytes[2],
        .rate_bps = bytes[3] * UINT64_C(4000),
        .burst_16 = bytes[4] * 2u,
        .horizon_ms = bytes[5] * 4u,
        .dred_version = bytes[6],
        .missed_permille = bytes[7],
    };
}

void wzp_quality_meter_init(struct wzp_quality_meter *meter)
{
    memset(meter, 0, sizeof *meter);
}

unsigned wzp_quality_meter_loss(struct wzp_quality_meter *meter, uint64_t expected, uint64_t received,
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
    return (unsigned)(((since_expected - since_received) * 1000 + since_expected / 2) / since_expected);
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

/* What gets through to a listener, for comparing them. */
static uint64_t gets_through(const struct wzp_quality_report *report)
{
    return (report->rate_bps ? report->rate_bps : UNBOUND_BPS) / 1000 * (1000 - report->loss_permille);
}

static void take_worse(struct wzp_quality_report *worst, const struct wzp_quality_report *report)
{
#define LARGER(field) worst->field = report->field > worst->field ? report->field : worst->field
    LARGER(rtt_ms);
    LARGER(jitter_ms);
    LARGER(horizon_ms);
    LARGER(missed_permille);
#undef LARGER
    if (gets_through(report) < gets_through(worst)) {
        worst->rate_bps = report->rate_bps;
        worst->loss_permille = report->loss_permille;
        worst->burst_16 = report->burst_16;
    }
    if (report->dred_version != worst->dred_version)
        worst->dred_version = 0;
}

unsigned wzp_quality_worst(const struct wzp_quality_listeners *listeners, int64_t now_ns,
                           struct wzp_quality_report *worst)
{
    unsigned count = 0;
    *worst = (struct wzp_quality_report){0};
    for (size_t i = 0; i < WZP_QUALITY_LISTENERS; i++) {
        if (!listeners->rows[i].used || now_ns - listeners->rows[i].at_ns >= WZP_QUALITY_TIMEOUT_NS)
            continue;
        if (count++)
            take_worse(worst, &listeners->rows[i].report);
        else
            *worst = listeners->rows[i].report;
    }
    return count;
}
