// SPDX-License-Identifier: Apache-2.0
/*
 * How a client is, second by second: one JSON object a line (docs/running.md), for whoever plots or watches
 * it.
 *
 * Law: a line holds what happened since the line before, so that the lines of a run add up to its sums; a
 * number that is not known is null; each line is one JSON text and is out when the call returns. No key, no
 * room name, no address stands in it.
 *
 * Does not: open or close the stream, read a clock, decide when.
 */
#ifndef WZP_RUN_TELEMETRY_H
#define WZP_RUN_TELEMETRY_H

#include <stdio.h>

#include "call/call.h"

#define WZP_TELEMETRY_NS WZP_S /* between two lines; the last one comes with the end */

/* Of one speaker, 10 ms each, by what they were. */
struct wzp_telemetry_pieces {
    uint64_t received, repaired, lbrr, dred, concealed, silence;
};

struct wzp_telemetry_heard {
    const char *who; /* fingerprint */
    struct wzp_telemetry_pieces pieces;
    bool has_buffer;
    double buffer_ms, target_ms; /* of the jitter buffer; what it aims at */
    double drift_ppm;            /* by which its clock is fast against ours; NAN: not known yet */
};

struct wzp_telemetry_line {
    int64_t at_ns, since_ns; /* of this line and of the one before, since the start */
    bool is_leaving;         /* the goodbye is said, or the room was never reached */
    struct wzp_call_facts facts;
    bool has_session;
    struct wzp_session_facts session;
    struct wzp_endpoint_counters now, before; /* at these times */
    const struct wzp_telemetry_heard *heard;
    size_t heard_count;
};

/* False: the stream failed. */
bool wzp_telemetry_write(FILE *out, const struct wzp_telemetry_line *line);

#endif
