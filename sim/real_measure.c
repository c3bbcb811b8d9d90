// SPDX-License-Identifier: Apache-2.0
/* What the processes of people measured, put together: a person may have had several, and one that was killed
 * leaves its telemetry and its sound behind, but no JSON. */
#include "base/check.h"
#include "run/wav.h"
#include "sim/real.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PIECE_NS (WZP_AUDIO_PIECE_MS * WZP_MS)
#define FRAME_NS (WZP_AUDIO_FRAME_MS * WZP_MS)

#define MOMENT_PIECES 10 /* where a time begins and ends pauses are not known more exactly */

void sim_real_path(const struct sim_real *real, const char *name, unsigned life, const char *ending,
                   char path[SIM_REAL_PATH_MAX])
{
    if (life == 0)
        snprintf(path, SIM_REAL_PATH_MAX, "%s/%s%s", real->dir, name, ending);
    else
        snprintf(path, SIM_REAL_PATH_MAX, "%s/process-%u/%s%s", real->dir, life + 1, name, ending);
}

static bool complain(const char *why)
{
    fprintf(stderr, "wzp-sim: %s\n", why);
    return false;
}

static int64_t started_at(const struct sim_real *real, unsigned index, unsigned life)
{
    return sim_rig_life(real->rig, index, life)->started_ns;
}

/* ---- when everybody has left ---- */

/* Adds what a process of that person heard, silence before it, to a file that begins with the first one. */
static bool append_sound(const struct sim_real *real, unsigned index, const char *name, unsigned life,
                         struct wzp_wav_writer *writer)
{
    static const int16_t silence[WZP_AUDIO_FRAME];
    char path[SIM_REAL_PATH_MAX], why[WZP_WAV_WHY_MAX];
    struct wzp_wav wav;
    int64_t after_ns = started_at(real, index, life) - started_at(real, index, 0);
    uint64_t from = (uint64_t)(after_ns / WZP_US) * WZP_WAV_RATE / 1000000;
    sim_real_path(real, name, life, life == 0 ? "-heard-first.wav" : "-heard.wav", path);
    if (!wzp_wav_read(path, &wav, why))
        return true; /* it was killed before it heard anything */
    while (
        writer->len < from &&
        wzp_wav_append(writer, silence,
                       from - writer->len < WZP_AUDIO_FRAME ? (size_t)(from - writer->len) : WZP_AUDIO_FRAME))
        continue;
    int16_t *samples = malloc((wav.len + 1) * sizeof *samples);
    WZP_CHECK(samples);
    wzp_wav_to_int16(wav.samples, samples, wav.len);
    bool good = wzp_wav_append(writer, samples, wav.len);
    free(samples);
    wzp_wav_free(&wav);
    return good;
}

/* NAME-heard.wav becomes what all processes of the person heard, each from when it started. */
static bool join_sound(const struct sim_real *real, unsigned index, const char *name)
{
    char whole[SIM_REAL_PATH_MAX], first[SIM_REAL_PATH_MAX];
    struct wzp_wav_writer writer;
    sim_real_path(real, name, 0, "-heard.wav", whole);
    sim_real_path(real, name, 0, "-heard-first.wav", first);
    rename(whole, first);
    bool good = wzp_wav_open(&writer, whole);
    for (unsigned life = 0; good && life < real->person[index].lives; life++)
        good = append_sound(real, index, name, life, &writer);
    return wzp_wav_close(&writer) && good ? true : complain(writer.why);
}

static bool load_person(struct sim_real *real, struct sim_person *person)
{
    struct sim_real_person *loaded = &real->person[person->index];
    const char *name = person->config.name;
    wzp_identity_fingerprint(person->identity.sign_public, loaded->fingerprint);
    for (unsigned life = 0; life < sim_rig_lives(real->rig, person->index); life++) {
        char path[SIM_REAL_PATH_MAX];
        struct sim_real_life *one = &loaded->life[loaded->lives++];
        const struct sim_rig_life *had = sim_rig_life(real->rig, person->index, life);
        sim_real_path(real, name, life, ".telemetry", path);
        if (!sim_lines_load(&one->lines, path))
            return complain(one->lines.why);
        sim_real_path(real, name, life, ".json", path);
        if (had->was_in && !sim_json_load(&one->json, path))
            return complain(one->json.why);
        if (had->was_in || sim_lines_joined_ns(&one->lines) != WZP_NEVER)
            person->joined_ns = wzp_time_min(person->joined_ns, had->started_ns);
    }
    return loaded->lives < 2 || join_sound(real, person->index, name);
}

bool sim_real_finish(struct sim_run *run)
{
    struct sim_real *real = run->real;
    if (real->is_over || !real->is_live)
        return true;
    real->is_over = true;
    if (!real->rig || !sim_rig_finish(real->rig))
        return complain(real->rig ? sim_rig_why(real->rig) : "no relay was started");
    const struct sim_crowd *crowd = run->world[0]->crowd;
    real->count = sim_crowd_count(crowd);
    real->person = calloc(real->count ? real->count : 1, sizeof *real->person);
    WZP_CHECK(real->person);
    for (unsigned i = 0; i < real->count; i++)
        if (!load_person(real, sim_crowd_person(crowd, i)))
            return false;
    return true;
}

void sim_real_deinit(struct sim_real *real)
{
    if (real->rig)
        sim_rig_destroy(real->rig);
    real->rig = NULL;
    for (unsigned i = 0; i < real->count; i++)
        for (unsigned life = 0; life < real->person[i].lives; life++) {
            sim_json_deinit(&real->person[i].life[life].json);
            sim_lines_deinit(&real->person[i].life[life].lines);
        }
    free(real->person);
    real->person = NULL;
    real->count = 0;
}

/* ---- of one speaker ---- */

/* The last row about the speaker in a process's JSON; -1: there is none. */
static int row_of(const struct sim_json *json, const char *fingerprint)
{
    const char *who;
    int found = -1;
    for (int i = 0; (who = sim_json_text(json, "hears[%d].speaker", i)) != NULL; i++)
        if (strcmp(who, fingerprint) == 0)
            found = i;
    return found;
}

/* All of one process's pieces come from its telemetry, whose sums are those of its JSON. */
static struct sim_pieces pieces_of(const struct sim_real *real, unsigned listener, unsigned speaker)
{
    struct sim_pieces sum = {0};
    for (unsigned life = 0; life < real->person[listener].lives; life++)
        sim_lines_add(&real->person[listener].life[life].lines, real->person[speaker].fingerprint, 0,
                      WZP_NEVER, &sum);
    return sum;
}

/* What only a process that ended in order tells: how late it heard the speaker's last one. */
static void add_lateness(const struct sim_real *real, unsigned listener, unsigned speaker,
                         struct wzp_member_hears *hears)
{
    const struct sim_real_person *ears = &real->person[listener], *mouth = &real->person[speaker];
    if (ears->lives == 0 || mouth->lives == 0)
        return;
    const struct sim_json *json = &ears->life[ears->lives - 1].json,
                          *other = &mouth->life[mouth->lives - 1].json;
    int row = row_of(json, mouth->fingerprint);
    if (row < 0)
        return;
    double apart_ms = sim_json_number(json, "started_ms") - sim_json_number(other, "started_ms");
    hears->drift_ppm = sim_json_number(json, "hears[%d].drift_ppm", row);
    hears->lag_p50_ms = sim_json_number(json, "hears[%d].lag_ms.p50", row);
    hears->lag_p95_ms = sim_json_number(json, "hears[%d].lag_ms.p95", row);
    hears->mouth_to_ear_p50_ms = hears->lag_p50_ms + apart_ms;
    hears->mouth_to_ear_p95_ms = hears->lag_p95_ms + apart_ms;
}

static void measure_hears(const struct sim_run *run, unsigned listener, unsigned speaker,
                          struct sim_measured *measured)
{
    const struct sim_real *real = run->real;
    const double in_frame = (double)FRAME_NS / PIECE_NS;
    struct sim_pieces pieces = pieces_of(real, listener, speaker);
    if (sim_pieces_all(&pieces) <= 0)
        return;
    struct wzp_member_hears hears = wzp_member_hears_none(
        sim_crowd_person(run->world[0]->crowd, speaker)->config.name);
    double played = sim_pieces_played(&pieces);
    hears.frames_played = floor(played / in_frame);
    hears.recovered_fec = 0; /* blocks are not for speech */
    hears.recovered_window = floor(pieces.repaired / in_frame);
    hears.recovered_dred = floor(pieces.dred / in_frame);
    hears.recovered_lbrr = floor(pieces.lbrr / in_frame);
    if (played + pieces.concealed > 0)
        hears.concealed_pct = 100 * pieces.concealed / (played + pieces.concealed);
    add_lateness(real, listener, speaker, &hears);
    measured->hears[measured->member.hears_count++] = hears;
}

/* ---- of one person ---- */

static double at_ms(const struct sim_real *real, unsigned index, unsigned life, int64_t since_ns)
{
    if (since_ns == WZP_NEVER)
        return NAN;
    return (double)(started_at(real, index, life) - started_at(real, index, 0) + since_ns) / WZP_MS;
}

/* Since the person's start: until the last process that could tell had its keys, as of simulated people, and
 * until the first media ever. Of a process that was killed both are known to a second. */
static void measure_start(const struct sim_real *real, unsigned index, struct wzp_member_measured *member)
{
    const struct sim_real_person *person = &real->person[index];
    member->connect_ms = member->first_media_ms = NAN;
    for (unsigned life = 0; life < person->lives; life++) {
        const struct sim_real_life *one = &person->life[life];
        bool has_json = one->json.count > 0;
        double connect_ms = at_ms(real, index, life, has_json ? 0 : sim_lines_joined_ns(&one->lines));
        double first_ms = at_ms(real, index, life, has_json ? 0 : sim_lines_first_media_ns(&one->lines));
        if (has_json) {
            connect_ms += sim_json_number(&one->json, "connect_ms");
            first_ms += sim_json_number(&one->json, "first_media_ms");
        }
        if (!isnan(connect_ms))
            member->connect_ms = connect_ms;
        if (isnan(member->first_media_ms))
            member->first_media_ms = first_ms;
    }
}

static uint64_t count_of(const struct sim_json *json, const char *path)
{
    double count = sim_json_number(json, path);
    return isnan(count) ? 0 : (uint64_t)count;
}

/* Counts that only stand in JSON: of the processes that ended in order. */
static void add_counts(const struct sim_json *json, struct wzp_member_measured *member)
{
    double changes = sim_json_number(json, "plan_changes");
    member->rekeys += count_of(json, "rekeys");
    member->up.bytes += count_of(json, "wire.up.bytes");
    member->up.packets += count_of(json, "wire.up.packets");
    member->down.bytes += count_of(json, "wire.down.bytes");
    member->down.packets += count_of(json, "wire.down.packets");
    member->sent.media += count_of(json, "sent_bytes.media");
    member->sent.repair += count_of(json, "sent_bytes.repair");
    member->sent.feedback += count_of(json, "sent_bytes.feedback");
    member->plan_changes = isnan(member->plan_changes) ? changes
                           : isnan(changes)            ? member->plan_changes
                                                       : member->plan_changes + changes;
}

void sim_real_measure(const struct sim_run *run, unsigned index, struct sim_measured *measured)
{
    const struct sim_real *real = run->real;
    const struct sim_real_person *person = &real->person[index];
    const struct sim_person_config *config = &sim_crowd_person(run->world[0]->crowd, index)->config;
    const struct sim_meter *up = sim_rig_meter(real->rig, index, SIM_SHIM_UP),
                           *down = sim_rig_meter(real->rig, index, SIM_SHIM_DOWN);
    measured->member = (struct wzp_member_measured){
        .name = config->name,
        .max_500ms_up_kbps = sim_meter_peak_kbps(up, 500 * WZP_MS),
        .max_500ms_down_kbps = sim_meter_peak_kbps(down, 500 * WZP_MS),
        .plan_changes = NAN,
        .hears = measured->hears};
    struct wzp_member_measured *member = &measured->member;
    measure_start(real, index, member);
    int64_t from_ns = (person->lives > 0 ? started_at(real, index, 0) : config->start_ns) +
                      (isnan(member->connect_ms) || person->lives > 1
                           ? 0
                           : (int64_t)(member->connect_ms * (double)WZP_MS));
    member->wire_up_kbps = sim_meter_kbps(up, from_ns, config->stop_ns);
    member->wire_down_kbps = sim_meter_kbps(down, from_ns, config->stop_ns);
    member->started_ms = person->lives > 0 ? sim_json_number(&person->life[0].json, "started_ms") : NAN;
    for (unsigned life = 0; life < person->lives; life++)
        add_counts(&person->life[life].json, member);
    for (unsigned i = 0; i < real->count; i++)
        if (i != index)
            measure_hears(run, index, i, measured);
}

unsigned sim_real_handshakes(const struct sim_real *real, const char *name)
{
    char path[SIM_REAL_PATH_MAX], line[1024];
    unsigned count = 0;
    sim_real_path(real, name, 0, ".log", path);
    FILE *log = fopen(path, "r");
    while (log && fgets(line, sizeof line, log)) {
        if (strstr(line, ": connected to "))
            count = 1;
        count += strstr(line, ": in the room again, slot ") != NULL;
    }
    if (log)
        fclose(log);
    return count;
}

/* ---- within a time ---- */

/* The speaker's voice as it arrives: which frames are within 40 dB of the loudest, as in measure.c. */
struct said {
    const struct sim_person *speaker;
    int64_t late_ns;        /* from mouth to ear */
    int64_t from_ns, to_ns; /* that are asked about */
    bool *is_sound;
    size_t frames;
};

static struct said said_make(const struct sim_person *speaker, int64_t late_ns, int64_t from_ns,
                             int64_t to_ns)
{
    const struct sim_person_config *config = &speaker->config;
    size_t frames = (size_t)((config->stop_ns - config->start_ns) / FRAME_NS);
    struct said said = {speaker, late_ns, from_ns, to_ns, calloc(frames + 1, sizeof(bool)), frames};
    uint64_t *energy = calloc(frames + 1, sizeof *energy), loudest = 0;
    WZP_CHECK(energy && said.is_sound);
    for (size_t i = 0; i < frames; i++) {
        int16_t pcm[WZP_AUDIO_FRAME];
        sim_voice_say(config->voice, i * WZP_AUDIO_FRAME, pcm);
        energy[i] = wzp_audio_energy(pcm, WZP_AUDIO_FRAME);
        loudest = loudest > energy[i] ? loudest : energy[i];
    }
    for (size_t i = 0; i < frames; i++)
        said.is_sound[i] = energy[i] > 0 && energy[i] >= loudest / 10000;
    free(energy);
    return said;
}

/* Pieces that should sound within a time, and within what is asked about. */
static double said_within(const struct said *said, int64_t from_ns, int64_t to_ns)
{
    double pieces = 0;
    from_ns = wzp_time_max(from_ns, said->from_ns);
    to_ns = wzp_time_min(to_ns, said->to_ns);
    for (size_t i = 0; i < said->frames; i++) {
        int64_t at_ns = said->speaker->config.start_ns + (int64_t)i * FRAME_NS + said->late_ns;
        if (said->is_sound[i] && at_ns >= from_ns && at_ns < to_ns)
            pieces += (double)FRAME_NS / PIECE_NS;
    }
    return pieces;
}

/* What one process heard of the speaker within a time, by its whole lines; what it cannot tell of that time,
 * at the edges and behind the last line of a process that was killed, is taken off `said`. */
static void add_heard(const struct sim_real *real, unsigned listener, unsigned life, const char *speaker,
                      const struct said *voice, struct sim_pieces *sum, double *said)
{
    const struct sim_lines *lines = &real->person[listener].life[life].lines;
    const struct sim_rig_life *had = sim_rig_life(real->rig, listener, life);
    int64_t told_ns = 0;
    for (size_t i = 0; i < lines->count; i++) {
        const struct sim_line *line = &lines->line[i];
        int64_t from_ns = had->started_ns + line->from_ns, to_ns = had->started_ns + line->to_ns;
        told_ns = line->to_ns;
        if (from_ns >= voice->from_ns && to_ns <= voice->to_ns)
            sim_lines_add(lines, speaker, line->from_ns, line->to_ns, sum);
        else
            *said -= said_within(voice, from_ns, to_ns);
    }
    if (had->was_killed)
        *said -= said_within(voice, had->started_ns + told_ns, had->ended_ns);
}

/* A piece is lost that was invented; and where less was heard than was said, by more than a moment, the rest
 * of that is lost too. */
double sim_real_concealed(const struct sim_run *run, unsigned listener, unsigned speaker, int64_t from_ns,
                          int64_t to_ns)
{
    const struct sim_real *real = run->real;
    struct sim_pieces sum = {0};
    struct wzp_member_hears late = wzp_member_hears_none("");
    add_lateness(real, listener, speaker, &late);
    int64_t late_ns = isnan(late.mouth_to_ear_p50_ms) ? 0
                                                      : (int64_t)(late.mouth_to_ear_p50_ms * (double)WZP_MS);
    struct said voice = said_make(sim_crowd_person(run->world[0]->crowd, speaker), late_ns, from_ns, to_ns);
    double said = said_within(&voice, from_ns, to_ns);
    for (unsigned life = 0; life < real->person[listener].lives; life++)
        add_heard(real, listener, life, real->person[speaker].fingerprint, &voice, &sum, &said);
    free(voice.is_sound);
    double played = sim_pieces_played(&sum), missing = said - played - sum.concealed;
    double lost = sum.concealed + (missing > MOMENT_PIECES ? missing : 0);
    return played + lost > 0 ? 100 * lost / (played + lost) : (double)NAN;
}
