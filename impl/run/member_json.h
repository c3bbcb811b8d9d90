// SPDX-License-Identifier: Apache-2.0
/*
 * What one member of a call measured, as the JSON object that the simulator and `wzp-client join --json` both
 * write:
 *
 *     {name, started_ms, connect_ms, first_media_ms, rekeys, wire{up{bytes,packets}, down{bytes,packets}},
 *      wire_up_kbps, wire_down_kbps, max_500ms_up_kbps, max_500ms_down_kbps,
 *      sent_bytes{media,repair,feedback}, plan_changes,
 *      test{kind, said, returned, round_trip_ms{p50,p95}, bands:[{hz, said_db, heard_db}]},
 *      hears:[{speaker, frames_sent, frames_played, concealed_pct, freezes, longest_freeze_ms,
 *              recovered{fec,window,dred,lbrr}, mouth_to_ear_ms{p50,p95}, lag_ms{p50,p95}, estoi,
 *              drift_ppm, picture_bytes}]}
 *
 * The one place where these names are written. NAN is what was not measured and becomes null.
 */
#ifndef WZP_RUN_MEMBER_JSON_H
#define WZP_RUN_MEMBER_JSON_H

#include <stddef.h>

#include "run/json.h"
#include "run/probe.h"

struct wzp_member_hears {
    const char *speaker;
    double frames_sent, frames_played; /* of 20 ms */
    double concealed_pct;
    double recovered_fec, recovered_window, recovered_dred, recovered_lbrr; /* frames; window: by a hop */
    double freezes, longest_freeze_ms; /* runs above 100 ms of what was said and not heard */
    double mouth_to_ear_p50_ms, mouth_to_ear_p95_ms;
    double lag_p50_ms,
        lag_p95_ms; /* from a sound's time since the speaker started to its time since we did */
    double estoi;
    double drift_ppm;     /* by which the speaker's clock is fast against the listener's */
    double picture_bytes; /* of its test pictures, that came */
};

struct wzp_member_wire {
    uint64_t bytes, packets; /* with 28 bytes of IPv4 and UDP header a packet */
};

/* Of what it sent on the wire: packets with media, packets of repair, and what feedback added or sent alone.
 */
struct wzp_member_sent {
    uint64_t media, repair, feedback;
};

struct wzp_member_measured {
    const char *name;
    double started_ms; /* on a clock that all members of one machine share */
    double connect_ms, first_media_ms;
    uint64_t rekeys; /* of its sessions with the relay */
    struct wzp_member_wire up, down;
    double wire_up_kbps, wire_down_kbps; /* given to its access link while it spoke; lost packets too */
    double max_500ms_up_kbps, max_500ms_down_kbps; /* of the 500 ms that carried most, at any time */
    struct wzp_member_sent sent;
    double plan_changes;                 /* of codec, bit rate, packing or repair since the start */
    const struct wzp_probe_result *test; /* NULL: it said no test sounds, and nothing is written */
    const struct wzp_member_hears *hears;
    size_t hears_count;
};

/* Nothing measured yet of this speaker: all NAN. */
struct wzp_member_hears wzp_member_hears_none(const char *speaker);

/* `key` is the object's name inside an object, NULL inside an array or at the top. */
void wzp_member_json_write(struct wzp_json *json, const char *key, const struct wzp_member_measured *member);

#endif
