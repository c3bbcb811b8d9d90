// SPDX-License-Identifier: Apache-2.0
/* What a person's run comes to: the numbers of the JSON contract, as docs/sim.md defines them. */
#include "base/check.h"
#include "call/inspect.h"
#include "sim/estoi.h"
#include "sim/person.h"

#include <math.h>
#include <stdlib.h>

bool sim_person_is_active(const struct sim_person *speaker, size_t frame)
{
    return speaker->energy[frame] > 0 && speaker->energy[frame] >= speaker->loudest / 10000; /* 40 dB */
}

/* Captured after the listener held the key and the speaker's first media packet had left, and a second before
 * either left: what is still under way then is nobody's fault. */
bool sim_hearing_counts(const struct sim_person *listener, const struct sim_hearing *hearing, size_t frame)
{
    const struct sim_person *speaker = sim_crowd_person(listener->crowd, hearing->speaker);
    int64_t from_ns = wzp_time_max(hearing->key_held_ns, sim_person_speaks_from(speaker));
    int64_t at_ns = sim_person_captured_at(speaker, frame);
    return frame < hearing->frames && at_ns >= from_ns &&
           at_ns < wzp_time_min(listener->left_ns, speaker->left_ns) - WZP_S;
}

bool sim_hearing_is_right(const struct sim_hearing *hearing, size_t frame)
{
    const uint8_t whole = SIM_HEARD_FIRST | SIM_HEARD_SECOND;
    return (hearing->heard[frame] & (whole | SIM_HEARD_INVENTED)) == whole;
}

int64_t sim_hearing_sounded_at(const struct sim_hearing *hearing, size_t frame)
{
    return hearing->played_ns[frame] + hearing->delay_samples[frame] * WZP_S / WZP_AUDIO_RATE;
}

void sim_hearing_freezes(const struct sim_person *listener, const struct sim_hearing *hearing,
                         struct sim_freezes *freezes)
{
    const struct sim_person *speaker = sim_crowd_person(listener->crowd, hearing->speaker);
    int64_t run_ns = 0;
    *freezes = (struct sim_freezes){0};
    for (size_t i = 0; i < (size_t)speaker->captured; i++) {
        bool is_frozen = sim_hearing_counts(listener, hearing, i) && sim_person_is_active(speaker, i) &&
                         !sim_hearing_is_right(hearing, i);
        run_ns = is_frozen ? run_ns + WZP_AUDIO_FRAME_MS * WZP_MS : 0;
        freezes->count += run_ns > SIM_FREEZE_NS && run_ns - WZP_AUDIO_FRAME_MS * WZP_MS <= SIM_FREEZE_NS;
        if (run_ns <= SIM_FREEZE_NS || run_ns <= freezes->longest_ns)
            continue;
        freezes->longest_ns = run_ns;
        freezes->longest_at_ns = sim_person_captured_at(speaker, i + 1) - run_ns;
    }
}

void sim_person_window(const struct sim_person *listener, const struct sim_person *speaker, int64_t from_ns,
                       int64_t to_ns, struct sim_window *window)
{
    *window = (struct sim_window){0};
    for (unsigned h = 0; h < listener->hearing_count; h++) {
        const struct sim_hearing *hearing = &listener->hearing[h];
        for (size_t i = 0; hearing->speaker == speaker->index && i < (size_t)speaker->captured; i++) {
            int64_t at_ns = sim_person_captured_at(speaker, i);
            if (at_ns < from_ns || at_ns >= to_ns || !sim_person_is_active(speaker, i))
                continue;
            window->frames++;
            if (sim_hearing_is_right(hearing, i))
                window->longest_ns = wzp_time_max(window->longest_ns,
                                                  sim_hearing_sounded_at(hearing, i) - at_ns);
            else
                window->lost++;
        }
    }
}

static double middle_of(double a, double b, double c)
{
    double low = a < b ? a : b, high = a < b ? b : a;
    return c < low ? low : c > high ? high : c;
}

/* The value of that rank, from 0. Others change places (Hoare's FIND, 1961). */
static double ranked(double *values, size_t count, size_t rank)
{
    size_t first = 0, last = count - 1;
    while (first < last) {
        double pivot = middle_of(values[first], values[first + (last - first) / 2], values[last]);
        size_t i = first, j = last;
        for (;;) {
            while (values[i] < pivot)
                i++;
            while (values[j] > pivot)
                j--;
            if (i >= j)
                break;
            double value = values[i];
            values[i++] = values[j];
            values[j--] = value;
        }
        if (rank <= j)
            last = j;
        else
            first = j + 1;
    }
    return values[rank];
}

/* Nearest rank. */
static double quantile(double *values, size_t count, double q)
{
    if (count == 0)
        return NAN;
    size_t rank = (size_t)ceil(q * (double)count);
    return ranked(values, count, rank > 0 ? rank - 1 : 0);
}

static double estoi(const struct sim_person *listener, const struct sim_person *speaker,
                    const struct sim_hearing *hearing, size_t first, size_t end)
{
    const struct sim_voice *voice = speaker->config.voice;
    size_t clean_len = end * WZP_AUDIO_FRAME;
    if (!voice || !hearing->track || first >= end)
        return NAN;
    float *clean = malloc(clean_len * sizeof *clean), *played = malloc(hearing->track_len * sizeof *played);
    struct sim_estoi_frame *frames = malloc(hearing->frames * sizeof *frames);
    WZP_CHECK(clean && played && frames);
    for (size_t i = 0; i < clean_len; i++)
        clean[i] = voice->samples[i % voice->len];
    for (size_t i = 0; i < hearing->track_len; i++)
        played[i] = (float)hearing->track[i] / 32768;
    size_t count = 0;
    for (size_t i = 0; i < hearing->frames; i++) {
        if (hearing->played_ns[i] == WZP_NEVER)
            continue;
        double since_s = (double)(hearing->played_ns[i] - listener->play_start_ns) / WZP_S;
        frames[count++] = (struct sim_estoi_frame){
            .capture_sample = (int64_t)(i * WZP_AUDIO_FRAME) - hearing->delay_samples[i],
            .playout_sample = (int64_t)llround(since_s * (1 + listener->config.clock_ppm * 1e-6) *
                                               WZP_AUDIO_RATE),
            .real = true,
        };
    }
    double result = sim_estoi_aligned(clean, first * WZP_AUDIO_FRAME, clean_len, played, hearing->track_len,
                                      frames, count);
    free(clean);
    free(played);
    free(frames);
    return result;
}

static void set_lateness(const struct sim_person *listener, const struct sim_person *speaker,
                         double *delay_ms, size_t count, struct wzp_member_hears *hears)
{
    double apart_ms = (double)(listener->config.start_ns - speaker->config.start_ns) / WZP_MS;
    hears->mouth_to_ear_p50_ms = quantile(delay_ms, count, 0.5);
    hears->mouth_to_ear_p95_ms = quantile(delay_ms, count, 0.95);
    hears->lag_p50_ms = hears->mouth_to_ear_p50_ms - apart_ms;
    hears->lag_p95_ms = hears->mouth_to_ear_p95_ms - apart_ms;
}

static struct wzp_member_hears measure_hearing(const struct sim_person *listener,
                                               const struct sim_hearing *hearing, int64_t since_ns,
                                               bool with_estoi)
{
    const struct sim_person *speaker = sim_crowd_person(listener->crowd, hearing->speaker);
    struct wzp_member_hears hears = wzp_member_hears_none(speaker->config.name);
    size_t captured = (size_t)speaker->captured, first = captured, end = 0, sent = 0, played = 0, lbrr = 0,
           repaired = 0, dred = 0, delays = 0;
    double *delay_ms = malloc((captured + 1) * sizeof *delay_ms);
    WZP_CHECK(delay_ms);
    for (size_t i = 0; i < captured; i++) {
        if (sim_person_captured_at(speaker, i) < since_ns || !sim_hearing_counts(listener, hearing, i))
            continue;
        first = first < i ? first : i;
        end = i + 1;
        if (!sim_person_is_active(speaker, i))
            continue;
        sent++;
        if (!sim_hearing_is_right(hearing, i))
            continue;
        played++;
        repaired += (hearing->heard[i] & SIM_HEARD_REPAIRED) != 0;
        lbrr += (hearing->heard[i] & SIM_HEARD_LBRR) != 0;
        dred += (hearing->heard[i] & SIM_HEARD_DRED) != 0;
        delay_ms[delays++] = (double)(sim_hearing_sounded_at(hearing, i) -
                                      sim_person_captured_at(speaker, i)) /
                             WZP_MS;
    }
    hears.frames_sent = (double)sent;
    hears.frames_played = (double)played;
    hears.concealed_pct = sent ? 100.0 * (double)(sent - played) / (double)sent : NAN;
    hears.recovered_fec = 0; /* blocks are not for speech */
    hears.recovered_window = (double)repaired;
    hears.recovered_dred = (double)dred;
    hears.recovered_lbrr = (double)lbrr;
    set_lateness(listener, speaker, delay_ms, delays, &hears);
    hears.drift_ppm = wzp_drift_ppm(&hearing->drift);
    struct sim_freezes freezes;
    sim_hearing_freezes(listener, hearing, &freezes);
    hears.freezes = freezes.count;
    hears.longest_freeze_ms = (double)freezes.longest_ns / WZP_MS;
    if (with_estoi)
        hears.estoi = estoi(listener, speaker, hearing, first, end);
    free(delay_ms);
    return hears;
}

/* Of every frame that was played, whenever it was captured and however soft it is. */
static void hear_by_ear(const struct sim_person *listener, const struct sim_hearing *hearing,
                        struct wzp_member_hears *hears)
{
    const struct sim_person *speaker = sim_crowd_person(listener->crowd, hearing->speaker);
    double *delay_ms = malloc((hearing->frames + 1) * sizeof *delay_ms);
    size_t delays = 0;
    WZP_CHECK(delay_ms);
    for (size_t i = 0; i < hearing->frames; i++)
        if (hearing->played_ns[i] != WZP_NEVER)
            delay_ms[delays++] = (double)(sim_hearing_sounded_at(hearing, i) -
                                          sim_person_captured_at(speaker, i)) /
                                 WZP_MS;
    double shown = (double)hearing->shown, all = shown + (double)hearing->concealed;
    hears->frames_sent = hears->freezes = hears->longest_freeze_ms = hears->estoi = NAN;
    hears->frames_played = floor(shown / 2);
    hears->concealed_pct = all > 0 ? 100 * (double)hearing->concealed / all : (double)NAN;
    set_lateness(listener, speaker, delay_ms, delays, hears);
    free(delay_ms);
}

void sim_person_measure_by_ear(const struct sim_person *person, struct sim_measured *measured)
{
    for (unsigned i = 0; i < person->hearing_count; i++)
        hear_by_ear(person, &person->hearing[i], &measured->hears[i]);
}

static double since_start_ms(const struct sim_person *person, int64_t at_ns)
{
    return at_ns == WZP_NEVER ? NAN : (double)(at_ns - person->config.start_ns) / WZP_MS;
}

int64_t sim_person_speaks_from(const struct sim_person *person)
{
    return wzp_call_first_media_sent_ns(person->call);
}

int64_t sim_person_speaks_until(const struct sim_person *person)
{
    return wzp_time_min(wzp_time_min(person->config.stop_ns, person->left_ns),
                        sim_net_now(sim_crowd_net(person->crowd)));
}

void sim_person_measure(const struct sim_person *person, int64_t since_ns, bool with_estoi,
                        struct sim_measured *measured)
{
    struct sim_wire up, down;
    const struct wzp_endpoint_counters *counters = wzp_call_counters(person->call);
    int64_t from_ns = wzp_time_max(sim_person_speaks_from(person), since_ns),
            until_ns = sim_person_speaks_until(person);
    struct wzp_call_facts facts;
    wzp_call_facts(person->call, &facts);
    sim_net_wire(sim_crowd_net(person->crowd), person->node, &up, &down);
    measured->member = (struct wzp_member_measured){
        .name = person->config.name,
        .started_ms = (double)person->config.start_ns / WZP_MS,
        .connect_ms = since_start_ms(person, wzp_time_max(person->keys_ns, person->relay_keys_ns)),
        .first_media_ms = since_start_ms(person, person->first_media_ns),
        .rekeys = counters->rekeys,
        .wire_up_kbps = sim_meter_kbps(&person->up, from_ns, until_ns),
        .wire_down_kbps = sim_meter_kbps(&person->down, from_ns, until_ns),
        .max_500ms_up_kbps = sim_meter_peak_kbps(&person->up, 500 * WZP_MS),
        .max_500ms_down_kbps = sim_meter_peak_kbps(&person->down, 500 * WZP_MS),
        .sent = {counters->media_bytes_out, counters->repair_bytes_out, counters->feedback_bytes_out},
        .plan_changes = facts.plan.is_made ? (double)facts.plan.changes : (double)NAN,
        .up = {up.bytes, up.packets},
        .down = {down.bytes, down.packets},
        .hears = measured->hears,
        .hears_count = person->hearing_count,
    };
    if (person->probe) {
        wzp_probe_result(person->probe, &measured->test);
        measured->member.test = &measured->test;
    }
    for (unsigned i = 0; i < person->hearing_count; i++)
        measured->hears[i] = measure_hearing(person, &person->hearing[i], since_ns, with_estoi);
}
