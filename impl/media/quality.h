// SPDX-License-Identifier: Apache-2.0
/*
 * Quality reports: what a listener tells a speaker about the way the speaker's sound arrives, 4 bytes
 * inside the seal (proto/07-media.md), and what both sides make of them.
 *
 * Laws: encode then decode gives the report back within the units of the wire (values beyond them
 * saturate); the listener's loss is that of the last 2 s, or of as much more (8 s at most) as it takes to
 * expect 40 packets; the speaker heeds the worst listener, and nobody who has been silent for 5 s.
 *
 * State: the caller's structs. No clock.
 *
 * Not here: how often a report is sent, the RTT (measured by the link), what a loss makes of the encoder.
 */
#ifndef WZP_MEDIA_QUALITY_H
#define WZP_MEDIA_QUALITY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WZP_QUALITY_REPORT_LEN 4
#define WZP_QUALITY_LISTENERS  64
#define WZP_QUALITY_SNAPSHOTS  16
#define WZP_QUALITY_TIMEOUT_NS INT64_C(5000000000)

struct wzp_quality_report {
    uint8_t loss_255;         /* 0..255 = 0..100 % */
    uint16_t rtt_ms;          /* 4 ms steps, up to 1020 */
    uint8_t jitter_ms;        /* up to 255 */
    uint8_t bitrate_cap_kbps; /* 0: no cap */
};

void wzp_quality_encode(const struct wzp_quality_report *report, uint8_t out[WZP_QUALITY_REPORT_LEN]);
struct wzp_quality_report wzp_quality_decode(const uint8_t bytes[WZP_QUALITY_REPORT_LEN]);

/* The listener's side, one for each speaker: packet counts (wzp_jitter_stats) at half-second steps. */
struct wzp_quality_meter {
    struct {
        int64_t at_ns;
        uint64_t expected;
        uint64_t received;
    } snapshots[WZP_QUALITY_SNAPSHOTS];
    uint32_t count; /* snapshots ever taken */
};

void wzp_quality_meter_init(struct wzp_quality_meter *meter);
/* Loss until now, 0..255; to be called at every report, at least once a second while packets come. */
uint8_t wzp_quality_meter_loss(struct wzp_quality_meter *meter, uint64_t expected, uint64_t received,
                               int64_t now_ns);

/* The speaker's side: the newest report of each listener. */
struct wzp_quality_listeners {
    struct {
        bool used;
        uint32_t id;
        int64_t at_ns;
        struct wzp_quality_report report;
    } rows[WZP_QUALITY_LISTENERS];
};

void wzp_quality_listeners_init(struct wzp_quality_listeners *listeners);
/* `id`: any number that tells the listeners apart (the slot). When all rows are in use the oldest gives way.
 */
void wzp_quality_on_report(struct wzp_quality_listeners *listeners, uint32_t id,
                           const struct wzp_quality_report *report, int64_t now_ns);
/* The worst loss told in the last 5 s, percent rounded up. */
unsigned wzp_quality_loss_percent(const struct wzp_quality_listeners *listeners, int64_t now_ns);

#endif
