// SPDX-License-Identifier: Apache-2.0
/*
 * Quality reports: what one member tells all others about its own way to and from the relay, 8 bytes inside
 * the seal (proto/07-media.md), and what a speaker makes of those of its listeners.
 *
 * Laws: encode then decode gives the report back within the units of the wire (values beyond them
 * saturate); the share that a meter tells is that of the last 2 s, or of as much more (8 s at most) as it
 * takes to expect 40 packets; the speaker heeds the weakest of its listeners, and nobody who has been silent
 * for 5 s.
 *
 * State: the caller's structs. No clock.
 *
 * Not here: how often a report is sent, the measuring of a path (link/), what a speaker makes of it
 * (media/plan.h).
 */
#ifndef WZP_MEDIA_QUALITY_H
#define WZP_MEDIA_QUALITY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WZP_QUALITY_REPORT_LEN 8
#define WZP_QUALITY_LISTENERS  64
#define WZP_QUALITY_SNAPSHOTS  16
#define WZP_QUALITY_TIMEOUT_NS INT64_C(5000000000)

struct wzp_quality_report {
    unsigned loss_permille; /* of packets from the relay to this member; 1/255 */
    uint16_t rtt_ms;        /* between the two; 4 ms steps, up to 1020 */
    uint8_t jitter_ms;      /* of its packets to the relay, which stands for both ways; up to 255 */
    uint64_t rate_bps; /* that this member takes; 4 kbit/s steps; 0: no bound, or one above 1020 kbit/s */
    unsigned burst_16; /* mean run of lost packets from the relay; 1/8 packet, up to 31 */
    uint32_t
        horizon_ms; /* how long its own media may take to be repaired on the way to the relay; 4 ms steps */
    uint8_t dred_version;     /* DRED format that it decodes; 0: none */
    unsigned missed_permille; /* frames of the worst speaker that neither came nor were repaired; up to 255 */
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
/* Share of packets that did not come, until now, permille; to be called at every report, at least once a
 * second while packets come. */
unsigned wzp_quality_meter_loss(struct wzp_quality_meter *meter, uint64_t expected, uint64_t received,
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
/*
 * Of all that was told in the last 5 s: rate, loss and its bursts of the one to whom the least gets through,
 * so that one's loss and another's rate do not make a link that nobody has (each listener's loss is repaired
 * on its own hop); of all else the worst, and the DRED version only if all tell the same. How many told.
 */
unsigned wzp_quality_worst(const struct wzp_quality_listeners *listeners, int64_t now_ns,
                           struct wzp_quality_report *worst);

#endif
