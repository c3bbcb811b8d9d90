// SPDX-License-Identifier: Apache-2.0
/*
 * Test sounds in place of a microphone (`wzp-client join --test`), and what they tell:
 *   ECHO   says what it heard WZP_PROBE_ECHO_NS ago;
 *   TONE   says a chirp of 100 ms, 400 to 3000 Hz, every WZP_PROBE_PERIOD_NS, and finds it in what it hears
 *          when somebody in the room is an ECHO: the round trip from mouth to ear to mouth to ear;
 *   SWEEP  says a sweep, an octave a second from 88 to 11314 Hz, then a second of silence, and measures in
 *          what it hears how loud the sweep of another one came through, octave by octave.
 *
 * Law: time is that of samples: said and heard are counted from the start at 48 kHz, as devices that are
 * files do it. A round trip is right to 0.2 ms, and 0 to 2 s long; a chirp is found where the normalised
 * correlation is above 0.4, so noise and speech are none. A level is the peak over time at the middle of an
 * octave through 16 periods of a Hann window, said and heard by the same meter: what is cut away there shows
 * as more than 20 dB less. Does not: read a clock, play, know the call.
 */
#ifndef WZP_RUN_PROBE_H
#define WZP_RUN_PROBE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/time.h"
#include "call/sound.h"

#define WZP_PROBE_ECHO_NS   (1 * WZP_S)
#define WZP_PROBE_PERIOD_NS (2 * WZP_S)
#define WZP_PROBE_BANDS     7
#define WZP_PROBE_TRIPS_MAX 1024 /* whose round trips are kept */

enum wzp_probe_kind { WZP_PROBE_NONE, WZP_PROBE_ECHO, WZP_PROBE_TONE, WZP_PROBE_SWEEP };

const char *wzp_probe_name(enum wzp_probe_kind kind);     /* "echo" */
extern const uint16_t wzp_probe_band_hz[WZP_PROBE_BANDS]; /* the middles of the octaves */

struct wzp_probe_result {
    enum wzp_probe_kind kind;
    unsigned said, returned;                     /* chirps; those whose echo was due, and found */
    double round_trip_p50_ms, round_trip_p95_ms; /* without the echo's delay; NAN: none */
    double said_db[WZP_PROBE_BANDS], heard_db[WZP_PROBE_BANDS]; /* of full scale; -96: silence */
};

struct wzp_probe;

/* NULL: out of memory. `kind` is none of NONE. */
struct wzp_probe *wzp_probe_create(enum wzp_probe_kind kind);
void wzp_probe_destroy(struct wzp_probe *probe);
/* The next 20 ms to say; the next 10 ms that sound. Both in the order of their times. */
void wzp_probe_say(struct wzp_probe *probe, int16_t pcm[WZP_AUDIO_FRAME]);
void wzp_probe_hear(struct wzp_probe *probe, const int16_t pcm[WZP_AUDIO_PIECE]);

/* A microphone that says what the probe says, at the pace of another; a loudspeaker that lets it hear. */
struct wzp_probe_devices {
    struct wzp_probe *probe;
    struct wzp_sound_source source;
    struct wzp_sound_sink sink;
};
/* Both borrow `devices`. */
struct wzp_sound_source wzp_probe_source(struct wzp_probe_devices *devices);
struct wzp_sound_sink wzp_probe_sink(struct wzp_probe_devices *devices);

void wzp_probe_result(const struct wzp_probe *probe, struct wzp_probe_result *result);

#endif
