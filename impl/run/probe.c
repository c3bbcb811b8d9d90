// SPDX-License-Identifier: Apache-2.0
#include "run/probe.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define RATE          WZP_AUDIO_RATE
#define PI            3.14159265358979323846
#define SILENCE_DB    (-96.0)
#define PERIOD        ((int64_t)(WZP_PROBE_PERIOD_NS / WZP_MS) * RATE / 1000) /* samples */
#define ECHO_DELAY    ((int64_t)(WZP_PROBE_ECHO_NS / WZP_MS) * RATE / 1000)
#define CHIRP         (RATE / 10)
#define CHIRP_FROM_HZ 400.0
#define CHIRP_TO_HZ   3000.0
#define CHIRP_LEVEL   12000.0
#define SWEEP_FROM_HZ 88.388
#define SWEEP_LEVEL   8000.0
#define SWEEP         ((int64_t)8 * RATE)
/* The search for a chirp: at 8 kHz, which is enough for 3000 Hz. */
#define SLOWER 6
#define FOUND  0.4
#define RING   (4 * RATE) /* a period of echoes, and the one that is being looked at */

const uint16_t wzp_probe_band_hz[WZP_PROBE_BANDS] = {125, 250, 500, 1000, 2000, 4000, 8000};

/* A wave of one frequency under a Hann window of 16 periods, two of them in turn. */
struct band {
    double cosine, sine; /* of the phase now */
    double step_cosine, step_sine;
    size_t len, at;
    double real[2], imaginary[2];
    double most; /* amplitude */
};

struct wzp_probe {
    enum wzp_probe_kind kind;
    int64_t said, heard; /* samples */
    int16_t *ring;       /* the newest RING of what was heard */
    unsigned asked, returned;
    double trip_ms[WZP_PROBE_TRIPS_MAX];
    struct band said_band[WZP_PROBE_BANDS], heard_band[WZP_PROBE_BANDS];
};

/* ---- sounds ---- */

static double chirp_at(double sample)
{
    double t = sample / RATE, whole = (double)CHIRP / RATE;
    double phase = 2 * PI * (CHIRP_FROM_HZ + (CHIRP_TO_HZ - CHIRP_FROM_HZ) * t / whole / 2) * t;
    return CHIRP_LEVEL * sin(phase) * (0.5 - 0.5 * cos(2 * PI * t / whole));
}

static double sweep_at(int64_t sample)
{
    double octaves = (double)(sample % SWEEP) / RATE;
    if (octaves >= WZP_PROBE_BANDS)
        return 0;
    return SWEEP_LEVEL * sin(2 * PI * SWEEP_FROM_HZ / log(2) * (exp2(octaves) - 1));
}

static int16_t echo_at(const struct wzp_probe *probe, int64_t sample)
{
    int64_t at = sample - ECHO_DELAY;
    if (at < 0 || at >= probe->heard || at < probe->heard - RING)
        return 0;
    return probe->ring[at % RING];
}

/* ---- levels ---- */

static void band_init(struct band *band, double hz)
{
    *band = (struct band){.cosine = 1,
                          .step_cosine = cos(2 * PI * hz / RATE),
                          .step_sine = sin(2 * PI * hz / RATE),
                          .len = (size_t)(16 * RATE / hz) / 2 * 2};
}

static void band_take(struct band *band, double sample)
{
    for (size_t turn = 0; turn < 2; turn++) {
        size_t at = (band->at + turn * band->len / 2) % band->len;
        if (at == 0) {
            double amplitude = 4 * hypot(band->real[turn], band->imaginary[turn]) / (double)band->len;
            band->most = fmax(band->most, amplitude);
            band->real[turn] = band->imaginary[turn] = 0;
        }
        double window = 0.5 - 0.5 * cos(2 * PI * (double)at / (double)band->len);
        band->real[turn] += window * sample * band->cosine;
        band->imaginary[turn] += window * sample * band->sine;
    }
    double cosine = band->cosine * band->step_cosine - band->sine * band->step_sine;
    band->sine = band->cosine * band->step_sine + band->sine * band->step_cosine;
    band->cosine = cosine;
    band->at = (band->at + 1) % (2 * band->len);
    if (band->at == 0) { /* whole periods have passed: no error piles up */
        band->cosine = 1;
        band->sine = 0;
    }
}

static void bands_take(struct band bands[WZP_PROBE_BANDS], const int16_t *pcm, size_t len)
{
    for (size_t i = 0; i < len; i++)
        for (size_t b = 0; b < WZP_PROBE_BANDS; b++)
            band_take(&bands[b], pcm[i]);
}

static double level_db(const struct band *band)
{
    return fmax(SILENCE_DB, 20 * log10(band->most / 32768 + 1e-9));
}

/* ---- round trips ---- */

static double heard_at(const struct wzp_probe *probe, int64_t sample)
{
    double sum = 0;
    for (int64_t i = 0; i < SLOWER; i++)
        sum += probe->ring[(sample + i) % RING];
    return sum / SLOWER;
}

/* Where within `len` samples from `from` on the chirp begins, as a sample; below 0: nowhere. */
static double find_chirp(const struct wzp_probe *probe, int64_t from, int64_t len)
{
    size_t places = (size_t)(len / SLOWER), chirp_len = CHIRP / SLOWER, best = 0;
    double *heard = malloc(places * sizeof *heard), chirp[CHIRP / SLOWER], own = 0, most = 0;
    if (!heard)
        return -1;
    for (size_t i = 0; i < places; i++)
        heard[i] = heard_at(probe, from + (int64_t)i * SLOWER);
    for (size_t i = 0; i < chirp_len; i++) {
        chirp[i] = chirp_at((double)i * SLOWER + (SLOWER - 1) / 2.0);
        own += chirp[i] * chirp[i];
    }
    double *score = calloc(places, sizeof *score);
    for (size_t at = 0; score && at + chirp_len <= places; at++) {
        double product = 0, energy = 1;
        for (size_t i = 0; i < chirp_len; i++) {
            product += chirp[i] * heard[at + i];
            energy += heard[at + i] * heard[at + i];
        }
        score[at] = energy > own / 1e4 ? product / sqrt(own * energy) : 0;
        if (score[at] > most) {
            most = score[at];
            best = at;
        }
    }
    double place = -1;
    if (score && most > FOUND) {
        place = (double)best;
        if (best > 0 && best + 1 < places) { /* the top of a parabola through three */
            double before = score[best - 1], after = score[best + 1];
            double bend = before - 2 * most + after;
            place += bend < 0 ? (before - after) / (2 * bend) : 0;
        }
        place *= SLOWER;
    }
    free(heard);
    free(score);
    return place;
}

/* The echo of chirp k is heard within a period, ECHO_DELAY after it was said, and a chirp's length more. */
static void look_for_echo(struct wzp_probe *probe)
{
    int64_t due = probe->asked * PERIOD + ECHO_DELAY;
    if (probe->heard < due + PERIOD + CHIRP)
        return;
    double place = find_chirp(probe, due, PERIOD + CHIRP);
    probe->asked++;
    if (place >= 0)
        probe->trip_ms[probe->returned++ % WZP_PROBE_TRIPS_MAX] = place * 1000 / RATE;
}

/* ---- the probe ---- */

struct wzp_probe *wzp_probe_create(enum wzp_probe_kind kind)
{
    struct wzp_probe *probe = calloc(1, sizeof *probe);
    if (probe)
        probe->ring = calloc(RING, sizeof *probe->ring);
    if (!probe || !probe->ring) {
        free(probe);
        return NULL;
    }
    probe->kind = kind;
    for (size_t b = 0; b < WZP_PROBE_BANDS; b++) {
        band_init(&probe->said_band[b], wzp_probe_band_hz[b]);
        band_init(&probe->heard_band[b], wzp_probe_band_hz[b]);
    }
    return probe;
}

void wzp_probe_destroy(struct wzp_probe *probe)
{
    if (probe)
        free(probe->ring);
    free(probe);
}

void wzp_probe_say(struct wzp_probe *probe, int16_t pcm[WZP_AUDIO_FRAME])
{
    for (int64_t i = 0; i < WZP_AUDIO_FRAME; i++) {
        int64_t sample = probe->said + i, in_period = sample % PERIOD;
        double value = 0;
        if (probe->kind == WZP_PROBE_ECHO)
            value = echo_at(probe, sample);
        else if (probe->kind == WZP_PROBE_SWEEP)
            value = sweep_at(sample);
        else if (in_period < CHIRP)
            value = chirp_at((double)in_period);
        pcm[i] = (int16_t)lrint(value);
    }
    probe->said += WZP_AUDIO_FRAME;
    if (probe->kind == WZP_PROBE_SWEEP)
        bands_take(probe->said_band, pcm, WZP_AUDIO_FRAME);
}

void wzp_probe_hear(struct wzp_probe *probe, const int16_t pcm[WZP_AUDIO_PIECE])
{
    for (int64_t i = 0; i < WZP_AUDIO_PIECE; i++)
        probe->ring[(probe->heard + i) % RING] = pcm[i];
    probe->heard += WZP_AUDIO_PIECE;
    if (probe->kind == WZP_PROBE_SWEEP)
        bands_take(probe->heard_band, pcm, WZP_AUDIO_PIECE);
    if (probe->kind == WZP_PROBE_TONE)
        look_for_echo(probe);
}

/* ---- devices ---- */

static void start_source(void *ctx, int64_t now_ns)
{
    const struct wzp_probe_devices *devices = ctx;
    devices->source.start(devices->source.ctx, now_ns);
}

static int64_t source_next_at(const void *ctx)
{
    const struct wzp_probe_devices *devices = ctx;
    return devices->source.next_at(devices->source.ctx);
}

static bool capture(void *ctx, int64_t at_ns, int16_t pcm[WZP_AUDIO_FRAME])
{
    const struct wzp_probe_devices *devices = ctx;
    if (!devices->source.capture(devices->source.ctx, at_ns, pcm))
        return false;
    wzp_probe_say(devices->probe, pcm);
    return true;
}

static void start_sink(void *ctx, int64_t now_ns)
{
    const struct wzp_probe_devices *devices = ctx;
    devices->sink.start(devices->sink.ctx, now_ns);
}

static int64_t sink_next_at(const void *ctx)
{
    const struct wzp_probe_devices *devices = ctx;
    return devices->sink.next_at(devices->sink.ctx);
}

static bool wants(void *ctx, int64_t at_ns, int64_t *sounds_ns)
{
    const struct wzp_probe_devices *devices = ctx;
    return devices->sink.wants(devices->sink.ctx, at_ns, sounds_ns);
}

static void play(void *ctx, const int16_t pcm[WZP_AUDIO_PIECE])
{
    const struct wzp_probe_devices *devices = ctx;
    wzp_probe_hear(devices->probe, pcm);
    devices->sink.play(devices->sink.ctx, pcm);
}

struct wzp_sound_source wzp_probe_source(struct wzp_probe_devices *devices)
{
    return (struct wzp_sound_source){devices, start_source, source_next_at, capture};
}

struct wzp_sound_sink wzp_probe_sink(struct wzp_probe_devices *devices)
{
    return (struct wzp_sound_sink){devices, start_sink, sink_next_at, wants, play};
}

/* ---- what it tells ---- */

const char *wzp_probe_name(enum wzp_probe_kind kind)
{
    static const char *const names[] = {"none", "echo", "tone", "sweep"};
    return names[kind];
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

void wzp_probe_result(const struct wzp_probe *probe, struct wzp_probe_result *result)
{
    double trips[WZP_PROBE_TRIPS_MAX];
    size_t count = probe->returned < WZP_PROBE_TRIPS_MAX ? probe->returned : WZP_PROBE_TRIPS_MAX;
    memcpy(trips, probe->trip_ms, sizeof trips);
    qsort(trips, count, sizeof *trips, compare);
    *result = (struct wzp_probe_result){.kind = probe->kind,
                                        .said = probe->asked,
                                        .returned = probe->returned,
                                        .round_trip_p50_ms = count ? trips[(count - 1) / 2] : (double)NAN,
                                        .round_trip_p95_ms = count ? trips[(95 * count + 99) / 100 - 1]
                                                                   : (double)NAN};
    for (size_t b = 0; b < WZP_PROBE_BANDS; b++) {
        result->said_db[b] = level_db(&probe->said_band[b]);
        result->heard_db[b] = level_db(&probe->heard_band[b]);
    }
}
